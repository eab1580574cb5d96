//! Whose payment it is: to which order a statement goes, and what has to be read and written before.
//!
//! A message may name its payment only (`tx:…`): it has no reference, or one that is not the order's
//! own. So each payment has an item under its own name that points to the order of the first message that
//! had both, and messages that give the name alone go where it points.
//!
//! What follows on a payment (a capture, a refund, news of a batch) belongs where the payment is, whatever
//! reference it carries. Before the payment itself is known it stands under its own reference, and its
//! claim to the name is weak: the payment claims it anew, takes along what is known of it, and the
//! order where that stood gives it up.
//!
//! A payment pays for one order. Told once more under a second reference, it is kept there in doubt, and
//! releases nothing, unless all that the first order knows of it has failed: a shop may use a transaction
//! id again.
//!
//! There is one exception. A payment may be stated as a subscription's own and as an occurrence of it,
//! which is another order: then one of the two messages is a browser return respelt as the other, and
//! the order that was known first has the payment.
//!
//! Nothing here reads or writes. [`Claims`] says the next step as a value, whoever stores the items
//! carries it out, and says what came of it. Each step is worked out anew from what was read, and what a
//! step writes shows in the items. So whoever dies between two steps leaves nothing that the same
//! statement, told again, does not finish:
//!
//! - a name is written before its order, and holds what was known under it until the order lists the name;
//! - what takes along notes the order that held it ([`Item::former`]) in the same write, and that order gives
//!   up only what has been taken along. Until it has, nothing is decided with what was taken along: an order
//!   that was released for it in between keeps the payment.
//!
//! Items are written one by one, and others write them at the same time. Two rules keep a payment in one
//! order all the same. Whoever stores news in an order writes the names anew that lead there and that it
//! does not list, just before. Whoever makes a name lead away from an order writes that order just before.
//! So of the two one finds what the other wrote, and begins anew.

mod items;
mod map;
mod rule;

use std::borrow::Cow;
use std::collections::BTreeSet;

pub use self::items::{Alias, Astray, Item, Items, Way};
use self::rule::{
    has_failed, is_about, is_free, is_occurrence_by, knows_capture, knows_debit, rests_on,
};
use crate::fact::Standing;
use crate::fold::{Policy, Summary};
use crate::key::OrderKey;
use crate::limits::MAX_FACTS_PER_ORDER;
use crate::order::{Order, OrderFull, Outcome, Receipt};
use crate::remark::{Remark, SECOND_REFERENCE};
use crate::statement::Statement;
use crate::view::Headline;

/// Most names followed from where a name points. One is all that is ever written, and whoever finds two
/// makes one of them.
const MAX_STRAIGHTENED: usize = 3;

/// What to do next. An item is written on condition that it is still at the version at which it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Read the items of these keys, in whatever order, and say so of each by [`Claims::loaded`].
    Load(Vec<OrderKey>),
    /// Write an item that is a name, then say [`Claims::written`] or [`Claims::refused`].
    Name(Box<Item>),
    /// Write another order than the one that the statement goes to, then say the same.
    Settle(Box<Write>),
    /// Write the order that has taken the statement, then say [`Claims::taken`] or [`Claims::refused`].
    Take(Box<Write>),
    /// Begin anew, after a pause where others may write the same items; [`Claims::refused`] asks for the same.
    Again(Cause),
    /// There is nothing more to do.
    End(End),
}

/// An order to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// What is to be stored.
    pub item: Item,
    /// What the order amounts to.
    pub summary: Summary,
    /// The decisions that are taken with this write, and were not before.
    pub decisions: Decisions,
    /// The names by which the order was found, the nearest last.
    pub names: Vec<OrderKey>,
    /// Whose the payment is, if it is under two references.
    pub two_references: Option<TwoReferences>,
}

/// How many decisions there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Decisions {
    /// Releases.
    pub released: usize,
    /// Reversals.
    pub reversed: usize,
}

impl Decisions {
    /// Those of an order. There are never fewer afterwards.
    pub fn of(order: &Order) -> Self {
        Self { released: usize::from(order.fulfilment.is_some()), reversed: order.reversals.len() }
    }

    /// Those that came since an earlier look.
    pub fn since(self, before: Self) -> Self {
        Self {
            released: self.released.saturating_sub(before.released),
            reversed: self.reversed.saturating_sub(before.reversed),
        }
    }
}

