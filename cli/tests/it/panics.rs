//! Whatever arrives, signed or not, is answered: no dropped connection, no 5xx, no panic.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};

use crate::support::{Request, Stack, systempay_path, worldline_path};
use quittance_core::limits::{MAX_BODY_BYTES, MAX_SHARES_PER_NOTIFICATION};
use quittance_testing::json::{hostile_values, places, with};
use quittance_testing::lyra::{self, Form, Share};
use quittance_testing::worldline::Payment;
use quittance_testing::{FORM_KEY, REST_PASSWORD, form_body, rest_body};
use serde_json::{Value, json};

/// Texts that have broken parsers before.
fn hostile_texts() -> Vec<String> {
    let digits = "9".repeat(5_000);
    let nested =
        |open: &str, close: &str| format!("{}{}", open.repeat(50_000), close.repeat(50_000));
    let mut texts = vec![
        nested("[", "]"),
        nested("{\"a\":", "}"),
        "[".repeat(100_000),
        "\"".repeat(10_000),
        "\\".repeat(10_000),
        format!("[{}]", vec!["{}"; 30_000].join(",")),
        format!("{{\"payment\":{}}}", nested("[", "]")),
        digits.clone(),
        format!("-{digits}"),
        format!("{digits}e{digits}"),
        "1e400".to_owned(),
        "\u{feff}{}".to_owned(),
        "\u{0}".repeat(1_000),
        "\u{10ffff}\u{202e}\u{200d}".repeat(100),
    ];
    let plain = [
        "",
        " ",
        "null",
        "true",
        "0",
        "-1",
        "-0",
        "1.5",
        "1e3",
        "{}",
        "[]",
        "[[]]",
        "[null]",
        "\"\"",
        "{\"\\ud800\":\"\\udfff\"}",
        "\"\\ud800\"",
        "\"\\u0000\"",
        "{\"a\":1,\"a\":2}",
        "{\"a\":1}}",
        "{\"apiVersion\":\"v1\"}",
        "{\"apiVersion\":\"v1\",\"apiVersion\":\"v1\"}",
        "NaN",
        "+1",
        "0x10",
        "00000000000000000000000000000001",
        "99999999999999999999",
        "18446744073709551615",
        "9223372036854775808",
        "1000000000000",
        "999999999999",
        "%",
        "%%%",
        "%zz",
        "%u0041",
        "&",
        "=",
        "&&==&",
        "+",
        "../..",
        "\r\n\r\n",
        "'; DROP TABLE orders; --",
        "${jndi:ldap://x}",
    ];
    texts.extend(plain.map(str::to_owned));
    texts
}

/// Bytes that are no text, the same in every run.
fn random_bytes() -> Vec<Vec<u8>> {
    let mut random = fastrand::Rng::with_seed(20_261_122);
    let mut bodies: Vec<Vec<u8>> = (0..60)
        .map(|n| {
            let length = random.usize(0..200 << (n / 10));
            (0..length).map(|_| random.u8(..)).collect()
        })
        .collect();
    bodies.extend([b"\xff\xfe\x00".to_vec(), b"\xc0\x80".to_vec(), b"\xed\xa0\x80".to_vec()]);
    bodies
}

/// Of the values that are tried at a place, the part that goes over HTTP, and its neighbours get the others: that
/// each is read at each place is for the tests of the parsers to show.
const PARTS: usize = 4;

fn part_of<T>(values: &[T], place: usize) -> impl Iterator<Item = &T> {
    values.iter().skip(place % PARTS).step_by(PARTS)
}

/// An event with hostile values, one at a time.
fn mutated(event: &Value) -> Vec<String> {
    let values = hostile_values();
    let places = places(event);
    let places = places.iter().enumerate();
    let changed = |(at, place): (usize, &String)| {
        let values = part_of(&values, at);
        values.map(|value| with(event, place, value.clone()).to_string()).collect::<Vec<_>>()
    };
    places.flat_map(changed).collect()
}

