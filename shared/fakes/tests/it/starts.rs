//! Starting payments in every way, and coming back from them.

use quittance_core::api::{Asked, Call, Exchange};
use quittance_psp::lyra::api::checkout as lyra;
use quittance_psp::worldline::api::checkout::{
    Means, Opened, Polling, Returned, Step, Wanted, hosted, opened, server, started,
};
use serde_json::{Value, json};

use super::world::{ORDER, POLICY, Psp, TOTAL, World, credentials, eur, merchants};

fn wanted() -> Wanted<'static> {
    Wanted {
        reference: ORDER,
        amount: TOTAL,
        currency: eur(),
        means: Means::Cvco,
        approval: false,
        adjustable: true,
        beneficiary: Some("buyer@example.com"),
        locale: None,
        return_url: "https://shop.example.com/back?o=1",
        webhooks: &[],
        session_minutes: None,
    }
}

fn body(exchange: Exchange) -> (u16, Vec<u8>) {
    match exchange {
        Exchange::Answered { status, body } => (status, body),
        other => panic!("{other:?}"),
    }
}

fn open(world: &mut World, wanted: &Wanted<'_>) -> Opened {
    let call =
        merchants().endpoint(&world.account()).unwrap().call(&hosted(wanted).unwrap(), world.at());
    let (status, body) = body(world.send(&call));
    assert_eq!(status, 200);
    opened(&body, ORDER).unwrap()
}

#[test]
fn the_browser_comes_back_with_what_proves_it() {
    for (voucher, card) in [(Some(6_000), Some("accept")), (None, Some("abandon"))] {
        let mut world = World::new(Psp::Worldline);
        let page = open(&mut world, &wanted());
        let done = world.pay(&page.checkout, voucher, card);
        assert_eq!(done["return"]["method"], "GET");
        let url = done["return"]["url"].as_str().unwrap();
        let (address, query) = url.split_once('?').unwrap();
        assert_eq!(address, "https://shop.example.com/back");
        assert!(query.starts_with("o=1&"));
        let returned = Returned::read(query).unwrap();
        assert!(returned.is_of(&page.return_mac, Some(&page.checkout)));
        // A person's browser goes the same way.
        let again = world.controlled("GET", &format!("pay/{}", page.checkout), &json!({}));
        assert!(String::from_utf8(again.body).unwrap().contains("Back to the shop"));
    }
}

#[test]
fn an_amount_that_is_blocked_is_paid_by_vouchers_whole() {
    let mut world = World::new(Psp::Worldline);
    let page = open(&mut world, &Wanted { adjustable: false, ..wanted() });
    let part = json!({"checkout": page.checkout, "voucher": 6_000});
    assert_eq!(world.controlled("POST", "pay", &part).status, 409);
    assert_eq!(world.pay(&page.checkout, Some(TOTAL), None)["ended"], true);
}

#[test]
fn each_flow_from_server_to_server_is_paid_and_found() {
    for flow in ["show_form", "pending_authentication", "redirect"] {
        let mut world = World::with(Psp::Worldline, &json!({ "server_flow": flow }));
        world.order.register(TOTAL, eur(), world.at(), POLICY).unwrap();
        let sent = server(&wanted(), "DemoMerchant", "s-1").unwrap();
        let endpoint = merchants().endpoint(&world.account()).unwrap().clone();
        let call = endpoint.call(&sent, world.at());
        let (status, answer) = body(world.send(&call));
        assert_eq!(status, 201);
        let payment = started(&answer, ORDER).unwrap();
        assert!(!payment.refused);
        let id = payment.payment.strip_suffix("_0").unwrap().to_owned();
        let polling = match payment.step.unwrap() {
            Step::Form(form) => {
                assert!(form.app_url.unwrap().ends_with(&id));
                Some(form.polling.unwrap())
            }
            Step::Redirect { url, return_mac } => {
                assert!(url.ends_with(&id) && return_mac.is_some());
                None
            }
        };
        let polled = |world: &mut World| {
            let reply = world.controlled("GET", &format!("polling/{id}"), &json!({}));
            String::from_utf8(reply.body).unwrap()
        };
        let before = polled(&mut world);
        // The answer may be lost: the same call again starts no second payment.
        let call = endpoint.call(&sent, world.at());
        assert_eq!(body(world.send(&call)).1, answer);
        world.deliver();
        assert!(!world.is_released());
        world.pay(&id, Some(5_000), Some("accept"));
        match polling {
            Some(Polling::Words) => {
                assert_eq!(
                    (before.as_str(), polled(&mut world).as_str()),
                    ("PRETRANSACTION", "FINALIZED")
                );
            }
            Some(Polling::Truth) => {
                assert_eq!((before.as_str(), polled(&mut world).as_str()), ("false", "true"));
            }
            None => {}
        }
        world.deliver();
        assert!(world.is_released(), "{flow} {:#?}", world.summary());
        world.ask();
        assert_eq!(world.summary().captured, TOTAL, "{flow}");
    }
}

