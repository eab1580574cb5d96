//! Receives Worldline Direct / CAWL events: verify, read, store, answer.

use lambda_http::http::Method;
use lambda_http::{Body, Request, Response};
use quittance_aws::Answer;
use quittance_aws::http::{admit, keep_headers, unverified, values};
use quittance_aws::keys::{KeyRing, Place};
use quittance_aws::receive::{Delivery, Receiver};
use quittance_aws::trace::Trace;
use quittance_core::Psp;
use quittance_psp::worldline::{
    ENDPOINT_VERIFICATION_HEADER, KEY_ID_HEADER, Keys, Refused, SIGNATURE_HEADER, read, verify,
};

/// Where the keys are configured.
pub const KEYS: Place = Place { variable: "QUITTANCE_WORLDLINE_KEYS", member: "worldline" };

/// Reads a document of keys.
pub fn parse_keys(document: &str) -> Result<Keys, String> {
    Keys::from_json(document).map_err(|error| error.to_string())
}

/// What a running function holds.
#[derive(Clone, Debug)]
pub struct Function {
    /// Without usable keys every event is answered with 500.
    pub keys: KeyRing<Keys>,
    /// Where facts go.
    pub receiver: Receiver,
}

impl Function {
    /// Answers one request.
    pub async fn handle(&self, request: &Request) -> Response<Body> {
        self.answer(request).await.unwrap_or_else(|answer| answer).into_response()
    }

    async fn answer(&self, request: &Request) -> Result<Answer, Answer> {
        let headers = request.headers();
        match *request.method() {
            Method::GET => {
                let value = headers.get(ENDPOINT_VERIFICATION_HEADER);
                let value = value.and_then(|value| value.to_str().ok()).filter(|v| !v.is_empty());
                return value
                    .map(|value| Answer::Echo(value.to_owned()))
                    .ok_or(Answer::Bad("endpoint verification without its header"));
            }
            Method::POST => admit(request, "application/json")?,
            _ => return Err(Answer::WrongMethod("GET, POST")),
        }
        let signatures = values(headers, SIGNATURE_HEADER);
        let key_ids = values(headers, KEY_ID_HEADER);
        let body: &[u8] = request.body();
        let verify = |keys: &Keys| verify(keys, &signatures, &key_ids, body);
        let verified = self.keys.verify(verify, Refused::may_be_stale).await;
        let verified = verified.map_err(|why| unverified(Psp::Worldline, why, Refused::word))?;
        let kept = keep_headers(headers, &[SIGNATURE_HEADER, KEY_ID_HEADER]);
        let trace = Trace::of(request);
        let signed = &verified;
        let delivery = Delivery { psp: Psp::Worldline, signed, body, headers: kept, trace };
        Ok(self.receiver.take(delivery, read(&verified)).await)
    }
}
