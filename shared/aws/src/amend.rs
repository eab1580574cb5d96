//! What the merchant and his operator say of an order: loaded under any of its names, changed and decided
//! anew by the core, and written on condition that nobody wrote it in between; else again.

use quittance_core::claims::Decisions;
use quittance_core::limits::MAX_AMOUNT;
use quittance_core::order::AlreadyPaid;
use quittance_core::plan::under_way;
use quittance_core::provider::rules;
use quittance_core::registered::Registered;
use quittance_core::rules::Rules;
use quittance_core::{Currency, Order, OrderKey, Outcome, Policy, Summary, Timestamp};

use crate::archive::Archive;
use crate::clock::{now, sortable_nanos};
use crate::error::StoreError;
use crate::measure::{self, Event};
use crate::patience::Patience;
use crate::receive::Receiver;
use crate::table::{PendingWrite, Saved, Table, UnsentMarker};
use crate::trace::Trace;

/// Changes orders on the word of the merchant or his operator.
#[derive(Clone, Debug)]
pub struct Amender {
    /// The orders.
    pub table: Table,
    /// What is registered is kept there, too.
    pub archive: Archive,
    /// When an order is released.
    pub policy: Policy,
}

/// What an order is to cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// Minor units.
    amount: u64,
    currency: Currency,
}

impl Price {
    /// `None` for nothing at all, and for more than [`MAX_AMOUNT`].
    pub fn new(amount: u64, currency: Currency) -> Option<Self> {
        (1..=MAX_AMOUNT).contains(&amount).then_some(Self { amount, currency })
    }

    fn register(
        self,
        order: &mut Order,
        rules: &Rules,
        at: Timestamp,
        policy: Policy,
    ) -> Change<Result<bool, AlreadyPaid>> {
        // What a status does not count yet may be taken all the same.
        let moves = under_way(order, rules);
        let keeps = |known: Registered| {
            let is_other = (known.amount, known.currency) != (self.amount, self.currency);
            is_other && known.is_kept_by(&moves, self.currency)
        };
        if order.registered().is_some_and(keeps) {
            return Change::None(Err(AlreadyPaid));
        }
        match order.register(self.amount, self.currency, at, policy) {
            Ok(Outcome::Changed(summary) | Outcome::Retold(summary)) => {
                Change::Made(summary, Ok(true))
            }
            Ok(Outcome::Known) => Change::None(Ok(false)),
            Err(refused) => Change::None(Err(refused)),
        }
    }
}

/// What became of a price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Registration {
    /// It is what the order costs from now on.
    Done {
        /// The order with it.
        order: Box<Order>,
        /// Whether the order is released by it.
        released: bool,
    },
    /// It was registered before.
    Known(Box<Order>),
    /// Another one is registered, and stays.
    Refused(AlreadyPaid),
    /// A payment of another amount is open, and stays what the order costs.
    Busy,
}

/// What became of an order's statements with more than one reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forgotten {
    /// They are gone.
    All,
    /// There were none.
    Nothing,
    /// They stay: nothing else has the provider asked about the order.
    Asked,
}

/// What a change does to an order.
enum Change<T> {
    /// It is to be written, and amounts to this.
    Made(Summary, T),
    /// There is nothing to write.
    None(T),
}

impl Amender {
    /// What changes the orders that a receiver writes.
    pub fn of(receiver: &Receiver) -> Self {
        let Receiver { table, archive, policy, .. } = receiver.clone();
        Self { table, archive, policy }
    }

    /// Registers what an order costs, as said at that time. The order need not be known yet.
    ///
    /// # Errors
    ///
    /// The errors of [`Table::load_order`], [`Table::save`] and [`Archive::keep_registration`];
    /// [`StoreError::Contended`] where other writers were faster each time. It may be registered all the same: whoever says it
    /// again is told.
    pub async fn register(
        &self,
        key: &OrderKey,
        price: Price,
        at: Timestamp,
        trace: Option<&Trace>,
    ) -> Result<Registration, StoreError> {
        if self.is_busy_with_another(key, price).await?.is_some() {
            return Ok(Registration::Busy);
        }
        let amended = self.set_price(key, price, at, trace).await?;
        // Whoever starts a payment notes it first and registers its amount afterwards. So of the two one sees the other.
        if amended.became == Ok(true)
            && let Some(other) = self.is_busy_with_another(key, price).await?
        {
            self.set_price(key, other, at, trace).await?;
            return Ok(Registration::Busy);
        }
        let (psp, order) = (amended.order.key().psp.as_str(), amended.order.key());
        let outcome = match &amended.became {
            Ok(true) => "registered",
            Ok(false) => "unchanged",
            Err(_) => "contradicts",
        };
        tracing::info!(psp, %order, released = amended.released, outcome, "expected amount");
        Ok(amended.into())
    }

