//! Whether a verified form can mean only one thing.
//!
//! The signature covers the values in the order of their names and nothing else, so whoever holds one
//! signed form can write others with the same signature: move a word into another field, split a value
//! at a `+`, join several into one. A form is trusted only when every field has a documented name and
//! that field's documented shape, and when what decides (amount, currency, order, operation, status,
//! shares) can stand nowhere else in the signed text. (Design, section 3.)
//!
//! The second half is needed because free text takes up anything: a buyer who types
//! `x+…+20261122100000+abc123+CAPTURED` as a name has a refused payment signed that can be respelt as
//! a captured one, with documented names throughout. It works because the gateway's own spelling keeps
//! certain values next to each other, whatever else it sends: the order of names is fixed and no
//! documented name lies between them. Where such a landmark is in the text once, every reading with
//! documented names has it in the same place.

use super::form::{Field, Form};

/// What a documented field's value looks like when it is not empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// Decimal digits, at most so many.
    Digits(usize),
    /// `YYYYMMDDHHMMSS`.
    Moment,
    /// Upper-case words: statuses, brands, modes.
    Word,
    /// The same, beginning with a letter, so that it cannot be taken for an amount.
    Name,
    /// Text without `+`: a value that must not be split or joined.
    Reference,
    /// ASCII letters and digits and a few marks, without blanks or `+`: identifiers, certificates.
    Token,
    /// 64 hex digits (or, long ago, URL-safe Base64).
    Hash,
    /// A JSON object.
    Json,
    /// Anything: text that a person may have typed.
    Free,
}

impl Shape {
    fn fits(self, value: &[u8]) -> bool {
        let all = |test: fn(&u8) -> bool| value.iter().all(test);
        match self {
            _ if value.is_empty() => true,
            Self::Digits(most) => value.len() <= most && all(u8::is_ascii_digit),
            Self::Moment => value.len() == 14 && all(u8::is_ascii_digit),
            Self::Word => {
                all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-'))
            }
            Self::Name => {
                Self::Word.fits(value) && value.first().is_some_and(u8::is_ascii_uppercase)
            }
            Self::Reference => !value.contains(&b'+'),
            Self::Token => all(|b| b.is_ascii_graphic() && *b != b'+'),
            Self::Hash => {
                value.len() >= 40 && all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
            }
            Self::Json => value.starts_with(b"{") && value.ends_with(b"}"),
            Self::Free => true,
        }
    }
}

/// The documented fields that decide what a form says, with their shapes.
const DECISIVE: &[(&str, Shape)] = &[
    ("vads_amount", Shape::Digits(12)),
    ("vads_card_brand", Shape::Word),
    ("vads_ctx_mode", Shape::Word),
    ("vads_currency", Shape::Digits(3)),
    ("vads_effective_amount", Shape::Digits(12)),
    ("vads_effective_currency", Shape::Digits(3)),
    ("vads_hash", Shape::Hash),
    ("vads_occurrence_type", Shape::Word),
    ("vads_operation_type", Shape::Word),
    ("vads_order_id", Shape::Reference),
    ("vads_payment_config", Shape::Token),
    ("vads_payment_seq", Shape::Json),
    ("vads_sequence_number", Shape::Digits(4)),
    ("vads_site_id", Shape::Digits(8)),
    ("vads_trans_date", Shape::Moment),
    ("vads_trans_id", Shape::Token),
    ("vads_trans_status", Shape::Name),
    ("vads_trans_uuid", Shape::Token),
    ("vads_url_check_src", Shape::Word),
];

/// Every other documented field.
const OTHER: &[(&str, Shape)] = &[
    ("vads_acquirer_network", Shape::Name),
    ("vads_action_mode", Shape::Name),
    ("vads_auth_mode", Shape::Word),
    ("vads_auth_number", Shape::Free),
    ("vads_auth_result", Shape::Token),
    ("vads_bank_code", Shape::Free),
    ("vads_bank_label", Shape::Free),
    ("vads_bank_product", Shape::Free),
    ("vads_brand_management", Shape::Json),
    ("vads_capture_delay", Shape::Digits(3)),
    ("vads_card_country", Shape::Word),
    ("vads_card_number", Shape::Free),
    ("vads_change_rate", Shape::Token),
    ("vads_contract_used", Shape::Free),
    ("vads_effective_creation_date", Shape::Moment),
    ("vads_expiry_month", Shape::Digits(2)),
    ("vads_expiry_year", Shape::Digits(4)),
    ("vads_ext_trans_id", Shape::Free),
    ("vads_extra_result", Shape::Token),
    ("vads_language", Shape::Token),
    ("vads_page_action", Shape::Word),
    ("vads_payment_certificate", Shape::Token),
    ("vads_payment_src", Shape::Word),
    ("vads_pays_ip", Shape::Word),
    ("vads_presentation_date", Shape::Moment),
    ("vads_result", Shape::Digits(2)),
    ("vads_risk_control", Shape::Token),
    ("vads_threeds_cavv", Shape::Free),
    ("vads_threeds_xid", Shape::Free),
    ("vads_validation_mode", Shape::Token),
    ("vads_version", Shape::Word),
    ("vads_warranty_result", Shape::Word),
];

