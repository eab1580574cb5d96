//! One order between a stack and the fakes, without sockets: what the stack asks, does and is told.

use quittance_core::api::{Api, Asked, Call, Dialogue, Effect, Exchange, Subject, Turn};
use quittance_core::desk::{
    Answer, Content, Desk, LineState, New, RequestKind, RequestState, Round, Step,
};
use quittance_core::key::Account;
use quittance_core::provider::{Incoming, Keys, Options};
use quittance_core::{
    Currency, Mode, Order, Policy, Provider, Reading, Receipt, Summary, Timestamp,
};
use quittance_fakes::{
    Config, Fakes, HttpRequest, LyraShop, Notification, Reply, WorldlineMerchant,
};
use quittance_psp::lyra::api::Credentials;
use quittance_psp::lyra::api::checkout as lyra_checkout;
use quittance_psp::worldline::api::Merchants;
use quittance_psp::worldline::api::checkout as worldline_checkout;
use quittance_psp::{lyra, worldline};
use quittance_testing::read::POLICIES;
use quittance_testing::worldline::MERCHANT;
use quittance_testing::{FORM_KEY, KEY_ID, REST_PASSWORD, SECRET, SITE};
use serde_json::{Value, json};

/// Orders are released when the money is taken.
pub(crate) const POLICY: Policy = POLICIES[0];

/// What the order of most stories costs.
pub(crate) const TOTAL: u64 = 14_000;

/// The order of all stories.
pub(crate) const ORDER: &str = "CMD-1";

pub(crate) const API: &str = "http://127.0.0.1:9010";

const SHOP: &str = "https://shop.example.com/back?o=1";

/// Which provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Psp {
    Worldline,
    Lyra,
}

/// Whom the fakes serve.
pub(crate) fn config() -> Config {
    let shop = |mode, form: &str, password: &str| LyraShop {
        site: SITE.to_owned(),
        mode,
        form_key: form.to_owned(),
        rest_password: password.to_owned(),
        notification_url: "http://127.0.0.1:9000/webhooks/systempay".to_owned(),
    };
    let merchant = |merchant: Option<&str>, key: &str, secret: &str| WorldlineMerchant {
        merchant: merchant.map(str::to_owned),
        key_id: key.to_owned(),
        secret: secret.to_owned(),
        webhook_key_id: KEY_ID.to_owned(),
        webhook_secret: SECRET.to_owned(),
        webhook_url: "http://127.0.0.1:9000/webhooks/worldline".to_owned(),
    };
    Config {
        pages_origin: "http://127.0.0.1:9000".to_owned(),
        api_origin: API.to_owned(),
        seed: 254_564_310,
        worldline: vec![
            merchant(Some(MERCHANT), "api-key", "api-secret"),
            merchant(Some("OTHER"), "other-key", "other-secret"),
            merchant(None, "any-key", "any-secret"),
        ],
        lyra: vec![
            shop(Mode::Test, FORM_KEY, REST_PASSWORD),
            shop(Mode::Production, "prodformkey0000", "prodpassword_demo"),
        ],
    }
}

pub(crate) fn merchants() -> Merchants {
    let keys = json!({"key_id": "api-key", "secret": "api-secret", "url": API});
    Merchants::from_json(&json!({MERCHANT: {"test": keys}}).to_string()).unwrap()
}

fn lyra_document() -> String {
    let keys = json!({"form": FORM_KEY, "rest_password": REST_PASSWORD});
    let brand = json!({"name": "Local", "back_office": API, "rest": API});
    json!({SITE: {"brand": brand, "test": keys}}).to_string()
}

pub(crate) fn credentials() -> Credentials {
    Credentials::from_json(&lyra_document()).unwrap()
}

pub(crate) fn eur() -> Currency {
    Currency::from_alpha("EUR").unwrap()
}

/// One order between a stack and the fakes.
pub(crate) struct World {
    pub(crate) psp: Psp,
    pub(crate) fakes: Fakes,
    pub(crate) order: Order,
    pub(crate) desk: Desk,
    pub(crate) checkouts: Vec<String>,
    /// Seconds since 1970.
    pub(crate) now: i64,
    /// Calls since the start, by name.
    pub(crate) calls: Vec<&'static str>,
    keys: Box<dyn Keys>,
    api: Box<dyn Api>,
    messages: i64,
    attempts: u32,
}

