//! Lets a process die at any step: before one of its writes, and before or after one of its calls. After a write is
//! before the next step.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use aws_sdk_dynamodb::config::http::HttpRequest;
use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use tokio::sync::Notify;

/// Steps that are left to a process.
#[derive(Clone, Debug)]
pub(crate) struct Gate(Arc<Steps>);

#[derive(Debug)]
struct Steps {
    left: AtomicI64,
    died: Notify,
}

impl Gate {
    /// As many as there are.
    pub(crate) fn open() -> Self {
        Self(Arc::new(Steps { left: AtomicI64::new(i64::MAX), died: Notify::new() }))
    }

    /// The process dies after so many steps.
    pub(crate) fn dies_after(&self, steps: i64) {
        self.0.left.store(steps, Ordering::SeqCst);
    }

    /// A new process takes its place.
    pub(crate) fn lives(&self) {
        self.dies_after(i64::MAX);
    }

    /// Whether the process is still there for its next step. After its end it does nothing any more.
    pub(crate) fn passes(&self) -> bool {
        let is_alive = self.0.left.fetch_sub(1, Ordering::SeqCst) > 0;
        if !is_alive {
            self.0.died.notify_one();
        }
        is_alive
    }

    /// Whether the process has ended.
    pub(crate) fn is_closed(&self) -> bool {
        self.0.left.load(Ordering::SeqCst) < 0
    }

    fn pass_if(&self, is_step: bool) -> Result<(), BoxError> {
        if is_step && !self.passes() { Err("the process is dead".into()) } else { Ok(()) }
    }

    /// Waits for its end.
    pub(crate) async fn died(&self) {
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
        self.pass_if(is_write(context.request()))
    }
}

/// What only reads changes nothing, and is no step.
fn is_write(request: &HttpRequest) -> bool {
    let target = request.headers().get("x-amz-target").unwrap_or("");
    target.ends_with("PutItem") || target.ends_with("UpdateItem")
}
