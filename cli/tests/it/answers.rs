//! The table of answers (docs/interface.md, "Answers to a PSP"), row by row and for both PSPs, over real HTTP.

use crate::support::{
    FORM, Request, SYSTEMPAY, Stack, WORLDLINE, free_port, systempay_path, wait_for, worldline_path,
};
use lambda_http::Body;
use quittance_aws::config::Settings;
use quittance_aws::keys::KeyRing;
use quittance_aws::receive::Receiver;
use quittance_aws::webhook::Webhook;
use quittance_core::Provider;
use quittance_core::limits::MAX_BODY_BYTES;
use quittance_psp::lyra::Lyra;
use quittance_psp::worldline::Worldline;
use quittance_testing::lyra::{self, Form, Share};
use quittance_testing::worldline::{Payment, envelope, sent_again};
use quittance_testing::{
    FORM_KEY, KEY_ID, REST_PASSWORD, SECRET, form_body, form_body_sha1, rest_body, url_encode,
    worldline_signature,
};
use serde_json::json;

/// Sends a notification that must be taken, twice; the second time it must be known.
fn taken_and_then_known(request: &Request, path: &str, headline: &str) {
    let stack = Stack::shared();
    let first = stack.send(request);
    assert_eq!((first.status, first.text()), (200, format!("OK {headline}")));
    let order = stack.sent_order(path);
    let again = stack.send(request);
    assert_eq!((again.status, again.text()), (200, format!("OK {headline} (already known)")));
    assert_eq!(stack.order(path), order, "a repeat writes nothing");
}

#[test]
fn stored_and_already_known_are_200_with_a_useful_line() {
    taken_and_then_known(
        &Request::worldline(Payment::new("ANS-1", "3254560001_0", 130, 9, 12_000).body()),
        &worldline_path("ANS-1"),
        "ANS-1 captured 120.00 EUR",
    );
    taken_and_then_known(
        &Request::systempay(Form::single("ANS-2", "ans002", "CB", 4_250, "CAPTURED").body()),
        &systempay_path("ANS-2"),
        "ANS-2 captured 42.50 EUR",
    );
    let share = [Share("0123456789abcdef0123456789abcdef", "CB", 1_000, "CAPTURED")];
    taken_and_then_known(
        &Request::systempay(lyra::rest("ANS-3", "ans003", 1_000, ("PAID", "CLOSED"), &share)),
        &systempay_path("ANS-3"),
        "ANS-3 captured 10.00 EUR",
    );
}

#[test]
fn the_same_event_in_another_envelope_is_known() {
    let stack = Stack::shared();
    let event = Payment::new("ANS-4", "3254560004_0", 130, 9, 500).json();
    assert_eq!(stack.worldline(&event.to_string()).text(), "OK ANS-4 captured 5.00 EUR");
    let again = stack.worldline(&sent_again(event).to_string());
    assert_eq!(again.text(), "OK ANS-4 captured 5.00 EUR (already known)");

    let form = Form::single("ANS-5", "ans005", "CB", 500, "CAPTURED");
    assert_eq!(stack.systempay(&form.body()).text(), "OK ANS-5 captured 5.00 EUR");
    let again = stack.systempay(&form.sent_again("RETRY").body());
    assert_eq!(again.text(), "OK ANS-5 captured 5.00 EUR (already known)");
}

#[test]
fn what_is_genuine_and_cannot_be_understood_is_kept_in_quarantine() {
    let stack = Stack::shared();
    let event = Payment::new("ANS-6", "3254560006_0", 130, 9, 500).json();
    let mut version = event.clone();
    version["apiVersion"] = json!("v2");
    let mut amount = event;
    amount["payment"]["paymentOutput"]["amountOfMoney"] =
        json!({"amount": 500, "currencyCode": "XXX"});
    for body in ["not JSON".to_owned(), String::new(), version.to_string(), amount.to_string()] {
        let reply = stack.worldline(&body);
        let reason = stack.quarantined(body.as_bytes());
        let reason = reason.unwrap_or_else(|| panic!("{body} is not in quarantine"));
        assert_eq!((reply.status, reply.text()), (200, format!("KEPT in quarantine: {reason}")));
    }
    assert_eq!(stack.get(&worldline_path("ANS-6")).status, 404);

    let form = Form::single("ANS-7", "ans007", "MULTI", 500, "CAPTURED");
    for body in [
        form.clone().with("vads_sequence_number", "0").body(),
        form.clone().with("vads_currency", "000").body(),
        form.with("vads_trans_date", "yesterday").body(),
        rest_body(REST_PASSWORD, "not JSON"),
        rest_body(REST_PASSWORD, "{}"),
    ] {
        let reply = stack.systempay(&body);
        let reason = stack.quarantined(body.as_bytes());
        let reason = reason.unwrap_or_else(|| panic!("{body} is not in quarantine"));
        assert_eq!((reply.status, reply.text()), (200, format!("KEPT in quarantine: {reason}")));
    }
    assert_eq!(stack.get(&systempay_path("ANS-7")).status, 404);
}

