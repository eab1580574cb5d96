//! The invariants, held against random sets of messages (design, section 5).

mod common;

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use quittance_core::crypto::Secret;
use quittance_core::fold::Instalments;
use quittance_core::lyra::{self, SiteKeys};
use quittance_core::message::CloudEvent;
use quittance_core::{
    Fact, Kind, Mode, Order, OrderView, Policy, Reading, ReleaseOn, Standing, Statement, Status,
};
use quittance_testing::lyra::{Form, Share, rest};
use quittance_testing::worldline::{Payment, refund};
use quittance_testing::{FORM_KEY, REST_PASSWORD, SITE};

use crate::common::{read_lyra, read_worldline, receipt, statement};

const POLICIES: [Policy; 3] = [
    Policy { release_on: ReleaseOn::Captured, instalments: Instalments::First },
    Policy { release_on: ReleaseOn::Secured, instalments: Instalments::First },
    Policy { release_on: ReleaseOn::Captured, instalments: Instalments::All },
];

// --- Messages about one order ------------------------------------------------------------------

const UUIDS: [&str; 4] = [
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
    "cccccccccccccccccccccccccccccccc",
    "dddddddddddddddddddddddddddddddd",
];

fn word() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        4 => Just("CAPTURED"),
        2 => Just("AUTHORISED"),
        2 => select(vec!["REFUSED", "CANCELLED", "EXPIRED", "ABANDONED"]),
        1 => select(vec!["WAITING_AUTHORISATION", "SUSPENDED", "CAPTURE_FAILED", "FUTURE_STATUS"]),
    ]
}

fn amount() -> impl Strategy<Value = u64> {
    prop_oneof![3 => Just(10_000), 2 => Just(6_000), 2 => Just(4_000), 1 => 0..20_000_u64]
}

fn share() -> impl Strategy<Value = Share<'static>> {
    (select(UUIDS.to_vec()), select(vec!["CVCO", "CB"]), amount(), word())
        .prop_map(|(uuid, brand, amount, word)| Share(uuid, brand, amount, word))
}

/// A field that changes what a form is worth, or nothing.
fn twist() -> impl Strategy<Value = Option<(&'static str, &'static str)>> {
    prop_oneof![
        8 => Just(None),
        1 => Just(Some(("vads_currency", "840"))),
        1 => Just(Some(("vads_invented", "x"))),
        1 => Just(Some(("vads_cust_name", "x+20261122100000+abc123+CAPTURED"))),
        1 => Just(Some(("vads_trans_uuid", ""))),
        1 => Just(Some(("vads_operation_type", "CREDIT"))),
        1 => Just(Some(("vads_payment_config", "MULTI:first=4000;count=3;period=30"))),
    ]
}

fn form() -> impl Strategy<Value = Statement> {
    let source = select(vec!["PAY", "PAY", "RETRY", "BO", "BATCH", "MERCH_BO"]);
    let trans_id = select(vec!["abc123", "ABC123", "def456"]);
    (source, trans_id, share(), vec(share(), 1..4), 0..4_u8, twist()).prop_map(
        |(source, trans_id, one, several, shape, twist)| {
            let form = match shape {
                0 => Form::single("CMD-1", trans_id, one.1, one.2, one.3),
                1 => Form::cascade("CMD-1", trans_id, 10_000, one.3, &several),
                2 => Form::follow_up("CMD-1", trans_id, 2, "BATCH", one),
                _ => Form::refund("CMD-1", trans_id, one.0, one.1, one.2, one.3),
            };
            let form = if source == "PAY" { form } else { form.sent_again(source) };
            let form = twist.into_iter().fold(form, |form, (name, value)| form.with(name, value));
            statement(read_lyra(&form.body()))
        },
    )
}

fn answer() -> impl Strategy<Value = Statement> {
    vec(share(), 1..4).prop_map(|shares| {
        statement(read_lyra(&rest("CMD-1", "abc123", 10_000, ("PAID", "CLOSED"), &shares)))
    })
}

