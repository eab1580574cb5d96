//! The words of the interface: each is told by one name, which reads back as itself.

use std::collections::BTreeSet;
use std::fmt::Debug;

use quittance_core::State;
use quittance_core::api::TroubleKind;
use quittance_core::concern::Concern;
use quittance_core::fold::{Confirm, Instalments, ReleaseOn};
use quittance_core::message::{FULFILMENT_REQUESTED, ORDER_HELD, ORDER_STRANDED};
use quittance_core::notice::Notice;
use quittance_core::provider::Refused;

/// Names of lower-case letters, each once.
fn names<T: Copy + Debug>(all: &[T], name: impl Fn(T) -> &'static str) {
    let named: BTreeSet<&str> = all.iter().map(|one| name(*one)).collect();
    assert_eq!(named.len(), all.len(), "{all:?}");
    for name in named {
        let fits = |b: u8| b.is_ascii_lowercase() || b == b'_';
        assert!(!name.is_empty() && name.bytes().all(fits), "{name:?} of {all:?}");
    }
}

#[test]
fn every_word_of_the_interface_is_one_name() {
    use TroubleKind::{Contradiction, Credentials, Garbled, Unreachable};
    names(&Concern::ALL, Concern::as_str);
    names(&[Unreachable, Credentials, Garbled, Contradiction], TroubleKind::as_str);
    let refused = [
        Refused::Missing,
        Refused::Repeated,
        Refused::TooMany,
        Refused::UnknownKey,
        Refused::NotANotification,
        Refused::Mismatch,
        Refused::Untimely,
    ];
    let word = |at: usize| refused[at].word();
    names(&[0, 1, 2, 3, 4, 5, 6], word);
    // Keys that are read anew may know a key, or have another one, and nothing else.
    let may_be_stale = [false, false, false, true, false, true, false];
    assert_eq!(refused.each_ref().map(Refused::may_be_stale), may_be_stale);
}

#[test]
fn a_word_that_is_chosen_reads_back_as_itself() {
    fn read_back<T: Copy + Debug + PartialEq>(
        all: &[T],
        name: impl Fn(T) -> &'static str,
        read: impl Fn(&str) -> Option<T>,
    ) {
        names(all, &name);
        for one in all {
            assert_eq!(read(name(*one)), Some(*one));
        }
        assert_eq!(read(""), None);
        assert_eq!(read("another"), None);
    }
    read_back(&State::ALL, State::as_str, State::from_word);
    read_back(&Notice::ALL, Notice::as_str, Notice::from_word);
    read_back(&ReleaseOn::EACH, ReleaseOn::as_str, ReleaseOn::from_word);
    let (plans, asks) = ([Instalments::First, Instalments::All], [Confirm::Off, Confirm::Ask]);
    read_back(&plans, Instalments::as_str, Instalments::from_word);
    read_back(&asks, Confirm::as_str, Confirm::from_word);
    let kinds = Notice::ALL.map(Notice::kind);
    assert_eq!(kinds, [ORDER_HELD, ORDER_STRANDED]);
    assert!(kinds.into_iter().all(Notice::is_one));
    assert!(!Notice::is_one(FULFILMENT_REQUESTED));
}
