//! Lyra's payment form: what is taken, what is refused, and how the browser comes back.

use quittance_fakes::{HttpRequest, Reply};
use quittance_psp::lyra::api::checkout::{Means, PaymentForm, Start, form};
use quittance_psp::lyra::api::returns;
use quittance_testing::{FORM_KEY, form_body, form_body_sha1, url_encode};
use serde_json::{Value, json};

use super::world::{ORDER, Psp, TOTAL, World, credentials, eur};

/// The fields of a good form, without its signature.
fn fields(world: &World, attempt: u32) -> Vec<(String, String)> {
    let start = Start {
        order: ORDER,
        amount: TOTAL,
        currency: eur(),
        means: Means::Vouchers,
        approval: false,
        locale: None,
        return_url: "https://shop.example.com/back?o=1",
        notification_url: None,
    };
    let made = form(&credentials(), &world.account(), &start, attempt, world.at()).unwrap();
    let fields = made.fields.into_iter().filter(|(name, _)| *name != "signature");
    fields.map(|(name, value)| (name.to_owned(), value)).collect()
}

fn post(world: &mut World, body: String) -> Reply {
    let request = HttpRequest {
        method: "POST".to_owned(),
        target: "/vads-payment/".to_owned(),
        headers: Vec::new(),
        body: body.into_bytes(),
    };
    world.fakes.api(&request, world.at())
}

fn signed(fields: &[(String, String)]) -> String {
    let fields: Vec<(&str, &str)> =
        fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    form_body(FORM_KEY, &fields)
}

#[test]
fn a_form_that_is_signed_otherwise_is_refused() {
    let mut world = World::new(Psp::Lyra);
    let good = fields(&world, 1);
    let body = signed(&good);
    for bad in [
        body.replace("14000", "1400"),
        body.replace("vads_amount", "vads_Amount"),
        form_body("anotherkey000000", &pairs(&good)),
        form_body_sha1(FORM_KEY, &pairs(&good)),
        format!("{body}&vads_amount=14000"),
        format!("{body}&vads_ext_info_x=1"),
        body.replace("TEST", "PRODUCTION"),
        "vads_amount=%zz".to_owned(),
        String::new(),
    ] {
        assert_eq!(post(&mut world, bad.clone()).status, 400, "{bad}");
    }
    assert_eq!(post(&mut world, body).status, 303);
}

