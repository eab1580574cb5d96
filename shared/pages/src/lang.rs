//! In which language a page is, and how amounts and times are written in it.

use quittance_core::{Currency, Timestamp};

/// A language of the pages. A text is written in both where it is used, so that none can be missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// French.
    Fr,
}

impl Lang {
    /// Both.
    pub const ALL: [Self; 2] = [Self::En, Self::Fr];

    /// The language that was `chosen` by its code, else the one that a browser `accepts` most
    /// (`Accept-Language`, RFC 9110), else English.
    pub fn of(chosen: Option<&str>, accepts: Option<&str>) -> Self {
        if let Some(lang) = chosen.and_then(Self::from_tag) {
            return lang;
        }
        let weighed = accepts.unwrap_or("").split(',').filter_map(|part| {
            let (tag, parameters) = part.split_once(';').unwrap_or((part, ""));
            let weight = parameters.trim().strip_prefix("q=").unwrap_or("1");
            let weight: f32 = weight.parse().ok().filter(|weight| *weight > 0.0)?;
            Some((weight, Self::from_tag(tag.trim())?))
        });
        // Of equals the first.
        let best = weighed.fold(None, |best: Option<(f32, Self)>, next| match best {
            Some(best) if best.0 >= next.0 => Some(best),
            _ => Some(next),
        });
        best.map(|(_, lang)| lang).unwrap_or_default()
    }

    fn from_tag(tag: &str) -> Option<Self> {
        let language = tag.split('-').next()?.to_ascii_lowercase();
        Self::ALL.into_iter().find(|lang| lang.code() == language)
    }

    /// The code of ISO 639.
    pub fn code(self) -> &'static str {
        self.pick("en", "fr")
    }

    /// The other one.
    pub(crate) fn other(self) -> Self {
        self.pick(Self::Fr, Self::En)
    }

    /// What is said in this language.
    pub(crate) fn pick<T>(self, en: T, fr: T) -> T {
        match self {
            Self::En => en,
            Self::Fr => fr,
        }
    }

    /// An amount in minor units: `1234.50 EUR`, `1 234,50 €`.
    pub(crate) fn money(self, currency: Option<Currency>, amount: u64) -> String {
        let Some(currency) = currency else { return amount.to_string() };
        let shown = currency.display(amount).to_string();
        match (self, shown.split_once(' ')) {
            (Self::Fr, Some((digits, unit))) => {
                let (major, minor) = digits.split_once('.').unwrap_or((digits, ""));
                let comma = if minor.is_empty() { "" } else { "," };
                let unit = if unit == "EUR" { "€" } else { unit };
                format!("{}{comma}{minor}\u{a0}{unit}", grouped(major))
            }
            _ => shown,
        }
    }

    /// How long something takes or took, in the largest units that say enough.
    pub(crate) fn span(self, seconds: u64) -> String {
        let day = self.pick("d", "j");
        match seconds {
            0..120 => format!("{seconds}\u{a0}s"),
            120..7_200 => format!("{}\u{a0}min", seconds / 60),
            7_200..172_800 => {
                format!("{}\u{a0}h\u{a0}{:02}", seconds / 3_600, seconds % 3_600 / 60)
            }
            _ => format!("{}\u{a0}{day}", seconds / 86_400),
        }
    }
}

/// Digits in groups of three, with narrow spaces.
fn grouped(digits: &str) -> String {
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// A time as it is shown where no script makes it local: `2026-11-27 14:54:05 UTC`.
pub(crate) fn utc(at: Timestamp) -> String {
    at.to_string().replace('T', " ").replace('Z', " UTC")
}

/// A word of JSON with blanks.
pub(crate) fn spaced(word: &str) -> String {
    word.replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_the_chosen_one_or_the_one_accepted_most() {
        for (chosen, accepts, lang) in [
            (None, None, Lang::En),
            (None, Some("fr"), Lang::Fr),
            (None, Some("fr-CA,fr;q=0.9,en;q=0.8"), Lang::Fr),
            (None, Some("en-GB, fr"), Lang::En),
            (None, Some("en;q=0.5, fr;q=0.7"), Lang::Fr),
            (None, Some("de, it"), Lang::En),
            (None, Some("fr;q=0"), Lang::En),
            (None, Some("fr;q=x, ;;,"), Lang::En),
            (Some("fr"), Some("en"), Lang::Fr),
            (Some("en"), Some("fr"), Lang::En),
            (Some("xx"), Some("fr"), Lang::Fr),
        ] {
            assert_eq!(Lang::of(chosen, accepts), lang, "{chosen:?} {accepts:?}");
        }
    }

    #[test]
    fn amounts_are_written_as_each_language_does() {
        let of = Currency::from_alpha;
        for (currency, amount, en, fr) in [
            (of("EUR"), 123_450, "1234.50 EUR", "1\u{202f}234,50\u{a0}€"),
            (of("EUR"), 5, "0.05 EUR", "0,05\u{a0}€"),
            (of("JPY"), 1_234_567, "1234567 JPY", "1\u{202f}234\u{202f}567\u{a0}JPY"),
            (None, 7, "7", "7"),
        ] {
            assert_eq!(
                (&*Lang::En.money(currency, amount), &*Lang::Fr.money(currency, amount)),
                (en, fr)
            );
        }
    }

    #[test]
    fn a_span_is_said_in_units_that_say_enough() {
        for (seconds, said) in
            [(0, "0 s"), (119, "119 s"), (120, "2 min"), (8_040, "2 h 14"), (172_800, "2 d")]
        {
            assert_eq!(Lang::En.span(seconds).replace('\u{a0}', " "), said);
        }
        assert_eq!(Lang::Fr.span(172_800), "2\u{a0}j");
    }
}
