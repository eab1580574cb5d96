//! Genuine and wrong, over HTTP: kept in quarantine with a reason, the order as it was, and nothing of
//! the message in what is said or logged. What each mistake is taken for is the core's own test
//! (`shared/psp/tests/it/bad_input.rs`); here is what needs the whole stack.

use std::time::{Duration, Instant};

use crate::support::{
    Request, Stack, WORLDLINE_DEMO, quittance, systempay_path, wait_for, worldline_path,
};
use quittance_aws::room::Bound;
use quittance_core::limits::MAX_BODY_BYTES;
use quittance_testing::lyra::{self, Form, Share};
use quittance_testing::worldline::{Payment, envelope};
use quittance_testing::{FORM_KEY, REST_PASSWORD, SITE, form_body, rest_body, rest_body_of_bytes};
use serde_json::{Value, json};

/// Text of a buyer, in every message here.
const NAME: &str = "Jeanne Martin";

/// How long one answer may take on a busy machine. A PSP waits about ten seconds.
const LONGEST: Duration = Duration::from_secs(10);

const VOUCHER: Share<'_> = Share("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "CVCO", 6_000, "CAPTURED");

/// An event about an order, as JSON that still has room for a mistake.
fn event(reference: &str) -> Value {
    let mut event = Payment::new(reference, "3254900001_0", 130, 9, 12_000).json();
    event["payment"]["paymentOutput"]["customer"] = json!({"name": NAME});
    event
}

fn answer(reference: &str) -> Value {
    let share = [Share("cccccccccccccccccccccccccccccccc", "CB", 12_000, "CAPTURED")];
    let mut answer = lyra::answer(reference, "bad001", 12_000, ("PAID", "CLOSED"), &share);
    answer["customer"]["billingDetails"]["lastName"] = json!(NAME);
    answer
}

fn form(reference: &str) -> Form {
    Form::single(reference, "bad002", "CB", 12_000, "CAPTURED").with("vads_cust_name", NAME)
}

fn cascade(reference: &str) -> Form {
    Form::cascade(reference, "bad003", 12_000, "CAPTURED", &[VOUCHER]).with("vads_cust_name", NAME)
}

/// A form with one field of any bytes.
fn with_bytes(form: &Form, name: &str, value: &[u8]) -> String {
    let mut fields: Vec<(&str, &[u8])> =
        form.fields().into_iter().map(|(name, value)| (name, value.as_bytes())).collect();
    fields.retain(|(known, _)| *known != name);
    fields.push((name, value));
    form_body(FORM_KEY, &fields)
}

/// Messages about an order that nobody can read: what is wrong, the request, what the reason says.
fn wrong_worldline(reference: &str) -> Vec<(&'static str, Request, &'static str)> {
    let text = event(reference).to_string();
    let changed = |pointer: &str, value: Value| {
        let mut event = event(reference);
        *event.pointer_mut(pointer).expect("there") = value;
        event.to_string().into_bytes()
    };
    let amount = "/payment/paymentOutput/amountOfMoney/amount";
    let raw_amount = |raw: &str| {
        let marked = String::from_utf8(changed(amount, json!("@"))).expect("UTF-8");
        marked.replace("\"@\"", raw).into_bytes()
    };
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let (before, after) = text.split_once(NAME).expect("the buyer's name");
    let broken = [before.as_bytes(), b"\xff", after.as_bytes()].concat();
    let rows = [
        ("a byte order mark", [b"\xef\xbb\xbf", text.as_bytes()].concat(), "not JSON"),
        ("garbage behind", [text.as_bytes(), b"}"].concat(), "not JSON"),
        ("cut", text.as_bytes()[..text.len() - 1].to_vec(), "ends too early"),
        ("bytes that are no text", broken, "UTF-8"),
        ("ten thousand arrays", deep.into_bytes(), "event"),
        ("a field twice", text.replacen("{", "{\"type\":null,", 1).into_bytes(), "twice"),
        ("too many events", format!("[{}]", vec!["{}"; 10_000].join(",")).into_bytes(), "128"),
        ("a negative amount", raw_amount("-12000"), "another type"),
        ("a fraction", raw_amount("120.00"), "another type"),
        ("an exponent", raw_amount("12e3"), "another type"),
        ("beyond every number", raw_amount("1e400"), ""),
        ("thirteen digits", raw_amount("1000000000000"), "amountOfMoney"),
        ("no amount", raw_amount("null"), "amountOfMoney"),
        (
            "a currency in lower case",
            changed("/payment/paymentOutput/amountOfMoney/currencyCode", json!("eur")),
            "currency",
        ),
        ("no id", changed("/payment/id", json!("")), "payment id"),
        ("no merchant", changed("/merchantId", json!(null)), "merchantId"),
        ("a type that names no event", changed("/type", json!("captured")), "type"),
        ("money under another type", changed("/type", json!("token.created")), "another type"),
        ("another version", changed("/apiVersion", json!("v2")), "apiVersion"),
    ];
    rows.map(|(case, body, says)| (case, Request::worldline(body), says)).into()
}

