//! `quittance dlq`: messages that no consumer could handle, and the way back.
//!
//! SQS' own redrive task is not used: it runs on after the command has ended, and says neither which
//! messages it moved nor which it did not. Here each message is sent first and deleted after that, so
//! who is killed in between has it twice, which a consumer that remembers ids ignores.
//!
//! The deduplication id is the id of the dead message, as SQS gives it to what it moves into a dead-letter
//! queue. The one with which it was first sent would be taken for a repeat within five minutes: SQS would
//! accept it, not deliver it, and we would delete the only copy.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, Message, MessageSystemAttributeName,
    MessageSystemAttributeNameForSends, MessageSystemAttributeValue, QueueAttributeName,
};
use clap::{Args, Subcommand};
use quittance_aws::StoreError;
use quittance_core::Timestamp;
use quittance_core::message::CloudEvent;
use serde_json::{Value, json};

use crate::operate::context::{Common, Context};
use crate::operate::terminal::{clean, count, counter, rows, table, verdict};
use crate::output::{Failure, note, say};

/// Most messages in one call of SQS.
const BATCH: u8 = 10;

/// How long a message that is looked at stays hidden from others, if we die before we give it back.
const HIDDEN: Duration = Duration::from_secs(60);

/// How long SQS waits for messages before it says that there are none. Without waiting it asks only some
/// of its servers.
const WAIT_SECONDS: i32 = 1;

/// Look at messages that no consumer could handle, or that the shop did not take, and send them again
#[derive(Debug, Args)]
pub(crate) struct Dlq {
    #[command(flatten)]
    common: Common,
    /// Those that the shop did not take over HTTPS, and not those of the fulfilment queue
    #[arg(long, global = true)]
    shop: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List them
    List,
    /// Move them back to the queue that they came from; each is sent before it is deleted
    Redrive(Redrive),
}

#[derive(Debug, Args)]
struct Redrive {
    /// Only show what would be moved
    #[arg(long)]
    dry_run: bool,
}

/// A queue and its dead letters.
struct Queues {
    client: Client,
    live: String,
    dead: String,
}

/// Runs one of the commands.
pub(crate) async fn run(args: &Dlq) -> Result<ExitCode, Failure> {
    let context = Context::open(&args.common).await?;
    let queues = Queues::find(&context, args.shop).await?;
    match &args.command {
        Command::Redrive(args) if !args.dry_run => redrive(&context, &queues).await,
        Command::List | Command::Redrive(_) => {
            let messages = queues.peek().await?;
            list(&context, &queues, &messages).await
        }
    }
}

impl Queues {
    /// The dead-letter queue is the one that the queue names.
    async fn find(context: &Context, shop: bool) -> Result<Self, Failure> {
        let live = match shop {
            true => context.shop_queue_url().await?,
            false => context.queue_url().await?,
        };
        if !live.starts_with("http") {
            return Err(format!(
                "{live} is not an SQS queue, so it has no dead letters: name a deployed stack with --stack"
            ).into());
        }
        let client = context.sqs();
        let policy = attribute(&client, &live, QueueAttributeName::RedrivePolicy).await?;
        let policy: Value = serde_json::from_str(&policy.unwrap_or_default()).unwrap_or_default();
        let arn = policy["deadLetterTargetArn"].as_str();
        let name = arn.and_then(|arn| arn.rsplit(':').next());
        let name = name.ok_or_else(|| format!("{live} has no dead-letter queue"))?;
        let reply = client.get_queue_url().queue_name(name).send().await;
        let reply = reply.map_err(|e| StoreError::unavailable("find the dead-letter queue", &e))?;
        let dead = reply.queue_url.ok_or("a dead-letter queue without a URL")?;
        Ok(Self { client, live, dead })
    }

