//! What a provider says of a share beyond what decides, in each of its spellings.

use quittance_psp::PROVIDERS;
use quittance_testing::lyra::{self, Form, Share};
use quittance_testing::worldline::refund;
use serde_json::{Value, json};

use super::story::{
    CAPTURED, CARD, CVCO, Message, Story, VISA, VOUCHER, cascade, give_back, given, pay, wl,
};

/// The details of the order's shares, as its JSON shows them.
fn shown(story: &Story) -> Vec<Value> {
    let view = story.order().view(
        CAPTURED,
        quittance_testing::read::receipt(9_000).received_at,
        PROVIDERS,
    );
    let json = serde_json::to_value(&view).unwrap();
    let shares = json["shares"].as_array().unwrap().iter();
    shares.map(|share| share["details"].clone()).collect()
}

fn detailed(form: Form) -> Form {
    form.with("vads_auth_number", "3fe85c")
        .with("vads_auth_result", "51")
        .with("vads_extra_result", "03")
        .with("vads_capture_delay", "2")
        .with("vads_presentation_date", "20261124100005")
        .with("vads_contract_used", "5249685")
        .with("vads_payment_certificate", "d6fdfcb76d0e23f0d8a2e205c5570348c1a9478e")
        .with("vads_ext_trans_id", "EXT-1")
        .with("vads_identifier_status", "CREATED")
}

#[test]
fn a_form_tells_them_in_its_fields() {
    let expected = json!({
        "transaction_id": "abc123",
        "authorisation_number": "3fe85c",
        "authorisation_result": "51",
        "authorisation_result_text": "insufficient balance or credit limit exceeded",
        "risk_result": "03",
        "risk_result_text": "the card is on the shop's grey list",
        "capture_delay_days": 2,
        "capture_date": "20261124100005",
        "contract": "5249685",
        "certificate": "d6fdfcb76d0e23f0d8a2e205c5570348c1a9478e",
        "acquirer_reference": "EXT-1",
        "token_status": "CREATED",
    });
    let story = given(&detailed(pay("REFUSED")));
    assert_eq!(story.order().notifications()[0].doubt, None);
    assert_eq!(shown(&story), [expected]);
}

#[test]
fn a_list_tells_them_of_each_share() {
    let form = cascade("CAPTURED", &[VOUCHER, CARD]);
    let mut list: Value = serde_json::from_str(form.get("vads_payment_seq").unwrap()).unwrap();
    let card = &mut list["transactions"][1];
    card["auth_number"] = json!("3fe85c");
    card["auth_result"] = json!("00");
    card["extra_result"] = json!("00");
    card["capture_delay"] = json!("0");
    card["presentation_date"] = json!("2026-11-22T10:00:05Z");
    card["contract_used"] = json!(5_249_685);
    card["payment_certificate"] = json!("d6fd");
    card["ext_trans_id"] = json!(["of another type"]);
    card["identifier_status"] = json!("NOT_CREATED");
    let form = form.with("vads_payment_seq", &list.to_string());
    let story = given(&form).released();
    let [voucher, card] = &shown(&story)[..] else { panic!() };
    assert_eq!(voucher["transaction_id"], "abc123");
    let expected = json!({
        "transaction_id": "abc123",
        "authorisation_number": "3fe85c",
        "authorisation_result": "00",
        "authorisation_result_text": "authorised",
        "risk_result": "00",
        "risk_result_text": "all risk checks passed",
        "capture_delay_days": 0,
        "capture_date": "2026-11-22T10:00:05Z",
        "contract": "5249685",
        "certificate": "d6fd",
        "token_status": "NOT_CREATED",
    });
    assert_eq!(*card, expected);
}

