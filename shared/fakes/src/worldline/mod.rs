//! Worldline Direct's server API and payment page.

mod bodies;
mod buyer;
mod create;
mod door;
mod errors;
mod events;
mod money;
mod state;

use std::collections::BTreeMap;

use quittance_core::Timestamp;
use serde_json::{Value, json};

use self::state::{Operation, Owner, Purchase, Role};
use crate::books::Entry;
use crate::context::{Buyer, Context, PageView};
use crate::fault::{FaultKind, Faults, instead, spoilt};
use crate::http::{HttpRequest, Reply};
use crate::outbox::Notification;

/// The word by which faults name it.
pub(crate) const WORD: &str = "worldline";

/// How long a session can be read, in seconds.
const SESSION_READABLE: u64 = 3 * 60 * 60;

/// How long a key is remembered, in seconds.
const KEY_REMEMBERED: u64 = 24 * 60 * 60;

/// Longest idempotence key, in characters.
const MAX_KEY: usize = 40;

/// Where inner ids begin: ten digits, as they are seen.
const FIRST_ID: u64 = 3_000_000_000;

/// How many of them there are.
const IDS: u64 = 6_900_000_000;

/// The platform.
#[derive(Debug, Default)]
pub(crate) struct Worldline {
    purchases: Vec<Purchase>,
    /// What each idempotence key of a merchant came to, and when.
    keys: BTreeMap<(Owner, String), (Timestamp, Reply)>,
    /// How many ids were given out.
    ids: u64,
    /// How many events were made.
    events: u64,
    pub(crate) outbox: Vec<Notification>,
}

/// What is called.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Call {
    TestConnection,
    CreateHostedCheckout,
    GetHostedCheckout(String),
    CreatePayment,
    GetPayment(String),
    GetPaymentDetails(String),
    GetCaptures(String),
    GetRefunds(String),
    CapturePayment(String),
    CancelPayment(String),
    RefundPayment(String),
}

impl Call {
    fn of(method: &str, path: &str) -> Option<Self> {
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        let id = |id: &&str| (*id).to_owned();
        Some(match (method, parts.as_slice()) {
            ("GET", ["services", "testconnection"]) => Self::TestConnection,
            ("POST", ["hostedcheckouts"]) => Self::CreateHostedCheckout,
            ("GET", ["hostedcheckouts", of]) => Self::GetHostedCheckout(id(of)),
            ("POST", ["payments"]) => Self::CreatePayment,
            ("GET", ["payments", of]) => Self::GetPayment(id(of)),
            ("GET", ["payments", of, "details"]) => Self::GetPaymentDetails(id(of)),
            ("GET", ["payments", of, "captures"]) => Self::GetCaptures(id(of)),
            ("GET", ["payments", of, "refunds"]) => Self::GetRefunds(id(of)),
            ("POST", ["payments", of, "capture"]) => Self::CapturePayment(id(of)),
            ("POST", ["payments", of, "cancel"]) => Self::CancelPayment(id(of)),
            ("POST", ["payments", of, "refund"]) => Self::RefundPayment(id(of)),
            _ => return None,
        })
    }

    fn name(&self) -> &'static str {
        match self {
            Self::TestConnection => "TestConnection",
            Self::CreateHostedCheckout => "CreateHostedCheckout",
            Self::GetHostedCheckout(_) => "GetHostedCheckout",
            Self::CreatePayment => "CreatePayment",
            Self::GetPayment(_) => "GetPayment",
            Self::GetPaymentDetails(_) => "GetPaymentDetails",
            Self::GetCaptures(_) => "GetCaptures",
            Self::GetRefunds(_) => "GetRefunds",
            Self::CapturePayment(_) => "CapturePayment",
            Self::CancelPayment(_) => "CancelPayment",
            Self::RefundPayment(_) => "RefundPayment",
        }
    }

    /// Whether a key makes it the same when repeated.
    fn remembers(&self) -> bool {
        matches!(
            self,
            Self::CreatePayment
                | Self::CapturePayment(_)
                | Self::CancelPayment(_)
                | Self::RefundPayment(_)
        )
    }
}

