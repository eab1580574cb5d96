//! Carries refunds, captures and cancellations out: plans them on the provider's word, stores what is intended, makes
//! the call, stores what came of it, and asks again. What comes next is for [`quittance_core::desk`] to say.
//!
//! Each step may be the last: what was stored before it is enough to go on from, in another process too. No call is
//! made before its intent is durable, and none is repeated unless the provider knows it by its key.

use std::time::Duration;

use quittance_core::api::{Action, Effect, NoAccess, Trouble, TroubleKind, Verb};
use quittance_core::desk::{Answer, Desk, New, Request, RequestKind, Round, Step};
use quittance_core::key::Account;
use quittance_core::plan::Refusal;
use quittance_core::provider::rules;
use quittance_core::rules::Rules;
use quittance_core::schedule::UNREACHED_SECONDS;
use quittance_core::{Order, OrderKey, ProviderId, Timestamp};

use crate::ask::{AskError, AskResult, Asker, Wanted};
use crate::clock::{Instant, now};
use crate::desks::{StoredDesk, WriteMark, next_version};
use crate::error::StoreError;
use crate::patience::Patience;
use crate::table::Saved;
use crate::turns::{LookReport, Looked, Most, Visitor, in_turn};

/// How long a request may be worked on before the rest is left to the next look: whoever waits for the answer over HTTP
/// gives up after 30 seconds, and a call that has begun then is waited for.
pub const PAY_BUDGET: Duration = Duration::from_secs(20);

/// The least that a call is given. Providers move money within two or three seconds.
const CALL_BUDGET: Duration = Duration::from_secs(8);

/// What a look gives each order with which it has begun, however little of its own time is left: a call, and some seconds
/// to ask before it. Looks are shorter than a call.
const LEAST_BUDGET: Duration = CALL_BUDGET.saturating_add(Duration::from_secs(5));

/// How often a request is planned anew because others changed what is asked for of the same order.
const MAX_RACES: usize = 3;

/// Most desks that one look reads.
const MAX_DUE: u32 = 250;

/// Moves money, as the merchant asks.
#[derive(Clone, Debug)]
pub struct Payer {
    /// Asks the providers, and has what calls them.
    pub asker: Asker,
}

/// A request as it stands, beside its order.
#[derive(Clone, Debug)]
pub struct Progress {
    /// The order, as the provider told it last.
    pub order: Order,
    /// The request.
    pub request: Request,
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum PayError {
    /// The provider was not asked, or the store did not take it.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// Neither we nor the provider know of the order.
    #[error("nobody knows the order")]
    UnknownOrder,
    /// The provider does not know of what it told before.
    #[error("the provider says that it knows nothing of this order, and it told of it before")]
    Denied,
    /// There is no reason for it any more.
    #[error("there is no reason for it any more")]
    Settled,
    /// The same id was used for something else.
    #[error("this request is known with another content")]
    Conflict,
    /// Another request is under way, or nobody knows what became of it.
    #[error("another request of this order is under way, or nobody knows what became of it")]
    Busy,
    /// The order has as many requests as are kept.
    #[error("the order has as many requests as are kept")]
    Full,
    /// Rules forbid it.
    #[error("rules forbid it")]
    Refused {
        /// The order, as the provider told it.
        order: Box<Order>,
        /// Why.
        refusal: Refusal,
    },
}

impl From<StoreError> for PayError {
    fn from(error: StoreError) -> Self {
        Self::Ask(error.into())
    }
}

/// A round that is carried out.
struct Drive<'p> {
    payer: &'p Payer,
    order: Order,
    /// The desk as it is stored.
    held: StoredDesk,
    until: Instant,
    /// How often something was stored.
    stores: usize,
    /// Why the last ask failed.
    failed: Option<AskError>,
    /// Whether somebody else changed the desk, so that the round was given up.
    is_overtaken: bool,
    /// Whether time ran out with something left to do.
    is_late: bool,
}

impl Payer {
    /// Plans a request on the provider's word and keeps nothing of it. One that is known already is shown as it stands.
    ///
    /// # Errors
    ///
    /// [`PayError`]; nothing is changed by any.
    pub async fn plan(&self, key: &OrderKey, new: New<'_>) -> Result<Progress, PayError> {
        let until = Instant::now() + PAY_BUDGET;
        let (order, mut held) = self.read(key).await?;
        held.desk.lapse(&order);
        if let Some(request) = known(&held.desk, new)? {
            return Ok(Progress { request: request.clone(), order });
        }
        let order = self.told(key, until).await?;
        match held.desk.plan(&order, self.rules(order.key().psp), new, now()) {
            Ok(request) => Ok(Progress { order, request }),
            Err(refusal) => Err(PayError::Refused { order: Box::new(order), refusal }),
        }
    }

