//! What the PSPs' own SDKs and plugins do, beside what Quittance does with the same message.
//!
//! Each row names a case, their answer, ours, and why ours is another where it is. A row without a
//! reason must agree and one with a reason must differ, so that neither a change of ours nor a wrong
//! note passes. Their answers are from the pages under docs/providers, which name the source of each.

use quittance_core::crypto::Secret;
use quittance_core::{
    Currency, Kind, Mode, Order, Policy, Reading, ReleaseOn, State, Statement, Status,
};
use quittance_psp::PROVIDERS;
use quittance_psp::lyra::{self, SiteKeys};
use quittance_psp::worldline::{self, PaymentId};
use quittance_testing::lyra::{Form, Share, answer, rest};
use quittance_testing::worldline::{Payment, refund};
use quittance_testing::{
    FORM_KEY, KEY_ID, REST_PASSWORD, SECRET, SITE, form_body, rest_body, worldline_signature,
};
use serde_json::{Value, json};

use quittance_testing::read::{read_lyra, read_worldline, receipt, statement};

const SECURED: Policy = Policy {
    release_on: ReleaseOn::Secured,
    instalments: quittance_core::fold::Instalments::First,
    confirm: quittance_core::fold::Confirm::Off,
};

/// A row agrees where it gives no reason, and differs where it gives one.
#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "a row reads better without references")]
fn compare<T: PartialEq + std::fmt::Debug>(case: &str, theirs: T, ours: T, why: &str) {
    if why.is_empty() {
        assert_eq!(ours, theirs, "{case}: ours (left) differs without a reason");
    } else {
        assert_ne!(ours, theirs, "{case}: no difference any more, although: {why}");
    }
}

fn worldline(event: &Value) -> Statement {
    let mut readings = read_worldline(&event.to_string());
    assert_eq!(readings.len(), 1);
    statement(readings.remove(0))
}

fn form(form: &Form) -> Statement {
    statement(read_lyra(&form.body()))
}

/// The order after these statements.
fn order(policy: Policy, statements: &[Statement]) -> Order {
    let mut order = Order::new(statements[0].key.clone());
    for (at, statement) in (0..).zip(statements) {
        order.take(statement, &receipt(at), policy).unwrap();
    }
    order
}

fn released(policy: Policy, statements: &[Statement]) -> bool {
    order(policy, statements).fulfilment().is_some()
}

// --- Worldline: statuses -----------------------------------------------------------------------

/// What a status number does to an order's money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Money {
    /// Taken.
    Taken,
    /// Neither taken nor lost yet.
    Open,
    /// The attempt has ended without money.
    Lost,
    /// Given back.
    GivenBack,
    /// On its way back.
    GivingBack,
    /// The refund was refused.
    Kept,
    /// In none of the sets.
    Unlisted,
}

impl Money {
    /// The sets of plugin-core-base's `StatusCode.php` (worldline.md 3). A number may be
    /// in several, which then say the same of the money.
    fn in_their_sets(code: u64) -> Self {
        match code {
            9 => Self::Taken,
            0 | 4 | 46 | 50 | 51 | 52 | 55 | 91 | 92 | 99 => Self::Open,
            1 | 2 | 6 | 61 | 62 => Self::Lost,
            7 | 8 | 85 => Self::GivenBack,
            81 | 82 => Self::GivingBack,
            _ => Self::Unlisted,
        }
    }

    fn in_ours(code: u64, word: Option<&str>) -> Self {
        let mut event = Payment::new("CMD-1", "3254_1", 130, 9, 12_000).json();
        event["payment"]["status"] = json!(word);
        event["payment"]["statusOutput"] = json!({"statusCode": code});
        let order = order(Policy::default(), &[worldline(&event)]);
        let shares = order.summary(Policy::default()).shares;
        match (shares[0].kind, shares[0].status) {
            (Kind::Debit, Status::Captured) => Self::Taken,
            (Kind::Debit, Status::Pending | Status::Authorised) => Self::Open,
            (Kind::Debit, Status::Refused | Status::Cancelled) => Self::Lost,
            (Kind::Credit, Status::Refunded) => Self::GivenBack,
            (Kind::Credit, Status::Pending) => Self::GivingBack,
            (Kind::Credit, Status::Refused) => Self::Kept,
            _ => Self::Unlisted,
        }
    }
}

/// Every number of both tables: number, ours, why ours is another.
const NUMBERS: &[(u64, Money, &str)] = &[
    (0, Money::Open, ""),
    (1, Money::Lost, ""),
    (2, Money::Lost, ""),
    (4, Money::Open, ""),
    (5, Money::Open, "they list authorised in no set; the order waits for the capture"),
    (6, Money::Lost, ""),
    (7, Money::GivenBack, ""),
    (8, Money::GivenBack, ""),
    (9, Money::Taken, ""),
    (40, Money::Open, "they do not know it; an older list of the platform calls it waiting"),
    (41, Money::Open, "they do not know it; an older list of the platform calls it waiting"),
    (46, Money::Open, ""),
    (50, Money::Open, ""),
    (51, Money::Open, ""),
    (52, Money::Open, ""),
    (55, Money::Open, ""),
    (56, Money::Open, "in none of their sets; its neighbours are pending"),
    (61, Money::Open, "a cancellation under way is not yet one: it may still be refused (63)"),
    (62, Money::Open, "an uncertain cancellation is not yet one: it may still be refused (63)"),
    (63, Money::Open, "they do not know it; the payment stays authorised"),
    (71, Money::GivingBack, "they do not know it; the deletion is under way"),
    (72, Money::GivingBack, "they do not know it; the deletion is uncertain"),
    (73, Money::Kept, "they do not know it; the deletion was refused and the money is kept"),
    (81, Money::GivingBack, ""),
    (82, Money::GivingBack, ""),
    (83, Money::Kept, "in none of their sets; the refund was refused and the money is kept"),
    (85, Money::GivenBack, ""),
    (91, Money::Open, ""),
    (92, Money::Open, ""),
    (93, Money::Open, "in none of their sets; the payment stays authorised"),
    (99, Money::Open, ""),
    (57, Money::Unlisted, ""),
    (84, Money::Unlisted, ""),
    (95, Money::Unlisted, ""),
    (1000, Money::Unlisted, ""),
];

