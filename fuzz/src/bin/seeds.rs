//! Writes the seed corpus: the sample events of `events/`, each in the spelling that a target takes.
//!
//! `.ci/fuzz` starts it. It is built with the targets, which is why it links the fuzzer that it does not
//! use.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::PathBuf;

use libfuzzer_sys as _;
use quittance_core::limits::MAX_FORM_FIELDS;
use quittance_core::{Order, Reading, worldline};
use quittance_fuzz::invariants::{POLICIES, receipt};
use quittance_fuzz::{WORLDLINE_KEYS, gateway, mutate};
use quittance_testing::{KEY_ID, samples};
use serde_json::Value;

fn main() -> io::Result<()> {
    let events: Vec<String> = bodies("worldline/").iter().map(|event| short_event(event)).collect();
    let lyra = bodies("systempay/");
    let (answers, forms): (Vec<_>, Vec<_>) =
        lyra.into_iter().partition(|body| body.contains("kr-answer="));
    let unsigned: Vec<String> = forms.iter().map(|form| short_form(form)).collect();
    let lists = unsigned.iter().filter_map(|form| value(form, "vads_payment_seq"));
    let texts: Vec<String> = answers.iter().filter_map(|body| value(body, "kr-answer")).collect();

    let event_stories = stories(&events, |event| {
        let event: Value = serde_json::from_str(event).ok()?;
        let output = event["payment"]["paymentOutput"].as_object();
        let output = output.or_else(|| event["refund"]["refundOutput"].as_object())?;
        output["references"]["merchantReference"].as_str().map(str::to_owned)
    });
    let form_stories = stories(&unsigned, |form| value(form, "vads_order_id"));
    let arrays = event_stories.iter().map(|story| format!("[{}]", story.join(",")));
    let lines = form_stories.iter().map(|story| story.join("\n"));
    // One field more than a form may have.
    let wide = "a&".repeat(MAX_FORM_FIELDS + 1);

    write("worldline_event", events.iter().cloned().chain(arrays))?;
    write("lyra_notification", unsigned.iter().cloned().chain(lines))?;
    let forged = unsigned.iter().map(|form| format!("{form}&signature=x"));
    write("lyra_form", forged.chain(answers).chain([wide, forms[0].clone()]))?;
    write("lyra_cascade", lists)?;
    let answer_stories = stories(&texts, |answer| {
        let answer: Value = serde_json::from_str(answer).ok()?;
        answer["orderDetails"]["orderId"].as_str().map(str::to_owned)
    });
    let answer_lines = answer_stories.iter().map(|story| story.join("\n"));
    write("lyra_answer", texts.iter().cloned().chain(answer_lines))?;
    write("stored_order", orders(&event_stories, &form_stories))?;
    write("words", words())?;

    // These take decisions and not messages: any will do to begin with.
    for target in ["worldline_signature", "lyra_form_signature", "lyra_answer_signature"] {
        write(target, (0..16).map(|seed| mutate::chance(seed, 128)))?;
    }
    write("lyra_single_reading", (0..64).map(|seed| mutate::chance(seed, 600)))
}

/// An event without what nobody reads: short inputs are tried more often.
fn short_event(event: &str) -> String {
    const SPARE: [&str; 9] = [
        "authorisationCode",
        "card",
        "created",
        "hostedCheckoutSpecificOutput",
        "id",
        "isAuthorized",
        "isCancellable",
        "isRefundable",
        "mode",
    ];
    fn shorten(value: &mut Value, whole: bool) {
        match value {
            Value::Object(members) => {
                let spare = |name: &str| SPARE.contains(&name) && (whole || name != "id");
                members.retain(|name, _| !spare(name));
                members.values_mut().for_each(|value| shorten(value, false));
            }
            Value::Array(elements) => elements.iter_mut().for_each(|value| shorten(value, true)),
            _ => {}
        }
    }
    serde_json::from_str(event).map_or_else(
        |_| event.to_owned(),
        |mut value| {
            shorten(&mut value, true);
            value.to_string()
        },
    )
}

