//! One run: the plan, the stream, the schedule and the queue, each at work beside the others until nothing moves any more.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use quittance_aws::ask::Wanted;
use quittance_aws::batch::{Batch, BatchResponse};
use quittance_aws::simulated;
use reconcile::ASKING;
use serde_json::json;
use tokio::time::sleep_until;

use crate::dice::{Chance, Hit};
use crate::fault::Fault;
use crate::plan::{CALM, DAY, FIRST_NIGHT, HOUR, MINUTE, Move};
use crate::psp::at;
use crate::ran::Ran;
use crate::sdk::count::Tally;
use crate::sdk::line::{CALLS, Line};
use crate::sdk::person::{Ended, run as person};
use crate::sdk::post::Post;
use crate::sdk::shop;
use crate::sdk::stack::Stack;
use crate::sdk::world::{Shared, World};

/// The roughest weather, in halves of the ordinary. A look of the schedule makes fifty calls: in rougher weather it seldom
/// comes to its end.
const ROUGHEST: u32 = 4;

/// When nothing is waited for any more: after the night in which accidents cease a look may be a day away, what it moves
/// becomes final in the night after, and that is seen a day later.
const END: i64 = 5 * DAY;

/// How often the schedule looks for what is due, where nothing is unsent: each minute would find the same, later.
const DUE_EVERY: i64 = 2 * HOUR;

/// Most records of one batch of the stream. (template.yaml, `BatchSize`)
const RECORDS: usize = 10;

/// How often a batch of the stream is brought again. (template.yaml, `MaximumRetryAttempts`)
const RETRIES: usize = 5;

/// How long the functions may run. (template.yaml, `Timeout`)
const DISPATCH: Duration = Duration::from_secs(60);
const RECONCILE: Duration = Duration::from_secs(50);
const CONSUMER: Duration = Duration::from_secs(30);

/// Most calls until each dies that dies.
const DISPATCH_CALLS: i64 = 12;
const RECONCILE_CALLS: i64 = 140;
const CONSUMER_CALLS: i64 = 6;

/// Most runs of the schedule: a dozen is usual.
const MOST_LOOKS: u32 = 1_000;

/// Runs a seed, without the accidents that are dropped.
pub(crate) fn run(seed: u64, fault: Fault, dropped: &BTreeSet<Hit>, tells: bool) -> Ran<Tally> {
    // Pauses, marks and the SDK's own waits are drawn from this thread's chance.
    fastrand::seed(seed);
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().expect("a runtime");
    let world = runtime.block_on(async {
        let _time = simulated::follow(at(0));
        let world = Shared::new(World::new(seed, fault, dropped, tells));
        lives(world.clone()).await;
        world
    });
    drop(runtime);
    let mut world = world.lock();
    let hits = world.dice.happened().to_vec();
    let trace = std::mem::replace(&mut world.trace, crate::trace::Trace::new(false));
    let (digest, lines) = (trace.digest(), trace.into_lines());
    let counts = world.tally.clone();
    let steps = counts.of(CALLS);
    Ran { digest, counts, hits, steps, wrong: world.wrong.clone(), lines }
}

async fn lives(world: Shared) {
    let providers = world.clone();
    let providers: simulated::Line =
        Arc::new(move |call| Box::pin(shop::call(providers.clone(), call)));
    let policy = world.lock().plan.policy;
    let stack = Arc::new(Stack::start(&Line(world.clone()), providers, policy).await);
    let post = Arc::new(Post::new(world.clone(), Arc::clone(&stack)));
    tokio::spawn(Arc::clone(&post).goes_on());
    tokio::spawn(stream(world.clone(), Arc::clone(&stack)));
    tokio::spawn(schedule(world.clone(), Arc::clone(&stack)));
    tokio::spawn(queue(world.clone(), stack));
    let agenda = agenda(&mut world.lock());
    for (at, does) in agenda {
        let moment = world.lock().moment(at);
        sleep_until(moment).await;
        match does {
            Some(does) => {
                tokio::spawn(shop::does(Arc::clone(&post), does));
            }
            None => night(&mut world.lock()),
        }
    }
    let end = world.lock().moment(END);
    sleep_until(end).await;
    world.lock().rests();
}

