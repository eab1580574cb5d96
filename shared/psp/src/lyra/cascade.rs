//! `vads_payment_seq`: the shares of a cascade. (lyra.md 4)

use std::borrow::Cow;

use serde::Deserialize;

use crate::text::{Hint, List, Number, Text, json_fault};
use quittance_core::fact::Kind;
use quittance_core::limits::{MAX_AMOUNT, MAX_SHARES_PER_NOTIFICATION};
use quittance_core::statement::Unreadable;

/// One attempt or share as the list gives it. Refused and cancelled attempts are listed too.
pub(super) struct Element<'a> {
    pub(super) amount: u64,
    pub(super) kind: Kind,
    pub(super) brand: Cow<'a, str>,
    pub(super) uuid: Option<Cow<'a, str>>,
    pub(super) trans_id: Option<Cow<'a, str>>,
    pub(super) sequence: u32,
    pub(super) status: Cow<'a, str>,
    // What follows decides nothing: a value of another type is as good as none.
    pub(super) auth_number: Option<Cow<'a, str>>,
    pub(super) auth_result: Option<Cow<'a, str>>,
    pub(super) extra_result: Option<Cow<'a, str>>,
    pub(super) capture_delay: Option<Cow<'a, str>>,
    pub(super) presentation_date: Option<Cow<'a, str>>,
    pub(super) contract_used: Option<Cow<'a, str>>,
    pub(super) payment_certificate: Option<Cow<'a, str>>,
    pub(super) ext_trans_id: Option<Cow<'a, str>>,
    pub(super) identifier_status: Option<Cow<'a, str>>,
}

/// Reads the list. Numbers may be JSON strings (the only published sample has strings), and the list
/// may be called `transaction` (the field reference says so).
pub(super) fn read(text: &str) -> Result<Vec<Element<'_>>, Unreadable> {
    let sequence: Sequence<'_> =
        serde_json::from_str(text).map_err(|error| json_fault("vads_payment_seq", &error))?;
    let ((Some(elements), None) | (None, Some(elements))) =
        (sequence.transactions, sequence.transaction)
    else {
        return Err(Unreadable::new("vads_payment_seq must have one list of transactions"));
    };
    if !(1..=MAX_SHARES_PER_NOTIFICATION).contains(&elements.count) {
        return Err(Unreadable::new(format!(
            "vads_payment_seq must list 1 to {MAX_SHARES_PER_NOTIFICATION} shares, not {}",
            elements.count
        )));
    }
    let trans_id = sequence.trans_id.map(|id| id.0);
    elements.kept.into_iter().map(|raw| raw.read(trans_id.as_ref())).collect()
}

type Shares<'a> = List<Raw<'a>, MAX_SHARES_PER_NOTIFICATION>;

#[derive(Deserialize)]
struct Sequence<'a> {
    #[serde(borrow)]
    trans_id: Option<Text<'a>>,
    transactions: Option<Shares<'a>>,
    transaction: Option<Shares<'a>>,
}

#[derive(Deserialize)]
struct Raw<'a> {
    amount: Option<Number>,
    #[serde(borrow)]
    operation_type: Option<Text<'a>>,
    card_brand: Option<Text<'a>>,
    trans_uuid: Option<Text<'a>>,
    trans_id: Option<Text<'a>>,
    sequence_number: Option<Number>,
    trans_status: Option<Text<'a>>,
    auth_number: Option<Hint<'a>>,
    auth_result: Option<Hint<'a>>,
    extra_result: Option<Hint<'a>>,
    capture_delay: Option<Hint<'a>>,
    presentation_date: Option<Hint<'a>>,
    contract_used: Option<Hint<'a>>,
    payment_certificate: Option<Hint<'a>>,
    ext_trans_id: Option<Hint<'a>>,
    identifier_status: Option<Hint<'a>>,
}

