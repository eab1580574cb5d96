//! A signed form and what may be done to it on its way: whatever changes the signed text is refused, and
//! so is any other signature.
#![no_main]

use std::sync::LazyLock;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use quittance_core::provider::Refused;
use quittance_fuzz::gateway::{self, Field, KEYS, LYRA_KEYS};
use quittance_fuzz::thorough;
use quittance_psp::lyra::verify;
use quittance_testing::lyra::{Form, Share};

#[derive(Arbitrary, Debug)]
struct Journey<'a> {
    form: u8,
    production: bool,
    sha1: bool,
    /// What the buyer typed.
    typed: &'a [u8],
    changes: Vec<Change<'a>>,
    signature: Signature<'a>,
}

#[derive(Arbitrary, Debug)]
enum Change<'a> {
    /// Another value.
    Set(u8, &'a [u8]),
    /// Some bits of one byte.
    Turn { field: u8, at: u8, bits: u8 },
    /// A byte less.
    Less { field: u8, at: u8 },
    /// A byte more.
    More { field: u8, at: u8, byte: u8 },
    /// No such field.
    Drop(u8),
    /// A field more.
    Add(&'a [u8], &'a [u8]),
    /// A field once more, with another value.
    Again(u8, &'a [u8]),
    /// The same value under another name.
    Rename(u8, &'a [u8]),
    /// Each under the other's name.
    Swap(u8, u8),
    /// In another place.
    Move(u8, u8),
}

#[derive(Arbitrary, Debug)]
enum Signature<'a> {
    Kept,
    Turned { at: u8, bits: u8 },
    Cut(u8),
    Longer(&'a [u8]),
    Typed(&'a [u8]),
    None,
}

fuzz_target!(|journey: Journey<'_>| {
    let key = &KEYS[usize::from(journey.production)];
    let mut fields = honest(journey.form, key.word, journey.typed);
    let signature = if journey.sha1 {
        gateway::signature_sha1(key.form, &fields)
    } else {
        gateway::signature(key.form, &fields)
    };
    // As genuine as it can be, unless it is signed in a way that was not agreed to.
    let agreed = !journey.sha1 || key.sha1;
    if thorough(journey.typed) {
        let genuine = gateway::judge(&body(&fields, Some(signature.as_bytes())));
        assert_eq!(genuine.is_ok(), agreed, "{genuine:?}");
    }

    let signed = gateway::signed_text(&fields);
    for change in journey.changes.iter().take(4) {
        change.make(&mut fields);
    }
    let given = journey.signature.of(signature.as_bytes());
    let sent = body(&fields, given.as_deref());
    let judged = match thorough(journey.typed) {
        true => gateway::judge(&sent).map(drop),
        false => verify(&LYRA_KEYS, &sent).map(drop),
    };
    if gateway::signed_text(&fields) != signed || given.as_deref() != Some(signature.as_bytes()) {
        assert!(judged.is_err(), "{journey:?}");
    }
    if !agreed {
        assert!(judged.is_err(), "SHA-1 was not agreed to");
    }
    // Whatever was done, the message says no more than why it is refused.
    if let Err(why) = judged {
        assert_ne!(why, Refused::TooMany);
    }
});

/// A payment, a cascade, what follows on one of its shares, and a refund.
static HONEST: LazyLock<[Form; 4]> = LazyLock::new(|| {
    let shares = [
        Share("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "CVCO", 6_000, "CAPTURED"),
        Share("bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "CB", 4_000, "AUTHORISED"),
    ];
    let forms = [
        Form::single("CMD-1", "abc123", "CB", 10_000, "CAPTURED"),
        Form::cascade("CMD-1", "abc123", 10_000, "AUTHORISED", &shares),
        Form::follow_up("CMD-1", "abc123", 2, "BATCH", shares[1]),
        Form::refund("CMD-1", "abc123", shares[0].0, "CVCO", 6_000, "CAPTURED"),
    ];
    forms.map(|form| form.without("vads_cust_name").with("unsigned", "x"))
});

fn honest(form: u8, mode: &str, typed: &[u8]) -> Vec<Field> {
    let fields = HONEST[usize::from(form) % HONEST.len()].fields().into_iter();
    let fields = fields.map(|(name, value)| match name {
        "vads_ctx_mode" => (name, mode),
        _ => (name, value),
    });
    let mut fields: Vec<Field> = fields.map(|(name, value)| (name.into(), value.into())).collect();
    fields.push((b"vads_cust_name".to_vec(), typed.to_vec()));
    fields
}

fn body(fields: &[Field], signature: Option<&[u8]>) -> Vec<u8> {
    let pairs = fields.iter().map(|(name, value)| (name.as_slice(), value.as_slice()));
    let signature = signature.map(|value| (&b"signature"[..], value));
    gateway::body(pairs.chain(signature)).into_bytes()
}

impl Change<'_> {
    fn make(&self, fields: &mut Vec<Field>) {
        let count = fields.len();
        let place = |field: u8| usize::from(field) % count;
        match *self {
            Self::Set(field, value) => fields[place(field)].1 = value.to_vec(),
            Self::Turn { field, at, bits } => {
                let value = &mut fields[place(field)].1;
                let at = usize::from(at) % value.len().max(1);
                if let Some(byte) = value.get_mut(at) {
                    *byte ^= bits;
                }
            }
            Self::Less { field, at } => {
                let value = &mut fields[place(field)].1;
                if !value.is_empty() {
                    value.remove(usize::from(at) % value.len());
                }
            }
            Self::More { field, at, byte } => {
                let value = &mut fields[place(field)].1;
                value.insert(usize::from(at) % (value.len() + 1), byte);
            }
            Self::Drop(field) => {
                fields.remove(place(field));
            }
            Self::Add(name, value) => fields.push((name.to_vec(), value.to_vec())),
            Self::Again(field, value) => {
                let name = fields[place(field)].0.clone();
                fields.push((name, value.to_vec()));
            }
            Self::Rename(field, name) => fields[place(field)].0 = name.to_vec(),
            Self::Swap(one, other) => {
                let (one, other) = (place(one), place(other));
                let name = std::mem::take(&mut fields[one].0);
                let name = std::mem::replace(&mut fields[other].0, name);
                fields[one].0 = name;
            }
            Self::Move(from, to) => {
                let field = fields.remove(place(from));
                fields.insert(usize::from(to) % (fields.len() + 1), field);
            }
        }
    }
}

impl Signature<'_> {
    fn of(&self, genuine: &[u8]) -> Option<Vec<u8>> {
        match *self {
            Self::Kept => Some(genuine.to_vec()),
            Self::Turned { at, bits } => {
                let mut value = genuine.to_vec();
                let at = usize::from(at) % value.len();
                value[at] ^= bits;
                Some(value)
            }
            Self::Cut(length) => Some(genuine[..genuine.len().min(usize::from(length))].to_vec()),
            Self::Longer(more) => Some([genuine, more].concat()),
            Self::Typed(value) => Some(value.to_vec()),
            Self::None => None,
        }
    }
}