#[test]
fn worldline_numbers_against_the_plugins_sets() {
    for (code, ours, why) in NUMBERS {
        let row = worldline::ROWS.iter().find(|row| row.code == *code);
        let word = row.map_or(Some("PAID"), |row| row.words.first().copied());
        assert_eq!(Money::in_ours(*code, word), *ours, "{code}");
        compare(&code.to_string(), Money::in_their_sets(*code), *ours, why);
    }
    for row in worldline::ROWS {
        assert!(NUMBERS.iter().any(|(code, ..)| *code == row.code), "{} has no row", row.code);
    }
}

/// They go by the number alone.
#[test]
fn worldline_words_beside_the_plugins_numbers() {
    for (word, code, ours, why) in [
        ("CAPTURED", 9, Money::Taken, ""),
        ("REFUNDED", 8, Money::GivenBack, ""),
        ("CAPTURE_REQUESTED", 9, Money::Open, "captured needs the word as well: it waits"),
        ("REJECTED", 9, Money::Open, "captured needs the word as well: it waits"),
        ("REFUND_REQUESTED", 8, Money::GivingBack, "their own stub has this pair: not final yet"),
        ("CAPTURED", 7, Money::GivingBack, "a deletion that calls itself a capture is not final"),
        ("CAPTURED", 2, Money::Open, "refused and captured at once: neither is believed"),
        ("CAPTURED", 5, Money::Open, "they list 5 in no set"),
    ] {
        let case = format!("{code} with {word}");
        assert_eq!(Money::in_ours(code, Some(word)), ours, "{case}");
        compare(&case, Money::in_their_sets(code), ours, why);
    }
}

// --- Worldline: when a payment is paid ---------------------------------------------------------

/// The plugins hold a webhook of a voucher product back until `amountOfMoney` equals `acquiredAmount`
/// (section 4, point 1); for other products the webhook's status alone decides there.
#[test]
fn worldline_vouchers_against_the_plugins_rule() {
    let equal_only =
        "they act on any captured card; here acquiredAmount has to cover every product";
    for (product, acquired, theirs, why) in [
        (3112, Some(12_000), true, ""),
        (5402, Some(12_000), true, ""),
        (5403, Some(12_000), true, ""),
        (3112, Some(6_000), false, ""),
        (5402, Some(6_000), false, ""),
        (5403, Some(6_000), false, ""),
        (3112, None, false, ""),
        (5402, None, false, ""),
        (5403, None, false, ""),
        (5403, Some(0), false, ""),
        (5403, Some(13_000), false, "more than was asked for covers the order: overpaid, released"),
        (5412, Some(12_000), true, ""),
        (
            5412,
            Some(6_000),
            true,
            "they do not know 5412 yet, the successor of 5403: half is not paid",
        ),
        (5412, None, true, "they do not know 5412 yet; without acquiredAmount nothing is proved"),
        (130, Some(12_000), true, ""),
        (130, Some(6_000), true, equal_only),
        (130, None, true, equal_only),
    ] {
        let mut payment = Payment::new("CMD-1", "3254_0", product, 9, 12_000);
        payment.acquired = acquired;
        let ours = released(Policy::default(), &[worldline(&payment.json())]);
        compare(&format!("{product} with {acquired:?} of 12000"), theirs, ours, why);
    }
}

/// plugin-core-base asks of every product that `amountOfMoney` plus the surcharge equals
/// `acquiredAmount` (section 4, point 2), but of the answer of the API, not of the webhook.
#[test]
fn worldline_coverage_against_the_core_plugin() {
    for (asked, surcharge, acquired, theirs, why) in [
        (12_000, 0, Some(12_000), true, ""),
        (12_000, 240, Some(12_240), true, ""),
        (12_000, 240, Some(12_000), false, ""),
        (12_000, 0, Some(11_999), false, ""),
        (12_000, 0, None, false, ""),
        (12_000, 0, Some(12_001), false, "a cent too much is still paid: overpaid, released"),
    ] {
        let mut payment = Payment::new("CMD-1", "3254_0", 130, 9, asked).surcharge(surcharge);
        payment.acquired = acquired;
        let ours = released(Policy::default(), &[worldline(&payment.json())]);
        compare(&format!("{acquired:?} of {asked} and {surcharge}"), theirs, ours, why);
    }
}

