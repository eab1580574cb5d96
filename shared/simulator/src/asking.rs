//! Asking a provider about one order: its talk, a call at a time, and what it says on the way to the order.

use quittance_core::api::{Asked, Call, Dialogue, Exchange, Subject, TroubleKind, Turn};
use quittance_core::crypto::sha256_hex;
use quittance_core::schedule::UNREACHED_SECONDS;
use quittance_core::{OrderKey, Receipt, Statement};

use crate::carry::{Carry, Statements, Stored};
use crate::dice::Chance;
use crate::plan::{MINUTE, Psp};
use crate::psp::{Sums, api, at};
use crate::receive::Flow;
use crate::situation::Situation;
use crate::world::{Source, World};

/// What can go wrong at a provider, by the names of `shared/fakes`. That an answer has another amount or
/// currency and fits in itself is left out: what a provider says over TLS is believed, of an order that nobody registered.
pub(crate) const BREAKS: [&str; 15] = [
    "timeout_before",
    "timeout_after",
    "502",
    "502_after",
    "html",
    "html_after",
    "truncated",
    "cut_off",
    "slow",
    "404_inner_500",
    "rate_limited",
    "platform_trouble",
    "wrong_order",
    "platform_trouble_after",
    "wrong_mode",
];

/// A call, and what comes back.
#[derive(Debug)]
pub(crate) struct Line {
    psp: Psp,
    /// Whether its calls move money.
    moves_money: bool,
    /// What was heard, and how often anything had changed at the provider by then.
    heard: Option<(Exchange, u64)>,
}

impl Line {
    pub(crate) fn new(psp: Psp, moves_money: bool) -> Self {
        Self { psp, moves_money, heard: None }
    }

    /// Makes a call; what comes of it arrives with [`Line::arrives`].
    pub(crate) fn call(&mut self, call: &Call, world: &mut World) {
        let (psp, now) = (self.psp, world.now);
        world.note(format_args!("{psp:?} is called: {}", call.name));
        let heard = if world.dice.happens(Chance::LosesCall) {
            Exchange::Unsent
        } else if world.dice.happens(Chance::Breaks) {
            let kind = world.dice.how(Chance::Breaks, 0..BREAKS.len() as i64);
            let kind = BREAKS[usize::try_from(kind).unwrap_or(0)];
            world.note(format_args!("where this happens: {kind}"));
            world.psps.broken(psp, call, kind, now)
        } else {
            world.psps.answer(call, now)
        };
        let lost = match self.moves_money {
            true => world.dice.happens(Chance::LosesEffect),
            false => world.dice.happens(Chance::LosesReply),
        };
        self.heard = Some((if lost { Exchange::Lost } else { heard }, world.psps.changes));
    }

    /// How long the answer takes, in milliseconds.
    pub(crate) fn takes(world: &mut World) -> i64 {
        match world.dice.happens(Chance::DelaysReply) {
            true => world.dice.how(Chance::DelaysReply, 1_000..25_000),
            false => world.pause(),
        }
    }

    /// What was heard, if a call was made.
    pub(crate) fn arrives(&mut self, world: &mut World) -> Option<Exchange> {
        let (heard, changes) = self.heard.take()?;
        if changes != world.psps.changes {
            world.saw(Situation::AnswerOutdated);
        }
        Some(heard)
    }
}

/// How asking ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    OnTheWay,
    /// Whether the provider knows of it.
    Told(bool),
    Failed,
}

/// Asking about one order.
pub(crate) struct Asking {
    key: OrderKey,
    talk: Option<Box<dyn Dialogue<Asked>>>,
    line: Line,
    /// How many turns of the schedule it is.
    turns: u32,
    told: Statements,
    sha256: String,
    /// What was true when the provider answered last.
    sums: Vec<Sums>,
}

impl Asking {
    pub(crate) fn new(key: OrderKey, turns: u32, world: &mut World) -> Self {
        world.note(format_args!("somebody asks about {}", key.order));
        let psp = World::psp_of(&key);
        let order = world.order(&key);
        let checkouts = world.store.sessions(&key).to_vec();
        let subject = Subject { order: &order, checkouts: &checkouts };
        let talk = api(psp, world.put).ask(&subject).ok();
        Self {
            key,
            talk,
            line: Line::new(psp, false),
            turns,
            told: Statements::default(),
            sha256: String::new(),
            sums: Vec::new(),
        }
    }

    /// It is tried again.
    pub(crate) fn dies(&self, world: &mut World) {
        world.note(format_args!("whoever asks about {} dies", self.key.order));
        world.ask_at(&self.key, world.now + MINUTE);
    }

    pub(crate) fn step(&mut self, world: &mut World) -> Flow {
        if self.goes(world) == Outcome::OnTheWay { Flow::Goes } else { Flow::Ends }
    }

    /// One step.
    pub(crate) fn goes(&mut self, world: &mut World) -> Outcome {
        if let Some(talk) = &mut self.talk {
            if let Some(heard) = self.line.arrives(world) {
                talk.heard(heard);
            }
            match talk.next(at(world.now)) {
                Turn::Pause(_) => {}
                Turn::Send(call) => {
                    self.line.call(&call, world);
                    self.sums = world.psps.sums().to_vec();
                }
                Turn::End(asked) => return self.ends(asked, world),
            }
            return Outcome::OnTheWay;
        }
        self.stores(world)
    }

    fn ends(&mut self, asked: Asked, world: &mut World) -> Outcome {
        self.talk = None;
        match asked {
            Asked::Told(answer) => {
                self.sha256 = sha256_hex(answer.transcript.to_json().as_bytes());
                self.told = Statements::new(answer.confirmed());
                Outcome::OnTheWay
            }
            Asked::Unknown => self.over(false, world),
            Asked::Failed(trouble) => {
                world.saw(Situation::AskFailed);
                world.note(format_args!("nothing is learnt: {trouble}"));
                let is_reached =
                    matches!(trouble.kind, TroubleKind::Garbled | TroubleKind::Contradiction);
                if is_reached {
                    let asked = *world.store.asked(&self.key);
                    world.plan_ask(&self.key, asked + 1);
                } else {
                    let pause = i64::try_from(UNREACHED_SECONDS).unwrap_or(0) * 1_000;
                    world.put_off(&self.key, world.now + pause);
                }
                Outcome::Failed
            }
        }
    }

    /// What the provider said goes to its order, one statement after the other.
    fn stores(&mut self, world: &mut World) -> Outcome {
        let (sha256, sums) = (&self.sha256, &self.sums);
        let begin = |statement: Statement, world: &World| {
            let sha256 = sha256.clone();
            let receipt = Receipt { received_at: at(world.now), source: "api", sha256 };
            Carry::new(statement, receipt, (Source::Asking, sums.clone()), world)
        };
        match self.told.step(world, begin) {
            Stored::OnTheWay => Outcome::OnTheWay,
            Stored::All => self.over(true, world),
            Stored::Failed => {
                world.ask_at(&self.key, world.now + MINUTE);
                Outcome::Failed
            }
        }
    }

    fn over(&self, is_known: bool, world: &mut World) -> Outcome {
        let asked = match self.told.has_news {
            true => 1,
            false => (*world.store.asked(&self.key) + self.turns).max(1),
        };
        world.plan_ask(&self.key, asked);
        Outcome::Told(is_known)
    }
}