#[test]
fn an_answer_tells_them_in_its_own_places() {
    let share = Share(CARD.0, "CB", 10_000, "CAPTURED");
    let answer = |checks: Value| {
        let mut answer = lyra::answer("CMD-1", "abc123", 10_000, ("PAID", "CLOSED"), &[share]);
        let details = &mut answer["transactions"][0]["transactionDetails"];
        details["mid"] = json!("6969696");
        details["externalTransactionId"] = json!("EXT-1");
        details["fraudManagement"] = checks;
        let card = &mut details["cardDetails"];
        card["expectedCaptureDate"] = json!("2026-11-23T10:00:00+00:00");
        card["authorizationResponse"] =
            json!({"authorizationNumber": "3fbbc6", "authorizationResult": "0"});
        quittance_testing::rest_body(quittance_testing::REST_PASSWORD, &answer.to_string())
    };
    let story = given(&answer(json!({"riskControl": [{"name": "BIN", "result": "WARNING"}]})));
    let expected = json!({
        "transaction_id": "abc123",
        "authorisation_number": "3fbbc6",
        "authorisation_result": "0",
        "authorisation_result_text": "authorised",
        "risk_result": "WARNING",
        "capture_date": "2026-11-23T10:00:00+00:00",
        "contract": "6969696",
        "acquirer_reference": "EXT-1",
    });
    assert_eq!(shown(&story), [expected]);
    // Its shape is not documented: whatever it is, the payment is read.
    for (checks, word) in [
        (json!(null), None),
        (json!("OK"), Some("OK")),
        (json!({"riskAnalysis": {"score": 3, "status": "P_TO_SEND"}}), Some("P_TO_SEND")),
        (json!({"result": "INFORMATION"}), Some("INFORMATION")),
        (json!(17), None),
        (json!([]), None),
    ] {
        let story = given(&answer(checks)).released();
        assert_eq!(shown(&story)[0].get("risk_result").and_then(Value::as_str), word);
    }
}

#[test]
fn a_worldline_event_tells_them_too() {
    let mut event = wl("3254564310_0", VISA, 9).surcharge(500).json();
    event["payment"]["hostedCheckoutSpecificOutput"] = json!({"hostedCheckoutId": "3254564310"});
    let method = &mut event["payment"]["paymentOutput"]["cardPaymentMethodSpecificOutput"];
    method["authorisationCode"] = json!("726747");
    method["fraudResults"] = json!({"fraudServiceResult": "accepted", "avsResult": "0"});
    let expected = json!({
        "transaction_id": "3254564310_0",
        "authorisation_number": "726747",
        "risk_result": "accepted",
        "product": VISA,
        "surcharge": 500,
        "checkout": "3254564310",
    });
    assert_eq!(shown(&given(&event)), [expected]);
    // What is told in another shape says nothing, and the payment is read.
    event["payment"]["paymentOutput"]["cardPaymentMethodSpecificOutput"]["fraudResults"] =
        json!("accepted");
    assert_eq!(shown(&given(&event))[0].get("risk_result"), None);
    // A credit has its own.
    let story = given(&wl("3254564310_0", CVCO, 9)).then(&refund("CMD-1", "3254564310_1", 8, 100));
    let [debit, credit] = &shown(&story)[..] else { panic!() };
    assert_eq!(debit["transaction_id"], "3254564310_0");
    assert_eq!(debit["product"], CVCO);
    assert_eq!(credit["transaction_id"], "3254564310_1");
}

/// Of each the value of the furthest status, in any order of arrival; a re-send without one takes none away.
#[test]
fn the_furthest_status_holds() {
    let early = detailed(pay("AUTHORISED")).with("vads_auth_result", "00");
    let early = early.with("vads_contract_used", "A");
    let late = pay("CAPTURED").with("vads_contract_used", "B").without("vads_auth_number");
    let bare = late.clone().sent_again("BO").without("vads_contract_used");
    let messages = [&early, &late, &bare];
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let [one, two, three] = order.map(|at: usize| messages[at]);
        let details = &shown(&given(one).then(two).then(three))[0];
        assert_eq!(details["contract"], "B");
        assert_eq!(details["authorisation_number"], "3fe85c");
    }
    // What adds a detail alone is no second entry; what adds none is a repeat.
    let resent = late.clone().sent_again("BO");
    let story = given(&bare).retells(&resent).notifications(1);
    assert_eq!(shown(&story)[0]["contract"], "B");
    story.repeats(&bare);
}

