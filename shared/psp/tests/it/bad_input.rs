//! Genuine and wrong: what a message with a mistake in it is taken for.
//!
//! Each message is signed as it stands, so nothing here is refused for its signature unless a row says
//! so. It is read, or kept in quarantine with a reason, or its order is held; it never panics, never
//! takes long, and no reason quotes it. One row, one reason.

use std::time::{Duration, Instant};

use quittance_core::crypto::Secret;
use quittance_core::limits::{
    MAX_BODY_BYTES, MAX_EVENTS_PER_NOTIFICATION, MAX_FORM_FIELDS, MAX_REFERENCE_BYTES,
    MAX_SHARES_PER_NOTIFICATION, MAX_WORD_BYTES,
};
use quittance_core::provider::Refused;
use quittance_core::{Kind, Mode, Order, Policy, Reading, Standing, Statement};
use quittance_psp::lyra::{self, SiteKeys};
use quittance_testing::json::{self, with};
use quittance_testing::lyra::{Form, Share, answer};
use quittance_testing::worldline::{Payment, refund};
use quittance_testing::{FORM_KEY, REST_PASSWORD, SITE, form_body, rest_body, rest_body_of_bytes};
use serde_json::{Value, json};

use quittance_testing::read::{read_worldline_bound, receipt};

/// A name as a buyer has one. It stands in every message here and in no reason.
const NAME: &str = "Jeanne Martin";

/// How long one message may take to be verified and read, unoptimised on a busy machine.
const LONGEST: Duration = Duration::from_secs(5);

const VOUCHER: Share<'_> = Share("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "CVCO", 6_000, "CAPTURED");
const CARD: Share<'_> = Share("bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "CB", 4_000, "CAPTURED");

// --- Messages ----------------------------------------------------------------------------------

/// A payment of 120.00 EUR and a surcharge of 2.40 EUR, captured.
fn event() -> Value {
    let mut event =
        Payment::new("CMD-1", "3254_0", 130, 9, 12_000).surcharge(240).acquired(12_240).json();
    event["payment"]["paymentOutput"]["customer"] = json!({"name": NAME});
    event
}

/// 120.00 EUR given back.
fn given_back() -> Value {
    let mut event = refund("CMD-1", "3254_1", 8, 12_000);
    event["refund"]["customer"] = json!({"name": NAME});
    event
}

/// 100.00 EUR by card, captured.
fn single() -> Form {
    Form::single("CMD-1", "abc123", "CB", 10_000, "CAPTURED").with("vads_cust_name", NAME)
}

/// 100.00 EUR by vouchers and card, captured.
fn cascade() -> Form {
    Form::cascade("CMD-1", "abc123", 10_000, "CAPTURED", &[VOUCHER, CARD])
        .with("vads_cust_name", NAME)
}

/// The shares of [`cascade`].
fn list() -> Value {
    serde_json::from_str(cascade().get("vads_payment_seq").unwrap()).unwrap()
}

/// The same as a REST answer.
fn rest() -> Value {
    let mut answer = answer("CMD-1", "abc123", 10_000, ("PAID", "CLOSED"), &[VOUCHER, CARD]);
    answer["customer"]["billingDetails"]["lastName"] = json!(NAME);
    answer
}

/// Something that carries a JSON text, and what the readings of one call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Carrier {
    Event,
    Answer,
    Seq,
}

impl Carrier {
    const ALL: [Self; 3] = [Self::Event, Self::Answer, Self::Seq];

    /// What a genuine message with this text says.
    fn read(self, text: impl AsRef<[u8]>) -> Vec<Reading> {
        let text = text.as_ref();
        timely(|| match self {
            Self::Event => read_worldline_bound(text, None),
            Self::Answer => vec![read_lyra(&rest_body_of_bytes(REST_PASSWORD, text))],
            Self::Seq => vec![read_form(&cascade(), "vads_payment_seq", Some(text))],
        })
    }

    fn valid(self) -> Value {
        match self {
            Self::Event => event(),
            Self::Answer => rest(),
            Self::Seq => list(),
        }
    }

    /// How its reasons begin.
    fn name(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Answer => "kr-answer",
            Self::Seq => "vads_payment_seq",
        }
    }
}

/// What a genuine Lyra body says.
fn read_lyra(body: &str) -> Reading {
    lyra::read(&verify_lyra(body.as_bytes()).unwrap(), &[])
}

fn verify_lyra(body: &[u8]) -> Result<lyra::Verified<'_>, Refused> {
    let site = SiteKeys {
        form: Secret::new(FORM_KEY),
        rest_password: Secret::new(REST_PASSWORD),
        allow_sha1: false,
    };
    let keys = lyra::Keys::new([((SITE.to_owned(), Mode::Test), site)]).unwrap();
    lyra::verify(&keys, body)
}

/// A form with one field replaced by any bytes, or left out, signed.
fn signed(form: &Form, name: &str, value: Option<&[u8]>) -> String {
    let mut fields: Vec<(&str, &[u8])> =
        form.fields().into_iter().map(|(name, value)| (name, value.as_bytes())).collect();
    fields.retain(|(known, _)| *known != name);
    fields.extend(value.map(|value| (name, value)));
    form_body(FORM_KEY, &fields)
}

#[track_caller]
fn read_form(form: &Form, name: &str, value: Option<&[u8]>) -> Reading {
    read_lyra(&signed(form, name, value))
}

/// Whatever it is, it does not take long.
#[track_caller]
fn timely<T>(act: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = act();
    assert!(start.elapsed() < LONGEST, "took {:?}", start.elapsed());
    result
}

/// The reason of a message in quarantine; it is short and quotes nothing.
#[track_caller]
fn reason(readings: &[Reading]) -> &str {
    let [Reading::Unreadable(unreadable)] = readings else { panic!("{readings:?}") };
    let reason = unreadable.reason.as_str();
    assert!(!reason.contains("Jeanne") && !reason.contains("497010"), "{reason}");
    assert!((5..=120).contains(&reason.len()), "{reason}");
    reason
}

/// The order after one statement.
fn order(statement: &Statement) -> Order {
    let mut order = Order::new(statement.key.clone());
    order.take(statement, &receipt(0), Policy::default()).unwrap();
    order
}

/// What became of a changed message, beside what the unchanged one says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// `F`: refused, 401.
    Refused,
    /// `U`: quarantine.
    Unreadable,
    /// `S`: the same statement, so that what was changed is not looked at.
    Same,
    /// `R`: another statement that still counts in full; what was changed decides nothing about money.
    Reworded,
    /// `K`: a statement about an order of another name.
    Elsewhere,
    /// `H`: kept, and it does not count: the order is held.
    Held,
}

