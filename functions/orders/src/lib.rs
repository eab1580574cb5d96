//! Shows orders: one as JSON or as a timeline page, many as a paged list.

mod page;

use lambda_http::http::{Method, header};
use lambda_http::{Body, Request, Response};
use percent_encoding::percent_decode_str;
use quittance_aws::StoreError;
use quittance_aws::clock::now;
use quittance_aws::http::Answer;
use quittance_aws::lists::{Cursor, MAX_PAGE};
use quittance_aws::table::Table;
use quittance_core::{OrderKey, OrderView, Policy, State};
use serde::Serialize;

pub use crate::page::timeline;

/// Orders on a page unless the caller says otherwise.
const DEFAULT_PAGE: u32 = 50;

/// What a running function holds.
#[derive(Clone, Debug)]
pub struct Function {
    /// Where orders are.
    pub table: Table,
    /// The policy under which they are shown.
    pub policy: Policy,
}

impl Function {
    /// Answers one request.
    pub async fn handle(&self, request: &Request) -> Response<Body> {
        self.answer(request).await.unwrap_or_else(|answer| answer).into_response()
    }

    async fn answer(&self, request: &Request) -> Result<Answer, Answer> {
        if request.method() != Method::GET {
            return Err(Answer::WrongMethod("GET"));
        }
        let path = request.uri().path().strip_prefix("/orders").ok_or(Answer::NotFound)?;
        match path.strip_prefix('/').filter(|rest| !rest.is_empty()) {
            Some(key) => self.one(request, key.parse().map_err(|_| Answer::NotFound)?).await,
            None if path.is_empty() || path == "/" => {
                let query = request.uri().query().unwrap_or("");
                match query.strip_prefix("key=") {
                    Some(key) => self.one(request, decoded(key)?).await,
                    None => self.many(&Query::parse(query)?).await,
                }
            }
            None => Err(Answer::NotFound),
        }
    }

    async fn one(&self, request: &Request, key: OrderKey) -> Result<Answer, Answer> {
        let stored = self.table.load_order(&key).await.map_err(unavailable)?;
        if stored.order.is_blank() && !stored.repaired {
            return Err(Answer::NotFound);
        }
        let view = stored.order.view(self.policy, now(), self.table.providers());
        if wants_page(request) {
            return Ok(Answer::Page(page::render(&view, stored.order.registered())));
        }
        Ok(Answer::Json(serde_json::to_string(&view).map_err(|error| unavailable(error.into()))?))
    }

    async fn many(&self, query: &Query) -> Result<Answer, Answer> {
        let page = self.table.list(query.state, query.limit, query.cursor.clone()).await;
        let page = page.map_err(unavailable)?;
        let (now, providers) = (now(), self.table.providers());
        let views = page.orders.iter().map(|order| order.brief(self.policy, now, providers));
        let is_asked_for = |view: &OrderView| query.state.is_none_or(|state| view.state == state);
        let orders = views.filter(is_asked_for).collect();
        let list = List { orders, next: page.next.as_ref().map(Cursor::text) };
        Ok(Answer::Json(serde_json::to_string(&list).map_err(|error| unavailable(error.into()))?))
    }
}

/// A page of orders as JSON.
#[derive(Serialize)]
struct List {
    orders: Vec<OrderView>,
    next: Option<String>,
}

/// The parameters of a list.
#[derive(Clone, Debug)]
struct Query {
    state: Option<State>,
    limit: u32,
    cursor: Option<Cursor>,
}

impl Query {
    /// No parameter's value needs percent-encoding, so an encoded one is simply unknown.
    fn parse(query: &str) -> Result<Self, Answer> {
        let mut parsed = Self { state: None, limit: DEFAULT_PAGE, cursor: None };
        let mut cursor = None;
        let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        for pair in pairs.filter(|(_, value)| !value.is_empty()) {
            match pair {
                ("state", word) => {
                    let state = State::from_word(word).ok_or(Answer::Bad("unknown state"))?;
                    parsed.state = Some(state);
                }
                ("limit", digits) => {
                    let limit = digits.parse().ok().filter(|limit: &u32| *limit > 0);
                    parsed.limit =
                        limit.ok_or(Answer::Bad("limit must be a number"))?.min(MAX_PAGE);
                }
                ("cursor", text) => cursor = Some(text),
                _ => return Err(Answer::Bad("unknown parameter")),
            }
        }
        let cursor = cursor.map(|text| Cursor::parse(text, parsed.state)).transpose();
        parsed.cursor = cursor.map_err(|_| Answer::Bad("unknown cursor"))?;
        Ok(parsed)
    }
}

/// The key of an order out of a query. The gateway of a deployed stack decodes the path before anybody sees
/// it, so that a reference with a slash or a question mark is not what it was; a query it leaves alone.
fn decoded(key: &str) -> Result<OrderKey, Answer> {
    let key = percent_decode_str(key).decode_utf8().map_err(|_| Answer::NotFound)?;
    key.parse().map_err(|_| Answer::NotFound)
}

/// Whether a browser asks: it prefers HTML, a program does not name it.
fn wants_page(request: &Request) -> bool {
    let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|a| a.contains("text/html") && !a.contains("application/json"))
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err asks for")]
fn unavailable(error: StoreError) -> Answer {
    tracing::error!(%error, "order not read");
    Answer::TryAgain
}
