//! Asks a provider what it knows of an order, and stores what it says.
//!
//! An answer takes the way of a notification: its statements go through [`quittance_core::claims`] to their order, and
//! the order decides. Nothing else here changes what an order holds. When it is asked about again is worked out by
//! [`quittance_core::schedule`].

use std::time::Duration;

use quittance_core::api::{Asked, NoAccess, Subject, Trouble, TroubleKind};
use quittance_core::fold::Confirm;
use quittance_core::notice::Notice;
use quittance_core::schedule::UNREACHED_SECONDS;
use quittance_core::{OrderKey, Timestamp};

use crate::apis::Apis;
use crate::archive::supplement::HeardAnswer;
use crate::caller::Caller;
use crate::clock::{Instant, now};
use crate::error::StoreError;
use crate::index::Entry;
use crate::measure::{self, Event};
use crate::notices::Notifier;
use crate::receive::Receiver;
use crate::table::{Saved, Stored};
use crate::turns::{LookReport, Looked, Most, Visitor, in_turn};

/// How long one order may be asked about: whoever waits for the answer over HTTP gives up after 30 seconds.
pub const ASK_BUDGET: Duration = Duration::from_secs(25);

/// Most orders that one look reads of each shard of the index, which holds those of all merchants.
const MAX_DUE_PER_SHARD: u32 = 100;

/// Most orders that are asked about in one look, of all merchants.
const MAX_ASKS: usize = 1_000;

/// Most orders of one merchant that are asked about in one look, one at a time: no provider publishes a rate, and a
/// merchant with many open orders takes no time from the others.
const MAX_ASKS_PER_ACCOUNT: usize = 250;

/// How long an order is left alone whose merchant has no credentials, in seconds: long enough to cost nothing, and short
/// enough for whoever is about to put them.
const NO_ACCESS_SECONDS: u64 = 15 * 60;

/// Asks providers, and stores what they say.
#[derive(Clone, Debug)]
pub struct Asker {
    /// Where answers go.
    pub receiver: Receiver,
    /// Whom to ask, and with what.
    pub apis: Apis,
    /// Makes the calls.
    pub caller: Caller,
}

/// What asking about one order came to.
#[derive(Clone, Debug)]
pub struct AskResult {
    /// The order afterwards.
    pub stored: Stored,
    /// Whether the provider knows of it.
    pub is_known: bool,
    /// Whether the provider said something that was not known.
    pub has_news: bool,
    /// Why a payment that the order may have been paid with, too, could not be read ([`quittance_core::api::Answer::missed`]).
    pub missed: Option<Trouble>,
}

/// What an answer came to.
#[derive(Default)]
struct Learnt {
    is_known: bool,
    has_news: bool,
    ended: bool,
    missed: Option<Trouble>,
}

/// Why nothing was learnt.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// There is nothing to ask with.
    #[error(transparent)]
    NoAccess(#[from] NoAccess),
    /// The provider did not answer, or not so that it is understood.
    #[error(transparent)]
    Provider(#[from] Trouble),
    /// The order was not read or not written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AskError {
    /// The word used in logs.
    pub fn word(&self) -> &'static str {
        match self {
            Self::NoAccess(_) => "no_access",
            Self::Provider(trouble) => trouble.kind.as_str(),
            Self::Store(_) => "store",
        }
    }
}

/// Which orders are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Those whose time has come.
    Due,
    /// All that are open.
    Open,
}

impl Asker {
    /// Asks about one order, by any of its names, and stores what is said.
    ///
    /// # Errors
    ///
    /// [`AskError`]. Where the provider was not understood, nothing is stored but the time of the next ask.
    pub async fn ask(&self, key: &OrderKey) -> Result<AskResult, AskError> {
        self.ask_until(key, Instant::now() + ASK_BUDGET).await
    }

