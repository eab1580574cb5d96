//! Genuine payments with what their buyer typed, and what a respelling may gain on top: nothing.
//! (docs/single-reading.md)
//!
//! What the gateway sends is taken to keep to the premises of `shared/psp/src/lyra/reading`. Those that
//! show here:
//!
//! - a site names its orders always or never, and one that never does puts no `vads_order_info` in their
//!   place;
//! - what happens at the hosted page is shown to the browser, without `vads_hash` and mostly without
//!   `vads_url_check_src`; any other call goes to the server alone;
//! - a call to the server alone says a plan only if it has one, since buyers do not see those calls;
//! - nobody types a card holder's name into a payment that was left.

use quittance_core::claims::{End, Items, Place};
use quittance_core::fold::Share as FoldedShare;
use quittance_core::{
    Currency, Kind, Order, OrderKey, PaymentName, Policy, Reading, Standing, Statement, Status,
};
use quittance_testing::lyra::{Form, Share, uuid};
use quittance_testing::{FORM_KEY, form_body};

use crate::gateway;
use crate::invariants::{POLICIES, receipt};
use crate::respell::{Dice, Fields};

/// A word of 64 hex digits, as a buyer may type it where a name is asked for: a respelt browser return
/// needs one, because only the gateway's own calls have a hash.
const TYPED_HASH: &str = "00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff";

const STATUSES: [&str; 14] = [
    "REFUSED",
    "CAPTURED",
    "AUTHORISED",
    "CANCELLED",
    "ABANDONED",
    "EXPIRED",
    "AUTHORISED_TO_VALIDATE",
    "WAITING_AUTHORISATION",
    "PARTIALLY_AUTHORISED",
    "UNDER_VERIFICATION",
    "CAPTURE_FAILED",
    "INITIAL",
    "CAPTURED",
    "AUTHORISED",
];

/// Words that look as if they decided.
const PIECES: [&str; 46] = [
    "x",
    "",
    "0",
    "1",
    "2",
    "7",
    "00",
    "05",
    "17",
    "96",
    "500",
    "10000",
    "4000",
    "978",
    "840",
    "TEST",
    "PRODUCTION",
    "DEBIT",
    "CREDIT",
    "VERIFICATION",
    "CMD-1",
    "CMD-2",
    "PAYMENT",
    "SINGLE",
    "MULTI:first=1;count=2;period=30",
    "MULTI",
    "CB",
    "CAPTURED",
    "AUTHORISED",
    "REFUSED",
    "ABANDONED",
    "PAY",
    "REC",
    "RETRY",
    "BATCH",
    "MERCH_BO",
    "UNITAIRE",
    "RECURRENT_INITIAL",
    "RECURRENT_FINAL",
    "EC",
    "fr",
    "12345678",
    "20261122100000",
    "20261121090000",
    "abc123",
    "00112233445566778899aabbccddeeff",
];

/// Several of them, as a stretch of a form.
const RUNS: [&str; 12] = [
    "20261122100000+abc123+CAPTURED",
    "20261121090000+zzz999+CAPTURED+00112233445566778899aabbccddeeff+PAY",
    "00112233445566778899aabbccddeeff+PAY",
    "00112233445566778899aabbccddeeff+REC",
    "00+7",
    "00+0",
    "DEBIT+CMD-2+PAYMENT+SINGLE",
    "CREDIT+CMD-1",
    "TEST+978",
    "PAYMENT+SINGLE+EC+20261122100005+00+2",
    "{\"trans_id\":\"abc123\",\"transactions\":[{\"amount\":\"10000\",\"card_brand\":\"CB\",\"sequence_number\":\"1\",\"trans_status\":\"CAPTURED\"}]}",
    "12345678+20261122100000+abc123+CAPTURED",
];

/// Where a buyer types.
const PLACES: [&str; 18] = [
    "vads_cust_name",
    "vads_card_holder_name",
    "vads_cust_address",
    "vads_cust_city",
    "vads_cust_phone",
    "vads_cust_zip",
    "vads_ext_info_a",
    "vads_ext_info_gift",
    "vads_order_info",
    "vads_order_info2",
    "vads_product_label0",
    "vads_product_qty0",
    "vads_product_ref0",
    "vads_ship_to_city",
    "vads_ship_to_name",
    "vads_ship_to_street_number",
    "vads_ship_to_zip",
    "vads_user_info",
];

