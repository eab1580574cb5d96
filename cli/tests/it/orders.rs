//! Reading orders: the JSON that others build on, lists, references of every kind and the page for a browser.
//! (docs/interface.md, "An order")

use std::collections::BTreeSet;

use crate::support::{
    Request, Stack, order_path, percent_encode, systempay_path, wait_for, worldline_path,
};
use quittance_testing::lyra::{Form, Share, uuid};
use quittance_testing::worldline::{MERCHANT, Payment, refund};
use quittance_testing::{SITE, url_encode};
use serde_json::{Value, json};

/// The names of a JSON object.
fn names(value: &Value) -> BTreeSet<&str> {
    value.as_object().map(|o| o.keys().map(String::as_str).collect()).unwrap_or_default()
}

fn assert_names(value: &Value, expected: &[&str]) {
    assert_eq!(names(value), expected.iter().copied().collect(), "{value}");
}

/// The documented names, and a word on why the order is not released while it is not.
fn assert_order_names(order: &Value, expected: &[&str]) {
    let mut expected: BTreeSet<&str> = expected.iter().copied().collect();
    if order["fulfilment"].is_null() {
        assert!(order["explanation"].is_string(), "{order}");
        expected.insert("explanation");
    }
    assert_eq!(names(order), expected, "{order}");
}

/// `2026-11-22T10:00:00Z`.
fn assert_moment(value: &Value) {
    let text = value.as_str().unwrap_or_else(|| panic!("no text: {value}"));
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert_eq!(shape, "0000-00-00T00:00:00Z", "{text}");
}

const ORDER: [&str; 15] = [
    "psp",
    "merchant",
    "mode",
    "order",
    "state",
    "flags",
    "currency",
    "expected",
    "authorised",
    "captured",
    "refunded",
    "shares",
    "fulfilment",
    "reversals",
    "notifications",
];

const SHARE: [&str; 8] =
    ["share", "method", "kind", "amount", "status", "psp_status", "sequence", "details"];

#[test]
fn an_order_has_exactly_the_documented_shape() {
    let stack = Stack::shared();
    let (first, second) = (uuid(&["a"]), uuid(&["b"]));
    let shares =
        [Share(&first, "CVCO", 6_000, "CAPTURED"), Share(&second, "CB", 4_000, "CAPTURED")];
    let body = Form::cascade("ORD-1", "ord001", 10_000, "CAPTURED", &shares).body();
    stack.systempay(&body);
    let order = stack.sent_order(&systempay_path("ORD-1"));
    assert_order_names(&order, &ORDER);
    let (fulfilment, notifications) = (&order["fulfilment"], &order["notifications"]);
    assert_names(fulfilment, &["id", "decided_at", "sent_at"]);
    assert!(fulfilment["id"].as_str().is_some_and(|id| !id.is_empty()));
    assert_moment(&fulfilment["decided_at"]);
    assert_moment(&fulfilment["sent_at"]);
    assert_names(&notifications[0], &["received_at", "source", "about", "sha256"]);
    assert_moment(&notifications[0]["received_at"]);
    assert!(notifications[0]["about"].is_string());
    let details = json!({
        "transaction_id": "ord001", "authorisation_result": "0",
        "authorisation_result_text": "authorised", "capture_delay_days": 0,
        "capture_date": "2026-11-22T10:00:05Z",
    });
    let expected = json!({
        "psp": "systempay", "merchant": SITE, "mode": "test", "order": "ORD-1",
        "state": "captured", "flags": [],
        "currency": "EUR", "expected": 10_000, "authorised": 0, "captured": 10_000, "refunded": 0,
        "shares": [
            {"share": first, "method": "CVCO", "kind": "debit", "amount": 6_000,
             "status": "captured", "psp_status": "CAPTURED", "sequence": 1, "details": details},
            {"share": second, "method": "CB", "kind": "debit", "amount": 4_000,
             "status": "captured", "psp_status": "CAPTURED", "sequence": 2, "details": details},
        ],
        "fulfilment": fulfilment,
        "reversals": [],
        "notifications": [{
            "received_at": notifications[0]["received_at"], "source": "webhook",
            "about": notifications[0]["about"],
            "sha256": quittance_core::crypto::sha256_hex(body.as_bytes()),
        }],
    });
    assert_eq!(order, expected);
}