impl Worldline {
    /// Answers a call of the API.
    pub(crate) fn answer(
        &mut self,
        request: &HttpRequest,
        faults: &mut Faults,
        context: Context<'_>,
    ) -> Reply {
        let (owner, path) = match door::admitted(request, context) {
            Ok(admitted) => admitted,
            Err(refused) => return refused,
        };
        let Some(call) = Call::of(&request.method, path) else { return errors::unknown() };
        let fault = faults.of(WORD, call.name());
        if let Some(reply) = fault.and_then(before) {
            return reply;
        }
        let key = request.header("x-gcs-idempotence-key").filter(|_| call.remembers());
        let reply = match key {
            Some(key) if key.chars().count() > MAX_KEY || !key.is_ascii() => {
                errors::invalid("X-GCS-Idempotence-Key")
            }
            Some(key) => self.once((owner, key.to_owned()), &call, request, fault, context),
            None => self.carry_out(&owner, &call, &request.json(), fault, context),
        };
        match fault {
            Some(FaultKind::PlatformTroubleAfter) => errors::trouble(),
            Some(fault) => spoilt(fault, reply),
            None => reply,
        }
    }

    /// Carries a call out unless one of the same key was: then what came of that is answered again, whatever it was.
    fn once(
        &mut self,
        key: (Owner, String),
        call: &Call,
        request: &HttpRequest,
        fault: Option<FaultKind>,
        context: Context<'_>,
    ) -> Reply {
        if let Some((at, reply)) = self.keys.get(&key)
            && context.now.seconds_since(*at) < KEY_REMEMBERED
        {
            let millis = format!("{}000", at.unix());
            return reply.clone().with("x-gcs-idempotence-request-timestamp", &millis);
        }
        let reply = self.carry_out(&key.0, call, &request.json(), fault, context);
        self.keys.insert(key, (context.now, reply.clone()));
        reply
    }

    fn carry_out(
        &mut self,
        owner: &Owner,
        call: &Call,
        body: &Value,
        fault: Option<FaultKind>,
        context: Context<'_>,
    ) -> Reply {
        match call {
            Call::TestConnection => Reply::json(200, &json!({"result": "OK"})),
            Call::CreateHostedCheckout => {
                let id = self.fresh(context);
                match create::hosted(body, owner, &id, context) {
                    Ok(purchase) => {
                        let opened = create::opened(&purchase, context);
                        self.purchases.push(purchase);
                        Reply::json(200, &opened).with("api_auth", "true")
                    }
                    Err(property) => errors::invalid(property),
                }
            }
            Call::CreatePayment => {
                let id = self.fresh(context);
                match create::server(body, owner, &id, context) {
                    Ok(purchase) => {
                        let started = create::started(&purchase, context);
                        self.purchases.push(purchase);
                        self.tell(self.purchases.len() - 1, &[0], context);
                        Reply::json(201, &started)
                    }
                    Err(property) => errors::invalid(property),
                }
            }
            Call::GetHostedCheckout(id) => self.session(owner, id, context),
            Call::GetPayment(id)
            | Call::GetPaymentDetails(id)
            | Call::GetCaptures(id)
            | Call::GetRefunds(id) => self.read(owner, call, id, context),
            Call::CapturePayment(id) | Call::CancelPayment(id) | Call::RefundPayment(id) => {
                self.write(owner, call, id, body, fault, context)
            }
        }
    }

    fn session(&self, owner: &Owner, id: &str, context: Context<'_>) -> Reply {
        let of = |one: &&Purchase| one.owner == *owner && one.session.id == id;
        let found = self.purchases.iter().find(|one| of(one) && one.session.hosted);
        let is_readable =
            |one: &&Purchase| context.now.seconds_since(one.session.opened_at) < SESSION_READABLE;
        match found.filter(is_readable) {
            Some(purchase) => Reply::json(200, &create::session(purchase, context.settings)),
            None => errors::unknown(),
        }
    }

