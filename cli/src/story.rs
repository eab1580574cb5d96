//! What `quittance trigger` is told.

use clap::{ArgGroup, Args, ValueEnum};
use quittance_core::limits::MAX_AMOUNT;
use quittance_core::money::amount_from_digits;

/// Longest reference, in characters: what each provider takes.
const MAX_REFERENCE: usize = 32;

/// Send a named story of a payment to a stack: signed notifications of an order of its own
///
/// On a stack whose orders can be read, what becomes of the order is compared with what should. The status is 1 where it
/// differs.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("what").args(["scenario", "list"]).required(true).multiple(true)))]
pub(crate) struct Trigger {
    /// The story; see --list
    pub(crate) scenario: Option<String>,
    /// List the stories
    #[arg(long)]
    pub(crate) list: bool,
    /// Whose notifications, where both providers have the story; without it the first that has keys
    #[arg(long, value_enum)]
    pub(crate) psp: Option<Psp>,
    /// The reference of the order: letters, digits, `-`, `_`, `.`; without it a new one
    #[arg(long, value_name = "REFERENCE", value_parser = reference)]
    pub(crate) order: Option<String>,
    /// What the order costs, in minor units: 9000 for 90.00 EUR
    #[arg(long, value_name = "AMOUNT", value_parser = amount)]
    pub(crate) amount: Option<u64>,
    /// Whose order: the site or PSPID; without it the demo's
    #[arg(long, value_name = "ID")]
    pub(crate) merchant: Option<String>,
    /// With which of the configured keys Worldline's events are signed
    #[arg(long, value_name = "ID")]
    pub(crate) key: Option<String>,
    /// Where to send it: http or https; the routes are in the events
    ///
    /// Without it: the deployed stack that --stack names, else the local stack on port 9000
    #[arg(long, value_name = "URL")]
    pub(crate) to: Option<String>,
    /// Sign with the keys of the deployed stack of this name
    #[arg(long, value_name = "NAME")]
    pub(crate) stack: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Whose notifications.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Psp {
    Systempay,
    Worldline,
}

impl Psp {
    pub(crate) const ALL: [Self; 2] = [Self::Systempay, Self::Worldline];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Systempay => "systempay",
            Self::Worldline => "worldline",
        }
    }

    /// Whose the samples are, and the key that signed them.
    pub(crate) fn demo(self) -> (&'static str, &'static str) {
        match self {
            Self::Systempay => ("12345678", ""),
            Self::Worldline => ("DemoMerchant", "demo-key"),
        }
    }
}

fn reference(text: &str) -> Result<String, String> {
    let is_plain = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    if !text.is_empty() && text.len() <= MAX_REFERENCE && is_plain {
        Ok(text.to_owned())
    } else {
        Err(format!("1 to {MAX_REFERENCE} letters, digits, `-`, `_`, `.`"))
    }
}

/// What can be divided as the samples' amounts are.
fn amount(text: &str) -> Result<u64, String> {
    let amount = amount_from_digits(text).filter(|amount| *amount > 0 && amount * 10 <= MAX_AMOUNT);
    let amount = amount.ok_or("an amount in minor units, as 9000 for 90.00 EUR")?;
    if amount.is_multiple_of(12) {
        Ok(amount)
    } else {
        Err("a multiple of 12, so that its shares are whole".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_those_that_can_be_divided() {
        assert_eq!(amount("9000"), Ok(9_000));
        for bad in ["0", "1", "9001", "-12", "90.00", "", "999999999996"] {
            assert!(amount(bad).is_err(), "{bad}");
        }
        assert!(reference("A-1_b.c").is_ok());
        for bad in ["", "a/b", "é", "a b", &"x".repeat(33)] {
            assert!(reference(bad).is_err(), "{bad}");
        }
    }
}
