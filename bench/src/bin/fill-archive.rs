//! Fills the archive of a local stack with so many notifications, for a rehearsal of the size of a year:
//! `fill-archive 1000000`, with `AWS_ENDPOINT_URL_DYNAMODB` and the stack's region and credentials in the environment. Three
//! notifications of each order: a voucher and its card at Worldline and a cascade at Lyra, a third of them given back.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use quittance_aws::archive::{Archive, IncomingNotification};
use quittance_aws::{clients, clock};
use quittance_core::Reading;
use quittance_core::crypto::sha256_hex;
use quittance_core::provider::{Incoming, Options, Provider};
use quittance_psp::lyra::Lyra;
use quittance_psp::worldline::Worldline;
use quittance_testing::lyra::{Form, Share, uuid};
use quittance_testing::worldline::{Payment, refund};
use quittance_testing::{KEY_ID, SECRET, worldline_signature};

/// How many are written at once.
const WRITERS: usize = 16;

/// How many notifications an order has.
const OF_AN_ORDER: usize = 3;

/// The notifications of one order, in their order.
fn notifications(order: usize) -> (&'static dyn Provider, [String; OF_AN_ORDER]) {
    let reference = format!("FILL-{order}");
    if order.is_multiple_of(2) {
        let payment = |n: usize| format!("9{:09}", 2 * order + n);
        let share = |n, product, amount| {
            let id = format!("{}_0", payment(n));
            Payment::new(&reference, &id, product, 9, 10_000).acquired(amount).json()
        };
        let third = match order % 3 {
            0 => refund(&reference, &format!("{}_1", payment(1)), 8, 4_000),
            _ => share(1, 130, 4_000),
        };
        let events = [share(0, 5412, 6_000), share(1, 130, 4_000), third];
        return (&Worldline, events.map(|event| event.to_string()));
    }
    let id = format!("{:06}", order % 1_000_000);
    let (voucher, card) = (uuid(&[&reference, "1"]), uuid(&[&reference, "2"]));
    let share = |status| Share(&card, "CB", 4_000, status);
    let cascade = |status| {
        let shares = [Share(&voucher, "CVCO", 6_000, "CAPTURED"), share(status)];
        Form::cascade(&reference, &id, 10_000, status, &shares)
    };
    let back = uuid(&[&reference, "3"]);
    let third = match order % 3 {
        0 => Form::refund(&reference, &id, &back, "CB", 4_000, "CAPTURED"),
        _ => cascade("CAPTURED"),
    };
    let captured = Form::follow_up(&reference, &id, 2, "BATCH", share("CAPTURED"));
    let forms = [cascade("AUTHORISED"), captured, third];
    (&Lyra, forms.map(|form| form.body()))
}

async fn fill(archive: &Archive, order: usize) {
    let (provider, bodies) = notifications(order);
    let profile = provider.profile();
    let keys = provider.keys(profile.demo_keys).expect("the demo's keys");
    for body in bodies {
        let signature = worldline_signature(SECRET, body.as_bytes());
        let headers = [("x-gcs-signature", signature.as_str()), ("x-gcs-keyid", KEY_ID)];
        let headers: Vec<(&str, &[u8])> =
            headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
        let (body, arrived) = (body.as_bytes(), clock::now());
        let message = Incoming { headers: &headers, body, arrived };
        let received = keys.receive(&message, &Options::default()).expect("signed");
        let Some(Reading::Order(statement)) = received.readings.first() else {
            panic!("a notification of an order");
        };
        let headers = [("x-gcs-signature", signature.clone()), ("x-gcs-keyid", KEY_ID.to_owned())];
        let headers = headers.map(|(name, value)| (name.to_owned(), value));
        let raw = IncomingNotification {
            psp: profile.id,
            signed: &*received.signed,
            body,
            sha256: &sha256_hex(body),
            headers: headers.into(),
            received_at: arrived,
        };
        archive.keep(&statement.key, &raw).await.expect("the engine takes it");
    }
}

#[tokio::main]
async fn main() {
    let wanted: usize =
        std::env::args().nth(1).and_then(|n| n.parse().ok()).expect("how many notifications");
    let client = clients::dynamodb(&clients::sdk_config().await);
    let archive = Arc::new(Archive::new(client, "quittance-archive", Some(400)));
    let next = Arc::new(AtomicUsize::new(0));
    let writers = (0..WRITERS).map(|_| {
        let (archive, next) = (archive.clone(), next.clone());
        tokio::spawn(async move {
            loop {
                let order = next.fetch_add(1, Ordering::Relaxed);
                if order * OF_AN_ORDER >= wanted {
                    return;
                }
                fill(&archive, order).await;
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.expect("a writer ends well");
    }
}
