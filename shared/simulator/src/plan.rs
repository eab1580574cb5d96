//! What truly happens: purchases, and what the buyer, the merchant and the operator do, before anything goes wrong.

use fastrand::Rng;
use quittance_core::fold::{Confirm, Instalments};
use quittance_core::{Policy, ReleaseOn};
use serde_json::{Value, json};

use crate::dice::Dice;

/// A minute, in milliseconds.
pub(crate) const MINUTE: i64 = 60_000;

/// An hour, in milliseconds.
pub(crate) const HOUR: i64 = 60 * MINUTE;

/// A day, in milliseconds.
pub(crate) const DAY: i64 = 24 * HOUR;

/// When accidents cease.
pub(crate) const CALM: i64 = 2 * DAY;

/// When the night's batch comes, after the beginning at ten o'clock: at five past midnight.
pub(crate) const FIRST_NIGHT: i64 = 14 * HOUR + 5 * MINUTE;

/// When a provider's sessions end, a little later than they do: after ten minutes, and after three hours.
pub(crate) const SESSIONS: [i64; 2] = [11 * MINUTE, 3 * HOUR + MINUTE];

/// When nothing is waited for any more: the longest pause of all is a day, and three nights have passed by then.
pub(crate) const END: i64 = 6 * DAY;

/// How many receivers there are.
pub(crate) const RECEIVERS: usize = 3;

/// Which provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Psp {
    Worldline,
    Lyra,
}

/// What somebody buys.
#[derive(Clone, Debug)]
pub(crate) struct Purchase {
    pub(crate) psp: Psp,
    pub(crate) reference: String,
    /// What the buyer is to pay, in cents.
    pub(crate) amount: u64,
    /// What the merchant says it costs.
    pub(crate) registered: Option<u64>,
}

impl Purchase {
    /// What has to be covered before it is released.
    pub(crate) fn cost(&self) -> u64 {
        self.registered.unwrap_or(self.amount)
    }
}

/// What somebody does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Move {
    /// The merchant starts a payment.
    Opens { purchase: usize, vouchers: bool, approval: bool },
    /// The buyer pays by voucher, on the page that was opened last.
    Voucher { purchase: usize, amount: u64 },
    /// The buyer does this with a card: `accept`, `refuse` or `abandon`.
    Card { purchase: usize, does: &'static str },
    /// The merchant gives money back.
    Refunds { purchase: usize, request: u32, amount: u64 },
    /// The merchant takes what is reserved.
    Captures { purchase: usize },
    /// The merchant gives up what is reserved.
    Cancels { purchase: usize },
    /// The merchant lets the provider send a notification once more.
    SendsAgain { nth: usize },
    /// The operator puts new keys beside those in use.
    PutsKeys,
    /// The provider signs with the new keys.
    ChangesKeys,
}

/// What truly happens in a run.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) policy: Policy,
    /// How the providers behave.
    pub(crate) settings: Value,
    /// Whether vouchers go back by themselves where the rest is not paid.
    pub(crate) goes_back_by_itself: bool,
    /// How many times as often as usual accidents happen, in halves.
    pub(crate) weather: u32,
    pub(crate) purchases: Vec<Purchase>,
    /// By time.
    pub(crate) moves: Vec<(i64, Move)>,
    /// How often the schedule looks for what is unsent: each minute, or after an outage.
    pub(crate) sweeps_every: i64,
    /// How many seconds each receiver's clock is ahead.
    pub(crate) skews: [i64; RECEIVERS],
}

impl Plan {
    /// The plan of a seed.
    pub(crate) fn of(seed: u64) -> Self {
        let rng = &mut Dice::of_plan(seed);
        let policy = policy(rng);
        let goes_back_by_itself = rng.u32(..4) == 0;
        let settings = settings(rng, goes_back_by_itself);
        let weather = *pick(rng, &[0, 1, 2, 2, 2, 4, 4, 8]);
        let several = if rng.u32(..3) == 0 { 2 } else { 1 };
        let purchases: Vec<Purchase> = (0..several).map(|at| purchase(rng, at)).collect();
        let mut moves = Vec::new();
        for (at, purchase) in purchases.iter().enumerate() {
            buys(rng, at, purchase, &mut moves);
        }
        operates(rng, &mut moves);
        moves.sort_by_key(|(at, _)| *at);
        let sweeps_every = *pick(rng, &[MINUTE, MINUTE, MINUTE, 20 * MINUTE]);
        let is_odd = rng.bool();
        let skews = [(); RECEIVERS].map(|()| if is_odd { rng.i64(-400..400) } else { 0 });
        Self {
            policy,
            settings,
            goes_back_by_itself,
            weather,
            purchases,
            moves,
            sweeps_every,
            skews,
        }
    }
}

