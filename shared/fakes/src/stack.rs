//! Both providers behind one value: their APIs, their pages, and the controls.

use quittance_core::Timestamp;
use serde_json::{Value, json};

use crate::books::Entry;
use crate::clock::shifted;
use crate::config::Config;
use crate::context::{Back, Buyer, CardMove, Context, PageView};
use crate::fault::{Fault, Faults};
use crate::http::{HttpRequest, Reply, fields};
use crate::lyra::{self, Lyra};
use crate::outbox::Notification;
use crate::page;
use crate::settings::Settings;
use crate::worldline::Worldline;

/// Where the pages and controls are.
pub const CONTROLS: &str = "/local/psp";

/// Furthest that the clock can be put forward at a time, in seconds: a year.
const MAX_ADVANCE: i64 = 366 * 24 * 60 * 60;

/// Both providers, with all that they know.
#[derive(Debug)]
pub struct Fakes {
    config: Config,
    settings: Settings,
    faults: Faults,
    /// How far the providers' clock is ahead, in seconds.
    ahead: i64,
    worldline: Worldline,
    lyra: Lyra,
}

impl Fakes {
    /// Providers that know nothing yet.
    pub fn new(config: Config) -> Self {
        Self {
            config,
            settings: Settings::default(),
            faults: Faults::default(),
            ahead: 0,
            worldline: Worldline::default(),
            lyra: Lyra::default(),
        }
    }

    /// Serves under other keys from now on. What was sent is signed as it was.
    pub fn configure(&mut self, config: Config) {
        self.config = config;
    }

    /// How the providers behave.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Lets the providers behave in another way.
    pub fn set(&mut self, settings: Settings) {
        self.settings = settings;
    }

    /// Answers what is sent to a provider: `/v2/…`, `/api-payment/V4/…`, `/vads-payment/`.
    pub fn api(&mut self, request: &HttpRequest, now: Timestamp) -> Reply {
        self.tick(now);
        let context = context(&self.config, &self.settings, self.ahead, now);
        match request.path() {
            path if path.starts_with("/v2/") => {
                self.worldline.answer(request, &mut self.faults, context)
            }
            path if path.starts_with(lyra::SERVICES) => {
                self.lyra.answer(request, &mut self.faults, context)
            }
            "/vads-payment/" | "/vads-payment" => self.lyra.form(request, context),
            _ => Reply::wrong(404, "no provider has this address"),
        }
    }

    /// Answers what is sent to the pages and controls below [`CONTROLS`].
    pub fn control(&mut self, request: &HttpRequest, now: Timestamp) -> Reply {
        self.tick(now);
        let path = request.path().strip_prefix(CONTROLS).unwrap_or("").trim_matches('/');
        let parts: Vec<&str> = path.split('/').collect();
        match (request.method.as_str(), parts.as_slice()) {
            ("GET", ["state"]) => Reply::json(200, &self.state(now)),
            ("GET", ["pay", id]) => self.page(id, now),
            ("POST", ["pay", id]) => self.move_by_form(id, request, now),
            ("POST", ["pay"]) => self.move_by_json(&request.json(), now),
            ("GET", ["polling", id]) => self.polled(id, now),
            ("POST", ["clock"]) => self.advance(&request.json(), now),
            ("POST", ["batch"]) => self.batch(now),
            ("POST", ["faults"]) => self.fail(&request.json()),
            ("DELETE", ["faults"]) => {
                self.faults.clear();
                Reply::json(200, &json!(self.faults))
            }
            ("GET", ["settings"]) => Reply::json(200, &json!(self.settings)),
            ("POST", ["settings"]) => match self.settings.with(&request.json()) {
                Ok(settings) => {
                    self.settings = settings;
                    Reply::json(200, &json!(self.settings))
                }
                Err(sentence) => Reply::wrong(400, &sentence),
            },
            _ => Reply::wrong(404, "there is no such page or control"),
        }
    }

    /// What the providers have sent since the last look, in order.
    pub fn outbox(&mut self) -> Vec<Notification> {
        let mut all: Vec<Notification> = self.worldline.outbox.drain(..).collect();
        all.append(&mut self.lyra.outbox);
        if self.settings.notify_reversed {
            all.reverse();
        }
        if self.settings.notify_twice {
            all = all.into_iter().flat_map(|one| [one.clone(), one]).collect();
        }
        all
    }