/// A form without its signature and without what decides nothing.
fn short_form(form: &str) -> String {
    const KEPT: [&str; 22] = [
        "vads_amount",
        "vads_card_brand",
        "vads_ctx_mode",
        "vads_currency",
        "vads_cust_name",
        "vads_effective_amount",
        "vads_effective_currency",
        "vads_hash",
        "vads_identifier",
        "vads_occurrence_type",
        "vads_operation_type",
        "vads_order_id",
        "vads_page_action",
        "vads_payment_config",
        "vads_payment_seq",
        "vads_sequence_number",
        "vads_site_id",
        "vads_trans_date",
        "vads_trans_id",
        "vads_trans_status",
        "vads_trans_uuid",
        "vads_url_check_src",
    ];
    let name = |piece: &&str| KEPT.contains(&piece.split('=').next().unwrap_or_default());
    form.split('&').filter(name).collect::<Vec<_>>().join("&")
}

/// The bodies of the samples whose paths begin so.
fn bodies(folder: &str) -> Vec<String> {
    let files = samples::files().into_iter();
    let events = files.filter(|(path, _)| path.starts_with(folder) && !path.contains(".expected"));
    events
        .filter_map(|(_, event)| {
            let event: Value = serde_json::from_str(&event).ok()?;
            event["body"].as_str().map(str::to_owned)
        })
        .collect()
}

/// Messages about one order, where there are several.
fn stories(messages: &[String], order: impl Fn(&str) -> Option<String>) -> Vec<Vec<String>> {
    let mut stories: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for message in messages {
        if let Some(order) = order(message) {
            stories.entry(order).or_default().push(message.clone());
        }
    }
    stories.into_values().filter(|story| story.len() > 1).collect()
}

fn value(body: &str, name: &str) -> Option<String> {
    let (_, value) = gateway::fields(body.as_bytes())?
        .into_iter()
        .find(|(known, _)| known == name.as_bytes())?;
    String::from_utf8(value).ok()
}

/// What the table holds after each story.
fn orders(events: &[Vec<String>], forms: &[Vec<String>]) -> Vec<String> {
    let read_event = |event: &String| -> Option<Reading> {
        let signature = WORLDLINE_KEYS.sign(KEY_ID, event.as_bytes())?;
        let signatures = [signature.as_bytes()];
        let ids = [KEY_ID.as_bytes()];
        let verified =
            worldline::verify(&WORLDLINE_KEYS, &signatures, &ids, event.as_bytes()).ok()?;
        worldline::read(verified).into_iter().next()
    };
    let read_form = |form: &String| gateway::read(&gateway::LYRA_KEYS.sign(form.as_bytes())?).ok();
    let events = events.iter().map(|story| story.iter().filter_map(read_event).collect());
    let forms = forms.iter().map(|story| story.iter().filter_map(read_form).collect());
    let mut orders = Vec::new();
    for story in events.chain(forms).collect::<Vec<Vec<Reading>>>() {
        let mut order: Option<Order> = None;
        for (second, reading) in story.iter().enumerate() {
            let Reading::Order(statement) = reading else { continue };
            let order = order.get_or_insert_with(|| Order::new(statement.key.clone()));
            // A full order is a seed as well.
            let _ = order.take(statement, &receipt(second), POLICIES[0]);
        }
        orders.extend(order.and_then(|order| serde_json::to_string(&order).ok()));
    }
    orders
}

/// Key documents, keys of orders, ids, moments, amounts, currencies.
fn words() -> Vec<String> {
    [
        r#"{"demo-key": "demo-secret"}"#,
        r#"{"a": {"secret": "s", "mode": "production", "merchant": "M"}, " b ": {"secret": " t ", "merchantId": "N"}}"#,
        r#"{"12345678": {"test": {"form": "k", "rest_password": "p", "allow_sha1": true}, "production": {"form": " "}}}"#,
        "systempay/12345678/test/CMD-1",
        "worldline/M%20N/production/tx:3254564310",
        "3254564310_0",
        "9000003254564310000",
        "9000032545643101002",
        "2026-11-22T10:00:00Z",
        "2026-11-22T11:00:00.5+01:00",
        "999999999999",
        "978",
        "EUR",
    ]
    .map(str::to_owned)
    .to_vec()
}

/// Writes a target's seeds into its corpus.
fn write<S: AsRef<[u8]> + Ord>(target: &str, seeds: impl IntoIterator<Item = S>) -> io::Result<()> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    fs::create_dir_all(&folder)?;
    let seeds: BTreeSet<S> = seeds.into_iter().collect();
    for (number, seed) in seeds.iter().enumerate() {
        fs::write(folder.join(format!("seed-{number:03}")), seed)?;
    }
    println!("{target}: {} seeds", seeds.len());
    Ok(())
}
