//! The sample deliveries of `events/`: what a PSP sends, and what must come of it.
//!
//! What must come of it is written here by hand, from the rules, and never computed by the core: the
//! samples are the core's examiner. The files are played in the order of their names, `worldline/`
//! before `systempay/`; deliveries about one order follow each other, and each file tells what holds
//! after it.

mod delivery;
mod expected;
mod lyra;
mod reading;
mod worldline;

use std::path::PathBuf;

use serde::Serialize;

use self::delivery::Delivery;
use self::expected::{Expected, Outcome};

/// Where the files are: `events/` at the root of the workspace.
pub fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../events"))
}

/// Every file: its path below [`folder`] and its contents, sorted by path.
pub fn files() -> Vec<(String, String)> {
    let mut files = vec![
        ("dispatch/01-order-changed.json".to_owned(), pretty(&reading::stream_event())),
        ("reconcile/01-every-minute.json".to_owned(), pretty(&reading::schedule_event())),
    ];
    let folders = [
        ("worldline", worldline::cases()),
        ("systempay", lyra::cases()),
        ("orders", reading::cases()),
        ("expected", reading::registrations()),
    ];
    for (folder, cases) in folders {
        for case in cases {
            let path = format!("{folder}/{}", case.name);
            let event = case.delivery.event(&path);
            files.push((format!("{path}.json"), pretty(&event)));
            files.push((format!("{path}.expected.json"), pretty(&case.expected)));
        }
    }
    files.sort();
    files
}

/// One row of the table.
struct Case {
    /// File name without its ending; the number gives the order in which the cases are played.
    name: &'static str,
    delivery: Delivery,
    expected: Expected,
}

/// A row: its name, a sentence for readers, what arrives, what must come of it.
fn case(name: &'static str, about: &'static str, delivery: Delivery, outcome: Outcome) -> Case {
    let Outcome { answer, order } = outcome;
    Case { name, delivery, expected: Expected { about, answer, order } }
}

fn pretty(value: &impl Serialize) -> String {
    let text = serde_json::to_string_pretty(value).expect("these types have string keys only");
    format!("{text}\n")
}
