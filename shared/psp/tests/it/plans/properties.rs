//! What holds for every plan, held against random orders.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use quittance_core::api::Verb;
use quittance_core::plan::{PlannedLine, Pledge};
use quittance_core::{Kind, Order, Provider, ShareFact, Status};
use quittance_psp::lyra::Lyra;
use quittance_psp::worldline::Worldline;

use super::purchase::{after, costs, credit, operation, order, plan, refund, tell, transaction};

/// What surely was taken of each target and not given back, and what is reserved, as the test made it.
type Model = BTreeMap<String, (u64, u64)>;

#[derive(Clone, Debug)]
struct Purchase {
    lyra: bool,
    facts: Vec<ShareFact>,
    /// By target: captured and left, by kind of money.
    left: Model,
    total: u64,
}

fn lyra_purchase() -> impl Strategy<Value = Purchase> {
    let brand =
        prop_oneof![Just("CB"), Just("CVCO"), Just("CONECS"), Just("ILLICADO"), Just("VISA")];
    let status = prop_oneof![
        3 => Just("CAPTURED"),
        2 => Just("AUTHORISED"),
        1 => Just("AUTHORISED_TO_VALIDATE"),
        1 => Just("REFUSED"),
        1 => Just("UNDER_VERIFICATION"),
        1 => Just("CAPTURE_PENDING"),
    ];
    let back =
        prop_oneof![Just("CAPTURED"), Just("AUTHORISED"), Just("REFUSED"), Just("CANCELLED")];
    let share = (brand, 1..9u64, status, vec((1..5u64, back), 0..3));
    vec(share, 1..5).prop_map(|shares| {
        let mut facts = Vec::new();
        let mut left = Model::new();
        let mut total = 0;
        for (at, (brand, amount, status, backs)) in shares.into_iter().enumerate() {
            let id = format!("a{at}");
            let share = transaction(&id, brand, amount, status);
            total += amount;
            let mut rest = if status == "CAPTURED" { amount } else { 0 };
            let open = if status.starts_with("AUTHORISED") { amount } else { 0 };
            for (number, (part, how)) in backs.into_iter().enumerate() {
                if part > rest {
                    continue;
                }
                facts.push(credit(&format!("c{at}{number}"), &id, part, how));
                if matches!(how, "CAPTURED" | "AUTHORISED") {
                    rest -= part;
                }
            }
            left.insert(share.share.clone(), (rest, open));
            facts.push(share);
        }
        Purchase { lyra: true, facts, left, total }
    })
}

/// One payment, or a split under one id or two, and refunds of it.
fn worldline_purchase() -> impl Strategy<Value = Purchase> {
    let backs = vec((1..6u64, prop_oneof![Just(8u64), Just(81), Just(83)]), 0..3);
    (0..9u64, 0..9u64, any::<bool>(), backs).prop_map(|(voucher, card, one_id, backs)| {
        let total = voucher + card;
        let mut facts = Vec::new();
        let mut left = Model::new();
        let mut add = |fact: ShareFact, taken: u64| {
            let target = format!("{}_0", fact.share);
            left.entry(target).or_default().0 += taken;
            facts.push(fact);
        };
        if voucher > 0 {
            add(operation("1_0", "CVCO", 9, total, voucher), voucher);
        }
        let id = if one_id && voucher > 0 { "1_1" } else { "2_0" };
        if card > 0 {
            add(operation(id, "VISA", 9, card, card), card);
        }
        for (at, (amount, code)) in backs.into_iter().enumerate() {
            let inner = if id == "2_0" && card > 0 && at % 2 == 0 { "2" } else { "1" };
            let Some((rest, _)) = left.get_mut(&format!("{inner}_0")) else { continue };
            if amount > *rest {
                continue;
            }
            if code != 83 {
                *rest -= amount;
            }
            facts.push(refund(&format!("{inner}_{}", at + 5), "unknown", code, amount));
        }
        Purchase { lyra: false, facts, left, total }
    })
}

fn purchase() -> impl Strategy<Value = Purchase> {
    prop_oneof![lyra_purchase().boxed(), worldline_purchase().boxed()]
}

impl Purchase {
    fn provider(&self) -> &'static dyn Provider {
        if self.lyra { &Lyra } else { &Worldline }
    }

    fn order(&self) -> Order {
        let mut order = order(self.provider(), &self.facts);
        costs(&mut order, self.provider(), self.total.max(1));
        order
    }

    /// Checks lines against the rules, and takes what they ask for.
    fn spend(&mut self, lines: &[PlannedLine], amount: u64) -> Result<(), TestCaseError> {
        prop_assert_eq!(lines.iter().map(|line| line.amount).sum::<u64>(), amount);
        for line in lines {
            let (rest, open) = self.left.get_mut(&line.target).unwrap();
            prop_assert!(line.amount > 0);
            match line.verb {
                Verb::Refund => {
                    prop_assert!(line.amount <= *rest, "{:?} of {}", line, rest);
                    if self.lyra && line.method != "CB" && line.method != "VISA" {
                        prop_assert!(line.whole && line.method != "CONECS", "{:?}", line);
                    }
                    *rest -= line.amount;
                }
                Verb::Cancel => {
                    prop_assert!(self.lyra && line.whole);
                    prop_assert_eq!(line.amount, *open);
                    *open = 0;
                }
                Verb::Capture => prop_assert!(false),
            }
        }
        Ok(())
    }
}

