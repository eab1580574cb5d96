//! Asking, with both providers' APIs on the loopback.

use lambda_http::Body;
use lambda_http::http::Request;
use quittance_aws::amend::{Amender, Price};
use quittance_aws::ask::Wanted;
use quittance_aws::clock::now;
use quittance_aws::desks::WriteMark;
use quittance_aws::keys::KeyRing;
use quittance_aws::turns::LookReport;
use quittance_aws::webhook::Webhook;
use quittance_core::concern::Concern;
use quittance_core::desk::{Desk, RequestState};
use quittance_core::fold::Confirm;
use quittance_core::key::Account;
use quittance_core::{Currency, Flag, Mode, OrderKey, Policy, Provider, ReleaseOn, Timestamp};
use quittance_fakes::{HttpRequest, Notification};
use quittance_psp::lyra::Lyra;
use quittance_psp::lyra::api::Credentials;
use quittance_psp::lyra::api::checkout as lyra_checkout;
use quittance_psp::worldline::Worldline;
use quittance_psp::worldline::api::Merchants;
use quittance_psp::worldline::api::checkout as worldline_checkout;
use quittance_testing::fakes::Providers;
use quittance_testing::worldline::MERCHANT;
use quittance_testing::{SITE, url_encode};
use serde_json::{Value, json};

use crate::{LOOK, Stack};

/// What each order costs, in cents.
const PRICE: u64 = 14_000;

/// Both providers, and the buyers who pay there.
struct Psps(Providers);

impl std::ops::Deref for Psps {
    type Target = Providers;

    fn deref(&self) -> &Providers {
        &self.0
    }
}

impl Psps {
    async fn start() -> Self {
        Self(Providers::start().await)
    }

    /// A buyer pays an order by card at Lyra. The money is taken in the night.
    fn pay_by_card_at_lyra(&self, reference: &str, attempt: u32) {
        let start = lyra_checkout::Start {
            order: reference,
            amount: PRICE,
            currency: Currency::from_alpha("EUR").unwrap(),
            means: lyra_checkout::Means::Cards,
            approval: false,
            locale: None,
            return_url: "https://shop.example.com/back",
            notification_url: None,
        };
        let credentials = Credentials::from_json(&self.lyra_document()).unwrap();
        let account =
            Account { psp: quittance_psp::lyra::ID, merchant: SITE.to_owned(), mode: Mode::Test };
        let form = lyra_checkout::form(&credentials, &account, &start, attempt, now()).unwrap();
        let pair = |(name, value): &(&str, String)| format!("{name}={}", url_encode(value));
        let body = form.fields.iter().map(pair).collect::<Vec<_>>().join("&");
        let kind = "application/x-www-form-urlencoded".to_owned();
        let request = HttpRequest {
            method: "POST".to_owned(),
            target: form.action.strip_prefix(&self.origin).unwrap().to_owned(),
            headers: vec![("content-type".to_owned(), kind)],
            body: body.into_bytes(),
        };
        let reply = self.call(&request);
        let page = reply.header("location").unwrap().rsplit('/').next().unwrap().to_owned();
        self.control("POST", "pay", &json!({"checkout": page, "card": "accept"}));
    }

    /// A buyer pays an order at Worldline, by vouchers and card. The page on which he does.
    fn pay_at_worldline(&self, reference: &str, card: &str) -> String {
        let wanted = worldline_checkout::Wanted {
            reference,
            amount: PRICE,
            currency: Currency::from_alpha("EUR").unwrap(),
            means: worldline_checkout::Means::Cvco,
            approval: false,
            adjustable: true,
            beneficiary: None,
            locale: None,
            return_url: "https://shop.example.com/back",
            webhooks: &[],
            session_minutes: None,
        };
        let request = worldline_checkout::hosted(&wanted).unwrap();
        let merchants = Merchants::from_json(&self.worldline_document()).unwrap();
        let account = Account {
            psp: quittance_psp::worldline::ID,
            merchant: MERCHANT.to_owned(),
            mode: Mode::Test,
        };
        let call = merchants.endpoint(&account).unwrap().call(&request, now());
        let headers = call.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        let request = HttpRequest {
            method: "POST".to_owned(),
            target: call.url.strip_prefix(&self.origin).unwrap().to_owned(),
            headers: headers.collect(),
            body: call.body,
        };
        let reply = self.call(&request);
        let opened = worldline_checkout::opened(&reply.body, reference).unwrap();
        let page = opened.checkout;
        self.control("POST", "pay", &json!({"checkout": page, "voucher": 6_000, "card": card}));
        page
    }

