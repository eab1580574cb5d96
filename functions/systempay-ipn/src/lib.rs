//! Receives Lyra notifications in both formats: verify, read, store, answer.

use lambda_http::{Body, Request, Response};
use quittance_aws::Answer;
use quittance_aws::http::{admit, unverified};
use quittance_aws::keys::{KeyRing, Place};
use quittance_aws::receive::{Delivery, Receiver};
use quittance_aws::sources::Sources;
use quittance_aws::trace::Trace;
use quittance_core::Psp;
use quittance_psp::lyra::{Keys, Refused, read, verify};

/// Where the keys are configured.
pub const KEYS: Place = Place { variable: "QUITTANCE_SYSTEMPAY_KEYS", member: "systempay" };

/// Reads a document of keys.
pub fn parse_keys(document: &str) -> Result<Keys, String> {
    Keys::from_json(document).map_err(|error| error.to_string())
}

/// What a running function holds.
#[derive(Clone, Debug)]
pub struct Function {
    /// Without usable keys every notification is answered with 500.
    pub keys: KeyRing<Keys>,
    /// From where notifications are taken: a second lock, open unless configured.
    pub sources: Sources,
    /// `vads_` fields beyond the documented ones that this merchant's forms carry.
    pub extra_names: Vec<String>,
    /// Where facts go.
    pub receiver: Receiver,
}

impl Function {
    /// Answers one request.
    pub async fn handle(&self, request: &Request) -> Response<Body> {
        self.answer(request).await.unwrap_or_else(|answer| answer).into_response()
    }

    async fn answer(&self, request: &Request) -> Result<Answer, Answer> {
        admit(request, "application/x-www-form-urlencoded")?;
        self.sources.admit(Psp::Lyra, request)?;
        let body: &[u8] = request.body();
        let verified = self.keys.verify(|keys| verify(keys, body), Refused::may_be_stale).await;
        let verified = verified.map_err(|why| unverified(Psp::Lyra, why, Refused::word))?;
        let reading = read(&verified, &self.extra_names);
        let trace = Trace::of(request);
        let signed = &verified;
        let delivery = Delivery { psp: Psp::Lyra, signed, body, headers: Vec::new(), trace };
        Ok(self.receiver.take(delivery, vec![reading]).await)
    }
}