fn event() -> impl Strategy<Value = Statement> {
    let inner = select(vec!["3254564310", "3254564399", "3254564400"]);
    let code = select(vec![9, 9, 9, 9, 91, 93, 5, 2, 1, 6, 46, 83, 1000]);
    let product = select(vec![5412_u64, 130, 1]);
    let acquired =
        prop_oneof![2 => Just(Some(10_000)), 4 => amount().prop_map(Some), 1 => Just(None)];
    let currency = prop_oneof![12 => Just("EUR"), 1 => Just("USD")];
    (inner, 0..4_u8, code, product, acquired, currency, 0..8_u8).prop_map(
        |(inner, operation, code, product, acquired, currency, shape)| {
            let id = format!("{inner}_{operation}");
            let whole = if shape == 1 { 4_000 } else { 10_000 };
            let event = if shape == 0 {
                let code = if code == 9 { 8 } else { 81 };
                refund("CMD-1", &id, code, acquired.unwrap_or(whole))
            } else {
                let mut payment =
                    Payment::new("CMD-1", &id, product, code, whole).acquired(acquired);
                payment.currency = currency.to_owned();
                payment.json()
            };
            statement(read_worldline(&event.to_string()).remove(0))
        },
    )
}

/// Statements about one order, all of one PSP.
fn story() -> impl Strategy<Value = Vec<Statement>> {
    prop_oneof![
        vec(prop_oneof![4 => form().boxed(), 1 => answer().boxed()], 1..8),
        vec(event(), 1..8)
    ]
}

/// A story, and the same told in another order and with repeats.
fn retold() -> impl Strategy<Value = (Vec<Statement>, Vec<Statement>)> {
    (story(), vec(any::<Index>(), 0..6)).prop_flat_map(|(story, again)| {
        let repeats = again.iter().map(|at| story[at.index(story.len())].clone());
        let other: Vec<_> = story.iter().cloned().chain(repeats).collect();
        (Just(story), Just(other).prop_shuffle())
    })
}

fn told(story: &[Statement], policy: Policy) -> Order {
    let mut order = Order::new(story[0].key.clone());
    for (second, statement) in story.iter().enumerate() {
        order.take(statement, &receipt(second as i64), policy).unwrap();
    }
    order
}

// --- What must hold of them --------------------------------------------------------------------

/// What sound facts prove at most to have been taken, and what they say is due, in one currency: worked
/// out without the fold, and in the payer's favour wherever there is a choice.
fn proof(order: &Order) -> BTreeMap<&'static str, (u64, u64)> {
    let mut parts: BTreeMap<_, u64> = BTreeMap::new();
    let mut due: BTreeMap<&str, u64> = BTreeMap::new();
    for (fact, _) in order.facts.iter().filter(|(_, standing)| *standing == Standing::Sound) {
        match fact {
            Fact::Total(total) => {
                let amount = total.first_instalment.or(total.amount).unwrap_or(0);
                let most = due.entry(total.currency.code()).or_default();
                *most = (*most).max(amount);
            }
            Fact::Share(share) => {
                if share.kind == Kind::Debit && share.status == Status::Captured {
                    let part =
                        (share.currency.code(), &share.share, &share.operation, &share.method);
                    let most = parts.entry(part).or_default();
                    *most = (*most).max(share.amount);
                }
                if let Some(of) = share.of {
                    let most = due.entry(share.currency.code()).or_default();
                    *most = (*most).max(of);
                }
            }
        }
    }
    let mut proof: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for ((currency, ..), part) in parts {
        proof.entry(currency).or_default().0 += part;
    }
    for (currency, due) in due {
        proof.entry(currency).or_default().1 = due;
    }
    proof
}

/// Every name under which a share may be listed: a uuid joins slots, and a slot uuids.
fn names_of<'a>(order: &'a Order, name: &'a str) -> BTreeSet<&'a str> {
    let mut names = BTreeSet::from([name]);
    loop {
        let before = names.len();
        for (fact, _) in order.facts.iter() {
            if let Fact::Share(share) = fact {
                let pair = [Some(share.share.as_str()), share.slot.as_deref()];
                if pair.iter().flatten().any(|name| names.contains(name)) {
                    names.extend(pair.into_iter().flatten());
                }
            }
        }
        if names.len() == before {
            return names;
        }
    }
}

