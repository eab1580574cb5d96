//! Our own receivers: the local stack, with a consumer behind its queue.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::torture;
use crate::support::{Stack, quittance};

/// How often it is looked for what has left.
const POLL: Duration = Duration::from_millis(10);

/// The providers: scheme, word, and the demo's merchant.
const OURS: [(&str, &str, &str); 2] =
    [("worldline", "worldline", "DemoMerchant"), ("lyra", "systempay", "12345678")];

/// Says that a run is over, also where it failed.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A stack that keeps its state in the folder, at a port or any free one.
fn start(folder: &Path, port: u16) -> Stack {
    let mut command = quittance(&["--port", &port.to_string(), "--no-play", "--data"]);
    command.arg(folder.join("data"));
    Stack::spawn(command)
}

/// Copies what leaves the queue into the file `effects`, a line for each release, until the run is over. Where there is a
/// file `restart`, the stack is killed and started again before it goes away.
fn following<T>(folder: &Path, mut stack: Stack, run: impl FnOnce() -> T) -> T {
    let mut file = std::fs::File::create(folder.join("effects")).expect("a file");
    let restart = folder.join("restart");
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // A consumer acts once for each id.
            let mut acted = BTreeSet::new();
            while !is_over.load(Ordering::Relaxed) {
                if restart.exists() {
                    let port = stack.port();
                    stack.kill();
                    stack = start(folder, port);
                    std::fs::remove_file(&restart).expect("it was there");
                }
                for message in stack.queue() {
                    let is_release = message["type"] == "quittance.order.fulfilment_requested";
                    if is_release && acted.insert(message["id"].to_string()) {
                        let order = message["subject"].as_str().expect("an order");
                        writeln!(file, "{order}").expect("written");
                    }
                }
                std::thread::sleep(POLL);
            }
        });
        let _over = Over(&is_over);
        run()
    })
}

#[test]
fn ours_have_none_of_these_failures() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let stack = start(folder, 0);
    let url = stack.url();
    let restart =
        format!(": >'{0}/restart'; while [ -e '{0}/restart' ]; do :; done", folder.display());
    following(folder, stack, || {
        for (scheme, psp, merchant) in OURS {
            let prepare = format!(
                "'{}' orders expect --local {url} {psp}/{merchant}/test/$1 $2",
                env!("CARGO_BIN_EXE_quittance"),
            );
            let more = ["--prepare", &prepare, "--restart", &restart, "--wait", "30"];
            let done = torture(&format!("{url}/webhooks/{psp}"), scheme, folder, &more);
            assert_eq!(done.status, Some(0), "{scheme}: {:?} {}", done.failures(), done.errors);
            assert!(done.names("right").len() >= 46, "{:?}", done.names("right"));
            assert!(done.names("left_out").is_empty(), "{:?}", done.names("left_out"));
        }
    });
}