impl Fate {
    #[track_caller]
    fn of(readings: &[Reading], unchanged: &[Reading]) -> Self {
        let [Reading::Order(unchanged)] = unchanged else { panic!("{unchanged:?}") };
        let [Reading::Order(changed)] = readings else {
            reason(readings);
            return Self::Unreadable;
        };
        let said = |s: &Statement| (s.facts.clone(), s.aliases.clone(), s.standing);
        if changed.key != unchanged.key {
            Self::Elsewhere
        } else if said(changed) == said(unchanged) {
            Self::Same
        } else if counts(changed) {
            Self::Reworded
        } else {
            Self::Held
        }
    }

    fn letter(self) -> char {
        match self {
            Self::Refused => 'F',
            Self::Unreadable => 'U',
            Self::Same => 'S',
            Self::Reworded => 'R',
            Self::Elsewhere => 'K',
            Self::Held => 'H',
        }
    }
}

/// Whether a debit is released, or a credit given back.
fn counts(statement: &Statement) -> bool {
    let order = order(statement);
    if statement.is_credit() {
        order.summary(Policy::default()).refunded > 0
    } else {
        order.fulfilment().is_some()
    }
}

// --- Every field of another type ---------------------------------------------------------------

/// What each field is replaced by, in the order of the letters of a row.
fn wrong_types() -> [Value; 7] {
    [json!(null), json!({}), json!([]), json!(""), json!(0), json!(true), json!(NAME)]
}

/// A row for every place of a message: its pointer, the fate for each of [`wrong_types`], and why. A
/// pointer that ends in `*` speaks of all places that begin so.
type Places = &'static [(&'static str, &'static str, &'static str)];

const NEEDED: &str = "nothing can be said without it";
const UNREAD: &str = "nobody looks at it";
const NAMES: &str = "it names, and a number names as well";

const EVENT: Places = &[
    ("", "UUUUUUU", NEEDED),
    ("/apiVersion", "UUUUUUU", "another version may mean anything"),
    ("/created", "SSSSSSS", UNREAD),
    ("/id", "SSSSSSS", "the envelope's id differs from re-send to re-send"),
    ("/merchantId", "UUUUKUK", "whose order it is; this key is bound to no merchant"),
    ("/type", "UUUUUUU", "none of these is the name of an event"),
    ("/payment", "UUUUUUU", NEEDED),
    (
        "/payment/hostedCheckoutSpecificOutput",
        "SSUUUUU",
        "what the checkout names must be looked for",
    ),
    ("/payment/hostedCheckoutSpecificOutput/hostedCheckoutId", "SSSSRSR", NAMES),
    ("/payment/hostedCheckoutSpecificOutput/v*", "SSSSSSS", UNREAD),
    ("/payment/id", "UUUURUR", NAMES),
    ("/payment/status", "HUUHHUH", "captured needs the word as well as the number"),
    ("/payment/statusOutput", "HHUUUUU", "captured needs the number as well as the word"),
    ("/payment/statusOutput/statusCode", "HUUUHUU", "0 and CAPTURED contradict each other"),
    ("/payment/statusOutput/statusCategory", "RUUHHUH", "it may be missing, not deny"),
    ("/payment/statusOutput/is*", "SSSSSSS", UNREAD),
    ("/payment/paymentOutput", "UUUUUUU", NEEDED),
    ("/payment/paymentOutput/amountOfMoney", "UUUUUUU", NEEDED),
    ("/payment/paymentOutput/amountOfMoney/amount", "UUUURUU", "0 is an amount: overpaid"),
    ("/payment/paymentOutput/amountOfMoney/currencyCode", "UUUUUUU", NEEDED),
    ("/payment/paymentOutput/acquiredAmount", "HUUUUUU", "without it nothing is proved"),
    ("/payment/paymentOutput/acquiredAmount/amount", "UUUUHUU", "0 is nothing"),
    ("/payment/paymentOutput/acquiredAmount/currencyCode", "UUUUUUU", "money has a currency"),
    ("/payment/paymentOutput/references", "KKUUUUU", "without one the payment names the order"),
    ("/payment/paymentOutput/references/merchantReference", "KUUKKUK", NAMES),
    ("/payment/paymentOutput/paymentMethod", "SUUSSUS", "the product says more"),
    ("/payment/paymentOutput/cardPaymentMethodSpecificOutput", "RRUUUUU", "only the method's name"),
    (
        "/payment/paymentOutput/cardPaymentMethodSpecificOutput/paymentProductId",
        "RUUURUU",
        "only the method's name; an unknown product is called by its number",
    ),
    ("/payment/paymentOutput/cardPaymentMethodSpecificOutput/a*", "SSSSSSS", UNREAD),
    ("/payment/paymentOutput/cardPaymentMethodSpecificOutput/card*", "SSSSSSS", UNREAD),
    ("/payment/paymentOutput/surchargeSpecificOutput", "RRUUUUU", "no surcharge: overpaid"),
    ("/payment/paymentOutput/surchargeSpecificOutput/mode", "SSSSSSS", UNREAD),
    ("/payment/paymentOutput/surchargeSpecificOutput/surchargeAmount", "RUUUUUU", "as above"),
    (
        "/payment/paymentOutput/surchargeSpecificOutput/surchargeAmount/amount",
        "UUUURUU",
        "no surcharge: overpaid",
    ),
    (
        "/payment/paymentOutput/surchargeSpecificOutput/surchargeAmount/currencyCode",
        "UUUUUUU",
        "money has a currency",
    ),
    ("/payment/paymentOutput/customer*", "SSSSSSS", UNREAD),
];

const REFUND: Places = &[
    ("", "UUUUUUU", NEEDED),
    ("/apiVersion", "UUUUUUU", "another version may mean anything"),
    ("/created", "SSSSSSS", UNREAD),
    ("/id", "SSSSSSS", "the envelope's id differs from re-send to re-send"),
    ("/merchantId", "UUUUKUK", "whose order it is; this key is bound to no merchant"),
    ("/type", "UUUUUUU", "none of these is the name of an event"),
    ("/refund", "UUUUUUU", NEEDED),
    ("/refund/customer*", "SSSSSSS", UNREAD),
    ("/refund/id", "UUUURUR", NAMES),
    ("/refund/status", "HUUHHUH", "refunded needs the word as well as the number"),
    ("/refund/statusOutput", "HHUUUUU", "refunded needs the number as well as the word"),
    ("/refund/statusOutput/statusCode", "HUUUHUU", "0 and REFUNDED contradict each other"),
    ("/refund/statusOutput/statusCategory", "RUUHHUH", "it may be missing, not deny"),
    ("/refund/statusOutput/is*", "SSSSSSS", UNREAD),
    ("/refund/refundOutput", "UUUUUUU", NEEDED),
    ("/refund/refundOutput/amountOfMoney", "UUUUUUU", NEEDED),
    ("/refund/refundOutput/amountOfMoney/amount", "UUUUHUU", "0 is nothing"),
    ("/refund/refundOutput/amountOfMoney/currencyCode", "UUUUUUU", NEEDED),
    ("/refund/refundOutput/references", "KKUUUUU", "without one the payment names the order"),
    ("/refund/refundOutput/references/merchantReference", "KUUKKUK", NAMES),
    ("/refund/refundOutput/paymentMethod", "RUURRUR", "only the method's name"),
];

