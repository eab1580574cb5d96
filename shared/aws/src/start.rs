//! Starts payments: decides by the sessions of the order, notes the start, registers what the order costs, calls the
//! provider, and stores what the buyer gets before it is handed out.
//!
//! Each step may be the last. A start that was noted and came to nothing keeps others out for a minute; what nobody was
//! told of cannot be paid.

use std::time::Duration;

use quittance_core::api::{
    Api, CheckoutRefused, NoAccess, NotStarted, Opening, Started, Trouble, TroubleKind,
};
use quittance_core::checkout::{Conflict, Decision, Offer, Opened, Paid, Sessions, Stage, Wish};
use quittance_core::plan::under_way;
use quittance_core::provider::rules;
use quittance_core::{Order, OrderKey, State};

use crate::amend::{Amender, Price, Registration};
use crate::ask::Asker;
use crate::checkouts::StoredSessions;
use crate::clock::{Instant, now};
use crate::error::StoreError;
use crate::patience::Patience;
use crate::table::Saved;

/// How long a provider may take to open a session: whoever waits for the answer over HTTP gives up after 30 seconds.
const START_BUDGET: Duration = Duration::from_secs(20);

/// How long is asked before a second form is signed for the same order.
const ASK_BUDGET: Duration = Duration::from_secs(5);

/// How often a start is decided anew because others started the same order at the same time.
const MAX_RACES: usize = 5;

/// How many names are tried: one is another payment's once in some hundred thousand times.
const MAX_NAMES: usize = 8;

/// Starts payments.
#[derive(Clone, Debug)]
pub struct Starter {
    /// Has the credentials, what calls the providers, and the orders.
    pub asker: Asker,
    /// Our own address as providers and browsers see it (`https://host`, without a slash at its end).
    pub public_url: Option<String>,
}

/// A payment that the buyer can make.
#[derive(Clone, Debug)]
pub struct Checkout {
    /// The order, with what it costs.
    pub order: Order,
    /// The provider's id of the session.
    pub id: String,
    /// What the buyer gets.
    pub offer: Offer,
    /// Whether no session was open before.
    pub is_new: bool,
}

/// Why there is no payment that the buyer can make.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A rule forbids it, or there are no credentials. Nothing was sent.
    #[error(transparent)]
    Refused(#[from] CheckoutRefused),
    /// Another session is open, or something was paid. Nothing was sent.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// The provider did not open it.
    #[error(transparent)]
    NotStarted(Trouble),
    /// The order was not read or not written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A start that is noted.
struct Noted<'w> {
    key: &'w OrderKey,
    wish: &'w Wish,
    price: Price,
    attempt: u32,
    held: StoredSessions,
}

impl Starter {
    /// Starts a payment of an order, or finds the session that is open for the same. The wish has the merchant's own
    /// return address.
    ///
    /// # Errors
    ///
    /// [`StartError`].
    pub async fn start(&self, key: &OrderKey, wish: &Wish) -> Result<Checkout, StartError> {
        let table = &self.asker.receiver.table;
        let price = Price::new(wish.amount, wish.currency);
        let price = price.ok_or_else(|| CheckoutRefused::Rule("no such amount".to_owned()))?;
        let api = self.asker.apis.of(key.psp).await;
        let api = api.ok_or(CheckoutRefused::NoAccess(NoAccess::Missing))?;
        let mut has_asked = false;
        for _ in 0..MAX_RACES {
            let order = table.load_order(key).await?.order;
            let mut held = table.sessions_of(key).await?;
            let at = now();
            let is_open = |s: &quittance_core::checkout::Session| {
                s.is_busy(at) && matches!(s.stage, Stage::Open { .. })
            };
            let is_new = !held.sessions.all().iter().any(is_open);
            let may_be_paid = !held.sessions.ids().is_empty();
            let attempt = match held.sessions.decide(wish, self.paid(&order), at) {
                Decision::Open { id, offer } => return Ok(Checkout { order, id, offer, is_new }),
                Decision::Conflict(conflict) => return Err(conflict.into()),
                // The buyer may have paid in a session that is over, or by a form that he has.
                Decision::Start(_) if may_be_paid && !has_asked => {
                    has_asked = true;
                    let until = Instant::now() + ASK_BUDGET;
                    // What cannot be asked now is not waited for.
                    let _ = self.asker.ask_until(key, until).await;
                    continue;
                }
                Decision::Start(attempt) => attempt,
            };
            let (attempt, opening) =
                self.opening(&*api, key, wish, attempt, &mut held.sessions).await?;
            if table.save_sessions(key, &mut held).await? == Saved::Conflict {
                continue;
            }
            let mut noted = Noted { key, wish, price, attempt, held };
            if let Err(error) = self.register(&mut noted).await {
                if matches!(error, StartError::Store(_)) {
                    // Nothing was sent. Where this is not written either, the start runs out.
                    let _ = self.fail(&mut noted, false).await;
                }
                return Err(error);
            }
            let opened = match opening {
                Opening::Ready(opened) => opened,
                Opening::Talk(talk) => {
                    let until = Instant::now() + START_BUDGET;
                    match self.asker.caller.lead(talk, until, late).await {
                        Ok(opened) => opened,
                        Err(NotStarted { trouble, uncertain }) => {
                            tracing::warn!(order = %key, %trouble, uncertain, "payment not started");
                            if trouble.kind == TroubleKind::Credentials {
                                self.asker.apis.refused(key.psp).await;
                            }
                            self.fail(&mut noted, uncertain).await?;
                            return Err(StartError::NotStarted(trouble));
                        }
                    }
                }
            };
            let (id, offer) = self.settle(&mut noted, &opened).await?;
            // Whoever registered another amount meanwhile did not see the session, or was refused: see `Amender`.
            let order = match self.register(&mut noted).await {
                Ok(order) => order,
                Err(error) => {
                    // Nobody was told of the session, and nobody is to be.
                    let told = [id];
                    let end = |sessions: &mut Sessions| sessions.end(&told, now()).then_some(());
                    self.change(&mut noted, end).await?;
                    return Err(error);
                }
            };
            tracing::info!(order = %key, checkout = id, is_new, "payment started");
            return Ok(Checkout { order, id, offer, is_new });
        }
        Err(Conflict::Starting.into())
    }

