//! Every bound on what a message or an order may hold, each with its reason.

/// Largest accepted HTTP body, in bytes: a notification is 1 to 5 KiB, a cascade of a hundred shares
/// about 60 KiB, and Lambda accepts 6 MiB. The bound applies before anything is hashed.
pub const MAX_BODY_BYTES: usize = 256 * 1024;

/// Most shares one notification may list. A cascade has two to five; the hosted page allows ten
/// attempts. Beyond this the notification is kept in quarantine.
pub const MAX_SHARES_PER_NOTIFICATION: usize = 128;

/// Most trusted share facts one order may hold: about 300 bytes each as PSPs write them, so the item stays below
/// half of DynamoDB's 400 KB (the table refuses one that grows larger). Beyond this a notification is
/// kept in quarantine.
pub const MAX_FACTS_PER_ORDER: usize = 400;

/// Most facts one order may hold that rest on forms with more than one reading. Whoever holds one signed
/// form can write many of those, about any order of the merchant, so they have a room of their own.
pub const MAX_DOUBTFUL_FACTS_PER_ORDER: usize = 32;

/// Most notifications of that kind one order may list: the same facts can be told in many combinations.
pub const MAX_DOUBTFUL_NOTIFICATIONS_PER_ORDER: usize = 32;

/// Most bytes of both, as they are stored. Forms that a person typed into by chance take some 100 bytes each.
pub const MAX_DOUBTFUL_BYTES_PER_ORDER: usize = 8 * 1024;

/// Longest line about a notification, in characters: five shares with their reasons take about 400.
pub const MAX_LINE_CHARACTERS: usize = 512;

/// Most elements of one Worldline event array: as many as a cascade may list shares. No real batch has
/// been seen; each element costs a read and a write, and the PSP waits about ten seconds.
pub const MAX_EVENTS_PER_NOTIFICATION: usize = MAX_SHARES_PER_NOTIFICATION;

/// Longest order reference, merchant id or payment id, in bytes. Lyra allows 64 and Worldline 40
/// for a reference; a DynamoDB key may have 2,048 bytes after escaping (at most three for one).
pub const MAX_REFERENCE_BYTES: usize = 255;

/// Longest status word, brand or similar that is kept of a notification, in bytes
/// (`vads_card_brand` is documented as up to 127 characters).
pub const MAX_WORD_BYTES: usize = 127;

/// Largest amount in minor units: Lyra documents at most 12 digits (`n..12`). It also keeps every
/// sum of [`MAX_FACTS_PER_ORDER`] amounts far below `u64::MAX`.
pub const MAX_AMOUNT: u64 = 999_999_999_999;

/// Most REST passwords tried on one notification: one per site and mode, so this bounds the hashing
/// that an unverified caller can cause.
pub const MAX_REST_PASSWORDS: usize = 32;

/// Most fields of one form. Around 130 field names are documented; a form may carry cart lines too.
pub const MAX_FORM_FIELDS: usize = 1024;
