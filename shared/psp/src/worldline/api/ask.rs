//! Asking all that the platform knows of an order. (worldline.md 15)

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::super::payment_id::PaymentId;
use super::answer::{About, Fault, Session};
use super::call::{Endpoint, Request};
use super::credentials::is_path_segment;
use super::facts::{Answers, Needs, needs, stated};
use super::read::{Heard, Read};
use quittance_core::Timestamp;
use quittance_core::api::{Answer, Asked, Dialogue, Exchange, Subject, Trouble, TroubleKind, Turn};
use quittance_core::fact::{Kind, Rank, Standing, Status};
use quittance_core::transcript::Transcript;

/// Most payments that are asked about because they are known: a page allows ten attempts, and an order may have seen a
/// few pages. Those come first that may have money, of them those that the platform itself named, and those that came
/// furthest.
const MAX_KNOWN: usize = 24;

/// Most payments that are asked about, with those that the platform names when it is asked.
const MAX_PAYMENTS: usize = MAX_KNOWN + MAX_CHECKOUTS;

/// Most sessions that are asked about, the newest of them. Older ones cannot be read any more.
const MAX_CHECKOUTS: usize = 8;

/// Most operations of one payment that are asked about by themselves: only for the name of their method.
const MAX_LOOKED_UP: usize = 8;

/// Most calls of one talk, repeated ones too: it shares the rate of its merchant with all others.
const MAX_CALLS: usize = 150;

/// Most bytes of all answers of one talk: a usual one has five kilobytes.
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// One thing to be asked.
#[derive(Clone, Debug)]
enum Question {
    Checkout(String),
    /// A payment, and whether the platform has just named it.
    Details(String, bool),
    Refunds(String),
    Captures(String),
    /// One operation of a payment.
    Operation(String, String),
}

impl Question {
    fn is_about(&self, of: &str) -> bool {
        match self {
            Self::Checkout(_) => false,
            Self::Details(payment, _)
            | Self::Refunds(payment)
            | Self::Captures(payment)
            | Self::Operation(payment, _) => payment == of,
        }
    }

    fn read(&self) -> Read {
        let get = |name, path| Read::of(Request::get(name, path));
        match self {
            Self::Checkout(id) => get("GetHostedCheckout", format!("/hostedcheckouts/{id}")),
            Self::Details(payment, is_fresh) => {
                let path = format!("/payments/{payment}_0/details");
                let request = Request::get("GetPaymentDetails", path);
                if *is_fresh { Read::fresh(request) } else { Read::of(request) }
            }
            Self::Refunds(payment) => get("GetRefunds", format!("/payments/{payment}_0/refunds")),
            Self::Captures(payment) => {
                get("GetCaptures", format!("/payments/{payment}_0/captures"))
            }
            Self::Operation(_, operation) => get("GetPayment", format!("/payments/{operation}")),
        }
    }
}

/// The talk.
#[derive(Debug)]
pub(super) struct Ask {
    endpoint: Endpoint,
    about: About,
    left: VecDeque<Question>,
    current: Option<(Question, Read)>,
    pause: Option<u64>,
    calls: usize,
    /// Payments that were asked about, or will be.
    payments: BTreeSet<String>,
    answers: BTreeMap<String, Answers>,
    /// Those that notifications alone name: whoever has a key for these can name any.
    unconfirmed: BTreeSet<String>,
    /// Why the first of those that are left out is: it is about another order, or could not be read.
    left_out: Option<Trouble>,
    /// Why the first of them could not be read, where another time it may.
    missed: Option<Trouble>,
    sessions: Vec<Session>,
    /// The session that was opened last, and whether it was read as cancelled.
    newest: Option<String>,
    newest_cancelled: bool,
    /// Those that were read as cancelled.
    over: Vec<String>,
    transcript: Transcript,
    end: Option<Asked>,
}

