//! The way these tests tell a story: `given(message).then(message).is(state)`, and the messages that
//! come up everywhere.

use std::collections::BTreeSet;

use quittance_core::release::Cause;
use quittance_core::{Currency, Flag, Order, Outcome, Policy, Reading, State, Statement};
use quittance_testing::lyra::{Form, Share};
use quittance_testing::worldline::Payment;
use serde_json::Value;

use quittance_testing::read::{POLICIES, read_lyra, read_worldline, receipt, statement};

pub(crate) const CAPTURED: Policy = POLICIES[0];
pub(crate) const SECURED: Policy = POLICIES[1];

/// Something that a PSP sends.
pub(crate) trait Message {
    fn said(&self) -> Statement;
}

impl Message for Form {
    fn said(&self) -> Statement {
        statement(read_lyra(&self.body()))
    }
}

impl Message for Payment {
    fn said(&self) -> Statement {
        self.json().said()
    }
}

impl Message for Value {
    fn said(&self) -> Statement {
        let mut readings = read_worldline(&self.to_string());
        assert_eq!(readings.len(), 1);
        statement(readings.remove(0))
    }
}

/// What was said in another way.
impl Message for Statement {
    fn said(&self) -> Statement {
        self.clone()
    }
}

/// A signed Lyra REST body.
impl Message for String {
    fn said(&self) -> Statement {
        statement(read_lyra(self))
    }
}

/// One order, as its messages arrive.
#[derive(Clone)]
pub(crate) struct Story {
    order: Option<Order>,
    policy: Policy,
    clock: i64,
    last: Option<Outcome>,
}

pub(crate) fn under(policy: Policy) -> Story {
    Story { order: None, policy, clock: 0, last: None }
}

pub(crate) fn given(message: &impl Message) -> Story {
    under(CAPTURED).then(message)
}

impl Story {
    #[track_caller]
    pub(crate) fn then(mut self, message: &impl Message) -> Self {
        let statement = message.said();
        let mut order = self.order.take().unwrap_or_else(|| Order::new(statement.key.clone()));
        assert_eq!(*order.key(), statement.key, "the message is about another order");
        self.clock += 60;
        self.last = Some(order.take(&statement, &receipt(self.clock), self.policy).unwrap());
        self.order = Some(order);
        self
    }

    /// The message added nothing.
    #[track_caller]
    pub(crate) fn repeats(self, message: &impl Message) -> Self {
        let before = self.order().clone();
        let story = self.then(message);
        assert_eq!(story.last, Some(Outcome::Known));
        assert_eq!(story.order(), &before);
        story
    }

    /// The message added nothing but details.
    #[track_caller]
    pub(crate) fn retells(self, message: &impl Message) -> Self {
        let before = self.order().clone();
        let story = self.then(message);
        assert!(!matches!(story.last, Some(Outcome::Changed(_))));
        let but_details = |order: &Order| {
            let mut members = serde_json::to_value(order).unwrap();
            members.as_object_mut().unwrap().remove("details");
            members
        };
        assert_eq!(but_details(story.order()), but_details(&before));
        story
    }

    #[track_caller]
    pub(crate) fn is(self, state: State) -> Self {
        let summary = self.order().summary(self.policy);
        assert_eq!(summary.state, state, "{summary:#?}");
        self
    }

    #[track_caller]
    pub(crate) fn flagged<const N: usize>(self, flags: [Flag; N]) -> Self {
        let summary = self.order().summary(self.policy);
        assert_eq!(summary.flags, BTreeSet::from(flags), "{summary:#?}");
        self
    }

    #[track_caller]
    pub(crate) fn flagged_with(self, flag: Flag) -> Self {
        let summary = self.order().summary(self.policy);
        assert!(summary.flags.contains(&flag), "{summary:#?}");
        self
    }

    /// Expected, authorised, captured and refunded, in cents.
    #[track_caller]
    pub(crate) fn sums(
        self,
        expected: impl Into<Option<u64>>,
        authorised: u64,
        captured: u64,
        refunded: u64,
    ) -> Self {
        let s = self.order().summary(self.policy);
        let sums = (s.expected, s.authorised, s.captured, s.refunded);
        assert_eq!(sums, (expected.into(), authorised, captured, refunded), "{s:#?}");
        self
    }

