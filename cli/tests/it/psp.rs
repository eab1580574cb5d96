//! The fakes of the PSPs' APIs in the local stack: a buyer pays on their pages, they notify, they are asked, and
//! they fail as they are told.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};

use quittance_aws::clock::now;
use quittance_core::key::Account;
use quittance_core::{Currency, Mode};
use quittance_psp::lyra::api::{Credentials, checkout as lyra};
use quittance_psp::worldline::api::{Merchants, checkout as worldline};
use quittance_testing::worldline::MERCHANT;
use quittance_testing::{FORM_KEY, REST_PASSWORD, SITE, url_encode};
use serde_json::{Value, json};

use crate::support::{
    FORM, Reply, Request, Stack, WORLDLINE_DEMO, exchange, quittance, systempay_path, wait_for,
    worldline_path,
};

/// What each order costs, in cents.
const PRICE: u64 = 14_000;

/// Where the buyer comes back.
const SHOP: &str = "https://shop.example.com/back";

impl Stack {
    /// Where the fakes of the APIs are: `http://127.0.0.1:<port>`.
    pub(crate) fn psps(&self) -> String {
        wait_for("the address of the fakes", || {
            let output = self.output();
            let (_, rest) = output.split_once("APIs at ")?;
            rest.split_once(',').map(|(origin, _)| origin.to_owned())
        })
    }

    fn psp_port(&self) -> u16 {
        self.psps().rsplit_once(':').and_then(|(_, port)| port.parse().ok()).expect("a port")
    }

    /// Sends a request to the fakes' APIs.
    fn api(&self, request: &Request) -> Reply {
        exchange(self.psp_port(), request).expect("the fakes answer")
    }

    fn post(&self, path: &str, body: &Value) -> Reply {
        let request = Request::new("POST", path).header("Content-Type", "application/json");
        self.send(&request.body(body.to_string().as_bytes()))
    }

    /// Uses a control of the fakes, which must do as it is told.
    fn control(&self, path: &str, body: &Value) -> Value {
        let reply = self.post(&format!("/local/psp/{path}"), body);
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        reply.json()
    }

    /// Posts a form as the buyer's browser does.
    fn browse(&self, path: &str, body: &str) -> Reply {
        let request = Request::new("POST", path).header("Content-Type", FORM);
        self.send(&request.body(body.as_bytes()))
    }

    /// Opens a hosted checkout at Worldline's fake, by vouchers and card. Its id, and the path of its page.
    fn open_at_worldline(&self, reference: &str) -> (String, String) {
        let wanted = worldline::Wanted {
            reference,
            amount: PRICE,
            currency: Currency::from_alpha("EUR").expect("the euro"),
            means: worldline::Means::Cvco,
            approval: false,
            adjustable: true,
            beneficiary: None,
            locale: None,
            return_url: SHOP,
            webhooks: &[],
            session_minutes: None,
        };
        let wanted = worldline::hosted(&wanted).expect("a checkout");
        let origin = self.psps();
        let keys = json!({"key_id": "local-key", "secret": "local-secret", "url": origin});
        let document = json!({MERCHANT: {"test": keys}}).to_string();
        let psp = quittance_psp::worldline::ID;
        let account = Account { psp, merchant: MERCHANT.to_owned(), mode: Mode::Test };
        let merchants = Merchants::from_json(&document).expect("credentials");
        let call = merchants.endpoint(&account).expect("an endpoint").call(&wanted, now());
        let mut request = Request::new("POST", call.url.strip_prefix(&origin).expect("a path"));
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        let reply = self.api(&request.body(&call.body));
        assert_eq!(reply.status, 200, "{}", reply.text());
        let opened = worldline::opened(&reply.body, reference).expect("an open checkout");
        let page = self.path(reply.json()["redirectUrl"].as_str().expect("a page"));
        (opened.checkout, page)
    }

