//! What is said to a merchant in words: the line about each notification, and why an order waits.

use quittance_core::explain::{Explanation, Waiting};
use quittance_core::fold::ReleaseOn;
use quittance_core::remark::SECOND_REFERENCE;
use quittance_core::statement::Reason;
use quittance_core::{
    Currency, Fact, Flag, Order, Outcome, Policy, Remark, ShareFact, Standing, State, Status,
    Timestamp,
};
use quittance_psp::PROVIDERS;
use quittance_psp::lyra::{self, results::METHODS};
use quittance_testing::lyra::{Form, Share, answer};
use quittance_testing::read::{doubt, read_lyra, receipt, statement, words};
use quittance_testing::{REST_PASSWORD, rest_body};
use serde_json::{Value, json};

use crate::orders::story::{CAPTURED, Story, VISA, follow_up, given, now, wl};

const VOUCHER: Share<'_> = Share("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "CVCO", 6_000, "CAPTURED");
const CARD: Share<'_> = Share("bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "CB", 4_000, "REFUSED");

/// An order that has taken these bodies, one after the other.
fn order(bodies: &[String]) -> Order {
    let mut order = None;
    for (at, body) in (0..).zip(bodies) {
        let said = statement(read_lyra(body));
        let order = order.get_or_insert_with(|| Order::new(said.key.clone()));
        order.take(&said, &receipt(at), Policy::default()).unwrap();
    }
    order.unwrap()
}

fn about(body: &str) -> String {
    words(lyra::ID).line_of(&statement(read_lyra(body)))
}

fn explanation(order: &Order) -> Option<String> {
    order
        .view(Policy::default(), Timestamp::from_unix(1_795_341_600).unwrap(), PROVIDERS)
        .explanation
}

fn single(status: &str) -> Form {
    Form::single("CMD-1", "abc123", "CB", 10_000, status)
}