/// A signed form that is not three times as long as its text: only what must be is encoded.
fn short_form(fields: &[(&str, &str)]) -> String {
    let signed = form_body(FORM_KEY, fields);
    let signature = signed.rsplit('&').next().unwrap_or_default();
    let encode = |text: &str| {
        text.replace('%', "%25").replace('&', "%26").replace('+', "%2B").replace(' ', "+")
    };
    let pairs = fields.iter().map(|(name, value)| format!("{name}={}", encode(value)));
    format!("{}&{signature}", pairs.collect::<Vec<_>>().join("&"))
}

/// Fewer requests than a room of the quarantine has places.
const A_ROOMFUL: usize = 400;

/// Makes room in quarantine, as if somebody had looked through it.
fn make_room(stack: &Stack) {
    for psp in ["worldline", "systempay"] {
        let pk = json!({"S": format!("quarantine/rooms/{psp}")});
        let query = json!({
            "TableName": "quittance-archive", "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": pk}, "ProjectionExpression": "pk, sk",
        });
        let rooms = stack.dynamodb("Query", &query)["Items"].clone();
        for room in rooms.as_array().expect("rooms") {
            let delete = json!({"TableName": "quittance-archive", "Key": room});
            stack.dynamodb("DeleteItem", &delete);
        }
    }
}

/// Sends requests; each must be answered, and never as a failure of ours.
fn all_answered(stack: &Stack, requests: impl IntoIterator<Item = Request>) {
    let requests: Vec<Request> = requests.into_iter().collect();
    for requests in requests.chunks(A_ROOMFUL) {
        make_room(stack);
        answered_at_once(stack, requests);
    }
    assert_healthy(stack);
}

fn answered_at_once(stack: &Stack, requests: &[Request]) {
    let quarter = requests.len().div_ceil(4).max(1);
    std::thread::scope(|scope| {
        for requests in requests.chunks(quarter) {
            scope.spawn(move || {
                for request in requests {
                    let reply = stack.send(request);
                    let start =
                        String::from_utf8_lossy(&request.body[..request.body.len().min(300)]);
                    assert!(
                        matches!(reply.status, 200 | 400 | 401 | 413 | 415),
                        "{} {} to {start}",
                        reply.status,
                        reply.text()
                    );
                    assert!(reply.text().chars().count() <= 512, "{}", reply.text());
                }
            });
        }
    });
}

fn assert_healthy(stack: &Stack) {
    assert_eq!(stack.get("/healthz").status, 200);
    assert_eq!(stack.get("/local/quarantine").status, 200);
    assert_eq!(stack.get("/orders").status, 200);
    assert!(!stack.errors().contains("panicked"), "{}", stack.errors());
}

fn unsigned(request: Request) -> [Request; 2] {
    let without = request.clone().without("X-GCS-Signature");
    [without, request.with("X-GCS-Signature", "AAAA")]
}

#[test]
fn hostile_bodies() {
    let stack = Stack::start();
    let texts = hostile_texts().into_iter().map(String::into_bytes);
    let bodies: Vec<Vec<u8>> = texts.chain(random_bytes()).collect();
    let signed = bodies.iter().map(Request::worldline);
    let forged = bodies.iter().flat_map(|body| unsigned(Request::worldline(body)));
    let forms = bodies.iter().map(Request::systempay);
    all_answered(&stack, signed.chain(forged).chain(forms));
}

#[test]
fn hostile_values_in_a_worldline_event() {
    let stack = Stack::start();
    let event = Payment::new("HOSTILE-1", "3254800001_0", 5412, 9, 500).surcharge(20).json();
    let refund = quittance_testing::worldline::refund("HOSTILE-2", "3254800002_1", 8, 500);
    all_answered(&stack, mutated(&event).iter().chain(&mutated(&refund)).map(Request::worldline));
    let doubled = event.to_string().replacen('{', "{\"id\":\"1\",\"payment\":null,", 1);
    let many = json!(vec![event.clone(); 33]).to_string();
    let mixed = json!([event, null, 1, [], {"apiVersion": "v1"}]).to_string();
    all_answered(&stack, [doubled, many, mixed].map(Request::worldline));
}

