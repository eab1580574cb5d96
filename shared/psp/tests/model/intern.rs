//! Values under numbers: a state is a row of numbers, and what the real code makes of a value is worked out once.

use std::collections::HashMap;
use std::fmt::Debug;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Values, each under a number that it keeps. Two are the same if all that they hold is, as `Debug` prints it.
pub(crate) struct Interned<T> {
    values: Vec<T>,
    numbers: HashMap<u128, u32>,
}

impl<T: Debug> Interned<T> {
    /// With a first value under the number 0.
    pub(crate) fn new(first: T) -> Self {
        let mut interned = Self { values: Vec::new(), numbers: HashMap::new() };
        interned.number(first);
        interned
    }

    pub(crate) fn number(&mut self, value: T) -> u32 {
        let print = print(&value);
        if let Some(known) = self.numbers.get(&print) {
            return *known;
        }
        let number = self.values.len() as u32;
        self.values.push(value);
        self.numbers.insert(print, number);
        number
    }

    pub(crate) fn value(&self, number: u32) -> &T {
        &self.values[number as usize]
    }
}

/// 128 bits of all that a value holds.
fn print(value: &impl Debug) -> u128 {
    let text = format!("{value:?}");
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, &text).hash(&mut hasher);
        u128::from(hasher.finish())
    };
    half(1) << 64 | half(2)
}
