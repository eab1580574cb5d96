//! Orders as bytes: what stands there stays readable, and what a table says of it today holds.

use quittance_core::fact::Total;
use quittance_core::provider::{BadKeys, HeldKey, Keys, Profile};
use quittance_core::stored::{Undecodable, decode, encode};
use quittance_core::told::Told;
use quittance_core::{
    Fact, Flag, Kind, Meaning, Order, Provider, Providers, Receipt, Remark, Said, ShareFact,
    Standing, State, Statement, Status,
};
use quittance_psp::PROVIDERS;
use quittance_psp::lyra::Lyra;
use quittance_psp::worldline::Worldline;
use quittance_testing::lyra::{self, Form, Share};
use quittance_testing::worldline::{Payment, refund, with_number};
use quittance_testing::{REST_PASSWORD, rest_body};
use serde_json::json;

use super::story::*;
use quittance_testing::read::{receipt, reread};

/// A release with other tables.
#[derive(Debug)]
struct Changed {
    of: &'static dyn Provider,
    /// What a share means there, where it means something else.
    meaning: fn(&ShareFact) -> Option<Meaning>,
}

impl Provider for Changed {
    fn profile(&self) -> &'static Profile {
        self.of.profile()
    }

    fn keys(&self, document: &str) -> Result<Box<dyn Keys>, BadKeys> {
        self.of.keys(document)
    }

    fn describe(&self, document: &str) -> Result<Vec<HeldKey>, BadKeys> {
        self.of.describe(document)
    }

    fn meaning(&self, told: &ShareFact) -> Meaning {
        (self.meaning)(told).unwrap_or_else(|| self.of.meaning(told))
    }

    fn sentence(&self, remark: &Remark) -> Option<String> {
        self.of.sentence(remark)
    }

    fn line(
        &self,
        event: &Remark,
        shares: &[&ShareFact],
        reason: &dyn Fn(&ShareFact) -> Option<String>,
    ) -> String {
        self.of.line(event, shares, reason)
    }
}

fn read_by(
    order: &Order,
    of: &'static dyn Provider,
    meaning: fn(&ShareFact) -> Option<Meaning>,
) -> Order {
    let changed: &'static dyn Provider = Box::leak(Box::new(Changed { of, meaning }));
    let providers: Providers = Box::leak(Box::new([changed]));
    decode(&encode(order).unwrap(), order.key().clone(), providers).unwrap()
}

/// The word is kept, and not what it meant when it came.
#[test]
fn a_changed_row_reaches_orders_that_are_stored() {
    let waiting = given(&pay("WAITING_AUTHORISATION")).order().clone();
    assert_eq!(waiting.summary(CAPTURED).state, State::Pending);
    let refused = |told: &ShareFact| {
        let waits = told.said.word.as_deref() == Some("WAITING_AUTHORISATION");
        waits.then(|| Meaning { status: Status::Refused, ..Lyra.meaning(told) })
    };
    assert_eq!(read_by(&waiting, &Lyra, refused).summary(CAPTURED).state, State::Refused);

    // Number 55 is kept although a word stands beside it, and so is a number that no table had.
    let event = Payment::new("CMD-1", "3254564310_0", 130, 9, 12_000).json();
    let event = with_number(event, "payment", 55);
    let held = given(&event).order().clone();
    assert!(held.summary(CAPTURED).flags.contains(&Flag::Ambiguous));
    let takes = |told: &ShareFact| {
        (told.said.code == Some(55)).then(|| Meaning {
            status: Status::Captured,
            rank: quittance_core::fact::Rank::FINAL,
            doubt: None,
            ..Worldline.meaning(told)
        })
    };
    let mut taken = read_by(&held, &Worldline, takes);
    assert!(taken.summary(CAPTURED).releasable && taken.fulfilment().is_none());
    taken.decide(quittance_core::Timestamp::from_unix(1_795_345_200).unwrap(), CAPTURED);
    assert!(taken.fulfilment().is_some());
}

