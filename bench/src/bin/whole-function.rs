//! What a whole function costs, from outside: `cargo run --release -p quittance-bench --bin whole-function`. With `--write` the
//! tables go into docs/figures.md.
//!
//! A process of `worldline-webhook`, or of `dispatch`, is given signed events one at a time, as Lambda does; the tables are the
//! embedded engine in this process, which counts requests and capacity as DynamoDB does. Beside it: the bare calls of the
//! SDK that a first notification takes, and, where one is named, a peer.

#![allow(clippy::print_stdout, reason = "figures are what it is for")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use quittance_bench::cloud::{Cloud, ORDERS, Used};
use quittance_bench::process::{cpu, environment, event, of_threads, take};
use quittance_testing::lambda::Sandbox;
use quittance_testing::worldline::Payment;
use serde_json::json;

/// Most that a life of three notifications may take until the queue knows of it, and a first notification that releases: what
/// is the same on every machine.
const MOST: [(&str, f64); 10] = [
    ("requests of a first notification", 4.0),
    ("requests of a later one", 3.0),
    ("requests of a repetition", 1.0),
    ("requests of a first notification, 64 at once in one process", 4.0),
    ("requests of telling a release", 3.0),
    ("write units of one notification, told", 5.0),
    ("the same with the archive", 6.0),
    ("write units of three notifications, told", 9.0),
    ("the same with the archive, of three", 12.0),
    ("bytes of the order", 704.0),
];

/// Most bytes of a function's program, built with `--release`.
const MOST_BYTES: u64 = 12_000_000;

/// What valgrind counts of a first notification: by which tool, where in what it prints, and most of it. The bound is what it
/// took when the bound was set, and a tenth more for other compilers. Hashes run as software there.
const BY_VALGRIND: [(&str, &[&str], &str, u64); 2] = [
    (
        "instructions of a first notification",
        &["--tool=callgrind", "--callgrind-out-file=/dev/null"],
        "Collected : ",
        3_660_000,
    ),
    (
        "heap allocations of a first notification",
        &["--tool=memcheck", "--leak-check=no", "--undef-value-errors=no"],
        "total heap usage: ",
        2_350,
    ),
];

/// How many notifications a process is given at once, where it is given several: what Lambda's managed instances give at
/// most for each processor.
const AT_ONCE: usize = 64;

/// What a whole function costs.
#[derive(Parser)]
struct Arguments {
    /// How many first notifications are measured, after a tenth of as many
    #[arg(long, default_value_t = 1_000)]
    notifications: usize,
    /// How many processes are started to measure a start
    #[arg(long, default_value_t = 11)]
    starts: usize,
    /// Measure only what is the same on every machine, and fail where it is above its bound
    #[arg(long)]
    gate: bool,
    /// Write the tables into docs/figures.md
    #[arg(long, conflicts_with = "gate")]
    write: bool,
    /// The command of a peer that takes the same events, with its tables `payments:pk` and `idempotency:id`
    #[arg(long, num_args = 1.., allow_hyphen_values = true)]
    peer: Vec<String>,
}

/// A program with its environment.
struct Program<'a> {
    name: &'a str,
    command: Vec<String>,
    environment: Vec<(&'a str, String)>,
}