#[test]
fn what_is_not_tracked_is_200_and_neither_order_nor_quarantine() {
    let stack = Stack::shared();
    for kind in ["token.created", "payout.account_credited", "payment.test", "paymentlink.paid"] {
        let body = envelope(kind, "token", json!({"id": "4711"})).to_string();
        let reply = stack.worldline(&body);
        assert_eq!((reply.status, reply.text()), (200, format!("OK {kind} is not tracked")));
        assert_eq!(stack.quarantined(body.as_bytes()), None);
    }
}

#[test]
fn elements_of_an_array_stand_for_themselves() {
    let stack = Stack::shared();
    let one = Payment::new("ANS-8", "3254560008_0", 130, 9, 100).json();
    let other = Payment::new("ANS-9", "3254560009_0", 130, 9, 200).json();
    let token = envelope("token.created", "token", json!({"id": "4711"}));
    let reply = stack.worldline(&json!([one, token, other]).to_string());
    assert_eq!(reply.status, 200);
    assert_eq!(
        reply.text(),
        "OK ANS-8 captured 1.00 EUR; OK token.created is not tracked; OK ANS-9 captured 2.00 EUR"
    );
    assert_eq!(stack.order(&worldline_path("ANS-8"))["captured"], 100);
    assert_eq!(stack.order(&worldline_path("ANS-9"))["captured"], 200);
}

