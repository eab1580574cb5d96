//! What is said to people of Octroi's messages.

use quittance_core::{Remark, ShareFact};

/// The remark of news about a payment, with the method as Octroi names it.
pub(super) const NEWS: &str = "news";

/// The sentence of a remark, in lower case and without a final stop.
pub(super) fn sentence(remark: &Remark) -> Option<String> {
    (remark.code() == NEWS).then(|| format!("news of a payment by {}", remark.argument(0)))
}

/// One line about an element.
pub(super) fn line(event: &Remark, shares: &[&ShareFact]) -> String {
    let words = shares.iter().map(|share| share.said.shown());
    format!("{} by {}", words.collect::<Vec<_>>().join(", "), event.argument(0))
}
