//! One history of a payment, told by notifications and by answers of the API: the order is the same, whoever tells
//! it and in whatever order (I5).

use proptest::prelude::*;
use proptest::sample::select;
use quittance_core::{Order, Policy, Statement};
use quittance_testing::lyra::{Form, Share, rest};
use quittance_testing::read::{read_lyra, receipt, statement};

use super::{AtGateway, ask, told, unknown};

const UUIDS: [&str; 3] = [
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
    "cccccccccccccccccccccccccccccccc",
];
const CREDIT: &str = "dddddddddddddddddddddddddddddddd";

/// How a share goes on.
const COURSES: [&[&str]; 5] = [
    &["AUTHORISED", "CAPTURED"],
    &["CAPTURED"],
    &["REFUSED"],
    &["WAITING_AUTHORISATION", "AUTHORISED", "CANCELLED"],
    &["UNDER_VERIFICATION", "AUTHORISED", "CAPTURED"],
];

/// A history: brand, amount and course of each share, and whether the first goes back at last.
type History = (Vec<(&'static str, u64, &'static [&'static str])>, bool);

fn history() -> impl Strategy<Value = History> {
    let share = (select(vec!["CVCO", "CB"]), 1_000..9_000_u64, select(COURSES.to_vec()));
    (proptest::collection::vec(share, 1..4), any::<bool>())
}

/// The shares of a history at a moment.
fn at((shares, _): &History, moment: usize) -> Vec<Share<'static>> {
    let shares = shares.iter().zip(UUIDS);
    let at = shares.map(|((brand, amount, course), uuid)| {
        Share(uuid, brand, *amount, course[moment.min(course.len() - 1)])
    });
    at.collect()
}

fn class(shares: &[Share<'_>]) -> (&'static str, &'static str) {
    let open = |share: &Share<'_>| !matches!(share.3, "CAPTURED" | "AUTHORISED");
    if shares.iter().any(open) { ("RUNNING", "OPEN") } else { ("PAID", "CLOSED") }
}

/// What is said of it, by whichever voice.
fn said(history: &History, moment: usize, voice: usize) -> Vec<Statement> {
    let shares = at(history, moment);
    let total: u64 = history.0.iter().map(|share| share.1).sum();
    let of = |form: Form| vec![statement(read_lyra(&form.body()))];
    match voice {
        0 if shares.len() > 1 => of(Form::cascade("CMD-1", "abc123", total, "AUTHORISED", &shares)),
        0 => {
            let Share(uuid, brand, amount, status) = shares[0];
            let form = Form::single("CMD-1", "abc123", brand, amount, status);
            of(form.with("vads_trans_uuid", uuid))
        }
        1 => {
            let answer = rest("CMD-1", "abc123", total, class(&shares), &shares);
            vec![statement(read_lyra(&answer))]
        }
        2 => {
            let (at, share) = (0_u32..).zip(&shares).last().unwrap();
            of(Form::follow_up("CMD-1", "abc123", at + 1, "BATCH", *share))
        }
        _ => {
            let mut gateway = AtGateway::of("CMD-1", total, class(&shares), &shares);
            if history.1 && moment > 2 && shares[0].3 == "CAPTURED" {
                gateway = gateway.refunded(0, CREDIT, history.0[0].1, "CAPTURED");
            }
            told(ask(&unknown("CMD-1"), |call| gateway.hears(call)).0).statements
        }
    }
}

fn order(statements: &[Statement]) -> Order {
    let mut order = unknown("CMD-1");
    for (second, statement) in (0..).zip(statements) {
        assert_eq!(order.key(), &statement.key);
        order.take(statement, &receipt(second), Policy::default()).unwrap();
    }
    order
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None, cases: 64, ..ProptestConfig::default()
    })]

    #[test]
    fn the_order_is_the_same_in_any_order_of_telling(
        (history, told, shuffled) in (
            history(),
            proptest::collection::vec((0..4_usize, 0..4_usize), 1..8),
        ).prop_flat_map(|(history, told)| {
            let shuffled = Just(told.clone()).prop_shuffle();
            (Just(history), Just(told), shuffled)
        }),
    ) {
        let tell = |told: &[(usize, usize)]| {
            let all = told.iter().flat_map(|(moment, voice)| said(&history, *moment, *voice));
            order(&all.collect::<Vec<_>>())
        };
        let (one, other) = (tell(&told), tell(&shuffled));
        prop_assert_eq!(one.facts(), other.facts());
        prop_assert_eq!(one.summary(Policy::default()), other.summary(Policy::default()));
        // No voice makes a share of its own.
        let shares = one.summary(Policy::default()).shares.len();
        prop_assert!(shares <= history.0.len() + 1, "{}", shares);
    }

    /// Asked at the end, the order is what the end is, whatever was told before and whatever was not.
    #[test]
    fn the_last_answer_settles_what_was_taken(
        history in history(),
        told in proptest::collection::vec((0..3_usize, 0..4_usize), 0..5),
    ) {
        let mut all: Vec<Statement> =
            told.iter().flat_map(|(moment, voice)| said(&history, *moment, *voice)).collect();
        all.extend(said(&history, 9, 3));
        let summary = order(&all).summary(Policy::default());
        let shares = at(&history, 9);
        let sum = |word: &str| shares.iter().filter(|s| s.3 == word).map(|s| s.2).sum::<u64>();
        prop_assert_eq!(summary.captured, sum("CAPTURED"));
        let is_paid = shares.iter().all(|share| share.3 == "CAPTURED");
        let goes_back = history.1 && shares[0].3 == "CAPTURED";
        prop_assert_eq!(summary.releasable, is_paid && !goes_back);
    }
}