/// A cascade whose shares have these result codes.
fn cascade(status: &str, shares: &[Share<'_>], codes: &[(&str, Value)]) -> Form {
    let form = Form::cascade("CMD-1", "abc123", 10_000, status, shares);
    let mut list: Value = serde_json::from_str(form.get("vads_payment_seq").unwrap()).unwrap();
    for (element, (name, code)) in
        list["transactions"].as_array_mut().unwrap().iter_mut().zip(codes)
    {
        element[name] = code.clone();
    }
    form.with("vads_payment_seq", &list.to_string())
}

/// The voucher is taken and the card refused, with this `auth_result`.
fn refused_complement(code: &str) -> Form {
    let codes = [("auth_result", json!("0")), ("auth_result", json!(code))];
    cascade("REFUSED", &[VOUCHER, CARD], &codes)
}

/// A REST answer about one payment by card, changed as said.
fn rest(status: &str, change: impl FnOnce(&mut Value)) -> String {
    let share = Share(CARD.0, "CB", 10_000, status);
    let mut answer = answer("CMD-1", "abc123", 10_000, ("UNPAID", "OPEN"), &[share]);
    change(&mut answer["transactions"][0]);
    rest_body(REST_PASSWORD, &answer.to_string())
}

// --- Reasons -----------------------------------------------------------------------------------

#[test]
fn a_refused_share_says_why_in_the_notification_and_in_the_explanation() {
    let body = refused_complement("51").body();
    assert_eq!(
        about(&body),
        "PAY: REFUSED, 2 shares: CVCO 60.00 EUR CAPTURED, \
         CB 40.00 EUR REFUSED: insufficient balance or credit limit exceeded (51)"
    );
    let order = order(&[body]);
    assert_eq!(
        explanation(&order).unwrap(),
        "waiting for 40.00 EUR of 100.00 EUR: \
         CB share REFUSED: insufficient balance or credit limit exceeded (51)"
    );
    assert!(order.headline(Policy::default()).say(PROVIDERS).ends_with("exceeded (51)"));
}

#[test]
fn what_waits_for_its_capture_is_said_in_words() {
    let card = Share(CARD.0, "CB", 4_000, "AUTHORISED");
    let order = order(&[cascade("AUTHORISED", &[VOUCHER, card], &[]).body()]);
    assert_eq!(
        explanation(&order).unwrap(),
        "waiting for 40.00 EUR of 100.00 EUR: CB share AUTHORISED, not captured"
    );
}

#[test]
fn what_is_reserved_is_not_waited_for_where_it_is_enough() {
    let card = Share(CARD.0, "CB", 3_000, "AUTHORISED");
    let order = order(&[cascade("AUTHORISED", &[VOUCHER, card], &[]).body()]);
    let missing = |release_on| {
        let policy = Policy { release_on, ..Policy::default() };
        match order.explanation(policy) {
            Some(Explanation::Waiting { missing, whole: 10_000, .. }) => missing,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(missing(ReleaseOn::Captured), 4_000);
    assert_eq!(missing(ReleaseOn::Secured), 1_000);
}

#[test]
fn a_share_that_is_not_decided_is_told_as_that() {
    for (status, note) in
        [("UNDER_VERIFICATION", ", not decided"), ("AUTHORISED", ", not captured"), ("REFUSED", "")]
    {
        let order = order(&[single(status).body()]);
        let said = format!("waiting for 100.00 EUR of 100.00 EUR: CB share {status}{note}");
        let explained = explanation(&order).unwrap();
        let rest = explained.strip_prefix(&said).unwrap_or_else(|| panic!("{explained}"));
        assert!(rest.is_empty() || rest.starts_with(": "), "{explained}");
    }
    let said = |status| {
        let waiting =
            Waiting { method: "CB".to_owned(), status, psp_status: "X".to_owned(), reason: None };
        let (whole, currency) = (10_000, Currency::from_alpha("EUR").unwrap());
        let shares = vec![waiting];
        let waits = Explanation::Waiting { missing: 100, whole, currency, shares, more: 0 };
        waits.say(words(lyra::ID))
    };
    assert!(said(Status::Unknown).ends_with("CB share X, which Quittance does not know"));
    assert!(
        said(Status::Ambiguous).ends_with("CB share X, in a message with more than one reading")
    );
}

#[test]
fn a_doubt_that_no_message_states_is_told_by_what_is_missing() {
    let explained = |story: Story| story.order().explanation(CAPTURED);
    let alone = follow_up(2, "MERCH_BO", now(CARD, "CAPTURED"));
    assert_eq!(explained(given(&alone)), Some(Explanation::SharesAlone));
    // What another attempt was for says nothing of it.
    let dead = Form::single("CMD-1", "def456", "CB", 4_000, "REFUSED");
    assert_eq!(explained(given(&dead).then(&alone)), Some(Explanation::PartAlone));
    // Two payments, of which the second may say what both have reached.
    let reached = |id, reached| wl(id, VISA, 9).acquired(reached);
    let two = given(&reached("3254800001_0", 60_000)).then(&reached("3254800002_0", 100_000));
    assert_eq!(explained(two), Some(Explanation::Targets));
}

#[test]
fn a_voucher_has_its_own_words() {
    let voucher = Share(VOUCHER.0, "CVCO", 10_000, "REFUSED");
    let order = order(&[cascade("REFUSED", &[voucher], &[("auth_result", json!(1216))]).body()]);
    assert_eq!(
        explanation(&order).unwrap(),
        "waiting for 100.00 EUR of 100.00 EUR: CVCO share REFUSED: insufficient balance (1216)"
    );
    let gave_up = Form::single("CMD-1", "abc123", "CVCO", 10_000, "CANCELLED")
        .with("vads_auth_result", "1013");
    assert!(about(&gave_up.body()).ends_with("the buyer gave the complement up (1013)"));
}

/// Another network gives the same numbers other meanings.
#[test]
fn a_code_of_another_network_has_no_words() {
    let refused = Form::single("CMD-1", "abc123", "CB", 10_000, "REFUSED")
        .with("vads_auth_result", "51")
        .with("vads_acquirer_network", "CB");
    assert!(about(&refused.body()).ends_with("exceeded (51)"));
    let elsewhere = refused.with("vads_acquirer_network", "GICC");
    assert!(about(&elsewhere.body()).ends_with("REFUSED: code 51"));
}

#[test]
fn every_documented_code_is_told_in_its_words_or_is_success() {
    for method in METHODS {
        for brand in method.brands {
            for row in method.codes {
                let form = Form::single("CMD-1", "abc123", brand, 10_000, "REFUSED")
                    .with("vads_auth_result", row.code)
                    .with("vads_result", "");
                let said = about(&form.body());
                let words = format!(": {} ({})", row.words, row.code);
                let success = row.code.trim_matches('0').is_empty();
                assert_eq!(said.ends_with(&words), !success, "{said}");
            }
        }
    }
}

#[test]
fn a_code_that_no_table_has_is_shown_as_it_is() {
    let order = order(&[single("REFUSED").with("vads_auth_result", "ZZ9").body()]);
    assert!(explanation(&order).unwrap().ends_with("CB share REFUSED: code ZZ9"));
}

#[test]
fn the_result_of_the_action_speaks_where_no_authorisation_does() {
    let cancelled =
        single("CANCELLED").with("vads_auth_result", "").with("vads_result", "17").body();
    assert_eq!(
        about(&cancelled),
        "PAY: CB 100.00 EUR CANCELLED: cancelled by the buyer (vads_result 17)"
    );
    let risk = single("REFUSED").with("vads_auth_result", "00").with("vads_extra_result", "03");
    assert!(about(&risk.body()).contains("grey list"));
    let share = [("extra_result", json!("05"))];
    let share = cascade("REFUSED", &[Share(CARD.0, "CB", 10_000, "REFUSED")], &share);
    assert!(about(&share.body()).contains("IP address"));
}

#[test]
fn success_has_no_reason() {
    for status in ["CAPTURED", "AUTHORISED"] {
        for (auth, result) in [("00", "00"), ("0", "00"), ("", ""), ("000", "0")] {
            let form = single(status).with("vads_auth_result", auth).with("vads_result", result);
            let said = statement(read_lyra(&form.body()));
            assert_eq!((said.reasons.as_slice(), said.reasons.capacity()), (&[][..], 0));
            let line = words(lyra::ID).line_of(&said);
            assert!(line.ends_with(status), "{line}");
        }
    }
}

#[test]
fn rest_says_the_same_in_its_own_fields() {
    let answer = rest("REFUSED", |payment| {
        payment["transactionDetails"]["cardDetails"]["authorizationResponse"] =
            json!({"authorizationResult": "51", "authorizationMode": "FULL"});
        payment["errorCode"] = json!("ACQ_001");
    });
    assert_eq!(
        about(&answer),
        "REST UNPAID OPEN: \
         CB 100.00 EUR REFUSED: insufficient balance or credit limit exceeded (51)"
    );
    assert!(explanation(&order(&[answer])).unwrap().ends_with("exceeded (51)"));
    let error = rest("REFUSED", |payment| payment["errorCode"] = json!("PSP_003"));
    assert!(about(&error).ends_with("REFUSED: refused (PSP_003)"));
    let detailed = rest("REFUSED", |payment| {
        (payment["errorCode"], payment["detailedErrorCode"]) = (json!("PSP_003"), json!("42"));
    });
    assert!(about(&detailed).ends_with("REFUSED: refused (PSP_003 42)"));
    let fine = rest("AUTHORISED", |payment| {
        payment["transactionDetails"]["cardDetails"]["authorizationResponse"] =
            json!({"authorizationResult": "0"});
    });
    assert!(about(&fine).ends_with("AUTHORISED"));
}

#[test]
fn result_codes_of_another_type_do_not_make_an_answer_unreadable() {
    for odd in [json!(true), json!(-1), json!({"code": 51}), json!(["51"]), Value::Null] {
        let answer = rest("REFUSED", |payment| {
            payment["transactionDetails"]["cardDetails"]["authorizationResponse"] =
                json!({"authorizationResult": odd});
            payment["errorCode"] = odd.clone();
            payment["detailedErrorCode"] = odd.clone();
        });
        assert!(about(&answer).ends_with("REFUSED"), "{odd}");
    }
}

#[test]
fn a_message_without_uuid_explains_the_share_whose_uuid_is_known() {
    let bare = single("REFUSED").without("vads_trans_uuid").with("vads_auth_result", "54");
    let named = single("REFUSED").with("vads_auth_result", "").with("vads_result", "");
    let order = order(&[bare.body(), named.body()]);
    assert_eq!(order.summary(Policy::default()).shares.len(), 1);
    assert!(explanation(&order).unwrap().ends_with("CB share REFUSED: the card has expired (54)"));
    let lines = order.lines(PROVIDERS);
    assert_eq!(lines.len(), 2);
    let is_explained = |line: &String| line.contains("REFUSED: the card has expired (54)");
    assert!(lines.iter().all(is_explained), "also by what was told before: {lines:?}");
    // And no other share.
    let second = named.clone().with("vads_sequence_number", "2").with("vads_trans_uuid", CARD.0);
    let order = self::order(&[bare.body(), named.body(), second.body()]);
    assert_eq!(order.summary(Policy::default()).shares.len(), 2);
    assert_eq!(explanation(&order).unwrap().matches("(54)").count(), 1);
}

// --- Reasons are no facts ----------------------------------------------------------------------

#[test]
fn a_repeat_without_its_reason_is_still_a_repeat() {
    let first = refused_complement("51");
    let without = refused_complement("");
    let mut known = order(&[first.body()]);
    let stored = known.clone();
    for again in [first.clone().sent_again("RETRY"), without.clone().sent_again("BO")] {
        let said = statement(read_lyra(&again.body()));
        assert_eq!(known.take(&said, &receipt(9), Policy::default()), Ok(Outcome::Known));
        assert_eq!(known, stored);
    }
    let mut bare = order(&[without.body()]);
    let said = statement(read_lyra(&first.body()));
    // The code is told all the same, as a detail.
    let taken = bare.take(&said, &receipt(9), Policy::default());
    assert!(matches!(taken, Ok(Outcome::Retold(_))), "{taken:?}");
}

#[test]
fn a_reason_does_not_outlive_the_status_it_explains() {
    let waiting = single("WAITING_AUTHORISATION").with("vads_auth_result", "91");
    let order = order(&[waiting.body(), single("AUTHORISED").body()]);
    assert!(explanation(&order).unwrap().ends_with("CB share AUTHORISED, not captured"));
}

#[test]
fn a_reason_explains_its_own_share_in_its_own_status() {
    let said = statement(read_lyra(&single("REFUSED").body()));
    let fact = said.facts.iter().find_map(Fact::as_share).unwrap();
    let named = ShareFact { other_name: Some("20261122-abc123-1".to_owned()), ..fact.clone() };
    let reason = |share: &str, psp_status: &str| Reason {
        share: share.to_owned(),
        psp_status: psp_status.to_owned(),
        why: Remark::plain("x"),
    };
    for (share, status, explains) in [
        (named.share.as_str(), "REFUSED", true),
        ("20261122-abc123-1", "REFUSED", true),
        ("another", "REFUSED", false),
        (named.share.as_str(), "CAPTURED", false),
        ("20261122-abc123-1", "CAPTURED", false),
    ] {
        assert_eq!(reason(share, status).explains(&named), explains, "{share} {status}");
    }
}

#[test]
fn of_the_reasons_to_doubt_a_message_the_first_for_the_lowest_standing_is_told() {
    let mut said = statement(read_lyra(&single("CAPTURED").body()));
    let mut lower = |standing, why| {
        said.lower(standing, Remark::plain(why));
        said.doubt().unwrap().code().to_owned()
    };
    assert_eq!(lower(Standing::Contradictory, "one"), "one");
    assert_eq!(lower(Standing::Contradictory, "two"), "one");
    assert_eq!(lower(Standing::Respellable, "three"), "three");
    assert_eq!(lower(Standing::Contradictory, "four"), "three");
}

#[test]
fn a_remark_without_a_sentence_is_shown_as_it_is() {
    let remark = Remark::new("unheard_of", ["1"]);
    assert_eq!(words(lyra::ID).say(&remark), remark.to_string());
    assert!(remark.to_string().contains("unheard_of"));
    let second = words(lyra::ID).say(&Remark::plain(SECOND_REFERENCE));
    assert_eq!(second, "the payment is known under another order's reference");
}

#[test]
fn each_attempt_keeps_its_own_reason_and_it_is_stored_once() {
    let attempt = |uuid, status| Share(uuid, "CB", 4_000, status);
    let [first, second] = [attempt(CARD.0, "REFUSED"), attempt("cc", "REFUSED")];
    let codes = ["0", "51", "54"].map(|code| ("auth_result", json!(code)));
    let order = order(&[
        cascade("REFUSED", &[VOUCHER, first], &codes).body(),
        cascade("REFUSED", &[VOUCHER, first, second], &codes).body(),
    ]);
    let explained = explanation(&order).unwrap();
    assert!(explained.contains("exceeded (51), CB share REFUSED: the card has expired (54)"));
    let kept: Vec<usize> = order.notifications().iter().map(|n| n.reasons.len()).collect();
    assert_eq!(kept, [1, 1]);
}

#[test]
fn a_form_with_more_than_one_reading_explains_nothing() {
    let genuine = single("REFUSED").with("vads_auth_result", "51");
    // A name that is not documented holds a form.
    let respelt = genuine.clone().with("vads_auth_result", "59").with("vads_unheard_of", "x");
    let said = statement(read_lyra(&respelt.body()));
    assert_eq!((said.standing(), said.reasons.len()), (Standing::Respellable, 0));
    let order = order(&[genuine.body(), respelt.body()]);
    assert!(!serde_json::to_string(&order).unwrap().contains("fraud"));
}

#[test]
fn a_reason_holds_nothing_that_is_no_code() {
    let typed = "Jeanne.Martin@example.com";
    let form = single("REFUSED").with("vads_auth_result", typed).with("vads_extra_result", typed);
    let said = statement(read_lyra(&form.body()));
    assert!(!format!("{:?}{}", said.reasons, words(lyra::ID).line_of(&said)).contains("Jeanne"));
}

// --- vads_result against vads_trans_status -----------------------------------------------------

#[test]
fn a_payment_that_is_done_and_denied_at_once_is_held() {
    for (status, state) in [("CAPTURED", State::Captured), ("AUTHORISED", State::Authorised)] {
        for result in ["02", "05", "17", "30", "96", "42"] {
            for source in ["PAY", "RETRY", "REC", "DCF", "VOICE_ORDER"] {
                let form =
                    single(status).with("vads_result", result).with("vads_url_check_src", source);
                let said = statement(read_lyra(&form.body()));
                assert_eq!(said.standing(), Standing::Contradictory, "{status} {result} {source}");
                let why = "vads_result and vads_trans_status disagree";
                assert_eq!(doubt(&said).as_deref(), Some(why));
                let order = order(&[form.body()]);
                let summary = order.summary(Policy::default());
                assert_eq!(summary.state, state);
                assert!(summary.flags.contains(&Flag::Ambiguous));
                assert!(order.fulfilment().is_none());
                let held = format!("held until the provider is asked: {why}");
                assert_eq!(explanation(&order), Some(held));
            }
        }
    }
}

#[test]
fn a_clean_notification_of_the_same_payment_settles_it() {
    let denied = single("CAPTURED").with("vads_result", "05").body();
    let clean = single("CAPTURED").body();
    for bodies in [[&denied, &clean], [&clean, &denied]] {
        let order = order(&bodies.map(String::clone));
        assert!(order.fulfilment().is_some());
        assert!(order.summary(Policy::default()).flags.is_empty());
    }
}

#[test]
fn no_result_is_no_contradiction_and_neither_is_a_refusal_that_says_so() {
    let sound = |form: &Form| statement(read_lyra(&form.body())).standing() == Standing::Sound;
    assert!(sound(&single("CAPTURED").without("vads_result")));
    for result in ["", "0", "00"] {
        assert!(sound(&single("CAPTURED").with("vads_result", result)), "{result:?}");
    }
    for status in ["REFUSED", "CANCELLED", "ABANDONED", "EXPIRED", "UNDER_VERIFICATION"] {
        for result in ["00", "05", "17", "96"] {
            assert!(sound(&single(status).with("vads_result", result)), "{status} {result}");
        }
    }
}

#[test]
fn what_follows_on_a_payment_is_held_too_when_it_is_denied() {
    let card = Share(CARD.0, "CB", 4_000, "CAPTURED");
    for source in ["BATCH", "BATCH_AUTO", "MERCH_BO", "BO"] {
        let share = Form::follow_up("CMD-1", "abc123", 2, source, card);
        assert_eq!(statement(read_lyra(&share.body())).standing(), Standing::Sound);
        let denied = share.with("vads_result", "05");
        assert_eq!(statement(read_lyra(&denied.body())).standing(), Standing::Contradictory);
    }
}

#[test]
fn the_result_of_a_cascade_is_not_judged() {
    let card = Share(CARD.0, "CB", 4_000, "CAPTURED");
    let whole = cascade("CAPTURED", &[VOUCHER, card], &[]).with("vads_result", "05");
    assert_eq!(statement(read_lyra(&whole.body())).standing(), Standing::Sound);
    assert!(order(&[whole.body()]).fulfilment().is_some());
}