/// Requests that must be refused with their status, by name.
fn refused() -> Vec<(&'static str, u16, Request)> {
    let event = Payment::new("CLOSED", "3254569999_0", 130, 9, 12_000).body();
    let signed = || Request::worldline(&event);
    let wrong = worldline_signature("another secret", event.as_bytes());
    let right = worldline_signature(SECRET, event.as_bytes());
    let url_safe = right.replace('+', "-").replace('/', "_");
    let mut cases = vec![
        ("wrong signature", signed().with("X-GCS-Signature", &wrong)),
        ("empty signature", signed().with("X-GCS-Signature", "")),
        ("signature of another body", signed().body(b"{}")),
        ("signature in hex", signed().with("X-GCS-Signature", &"0a".repeat(32))),
        (
            "signature without padding",
            signed().with("X-GCS-Signature", right.trim_end_matches('=')),
        ),
        ("missing signature", signed().without("X-GCS-Signature")),
        ("missing key id", signed().without("X-GCS-KeyId")),
        ("missing both", signed().without("X-GCS-KeyId").without("X-GCS-Signature")),
        ("repeated signature", signed().header("X-GCS-Signature", &right)),
        ("right, then wrong signature", signed().header("x-gcs-signature", &wrong)),
        ("repeated key id", signed().header("X-GCS-KeyId", KEY_ID)),
        ("unknown key id", signed().with("X-GCS-KeyId", "unknown")),
        ("key id in another case", signed().with("X-GCS-KeyId", "DEMO-KEY")),
        ("empty key id", signed().with("X-GCS-KeyId", "")),
    ];
    if url_safe != right {
        cases.push(("signature in URL-safe Base64", signed().with("X-GCS-Signature", &url_safe)));
    }
    let form = || Form::single("CLOSED", "closed", "CB", 12_000, "CAPTURED");
    let body = form().body();
    let unsigned = || body.split("&signature=").next().unwrap_or_default().to_owned();
    let share = [Share("0123456789abcdef0123456789abcdef", "CB", 12_000, "CAPTURED")];
    let answer = lyra::answer("CLOSED", "closed", 12_000, ("PAID", "CLOSED"), &share).to_string();
    let rest = rest_body(REST_PASSWORD, &answer);
    let production = form().with("vads_ctx_mode", "PRODUCTION").body();
    let forms = [
        ("wrong form signature", form().body_signed_with("anotherkey000000")),
        ("missing form signature", unsigned()),
        ("empty form signature", format!("{}&signature=", unsigned())),
        ("changed field", body.replace("vads_amount=12000", "vads_amount=1")),
        ("added field", format!("{body}&vads_warranty_details=x")),
        ("repeated vads_ field, same value", format!("{body}&vads_amount=12000")),
        ("repeated vads_ field, other value", format!("vads_amount=1&{body}")),
        ("repeated vads_ field, encoded name", format!("{body}&vads%5Famount=12000")),
        ("repeated signature field", format!("{body}&signature=x")),
        ("form without vads_hash", form().without("vads_hash").body()),
        ("form with an empty vads_hash", form().with("vads_hash", "").body()),
        ("SHA-1 without consent", form_body_sha1(FORM_KEY, &form().fields())),
        ("test key used on PRODUCTION", production),
        ("unknown mode", form().with("vads_ctx_mode", "test").body()),
        ("unknown site", form().with("vads_site_id", "87654321").body()),
        ("missing site", form().without("vads_site_id").body()),
        ("form signed with the REST password", form().body_signed_with(REST_PASSWORD)),
        ("wrong password", rest_body("wrong", &answer)),
        ("REST signed with the form key", rest_body(FORM_KEY, &answer)),
        (
            "kr-hash-key sha256_hmac",
            rest.replace("kr-hash-key=password", "kr-hash-key=sha256_hmac"),
        ),
        ("kr-hash-key missing", rest.replace("kr-hash-key=password&", "")),
        ("kr-hash missing", rest.split("&kr-hash=").next().unwrap_or_default().to_owned()),
        ("repeated kr-answer", format!("{rest}&kr-answer={}", url_encode(&answer))),
        ("repeated kr-hash", format!("{rest}&kr-hash=00")),
        ("repeated kr-hash-key", format!("{rest}&kr-hash-key=password")),
        ("both formats", format!("{rest}&{body}")),
        ("upper-case kr-hash", upper_case_hash(&rest)),
        ("empty body", String::new()),
        ("no form at all", "{\"vads_amount\": 1}".to_owned()),
    ];
    cases.extend(forms.into_iter().map(|(name, body)| (name, Request::systempay(body))));
    let mut cases: Vec<_> = cases.into_iter().map(|(name, request)| (name, 401, request)).collect();

    let mut large = form().with("vads_order_info", &"x".repeat(MAX_BODY_BYTES)).body();
    large.truncate(MAX_BODY_BYTES + 1);
    let most = "x".repeat(MAX_BODY_BYTES);
    cases.extend([
        ("one byte too large", 413, Request::worldline(format!("{most}x"))),
        ("just not too large", 401, Request::worldline(&most).with("X-GCS-Signature", &wrong)),
        ("one byte too large form", 413, Request::systempay(&large)),
        ("just not too large form", 401, Request::systempay(&large[..MAX_BODY_BYTES])),
        ("far too large", 413, Request::worldline("x".repeat(4 * 1024 * 1024))),
        ("no media type", 415, signed().without("Content-Type")),
        ("empty media type", 415, signed().with("Content-Type", "")),
        ("form as JSON", 415, Request::systempay(&body).with("Content-Type", "application/json")),
        ("JSON as form", 415, signed().with("Content-Type", FORM)),
        ("text", 415, signed().with("Content-Type", "text/plain")),
        ("longer type", 415, signed().with("Content-Type", "application/json5")),
        ("no media type form", 415, Request::systempay(&body).without("Content-Type")),
    ]);
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"] {
        for request in [signed(), Request::systempay(&body)] {
            cases.push(("wrong method", 405, Request { method: method.to_owned(), ..request }));
        }
    }
    cases.push(("GET of the Lyra route", 405, Request::get(SYSTEMPAY)));
    cases.push(("verification without its header", 400, Request::get(WORLDLINE)));
    for path in ["/webhooks", "/webhooks/worldline/", "/webhooks//worldline", "/webhooks/lyra", "/"]
    {
        cases.push(("no such route", 404, Request { path: path.to_owned(), ..signed() }));
    }
    cases
}

fn upper_case_hash(rest: &str) -> String {
    let (head, hash) = rest.rsplit_once('=').expect("the hash is last");
    format!("{head}={}", hash.to_uppercase())
}