    /// What the browser posts to begin a payment by card at Lyra's fake.
    fn lyra_form(&self, site: &str, reference: &str, attempt: u32) -> String {
        let start = lyra::Start {
            order: reference,
            amount: PRICE,
            currency: Currency::from_alpha("EUR").expect("the euro"),
            means: lyra::Means::Cards,
            approval: false,
            locale: None,
            return_url: SHOP,
            notification_url: None,
        };
        let origin = self.psps();
        let brand = json!({"name": "Local", "back_office": origin, "rest": origin});
        let keys = json!({"form": FORM_KEY, "rest_password": REST_PASSWORD});
        let document = json!({site: {"brand": brand, "test": keys}}).to_string();
        let credentials = Credentials::from_json(&document).expect("credentials");
        let psp = quittance_psp::lyra::ID;
        let account = Account { psp, merchant: site.to_owned(), mode: Mode::Test };
        let form = lyra::form(&credentials, &account, &start, attempt, now()).expect("a form");
        let pair = |(name, value): &(&str, String)| format!("{name}={}", url_encode(value));
        form.fields.iter().map(pair).collect::<Vec<_>>().join("&")
    }

    /// Begins a payment by card at Lyra's fake. The path of its page.
    fn open_at_lyra(&self, reference: &str, attempt: u32) -> String {
        let body = self.lyra_form(SITE, reference, attempt);
        let request = Request::new("POST", "/vads-payment/").header("Content-Type", FORM);
        let reply = self.api(&request.body(body.as_bytes()));
        assert_eq!(reply.status, 303, "{}", reply.text());
        self.path(reply.header("location"))
    }

    /// The path of the page to which a started payment leads.
    fn page(&self, checkout: &Value) -> String {
        if let Some(url) = checkout["redirect_url"].as_str() {
            return self.path(url);
        }
        let form = &checkout["form"];
        let action = form["action"].as_str().expect("a form");
        let path = action.strip_prefix(&self.psps()).expect("a form for the fakes");
        let fields = form["fields"].as_object().expect("fields");
        let pair = |(name, value): (&String, &Value)| {
            format!("{name}={}", url_encode(value.as_str().expect("a text")))
        };
        let body = fields.iter().map(pair).collect::<Vec<_>>().join("&");
        let request = Request::new("POST", path).header("Content-Type", FORM);
        let reply = self.api(&request.body(body.as_bytes()));
        assert_eq!(reply.status, 303, "{}", reply.text());
        self.path(reply.header("location"))
    }

    /// The path of an address at this stack.
    fn path(&self, url: &str) -> String {
        let path = url.strip_prefix(&self.url()).unwrap_or(url);
        assert!(path.starts_with('/'), "{url} is elsewhere");
        path.to_owned()
    }

    /// A buyer pays by voucher and card, the PSP takes the money, and says so when it is asked.
    fn sells(&self, key: &str) {
        let wish = json!({
            "order": key, "amount": PRICE, "currency": "EUR", "method": "CVCO", "return_url": SHOP,
        });
        let started = self.post("/checkouts", &wish);
        assert_eq!(started.status, 201, "{key}: {}", started.text());
        let page = self.page(&started.json()["checkout"]);
        self.browse(&page, "voucher=6000");
        self.browse(&page, "card=accept");
        self.control("batch", &json!({}));
        let asked = self.asks(key);
        assert_eq!((asked.status, &asked.json()["state"]), (200, &json!("captured")), "{key}");
        self.sent_order(&format!("/orders/{key}"));
    }

    fn asks(&self, key: &str) -> Reply {
        self.post("/asks", &json!({ "order": key }))
    }
}

fn pay(checkout: &str, voucher: Option<u64>, card: &str) -> Value {
    json!({"checkout": checkout, "voucher": voucher, "card": card})
}

fn sources(order: &Value) -> Vec<&str> {
    let all = order["notifications"].as_array().expect("a list").iter();
    all.map(|told| told["source"].as_str().expect("a word")).collect()
}

