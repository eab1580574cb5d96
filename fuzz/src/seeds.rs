//! The sample events of `events/`, each in the spelling that a target takes.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use quittance_core::{Order, Reading, stored};
use quittance_psp::worldline;
use quittance_testing::{KEY_ID, samples};
use serde_json::Value;

use crate::invariants::{POLICIES, receipt};
use crate::{WORLDLINE_KEYS, gateway};

/// Worldline's events.
pub static EVENTS: LazyLock<Vec<String>> =
    LazyLock::new(|| bodies("worldline/").iter().map(|event| short_event(event)).collect());

/// Lyra's forms, without their signatures.
pub static FORMS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let forms = bodies("systempay/").into_iter().filter(|body| !body.contains("kr-answer="));
    forms.map(|form| short_form(&form)).collect()
});

/// The same under a signature that is not theirs.
pub static FORGED: LazyLock<Vec<String>> =
    LazyLock::new(|| FORMS.iter().map(|form| format!("{form}&signature=x")).collect());

/// The lists of shares in them.
pub static LISTS: LazyLock<Vec<String>> =
    LazyLock::new(|| FORMS.iter().filter_map(|form| value(form, "vads_payment_seq")).collect());

/// The texts of Lyra's REST answers.
pub static ANSWERS: LazyLock<Vec<String>> = LazyLock::new(|| {
    bodies("systempay/").iter().filter_map(|body| value(body, "kr-answer")).collect()
});

/// What the table holds after each story, as JSON.
pub static ORDERS: LazyLock<Vec<String>> =
    LazyLock::new(|| orders(&event_stories(), &form_stories()));

/// Events about one order, where there are several.
pub fn event_stories() -> Vec<Vec<String>> {
    stories(&EVENTS, |event| {
        let event: Value = serde_json::from_str(event).ok()?;
        let output = event["payment"]["paymentOutput"].as_object();
        let output = output.or_else(|| event["refund"]["refundOutput"].as_object())?;
        output["references"]["merchantReference"].as_str().map(str::to_owned)
    })
}

/// The same of forms.
pub fn form_stories() -> Vec<Vec<String>> {
    stories(&FORMS, |form| value(form, "vads_order_id"))
}

/// The same of answers.
pub fn answer_stories() -> Vec<Vec<String>> {
    stories(&ANSWERS, |answer| {
        let answer: Value = serde_json::from_str(answer).ok()?;
        answer["orderDetails"]["orderId"].as_str().map(str::to_owned)
    })
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
pub fn bodies(folder: &str) -> Vec<String> {
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

/// What the table holds after each story, as JSON.
fn orders(events: &[Vec<String>], forms: &[Vec<String>]) -> Vec<String> {
    let read_event = |event: &String| -> Option<Reading> {
        let signature = WORLDLINE_KEYS.signature(KEY_ID, event.as_bytes())?;
        let signatures = [signature.as_bytes()];
        let ids = [KEY_ID.as_bytes()];
        let verified =
            worldline::verify(&WORLDLINE_KEYS, &signatures, &ids, event.as_bytes()).ok()?;
        worldline::read(&verified).into_iter().next()
    };
    let read_form =
        |form: &String| gateway::read(&gateway::LYRA_KEYS.signed(form.as_bytes())?).ok();
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
        orders.extend(order.and_then(|order| {
            let stored = stored::unpack(&stored::encode(&order).ok()?).ok()?;
            serde_json::to_string(&stored).ok()
        }));
    }
    orders
}