/// What first notifications cost.
struct Warm {
    start: Duration,
    cpu: Duration,
    half: Duration,
    most: Duration,
    memory: u64,
    used: Used,
    notifications: usize,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let folder = std::env::current_exe().ok().and_then(|path| path.parent().map(Path::to_owned));
    let folder = folder.expect("this program is in a folder");
    let programs = ["worldline-webhook", "dispatch", "bare"].map(|name| folder.join(name));
    if let Some(missing) = programs.iter().find(|program| !program.exists()) {
        println!(
            "{} is missing: cargo build --release -p worldline-webhook -p dispatch -p quittance-bench",
            missing.display()
        );
        return ExitCode::FAILURE;
    }
    let [webhook, dispatch, bare] = programs;
    let counted = counts(&webhook, &dispatch).await;
    let mut bounds = Bounds::default();
    for (what, most) in MOST {
        bounds.add(what, counted.get(what).copied().unwrap_or(f64::INFINITY), most);
    }
    if folder.ends_with("release") {
        for (what, program) in [("worldline-webhook", &webhook), ("dispatch", &dispatch)] {
            let bytes = fs::metadata(program).map_or(u64::MAX, |file| file.len());
            bounds.add(&format!("bytes of `{what}`"), bytes as f64, MOST_BYTES as f64);
        }
        for (what, tool, before, most) in BY_VALGRIND {
            if let Some(found) = by_valgrind(&webhook, tool, before).await {
                bounds.add(what, found as f64, most as f64);
            }
        }
    }
    print!("{}", bounds.table);
    if !arguments.gate {
        let compared = compare(&arguments, &webhook, &bare).await;
        print!("\n{compared}");
        if arguments.write {
            write("a whole function", &compared);
            write("what is the same on every machine", &bounds.table);
        }
    }
    if bounds.is_over { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// What is the same on every machine, beside its bounds.
struct Bounds {
    table: String,
    is_over: bool,
}

impl Default for Bounds {
    fn default() -> Self {
        let table = "| the same on every machine | found | at most |\n|---|---|---|\n".to_owned();
        Self { table, is_over: false }
    }
}

impl Bounds {
    fn add(&mut self, what: &str, found: f64, most: f64) {
        let over = if found > most { " **too much**" } else { "" };
        self.is_over |= found > most;
        self.table += &format!("| {what} | {found}{over} | {most} |\n");
    }
}

/// Puts a table of this name into docs/figures.md.
fn write(name: &str, table: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/figures.md");
    let text = fs::read_to_string(&path).expect("docs/figures.md");
    let (begin, end) = (format!("<!-- begin: {name} -->\n"), "<!-- end -->");
    let (before, rest) = text.split_once(&begin).expect("where the table begins");
    let (_, after) = rest.split_once(end).expect("where the table ends");
    fs::write(path, format!("{before}{begin}{table}{end}{after}")).expect("docs/figures.md");
}

/// What is told of a payment in a status.
fn notification(n: usize, code: u64) -> String {
    let payment = Payment::new(
        &format!("order-{n}"),
        &format!("{:010}_0", 3_000_000_000 + n),
        1,
        code,
        4_200,
    );
    let acquired = (code == 9).then_some(4_200);
    quittance_bench::padded(
        &payment.acquired(acquired).json().to_string(),
        quittance_bench::WORLDLINE_BYTES,
    )
}

impl Program<'_> {
    async fn start(&self) -> Sandbox {
        let command: Vec<&str> = self.command.iter().map(String::as_str).collect();
        let environment: Vec<(&str, &str)> =
            self.environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
        Sandbox::start(&command, &environment).await
    }
}

fn program<'a>(name: &'a str, path: &Path, cloud: &Cloud) -> Program<'a> {
    Program { name, command: vec![path.display().to_string()], environment: environment(cloud) }
}

/// The same where Lambda gives a process several notifications at once.
fn crowded<'a>(path: &Path, cloud: &Cloud) -> Program<'a> {
    let mut program = program("64 at once", path, cloud);
    program.environment.push(("AWS_LAMBDA_MAX_CONCURRENCY", AT_ONCE.to_string()));
    program
}

