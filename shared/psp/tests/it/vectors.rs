//! Every published and generated vector about the two PSPs, read from a folder beside the checkout.
//!
//! `QUITTANCE_VECTORS` names that folder. Without it the tests say so and pass, because the vectors are
//! no part of the checkout; where `CI` is set their absence is a failure.

use quittance_psp::PROVIDERS;
use std::collections::BTreeMap;
use std::path::PathBuf;

use quittance_core::crypto::Secret;
use quittance_core::provider;
use quittance_core::{
    Fact, Flag, Kind, Mode, Order, Policy, Reading, Receipt, Standing, State, Statement, Status,
    Timestamp,
};
use quittance_psp::lyra::{self, Algorithm, SiteKeys};
use quittance_psp::worldline::{self, PaymentId};
use quittance_testing::{form_body, url_encode, worldline_signature};
use serde_json::Value;

/// The value of `QUITTANCE_VECTORS` where there are none, and CI is to know it.
const NONE: &str = "none";

/// The folder of the vectors, or `None` when there are none here and none are demanded. CI demands them
/// unless it is told that there are none: they are the PSPs' and others', and not ours to publish.
pub(crate) fn folder() -> Option<PathBuf> {
    if std::env::var("QUITTANCE_VECTORS").is_ok_and(|folder| folder == NONE) {
        eprintln!("skipped: told that there are no vectors");
        return None;
    }
    let folder = std::env::var_os("QUITTANCE_VECTORS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/psp/vectors"),
        PathBuf::from,
    );
    if !folder.is_dir() {
        assert!(
            std::env::var_os("CI").is_none(),
            "no vectors in {}: set QUITTANCE_VECTORS",
            folder.display()
        );
        eprintln!("skipped: no vectors in {}", folder.display());
        return None;
    }
    Some(folder)
}

/// The file of this name, where there are vectors.
pub(crate) fn file(name: &str) -> Option<Vec<u8>> {
    let path = folder()?.join(name);
    Some(std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

pub(crate) fn json(name: &str) -> Option<Value> {
    file(name).map(|bytes| serde_json::from_slice(&bytes).unwrap())
}

pub(crate) fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    let list = value[name].as_array().unwrap();
    assert!(!list.is_empty(), "{name} is empty");
    list
}

pub(crate) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} in {value}"))
}

fn folded(statement: &Statement) -> Order {
    let mut order = Order::new(statement.key.clone());
    let receipt = Receipt {
        received_at: Timestamp::from_unix(1_795_341_600).unwrap(),
        source: "webhook",
        sha256: String::new(),
    };
    order.take(statement, &receipt, Policy::default()).unwrap();
    order
}

// --- Worldline ---------------------------------------------------------------------------------

fn worldline_keys(id: &str, secret: &str) -> worldline::Keys {
    let secret = Secret::new(secret).unwrap();
    worldline::Keys::new([(
        id.to_owned(),
        worldline::Key { secret, mode: Mode::Test, merchant: None },
    )])
}

#[test]
fn worldline_signatures() {
    let Some(vectors) = json("worldline/webhook-signature-vectors.json") else {
        return;
    };
    let mut verified = 0;
    for vector in list(&vectors, "fromSdkTests").iter().chain(list(&vectors, "derivedHere")) {
        let name = text(vector, "name");
        let body = file(&format!("worldline/{}", text(vector, "bodyFile"))).unwrap();
        if let Some(length) = vector["bodyLength"].as_u64() {
            assert_eq!(body.len() as u64, length, "{name}");
        }
        let (id, secret) = (text(vector, "keyId"), text(vector, "secretKey"));
        let signature = text(vector, "headerSignature");
        let keys = worldline_keys(id, secret);
        let outcome =
            worldline::verify(&keys, &[signature.as_bytes()], &[id.as_bytes()], &body).map(|_| ());
        let valid = vector["expectValid"].as_bool().unwrap_or(true);
        let expected = if valid { Ok(()) } else { Err(provider::Refused::Mismatch) };
        assert_eq!(outcome, expected, "{name}");
        if let Some(computed) = vector["computedSignature"].as_str() {
            let computed =
                worldline::verify(&keys, &[computed.as_bytes()], &[id.as_bytes()], &body);
            assert!(computed.is_ok(), "{name}: the signature that its bytes really have");
        }
        verified += usize::from(valid);
    }
    assert!(verified > 0);
}

