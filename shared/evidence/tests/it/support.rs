//! Evidence as it is made of messages that came.

use quittance_core::claims::Items;
use quittance_core::provider::{Incoming, Options};
use quittance_core::registered::Registered;
use quittance_core::told::Told;
use quittance_core::{Currency, OrderKey, Policy, Provider, Reading, Receipt, Standing, Timestamp};
use quittance_evidence::{Absence, Entry, Evidence, Kind, Proof, Proofs, Verdict, check};
use quittance_psp::{PROVIDERS, provider};
use quittance_testing::lyra::{Form, Share};
use quittance_testing::worldline::{Payment, refund};
use quittance_testing::{KEY_ID, SECRET, worldline_signature};

/// A message as it came.
pub(crate) struct Came {
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// What the provider's demo keys say of a message.
pub(crate) fn prove(provider: &dyn Provider, came: &Came, at: Timestamp) -> Option<Proof> {
    let keys = provider.keys(provider.profile().demo_keys).expect("keys");
    let headers: Vec<(&'static str, &[u8])> = provider
        .profile()
        .kept_headers
        .iter()
        .flat_map(|known| {
            let values = came.headers.iter().filter(move |(name, _)| name == known);
            values.map(move |(_, value)| (*known, value.as_bytes()))
        })
        .collect();
    let message = Incoming { headers: &headers, body: &came.body, arrived: at };
    let received = keys.receive(&message, &Options::default()).ok()?;
    Some(Proof { key: received.key, readings: received.readings })
}

/// What the demo's keys say of the notifications of a file.
pub(crate) fn proofs(evidence: &Evidence) -> Proofs {
    let key: OrderKey = evidence.order.parse().expect("a key");
    let provider = provider(key.psp).expect("a provider");
    let proof = |entry: &Entry| {
        let came = Came { headers: entry.headers.clone(), body: entry.bytes()? };
        prove(provider, &came, entry.arrived()?)
    };
    let entries = evidence.entries.iter();
    entries.filter_map(|entry| Some((entry.index, proof(entry)?))).collect()
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix(1_795_341_600 + seconds).expect("a time")
}

/// Makes evidence as the command does: each message is folded and becomes an entry.
pub(crate) struct Maker {
    key: OrderKey,
    items: Items,
    entries: Vec<Entry>,
}

impl Maker {
    pub(crate) fn new(key: &str) -> Self {
        Self { key: key.parse().expect("a key"), items: Items::default(), entries: Vec::new() }
    }

    fn provider(&self) -> &'static dyn Provider {
        provider(self.key.psp).expect("a provider")
    }

    pub(crate) fn came(mut self, seconds: i64, came: &Came) -> Self {
        let at = at(seconds);
        let proof = prove(self.provider(), came, at).expect("it is genuine");
        let mut entry = Entry::notification(at, &self.key.to_string(), &came.body);
        entry.headers.clone_from(&came.headers);
        entry.verified_by = Some(proof.key);
        for reading in proof.readings {
            let Reading::Order(said) = reading else { continue };
            let sha256 = entry.sha256.clone().expect("a digest");
            let receipt = Receipt { received_at: at, source: "webhook", sha256 };
            self.items.take(&said, receipt, Policy::default());
        }
        self.entries.push(entry);
        self
    }

    /// What the provider said when it was asked, which is what a message would have said.
    pub(crate) fn answered(mut self, seconds: i64, came: &Came) -> Self {
        let at = at(seconds);
        let proof = prove(self.provider(), came, at).expect("it is genuine");
        let Some(Reading::Order(said)) = proof.readings.into_iter().next() else {
            panic!("it says nothing")
        };
        let mut statement = *said;
        (statement.standing, statement.details, statement.follows) =
            (Standing::Confirmed, Vec::new(), false);
        let told = Told { statement, at, sha256: "00".repeat(32) };
        let receipt = Receipt { received_at: at, source: "api", sha256: told.sha256.clone() };
        self.items.take(&told.statement, receipt, Policy::default());
        let entry = Entry::told(Kind::Answer, &told, Absence::Lost, PROVIDERS);
        self.entries.push(entry.expect("it is stored"));
        self
    }

    pub(crate) fn registered(mut self, seconds: i64, amount: u64) -> Self {
        let currency = Currency::from_alpha("EUR").expect("a currency");
        let registered = Registered { amount, currency, at: at(seconds) };
        assert!(self.items.register(&self.key, registered, Policy::default()));
        self.entries.push(Entry::registered(at(seconds), &self.key, amount, "EUR"));
        self
    }

    pub(crate) fn evidence(self) -> Evidence {
        let order = self.items.order(&self.key).expect("an order");
        let policy = Policy::default();
        let mut evidence = Evidence::new("quittance 0.0.0", at(9_000), policy, &order, PROVIDERS);
        self.entries.into_iter().for_each(|entry| evidence.push(entry));
        evidence.described(&self.key, PROVIDERS).sealed().expect("JSON")
    }
}

pub(crate) fn form(form: &Form) -> Came {
    Came { headers: Vec::new(), body: form.body().into_bytes() }
}

pub(crate) fn event(body: &str) -> Came {
    let signature = worldline_signature(SECRET, body.as_bytes());
    let headers = [("x-gcs-signature", signature.as_str()), ("x-gcs-keyid", KEY_ID)];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Came { headers: headers.to_vec(), body: body.as_bytes().to_vec() }
}

/// A cascade of a voucher and a card, of which the provider was asked.
pub(crate) fn cascade() -> Evidence {
    let whole = |first: &str, second: &str, status: &str| {
        let shares = [Share("u1", "CVCO", 6_000, first), Share("u2", "CB", 4_000, second)];
        form(&Form::cascade("CMD-1", "aa0001", 10_000, status, &shares))
    };
    Maker::new("systempay/12345678/test/CMD-1")
        .registered(0, 10_000)
        .came(5, &whole("CAPTURED", "AUTHORISED", "AUTHORISED"))
        .answered(60, &whole("CAPTURED", "CAPTURED", "CAPTURED"))
        .evidence()
}

/// Two payments, the second of which pays the order, and a refund.
pub(crate) fn refunded() -> Evidence {
    let paid = |id: &str, code| Payment::new("W-1", id, 130, code, 500).body();
    Maker::new("worldline/DemoMerchant/test/W-1")
        .came(0, &event(&paid("3254940001_0", 2)))
        .came(10, &event(&paid("3254940002_0", 5)))
        .came(20, &event(&paid("3254940002_0", 9)))
        .came(30, &event(&refund("W-1", "3254940002_1", 8, 500).to_string()))
        .evidence()
}

/// An answer of the other format, and bytes that are no text.
pub(crate) fn rare() -> Evidence {
    let mut strange = form(&Form::single("R-1", "aa0002", "CB", 700, "AUTHORISED"));
    strange.body.extend_from_slice(b"&shop=\xff\xfe");
    Maker::new("systempay/12345678/test/R-1")
        .came(0, &strange)
        .came(5, &form(&Form::single("R-1", "aa0002", "CB", 700, "CAPTURED")))
        .evidence()
}

/// Of each kind one.
pub(crate) fn all() -> [Evidence; 3] {
    [cascade(), refunded(), rare()]
}

pub(crate) fn checked(evidence: &Evidence) -> Verdict {
    check(&evidence.to_bytes().expect("JSON"), PROVIDERS, None)
}