fn pick<'p, T>(rng: &mut Rng, from: &'p [T]) -> &'p T {
    &from[rng.usize(..from.len())]
}

fn policy(rng: &mut Rng) -> Policy {
    let release_on = if rng.u32(..4) == 0 { ReleaseOn::Secured } else { ReleaseOn::Captured };
    let confirm = if rng.u32(..5) == 0 { Confirm::Ask } else { Confirm::Off };
    Policy { release_on, instalments: Instalments::First, confirm }
}

fn settings(rng: &mut Rng, goes_back_by_itself: bool) -> Value {
    let mut word = |words: &[&'static str]| *pick(rng, words);
    json!({
        "split_layout": word(&["A", "B", "C"]),
        "refund_strategy": word(&["platform_splits", "per_payment", "per_operation"]),
        "voucher_window": word(&["refuses_all", "card_only"]),
        "card_capture": word(&["at_once", "at_batch"]),
        "payment_ids": word(&["short", "long"]),
        "voucher_capture": word(&["at_once", "at_once", "at_batch"]),
        "notification_format": word(&["form", "rest"]),
        // What was told as captured cannot be taken back by a status; shared/fakes/tests/it/splits.rs has that story.
        "complement_failure": "stays",
        "refund_shows_on_payment": word(&["", "1"]) == "1",
        "reserved_is_acquired": word(&["", "1"]) == "1",
        "auto_refund": goes_back_by_itself,
    })
}

fn purchase(rng: &mut Rng, at: usize) -> Purchase {
    let psp = if rng.bool() { Psp::Worldline } else { Psp::Lyra };
    let amount = rng.u64(4_000..20_000);
    let registered = match rng.u32(..10) {
        0..=2 => None,
        3 => Some(amount + rng.u64(1..2_000)),
        _ => Some(amount),
    };
    Purchase { psp, reference: format!("CMD-{}", at + 1), amount, registered }
}

/// What the buyer does, and what the merchant does about it.
fn buys(rng: &mut Rng, purchase: usize, what: &Purchase, moves: &mut Vec<(i64, Move)>) {
    let mut at = rng.i64(0..2 * HOUR);
    let approval = rng.u32(..6) == 0;
    let vouchers = !approval && rng.u32(..10) < 6;
    visits(rng, purchase, what.amount, (vouchers, approval), &mut at, moves);
    // He comes back, and sometimes he has paid already.
    if rng.u32(..5) == 0 {
        at += rng.i64(15 * MINUTE..5 * HOUR);
        visits(rng, purchase, what.amount, (vouchers, approval), &mut at, moves);
    }
    if approval {
        at += rng.i64(MINUTE..10 * HOUR);
        let gives_up = rng.u32(..4) == 0;
        moves.push((
            at,
            if gives_up { Move::Cancels { purchase } } else { Move::Captures { purchase } },
        ));
    }
    for request in 0..*pick(rng, &[0, 0, 1, 1, 2]) {
        at += rng.i64(MINUTE..14 * HOUR);
        let all = what.amount;
        let some = (all * rng.u64(1..100) / 100).max(1);
        let amount = *pick(rng, &[all, all / 2, some]);
        moves.push((at.min(CALM - HOUR), Move::Refunds { purchase, request, amount }));
    }
}

/// One visit of a payment page.
fn visits(
    rng: &mut Rng,
    purchase: usize,
    amount: u64,
    (vouchers, approval): (bool, bool),
    at: &mut i64,
    moves: &mut Vec<(i64, Move)>,
) {
    let mut next = |rng: &mut Rng, does: Move| {
        moves.push((*at, does));
        *at += rng.i64(5_000..2 * MINUTE);
    };
    next(rng, Move::Opens { purchase, vouchers, approval });
    if vouchers {
        let all = rng.u32(..4) == 0;
        let part = if all { amount } else { rng.u64(2_000..amount) };
        next(rng, Move::Voucher { purchase, amount: part });
    }
    let mut card = |rng: &mut Rng, does| next(rng, Move::Card { purchase, does });
    match rng.u32(..10) {
        0 => {}
        1 => card(rng, "abandon"),
        2 => card(rng, "refuse"),
        3 | 4 => {
            card(rng, "refuse");
            card(rng, "accept");
        }
        _ => card(rng, "accept"),
    }
}

/// What the operator and the merchant's people do.
fn operates(rng: &mut Rng, moves: &mut Vec<(i64, Move)>) {
    if rng.u32(..3) == 0 {
        let at = rng.i64(MINUTE..4 * HOUR);
        moves.push((at, Move::PutsKeys));
        moves.push(((at + rng.i64(-HOUR..HOUR)).max(0), Move::ChangesKeys));
    }
    for _ in 0..rng.u32(..3) {
        moves.push((rng.i64(MINUTE..CALM), Move::SendsAgain { nth: rng.usize(..1_000) }));
    }
}