impl World {
    /// A stack that knows of nothing, with settings of the fakes.
    pub(crate) fn with(psp: Psp, settings: &Value) -> Self {
        let (provider, document, merchant): (&dyn Provider, String, &str) = match psp {
            Psp::Worldline => {
                let keys = json!({"key_id": "api-key", "secret": "api-secret", "url": API});
                (&worldline::Worldline, json!({MERCHANT: {"test": keys}}).to_string(), MERCHANT)
            }
            Psp::Lyra => (&lyra::Lyra, lyra_document(), SITE),
        };
        let profile = provider.profile();
        let account = Account { psp: profile.id, merchant: merchant.to_owned(), mode: Mode::Test };
        let mut world = Self {
            psp,
            fakes: Fakes::new(config()),
            order: Order::new(account.order(ORDER).unwrap()),
            desk: Desk::default(),
            checkouts: Vec::new(),
            now: 1_795_341_600,
            calls: Vec::new(),
            keys: provider.keys(profile.demo_keys).unwrap(),
            api: provider.api(&document).unwrap(),
            messages: 0,
            attempts: 0,
        };
        world.control("settings", settings);
        world
    }

    pub(crate) fn new(psp: Psp) -> Self {
        Self::with(psp, &json!({}))
    }

    pub(crate) fn at(&self) -> Timestamp {
        Timestamp::from_unix(self.now).unwrap()
    }

