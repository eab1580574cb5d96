//! A REST answer and what may be done to it on its way: believed only under its own hash, made with the
//! password, and never under a browser return's kind of key.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use quittance_core::provider::Refused;
use quittance_fuzz::gateway::{self, KEYS};
use quittance_testing::FORM_KEY;

#[derive(Arbitrary, Debug)]
struct Journey<'a> {
    production: bool,
    signed: &'a [u8],
    answer: Answer<'a>,
    hash: Hash<'a>,
    key: Kind<'a>,
    algorithm: Option<&'a [u8]>,
    more: Option<(&'a [u8], &'a [u8])>,
}

/// What arrives as `kr-answer`.
#[derive(Arbitrary, Debug)]
enum Answer<'a> {
    Kept,
    /// With a backslash before every slash, as some senders do after signing.
    Escaped,
    Turned {
        at: u16,
        bits: u8,
    },
    Longer(&'a [u8]),
    Other(&'a [u8]),
}

#[derive(Arbitrary, Debug)]
enum Hash<'a> {
    Kept,
    /// In capitals.
    Capitals,
    Turned {
        at: u8,
        bits: u8,
    },
    Cut(u8),
    /// Of the same text under the key of forms, which a browser return is signed with.
    FormKey,
    Typed(&'a [u8]),
}

#[derive(Arbitrary, Debug)]
enum Kind<'a> {
    Password,
    Browser,
    Typed(&'a [u8]),
    None,
}

fuzz_target!(|journey: Journey<'_>| {
    let key = &KEYS[usize::from(journey.production)];
    let signed = journey.signed;
    let hash = gateway::hash(key.password, signed);
    let genuine = gateway::rest_body(signed, hash.as_bytes());
    assert_eq!(gateway::judge(genuine.as_bytes()), Ok(key.mode));

    let answer = journey.answer.of(signed);
    let given = journey.hash.of(&hash, signed);
    let mut fields: Vec<(&[u8], &[u8])> = vec![(b"kr-answer", &answer), (b"kr-hash", &given)];
    match journey.key {
        Kind::Password => fields.push((b"kr-hash-key", b"password")),
        Kind::Browser => fields.push((b"kr-hash-key", b"sha256_hmac")),
        Kind::Typed(value) => fields.push((b"kr-hash-key", value)),
        Kind::None => {}
    }
    fields.push((b"kr-hash-algorithm", journey.algorithm.unwrap_or(b"sha256_hmac")));
    fields.extend(journey.more);
    let judged = gateway::judge(gateway::body(fields).as_bytes());

    if given != hash.as_bytes() {
        // Only another text's own hash would do, and nobody here has that.
        assert!(judged.is_err(), "{journey:?}");
    }
    match journey.answer {
        // Changed, unless it is the same text to a reader of JSON.
        Answer::Turned { .. } | Answer::Longer(_) | Answer::Other(_) => {
            let plain =
                |text: &[u8]| text.iter().filter(|b| **b != b'\\').copied().collect::<Vec<u8>>();
            if plain(&answer) != plain(signed) {
                assert!(judged.is_err(), "{journey:?}");
            }
        }
        Answer::Kept | Answer::Escaped => {}
    }
    if !matches!(journey.key, Kind::Password | Kind::Typed(b"password")) && journey.more.is_none() {
        assert!(matches!(judged, Err(Refused::NotANotification)), "{journey:?}");
    }
});

impl Answer<'_> {
    fn of(&self, signed: &[u8]) -> Vec<u8> {
        match *self {
            Self::Kept => signed.to_vec(),
            Self::Escaped => {
                let escaped = |byte: &u8| match *byte {
                    b'/' => vec![b'\\', b'/'],
                    byte => vec![byte],
                };
                signed.iter().flat_map(escaped).collect()
            }
            Self::Turned { at, bits } => {
                let mut text = signed.to_vec();
                let at = usize::from(at) % text.len().max(1);
                if let Some(byte) = text.get_mut(at) {
                    *byte ^= bits;
                }
                text
            }
            Self::Longer(more) => [signed, more].concat(),
            Self::Other(text) => text.to_vec(),
        }
    }
}

impl Hash<'_> {
    fn of(&self, genuine: &str, signed: &[u8]) -> Vec<u8> {
        match *self {
            Self::Kept => genuine.as_bytes().to_vec(),
            Self::Capitals => genuine.to_ascii_uppercase().into_bytes(),
            Self::Turned { at, bits } => {
                let mut value = genuine.as_bytes().to_vec();
                let at = usize::from(at) % value.len();
                value[at] ^= bits;
                value
            }
            Self::Cut(length) => {
                genuine.as_bytes()[..genuine.len().min(usize::from(length))].to_vec()
            }
            Self::FormKey => gateway::hash(FORM_KEY, signed).into_bytes(),
            Self::Typed(value) => value.to_vec(),
        }
    }
}
