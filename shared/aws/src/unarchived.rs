//! What is archived with the first write of its order, whoever said it.

use quittance_core::OrderKey;

use crate::archive::supplement::HeardAnswer;
use crate::archive::{Archive, IncomingNotification};
use crate::error::StoreError;

/// What is to be archived once, before the order is written that has it: nothing is stored that cannot be rebuilt.
#[derive(Debug)]
pub struct Unarchived<'a> {
    archive: &'a Archive,
    raw: Option<Raw<'a>>,
}

/// What a provider said, as it came.
#[derive(Clone, Copy, Debug)]
enum Raw<'a> {
    Notification(&'a IncomingNotification<'a>),
    Answer(&'a HeardAnswer),
}

impl<'a> Unarchived<'a> {
    /// A notification.
    pub fn notification(archive: &'a Archive, raw: &'a IncomingNotification<'a>) -> Self {
        Self { archive, raw: Some(Raw::Notification(raw)) }
    }

    /// What was answered when it was asked for.
    pub fn answer(archive: &'a Archive, answer: &'a HeardAnswer) -> Self {
        Self { archive, raw: Some(Raw::Answer(answer)) }
    }

    /// Nothing: what is taken came out of the archive.
    pub fn nothing(archive: &'a Archive) -> Self {
        Self { archive, raw: None }
    }

    /// Archives it under its order, unless that is done.
    ///
    /// # Errors
    ///
    /// Those of [`Archive::keep`].
    pub async fn keep(&mut self, key: &OrderKey) -> Result<(), StoreError> {
        match self.raw {
            Some(Raw::Notification(raw)) => self.archive.keep(key, raw).await?,
            Some(Raw::Answer(answer)) => self.archive.keep_answer(key, answer).await?,
            None => {}
        }
        self.raw = None;
        Ok(())
    }
}
