//! Every file of `vectors/lyra-api`.

use std::collections::BTreeSet;

use quittance_core::api::{Api, Asked, Effect, Exchange, Subject, TroubleKind, Verb};
use quittance_core::key::Account;
use quittance_core::provider::{Provider, Refused};
use quittance_core::{Fact, Flag, Mode, Order, OrderKey, Policy, Reading, State, Timestamp};
use quittance_psp::lyra::api::checkout::{
    LinkState, Means, Start, form, link, read_link, read_link_state, read_token, token,
};
use quittance_psp::lyra::api::errors::Sense;
use quittance_psp::lyra::api::{Credentials, returns};
use quittance_psp::lyra::{self, Lyra};
use quittance_testing::read::receipt;
use quittance_testing::url_encode;
use serde_json::{Value, json};

use super::{action, answered, eur, hold, request, told};
use crate::vectors::{json as file, list, text};

const SITE: &str = "12345678";
const ORDER: &str = "ORDER-2026-0001";
const PASSWORD: &str = "testpassword_SYNTHETICpasswordForQuittance01";

fn document() -> String {
    json!({SITE: {"test": {
        "rest_password": PASSWORD, "form": "1122334455667788",
        "hmac": "SYNTHETICHmacKeyForBrowserReturn0001",
    }}})
    .to_string()
}

fn account() -> Account {
    Account { psp: lyra::ID, merchant: SITE.to_owned(), mode: Mode::Test }
}

fn order() -> Order {
    Order::new(OrderKey::new(lyra::ID, SITE, Mode::Test, ORDER).unwrap())
}

fn api() -> Box<dyn Api> {
    Lyra.api(&document()).unwrap()
}

fn asked(order: &Order, body: &Value) -> Asked {
    let talk = api().ask(&Subject { order, checkouts: &[] }).unwrap();
    hold(talk, |_| answered(body)).0
}

/// The order after asking.
fn taken(body: &Value) -> Order {
    let mut order = order();
    for said in told(asked(&order, body)).statements {
        order.take(&said, &receipt(0), Policy::default()).unwrap();
    }
    order
}

#[test]
fn every_file_is_read_here() {
    let source = include_str!("vectors.rs");
    let Some(folder) = crate::vectors::folder() else { return };
    let files = std::fs::read_dir(folder.join("lyra-api")).unwrap();
    for file in files {
        let name = file.unwrap().file_name().into_string().unwrap();
        assert!(source.contains(&format!("file(\"lyra-api/{name}\")")), "{name} is not read");
    }
}

#[test]
fn sdk_test() {
    let Some(file) = file("lyra-api/sdk-test.json") else { return };
    let (tested, log) = hold(api().test(&account()).unwrap(), |_| answered(&file["body"]));
    assert_eq!(tested, Ok(()));
    let [call] = &log.calls[..] else { panic!("{log:?}") };
    assert_eq!(request(call), file["request"]);
    assert!(call.url.ends_with(text(&file, "path")));
    let authorization = call.headers.iter().find(|(name, _)| *name == "authorization").unwrap();
    assert_eq!(authorization.1, text(&file, "authorization"));
    assert_eq!(text(&file, "password"), PASSWORD);
}

#[test]
fn order_get_cascade() {
    let Some(file) = file("lyra-api/order-get-cascade.json") else { return };
    let mut names = BTreeSet::new();
    for case in list(&file, "cases") {
        let (name, body) = (text(case, "name"), &case["body"]);
        names.insert(name);
        let sums = |order: &Order| {
            let summary = order.summary(Policy::default());
            (summary.state, summary.expected, summary.captured, summary.authorised)
        };
        match name {
            "card-waiting-for-capture" => {
                let order = taken(body);
                assert_eq!(sums(&order), (State::PartiallyCaptured, Some(14_000), 6_000, 8_000));
                assert!(order.fulfilment().is_none());
            }
            "next-day-captured" => {
                let order = taken(body);
                assert_eq!(sums(&order), (State::Captured, Some(14_000), 14_000, 0));
                assert!(order.fulfilment().is_some());
            }
            "stranded-voucher" => {
                let order = taken(body);
                assert_eq!(sums(&order), (State::PartiallyCaptured, Some(14_000), 6_000, 0));
                assert!(order.summary(Policy::default()).voucher_waits.is_some());
                let Asked::Told(answer) = asked(&order, body) else { panic!() };
                assert!(!answer.ended);
            }
            "voucher-cancelled-by-platform" => {
                let order = taken(body);
                assert_eq!(sums(&order).2, 0);
                assert!(order.fulfilment().is_none());
            }
            "no-attempt-yet" | "too-many" => assert_eq!(asked(&order(), body), Asked::Unknown),
            other => panic!("new case: {other}"),
        }
    }
    assert_eq!(names.len(), 6);
}