/// Fields of addresses: empty, or beginning as an address does. No decisive value does.
const URLS: &[&str] = &[
    "vads_shop_url",
    "vads_url_cancel",
    "vads_url_check",
    "vads_url_error",
    "vads_url_post_process",
    "vads_url_referral",
    "vads_url_refused",
    "vads_url_return",
    "vads_url_success",
];

/// Documented names that echo what the merchant or the buyer typed, or that decide nothing.
const FREE: &[&str] = &[
    "vads_available_languages",
    "vads_bic",
    "vads_contrib",
    "vads_contracts",
    "vads_first_installment_delay",
    "vads_iban",
    "vads_identifier",
    "vads_identifier_status",
    "vads_initial_issuer_transaction_identifier",
    "vads_insurance_amount",
    "vads_nb_products",
    "vads_order_info",
    "vads_order_info2",
    "vads_order_info3",
    "vads_payment_cards",
    "vads_payment_error",
    "vads_payment_option_code",
    "vads_pretax_amount",
    "vads_proof_of_id_number",
    "vads_proof_of_id_type",
    "vads_recurrence_number",
    "vads_recurrence_status",
    "vads_redirect_error_message",
    "vads_redirect_error_timeout",
    "vads_redirect_success_message",
    "vads_redirect_success_timeout",
    "vads_requestor",
    "vads_requestor_name",
    "vads_return_get_params",
    "vads_return_mode",
    "vads_return_post_params",
    "vads_risk_analysis_result",
    "vads_risk_assessment_result",
    "vads_risk_primary_warranty",
    "vads_ship_to_city",
    "vads_ship_to_country",
    "vads_ship_to_delay",
    "vads_ship_to_delivery_company_name",
    "vads_ship_to_district",
    "vads_ship_to_email",
    "vads_ship_to_first_name",
    "vads_ship_to_last_name",
    "vads_ship_to_legal_name",
    "vads_ship_to_name",
    "vads_ship_to_phone_num",
    "vads_ship_to_speed",
    "vads_ship_to_state",
    "vads_ship_to_status",
    "vads_ship_to_street",
    "vads_ship_to_street2",
    "vads_ship_to_street_number",
    "vads_ship_to_type",
    "vads_ship_to_user_info",
    "vads_ship_to_zip",
    "vads_shipping_amount",
    "vads_shop_name",
    "vads_sub_amount",
    "vads_sub_currency",
    "vads_sub_desc",
    "vads_sub_effect_date",
    "vads_sub_init_amount",
    "vads_sub_init_amount_number",
    "vads_subscription",
    "vads_tax_amount",
    "vads_tax_rate",
    "vads_theme_config",
    "vads_tid",
    "vads_token_id",
    "vads_totalamount_vat",
    "vads_user_info",
    "vads_wallet",
    "vads_warranty_details",
];

/// Families whose names are open: chosen by the merchant, numbered by cart line, or many and free of
/// anything decisive in their place.
const OPEN: &[&str] = &[
    "vads_authent_",
    "vads_avs_",
    "vads_card_",
    "vads_cust_",
    "vads_ext_info_",
    "vads_product_",
    "vads_threeds_",
];

/// Says why the form can be read in another way, if so.
pub(super) fn single(form: &Form<'_>, extra_names: &[String]) -> Result<(), String> {
    for Field { name, value } in form.signed() {
        let Ok(name) = std::str::from_utf8(name) else {
            return Err("a field name is not UTF-8".to_owned());
        };
        let tables = DECISIVE.iter().chain(OTHER);
        let shape = tables.clone().find(|(known, _)| *known == name).map(|(_, shape)| *shape);
        let free = || is_free(name.as_bytes()) || extra_names.iter().any(|n| n == name);
        match shape {
            Some(shape) if !shape.fits(value) => {
                return Err(format!("{name} has another shape than documented"));
            }
            None if URLS.contains(&name) && (value.is_empty() || value.starts_with(b"http")) => {}
            None if !free() => return Err("an undocumented vads_ field".to_owned()),
            _ => {}
        }
    }
    landmarks(form).map_err(str::to_owned)
}

