//! What a notification costs as an order grows, and as the table of a local stack does:
//! `cargo run --release -p quittance-bench --bin growth`.

#![allow(clippy::print_stdout, reason = "figures are what it is for")]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::Request;
use clap::Parser;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use quittance_bench::WORLDLINE_BYTES;
use quittance_bench::cloud::Cloud;
use quittance_bench::process::{cpu, environment, event, take};
use quittance_testing::lambda::Sandbox;
use quittance_testing::worldline::Payment;
use quittance_testing::{KEY_ID, SECRET, worldline_signature};

/// At how many facts of an order is looked.
const FACTS: [usize; 4] = [1, 10, 100, 300];

/// Orders that grow side by side, and the notifications around each place of [`FACTS`] that are measured.
const ORDERS: usize = 20;
const AROUND: usize = 5;

/// Notifications that are measured at each size of the table, one after the other.
const MEASURED: usize = 300;

/// How many write at once while the table is filled.
const WRITERS: usize = 8;

/// What a notification costs as an order, and the table of a local stack, grow.
#[derive(Parser)]
struct Arguments {
    /// Sizes of the local stack's table, in orders, each larger than the one before
    #[arg(long, value_delimiter = ',', default_values_t = [100, 1_000, 10_000, 100_000])]
    orders: Vec<usize>,
}

#[tokio::main]
async fn main() {
    let arguments = Arguments::parse();
    let folder = std::env::current_exe().ok().and_then(|path| path.parent().map(Path::to_owned));
    let folder = folder.expect("this program is in a folder");
    of_an_order(&folder.join("worldline-webhook")).await;
    of_a_table(&folder.join("quittance"), &arguments.orders).await;
}

/// A notification of another attempt to pay the order, which is refused.
fn attempt(order: usize, n: usize) -> String {
    let id = format!("{:010}_0", 4_000_000_000_u64 + (order * 1_000 + n) as u64);
    let payment = Payment::new(&format!("grows-{order}"), &id, 1, 2, 4_200);
    quittance_bench::padded(&payment.json().to_string(), WORLDLINE_BYTES)
}

/// An order that collects facts: each notification brings one.
async fn of_an_order(webhook: &Path) {
    println!(
        "| facts | CPU of a notification, us | write units | read units | bytes of the order |"
    );
    println!("|---|---|---|---|---|");
    let cloud = Cloud::start(&[]).await;
    let command = webhook.display().to_string();
    let environment = environment(&cloud);
    let environment: Vec<(&str, &str)> =
        environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut sandbox = Sandbox::start(&[&command], &environment).await;
    let mut at = 0;
    for facts in FACTS {
        let from = facts.saturating_sub(AROUND).max(at);
        for n in at..from {
            for order in 0..ORDERS {
                take(&mut sandbox, event(&attempt(order, n))).await;
            }
        }
        cloud.used();
        let bodies = (from..facts).flat_map(|n| (0..ORDERS).map(move |order| (order, n)));
        let events: Vec<String> = bodies.map(|(order, n)| event(&attempt(order, n))).collect();
        let each = events.len() as f64;
        let before = cpu(sandbox.pid());
        for event in events {
            take(&mut sandbox, event).await;
        }
        let spent = cpu(sandbox.pid()).saturating_sub(before);
        let used = cloud.used();
        println!(
            "| {facts} | {:.0} | {:.1} | {:.1} | {} |",
            spent.as_secs_f64() * 1e6 / each,
            used.units() / each,
            used.reads / each,
            cloud.largest_order(),
        );
        at = facts;
    }
    sandbox.end();
}

/// A local stack that keeps what it has, and is started again at each size.
async fn of_a_table(stack: &Path, sizes: &[usize]) {
    println!("\n| orders | start, ms | p50 of a notification, ms | p99, ms | of data, MB |");
    println!("|---|---|---|---|---|");
    let data = std::env::temp_dir().join(format!("quittance-growth-{}", std::process::id()));
    let mut has = 0;
    for size in sizes {
        let (child, url, _) = start(stack, &data);
        fill(&url, has, size - MEASURED.min(*size)).await;
        has = size - MEASURED.min(*size);
        end(child);
        let (child, url, started) = start(stack, &data);
        let client = client();
        let mut times = Vec::new();
        for n in has..*size {
            let began = Instant::now();
            post(&client, &url, n).await;
            times.push(began.elapsed());
        }
        has = *size;
        end(child);
        times.sort();
        let bytes = std::fs::metadata(data.join("quittance.db")).map_or(0, |file| file.len());
        let ms = |time: Duration| time.as_secs_f64() * 1_000.0;
        println!(
            "| {size} | {:.0} | {:.2} | {:.2} | {:.0} |",
            ms(started),
            ms(times[times.len() / 2]),
            ms(times[times.len() * 99 / 100]),
            bytes as f64 / 1e6,
        );
    }
    let _ = std::fs::remove_dir_all(&data);
}

/// Starts a stack. Returns it with its address and how long it took.
fn start(stack: &Path, data: &Path) -> (Child, String, Duration) {
    let began = Instant::now();
    let mut command = Command::new(stack);
    command.args(["--no-play", "--port", "0", "--dynamodb-port", "0", "--data"]).arg(data);
    let keys = serde_json::json!({KEY_ID: SECRET}).to_string();
    command.env("QUITTANCE_WORLDLINE_KEYS", keys).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("cargo build --release -p quittance");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let first = lines.next().and_then(Result::ok).unwrap_or_default();
    let started = began.elapsed();
    // What it says further must go somewhere.
    std::thread::spawn(move || lines.for_each(drop));
    let url = first.strip_prefix("listening on ").expect("an address").trim().to_owned();
    (child, url, started)
}

/// Ends it as a power cut would.
fn end(mut child: Child) {
    child.kill().and_then(|()| child.wait()).expect("it ends");
}

type Poster = Client<HttpConnector, Body>;

fn client() -> Poster {
    Client::builder(TokioExecutor::new()).build_http()
}

/// Orders of these numbers, by several at once.
async fn fill(url: &str, from: usize, to: usize) {
    let next = Arc::new(AtomicUsize::new(from));
    let writers = (0..WRITERS).map(|_| {
        let (next, url, client) = (Arc::clone(&next), url.to_owned(), client());
        tokio::spawn(async move {
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= to {
                    return;
                }
                post(&client, &url, n).await;
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.expect("a writer ends well");
    }
}

/// An order that is paid at once.
async fn post(client: &Poster, url: &str, n: usize) {
    let id = format!("{:010}_0", 3_000_000_000_u64 + n as u64);
    let payment = Payment::new(&format!("table-{n}"), &id, 1, 9, 4_200).acquired(Some(4_200));
    let body = quittance_bench::padded(&payment.json().to_string(), WORLDLINE_BYTES);
    let request = Request::post(format!("{url}/webhooks/worldline"))
        .header("content-type", "application/json")
        .header("x-gcs-keyid", KEY_ID)
        .header("x-gcs-signature", worldline_signature(SECRET, body.as_bytes()))
        .body(Body::from(body))
        .expect("a request");
    let answer = client.request(request).await.expect("an answer");
    assert!(answer.status().is_success(), "{}", answer.status());
}