/// Everything that is refused, against a stack of its own: afterwards its tables are as empty as
/// before (I9). The words of a refusal do not tell what a right signature would be.
#[test]
fn whatever_is_refused_leaves_every_table_empty() {
    let stack = Stack::start();
    for (name, status, request) in refused() {
        let reply = stack.send(&request);
        assert_eq!(reply.status, status, "{name}: {} {}", request.method, reply.text());
        assert!(!reply.headers.contains_key("location"), "{name}: never a redirect");
        if status == 405 {
            let expected = if request.path == WORLDLINE { "GET, POST" } else { "POST" };
            assert_eq!(reply.header("allow"), expected, "{name}");
        }
        if status == 401 {
            // One text for every reason: it does not tell a forger which keys exist.
            assert_eq!(reply.text(), "refused", "{name}");
        }
    }
    assert_eq!(stack.get("/local/queue").text(), "[]");
    assert_eq!(stack.get("/local/quarantine").text(), "[]");
    assert_eq!(stack.get("/orders").json(), json!({"orders": [], "next": null}));
    for table in ["quittance-orders", "quittance-archive", "quittance-local-queue"] {
        assert_eq!(stack.rows(table), 0, "{table}");
    }
    // The count is one that can be wrong.
    stack.worldline(&Payment::new("OPEN", "3254569998_0", 130, 9, 100).body());
    // An order and its payment's own name; one notification.
    assert_eq!((stack.rows("quittance-orders"), stack.rows("quittance-archive")), (2, 1));
}

#[test]
fn a_media_type_may_have_parameters_and_any_case() {
    let stack = Stack::shared();
    for (at, media) in ["application/json; charset=utf-8", "Application/JSON", "application/json;"]
        .into_iter()
        .enumerate()
    {
        let event = Payment::new(&format!("MT-{at}"), &format!("325457000{at}_0"), 130, 9, 100);
        let reply = stack.send(&Request::worldline(event.body()).with("Content-Type", media));
        assert_eq!(reply.status, 200, "{media}");
    }
    for media in
        ["application/x-www-form-urlencoded; charset=UTF-8", "APPLICATION/X-WWW-FORM-URLENCODED"]
    {
        let form = Form::single("MT-F", "mtform", "CB", 100, "CAPTURED");
        let reply = stack.send(&Request::systempay(form.body()).with("Content-Type", media));
        assert_eq!(reply.status, 200, "{media}");
    }
}

#[test]
fn the_largest_body_is_judged_on_its_signature() {
    let stack = Stack::shared();
    let mut event = Payment::new("LARGE", "3254580000_0", 130, 9, 100).json();
    event["padding"] = json!("");
    let missing = MAX_BODY_BYTES - event.to_string().len();
    event["padding"] = json!("x".repeat(missing));
    let body = event.to_string();
    assert_eq!(body.len(), MAX_BODY_BYTES);
    assert_eq!(stack.worldline(&body).text(), "OK LARGE captured 1.00 EUR");
}

#[test]
fn the_endpoint_verification_is_echoed_as_text() {
    let stack = Stack::shared();
    for value in ["510b0f62-4bb6", "<script>alert(1)</script>", "a b"] {
        let header = "X-GCS-Webhooks-Endpoint-Verification";
        let reply = stack.send(&Request::get(WORLDLINE).header(header, value));
        assert_eq!((reply.status, reply.text().as_str()), (200, value));
        assert!(reply.header("content-type").starts_with("text/plain"));
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
    }
}

#[test]
fn sha1_counts_where_the_site_consents_and_nowhere_else() {
    let keys = r#"{"12345678": {"test": {"form": "demoformkey0000", "allow_sha1": true},
        "production": {"form": "prodformkey00000"}}}"#;
    let stack = Stack::start_with(&[], &[("QUITTANCE_SYSTEMPAY_KEYS", keys)]);
    let form = Form::single("SHA-1", "sha001", "CB", 100, "CAPTURED");
    let old = form_body_sha1(FORM_KEY, &form.fields());
    assert_eq!(stack.systempay(&old).text(), "OK SHA-1 captured 1.00 EUR");
    let production = form.with("vads_ctx_mode", "PRODUCTION");
    let old = form_body_sha1("prodformkey00000", &production.fields());
    assert_eq!(stack.systempay(&old).status, 401);

    // The right key of the other mode makes an order of its own.
    let new = form_body("prodformkey00000", &production.fields());
    assert_eq!(stack.systempay(&new).status, 200);
    let path = systempay_path("SHA-1").replace("/test/", "/production/");
    assert_eq!(stack.order(&path)["mode"], "production");
    assert_eq!(stack.order(&systempay_path("SHA-1"))["mode"], "test");
}