/// What merchants' modules do with single events (sections 4, 5 and 9): whether the order is paid.
#[test]
fn worldline_events_against_the_modules() {
    let captured = Payment::new("CMD-1", "3254_0", 130, 9, 12_000).json();
    let mut paid = Payment::new("CMD-1", "3254_0", 130, 9, 12_000);
    paid.kind = "payment.paid".to_owned();
    paid.status = ("PAID".to_owned(), 1000, "COMPLETED".to_owned());
    let half = Payment::new("CMD-1", "3254_0", 5403, 9, 12_000).acquired(6_000).json();
    let late = |code| Payment::new("CMD-1", "3255_0", 130, code, 12_000).json();
    let mut created = Payment::new("CMD-1", "3254_0", 130, 9, 12_000);
    created.kind = "payment.created".to_owned();
    for (case, events, theirs, why) in [
        (
            "Thelia: a voucher share whose amountOfMoney is the whole order",
            vec![half],
            true,
            "it compares amountOfMoney: the card's share would be given away",
        ),
        (
            "Thelia: PAID",
            vec![paid.json()],
            true,
            "a word of another platform (Connect): kept and flagged until someone knows it here",
        ),
        (
            "WooCommerce: another attempt is cancelled late",
            vec![captured.clone(), late(1)],
            true,
            "",
        ),
        ("WooCommerce: another attempt is refused late", vec![captured.clone(), late(2)], true, ""),
        (
            "WooCommerce: payment.created ignored",
            vec![created.json()],
            false,
            "the type is a name: number, word and acquired amount say that it is paid",
        ),
        (
            "Magento: the refund of a share, matched by sums and not by equal amounts",
            vec![captured, refund("CMD-1", "3254_1", 8, 4_000)],
            true,
            "",
        ),
    ] {
        let statements: Vec<Statement> = events.iter().map(worldline).collect();
        compare(case, theirs, released(Policy::default(), &statements), why);
    }
}

/// Which events count as the same (section 4, "Identifiers", last point).
#[test]
fn worldline_repeats_against_the_modules_keys() {
    let event = |id: &str, code| Payment::new("CMD-1", id, 130, code, 12_000).json();
    let mut more = Payment::new("CMD-1", "3254_0", 5412, 9, 12_000).acquired(6_000);
    let half = more.json();
    more.acquired = Some(12_000);
    let more = more.json();
    // First and second event; whether the vendor's pair (type, payment.id) and WooCommerce's triple
    // (type, id, statusCode) take the second for a repeat.
    for (case, first, second, pair, triple, why_pair, why_triple) in [
        ("the same again", event("3254_0", 9), event("3254_0", 9), true, true, "", ""),
        ("91, then 9", event("3254_1", 91), event("3254_1", 9), false, false, "", ""),
        ("5, then 91", event("3254_0", 5), event("3254_0", 91), false, false, "", ""),
        (
            "91, then 92",
            event("3254_1", 91),
            event("3254_1", 92),
            true,
            false,
            "",
            "both mean the same: the number is kept, and nothing new",
        ),
        (
            "51, then 52",
            event("3254_0", 51),
            event("3254_0", 52),
            true,
            false,
            "",
            "both mean the same: the number is kept, and nothing new",
        ),
        (
            "the same payment in its long spelling",
            event("3254564310_0", 9),
            event("9000003254564310000", 9),
            false,
            false,
            "spellings of one id are one payment",
            "spellings of one id are one payment",
        ),
        (
            "more acquired under the same id and number",
            half,
            more,
            true,
            true,
            "the amount is news: it completes the order",
            "the amount is news: it completes the order",
        ),
    ] {
        let (first, second) = (worldline(&first), worldline(&second));
        let mut order = order(Policy::default(), &[first]);
        let outcome = order.take(&second, &receipt(9), Policy::default()).unwrap();
        // What is told of it beyond its facts may be new all the same.
        let ours = !matches!(outcome, quittance_core::Outcome::Changed(_));
        compare(&format!("{case}, by (type, id)"), pair, ours, why_pair);
        compare(&format!("{case}, by (type, id, number)"), triple, ours, why_triple);
    }
}

// --- Worldline: who signed, which version, which payment ---------------------------------------

/// Headers as the SDKs judge them (section 1): Java, Python and Node refuse a repeated one, compare in
/// constant time and decode nothing. The letter case of a header's name is the HTTP layer's.
#[test]
fn worldline_headers_against_the_sdks() {
    let body = Payment::new("CMD-1", "3254_0", 130, 9, 12_000).body();
    let body = body.as_bytes();
    let signature = worldline_signature(SECRET, body);
    let prefixed = format!("1{signature}");
    let lower = signature.to_lowercase();
    let unpadded = signature.trim_end_matches('=');
    let of_other_secret = worldline_signature("1demo-secret", body);
    let (s, id) = (signature.as_bytes(), KEY_ID.as_bytes());
    let keys = worldline_keys(SECRET);
    for (case, signatures, ids, theirs, why) in [
        ("as it should be", vec![s], vec![id], true, ""),
        ("no signature", vec![], vec![id], false, ""),
        ("no key id", vec![s], vec![], false, ""),
        ("the signature twice", vec![s, s], vec![id], false, ""),
        ("the key id twice", vec![s], vec![id, id], false, ""),
        ("an unknown key id", vec![s], vec![&b"unknown"[..]], false, ""),
        ("a key id in another case", vec![s], vec![&b"DEMO-KEY"[..]], false, ""),
        ("a character before the signature", vec![prefixed.as_bytes()], vec![id], false, ""),
        ("another secret's signature", vec![of_other_secret.as_bytes()], vec![id], false, ""),
        ("in lower case", vec![lower.as_bytes()], vec![id], false, ""),
        ("without padding", vec![unpadded.as_bytes()], vec![id], false, ""),
        ("an empty signature", vec![&b""[..]], vec![id], false, ""),
    ] {
        let ours = worldline::verify(&keys, &signatures, &ids, body).is_ok();
        compare(case, theirs, ours, why);
    }
}