#[test]
fn every_name_is_there_also_where_nothing_is_known() {
    let stack = Stack::shared();
    stack.worldline(&Payment::new("ORD-2", "3254620002_0", 130, 2, 700).body());
    let order = stack.order(&worldline_path("ORD-2"));
    assert_order_names(&order, &ORDER);
    assert_names(&order["shares"][0], &SHARE);
    assert_eq!(order["merchant"], MERCHANT);
    assert_eq!(order["state"], "refused");
    assert_eq!((&order["fulfilment"], &order["reversals"]), (&Value::Null, &json!([])));
    assert_eq!(order["shares"][0]["sequence"], Value::Null);

    // The share of a cascade alone: what the whole costs is not known.
    let share = Share("0123456789abcdef0123456789abcdef", "CVCO", 6_000, "CAPTURED");
    stack.systempay(&Form::follow_up("ORD-3", "ord003", 1, "BATCH", share).body());
    let order = stack.order(&systempay_path("ORD-3"));
    assert_order_names(&order, &ORDER);
    assert_eq!((&order["expected"], &order["flags"]), (&Value::Null, &json!(["ambiguous"])));
    assert_eq!((&order["captured"], &order["fulfilment"]), (&json!(6_000), &Value::Null));
}

#[test]
fn a_reversal_is_listed_and_queued_after_the_release() {
    let stack = Stack::shared();
    stack.worldline(&Payment::new("ORD-4", "3254620004_0", 130, 9, 5_000).body());
    stack.worldline(&refund("ORD-4", "3254620004_1", 8, 2_000).to_string());
    let order = wait_for("the reversal is sent", || {
        let order = stack.order(&worldline_path("ORD-4"));
        order["reversals"][0]["sent_at"].is_string().then_some(order)
    });
    let reversal = &order["reversals"][0];
    assert_names(reversal, &["id", "share", "amount", "reason", "decided_at", "sent_at"]);
    assert_moment(&reversal["decided_at"]);
    assert_eq!((&reversal["share"], &reversal["amount"]), (&json!("3254620004_1"), &json!(2_000)));
    assert_eq!(
        (&order["state"], &order["refunded"]),
        (&json!("partially_refunded"), &json!(2_000))
    );

    let messages = stack.queue_of(&["ORD-4"]);
    let kinds: Vec<&str> = messages.iter().filter_map(|m| m["type"].as_str()).collect();
    let expected = ["quittance.order.fulfilment_requested", "quittance.order.reversal_requested"];
    assert_eq!(kinds, expected);
    for (message, id) in messages.iter().zip([&order["fulfilment"]["id"], &reversal["id"]]) {
        let cloud_event =
            ["specversion", "id", "source", "type", "subject", "time", "datacontenttype", "data"];
        assert_names(message, &cloud_event);
        assert_eq!((&message["specversion"], &message["id"]), (&json!("1.0"), id));
        let without: Vec<&str> =
            ORDER.into_iter().filter(|name| *name != "notifications").collect();
        assert_names(&message["data"], &without);
        assert_eq!(message["data"]["mode"], "test");
    }
}

#[test]
fn unknown_orders_and_what_is_no_order_are_404() {
    let stack = Stack::shared();
    for path in [
        worldline_path("NEVER-SEEN"),
        systempay_path("NEVER-SEEN"),
        "/orders/paypal/M/test/A".to_owned(),
        "/orders/worldline/M/TEST/A".to_owned(),
        "/orders/worldline/M/test".to_owned(),
        "/orders/worldline/M/test/".to_owned(),
        "/orders/worldline//test/A".to_owned(),
        "/orders/worldline/M/test/A/B".to_owned(),
        "/orders/worldline/M/test/%FF".to_owned(),
        "/orders/worldline/M/test/%zz".to_owned(),
        "/orders/untracked/worldline".to_owned(),
        format!("/orders/worldline/M/test/{}", "x".repeat(256)),
    ] {
        assert_eq!(stack.get(&path).status, 404, "{path}");
    }
    let reply = stack.send(&Request::new("POST", "/orders"));
    assert_eq!((reply.status, reply.header("allow")), (405, "GET, HEAD"));
    for path in ["/", "/orders", "/orders?state=captured"] {
        for accept in ["text/html", "application/json"] {
            let ask =
                |method: &str| stack.send(&Request::new(method, path).header("Accept", accept));
            let (head, get) = (ask("HEAD"), ask("GET"));
            assert_eq!(head.status, get.status, "{path} {accept}");
            assert!(head.body.is_empty(), "{path} {accept}");
        }
    }
}

