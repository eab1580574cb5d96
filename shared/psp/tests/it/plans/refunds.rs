//! How money is given back, told as stories.

use quittance_core::Policy;
use quittance_core::api::Verb;
use quittance_core::plan::{MAX_WHOLE_PIECES, Pledge, Taken, taken};
use quittance_core::rules::Purse;
use quittance_core::view::VOUCHER_REFUND_SECONDS;
use quittance_core::{Currency, Order, ShareFact, Standing};
use quittance_psp::lyra::Lyra;
use quittance_psp::worldline::Worldline;
use quittance_testing::lyra::{Form, Share};
use quittance_testing::read::{read_lyra, read_worldline, receipt, statement};
use quittance_testing::worldline::{Payment, chargeback, refund as refunded};

use super::purchase::{
    after, costs, credit, eur, operation, order, plan, reasons, refund, said_of, tell, tell_as,
    transaction, uuid,
};

/// The last second in which vouchers are planned with.
const LAST: i64 = 4 * 60 * 60 - 15 * 60 - 1;

/// 140.00 EUR, of which 60.00 by voucher, in every layout that an answer may have.
fn splits() -> Vec<(&'static str, Order)> {
    let layout = |name, facts: &[ShareFact]| (name, order(&Worldline, facts));
    vec![
        layout(
            "one id",
            &[
                operation("1_0", "CVCO", 9, 14_000, 14_000),
                operation("1_0", "redirect", 9, 6_000, 6_000),
                operation("1_1", "card", 9, 8_000, 8_000),
            ],
        ),
        layout(
            "one id, the voucher's operation shows the whole order",
            &[
                operation("1_0", "CVCO", 9, 14_000, 14_000),
                operation("1_0", "redirect", 9, 14_000, 14_000),
                operation("1_1", "card", 9, 8_000, 8_000),
            ],
        ),
        layout(
            "one id, the card's operation shows the whole order",
            &[
                operation("1_0", "CVCO", 9, 14_000, 6_000),
                operation("1_1", "VISA", 9, 14_000, 14_000),
            ],
        ),
        layout(
            "one id, each operation shows the whole order",
            &[
                operation("1_0", "CVCO", 9, 14_000, 14_000),
                operation("1_1", "card", 9, 8_000, 14_000),
            ],
        ),
    ]
}

/// The same with an id for each share.
fn splits_by_two_ids() -> Vec<Order> {
    let order = |facts: &[ShareFact]| order(&Worldline, facts);
    vec![
        order(&[
            operation("1_0", "CVCO", 9, 14_000, 6_000),
            operation("2_0", "card", 9, 8_000, 8_000),
        ]),
        order(&[
            operation("1_0", "CVCO", 9, 14_000, 14_000),
            operation("2_0", "card", 9, 8_000, 8_000),
        ]),
        order(&[
            operation("1_0", "CVCO", 9, 14_000, 6_000),
            operation("2_0", "CB", 9, 14_000, 14_000),
        ]),
    ]
}

#[test]
fn the_card_of_a_split_comes_first_and_the_voucher_for_what_exceeds_it() {
    for (name, order) in splits() {
        let method = if name.contains("card's") { "VISA" } else { "card" };
        let said = |amount| said_of(&order, amount, after(60));
        let card = |amount: u64| format!("refund {amount} of 1_0 ({method})");
        assert_eq!(said(8_000), [card(8_000)], "{name}");
        assert_eq!(said(10_000), [card(8_000), "refund 2000 of 1_0 (CVCO)".to_owned()], "{name}");
        assert_eq!(said(14_000), [card(8_000), "refund 6000 of 1_0 (CVCO)".to_owned()], "{name}");
        assert_eq!(said(14_001), ["no more than 140.00 EUR is left to be given back"], "{name}");
    }
    for order in splits_by_two_ids() {
        let said = said_of(&order, 10_000, after(60));
        assert!(said[0].starts_with("refund 8000 of 2_0"), "{said:?}");
        assert_eq!(said[1], "refund 2000 of 1_0 (CVCO)");
        assert_eq!(said_of(&order, 14_001, after(60)).len(), 1);
    }
}