#[test]
fn a_decision_once_taken_stays_whatever_a_table_says_later() {
    let released = given(&pay("CAPTURED")).order().clone();
    let unknown = |told: &ShareFact| Some(Meaning { worth: told.amount, ..Meaning::default() });
    let mut read = read_by(&released, &Lyra, unknown);
    assert!(!read.summary(CAPTURED).is_paid);
    read.decide(quittance_core::Timestamp::from_unix(1_795_345_200).unwrap(), CAPTURED);
    assert_eq!((read.fulfilment(), read.reversals()), (released.fulfilment(), &[][..]));
}

/// The bytes of an order of this release. They must be readable for ever: where this fails, a new version is
/// due, and the old one stays readable.
#[test]
fn bytes_that_were_once_written_stay_readable() {
    let order = given(&cascade("CAPTURED", &[VOUCHER, CARD])).order().clone();
    assert_eq!(hex(&order), golden(include_str!("stored.v1.hex")));
    assert_eq!(reread(&order), order);
}

/// What an earlier release wrote of the same order: without the payment that its total is of, which is then taken for
/// any payment's.
#[test]
fn a_total_of_any_payment_stays_readable() {
    let text = golden(include_str!("stored.v1.total-of-any.hex"));
    let digits = text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    let bytes: Vec<u8> = digits.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect();
    let now = given(&cascade("CAPTURED", &[VOUCHER, CARD])).order().clone();
    let read = decode(&bytes, now.key().clone(), PROVIDERS).unwrap();
    let without = |order: &Order| -> Vec<Fact> {
        let facts = order.facts().told().map(|(fact, _)| fact.clone());
        let of_any = |fact| match fact {
            Fact::Total(total) => Fact::Total(Total { of: None, ..total }),
            share @ Fact::Share(_) => share,
        };
        facts.map(of_any).collect()
    };
    assert_eq!(without(&read), without(&now));
    assert!(
        read.facts()
            .told()
            .any(|(fact, _)| matches!(fact, Fact::Total(total) if total.of.is_none()))
    );
    assert_eq!(read.summary(CAPTURED), now.summary(CAPTURED));
    assert_eq!(hex(&read), text);
}

