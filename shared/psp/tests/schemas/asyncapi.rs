//! The fulfilment queue as AsyncAPI 3.0. Its own schemas are those of JSON Schema's draft 7.

use quittance_core::message::{
    CloudEvent, FULFILMENT_REQUESTED, ORDER_HELD, ORDER_STRANDED, REVERSAL_REQUESTED,
};
use quittance_core::schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use crate::book::{Book, OPEN};

/// The document.
pub(crate) fn document() -> Value {
    let mut book = Book::new(SchemaSettings::draft07);
    let event = book.answer::<CloudEvent>();
    let message = |kind: &str, title: &str, summary: &str| {
        json!({
            "name": kind,
            "title": title,
            "summary": summary,
            "contentType": "application/cloudevents+json",
            "payload": {"allOf": [event, {"properties": {"type": {"const": kind}}}]},
        })
    };
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Quittance: the fulfilment queue",
            "version": env!("CARGO_PKG_VERSION"),
            "description": format!(
                "What is told to whoever ships orders. Delivery is at least once, and a message's `id` is the same for ever. {OPEN}"
            ),
            "license": {"name": "MIT OR Apache-2.0"},
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": {
            "fulfilment": {
                "title": "The fulfilment queue",
                "address": "{stack}-fulfilment.fifo",
                "description": "An SQS FIFO queue. Message group: the order's key, percent-encoded as in a path, or its \
                                SHA-256 where that is longer than 128 bytes; of a notice, the same after `notice/`. Deduplication id: the message's `id`.",
                "parameters": {"stack": {"description": "The name of the stack.", "default": "quittance"}},
                "messages": {
                    "fulfilment_requested": {"$ref": "#/components/messages/fulfilment_requested"},
                    "reversal_requested": {"$ref": "#/components/messages/reversal_requested"},
                    "held": {"$ref": "#/components/messages/held"},
                    "stranded": {"$ref": "#/components/messages/stranded"},
                },
                "bindings": {
                    "sqs": {
                        "bindingVersion": "0.2.0",
                        "queue": {"name": "{stack}-fulfilment.fifo", "fifoQueue": true, "deduplicationScope": "queue"},
                    },
                },
            },
        },
        "operations": {
            "request": {
                "action": "send",
                "channel": {"$ref": "#/channels/fulfilment"},
                "summary": "Quittance asks for an order to be shipped, and tells what came back after that.",
            },
        },
        "components": {
            "messages": {
                "fulfilment_requested": message(FULFILMENT_REQUESTED, "An order is released", "The order may be shipped."),
                "reversal_requested": message(
                    REVERSAL_REQUESTED,
                    "Money went back",
                    "Money of an order was given back, or lost, after its release: the reversal in `data.reversals` with the \
                     message's `id`.",
                ),
                "held": message(
                    ORDER_HELD,
                    "An order is held",
                    "Where the stack sends notices: money of an order is taken, or may be, and the order is not released. `data.explanation` \
                     says why. Nothing is to be shipped.",
                ),
                "stranded": message(
                    ORDER_STRANDED,
                    "A voucher is stranded",
                    "Where the stack sends notices: a voucher of an order is taken, and the rest of the payment does not come. \
                     Nothing is to be shipped.",
                ),
            },
            "schemas": book.definitions(),
        },
    })
}