    #[track_caller]
    pub(crate) fn released(self) -> Self {
        assert!(self.order().fulfilment().is_some(), "{:#?}", self.order().summary(self.policy));
        self
    }

    #[track_caller]
    pub(crate) fn held(self) -> Self {
        assert!(self.order().fulfilment().is_none(), "{:#?}", self.order().summary(self.policy));
        self
    }

    #[track_caller]
    pub(crate) fn shares(self, number: usize) -> Self {
        assert_eq!(self.order().summary(self.policy).shares.len(), number);
        self
    }

    #[track_caller]
    pub(crate) fn reversals(self, amounts: &[u64]) -> Self {
        let told = self.order().reversals();
        assert_eq!(told.iter().map(|r| r.amount).collect::<Vec<_>>(), amounts);
        let ids: BTreeSet<&str> = told.iter().map(|r| r.id.as_str()).collect();
        assert_eq!(ids.len(), told.len(), "{told:?}");
        self
    }

    /// The reversals, with their reasons.
    #[track_caller]
    pub(crate) fn reversed(self, told: &[(u64, Cause)]) -> Self {
        let reversals = self.order().reversals().iter().map(|r| (r.amount, r.reason));
        assert_eq!(reversals.collect::<Vec<_>>(), told);
        self
    }

    /// The merchant says what the order costs, in cents.
    #[track_caller]
    pub(crate) fn registered(mut self, amount: u64) -> Self {
        self.clock += 60;
        let (at, euro) = (receipt(self.clock).received_at, Currency::from_alpha("EUR").unwrap());
        let key = pay("CAPTURED").said().key;
        let order = self.order.get_or_insert_with(|| Order::new(key));
        self.last = Some(order.register(amount, euro, at, self.policy).unwrap());
        self
    }

    #[track_caller]
    pub(crate) fn notifications(self, number: usize) -> Self {
        assert_eq!(self.order().notifications().len(), number);
        self
    }

    pub(crate) fn order(&self) -> &Order {
        self.order.as_ref().unwrap()
    }
}

/// `PAY` of a single payment by card.
pub(crate) fn pay(status: &str) -> Form {
    Form::single("CMD-1", "abc123", "CB", 10_000, status)
}

pub(crate) fn cascade(status: &str, shares: &[Share<'_>]) -> Form {
    Form::cascade("CMD-1", "abc123", 10_000, status, shares)
}

pub(crate) const VOUCHER: Share<'_> =
    Share("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "CVCO", 6_000, "CAPTURED");
pub(crate) const CARD: Share<'_> =
    Share("bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "CB", 4_000, "CAPTURED");

/// `share` in another status.
pub(crate) fn now<'a>(share: Share<'a>, status: &'a str) -> Share<'a> {
    Share(share.0, share.1, share.2, status)
}

pub(crate) fn follow_up(sequence: u32, source: &str, share: Share<'_>) -> Form {
    Form::follow_up("CMD-1", "abc123", sequence, source, share)
}

pub(crate) fn give_back(uuid: char, amount: u64, status: &str) -> Form {
    let uuid = uuid.to_string().repeat(32);
    Form::refund("CMD-1", "abc123", &uuid, "CB", amount, status)
}

/// Worldline: a payment of 1,400.00 EUR by a product, in a status.
pub(crate) fn wl(id: &str, product: u64, code: u64) -> Payment {
    Payment::new("CMD-1", id, product, code, 140_000)
}

/// Worldline's id of the payment that [`capture`] takes.
pub(crate) const INNER: &str = "3254730000";

/// Worldline: a capture of 9.00 EUR by card, whose number is not 0 where it follows on the payment.
pub(crate) fn capture(reference: &str, number: u64) -> Payment {
    Payment::new(reference, &format!("{INNER}_{number}"), VISA, 9, 900).acquired(900)
}

/// Worldline's product ids.
pub(crate) const VISA: u64 = 1;
pub(crate) const CVCO: u64 = 5412;

/// Why the only reading is none. Anything else fails the test.
#[track_caller]
pub(crate) fn unreadable(readings: &[Reading]) -> String {
    match readings {
        [Reading::Unreadable(unreadable)] => unreadable.reason.clone(),
        other => panic!("{other:?}"),
    }
}