    async fn set_price(
        &self,
        key: &OrderKey,
        price: Price,
        at: Timestamp,
        trace: Option<&Trace>,
    ) -> Result<Amended<Result<bool, AlreadyPaid>>, StoreError> {
        let began = sortable_nanos();
        let rules = rules(self.table.providers(), key.psp);
        let amended =
            self.amend(key, trace, |order| price.register(order, rules, at, self.policy)).await?;
        // Only what is stored: a price that is refused, or of which we die, must never come out of the archive. Whoever
        // had no answer says it again, and it is archived then. It counts from when it was said: of a payment that comes
        // meanwhile the order is held rather than released for less.
        if amended.became.is_ok()
            && let Some(registered) = amended.order.registered()
        {
            self.archive.keep_registration(amended.order.key(), registered, &began).await?;
        }
        Ok(amended)
    }

    /// The price of a payment that the buyer may be making, if it is another.
    async fn is_busy_with_another(
        &self,
        key: &OrderKey,
        price: Price,
    ) -> Result<Option<Price>, StoreError> {
        let due = self.table.sessions_of(key).await?.sessions.due(now());
        let due = due.and_then(|(amount, currency)| Price::new(amount, currency));
        Ok(due.filter(|due| *due != price))
    }

    /// What [`Amender::register`] would do, without doing it.
    ///
    /// # Errors
    ///
    /// The errors of [`Table::load_order`].
    pub async fn rehearse(
        &self,
        key: &OrderKey,
        price: Price,
        at: Timestamp,
    ) -> Result<Registration, StoreError> {
        let mut order = self.table.load_order(key).await?.order;
        let before = Decisions::of(&order);
        let rules = rules(self.table.providers(), key.psp);
        let became = match price.register(&mut order, rules, at, self.policy) {
            Change::Made(_, became) | Change::None(became) => became,
        };
        let released = Decisions::of(&order).since(before).released > 0;
        Ok(Amended { order, became, released }.into())
    }

    /// Drops what rests on statements with more than one reading; where they alone have the provider asked about the order, only if
    /// `unpaid` says that somebody looked, and nothing was paid.
    ///
    /// # Errors
    ///
    /// Those of [`Amender::register`].
    pub async fn forget_doubts(
        &self,
        key: &OrderKey,
        unpaid: bool,
    ) -> Result<(Order, Forgotten), StoreError> {
        let change = |order: &mut Order| {
            if !unpaid && order.is_asked_for_doubts(self.policy) {
                return Change::None(Forgotten::Asked);
            }
            match order.forget_doubts() {
                true => Change::Made(order.summary(self.policy), Forgotten::All),
                false => Change::None(Forgotten::Nothing),
            }
        };
        let Amended { order, became, .. } = self.amend(key, None, change).await?;
        Ok((order, became))
    }

    /// Read, change, write on condition that nobody wrote in between; else again.
    async fn amend<T>(
        &self,
        key: &OrderKey,
        trace: Option<&Trace>,
        change: impl Fn(&mut Order) -> Change<T>,
    ) -> Result<Amended<T>, StoreError> {
        let mut patience = Patience::new();
        while patience.again().await {
            let stored = self.table.load_order(key).await?;
            let mut order = stored.order;
            // Decisions merged from an alias item were counted when they were made.
            let before = Decisions::of(&order);
            let (summary, became) = match change(&mut order) {
                Change::Made(summary, became) => (summary, became),
                Change::None(became) => return Ok(Amended { order, became, released: false }),
            };
            let mark = stored.mark.unwrap_or_else(|| UnsentMarker::now(trace.cloned()));
            let draft = PendingWrite::new(&order, &summary, now())?;
            let draft =
                draft.after(stored.former.as_ref()).marked(Some(mark)).standing(stored.entry);
            match self.table.save(draft, stored.version).await? {
                Saved::Done => {
                    let new = Decisions::of(&order).since(before);
                    measure::count_decisions(new);
                    return Ok(Amended { order, became, released: new.released > 0 });
                }
                Saved::Conflict => measure::count(Event::Conflict),
            }
        }
        Err(StoreError::Contended)
    }
}

/// An order after a change.
struct Amended<T> {
    order: Order,
    became: T,
    released: bool,
}

impl From<Amended<Result<bool, AlreadyPaid>>> for Registration {
    fn from(amended: Amended<Result<bool, AlreadyPaid>>) -> Self {
        let Amended { order, became, released } = amended;
        match became {
            Ok(true) => Self::Done { order: Box::new(order), released },
            Ok(false) => Self::Known(Box::new(order)),
            Err(refused) => Self::Refused(refused),
        }
    }
}
