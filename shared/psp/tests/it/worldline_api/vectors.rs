//! Every file of `worldline-api` among the vectors, read by a test of its own.

use std::collections::BTreeSet;

use quittance_core::api::{Asked, Effect, Exchange, Method, TroubleKind, Verb};
use quittance_core::crypto::Secret;
use quittance_core::{Flag, Kind, Policy, State, Timestamp};
use quittance_psp::worldline::api::checkout::{self, Means, Polling, Returned, Step, Wanted};
use quittance_psp::worldline::api::{Signed, date, idempotence_key};
use serde_json::{Value, json};

use super::talk::{
    PAYMENT, Platform, account, acted, action, after, answered, api, eur, registered, talk,
};
use crate::vectors::{file, json as vectors_json, list, text};

const ORDER: &str = "ORDER-2026-0001";

fn vectors(name: &str) -> Option<Value> {
    vectors_json(&format!("worldline-api/{name}.json"))
}

/// The case of this name.
fn case<'a>(vectors: &'a Value, name: &str) -> &'a Value {
    let found = list(vectors, "cases").iter().find(|case| text(case, "name").starts_with(name));
    found.unwrap_or_else(|| panic!("no case {name}"))
}

/// The files are those that have a test here.
#[test]
fn every_file_is_read() {
    if file("worldline-api/errors.json").is_none() {
        return;
    }
    let folder = std::env::var_os("QUITTANCE_VECTORS").map_or_else(
        || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/psp/vectors"),
        Into::into,
    );
    let files = folder.join("worldline-api").read_dir().unwrap();
    let files: BTreeSet<String> =
        files.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let own = include_str!("vectors.rs");
    for name in &files {
        let name = name.strip_suffix(".json").unwrap();
        assert!(own.contains(&format!("vectors(\"{name}\")")), "{name} is read by no test");
    }
    assert_eq!(files.len(), 11);
}

#[test]
fn signatures() {
    let Some(vectors) = vectors("signing-vectors") else { return };
    let secret = Secret::new(text(&vectors, "secretApiKey")).unwrap();
    let key_id = text(&vectors, "apiKeyId");
    let all = list(&vectors, "vectors");
    assert_eq!(all.len(), 11);
    let moment = Timestamp::from_unix(1_768_471_200).unwrap();
    for vector in all {
        let name = text(vector, "name");
        let pairs: Vec<(&str, &str)> = vector["xGcsHeaders"]
            .as_array()
            .unwrap()
            .iter()
            .map(|pair| (pair[0].as_str().unwrap(), pair[1].as_str().unwrap()))
            .collect();
        let signed = Signed {
            method: if text(vector, "method") == "GET" { Method::Get } else { Method::Post },
            content_type: vector["contentType"].as_str(),
            date: text(vector, "date"),
            headers: &pairs,
            resource: text(vector, "resource"),
        };
        assert_eq!(date(moment), text(vector, "date"), "{name}");
        assert_eq!(signed.text(), text(vector, "stringToSign"), "{name}");
        assert_eq!(signed.authorization(key_id, &secret), text(vector, "authorization"), "{name}");
        // Every part counts.
        for other in [
            Signed { date: "Thu, 15 Jan 2026 10:00:01 GMT", ..signed },
            Signed { resource: "/v2/TESTMERCHANT/payments/x", ..signed },
            Signed { content_type: Some("application/json;charset=UTF-8"), ..signed },
            Signed { headers: &[("x-gcs-other", "1")], ..signed },
        ] {
            assert_ne!(other.authorization(key_id, &secret), text(vector, "authorization"));
        }
    }
    let longest = list(&vectors, "negatives").iter().find_map(|n| n["maxLength"].as_u64()).unwrap();
    assert!(
        idempotence_key("M", &"x".repeat(255), &"y".repeat(255), "create").len() as u64 <= longest
    );
}