impl<'a> Raw<'a> {
    fn read(self, trans_id: Option<&Cow<'a, str>>) -> Result<Element<'a>, Unreadable> {
        let lacks =
            |what: &str| Unreadable::new(format!("a share of vads_payment_seq has no {what}"));
        let amount = self.amount.map(|amount| amount.0).filter(|amount| *amount <= MAX_AMOUNT);
        let sequence = self.sequence_number.and_then(|number| u32::try_from(number.0).ok());
        let text = |text: Option<Text<'a>>| text.map(|t| t.0).filter(|t| !t.is_empty());
        let hint =
            |hint: Option<Hint<'a>>| hint.and_then(Hint::into_text).filter(|text| !text.is_empty());
        Ok(Element {
            amount: amount.ok_or_else(|| lacks("usable amount"))?,
            kind: kind(self.operation_type.as_deref().unwrap_or("DEBIT"))?,
            brand: text(self.card_brand).ok_or_else(|| lacks("card_brand"))?,
            uuid: text(self.trans_uuid),
            trans_id: text(self.trans_id).or_else(|| trans_id.cloned()).map(padded),
            sequence: sequence.ok_or_else(|| lacks("usable sequence_number"))?,
            status: text(self.trans_status).ok_or_else(|| lacks("trans_status"))?,
            auth_number: hint(self.auth_number),
            auth_result: hint(self.auth_result),
            extra_result: hint(self.extra_result),
            capture_delay: hint(self.capture_delay),
            presentation_date: hint(self.presentation_date),
            contract_used: hint(self.contract_used),
            payment_certificate: hint(self.payment_certificate),
            ext_trans_id: hint(self.ext_trans_id),
            identifier_status: hint(self.identifier_status),
        })
    }
}

/// A transaction id has six characters; written as a number it has lost its leading zeros.
fn padded(id: Cow<'_, str>) -> Cow<'_, str> {
    if id.len() < 6 { Cow::Owned(format!("{id:0>6}")) } else { id }
}

/// `vads_operation_type`, REST `operationType`.
pub(super) fn kind(word: &str) -> Result<Kind, Unreadable> {
    match word {
        "DEBIT" => Ok(Kind::Debit),
        "CREDIT" => Ok(Kind::Credit),
        "VERIFICATION" => Ok(Kind::Verification),
        _ => Err(Unreadable::new("operation type is neither DEBIT, CREDIT nor VERIFICATION")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> String {
        read(text).map(|_| ()).unwrap_err().reason
    }

    #[test]
    fn numbers_and_strings_and_both_list_names_are_read() {
        for text in [
            r#"{"trans_id":"1a","transactions":[{"amount":"10","card_brand":"CVCO","sequence_number":"1","trans_status":"CAPTURED"}]}"#,
            r#"{"trans_id":"1a","transaction":[{"amount":10,"card_brand":"CVCO","sequence_number":1,"trans_status":"CAPTURED","wallet":null}]}"#,
        ] {
            let shares = read(text).unwrap();
            let share = &shares[0];
            assert_eq!((share.amount, share.sequence, share.kind), (10, 1, Kind::Debit));
            assert_eq!((share.uuid.as_deref(), share.trans_id.as_deref()), (None, Some("00001a")));
        }
    }

    #[test]
    fn what_cannot_be_a_list_of_shares_is_refused_with_a_reason() {
        assert!(fault("{").contains("ends too early"));
        assert!(fault("nonsense").contains("is not JSON"));
        assert!(fault("{}").contains("one list"));
        assert!(fault(r#"{"transactions":[]}"#).contains("1 to"));
        assert!(fault(r#"{"transactions":[],"transaction":[]}"#).contains("one list"));
        let share = |fields: &str| format!(r#"{{"transactions":[{{{fields}}}]}}"#);
        assert!(fault(&share(r#""amount":-1"#)).contains("another type"));
        assert!(fault(&share(r#""amount":1.5"#)).contains("another type"));
        assert!(fault(&share(r#""amount":1000000000000"#)).contains("usable amount"));
        assert!(fault(&share(r#""amount":1,"amount":2"#)).contains("twice"));
        assert!(fault(&share(r#""amount":1,"operation_type":"GIFT""#)).contains("operation type"));
        assert!(
            fault(&share(r#""amount":1,"card_brand":"CB","sequence_number":99999999999"#))
                .contains("sequence")
        );
    }

    #[test]
    fn codes_of_any_type_are_no_reason_to_refuse_a_list() {
        for (json, read_as) in [
            (r#""51""#, Some("51")),
            ("51", Some("51")),
            (r#""00""#, Some("00")),
            ("0", Some("0")),
            (r#""""#, None),
            ("null", None),
            ("-1", None),
            ("true", None),
            (r#"{"code":["51"]}"#, None),
        ] {
            let text = format!(
                r#"{{"transactions":[{{"amount":1,"card_brand":"CB","sequence_number":1,
                "trans_status":"REFUSED","auth_result":{json},"extra_result":{json},"contract_used":{json}}}]}}"#
            );
            let share = read(&text).unwrap().remove(0);
            assert_eq!(share.auth_result.as_deref(), read_as, "{json}");
            assert_eq!(share.extra_result.as_deref(), read_as, "{json}");
            assert_eq!(share.contract_used.as_deref(), read_as, "{json}");
        }
    }

    #[test]
    fn a_fault_never_quotes_the_message() {
        assert!(!fault(r#"{"transactions":"Jeanne Martin"}"#).contains("Jeanne"));
    }

    #[test]
    fn the_number_of_shares_is_bounded() {
        let share =
            r#"{"amount":1,"card_brand":"CB","sequence_number":1,"trans_status":"REFUSED"}"#;
        let list = |n| format!(r#"{{"transactions":[{}]}}"#, vec![share; n].join(","));
        assert_eq!(
            read(&list(MAX_SHARES_PER_NOTIFICATION)).unwrap().len(),
            MAX_SHARES_PER_NOTIFICATION
        );
        assert!(fault(&list(10_000)).contains("not 10000"));
    }
}