#[test]
fn a_list_is_paged_and_its_pages_are_disjoint_and_complete() {
    let stack = Stack::start();
    let mut expected = BTreeSet::new();
    for n in 0..7 {
        let reference = format!("PAGE-{n}");
        stack.worldline(&Payment::new(&reference, &format!("325463000{n}_0"), 130, 9, 100).body());
        expected.insert(reference);
    }
    stack.worldline(&Payment::new("REFUSED", "3254630009_0", 130, 2, 100).body());
    // An order that is marked as sent moves to the list's end.
    wait_for("all are marked", || {
        let orders = stack.get("/orders?limit=100").json()["orders"].as_array().cloned().unwrap();
        let told = |order: &&Value| order["fulfilment"]["sent_at"].is_string();
        (orders.iter().filter(told).count() == 7).then_some(())
    });
    for limit in [1, 2, 3, 6, 7, 8, 100] {
        assert_eq!(pages(&stack, &format!("state=captured&limit={limit}"), limit), expected);
    }
    assert_eq!(pages(&stack, "state=captured", 50), expected);
    assert_eq!(pages(&stack, "state=pending", 50), BTreeSet::new());
    expected.insert("REFUSED".to_owned());
    for limit in [1, 3, 8, 100] {
        assert_eq!(pages(&stack, &format!("limit={limit}"), limit), expected);
    }
    let order = &stack.get("/orders?state=refused").json()["orders"][0];
    let summary: Vec<&str> = ORDER.into_iter().filter(|name| *name != "notifications").collect();
    assert_order_names(order, &summary);
}

/// The references on all pages of a list. No page is longer than `limit`, none repeats an order.
fn pages(stack: &Stack, query: &str, limit: usize) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut cursor = String::new();
    loop {
        let reply = stack.get(&format!("/orders?{query}{cursor}"));
        assert_eq!(reply.status, 200, "{query}{cursor}: {}", reply.text());
        let page = reply.json();
        assert_names(&page, &["orders", "next"]);
        let orders = page["orders"].as_array().expect("an array");
        assert!(orders.len() <= limit, "{query}");
        for order in orders {
            let reference = order["order"].as_str().expect("text").to_owned();
            assert!(found.insert(reference), "{query}: twice: {order}");
        }
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
}

#[test]
fn bad_parameters_are_400_never_a_failure_of_ours() {
    let stack = Stack::start();
    for n in 0..3 {
        stack.worldline(
            &Payment::new(&format!("BAD-{n}"), &format!("325464000{n}_0"), 130, 9, 100).body(),
        );
    }
    let next = |query: &str| {
        let page = stack.get(&format!("/orders?limit=1&{query}")).json();
        page["next"].as_str().expect("there is more").to_owned()
    };
    let (of_state, of_all) = (next("state=captured"), next(""));
    // Base64 of {}, [], {"pk":"x"}, {"pk":1}, {"pk":"x","more":"y"}, and of no UTF-8.
    let forged =
        ["e30", "W10", "eyJwayI6IngifQ", "eyJwayI6MX0", "eyJwayI6IngiLCJtb3JlIjoieSJ9", "_w"];
    let mut queries: Vec<String> =
        forged.iter().map(|c| format!("state=captured&cursor={c}")).collect();
    queries.extend([
        format!("cursor={of_state}"),
        format!("state=captured&cursor={of_all}"),
        format!("state=refused&cursor={of_state}"),
        format!("state=captured&cursor={of_state}x"),
    ]);
    let others = [
        "state=CAPTURED",
        "state=unknown",
        "limit=0",
        "limit=-1",
        "limit=x",
        "limit=99999999999999999999",
        "cursor=x",
        "cursor=%00",
        "other=1",
        "STATE=captured",
    ];
    queries.extend(others.map(str::to_owned));
    for query in queries {
        let reply = stack.get(&format!("/orders?{query}"));
        assert_eq!(reply.status, 400, "{query}: {}", reply.text());
        if query.starts_with("limit=") {
            assert!(reply.text().contains("from 1; more than 100"), "{query}: {}", reply.text());
        }
    }
    // What is left empty counts as left out, and a page is never longer than 100.
    let good = [
        "",
        "&",
        "limit=1",
        "limit=100",
        "limit=101",
        "limit=",
        "state=&cursor=",
        "state=captured&limit=2&",
    ];
    for query in good {
        assert_eq!(stack.get(&format!("/orders?{query}")).status, 200, "{query}");
    }
}