/// Every layout comes to one verdict.
#[test]
fn details_of_a_split() {
    let Some(vectors) = vectors("payment-details-split") else { return };
    let lookups = &vectors["getPaymentPerOperation"];
    for case in list(&vectors, "cases") {
        let name = text(case, "name");
        let platform = Platform::default()
            .details(PAYMENT, &case["body"])
            .with("payments/3254564310_0", &lookups["voucher"])
            .with("payments/3254564310_1", &lookups["card"]);
        let order = after(&platform, registered(ORDER, 14_000), &[PAYMENT]);
        let summary = order.summary(Policy::default());
        match name {
            "one-inner-id"
            | "two-inner-ids"
            | "voucher-operation-shows-whole-order"
            | "long-ids" => {
                assert_eq!(summary.state, State::Captured, "{name}");
                assert!(order.fulfilment().is_some(), "{name}");
                assert_eq!(summary.captured, 14_000, "{name}");
                assert!(!summary.flags.contains(&Flag::Overpaid), "{name}");
            }
            "card-still-processing" | "stranded-voucher" => {
                assert!(order.fulfilment().is_none(), "{name}");
                assert_eq!(summary.captured, 6_000, "{name}");
                assert_eq!(summary.state, State::PartiallyCaptured, "{name}");
            }
            other => panic!("no verdict on {other}"),
        }
        assert!(summary.flags.is_empty(), "{name}: {:?}", summary.flags);
        // Also where the order is known by nothing else.
        let unregistered = after(&platform, super::talk::order(ORDER), &[PAYMENT]);
        assert_eq!(unregistered.fulfilment().is_some(), order.fulfilment().is_some(), "{name}");
    }
}

#[test]
fn details_of_a_split_that_was_refunded() {
    let Some(vectors) = vectors("payment-details-split-refunded") else { return };
    let platform = Platform::default().details(PAYMENT, &vectors["body"]);
    let order = after(&platform, registered(ORDER, 14_000), &[PAYMENT]);
    let summary = order.summary(Policy::default());
    assert_eq!((summary.captured, summary.refunded), (14_000, 8_000));
    let credits: Vec<_> = summary.shares.iter().filter(|s| s.kind == Kind::Credit).collect();
    let credits: Vec<_> = credits.iter().map(|s| (s.share.as_str(), s.amount)).collect();
    assert_eq!(credits, [("3254564310_2", 8_000), ("3254564310_3", 2_000)]);
    assert!(order.fulfilment().is_none(), "it was refunded before its capture was known");
}

#[test]
fn refunds() {
    let Some(vectors) = vectors("refund") else { return };
    let request = &vectors["request"];
    let answer = Exchange::Answered {
        status: 201,
        body: vectors["response"]["body"].to_string().into_bytes(),
    };
    let mut action = action(Verb::Refund);
    (action.amount, action.order) = (10_000, ORDER.to_owned());
    let said = acted(&action, &[answer]);
    assert_eq!(said.end, Effect::Taken { psp_id: Some("3254564310_2".to_owned()) });
    let body: Value = serde_json::from_slice(&said.calls[0].body).unwrap();
    assert_eq!(body["amountOfMoney"], request["body"]["amountOfMoney"]);
    assert!(said.calls[0].url.ends_with(&text(request, "path")["/v2/TESTMERCHANT".len()..]));
    let longest = vectors["limits"]["operationReferences.merchantReference"].as_u64().unwrap();
    let reference = body["operationReferences"]["merchantReference"].as_str().unwrap();
    assert!(reference.len() as u64 <= longest);
    // As they are listed, where the details list nothing.
    let mut details =
        json!({"id": "3254564310_0", "status": "CAPTURED", "statusOutput": {"statusCode": 9}});
    details["paymentOutput"] = json!({
        "amountOfMoney": {"amount": 14_000, "currencyCode": "EUR"},
        "acquiredAmount": {"amount": 14_000, "currencyCode": "EUR"},
        "references": {"merchantReference": ORDER},
    });
    let path = "payments/3254564310_0/refunds";
    for (answer, statuses) in [
        (&vectors["refundsList"]["body"], &["REFUND_REQUESTED", "REFUND_REQUESTED"][..]),
        (&vectors["refundsListEmpty"]["body"], &[]),
        (&vectors["refusedLater"], &["REJECTED"]),
    ] {
        let platform = Platform::default().details(PAYMENT, &details).with(path, answer);
        let order = after(&platform, registered(ORDER, 14_000), &[PAYMENT]);
        let summary = order.summary(Policy::default());
        let credits = summary.shares.iter().filter(|s| s.kind == Kind::Credit);
        let told: Vec<&str> = credits.map(|credit| credit.psp_status.as_str()).collect();
        assert_eq!(told, statuses);
        assert_eq!((summary.captured, summary.refunded), (14_000, 0));
        assert!(order.fulfilment().is_some());
    }
}

