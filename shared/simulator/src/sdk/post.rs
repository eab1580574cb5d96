//! Notifications on their way to the webhooks, and the webhooks themselves.

use std::sync::Arc;
use std::time::Duration;

use lambda_http::http::Request;
use lambda_http::{Body, Request as Incoming};
use quittance_aws::webhook::Webhook;
use tokio::sync::Mutex;
use tokio::time::{sleep, sleep_until, timeout};

use crate::dice::Chance;
use crate::mail::PATIENCE;
use crate::plan::{DAY, Psp, RECEIVERS};
use crate::sdk::person::{Ended, run};
use crate::sdk::stack::Stack;
use crate::sdk::world::Shared;

/// How long a webhook may run. (template.yaml, `Timeout`)
const LIMIT: Duration = Duration::from_secs(9);

/// Most calls until a webhook dies that dies.
const CALLS: i64 = 8;

/// The webhooks, as many of each provider's as run at once.
pub(crate) struct Post {
    pub(crate) world: Shared,
    pub(crate) stack: Arc<Stack>,
    webhooks: [[Mutex<Option<Arc<Webhook>>>; RECEIVERS]; 2],
}

impl Post {
    pub(crate) fn new(world: Shared, stack: Arc<Stack>) -> Self {
        Self { world, stack, webhooks: Default::default() }
    }

    /// Brings what providers send, for ever.
    pub(crate) async fn goes_on(self: Arc<Self>) {
        let bells = Arc::clone(&self.world.lock().bells);
        loop {
            bells.post.notified().await;
            loop {
                let letter = {
                    let mut world = self.world.lock();
                    if world.posted == world.letters.len() {
                        break;
                    }
                    world.posted += 1;
                    world.posted - 1
                };
                tokio::spawn(Arc::clone(&self).brings(letter));
            }
        }
    }

    /// A provider sends a notification until it is taken or given up.
    async fn brings(self: Arc<Self>, letter: usize) {
        loop {
            let arrives = {
                let mut world = self.world.lock();
                let is_lost = world.happens(Chance::LosesDelivery);
                let travels = match world.happens(Chance::DelaysDelivery) {
                    true => world.dice.how(Chance::DelaysDelivery, 100..DAY),
                    false => world.dice.pace(5..500),
                };
                (!is_lost).then_some(travels)
            };
            let arrival = arrives.map(|travels| tokio::spawn(self.clone().comes(letter, travels)));
            let is_taken = match arrival {
                Some(arrival) => {
                    let patience = Duration::from_millis(PATIENCE.unsigned_abs());
                    matches!(timeout(patience, arrival).await, Ok(Ok(Some(200))))
                }
                None => false,
            };
            let next = {
                let mut world = self.world.lock();
                if is_taken && !world.happens(Chance::LosesAnswer) {
                    return;
                }
                let now = world.now();
                let mail = &mut world.letters[letter].mail;
                let next = mail.next_attempt(now).filter(|_| !mail.is_forged);
                mail.attempt += 1;
                let Some(next) = next else {
                    world.tally.saw("notification given up");
                    return;
                };
                world.moment(next)
            };
            sleep_until(next).await;
        }
    }

    async fn comes(self: Arc<Self>, letter: usize, travels: i64) -> Option<u16> {
        sleep(Duration::from_millis(travels.unsigned_abs())).await;
        let again = {
            let mut world = self.world.lock();
            let again = world.happens(Chance::RepeatsDelivery);
            again.then(|| world.dice.how(Chance::RepeatsDelivery, 0..200).unsigned_abs())
        };
        if let Some(later) = again {
            let post = Arc::clone(&self);
            tokio::spawn(async move {
                sleep(Duration::from_millis(later)).await;
                post.arrives(letter).await;
            });
        }
        self.arrives(letter).await
    }

    /// One notification at one webhook. What it is answered, if it is.
    pub(crate) async fn arrives(&self, letter: usize) -> Option<u16> {
        let (psp, request, place, dies_at) = {
            let mut world = self.world.lock();
            let mail = &world.letters[letter].mail;
            let (psp, request) = (mail.psp, request(mail));
            let place = world.dice.pace(0..RECEIVERS as i64);
            world.note(format_args!("webhook {place} gets notification {letter}"));
            (psp, request, usize::try_from(place).unwrap_or(0), world.dies_at(CALLS))
        };
        let place = &self.webhooks[psp as usize][place];
        let work = async {
            let webhook = self.webhook(psp, place).await;
            webhook.handle(&request).await.status().as_u16()
        };
        match run(format!("webhook of {letter}"), dies_at, LIMIT, work).await {
            Ended::With(status) => {
                self.world.lock().answered(letter, status);
                Some(status)
            }
            Ended::Died => {
                self.world.lock().died("webhook");
                *place.lock().await = None;
                None
            }
        }
    }

    async fn webhook(&self, psp: Psp, place: &Mutex<Option<Arc<Webhook>>>) -> Arc<Webhook> {
        let mut held = place.lock().await;
        match &*held {
            Some(webhook) => Arc::clone(webhook),
            None => {
                let webhook = Arc::new(self.stack.webhook(psp).await);
                *held = Some(Arc::clone(&webhook));
                webhook
            }
        }
    }
}

fn request(mail: &crate::mail::Mail) -> Incoming {
    let mut request = Request::builder().method("POST").uri(mail.sent.url.as_str());
    for (name, value) in &mail.sent.headers {
        request = request.header(name, value);
    }
    request.body(Body::from(mail.sent.body.clone())).unwrap_or_default()
}
