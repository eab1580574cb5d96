//! What every provider must do at the seam, whoever it is: the suite runs over the registry, and over one that
//! does not exist and has the troublesome traits of those that do.
//!
//! A new provider is added to the registry, gets a line in [`SPECIMENS`], and passes.

mod octroi;
mod specimens;

use std::collections::BTreeSet;

use quittance_core::provider::{Incoming, Options, Outgoing, Received, Refused};
use quittance_core::{Keys, Order, Provider, Reading, Receipt, Statement, Timestamp};
use quittance_psp::PROVIDERS;
use quittance_testing::read::POLICIES;

use crate::specimens::{SPECIMENS, Says, Specimen};

/// Most messages of one provider that are damaged byte by byte: they differ in length alone.
const DAMAGED_MESSAGES: usize = 3;

/// What a message of a provider says under keys; the headers that no verification needs are left out, as the
/// webhook does.
fn receive<T>(
    provider: &dyn Provider,
    keys: &dyn Keys,
    message: &Outgoing,
    arrived: Timestamp,
    look: impl FnOnce(Result<Received<'_>, Refused>) -> T,
) -> T {
    let kept = provider.profile().kept_headers;
    let headers: Vec<(&'static str, &[u8])> = message
        .headers
        .iter()
        .filter_map(|(name, value)| {
            Some((*kept.iter().find(|kept| *kept == name)?, value.as_bytes()))
        })
        .collect();
    let message = Incoming { headers: &headers, body: &message.body, arrived };
    look(keys.receive(&message, &Options::default()))
}

fn readings(
    provider: &dyn Provider,
    keys: &dyn Keys,
    message: &Outgoing,
    arrived: Timestamp,
) -> Result<Vec<Reading>, Refused> {
    receive(provider, keys, message, arrived, |received| received.map(|r| r.readings))
}

impl Specimen {
    fn keys(&self) -> Box<dyn Keys> {
        self.provider.keys(self.provider.profile().demo_keys).unwrap()
    }

    fn readings(&self, message: &Outgoing) -> Result<Vec<Reading>, Refused> {
        readings(self.provider, &*self.keys(), message, self.arrived)
    }
}

#[test]
fn every_provider_of_the_registry_has_a_specimen() {
    let known: BTreeSet<_> = SPECIMENS.iter().map(|s| s.provider.profile().id).collect();
    assert!(PROVIDERS.iter().all(|provider| known.contains(&provider.profile().id)));
    assert_eq!(known.len(), PROVIDERS.len() + 1, "and the one that does not exist");
}

#[test]
fn a_profile_is_of_its_provider_alone() {
    let (mut words, mut count) = (BTreeSet::new(), 0);
    for specimen in &*SPECIMENS {
        let profile = specimen.provider.profile();
        let id = profile.id.as_str();
        assert_eq!(profile.route, format!("/webhooks/{id}"));
        let variables =
            [Some(profile.keys_variable), profile.sources_variable, profile.fields_variable];
        for variable in variables.into_iter().flatten() {
            assert!(
                variable.starts_with(&format!("QUITTANCE_{}_", id.to_uppercase())),
                "{variable}"
            );
            count += usize::from(words.insert(variable.to_owned()));
        }
        for word in [id, profile.name, profile.route] {
            assert!(words.insert(word.to_owned()), "{word} is another's too");
        }
        for header in profile.kept_headers.iter().chain(&profile.echoed_header) {
            assert_eq!(*header, header.to_lowercase(), "headers are compared in lower case");
        }
    }
    assert!(count > 0);
}

#[test]
fn each_sample_is_verified_and_read_as_expected() {
    for specimen in &*SPECIMENS {
        let (mut orders, mut refused) = (0, 0);
        for sample in &specimen.samples {
            let read = specimen.readings(&sample.message);
            let what = &sample.name;
            match (&sample.says, read) {
                (Says::Refused, read) => {
                    assert!(read.is_err(), "{what}");
                    refused += 1;
                }
                (Says::Order(order), Ok(readings)) => {
                    // What follows on a payment, or has no reference, is led to the order by the payment.
                    let is_its = |said: &Statement| {
                        let key = &said.key.order;
                        key == order || said.key.payment().is_some() || said.is_follower()
                    };
                    let is_it =
                        |reading: &Reading| matches!(reading, Reading::Order(said) if is_its(said));
                    assert!(readings.iter().any(is_it), "{what}: {order}: {readings:?}");
                    orders += 1;
                }
                (Says::Something, Ok(readings)) => assert!(!readings.is_empty(), "{what}"),
                (_, Err(why)) => panic!("{what}: {why}"),
            }
        }
        let id = specimen.provider.profile().id;
        assert!(orders > 0 && refused + orders <= specimen.samples.len(), "{id}");
    }
}

/// Under a key that everybody has, a message says what it says under the provider's; and that key verifies nothing that
/// the provider signed.
#[test]
fn a_stand_in_reads_what_the_keys_read_and_verifies_nothing() {
    let mut read = BTreeSet::new();
    for specimen in &*SPECIMENS {
        let keys = specimen.keys();
        for sample in specimen.samples.iter().filter(|sample| sample.says != Says::Refused) {
            let message = &sample.message;
            let (said, account) =
                receive(specimen.provider, &*keys, message, specimen.arrived, |received| {
                    let received = received.unwrap();
                    assert!(!received.key.is_empty(), "{}", sample.name);
                    (received.readings, received.signed.content().account)
                });
            let Ok(stand_in) = specimen.provider.stand_in(&account, message) else { continue };
            let genuine = readings(specimen.provider, &*stand_in, message, specimen.arrived);
            assert_eq!(genuine, Err(Refused::Mismatch), "{}", sample.name);
            let mut anew = message.clone();
            stand_in.sign(&mut anew).unwrap();
            let found = readings(specimen.provider, &*stand_in, &anew, specimen.arrived);
            assert_eq!(found, Ok(said), "{}", sample.name);
            assert!(specimen.readings(&anew).is_err(), "{}: nobody signed it", sample.name);
            read.insert(specimen.provider.profile().id);
        }
    }
    let all: BTreeSet<_> = PROVIDERS.iter().map(|provider| provider.profile().id).collect();
    assert_eq!(read, all, "evidence of every provider is checked without its keys");
}

/// Facts are about the account that the key vouches for, and no other provider's.
#[test]
fn facts_are_about_the_providers_own_orders() {
    for specimen in &*SPECIMENS {
        let keys = specimen.keys();
        for sample in &specimen.samples {
            receive(specimen.provider, &*keys, &sample.message, specimen.arrived, |received| {
                let Ok(Received { signed, readings, .. }) = received else { return };
                let account = signed.content().account;
                assert_eq!(account.psp, specimen.provider.profile().id);
                for reading in readings {
                    let Reading::Order(said) = reading else { continue };
                    for key in said.aliases.iter().chain([&said.key]) {
                        let whose = (key.psp, &key.merchant, key.mode);
                        assert_eq!(whose, (account.psp, &account.merchant, account.mode));
                    }
                    assert!(said.session_seconds > 0, "{}", sample.name);
                }
            });
        }
    }
}

/// Whether nothing of it can change what is released: it is refused, or each thing that is believed was said.
fn is_harmless(read: Result<Vec<Reading>, Refused>, honest: &[Reading]) -> bool {
    let Ok(readings) = read else { return true };
    // What was not signed may be told to people in another way: the line about a message is no fact.
    let said = |one: &Statement, other: &Statement| {
        (&one.key, &one.facts, one.standing) == (&other.key, &other.facts, other.standing)
    };
    readings.iter().all(|reading| match reading {
        Reading::Order(now) if now.standing.is_doubtful() => now.aliases.is_empty(),
        Reading::Order(now) => {
            honest.iter().any(|then| matches!(then, Reading::Order(then) if said(now, then)))
        }
        Reading::Hint(_) | Reading::Untracked { .. } | Reading::Unreadable(_) => true,
    })
}

#[test]
fn a_message_with_any_byte_flipped_is_refused_or_believed_of_nothing_new() {
    for specimen in &*SPECIMENS {
        let keys = specimen.keys();
        let messages = specimen.genuine();
        let step = (messages.len() / DAMAGED_MESSAGES).max(1);
        for sample in messages.iter().step_by(step).take(DAMAGED_MESSAGES) {
            let honest = specimen.readings(&sample.message).unwrap();
            let body = &sample.message.body;
            for (at, bit) in (0..body.len()).flat_map(|at| [(at, 1), (at, 0x20)]) {
                let mut other = sample.message.clone();
                other.body[at] ^= bit;
                let read = readings(specimen.provider, &*keys, &other, specimen.arrived);
                assert!(is_harmless(read, &honest), "{} byte {at} bit {bit}", sample.name);
            }
            for header in 0..sample.message.headers.len() {
                let value = &sample.message.headers[header].1;
                for at in 0..value.len() {
                    let mut bytes = value.clone().into_bytes();
                    bytes[at] ^= 1;
                    let mut other = sample.message.clone();
                    other.headers[header].1 = String::from_utf8(bytes).unwrap();
                    let read = readings(specimen.provider, &*keys, &other, specimen.arrived);
                    assert!(is_harmless(read, &honest), "{} header {header} {at}", sample.name);
                }
            }
        }
    }
}

/// Missing, repeated, wrong: whatever a provider's signature looks like, its specimen knows how to break it.
#[test]
fn a_missing_repeated_or_wrong_signature_is_refused() {
    for specimen in &*SPECIMENS {
        for sample in specimen.genuine() {
            for (how, broken) in (specimen.break_signature)(&sample.message) {
                let read = specimen.readings(&broken);
                assert!(read.is_err(), "{} {how}: {read:?}", sample.name);
            }
        }
    }
}

/// Verification needs the kept headers, the body and the first arrival, and nothing else.
#[test]
fn a_replay_of_what_is_kept_reads_the_same() {
    for specimen in &*SPECIMENS {
        for sample in specimen.genuine() {
            let first = specimen.readings(&sample.message).unwrap();
            let kept = specimen.provider.profile().kept_headers;
            let headers = sample.message.headers.iter();
            let headers =
                headers.filter(|(name, _)| kept.contains(&name.as_str())).cloned().collect();
            let replayed = Outgoing { headers, body: sample.message.body.clone() };
            assert_eq!(specimen.readings(&replayed).unwrap(), first, "{}", sample.name);
        }
    }
}

#[test]
fn what_a_provider_signs_it_receives() {
    for specimen in &*SPECIMENS {
        let keys = specimen.keys();
        for sample in specimen.genuine() {
            let mut message = sample.message.clone();
            keys.sign(&mut message).unwrap();
            let once = specimen.readings(&message).unwrap_or_else(|why| panic!("{why}"));
            assert_eq!(once, specimen.readings(&sample.message).unwrap(), "{}", sample.name);
        }
        // Under another key nothing is.
        let message = &specimen.genuine()[0].message;
        let other = specimen.provider.keys(specimen.other_keys).unwrap();
        let read = readings(specimen.provider, &*other, message, specimen.arrived);
        assert!(matches!(read, Err(why) if why.may_be_stale()), "{read:?}");
    }
}

/// A word that no table has is kept, and completes nothing.
#[test]
fn a_word_that_no_table_has_completes_no_order() {
    for specimen in &*SPECIMENS {
        for policy in POLICIES {
            let taken = |message: &Outgoing| {
                let mut order: Option<Order> = None;
                for reading in specimen.readings(message).unwrap() {
                    let Reading::Order(said) = reading else { continue };
                    let order = order.get_or_insert_with(|| Order::new(said.key.clone()));
                    let sha256 = "0".repeat(64);
                    let receipt =
                        Receipt { received_at: specimen.arrived, source: "webhook", sha256 };
                    order.take(&said, &receipt, policy).unwrap();
                }
                order.unwrap()
            };
            let known = taken(&(specimen.with_word)(specimen.paid_word));
            assert!(known.fulfilment().is_some(), "{}", specimen.provider.profile().id);
            for word in ["SOON_KNOWN", "PAYED", "captured", "0"] {
                let order = taken(&(specimen.with_word)(word));
                assert!(order.fulfilment().is_none(), "{word}");
                assert_eq!(order.summary(policy).captured, 0, "{word}");
            }
        }
    }
}

/// Whatever is wrong with a document of keys, what is said of it quotes nothing of it.
#[test]
fn a_document_of_keys_is_never_quoted() {
    for specimen in &*SPECIMENS {
        let provider = specimen.provider;
        let honest = specimen.other_keys;
        assert!(!provider.describe(honest).unwrap().is_empty());
        let shown = format!("{:?} {:?}", provider.keys(honest), provider.describe(honest));
        let secrets = specimen.secrets;
        assert!(secrets.iter().all(|secret| !shown.contains(secret)), "{shown}");
        for at in (0..honest.len()).filter(|at| honest.is_char_boundary(*at)) {
            let cut = &honest[..at];
            let turned = format!("{cut}{}", honest[at..].replace(['{', ':'], "]"));
            for document in [cut, &turned] {
                for error in [provider.keys(document).err(), provider.describe(document).err()] {
                    let Some(error) = error else { continue };
                    let said = format!("{error} {error:?}");
                    assert!(secrets.iter().all(|secret| !said.contains(secret)), "{said}");
                }
            }
        }
        assert!(provider.keys("").is_err() && provider.keys("{}").is_err());
    }
}

/// Keys of another provider leave nothing in force: what they would say of each other nobody knows.
#[test]
fn keys_of_two_providers_do_not_stand_side_by_side() {
    for one in &*SPECIMENS {
        for other in &*SPECIMENS {
            let (kept, _) = one.keys().beside(&*other.keys());
            let message = &one.genuine()[0].message;
            let read = readings(one.provider, &*kept, message, one.arrived);
            let same = one.provider.profile().id == other.provider.profile().id;
            assert_eq!(read.is_ok(), same);
        }
    }
}

#[test]
fn a_bare_id_is_a_hint_and_states_nothing() {
    let octroi = SPECIMENS.last().unwrap();
    let readings =
        octroi.readings(&octroi::samples::batch(&[octroi::samples::bare("p9")])).unwrap();
    let [Reading::Hint(hint)] = &readings[..] else { panic!("{readings:?}") };
    assert_eq!(hint.order.order, "tx:p9");
}

/// A signature with a time holds near its time alone; a replay gives the first arrival.
#[test]
fn a_signature_with_a_time_holds_near_that_time() {
    let octroi = SPECIMENS.last().unwrap();
    let message = &octroi.genuine()[0].message;
    let at = |seconds: i64| Timestamp::from_unix(octroi::samples::SIGNED_AT + seconds).unwrap();
    let keys = octroi.keys();
    for (seconds, holds) in [(-301, false), (-300, true), (0, true), (300, true), (301, false)] {
        let read = readings(octroi.provider, &*keys, message, at(seconds));
        assert_eq!(read.is_ok(), holds, "{seconds}");
        assert!(holds || read == Err(Refused::Untimely));
    }
}

/// A batch is refused whole where one element is not genuine, and speaks for one merchant.
#[test]
fn a_batch_is_genuine_as_a_whole() {
    use crate::octroi::samples::{batch, payment};
    let octroi = SPECIMENS.last().unwrap();
    let good = batch(&[payment("p1", "CMD-1", "PAID"), payment("p2", "CMD-2", "PAID")]);
    assert_eq!(octroi.readings(&good).unwrap().len(), 2);
    for (old, new) in [("CMD-2", "CMD-3"), ("\"p2\"", "\"p3\""), ("SHOP-1", "SHOP-2")] {
        let text = String::from_utf8(good.body.clone()).unwrap();
        let (first, second) = text.split_at(text.rfind("{\"").unwrap());
        let body = format!("{first}{}", second.replace(old, new)).into_bytes();
        let altered = Outgoing { headers: good.headers.clone(), body };
        assert!(octroi.readings(&altered).is_err(), "{old}");
    }
}

/// `quittance doctor` posts them to any stack: what is forged is refused, and what is signed leaves nothing behind.
#[test]
fn probes_are_refused_or_about_nothing() {
    for specimen in SPECIMENS.iter() {
        let (provider, keys) = (specimen.provider, specimen.keys());
        for key in provider.describe(provider.profile().demo_keys).unwrap() {
            let Some(probe) = provider.probe(&key) else { continue };
            let name = provider.profile().name;
            assert_eq!(specimen.readings(&probe.forged), Err(Refused::Mismatch), "{name}");
            let Some(mut harmless) = probe.harmless else { continue };
            assert!(specimen.readings(&harmless).is_err(), "{name}: not signed yet");
            keys.sign(&mut harmless).unwrap();
            let said = specimen.readings(&harmless).unwrap();
            let is_untracked = |reading: &Reading| matches!(reading, Reading::Untracked { .. });
            assert!(!said.is_empty() && said.iter().all(is_untracked), "{name}: {said:?}");
        }
    }
}

/// A rule that no sample shows would be said to be off for ever.
#[test]
fn every_rule_of_a_portal_is_shown_by_a_sample() {
    for specimen in SPECIMENS.iter() {
        let provider = specimen.provider;
        let mut shown = BTreeSet::new();
        for sample in specimen.genuine() {
            for reading in specimen.readings(&sample.message).unwrap() {
                if let Reading::Order(statement) = reading {
                    shown.extend(provider.portal_rule(&statement.event).map(|rule| rule.name));
                }
            }
        }
        let rules: BTreeSet<_> =
            provider.profile().portal_rules.iter().map(|rule| rule.name).collect();
        assert_eq!(shown, rules, "{}", provider.profile().name);
    }
}
