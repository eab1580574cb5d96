//! What of an order's money is certain enough to be given back.

use quittance_core::{Currency, Kind, Order, ShareFact, Standing};
use quittance_psp::lyra::Lyra;
use quittance_psp::worldline::Worldline;

use super::purchase::{
    after, credit, operation, order, plan, refund, said_of, tell, tell_as, transaction, uuid,
};

/// The most that can be given back.
fn most(order: &Order) -> u64 {
    let can = |amount: &u64| plan(order, *amount, &[], after(60)).is_ok();
    (1..=20).map(|thousands| thousands * 1_000).filter(can).max().unwrap_or(0)
}

fn contradicts(share: &str) -> String {
    format!("a message about share {share} contradicts itself")
}

/// The first line of a refund of 10.00 EUR, or the first reason against it, where the provider told some facts and a
/// message in contradiction another.
fn beside(told: &[ShareFact], contradictory: ShareFact) -> String {
    of_amount(1_000, told, contradictory)
}

fn of_amount(amount: u64, told: &[ShareFact], contradictory: ShareFact) -> String {
    let is_lyra = told.iter().all(|fact| fact.operation.is_none());
    let provider: &dyn quittance_core::Provider = if is_lyra { &Lyra } else { &Worldline };
    let mut order = order(provider, told);
    tell_as(&mut order, provider, &[contradictory], 1, Standing::Contradictory);
    said_of(&order, amount, after(60)).remove(0)
}

#[test]
fn what_is_told_as_far_of_the_same_share_settles_a_contradiction() {
    let taken = || operation("1_0", "VISA", 9, 10_000, 10_000);
    let fine = "refund 1000 of 1_0 (VISA)";
    assert_eq!(beside(&[taken()], taken()), fine);
    // What is surely taken settles each of its operations, and whatever status no table knows.
    assert_eq!(beside(&[taken()], operation("1_1", "VISA", 9, 10_000, 4_000)), fine);
    assert_eq!(beside(&[taken()], operation("1_0", "VISA", 77, 10_000, 10_000)), fine);
    // A check of the card moves nothing.
    let check = ShareFact { kind: Kind::Verification, ..taken() };
    assert_eq!(beside(&[taken()], check), fine);
    // A refund is settled by itself alone.
    let back = || refund("1_2", "VISA", 8, 1_000);
    let other = ShareFact { operation: Some("1_3".to_owned()), ..back() };
    assert_eq!(beside(&[taken(), back()], back()), fine);
    assert_eq!(beside(&[taken(), back()], other), contradicts("1"));
    // Nothing settles what goes further, or what nobody can read, before the end.
    let a = uuid("a");
    let reserved = || transaction("a", "CB", 10_000, "AUTHORISED");
    let captured = transaction("a", "CB", 10_000, "CAPTURED");
    let unread = transaction("a", "CB", 10_000, "HALF_DONE");
    assert_eq!(of_amount(10_000, &[reserved()], reserved()), "cancel 10000 of a (CB), whole");
    assert_eq!(of_amount(10_000, &[reserved()], captured), contradicts(&a));
    assert_eq!(of_amount(10_000, &[reserved()], unread), contradicts(&a));
    // Nor does what nobody can read.
    let lost = credit("c", "", 1_000, "HALF_DONE");
    let paid = transaction("a", "CB", 10_000, "CAPTURED");
    let other = ShareFact { amount: 900, ..lost.clone() };
    assert_eq!(beside(&[paid, lost], other), contradicts(&a));
}

#[test]
fn a_contradictory_refund_bars_its_own_payment_or_all() {
    let paid =
        || [transaction("a", "CB", 3_000, "CAPTURED"), transaction("b", "CB", 4_000, "CAPTURED")];
    let told = |parent: &str| {
        let mut order = order(&Lyra, &paid());
        let back = credit("c", parent, 1_000, "CAPTURED");
        tell_as(&mut order, &Lyra, &[back], 1, Standing::Contradictory);
        order
    };
    assert_eq!(most(&told("b")), 3_000, "the other one is in no doubt");
    assert_eq!(most(&told("")), 0);
    assert_eq!(most(&told("d")), 0);
}

#[test]
fn a_contradiction_about_all_that_went_back_is_told_apart_by_its_parts() {
    let taken = || operation("1_0", "VISA", 9, 10_000, 10_000);
    let part = || refund("1_2", "VISA", 8, 1_000);
    let whole = || refund("1_0", "VISA", 8, 1_000);
    assert_eq!(beside(&[taken(), part()], whole()), "refund 1000 of 1_0 (VISA)");
    assert_eq!(beside(&[taken()], whole()), contradicts("1"));
    assert_eq!(beside(&[taken(), part()], refund("1_3", "VISA", 8, 1_000)), contradicts("1"));
    let nameless = ShareFact { operation: None, number: None, ..whole() };
    assert_eq!(beside(&[taken(), part()], nameless), contradicts("1"));
}

/// How much that is of the share's own currency nobody knows.
#[test]
fn a_share_of_which_another_currency_went_back_is_in_doubt_unless_that_was_refused() {
    let first = |code| {
        let dollars = Currency::from_alpha("USD").unwrap();
        let back = ShareFact { currency: dollars, ..refund("1_1", "VISA", code, 1_000) };
        let taken = operation("1_0", "VISA", 9, 10_000, 10_000);
        said_of(&order(&Worldline, &[taken, back]), 10_000, after(60)).remove(0)
    };
    let foreign = "money of share 1 moved in another currency";
    assert_eq!([81, 8, 83].map(first), [foreign, foreign, "refund 10000 of 1_0 (VISA), whole"]);
}