#[test]
fn a_worldline_key_names_the_mode_and_may_be_bound_to_a_merchant() {
    let keys = r#"{"demo-key": {"secret": "demo-secret", "mode": "production", "merchant": "DemoMerchant"},
        "other": {"secret": "other-secret", "merchant": "Somebody"}}"#;
    let stack = Stack::start_with(&[], &[("QUITTANCE_WORLDLINE_KEYS", keys)]);
    let body = Payment::new("BOUND", "3254590000_0", 130, 9, 100).body();
    assert_eq!(stack.worldline(&body).text(), "OK BOUND captured 1.00 EUR");
    assert_eq!(stack.get(&worldline_path("BOUND")).status, 404);
    let path = worldline_path("BOUND").replace("/test/", "/production/");
    assert_eq!(stack.order(&path)["mode"], "production");

    let crossed = Request::worldline(&body)
        .with("X-GCS-KeyId", "other")
        .with("X-GCS-Signature", &worldline_signature("other-secret", body.as_bytes()));
    let reply = stack.send(&crossed);
    assert_eq!(reply.status, 200);
    assert!(reply.text().starts_with("KEPT in quarantine: "), "{}", reply.text());
    assert_eq!(stack.get(&worldline_path("BOUND")).status, 404);
}

/// The table is away: 503, as long as it is, and the same delivery is taken when it is back.
#[test]
fn a_table_that_does_not_answer_is_503_until_it_does() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().to_str().expect("UTF-8");
    let port = free_port().to_string();
    let engine_args = ["--data", data, "--dynamodb-port", &port];
    let engine = Stack::start_with(&engine_args, &[]);
    let url = format!("http://127.0.0.1:{port}");
    let stack = Stack::start_with(&[], &[("AWS_ENDPOINT_URL_DYNAMODB", &url)]);
    let event = Payment::new("AWAY-1", "3254600000_0", 130, 9, 100).body();
    let form = Form::single("AWAY-2", "away02", "CB", 100, "CAPTURED").body();
    let unreadable = "unreadable";
    assert_eq!(
        stack.worldline(&Payment::new("HERE", "3254600001_0", 130, 9, 100).body()).status,
        200
    );

    engine.kill();
    for request in [
        Request::worldline(&event),
        Request::worldline(unreadable),
        Request::systempay(&form),
        Request::get(&worldline_path("HERE")),
        Request::get("/orders"),
    ] {
        let reply = stack.send(&request);
        assert_eq!(reply.status, 503, "{}: {}", request.path, reply.text());
        assert!(!reply.text().contains("127.0.0.1"), "nothing of the inside: {}", reply.text());
    }
    let forged = Request::worldline(&event).with("X-GCS-Signature", "forged");
    assert_eq!(stack.send(&forged).status, 401, "refused without asking the table");

    let _engine = Stack::start_with(&engine_args, &[]);
    assert_eq!(stack.worldline(&event).text(), "OK AWAY-1 captured 1.00 EUR");
    assert_eq!(stack.systempay(&form).text(), "OK AWAY-2 captured 1.00 EUR");
    assert_eq!(stack.worldline(unreadable).status, 200);
    stack.sent_order(&worldline_path("AWAY-1"));
    stack.sent_order(&systempay_path("AWAY-2"));
    assert_eq!(stack.queue_of(&["AWAY-1", "AWAY-2"]).len(), 2);
}

/// An engine that takes connections and never answers. The PSP waits about ten seconds, so the
/// answer must come before.
#[test]
fn a_table_that_hangs_is_503_before_the_psp_gives_up() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().to_str().expect("UTF-8");
    let port = free_port().to_string();
    let engine = Stack::start_with(&["--data", data, "--dynamodb-port", &port], &[]);
    let url = format!("http://127.0.0.1:{port}");
    let stack = Stack::start_with(&[], &[("AWS_ENDPOINT_URL_DYNAMODB", &url)]);
    engine.kill();
    let address = format!("127.0.0.1:{port}");
    let _silent = wait_for("the port is free again", || std::net::TcpListener::bind(&address).ok());
    let start = std::time::Instant::now();
    let reply = stack.worldline(&Payment::new("HANGS", "3254600002_0", 130, 9, 100).body());
    assert_eq!(reply.status, 503);
    assert!(start.elapsed() < std::time::Duration::from_secs(10), "{:?}", start.elapsed());
}

