//! The console: pages, searches and actions.

use quittance_testing::lyra::Form;
use quittance_testing::url_encode;
use quittance_testing::worldline::{MERCHANT, Payment};
use serde_json::{Value, json};

use crate::support::{
    FORM, Reply, Request, Stack, quittance, systempay_path, wait_for, worldline_path,
};

/// A page, as a browser that reads this language asks for it.
fn page(stack: &Stack, path: &str, language: &str) -> Reply {
    let request =
        Request::get(path).header("Accept", "text/html").header("Accept-Language", language);
    stack.send(&request)
}

fn html(stack: &Stack, path: &str) -> String {
    let reply = page(stack, path, "en");
    assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    reply.text()
}

/// What stands in a list's rows: the references, in their order.
fn rows(html: &str) -> Vec<String> {
    let table = html.split("<tbody>").nth(1).and_then(|rest| rest.split("</tbody>").next());
    let rows = table.unwrap_or_default().split("<tr>").skip(1);
    rows.filter_map(|row| Some(row.split("</a>").next()?.rsplit('>').next()?.to_owned())).collect()
}

/// An action, as one of the console's own pages posts it.
fn act(stack: &Stack, action: &str, fields: &[(&str, &str)]) -> Reply {
    stack.send(&posted(action, fields).header("Sec-Fetch-Site", "same-origin"))
}

fn posted(action: &str, fields: &[(&str, &str)]) -> Request {
    let pairs: Vec<String> =
        fields.iter().map(|(name, value)| format!("{name}={}", url_encode(value))).collect();
    let request = Request::new("POST", &format!("/console/{action}")).header("Content-Type", FORM);
    request.body(pairs.join("&").as_bytes())
}

fn told(stack: &Stack, path: &str, body: &Value) -> Value {
    let request = Request::new("POST", path).header("Content-Type", "application/json");
    let reply = stack.send(&request.body(body.to_string().as_bytes()));
    assert!(reply.status < 300, "{path}: {}", reply.text());
    reply.json()
}

#[test]
fn the_list_is_searched_and_filtered() {
    let stack = Stack::start();
    for (reference, id, amount, status) in [
        ("FIND-1", "find01", 12_345, "CAPTURED"),
        ("FIND-2", "find02", 500, "REFUSED"),
        ("OTHER-3", "find03", 700, "AUTHORISED"),
    ] {
        stack.systempay(&Form::single(reference, id, "CB", amount, status).body());
    }
    stack.worldline(&Payment::new("FIND-4", "3254679001_0", 5412, 9, 9_000).acquired(4_000).body());
    for (query, found) in [
        ("", &["FIND-1", "FIND-2", "FIND-4", "OTHER-3"][..]),
        ("?q=find", &["FIND-1", "FIND-2", "FIND-4"]),
        ("?q=FIND-2", &["FIND-2"]),
        ("?q=tx%3A20261122-find03", &["OTHER-3"]),
        ("?q=3254679001_0", &["FIND-4"]),
        ("?q=123.45", &["FIND-1"]),
        ("?q=123%2C45", &["FIND-1"]),
        ("?q=40", &["FIND-4"]),
        ("?state=captured", &["FIND-1"]),
        ("?state=refused&q=find", &["FIND-2"]),
        ("?psp=worldline", &["FIND-4"]),
        ("?unreleased=1", &["FIND-2", "FIND-4", "OTHER-3"]),
        ("?within=3600&state=authorised", &["OTHER-3"]),
        ("?flag=overpaid", &[]),
        ("?q=nothing-like-it", &[]),
        // What cannot be read filters nothing.
        ("?state=wrong&flag=&psp=%00&within=x", &["FIND-1", "FIND-2", "FIND-4", "OTHER-3"]),
    ] {
        for path in ["/", "/orders"] {
            let mut shown = rows(&html(&stack, &format!("{path}{query}")));
            shown.sort();
            assert_eq!(shown, found, "{path}{query}");
        }
    }
    // Programs get what they got before.
    assert!(stack.get("/orders?limit=2").json()["orders"].is_array());
    assert_eq!(stack.get("/orders?q=find").status, 400);
}