#[test]
fn order_get_cascade_refunded() {
    let Some(file) = file("lyra-api/order-get-cascade-refunded.json") else { return };
    let order = taken(&file["body"]);
    let summary = order.summary(Policy::default());
    // The voucher's refund is final, the card's is not yet.
    assert_eq!((summary.captured, summary.refunded), (14_000, 6_000));
    assert_eq!(summary.state, State::PartiallyRefunded);
    assert!(order.fulfilment().is_none(), "it was given back before it was released");
}

#[test]
fn transaction_get() {
    let Some(file) = file("lyra-api/transaction-get.json") else { return };
    for case in list(&file, "cases") {
        let (name, uuid) = (text(case, "name"), text(&case["request"], "uuid"));
        // An order that is known by this uuid alone.
        let mut order = order();
        let listed = json!({
            "status": "SUCCESS", "webService": "Order/Get", "mode": "TEST",
            "answer": {
                "shopId": SITE, "orderStatus": "RUNNING", "orderCycle": "OPEN",
                "orderDetails": {"orderId": ORDER, "mode": "TEST", "orderTotalAmount": 14_000, "orderCurrency": "EUR"},
                "transactions": [{
                    "shopId": SITE, "uuid": uuid, "amount": 14_000, "currency": "EUR",
                    "paymentMethodType": "CARD", "status": "RUNNING", "operationType": "DEBIT",
                    "detailedStatus": "UNDER_VERIFICATION",
                }],
            },
        });
        for said in told(asked(&order, &listed)).statements {
            order.take(&said, &receipt(0), Policy::default()).unwrap();
        }
        let talk = api().ask(&Subject { order: &order, checkouts: &[] }).unwrap();
        let (asked, log) = hold(talk, |call| match call.name {
            "Transaction/Get" => answered(&case["body"]),
            _ => super::error("PSP_015"),
        });
        assert_eq!(request(&log.calls[1]), case["request"], "{name}");
        if name == "unknown" {
            assert_eq!(asked, Asked::Unknown);
            continue;
        }
        for said in told(asked).statements {
            order.take(&said, &receipt(1), Policy::default()).unwrap();
        }
        let summary = order.summary(Policy::default());
        let state = if name == "cvco-alone" { State::Authorised } else { State::Pending };
        assert_eq!((summary.state, summary.expected), (state, Some(14_000)), "{name}");
        assert_eq!(summary.shares.len(), 1, "{name}");
        assert!(!summary.flags.contains(&Flag::Ambiguous), "{name}");
    }
}

#[test]
fn cancel_or_refund() {
    let Some(file) = file("lyra-api/cancel-or-refund.json") else { return };
    for case in list(&file, "cases") {
        let (name, mut body) = (text(case, "name"), case["body"].clone());
        let is_cancel = name.starts_with("cancel") || name == "already-cancelled";
        let (verb, service) = match is_cancel {
            true => (Verb::Cancel, "Transaction/Cancel"),
            false => (Verb::Refund, "Transaction/Refund"),
        };
        // The two services answer as the one that picks between them.
        body["webService"] = json!(service);
        let answer = &body["answer"];
        let parent = &answer["transactionDetails"]["parentTransactionUuid"];
        let target = case["request"]["uuid"]
            .as_str()
            .or(parent.as_str())
            .or_else(|| answer["uuid"].as_str());
        let amount =
            case["request"]["amount"].as_u64().or_else(|| answer["amount"].as_u64()).unwrap_or(1);
        let action = quittance_core::api::Action {
            target: target.map_or_else(|| "0".repeat(32), str::to_owned),
            ..action(verb, amount)
        };
        let (effect, log) = hold(api().act(&account(), &action).unwrap(), |_| answered(&body));
        assert_eq!(log.calls.len(), 1, "{name}");
        if let Some(comment) = case["request"]["comment"].as_str() {
            assert!(comment.starts_with("intent"));
            assert_eq!(request(&log.calls[0])["comment"], json!(action.intent));
        }
        match answer["errorCode"].as_str() {
            Some(code) => {
                let Effect::Refused { why } = effect else { panic!("{name}: {effect:?}") };
                assert!(why.contains(code), "{why}");
            }
            None => {
                let psp_id = Some(text(answer, "uuid").to_owned());
                assert_eq!(effect, Effect::Taken { psp_id }, "{name}");
            }
        }
    }
}