const ANSWER: Places = &[
    ("", "UUUUUUU", NEEDED),
    ("/_type", "SSSSSSS", UNREAD),
    ("/serverDate", "SSSSSSS", UNREAD),
    ("/customer*", "SSSSSSS", UNREAD),
    ("/shopId", "SUUUUUU", "it must be the password's site; the transactions name it too"),
    ("/orderStatus", "SUUSSUS", "the transactions decide; only a word for lost would contradict"),
    ("/orderCycle", "SUUSSUS", "shown, not counted"),
    ("/orderDetails", "UUUUUUU", NEEDED),
    ("/orderDetails/_type", "SSSSSSS", UNREAD),
    ("/orderDetails/orderTotalAmount", "UUUUHUU", "an order of nothing is not paid"),
    ("/orderDetails/orderEffectiveAmount", "SSSSSSS", UNREAD),
    ("/orderDetails/orderCurrency", "UUUUUUU", NEEDED),
    ("/orderDetails/mode", "UUUUUUU", "it must be the password's"),
    ("/orderDetails/orderId", "KUUKKUK", NAMES),
    ("/transactions", "UUHUUUU", "none at all: an abandoned form says so"),
    ("/transactions/1*", "-", "as the first"),
    ("/transactions/0", "UUUUUUU", NEEDED),
    ("/transactions/0/_type", "SSSSSSS", UNREAD),
    ("/transactions/0/errorCode", "SSSSSSS", UNREAD),
    ("/transactions/0/shopId", "SUUUUUU", "it must be the password's site, where it is said"),
    ("/transactions/0/uuid", "RUURRUR", "day, transaction and number name the share as well"),
    ("/transactions/0/amount", "UUUUHUU", "0 leaves the order short"),
    ("/transactions/0/currency", "UUUUUUU", "money has a currency"),
    ("/transactions/0/paymentMethodType", "SUUSSUS", "the brand says more"),
    ("/transactions/0/status", "SUUHHUH", "it may be missing, not contradict"),
    ("/transactions/0/detailedStatus", "UUUHHUH", "a word that no table knows"),
    ("/transactions/0/operationType", "SUUUUUU", "a debit, where nothing else is said"),
    ("/transactions/0/transactionDetails", "RRUUUUU", "the uuid names the share"),
    ("/transactions/0/transactionDetails/sequenceNumber", "RUUURUU", "only a name"),
    (
        "/transactions/0/transactionDetails/effectiveAmount",
        "SUUUHUU",
        "what is effective counts: 0 covers nothing",
    ),
    (
        "/transactions/0/transactionDetails/effectiveCurrency",
        "SUUSSUS",
        "where it is not said, the smaller amount is certain",
    ),
    ("/transactions/0/transactionDetails/cardDetails", "RRUUUUU", "the uuid names the share"),
    (
        "/transactions/0/transactionDetails/cardDetails/effectiveBrand",
        "RUURRUR",
        "only the method's name",
    ),
    (
        "/transactions/0/transactionDetails/cardDetails/legacyTransId",
        "RUURRUR",
        "only the payment's other name",
    ),
    (
        "/transactions/0/transactionDetails/cardDetails/legacyTransDate",
        "RUURRUR",
        "only the payment's other name",
    ),
    ("/transactions/0/transactionDetails/cardDetails/pan", "SSSSSSS", UNREAD),
];

const SEQ: Places = &[
    ("", "UUUUUUU", NEEDED),
    ("/trans_id", "SUUSSUS", "each share says it too"),
    ("/transactions", "UUUUUUU", NEEDED),
    ("/transactions/1*", "-", "as the first"),
    ("/transactions/0", "UUUUUUU", NEEDED),
    ("/transactions/0/amount", "UUUUHUU", "0 leaves the order short"),
    ("/transactions/0/operation_type", "SUUUUUU", "a debit, where nothing else is said"),
    ("/transactions/0/card_brand", "UUUURUR", "any name is one"),
    ("/transactions/0/trans_uuid", "RUURRUR", "day, transaction and number name the share as well"),
    ("/transactions/0/trans_id", "SUUSHUH", "a share of another payment"),
    ("/transactions/0/sequence_number", "UUUURUU", "only a name, beside the uuid"),
    ("/transactions/0/trans_status", "UUUUHUH", "a word that no table knows"),
    ("/transactions/0/a*", "SSSSSSS", UNREAD),
    ("/transactions/0/c*", "SSSSSSS", UNREAD),
    ("/transactions/0/p*", "SSSSSSS", UNREAD),
];

/// The row for a place: the one that is exactly it, else the longest that begins it.
fn row(places: Places, at: &str) -> &'static (&'static str, &'static str, &'static str) {
    let exact = places.iter().find(|(place, ..)| *place == at);
    let begins = |(place, ..): &&(&str, &str, &str)| {
        place.strip_suffix('*').is_some_and(|begin| at.starts_with(begin))
    };
    let longest = || places.iter().filter(begins).max_by_key(|(place, ..)| place.len());
    exact.or_else(longest).unwrap_or_else(|| panic!("{at} has no row"))
}

fn check_places(carrier: Carrier, valid: &Value, places: Places) {
    let unchanged = carrier.read(valid.to_string());
    let [Reading::Order(statement)] = &unchanged[..] else { panic!("{unchanged:?}") };
    assert!(counts(statement) && statement.standing() == Standing::Sound);
    for (place, letters, why) in places {
        assert!(!why.is_empty() && (letters.len() == 7 || *letters == "-"), "{place}");
    }
    let mut wrong = Vec::new();
    for at in json::places(valid) {
        let (_, letters, why) = row(places, &at);
        if *letters == "-" {
            continue;
        }
        let fates: String = wrong_types()
            .into_iter()
            .map(|value| {
                let changed = with(valid, &at, value);
                Fate::of(&carrier.read(changed.to_string()), &unchanged).letter()
            })
            .collect();
        if fates != *letters {
            wrong.push(format!("{at:?} ({why}): {fates}, not {letters}"));
        }
    }
    assert!(wrong.is_empty(), "{carrier:?}, as {:?}: {wrong:#?}", wrong_types());
}