fn worldline_keys(secret: &str) -> worldline::Keys {
    let secret = Secret::new(secret).unwrap();
    let key = worldline::Key { secret, mode: Mode::Test, merchant: None };
    worldline::Keys::new([(KEY_ID.to_owned(), key)])
}

/// What is hashed, as the SDKs do it and as merchants' modules have got it wrong (sections 1 and 9):
/// whether the message passes.
#[test]
fn worldline_bytes_against_the_sdks_and_the_modules() {
    let pretty = serde_json::to_string_pretty(&Payment::new("C", "3254_0", 130, 9, 1).json());
    let pretty = pretty.unwrap().replace('\n', "\r\n");
    let compact = serde_json::from_str::<Value>(&pretty).unwrap().to_string();
    let stripped = pretty.replace('\r', "");
    let base64 = "aGVsbG8rd29ybGQ=";
    for (case, secret, signed, received, signing_secret, theirs, why) in [
        ("SDK: the raw bytes", SECRET, &pretty, &pretty, SECRET, true, ""),
        ("SDK: carriage returns lost on the way", SECRET, &pretty, &stripped, SECRET, false, ""),
        (
            "commercetools: the parsed body written anew",
            SECRET,
            &compact,
            &pretty,
            SECRET,
            true,
            "only the bytes that were sent are signed",
        ),
        (
            "Thelia: parsed and written anew where the raw body is gone",
            SECRET,
            &compact,
            &pretty,
            SECRET,
            true,
            "only the bytes that were sent are signed",
        ),
        (
            "SDK: a secret that looks like Base64 is text",
            base64,
            &pretty,
            &pretty,
            base64,
            true,
            "",
        ),
        ("SDK: and is not decoded", base64, &pretty, &pretty, "hello+world", false, ""),
    ] {
        let signature = worldline_signature(signing_secret, signed.as_bytes());
        let keys = worldline_keys(secret);
        let (signatures, ids) = ([signature.as_bytes()], [KEY_ID.as_bytes()]);
        let ours = worldline::verify(&keys, &signatures, &ids, received.as_bytes()).is_ok();
        compare(case, theirs, ours, why);
    }
}

/// The SDKs throw for any `apiVersion` but `v1`; here such an event is kept for a person.
#[test]
fn worldline_versions_against_the_sdks() {
    for (version, theirs, why) in [
        (json!("v1"), true, ""),
        (json!("v2"), false, ""),
        (json!("V1"), false, ""),
        (json!("v1.0"), false, ""),
        (json!(""), false, ""),
        (json!(1), false, ""),
        (json!(null), false, ""),
    ] {
        let mut event = Payment::new("CMD-1", "3254_0", 130, 9, 12_000).json();
        event["apiVersion"] = version.clone();
        let readings = read_worldline(&event.to_string());
        let ours = matches!(readings[..], [Reading::Order(_)]);
        assert_eq!(matches!(readings[..], [Reading::Unreadable(_)]), !ours, "{version}");
        compare(&version.to_string(), theirs, ours, why);
    }
}

/// The SDKs parse one object; the vendor's page shows an array (section 1, "One event or batch").
#[test]
fn worldline_arrays_against_the_sdks() {
    let event = Payment::new("CMD-1", "3254_0", 130, 9, 12_000).json();
    for (case, body, theirs, why) in [
        ("an object", event.clone(), 1, ""),
        ("an array of one", json!([event]), 0, "the vendor's page shows its example in an array"),
        ("an array of two", json!([event, event]), 0, "each stands for itself; none may be lost"),
    ] {
        let readings = read_worldline(&body.to_string());
        let ours = readings.iter().filter(|r| matches!(r, Reading::Order(_))).count();
        compare(case, theirs, ours, why);
    }
}

/// The inner id by plugin-magento-core's newest `PaymentIdFormatter`: 10 to 20 digits, cut at the
/// underscore, and 19 or 20 of them unwrapped.
fn by_magento(id: &str) -> Option<String> {
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let (head, tail) = id.split_once('_').unwrap_or((id, "0"));
    if !(10..=20).contains(&head.len()) || !digits(head) || !digits(tail) {
        return None;
    }
    let wrapped = head.strip_prefix("90000").filter(|_| head.len() >= 19);
    let Some(wrapped) = wrapped else { return Some(head.to_owned()) };
    let inner = wrapped.strip_prefix('0').unwrap_or(wrapped);
    Some(inner[..inner.len() - 3].to_owned())
}

/// The inner id by plugin-core-base's `PaymentId`: up to the underscore; without one, of more than ten
/// characters always ten after the first six.
fn by_core_base(id: &str) -> String {
    match id.split_once('_') {
        Some((head, _)) => head.to_owned(),
        None if id.len() > 10 => id.chars().skip(6).take(10).collect(),
        None => id.to_owned(),
    }
}

