//! What can go wrong between us and the engines.

use std::error::Error;
use std::fmt::Write;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemOutput};

/// The store or the queue did not do what was asked. The PSP is told to try again.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Other writers were faster for as long as they are waited out.
    #[error("another writer changed the order during every attempt to store it")]
    Contended,
    /// What is stored cannot be read back.
    #[error("stored item cannot be read: {0}")]
    Corrupt(String),
    /// The quarantine holds as much of this kind as it may.
    #[error("the quarantine has no room left for {room}")]
    Full {
        /// Whose room it is.
        room: String,
    },
    /// The index that gave the cursor of a list is gone: the list has to begin anew.
    #[error("the list goes on in an index that is gone")]
    StaleCursor,
    /// It is news without a signature, which counts only once the provider was asked.
    #[error("{order}: the message is not signed, and the provider cannot be asked")]
    Unasked {
        /// What it is about.
        order: String,
    },
    /// The engine refused, throttled or did not answer.
    #[error("{what}: {why}")]
    Unavailable {
        /// The call.
        what: &'static str,
        /// What the engine or the network said.
        why: String,
    },
}

impl StoreError {
    /// Wraps the error of an SDK call, with the error's code and its causes. Never with the answer itself,
    /// which the SDK's own `Debug` shows: it may be an order, or a secret. What could not be read of an
    /// answer is not quoted either.
    pub fn unavailable<E, R>(what: &'static str, error: &SdkError<E, R>) -> Self
    where
        E: Error + ProvideErrorMetadata + 'static,
        R: std::fmt::Debug + 'static,
    {
        let mut why = error.code().unwrap_or("no code").to_owned();
        // Writing to a String cannot fail.
        let _ = write!(why, ": {error}");
        // Without a code it is not the service that speaks, but whoever failed to read its answer.
        let unread = match error {
            SdkError::ResponseError(_) => true,
            SdkError::ServiceError(_) => error.code().is_none(),
            _ => false,
        };
        let mut cause = if unread { None } else { error.source() };
        while let Some(error) = cause {
            let _ = write!(why, ": {error}");
            cause = error.source();
        }
        Self::Unavailable { what, why }
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        Self::Corrupt(error.to_string())
    }
}

/// Whether a conditional write was made; `false` when its condition did not hold, which is an outcome
/// and no failure.
pub(crate) fn written(
    what: &'static str,
    result: Result<PutItemOutput, SdkError<PutItemError>>,
) -> Result<bool, StoreError> {
    let lost = PutItemError::is_conditional_check_failed_exception;
    match result {
        Ok(_) => Ok(true),
        Err(error) if error.as_service_error().is_some_and(lost) => Ok(false),
        Err(error) => Err(StoreError::unavailable(what, &error)),
    }
}
