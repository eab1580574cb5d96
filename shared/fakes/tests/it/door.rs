//! Who is let in.

use quittance_core::api::{Api, Asked, Method, Subject};
use quittance_core::key::Account;
use quittance_fakes::{Fakes, HttpRequest, Reply};
use quittance_psp::worldline::api::checkout::{Means, Wanted, hosted, server};
use quittance_psp::worldline::api::{Merchants, Request};
use quittance_testing::worldline::MERCHANT;
use serde_json::{Value, json};

use super::world::{API, Psp, World, config, credentials, eur, merchants};

fn call(world: &World) -> HttpRequest {
    let request: Request = hosted(&wanted()).unwrap();
    let call = merchants().endpoint(&world.account()).unwrap().call(&request, world.at());
    HttpRequest::of_call(&call, API)
}

fn wanted() -> Wanted<'static> {
    Wanted {
        reference: "CMD-1",
        amount: 14_000,
        currency: eur(),
        means: Means::Cvco,
        approval: false,
        adjustable: true,
        beneficiary: Some("12345678901"),
        locale: None,
        return_url: "https://shop.example.com/back",
        webhooks: &[],
        session_minutes: None,
    }
}

fn json_of(reply: &Reply) -> Value {
    serde_json::from_slice(&reply.body).unwrap()
}

#[test]
fn every_change_to_what_is_signed_is_refused() {
    let world = World::new(Psp::Worldline);
    let mut fakes = Fakes::new(config());
    let good = call(&world);
    assert_eq!(fakes.api(&good, world.at()).status, 200);
    let changed = |change: fn(&mut HttpRequest)| {
        let mut bad = good.clone();
        change(&mut bad);
        bad
    };
    let set = |name: &'static str, value: &'static str| {
        let mut bad = good.clone();
        bad.headers.retain(|(known, _)| known != name);
        bad.headers.push((name.to_owned(), value.to_owned()));
        bad
    };
    for bad in [
        changed(|one| one.method = "PUT".to_owned()),
        changed(|one| one.target.push_str("?a=b")),
        changed(|one| one.headers.retain(|(name, _)| name != "authorization")),
        changed(|one| one.headers.retain(|(name, _)| name != "date")),
        changed(|one| one.headers.push(("X-GCS-More".to_owned(), "1".to_owned()))),
        set("content-type", "application/json; charset=utf-8"),
        set("date", "Sun, 22 Nov 2026 10:00:01 GMT"),
        set("authorization", "GCS v1HMAC:api-key:AAAA"),
        set("authorization", "GCS v1HMAC:nobody:AAAA"),
    ] {
        assert_eq!(fakes.api(&bad, world.at()).status, 401, "{bad:?}");
    }
    // The body is no part of it.
    let other = HttpRequest { body: b"{}".to_vec(), ..good.clone() };
    assert_eq!(fakes.api(&other, world.at()).status, 400);
}

#[test]
fn a_date_holds_for_five_minutes_of_the_callers_clock() {
    let mut world = World::new(Psp::Worldline);
    let good = call(&world);
    // The provider's own clock is another matter.
    world.control("clock", &json!({"advance_seconds": 10_000}));
    assert_eq!(world.fakes.api(&good, world.at()).status, 200);
    for (seconds, status) in [(300, 200), (301, 401), (-300, 200), (-301, 401)] {
        let mut later = World::new(Psp::Worldline);
        later.now += seconds;
        assert_eq!(later.fakes.api(&good, later.at()).status, status, "{seconds}");
    }
}

/// A call of a merchant with a key.
fn signed(
    world: &World,
    merchant: &str,
    (key_id, secret): (&str, &str),
    sent: &Request,
) -> HttpRequest {
    let keys = json!({"key_id": key_id, "secret": secret, "url": "http://127.0.0.1:9010"});
    let held = Merchants::from_json(&json!({merchant: {"test": keys}}).to_string()).unwrap();
    let account = Account { merchant: merchant.to_owned(), ..world.account() };
    HttpRequest::of_call(&held.endpoint(&account).unwrap().call(sent, world.at()), API)
}

const OTHERS_KEY: (&str, &str) = ("other-key", "other-secret");

const ANYBODYS_KEY: (&str, &str) = ("any-key", "any-secret");

#[test]
fn a_key_is_for_its_own_merchant() {
    let world = World::new(Psp::Worldline);
    let mut fakes = Fakes::new(config());
    let sent = hosted(&wanted()).unwrap();
    let reply = fakes.api(&signed(&world, MERCHANT, OTHERS_KEY, &sent), world.at());
    assert_eq!((reply.status, &json_of(&reply)["errors"][0]["code"]), (403, &json!("9007")));
}

