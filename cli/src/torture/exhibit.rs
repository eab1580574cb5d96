//! What an exhibit is: messages in an order, and how often the goods may leave afterwards.

use std::ops::RangeInclusive;

/// A failure that receivers had, as it is shown to another receiver.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exhibit {
    /// Its name, which stays.
    pub(crate) name: &'static str,
    /// What is sent.
    pub(crate) sent: &'static str,
    /// What a right receiver does.
    pub(crate) right: &'static str,
    /// Where the failure, or the rule against it, was published.
    pub(crate) seen: &'static [&'static str],
}

/// A request as it goes to the receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) method: &'static str,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Message {
    /// A body of this media type.
    pub(crate) fn post(media_type: &str, body: Vec<u8>) -> Self {
        let headers = vec![("content-type".to_owned(), media_type.to_owned())];
        Self { method: "POST", headers, body }
    }

    /// The value of a header; empty where there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    /// With a header, which is there once then; without it where there is no value.
    pub(crate) fn with_header(&self, name: &str, value: Option<&str>) -> Self {
        let mut message = self.clone();
        message.headers.retain(|(known, _)| known != name);
        let value = value.map(|value| (name.to_owned(), value.to_owned()));
        message.headers.extend(value);
        message
    }

    /// With every occurrence of a text in the body replaced by another.
    pub(crate) fn replaced(&self, old: &str, new: &str) -> Self {
        let body = String::from_utf8_lossy(&self.body).replace(old, new).into_bytes();
        Self { body, ..self.clone() }
    }
}

/// What is done to the receiver.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// A genuine message, which has to be answered with 2xx.
    Genuine(Message),
    /// A message that the receiver may answer as it likes.
    Other(Message),
    /// All of them at once. Each may be refused for now, since the sender comes again.
    AtOnce(Vec<Message>),
    /// The first half of a message, before the connection closes.
    Cut(Message),
    /// A whole message, before the connection closes without waiting for an answer.
    HangUp(Message),
    /// What `--restart` says.
    Restart,
}

/// An exhibit made for one scheme.
#[derive(Clone, Debug)]
pub(crate) struct Play {
    pub(crate) steps: Vec<Step>,
    /// How often the goods of each order may leave, all in all.
    pub(crate) releases: Vec<(String, RangeInclusive<u64>)>,
    /// Whether the receiver can only be right if it was told beforehand what the order costs.
    pub(crate) needs_price: bool,
}

impl Play {
    /// What is done about one order.
    pub(crate) fn of(order: &str, steps: Vec<Step>, releases: RangeInclusive<u64>) -> Self {
        Self { steps, releases: vec![(order.to_owned(), releases)], needs_price: false }
    }

    /// Whether it restarts the receiver.
    pub(crate) fn restarts(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Restart))
    }
}
