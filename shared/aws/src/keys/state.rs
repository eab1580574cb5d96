//! When a secret is looked at, and what is held then: no call and no clock. Moments are arguments.

use std::sync::Arc;
use std::time::Duration;

use quittance_core::Versioned;

use crate::clock::Moment;

/// How long keys are used before the secret is looked at again, so that a key which is in neither version
/// any more is refused from then on.
const LIFETIME: Duration = Duration::from_secs(300);

/// Least time between two looks at the secret for messages that no key verifies, and between two looks
/// at one that has something wrong or nothing for us. Forgers can ask as often as they like.
const REFRESH_GAP: Duration = Duration::from_secs(60);

/// Least time between two looks while a message waits and no look has succeeded yet.
const RETRY_GAP: Duration = Duration::from_secs(1);

/// Of the current version of the secret, then of the previous one.
pub(super) type Both<T> = [T; 2];

/// What one version of a secret has for us.
#[derive(Clone, Debug)]
pub(super) enum Version<K> {
    Keys(K),
    /// The version is not there, or empty.
    Nothing,
    /// It can be read and is about other PSPs only.
    NotOurs,
    /// It could not be read, or what it says cannot be used.
    Failed,
}

/// Why the secret is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// The function starts.
    Start,
    /// What is held is old, or there is nothing: see [`Held::is_due`].
    Due,
    /// No key verified a message.
    Refused,
}

/// What to do next.
#[derive(Debug)]
pub(super) enum Next<K> {
    /// Read both versions of the secret, then call [`State::found`].
    Read,
    /// Go on with these keys.
    Use(Arc<Held<K>>),
}

/// Why a message was not verified.
#[derive(Debug, PartialEq, Eq)]
pub enum Unverified<E> {
    /// There are no usable keys.
    NoKeys,
    /// There are keys, and none of them is for this PSP.
    NotOurs,
    /// No key verifies it.
    Refused(E),
}

/// What a ring holds from one look to the next.
#[derive(Debug)]
pub(super) struct Held<K> {
    versions: Both<Option<Arc<K>>>,
    /// True when the last look read both versions. False when keys may be left over from an earlier look.
    certain: bool,
    /// Whether the secret can be read and is about other PSPs only.
    not_ours: bool,
    since: Moment,
}

/// The keys that are held, and when the secret was last looked at for a message.
#[derive(Debug)]
pub(super) struct State<K> {
    held: Arc<Held<K>>,
    looked_for_message: Option<Moment>,
}

impl<K> State<K> {
    /// These keys, of which the secret has not been asked yet.
    pub(super) fn holding(keys: Option<K>, now: Moment) -> Self {
        let versions = [keys.map(Arc::new), None];
        let held = Held { versions, certain: false, not_ours: false, since: now };
        Self { held: Arc::new(held), looked_for_message: None }
    }

    /// No keys, where there are some of other PSPs.
    pub(super) fn of_others(now: Moment) -> Self {
        let held = Held { versions: [None, None], certain: true, not_ours: true, since: now };
        Self { held: Arc::new(held), looked_for_message: None }
    }

    /// What is held now.
    pub(super) fn held(&self) -> Arc<Held<K>> {
        Arc::clone(&self.held)
    }

    /// Says whether to read the secret now, for whoever was not content with `seen`. Nobody reads where
    /// somebody has read since, or where it is too early. One reader at a time: the next one asks here when
    /// the other is done.
    pub(super) fn next(&mut self, seen: &Arc<Held<K>>, why: Why, now: Moment) -> Next<K> {
        let is_early = |gap| self.looked_for_message.is_some_and(|at| now.since(at) < gap);
        let gap = match why {
            Why::Refused => Some(REFRESH_GAP),
            Why::Due if self.held.has_failed() => Some(RETRY_GAP),
            Why::Due | Why::Start => None,
        };
        if !Arc::ptr_eq(seen, &self.held) || gap.is_some_and(is_early) {
            return Next::Use(self.held());
        }
        if gap.is_some() {
            self.looked_for_message = Some(now);
        }
        Next::Read
    }
}

