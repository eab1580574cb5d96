//! Kills the process that calls a PSP, at a step that was chosen before.

use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// Who kills. Clones are the same one.
#[derive(Clone, Default)]
pub(super) struct Executioner(Arc<Mutex<Order>>);

/// Whom, and when.
#[derive(Default)]
struct Order {
    process: u32,
    /// Steps until then; none are waited for at 0.
    steps: usize,
    later: Duration,
    /// Whether the call of that step does not reach the PSP.
    loses: bool,
    has_struck: bool,
    /// Who waits to kill.
    waits: Option<JoinHandle<()>>,
}

impl Executioner {
    /// Kills this process at the step of this number from now, or so much later.
    pub(super) fn strikes(&self, process: u32, steps: usize, later: Duration, loses: bool) {
        *self.0.lock().expect("nobody failed") =
            Order { process, steps, later, loses, ..Order::default() };
    }

    /// Whether it was killed. From now on it is not any more.
    pub(super) fn has_struck(&self) -> bool {
        let mut order = self.0.lock().expect("nobody failed");
        order.steps = 0;
        if let Some(waits) = order.waits.take() {
            waits.join().expect("killed");
        }
        order.has_struck
    }

    /// A call arrives at a PSP, or its answer leaves: whether it does. Where the process is killed at once, it is dead
    /// when this returns.
    pub(super) fn step(&self) -> bool {
        let mut order = self.0.lock().expect("nobody failed");
        if order.steps == 0 {
            return true;
        }
        order.steps -= 1;
        if order.steps > 0 {
            return true;
        }
        order.has_struck = true;
        let (process, later) = (order.process, order.later);
        if later.is_zero() {
            kill(process);
        } else {
            order.waits = Some(std::thread::spawn(move || {
                std::thread::sleep(later);
                kill(process);
            }));
        }
        !order.loses
    }
}

fn kill(process: u32) {
    // Whoever started it waits for it only when this is done: until then the number is nobody else's.
    let _ = Command::new("kill").args(["-KILL", &process.to_string()]).status();
}
