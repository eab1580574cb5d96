//! `refund`, `capture` and `cancel`.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use serde_json::{Value, json};

use super::{Done, key, on, run};
use crate::support::{Stack, systempay_path};

/// What a command posts to a stack that answers so, and what comes of it.
fn answered(status: u16, body: &Value, args: &[&str]) -> (String, Done) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let body = body.to_string();
    let heard = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut heard = Vec::new();
        while !heard.ends_with(b"}") {
            let mut some = [0; 4096];
            let read = stream.read(&mut some).unwrap();
            assert!(read > 0, "the request is whole");
            heard.extend_from_slice(&some[..read]);
        }
        let length = body.len();
        let head = format!("HTTP/1.1 {status} x\r\ncontent-length: {length}\r\n\r\n");
        stream.write_all([head, body].concat().as_bytes()).unwrap();
        String::from_utf8(heard).unwrap()
    });
    let done = run(&[args, &["--local", &url]].concat(), &[]);
    (heard.join().unwrap(), done)
}

fn refund(state: &str) -> Value {
    json!({
        "order": "systempay/12345678/test/A/B", "request": "R-1", "amount": 4000, "currency": "EUR", "state": state,
        "lines": [{"share": "ab", "method": "CB", "action": "refund", "amount": 4000, "state": "sent",
                   "reason": null, "psp_id": "cd"}],
        "refused": [], "voucher_deadline": "2026-11-22T13:45:00Z",
    })
}

const REFUND: [&str; 7] =
    ["refund", "systempay/12345678/test/A%2FB", "4000", "--request", "R-1", "--currency", "EUR"];

#[test]
fn what_is_asked_for_is_posted_and_the_answer_shown() {
    let (heard, done) = answered(202, &refund("running"), &REFUND);
    assert!(heard.starts_with("POST /refunds HTTP/1.1\r\n"), "{heard}");
    let posted: Value = serde_json::from_str(heard.rsplit("\r\n\r\n").next().unwrap()).unwrap();
    let expected = json!({
        "order": "systempay/12345678/test/A/B", "request": "R-1", "amount": 4000, "currency": "EUR",
        "plan_only": false,
    });
    assert_eq!(posted, expected);
    let shown = done.with(0).output;
    for part in
        ["R-1  running\n", "refund", "CB", "40.00 EUR", "sent", "until 2026-11-22T13:45:00Z"]
    {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    for (state, status) in
        [("planned", 0), ("done", 0), ("partial", 1), ("refused", 1), ("uncertain", 1)]
    {
        answered(200, &refund(state), &REFUND).1.with(status);
    }
    let (_, done) =
        answered(200, &refund("done"), &[&REFUND[..], &["--json", "--plan-only"]].concat());
    assert_eq!(done.with(0).json(), refund("done"));
}

#[test]
fn captures_and_cancellations_are_posted_to_their_routes() {
    let key = "systempay/12345678/test/CMD-1";
    let body = json!({"order": {"currency": "EUR"}, "request": "Q", "state": "done", "lines": []});
    let args = ["capture", key, "500", "--request", "Q", "--currency", "EUR"];
    let (heard, done) = answered(200, &body, &args);
    assert!(heard.starts_with("POST /captures ") && heard.contains(r#""amount":500"#), "{heard}");
    assert_eq!(done.with(0).output, "Q  done\nnothing to do\n");
    let (heard, _) = answered(200, &body, &["capture", key, "--request", "Q", "--currency", "EUR"]);
    assert!(heard.contains(r#""amount":null"#), "{heard}");
    let (heard, done) = answered(200, &body, &["cancel", key, "--request", "Q"]);
    assert!(heard.starts_with("POST /cancellations "), "{heard}");
    done.with(0);
}

#[test]
fn what_is_not_done_is_told_with_a_status() {
    let why = json!({"error": "no more than 1.00 EUR is left"});
    for (status, ends) in [(404, 1), (409, 1), (422, 1), (400, 2), (502, 2), (503, 2)] {
        let done = answered(status, &why, &REFUND).1.with(ends);
        let told =
            if status == 404 { "no order is known" } else { "no more than 1.00 EUR is left" };
        assert!(done.errors.contains(told), "{status} {}", done.errors);
        assert!(done.output.is_empty());
    }
    let done = answered(422, &why, &[&REFUND[..], &["--json"]].concat()).1;
    assert_eq!(done.with(1).json(), why);
    for bad in [
        &["refund", "systempay/12345678/test/A", "1"][..],
        &["refund", "systempay/12345678/test/A", "1.00", "--request", "R"],
        &["cancel", "A", "--request", "R"],
        &["cancel", "systempay/12345678/test/A", "--request", "R", "--stack", "shop"],
    ] {
        run(bad, &[]).with(2);
    }
}

#[test]
fn a_stack_without_credentials_moves_no_money() {
    let stack = Stack::shared();
    // The fakes serve whoever has keys, and the demo's site has none for real money.
    let key = key(&systempay_path("NO-CREDENTIALS")).replace("/test/", "/production/");
    for args in
        [&["refund", &key, "100", "--request", "R"][..], &["cancel", &key, "--request", "R"]]
    {
        let done = on(&stack, args).with(1);
        assert!(done.errors.contains("no API credentials"), "{}", done.errors);
    }
}
