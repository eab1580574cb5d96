//! `unsent`: what is decided and not sent, on a table whose stream nobody follows.

use quittance_testing::lyra::Form;
use serde_json::json;

use super::{beside, borrowed, key, run};
use crate::support::{Stack, systempay_path};

#[test]
fn what_is_unsent_is_listed_and_sent_on_request() {
    let stack = Stack::start();
    for (reference, id) in [("UNSENT-1", "unse01"), ("UNSENT-2", "unse02"), ("UNSENT-3", "unse03")]
    {
        stack.systempay(&Form::single(reference, id, "CB", 500, "CAPTURED").body());
        stack.sent_order(&systempay_path(reference));
    }
    let followed_by_nobody = beside(&stack, "unfollowed");
    let mut environment = borrowed(&followed_by_nobody);
    run(&["replay", "--from", "2020-01-01T00:00:00Z"], &environment).with(0);
    environment.retain(|(name, _)| *name != "QUITTANCE_QUEUE_URL");
    let count = |environment: &[_]| {
        run(&["unsent", "list", "--json"], environment).with(0).json().as_array().map(Vec::len)
    };
    assert_eq!(count(&environment), Some(3));
    let list = run(&["unsent", "list"], &environment).with(0).output;
    assert!(list.contains("fulfilment_requested") && list.contains("UNSENT-1"), "{list}");

    let done = run(&["unsent", "resend"], &environment).with(2);
    assert!(done.errors.contains("QUITTANCE_QUEUE_URL"), "{}", done.errors);
    environment.push(("QUITTANCE_QUEUE_URL", "table:no-such-queue"));
    let done = run(&["unsent", "resend", "--json"], &environment).with(1).json();
    assert_eq!(done["failed"].as_array().map(Vec::len), Some(3), "{done}");
    assert_eq!(count(&environment), Some(3));

    environment.pop();
    environment.push(("QUITTANCE_QUEUE_URL", "table:quittance-local-queue"));
    run(&["unsent", "resend", "--dry-run"], &environment).with(0);
    assert_eq!(count(&environment), Some(3));
    // Under any of its names.
    let one = key(&systempay_path("tx:20261122-unse01"));
    let done = run(&["unsent", "resend", &one, "--json"], &environment).with(0).json();
    assert_eq!((done, count(&environment)), (json!({"sent": 1, "failed": []}), Some(2)));
    let done = run(&["unsent", "resend", "--json"], &environment).with(0).json();
    assert_eq!((done, count(&environment)), (json!({"sent": 2, "failed": []}), Some(0)));
    assert_eq!(stack.queue().len(), 3, "under the ids that they had");
    for more in [&[][..], &["--dry-run"]] {
        let nobody = ["unsent", "resend", "systempay/1/test/NOBODY"];
        run(&[&nobody[..], more].concat(), &environment).with(1);
    }
}
