//! What the shop asks of the gateway, and what the gateway answers to a registration: signed with the same
//! key, in the hands of the buyer, and about no payment at all. No spelling of such a text is to be believed.

use quittance_testing::SITE;
use quittance_testing::adversary::{Dice, Fields, TYPED_HASH};

/// Every documented field of a request that a shop fills itself, with what stands there; the first eleven
/// are mandatory. (lyra.md 11)
const ASKED: [(&str, &[&str]); 52] = [
    ("vads_action_mode", &["INTERACTIVE", "SILENT", "IFRAME"]),
    ("vads_amount", &["10000", "4000", "500"]),
    ("vads_ctx_mode", &["TEST"]),
    ("vads_currency", &["978"]),
    ("vads_page_action", &["PAYMENT", "PAYMENT", "REGISTER_PAY", "REGISTER", "SUBSCRIBE"]),
    ("vads_payment_config", &["SINGLE", "SINGLE", "MULTI:first=500;count=3;period=30"]),
    ("vads_site_id", &[SITE]),
    ("vads_trans_date", &["20261122100000"]),
    ("vads_trans_id", &["abc123", "000049"]),
    ("vads_validation_mode", &["0", "1", ""]),
    ("vads_version", &["V2"]),
    ("vads_acquirer_transient_data", &["{\"FRUCTIFERE\":{\"note\":\"a+b\"}}"]),
    ("vads_available_languages", &["fr;en", ""]),
    ("vads_capture_delay", &["0", "3", ""]),
    ("vads_card_number", &["4970100000000055"]),
    ("vads_contracts", &["CB=5249685;AMEX=949400444000"]),
    ("vads_contrib", &["Module 2.8.8/8.1+x", "PrestaShop_2.x_1.17.2/8.1.7", "MAGENTO"]),
    ("vads_cust_country", &["FR"]),
    ("vads_cust_email", &["client@example.com"]),
    ("vads_cust_id", &["4711"]),
    ("vads_cust_status", &["PRIVATE"]),
    ("vads_expiry_month", &["6"]),
    ("vads_expiry_year", &["2028"]),
    ("vads_identifier", &["d3b07384d113edec49eaa6238ad5ff00"]),
    ("vads_language", &["fr"]),
    ("vads_nb_products", &["2"]),
    ("vads_order_id", &["CMD-1"]),
    ("vads_payment_cards", &["CVCO", "CB;VISA", ""]),
    ("vads_payment_option_code", &["COUNT=3;RATE=0.00;DESC=3 fois"]),
    ("vads_payment_src", &["EC", "MOTO"]),
    ("vads_product_amount0", &["1250"]),
    ("vads_product_qty0", &["2"]),
    ("vads_product_type0", &["TRAVEL"]),
    ("vads_redirect_error_timeout", &["0"]),
    ("vads_redirect_success_timeout", &["5"]),
    ("vads_return_mode", &["GET", "POST", "NONE", ""]),
    ("vads_ship_to_type", &["PACKAGE_DELIVERY_COMPANY"]),
    ("vads_shop_url", &["https://shop.example", "www.shop.example/x"]),
    ("vads_sub_amount", &["500"]),
    ("vads_sub_currency", &["978"]),
    ("vads_sub_desc", &["RRULE:FREQ=MONTHLY;COUNT=12"]),
    ("vads_sub_effect_date", &["20261201"]),
    ("vads_tax_amount", &["250"]),
    ("vads_threeds_mpi", &["0"]),
    ("vads_totalamount_vat", &["250"]),
    ("vads_url_cancel", &["https://shop.example/c", "www.shop.example/c"]),
    ("vads_url_check", &["https://shop.example/ipn"]),
    ("vads_url_error", &["https://shop.example/e"]),
    ("vads_url_refused", &["https://shop.example/r"]),
    ("vads_url_return", &["https://shop.example/back", "www.shop.example/back"]),
    ("vads_url_success", &["https://shop.example/ok"]),
    ("vads_user_info", &["Boutique Démo"]),
];
const MANDATORY: usize = 11;

/// Where a shop may put what its buyers type, before the site and behind the date.
const BEFORE: [&str; 20] = [
    "vads_cust_address",
    "vads_cust_city",
    "vads_cust_first_name",
    "vads_cust_name",
    "vads_cust_phone",
    "vads_cust_zip",
    "vads_ext_info_gift",
    "vads_order_info",
    "vads_order_info2",
    "vads_order_info3",
    "vads_product_label0",
    "vads_product_ref0",
    "vads_redirect_error_message",
    "vads_redirect_success_message",
    "vads_ship_to_city",
    "vads_ship_to_name",
    "vads_ship_to_street",
    "vads_ship_to_zip",
    "vads_shop_name",
    "vads_shop_url",
];
const BEHIND: [&str; 9] = [
    "vads_theme_config",
    "vads_url_cancel",
    "vads_url_check",
    "vads_url_error",
    "vads_url_refused",
    "vads_url_return",
    "vads_url_success",
    "vads_url_referral",
    "vads_user_info",
];

const STATUSES: [&str; 12] = [
    "CAPTURED",
    "CAPTURED",
    "AUTHORISED",
    "PARTIALLY_AUTHORISED",
    "REFUSED",
    "ABANDONED",
    "CANCELLED",
    "NOT_CREATED",
    "EXPIRED",
    "AUTHORISED_TO_VALIDATE",
    "ACCEPTED",
    "S",
];

const LIST: &str = "{\"trans_id\":\"abc123\",\"transactions\":[{\"amount\":\"10000\",\"card_brand\":\"CB\",\"sequence_number\":\"1\",\"trans_status\":\"CAPTURED\"}]}";

