//! How much an order and a message may hold, and what no parser takes.

use quittance_core::limits::{
    MAX_BODY_BYTES, MAX_EVENTS_PER_NOTIFICATION, MAX_FACTS_PER_ORDER, MAX_SHARES_PER_NOTIFICATION,
    MAX_WORD_BYTES,
};
use quittance_core::order::OrderFull;
use quittance_core::{Order, Outcome, Reading};
use quittance_testing::lyra::{self, Form, Share};
use serde_json::json;

use super::story::{CAPTURED, CARD, Message, VISA, VOUCHER, cascade, pay, unreadable, wl};
use quittance_testing::read::{read_lyra, read_worldline, read_worldline_bound, receipt};

#[test]
fn an_order_holds_so_many_facts_and_no_more() {
    let mut order = Order::new(pay("REFUSED").said().key);
    let attempt =
        |n: usize| Form::single("CMD-1", &format!("{n:06}"), "CB", 10_000, "REFUSED").said();
    for n in 0..MAX_FACTS_PER_ORDER {
        let taken = order.take(&attempt(n), &receipt(0), CAPTURED);
        assert!(matches!(taken, Ok(Outcome::Changed(_))), "{taken:?}");
    }
    let before = order.clone();
    assert_eq!(
        order.take(&attempt(MAX_FACTS_PER_ORDER), &receipt(0), CAPTURED),
        Err(OrderFull::Facts)
    );
    assert_eq!(order, before, "what does not fit leaves no trace");
    assert_eq!(order.take(&attempt(0), &receipt(0), CAPTURED), Ok(Outcome::Known));
    let bytes = quittance_core::stored::encode(&order).unwrap().len();
    assert!(bytes < 400_000, "{bytes} bytes are more than a table's item may have");
}

#[test]
fn doubtful_facts_cannot_shut_genuine_ones_out() {
    let mut order = Order::new(pay("REFUSED").said().key);
    for n in 0..MAX_FACTS_PER_ORDER + 1 {
        let respelt = Form::single("CMD-1", &format!("{n:06}"), "CB", 10_000, "CAPTURED");
        let _ = order.take(&respelt.with("vads_invented", "x").said(), &receipt(0), CAPTURED);
    }
    let taken = order.take(&pay("CAPTURED").said(), &receipt(0), CAPTURED);
    assert!(matches!(taken, Ok(Outcome::Changed(_))), "{taken:?}");
    assert!(order.fulfilment().is_some());
}

#[test]
fn amounts_that_are_none_are_quarantined() {
    for bad in ["-1", "10.00", "1e4", "", "abc", "1000000000000", "99999999999999999999"] {
        let form = pay("CAPTURED").with("vads_amount", bad);
        assert!(matches!(read_lyra(&form.body()), Reading::Unreadable(_)), "{bad}");
    }
    for bad in
        [json!(-1), json!(1.5), json!(1e30), json!(1_000_000_000_000_u64), json!("x"), json!([])]
    {
        for field in ["amountOfMoney", "acquiredAmount"] {
            let mut event = wl("3254564310_0", VISA, 9).json();
            event["payment"]["paymentOutput"][field]["amount"] = bad.clone();
            unreadable(&read_worldline(&event.to_string()));
        }
        let mut answer = lyra::answer("CMD-1", "abc123", 10_000, ("PAID", "CLOSED"), &[CARD]);
        answer["transactions"][0]["amount"] = bad.clone();
        let body =
            quittance_testing::rest_body(quittance_testing::REST_PASSWORD, &answer.to_string());
        assert!(matches!(read_lyra(&body), Reading::Unreadable(_)), "{bad}");
    }
}

