//! A receiver at one notification: proves it, reads it, stores what it says, answers.

use quittance_core::crypto::sha256_hex;
use quittance_core::provider::Refused;
use quittance_core::{Reading, Receipt, Statement};

use crate::carry::{Carry, Statements, Stored};
use crate::dice::Chance;
use crate::fault::Fault;
use crate::keys::forged;
use crate::mail::statements;
use crate::plan::DAY;
use crate::psp::at;
use crate::situation::Situation;
use crate::world::{Source, World};

/// What comes of one step of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    Goes,
    Ends,
}

/// Beyond how many seconds a clock is called odd.
const ODD_SECONDS: i64 = 60;

/// A receiver at one notification.
#[derive(Debug)]
pub(crate) struct Receive {
    mail: usize,
    attempt: usize,
    receiver: usize,
    arrived_at: i64,
    is_read: bool,
    /// Whether it has looked at the keys for this notification.
    has_looked: bool,
    told: Statements,
    stated: Vec<Statement>,
}

impl Receive {
    pub(crate) fn new(mail: usize, attempt: usize, receiver: usize, world: &mut World) -> Self {
        let arrived = &mut world.mails[mail];
        let is_shared = arrived.receivers > 0;
        arrived.receivers += 1;
        let (sent_at, psp) = (arrived.sent_at, arrived.psp);
        if is_shared {
            world.saw(Situation::DeliveredTwice);
        }
        if world.now - sent_at > DAY {
            world.saw(Situation::DayOld);
        }
        let is_older = |other: &crate::mail::Mail| {
            other.psp == psp && other.sent_at > sent_at && other.is_answered && !other.is_forged
        };
        if world.mails[mail + 1..].iter().any(is_older) {
            world.saw(Situation::OlderAfterNewer);
        }
        world.note(format_args!("receiver {receiver} gets notification {mail}"));
        Self {
            mail,
            attempt,
            receiver,
            arrived_at: world.now,
            is_read: false,
            has_looked: false,
            told: Statements::default(),
            stated: Vec::new(),
        }
    }

    /// Leaves things as they are.
    pub(crate) fn dies(&self, world: &mut World) {
        world.mails[self.mail].receivers -= 1;
        if self.told.has_written {
            world.saw(Situation::DiedUnanswered);
        }
        // Another one takes its place, which reads the keys at its start.
        let put = world.put;
        world.held[self.receiver].looked(world.now, Some(put));
        world.note(format_args!("the receiver of notification {} dies", self.mail));
    }

    pub(crate) fn step(&mut self, world: &mut World) -> Flow {
        if !self.is_read {
            return self.read(world);
        }
        let (mail, receiver) = (self.mail, self.receiver);
        let begin = |statement: Statement, world: &World| {
            let mail = &world.mails[mail];
            let clock = world.now + 1_000 * world.plan.skews[receiver];
            let sha256 = sha256_hex(&mail.sent.body);
            let receipt = Receipt { received_at: at(clock), source: "webhook", sha256 };
            Carry::new(statement, receipt, (Source::Mail, mail.sums.clone()), world)
        };
        match self.told.step(world, begin) {
            Stored::OnTheWay => Flow::Goes,
            Stored::All => self.answer(world, true),
            Stored::Failed => self.answer(world, false),
        }
    }

    /// Proves it and reads it.
    fn read(&mut self, world: &mut World) -> Flow {
        let held = world.held[self.receiver];
        if !self.has_looked && held.looks(world.now, false) {
            return self.look(world);
        }
        match self.verified(world) {
            Ok((readings, place)) => {
                self.is_read = true;
                self.saw_keys(world, place);
                let statements = statements(readings);
                self.stated.clone_from(&statements);
                self.told = Statements::new(statements);
                if world.fault == Fault::AnswersFirst {
                    self.answer(world, true);
                }
                Flow::Goes
            }
            Err(why) if why.may_be_stale() && !self.has_looked && held.looks(world.now, true) => {
                self.look(world)
            }
            Err(_) => self.refuse(world),
        }
    }

    /// What it says under the first of the keys held that verifies it, and which that is.
    fn verified(&self, world: &World) -> Result<(Vec<Reading>, usize), Refused> {
        let mail = &world.mails[self.mail];
        let mut keys = world.held[self.receiver].keys(mail.psp);
        if world.fault == Fault::BelievesAnybody {
            keys.push(forged(mail.psp));
        }
        mail.verified(keys, world.now)
    }

    fn saw_keys(&self, world: &mut World, place: usize) {
        if place > 0 {
            world.saw(Situation::OlderKey);
        } else if self.has_looked && world.put > 0 {
            world.saw(Situation::KeysFetched);
        }
        if world.plan.skews[self.receiver].abs() > ODD_SECONDS {
            world.saw(Situation::OddClock);
        }
    }

    fn look(&mut self, world: &mut World) -> Flow {
        self.has_looked = true;
        let found = (!world.dice.happens(Chance::HidesKeys)).then_some(world.put);
        world.held[self.receiver].looked(world.now, found);
        Flow::Goes
    }

    /// 401: nothing is written.
    fn refuse(&self, world: &mut World) -> Flow {
        world.mails[self.mail].receivers -= 1;
        if world.mails[self.mail].is_forged {
            world.saw(Situation::Forged);
        } else {
            world.saw(Situation::NewerKey);
        }
        world.note(format_args!("notification {} is refused", self.mail));
        self.hear(world, false);
        Flow::Ends
    }

    /// 200 or 503.
    fn answer(&mut self, world: &mut World, is_taken: bool) -> Flow {
        let mail = &mut world.mails[self.mail];
        mail.receivers = mail.receivers.saturating_sub(1);
        let was_sent_again = mail.attempt > 0 && !mail.is_answered;
        mail.is_answered |= is_taken;
        let is_forged = mail.is_forged;
        world.note(format_args!("notification {} is taken: {is_taken}", self.mail));
        if is_taken {
            self.promise(world);
            if is_forged {
                world.must_not(format!("a forged notification was taken: {}", self.mail));
            }
            if was_sent_again {
                world.saw(Situation::TakenOnRetry);
            }
            if !self.told.has_news {
                world.saw(Situation::AddsNothing);
            }
        } else {
            world.saw(Situation::Unstored);
        }
        self.hear(world, is_taken);
        Flow::Ends
    }

    /// What is stated was promised to be kept.
    fn promise(&mut self, world: &mut World) {
        for statement in self.stated.drain(..) {
            world.remember(&statement, true);
        }
    }

    /// The provider hears the answer, where it still waits for it.
    fn hear(&self, world: &mut World, is_taken: bool) {
        if world.dice.happens(Chance::LosesAnswer) {
            if is_taken {
                world.saw(Situation::AnsweredInVain);
            }
            world.note(format_args!("and its sender does not hear of it"));
            return;
        }
        let waits = world.now - self.arrived_at < crate::mail::PATIENCE;
        let mail = &mut world.mails[self.mail];
        if is_taken && waits && mail.attempt == self.attempt {
            mail.is_over = true;
        }
    }
}