#[test]
fn vouchers_are_planned_with_while_their_window_is_surely_open() {
    for (_, order) in splits() {
        let deadline = after(LAST + 1);
        let open = plan(&order, 14_000, &[], after(LAST)).unwrap();
        assert_eq!(open.voucher_deadline, Some(deadline));
        let line = |at: usize| open.lines[at].deadline;
        assert_eq!((line(0), line(1)), (None, Some(deadline)));
        let closed = plan(&order, 8_001, &[], deadline).unwrap_err();
        assert_eq!(closed.below, Some(8_000));
        assert_eq!(closed.voucher_deadline, Some(deadline));
        assert_eq!(
            reasons(&order, &closed),
            [
                format!(
                    "the CVCO share of 60.00 EUR could surely be given back until {deadline} only"
                ),
                "the shares cannot come to this amount; the nearest is 80.00 EUR".to_owned(),
            ]
        );
        assert!(plan(&order, 8_000, &[], deadline).is_ok());
    }
    assert_eq!(VOUCHER_REFUND_SECONDS, LAST as u64 + 1 + 15 * 60);
}

/// A repeat, or news of the card, does not begin the window anew.
#[test]
fn the_window_counts_from_the_first_news_of_the_voucher() {
    let voucher = operation("1_0", "CVCO", 9, 14_000, 6_000);
    let mut order = order(&Worldline, std::slice::from_ref(&voucher));
    tell(&mut order, &Worldline, &[operation("1_0", "CVCO", 9, 14_000, 14_000)], 3_600);
    tell(&mut order, &Worldline, &[operation("1_1", "card", 9, 8_000, 8_000)], 7_200);
    assert!(plan(&order, 14_000, &[], after(LAST)).is_ok());
    assert!(plan(&order, 14_000, &[], after(LAST + 1)).is_err());
    // A fact that knows an earlier instant ends it earlier.
    let began = after(-600).to_string();
    let known = ShareFact { attempted: began, ..voucher };
    tell(&mut order, &Worldline, &[known], 7_300);
    assert!(plan(&order, 14_000, &[], after(LAST - 600)).is_ok());
    assert!(plan(&order, 14_000, &[], after(LAST - 599)).is_err());
}

#[test]
fn repeated_refunds_of_a_split_go_on_where_the_last_ended() {
    for (name, order) in splits() {
        let mut order = order;
        tell(&mut order, &Worldline, &[refund("1_2", "card", 8, 5_000)], 10);
        let said = said_of(&order, 4_000, after(60));
        assert!(said[0].starts_with("refund 3000 of 1_0 ("), "{name}: {said:?}");
        assert_eq!(said[1], "refund 1000 of 1_0 (CVCO)");
        // One call that the platform split itself, told without a method.
        tell(&mut order, &Worldline, &[refund("1_3", "unknown", 81, 4_000)], 11);
        assert_eq!(said_of(&order, 5_000, after(60)), ["refund 5000 of 1_0 (CVCO)"]);
        // Refused, it frees what it asked for.
        tell(&mut order, &Worldline, &[refund("1_3", "unknown", 83, 4_000)], 12);
        assert!(plan(&order, 9_000, &[], after(60)).is_ok(), "{name}");
        assert!(plan(&order, 9_001, &[], after(60)).is_err(), "{name}");
    }
}

#[test]
fn what_is_not_certain_of_a_split_is_not_given_back() {
    let unclear = order(
        &Worldline,
        &[operation("1_0", "CVCO", 9, 14_000, 6_000), operation("1_1", "card", 9, 14_000, 8_000)],
    );
    let said = said_of(&unclear, 1_000, after(60));
    assert_eq!(said[0], "it is not certain how much was paid with share 1");
    let twice = order(
        &Worldline,
        &[operation("1_0", "CVCO", 9, 14_000, 14_000), operation("2_0", "card", 9, 14_000, 14_000)],
    );
    assert!(said_of(&twice, 1_000, after(60))[0].starts_with("it is not certain"));
    // Two cards are two payments, also beside a voucher of which nothing was taken.
    let cards = order(
        &Worldline,
        &[
            operation("1_0", "VISA", 9, 14_000, 14_000),
            operation("2_0", "VISA", 9, 14_000, 14_000),
            operation("3_0", "CVCO", 6, 14_000, None),
        ],
    );
    assert_eq!(plan(&cards, 28_000, &[], after(60)).unwrap().lines.len(), 2);
}

