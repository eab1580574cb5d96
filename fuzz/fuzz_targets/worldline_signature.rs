//! Any signature and key-id headers over any body: believed only when each is there once, the key is
//! known, and the signature is what that key makes of the body.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use quittance_core::provider::Refused;
use quittance_fuzz::{BOUND_KEY_ID, BOUND_SECRET, WORLDLINE_KEYS};
use quittance_psp::worldline::{self};
use quittance_testing::{KEY_ID, SECRET, worldline_signature};

const KEYS: [(&str, &str); 2] = [(KEY_ID, SECRET), (BOUND_KEY_ID, BOUND_SECRET)];

#[derive(Arbitrary, Debug)]
struct Request<'a> {
    signatures: Vec<Signature<'a>>,
    key_ids: Vec<KeyId<'a>>,
    body: &'a [u8],
}

#[derive(Arbitrary, Debug)]
enum Signature<'a> {
    /// What a key makes of the body.
    Genuine(bool),
    /// The same with some bits of one byte turned.
    Turned { key: bool, at: u8, bits: u8 },
    /// The same cut short.
    Cut { key: bool, length: u8 },
    /// The same with more behind it.
    Longer { key: bool, more: &'a [u8] },
    /// What a key makes of another body.
    Elsewhere { key: bool, body: &'a [u8] },
    /// Anything.
    Typed(&'a [u8]),
}

#[derive(Arbitrary, Debug)]
enum KeyId<'a> {
    Known(bool),
    Typed(&'a [u8]),
}

impl Signature<'_> {
    fn value(&self, body: &[u8]) -> Vec<u8> {
        let sign =
            |key: bool, body| worldline_signature(KEYS[usize::from(key)].1, body).into_bytes();
        match *self {
            Self::Genuine(key) => sign(key, body),
            Self::Turned { key, at, bits } => {
                let mut value = sign(key, body);
                let at = usize::from(at) % value.len();
                value[at] ^= bits;
                value
            }
            Self::Cut { key, length } => {
                let mut value = sign(key, body);
                value.truncate(usize::from(length));
                value
            }
            Self::Longer { key, more } => [&sign(key, body), more].concat(),
            Self::Elsewhere { key, body } => sign(key, body),
            Self::Typed(value) => value.to_vec(),
        }
    }
}

fuzz_target!(|request: Request<'_>| {
    let body = request.body;
    let signatures: Vec<Vec<u8>> =
        request.signatures.iter().take(3).map(|signature| signature.value(body)).collect();
    let key_ids = request.key_ids.iter().take(3).map(|id| match id {
        KeyId::Known(key) => KEYS[usize::from(*key)].0.as_bytes(),
        KeyId::Typed(value) => value,
    });
    let key_ids: Vec<&[u8]> = key_ids.collect();
    let signatures: Vec<&[u8]> = signatures.iter().map(Vec::as_slice).collect();

    let expected = match (signatures.as_slice(), key_ids.as_slice()) {
        ([], _) => Err(Refused::Missing),
        ([_, _, ..], _) => Err(Refused::Repeated),
        (_, []) => Err(Refused::Missing),
        (_, [_, _, ..]) => Err(Refused::Repeated),
        ([signature], [id]) => match KEYS.iter().find(|(known, _)| known.as_bytes() == *id) {
            None => Err(Refused::UnknownKey),
            Some((_, secret)) if worldline_signature(secret, body).as_bytes() == *signature => {
                Ok(())
            }
            Some(_) => Err(Refused::Mismatch),
        },
    };
    let verified = worldline::verify(&WORLDLINE_KEYS, &signatures, &key_ids, body);
    assert_eq!(verified.map(|_| ()), expected);
    for (id, secret) in KEYS {
        assert_eq!(WORLDLINE_KEYS.signature(id, body), Some(worldline_signature(secret, body)));
    }
});