#[test]
fn an_order_says_in_the_readers_language_why_it_waits() {
    let stack = Stack::shared();
    stack.systempay(&Form::single("LANG-1", "langu1", "CB", 12_000, "AUTHORISED").body());
    let path = systempay_path("LANG-1");
    for (language, query, code, sentence) in [
        ("en", "", "en", "0.00 EUR"),
        (
            "en-GB,fr;q=0.5",
            "",
            "en",
            "120.00 EUR of 120.00 EUR authorised, nothing taken yet. Nothing is shipped.",
        ),
        (
            "fr-FR,fr;q=0.9,en;q=0.8",
            "",
            "fr",
            "120,00\u{a0}€ autorisés sur 120,00\u{a0}€, rien n'est encore encaissé. Rien n'est expédié.",
        ),
        ("fr", "", "fr", "part CB autorisé (AUTHORISED)"),
        ("en", "?lang=fr", "fr", "Rien n'est expédié."),
        ("fr", "?lang=en", "en", "Nothing is shipped."),
    ] {
        let shown = page(&stack, &format!("{path}{query}"), language).text();
        assert!(shown.contains(&format!("<html lang=\"{code}\">")), "{language} {query}");
        assert!(shown.contains(sentence), "{sentence} in {shown}");
    }
    for (path, status) in [
        (systempay_path("LANG-NOBODY"), 404),
        ("/orders/nonsense".to_owned(), 404),
        ("/orders?key=a%2Fb".to_owned(), 404),
        ("/orders/".to_owned(), 200),
    ] {
        let reply = page(&stack, &path, "fr");
        assert_eq!(reply.status, status, "{path}");
        assert_eq!(reply.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(status == 404, reply.text().contains("Aucune commande de ce nom"), "{path}");
    }
}

#[test]
fn a_refund_is_planned_and_sent_from_the_page() {
    let stack = Stack::shared();
    let key = format!("worldline/{MERCHANT}/test/PAGE-REFUND");
    let wish = json!({"order": key, "amount": 14_000, "currency": "EUR", "method": "CVCO", "return_url": "https://shop.example.com/back"});
    let checkout = told(&stack, "/checkouts", &wish)["checkout"]["id"].clone();
    told(
        &stack,
        "/local/psp/pay",
        &json!({"checkout": checkout, "voucher": 6_000, "card": "accept"}),
    );
    let path = worldline_path("PAGE-REFUND");
    wait_for("the order is released", || {
        stack.get(&path).json()["fulfilment"]["sent_at"].as_str().map(drop)
    });
    // Nothing is planned with what the PSP itself has not named yet.
    let planned = |amount: &str| html(&stack, &format!("{path}?amount={amount}"));
    assert!(planned("20").contains("the provider does not name share"), "{}", planned("20"));
    let asked = act(&stack, "ask", &[("order", &key), ("lang", "fr")]);
    assert_eq!(asked.status, 303, "{}", asked.text());
    let back = asked.header("location").to_owned();
    assert!(back.ends_with("&lang=fr&did=asked"), "{back}");
    assert!(html(&stack, &back).contains("Le prestataire a répondu"));
    for (amount, part) in [
        ("20", "give back <b>20.00 EUR</b>"),
        ("20%2C50", "give back <b>20.50 EUR</b>"),
        ("140.01", "no more than 140.00 EUR is left"),
        ("0", "This is no amount"),
        ("-1", "This is no amount"),
        ("1.234", "This is no amount"),
        ("%3Cscript%3E", "This is no amount"),
    ] {
        assert!(planned(amount).contains(part), "{amount}: {part} in {}", planned(amount));
    }
    assert!(planned("20").contains("Vouchers can surely be given back for"));
    let form = planned("20");
    let request =
        form.split("name=\"request\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
    let fields = [
        ("order", &*key),
        ("amount", "2000"),
        ("currency", "EUR"),
        ("request", request.expect("an id")),
    ];
    // Twice: one refund.
    for _ in 0..2 {
        let sent = act(&stack, "refund", &fields);
        assert!(sent.header("location").ends_with("did=refunding"), "{}", sent.header("location"));
    }
    let refunds = stack.get(&format!("/refunds?order={key}")).json();
    assert_eq!(refunds["refunds"].as_array().map(Vec::len), Some(1), "{refunds}");
    let shown = html(&stack, &path);
    for part in
        ["taken by the PSP", "CVCO captured <b>60.00 EUR</b>", "CB captured <b>80.00 EUR</b>"]
    {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    assert!(html(&stack, "/").contains("refunds under way"));
    let another = [("order", &*key), ("amount", "2001"), ("currency", "EUR"), fields[3]];
    assert!(act(&stack, "refund", &another).header("location").ends_with("did=conflict"));
    let too_much = [("order", &*key), ("amount", "14000"), ("currency", "EUR"), ("request", "R-9")];
    assert!(act(&stack, "refund", &too_much).header("location").ends_with("did=no_plan"));
    for bad in [
        &[("order", &*key), ("amount", "x"), ("currency", "EUR"), ("request", "R")][..],
        &[("order", &*key)],
    ] {
        assert_eq!(act(&stack, "refund", bad).status, 400);
    }
    for (action, fields) in
        [("ask", &[("order", "nonsense")][..]), ("ask", &[]), ("nothing", &[]), ("release", &[])]
    {
        assert_eq!(act(&stack, action, fields).status, 404, "{action}");
    }
}

/// A page of somebody else's, and a name of somebody else's that points to this machine.
#[test]
fn nobody_else_uses_the_console() {
    let stack = Stack::shared();
    let key = format!("worldline/{MERCHANT}/test/PAGE-REFUND");
    let ask = || posted("ask", &[("order", &key)]);
    for request in [
        ask(),
        ask().header("Sec-Fetch-Site", "cross-site"),
        ask().header("Sec-Fetch-Site", "same-site"),
        ask().header("Origin", "https://evil.example"),
        ask().header("Origin", "null"),
        ask().with("Host", "evil.example").header("Sec-Fetch-Site", "same-origin"),
        Request::get("/").header("Accept", "text/html").with("Host", "evil.example"),
        Request::get("/orders").header("Accept", "text/html").with("Host", "evil.example:80"),
    ] {
        assert_eq!(stack.send(&request).status, 400);
    }
    assert_eq!(stack.get("/console/ask").status, 405);
    assert_eq!(
        stack.send(&Request::new("POST", "/orders").header("Accept", "text/html")).status,
        405
    );
}

#[test]
fn what_is_in_quarantine_is_seen_and_processed_again() {
    let stack = Stack::start();
    assert!(html(&stack, "/").contains("Nothing needs you"));
    let form =
        Form::single("QUARANTINE-1", "quara1", "CB", 500, "CAPTURED").with("vads_currency", "000");
    stack.systempay(&form.body());
    let shown = html(&stack, "/");
    assert!(shown.contains("1 in quarantine"), "{shown}");
    let digest = shown
        .split("name=\"sha256\" value=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .expect("a digest");
    let kept = act(&stack, "release", &[("sha256", digest)]);
    assert!(kept.header("location").ends_with("did=stays"), "{}", kept.header("location"));
    assert!(html(&stack, kept.header("location")).contains("still cannot be read"));
    assert!(act(&stack, "release", &[("sha256", "00")]).header("location").ends_with("did=gone"));
}

#[test]
fn a_local_stack_has_its_console_already() {
    let stack = Stack::shared();
    let done = quittance(&["ui", "--local", &stack.url()]).output().expect("it starts");
    assert_eq!(done.status.code(), Some(0));
    assert!(
        String::from_utf8_lossy(&done.stdout).contains(&format!("{}/ is the console", stack.url()))
    );
}
