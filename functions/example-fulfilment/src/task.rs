//! What a message asks for. Whatever is not understood to the end is an error: it is tried again, and ends
//! in the dead-letter queue, where a person sees it. Nothing is dropped.

use quittance_core::message::{CloudEvent, FULFILMENT_REQUESTED, REVERSAL_REQUESTED};
use quittance_core::notice::Notice;
use quittance_core::release::Reversal;
use quittance_core::{Mode, State};

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task<'a> {
    /// Ship the order.
    Ship,
    /// Money of an order that was released went back to the buyer.
    TakeBack(&'a Reversal),
    /// The order waits for a person, who may be written to here. Nothing is shipped, and the order may have been released
    /// since. Such a message comes only where the stack is told to send them.
    LookAt,
    /// A payment of the PSP's test platform: remembered, and nothing is shipped.
    OnlyATest,
    /// Released, but the money had gone back, or was lost, before the message was written: nothing is
    /// shipped. The reversals follow.
    Withdrawn,
}

/// Why a message cannot be acted on. Says where, and quotes nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadMessage {
    /// Quittance did not write it.
    #[error("not a message of the fulfilment queue (line {line}, column {column})")]
    Unreadable {
        /// Where reading stopped.
        line: usize,
        /// Where in that line.
        column: usize,
    },
    /// A type that this consumer does not know: a newer Quittance may send it.
    #[error("unknown type of message")]
    UnknownType,
    /// Its parts say different things.
    #[error("the message contradicts itself: {0}")]
    Contradictory(&'static str),
}

/// Reads the body of a queue's message.
pub fn read(body: &str) -> Result<CloudEvent, BadMessage> {
    serde_json::from_str(body)
        .map_err(|error| BadMessage::Unreadable { line: error.line(), column: error.column() })
}

/// What a message asks for.
pub fn task(message: &CloudEvent) -> Result<Task<'_>, BadMessage> {
    let order = &message.data;
    let source =
        format!("/quittance/{}/{}/{}", order.psp.as_str(), order.merchant, order.mode.as_str());
    let agree =
        |holds: bool, what| if holds { Ok(()) } else { Err(BadMessage::Contradictory(what)) };
    agree(message.specversion == "1.0", "specversion")?;
    agree(message.source == source, "source and order")?;
    agree(message.subject == order.order, "subject and order")?;
    agree(!message.id.is_empty(), "no id")?;
    let task = match message.kind.as_str() {
        FULFILMENT_REQUESTED => {
            let id = order.fulfilment.as_ref().map(|fulfilment| &fulfilment.id);
            agree(id == Some(&message.id), "id and fulfilment")?;
            match order.state {
                State::Refunded
                | State::ChargedBack
                | State::Cancelled
                | State::Refused
                | State::Expired => Task::Withdrawn,
                State::Pending
                | State::Authorised
                | State::PartiallyCaptured
                | State::Captured
                | State::PartiallyRefunded => Task::Ship,
            }
        }
        REVERSAL_REQUESTED => {
            let reversal = order.reversals.iter().find(|reversal| reversal.id == message.id);
            Task::TakeBack(reversal.ok_or(BadMessage::Contradictory("id and reversals"))?)
        }
        kind if Notice::is_one(kind) => Task::LookAt,
        _ => return Err(BadMessage::UnknownType),
    };
    Ok(if order.mode == Mode::Test { Task::OnlyATest } else { task })
}