    /// The next messages, hidden from others for a while.
    async fn receive(&self) -> Result<Vec<Message>, StoreError> {
        let reply = self
            .client
            .receive_message()
            .queue_url(&self.dead)
            .max_number_of_messages(BATCH.into())
            .visibility_timeout(i32::try_from(HIDDEN.as_secs()).unwrap_or(i32::MAX))
            .wait_time_seconds(WAIT_SECONDS)
            .message_system_attribute_names(MessageSystemAttributeName::All)
            .message_attribute_names("All")
            .send()
            .await
            .map_err(|e| StoreError::unavailable("receive from the dead-letter queue", &e))?;
        Ok(reply.messages.unwrap_or_default())
    }

    /// What can be seen at once. Of one order SQS may show no more while some are looked at. It ends before
    /// the first ones can be seen again: with so many, they are a part of all.
    async fn peek(&self) -> Result<Vec<Message>, StoreError> {
        let bar = counter("reading");
        let began = Instant::now();
        let (mut found, mut ids) = (Vec::new(), BTreeSet::new());
        let result = loop {
            let batch = match self.receive().await {
                Ok(batch) => batch,
                Err(error) => break Err(error),
            };
            let ended = batch.is_empty() || batch.iter().any(|message| is_among(&ids, message));
            ids.extend(batch.iter().filter_map(|message| message.message_id.clone()));
            found.extend(batch);
            bar.set_position(ids.len() as u64);
            if ended || began.elapsed() > HIDDEN / 2 {
                break Ok(());
            }
        };
        bar.finish_and_clear();
        self.give_back(&found).await;
        result?;
        // One that was seen twice is one.
        found.retain(|message: &Message| {
            message.message_id.as_ref().is_none_or(|id| ids.remove(id))
        });
        Ok(found)
    }

    /// Lets others see messages at once. A failure is none of ours: SQS shows them again by itself.
    async fn give_back(&self, messages: &[Message]) {
        for batch in messages.chunks(BATCH.into()) {
            let entries = batch.iter().enumerate().filter_map(|(at, message)| {
                let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(at.to_string());
                let entry = entry.set_receipt_handle(message.receipt_handle.clone());
                entry.visibility_timeout(0).build().ok()
            });
            let request = self.client.change_message_visibility_batch().queue_url(&self.dead);
            // Nothing is lost: see above.
            let _ = request.set_entries(Some(entries.collect())).send().await;
        }
    }

    /// Sends a dead message anew, as it is. Returns the id that it has from now on.
    async fn send(&self, message: &Message) -> Result<Option<String>, StoreError> {
        let id = message.message_id.as_deref().unwrap_or_default();
        let group = system(message, &MessageSystemAttributeName::MessageGroupId);
        let mut request = self
            .client
            .send_message()
            .queue_url(&self.live)
            .message_body(message.body.as_deref().unwrap_or_default())
            .message_group_id(group)
            .message_deduplication_id(id)
            .set_message_attributes(message.message_attributes.clone());
        let trace = system(message, &MessageSystemAttributeName::AwsTraceHeader);
        if !trace.is_empty() {
            let value = MessageSystemAttributeValue::builder().data_type("String");
            let value = value.string_value(trace).build();
            let value = value.map_err(|error| StoreError::Corrupt(error.to_string()))?;
            let name = MessageSystemAttributeNameForSends::AwsTraceHeader;
            request = request.message_system_attributes(name, value);
        }
        let sent = request.send().await;
        let sent = sent.map_err(|e| StoreError::unavailable("send message", &e))?;
        Ok(sent.message_id)
    }

    async fn delete(&self, message: &Message) -> Result<(), StoreError> {
        let request = self.client.delete_message().queue_url(&self.dead);
        let deleted = request.set_receipt_handle(message.receipt_handle.clone()).send().await;
        deleted.map(|_| ()).map_err(|e| StoreError::unavailable("delete message", &e))
    }

    /// About how many there are.
    async fn depth(&self) -> Result<usize, StoreError> {
        use QueueAttributeName::{
            ApproximateNumberOfMessages as Visible, ApproximateNumberOfMessagesNotVisible as Hidden,
        };
        let mut depth = 0;
        for name in [Visible, Hidden] {
            let text = attribute(&self.client, &self.dead, name).await?;
            depth += text.and_then(|text| text.parse::<usize>().ok()).unwrap_or(0);
        }
        Ok(depth)
    }
}

