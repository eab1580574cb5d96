//! Requests and answers as values: whoever mounts the fakes brings the sockets.

use std::fmt::Write;

use quittance_core::api::{Call, Exchange, Method};
use serde_json::Value;

/// One HTTP request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpRequest {
    /// In upper case.
    pub method: String,
    /// Path and query, as they were sent.
    pub target: String,
    /// Headers in the order received, with names in any case.
    pub headers: Vec<(String, String)>,
    /// The body, unmodified.
    pub body: Vec<u8>,
}

/// The type of a form's body.
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

impl HttpRequest {
    /// What a browser sends of a form with these fields.
    pub fn form<N: Into<String>, V: Into<String>>(
        target: &str,
        fields: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let fields: Vec<(String, String)> =
            fields.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self {
            method: "POST".to_owned(),
            target: target.to_owned(),
            headers: vec![("content-type".to_owned(), FORM.to_owned())],
            body: encoded(&fields).into_bytes(),
        }
    }

    /// A call of an API at this origin, as it is heard there.
    pub fn of_call(call: &Call, origin: &str) -> Self {
        let method = match call.method {
            Method::Get => "GET",
            Method::Post => "POST",
        };
        let headers = call.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        Self {
            method: method.to_owned(),
            target: call.url.strip_prefix(origin).unwrap_or(&call.url).to_owned(),
            headers: headers.collect(),
            body: call.body.clone(),
        }
    }

    /// The only value of a header; `None` where it is missing or there twice.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        let (first, second) = (values.next(), values.next());
        first.filter(|_| second.is_none()).map(|(_, value)| value.as_str())
    }

    /// The target without its query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or("")
    }

    /// The body as JSON; `null` where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// Whether the body is a form.
    pub fn is_form(&self) -> bool {
        let kind = self.header("content-type").unwrap_or("");
        kind.to_ascii_lowercase().starts_with(FORM)
    }
}

/// One HTTP answer, and how it is delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// Headers with lower-case names.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// How it reaches the caller.
    pub delivery: Delivery,
}

/// How an answer reaches the caller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Delivery {
    /// At once and whole.
    #[default]
    Whole,
    /// After so many milliseconds.
    SlowMillis(u64),
    /// Only so many bytes of the body, then the connection closes.
    CutOff(usize),
    /// Never: the connection closes without an answer.
    NoAnswer,
}

impl Reply {
    /// How it reaches a client that waits for half a minute.
    pub fn into_exchange(self) -> Exchange {
        match self.delivery {
            Delivery::Whole => Exchange::Answered { status: self.status, body: self.body },
            Delivery::SlowMillis(_) | Delivery::CutOff(_) | Delivery::NoAnswer => Exchange::Lost,
        }
    }

    /// An answer of this type.
    pub fn new(status: u16, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type".to_owned(), kind.to_owned())];
        Self { status, headers, body: body.into(), delivery: Delivery::Whole }
    }

    /// JSON.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::new(status, "application/json; charset=utf-8", body.to_string())
    }

    /// A page for people. It is stored nowhere and framed by nobody.
    pub fn html(status: u16, page: String) -> Self {
        Self::new(status, "text/html; charset=utf-8", page)
            .with("cache-control", "no-store")
            .with("referrer-policy", "no-referrer")
    }

    /// Sends a browser on, by GET.
    pub fn see_other(url: &str) -> Self {
        Self::new(303, "text/plain; charset=utf-8", "").with("location", url)
    }

    /// A sentence about what is wrong with a request to the fakes themselves.
    pub fn wrong(status: u16, sentence: &str) -> Self {
        Self::json(status, &serde_json::json!({ "error": sentence }))
    }

    /// With one more header.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Delivered in another way.
    #[must_use]
    pub fn delivered(mut self, delivery: Delivery) -> Self {
        self.delivery = delivery;
        self
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// The fields of a form or query in their order. `None` where one is no UTF-8.
pub(crate) fn fields(text: &[u8]) -> Option<Vec<(String, String)>> {
    let text = std::str::from_utf8(text).ok()?;
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decoded(name)?, decoded(value)?))
        })
        .collect()
}

/// One part of a form, decoded once.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

/// Fields as a form's body, or as a query.
pub(crate) fn encoded(fields: &[(String, String)]) -> String {
    let pair = |(name, value): &(String, String)| [escaped(name), escaped(value)].join("=");
    fields.iter().map(pair).collect::<Vec<_>>().join("&")
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' => {
                out.push(char::from(byte));
            }
            b' ' => out.push('+'),
            other => {
                // A String takes everything.
                let _ = write!(out, "%{other:02X}");
            }
        }
    }
    out
}

/// An address with these fields added to its query.
pub(crate) fn with_query(url: &str, fields: &[(String, String)]) -> String {
    let (url, fragment) = url.split_once('#').map_or((url, None), |(url, rest)| (url, Some(rest)));
    let sign = if url.contains('?') { '&' } else { '?' };
    let mut url = format!("{url}{sign}{}", encoded(fields));
    if let Some(fragment) = fragment {
        url.extend(["#", fragment]);
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(fields: &[(&str, &str)]) -> Vec<(String, String)> {
        fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn forms_are_read_as_they_are_written() {
        let all = owned(&[("a", "1 + 1 = 2"), ("é&", "%?"), ("", "")]);
        assert_eq!(fields(encoded(&all).as_bytes()), Some(all));
        assert_eq!(fields(b"a=%2B33&b"), Some(owned(&[("a", "+33"), ("b", "")])));
        for bad in [&b"a=%2"[..], b"a=%zz", b"a=%ff", b"\xff"] {
            assert_eq!(fields(bad), None);
        }
    }

    #[test]
    fn a_query_of_ones_own_survives() {
        let more = owned(&[("RETURNMAC", "a b")]);
        assert_eq!(with_query("https://s/r", &more), "https://s/r?RETURNMAC=a+b");
        assert_eq!(with_query("https://s/r?o=1#x", &more), "https://s/r?o=1&RETURNMAC=a+b#x");
    }

    #[test]
    fn a_header_that_is_there_twice_counts_for_nothing() {
        let mut request = HttpRequest {
            headers: owned(&[("Date", "x")]),
            target: "/a?b".to_owned(),
            ..HttpRequest::default()
        };
        assert_eq!((request.header("date"), request.path()), (Some("x"), "/a"));
        request.headers.push(("DATE".to_owned(), "y".to_owned()));
        assert_eq!(request.header("date"), None);
    }
}
