//! Hands a notification that is kept to the webhook that received it, as an HTTP request like the first
//! one. What does not verify does not get in.

use lambda_http::Body;
use lambda_http::http::{Method, Request, header};
use quittance_aws::StoreError;
use quittance_aws::archive::{Archive, ArchiveKey, ArchivedNotification};
use quittance_aws::http::Answer;
use quittance_aws::receive::{Disposition, Receiver};
use quittance_aws::sources::Sources;
use quittance_aws::webhook::Webhook;
use quittance_core::crypto::sha256_hex;
use quittance_core::provider::Profile;
use serde::Serialize;

use crate::keys::Rings;

/// The answer where the archived body has another digest than the received one.
const DAMAGED: &str = "the archived body is not the one that was received: its digest differs";

/// What is said of a message that no key verifies.
const REFUSED: &str = "no key verifies it. If the key was changed since, put the old key document into \
                       the PSP's variable and try again; otherwise it is not genuine";

/// What is said of a message whose kept headers no request can have.
const BAD_HEADERS: &str = "the archived headers are not valid HTTP headers: the item was altered";

/// What is said of a message that was not stored.
const UNSTORED: &str = "not stored, try again";

/// What became of a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReplayStatus {
    /// News was stored.
    Stored,
    /// Everything in it was known.
    Known,
    /// It is about nothing that is tracked.
    Untracked,
    /// It cannot be understood, wholly or in part.
    Quarantined,
    /// It does not verify, or is damaged. Nothing of it was read.
    Refused,
    /// It was not there any more, there are no keys for it, or the store did not take it.
    Failed,
}

/// What became of a notification, and the sentences that tell of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct ReplayResult {
    pub(crate) became: ReplayStatus,
    pub(crate) answer: String,
    /// Why it stays in quarantine.
    #[serde(skip)]
    pub(crate) reason: Option<String>,
}

/// The webhooks, with their keys.
pub(crate) struct Replayer {
    rings: Rings,
    receiver: Receiver,
}

impl Replayer {
    /// Into the tables of `receiver`.
    pub(crate) fn new(rings: Rings, receiver: Receiver) -> Self {
        Self { rings, receiver }
    }

    /// Takes a notification out of the archive once more. It is not archived again.
    pub(crate) async fn replay(&self, kept: &ArchivedNotification) -> ReplayResult {
        self.hand(self.receiver.replaying(kept.received_at), kept).await
    }

    /// Takes what is kept there out of the archive once more. An error is one of the store: what is wrong with
    /// the notification itself is an outcome.
    pub(crate) async fn again(
        &self,
        archive: &Archive,
        place: &ArchiveKey,
    ) -> Result<ReplayResult, StoreError> {
        match archive.read(place).await {
            Ok(Some(kept)) => Ok(self.replay(&kept).await),
            Ok(None) => Ok(ReplayResult::new(ReplayStatus::Failed, "no longer in the archive")),
            Err(StoreError::Corrupt(why)) => Ok(ReplayResult::new(ReplayStatus::Refused, why)),
            Err(error) => Err(error),
        }
    }

    /// Takes a notification that nobody could read before. It counts as arrived when it did, and is kept
    /// like any other.
    pub(crate) async fn take(&self, kept: &ArchivedNotification) -> ReplayResult {
        let receiver = Receiver { arrived: Some(kept.received_at), ..self.receiver.clone() };
        self.hand(receiver, kept).await
    }

