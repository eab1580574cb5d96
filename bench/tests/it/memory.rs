//! How much memory a message may take, counted by the allocator.

use quittance_core::limits::{MAX_BODY_BYTES, MAX_FORM_FIELDS};
use quittance_core::{Mode, crypto::Secret};
use quittance_psp::lyra::{self, SiteKeys};
use quittance_testing::lyra::Form;
use quittance_testing::{FORM_KEY, REST_PASSWORD, SITE, read, rest_body};

/// Most memory that a message may take at once, in multiples of its body.
const MOST: usize = 8;

#[track_caller]
fn bounded<T>(case: &str, body: &str, most: usize, act: impl FnOnce() -> T) {
    assert!(body.len() <= MAX_BODY_BYTES, "{case}: {} bytes would not be looked at", body.len());
    let mut result = None;
    let spent = allocation_counter::measure(|| result = Some(act()));
    let factor = spent.bytes_max / body.len() as u64;
    assert!(spent.bytes_max <= (most * body.len()) as u64, "{case}: {factor} times the body");
}

/// As little encoded as a form may be: most of a body of that size is then its text.
fn short(body: &str) -> String {
    let plain = [
        ("%7B", "{"),
        ("%7D", "}"),
        ("%5B", "["),
        ("%5D", "]"),
        ("%22", "\""),
        ("%2C", ","),
        ("%3A", ":"),
        ("%5C", "\\"),
        ("%2F", "/"),
    ];
    plain.into_iter().fold(body.to_owned(), |body, (encoded, plain)| body.replace(encoded, plain))
}

#[test]
fn a_message_takes_a_small_multiple_of_its_size() {
    let fill = |unit: &str| unit.repeat((MAX_BODY_BYTES - 4_000) / unit.len());
    let list = |unit: &str| fill(unit).trim_end_matches(',').to_owned();
    for unit in ["[", "{\"a\":", "\"\\u00e9\",", "1,", "{},", "[[[[]]]],", "\\/", "9", " "] {
        let shares = format!("{{\"transactions\":[{}]}}", list(unit));
        let answer = format!("{{\"transactions\":[{}],\"shopId\":1}}", list(unit));
        let events = format!("[{}]", list(unit));
        for (shape, text, most) in [
            ("alone", fill(unit), MOST),
            ("in an array", events, MOST),
            ("in a list of shares", shares, MOST),
            ("in a list of transactions", answer, MOST),
        ] {
            let case = format!("{unit:?} {shape}");
            bounded(&format!("{case}, event"), &text, MOST, || {
                read::read_worldline_bound(text.as_bytes(), None)
            });
            let body = short(&rest_body(REST_PASSWORD, &text));
            bounded(&format!("{case}, answer"), &body, most, || read::read_lyra(&body));
            let form = Form::cascade("CMD-1", "abc123", 10_000, "CAPTURED", &[]);
            let body = short(&form.with("vads_payment_seq", &text).body());
            bounded(&format!("{case}, form"), &body, most, || read::read_lyra(&body));
        }
    }
    // Before the signature is known to hold: a form is split into fields.
    let site = SiteKeys {
        form: Secret::new(FORM_KEY),
        rest_password: Secret::new(REST_PASSWORD),
        allow_sha1: false,
    };
    let keys = lyra::Keys::new([((SITE.to_owned(), Mode::Test), site)]).unwrap();
    let fields: String = (0..MAX_FORM_FIELDS - 3).map(|n| format!("vads_{n}=%41&")).collect();
    for unit in ["&", "=&", "%", "%41", "+", "x=1&", "vads_x=%41&", "kr-answer", "\\/"] {
        let head =
            format!("vads_site_id={SITE}&vads_ctx_mode=TEST&vads_hash=1&signature=x&{fields}");
        let body = format!("{head}{}", unit.repeat((MAX_BODY_BYTES - head.len()) / unit.len()));
        bounded(&format!("{unit:?} unsigned"), &body, MOST, || {
            let _ = lyra::verify(&keys, body.as_bytes());
        });
        let filled = unit.repeat((MAX_BODY_BYTES - 200) / unit.len());
        let head = "kr-hash=x&kr-hash-key=password&kr-hash-algorithm=sha256_hmac&kr-answer=";
        let body = format!("{head}{filled}");
        bounded(&format!("{unit:?} unsigned answer"), &body, MOST, || {
            let _ = lyra::verify(&keys, body.as_bytes());
        });
    }
}