#[test]
fn hostile_values_in_a_rest_answer() {
    let stack = Stack::start();
    let share = Share("0123456789abcdef0123456789abcdef", "CVCO", 500, "CAPTURED");
    let answer = lyra::answer("HOSTILE-3", "host03", 1_000, ("PAID", "CLOSED"), &[share, share]);
    let signed = |answer: &String| Request::systempay(rest_body(REST_PASSWORD, answer));
    all_answered(&stack, mutated(&answer).iter().map(signed));
    all_answered(&stack, hostile_texts().iter().map(signed));
    let mut many = answer;
    many["transactions"] = json!(vec![json!({"amount": 1}); 5_000]);
    all_answered(&stack, [signed(&many.to_string())]);
}

#[test]
fn hostile_values_in_a_form() {
    let stack = Stack::start();
    let share = Share("0123456789abcdef0123456789abcdef", "CVCO", 500, "CAPTURED");
    let form = Form::cascade("HOSTILE-4", "host04", 1_000, "CAPTURED", &[share]);
    let mut requests = Vec::new();
    let mut texts = hostile_texts();
    texts.retain(|text| text.len() < 20_000);
    for (at, (name, _)) in form.fields().into_iter().enumerate() {
        if matches!(name, "vads_site_id" | "vads_ctx_mode") {
            continue;
        }
        for value in part_of(&texts, at) {
            requests.push(Request::systempay(short_form(&form.clone().with(name, value).fields())));
        }
        requests.push(Request::systempay(form.clone().without(name).body()));
    }
    all_answered(&stack, requests);
}

