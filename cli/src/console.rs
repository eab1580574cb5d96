//! The console: orders as pages, what a person has to look at, and a few actions. The local stack serves it, and
//! `quittance ui` for a deployed one.
//!
//! It is for the person at this machine. A page or an action is served where `Host` is the loopback's, so that a name
//! that somebody points here opens nothing; and an action is carried out where the browser says that one of our own
//! pages asked for it.

use std::collections::BTreeSet;

use lambda_http::http::{HeaderMap, HeaderValue, Method, header};
use lambda_http::{Body, Request, Response};
use orders::{Asked, find, psps, shown, unknown};
use quittance_aws::StoreError;
use quittance_aws::archive::{Archive, Quarantined};
use quittance_aws::ask::AskError;
use quittance_aws::clock::now;
use quittance_aws::http::Answer;
use quittance_aws::pay::{PayError, Payer, Progress};
use quittance_aws::table::{Stored, Table};
use quittance_core::api::NoAccess;
use quittance_core::concern::Concern;
use quittance_core::desk::{Content, New, RequestState};
use quittance_core::money::amount_from_digits;
use quittance_core::{Currency, Order, OrderKey, Policy, Providers, Timestamp};
use quittance_pages::{Attention, Fields, Filter, Lang, ListPage, OrderPage, encoded, masked};

use crate::operate::names::{all_names, of_names};
use crate::operate::quarantine;
use crate::operate::replayer::Replayer;

/// The address of the list.
const HOME: &str = "/";

/// Where actions are posted to.
pub(crate) const ACTIONS: &str = "/console";

/// Most refunds under way that are listed.
const MAX_UNDER_WAY: u32 = 100;

/// What is said of a request from elsewhere.
const ELSEWHERE: &str = "the console answers on the loopback address, and to its own pages";

/// What the console shows, and what it can do.
pub(crate) struct Console {
    pub(crate) table: Table,
    pub(crate) archive: Archive,
    pub(crate) policy: Policy,
    /// Asks and gives back, where that is possible from here.
    pub(crate) payer: Option<Payer>,
    /// Processes again what is in quarantine, where that is possible from here.
    pub(crate) replayer: Option<Replayer>,
}

impl Console {
    /// Answers a browser.
    pub(crate) async fn handle(&self, request: &Request) -> Response<Body> {
        self.answer(request).await.unwrap_or_else(|answer| answer).into_response()
    }

    async fn answer(&self, request: &Request) -> Result<Answer, Answer> {
        if !is_loopback(request.headers()) {
            return Err(Answer::Bad(ELSEWHERE));
        }
        match request.uri().path().strip_prefix(ACTIONS) {
            Some(action) if request.method() == Method::POST => {
                if !is_own_page(request.headers()) {
                    return Err(Answer::Bad(ELSEWHERE));
                }
                self.act(action, &Fields::of(&String::from_utf8_lossy(request.body()))).await
            }
            Some(_) => Err(Answer::WrongMethod("POST")),
            // There is no more at the root than its page.
            None if matches!(*request.method(), Method::GET | Method::HEAD) => {
                self.page(request).await
            }
            // There is no more at the root than its page.
            None if request.uri().path() == HOME => Err(Answer::NotFound),
            None => Err(Answer::WrongMethod("GET, HEAD")),
        }
    }

    async fn page(&self, request: &Request) -> Result<Answer, Answer> {
        let asked = Asked::of(request)?;
        let said = Fields::of(asked.query()).get("did").and_then(|did| said(asked.lang(), did));
        let html = match &asked.key {
            Some(key) => self.order(&asked, key, said).await?,
            None => self.list(&asked, said).await?,
        };
        Ok(shown(200, html))
    }

    async fn order(
        &self,
        asked: &Asked,
        key: &OrderKey,
        said: Option<&str>,
    ) -> Result<String, Answer> {
        let frame = asked.frame(HOME, true);
        let Stored { order, repaired, .. } = self.table.load_order(key).await?;
        if order.is_blank() && !repaired {
            return Err(unknown(&frame));
        }
        let desk = self.table.desk_of(&order).await?.desk;
        let raw = match Fields::of(asked.query()).get("raw") {
            Some(digest) => self.raw(&order, digest).await?,
            None => None,
        };
        let page = OrderPage {
            order: &order,
            desk: &desk,
            policy: self.policy,
            now: now(),
            providers: self.providers(),
            typed: asked.amount.as_deref(),
            actions: self.payer.as_ref().map(|_| ACTIONS),
            raw: raw.as_deref(),
            said,
        };
        Ok(page.render(&frame))
    }

    async fn list(&self, asked: &Asked, said: Option<&str>) -> Result<String, Answer> {
        let (filter, at) = (Filter::of(asked.query()), now());
        let found = find(&self.table, self.policy, &filter, at).await?;
        let attention = self.attention(found.orders.iter().map(|(order, _)| order), at).await?;
        let page = ListPage {
            rows: &found.rows(&self.table, self.policy, at),
            filter: &filter,
            counts: &found.counts,
            psps: &psps(self.providers()),
            attention: Some(&attention),
            actions: self.replayer.as_ref().map(|_| ACTIONS),
            is_partial: found.is_partial,
            said,
        };
        Ok(page.render(&asked.frame(HOME, true)))
    }

