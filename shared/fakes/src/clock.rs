//! Moments as the providers write them.

use quittance_core::Timestamp;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// `2026-11-22T10:00:00+00:00`.
pub(crate) fn offset(moment: Timestamp) -> String {
    moment.to_string().replace('Z', "+00:00")
}

/// `2026-11-22T10:00:00.0000000Z`.
pub(crate) fn fraction(moment: Timestamp) -> String {
    moment.to_string().replace('Z', ".0000000Z")
}

/// `20261122100000`.
pub(crate) fn digits(moment: Timestamp) -> String {
    moment.to_string().chars().filter(char::is_ascii_digit).collect()
}

/// Reads [`digits`].
pub(crate) fn of_digits(text: &str) -> Option<Timestamp> {
    if text.len() != 14 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or("");
    let (date, time) = (
        [part(0, 4), part(4, 6), part(6, 8)].join("-"),
        [part(8, 10), part(10, 12), part(12, 14)].join(":"),
    );
    Timestamp::parse(&format!("{date}T{time}Z"))
}

/// Reads `Sun, 22 Nov 2026 10:00:00 GMT`.
pub(crate) fn of_rfc1123(text: &str) -> Option<Timestamp> {
    let parts: Vec<&str> = text.split(' ').collect();
    let [_, day, month, year, time, "GMT"] = parts.as_slice() else { return None };
    let month = MONTHS.iter().position(|known| known == month)? + 1;
    Timestamp::parse(&format!("{year}-{month:02}-{day}T{time}Z"))
}

/// So many seconds from a moment, back where negative.
pub(crate) fn shifted(moment: Timestamp, seconds: i64) -> Timestamp {
    let shifted = moment.unix().checked_add(seconds).and_then(Timestamp::from_unix);
    shifted.unwrap_or(moment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_spelling_is_read_as_the_same_moment() {
        let moment = Timestamp::from_unix(1_795_341_600).unwrap();
        assert_eq!(offset(moment), "2026-11-22T10:00:00+00:00");
        assert_eq!(Timestamp::parse(&fraction(moment)), Some(moment));
        assert_eq!(of_digits(&digits(moment)), Some(moment));
        assert_eq!(of_rfc1123("Sun, 22 Nov 2026 10:00:00 GMT"), Some(moment));
        for bad in ["", "2026112210000", "20261322100000", "2026112210000x"] {
            assert_eq!(of_digits(bad), None);
        }
        assert_eq!(of_rfc1123("2026-11-22T10:00:00Z"), None);
        assert_eq!(shifted(shifted(moment, 60), -60), moment);
    }
}