    fn read(&self, owner: &Owner, call: &Call, id: &str, context: Context<'_>) -> Reply {
        let settings = context.settings;
        let found = self.named(owner, id).and_then(|(at, inner, number)| {
            let purchase = self.purchases.get(at)?;
            match call {
                Call::GetPayment(_) => bodies::sale(purchase, &inner, number, settings),
                Call::GetPaymentDetails(_) => bodies::details(purchase, &inner, settings),
                Call::GetCaptures(_) => Some(bodies::captures(purchase, &inner, settings)),
                _ => Some(bodies::refunds(purchase, &inner, settings)),
            }
        });
        found.map_or_else(errors::unknown, |body| Reply::json(200, &body))
    }

    fn write(
        &mut self,
        owner: &Owner,
        call: &Call,
        id: &str,
        body: &Value,
        fault: Option<FaultKind>,
        context: Context<'_>,
    ) -> Reply {
        let Some((at, inner, number)) = self.named(owner, id) else { return errors::unknown() };
        let Some(purchase) = self.purchases.get_mut(at) else { return errors::unknown() };
        let (is_capture, money) = match call {
            Call::CapturePayment(_) => (true, &body["amount"]),
            _ => (false, &body["amountOfMoney"]["amount"]),
        };
        let wanted = money.as_u64();
        if !money.is_null() && wanted.is_none() {
            return errors::invalid(if is_capture { "amount" } else { "amountOfMoney.amount" });
        }
        let currency = &body["amountOfMoney"]["currencyCode"];
        if !currency.is_null() && *currency != *purchase.currency {
            return errors::invalid("amountOfMoney.currencyCode");
        }
        let of = (inner.as_str(), number);
        let made = match call {
            Call::CapturePayment(_) => {
                purchase.capture(of, wanted, body["isFinal"].as_bool(), fault, context)
            }
            Call::CancelPayment(_) => purchase.cancel(of, wanted, context),
            _ => purchase.refund(of, wanted, fault, context),
        };
        let Ok(made) = made else { return errors::not_allowed() };
        let places: Vec<usize> = (made..purchase.operations.len()).collect();
        let settings = context.settings;
        let told = purchase.operations.get(made).map(|one| match call {
            Call::CapturePayment(_) => (201, bodies::capture(purchase, one, settings)),
            Call::CancelPayment(_) => (200, cancelled(purchase, one, context)),
            _ => (201, bodies::refund(purchase, one, settings)),
        });
        self.tell(at, &places, context);
        told.map_or_else(errors::trouble, |(status, body)| Reply::json(status, &body))
    }

    /// The purchase, payment and operation that an id names.
    fn named(&self, owner: &Owner, id: &str) -> Option<(usize, String, u32)> {
        let (inner, number) = bodies::parsed(id)?;
        let is_it = |one: &Purchase| one.owner == *owner && one.has(&inner);
        let at = self.purchases.iter().position(is_it)?;
        Some((at, inner, number))
    }

    fn fresh(&mut self, context: Context<'_>) -> String {
        self.ids += 1;
        inner_id(context.config.seed, self.ids)
    }

    /// Sends events about operations.
    fn tell(&mut self, at: usize, places: &[usize], context: Context<'_>) {
        let Some(purchase) = self.purchases.get(at).filter(|_| context.settings.notify) else {
            return;
        };
        for place in places {
            self.events += 1;
            let number = context.config.seed.wrapping_add(self.events);
            self.outbox.extend(events::about(purchase, *place, number, context));
        }
    }

    /// What a payment page shows.
    pub(crate) fn page(&self, id: &str) -> Option<PageView> {
        self.purchases.iter().find(|one| one.session.id == id).map(Purchase::page)
    }

    /// What the polling address of a payment answers.
    pub(crate) fn polled(&self, id: &str, context: Context<'_>) -> Option<String> {
        let found = self.purchases.iter().find(|one| one.session.id == id)?;
        Some(create::polled(found, context.settings))
    }

