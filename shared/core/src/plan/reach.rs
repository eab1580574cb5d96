//! Which amounts a set of shares can come to, some of which count whole or not at all.

use crate::rules::{Preference, Purse};

/// Most shares that count whole in one search, which looks at every subset of them. A cascade has two to five
/// shares, and a provider lists at most thirty transactions of an order.
pub const MAX_WHOLE_PIECES: usize = 16;

/// Money of one share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// How much there is, in minor units.
    pub(super) most: u64,
    /// Whether it counts whole or not at all.
    pub(super) whole: bool,
    /// With what it was paid.
    pub(super) purse: Purse,
}

/// What a search came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// So much of each of these pieces is exactly the amount. Cards stand before vouchers.
    Exactly(Vec<(usize, u64)>),
    /// No way leads to the amount. These are the nearest that can be reached.
    Nearest {
        /// The largest below it; `None` where that is nothing.
        below: Option<u64>,
        /// The smallest above it.
        above: Option<u64>,
    },
    /// There are more than [`MAX_WHOLE_PIECES`] pieces that count whole.
    TooMany,
}

/// How pieces come to an amount. Of several ways the preferred is taken, and among equals the one with the
/// pieces that stand first.
pub(super) fn reach(pieces: &[Piece], amount: u64, preference: Preference) -> Reach {
    let of_kind = |whole| move |(_, piece): &(usize, &Piece)| piece.whole == whole;
    let wholes: Vec<(usize, &Piece)> = pieces.iter().enumerate().filter(of_kind(true)).collect();
    let mut parts: Vec<(usize, &Piece)> =
        pieces.iter().enumerate().filter(of_kind(false)).collect();
    // The largest first: so the fewest are needed.
    parts.sort_by_key(|(at, piece)| {
        let first = match preference {
            Preference::CardFirst => Some(piece.purse),
            Preference::FewestLines => None,
        };
        (first, std::cmp::Reverse(piece.most), piece.purse, *at)
    });
    if wholes.len() > MAX_WHOLE_PIECES {
        return Reach::TooMany;
    }
    let divisible = parts.iter().fold(0u64, |sum, (_, piece)| sum.saturating_add(piece.most));
    let (mut best, mut below, mut above) =
        (None::<((u64, u64), Vec<(usize, u64)>)>, 0, None::<u64>);
    for subset in 0..1u32 << wholes.len() {
        let is_in = |at: &usize| subset >> at & 1 == 1;
        let chosen = wholes.iter().enumerate().filter(|(at, _)| is_in(at)).map(|(_, whole)| whole);
        let mut lines: Vec<(usize, u64)> = chosen.map(|(at, piece)| (*at, piece.most)).collect();
        let sum = lines.iter().fold(0u64, |sum, (_, most)| sum.saturating_add(*most));
        let Some(rest) = amount.checked_sub(sum) else {
            above = Some(above.map_or(sum, |known| known.min(sum)));
            continue;
        };
        if rest > divisible {
            below = below.max(sum.saturating_add(divisible));
            continue;
        }
        lines.extend(taken(&parts, rest));
        let is_voucher =
            |at: usize| pieces.get(at).is_some_and(|piece| piece.purse == Purse::Voucher);
        lines.sort_by_key(|(at, _)| (is_voucher(*at), *at));
        let voucher: u64 =
            lines.iter().filter(|(at, _)| is_voucher(*at)).map(|(_, part)| part).sum();
        let count = lines.len() as u64;
        let cost = match preference {
            Preference::CardFirst => (voucher, count),
            Preference::FewestLines => (count, voucher),
        };
        best = best.into_iter().chain([(cost, lines)]).min();
    }
    match best {
        Some((_, lines)) => Reach::Exactly(lines),
        None => Reach::Nearest { below: Some(below).filter(|below| *below > 0), above },
    }
}

