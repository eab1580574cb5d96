//! Shows orders: one or many, as JSON or as a page for a browser.

mod find;
mod timeline;

use lambda_http::http::{Method, header};
use lambda_http::{Body, Request, Response};
use percent_encoding::percent_decode_str;
use quittance_aws::StoreError;
use quittance_aws::clock::now;
use quittance_aws::http::{Answer, Page};
use quittance_aws::lists::{Cursor, MAX_PAGE};
use quittance_aws::table::Table;
use quittance_core::bodies::OrderList;
use quittance_core::{OrderKey, OrderView, Policy, ProviderId, Providers, State};
use quittance_pages::{Fields, Filter, Frame, Lang, ListPage, OrderPage, POLICY, plain};

pub use crate::find::{Finding, find};
pub use crate::timeline::timeline;

/// The address of the list.
const HOME: &str = "/orders";

/// Orders on a page unless the caller says otherwise.
const DEFAULT_PAGE: u32 = 50;

/// What is answered to any other limit.
const LIMITS: &str = "limit must be a whole number from 1; more than 100 counts as 100";
const _: () = assert!(MAX_PAGE == 100, "the sentence says so");

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
        // Whoever serves it leaves the body of a HEAD out.
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return Err(Answer::WrongMethod("GET, HEAD"));
        }
        if wants_page(request) {
            return self.page(request).await;
        }
        let path = request.uri().path().strip_prefix("/orders").ok_or(Answer::NotFound)?;
        match path.strip_prefix('/').filter(|rest| !rest.is_empty()) {
            Some(key) => self.one(key.parse().map_err(|_| Answer::NotFound)?).await,
            None if path.is_empty() || path == "/" => {
                let query = request.uri().query().unwrap_or("");
                match query.strip_prefix("key=") {
                    Some(key) => self.one(decoded(key)?).await,
                    None => self.many(&Query::parse(query)?).await,
                }
            }
            None => Err(Answer::NotFound),
        }
    }

    async fn one(&self, key: OrderKey) -> Result<Answer, Answer> {
        let stored = self.table.load_order(&key).await.map_err(unavailable)?;
        if stored.order.is_blank() && !stored.repaired {
            return Err(Answer::NotFound);
        }
        let view = stored.order.view(self.policy, now(), self.table.providers());
        Ok(Answer::Json(serde_json::to_string(&view).map_err(|error| unavailable(error.into()))?))
    }

    /// A page for a browser.
    async fn page(&self, request: &Request) -> Result<Answer, Answer> {
        let asked = Asked::of(request)?;
        let frame = asked.frame(HOME, false);
        let html = match &asked.key {
            Some(key) => {
                let stored = self.table.load_order(key).await.map_err(unavailable)?;
                if stored.order.is_blank() && !stored.repaired {
                    return Err(unknown(&frame));
                }
                let desk = self.table.desk_of(&stored.order).await.map_err(unavailable)?.desk;
                let page = OrderPage {
                    order: &stored.order,
                    desk: &desk,
                    policy: self.policy,
                    now: now(),
                    providers: self.table.providers(),
                    typed: asked.amount.as_deref(),
                    actions: None,
                    raw: None,
                    said: None,
                };
                page.render(&frame)
            }
            None => {
                let (filter, now) = (Filter::of(&asked.query), now());
                let found =
                    find(&self.table, self.policy, &filter, now).await.map_err(unavailable)?;
                let page = ListPage {
                    rows: &found.rows(&self.table, self.policy, now),
                    filter: &filter,
                    counts: &found.counts,
                    psps: &psps(self.table.providers()),
                    attention: None,
                    actions: None,
                    is_partial: found.is_partial,
                    said: None,
                };
                page.render(&frame)
            }
        };
        Ok(shown(200, html))
    }

    async fn many(&self, query: &Query) -> Result<Answer, Answer> {
        let page = self.table.list(query.state, query.limit, query.cursor.clone()).await;
        let page = page.map_err(|error| match error {
            StoreError::StaleCursor => Answer::Bad("unknown cursor"),
            error => unavailable(error),
        })?;
        let (now, providers) = (now(), self.table.providers());
        let views = page.orders.iter().map(|order| order.brief(self.policy, now, providers));
        let is_asked_for = |view: &OrderView| query.state.is_none_or(|state| view.state == state);
        let orders = views.filter(is_asked_for).collect();
        let list = OrderList { orders, next: page.next.as_ref().map(Cursor::text) };
        Ok(Answer::Json(serde_json::to_string(&list).map_err(|error| unavailable(error.into()))?))
    }
}

/// What a browser asks for.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The order; `None` for the list.
    pub key: Option<OrderKey>,
    /// The amount to be planned with.
    pub amount: Option<String>,
    lang: Lang,
    path: String,
    query: String,
}

impl Asked {
    /// Reads a request for `/orders` or an order.
    ///
    /// # Errors
    ///
    /// The page for an order that is not known, where the path or the query names none.
    pub fn of(request: &Request) -> Result<Self, Answer> {
        let (path, query) = (request.uri().path(), request.uri().query().unwrap_or(""));
        let fields = Fields::of(query);
        let accepts = request.headers().get(header::ACCEPT_LANGUAGE);
        let accepts = accepts.and_then(|value| value.to_str().ok());
        let mut asked = Self {
            key: None,
            amount: fields.get("amount").map(str::to_owned),
            lang: Lang::of(fields.get("lang"), accepts),
            path: path.to_owned(),
            query: query.to_owned(),
        };
        let named = path.strip_prefix("/orders").and_then(|rest| rest.strip_prefix('/'));
        let named = named.filter(|rest| !rest.is_empty()).or_else(|| fields.get("key"));
        let Some(named) = named else { return Ok(asked) };
        match named.parse() {
            Ok(key) => asked.key = Some(key),
            Err(_) => return Err(unknown(&asked.frame(HOME, false))),
        }
        Ok(asked)
    }

    /// What the page stands in.
    pub fn frame<'a>(&'a self, home: &'a str, live: bool) -> Frame<'a> {
        Frame { lang: self.lang, home, path: &self.path, query: &self.query, live }
    }

    /// The query.
    pub fn query(&self) -> &str {
        &self.query
    }

    /// The language.
    pub fn lang(&self) -> Lang {
        self.lang
    }
}

/// The page for an order that is not known.
pub fn unknown(frame: &Frame<'_>) -> Answer {
    shown(404, plain(frame, "No order is known by this name", "Aucune commande de ce nom"))
}

/// A page as it is sent.
pub fn shown(status: u16, html: String) -> Answer {
    Answer::Page(Page { status, html, policy: POLICY.as_str() })
}

/// The providers to choose among.
pub fn psps(providers: Providers) -> Vec<ProviderId> {
    providers.iter().map(|provider| provider.profile().id).collect()
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
                    parsed.limit = limit.ok_or(Answer::Bad(LIMITS))?.min(MAX_PAGE);
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
pub fn wants_page(request: &Request) -> bool {
    let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|a| a.contains("text/html") && !a.contains("application/json"))
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err asks for")]
fn unavailable(error: StoreError) -> Answer {
    tracing::error!(%error, "order not read");
    Answer::TryAgain
}
