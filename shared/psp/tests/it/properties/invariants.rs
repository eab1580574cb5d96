//! What must hold of every order, whatever is told of it.

use quittance_psp::PROVIDERS;
use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use quittance_core::api::Answer;
use quittance_core::crypto::Secret;
use quittance_core::fact::{digest, say_the_same};
use quittance_core::fold::Confirm;
use quittance_core::message::CloudEvent;
use quittance_core::release::Cause;
use quittance_core::{
    Fact, Kind, Mode, Order, OrderView, Policy, ReleaseOn, Standing, Statement, Status,
};
use quittance_psp::lyra::{self, SiteKeys};
use quittance_testing::{FORM_KEY, REST_PASSWORD, SITE};

use super::stories::{retold, story};
use super::{POLICIES, config, told};
use quittance_testing::read::{receipt, reread};

/// What sound facts prove at most to have been taken and not given back, and what they say is due, in one
/// currency: worked out without the fold, and in the payer's favour wherever there is a choice.
fn proof(order: &Order) -> BTreeMap<&'static str, (u64, u64)> {
    let mut parts: BTreeMap<_, u64> = BTreeMap::new();
    let mut credits: BTreeMap<_, u64> = BTreeMap::new();
    let mut due: BTreeMap<&str, u64> = BTreeMap::new();
    let mut plans = Vec::new();
    for (fact, _) in order.facts().iter().filter(|(_, standing)| *standing == Standing::Sound) {
        match fact {
            Fact::Total(total) => {
                let currency = total.currency.code();
                let most = due.entry(currency).or_default();
                *most = (*most).max(total.amount.unwrap_or(0));
                plans.extend(total.first_instalment.map(|first| (currency, total.amount, first)));
            }
            Fact::Share(share) => {
                let currency = share.currency.code();
                if share.kind == Kind::Debit && share.meaning.status == Status::Captured {
                    let most = parts
                        .entry((currency, share.share.as_str(), &share.operation))
                        .or_default();
                    *most = share.meaning.worth.max(*most);
                }
                if share.kind == Kind::Credit
                    && matches!(share.meaning.status, Status::Refunded | Status::ChargedBack)
                {
                    let parent = share.parent.as_deref();
                    let least = credits
                        .entry((currency, parent, &share.share))
                        .or_insert(share.meaning.worth);
                    *least = share.meaning.worth.min(*least);
                }
                let payment = share
                    .operation
                    .as_ref()
                    .is_none_or(|operation| *operation == share.share || operation.ends_with("_0"));
                if let Some(of) = share.target.filter(|_| payment) {
                    let most = due.entry(currency).or_default();
                    *most = (*most).max(of);
                }
            }
        }
    }
    // Two credits of one payment may be one.
    let mut gone: BTreeMap<_, u64> = BTreeMap::new();
    for ((currency, parent, _), amount) in credits {
        let most = gone.entry((currency, parent)).or_default();
        *most = amount.max(*most);
    }
    let mut taken: BTreeMap<_, u64> = BTreeMap::new();
    for ((currency, share, _), part) in parts {
        *taken.entry((currency, share)).or_default() += part;
    }
    let mut proof: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for ((currency, share), taken) in taken {
        let back = gone.get(&(currency, Some(share))).copied().unwrap_or(0);
        proof.entry(currency).or_default().0 += taken.saturating_sub(back);
    }
    for ((currency, parent), back) in gone {
        if parent.is_none() {
            let kept = &mut proof.entry(currency).or_default().0;
            *kept = kept.saturating_sub(back);
        }
    }
    for (currency, whole) in due {
        // The first instalment of a plan for all of it is enough.
        let plans =
            plans.iter().filter(|(of, sum, _)| *of == currency && sum.is_none_or(|s| s >= whole));
        let first = plans.map(|(.., first)| *first).min();
        proof.entry(currency).or_default().1 = first.unwrap_or(whole);
    }
    proof
}