#[test]
fn an_authorised_payment_has_nothing_to_give_back_at_worldline() {
    let order = order(&Worldline, &[operation("1_0", "VISA", 5, 10_000, 10_000)]);
    assert_eq!(said_of(&order, 10_000, after(60)), ["nothing of the order is captured"]);
}

#[test]
fn a_product_without_a_limit_has_none() {
    let order = order(
        &Worldline,
        &[
            operation("1_0", "IDEAL", 9, 5_000, 5_000),
            operation("1_0", "redirect", 9, 5_000, 5_000),
        ],
    );
    assert_eq!(said_of(&order, 5_000, after(1_000_000)), ["refund 5000 of 1_0 (IDEAL), whole"]);
}

/// A voucher of 60.00 and a card of 40.00 at Lyra.
fn cascade(voucher: &str, card: &str) -> Order {
    order(&Lyra, &[transaction("a", "CVCO", 6_000, voucher), transaction("b", "CB", 4_000, card)])
}

#[test]
fn each_share_of_a_cascade_goes_its_own_way() {
    let said = |order: &Order, amount| said_of(order, amount, after(60));
    let captured = cascade("CAPTURED", "CAPTURED");
    assert_eq!(said(&captured, 1_000), ["refund 1000 of b (CB)"]);
    assert_eq!(said(&captured, 6_000), ["refund 6000 of a (CVCO), whole"]);
    assert_eq!(said(&captured, 7_000), ["refund 1000 of b (CB)", "refund 6000 of a (CVCO), whole"]);
    assert_eq!(
        said(&captured, 5_000),
        ["the shares cannot come to this amount; the nearest are 40.00 EUR and 60.00 EUR"]
    );
    assert_eq!(said(&captured, 10_001), ["no more than 100.00 EUR is left to be given back"]);
    let mixed = cascade("CAPTURED", "AUTHORISED");
    assert_eq!(
        said(&mixed, 10_000),
        ["cancel 4000 of b (CB), whole", "refund 6000 of a (CVCO), whole"]
    );
    assert_eq!(
        said(&mixed, 1_000),
        ["the shares cannot come to this amount; the nearest is 40.00 EUR"]
    );
    let open = cascade("AUTHORISED", "AUTHORISED_TO_VALIDATE");
    assert_eq!(said(&open, 6_000), ["cancel 6000 of a (CVCO), whole"]);
}

#[test]
fn the_fewest_lines_win_and_then_the_card() {
    let two = order(
        &Lyra,
        &[transaction("a", "CVCO", 4_000, "CAPTURED"), transaction("b", "CB", 4_000, "CAPTURED")],
    );
    assert_eq!(said_of(&two, 4_000, after(60)), ["refund 4000 of b (CB), whole"]);
    let three = order(
        &Lyra,
        &[
            transaction("a", "CVCO", 6_000, "CAPTURED"),
            transaction("b", "CB", 3_000, "CAPTURED"),
            transaction("c", "CB", 3_000, "CAPTURED"),
        ],
    );
    assert_eq!(said_of(&three, 6_000, after(60)), ["refund 6000 of a (CVCO), whole"]);
}

#[test]
fn a_meal_voucher_is_cancelled_and_never_refunded() {
    for brand in ["CONECS", "EDENRED", "SODEXO_SB"] {
        let order = |status| order(&Lyra, &[transaction("a", brand, 1_500, status)]);
        assert_eq!(
            said_of(&order("AUTHORISED"), 1_500, after(60)),
            [format!("cancel 1500 of a ({brand}), whole")]
        );
        assert_eq!(
            said_of(&order("CAPTURED"), 1_500, after(60)),
            [format!("the {brand} share of 15.00 EUR cannot be given back once it is captured")]
        );
    }
}

#[test]
fn a_voucher_of_which_a_part_is_gone_is_not_given_back() {
    let mut order = cascade("CAPTURED", "REFUSED");
    tell(&mut order, &Lyra, &[credit("c", "a", 1_000, "CAPTURED")], 1);
    let whole = "the CVCO share is given back whole or not at all, and a part of it is gone";
    assert_eq!(said_of(&order, 5_000, after(60)), [whole]);
}

