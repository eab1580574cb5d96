//! The fakes of both providers behind a socket, and the buyers who pay there.

use quittance_aws::clock::now;
use quittance_core::api::{Call, Method};
use quittance_core::key::Account;
use quittance_core::{Currency, Mode, OrderKey};
use quittance_fakes::HttpRequest;
use quittance_psp::lyra::api::{Credentials, checkout as lyra_checkout};
use quittance_psp::worldline::api::{Merchants, checkout as worldline_checkout};
use quittance_testing::fakes::Providers;
use quittance_testing::gate::Gate;
use quittance_testing::worldline::MERCHANT;
use quittance_testing::{SITE, url_encode};
use serde_json::{Value, json};

const SHOP: &str = "https://shop.example.com/back";

/// Which provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Psp {
    Worldline,
    Lyra,
}

/// Both of them.
pub(crate) const BOTH: [Psp; 2] = [Psp::Worldline, Psp::Lyra];

/// How a buyer pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paid {
    /// So much by voucher, and the rest by card.
    Split(u64),
    Card,
    /// By card, to be captured later.
    Reserved,
    Nothing,
}

/// Both providers, for a process that may die.
pub(crate) struct Provider(Providers);

impl Provider {
    /// Answers on loopback until the test ends.
    pub(crate) async fn start(gate: Gate) -> Self {
        Self(Providers::start_for(move || gate.passes()).await)
    }

    /// The documents with the credentials of both: that of Worldline, and that of Lyra.
    pub(crate) fn documents(&self) -> [String; 2] {
        [self.0.worldline_document(), self.0.lyra_document()]
    }

    /// Where they are.
    pub(crate) fn origin(&self) -> &str {
        &self.0.origin
    }

    #[track_caller]
    pub(crate) fn control(&self, path: &str, body: &Value) -> Value {
        self.0.control("POST", path, body)
    }

    /// A fault of the next calls of this name.
    pub(crate) fn fault(&self, psp: Psp, call: &str, fault: &str) {
        let provider = if psp == Psp::Lyra { "systempay" } else { "worldline" };
        self.control("faults", &json!({"provider": provider, "call": call, "fault": fault}));
    }

    /// The faults that wait are forgotten.
    pub(crate) fn forgive(&self) {
        self.0.control("DELETE", "faults", &json!({}));
    }

    /// What is asked for becomes final, and what is due is taken.
    pub(crate) fn batch(&self) {
        self.control("batch", &json!({}));
    }

    /// What was really given back, or is about to.
    pub(crate) fn given_back(&self) -> u64 {
        self.sum_of(|one| one["later"] == 8 || one["type"] == "CREDIT")
    }

    /// What was really taken.
    pub(crate) fn taken(&self) -> u64 {
        self.sum_of(|one| one["code"] == 9 || one["type"] == "DEBIT" && one["status"] == "CAPTURED")
    }

    fn sum_of(&self, is_counted: impl Fn(&Value) -> bool) -> u64 {
        let state = self.0.control("GET", "state", &json!({}));
        let all = |of: &str, list: &str| -> Vec<Value> {
            let purchases = state[of].as_array().unwrap().iter();
            purchases.flat_map(|one| one[list].as_array().unwrap().clone()).collect()
        };
        let made =
            all("worldline", "operations").into_iter().chain(all("systempay", "transactions"));
        made.filter(is_counted).map(|one| one["amount"].as_u64().unwrap()).sum()
    }

    /// How often something was called whose path ends so.
    pub(crate) fn calls(&self, end: &str) -> usize {
        self.0.calls(end)
    }

    /// A buyer pays an order. The ids of its sessions.
    pub(crate) fn pays(&self, key: &OrderKey, psp: Psp, amount: u64, paid: Paid) -> String {
        let checkout = match psp {
            Psp::Worldline => self.open_worldline(key, amount, paid),
            Psp::Lyra => self.open_lyra(key, amount, paid),
        };
        let (voucher, card) = match paid {
            Paid::Split(voucher) => (Some(voucher), "accept"),
            Paid::Card | Paid::Reserved => (None, "accept"),
            Paid::Nothing => (None, "refuse"),
        };
        self.control("pay", &json!({"checkout": checkout, "voucher": voucher, "card": card}));
        checkout
    }

    fn open_worldline(&self, key: &OrderKey, amount: u64, paid: Paid) -> String {
        use worldline_checkout::{Means, Wanted};
        let wanted = Wanted {
            reference: &key.order,
            amount,
            currency: eur(),
            means: if matches!(paid, Paid::Split(_)) { Means::Cvco } else { Means::Card },
            approval: paid == Paid::Reserved,
            adjustable: true,
            beneficiary: None,
            locale: Some("fr_FR"),
            return_url: SHOP,
            webhooks: &[],
            session_minutes: None,
        };
        let request = worldline_checkout::hosted(&wanted).unwrap();
        let [document, _] = self.documents();
        let merchants = Merchants::from_json(&document).unwrap();
        let call = merchants.endpoint(&key.account()).unwrap().call(&request, now());
        let reply = self.0.call(&self.heard(&call));
        assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
        worldline_checkout::opened(&reply.body, &key.order).unwrap().checkout
    }

    fn open_lyra(&self, key: &OrderKey, amount: u64, paid: Paid) -> String {
        use lyra_checkout::{Means, Start};
        let start = Start {
            order: &key.order,
            amount,
            currency: eur(),
            means: if matches!(paid, Paid::Split(_)) { Means::Vouchers } else { Means::Cards },
            approval: paid == Paid::Reserved,
            locale: Some("fr_FR"),
            return_url: SHOP,
            notification_url: None,
        };
        let [_, document] = self.documents();
        let credentials = Credentials::from_json(&document).unwrap();
        let form = lyra_checkout::form(&credentials, &key.account(), &start, 1, now()).unwrap();
        let pair = |(name, value): &(&str, String)| format!("{name}={}", url_encode(value));
        let kind = "application/x-www-form-urlencoded".to_owned();
        let request = HttpRequest {
            method: "POST".to_owned(),
            target: form.action.strip_prefix(self.origin()).unwrap().to_owned(),
            headers: vec![("content-type".to_owned(), kind)],
            body: form.fields.iter().map(pair).collect::<Vec<_>>().join("&").into_bytes(),
        };
        let reply = self.0.call(&request);
        assert_eq!(reply.status, 303, "{}", String::from_utf8_lossy(&reply.body));
        reply.header("location").unwrap().rsplit('/').next().unwrap().to_owned()
    }

    /// A call as the fakes hear it.
    fn heard(&self, call: &Call) -> HttpRequest {
        let headers = call.headers.iter();
        HttpRequest {
            method: if call.method == Method::Get { "GET" } else { "POST" }.to_owned(),
            target: call.url.strip_prefix(self.origin()).unwrap().to_owned(),
            headers: headers.map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
            body: call.body.clone(),
        }
    }
}

pub(crate) fn eur() -> Currency {
    Currency::from_alpha("EUR").unwrap()
}

/// An order's key.
pub(crate) fn key(psp: Psp, order: &str) -> OrderKey {
    let provider: &dyn quittance_core::Provider = match psp {
        Psp::Worldline => &quittance_psp::worldline::Worldline,
        Psp::Lyra => &quittance_psp::lyra::Lyra,
    };
    let merchant = if psp == Psp::Lyra { SITE } else { MERCHANT }.to_owned();
    let account = Account { psp: provider.profile().id, merchant, mode: Mode::Test };
    account.order(order).unwrap()
}