impl Ask {
    pub(super) fn new(endpoint: Endpoint, subject: &Subject<'_>) -> Self {
        let mut ask = Self {
            endpoint,
            about: About::of(subject.order),
            left: VecDeque::new(),
            current: None,
            pause: None,
            calls: 0,
            payments: BTreeSet::new(),
            answers: BTreeMap::new(),
            unconfirmed: BTreeSet::new(),
            left_out: None,
            missed: None,
            sessions: Vec::new(),
            newest: subject.checkouts.last().cloned(),
            newest_cancelled: false,
            over: Vec::new(),
            transcript: Transcript::default(),
            end: None,
        };
        // Whether it may have money, whether the platform named it, and how far it came.
        let mut known: BTreeMap<&str, (bool, bool, Rank)> = BTreeMap::new();
        for (share, standing) in subject.order.facts().shares() {
            let payment = match share.kind {
                Kind::Credit => share.parent.as_deref(),
                Kind::Debit | Kind::Verification => Some(share.share.as_str()),
            };
            let Some(payment) = payment else { continue };
            let (is_alive, is_confirmed, rank) = known.entry(payment).or_default();
            let is_dead = matches!(
                share.meaning.status,
                Status::Refused | Status::Cancelled | Status::Expired
            );
            *is_alive |= !is_dead;
            *is_confirmed |= standing == Standing::Confirmed;
            *rank = share.meaning.rank.max(*rank);
        }
        let unconfirmed = known.iter().filter(|(_, (_, is_confirmed, _))| !is_confirmed);
        ask.unconfirmed = unconfirmed.map(|(payment, _)| (*payment).to_owned()).collect();
        // An order that has no reference is called by a payment.
        let name = subject.order.key().payment().map(|name| name.id());
        if let Some(name) = name {
            known.insert(name, (true, true, Rank::FINAL));
        }
        let mut known: Vec<(&str, (bool, bool, Rank))> = known.into_iter().collect();
        known.sort_by_key(|(_, place)| std::cmp::Reverse(*place));
        known.truncate(MAX_KNOWN);
        // Last what notifications alone name: it must not use up the time of what the platform named.
        let (unconfirmed, confirmed): (Vec<_>, Vec<_>) = known
            .into_iter()
            .map(|(payment, _)| payment)
            .partition(|p| ask.unconfirmed.contains(*p));
        confirmed.into_iter().for_each(|payment| ask.details(payment, false));
        let newest = subject.checkouts.iter().rev().take(MAX_CHECKOUTS).rev();
        for checkout in newest.filter(|checkout| is_id(checkout)) {
            ask.left.push_back(Question::Checkout(checkout.clone()));
        }
        unconfirmed.into_iter().for_each(|payment| ask.details(payment, false));
        ask
    }

    /// Notes a payment to be asked about, once.
    fn details(&mut self, payment: &str, is_fresh: bool) {
        // What cannot stand in an address is no id of the platform's.
        if is_id(payment)
            && self.payments.len() < MAX_PAYMENTS
            && self.payments.insert(payment.to_owned())
        {
            self.left.push_back(Question::Details(payment.to_owned(), is_fresh));
        }
    }

    /// Takes the answer to a question.
    fn take(&mut self, question: &Question, body: &[u8]) -> Result<(), Fault> {
        match question {
            Question::Checkout(id) => {
                let session = Session::of(body)?;
                if let Some(payment) = &session.payment {
                    self.details(&payment.clone(), true);
                }
                self.newest_cancelled |= session.cancelled && self.newest.as_ref() == Some(id);
                self.over.extend(session.cancelled.then(|| id.clone()));
                self.sessions.push(session);
            }
            Question::Details(payment, _) => {
                let Needs { refunds, captures, operations, payments } =
                    needs(body, payment, &self.about)?;
                let answers = Answers { details: body.to_vec(), ..Answers::default() };
                self.answers.insert(payment.clone(), answers);
                for (wanted, question) in [
                    (refunds, Question::Refunds(payment.clone())),
                    (captures, Question::Captures(payment.clone())),
                ] {
                    self.left.extend(Some(question).filter(|_| wanted));
                }
                let looked_up = operations.into_iter().filter(|id| is_id(id)).take(MAX_LOOKED_UP);
                self.left.extend(looked_up.map(|id| Question::Operation(payment.clone(), id)));
                let is_confirmed = !self.unconfirmed.contains(payment);
                for other in payments {
                    if is_confirmed {
                        self.unconfirmed.remove(&other);
                    }
                    self.details(&other, false);
                }
            }
            Question::Refunds(payment) => {
                let refunds: super::answer::Refunds<'_> = super::answer::json(body)?;
                refunds.told()?;
                self.answers_of(payment).refunds = Some(body.to_vec());
            }
            Question::Captures(payment) => {
                let captures: super::answer::Captures<'_> = super::answer::json(body)?;
                captures.told()?;
                self.answers_of(payment).captures = Some(body.to_vec());
            }
            Question::Operation(payment, operation) => {
                let answers = self.answers_of(payment);
                answers.operations.insert(operation.clone(), body.to_vec());
            }
        }
        Ok(())
    }

    fn answers_of(&mut self, payment: &str) -> &mut Answers {
        self.answers.entry(payment.to_owned()).or_default()
    }

    /// The payment that a question is about, where notifications alone name it.
    fn unconfirmed(&self, question: &Question) -> Option<String> {
        let payment = match question {
            Question::Details(payment, false)
            | Question::Refunds(payment)
            | Question::Captures(payment) => payment,
            Question::Details(_, true) | Question::Checkout(_) | Question::Operation(..) => {
                return None;
            }
        };
        self.unconfirmed.get(payment).cloned()
    }

