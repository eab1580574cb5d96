//! The notification rules of the Expert Back Office, and what is sent to try a stack.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use quittance_core::provider::{HeldKey, Outgoing, PortalRule, Probe};
use quittance_core::{Mode, Remark};

use super::words;

/// Those that `docs/portals.md` asks to switch on, under their names there. (lyra.md 1.4)
pub(super) static RULES: [PortalRule; 5] = [
    PortalRule {
        name: "Instant Payment Notification URL at the end of the payment",
        without: "nothing is announced",
    },
    PortalRule {
        name: "Instant Payment Notification URL on cancellation",
        without: "a voucher whose buyer left before the card payment is not announced",
    },
    PortalRule {
        name: "Instant Payment Notification URL on batch authorization",
        without: "deferred payments and later instalments are not announced",
    },
    PortalRule {
        name: "Instant Payment Notification URL on batch change",
        without: "expiry and late captures are not announced",
    },
    PortalRule {
        name: "Instant Payment Notification URL on an operation coming from the Back Office",
        without: "refunds and cancellations by hand are not announced",
    },
];

/// By its `vads_url_check_src`, which the REST format has not. One that is sent again, by itself or by hand, may be of any
/// rule. (lyra.md 1.4 and 1.5)
pub(super) fn rule(event: &Remark) -> Option<&'static PortalRule> {
    if event.code() != words::FORM {
        return None;
    }
    let [end, cancellation, authorization, change, back_office] = &RULES;
    match (event.argument(0), event.argument(1)) {
        ("PAY", "ABANDONED" | "CANCELLED") => Some(cancellation),
        ("PAY", _) => Some(end),
        ("BATCH_AUTO", _) => Some(authorization),
        ("BATCH", _) => Some(change),
        ("MERCH_BO", _) => Some(back_office),
        _ => None,
    }
}

/// Every genuine form is about a payment, and what is no payment is kept for a person: there is none without an effect.
pub(super) fn probe(key: &HeldKey) -> Probe {
    let mode = match key.mode {
        Mode::Test => "TEST",
        Mode::Production => "PRODUCTION",
    };
    let site = utf8_percent_encode(&key.id, NON_ALPHANUMERIC);
    // A stack that takes it keeps it for a person: it names no payment.
    let body = format!(
        "vads_site_id={site}&vads_ctx_mode={mode}&vads_hash=forged&signature=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA%3D"
    );
    Probe { forged: Outgoing { headers: Vec::new(), body: body.into_bytes() }, harmless: None }
}