    pub(crate) fn provider(&self) -> &'static dyn Provider {
        quittance_psp::provider(self.order.key().psp).unwrap()
    }

    pub(crate) fn account(&self) -> Account {
        let key = self.order.key();
        Account { psp: key.psp, merchant: key.merchant.clone(), mode: key.mode }
    }

    /// What a control or the buyer's page answers.
    pub(crate) fn controlled(&mut self, method: &str, path: &str, body: &Value) -> Reply {
        let request = HttpRequest {
            method: method.to_owned(),
            target: format!("/local/psp/{path}"),
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: body.to_string().into_bytes(),
        };
        self.fakes.control(&request, Timestamp::from_unix(self.now).unwrap())
    }

    #[track_caller]
    pub(crate) fn control(&mut self, path: &str, body: &Value) -> Value {
        let reply = self.controlled("POST", path, body);
        let text = String::from_utf8_lossy(&reply.body).into_owned();
        assert_eq!(reply.status, 200, "{path}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// A fault of the next calls of this name.
    pub(crate) fn fault(&mut self, call: &str, fault: &str, times: u32) {
        let provider = if self.psp == Psp::Lyra { "systempay" } else { "worldline" };
        let fault = json!({"provider": provider, "call": call, "fault": fault, "times": times});
        self.control("faults", &fault);
    }

    /// Both clocks go on.
    pub(crate) fn pass(&mut self, seconds: i64) {
        self.now += seconds;
    }

    pub(crate) fn batch(&mut self) {
        self.control("batch", &json!({}));
    }

    /// Sends a call as it stands.
    pub(crate) fn send(&mut self, call: &Call) -> Exchange {
        self.calls.push(call.name);
        let at = Timestamp::from_unix(self.now).unwrap();
        self.fakes.api(&HttpRequest::of_call(call, API), at).into_exchange()
    }

    /// Holds a talk to its end; pauses pass.
    pub(crate) fn hold<T>(&mut self, mut talk: Box<dyn Dialogue<T>>) -> T {
        for _ in 0..1_000 {
            match talk.next(self.at()) {
                Turn::End(end) => return end,
                Turn::Pause(milliseconds) => {
                    self.now += i64::try_from(milliseconds.div_ceil(1_000)).unwrap();
                }
                Turn::Send(call) => {
                    let heard = self.send(&call);
                    talk.heard(heard);
                }
            }
        }
        panic!("the talk has no end");
    }

    fn receipt(&mut self, source: &'static str) -> Receipt {
        self.messages += 1;
        Receipt { received_at: self.at(), source, sha256: format!("{:064x}", self.messages) }
    }

    /// Asks once, and takes what is told.
    pub(crate) fn ask(&mut self) -> Asked {
        let (order, checkouts) = (self.order.clone(), self.checkouts.clone());
        let talk = self.api.ask(&Subject { order: &order, checkouts: &checkouts }).unwrap();
        let asked = self.hold(talk);
        if let Asked::Told(answer) = &asked {
            for statement in &answer.clone().confirmed() {
                assert_eq!(statement.key, *self.order.key());
                let receipt = self.receipt("api");
                self.order.take(statement, &receipt, POLICY).unwrap();
            }
        }
        asked
    }

    /// Takes the notifications that were sent, through the real verification. How many.
    pub(crate) fn deliver(&mut self) -> usize {
        let sent = self.fakes.outbox();
        for one in &sent {
            self.receive(one);
        }
        sent.len()
    }

    fn receive(&mut self, one: &Notification) {
        let profile = self.provider().profile();
        assert!(one.url.ends_with(profile.route), "{}", one.url);
        let value = |name: &str| one.headers.iter().find(|(known, _)| known == name);
        let headers: Vec<(&'static str, &[u8])> = profile
            .kept_headers
            .iter()
            .filter_map(|name| Some((*name, value(name)?.1.as_bytes())))
            .collect();
        let message = Incoming { headers: &headers, body: &one.body, arrived: self.at() };
        let received = self.keys.receive(&message, &Options::default()).expect("genuine");
        for reading in received.readings {
            let Reading::Order(statement) = reading else { panic!("{reading:?}") };
            assert_eq!(statement.key, *self.order.key());
            assert_eq!(statement.doubt, None, "{statement:#?}");
            let receipt = self.receipt("webhook");
            self.order.take(&statement, &receipt, POLICY).unwrap();
        }
    }

    pub(crate) fn summary(&self) -> Summary {
        self.order.summary(POLICY)
    }

    pub(crate) fn is_released(&self) -> bool {
        self.order.fulfilment().is_some()
    }

    /// Opens the payment of most stories, vouchers with a card for what they leave.
    pub(crate) fn open(&mut self) -> String {
        self.open_for(TOTAL, true, false)
    }

    /// Opens a payment page.
    pub(crate) fn open_for(&mut self, amount: u64, vouchers: bool, approval: bool) -> String {
        self.order.register(amount, eur(), self.at(), POLICY).unwrap();
        let id = match self.psp {
            Psp::Worldline => self.open_worldline(amount, vouchers, approval),
            Psp::Lyra => self.open_lyra(amount, vouchers, approval),
        };
        self.checkouts.push(id.clone());
        id
    }

    fn open_worldline(&mut self, amount: u64, vouchers: bool, approval: bool) -> String {
        use worldline_checkout::{Means, Wanted};
        let wanted = Wanted {
            reference: ORDER,
            amount,
            currency: eur(),
            means: if vouchers { Means::Cvco } else { Means::Card },
            approval,
            adjustable: true,
            beneficiary: None,
            locale: Some("fr_FR"),
            return_url: SHOP,
            webhooks: &[],
            session_minutes: None,
        };
        let request = worldline_checkout::hosted(&wanted).unwrap();
        let call = merchants().endpoint(&self.account()).unwrap().call(&request, self.at());
        let Exchange::Answered { status: 200, body } = self.send(&call) else { panic!("refused") };
        let opened = worldline_checkout::opened(&body, ORDER).unwrap();
        assert!(opened.redirect_url.ends_with(&opened.checkout));
        opened.checkout
    }

    fn open_lyra(&mut self, amount: u64, vouchers: bool, approval: bool) -> String {
        use lyra_checkout::{Means, Start};
        let start = Start {
            order: ORDER,
            amount,
            currency: eur(),
            means: if vouchers { Means::Vouchers } else { Means::Cards },
            approval,
            locale: Some("fr_FR"),
            return_url: SHOP,
            notification_url: None,
        };
        let account = self.account();
        self.attempts += 1;
        let form = lyra_checkout::form(&credentials(), &account, &start, self.attempts, self.at());
        let reply = self.post_form(&form.unwrap());
        assert_eq!(reply.status, 303, "{}", String::from_utf8_lossy(&reply.body));
        reply.header("location").unwrap().rsplit('/').next().unwrap().to_owned()
    }

    /// What the gateway answers to a form.
    pub(crate) fn post_form(&mut self, form: &lyra_checkout::PaymentForm) -> Reply {
        let target = form.action.strip_prefix(API).unwrap();
        let request = HttpRequest::form(target, form.fields.clone());
        self.fakes.api(&request, self.at())
    }

    /// The buyer's move.
    #[track_caller]
    pub(crate) fn pay(
        &mut self,
        checkout: &str,
        voucher: Option<u64>,
        card: Option<&str>,
    ) -> Value {
        self.control("pay", &json!({"checkout": checkout, "voucher": voucher, "card": card}))
    }

    /// Asks for a refund, a capture or a cancellation after asking, and carries it out as far as it goes.
    pub(crate) fn wants(&mut self, request: &str, content: Content) -> Answer {
        self.tries_to(request, content).expect("the provider tells what there is")
    }

    /// The same for a refund, where the provider may tell nothing: then nothing is planned.
    pub(crate) fn tries(&mut self, request: &str, amount: u64) -> Option<Answer> {
        self.tries_to(request, Content::Refund { amount, currency: eur() })
    }

    fn tries_to(&mut self, request: &str, content: Content) -> Option<Answer> {
        if !matches!(self.ask(), Asked::Told(_)) {
            return None;
        }
        let (order, now, rules) = (self.order.clone(), self.at(), self.provider().rules());
        let answer = self.desk.request(&order, rules, New { request, content }, now);
        if answer == Answer::Planned {
            let round = Round::of_new_request(self.desk.clone(), rules);
            self.go(round);
        }
        Some(answer)
    }

    pub(crate) fn refund(&mut self, request: &str, amount: u64) -> Answer {
        self.wants(request, Content::Refund { amount, currency: eur() })
    }

    /// One more look at what is under way.
    pub(crate) fn look(&mut self) {
        let round = Round::new(self.desk.clone(), self.provider().rules(), false);
        self.go(round);
    }

    fn go(&mut self, mut round: Round<'static>) {
        for _ in 0..200 {
            match round.next(&self.order, self.at()) {
                Step::End => return,
                Step::Ask => {
                    let asked = self.ask();
                    round.asked(matches!(asked, Asked::Told(_)));
                }
                Step::Store => {
                    self.desk = round.desk().clone();
                    round.stored(true);
                }
                Step::Call(action) => {
                    let talk = self.api.act(&self.account(), &action).unwrap();
                    let effect: Effect = self.hold(talk);
                    round.called(&effect);
                }
            }
        }
        panic!("the round has no end");
    }

    /// The lines of a request: target, amount and state.
    pub(crate) fn lines(&self, kind: RequestKind, request: &str) -> Vec<(String, u64, LineState)> {
        let found = self.desk.find(kind, request).unwrap();
        found.lines.iter().map(|line| (line.method.clone(), line.amount, line.state)).collect()
    }

    pub(crate) fn state_of(&self, kind: RequestKind, request: &str) -> RequestState {
        self.desk.find(kind, request).unwrap().state()
    }

    /// All operations or transactions that the provider knows.
    fn made(&mut self) -> Vec<Value> {
        let reply = self.controlled("GET", "state", &json!({}));
        let state: Value = serde_json::from_slice(&reply.body).unwrap();
        let all = |of: &str, list: &str| -> Vec<Value> {
            let purchases = state[of].as_array().unwrap().iter();
            purchases.flat_map(|one| one[list].as_array().unwrap().clone()).collect()
        };
        let mut made = all("worldline", "operations");
        made.extend(all("systempay", "transactions"));
        made
    }

    fn sum_of(&mut self, is_counted: impl Fn(&Value) -> bool) -> u64 {
        let made = self.made().into_iter().filter(is_counted);
        made.map(|one| one["amount"].as_u64().unwrap()).sum()
    }

    /// What the provider really gave back, or is about to, in all.
    pub(crate) fn given_back(&mut self) -> u64 {
        self.sum_of(|one| one["later"] == 8 || one["type"] == "CREDIT")
    }

    /// What the provider really took, in all.
    pub(crate) fn taken(&mut self) -> u64 {
        self.sum_of(|one| one["code"] == 9 || one["type"] == "DEBIT" && one["status"] == "CAPTURED")
    }
}
