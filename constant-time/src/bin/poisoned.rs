//! Verifies signatures under poisoned keys, for memcheck to watch: `valgrind poisoned`. The decision whether a
//! signature is right is declared to be no secret, in [`decided`], and nothing else is.
//!
//! `poisoned faults` lists what can be planted, `valgrind poisoned <fault>` verifies with that in place.

use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use quittance_constant_time::memcheck;
use quittance_constant_time::messages::{changed, messages};
use quittance_constant_time::planted::{FAULTS, Verify};
use quittance_constant_time::ring::{Ring, WORLDLINE, secret};
use quittance_core::checkout::Proof;
use quittance_core::crypto::{DECLASSIFY, Secret, hmac_base64, hmac_hex, sha1_hex};

/// Decisions that were made of a secret.
static SECRET: AtomicUsize = AtomicUsize::new(0);

/// What `quittance_core::crypto::same` found, on its way out: from here on it may be branched on.
fn decided(equal: u8) -> u8 {
    SECRET.fetch_add(memcheck::secret(&[equal]), Relaxed);
    memcheck::declassify(equal)
}

fn main() -> ExitCode {
    let fault = std::env::args().nth(1);
    if fault.as_deref() == Some("faults") {
        FAULTS.iter().for_each(|(name, _)| println!("{name}"));
        return ExitCode::SUCCESS;
    }
    if !memcheck::is_watching() {
        eprintln!("nobody watches: run it under valgrind");
        return ExitCode::FAILURE;
    }
    if DECLASSIFY.set(decided).is_err() {
        unreachable!("set once");
    }
    let told = match fault {
        None => genuine(),
        Some(fault) => match FAULTS.iter().find(|(name, _)| *name == fault) {
            Some((_, verify)) => planted(*verify),
            None => Err(format!("{fault} is no fault")),
        },
    };
    match told {
        Ok(told) => {
            println!("{told}");
            ExitCode::SUCCESS
        }
        Err(told) => {
            eprintln!("{told}");
            ExitCode::FAILURE
        }
    }
}

/// Every message with every signature. What memcheck finds it reports itself.
fn genuine() -> Result<String, String> {
    expected_signatures_are_secret()?;
    returns_are_proven()?;
    let ring = Ring::new(memcheck::poison);
    let (mut verified, mut complaints) = (0, memcheck::complaints());
    for message in messages() {
        for forged in message.forged() {
            let name = format!("{}, {}", message.name, forged.name);
            SECRET.store(0, Relaxed);
            let believed = message.is_believed(&ring, &message.sent(&forged.signature));
            if believed != forged.is_right {
                return Err(format!("{name}: believed is {believed}"));
            }
            // Else the keys were not poisoned, or something branched on the way and made a plain value of it.
            if (SECRET.load(Relaxed) > 0) != forged.is_as_long {
                return Err(format!(
                    "{name}: the decision was of no secret, or should have been of none"
                ));
            }
            let now = memcheck::complaints();
            if now > complaints {
                eprintln!("{name}: {} complaints", now - complaints);
                complaints = now;
            }
            verified += 1;
        }
    }
    Ok(format!("{verified} messages verified under poisoned keys"))
}

/// Each byte that is computed from a poisoned key is poisoned, but for the padding of Base64.
fn expected_signatures_are_secret() -> Result<(), String> {
    for key in poisoned() {
        let text = [&b"text"[..]];
        let base64 = memcheck::secret(&hmac_base64(&key, text));
        let hex = memcheck::secret(&hmac_hex(&key, text));
        let sha1 = memcheck::secret(&sha1_hex([key.bytes()]));
        if (base64, hex, sha1) != (43, 64, 40) {
            return Err(format!(
                "of an expected signature {base64}, {hex}, {sha1} bytes are secret"
            ));
        }
    }
    Ok(())
}

/// What proves a buyer's return is compared like a signature: the stored one is the secret.
fn returns_are_proven() -> Result<(), String> {
    const MAC: &str = "Zr4Kq8XsTn1VdG7wLb3J";
    let stored = MAC.to_owned();
    memcheck::poison(stored.as_bytes());
    let proof = |mac: &str| Proof::new(mac, Some("session")).ok_or("no proof");
    let own = proof(&stored)?;
    for shown in [MAC.to_owned(), changed(MAC, 0..1), changed(MAC, 19..20)] {
        SECRET.store(0, Relaxed);
        if own.is(&proof(&shown)?) != (shown == MAC) || SECRET.load(Relaxed) == 0 {
            return Err(format!("a return shown with {shown}: taken for another, or of no secret"));
        }
    }
    Ok(())
}

/// The verification with a fault, which memcheck has to report.
fn planted(verify: Verify) -> Result<String, String> {
    let text = b"text";
    let plain = Secret::new(WORLDLINE[0].secret);
    let right = plain.map(|key| hmac_hex(&key, [&text[..]])).ok_or("no key")?;
    let believed = verify(&poisoned(), text, &right);
    Ok(format!("planted: {}", if believed { "right" } else { "wrong" }))
}

fn poisoned() -> Vec<Secret> {
    WORLDLINE.iter().filter_map(|key| secret(key.secret, memcheck::poison)).collect()
}