    /// What truly happened with money, at both providers.
    pub fn books(&self) -> impl Iterator<Item = Entry<'_>> {
        self.worldline.books().chain(self.lyra.books())
    }

    /// Ends what has ended by now.
    pub fn tick(&mut self, now: Timestamp) {
        let context = context(&self.config, &self.settings, self.ahead, now);
        self.worldline.tick(context);
        self.lyra.tick(context);
    }

    fn find(&self, id: &str, now: Timestamp) -> Option<PageView> {
        let context = context(&self.config, &self.settings, self.ahead, now);
        self.worldline.page(id).or_else(|| self.lyra.page(id, context))
    }

    fn page(&self, id: &str, now: Timestamp) -> Reply {
        match self.find(id, now) {
            Some(view) if view.ended => Reply::html(200, page::back(&view)),
            Some(view) => Reply::html(200, page::payment(&view, None)),
            None => Reply::wrong(404, "there is no such payment page"),
        }
    }

    fn polled(&self, id: &str, now: Timestamp) -> Reply {
        let context = context(&self.config, &self.settings, self.ahead, now);
        match self.worldline.polled(id, context) {
            Some(word) => Reply::new(200, "text/plain; charset=utf-8", word),
            None => Reply::new(204, "text/plain; charset=utf-8", ""),
        }
    }

    fn carry_out(&mut self, id: &str, buyer: Buyer, now: Timestamp) -> Result<(), &'static str> {
        let context = context(&self.config, &self.settings, self.ahead, now);
        if self.worldline.page(id).is_some() {
            self.worldline.pay(id, buyer, context)
        } else {
            self.lyra.pay(id, buyer, context)
        }
    }

    /// A move that the page has posted. The browser goes on to the page, or back to the shop.
    fn move_by_form(&mut self, id: &str, request: &HttpRequest, now: Timestamp) -> Reply {
        let fields = fields(&request.body).unwrap_or_default();
        let value = |name: &str| {
            let found = fields.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.as_str())
        };
        let card = value("card").map(|card| serde_json::from_value(json!(card)));
        let (voucher, card) = match (value("voucher").map(str::parse), card) {
            (Some(Err(_)), _) | (_, Some(Err(_))) => {
                return Reply::wrong(400, "the move is not understood");
            }
            (voucher, card) => (voucher.and_then(Result::ok), card.and_then(Result::ok)),
        };
        let done = self.carry_out(id, Buyer { voucher, card }, now);
        let Some(view) = self.find(id, now) else {
            return Reply::wrong(404, "there is no such payment page");
        };
        match (done, &view.back) {
            (_, Back::Get(url)) if view.ended && !url.is_empty() => Reply::see_other(url),
            _ if view.ended => Reply::html(200, page::back(&view)),
            (Err(problem), _) => Reply::html(409, page::payment(&view, Some(problem))),
            (Ok(()), _) => Reply::see_other(&format!("{CONTROLS}/pay/{id}")),
        }
    }

    /// The same for programs.
    fn move_by_json(&mut self, body: &Value, now: Timestamp) -> Reply {
        let Some(id) = body["checkout"].as_str() else {
            return Reply::wrong(400, "checkout must be the id of a payment page");
        };
        let card: Result<Option<CardMove>, _> = serde_json::from_value(body["card"].clone());
        let voucher: Result<Option<u64>, _> = serde_json::from_value(body["voucher"].clone());
        let (Ok(card), Ok(voucher)) = (card, voucher) else {
            let sentence =
                "voucher must be minor units or null, card accept, refuse, abandon or null";
            return Reply::wrong(400, sentence);
        };
        if self.find(id, now).is_none() {
            return Reply::wrong(404, "there is no such payment page");
        }
        if let Err(problem) = self.carry_out(id, Buyer { voucher, card }, now) {
            return Reply::wrong(409, problem);
        }
        let Some(view) = self.find(id, now) else {
            return Reply::wrong(404, "there is no such payment page");
        };
        let back = match &view.back {
            Back::Get(url) => json!({"method": "GET", "url": url}),
            Back::Post(url, fields) => {
                let fields: serde_json::Map<String, Value> = fields
                    .iter()
                    .map(|(name, value)| (name.clone(), Value::from(value.as_str())))
                    .collect();
                json!({"method": "POST", "url": url, "fields": fields})
            }
        };
        let ended = view.ended;
        Reply::json(
            200,
            &json!({"rest": view.rest, "ended": ended, "return": ended.then_some(back)}),
        )
    }

    fn advance(&mut self, body: &Value, now: Timestamp) -> Reply {
        let seconds = body["advance_seconds"].as_i64();
        let Some(seconds) = seconds.filter(|seconds| (0..=MAX_ADVANCE).contains(seconds)) else {
            return Reply::wrong(400, "advance_seconds must be a number from 0 to a year");
        };
        self.ahead = self.ahead.saturating_add(seconds);
        self.tick(now);
        Reply::json(200, &json!({"now": shifted(now, self.ahead), "ahead_seconds": self.ahead}))
    }

    fn batch(&mut self, now: Timestamp) -> Reply {
        let context = context(&self.config, &self.settings, self.ahead, now);
        let worldline = self.worldline.batch(context);
        let systempay = self.lyra.batch();
        Reply::json(200, &json!({"worldline": worldline, "systempay": systempay}))
    }

    fn fail(&mut self, body: &Value) -> Reply {
        let fault: Result<Fault, _> = serde_json::from_value(body.clone());
        let added = fault.map_err(|error| error.to_string()).and_then(|one| self.faults.add(one));
        match added {
            Ok(()) => Reply::json(200, &json!(self.faults)),
            Err(sentence) => Reply::wrong(400, &sentence),
        }
    }

    fn state(&self, now: Timestamp) -> Value {
        json!({
            "now": shifted(now, self.ahead),
            "ahead_seconds": self.ahead,
            "settings": self.settings,
            "faults": self.faults,
            "worldline": self.worldline.state(),
            "systempay": self.lyra.state(),
        })
    }
}

fn context<'c>(
    config: &'c Config,
    settings: &'c Settings,
    ahead: i64,
    now: Timestamp,
) -> Context<'c> {
    Context { config, settings, now: shifted(now, ahead), wall: now }
}
