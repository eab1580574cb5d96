//! The Lyra gateway's side once more: how a form is decoded and signed, and who may be believed.
//! (lyra.md 2 and 5; docs/single-reading.md)

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use quittance_core::crypto::Secret;
use quittance_core::limits::MAX_FORM_FIELDS;
use quittance_core::provider::Refused;
use quittance_core::{Mode, Reading};
use quittance_psp::lyra::{self, SiteKeys};
use quittance_testing::{FORM_KEY, REST_PASSWORD, SITE, worldline_signature};
use sha1::{Digest, Sha1};

/// A decoded name and its value.
pub type Field = (Vec<u8>, Vec<u8>);

/// What the demo site signs with in one mode.
pub struct Key {
    /// `vads_ctx_mode`.
    pub word: &'static str,
    /// The same in the core's words.
    pub mode: Mode,
    /// The key of forms.
    pub form: &'static str,
    /// The password of REST answers.
    pub password: &'static str,
    /// Whether SHA-1 will do.
    pub sha1: bool,
}

/// The demo site's keys. Production takes SHA-1 as well.
pub const KEYS: [Key; 2] = [
    Key { word: "TEST", mode: Mode::Test, form: FORM_KEY, password: REST_PASSWORD, sha1: false },
    Key {
        word: "PRODUCTION",
        mode: Mode::Production,
        form: "prodformkey0000",
        password: "prodpassword_demo",
        sha1: true,
    },
];

/// [`KEYS`] as the core holds them.
pub static LYRA_KEYS: LazyLock<lyra::Keys> = LazyLock::new(|| {
    let held = KEYS.iter().map(|key| {
        let keys = SiteKeys {
            form: Secret::new(key.form),
            rest_password: Secret::new(key.password),
            allow_sha1: key.sha1,
        };
        ((SITE.to_owned(), key.mode), keys)
    });
    lyra::Keys::new(held).expect("two passwords")
});

/// What a body says, if it is believed.
pub fn read(body: &[u8]) -> Result<Reading, Refused> {
    lyra::verify(&LYRA_KEYS, body).map(|verified| lyra::read(&verified, &[]))
}

/// One value, encoded for a form.
pub fn encode(value: &[u8]) -> String {
    form_urlencoded::byte_serialize(value).collect()
}