    /// What was paid for the order.
    fn paid(&self, order: &Order) -> Paid {
        let summary = order.summary(self.asker.receiver.policy);
        let rules = rules(self.asker.receiver.table.providers(), order.key().psp);
        let is_covered = matches!(summary.state, State::Authorised | State::Captured);
        if order.fulfilment().is_some() || summary.is_paid || is_covered {
            Paid::All
        } else if !summary.paid_in.is_empty() || !under_way(order, rules).is_empty() {
            Paid::Part
        } else {
            Paid::Nothing
        }
    }

    /// What starts it, under a number whose name no other payment has.
    async fn opening(
        &self,
        api: &dyn Api,
        key: &OrderKey,
        wish: &Wish,
        mut attempt: u32,
        sessions: &mut Sessions,
    ) -> Result<(u32, Opening), StartError> {
        let (account, table) = (key.account(), &self.asker.receiver.table);
        let sent = self.sent(key, wish);
        for _ in 0..MAX_NAMES {
            let opening = api.checkout(&account, &sent, attempt, now())?;
            let unique = match &opening {
                Opening::Ready(opened) => opened.unique.as_deref(),
                Opening::Talk(_) => None,
            };
            let Some(name) = unique else { return Ok((attempt, opening)) };
            if table.claim_name(&account, name, &format!("{attempt} {key}")).await? {
                return Ok((attempt, opening));
            }
            attempt = sessions.renumber(attempt, now()).ok_or(Conflict::Starting)?;
        }
        Err(Conflict::Starting.into())
    }

    /// The wish as the provider hears it: buyers and notifications come to us.
    fn sent(&self, key: &OrderKey, wish: &Wish) -> Wish {
        let Some(public) = &self.public_url else { return wish.clone() };
        let provider =
            quittance_core::provider::find(self.asker.receiver.table.providers(), key.psp);
        Wish {
            return_url: format!("{public}/returns/{}", key.psp),
            notification_url: provider.map(|it| format!("{public}{}", it.profile().route)),
            ..wish.clone()
        }
    }

    /// Registers what the order costs. The order with it.
    async fn register(&self, noted: &mut Noted<'_>) -> Result<Order, StartError> {
        let receiver = &self.asker.receiver;
        let amender = Amender::of(receiver);
        match amender.register(noted.key, noted.price, now(), None).await? {
            // What was paid may have become known meanwhile: a page then has the buyer pay once more.
            Registration::Done { order, .. } | Registration::Known(order)
                if self.paid(&order) == Paid::Nothing =>
            {
                Ok(*order)
            }
            Registration::Refused(_) | Registration::Done { .. } | Registration::Known(_) => {
                self.fail(noted, false).await?;
                Err(Conflict::Paid.into())
            }
            Registration::Busy => {
                self.fail(noted, false).await?;
                Err(Conflict::Open.into())
            }
        }
    }

    /// Stores that a start came to nothing.
    async fn fail(&self, noted: &mut Noted<'_>, uncertain: bool) -> Result<(), StoreError> {
        let attempt = noted.attempt;
        self.change(noted, |sessions| sessions.fail(attempt, uncertain).then_some(())).await?;
        Ok(())
    }

    /// Stores what a start came to. What the buyer gets.
    async fn settle(
        &self,
        noted: &mut Noted<'_>,
        opened: &Opened,
    ) -> Result<(String, Offer), StartError> {
        if let Some(proof) = &opened.proof {
            self.asker.receiver.table.note_return(noted.key, proof).await?;
        }
        let (attempt, wish) = (noted.attempt, noted.wish);
        let settled =
            self.change(noted, |sessions| sessions.settle(attempt, wish, opened, now())).await?;
        // Somebody else was quicker with another session: nobody hears of this one.
        Ok(settled.ok_or(Conflict::Open)?)
    }

    /// Changes the sessions, and stores them unless there is nothing to change.
    async fn change<T>(
        &self,
        noted: &mut Noted<'_>,
        change: impl Fn(&mut Sessions) -> Option<T>,
    ) -> Result<Option<T>, StoreError> {
        let table = &self.asker.receiver.table;
        let mut patience = Patience::new();
        while patience.again().await {
            let Some(made) = change(&mut noted.held.sessions) else { return Ok(None) };
            if table.save_sessions(noted.key, &mut noted.held).await? == Saved::Done {
                return Ok(Some(made));
            }
            noted.held = table.sessions_of(noted.key).await?;
        }
        Err(StoreError::Contended)
    }
}

/// What comes of a talk that is not over in time.
fn late(trouble: Trouble) -> Started {
    Err(NotStarted { trouble, uncertain: true })
}