#[test]
fn a_credit_of_an_unknown_share_bars_all_but_a_single_one() {
    let mut two = cascade("CAPTURED", "CAPTURED");
    tell(&mut two, &Lyra, &[credit("c", "", 1_000, "CAPTURED")], 1);
    let orphan = "money was given back, and it is not known of which share";
    assert_eq!(said_of(&two, 1_000, after(60))[0], orphan);
    let mut one = cascade("REFUSED", "CAPTURED");
    tell(&mut one, &Lyra, &[credit("c", "", 1_000, "AUTHORISED")], 1);
    assert_eq!(said_of(&one, 3_000, after(60)), ["refund 3000 of b (CB)"]);
    assert!(plan(&one, 3_001, &[], after(60)).is_err());
}

#[test]
fn nothing_in_doubt_is_given_back() {
    let first = |order: &Order| said_of(order, 1_000, after(60)).remove(0);
    let card = || transaction("b", "CB", 4_000, "CAPTURED");
    // A contradiction that nothing settles.
    let mut doubtful = order(&Lyra, &[]);
    tell_as(&mut doubtful, &Lyra, &[card()], 0, Standing::Contradictory);
    let name = uuid("b");
    assert_eq!(first(&doubtful), format!("share {name} is known from a doubtful message alone"));
    tell(&mut doubtful, &Lyra, &[card()], 1);
    assert_eq!(first(&doubtful), "refund 1000 of b (CB)");
    // A refund that a contradictory message tells of.
    let going = credit("c", "b", 1_000, "CAPTURED");
    tell_as(&mut doubtful, &Lyra, std::slice::from_ref(&going), 2, Standing::Contradictory);
    assert_eq!(first(&doubtful), format!("a message about share {name} contradicts itself"));
    tell(&mut doubtful, &Lyra, &[going], 3);
    assert_eq!(first(&doubtful), "refund 1000 of b (CB)");
    // What can be read in two ways counts for nothing.
    let respelt = transaction("d", "CB", 9_000, "CAPTURED");
    tell_as(&mut doubtful, &Lyra, &[respelt], 4, Standing::Respellable);
    assert!(plan(&doubtful, 3_001, &[], after(60)).is_err());
    // A status that no table knows.
    let unknown = order(&Lyra, &[card(), credit("c", "b", 100, "HALF_DONE")]);
    let status = format!("share {name}, or money that goes back of it, has an unknown status");
    assert_eq!(first(&unknown), status);
    // Two amounts.
    let two = order(&Lyra, &[card(), transaction("b", "CB", 3_000, "CAPTURED")]);
    assert_eq!(first(&two), format!("two amounts are stated for share {name}"));
    // No id that the provider would know.
    let slot = ShareFact { share: "20261122-abc123-1".to_owned(), ..card() };
    let slot = order(&Lyra, &[slot]);
    assert_eq!(first(&slot), "the provider's own id of share 20261122-abc123-1 is not known");
}

#[test]
fn amounts_that_are_none_are_refused() {
    let order = cascade("CAPTURED", "CAPTURED");
    assert_eq!(said_of(&order, 0, after(60)), ["the amount is zero"]);
    let wanted =
        quittance_core::plan::Wanted { amount: 1, currency: Currency::from_alpha("USD").unwrap() };
    let rules = quittance_core::Provider::rules(&Lyra);
    let refusal = quittance_core::plan::refund(&order, rules, wanted, &[], after(60)).unwrap_err();
    assert_eq!(reasons(&order, &refusal), ["the order was paid in EUR, not in USD"]);
    let mut gone = cascade("CAPTURED", "REFUSED");
    tell(&mut gone, &Lyra, &[credit("c", "a", 6_000, "AUTHORISED")], 1);
    assert_eq!(said_of(&gone, 1, after(60)), ["nothing is left to be given back"]);
    let dead = cascade("REFUSED", "CANCELLED");
    assert_eq!(said_of(&dead, 1, after(60)), ["nothing of the order is captured"]);
}