/// The evidence of an order holds, and is made of these.
fn evidence(stack: &Stack, key: &str, kinds: &[&str]) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("evidence.json");
    let path = path.to_str().expect("text");
    let args = ["evidence", key, "--to", path, "--json", "--local", &stack.url()];
    let done = quittance(&args).output().expect("it starts");
    let verdict: Value = serde_json::from_slice(&done.stdout).expect("JSON");
    assert_eq!(done.status.code(), Some(0), "{verdict}");
    let events = verdict["events"].as_array().expect("a list").iter();
    let found: Vec<&str> = events.map(|event| event["kind"].as_str().expect("a word")).collect();
    assert_eq!(found, kinds, "{verdict}");
    let file = std::fs::read_to_string(path).expect("a file");
    let file: Value = serde_json::from_str(&file).expect("JSON");
    let entries = file["entries"].as_array().expect("a list").iter();
    for answer in entries.filter(|entry| entry["kind"] == "answer") {
        let body = answer["body"].as_str().expect("the answers as they came");
        let replies: Value = serde_json::from_str(body).expect("JSON");
        assert!(replies[0]["asked"].is_string() && replies[0]["body"].is_string(), "{body}");
    }
}

/// The rebuilt orders are those that are stored.
fn verify(stack: &Stack) {
    let args = ["rebuild", "--verify", "--json", "--local", &stack.url()];
    let done = quittance(&args).output().expect("it starts");
    let text = String::from_utf8_lossy(&done.stdout);
    assert_eq!(done.status.code(), Some(0), "{text}{}", String::from_utf8_lossy(&done.stderr));
    let report: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(report["identical"], stack.rows("quittance-orders"), "{report}");
}

#[test]
fn a_buyer_pays_by_voucher_and_card_and_the_order_is_released() {
    let stack = Stack::start();
    let (_, page) = stack.open_at_worldline("PSP-1");
    let shown = stack.get(&page);
    assert_eq!(shown.status, 200);
    assert!(shown.text().contains("140.00 EUR") && shown.text().contains("Chèque-Vacances"));
    let moved = stack.browse(&page, "voucher=6000");
    assert_eq!((moved.status, stack.path(moved.header("location"))), (303, page.clone()));
    assert!(stack.get(&page).text().contains("Pay 80.00 EUR by card"));
    // What a page causes to be sent has arrived when it answers.
    let path = worldline_path("PSP-1");
    let order = stack.order(&path);
    assert!(order["fulfilment"].is_null() && order["shares"][0]["amount"] == 6_000, "{order}");
    let left = stack.browse(&page, "card=accept");
    assert!(left.header("location").starts_with(&format!("{SHOP}?RETURNMAC=")), "{left:?}");
    let order = stack.sent_order(&path);
    assert_eq!((&order["state"], sources(&order).len()), (&json!("captured"), 2), "{order}");
    assert_eq!(stack.queue_of(&["PSP-1"]).len(), 1);
    // Asking adds nothing to what was notified.
    let asked = stack.asks(&format!("worldline/{MERCHANT}/test/PSP-1"));
    assert_eq!((asked.status, asked.json()["state"].clone()), (200, json!("captured")));
    // Programs pay in one request.
    let (checkout, _) = stack.open_at_worldline("PSP-2");
    let paid = stack.control("pay", &pay(&checkout, Some(PRICE), "accept"));
    assert_eq!((&paid["rest"], &paid["ended"]), (&json!(0), &json!(true)), "{paid}");
    assert_eq!(stack.sent_order(&worldline_path("PSP-2"))["state"], "captured");
    verify(&stack);
}

#[test]
fn what_the_nightly_batch_takes_is_released_by_asking() {
    let stack = Stack::start();
    let page = stack.open_at_lyra("PSP-3", 1);
    stack.browse(&page, "card=accept");
    let path = systempay_path("PSP-3");
    let order = stack.order(&path);
    assert_eq!((&order["state"], sources(&order)), (&json!("authorised"), vec!["webhook"]));
    let taken = stack.control("batch", &json!({}));
    assert_eq!(taken, json!({"worldline": 0, "systempay": 1}));
    assert_eq!(stack.order(&path)["state"], "authorised", "nobody announces it");
    let looked = stack.post("/local/reconcile", &json!({})).json();
    assert_eq!((&looked["asked"], &looked["changed"]), (&json!(1), &json!(1)), "{looked}");
    let order = stack.sent_order(&path);
    assert_eq!((&order["state"], sources(&order)), (&json!("captured"), vec!["webhook", "api"]));
    assert_eq!(stack.queue_of(&["PSP-3"]).len(), 1);
    verify(&stack);
    evidence(&stack, &format!("systempay/{SITE}/test/PSP-3"), &["notification", "answer"]);
}

