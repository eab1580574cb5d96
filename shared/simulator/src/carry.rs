//! One statement on its way to its order: what [`Claims`] says, carried out a step at a time.

use std::collections::VecDeque;

use quittance_core::claims::{Claims, End, Item, Step};
use quittance_core::{Flag, OrderKey, Receipt, Statement};

use crate::psp::Sums;
use crate::situation::Situation;
use crate::store::Saved;
use crate::world::{MOST_RACES, Source, World};

/// One statement on its way to its order.
#[derive(Debug)]
pub(crate) struct Carry {
    claims: Claims<'static>,
    statement: Statement,
    source: Source,
    /// What was true when it was told.
    sums: Vec<Sums>,
    races: u32,
    /// Whether something of it may be stored.
    has_written: bool,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Carried {
    OnTheWay,
    Stored,
    Known,
    Failed,
}

/// What one message or answer says, on its way to its orders one after the other.
#[derive(Debug, Default)]
pub(crate) struct Statements {
    left: VecDeque<Statement>,
    carry: Option<Carry>,
    /// Whether anything was news.
    pub(crate) has_news: bool,
    /// Whether something may be stored.
    pub(crate) has_written: bool,
}

/// How far they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stored {
    OnTheWay,
    All,
    Failed,
}

impl Statements {
    pub(crate) fn new(left: impl Into<VecDeque<Statement>>) -> Self {
        Self { left: left.into(), ..Self::default() }
    }

    /// One step; `begin` sends the next one off.
    pub(crate) fn step(
        &mut self,
        world: &mut World,
        begin: impl FnOnce(Statement, &World) -> Carry,
    ) -> Stored {
        let mut carry = match self.carry.take() {
            Some(carry) => carry,
            None => match self.left.pop_front() {
                Some(statement) => begin(statement, world),
                None => return Stored::All,
            },
        };
        let carried = carry.step(world);
        self.has_written |= carry.has_written;
        match carried {
            Carried::OnTheWay => self.carry = Some(carry),
            Carried::Stored => self.has_news = true,
            Carried::Known => {}
            Carried::Failed => return Stored::Failed,
        }
        Stored::OnTheWay
    }
}

impl Carry {
    pub(crate) fn new(
        statement: Statement,
        receipt: Receipt,
        (source, sums): (Source, Vec<Sums>),
        world: &World,
    ) -> Self {
        let claims = Claims::owning(statement.clone(), receipt, world.plan.policy);
        Self { claims, statement, source, sums, races: 0, has_written: false }
    }

    /// One step.
    fn step(&mut self, world: &mut World) -> Carried {
        match self.claims.step() {
            Step::Load(keys) => {
                // One request, which the store refuses or answers whole.
                let Some(items) = world.load_all(&keys) else { return Carried::Failed };
                items.into_iter().for_each(|item| self.claims.loaded(item));
            }
            Step::Name(item) => return self.write(world, *item),
            Step::Settle(write) => return self.write(world, write.item),
            Step::Take(write) => return self.take(world, write.item),
            Step::Again(_) => return self.again(),
            Step::End(End::Stored(_)) => return Carried::Stored,
            Step::End(End::Known(_)) => return Carried::Known,
            Step::End(end) => {
                world.must_not(format!("a statement comes to {end:?}"));
                return Carried::Failed;
            }
        }
        Carried::OnTheWay
    }

    fn again(&mut self) -> Carried {
        self.races += 1;
        if self.races > MOST_RACES { Carried::Failed } else { Carried::OnTheWay }
    }

    fn refused(&mut self) -> Carried {
        self.claims.refused();
        self.again()
    }

    fn write(&mut self, world: &mut World, item: Item) -> Carried {
        let (saved, _) = world.save(item.clone());
        match saved {
            Saved::Done => {
                self.claims.written(item);
                Carried::OnTheWay
            }
            Saved::Conflict => self.refused(),
            Saved::Failed => Carried::Failed,
        }
    }

    /// The write that counts.
    fn take(&mut self, world: &mut World, item: Item) -> Carried {
        let key = item.order.key().clone();
        let was_released = self.is_released(world, &key);
        let (saved, is_written) = world.save(item);
        if is_written {
            self.has_written = true;
            self.learn(world, &key);
            world.remember(&self.statement, false);
            if !was_released && self.is_released(world, &key) {
                world.saw(match self.source {
                    Source::Mail => Situation::ReleasedByMail,
                    Source::Asking => Situation::ReleasedByAsking,
                });
                world.note(format_args!("{} is released", key.order));
            }
            self.sees(world, &key);
            world.plan_ask(&key, 0);
        }
        match saved {
            Saved::Done => {
                self.claims.taken();
                Carried::OnTheWay
            }
            Saved::Conflict => self.refused(),
            Saved::Failed => Carried::Failed,
        }
    }

    fn sees(&self, world: &mut World, key: &OrderKey) {
        let order = world.order(key);
        let waits = order.summary(world.plan.policy).flags.contains(&Flag::Unconfirmed);
        if waits && order.fulfilment().is_none() {
            world.saw(Situation::AwaitsWord);
        }
    }

    fn is_released(&self, world: &World, key: &OrderKey) -> bool {
        world.store.items.get(key).is_some_and(|item| item.order.fulfilment().is_some())
    }

    /// What the order holds from now on.
    fn learn(&self, world: &mut World, key: &OrderKey) {
        if let Some(sums) = world.purchase(key).and_then(|at| self.sums.get(at)) {
            world.learns(key, self.source, *sums);
        }
    }
}