    /// One that is damaged, or for which there are no keys, does not keep the others from being taken.
    async fn hand(&self, receiver: Receiver, kept: &ArchivedNotification) -> ReplayResult {
        if sha256_hex(&kept.body) != kept.sha256 {
            return ReplayResult::new(ReplayStatus::Refused, DAMAGED);
        }
        let Some((provider, keys)) = self.rings.of(kept.psp) else {
            return ReplayResult::new(
                ReplayStatus::Failed,
                format!("no provider is called {}", kept.psp),
            );
        };
        let Ok(request) = request(kept, provider.profile()) else {
            return ReplayResult::new(ReplayStatus::Refused, BAD_HEADERS);
        };
        // From where it came was looked at when it did, and is not kept.
        let webhook =
            Webhook { sources: Sources::Any, ..Webhook::new(provider, keys.clone(), receiver) };
        match webhook.receive(&request).await {
            Ok(dispositions) => ReplayResult::of(&dispositions),
            Err(Answer::Refused) => ReplayResult::new(ReplayStatus::Refused, REFUSED),
            Err(Answer::Misconfigured) => {
                let why = format!("no usable keys for {}; see `keys check`", kept.psp);
                ReplayResult::new(ReplayStatus::Failed, why)
            }
            Err(_) => ReplayResult::new(ReplayStatus::Failed, UNSTORED),
        }
    }
}

/// The request as it came, as far as it was kept.
fn request(
    kept: &ArchivedNotification,
    profile: &Profile,
) -> Result<lambda_http::Request, lambda_http::http::Error> {
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(profile.route)
        .header(header::CONTENT_TYPE, profile.media_type);
    for (name, value) in &kept.headers {
        request = request.header(name, value);
    }
    request.body(Body::Binary(kept.body.clone()))
}

impl ReplayResult {
    pub(crate) fn new(became: ReplayStatus, answer: impl Into<String>) -> Self {
        Self { became, answer: answer.into(), reason: None }
    }

    /// Of several elements the one counts that a person has to know of: what was not understood, else news.
    fn of(dispositions: &[Disposition]) -> Self {
        let became = dispositions.iter().map(|disposition| match disposition {
            Disposition::Quarantined { .. } => (0, ReplayStatus::Quarantined),
            Disposition::Stored { .. } => (1, ReplayStatus::Stored),
            Disposition::Known { .. } => (2, ReplayStatus::Known),
            Disposition::Untracked { .. } => (3, ReplayStatus::Untracked),
        });
        let became = became.min().map_or(ReplayStatus::Untracked, |(_, became)| became);
        let sentences: Vec<String> = dispositions.iter().map(ToString::to_string).collect();
        let reasons: Vec<&str> = dispositions.iter().filter_map(Disposition::reason).collect();
        let reason = (!reasons.is_empty()).then(|| reasons.join("; "));
        Self { reason, ..Self::new(became, sentences.join("; ")) }
    }

    /// Whether the notification got where it belongs.
    pub(crate) fn is_well(&self) -> bool {
        self.became.is_well()
    }
}

impl ReplayStatus {
    /// Whether the notification got where it belongs.
    pub(crate) fn is_well(self) -> bool {
        matches!(self, Self::Stored | Self::Known | Self::Untracked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_events_what_was_not_understood_counts_and_else_the_news() {
        let headline = || "CMD-1 captured 5.00 EUR".to_owned();
        let stored = Disposition::Stored { headline: headline() };
        let known = Disposition::Known { headline: headline() };
        let untracked = Disposition::Untracked { about: "a token".to_owned() };
        let kept = Disposition::Quarantined { reason: "no amount".to_owned() };
        for (all, expected) in [
            (vec![&stored], ReplayStatus::Stored),
            (vec![&known], ReplayStatus::Known),
            (vec![&untracked], ReplayStatus::Untracked),
            (vec![&known, &stored], ReplayStatus::Stored),
            (vec![&known, &untracked], ReplayStatus::Known),
            (vec![&stored, &kept], ReplayStatus::Quarantined),
        ] {
            let all: Vec<Disposition> = all.into_iter().cloned().collect();
            assert_eq!(ReplayResult::of(&all).became, expected, "{all:?}");
        }
        // Whatever an order is called, its name is read by people alone.
        let headline = "A; KEPT in quarantine: x (already known) captured".to_owned();
        assert_eq!(
            ReplayResult::of(&[Disposition::Stored { headline }]).became,
            ReplayStatus::Stored
        );
    }
}
