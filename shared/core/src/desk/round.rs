//! One look at a desk: what to do next, step by step.

use std::collections::BTreeSet;

use super::book::Desk;
use crate::api::{Action, Effect};
use crate::order::Order;
use crate::rules::Rules;
use crate::time::Timestamp;

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The provider is to be asked, and the order to take what it says; then [`Round::asked`].
    Ask,
    /// The desk is to be stored, unless somebody else changed it; then [`Round::stored`].
    Store,
    /// This is to be carried out, once; then [`Round::called`].
    Call(Box<Action>),
    /// There is nothing more to do now.
    End,
}

/// One look at a desk. Whoever carries it out may stop after any step: the next look goes on from what was stored.
#[derive(Clone, Debug)]
pub struct Round<'r> {
    desk: Desk,
    rules: &'r Rules,
    /// Whether it is yet to look at a request that was just taken.
    is_of_new: bool,
    at: At,
    /// The lines whose call was made in this round: each once.
    called: BTreeSet<String>,
    /// What the last call came to, until that is stored.
    unstored: Option<Outcome>,
}

/// What a call came to.
#[derive(Clone, Debug)]
struct Outcome {
    intent: String,
    effect: Effect,
    is_first: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum At {
    Ask,
    Look,
    Pick,
    Store(Box<Self>),
    Call { intent: String, is_first: bool },
    End,
}

impl<'r> Round<'r> {
    /// A look at a desk as it is stored. It asks first, unless the provider `was_asked` since the desk was read.
    pub fn new(desk: Desk, rules: &'r Rules, was_asked: bool) -> Self {
        let at = match (desk.is_open(), was_asked) {
            (false, _) => At::End,
            (true, true) => At::Look,
            (true, false) => At::Ask,
        };
        Self { desk, rules, is_of_new: false, at, called: BTreeSet::new(), unstored: None }
    }

    /// A look that begins with storing the desk: a request was just taken.
    pub fn of_new_request(desk: Desk, rules: &'r Rules) -> Self {
        let at = At::Store(Box::new(At::Look));
        Self { desk, rules, is_of_new: true, at, called: BTreeSet::new(), unstored: None }
    }

    /// The desk as it is now.
    pub fn desk(&self) -> &Desk {
        &self.desk
    }

    /// The next step. `order` is what is known of the order now.
    pub fn next(&mut self, order: &Order, now: Timestamp) -> Step {
        loop {
            match self.at.clone() {
                At::Ask => return Step::Ask,
                At::Store(_) => return Step::Store,
                At::End => return Step::End,
                At::Look => {
                    let is_of_new = std::mem::take(&mut self.is_of_new);
                    let lapsed = !is_of_new && self.desk.lapse(order);
                    let changed = self.desk.look(order, self.rules, now) || lapsed;
                    self.at = stored_if(changed, At::Pick);
                }
                At::Pick => {
                    let before = self.desk.clone();
                    let intent = self.desk.intend(order, self.rules, now);
                    let changed = self.desk != before;
                    self.at = match intent.filter(|intent| !self.called.contains(intent)) {
                        // What is under way already was called before. It is stored all the same: whoever made that call
                        // and thinks that nothing came of it finds a newer desk, and does not plan it anew.
                        Some(intent) => {
                            let is_first = before.action(order, &intent).is_none();
                            At::Store(Box::new(At::Call { intent, is_first }))
                        }
                        None => stored_if(changed, At::End),
                    };
                }
                At::Call { intent, .. } => match self.desk.action(order, &intent) {
                    Some(action) => return Step::Call(Box::new(action)),
                    None => self.at = At::End,
                },
            }
        }
    }

    /// How [`Step::Ask`] ended: whether the order took what the provider said.
    pub fn asked(&mut self, succeeded: bool) {
        if self.at == At::Ask {
            self.at = if succeeded { At::Look } else { At::End };
        }
    }

    /// How [`Step::Store`] ended. A desk that somebody else changed is to be read again, in another round, or taken by
    /// [`Round::rebase`].
    pub fn stored(&mut self, succeeded: bool) {
        if let At::Store(next) = &self.at {
            self.at = if succeeded { (**next).clone() } else { At::End };
            self.unstored = None;
        }
    }

    /// Goes on from the desk that somebody else stored while a call was made: what the call came to is noted there,
    /// and [`Step::Store`] is next. `false` where there is nothing to note; the round is over then.
    pub fn rebase(&mut self, newer: Desk) -> bool {
        let Some(Outcome { intent, effect, is_first }) = &self.unstored else {
            self.stored(false);
            return false;
        };
        // Whoever stored it may have made the same call meanwhile, and that one may have had an effect.
        let is_first = *is_first && !effect.is_nothing();
        let before = newer.clone();
        self.desk = newer;
        self.desk.effect(intent, effect, is_first, self.rules);
        let is_changed = self.desk != before;
        if !is_changed {
            self.stored(false);
        }
        is_changed
    }

    /// What [`Step::Call`] came to.
    pub fn called(&mut self, effect: &Effect) {
        let At::Call { intent, is_first } = self.at.clone() else { return };
        self.desk.effect(&intent, effect, is_first, self.rules);
        self.called.insert(intent.clone());
        self.unstored = Some(Outcome { intent, effect: effect.clone(), is_first });
        // Where nothing can be reached, there is nothing to ask either.
        let next = if effect.is_nothing() { At::End } else { At::Ask };
        self.at = At::Store(Box::new(next));
    }
}

fn stored_if(changed: bool, next: At) -> At {
    if changed { At::Store(Box::new(next)) } else { next }
}