#[test]
fn worldline_ids_against_the_plugins() {
    let eleven = "it always cuts ten characters after six: a wrong half of an id of eleven digits";
    for (id, why_magento, why_core_base) in [
        ("3261218192", "", ""),
        ("3261218192_0", "", ""),
        ("3261218192_7", "", ""),
        ("9000003261218192000", "", ""),
        ("9000003261218192007", "", ""),
        ("10083980755_0", "", ""),
        ("10083980755", "", "it takes an id of eleven digits for a long one"),
        ("9000010083980755000", "", eleven),
        ("90000010083980755000", "", eleven),
        ("9000003261218192000_0", "", "it does not unwrap a long id with an ending"),
        ("19000003261218192000", "", "it unwraps whatever is longer than ten characters"),
        ("111", "any id names a payment: refusing one would lose the event", ""),
        ("demo_0", "any id names a payment: refusing one would lose the event", ""),
    ] {
        let ours = PaymentId::parse(id).unwrap().inner.to_owned();
        compare(&format!("Magento: {id}"), by_magento(id), Some(ours.clone()), why_magento);
        compare(&format!("core-base: {id}"), by_core_base(id), ours, why_core_base);
    }
}

// --- Lyra: statuses ----------------------------------------------------------------------------

/// What a status means for the goods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goods {
    Deliver,
    Wait,
    Lost,
}

/// The plugins' lists (lyra.md 3.1): success delivers, pending waits, cancelled and what
/// is in no list has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum List {
    Success,
    Pending,
    /// In the pending list and in the one of what the merchant must validate.
    ToValidate,
    Cancelled,
    None,
}

impl List {
    fn goods(self) -> Goods {
        match self {
            Self::Success => Goods::Deliver,
            Self::Pending | Self::ToValidate => Goods::Wait,
            Self::Cancelled | Self::None => Goods::Lost,
        }
    }
}

/// Ours: delivered when released, lost when the order's state is that of a failed attempt.
fn goods(policy: Policy, statements: &[Statement]) -> Goods {
    let order = order(policy, statements);
    match order.summary(policy).state {
        _ if order.fulfilment().is_some() => Goods::Deliver,
        State::Refused | State::Cancelled | State::Expired => Goods::Lost,
        _ => Goods::Wait,
    }
}

/// Every word: their list, why ours is another when released on capture (the default), and why when
/// released on authorisation.
const WORDS: &[(&str, List, &str, &str)] = &[
    ("AUTHORISED", List::Success, "reserved is not taken: waits for the capture", ""),
    ("CAPTURED", List::Success, "", ""),
    ("ACCEPTED", List::Success, "a verification moves no money", "a verification moves no money"),
    (
        "PARTIALLY_AUTHORISED",
        List::Success,
        "reserved is not taken, and it is a part only",
        "only the part that was authorised counts",
    ),
    ("AUTHORISED_TO_VALIDATE", List::ToValidate, "", ""),
    ("WAITING_AUTHORISATION", List::Pending, "", ""),
    ("WAITING_AUTHORISATION_TO_VALIDATE", List::ToValidate, "", ""),
    ("UNDER_VERIFICATION", List::Pending, "", ""),
    ("INITIAL", List::Pending, "", ""),
    ("WAITING_FOR_PAYMENT", List::Pending, "", ""),
    ("PRE_AUTHORISED", List::Pending, "", ""),
    ("PENDING", List::Pending, "", ""),
    ("CAPTURE_PENDING", List::Pending, "", ""),
    ("SUSPENDED", List::Pending, "", ""),
    ("REFUND_TO_RETRY", List::Pending, "", ""),
    (
        "CAPTURE_FAILED",
        List::None,
        "the provider says to call: it is held, not given up",
        "the provider says to call: it is held, not given up",
    ),
    ("EXPIRED", List::None, "", ""),
    ("REFUSED", List::None, "", ""),
    ("CANCELLED", List::Cancelled, "", ""),
    ("ABANDONED", List::Cancelled, "", ""),
    ("NOT_CREATED", List::Cancelled, "", ""),
    (
        "AUTHORIZED",
        List::None,
        "a word that no table knows may be a good one: it waits, flagged",
        "a word that no table knows may be a good one: it waits, flagged",
    ),
];

#[test]
fn lyra_words_against_the_plugins_lists() {
    for (word, list, why_captured, why_secured) in WORDS {
        // A part of 100.00, as far as the plugins' rule can be told from ours.
        let reached = if *word == "PARTIALLY_AUTHORISED" { "4000" } else { "10000" };
        let payment = Form::single("CMD-1", "abc123", "CB", 10_000, word)
            .with("vads_effective_amount", reached);
        let payment = [form(&payment)];
        let theirs = list.goods();
        compare(word, theirs, goods(Policy::default(), &payment), why_captured);
        compare(&format!("{word}, secured"), theirs, goods(SECURED, &payment), why_secured);
    }
    for row in lyra::ROWS {
        assert!(WORDS.iter().any(|(word, ..)| *word == row.word), "{} has no row", row.word);
    }
}

/// The plugins' `isAcceptedPayment` is success or pending: used alone it would ship what is not paid.
#[test]
fn lyra_words_against_is_accepted_payment() {
    let shipped = "accepted there includes pending: it would ship what is not paid";
    for (word, list, ..) in WORDS {
        let theirs = matches!(list, List::Success | List::Pending | List::ToValidate);
        let ours = released(
            Policy::default(),
            &[form(&Form::single("CMD-1", "abc123", "CB", 10_000, word))],
        );
        let why = if theirs && *word != "CAPTURED" { shipped } else { "" };
        compare(word, theirs, ours, why);
    }
}

