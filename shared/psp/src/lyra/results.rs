//! Why an attempt went as it did: the gateway's result codes, in words for a merchant.
//! (lyra.md 3.2 to 3.4 for forms, lyra.md 5 and 6 for REST)
//!
//! Codes explain and decide nothing. One that no table has is shown as it is: all the lists are open.

use quittance_core::Remark;
use quittance_core::fact::{ShareFact, Status};
use quittance_core::statement::Reason;

/// A code and what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// As the gateway writes it. A single digit may have a zero before it.
    pub code: &'static str,
    /// What it says, without a comma: reasons are read in lists.
    pub words: &'static str,
}

/// The codes of `vads_auth_result` (REST `authorizationResult`) for one family of payment methods: the
/// same code says different things for different methods.
#[derive(Clone, Copy, Debug)]
pub struct Method {
    /// What the family is called in the documentation.
    pub name: &'static str,
    /// The brands that use these codes.
    pub brands: &'static [&'static str],
    /// The codes.
    pub codes: &'static [Code],
}

/// Longest code that is shown, in bytes: `vads_auth_result` is `an..11`, and no documented code is
/// longer. What is longer, or holds anything but letters, digits and dashes, is no code.
const MAX_CODE_BYTES: usize = 11;

macro_rules! codes {
    ($($code:literal $words:literal;)*) => { &[$(Code { code: $code, words: $words }),*] };
}

/// `vads_result`. (3.2)
#[rustfmt::skip]
pub const RESULTS: &[Code] = codes! {
    "00" "done";
    "02" "the card's bank has to be called";
    "05" "declined";
    "17" "cancelled by the buyer";
    "30" "the request has a malformed field";
    "96" "technical error at the gateway";
};

/// `vads_extra_result` beside a `vads_result` of 00 or 05, and in a share of a cascade: what the shop's
/// risk checks found. Empty when there are none. (3.3)
#[rustfmt::skip]
pub const RISKS: &[Code] = codes! {
    "00" "all risk checks passed";
    "02" "the card was used too often";
    "03" "the card is on the shop's grey list";
    "04" "the card's country is on the shop's grey list";
    "05" "the IP address is on the shop's grey list";
    "06" "the card's BIN is on the shop's grey list";
    "07" "the card is a virtual one (e-carte bleue)";
    "08" "the card is a commercial one of this country";
    "09" "the card is a commercial one of another country";
    "14" "the card always needs an authorisation";
    "20" "the countries of card and buyer and IP address disagree";
    "30" "the IP address is of a country on the shop's grey list";
    "99" "technical error in a risk check";
};

/// `vads_extra_result` beside a `vads_result` of 30: which field is malformed. (3.3 names these two.)
#[rustfmt::skip]
pub const FIELDS: &[Code] = codes! {
    "09" "vads_amount";
    "99" "unknown";
};

/// `vads_auth_result` by method. (3.4, and the pages that it names.) Other methods have lists of their
/// own, in which the same numbers mean something else: no words are better than the wrong ones.
pub const METHODS: &[Method] = &[
    Method {
        name: "Cards",
        brands: &["CB", "E-CARTEBLEUE", "MAESTRO", "MASTERCARD", "VISA", "VISA_ELECTRON", "VPAY"],
        codes: CARDS,
    },
    Method { name: "Chèque-Vacances Connect", brands: &["CVCO"], codes: CVCO },
    Method {
        name: "Edenred",
        brands: &["EDENRED", "EDENRED_CC", "EDENRED_EC", "EDENRED_SC", "EDENRED_TC", "EDENRED_TR"],
        codes: EDENRED,
    },
    // The page speaks of meal vouchers; that all four brands use it is inferred.
    Method { name: "Conecs", brands: &["APETIZ", "CHQ_DEJ", "CONECS", "SODEXO"], codes: CONECS },
];