    /// A buyer's move.
    pub(crate) fn pay(
        &mut self,
        id: &str,
        buyer: Buyer,
        context: Context<'_>,
    ) -> Result<(), &'static str> {
        let at = self.purchases.iter().position(|one| one.session.id == id);
        let at = at.ok_or("there is no such payment page")?;
        let mut ids = self.ids;
        let mut fresh = || {
            ids += 1;
            inner_id(context.config.seed, ids)
        };
        let purchase = self.purchases.get_mut(at).ok_or("there is no such payment page")?;
        // A move that cannot be made changes nothing.
        let mut changed = purchase.clone();
        let places = changed.pay(buyer, &mut fresh, context)?;
        let before = std::mem::replace(purchase, changed);
        self.ids = ids;
        for place in places {
            self.tell_of_move(at, place, &before, context);
        }
        Ok(())
    }

    /// Tells of one operation as it stood when it was made: a complement that follows says nothing of it yet.
    fn tell_of_move(&mut self, at: usize, place: usize, before: &Purchase, context: Context<'_>) {
        let Some(purchase) = self.purchases.get(at).filter(|_| context.settings.notify) else {
            return;
        };
        let mut then = purchase.clone();
        then.operations.truncate(before.operations.len().max(place + 1));
        self.events += 1;
        let number = context.config.seed.wrapping_add(self.events);
        self.outbox.extend(events::about(&then, place, number, context));
    }

    /// Ends what has ended.
    pub(crate) fn tick(&mut self, context: Context<'_>) {
        for at in 0..self.purchases.len() {
            let made = self.purchases.get_mut(at).and_then(|one| one.expire(context));
            if let Some(made) = made {
                self.tell(at, &[made], context);
            }
        }
    }

    /// What waits becomes final. How much that was.
    pub(crate) fn batch(&mut self, context: Context<'_>) -> usize {
        let mut changed = 0;
        for at in 0..self.purchases.len() {
            let places = self.purchases.get_mut(at).map(Purchase::batch).unwrap_or_default();
            changed += places.len();
            self.tell(at, &places, context);
        }
        changed
    }

    /// All that is known, for people.
    /// What each operation did with money.
    pub(crate) fn books(&self) -> impl Iterator<Item = Entry<'_>> {
        self.purchases.iter().flat_map(|purchase| {
            purchase.operations.iter().map(|one| Entry {
                order: &purchase.reference,
                amount: one.amount,
                is_taken: one.code == 9,
                is_secured: one.role == Role::Sale && matches!(one.code, 5 | 9 | 91 | 92),
                is_back: one.later == 8,
            })
        })
    }

    pub(crate) fn state(&self) -> Value {
        let operation = |one: &Operation| {
            json!({
                "id": format!("{}_{}", one.inner, one.number),
                "does": format!("{:?}", one.role).to_lowercase(),
                "product": one.product, "amount": one.amount, "code": one.code, "later": one.later,
            })
        };
        let purchase = |one: &Purchase| {
            json!({
                "checkout": one.session.id, "merchant": one.owner.merchant, "order": one.reference,
                "amount": one.amount, "currency": one.currency,
                "state": format!("{:?}", one.session.state).to_lowercase(),
                "operations": one.operations.iter().map(operation).collect::<Value>(),
            })
        };
        self.purchases.iter().map(purchase).collect()
    }
}

/// The answer to a cancellation: the payment, under the operation's id and status.
fn cancelled(purchase: &Purchase, one: &Operation, context: Context<'_>) -> Value {
    debug_assert_eq!(one.role, Role::Cancel);
    let figures = bodies::Figures { amount: one.amount, acquired: 0, code: one.code };
    json!({"payment": bodies::payment(purchase, one, figures, context.settings)})
}

/// What goes wrong before anything is done.
fn before(fault: FaultKind) -> Option<Reply> {
    Some(match fault {
        FaultKind::NotFoundInner500 => errors::inner_500(),
        FaultKind::RateLimited => errors::rate_limited(),
        FaultKind::PlatformTrouble => errors::trouble(),
        FaultKind::InProgress => errors::in_progress(),
        FaultKind::BadCredentials => errors::unauthorised(),
        FaultKind::WrongMerchant => errors::foreign_merchant(),
        other => return instead(other),
    })
}

fn inner_id(seed: u64, number: u64) -> String {
    (FIRST_ID + seed.wrapping_add(number) % IDS).to_string()
}
