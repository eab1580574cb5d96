//! From which addresses a route takes notifications: a second lock beside the signature, never instead.
//!
//! The address is the one that the API itself saw at the other end of the connection (`sourceIp` of the
//! request's context), or that the local stack saw. Never `X-Forwarded-For`: whoever calls writes into it
//! what he likes. Behind a proxy of one's own, such as a CDN or a tunnel, the address is the proxy's, and
//! this lock is of no use.

use std::net::IpAddr;

use ipnet::IpNet;
use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt};
use quittance_core::ProviderId;

use crate::config;
use crate::http::{Answer, refuse};
use crate::measure::{self, Event};

/// Where notifications may come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Sources {
    /// Anywhere.
    #[default]
    Any,
    /// These ranges.
    Only(Vec<IpNet>),
    /// What is configured cannot be read. Nothing is taken: a lock that was asked for must not be open
    /// because of a slip of the pen.
    Unusable,
}

/// Why a list of addresses and ranges cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSources {
    /// An entry is something else.
    #[error("{0:?} is not an IPv4 or IPv6 address or CIDR range")]
    NoRange(String),
    /// Callers with an IPv4 address are compared as such, so this would match nobody.
    #[error("{0:?} is an IPv4 range in IPv6 notation: write it as IPv4")]
    Mapped(String),
    /// There is no entry, only separators.
    #[error("the list has no address")]
    Empty,
}

/// Why a caller is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Outside {
    #[error("the caller's address is outside the allowed sources")]
    OfTheRanges,
    #[error("the caller's address is not known")]
    Unknown,
}

/// The address at the other end of the connection, where no API gateway says it: the local stack attaches
/// it to a request. Nothing that is sent can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller(pub IpAddr);

impl Sources {
    /// Reads a list separated by commas or blanks; an empty text allows any address.
    ///
    /// # Errors
    ///
    /// What of the list is no address and no range.
    pub fn parse(text: &str) -> Result<Self, BadSources> {
        if text.trim().is_empty() {
            return Ok(Self::Any);
        }
        let entries = text.split([',', ' ', '\t', '\n']).filter(|entry| !entry.is_empty());
        let ranges = entries.map(range).collect::<Result<Vec<_>, _>>()?;
        if ranges.is_empty() { Err(BadSources::Empty) } else { Ok(Self::Only(ranges)) }
    }

    /// The list in a variable. One that cannot be read is told to the log, and stops its route.
    pub fn from_env(variable: &str) -> Self {
        let list = config::variable(variable).unwrap_or_default();
        Self::parse(&list).unwrap_or_else(|error| {
            tracing::error!(variable, %error, "allowed sources are not usable");
            Self::Unusable
        })
    }

    /// Lets a caller pass, or says what to answer. Looks at the address alone.
    ///
    /// # Errors
    ///
    /// The answer to a caller from elsewhere, and to all callers where the list is unusable.
    pub fn admit(&self, psp: ProviderId, request: &Request) -> Result<(), Answer> {
        let ranges = match self {
            Self::Any => return Ok(()),
            Self::Unusable => {
                measure::count(Event::Unstored);
                return Err(Answer::Misconfigured);
            }
            Self::Only(ranges) => ranges,
        };
        let Some(caller) = caller(request) else {
            return Err(refuse(psp, &Outside::Unknown, "no_source"));
        };
        if ranges.iter().any(|range| range.contains(&caller)) {
            return Ok(());
        }
        // Whoever has to mend the list needs to know which address it lacks.
        tracing::info!(psp = psp.as_str(), %caller, "the caller is outside the allowed sources");
        Err(refuse(psp, &Outside::OfTheRanges, "outside_sources"))
    }
}

fn range(entry: &str) -> Result<IpNet, BadSources> {
    let range = entry.parse::<IpNet>().or_else(|_| entry.parse::<IpAddr>().map(IpNet::from));
    let range = range.map_err(|_| BadSources::NoRange(entry.to_owned()))?;
    match range {
        IpNet::V6(range) if range.addr().to_ipv4_mapped().is_some() => {
            Err(BadSources::Mapped(entry.to_owned()))
        }
        range => Ok(range),
    }
}

/// The caller's address; an IPv4 one that came over IPv6 as IPv4.
fn caller(request: &Request) -> Option<IpAddr> {
    let address = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => {
            context.http.source_ip.as_deref().and_then(|address| address.parse().ok())
        }
        _ => request.extensions().get::<Caller>().map(|Caller(address)| *address),
    };
    address.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_holds_addresses_and_ranges_of_both_families() {
        let text = "194.50.38.0/24, 2001:db8::/32\n203.0.113.7,2001:db9::1,";
        let Ok(Sources::Only(ranges)) = Sources::parse(text) else { panic!("{text}") };
        let holds = |address: &str| {
            let address: IpAddr = address.parse().unwrap();
            ranges.iter().any(|range| range.contains(&address))
        };
        for inside in ["194.50.38.0", "194.50.38.255", "2001:db8::1", "203.0.113.7", "2001:db9::1"]
        {
            assert!(holds(inside), "{inside}");
        }
        for outside in ["194.50.37.255", "194.50.39.0", "203.0.113.8", "2001:db9::2", "::1"] {
            assert!(!holds(outside), "{outside}");
        }
    }

    #[test]
    fn an_empty_text_allows_any_and_nothing_else_does() {
        for empty in ["", " ", "\n"] {
            assert_eq!(Sources::parse(empty), Ok(Sources::Any));
        }
        assert_eq!(Sources::parse(" , "), Err(BadSources::Empty));
        for bad in ["*", "any", "194.50.38.0/33", "194.50.38", "194.50.38.0/24;1.2.3.4", "host"] {
            assert!(matches!(Sources::parse(bad), Err(BadSources::NoRange(_))), "{bad}");
            let among = format!("194.50.38.0/24,{bad}");
            assert!(Sources::parse(&among).is_err(), "one bad entry spoils the list: {among}");
        }
        for mapped in ["::ffff:194.50.38.0/120", "::ffff:194.50.38.1"] {
            assert!(matches!(Sources::parse(mapped), Err(BadSources::Mapped(_))), "{mapped}");
        }
    }
}
