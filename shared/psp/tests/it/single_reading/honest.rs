//! Forms as merchants and buyers without bad intent fill them.

use quittance_testing::adversary::{Dice, Fields, fields};
use quittance_testing::lyra::{Form, Share, uuid};

pub(crate) struct Honest {
    pub(crate) fields: Fields,
    pub(crate) looks: Looks,
    /// Whether it is about money that is taken or reserved, so that something waits for it.
    pub(crate) paid: bool,
}

/// How much its free text looks like the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Looks {
    /// Not at all.
    Plain,
    /// Numbers in a cart or an address happen to stand like a result and its sequence number.
    LikeNumbers,
    /// Somebody typed a word of the protocol.
    LikeWords,
}

const TEXTS: [&str; 39] = [
    "Élodie Démo & Fils",
    "Jean-Paul O'Connor",
    "Marie + Paul",
    "Đặng Thị Hà",
    "Ævar Þór",
    "李小龍",
    "José María Ñandú",
    "SARL Dupont + Fils",
    "1+1 gratuit",
    "12+14 rue de l'Été",
    "Bât. C, 3e étage",
    "Digicode 31+B",
    "Appartement 7",
    "",
    "",
    "3",
    "17",
    "05",
    "30 bis",
    "2 000",
    "Saint-Étienne",
    "F-31670",
    "75001",
    "99999",
    "2024",
    "🎁 Bon anniversaire + bisous 🎂",
    "a+b=c&d",
    "50 % + 10 %",
    "Merci ! 100%",
    "C++ pour les nuls",
    "\"guillemets\"",
    "l’apostrophe",
    "x",
    "PARIS",
    "FR",
    "Mme",
    "1",
    "{\"lines\":[1,2],\"note\":\"a+b\"}",
    "{\"gift\":true}",
];

const PHONES: [&str; 8] = [
    "+33 1 23 45 67 89",
    "+33123456789",
    "0123456789",
    "00491512345678",
    "+1+514+555+0100",
    "06 12 34 56 78",
    "12345678",
    "+4520123456",
];

const MAILS: [&str; 5] = [
    "client@example.com",
    "jean+boutique@example.fr",
    "a+b+c@example.org",
    "é@exemple.fr",
    "TEST@EXAMPLE.COM",
];

const CARTS: [&str; 8] =
    ["T-shirt + broche", "30", "2", "1", "1250", "REF-00-17", "50", "Café 250g"];

const LOOKING: [&str; 17] = [
    "TEST",
    "PAYMENT",
    "SINGLE",
    "MULTI",
    "DEBIT",
    "CAPTURED",
    "PAY",
    "REC",
    "00",
    "00+2",
    "TEST+978",
    "CREDIT",
    "978",
    "RECURRENT_FINAL",
    "PAYMENT+SINGLE",
    "20261122100000",
    "MULTI:first=1;count=2;period=30",
];

