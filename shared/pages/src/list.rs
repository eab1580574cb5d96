//! The page with many orders: what a person has to look at, filters, and the orders.

use maud::{Markup, html};
use quittance_core::concern::Concern;
use quittance_core::fact::{Flag, State};
use quittance_core::{OrderKey, OrderView, ProviderId, Timestamp};

use crate::form::{Fields, encoded};
use crate::layout::Frame;
use crate::order::{Refund, of_key, time, tone};
use crate::words;

/// Longest text that is searched for, in characters: no reference is longer.
const MAX_SEARCH: usize = 200;

/// Which orders are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// A part of a reference, a payment's id, or an amount.
    pub search: String,
    /// Only this state.
    pub state: Option<State>,
    /// Only with this flag.
    pub flag: Option<Flag>,
    /// Only of this provider.
    pub psp: Option<ProviderId>,
    /// Only what is not released.
    pub unreleased: bool,
    /// Only what changed so many seconds ago at most.
    pub within: Option<u64>,
}

impl Filter {
    /// Reads a query. What means nothing is left out: a filter that cannot be read shows too much, not too little.
    pub fn of(query: &str) -> Self {
        let mut filter = Self::default();
        for (name, value) in Fields::of(query).iter() {
            match name {
                "q" => filter.search = value.trim().chars().take(MAX_SEARCH).collect(),
                "state" => filter.state = State::from_word(value),
                "flag" => filter.flag = Flag::ALL.into_iter().find(|flag| flag.as_str() == value),
                "psp" => filter.psp = value.parse().ok(),
                "unreleased" => filter.unreleased = value == "1",
                "within" => filter.within = value.parse().ok(),
                _ => {}
            }
        }
        filter
    }

    /// Whether all orders are wanted.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether an order is wanted, as far as its view tells.
    pub fn takes(&self, view: &OrderView) -> bool {
        self.state.is_none_or(|state| view.state == state)
            && self.flag.is_none_or(|flag| view.flags.contains(&flag))
            && self.psp.is_none_or(|psp| view.psp == psp)
            && !(self.unreleased && view.fulfilment.is_some())
            && (self.search.is_empty() || self.finds(view))
    }

    fn finds(&self, view: &OrderView) -> bool {
        let wanted = self.search.to_lowercase();
        let is_amount =
            view.currency.and_then(|currency| Refund::typed(&self.search, currency)).is_some_and(
                |typed| Some(typed.amount) == view.expected || typed.amount == view.captured,
            );
        // A payment may be named with its operation, `123_0`, and stored without.
        let payment = wanted.split('_').next().unwrap_or_default();
        let is_share =
            |id: &str| id.eq_ignore_ascii_case(&wanted) || id.split('_').next() == Some(payment);
        is_amount
            || view.order.to_lowercase().contains(&wanted)
            || view.shares.iter().any(|share| is_share(&share.share))
            || view.fulfilment.as_ref().is_some_and(|release| release.id == wanted)
    }

    fn query(&self) -> String {
        let mut pairs = Vec::new();
        let mut add = |name: &str, value: &str| {
            if !value.is_empty() {
                pairs.push(format!("{name}={}", encoded(value)));
            }
        };
        add("q", &self.search);
        add("state", self.state.map_or("", State::as_str));
        add("flag", self.flag.map_or("", Flag::as_str));
        add("psp", self.psp.as_ref().map_or("", |psp| psp.as_str()));
        add("unreleased", if self.unreleased { "1" } else { "" });
        pairs.join("&")
    }
}

/// One order of a list.
#[derive(Clone, Debug)]
pub struct Row {
    /// The order.
    pub view: OrderView,
    /// When it was changed last, where that is known.
    pub updated_at: Option<Timestamp>,
}

/// What a person has to look at beside the orders.
#[derive(Clone, Debug, Default)]
pub struct Attention {
    /// Orders that somebody has to look at, by the reason.
    pub concerns: Vec<(Concern, Vec<OrderKey>)>,
    /// Orders with something that the queue does not know.
    pub unsent: Vec<OrderKey>,
    /// Orders with a refund, capture or cancellation that is not final.
    pub under_way: Vec<OrderKey>,
    /// What nobody could read: when it came, from whom, its digest, and why.
    pub quarantined: Vec<(String, ProviderId, String, String)>,
}