// --- Money given back --------------------------------------------------------------------------

/// What one payment takes, and what its refunds come to once they are final. A provider keeps the
/// second below the first.
const TAKEN: u64 = 10_000;

/// One refund: its amount, how it ends, and how often and in which spellings it is told.
#[derive(Clone, Debug)]
struct Refund {
    amount: u64,
    succeeds: bool,
    /// Its name in one of two spellings, for each time it is told to be under way and to be over.
    tellings: Vec<(bool, bool)>,
}

fn refunds() -> impl Strategy<Value = Vec<Refund>> {
    let tellings = vec((any::<bool>(), any::<bool>()), 0..3);
    let one = (1..=TAKEN / 3, any::<bool>(), tellings)
        .prop_map(|(amount, succeeds, tellings)| Refund { amount, succeeds, tellings });
    vec(one, 1..=3)
}

fn lyra_refund(of: &[Refund], at: usize, other_spelling: bool, over: bool) -> Statement {
    let status = match (over, of[at].succeeds) {
        (false, _) => "AUTHORISED",
        (true, true) => "CAPTURED",
        (true, false) => "REFUSED",
    };
    let form = Form::refund("CMD-1", "abc123", UUIDS[at], "CB", of[at].amount, status);
    // Without its uuid a refund is named by its payment's slot, which several share.
    let form = match other_spelling {
        true if of.len() == 1 => form.without("vads_trans_uuid"),
        true => form.sent_again("BO"),
        false => form,
    };
    statement(read_lyra(&form.body()))
}

fn worldline_refund(of: &[Refund], at: usize, other_spelling: bool, over: bool) -> Statement {
    let code = match (over, of[at].succeeds) {
        (false, _) => 81,
        (true, true) => 8,
        (true, false) => 83,
    };
    let operation = at + 1;
    let id = if other_spelling {
        format!("9000003254564310{operation:03}")
    } else {
        format!("3254564310_{operation}")
    };
    statement(read_worldline(&refund("CMD-1", &id, code, of[at].amount).to_string()).remove(0))
}

/// A payment taken and its refunds, in any order; each is told to be over at least once.
fn given_back() -> impl Strategy<Value = (Vec<Refund>, Vec<Statement>)> {
    (refunds(), any::<bool>()).prop_flat_map(|(refunds, lyra)| {
        let tell = if lyra { lyra_refund } else { worldline_refund };
        let paid = if lyra {
            let form = Form::single("CMD-1", "abc123", "CB", TAKEN, "CAPTURED");
            statement(read_lyra(&form.body()))
        } else {
            let event = Payment::new("CMD-1", "3254564310_0", 130, 9, TAKEN).json();
            statement(read_worldline(&event.to_string()).remove(0))
        };
        let mut story = vec![paid];
        for (at, refund) in refunds.iter().enumerate() {
            story.push(tell(&refunds, at, false, true));
            let again = refund.tellings.iter();
            story.extend(again.map(|(spelling, over)| tell(&refunds, at, *spelling, *over)));
        }
        (Just(refunds), Just(story).prop_shuffle())
    })
}

