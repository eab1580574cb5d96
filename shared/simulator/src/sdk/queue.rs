//! SQS, as far as it is used: a FIFO queue that takes messages over HTTP, and hands them out to a function.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::plan::MINUTE;

/// How long a group knows the id of a message, in milliseconds.
const KNOWS: i64 = 5 * MINUTE;

/// How long a message is hidden that somebody has in hand, in milliseconds. (template.yaml, `VisibilityTimeout`)
const HIDES: i64 = 3 * MINUTE;

/// Most messages of one batch. (template.yaml, `BatchSize`)
const BATCH: usize = 5;

/// A message that waits.
#[derive(Clone, Debug)]
struct Waiting {
    number: u64,
    body: String,
    group: String,
    hidden_until: i64,
    receives: u32,
}

/// A FIFO queue.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    waiting: Vec<Waiting>,
    /// By group and id.
    known_until: BTreeMap<(String, String), i64>,
    taken: u64,
}

impl Queue {
    /// Takes a message, unless its id was taken a little while ago. Whether it is taken.
    pub(crate) fn send(&mut self, message: &Value, now: i64) -> bool {
        let text = |name: &str| message[name].as_str().unwrap_or_default().to_owned();
        let id = (text("MessageGroupId"), text("MessageDeduplicationId"));
        if self.known_until.get(&id).is_some_and(|until| now < *until) {
            return false;
        }
        self.known_until.insert(id, now + KNOWS);
        self.taken += 1;
        self.waiting.push(Waiting {
            number: self.taken,
            body: text("MessageBody"),
            group: text("MessageGroupId"),
            hidden_until: 0,
            receives: 0,
        });
        true
    }

    /// The batch that is handed out next, as Lambda hands it over, with the numbers of its messages. While one of a
    /// group is in somebody's hand the others of it wait.
    pub(crate) fn receive(&mut self, now: i64) -> (Vec<u64>, Value) {
        let mut busy = Vec::new();
        let (mut numbers, mut records) = (Vec::new(), Vec::new());
        for waiting in &mut self.waiting {
            if waiting.hidden_until > now || busy.contains(&waiting.group) {
                busy.push(waiting.group.clone());
            } else if records.len() < BATCH {
                waiting.hidden_until = now + HIDES;
                waiting.receives += 1;
                numbers.push(waiting.number);
                records.push(json!({
                    "messageId": waiting.number.to_string(),
                    "receiptHandle": format!("{}-{}", waiting.number, waiting.receives),
                    "body": waiting.body,
                    "attributes": {
                        "MessageGroupId": waiting.group,
                        "ApproximateReceiveCount": waiting.receives.to_string(),
                    },
                    "eventSource": "aws:sqs",
                }));
            }
        }
        (numbers, json!({"Records": records}))
    }

    /// Lets a message be handed out again at once, as happens now and then.
    pub(crate) fn show(&mut self, number: u64) {
        self.waiting
            .iter_mut()
            .filter(|one| one.number == number)
            .for_each(|one| one.hidden_until = 0);
    }

    /// Whoever had it in hand is done with it.
    pub(crate) fn delete(&mut self, number: u64) {
        self.waiting.retain(|one| one.number != number);
    }

    /// When something can be handed out again.
    pub(crate) fn next(&self) -> Option<i64> {
        self.waiting.iter().map(|one| one.hidden_until).min()
    }
}