/// What a form says when it is posted as a notification; `None` when it is refused or not to be read.
pub fn said(fields: &Fields) -> Option<Statement> {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    match gateway::read(form_body(FORM_KEY, &fields).as_bytes()).ok()? {
        Reading::Order(statement) => Some(*statement),
        _ => None,
    }
}

fn fields(form: &Form) -> Fields {
    let mut fields: Fields =
        form.fields().into_iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
    fields.sort();
    fields
}

/// One or several payments of one buyer.
pub struct Story {
    /// The notifications that the gateway sent.
    pub told: Vec<Fields>,
    /// The signed forms that the buyer holds: those, and what the browser was given.
    pub held: Vec<Fields>,
}

impl Story {
    /// Any story.
    pub fn roll(dice: &mut Dice<'_>) -> Self {
        let mut dice = dice.part(96);
        let status = dice.pick(&STATUSES);
        let amount = dice.pick(&[4_000, 10_000, 500]);
        let mut base = Form::single("CMD-1", "abc123", "CB", amount, status);
        if dice.once_in(2) && matches!(status, "ABANDONED" | "CANCELLED") {
            base = base.without("vads_sequence_number").with("vads_result", "17");
        }
        if status == "PARTIALLY_AUTHORISED" {
            base = base.with("vads_effective_amount", "300");
        }
        let (one, two) = (uuid(&["one"]), uuid(&["two"]));
        let shape = dice.below(8);
        match shape {
            7 => {
                let shares =
                    [Share(&one, "CVCO", amount - 300, "CAPTURED"), Share(&two, "CB", 300, status)];
                base = Form::cascade("CMD-1", "abc123", amount, status, &shares);
            }
            6 => {
                base = base
                    .with("vads_payment_config", "MULTI:first=300;count=3;period=30")
                    .with("vads_occurrence_type", "RECURRENT_INITIAL");
            }
            5 => {
                base = base
                    .with("vads_url_check_src", "REC")
                    .with("vads_subscription", "20261001a7xk2p9ms4tq8w1e5r6t7y0u")
                    .with("vads_recurrence_number", "3")
                    .with("vads_occurrence_type", "RECURRENT_INTERMEDIAIRE");
            }
            _ => {}
        }
        let (cascade, browsed) = (shape == 7, shape != 5);
        if dice.once_in(4) && !cascade {
            base = base.without("vads_trans_uuid");
        }
        let named = !dice.once_in(8);
        if !named {
            base = base.without("vads_order_id");
        }
        base = shorten(base, &mut dice, status);
        base = typed(base, &mut dice, named, browsed);

        let mut told = vec![base.clone()];
        let mut held = Vec::new();
        if browsed {
            let shown = base.clone().without("vads_hash");
            held.push(if dice.once_in(4) { shown } else { shown.without("vads_url_check_src") });
        }
        let again = dice.pick(&["", "", "RETRY", "BO"]);
        if !again.is_empty() {
            told.push(base.clone().sent_again(again));
        }
        let own = base.get("vads_trans_uuid").map(str::to_owned);
        if let Some(own) = own.filter(|_| named && shape < 5 && dice.once_in(2)) {
            let status = if status == "AUTHORISED" { "CAPTURED" } else { status };
            let source = dice.pick(&["BATCH", "MERCH_BO", "BATCH_AUTO"]);
            let sequence = base.get("vads_sequence_number").and_then(|n| n.parse().ok());
            let share = Share(&own, "CB", amount, status);
            let news = Form::follow_up("CMD-1", "abc123", sequence.unwrap_or(1), source, share);
            told.push(typed(news, &mut dice, named, false));
            if dice.once_in(2) {
                let back = Form::refund("CMD-1", "abc123", &two, "CB", 300, "CAPTURED");
                told.push(typed(back, &mut dice, named, false));
            }
        }
        // Another payment of the same order, so that there are two shares to confuse.
        let other = dice.pick(&["", "CAPTURED", "REFUSED"]);
        if named && !other.is_empty() {
            let other = Form::single("CMD-1", "zzz999", "CB", 6_000, other)
                .with("vads_trans_date", "20261121090000")
                .with("vads_trans_uuid", "00112233445566778899aabbccddeeff");
            told.push(other);
        }
        held.extend(told.iter().cloned());
        // Somebody else's order, which was not paid.
        if named {
            told.push(Form::single("CMD-2", "vic001", "CB", 10_000, "REFUSED"));
        }
        Self { told: told.iter().map(fields).collect(), held: held.iter().map(fields).collect() }
    }
}