#[test]
fn captures_and_cancellations() {
    let Some(vectors) = vectors("capture-and-cancel") else { return };
    for (verb, part, answers) in [
        (Verb::Capture, "capture", &["response"][..]),
        (Verb::Cancel, "cancel", &["responseDone", "responseWaiting", "responseRefused"]),
    ] {
        for name in answers {
            let (request, response) = (&vectors[part]["request"], &vectors[part][name]);
            let status = u16::try_from(response["status"].as_u64().unwrap()).unwrap();
            let mut action = action(verb);
            let target = text(request, "path").split('/').nth(4).unwrap();
            target.clone_into(&mut action.target);
            let said = acted(&action, &[answered(status, &response["body"])]);
            let body: Value = serde_json::from_slice(&said.calls[0].body).unwrap();
            assert_eq!(body, request["body"], "{name}");
            assert!(said.calls[0].url.ends_with(&format!("/{target}/{part}")));
            let is_refused = matches!(said.end, Effect::Refused { .. });
            assert_eq!(is_refused, *name == "responseRefused", "{name}: {:?}", said.end);
        }
    }
    // As they are listed, where the details list nothing.
    let details = json!({
        "id": "3254564320_0", "status": "CAPTURED", "statusOutput": {"statusCode": 9},
        "paymentOutput": {
            "amountOfMoney": {"amount": 8_000, "currencyCode": "EUR"},
            "acquiredAmount": {"amount": 8_000, "currencyCode": "EUR"},
            "references": {"merchantReference": ORDER},
        },
    });
    let platform = Platform::default()
        .details("3254564320", &details)
        .with("payments/3254564320_0/captures", &vectors["capturesList"]["body"]);
    let order = after(&platform, registered(ORDER, 8_000), &["3254564320"]);
    let summary = order.summary(Policy::default());
    assert_eq!((summary.captured, summary.state), (8_000, State::Captured));
    assert!(summary.flags.is_empty() && order.fulfilment().is_some());
    let operations = order.facts().shares().filter_map(|(share, _)| share.operation.as_deref());
    assert!(operations.into_iter().any(|operation| operation == "3254564320_1"));
}

#[test]
fn errors() {
    let Some(vectors) = vectors("errors") else { return };
    let all = list(&vectors, "cases");
    assert_eq!(all.len(), 13);
    for case in all {
        let name = text(case, "name");
        let status = u16::try_from(case["status"].as_u64().unwrap()).unwrap();
        let body = case["rawBody"].as_str().map_or_else(|| case["body"].to_string(), str::to_owned);
        let exchange = Exchange::Answered { status, body: body.into_bytes() };
        let effect = acted(&action(Verb::Refund), std::slice::from_ref(&exchange)).end;
        let word = match effect {
            Effect::Taken { .. } => "taken",
            Effect::Refused { .. } => "refused",
            Effect::Nothing(_) | Effect::Failed(_) => "nothing",
            Effect::Uncertain(_) => "uncertain",
        };
        let path = format!("payments/{PAYMENT}_0/details");
        let platform = Platform::default().failing(path, exchange);
        let read = match platform.ask(&registered(ORDER, 14_000), &[PAYMENT]).end {
            Asked::Failed(trouble) => Some(trouble.kind),
            Asked::Unknown => None,
            Asked::Told(answer) => panic!("{name}: {answer:?}"),
        };
        use TroubleKind::{Credentials, Garbled, Unreachable};
        let expected = match name {
            "validation" | "action-not-allowed" | "declined" | "cancel-on-closed"
            | "problem-details" => ("refused", Some(Garbled)),
            "foreign-merchant" => ("nothing", Some(Credentials)),
            "unknown-payment" | "not-found-with-inner-500" => ("refused", None),
            "same-key-in-progress"
            | "same-key-in-progress-1409"
            | "technical-retriable"
            | "no-errors-list"
            | "html-from-the-edge" => ("uncertain", Some(Unreachable)),
            other => panic!("no verdict on {other}"),
        };
        assert_eq!((word, read), expected, "{name}");
    }
}

