//! No secret, no card data and nothing about a buyer leaves the archive: not into a log, nor into an answer,
//! the order table or the queue.

use std::collections::BTreeSet;

use crate::support::{Request, Stack, quittance, wait_for};
use quittance_psp::{lyra as core_lyra, worldline};
use quittance_testing::json::{places_where, with};
use quittance_testing::lyra::{Form, Share};
use quittance_testing::private::{Private, sample_files};
use quittance_testing::worldline::{Payment, refund};
use quittance_testing::{FORM_KEY, REST_PASSWORD, form_body, lyra, rest_body, url_encode};
use serde_json::{Value, json};

#[test]
fn the_samples_leave_nothing_private_in_the_output() {
    let done = quittance(&["--port", "0", "--exit", "--verbose"]).output().expect("it runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, log) = (text(&done.stdout), text(&done.stderr));
    assert!(done.status.success(), "{out}{log}");
    // Otherwise there would be nothing to look through.
    let told = log.lines().count();
    assert!(
        told >= sample_files().len() * 2 / 3,
        "{told} lines for {} samples",
        sample_files().len()
    );
    for outcome in ["stored", "duplicate", "untracked", "quarantined", "refused"] {
        assert!(log.contains(outcome), "{outcome} is among what is told");
    }
    let private = Private::of_samples();
    assert_eq!(private.found_in(&out), Vec::<String>::new(), "standard output");
    assert_eq!(private.found_in(&log), Vec::<String>::new(), "standard error");
}

/// The raw archive is the only place with personal data, so erasing it there erases it.
#[test]
fn nothing_private_is_outside_the_archive() {
    let stack = Stack::start_and_play();
    let private = Private::of_samples();
    let mut shown = String::new();
    let orders = stack.items("quittance-orders");
    assert!(orders.len() > 100, "{}", orders.len());
    for item in &orders {
        shown.push_str(&format!("{item}\n"));
        let path = format!("/orders/{}", item["pk"]["S"].as_str().expect("a key"));
        for accept in ["application/json", "text/html"] {
            let page = stack.send(&Request::get(&path).header("Accept", accept)).text();
            // The raw notifications that a page leads to are masked.
            for raw in page.split("raw=").skip(1).filter_map(|rest| rest.split('&').next()) {
                let key = url_encode(item["pk"]["S"].as_str().expect("a key"));
                let path = format!("/orders?key={key}&raw={raw}");
                let masked = stack.send(&Request::get(&path).header("Accept", "text/html"));
                assert!(masked.text().contains("<pre>"), "{path}");
                shown.push_str(&masked.text());
            }
            shown.push_str(&page);
            shown.push('\n');
        }
    }
    for path in ["/orders?limit=100", "/local/queue", "/local/quarantine"] {
        let reply = stack.get(path);
        assert_eq!(reply.status, 200);
        shown.push_str(&reply.text());
        shown.push('\n');
    }
    for item in stack.items("quittance-local-queue") {
        shown.push_str(&format!("{item}\n"));
    }
    assert_eq!(private.found_in(&shown), Vec::<String>::new());
}

/// Messages of which each has a text of its own, which nothing else contains, in one of its fields.
#[derive(Default)]
struct Planted(Vec<(String, Request)>);

impl Planted {
    fn plant(&mut self, field: &str, message: impl FnOnce(&str) -> Request) {
        let request = message(&Self::text(self.0.len()));
        self.0.push((field.to_owned(), request));
    }

    fn text(n: usize) -> String {
        format!("Canary{n:04}bird")
    }

    /// Posts them all, and returns the fields whose text was seen in the log.
    fn seen_in_the_log(self) -> BTreeSet<String> {
        let stack = Stack::start_with(&["--verbose"], &[]);
        for (field, request) in &self.0 {
            let reply = stack.send(request);
            let text = reply.text();
            assert!(matches!(reply.status, 200 | 401), "{field}: {} {text}", reply.status);
        }
        // The log comes through another pipe: it is complete when the last message is in it.
        stack.worldline(&Payment::new("LAST-ONE", "3254640001_0", 130, 9, 100).body());
        let log = wait_for("the last line", || {
            Some(stack.errors()).filter(|log| log.contains("LAST-ONE"))
        });
        let seen = self.0.into_iter().enumerate().filter(|(n, _)| log.contains(&Self::text(*n)));
        seen.map(|(_, (field, _))| field).collect()
    }
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Fields of a form that say who somebody is, or that no list of ours has.
const MORE_FIELDS: &[&str] = &[
    "vads_cust_address",
    "vads_cust_address_number",
    "vads_cust_cell_phone",
    "vads_cust_city",
    "vads_cust_country",
    "vads_cust_district",
    "vads_cust_first_name",
    "vads_cust_id",
    "vads_cust_last_name",
    "vads_cust_legal_name",
    "vads_cust_national_id",
    "vads_cust_title",
    "vads_cust_zip",
    "vads_ext_info_note",
    "vads_identifier",
    "vads_no_such_name",
    "vads_order_info",
    "vads_payment_error",
    "vads_ship_to_city",
    "vads_ship_to_name",
    "vads_ship_to_phone_num",
    "vads_ship_to_street",
    "vads_ship_to_zip",
    "vads_user_info",
];

fn forms() -> [Form; 2] {
    let shares = [
        Share(&"1".repeat(32), "CVCO", 400, "CAPTURED"),
        Share(&"2".repeat(32), "CB", 500, "REFUSED"),
    ];
    [
        Form::single("CANARY-1", "can001", "CB", 900, "CAPTURED"),
        Form::cascade("CANARY-2", "can002", 900, "CAPTURED", &shares),
    ]
}

/// Whatever a genuine form says, understood or not, the log shows its order's reference and no other value.
#[test]
fn of_a_form_the_log_shows_the_order_and_nothing_else() {
    let mut planted = Planted::default();
    for form in forms() {
        let own = form.fields().into_iter().map(|(name, _)| name);
        for name in own.chain(MORE_FIELDS.iter().copied()) {
            planted.plant(name, |text| Request::systempay(form.clone().with(name, text).body()));
        }
    }
    assert_eq!(planted.seen_in_the_log(), set(&["vads_order_id"]));
}

/// Of a body that is not genuine, or no form at all, it shows nothing.
#[test]
fn of_what_is_not_genuine_the_log_shows_nothing() {
    let [form, _] = forms();
    let body = form.body();
    let mut planted = Planted::default();
    let mut plant = |what: &str, body: &dyn Fn(&str) -> String| {
        planted.plant(what, |text| Request::systempay(body(text)));
    };
    plant("forged", &|text| body.replace("CANARY-1", text));
    plant("signature", &|text| body.replace("signature=", &format!("signature={text}")));
    plant("site", &|text| body.replace("vads_site_id=", &format!("vads_site_id={text}")));
    plant("mode", &|text| body.replace("vads_ctx_mode=", &format!("vads_ctx_mode={text}")));
    plant("without hash", &|text| {
        form.clone().without("vads_hash").with("vads_cust_name", text).body()
    });
    plant("repeated", &|text| format!("{body}&vads_cust_name={text}"));
    plant("name", &|text| format!("{body}&vads_{text}=1"));
    plant("no pair", &|text| format!("{text}&{body}"));
    plant("no text", &|text| {
        form_body(FORM_KEY, &[("vads_cust_name", [text.as_bytes(), &[0xff]].concat())])
    });
    plant("answer", &|text| rest_body("another password", &json!({"orderId": text}).to_string()));
    plant("hash of an answer", &|text| format!("{}{text}", rest_body(REST_PASSWORD, "{}")));
    plant("kind of key", &|text| {
        rest_body(REST_PASSWORD, "{}").replace("=password", &format!("={text}"))
    });
    let event = Payment::new("CANARY-3", "3254640002_0", 130, 9, 900).body();
    planted.plant("event", |text| {
        Request::worldline(&event).body(event.replace("CANARY-3", text).as_bytes())
    });
    for header in ["X-GCS-Signature", "X-GCS-KeyId", "User-Agent", "Cookie", "Authorization"] {
        planted.plant(header, |text| {
            let forged = event.replace("CANARY-3", "CANARY-4");
            Request::worldline(&event).with(header, text).body(forged.as_bytes())
        });
    }
    assert_eq!(planted.seen_in_the_log(), BTreeSet::new());
}

/// The document with a text in each of its leaves, one after the other, and with a leaf more in each object.
fn each_leaf(document: &Value) -> Vec<(String, impl Fn(&str) -> Value)> {
    let leaves = places_where(document, |value| !value.is_object() && !value.is_array());
    let changed = leaves.into_iter().map(|leaf| {
        let change = {
            let (document, leaf) = (document.clone(), leaf.clone());
            move |text: &str| with(&document, &leaf, json!(text))
        };
        (leaf, change)
    });
    changed.collect()
}

#[test]
fn of_a_rest_answer_the_log_shows_the_order_and_nothing_else() {
    let shares = [
        Share(&"1".repeat(32), "CVCO", 400, "CAPTURED"),
        Share(&"2".repeat(32), "CB", 500, "REFUSED"),
    ];
    let mut answer = lyra::answer("CANARY-5", "can005", 900, ("PAID", "CLOSED"), &shares);
    answer["customer"] = json!({
        "email": "", "reference": "", "ipAddress": "",
        "billingDetails": {"firstName": "", "lastName": "", "address": "", "cellPhoneNumber": ""},
        "shippingDetails": {"firstName": "", "address": ""}, "extraDetails": {"ipAddress": ""},
    });
    let mut planted = Planted::default();
    for (pointer, change) in each_leaf(&answer) {
        planted.plant(&pointer, |text| {
            Request::systempay(rest_body(REST_PASSWORD, &change(text).to_string()))
        });
    }
    for broken in
        [r#"{"orderDetails":"@"#, r#"["@"]"#, r#""@""#, r#"{"orderDetails":{"orderId":["@"]}}"#]
    {
        planted.plant(broken, |text| {
            Request::systempay(rest_body(REST_PASSWORD, &broken.replace('@', text)))
        });
    }
    assert_eq!(planted.seen_in_the_log(), set(&["/orderDetails/orderId"]));
}

#[test]
fn of_a_worldline_event_the_log_shows_the_order_and_nothing_else() {
    let mut payment = Payment::new("CANARY-6", "3254640006_0", 130, 9, 900).json();
    let output = "/payment/paymentOutput";
    payment.pointer_mut(output).expect("it has one")["customer"] = json!({
        "contactDetails": {"emailAddress": "", "phoneNumber": ""},
        "personalInformation": {"name": {"firstName": "", "surname": ""}},
        "billingAddress": {"street": "", "city": "", "zip": ""},
    });
    let mut planted = Planted::default();
    for document in [payment, refund("CANARY-7", "3254640007_1", 8, 900)] {
        for (pointer, change) in each_leaf(&document) {
            planted.plant(&pointer, |text| Request::worldline(change(text).to_string()));
        }
    }
    for broken in [r#"{"payment":"@"#, r#"["@"]"#, r#""@""#, r#"{"payment":{"id":["@"]}}"#] {
        planted.plant(broken, |text| Request::worldline(broken.replace('@', text)));
    }
    let shown = [
        "/merchantId",
        "/payment/paymentOutput/references/merchantReference",
        "/refund/refundOutput/references/merchantReference",
    ];
    assert_eq!(planted.seen_in_the_log(), set(&shown), "what the order's key is made of");
}

/// Key documents as someone may write them, with a secret in each: usable, and wrong in every way.
const SECRETS: [&str; 3] = ["hushhush-form", "hushhush-password", "hushhush-worldline"];

fn key_documents() -> Vec<(&'static str, String)> {
    let [form, password, secret] = SECRETS;
    let site = |rest: &str| format!(r#"{{"12345678": {{"test": {{"form": "{form}", {rest}}}}}}}"#);
    let lyra = [
        site(&format!(r#""rest_password": "{password}""#)),
        site(&format!(r#""rest_password": "{password}"#)),
        site(&format!(r#""rest_pasword": "{password}""#)),
        site(&format!(r#""allow_sha1": "{password}""#)),
        format!(r#"{{"12345678": "{form}"}}"#),
        format!(r#"{{"12345678": {{"{form}": {{"form": "{password}"}}}}}}"#),
        format!(r#"{{"12345678": {{"brand": "{form}", "test": {{"form": "{password}"}}}}}}"#),
        format!(r#"["{form}"]"#),
        form.to_owned(),
    ];
    let worldline = [
        format!(r#"{{"key": "{secret}"}}"#),
        format!(r#"{{"key": {{"secret": "{secret}", "mode": "production"}}}}"#),
        format!(r#"{{"key": {{"secret": "{secret}", "mode": "{secret}"}}}}"#),
        format!(r#"{{"key": {{"secret": ["{secret}"]}}}}"#),
        format!(r#"{{"key": {{"sekret": "{secret}"}}}}"#),
        format!(r#"{{"key": "{secret}""#),
        secret.to_owned(),
    ];
    let lyra = lyra.into_iter().map(|text| ("QUITTANCE_SYSTEMPAY_KEYS", text));
    lyra.chain(worldline.into_iter().map(|text| ("QUITTANCE_WORLDLINE_KEYS", text))).collect()
}

#[test]
fn keys_never_print_themselves() {
    let mut usable = 0;
    for (variable, document) in key_documents() {
        let printed = if variable == "QUITTANCE_WORLDLINE_KEYS" {
            let keys = worldline::Keys::from_json(&document);
            usable += usize::from(keys.is_ok());
            keys.map_or_else(
                |error| format!("{error:?} {error}"),
                |keys| format!("{keys:?} {keys:#?}"),
            )
        } else {
            let keys = core_lyra::Keys::from_json(&document);
            usable += usize::from(keys.is_ok());
            keys.map_or_else(
                |error| format!("{error:?} {error}"),
                |keys| format!("{keys:?} {keys:#?}"),
            )
        };
        assert!(!printed.contains("hushhush"), "{document}: {printed}");
    }
    assert!(usable >= 3, "{usable} documents are usable");
}

/// Neither when the stack starts with them, nor when a command uses them.
#[test]
fn keys_are_in_no_output_whether_usable_or_not() {
    for (variable, document) in key_documents() {
        let mut said = String::new();
        for args in [
            &["--port", "0", "--no-play", "--exit", "--verbose"][..],
            &["brands"],
            &["brands", "--json"],
        ] {
            let done = quittance(args).env(variable, &document).output().expect("it runs");
            said.push_str(&String::from_utf8_lossy(&[done.stdout, done.stderr].concat()));
        }
        assert!(said.contains("listening"), "{said}");
        assert!(!said.contains("hushhush"), "{document}: {said}");
    }
}