/// No usable keys: the functions are called as Lambda does.
#[tokio::test]
async fn missing_keys_are_500() {
    let sdk = quittance_aws::clients::sdk_config().await;
    let settings = Settings::read(|_| None).expect("the defaults are valid");
    let receiver =
        Receiver::new(&quittance_aws::clients::dynamodb(&sdk), &settings, quittance_psp::PROVIDERS);
    let webhook = |provider| Webhook::new(provider, KeyRing::fixed(None), receiver.clone());
    let (worldline, systempay) = (webhook(&Worldline as &dyn Provider), webhook(&Lyra));

    let event = Payment::new("KEYS", "3254610000_0", 130, 9, 100).body();
    let reply = worldline.handle(&lambda(Request::worldline(event))).await;
    assert_eq!(reply.status(), 500);
    let form = Form::single("KEYS", "keys01", "CB", 100, "CAPTURED").body();
    let reply = systempay.handle(&lambda(Request::systempay(form))).await;
    assert_eq!(reply.status(), 500);

    let verification = Request::get(WORLDLINE).header("X-GCS-Webhooks-Endpoint-Verification", "x");
    assert_eq!(worldline.handle(&lambda(verification)).await.status(), 200, "needs no key");
}

/// The id of a key is not signed: an event of the test key could be sent again as one of the other.
#[test]
fn one_secret_for_two_modes_is_500_and_the_log_says_why() {
    let keys =
        r#"{"demo-key": "demo-secret", "live": {"secret": " demo-secret", "mode": "production"}}"#;
    let site = r#"{"12345678": {"test": {"form": "hush"}, "production": {"form": "hush"}}}"#;
    let keys = [("QUITTANCE_WORLDLINE_KEYS", keys), ("QUITTANCE_SYSTEMPAY_KEYS", site)];
    let stack = Stack::start_with(&[], &keys);
    let event = Payment::new("TWO-MODES", "3254630001_0", 130, 9, 100).body();
    let event = Request::worldline(event);
    assert_eq!(stack.send(&event).status, 500);
    let live = event.without("X-GCS-KeyId").header("X-GCS-KeyId", "live");
    assert_eq!(stack.send(&live).status, 500);
    let form = Form::single("TWO-MODES", "two001", "CB", 100, "CAPTURED");
    assert_eq!(stack.systempay(&form.body_signed_with("hush")).status, 500);
    assert_eq!(stack.rows("quittance-orders") + stack.rows("quittance-archive"), 0);
    for sentence in [
        r#"key "demo-key" (test) and key "live" (production) have the same secret"#,
        r#"site "12345678" (test) and site "12345678" (production) have the same form key"#,
    ] {
        let said = || stack.errors().replace('\\', "").contains(sentence).then_some(());
        wait_for(sentence, said);
    }
    assert!(!stack.errors().contains("demo-secret") && !stack.errors().contains("hush"));
}

/// The second lock: its own tests are beside the function; here it meets a real connection.
#[test]
fn a_lyra_notification_from_outside_the_allowed_sources_is_401() {
    let form = |reference: String| Form::single(&reference, "src001", "CB", 100, "CAPTURED").body();
    for (n, (sources, status)) in
        [("127.0.0.0/8", 200), ("194.50.38.0/24", 401), ("", 200), ("194.50.38.0/240", 500)]
            .into_iter()
            .enumerate()
    {
        let stack = Stack::start_with(&[], &[("QUITTANCE_SYSTEMPAY_SOURCES", sources)]);
        let request = Request::systempay(form(format!("SOURCE-{n}")));
        let request = request.header("X-Forwarded-For", "194.50.38.1");
        assert_eq!(stack.send(&request).status, status, "{sources}");
        let event = Payment::new("SOURCE", "3254620001_0", 130, 9, 100).body();
        assert_eq!(stack.worldline(&event).status, 200, "no other route is concerned");
        if status != 200 {
            let log = stack.errors();
            let said = log.contains("QUITTANCE_SYSTEMPAY_SOURCES");
            assert_eq!(said, status == 500, "only a bad list is an error: {log}");
        }
    }
}

fn lambda(request: Request) -> lambda_http::Request {
    let mut built =
        lambda_http::http::Request::builder().method(request.method.as_str()).uri(request.path);
    for (name, value) in &request.headers {
        built = built.header(name, value);
    }
    built.body(Body::Binary(request.body)).expect("a request")
}