/// A key for everybody makes nobody see what another one, or the same one with another key, has opened.
#[test]
fn with_a_key_for_everybody_each_merchant_is_one_of_his_own() {
    let mut world = World::new(Psp::Worldline);
    let sent = hosted(&wanted()).unwrap();
    let opening = signed(&world, "Nobody", ANYBODYS_KEY, &sent);
    let opened = json_of(&world.fakes.api(&opening, world.at()));
    let checkout = opened["hostedCheckoutId"].as_str().unwrap().to_owned();
    let mut found = |merchant: &str, key: (&str, &str)| {
        let path = format!("/hostedcheckouts/{checkout}");
        let (name, method) = ("GetHostedCheckout", Method::Get);
        let reading = Request { name, method, path, key: None, body: Vec::new() };
        let reading = signed(&world, merchant, key, &reading);
        world.fakes.api(&reading, world.at()).status
    };
    assert_eq!(found("Nobody", ANYBODYS_KEY), 200);
    assert_eq!(found("OTHER", ANYBODYS_KEY), 404);
    assert_eq!(found("OTHER", OTHERS_KEY), 404);
    assert_eq!(found("Nobody", OTHERS_KEY), 403);
    world.pay(&checkout, Some(14_000), None);
    let event: Value = serde_json::from_slice(&world.fakes.outbox()[0].body).unwrap();
    assert_eq!(event["merchantId"], "Nobody");
}

#[test]
fn credentials_that_are_taken_pass_the_test_and_others_do_not() {
    for psp in [Psp::Worldline, Psp::Lyra] {
        for as_401 in [false, true] {
            let mut world = World::with(psp, &json!({"bad_credentials_as_401": as_401}));
            let account = world.account();
            let test = |world: &World| match world.psp {
                Psp::Worldline => merchants().test(&account).unwrap(),
                Psp::Lyra => credentials().test(&account).unwrap(),
            };
            let talk = test(&world);
            assert_eq!(world.hold(talk), Ok(()), "{psp:?}");
            world.fault("*", "bad_credentials", 100);
            let talk = test(&world);
            assert!(world.hold(talk).is_err(), "{psp:?} {as_401}");
            let order = world.order.clone();
            let subject = Subject { order: &order, checkouts: &["3254564311".to_owned()] };
            let talk = match psp {
                Psp::Worldline => merchants().ask(&subject).unwrap(),
                Psp::Lyra => credentials().ask(&subject).unwrap(),
            };
            assert!(matches!(world.hold(talk), Asked::Failed(_)), "{psp:?} {as_401}");
        }
    }
}

#[test]
fn what_is_beyond_the_limits_is_refused_by_its_name() {
    let world = World::new(Psp::Worldline);
    let mut fakes = Fakes::new(config());
    let good = call(&world);
    let body: Value = serde_json::from_slice(&good.body).unwrap();
    let page = "hostedCheckoutSpecificInput";
    let table = [
        (vec!["order", "amountOfMoney", "amount"], json!(1_000_000_000_000_u64)),
        (vec!["order", "amountOfMoney", "amount"], json!(null)),
        (vec!["order", "amountOfMoney", "currencyCode"], json!("euro")),
        (vec!["order", "references", "merchantReference"], json!("x".repeat(41))),
        (vec![page, "returnUrl"], json!("x".repeat(201))),
        (vec![page, "returnUrl"], json!("shop.example.com")),
        (vec![page, "locale"], json!("fr_FR_1")),
        (vec![page, "sessionTimeout"], json!(1441)),
        (vec![page, "allowedNumberOfPaymentAttempts"], json!(11)),
        (vec!["cardPaymentMethodSpecificInput", "authorizationMode"], json!("LATER")),
    ];
    for (path, value) in table {
        let mut changed = body.clone();
        let place = path.iter().fold(&mut changed, |at, name| &mut at[*name]);
        *place = value.clone();
        let bad = HttpRequest { body: changed.to_string().into_bytes(), ..good.clone() };
        let reply = fakes.api(&bad, world.at());
        let named = json_of(&reply)["errors"][0]["propertyName"].clone();
        assert_eq!((reply.status, named), (400, json!(path.join("."))), "{value}");
    }
}

#[test]
fn a_repeated_write_is_answered_as_the_first_was() {
    let mut world = World::new(Psp::Worldline);
    let sent = server(&wanted(), "DemoMerchant", "s-1").unwrap();
    let answer = |world: &mut World, sent: &Request| {
        let call = merchants().endpoint(&world.account()).unwrap().call(sent, world.at());
        world.fakes.api(&HttpRequest::of_call(&call, API), world.at())
    };
    let mark = "x-gcs-idempotence-request-timestamp";
    let first = answer(&mut world, &sent);
    assert_eq!((first.status, first.header(mark)), (201, None));
    world.pass(24 * 60 * 60 - 1);
    // Also with another body.
    let other = Request { body: b"{}".to_vec(), ..sent.clone() };
    let again = answer(&mut world, &other);
    assert_eq!((again.status, &again.body), (201, &first.body));
    assert!(again.header(mark).is_some());
    world.pass(1);
    let anew = answer(&mut world, &sent);
    assert_eq!((anew.status, anew.header(mark)), (201, None));
    assert_ne!(anew.body, first.body);
    // A refusal is remembered, too; a key that is too long is none.
    let refused = Request { key: Some("k".to_owned()), body: b"{}".to_vec(), ..sent.clone() };
    assert_eq!(answer(&mut world, &refused).status, 400);
    let mended = Request { key: Some("k".to_owned()), ..sent.clone() };
    assert_eq!(answer(&mut world, &mended).status, 400);
    let long = Request { key: Some("k".repeat(41)), ..sent };
    assert_eq!(answer(&mut world, &long).status, 400);
}