/// The notification is lost, and the order is known from what was asked alone.
#[test]
fn an_order_without_a_notification_is_found_by_asking() {
    let stack = Stack::start();
    stack.control("settings", &json!({"notify": false}));
    let (checkout, _) = stack.open_at_worldline("PSP-4");
    stack.control("pay", &pay(&checkout, Some(6_000), "accept"));
    stack.browse(&stack.open_at_lyra("PSP-5", 1), "card=accept");
    for path in [worldline_path("PSP-4"), systempay_path("PSP-5")] {
        assert_eq!(stack.get(&path).status, 404);
    }
    // Worldline has no way to find an order by its reference alone.
    let asked = stack.asks(&format!("worldline/{MERCHANT}/test/PSP-4"));
    assert_eq!(asked.status, 404, "{}", asked.text());
    let asked = stack.asks(&format!("systempay/{SITE}/test/PSP-5"));
    assert_eq!((asked.status, asked.json()["state"].clone()), (200, json!("authorised")));
    verify(&stack);
}

/// Orders of both PSPs of which the last news comes by asking: how many.
pub(crate) fn learnt(stack: &Stack) -> usize {
    let keys =
        [format!("worldline/{MERCHANT}/test/LEARNT-1"), format!("systempay/{SITE}/test/LEARNT-2")];
    keys.iter().for_each(|key| stack.sells(key));
    keys.len()
}

#[test]
fn a_fault_changes_nothing_and_is_answered_with_502() {
    let stack = Stack::start();
    stack.browse(&stack.open_at_lyra("PSP-6", 1), "card=accept");
    let (checkout, _) = stack.open_at_worldline("PSP-7");
    stack.control("pay", &pay(&checkout, Some(6_000), "accept"));
    stack.control("batch", &json!({}));
    let orders = [
        ("systempay", format!("systempay/{SITE}/test/PSP-6"), systempay_path("PSP-6")),
        ("worldline", format!("worldline/{MERCHANT}/test/PSP-7"), worldline_path("PSP-7")),
    ];
    // A call is tried more than once, so each fault is there for all tries.
    for (at, fault) in [(0, "timeout_after"), (0, "html"), (1, "502"), (1, "cut_off")] {
        let (provider, key, path) = &orders[at];
        let before = stack.order(path);
        stack.control("faults", &json!({"provider": provider, "fault": fault, "times": 100}));
        let asked = stack.asks(key);
        assert_eq!(asked.status, 502, "{provider} {fault}: {}", asked.text());
        let gone = stack.send(&Request::new("DELETE", "/local/psp/faults"));
        assert_eq!((gone.status, gone.json()), (200, json!([])));
        assert_eq!(stack.order(path), before, "{fault}");
    }
    for (_, key, path) in &orders {
        assert_eq!(stack.asks(key).status, 200, "{key}");
        stack.sent_order(path);
    }
    verify(&stack);
}