#[test]
fn every_field_of_a_worldline_payment_in_another_type() {
    check_places(Carrier::Event, &event(), EVENT);
}

#[test]
fn every_field_of_a_worldline_refund_in_another_type() {
    check_places(Carrier::Event, &given_back(), REFUND);
}

#[test]
fn every_field_of_a_rest_answer_in_another_type() {
    check_places(Carrier::Answer, &rest(), ANSWER);
}

#[test]
fn every_field_of_a_list_of_shares_in_another_type() {
    check_places(Carrier::Seq, &list(), SEQ);
}

/// Fields of the form format are all text. Left out, empty, and then these, in the order of the letters.
const WRONG_VALUES: [&[u8]; 5] = [b"0", NAME.as_bytes(), b"\0", b"+", b"\xff"];

const SHAPE: &str =
    "it has another shape than documented, so that other text may have been moved here";
const FREE: &str = "text that a person may have typed";

/// Every field of the form: its name, the fate when left out, empty, and for [`WRONG_VALUES`]; why.
const FIELDS: &[(&str, &str, &str)] = &[
    ("vads_action_mode", "SSHHHHH", SHAPE),
    ("vads_amount", "UUHUUUU", "an order of nothing is not paid"),
    ("vads_auth_mode", "SSSHHHH", SHAPE),
    ("vads_auth_number", "SSSSSSS", FREE),
    ("vads_auth_result", "SSSHHHH", SHAPE),
    ("vads_bank_label", "SSSSSSS", FREE),
    ("vads_capture_delay", "SSSHHHH", SHAPE),
    ("vads_card_brand", "RRRHHHH", "only the method's name, in its shape"),
    ("vads_card_country", "SSSHHHH", SHAPE),
    ("vads_card_number", "SSSSSSS", FREE),
    ("vads_contract_used", "SSSSSSS", FREE),
    ("vads_ctx_mode", "FFFFFFF", "it finds the key"),
    ("vads_currency", "UUUUUUU", "money has a currency"),
    ("vads_cust_email", "SSSSSSS", FREE),
    ("vads_cust_name", "SSSSSSS", FREE),
    ("vads_cust_phone", "SSSSSSS", FREE),
    ("vads_effective_amount", "SSHHHHH", SHAPE),
    ("vads_effective_currency", "SSHHHHH", SHAPE),
    ("vads_expiry_month", "SSSHHHH", SHAPE),
    ("vads_expiry_year", "SSSHHHH", SHAPE),
    ("vads_extra_result", "SSSHHHH", SHAPE),
    ("vads_hash", "FFHHHHF", "only a notification has one"),
    ("vads_language", "SSSHHHH", SHAPE),
    ("vads_operation_type", "HHUUUUH", "a reference without an operation may hide another one"),
    ("vads_order_id", "KKKKKKU", "it names the order"),
    ("vads_page_action", "SSHHHHH", SHAPE),
    ("vads_payment_config", "SSHHHHH", SHAPE),
    ("vads_payment_src", "SSSHHHH", SHAPE),
    ("vads_presentation_date", "SSHHHHH", SHAPE),
    ("vads_result", "SSSHHHH", SHAPE),
    ("vads_sequence_number", "RRHUUUH", "only a name beside the uuid; 0 is that of a cascade"),
    ("vads_site_id", "FFFFFFF", "it finds the key"),
    ("vads_threeds_cavv", "SSSHHHH", SHAPE),
    ("vads_trans_date", "UUUUUUU", "half of the payment's name"),
    ("vads_trans_id", "UUUUUUU", "half of the payment's name"),
    ("vads_trans_status", "UUHHHHU", "a word that no table knows"),
    ("vads_trans_uuid", "RRHHHHH", "day, transaction and number name the share as well"),
    ("vads_url_check_src", "HHHHHHH", "only a known source speaks of the whole"),
    ("vads_validation_mode", "SSSHHHH", SHAPE),
    ("vads_version", "SSSHHHH", SHAPE),
    ("vads_warranty_result", "SSSHHHH", SHAPE),
];