/// What the provider says once it took these lines.
fn carried_out(purchase: &Purchase, lines: &[PlannedLine], round: usize) -> Vec<ShareFact> {
    let told = |(at, line): (usize, &PlannedLine)| {
        let id = line.target.trim_start_matches('0');
        match (purchase.lyra, line.verb) {
            (true, Verb::Cancel) => transaction(id, &line.method, line.amount, "CANCELLED"),
            (true, _) => credit(&format!("d{round}{at}"), id, line.amount, "AUTHORISED"),
            (false, _) => {
                let inner = id.trim_end_matches("_0");
                let number = 20 + round * 10 + at;
                refund(&format!("{inner}_{number}"), &line.method, 81, line.amount)
            }
        }
    };
    lines.iter().enumerate().map(told).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// No line asks for more than its share has, no rule is broken, and plan after plan adds up, whether the
    /// provider shows what came before or it is only pledged.
    #[test]
    fn plan_after_plan_gives_back_no_more_than_was_taken(
        purchase in purchase(), amounts in vec(1..20u64, 1..5), late: bool,
    ) {
        let mut purchase = purchase;
        let mut told = purchase.order();
        let silent = purchase.order();
        let mut pledges: Vec<Pledge> = Vec::new();
        let now = after(if late { 100_000 } else { 60 });
        for (round, amount) in amounts.into_iter().enumerate() {
            let shown = plan(&told, amount, &[], now);
            let pledged = plan(&silent, amount, &pledges, now);
            if let Ok(pledged) = &pledged {
                // What is whole or not at all, and pledged in part, is known to be gone in part as well.
                prop_assert_eq!(Some(&pledged.lines), shown.as_ref().ok().map(|plan| &plan.lines));
            }
            let Ok(shown) = shown else {
                prop_assert!(pledged.is_err());
                continue;
            };
            prop_assert!(pledged.is_ok(), "{:?}", pledged);
            if late && !purchase.lyra {
                prop_assert!(shown.lines.iter().all(|line| line.method != "CVCO"));
            }
            purchase.spend(&shown.lines, amount)?;
            tell(&mut told, purchase.provider(), &carried_out(&purchase, &shown.lines, round), 10 + round as i64);
            pledges.extend(shown.lines.iter().map(|line| Pledge {
                verb: line.verb,
                target: line.target.clone(),
                purse: line.purse,
                amount: line.amount,
            }));
        }
    }

    /// Neither the order of the facts nor repeats change a plan.
    #[test]
    fn a_plan_is_a_function_of_the_set_of_facts(
        (purchase, shuffled) in purchase().prop_flat_map(|purchase| {
            let facts = purchase.facts.clone();
            (Just(purchase), Just(facts).prop_shuffle())
        }),
        amount in 1..30u64,
    ) {
        let mut other = order(purchase.provider(), shuffled.get(..1).unwrap_or_default());
        costs(&mut other, purchase.provider(), purchase.total.max(1));
        tell(&mut other, purchase.provider(), &shuffled, 0);
        prop_assert_eq!(
            plan(&purchase.order(), amount, &[], after(60)),
            plan(&other, amount, &[], after(60)),
        );
    }

    /// Of all amounts that there is a plan for, a refusal names the nearest on both sides.
    #[test]
    fn a_refusal_names_the_nearest_amounts(purchase in purchase(), amount in 1..40u64, late: bool) {
        let order = purchase.order();
        let now = after(if late { 100_000 } else { 60 });
        let is_planned = |amount: &u64| plan(&order, *amount, &[], now).is_ok();
        if let Err(refusal) = plan(&order, amount, &[], now) {
            prop_assert_eq!(refusal.below, (1..amount).rev().find(is_planned));
            prop_assert_eq!(refusal.above, (amount + 1..=40).find(is_planned));
            prop_assert!(!refusal.reasons.is_empty());
        }
    }

    /// At Worldline a voucher is given back for what exceeds the card's share and for nothing else.
    #[test]
    fn the_card_comes_first(purchase in worldline_purchase(), amount in 1..20u64) {
        let order = purchase.order();
        let Ok(planned) = plan(&order, amount, &[], after(60)) else { return Ok(()); };
        let by_voucher: u64 =
            planned.lines.iter().filter(|l| l.method == "CVCO").map(|l| l.amount).sum();
        if by_voucher > 0 {
            // So much by card alone, and not one more: late, when only the card can be given back.
            let by_card = amount - by_voucher;
            prop_assert!(by_card == 0 || plan(&order, by_card, &[], after(100_000)).is_ok());
            prop_assert!(plan(&order, by_card + 1, &[], after(100_000)).is_err());
        }
    }
}

/// Every order that the strategies make has something to plan with now and then: the properties are not empty.
#[test]
fn purchases_have_money() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut planned = [0, 0];
    for _ in 0..200 {
        let purchase = purchase().new_tree(&mut runner).unwrap().current();
        let debits = purchase.facts.iter().filter(|fact| fact.kind == Kind::Debit);
        if debits.filter(|fact| fact.meaning.status == Status::Captured).count() > 0
            && (1..20).any(|amount| plan(&purchase.order(), amount, &[], after(60)).is_ok())
        {
            planned[usize::from(purchase.lyra)] += 1;
        }
    }
    assert!(planned.iter().all(|count| *count > 30), "{planned:?}");
}
