//! Lyra's web services and payment form.

mod bodies;
mod form;
mod money;
mod notify;
mod state;

use quittance_core::Timestamp;
use quittance_core::crypto::same;
use serde_json::{Value, json};

use self::bodies::{OrderView, error, success};
use self::money::{Deed, Resolution};
use self::state::{Return, ReturnMode, Session, SessionKind, SessionState, Transaction};
use crate::books::Entry;
use crate::clock::shifted;
use crate::config::LyraShop;
use crate::context::{Buyer, CardMove, Context, PageView};
use crate::fault::{FaultKind, Faults, instead, spoilt};
use crate::http::{HttpRequest, Reply, fields};
use crate::outbox::Notification;
use crate::settings::{ComplementFailure, UpdateAnswer, VoucherCapture};
use crate::signature::{base64_text, uuid};

/// The word by which faults name it.
pub(crate) const WORD: &str = "systempay";

/// Where the web services are.
pub(crate) const SERVICES: &str = "/api-payment/V4/";

/// Most transactions that one answer holds.
const MAX_LISTED: usize = 30;

/// How long a token lives, in seconds.
const TOKEN_SECONDS: i64 = 15 * 60;

/// How long a link lives where nothing is said, in seconds.
const LINK_SECONDS: i64 = 7 * 24 * 60 * 60;

/// The longest it can live, in seconds.
const MAX_LINK_SECONDS: u64 = 90 * 24 * 60 * 60;

/// The gateway.
#[derive(Debug, Default)]
pub(crate) struct Lyra {
    sessions: Vec<Session>,
    transactions: Vec<Transaction>,
    used: form::UsedIds,
    /// How many ids were given out.
    ids: u64,
    pub(crate) outbox: Vec<Notification>,
}

/// A call that is let in.
#[derive(Clone, Copy)]
struct Call<'c> {
    service: &'c str,
    body: &'c Value,
    shop: &'c LyraShop,
    fault: Option<FaultKind>,
    context: Context<'c>,
}

impl Call<'_> {
    fn success(&self, answer: &Value) -> Reply {
        success(self.service, answer, self.shop, self.context)
    }

    fn error(&self, code: &str) -> Reply {
        error(self.service, code, self.shop, self.context)
    }

    fn text(&self, name: &str) -> &str {
        self.body[name].as_str().unwrap_or("")
    }

    /// An amount, which may be a text.
    fn amount(&self) -> Option<u64> {
        let amount = &self.body["amount"];
        amount.as_u64().or_else(|| amount.as_str()?.parse().ok())
    }

    fn is_own(&self, one: &Transaction) -> bool {
        (&one.site, one.mode) == (&self.shop.site, self.shop.mode)
    }
}

impl Lyra {
    /// Answers a web service.
    pub(crate) fn answer(
        &mut self,
        request: &HttpRequest,
        faults: &mut Faults,
        context: Context<'_>,
    ) -> Reply {
        let service = request.path().strip_prefix(SERVICES).unwrap_or("");
        let fault = faults.of(WORD, service);
        let shop = shop(request, context).filter(|_| fault != Some(FaultKind::BadCredentials));
        let Some(shop) = shop else { return stranger(service, context) };
        let body = request.json();
        let call = Call { service, body: &body, shop, fault, context };
        match fault {
            Some(FaultKind::RateLimited) => return call.error("PSP_099"),
            Some(FaultKind::PlatformTrouble) => return call.error("PSP_999"),
            Some(FaultKind::BatchFirst) => {
                self.batch();
            }
            Some(other) => {
                if let Some(reply) = instead(other) {
                    return reply;
                }
            }
            None => {}
        }
        if request.method != "POST" || !body.is_object() {
            return call.error("INT_902");
        }
        let reply = self.carry_out(call);
        match fault {
            Some(FaultKind::PlatformTroubleAfter) => call.error("PSP_999"),
            Some(fault) => spoilt(fault, reply),
            None => reply,
        }
    }

