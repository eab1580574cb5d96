//! The document of `QUITTANCE_WORLDLINE_API`: who may call whose account, and where.

use core::net::Ipv6Addr;

use serde_json::value::RawValue;

use quittance_core::crypto::Secret;
use quittance_core::key::{Account, Mode};
use quittance_core::limits::MAX_REFERENCE_BYTES;
use quittance_core::members::{Doubled, Members};
use quittance_core::provider::BadKeys;
use quittance_core::text::is_loopback;

/// One merchant's credentials in one mode.
#[derive(Clone, Debug)]
pub(super) struct Credentials {
    /// Whose.
    pub(super) account: Account,
    /// `https://host`, or what the document says instead.
    pub(super) origin: String,
    /// The id of the key.
    pub(super) key_id: String,
    /// Its secret. The text is the HMAC key, also when it looks like Base64.
    pub(super) secret: Secret,
}

/// The hosts of a brand, by its word: for tests, and for real money. (worldline.md 6)
const BRANDS: [(&str, &str, &str); 2] = [
    ("cawl", "payment.preprod.cawl-solutions.fr", "payment.cawl-solutions.fr"),
    (
        DEFAULT_BRAND,
        "payment.preprod.direct.worldline-solutions.com",
        "payment.direct.worldline-solutions.com",
    ),
];

/// The brand of a merchant that names none.
const DEFAULT_BRAND: &str = "worldline";

/// Longest secret, key id or address of a document, in bytes: those of the portal have some 64.
const MAX_VALUE_BYTES: usize = 255;

/// What is left in a document by whoever copies an example, in lower case and without marks. A secret like one
/// of them would fail at the first call, and be looked for at the provider.
const PLACEHOLDERS: [&str; 14] = [
    "changeme",
    "replaceme",
    "placeholder",
    "insertme",
    "fillme",
    "fillin",
    "todo",
    "tbd",
    "null",
    "none",
    "undefined",
    "keyid",
    "yourkeyid",
    "yoursecret",
];

/// Reads the document. The error names a place and quotes no value, since any may be a secret.
pub(super) fn read(document: &str) -> Result<Vec<Credentials>, BadKeys> {
    let whole = Place("the document".to_owned());
    let raw: &RawValue =
        serde_json::from_str(document).map_err(|_| whole.is("is not a JSON object"))?;
    let mut all = Vec::new();
    for (merchant, raw) in whole.members(raw)? {
        if !is_path_segment(&merchant) || merchant.len() > MAX_REFERENCE_BYTES {
            return Err(whole.is("has a PSPID that is not of letters, digits, '-', '_' and '.'"));
        }
        let place = Place(format!("merchant {merchant:?}"));
        let (mut brand, mut modes) = (DEFAULT_BRAND.to_owned(), Vec::new());
        for (name, raw) in place.members(raw)? {
            match &*name {
                "brand" => brand = place.of("brand").text(raw)?,
                "test" => modes.push((Mode::Test, raw)),
                "production" => modes.push((Mode::Production, raw)),
                _ => return Err(place.is("has a member other than brand, test and production")),
            }
        }
        let Some((_, test, production)) = BRANDS.iter().find(|(word, ..)| *word == brand) else {
            return Err(place.of("brand").is("is neither cawl nor worldline"));
        };
        if modes.is_empty() {
            return Err(place.is("has neither test nor production"));
        }
        for (mode, raw) in modes {
            let host = if mode == Mode::Test { test } else { production };
            let account = Account { psp: super::super::ID, merchant: merchant.clone(), mode };
            all.push(one(&place.of(mode.as_str()), raw, account, host)?);
        }
    }
    if all.is_empty() {
        return Err(whole.is("names no merchant"));
    }
    Ok(all)
}

