//! Which order a fact belongs to.

use std::fmt;
use std::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::limits::MAX_REFERENCE_BYTES;

/// Which payment service provider: its word in routes, keys and configuration.
///
/// The core takes any such word. Which providers there are is known to the registry alone, and a word of none
/// of them names no order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProviderId {
    /// Lower-case letters and digits, then zeros.
    word: [u8; MAX_PROVIDER_BYTES],
}

/// Longest word for a provider: it is a part of every key, and of names of metrics and alarms.
const MAX_PROVIDER_BYTES: usize = 15;

impl ProviderId {
    /// A provider's word, known when this is compiled: compilation fails where it is none.
    pub const fn new(word: &'static str) -> Self {
        match Self::read(word.as_bytes()) {
            Some(id) => id,
            None => panic!("not a provider's word: 1 to 15 lower-case letters and digits"),
        }
    }

    const fn read(text: &[u8]) -> Option<Self> {
        if text.is_empty() || text.len() > MAX_PROVIDER_BYTES {
            return None;
        }
        let mut word = [0; MAX_PROVIDER_BYTES];
        let (mut rest, mut at) = (text, 0);
        while let [byte, tail @ ..] = rest {
            if !(byte.is_ascii_lowercase() || byte.is_ascii_digit()) {
                return None;
            }
            let (_, free) = word.split_at_mut(at);
            if let Some(first) = free.first_mut() {
                *first = *byte;
            }
            rest = tail;
            at += 1;
        }
        Some(Self { word })
    }

    /// The word.
    pub fn as_str(&self) -> &str {
        match std::str::from_utf8(&self.word) {
            Ok(text) => text.trim_end_matches('\0'),
            // An empty word would file every order under no provider.
            Err(_) => unreachable!("a word has letters and digits alone"),
        }
    }
}

impl FromStr for ProviderId {
    type Err = InvalidOrderKey;

    fn from_str(text: &str) -> Result<Self, InvalidOrderKey> {
        Self::read(text.as_bytes()).ok_or(InvalidOrderKey)
    }
}

impl fmt::Display for ProviderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for ProviderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for ProviderId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ProviderId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

/// Whether real money moves. It is part of the order's key, so a test payment cannot touch a
/// production order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Mode {
    /// The PSP's test platform.
    Test,
    /// Real money.
    Production,
}

impl Mode {
    /// The word used in routes and keys.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Production => "production",
        }
    }
}

impl FromStr for Mode {
    type Err = InvalidOrderKey;

    fn from_str(text: &str) -> Result<Self, InvalidOrderKey> {
        match text {
            "test" => Ok(Self::Test),
            "production" => Ok(Self::Production),
            _ => Err(InvalidOrderKey),
        }
    }
}

/// One merchant's account at a PSP, in one mode: what a verified key vouches for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Account {
    /// The provider.
    pub psp: ProviderId,
    /// PSPID (Worldline) or site id (Lyra), as the PSP writes it.
    pub merchant: String,
    /// Test or production.
    pub mode: Mode,
}

impl Account {
    /// The key of the order to which the merchant gave this reference. None is taken for the name of a
    /// payment: see [`BadReference`].
    pub fn order(&self, reference: impl Into<String>) -> Result<OrderKey, BadReference> {
        let reference = reference.into();
        if PaymentName::read(&reference).is_some() {
            return Err(BadReference::Payment);
        }
        Ok(OrderKey::of(self.psp, &self.merchant, self.mode, reference)?)
    }

    /// The key of a payment by its own name. An error when the name is longer than [`MAX_REFERENCE_BYTES`].
    pub fn payment(&self, name: PaymentName<'_>) -> Result<OrderKey, InvalidOrderKey> {
        if name.0.is_empty() {
            return Err(InvalidOrderKey);
        }
        OrderKey::of(self.psp, &self.merchant, self.mode, [PAYMENT, name.0].concat())
    }
}

/// What the name of a payment begins with, as text.
const PAYMENT: &str = "tx:";

/// The name of a payment: what an order is called to which the merchant gave no reference, and where what
/// has no reference of its own finds the order. Prints as in routes and JSON (`tx:<id>`).
///
/// A provider makes it of what identifies the payment, and only a key tells that it is one: the merchant's
/// references are another kind ([`Account::order`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PaymentName<'a>(&'a str);

impl<'a> PaymentName<'a> {
    /// The longest id of a payment that has a name.
    pub const MAX_ID_BYTES: usize = MAX_REFERENCE_BYTES - PAYMENT.len();

    /// The name of the payment with this id: a Worldline payment's inner id, a Lyra one's day and
    /// transaction id.
    pub const fn new(id: &'a str) -> Self {
        Self(id)
    }

    /// What identifies the payment.
    pub const fn id(self) -> &'a str {
        self.0
    }

    /// Whether a text is this name.
    pub fn is(self, text: &str) -> bool {
        text.strip_prefix(PAYMENT) == Some(self.0)
    }

    fn read(text: &'a str) -> Option<Self> {
        text.strip_prefix(PAYMENT).map(Self)
    }
}

impl fmt::Display for PaymentName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PAYMENT}{}", self.0)
    }
}