/// No file of past failures: a failure prints its input, and the input becomes a test.
fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn i5_order_free_and_i2_one_fulfilment((story, other) in retold()) {
        for policy in POLICIES {
            let (a, b) = (told(&story, policy), told(&other, policy));
            prop_assert_eq!(&a.facts, &b.facts);
            let summary = a.summary(policy);
            prop_assert_eq!(&summary, &b.summary(policy));
            let digests = |order: &Order| -> BTreeSet<String> {
                order.notifications.iter().map(|n| n.digest.clone()).collect()
            };
            prop_assert_eq!(digests(&a), digests(&b));
            prop_assert_eq!(a.notifications.len(), b.notifications.len());
            if summary.releasable {
                prop_assert!(a.fulfilment.is_some() && b.fulfilment.is_some());
            }
            if let (Some(a), Some(b)) = (&a.fulfilment, &b.fulfilment) {
                prop_assert_eq!(&a.id, &b.id);
            }
        }
    }

    #[test]
    fn i3_nothing_is_released_that_is_not_proven_paid(story in story()) {
        let policy = POLICIES[0];
        let mut order = Order::new(story[0].key.clone());
        for (second, statement) in story.iter().enumerate() {
            let released = order.fulfilment.is_some();
            order.take(statement, &receipt(second as i64), policy).unwrap();
            if released || order.fulfilment.is_none() {
                continue;
            }
            let proof = proof(&order);
            let due: Vec<_> = proof.values().filter(|(_, due)| *due > 0).collect();
            prop_assert_eq!(due.len(), 1, "one amount in one currency: {:?}", proof);
            prop_assert!(due[0].0 >= due[0].1, "{:?}", proof);
            let summary = order.summary(policy);
            prop_assert_eq!(summary.refunded, 0);
        }
    }

    #[test]
    fn i6_a_captured_share_stays_captured_and_a_fulfilment_stays(story in story()) {
        for policy in POLICIES {
            let mut order = Order::new(story[0].key.clone());
            let mut captured: BTreeSet<String> = BTreeSet::new();
            let mut fulfilment = None;
            for (second, statement) in story.iter().enumerate() {
                order.take(statement, &receipt(second as i64), policy).unwrap();
                let shares = order.summary(policy).shares;
                for name in &captured {
                    let names = names_of(&order, name);
                    let kept = shares.iter().any(|s| {
                        s.status == Status::Captured && names.contains(s.share.as_str())
                    });
                    prop_assert!(kept, "{}", name);
                }
                let now = shares.iter().filter(|s| s.status == Status::Captured && s.kind == Kind::Debit);
                captured.extend(now.map(|s| s.share.clone()));
                let id = order.fulfilment.as_ref().map(|f| f.id.clone());
                prop_assert!(fulfilment.is_none() || fulfilment == id);
                fulfilment = id;
            }
        }
    }

    #[test]
    fn i7_a_reversal_follows_a_release_and_a_final_credit(story in story()) {
        for policy in POLICIES {
            let order = told(&story, policy);
            prop_assert!(order.reversals.is_empty() || order.fulfilment.is_some());
            let told: BTreeSet<&str> = order.reversals.iter().map(|r| r.share.as_str()).collect();
            prop_assert_eq!(told.len(), order.reversals.len());
            let ids: BTreeSet<&str> = order.reversals.iter().map(|r| r.id.as_str()).collect();
            prop_assert_eq!(ids.len(), order.reversals.len());
            for reversal in &order.reversals {
                let certain = order.facts.iter().any(|(fact, standing)| match fact {
                    Fact::Share(s) => {
                        standing == Standing::Sound
                            && s.kind == Kind::Credit
                            && matches!(s.status, Status::Refunded | Status::ChargedBack)
                            && s.amount == reversal.amount
                    }
                    Fact::Total(_) => false,
                });
                prop_assert!(certain, "{:?}", reversal);
            }
        }
    }

    /// As far as it can be shown without a plan of refunds: what a provider gave back within its bound is
    /// never counted, or told, beyond it, in whatever order, number and spelling the news come.
    #[test]
    fn i7_no_more_is_given_back_than_was_taken((refunds, story) in given_back()) {
        let all: u64 = refunds.iter().filter(|r| r.succeeds).map(|r| r.amount).sum();
        for policy in POLICIES {
            let mut order = Order::new(story[0].key.clone());
            for (second, statement) in story.iter().enumerate() {
                order.take(statement, &receipt(second as i64), policy).unwrap();
                let told: u64 = order.reversals.iter().map(|r| r.amount).sum();
                let summary = order.summary(policy);
                prop_assert!(told <= summary.refunded && summary.refunded <= all, "{:?}", order.reversals);
            }
            let summary = order.summary(policy);
            prop_assert_eq!((summary.captured, summary.refunded), (TAKEN, all));
            let credits = summary.shares.iter().filter(|s| s.kind == Kind::Credit);
            prop_assert_eq!(credits.count(), refunds.len());
            // Released, it tells of each that came after.
            let told: u64 = order.reversals.iter().map(|r| r.amount).sum();
            prop_assert_eq!(told, if order.fulfilment.is_some() { all } else { 0 });
        }
    }

    #[test]
    fn an_order_reads_back_as_itself(story in story()) {
        let order = told(&story, POLICIES[0]);
        let text = serde_json::to_string(&order).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Order>(&text).unwrap(), &order);
        let view = order.view(POLICIES[0], receipt(1_000).received_at);
        let text = serde_json::to_string(&view).unwrap();
        prop_assert_eq!(serde_json::from_str::<OrderView>(&text).unwrap(), view);
        for event in order.unsent_messages(POLICIES[0], receipt(1_000).received_at) {
            let text = serde_json::to_string(&event).unwrap();
            prop_assert_eq!(serde_json::from_str::<CloudEvent>(&text).unwrap(), event);
        }
    }

    #[test]
    fn an_order_split_over_two_names_is_the_same_once_joined(
        story in story(), at in any::<Index>(),
    ) {
        let policy = POLICIES[0];
        let (early, late) = story.split_at(at.index(story.len()));
        let mut order = Order::new(story[0].key.clone());
        if !early.is_empty() {
            order.absorb(told(early, policy));
        }
        for (second, statement) in late.iter().enumerate() {
            order.take(statement, &receipt((early.len() + second) as i64), policy).unwrap();
        }
        prop_assert_eq!(&order, &told(&story, policy));
    }
}

