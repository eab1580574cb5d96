//! The controls and the buyer's page.

use quittance_fakes::{Fakes, HttpRequest, Settings};
use serde_json::{Value, json};

use super::world::{Psp, TOTAL, World, config};

fn json_of(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap()
}

#[test]
fn what_is_not_understood_is_refused_with_a_sentence_and_changes_nothing() {
    let mut world = World::new(Psp::Worldline);
    let state = |world: &mut World| json_of(&world.controlled("GET", "state", &json!({})).body);
    let before = state(&mut world);
    for (method, path, body, status) in [
        ("POST", "clock", json!({"advance_seconds": -1}), 400),
        ("POST", "clock", json!({"advance_seconds": "1"}), 400),
        ("POST", "clock", json!({"advance_seconds": 400 * 24 * 60 * 60}), 400),
        ("POST", "faults", json!({"provider": "adyen", "fault": "slow"}), 400),
        ("POST", "faults", json!({"provider": "worldline", "fault": "unheard_of"}), 400),
        ("POST", "settings", json!({"unheard_of": 1}), 400),
        ("POST", "settings", json!([]), 400),
        ("POST", "pay", json!({}), 400),
        ("POST", "pay", json!({"checkout": "1", "card": "steal"}), 400),
        ("POST", "pay", json!({"checkout": "1", "voucher": -1}), 400),
        ("POST", "pay", json!({"checkout": "1", "voucher": 1}), 404),
        ("GET", "pay/1", json!({}), 404),
        ("GET", "unheard-of", json!({}), 404),
        ("DELETE", "state", json!({}), 404),
    ] {
        let reply = world.controlled(method, path, &body);
        assert_eq!(reply.status, status, "{method} {path} {body}");
        assert!(json_of(&reply.body)["error"].is_string());
    }
    assert_eq!(state(&mut world), before);
}

#[test]
fn the_settings_are_shown_as_they_can_be_set() {
    let mut world = World::new(Psp::Lyra);
    let shown = json_of(&world.controlled("GET", "settings", &json!({})).body);
    assert_eq!(world.control("settings", &shown), shown);
    assert_eq!(*world.fakes.settings(), Settings::default());
    assert!(shown.as_object().unwrap().len() > 20);
}

#[test]
fn a_person_pays_on_the_page() {
    for psp in [Psp::Worldline, Psp::Lyra] {
        let mut world = World::new(psp);
        let checkout = world.open();
        let page = |world: &mut World| {
            let reply = world.controlled("GET", &format!("pay/{checkout}"), &json!({}));
            assert_eq!(reply.status, 200);
            String::from_utf8(reply.body).unwrap()
        };
        let post = |world: &mut World, body: &str| {
            let request = HttpRequest {
                method: "POST".to_owned(),
                target: format!("/local/psp/pay/{checkout}"),
                headers: Vec::new(),
                body: body.as_bytes().to_vec(),
            };
            world.fakes.control(&request, world.at())
        };
        assert!(page(&mut world).contains("type=\"range\""));
        assert_eq!(post(&mut world, "voucher=99999999").status, 409);
        assert_eq!(post(&mut world, "card=steal").status, 400);
        assert_eq!(post(&mut world, "voucher=6000").status, 303);
        let half = page(&mut world);
        assert!(half.contains("80.00 EUR") && !half.contains("type=\"range\""), "{half}");
        assert!(half.contains("value=\"accept\""));
        assert_eq!(post(&mut world, "card=refuse").status, 303);
        let done = post(&mut world, "card=accept");
        match psp {
            // By GET the browser goes on at once; a form it has to post itself.
            Psp::Worldline => assert_eq!(done.status, 303),
            Psp::Lyra => assert!(String::from_utf8(done.body).unwrap().contains("<form")),
        }
        world.batch();
        world.ask();
        assert!(world.is_released());
        assert_eq!(world.summary().captured, TOTAL);
    }
}

#[test]
fn nothing_is_answered_beside_the_addresses_of_the_providers() {
    let world = World::new(Psp::Lyra);
    let mut fakes = Fakes::new(config());
    for target in ["/", "/local/psp/state", "/vads", "/v3/DemoMerchant/payments"] {
        let request = HttpRequest {
            method: "GET".to_owned(),
            target: target.to_owned(),
            ..HttpRequest::default()
        };
        assert_eq!(fakes.api(&request, world.at()).status, 404, "{target}");
    }
    // Whoever has no key learns nothing of what there is.
    let request = HttpRequest {
        method: "GET".to_owned(),
        target: "/v2/DemoMerchant/payments/3254564311_0".to_owned(),
        ..HttpRequest::default()
    };
    assert_eq!(fakes.api(&request, world.at()).status, 401);
}

#[test]
fn nothing_that_is_shown_has_a_secret() {
    let mut world = World::new(Psp::Worldline);
    world.open();
    let shown = world.controlled("GET", "state", &json!({}));
    let text =
        format!("{} {:?} {:?}", String::from_utf8(shown.body).unwrap(), config(), world.fakes);
    for secret in ["api-secret", "demo-secret", "demoformkey0000", "testpassword_demo"] {
        assert!(!text.contains(secret), "{secret}");
    }
}

#[test]
fn notifications_come_as_often_and_in_the_order_that_was_set() {
    let sent = |settings: Value| {
        let mut world = World::with(Psp::Worldline, &settings);
        let checkout = world.open();
        world.pay(&checkout, Some(6_000), Some("accept"));
        let sent = world.fakes.outbox();
        assert_eq!(world.fakes.outbox(), [], "each is sent once");
        sent.into_iter().map(|one| one.body).collect::<Vec<_>>()
    };
    let plain = sent(json!({}));
    assert_eq!(plain.len(), 2);
    let reversed: Vec<_> = plain.iter().rev().cloned().collect();
    assert_eq!(sent(json!({"notify_reversed": true})), reversed);
    let twice: Vec<_> = plain.iter().flat_map(|one| [one.clone(), one.clone()]).collect();
    assert_eq!(sent(json!({"notify_twice": true})), twice);
    assert_eq!(sent(json!({"notify": false})), Vec::<Vec<u8>>::new());
}
