//! The seam between the core and the payment service providers.
//!
//! A provider is a folder in `shared/psp` that implements [`Provider`] and [`Keys`], and one line in its
//! registry. Three laws hold at the seam:
//!
//! 1. Verification has no default: a provider that says nothing about it does not compile.
//! 2. Reading is unreachable without verification: [`Keys::receive`] does both, and what a provider's reader
//!    takes is a type that its verification alone can make.
//! 3. The core does not know which providers there are.
//!
//! Whatever a message says without a signature is a hint, and never evidence: see [`Reading`].

use std::any::Any;
use std::fmt::Debug;

use crate::api::Api;
use crate::content::Signed;
use crate::fact::{Meaning, ShareFact};
use crate::key::{Account, Mode, ProviderId};
use crate::remark::Remark;
use crate::rules::Rules;
use crate::statement::Reading;
use crate::time::Timestamp;
use crate::versions::Versioned;

/// A payment service provider.
pub trait Provider: Debug + Sync {
    /// What is fixed about it.
    fn profile(&self) -> &'static Profile;

    /// Reads a document of its keys. The error quotes nothing of the document.
    fn keys(&self, document: &str) -> Result<Box<dyn Keys>, BadKeys>;

    /// What a document of its keys holds, without the secrets. The error quotes nothing of the document.
    fn describe(&self, document: &str) -> Result<Vec<HeldKey>, BadKeys>;

    /// Reads a document of API credentials. It is called for a provider whose [`Profile::api_variable`] is set.
    /// The error quotes nothing of the document.
    fn api(&self, document: &str) -> Result<Box<dyn Api>, BadKeys> {
        let _ = document;
        Err(BadKeys("this provider has no API".to_owned()))
    }

    /// What a merchant can do with the money of its payments.
    fn rules(&self) -> &'static Rules {
        &Rules::NONE
    }

    /// What its tables make of a share as told. Orders store what was told, and are read with this: a changed
    /// row reaches every order. It looks at no field of [`ShareFact::meaning`].
    fn meaning(&self, told: &ShareFact) -> Meaning;

    /// The sentence of a remark that this provider makes, in lower case and without a final stop. `None` for
    /// the code of somebody else.
    fn sentence(&self, remark: &Remark) -> Option<String>;

    /// Messages for trying whether a stack has this key. `None` where there are none.
    fn probe(&self, key: &HeldKey) -> Option<Probe> {
        let _ = key;
        None
    }

    /// By which of [`Profile::portal_rules`] a message came that says `event`. `None` where it does not tell.
    fn portal_rule(&self, event: &Remark) -> Option<&'static PortalRule> {
        let _ = event;
        None
    }

    /// Keys that are nobody's, for messages of this account: with them whoever has no key signs a message anew, and so
    /// reads what it says, whoever sent it. Nothing that decides about an order may use them; evidence does, which is
    /// read by people without keys (docs/evidence.md).
    ///
    /// # Errors
    ///
    /// [`NoKey`] where the provider has none, which leaves its messages unread without its own keys.
    fn stand_in(&self, account: &Account, message: &Outgoing) -> Result<Box<dyn Keys>, NoKey> {
        let _ = (account, message);
        Err(NoKey("this provider's messages are read with its own keys alone"))
    }

    /// One line about a message that says `event` of these shares. `reason` says why a share is so.
    fn line(
        &self,
        event: &Remark,
        shares: &[&ShareFact],
        reason: &dyn Fn(&ShareFact) -> Option<String>,
    ) -> String;
}

/// The providers that there are. The registry in `shared/psp` is the only such list.
pub type Providers = &'static [&'static dyn Provider];

/// The provider with this word, if there is one.
pub fn find(providers: Providers, id: ProviderId) -> Option<&'static dyn Provider> {
    providers.iter().copied().find(|provider| provider.profile().id == id)
}

/// How the money of this provider is given back, taken and given up: not at all, where there is none of this word.
pub fn rules(providers: Providers, id: ProviderId) -> &'static Rules {
    static NONE: Rules = Rules::NONE;
    find(providers, id).map_or(&NONE, |provider| provider.rules())
}

/// What is fixed about a provider.
#[derive(Debug)]
pub struct Profile {
    /// Its word: the route `/webhooks/<id>`, the member of the secret with its keys, the beginning of its
    /// orders' keys.
    pub id: ProviderId,
    /// Its name, for people.
    pub name: &'static str,
    /// The route of its notifications.
    pub route: &'static str,
    /// The media type of its notifications.
    pub media_type: &'static str,
    /// The headers that verification needs, in lower case. They are kept with the raw notification, and a
    /// replay gives them again; no other header reaches [`Keys::receive`].
    pub kept_headers: &'static [&'static str],
    /// The header of a `GET` that asks whether the endpoint is ours: its value is sent back. `None` where the
    /// provider has no such request.
    pub echoed_header: Option<&'static str>,
    /// The variable with the document of its keys; wins over the secret.
    pub keys_variable: &'static str,
    /// The variable with the document of its API's credentials, which may be that of its keys. `None` where
    /// nothing can be asked.
    pub api_variable: Option<&'static str>,
    /// The variable with the addresses that may call, where the provider publishes any.
    pub sources_variable: Option<&'static str>,
    /// The variable with [`Options::fields`], where the provider has any.
    pub fields_variable: Option<&'static str>,
    /// A document of keys for the demo, the same that sign the sample events.
    pub demo_keys: &'static str,
    /// What has to be switched on or chosen in its portal, so that it announces all that is read here.
    pub portal_rules: &'static [PortalRule],
}