/// What the plan says, and the nights between, which are no move.
fn agenda(world: &mut World) -> Vec<(i64, Option<Move>)> {
    let weather = world.plan.weather.min(ROUGHEST);
    world.dice.set_weather(weather);
    let moves = world.plan.moves.clone().into_iter();
    let moves = moves.filter(|_| world.dice.hit(Chance::Move)).map(|(at, does)| (at, Some(does)));
    let nights = (0..).map(|night| (FIRST_NIGHT + night * DAY, None));
    let mut agenda: Vec<_> = moves.chain(nights.take_while(|(at, _)| *at < END)).collect();
    agenda.sort_by_key(|(at, _)| *at);
    agenda
}

fn night(world: &mut World) {
    world.note(format_args!("the night's batch"));
    let now = world.now();
    world.psps.batch(now);
    if now >= CALM {
        world.dice.set_weather(0);
        world.outages = [0; 3];
    }
    world.collect();
}

/// The table's stream at `dispatch`, for ever.
async fn stream(world: Shared, stack: Arc<Stack>) {
    let bells = Arc::clone(&world.lock().bells);
    loop {
        bells.stream.notified().await;
        let late = {
            let mut world = world.lock();
            match world.happens(Chance::DelaysBatch) {
                true => world.dice.how(Chance::DelaysBatch, 1_000..10 * MINUTE),
                false => world.dice.pace(20..400),
            }
        };
        tokio::time::sleep(Duration::from_millis(late.unsigned_abs())).await;
        loop {
            let mut batch: Vec<(u64, String)> = {
                let mut world = world.lock();
                let most = world.records.len().min(RECORDS);
                world.records.drain(..most).collect()
            };
            if batch.is_empty() {
                break;
            }
            let again = world.lock().happens(Chance::ReplaysBatch);
            if again {
                dispatch(&world, &stack, &batch).await;
            }
            for _ in 0..=RETRIES {
                match dispatch(&world, &stack, &batch).await {
                    Some(first) => batch = batch.split_off(first),
                    None => break,
                }
                tokio::time::sleep(Duration::from_secs(2)).await;
            }
        }
    }
}

/// One batch at `dispatch`. The place of the first record that is to be brought again.
async fn dispatch(world: &Shared, stack: &Stack, batch: &[(u64, String)]) -> Option<usize> {
    let record = |(number, pk): &(u64, String)| {
        json!({
            "eventName": "MODIFY",
            "dynamodb": {"Keys": {"pk": {"S": pk}}, "SequenceNumber": number.to_string()},
        })
    };
    let event = json!({"Records": batch.iter().map(record).collect::<Vec<_>>()});
    let event = serde_json::from_value(event).expect("a batch of the stream");
    let dies_at = world.lock().dies_at(DISPATCH_CALLS);
    match person("dispatch".to_owned(), dies_at, DISPATCH, stack.dispatch.handle(event)).await {
        Ended::Died => {
            world.lock().died("dispatch");
            Some(0)
        }
        Ended::With(response) => {
            let failed = failed(world, &response);
            batch.iter().position(|(number, _)| failed.contains(&number.to_string()))
        }
    }
}

/// What a function says that failed.
fn failed(world: &Shared, response: &BatchResponse) -> BTreeSet<String> {
    let mut world = world.lock();
    if world.fault == Fault::IgnoresFailures {
        return BTreeSet::new();
    }
    let failures = response.batch_item_failures.iter();
    let failed: BTreeSet<String> = failures.map(|one| one.item_identifier.clone()).collect();
    if !failed.is_empty() {
        world.tally.saw("batch failed in part");
    }
    failed
}

