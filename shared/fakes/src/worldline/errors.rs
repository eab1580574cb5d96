//! How the platform says no.

use serde_json::{Value, json};

use crate::http::Reply;

/// The id of every error: nobody reads it.
const ERROR_ID: &str = "00000000-0000-4000-8000-00000000000a";

fn envelope(status: u16, error: &Value) -> Reply {
    Reply::json(status, &json!({"errorId": ERROR_ID, "errors": [error]}))
        .with("correlation-id", ERROR_ID)
}

fn error(status: u16, code: &str, id: &str, category: &str) -> Value {
    json!({
        "errorCode": code, "code": code, "category": category, "httpStatusCode": status, "id": id,
        "message": id, "retriable": false,
    })
}

/// A field beyond its limits.
pub(super) fn invalid(property: &str) -> Reply {
    let mut error = error(400, "50001111", "INVALID_VALUE", "DIRECT_PLATFORM_ERROR");
    error["propertyName"] = json!(property);
    envelope(400, &error)
}

/// Too much, twice, or in the wrong state.
pub(super) fn not_allowed() -> Reply {
    let id = "ACTION_NOT_ALLOWED_ON_TRANSACTION";
    envelope(400, &error(400, "50001127", id, "PAYMENT_PLATFORM_ERROR"))
}

/// No such payment or session.
pub(super) fn unknown() -> Reply {
    let mut error = error(404, "50001130", "UNKNOWN_PAYMENT_ID", "PAYMENT_PLATFORM_ERROR");
    error["propertyName"] = json!("paymentId");
    envelope(404, &error)
}

/// Not there, and in trouble by its body.
pub(super) fn inner_500() -> Reply {
    let mut error = error(500, "20001101", "UNKNOWN_SERVER_ERROR", "DIRECT_PLATFORM_ERROR");
    error["code"] = json!("9999");
    envelope(404, &error)
}

/// A call of the same key is running.
pub(super) fn in_progress() -> Reply {
    let id = "DUPLICATE_REQUEST_IN_PROGRESS";
    envelope(409, &error(409, "50001409", id, "DIRECT_PLATFORM_ERROR"))
}

/// The key is not for this merchant. Written with line breaks and without `errorCode`, as it was seen.
pub(super) fn foreign_merchant() -> Reply {
    let body = json!({
        "errorId": ERROR_ID, "status": 403,
        "errors": [{
            "code": "9007", "id": "ACCESS_TO_MERCHANT_NOT_ALLOWED", "category": "DIRECT_PLATFORM_ERROR",
            "message": "ACCESS_TO_MERCHANT_NOT_ALLOWED", "httpStatusCode": 403,
        }],
    });
    let text = serde_json::to_string_pretty(&body).unwrap_or_default().replace('\n', "\r\n");
    Reply::new(403, "application/json; charset=utf-8", text)
}

/// The signature does not hold.
pub(super) fn unauthorised() -> Reply {
    let id = "AUTHORIZATION_FAILED";
    envelope(401, &error(401, "9002", id, "DIRECT_PLATFORM_ERROR"))
}

/// Too many requests.
pub(super) fn rate_limited() -> Reply {
    Reply::new(429, "text/plain", "")
}

/// Trouble of the platform's own.
pub(super) fn trouble() -> Reply {
    Reply::json(500, &json!({"errorId": ERROR_ID}))
}
