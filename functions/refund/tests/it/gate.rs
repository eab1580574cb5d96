//! Lets a process die at any step: before or after one of its writes, or one of its calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use aws_sdk_dynamodb::config::interceptors::{
    BeforeDeserializationInterceptorContextMut, BeforeTransmitInterceptorContextMut,
};
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
        let target = context.request().headers().get("x-amz-target").unwrap_or("");
        let is_write = target.ends_with("PutItem") || target.ends_with("UpdateItem");
        if is_write && !self.passes() { Err("the process is dead".into()) } else { Ok(()) }
    }

    fn modify_before_deserialization(
        &self,
        _: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // A dead process reads nothing, and so has nothing to do next.
        if self.passes() { Ok(()) } else { Err("the process is dead".into()) }
    }
}