/// Requests, write units and bytes of lives that end with a release that is told.
async fn counts(webhook_path: &Path, dispatch: &Path) -> BTreeMap<&'static str, f64> {
    let cloud = Cloud::start(&[]).await;
    let mut webhook = program("webhook", webhook_path, &cloud).start().await;
    let mut dispatch = program("dispatch", dispatch, &cloud).start().await;
    let mut found = BTreeMap::new();
    cloud.used();

    let orders = |used: &Used| used.writes.get(ORDERS).copied().unwrap_or(0.0);
    let (mut of_orders, mut of_all) = (0.0, 0.0);
    for (code, what) in [
        (51, "requests of a first notification"),
        (5, "requests of a later one"),
        (9, "requests of a later one"),
    ] {
        take(&mut webhook, event(&notification(1, code))).await;
        let used = cloud.used();
        found.insert(what, f64::from(used.calls()));
        of_orders += orders(&used);
        of_all += used.units();
    }
    take(&mut webhook, event(&notification(1, 9))).await;
    found.insert("requests of a repetition", f64::from(cloud.used().calls()));
    let used = tell(&cloud, &mut dispatch, 1).await;
    found.insert("requests of telling a release", f64::from(used.calls()));
    found.insert("write units of three notifications, told", of_orders + orders(&used));
    found.insert("the same with the archive, of three", of_all + used.units());

    take(&mut webhook, event(&notification(2, 9))).await;
    let used = cloud.used();
    let told = tell(&cloud, &mut dispatch, 2).await;
    found.insert("write units of one notification, told", orders(&used) + orders(&told));
    found.insert("the same with the archive", used.units() + told.units());
    found.insert("bytes of the order", cloud.largest_order() as f64);
    webhook.end();
    dispatch.end();

    let mut crowded = crowded(webhook_path, &cloud).start().await;
    let events: Vec<String> =
        (0..AT_ONCE * 4).map(|n| event(&notification(1_000 + n, 9))).collect();
    cloud.used();
    let (each, answers) = (events.len() as f64, crowded.invoke_at_once(events).await);
    assert!(answers.iter().all(|answer| answer["statusCode"] == 200), "{answers:?}");
    let calls = f64::from(cloud.used().calls());
    found.insert("requests of a first notification, 64 at once in one process", calls / each);
    crowded.end();
    found
}

/// Gives `dispatch` the record of an order's change, as the stream does.
async fn tell(cloud: &Cloud, dispatch: &mut Sandbox, n: usize) -> Used {
    let key = json!({"pk": {"S": format!("worldline/DemoMerchant/test/order-{n}")}});
    let change = json!({"SequenceNumber": n.to_string(), "Keys": key});
    let record = json!({"eventName": "MODIFY", "eventSource": "aws:dynamodb", "dynamodb": change});
    let answer = dispatch.invoke(json!({"Records": [record]}).to_string()).await;
    assert_eq!(answer["batchItemFailures"], json!([]), "{answer}");
    let used = cloud.used();
    assert_eq!(used.messages, 1, "{used:?}");
    used
}

/// What valgrind counts of a first notification, as the number behind `before` in what it prints. `None` without valgrind.
async fn by_valgrind(webhook: &Path, tool: &[&str], before: &str) -> Option<u64> {
    if std::process::Command::new("valgrind").arg("--version").output().is_err() {
        println!("no valgrind: its counts are left out");
        return None;
    }
    let mut totals = Vec::new();
    // Both runs start once, so that their difference has no start in it.
    for notifications in [20, 120] {
        let cloud = Cloud::start(&[]).await;
        let command = ["valgrind"].iter().chain(tool).map(ToString::to_string);
        let program = Program {
            name: "valgrind",
            command: command.chain([webhook.display().to_string()]).collect(),
            environment: environment(&cloud),
        };
        let mut sandbox = program.start().await;
        for n in 0..notifications {
            take(&mut sandbox, event(&notification(n, 9))).await;
        }
        let output = sandbox.end();
        let total = output.lines().find_map(|line| line.split(before).nth(1)).expect("a count");
        let digits: String = total
            .chars()
            .take_while(|c| c.is_ascii_digit() || *c == ',')
            .filter(char::is_ascii_digit)
            .collect();
        totals.push(digits.parse::<u64>().expect("a count"));
    }
    Some((totals[1] - totals[0]) / 100)
}

