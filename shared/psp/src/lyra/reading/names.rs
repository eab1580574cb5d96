//! The documented names of signed fields, and what their values look like: the data of the check.
//! (The gateway's field reference; lyra.md 3)

use crate::lyra::form::Start;

/// What a documented value looks like, when it is not empty. The first group decides what a form says,
/// and each of its shapes belongs to one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Shape {
    Amount,
    Brand,
    Currency,
    Date,
    EffectiveAmount,
    EffectiveCurrency,
    Hash,
    Mode,
    Occurrence,
    Operation,
    Order,
    Page,
    Plan,
    Result,
    Sequence,
    Shares,
    Site,
    Source,
    Status,
    TransId,
    Uuid,

    /// Anything: text that a person may have typed, or that the gateway repeats from elsewhere.
    Free,
    /// Decimal digits, at most twelve.
    Digits,
    /// `YYYYMMDDHHMMSS`.
    Moment,
    /// Upper-case letters, digits, `_` and `-`.
    Word,
    /// The same, beginning with a letter, so that it cannot be taken for a number.
    Name,
    /// Visible ASCII without `+`: identifiers, codes, certificates.
    Token,
    /// The same, at most 16 bytes.
    Short,
    /// The same, or `KEY=value;…` as [`Settings`](Self::Settings).
    Choice,
    /// Text that cannot be taken for an order's reference, which is letters, digits, `-` and `_`: in each
    /// of its pieces there is a blank, an accent or a mark.
    Description,
    /// Base64 or hex of a card's authentication, of which `+` may cut off pieces, or a UUID.
    Proof,
    /// Results of checks: upper-case `NAME=RESULT;…`, or a word.
    Verdict,
    /// An address, with or without its scheme. What follows a `+` in it is anything.
    Url,
    /// `KEY=value;…`, the values of which may have blanks.
    Settings,
    /// An iCalendar rule.
    Rule,
    /// A JSON object.
    Json,
}