/// What a page with many orders is made of.
pub struct ListPage<'a> {
    /// The orders.
    pub rows: &'a [Row],
    /// Which are wanted.
    pub filter: &'a Filter,
    /// How many there are in each state, and whether there are more than were counted.
    pub counts: &'a [(State, usize, bool)],
    /// The providers to choose among.
    pub psps: &'a [ProviderId],
    /// What else is to be looked at, where that is known.
    pub attention: Option<&'a Attention>,
    /// Where actions are posted to, where there are any.
    pub actions: Option<&'a str>,
    /// Whether not all orders were looked at.
    pub is_partial: bool,
    /// What came of the last action, in the page's language.
    pub said: Option<&'a str>,
}

impl ListPage<'_> {
    /// The page.
    pub fn render(&self, frame: &Frame<'_>) -> String {
        let lang = frame.lang;
        let title = lang.pick("Orders", "Commandes");
        let body = html! {
            h1 { (title) }
            @if let Some(said) = self.said { p.said role="status" { (said) } }
            @if let Some(attention) = self.attention { (self.attention(frame, attention)) }
            (self.states(frame))
            (self.form(frame))
            (self.table(frame))
            @if self.is_partial {
                p.soft { (lang.pick(
                    "Not all orders were looked at. The exact reference finds any.",
                    "Toutes les commandes n'ont pas été examinées. La référence exacte en trouve n'importe laquelle.",
                )) }
            }
        };
        frame.page(title, &body)
    }

    fn attention(&self, frame: &Frame<'_>, attention: &Attention) -> Markup {
        let lang = frame.lang;
        let keys = |name: &str, keys: &[OrderKey], tone: &str| {
            html! {
                @if !keys.is_empty() {
                    li { details {
                        summary { span class=(tone) { (keys.len()) " " (name) } }
                        ul { @for key in keys { li { a href=(frame.to(&of_key(frame.home, &key.to_string()))) { (key.order) } } } }
                    } }
                }
            }
        };
        let nothing = attention.unsent.is_empty()
            && attention.under_way.is_empty()
            && attention.quarantined.is_empty()
            && attention.concerns.iter().all(|(_, keys)| keys.is_empty());
        html! {
            @if nothing { p { span class="tag good" { (lang.pick("Nothing needs you", "Rien à surveiller")) } } }
            ul.look {
                @for (concern, of) in &attention.concerns { (keys(words::concern(lang, *concern), of, "tag bad")) }
                (keys(lang.pick("unsent", "non transmises"), &attention.unsent, "tag flag"))
                (keys(lang.pick("refunds under way", "remboursements en cours"), &attention.under_way, "tag"))
                @if !attention.quarantined.is_empty() {
                    li { details {
                        summary { span class="tag flag" { (attention.quarantined.len()) " " (lang.pick("in quarantine", "en quarantaine")) } }
                        ul { @for (at, psp, digest, reason) in &attention.quarantined {
                            li {
                                time datetime=(at) { (at) } " " (psp.as_str()) " " (reason) " " code { (digest.get(..12).unwrap_or(digest)) }
                                @if let Some(actions) = self.actions {
                                    form method="post" action=(format!("{actions}/release")) {
                                        input type="hidden" name="sha256" value=(digest);
                                        input type="hidden" name="lang" value=(lang.code());
                                        button { (lang.pick("Process it again", "La traiter de nouveau")) }
                                    }
                                }
                            }
                        } }
                    } }
                }
            }
        }
    }

    fn states(&self, frame: &Frame<'_>) -> Markup {
        let known = self.counts.iter().filter(|(_, count, _)| *count > 0);
        html! {
            ul.look { @for (state, count, more) in known {
                @let only = Filter { state: Some(*state), ..Filter::default() };
                li { a class=(tone(*state)) href=(frame.to(&format!("{}?{}", frame.home, only.query()))) {
                    (words::state(frame.lang, *state)) " " (count) @if *more { "+" }
                } }
            } }
        }
    }

    fn form(&self, frame: &Frame<'_>) -> Markup {
        let (lang, filter) = (frame.lang, self.filter);
        let all = lang.pick("all", "tous");
        html! {
            form.find method="get" action=(frame.home) role="search" {
                input type="hidden" name="lang" value=(lang.code());
                label { (lang.pick("Reference, payment or amount", "Référence, paiement ou montant"))
                    input type="search" name="q" value=(filter.search) maxlength=(MAX_SEARCH); }
                label { (lang.pick("State", "État")) select name="state" {
                    option value="" { (all) }
                    @for state in State::ALL { option value=(state.as_str()) selected[filter.state == Some(state)] { (words::state(lang, state)) } }
                } }
                label { (lang.pick("Flag", "Signal")) select name="flag" {
                    option value="" { (all) }
                    @for flag in Flag::ALL { option value=(flag.as_str()) selected[filter.flag == Some(flag)] { (words::flag(lang, flag).0) } }
                } }
                label { (lang.pick("PSP", "Prestataire")) select name="psp" {
                    option value="" { (all) }
                    @for psp in self.psps { option value=(psp.as_str()) selected[filter.psp == Some(*psp)] { (psp.as_str()) } }
                } }
                label { (lang.pick("Changed within", "Modifiée depuis")) select name="within" {
                    option value="" { (lang.pick("any time", "toujours")) }
                    @for seconds in [3_600, 86_400, 604_800] {
                        option value=(seconds) selected[filter.within == Some(seconds)] { (lang.span(seconds)) }
                    }
                } }
                label { (lang.pick("Released", "Libérée")) select name="unreleased" {
                    option value="" { (all) }
                    option value="1" selected[filter.unreleased] { (lang.pick("not released", "non libérées")) }
                } }
                button { (lang.pick("Find", "Chercher")) }
                @if !filter.is_empty() { a href=(frame.to(frame.home)) { (lang.pick("Show all", "Tout voir")) } }
            }
        }
    }

    fn table(&self, frame: &Frame<'_>) -> Markup {
        let lang = frame.lang;
        let heads = [
            lang.pick("Order", "Commande"),
            lang.pick("State", "État"),
            lang.pick("Received", "Encaissé"),
            lang.pick("Costs", "Prix"),
            lang.pick("Released", "Libérée"),
            lang.pick("Changed", "Modifiée"),
        ];
        html! {
            @if self.rows.is_empty() { p { (lang.pick("No order is found.", "Aucune commande trouvée.")) } } @else {
                table {
                    thead { tr { @for (at, head) in heads.iter().enumerate() { th scope="col" class=[(at == 2 || at == 3).then_some("n")] { (head) } } } }
                    tbody { @for row in self.rows { (one(frame, &heads, row)) } }
                }
            }
        }
    }
}

