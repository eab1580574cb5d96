//! Exhibits carried out: sent one after the other, and counted until nothing changes any more.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::args::Torture;
use super::exhibit::{Exhibit, Message, Play, Step};
use super::shell;
use super::wire::{Answer, Wire};
use crate::output::Failure;

/// How long counts have to stay as they are before they are believed: a second release is often later than the first.
const QUIET: Duration = Duration::from_secs(1);

/// How often is counted.
const POLL: Duration = Duration::from_millis(100);

/// How long a sender without patience stays after all is sent: a receiver that has read nothing yet has nothing to leave half
/// done.
const HANGS_ON: Duration = Duration::from_millis(50);

/// How long after it went away a sender comes again. It would be minutes; what matters is that the receiver has begun with the
/// first message, and cannot take the second for it.
const AWAY: Duration = Duration::from_millis(400);

/// How long a sender waits for an answer.
const IN_TIME: Duration = Duration::from_secs(10);

/// What came of an exhibit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The receiver does what is right.
    Right,
    /// What it does instead.
    Failed(Vec<String>),
    /// Why the exhibit was left out.
    LeftOut(String),
}

/// An exhibit with what came of it.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub(crate) exhibit: &'static Exhibit,
    pub(crate) orders: Vec<String>,
    pub(crate) outcome: Outcome,
}

/// An exhibit that was sent, and is to be counted.
pub(crate) struct Sent {
    pub(crate) exhibit: &'static Exhibit,
    releases: Vec<(String, RangeInclusive<u64>)>,
    wrong: Vec<String>,
}

/// The receiver, and what is known of it.
pub(crate) struct Receiver<'a> {
    wire: Wire,
    args: &'a Torture,
    /// Answers to genuine messages that came too late for a sender.
    pub(crate) late: Vec<String>,
}

impl<'a> Receiver<'a> {
    pub(crate) fn new(wire: Wire, args: &'a Torture) -> Self {
        Self { wire, args, late: Vec::new() }
    }

    /// Sends an exhibit.
    pub(crate) async fn send(
        &mut self,
        exhibit: &'static Exhibit,
        play: Play,
    ) -> Result<Sent, Failure> {
        if let Some(command) = &self.args.prepare {
            for (order, _) in &play.releases {
                shell::run(command, order).await?;
            }
        }
        let first = play.releases.first().map_or("", |(order, _)| order);
        let mut wrong = Vec::new();
        for (at, step) in play.steps.iter().enumerate() {
            match step {
                Step::Genuine(message) => {
                    let answer = self.wire.send(message).await;
                    wrong.extend(refusal(at + 1, play.steps.len(), &answer));
                    self.time(exhibit, &answer);
                }
                Step::Other(message) => drop(self.wire.send(message).await),
                Step::AtOnce(messages) => {
                    let answers = join_all(messages.iter().map(|each| self.wire.send(each))).await;
                    answers.iter().for_each(|answer| self.time(exhibit, answer));
                }
                Step::Cut(message) => {
                    self.break_off(message, message.body.len() / 2, Duration::ZERO).await;
                }
                Step::HangUp(message) => {
                    self.break_off(message, message.body.len(), HANGS_ON).await;
                }
                Step::Restart => {
                    if let Some(command) = &self.args.restart {
                        shell::run(command, first).await?;
                    }
                }
            }
        }
        Ok(Sent { exhibit, releases: play.releases, wrong })
    }

    /// What a receiver that closes first makes of it is its own affair; whether it still answers is seen at the next step.
    async fn break_off(&self, message: &Message, bytes: usize, stays: Duration) {
        let _ = self.wire.send_part(message, bytes, stays).await;
        tokio::time::sleep(AWAY).await;
    }

    fn time(&mut self, exhibit: &Exhibit, answer: &Answer) {
        if answer.took > IN_TIME {
            let (name, took) = (exhibit.name, answer.took.as_secs());
            self.late.push(format!("{name}: answered after {took} seconds"));
        }
    }