#[test]
fn worldline_signatures_that_must_not_pass() {
    let Some(vectors) = json("worldline/webhook-signature-vectors.json") else {
        return;
    };
    for vector in list(&vectors, "negativeFromSdkTests") {
        let name = text(vector, "name");
        let body = file(&format!("worldline/{}", text(vector, "bodyFile"))).unwrap();
        let keys = vector["secretKey"].as_str().map_or_else(worldline::Keys::default, |secret| {
            worldline_keys(text(vector, "keyId"), secret)
        });
        let header = |wanted: &str, field: &str| -> Vec<&[u8]> {
            match &vector["headers"] {
                Value::Array(pairs) => pairs
                    .iter()
                    .filter(|pair| pair[0].as_str().unwrap().eq_ignore_ascii_case(wanted))
                    .map(|pair| pair[1].as_str().unwrap().as_bytes())
                    .collect(),
                Value::Object(_) => Vec::new(),
                _ => vec![text(vector, field).as_bytes()],
            }
        };
        let signatures = header(worldline::SIGNATURE_HEADER, "headerSignature");
        let ids = header(worldline::KEY_ID_HEADER, "keyId");
        let refused = worldline::verify(&keys, &signatures, &ids, &body).map(|_| ()).unwrap_err();
        let expected = match text(vector, "expect") {
            "reject: signature mismatch" => provider::Refused::Mismatch,
            "reject: header not found" => provider::Refused::Missing,
            "reject: no key for key id" => provider::Refused::UnknownKey,
            _ => provider::Refused::Repeated,
        };
        assert_eq!(refused, expected, "{name}");
    }
}

#[test]
fn worldline_payment_ids() {
    let Some(vectors) = json("worldline/payment-id-forms.json") else {
        return;
    };
    for case in list(&vectors, "cases") {
        let id = PaymentId::parse(text(case, "input")).unwrap();
        assert_eq!(id.inner, text(case, "inner"), "{case}");
        // The file gives the long form's operation as its three digits.
        let operation =
            case["operation"].as_str().map(|o| if o.starts_with("000") { "0" } else { o });
        assert_eq!(id.operation, operation, "{case}");
    }
}

fn worldline_readings(body: &Value) -> Vec<Reading> {
    let keys = worldline_keys("id", "secret");
    let body = body.to_string();
    let signature = worldline_signature("secret", body.as_bytes());
    let verified = worldline::verify(&keys, &[signature.as_bytes()], &[b"id"], body.as_bytes());
    worldline::read(&verified.unwrap())
}

/// The statement about an order that this event is. Anything else fails the test.
fn worldline_statement(body: &Value) -> Statement {
    match worldline_readings(body).pop() {
        Some(Reading::Order(statement)) => *statement,
        other => panic!("{other:?} from {body}"),
    }
}

#[test]
fn worldline_samples_from_sources() {
    let Some(file) = json("worldline/samples-from-sources.json") else {
        return;
    };
    let mut webhooks = 0;
    for sample in list(&file, "samples") {
        let body = &sample["body"];
        if text(sample, "kind") != "webhook" {
            // An answer of the server API is no event: it must be told apart, not misread.
            let readings = worldline_readings(body);
            assert!(matches!(readings[..], [Reading::Unreadable(_)]), "{readings:?}");
            continue;
        }
        webhooks += 1;
        let statement = worldline_statement(body);
        assert_eq!(statement.key.to_string(), "worldline/AmastyDirect/test/test01");
        let order = folded(&statement);
        let view = order.view(Policy::default(), Timestamp::from_unix(0).unwrap(), PROVIDERS);
        assert!(order.fulfilment().is_none());
        match text(body, "type") {
            "payment.pending_capture" => {
                let surcharge = &body["payment"]["paymentOutput"]["surchargeSpecificOutput"];
                let due = 1500 + surcharge["surchargeAmount"]["amount"].as_u64().unwrap_or(0);
                assert_eq!((view.state, view.authorised), (State::Authorised, due));
                assert_eq!((view.expected, view.flags.len()), (Some(due), 0));
            }
            // Its status says requested and its number refunded: neither may be believed.
            "refund.refund_requested" => {
                assert_eq!(statement.standing(), Standing::Contradictory);
                assert_eq!((view.refunded, view.flags.contains(&Flag::Ambiguous)), (0, true));
            }
            other => panic!("new kind of sample: {other}"),
        }
    }
    assert!(webhooks > 0);
}

