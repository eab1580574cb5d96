//! What browsers bring back, and that neither kind of message passes for the other.

use quittance_core::provider::Refused;
use quittance_psp::lyra;
use quittance_psp::lyra::api::returns::{NoReturn, Returned, verify};
use quittance_testing::lyra::{Form, answer};
use quittance_testing::read::LYRA_KEYS;
use quittance_testing::{FORM_KEY, rest_body};

use super::{account, credentials};

fn form() -> Form {
    Form::single("CMD-1", "abc123", "CB", 10_000, "AUTHORISED")
}

#[test]
fn a_form_comes_back_without_its_hash() {
    let held = credentials();
    let back = form().without("vads_hash");
    let returned = verify(&held, back.body().as_bytes()).unwrap();
    let expected = Returned {
        account: account(),
        order: Some("CMD-1".to_owned()),
        payment: Some("tx:20261122-abc123".to_owned()),
    };
    assert_eq!(returned, expected);
    let nameless = back.clone().without("vads_order_id").body();
    assert_eq!(verify(&held, nameless.as_bytes()).unwrap(), Returned { order: None, ..expected });

    let refused = |body: &str| verify(&held, body.as_bytes()).unwrap_err();
    assert_eq!(refused(&form().body()), NoReturn::Notification);
    assert_eq!(refused(&form().with("vads_hash", "").body()), NoReturn::Notification);
    assert_eq!(refused(&back.body_signed_with("other")), NoReturn::Mismatch);
    assert_eq!(refused(&format!("{}&vads_amount=1", back.body())), NoReturn::Repeated);
    assert_eq!(refused(&back.body().replace("AUTHORISED", "CAPTURED")), NoReturn::Mismatch);
    let elsewhere = back.clone().with("vads_site_id", "99999999");
    assert_eq!(refused(&elsewhere.body()), NoReturn::UnknownKey);
    let production = back.clone().with("vads_ctx_mode", "PRODUCTION");
    assert_eq!(refused(&production.body()), NoReturn::UnknownKey);
    assert_eq!(refused("a=1"), NoReturn::Missing);
    let empty = back.without("vads_order_id").without("vads_trans_id").body();
    assert_eq!(refused(&empty), NoReturn::Unreadable);
}

#[test]
fn a_return_is_no_notification() {
    let back = form().without("vads_hash").body();
    assert_eq!(lyra::verify(&LYRA_KEYS, back.as_bytes()).unwrap_err(), Refused::NotANotification);
    assert!(lyra::verify(&LYRA_KEYS, form().body().as_bytes()).is_ok());
}

#[test]
fn an_answer_comes_back_under_the_key_of_returns() {
    let held = credentials();
    let said = answer("CMD-1", "abc123", 10_000, ("PAID", "CLOSED"), &[]).to_string();
    let back = |key: &str, kind: &str, said: &str| {
        rest_body(key, said).replace("kr-hash-key=password", &format!("kr-hash-key={kind}"))
    };
    let genuine = back("demohmackey", "sha256_hmac", &said);
    let returned = verify(&held, genuine.as_bytes()).unwrap();
    assert_eq!((returned.account, returned.order.as_deref()), (account(), Some("CMD-1")));

    let refused = |body: &str| verify(&held, body.as_bytes()).unwrap_err();
    let password = quittance_testing::REST_PASSWORD;
    assert_eq!(refused(&back(password, "password", &said)), NoReturn::Notification);
    assert_eq!(refused(&back("demohmackey", "password", &said)), NoReturn::Notification);
    assert_eq!(refused(&back(password, "sha256_hmac", &said)), NoReturn::Mismatch);
    assert_eq!(refused(&back(FORM_KEY, "sha256_hmac", &said)), NoReturn::Mismatch);
    assert_eq!(refused(&format!("{genuine}&kr-hash=0")), NoReturn::Repeated);
    for (right, wrong) in [
        ("\"TEST\"", "\"PRODUCTION\""),
        ("\"12345678\"", "\"99999999\""),
        ("\"CMD-1\"", "null"),
        ("{", "["),
    ] {
        let said = said.replace(right, wrong);
        let body = back("demohmackey", "sha256_hmac", &said);
        assert_eq!(refused(&body), NoReturn::Unreadable, "{wrong}");
    }
    let notification = lyra::verify(&LYRA_KEYS, genuine.as_bytes()).unwrap_err();
    assert_eq!(notification, Refused::NotANotification);
}