    /// Delivers what the providers send by themselves. How many messages that were.
    async fn deliver(&self, stack: &Stack) -> usize {
        self.deliver_as_of(stack, 0).await
    }

    /// The same, as if they had come so many minutes ago.
    async fn deliver_as_of(&self, stack: &Stack, minutes_ago: i64) -> usize {
        let sent = self.outbox();
        let count = sent.len();
        for message in sent {
            self.deliver_one(stack, message, minutes_ago).await;
        }
        count
    }

    async fn deliver_one(&self, stack: &Stack, message: Notification, minutes_ago: i64) {
        let arrived = Timestamp::from_unix(now().unix() - minutes_ago * 60).unwrap();
        let provider: &'static dyn Provider =
            if message.url.ends_with("worldline") { &Worldline } else { &Lyra };
        let keys = provider.keys(provider.profile().demo_keys).unwrap();
        let receiver = stack.receiver.replaying(arrived);
        let webhook = Webhook::new(provider, KeyRing::fixed(Some(keys)), receiver);
        let mut request = Request::post(message.url);
        for (name, value) in &message.headers {
            request = request.header(name, value);
        }
        let request = request.body(Body::Binary(message.body)).unwrap();
        let response = webhook.handle(&request).await;
        assert_eq!(response.status(), 200, "{:?}", response.body());
    }
}

impl Stack {
    /// Gives it credentials of both providers.
    fn with(mut self, psps: &Psps) -> Self {
        self.function.payer.asker.apis.add(&Worldline, &psps.worldline_document());
        self.function.payer.asker.apis.add(&Lyra, &psps.lyra_document());
        self
    }

    /// One look at all that is open: what asking came to, and how many messages were sent.
    pub(crate) async fn look_at_all(&self) -> (LookReport, usize) {
        let report = self.function.handle(Wanted::Open, LOOK).await.unwrap();
        (report.asked, report.sent)
    }

    async fn order(&self, key: &str) -> quittance_core::Order {
        let key = OrderKey::from_text(key).unwrap();
        self.receiver.table.load_order(&key).await.unwrap().order
    }

    async fn sources(&self, key: &str) -> Vec<String> {
        let order = self.order(key).await;
        order.notifications().iter().map(|told| told.source.clone()).collect()
    }

    /// What `POST /asks` answers.
    async fn asks(&self, body: &str) -> (u16, Value) {
        let function = ask::Function { asker: self.function.payer.asker.clone() };
        let request = Request::post("/asks").header("content-type", "application/json");
        let request = request.body(Body::Text(body.to_owned())).unwrap();
        let response = function.handle(&request).await;
        let body = serde_json::from_slice(response.body()).unwrap();
        (response.status().as_u16(), body)
    }
}

const fn asked(asked: usize, changed: usize, failed: usize) -> LookReport {
    LookReport { looked: asked, changed, failed, left: 0 }
}

const LYRA_ORDER: &str = "systempay/12345678/test/CMD-1";

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_is_taken_in_the_night_without_a_word_is_released_by_asking() {
    let psps = Psps::start().await;
    let stack = Stack::start().await.with(&psps);
    psps.pay_by_card_at_lyra("CMD-1", 1);
    assert_eq!(psps.deliver(&stack).await, 1);
    assert_eq!(stack.look_at_all().await, (asked(1, 0, 0), 0), "only authorised");
    assert_eq!(
        stack.sources(LYRA_ORDER).await,
        ["webhook"],
        "an answer without news is not listed"
    );
    assert_eq!(stack.look().await.asked, LookReport::default(), "not due yet");
    psps.control("POST", "batch", &json!({}));
    assert_eq!(psps.deliver(&stack).await, 0, "nobody announces it");
    assert_eq!(stack.look_at_all().await, (asked(1, 1, 0), 1));
    assert_eq!(stack.sources(LYRA_ORDER).await, ["webhook", "api"]);
    assert_eq!(stack.look_at_all().await, (asked(0, 0, 0), 0), "settled, so nothing is open");
    assert_eq!(stack.log.messages().await.unwrap().len(), 1);
}

