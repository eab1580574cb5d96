//! What the order costs as one bar: what was taken by card and by voucher, what is only reserved, what is missing.

use maud::{Markup, html};
use quittance_core::fact::{Kind, Status};
use quittance_core::plan::taken;
use quittance_core::rules::{Purse, Rules};
use quittance_core::{Order, Summary};

use crate::lang::Lang;

/// How wide the bar is, in its own units.
const WIDTH: u128 = 1_000;

/// A part of the bar.
pub(crate) struct Part {
    /// How it is coloured.
    class: &'static str,
    label: String,
    /// Minor units.
    amount: u64,
}

/// The parts: cards, vouchers, what is only reserved, what is missing.
pub(crate) fn parts(lang: Lang, order: &Order, summary: &Summary, rules: &Rules) -> Vec<Part> {
    let label = |method: &str, en: &str, fr: &str| format!("{method} {}", lang.pick(en, fr));
    let mut parts: Vec<Part> = taken(order, rules)
        .into_iter()
        .filter(|taken| Some(taken.currency) == summary.currency)
        .map(|taken| Part {
            class: match taken.purse {
                Purse::Voucher => "voucher",
                Purse::Card => "card",
            },
            label: label(&taken.method, "captured", "encaissé"),
            amount: taken.amount,
        })
        .collect();
    let known = sum(&parts);
    // Where nobody knows which kind of method took how much, all of it is one part.
    if known != summary.captured && summary.captured > 0 {
        let debits = summary
            .shares
            .iter()
            .filter(|share| share.kind == Kind::Debit && share.status == Status::Captured);
        let methods: Vec<&str> = debits.map(|share| share.method.as_str()).collect();
        let label = label(&methods.join("+"), "captured", "encaissé");
        parts = vec![Part { class: "both", label, amount: summary.captured }];
    }
    if summary.authorised > 0 {
        let label = lang.pick("authorised", "autorisé").to_owned();
        parts.push(Part { class: "held", label, amount: summary.authorised });
    }
    let held = sum(&parts);
    let missing = summary.expected.map_or(0, |expected| expected.saturating_sub(held));
    if missing > 0 {
        let label = lang.pick("missing", "manquant").to_owned();
        parts.push(Part { class: "missing", label, amount: missing });
    }
    parts
}

fn sum(parts: &[Part]) -> u64 {
    parts.iter().map(|part| part.amount).fold(0, u64::saturating_add)
}

/// The bar and its legend.
pub(crate) fn bar(lang: Lang, summary: &Summary, parts: &[Part]) -> Markup {
    let whole = parts.iter().map(|part| u128::from(part.amount)).sum::<u128>().max(1);
    let mut from = 0;
    let placed: Vec<(u128, u128, &Part)> = parts
        .iter()
        .map(|part| {
            let start = from * WIDTH / whole;
            from += u128::from(part.amount);
            (start, from * WIDTH / whole - start, part)
        })
        .collect();
    let money = |amount| lang.money(summary.currency, amount);
    html! {
        svg.bar viewBox=(format!("0 0 {WIDTH} 24")) preserveAspectRatio="none" role="img" aria-hidden="true" {
            @for (start, width, part) in &placed {
                rect class=(part.class) x=(start) width=(width) y="0" height="24" {}
            }
        }
        ul.legend {
            @for part in parts {
                li { span class=(format!("dot {}", part.class)) {} (part.label) " " b { (money(part.amount)) } }
            }
            @if summary.refunded > 0 {
                li { span class="dot back" {} (lang.pick("given back", "rendu")) " " b { (money(summary.refunded)) } }
            }
        }
    }
}
