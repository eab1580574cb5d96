//! Not believed, not understood, or not what the endpoint is for.

use super::super::expected::{answered, quarantined, refused};
use super::{Case, Delivery, card, case, sent, share};
use crate::lyra::{Form, Share, answer, rest};
use crate::{FORM_KEY, REST_PASSWORD, form_body_sha1, rest_body};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = unbelieved();
    cases.extend(browser_returns());
    cases.extend(unreadable());
    cases.extend(other_requests());
    cases
}

fn unbelieved() -> Vec<Case> {
    let sha1 = card("CMD-2076", "2076aa", "CAPTURED");
    vec![
        case(
            "70-forged",
            "The status was changed to CAPTURED after signing.",
            sent(&card("CMD-2070", "2070aa", "REFUSED")).altered("=REFUSED", "=CAPTURED"),
            refused(),
        ),
        case(
            "71-unknown-site",
            "The form names a site whose key nobody holds.",
            sent(&card("CMD-2071", "2071aa", "CAPTURED").with("vads_site_id", "87654321")),
            refused(),
        ),
        case(
            "72-missing-signature",
            "No signature at all.",
            sent(&card("CMD-2072", "2072aa", "CAPTURED")).altered("&signature=", "&unsigned="),
            refused(),
        ),
        case(
            "75-production-with-test-key",
            "The test key cannot sign for production orders.",
            sent(&card("CMD-2075", "2075aa", "CAPTURED").with("vads_ctx_mode", "PRODUCTION")),
            refused(),
        ),
        case(
            "76-sha1-not-allowed",
            "The legacy SHA-1 signature counts only where a site has it switched on.",
            Delivery::systempay(form_body_sha1(FORM_KEY, &sha1.fields())),
            refused(),
        ),
        case(
            "77-repeated-field",
            "A second vads_amount behind the signed ones.",
            sent(&card("CMD-2077", "2077aa", "CAPTURED"))
                .altered("&signature=", "&vads_amount=100&signature="),
            refused(),
        ),
    ]
}

fn browser_returns() -> Vec<Case> {
    let uuid = share("CMD-2074", "2074aa", "1");
    let shares = [Share(&uuid, "CB", 12_000, "CAPTURED")];
    let returned = answer("CMD-2074", "2074aa", 12_000, ("PAID", "CLOSED"), &shares);
    vec![
        case(
            "73-browser-return-form",
            "Genuinely signed, but without vads_hash it went through the buyer's browser.",
            sent(&card("CMD-2073", "2073aa", "CAPTURED").without("vads_hash")),
            refused(),
        ),
        case(
            "74-browser-return-rest",
            "kr-hash-key asks for the key of browser returns: the caller does not choose.",
            Delivery::systempay(rest_body(FORM_KEY, &returned.to_string()))
                .altered("kr-hash-key=password", "kr-hash-key=sha256_hmac"),
            refused(),
        ),
    ]
}

fn unreadable() -> Vec<Case> {
    let uuid = share("CMD-2082", "2082aa", "1");
    let shares = [Share(&uuid, "CB", 12_000, "CAPTURED")];
    let mut other_mode = answer("CMD-2082", "2082aa", 12_000, ("PAID", "CLOSED"), &shares);
    other_mode["orderDetails"]["mode"] = "PRODUCTION".into();
    let cascade = |reference: &str, trans_id: &str| {
        Form::cascade(reference, trans_id, 12_000, "CAPTURED", &shares)
    };
    vec![
        case(
            "78-cascade-without-list",
            "MULTI without vads_payment_seq: nobody can tell what was paid.",
            sent(&cascade("CMD-2078", "2078aa").without("vads_payment_seq")),
            quarantined(),
        ),
        case(
            "79-cascade-list-not-json",
            "The list of the shares ends too early.",
            sent(&cascade("CMD-2079", "2079aa").with("vads_payment_seq", r#"{"transactions":[{}"#)),
            quarantined(),
        ),
        case(
            "80-unknown-currency",
            "An amount in a currency that does not exist cannot be read.",
            sent(&card("CMD-2080", "2080aa", "CAPTURED").with("vads_currency", "000")),
            quarantined(),
        ),
        case(
            "81-rest-not-json",
            "Genuinely signed, but the JSON ends too early: kept for a person to look at.",
            Delivery::systempay(rest_body(REST_PASSWORD, r#"{"shopId":"12345678","#)),
            quarantined(),
        ),
        case(
            "82-rest-other-mode",
            "Signed with the test password, and speaks of production: contradicts its key.",
            Delivery::systempay(rest_body(REST_PASSWORD, &other_mode.to_string())),
            quarantined(),
        ),
    ]
}

fn other_requests() -> Vec<Case> {
    let uuid = share("CMD-2083", "2083aa", "1");
    let shares = [Share(&uuid, "CB", 12_000, "CAPTURED")];
    vec![
        case(
            "83-wrong-media-type",
            "The right content under another media type is not looked at.",
            Delivery::systempay(rest("CMD-2083", "2083aa", 12_000, ("PAID", "CLOSED"), &shares))
                .with_header("content-type", "application/json"),
            answered(415, ""),
        ),
        case(
            "84-wrong-method",
            "Only POST brings notifications.",
            sent(&card("CMD-2084", "2084aa", "CAPTURED")).with_method("PUT"),
            answered(405, ""),
        ),
    ]
}