/// The CB page. 31 to 43 stand on the page about anticipated authorisations; 51 and those from 90 on are
/// those of the family's other card pages (private cards, meal vouchers), which agree.
#[rustfmt::skip]
const CARDS: &[Code] = codes! {
    "00" "accepted";
    "02" "the card's bank has to be called";
    "03" "the acquirer does not know the merchant";
    "04" "the card has to be kept";
    "05" "the card's bank declined without saying why";
    "07" "the card has to be kept for a special reason";
    "08" "to be confirmed after identification";
    "12" "invalid transaction";
    "13" "invalid amount";
    "14" "invalid card number";
    "15" "unknown card issuer";
    "17" "cancelled by the buyer";
    "19" "to be tried again later";
    "20" "wrong answer from the issuer's server";
    "24" "this update of the card file is not supported";
    "25" "not found in the card file";
    "26" "entered twice in the card file";
    "27" "wrong entry for the card file";
    "28" "no access to the card file";
    "29" "the card file cannot be updated";
    "30" "malformed request to the acquirer";
    "31" "unknown acquirer";
    "33" "the card has expired";
    "34" "suspected fraud";
    "41" "the card was reported lost";
    "43" "the card was reported stolen";
    "51" "insufficient balance or credit limit exceeded";
    "54" "the card has expired";
    "55" "wrong PIN";
    "56" "the issuer does not know the card";
    "57" "not allowed for this cardholder";
    "58" "not allowed for this cardholder or terminal";
    "59" "suspected fraud";
    "60" "the merchant has to call the acquirer";
    "61" "the card's amount limit is exceeded";
    "63" "security rules not met";
    "65" "the card was used too often";
    "68" "no answer in time";
    "75" "too many wrong PINs";
    "76" "the cardholder was blocked before";
    "78" "the card has not been unblocked by a first payment";
    "80" "the issuer does not take contactless payments";
    "81" "the issuer wants strong authentication";
    "82" "wrong security code";
    "83" "all recurring payments of the card are revoked";
    "84" "the card's recurring payments to this merchant are revoked";
    "86" "the issuer could not check the data";
    "88" "the risk analysis exemption was misused";
    "90" "the acquirer's system is stopped for a while";
    "91" "the card issuer cannot be reached";
    "94" "duplicate transaction";
    "96" "malfunction of the acquirer's system";
    "97" "time-out in the acquirer's network";
    "98" "the acquirer's server cannot be reached";
    "99" "incident in the acquirer's network";
};

#[rustfmt::skip]
const CVCO: &[Code] = codes! {
    "0" "accepted";
    "1010" "the voucher payment was refused";
    "1011" "the complement was refused";
    "1012" "the buyer gave the voucher payment up";
    "1013" "the buyer gave the complement up";
    "1014" "given back at the merchant's request";
    "1015" "expired";
    "1016" "the beneficiary's device is blocked or not enrolled";
    "1017" "the beneficiary failed the security checks";
    "1018" "the beneficiary did nothing";
    "1019" "the voucher payment was refused";
    "1020" "the buyer gave the voucher payment up";
    "1100" "ANCV gave an unknown status";
    "1213" "the merchant is not authorised";
    "1214" "the operation is not allowed for this transaction";
    "1215" "the operation is not allowed for this amount";
    "1216" "insufficient balance";
    "1218" "the beneficiary was not found";
    "1220" "another transaction is under way";
    "1300" "unclassified error";
};

#[rustfmt::skip]
const EDENRED: &[Code] = codes! {
    "0" "accepted";
    "1" "accepted for a part: the buyer was asked for a complement";
    "5" "refused";
    "102" "invalid card number";
    "103" "the merchant is not authorised";
    "104" "the card is blocked";
    "105" "insufficient balance";
    "106" "the card has expired";
    "107" "wrong PIN";
    "108" "unclassified error";
    "114" "the card is not activated yet";
    "115" "the balance is above its limit";
    "116" "wrong currency";
    "117" "daily limit exceeded";
    "118" "weekly limit exceeded";
    "119" "monthly limit exceeded";
    "120" "yearly limit exceeded";
    "121" "too many wrong PINs";
    "122" "the amount is too small";
    "123" "the amount is too large";
    "124" "the account is blocked";
    "125" "the limit for one transaction is exceeded";
    "126" "too many transactions";
};

