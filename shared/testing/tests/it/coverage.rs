//! Every status, event type, source and spelling is shown by a sample that is believed.
//!
//! Numbers and words come from the core's own tables, so that a new row asks for a sample; what the core
//! has no table of is listed here by hand, from docs/providers.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use quittance_core::Currency;
use quittance_psp::{lyra, worldline};
use quittance_testing::samples::files;
use serde_json::Value;

/// One delivery that is answered with 200.
struct Sample {
    path: String,
    headers: Value,
    body: String,
}

/// The believed deliveries of one PSP.
fn samples(psp: &str) -> Vec<Sample> {
    let files: BTreeMap<String, String> = files().into_iter().collect();
    let json = |path: &str| serde_json::from_str::<Value>(&files[path]).unwrap();
    let mut samples = Vec::new();
    for path in files.keys().filter(|path| path.starts_with(psp)) {
        let Some(name) = path.strip_suffix(".expected.json") else { continue };
        let event = json(&format!("{name}.json"));
        if json(path)["answer"]["status"] != 200 || event["body"].is_null() {
            continue;
        }
        let body = event["body"].as_str().unwrap();
        let body = if event["isBase64Encoded"] == true {
            String::from_utf8(STANDARD.decode(body).unwrap()).unwrap()
        } else {
            body.to_owned()
        };
        samples.push(Sample { path: name.to_owned(), headers: event["headers"].clone(), body });
    }
    assert!(samples.len() > 50, "{psp}");
    samples
}