/// A request, with a notification typed into it.
pub(crate) fn request(dice: &mut Dice) -> Fields {
    let mut form = Fields::new();
    // Some shops fill in everything, others next to nothing.
    let rare = *dice.pick(&[2, 4, 40]);
    for (at, (name, values)) in ASKED.iter().enumerate() {
        // Nobody signs a request that names no key and no version, and the rest is taken less exactly.
        let needed = ["vads_ctx_mode", "vads_site_id", "vads_version"].contains(name);
        let mandatory = at < MANDATORY && (needed || !dice.once_in(16));
        let kept = mandatory || at >= MANDATORY && dice.once_in(rare);
        if kept {
            set(&mut form, name, dice.pick::<&str>(values));
        }
    }
    type_into(&mut form, dice);
    form.sort();
    form
}

/// The answer to a registration: everything that an answer has, but about no money, and from an old gateway
/// perhaps without a status.
pub(crate) fn registration(dice: &mut Dice) -> Fields {
    let mut form = request(dice);
    let old = dice.once_in(2);
    for name in ["vads_payment_config", "vads_contracts", "vads_contrib", "vads_validation_mode"] {
        form.retain(|(known, _)| known != name || dice.once_in(2));
    }
    let actions = ["REGISTER", "REGISTER_UPDATE", "SUBSCRIBE", "REGISTER_SUBSCRIBE"];
    set(&mut form, "vads_page_action", dice.pick::<&str>(&actions));
    set(&mut form, "vads_trans_date", "20261122100000");
    set(&mut form, "vads_trans_id", "abc123");
    set(&mut form, "vads_auth_mode", "FULL");
    set(&mut form, "vads_auth_number", "123456");
    set(&mut form, "vads_auth_result", "00");
    set(&mut form, "vads_card_brand", "CB");
    set(&mut form, "vads_card_number", "497010XXXXXX0014");
    set(&mut form, "vads_identifier_status", "CREATED");
    set(&mut form, "vads_result", "00");
    if !old {
        set(&mut form, "vads_operation_type", "VERIFICATION");
        set(&mut form, "vads_trans_status", "ACCEPTED");
    }
    form.sort();
    form
}

fn set(form: &mut Fields, name: &str, value: &str) {
    form.retain(|(known, _)| known != name);
    form.push((name.to_owned(), value.to_owned()));
}

/// Puts a notification into the places where a shop lets its buyers write: in one of them or in several,
/// whole or so that the request's own values are used, and behind the request's date or before it.
fn type_into(form: &mut Fields, dice: &mut Dice) {
    let head =
        *dice.pick(&["x", "", "Ann", "10000+00+CB+TEST+978", "90000+TEST+978+1+978", "1+978"]);
    let operation = *dice.pick(&["DEBIT", "DEBIT", "CREDIT", "VERIFICATION", ""]);
    let order = *dice.pick(&["", "", "CMD-2", "CMD-1", "CMD-2+PAYMENT+SINGLE"]);
    let start = joined(&[head, TYPED_HASH, operation, order]);
    let list = if dice.once_in(6) { LIST } else { "" };
    let number = if list.is_empty() { *dice.pick(&["1", "2", "0"]) } else { "0" };
    let middle = joined(&[*dice.pick(&["", "EC", "20261122100005", "3"]), list, "00", number]);
    let status = *dice.pick(&STATUSES);
    let uuid = *dice.pick(&["", "00112233445566778899aabbccddeeff"]);
    let source = *dice.pick(&["", "PAY", "PAY", "REC", "BATCH", "RETRY", "MERCH_BO"]);
    let rest = *dice.pick(&["", "00", "0+V2", "0+V2+YES", "V2+x", "x"]);
    let stated = joined(&[status, uuid, source, rest]);
    let date = *dice.pick(&["20261122100000", "20261121090000", "20270401101010"]);
    let whole = joined(&[SITE, date, "zzz999", &stated]);
    let end = dice.pick(&[&stated, &whole, &whole]).as_str();
    let around = *dice.pick(&["", "x", "Ann"]);
    let (before, behind) = match dice.below(4) {
        // All of it in one place before the site, or behind the date.
        0 => (joined(&[&start, &middle, end]), String::new()),
        1 => (String::new(), joined(&[&start, &middle, end])),
        _ => (joined(&[&start, if dice.once_in(2) { &middle } else { "" }]), end.to_owned()),
    };
    if !before.is_empty() {
        set(form, dice.pick::<&str>(&BEFORE), &before);
    }
    if dice.once_in(2) {
        set(form, dice.pick::<&str>(&BEFORE[10..18]), &middle);
    }
    if !behind.is_empty() {
        let place = *dice.pick(&BEHIND);
        let typed = if place == "vads_user_info" && around.is_empty() {
            behind
        } else if place == "vads_theme_config" {
            format!("TITLE=x+{behind}")
        } else if place.starts_with("vads_url") {
            let address = *dice.pick(&["https://shop.example/back?name=", "www.shop.example/?n="]);
            format!("{address}{around}+{behind}")
        } else {
            format!("{around}+{behind}")
        };
        // What stands before it must be gone for it to follow the id.
        if place == "vads_user_info" && dice.once_in(2) {
            form.retain(|(name, _)| !name.starts_with("vads_url"));
        }
        set(form, place, &typed);
    }
}

fn joined(parts: &[&str]) -> String {
    let parts: Vec<&str> = parts.iter().copied().filter(|part| !part.is_empty()).collect();
    parts.join("+")
}
