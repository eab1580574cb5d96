//! Whose payment a form is about, and whether it speaks of the whole: a complete table of what decides.
//! (lyra.md 1.4 to 1.6 and 3.5)

use quittance_core::fold::Instalments;
use quittance_core::{Fact, Policy};
use quittance_testing::lyra::{self, Form, Share};

use super::story::{CAPTURED, CARD, Message, VOUCHER, cascade, given, pay, under};

const SOURCES: [&str; 9] =
    ["", "PAY", "RETRY", "REC", "DCF", "VOICE_ORDER", "BO", "BATCH_AUTO", "SOON_KNOWN"];
const OCCURRENCES: [&str; 5] =
    ["", "UNITAIRE", "RECURRENT_INITIAL", "RECURRENT_INTERMEDIAIRE", "RECURRENT_FINAL"];
const PLAN: &str = "MULTI:first=5000;count=2;period=30";

/// What decides, and the form that says so.
#[derive(Debug)]
struct Case {
    source: &'static str,
    occurrence: &'static str,
    config: &'static str,
    recurrence: bool,
    subscription: bool,
    reference: bool,
    effective: u64,
}

impl Case {
    fn form(&self) -> Form {
        let given = |form: Form, name, value: &str| match value {
            "" => form.without(name),
            value => form.with(name, value),
        };
        let form = given(pay("CAPTURED"), "vads_url_check_src", self.source);
        let form = given(form, "vads_occurrence_type", self.occurrence);
        let form = given(form, "vads_payment_config", self.config);
        let form = given(form, "vads_recurrence_number", if self.recurrence { "2" } else { "" });
        let form = given(form, "vads_subscription", if self.subscription { "SUB1" } else { "" });
        let form = given(form, "vads_order_id", if self.reference { "CMD-1" } else { "" });
        form.with("vads_effective_amount", &self.effective.to_string())
    }

    fn is_later(&self) -> bool {
        ["RECURRENT_INTERMEDIAIRE", "RECURRENT_FINAL"].contains(&self.occurrence)
    }

    /// Made by a subscription: the source says so, or, of any message but the buyer's own, a number does.
    fn is_of_subscription(&self) -> bool {
        let counted = self.recurrence || self.subscription && self.is_later();
        self.config != PLAN && (self.source == "REC" || self.source != "PAY" && counted)
    }

    fn is_whole(&self) -> bool {
        ["PAY", "RETRY", "REC", "DCF", "VOICE_ORDER"].contains(&self.source)
    }

    fn order(&self) -> &'static str {
        let untold = self.subscription && self.occurrence.is_empty() && !self.is_whole();
        match (self.reference, self.is_of_subscription()) {
            (true, true) => "CMD-1~20261122-abc123",
            (true, false) if !untold => "CMD-1",
            _ => "tx:20261122-abc123",
        }
    }

    /// A re-send leaves the plan out: of an instalment it does not state what the order costs.
    fn states_the_whole(&self) -> bool {
        let instalment = match self.occurrence {
            "RECURRENT_INITIAL" => true,
            _ => self.is_later() && self.effective != 10_000 && !self.is_of_subscription(),
        };
        self.is_whole() && !(self.source == "RETRY" && self.config.is_empty() && instalment)
    }
}

#[test]
fn what_a_form_is_about_is_a_table() {
    let yes_or_no = [false, true];
    let mut cases = 0;
    for source in SOURCES {
        for occurrence in OCCURRENCES {
            for config in ["", "SINGLE", PLAN] {
                for [recurrence, subscription, reference] in
                    (0..8).map(|n| [n & 1 != 0, n & 2 != 0, n & 4 != 0])
                {
                    for less in yes_or_no {
                        let effective = if less { 5_000 } else { 10_000 };
                        let case = Case {
                            source,
                            occurrence,
                            config,
                            recurrence,
                            subscription,
                            reference,
                            effective,
                        };
                        let said = case.form().said();
                        assert_eq!(said.key.order, case.order(), "{case:?}");
                        assert_eq!(said.follows, !case.is_whole(), "{case:?}");
                        let total = said.facts.iter().any(|fact| matches!(fact, Fact::Total(_)));
                        assert_eq!(total, case.states_the_whole(), "{case:?}");
                        cases += 1;
                    }
                }
            }
        }
    }
    assert_eq!(cases, 9 * 5 * 3 * 8 * 2);
    // A cascade lists all its shares, whoever sends it.
    for source in SOURCES {
        assert!(
            !cascade("CAPTURED", &[VOUCHER, CARD])
                .with("vads_url_check_src", source)
                .said()
                .follows
        );
    }
}