/// Fails with the names of all that no sample shows.
#[track_caller]
fn all_shown<T: AsRef<str>>(
    what: &str,
    wanted: impl IntoIterator<Item = T>,
    shown: &BTreeSet<String>,
) {
    let wanted: Vec<T> = wanted.into_iter().collect();
    assert!(!wanted.is_empty(), "{what}");
    let missing: Vec<&str> =
        wanted.iter().map(AsRef::as_ref).filter(|one| !shown.contains(*one)).collect();
    assert!(missing.is_empty(), "no sample shows these {what}: {missing:?}");
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

// --- Worldline ---------------------------------------------------------------------------------

/// The events of the believed deliveries: a body may hold one, or an array of them.
fn events() -> Vec<Value> {
    let bodies = samples("worldline/").into_iter();
    let parsed = bodies.filter_map(|sample| serde_json::from_str::<Value>(&sample.body).ok());
    parsed
        .flat_map(|body| match body {
            Value::Array(events) => events,
            event => vec![event],
        })
        .collect()
}

/// The payments and refunds in them.
fn objects() -> Vec<Value> {
    let of = |event: &Value| [event["payment"].clone(), event["refund"].clone()];
    events().iter().flat_map(of).filter(|object| object["id"].is_string()).collect()
}

fn output(object: &Value) -> &Value {
    if object["paymentOutput"].is_object() {
        &object["paymentOutput"]
    } else {
        &object["refundOutput"]
    }
}

#[test]
fn every_status_number_and_word_of_worldline() {
    let shown: BTreeSet<String> = objects()
        .iter()
        .flat_map(|object| {
            let number = text(&object["statusOutput"]["statusCode"]);
            [number.clone(), format!("{number} {}", text(&object["status"]))]
        })
        .collect();
    let wanted = worldline::ROWS.iter().flat_map(|row| {
        let words = row.words.iter().map(|word| format!("{} {word}", row.code));
        words.chain([row.code.to_string()])
    });
    all_shown("status numbers and words", wanted, &shown);
}

/// The words that plugins tolerate beside those of the table, and the categories. (worldline.md 3)
#[test]
fn every_other_word_and_category_of_worldline() {
    let words: BTreeSet<String> = objects().iter().map(|object| text(&object["status"])).collect();
    let tolerated = [
        "REVERSED",
        "PENDING_COMPLETION",
        "PENDING_APPROVAL",
        "PENDING_FRAUD_APPROVAL",
        "ACCOUNT_VERIFIED",
        "PAID",
        "CHARGEBACKED",
        "CHARGEBACK_NOTIFICATION",
        "CANCELLATION_REJECTED",
    ];
    all_shown("status words", tolerated, &words);
    let category = |object: &Value| text(&object["statusOutput"]["statusCategory"]);
    let categories = [
        "CREATED",
        "UNSUCCESSFUL",
        "PENDING_PAYMENT",
        "PENDING_MERCHANT",
        "PENDING_CONNECT_OR_3RD_PARTY",
        "COMPLETED",
        "REVERSED",
        "REFUNDED",
        "ACCOUNT_VERIFIED",
    ];
    all_shown("status categories", categories, &objects().iter().map(category).collect());
}

/// The documented list, and what is tolerated beside it. (worldline.md 2)
#[test]
fn every_event_type_of_worldline() {
    let documented = [
        "payment.created",
        "payment.redirected",
        "payment.authorization_requested",
        "payment.pending_approval",
        "payment.pending_completion",
        "payment.pending_capture",
        "payment.capture_requested",
        "payment.captured",
        "payment.rejected",
        "payment.rejected_capture",
        "payment.cancelled",
        "payment.refunded",
        "payment.chargebacked",
        "payment.test",
        "refund.refund_requested",
        "paymentlink.paid",
    ];
    let tolerated = [
        "payment.paid",
        "payment.pending_payment",
        "payment.pending_fraud_approval",
        "payment.account_verified",
        "payment.reversed",
        "payment.chargeback_notification",
        "refund.created",
        "refund.pending_approval",
        "refund.rejected",
        "refund.refunded",
        "refund.cancelled",
        "refund.captured",
    ];
    let shown: BTreeSet<String> = events().iter().map(|event| text(&event["type"])).collect();
    all_shown("event types", documented.iter().chain(&tolerated), &shown);
    // Of these families any event is treated alike.
    let family = |kind: &String| kind.split('.').next().unwrap_or_default().to_owned();
    let families = ["payout", "token", "dispute", "paymentlink"];
    all_shown("families of events", families, &shown.iter().map(family).collect());
}

#[test]
fn every_object_of_a_worldline_event() {
    let names = ["payment", "refund", "payout", "token", "paymentLink", "directBatch"];
    let shown = events()
        .iter()
        .flat_map(|event| event.as_object().unwrap().clone())
        .collect::<BTreeMap<_, _>>();
    all_shown("objects", names, &shown.into_keys().collect());
    let with_both = |event: &&Value| event["payment"].is_object() && event["refund"].is_object();
    assert!(events().iter().any(|event| with_both(&event)), "a refund object beside a payment");
}

/// (worldline.md 4, "Identifiers")
#[test]
fn every_spelling_of_a_payment_id() {
    let spelling = |object: &Value| {
        let id = text(&object["id"]);
        match (id.split_once('_'), id.len()) {
            (Some(_), _) => "with its operation",
            (None, 10 | 11) => "bare",
            (None, 19) => "19 digits",
            (None, 20) => "20 digits",
            _ => "another",
        }
        .to_owned()
    };
    let shown = objects().iter().map(spelling).collect();
    all_shown("spellings", ["with its operation", "bare", "19 digits", "20 digits"], &shown);
}

/// Each voucher product pays a part only. (worldline.md 4, "How a split shows")
#[test]
fn every_voucher_product_pays_half_of_an_order() {
    let shown = objects()
        .iter()
        .filter(|object| {
            let output = output(object);
            object["status"] == "CAPTURED"
                && output["acquiredAmount"]["amount"].as_u64()
                    < output["amountOfMoney"]["amount"].as_u64()
                && output["acquiredAmount"].is_object()
        })
        .map(|object| {
            text(&output(object)["redirectPaymentMethodSpecificOutput"]["paymentProductId"])
        })
        .collect();
    all_shown("voucher products", ["3112", "5402", "5403", "5412"], &shown);
    let ours = (0..10_000).filter(|product| worldline::is_voucher_product(*product));
    all_shown("voucher products", ours.map(|product| product.to_string()), &shown);
}

/// Section 1: one event, an array of one, of several; a first delivery and a retry. Section 2: `created`
/// in both shapes seen.
#[test]
fn every_envelope_of_worldline() {
    let samples = samples("worldline/");
    let bodies: Vec<Value> =
        samples.iter().filter_map(|sample| serde_json::from_str(&sample.body).ok()).collect();
    let shapes = bodies.iter().map(|body| match body {
        Value::Array(events) if events.len() == 1 => "an array of one",
        Value::Array(_) => "an array of several",
        _ => "an object",
    });
    let shown = shapes.map(str::to_owned).collect();
    all_shown("bodies", ["an object", "an array of one", "an array of several"], &shown);
    let retries: BTreeSet<String> =
        samples.iter().map(|sample| text(&sample.headers["retry-count"])).collect();
    all_shown("values of retry-count", ["0", "1"], &retries);
    let zone = |event: &Value| text(&event["created"]).chars().skip_while(|c| *c != '+').collect();
    let shown: BTreeSet<String> = events().iter().map(zone).collect();
    all_shown("zones of created", ["+01:00", "+0100"], &shown);
}

// --- Lyra --------------------------------------------------------------------------------------

/// The decoded fields of each believed delivery.
fn forms() -> Vec<(String, BTreeMap<String, String>)> {
    let decode = |text: &str| {
        let blanks = text.replace('+', " ");
        percent_encoding::percent_decode_str(&blanks).decode_utf8().unwrap().into_owned()
    };
    let fields = |body: &str| {
        let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
        pairs.map(|(name, value)| (decode(name), decode(value))).collect()
    };
    samples("systempay/").into_iter().map(|sample| (sample.path, fields(&sample.body))).collect()
}

/// The values of one field.
fn values(name: &str) -> BTreeSet<String> {
    forms().into_iter().filter_map(|(_, mut fields)| fields.remove(name)).collect()
}

/// The lists of shares.
fn lists() -> Vec<Value> {
    values("vads_payment_seq").iter().filter_map(|list| serde_json::from_str(list).ok()).collect()
}

/// The REST answers.
fn answers() -> Vec<Value> {
    let escaped = |answer: &String| serde_json::from_str(answer).ok();
    values("kr-answer").iter().filter_map(escaped).collect()
}

fn shares() -> Vec<Value> {
    let of = |list: &Value| {
        let list = list.get("transactions").or_else(|| list.get("transaction"));
        list.and_then(Value::as_array).cloned().unwrap_or_default()
    };
    lists().iter().flat_map(of).collect()
}

fn transactions() -> Vec<Value> {
    let of = |answer: &Value| answer["transactions"].as_array().cloned().unwrap_or_default();
    answers().iter().flat_map(of).collect()
}

#[test]
fn every_status_word_of_lyra() {
    // In the form's own field: a share or a REST answer may show it too, but this is the common one.
    let words = lyra::ROWS.iter().map(|row| row.word);
    all_shown("values of vads_trans_status", words, &values("vads_trans_status"));
    let of_shares = shares().iter().map(|share| text(&share["trans_status"])).collect();
    all_shown("statuses of shares", ["CAPTURED", "AUTHORISED", "REFUSED"], &of_shares);
    let detailed = transactions().iter().map(|t| text(&t["detailedStatus"])).collect();
    let words = ["CAPTURED", "REFUSED", "ABANDONED", "WAITING_AUTHORISATION"];
    all_shown("values of detailedStatus", words, &detailed);
}

/// FILE was asked about and not seen, and stands for what no table knows. (lyra.md 1.5)
#[test]
fn every_source_of_a_call() {
    let sources = [
        "PAY",
        "BO",
        "BATCH_AUTO",
        "BATCH",
        "REC",
        "MERCH_BO",
        "RETRY",
        "DCF",
        "VOICE_ORDER",
        "FILE",
    ];
    all_shown("values of vads_url_check_src", sources, &values("vads_url_check_src"));
}

/// (lyra.md 3.5)
#[test]
fn every_operation_plan_and_occurrence() {
    let operations = ["DEBIT", "CREDIT", "VERIFICATION"];
    all_shown("values of vads_operation_type", operations, &values("vads_operation_type"));
    let kind = |config: &String| config.split(':').next().unwrap_or_default().to_owned();
    let plans = values("vads_payment_config").iter().map(kind).collect();
    all_shown("kinds of vads_payment_config", ["SINGLE", "MULTI", "MULTI_EXT"], &plans);
    let in_rest =
        transactions().into_iter().map(|t| text(&t["transactionDetails"]["occurrenceType"]));
    let occurrences = values("vads_occurrence_type").into_iter().chain(in_rest).collect();
    let wanted = ["UNITAIRE", "RECURRENT_INITIAL", "RECURRENT_INTERMEDIAIRE", "RECURRENT_FINAL"];
    all_shown("occurrence types", wanted, &occurrences);
}

/// The list's two names, numbers as numbers and as texts, fields left out. (lyra.md 4.1)
#[test]
fn every_spelling_of_a_list_of_shares() {
    let spellings = |list: &Value| {
        let name = if list.get("transaction").is_some() { "transaction" } else { "transactions" };
        let share = list[name][0].clone();
        let amount = if share["amount"].is_number() { "numbers" } else { "texts" };
        let optional = if share.get("auth_result").is_some() { "whole" } else { "short" };
        [name, amount, optional].map(str::to_owned)
    };
    let shown = lists().iter().flat_map(spellings).collect();
    all_shown(
        "spellings of vads_payment_seq",
        ["transactions", "transaction", "numbers", "texts", "whole", "short"],
        &shown,
    );
}

/// (lyra.md 5)
#[test]
fn every_status_and_cycle_of_a_rest_order() {
    let shown = |name: &str| answers().iter().map(|answer| text(&answer[name])).collect();
    let statuses = ["PAID", "UNPAID", "RUNNING", "ABANDONED", "PARTIALLY_PAID"];
    all_shown("values of orderStatus", statuses, &shown("orderStatus"));
    all_shown("values of orderCycle", ["OPEN", "CLOSED"], &shown("orderCycle"));
    let statuses = transactions().iter().map(|t| text(&t["status"])).collect();
    let wanted = ["PAID", "RUNNING", "UNPAID", "ABANDONED"];
    all_shown("statuses of REST transactions", wanted, &statuses);
    let unnamed = |answer: &Value| answer["orderDetails"]["orderId"].is_null().to_string();
    all_shown("orders without a name", ["true", "false"], &answers().iter().map(unnamed).collect());
}

// --- Both --------------------------------------------------------------------------------------

/// Currencies with no, two and three decimals, and one of which nobody can say.
#[test]
fn every_kind_of_currency() {
    let kind = |currency: Option<Currency>| match currency.map(Currency::exponent) {
        None => "unknown".to_owned(),
        Some(None) => "disputed".to_owned(),
        Some(Some(digits)) => digits.to_string(),
    };
    let code = |object: &Value| text(&output(object)["amountOfMoney"]["currencyCode"]);
    let shown = objects().iter().map(|o| kind(Currency::from_alpha(&code(o)))).collect();
    all_shown("currencies of Worldline", ["0", "2", "3", "unknown"], &shown);
    let numbers = values("vads_currency");
    let shown = numbers.iter().map(|number| kind(Currency::from_numeric(number))).collect();
    all_shown("currencies of forms", ["0", "2", "3", "disputed", "unknown"], &shown);
    let code = |answer: &Value| text(&answer["orderDetails"]["orderCurrency"]);
    let shown = answers().iter().map(|a| kind(Currency::from_alpha(&code(a)))).collect();
    all_shown("currencies of REST answers", ["2", "3"], &shown);
}
