//! What orders come to, told as stories: these messages are given, this is where the order stands.

mod common;

use std::collections::BTreeSet;

use quittance_core::fold::Instalments;
use quittance_core::limits::{
    MAX_EVENTS_PER_NOTIFICATION, MAX_FACTS_PER_ORDER, MAX_SHARES_PER_NOTIFICATION,
};
use quittance_core::order::Full;
use quittance_core::{
    Currency, Fact, Flag, Kind, Order, Outcome, Policy, Reading, ReleaseOn, Standing, State,
    Statement, Status,
};
use quittance_testing::lyra::{self, Form, Share};
use quittance_testing::worldline::{Payment, envelope, refund};
use serde_json::{Value, json};

use crate::common::{read_lyra, read_worldline, read_worldline_bound, receipt, statement};

const CAPTURED: Policy =
    Policy { release_on: ReleaseOn::Captured, instalments: Instalments::First };
const SECURED: Policy = Policy { release_on: ReleaseOn::Secured, instalments: Instalments::First };

/// Something that a PSP sends.
trait Message {
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

/// A signed Lyra REST body.
impl Message for String {
    fn said(&self) -> Statement {
        statement(read_lyra(self))
    }
}

/// One order, as its messages arrive.
struct Story {
    order: Option<Order>,
    policy: Policy,
    clock: i64,
    last: Option<Outcome>,
}

fn under(policy: Policy) -> Story {
    Story { order: None, policy, clock: 0, last: None }
}

fn given(message: &impl Message) -> Story {
    under(CAPTURED).then(message)
}

impl Story {
    #[track_caller]
    fn then(mut self, message: &impl Message) -> Self {
        let statement = message.said();
        let mut order = self.order.take().unwrap_or_else(|| Order::new(statement.key.clone()));
        assert_eq!(order.key, statement.key, "the message is about another order");
        self.clock += 60;
        self.last = Some(order.take(&statement, &receipt(self.clock), self.policy).unwrap());
        self.order = Some(order);
        self
    }

    /// The message added nothing.
    #[track_caller]
    fn repeats(self, message: &impl Message) -> Self {
        let before = self.order().clone();
        let story = self.then(message);
        assert_eq!(story.last, Some(Outcome::Known));
        assert_eq!(story.order(), &before);
        story
    }

    #[track_caller]
    fn is(self, state: State) -> Self {
        let summary = self.order().summary(self.policy);
        assert_eq!(summary.state, state, "{summary:#?}");
        self
    }

    #[track_caller]
    fn flagged<const N: usize>(self, flags: [Flag; N]) -> Self {
        let summary = self.order().summary(self.policy);
        assert_eq!(summary.flags, BTreeSet::from(flags), "{summary:#?}");
        self
    }

