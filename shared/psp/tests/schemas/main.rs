//! `docs/schemas` is what the types say. This test writes it when `QUITTANCE_UPDATE_DOCS` is set, and otherwise fails
//! when a file is stale. It is a program of its own because it needs the feature `schema`, which nothing else is built
//! with. That what is sent and answered keeps to it is for `.ci/schemas` to show.

mod asyncapi;
mod book;
mod openapi;

use std::path::PathBuf;

use quittance_core::OrderView;
use quittance_core::desk::RefundView;
use quittance_core::message::CloudEvent;
use quittance_evidence::Evidence;
use serde_json::Value;

#[test]
fn the_schemas_are_current() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/schemas");
    for (name, document) in [
        ("order.schema.json", book::alone::<OrderView>()),
        ("message.schema.json", book::alone::<CloudEvent>()),
        ("refund.schema.json", book::alone::<RefundView>()),
        ("evidence.schema.json", book::closed::<Evidence>()),
        ("openapi.json", openapi::document()),
        ("asyncapi.json", asyncapi::document()),
    ] {
        compare(&folder.join(name), &document);
    }
}

fn compare(file: &std::path::Path, document: &Value) {
    let current = format!("{document:#}\n");
    if std::env::var_os("QUITTANCE_UPDATE_DOCS").is_some() {
        std::fs::write(file, &current).unwrap();
    }
    let committed = std::fs::read_to_string(file).unwrap_or_default();
    assert!(
        committed == current,
        "{} is stale: QUITTANCE_UPDATE_DOCS=1 cargo test -p quittance-psp --features schema --test schemas",
        file.display()
    );
}