#[test]
fn deep_repeated_and_cut_json_is_quarantined() {
    let body = wl("3254564310_0", VISA, 9).body();
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    unreadable(&read_worldline(&deep));
    // In a field that nobody reads, depth does no harm.
    let inside = body.replacen("\"references\":", &format!("\"deep\":{deep},\"references\":"), 1);
    assert_eq!(read_worldline(&inside), read_worldline(&body));
    unreadable(&read_worldline(&body.replacen(
        "\"amountOfMoney\":",
        "\"amountOfMoney\":{},\"amountOfMoney\":",
        1,
    )));
    unreadable(&read_worldline(&body.replacen(
        "\"status\":",
        "\"status\":\"CAPTURED\",\"status\":",
        1,
    )));
    unreadable(&read_worldline(&body[..body.len() - 1]));
    unreadable(&read_worldline(&format!("{body}x")));
    unreadable(&read_worldline(""));
    unreadable(&read_worldline_bound(b"{\"a\":\"\xff\"}", None));
    let answer =
        |answer: &str| quittance_testing::rest_body(quittance_testing::REST_PASSWORD, answer);
    assert!(matches!(read_lyra(&answer(&deep)), Reading::Unreadable(_)));
    let listed = cascade("CAPTURED", &[VOUCHER, CARD]).with("vads_payment_seq", &deep);
    assert!(matches!(read_lyra(&listed.body()), Reading::Unreadable(_)));
}

/// Whatever a message may list fits, and no more than Lambda accepts: 6 MiB.
#[test]
fn a_body_has_room_for_as_many_shares_as_a_message_may_list() {
    let longest = "f".repeat(32);
    let many = vec![
        Share(&longest, &longest, 999_999_999_999, "WAITING_AUTHORISATION");
        MAX_SHARES_PER_NOTIFICATION
    ];
    let body = cascade("WAITING_AUTHORISATION", &many).body();
    assert!((body.len()..6 << 20).contains(&MAX_BODY_BYTES), "{}", body.len());
}

#[test]
fn lists_are_bounded() {
    let many = vec![VOUCHER; MAX_SHARES_PER_NOTIFICATION + 1];
    assert!(matches!(read_lyra(&cascade("CAPTURED", &many).body()), Reading::Unreadable(_)));
    let rest = lyra::rest("CMD-1", "abc123", 10_000, ("PAID", "CLOSED"), &many);
    assert!(matches!(read_lyra(&rest), Reading::Unreadable(_)));
    let events = |n| json!(vec![wl("3254564310_0", VISA, 9).json(); n]).to_string();
    unreadable(&read_worldline(&events(MAX_EVENTS_PER_NOTIFICATION + 1)));
    unreadable(&read_worldline("[]"));
    // As many as may be are read.
    let most = &many[1..];
    assert!(matches!(read_lyra(&cascade("CAPTURED", most).body()), Reading::Order(_)));
    let rest = lyra::rest("CMD-1", "abc123", 10_000, ("PAID", "CLOSED"), most);
    assert!(matches!(read_lyra(&rest), Reading::Order(_)));
    let readings = read_worldline(&events(MAX_EVENTS_PER_NOTIFICATION));
    assert!(readings.iter().all(|reading| matches!(reading, Reading::Order(_))));
    assert_eq!(readings.len(), MAX_EVENTS_PER_NOTIFICATION);
}

/// Words that name a status or a method have room for every known one, and no more.
#[test]
fn words_are_bounded() {
    let brand = |length| Form::single("CMD-1", "abc123", &"B".repeat(length), 100, "REFUSED");
    assert!(matches!(read_lyra(&brand(MAX_WORD_BYTES).body()), Reading::Order(_)));
    assert!(matches!(read_lyra(&brand(MAX_WORD_BYTES + 1).body()), Reading::Unreadable(_)));
    let word = |length| wl("3254564310_0", VISA, 9).word(&"W".repeat(length)).json().to_string();
    assert!(matches!(read_worldline(&word(MAX_WORD_BYTES))[..], [Reading::Order(_)]));
    unreadable(&read_worldline(&word(MAX_WORD_BYTES + 1)));
}
