//! How a call went. The gateway says so in the envelope around its answer, and hardly ever by the HTTP status.
//! (lyra.md 13.1)

use quittance_core::api::{Exchange, MAX_ANSWER_BYTES, Trouble, TroubleKind};
use quittance_core::key::{Account, Mode};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::errors::Sense;
use crate::text::{Hint, Text};

/// How a call went.
#[derive(Debug)]
pub(super) enum Heard<'e> {
    /// The gateway says that it did as it was told. This is its answer.
    Success(&'e RawValue),
    /// The gateway says no.
    Failure(Failure),
    /// Nothing was sent.
    Unsent,
    /// It may have arrived, and no answer came, or one of something in between.
    Lost,
    /// There is an answer that is not the gateway's to this call.
    Garbled(Trouble),
}

/// An error of the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) sense: Sense,
    /// Its codes, as people are told.
    codes: String,
}

impl Failure {
    /// What it means, with the codes.
    pub(super) fn why(&self) -> String {
        format!("{} ({})", self.sense.words(), self.codes)
    }
}

/// A trouble of this kind.
pub(super) fn trouble(kind: TroubleKind, why: impl Into<String>) -> Trouble {
    Trouble { kind, why: why.into() }
}

/// The gateway's word for a mode.
pub(super) fn word(mode: Mode) -> &'static str {
    match mode {
        Mode::Test => "TEST",
        Mode::Production => "PRODUCTION",
    }
}

/// The statuses under which the gateway answers. (lyra.md 13.1)
const ANSWERED: [u16; 2] = [200, 401];

/// How the call of this service ended.
pub(super) fn heard<'e>(exchange: &'e Exchange, service: &str, account: &Account) -> Heard<'e> {
    let (status, body) = match exchange {
        Exchange::Answered { status, body } => (*status, body),
        Exchange::Unsent => return Heard::Unsent,
        Exchange::Lost => return Heard::Lost,
    };
    if !ANSWERED.contains(&status) {
        return Heard::Lost;
    }
    let garbled = |why: &str| Heard::Garbled(trouble(TroubleKind::Garbled, why));
    if body.len() > MAX_ANSWER_BYTES {
        return garbled("the answer is larger than any that is expected");
    }
    let Ok(envelope) = serde_json::from_slice::<Envelope<'_>>(body) else {
        if status == 401 {
            let codes = "HTTP 401".to_owned();
            return Heard::Failure(Failure { sense: Sense::Credentials, codes });
        }
        return garbled("the answer is not the JSON that is documented");
    };
    match (envelope.status.as_deref(), envelope.answer) {
        (Some("ERROR"), Some(answer)) => {
            let Some(failure) = failure(answer) else {
                return garbled("an error without a code");
            };
            Heard::Failure(failure)
        }
        (Some("SUCCESS"), Some(answer)) if status == 200 => {
            if envelope.web_service.as_deref().is_some_and(|of| of != service) {
                return garbled("the answer is to another call");
            }
            if envelope.mode.as_deref().is_some_and(|mode| mode != word(account.mode)) {
                let why = "the answer is of the other mode";
                return Heard::Garbled(trouble(TroubleKind::Contradiction, why));
            }
            Heard::Success(answer)
        }
        _ => garbled("the answer does not say whether the call succeeded"),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'e> {
    #[serde(borrow)]
    status: Option<Text<'e>>,
    web_service: Option<Text<'e>>,
    mode: Option<Text<'e>>,
    answer: Option<&'e RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WebServiceError<'e> {
    #[serde(borrow)]
    error_code: Option<Text<'e>>,
    detailed_error_code: Option<Hint<'e>>,
}

fn failure(answer: &RawValue) -> Option<Failure> {
    let error: WebServiceError<'_> = serde_json::from_str(answer.get()).ok()?;
    let code = error.error_code.as_deref().filter(|code| is_code(code))?;
    let detail = error.detailed_error_code.as_ref().and_then(Hint::as_str).filter(|d| is_code(d));
    let codes = match detail {
        Some(detail) => format!("{code}, {detail}"),
        None => code.to_owned(),
    };
    Some(Failure { sense: Sense::of(code), codes })
}

/// Whether it can be shown: codes hold no personal data.
pub(super) fn is_code(text: &str) -> bool {
    (1..=MAX_CODE_BYTES).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Longest error code, in bytes: the longest known one has 33 letters.
const MAX_CODE_BYTES: usize = 64;
