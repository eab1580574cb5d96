//! Lets a process die at any step: before one of its writes, and before or after one of its calls. After a write is
//! before the next step.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use aws_sdk_dynamodb::config::http::HttpRequest;
use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use tokio::sync::Notify;

/// Steps that are left to a process.
#[derive(Clone, Debug)]
pub struct Gate(Arc<Steps>);

#[derive(Debug)]
struct Steps {
    left: AtomicI64,
    died: Notify,
    /// How many writers of desks have come, where they wait for each other.
    twins: Mutex<Option<u32>>,
    met: Condvar,
}

/// How long a writer waits for another.
const MEETING: Duration = Duration::from_millis(500);

impl Gate {
    /// As many as there are.
    pub fn open() -> Self {
        let (left, died) = (AtomicI64::new(i64::MAX), Notify::new());
        Self(Arc::new(Steps { left, died, twins: Mutex::default(), met: Condvar::new() }))
    }

    /// The process dies after so many steps.
    fn dies_after(&self, steps: i64) {
        self.0.left.store(steps, Ordering::SeqCst);
    }

    /// From now on two writers of desks wait for each other, and write at the same moment.
    pub fn lets_writers_meet(&self) {
        *self.0.twins.lock().unwrap() = Some(0);
    }

    fn meet(&self) {
        let mut twins = self.0.twins.lock().unwrap();
        let Some(come) = twins.as_mut() else { return };
        *come += 1;
        let own = *come;
        if own.is_multiple_of(2) {
            self.0.met.notify_all();
            return;
        }
        let is_alone = |twins: &mut Option<u32>| *twins == Some(own);
        let (mut twins, waited) = self.0.met.wait_timeout_while(twins, MEETING, is_alone).unwrap();
        if waited.timed_out() {
            *twins = Some(own + 1);
        }
    }

    /// What a process makes of a request that dies after so many steps; `None` where nobody hears of it.
    pub async fn dies_during<T>(&self, steps: i64, request: impl Future<Output = T>) -> Option<T> {
        self.dies_after(steps);
        let heard = tokio::select! {
            biased;
            () = self.died() => None,
            // What a dead process would have answered nobody hears.
            heard = request => Some(heard).filter(|_| !self.is_closed()),
        };
        self.lives();
        heard
    }

    /// A new process takes its place.
    fn lives(&self) {
        self.dies_after(i64::MAX);
    }

    /// Whether the process is still there for its next step. After its end it does nothing any more.
    pub fn passes(&self) -> bool {
        let is_alive = self.0.left.fetch_sub(1, Ordering::SeqCst) > 0;
        if !is_alive {
            self.0.died.notify_one();
        }
        is_alive
    }

    /// Whether the process has ended.
    fn is_closed(&self) -> bool {
        self.0.left.load(Ordering::SeqCst) < 0
    }

    fn pass_if(&self, is_step: bool) -> Result<(), BoxError> {
        if is_step && !self.passes() { Err("the process is dead".into()) } else { Ok(()) }
    }

    /// Waits for its end.
    async fn died(&self) {
        self.0.died.notified().await;
    }
}

impl Intercept for Gate {
    fn name(&self) -> &'static str {
        "gate"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request();
        let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default());
        if is_write(request) && body.contains("\"refunds:") {
            tokio::task::block_in_place(|| self.meet());
        }
        self.pass_if(is_write(request))
    }
}

/// What only reads changes nothing, and is no step.
fn is_write(request: &HttpRequest) -> bool {
    let target = request.headers().get("x-amz-target").unwrap_or("");
    target.ends_with("PutItem") || target.ends_with("UpdateItem")
}