/// Says which decisive value could stand elsewhere in the signed text, if one could.
///
/// The amount needs no rule of its own: before it there can be only two names, and neither can be a
/// number, so it is the first number of the text in every reading.
fn landmarks(form: &Form<'_>) -> Result<(), &'static str> {
    let signed = form.signed();
    let tokens: Vec<&[u8]> = signed.iter().flat_map(|field| field.value.split(plus)).collect();
    let times = |test: fn(&[u8]) -> bool| tokens.iter().filter(|token| test(token)).count();
    let only_in = |name: &str, test: fn(&[u8]) -> bool| {
        let begin = form.bytes(name).and_then(|value| value.split(plus).next());
        times(test) == usize::from(begin.is_some_and(test))
    };
    let modes = tokens.windows(2).filter(|two| is_mode_and_currency(two)).count();
    let ends = tokens.windows(3).filter(|three| is_payment_and_status(three)).count();
    let after = |wanted: &str| {
        let at = signed.iter().position(|field| *field.name == *wanted.as_bytes())?;
        signed.get(at + 1)
    };
    // In the gateway's spelling the uuid follows the status, and the order's reference the operation:
    // a reading without them has not put what stands there under another name.
    let hidden_uuid = after("vads_trans_status").is_some_and(|Field { name, value }| {
        **name != *b"vads_trans_uuid" && value.split(plus).next().is_some_and(is_uuid)
    });
    let ordered = form.text("vads_order_id").is_some();
    let hidden_order = !ordered
        && (after("vads_operation_type").is_some_and(|field| is_free(&field.name))
            || !only_in("vads_page_action", |token| token == b"PAYMENT"));
    // Without a uuid the sequence number names the share. Then nothing beside it may be free text, and
    // no other number either. A cascade names its shares in its list, and its own number is 0.
    let beside = |field: &&Field<'_>| {
        let name = &*field.name;
        name > b"vads_presentation_date".as_slice()
            && name < b"vads_site_id".as_slice()
            && name != b"vads_result"
            && !field.value.is_empty()
    };
    let number = |token: &[u8]| token.iter().all(u8::is_ascii_digit);
    let loose = |field: &Field<'_>| {
        is_free(&field.name)
            || *field.name != *b"vads_sequence_number" && field.value.split(plus).any(number)
    };
    let unnamed = form.text("vads_trans_uuid").is_none()
        && form.text("vads_card_brand") != Some("MULTI")
        && signed.iter().filter(beside).any(loose);
    if unnamed {
        Err("the sequence number could stand elsewhere")
    } else if modes != 1 {
        Err("the currency could stand elsewhere")
    } else if ends != 1 {
        Err("the status could stand elsewhere")
    } else if hidden_uuid {
        Err("the transaction's uuid stands elsewhere")
    } else if hidden_order {
        Err("the order's reference could stand elsewhere")
    } else if !only_in("vads_operation_type", is_operation) {
        Err("the operation could stand elsewhere")
    } else if ordered && form.text("vads_operation_type").is_none() {
        Err("an order's reference without an operation")
    } else if !only_in("vads_card_brand", |token| token == b"MULTI")
        || !only_in("vads_payment_seq", is_share_list)
    {
        Err("the shares could stand elsewhere")
    } else if !only_in("vads_payment_config", is_plan) {
        Err("the instalments could stand elsewhere")
    } else {
        Ok(())
    }
}

/// Whether a field of this name takes up any text.
fn is_free(name: &[u8]) -> bool {
    let decides = DECISIVE.iter().chain(OTHER).any(|(known, _)| known.as_bytes() == name);
    let open = || OPEN.iter().any(|open| name.starts_with(open.as_bytes()));
    !decides && (FREE.iter().any(|free| free.as_bytes() == name) || open())
}

fn plus(byte: &u8) -> bool {
    *byte == b'+'
}

/// `vads_ctx_mode`, `vads_currency`.
fn is_mode_and_currency(tokens: &[&[u8]]) -> bool {
    let [mode, currency] = tokens else {
        return false;
    };
    matches!(*mode, b"TEST" | b"PRODUCTION")
        && currency.len() == 3
        && currency.iter().all(u8::is_ascii_digit)
}

/// `vads_trans_date`, `vads_trans_id`, `vads_trans_status`.
fn is_payment_and_status(tokens: &[&[u8]]) -> bool {
    let [date, id, status] = tokens else {
        return false;
    };
    !date.is_empty()
        && Shape::Moment.fits(date)
        && id.len() == 6
        && id.iter().all(u8::is_ascii_alphanumeric)
        && Shape::Name.fits(status)
        && !status.is_empty()
}

fn is_operation(token: &[u8]) -> bool {
    matches!(token, b"DEBIT" | b"CREDIT" | b"VERIFICATION")
}

fn is_plan(token: &[u8]) -> bool {
    token == b"SINGLE" || token.starts_with(b"MULTI:") || token.starts_with(b"MULTI_EXT:")
}

/// The beginning of `vads_payment_seq`.
fn is_share_list(token: &[u8]) -> bool {
    let list = b"\"transaction";
    token.starts_with(b"{") && token.windows(list.len()).any(|part| part == list)
}

fn is_uuid(token: &[u8]) -> bool {
    token.len() == 32 && token.iter().all(u8::is_ascii_alphanumeric)
}