/// Why a merchant's reference names no order. Prints so that the name of a field can stand before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadReference {
    /// It is empty, or longer than [`MAX_REFERENCE_BYTES`].
    #[error("too long")]
    Length,
    /// It begins as the name of a payment does. Filed under it, the message would reach that payment; filed
    /// under another text, it would miss what the merchant registered for his own.
    #[error("begins with {PAYMENT}, as only the name of a payment does")]
    Payment,
}

impl From<InvalidOrderKey> for BadReference {
    fn from(_: InvalidOrderKey) -> Self {
        Self::Length
    }
}

/// The identity of an order: provider, merchant, mode, reference.
///
/// Prints as the path of the order's resource (`systempay/12345678/test/CMD-1`), each part
/// percent-encoded, so two keys never print the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OrderKey {
    /// The provider.
    pub psp: ProviderId,
    /// PSPID (Worldline) or site id (Lyra).
    pub merchant: String,
    /// Test or production.
    pub mode: Mode,
    /// The merchant's order reference, or a [`PaymentName`] where the merchant gave none.
    pub order: String,
}

/// Not the key of an order: unknown provider or mode, or a part that is empty or too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the key of an order")]
pub struct InvalidOrderKey;

impl OrderKey {
    /// Whose order it is.
    pub fn account(&self) -> Account {
        Account { psp: self.psp, merchant: self.merchant.clone(), mode: self.mode }
    }

    /// An error when a part is empty or longer than [`MAX_REFERENCE_BYTES`].
    pub fn new(
        psp: ProviderId,
        merchant: &str,
        mode: Mode,
        order: &str,
    ) -> Result<Self, InvalidOrderKey> {
        Self::of(psp, merchant, mode, order.to_owned())
    }

    fn of(
        psp: ProviderId,
        merchant: &str,
        mode: Mode,
        order: String,
    ) -> Result<Self, InvalidOrderKey> {
        let fits = |part: &str| !part.is_empty() && part.len() <= MAX_REFERENCE_BYTES;
        if !fits(merchant) || !fits(&order) {
            return Err(InvalidOrderKey);
        }
        Ok(Self { psp, merchant: merchant.to_owned(), mode, order })
    }

    /// Reads a key as the merchant's programs write it: the first three slashes separate, and the rest is
    /// the reference as it is (`systempay/12345678/test/A/B%2F` means the reference `A/B%2F`). Nothing is
    /// decoded; [`OrderKey::from_str`] reads the path of a resource, in which every part is encoded.
    pub fn from_text(text: &str) -> Result<Self, InvalidOrderKey> {
        let mut parts = text.splitn(4, '/');
        let mut next = || parts.next().ok_or(InvalidOrderKey);
        let (psp, merchant, mode, order) = (next()?, next()?, next()?, next()?);
        Self::new(psp.parse()?, merchant, mode.parse()?, order)
    }

    /// The payment that this is the name of, where the merchant gave no reference.
    pub fn payment(&self) -> Option<PaymentName<'_>> {
        PaymentName::read(&self.order)
    }

    /// Whether this is an occurrence of that subscription (`<reference>~<day>-<transaction id>`).
    pub fn is_occurrence_of(&self, subscription: &Self) -> bool {
        let name = self.order.strip_prefix(&subscription.order);
        name.is_some_and(|rest| rest.starts_with('~'))
            && (self.psp, &self.merchant, self.mode)
                == (subscription.psp, &subscription.merchant, subscription.mode)
    }

    /// The key of another order of the same merchant, with the same limits as [`OrderKey::new`].
    pub fn sibling(&self, order: &str) -> Result<Self, InvalidOrderKey> {
        Self::new(self.psp, &self.merchant, self.mode, order)
    }
}

/// Characters that stand for themselves in a path segment and cannot end one.
pub const SEGMENT: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b':');

impl fmt::Display for OrderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}/{}/{}/{}",
            self.psp.as_str(),
            utf8_percent_encode(&self.merchant, SEGMENT),
            self.mode.as_str(),
            utf8_percent_encode(&self.order, SEGMENT),
        )
    }
}

impl FromStr for OrderKey {
    type Err = InvalidOrderKey;

