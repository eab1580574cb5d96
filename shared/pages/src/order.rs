//! The page of one order.

use maud::{Markup, html};
use quittance_core::desk::{Content, Desk, Line, LineState, New, Request};
use quittance_core::details::Value;
use quittance_core::fact::{Kind, Status};
use quittance_core::fold::Share;
use quittance_core::money::amount_from_digits;
use quittance_core::plan::Refusal;
use quittance_core::provider::find;
use quittance_core::rules::Rules;
use quittance_core::{
    Currency, Order, OrderView, Policy, Providers, State, Summary, Timestamp, Words,
};

use crate::bar::{bar, parts};
use crate::form::{Fields, encoded};
use crate::lang::{Lang, spaced, utc};
use crate::layout::Frame;
use crate::{reasons, why, words};

/// What the page of one order is made of.
pub struct OrderPage<'a> {
    /// The order.
    pub order: &'a Order,
    /// What was asked for with its money.
    pub desk: &'a Desk,
    /// The policy under which it is shown.
    pub policy: Policy,
    /// When that is.
    pub now: Timestamp,
    /// Who is known.
    pub providers: Providers,
    /// The amount to be planned with, as it was typed.
    pub typed: Option<&'a str>,
    /// Where actions are posted to, where there are any.
    pub actions: Option<&'a str>,
    /// A raw notification that was asked for, masked.
    pub raw: Option<&'a str>,
    /// What came of the last action, in the page's language.
    pub said: Option<&'a str>,
}

/// A refund that a page proposes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// Minor units.
    pub amount: u64,
    /// Of what.
    pub currency: Currency,
}

impl Refund {
    /// Reads what somebody typed: `40`, `40.00`, `40,00`, with spaces between groups.
    pub fn typed(text: &str, currency: Currency) -> Option<Self> {
        let text: String = text.chars().filter(|c| !c.is_whitespace() && *c != '€').collect();
        let places = usize::try_from(currency.exponent()?).ok()?;
        let (major, minor) = text.split_once([',', '.']).unwrap_or((&text, ""));
        if minor.len() > places || (major.is_empty() && minor.is_empty()) {
            return None;
        }
        let amount = amount_from_digits(&format!("{major}{minor:0<places$}"))?;
        (amount > 0).then_some(Self { amount, currency })
    }
}

/// How good a state is, for its colour.
pub(crate) fn tone(state: State) -> &'static str {
    match state {
        State::Captured => "tag good",
        State::Refused | State::Cancelled | State::Expired | State::ChargedBack => "tag bad",
        _ => "tag",
    }
}

