//! A part is never the whole.

use quittance_core::{Currency, Flag, State, Statement};
use quittance_testing::lyra::{self, Form, Share};
use quittance_testing::worldline::Payment;
use serde_json::{Value, json};

use super::story::{CVCO, Message, VISA, give_back, given, pay, wl};

fn effective(form: Form, amount: &str, currency: &str) -> Form {
    form.with("vads_effective_amount", amount).with("vads_effective_currency", currency)
}

/// A transaction is worth its effective amount in the order's currency, and never more than was asked for.
#[test]
fn a_form_is_worth_its_effective_amount() {
    for (amount, currency, captured) in [
        ("9000", "978", 9_000),
        ("10000", "978", 10_000),
        ("12000", "978", 10_000),
        ("0", "978", 0),
        // The remittance's currency says nothing of the order's amount.
        ("9000", "840", 10_000),
        // Where it is not said, the smaller is certain.
        ("9000", "", 9_000),
        ("", "978", 10_000),
        ("", "", 10_000),
    ] {
        let story = given(&effective(pay("CAPTURED"), amount, currency));
        let story = story.sums(10_000, 0, captured, 0);
        assert_eq!(story.order().fulfilment().is_some(), captured == 10_000, "{amount} {currency}");
    }
    given(&pay("AUTHORISED"))
        .then(&effective(pay("AUTHORISED"), "9000", "978").sent_again("MERCH_BO"))
        .sums(10_000, 9_000, 0, 0)
        .is(State::Pending)
        .then(&effective(pay("CAPTURED"), "9000", "978").sent_again("BATCH"))
        .is(State::PartiallyCaptured)
        .sums(10_000, 0, 9_000, 0)
        .held();
}