#[test]
fn every_field_of_a_form_left_out_empty_and_wrong() {
    let form = single();
    let unchanged = [read_lyra(&form.body())];
    let mut wrong = Vec::new();
    for (name, _) in form.fields() {
        let row = FIELDS.iter().find(|(known, ..)| *known == name);
        let (_, letters, why) = row.unwrap_or_else(|| panic!("{name} has no row"));
        let values = [None, Some(&b""[..])].into_iter().chain(WRONG_VALUES.map(Some));
        let fates: String = values
            .map(|value| {
                let body = signed(&form, name, value);
                let Ok(verified) = verify_lyra(body.as_bytes()) else {
                    return Fate::Refused.letter();
                };
                Fate::of(&[lyra::read(&verified, &[])], &unchanged).letter()
            })
            .collect();
        if fates != *letters {
            wrong.push(format!("{name} ({why}): {fates}, not {letters}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

// --- Texts that are no JSON, or too much of it -------------------------------------------------

#[test]
fn texts_that_cannot_be_read_say_where_they_are_wrong() {
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(10_000), close.repeat(10_000));
    for carrier in Carrier::ALL {
        let valid = carrier.valid().to_string();
        let with = |text: &str| [text.as_bytes(), valid.as_bytes()].concat();
        let behind = |text: &[u8]| [valid.as_bytes(), text].concat();
        let inside = |text: &[u8]| [b"{\"x\":", text, b",", &valid.as_bytes()[1..]].concat();
        let wrong = "is not JSON";
        let typed = "has a field of another type, or twice";
        for (case, text, says) in [
            ("nothing at all", vec![], "ends too early"),
            ("a blank", b" ".to_vec(), "ends too early"),
            ("cut in the middle", valid.as_bytes()[..valid.len() / 2].to_vec(), "ends too early"),
            ("cut before its end", valid.as_bytes()[..valid.len() - 1].to_vec(), "ends too early"),
            ("a byte order mark", with("\u{feff}"), wrong),
            ("garbage before", with("x"), wrong),
            ("garbage behind", behind(b"x"), wrong),
            ("a NUL behind", behind(b"\0"), wrong),
            ("a second value behind", behind(b"{}"), wrong),
            ("a NUL inside", inside(b"\"\0\""), wrong),
            ("a line feed in a text", inside(b"\"\n\""), wrong),
            ("an escape that is none", inside(b"\"\\x41\""), wrong),
            ("not a number", inside(b"NaN"), wrong),
            ("a plus before a number", inside(b"+1"), wrong),
            ("a zero before a number", inside(b"01"), wrong),
            ("single quotes", inside(b"'x'"), wrong),
            ("a comment", inside(b"/* x */ 1"), wrong),
            ("a comma too many", inside(b"[1,]"), wrong),
            ("ten thousand arrays", deep("[", "]").into_bytes(), ""),
            ("ten thousand objects", deep("{\"a\":", "}").into_bytes(), wrong),
            ("a number", b"1".to_vec(), typed),
            ("too large a number", b"1e400".to_vec(), ""),
            ("a text", format!("\"{NAME}\"").into_bytes(), typed),
            ("true", b"true".to_vec(), typed),
            ("null", b"null".to_vec(), typed),
        ] {
            let readings = carrier.read(&text);
            let reason = reason(&readings);
            if carrier == Carrier::Seq && text.is_empty() {
                assert_eq!(reason, "MULTI without vads_payment_seq");
                continue;
            }
            assert!(reason.contains(says), "{carrier:?}, {case}: {reason}");
            assert!(reason.starts_with(carrier.name()), "{carrier:?}, {case}: {reason}");
            assert!(reason.contains("line "), "{carrier:?}, {case}: {reason}");
        }
    }
}

/// What nobody looks at may be as it likes, as long as it is JSON.
#[test]
fn nonsense_in_a_field_that_nobody_reads_does_no_harm() {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    for carrier in Carrier::ALL {
        let valid = carrier.valid().to_string();
        let unchanged = carrier.read(&valid);
        for (case, text) in [
            ("ten thousand arrays", deep.as_str()),
            ("too large a number", "1e400"),
            ("a number of five thousand digits", &"9".repeat(5_000)),
            ("an escaped NUL", "\"\\u0000\""),
            ("half a surrogate pair", "\"\\ud800\""),
            ("a name twice", "{\"a\":1,\"a\":2}"),
            ("an empty name", "{\"\":1}"),
            ("a name of a thousand characters", &format!("{{\"{}\":1}}", "n".repeat(1_000))),
        ] {
            let text = format!("{{\"x\":{text},{}", &valid[1..]);
            assert_eq!(carrier.read(&text), unchanged, "{carrier:?}, {case}");
        }
    }
}

/// Half a surrogate pair is no character, so a text that is read must not have one.
#[test]
fn half_a_surrogate_pair_is_no_text() {
    for (carrier, place) in [
        (Carrier::Event, "/payment/paymentOutput/references/merchantReference"),
        (Carrier::Event, "/payment/status"),
        (Carrier::Answer, "/orderDetails/orderId"),
        (Carrier::Answer, "/transactions/0/uuid"),
        (Carrier::Seq, "/transactions/0/card_brand"),
    ] {
        for half in ["\\ud800", "\\udc00", "\\udc00\\ud800", "x\\ud800x", "\\ud800\\u0041"] {
            let mut message = carrier.valid();
            *message.pointer_mut(place).unwrap() = json!("@");
            let text = message.to_string().replace("\"@\"", &format!("\"{half}\""));
            assert!(reason(&carrier.read(text)).contains("is not JSON"), "{place} {half}");
        }
        let mut message = carrier.valid();
        *message.pointer_mut(place).unwrap() = json!("@");
        let whole = message.to_string().replace('@', "\\ud83d\\ude00");
        assert!(matches!(carrier.read(whole)[..], [Reading::Order(_)]), "{place}");
    }
}

/// A name that is read must be there once: which of two would count is anyone's guess.
#[test]
fn a_name_that_is_read_must_be_there_once() {
    for (carrier, name) in [
        (Carrier::Event, "apiVersion"),
        (Carrier::Event, "merchantId"),
        (Carrier::Event, "type"),
        (Carrier::Event, "payment"),
        (Carrier::Event, "status"),
        (Carrier::Event, "statusOutput"),
        (Carrier::Event, "statusCode"),
        (Carrier::Event, "statusCategory"),
        (Carrier::Event, "paymentOutput"),
        (Carrier::Event, "amountOfMoney"),
        (Carrier::Event, "acquiredAmount"),
        (Carrier::Event, "amount"),
        (Carrier::Event, "currencyCode"),
        (Carrier::Event, "references"),
        (Carrier::Event, "merchantReference"),
        (Carrier::Event, "paymentProductId"),
        (Carrier::Event, "surchargeAmount"),
        (Carrier::Answer, "orderStatus"),
        (Carrier::Answer, "orderDetails"),
        (Carrier::Answer, "orderTotalAmount"),
        (Carrier::Answer, "orderCurrency"),
        (Carrier::Answer, "orderId"),
        (Carrier::Answer, "mode"),
        (Carrier::Answer, "transactions"),
        (Carrier::Answer, "uuid"),
        (Carrier::Answer, "amount"),
        (Carrier::Answer, "detailedStatus"),
        (Carrier::Answer, "operationType"),
        (Carrier::Answer, "sequenceNumber"),
        (Carrier::Seq, "transactions"),
        (Carrier::Seq, "amount"),
        (Carrier::Seq, "trans_status"),
        (Carrier::Seq, "operation_type"),
        (Carrier::Seq, "trans_uuid"),
    ] {
        let valid = carrier.valid().to_string();
        let doubled =
            valid.replacen(&format!("\"{name}\":"), &format!("\"{name}\":null,\"{name}\":"), 1);
        assert_ne!(doubled, valid, "{name}");
        let readings = carrier.read(&doubled);
        assert!(reason(&readings).contains("twice"), "{carrier:?} {name}");
    }
    // The list of shares under both its names.
    let both = format!("{{\"transaction\":[],{}", &list().to_string()[1..]);
    assert!(reason(&Carrier::Seq.read(both)).contains("one list"));
}

// --- Amounts -----------------------------------------------------------------------------------

/// Where a message says an amount that is read.
const AMOUNTS: &[(Carrier, &str)] = &[
    (Carrier::Event, "/payment/paymentOutput/amountOfMoney/amount"),
    (Carrier::Event, "/payment/paymentOutput/acquiredAmount/amount"),
    (Carrier::Event, "/payment/paymentOutput/surchargeSpecificOutput/surchargeAmount/amount"),
    (Carrier::Answer, "/orderDetails/orderTotalAmount"),
    (Carrier::Answer, "/transactions/0/amount"),
    (Carrier::Seq, "/transactions/0/amount"),
];

#[test]
fn an_amount_is_whole_and_not_negative_and_of_twelve_digits_at_most() {
    for (raw, read, why) in [
        ("0", true, "nothing is an amount"),
        ("1", true, "a cent"),
        ("999999999999", true, "twelve digits"),
        ("\"12000\"", true, "digits in a text: the published sample has them"),
        ("\"012000\"", true, "the zeros of a fixed width"),
        ("1000000000000", false, "thirteen digits"),
        ("\"1000000000000\"", false, "thirteen digits in a text"),
        ("9223372036854775808", false, "beyond a signed number"),
        ("18446744073709551615", false, "the most a number holds"),
        ("18446744073709551616", false, "beyond what a number holds"),
        ("\"18446744073709551616\"", false, "the same in a text"),
        ("-1", false, "negative"),
        ("-0", false, "negative, if nothing"),
        ("\"-1\"", false, "negative in a text"),
        ("1.5", false, "half a cent"),
        ("12000.0", false, "a fraction, if of nothing: it may be euros"),
        ("120.00", false, "euros"),
        ("\"120.00\"", false, "euros in a text"),
        ("\"120,00\"", false, "euros in a text"),
        ("1.2e4", false, "an exponent"),
        ("12e3", false, "an exponent"),
        ("\"12e3\"", false, "an exponent in a text"),
        ("1e400", false, "beyond every number"),
        ("\"+12000\"", false, "a sign"),
        ("\" 12000\"", false, "a blank"),
        ("\"12 000\"", false, "a blank for thousands"),
        ("\"12\\u00a0000\"", false, "a narrow one"),
        ("\"\\u0661\\u0662\"", false, "digits of another script"),
        ("\"0x2ee0\"", false, "another base"),
        ("\"\"", false, "no digits"),
        ("012000", false, "a zero before a JSON number"),
        ("[12000]", false, "a list"),
        ("{\"amount\":12000}", false, "an object"),
        ("true", false, "no number"),
    ] {
        for (carrier, place) in AMOUNTS {
            let mut message = carrier.valid();
            *message.pointer_mut(place).unwrap() = json!("@");
            let readings = carrier.read(message.to_string().replace("\"@\"", raw));
            match &readings[..] {
                [Reading::Order(_)] => assert!(read, "{carrier:?} {place} {raw}: {why}"),
                other => {
                    reason(other);
                    assert!(!read, "{carrier:?} {place} {raw}: {why}: {other:?}");
                }
            }
        }
    }
}

#[test]
fn an_amount_of_a_form_is_of_digits_alone() {
    for (text, read, why) in [
        ("0", true, "nothing is an amount"),
        ("10000", true, "as documented"),
        ("000000010000", true, "zeros before, twelve digits in all"),
        ("999999999999", true, "twelve digits"),
        ("0000000010000", true, "thirteen digits say an amount, if in another shape: held"),
        ("1000000000000", false, "too large"),
        ("99999999999999999999999", false, "beyond every number"),
        ("-1", false, "a sign"),
        ("+1", false, "a sign"),
        ("100.00", false, "euros"),
        ("100,00", false, "euros"),
        ("1e4", false, "an exponent"),
        (" 10000", false, "a blank"),
        ("10000\n", false, "a line feed"),
        ("١٠", false, "digits of another script"),
        ("", false, "no digits"),
    ] {
        match read_form(&single(), "vads_amount", Some(text.as_bytes())) {
            Reading::Order(statement) => {
                assert!(read, "{text:?}: {why}");
                let sound = statement.standing() == Standing::Sound;
                assert_eq!(sound, text.len() <= 12, "{text:?}: {why}");
            }
            other => {
                assert!(reason(&[other]).contains("vads_amount"));
                assert!(!read, "{text:?}: {why}");
            }
        }
    }
}

/// The sums of a message whose amounts are as large as they may be.
#[test]
fn the_largest_amounts_add_up() {
    let share = |n: usize| {
        json!({"amount": 999_999_999_999_u64, "card_brand": "CB", "sequence_number": n,
            "trans_status": "CAPTURED", "trans_uuid": format!("{n:032}")})
    };
    let shares: Vec<Value> = (1..=MAX_SHARES_PER_NOTIFICATION).map(share).collect();
    let readings = Carrier::Seq.read(json!({"transactions": shares}).to_string());
    let [Reading::Order(statement)] = &readings[..] else { panic!("{readings:?}") };
    let summary = order(statement).summary(Policy::default());
    assert_eq!(summary.captured, 999_999_999_999 * MAX_SHARES_PER_NOTIFICATION as u64);
}

// --- Currencies --------------------------------------------------------------------------------

#[test]
fn a_currency_is_known_and_spelled_as_its_format_does() {
    let alpha = [
        ("EUR", true, "three letters"),
        ("eur", false, "in lower case"),
        ("Eur", false, "in mixed case"),
        ("978", false, "a number where letters belong"),
        ("EURO", false, "four letters"),
        ("EU", false, "two letters"),
        ("EUR ", false, "a blank"),
        ("€", false, "a sign"),
        ("ZZZ", false, "of no country"),
        ("XXX", false, "no currency"),
        ("XTS", false, "for tests"),
        ("XAU", false, "gold has no minor unit"),
        ("", false, "none"),
        ("\0\0\0", false, "no letters"),
    ];
    for (code, read, why) in alpha {
        for (carrier, place, names) in [
            (Carrier::Event, "/payment/paymentOutput/amountOfMoney/currencyCode", "amountOfMoney"),
            (
                Carrier::Event,
                "/payment/paymentOutput/acquiredAmount/currencyCode",
                "acquiredAmount",
            ),
            (Carrier::Answer, "/orderDetails/orderCurrency", "orderCurrency"),
            (Carrier::Answer, "/transactions/0/currency", "currency of a transaction"),
        ] {
            let mut message = carrier.valid();
            *message.pointer_mut(place).unwrap() = json!(code);
            let readings = carrier.read(message.to_string());
            if read {
                assert!(matches!(readings[..], [Reading::Order(_)]), "{code:?}: {why}");
            } else {
                assert!(reason(&readings).contains(names), "{code:?}: {why}");
            }
        }
    }
    for (number, read, why) in [
        ("978", true, "three digits"),
        ("036", true, "a zero before belongs to it"),
        ("36", false, "without its zero"),
        ("0978", false, "a zero too many"),
        ("EUR", false, "letters where a number belongs"),
        ("000", false, "of no country"),
        ("999", false, "no currency"),
        ("963", false, "for tests"),
        ("959", false, "gold has no minor unit"),
        ("+78", false, "a sign"),
        ("97", false, "two digits"),
        ("", false, "none"),
    ] {
        let reading = read_form(&single(), "vads_currency", Some(number.as_bytes()));
        if read {
            assert!(matches!(reading, Reading::Order(_)), "{number:?}: {why}");
        } else {
            assert!(reason(&[reading]).contains("vads_currency"), "{number:?}: {why}");
        }
    }
}

// --- References and words ----------------------------------------------------------------------

#[test]
fn a_reference_may_be_any_text_that_is_not_too_long() {
    let (longest, too_long) =
        ("r".repeat(MAX_REFERENCE_BYTES), "r".repeat(MAX_REFERENCE_BYTES + 1));
    let accents = "é".repeat(MAX_REFERENCE_BYTES / 2 + 1);
    for (text, read, why) in [
        ("CMD 1/2?#%", true, "what means something in a path"),
        ("\0", true, "a byte of nothing"),
        ("\r\nX: y", true, "what means something in a header"),
        ("\u{202e}\u{10ffff}", true, "what turns the line around"),
        ("../../orders", true, "what means something to a file system"),
        ("'; DROP TABLE orders; --", true, "what means something to a database"),
        (&longest, true, "as long as it may be"),
        (&too_long, false, "a byte too long"),
        (&accents, false, "too long in bytes, not in characters"),
        (&"r".repeat(200_000), false, "far too long"),
        ("tx:20261122-vic001", false, "as the name of another payment"),
        ("tx:3254569999", false, "the same"),
        ("tx:", false, "as a name begins"),
        ("TX:1", true, "not as a name begins"),
    ] {
        let mut event = event();
        event["payment"]["paymentOutput"]["references"]["merchantReference"] = json!(text);
        let mut answer = rest();
        answer["orderDetails"]["orderId"] = json!(text);
        for (readings, names) in [
            (Carrier::Event.read(event.to_string()), "merchantReference"),
            (Carrier::Answer.read(answer.to_string()), "orderId"),
            (vec![read_form(&single(), "vads_order_id", Some(text.as_bytes()))], "vads_order_id"),
        ] {
            match &readings[..] {
                [Reading::Order(statement)] if read => {
                    assert_eq!(statement.key.order, text, "{why}");
                    // Its path is one segment, and leads back to it.
                    let path = statement.key.to_string();
                    assert!(path.split('/').count() == 4 && path.is_ascii(), "{path}");
                    assert_eq!(path.parse(), Ok(statement.key.clone()), "{why}");
                }
                other => {
                    assert!(reason(other).contains(names), "{why}");
                    assert!(!read, "{names}: {why}");
                }
            }
        }
    }
}

#[test]
fn words_and_names_are_bounded() {
    let long = "W".repeat(MAX_WORD_BYTES + 1);
    let name = "n".repeat(MAX_REFERENCE_BYTES + 1);
    for (carrier, place, value, says) in [
        (Carrier::Event, "/type", format!("payment.{long}"), "type"),
        (Carrier::Event, "/merchantId", name.clone(), "merchantId"),
        (Carrier::Event, "/payment/id", name.clone(), "payment id"),
        (Carrier::Event, "/payment/status", long.clone(), "status"),
        (Carrier::Answer, "/transactions/0/detailedStatus", long.clone(), "status"),
        (Carrier::Answer, "/transactions/0/uuid", name.clone(), "no usable id"),
        (
            Carrier::Answer,
            "/transactions/0/transactionDetails/cardDetails/effectiveBrand",
            long.clone(),
            "brand",
        ),
        (Carrier::Seq, "/transactions/0/trans_status", long.clone(), "status"),
        (Carrier::Seq, "/transactions/0/card_brand", long.clone(), "brand"),
        (Carrier::Seq, "/transactions/0/trans_uuid", name, "no usable id"),
    ] {
        let mut message = carrier.valid();
        *message.pointer_mut(place).unwrap() = json!(value);
        assert!(reason(&carrier.read(message.to_string())).contains(says), "{place}");
    }
    for (field, says) in [("vads_trans_status", "status"), ("vads_card_brand", "brand")] {
        let reading = read_form(&single(), field, Some(long.as_bytes()));
        assert!(reason(&[reading]).contains(says), "{field}");
    }
}

// --- Lists -------------------------------------------------------------------------------------

#[test]
fn a_list_of_ten_thousand_is_refused_whole_and_says_how_many_it_may_have() {
    let many = |element: &str| format!("[{}]", vec![element; 10_000].join(","));
    let share = r#"{"amount":1,"card_brand":"CB","sequence_number":1,"trans_status":"CAPTURED"}"#;
    let transaction = r#"{"amount":1,"currency":"EUR","uuid":"a","detailedStatus":"CAPTURED"}"#;
    let answer = |list: &str| {
        let mut answer = rest();
        answer["transactions"] = json!("@");
        answer.to_string().replace("\"@\"", list)
    };
    let most = MAX_SHARES_PER_NOTIFICATION.to_string();
    assert_eq!(MAX_EVENTS_PER_NOTIFICATION, MAX_SHARES_PER_NOTIFICATION, "{most}");
    for (case, carrier, text) in [
        ("events", Carrier::Event, many("{}")),
        ("numbers for events", Carrier::Event, many("1")),
        ("whole events", Carrier::Event, many(&json!({"apiVersion": "v1"}).to_string())),
        ("shares", Carrier::Seq, format!("{{\"transactions\":{}}}", many(share))),
        (
            "shares under the other name",
            Carrier::Seq,
            format!("{{\"transaction\":{}}}", many(share)),
        ),
        ("empty shares", Carrier::Seq, format!("{{\"transactions\":{}}}", many("{}"))),
        ("transactions", Carrier::Answer, answer(&many(transaction))),
        ("empty transactions", Carrier::Answer, answer(&many("{}"))),
    ] {
        assert!(reason(&carrier.read(text)).contains(&most), "{case}");
    }
}

#[test]
fn an_array_of_wrong_elements_loses_no_right_one() {
    let wrong = ["null", "1", "\"x\"", "[]", "{}", "[{}]", "{\"apiVersion\":\"v2\"}"];
    let elements: Vec<&str> = wrong.to_vec();
    let right = event().to_string();
    let text = format!("[{},{right},{}]", elements.join(","), elements.join(","));
    let readings = Carrier::Event.read(text);
    let orders = readings.iter().filter(|r| matches!(r, Reading::Order(_))).count();
    let unreadable = readings.iter().filter(|r| matches!(r, Reading::Unreadable(_))).count();
    assert_eq!((orders, unreadable), (1, 2 * wrong.len()));
    for reading in &readings {
        if matches!(reading, Reading::Unreadable(_)) {
            reason(std::slice::from_ref(reading));
        }
    }
}

// --- Bytes -------------------------------------------------------------------------------------

#[test]
fn bytes_that_are_no_text_are_kept_for_a_person_wherever_they_are_read() {
    for (bytes, why) in [
        (&b"\xff"[..], "no byte of UTF-8"),
        (b"\xc0\x80", "a NUL in two bytes"),
        (b"\xed\xa0\x80", "half a surrogate pair"),
        (b"\xf4\x90\x80\x80", "beyond the last character"),
        (b"\xe9", "Latin-1"),
        (b"\xc3", "half a character"),
    ] {
        for carrier in [Carrier::Event, Carrier::Answer, Carrier::Seq] {
            let valid = carrier.valid().to_string();
            for place in ["\"x\":\"@\"", "\"@\":1", "@\"x\":1"] {
                let text = format!("{{{place},{}", &valid[1..]);
                let (before, after) = text.split_once('@').unwrap();
                let text = [before.as_bytes(), bytes, after.as_bytes()].concat();
                let readings = carrier.read(text);
                let names = if carrier == Carrier::Seq { carrier.name() } else { "UTF-8" };
                assert!(reason(&readings).contains(names), "{carrier:?}: {why}: {readings:?}");
            }
        }
        // Free text of a form is signed as bytes and read by nobody.
        let unchanged = [read_lyra(&single().body())];
        let reading = read_form(&single(), "vads_bank_label", Some(bytes));
        assert_eq!(Fate::of(&[reading], &unchanged), Fate::Same, "{why}");
        // A name that is no text is no documented one.
        let body = signed(&single(), "vads_zz", Some(b"x"));
        assert!(body.contains("vads_zz="));
        let renamed = body.replace("vads_zz=", "vads_zz%FF=");
        let reading = read_lyra(&renamed);
        assert_eq!(Fate::of(&[reading], &unchanged), Fate::Held, "{why}");
    }
}

/// A stray percent sign stands for itself, as in browsers; what was signed is the decoded value.
#[test]
fn percent_signs_that_encode_nothing_stand_for_themselves() {
    let unchanged = [read_lyra(&single().body())];
    for (value, encoded, why) in [
        ("100%", "100%", "at the end"),
        ("100%2", "100%2", "before one digit"),
        ("100%zz", "100%zz", "before no digits"),
        ("%%%", "%%%", "many"),
        ("%u0041", "%u0041", "an encoding of another kind"),
        ("a b", "a%20b", "a blank in its other spelling"),
        ("a+b", "a%2bb", "lower case"),
        ("é", "é", "not encoded at all"),
    ] {
        let body = signed(&single(), "vads_cust_name", Some(b"@"));
        let right = signed(&single(), "vads_cust_name", Some(value.as_bytes()));
        let signature = right.rsplit('&').next().unwrap();
        let body = body.replace("vads_cust_name=%40", &format!("vads_cust_name={encoded}"));
        let (fields, _) = body.rsplit_once('&').unwrap();
        let reading = read_lyra(&format!("{fields}&{signature}"));
        assert_eq!(Fate::of(&[reading], &unchanged), Fate::Same, "{why}");
    }
}

#[test]
fn a_field_twice_is_refused_in_every_spelling_of_its_name() {
    let form = single().body();
    let rest = rest_body(REST_PASSWORD, &rest().to_string());
    for (body, why) in [
        (format!("{form}&vads_amount=10000"), "behind, the same value"),
        (format!("vads_amount=1&{form}"), "before, another value"),
        (format!("{form}&vads_amount"), "without a value"),
        (format!("{form}&vads%5Famount=10000"), "its name encoded"),
        (format!("{form}&%76ads_amount=10000"), "its first letter encoded"),
        (format!("{form}&vads_cust_name=x"), "one that nobody reads"),
        (format!("{form}&signature=x"), "the signature"),
        (format!("{rest}&kr-answer=x"), "the answer"),
        (format!("{rest}&kr-hash=x"), "the hash"),
        (format!("{rest}&kr%2Dhash=x"), "the hash, encoded"),
        (format!("{rest}&kr-src=PAY&kr-src=PAY"), "one that nobody reads"),
    ] {
        assert_eq!(verify_lyra(body.as_bytes()).unwrap_err(), Refused::Repeated, "{why}");
    }
    assert_eq!(
        verify_lyra(format!("{form}&{rest}").as_bytes()).unwrap_err(),
        Refused::Missing,
        "both formats in one"
    );
    let many = format!("{form}{}", "&x=1".repeat(MAX_FORM_FIELDS));
    assert_eq!(verify_lyra(many.as_bytes()).unwrap_err(), Refused::TooMany);
}

// --- As large as it may be ---------------------------------------------------------------------

/// Signed bodies of [`MAX_BODY_BYTES`] that are made to be slow.
#[test]
fn the_largest_messages_are_read_in_time() {
    let fill = |unit: &str, room: usize| unit.repeat(room / unit.len());
    for unit in ["[", "{\"a\":", "\"\\u00e9\",", "1,", "{},", "[[[[]]]],", "\\/", "9", " "] {
        let text = fill(unit, MAX_BODY_BYTES - 2);
        for text in [text.clone(), format!("[{text}"), format!("{{\"transactions\":[{text}")] {
            Carrier::Event.read(&text);
            Carrier::Seq.read(&text);
            Carrier::Answer.read(&text);
        }
    }
    let form = single().body();
    let room = MAX_BODY_BYTES - form.len() - 1;
    for unit in ["&", "=&", "%", "%41", "+", "x=1&", "vads_x=1&", "kr-"] {
        let body = format!("{form}&{}", fill(unit, room));
        timely(|| {
            let _ = verify_lyra(body.as_bytes());
        });
    }
    // Landmarks of the form's text, over and over, in free text that is signed.
    for unit in ["+20261122100000+abc123+CAPTURED", "+TEST+978", "+DEBIT", "+MULTI:first=1"] {
        let text = fill(unit, MAX_BODY_BYTES / 3);
        let reading = timely(|| read_form(&single(), "vads_cust_name", Some(text.as_bytes())));
        let Reading::Order(statement) = reading else { panic!("{reading:?}") };
        assert_eq!(statement.standing(), Standing::Respellable, "{unit}");
        assert!(statement.facts.iter().all(|fact| !matches!(fact,
            quittance_core::Fact::Share(share) if share.kind != Kind::Debit)));
    }
}