/// What arrives of the answer to a call that anybody may make, until the connection closes.
fn bytes_of(stack: &Stack, fault: &str) -> String {
    let fault = json!({"provider": "systempay", "call": "Charge/SDKTest", "fault": fault});
    stack.control("faults", &fault);
    let login = "MTIzNDU2Nzg6dGVzdHBhc3N3b3JkX2RlbW8=";
    let body = r#"{"value": "ping"}"#;
    let mut connection =
        TcpStream::connect((Ipv4Addr::LOCALHOST, stack.psp_port())).expect("it listens");
    let request = format!(
        "POST /api-payment/V4/Charge/SDKTest HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {login}\r\n\
         Connection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    connection.write_all(request.as_bytes()).expect("it reads");
    let mut answer = Vec::new();
    // However the connection closes: what came counts.
    let _ = connection.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn the_connection_closes_before_or_in_the_middle_of_an_answer() {
    let stack = Stack::start();
    assert_eq!(bytes_of(&stack, "timeout_after"), "");
    let answer = bytes_of(&stack, "cut_off");
    let (head, half) = answer.split_once("\r\n\r\n").expect("a head");
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.expect("a length").parse().expect("a number");
    assert!(head.starts_with("HTTP/1.1 200") && half.len() == length / 2, "{answer}");
}

/// The PSPs' clock ends sessions, and the four hours in which a voucher can be given back.
#[test]
fn the_clock_of_the_psps_is_put_forward_by_hand() {
    let stack = Stack::start();
    let (checkout, _) = stack.open_at_worldline("PSP-10");
    stack.control("pay", &json!({"checkout": checkout, "voucher": 6_000}));
    let late = stack.open_at_lyra("PSP-11", 1);
    stack.control("clock", &json!({"advance_seconds": 3 * 60 * 60}));
    for page in [&late, &format!("/local/psp/pay/{checkout}")] {
        let id = page.rsplit('/').next().expect("an id");
        assert_eq!(stack.post("/local/psp/pay", &pay(id, None, "accept")).status, 409, "{page}");
        assert!(!stack.get(page).text().contains("Card accepted"), "{page}");
    }
    let order = stack.order(&worldline_path("PSP-10"));
    assert_eq!((&order["captured"], &order["fulfilment"]), (&json!(6_000), &Value::Null));
    let ahead = stack.control("clock", &json!({"advance_seconds": 60}));
    assert_eq!(ahead["ahead_seconds"], 3 * 60 * 60 + 60);
    assert_eq!(stack.post("/local/psp/clock", &json!({"advance_seconds": -1})).status, 400);
}

/// Each notification is genuine, and an order is the same however it is told of.
#[test]
fn an_order_is_released_once_however_it_is_notified() {
    let stack = Stack::start();
    for (number, settings) in [
        json!({"notification_format": "rest"}),
        json!({"notification_format": "both", "notify_twice": true}),
        json!({"notification_format": "form", "notify_reversed": true}),
        json!({"notify_twice": false, "split_layout": "two_ids", "payment_ids": "long"}),
        json!({"notify_reversed": false, "split_layout": "whole_order"}),
    ]
    .iter()
    .enumerate()
    {
        stack.control("settings", settings);
        let reference = format!("PSP-2{number}");
        let (checkout, _) = stack.open_at_worldline(&reference);
        stack.control("pay", &pay(&checkout, Some(6_000), "accept"));
        let page = stack.open_at_lyra(&reference, 1);
        stack.browse(&page, "card=accept");
        let lyra = stack.order(&systempay_path(&reference));
        assert_eq!(lyra["authorised"], PRICE, "{settings}: {lyra}");
        stack.control("batch", &json!({}));
        stack.post("/local/reconcile", &json!({}));
        for path in [worldline_path(&reference), systempay_path(&reference)] {
            let order = stack.sent_order(&path);
            let expected = (&json!("captured"), &json!(PRICE), &json!([]));
            let found = (&order["state"], &order["captured"], &order["flags"]);
            assert_eq!(found, expected, "{settings}: {order}");
        }
        assert_eq!(stack.queue_of(&[&reference]).len(), 2, "{settings}");
    }
    assert_eq!(stack.get("/local/quarantine").json(), json!([]));
    verify(&stack);
}

/// Keys of one's own and no credentials: whoever they are for starts payments, is paid, asks and gives back.
#[test]
fn keys_of_ones_own_are_enough() {
    let keys = [
        (
            "QUITTANCE_WORLDLINE_KEYS",
            r#"{"t": "one", "p": {"secret": "two", "mode": "production"}}"#,
        ),
        (
            "QUITTANCE_SYSTEMPAY_KEYS",
            r#"{"87654321": {
                "test": {"form": "three", "rest_password": "testpassword_own"},
                "production": {"form": "four", "rest_password": "prodpassword_own"}
            }}"#,
        ),
    ];
    let stack = Stack::start_with(&[], &keys);
    let orders = ["worldline/Agency-7/test", "worldline/Agency-7/production"]
        .into_iter()
        .chain(["systempay/87654321/test", "systempay/87654321/production"])
        .map(|account| format!("{account}/OWN-1"));
    for key in orders {
        stack.sells(&key);
        let refund = json!({"order": key, "request": "R-1", "amount": 1_000, "currency": "EUR"});
        let refunded = stack.post("/refunds", &refund);
        assert!(matches!(refunded.status, 200 | 202), "{key}: {}", refunded.text());
        stack.control("batch", &json!({}));
        stack.post("/asks", &json!({ "order": key }));
        let order = wait_for("the reversal is sent", || {
            let order = stack.order(&format!("/orders/{key}"));
            order["reversals"][0]["sent_at"].is_string().then_some(order)
        });
        assert_eq!(order["refunded"], 1_000, "{key}");
    }
    assert_eq!(stack.queue_of(&["OWN-1"]).len(), 8, "released and reversed, each once");
    // The two modes of a merchant are two accounts, at the fakes too.
    let state = stack.get("/local/psp/state").json();
    for provider in ["worldline", "systempay"] {
        assert_eq!(state[provider].as_array().expect("a list").len(), 2, "{state}");
    }
}

