//! Genuine stories, and what may be gained on top of them: nothing.

use quittance_core::claims::{End, Items};
use quittance_core::crypto::Secret;
use quittance_core::fold::{Instalments, Share as FoldedShare};
use quittance_core::{
    Currency, Kind, Mode, Order, OrderKey, PaymentName, Policy, Reading, Receipt, ReleaseOn,
    Standing, Statement, Status, Timestamp,
};
use quittance_psp::lyra::{self, SiteKeys};
use quittance_testing::lyra::{Form, Share, uuid};
use quittance_testing::{FORM_KEY, SITE, form_body};

use crate::TYPED_HASH;

/// A form's `vads_` fields, by name.
pub(crate) type Fields = Vec<(String, String)>;

/// Repeatable chance: `SplitMix64`.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % most.max(1) as u64) as usize
    }

    /// Once in so many times.
    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub(crate) fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// A form's fields in the order of the signature.
pub(crate) fn fields(form: &Form) -> Fields {
    let mut fields: Fields =
        form.fields().into_iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
    fields.sort();
    fields
}

/// Whether two forms have one signature.
pub(crate) fn same_text(one: &Fields, other: &Fields) -> bool {
    let text = |fields: &Fields| {
        debug_assert!(fields.is_sorted());
        fields.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>().join("+")
    };
    text(one) == text(other)
}

/// What a form says when it is posted as a notification; `None` when it is refused or not to be read.
pub(crate) fn said(fields: &Fields) -> Option<Statement> {
    said_with(fields, &[])
}

/// The same at a shop whose forms carry these names too.
pub(crate) fn said_with(fields: &Fields, extra_names: &[String]) -> Option<Statement> {
    let site = SiteKeys { form: Secret::new(FORM_KEY), rest_password: None, allow_sha1: false };
    let keys = lyra::Keys::new([((SITE.to_owned(), Mode::Test), site)]).unwrap();
    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let body = form_body(FORM_KEY, &fields);
    let verified = lyra::verify(&keys, body.as_bytes()).ok()?;
    match lyra::read(&verified, extra_names) {
        Reading::Order(statement) => Some(*statement),
        _ => None,
    }
}

/// One or several payments of one buyer.
pub(crate) struct Story {
    /// The notifications that the gateway sent.
    pub(crate) told: Vec<Fields>,
    /// The signed forms that the buyer holds: those, and what the browser was given.
    pub(crate) held: Vec<Fields>,
}

/// Pieces that look as if they decided.
const PIECES: [&str; 48] = [
    "",
    "x",
    "0",
    "1",
    "2",
    "7",
    "00",
    "05",
    "17",
    "96",
    "1",
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
    SITE,
    "20261122100000",
    "20261121090000",
    "abc123",
    "zzz999",
    "00112233445566778899aabbccddeeff",
];

