//! Starting a payment: what is sent to the gateway, and what is refused before.

use std::collections::BTreeMap;

use proptest::prelude::*;
use quittance_core::api::{Call, Exchange, TroubleKind};
use quittance_core::key::Account;
use quittance_core::{Currency, Mode, Timestamp};
use quittance_psp::lyra::api::checkout::{
    Failed, LinkState, Means, PaymentForm, Start, Unfit, form, link, link_state, read_link,
    read_link_state, read_token, token, trans_id,
};
use quittance_psp::lyra::api::{Credentials, returns};
use quittance_testing::{FORM_KEY, SITE, form_body, url_encode};
use serde_json::{Value, json};

use super::{account, credentials, error, eur, now, request, success};

const RETURN: &str = "https://hooks.example.com/returns/systempay";
const LINK: &str = "000000000000000000000000000000d1";

fn start() -> Start<'static> {
    Start {
        order: "CMD-1",
        amount: 14_000,
        currency: eur(),
        means: Means::Any,
        approval: false,
        locale: Some("fr_FR"),
        return_url: RETURN,
        notification_url: None,
    }
}

fn made(start: &Start<'_>, attempt: u32) -> PaymentForm {
    form(&credentials(), &account(), start, attempt, now()).unwrap()
}

fn fields(form: &PaymentForm) -> BTreeMap<&str, &str> {
    form.fields.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

#[test]
fn a_form_has_every_field_and_the_gateways_signature() {
    let made = made(&start(), 0);
    assert_eq!(made.action, "https://paiement.systempay.fr/vads-payment/");
    let own = fields(&made);
    for (name, value) in [
        ("vads_action_mode", "INTERACTIVE"),
        ("vads_amount", "14000"),
        ("vads_capture_delay", "0"),
        ("vads_ctx_mode", "TEST"),
        ("vads_currency", "978"),
        ("vads_language", "fr"),
        ("vads_order_id", "CMD-1"),
        ("vads_page_action", "PAYMENT"),
        ("vads_payment_cards", "CVCO;CB;VISA;MASTERCARD"),
        ("vads_payment_config", "SINGLE"),
        ("vads_return_mode", "POST"),
        ("vads_site_id", SITE),
        ("vads_trans_date", "20261122100000"),
        ("vads_trans_id", made.trans_id.as_str()),
        ("vads_url_return", RETURN),
        ("vads_validation_mode", "0"),
        ("vads_version", "V2"),
    ] {
        assert_eq!(own.get(name), Some(&value), "{name}");
    }
    assert!(!own.contains_key("vads_url_check"));
    assert_eq!(made.trans_date, "20261122100000");
    // Signed here and, once more, without this code.
    let signed: Vec<(&str, &str)> =
        made.fields[1..].iter().map(|(n, v)| (*n, v.as_str())).collect();
    let body = form_body(FORM_KEY, &signed);
    assert!(body.ends_with(&format!("signature={}", url_encode(own["signature"]))), "{body}");
    let told = Start { notification_url: Some("https://hooks.example.com/x"), ..start() };
    assert_eq!(fields(&self::made(&told, 0))["vads_url_check"], "https://hooks.example.com/x");
    // A request for a payment passes for a return only if it is read as one: it says no status.
    // Genuine, and no return: the shop's own request tells no result.
    assert_eq!(returns::verify(&credentials(), body.as_bytes()), Err(returns::NoReturn::Request));
}

#[test]
fn means_say_which_brands_are_offered() {
    let usd = Currency::from_alpha("USD").unwrap();
    for (start, cards, validation) in [
        (Start { means: Means::Vouchers, ..start() }, "CVCO", "0"),
        (Start { means: Means::Cards, ..start() }, "CB;VISA;MASTERCARD", "0"),
        (Start { means: Means::Cards, approval: true, ..start() }, "CB;VISA;MASTERCARD", "1"),
        (Start { approval: true, ..start() }, "CB;VISA;MASTERCARD", "1"),
        (Start { amount: 1_999, ..start() }, "CB;VISA;MASTERCARD", "0"),
        (Start { currency: usd, ..start() }, "CB;VISA;MASTERCARD", "0"),
        (Start { amount: 2_000, ..start() }, "CVCO;CB;VISA;MASTERCARD", "0"),
    ] {
        let made = made(&start, 0);
        let fields = fields(&made);
        assert_eq!(
            (fields["vads_payment_cards"], fields["vads_validation_mode"]),
            (cards, validation)
        );
    }
}

#[test]
fn what_the_gateway_would_refuse_is_refused_before() {
    let long = format!("https://a.example/{}", "x".repeat(1_007));
    let fits = &long[..1_024];
    let order = "x".repeat(65);
    let khr = Currency::from_alpha("KHR").unwrap();
    let usd = Currency::from_alpha("USD").unwrap();
    let vouchers = Start { means: Means::Vouchers, ..start() };
    for (start, unfit) in [
        (Start { order: "", ..start() }, Unfit::Order),
        (Start { order: &order, ..start() }, Unfit::Order),
        (Start { order: "CMD 1", ..start() }, Unfit::Order),
        (Start { order: "CMD~1", ..start() }, Unfit::Order),
        (Start { order: "tx:1", ..start() }, Unfit::Order),
        (Start { amount: 0, ..start() }, Unfit::Nothing),
        (Start { amount: 1_000_000_000_000, ..start() }, Unfit::Amount),
        (Start { amount: u64::MAX, ..start() }, Unfit::Amount),
        (Start { currency: khr, ..start() }, Unfit::Currency),
        (Start { return_url: &long, ..start() }, Unfit::Url),
        (Start { return_url: "javascript:alert(1)", ..start() }, Unfit::Url),
        (Start { return_url: "https://a.example/<b>", ..start() }, Unfit::Url),
        (Start { return_url: "", ..start() }, Unfit::Url),
        (Start { notification_url: Some("x"), ..start() }, Unfit::Url),
        (Start { locale: Some("fr"), ..start() }, Unfit::Locale),
        (Start { locale: Some("FR_fr"), ..start() }, Unfit::Locale),
        (Start { amount: 1_999, ..vouchers.clone() }, Unfit::VoucherAmount),
        (Start { currency: usd, ..vouchers.clone() }, Unfit::VoucherCurrency),
        (Start { approval: true, ..vouchers.clone() }, Unfit::VoucherApproval),
    ] {
        assert_eq!(start.check(), Err(unfit), "{start:?}");
        let held = credentials();
        assert_eq!(form(&held, &account(), &start, 0, now()), Err(unfit));
        assert_eq!(link(&held, &account(), &start, None).unwrap_err(), unfit);
        assert_eq!(token(&held, &account(), &start).unwrap_err(), unfit);
        let said = unfit.to_string();
        assert!(said.len() > 15 && !said.ends_with('.'), "{said}");
    }
    for fine in [
        Start { order: &order[..64], ..start() },
        Start { amount: 999_999_999_999, ..start() },
        Start { return_url: fits, ..start() },
        Start { return_url: "http://127.0.0.1:8080/x", ..start() },
        Start { amount: 2_000, ..vouchers.clone() },
        Start { locale: None, ..start() },
    ] {
        assert_eq!(fine.check(), Ok(()), "{fine:?}");
    }
    let held = credentials();
    let approval = Start { approval: true, ..start() };
    assert_eq!(link(&held, &account(), &approval, None).unwrap_err(), Unfit::LinkApproval);
    assert_eq!(token(&held, &account(), &vouchers).unwrap_err(), Unfit::VoucherToken);
    assert_eq!(link_state(&held, &account(), "d1").unwrap_err(), Unfit::Link);
    let production = Account { mode: Mode::Production, ..account() };
    assert_eq!(form(&held, &production, &start(), 0, now()), Err(Unfit::NoAccess));
    assert_eq!(link(&held, &production, &start(), None).unwrap_err(), Unfit::NoAccess);
    let keyless = r#"{"12345678": {"test": {"rest_password": "p"}}}"#;
    let keyless = Credentials::from_json(keyless).unwrap();
    assert_eq!(form(&keyless, &account(), &start(), 0, now()), Err(Unfit::NoAccess));
    assert!(link(&keyless, &account(), &start(), None).is_ok());
}

#[test]
fn a_link_is_for_what_was_asked() {
    let expires = Timestamp::parse("2026-11-25T21:59:59Z");
    let told = Start { notification_url: Some("https://hooks.example.com/x"), ..start() };
    let call = link(&credentials(), &account(), &told, expires).unwrap();
    assert_eq!(call.name, "Charge/CreatePaymentOrder");
    assert_eq!(
        request(&call),
        json!({
            "amount": 14_000, "currency": "EUR", "orderId": "CMD-1",
            "channelOptions": {"channelType": "URL"},
            "paymentMethods": ["CVCO", "CB", "VISA", "MASTERCARD"],
            "expirationDate": "2026-11-25T21:59:59+00:00", "locale": "fr_FR",
            "returnMode": "GET", "returnUrl": RETURN, "ipnTargetUrl": "https://hooks.example.com/x",
        })
    );
    let answer = json!({
        "paymentOrderId": LINK, "paymentOrderStatus": "RUNNING",
        "paymentURL": "https://secure.example.com/t/abc123", "amount": 14_000, "currency": "EUR",
        "orderId": "CMD-1",
    });
    let read = |answer: &Value| read_link(&account(), &start(), &success(call.name, answer));
    let made = read(&answer).unwrap();
    assert_eq!((made.id.as_str(), made.state), (LINK, LinkState::Running));
    assert_eq!(made.url, "https://secure.example.com/t/abc123");
    for (name, value, kind) in [
        ("amount", json!(13_999), TroubleKind::Contradiction),
        ("amount", json!(null), TroubleKind::Contradiction),
        ("currency", json!("USD"), TroubleKind::Contradiction),
        ("orderId", json!("CMD-2"), TroubleKind::Contradiction),
        ("paymentOrderId", json!("d1"), TroubleKind::Garbled),
        ("paymentURL", json!("javascript:alert(1)"), TroubleKind::Garbled),
        ("paymentURL", json!(null), TroubleKind::Garbled),
        ("paymentOrderStatus", json!(null), TroubleKind::Garbled),
    ] {
        let mut other = answer.clone();
        other[name] = value;
        let Err(Failed::Trouble(trouble)) = read(&other) else { panic!("{other}") };
        assert_eq!(trouble.kind, kind, "{other}");
    }
}

#[test]
fn a_links_state_is_read() {
    let call = link_state(&credentials(), &account(), LINK).unwrap();
    assert_eq!(
        (call.name, request(&call)),
        ("Charge/PaymentOrder/Get", json!({"paymentOrderId": LINK}))
    );
    for (word, state, over) in [
        ("RUNNING", LinkState::Running, false),
        ("PAID", LinkState::Paid, true),
        ("REFUSED", LinkState::Refused, true),
        ("EXPIRED", LinkState::Expired, true),
        ("CANCELED", LinkState::Cancelled, true),
        ("NEW_WORD", LinkState::Unknown, false),
    ] {
        let answer = json!({
            "paymentOrderId": LINK, "paymentOrderStatus": word,
            "paymentURL": "https://secure.example.com/t/abc123",
        });
        let heard = success(call.name, &answer);
        let read = read_link_state(&account(), LINK, &heard).unwrap();
        assert_eq!((read.state, read.state.is_over()), (state, over));
        let other = "f".repeat(32);
        assert!(read_link_state(&account(), &other, &heard).is_err());
    }
}

#[test]
fn a_token_is_for_cards() {
    let approval = Start { approval: true, means: Means::Cards, ..start() };
    for (start, word) in [(start(), "NO"), (approval, "YES")] {
        let call = token(&credentials(), &account(), &start).unwrap();
        assert_eq!(call.name, "Charge/CreatePayment");
        assert_eq!(
            request(&call),
            json!({
                "amount": 14_000, "currency": "EUR", "orderId": "CMD-1",
                "transactionOptions": {"cardOptions": {"captureDelay": 0, "manualValidation": word}},
            })
        );
    }
    let read = |answer: Value| read_token(&account(), &success("Charge/CreatePayment", &answer));
    assert_eq!(read(json!({"formToken": "T1"})), Ok("T1".to_owned()));
    for bad in [json!({}), json!({"formToken": ""}), json!({"formToken": null}), json!([])] {
        assert!(matches!(read(bad), Err(Failed::Trouble(_))));
    }
}

#[test]
fn a_failed_start_says_whether_to_try_again() {
    let ended = |exchange: &Exchange| match read_token(&account(), exchange).unwrap_err() {
        Failed::Refused(_) => None,
        Failed::Trouble(trouble) => Some(trouble.kind),
    };
    for (code, kind) in [
        ("INT_009", None),
        ("PSP_777", None),
        ("PSP_610", Some(TroubleKind::Credentials)),
        ("INT_905", Some(TroubleKind::Credentials)),
        ("PSP_099", Some(TroubleKind::Unreachable)),
        ("PSP_999", Some(TroubleKind::Unreachable)),
    ] {
        assert_eq!(ended(&error(code)), kind, "{code}");
    }
    assert_eq!(ended(&Exchange::Unsent), Some(TroubleKind::Unreachable));
    assert_eq!(ended(&Exchange::Lost), Some(TroubleKind::Unreachable));
}

#[test]
fn secrets_are_in_the_headers_alone() {
    let call: Call = token(&credentials(), &account(), &start()).unwrap();
    let headers: BTreeMap<_, _> = call.headers.iter().cloned().collect();
    assert_eq!(headers["authorization"], "Basic MTIzNDU2Nzg6dGVzdHBhc3N3b3JkX2RlbW8=");
    assert!(headers.keys().all(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '-')));
    assert!(!format!("{call:?} {:?}", credentials()).contains("MTIz"));
    assert!(!String::from_utf8(call.body).unwrap().contains("password"));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_id_is_six_digits_of_base_36_that_any_part_changes(
        order in "[A-Za-z0-9_-]{1,64}",
        attempt in 0..u32::MAX,
    ) {
        let id = |site: &str, day: &str, order: &str, attempt| trans_id(site, day, order, attempt);
        let own = id(SITE, "20261122100000", &order, attempt);
        prop_assert!(own.len() == 6 && own.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase()));
        prop_assert_eq!(&own, &id(SITE, "20261122235959", &order, attempt));
        for other in [
            id("1", "20261122100000", &order, attempt),
            id(SITE, "20261123100000", &order, attempt),
            id(SITE, "20261122100000", &format!("{order}x"), attempt),
            id(SITE, "20261122100000", &order, attempt + 1),
        ] {
            prop_assert_ne!(&own, &other);
        }
    }
}