/// One honest form.
pub(crate) fn form(dice: &mut Dice) -> Honest {
    let order = format!("CMD-{}", dice.below(100_000));
    let trans_id = format!("{:06}", dice.below(900_000));
    let words = [
        "CAPTURED",
        "AUTHORISED",
        "AUTHORISED_TO_VALIDATE",
        "WAITING_AUTHORISATION",
        "REFUSED",
        "CANCELLED",
        "ABANDONED",
        "NOT_CREATED",
        "EXPIRED",
        "UNDER_VERIFICATION",
        "CAPTURE_FAILED",
        "SUSPENDED",
        "INITIAL",
        "PARTIALLY_AUTHORISED",
        "ACCEPTED",
        "SOMETHING_NEW",
    ];
    let status = *dice.pick(&words);
    let amount = 100 + dice.below(50_000) as u64;
    let mut form = Form::single(
        &order,
        &trans_id,
        dice.pick::<&str>(&["CB", "VISA", "CVCO", "PAYPAL"]),
        amount,
        status,
    );
    match status {
        "ABANDONED" | "CANCELLED" | "NOT_CREATED" if dice.once_in(2) => {
            form = form
                .without("vads_sequence_number")
                .without("vads_trans_uuid")
                .with("vads_result", "17");
        }
        "REFUSED" | "ABANDONED" | "CANCELLED" | "NOT_CREATED" | "EXPIRED" => {}
        _ => form = form.with("vads_result", "00").with("vads_auth_result", "00"),
    }
    if status == "ACCEPTED" {
        form = form.with("vads_operation_type", "VERIFICATION");
    }
    form = form.with("vads_sequence_number", &(1 + dice.below(3)).to_string());
    if dice.once_in(3) {
        form = form.with("vads_extra_result", "00");
    }
    let (one, two) = (uuid(&[&order, "a"]), uuid(&[&order, "b"]));
    match dice.below(12) {
        0 | 1 => {
            let shares =
                [Share(&one, "CVCO", amount - 50, "CAPTURED"), Share(&two, "CB", 50, status)];
            form = Form::cascade(&order, &trans_id, amount, status, &shares);
        }
        2 => form = form.sent_again(dice.pick::<&str>(&["RETRY", "BO"])),
        3 => {
            let source = *dice.pick(&["BATCH", "BATCH_AUTO", "MERCH_BO", "PAYMENT_ORDER"]);
            form = Form::follow_up(
                &order,
                &trans_id,
                1 + dice.below(4) as u32,
                source,
                Share(&one, "CB", amount, status),
            );
        }
        4 => form = Form::refund(&order, &trans_id, &two, "CB", amount, status),
        5 => {
            form = form
                .with("vads_payment_config", "MULTI:first=5000;count=3;period=30")
                .with("vads_occurrence_type", "RECURRENT_INITIAL");
        }
        6 => {
            form = form
                .with("vads_url_check_src", "REC")
                .with("vads_identifier", "d3b07384d113edec49eaa6238ad5ff00")
                .with("vads_subscription", &uuid(&[&order, "s"]))
                .with("vads_recurrence_number", "3")
                .with("vads_occurrence_type", "RECURRENT_INTERMEDIAIRE");
        }
        7 => form = form.with("vads_page_action", "REGISTER_PAY").with("vads_identifier", &one),
        _ => {}
    }
    if form.get("vads_payment_seq").is_some() && dice.once_in(3) {
        form = form.sent_again("RETRY");
    }
    optional(&mut form, dice);
    let words = fill(&mut form, dice);
    let fields = fields(&form);
    let looks = match words {
        true => Looks::LikeWords,
        false if result_and_number(&fields) => Looks::LikeNumbers,
        false if amount_and_currency(&fields) => Looks::LikeNumbers,
        false => Looks::Plain,
    };
    let paid = matches!(form.get("vads_trans_status"), Some("CAPTURED" | "AUTHORISED"));
    Honest { fields, looks, paid }
}

/// Whether a cart or an address reads like the end of a payment: a result's code and then a small
/// number, with at most words in capitals between.
fn result_and_number(fields: &Fields) -> bool {
    let between = |name: &str| ("vads_order_id".."vads_site_id").contains(&name);
    let own = |name: &str| matches!(name, "vads_result" | "vads_sequence_number");
    let pieces: Vec<&str> = fields
        .iter()
        .filter(|(name, _)| between(name) && !own(name))
        .flat_map(|(_, value)| value.split('+'))
        .collect();
    let capitals = |piece: &&&str| !piece.bytes().any(|b| b.is_ascii_lowercase() || b > 127);
    pieces.iter().enumerate().any(|(at, piece)| {
        let mut behind = pieces[at + 1..].iter().take_while(capitals).take(5);
        matches!(*piece, "00" | "02" | "05" | "96")
            && behind.any(|b| b.len() <= 3 && b.parse::<u32>().is_ok_and(|n| n > 0))
    })
}

