//! Dispatch at one order: from a stored decision to its message in the queue.

use quittance_core::OrderKey;
use quittance_core::claims::Item;
use quittance_core::dispatch::{Dispatch, Step};

use crate::fault::Fault;
use crate::psp::at;
use crate::receive::Flow;
use crate::store::Saved;
use crate::world::{MOST_RACES, World};

/// Dispatch at one order.
#[derive(Debug)]
pub(crate) struct Sending {
    key: OrderKey,
    dispatch: Dispatch,
    races: u32,
    /// For a fault alone: what is to be sent once it is marked.
    late: Vec<(String, OrderKey)>,
}

impl Sending {
    pub(crate) fn new(key: OrderKey, world: &World) -> Self {
        let dispatch = Dispatch::new(key.clone(), world.plan.policy);
        Self { key, dispatch, races: 0, late: Vec::new() }
    }

    /// The order comes again where the stream brings a batch again of which a part failed.
    pub(crate) fn dies(&self, world: &mut World) {
        world.note(format_args!("dispatch of {} dies", self.key.order));
        world.bring_again(&self.key);
    }

    pub(crate) fn step(&mut self, world: &mut World) -> Flow {
        match self.dispatch.step(at(world.now)) {
            Step::Load(key) => match world.load(&key) {
                Some(item) => self.dispatch.loaded(item),
                None => return self.fails(world),
            },
            Step::Send(message) => {
                let id = match world.fault {
                    Fault::FreshIds => format!("{}-{}", message.event.id, world.sent.len()),
                    _ => message.event.id,
                };
                if world.fault == Fault::MarksFirst {
                    self.late.push((id, message.group));
                } else if !world.send(&id, &message.group) {
                    return self.fails(world);
                }
                self.dispatch.sent();
            }
            Step::Mark(write) => return self.write(world, write.item),
            Step::Name(item) => return self.write(world, *item),
            Step::End => return self.end(world),
            Step::Astray(name) => {
                world.must_not(format!("{name} leads to a name"));
                return Flow::Ends;
            }
        }
        Flow::Goes
    }

    fn write(&mut self, world: &mut World, item: Item) -> Flow {
        let (saved, _) = world.save(item.clone());
        match saved {
            Saved::Done => {
                world.plan_ask(item.order.key(), 0);
                self.dispatch.written(item);
                Flow::Goes
            }
            Saved::Conflict => self.refused(world),
            Saved::Failed => self.fails(world),
        }
    }

    fn refused(&mut self, world: &mut World) -> Flow {
        self.dispatch.refused();
        self.races += 1;
        if self.races > MOST_RACES { self.fails(world) } else { Flow::Goes }
    }

    fn fails(&self, world: &mut World) -> Flow {
        world.note(format_args!("dispatch of {} fails", self.key.order));
        world.bring_again(&self.key);
        Flow::Ends
    }

    fn end(&mut self, world: &mut World) -> Flow {
        for (id, group) in self.late.drain(..) {
            world.send(&id, &group);
        }
        Flow::Ends
    }
}