fn hex(order: &Order) -> String {
    encode(order).unwrap().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn golden(text: &str) -> String {
    text.split_ascii_whitespace().collect()
}

#[test]
fn what_is_no_order_of_this_release_is_not_read() {
    let order = given(&pay("CAPTURED")).order().clone();
    let bytes = encode(&order).unwrap();
    let read = |bytes: &[u8]| decode(bytes, order.key().clone(), PROVIDERS);
    let newer = [&[3], &bytes[1..]].concat();
    assert_eq!(read(&newer), Err(Undecodable::Version(3)));
    // The second version says more.
    assert_eq!(read(&[&[2], &bytes[1..]].concat()), Err(Undecodable::Damaged));
    for end in 0..bytes.len() {
        assert!(matches!(read(&bytes[..end]), Err(Undecodable::Damaged)), "{end}");
    }
    assert_eq!(read(&[&bytes[..], b"x"].concat()), Err(Undecodable::Damaged));
    assert_eq!(decode(&bytes, order.key().clone(), &[]), Err(Undecodable::Provider));
}

/// Of money that had gone back before the release there is one amount to each name, and one of the two at least.
#[test]
fn what_had_gone_back_is_read_with_an_amount_for_each_name_alone() {
    let none = given(&pay("CAPTURED")).order().clone();
    let one = given(&wl("3254564310_0", CVCO, 9).acquired(100))
        .then(&refund("CMD-1", "3254564310_1", 8, 100))
        .then(&wl("3254564399_0", VISA, 9))
        .released();
    let amounts: Vec<u64> = one.order().basis().gone.values().copied().collect();
    assert_eq!(amounts, [100]);
    let bytes = encode(one.order()).unwrap();
    let (&[2, ref order @ .., 1, 100], key) = (&bytes[..], one.order().key()) else { panic!() };
    let read = |behind: &[u8]| decode(&[&[2], order, behind].concat(), key.clone(), PROVIDERS);
    assert_eq!(read(&[1, 100]).as_ref(), Ok(one.order()));
    for amounts in [&[0][..], &[2, 100, 100]] {
        assert_eq!(read(amounts), Err(Undecodable::Damaged), "{amounts:?}");
    }
    let empty = [&[2], &encode(&none).unwrap()[1..], &[0]].concat();
    assert_eq!(decode(&empty, none.key().clone(), PROVIDERS), Err(Undecodable::Damaged));
}

/// What denies a word that no table has yet is kept with it.
#[test]
fn a_new_row_takes_nothing_that_its_message_denied() {
    let captured = |told: &ShareFact| {
        let word = if told.kind == Kind::Debit { "CAPTURED" } else { "REFUSED" };
        let said = Said { word: Some(word.to_owned()), ..told.said.clone() };
        Some(Lyra.meaning(&ShareFact { said, ..told.clone() }))
    };
    let fine = given(&pay("SETTLED").with("vads_result", "00")).order().clone();
    assert!(read_by(&fine, &Lyra, captured).summary(CAPTURED).releasable);
    let denied = given(&pay("SETTLED").with("vads_result", "05")).order().clone();
    let share = Share("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "CB", 10_000, "SETTLED");
    let mut answer = lyra::answer("CMD-1", "abc123", 10_000, ("PAID", "CLOSED"), &[share]);
    answer["transactions"][0]["status"] = json!("UNPAID");
    let unpaid = rest_body(REST_PASSWORD, &answer.to_string());
    for order in [denied, given(&unpaid).order().clone()] {
        let read = read_by(&order, &Lyra, captured);
        assert!(!read.summary(CAPTURED).is_paid, "{read:#?}");
    }
    // Nor does an amount in another currency become one of the order's.
    let mut foreign = Payment::new("CMD-1", "3254564310_0", 130, 9, 12_000).acquired(12_000);
    foreign.acquired_currency = Some("JPY".to_owned());
    let order = given(&with_number(foreign.json(), "payment", 98)).order().clone();
    let taken = |told: &ShareFact| {
        let said = Said { code: Some(9), ..told.said.clone() };
        Some(Worldline.meaning(&ShareFact { said, ..told.clone() }))
    };
    assert!(!read_by(&order, &Worldline, taken).summary(CAPTURED).is_paid);
}

/// Which of two facts holds is not told by what stands beside their words.
#[test]
fn a_missing_category_changes_nothing_of_the_currency() {
    let plain = Payment::new("", "3254564310_0", 130, 9, 4_000).acquired(4_000);
    let mut dollars = Payment::new("", "3254564310_10", 5600, 9, 4_000).acquired(4_000);
    dollars.acquired_currency = Some("USD".to_owned());
    let mut bare = dollars.json();
    bare["payment"]["statusOutput"].as_object_mut().unwrap().remove("statusCategory");
    for other in [dollars.json(), bare] {
        let story = given(&other).then(&plain);
        assert!(story.order().summary(CAPTURED).flags.contains(&Flag::CurrencyMismatch));
    }
}

/// What an order holds of messages that were notified and of answers is enough to fold it again.
#[test]
fn what_an_order_was_told_makes_the_same_order_again() {
    const API: &str = "api";
    let refund = give_back('c', 4_000, "CAPTURED");
    let told: [(&str, &dyn Message); 5] = [
        ("webhook", &pay("AUTHORISED").without("vads_trans_uuid")),
        ("webhook", &pay("CAPTURED")),
        // What was told already, by the provider itself; and what only the provider tells.
        (API, &pay("CAPTURED")),
        ("webhook", &refund),
        (API, &give_back('d', 1_000, "CAPTURED")),
    ];
    let fold = |told: &mut dyn Iterator<Item = (&'static str, Statement, i64)>| {
        let mut order: Option<Order> = None;
        for (source, said, at) in told {
            let order = order.get_or_insert_with(|| Order::new(said.key.clone()));
            order.take(&said, &Receipt { source, ..receipt(at) }, CAPTURED).unwrap();
        }
        order.unwrap()
    };
    let said = |(at, (source, message)): (usize, &(&'static str, &dyn Message))| {
        let standing = if *source == API { Standing::Confirmed } else { Standing::Sound };
        (*source, Statement { standing, ..message.said() }, 60 * i64::try_from(at).unwrap())
    };
    for number in 1..=told.len() {
        let order = fold(&mut told.iter().take(number).enumerate().map(said));
        let notified = Told::listed(&order, |told| told.source != API);
        let asked = Told::when_asked(&order, API);
        let notified = notified.into_iter().map(|told| ("webhook", told));
        let mut all: Vec<_> = notified.chain(asked.into_iter().map(|told| (API, told))).collect();
        for (_, told) in &all {
            let bytes = told.encode().unwrap();
            let read = Told::decode(&bytes, order.key().clone(), PROVIDERS).unwrap();
            assert_eq!(
                (&read.statement, read.at, &read.sha256),
                (&told.statement, told.at, &told.sha256)
            );
            assert_eq!(told.statement.session_seconds, order.session_seconds());
        }
        all.sort_by_key(|(_, told)| told.at);
        let began = receipt(0).received_at.unix();
        let again = fold(&mut all.into_iter().map(|(s, t)| (s, t.statement, t.at.unix() - began)));
        let facts = |order: &Order| -> Vec<_> {
            order.facts().told().map(|(fact, told)| (fact.clone(), told)).collect()
        };
        assert_eq!(facts(&again), facts(&order), "{number}");
        assert_eq!(again.fulfilment(), order.fulfilment(), "{number}");
        assert_eq!(again.reversals(), order.reversals(), "{number}");
        assert_eq!(again.aliases(), order.aliases(), "{number}");
    }
    // What went back was confirmed when it was told, at the latest.
    let confirmed = [told[1], told[3], (API, told[3].1)];
    let order = fold(&mut confirmed.iter().enumerate().map(said));
    let [asked] = &Told::when_asked(&order, API)[..] else { panic!("{order:?}") };
    assert_eq!(asked.at, order.reversals()[0].decided_at);
    assert_ne!(asked.at, order.fulfilment().unwrap().decided_at);
    // An order that was told more than once is no message.
    let order = fold(&mut told.iter().take(2).enumerate().map(said));
    let bytes = [vec![0], encode(&order).unwrap()].concat();
    let read = Told::decode(&bytes, order.key().clone(), PROVIDERS);
    assert_eq!(read.map(|told| told.at), Err(Undecodable::Damaged));
    assert!(Told::decode(&[], order.key().clone(), PROVIDERS).is_err());
}

#[test]
fn what_an_order_lists_is_told_as_it_was_listed() {
    let doubted = Form::single("CMD-1", "abc789", "CB", 10_000, "CAPTURED");
    let doubted = doubted.with("vads_invented", "x");
    let refused = Form::single("CMD-1", "def456", "CB", 10_000, "REFUSED");
    let refused = refused.with("vads_auth_result", "51");
    let story = given(&doubted).then(&pay("CAPTURED")).then(&refused);
    let listed = story.order().notifications();
    assert!(listed.iter().any(|told| told.doubt.is_some() && !told.standing.is_sound()));
    assert!(listed.iter().any(|told| !told.reasons.is_empty()));
    let told = Told::listed(story.order(), |_| true);
    assert_eq!(told.len(), listed.len());
    for (told, listed) in told.into_iter().zip(listed.iter().cloned()) {
        assert_eq!((told.at, told.sha256), (listed.received_at, listed.sha256));
        let Statement { facts, standing, doubt, reasons, event, .. } = told.statement;
        assert_eq!((facts, standing, doubt), (listed.facts, listed.standing, listed.doubt));
        assert_eq!((reasons, event), (listed.reasons, listed.event));
    }
}

/// What is archived of an answer is all that was read of it.
#[test]
fn what_was_read_of_a_message_comes_back_whole() {
    let capture = Payment::new("CMD-1", "3254564310_1", 130, 9, 4_000).acquired(4_000).json();
    let messages: [&dyn Message; 4] =
        [&pay("CAPTURED"), &give_back('c', 4_000, "CAPTURED"), &pay("REFUSED"), &capture];
    let mut seen = [false; 3];
    for message in messages {
        let statement = Statement { standing: Standing::Confirmed, ..message.said() };
        let Statement { key, follows, details, aliases, .. } = &statement;
        seen = [seen[0] | follows, seen[1] | !details.is_empty(), seen[2] | !aliases.is_empty()];
        let told = Told {
            at: receipt(60).received_at,
            sha256: "ab".repeat(32),
            statement: statement.clone(),
        };
        let read = Told::decode(&told.encode().unwrap(), key.clone(), PROVIDERS).unwrap();
        assert_eq!(read, told);
    }
    assert_eq!(seen, [true; 3], "the messages say all that there is to say");
}