    /// The same, by `until` at the latest. It takes no turn of the schedule: whoever asks by hand, or comes back from a
    /// payment page, must not put the next ask off.
    pub(crate) async fn ask_until(
        &self,
        key: &OrderKey,
        until: Instant,
    ) -> Result<AskResult, AskError> {
        self.ask_in_turn(key, until, 0).await
    }

    /// Asks, as so many turns of the schedule.
    async fn ask_in_turn(
        &self,
        key: &OrderKey,
        until: Instant,
        turns: u32,
    ) -> Result<AskResult, AskError> {
        let stored = self.receiver.table.load_order(key).await?;
        measure::count(Event::Asked);
        let before = stored.ended_at;
        match self.learn(&stored, until).await {
            Ok(Learnt { is_known, has_news, ended, missed }) => {
                let stored = self.receiver.table.load_order(key).await?;
                let asked = if has_news { 1 } else { stored.asked.saturating_add(turns).max(1) };
                let summary = stored.order.summary(self.receiver.policy);
                let at = now();
                let due = stored.order.next_ask(&summary, asked, at);
                let ended_at = ended.then(|| before.or(stored.ended_at).unwrap_or(at));
                let next = due.map(|due| Entry::ask(&stored.order, &summary, due, at));
                self.set(&stored, next, asked, ended_at).await?;
                let stored = Stored { asked, ended_at, ..stored };
                Ok(AskResult { stored, is_known, has_news, missed })
            }
            Err(error) => {
                let (psp, order) = (stored.order.key().psp.as_str(), stored.order.key());
                let why = error.word();
                // Under that policy nothing is released without asking.
                let is_expected = matches!(error, AskError::NoAccess(_))
                    && self.receiver.policy.confirm == Confirm::Off;
                if is_expected {
                    tracing::info!(psp, %order, why, "not asked");
                } else {
                    measure::count(Event::AskFailed);
                    tracing::warn!(psp, %order, why, %error, "nothing learnt");
                }
                if let AskError::Provider(Trouble { kind: TroubleKind::Credentials, .. }) = &error {
                    self.apis.refused(stored.order.key().psp).await;
                }
                self.put_off(&stored, &error).await?;
                Err(error)
            }
        }
    }

    /// Asks and stores.
    async fn learn(&self, stored: &Stored, until: Instant) -> Result<Learnt, AskError> {
        let key = stored.order.key();
        let api = self.apis.of(key.psp).await.ok_or(NoAccess::Missing)?;
        let mut held = self.receiver.table.sessions_of(key).await?;
        let (at, checkouts) = (now(), held.sessions.ids());
        let talk = api.ask(&Subject { order: &stored.order, checkouts: &checkouts })?;
        let answer = match self.caller.lead(talk, until, Asked::Failed).await {
            Asked::Told(answer) => answer,
            Asked::Unknown => return Ok(Learnt::default()),
            Asked::Failed(trouble) => return Err(trouble.into()),
        };
        let (ended, missed) = (answer.ended, answer.missed.clone());
        if held.sessions.end(&answer.over, at) {
            // Whoever changed them meanwhile started another one, or the next ask ends them.
            self.receiver.table.save_sessions(key, &mut held).await?;
        }
        let has_news = self.receiver.hear(&HeardAnswer::new(answer, now())).await?;
        Ok(Learnt { is_known: true, has_news, ended, missed })
    }

    /// After an ask that failed. A provider that cannot be reached is tried again soon; an answer that nobody
    /// understands will hardly be better by then.
    async fn put_off(&self, stored: &Stored, error: &AskError) -> Result<(), StoreError> {
        let (pause, asked) = match error {
            AskError::NoAccess(_) => (Some(NO_ACCESS_SECONDS), stored.asked),
            AskError::Provider(_) if error.is_of_all() => (Some(UNREACHED_SECONDS), stored.asked),
            AskError::Provider(_) => (None, stored.asked.saturating_add(1)),
            AskError::Store(_) => return Ok(()),
        };
        let (at, summary) = (now(), stored.order.summary(self.receiver.policy));
        let grown = stored.order.next_ask(&summary, asked, at);
        let due = grown.and_then(|grown| pause.map_or(Some(grown), |pause| at.later(pause)));
        let next = due.map(|due| Entry::ask(&stored.order, &summary, due, at));
        self.set(stored, next, asked, stored.ended_at).await
    }