impl OrderPage<'_> {
    /// The page.
    pub fn render(&self, frame: &Frame<'_>) -> String {
        let lang = frame.lang;
        let view = self.order.view(self.policy, self.now, self.providers);
        let summary = self.order.summary(self.policy);
        let sentences = Words::of(self.providers, view.psp);
        let provider = find(self.providers, view.psp);
        let rules = provider.map_or(&Rules::NONE, |provider| provider.rules());
        let body = html! {
            p { a href=(frame.to(frame.home)) { (lang.pick("All orders", "Toutes les commandes")) } }
            h1 { (view.order) }
            p.soft { (view.psp.as_str()) " · " (view.merchant) " · " (view.mode.as_str()) }
            @if let Some(said) = self.said { p.said role="status" { (said) } }
            p.lead { (why::headline(lang, self.order, &summary)) }
            @if let Some(why) = why::why(lang, self.order, self.policy, sentences) { p.why { (why) } }
            p {
                span class=(tone(view.state)) { (words::state(lang, view.state)) }
                @for flag in &view.flags {
                    @let (name, means) = words::flag(lang, *flag);
                    " " span class="tag flag" title=(means) { (name) }
                }
            }
            @for flag in &view.flags { p.soft { (words::flag(lang, *flag).1) } }
            @if let Some(actions) = self.actions { (self.ask(frame, actions)) }
            (bar(lang, &summary, &parts(lang, self.order, &summary, rules)))
            h2 { (lang.pick("Shares", "Parts")) }
            (shares(lang, &view))
            h2 { (lang.pick("Give money back", "Rendre de l'argent")) }
            (self.refund(frame, &summary, rules, sentences))
            (self.requests(lang, sentences))
            h2 { (lang.pick("What happened", "Chronologie")) }
            (self.timeline(frame, &view))
            @if let Some(raw) = self.raw {
                h2 { (lang.pick("Raw notification, without personal data", "Notification brute, sans données personnelles")) }
                pre { (raw) }
            }
        };
        frame.page(&view.order, &body)
    }

    /// A plan for the amount that was typed, and how long vouchers can be given back.
    fn refund(
        &self,
        frame: &Frame<'_>,
        summary: &Summary,
        rules: &Rules,
        sentences: Words,
    ) -> Markup {
        let lang = frame.lang;
        let left = summary.captured.saturating_sub(summary.refunded) + summary.authorised;
        let Some(currency) = summary.currency.filter(|_| left > 0) else {
            return html! { p.soft { (lang.pick("There is nothing to give back.", "Il n'y a rien à rendre.")) } };
        };
        let plan = |amount| {
            let content = Content::Refund { amount, currency };
            self.desk.plan(self.order, rules, New { request: "", content }, self.now)
        };
        let deadline = match plan(left) {
            Ok(request) => request.voucher_deadline,
            Err(refusal) => refusal.voucher_deadline,
        };
        let typed = self.typed.filter(|typed| !typed.trim().is_empty());
        html! {
            @if let Some(deadline) = deadline { (window(lang, deadline, self.now)) }
            form.find method="get" action=(frame.path) {
                @if let Some(key) = Fields::of(frame.query).get("key") { input type="hidden" name="key" value=(key); }
                input type="hidden" name="lang" value=(lang.code());
                label { (lang.pick("Amount", "Montant")) " (" (currency.code()) ")"
                    input name="amount" inputmode="decimal" size="10" value=[typed] required; }
                button { (lang.pick("Show the plan", "Voir le plan")) }
            }
            @if let Some(typed) = typed {
                @match Refund::typed(typed, currency) {
                    None => p.no role="alert" { (lang.pick("This is no amount. Write 40 or 40.00.", "Ce n'est pas un montant. Écrivez 40 ou 40,00.")) },
                    Some(Refund { amount, .. }) => @match plan(amount) {
                        Ok(request) => (self.planned(frame, &request, amount, currency)),
                        Err(refusal) => (refused(lang, &refusal, currency, sentences)),
                    }
                }
            }
        }
    }

    fn planned(
        &self,
        frame: &Frame<'_>,
        request: &Request,
        amount: u64,
        currency: Currency,
    ) -> Markup {
        let lang = frame.lang;
        html! {
            p { (lang.pick("The plan, before the PSP is asked once more:", "Le plan, avant que le prestataire soit interrogé de nouveau :")) }
            ul.lines { @for line in &request.lines { li { (verb(lang, line)) " " b { (lang.money(Some(line.currency), line.amount)) } " · " (line.method) " " code { (line.target) } } } }
            @if let Some(actions) = self.actions {
                details {
                    summary { (lang.pick("Send this refund", "Envoyer ce remboursement")) }
                    form method="post" action=(format!("{actions}/refund")) {
                        (self.hidden(frame))
                        input type="hidden" name="amount" value=(amount);
                        input type="hidden" name="currency" value=(currency.code());
                        // The same page sent twice is one refund.
                        input type="hidden" name="request" value=(format!("CONSOLE-{}", self.now.unix()));
                        p { (lang.pick(
                            format!("{} go back to the buyer. This cannot be undone.", lang.money(Some(currency), amount)),
                            format!("{} sont rendus à l'acheteur. C'est définitif.", lang.money(Some(currency), amount)),
                        )) }
                        button { (lang.pick("Yes, give it back", "Oui, rembourser")) }
                    }
                }
            }
        }
    }

    fn ask(&self, frame: &Frame<'_>, actions: &str) -> Markup {
        let lang = frame.lang;
        html! {
            div.acts { details {
                summary { (lang.pick("Ask the PSP now", "Interroger le prestataire")) }
                form method="post" action=(format!("{actions}/ask")) {
                    (self.hidden(frame))
                    p { (lang.pick(
                        "What the PSP says is stored like a notification, and may release the order.",
                        "La réponse est enregistrée comme une notification, et peut libérer la commande.",
                    )) }
                    button { (lang.pick("Yes, ask", "Oui, interroger")) }
                }
            } }
        }
    }

    fn hidden(&self, frame: &Frame<'_>) -> Markup {
        html! {
            input type="hidden" name="order" value=(self.order.key());
            input type="hidden" name="lang" value=(frame.lang.code());
        }
    }

    /// What was asked for.
    fn requests(&self, lang: Lang, sentences: Words) -> Markup {
        html! {
            @if !self.desk.requests().is_empty() {
                ul.lines { @for request in self.desk.requests() { @for line in &request.lines {
                    li {
                        span class=(if line.state == LineState::Uncertain { "tag bad" } else { "tag" }) { (words::line(lang, line.state)) }
                        " " (verb(lang, line)) " " b { (lang.money(Some(line.currency), line.amount)) } " · " (line.method)
                        " · " (words::request(lang, request.content.kind())) " " code { (request.request) }
                        @if let Some(why) = &line.reason { " " span.soft { (reasons::sentence(lang, why, sentences)) } }
                    }
                } } }
            }
        }
    }

    /// Facts, asks, decisions, messages and refunds by time.
    fn timeline(&self, frame: &Frame<'_>, view: &OrderView) -> Markup {
        let lang = frame.lang;
        let mut entries: Vec<(Timestamp, Markup)> = Vec::new();
        if let Some(registered) = self.order.registered() {
            let amount = lang.money(Some(registered.currency), registered.amount);
            entries.push((registered.at, html! { (lang.pick("registered: the order costs ", "enregistré : la commande coûte ")) (amount) }));
        }
        for told in view.notifications.iter().flatten() {
            let source = match told.source.as_str() {
                "api" => lang.pick("the PSP, when asked", "le prestataire, interrogé"),
                _ => lang.pick("notification", "notification"),
            };
            let raw = format!("{}&raw={}", address(frame, self.order), told.sha256);
            entries.push((told.received_at, html! {
                span.tag { (source) } " " (told.about)
                @if self.actions.is_some() && told.source != "api" { " " a href=(frame.to(&raw)) { (lang.pick("raw", "brute")) } }
            }));
        }
        if let Some(release) = &view.fulfilment {
            entries.push((
                release.decided_at,
                html! { b { (lang.pick("released", "libérée")) } " " code { (release.id) } },
            ));
            entries.extend(release.sent_at.map(|at| (at, html! { (lang.pick("the queue knows of the release", "la file connaît la libération")) })));
        }
        for reversal in &view.reversals {
            let amount = lang.money(view.currency, reversal.amount);
            entries.push((reversal.decided_at, html! {
                b { (lang.pick("reversal of ", "reprise de ")) (amount) } ": " (words::cause(lang, reversal.reason)) " " code { (reversal.id) }
            }));
            entries.extend(reversal.sent_at.map(|at| (at, html! { (lang.pick("the queue knows of the reversal", "la file connaît la reprise")) })));
        }
        for request in self.desk.requests() {
            let kind = words::request(lang, request.content.kind());
            entries.push((request.planned_at, html! { (kind) " " (lang.pick("asked for:", "demandé :")) " " code { (request.request) } }));
        }
        entries.sort_by_key(|(at, _)| *at);
        html! { ol.time { @for (at, what) in &entries { li { (time(*at)) span { (what) } } } } }
    }
}