fn one(frame: &Frame<'_>, heads: &[&str; 6], row: &Row) -> Markup {
    let (lang, view) = (frame.lang, &row.view);
    let key = OrderKey::new(view.psp, &view.merchant, view.mode, &view.order);
    let kept = view.captured.saturating_sub(view.refunded);
    let [_, _, received, costs, released, changed] = heads;
    html! {
        tr {
            td {
                @match &key {
                    Ok(key) => a href=(frame.to(&of_key(frame.home, &key.to_string()))) { (view.order) },
                    Err(_) => (view.order),
                }
                br; small.soft { (view.psp.as_str()) " · " (view.merchant) " · " (view.mode.as_str()) }
            }
            td {
                span class=(tone(view.state)) { (words::state(lang, view.state)) }
                @for flag in &view.flags { " " span class="tag flag" { (words::flag(lang, *flag).0) } }
            }
            td.n data-th=(received) { (lang.money(view.currency, kept)) }
            td.n data-th=(costs) { @if let Some(expected) = view.expected { (lang.money(view.currency, expected)) } }
            td data-th=(released) { (match &view.fulfilment {
                Some(release) if release.sent_at.is_some() => lang.pick("yes", "oui"),
                Some(_) => lang.pick("yes, unsent", "oui, non transmise"),
                None => lang.pick("no", "non"),
            }) }
            td data-th=(changed) { @if let Some(at) = row.updated_at { (time(at)) } }
        }
    }
}