    /// What a person has to look at, as far as the orders on the page and the indexes tell.
    async fn attention<'o>(
        &self,
        orders: impl Iterator<Item = &'o Order>,
        at: Timestamp,
    ) -> Result<Attention, StoreError> {
        let found: Vec<(&OrderKey, BTreeSet<Concern>)> =
            orders.map(|order| (order.key(), order.concerns(self.policy, at))).collect();
        let with = |concern: Concern| {
            let of = found.iter().filter(|(_, concerns)| concerns.contains(&concern));
            (concern, of.map(|(key, _)| (*key).clone()).collect())
        };
        let quarantined = self.quarantined().await?.into_iter();
        Ok(Attention {
            concerns: Concern::ALL.into_iter().map(with).collect(),
            unsent: self.table.unsent().await?.into_iter().map(|found| found.key).collect(),
            under_way: self.table.due_desks(None, MAX_UNDER_WAY).await?,
            quarantined: quarantined
                .map(|one| (one.received_at, one.psp, one.sha256, one.reason))
                .collect(),
        })
    }

    async fn quarantined(&self) -> Result<Vec<Quarantined>, StoreError> {
        let mut all = Vec::new();
        for psp in psps(self.providers()) {
            all.extend(self.archive.quarantined(psp).await?);
        }
        Ok(all)
    }

    /// A raw notification of an order, without personal data.
    async fn raw(&self, order: &Order, digest: &str) -> Result<Option<String>, StoreError> {
        let names = all_names(&self.table, order, order.key()).await?;
        let places = of_names(&self.archive, &names).await?.places;
        match places.iter().find(|place| place.sha256 == digest) {
            Some(place) => Ok(self.archive.read(place).await?.map(|kept| masked(&kept.body))),
            None => Ok(None),
        }
    }

    /// Carries an action out, and sends the browser back to where it came from.
    async fn act(&self, action: &str, fields: &Fields) -> Result<Answer, Answer> {
        let field = |name| fields.get(name);
        let order =
            || field("order").and_then(|key| key.parse::<OrderKey>().ok()).ok_or(Answer::NotFound);
        let (did, back) = match (action, &self.payer, &self.replayer) {
            ("/ask", Some(payer), _) => {
                let key = order()?;
                (self.ask(payer, &key).await, order_address(&key))
            }
            ("/refund", Some(payer), _) => {
                let key = order()?;
                let currency = field("currency").and_then(Currency::from_alpha);
                let amount = field("amount").and_then(amount_from_digits);
                let (Some(amount), Some(currency)) = (amount, currency) else {
                    return Err(Answer::Bad("no amount"));
                };
                let request = field("request").ok_or(Answer::Bad("no request"))?;
                let new = New { request, content: Content::Refund { amount, currency } };
                (refunded(payer.carry_out(&key, new).await), order_address(&key))
            }
            ("/release", _, Some(replayer)) => {
                let digest = field("sha256").ok_or(Answer::NotFound)?;
                (self.release(replayer, digest).await?, format!("{HOME}?"))
            }
            _ => return Err(Answer::NotFound),
        };
        let lang = Lang::of(field("lang"), None);
        Ok(Answer::SeeOther(format!("{back}&lang={}&did={did}", lang.code())))
    }

    async fn ask(&self, payer: &Payer, key: &OrderKey) -> &'static str {
        match payer.asker.ask(key).await {
            Ok(asked) if asked.is_known => "asked",
            Ok(_) => "not_known",
            Err(error) => not_asked(&error),
        }
    }

    async fn release(&self, replayer: &Replayer, digest: &str) -> Result<&'static str, StoreError> {
        let entries = self.quarantined().await?;
        let Some(entry) = entries.iter().find(|entry| entry.sha256 == digest) else {
            return Ok("gone");
        };
        let became = quarantine::take(&self.archive, replayer, entry, false).await?;
        Ok(if became.is_well() { "released" } else { "stays" })
    }

    fn providers(&self) -> Providers {
        self.table.providers()
    }
}

fn order_address(key: &OrderKey) -> String {
    format!("/orders?key={}", encoded(&key.to_string()))
}

fn refunded(done: Result<Progress, PayError>) -> &'static str {
    match done {
        Ok(Progress { request, .. }) => match request.state() {
            RequestState::Done => "refunded",
            RequestState::Planned | RequestState::Running => "refunding",
            RequestState::Partial | RequestState::Refused => "refused",
            RequestState::Uncertain => "uncertain",
        },
        Err(PayError::Ask(error)) => not_asked(&error),
        Err(PayError::UnknownOrder | PayError::Denied) => "not_known",
        Err(PayError::Busy | PayError::Full) => "busy",
        Err(PayError::Conflict | PayError::Settled) => "conflict",
        Err(PayError::Refused { .. }) => "no_plan",
    }
}

