//! The buyer's return. It proves the session, and no payment: whoever believes it asks afterwards.

use std::borrow::Cow;
use std::fmt;

use percent_encoding::percent_decode_str;
use quittance_core::checkout::Proof;

/// What the platform added to the return address.
#[derive(Clone, PartialEq, Eq)]
pub struct Returned<'q> {
    mac: Cow<'q, str>,
    checkout: Option<Cow<'q, str>>,
}

impl fmt::Debug for Returned<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Returned").field("checkout", &self.checkout).finish_non_exhaustive()
    }
}

impl<'q> Returned<'q> {
    /// Reads the query of a return. `None` where what proves it is missing or there twice.
    pub fn read(query: &'q str) -> Option<Self> {
        let (mut macs, mut checkouts) = (Vec::new(), Vec::new());
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match name {
                "RETURNMAC" => macs.push(value),
                "hostedCheckoutId" => checkouts.push(value),
                _ => {}
            }
        }
        let decoded = |text: &'q str| percent_decode_str(text).decode_utf8().ok();
        let ([mac], true) = (macs.as_slice(), checkouts.len() <= 1) else { return None };
        let checkout = match checkouts.first() {
            Some(checkout) => Some(decoded(checkout)?),
            None => None,
        };
        Some(Self { mac: decoded(mac)?, checkout })
    }

    /// The session that it names.
    pub fn checkout(&self) -> Option<&str> {
        self.checkout.as_deref()
    }

    /// Whether it is the return from the session that was opened with these, in a time that depends on lengths
    /// only. A return from a payment without a session names none. An empty MAC proves nothing.
    pub fn is_of(&self, mac: &str, checkout: Option<&str>) -> bool {
        let own = Proof::new(mac, checkout);
        own.zip(self.proof()).is_some_and(|(own, shown)| own.is(&shown))
    }

    /// What it shows, to be compared with what the session was opened with.
    pub fn proof(&self) -> Option<Proof> {
        Proof::new(&self.mac, self.checkout())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_own_mac_and_session_are_a_return() {
        let query = "o=CMD-1&RETURNMAC=1111-2222%2B&hostedCheckoutId=3254564310";
        let returned = Returned::read(query).unwrap();
        assert_eq!(returned.checkout(), Some("3254564310"));
        assert!(returned.is_of("1111-2222+", Some("3254564310")));
        for (mac, checkout) in [
            ("1111-2222", Some("3254564310")),
            ("1111-2222+", Some("3254564311")),
            ("1111-2222+", None),
            ("", Some("3254564310")),
        ] {
            assert!(!returned.is_of(mac, checkout), "{mac} {checkout:?}");
        }
        assert!(!format!("{returned:?}").contains("1111"));
        let bare = Returned::read("RETURNMAC=x").unwrap();
        assert!(bare.is_of("x", None) && !bare.is_of("x", Some("1")));
        let empty = Returned::read("RETURNMAC=&hostedCheckoutId=1").unwrap();
        assert!(!empty.is_of("", Some("1")));
        for none in [
            "",
            "hostedCheckoutId=1",
            "RETURNMAC=a&RETURNMAC=a",
            "RETURNMAC=%FF",
            "RETURNMAC=a&hostedCheckoutId=1&hostedCheckoutId=1",
        ] {
            assert_eq!(Returned::read(none), None, "{none}");
        }
    }
}
