//! What can happen next to a stack, and what has to hold whatever does.

use quittance_core::claims::Items;
use quittance_core::dispatch::Dispatch;

use super::{
    At, CLAIM, Consumer, Do, Fault, GOT, IDS, KEYS, MOST_DISPATCHERS, MOST_RECEIVERS, POLICY,
    QUEUE, REGISTERED, Stack, State, Task,
};
use crate::explore::{Move, What, World};
use crate::judge::show;
use crate::stories::Registration;

impl World for Stack {
    type State = State;

    fn begin(&self) -> State {
        State {
            items: [0; KEYS],
            receivers: <_>::default(),
            registrar: <_>::default(),
            dispatchers: <_>::default(),
            answered: 0,
            open: self.story.all(),
            queue: [0; QUEUE],
            remembered: 0,
            sent: 0,
            consumer: <_>::default(),
            noted: 0,
            acted: 0,
            acted_again: false,
            lost: false,
        }
    }

    fn moves(&mut self, state: &State, found: &mut Vec<Move<State>>) {
        let mut accidents = Vec::new();
        let mut push = |what, whose, is_forward, mut to: State| {
            // One receiver is as another, and one dispatch.
            to.receivers.sort_unstable();
            to.dispatchers.sort_unstable();
            let next = Move { what: What(what, whose), is_forward, to };
            if is_forward { found.push(next) } else { accidents.push(next) }
        };
        let all = self.story.all();
        for at in 0..MOST_RECEIVERS {
            let task = state.receivers[at];
            let Some(message) = self.message_of(task) else { continue };
            let mut to = *state;
            if self.ends(task) {
                to.answered |= 1 << message;
                to.open &= !(1 << message);
            }
            to.receivers[at] = self.step(&mut to, task, false);
            push("goes on with", message, true, to);
            // The items of one read are read in any order.
            for key in self.awaited(task).into_iter().skip(1) {
                let mut to = *state;
                to.receivers[at] = self.load(state, task, key);
                push("reads another first with", message, true, to);
            }
            let mut to = *state;
            to.receivers[at] = Task::default();
            to.open |= 1 << message;
            push("dies with", message, false, to);
            if self.writes(task) && !self.is_stale(task, self.written_key(task)) {
                let mut to = *state;
                to.receivers[at] = self.step(&mut to, task, true);
                push("writes, and does not hear of it, with", message, false, to);
            }
        }
        if state.registrar.node != 0 {
            let mut to = *state;
            if self.ends(state.registrar) {
                to.answered |= REGISTERED;
                to.open &= !REGISTERED;
            }
            to.registrar = self.step(&mut to, state.registrar, false);
            push("registers", 0, true, to);
            let (registrar, open) = (Task::default(), state.open | REGISTERED);
            push("dies registering", 0, false, State { registrar, open, ..*state });
        }
        for at in 0..MOST_DISPATCHERS {
            let task = state.dispatchers[at];
            if task.node == 0 {
                continue;
            }
            let mut to = *state;
            to.dispatchers[at] = self.step(&mut to, task, false);
            push("dispatch goes on", at, true, to);
            let mut to = *state;
            to.dispatchers[at] = Task::default();
            to.lost = self.fault == Fault::NoSweep;
            push("dispatch dies", at, false, to);
        }
        if state.consumer.holds != 0 {
            let mut to = *state;
            self.consume(&mut to);
            push("the consumer goes on with", usize::from(state.consumer.holds), true, to);
            let mut to = State { consumer: Consumer::default(), ..*state };
            // Its lease ends before the message comes again.
            let at = 2 * u16::from(state.consumer.holds - 1);
            if to.noted >> at & 3 == CLAIM && self.fault != Fault::NoLease {
                to.noted &= !(3 << at);
            }
            push("the consumer dies with", usize::from(state.consumer.holds), false, to);
        } else if state.queue[0] != 0 {
            // Orders do not wait for each other; of one order the first comes first.
            let of = |holds: u8| &self.groups[usize::from(holds - 1)];
            for (at, holds) in state.queue.iter().enumerate().take_while(|(_, holds)| **holds != 0)
            {
                if state.queue[..at].iter().all(|before| of(*before) != of(*holds)) {
                    let consumer = Consumer { holds: *holds, stage: GOT };
                    push(
                        "the consumer gets",
                        usize::from(*holds),
                        true,
                        State { consumer, ..*state },
                    );
                }
            }
        }
        let free = (MOST_RECEIVERS - self.scope.receivers..MOST_RECEIVERS)
            .chain(0..MOST_RECEIVERS)
            .find(|at| state.receivers[*at].node == 0);
        let busy = state.receivers.iter().filter(|task| task.node != 0).count();
        if let Some(at) = free.filter(|_| busy < self.scope.receivers) {
            for message in 0..self.story.messages.len() {
                let mut to = *state;
                let is_open = state.open & 1 << message != 0;
                let is_held = state.receivers.iter().any(|t| self.message_of(*t) == Some(message));
                if self.fault == Fault::AnswersFirst {
                    to.answered |= 1 << message;
                    to.open &= !(1 << message);
                }
                to.receivers[at] = Task { node: self.begin_claims(message), stale: 0 };
                let what = if is_open { "comes" } else { "comes again" };
                push(what, message, is_open && !is_held, to);
            }
        }
        if let Some(Registration { key, .. }) = &self.story.registration
            && state.registrar.node == 0
            && state.open & REGISTERED != 0
        {
            let at = At::Register { key: key.clone(), seen: Items::default() };
            let registrar = Task { node: self.node(at, 0), stale: 0 };
            push("registration begins", 0, true, State { registrar, ..*state });
        }
        let busy = state.dispatchers.iter().filter(|task| task.node != 0).count();
        if busy < self.scope.dispatchers && !state.lost {
            let free = state.dispatchers.iter().position(|task| task.node == 0).unwrap();
            for key in self.unsent(state) {
                let is_looked_at = busy > 0;
                let dispatch = Dispatch::new(self.keys[usize::from(key)].clone(), POLICY);
                let mut to = *state;
                let node = self.node(At::Dispatch { key, dispatch }, 0);
                to.dispatchers[free] = self.step(&mut to, Task { node, stale: 0 }, false);
                push("dispatch looks at", usize::from(key), !is_looked_at, to);
            }
        }
        for id in (0..self.ids.len()).filter(|id| state.remembered & 1 << id != 0) {
            let remembered = state.remembered & !(1 << id);
            push("the queue forgets", id, false, State { remembered, ..*state });
        }
        debug_assert_eq!(state.answered & !all, 0);
        found.append(&mut accidents);
    }

