//! A raw notification for a person: its structure and what money and status are, and nothing that is about the buyer.

use serde_json::Value;

use crate::form::Fields;

/// What stands for a value that is not shown.
const MASK: &str = "•••";

/// Most bytes of a body that are looked at: no genuine notification is longer.
const MAX_BYTES: usize = 256 * 1024;

/// Members of JSON and fields of forms whose values say nothing about a person. What is not listed is masked: a new
/// member is private until somebody has looked.
const SHOWN: &[&str] = &[
    // Worldline
    "apiVersion",
    "created",
    "type",
    "merchantId",
    "amount",
    "currencyCode",
    "merchantReference",
    "paymentMethod",
    "paymentProductId",
    "status",
    "statusCategory",
    "statusCode",
    "isAuthorized",
    "isCancellable",
    "isRefundable",
    "hostedCheckoutId",
    "statusCodeChangeDateTime",
    // Lyra, REST
    "shopId",
    "orderCycle",
    "orderStatus",
    "orderTotalAmount",
    "orderEffectiveAmount",
    "orderCurrency",
    "mode",
    "orderId",
    "currency",
    "detailedStatus",
    "operationType",
    "creationDate",
    "uuid",
    "effectiveAmount",
    "effectiveCurrency",
    "effectiveBrand",
    "paymentMethodType",
    "sequenceNumber",
    "sequenceType",
    "legacyTransId",
    "legacyTransDate",
    "parentTransactionUuid",
    "errorCode",
    "errorMessage",
    "detailedErrorCode",
    "captureDate",
    "_type",
    // Lyra, the list in a form
    "trans_id",
    "trans_uuid",
    "trans_status",
    "operation_type",
    "card_brand",
    "sequence_number",
    "capture_delay",
    "presentation_date",
    "auth_result",
    "extra_result",
    // Lyra, forms
    "vads_amount",
    "vads_effective_amount",
    "vads_currency",
    "vads_effective_currency",
    "vads_trans_id",
    "vads_trans_uuid",
    "vads_trans_date",
    "vads_trans_status",
    "vads_order_id",
    "vads_site_id",
    "vads_ctx_mode",
    "vads_result",
    "vads_extra_result",
    "vads_auth_result",
    "vads_card_brand",
    "vads_operation_type",
    "vads_payment_config",
    "vads_page_action",
    "vads_url_check_src",
    "vads_sequence_number",
    "vads_capture_delay",
    "vads_presentation_date",
    "vads_version",
    "vads_hash",
    "vads_action_mode",
    "vads_effective_creation_date",
];

/// Fields that hold JSON themselves.
const NESTED: &[&str] = &["vads_payment_seq", "kr-answer"];

/// The body with every value masked that may be about the buyer.
pub fn masked(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body.get(..MAX_BYTES).unwrap_or(body));
    if let Ok(value) = serde_json::from_str::<Value>(&text) {
        return of_json(&value);
    }
    let fields = Fields::of(&text);
    let lines = fields.iter().map(|(name, value)| {
        let value = match serde_json::from_str::<Value>(value) {
            Ok(nested) if NESTED.contains(&name) => of_json(&nested),
            _ if SHOWN.contains(&name) || value.is_empty() => value.to_owned(),
            _ => MASK.to_owned(),
        };
        // A name that nobody knows may itself be what somebody wrote.
        let is_known = name.starts_with("vads_") || name.starts_with("kr-") || name == "signature";
        format!("{} = {value}", if is_known { name } else { MASK })
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn of_json(value: &Value) -> String {
    serde_json::to_string_pretty(&hidden(value, false)).unwrap_or_default()
}

fn hidden(value: &Value, is_shown: bool) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| {
                // The ids of payments and operations, and not those of persons.
                let is_id = name == "id"
                    && value
                        .as_str()
                        .is_some_and(|id| id.bytes().all(|b| b.is_ascii_digit() || b == b'_'));
                (name.clone(), hidden(value, is_id || SHOWN.contains(&name.as_str())))
            });
            Value::Object(members.collect())
        }
        Value::Array(all) => {
            Value::Array(all.iter().map(|value| hidden(value, is_shown)).collect())
        }
        Value::Null | Value::Bool(_) => value.clone(),
        shown if is_shown => shown.clone(),
        _ => Value::String(MASK.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_to_say_nothing_about_a_person_is_masked() {
        let json = r#"{"id":"abc-1","payment":{"id":"32_0","status":"CAPTURED","card":{"cardNumber":"49","name":"Zoé"},"amountOfMoney":{"amount":5}}}"#;
        let shown = masked(json.as_bytes());
        for part in ["\"32_0\"", "CAPTURED", "\"amount\": 5", "cardNumber"] {
            assert!(shown.contains(part), "{part} in {shown}");
        }
        for part in ["Zoé", "49", "abc-1"] {
            assert!(!shown.contains(part), "{part} in {shown}");
        }
        let form = "vads_amount=1200&vads_cust_email=z%40example.com&zoe=x&vads_payment_seq=%7B%22transactions%22%3A%5B%7B%22amount%22%3A7%2C%22card_number%22%3A%2242%22%7D%5D%7D&signature=s%2F1";
        let shown = masked(form.as_bytes());
        assert!(
            shown.contains("vads_amount = 1200\nvads_cust_email = •••\n••• = •••\n"),
            "{shown}"
        );
        assert!(
            shown.contains("\"amount\": 7") && !shown.contains("42") && !shown.contains("s/1"),
            "{shown}"
        );
    }
}