    fn carry_out(&mut self, call: Call<'_>) -> Reply {
        match call.service {
            "Charge/SDKTest" => call
                .success(&json!({"value": call.body["value"], "_type": "V4/Charge/SDKTestResult"})),
            "Charge/CreatePayment" => self.open(SessionKind::Token, call),
            "Charge/CreatePaymentOrder" => self.open(SessionKind::Link, call),
            "Charge/PaymentOrder/Get" => self.link(call),
            "Order/Get" => self.order(call),
            "Transaction/Get" => match self.place(call) {
                Some(at) => self.told(at, call),
                None => call.error("PSP_010"),
            },
            "Transaction/Cancel" => self.act(call, |_, _| Ok(Deed::Cancel)),
            "Transaction/Refund" => {
                self.act(call, |of, call| Ok(Deed::Refund(call.amount().unwrap_or(of.amount))))
            }
            "Transaction/CancelOrRefund" => self.act(call, |of, call| {
                let mode = match call.text("resolutionMode") {
                    "" | "AUTO" => Resolution::Auto,
                    "CANCELLATION_ONLY" => Resolution::Cancellation,
                    "REFUND_ONLY" => Resolution::Refund,
                    _ => return Err("INT_009"),
                };
                money::resolved(mode, of, call.amount())
            }),
            "Transaction/Validate" => self.act(call, |_, _| Ok(Deed::Validate)),
            "Transaction/Update" => self.act(call, |of, call| {
                let amount = &call.body["cardUpdate"]["amount"];
                Ok(Deed::Update(amount.as_u64().unwrap_or(of.amount)))
            }),
            _ => call.error("INT_901"),
        }
    }

    /// Opens a link, or gives out a token.
    fn open(&mut self, kind: SessionKind, call: Call<'_>) -> Reply {
        let now = call.context.now;
        let Some(amount) = call.amount().filter(|amount| *amount > 0) else {
            return call.error("INT_009");
        };
        let currency = call.text("currency");
        if currency.len() != 3 {
            return call.error("INT_009");
        }
        let expires = match call.text("expirationDate") {
            "" => shifted(now, LINK_SECONDS),
            text => match Timestamp::parse(text) {
                Some(at) if at > now && at.seconds_since(now) <= MAX_LINK_SECONDS => at,
                _ => return call.error("INT_009"),
            },
        };
        let methods = call.body["paymentMethods"].as_array();
        let methods: Option<Vec<&str>> =
            methods.map(|all| all.iter().filter_map(Value::as_str).collect());
        let is_link = kind == SessionKind::Link;
        let takes_vouchers = methods.as_ref().is_none_or(|all| all.contains(&"CVCO"));
        let vouchers =
            is_link && takes_vouchers && currency == "EUR" && amount >= form::LEAST_BY_VOUCHER;
        let card = match &methods {
            None => Some("CB"),
            Some(all) => all.iter().copied().find(|brand| *brand != "CVCO"),
        };
        self.ids += 1;
        let number = call.context.config.seed.wrapping_add(self.ids);
        let text = |name: &str| Some(call.text(name).to_owned()).filter(|text| !text.is_empty());
        let manual = &call.body["transactionOptions"]["cardOptions"]["manualValidation"];
        let session = Session {
            id: uuid("session", number),
            kind,
            site: call.shop.site.clone(),
            mode: call.shop.mode,
            order: call.text("orderId").to_owned(),
            amount,
            currency: currency.to_owned(),
            trans_id: trans_id(number),
            trans_date: now,
            card: card.map(str::to_owned),
            vouchers,
            validation: manual == "YES",
            opened_at: now,
            ends_at: if is_link { expires } else { shifted(now, TOKEN_SECONDS) },
            state: SessionState::Open,
            refused: 0,
            back: Return {
                mode: match call.text("returnMode") {
                    "GET" => ReturnMode::Get,
                    "POST" => ReturnMode::Post,
                    _ => ReturnMode::None,
                },
                url: call.text("returnUrl").to_owned(),
                success: None,
                refused: None,
                cancel: None,
            },
            notification_url: text("ipnTargetUrl"),
            fields: Vec::new(),
        };
        let answer = match kind {
            SessionKind::Link => bodies::link(&session, call.context),
            _ => json!({"formToken": session.id, "_type": "V4/Charge/PaymentForm"}),
        };
        self.sessions.push(session);
        call.success(&answer)
    }