#[test]
fn sessions() {
    let Some(vectors) = vectors("get-hosted-checkout") else { return };
    let paid = vectors_json("worldline-api/payment-details-split.json").unwrap();
    for case in list(&vectors, "cases") {
        let name = text(case, "name");
        let status = case["status"].as_u64().map_or(200, |status| u16::try_from(status).unwrap());
        let session = answered(status, &case["body"]);
        let mut platform =
            Platform::default().failing(format!("hostedcheckouts/{PAYMENT}"), session);
        let payment = &case["body"]["createdPaymentOutput"]["payment"];
        if payment.is_object() {
            let mut details = payment.clone();
            let code = payment["statusOutput"]["statusCode"].as_u64().unwrap();
            let acquired = payment["paymentOutput"]["acquiredAmount"]["amount"].as_u64().unwrap();
            let amount = if code == 9 { acquired } else { 14_000 };
            details["Operations"] =
                json!([super::talk::operation("3254564310_0", amount, code, "redirect")]);
            platform = platform.details(PAYMENT, &details);
        } else if name == "session-gone" {
            platform = platform.details(PAYMENT, &paid["cases"][0]["body"]);
        }
        let asked = platform.ask(&registered(ORDER, 14_000), &[PAYMENT]).end;
        let (released, ended) = match &asked {
            Asked::Told(answer) => {
                let mut order = registered(ORDER, 14_000);
                super::talk::take(&mut order, answer);
                (order.fulfilment().is_some(), answer.ended)
            }
            Asked::Unknown => (false, false),
            Asked::Failed(trouble) => panic!("{name}: {trouble}"),
        };
        let expected = match name {
            "in-progress" | "voucher-taken-card-missing (guess)" => (false, false),
            "paid-by-split (guess)" | "session-gone" => (true, false),
            "cancelled-by-consumer-or-expiry" => (false, true),
            other => panic!("no verdict on {other}"),
        };
        assert_eq!((released, ended), expected, "{name}: {asked:?}");
    }
}

fn wanted<'a>(return_url: &'a str, beneficiary: &'a str, webhooks: &'a [String]) -> Wanted<'a> {
    Wanted {
        reference: ORDER,
        amount: 14_000,
        currency: eur(),
        means: Means::Cvco,
        approval: false,
        adjustable: true,
        beneficiary: Some(beneficiary),
        locale: Some("fr_FR"),
        return_url,
        webhooks,
        session_minutes: Some(60),
    }
}

/// Whether all of one value stands in another; lists are the same.
fn is_in(part: &Value, whole: &Value) -> bool {
    match (part, whole) {
        (Value::Object(part), Value::Object(whole)) => part
            .iter()
            .all(|(name, value)| whole.get(name).is_some_and(|other| is_in(value, other))),
        _ => part == whole,
    }
}

#[test]
fn a_hosted_checkout_is_created() {
    let Some(vectors) = vectors("create-hosted-checkout") else { return };
    let (request, answer) = (&vectors["request"], &vectors["response"]["body"]);
    let webhooks = ["https://hooks.example.com/worldline".to_owned()];
    let url = "https://shop.example.com/return?o=ORDER-2026-0001";
    let built = checkout::hosted(&wanted(url, "12345678901", &webhooks)).unwrap();
    assert!(text(request, "path").ends_with(&built.path));
    let body: Value = serde_json::from_slice(&built.body).unwrap();
    // All that is sent is as documented there; what is left out is for other wishes.
    assert!(is_in(&body, &request["body"]), "{body:#}");
    for member in [
        "order",
        "hostedCheckoutSpecificInput",
        "redirectPaymentMethodSpecificInput",
        "cardPaymentMethodSpecificInput",
        "feedbacks",
    ] {
        assert!(body.get(member).is_some(), "{member}");
    }
    let opened = checkout::opened(answer.to_string().as_bytes(), ORDER).unwrap();
    assert_eq!(opened.checkout, PAYMENT);
    assert_eq!(opened.redirect_url, text(answer, "redirectUrl"));
    assert!(!format!("{opened:?}").contains(&opened.return_mac), "{opened:?}");
    let query = text(&vectors["browserReturn"], "url").split_once('?').unwrap().1;
    let returned = Returned::read(query).unwrap();
    assert!(returned.is_of(&opened.return_mac, Some(&opened.checkout)));
    assert!(!returned.is_of("11111111-2222-4333-8444-555555555556", Some(&opened.checkout)));
    let other = checkout::opened(answer.to_string().as_bytes(), "CMD-2").unwrap_err();
    assert_eq!(other.kind, TroubleKind::Contradiction);
    for member in ["RETURNMAC", "hostedCheckoutId", "redirectUrl"] {
        let mut short = answer.clone();
        short.as_object_mut().unwrap().remove(member);
        let trouble = checkout::opened(short.to_string().as_bytes(), ORDER).unwrap_err();
        assert_eq!(trouble.kind, TroubleKind::Garbled, "{member}");
        for junk in [json!(1.5), json!({}), json!(""), json!("javascript:alert(1)/..")] {
            short[member] = junk;
            if member != "RETURNMAC" {
                assert!(checkout::opened(short.to_string().as_bytes(), ORDER).is_err(), "{short}");
            }
        }
    }
}