/// So much of these pieces, one after the other.
fn taken(parts: &[(usize, &Piece)], amount: u64) -> Vec<(usize, u64)> {
    let mut rest = amount;
    let mut lines = Vec::new();
    for (at, piece) in parts {
        let part = piece.most.min(rest);
        if part > 0 {
            lines.push((*at, part));
            rest -= part;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn pieces() -> impl Strategy<Value = Vec<Piece>> {
        let purse = prop_oneof![Just(Purse::Card), Just(Purse::Voucher)];
        let piece = (0..9u64, any::<bool>(), purse).prop_map(|(most, whole, purse)| Piece {
            most,
            whole,
            purse,
        });
        vec(piece, 0..5)
    }

    /// Every way that there is, without any thought: so much of each piece.
    fn all_ways(pieces: &[Piece]) -> Vec<Vec<u64>> {
        let mut ways = vec![Vec::new()];
        for piece in pieces {
            let choices: Vec<u64> =
                if piece.whole { vec![0, piece.most] } else { (0..=piece.most).collect() };
            let longer = |way: &Vec<u64>| {
                let way = way.clone();
                choices.clone().into_iter().map(move |part| [way.clone(), vec![part]].concat())
            };
            ways = ways.iter().flat_map(longer).collect();
        }
        ways
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_best_way_and_the_nearest_amounts_are_those_of_a_search_without_thought(
            pieces in pieces(), amount in 1..40u64, card_first: bool,
        ) {
            let preference =
                if card_first { Preference::CardFirst } else { Preference::FewestLines };
            let ways = all_ways(&pieces);
            let sum = |way: &Vec<u64>| way.iter().sum::<u64>();
            let voucher = |way: &Vec<u64>| -> u64 {
                let paid = pieces.iter().zip(way).filter(|(p, _)| p.purse == Purse::Voucher);
                paid.map(|(_, part)| part).sum()
            };
            let count = |way: &Vec<u64>| way.iter().filter(|part| **part > 0).count() as u64;
            let exact: Vec<&Vec<u64>> = ways.iter().filter(|way| sum(way) == amount).collect();
            match reach(&pieces, amount, preference) {
                Reach::Exactly(lines) => {
                    let mut way = vec![0; pieces.len()];
                    for (at, part) in &lines {
                        prop_assert_eq!(way[*at], 0);
                        way[*at] = *part;
                    }
                    prop_assert!(exact.contains(&&way), "{:?}", way);
                    let least_voucher = exact.iter().map(|way| voucher(way)).min();
                    let least_count = exact.iter().map(|way| count(way)).min();
                    if card_first {
                        prop_assert_eq!(Some(voucher(&way)), least_voucher);
                    } else {
                        prop_assert_eq!(Some(count(&way)), least_count);
                    }
                    let vouchers = lines.iter().map(|(at, _)| pieces[*at].purse);
                    prop_assert!(vouchers.is_sorted());
                }
                Reach::Nearest { below, above } => {
                    prop_assert!(exact.is_empty());
                    let sums = || ways.iter().map(sum);
                    prop_assert_eq!(below, sums().filter(|s| *s < amount && *s > 0).max());
                    prop_assert_eq!(above, sums().filter(|s| *s > amount).min());
                }
                Reach::TooMany => prop_assert!(false),
            }
        }
    }

    #[test]
    fn the_search_has_a_bound() {
        let whole = Piece { most: 1, whole: true, purse: Purse::Card };
        let at_most = vec![whole; MAX_WHOLE_PIECES];
        assert!(matches!(reach(&at_most, 3, Preference::CardFirst), Reach::Exactly(_)));
        let more = vec![whole; MAX_WHOLE_PIECES + 1];
        assert_eq!(reach(&more, 3, Preference::CardFirst), Reach::TooMany);
        let parts = vec![Piece { whole: false, ..whole }; 100];
        assert!(matches!(reach(&parts, 100, Preference::CardFirst), Reach::Exactly(_)));
    }
}