    /// Leaves a payment out, with all that was read of it: a payment without its refunds would be worth too much.
    fn leave_out(&mut self, payment: &str, trouble: Trouble) {
        if trouble.kind == TroubleKind::Unreachable {
            self.missed.get_or_insert_with(|| trouble.clone());
        }
        self.left_out.get_or_insert(trouble);
        self.answers.remove(payment);
        self.left.retain(|question| !question.is_about(payment));
    }

    /// What is not there.
    fn miss(&mut self, question: &Question) {
        if let Question::Checkout(id) = question
            && let Some(id) = PaymentId::parse(id)
        {
            // A session can be read for some hours; the payment that was made in it has its id.
            self.details(id.inner, false);
        }
    }

    /// What all answers come to.
    fn finish(&mut self) -> Asked {
        let asked: BTreeSet<&str> = self.answers.keys().map(String::as_str).collect();
        let (mut credits, mut statements) = (Vec::new(), Vec::new());
        let (mut is_told, mut left_out) = (false, self.left_out.clone());
        for (payment, answers) in &self.answers {
            match stated(answers, payment, &self.about, &asked) {
                Ok(stated) => {
                    is_told = true;
                    credits.extend(stated.credits);
                    statements.extend(stated.debits);
                }
                Err(fault) => {
                    let trouble = fault.trouble("GetPaymentDetails");
                    if !self.unconfirmed.contains(payment) {
                        return Asked::Failed(trouble);
                    }
                    left_out.get_or_insert(trouble);
                }
            }
        }
        if let Some(trouble) = left_out.filter(|_| !is_told) {
            return Asked::Failed(trouble);
        }
        credits.append(&mut statements);
        let is_open = self.sessions.iter().any(|session| session.open);
        // A newer session that cannot be read may be paid at this moment.
        let ended = !is_open && self.newest_cancelled;
        if credits.is_empty() && !ended {
            return Asked::Unknown;
        }
        let (transcript, over) = (std::mem::take(&mut self.transcript), self.over.clone());
        let missed = self.missed.clone();
        Asked::Told(Answer { statements: credits, transcript, ended, over, missed })
    }
}

impl Dialogue<Asked> for Ask {
    fn next(&mut self, now: Timestamp) -> Turn<Asked> {
        if let Some(end) = &self.end {
            return Turn::End(end.clone());
        }
        if let Some(pause) = self.pause.take() {
            return Turn::Pause(pause);
        }
        if self.current.is_none() {
            self.current = self.left.pop_front().map(|question| {
                let read = question.read();
                (question, read)
            });
        }
        let Some((_, read)) = &self.current else {
            let end = self.finish();
            self.end = Some(end.clone());
            return Turn::End(end);
        };
        if self.calls == MAX_CALLS {
            let why = format!("the order takes more than {MAX_CALLS} calls to ask about");
            let end = Asked::Failed(Trouble { kind: TroubleKind::Unreachable, why });
            self.end = Some(end.clone());
            return Turn::End(end);
        }
        self.calls += 1;
        Turn::Send(self.endpoint.call(read.request(), now))
    }

    fn heard(&mut self, exchange: Exchange) {
        let Some((question, mut read)) = self.current.take() else { return };
        let heard = match read.heard(exchange) {
            Heard::Body(body) => match self.take(&question, &body) {
                Ok(()) => {
                    self.keep(read.request(), body);
                    return;
                }
                Err(fault) if fault.kind == TroubleKind::Garbled => read.garbled(&fault.why),
                Err(fault) => Heard::Failed(fault.trouble(read.request().name)),
            },
            heard => heard,
        };
        match heard {
            Heard::Again(pause) => {
                self.pause = Some(pause);
                self.current = Some((question, read));
            }
            Heard::Missing | Heard::Body(_) => self.miss(&question),
            // Only the name of a method is missing then.
            Heard::Failed(trouble)
                if matches!(question, Question::Operation(..))
                    && trouble.kind != TroubleKind::Credentials => {}
            // Whoever has a key for notifications can name any payment. That must not keep the order's own from being
            // told.
            Heard::Failed(trouble) => match self.unconfirmed(&question) {
                Some(payment) if trouble.kind != TroubleKind::Credentials => {
                    self.leave_out(&payment, trouble);
                }
                _ => self.end = Some(Asked::Failed(trouble)),
            },
        }
    }
}

impl Ask {
    fn keep(&mut self, request: &Request, body: Vec<u8>) {
        self.transcript.add(format!("{} {}", request.name, request.path), body);
        if self.transcript.bytes() > MAX_BYTES {
            let why = format!("the answers are longer than {MAX_BYTES} bytes");
            self.end = Some(Asked::Failed(Trouble { kind: TroubleKind::Garbled, why }));
        }
    }
}

/// Whether a text can be an id in an address.
fn is_id(text: &str) -> bool {
    !text.is_empty() && is_path_segment(text)
}
