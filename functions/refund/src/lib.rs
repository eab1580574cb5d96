//! Gives money back, takes what is authorised, or gives it up: `POST /refunds`, `POST /captures`,
//! `POST /cancellations`, `GET /refunds?order=<key>`.

mod body;

use lambda_http::http::Method;
use lambda_http::{Body, Request, Response};
use quittance_aws::clock::now;
use quittance_aws::http::{Answer, JSON, posted};
use quittance_aws::pay::{PayError, Payer, Progress};
use quittance_core::bodies::{Explained, Failure, RefundList, Unplanned};
use quittance_core::desk::{
    Content, LineState, RefundView, Request as Asked, RequestKind, RequestState, ReserveView,
};
use quittance_core::{Order, Words};
use serde::Serialize;
use serde_json::json;

use crate::body::Wanted;

/// What is said where the id of a request was used before.
const KNOWN: &str = "this request is known with another content";

/// What is said where another request has to come to an end first.
const BUSY: &str =
    "another request of this order is under way, or nobody knows yet what became of it";

/// What is said of a request too many.
const FULL: &str = "the order has as many requests as are kept";

/// What a running function holds.
#[derive(Clone, Debug)]
pub struct Function {
    /// What moves money.
    pub payer: Payer,
}

impl Function {
    /// Answers one request.
    pub async fn handle(&self, request: &Request) -> Response<Body> {
        self.answer(request).await.unwrap_or_else(|answer| answer).into_json_response()
    }

    async fn answer(&self, request: &Request) -> Result<Answer, Answer> {
        let path = request.uri().path();
        if path == "/refunds" && request.method() == Method::GET {
            return self.list(request.uri().query().unwrap_or("")).await;
        }
        let methods = if path == "/refunds" { "GET, POST" } else { "POST" };
        let kind = match path {
            "/refunds" => RequestKind::Refund,
            "/captures" => RequestKind::Capture,
            "/cancellations" => RequestKind::Cancellation,
            _ => return Err(Answer::NotFound),
        };
        posted(request, methods, JSON)?;
        let wanted = Wanted::read(kind, request.body())?;
        let (key, new) = (wanted.order(self.providers())?, wanted.asked());
        let done = match wanted.plan_only {
            true => self.payer.plan(&key, new).await,
            false => self.payer.carry_out(&key, new).await,
        };
        match done {
            Ok(progress) => self.told(&progress, wanted.plan_only),
            Err(error) => self.not_done(&wanted, error),
        }
    }

    /// How a request stands.
    fn told(
        &self,
        Progress { order, request }: &Progress,
        plan_only: bool,
    ) -> Result<Answer, Answer> {
        let words = self.words(order);
        let state = request.state();
        let is_final =
            matches!(state, RequestState::Done | RequestState::Partial | RequestState::Refused);
        let text = match request.content {
            Content::Refund { amount, .. } => text(&RefundView::of(order, request, amount, words))?,
            Content::Capture { .. } | Content::Cancellation => {
                let view = order.view(self.payer.asker.receiver.policy, now(), self.providers());
                let view = ReserveView::of(view, request, words);
                if state == RequestState::Refused {
                    let error = reasons(request, words);
                    return Ok(Answer::Forbidden(text(&Explained { error, view })?));
                }
                text(&view)?
            }
        };
        Ok(if is_final || plan_only { Answer::Json(text) } else { Answer::Accepted(text) })
    }

    fn not_done(&self, wanted: &Wanted, error: PayError) -> Result<Answer, Answer> {
        let (order, refusal) = match error {
            PayError::Refused { order, refusal } => (order, refusal),
            PayError::Ask(error) => return Err(error.into()),
            PayError::UnknownOrder => return Err(Answer::NotFound),
            PayError::Denied => return Err(Answer::Unanswered(error.to_string())),
            PayError::Conflict | PayError::Settled => return Err(Answer::Contradicts(KNOWN)),
            PayError::Busy => return Err(Answer::Contradicts(BUSY)),
            PayError::Full => {
                return Err(Answer::Forbidden(
                    json!(Failure { error: FULL.to_owned() }).to_string(),
                ));
            }
        };
        let words = self.words(&order);
        let refused: Vec<String> = refusal.reasons.iter().map(|why| words.say(why)).collect();
        let error = refused.join("; ");
        Err(Answer::Forbidden(match wanted.content {
            Content::Refund { amount, currency } => {
                let asked = (amount, currency);
                let view = RefundView::refused(&order, &wanted.request, asked, &refusal, words);
                text(&Explained { error, view })?
            }
            Content::Capture { .. } | Content::Cancellation => {
                text(&Unplanned { error, request: &wanted.request, refused })?
            }
        }))
    }

    /// The refunds of an order, oldest first.
    async fn list(&self, query: &str) -> Result<Answer, Answer> {
        let key = body::named(query, self.providers())?;
        let (order, desk) = match self.payer.requests(&key).await {
            Ok(found) => found,
            Err(PayError::Ask(error)) => return Err(error.into()),
            Err(_) => return Err(Answer::NotFound),
        };
        let words = self.words(&order);
        let refunds = desk
            .requests()
            .iter()
            .filter_map(|request| match request.content {
                Content::Refund { amount, .. } => {
                    Some(RefundView::of(&order, request, amount, words))
                }
                Content::Capture { .. } | Content::Cancellation => None,
            })
            .collect();
        Ok(Answer::Json(text(&RefundList { refunds })?))
    }

    fn words(&self, order: &Order) -> Words {
        Words::of(self.providers(), order.key().psp)
    }

    fn providers(&self) -> quittance_core::Providers {
        self.payer.asker.receiver.table.providers()
    }
}

/// Why the lines of a request were refused.
fn reasons(request: &Asked, words: Words) -> String {
    let refused = request.lines.iter().filter(|line| line.state == LineState::Refused);
    let reasons = refused.filter_map(|line| line.reason.as_ref());
    reasons.map(|why| words.say(why)).collect::<Vec<_>>().join("; ")
}

fn text(view: &impl Serialize) -> Result<String, Answer> {
    Ok(serde_json::to_string(view)?)
}