    fn link(&self, call: Call<'_>) -> Reply {
        let id = call.text("paymentOrderId");
        let is_it = |one: &&Session| {
            one.kind == SessionKind::Link && one.id == id && one.site == call.shop.site
        };
        match self.sessions.iter().find(is_it) {
            Some(session) => call.success(&bodies::link(session, call.context)),
            None => call.error("PSP_010"),
        }
    }

    fn order(&self, call: Call<'_>) -> Reply {
        let id = call.text("orderId");
        let kind = call.text("operationType");
        let mut all: Vec<&Transaction> =
            self.transactions.iter().filter(|one| call.is_own(one) && one.order == id).collect();
        if all.is_empty() || id.is_empty() {
            return call.error("PSP_010");
        }
        if all.len() > MAX_LISTED {
            return call.error("PSP_015");
        }
        all.retain(|one| match kind {
            "DEBIT" => !one.is_credit,
            "CREDIT" => one.is_credit,
            _ => true,
        });
        // No order is promised: that of the ids is as good as any.
        all.sort_by(|one, other| one.uuid.cmp(&other.uuid));
        let Some(view) = self.view(id, call.shop, all) else { return call.error("PSP_010") };
        call.success(&view.order(&self.transactions, call.shop, call.context))
    }

    /// An order with these of its transactions. What it costs is what its last session says.
    fn view<'v>(
        &'v self,
        id: &'v str,
        shop: &LyraShop,
        transactions: Vec<&'v Transaction>,
    ) -> Option<OrderView<'v>> {
        let is_of = |one: &&Session| {
            (&*one.order, &one.site, one.mode) == (id, &shop.site, shop.mode)
                && self.transactions.iter().any(|made| made.session == one.id)
        };
        let session = self.sessions.iter().rfind(is_of)?;
        Some(OrderView {
            id,
            total: session.amount,
            currency: &session.currency,
            transactions,
            open: session.state == SessionState::Open,
        })
    }

    /// Where the transaction stands that a call names.
    fn place(&self, call: Call<'_>) -> Option<usize> {
        let uuid = call.text("uuid");
        self.transactions.iter().position(|one| call.is_own(one) && one.uuid == uuid)
    }

    /// A transaction as an answer.
    fn told(&self, at: usize, call: Call<'_>) -> Reply {
        let found = self.transactions.get(at);
        let told = found.and_then(|one| {
            let all = self.transactions.iter().filter(|other| other.order == one.order);
            let view = self.view(&one.order, call.shop, all.collect())?;
            Some(view.one(one, &self.transactions, call.shop))
        });
        told.map_or_else(|| call.error("PSP_010"), |told| call.success(&told))
    }

    /// Does something with a transaction.
    fn act(
        &mut self,
        call: Call<'_>,
        deed: impl FnOnce(&Transaction, Call<'_>) -> Result<Deed, &'static str>,
    ) -> Reply {
        let Some(at) = self.place(call) else { return call.error("PSP_010") };
        let Some(of) = self.transactions.get(at).cloned() else { return call.error("PSP_010") };
        let deed = match deed(&of, call) {
            Ok(deed) => deed,
            Err(code) => return call.error(code),
        };
        if let Deed::Refund(_) = deed
            && !matches!(call.text("currency"), "" | "EUR")
            && call.text("currency") != of.currency
        {
            return call.error("INT_009");
        }
        if let Err(code) = money::allowed(deed, &of, &self.transactions, call.context.settings) {
            return call.error(code);
        }
        let made = match deed {
            Deed::Refund(_) if call.fault == Some(FaultKind::RefuseRefund) => {
                return call.error("PSP_101");
            }
            Deed::Refund(amount) => self.credit(&of, amount, call),
            Deed::Cancel => self.become_so(at, |one| one.status = "CANCELLED"),
            Deed::Validate => self.become_so(at, |one| one.status = money::validated(one.status)),
            Deed::Update(amount) => {
                let made = self.become_so(at, |one| one.amount = amount);
                if call.context.settings.update_answer == UpdateAnswer::Code {
                    let answer =
                        json!({"responseCode": 0, "_type": "V4/Common/ResponseCodeAnswer"});
                    return call.success(&answer);
                }
                made
            }
        };
        self.told(made, call)
    }

    fn become_so(&mut self, at: usize, change: impl FnOnce(&mut Transaction)) -> usize {
        if let Some(one) = self.transactions.get_mut(at) {
            change(one);
        }
        at
    }

    /// Makes a refund. The gateway makes another one each time.
    fn credit(&mut self, of: &Transaction, amount: u64, call: Call<'_>) -> usize {
        let is_open = call.fault == Some(FaultKind::UncertainRefund);
        let credit = Transaction {
            uuid: self.fresh(call.context),
            amount,
            status: if is_open { "REFUND_TO_RETRY" } else { "AUTHORISED" },
            is_credit: true,
            cascade: false,
            parent: Some(of.uuid.clone()),
            doomed: false,
            at: call.context.now,
            ..of.clone()
        };
        self.transactions.push(credit);
        self.transactions.len() - 1
    }

    fn fresh(&mut self, context: Context<'_>) -> String {
        self.ids += 1;
        uuid("transaction", context.config.seed.wrapping_add(self.ids))
    }

    /// Takes a payment form, and sends the browser to its page.
    pub(crate) fn form(&mut self, request: &HttpRequest, context: Context<'_>) -> Reply {
        let Some(fields) = fields(&request.body).filter(|_| request.method == "POST") else {
            return refused("99", "the form cannot be read");
        };
        self.ids += 1;
        let id = uuid("session", context.config.seed.wrapping_add(self.ids));
        match form::open(&fields, &mut self.used, id, context) {
            Ok(session) => {
                let url = format!("{}/local/psp/pay/{}", context.config.pages_origin, session.id);
                self.sessions.push(session);
                Reply::see_other(&url)
            }
            Err((number, sentence)) => refused(number, sentence),
        }
    }

    fn made_in(&self, session: &str) -> Vec<&Transaction> {
        let of = |one: &&Transaction| one.session == session && !one.is_credit;
        self.transactions.iter().filter(of).collect()
    }

    /// What a payment page shows.
    pub(crate) fn page(&self, id: &str, context: Context<'_>) -> Option<PageView> {
        let session = self.sessions.iter().find(|one| one.id == id)?;
        let shop = held(session, context)?;
        let made = self.made_in(id);
        let paid: u64 = made.iter().filter(|one| one.holds()).map(|one| one.amount).sum();
        let is_open = session.state == SessionState::Open;
        Some(PageView {
            provider: "Lyra",
            id: id.to_owned(),
            order: session.order.clone(),
            amount: session.amount,
            currency: session.currency.clone(),
            rest: session.amount.saturating_sub(paid),
            voucher: (is_open && session.vouchers && paid == 0).then_some((1, session.amount)),
            // A contract for vouchers has one for their complement.
            card: is_open && (session.card.is_some() || paid > 0),
            ended: !is_open,
            back: notify::back(session, &made, shop, context),
        })
    }

    /// A buyer's move.
    pub(crate) fn pay(
        &mut self,
        id: &str,
        buyer: Buyer,
        context: Context<'_>,
    ) -> Result<(), &'static str> {
        let page = self.page(id, context).ok_or("there is no such payment page")?;
        if page.ended {
            return Err("the payment has ended");
        }
        if let Some(amount) = buyer.voucher {
            let (least, most) = page.voucher.ok_or("vouchers are not offered")?;
            if !(least..=most).contains(&amount) {
                return Err("vouchers cannot pay this amount");
            }
        }
        let is_card = matches!(buyer.card, Some(CardMove::Accept | CardMove::Refuse));
        if is_card && !page.card && buyer.voucher.is_none() {
            return Err("cards are not offered");
        }
        let mut rest = page.rest;
        if let Some(amount) = buyer.voucher {
            rest -= amount;
            let status = match context.settings.voucher_capture {
                VoucherCapture::AtOnce => "CAPTURED",
                VoucherCapture::AtBatch => "AUTHORISED",
            };
            self.transaction(id, "CVCO", amount, status, rest > 0, context);
        }
        let session = self.session(id).ok_or("there is no such payment page")?;
        if rest == 0 {
            session.state = SessionState::Paid;
        } else if let Some(card) = buyer.card {
            let brand = session.card.clone().unwrap_or_else(|| "CB".to_owned());
            let validation = session.validation;
            match card {
                CardMove::Abandon => session.state = SessionState::Abandoned,
                CardMove::Accept => {
                    session.state = SessionState::Paid;
                    let status = if validation { "AUTHORISED_TO_VALIDATE" } else { "AUTHORISED" };
                    self.transaction(id, &brand, rest, status, false, context);
                }
                CardMove::Refuse => {
                    session.refused += 1;
                    if session.refused >= context.settings.attempts {
                        session.state = SessionState::Failed;
                    }
                    self.transaction(id, &brand, rest, "REFUSED", false, context);
                }
            }
        }
        self.ended(id, context);
        Ok(())
    }

    fn session(&mut self, id: &str) -> Option<&mut Session> {
        self.sessions.iter_mut().find(|one| one.id == id)
    }

    fn transaction(
        &mut self,
        id: &str,
        brand: &str,
        amount: u64,
        status: &'static str,
        begins_cascade: bool,
        context: Context<'_>,
    ) {
        let uuid = self.fresh(context);
        let before = self.made_in(id);
        let cascade = begins_cascade || before.iter().any(|one| one.cascade);
        let sequence = u32::try_from(before.len()).unwrap_or(u32::MAX).saturating_add(1);
        let Some(session) = self.sessions.iter().find(|one| one.id == id) else { return };
        self.transactions.push(Transaction {
            uuid,
            session: id.to_owned(),
            site: session.site.clone(),
            mode: session.mode,
            order: session.order.clone(),
            amount,
            currency: session.currency.clone(),
            brand: brand.to_owned(),
            status,
            sequence,
            is_credit: false,
            cascade,
            parent: None,
            doomed: false,
            trans_id: session.trans_id.clone(),
            trans_date: session.trans_date,
            at: context.now,
        });
    }

    /// What follows from the end of a session, if it has ended: a share that is left alone, and the notification.
    fn ended(&mut self, id: &str, context: Context<'_>) {
        let Some(session) = self.sessions.iter().find(|one| one.id == id).cloned() else { return };
        if session.state == SessionState::Open {
            return;
        }
        let is_left = session.state != SessionState::Paid;
        if is_left && context.settings.complement_failure == ComplementFailure::Cancelled {
            let shares = self.transactions.iter_mut();
            shares
                .filter(|one| one.session == id && one.secures())
                .for_each(|one| one.doomed = true);
        }
        let is_silent = matches!(session.state, SessionState::Abandoned | SessionState::Expired)
            && !context.settings.notify_abandoned;
        let Some(shop) = held(&session, context).filter(|_| context.settings.notify && !is_silent)
        else {
            return;
        };
        self.ids += 1;
        let number = context.config.seed.wrapping_add(self.ids);
        let made = self.made_in(id);
        let view = OrderView {
            id: &session.order,
            total: session.amount,
            currency: &session.currency,
            transactions: made.clone(),
            open: false,
        };
        let mut answer = view.order(&self.transactions, shop, context);
        answer["_type"] = json!("V4/Payment");
        let sent = notify::end_of_payment(&session, &made, &answer, shop, number, context);
        self.outbox.extend(sent);
    }

    /// Ends what has ended.
    pub(crate) fn tick(&mut self, context: Context<'_>) {
        let is_over = |one: &Session| {
            one.state == SessionState::Open && context.now.unix() >= one.ends_at.unix()
        };
        let over: Vec<String> =
            self.sessions.iter().filter(|one| is_over(one)).map(|one| one.id.clone()).collect();
        for id in over {
            if let Some(session) = self.session(&id) {
                session.state = SessionState::Expired;
            }
            self.ended(&id, context);
        }
    }

    /// The nightly batch: it takes what is authorised, ends what is doomed, and tells nobody. How much that was.
    pub(crate) fn batch(&mut self) -> usize {
        let mut changed = 0;
        for one in &mut self.transactions {
            let next = match one.status {
                "AUTHORISED" | "CAPTURED" if one.doomed => "CANCELLED",
                "AUTHORISED" | "REFUND_TO_RETRY" => "CAPTURED",
                _ => continue,
            };
            changed += 1;
            (one.status, one.doomed) = (next, false);
        }
        changed
    }

    /// All that is known, for people.
    /// What each transaction did with money.
    pub(crate) fn books(&self) -> impl Iterator<Item = Entry<'_>> {
        self.transactions.iter().map(|one| Entry {
            order: &one.order,
            amount: one.amount,
            is_taken: !one.is_credit && one.status == "CAPTURED",
            is_secured: !one.is_credit
                && matches!(one.status, "AUTHORISED" | "AUTHORISED_TO_VALIDATE" | "CAPTURED"),
            is_back: one.is_credit && one.status != "REFUSED",
        })
    }

    pub(crate) fn state(&self) -> Value {
        let transaction = |one: &&Transaction| {
            json!({
                "uuid": one.uuid, "brand": one.brand, "amount": one.amount, "status": one.status,
                "type": if one.is_credit { "CREDIT" } else { "DEBIT" }, "sequence": one.sequence,
                "parent": one.parent,
            })
        };
        let session = |one: &Session| {
            let made = self.transactions.iter().filter(|made| made.session == one.id);
            json!({
                "checkout": one.id, "site": one.site, "order": one.order, "amount": one.amount,
                "currency": one.currency, "state": format!("{:?}", one.state).to_lowercase(),
                "transactions": made.map(|made| transaction(&made)).collect::<Value>(),
            })
        };
        self.sessions.iter().map(session).collect()
    }
}