/// A body of these fields.
pub fn body<'a>(fields: impl IntoIterator<Item = (&'a [u8], &'a [u8])>) -> String {
    let pairs =
        fields.into_iter().map(|(name, value)| format!("{}={}", encode(name), encode(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// An answer under some hash.
pub fn rest_body(answer: &[u8], hash: &[u8]) -> String {
    body([
        (&b"kr-hash-key"[..], &b"password"[..]),
        (b"kr-hash-algorithm", b"sha256_hmac"),
        (b"kr-answer-type", b"V4/Payment"),
        (b"kr-answer", answer),
        (b"kr-hash", hash),
    ])
}

/// `+` is a blank, `%` and two hex digits a byte, everything else itself.
fn decode(mut piece: &[u8]) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut plain = Vec::new();
    loop {
        let (byte, rest) = match piece {
            [] => return plain,
            [b'+', rest @ ..] => (b' ', rest),
            [b'%', high, low, rest @ ..] => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => (high * 16 + low, rest),
                _ => (b'%', &piece[1..]),
            },
            [byte, rest @ ..] => (*byte, rest),
        };
        plain.push(byte);
        piece = rest;
    }
}

/// A body's fields in the order written; `None` when there are more than a form may have.
pub fn fields(body: &[u8]) -> Option<Vec<Field>> {
    let pieces: Vec<&[u8]> = body.split(|byte| *byte == b'&').filter(|p| !p.is_empty()).collect();
    let fields = pieces.iter().map(|piece| match piece.iter().position(|byte| *byte == b'=') {
        Some(at) => (decode(&piece[..at]), decode(&piece[at + 1..])),
        None => (decode(piece), Vec::new()),
    });
    (pieces.len() <= MAX_FORM_FIELDS).then(|| fields.collect())
}

/// What the signature of a form covers, without the key.
pub fn signed_text(fields: &[Field]) -> Vec<u8> {
    let mut signed: Vec<&Field> =
        fields.iter().filter(|(name, _)| name.starts_with(b"vads_")).collect();
    signed.sort();
    let values: Vec<&[u8]> = signed.iter().map(|(_, value)| value.as_slice()).collect();
    values.join(&b'+')
}

/// `signature` of a form with HMAC-SHA-256. Worldline signs its bodies in the same way, which is why its
/// signer is of use here.
pub fn signature(key: &str, fields: &[Field]) -> String {
    worldline_signature(key, &with_key(key, fields))
}

/// `signature` of a form with SHA-1.
pub fn signature_sha1(key: &str, fields: &[Field]) -> String {
    hex(&Sha1::digest(with_key(key, fields)))
}

/// `kr-hash` of an answer.
pub fn hash(password: &str, answer: &[u8]) -> String {
    hex(&STANDARD.decode(worldline_signature(password, answer)).expect("this is Base64"))
}

fn with_key(key: &str, fields: &[Field]) -> Vec<u8> {
    [&signed_text(fields), &b"+"[..], key.as_bytes()].concat()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a body is to be believed, and of which mode it is then.
pub fn verdict(body: &[u8]) -> Result<Mode, Refused> {
    let fields = fields(body).ok_or(Refused::TooMany)?;
    let values = |wanted: &str| -> Vec<&[u8]> {
        let named = fields.iter().filter(|(name, _)| name == wanted.as_bytes());
        named.map(|(_, value)| value.as_slice()).collect()
    };
    let value = |name: &str| values(name).into_iter().min();
    // A field that says nothing, or nothing that is text, is as good as none.
    let text = |name: &str| {
        value(name)
            .and_then(|value| std::str::from_utf8(value).ok())
            .filter(|text| !text.is_empty())
    };
    let repeated = |prefix: &str| {
        let mut names: Vec<&[u8]> = fields.iter().map(|(name, _)| name.as_slice()).collect();
        names.retain(|name| name.starts_with(prefix.as_bytes()));
        names.sort_unstable();
        names.windows(2).any(|pair| pair[0] == pair[1])
    };
    let is_rest = fields.iter().any(|(name, _)| name.starts_with(b"kr-"));
    match (is_rest, value("signature")) {
        (false, Some(given)) => {
            if repeated("vads_") || repeated("signature") {
                return Err(Refused::Repeated);
            }
            let known = |key: &&Key| {
                text("vads_site_id") == Some(SITE) && text("vads_ctx_mode") == Some(key.word)
            };
            let key = KEYS.iter().find(known).ok_or(Refused::UnknownKey)?;
            if text("vads_hash").is_none() {
                return Err(Refused::NotANotification);
            }
            let genuine = given == signature(key.form, &fields).as_bytes()
                || key.sha1 && given == signature_sha1(key.form, &fields).as_bytes();
            if genuine { Ok(key.mode) } else { Err(Refused::Mismatch) }
        }
        (true, None) => {
            if repeated("kr-") {
                return Err(Refused::Repeated);
            }
            let given = value("kr-hash").ok_or(Refused::Missing)?;
            let answer = value("kr-answer").ok_or(Refused::Missing)?;
            if value("kr-hash-key") != Some(b"password")
                || value("kr-hash-algorithm") != Some(b"sha256_hmac")
            {
                return Err(Refused::NotANotification);
            }
            let plain = unescaped(answer);
            let signed = |key: &&Key| {
                [answer, &plain].iter().any(|text| hash(key.password, text).as_bytes() == given)
            };
            KEYS.iter().find(signed).map(|key| key.mode).ok_or(Refused::Mismatch)
        }
        _ => Err(Refused::Missing),
    }
}

/// Without the backslashes that some senders put before slashes after signing. (lyra.md 5)
fn unescaped(answer: &[u8]) -> Vec<u8> {
    let mut plain: Vec<u8> = Vec::new();
    for byte in answer {
        if *byte == b'/' && plain.last() == Some(&b'\\') {
            plain.pop();
        }
        plain.push(*byte);
    }
    plain
}

/// What verification says of a body, held against [`verdict`].
pub fn judge(body: &[u8]) -> Result<Mode, Refused> {
    let verdict = verdict(body);
    let verified = lyra::verify(&LYRA_KEYS, body);
    assert_eq!(verified.as_ref().map(|_| ()), verdict.as_ref().map(|_| ()));
    verdict
}