impl<K: Versioned> State<K> {
    /// Takes what the secret has. The keys of a version that could not be read stay as they were. The
    /// sentences tell, for the log, which keys of the previous version are not in force.
    pub(super) fn found(&mut self, found: Both<Version<K>>, now: Moment) -> Vec<String> {
        let not_ours = matches!(found, [Version::NotOurs, _]);
        let certain = !found.iter().any(|version| matches!(version, Version::Failed));
        let [current, previous] = found;
        let [held_current, held_previous] = &self.held.versions;
        let current = current.or_held(held_current);
        let mut previous = previous.or_held(held_previous);
        let mut sentences = Vec::new();
        // A secret that has moved to another mode or merchant is what the current version says, and not both.
        if let (Some(current), Some(previous)) = (&current, &mut previous) {
            let (kept, told) = previous.beside(current);
            *previous = Arc::new(kept);
            sentences = told;
        }
        let held = Held { versions: [current, previous], certain, not_ours, since: now };
        self.held = Arc::new(held);
        sentences
    }
}

impl<K> Held<K> {
    /// How many versions of the keys are held.
    pub(super) fn versions(&self) -> usize {
        self.versions.iter().flatten().count()
    }

    /// The versions that are held, the current one first.
    pub(super) fn each(&self) -> impl Iterator<Item = &K> {
        self.versions.iter().flatten().map(|keys| &**keys)
    }

    /// The outcome under the first version that verifies, else what the current one says.
    pub(super) fn verify<T, E>(
        &self,
        verify: impl Fn(&K) -> Result<T, E>,
    ) -> Result<T, Unverified<E>> {
        let mut refused = None;
        for keys in self.versions.iter().flatten() {
            match verify(keys) {
                Ok(verified) => return Ok(verified),
                Err(why) => refused = refused.or(Some(why)),
            }
        }
        let without = if self.not_ours { Unverified::NotOurs } else { Unverified::NoKeys };
        Err(refused.map_or(without, Unverified::Refused))
    }

    /// Whether there are no keys although there should be.
    fn has_failed(&self) -> bool {
        self.versions.iter().all(Option::is_none) && !self.not_ours
    }

    /// Whether the secret should be looked at before a message is verified.
    pub(super) fn is_due(&self, now: Moment) -> bool {
        let lifetime = if self.certain && !self.not_ours { LIFETIME } else { REFRESH_GAP };
        self.has_failed() || now.since(self.since) >= lifetime
    }
}