/// Of the two pairs of an answer the one in the order's currency counts.
#[test]
fn an_answer_is_worth_its_amount_in_the_orders_currency() {
    let said = |amount: Value, effective: Value| {
        let share = Share("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "CB", 10_000, "CAPTURED");
        let mut answer = lyra::answer("CMD-1", "abc123", 10_000, ("PAID", "CLOSED"), &[share]);
        let transaction = &mut answer["transactions"][0];
        (transaction["amount"], transaction["currency"]) = (amount[0].clone(), amount[1].clone());
        let details = &mut transaction["transactionDetails"];
        (details["effectiveAmount"], details["effectiveCurrency"]) =
            (effective[0].clone(), effective[1].clone());
        quittance_testing::rest_body(quittance_testing::REST_PASSWORD, &answer.to_string())
    };
    for (amount, effective, captured) in [
        (json!([10_000, "EUR"]), json!([10_000, "EUR"]), 10_000),
        // The buyer's currency was converted.
        (json!([11_500, "USD"]), json!([10_000, "EUR"]), 10_000),
        (json!([11_500, "USD"]), json!([9_000, "EUR"]), 9_000),
        (json!([10_000, "EUR"]), json!([11_500, "USD"]), 10_000),
        (json!([10_000, "EUR"]), json!([9_000, "EUR"]), 9_000),
        (json!([10_000, "EUR"]), json!([12_000, "EUR"]), 10_000),
        (json!([10_000, "EUR"]), json!([9_000, null]), 9_000),
        (json!([10_000, "EUR"]), json!([null, null]), 10_000),
    ] {
        let story = given(&said(amount, effective)).sums(10_000, 0, captured, 0);
        assert_eq!(story.order().fulfilment().is_some(), captured == 10_000, "{captured}");
    }
    given(&said(json!([10_000, "USD"]), json!([10_000, "USD"])))
        .flagged([Flag::CurrencyMismatch])
        .held();
}

/// What is given back is worth its effective amount, and the larger of the two where the currency is not said.
#[test]
fn a_refund_is_worth_its_effective_amount() {
    for (amount, effective_amount, currency, refunded) in [
        (4_000, 3_000, "978", 3_000),
        (4_000, 5_000, "978", 5_000),
        (4_000, 3_000, "", 4_000),
        (4_000, 5_000, "", 5_000),
        (4_000, 5_000, "840", 4_000),
    ] {
        let form = give_back('c', amount, "CAPTURED");
        let form = effective(form, &effective_amount.to_string(), currency);
        let share = Share("cccccccccccccccccccccccccccccccc", "CB", amount, "CAPTURED");
        let mut answer = lyra::answer("CMD-1", "ccc123", amount, ("PAID", "CLOSED"), &[share]);
        let transaction = &mut answer["transactions"][0];
        transaction["operationType"] = json!("CREDIT");
        let details = &mut transaction["transactionDetails"];
        details["effectiveAmount"] = json!(effective_amount);
        details["effectiveCurrency"] = match currency {
            "" => Value::Null,
            code => Currency::from_numeric(code).unwrap().code().into(),
        };
        let answer =
            quittance_testing::rest_body(quittance_testing::REST_PASSWORD, &answer.to_string());
        given(&pay("CAPTURED")).then(&form).sums(10_000, 0, 10_000, refunded);
        given(&pay("CAPTURED")).then(&answer).sums(10_000, 0, 10_000, refunded);
    }
}

#[test]
fn a_later_operation_does_not_state_the_whole() {
    let part = |number: u64, amount| {
        Payment::new("CMD-1", &format!("3254564310_{number}"), VISA, 9, amount)
    };
    given(&part(1, 50_000))
        .is(State::PartiallyCaptured)
        .sums(None, 0, 50_000, 0)
        .flagged([Flag::Ambiguous])
        .held()
        .then(&wl("3254564310_0", VISA, 5))
        .sums(140_000, 90_000, 50_000, 0)
        .flagged([])
        .held()
        .then(&part(2, 90_000))
        .is(State::Captured)
        .released();
    // Also where it covers the whole.
    given(&part(1, 140_000)).held().then(&wl("3254564310_0", VISA, 5)).flagged([]).released();
    // Another payment of the order knows what that costs.
    given(&part(1, 50_000)).then(&wl("3254564399_0", VISA, 2)).sums(140_000, 0, 50_000, 0).held();
}

/// One operation counts once, under whatever method or spelling of its id.
#[test]
fn one_operation_counts_once() {
    let half = |id: &str, product| wl(id, product, 9).acquired(70_000);
    let own = |id: &str| Payment::new("CMD-1", id, VISA, 9, 70_000);
    let known = wl("3254564310_0", VISA, 46);
    for (one, other) in [
        (half("3254564310_0", CVCO), half("3254564310_0", 130)),
        (half("3254564310_0", CVCO), half("3254564310", 130)),
        (half("3254564310_1", 130), half("3254564310_1", VISA)),
        (half("3254564310", CVCO), half("3254564310_1", 130)),
        (half("9000003254564310000", CVCO), half("3254564310_0", 9_999)),
        (own("3254564310_0"), own("3254564310")),
        (own("3254564310_1"), own("3254564310")),
    ] {
        for (one, other) in [(&one, &other), (&other, &one)] {
            given(&known).then(one).then(other).sums(140_000, 0, 70_000, 0).flagged([]).held();
        }
    }
    // Two operations are two.
    given(&known).then(&own("3254564310_1")).then(&own("3254564310_2")).released();
}

/// Within one payment a later amount may be what both operations came to.
#[test]
fn the_operations_of_a_split_add_up_only_where_they_must() {
    let share = |id: &str, product, acquired| wl(id, product, 9).acquired(acquired);
    given(&share("3254564310_0", CVCO, 60_000))
        .then(&share("3254564310_1", 130, 80_000))
        .sums(140_000, 0, 80_000, 0)
        .held();
    given(&share("3254564310_0", CVCO, 80_000))
        .then(&share("3254564310_1", 130, 60_000))
        .sums(140_000, 0, 140_000, 0)
        .released();
    // The voucher told twice is still a voucher; told by another method too, nobody knows.
    given(&share("3254564310_0", CVCO, 70_000))
        .then(&share("3254564310_0", CVCO, 80_000))
        .then(&share("3254564310_1", 130, 60_000))
        .released();
    given(&share("3254564310_0", CVCO, 80_000))
        .then(&share("3254564310_0", 130, 80_000))
        .then(&share("3254564310_1", 130, 60_000))
        .sums(140_000, 0, 80_000, 0)
        .held();
}

/// What the order costs is not known from one share: it is not authorised as a whole.
#[test]
fn an_authorised_share_of_an_unknown_whole_is_pending() {
    given(&pay("AUTHORISED").sent_again("BATCH")).sums(None, 10_000, 0, 0).is(State::Pending);
}

/// What was left in an earlier session does not make a complete split ambiguous.
#[test]
fn a_left_voucher_beside_a_complete_split_is_overpaid_and_released() {
    let left = wl("3254564310_0", CVCO, 9).acquired(60_000);
    let voucher = wl("3254564399_0", CVCO, 9).acquired(80_000);
    let card = Payment::new("CMD-1", "3254564400_0", VISA, 9, 60_000);
    for story in [[&left, &voucher, &card], [&card, &voucher, &left], [&voucher, &card, &left]] {
        let [one, two, three] = story;
        given(one)
            .then(two)
            .then(three)
            .sums(140_000, 0, 200_000, 0)
            .flagged([Flag::Overpaid])
            .released();
    }
}

#[test]
fn an_instalment_is_never_worth_more_than_its_part() {
    use quittance_core::Policy;
    use quittance_core::fold::Instalments;
    let all = Policy { instalments: Instalments::All, ..super::story::CAPTURED };
    for plan in [
        "MULTI:first=5000;count=3;period=30",
        "MULTI_EXT:20260401=5000;20260501=5000;20260601=5000",
    ] {
        let told = |sequence: u32, source: &str, occurrence: &str| {
            let form = Form::single("CMD-1", "abc123", "CB", 15_000, "CAPTURED")
                .with("vads_payment_config", plan)
                .with("vads_sequence_number", &sequence.to_string())
                .with("vads_trans_uuid", &sequence.to_string().repeat(32));
            let form = if occurrence.is_empty() {
                form
            } else {
                form.with("vads_occurrence_type", occurrence)
            };
            if source == "PAY" { form } else { form.with("vads_url_check_src", source) }
        };
        let bare =
            |form: Form| form.without("vads_effective_amount").without("vads_effective_currency");
        let exact = |form: Form| form.with("vads_effective_amount", "5000");
        for spelt in [&bare as &dyn Fn(Form) -> Form, &exact] {
            // A refusal shifts the numbers.
            for (sequence, occurrence) in
                [(1, "RECURRENT_INITIAL"), (2, "RECURRENT_INITIAL"), (2, "")]
            {
                let first = spelt(told(sequence, "PAY", occurrence));
                super::story::under(all).then(&first).sums(15_000, 0, 5_000, 0).held();
            }
            let (second, third) = (
                spelt(told(2, "BATCH_AUTO", "RECURRENT_INTERMEDIAIRE")),
                spelt(told(3, "BATCH_AUTO", "RECURRENT_FINAL").without("vads_payment_config")),
            );
            super::story::under(all)
                .then(&spelt(told(1, "PAY", "RECURRENT_INITIAL")))
                .then(&second)
                .sums(15_000, 0, 10_000, 0)
                .held()
                .then(&third)
                .sums(15_000, 0, 15_000, 0)
                .released();
        }
    }
    // Cents that do not divide are in the last.
    let told = |sequence: u32, occurrence: &str| {
        Form::single("CMD-1", "abc123", "CB", 10_000, "CAPTURED")
            .with("vads_payment_config", "MULTI:first=3334;count=3;period=30")
            .with("vads_occurrence_type", occurrence)
            .with("vads_sequence_number", &sequence.to_string())
            .with("vads_trans_uuid", &sequence.to_string().repeat(32))
            .without("vads_effective_amount")
    };
    let first = told(1, "RECURRENT_INITIAL");
    super::story::under(all)
        .then(&first)
        .then(&told(2, "RECURRENT_INTERMEDIAIRE"))
        .then(&told(3, "RECURRENT_FINAL"))
        .sums(10_000, 0, 10_000, 0)
        .released();
}

/// What another attempt was for says nothing of what a part is a part of: the basket may have grown since. So each
/// attempt that came to nothing, beside each part of a payment whose whole nobody told, holds the order.
#[test]
fn another_attempt_does_not_state_the_whole() {
    let dead = |status: &str| Form::single("CMD-1", "def456", "CB", 4_000, status);
    let rest = |id, total, said, shares: &[_]| lyra::rest("CMD-1", id, total, said, shares);
    let refused = Share("dddddddddddddddddddddddddddddddd", "CB", 4_000, "REFUSED");
    let occurrence = {
        let share = Share("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "CVCO", 4_000, "CAPTURED");
        let mut answer = lyra::answer("CMD-1", "abc123", 10_000, ("PAID", "OPEN"), &[share]);
        answer["transactions"][0]["transactionDetails"]["occurrenceType"] =
            json!("RECURRENT_INTERMEDIAIRE");
        quittance_testing::rest_body(quittance_testing::REST_PASSWORD, &answer.to_string())
    };
    let earlier = "20200101100000";
    let attempts = [
        dead("REFUSED").said(),
        dead("ABANDONED").said(),
        dead("AUTHORISED").sent_again("RETRY").said(),
        Form::cascade("CMD-1", "def456", 4_000, "REFUSED", &[refused]).said(),
        rest("def456", 4_000, ("UNPAID", "CLOSED"), &[refused]).said(),
        rest("def456", 4_000, ("ABANDONED", "CLOSED"), &[]).said(),
        // The id of a transaction is given to another payment the next day.
        Form::single("CMD-1", "abc123", "CB", 4_000, "REFUSED")
            .with("vads_trans_date", earlier)
            .said(),
        dead("REFUSED").with("vads_payment_config", "MULTI_EXT:20261122=4000").said(),
        // So may a plan's, of which one instalment comes to as much.
        Form::single("CMD-1", "abc123", "CB", 4_000, "REFUSED")
            .with("vads_trans_date", earlier)
            .with("vads_payment_config", "MULTI_EXT:20200101=4000")
            .said(),
        Form::single("CMD-1", "abc123", "CB", 4_000, "ABANDONED")
            .with("vads_trans_date", "20991231100000")
            .with("vads_payment_config", "MULTI_EXT:20991231=4000")
            .said(),
        dead("REFUSED").with("vads_payment_config", "MULTI:first=4000;count=1;period=30").said(),
    ];
    // A voucher, a gift card that no table knows, and a card: any of them may be a part.
    for brand in ["CVCO", "NEW_GIFT", "CB"] {
        held_beside_each(&attempts, brand, &occurrence);
    }
    // So too where a Worldline payment came to nothing, and a capture of another is told before its first operation.
    let dead = Payment::new("CMD-1", "3254000003_0", VISA, 2, 40_000);
    let part = Payment::new("CMD-1", "3254000004_1", VISA, 9, 50_000);
    for [one, two] in [[&dead, &part], [&part, &dead]] {
        let held = given(one).then(two).is(State::PartiallyCaptured);
        let held = held.flagged_with(Flag::Ambiguous).held();
        let held = held.then(&Payment::new("CMD-1", "3254000004_0", VISA, 5, 100_000));
        held.sums(100_000, 50_000, 50_000, 0).flagged([]).held();
    }
}

/// A part of 40.00 by this brand, of a payment of 100.00, beside each attempt that came to nothing.
fn held_beside_each(attempts: &[Statement], brand: &str, occurrence: &String) {
    let share = Share("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", brand, 4_000, "CAPTURED");
    let mut parts: Vec<_> = ["BATCH", "BATCH_AUTO", "MERCH_BO", "BO", "NEW_SOURCE"]
        .map(|source| Form::follow_up("CMD-1", "abc123", 1, source, share).said())
        .into();
    parts.push(occurrence.said());
    let shares = [share, Share("bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "CB", 6_000, "CAPTURED")];
    let whole = Form::cascade("CMD-1", "abc123", 10_000, "CAPTURED", &shares);
    for (attempt, part) in
        attempts.iter().flat_map(|attempt| parts.iter().map(move |p| (attempt, p)))
    {
        for [one, two] in [[attempt, part], [part, attempt]] {
            let held = given(one).then(two).is(State::PartiallyCaptured);
            let held = held.flagged_with(Flag::Ambiguous).held();
            held.clone().then(&whole).is(State::Captured).released();
            held.registered(4_000).released();
        }
    }
}

/// What was paid of a payment whose whole is known pays the order, whatever else is a part of nobody knows what.
#[test]
fn a_part_of_an_unknown_whole_bars_no_payment_of_a_known_one() {
    let share = Share("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "CVCO", 4_000, "CAPTURED");
    let part = Form::follow_up("CMD-1", "def456", 1, "BATCH", share);
    for [one, two] in [[&pay("CAPTURED"), &part], [&part, &pay("CAPTURED")]] {
        given(one).then(two).is(State::Captured).flagged([Flag::Overpaid]).released();
    }
}

/// One share may be told under two payments, as of two days about midnight: either may state the whole.
#[test]
fn a_share_under_two_payments_has_the_whole_of_either() {
    for (pay_date, batch_date) in
        [("20261123000001", "20261122235959"), ("20261122235959", "20261123000001")]
    {
        let pay = pay("AUTHORISED").with("vads_trans_date", pay_date);
        let uuid = pay.get("vads_trans_uuid").unwrap().to_owned();
        let share = Share(&uuid, "CB", 10_000, "CAPTURED");
        let batch = Form::follow_up("CMD-1", "abc123", 1, "BATCH", share);
        let batch = batch.with("vads_trans_date", batch_date);
        given(&pay).then(&batch).released();
        given(&batch).then(&pay).released();
    }
}

/// A payment by saved card is called an occurrence. Beside a voucher it pays the whole all the same.
#[test]
fn a_saved_card_beside_a_voucher_pays_the_whole() {
    let shares = [
        Share("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "CVCO", 6_000, "CAPTURED"),
        Share("bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "CB", 4_000, "CAPTURED"),
    ];
    let mut answer = lyra::answer("CMD-1", "abc123", 10_000, ("PAID", "CLOSED"), &shares);
    answer["transactions"][1]["transactionDetails"]["occurrenceType"] =
        json!("RECURRENT_INTERMEDIAIRE");
    let rest = |answer: &Value| {
        quittance_testing::rest_body(quittance_testing::REST_PASSWORD, &answer.to_string())
    };
    given(&rest(&answer)).released();
    answer["transactions"][0]["detailedStatus"] = json!("CANCELLED");
    given(&rest(&answer)).held();
}

/// One share may be told under two names that no message joins: it is not both a part of nobody knows what and the whole.
#[test]
fn a_part_takes_nothing_from_a_whole_that_may_be_the_same_share() {
    let by_id = |status: &str| {
        let share = Share("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "CB", 10_000, status);
        let mut answer = lyra::answer("CMD-1", "abc123", 10_000, ("PAID", "CLOSED"), &[share]);
        answer["transactions"][0]["transactionDetails"]["cardDetails"] =
            json!({"effectiveBrand": "CB"});
        quittance_testing::rest_body(quittance_testing::REST_PASSWORD, &answer.to_string())
    };
    let by_place = |id, brand, amount| {
        let share = Share("x", brand, amount, "CAPTURED");
        Form::follow_up("CMD-1", id, 1, "BATCH", share).without("vads_trans_uuid")
    };
    for part in [by_place("abc123", "CB", 10_000), by_place("def456", "CVCO", 4_000)] {
        given(&part).then(&by_id("CAPTURED")).released();
        given(&by_id("CAPTURED")).then(&part).released();
        given(&part).then(&by_id("REFUSED")).held();
    }
    // What went back under the part's name may have gone back of the whole.
    let part = by_place("abc123", "CB", 10_000);
    let back = Form::refund("CMD-1", "abc123", "x", "CB", 10_000, "CAPTURED");
    let back = back.without("vads_trans_uuid").with("vads_sequence_number", "1");
    given(&part).then(&back).then(&by_id("CAPTURED")).held();
}