/// Every name under which a share may be listed: a uuid joins slots, and a slot uuids.
fn names_of<'a>(order: &'a Order, name: &'a str) -> BTreeSet<&'a str> {
    let mut names = BTreeSet::from([name]);
    loop {
        let before = names.len();
        for (fact, _) in order.facts().iter() {
            if let Fact::Share(share) = fact {
                let pair = [Some(share.share.as_str()), share.other_name.as_deref()];
                if pair.iter().flatten().any(|name| names.contains(name)) {
                    names.extend(pair.into_iter().flatten());
                }
            }
        }
        if names.len() == before {
            return names;
        }
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn i5_order_free_and_i2_one_fulfilment((story, other) in retold()) {
        for policy in POLICIES {
            let (a, b) = (told(&story, policy), told(&other, policy));
            prop_assert_eq!(a.facts(), b.facts());
            let summary = a.summary(policy);
            prop_assert_eq!(&summary, &b.summary(policy));
            let digests = |order: &Order| -> BTreeSet<String> {
                order.notifications().iter().map(|n| n.digest()).collect()
            };
            prop_assert_eq!(digests(&a), digests(&b));
            prop_assert_eq!(a.notifications().len(), b.notifications().len());
            if summary.releasable {
                prop_assert!(a.fulfilment().is_some() && b.fulfilment().is_some());
            }
            if let (Some(a), Some(b)) = (&a.fulfilment(), &b.fulfilment()) {
                prop_assert_eq!(&a.id, &b.id);
            }
        }
    }

    #[test]
    fn i3_nothing_is_released_that_is_not_proven_paid(story in story()) {
        let policy = POLICIES[0];
        let mut order = Order::new(story[0].key.clone());
        for (second, statement) in story.iter().enumerate() {
            let released = order.fulfilment().is_some();
            order.take(statement, &receipt(second as i64), policy).unwrap();
            if released || order.fulfilment().is_none() {
                continue;
            }
            let proof = proof(&order);
            let due: Vec<_> = proof.values().filter(|(_, due)| *due > 0).collect();
            prop_assert_eq!(due.len(), 1, "one amount in one currency: {:?}", proof);
            prop_assert!(due[0].0 >= due[0].1, "{:?}", proof);
        }
    }

    #[test]
    fn i6_a_captured_share_stays_captured_and_a_fulfilment_stays(story in story()) {
        for policy in POLICIES {
            let mut order = Order::new(story[0].key.clone());
            let mut captured: BTreeSet<String> = BTreeSet::new();
            let mut fulfilment = None;
            for (second, statement) in story.iter().enumerate() {
                order.take(statement, &receipt(second as i64), policy).unwrap();
                let shares = order.summary(policy).shares;
                for name in &captured {
                    let names = names_of(&order, name);
                    let kept = shares.iter().any(|s| {
                        s.status == Status::Captured && names.contains(s.share.as_str())
                    });
                    prop_assert!(kept, "{}", name);
                }
                let now = shares.iter().filter(|s| s.status == Status::Captured && s.kind == Kind::Debit);
                captured.extend(now.map(|s| s.share.clone()));
                let id = order.fulfilment().map(|f| f.id.clone());
                prop_assert!(fulfilment.is_none() || fulfilment == id);
                fulfilment = id;
            }
        }
    }

    #[test]
    fn what_says_the_same_has_one_digest_and_nothing_else_has(story in story()) {
        for one in &story {
            for other in &story {
                let same = say_the_same(&one.facts, &other.facts);
                prop_assert_eq!(same, digest(&one.facts) == digest(&other.facts));
                prop_assert_eq!(same, say_the_same(&other.facts, &one.facts));
            }
        }
    }

    #[test]
    fn i7_a_reversal_follows_a_release_and_a_final_credit(story in story()) {
        for policy in POLICIES {
            let order = told(&story, policy);
            prop_assert!(order.reversals().is_empty() || order.fulfilment().is_some());
            let ids: BTreeSet<&str> = order.reversals().iter().map(|r| r.id.as_str()).collect();
            prop_assert_eq!(ids.len(), order.reversals().len());
            for reversal in order.reversals() {
                let certain = order.facts().shares().filter(|(_, standing)| *standing == Standing::Sound);
                let certain = certain.map(|(share, _)| share).any(|s| match reversal.reason {
                    Cause::Refund => s.kind == Kind::Credit && s.meaning.status == Status::Refunded,
                    Cause::Chargeback => s.kind == Kind::Credit && s.meaning.status == Status::ChargedBack,
                    Cause::Lost => s.kind == Kind::Debit && policy.release_on == ReleaseOn::Secured,
                } && s.meaning.worth >= reversal.amount);
                prop_assert!(certain, "{:?}", reversal);
            }
        }
    }

    #[test]
    fn an_order_reads_back_as_itself(story in story()) {
        let order = told(&story, POLICIES[0]);
        prop_assert_eq!(&reread(&order), &order);
        let view = order.view(POLICIES[0], receipt(1_000).received_at, PROVIDERS);
        let text = serde_json::to_string(&view).unwrap();
        prop_assert_eq!(serde_json::from_str::<OrderView>(&text).unwrap(), view);
        for event in order.unsent_messages(POLICIES[0], receipt(1_000).received_at) {
            let text = serde_json::to_string(&event).unwrap();
            prop_assert_eq!(&serde_json::from_str::<CloudEvent>(&text).unwrap(), &event);
            let named = order.message(&event.id, POLICIES[0], receipt(1_000).received_at);
            prop_assert_eq!(named, Some(event));
        }
    }

    #[test]
    fn a_message_can_be_made_again_after_it_was_sent(story in story()) {
        let (policy, at) = (POLICIES[0], receipt(1_000).received_at);
        let mut order = told(&story, policy);
        let unsent = order.unsent_messages(policy, at);
        order.mark_all_sent(at);
        prop_assert!(order.unsent_messages(policy, at).is_empty());
        for event in unsent {
            let again = order.message(&event.id, policy, at).map(|again| (again.id, again.kind, again.time));
            prop_assert_eq!(again, Some((event.id, event.kind, event.time)));
        }
        prop_assert_eq!(order.message("none", policy, at), None);
    }

    #[test]
    fn an_order_split_over_two_names_is_the_same_once_joined(
        story in story(), at in any::<Index>(),
    ) {
        let policy = POLICIES[0];
        let (early, late) = story.split_at(at.index(story.len()));
        let mut order = Order::new(story[0].key.clone());
        if !early.is_empty() {
            order.absorb(told(early, policy));
        }
        for (second, statement) in late.iter().enumerate() {
            order.take(statement, &receipt((early.len() + second) as i64), policy).unwrap();
        }
        prop_assert_eq!(&order, &told(&story, policy));
    }

    #[test]
    fn i9_unsigned_bytes_are_refused(body in vec(any::<u8>(), 0..200), start in select(vec![
        "", "signature=", "signature=x&vads_site_id=12345678&vads_ctx_mode=TEST&vads_hash=1&",
        "kr-hash=x&kr-hash-key=password&kr-hash-algorithm=sha256_hmac&kr-answer=",
    ])) {
        let secrets = SiteKeys {
            form: Secret::new(FORM_KEY), rest_password: Secret::new(REST_PASSWORD), allow_sha1: true,
        };
        let keys = lyra::Keys::new([((SITE.to_owned(), Mode::Test), secrets)]).unwrap();
        let body = [start.as_bytes(), &body].concat();
        prop_assert!(lyra::verify(&keys, &body).is_err());
    }
}

/// The same, as the provider says it when it is asked.
fn confirmed(statements: &[Statement]) -> Vec<Statement> {
    Answer { statements: statements.to_vec(), ..Answer::default() }.confirmed()
}

proptest! {
    #![proptest_config(config())]

    /// Whoever has a key for notifications ships nothing with it, and takes nothing back.
    #[test]
    fn with_confirmation_nothing_is_decided_before_the_provider_itself_says_so(told in story()) {
        let policy = Policy { confirm: Confirm::Ask, ..POLICIES[0] };
        let mut order = super::told(&told, policy);
        prop_assert!(order.fulfilment().is_none() && order.reversals().is_empty());
        let alone = order.summary(policy);
        for (second, statement) in confirmed(&told).iter().enumerate() {
            order.take(statement, &receipt(1_000 + second as i64), policy).unwrap();
        }
        // What was told twice is listed once, and what it comes to is the same.
        let listed = super::told(&told, policy).notifications().len();
        prop_assert_eq!(order.notifications().len(), listed);
        let both = order.summary(policy);
        prop_assert_eq!((both.state, both.captured, both.refunded), (alone.state, alone.captured, alone.refunded));
        // In the end it is released where it would be released at once by what is known now.
        let off = Policy { confirm: Confirm::Off, ..policy };
        prop_assert_eq!(order.fulfilment().is_some(), order.summary(off).releasable);
    }
}