/// A rare case, which is logged and is no error: one payment under two references. It is held in the second order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TwoReferences {
    /// The payment's name.
    pub name: OrderKey,
    /// The order that has the payment.
    pub home: OrderKey,
}

/// Why to begin anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Someone else wrote one of the items at the same time.
    Raced,
    /// The payment of the statement belongs to another order: the statement goes there.
    Elsewhere,
}

/// What became of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// It was news, and is stored.
    Stored(Place),
    /// Everything in it was known, or decides nothing.
    Known(Place),
    /// The order has no room for it.
    Full(OrderFull),
    /// The item under this alias points to another alias, which is never written.
    Astray(OrderKey),
}

/// Where a statement went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The order.
    pub order: OrderKey,
    /// The order in one line.
    pub headline: Headline,
}

/// A statement on its way to its order.
#[derive(Clone, Debug)]
pub struct Claims<'a> {
    statement: Cow<'a, Statement>,
    receipt: Receipt,
    policy: Policy,
    /// Where it is looked for.
    key: OrderKey,
    /// What was read, and what has been written since.
    seen: Items,
    /// The items among them that have been written since: nobody else can write what rests on an older one.
    wrote: BTreeSet<OrderKey>,
    /// What becomes of it once its order is written.
    taking: Option<End>,
    /// Whether it is written.
    is_stored: bool,
}

/// Why there is no answer yet.
enum Need {
    /// This step comes first.
    First(Box<Step>),
    /// The statement goes to another order.
    Elsewhere(OrderKey),
}

impl From<Step> for Need {
    fn from(step: Step) -> Self {
        Self::First(Box::new(step))
    }
}

impl From<Astray> for Need {
    fn from(astray: Astray) -> Self {
        Self::from(match astray {
            Astray::Unread(key) => Step::Load(vec![key]),
            Astray::TooFar(key) => Step::End(End::Astray(key)),
        })
    }
}

/// Where a name leads a statement that has claimed it.
enum Lead<'a> {
    /// To the order at hand, which takes over what this item holds.
    Here(&'a Item),
    /// To another order, and that says nothing.
    Beside,
    /// To another order, whose payment it is.
    Held(TwoReferences),
}

impl<'a> Claims<'a> {
    /// A statement that arrived with this receipt.
    pub fn new(statement: &'a Statement, receipt: Receipt, policy: Policy) -> Self {
        Self::of(Cow::Borrowed(statement), receipt, policy)
    }

    /// The same, with a statement that it keeps.
    pub fn owning(statement: Statement, receipt: Receipt, policy: Policy) -> Self {
        Self::of(Cow::Owned(statement), receipt, policy)
    }

    fn of(statement: Cow<'a, Statement>, receipt: Receipt, policy: Policy) -> Self {
        let key = statement.key.clone();
        Self {
            statement,
            receipt,
            policy,
            key,
            seen: Items::default(),
            wrote: BTreeSet::new(),
            taking: None,
            is_stored: false,
        }
    }

    /// What to do next.
    pub fn step(&mut self) -> Step {
        if let Some(end) = self.taking.clone().filter(|_| self.is_stored) {
            return Step::End(end);
        }
        let unread = self.unread();
        if !unread.is_empty() {
            return Step::Load(unread);
        }
        match self.take() {
            Ok((write, end)) => {
                self.taking = Some(end);
                Step::Take(Box::new(write))
            }
            Err(Need::First(step)) => *step,
            Err(Need::Elsewhere(home)) => {
                self.key = home;
                self.refused();
                Step::Again(Cause::Elsewhere)
            }
        }
    }

    /// The order to which this name leads the statement, where that has room for it: there the statement will be stored,
    /// unless someone else writes first.
    pub fn home(&self, name: &Item) -> Option<&OrderKey> {
        name.join.as_ref().filter(|join| join.home == self.key)?;
        let facts = self.seen.get(&self.key)?.order.facts.trusted() + self.statement.facts.len();
        let has_room = !self.statement.standing.is_doubtful() && facts <= MAX_FACTS_PER_ORDER;
        has_room.then_some(&self.key)
    }

    /// An item was read.
    pub fn loaded(&mut self, item: Item) {
        self.seen.put(item);
    }

    /// An item was written that this asked for by [`Step::Name`] or [`Step::Settle`].
    pub fn written(&mut self, item: Item) {
        self.wrote.insert(item.order.key.clone());
        self.seen.put(item.next());
    }