#[test]
fn doubts_lists_and_messages_tell_none() {
    let doubtful = detailed(pay("CAPTURED")).with("vads_invented", "x");
    assert!(given(&doubtful).order().details().is_empty());
    let story = given(&pay("CAPTURED")).then(&give_back('c', 1, "CAPTURED"));
    let view = story.order().view(
        CAPTURED,
        quittance_testing::read::receipt(9_000).received_at,
        PROVIDERS,
    );
    assert!(view.shares.iter().all(|share| share.details.is_some()));
    let told = serde_json::to_value(story.order().brief(
        CAPTURED,
        quittance_testing::read::receipt(9_000).received_at,
        PROVIDERS,
    ))
    .unwrap();
    let shares = told["shares"].as_array().unwrap();
    assert!(shares.len() == 2 && shares.iter().all(|s| s.get("details").is_none()), "{told}");
}

/// A share that is known under two names has one set of details.
#[test]
fn details_follow_the_names_of_a_share() {
    let named = pay("AUTHORISED").with("vads_auth_number", "1");
    let bare = pay("CAPTURED").without("vads_trans_uuid").without("vads_auth_number");
    let bare = bare.with("vads_contract_used", "C");
    for [one, two] in [[&named, &bare], [&bare, &named]] {
        let details = &shown(&given(one).then(two).shares(1))[0];
        assert_eq!(details["authorisation_number"], "1");
        assert_eq!(details["contract"], "C");
    }
}

/// The names of a form's fields are not signed: what a buyer typed, a masked card or a token is no detail.
#[test]
fn what_a_buyer_typed_is_no_detail() {
    for typed in ["client@example.com", "Élodie Démo", "33 1 23 45", "497010XXXXXX0014", "a+b"] {
        let form = pay("CAPTURED")
            .with("vads_ext_trans_id", typed)
            .with("vads_contract_used", typed)
            .with("vads_identifier_status", "TOKEN-1234-SECRET");
        let mut said = form.said();
        said.standing = quittance_core::Standing::Sound;
        let told = format!("{:?}", said.details);
        assert!(!told.contains(typed) && !told.contains("SECRET"), "{told}");
    }
}

/// A code and its words are one value: the words of an older code never stand beside a newer one.
#[test]
fn a_code_is_shown_with_its_own_words() {
    let coded = |status: &str, code: &str| {
        pay(status).with("vads_extra_result", code).with("vads_auth_result", "00")
    };
    let story = given(&coded("AUTHORISED", "00")).then(&coded("CAPTURED", "77"));
    let details = &shown(&story)[0];
    assert_eq!((&details["risk_result"], details.get("risk_result_text")), (&json!("77"), None));
}

/// A value that cannot be read, in a member on which nothing depends, is no fault of the message.
#[test]
fn a_detail_that_cannot_be_read_says_nothing() {
    let event = wl("3254564310_0", VISA, 9).json().to_string();
    for odd in ["1e999", r#""\ud800""#, r#"{"a":[1e999]}"#, "-0", "true"] {
        let member = format!(r#""cardPaymentMethodSpecificOutput":{{"authorisationCode":{odd},"#);
        let text = event.replacen(r#""cardPaymentMethodSpecificOutput":{"#, &member, 1);
        assert_ne!(text, event);
        let readings = quittance_testing::read::read_worldline(&text.replacen(
            r#","authorisationCode":"test123""#,
            "",
            1,
        ));
        assert!(matches!(readings[..], [quittance_core::Reading::Order(_)]), "{odd}: {readings:?}");
    }
}

/// What decides nothing never keeps out what does.
#[test]
fn details_have_a_bounded_room_of_their_own() {
    let long = "é".repeat(256);
    let mut order = quittance_core::Order::new(pay("CAPTURED").said().key);
    for n in 0..100 {
        let share = Share(&format!("{n:032}"), "CB", 10_000, "REFUSED");
        let id = format!("{n:06}");
        let mut answer = lyra::answer("CMD-1", &id, 10_000, ("UNPAID", "OPEN"), &[share]);
        let details = &mut answer["transactions"][0]["transactionDetails"];
        (details["mid"], details["externalTransactionId"]) = (json!(long), json!(long));
        let body =
            quittance_testing::rest_body(quittance_testing::REST_PASSWORD, &answer.to_string());
        order.take(&body.said(), &quittance_testing::read::receipt(n), CAPTURED).unwrap();
    }
    let stored = serde_json::to_string(order.details()).unwrap();
    assert!((20_000..60_000).contains(&stored.len()), "{}", stored.len());
}
