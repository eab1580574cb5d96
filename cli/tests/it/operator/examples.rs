//! The examples at the end of the commands' help that ask a PSP: in this sequence they do what they say.

use serde_json::json;

use super::{Done, on, run};
use crate::support::{Request, Stack};

/// The lines to type of a command's examples.
fn examples(command: &str) -> Vec<String> {
    let help = run(&[command, "--help"], &[]).with(0).output;
    let (_, examples) = help.split_once("Examples:\n").expect("examples");
    let lines = examples.lines().filter_map(|line| line.trim().strip_prefix("quittance "));
    lines.map(str::to_owned).collect()
}

/// Types a line of an example.
fn typed(stack: &Stack, line: &str) -> Done {
    on(stack, &line.split(' ').collect::<Vec<_>>())
}

#[test]
fn what_asks_a_psp_works_after_the_checkout_of_the_same_order() {
    let stack = Stack::start();
    for line in examples("checkout") {
        let started = typed(&stack, &format!("{line} --json")).with(0).json();
        // As the buyer does on the page.
        let body = json!({"checkout": started["checkout"]["id"], "card": "accept"}).to_string();
        let paid =
            Request::new("POST", "/local/psp/pay").header("Content-Type", "application/json");
        let paid = stack.send(&paid.body(body.as_bytes()));
        assert_eq!(paid.status, 200, "{line}: {}", paid.text());
    }
    for command in ["ask", "refund", "capture", "cancel"] {
        for line in examples(command) {
            typed(&stack, &line).with(0);
        }
    }
    let [list, settle] = &examples("settle")[..] else { panic!("two lines") };
    let listed = typed(&stack, list).with(0);
    assert!(listed.output.contains("R-1"), "{}", listed.output);
    assert!(settle.starts_with(list), "the same order: {settle}");
}