/// Every documented name in byte order. A name that ends in `*` stands for all that begin so.
///
/// Left out on purpose, so that forms with them are held: `vads_return_get_params` and
/// `vads_return_post_params`, free text between the result and the sequence number;
/// `vads_acquirer_payment_reference` and `vads_acquirer_service_supplier_id`, which may be numbers and
/// stand before the amount.
///
/// Addresses behind the source and that of the shop stand among free text, which could take up what they
/// do, so their own shape would tell nothing.
#[rustfmt::skip]
pub(super) const NAMES: &[(&str, Shape)] = &[
    ("vads_acquirer_network", Shape::Name),
    ("vads_acquirer_transient_data", Shape::Json),
    ("vads_action_mode", Shape::Name),
    ("vads_amount", Shape::Amount),
    ("vads_archival_reference_id", Shape::Token),
    ("vads_auth_mode", Shape::Word),
    ("vads_auth_number", Shape::Free),
    ("vads_auth_result", Shape::Token),
    ("vads_authent_nsu", Shape::Free),
    ("vads_authent_paypal_protection_eligibility", Shape::Word),
    ("vads_available_languages", Shape::Token),
    ("vads_avs_result", Shape::Free),
    ("vads_bank_code", Shape::Free),
    ("vads_bank_label", Shape::Free),
    ("vads_bank_product", Shape::Free),
    ("vads_bic", Shape::Token),
    ("vads_birth_day", Shape::Digits),
    ("vads_birth_month", Shape::Digits),
    ("vads_birth_year", Shape::Digits),
    ("vads_brand_management", Shape::Json),
    ("vads_capture_delay", Shape::Digits),
    ("vads_card_brand", Shape::Brand),
    ("vads_card_country", Shape::Word),
    ("vads_card_holder_name", Shape::Free),
    ("vads_card_nature", Shape::Word),
    ("vads_card_number", Shape::Free),
    ("vads_card_product_category", Shape::Word),
    ("vads_cardholder_card_expiry_month", Shape::Digits),
    ("vads_cardholder_card_expiry_year", Shape::Digits),
    ("vads_cardholder_card_number", Shape::Free),
    ("vads_change_rate", Shape::Token),
    ("vads_collection_expiry_date", Shape::Free),
    ("vads_contract_used", Shape::Free),
    ("vads_contracts", Shape::Free),
    ("vads_contrib", Shape::Free),
    ("vads_ctx_mode", Shape::Mode),
    ("vads_currency", Shape::Currency),
    ("vads_cust_*", Shape::Free),
    ("vads_dcc_amount", Shape::Digits),
    ("vads_dcc_currency", Shape::Digits),
    ("vads_dcc_markup", Shape::Token),
    ("vads_dcc_rate_date", Shape::Moment),
    ("vads_effective_amount", Shape::EffectiveAmount),
    ("vads_effective_creation_date", Shape::Moment),
    ("vads_effective_currency", Shape::EffectiveCurrency),
    ("vads_expiry_month", Shape::Digits),
    ("vads_expiry_year", Shape::Digits),
    ("vads_ext_info*", Shape::Free),
    ("vads_ext_trans_id", Shape::Free),
    ("vads_extra_result", Shape::Token),
    ("vads_first_installment_delay", Shape::Digits),
    ("vads_hash", Shape::Hash),
    ("vads_iban", Shape::Free),
    ("vads_identifier", Shape::Free),
    ("vads_identifier_previously_registered", Shape::Token),
    ("vads_identifier_status", Shape::Word),
    ("vads_initial_issuer_transaction_identifier", Shape::Free),
    ("vads_insurance_amount", Shape::Digits),
    ("vads_language", Shape::Token),
    ("vads_nb_products", Shape::Digits),
    ("vads_occurrence_type", Shape::Occurrence),
    ("vads_operation_type", Shape::Operation),
    ("vads_order_description", Shape::Description),
    ("vads_order_id", Shape::Order),
    ("vads_order_info", Shape::Free),
    ("vads_order_info2", Shape::Free),
    ("vads_order_info3", Shape::Free),
    ("vads_page_action", Shape::Page),
    ("vads_payment_cards", Shape::Token),
    ("vads_payment_certificate", Shape::Token),
    ("vads_payment_config", Shape::Plan),
    ("vads_payment_error", Shape::Digits),
    ("vads_payment_option_code", Shape::Choice),
    ("vads_payment_seq", Shape::Shares),
    ("vads_payment_src", Shape::Word),
    ("vads_pays_ip", Shape::Word),
    ("vads_presentation_date", Shape::Moment),
    ("vads_pretax_amount", Shape::Digits),
    ("vads_product_*", Shape::Free),
    ("vads_proof_of_id_*", Shape::Free),
    ("vads_recurrence_number", Shape::Digits),
    ("vads_recurrence_status", Shape::Word),
    ("vads_redirect_error_message", Shape::Free),
    ("vads_redirect_error_timeout", Shape::Digits),
    ("vads_redirect_success_message", Shape::Free),
    ("vads_redirect_success_timeout", Shape::Digits),
    ("vads_requestor", Shape::Free),
    ("vads_requestor_name", Shape::Free),
    ("vads_result", Shape::Result),
    ("vads_return_mode", Shape::Name),
    ("vads_risk_analysis_result", Shape::Verdict),
    ("vads_risk_analyzer_result", Shape::Verdict),
    ("vads_risk_assessment_result", Shape::Verdict),
    ("vads_risk_control", Shape::Verdict),
    ("vads_risk_primary_warranty", Shape::Verdict),
    ("vads_sequence_number", Shape::Sequence),
    ("vads_ship_to_*", Shape::Free),
    ("vads_shipping_amount", Shape::Digits),
    ("vads_shop_name", Shape::Free),
    ("vads_shop_url", Shape::Free),
    ("vads_site_id", Shape::Site),
    ("vads_sub_amount", Shape::Digits),
    ("vads_sub_currency", Shape::Digits),
    ("vads_sub_desc", Shape::Rule),
    ("vads_sub_effect_date", Shape::Digits),
    ("vads_sub_init_amount", Shape::Digits),
    ("vads_sub_init_amount_number", Shape::Digits),
    ("vads_subscription", Shape::Token),
    ("vads_tax_amount", Shape::Digits),
    ("vads_tax_rate", Shape::Short),
    ("vads_theme_config", Shape::Settings),
    ("vads_threeds_auth_type", Shape::Name),
    ("vads_threeds_cavv", Shape::Proof),
    ("vads_threeds_cavvAlgorithm", Shape::Short),
    ("vads_threeds_eci", Shape::Short),
    ("vads_threeds_enrolled", Shape::Short),
    ("vads_threeds_error_code", Shape::Short),
    ("vads_threeds_exit_status", Shape::Short),
    ("vads_threeds_mpi", Shape::Short),
    ("vads_threeds_sign_valid", Shape::Short),
    ("vads_threeds_status", Shape::Short),
    ("vads_threeds_user_interaction", Shape::Short),
    ("vads_threeds_xid", Shape::Proof),
    ("vads_tid", Shape::Short),
    ("vads_token_id", Shape::Short),
    ("vads_totalamount_vat", Shape::Digits),
    ("vads_trans_date", Shape::Date),
    ("vads_trans_id", Shape::TransId),
    ("vads_trans_status", Shape::Status),
    ("vads_trans_uuid", Shape::Uuid),
    ("vads_url_cancel", Shape::Url),
    ("vads_url_check", Shape::Url),
    ("vads_url_check_src", Shape::Source),
    ("vads_url_error", Shape::Free),
    ("vads_url_post_process", Shape::Free),
    ("vads_url_referral", Shape::Free),
    ("vads_url_refused", Shape::Free),
    ("vads_url_return", Shape::Free),
    ("vads_url_success", Shape::Free),
    ("vads_user_info", Shape::Free),
    ("vads_validation_mode", Shape::Token),
    ("vads_version", Shape::Word),
    ("vads_wallet", Shape::Free),
    ("vads_warranty_details", Shape::Token),
    ("vads_warranty_result", Shape::Word),
];

