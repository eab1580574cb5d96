//! The trace that a decision carries from the notification to whoever fulfils the order.
//!
//! A DynamoDB stream passes no trace on. So the receiver stores the one of the notification with the
//! decision, and `dispatch` gives it to the message: as SQS' own trace header, which X-Ray follows, and as
//! the `traceparent` of the event in it, which everything else does.

use std::fmt;
use std::str::FromStr;

use lambda_http::{Request, RequestExt};

/// A trace and the span in it that what follows belongs to. Written as a W3C `traceparent`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// 32 lowercase hex digits.
    trace: String,
    /// 16 lowercase hex digits.
    span: String,
    sampled: bool,
}

/// Neither an X-Ray header nor a `traceparent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a trace")]
pub struct BadTrace;

impl Trace {
    /// The trace of a request: Lambda's own, else the one that its caller states.
    pub fn of(request: &Request) -> Option<Self> {
        let lambda =
            request.lambda_context_ref().and_then(|context| context.xray_trace_id.as_deref());
        let header = || request.headers().get("traceparent")?.to_str().ok();
        lambda.and_then(Self::from_xray).or_else(|| header()?.parse().ok())
    }

    /// Reads X-Ray's header: `Root=1-<8>-<24>;Parent=<16>;Sampled=<0 or 1>`, in any order and with more.
    pub fn from_xray(text: &str) -> Option<Self> {
        let field = |name| {
            let mut fields = text.split(';').filter_map(|field| field.trim().split_once('='));
            fields.find(|(known, _)| *known == name).map(|(_, value)| value)
        };
        let (epoch, unique) = field("Root")?.strip_prefix("1-")?.split_once('-')?;
        let trace = hex(epoch, 8)? + &hex(unique, 24)?;
        let span = hex(field("Parent")?, 16)?;
        Some(Self { trace, span, sampled: field("Sampled") == Some("1") })
    }

    /// As X-Ray's header.
    pub fn xray(&self) -> String {
        let (epoch, unique) = self.trace.split_at(8);
        let sampled = u8::from(self.sampled);
        format!("Root=1-{epoch}-{unique};Parent={};Sampled={sampled}", self.span)
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{}-{}-{:02x}", self.trace, self.span, u8::from(self.sampled))
    }
}

impl FromStr for Trace {
    type Err = BadTrace;

    fn from_str(text: &str) -> Result<Self, BadTrace> {
        let mut parts = text.split('-');
        let mut part = |digits| hex(parts.next()?, digits);
        let mut read = || {
            let (_version, trace, span) = (part(2)?, part(32)?, part(16)?);
            let flags = u8::from_str_radix(&part(2)?, 16).ok()?;
            Some(Self { trace, span, sampled: flags & 1 == 1 })
        };
        read().ok_or(BadTrace)
    }
}

/// So many hex digits, lowercase.
fn hex(text: &str, digits: usize) -> Option<String> {
    let fits = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    fits.then(|| text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    const XRAY: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
    const W3C: &str = "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01";

    #[test]
    fn both_spellings_are_one_trace() {
        let trace = Trace::from_xray(XRAY).unwrap();
        assert_eq!(trace.to_string(), W3C);
        assert_eq!(W3C.parse(), Ok(trace.clone()));
        assert_eq!(trace.xray(), XRAY);
        let shuffled = format!("Sampled=0;Lineage=1:a:0; {}", XRAY.replace(";Sampled=1", ""));
        assert_eq!(Trace::from_xray(&shuffled).unwrap().to_string(), W3C.replace("-01", "-00"));
    }

    #[test]
    fn what_is_no_trace_is_not_carried() {
        for text in [
            "",
            "Root=1-5759e988-bd862e3fe1be46a994272793",
            "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=",
            "Root=1-5759e98-bd862e3fe1be46a9942727930;Parent=53995c3f42cd8ad8",
            "Root=2-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8",
        ] {
            assert_eq!(Trace::from_xray(text), None, "{text}");
        }
        for text in ["", "00-x", &W3C[1..], &W3C.replace("53", "5g"), &format!("{W3C}0")] {
            assert_eq!(text.parse::<Trace>(), Err(BadTrace), "{text}");
        }
    }

    #[test]
    fn a_caller_may_state_the_trace() {
        let request = |value| {
            let request = lambda_http::http::Request::post("/").header("traceparent", value);
            request.body(lambda_http::Body::Empty).unwrap()
        };
        assert_eq!(Trace::of(&request(W3C)).unwrap().to_string(), W3C);
        assert_eq!(Trace::of(&request("nonsense")), None);
    }
}