fn wrong_lyra(reference: &str) -> Vec<(&'static str, Request, &'static str)> {
    let changed = |pointer: &str, value: Value| {
        let mut answer = answer(reference);
        *answer.pointer_mut(pointer).expect("there") = value;
        rest_body(REST_PASSWORD, &answer.to_string())
    };
    let text = answer(reference).to_string();
    let of_bytes = |bytes: &[u8]| rest_body_of_bytes(REST_PASSWORD, bytes);
    let list = cascade(reference).get("vads_payment_seq").unwrap_or_default().to_owned();
    let listed = |list: &str| cascade(reference).with("vads_payment_seq", list).body();
    let many = |share: &str| format!("{{\"transactions\":[{}]}}", vec![share; 10_000].join(","));
    let rows = [
        ("an answer cut", of_bytes(&text.as_bytes()[..text.len() / 2]), "ends too early"),
        ("an answer with garbage behind", of_bytes(format!("{text}x").as_bytes()), "not JSON"),
        ("an answer that is no text", of_bytes(b"{\"a\":\"\xff\"}"), "UTF-8"),
        ("a negative total", changed("/orderDetails/orderTotalAmount", json!(-1)), "another type"),
        ("a fraction", changed("/transactions/0/amount", json!(120.5)), "another type"),
        ("no currency", changed("/orderDetails/orderCurrency", json!(null)), "orderCurrency"),
        ("another mode", changed("/orderDetails/mode", json!("PRODUCTION")), "mode"),
        ("another shop", changed("/shopId", json!("87654321")), "shopId"),
        ("no status", changed("/transactions/0/detailedStatus", json!(null)), "detailedStatus"),
        (
            "an amount with a point",
            form(reference).with("vads_amount", "120.00").body(),
            "vads_amount",
        ),
        ("a negative amount", form(reference).with("vads_amount", "-1").body(), "vads_amount"),
        (
            "thirteen digits",
            form(reference).with("vads_amount", "1000000000000").body(),
            "vads_amount",
        ),
        (
            "a currency in letters",
            form(reference).with("vads_currency", "EUR").body(),
            "vads_currency",
        ),
        ("no date", form(reference).without("vads_trans_date").body(), "vads_trans_date"),
        (
            "a status that is no text",
            with_bytes(&form(reference), "vads_trans_status", b"\xff"),
            "vads_trans_status",
        ),
        (
            "no list of shares",
            cascade(reference).without("vads_payment_seq").body(),
            "vads_payment_seq",
        ),
        ("a list cut", listed(&list[..list.len() - 1]), "ends too early"),
        ("a list with garbage behind", listed(&format!("{list}]")), "not JSON"),
        ("a list of deep arrays", listed(&"[".repeat(10_000)), "vads_payment_seq"),
        ("an empty list", listed("{\"transactions\":[]}"), "1 to 128"),
        (
            "an amount of a share negative",
            listed(&list.replace("\"6000\"", "-6000")),
            "another type",
        ),
        ("an unknown operation", listed(&list.replace("\"DEBIT\"", "\"GIFT\"")), "operation"),
    ];
    let rows = rows.map(|(case, body, says)| (case, Request::systempay(body), says));
    let encoded = many("{}").replace('{', "%7B").replace('}', "%7D").replace('"', "%22");
    let signed = listed(&many("{}"));
    let signature = signed.rsplit('&').next().unwrap_or_default();
    let short = cascade(reference).without("vads_payment_seq");
    let fields: Vec<String> = short
        .fields()
        .into_iter()
        .map(|(name, value)| format!("{name}={}", quittance_testing::url_encode(value)))
        .collect();
    let body = format!("{}&vads_payment_seq={encoded}&{signature}", fields.join("&"));
    let mut rows = Vec::from(rows);
    rows.push(("ten thousand shares", Request::systempay(body), "not 10000"));
    rows
}

