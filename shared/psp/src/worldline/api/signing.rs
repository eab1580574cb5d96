//! How a request is signed: v1HMAC. (worldline.md 11)

use std::fmt::Write;

use quittance_core::Timestamp;
use quittance_core::api::Method;
use quittance_core::crypto::{Secret, ascii, hmac_base64};

/// The days of the week, from the day of 1970-01-01 on.
const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];

/// The months.
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The seconds of a day.
const DAY: i64 = 24 * 60 * 60;

/// What begins the name of a header that is signed.
const SIGNED: &str = "x-gcs";

/// What is signed of a request.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// The method.
    pub method: Method,
    /// `Content-Type` exactly as it is sent; `None` where none is.
    pub content_type: Option<&'a str>,
    /// `Date` exactly as it is sent.
    pub date: &'a str,
    /// Headers by name, in any case and any order; those that do not begin with `x-gcs` are left out.
    pub headers: &'a [(&'a str, &'a str)],
    /// The path, and `?` with the query where there is one.
    pub resource: &'a str,
}

impl Signed<'_> {
    /// The text that is signed. The body is no part of it.
    pub fn text(&self) -> String {
        let mut headers: Vec<(String, String)> = self
            .headers
            .iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), unfolded(value)))
            .filter(|(name, _)| name.starts_with(SIGNED))
            .collect();
        headers.sort();
        let mut text = String::new();
        for line in [method(self.method), self.content_type.unwrap_or(""), self.date] {
            text.extend([line, "\n"]);
        }
        for (name, value) in &headers {
            text.extend([name, ":", value, "\n"]);
        }
        text.extend([self.resource, "\n"]);
        text
    }

    /// The value of `Authorization`.
    pub fn authorization(&self, key_id: &str, secret: &Secret) -> String {
        let signature = hmac_base64(secret, [self.text().as_bytes()]);
        format!("GCS v1HMAC:{key_id}:{}", ascii(&signature))
    }
}

/// The word of a method.
fn method(method: Method) -> &'static str {
    match method {
        Method::Get => "GET",
        Method::Post => "POST",
    }
}

/// A header's value on one line: a line break with the blanks behind it is one space.
fn unfolded(value: &str) -> String {
    let mut lines = value.split('\n');
    let mut text = lines.next().unwrap_or("").to_owned();
    for line in lines {
        if text.ends_with('\r') {
            text.pop();
        }
        text.push(' ');
        text.push_str(line.trim_start());
    }
    text.trim().to_owned()
}

/// A moment as `Date` writes it: RFC 1123, in GMT.
pub fn date(moment: Timestamp) -> String {
    let seconds = moment.unix();
    let (days, second) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
    let day = usize::try_from(days.rem_euclid(7)).ok().and_then(|day| DAYS.get(day));
    // `2026-01-15T10:00:00Z`: the year may be of any of the years 0 to 9999.
    let text = moment.to_string();
    let mut parts = text.split(['-', 'T']);
    let (year, month, number) =
        (parts.next().unwrap_or(""), parts.next().unwrap_or(""), parts.next().unwrap_or(""));
    let month = month.parse::<usize>().ok().and_then(|month| MONTHS.get(month.checked_sub(1)?));
    let mut date = String::new();
    // A String takes everything.
    let _ = write!(
        date,
        "{}, {number} {} {year} {:02}:{:02}:{:02} GMT",
        day.unwrap_or(&""),
        month.unwrap_or(&""),
        second / 3600,
        second / 60 % 60,
        second % 60
    );
    date
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_rfc_1123() {
        for (seconds, expected) in [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (-1, "Wed, 31 Dec 1969 23:59:59 GMT"),
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (1_768_471_200, "Thu, 15 Jan 2026 10:00:00 GMT"),
            (1_709_210_096, "Thu, 29 Feb 2024 12:34:56 GMT"),
            (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
        ] {
            assert_eq!(date(Timestamp::from_unix(seconds).unwrap()), expected);
        }
    }

    #[test]
    fn a_folded_value_is_one_line() {
        assert_eq!(unfolded(" a\r\n   b\n\tc  "), "a b c");
        assert_eq!(unfolded("a\rb"), "a\rb");
    }
}
