//! Hands a notification that is kept to the function that received it, as an HTTP request like the first
//! one. What does not verify does not get in.

use lambda_http::http::{Method, Request, header};
use lambda_http::{Body, Response};
use quittance_aws::StoreError;
use quittance_aws::archive::Kept;
use quittance_aws::config::list;
use quittance_aws::http::MAX_ANSWER_CHARS;
use quittance_aws::receive::Receiver;
use quittance_aws::sources::Sources;
use quittance_core::Psp;
use quittance_core::crypto::sha256_hex;
use serde::Serialize;

use crate::keys::Rings;

/// What is said of a body that is not the one that came.
const DAMAGED: &str = "the kept body is not the one that came: its digest differs";

/// What is said of a message that no key verifies.
const REFUSED: &str = "no key verifies it. If its key was changed since, put the old key document into \
                       the PSP's variable and try again; else it is not genuine";

/// What is said of a message whose kept headers no request can have.
const BAD_HEADERS: &str = "its kept headers are none: the archived item was changed";

/// What is said of a message whose events are too many for one answer.
const UNCLEAR: &str = "the answer is too long to tell whether all of its events were taken";

/// What became of a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Became {
    /// News was stored.
    Stored,
    /// Everything in it was known.
    Known,
    /// It is about nothing that is tracked.
    Untracked,
    /// It cannot be understood, wholly or in part.
    Quarantined,
    /// The answer is too long to tell.
    Unclear,
    /// It does not verify, or is damaged. Nothing of it was read.
    Refused,
    /// It was not there any more, there are no keys for it, or the store did not take it.
    Failed,
}

/// What became of a notification, and the function's own words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Outcome {
    pub(crate) became: Became,
    pub(crate) answer: String,
}

/// The functions, with their keys.
pub(crate) struct Replayer {
    rings: Rings,
    extra_names: Vec<String>,
    receiver: Receiver,
}

impl Replayer {
    /// Into the tables of `receiver`.
    pub(crate) fn new(rings: Rings, receiver: Receiver) -> Self {
        Self { rings, extra_names: list("QUITTANCE_SYSTEMPAY_FIELDS"), receiver }
    }

    /// Takes a notification out of the archive once more. It is not archived again.
    pub(crate) async fn replay(&self, kept: &Kept) -> Result<Outcome, StoreError> {
        let receiver = self.receiver.replaying(kept.received_at);
        let archive = receiver.archive.clone();
        let mut outcome = self.hand(receiver, kept).await;
        if outcome.became == Became::Unclear {
            let there = archive.has_quarantined(kept.psp, &kept.sha256).await?;
            outcome.became = if there { Became::Quarantined } else { Became::Stored };
        }
        Ok(outcome)
    }

    /// Takes a notification that nobody could read before. It counts as arrived when it did, and is kept
    /// like any other.
    pub(crate) async fn take(&self, kept: &Kept) -> Outcome {
        let receiver = Receiver { arrived: Some(kept.received_at), ..self.receiver.clone() };
        let mut outcome = self.hand(receiver, kept).await;
        if outcome.became == Became::Unclear {
            outcome.answer = UNCLEAR.to_owned();
        }
        outcome
    }

    /// One that is damaged, or for which there are no keys, does not keep the others from being taken.
    async fn hand(&self, receiver: Receiver, kept: &Kept) -> Outcome {
        if sha256_hex(&kept.body) != kept.sha256 {
            return Outcome::new(Became::Refused, DAMAGED);
        }
        let Ok(request) = request(kept) else {
            return Outcome::new(Became::Refused, BAD_HEADERS);
        };
        let response = match kept.psp {
            Psp::Worldline => {
                let keys = self.rings.worldline.clone();
                worldline_webhook::Function { keys, receiver }.handle(&request).await
            }
            Psp::Lyra => {
                let keys = self.rings.lyra.clone();
                let extra_names = self.extra_names.clone();
                // From where it came was looked at when it did, and is not kept.
                let sources = Sources::Any;
                let function = systempay_ipn::Function { keys, sources, extra_names, receiver };
                function.handle(&request).await
            }
        };
        Outcome::of(kept.psp, &response)
    }
}

/// The request as it came, as far as it was kept.
fn request(kept: &Kept) -> Result<lambda_http::Request, lambda_http::http::Error> {
    let (path, media_type) = match kept.psp {
        Psp::Worldline => ("/webhooks/worldline", "application/json"),
        Psp::Lyra => ("/webhooks/systempay", "application/x-www-form-urlencoded"),
    };
    let mut request =
        Request::builder().method(Method::POST).uri(path).header(header::CONTENT_TYPE, media_type);
    for (name, value) in &kept.headers {
        request = request.header(name, value);
    }
    request.body(Body::Binary(kept.body.clone()))
}

impl Outcome {
    pub(crate) fn new(became: Became, answer: impl Into<String>) -> Self {
        Self { became, answer: answer.into() }
    }

    fn of(psp: Psp, response: &Response<Body>) -> Self {
        let body = String::from_utf8_lossy(response.body()).into_owned();
        match response.status().as_u16() {
            200 => Self::new(became(&body), body),
            401 => Self::new(Became::Refused, REFUSED),
            500 => {
                let why = format!("no usable keys of {}; see `keys check`", psp.as_str());
                Self::new(Became::Failed, why)
            }
            _ => Self::new(Became::Failed, body),
        }
    }

    /// Whether the notification got where it belongs.
    pub(crate) fn is_well(&self) -> bool {
        self.became.is_well()
    }
}

impl Became {
    /// Whether the notification got where it belongs.
    pub(crate) fn is_well(self) -> bool {
        matches!(self, Self::Stored | Self::Known | Self::Untracked)
    }
}

/// Reads a positive answer, which has one sentence for each event in the notification.
fn became(answer: &str) -> Became {
    const KEPT: &str = "KEPT in quarantine";
    if answer.starts_with(KEPT) || answer.contains(&format!("; {KEPT}")) {
        return Became::Quarantined;
    }
    if answer.chars().count() >= MAX_ANSWER_CHARS {
        return Became::Unclear;
    }
    let of_one = |sentence: &str| match sentence {
        known if known.ends_with("(already known)") => Became::Known,
        untracked if untracked.ends_with("is not tracked") => Became::Untracked,
        _ => Became::Stored,
    };
    answer.split("; OK ").map(of_one).min().unwrap_or(Became::Stored)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_about_several_events_says_the_news_and_what_was_not_understood() {
        for (answer, expected) in [
            ("OK CMD-1 captured 5.00 EUR", Became::Stored),
            ("OK CMD-1 pending; waiting for 5.00 EUR (already known)", Became::Known),
            ("OK a token is not tracked", Became::Untracked),
            ("OK A captured (already known); OK B captured", Became::Stored),
            ("OK A captured (already known); OK a token is not tracked", Became::Known),
            ("OK A captured; KEPT in quarantine: no amount", Became::Quarantined),
            ("KEPT in quarantine: no amount; OK A captured", Became::Quarantined),
            (&format!("OK A captured; {}", "x".repeat(512)), Became::Unclear),
        ] {
            assert_eq!(became(answer), expected, "{answer}");
        }
    }
}
