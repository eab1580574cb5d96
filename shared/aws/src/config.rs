//! Configuration from the environment (docs/interface.md, "Variables").

use std::collections::BTreeSet;
use std::ffi::OsStr;

use quittance_core::fold::{Confirm, Instalments};
use quittance_core::notice::Notice;
use quittance_core::{Policy, ReleaseOn};

/// What the environment says, apart from keys, which belong to the PSPs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// When an order is released.
    pub policy: Policy,
    /// How long raw notifications are kept; `None` = not kept.
    pub raw_retention_days: Option<u32>,
    /// The order table.
    pub table: String,
    /// The raw archive.
    pub archive_table: String,
    /// Our own address as providers and browsers see it, without a slash at its end.
    pub public_url: Option<String>,
    /// How many minutes after the end of its session a stranded voucher is given back by itself; `None` = never.
    pub stranded_refund_minutes: Option<u32>,
    /// What a shop is told besides.
    pub notices: BTreeSet<Notice>,
    /// The fulfilment queue, if this function needs one.
    pub queue_url: Option<String>,
    /// The queue of what is posted to the shop, if there is one.
    pub shop_queue_url: Option<String>,
    /// The EventBridge bus that gets every message too, if there is one.
    pub event_bus: Option<String>,
}

/// A variable with a value that is not among the documented ones.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{variable} must be {expected}")]
pub struct BadSetting {
    /// Which variable.
    pub variable: &'static str,
    /// What it may be.
    pub expected: &'static str,
}

/// How long raw notifications are kept unless configured: long enough for a chargeback, which may
/// come 13 months after the payment.
pub const DEFAULT_RETENTION_DAYS: u32 = 400;

/// The order table unless configured.
pub const DEFAULT_TABLE: &str = "quittance-orders";

/// The raw archive unless configured.
pub const DEFAULT_ARCHIVE_TABLE: &str = "quittance-archive";

impl Settings {
    /// Reads the variables through `variable`; an empty value counts as absent.
    ///
    /// # Errors
    ///
    /// The first variable whose value is not among the documented ones.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, BadSetting> {
        let variable = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let word = |name| variable(name).unwrap_or_default().trim().to_owned();
        let policy = Policy {
            release_on: setting(
                "QUITTANCE_RELEASE_ON",
                "captured or secured",
                word,
                ReleaseOn::from_word,
            )?,
            instalments: setting(
                "QUITTANCE_INSTALMENTS",
                "first or all",
                word,
                Instalments::from_word,
            )?,
            confirm: setting("QUITTANCE_CONFIRM", "off or ask", word, Confirm::from_word)?,
        };
        let days = match variable("QUITTANCE_RAW_RETENTION_DAYS") {
            None => DEFAULT_RETENTION_DAYS,
            Some(days) => days
                .trim()
                .parse()
                .map_err(|_| bad("QUITTANCE_RAW_RETENTION_DAYS", "a number of days, 0 for none"))?,
        };
        let stranded = variable("QUITTANCE_STRANDED_REFUND_MINUTES");
        let stranded_refund_minutes = stranded
            .map(|minutes| minutes.trim().parse())
            .transpose()
            .map_err(|_| bad("QUITTANCE_STRANDED_REFUND_MINUTES", "a number of minutes"))?;
        let notices = variable("QUITTANCE_NOTICES").unwrap_or_default();
        let notices = words(&notices)
            .map(|word| {
                Notice::from_word(word)
                    .ok_or_else(|| bad("QUITTANCE_NOTICES", "held, stranded, or both"))
            })
            .collect::<Result<_, _>>()?;
        let public_url = variable("QUITTANCE_PUBLIC_URL").map(|url| url.trim().to_owned());
        let public_url = public_url.map(|url| url.trim_end_matches('/').to_owned());
        let is_address = |url: &String| url.starts_with("https://") || url.starts_with("http://");
        if !public_url.as_ref().is_none_or(is_address) {
            return Err(bad("QUITTANCE_PUBLIC_URL", "an https:// address"));
        }
        Ok(Self {
            public_url,
            stranded_refund_minutes,
            notices,
            policy,
            raw_retention_days: (days > 0).then_some(days),
            table: variable("QUITTANCE_TABLE").unwrap_or_else(|| DEFAULT_TABLE.to_owned()),
            archive_table: variable("QUITTANCE_ARCHIVE_TABLE")
                .unwrap_or_else(|| DEFAULT_ARCHIVE_TABLE.to_owned()),
            queue_url: variable("QUITTANCE_QUEUE_URL"),
            shop_queue_url: variable("QUITTANCE_SHOP_QUEUE_URL"),
            event_bus: variable("QUITTANCE_EVENT_BUS"),
        })
    }

    /// Reads the process' environment.
    ///
    /// # Errors
    ///
    /// Those of [`Settings::read`].
    pub fn from_env() -> Result<Self, BadSetting> {
        Self::read(variable)
    }
}