#[test]
fn worldline_samples_of_our_own() {
    let Some(file) = json("worldline/samples-synthetic.json") else {
        return;
    };
    let mut all: Option<Order> = None;
    for sample in list(&file, "samples") {
        let body = &sample["body"];
        let statement = worldline_statement(body);
        assert_eq!(statement.standing(), Standing::Sound, "{body}");
        let (object, output) = match body.get("payment") {
            Some(payment) => (payment, &payment["paymentOutput"]),
            None => (&body["refund"], &body["refund"]["refundOutput"]),
        };
        let code = object["statusOutput"]["statusCode"].as_u64().unwrap();
        let (kind, status) = match code {
            0 | 46 => (Kind::Debit, Status::Pending),
            1 => (Kind::Debit, Status::Cancelled),
            2 => (Kind::Debit, Status::Refused),
            5 | 91 | 93 => (Kind::Debit, Status::Authorised),
            9 => (Kind::Debit, Status::Captured),
            8 => (Kind::Credit, Status::Refunded),
            81 => (Kind::Credit, Status::Pending),
            83 => (Kind::Credit, Status::Refused),
            other => panic!("new status number {other}"),
        };
        let [Fact::Share(share)] = &statement.facts[..] else { panic!("{statement:?}") };
        assert_eq!((share.kind, share.meaning.status), (kind, status), "{body}");
        let order = folded(&statement);
        // A later operation states only its own amount, and not that of the order.
        let whole = object["id"].as_str().unwrap().ends_with("_0");
        let paid_in_full =
            code == 9 && whole && output["acquiredAmount"] == output["amountOfMoney"];
        assert_eq!(order.fulfilment().is_some(), paid_in_full, "{body}");
        match &mut all {
            None => all = Some(order),
            Some(all) => all.absorb(order),
        }
    }
    // The thirteen together are one order's life: paid 1,400.00 EUR, of which 400.00 went back.
    let summary = all.unwrap().summary(Policy::default());
    assert_eq!(summary.state, State::PartiallyRefunded);
    assert_eq!(
        (summary.expected, summary.captured, summary.refunded),
        (Some(140_000), 140_000, 40_000)
    );
}

// --- Lyra --------------------------------------------------------------------------------------

fn lyra_keys(site: &str, mode: Mode, keys: SiteKeys) -> lyra::Keys {
    lyra::Keys::new([((site.to_owned(), mode), keys)]).unwrap()
}

fn form_keys(site: &str, mode: Mode, key: &str, allow_sha1: bool) -> lyra::Keys {
    let form = Secret::new(key);
    lyra_keys(site, mode, SiteKeys { form, rest_password: None, allow_sha1 })
}

fn params(vector: &Value) -> BTreeMap<&str, &str> {
    let params = vector["params"].as_object().unwrap();
    params.iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap())).collect()
}

fn encoded(fields: &BTreeMap<&str, &str>, signature: &str) -> String {
    let pairs = fields.iter().map(|(name, value)| format!("{name}={}&", url_encode(value)));
    format!("{}signature={}", pairs.collect::<String>(), url_encode(signature))
}