/// References that a shop may use, and some that only an attacker would.
fn references() -> Vec<String> {
    let texts = [
        "A/B",
        "A%2FB",
        "A%B",
        "100%",
        "%",
        "A B",
        " A ",
        "A+B",
        "A&B=C",
        "A?B#C",
        "A\\B",
        "A\"B'C",
        "..",
        ".",
        "../../etc/passwd",
        "Élodie",
        "注文-1",
        "🧾",
        "<script>alert(1)</script>",
        "a\u{0}b",
        "a\nb",
        "a\tb",
        "tx3254569999",
        "TX:1",
        "quarantine",
        "A~20261122-abc123",
        "{}",
        "null",
        "\u{202e}abc",
    ];
    let mut references: Vec<String> = texts.into_iter().map(str::to_owned).collect();
    references.push("x".repeat(255));
    references.push("/".repeat(255));
    references.push("é".repeat(127));
    references
}

#[test]
fn an_order_is_found_under_any_reference() {
    let stack = Stack::shared();
    for (at, reference) in references().iter().enumerate() {
        let event = Payment::new(reference, &format!("32547{at:05}_0"), 130, 9, 100);
        let reply = stack.worldline(&event.body());
        assert_eq!(reply.status, 200, "{reference:?}: {}", reply.text());
        assert!(reply.text().chars().count() <= 512);
        let path = worldline_path(reference);
        let order = stack.sent_order(&path);
        // As a gateway that decodes paths makes necessary.
        let key: String = path["/orders/".len()..].bytes().map(|b| format!("%{b:02X}")).collect();
        assert_eq!(stack.get(&format!("/orders?key={key}")).json()["order"], order["order"]);
        assert_eq!(order["order"], reference.as_str());
        let source = format!("/quittance/worldline/{MERCHANT}/test");
        let messages = stack.queue_of(&[reference]);
        let ours = messages.iter().filter(|message| message["source"] == source.as_str());
        assert_eq!(ours.count(), 1, "{reference:?}");
    }
}

#[test]
fn lyra_references_are_found_too() {
    let stack = Stack::shared();
    for (at, reference) in references().iter().enumerate() {
        let form = Form::single(reference, &format!("lyr{at:03}"), "CB", 100, "CAPTURED");
        let reply = stack.systempay(&form.body());
        assert_eq!(reply.status, 200, "{reference:?}: {}", reply.text());
        let order = stack.order(&systempay_path(reference));
        assert_eq!(order["order"], reference.as_str());
        // A `+` could be the join of two values: such an order waits for the PSP's word.
        assert_eq!(order["fulfilment"].is_null(), reference.contains('+'), "{order}");
    }
}

/// `tx:` names payments that have no reference: a merchant's own is never taken for one.
#[test]
fn a_reference_that_reads_like_a_payments_name_is_kept_in_quarantine() {
    let stack = Stack::shared();
    for reference in ["tx:3254569999", "tx:20261122-abc123", "tx:"] {
        let event = Payment::new(reference, "3254650001_0", 130, 9, 100).body();
        let answer = stack.worldline(&event);
        assert!(answer.text().starts_with("KEPT in quarantine: "), "{}", answer.text());
        assert!(stack.quarantined(event.as_bytes()).is_some());
        let form = Form::single(reference, "lyrtx1", "CB", 100, "CAPTURED").body();
        let answer = stack.systempay(&form);
        assert!(answer.text().starts_with("KEPT in quarantine: "), "{}", answer.text());
    }
}