fn one(
    place: &Place,
    raw: &RawValue,
    account: Account,
    host: &str,
) -> Result<Credentials, BadKeys> {
    let (mut key_id, mut secret, mut origin) = (None, None, format!("https://{host}"));
    for (name, raw) in place.members(raw)? {
        match &*name {
            "key_id" => key_id = Some(place.of("key_id").key(raw)?),
            "secret" => secret = Some(place.of("secret").key(raw)?),
            "url" => {
                let place = place.of("url");
                origin = place.text(raw)?;
                if !is_origin(&origin) {
                    return Err(place.is(
                        "is not https://host or https://host:port without a path (http:// for a \
                         loopback address alone)",
                    ));
                }
            }
            _ => return Err(place.is("has a member other than key_id, secret and url")),
        }
    }
    let key_id = key_id.ok_or_else(|| place.of("key_id").is("is missing"))?;
    // Both stand in one header, with colons between them.
    if key_id.contains([':', ' ']) {
        return Err(place.of("key_id").is("has a colon or a blank in it"));
    }
    let secret = secret.ok_or_else(|| place.of("secret").is("is missing"))?;
    let secret = Secret::new(&secret).ok_or_else(|| place.of("secret").is("is empty"))?;
    Ok(Credentials { account, origin, key_id, secret })
}

/// Where in the document something stands, for people.
struct Place(String);

impl Place {
    fn of(&self, member: &str) -> Self {
        Self(format!("{}, {member},", self.0.trim_end_matches(',')))
    }

    fn is(&self, what: &str) -> BadKeys {
        BadKeys(format!("{} {what}", self.0.trim_end_matches(',')))
    }

    /// The members of an object, each once.
    fn members<'r>(&self, raw: &'r RawValue) -> Result<Vec<(String, &'r RawValue)>, BadKeys> {
        let members: Members<&RawValue> =
            serde_json::from_str(raw.get()).map_err(|_| self.is("is not a JSON object"))?;
        members.each_once().map_err(|Doubled| self.is("has a member twice"))
    }

    /// A text with a value in it.
    fn text(&self, raw: &RawValue) -> Result<String, BadKeys> {
        let text: String = serde_json::from_str(raw.get()).map_err(|_| self.is("is not a text"))?;
        let text = text.trim();
        if text.is_empty() {
            return Err(self.is("is empty"));
        }
        if text.len() > MAX_VALUE_BYTES {
            return Err(self.is("is too long"));
        }
        Ok(text.to_owned())
    }

    /// What may be a key or the id of one.
    fn key(&self, raw: &RawValue) -> Result<String, BadKeys> {
        let text = self.text(raw)?;
        if !text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return Err(self.is("has a character that no key has"));
        }
        if is_placeholder(&text) {
            return Err(self.is("is a placeholder, and not the value from the portal"));
        }
        Ok(text)
    }
}

/// Whether a text stands for a value that is still to be put in.
fn is_placeholder(text: &str) -> bool {
    let enclosed = |open, close| text.starts_with(open) && text.ends_with(close);
    let plain: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
    let plain = plain.to_ascii_lowercase();
    let mut bytes = text.bytes();
    let first = bytes.next();
    enclosed('<', '>')
        || enclosed('[', ']')
        || text.contains("${")
        || text.contains("{{")
        || text.contains("...")
        || bytes.all(|byte| Some(byte) == first)
        || PLACEHOLDERS.contains(&&*plain)
        || ["your-", "your_", "your "].iter().any(|start| starts_with(text, start))
}

fn starts_with(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start))
}

/// Whether a text can stand in a path as it is, and means itself there.
pub(super) fn is_path_segment(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    text.bytes().all(is_plain) && !text.bytes().all(|byte| byte == b'.')
}