#[test]
fn hostile_lists_of_shares() {
    let stack = Stack::start();
    let form = |list: &str| {
        let form = Form::cascade("HOSTILE-5", "host05", 1_000, "CAPTURED", &[]);
        Request::systempay(short_form(&form.with("vads_payment_seq", list).fields()))
    };
    let shares =
        |share: &str, n: usize| format!("{{\"transactions\":[{}]}}", vec![share; n].join(","));
    let whole =
        r#"{"amount":10,"card_brand":"CVCO","sequence_number":1,"trans_status":"CAPTURED"}"#;
    let lists = [
        shares(r#"{"amount":1}"#, 10_000),
        shares(whole, 2_000),
        shares(whole, MAX_SHARES_PER_NOTIFICATION),
        shares(
            r#"{"amount":999999999999,"card_brand":"CB","sequence_number":4294967295,"trans_status":"CAPTURED"}"#,
            100,
        ),
        shares(
            r#"{"amount":-1,"card_brand":"CB","sequence_number":1,"trans_status":"CAPTURED"}"#,
            1,
        ),
        shares(
            r#"{"amount":1,"card_brand":"\ud800","sequence_number":1,"trans_status":"CAPTURED"}"#,
            1,
        ),
        shares(r#"{"amount":1,"card_brand":"CB","sequence_number":1,"trans_status":"\u0000"}"#, 1),
        r#"{"transactions":{"amount":1}}"#.to_owned(),
        r#"{"transactions":[],"transactions":[]}"#.to_owned(),
    ];
    let lists = lists.into_iter().chain(hostile_texts());
    all_answered(&stack, lists.filter(|list| list.len() < 230_000).map(|list| form(&list)));
}

#[test]
fn hostile_forms() {
    let stack = Stack::start();
    let fields = |n: usize| (0..n).map(|n| format!("vads_{n}={n}")).collect::<Vec<_>>().join("&");
    let valid = Form::single("HOSTILE-6", "host06", "CB", 100, "CAPTURED").body();
    let numbered: Vec<String> = (0..900).map(|n| format!("vads_cust_{n}")).collect();
    let mut many = Form::single("HOSTILE-7", "host07", "CB", 100, "CAPTURED");
    for name in &numbered {
        many = many.with(name, "+++++++++++++++");
    }
    let bodies = [
        fields(2_000),
        fields(1_000),
        format!("{valid}&{}", fields(2_000)),
        "vads_site_id=12345678&vads_ctx_mode=TEST&vads_hash=1&signature=".to_owned(),
        format!("{valid}&%=%&%f=%f&%ff=%ff&&&==="),
        format!("%76ads_amount=1&{valid}"),
        "&".repeat(MAX_BODY_BYTES),
        "=&".repeat(MAX_BODY_BYTES / 2),
        "%".repeat(MAX_BODY_BYTES),
        "kr-".repeat(1_000),
        "kr-answer=%FF&kr-hash=%FF&kr-hash-key=password&kr-hash-algorithm=sha256_hmac".to_owned(),
        rest_body(REST_PASSWORD, &"\\/".repeat(20_000)),
        many.body(),
        many.with("vads_cust_name", &"+20261122100000+abc123+CAPTURED".repeat(3_000)).body(),
    ];
    all_answered(&stack, bodies.map(Request::systempay));
}

/// The engine refuses an item above 400 KB. An order must not reach that, however long its words are and
/// however many messages repeat a selection of its shares: a notification that does not fit is kept in
/// quarantine instead of being sent again for ever.
#[test]
fn an_order_as_large_as_it_can_get_is_still_answered() {
    let stack = Stack::start();
    let words = ["W".repeat(127), "\u{1}".repeat(127), "é\"".repeat(42)];
    for (word, letter) in words.into_iter().zip(["R", "S", "T"]) {
        let reference = letter.repeat(255);
        let share = |n: usize| {
            json!({"amount": 1, "card_brand": word, "sequence_number": n, "trans_status": word,
                "trans_uuid": format!("{n:0>255}")})
        };
        let post = |numbers: std::ops::Range<usize>| {
            let list = json!({"transactions": numbers.map(share).collect::<Vec<_>>()}).to_string();
            // A transaction of its own, as in life.
            let trans_id = format!("large{letter}");
            let form = Form::cascade(&reference, &trans_id, 1_000, "CAPTURED", &[]);
            let body = short_form(&form.with("vads_payment_seq", &list).fields());
            let reply = stack.systempay(&body);
            assert_eq!(reply.status, 200, "{}", reply.text());
            let kept = reply.text().starts_with("KEPT in quarantine: ");
            assert_eq!(stack.quarantined(body.as_bytes()).is_some(), kept);
            kept
        };
        // As many new shares as an order may have, in ever smaller steps; then selections of known ones, which
        // are news all the same, and fit.
        let mut next = 0;
        for step in [100, 20, 4] {
            while !post(next..next + step) {
                next += step;
            }
        }
        assert!(next >= 300, "{next}");
        assert!((0..8).all(|n| !post(n..n + 6)));
        assert_eq!(stack.order(&systempay_path(&reference))["captured"], 0);
    }
    assert_eq!(stack.get("/orders?limit=100").status, 200);
    assert_healthy(&stack);
}

/// Requests that are no HTTP, or stop in the middle, harm nobody else.
#[test]
fn broken_connections() {
    let stack = Stack::start();
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01"[..],
        b"GET\r\n\r\n",
        b"POST /webhooks/worldline HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{",
        b"POST /webhooks/worldline HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /webhooks/systempay HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /webhooks/systempay HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
    ] {
        let mut connection = TcpStream::connect((Ipv4Addr::LOCALHOST, stack.port())).expect("listening");
        connection.write_all(bytes).expect("written");
        connection.shutdown(std::net::Shutdown::Write).expect("shut");
        let mut answer = Vec::new();
        // Whether it answers is its own choice; it must not wait for ever.
        let _ = connection.read_to_end(&mut answer);
        assert!(!answer.starts_with(b"HTTP/1.1 2"), "{}", String::from_utf8_lossy(&answer));
    }
    assert_healthy(&stack);
    assert_eq!(stack.get(&worldline_path("NOBODY")).status, 404);
}

/// Header values may be bytes that are no text.
#[test]
fn hostile_headers() {
    let stack = Stack::start();
    let event = Payment::new("HEADERS", "3254810001_0", 130, 9, 500).body();
    let mut requests = Vec::new();
    for value in ["\u{e9}", "é".repeat(1_000).as_str(), "a\tb", &"x".repeat(8_000), "\"", "%00"] {
        for name in ["X-GCS-Signature", "X-GCS-KeyId", "Content-Type"] {
            requests.push(Request::worldline(&event).with(name, value));
        }
        requests.push(
            Request::get("/webhooks/worldline")
                .header("X-GCS-Webhooks-Endpoint-Verification", value),
        );
        requests.push(Request::get("/orders").header("Accept", value));
    }
    for request in requests {
        let reply = stack.send(&request);
        assert!(
            matches!(reply.status, 200 | 400 | 401 | 415 | 431),
            "{} {request:?}",
            reply.status
        );
    }
    assert_healthy(&stack);
}