// --- Lyra: cascades ----------------------------------------------------------------------------

const VOUCHER: Share<'_> = Share("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "CVCO", 6_000, "CAPTURED");
const CARD: Share<'_> = Share("bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "CB", 4_000, "CAPTURED");

/// `PrestaShop` keeps of `vads_payment_seq` the shares with DEBIT and a status of success or pending
/// (section 4.3). Ours: whether the share counts towards the order.
#[test]
fn lyra_shares_against_prestashops_filter() {
    let waits = "it may still fail: it counts when it is captured";
    for (operation, word, theirs, why) in [
        ("DEBIT", "CAPTURED", true, ""),
        ("DEBIT", "AUTHORISED", true, waits),
        ("DEBIT", "PARTIALLY_AUTHORISED", true, waits),
        ("DEBIT", "ACCEPTED", true, "a verification's word moves no money"),
        ("DEBIT", "WAITING_AUTHORISATION", true, waits),
        ("DEBIT", "UNDER_VERIFICATION", true, waits),
        ("DEBIT", "SUSPENDED", true, waits),
        ("DEBIT", "REFUSED", false, ""),
        ("DEBIT", "CANCELLED", false, ""),
        ("DEBIT", "ABANDONED", false, ""),
        ("DEBIT", "EXPIRED", false, ""),
        ("DEBIT", "CAPTURE_FAILED", false, ""),
        ("CREDIT", "CAPTURED", false, ""),
        ("VERIFICATION", "CAPTURED", false, ""),
        ("VERIFICATION", "ACCEPTED", false, ""),
    ] {
        let cascade = cascade("CAPTURED", &[VOUCHER, Share(CARD.0, CARD.1, CARD.2, word)]);
        let mut list: Value =
            serde_json::from_str(cascade.get("vads_payment_seq").unwrap()).unwrap();
        list["transactions"][1]["operation_type"] = json!(operation);
        let cascade = cascade.with("vads_payment_seq", &list.to_string());
        let summary = order(Policy::default(), &[form(&cascade)]).summary(Policy::default());
        compare(&format!("{operation} {word}"), theirs, summary.captured == 10_000, why);
    }
}

