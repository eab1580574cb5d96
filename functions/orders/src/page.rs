//! The timeline page of one order: plain HTML without scripts, readable on a phone.

use std::fmt::{Display, Write};

use quittance_core::OrderView;
use quittance_core::details::Value;
use quittance_core::fold::Share;
use quittance_core::registered::Registered;
use quittance_core::release::{Fulfilment, Reversal};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;\
color:#1b1b1b;background:#fff}table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}\
th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid #ddd;vertical-align:top}\
.amount{text-align:right;font-variant-numeric:tabular-nums}.state{font-weight:600}\
.flag{background:#fff3cd;padding:.1rem .4rem;border-radius:.3rem}code{word-break:break-all}\
@media(prefers-color-scheme:dark){body{background:#161616;color:#eee}th,td{border-color:#444}\
.flag{background:#5c4a00}}";

/// The page. Everything that came from outside is escaped.
pub(crate) fn render(order: &OrderView, registered: Option<Registered>) -> String {
    let money = |amount: u64| match order.currency {
        Some(currency) => currency.display(amount).to_string(),
        None => amount.to_string(),
    };
    let mut html = String::new();
    let title = escape(&order.order);
    let _ = write!(
        html,
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport \
         content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style><h1>{title}</h1>\
         <p>{} · merchant {} · {}</p><p class=state>{}{}</p>",
        order.psp.as_str(),
        escape(&order.merchant),
        order.mode.as_str(),
        order.state.as_str().replace('_', " "),
        order.flags.iter().fold(String::new(), |mut text, flag| {
            let _ = write!(text, " <span class=flag>{}</span>", escape(word(flag)));
            text
        }),
    );
    let expected = order.expected.map_or_else(|| "not known".to_owned(), money);
    let sums = [
        (if registered.is_some() { "Expected, as registered" } else { "Expected" }, expected),
        ("Authorised", money(order.authorised)),
        ("Captured", money(order.captured)),
        ("Refunded", money(order.refunded)),
    ];
    html.push_str("<table>");
    for (name, amount) in sums {
        let _ = write!(html, "<tr><th>{name}<td class=amount>{amount}");
    }
    html.push_str("</table><h2>Shares</h2><table><tr><th>Method<th>Kind<th>Amount<th>Status<th>Id");
    for share in &order.shares {
        row(
            &mut html,
            [
                escape(&share.method),
                word(&share.kind),
                money(share.amount),
                format!("{} ({})", word(&share.status), escape(&share.psp_status)),
                format!("<code>{}</code>{}", escape(&share.share), details(share)),
            ],
        );
    }
    html.push_str("</table><h2>Timeline</h2><table>");
    for (at, what) in timeline(order, registered) {
        row(&mut html, [escape(&at), escape(&what)]);
    }
    html.push_str("</table></html>");
    html
}

/// What is said of a share beyond that, in one small line.
fn details(share: &Share) -> String {
    let said = share.details.iter().flatten();
    let said = said.map(|(member, detail)| {
        let detail = match detail {
            Value::Number(number) => number.to_string(),
            Value::Text(text) => escape(text),
        };
        format!("{} {detail}", word(member))
    });
    let said: Vec<String> = said.collect();
    if said.is_empty() {
        String::new()
    } else {
        format!("<br><small>{}</small>", said.join(" · "))
    }
}

/// Notifications, what the merchant registered, and decisions by time.
pub fn timeline(order: &OrderView, registered: Option<Registered>) -> Vec<(String, String)> {
    let mut entries = Vec::new();
    if let Some(Registered { amount, currency, at }) = registered {
        entries.push((at.to_string(), format!("registered: {}", currency.display(amount))));
    }
    for received in order.notifications.iter().flatten() {
        entries.push((received.received_at.to_string(), received.about.clone()));
    }
    if let Some(Fulfilment { id, decided_at, sent_at }) = &order.fulfilment {
        entries.push((decided_at.to_string(), format!("released as {id}")));
        entries.extend(sent_at.map(|at| (at.to_string(), "release sent to the queue".to_owned())));
    }
    for Reversal { id, share, reason, decided_at, sent_at, .. } in &order.reversals {
        let why = word(reason);
        entries.push((decided_at.to_string(), format!("reversal {id} for {share}: {why}")));
        entries.extend(sent_at.map(|at| (at.to_string(), "reversal sent to the queue".to_owned())));
    }
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    entries
}

fn row<const N: usize>(html: &mut String, cells: [String; N]) {
    html.push_str("<tr>");
    for cell in cells {
        let _ = write!(html, "<td>{cell}");
    }
}

/// An enum's JSON word with blanks.
fn word(value: &impl serde::Serialize) -> String {
    let word = serde_json::to_value(value).ok();
    word.as_ref().and_then(|w| w.as_str()).unwrap_or("").replace('_', " ")
}

fn escape(text: impl Display) -> String {
    let mut escaped = String::new();
    for c in text.to_string().chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_from_outside_cannot_become_markup() {
        assert_eq!(escape("<img onerror='x'>&\""), "&lt;img onerror=&#39;x&#39;&gt;&amp;&quot;");
    }
}