// --- One signed text, many spellings -------------------------------------------------------------

/// Names under which a forger may put a value: the deciding ones, and free ones on all sides of them.
const NAMES: [&str; 38] = [
    "vads_acquirer_network",
    "vads_action_mode",
    "vads_amount",
    "vads_auth_number",
    "vads_bank_label",
    "vads_capture_delay",
    "vads_card_brand",
    "vads_card_holder_name",
    "vads_contract_used",
    "vads_ctx_mode",
    "vads_currency",
    "vads_cust_name",
    "vads_ext_info_a",
    "vads_hash",
    "vads_identifier",
    "vads_language",
    "vads_nb_products",
    "vads_operation_type",
    "vads_order_id",
    "vads_order_info",
    "vads_page_action",
    "vads_payment_certificate",
    "vads_payment_config",
    "vads_payment_option_code",
    "vads_payment_seq",
    "vads_payment_src",
    "vads_presentation_date",
    "vads_product_label0",
    "vads_result",
    "vads_sequence_number",
    "vads_ship_to_name",
    "vads_site_id",
    "vads_trans_date",
    "vads_trans_id",
    "vads_trans_status",
    "vads_trans_uuid",
    "vads_url_check_src",
    "vads_user_info",
];

/// What a buyer types where the merchant echoes free text.
fn typed() -> impl Strategy<Value = String> {
    let hash = "0".repeat(64);
    let words = [
        "CAPTURED", "DEBIT", "CMD-2", "12345678", "20261122100000", "abc123", "PAY", "TEST", "978",
        "MULTI", "SINGLE", "0", "1", "x", &hash,
        "{\"transactions\":[{\"amount\":1,\"card_brand\":\"CB\",\"sequence_number\":1,\"trans_status\":\"CAPTURED\"}]}",
    ]
    .map(str::to_owned);
    let whole = format!("x+{hash}+DEBIT+CMD-2+12345678+20261122100000+abc123+CAPTURED+PAY");
    prop_oneof![vec(select(words.to_vec()), 1..4).prop_map(|words| words.join("+")), Just(whole)]
}

/// The same signed text after one change of spelling: a field renamed, split or joined to the next.
fn respell(fields: &mut Vec<(String, String)>, kind: u8, at: &Index, name: &Index, plus: &Index) {
    let at = at.index(fields.len());
    let after = fields.get(at + 1).map_or("vads_zzz", |(name, _)| name).to_owned();
    let before = at.checked_sub(1).map_or("", |at| &fields[at].0).to_owned();
    let between = |low: &str| -> Option<String> {
        let free: Vec<_> = NAMES.iter().filter(|n| **n > low && **n < after.as_str()).collect();
        (!free.is_empty()).then(|| (**name.get(&free)).to_owned())
    };
    match kind {
        0 => {
            if let Some(name) = between(&before) {
                fields[at].0 = name;
            }
        }
        1 if at + 1 < fields.len() => {
            let (name, value) = fields.remove(at + 1);
            fields[at].1 = format!("{}+{value}", fields[at].1);
            if plus.index(2) == 0 {
                fields[at].0 = name;
            }
        }
        _ => {
            let pluses: Vec<usize> = fields[at].1.match_indices('+').map(|(at, _)| at).collect();
            if let (false, Some(name)) = (pluses.is_empty(), between(&fields[at].0.clone())) {
                let cut = *plus.get(&pluses);
                let rest = fields[at].1.split_off(cut)[1..].to_owned();
                fields.insert(at + 1, (name, rest));
            }
        }
    }
}