#[test]
fn a_reference_that_is_too_long_is_kept_in_quarantine() {
    let stack = Stack::shared();
    for reference in ["x".repeat(256), "é".repeat(128), "x".repeat(5_000)] {
        let event = Payment::new(&reference, "3254650000_0", 130, 9, 100).body();
        assert!(stack.worldline(&event).text().starts_with("KEPT in quarantine: "));
        assert!(stack.quarantined(event.as_bytes()).is_some());
        let form = Form::single(&reference, "long01", "CB", 100, "CAPTURED").body();
        assert!(stack.systempay(&form).text().starts_with("KEPT in quarantine: "));
        assert!(stack.quarantined(form.as_bytes()).is_some());
        assert_eq!(stack.get(&worldline_path(&reference)).status, 404);
    }
}

#[test]
fn merchants_do_not_see_each_others_orders() {
    let stack = Stack::shared();
    let mut event = Payment::new("SAME", "3254660001_0", 130, 9, 100).json();
    stack.worldline(&event.to_string());
    event["merchantId"] = json!("Other/Merchant");
    event["payment"]["paymentOutput"]["amountOfMoney"]["amount"] = json!(200);
    event["payment"]["paymentOutput"]["acquiredAmount"]["amount"] = json!(200);
    stack.worldline(&event.to_string());
    stack.systempay(&Form::single("SAME", "same01", "CB", 300, "CAPTURED").body());
    let other = order_path("worldline", "Other/Merchant", "SAME");
    assert_eq!(stack.sent_order(&worldline_path("SAME"))["captured"], 100);
    assert_eq!(stack.sent_order(&other)["captured"], 200);
    assert_eq!(stack.sent_order(&systempay_path("SAME"))["captured"], 300);
    assert_eq!(stack.queue_of(&["SAME"]).len(), 3);
}

#[test]
fn a_browser_gets_a_page_in_which_nothing_from_outside_is_markup() {
    let stack = Stack::shared();
    let hostile = "<script>alert('x')</script>\"&";
    let mut event = Payment::new(hostile, "3254670000_0", 130, 9, 100).json();
    event["payment"]["status"] = json!("<img src=x onerror=alert(1)>");
    event["payment"]["id"] = json!("<b>3254670000</b>_0");
    event["merchantId"] = json!("<i>M</i>");
    assert_eq!(stack.worldline(&event.to_string()).status, 200);
    let path = order_path("worldline", "<i>M</i>", hostile);
    let accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    let page = stack.send(&Request::get(&path).header("Accept", accept));
    assert_eq!(page.status, 200);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    let html = page.text();
    assert_eq!(html.matches("<script").count(), 1, "the page's own");
    for raw in ["<img", "<b>3", "<i>", "<script>alert"] {
        assert!(!html.contains(raw), "{raw} in {html}");
    }
    assert!(html.contains("&lt;script&gt;alert('x')&lt;/script&gt;&quot;&amp;"));
    assert!(html.contains("&lt;i&gt;M&lt;/i&gt;"));
    // What somebody got in all the same could neither run nor load anything.
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; ") && !policy.contains("unsafe"), "{policy}");

    for accept in ["application/json", "*/*"] {
        let reply = stack.send(&Request::get(&path).header("Accept", accept));
        assert_eq!(reply.header("content-type"), "application/json");
        assert_eq!(reply.json()["order"], hostile);
    }
}

/// A path may spell a letter with or without percent; a form's blank (`+`) is none in a path.
#[test]
fn spellings_of_a_path() {
    let stack = Stack::shared();
    stack.worldline(&Payment::new("SP 1", "3254680000_0", 130, 9, 100).body());
    let base = format!("/orders/worldline/{MERCHANT}/test");
    for spelling in ["SP%201", "%53P%201", "%53%50%20%31"] {
        assert_eq!(stack.get(&format!("{base}/{spelling}")).status, 200, "{spelling}");
    }
    assert_eq!(stack.get(&format!("{base}/{}", url_encode("SP 1"))).status, 404);
    assert_eq!(stack.get(&format!("{base}/{}?x=1", percent_encode("SP 1"))).status, 200);
}