/// Whoever has a key for notifications says that a refund was refused, and names money beside what the provider told.
#[test]
fn notifications_take_nothing_from_what_the_provider_told() {
    let mut asked = order(&Lyra, &[transaction("a", "CB", 14_000, "CAPTURED")]);
    tell(&mut asked, &Lyra, &[credit("b", "a", 5_000, "AUTHORISED")], 1);
    let refused = credit("b", "a", 5_000, "REFUSED");
    tell_as(&mut asked, &Lyra, std::slice::from_ref(&refused), 2, Standing::Sound);
    assert_eq!(
        said_of(&asked, 14_000, after(60)),
        ["no more than 90.00 EUR is left to be given back"]
    );
    tell(&mut asked, &Lyra, &[refused], 3);
    assert_eq!(said_of(&asked, 14_000, after(60)), ["refund 14000 of a (CB), whole"]);
    // A card that was never paid with neither bars the voucher nor makes it less; nor does another amount, another
    // name of the voucher's, or money given back of nobody knows what.
    let voucher = || operation("1_0", "CVCO", 9, 14_000, 14_000);
    for forged in [
        operation("2_0", "VISA", 9, 10_000, 10_000),
        operation("2_0", "VISA", 9, 14_000, 14_000),
        operation("1_0", "CVCO", 9, 20_000, 9_000),
        refund("3_1", "VISA", 8, 9_000),
    ] {
        let mut paid = order(&Worldline, &[voucher()]);
        costs(&mut paid, &Worldline, 14_000);
        tell_as(&mut paid, &Worldline, &[forged], 1, Standing::Sound);
        assert_eq!(said_of(&paid, 9_000, after(60)), ["refund 9000 of 1_0 (CVCO)"]);
    }
}

