//! Exhibits of Worldline and Lyra that the samples tell as they are: which, and how often the goods may leave.

use std::ops::RangeInclusive;

use crate::story::Psp;

/// An exhibit's name, the samples of Systempay, those of Worldline, and the fewest and most releases.
type Row = (&'static str, &'static [&'static str], &'static [&'static str], u64, u64);

#[rustfmt::skip]
static ROWS: &[Row] = &[
    ("authorised-alone", &["03-authorised"], &["03-authorised"], 0, 0),
    ("authorised-then-captured", &["03-authorised", "04-then-captured"], &["03-authorised", "04-then-captured"], 1, 1),
    ("reversed-order", &["05-captured-first", "06-authorised-late"], &["07-captured-first", "08-authorised-late"], 1, 1),
    ("late-refusal", &["12-captured", "13-refused-attempt-late"], &["14-captured", "15-refused-attempt-late"], 1, 1),
    ("refused-then-paid", &["10-refused", "11-paid-on-second-attempt"], &["12-refused", "13-paid-on-second-attempt"], 1, 1),
    ("refused", &["10-refused"], &["12-refused"], 0, 0),
    ("cancelled", &["16-cancelled"], &["16-cancelled"], 0, 0),
    ("abandoned", &["17-abandoned"], &[], 0, 0),
    ("voucher-alone", &["27-cascade-complement-abandoned"], &["27-split-half-paid"], 0, 0),
    ("voucher-and-refused-card", &["23-cascade-half-paid"], &["24-split-voucher-share", "25-split-complement-refused"], 0, 0),
    ("voucher-and-reserved-card", &["25-cascade-card-authorised"], &[], 0, 0),
    ("voucher-then-card", &["25-cascade-card-authorised", "26-card-share-captured"], &["20-split-voucher-share", "21-split-card-complement"], 1, 1),
    ("refusal-between-shares", &["23-cascade-half-paid", "24-then-complement"], &["24-split-voucher-share", "25-split-complement-refused", "26-split-complement-second-attempt"], 1, 1),
    ("paid-twice", &["14-captured", "15-paid-twice"], &["17-captured", "18-paid-twice"], 1, 1),
    ("paid-less", &["m01-captured-for-less"], &[], 0, 0),
    ("another-currency", &[], &["54-split-voucher-share", "55-complement-in-another-currency"], 0, 0),
    ("nothing-paid", &["96-verification-accepted"], &["91-account-verified"], 0, 0),
    ("unknown-status", &["51-unknown-status"], &["52-unknown-status"], 0, 0),
    ("unknown-event", &[], &["67-token-created"], 0, 0),
    ("contradiction", &["50-cascade-refused-at-top"], &["51-code-and-word-disagree"], 0, 0),
    ("several-events-in-one", &[], &["69-array-with-two-events"], 1, 1),
    ("refund-first", &["37-refund-before-capture", "38-captured-after-refund"], &["37-refund-before-capture", "38-captured-after-refund"], 0, 0),
    ("refund-of-a-part", &["32-captured", "33-refund-authorised", "34-refund-partial"], &["32-captured", "33-refund-requested", "34-refund-partial"], 1, 1),
    // Whoever takes the goods back may count none.
    ("refund-of-all", &["30-captured", "31-refund-full"], &["30-captured", "31-refund-full"], 0, 1),
    ("chargeback", &[], &["41-captured", "42-chargeback"], 0, 1),
];

/// The samples of an exhibit, and how often the goods may leave; `None` where the samples do not tell it.
pub(super) fn of(psp: Psp, name: &str) -> Option<(&'static [&'static str], RangeInclusive<u64>)> {
    let (_, systempay, worldline, least, most) = ROWS.iter().find(|row| row.0 == name)?;
    let names = match psp {
        Psp::Systempay => *systempay,
        Psp::Worldline => *worldline,
    };
    (!names.is_empty()).then_some((names, *least..=*most))
}
