//! Sets of places in a signed text, as bits: all parses are followed at once.

/// A set of places in the signed text, or of its pieces.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Set<const W: usize>([u64; W]);

impl<const W: usize> Set<W> {
    pub(super) const EMPTY: Self = Self([0; W]);
    pub(super) const ALL: Self = Self([u64::MAX; W]);

    pub(super) fn only(place: usize) -> Self {
        let mut set = Self::EMPTY;
        set.add(place);
        set
    }

    pub(super) fn add(&mut self, place: usize) {
        if let Some(word) = self.0.get_mut(place / 64) {
            *word |= 1 << (place % 64);
        }
    }

    pub(super) fn has(self, place: usize) -> bool {
        self.0.get(place / 64).is_some_and(|word| word >> (place % 64) & 1 == 1)
    }

    pub(super) fn is_empty(self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    pub(super) fn and(mut self, other: Self) -> Self {
        self.0.iter_mut().zip(other.0).for_each(|(word, other)| *word &= other);
        self
    }

    pub(super) fn without(mut self, other: Self) -> Self {
        self.0.iter_mut().zip(other.0).for_each(|(word, other)| *word &= !other);
        self
    }

    pub(super) fn or(mut self, other: Self) -> Self {
        self.0.iter_mut().zip(other.0).for_each(|(word, other)| *word |= other);
        self
    }

    /// Every place moved one piece on.
    pub(super) fn next(mut self) -> Self {
        let mut carry = 0;
        for word in &mut self.0 {
            let out = *word >> 63;
            *word = *word << 1 | carry;
            carry = out;
        }
        self
    }

    /// Every place moved one piece back.
    pub(super) fn back(mut self) -> Self {
        let mut carry = 0;
        for word in self.0.iter_mut().rev() {
            let out = *word << 63;
            *word = *word >> 1 | carry;
            carry = out;
        }
        self
    }

    /// The least place and all behind it.
    pub(super) fn onwards(mut self) -> Self {
        let mut found = false;
        for word in &mut self.0 {
            if found {
                *word = u64::MAX;
            } else if *word != 0 {
                found = true;
                *word = u64::MAX << word.trailing_zeros();
            }
        }
        self
    }

    /// All places before the least, or all.
    pub(super) fn before(self) -> Self {
        Self(self.onwards().0.map(|word| !word))
    }

    /// All places behind the last, or all.
    pub(super) fn behind(self) -> Self {
        Self(self.until().0.map(|word| !word))
    }

    /// The last place and all before it.
    pub(super) fn until(mut self) -> Self {
        let mut found = false;
        for word in self.0.iter_mut().rev() {
            if found {
                *word = u64::MAX;
            } else if *word != 0 {
                found = true;
                *word = u64::MAX >> word.leading_zeros();
            }
        }
        self
    }

    pub(super) fn places(self) -> impl Iterator<Item = usize> {
        self.0.into_iter().enumerate().flat_map(|(at, mut word)| {
            std::iter::from_fn(move || {
                let bit = word.trailing_zeros();
                word &= word.wrapping_sub(1);
                (bit < 64).then_some(at * 64 + bit as usize)
            })
        })
    }
}
