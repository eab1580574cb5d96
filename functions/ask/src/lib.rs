//! Asks the provider what it knows of one order, now: `POST /asks`.

use lambda_http::{Body, Request, Response};
use quittance_aws::ask::{AskResult, Asker};
use quittance_aws::clock::now;
use quittance_aws::http::{Answer, JSON, posted};
use quittance_aws::posted::{order, read};
use quittance_core::bodies::AskBody;

/// What the body has to be.
const BODY: &str = "the body must be JSON with order (text), and nothing else";

/// What a running function holds.
#[derive(Clone, Debug)]
pub struct Function {
    /// Asks, and stores what is said.
    pub asker: Asker,
}

impl Function {
    /// Answers one request.
    pub async fn handle(&self, request: &Request) -> Response<Body> {
        self.answer(request).await.unwrap_or_else(|answer| answer).into_json_response()
    }

    async fn answer(&self, request: &Request) -> Result<Answer, Answer> {
        posted(request, "POST", JSON)?;
        let AskBody { order: key } = read(request.body(), BODY)?;
        let table = &self.asker.receiver.table;
        let key = order(&key, table.providers())?;
        let AskResult { stored, is_known, .. } = self.asker.ask(&key).await?;
        if stored.order.is_blank() && !is_known {
            return Err(Answer::NotFound);
        }
        let view = stored.order.view(self.asker.receiver.policy, now(), table.providers());
        Ok(Answer::Json(serde_json::to_string(&view)?))
    }
}
