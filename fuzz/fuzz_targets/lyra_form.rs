//! Any bytes as a form: split, decoded, ordered and judged as a second decoder and a second verifier do.
#![no_main]

use std::borrow::Cow;

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use quittance_core::crypto::Secret;
use quittance_core::limits::MAX_FORM_FIELDS;
use quittance_core::provider::Refused;
use quittance_fuzz::gateway::{self, Field};
use quittance_fuzz::{mutate, seeds, thorough};
use quittance_psp::lyra::{Algorithm, Form, TooManyFields, form_signature};
use quittance_testing::FORM_KEY;

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate::form(data, size, max_size, seed, &seeds::FORGED)
});

fuzz_target!(|body: &[u8]| {
    let Some(fields) = gateway::fields(body) else {
        assert_eq!(Form::parse(body).err(), Some(TooManyFields));
        let pieces = body.split(|byte| *byte == b'&').filter(|piece| !piece.is_empty());
        assert!(pieces.count() > MAX_FORM_FIELDS);
        return;
    };
    let form = Form::parse(body).expect("as many fields as a form may have");

    // It has the same fields, by name.
    let mut parsed: Vec<Field> =
        form.fields().map(|field| (field.name.to_vec(), field.value.to_vec())).collect();
    assert!(parsed.is_sorted_by_key(|(name, _)| name));
    let is = |at: Option<usize>, name: &[u8]| {
        at.and_then(|at| parsed.get(at)).is_some_and(|(other, _)| other == name)
    };
    let mut repeated = false;
    for (at, (name, value)) in parsed.iter().enumerate() {
        if is(at.checked_sub(1), name) || is(at.checked_add(1), name) {
            repeated = true;
            continue;
        }
        let Ok(name) = std::str::from_utf8(name) else { continue };
        assert_eq!(form.bytes(name), Some(value.as_slice()));
        let text = std::str::from_utf8(value).ok().filter(|text| !text.is_empty());
        assert_eq!(form.text(name), text);
    }
    assert_eq!(form.bytes("vads_none"), None);
    let mut sorted = fields.clone();
    sorted.sort();
    parsed.sort();
    assert_eq!(parsed, sorted);

    if !thorough(body) {
        return;
    }

    // It is signed alike. Where a name is there twice, it is refused before anybody looks.
    let key = Secret::new(FORM_KEY).expect("not empty");
    let signature = form_signature(&key, &form, Algorithm::HmacSha256);
    if !repeated {
        assert_eq!(signature, gateway::signature(FORM_KEY, &fields));
        let sha1 = form_signature(&key, &form, Algorithm::Sha1);
        assert_eq!(sha1, gateway::signature_sha1(FORM_KEY, &fields));
        // So is what another encoder writes of it, the other way round.
        let pairs = fields.iter().rev().map(|(name, value)| (name.as_slice(), value.as_slice()));
        let again = gateway::body(pairs);
        let again = Form::parse(again.as_bytes()).expect("as many fields as before");
        assert_eq!(form_signature(&key, &again, Algorithm::HmacSha256), signature);
    }

    // The browsers' decoder agrees, which makes text of everything.
    let lossy = |bytes| String::from_utf8_lossy(bytes);
    let decoded = fields.iter().map(|(name, value)| (lossy(name), lossy(value)));
    let browsers: Vec<(Cow<'_, str>, Cow<'_, str>)> = form_urlencoded::parse(body).collect();
    assert_eq!(decoded.collect::<Vec<_>>(), browsers);

    // A body that nothing is wrong with but the signature is believed once it is signed.
    if gateway::judge(body) == Err(Refused::Mismatch) {
        let signed = gateway::LYRA_KEYS.signed(body).expect("a key was found");
        assert!(gateway::judge(&signed).is_ok());
    }
});
