//! Both PSPs in the test's own process: they outlive the stack that calls them, and remember what it did.

use std::collections::BTreeSet;

use quittance_fakes::{HttpRequest, Notification};
use quittance_testing::SITE;
use quittance_testing::fakes::Providers;
use quittance_testing::worldline::MERCHANT;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::support::{Reply, Request, Stack, WORLDLINE_DEMO, order_path, wait_for};

/// What each order costs, in cents.
pub(crate) const PRICE: u64 = 14_000;

/// What of it is paid by voucher.
const VOUCHER: u64 = 6_000;

/// The PSPs, and what they run on.
pub(crate) struct Psps {
    pub(crate) providers: Providers,
    pub(crate) runtime: Runtime,
}

/// An order by its key.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) psp: &'static str,
    merchant: &'static str,
    pub(crate) reference: String,
}

impl Key {
    /// An order at one of the PSPs, by turns.
    pub(crate) fn by_turns(n: usize, reference: String) -> Self {
        let (psp, merchant) =
            if n.is_multiple_of(2) { ("worldline", MERCHANT) } else { ("systempay", SITE) };
        Self { psp, merchant, reference }
    }

    /// As text: `psp/merchant/mode/order`.
    pub(crate) fn text(&self) -> String {
        [self.psp, self.merchant, "test", &self.reference].join("/")
    }

    /// The path of its resource.
    pub(crate) fn path(&self) -> String {
        order_path(self.psp, self.merchant, &self.reference)
    }
}

/// What a PSP gave back of an order: the ids of what was given back from, each with its amount, sorted.
pub(crate) type Ledger = Vec<(String, u64)>;

impl Psps {
    /// Both PSPs. `is_there` is asked as a call arrives and before its answer goes back: whether the caller is alive.
    pub(crate) fn start_for(is_there: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let providers = runtime.block_on(Providers::start_for(is_there));
        Self { providers, runtime }
    }

    /// What makes a stack call them, at this origin, and believe their notifications.
    pub(crate) fn environment(&self, origins: [&str; 2]) -> Vec<(&'static str, String)> {
        let own = &self.providers.origin;
        let [worldline, lyra] = origins;
        vec![
            (WORLDLINE_DEMO.0, WORLDLINE_DEMO.1.to_owned()),
            (
                "QUITTANCE_WORLDLINE_API",
                self.providers.worldline_document().replace(own, worldline),
            ),
            ("QUITTANCE_SYSTEMPAY_KEYS", self.providers.lyra_document().replace(own, lyra)),
        ]
    }

    /// The same where nothing is between them.
    pub(crate) fn direct(&self) -> Vec<(&'static str, String)> {
        self.environment([&self.providers.origin, &self.providers.origin])
    }

    /// A buyer pays an order by voucher and card, started by the stack, and the money is taken. What the PSP has to
    /// say about it waits in its outbox.
    pub(crate) fn pays(&self, stack: &Stack, key: &Key) {
        let wish = json!({
            "order": key.text(), "amount": PRICE, "currency": "EUR", "method": "CVCO",
            "return_url": "https://shop.example.com/back",
        });
        let started = stack.post_json("/checkouts", &wish);
        assert_eq!(started.status, 201, "{key:?}: {}", started.text());
        let checkout = self.opened(&started.json()["checkout"]);
        self.providers.pay(&checkout, Some(VOUCHER), Some("accept"));
    }

    /// The id of a payment page that a started payment leads to.
    fn opened(&self, checkout: &Value) -> String {
        let last = |url: &str| url.rsplit('/').next().unwrap_or_default().to_owned();
        if let Some(url) = checkout["redirect_url"].as_str() {
            return last(url);
        }
        let fields = checkout["form"]["fields"].as_object().expect("a form");
        let fields = fields.iter().map(|(name, value)| (name, value.as_str().expect("a text")));
        let request = HttpRequest::form("/vads-payment/", fields);
        let reply = self.providers.call(&request);
        assert_eq!(reply.status, 303, "{}", String::from_utf8_lossy(&reply.body));
        last(reply.header("location").expect("a page"))
    }

    /// What is due becomes final at the PSPs.
    pub(crate) fn batch(&self) {
        self.providers.control("POST", "batch", &json!({}));
    }

    /// Takes what the PSPs have to say, as requests to the stack.
    pub(crate) fn said(&self) -> Vec<Request> {
        let request = |notification: Notification| {
            let at = notification.url.find("/webhooks/").expect("a webhook");
            let mut request = Request::new("POST", &notification.url[at..]);
            request.headers = notification.headers;
            request.body(&notification.body)
        };
        self.providers.outbox().into_iter().map(request).collect()
    }

    /// What was given back of an order, or is about to be.
    pub(crate) fn given_back(&self, key: &Key) -> Ledger {
        let state = self.providers.control("GET", "state", &json!({}));
        let list = if key.psp == "worldline" { "operations" } else { "transactions" };
        let purchases = state[key.psp].as_array().expect("a list").iter();
        let own = purchases.filter(|one| one["order"] == key.reference.as_str());
        let made = own.flat_map(|one| one[list].as_array().expect("a list"));
        let is_credit = |one: &&Value| one["does"] == "refund" || one["type"] == "CREDIT";
        let mut ledger: Ledger = made
            .filter(is_credit)
            .map(|one| {
                // At Worldline the product tells voucher and card apart, at Lyra the transaction that is given back.
                let of = if one["parent"].is_null() { &one["product"] } else { &one["parent"] };
                (of.to_string(), one["amount"].as_u64().expect("an amount"))
            })
            .collect();
        ledger.sort();
        ledger
    }
}

/// Whether nothing was given back twice from the same share.
#[track_caller]
pub(crate) fn assert_each_once(ledger: &Ledger, key: &Key) {
    let of: BTreeSet<&String> = ledger.iter().map(|(of, _)| of).collect();
    assert_eq!(of.len(), ledger.len(), "{key:?}: given back twice: {ledger:?}");
}

impl Stack {
    /// A stack that calls these PSPs.
    pub(crate) fn calling(args: &[&str], environment: &[(&'static str, String)]) -> Self {
        let environment: Vec<(&str, &str)> =
            environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
        Self::start_with(args, &environment)
    }

    /// Is told what the PSPs have to say, each message until it is taken.
    pub(crate) fn hears(&self, psps: &Psps) {
        for request in psps.said() {
            wait_for("answered with 200", || (self.send(&request).status == 200).then_some(()));
        }
    }

    /// Posts JSON.
    pub(crate) fn post_json(&self, path: &str, body: &Value) -> Reply {
        self.send(&json_request(path, body))
    }
}

/// A request with a JSON body.
pub(crate) fn json_request(path: &str, body: &Value) -> Request {
    let request = Request::new("POST", path).header("Content-Type", "application/json");
    request.body(body.to_string().as_bytes())
}

/// A request to give money of an order back.
pub(crate) fn refund_request(key: &Key, request: &str, amount: u64) -> Request {
    let body =
        json!({"order": key.text(), "request": request, "amount": amount, "currency": "EUR"});
    json_request("/refunds", &body)
}