    /// Plans a request on the provider's word and carries it out, as far as that goes now. One that is known already goes
    /// on where it is.
    ///
    /// # Errors
    ///
    /// [`PayError`]. Nothing was sent to the provider then, but where the store failed after a call: the same request
    /// again goes on.
    pub async fn carry_out(&self, key: &OrderKey, new: New<'_>) -> Result<Progress, PayError> {
        self.carry(key, new, None).await
    }

    /// The same of what nobody asked for, unless the order turns out to be another than was thought once the provider was
    /// asked. What cannot be begun with now is dropped.
    ///
    /// # Errors
    ///
    /// Those of [`Payer::carry_out`]; [`PayError::Settled`] where `is_wanted` says that it is not wanted any more.
    pub async fn carry_out_if(
        &self,
        key: &OrderKey,
        new: New<'_>,
        is_wanted: impl Fn(&Order) -> bool + Sync,
    ) -> Result<Progress, PayError> {
        self.carry(key, new, Some(&is_wanted)).await
    }

    async fn carry(
        &self,
        key: &OrderKey,
        new: New<'_>,
        is_wanted: Option<&(dyn Fn(&Order) -> bool + Sync)>,
    ) -> Result<Progress, PayError> {
        let until = Instant::now() + PAY_BUDGET;
        for _ in 0..MAX_RACES {
            let (order, mut held) = self.read(key).await?;
            let rules = self.rules(order.key().psp);
            held.desk.lapse(&order);
            if let Some(request) = known(&held.desk, new)? {
                if request.lines.iter().all(|line| line.state.is_final()) {
                    return Ok(Progress { request: request.clone(), order });
                }
                let round = Round::new(held.desk.clone(), rules, false);
                let drive = self.drive(order, held, until);
                return found(drive.finish(round, false).await?, new);
            }
            // After the desk: what the desk shows as done is in the answer then.
            let told = self.told(key, until).await?;
            if told.key() != order.key() {
                // It is known under another name now, and so may its desk be.
                continue;
            }
            if is_wanted.is_some_and(|is_wanted| !is_wanted(&told)) {
                return Err(PayError::Settled);
            }
            if !held.has_room() {
                return Err(PayError::Full);
            }
            let mut desk = held.desk.clone();
            let answer = match is_wanted {
                None => desk.request(&told, rules, new, now()),
                Some(_) => desk.request_by_itself(&told, rules, new, now()),
            };
            match answer {
                Answer::Planned => {}
                Answer::Known => continue,
                Answer::Conflict => return Err(PayError::Conflict),
                Answer::Busy => return Err(PayError::Busy),
                Answer::Full => return Err(PayError::Full),
                Answer::Refused(refusal) => {
                    return Err(PayError::Refused { order: Box::new(told), refusal });
                }
            }
            let (kind, order) = (new.content.kind().as_str(), told.key());
            tracing::info!(%order, kind, request = new.request, "planned");
            let round = Round::of_new_request(desk, rules);
            let drive = self.drive(told, held, until).finish(round, true).await?;
            if drive.stores == 0 && drive.is_overtaken {
                continue;
            }
            return found(drive, new);
        }
        Err(PayError::Busy)
    }

    /// What was asked for of an order, and the order as it is stored. Nobody is asked.
    ///
    /// # Errors
    ///
    /// [`PayError::UnknownOrder`], and those of [`crate::table::Table::load_order`] and
    /// [`crate::table::Table::desk_of`].
    pub async fn requests(&self, key: &OrderKey) -> Result<(Order, Desk), PayError> {
        let table = &self.asker.receiver.table;
        let stored = table.load_order(key).await?;
        if stored.order.is_blank() && !stored.repaired {
            return Err(PayError::UnknownOrder);
        }
        let held = table.desk_of(&stored.order).await?;
        Ok((stored.order, held.desk))
    }

