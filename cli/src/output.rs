//! What the program says: to standard output, and beside it.

use std::io::{ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// What stops the command: shown to the user as it is.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Whether something could not be written to standard output. Work that has begun is not broken off for
/// it, but who reads a file that ends early must not take it for whole.
static NOT_WRITTEN: AtomicBool = AtomicBool::new(false);

/// Whether all that was said could be written.
pub(crate) fn is_written() -> bool {
    !NOT_WRITTEN.load(Ordering::Relaxed)
}

/// Writes a line to standard output at once.
pub(crate) fn say(line: &str) {
    print(format!("{line}\n").as_bytes());
}

/// Writes to standard output at once; a reader that has gone away is no failure of ours.
pub(crate) fn print(bytes: &[u8]) {
    let mut out = std::io::stdout().lock();
    let written = out.write_all(bytes).and_then(|()| out.flush());
    if let Err(error) = written
        && error.kind() != ErrorKind::BrokenPipe
        && !NOT_WRITTEN.swap(true, Ordering::Relaxed)
    {
        note(&format!("error: standard output: {error}"));
    }
}

/// A sentence beside the output.
pub(crate) fn note(text: &str) {
    let mut errors = std::io::stderr().lock();
    // Whoever does not read it misses nothing that the exit status does not say.
    let _ = writeln!(errors, "{text}");
}