/// What an instalment is worth depends on its place. Where the form does not say the place, the least is
/// certain, and the most bounds what it says it is worth.
#[test]
fn an_instalment_is_worth_its_place_in_the_plan() {
    let all = Policy { instalments: Instalments::All, ..CAPTURED };
    let told = |occurrence: &str, effective: &str| {
        let form = Form::single("CMD-1", "abc123", "CB", 10_001, "CAPTURED")
            .with("vads_payment_config", "MULTI:first=2000;count=3;period=30")
            .with("vads_sequence_number", "2");
        let form = match occurrence {
            "" => form,
            word => form.with("vads_occurrence_type", word),
        };
        match effective {
            "" => form.without("vads_effective_amount").without("vads_effective_currency"),
            amount => form.with("vads_effective_amount", amount),
        }
    };
    for (occurrence, at_least, at_most) in [
        ("RECURRENT_INITIAL", 2_000, 2_000),
        ("RECURRENT_INTERMEDIAIRE", 4_000, 4_001),
        ("RECURRENT_FINAL", 4_001, 4_001),
        ("", 2_000, 4_001),
    ] {
        under(all).then(&told(occurrence, "")).sums(10_001, 0, at_least, 0);
        under(all).then(&told(occurrence, "9999")).sums(10_001, 0, at_most, 0);
        under(all).then(&told(occurrence, "1000")).sums(10_001, 0, 1_000, 0);
    }
}

/// An answer about one instalment does not say what the plan costs.
#[test]
fn an_answer_about_an_instalment_states_no_whole() {
    for (occurrence, amount, whole) in [
        ("RECURRENT_INTERMEDIAIRE", 5_000, false),
        ("RECURRENT_INITIAL", 5_000, false),
        ("RECURRENT_INITIAL", 10_000, true),
        ("UNITAIRE", 5_000, true),
    ] {
        let share = Share(CARD.0, CARD.1, amount, "CAPTURED");
        let mut answer = lyra::answer("CMD-1", "abc123", 10_000, ("PAID", "CLOSED"), &[share]);
        answer["transactions"][0]["transactionDetails"]["occurrenceType"] = occurrence.into();
        let body =
            quittance_testing::rest_body(quittance_testing::REST_PASSWORD, &answer.to_string());
        given(&body).sums(whole.then_some(10_000), 0, amount, 0);
    }
}

/// Some senders give the instalment's own amount: then nobody knows how much all are.
#[test]
fn a_plan_told_with_an_instalments_own_amount_states_no_sum() {
    let all = Policy { instalments: Instalments::All, ..CAPTURED };
    let told = |occurrence: &str| {
        Form::single("CMD-1", "abc123", "CB", 5_000, "CAPTURED")
            .with("vads_payment_config", "MULTI:first=5000;count=2;period=30")
            .with("vads_occurrence_type", occurrence)
    };
    under(all).then(&told("RECURRENT_INITIAL")).sums(None, 0, 5_000, 0).held();
    let last = told("RECURRENT_FINAL").with("vads_sequence_number", "2");
    under(all).then(&last).sums(None, 0, 5_000, 0).held();
}

/// A plan that lists nothing is no plan, and not one that costs nothing.
#[test]
fn a_plan_without_instalments_is_none() {
    for plan in ["MULTI_EXT:", "MULTI_EXT:2026=x", "MULTI:count=3", "MULTI"] {
        let said = pay("CAPTURED").with("vads_payment_config", plan).said();
        let amounts = said.facts.iter().map(|fact| match fact {
            Fact::Share(share) => Some(share.amount),
            Fact::Total(total) => total.amount,
        });
        assert_eq!(amounts.collect::<Vec<_>>(), [Some(10_000); 2], "{plan}");
    }
}

/// A payment by saved card is called an occurrence too, and names no subscription.
#[test]
fn an_answer_is_about_a_subscriptions_payment_where_it_names_both() {
    for occurrence in OCCURRENCES {
        for subscription in [None, Some(""), Some("SUB1")] {
            let share = Share(CARD.0, CARD.1, 10_000, "CAPTURED");
            let mut answer = lyra::answer("CMD-1", "abc123", 10_000, ("PAID", "CLOSED"), &[share]);
            let details = &mut answer["transactions"][0]["transactionDetails"];
            details["occurrenceType"] = occurrence.into();
            details["subscriptionDetails"] = serde_json::json!({"subscriptionId": subscription});
            let body =
                quittance_testing::rest_body(quittance_testing::REST_PASSWORD, &answer.to_string());
            let later = ["RECURRENT_INTERMEDIAIRE", "RECURRENT_FINAL"].contains(&occurrence);
            let order = match subscription {
                Some("SUB1") if later => "CMD-1~20261122-abc123",
                _ => "CMD-1",
            };
            assert_eq!(body.said().key.order, order, "{occurrence} {subscription:?}");
        }
    }
}