async fn attribute(
    client: &Client,
    url: &str,
    name: QueueAttributeName,
) -> Result<Option<String>, StoreError> {
    let reply = client.get_queue_attributes().queue_url(url).attribute_names(name.clone()).send();
    let reply = reply.await.map_err(|e| StoreError::unavailable("read queue attributes", &e))?;
    Ok(reply.attributes.and_then(|mut attributes| attributes.remove(&name)))
}

fn system<'a>(message: &'a Message, name: &MessageSystemAttributeName) -> &'a str {
    message.attributes.as_ref().and_then(|all| all.get(name)).map_or("", String::as_str)
}

/// When the queue took it first.
fn sent_at(message: &Message) -> Option<Timestamp> {
    let millis: i64 = system(message, &MessageSystemAttributeName::SentTimestamp).parse().ok()?;
    Timestamp::from_unix(millis / 1000)
}

fn is_among(ids: &BTreeSet<String>, message: &Message) -> bool {
    message.message_id.as_ref().is_some_and(|id| ids.contains(id))
}

fn event(message: &Message) -> Option<CloudEvent> {
    serde_json::from_str(message.body.as_deref()?).ok()
}

async fn list(
    context: &Context,
    queues: &Queues,
    messages: &[Message],
) -> Result<ExitCode, Failure> {
    let depth = queues.depth().await?.max(messages.len());
    if context.json {
        let dead: Vec<Value> = messages.iter().map(as_json).collect();
        say(&json!({"messages": dead, "about": depth}).to_string());
        return Ok(ExitCode::SUCCESS);
    }
    let mut listed = table(["sent", "received", "order", "message", "id"]);
    for message in messages {
        let sent = sent_at(message).map_or_else(|| "?".to_owned(), |at| at.to_string());
        let times = system(message, &MessageSystemAttributeName::ApproximateReceiveCount);
        let group = clean(system(message, &MessageSystemAttributeName::MessageGroupId));
        let (kind, id) = match event(message) {
            Some(event) => (event.kind.rsplit('.').next().unwrap_or_default().to_owned(), event.id),
            None => ("not a message of Quittance".to_owned(), String::new()),
        };
        listed.add_row([sent, format!("{times} x"), group, clean(&kind), clean(&id)]);
    }
    rows(&listed, "no dead letters");
    if depth > messages.len() {
        note(&format!(
            "about {depth} in all; the list is incomplete: SQS hides messages of one order, and those that others read"
        ));
    }
    Ok(ExitCode::SUCCESS)
}

fn as_json(message: &Message) -> Value {
    let event = event(message);
    json!({
        "sent_at": sent_at(message), "message_id": message.message_id,
        "group": system(message, &MessageSystemAttributeName::MessageGroupId),
        "received": system(message, &MessageSystemAttributeName::ApproximateReceiveCount),
        "id": event.as_ref().map(|event| event.id.as_str()),
        "type": event.as_ref().map(|event| event.kind.as_str()),
        "subject": event.as_ref().map(|event| event.subject.as_str()),
    })
}

async fn redrive(context: &Context, queues: &Queues) -> Result<ExitCode, Failure> {
    let bar = counter("moving");
    let mut moved = BTreeSet::new();
    'all: loop {
        let batch = queues.receive().await?;
        if batch.is_empty() {
            break;
        }
        for message in batch {
            if is_among(&moved, &message) {
                // It died again while we worked: moving on would be a circle.
                queues.give_back(&[message]).await;
                break 'all;
            }
            moved.extend(queues.send(&message).await?);
            queues.delete(&message).await?;
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    let moved = moved.len();
    let left = queues.depth().await?;
    if context.json {
        say(&json!({"moved": moved, "left": left}).to_string());
    } else {
        say(&format!("{} moved", count(moved, "message")));
        if left > 0 {
            say(&format!("about {left} left, or not counted yet: look again in a minute"));
        }
    }
    Ok(verdict(left == 0))
}
