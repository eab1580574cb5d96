//! Asking all that the gateway knows of an order. (lyra.md 13.4)

use std::collections::VecDeque;

use quittance_core::Timestamp;
use quittance_core::api::{Answer, Asked, Dialogue, Exchange, Subject, Trouble, TroubleKind, Turn};
use quittance_core::transcript::Transcript;
use serde::Serialize;

use super::call::Prepared;
use super::credentials::Login;
use super::envelope::{Failure, trouble};
use super::errors::Sense;
use super::listed::{About, KnownShare, Listed, NotTaken};
use super::reads::{Attempt, Read};

/// Most transactions that are asked for one by one: an order of more than thirty is told in no other way.
const MAX_SINGLE_READS: usize = 32;

/// Most bytes of all answers together: each may have as many as [`quittance_core::api::MAX_ANSWER_BYTES`].
const MAX_BYTES: usize = 4 * 1024 * 1024;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OrderGet<'a> {
    order_id: &'a str,
}

#[derive(Serialize)]
struct TransactionGet<'a> {
    uuid: &'a str,
}

/// What is to be read.
enum Step {
    /// All transactions of the order.
    Order,
    /// That of this uuid.
    Transaction(String),
}

impl Step {
    /// The call, and what it asks for.
    fn asked(&self, about: &About) -> String {
        match self {
            Self::Order => format!("Order/Get {}", about.reference.as_deref().unwrap_or_default()),
            Self::Transaction(uuid) => format!("Transaction/Get {uuid}"),
        }
    }
}

/// The talk.
pub(super) struct Ask {
    about: About,
    /// The shares that can be asked for one by one: those first that may have money, are surely the order's, and are not
    /// final.
    known: Vec<(KnownShare, Prepared)>,
    steps: VecDeque<(Step, Prepared)>,
    reading: Option<(Step, Read)>,
    pause: Option<u64>,
    listed: Listed,
    transcript: Transcript,
    /// Why the first share that a notification alone names is left out: it is about another order, or could not be read.
    left_out: Option<Trouble>,
    /// Why the first share could not be read that another time may be.
    missed: Option<Trouble>,
    end: Option<Asked>,
}

/// What hearing an answer came to.
enum News {
    /// It is kept.
    Kept,
    /// There was nothing.
    Nothing(Failure),
    /// The same is read again, after so many milliseconds.
    Again(u64),
    /// It is about another order.
    Foreign(Trouble),
    /// It came to nothing.
    Failed(Trouble),
}

impl Ask {
    /// A talk about this order.
    pub(super) fn new(login: Login<'_>, subject: &Subject<'_>) -> Self {
        let Subject { order, checkouts } = subject;
        let (about, mut known) = About::of(order, login.account.clone(), checkouts);
        known.sort_by_key(|share| (share.is_dead, !share.is_confirmed, share.is_final));
        known.truncate(MAX_SINGLE_READS);
        let known: Vec<_> = known
            .into_iter()
            .map(|share| {
                let request = TransactionGet { uuid: &share.uuid };
                let prepared = Prepared::new(login, "Transaction/Get", &request);
                (share, prepared)
            })
            .collect();
        let mut ask = Self {
            known,
            steps: VecDeque::new(),
            reading: None,
            pause: None,
            listed: Listed::default(),
            transcript: Transcript::default(),
            left_out: None,
            missed: None,
            end: None,
            about,
        };
        match &ask.about.reference {
            Some(order_id) if ask.about.is_listed() => {
                let prepared = Prepared::new(login, "Order/Get", &OrderGet { order_id });
                ask.steps.push_back((Step::Order, prepared));
            }
            _ => ask.add_known(|_| true),
        }
        ask
    }

    /// Asks for known shares one by one.
    fn add_known(&mut self, wanted: impl Fn(&KnownShare) -> bool) {
        for (share, prepared) in &self.known {
            if wanted(share) && !self.listed.has(&share.uuid) {
                let step = Step::Transaction(share.uuid.clone());
                self.steps.push_back((step, prepared.clone()));
            }
        }
    }

