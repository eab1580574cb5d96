//! What the gateway sends about a session, to the shop and through the browser.

use serde_json::{Value, json};

use super::form::signature;
use super::state::{Return, ReturnMode, Session, SessionState, Transaction, numeric};
use crate::clock::digits;
use crate::config::{LyraShop, word};
use crate::context::{Back, Context};
use crate::http::{encoded, with_query};
use crate::outbox::{Notification, rest_fields};
use crate::settings::{FormHash, NotificationFormat};
use crate::signature::digest;

/// The fields that tell how a session went, without a signature.
fn fields(session: &Session, made: &[&Transaction]) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = session.fields.clone();
    let mut set = |name: &str, value: String| {
        all.retain(|(known, _)| known != name);
        all.push((name.to_owned(), value));
    };
    let is_cascade = made.iter().any(|one| one.cascade);
    let last = made.last();
    let status = match (session.state, last) {
        (SessionState::Abandoned | SessionState::Expired, _) | (_, None) => "ABANDONED",
        // Which status a cascade has is documented nowhere: that of its last share, and of none where that failed.
        (_, Some(last)) => last.status,
    };
    let is_good = matches!(status, "CAPTURED" | "AUTHORISED" | "AUTHORISED_TO_VALIDATE");
    let result = match status {
        "ABANDONED" => "17",
        _ if is_good => "00",
        _ => "05",
    };
    for (name, value) in [
        ("vads_amount", session.amount.to_string()),
        ("vads_auth_result", if is_good { "00" } else { "51" }.to_owned()),
        ("vads_ctx_mode", word(session.mode).to_owned()),
        ("vads_currency", numeric(&session.currency).to_owned()),
        ("vads_effective_amount", session.amount.to_string()),
        ("vads_effective_currency", numeric(&session.currency).to_owned()),
        ("vads_extra_result", String::new()),
        ("vads_language", "fr".to_owned()),
        ("vads_operation_type", "DEBIT".to_owned()),
        ("vads_order_id", session.order.clone()),
        ("vads_payment_config", "SINGLE".to_owned()),
        ("vads_result", result.to_owned()),
        ("vads_site_id", session.site.clone()),
        ("vads_trans_date", digits(session.trans_date)),
        ("vads_trans_id", session.trans_id.clone()),
        ("vads_trans_status", status.to_owned()),
        ("vads_version", "V2".to_owned()),
    ] {
        set(name, value);
    }
    if let (true, Some(last)) = (is_cascade, last) {
        set("vads_card_brand", "MULTI".to_owned());
        set("vads_sequence_number", "0".to_owned());
        set("vads_payment_seq", cascade(session, made));
        set("vads_presentation_date", digits(last.at));
    } else if let Some(last) = last.filter(|_| status != "ABANDONED") {
        set("vads_card_brand", last.brand.clone());
        set("vads_sequence_number", last.sequence.to_string());
        set("vads_trans_uuid", last.uuid.clone());
        set("vads_presentation_date", digits(last.at));
    } else {
        set("vads_card_brand", String::new());
    }
    all
}

/// `vads_payment_seq`: all values are texts, as in the only sample.
fn cascade(session: &Session, made: &[&Transaction]) -> String {
    let share = |one: &&Transaction| {
        json!({
            "amount": one.amount.to_string(), "operation_type": "DEBIT",
            "auth_result": if one.status == "REFUSED" { "51" } else { "0" },
            "capture_delay": "0", "card_brand": one.brand, "card_number": "497010XXXXXX0055",
            "presentation_date": one.at.to_string(), "trans_id": session.trans_id,
            "trans_uuid": one.uuid, "sequence_number": one.sequence.to_string(),
            "trans_status": one.status,
        })
    };
    let list: Value = made.iter().map(share).collect();
    json!({"trans_id": session.trans_id, "transactions": list}).to_string()
}

fn signed(mut fields: Vec<(String, String)>, key: &str, hash: FormHash) -> Vec<(String, String)> {
    let signature = signature(&fields, key, hash);
    fields.push(("signature".to_owned(), signature));
    fields
}

/// The notifications of the end of a payment. Each is told apart by its number.
pub(super) fn end_of_payment(
    session: &Session,
    made: &[&Transaction],
    answer: &Value,
    shop: &LyraShop,
    number: u64,
    context: Context<'_>,
) -> Vec<Notification> {
    let settings = context.settings;
    let url = session.notification_url.as_ref().unwrap_or(&shop.notification_url);
    let mut sent = Vec::new();
    if settings.notification_format != NotificationFormat::Rest {
        let mut fields = fields(session, made);
        fields.push(("vads_url_check_src".to_owned(), "PAY".to_owned()));
        fields.push(("vads_hash".to_owned(), digest(&format!("{}/{number}", session.id))));
        let body = encoded(&signed(fields, &shop.form_key, settings.form_hash));
        sent.push(Notification::form(url, body));
    }
    if settings.notification_format != NotificationFormat::Form {
        let fields = rest_fields(&shop.rest_password, &answer.to_string());
        sent.push(Notification::form(url, encoded(&fields)));
    }
    sent
}

/// How the browser goes back. It carries no `vads_hash`.
pub(super) fn back(
    session: &Session,
    made: &[&Transaction],
    shop: &LyraShop,
    context: Context<'_>,
) -> Back {
    let Return { mode, url, success, refused, cancel } = &session.back;
    let special = match session.state {
        SessionState::Paid => success,
        SessionState::Failed => refused,
        _ => cancel,
    };
    let url = special.as_ref().unwrap_or(url).clone();
    let fields = || signed(fields(session, made), &shop.form_key, context.settings.form_hash);
    match mode {
        ReturnMode::None => Back::Get(url),
        ReturnMode::Get => Back::Get(with_query(&url, &fields())),
        ReturnMode::Post => Back::Post(url, fields()),
    }
}
