//! The queue's consumer at one message, as docs/consumer.md asks for it: claim, act, settle, delete.

use crate::fault::Fault;
use crate::plan::MINUTE;
use crate::receive::Flow;
use crate::situation::Situation;
use crate::world::{World, short};

/// How long a claim holds, in milliseconds.
const LEASE: i64 = MINUTE / 2;

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Got,
    Claimed,
    Acted,
    Settled,
}

/// The consumer at one message.
#[derive(Debug)]
pub(crate) struct Consuming {
    id: String,
    stage: Stage,
}

impl Consuming {
    pub(crate) fn new(id: String, world: &mut World) -> Self {
        world.note(format_args!("the consumer gets {}", short(&id)));
        Self { id, stage: Stage::Got }
    }

    pub(crate) fn dies(&self, world: &mut World) {
        world.note(format_args!("the consumer of {} dies", short(&self.id)));
    }

    pub(crate) fn step(&mut self, world: &mut World) -> Flow {
        match (world.fault, self.stage) {
            (Fault::NoMemory, Stage::Got) => {
                self.act(world, false);
                self.stage = Stage::Settled;
            }
            (Fault::DeletesFirst, Stage::Got) => {
                world.queue.delete(&self.id);
                self.stage = Stage::Claimed;
            }
            (_, Stage::Got) => return self.claim(world),
            (Fault::SettlesFirst, Stage::Claimed) => {
                self.settle(world);
                self.stage = Stage::Acted;
            }
            (_, Stage::Claimed) => {
                self.act(world, true);
                self.stage = Stage::Acted;
            }
            (Fault::SettlesFirst, Stage::Acted) => {
                self.act(world, true);
                self.stage = Stage::Settled;
            }
            (_, Stage::Acted) => {
                self.settle(world);
                self.stage = Stage::Settled;
            }
            (_, Stage::Settled) => {
                world.queue.delete(&self.id);
                return Flow::Ends;
            }
        }
        Flow::Goes
    }

    fn claim(&mut self, world: &mut World) -> Flow {
        let now = world.now;
        let remembered = world.remembered.entry(self.id.clone()).or_default();
        if remembered.is_done {
            world.saw(Situation::ComesAgain);
            self.stage = Stage::Settled;
        } else if remembered.claimed_until > now {
            // Somebody else's claim runs: the message comes again.
            return Flow::Ends;
        } else {
            remembered.claimed_until = now + LEASE;
            self.stage = Stage::Claimed;
        }
        Flow::Goes
    }

    /// The goods leave. Whoever hands them over knows the id, where he is told it.
    fn act(&self, world: &mut World, tells_id: bool) {
        let remembered = world.remembered.entry(self.id.clone()).or_default();
        if remembered.acted == 0 || !tells_id {
            remembered.acted += 1;
        }
        let times = remembered.acted;
        world.note(format_args!("the goods of {} have left {times} times", short(&self.id)));
        if times > 1 {
            world.must_not(format!("the goods of {} left {times} times", self.id));
        }
    }

    fn settle(&self, world: &mut World) {
        world.remembered.entry(self.id.clone()).or_default().is_done = true;
    }
}