/// Runs of them, as a whole end of a form.
const RUNS: [&str; 16] = [
    "DEBIT+CMD-2+PAYMENT+SINGLE+00+1",
    "DEBIT+CMD-2+00+1",
    "DEBIT+CMD-2+EC+00+1",
    "DEBIT+CMD-2+x+PAYMENT+SINGLE+EC+00+2",
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
    "vads_card_holder_name",
    "vads_cust_address",
    "vads_cust_city",
    "vads_cust_name",
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

impl Story {
    /// A payment with as few fields as one can have, of which the browser saw the end.
    pub(crate) fn short(status: &str, place: &str, typed: &str) -> Self {
        let kept = [
            "vads_amount",
            "vads_card_brand",
            "vads_ctx_mode",
            "vads_currency",
            "vads_hash",
            "vads_operation_type",
            "vads_order_id",
            "vads_page_action",
            "vads_payment_config",
            "vads_result",
            "vads_sequence_number",
            "vads_site_id",
            "vads_trans_date",
            "vads_trans_id",
            "vads_trans_status",
            "vads_url_check_src",
        ];
        let mut form = Form::single("CMD-1", "abc123", "CB", 4_000, status);
        for (name, _) in Form::single("", "", "", 0, "").fields() {
            if !kept.contains(&name) {
                form = form.without(name);
            }
        }
        let told = form.with(place, typed);
        let shown = told.clone().without("vads_hash").without("vads_url_check_src");
        let typed = match shown.get("vads_ext_info_a") {
            Some(_) => shown,
            None => shown.with("vads_ext_info_a", TYPED_HASH),
        };
        let full = told.clone().with("vads_ext_info_a", TYPED_HASH);
        Self { held: vec![fields(&told), fields(&typed)], told: vec![fields(&full)] }
    }

    /// Any story.
    pub(crate) fn roll(dice: &mut Dice) -> Self {
        let statuses = [
            "CAPTURED",
            "CAPTURED",
            "AUTHORISED",
            "AUTHORISED",
            "REFUSED",
            "CANCELLED",
            "ABANDONED",
            "EXPIRED",
            "AUTHORISED_TO_VALIDATE",
            "WAITING_AUTHORISATION",
            "PARTIALLY_AUTHORISED",
            "UNDER_VERIFICATION",
        ];
        let status = *dice.pick(&statuses);
        let amount = *dice.pick(&[4_000, 10_000, 500]);
        let mut base = Form::single("CMD-1", "abc123", "CB", amount, status);
        if matches!(status, "ABANDONED" | "CANCELLED") && dice.once_in(2) {
            base = base.without("vads_sequence_number").with("vads_result", "17");
        }
        if status == "PARTIALLY_AUTHORISED" {
            base = base.with("vads_effective_amount", "300");
        }
        let (one, two) = (uuid(&["one"]), uuid(&["two"]));
        let shape = dice.below(8);
        if shape == 0 {
            let shares =
                [Share(&one, "CVCO", amount - 300, "CAPTURED"), Share(&two, "CB", 300, status)];
            base = Form::cascade("CMD-1", "abc123", amount, status, &shares);
        }
        if shape == 1 {
            base = base
                .with("vads_payment_config", "MULTI:first=2000;count=3;period=30")
                .with("vads_occurrence_type", "RECURRENT_INITIAL");
        }
        let browsed = shape != 2;
        if shape == 2 {
            base = base
                .with("vads_url_check_src", "REC")
                .with("vads_subscription", "20261001a7xk2p9ms4tq8w1e5r6t7y0u")
                .with("vads_recurrence_number", "3")
                .with("vads_occurrence_type", "RECURRENT_INTERMEDIAIRE");
        }
        if shape != 0 && dice.once_in(4) {
            base = base.without("vads_trans_uuid");
        }
        // A site names its orders always or never.
        let named = !dice.once_in(8);
        if !named {
            base = base.without("vads_order_id");
        }
        for name in [
            "vads_extra_result",
            "vads_language",
            "vads_action_mode",
            "vads_card_brand",
            "vads_cust_phone",
            "vads_effective_amount",
            "vads_effective_currency",
            "vads_auth_number",
        ] {
            let cascade = shape == 0 && name == "vads_card_brand";
            if dice.once_in(4)
                && !cascade
                && !(status.starts_with("PARTIALLY") && name.contains("effective"))
            {
                base = base.without(name);
            }
        }
        let mut base = typed(base, dice, named, browsed);
        // More than one word of pieces.
        for line in 0..if dice.once_in(12) { 30 } else { 0 } {
            let label = (*dice.pick(&["T-shirt + broche", "1+2", "7", ""])).to_owned();
            base = base.with(&format!("vads_product_label{line}"), &label);
        }

        let mut told = vec![base.clone()];
        let mut held = Vec::new();
        if browsed {
            let shown = base.clone().without("vads_hash");
            let shown = if dice.once_in(4) { shown } else { shown.without("vads_url_check_src") };
            // What stands between the typed text and what follows need not be there.
            held.push(shown);
            held.push(request(&base, dice));
        }
        if dice.once_in(3) {
            told.push(base.clone().sent_again(dice.pick::<&str>(&["RETRY", "BO"])));
        }
        let follows = named && shape > 2 && base.get("vads_trans_uuid").is_some();
        if follows && dice.once_in(2) {
            let own = base.get("vads_trans_uuid").unwrap().to_owned();
            let share =
                Share(&own, "CB", amount, if status == "AUTHORISED" { "CAPTURED" } else { status });
            let source = *dice.pick(&["BATCH", "MERCH_BO", "BATCH_AUTO"]);
            let sequence = base.get("vads_sequence_number").map_or(1, |n| n.parse().unwrap());
            let news = Form::follow_up("CMD-1", "abc123", sequence, source, share);
            told.push(typed(news, dice, named, false));
            if dice.once_in(2) {
                let back = Form::refund("CMD-1", "abc123", &two, "CB", 300, "CAPTURED");
                told.push(typed(back, dice, named, false));
            }
        }
        // Another payment of the same order, so that there are two shares to confuse.
        if named && dice.once_in(2) {
            let other = Form::single(
                "CMD-1",
                "zzz999",
                "CB",
                6_000,
                dice.pick::<&str>(&["CAPTURED", "REFUSED"]),
            )
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

/// What the shop asked of the gateway, in the buyer's browser: signed with the same key.
fn request(paid: &Form, dice: &mut Dice) -> Form {
    let asked = [
        "vads_action_mode",
        "vads_amount",
        "vads_capture_delay",
        "vads_ctx_mode",
        "vads_currency",
        "vads_cust_",
        "vads_ext_info",
        "vads_language",
        "vads_order_",
        "vads_page_action",
        "vads_payment_config",
        "vads_product_",
        "vads_ship_to_",
        "vads_site_id",
        "vads_trans_date",
        "vads_trans_id",
        "vads_validation_mode",
        "vads_version",
    ];
    let mut form = paid.clone();
    for (name, _) in paid.fields() {
        if !asked.iter().any(|known| name.starts_with(known)) {
            form = form.without(name);
        }
    }
    if dice.once_in(2) {
        form = form.with("vads_url_return", "https://shop.example/back");
    }
    if dice.once_in(4) {
        form = form.with("vads_user_info", "Boutique Démo");
    }
    // A token is asked for without an amount, perhaps without an id.
    if dice.once_in(6) {
        form = form.with("vads_page_action", "REGISTER").without("vads_amount");
        form = form.without("vads_currency").without("vads_payment_config");
    }
    if dice.once_in(6) {
        form = form.without("vads_trans_id");
    }
    if dice.once_in(2) {
        let head = *dice.pick(&["", "10000+TEST+978+"]);
        let order = *dice.pick(&["CMD-1", "CMD-2"]);
        let rest = *dice.pick(&["PAYMENT+SINGLE+EC+00+1", "00+1", "EC+00+1"]);
        let source = *dice.pick(&["PAY", "REC", "BATCH"]);
        let end = format!("{SITE}+20261122100000+abc123+CAPTURED+{source}");
        let typed = format!("{head}{TYPED_HASH}+DEBIT+{order}+{rest}+{end}");
        form = form.with(dice.pick::<&str>(&["vads_cust_name", "vads_cust_zip"]), &typed);
    }
    form
}

/// With what the buyer typed. `browsed`: its end is shown to the browser, and can do with a hash.
fn typed(mut form: Form, dice: &mut Dice, named: bool, browsed: bool) -> Form {
    if browsed && !dice.once_in(8) {
        let around = *dice.pick(&["", "x+", "+"]);
        let behind = *dice.pick(&["", "", "++fr", "+fr", "+fr+RECURRENT_FINAL", "+x"]);
        let place = *dice.pick(&["vads_ext_info_z", "vads_ext_info_z", "vads_cust_name"]);
        form = form.with(place, &format!("{around}{TYPED_HASH}{behind}"));
    }
    for _ in 0..dice.below(4) {
        let mut text = if dice.once_in(3) {
            (*dice.pick(&RUNS)).to_owned()
        } else {
            let pieces: Vec<&str> = (0..=dice.below(4)).map(|_| *dice.pick(&PIECES)).collect();
            pieces.join("+")
        };
        // Calls to the server alone are not shown to buyers; see the premise about their plan.
        if !browsed || form.get("vads_url_check_src") != Some("PAY") {
            text = text.replace("MULTI:", "MULTI");
        }
        let place = *dice.pick(&PLACES);
        // Nobody types a card holder's name into a payment that was left.
        let left = matches!(form.get("vads_trans_status"), Some("ABANDONED" | "CANCELLED"));
        if left && place == "vads_card_holder_name" {
            continue;
        }
        // A site that names no order leaves what stands in the place of its name to itself.
        if named || !place.starts_with("vads_order_info") {
            form = form.with(place, &text);
        }
    }
    form
}

/// The orders that the genuine notifications alone add up to.
pub(crate) struct World {
    items: Items,
    told: Vec<Statement>,
}

fn receipt() -> Receipt {
    let received_at = Timestamp::from_unix(1_795_341_600).unwrap();
    Receipt { received_at, source: "webhook", sha256: "0".repeat(64) }
}

const POLICIES: [Policy; 3] = [
    Policy { release_on: ReleaseOn::Captured, instalments: Instalments::First },
    Policy { release_on: ReleaseOn::Secured, instalments: Instalments::First },
    Policy { release_on: ReleaseOn::Captured, instalments: Instalments::All },
];

impl World {
    pub(crate) fn of(told: &[Fields]) -> Self {
        let mut world = Self { items: Items::default(), told: Vec::new() };
        for fields in told {
            let Some(mut statement) = said(fields) else { continue };
            let mut names = statement.aliases.clone();
            // A notification that is itself held is taken at its word here: the gateway did say it,
            // and once it is asked, the order says so too.
            if statement.standing == Standing::Respellable {
                statement.standing = Standing::Sound;
                names.extend(Some(payment(fields, &statement.key)).filter(|n| *n != statement.key));
            }
            let named = Statement { aliases: names, ..statement.clone() };
            let end = world.items.take(&named, receipt(), Policy::default());
            assert!(matches!(end, Some(End::Stored(_) | End::Known(_))), "{end:?}");
            world.told.push(statement);
        }
        world
    }

    /// The order to which a name leads.
    fn resolve<'a>(&'a self, name: &'a OrderKey) -> &'a OrderKey {
        self.items.follow(name).map_or(name, |way| way.end.order.key())
    }

    /// Fails when a respelling gains anything. Whether it is believed at all.
    #[track_caller]
    pub(crate) fn judge(&self, original: &Fields, spelt: &Fields) -> bool {
        let Some(said) = said(spelt) else {
            return false;
        };
        if said.standing() == Standing::Respellable {
            assert!(said.aliases.is_empty());
            return false;
        }
        if self.told.contains(&said) {
            return true;
        }
        let show =
            || format!("\n{original:?}\nrespelt\n{spelt:?}\nsays\n{said:?}\ntold\n{:?}", self.told);
        let mut with = self.items.clone();
        let end = with.take(&said, receipt(), Policy::default());
        let Some(End::Stored(place) | End::Known(place)) = end else {
            panic!("{end:?}{}", show());
        };
        for alias in &said.aliases {
            assert_eq!(self.resolve(alias), &place.order, "joins another name{}", show());
        }
        for after in with.iter().filter(|item| item.join.is_none()) {
            let Some(before) = self.items.get(after.order.key()) else {
                panic!("reaches another order{}", show());
            };
            for policy in POLICIES {
                let [before, after] = [before, after].map(|item| Gist::of(&item.order, policy));
                assert!(
                    after.gains_nothing_over(&before),
                    "{policy:?}{}\n{before:?}\n{after:?}",
                    show()
                );
            }
        }
        true
    }
}

/// The name of the payment that a form is about.
fn payment(fields: &Fields, key: &OrderKey) -> OrderKey {
    let value = |name: &str| &fields.iter().find(|(n, _)| n == name).unwrap().1;
    let (date, id) = (value("vads_trans_date"), value("vads_trans_id"));
    let id = format!("{}-{}", &date[..8], id.to_ascii_lowercase());
    key.sibling(&PaymentName::new(&id).to_string()).unwrap()
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