impl Shape {
    /// Whether parses are held to it. (Brand and hash stand among free text; the brand counts only
    /// with the list of shares.)
    pub(super) const fn decides(self) -> bool {
        (self as u8) < Self::Free as u8 && !matches!(self, Self::Brand | Self::Hash)
    }

    /// The word for it when two parses differ in it.
    pub(super) const fn what(self) -> &'static str {
        match self {
            Self::Amount | Self::EffectiveAmount => "amount",
            Self::Currency | Self::EffectiveCurrency => "currency",
            Self::Occurrence => "occurrence",
            Self::Operation => "operation",
            Self::Order => "order",
            Self::Plan => "plan",
            Self::Sequence => "sequence",
            Self::Shares => "shares",
            Self::Source => "source",
            Self::Status => "status",
            Self::Uuid => "uuid",
            _ => "transaction",
        }
    }
}

/// A place among the documented names: fields come in order, so none is passed twice.
pub(super) struct FieldCursor(usize);

impl FieldCursor {
    /// Before the first name.
    pub(super) fn begin() -> Self {
        Self(0)
    }

    /// The shape of a name that is not before those already asked for.
    pub(super) fn documented(&mut self, name: &[u8]) -> Option<Shape> {
        let start = Start::of(name);
        let rest = STARTS.get(self.0..)?;
        self.0 += rest.iter().take_while(|known| **known < start).count();
        let same = STARTS.iter().zip(NAMES).skip(self.0).take_while(|(known, _)| **known == start);
        let exact = same.map(|(_, known)| known).find(|(known, _)| known.as_bytes() == name);
        exact.map(|(_, shape)| *shape).or_else(|| self.family(name))
    }

    /// The shape of the family at this place or of the last before it, if the name is of one of them.
    fn family(&self, name: &[u8]) -> Option<Shape> {
        let last = FAMILIES.get(self.0).map(|last| usize::from(*last));
        let families = [Some(self.0), last].into_iter().flatten().filter_map(|at| NAMES.get(at));
        let of = |family: &str| match family.as_bytes() {
            [family @ .., b'*'] => name.starts_with(family),
            _ => false,
        };
        families.filter(|(family, _)| of(family)).map(|(_, shape)| *shape).next()
    }
}

const STARTS: [Start; NAMES.len()] = {
    let mut starts = [Start::of(b""); NAMES.len()];
    let (mut rest, mut names): (&mut [Start], &[(&str, Shape)]) = (&mut starts, NAMES);
    while let ([start, others @ ..], [(name, _), tail @ ..]) = (rest, names) {
        *start = Start::of(name.as_bytes());
        (rest, names) = (others, tail);
    }
    starts
};

/// For each place, the last name before it that ends in `*`. (Before the first there is none, and the
/// first name is not one.)
const FAMILIES: [u8; NAMES.len() + 1] = {
    let mut families = [0; NAMES.len() + 1];
    let mut rest: &mut [u8] = &mut families;
    let (mut names, mut at, mut last): (&[(&str, Shape)], u8, u8) = (NAMES, 0, 0);
    while let [family, others @ ..] = rest {
        *family = last;
        if let [(name, _), tail @ ..] = names {
            if let [.., b'*'] = name.as_bytes() {
                last = at;
            }
            names = tail;
        }
        rest = others;
        at += 1;
    }
    families
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_known_by_itself_or_by_its_family() {
        let shape = |name: &str| FieldCursor::begin().documented(name.as_bytes());
        for (name, known) in NAMES {
            assert_eq!(shape(&name.replace('*', "x")), Some(*known), "{name}");
        }
        for name in ["vads_cust_", "vads_cust_zzz", "vads_ext_info", "vads_ext_infoX"] {
            assert_eq!(shape(name), Some(Shape::Free), "{name}");
        }
        for name in ["vads_", "vads_a", "vads_cusu", "vads_card_x", "vads_zzz", "vads_amounts"] {
            assert_eq!(shape(name), None, "{name}");
        }
        let mut names = FieldCursor::begin();
        for (name, known) in NAMES {
            assert_eq!(names.documented(name.replace('*', "y").as_bytes()), Some(*known), "{name}");
        }
    }

    #[test]
    fn the_names_are_sorted_and_each_deciding_shape_is_of_one() {
        assert!(NAMES.is_sorted_by(|(a, _), (b, _)| a < b));
        for shape in
            NAMES.iter().map(|(_, shape)| *shape).filter(|s| (*s as u8) < Shape::Free as u8)
        {
            assert_eq!(NAMES.iter().filter(|(_, s)| *s == shape).count(), 1, "{shape:?}");
        }
    }
}
