//! What happens in the local stack, as it happens: its log, kept for whoever listens. See `quittance listen`.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lambda_http::tracing::field::{Field, Visit};
use lambda_http::tracing::subscriber::Layer;
use lambda_http::tracing::subscriber::layer::Context;
use lambda_http::tracing::{Event, Subscriber};
use quittance_aws::clock::now;
use serde_json::{Map, Value, json};
use tokio::sync::Notify;

/// Most events that are kept for somebody who listens later.
const MAX_KEPT: usize = 2_000;

/// How long a listener waits for the next event before he is answered with none.
const PATIENCE: Duration = Duration::from_secs(20);

/// The feed of this process.
pub(crate) static FEED: LazyLock<Feed> = LazyLock::new(Feed::default);

/// The newest events, numbered from 1.
#[derive(Default)]
pub(crate) struct Feed {
    kept: Mutex<VecDeque<(u64, Value)>>,
    came: Notify,
}

impl Feed {
    fn kept(&self) -> MutexGuard<'_, VecDeque<(u64, Value)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, mut event: Map<String, Value>) {
        let mut kept = self.kept();
        let number = kept.back().map_or(0, |(number, _)| *number) + 1;
        event.insert("number".to_owned(), number.into());
        kept.push_back((number, Value::Object(event)));
        if kept.len() > MAX_KEPT {
            kept.pop_front();
        }
        drop(kept);
        self.came.notify_waiters();
    }

    /// Adds what the log does not have.
    pub(crate) fn tell(&self, message: &str, fields: &[(&str, Value)]) {
        let mut event: Map<String, Value> =
            fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        event.extend([("message".to_owned(), json!(message)), ("level".to_owned(), json!("info"))]);
        event.insert("at".to_owned(), json!(now()));
        self.push(event);
    }

    /// The number of the last event.
    pub(crate) fn last(&self) -> u64 {
        self.kept().back().map_or(0, |(number, _)| *number)
    }

    /// The events after this one; where there are none, the next that come soon.
    pub(crate) async fn after(&self, number: u64) -> Vec<Value> {
        let newer = || -> Vec<Value> {
            let kept = self.kept();
            kept.iter()
                .filter(|(known, _)| *known > number)
                .map(|(_, event)| event.clone())
                .collect()
        };
        let came = self.came.notified();
        tokio::pin!(came);
        // Before the look, so that what comes in between is not missed.
        came.as_mut().enable();
        let known = newer();
        if !known.is_empty() {
            return known;
        }
        let _ = tokio::time::timeout(PATIENCE, came).await;
        newer()
    }
}

/// Keeps what our own code logs.
pub(crate) struct FeedLayer;

impl<S: Subscriber> Layer<S> for FeedLayer {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields(Map::new());
        event.record(&mut fields);
        let Fields(mut fields) = fields;
        fields.insert("at".to_owned(), json!(now()));
        fields.insert("level".to_owned(), event.metadata().level().as_str().to_lowercase().into());
        FEED.push(fields);
    }
}

struct Fields(Map<String, Value>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_listener_gets_what_comes_after_what_he_knows() {
        let feed = Feed::default();
        let event = |name: &str| Map::from_iter([("message".to_owned(), Value::from(name))]);
        feed.push(event("a"));
        feed.push(event("b"));
        let names = |events: Vec<Value>| -> Vec<String> {
            events.iter().map(|event| event["message"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(names(feed.after(0).await), ["a", "b"]);
        assert_eq!(names(feed.after(1).await), ["b"]);
        assert_eq!(feed.last(), 2);
        let (next, ()) = tokio::join!(feed.after(2), async { feed.push(event("c")) });
        assert_eq!(names(next), ["c"]);
        for _ in 0..MAX_KEPT {
            feed.push(event("more"));
        }
        assert_eq!(feed.after(0).await.len(), MAX_KEPT);
    }
}
