//! What stands at the top of an order's page: what has come in, and why the order waits.

use quittance_core::explain::{Explanation, Waiting};
use quittance_core::{Order, Policy, Summary, Words};

use crate::lang::Lang;
use crate::words;

/// The sentence about the money and the release.
pub(crate) fn headline(lang: Lang, order: &Order, summary: &Summary) -> String {
    let money = |amount| lang.money(summary.currency, amount);
    let kept = summary.captured.saturating_sub(summary.refunded);
    let held = match summary.expected {
        Some(expected) if summary.captured == 0 && summary.authorised > 0 => lang.pick(
            format!(
                "{} of {} authorised, nothing taken yet.",
                money(summary.authorised),
                money(expected)
            ),
            format!(
                "{} autorisés sur {}, rien n'est encore encaissé.",
                money(summary.authorised),
                money(expected)
            ),
        ),
        Some(expected) => lang.pick(
            format!("{} of {} received.", money(kept), money(expected)),
            format!("{} encaissés sur {}.", money(kept), money(expected)),
        ),
        None => lang.pick(
            format!("{} received; what the order costs is not known.", money(kept)),
            format!("{} encaissés ; le prix de la commande n'est pas connu.", money(kept)),
        ),
    };
    let released = match order.fulfilment() {
        Some(release) if release.sent_at.is_some() => {
            lang.pick("The order is released.", "La commande est libérée.")
        }
        Some(_) => lang.pick(
            "The order is released; the queue does not know yet.",
            "La commande est libérée ; la file ne le sait pas encore.",
        ),
        None => lang.pick("Nothing is shipped.", "Rien n'est expédié."),
    };
    format!("{held} {released}")
}

/// Why the order is not released; `None` once it is.
pub(crate) fn why(lang: Lang, order: &Order, policy: Policy, words: Words) -> Option<String> {
    let why = order.explanation(policy)?;
    Some(match lang {
        Lang::En => sentence(&why.say(words)),
        Lang::Fr => french(&why, words),
    })
}

/// With a capital and a final stop.
fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), characters.as_str())
}

/// The same in French. What a PSP's table says of a code is in English, between quotes.
fn french(why: &Explanation, words: Words) -> String {
    match why {
        Explanation::ChargedBack => {
            "La banque de l'acheteur a repris l'argent : la commande n'est pas libérée.".to_owned()
        }
        Explanation::Currencies => "Les montants sont dans plusieurs devises.".to_owned(),
        Explanation::Doubt(doubt) => format!(
            "La commande attend la réponse du prestataire. Un message laisse un doute : « {} ».",
            words.say(doubt)
        ),
        Explanation::SharesAlone => {
            "La commande attend la réponse du prestataire : seuls des messages sur des parts \
            isolées sont arrivés, et le prix n'est pas connu."
                .to_owned()
        }
        Explanation::PartAlone => {
            "La commande attend la réponse du prestataire : de l'argent a été pris d'un paiement \
            dont une part seule est connue, et non le tout."
                .to_owned()
        }
        Explanation::Targets => {
            "La commande attend la réponse du prestataire : les montants pris par ses paiements se \
            lisent de deux façons."
                .to_owned()
        }
        Explanation::GivenBack => "De l'argent a été rendu avant la libération.".to_owned(),
        Explanation::Unconfirmed => {
            "Les notifications couvrent la commande ; seule la réponse du prestataire la libère."
                .to_owned()
        }
        Explanation::CostUnknown => "Le prix de la commande n'est pas encore connu.".to_owned(),
        Explanation::Waiting { missing, whole, currency, shares, more } => {
            let money = |amount: &u64| Lang::Fr.money(Some(*currency), *amount);
            let mut named: Vec<String> =
                shares.iter().map(|share| of_share(share, words)).collect();
            if *more > 0 {
                named.push(format!("et {more} autres"));
            }
            let named = if named.is_empty() {
                "aucun autre paiement n'est connu".to_owned()
            } else {
                named.join(", ")
            };
            format!("Il manque {} sur {} : {named}.", money(missing), money(whole))
        }
    }
}

fn of_share(share: &Waiting, words: Words) -> String {
    let reason =
        share.reason.as_ref().map_or_else(String::new, |why| format!(" (« {} »)", words.say(why)));
    let Waiting { method, status, psp_status, .. } = share;
    format!("part {method} {} ({psp_status}){reason}", words::status(Lang::Fr, *status))
}
