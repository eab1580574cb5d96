//! Decisions, by lot or out of a fuzzer's bytes.

/// Decisions, one after the other, the same each time.
#[derive(Debug)]
pub struct Dice(Source);

#[derive(Debug)]
enum Source {
    /// The state of `SplitMix64`.
    Lot(u64),
    /// A byte a decision; 0 and "no" where none are left.
    Bytes(std::vec::IntoIter<u8>),
}

impl Dice {
    /// Decisions by lot.
    pub fn seeded(seed: u64) -> Self {
        Self(Source::Lot(seed))
    }

    /// Decisions out of these bytes.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self(Source::Bytes(Vec::from(bytes).into_iter()))
    }

    /// The next so many bytes of decisions by themselves, so that what uses more or fewer of them leaves
    /// those behind it alone.
    #[must_use]
    pub fn part(&mut self, length: usize) -> Self {
        match &mut self.0 {
            Source::Lot(state) => Self::seeded(next(state)),
            Source::Bytes(bytes) => {
                let part: Vec<u8> = bytes.take(length).collect();
                Self(Source::Bytes(part.into_iter()))
            }
        }
    }

    /// A number below `most`. Of more than 256 it takes two bytes.
    pub fn below(&mut self, most: usize) -> usize {
        let number = match &mut self.0 {
            Source::Lot(state) => next(state),
            Source::Bytes(bytes) => {
                let mut byte = || u64::from(bytes.next().unwrap_or(0));
                if most > 256 { byte() << 8 | byte() } else { byte() }
            }
        };
        (number % most.max(1) as u64) as usize
    }

    /// Once in so many times; never when nothing is left.
    pub fn once_in(&mut self, times: usize) -> bool {
        let left = match &self.0 {
            Source::Lot(_) => true,
            Source::Bytes(bytes) => bytes.len() > 0,
        };
        left && self.below(times) == 0
    }

    /// One of these.
    pub fn pick<'t, T>(&mut self, all: &'t [T]) -> &'t T {
        &all[self.below(all.len())]
    }
}

fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