/// Sends a message that nobody can read about an order; afterwards the order is as it was.
fn kept(stack: &Stack, path: &str, case: &str, request: &Request, says: &str) {
    let before = stack.order(path);
    let start = Instant::now();
    let reply = stack.send(request);
    assert!(start.elapsed() < LONGEST, "{case}: {:?}", start.elapsed());
    let reason = stack.quarantined(&request.body);
    let reason = reason.unwrap_or_else(|| panic!("{case}: {} {}", reply.status, reply.text()));
    assert_eq!(
        (reply.status, reply.text()),
        (200, format!("KEPT in quarantine: {reason}")),
        "{case}"
    );
    assert!(reason.contains(says), "{case}: {reason}");
    assert!(!reason.contains("Jeanne"), "{case}: {reason}");
    assert_eq!(stack.order(path), before, "{case}: the order has changed");
    // Sent again, it is there once, and answered alike.
    let again = stack.send(request);
    assert_eq!((again.status, again.text()), (200, reply.text()), "{case}");
}

#[test]
fn what_nobody_can_read_is_kept_and_changes_no_order() {
    let stack = Stack::start_with(&["--verbose"], &[]);
    assert_eq!(stack.worldline(&event("BAD-1").to_string()).text(), "OK BAD-1 captured 120.00 EUR");
    assert_eq!(stack.systempay(&form("BAD-2").body()).text(), "OK BAD-2 captured 120.00 EUR");
    stack.sent_order(&worldline_path("BAD-1"));
    stack.sent_order(&systempay_path("BAD-2"));
    let (worldline, lyra) = (wrong_worldline("BAD-1"), wrong_lyra("BAD-2"));
    for (case, request, says) in &worldline {
        kept(&stack, &worldline_path("BAD-1"), case, request, says);
    }
    for (case, request, says) in &lyra {
        kept(&stack, &systempay_path("BAD-2"), case, request, says);
    }
    let entries = stack.get("/local/quarantine").json();
    assert_eq!(entries.as_array().map(Vec::len), Some(worldline.len() + lyra.len()));
    let logged = || {
        stack.errors().matches("quarantined").count() >= 2 * entries.as_array().map_or(0, Vec::len)
    };
    wait_for("each is in the log", || logged().then_some(()));
    for secret in ["Jeanne", "497010", "demo-secret", FORM_KEY, REST_PASSWORD] {
        assert!(!stack.errors().contains(secret), "{secret} is in the log");
    }
    assert_eq!(stack.queue().len(), 2, "nothing but the two payments was released");
}

/// The size is looked at before anything else: a body that is too large is not hashed, so that its
/// signature does not matter.
#[test]
fn a_megabyte_is_refused_before_its_signature_is_looked_at() {
    let stack = Stack::start();
    let large = |text: String| {
        let missing = (1024 * 1024_usize).saturating_sub(text.len());
        format!("{}{text}", " ".repeat(missing))
    };
    let json = large(event("LARGE-1").to_string());
    let answer = rest_body(REST_PASSWORD, &large(answer("LARGE-2").to_string()));
    let typed = "x".repeat(1024 * 1024);
    let form = form("LARGE-3").with("vads_cust_address", &typed).body();
    let list = cascade("LARGE-4").with("vads_payment_seq", &large(" {}".to_owned())).body();
    for (case, request) in [
        ("a genuine event", Request::worldline(&json)),
        ("an event with another signature", Request::worldline(&json).with("X-GCS-Signature", "x")),
        ("an event without a signature", Request::worldline(&json).without("X-GCS-Signature")),
        ("a genuine answer", Request::systempay(&answer)),
        ("an answer with another hash", Request::systempay(format!("{answer}0"))),
        ("a genuine form", Request::systempay(&form)),
        ("a form with another signature", Request::systempay(format!("{form}x"))),
        ("a genuine cascade", Request::systempay(&list)),
    ] {
        assert!(request.body.len() >= 1024 * 1024, "{case}");
        let reply = stack.send(&request);
        assert_eq!(reply.status, 413, "{case}: {}", reply.text());
    }
    assert_eq!(stack.rows("quittance-archive") + stack.rows("quittance-orders"), 0);
}