    /// Sets when the order is asked about next. Where there is no item, and where somebody wrote the order since,
    /// there is nothing to set.
    async fn set(
        &self,
        stored: &Stored,
        next: Option<Entry>,
        asked: u32,
        ended_at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        if let Some(version) = stored.version {
            self.receiver
                .table
                .reschedule(stored.order.key(), version, next, asked, ended_at)
                .await?;
        }
        Ok(())
    }

    /// Asks about the orders that are due, those first that wait longest, then about those of which the queue has not been told
    /// for long, and tells of those that are held all the same.
    /// Each merchant has a turn of its own, an order that cannot be asked about keeps no other from its turn, and what is
    /// not asked about by `until` is left to the next look.
    ///
    /// # Errors
    ///
    /// Those of [`crate::table::Table::due`].
    pub async fn sweep(
        &self,
        wanted: Wanted,
        until: Instant,
        notifier: &Notifier,
    ) -> Result<LookReport, StoreError> {
        if self.apis.is_empty() && !notifier.wants(Notice::Held) {
            return Ok(LookReport::default());
        }
        let table = &self.receiver.table;
        let due = table.due(wanted.by(), MAX_DUE_PER_SHARD).await?;
        let untold = table.untold(now(), MAX_ASKS).await?;
        let most = Most { of_all: MAX_ASKS, of_one: MAX_ASKS_PER_ACCOUNT };
        let round = |is_told| Round { asker: self, notifier, is_told };
        let due = in_turn(due, most, until, &round(true)).await;
        // They come last: what waits for its word alone goes before.
        Ok(due.and(in_turn(untold, most, until, &round(false)).await))
    }
}

/// Asks about one order after the other, and tells what is held.
struct Round<'a> {
    asker: &'a Asker,
    notifier: &'a Notifier,
    /// Whether the queue knows of these orders. Where it does not, they stand to be told, and nobody puts them off.
    is_told: bool,
}

impl Round<'_> {
    /// What cannot be told now is told with the next ask.
    async fn tell(&self, order: &OrderKey) {
        if let Err(error) = self.notifier.held(order).await {
            tracing::error!(%order, %error, "not told that it is held");
        }
    }
}

impl Visitor for Round<'_> {
    async fn visit(&self, order: &OrderKey, until: Instant) -> Looked {
        let by = until.min(Instant::now() + ASK_BUDGET);
        let asked = self.asker.ask_in_turn(order, by, 1).await;
        // Whatever came of it: an order of which nothing is learnt is held, too.
        self.tell(order).await;
        match asked {
            Ok(AskResult { has_news, .. }) => Looked::Done(has_news),
            Err(AskError::NoAccess(_)) => Looked::Impossible,
            Err(error) => Looked::Failed { is_of_all: error.is_of_all() },
        }
    }

    async fn put_off(&self, order: &OrderKey, due: Timestamp) -> Result<Saved, StoreError> {
        if !self.is_told {
            return Ok(Saved::Conflict);
        }
        self.tell(order).await;
        self.asker.receiver.table.postpone(order, due).await
    }
}

impl Wanted {
    /// By when what is wanted is due; `None` for all.
    pub(crate) fn by(self) -> Option<Timestamp> {
        (self == Self::Due).then(now)
    }
}

impl AskError {
    /// Whether it would hardly be otherwise for another order of the same merchant.
    fn is_of_all(&self) -> bool {
        match self {
            Self::Provider(trouble) => {
                matches!(trouble.kind, TroubleKind::Unreachable | TroubleKind::Credentials)
            }
            Self::NoAccess(_) | Self::Store(_) => false,
        }
    }
}
