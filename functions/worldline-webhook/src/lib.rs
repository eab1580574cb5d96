//! Receives Worldline Direct / CAWL events: verify, read, store, answer.

use lambda_http::http::Method;
use lambda_http::{Body, Request, Response};
use quittance_aws::Answer;
use quittance_aws::http::{admit, keep_headers, refuse, values};
use quittance_aws::receive::Receiver;
use quittance_core::Psp;
use quittance_core::worldline::{
    ENDPOINT_VERIFICATION_HEADER, KEY_ID_HEADER, Keys, SIGNATURE_HEADER, read, verify,
};

/// What a running function holds.
#[derive(Clone, Debug)]
pub struct Function {
    /// `None` when no usable keys are configured: every event is then answered with 500.
    pub keys: Option<Keys>,
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
        let keys = self.keys.as_ref().ok_or(Answer::Misconfigured)?;
        let signatures = values(headers, SIGNATURE_HEADER);
        let key_ids = values(headers, KEY_ID_HEADER);
        let body: &[u8] = request.body();
        let verified = verify(keys, &signatures, &key_ids, body)
            .map_err(|why| refuse(Psp::Worldline, &why))?;
        let kept = keep_headers(headers, &[SIGNATURE_HEADER, KEY_ID_HEADER]);
        Ok(self.receiver.take(Psp::Worldline, body, kept, read(verified)).await)
    }
}
