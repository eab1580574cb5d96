//! Receives Lyra notifications in both formats: verify, read, store, answer.

use lambda_http::{Body, Request, Response};
use quittance_aws::Answer;
use quittance_aws::http::{admit, refuse};
use quittance_aws::receive::Receiver;
use quittance_aws::sources::Sources;
use quittance_core::Psp;
use quittance_core::lyra::{Keys, read, verify};

/// What a running function holds.
#[derive(Clone, Debug)]
pub struct Function {
    /// `None` when no usable keys are configured: every notification is then answered with 500.
    pub keys: Option<Keys>,
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
        let keys = self.keys.as_ref().ok_or(Answer::Misconfigured)?;
        let body: &[u8] = request.body();
        let verified = verify(keys, body).map_err(|why| refuse(Psp::Lyra, &why))?;
        let reading = read(&verified, &self.extra_names);
        Ok(self.receiver.take(Psp::Lyra, body, Vec::new(), vec![reading]).await)
    }
}
