//! The providers: `shared/fakes` under virtual time, and what they truly took and gave back.

use std::sync::LazyLock;

use quittance_core::api::{Api, Call, Dialogue, Exchange, Method, Opening, Turn};
use quittance_core::checkout::{Flow, Form, Offer, Wish};
use quittance_core::key::Account;
use quittance_core::{Currency, Mode, Timestamp, checkout};
use quittance_fakes::{Entry, Fakes, HttpRequest, Notification, Reply};
use serde_json::{Value, json};

use crate::keys::{API, MERCHANT, SITE, Version, config, credentials, provider};
use crate::plan::{Plan, Psp, Purchase};

/// When a run begins: 2026-11-22T10:00:00Z.
const BEGIN: i64 = 1_795_341_600;

/// Most turns of a talk that is held at once.
const MOST_TURNS: usize = 100;

/// A virtual time, in milliseconds, as both sides write it.
pub(crate) fn at(now: i64) -> Timestamp {
    Timestamp::from_unix(BEGIN + now.div_euclid(1_000)).expect("a time in this century")
}

/// The currency of all orders.
pub(crate) fn eur() -> Currency {
    Currency::from_alpha("EUR").expect("a currency")
}

/// Whose orders they are.
pub(crate) fn account(psp: Psp) -> Account {
    let merchant = if psp == Psp::Lyra { SITE } else { MERCHANT };
    let id = provider(psp).profile().id;
    Account { psp: id, merchant: merchant.to_owned(), mode: Mode::Test }
}

impl Purchase {
    /// What the merchant's program asks a provider for.
    pub(crate) fn wish(&self, vouchers: bool, approval: bool) -> Wish {
        Wish {
            reference: self.reference.clone(),
            amount: self.amount,
            currency: eur(),
            method: if vouchers { checkout::Method::Cvco } else { checkout::Method::Card },
            flow: Flow::Hosted,
            approval,
            adjustable: true,
            beneficiary: None,
            locale: None,
            return_url: "https://shop.example.com/back".to_owned(),
            notification_url: None,
        }
    }
}

/// What truly happened with the money of an order, in cents. All of it only grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    /// What was ever taken.
    pub(crate) taken: u64,
    /// What was ever taken or reserved.
    pub(crate) secured: u64,
    /// What went back, or is about to.
    pub(crate) back: u64,
}

impl Sums {
    pub(crate) fn max(self, other: Self) -> Self {
        Self {
            taken: self.taken.max(other.taken),
            secured: self.secured.max(other.secured),
            back: self.back.max(other.back),
        }
    }
}

/// The credentials of both providers, before and after their keys are changed.
static APIS: LazyLock<[[Box<dyn Api>; 2]; 2]> = LazyLock::new(|| {
    [Psp::Worldline, Psp::Lyra].map(|psp| {
        [0, 1].map(|version| {
            let document = credentials(psp, version).to_string();
            provider(psp).api(&document).expect("credentials")
        })
    })
});

/// The API of a provider, with credentials of this version.
pub(crate) fn api(psp: Psp, version: Version) -> &'static dyn Api {
    &*APIS[psp as usize][version]
}

/// Both providers.
#[derive(Debug)]
pub(crate) struct Psps {
    fakes: Fakes,
    seed: u64,
    /// The key with which they sign.
    pub(crate) version: Version,
    sums: Vec<Sums>,
    references: Vec<String>,
    /// How often anything changed there.
    pub(crate) changes: u64,
}

impl Psps {
    pub(crate) fn new(seed: u64, plan: &Plan) -> Self {
        let seed = 254_564_310 + seed % 1_000_000;
        let references = plan.purchases.iter().map(|one| one.reference.clone()).collect();
        let sums = vec![Sums::default(); plan.purchases.len()];
        let fakes = Fakes::new(config(seed, 0));
        let mut psps = Self { fakes, seed, version: 0, sums, references, changes: 0 };
        psps.control("POST", "settings", &plan.settings, 0);
        psps
    }

    /// They sign with the newer keys.
    pub(crate) fn change_keys(&mut self) {
        self.version = 1;
        self.fakes.configure(config(self.seed, 1));
    }

    /// What truly happened with each purchase.
    pub(crate) fn sums(&self) -> &[Sums] {
        &self.sums
    }