/// The largest body that is looked at, genuine and unreadable: kept whole. And readable: read.
#[test]
fn the_largest_body_is_kept_or_read() {
    let stack = Stack::start();
    let fill = |body: &dyn Fn(&str) -> String| {
        let empty = body("").len();
        let full = body(&"x".repeat(MAX_BODY_BYTES - empty));
        assert_eq!(full.len(), MAX_BODY_BYTES);
        full
    };
    let pad = |text: &str| format!("{{\"x\":\"{text}\"");
    for (case, request) in [
        ("an event", Request::worldline(fill(&|text| pad(text)))),
        ("an answer", Request::systempay(fill(&|text| rest_body(REST_PASSWORD, &pad(text))))),
    ] {
        let reply = stack.send(&request);
        assert_eq!(reply.status, 200, "{case}");
        assert!(reply.text().starts_with("KEPT in quarantine: "), "{case}: {}", reply.text());
        assert!(stack.quarantined(&request.body).is_some(), "{case}");
    }
    // How long a form is depends on its signature, some of whose characters are encoded.
    let typed = form("FULL-1").with("vads_cust_address", "");
    let room = MAX_BODY_BYTES - typed.body().len();
    let full = |less| typed.clone().with("vads_cust_address", &"x".repeat(room - less)).body();
    let body = (0..40).map(full).find(|body| body.len() <= MAX_BODY_BYTES).expect("one fits");
    assert!(body.len() > MAX_BODY_BYTES - 50);
    assert_eq!(stack.systempay(&body).text(), "OK FULL-1 captured 120.00 EUR");
}

/// Genuine, about something that is not tracked: each delivery is in the archive and in the log, and in
/// neither the quarantine nor an order.
#[test]
fn what_is_not_tracked_is_archived_and_counted() {
    let stack = Stack::start_with(&["--verbose"], &[]);
    let kinds = [
        ("payment.test", "payment"),
        ("paymentlink.paid", "paymentLink"),
        ("payout.account_credited", "payout"),
        ("token.created", "token"),
        ("dispute.created", "dispute"),
        ("directbatch.processed", "directBatch"),
    ];
    for (kind, object) in kinds {
        let before = stack.rows("quittance-archive");
        let body = envelope(kind, object, json!({"id": "4711", "name": NAME})).to_string();
        assert_eq!(stack.worldline(&body).text(), format!("OK {kind} is not tracked"));
        assert_eq!(stack.rows("quittance-archive"), before + 1, "{kind}");
        let counted = || {
            let errors = stack.errors();
            errors
                .lines()
                .any(|line| line.contains("untracked") && line.contains(kind))
                .then_some(())
        };
        wait_for(&format!("{kind} is in the log"), counted);
    }
    assert_eq!(stack.rows("quittance-orders"), 0);
    assert_eq!(stack.get("/local/quarantine").text(), "[]");
    assert!(!stack.errors().contains("Jeanne"));
}

/// The header tells which attempt it is, and nothing hangs on it.
#[test]
fn the_number_of_a_retry_changes_nothing() {
    let stack = Stack::shared();
    let request = Request::worldline(event("RETRY-1").to_string());
    assert_eq!(stack.send(&request).text(), "OK RETRY-1 captured 120.00 EUR");
    let order = stack.sent_order(&worldline_path("RETRY-1"));
    for number in ["0", "1", "5", "-1", "many", "", "99999999999999999999"] {
        let reply = stack.send(&request.clone().header("retry-count", number));
        assert_eq!(reply.text(), "OK RETRY-1 captured 120.00 EUR (already known)", "{number:?}");
    }
    let twice = request.header("retry-count", "1").header("retry-count", "2");
    assert_eq!(stack.send(&twice).status, 200);
    assert_eq!(stack.order(&worldline_path("RETRY-1")), order);
}

/// A right event beside wrong ones in one array: the right one is stored, the whole body is kept.
#[test]
fn a_wrong_element_of_an_array_loses_no_right_one() {
    let stack = Stack::shared();
    let mut right = event("ARRAY-1");
    right["payment"]["id"] = json!("3254900002_0");
    let body = json!([null, right, {"apiVersion": "v2"}]).to_string();
    let reply = stack.worldline(&body);
    assert_eq!(reply.status, 200);
    let parts: Vec<String> = reply.text().split("; ").map(str::to_owned).collect();
    assert!(parts[0].starts_with("KEPT in quarantine: "), "{parts:?}");
    assert_eq!(parts[1], "OK ARRAY-1 captured 120.00 EUR");
    assert!(parts[2].starts_with("KEPT in quarantine: "), "{parts:?}");
    assert!(stack.quarantined(body.as_bytes()).is_some());
    assert_eq!(stack.order(&worldline_path("ARRAY-1"))["state"], "captured");
}

/// A form that nobody can read, of the demo site.
fn unreadable(trans_id: &str) -> Form {
    Form::single("PAD-1", trans_id, "CB", 900, "CAPTURED").with("vads_currency", "000")
}

fn in_quarantine(stack: &Stack) -> usize {
    stack.get("/local/quarantine").json().as_array().map_or(0, Vec::len)
}