    /// The order was written that [`Step::Take`] gave.
    pub fn taken(&mut self) {
        self.is_stored = true;
    }

    /// Nothing was written: someone else wrote the item since it was read.
    pub fn refused(&mut self) {
        self.seen = Items::default();
        self.wrote.clear();
    }

    /// What is read at once, before it is known what is needed: the first message of a payment needs the order and
    /// its names, and one read of both takes one round trip. Later ones need no name, and a name is small.
    fn unread(&self) -> Vec<OrderKey> {
        let names = self.statement.aliases.iter().collect::<BTreeSet<_>>();
        let keys =
            [&self.key].into_iter().chain(names.into_iter().filter(|name| **name != self.key));
        keys.filter(|key| self.seen.get(key).is_none()).cloned().collect()
    }

    /// The order that takes the statement, once all names of its payment lead there.
    fn take(&self) -> Result<(Write, End), Need> {
        let way = self.open()?;
        let weak = self.statement.is_follower();
        let (mut order, mut changed) = way.order();
        let mut held = None;
        let mut unlisted = way.unlisted();
        for name in &self.statement.aliases {
            if is_own(&order, name) {
                continue;
            }
            match self.claim(name, &way)? {
                Lead::Here(named) => {
                    unlisted.push(named);
                    let before = order.clone();
                    order.absorb(named.order.clone());
                    // A weak claim may be overruled, so its order must look the name up each time.
                    if !weak {
                        order.aliases.insert(name.order.clone());
                    }
                    changed |= order != before;
                }
                Lead::Beside => {}
                Lead::Held(by) => {
                    held = Some(by);
                    break;
                }
            }
        }
        // Decisions merged from an alias item were counted when they were made.
        let before = Decisions::of(&order);
        let taken = match &held {
            Some(_) => order.take(&self.doubted(), &self.receipt, self.policy),
            None => order.take(&self.statement, &self.receipt, self.policy),
        };
        let (summary, end): (_, fn(Place) -> End) = match taken {
            Ok(Outcome::Changed(summary)) => (summary, End::Stored),
            // What a name brought along is news, whatever the statement itself is.
            Ok(Outcome::Retold(summary)) if changed => (summary, End::Stored),
            Ok(Outcome::Retold(summary)) => (summary, End::Known),
            // What a name held may complete the order although the statement itself is no news.
            Ok(Outcome::Known) if changed => {
                (order.decide(self.receipt.received_at, self.policy), End::Stored)
            }
            Ok(Outcome::Known) => {
                let headline = order.headline(self.policy);
                let place = Place { order: order.key, headline };
                return Err(Need::from(Step::End(End::Known(place))));
            }
            Err(full) => return Err(Need::from(Step::End(End::Full(full)))),
        };
        self.hold(&unlisted)?;
        let headline = order.headline_of(&summary, self.policy);
        let place = Place { order: order.key.clone(), headline };
        let decisions = Decisions::of(&order).since(before);
        let item = Item { order, version: way.end.version, join: None, former: None };
        let names = way.names.iter().map(|name| name.order.key.clone()).collect();
        Ok((Write { item, summary, decisions, names, two_references: held }, end(place)))
    }

    fn doubted(&self) -> Statement {
        let mut doubted = Statement::clone(&self.statement);
        doubted.lower(Standing::Contradictory, Remark::plain(SECOND_REFERENCE));
        doubted
    }