    /// What they have sent.
    pub(crate) fn outbox(&mut self, now: i64) -> Vec<Notification> {
        self.fakes.tick(at(now));
        let sent = self.fakes.outbox();
        if !sent.is_empty() {
            self.count();
        }
        sent
    }

    fn control(&mut self, method: &str, path: &str, body: &Value, now: i64) -> Reply {
        let request = HttpRequest {
            method: method.to_owned(),
            target: format!("/local/psp/{path}"),
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: body.to_string().into_bytes(),
        };
        self.fakes.control(&request, at(now))
    }

    /// The buyer's move. Whether the page takes it.
    pub(crate) fn pay(&mut self, checkout: &str, body: Value, now: i64) -> bool {
        let mut body = body;
        body["checkout"] = Value::from(checkout);
        let is_taken = self.control("POST", "pay", &body, now).status == 200;
        self.count();
        is_taken
    }

    /// The night.
    pub(crate) fn batch(&mut self, now: i64) {
        self.control("POST", "batch", &json!({}), now);
        self.count();
    }

    /// The answer to a call, with something wrong in it.
    pub(crate) fn broken(&mut self, psp: Psp, call: &Call, kind: &str, now: i64) -> Exchange {
        let word = if psp == Psp::Lyra { "systempay" } else { "worldline" };
        let fault = json!({"provider": word, "call": "*", "fault": kind, "times": 1});
        self.control("POST", "faults", &fault, now);
        let heard = self.answer(call, now);
        self.control("DELETE", "faults", &json!({}), now);
        heard
    }

    /// The answer to a call.
    pub(crate) fn answer(&mut self, call: &Call, now: i64) -> Exchange {
        let reply = self.fakes.api(&HttpRequest::of_call(call, API), at(now));
        if call.method == Method::Post && !call.url.ends_with("/Get") {
            self.count();
        }
        reply.into_exchange()
    }

    /// Starts a payment: the page's id, and the session's as it is asked about. `None` where the provider does not let us.
    pub(crate) fn open(
        &mut self,
        purchase: &Purchase,
        vouchers: bool,
        approval: bool,
        (version, attempt): (Version, u32),
        now: i64,
    ) -> Option<(String, String)> {
        let wish = purchase.wish(vouchers, approval);
        let psp = purchase.psp;
        let opened =
            match api(psp, version).checkout(&account(psp), &wish, attempt, at(now)).ok()? {
                Opening::Ready(opened) => *opened,
                Opening::Talk(talk) => *self.hold(talk, now)?.ok()?,
            };
        let page = self.page(&opened.id, &opened.offer, now)?;
        Some((page, opened.id))
    }

    /// The page that the buyer comes to.
    pub(crate) fn page(&mut self, session: &str, offer: &Offer, now: i64) -> Option<String> {
        match &offer.form {
            Some(form) => self.post_form(form, now),
            None => Some(session.to_owned()),
        }
    }

    /// Holds a talk in which nothing goes wrong.
    fn hold<T>(&mut self, mut talk: Box<dyn Dialogue<T>>, now: i64) -> Option<T> {
        for _ in 0..MOST_TURNS {
            match talk.next(at(now)) {
                Turn::End(end) => return Some(end),
                Turn::Pause(_) => {}
                Turn::Send(call) => {
                    let heard = self.answer(&call, now);
                    talk.heard(heard);
                }
            }
        }
        None
    }

    /// What the buyer's browser does with a form: the id of the page that it comes to.
    fn post_form(&mut self, form: &Form, now: i64) -> Option<String> {
        let target = form.action.strip_prefix(API)?;
        let request = HttpRequest::form(target, &form.fields);
        let reply = self.fakes.api(&request, at(now));
        Some(reply.header("location")?.rsplit('/').next()?.to_owned())
    }

    /// Counts the money anew.
    fn count(&mut self) {
        self.changes += 1;
        for (reference, sums) in self.references.iter().zip(&mut self.sums) {
            let own = || self.fakes.books().filter(|entry| entry.order == reference.as_str());
            let sum = |is_counted: fn(&Entry<'_>) -> bool| {
                own().filter(is_counted).map(|entry| entry.amount).sum()
            };
            *sums = sums.max(Sums {
                taken: sum(|entry| entry.is_taken),
                secured: sum(|entry| entry.is_secured),
                back: sum(|entry| entry.is_back),
            });
        }
    }
}