/// Most published vectors are request forms: their signature is made alike, but they are no
/// notifications, which is what `verify` must say of them.
fn check_published_forms(name: &str, algorithm: Algorithm) {
    let Some(file) = json(name) else { return };
    for vector in list(&file, "vectors") {
        let id = text(vector, "id");
        let (key, signature) = (text(vector, "key"), text(vector, "signature"));
        let fields = params(vector);
        let body = encoded(&fields, signature);
        let form = lyra::Form::parse(body.as_bytes()).unwrap();
        let secret = Secret::new(key).unwrap();
        assert_eq!(lyra::form_signature(&secret, &form, algorithm), signature, "{id}");

        let keys = form_keys(fields["vads_site_id"], Mode::Test, key, true);
        let outcome = lyra::verify(&keys, body.as_bytes());
        if fields.contains_key("vads_hash") {
            let verified = outcome.unwrap();
            let reading = lyra::read(&verified, &[]);
            let Reading::Order(statement) = reading else { panic!("{id}: {reading:?}") };
            assert_eq!(statement.standing(), Standing::Sound, "{id}: {:?}", statement.doubt);
        } else {
            assert_eq!(outcome.unwrap_err(), provider::Refused::NotANotification, "{id}");
        }
    }
}

#[test]
fn lyra_published_forms() {
    check_published_forms("systempay/form_hmac_sha256_public.json", Algorithm::HmacSha256);
}

#[test]
fn lyra_published_sha1_forms() {
    check_published_forms("systempay/form_sha1_public.json", Algorithm::Sha1);
}

#[test]
fn lyra_generated_forms() {
    let Some(file) = json("systempay/form_hmac_sha256_generated.json") else {
        return;
    };
    let mut all: Option<Order> = None;
    for vector in list(&file, "vectors") {
        let id = text(vector, "id");
        let (key, body) = (text(vector, "key"), text(vector, "raw_body").as_bytes());
        let fields = params(vector);
        let mode = match fields["vads_ctx_mode"] {
            "TEST" => Mode::Test,
            _ => Mode::Production,
        };
        let sha1 = text(vector, "algorithm") == "SHA-1";
        let site = fields["vads_site_id"];
        let keys = form_keys(site, mode, key, sha1);
        if !vector["expect_valid"].as_bool().unwrap() {
            let refused = lyra::verify(&keys, body).unwrap_err();
            assert_eq!(refused, provider::Refused::Mismatch, "{id}");
            continue;
        }
        if sha1 {
            let strict = form_keys(site, mode, key, false);
            let refused = lyra::verify(&strict, body).unwrap_err();
            assert_eq!(refused, provider::Refused::Mismatch, "{id}");
        }
        let verified = lyra::verify(&keys, body).unwrap_or_else(|error| panic!("{id}: {error}"));
        let reading = lyra::read(&verified, &[]);
        let Reading::Order(statement) = reading else { panic!("{id}: {reading:?}") };
        let order = folded(&statement);
        assert!(order.fulfilment().is_none(), "{id}: nothing here is captured in full");
        let summary = order.summary(Policy::default());
        if !fields.contains_key("vads_card_brand") {
            // Neither brand nor card, kind of authorisation or country: nothing that a request of the
            // shop has not, but for words that a buyer can have typed. (docs/single-reading.md)
            assert_eq!(statement.standing(), Standing::Respellable, "{id}");
            assert_eq!(statement.doubt().unwrap().code(), "request");
            continue;
        }
        assert_eq!(statement.standing(), Standing::Sound, "{id}: {:?}", statement.doubt);
        match id {
            "cascade-mixed-captured-authorised" => {
                assert_eq!((summary.captured, summary.authorised), (1000, 9000), "{id}");
            }
            "cascade-complement-refused-cvco-cancelled" => {
                assert_eq!(summary.state, State::Refused, "{id}");
            }
            "cascade-incoherent-top-status" | "cascade-to-validate" => {
                assert_eq!((summary.authorised, summary.captured), (3000, 0), "{id}");
                assert_eq!(summary.state, State::Pending, "{id}");
            }
            "batch-capture-of-one-share" | "merchant-cancel-of-one-share" => {
                assert!(summary.flags.contains(&Flag::Ambiguous), "{id}");
            }
            _ => assert_eq!(summary.state, State::Authorised, "{id}"),
        }
        if id.starts_with("cascade") || id.starts_with("retry") {
            match &mut all {
                None => all = Some(order),
                Some(all) => all.absorb(order),
            }
        }
    }
    assert!(all.unwrap().facts().trusted() > 0);
}

