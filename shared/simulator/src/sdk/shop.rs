//! The shop, its buyers and its people: each does what the plan says, and tries again what did not go through.

use std::sync::Arc;
use std::time::Duration;

use lambda_http::Body;
use lambda_http::http::Request;
use quittance_core::api::{Call, Exchange, Method};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::asking::BREAKS;
use crate::dice::Chance;
use crate::plan::{MINUTE, Move, Psp, SESSIONS};
use crate::sdk::person::{self, Ended, Fate, run};
use crate::sdk::post::Post;
use crate::sdk::world::Shared;

/// How long a function of the shop's may run. (template.yaml, `Timeout`)
const LIMIT: Duration = Duration::from_secs(29);

/// Most calls until such a function dies that dies.
const CALLS: i64 = 24;

/// How often a shop tries what did not go through.
const TRIES: usize = 6;

/// How long it waits before.
const PAUSE: Duration = Duration::from_secs(150);

/// Somebody does what the plan says.
pub(crate) async fn does(post: Arc<Post>, does: Move) {
    let world = &post.world;
    world.lock().note(format_args!("{does:?}"));
    match does {
        Move::Opens { purchase, vouchers, approval } => {
            opens(&post, purchase, vouchers, approval).await;
        }
        Move::Voucher { purchase, amount } => pays(world, purchase, json!({"voucher": amount})),
        Move::Card { purchase, does } => pays(world, purchase, json!({"card": does})),
        Move::Refunds { purchase, request, amount } => {
            world.lock().asked_back[purchase] += amount;
            let request = format!("R-{request}");
            let body = json!({"request": request, "amount": amount, "currency": "EUR"});
            asks(&post, purchase, "/refunds", body).await;
        }
        Move::Captures { purchase } => {
            asks(&post, purchase, "/captures", json!({"request": "T", "currency": "EUR"})).await;
        }
        Move::Cancels { purchase } => {
            asks(&post, purchase, "/cancellations", json!({"request": "C"})).await;
        }
        Move::SendsAgain { nth } => {
            let letters = world.lock().letters.len();
            if letters > 0 {
                post.arrives(nth % letters).await;
            }
        }
        Move::PutsKeys => world.lock().put = 1,
        Move::ChangesKeys => world.lock().psps.change_keys(),
    }
}

/// The shop starts a payment, and the buyer comes to its page.
async fn opens(post: &Post, purchase: usize, vouchers: bool, approval: bool) {
    let world = &post.world;
    for _ in 0..TRIES {
        let (key, wish, dies_at) = {
            let mut world = world.lock();
            let bought = &world.plan.purchases[purchase];
            let wish = bought.wish(vouchers, approval);
            (world.key(purchase), wish, world.dies_at(CALLS))
        };
        let starter = &post.stack.checkout.starter;
        match run("checkout".to_owned(), dies_at, LIMIT, starter.start(&key, &wish)).await {
            Ended::With(Ok(started)) => {
                let mut world = world.lock();
                let now = world.now();
                let page = world.psps.page(&started.id, &started.offer, now);
                world.note(format_args!("a payment is started"));
                world.pages[purchase] = page.or_else(|| world.pages[purchase].take());
                world.collect();
                break;
            }
            Ended::With(Err(why)) => {
                let mut world = world.lock();
                world.note(format_args!("no payment is started: {why}"));
                world.tally.saw("checkout refused");
            }
            Ended::Died => world.lock().died("checkout"),
        }
        sleep(PAUSE).await;
    }
    for ends in SESSIONS {
        let world = world.clone();
        tokio::spawn(async move {
            sleep(Duration::from_millis(ends.unsigned_abs())).await;
            world.lock().collect();
        });
    }
}

/// The buyer's move on the page.
fn pays(world: &Shared, purchase: usize, does: Value) {
    let mut world = world.lock();
    let Some(page) = world.pages[purchase].clone() else { return };
    let now = world.now();
    if !world.psps.pay(&page, does, now) {
        world.note(format_args!("the page does not take it"));
    }
    world.collect();
}

/// The shop wants money moved.
async fn asks(post: &Post, purchase: usize, path: &str, mut body: Value) {
    let world = &post.world;
    for _ in 0..TRIES {
        let dies_at = {
            let mut world = world.lock();
            body["order"] = Value::from(world.key(purchase).to_string());
            world.dies_at(CALLS)
        };
        let request = Request::builder().method("POST").uri(path);
        let request = request.header("content-type", "application/json");
        let request = request.body(Body::from(body.to_string())).unwrap_or_default();
        let work = post.stack.refund.handle(&request);
        match run(format!("refund {path}"), dies_at, LIMIT, work).await {
            Ended::With(answer) => {
                let status = answer.status().as_u16();
                let mut world = world.lock();
                world.note(format_args!("{path} is answered with {status}"));
                world.tally.saw(&format!("{path} {status}"));
                if status < 500 {
                    return;
                }
            }
            Ended::Died => world.lock().died("refund"),
        }
        sleep(PAUSE).await;
    }
}

/// A call of a provider's API.
pub(crate) async fn call(world: Shared, call: Call) -> Exchange {
    let fate = person::fate();
    if fate == Fate::DiesBefore {
        person::die().await;
    }
    let (heard, takes) = {
        let mut world = world.lock();
        let now = world.now();
        let psp = if call.url.contains("/v2/") { Psp::Worldline } else { Psp::Lyra };
        world.note(format_args!("{}: {psp:?} is called: {}", person::name(), call.name));
        world.tally.saw("call of a provider");
        let heard = if world.happens(Chance::LosesCall) {
            Exchange::Unsent
        } else if world.happens(Chance::Breaks) {
            let kind = world.dice.how(Chance::Breaks, 0..BREAKS.len() as i64);
            let kind = BREAKS[usize::try_from(kind).unwrap_or(0)];
            world.note(format_args!("where this happens: {kind}"));
            world.psps.broken(psp, &call, kind, now)
        } else {
            world.psps.answer(&call, now)
        };
        let is_read = call.method == Method::Get || call.url.ends_with("/Get");
        let loses = if is_read { Chance::LosesReply } else { Chance::LosesEffect };
        let lost = world.happens(loses);
        world.collect();
        let takes = match world.happens(Chance::DelaysReply) {
            true => world.dice.how(Chance::DelaysReply, 1_000..25_000),
            false => world.dice.pace(20..200),
        };
        (if lost { Exchange::Lost } else { heard }, takes.min(MINUTE))
    };
    sleep(Duration::from_millis(takes.unsigned_abs())).await;
    if fate == Fate::DiesAfter {
        person::die().await;
    }
    heard
}