/// What is not signed is a buyer's to write: other fields, other names, another encoding.
#[test]
fn one_signed_text_is_kept_once_however_often_it_is_written_anew() {
    let stack = Stack::start();
    let body = unreadable("pad001").body();
    let first = stack.systempay(&body);
    assert!(first.text().starts_with("KEPT in quarantine: "), "{}", first.text());
    for n in 0..20 {
        let padded = match n % 4 {
            0 => format!("{body}&x{n}={}", "y".repeat(n * 1000)),
            1 => body.replace("vads_cust_email", &format!("vads_cust_email{n}")),
            2 => body.replace("vads_amount=900", &format!("vads_amount=%390%30&{n}")),
            _ => format!("{}{body}", "&".repeat(n)),
        };
        assert_ne!(padded, body);
        let reply = stack.systempay(&padded);
        assert_eq!((reply.status, in_quarantine(&stack)), (200, 1), "{padded}: {}", reply.text());
    }
    assert!(stack.quarantined(body.as_bytes()).is_some(), "as it first came");
}

/// A room is counted in one item: here it is written as if so many had come before.
fn fill(stack: &Stack, psp: &str, room: &str, messages: u64) {
    let mut item = json!({"pk": {"S": format!("quarantine/rooms/{psp}")}, "sk": {"S": room}});
    for n in 0..messages {
        item[format!("c:{n:064x}")] = json!({"N": "1000"});
    }
    stack.dynamodb("PutItem", &json!({"TableName": "quittance-archive", "Item": item}));
}

/// A positive answer goes out for what is kept alone. A merchant whose room is full stands in nobody's way,
/// nor in that of what can be read.
#[test]
fn a_full_quarantine_is_503_for_what_is_new_to_it_and_for_nothing_else() {
    let other_key = "anotherformkey00";
    let keys = json!({
        SITE: {"test": {"form": FORM_KEY, "rest_password": REST_PASSWORD}},
        "87654321": {"test": {"form": other_key}},
    });
    let keys = keys.to_string();
    let keys = [("QUITTANCE_SYSTEMPAY_KEYS", keys.as_str()), WORLDLINE_DEMO];
    let stack = Stack::start_with(&["--verbose"], &keys);
    let room = format!("systempay/{SITE}/test/forms");
    fill(&stack, "systempay", &room, Bound::default().messages - 1);

    let last = unreadable("last01").body();
    assert_eq!(stack.systempay(&last).status, 200, "there is room for one");
    let new = unreadable("new001").body();
    for _ in 0..2 {
        assert_eq!(stack.systempay(&new).status, 503);
        assert_eq!((in_quarantine(&stack), stack.quarantined(new.as_bytes())), (1, None));
    }
    for known in [last.clone(), format!("{last}&x=1")] {
        let reply = stack.systempay(&known);
        assert!(reply.text().starts_with("KEPT in quarantine: "), "{}", reply.text());
    }
    let told = || stack.errors().contains(&format!("no room left for {room}")).then_some(());
    wait_for("the log says so", told);

    assert_eq!(stack.systempay(&form("ROOM-1").body()).text(), "OK ROOM-1 captured 120.00 EUR");
    let elsewhere = unreadable("else01").with("vads_site_id", "87654321");
    let answer = rest_body(REST_PASSWORD, "{");
    for (case, reply) in [
        ("another site", stack.systempay(&elsewhere.body_signed_with(other_key))),
        ("signed whole", stack.systempay(&answer)),
        ("another provider", stack.worldline("{")),
    ] {
        assert_eq!(reply.status, 200, "{case}: {}", reply.text());
        assert!(reply.text().starts_with("KEPT in quarantine: "), "{case}: {}", reply.text());
    }
    assert_eq!(in_quarantine(&stack), 4);
}

/// Who takes one out makes room.
#[test]
fn what_is_discarded_makes_its_place_free() {
    let stack = Stack::start();
    let room = "worldline/_/test/signed-whole";
    fill(&stack, "worldline", room, Bound::default().messages - 1);
    assert_eq!(stack.worldline("{").status, 200);
    assert_eq!(stack.worldline("[").status, 503);
    let entry = stack.get("/local/quarantine").json()[0].clone();
    assert_eq!(entry["room"], room);
    let content = entry["content"].as_str().expect("a digest");
    let (url, discard) = (stack.url(), ["quarantine", "discard", content, "--yes", "--local"]);
    let done = quittance(&[&discard[..], &[&url]].concat()).output().expect("it runs");
    assert!(done.status.success(), "{done:?}");
    assert_eq!(in_quarantine(&stack), 0);
    assert_eq!(stack.worldline("[").status, 200);
    assert_eq!(stack.worldline("{").status, 503);
}