/// Whoever asks does not take the order from the queue, and what is learnt is told with the rest.
#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_the_queue_refuses_for_long_is_asked_about_and_stays_to_be_told() {
    let psps = Psps::start().await;
    let policy = Policy { release_on: ReleaseOn::Secured, ..Policy::default() };
    let stack = Stack::under(policy).await.with(&psps);
    let ask = async |stack: &Stack| stack.function.look(Wanted::Open, LOOK).await.unwrap().asked;
    psps.pay_by_card_at_lyra("CMD-1", 1);
    assert_eq!(psps.deliver(&stack).await, 1);
    psps.control("POST", "batch", &json!({}));
    assert_eq!(ask(&stack).await, asked(0, 0, 0), "it is told first");
    let [hour, two_hours] = [1, 2].map(|h| Timestamp::from_unix(now().unix() - h * 3_600).unwrap());
    stack.unsent_since(LYRA_ORDER, hour).await;
    assert_eq!(ask(&stack).await, asked(1, 1, 0));
    assert_eq!(stack.order(LYRA_ORDER).await.summary(policy).captured, PRICE);
    // Without news the entry stays as it is, for the next hour as well.
    stack.unsent_since(LYRA_ORDER, two_hours).await;
    for _ in 0..2 {
        assert_eq!(ask(&stack).await, asked(1, 0, 0));
    }
    // Nor does a provider that is down change it.
    psps.fault("systempay", "Order/Get", "bad_gateway", 100);
    assert_eq!(ask(&stack).await, asked(1, 0, 1));
    let unsent = stack.receiver.table.unsent().await.unwrap();
    assert_eq!((unsent.len(), unsent[0].updated_at), (1, two_hours));
    assert_eq!(stack.look_at_all().await.1, 1);
    assert_eq!(stack.receiver.table.unsent().await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_confirmation_only_the_providers_own_word_releases() {
    let psps = Psps::start().await;
    let policy = Policy { confirm: Confirm::Ask, ..Policy::default() };
    let stack = Stack::under(policy).await.with(&psps);
    psps.pay_at_worldline("CMD-1", "accept");
    assert!(psps.deliver(&stack).await > 0);
    let key = format!("worldline/{MERCHANT}/test/CMD-1");
    let order = stack.order(&key).await;
    assert!(order.fulfilment().is_none());
    assert!(order.flags(policy, now()).contains(&Flag::Unconfirmed));
    // What waits for a word is due at once.
    let report = stack.look().await;
    assert_eq!((report.asked.looked, report.asked.failed, report.sent), (1, 0, 1));
    let order = stack.order(&key).await;
    assert!(order.fulfilment().is_some());
    assert!(!order.flags(policy, now()).contains(&Flag::Unconfirmed));
    // The same by hand changes nothing.
    let (status, shown) = stack.asks(&json!({"order": key}).to_string()).await;
    assert_eq!((status, &shown["state"]), (200, &json!("captured")));
    assert_eq!(stack.order(&key).await, order);
    assert_eq!(stack.log.messages().await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_down_changes_nothing_and_keeps_no_other_waiting() {
    let psps = Psps::start().await;
    let stack = Stack::start().await.with(&psps);
    for number in 1..=10 {
        psps.pay_by_card_at_lyra(&format!("CMD-{number}"), number);
    }
    psps.deliver(&stack).await;
    psps.control("POST", "batch", &json!({}));
    let before = stack.order(LYRA_ORDER).await;
    psps.fault("systempay", "Order/Get", "bad_gateway", 100);
    let (report, sent) = stack.look_at_all().await;
    // It is called for a few orders, and left alone for the others.
    assert_eq!(
        (report.looked, report.changed, report.failed, report.left),
        (3, 0, 3, 7),
        "{report:?}"
    );
    assert_eq!(sent, 0);
    assert_eq!(stack.order(LYRA_ORDER).await, before);
    let (status, _) = stack.asks(&json!({"order": LYRA_ORDER}).to_string()).await;
    assert_eq!(status, 502);
    psps.control("DELETE", "faults", &json!({}));
    assert_eq!(stack.look().await.asked, LookReport::default(), "all are put off");
    assert_eq!(stack.look_at_all().await, (asked(10, 10, 0), 10));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_can_be_asked_about_by_hand() {
    let psps = Psps::start().await;
    let stack = Stack::start().await.with(&psps);
    // The notification is lost: nobody has heard of it but the provider.
    psps.pay_by_card_at_lyra("CMD-1", 1);
    let body = json!({"order": LYRA_ORDER}).to_string();
    let (status, shown) = stack.asks(&body).await;
    assert_eq!(
        (status, &shown["state"], &shown["expected"]),
        (200, &json!("authorised"), &json!(PRICE)),
        "{shown}"
    );
    assert_eq!(shown["notifications"][0]["source"], "api");
    let no_such = json!({"order": "systempay/12345678/test/CMD-2"}).to_string();
    assert_eq!(stack.asks(&no_such).await.0, 404);
    let no_credentials = json!({"order": "systempay/12345678/production/CMD-1"}).to_string();
    assert_eq!(stack.asks(&no_credentials).await.0, 409);
    for bad in ["", "[]", "{}", r#"{"order": "nobody/1/test/1"}"#, r#"{"order": 1}"#] {
        let (status, said) = stack.asks(bad).await;
        assert_eq!(status, 400, "{bad}");
        assert!(said["error"].as_str().unwrap().contains("order"), "{said}");
    }
}

impl Stack {
    /// The orders of a concern, as the daily report has them.
    async fn reported(&self, concern: Concern) -> Vec<String> {
        let table = self.receiver.table.clone();
        let function = report::Function { table, policy: self.receiver.policy };
        let report = function.handle().await.unwrap();
        let concerned = &report.concerns[&concern];
        assert_eq!(concerned.count, concerned.orders.len());
        concerned.orders.iter().map(ToString::to_string).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranded_voucher_is_given_back_once_where_that_is_wanted() {
    let psps = Psps::start().await;
    let mut stack = Stack::start().await.with(&psps);
    let key = format!("worldline/{MERCHANT}/test/CMD-1");
    psps.pay_at_worldline("CMD-1", "refuse");
    // The session of three hours is over, and the four hours for vouchers are not.
    psps.deliver_as_of(&stack, 185).await;
    assert_eq!(stack.order(&key).await.summary(Policy::default()).captured, 6_000);
    for minutes in [None, Some(120)] {
        stack.function.stranded_refund_minutes = minutes;
        stack.look_at_all().await;
        assert_eq!(stack.order(&key).await.summary(Policy::default()).refunded, 0, "{minutes:?}");
        assert_eq!(stack.reported(Concern::Stranded).await, std::slice::from_ref(&key));
    }
    stack.function.stranded_refund_minutes = Some(0);
    for _ in 0..3 {
        stack.look_at_all().await;
        let refunds = stack.function.payer.requests(stack.order(&key).await.key()).await.unwrap().1;
        assert_eq!(refunds.requests().len(), 1);
    }
    // A refund is under way at the provider until the next day.
    psps.control("POST", "batch", &json!({}));
    stack.look_at_all().await;
    let order = stack.order(&key).await;
    assert_eq!(order.summary(Policy::default()).refunded, 6_000);
    assert!(order.fulfilment().is_none() && order.reversals().is_empty());
    for concern in Concern::ALL {
        assert_eq!(stack.reported(concern).await, [""; 0], "{concern:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voucher_that_the_provider_does_not_take_back_is_tried_again_later() {
    let psps = Psps::start().await;
    let mut stack = Stack::start().await.with(&psps);
    stack.function.stranded_refund_minutes = Some(0);
    let key = format!("worldline/{MERCHANT}/test/CMD-1");
    psps.pay_at_worldline("CMD-1", "refuse");
    psps.deliver_as_of(&stack, 185).await;
    let fault = json!({"provider": "worldline", "call": "RefundPayment", "fault": "refuse_refund"});
    psps.control("POST", "faults", &fault);
    let key = stack.order(&key).await.key().clone();
    let states = async || -> Vec<RequestState> {
        let (_, desk) = stack.function.payer.requests(&key).await.unwrap();
        desk.requests().iter().map(|request| request.state()).collect()
    };
    for _ in 0..2 {
        stack.look_at_all().await;
        psps.control("POST", "batch", &json!({}));
    }
    stack.look_at_all().await;
    assert_eq!(states().await, [RequestState::Refused]);
    // Half an hour later.
    let table = &stack.function.payer.asker.receiver.table;
    let held = table.desk_at(&key).await.unwrap();
    let planned = held.desk.requests()[0].planned_at;
    let earlier = Timestamp::from_unix(planned.unix() - 30 * 60).unwrap();
    let aged = held.desk.to_json().replace(&planned.to_string(), &earlier.to_string());
    let (aged, mark) = (Desk::from_json(&aged).unwrap(), WriteMark::new());
    table.save_desk(&key, &aged, held.version, &mark).await.unwrap();
    stack.look_at_all().await;
    psps.control("POST", "batch", &json!({}));
    stack.look_at_all().await;
    assert_eq!(states().await, [RequestState::Refused, RequestState::Done]);
    assert_eq!(stack.order(&key.to_string()).await.summary(Policy::default()).refunded, 6_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voucher_whose_complement_was_paid_without_a_word_is_not_given_back() {
    let psps = Psps::start().await;
    let mut stack = Stack::start().await.with(&psps);
    stack.function.stranded_refund_minutes = Some(0);
    let key = format!("worldline/{MERCHANT}/test/CMD-1");
    psps.pay_at_worldline("CMD-1", "accept");
    // Of the two shares only the first notification came.
    let first = psps.outbox().swap_remove(0);
    psps.deliver_one(&stack, first, 185).await;
    let (_, sent) = stack.look_at_all().await;
    assert_eq!(sent, 1, "asking found the rest");
    let order = stack.order(&key).await;
    assert!(order.fulfilment().is_some());
    assert_eq!(order.summary(Policy::default()).refunded, 0);
}

/// What gives a stranded voucher back by itself is not sent once there is no reason any more: it was planned, the platform had
/// enough of our calls, and meanwhile the rest was paid, or the merchant was content with less.
#[tokio::test(flavor = "multi_thread")]
async fn a_voucher_of_an_order_that_was_released_meanwhile_is_not_given_back() {
    for is_paid in [true, false] {
        let psps = Psps::start().await;
        let mut stack = Stack::start().await.with(&psps);
        stack.function.stranded_refund_minutes = Some(0);
        let key = OrderKey::from_text(&format!("worldline/{MERCHANT}/test/CMD-1")).unwrap();
        let page = psps.pay_at_worldline("CMD-1", "refuse");
        psps.deliver_as_of(&stack, 185).await;
        psps.fault("worldline", "RefundPayment", "rate_limited", 4);
        stack.look_at_all().await;
        let desk = stack.function.payer.requests(&key).await.unwrap().1;
        assert_eq!(desk.requests()[0].state(), RequestState::Planned, "nothing was sent");
        if is_paid {
            psps.control("POST", "pay", &json!({"checkout": page, "card": "accept"}));
            psps.deliver(&stack).await;
        } else {
            let price = Price::new(6_000, Currency::from_alpha("EUR").unwrap()).unwrap();
            let amender = Amender::of(&stack.receiver);
            amender.register(&key, price, now(), None).await.unwrap();
        }
        let name = key.to_string();
        let order = || stack.order(&name);
        assert!(order().await.fulfilment().is_some(), "{is_paid}");
        psps.control("DELETE", "faults", &json!({}));
        for _ in 0..3 {
            stack.look_at_all().await;
            psps.control("POST", "batch", &json!({}));
        }
        assert_eq!(order().await.summary(Policy::default()).refunded, 0, "{is_paid}");
    }
}