fn cascade(status: &str, shares: &[Share<'_>]) -> Form {
    Form::cascade("CMD-1", "abc123", 10_000, status, shares)
}

/// What decides a cascade (section 4.3): `WooCommerce` and Magento go by the top level, none adds up the
/// shares, `PrestaShop` forces the last line to what is missing.
#[test]
fn lyra_cascades_against_the_plugins() {
    let short = Share(CARD.0, CARD.1, 3_999, "CAPTURED");
    let sum = "the shares decide: what they took has to cover the order";
    for (case, status, shares, theirs, why) in [
        ("both captured", "CAPTURED", vec![VOUCHER, CARD], Goods::Deliver, ""),
        ("the voucher alone under CAPTURED", "CAPTURED", vec![VOUCHER], Goods::Deliver, sum),
        ("a cent is missing", "CAPTURED", vec![VOUCHER, short], Goods::Deliver, sum),
        (
            "an authorised card under AUTHORISED",
            "AUTHORISED",
            vec![VOUCHER, Share(CARD.0, CARD.1, 4_000, "AUTHORISED")],
            Goods::Deliver,
            "reserved is not taken",
        ),
        (
            "refused at the top, covered by its shares",
            "REFUSED",
            vec![VOUCHER, CARD],
            Goods::Lost,
            "a contradiction is neither paid nor lost: held until the provider is asked",
        ),
        (
            "refused at the top, the voucher taken",
            "REFUSED",
            vec![VOUCHER, Share(CARD.0, CARD.1, 4_000, "REFUSED")],
            Goods::Lost,
            "the voucher's money is taken: the order is half paid, not lost",
        ),
        (
            "nothing taken",
            "REFUSED",
            vec![Share(VOUCHER.0, "CVCO", 6_000, "REFUSED")],
            Goods::Lost,
            "",
        ),
    ] {
        let ours = goods(Policy::default(), &[form(&cascade(status, &shares))]);
        compare(case, theirs, ours, why);
    }
}

/// The plugins see a cascade in a REST answer when more than one DEBIT is accepted and the transaction
/// at index 0 has the `sequenceType` `MULTI_PAYMENT_MEAN`; the filter keeps the old indices, so a refused
/// first transaction hides it (section 4.3). Ours: every transaction is a share, whatever it is called.
#[test]
fn lyra_rest_cascades_against_the_plugins() {
    let refused = Share("cccccccccccccccccccccccccccccccc", "CB", 4_000, "REFUSED");
    let hidden = "a refused first transaction hides the cascade from their check, not from a sum";
    for (case, shares, kind, theirs, why) in [
        ("two accepted, named so", vec![VOUCHER, CARD], "MULTI_PAYMENT_MEAN", true, ""),
        (
            "two accepted and a refusal behind",
            vec![VOUCHER, CARD, refused],
            "MULTI_PAYMENT_MEAN",
            true,
            "",
        ),
        ("a refusal first", vec![refused, VOUCHER, CARD], "MULTI_PAYMENT_MEAN", false, hidden),
        (
            "two accepted without the name",
            vec![VOUCHER, CARD],
            "MULTI_ATTEMPT",
            false,
            "two captured debits of one order are two shares of it",
        ),
        ("one accepted", vec![VOUCHER], "MULTI_PAYMENT_MEAN", false, ""),
        ("one accepted, one refused", vec![VOUCHER, refused], "MULTI_PAYMENT_MEAN", false, ""),
    ] {
        let mut answer = answer("CMD-1", "abc123", 10_000, ("PAID", "CLOSED"), &shares);
        for transaction in answer["transactions"].as_array_mut().unwrap() {
            transaction["transactionDetails"]["cardDetails"]["sequenceType"] = json!(kind);
        }
        let said = statement(read_lyra(&rest_body(REST_PASSWORD, &answer.to_string())));
        let summary = order(Policy::default(), &[said]).summary(Policy::default());
        let taken = summary.shares.iter().filter(|share| share.status == Status::Captured).count();
        compare(case, theirs, taken > 1, why);
    }
}

// --- Lyra: what undoes a payment ---------------------------------------------------------------

/// Magento ignores CANCELLED on a paid order unless it comes from the Back Office, or the REST order is
/// UNPAID and CLOSED (section 9). Ours: whether the order still counts as paid or reserved.
#[test]
fn lyra_cancellations_against_magento() {
    let uuid = quittance_testing::lyra::uuid(&["CMD-1", "abc123", "1"]);
    let share = |status| Share(&uuid, "CB", 10_000, status);
    let cancelled =
        |source| form(&Form::follow_up("CMD-1", "abc123", 1, source, share("CANCELLED")));
    let by_rest =
        |paid| statement(read_lyra(&rest("CMD-1", "abc123", 10_000, paid, &[share("CANCELLED")])));
    let other = form(&Form::single("CMD-1", "def456", "CB", 10_000, "ABANDONED"));
    let taken = "money that was taken comes back as a CREDIT only: no word undoes a capture";
    let any = "who said so does not matter: a cancelled authorisation brings no money";
    for (case, before, then, theirs, why) in [
        ("captured, PAY", "CAPTURED", cancelled("PAY"), true, ""),
        ("captured, BATCH", "CAPTURED", cancelled("BATCH"), true, ""),
        ("captured, Back Office", "CAPTURED", cancelled("MERCH_BO"), false, taken),
        ("captured, REST UNPAID CLOSED", "CAPTURED", by_rest(("UNPAID", "CLOSED")), false, taken),
        ("captured, REST UNPAID OPEN", "CAPTURED", by_rest(("UNPAID", "OPEN")), true, ""),
        ("captured, another attempt abandoned", "CAPTURED", other.clone(), true, ""),
        ("authorised, PAY", "AUTHORISED", cancelled("PAY"), true, any),
        ("authorised, BATCH", "AUTHORISED", cancelled("BATCH"), true, any),
        ("authorised, Back Office", "AUTHORISED", cancelled("MERCH_BO"), false, ""),
        ("authorised, REST UNPAID CLOSED", "AUTHORISED", by_rest(("UNPAID", "CLOSED")), false, ""),
        ("authorised, another attempt abandoned", "AUTHORISED", other, true, ""),
    ] {
        let paid = form(&Form::single("CMD-1", "abc123", "CB", 10_000, before));
        let state = order(Policy::default(), &[paid, then]).summary(Policy::default()).state;
        let ours = matches!(state, State::Captured | State::Authorised);
        compare(case, theirs, ours, why);
    }
}

/// Which calls count as news of the end of a payment (sections 1.5 and 1.6). A published client accepts
/// PAY alone and so drops every re-send. Ours: whether a captured payment of that source releases.
#[test]
fn lyra_sources_against_a_client_that_takes_pay_alone() {
    let dropped = "it speaks of the whole: dropping it would lose the payment";
    for (source, theirs, why) in [
        ("PAY", true, ""),
        ("RETRY", false, dropped),
        ("REC", false, dropped),
        ("DCF", false, dropped),
        ("VOICE_ORDER", false, dropped),
        ("BO", false, ""),
        ("MERCH_BO", false, ""),
        ("BATCH", false, ""),
        ("BATCH_AUTO", false, ""),
        ("FILE", false, ""),
    ] {
        let payment = Form::single("CMD-1", "abc123", "CB", 10_000, "CAPTURED");
        let said = form(&payment.with("vads_url_check_src", source));
        compare(source, theirs, released(Policy::default(), &[said]), why);
    }
}

// --- Lyra: who signed --------------------------------------------------------------------------

/// The vendor's Response and Client classes (lyra.md 2.2, 2.3 and 5): whether a message passes.
#[test]
fn lyra_signatures_against_the_vendors_classes() {
    let payment = || Form::single("CMD-1", "abc123", "CB", 10_000, "CAPTURED");
    let body = payment().body();
    let answer =
        answer("CMD-1", "abc123", 10_000, ("PAID", "CLOSED"), &[VOUCHER, CARD]).to_string();
    let rest = rest_body(REST_PASSWORD, &answer);
    let backslashes = rest.replace("V4%2F", "V4%5C%5C%2F");
    let blank = payment().with("vads_cust_name", " Jeanne ").body();
    for (case, body, theirs, why) in [
        ("a form", body.clone(), true, ""),
        ("blanks around a value are signed", blank.clone(), true, ""),
        ("and must not be trimmed", blank.replace("=+Jeanne+", "=Jeanne"), false, ""),
        ("fields without vads_ are not signed", format!("{body}&utm_source=mail"), true, ""),
        ("nor in another case", format!("{body}&VADS_x=1"), true, ""),
        (
            "a browser return (no vads_hash)",
            payment().without("vads_hash").body(),
            true,
            "a browser return is in the buyer's hands: no notification",
        ),
        (
            "a field twice",
            format!("{body}&vads_amount=10000"),
            true,
            "which of the two would be read is the stack's choice",
        ),
        ("SHA-1", quittance_testing::form_body_sha1(FORM_KEY, &payment().fields()), false, ""),
        (
            "the test key signs for production",
            form_body(FORM_KEY, &payment().with("vads_ctx_mode", "PRODUCTION").fields()),
            true,
            "their key follows the configured mode and never looks at the message's",
        ),
        ("a REST answer", rest.clone(), true, ""),
        ("slashes escaped on the way", rest.replace("V4%2F", "V4%5C%2F"), true, ""),
        (
            "more backslashes than that",
            backslashes,
            true,
            "their second try drops every backslash, of quotes too: another text than was signed",
        ),
        (
            "the browser's key, named by the sender",
            rest_body(FORM_KEY, &answer).replace("=password", "=sha256_hmac"),
            true,
            "who sends does not choose the key",
        ),
        ("another algorithm", rest.replace("=sha256_hmac", "=sha1_hmac"), false, ""),
    ] {
        let site = SiteKeys {
            form: Secret::new(&format!(" {FORM_KEY}\n")),
            rest_password: Secret::new(REST_PASSWORD),
            allow_sha1: false,
        };
        let keys = lyra::Keys::new([((SITE.to_owned(), Mode::Test), site)]).unwrap();
        compare(case, theirs, lyra::verify(&keys, body.as_bytes()).is_ok(), why);
    }
}

// --- Currencies --------------------------------------------------------------------------------

/// Lyra's table of currencies: ISO code, number, digits behind the point (lyra.md 3.5 and
/// plugin-magento's currency table). The PSP sends minor units and Quittance compares minor units, so
/// digits are for display only.
#[test]
fn currencies_against_lyras_table() {
    let disputed = "ISO 4217 has 2: whoever is right, an amount shown with a point may be wrong";
    for (code, number, digits, why) in [
        ("ARS", "032", 2, ""),
        ("AUD", "036", 2, ""),
        ("BRL", "986", 2, ""),
        ("CAD", "124", 2, ""),
        ("CHF", "756", 2, ""),
        ("CLP", "152", 0, ""),
        ("CNY", "156", 2, ""),
        ("COP", "170", 2, ""),
        ("CZK", "203", 2, ""),
        ("DKK", "208", 2, ""),
        ("EUR", "978", 2, ""),
        ("GBP", "826", 2, ""),
        ("HKD", "344", 2, ""),
        ("HUF", "348", 2, ""),
        ("IDR", "360", 0, disputed),
        ("INR", "356", 2, ""),
        ("JPY", "392", 0, ""),
        ("KHR", "116", 0, disputed),
        ("KRW", "410", 0, ""),
        ("KWD", "414", 3, ""),
        ("MAD", "504", 2, ""),
        ("MXN", "484", 2, ""),
        ("MYR", "458", 2, ""),
        ("NOK", "578", 2, ""),
        ("NZD", "554", 2, ""),
        ("PEN", "604", 2, ""),
        ("PHP", "608", 2, ""),
        ("PLN", "985", 2, ""),
        ("RUB", "643", 2, ""),
        ("SEK", "752", 2, ""),
        ("SGD", "702", 2, ""),
        ("THB", "764", 2, ""),
        ("TND", "788", 3, ""),
        ("TRY", "949", 2, ""),
        ("TWD", "901", 2, ""),
        ("USD", "840", 2, ""),
        ("UYU", "858", 2, ""),
        ("XOF", "952", 0, ""),
        ("XPF", "953", 0, ""),
        ("ZAR", "710", 2, ""),
    ] {
        let currency = Currency::from_alpha(code).unwrap();
        assert_eq!(Currency::from_numeric(number), Some(currency), "{code} is {number}");
        compare(code, Some(digits), currency.exponent(), why);
        let shown = currency.display(150_000).to_string();
        let point = if why.is_empty() && digits > 0 { 1 } else { 0 };
        assert_eq!(shown.matches('.').count(), point, "{shown}");
        assert_eq!(shown.contains("minor units"), !why.is_empty(), "{shown}");

        // Whatever is shown: the order is released for its minor units, and one less holds it.
        for (paid, covers) in [("150000", true), ("149999", false)] {
            let whole = Form::single("CMD-1", "abc123", "CB", 150_000, "REFUSED");
            let payment = Form::single("CMD-1", "def456", "CB", 0, "CAPTURED")
                .with("vads_amount", paid)
                .with("vads_effective_amount", paid)
                .with("vads_currency", number);
            let said = [form(&whole.with("vads_currency", number)), form(&payment)];
            let order = order(Policy::default(), &said);
            assert_eq!(order.fulfilment().is_some(), covers, "{code}");
            assert!(order.headline(Policy::default()).say(PROVIDERS).contains(&shown));
        }
    }
}
