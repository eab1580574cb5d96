//! Keys of which two versions are in force at once, so that they can be changed without an outage.

/// A set of keys that replaces an older one.
pub trait Versioned: Sized {
    /// What of these keys may stay in force beside a newer version, and in sentences what may not: a secret
    /// must not stand for two modes or merchants, and it is the newer version that says for which it does.
    /// A sentence names keys and never a secret.
    fn beside(&self, newer: &Self) -> (Self, Vec<String>);
}
