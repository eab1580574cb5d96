//! Money given back: the bound that a provider keeps is kept here, however the news come.

use proptest::collection::vec;
use proptest::prelude::*;
use quittance_core::{Kind, Order, Statement};
use quittance_testing::lyra::Form;
use quittance_testing::worldline::{Payment, refund};

use super::stories::UUIDS;
use super::{POLICIES, config};
use quittance_testing::read::{read_lyra, read_worldline, receipt, statement};

/// What one payment takes, and what its refunds come to once they are final. A provider keeps the
/// second below the first.
const TAKEN: u64 = 10_000;

/// One refund: its amount, how it ends, and how often and in which spellings it is told.
#[derive(Clone, Debug)]
struct Refund {
    amount: u64,
    succeeds: bool,
    /// Its name in one of two spellings, for each time it is told to be under way and to be over.
    tellings: Vec<(bool, bool)>,
}

fn refunds() -> impl Strategy<Value = Vec<Refund>> {
    let tellings = vec((any::<bool>(), any::<bool>()), 0..3);
    let one = (1..=TAKEN / 3, any::<bool>(), tellings)
        .prop_map(|(amount, succeeds, tellings)| Refund { amount, succeeds, tellings });
    vec(one, 1..=3)
}

fn lyra_refund(of: &[Refund], at: usize, other_spelling: bool, over: bool) -> Statement {
    let status = match (over, of[at].succeeds) {
        (false, _) => "AUTHORISED",
        (true, true) => "CAPTURED",
        (true, false) => "REFUSED",
    };
    let form = Form::refund("CMD-1", "abc123", UUIDS[at], "CB", of[at].amount, status);
    // Without its uuid a refund is named by its payment's slot, which several share.
    let form = match other_spelling {
        true if of.len() == 1 => form.without("vads_trans_uuid"),
        true => form.sent_again("BO"),
        false => form,
    };
    statement(read_lyra(&form.body()))
}

fn worldline_refund(of: &[Refund], at: usize, other_spelling: bool, over: bool) -> Statement {
    let code = match (over, of[at].succeeds) {
        (false, _) => 81,
        (true, true) => 8,
        (true, false) => 83,
    };
    let operation = at + 1;
    let id = if other_spelling {
        format!("9000003254564310{operation:03}")
    } else {
        format!("3254564310_{operation}")
    };
    statement(read_worldline(&refund("CMD-1", &id, code, of[at].amount).to_string()).remove(0))
}

/// A payment taken and its refunds, in any order; each is told to be over at least once.
fn given_back() -> impl Strategy<Value = (Vec<Refund>, Vec<Statement>)> {
    (refunds(), any::<bool>()).prop_flat_map(|(refunds, lyra)| {
        let tell = if lyra { lyra_refund } else { worldline_refund };
        let paid = if lyra {
            let form = Form::single("CMD-1", "abc123", "CB", TAKEN, "CAPTURED");
            statement(read_lyra(&form.body()))
        } else {
            let event = Payment::new("CMD-1", "3254564310_0", 130, 9, TAKEN).json();
            statement(read_worldline(&event.to_string()).remove(0))
        };
        let mut story = vec![paid];
        for (at, refund) in refunds.iter().enumerate() {
            story.push(tell(&refunds, at, false, true));
            let again = refund.tellings.iter();
            story.extend(again.map(|(spelling, over)| tell(&refunds, at, *spelling, *over)));
        }
        (Just(refunds), Just(story).prop_shuffle())
    })
}

proptest! {
    #![proptest_config(config())]

    /// As far as it can be shown without a plan of refunds: what a provider gave back within its bound is
    /// never counted, or told, beyond it, in whatever order, number and spelling the news come.
    #[test]
    fn i7_no_more_is_given_back_than_was_taken((refunds, story) in given_back()) {
        let all: u64 = refunds.iter().filter(|r| r.succeeds).map(|r| r.amount).sum();
        for policy in POLICIES {
            let mut order = Order::new(story[0].key.clone());
            for (second, statement) in story.iter().enumerate() {
                order.take(statement, &receipt(second as i64), policy).unwrap();
                let told: u64 = order.reversals().iter().map(|r| r.amount).sum();
                let summary = order.summary(policy);
                prop_assert!(told <= summary.refunded && summary.refunded <= all, "{:?}", order.reversals());
            }
            let summary = order.summary(policy);
            prop_assert_eq!((summary.captured, summary.refunded), (TAKEN, all));
            let credits = summary.shares.iter().filter(|s| s.kind == Kind::Credit);
            prop_assert_eq!(credits.count(), refunds.len());
            // Released, it tells of each that came after.
            let told: u64 = order.reversals().iter().map(|r| r.amount).sum();
            prop_assert_eq!(told, if order.fulfilment().is_some() { all } else { 0 });
        }
    }
}