/// What notifications tell is planned with once the provider said it too: whoever has a key for notifications could
/// name a share of another order.
#[test]
fn what_notifications_tell_is_planned_with_once_it_is_confirmed() {
    let order = |mut statements: Vec<quittance_core::Statement>| {
        let mut order = Order::new(statements[0].key.clone());
        for (at, said) in (0..).zip(&statements) {
            order.take(said, &receipt(at), Policy::default()).unwrap();
        }
        for reason in said_of(&order, 1, after(60)) {
            assert!(
                reason == "nothing is left to be given back"
                    || reason.ends_with(" when it is asked about the order")
                    || reason.ends_with("of the card nothing is certain"),
                "{reason}"
            );
        }
        for said in &mut statements {
            said.standing = Standing::Confirmed;
            order.take(said, &receipt(60), Policy::default()).unwrap();
        }
        order
    };
    let events = |events: &[String]| {
        order(events.iter().map(|event| statement(read_worldline(event).remove(0))).collect())
    };
    let paid = Payment::new("CMD-1", "3254564310_0", 130, 9, 10_000).body();
    let one = events(std::slice::from_ref(&paid));
    assert_eq!(said_of(&one, 10_000, after(60)), ["refund 10000 of 3254564310_0 (CB), whole"]);
    let some = events(&[paid.clone(), refunded("CMD-1", "3254564310_2", 8, 4_000).to_string()]);
    assert_eq!(said_of(&some, 6_000, after(60)), ["refund 6000 of 3254564310_0 (CB)"]);
    assert_eq!(
        said_of(&some, 6_001, after(60)),
        ["no more than 60.00 EUR is left to be given back"]
    );
    let gone = events(&[paid, chargeback("CMD-1", "3254564310_3", 10_000).to_string()]);
    assert_eq!(said_of(&gone, 1, after(60)), ["nothing is left to be given back"]);
    let split = events(&[
        Payment::new("CMD-1", "3254564310_0", 5412, 9, 14_000).acquired(6_000).body(),
        Payment::new("CMD-1", "3254564398_0", 130, 9, 8_000).body(),
    ]);
    assert_eq!(
        said_of(&split, 9_000, after(60)),
        ["refund 8000 of 3254564398_0 (CB), whole", "refund 1000 of 3254564310_0 (CVCO)"]
    );
    let shares = [
        Share("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "CVCO", 6_000, "CAPTURED"),
        Share("bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "CB", 4_000, "AUTHORISED"),
    ];
    let cascade = Form::cascade("CMD-1", "abc123", 10_000, "AUTHORISED", &shares);
    let cascade = order(vec![statement(read_lyra(&cascade.body()))]);
    let (voucher, card) = (shares[0].0, shares[1].0);
    assert_eq!(
        said_of(&cascade, 10_000, after(60)),
        [
            format!("cancel 4000 of {card} (CB), whole"),
            format!("refund 6000 of {voucher} (CVCO), whole")
        ]
    );
}

/// The largest amount that can be given back late, by card alone, and the largest at once.
fn left(order: &Order) -> (u64, u64) {
    let most = |now| plan(order, 99_999, &[], now).unwrap_err().below.unwrap_or(0);
    (most(after(LAST + 1)), most(after(60)))
}

#[test]
fn a_credit_is_taken_from_the_kind_of_method_that_it_names() {
    let voucher = |code, amount| refund("1_2", "CVCO", code, amount);
    for (name, order) in splits() {
        for (credits, expected) in [
            (vec![voucher(8, 2_000)], (8_000, 12_000)),
            // A product tells more than the family.
            (vec![refund("1_2", "card", 81, 2_000), voucher(8, 2_000)], (8_000, 12_000)),
            // A refused one takes nothing, and the other goes to the card first.
            (vec![voucher(83, 5_000), refund("1_3", "unknown", 8, 4_000)], (4_000, 10_000)),
        ] {
            let mut order = order.clone();
            tell(&mut order, &Worldline, &credits, 10);
            assert_eq!(left(&order), expected, "{name}: {credits:?}");
        }
    }
}

/// What one payment states may be what both took, also when the other has been given back since.
#[test]
fn what_was_given_back_wholly_leaves_the_other_payment_no_larger() {
    for order in splits_by_two_ids() {
        for (credits, expected) in [
            (vec![refund("2_1", "VISA", 8, 7_000)], 7_000),
            (vec![refund("2_1", "VISA", 8, 7_000), refund("2_2", "VISA", 81, 1_000)], 6_000),
            (vec![refund("1_1", "CVCO", 8, 2_000)], 12_000),
            (vec![refund("1_1", "CVCO", 8, 6_000)], 8_000),
        ] {
            let mut order = order.clone();
            tell(&mut order, &Worldline, &credits, 10);
            assert_eq!(left(&order).1, expected, "{credits:?}");
        }
        let pledge = |target: &str, purse, amount| Pledge {
            verb: Verb::Refund,
            target: target.to_owned(),
            purse,
            amount,
        };
        for (asked_for, expected) in [
            (pledge("2_0", Purse::Card, 8_000), 6_000),
            (pledge("1_0", Purse::Voucher, 6_000), 8_000),
        ] {
            let refusal = plan(&order, 99_999, &[asked_for], after(60)).unwrap_err();
            assert_eq!(refusal.below, Some(expected));
        }
    }
    // A statement as large as what was given back cannot have it within.
    let mut again = order(
        &Worldline,
        &[
            operation("1_0", "CVCO", 9, 14_000, 14_000),
            refund("1_1", "CVCO", 8, 14_000),
            operation("2_0", "VISA", 9, 14_000, 14_000),
        ],
    );
    costs(&mut again, &Worldline, 14_000);
    assert_eq!(left(&again), (14_000, 14_000));
}

#[test]
fn a_voucher_that_states_the_whole_took_what_two_cards_leave() {
    let mut order = order(
        &Worldline,
        &[
            operation("1_0", "CVCO", 9, 14_000, 14_000),
            operation("2_0", "VISA", 9, 5_000, 5_000),
            operation("3_0", "VISA", 9, 3_000, 3_000),
        ],
    );
    costs(&mut order, &Worldline, 14_000);
    assert_eq!(left(&order), (8_000, 14_000));
}

/// Each of them is to reach its own amount alone, so no statement is as large as the order.
#[test]
fn shares_that_come_to_the_price_are_given_back_whole() {
    let facts =
        [operation("1_0", "CVCO", 9, 6_000, 6_000), operation("2_0", "VISA", 9, 8_000, 8_000)];
    let mut told = order(&Worldline, &facts);
    costs(&mut told, &Worldline, 14_000);
    let mut registered = order(&Worldline, &facts);
    registered.register(14_000, eur(), after(0), Policy::default()).unwrap();
    for order in [told, registered] {
        let whole = ["refund 8000 of 2_0 (VISA), whole", "refund 6000 of 1_0 (CVCO), whole"];
        assert_eq!(said_of(&order, 14_000, after(60)), whole);
    }
}

#[test]
fn a_split_is_read_in_the_one_way_that_there_is() {
    let said = |facts: &[ShareFact], amount| said_of(&order(&Worldline, facts), amount, after(60));
    let voucher = |reached| operation("1_0", "CVCO", 9, 14_000, reached);
    let surcharged = [voucher(15_000), operation("1_1", "VISA", 9, 8_000, 8_000)];
    assert_eq!(
        said(&surcharged, 15_000),
        ["refund 8000 of 1_0 (VISA)", "refund 7000 of 1_0 (CVCO)"]
    );
    let beside_its_family = [
        voucher(6_000),
        operation("1_1", "IDEAL", 9, 8_000, 8_000),
        operation("1_1", "redirect", 9, 8_000, 8_000),
    ];
    assert_eq!(
        said(&beside_its_family, 14_000),
        ["refund 8000 of 1_0 (IDEAL)", "refund 6000 of 1_0 (CVCO)"]
    );
    for unclear in [
        vec![voucher(14_000), operation("1_1", "VISA", 9, 14_000, 14_000)],
        vec![
            voucher(6_000),
            operation("1_1", "VISA", 9, 14_000, 14_000),
            operation("1_2", "CB", 9, 14_000, 8_000),
        ],
    ] {
        assert_eq!(said(&unclear, 1), ["it is not certain how much was paid with share 1"]);
    }
}

#[test]
fn the_voucher_waits_for_the_card() {
    let parts = || {
        order(
            &Worldline,
            &[
                operation("1_0", "CVCO", 9, 10_000, 6_000),
                operation("2_0", "VISA", 9, 4_000, 4_000),
            ],
        )
    };
    let doubted = |mut order: Order, provider, back| {
        tell_as(&mut order, provider, &[back], 2, Standing::Contradictory);
        order
    };
    let card = doubted(parts(), &Worldline, refund("2_3", "VISA", 8, 1_000));
    let bars = [
        "the voucher is given back after the card, and of the card nothing is certain",
        "a message about share 2 contradicts itself",
    ];
    assert_eq!(said_of(&card, 6_000, after(60)), bars);
    // The card does not wait for the voucher.
    let voucher = doubted(parts(), &Worldline, refund("1_3", "CVCO", 8, 1_000));
    assert_eq!(said_of(&voucher, 4_000, after(60)), ["refund 4000 of 2_0 (VISA), whole"]);
    // Nor does one voucher wait for another.
    let two =
        [operation("1_0", "CVCO", 9, 10_000, 6_000), operation("2_0", "ILLICADO", 9, 4_000, 4_000)];
    let other = doubted(order(&Worldline, &two), &Worldline, refund("2_3", "ILLICADO", 8, 1_000));
    assert_eq!(said_of(&other, 6_000, after(60)), ["refund 6000 of 1_0 (CVCO), whole"]);
    // Without a voucher there is none that waits.
    let alone = order(&Worldline, &[operation("2_0", "VISA", 9, 4_000, 4_000)]);
    let alone = doubted(alone, &Worldline, refund("2_3", "VISA", 8, 1_000));
    assert_eq!(said_of(&alone, 1, after(60)), bars[1..]);
    // At Lyra the shares go back in whatever order.
    let free = doubted(cascade("CAPTURED", "CAPTURED"), &Lyra, credit("c", "b", 100, "CAPTURED"));
    assert_eq!(said_of(&free, 6_000, after(60)), ["refund 6000 of a (CVCO), whole"]);
}

#[test]
fn a_voucher_of_which_nothing_is_left_sets_no_limit_in_time() {
    let [order, ..] = &splits_by_two_ids()[..] else { panic!() };
    let mut order = order.clone();
    assert!(plan(&order, 8_000, &[], after(60)).unwrap().voucher_deadline.is_some());
    tell(&mut order, &Worldline, &[refund("1_1", "CVCO", 8, 6_000)], 10);
    assert_eq!(plan(&order, 8_000, &[], after(60)).unwrap().voucher_deadline, None);
}

#[test]
fn the_window_counts_from_the_news_of_the_own_payment_under_any_of_its_names() {
    let voucher = operation("1_0", "CVCO", 9, 14_000, 6_000);
    // News of another payment does not begin it.
    let mut later = order(&Worldline, &[operation("2_0", "VISA", 9, 8_000, 8_000)]);
    tell(&mut later, &Worldline, std::slice::from_ref(&voucher), 3_600);
    assert!(plan(&later, 14_000, &[], after(LAST + 3_600)).is_ok());
    assert!(plan(&later, 14_000, &[], after(LAST + 3_601)).is_err());
    // A notification calls it by its other name.
    let mut named = order(&Worldline, &[]);
    let told = ShareFact { share: "slot".to_owned(), ..voucher.clone() };
    tell_as(&mut named, &Worldline, &[told], 0, Standing::Sound);
    let both = ShareFact { other_name: Some("slot".to_owned()), ..voucher };
    tell(&mut named, &Worldline, &[both], 3_600);
    assert!(plan(&named, 6_000, &[], after(LAST)).is_ok());
    assert!(plan(&named, 6_000, &[], after(LAST + 1)).is_err());
}

#[test]
fn what_is_reserved_counts_as_left_where_giving_back_cancels_it() {
    let more = |order: &Order, amount, pledges: &[Pledge]| {
        reasons(order, &plan(order, amount, pledges, after(60)).unwrap_err())
    };
    let mut held = order(&Lyra, &[transaction("a", "CB", 4_000, "AUTHORISED")]);
    assert_eq!(more(&held, 4_001, &[]), ["no more than 40.00 EUR is left to be given back"]);
    // What is asked for may be under way, and so may the rest of it.
    let asked_for =
        |amount| Pledge { verb: Verb::Cancel, target: uuid("a"), purse: Purse::Card, amount };
    assert_eq!(more(&held, 5_000, &[asked_for(1_000)]), ["nothing is left to be given back"]);
    assert_eq!(more(&held, 1, &[asked_for(4_000)]), ["nothing of the order is captured"]);
    // Of money in doubt nobody knows how much is left.
    tell_as(&mut held, &Lyra, &[credit("c", "a", 100, "CAPTURED")], 2, Standing::Contradictory);
    let doubt = format!("a message about share {} contradicts itself", uuid("a"));
    assert_eq!(more(&held, 4_001, &[]), [doubt]);
    let part = order(
        &Worldline,
        &[operation("1_0", "VISA", 9, 8_000, 8_000), operation("2_0", "VISA", 5, 3_000, 3_000)],
    );
    assert_eq!(more(&part, 8_001, &[]), ["no more than 80.00 EUR is left to be given back"]);
}

#[test]
fn an_order_may_have_sixteen_shares_that_count_whole() {
    let vouchers = |count: usize| {
        let voucher = |at| transaction(&format!("a{at}"), "CVCO", 100, "CAPTURED");
        order(&Lyra, &(0..count).map(voucher).collect::<Vec<_>>())
    };
    assert_eq!(said_of(&vouchers(MAX_WHOLE_PIECES), 300, after(60)).len(), 3);
    let too_many = said_of(&vouchers(MAX_WHOLE_PIECES + 1), 300, after(60));
    assert_eq!(too_many, ["the order has too many shares that count whole"]);
}

#[test]
fn what_was_taken_is_told_by_kind_of_method() {
    let mut paid = splits().remove(0).1;
    tell(&mut paid, &Worldline, &[operation("2_0", "VISA", 5, 3_000, 3_000)], 1);
    let parts = taken(&paid, quittance_core::Provider::rules(&Worldline));
    let part = |part: &Taken| (part.method.clone(), part.purse, part.amount, part.currency);
    assert_eq!(
        parts.iter().map(part).collect::<Vec<_>>(),
        [
            ("card".to_owned(), Purse::Card, 8_000, eur()),
            ("CVCO".to_owned(), Purse::Voucher, 6_000, eur()),
        ]
    );
}
