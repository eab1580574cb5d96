//! What happened, as a digest, and where it is asked for as text.

use std::fmt::{self, Write};

/// What happened, in order.
#[derive(Debug)]
pub(crate) struct Trace {
    digest: Digest,
    lines: Option<Vec<String>>,
}

/// FNV-1a of 64 bits: two runs are compared, and nobody tries to deceive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Digest(u64);

const OFFSET: u64 = 0xCBF2_9CE4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01B3;

impl Write for Digest {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.take(text.as_bytes());
        Ok(())
    }
}

impl Digest {
    fn take(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(PRIME);
        }
    }
}

impl Trace {
    pub(crate) fn new(keeps_lines: bool) -> Self {
        Self { digest: Digest(OFFSET), lines: keeps_lines.then(Vec::new) }
    }

    /// Notes what happened at a virtual time in milliseconds.
    pub(crate) fn note(&mut self, now: i64, what: fmt::Arguments<'_>) {
        self.digest.take(&now.to_le_bytes());
        // A digest takes everything.
        let _ = self.digest.write_fmt(what);
        if let Some(lines) = &mut self.lines {
            lines.push(format!("{} {what}", Moment(now)));
        }
    }

    /// Adds what is not told.
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.digest.take(bytes);
    }

    pub(crate) fn digest(&self) -> u64 {
        self.digest.0
    }

    pub(crate) fn into_lines(self) -> Vec<String> {
        self.lines.unwrap_or_default()
    }
}

/// Time since the beginning, as days and hours.
struct Moment(i64);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, millis) = (self.0 / 1_000, self.0 % 1_000);
        let (days, hours) = (seconds / 86_400, seconds / 3_600 % 24);
        let (minutes, seconds) = (seconds / 60 % 60, seconds % 60);
        write!(f, "{days}d {hours:02}:{minutes:02}:{seconds:02}.{millis:03}")
    }
}