/// Without some of what need not be there.
fn shorten(mut form: Form, dice: &mut Dice<'_>, status: &str) -> Form {
    const OPTIONAL: [&str; 8] = [
        "vads_extra_result",
        "vads_language",
        "vads_action_mode",
        "vads_card_brand",
        "vads_cust_phone",
        "vads_effective_amount",
        "vads_effective_currency",
        "vads_auth_number",
    ];
    let cascade = form.get("vads_payment_seq").is_some();
    let left = dice.below(256);
    for (bit, name) in OPTIONAL.into_iter().enumerate() {
        let kept = cascade && name == "vads_card_brand"
            || status == "PARTIALLY_AUTHORISED" && name.contains("effective");
        if left >> bit & 1 == 1 && !kept {
            form = form.without(name);
        }
    }
    form
}

/// With what the buyer typed. `browsed`: its end is shown to the browser, and can do with a hash.
fn typed(mut form: Form, dice: &mut Dice<'_>, named: bool, browsed: bool) -> Form {
    let around = dice.pick(&["", "x+", "+"]);
    let behind = dice.pick(&["", "++fr", "+fr", "+fr+RECURRENT_FINAL", "+x"]);
    let place = dice.pick(&["vads_ext_info_z", "vads_cust_name"]);
    if browsed {
        form = form.with(place, &format!("{around}{TYPED_HASH}{behind}"));
    }
    for _ in 0..dice.below(4) {
        let place = dice.pick(&PLACES);
        let mut text = match dice.below(5) {
            0 => dice.pick(&RUNS).to_owned(),
            pieces => (0..pieces).map(|_| dice.pick(&PIECES)).collect::<Vec<_>>().join("+"),
        };
        if !browsed || form.get("vads_url_check_src") != Some("PAY") {
            text = text.replace("MULTI:", "MULTI");
        }
        let left = matches!(form.get("vads_trans_status"), Some("ABANDONED" | "CANCELLED"));
        // A site that names no order leaves what stands in the place of its name to itself.
        let nobodys = left && place == "vads_card_holder_name"
            || !named && place.starts_with("vads_order_info");
        if !nobodys {
            form = form.with(place, &text);
        }
    }
    form
}

/// The orders that the genuine notifications alone add up to.
struct World {
    items: Items,
    told: Vec<Statement>,
}

impl World {
    /// After these notifications. One that is held is taken at its word here: the gateway did say it,
    /// and once it is asked, the order says so too.
    fn of(story: &Story) -> Self {
        let mut world = Self { items: Items::default(), told: Vec::new() };
        for fields in &story.told {
            let Some(mut statement) = said(fields) else { continue };
            let mut names = statement.aliases.clone();
            if statement.standing == Standing::Respellable {
                statement.standing = Standing::Sound;
                names.extend(payment(fields, &statement.key).filter(|name| *name != statement.key));
            }
            let named = Statement { aliases: names, ..statement.clone() };
            let end = world.items.take(&named, receipt(0), POLICIES[0]);
            assert!(
                matches!(end, Some(End::Stored(_) | End::Known(_))),
                "a story is short: {end:?}"
            );
            world.told.push(statement);
        }
        world
    }

    /// The order to which a name leads.
    fn resolve<'a>(&'a self, name: &'a OrderKey) -> &'a OrderKey {
        self.items.follow(name).map_or(name, |way| &way.end.order.key)
    }