    /// Expected, authorised, captured and refunded, in cents.
    #[track_caller]
    fn sums(
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
    fn released(self) -> Self {
        assert!(self.order().fulfilment.is_some(), "{:#?}", self.order().summary(self.policy));
        self
    }

    #[track_caller]
    fn held(self) -> Self {
        assert!(self.order().fulfilment.is_none(), "{:#?}", self.order().summary(self.policy));
        self
    }

    #[track_caller]
    fn shares(self, number: usize) -> Self {
        assert_eq!(self.order().summary(self.policy).shares.len(), number);
        self
    }

    #[track_caller]
    fn reversals(self, amounts: &[u64]) -> Self {
        let told: Vec<u64> = self.order().reversals.iter().map(|r| r.amount).collect();
        assert_eq!(told, amounts);
        self
    }

    #[track_caller]
    fn notifications(self, number: usize) -> Self {
        assert_eq!(self.order().notifications.len(), number);
        self
    }

    fn order(&self) -> &Order {
        self.order.as_ref().unwrap()
    }
}

/// `PAY` of a single payment by card.
fn pay(status: &str) -> Form {
    Form::single("CMD-1", "abc123", "CB", 10_000, status)
}

fn cascade(status: &str, shares: &[Share<'_>]) -> Form {
    Form::cascade("CMD-1", "abc123", 10_000, status, shares)
}

const VOUCHER: Share<'_> = Share("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "CVCO", 6_000, "CAPTURED");
const CARD: Share<'_> = Share("bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "CB", 4_000, "CAPTURED");

/// `share` in another status.
fn now<'a>(share: Share<'a>, status: &'a str) -> Share<'a> {
    Share(share.0, share.1, share.2, status)
}

fn follow_up(sequence: u32, source: &str, share: Share<'_>) -> Form {
    Form::follow_up("CMD-1", "abc123", sequence, source, share)
}

fn give_back(uuid: char, amount: u64, status: &str) -> Form {
    let uuid = uuid.to_string().repeat(32);
    Form::refund("CMD-1", "abc123", &uuid, "CB", amount, status)
}

/// Worldline: a payment of 1,400.00 EUR by a product, in a status.
fn wl(id: &str, product: u64, code: u64) -> Payment {
    Payment::new("CMD-1", id, product, code, 140_000)
}

const VISA: u64 = 1;
const CVCO: u64 = 5412;

// --- One payment -------------------------------------------------------------------------------

#[test]
fn a_single_payment_ends_as_its_status_says() {
    for (status, state, authorised, captured, released) in [
        ("CAPTURED", State::Captured, 0, 10_000, true),
        ("AUTHORISED", State::Authorised, 10_000, 0, false),
        ("AUTHORISED_TO_VALIDATE", State::Pending, 0, 0, false),
        ("WAITING_AUTHORISATION", State::Pending, 0, 0, false),
        ("UNDER_VERIFICATION", State::Pending, 0, 0, false),
        ("SUSPENDED", State::Pending, 0, 0, false),
        ("CAPTURE_FAILED", State::Pending, 0, 0, false),
        ("REFUSED", State::Refused, 0, 0, false),
        ("NOT_CREATED", State::Refused, 0, 0, false),
        ("CANCELLED", State::Cancelled, 0, 0, false),
        ("ABANDONED", State::Cancelled, 0, 0, false),
        ("EXPIRED", State::Expired, 0, 0, false),
    ] {
        let story = given(&pay(status)).is(state).flagged([]).sums(10_000, authorised, captured, 0);
        assert_eq!(story.order().fulfilment.is_some(), released, "{status}");
    }
}

#[test]
fn a_worldline_payment_ends_as_its_number_says() {
    for (code, state, authorised, captured) in [
        (0, State::Pending, 0, 0),
        (46, State::Pending, 0, 0),
        (51, State::Pending, 0, 0),
        (1, State::Cancelled, 0, 0),
        (6, State::Cancelled, 0, 0),
        (2, State::Refused, 0, 0),
        (5, State::Authorised, 140_000, 0),
        (4, State::Authorised, 140_000, 0),
        (91, State::Authorised, 140_000, 0),
        (92, State::Authorised, 140_000, 0),
        (99, State::Authorised, 140_000, 0),
        (93, State::Authorised, 140_000, 0),
        (9, State::Captured, 0, 140_000),
    ] {
        let story = given(&wl("3254564310_0", VISA, code))
            .is(state)
            .flagged([])
            .sums(140_000, authorised, captured, 0);
        assert_eq!(story.order().fulfilment.is_some(), code == 9, "{code}");
    }
}

#[test]
fn a_voucher_that_covers_the_order_releases_it() {
    given(&Form::single("CMD-1", "abc123", "CVCO", 10_000, "CAPTURED"))
        .is(State::Captured)
        .released();
    given(&wl("3254564310_0", CVCO, 9)).is(State::Captured).released();
}

#[test]
fn an_amount_of_nothing_pays_for_nothing() {
    given(&Form::single("CMD-1", "abc123", "CB", 0, "CAPTURED")).held();
    given(&Payment::new("CMD-1", "3254564310_0", VISA, 9, 0)).held();
}

#[test]
fn a_verification_moves_no_money() {
    for status in ["ACCEPTED", "CAPTURED", "AUTHORISED"] {
        given(&pay(status).with("vads_operation_type", "VERIFICATION")).sums(None, 0, 0, 0).held();
    }
}

#[test]
fn later_news_of_the_same_payment_move_it_on_and_never_back() {
    given(&pay("AUTHORISED"))
        .held()
        .then(&pay("CAPTURED"))
        .is(State::Captured)
        .released()
        .shares(1);
    given(&pay("CAPTURED")).then(&pay("AUTHORISED")).is(State::Captured).flagged([]);
    given(&pay("AUTHORISED")).then(&pay("REFUSED")).is(State::Refused).held();
    let wl = |code| wl(if code == 5 { "3254564310_0" } else { "3254564310_1" }, VISA, code);
    given(&wl(5)).then(&wl(91)).is(State::Authorised).then(&wl(9)).is(State::Captured).released();
    // A capture refused for good stays authorised, and may be tried again.
    given(&wl(91)).then(&wl(93)).is(State::Authorised).held().then(&wl(9)).released();
    given(&wl(9)).then(&wl(93)).is(State::Captured);
}

#[test]
fn a_cancellation_under_way_is_not_yet_one() {
    let cancelling = |code| {
        let mut payment = wl("3254564310_1", VISA, 6);
        payment.status.1 = code;
        payment
    };
    for code in [61, 62] {
        given(&wl("3254564310_0", VISA, 5)).then(&cancelling(code)).is(State::Authorised).held();
    }
    given(&wl("3254564310_0", VISA, 5)).then(&cancelling(6)).is(State::Cancelled).held();
}

#[test]
fn an_unknown_status_is_kept_and_flagged_and_never_enough() {
    given(&pay("FUTURE_STATUS")).is(State::Pending).flagged([Flag::UnknownStatus]).held();
    given(&wl("3254564310_0", VISA, 1000)).is(State::Pending).flagged([Flag::UnknownStatus]).held();
    given(&pay("FUTURE_STATUS")).then(&pay("CAPTURED")).flagged([]).released();
}

// --- Cascades ----------------------------------------------------------------------------------

#[test]
fn a_cascade_is_paid_when_its_shares_cover_it() {
    given(&cascade("CAPTURED", &[VOUCHER, CARD]))
        .is(State::Captured)
        .flagged([])
        .sums(10_000, 0, 10_000, 0)
        .shares(2)
        .released();
    given(&cascade("AUTHORISED", &[VOUCHER, now(CARD, "AUTHORISED")]))
        .is(State::PartiallyCaptured)
        .flagged([])
        .sums(10_000, 4_000, 6_000, 0)
        .held()
        .then(&follow_up(2, "BATCH", CARD))
        .is(State::Captured)
        .shares(2)
        .released();
}

#[test]
fn refused_tries_of_a_cascade_do_not_count() {
    let refused = Share("cccccccccccccccccccccccccccccccc", "CB", 4_000, "REFUSED");
    given(&cascade("CAPTURED", &[VOUCHER, refused, CARD])).sums(10_000, 0, 10_000, 0).released();
    given(&cascade("CAPTURED", &[VOUCHER, refused])).is(State::PartiallyCaptured).held();
}

#[test]
fn the_top_level_of_a_cascade_proves_nothing() {
    given(&cascade("CAPTURED", &[VOUCHER])).sums(10_000, 0, 6_000, 0).held();
    for lost in ["REFUSED", "CANCELLED", "ABANDONED", "EXPIRED"] {
        given(&cascade(lost, &[VOUCHER, CARD])).flagged([Flag::Ambiguous]).held();
        given(&cascade(lost, &[VOUCHER])).flagged([]).held();
    }
    // Asked anew, the gateway settles it.
    given(&cascade("REFUSED", &[VOUCHER, CARD]))
        .then(&cascade("CAPTURED", &[VOUCHER, CARD]))
        .flagged([])
        .released();
}

#[test]
fn the_pseudo_brand_alone_makes_no_payment() {
    // A cascade whose list or number is missing says nothing of what was paid with what.
    let whole = cascade("CAPTURED", &[VOUCHER, CARD]);
    assert!(matches!(
        read_lyra(&whole.clone().without("vads_payment_seq").body()),
        Reading::Unreadable(_)
    ));
    given(&whole.clone().with("vads_sequence_number", "1")).flagged([Flag::Ambiguous]).held();
    given(&whole.without("vads_payment_seq").without("vads_sequence_number"))
        .flagged([Flag::Ambiguous])
        .held();
}

#[test]
fn a_share_listed_twice_or_for_another_payment_is_no_proof() {
    given(&cascade("CAPTURED", &[VOUCHER, CARD, now(CARD, "REFUSED")]))
        .flagged([Flag::Ambiguous])
        .held();
    let foreign = cascade("CAPTURED", &[VOUCHER, CARD]).with("vads_trans_id", "zzz999");
    given(&foreign).flagged([Flag::Ambiguous]).held();
    // The transaction id ignores case.
    given(&cascade("CAPTURED", &[VOUCHER, CARD]).with("vads_trans_id", "ABC123")).released();
}

/// A transaction id of six digits may come as a JSON number.
#[test]
fn a_numeric_transaction_id_in_the_list_is_read() {
    let form = Form::cascade("CMD-1", "123456", 10_000, "CAPTURED", &[VOUCHER, CARD]);
    let list = form.get("vads_payment_seq").unwrap().replace("\"123456\"", "123456");
    assert!(list.contains("\"trans_id\":123456"), "{list}");
    given(&form.clone().with("vads_payment_seq", &list))
        .is(State::Captured)
        .flagged([])
        .released()
        .repeats(&form);
    let other = list.replace(":123456", ":654321");
    given(&form.with("vads_payment_seq", &other)).flagged([Flag::Ambiguous]).held();
}

#[test]
fn a_stranded_voucher_is_flagged_when_the_session_is_over() {
    let story = given(&cascade("REFUSED", &[VOUCHER]));
    let flags =
        |seconds: i64| story.order().view(CAPTURED, receipt(60 + seconds).received_at).flags;
    assert!(flags(599).is_empty());
    assert_eq!(flags(600), BTreeSet::from([Flag::StrandedVoucher]));
    let story = given(&wl("3254564310_0", 5402, 9).acquired(60_000));
    let flags =
        |seconds: i64| story.order().view(CAPTURED, receipt(60 + seconds).received_at).flags;
    assert!(flags(10_799).is_empty());
    assert_eq!(flags(10_800), BTreeSet::from([Flag::StrandedVoucher]));
}

#[test]
fn a_follow_up_alone_says_nothing_of_the_whole() {
    for source in ["BATCH", "BATCH_AUTO", "BO", "MERCH_BO", "FILE"] {
        given(&follow_up(2, source, CARD))
            .is(State::PartiallyCaptured)
            .sums(None, 0, 4_000, 0)
            .flagged([Flag::Ambiguous])
            .held()
            .then(&cascade("AUTHORISED", &[VOUCHER, now(CARD, "AUTHORISED")]))
            .is(State::Captured)
            .flagged([])
            .released();
    }
    given(&follow_up(1, "BO", Share(VOUCHER.0, "CB", 10_000, "REFUSED")))
        .is(State::Pending)
        .flagged([Flag::Ambiguous]);
}

#[test]
fn a_share_without_uuid_is_joined_to_its_uuid() {
    let bare =
        follow_up(2, "BATCH", CARD).without("vads_trans_uuid").with("vads_trans_id", "ABC123");
    given(&cascade("AUTHORISED", &[VOUCHER, now(CARD, "AUTHORISED")]))
        .then(&bare)
        .sums(10_000, 0, 10_000, 0)
        .shares(2)
        .released();
    given(&bare).then(&cascade("CAPTURED", &[VOUCHER, CARD])).sums(10_000, 0, 10_000, 0).shares(2);
    given(&pay("CAPTURED")).then(&pay("CAPTURED").without("vads_trans_uuid")).flagged([]).shares(1);
}

#[test]
fn one_slot_is_one_payment_whatever_it_is_called() {
    // Should the gateway give one transaction two uuids, its money counts once.
    let twin = Share("cccccccccccccccccccccccccccccccc", "CVCO", 6_000, "CAPTURED");
    given(&cascade("CAPTURED", &[VOUCHER]))
        .then(&follow_up(1, "BATCH", twin))
        .then(&follow_up(1, "BATCH", twin).without("vads_trans_uuid"))
        .sums(10_000, 0, 6_000, 0)
        .held();
    // Two refunds of one payment are two all the same.
    given(&pay("CAPTURED"))
        .then(&give_back('c', 1_000, "CAPTURED"))
        .then(&give_back('d', 1_000, "CAPTURED"))
        .sums(10_000, 0, 10_000, 2_000);
}

#[test]
fn one_payment_in_two_currencies_covers_nothing() {
    let dollars = |acquired| {
        let mut payment = wl("3254564310_0", VISA, 9).acquired(acquired);
        payment.currency = "USD".to_owned();
        payment
    };
    for acquired in [140_000, 200_000, 10_000] {
        given(&wl("3254564310_0", VISA, 9).acquired(60_000))
            .then(&dollars(acquired))
            .flagged([Flag::CurrencyMismatch])
            .held();
    }
}

// --- Repeats -----------------------------------------------------------------------------------

#[test]
fn what_is_sent_again_adds_nothing() {
    let both = cascade("CAPTURED", &[VOUCHER, CARD]);
    for source in ["RETRY", "BO"] {
        given(&pay("CAPTURED"))
            .repeats(&pay("CAPTURED").sent_again(source))
            .repeats(&pay("CAPTURED").sent_again(source).sent_again(source))
            .notifications(1);
        given(&both).repeats(&both.clone().sent_again(source)).notifications(1).shares(2);
    }
    let event = wl("3254564310_0", VISA, 9);
    let mut resent = event.json();
    resent["id"] = json!("another");
    resent["created"] = json!("2027-01-01T00:00:00Z");
    given(&event).repeats(&event).repeats(&resent).notifications(1);
}

#[test]
fn both_formats_of_one_payment_state_the_same_facts() {
    let rest = |total, shares: &[Share<'_>]| {
        lyra::rest("CMD-1", "abc123", total, ("PAID", "CLOSED"), shares)
    };
    let single = pay("CAPTURED");
    let uuid = single.get("vads_trans_uuid").unwrap();
    let rest_single = rest(10_000, &[Share(uuid, "CB", 10_000, "CAPTURED")]);
    given(&single).repeats(&rest_single).notifications(1);
    given(&rest_single).repeats(&single);
    let both = cascade("CAPTURED", &[VOUCHER, CARD]);
    given(&both).repeats(&rest(10_000, &[VOUCHER, CARD]));
    assert_eq!(rest_single.said().aliases, single.said().aliases);
}

#[test]
fn three_spellings_of_one_payment_id_are_one_payment() {
    let story = given(&wl("3254564310_0", VISA, 9))
        .repeats(&wl("9000003254564310000", VISA, 9))
        .then(&wl("3254564310", VISA, 9))
        .shares(1)
        .sums(140_000, 0, 140_000, 0)
        .flagged([]);
    assert_eq!(story.order().summary(CAPTURED).shares[0].share, "3254564310");
    for id in ["3254564310_0", "9000003254564310000", "3254564310"] {
        let nameless = Payment::new("", id, VISA, 9, 100).said();
        assert_eq!(nameless.key.order, "tx:3254564310");
        assert!(nameless.aliases.is_empty());
    }
}

// --- References --------------------------------------------------------------------------------

#[test]
fn without_a_reference_the_payment_names_the_order() {
    let nameless = pay("CAPTURED").without("vads_order_id").with("vads_trans_id", "AbC123");
    let said = nameless.said();
    assert_eq!(said.key.order, "tx:20261122-abc123");
    assert!(said.aliases.is_empty());
    given(&nameless).released();
    let named = pay("CAPTURED").with("vads_trans_id", "ABC123").said();
    assert_eq!(named.aliases, [said.key]);
}

#[test]
fn an_occurrence_of_a_subscription_is_an_order_of_its_own() {
    let occurrence = pay("CAPTURED").sent_again("REC");
    assert_eq!(occurrence.said().key.order, "CMD-1~20261122-abc123");
    given(&occurrence).is(State::Captured).released();
}

#[test]
fn what_was_known_by_payment_id_alone_is_joined_and_not_released_twice() {
    let nameless = Payment::new("", "3254564310_0", VISA, 9, 140_000).said();
    let mut early = Order::new(nameless.key.clone());
    early.take(&nameless, &receipt(0), CAPTURED).unwrap();
    let id = early.fulfilment.clone().unwrap().id;

    let named = wl("3254564310_0", VISA, 5).said();
    assert_eq!(named.aliases, [nameless.key]);
    let mut order = Order::new(named.key.clone());
    order.absorb(early.clone());
    order.take(&named, &receipt(60), CAPTURED).unwrap();
    assert_eq!(order.fulfilment.as_ref().unwrap().id, id);
    assert_eq!(order.summary(CAPTURED).state, State::Captured);
    assert_eq!(order.notifications.len(), 2);

    let before = order.clone();
    order.absorb(early);
    assert_eq!(order, before, "absorbing twice changes nothing");
}

#[test]
fn a_respelt_form_joins_no_names() {
    assert!(pay("CAPTURED").with("vads_invented", "x").said().aliases.is_empty());
}

// --- Instalments -------------------------------------------------------------------------------

#[test]
fn instalments_are_released_as_the_merchant_chose() {
    let all = Policy { instalments: Instalments::All, ..CAPTURED };
    let first = Form::single("CMD-1", "abc123", "CB", 15_000, "CAPTURED")
        .with("vads_payment_config", "MULTI:first=5000;count=3;period=30")
        .with("vads_occurrence_type", "RECURRENT_INITIAL");
    under(CAPTURED).then(&first).sums(5_000, 0, 5_000, 0).flagged([]).released();
    under(all).then(&first).sums(15_000, 0, 5_000, 0).flagged([]).held();
    let next = |n: u32| {
        let uuid = n.to_string().repeat(32);
        follow_up(n, "BATCH_AUTO", Share(&uuid, "CB", 5_000, "CAPTURED"))
    };
    under(all)
        .then(&first)
        .then(&next(2))
        .held()
        .then(&next(3))
        .sums(15_000, 0, 15_000, 0)
        .released();
    // A re-send leaves the plan out: it must neither count the whole as paid nor raise what is due.
    let again = first.clone().sent_again("RETRY");
    under(all).then(&first).then(&again).sums(15_000, 0, 5_000, 0).held();
    under(all).then(&again).held();
    under(CAPTURED).then(&first).then(&again).sums(5_000, 0, 5_000, 0);
    // With each due date, the sum is stated.
    let dated = first.with("vads_payment_config", "MULTI_EXT:20270101=10000;20261122=5000");
    under(all).then(&dated).sums(15_000, 0, 5_000, 0).held();
}

#[test]
fn an_instalment_larger_than_the_first_counts_in_full() {
    const PLAN: &str = "MULTI:first=2000;count=2;period=30";
    let all = Policy { instalments: Instalments::All, ..CAPTURED };
    let first = Form::single("CMD-1", "abc123", "CB", 6_000, "CAPTURED")
        .with("vads_payment_config", PLAN)
        .with("vads_occurrence_type", "RECURRENT_INITIAL");
    let second = follow_up(2, "BATCH_AUTO", Share(CARD.0, "CB", 4_000, "CAPTURED"))
        .with("vads_occurrence_type", "RECURRENT_FINAL");
    // The plan may or may not be repeated with it.
    for second in [second.clone().with("vads_payment_config", PLAN), second] {
        let seconds = second.said();
        let [Fact::Share(share)] = &seconds.facts[..] else { panic!("{seconds:?}") };
        assert_eq!(share.amount, 4_000);
        let mut order = Order::new(first.said().key);
        order.take(&first.said(), &receipt(0), all).unwrap();
        assert!(order.fulfilment.is_none());
        // Without the plan it is filed under its payment, whose name leads to the order.
        order.take(&seconds, &receipt(60), all).unwrap();
        let summary = order.summary(all);
        assert_eq!((summary.captured, summary.expected), (6_000, Some(6_000)));
        assert_eq!((summary.state, &summary.flags), (State::Captured, &BTreeSet::new()));
        assert!(order.fulfilment.is_some());
    }
}

// --- Worldline splits --------------------------------------------------------------------------

#[test]
fn captured_is_not_paid_until_the_acquired_amount_covers() {
    given(&wl("3254564310_0", CVCO, 9).acquired(60_000))
        .is(State::PartiallyCaptured)
        .sums(140_000, 0, 60_000, 0)
        .flagged([])
        .held()
        .then(&wl("3254564310_1", 130, 9))
        .is(State::Captured)
        .sums(140_000, 0, 140_000, 0)
        .flagged([])
        .released();
}

#[test]
fn shares_under_two_payment_ids_add_up() {
    let voucher = wl("3254564310_0", CVCO, 9).acquired(60_000);
    let card = wl("3254564399_0", 130, 9).acquired(80_000);
    given(&voucher).then(&card).sums(140_000, 0, 140_000, 0).flagged([]).shares(2).released();
    // The complement stated as a payment of its own.
    let own = Payment::new("CMD-1", "3254564399_0", 130, 9, 80_000);
    given(&voucher).then(&own).sums(140_000, 0, 140_000, 0).flagged([]).released();
    given(&own).released();
}

#[test]
fn cumulative_amounts_are_not_added_up() {
    let part = |id, acquired| wl(id, 130, 9).acquired(acquired);
    let voucher = wl("3254564310_0", CVCO, 9).acquired(60_000);
    // 60,000 and then 100,000 may be 160,000 or 100,000 in all.
    given(&voucher)
        .then(&part("3254564399_0", 100_000))
        .flagged([Flag::Ambiguous, Flag::Overpaid])
        .held();
    // One that covers all by itself settles it.
    given(&voucher)
        .then(&part("3254564399_0", 100_000))
        .then(&part("3254564400_0", 140_000))
        .released();
    // Within one payment the largest of one method holds.
    given(&part("3254564310_0", 60_000))
        .then(&part("3254564310_1", 80_000))
        .sums(140_000, 0, 80_000, 0)
        .held();
}

#[test]
fn cumulative_authorisations_are_not_added_up_either() {
    let part = |id, acquired| wl(id, 130, 5).acquired(acquired);
    under(SECURED).then(&part("3254564310_0", 60_000)).then(&part("3254564399_0", 100_000)).held();
    under(SECURED)
        .then(&part("3254564310_0", 60_000))
        .then(&part("3254564399_0", 80_000))
        .released();
}

#[test]
fn a_capture_without_acquired_amount_waits() {
    let without = wl("3254564310_0", VISA, 9).acquired(None);
    given(&without)
        .is(State::Pending)
        .flagged([Flag::Ambiguous])
        .held()
        .then(&wl("3254564310_0", VISA, 9))
        .flagged([])
        .released();
    given(&wl("3254564310_0", VISA, 9).acquired(0)).flagged([Flag::Ambiguous]).held();
}

#[test]
fn number_word_and_category_must_agree() {
    for (word, code, category) in [
        ("CAPTURED", 5, "COMPLETED"),
        ("CAPTURED", 91, "COMPLETED"),
        ("PENDING_CAPTURE", 9, "COMPLETED"),
        ("CAPTURED", 9, "UNSUCCESSFUL"),
        ("REFUNDED", 9, "COMPLETED"),
    ] {
        let mut payment = wl("3254564310_0", VISA, 9);
        payment.status = (word.to_owned(), code, category.to_owned());
        given(&payment).flagged([Flag::Ambiguous]).held().sums(140_000, 0, 0, 0);
    }
}

#[test]
fn a_surcharge_has_to_be_paid_too() {
    let with = |acquired: u64| {
        let mut event = wl("3254564310_0", VISA, 9).acquired(acquired).json();
        event["payment"]["paymentOutput"]["surchargeSpecificOutput"] =
            json!({"surchargeAmount": {"amount": 1_000, "currencyCode": "EUR"}});
        event
    };
    given(&with(140_000)).is(State::PartiallyCaptured).sums(141_000, 0, 140_000, 0).held();
    given(&with(141_000)).is(State::Captured).sums(141_000, 0, 141_000, 0).flagged([]).released();
}

// --- Amounts and currencies that do not fit ----------------------------------------------------

#[test]
fn money_in_another_currency_does_not_count() {
    let dollars = follow_up(2, "BATCH", CARD).with("vads_currency", "840");
    given(&cascade("AUTHORISED", &[VOUCHER, now(CARD, "AUTHORISED")]))
        .then(&dollars)
        .flagged([Flag::CurrencyMismatch])
        .held();
    let mut elsewhere = wl("3254564399_0", VISA, 9);
    elsewhere.currency = "USD".to_owned();
    given(&wl("3254564310_0", VISA, 5)).then(&elsewhere).flagged([Flag::CurrencyMismatch]).held();
}

#[test]
fn what_was_acquired_in_another_currency_covers_nothing() {
    for acquired in [140_000, 200_000, 60_000] {
        let mut event = wl("3254564310_0", VISA, 9).acquired(acquired).json();
        event["payment"]["paymentOutput"]["acquiredAmount"]["currencyCode"] = json!("JPY");
        let euro = Currency::from_alpha("EUR");
        let story = given(&event).flagged([Flag::CurrencyMismatch]).sums(140_000, 0, 0, 0).held();
        assert_eq!(story.order().summary(CAPTURED).currency, euro);
        let story = given(&wl("3254564310_0", VISA, 46)).then(&event).held();
        story.flagged([Flag::CurrencyMismatch]).sums(140_000, 0, 0, 0);
    }
}

#[test]
fn paid_twice_is_released_once_and_flagged() {
    let second = |status| Form::single("CMD-1", "def456", "CB", 10_000, status);
    given(&pay("CAPTURED"))
        .released()
        .then(&second("CAPTURED"))
        .is(State::Captured)
        .sums(10_000, 0, 20_000, 0)
        .flagged([Flag::Overpaid])
        .reversals(&[]);
    given(&wl("3254564310_0", VISA, 9))
        .then(&wl("3254564399_0", VISA, 9))
        .sums(140_000, 0, 280_000, 0)
        .flagged([Flag::Overpaid]);
}

#[test]
fn an_attempt_that_fails_late_never_undoes_a_paid_order() {
    for lost in ["REFUSED", "ABANDONED", "EXPIRED", "CANCELLED"] {
        given(&pay("CAPTURED"))
            .then(&Form::single("CMD-1", "def456", "CB", 10_000, lost))
            .is(State::Captured)
            .flagged([])
            .sums(10_000, 0, 10_000, 0)
            .released();
    }
    for (id, code) in [("3254564310_0", 2), ("3254564399_0", 2), ("3254564399_0", 1)] {
        given(&wl("3254564310_0", VISA, 9))
            .then(&wl(id, VISA, code))
            .is(State::Captured)
            .flagged([])
            .sums(140_000, 0, 140_000, 0);
    }
}

#[test]
fn of_two_amounts_for_one_order_the_larger_has_to_be_paid() {
    let dear = Form::single("CMD-1", "def456", "CB", 12_000, "REFUSED");
    given(&dear)
        .then(&pay("CAPTURED"))
        .is(State::PartiallyCaptured)
        .sums(12_000, 0, 10_000, 0)
        .flagged([Flag::AmountMismatch])
        .held();
    given(&wl("3254564310_0", VISA, 2))
        .then(&Payment::new("CMD-1", "3254564399_0", VISA, 9, 90_000))
        .sums(140_000, 0, 90_000, 0)
        .flagged([Flag::AmountMismatch])
        .held();
}

// --- Authorisation as enough -------------------------------------------------------------------

#[test]
fn secured_counts_what_is_reserved() {
    for (status, released) in [
        ("AUTHORISED", true),
        ("CAPTURED", true),
        ("SUSPENDED", false),
        ("AUTHORISED_TO_VALIDATE", false),
        ("CAPTURE_PENDING", false),
        ("PRE_AUTHORISED", false),
    ] {
        let story = under(SECURED).then(&pay(status));
        assert_eq!(story.order().fulfilment.is_some(), released, "{status}");
    }
    under(SECURED).then(&cascade("AUTHORISED", &[VOUCHER, now(CARD, "AUTHORISED")])).released();
    let partly = now(Share(CARD.0, CARD.1, 3_000, ""), "PARTIALLY_AUTHORISED");
    under(SECURED)
        .then(&cascade("AUTHORISED", &[VOUCHER, partly]))
        .sums(10_000, 3_000, 6_000, 0)
        .held();
    let covering = Share(CARD.0, CARD.1, 4_000, "PARTIALLY_AUTHORISED");
    under(SECURED).then(&cascade("AUTHORISED", &[VOUCHER, covering])).released();
}

#[test]
fn a_partial_authorisation_secures_what_was_authorised_and_no_more() {
    let partly = |amount: &str, currency: &str| {
        pay("PARTIALLY_AUTHORISED")
            .with("vads_effective_amount", amount)
            .with("vads_effective_currency", currency)
    };
    for (form, authorised) in [
        (partly("4000", "978"), 4_000),
        (partly("9999", "978"), 9_999),
        // More than was asked for cannot have been authorised in part.
        (partly("20000", "978"), 10_000),
        (partly("10000", "840"), 0),
        (partly("0", "978"), 0),
        (partly("10000", "978").without("vads_effective_currency"), 0),
        (partly("10000", "978").without("vads_effective_amount"), 0),
    ] {
        let story = under(SECURED).then(&form).sums(10_000, authorised, 0, 0);
        assert_eq!(story.order().fulfilment.is_some(), authorised == 10_000, "{authorised}");
        // Once captured it counts for what the form says was captured.
        story.then(&pay("CAPTURED")).sums(10_000, 0, 10_000, 0).released();
    }
}

#[test]
fn an_authorised_voucher_of_unknown_worth_secures_nothing() {
    under(SECURED).then(&wl("3254564310_0", CVCO, 5).acquired(None)).is(State::Pending).held();
    under(SECURED)
        .then(&wl("3254564310_0", VISA, 5).acquired(None))
        .is(State::Authorised)
        .released();
}

// --- Money given back --------------------------------------------------------------------------

#[test]
fn each_final_refund_is_one_reversal() {
    given(&pay("CAPTURED"))
        .then(&give_back('c', 3_000, "AUTHORISED"))
        .is(State::Captured)
        .sums(10_000, 0, 10_000, 0)
        .reversals(&[])
        .then(&give_back('c', 3_000, "CAPTURED"))
        .is(State::PartiallyRefunded)
        .sums(10_000, 0, 10_000, 3_000)
        .reversals(&[3_000])
        .repeats(&give_back('c', 3_000, "CAPTURED").sent_again("BO"))
        .then(&give_back('d', 7_000, "CAPTURED"))
        .is(State::Refunded)
        .reversals(&[3_000, 7_000])
        .flagged([]);
}

#[test]
fn worldline_refunds_add_up_by_operation() {
    given(&wl("3254564310_0", VISA, 9))
        .then(&refund("CMD-1", "3254564310_2", 81, 40_000))
        .is(State::Captured)
        .reversals(&[])
        .then(&refund("CMD-1", "3254564310_2", 8, 40_000))
        .is(State::PartiallyRefunded)
        .sums(140_000, 0, 140_000, 40_000)
        .then(&refund("CMD-1", "3254564310_3", 8, 100_000))
        .is(State::Refunded)
        .reversals(&[40_000, 100_000])
        .repeats(&refund("CMD-1", "9000003254564310003", 8, 100_000));
}

/// The event of a finished refund may carry the payment beside the refund, the payment in a status that
/// says nothing of it: the refund is the news.
#[test]
fn a_refund_beside_its_payment_is_a_refund() {
    let paid = wl("3254564310_0", VISA, 9);
    for code in [9, 5] {
        let mut both = refund("CMD-1", "3254564310_1", 8, 40_000);
        both["payment"] = wl("3254564310_0", VISA, code).json()["payment"].clone();
        given(&paid)
            .released()
            .then(&both)
            .is(State::PartiallyRefunded)
            .sums(140_000, 0, 140_000, 40_000)
            .reversals(&[40_000])
            .repeats(&refund("CMD-1", "3254564310_1", 8, 40_000));
        given(&both).then(&paid).sums(140_000, 0, 140_000, 40_000).held();
    }
    // In the news of a payment it is the payment that counts.
    let mut both = paid.json();
    both["refund"] = refund("CMD-1", "3254564310_1", 8, 40_000)["refund"].clone();
    given(&both).is(State::Captured).sums(140_000, 0, 140_000, 0).released();
}

#[test]
fn a_refused_refund_undoes_nothing() {
    for code in [73, 83] {
        given(&wl("3254564310_0", VISA, 9))
            .then(&wl("3254564310_2", VISA, code))
            .is(State::Captured)
            .sums(140_000, 0, 140_000, 0)
            .flagged([])
            .reversals(&[]);
        given(&wl("3254564310_2", VISA, code)).then(&wl("3254564310_0", VISA, 9)).released();
    }
}

#[test]
fn an_order_refunded_before_its_capture_was_known_is_not_released() {
    given(&give_back('c', 10_000, "CAPTURED"))
        .then(&pay("CAPTURED"))
        .is(State::Refunded)
        .held()
        .reversals(&[]);
    given(&give_back('c', 1, "CAPTURED")).then(&pay("CAPTURED")).held().reversals(&[]);
    given(&refund("CMD-1", "3254564310_2", 8, 140_000))
        .then(&wl("3254564310_0", VISA, 9))
        .is(State::Refunded)
        .held()
        .reversals(&[]);
    // A refund that is only asked for, or was refused, is none.
    given(&give_back('c', 10_000, "AUTHORISED")).then(&pay("CAPTURED")).released();
    given(&give_back('c', 10_000, "REFUSED")).then(&pay("CAPTURED")).released();
}

#[test]
fn a_chargeback_is_told_once_and_outranks_the_rest() {
    let charged_back = |word: &str| {
        let mut payment = wl("3254564310_3", VISA, 9);
        payment.kind = "payment.chargebacked".to_owned();
        payment.status = (word.to_owned(), 9, "COMPLETED".to_owned());
        payment
    };
    given(&wl("3254564310_0", VISA, 9))
        .then(&charged_back("CHARGEBACK_NOTIFICATION"))
        .is(State::Captured)
        .reversals(&[])
        .then(&charged_back("CHARGEBACKED"))
        .is(State::ChargedBack)
        .reversals(&[140_000])
        .repeats(&charged_back("CHARGEBACKED"));
    given(&charged_back("CHARGEBACKED")).then(&wl("3254564310_0", VISA, 9)).held().reversals(&[]);
}

#[test]
fn a_refund_of_doubtful_standing_is_no_reversal() {
    given(&pay("CAPTURED"))
        .then(&give_back('c', 10_000, "CAPTURED").with("vads_invented", "x"))
        .is(State::Captured)
        .flagged([Flag::Ambiguous])
        .reversals(&[]);
}

// --- What one signed form can be made to say ---------------------------------------------------

/// `form` with its signed text read in another way: the same values in the same order, under other
/// names. Proves that the signature is the same before it asks what the form says.
#[track_caller]
fn respelt(original: &Form, fields: &[(&str, &str)]) -> Statement {
    let joined = |fields: &[(&str, &str)]| {
        let mut fields: Vec<_> = fields.iter().filter(|(n, _)| n.starts_with("vads_")).collect();
        fields.sort_unstable();
        fields.iter().map(|(_, value)| *value).collect::<Vec<_>>().join("+")
    };
    assert_eq!(joined(fields), joined(&original.fields()), "not the same signed text");
    let body = quittance_testing::form_body(quittance_testing::FORM_KEY, fields);
    statement(read_lyra(&body))
}

/// A typed word behind the source cannot become the source.
#[test]
fn a_typed_source_cannot_take_the_place_of_the_real_one() {
    let real =
        Form::single("CMD-1", "src001", "CB", 10_000, "CAPTURED").with("vads_user_info", "REC");
    assert_eq!(real.said().standing, Standing::Sound);
    for hidden in ["vads_url_aaa", "vads_url_check"] {
        let mut fields = real.fields();
        for (name, _) in &mut fields {
            match *name {
                "vads_url_check_src" => *name = hidden,
                "vads_user_info" => *name = "vads_url_check_src",
                _ => {}
            }
        }
        let forged = respelt(&real, &fields);
        assert_eq!(forged.standing, Standing::Respellable, "{hidden}");
        assert!(forged.aliases.is_empty());
    }
}

/// Without a uuid the sequence number names the share: a typed number must not make a second one.
#[test]
fn a_typed_number_cannot_become_the_sequence_of_a_share_without_uuid() {
    let real = Form::single("CMD-1", "seq001", "CB", 10_000, "CAPTURED").without("vads_trans_uuid");
    assert_eq!(real.said().standing, Standing::Sound);
    let typed = real.with("vads_ship_to_name", "7");
    assert_eq!(typed.said().standing, Standing::Sound);
    let mut fields = typed.fields();
    for (name, _) in &mut fields {
        match *name {
            "vads_sequence_number" => *name = "vads_risk_control",
            "vads_ship_to_name" => *name = "vads_sequence_number",
            _ => {}
        }
    }
    assert_eq!(respelt(&typed, &fields).standing, Standing::Respellable);
}

/// A cascade has no uuid of its own, and an address to ship to must not hold it.
#[test]
fn a_cascade_that_is_shipped_is_believed() {
    let shares = [
        Share("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "CVCO", 6_000, "CAPTURED"),
        Share("bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "CB", 4_000, "CAPTURED"),
    ];
    let form = Form::cascade("CMD-1", "ship01", 10_000, "CAPTURED", &shares)
        .with("vads_ship_to_name", "Élodie Démo")
        .with("vads_ship_to_street_number", "7")
        .with("vads_ship_to_phone_num", "+33 1 23 45 67 89");
    assert_eq!(form.said().standing, Standing::Sound);
}

/// A form as short as a notification can be, so that the tests can spell it out.
fn short(status: &str, more: &[(&str, &str)]) -> Form {
    let kept = [
        "vads_amount",
        "vads_card_brand",
        "vads_ctx_mode",
        "vads_currency",
        "vads_hash",
        "vads_operation_type",
        "vads_order_id",
        "vads_site_id",
        "vads_trans_date",
        "vads_trans_id",
        "vads_trans_status",
        "vads_trans_uuid",
        "vads_url_check_src",
    ];
    let mut form = pay(status);
    for (name, _) in pay(status).fields() {
        if !kept.contains(&name) {
            form = form.without(name);
        }
    }
    more.iter().fold(form, |form, (name, value)| form.with(name, value))
}

fn value<'a>(form: &'a Form, name: &str) -> &'a str {
    form.get(name).unwrap()
}

#[test]
fn a_status_typed_by_the_buyer_is_not_believed() {
    let hash = "0".repeat(64);
    let typed = format!("x+{hash}+DEBIT+CMD-2+12345678+20261122100000+abc123+CAPTURED+PAY");
    let real = short("REFUSED", &[("vads_cust_name", &typed)]);
    let rest = [
        "vads_hash",
        "vads_operation_type",
        "vads_order_id",
        "vads_site_id",
        "vads_trans_date",
        "vads_trans_id",
        "vads_trans_status",
        "vads_trans_uuid",
        "vads_url_check_src",
    ]
    .map(|name| value(&real, name))
    .join("+");
    let forged = respelt(
        &real,
        &[
            ("vads_amount", "10000"),
            ("vads_card_brand", "CB"),
            ("vads_ctx_mode", "TEST"),
            ("vads_currency", "978"),
            ("vads_cust_name", "x"),
            ("vads_hash", &hash),
            ("vads_operation_type", "DEBIT"),
            ("vads_order_id", "CMD-2"),
            ("vads_site_id", "12345678"),
            ("vads_trans_date", "20261122100000"),
            ("vads_trans_id", "abc123"),
            ("vads_trans_status", "CAPTURED"),
            ("vads_url_check_src", "PAY"),
            ("vads_user_info", &rest),
        ],
    );
    assert_eq!(forged.standing, Standing::Respellable);
}

#[test]
fn an_order_reference_typed_by_the_buyer_is_not_believed() {
    let real = short("CAPTURED", &[("vads_order_info", "CMD-2")]);
    let hash = value(&real, "vads_hash");
    let common = |more: &[(&str, &str)]| {
        let mut fields = real.fields();
        fields.retain(|(name, _)| {
            !["vads_operation_type", "vads_order_id", "vads_order_info", "vads_hash"].contains(name)
        });
        let mut fields: Vec<(String, String)> =
            fields.into_iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
        fields.extend(more.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())));
        fields
    };
    let split = common(&[
        ("vads_hash", hash),
        ("vads_nb_products", "DEBIT+CMD-1"),
        ("vads_order_id", "CMD-2"),
    ]);
    let joined = common(&[
        ("vads_hash", hash),
        ("vads_operation_type", "DEBIT"),
        ("vads_order_id", "CMD-1+CMD-2"),
    ]);
    let shifted = common(&[
        ("vads_hash", hash),
        ("vads_identifier", "DEBIT"),
        ("vads_language", "CMD-1"),
        ("vads_order_id", "CMD-2"),
    ]);
    for fields in [split, joined, shifted] {
        let fields: Vec<(&str, &str)> =
            fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let forged = respelt(&real, &fields);
        assert_ne!(forged.key.order, "CMD-1");
        assert_eq!(forged.standing, Standing::Respellable, "{}", forged.key.order);
        assert!(forged.aliases.is_empty());
    }
}

#[test]
fn a_cascade_cannot_be_read_as_a_single_payment() {
    let real = cascade("CAPTURED", &[VOUCHER, now(CARD, "REFUSED")]);
    let mut fields = real.fields();
    for (name, _) in &mut fields {
        match *name {
            "vads_payment_seq" => *name = "vads_payment_option_code",
            "vads_sequence_number" => *name = "vads_risk_assessment",
            _ => {}
        }
    }
    assert_ne!(respelt(&real, &fields).standing, Standing::Sound);
    for (name, _) in &mut fields {
        if *name == "vads_card_brand" {
            *name = "vads_card_bin";
        }
    }
    assert_ne!(respelt(&real, &fields).standing, Standing::Sound);
}

#[test]
fn one_payment_cannot_be_read_as_two() {
    let real = pay("CAPTURED");
    let mut fields = real.fields();
    for (name, _) in &mut fields {
        match *name {
            "vads_trans_uuid" => *name = "vads_url_a",
            "vads_sequence_number" => *name = "vads_risk_assessment",
            _ => {}
        }
    }
    assert_eq!(respelt(&real, &fields).standing, Standing::Respellable);
}

#[test]
fn a_plus_or_a_word_that_a_person_may_type_holds_no_order() {
    for (name, typed) in [
        ("vads_cust_phone", "+33 1 23 45 67 89"),
        ("vads_cust_phone", "00491512345678"),
        ("vads_cust_name", "Jean + Jeanne & fils"),
        ("vads_cust_last_name", "TEST"),
        ("vads_cust_address", "12+14 rue de l'Été"),
        ("vads_order_info", "50 % + 10 %"),
        ("vads_ext_info_gift", "a+b=c&d"),
        ("vads_ext_info_cart", "{\"lines\":[1,2]}"),
        ("vads_ship_to_city", ""),
        ("vads_product_label0", "1+1 gratuit"),
    ] {
        given(&pay("CAPTURED").with(name, typed)).flagged([]).released();
    }
}

// --- Bounds and nonsense -----------------------------------------------------------------------

#[track_caller]
fn unreadable(readings: &[Reading]) -> String {
    match readings {
        [Reading::Unreadable(unreadable)] => unreadable.reason.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_order_holds_so_many_facts_and_no_more() {
    let mut order = Order::new(pay("REFUSED").said().key);
    let attempt =
        |n: usize| Form::single("CMD-1", &format!("{n:06}"), "CB", 10_000, "REFUSED").said();
    for n in 0..MAX_FACTS_PER_ORDER {
        assert_eq!(order.take(&attempt(n), &receipt(0), CAPTURED), Ok(Outcome::Changed));
    }
    let before = order.clone();
    assert_eq!(order.take(&attempt(MAX_FACTS_PER_ORDER), &receipt(0), CAPTURED), Err(Full));
    assert_eq!(order, before, "what does not fit leaves no trace");
    assert_eq!(order.take(&attempt(0), &receipt(0), CAPTURED), Ok(Outcome::Known));
    let bytes = serde_json::to_vec(&order).unwrap().len();
    assert!(bytes < 400_000, "{bytes} bytes are more than a table's item may have");
}

#[test]
fn doubtful_facts_cannot_shut_genuine_ones_out() {
    let mut order = Order::new(pay("REFUSED").said().key);
    for n in 0..MAX_FACTS_PER_ORDER + 1 {
        let respelt = Form::single("CMD-1", &format!("{n:06}"), "CB", 10_000, "CAPTURED");
        let _ = order.take(&respelt.with("vads_invented", "x").said(), &receipt(0), CAPTURED);
    }
    assert_eq!(order.take(&pay("CAPTURED").said(), &receipt(0), CAPTURED), Ok(Outcome::Changed));
    assert!(order.fulfilment.is_some());
}

#[test]
fn amounts_that_are_none_are_quarantined() {
    for bad in ["-1", "10.00", "1e4", "", "abc", "1000000000000", "99999999999999999999"] {
        let form = pay("CAPTURED").with("vads_amount", bad);
        assert!(matches!(read_lyra(&form.body()), Reading::Unreadable(_)), "{bad}");
    }
    for bad in
        [json!(-1), json!(1.5), json!(1e30), json!(1_000_000_000_000_u64), json!("x"), json!([])]
    {
        for field in ["amountOfMoney", "acquiredAmount"] {
            let mut event = wl("3254564310_0", VISA, 9).json();
            event["payment"]["paymentOutput"][field]["amount"] = bad.clone();
            unreadable(&read_worldline(&event.to_string()));
        }
        let mut answer = lyra::answer("CMD-1", "abc123", 10_000, ("PAID", "CLOSED"), &[CARD]);
        answer["transactions"][0]["amount"] = bad.clone();
        let body =
            quittance_testing::rest_body(quittance_testing::REST_PASSWORD, &answer.to_string());
        assert!(matches!(read_lyra(&body), Reading::Unreadable(_)), "{bad}");
    }
}

#[test]
fn deep_repeated_and_cut_json_is_quarantined() {
    let body = wl("3254564310_0", VISA, 9).body();
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    unreadable(&read_worldline(&deep));
    // In a field that nobody reads, depth does no harm.
    let inside = body.replacen("\"references\":", &format!("\"deep\":{deep},\"references\":"), 1);
    assert_eq!(read_worldline(&inside), read_worldline(&body));
    unreadable(&read_worldline(&body.replacen(
        "\"amountOfMoney\":",
        "\"amountOfMoney\":{},\"amountOfMoney\":",
        1,
    )));
    unreadable(&read_worldline(&body.replacen(
        "\"status\":",
        "\"status\":\"CAPTURED\",\"status\":",
        1,
    )));
    unreadable(&read_worldline(&body[..body.len() - 1]));
    unreadable(&read_worldline(&format!("{body}x")));
    unreadable(&read_worldline(""));
    unreadable(&read_worldline_bound(b"{\"a\":\"\xff\"}", None));
    let answer =
        |answer: &str| quittance_testing::rest_body(quittance_testing::REST_PASSWORD, answer);
    assert!(matches!(read_lyra(&answer(&deep)), Reading::Unreadable(_)));
    let listed = cascade("CAPTURED", &[VOUCHER, CARD]).with("vads_payment_seq", &deep);
    assert!(matches!(read_lyra(&listed.body()), Reading::Unreadable(_)));
}

#[test]
fn lists_are_bounded() {
    let many = vec![VOUCHER; MAX_SHARES_PER_NOTIFICATION + 1];
    assert!(matches!(read_lyra(&cascade("CAPTURED", &many).body()), Reading::Unreadable(_)));
    let rest = lyra::rest("CMD-1", "abc123", 10_000, ("PAID", "CLOSED"), &many);
    assert!(matches!(read_lyra(&rest), Reading::Unreadable(_)));
    let events = |n| json!(vec![wl("3254564310_0", VISA, 9).json(); n]).to_string();
    unreadable(&read_worldline(&events(MAX_EVENTS_PER_NOTIFICATION + 1)));
    unreadable(&read_worldline("[]"));
}

#[test]
fn an_array_of_a_hundred_events_is_read_whole() {
    let event = |n: u64| Payment::new(&format!("CMD-{n}"), &format!("{n}_0"), VISA, 9, 500).json();
    let events: Vec<Value> = (1_000..1_100).map(event).collect();
    let readings = read_worldline(&json!(events).to_string());
    let orders: BTreeSet<String> =
        readings.into_iter().map(|reading| statement(reading).key.order).collect();
    assert_eq!(orders.len(), 100);
}

#[test]
fn each_event_of_an_array_stands_for_itself() {
    let other = Payment::new("CMD-2", "3254564399_0", VISA, 2, 500).json();
    let test = envelope("payment.test", "payment", json!({"id": "9999_9"}));
    let events = json!([wl("3254564310_0", VISA, 9).json(), {"apiVersion": "v1"}, test, other]);
    let readings = read_worldline(&format!(" \n{events}"));
    let [
        Reading::Order(first),
        Reading::Unreadable(_),
        Reading::Untracked { about },
        Reading::Order(last),
    ] = &readings[..]
    else {
        panic!("{readings:?}")
    };
    assert_eq!((first.key.order.as_str(), last.key.order.as_str()), ("CMD-1", "CMD-2"));
    assert_eq!(about, "payment.test");
}

#[test]
fn what_is_not_about_a_payment_is_untracked() {
    for (kind, object) in
        [("payout.paid", "payout"), ("token.created", "token"), ("paymentlink.paid", "paymentLink")]
    {
        let readings = read_worldline(&envelope(kind, object, json!({"id": "1"})).to_string());
        assert!(matches!(&readings[..], [Reading::Untracked { about }] if about == kind));
    }
}

#[test]
fn another_version_or_merchant_is_quarantined() {
    let body = wl("3254564310_0", VISA, 9).body();
    assert!(unreadable(&read_worldline(&body.replace("\"v1\"", "\"v2\""))).contains("apiVersion"));
    let bound = |merchant| read_worldline_bound(body.as_bytes(), Some(merchant));
    assert!(unreadable(&bound("Someone")).contains("merchantId"));
    assert!(matches!(bound("DemoMerchant")[..], [Reading::Order(_)]));
}

#[test]
fn a_rest_answer_must_agree_with_its_password() {
    let sent = |change: fn(&mut Value)| {
        let mut answer =
            lyra::answer("CMD-1", "abc123", 10_000, ("PAID", "CLOSED"), &[VOUCHER, CARD]);
        change(&mut answer);
        read_lyra(&quittance_testing::rest_body(
            quittance_testing::REST_PASSWORD,
            &answer.to_string(),
        ))
    };
    assert!(matches!(sent(|_| ()), Reading::Order(_)));
    let changes: [fn(&mut Value); 5] = [
        |answer| answer["orderDetails"]["mode"] = json!("PRODUCTION"),
        |answer| answer["orderDetails"]["mode"] = json!(null),
        |answer| answer["shopId"] = json!("99999999"),
        |answer| answer["transactions"][1]["shopId"] = json!("99999999"),
        |answer| answer["orderDetails"]["orderCurrency"] = json!("XXX"),
    ];
    for change in changes {
        assert!(matches!(sent(change), Reading::Unreadable(_)));
    }
}

#[test]
fn a_rest_transaction_that_contradicts_itself_waits() {
    let mut answer = lyra::answer("CMD-1", "abc123", 10_000, ("PAID", "CLOSED"), &[VOUCHER, CARD]);
    answer["transactions"][1]["status"] = json!("UNPAID");
    let body = quittance_testing::rest_body(quittance_testing::REST_PASSWORD, &answer.to_string());
    given(&body).flagged([Flag::Ambiguous]).held();
}

#[test]
fn a_rest_answer_that_calls_a_covered_order_lost_waits() {
    let answer = |paid, shares: &[Share<'_>]| lyra::rest("CMD-1", "abc123", 10_000, paid, shares);
    for word in ["UNPAID", "ABANDONED"] {
        let lost = (word, "CLOSED");
        for shares in [[VOUCHER, CARD], [VOUCHER, now(CARD, "AUTHORISED")]] {
            under(SECURED).then(&answer(lost, &shares)).flagged([Flag::Ambiguous]).held();
        }
        given(&answer(lost, &[VOUCHER, CARD]))
            .flagged([Flag::Ambiguous])
            .held()
            .then(&answer(("PAID", "CLOSED"), &[VOUCHER, CARD]))
            .flagged([])
            .released();
        // A voucher whose complement did not come is lost and no contradiction.
        given(&answer(lost, &[VOUCHER, now(CARD, "REFUSED")]))
            .is(State::PartiallyCaptured)
            .flagged([])
            .held();
    }
}

#[test]
fn a_rest_answer_with_a_refund_is_a_credit() {
    let mut answer = lyra::answer("CMD-1", "abc123", 4_000, ("PAID", "CLOSED"), &[CARD]);
    answer["transactions"][0]["operationType"] = json!("CREDIT");
    answer["transactions"][0]["transactionDetails"]["parentTransactionUuid"] = json!(VOUCHER.0);
    let body = quittance_testing::rest_body(quittance_testing::REST_PASSWORD, &answer.to_string());
    let story = given(&cascade("CAPTURED", &[VOUCHER, Share("d", "CB", 4_000, "CAPTURED")]))
        .then(&body)
        .sums(10_000, 0, 10_000, 4_000)
        .is(State::PartiallyRefunded)
        .reversals(&[4_000]);
    let credit = story.order().summary(CAPTURED).shares.pop().unwrap();
    assert_eq!((credit.kind, credit.status), (Kind::Credit, Status::Refunded));
}