fn not_asked(error: &AskError) -> &'static str {
    match error {
        AskError::NoAccess(NoAccess::Missing | NoAccess::Forbidden) => "no_access",
        AskError::Provider(_) => "not_reached",
        AskError::Store(_) => "not_stored",
    }
}

/// What came of an action, by its word in the address.
fn said(lang: Lang, did: &str) -> Option<&'static str> {
    let (en, fr) = match did {
        "asked" => (
            "The PSP was asked; what it says is stored.",
            "Le prestataire a répondu ; sa réponse est enregistrée.",
        ),
        "not_known" => (
            "The PSP knows nothing of this order.",
            "Le prestataire ne connaît pas cette commande.",
        ),
        "no_access" => (
            "No API credentials are configured for this merchant and mode.",
            "Aucun accès à l'API n'est configuré pour ce commerçant et ce mode.",
        ),
        "not_reached" => (
            "The PSP was not reached or not understood. Nothing was changed.",
            "Le prestataire n'a pas été joint ou compris. Rien n'a changé.",
        ),
        "not_stored" => {
            ("The store was not reached. Try again.", "La base n'a pas été jointe. Réessayez.")
        }
        "refunded" => ("The money was given back.", "L'argent a été rendu."),
        "refunding" => (
            "The refund is under way. Asking will show its end.",
            "Le remboursement est en cours. Le prestataire dira sa fin.",
        ),
        "refused" => (
            "The refund, or a part of it, was refused: see below.",
            "Le remboursement, ou une partie, a été refusé : voir plus bas.",
        ),
        "uncertain" => (
            "Nobody knows what became of it: look into the PSP's portal, then use `quittance settle`.",
            "Son sort n'est pas connu : regardez le portail du prestataire, puis `quittance settle`.",
        ),
        "busy" => (
            "Another request of this order has to end first.",
            "Une autre demande de cette commande doit finir d'abord.",
        ),
        "conflict" => (
            "This page was sent before with another amount. Plan again.",
            "Cette page a déjà été envoyée avec un autre montant. Refaites le plan.",
        ),
        "no_plan" => (
            "Once the PSP was asked, this amount cannot be given back. Plan again to see why.",
            "Une fois le prestataire interrogé, ce montant ne peut pas être rendu. Refaites le plan pour savoir pourquoi.",
        ),
        "released" => ("The notification was processed.", "La notification a été traitée."),
        "stays" => (
            "The notification still cannot be read, and stays.",
            "La notification reste illisible, et en quarantaine.",
        ),
        "gone" => ("It is no longer in quarantine.", "Elle n'est plus en quarantaine."),
        _ => return None,
    };
    Some(if lang == Lang::Fr { fr } else { en })
}

/// Whether the browser was told to look at this machine by its own name.
fn is_loopback(headers: &HeaderMap) -> bool {
    let is_ours = |host: &HeaderValue| {
        let host = host.to_str().unwrap_or("");
        let name = match host.strip_prefix('[') {
            Some(rest) => rest.split(']').next(),
            None => host.split(':').next(),
        };
        matches!(name, Some("127.0.0.1" | "localhost" | "::1"))
    };
    let mut hosts = headers.get_all(header::HOST).iter().peekable();
    hosts.peek().is_some() && hosts.all(is_ours)
}

/// Whether one of our own pages asks: `Sec-Fetch-Site` says so, or in older browsers `Origin` is ours.
fn is_own_page(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match (text("sec-fetch-site"), text("origin"), text("host")) {
        (Some(site), _, _) => site == "same-origin",
        (None, Some(origin), Some(host)) => origin.strip_prefix("http://") == Some(host),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(all: &[(&'static str, &str)]) -> HeaderMap {
        all.iter()
            .map(|(name, value)| {
                (name.parse::<header::HeaderName>().unwrap(), value.parse().unwrap())
            })
            .collect()
    }

    #[test]
    fn only_the_loopback_is_answered() {
        for (host, is_ours) in [
            ("127.0.0.1:9000", true),
            ("localhost", true),
            ("localhost:9000", true),
            ("[::1]:9000", true),
            ("evil.example", false),
            ("127.0.0.1.evil.example", false),
            ("localhost.evil.example:9000", false),
            ("", false),
        ] {
            assert_eq!(is_loopback(&headers(&[("host", host)])), is_ours, "{host}");
        }
        assert!(!is_loopback(&HeaderMap::new()));
    }

    #[test]
    fn only_our_own_pages_act() {
        let host = ("host", "127.0.0.1:9000");
        for (more, is_own) in [
            (&[("sec-fetch-site", "same-origin")][..], true),
            (&[("sec-fetch-site", "cross-site")], false),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("sec-fetch-site", "none")], false),
            (&[("sec-fetch-site", "cross-site"), ("origin", "http://127.0.0.1:9000")], false),
            (&[("origin", "http://127.0.0.1:9000")], true),
            (&[("origin", "http://127.0.0.1:9001")], false),
            (&[("origin", "null")], false),
            (&[("origin", "https://evil.example")], false),
            (&[], false),
        ] {
            assert_eq!(is_own_page(&headers(&[&[host][..], more].concat())), is_own, "{more:?}");
        }
    }
}