/// `reconcile` on its schedule, for ever, and where there is nothing to do not at all.
async fn schedule(world: Shared, stack: Arc<Stack>) {
    let bells = Arc::clone(&world.lock().bells);
    let mut looks = 0;
    loop {
        let next = world.lock().next_look();
        let Some(next) = next else {
            bells.schedule.notified().await;
            continue;
        };
        let is_rung = tokio::select! {
            biased;
            () = sleep_until(next) => false,
            () = bells.schedule.notified() => true,
        };
        if is_rung {
            continue;
        }
        let dies_at = {
            let mut world = world.lock();
            if world.happens(Chance::MissesRun) {
                continue;
            }
            looks += 1;
            if looks > MOST_LOOKS {
                world.check(Err("the schedule finds something to do for ever".to_owned()));
                return;
            }
            world.note(format_args!("the schedule looks"));
            world.tally.saw("look of the schedule");
            world.dies_at(RECONCILE_CALLS)
        };
        let work = stack.reconcile.handle(Wanted::Due, ASKING);
        match person("reconcile".to_owned(), dies_at, RECONCILE, work).await {
            Ended::With(Ok(report)) => world.lock().note(format_args!("it has seen: {report:?}")),
            Ended::With(Err(why)) => world.lock().note(format_args!("it fails: {why}")),
            Ended::Died => world.lock().died("reconcile"),
        }
    }
}

/// The queue at its consumer, for ever.
async fn queue(world: Shared, stack: Arc<Stack>) {
    let bells = Arc::clone(&world.lock().bells);
    loop {
        let (numbers, batch, next) = {
            let mut world = world.lock();
            let now = world.now();
            let (numbers, batch) = world.queue.receive(now);
            if let Some(number) = numbers.first()
                && world.happens(Chance::HandsOutTwice)
            {
                world.queue.show(*number);
            }
            let next = world.queue.next().map(|at| world.moment(at.max(now + 100)));
            (numbers, batch, next)
        };
        if !numbers.is_empty() {
            let batch = serde_json::from_value(batch).expect("a batch of the queue");
            tokio::spawn(consumes(world.clone(), Arc::clone(&stack), numbers, batch));
        }
        match next {
            Some(next) => tokio::select! {
                biased;
                () = bells.queue.notified() => {}
                () = sleep_until(next) => {}
            },
            None => bells.queue.notified().await,
        }
    }
}

async fn consumes(world: Shared, stack: Arc<Stack>, numbers: Vec<u64>, batch: Batch) {
    let (invocation, dies_at) = {
        let mut world = world.lock();
        world.runs += 1;
        let (id, now) = (format!("run-{}", world.runs), world.now());
        world.note(format_args!("the consumer gets {numbers:?}"));
        let invocation = example_fulfilment::Invocation { id, began: at(now) };
        (invocation, world.dies_at(CONSUMER_CALLS))
    };
    let work = stack.consumer.handle(&batch, &invocation);
    match person("consumer".to_owned(), dies_at, CONSUMER, work).await {
        Ended::Died => world.lock().died("consumer"),
        Ended::With(response) => {
            let failed = failed(&world, &response);
            let mut world = world.lock();
            let done = numbers.iter().filter(|number| !failed.contains(&number.to_string()));
            done.for_each(|number| world.queue.delete(*number));
            world.bells.queue.notify_one();
        }
    }
}

impl World {
    /// When the schedule looks next, as long as there is something to find.
    fn next_look(&self) -> Option<tokio::time::Instant> {
        if self.fault == Fault::NoSweep {
            return None;
        }
        let (now, every) = (self.now(), self.plan.sweeps_every);
        let due = self.stored.next_due().map(|due| (due.unix() - at(0).unix()) * 1_000);
        let (first, every) = match self.stored.unsent.is_empty() {
            true => (due?.max(now), every.max(DUE_EVERY)),
            false => (now, every),
        };
        Some(self.moment((first / every + 1) * every))
    }
}