#[test]
fn a_session_is_forgotten_after_three_hours_and_its_payment_is_found() {
    for layout in ["A", "B", "C"] {
        let mut world = World::with(Psp::Worldline, &json!({ "split_layout": layout }));
        let checkout = world.open();
        world.pay(&checkout, Some(6_000), Some("accept"));
        world.pass(3 * 60 * 60);
        assert!(matches!(world.ask(), Asked::Told(_)));
        assert!(world.is_released(), "{layout}");
    }
}

#[test]
fn a_session_ends_by_itself() {
    for psp in [Psp::Worldline, Psp::Lyra] {
        let mut world = World::new(psp);
        let checkout = world.open();
        let life = if psp == Psp::Lyra { 10 * 60 } else { 180 * 60 };
        world.pass(life - 1);
        assert_eq!(world.controlled("GET", &format!("pay/{checkout}"), &json!({})).status, 200);
        world.pass(1);
        let late = json!({"checkout": checkout, "voucher": TOTAL});
        assert_eq!(world.controlled("POST", "pay", &late).status, 409, "{psp:?}");
    }
}

fn link_start() -> lyra::Start<'static> {
    lyra::Start {
        order: ORDER,
        amount: TOTAL,
        currency: eur(),
        means: lyra::Means::Vouchers,
        approval: false,
        locale: Some("fr_FR"),
        return_url: "https://shop.example.com/back",
        notification_url: None,
    }
}

fn link_state(world: &mut World, id: &str) -> lyra::LinkState {
    let call: Call = lyra::link_state(&credentials(), &world.account(), id).unwrap();
    let heard = world.send(&call);
    lyra::read_link_state(&world.account(), id, &heard).unwrap().state
}

#[test]
fn a_link_is_paid_and_found() {
    let mut world = World::new(Psp::Lyra);
    world.order.register(TOTAL, eur(), world.at(), POLICY).unwrap();
    let expires = world.at().later(3_600);
    let call = lyra::link(&credentials(), &world.account(), &link_start(), expires).unwrap();
    let heard = world.send(&call);
    let link = lyra::read_link(&world.account(), &link_start(), &heard).unwrap();
    assert_eq!(link_state(&mut world, &link.id), lyra::LinkState::Running);
    assert!(link.url.ends_with(&link.id));
    let done = world.pay(&link.id, Some(6_000), Some("accept"));
    let query = done["return"]["url"].as_str().unwrap().split_once('?').unwrap().1.to_owned();
    let read = quittance_psp::lyra::api::returns::verify(&credentials(), query.as_bytes());
    assert_eq!(read.unwrap().order.as_deref(), Some(ORDER));
    assert_eq!(link_state(&mut world, &link.id), lyra::LinkState::Paid);
    world.deliver();
    world.batch();
    world.ask();
    assert!(world.is_released());
    assert_eq!(world.summary().captured, TOTAL);
}

#[test]
fn a_link_expires() {
    let mut world = World::new(Psp::Lyra);
    let expires = world.at().later(3_600);
    let call = lyra::link(&credentials(), &world.account(), &link_start(), expires).unwrap();
    let heard = world.send(&call);
    let link = lyra::read_link(&world.account(), &link_start(), &heard).unwrap();
    world.pass(3_600);
    assert_eq!(link_state(&mut world, &link.id), lyra::LinkState::Expired);
}

#[test]
fn a_token_serves_cards_alone() {
    let mut world = World::new(Psp::Lyra);
    world.order.register(TOTAL, eur(), world.at(), POLICY).unwrap();
    let start = lyra::Start { means: lyra::Means::Cards, ..link_start() };
    let call = lyra::token(&credentials(), &world.account(), &start).unwrap();
    let (first, second) = (world.send(&call), world.send(&call));
    let read = |heard: &Exchange| lyra::read_token(&world.account(), heard).unwrap();
    // Twice makes two.
    let (token, other) = (read(&first), read(&second));
    assert_ne!(token, other);
    let voucher = json!({"checkout": token, "voucher": 6_000});
    assert_eq!(world.controlled("POST", "pay", &voucher).status, 409);
    world.pay(&token, None, Some("accept"));
    world.batch();
    world.deliver();
    world.ask();
    assert!(world.is_released());
    // The other one lives for a quarter of an hour, and can be paid, too.
    world.pass(15 * 60);
    let late: Value = json!({"checkout": other, "card": "accept"});
    assert_eq!(world.controlled("POST", "pay", &late).status, 409);
}
