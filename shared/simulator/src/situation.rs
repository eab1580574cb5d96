//! What a run is meant to come across: whoever finds nothing wrong has to show what he looked at.

macro_rules! situations {
    ($($name:ident: $text:literal,)*) => {
        /// Something worth coming across.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Situation { $(#[doc = $text] $name),* }

        impl Situation {
            /// Every situation.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// What happened, in words.
            pub fn words(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }
        }
    };
}

situations! {
    DeliveredTwice: "a notification is received while the same one is being received",
    OlderAfterNewer: "a notification arrives after one that was sent later",
    DayOld: "a notification arrives a day after it was sent",
    TakenOnRetry: "a notification is taken when it is sent again",
    GivenUpByProvider: "a provider gives a notification up",
    AnsweredInVain: "the provider does not hear that a notification was taken",
    AddsNothing: "a notification says what is known",
    Forged: "a forged notification is refused",
    NewerKey: "a notification is refused because its key is newer than those held",
    KeysFetched: "a notification makes the keys be fetched, and is taken",
    OlderKey: "a notification is taken that is signed with the key before",
    DiedUnanswered: "a receiver dies between its write and its answer",
    Unstored: "a notification is not stored, and the provider has to come back",
    Raced: "a write meets an item that others wrote since it was read",
    OwnWrite: "a write meets itself: its answer was lost",
    WriteDenied: "a write is stored, and its writer thinks that it is not",
    OddClock: "a receiver whose clock is minutes off takes a notification",
    ReleasedByMail: "an order is released by a notification",
    ReleasedByAsking: "an order is released by what a provider said when asked",
    ReleasedReserved: "an order is released on money that is reserved",
    ReleasedCascade: "an order is released that vouchers and a card paid",
    ReleasedUnregistered: "an order is released whose amount nobody registered",
    PaidTwice: "an order is paid twice, and released once",
    PaidShort: "an order is paid less than it costs, and stays held",
    Stranded: "vouchers are taken, and what they leave is never paid",
    PaidAfterRefusal: "an order is paid after a card was refused",
    AwaitsWord: "an order waits for the provider's own word",
    ForPerson: "an order that is paid in shares is held in doubt for a person",
    CapturedLater: "money that was reserved is taken at the merchant's word",
    GivenUpReserve: "money that was reserved is given up at the merchant's word",
    Reversed: "money goes back after the release, and that is told",
    BackBeforeRelease: "money goes back of an order that was not released",
    RefundUnheard: "a refund is made, and its answer is lost",
    RefundResumed: "somebody else goes on with a refund",
    AskFailed: "a provider that is asked fails, or is not understood",
    AnswerOutdated: "more happens at the provider while its answer is on the way",
    SweptUp: "what the stream lost is found and sent",
    SentTwice: "a message is sent again while the queue knows its id",
    SentMuchLater: "a message is sent again when the queue has forgotten its id",
    ComesAgain: "the consumer gets a message that it has acted on",
}

/// How often each situation was come across.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts(Vec<u64>);

impl Default for Counts {
    fn default() -> Self {
        Self(vec![0; Situation::ALL.len()])
    }
}

impl Counts {
    pub(crate) fn saw(&mut self, situation: Situation) {
        self.0[situation as usize] += 1;
    }

    /// How often it was come across.
    pub fn of(&self, situation: Situation) -> u64 {
        self.0[situation as usize]
    }

    /// Adds what another run came across.
    pub fn add(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(own, other)| *own += other);
    }
}