/// Whether a text is an origin that may be called: over TLS, or this machine's own.
fn is_origin(text: &str) -> bool {
    let (authority, is_plain) = match (text.strip_prefix("https://"), text.strip_prefix("http://"))
    {
        (Some(authority), _) => (authority, false),
        (None, Some(authority)) => (authority, true),
        (None, None) => return false,
    };
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((host, "")) if host.parse::<Ipv6Addr>().is_ok() => (host, None),
            Some((host, rest)) if host.parse::<Ipv6Addr>().is_ok() => {
                let Some(port) = rest.strip_prefix(':') else { return false };
                (host, Some(port))
            }
            _ => return false,
        },
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let is_digits = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    let is_port = |port: &str| is_digits(port) && port.parse::<u16>().is_ok_and(|port| port > 0);
    if !port.is_none_or(is_port) {
        return false;
    }
    let is_six = host.parse::<Ipv6Addr>().is_ok();
    let is_label = |label: &str| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        !label.is_empty() && label.bytes().all(is_plain) && !label.starts_with('-')
    };
    if !is_six && !host.split('.').all(is_label) {
        return false;
    }
    !is_plain || is_loopback(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: &str = r#""key_id": "ABC123", "secret": "hush+Hush/hush=""#;

    fn origins(document: &str) -> Vec<(String, String)> {
        let all = read(document).unwrap();
        all.into_iter().map(|one| (one.account.mode.as_str().to_owned(), one.origin)).collect()
    }

    #[test]
    fn a_brand_has_its_hosts_and_an_address_wins() {
        let document = |brand: &str, rest: &str| {
            format!(r#"{{"M": {{{brand}"test": {{{KEYS}{rest}}}, "production": {{{KEYS}}}}}}}"#)
        };
        let both = |test: &str, production: &str| {
            vec![
                ("test".to_owned(), test.to_owned()),
                ("production".to_owned(), production.to_owned()),
            ]
        };
        let direct = "https://payment.direct.worldline-solutions.com";
        let preprod = "https://payment.preprod.direct.worldline-solutions.com";
        assert_eq!(origins(&document("", "")), both(preprod, direct));
        assert_eq!(origins(&document(r#""brand": "worldline", "#, "")), both(preprod, direct));
        assert_eq!(
            origins(&document(r#""brand": "cawl", "#, "")),
            both("https://payment.preprod.cawl-solutions.fr", "https://payment.cawl-solutions.fr")
        );
        let own = document("", r#", "url": "http://127.0.0.1:9000""#);
        assert_eq!(origins(&own), both("http://127.0.0.1:9000", direct));
    }

    #[test]
    fn an_origin_is_a_host_over_tls_or_this_machine() {
        for fine in [
            "https://a.example",
            "https://a.example:8443",
            "https://[2001:db8::1]:1",
            "https://10.0.0.1",
            "http://127.0.0.1",
            "http://127.9.9.9:1",
            "http://localhost:9000",
            "http://[::1]:9000",
        ] {
            assert!(is_origin(fine), "{fine}");
        }
        for bad in [
            "",
            "https://",
            "a.example",
            "ftp://a.example",
            "https://a.example/",
            "https://a.example/v2",
            "https://a.example?x",
            "https://a.example#x",
            "https://u@a.example",
            "https://u:p@a.example",
            "https://a.example:",
            "https://a.example:0",
            "https://a.example:65536",
            "https://a.example:+1",
            "https://a..example",
            "https://-a.example",
            "https://a b",
            "https://é.example",
            "https://[::1",
            "https://[::1]x",
            "https://[zz]",
            "http://a.example",
            "http://10.0.0.1",
            "http://[2001:db8::1]",
            "http://127.0.0.1.example",
            "http://localhost.example",
            "http://127.0.0.1@a.example",
            "https://a\\b",
            "HTTPS://a.example",
        ] {
            assert!(!is_origin(bad), "{bad}");
        }
    }

    /// Each is refused by a sentence that says where, and none of it is quoted.
    #[test]
    fn what_cannot_be_used_is_refused_by_its_place() {
        let one = |mode: &str| format!(r#"{{"M": {{"test": {mode}}}}}"#);
        let with = |key_id: &str, secret: &str| {
            one(&format!(r#"{{"key_id": {key_id}, "secret": {secret}}}"#))
        };
        for (document, sentence) in [
            (String::new(), "the document is not a JSON object"),
            ("[]".to_owned(), "the document is not a JSON object"),
            ("{}".to_owned(), "the document names no merchant"),
            (r#"{"": {}}"#.to_owned(), "the document has a PSPID that is not of letters"),
            (r#"{"a/b": {}}"#.to_owned(), "the document has a PSPID that is not of letters"),
            (r#"{"..": {}}"#.to_owned(), "the document has a PSPID that is not of letters"),
            (r#"{"M": 1}"#.to_owned(), "merchant \"M\" is not a JSON object"),
            (r#"{"M": {}}"#.to_owned(), "merchant \"M\" has neither test nor production"),
            (r#"{"M": {"hush": {}}}"#.to_owned(), "merchant \"M\" has a member other than"),
            (r#"{"M": {"brand": "hush"}}"#.to_owned(), "merchant \"M\", brand is neither"),
            (
                format!(r#"{{"M": {{"test": {{{KEYS}}}}}, "M": {{}}}}"#),
                "the document has a member twice",
            ),
            (one("[]"), "merchant \"M\", test is not a JSON object"),
            (one("{}"), "merchant \"M\", test, key_id is missing"),
            (one(r#"{"key_id": "k"}"#), "merchant \"M\", test, key_id is a placeholder"),
            (one(r#"{"key_id": "k1"}"#), "merchant \"M\", test, secret is missing"),
            (one(&format!(r#"{{{KEYS}, "hush": 1}}"#)), "merchant \"M\", test has a member other"),
            (
                one(&format!(r#"{{{KEYS}, "key_id": "k2"}}"#)),
                "merchant \"M\", test has a member twice",
            ),
            (
                one(&format!(r#"{{{KEYS}, "url": "http://hush.example"}}"#)),
                "merchant \"M\", test, url is not https",
            ),
            (with("1", r#""hush""#), "merchant \"M\", test, key_id is not a text"),
            (with(r#""a:b""#, r#""hush""#), "merchant \"M\", test, key_id has a colon"),
            (with(r#""k1""#, r#""  ""#), "merchant \"M\", test, secret is empty"),
            (
                with(r#""k1""#, r#""hush\u0000hush""#),
                "merchant \"M\", test, secret has a character",
            ),
            (with(r#""k1""#, r#""hush\nhush""#), "merchant \"M\", test, secret has a character"),
            (with(r#""k1""#, "\"hushé\""), "merchant \"M\", test, secret has a character"),
            (with(r#""k1""#, r#""<hush>""#), "merchant \"M\", test, secret is a placeholder"),
            (with(r#""k1""#, r#""${HUSH}""#), "merchant \"M\", test, secret is a placeholder"),
            (with(r#""k1""#, r#""Change-Me""#), "merchant \"M\", test, secret is a placeholder"),
            (with(r#""k1""#, r#""xxxxxxxx""#), "merchant \"M\", test, secret is a placeholder"),
            (with(r#""k1""#, r#""your-secret""#), "merchant \"M\", test, secret is a placeholder"),
            (with(r#""k1""#, "\"…\""), "merchant \"M\", test, secret has a character"),
            (
                with(r#""k1""#, &format!("\"{}\"", "hush ".repeat(99))),
                "merchant \"M\", test, secret is too long",
            ),
        ] {
            let refused = read(&document).unwrap_err().to_string();
            assert!(refused.starts_with(sentence), "{document}: {refused}");
            assert!(!refused.to_lowercase().contains("hush"), "{refused}");
        }
    }

    #[test]
    fn no_secret_is_shown() {
        let all = read(&format!(r#"{{"M": {{"test": {{{KEYS}}}}}}}"#)).unwrap();
        assert!(!format!("{all:?}").contains("ush"), "{all:?}");
    }
}