    /// Goes on with what is not final of the desk in this place, by `until` at the latest. Whether something became of
    /// it.
    ///
    /// # Errors
    ///
    /// [`AskError`], where nothing was learnt.
    pub async fn continue_open(&self, place: &OrderKey, until: Instant) -> Result<bool, AskError> {
        let table = &self.asker.receiver.table;
        let held = table.desk_at(place).await?;
        let order = table.load_order(place).await?.order;
        let round = Round::new(held.desk.clone(), self.rules(place.psp), false);
        let drive = self.drive(order, held, until).finish(round, false).await?;
        if drive.stores == 0 && !drive.is_overtaken {
            // Pauses grow where a look found nothing to do. One that did not come to an end is made again soon.
            let due = match drive.failed.is_some() || drive.is_late {
                true => now().later(UNREACHED_SECONDS),
                false => drive.held.desk.next_look(now()),
            };
            if let Some(due) = due {
                table.postpone_desk(place, due).await?;
            }
        }
        drive.failed.map_or(Ok(drive.stores > 0), Err)
    }

    /// Goes on with all that is not final and due, or with all that is not final, those first that wait longest. What is
    /// not begun with by `until` is left to the next look; what is begun with has the time that it takes.
    ///
    /// # Errors
    ///
    /// Those of [`crate::table::Table::due_desks`].
    pub async fn sweep(&self, wanted: Wanted, until: Instant) -> Result<LookReport, StoreError> {
        let places = self.asker.receiver.table.due_desks(wanted.by(), MAX_DUE).await?;
        let most = Most { of_all: usize::MAX, of_one: usize::MAX };
        Ok(in_turn(places, most, until, self).await)
    }

    async fn read(&self, key: &OrderKey) -> Result<(Order, StoredDesk), StoreError> {
        let table = &self.asker.receiver.table;
        let order = table.load_order(key).await?.order;
        let held = table.desk_of(&order).await?;
        Ok((order, held))
    }

    /// The order as the provider tells it now, all of it: which share is given back first depends on all of them.
    async fn told(&self, key: &OrderKey, until: Instant) -> Result<Order, PayError> {
        let AskResult { stored, is_known, missed, .. } = self.asker.ask_until(key, until).await?;
        if let Some(trouble) = missed {
            return Err(AskError::from(trouble).into());
        }
        match stored.order {
            _ if is_known => Ok(stored.order),
            order if order.is_blank() => Err(PayError::UnknownOrder),
            order if order.facts().iter().next().is_some() => Err(PayError::Denied),
            order => Ok(order),
        }
    }

    /// How the provider's money is given back.
    pub fn rules(&self, psp: ProviderId) -> &'static Rules {
        rules(self.asker.receiver.table.providers(), psp)
    }

    fn drive(&self, order: Order, held: StoredDesk, until: Instant) -> Drive<'_> {
        let (stores, failed, is_overtaken, is_late) = (0, None, false, false);
        Drive { payer: self, order, held, until, stores, failed, is_overtaken, is_late }
    }

    /// Makes one call.
    async fn act(&self, account: &Account, action: &Action, until: Instant) -> Effect {
        let nothing = |why: NoAccess| {
            let why = why.to_string();
            Effect::Nothing(Trouble { kind: TroubleKind::Credentials, why })
        };
        let Some(api) = self.asker.apis.of(account.psp).await else {
            return nothing(NoAccess::Missing);
        };
        let talk = match api.act(account, action) {
            Ok(talk) => talk,
            Err(why) => return nothing(why),
        };
        let until = until.max(Instant::now() + CALL_BUDGET);
        let effect = self.asker.caller.lead(talk, until, Effect::Uncertain).await;
        if let Effect::Nothing(trouble) | Effect::Failed(trouble) = &effect
            && trouble.kind == TroubleKind::Credentials
        {
            self.asker.apis.refused(account.psp).await;
        }
        effect
    }
}