/// The address of an order's page.
pub(crate) fn address(frame: &Frame<'_>, order: &Order) -> String {
    of_key(frame.home, &order.key().to_string())
}

/// The address of an order by its key.
pub(crate) fn of_key(home: &str, key: &str) -> String {
    // The list's own address may be the root, and orders are found under theirs.
    let path = if home == "/" { "/orders" } else { home };
    format!("{path}?key={}", encoded(key))
}

/// How long vouchers can be given back.
fn window(lang: Lang, deadline: Timestamp, now: Timestamp) -> Markup {
    html! {
        @if now < deadline {
            p { (lang.pick("Vouchers can surely be given back for ", "Les chèques se remboursent à coup sûr pendant encore ")) b { (lang.span(deadline.seconds_since(now))) } ", " (lang.pick("until ", "jusqu'à ")) (time(deadline)) "." }
        } @else {
            p.soft { (lang.pick("The time in which vouchers can surely be given back ended at ", "Le délai pendant lequel les chèques se remboursent à coup sûr a pris fin le ")) (time(deadline)) "." }
        }
    }
}

fn refused(lang: Lang, refusal: &Refusal, currency: Currency, sentences: Words) -> Markup {
    let nearest: Vec<u64> = refusal.below.into_iter().chain(refusal.above).collect();
    html! {
        div.no role="alert" {
            p { (lang.pick("This amount cannot be given back:", "Ce montant ne peut pas être rendu :")) }
            ul { @for reason in &refusal.reasons { li { (reasons::sentence(lang, reason, sentences)) } } }
            @if !nearest.is_empty() {
                p { (lang.pick("Nearest: ", "Au plus proche : ")) @for (at, amount) in nearest.iter().enumerate() { @if at > 0 { ", " } b { (lang.money(Some(currency), *amount)) } } }
            }
        }
    }
}