#[rustfmt::skip]
const CONECS: &[Code] = codes! {
    "00" "accepted";
    "03" "the voucher issuer does not know the merchant";
    "05" "the voucher issuer declined without saying why";
    "10" "accepted for a part: the buyer was asked for a complement";
    "14" "invalid card number or expiry date";
    "30" "malformed request to the voucher issuer";
    "56" "the voucher issuer does not know the card";
    "57" "not allowed for this cardholder";
    "59" "suspected fraud";
    "63" "security rules not met";
    "82" "wrong security code";
    "90" "the voucher issuer's system is stopped for a while";
    "91" "the voucher issuer cannot be reached";
    "94" "duplicate transaction";
    "96" "malfunction of the voucher issuer's system";
    "97" "time-out in the voucher issuer's network";
    "98" "the voucher issuer's server cannot be reached";
    "99" "incident in the voucher issuer's network";
};

/// REST `errorCode`. (6)
#[rustfmt::skip]
pub const ERRORS: &[Code] = codes! {
    "INT_902" "the request cannot be decoded";
    "INT_905" "wrong credentials";
    "PSP_001" "not allowed";
    "PSP_003" "refused";
    "PSP_010" "the transaction was not found";
    "PSP_011" "the transaction's status does not allow it";
    "PSP_012" "the transaction exists already";
    "PSP_015" "too many results";
    "PSP_020" "wrong amount";
    "PSP_042" "insufficient balance";
    "PSP_043" "a refund is not allowed";
    "PSP_075" "cannot be cancelled: to be refunded";
    "PSP_076" "cannot be refunded yet: to be cancelled";
    "PSP_083" "a chargeback cannot be refunded";
    "PSP_100" "the contract has no REST web services";
};

/// What the part of a REST `errorCode` before its `_` says: where the error happened. (6)
#[rustfmt::skip]
pub const LAYERS: &[Code] = codes! {
    "ACQ" "error or refusal at the acquirer";
    "AUTH" "the buyer was not authenticated";
    "CLIENT" "error in the buyer's browser";
    "INT" "error in the merchant's integration";
    "PSP" "error or refusal at the gateway";
};

/// Everything that a message says of why one attempt went as it did. What is absent or empty says
/// nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Codes<'a> {
    /// `vads_auth_result`, REST `authorizationResult`.
    pub(super) auth: Option<&'a str>,
    /// `vads_acquirer_network`: another network than CB's has other codes for the same card brands.
    pub(super) network: Option<&'a str>,
    /// `vads_result`.
    pub(super) result: Option<&'a str>,
    /// `vads_extra_result`.
    pub(super) extra: Option<&'a str>,
    /// REST `errorCode`.
    pub(super) error: Option<&'a str>,
    /// REST `detailedErrorCode`.
    pub(super) detail: Option<&'a str>,
}

/// The remark of a code of an authorisation, with the brand whose table it is in.
const AUTHORISATION: &str = "auth";
/// The remark of a `vads_result`.
const RESULT: &str = "result";
/// The remark of a malformed field.
const FIELD: &str = "field";
/// The remark of what a risk check found.
const RISK: &str = "risk";
/// The remark of a REST error, with what lies behind it.
const ERROR: &str = "error";
/// The remark of the same codes where they are shown beside their words.
const AUTHORISATION_TEXT: &str = "auth_text";
const RISK_TEXT: &str = "risk_text";
/// The remark of a code for which there are no words.
const BARE: &str = "code";