    /// Fails when what was believed of a respelling gains anything.
    fn believes(&self, said: &Statement, original: &Fields, spelt: &Fields) {
        if self.told.contains(said) {
            return;
        }
        let show =
            || format!("{original:?}\nrespelt\n{spelt:?}\nsays\n{said:?}\ntold\n{:?}", self.told);
        let mut with = self.items.clone();
        let Some(End::Stored(Place { order, .. }) | End::Known(Place { order, .. })) =
            with.take(said, receipt(1), POLICIES[0])
        else {
            panic!("a story is short\n{}", show());
        };
        for alias in &said.aliases {
            assert_eq!(self.resolve(alias), &order, "joins another name\n{}", show());
        }
        for after in with.iter().filter(|item| item.join.is_none()) {
            let Some(before) = self.items.get(&after.order.key) else {
                panic!("believed of another order\n{}", show());
            };
            for policy in POLICIES {
                let [before, after] = [before, after].map(|item| Gist::of(&item.order, policy));
                assert!(
                    after.gains_nothing_over(&before),
                    "{policy:?}\n{}\n{before:?}\n{after:?}",
                    show()
                );
            }
        }
    }
}

/// The name of the payment that a form is about.
fn payment(fields: &Fields, key: &OrderKey) -> Option<OrderKey> {
    let value = |name: &str| fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    let date = value("vads_trans_date").and_then(|date| date.get(..8))?;
    let id = format!("{date}-{}", value("vads_trans_id")?.to_ascii_lowercase());
    key.sibling(&PaymentName::new(&id).to_string()).ok()
}

/// Fails when a respelling of one of the story's forms gains anything. What the story comes to is worked out
/// only where one is believed.
pub fn judge(story: &Story, original: &Fields, spelt: &Fields) {
    let Some(said) = said(spelt) else { return };
    if said.standing == Standing::Respellable {
        assert!(said.aliases.is_empty(), "a doubtful form joins names");
        return;
    }
    World::of(story).believes(&said, original, spelt);
}

/// Everything that money or goods depend on. Not what a share is called, because a gateway without
/// uuids may be given one, and no cancelled shares, which are worth nothing under any number.
#[derive(Debug)]
struct Gist {
    releasable: bool,
    currency: Option<Currency>,
    expected: Option<u64>,
    /// Captured and authorised.
    taken: [u64; 2],
    refunded: u64,
    /// Kind, status, sequence number and amount.
    shares: Vec<(Kind, Status, Option<u32>, u64)>,
}

impl Gist {
    fn of(order: &Order, policy: Policy) -> Self {
        let summary = order.summary(policy);
        let worth = |s: &&FoldedShare| !matches!(s.status, Status::Ambiguous | Status::Cancelled);
        let shares = summary.shares.iter().filter(worth);
        let mut shares: Vec<_> = shares.map(|s| (s.kind, s.status, s.sequence, s.amount)).collect();
        shares.sort_unstable();
        Self {
            releasable: summary.releasable,
            currency: summary.currency,
            expected: summary.expected,
            taken: [summary.captured, summary.authorised],
            refunded: summary.refunded,
            shares,
        }
    }

    /// Whether nothing is more than before, and what was given back no less. An effective amount can be made
    /// up that makes a payment worth less: buyers who do that harm themselves.
    fn gains_nothing_over(&self, before: &Self) -> bool {
        let no_more = |now: &[u64], then: &[u64]| now.iter().zip(then).all(|(n, t)| n <= t);
        let pairs = || self.shares.iter().zip(&before.shares);
        self.releasable <= before.releasable
            && (self.currency, self.expected) == (before.currency, before.expected)
            && no_more(&self.taken, &before.taken)
            && self.refunded == before.refunded
            && self.shares.len() == before.shares.len()
            && pairs().all(|(now, then)| {
                (now.0, now.1, now.2) == (then.0, then.1, then.2)
                    && (now.3 == then.3 || now.0 == Kind::Debit && now.3 < then.3)
            })
    }
}