    /// The order that the statement's key leads to. A name with a weak claim does not lead the payment itself
    /// on: it becomes the order where the money was taken, and takes along what followed. What has been
    /// taken along on the way is given up where it stood.
    fn open(&self) -> Result<Way<'_>, Need> {
        let named = self.seen(&self.key)?;
        let weak = named.join.as_ref().filter(|join| join.weak && !self.statement.is_follower());
        if let Some(join) = weak {
            // Where it has no reference, what follows on it may have named the order.
            let home = self.seen(&join.home)?;
            if !knows_capture(&home.order, &named.order.key) {
                self.settle(named)?;
                self.fence(home, &named.order.key)?;
                return Err(Need::from(self.move_in(named, &join.home)?));
            }
        }
        let mut way = self.seen.follow(&self.key)?;
        for item in way.unlisted().into_iter().chain([way.end]) {
            self.settle(item)?;
        }
        way.is_settled = true;
        Ok(way)
    }

    /// Makes an order of a name.
    fn move_in(&self, named: &Item, home: &OrderKey) -> Result<Step, Need> {
        let mut item = Item { join: None, ..named.clone() };
        self.take_from(&mut item, home, &named.order.key)?;
        Ok(self.rewrite(item, &named.order))
    }

    /// Makes a name of the statement lead to the order at hand, if it may.
    fn claim(&self, name: &OrderKey, way: &Way<'_>) -> Result<Lead<'_>, Need> {
        let (statement, order) = (&*self.statement, &way.end.order);
        let weak = statement.is_follower();
        let named = self.seen(name)?;
        self.settle(named)?;
        let claimed = Alias { home: order.key.clone(), weak };
        let Some(join) = &named.join else {
            // A capture may be the first to name the order of a payment that has no reference; a refund
            // is not.
            if statement.is_credit() && knows_debit(&named.order) {
                return Err(Need::Elsewhere(name.clone()));
            }
            return Err(Need::from(rename(named, claimed)));
        };
        // Its home may have become another name since: the payment's name is to lead to the end.
        let home = self.end_of(&join.home, &order.key)?;
        if home != join.home {
            let straight = Alias { home, weak: join.weak };
            return Err(Need::from(rename(named, straight)));
        }
        if join.home == order.key && (weak || !join.weak) {
            return Ok(Lead::Here(named));
        }
        if weak {
            let home = self.seen(&join.home)?;
            if !is_free(&home.order, name, statement) {
                return Err(Need::Elsewhere(join.home.clone()));
            }
            self.fence(home, name)?;
            return Err(Need::from(rename(named, claimed)));
        }
        // A failure takes nothing from the order that has the payment.
        if join.home != order.key && has_failed(statement) {
            return Ok(Lead::Beside);
        }
        if join.weak {
            // An order that was released for a capture of the payment has the payment.
            let home = self.seen(&join.home)?;
            let is_elsewhere = join.home != order.key;
            if is_elsewhere && rests_on(&home.order, name, self.policy) {
                return Ok(Lead::Held(held(name, &join.home)));
            }
            // The name holds what followed from now on, so that it outlives us.
            let mut item = Item { join: Some(claimed), ..named.clone() };
            if is_elsewhere {
                self.fence(home, name)?;
                self.take_from(&mut item, &join.home, name)?;
            }
            return Err(Need::from(Step::Name(Box::new(item))));
        }
        // Whether or not the first message is stored already: its name is written before it.
        if is_occurrence_by(name, &join.home, &order.key)
            || is_occurrence_by(name, &order.key, &join.home)
        {
            return Err(Need::Elsewhere(join.home.clone()));
        }
        // A checkout's name, and the reference says which order is meant.
        if !is_about(statement, name) {
            return Ok(Lead::Beside);
        }
        let home = self.seen(&join.home)?;
        if !is_free(&home.order, name, statement) {
            return Ok(Lead::Held(held(name, &join.home)));
        }
        self.fence(home, name)?;
        Err(Need::from(rename(named, claimed)))
    }

    /// Writes an order from which a name is about to lead away, and which lists it no more: what it takes at
    /// the same time looks the name up, or comes too late.
    fn fence(&self, home: &Item, name: &OrderKey) -> Result<(), Need> {
        if self.wrote.contains(&home.order.key) {
            return Ok(());
        }
        let mut item = home.clone();
        item.order.aliases.remove(&name.order);
        Err(Need::from(self.rewrite(item, &home.order)))
    }

    /// Writes names anew that their order does not list: whoever is about to make them lead elsewhere comes
    /// too late.
    fn hold(&self, unlisted: &[&Item]) -> Result<(), Need> {
        match unlisted.iter().find(|named| !self.wrote.contains(&named.order.key)) {
            Some(named) => Err(Need::from(Step::Name(Box::new((*named).clone())))),
            None => Ok(()),
        }
    }

    /// The order to which a name leads in the end. Where it leads to the one at hand no more is read.
    fn end_of(&self, home: &OrderKey, at_hand: &OrderKey) -> Result<OrderKey, Need> {
        let mut home = home;
        for _ in 0..MAX_STRAIGHTENED {
            if home == at_hand {
                break;
            }
            match &self.seen(home)?.join {
                Some(join) => home = &join.home,
                None => break,
            }
        }
        Ok(home.clone())
    }

    /// Takes along into an item what the order that a name pointed to knows of the name's payment, and notes
    /// that order.
    fn take_from(&self, item: &mut Item, former: &OrderKey, name: &OrderKey) -> Result<(), Need> {
        self.take_along(&mut item.order, former, name)?;
        item.former = Some(former.clone());
        Ok(())
    }

    /// Takes along what another order knows of a payment. Whether that was news.
    fn take_along(
        &self,
        order: &mut Order,
        former: &OrderKey,
        name: &OrderKey,
    ) -> Result<bool, Need> {
        let Some(payment) = name.payment() else { return Ok(false) };
        let before = order.clone();
        order.absorb_payment(&self.seen(former)?.order, payment);
        Ok(*order != before)
    }

    /// Where an item has taken along what another order knew of its payment, that order gives it up; what came
    /// there since is taken along first.
    fn settle(&self, item: &Item) -> Result<(), Need> {
        let Some(former) = &item.former else { return Ok(()) };
        let name = &item.order.key;
        // The order where it led meanwhile has become a name of the former one, which has all of it again.
        if let Some(join) = &item.join {
            let home = self.end_of(&join.home, former)?;
            if home == *former {
                return Err(Need::from(rename(item, Alias { home, weak: join.weak })));
            }
        }
        if rests_on(&self.seen(former)?.order, name, self.policy) {
            // Something else completed that order since its name was led away: a notification of another of its
            // attempts, an amount registered. It has the payment, and its name leads there again. An order
            // that a name has become took no capture along, so the other rests on none.
            let Some(join) = &item.join else { return Ok(()) };
            let home = self.seen(&join.home)?;
            // That one took the payment after the other had given it up: what was read is too old.
            if home.order.aliases.contains(&name.order) {
                return Ok(());
            }
            self.fence(home, name)?;
            let back = Alias { home: former.clone(), weak: true };
            return Err(Need::from(rename(item, back)));
        }
        let mut more = item.clone();
        if self.take_along(&mut more.order, former, name)? {
            return Err(Need::from(self.rewrite(more, &item.order)));
        }
        self.give_up(former, item)
    }

    /// Lets the order that held the news of a payment give them up, and decides anew: it may be complete
    /// without them. Just before, what leads away from it is written anew: whoever has made it lead back since it was read
    /// may have brought the news back, too.
    fn give_up(&self, former: &OrderKey, named: &Item) -> Result<(), Need> {
        let Some(payment) = named.order.key.payment() else { return Ok(()) };
        let held = self.seen(former)?;
        let mut item = held.clone();
        if !item.order.give_up_payment(payment) {
            return Ok(());
        }
        self.renew(named)?;
        if let Some(join) = &named.join
            && join.home.payment().is_some()
        {
            // Only an order under a payment's name can become a name.
            self.renew(self.seen(&join.home)?)?;
        }
        Err(Need::from(self.rewrite(item, &held.order)))
    }

    /// Writes an item as it is, once: others who have read it begin anew.
    fn renew(&self, item: &Item) -> Result<(), Need> {
        if self.wrote.contains(&item.order.key) {
            return Ok(());
        }
        Err(Need::from(self.rewrite(item.clone(), &item.order)))
    }

    /// Writes an item with other facts than before. An order is decided anew; a name decides nothing.
    fn rewrite(&self, mut item: Item, before: &Order) -> Step {
        if item.join.is_some() {
            return Step::Name(Box::new(item));
        }
        let before = Decisions::of(before);
        let summary = item.order.decide(self.receipt.received_at, self.policy);
        let decisions = Decisions::of(&item.order).since(before);
        Step::Settle(Box::new(Write {
            item,
            summary,
            decisions,
            names: Vec::new(),
            two_references: None,
        }))
    }

    fn seen(&self, key: &OrderKey) -> Result<&Item, Need> {
        self.seen.get(key).ok_or_else(|| Need::from(Step::Load(vec![key.clone()])))
    }
}

fn held(name: &OrderKey, home: &OrderKey) -> TwoReferences {
    TwoReferences { name: name.clone(), home: home.clone() }
}

/// Makes a name lead elsewhere. What it has taken along is settled.
fn rename(named: &Item, join: Alias) -> Step {
    Step::Name(Box::new(Item { join: Some(join), former: None, ..named.clone() }))
}

/// Whether the name is the order's own key, or known to lead to it for good.
fn is_own(order: &Order, name: &OrderKey) -> bool {
    *name == order.key || order.aliases.contains(&name.order)
}
