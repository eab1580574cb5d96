//! Messages into statements, through the real verification.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use quittance_core::crypto::Secret;
use quittance_core::fold::{Confirm, Instalments};
use quittance_core::{
    Fact, Kind, Mode, Order, OrderKey, Policy, ProviderId, Reading, Receipt, ReleaseOn, Remark,
    Standing, Statement, Status, Timestamp, Words, stored,
};
use quittance_psp::lyra::{self, SiteKeys};
use quittance_psp::{PROVIDERS, worldline};

use crate::{FORM_KEY, KEY_ID, REST_PASSWORD, SECRET, SITE, worldline_signature};

/// One of each kind: the usual one first.
pub const POLICIES: [Policy; 3] = [
    policy(ReleaseOn::Captured, Instalments::First),
    policy(ReleaseOn::Secured, Instalments::First),
    policy(ReleaseOn::Captured, Instalments::All),
];

const fn policy(release_on: ReleaseOn, instalments: Instalments) -> Policy {
    Policy { release_on, instalments, confirm: Confirm::Off }
}

/// The demo site's keys, and others for production.
pub static LYRA_KEYS: LazyLock<lyra::Keys> = LazyLock::new(|| {
    let site = |mode, form, password| {
        let (form, rest_password) = (Secret::new(form), Secret::new(password));
        ((SITE.to_owned(), mode), SiteKeys { form, rest_password, allow_sha1: false })
    };
    let test = site(Mode::Test, FORM_KEY, REST_PASSWORD);
    let production = site(Mode::Production, "prodformkey0000", "prodpassword_demo");
    lyra::Keys::new([test, production]).expect("two passwords")
});

/// What a genuine Lyra body says.
pub fn read_lyra(body: &str) -> Reading {
    lyra::read(&lyra::verify(&LYRA_KEYS, body.as_bytes()).unwrap(), &[])
}

/// What a genuine Worldline body says, under a key that may be bound to a merchant.
pub fn read_worldline_bound(body: &[u8], merchant: Option<&str>) -> Vec<Reading> {
    let key = worldline::Key {
        secret: Secret::new(SECRET).unwrap(),
        mode: Mode::Test,
        merchant: merchant.map(str::to_owned),
    };
    let keys = worldline::Keys::new([(KEY_ID.to_owned(), key)]);
    let signature = worldline_signature(SECRET, body);
    let verified =
        worldline::verify(&keys, &[signature.as_bytes()], &[KEY_ID.as_bytes()], body).unwrap();
    worldline::read(&verified)
}

/// What a genuine Worldline body says.
pub fn read_worldline(body: &str) -> Vec<Reading> {
    read_worldline_bound(body.as_bytes(), None)
}

/// The statement about an order that a reading is. Anything else fails the test.
#[track_caller]
pub fn statement(reading: Reading) -> Statement {
    match reading {
        Reading::Order(statement) => *statement,
        other => panic!("{other:?}"),
    }
}

/// A sound statement of these facts.
pub fn stated(key: OrderKey, facts: Vec<Fact>) -> Statement {
    Statement {
        key,
        aliases: Vec::new(),
        follows: false,
        facts,
        standing: Standing::Sound,
        doubt: None,
        reasons: Vec::new(),
        details: Vec::new(),
        session_seconds: 600,
        event: Remark::plain("event"),
    }
}

/// Arrival so many seconds after the tests' beginning of time.
pub fn receipt(seconds: i64) -> Receipt {
    let received_at = Timestamp::from_unix(1_795_341_600 + seconds).unwrap();
    Receipt { received_at, source: "webhook", sha256: format!("{seconds:064x}") }
}

/// The sentences of a provider.
pub fn words(psp: ProviderId) -> Words {
    Words::of(PROVIDERS, psp)
}

/// Why a statement is not sound, as people read it.
pub fn doubt(said: &Statement) -> Option<String> {
    said.doubt().map(|why| words(said.key.psp).say(&why))
}

/// An order as it is read after it was stored.
pub fn reread(order: &Order) -> Order {
    stored::decode(&stored::encode(order).unwrap(), order.key().clone(), PROVIDERS).unwrap()
}

/// The payments of which an order has taken or reserved money, on sound word.
pub fn payments_of(order: &Order) -> BTreeSet<String> {
    let sound = order.facts().shares().filter(|(_, standing)| *standing == Standing::Sound);
    let debits = sound.map(|(share, _)| share).filter(|share| share.kind == Kind::Debit);
    let taken =
        debits.filter(|s| matches!(s.meaning.status, Status::Captured | Status::Authorised));
    taken.map(|share| share.other_name.clone().unwrap_or_else(|| share.share.clone())).collect()
}
