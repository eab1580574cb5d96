//! `checkout` and `ask`.

use serde_json::json;

use super::on;
use crate::support::{Request, Stack};

#[test]
fn the_buyer_comes_back_to_the_stack_that_was_named() {
    let stack = Stack::shared();
    let key = "worldline/DemoMerchant/test/START-1";
    let started = on(&stack, &["checkout", key, "14000", "--json"]).with(0).json();
    let body = json!({"checkout": started["checkout"]["id"], "card": "accept"}).to_string();
    let paid = Request::new("POST", "/local/psp/pay").header("Content-Type", "application/json");
    let paid = stack.send(&paid.body(body.as_bytes()));
    assert_eq!(paid.status, 200, "{}", paid.text());
    let back = paid.json()["return"]["url"].as_str().expect("an address").to_owned();
    let back = stack.get(back.strip_prefix(&stack.url()).expect("this stack's"));
    let orders = format!("{}/orders?", stack.url());
    assert!(back.header("location").starts_with(&orders), "{}", back.header("location"));
}

#[test]
fn an_ask_shows_what_was_registered_as_the_order_does() {
    let stack = Stack::shared();
    let key = "worldline/DemoMerchant/test/START-2";
    on(&stack, &["checkout", key, "14000"]).with(0);
    let asked = on(&stack, &["ask", key]).with(0).output;
    for part in ["expected    140.00 EUR  registered ", "registered: 140.00 EUR"] {
        assert!(asked.contains(part), "{part} in {asked}");
    }
    // A variable that was set for another stack stops it, as it stops the commands that read.
    let other = [("QUITTANCE_TABLE", "other-orders")];
    super::on_with(&stack, &["ask", key], &other).with(2);
}