impl Codes<'_> {
    /// Why this share is in its status, the most particular that is said; `None` when all is well.
    pub(super) fn reason(&self, share: &ShareFact) -> Option<Reason> {
        let why = self
            .authorisation(&share.method)
            .or_else(|| self.result())
            .or_else(|| self.risk().filter(|_| !succeeded(share.meaning.status)))
            .or_else(|| self.error())?;
        let psp_status = share.said.shown().into_owned();
        Some(Reason { share: share.share.clone(), psp_status, why })
    }

    fn authorisation(&self, brand: &str) -> Option<Remark> {
        let code = failure(self.auth)?;
        Some(Remark::new(AUTHORISATION, [code, self.table(brand)]))
    }

    /// The brand whose codes are meant; none where the network has other codes.
    fn table<'b>(&self, brand: &'b str) -> &'b str {
        let cb = self.network.is_none_or(|network| network == "CB");
        if cb { brand } else { "" }
    }

    /// The authorisation's code, success too.
    pub(super) fn authorisation_said(&self, brand: &str) -> Option<Remark> {
        Some(Remark::new(AUTHORISATION_TEXT, [self.auth?, self.table(brand)]))
    }

    /// The risk checks' code, success too; without words where the code is of a malformed field.
    pub(super) fn risk_said(&self) -> Option<Remark> {
        let code = if self.result == Some("30") { BARE } else { RISK_TEXT };
        Some(Remark::new(code, [self.extra?]))
    }

    /// The word of a risk check.
    pub(super) fn risk_word(word: &str) -> Remark {
        Remark::new(BARE, [word])
    }

    fn result(&self) -> Option<Remark> {
        let code = failure(self.result)?;
        if code == "30"
            && let Some(field) = failure(self.extra)
        {
            return Some(Remark::new(FIELD, [field]));
        }
        let risk = || self.risk().filter(|_| code == "05");
        risk().or_else(|| Some(Remark::new(RESULT, [code])))
    }

    fn risk(&self) -> Option<Remark> {
        Some(Remark::new(RISK, [failure(self.extra)?]))
    }

    fn error(&self) -> Option<Remark> {
        Some(Remark::new(ERROR, [failure(self.error)?].into_iter().chain(failure(self.detail))))
    }
}

/// The sentence of a remark about a code, in lower case and without a final stop.
pub(super) fn sentence(remark: &Remark) -> Option<String> {
    let (code, more) = (remark.argument(0), remark.argument(1));
    Some(match remark.code() {
        AUTHORISATION => said(authorisation(more, code), "", code),
        AUTHORISATION_TEXT if is_success(code) => "authorised".to_owned(),
        AUTHORISATION_TEXT => authorisation(more, code)?.to_owned(),
        RISK => said(find(RISKS, code), "vads_extra_result ", code),
        RISK_TEXT => find(RISKS, code)?.to_owned(),
        RESULT => said(find(RESULTS, code), "vads_result ", code),
        FIELD => {
            let name = find(FIELDS, code).map_or_else(String::new, |name| format!(": {name}"));
            format!("{} (number {code}{name})", find(RESULTS, "30")?)
        }
        ERROR => {
            // What lies behind a `detailedErrorCode` is not documented, so it is shown as it is.
            let layer = code.split('_').next().unwrap_or(code);
            match (find(ERRORS, code).or_else(|| find(LAYERS, layer)), more) {
                (words, "") => said(words, "", code),
                (Some(words), detail) => format!("{words} ({code} {detail})"),
                (None, detail) => format!("code {code} {detail}"),
            }
        }
        _ => return None,
    })
}

/// A code of `vads_auth_result` in words, by the table of its brand.
fn authorisation(brand: &str, code: &str) -> Option<&'static str> {
    let brand = brand.strip_suffix("_SB").unwrap_or(brand);
    let method = METHODS.iter().find(|method| method.brands.contains(&brand))?;
    find(method.codes, code)
}

/// Whether a code says that all went well: `0` and `00` both do. Nothing but zeros is compared, so that
/// no code is taken for a number. (3.4)
pub(super) fn is_success(code: &str) -> bool {
    !code.is_empty() && code.bytes().all(|digit| digit == b'0')
}

/// The code, if it is one and says anything but success.
fn failure(code: Option<&str>) -> Option<&str> {
    let is_code = |code: &&str| {
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
        !code.is_empty() && code.len() <= MAX_CODE_BYTES && code.bytes().all(fits)
    };
    code.filter(is_code).filter(|code| !is_success(code))
}