impl Drive<'_> {
    /// Carries a round out. `owed` says that it begins with something to store that nobody else knows.
    async fn finish(mut self, mut round: Round<'_>, owed: bool) -> Result<Self, StoreError> {
        let mut owed = owed;
        loop {
            // What has begun is not broken off: a call that is announced is made, and what it came to is stored.
            let is_late = Instant::now() + CALL_BUDGET >= self.until;
            match round.next(&self.order, now()) {
                Step::End => return Ok(self),
                Step::Ask if is_late => return Ok(Self { is_late, ..self }),
                Step::Ask => round.asked(self.ask().await),
                Step::Store if is_late && !owed => return Ok(Self { is_late, ..self }),
                Step::Store => {
                    self.store(&mut round).await?;
                    owed = false;
                }
                Step::Call(action) => {
                    round.called(&self.call(*action).await);
                    owed = true;
                }
            }
        }
    }

    /// Whether the provider told of the order.
    async fn ask(&mut self) -> bool {
        match self.payer.asker.ask_until(&self.held.place, self.until).await {
            Ok(AskResult { stored, is_known, .. }) => {
                self.order = stored.order;
                is_known
            }
            Err(error) => {
                self.failed = Some(error);
                false
            }
        }
    }

    /// Stores the desk of a round, unless somebody else changed it.
    async fn store(&mut self, round: &mut Round<'_>) -> Result<(), StoreError> {
        let table = &self.payer.asker.receiver.table;
        let mark = WriteMark::new();
        let mut patience = Patience::new();
        let mut failure = StoreError::Contended;
        while patience.again().await {
            let StoredDesk { place, version, .. } = &self.held;
            match table.save_desk(place, round.desk(), *version, &mark).await {
                Ok(Saved::Done) => {
                    let version = Some(next_version(*version));
                    let (desk, mark) = (round.desk().clone(), Some(mark));
                    self.kept(StoredDesk { place: place.clone(), desk, version, mark }, round);
                    return Ok(());
                }
                Ok(Saved::Conflict) => {
                    let newer = table.desk_at(place).await?;
                    // It was stored, and the engine's answer was lost.
                    if newer.mark.as_ref() == Some(&mark) {
                        self.kept(newer, round);
                        return Ok(());
                    }
                    self.held = newer;
                    if !round.rebase(self.held.desk.clone()) {
                        self.is_overtaken = true;
                        return Ok(());
                    }
                }
                // Nobody else knows what is to be stored: a call may have been made.
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    fn kept(&mut self, held: StoredDesk, round: &mut Round<'_>) {
        self.held = held;
        self.stores += 1;
        round.stored(true);
    }

    async fn call(&self, action: Action) -> Effect {
        let place = &self.held.place;
        // What the order is called may have changed. The key of the call is made of it, and must not.
        let action = Action { order: place.order.clone(), ..action };
        let effect = self.payer.act(&place.account(), &action, self.until).await;
        let verb = match action.verb {
            Verb::Refund => "refund",
            Verb::Cancel => "cancel",
            Verb::Capture => "capture",
        };
        let Action { intent, target: share, amount, .. } = &action;
        let (outcome, why) = match &effect {
            Effect::Taken { .. } => ("taken", None),
            Effect::Refused { why } => ("refused", Some(why)),
            Effect::Nothing(trouble) => ("nothing", Some(&trouble.why)),
            Effect::Failed(trouble) => ("failed", Some(&trouble.why)),
            Effect::Uncertain(trouble) => ("uncertain", Some(&trouble.why)),
        };
        tracing::info!(order = %place, verb, intent, share, amount, outcome, why, "provider called");
        effect
    }
}

/// A request that is known already.
fn known<'d>(desk: &'d Desk, new: New<'_>) -> Result<Option<&'d Request>, PayError> {
    let found = desk.find(new.content.kind(), new.request);
    match found {
        Some(request) if request.content != new.content => Err(PayError::Conflict),
        found => Ok(found),
    }
}

fn found(drive: Drive<'_>, new: New<'_>) -> Result<Progress, PayError> {
    let kind: RequestKind = new.content.kind();
    let request = drive.held.desk.find(kind, new.request).cloned();
    // Whoever asked for something else meanwhile dropped what nobody had asked for.
    if request.is_none() && drive.is_overtaken {
        return Err(PayError::Settled);
    }
    let lost = || StoreError::Corrupt("a request that was stored is not there".to_owned());
    Ok(Progress { request: request.ok_or_else(lost)?, order: drive.order })
}

impl Visitor for Payer {
    async fn visit(&self, place: &OrderKey, until: Instant) -> Looked {
        let begun = Instant::now();
        let by = until.clamp(begun + LEAST_BUDGET, begun + PAY_BUDGET);
        match self.continue_open(place, by).await {
            Ok(is_changed) => Looked::Done(is_changed),
            Err(error) => {
                tracing::warn!(order = %place, %error, "requests not looked at");
                Looked::Failed { is_of_all: true }
            }
        }
    }

    async fn put_off(&self, place: &OrderKey, due: Timestamp) -> Result<Saved, StoreError> {
        self.asker.receiver.table.postpone_desk(place, due).await
    }
}
