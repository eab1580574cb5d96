//! Texts of bounded length, and names of hosts.

use core::net::IpAddr;

/// The beginning of a text, at most so many characters of it.
pub fn beginning(text: &str, most: usize) -> &str {
    let end = text.char_indices().nth(most).map(|(at, _)| at);
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}

/// Whether a host is the machine itself: `localhost`, or one of its own addresses, without brackets.
pub fn is_loopback(host: &str) -> bool {
    let address: Result<IpAddr, _> = host.parse();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}