/// Whether an address or a phone number reads like the amount and currency that a partial authorisation
/// reached.
fn amount_and_currency(fields: &Fields) -> bool {
    let typed = |name: &str| ("vads_cust_".."vads_hash").contains(&name);
    let pieces: Vec<&str> = fields
        .iter()
        .filter(|(name, _)| typed(name))
        .flat_map(|(_, value)| value.split('+'))
        .collect();
    let digits = |piece: &str| !piece.is_empty() && piece.bytes().all(|b| b.is_ascii_digit());
    fields.iter().any(|(_, value)| value == "PARTIALLY_AUTHORISED")
        && pieces.windows(2).filter(|p| digits(p[0]) && p[1].len() == 3 && digits(p[1])).count() > 1
}

/// Fields that are there or not, by contract and kind of payment.
fn optional(form: &mut Form, dice: &mut Dice) {
    let partial = form.get("vads_trans_status") == Some("PARTIALLY_AUTHORISED");
    for name in [
        "vads_auth_mode",
        "vads_auth_number",
        "vads_auth_result",
        "vads_bank_label",
        "vads_capture_delay",
        "vads_card_country",
        "vads_card_number",
        "vads_contract_used",
        "vads_expiry_month",
        "vads_expiry_year",
        "vads_extra_result",
        "vads_language",
        "vads_payment_src",
        "vads_presentation_date",
        "vads_threeds_cavv",
        "vads_validation_mode",
        "vads_version",
        "vads_warranty_result",
        "vads_trans_uuid",
    ] {
        if dice.once_in(10) {
            *form = form.clone().without(name);
        }
    }
    // They come together or not at all.
    if dice.once_in(5) && !partial {
        *form = form.clone().without("vads_effective_amount").without("vads_effective_currency");
    }
    // Without its payment's source a form with no reference cannot be told from one with.
    if form.get("vads_payment_src").is_some() && dice.once_in(12) {
        *form = form.clone().without("vads_order_id");
    }
    // A part in another currency than the whole could be what was reached.
    if dice.once_in(10) && !partial {
        *form = form.clone().with("vads_dcc_amount", "8500").with("vads_dcc_currency", "826");
    }
    // Old forms about what failed do not say that it was to take money.
    let failed = ["ABANDONED", "CANCELLED", "NOT_CREATED", "REFUSED"];
    let failed = form.get("vads_trans_status").is_some_and(|status| failed.contains(&status));
    // (Those without a language have no identifier, which would stand in the place of the reference.)
    let told = form.get("vads_language").is_some() || form.get("vads_identifier").is_none();
    if failed && told && form.get("vads_payment_seq").is_none() && dice.once_in(4) {
        *form = form.clone().without("vads_operation_type").without("vads_nb_products");
        if dice.once_in(2) {
            *form = form.clone().with("vads_occurrence_type", "UNITAIRE");
        }
        for name in ["vads_sequence_number", "vads_trans_uuid"] {
            if dice.once_in(2) {
                *form = form.clone().without(name);
            }
        }
    }
    for (name, value) in [
        ("vads_nb_products", "2"),
        ("vads_order_description", "Séjour à la mer + petit-déjeuner"),
        ("vads_payment_option_code", "COUNT=3;RATE=0.00;DESC=3 fois sans frais"),
        ("vads_theme_config", "SUCCESS_FOOTER_MSG_RETURN=Retour à la boutique;TITLE=Vélo"),
        ("vads_shop_url", "www.shop.example/x"),
        ("vads_url_return", "https://shop.example/retour?nom=Jean+Marie"),
        ("vads_url_cancel", "www.shop.example/panier"),
    ] {
        // Without a reference, what follows the operation tells that there is none.
        let beside_reference = name.starts_with("vads_order_") || name.contains("option");
        // Without an operation, the language does where there is one.
        let beside_language = ["vads_nb_products", "vads_order_description"].contains(&name);
        if beside_language && form.get("vads_operation_type").is_none() {
            continue;
        }
        if dice.once_in(10) && (form.get("vads_order_id").is_some() || !beside_reference) {
            *form = form.clone().with(name, value);
        }
    }
    for (name, value) in [
        ("vads_acquirer_network", "CB"),
        ("vads_available_languages", "fr;en"),
        ("vads_bank_code", "17807"),
        ("vads_bank_product", "F"),
        (
            "vads_brand_management",
            "{\"userChoice\":false,\"brandList\":\"CB|VISA\",\"brand\":\"CB\"}",
        ),
        ("vads_effective_creation_date", "20261122100005"),
        ("vads_payment_certificate", "d6fdfcb76d0e23f0d8a2e205c5570348c1a9478e"),
        ("vads_pays_ip", "FR"),
        ("vads_risk_control", "BIN_FRAUD=OK;CARD_FRAUD=OK;SUSPECT_COUNTRY=OK"),
        ("vads_risk_assessment_result", "ENABLE_3DS;MANUAL_VALIDATION"),
        ("vads_threeds_auth_type", "CHALLENGE"),
        ("vads_threeds_cavv", "AAABBWFlmQ+ABCDEF+GhIJKLM=="),
        ("vads_threeds_cavvAlgorithm", "2"),
        ("vads_threeds_eci", "05"),
        ("vads_threeds_enrolled", "Y"),
        ("vads_threeds_error_code", "6"),
        ("vads_threeds_exit_status", "10"),
        ("vads_threeds_status", "Y"),
        ("vads_threeds_xid", "7f2a9c1e-5b1d-4c7e-9a90-1a2b3c4d5e6f"),
        ("vads_threeds_sign_valid", "1"),
        ("vads_url_success", "https://shop.example/ok?a=1&b=2"),
        ("vads_contrib", "Module 2.8.8/8.1+x"),
        ("vads_shop_name", "Boutique + Cie"),
        ("vads_shop_url", "https://shop.example"),
        ("vads_tax_amount", "250"),
        ("vads_shipping_amount", "590"),
    ] {
        if dice.once_in(4) {
            *form = form.clone().with(name, value);
        }
    }
}