/// Something in a provider's portal by which some of its notifications are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortalRule {
    /// Its name in the portal.
    pub name: &'static str,
    /// What is not announced without it.
    pub without: &'static str,
}

/// Messages for trying whether a stack has a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// A message with a signature that is made up. A stack that takes it takes anything.
    pub forged: Outgoing,
    /// A message that is to be signed. It is about nothing that is tracked, so that no order comes of it. `None` where
    /// every genuine message of the provider is about a payment.
    pub harmless: Option<Outgoing>,
}

/// The keys of one provider.
///
/// A set of keys is replaced while messages arrive. [`Keys::beside`] says what of an older version stays in
/// force.
pub trait Keys: Any + Debug + Send + Sync {
    /// Proves that the message is genuine, then reads it. Nothing of a message that is refused is read, beyond
    /// what finds the key.
    fn receive<'m>(
        &self,
        message: &Incoming<'m>,
        options: &Options,
    ) -> Result<Received<'m>, Refused>;

    /// Signs a message as the provider would, for messages of one's own to a stack of one's own. The error is
    /// a sentence that says which key is missing.
    fn sign(&self, message: &mut Outgoing) -> Result<(), NoKey>;

    /// What of these keys may stay in force beside a newer version, as [`Versioned::beside`] says. Keys of
    /// another provider leave nothing in force.
    fn beside(&self, newer: &dyn Keys) -> (Box<dyn Keys>, Vec<String>);
}

impl Versioned for Box<dyn Keys> {
    fn beside(&self, newer: &Self) -> (Self, Vec<String>) {
        Keys::beside(&**self, &**newer)
    }
}

/// [`Keys::beside`] of a provider whose keys are [`Versioned`]. Keys of another type are another provider's.
pub fn kept_beside<K: Keys + Versioned + Default>(
    older: &K,
    newer: &dyn Keys,
) -> (Box<dyn Keys>, Vec<String>) {
    match (newer as &dyn Any).downcast_ref::<K>() {
        Some(newer) => {
            let (kept, sentences) = Versioned::beside(older, newer);
            (Box::new(kept), sentences)
        }
        None => (Box::new(K::default()), Vec::new()),
    }
}

/// A message as it came.
#[derive(Clone, Copy, Debug)]
pub struct Incoming<'m> {
    /// The values of [`Profile::kept_headers`], in the order received; a repeated header is there repeatedly.
    pub headers: &'m [(&'static str, &'m [u8])],
    /// The body, unmodified.
    pub body: &'m [u8],
    /// When it arrived first, by our clock. A replay gives the same time, so that a signature with a time in
    /// it still holds.
    pub arrived: Timestamp,
}

impl<'m> Incoming<'m> {
    /// All values of a header.
    pub fn values(&self, name: &str) -> impl Iterator<Item = &'m [u8]> {
        self.headers.iter().filter(move |(known, _)| *known == name).map(|(_, value)| *value)
    }
}

/// What the configuration adds to what a provider documents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Fields of its messages beyond the documented ones.
    pub fields: Vec<String>,
}

/// A message that is proven genuine, read.
#[derive(Debug)]
pub struct Received<'m> {
    /// What its signature covers.
    pub signed: Box<dyn Signed + 'm>,
    /// What its elements say; at least one.
    pub readings: Vec<Reading>,
    /// Which key verified it, without the secret.
    pub key: String,
}

/// A message that is to be signed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outgoing {
    /// Headers with lower-case names.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Outgoing {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Sets a header, which is there once then.
    pub fn set_header(&mut self, name: &str, value: String) {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value));
    }
}

/// One key of a document, without the secret.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct HeldKey {
    /// What names it: a key's id, a site.
    pub id: String,
    /// The mode that a signature by it stands for.
    pub mode: Mode,
    /// The kinds of message that it verifies.
    pub verifies: Vec<&'static str>,
    /// The merchant that it is bound to, or the brand that serves the site.
    pub of: Option<String>,
}

/// A document of keys cannot be used. The sentence quotes nothing of the document: it holds secrets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadKeys(pub String);

/// There is no key to sign a message with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoKey(pub &'static str);

/// Why a message is not believed. All of it is answered alike, with 401.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The signature, or what is needed to check it, is missing.
    #[error("signature missing")]
    Missing,
    /// A part that must be there once is there more often.
    #[error("a signed part is repeated")]
    Repeated,
    /// More fields or elements than a notification can have.
    #[error("too many fields")]
    TooMany,
    /// No key is held for whom the message names.
    #[error("unknown key")]
    UnknownKey,
    /// Signed by the provider for another purpose, such as a browser's return.
    #[error("not a notification")]
    NotANotification,
    /// The signature is not this message's.
    #[error("signature does not match")]
    Mismatch,
    /// The signature holds, and is older or newer than the provider allows.
    #[error("the time of the signature is too early or too late")]
    Untimely,
}

impl Refused {
    /// Whether other keys might tell otherwise: those held may be older than the message.
    pub fn may_be_stale(&self) -> bool {
        matches!(self, Self::UnknownKey | Self::Mismatch)
    }

    /// In one word, for counting.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Repeated => "repeated",
            Self::TooMany => "too_many_fields",
            Self::UnknownKey => "unknown_key",
            Self::NotANotification => "not_a_notification",
            Self::Mismatch => "mismatch",
            Self::Untimely => "untimely",
        }
    }
}