#[test]
fn validate_and_update() {
    let Some(file) = file("lyra-api/validate-and-update.json") else { return };
    let validate = &file["validate"];
    let action = |of: &Value| quittance_core::api::Action {
        target: text(&of["request"], "uuid").to_owned(),
        ..action(Verb::Capture, 14_000)
    };
    let effect = |of: &Value, body: &Value| {
        hold(api().act(&account(), &action(of)).unwrap(), |_| answered(body)).0
    };
    let psp_id = Some(text(&validate["request"], "uuid").to_owned());
    assert_eq!(effect(validate, &validate["body"]), Effect::Taken { psp_id });
    let refused = effect(validate, &validate["wrongState"]);
    assert!(matches!(refused, Effect::Refused { why } if why.contains("PSP_503")));
    // What is never called answers nothing here.
    for body in ["bodyTransaction", "bodyResponseCode"] {
        let update = &file["update"];
        assert!(matches!(effect(update, &update[body]), Effect::Uncertain(_)), "{body}");
    }
}

#[test]
fn errors() {
    let Some(file) = file("lyra-api/errors.json") else { return };
    for case in list(&file, "cases") {
        let name = text(case, "name");
        let status = u16::try_from(case["httpStatus"].as_u64().unwrap()).unwrap();
        let body = case["rawBody"].as_str().map_or_else(|| case["body"].to_string(), str::to_owned);
        let heard = Exchange::Answered { status, body: body.into_bytes() };
        let talk = api().test(&account()).unwrap();
        let (tested, _) = hold(talk, |_| heard.clone());
        let (effect, _) =
            hold(api().act(&account(), &action(Verb::Refund, 1)).unwrap(), |_| heard.clone());
        let Some(code) = case["body"]["answer"]["errorCode"].as_str() else {
            assert!(matches!(effect, Effect::Uncertain(_)), "{name}");
            continue;
        };
        let kind = tested.unwrap_err().kind;
        let (of_read, of_write) = match Sense::of(code) {
            Sense::Credentials | Sense::NotOffered => (TroubleKind::Credentials, "nothing"),
            Sense::Busy => (TroubleKind::Unreachable, "nothing"),
            Sense::Platform => (TroubleKind::Unreachable, "uncertain"),
            Sense::Unknown => panic!("{name}: {code} is in no table"),
            _ => (TroubleKind::Garbled, "refused"),
        };
        let written = match effect {
            Effect::Refused { .. } => "refused",
            Effect::Nothing(_) | Effect::Failed(_) => "nothing",
            Effect::Uncertain(_) => "uncertain",
            Effect::Taken { .. } => "taken",
        };
        assert_eq!((kind, written), (of_read, of_write), "{name}");
    }
}

fn start(amount: u64, means: Means) -> Start<'static> {
    Start {
        order: ORDER,
        amount,
        currency: eur(),
        means,
        approval: false,
        locale: Some("fr_FR"),
        return_url: "https://shop.example.com/return",
        notification_url: Some("https://hooks.example.com/lyra"),
    }
}

#[test]
fn create_payment() {
    let Some(file) = file("lyra-api/create-payment.json") else { return };
    let held = Credentials::from_json(&document()).unwrap();
    let call = token(&held, &account(), &start(8_000, Means::Cards)).unwrap();
    // The vector says more of the customer.
    for (name, value) in request(&call).as_object().unwrap() {
        match name.as_str() {
            "transactionOptions" => {
                for (option, value) in value["cardOptions"].as_object().unwrap() {
                    assert_eq!(&file["request"][name]["cardOptions"][option], value, "{option}");
                }
            }
            _ => assert_eq!(&file["request"][name], value, "{name}"),
        }
    }
    let token = read_token(&account(), &answered(&file["body"])).unwrap();
    assert_eq!(token, text(&file["body"]["answer"], "formToken"));
}

#[test]
fn create_payment_order() {
    let Some(file) = file("lyra-api/create-payment-order.json") else { return };
    let held = Credentials::from_json(&document()).unwrap();
    let start = start(14_000, Means::Vouchers);
    let expires = Timestamp::parse(text(&file["request"], "expirationDate"));
    let call = link(&held, &account(), &start, expires).unwrap();
    let mut wanted = file["request"].clone();
    wanted.as_object_mut().unwrap().remove("metadata");
    assert_eq!(request(&call), wanted);
    let made = read_link(&account(), &start, &answered(&file["body"])).unwrap();
    assert_eq!(made.url, text(&file["body"]["answer"], "paymentURL"));
    assert_eq!(made.state, LinkState::Running);
    let read = read_link_state(&account(), &made.id, &answered(&file["get"]["body"])).unwrap();
    assert_eq!(read.state, LinkState::Paid);
    for word in list(&file, "statuses") {
        let mut body = file["get"]["body"].clone();
        body["answer"]["paymentOrderStatus"] = word.clone();
        let read = read_link_state(&account(), &made.id, &answered(&body)).unwrap();
        assert_ne!(read.state, LinkState::Unknown, "{word}");
    }
}