/// What people type. Whether some of it is a word of the protocol.
fn fill(form: &mut Form, dice: &mut Dice) -> bool {
    let nameless = form.get("vads_order_id").is_none();
    let looking = dice.once_in(20);
    for name in [
        "vads_card_holder_name",
        "vads_cust_address",
        "vads_cust_address2",
        "vads_cust_address_number",
        "vads_cust_cell_phone",
        "vads_cust_city",
        "vads_cust_country",
        "vads_cust_email",
        "vads_cust_first_name",
        "vads_cust_id",
        "vads_cust_last_name",
        "vads_cust_legal_name",
        "vads_cust_name",
        "vads_cust_phone",
        "vads_cust_state",
        "vads_cust_status",
        "vads_cust_title",
        "vads_cust_zip",
        "vads_ext_info_cart",
        "vads_ext_info_gift",
        "vads_order_info",
        "vads_order_info2",
        "vads_product_amount0",
        "vads_product_amount1",
        "vads_product_label0",
        "vads_product_label1",
        "vads_product_qty0",
        "vads_product_qty1",
        "vads_product_ref0",
        "vads_product_ref1",
        "vads_ship_to_city",
        "vads_ship_to_first_name",
        "vads_ship_to_name",
        "vads_ship_to_phone_num",
        "vads_ship_to_street",
        "vads_ship_to_street2",
        "vads_ship_to_street_number",
        "vads_ship_to_zip",
        "vads_user_info",
    ] {
        // A form without a reference is told from one with by what follows the operation.
        if !dice.once_in(3) || nameless && name.starts_with("vads_order_info") {
            continue;
        }
        let text = if name.contains("phone") {
            *dice.pick(&PHONES)
        } else if name.contains("email") {
            *dice.pick(&MAILS)
        } else if name.contains("product") {
            *dice.pick(&CARTS)
        } else if looking && dice.once_in(4) {
            *dice.pick(&LOOKING)
        } else {
            *dice.pick(&TEXTS)
        };
        *form = form.clone().with(name, text);
    }
    looking
}