/// What a statement says that money or goods depend on.
fn gist(statement: &Statement) -> (String, Vec<String>) {
    let facts = statement.facts.iter().filter_map(|fact| match fact {
        Fact::Share(s) => {
            Some(format!("{} {:?} {} {} {:?}", s.share, s.kind, s.amount, s.currency, s.status))
        }
        Fact::Total(_) => None,
    });
    (statement.key.order.clone(), facts.collect())
}

/// The totals that a statement names. A spelling may leave one out, never name another.
fn totals(statement: &Statement) -> Vec<&Fact> {
    statement.facts.iter().filter(|fact| matches!(fact, Fact::Total(_))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..config() })]

    #[test]
    fn no_other_spelling_of_a_signed_form_is_trusted_with_another_meaning(
        status in word(), cascade in any::<bool>(), typed in typed(),
        place in select(vec!["vads_cust_name", "vads_order_info", "vads_ship_to_name", "vads_user_info"]),
        changes in vec((0..3_u8, any::<Index>(), any::<Index>(), any::<Index>()), 1..14),
    ) {
        let form = if cascade {
            let shares = [Share(UUIDS[0], "CVCO", 6_000, "CAPTURED"), Share(UUIDS[1], "CB", 4_000, status)];
            Form::cascade("CMD-1", "abc123", 10_000, status, &shares)
        } else {
            Form::single("CMD-1", "abc123", "CB", 10_000, status)
        };
        let form = form.with(place, &typed);
        let meant = statement(read_lyra(&form.clone().without(place).body()));
        let mut fields: Vec<(String, String)> =
            form.fields().into_iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
        fields.sort();
        for (kind, at, name, plus) in &changes {
            respell(&mut fields, *kind, at, name, plus);
            let fields: Vec<(&str, &str)> =
                fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            let site = SiteKeys { form: Secret::new(FORM_KEY), rest_password: None, allow_sha1: false };
            let keys = lyra::Keys::new([((SITE.to_owned(), Mode::Test), site)]).unwrap();
            let body = quittance_testing::form_body(FORM_KEY, &fields);
            let Ok(verified) = lyra::verify(&keys, body.as_bytes()) else { continue };
            let Reading::Order(said) = lyra::read(&verified, &[]) else { continue };
            if said.standing == Standing::Sound {
                prop_assert_eq!(gist(&said), gist(&meant), "{:?}", fields);
                prop_assert!(totals(&said).iter().all(|t| totals(&meant).contains(t)), "{:?}", fields);
            }
        }
    }
}

// --- What is not signed ---------------------------------------------------------------------------

proptest! {
    #![proptest_config(config())]

    #[test]
    fn i9_unsigned_bytes_are_refused(body in vec(any::<u8>(), 0..200), start in select(vec![
        "", "signature=", "signature=x&vads_site_id=12345678&vads_ctx_mode=TEST&vads_hash=1&",
        "kr-hash=x&kr-hash-key=password&kr-hash-algorithm=sha256_hmac&kr-answer=",
    ])) {
        let secrets = SiteKeys {
            form: Secret::new(FORM_KEY), rest_password: Secret::new(REST_PASSWORD), allow_sha1: true,
        };
        let keys = lyra::Keys::new([((SITE.to_owned(), Mode::Test), secrets)]).unwrap();
        let body = [start.as_bytes(), &body].concat();
        prop_assert!(lyra::verify(&keys, &body).is_err());
    }
}
