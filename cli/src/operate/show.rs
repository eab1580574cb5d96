//! One order, for a person.

use quittance_aws::clock::now;
use quittance_core::fold::Share;
use quittance_core::registered::Registered;
use quittance_core::{Kind, OrderKey, OrderView, Timestamp};
use serde::Serialize;

use crate::operate::terminal::{clean, rows, since, table};
use crate::output::say;

/// The words of the order's flags.
pub(crate) fn flags(order: &OrderView) -> String {
    order.flags.iter().map(|flag| flag.as_str()).collect::<Vec<_>>().join(" ")
}

/// An amount in the order's currency, where one is known.
pub(crate) fn money(order: &OrderView, amount: u64) -> String {
    match order.currency {
        Some(currency) => currency.display(amount).to_string(),
        None => amount.to_string(),
    }
}

/// What a share is worth, in its own currency.
pub(crate) fn worth(order: &OrderView, share: &Share) -> String {
    match share.currency {
        Some(own) => own.display(share.amount).to_string(),
        None => money(order, share.amount),
    }
}

/// Prints an order for a person.
pub(crate) fn show(order: &OrderView, asked: &OrderKey, registered: Option<Registered>) {
    let name = clean(&order.order);
    say(&format!(
        "{name}  {} merchant {}, {}",
        order.psp.as_str(),
        clean(&order.merchant),
        order.mode.as_str()
    ));
    if asked.order != order.order {
        say(&format!("  looked up as {}, an alias of this order", clean(&asked.order)));
    }
    let flags = flags(order);
    say(&format!(
        "state       {}{}{flags}",
        order.state.as_str(),
        if flags.is_empty() { "" } else { "  ! " }
    ));
    if let Some(why) = &order.explanation {
        say(&format!("            {}", clean(why)));
    }
    let expected = order.expected.map_or_else(|| "not known".to_owned(), |e| money(order, e));
    let by_hand = registered.map_or_else(String::new, |r| format!("  registered {}", r.at));
    say(&format!("expected    {expected}{by_hand}"));
    for (what, amount) in [
        ("authorised", order.authorised),
        ("captured", order.captured),
        ("refunded", order.refunded),
    ] {
        say(&format!("{what:<11} {}", money(order, amount)));
    }
    say(&format!("release     {}", release(order)));
    for reversal in &order.reversals {
        let (id, amount) = (&reversal.id, money(order, reversal.amount));
        let (why, sent) = (word(&reversal.reason), sent(reversal.sent_at.is_some()));
        say(&format!("reversal    {id} {amount} {why} {sent}"));
    }
    say("\nshares");
    rows(&shares(order), "none");
    say("\ntimeline");
    let mut times = table(["at", "age", "what"]);
    let now = now();
    for (at, what) in orders::timeline(order, registered) {
        let age = Timestamp::parse(&at).map(|then| since(then, now)).unwrap_or_default();
        times.add_row([at, age, clean(&what)]);
    }
    rows(&times, "nothing");
}

fn release(order: &OrderView) -> String {
    match &order.fulfilment {
        None => "not decided".to_owned(),
        Some(f) => format!("{} decided {} {}", f.id, f.decided_at, sent(f.sent_at.is_some())),
    }
}

/// Whether the queue was told.
fn sent(sent: bool) -> &'static str {
    if sent { "sent" } else { "UNSENT (dispatch sends it, or `unsent resend`)" }
}

/// The word that an enum has in JSON.
fn word(value: &impl Serialize) -> String {
    let word = serde_json::to_value(value).unwrap_or_default();
    word.as_str().unwrap_or_default().to_owned()
}

fn shares(order: &OrderView) -> comfy_table::Table {
    let mut shares = table(["method", "amount", "status", "provider's word", "share"]);
    for share in &order.shares {
        let sign = if share.kind == Kind::Credit { "-" } else { "" };
        shares.add_row([
            clean(&share.method),
            format!("{sign}{}", worth(order, share)),
            word(&share.status),
            clean(&share.psp_status),
            clean(&share.share),
        ]);
    }
    shares
}