#[test]
fn only_who_has_no_credentials_is_served() {
    let keys = json!({
        "11111111": {"test": {"form": "one", "ask": false}},
        "22222222": {
            "brand": {"name": "Mine", "rest": "http://127.0.0.1:1"},
            "test": {"form": "two", "rest_password": "testpassword_own"},
        },
        SITE: {"test": {"form": FORM_KEY}},
    });
    let own = json!({"key_id": "key-1", "secret": "secret-1", "url": "http://127.0.0.1:1"});
    let environment = [
        ("QUITTANCE_SYSTEMPAY_KEYS", keys.to_string()),
        ("QUITTANCE_WORLDLINE_API", json!({MERCHANT: {"test": own}}).to_string()),
        (WORLDLINE_DEMO.0, WORLDLINE_DEMO.1.to_owned()),
    ];
    let environment = environment.each_ref().map(|(name, value)| (*name, &**value));
    let stack = Stack::start_with(&[], &environment);
    stack.psps();
    let served = format!(
        ", for worldline/*/test, systempay/11111111/test, systempay/{SITE}/test; called for real: \
         worldline/{MERCHANT}/test, systempay/22222222/test\n"
    );
    assert!(stack.output().contains(&served), "{}", stack.output());
    for (key, status) in [
        ("worldline/Other/test/1", 404),
        ("worldline/Other/production/1", 409),
        ("systempay/11111111/test/1", 409),
        ("systempay/22222222/test/1", 502),
        (&format!("systempay/{SITE}/test/1"), 404),
        (&format!("systempay/{SITE}/production/1"), 409),
    ] {
        let asked = stack.asks(key);
        assert_eq!(asked.status, status, "{key}: {}", asked.text());
    }
    let form = stack.lyra_form("22222222", "PSP-8", 1);
    let request = Request::new("POST", "/vads-payment/").header("Content-Type", FORM);
    assert_eq!(stack.api(&request.body(form.as_bytes())).status, 400);
    stack.browse(&stack.open_at_lyra("PSP-9", 1), "card=accept");
    assert_eq!(stack.order(&systempay_path("PSP-9"))["state"], "authorised");
    let quiet = Stack::start_with(&["--quiet"], &[]);
    assert_eq!(quiet.get("/local/psp/state").status, 200);
    assert_eq!(quiet.output(), "");
}

#[test]
fn what_is_no_control_is_not_found_and_what_is_too_large_is_not_read() {
    let stack = Stack::shared();
    assert_eq!(stack.get("/local/psp/nothing").status, 404);
    let large = Request::new("POST", "/local/psp/settings").body(&vec![b' '; 300 * 1024]);
    if let Ok(reply) = stack.try_send(&large) {
        assert_eq!(reply.status, 413);
    }
    assert_eq!(stack.api(&Request::get("/v2/x/payments/1_0")).status, 401);
    let settings = stack.get("/local/settings").text();
    assert!(!settings.contains("psp"), "{settings}");
}