#[test]
fn what_went_back_as_a_whole_and_in_parts_is_the_same_money() {
    const ASKED: u64 = 81;
    const BACK: u64 = 8;
    const REFUSED: u64 = 83;
    // Of 100.00: what is told of all that went back, and of its parts, and what can still be given back.
    type Told = &'static [(&'static str, u64, u64)];
    let table: [(Told, u64); 7] = [
        (&[("1_0", BACK, 7_000)], 3_000),
        (&[("1_0", ASKED, 7_000)], 3_000),
        (&[("1_0", REFUSED, 7_000)], 10_000),
        (&[("1_0", BACK, 7_000), ("1_2", BACK, 5_000), ("1_3", ASKED, 1_000)], 3_000),
        (&[("1_0", BACK, 2_000), ("1_2", BACK, 5_000), ("1_3", ASKED, 1_000)], 4_000),
        (&[("1_0", ASKED, 7_000), ("1_2", BACK, 5_000)], 5_000),
        (&[("1_0", REFUSED, 7_000), ("1_2", REFUSED, 5_000)], 10_000),
    ];
    for (told, left) in table {
        let back = told.iter().map(|(id, code, amount)| refund(id, "VISA", *code, *amount));
        let facts: Vec<ShareFact> =
            std::iter::once(operation("1_0", "VISA", 9, 10_000, 10_000)).chain(back).collect();
        assert_eq!(most(&order(&Worldline, &facts)), left, "{told:?}");
    }
}

#[test]
fn a_share_that_the_provider_told_is_its_own_word_under_every_name() {
    let named = |share: &str, other: Option<&str>, amount| ShareFact {
        share: share.to_owned(),
        other_name: other.map(str::to_owned),
        ..transaction("a", "CB", amount, "CAPTURED")
    };
    let slot = "20261122-abc123-1";
    let told = || order(&Lyra, &[named(&uuid("a"), Some(slot), 4_000)]);
    for said in [
        named(&uuid("a"), None, 9_000),
        named(slot, None, 9_000),
        named(&uuid("d"), Some(slot), 9_000),
    ] {
        let mut order = told();
        tell_as(&mut order, &Lyra, std::slice::from_ref(&said), 1, Standing::Sound);
        assert_eq!(most(&order), 4_000, "{said:?}");
        assert_eq!(said_of(&order, 4_000, after(60)), ["refund 4000 of a (CB), whole"]);
    }
    // A refund goes by a name of its own, even where somebody gave it that of a share.
    let mut order = told();
    let back = ShareFact { share: uuid("a"), ..credit("c", "a", 1_000, "CAPTURED") };
    tell_as(&mut order, &Lyra, &[back], 1, Standing::Sound);
    assert_eq!(most(&order), 3_000);
    tell(&mut order, &Lyra, &[credit("e", "a", 1_000, "CAPTURED")], 2);
    tell_as(&mut order, &Lyra, &[transaction("e", "CB", 9_000, "CAPTURED")], 3, Standing::Sound);
    assert!(said_of(&order, 20_000, after(60)).iter().any(|said| said.contains(&uuid("e"))));
}

#[test]
fn of_several_doubts_the_first_is_told_unless_the_provider_is_yet_to_be_asked() {
    let card = || transaction("a", "CB", 4_000, "CAPTURED");
    let first = |order: &Order| said_of(order, 1_000, after(60)).remove(0);
    let unasked = |contradicts: bool| {
        let mut order = order(&Lyra, &[]);
        tell_as(&mut order, &Lyra, &[card()], 0, Standing::Sound);
        if contradicts {
            let back = credit("c", "a", 1_000, "CAPTURED");
            tell_as(&mut order, &Lyra, &[back], 1, Standing::Contradictory);
        }
        order
    };
    assert!(first(&unasked(false)).starts_with("the provider does not name share"));
    assert_eq!(first(&unasked(true)), contradicts(&uuid("a")));
    let mut two = order(&Lyra, &[card(), transaction("a", "CB", 3_000, "CAPTURED")]);
    let back = credit("c", "a", 1_000, "CAPTURED");
    tell_as(&mut two, &Lyra, &[back], 1, Standing::Contradictory);
    assert!(first(&two).starts_with("two amounts are stated"));
    // A status that no table knows is in the way until the end is known.
    let unread = || transaction("a", "CB", 4_000, "HALF_DONE");
    let reserved = transaction("a", "CB", 4_000, "AUTHORISED");
    let said = said_of(&order(&Lyra, &[reserved, unread()]), 4_000, after(60)).remove(0);
    assert!(said.contains("has an unknown status"), "{said}");
    assert_eq!(first(&order(&Lyra, &[card(), unread()])), "refund 1000 of a (CB)");
}

#[test]
fn a_share_under_a_name_that_the_provider_would_not_know_is_not_given_back() {
    let called = |name: &str| {
        let share = name.to_owned();
        order(&Lyra, &[ShareFact { share, ..transaction("a", "CB", 4_000, "CAPTURED") }])
    };
    for name in ["", "a", &"a".repeat(31), &"a".repeat(33), &"z".repeat(32)] {
        assert_eq!(most(&called(name)), 0, "{name}");
    }
    assert_eq!(most(&called(&"a".repeat(32))), 4_000);
}