    fn from_str(text: &str) -> Result<Self, InvalidOrderKey> {
        let mut parts = text.split('/');
        let mut next = || {
            let part = parts.next().ok_or(InvalidOrderKey)?;
            percent_decode_str(part).decode_utf8().map_err(|_| InvalidOrderKey)
        };
        let (psp, merchant, mode, order) = (next()?, next()?, next()?, next()?);
        if parts.next().is_some() {
            return Err(InvalidOrderKey);
        }
        Self::new(psp.parse()?, &merchant, mode.parse()?, &order)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WORLDLINE: ProviderId = ProviderId::new("worldline");
    const SYSTEMPAY: ProviderId = ProviderId::new("systempay");

    proptest! {
        #[test]
        fn a_key_reads_back_as_itself(merchant in ".{1,40}", order in ".{1,60}") {
            let key = OrderKey::new(SYSTEMPAY, &merchant, Mode::Test, &order).unwrap();
            prop_assert_eq!(key.to_string().parse::<OrderKey>(), Ok(key));
        }
    }

    #[test]
    fn an_occurrence_is_of_the_same_merchants_subscription() {
        let key = |psp, merchant, mode, order| OrderKey::new(psp, merchant, mode, order).unwrap();
        let own = |order| key(SYSTEMPAY, "12345678", Mode::Test, order);
        let subscription = own("SUB-1");
        assert!(own("SUB-1~20261122-abc123").is_occurrence_of(&subscription));
        for other in [
            own("SUB-1"),
            own("SUB-12"),
            own("SUB-12~20261122-abc123"),
            own("SUB-2~20261122-abc123"),
            key(SYSTEMPAY, "12345679", Mode::Test, "SUB-1~20261122-abc123"),
            key(SYSTEMPAY, "12345678", Mode::Production, "SUB-1~20261122-abc123"),
            key(WORLDLINE, "12345678", Mode::Test, "SUB-1~20261122-abc123"),
        ] {
            assert!(!other.is_occurrence_of(&subscription), "{other}");
        }
    }

    #[test]
    fn a_slash_in_a_reference_does_not_reach_another_order() {
        let key = OrderKey::new(WORLDLINE, "M", Mode::Test, "A/B%2F").unwrap();
        assert_eq!(key.to_string(), "worldline/M/test/A%2FB%252F");
    }

    #[test]
    fn in_a_key_as_text_the_reference_is_what_stands_there() {
        let key = |order| OrderKey::new(SYSTEMPAY, "12345678", Mode::Test, order);
        for reference in ["CMD-1", "A/B%2F", "/", "a b", "%", "é", "A+B", "tx:20261122-abc"] {
            let text = format!("systempay/12345678/test/{reference}");
            assert_eq!(OrderKey::from_text(&text), key(reference), "{text}");
        }
        for bad in ["", "systempay/1/test", "systempay/1/test/", "systempay//test/A", "X/1/test/A"]
        {
            assert_eq!(OrderKey::from_text(bad), Err(InvalidOrderKey), "{bad:?}");
        }
    }

    #[test]
    fn no_reference_is_the_name_of_a_payment() {
        let merchant = "12345678".to_owned();
        let account = Account { psp: SYSTEMPAY, merchant, mode: Mode::Test };
        let name = PaymentName::new("20261122-abc123");
        let key = account.payment(name).unwrap();
        assert_eq!(key.order, "tx:20261122-abc123");
        assert_eq!((key.payment(), &*name.to_string()), (Some(name), &*key.order));
        assert_eq!(key.to_string().parse::<OrderKey>(), Ok(key.clone()));
        assert!(name.is(&key.order) && !name.is("20261122-abc123"));
        for reference in [&*key.order, "tx:", "tx:x", "tx:20261122-abc123~20261122-def456"] {
            assert_eq!(account.order(reference), Err(BadReference::Payment), "{reference}");
        }
        for reference in ["tx", "TX:1", "x:tx:1", "/tx:1", " tx:1"] {
            assert_eq!(account.order(reference).unwrap().payment(), None, "{reference}");
        }
        for reference in [String::new(), "x".repeat(256)] {
            assert_eq!(account.order(reference), Err(BadReference::Length));
        }
        assert_eq!(account.payment(PaymentName::new("")), Err(InvalidOrderKey));
        let longest = "x".repeat(PaymentName::MAX_ID_BYTES);
        let key = account.payment(PaymentName::new(&longest)).unwrap();
        assert_eq!(key.order.len(), MAX_REFERENCE_BYTES);
        assert_eq!(account.payment(PaymentName::new(&format!("{longest}x"))), Err(InvalidOrderKey));
    }

    #[test]
    fn a_provider_is_a_short_word() {
        for word in ["a", "worldline", "systempay", "psp2", "fifteen15letter"] {
            let id: ProviderId = word.parse().unwrap();
            assert_eq!((id.as_str(), &*id.to_string()), (word, word));
            let json = serde_json::to_string(&id).unwrap();
            assert_eq!(json, format!("\"{word}\""));
            assert_eq!(serde_json::from_str::<ProviderId>(&json).unwrap(), id);
        }
        for none in ["", "World", "a-b", "a b", "é", "sixteen16letters", "a\0"] {
            assert_eq!(none.parse::<ProviderId>(), Err(InvalidOrderKey), "{none:?}");
            assert!(serde_json::from_value::<ProviderId>(none.into()).is_err());
        }
    }

    #[test]
    fn refuses_what_is_no_key() {
        for bad in [
            "",
            "worldline/M/test",
            "worldline/M/test/",
            "worldline//test/A",
            "worldline/M/TEST/A",
            "PayPal/M/test/A",
            "a-provider-too-long/M/test/A",
            "/M/test/A",
            "worldline/M/test/A/B",
            "worldline/M/test/%FF",
        ] {
            assert_eq!(bad.parse::<OrderKey>(), Err(InvalidOrderKey), "{bad:?}");
        }
        assert!(OrderKey::new(WORLDLINE, "M", Mode::Test, &"x".repeat(256)).is_err());
    }
}
