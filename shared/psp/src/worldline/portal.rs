//! What the portal has to send, and what is sent to try a stack.

use quittance_core::Remark;
use quittance_core::provider::{HeldKey, Outgoing, PortalRule, Probe};

use super::words;
use super::{KEY_ID_HEADER, SIGNATURE_HEADER};

/// The events that are read here. Whether the portal lets anybody leave some out is not known; who sees only some of them
/// has left some out. (worldline.md 2)
pub(super) static RULES: [PortalRule; 2] = [PAYMENTS, REFUNDS];

const PAYMENTS: PortalRule =
    PortalRule { name: "events of payments (payment.*)", without: "nothing is announced" };

const REFUNDS: PortalRule = PortalRule {
    name: "events of refunds (payment.refunded, refund.*)",
    without: "money given back in the portal is not announced",
};

/// The event of the portal's own test button, of which nothing is kept. (worldline.md 2)
const TEST_EVENT: &[u8] = br#"{"apiVersion":"v1","id":"quittance-doctor","type":"payment.test"}"#;

/// Base64 of 32 bytes, as long as a signature is.
const MADE_UP: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

pub(super) fn rule(event: &Remark) -> Option<&'static PortalRule> {
    if event.code() != words::EVENT {
        return None;
    }
    let [payments, refunds] = &RULES;
    match event.argument(0) {
        "payment.refunded" => Some(refunds),
        kind if kind.starts_with("refund.") => Some(refunds),
        kind if kind.starts_with("payment.") => Some(payments),
        _ => None,
    }
}

pub(super) fn probe(key: &HeldKey) -> Probe {
    let mut message = Outgoing { headers: Vec::new(), body: TEST_EVENT.to_vec() };
    message.set_header(KEY_ID_HEADER, key.id.clone());
    let mut forged = message.clone();
    forged.set_header(SIGNATURE_HEADER, MADE_UP.to_owned());
    Probe { forged, harmless: Some(message) }
}
