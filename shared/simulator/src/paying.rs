//! A desk at work: a refund, a capture or a cancellation, carried out a step at a time.

use quittance_core::api::{Dialogue, Effect, Trouble, TroubleKind, Turn};
use quittance_core::desk::{Answer, Content, New, Request, RequestKind, RequestState, Round, Step};
use quittance_core::{Order, OrderKey};

use crate::asking::{Asking, Line, Outcome};
use crate::fault::Fault;
use crate::keys::provider;
use crate::plan::{DAY, MINUTE};
use crate::psp::{account, api, at};
use crate::receive::Flow;
use crate::situation::Situation;
use crate::store::{Saved, StoredDesk};
use crate::world::World;

/// What somebody wants; nothing where he only looks at what is open.
pub(crate) type Wish = Option<(String, Content)>;

/// A desk at work.
pub(crate) struct Paying {
    key: OrderKey,
    wish: Wish,
    asking: Option<Asking>,
    /// The order as it was after the provider was asked last.
    order: Box<Order>,
    round: Option<Round<'static>>,
    version: u64,
    call: Option<(Box<dyn Dialogue<Effect>>, Line)>,
}

impl Paying {
    pub(crate) fn new(key: OrderKey, wish: Wish, world: &mut World) -> Self {
        let what = wish.as_ref().map(|(_, content)| content.kind().as_str()).unwrap_or("look");
        world.note(format_args!("somebody wants of {}: {what}", key.order));
        let asking = Some(Asking::new(key.clone(), 0, world));
        let order = Box::new(Order::new(key.clone()));
        Self { key, wish, asking, order, round: None, version: 0, call: None }
    }

    /// A later look goes on from what is stored; a merchant who hears nothing asks again.
    pub(crate) fn dies(&self, world: &mut World) {
        world.note(format_args!("the desk of {} is left alone", self.key.order));
        self.come_back(world);
    }

    fn come_back(&self, world: &mut World) {
        if world.store.desk(&self.key).desk.is_open() {
            world.look_at(&self.key, world.now + MINUTE);
        }
    }

    pub(crate) fn step(&mut self, world: &mut World) -> Flow {
        if let Some(asking) = &mut self.asking {
            return match asking.goes(world) {
                Outcome::OnTheWay => Flow::Goes,
                Outcome::Told(is_known) => self.asked(is_known, world),
                Outcome::Failed => self.asked(false, world),
            };
        }
        if self.call.is_some() {
            return self.hear(world);
        }
        let Some(round) = &mut self.round else { return Flow::Ends };
        match round.next(&self.order, at(world.now)) {
            Step::Ask => self.asking = Some(Asking::new(self.key.clone(), 0, world)),
            Step::Store => return self.store(world),
            Step::Call(action) => {
                let psp = World::psp_of(&self.key);
                match api(psp, world.put).act(&account(psp), &action) {
                    Ok(talk) => self.call = Some((talk, Line::new(psp, true))),
                    Err(_) => return Flow::Ends,
                }
            }
            Step::End => return self.end(world),
        }
        Flow::Goes
    }

    /// The provider was asked.
    fn asked(&mut self, is_told: bool, world: &mut World) -> Flow {
        self.asking = None;
        *self.order = world.order(&self.key);
        if let Some(round) = &mut self.round {
            round.asked(is_told);
            return Flow::Goes;
        }
        if !is_told {
            self.come_back(world);
            return Flow::Ends;
        }
        let StoredDesk { mut desk, version } = world.store.desk(&self.key);
        self.version = version;
        let rules = provider(World::psp_of(&self.key)).rules();
        let Some((request, content)) = self.wish.take() else {
            if desk.is_open() {
                world.saw(Situation::RefundResumed);
            }
            self.round = Some(Round::new(desk, rules, true));
            return Flow::Goes;
        };
        let new = New { request: &request, content };
        match desk.request(&self.order, rules, new, at(world.now)) {
            Answer::Planned => {
                self.round = Some(Round::of_new_request(desk, rules));
                Flow::Goes
            }
            _ => Flow::Ends,
        }
    }

    /// The desk is stored, on condition.
    fn store(&mut self, world: &mut World) -> Flow {
        let Some(round) = &mut self.round else { return Flow::Ends };
        match world.save_desk(&self.key, round.desk().clone(), self.version) {
            Saved::Done => {
                self.version += 1;
                round.stored(true);
                Flow::Goes
            }
            Saved::Conflict => {
                let StoredDesk { desk, version } = world.store.desk(&self.key);
                self.version = version;
                if round.rebase(desk) { Flow::Goes } else { self.end(world) }
            }
            Saved::Failed => {
                round.stored(false);
                self.come_back(world);
                Flow::Ends
            }
        }
    }

    /// A call under way.
    fn hear(&mut self, world: &mut World) -> Flow {
        let Some((talk, line)) = &mut self.call else { return Flow::Ends };
        if let Some(heard) = line.arrives(world) {
            talk.heard(heard);
        }
        match talk.next(at(world.now)) {
            Turn::Pause(_) => {}
            Turn::Send(call) => line.call(&call, world),
            Turn::End(effect) => self.called(effect, world),
        }
        Flow::Goes
    }

    fn called(&mut self, effect: Effect, world: &mut World) {
        self.call = None;
        world.collect();
        let effect = match effect {
            Effect::Uncertain(_) if world.fault == Fault::TakesSilenceForNothing => {
                let why = "no answer".to_owned();
                Effect::Nothing(Trouble { kind: TroubleKind::Unreachable, why })
            }
            effect => effect,
        };
        if matches!(effect, Effect::Uncertain(_)) {
            world.saw(Situation::RefundUnheard);
        }
        world.note(format_args!("the call comes to {effect:?}"));
        if let Some(round) = &mut self.round {
            round.called(&effect);
        }
    }

    fn end(&self, world: &mut World) -> Flow {
        let stored = world.store.desk(&self.key);
        for (kind, situation) in [
            (RequestKind::Capture, Situation::CapturedLater),
            (RequestKind::Cancellation, Situation::GivenUpReserve),
        ] {
            let is_done = |request: &Request| {
                request.content.kind() == kind && request.state() == RequestState::Done
            };
            if stored.desk.requests().iter().any(is_done) {
                world.saw(situation);
            }
        }
        if let Some(due) = stored.desk.next_look(at(world.now)) {
            let wait = i64::try_from(due.seconds_since(at(world.now))).unwrap_or(DAY) * 1_000;
            world.look_at(&self.key, world.now + wait + MINUTE);
        }
        Flow::Ends
    }
}