#[test]
fn lyra_rest_hashes() {
    let mut believed = 0;
    for name in ["systempay/rest_kr_hash_public.json", "systempay/rest_kr_hash_generated.json"] {
        let Some(file) = json(name) else { return };
        for vector in list(&file, "vectors") {
            let id = text(vector, "id");
            let (key, answer) = (text(vector, "key"), text(vector, "kr-answer"));
            let rebuilt =
                ["kr-hash-key", "kr-hash-algorithm", "kr-answer-type", "kr-answer", "kr-hash"]
                    .map(|field| format!("{field}={}", url_encode(text(vector, field))))
                    .join("&");
            let body = vector["raw_body"].as_str().unwrap_or(&rebuilt);
            let site = serde_json::from_str::<Value>(answer).unwrap()["shopId"].clone();
            let rest_password = Secret::new(key);
            let keys = SiteKeys { form: None, rest_password, allow_sha1: false };
            let keys = lyra_keys(site.as_str().unwrap(), Mode::Test, keys);
            let outcome = lyra::verify(&keys, body.as_bytes());
            if text(vector, "kr-hash-key") != "password" {
                // The browser's key: refused whatever its signature, which is checked all the same.
                assert_eq!(outcome.unwrap_err(), provider::Refused::NotANotification, "{id}");
                let body = body.replace("kr-hash-key=sha256_hmac", "kr-hash-key=password");
                let body = body.replace("kr-hash-key=sha256%5Fhmac", "kr-hash-key=password");
                assert!(lyra::verify(&keys, body.as_bytes()).is_ok(), "{id}");
                continue;
            }
            if vector["expect_valid"].as_bool() == Some(false) {
                assert_eq!(outcome.unwrap_err(), provider::Refused::Mismatch, "{id}");
                continue;
            }
            let verified = outcome.unwrap_or_else(|error| panic!("{id}: {error}"));
            let reading = lyra::read(&verified, &[]);
            let Reading::Order(statement) = reading else { panic!("{id}: {reading:?}") };
            assert_eq!(statement.standing(), Standing::Sound, "{id}: {:?}", statement.doubt);
            let order = folded(&statement);
            let state = order.summary(Policy::default()).state;
            let expected =
                if id == "rest-refused-open" { State::Refused } else { State::Authorised };
            assert_eq!(state, expected, "{id}");
            believed += 1;
        }
    }
    assert!(believed > 0);
}

#[test]
fn lyra_payment_seq_samples() {
    let Some(file) = json("systempay/payment_seq_samples.json") else {
        return;
    };
    for sample in list(&file, "samples") {
        let (id, value) = (text(sample, "id"), text(sample, "value"));
        let total = sample["order_total"].as_str().unwrap_or("10000");
        let form = quittance_testing::lyra::Form::cascade("CMD-1", "599495", 0, "AUTHORISED", &[])
            .with("vads_amount", total)
            .with("vads_payment_seq", value);
        let keys = form_keys(quittance_testing::SITE, Mode::Test, "key", false);
        let body = form_body("key", &form.fields());
        let verified = lyra::verify(&keys, body.as_bytes()).unwrap();
        let reading = lyra::read(&verified, &[]);
        let Reading::Order(statement) = reading else { panic!("{id}: {reading:?}") };
        assert_eq!(statement.standing(), Standing::Sound, "{id}: {:?}", statement.doubt);
        let listed: Value = serde_json::from_str(value).unwrap();
        let listed = listed.get("transactions").or_else(|| listed.get("transaction")).unwrap();
        let listed = listed.as_array().unwrap();
        let summary = folded(&statement).summary(Policy::default());
        assert_eq!(summary.shares.len(), listed.len(), "{id}");
        let number = |v: &Value| v.as_u64().or_else(|| v.as_str().unwrap().parse().ok()).unwrap();
        let sum = |word: &str| -> u64 {
            let of_word = listed.iter().filter(|share| text(share, "trans_status") == word);
            of_word.map(|share| number(&share["amount"])).sum()
        };
        assert_eq!(summary.captured, sum("CAPTURED"), "{id}");
        assert_eq!(summary.authorised, sum("AUTHORISED"), "{id}");
        assert!(!summary.releasable, "{id}: none of the samples is captured in full");
    }
}