impl<K> Version<K> {
    /// The keys to hold, where so far `held` were.
    fn or_held(self, held: &Option<Arc<K>>) -> Option<Arc<K>> {
        match self {
            Self::Keys(keys) => Some(Arc::new(keys)),
            Self::Nothing | Self::NotOurs => None,
            Self::Failed => held.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// One key. A key that stands for another mode in the newer version is not in force in the older one.
    #[derive(Clone, Debug, PartialEq, Eq)]
    struct Key(&'static str);

    const MOVED: Key = Key("moved");

    impl Versioned for Key {
        fn beside(&self, newer: &Self) -> (Self, Vec<String>) {
            match *newer == MOVED {
                true => (Self("nobody's"), vec!["not in force".to_owned()]),
                false => (self.clone(), Vec::new()),
            }
        }
    }

    /// A ring without a secret, driven by hand: what it holds, what time it is, and when it read.
    struct Ring {
        state: State<Key>,
        now: Moment,
        reads: usize,
    }

    impl Ring {
        /// A ring that has started on this secret.
        fn new(found: Both<Version<Key>>) -> Self {
            let now = Moment::now();
            let mut ring = Self { state: State::holding(None, now), now, reads: 0 };
            assert!(ring.looks(Why::Start, found));
            ring
        }

        fn passes(&mut self, seconds: u64) {
            self.now = self.now.after(Duration::from_secs(seconds));
        }

        /// Looks for this reason, where the secret is like this. Whether it was read.
        fn looks(&mut self, why: Why, found: Both<Version<Key>>) -> bool {
            let seen = self.state.held();
            match self.state.next(&seen, why, self.now) {
                Next::Use(held) => {
                    assert!(Arc::ptr_eq(&held, &seen));
                    false
                }
                Next::Read => {
                    self.state.found(found, self.now);
                    self.reads += 1;
                    true
                }
            }
        }

        fn is_due(&self) -> bool {
            self.state.held().is_due(self.now)
        }

        fn believes(&self, key: &'static str) -> bool {
            let verify = |held: &Key| if *held == Key(key) { Ok(()) } else { Err(()) };
            self.state.held().verify(verify).is_ok()
        }

        fn held(&self) -> Both<Option<Key>> {
            let held = self.state.held();
            held.versions.clone().map(|keys| keys.map(|keys| (*keys).clone()))
        }
    }

    fn keys(key: &'static str) -> Version<Key> {
        Version::Keys(Key(key))
    }

    fn rotated() -> Both<Version<Key>> {
        [keys("new"), keys("old")]
    }

    #[test]
    fn both_versions_are_believed_and_no_third() {
        let ring = Ring::new(rotated());
        assert_eq!(ring.state.held().versions(), 2);
        assert!(ring.believes("new") && ring.believes("old") && !ring.believes("older"));
    }

    #[test]
    fn a_message_that_no_key_verifies_looks_once_a_minute() {
        let mut ring = Ring::new(rotated());
        assert!(ring.looks(Why::Refused, rotated()), "the start does not count");
        for _ in 0..59 {
            ring.passes(1);
            assert!(!ring.looks(Why::Refused, rotated()));
        }
        ring.passes(1);
        assert!(ring.looks(Why::Refused, rotated()));
    }

    #[test]
    fn nobody_looks_where_somebody_has_looked_since() {
        let mut ring = Ring::new(rotated());
        let seen = ring.state.held();
        assert!(matches!(ring.state.next(&seen, Why::Refused, ring.now), Next::Read));
        ring.state.found([keys("newer"), keys("new")], ring.now);
        ring.passes(3600);
        for why in [Why::Start, Why::Due, Why::Refused] {
            let Next::Use(held) = ring.state.next(&seen, why, ring.now) else { panic!("{why:?}") };
            assert!(Arc::ptr_eq(&held, &ring.state.held()));
        }
        assert!(ring.believes("newer") && ring.believes("new") && !ring.believes("old"));
    }

    #[test]
    fn keys_are_looked_at_again_after_five_minutes() {
        let mut ring = Ring::new(rotated());
        ring.passes(299);
        assert!(!ring.is_due());
        ring.passes(1);
        assert!(ring.is_due() && ring.looks(Why::Due, [keys("new"), Version::Nothing]));
        assert!(!ring.believes("old"), "it is in neither version any more");
        assert!(!ring.is_due());
    }

    #[test]
    fn a_version_that_cannot_be_read_keeps_its_keys_and_is_tried_after_a_minute() {
        for (found, left) in [
            ([Version::Failed, Version::Failed], [Some(Key("new")), Some(Key("old"))]),
            ([Version::Failed, keys("older")], [Some(Key("new")), Some(Key("older"))]),
            ([keys("newer"), Version::Failed], [Some(Key("newer")), Some(Key("old"))]),
            ([Version::Failed, Version::Nothing], [Some(Key("new")), None]),
        ] {
            let mut ring = Ring::new(rotated());
            assert!(ring.looks(Why::Refused, found.clone()));
            assert_eq!(ring.held(), left, "{found:?}");
            ring.passes(59);
            assert!(!ring.is_due());
            ring.passes(1);
            assert!(ring.is_due(), "{found:?}");
        }
    }

    #[test]
    fn without_any_key_every_message_looks_but_not_twice_a_second() {
        for found in [[Version::Failed, Version::Failed], [Version::Nothing, Version::Nothing]] {
            let mut ring = Ring::new(found.clone());
            assert_eq!(ring.state.held().verify(|_| Err::<(), _>(())), Err(Unverified::NoKeys));
            assert!(ring.is_due() && ring.looks(Why::Due, found.clone()));
            assert!(ring.is_due() && !ring.looks(Why::Due, found.clone()));
            ring.passes(1);
            assert!(ring.is_due() && ring.looks(Why::Due, rotated()));
            assert!(ring.believes("new") && !ring.is_due());
        }
    }

    #[test]
    fn a_secret_about_others_is_looked_at_once_a_minute() {
        for previous in [Version::NotOurs, Version::Nothing, Version::Failed] {
            let mut ring = Ring::new([Version::NotOurs, previous.clone()]);
            assert_eq!(ring.state.held().verify(|_| Err::<(), _>(())), Err(Unverified::NotOurs));
            ring.passes(59);
            assert!(!ring.is_due());
            ring.passes(1);
            assert!(ring.is_due() && ring.looks(Why::Due, [Version::NotOurs, previous]));
        }
    }

    #[test]
    fn the_previous_version_keeps_what_the_current_one_does_not_contradict() {
        let mut state = State::holding(None, Moment::now());
        let told = state.found([Version::Keys(MOVED), keys("old")], Moment::now());
        assert_eq!(told, ["not in force"]);
        let held = state.held();
        assert!(held.verify(|key| if *key == Key("old") { Ok(()) } else { Err(()) }).is_err());
        let told = state.found([keys("new"), keys("old")], Moment::now());
        assert!(told.is_empty());
    }

    #[test]
    fn what_the_current_version_says_of_a_message_is_what_is_told() {
        let ring = Ring::new(rotated());
        let verify = |key: &Key| Err::<(), _>(key.0);
        assert_eq!(ring.state.held().verify(verify), Err(Unverified::Refused("new")));
    }

    /// What a version of the secret may be.
    fn version() -> impl Strategy<Value = Version<Key>> {
        prop_oneof![
            Just(keys("a")),
            Just(keys("b")),
            Just(Version::Nothing),
            Just(Version::NotOurs),
            Just(Version::Failed),
        ]
    }

    /// Time passes, then a message comes that a key verifies, or none.
    fn message() -> impl Strategy<Value = (u64, bool, Both<Version<Key>>)> {
        let seconds = prop_oneof![Just(0), 0..3_u64, 50..70_u64, 290..310_u64];
        (seconds, any::<bool>(), [version(), version()])
    }

    proptest! {
        #[test]
        fn whatever_comes_looks_are_rare_and_good_keys_stay(
            start in [version(), version()],
            messages in prop::collection::vec(message(), 1..60),
        ) {
            let mut ring = Ring::new(start);
            let mut elapsed = 0;
            let mut refused_at: Option<u64> = None;
            for (seconds, is_verified, found) in messages {
                ring.passes(seconds);
                elapsed += seconds;
                let (before, reads) = (ring.held(), ring.reads);
                let has_keys = before.iter().any(Option::is_some);
                if ring.is_due() {
                    ring.looks(Why::Due, found.clone());
                }
                let is_refused = !is_verified && ring.state.held().versions() > 0;
                if is_refused && ring.looks(Why::Refused, found.clone()) {
                    let gap = refused_at.replace(elapsed).map(|at| elapsed - at);
                    prop_assert!(gap.is_none_or(|gap| gap >= 60), "{gap:?}");
                }
                // Two: what is held was old, and what was found did not verify either.
                prop_assert!(ring.reads - reads <= 2);
                if ring.reads > reads {
                    for ((found, before), now) in found.into_iter().zip(before).zip(ring.held()) {
                        match found {
                            Version::Keys(key) => prop_assert_eq!(now, Some(key)),
                            Version::Failed => prop_assert_eq!(now, before),
                            Version::Nothing | Version::NotOurs => prop_assert_eq!(now, None),
                        }
                    }
                } else {
                    prop_assert_eq!(ring.held(), before);
                    prop_assert!(has_keys || seconds < 60, "without keys it looks");
                }
            }
        }
    }
}
