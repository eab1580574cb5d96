//! What can be wrong with the stack, to see that it is noticed.

/// What is changed, to see that it is noticed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is wrong.
    #[default]
    None,
    /// Whoever writes an item, writes, whatever others wrote since it was read.
    NoConditions,
    /// A notification is answered before it is stored.
    AnswersFirst,
    /// Whatever the signature is, a message is believed.
    BelievesAnybody,
    /// A release is decided as if an order cost half of it.
    ReleasesAtHalf,
    /// The facts of an order are dropped once it is released.
    ForgetsFacts,
    /// A decision is marked as sent before it is sent.
    MarksFirst,
    /// What is sent again has another id.
    FreshIds,
    /// Nothing looks for what is unsent.
    NoSweep,
    /// The consumer remembers nothing.
    NoMemory,
    /// The consumer deletes a message before it acts.
    DeletesFirst,
    /// The consumer notes that it acted before it does.
    SettlesFirst,
    /// Nobody asks a provider.
    NeverAsks,
    /// No answer to a refund is taken for no refund.
    TakesSilenceForNothing,
    /// The pauses of the stack depend on the runs before, and not on the seed alone.
    RemembersRuns,
    /// Whoever hands a batch out does not hear what of it failed.
    IgnoresFailures,
}
