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