    fn always(&mut self, state: &State) -> Result<(), String> {
        let tasks = state.receivers.iter().chain([&state.registrar]).chain(&state.dispatchers);
        for task in tasks {
            if let Some(wrong) = &self.nodes[task.node as usize].wrong {
                return Err(wrong.clone());
            }
        }
        let (answered, sent) = (state.answered, state.sent);
        let most = self.story.releases;
        let releases = (sent & self.releases).count_ones() as usize;
        let is_again = state.acted_again || (0..IDS).any(|id| state.acted >> (2 * id) & 3 > 1);
        let verdict = self.verdict(state);
        if let Some(wrong) = verdict.wrong.clone() {
            return Err(format!("{wrong}: {}", self.show(state)));
        }
        if answered & !verdict.held != 0 {
            let held = verdict.held;
            return Err(format!("answered {answered:b}, and held {held:b}: {}", self.show(state)));
        }
        if releases > most {
            return Err(format!("{releases} releases were sent"));
        }
        if is_again {
            return Err("the consumer acted again".to_owned());
        }
        Ok(())
    }

    fn show(&self, state: &State) -> String {
        let mut items = Items::default();
        (0..self.keys.len()).for_each(|key| items.put(self.item(state, key)));
        show(&items)
    }

    fn at_rest(&mut self, state: &State) -> Result<(), String> {
        if state.open != 0 {
            return Err(format!("never answered: {:b}", state.open));
        }
        let acted: u8 =
            (0..IDS).filter(|id| state.acted >> (2 * id) & 3 > 0).map(|id| 1 << id).sum();
        let verdict = self.verdict(state);
        if let Some(wrong) = &verdict.wrong_at_rest {
            return Err(wrong.clone());
        }
        let missed = verdict.decided & !acted;
        if missed != 0 && self.scope.dispatchers > 0 {
            return Err(format!("decided, and not acted on: {missed:b}"));
        }
        Ok(())
    }
}

impl Stack {
    fn written_key(&self, task: Task) -> u8 {
        match self.nodes[task.node as usize].next {
            Do::Write { key, .. } => key,
            _ => unreachable!(),
        }
    }
}