/// The function beside programs that do less, and beside a peer, as a table.
async fn compare(arguments: &Arguments, webhook: &Path, bare: &Path) -> String {
    let cloud = Cloud::start(&[("payments", "pk"), ("idempotency", "id")]).await;
    let mut programs = vec![program("`worldline-webhook`", webhook, &cloud)];
    for (name, calls) in [
        ("an empty handler", "none"),
        ("the same with the four calls of the SDK that a first notification takes", "first"),
    ] {
        let mut program = program(name, bare, &cloud);
        program.environment.push(("BARE_CALLS", calls.to_owned()));
        programs.push(program);
    }
    if !arguments.peer.is_empty() {
        let command = arguments.peer.clone();
        let name = "a peer in Node, which keeps no raw notification";
        programs.push(Program { name, command, environment: environment(&cloud) });
    }
    let mut from = 10;
    let mut rows = Vec::new();
    for program in &programs {
        rows.push((program.name, warm(program, &cloud, arguments, from).await));
        from += arguments.notifications * 2;
    }
    let (spent, waits) = together(&crowded(webhook, &cloud), arguments, from).await;
    let ours = &rows[0].1;
    let mut table = "| | start, ms | processor time of a notification, us | p50, ms | p99, ms | memory, MB | requests | write units | processor \
                     time, ours is 1 | p50, ours is 1 |\n|---|---|---|---|---|---|---|---|---|---|\n"
        .to_owned();
    let ms = |time: Duration| time.as_secs_f64() * 1_000.0;
    for (name, row) in &rows {
        let each = row.notifications as f64;
        table += &format!(
            "| {name} | {:.1} | {:.0} | {:.2} | {:.2} | {:.1} | {:.2} | {:.2} | {:.2} | {:.2} |\n",
            ms(row.start),
            row.cpu.as_secs_f64() * 1e6 / each,
            ms(row.half),
            ms(row.most),
            row.memory as f64 / 1024.0,
            f64::from(row.used.calls()) / each,
            row.used.units().max(0.0) / each,
            row.cpu.as_secs_f64() / ours.cpu.as_secs_f64() * ours.notifications as f64 / each,
            ms(row.half) / ms(ours.half),
        );
    }
    table += &format!(
        "\n64 at once in one process: {spent:.0} us of processor time for each, {waits:.2} waits of its threads for the network or a \
         lock.\n"
    );
    table
}

/// First notifications, each of an order of its own, that release it.
async fn warm(program: &Program<'_>, cloud: &Cloud, arguments: &Arguments, from: usize) -> Warm {
    let mut starts = Vec::new();
    for _ in 1..arguments.starts {
        let sandbox = program.start().await;
        starts.push(sandbox.ready_after);
        sandbox.end();
    }
    let mut sandbox = program.start().await;
    starts.push(sandbox.ready_after);
    starts.sort();
    let before = arguments.notifications / 10;
    let events: Vec<String> =
        (0..before + arguments.notifications).map(|n| event(&notification(from + n, 9))).collect();
    let mut times = Vec::new();
    let mut spent = Duration::ZERO;
    for (n, event) in events.into_iter().enumerate() {
        if n == before {
            cloud.used();
            spent = cpu(sandbox.pid());
        }
        let began = Instant::now();
        take(&mut sandbox, event).await;
        if n >= before {
            times.push(began.elapsed());
        }
    }
    times.sort();
    let (cpu, memory) = (cpu(sandbox.pid()).saturating_sub(spent), memory(sandbox.pid()));
    sandbox.end();
    Warm {
        start: starts[starts.len() / 2],
        cpu,
        half: times[times.len() / 2],
        most: times[times.len() * 99 / 100],
        memory,
        used: cloud.used(),
        notifications: times.len(),
    }
}

/// First notifications, 64 at once in one process: processor time of each in microseconds, and how often a thread of the process gave
/// up its processor for each by waiting for something, which is the network or a lock.
async fn together(program: &Program<'_>, arguments: &Arguments, from: usize) -> (f64, f64) {
    let mut sandbox = program.start().await;
    let events = |from: usize, to: usize| -> Vec<String> {
        (from..to).map(|n| event(&notification(n, 9))).collect()
    };
    sandbox.invoke_at_once(events(from, from + AT_ONCE)).await;
    let (before, from) = (cpu(sandbox.pid()), from + AT_ONCE);
    let waited = waits(sandbox.pid());
    let events = events(from, from + arguments.notifications);
    let each = events.len() as f64;
    let answers = sandbox.invoke_at_once(events).await;
    assert!(answers.iter().all(|answer| answer["statusCode"] == 200), "{answers:?}");
    let spent = cpu(sandbox.pid()).saturating_sub(before).as_secs_f64() * 1e6;
    let waited = waits(sandbox.pid()).saturating_sub(waited) as f64;
    sandbox.end();
    (spent / each, waited / each)
}

/// How often threads of a process gave up their processor by themselves.
fn waits(pid: u32) -> u64 {
    of_threads(pid, "status", |text| {
        let line = text.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
        line.trim().parse().ok()
    })
}

/// The most memory that a process has taken, in KiB.
fn memory(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    most.and_then(|most| most.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