fn verb(lang: Lang, line: &Line) -> &'static str {
    use quittance_core::api::Verb;
    match line.verb {
        Verb::Refund => lang.pick("give back", "rendre"),
        Verb::Cancel => lang.pick("cancel", "annuler"),
        Verb::Capture => lang.pick("take", "encaisser"),
    }
}

pub(crate) fn time(at: Timestamp) -> Markup {
    html! { time datetime=(at) { (utc(at)) } }
}

/// Whether a share never had money.
fn failed(share: &Share) -> bool {
    share.kind == Kind::Debit
        && matches!(share.status, Status::Refused | Status::Cancelled | Status::Expired)
}

/// What counts, and attempts that failed folded away.
fn shares(lang: Lang, view: &OrderView) -> Markup {
    let (tries, others): (Vec<&Share>, Vec<&Share>) =
        view.shares.iter().partition(|share| failed(share));
    let list = |shares: &[&Share]| html! { ul.shares { @for share in shares { (one(lang, view, share)) } } };
    html! {
        @if others.is_empty() { p.soft { (lang.pick("No payment is known.", "Aucun paiement n'est connu.")) } } @else { (list(&others)) }
        @if !tries.is_empty() {
            details {
                summary { (tries.len()) " " (match tries.len() {
                    1 => lang.pick("attempt that failed", "essai sans succès"),
                    _ => lang.pick("attempts that failed", "essais sans succès"),
                }) }
                (list(&tries))
            }
        }
    }
}

fn one(lang: Lang, view: &OrderView, share: &Share) -> Markup {
    let sign = if share.kind == Kind::Credit { "−" } else { "" };
    let tone = match share.status {
        Status::Captured | Status::Refunded | Status::Accepted => "tag good",
        Status::Unknown | Status::Ambiguous | Status::ChargedBack => "tag flag",
        Status::Refused | Status::Cancelled | Status::Expired => "tag bad",
        Status::Pending | Status::Authorised => "tag",
    };
    let details: Vec<String> = share
        .details
        .iter()
        .flatten()
        .map(|(member, value)| {
            let value = match value {
                Value::Number(number) => number.to_string(),
                Value::Text(text) => text.clone(),
            };
            let member = serde_json::to_value(member).unwrap_or_default();
            format!("{} {value}", spaced(member.as_str().unwrap_or_default()))
        })
        .collect();
    html! {
        li {
            b { (sign) (lang.money(share.currency.or(view.currency), share.amount)) }
            (share.method) " · " (words::kind(lang, share.kind)) " "
            span class=(tone) { (words::status(lang, share.status)) } " " span.soft { (share.psp_status) }
            br; code { (share.share) }
            @if !details.is_empty() { br; small.soft { (details.join(" · ")) } }
        }
    }
}