    /// Reads what was answered to a step.
    fn news(&mut self, step: &Step, read: &Read, exchange: &Exchange) -> News {
        match read.heard(exchange, self.about.account()) {
            Attempt::Again(milliseconds) => News::Again(milliseconds),
            Attempt::Failed(trouble) => News::Failed(trouble),
            Attempt::Nothing(failure) => News::Nothing(failure),
            Attempt::Answer(answer) => {
                let taken = match step {
                    Step::Order => {
                        self.listed.read_order(answer, &self.about).map_err(NotTaken::Fault)
                    }
                    Step::Transaction(uuid) => {
                        self.listed.read_transaction(answer, uuid, &self.about)
                    }
                };
                match taken {
                    Ok(()) => News::Kept,
                    Err(NotTaken::Foreign(trouble)) => News::Foreign(trouble),
                    Err(NotTaken::Fault(trouble)) => News::Failed(trouble),
                }
            }
        }
    }

    fn is_confirmed(&self, uuid: &str) -> bool {
        self.known.iter().any(|(share, _)| share.uuid == uuid && share.is_confirmed)
    }

    /// Whoever has a key for notifications can name any transaction. That must not keep the order's own from being told,
    /// where the provider has listed them all.
    fn fail_at(&mut self, uuid: &str, trouble: Trouble) {
        let is_named_alone = !self.is_confirmed(uuid) && self.listed.is_complete();
        if is_named_alone && trouble.kind != TroubleKind::Credentials {
            self.left_out.get_or_insert(trouble);
        } else {
            self.fail(trouble);
        }
    }

    fn fail(&mut self, trouble: Trouble) {
        self.end = Some(Asked::Failed(trouble));
    }

    /// What it came to, once there is nothing more to read.
    fn conclude(&mut self) -> Asked {
        match self.left_out.take() {
            // Nothing but a payment tells that the order is the one that was meant.
            Some(trouble) if !self.listed.has_debit() => return Asked::Failed(trouble),
            None if self.listed.is_empty() => return Asked::Unknown,
            _ => {}
        }
        let listed = std::mem::take(&mut self.listed);
        let transcript = std::mem::take(&mut self.transcript);
        let missed = self.missed.take();
        let told = listed.answer(&self.about, transcript);
        told.map_or_else(Asked::Failed, |answer| Asked::Told(Answer { missed, ..answer }))
    }
}

impl Dialogue<Asked> for Ask {
    fn next(&mut self, _: Timestamp) -> Turn<Asked> {
        if let Some(end) = &self.end {
            return Turn::End(end.clone());
        }
        if let Some(milliseconds) = self.pause.take() {
            return Turn::Pause(milliseconds);
        }
        if self.reading.is_none() {
            let step = self.steps.pop_front();
            self.reading = step.map(|(step, prepared)| (step, Read::new(prepared)));
        }
        match &mut self.reading {
            Some((_, read)) => Turn::Send(read.send()),
            None => {
                let end = self.conclude();
                self.end = Some(end.clone());
                Turn::End(end)
            }
        }
    }

    fn heard(&mut self, exchange: Exchange) {
        let Some((step, read)) = self.reading.take() else { return };
        match (self.news(&step, &read, &exchange), &step) {
            (News::Again(milliseconds), _) => {
                self.pause = Some(milliseconds);
                self.reading = Some((step, read));
            }
            (News::Kept, _) => {
                if let Exchange::Answered { body, .. } = exchange {
                    self.transcript.add(step.asked(&self.about), body);
                }
                if self.transcript.bytes() > MAX_BYTES {
                    let why = "the answers are larger than any that are expected";
                    return self.fail(trouble(TroubleKind::Garbled, why));
                }
                if matches!(step, Step::Order) {
                    self.add_known(|share| !share.is_final || !share.is_confirmed);
                }
            }
            // Nobody tried to pay yet, or there is too much for one answer: what is known is asked for by itself.
            (News::Nothing(_), Step::Order) => self.add_known(|_| true),
            (News::Nothing(failure), Step::Transaction(_)) if failure.sense == Sense::NotFound => {}
            (News::Nothing(failure), Step::Transaction(uuid)) => {
                let trouble = trouble(TroubleKind::Garbled, failure.why());
                self.fail_at(uuid, trouble);
            }
            // The order is told; one share more may be told the next time.
            (News::Failed(trouble), Step::Transaction(_))
                if trouble.kind == TroubleKind::Unreachable && self.listed.is_complete() =>
            {
                self.missed.get_or_insert(trouble);
            }
            (News::Foreign(trouble), Step::Transaction(uuid)) if !self.is_confirmed(uuid) => {
                self.left_out.get_or_insert(trouble);
            }
            (News::Failed(trouble), Step::Transaction(uuid)) => self.fail_at(uuid, trouble),
            (News::Failed(trouble) | News::Foreign(trouble), _) => self.fail(trouble),
        }
    }
}
