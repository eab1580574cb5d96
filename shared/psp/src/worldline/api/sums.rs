//! What each operation of a payment has taken, where the amounts that are told agree. (worldline.md 15)
//!
//! No source says how a split is listed: the shares may be operations of one payment or payments of their own, the
//! voucher's operation may show its share or the whole order, and the payment's `acquiredAmount` may count the shares
//! under other ids or not. Each reading is tried. Where none fits, the answer contradicts itself.

/// One captured operation as it is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Taken {
    /// Minor units.
    pub(super) amount: u64,
    /// Whether it is of the payment that was asked about, and not of another that is listed beside.
    pub(super) is_own: bool,
}

/// What the payment says of itself, in minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Level {
    /// `acquiredAmount`; 0 where there is none.
    pub(super) acquired: u64,
    /// `amountOfMoney`.
    pub(super) stated: u64,
    /// What comes on top of it.
    pub(super) surcharge: u64,
}

/// What was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sums {
    /// Each operation's part is known.
    Clear {
        /// What the payment itself has acquired.
        own: u64,
        /// The part of each operation, in their order.
        each: Vec<u64>,
        /// Whether `acquiredAmount` counts other payments, too: then `amountOfMoney` is that of all.
        of_all: bool,
    },
    /// Only the sum is known: nobody says of which operation the surcharge is a part.
    Whole,
    /// The amounts do not fit.
    Contradictory,
}

/// Finds the reading under which the amounts agree; of two the one that counts less as the payment's own.
pub(super) fn sums(level: Level, taken: &[Taken]) -> Sums {
    let Level { acquired, stated, surcharge } = level;
    // An operation that shows the whole order does not say what its own part is: that is what the others leave.
    let shows_whole = |one: &Taken| stated > 0 && one.amount >= stated;
    let mut open = taken.iter().filter(|one| shows_whole(one));
    let (open, more) = (open.next(), open.next());
    if more.is_some() {
        return Sums::Contradictory;
    }
    let fixed = |is_own: bool| -> u64 {
        let parts = taken.iter().filter(|one| !shows_whole(one) && one.is_own == is_own);
        parts.map(|one| one.amount).sum()
    };
    let (own, others) = (fixed(true), fixed(false));
    let has_others = taken.iter().any(|one| !one.is_own);
    let all = own + others;
    let fits_all = has_others
        && match open {
            None => acquired == all,
            Some(_) => acquired > all,
        };
    let fits_own = match open {
        Some(open) if open.is_own => {
            acquired > own && (!has_others || acquired + others <= stated + surcharge)
        }
        _ => acquired == own,
    };
    let (left, of_all) = match (fits_all, fits_own) {
        (true, _) => (acquired - all, true),
        (_, true) => (acquired - own, false),
        _ if surcharge > 0 && !has_others && open.is_none() && acquired == own + surcharge => {
            return Sums::Whole;
        }
        _ => return Sums::Contradictory,
    };
    let part = |one: &Taken| if shows_whole(one) { left } else { one.amount };
    let own = taken.iter().filter(|one| one.is_own).map(part).sum();
    Sums::Clear { own, each: taken.iter().map(part).collect(), of_all }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(acquired: u64, stated: u64, taken: &[(u64, bool)]) -> Sums {
        let taken: Vec<Taken> = taken
            .iter()
            .map(|(amount, is_own)| Taken { amount: *amount, is_own: *is_own })
            .collect();
        sums(Level { acquired, stated, surcharge: 0 }, &taken)
    }

    fn clear(own: u64, each: &[u64], of_all: bool) -> Sums {
        Sums::Clear { own, each: each.to_vec(), of_all }
    }

    #[test]
    fn every_layout_of_a_split_comes_to_the_same_parts() {
        let parts = clear(140, &[60, 80], false);
        assert_eq!(told(140, 140, &[(60, true), (80, true)]), parts, "one id");
        assert_eq!(
            told(140, 140, &[(140, true), (80, true)]),
            parts,
            "the voucher shows the order"
        );
        let apart = clear(60, &[60, 80], true);
        assert_eq!(told(140, 140, &[(60, true), (80, false)]), apart, "two ids");
        assert_eq!(told(140, 140, &[(140, true), (80, false)]), apart, "both");
        // Asked about by the complement's id.
        let mirrored = clear(80, &[60, 80], true);
        assert_eq!(told(140, 140, &[(60, false), (80, true)]), mirrored);
        assert_eq!(told(140, 140, &[(140, false), (80, true)]), mirrored);
        // The other payment may be listed and not counted.
        assert_eq!(told(60, 140, &[(60, true), (80, false)]), clear(60, &[60, 80], false));
        assert_eq!(told(60, 140, &[(140, true), (80, false)]), clear(60, &[60, 80], false));
    }

    #[test]
    fn half_a_split_is_half() {
        for voucher in [60, 140] {
            assert_eq!(told(60, 140, &[(voucher, true)]), clear(60, &[60], false));
        }
        assert_eq!(told(140, 140, &[(140, true)]), clear(140, &[140], false));
    }

    #[test]
    fn what_does_not_fit_is_a_contradiction() {
        for (acquired, taken) in [
            (140, &[(60, true)][..]),
            (60, &[(60, true), (80, true)]),
            (140, &[]),
            (140, &[(140, true), (140, true)]),
            (80, &[(140, true), (80, true)]),
            (0, &[(60, true)]),
            (130, &[(60, true), (80, false)]),
            (140, &[(80, false)]),
        ] {
            assert_eq!(told(acquired, 140, taken), Sums::Contradictory, "{acquired} {taken:?}");
        }
    }

    #[test]
    fn a_surcharge_is_a_part_of_the_whole() {
        let with = |acquired, taken: &[u64]| {
            let taken: Vec<_> =
                taken.iter().map(|amount| Taken { amount: *amount, is_own: true }).collect();
            sums(Level { acquired, stated: 140, surcharge: 10 }, &taken)
        };
        assert_eq!(with(150, &[140]), clear(150, &[150], false));
        assert_eq!(with(150, &[150]), clear(150, &[150], false));
        assert_eq!(with(150, &[60, 90]), clear(150, &[60, 90], false));
        assert_eq!(with(150, &[60, 80]), Sums::Whole);
    }

    proptest! {
        /// Whatever is read, no more is taken than the payment says it acquired, and the parts are that sum.
        #[test]
        fn no_reading_takes_more_than_was_acquired(
            acquired in 0..300_u64,
            stated in 0..200_u64,
            surcharge in 0..20_u64,
            taken in proptest::collection::vec((0..200_u64, any::<bool>()), 0..5),
        ) {
            let taken: Vec<_> =
                taken.iter().map(|(amount, is_own)| Taken { amount: *amount, is_own: *is_own }).collect();
            if let Sums::Clear { own, each, of_all } = sums(Level { acquired, stated, surcharge }, &taken) {
                let of = |own| -> u64 {
                    let parts = taken.iter().zip(&each).filter(|(one, _)| one.is_own == own);
                    parts.map(|(_, part)| *part).sum()
                };
                prop_assert_eq!(of(true), own);
                prop_assert_eq!(if of_all { own + of(false) } else { own }, acquired);
                for (one, part) in taken.iter().zip(&each) {
                    let is_open = stated > 0 && one.amount >= stated;
                    prop_assert!(*part == one.amount || is_open);
                }
            }
        }
    }
}