/// The text of a variable of the process' environment. What is not UTF-8 is replaced, so that the variable is
/// refused as malformed and not taken for unset. Not for keys: a replaced part is no secret.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| readable(&value))
}

fn readable(value: &OsStr) -> String {
    value.to_string_lossy().into_owned()
}

/// A variable that holds names separated by commas or blanks.
pub fn list(variable: &str) -> Vec<String> {
    let value = self::variable(variable).unwrap_or_default();
    words(&value).map(str::to_owned).collect()
}

/// The setting whose word a variable has; what is usual without one.
fn setting<T: Default>(
    name: &'static str,
    expected: &'static str,
    word: impl Fn(&'static str) -> String,
    read: fn(&str) -> Option<T>,
) -> Result<T, BadSetting> {
    match word(name).as_str() {
        "" => Ok(T::default()),
        word => read(word).ok_or_else(|| bad(name, expected)),
    }
}

fn words(value: &str) -> impl Iterator<Item = &str> {
    value.split([',', ' ']).map(str::trim).filter(|word| !word.is_empty())
}

fn bad(variable: &'static str, expected: &'static str) -> BadSetting {
    BadSetting { variable, expected }
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt;

    use super::*;
    use crate::sources::Sources;

    #[test]
    fn a_variable_that_is_not_utf8_is_malformed_and_not_unset() {
        let value = readable(OsStr::from_bytes(b"192.0.2.1\xff"));
        assert!(Sources::parse(&value).is_err(), "an open door otherwise");
        let value = readable(OsStr::from_bytes(b"secured\xff"));
        assert!(read(&[("QUITTANCE_RELEASE_ON", &value)]).is_err());
    }

    fn read(pairs: &[(&str, &str)]) -> Result<Settings, BadSetting> {
        Settings::read(|name| {
            pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn defaults_are_the_documented_ones() {
        let settings = read(&[("QUITTANCE_QUEUE_URL", "")]).unwrap();
        assert_eq!(settings.policy, Policy::default());
        assert_eq!(settings.policy.release_on, ReleaseOn::Captured);
        assert_eq!(settings.raw_retention_days, Some(400));
        assert_eq!(settings.queue_url, None);
        assert_eq!(settings.notices, BTreeSet::new());
    }

    #[test]
    fn a_word_that_is_not_documented_stops_the_start() {
        assert_eq!(
            read(&[("QUITTANCE_RELEASE_ON", "secured")]).unwrap().policy.release_on,
            ReleaseOn::Secured
        );
        assert_eq!(
            read(&[("QUITTANCE_RAW_RETENTION_DAYS", "0")]).unwrap().raw_retention_days,
            None
        );
        let both = read(&[("QUITTANCE_NOTICES", "stranded, held")]).unwrap().notices;
        assert_eq!(both, BTreeSet::from(Notice::ALL));
        for (name, value) in [
            ("QUITTANCE_RELEASE_ON", "CAPTURED"),
            ("QUITTANCE_INSTALMENTS", "last"),
            ("QUITTANCE_RAW_RETENTION_DAYS", "-1"),
            ("QUITTANCE_NOTICES", "held, lost"),
            ("QUITTANCE_NOTICES", "Held"),
        ] {
            assert_eq!(read(&[(name, value)]).unwrap_err().variable, name);
        }
    }
}