/// The shop of a session.
fn held<'c>(session: &Session, context: Context<'c>) -> Option<&'c LyraShop> {
    let mut shops = context.config.lyra.iter();
    shops.find(|shop| (&shop.site, shop.mode) == (&session.site, session.mode))
}

/// The shop whose password it is.
fn shop<'c>(request: &HttpRequest, context: Context<'c>) -> Option<&'c LyraShop> {
    let login = base64_text(request.header("authorization")?.strip_prefix("Basic ")?)?;
    let (site, password) = login.split_once(':')?;
    let mut shops = context.config.lyra.iter();
    let is_its = |shop: &&LyraShop| same(shop.rest_password.as_bytes(), password.as_bytes());
    shops.find(|shop| shop.site == site && is_its(shop))
}

/// The answer to a password that is none.
fn stranger(service: &str, context: Context<'_>) -> Reply {
    let nobody = LyraShop {
        site: String::new(),
        mode: quittance_core::Mode::Test,
        form_key: String::new(),
        rest_password: String::new(),
        notification_url: String::new(),
    };
    let mut reply = error(service, "INT_905", &nobody, context);
    if context.settings.bad_credentials_as_401 {
        reply.status = 401;
    }
    reply
}

/// The page that a buyer sees whose form is refused.
fn refused(number: &str, sentence: &str) -> Reply {
    let page = format!(
        "<!doctype html><html lang=en><title>Refused</title><p>The payment form is refused: error {number}, \
         {sentence}."
    );
    Reply::html(400, page)
}

/// Six digits in base 36.
fn trans_id(number: u64) -> String {
    let digit = |place: u32| {
        let digit = u32::try_from(number / 36_u64.pow(place) % 36).unwrap_or(0);
        char::from_digit(digit, 36).unwrap_or('0')
    };
    (0..6).rev().map(digit).collect()
}