#[test]
fn a_payment_is_created_from_server_to_server() {
    let Some(vectors) = vectors("create-payment-5412") else { return };
    let (request, answer) = (&vectors["request"], &vectors["response"]["body"]);
    let webhooks = ["https://hooks.example.com/worldline".to_owned()];
    let wanted = wanted("https://shop.example.com/return", "buyer@example.com", &webhooks);
    let built = checkout::server(&wanted, "TESTMERCHANT", "c-1").unwrap();
    assert!(text(request, "path").ends_with(&built.path));
    let body: Value = serde_json::from_slice(&built.body).unwrap();
    assert_eq!(body, request["body"]);
    assert!(built.key.unwrap().len() <= 40);
    let started = checkout::started(answer.to_string().as_bytes(), ORDER).unwrap();
    assert_eq!((&*started.payment, started.refused), ("3254564311_0", false));
    let Some(Step::Form(form)) = started.step else { panic!("{started:?}") };
    assert_eq!(form.app_url.as_deref(), Some("https://app.example.com/pay/abc"));
    assert_eq!(
        (form.qr_code.as_deref(), form.polling),
        (Some("iVBORw0KGgo="), Some(Polling::Words))
    );
    let mut pending = answer.clone();
    pending["merchantAction"]["showFormData"] =
        json!({"pendingAuthentication": {"pollingUrl": "https://a.example/poll"}});
    let started = checkout::started(pending.to_string().as_bytes(), ORDER).unwrap();
    let Some(Step::Form(form)) = started.step else { panic!("{started:?}") };
    assert_eq!(form.polling_url.as_deref(), Some("https://a.example/poll"));
    assert_eq!(form.polling, Some(Polling::Truth));
    let mut redirected = answer.clone();
    redirected["merchantAction"] = vectors["redirectVariant"]["merchantAction"].clone();
    let started = checkout::started(redirected.to_string().as_bytes(), ORDER).unwrap();
    assert!(!format!("{started:?}").contains("11111111"), "{started:?}");
    let Some(Step::Redirect { url, return_mac }) = started.step else { panic!() };
    assert!(url.starts_with("https://") && return_mac.is_some());
    let mut declined = answer.clone();
    declined["payment"]["status"] = "REJECTED".into();
    assert!(checkout::started(declined.to_string().as_bytes(), ORDER).unwrap().refused);
    let other = checkout::started(answer.to_string().as_bytes(), "CMD-2").unwrap_err();
    assert_eq!(other.kind, TroubleKind::Contradiction);
}

#[test]
fn the_connection_is_tested() {
    let Some(vectors) = vectors("testconnection") else { return };
    let foreign = vectors_json("worldline-api/errors.json").unwrap();
    for case in list(&vectors, "cases") {
        let body = case.get("body").unwrap_or_else(|| {
            let name = text(case, "bodyRef").rsplit_once('#').unwrap().1;
            &self::case(&foreign, name)["body"]
        });
        let status = u16::try_from(case["status"].as_u64().unwrap()).unwrap();
        let said = talk(api().test(&account()).unwrap(), |_| answered(status, body));
        assert!(said.calls[0].url.ends_with("/services/testconnection"));
        let kind = said.end.err().map(|trouble| trouble.kind);
        assert_eq!(kind, (status != 200).then_some(TroubleKind::Credentials));
    }
}

/// The steps that a client sees: one key for all attempts, and a call that is still running.
#[test]
fn one_key_is_one_write() {
    let Some(vectors) = vectors("idempotence") else { return };
    let running = list(&vectors, "steps").iter().find(|step| step["expect"]["status"] == 409);
    let id = text(&running.unwrap()["expect"], "errorId");
    let busy = answered(409, &json!({"errors": [{"id": id}]}));
    let done = answered(201, &json!({"id": "3254564310_2", "status": "REFUNDED"}));
    let said = acted(&action(Verb::Refund), &[Exchange::Lost, busy.clone(), done]);
    assert_eq!(said.end, Effect::Taken { psp_id: Some("3254564310_2".to_owned()) });
    let keys: BTreeSet<&str> = said
        .calls
        .iter()
        .flat_map(|call| &call.headers)
        .filter(|(name, _)| *name == "x-gcs-idempotence-key")
        .map(|(_, value)| value.as_str())
        .collect();
    assert_eq!((said.calls.len(), keys.len()), (3, 1));
    assert!(matches!(acted(&action(Verb::Refund), &[busy]).end, Effect::Uncertain(_)));
}