fn pairs(fields: &[(String, String)]) -> Vec<(&str, &str)> {
    fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

#[test]
fn names_are_in_the_order_of_their_bytes() {
    let mut world = World::new(Psp::Lyra);
    let mut all = fields(&world, 1);
    all.push(("vads_ext_info_alpha".to_owned(), "1".to_owned()));
    all.push(("vads_ext_info_Zed".to_owned(), "2".to_owned()));
    assert_eq!(post(&mut world, signed(&all)).status, 303);
}

#[test]
fn sha_1_is_taken_where_the_shop_says_so_and_nothing_else_then() {
    let mut world = World::with(Psp::Lyra, &json!({"form_hash": "sha1"}));
    let all = fields(&world, 1);
    assert_eq!(post(&mut world, signed(&all)).status, 400);
    assert_eq!(post(&mut world, form_body_sha1(FORM_KEY, &pairs(&all))).status, 303);
}

#[test]
fn each_rule_of_the_form_is_held() {
    for (name, value) in [
        ("vads_amount", "0"),
        ("vads_amount", "014000"),
        ("vads_amount", "1999"),
        ("vads_amount", "1000000000000"),
        ("vads_currency", "000"),
        ("vads_trans_id", "abc12"),
        ("vads_trans_id", "abc-12"),
        ("vads_trans_date", "2026112210000"),
        ("vads_trans_date", "20261122092959"),
        ("vads_trans_date", "20261122113001"),
        ("vads_order_id", "a/b"),
        ("vads_version", "V1"),
        ("vads_page_action", "REGISTER"),
        ("vads_payment_config", "MULTI:first=1;count=2;period=30"),
        ("vads_capture_delay", "366"),
        ("vads_validation_mode", "2"),
        ("vads_return_mode", "PUT"),
        ("vads_site_id", "87654321"),
    ] {
        let mut world = World::new(Psp::Lyra);
        let mut all = fields(&world, 1);
        all.iter_mut().find(|(known, _)| known == name).unwrap().1 = value.to_owned();
        assert_eq!(post(&mut world, signed(&all)).status, 400, "{name} {value}");
    }
    for date in ["20261122093000", "20261122113000"] {
        let mut world = World::new(Psp::Lyra);
        let mut all = fields(&world, 1);
        all.iter_mut().find(|(known, _)| known == "vads_trans_date").unwrap().1 = date.to_owned();
        assert_eq!(post(&mut world, signed(&all)).status, 303, "{date}");
    }
}

#[test]
fn a_payment_id_serves_once_a_day_whatever_its_case() {
    let mut world = World::new(Psp::Lyra);
    let all = fields(&world, 1);
    assert_eq!(post(&mut world, signed(&all)).status, 303);
    let mut upper = all.clone();
    let id = &mut upper.iter_mut().find(|(name, _)| name == "vads_trans_id").unwrap().1;
    *id = id.to_ascii_uppercase();
    assert_eq!(post(&mut world, signed(&upper)).status, 400);
    assert_eq!(post(&mut world, signed(&all)).status, 400);
    world.pass(24 * 60 * 60);
    let mut tomorrow = all;
    let date = &mut tomorrow.iter_mut().find(|(name, _)| name == "vads_trans_date").unwrap().1;
    *date = "20261123100000".to_owned();
    assert_eq!(post(&mut world, signed(&tomorrow)).status, 303);
}

/// What the browser brings back after a payment, as the client reads it.
fn returned(world: &World, back: &Value) -> returns::Returned {
    assert_eq!(
        (&back["method"], &back["url"]),
        (&json!("POST"), &json!("https://shop.example.com/back?o=1"),)
    );
    let fields = back["fields"].as_object().unwrap();
    assert!(!fields.contains_key("vads_hash"));
    let pair = |(name, value): (&String, &Value)| {
        format!("{name}={}", url_encode(value.as_str().unwrap()))
    };
    let body = fields.iter().map(pair).collect::<Vec<_>>().join("&");
    let read = returns::verify(&credentials(), body.as_bytes()).unwrap();
    assert_eq!(read.account, world.account());
    read
}

#[test]
fn the_browser_brings_back_what_the_client_takes() {
    for (voucher, card) in
        [(Some(6_000), "accept"), (Some(TOTAL), "accept"), (None, "abandon"), (Some(50), "abandon")]
    {
        let mut world = World::new(Psp::Lyra);
        let checkout = world.open();
        let card = Some(card).filter(|_| voucher != Some(TOTAL));
        let done = world.pay(&checkout, voucher, card);
        assert_eq!(done["ended"], true);
        let read = returned(&world, &done["return"]);
        assert_eq!(read.order.as_deref(), Some(ORDER));
        // The page posts the same.
        let page = world.controlled("GET", &format!("pay/{checkout}"), &json!({}));
        let page = String::from_utf8(page.body).unwrap();
        assert!(page.contains("action=\"https://shop.example.com/back?o=1\""), "{page}");
        assert!(page.contains(done["return"]["fields"]["signature"].as_str().unwrap()));
    }
}

#[test]
fn a_notification_is_no_return_and_the_other_way_round() {
    let mut world = World::new(Psp::Lyra);
    let checkout = world.open();
    world.pay(&checkout, Some(TOTAL), None);
    let sent = world.fakes.outbox();
    let body = &sent.first().unwrap().body;
    let refused = returns::verify(&credentials(), body);
    assert_eq!(refused, Err(returns::NoReturn::Notification));
}

#[test]
fn an_abandoned_payment_is_told_only_where_the_rule_is_on() {
    for is_on in [false, true] {
        let mut world = World::with(Psp::Lyra, &json!({ "notify_abandoned": is_on }));
        let checkout = world.open();
        world.pay(&checkout, None, Some("abandon"));
        assert_eq!(world.fakes.outbox().len(), usize::from(is_on));
    }
}

#[test]
fn a_form_of_the_client_is_for_this_gateway() {
    let world = World::new(Psp::Lyra);
    let start = Start {
        order: ORDER,
        amount: TOTAL,
        currency: eur(),
        means: Means::Any,
        approval: false,
        locale: Some("fr_FR"),
        return_url: "https://shop.example.com/back",
        notification_url: Some("http://127.0.0.1:9000/other"),
    };
    let made: PaymentForm = form(&credentials(), &world.account(), &start, 1, world.at()).unwrap();
    let mut world = world;
    let reply = world.post_form(&made);
    assert_eq!(reply.status, 303);
    let page = reply.header("location").unwrap().rsplit('/').next().unwrap().to_owned();
    world.pay(&page, None, Some("accept"));
    let sent = world.fakes.outbox();
    assert_eq!(sent.first().unwrap().url, "http://127.0.0.1:9000/other");
}