    /// Waits until what should leave first has left. The error says why it has not.
    pub(crate) async fn await_first(&self, sent: &[Sent]) -> Result<(), Failure> {
        let command = self.args.count_effects.as_deref().unwrap_or_default();
        let start = Instant::now();
        for sent in sent {
            if let Some(wrong) = sent.wrong.first() {
                return Err(wrong.clone().into());
            }
            for (order, releases) in &sent.releases {
                while shell::count(command, order).await? < *releases.start() {
                    if start.elapsed() >= Duration::from_secs(self.args.wait) {
                        return Err(
                            format!("nothing left within {} seconds", self.args.wait).into()
                        );
                    }
                    tokio::time::sleep(POLL).await;
                }
            }
        }
        Ok(())
    }

    /// Counts what left of each order, again and again, until the counts stay as they are. Where something is missing, it
    /// is waited for.
    pub(crate) async fn count(&self, sent: &[Sent]) -> Result<BTreeMap<String, u64>, Failure> {
        let command = self.args.count_effects.as_deref().unwrap_or_default();
        let wait = Duration::from_secs(self.args.wait);
        let (start, mut changed) = (Instant::now(), Instant::now());
        let mut known = BTreeMap::new();
        loop {
            let mut counts = BTreeMap::new();
            let mut is_missing = false;
            for (order, releases) in sent.iter().flat_map(|sent| &sent.releases) {
                let count = shell::count(command, order).await?;
                is_missing |= count < *releases.start();
                counts.insert(order.clone(), count);
            }
            if counts != known {
                changed = Instant::now();
                known = counts;
            }
            let is_quiet = changed.elapsed() >= QUIET;
            if is_quiet && (!is_missing || start.elapsed() >= wait) {
                return Ok(known);
            }
            // A receiver that never comes to rest is judged as it is.
            if start.elapsed() >= wait + wait {
                return Ok(known);
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

impl Sent {
    /// Judges an exhibit by its answers and by what left.
    pub(crate) fn judged(self, counts: &BTreeMap<String, u64>) -> Shown {
        let mut wrong = self.wrong;
        for (order, releases) in &self.releases {
            let count = counts.get(order).copied().unwrap_or_default();
            if !releases.contains(&count) {
                wrong.push(format!("released {}, {}", times(count), should(releases)));
            }
        }
        let outcome = if wrong.is_empty() { Outcome::Right } else { Outcome::Failed(wrong) };
        let orders = self.releases.into_iter().map(|(order, _)| order).collect();
        Shown { exhibit: self.exhibit, orders, outcome }
    }
}

/// What is wrong with the answer to a genuine message.
fn refusal(at: usize, of: usize, answer: &Answer) -> Option<String> {
    let which = if of > 1 { format!("message {at} of {of}") } else { "the message".to_owned() };
    match &answer.status {
        Ok(200..=299) => None,
        Ok(status) => Some(format!("{which} is genuine, and was answered with {status}")),
        Err(why) => Some(format!("{which} is genuine, and got {why}")),
    }
}

fn times(count: u64) -> String {
    match count {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        count => format!("{count} times"),
    }
}

fn should(releases: &RangeInclusive<u64>) -> String {
    match (releases.start(), releases.end()) {
        (0, 0) => "and nothing may leave".to_owned(),
        (least, most) if least == most => format!("not {}", times(*most)),
        (_, most) => format!("not at most {}", times(*most)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_said_in_words() {
        let answer = |status| Answer { status, took: Duration::ZERO };
        assert_eq!(refusal(1, 2, &answer(Ok(204))), None);
        let said = refusal(2, 3, &answer(Ok(401))).unwrap();
        assert_eq!(said, "message 2 of 3 is genuine, and was answered with 401");
        assert_eq!(format!("{}, {}", times(2), should(&(1..=1))), "2 times, not once");
        assert_eq!(format!("{}, {}", times(1), should(&(0..=0))), "once, and nothing may leave");
        assert_eq!(format!("{}, {}", times(2), should(&(0..=1))), "2 times, not at most once");
    }
}