#[test]
fn form_request() {
    let Some(file) = file("lyra-api/form-request.json") else { return };
    let key = quittance_core::crypto::Secret::new(text(&file, "key")).unwrap();
    for vector in list(&file, "vectors") {
        let name = text(vector, "name");
        let parsed = lyra::Form::parse(text(vector, "body").as_bytes()).unwrap();
        for (algorithm, signature) in [
            (lyra::Algorithm::HmacSha256, "signatureHmacSha256"),
            (lyra::Algorithm::Sha1, "signatureSha1"),
        ] {
            let made = lyra::form_signature(&key, &parsed, algorithm);
            assert_eq!(made, text(vector, signature), "{name}");
        }
    }
    // Ours has every mandatory field, and what the voucher's form says it says too.
    let held = Credentials::from_json(&document()).unwrap();
    let now = Timestamp::parse("2026-01-15T10:03:00Z").unwrap();
    let made = form(&held, &account(), &start(14_000, Means::Vouchers), 0, now).unwrap();
    let own =
        |name: &str| made.fields.iter().find(|(known, _)| *known == name).map(|(_, v)| v.as_str());
    for name in list(&file, "mandatory") {
        assert!(own(name.as_str().unwrap()).is_some(), "{name}");
    }
    let cvco = list(&file, "vectors").iter().find(|vector| vector["name"] == "cvco").unwrap();
    for (name, value) in cvco["fields"].as_object().unwrap() {
        let differs =
            ["vads_trans_id", "vads_url_check", "vads_cust_email", "vads_ext_info_quittance"];
        if !differs.contains(&name.as_str()) {
            assert_eq!(own(name), value.as_str(), "{name}");
        }
    }
}

#[test]
fn form_return() {
    let Some(file) = file("lyra-api/form-return.json") else { return };
    let held = Credentials::from_json(&document()).unwrap();
    let keys = lyra::Keys::from_json(&document()).unwrap();
    for vector in list(&file, "vectors") {
        let name = text(vector, "name");
        let fields = vector["fields"].as_object().unwrap();
        let pairs = fields
            .iter()
            .map(|(name, value)| format!("{name}={}&", url_encode(value.as_str().unwrap())));
        let signature = url_encode(text(vector, "signatureHmacSha256"));
        let body = format!("{}signature={signature}", pairs.collect::<String>());
        let query = vector["query"].as_str().map(str::to_owned);
        for body in [Some(body), query].into_iter().flatten() {
            let returned = returns::verify(&held, body.as_bytes()).unwrap();
            assert_eq!((returned.order.as_deref(), &returned.account), (Some(ORDER), &account()));
            assert_eq!(returned.payment.as_deref(), Some("tx:20260115-904731"), "{name}");
            let refused = lyra::verify(&keys, body.as_bytes()).unwrap_err();
            assert_eq!(refused, Refused::NotANotification, "{name}");
            let forged = body.replace("14000", "1");
            assert_eq!(returns::verify(&held, forged.as_bytes()), Err(returns::NoReturn::Mismatch));
        }
    }
}

#[test]
fn kr_return() {
    let Some(file) = file("lyra-api/kr-return.json") else { return };
    let held = Credentials::from_json(&document()).unwrap();
    let keys = lyra::Keys::from_json(&document()).unwrap();
    let body = |of: &Value| {
        let part = |name: &str| format!("{name}={}&", url_encode(text(of, name)));
        let parts = ["kr-hash", "kr-hash-algorithm", "kr-hash-key", "kr-answer-type"].map(part);
        format!("{}kr-answer={}", parts.concat(), url_encode(text(&file, "krAnswer")))
    };
    let (browser, ipn) = (body(&file["browser"]), body(&file["ipn"]));
    let returned = returns::verify(&held, browser.as_bytes()).unwrap();
    assert_eq!((returned.order.as_deref(), returned.account), (Some(ORDER), account()));
    let verified = lyra::verify(&keys, ipn.as_bytes()).unwrap();
    let Reading::Order(said) = lyra::read(&verified, &[]) else { panic!() };
    assert!(said.facts.iter().any(|fact| matches!(fact, Fact::Share(_))));
    for pair in list(&file, "mustRefuse") {
        let body = match pair["use"].as_str() {
            Some(message) => body(&file[message]),
            None => {
                let mut message = file["browser"].clone();
                for name in ["kr-hash", "kr-hash-key"] {
                    message[name] = pair[name].clone();
                }
                body(&message)
            }
        };
        match text(pair, "at") {
            "notification" => assert!(lyra::verify(&keys, body.as_bytes()).is_err(), "{pair}"),
            "return" => assert!(returns::verify(&held, body.as_bytes()).is_err(), "{pair}"),
            other => panic!("{other}"),
        }
    }
}