fn find(codes: &'static [Code], code: &str) -> Option<&'static str> {
    let row = codes.iter().find(|row| bare(row.code) == bare(code))?;
    Some(row.words)
}

/// A code of one digit is also written with a zero before it, never with two: `002` is another
/// network's code.
fn bare(code: &str) -> &str {
    code.strip_prefix('0').filter(|digit| digit.len() == 1).unwrap_or(code)
}

fn said(words: Option<&str>, field: &str, code: &str) -> String {
    match words {
        Some(words) => format!("{words} ({field}{code})"),
        None if field.is_empty() => format!("code {code}"),
        None => format!("{field}{code}"),
    }
}

/// Whether a share in this status went well, so that a risk check's remark is no reason.
fn succeeded(status: Status) -> bool {
    matches!(status, Status::Captured | Status::Authorised | Status::Accepted | Status::Refunded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use quittance_core::fact::{Kind, Meaning, Said};
    use quittance_core::money::Currency;

    /// Every table with its name.
    fn tables() -> Vec<(&'static str, &'static [Code])> {
        let methods = METHODS.iter().map(|method| (method.name, method.codes));
        let others = [
            ("vads_result", RESULTS),
            ("risks", RISKS),
            ("fields", FIELDS),
            ("errors", ERRORS),
            ("layers", LAYERS),
        ];
        methods.chain(others).collect()
    }

    fn share(brand: &str, status: Status) -> ShareFact {
        let euro = Currency::from_alpha("EUR").unwrap();
        let said = Said::word("WORD");
        let meaning = Meaning { status, ..Meaning::default() };
        let share = ShareFact::new("share-1".to_owned(), Kind::Debit, 1, euro, said);
        ShareFact { method: brand.to_owned(), meaning, ..share }
    }

    fn words(codes: Codes<'_>, brand: &str) -> Option<String> {
        codes.reason(&share(brand, Status::Refused)).and_then(|reason| sentence(&reason.why))
    }

    fn auth(code: &str, brand: &str) -> Option<String> {
        words(Codes { auth: Some(code), ..Codes::default() }, brand)
    }

    #[test]
    fn codes_are_unique_and_can_be_shown_and_have_words_that_fit_a_list() {
        for (table, codes) in tables() {
            for (at, row) in codes.iter().enumerate() {
                let twin = |other: &Code| bare(other.code) == bare(row.code);
                assert!(!codes[at + 1..].iter().any(twin), "{table} {}", row.code);
                assert!(row.code.len() <= MAX_CODE_BYTES, "{table} {}", row.code);
                let words = row.words;
                assert!(!words.is_empty() && words.len() <= 64, "{table} {words:?}");
                assert!(!words.contains([',', ';']) && words.trim() == words, "{words:?}");
            }
        }
    }

    #[test]
    fn a_brand_has_one_table_of_codes() {
        let brands: Vec<&str> = METHODS.iter().flat_map(|m| m.brands).copied().collect();
        for (at, brand) in brands.iter().enumerate() {
            assert!(!brands[at + 1..].contains(brand), "{brand}");
        }
    }

    #[test]
    fn success_is_any_number_of_zeros_and_no_reason() {
        for brand in ["CB", "CVCO", "AMEX", ""] {
            for code in ["0", "00", "000", ""] {
                assert_eq!(auth(code, brand), None, "{brand} {code:?}");
            }
        }
        for method in METHODS {
            assert!(method.codes.iter().any(|row| is_success(row.code)), "{}", method.name);
        }
        assert!(!is_success(""));
    }

    #[test]
    fn the_same_code_is_another_reason_for_another_method() {
        let reads = |code, brand| auth(code, brand).unwrap();
        assert_eq!(reads("1216", "CVCO"), "insufficient balance (1216)");
        assert_eq!(reads("51", "CB"), "insufficient balance or credit limit exceeded (51)");
        assert_eq!(reads("105", "EDENRED_TR_SB"), "insufficient balance (105)");
        assert_eq!(reads("05", "CB"), "the card's bank declined without saying why (05)");
        assert_eq!(reads("5", "EDENRED"), "refused (5)");
        assert!(reads("10", "CONECS").contains("complement"));
    }

    #[test]
    fn a_code_is_neither_a_number_nor_of_one_width() {
        let reads = |code| auth(code, "CB").unwrap();
        assert_eq!(reads("5"), reads("05").replace("(05)", "(5)"));
        // Amex Global's partial approval, for instance.
        assert_eq!(reads("002"), "code 002");
        assert_eq!(reads("051"), "code 051");
    }

    #[test]
    fn a_code_without_words_is_shown_as_it_is() {
        assert_eq!(auth("42", "CB").as_deref(), Some("code 42"));
        assert_eq!(auth("1216", "CB").as_deref(), Some("code 1216"));
        // Its list is not known: 1012 is another's.
        assert_eq!(auth("1012", "UNION_PAY").as_deref(), Some("code 1012"));
        let elsewhere = |network| {
            words(Codes { auth: Some("80"), network, ..Codes::default() }, "VISA").unwrap()
        };
        assert_eq!(elsewhere(Some("GICC")), "code 80");
        assert_eq!(elsewhere(Some("CB")), elsewhere(None));
        let result = |result| words(Codes { result: Some(result), ..Codes::default() }, "CB");
        assert_eq!(result("42").as_deref(), Some("vads_result 42"));
    }

    #[test]
    fn what_is_no_code_is_not_shown() {
        for text in ["Jeanne Martin", "123456789012", "é", "5 1", "<b>", "1+1"] {
            let all = Codes {
                auth: Some(text),
                network: Some(text),
                result: Some(text),
                extra: Some(text),
                error: Some(text),
                detail: Some(text),
            };
            assert_eq!(words(all, "CB"), None, "{text}");
        }
    }

    #[test]
    fn the_result_speaks_where_no_authorisation_does() {
        let reads = |auth, result, extra| {
            let [auth, result, extra] = [auth, result, extra].map(Some);
            words(Codes { auth, result, extra, ..Codes::default() }, "CB")
        };
        assert_eq!(reads("", "17", "").unwrap(), "cancelled by the buyer (vads_result 17)");
        assert_eq!(reads("", "05", "").unwrap(), "declined (vads_result 05)");
        assert_eq!(
            reads("00", "05", "03").unwrap(),
            "the card is on the shop's grey list (vads_extra_result 03)"
        );
        assert_eq!(reads("", "05", "00").unwrap(), "declined (vads_result 05)");
        assert_eq!(
            reads("", "30", "09").unwrap(),
            "the request has a malformed field (number 09: vads_amount)"
        );
        assert_eq!(reads("", "30", "12").unwrap(), "the request has a malformed field (number 12)");
        assert!(reads("", "30", "").unwrap().ends_with("(vads_result 30)"));
        assert!(reads("54", "05", "03").unwrap().contains("expired"));
        assert_eq!(reads("00", "00", ""), None);
    }

    #[test]
    fn a_risk_checks_remark_is_no_reason_for_what_went_well() {
        let codes = Codes { result: Some("00"), extra: Some("07"), ..Codes::default() };
        for (status, told) in [
            (Status::Captured, false),
            (Status::Authorised, false),
            (Status::Accepted, false),
            (Status::Refunded, false),
            (Status::Pending, true),
            (Status::Refused, true),
        ] {
            assert_eq!(codes.reason(&share("CB", status)).is_some(), told, "{status:?}");
        }
    }

    #[test]
    fn a_rest_error_speaks_by_its_code_or_else_by_its_layer() {
        let reads = |error, detail| {
            words(Codes { error: Some(error), detail, ..Codes::default() }, "CB").unwrap()
        };
        assert_eq!(reads("PSP_042", None), "insufficient balance (PSP_042)");
        assert_eq!(reads("PSP_999", None), "error or refusal at the gateway (PSP_999)");
        assert_eq!(reads("ACQ_001", Some("51")), "error or refusal at the acquirer (ACQ_001 51)");
        assert_eq!(reads("AUTH_149", Some("")), "the buyer was not authenticated (AUTH_149)");
        assert_eq!(reads("NEW_1", None), "code NEW_1");
        assert_eq!(reads("NEW_1", Some("7")), "code NEW_1 7");
    }

    #[test]
    fn a_reason_belongs_to_the_share_in_its_status() {
        let codes = Codes { auth: Some("51"), ..Codes::default() };
        let reason = codes.reason(&share("CB", Status::Refused)).unwrap();
        assert_eq!((reason.share.as_str(), reason.psp_status.as_str()), ("share-1", "WORD"));
    }
}
