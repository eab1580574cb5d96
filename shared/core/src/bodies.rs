//! What the merchant's programs post, and what they are answered beside an order. (docs/interface.md, "Routes")

use serde::{Deserialize, Serialize};

use crate::checkout::{Flow, Method, Offer};
use crate::desk::RefundView;
use crate::view::OrderView;

/// What an order costs, as the merchant says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ExpectedBody {
    /// The order's key as text, `psp/merchant/mode/reference`, with nothing encoded.
    #[cfg_attr(feature = "schema", schemars(extend("pattern" = crate::schema::ORDER)))]
    pub order: String,
    /// What the order costs, in minor units.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = crate::limits::MAX_AMOUNT)))]
    pub amount: u64,
    /// Of what.
    #[cfg_attr(feature = "schema", schemars(with = "crate::Currency"))]
    pub currency: String,
}

/// The order about which the provider is asked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AskBody {
    /// The order's key as text, `psp/merchant/mode/reference`, with nothing encoded.
    #[cfg_attr(feature = "schema", schemars(extend("pattern" = crate::schema::ORDER)))]
    pub order: String,
}

/// The payment that is to be started.
// Without Debug: what is personal in it is in no log.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CheckoutBody {
    /// The order's key as text, `psp/merchant/mode/reference`, with nothing encoded.
    #[cfg_attr(feature = "schema", schemars(extend("pattern" = crate::schema::ORDER)))]
    pub order: String,
    /// What the order costs, in minor units.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = crate::limits::MAX_AMOUNT)))]
    pub amount: u64,
    /// Of what.
    #[cfg_attr(feature = "schema", schemars(with = "crate::Currency"))]
    pub currency: String,
    /// With what the buyer may pay.
    pub method: Method,
    /// How the buyer gets to the provider.
    #[serde(default)]
    pub flow: Flow,
    /// Whether the money is reserved only, to be taken by a capture. Not with vouchers.
    #[serde(default)]
    pub approval: bool,
    /// Whether the buyer may pay a part by voucher.
    #[serde(default = "yes")]
    pub adjustable: bool,
    /// Who has the vouchers: 11 digits or an e-mail address.
    #[serde(default)]
    pub beneficiary: Option<String>,
    /// The page's language, as `fr_FR`.
    #[serde(default)]
    pub locale: Option<String>,
    /// Where the shop wants the buyer afterwards: an `https://` address (`http://` for a shop under development).
    #[cfg_attr(feature = "schema", schemars(length(max = MAX_URL_CHARACTERS), regex(pattern = r"^https?://[!-.0-~][!-~]*$")))]
    pub return_url: String,
}

/// Longest address of the shop's, in characters: browsers and servers take as many.
pub const MAX_URL_CHARACTERS: usize = 2048;

const fn yes() -> bool {
    true
}

/// Money of an order that is to go back.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RefundBody {
    /// The order's key as text, `psp/merchant/mode/reference`, with nothing encoded.
    #[cfg_attr(feature = "schema", schemars(extend("pattern" = crate::schema::ORDER)))]
    pub order: String,
    /// Your id of the refund, at most 255 bytes without control characters: the same id is the same refund.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = crate::limits::MAX_REFERENCE_BYTES)))]
    pub request: String,
    /// How much, in minor units.
    pub amount: u64,
    /// Of what.
    #[cfg_attr(feature = "schema", schemars(with = "crate::Currency"))]
    pub currency: String,
    /// Whether it is planned alone: nothing is stored or sent.
    #[serde(default)]
    pub plan_only: bool,
}

/// Authorised money of an order that is to be taken.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CaptureBody {
    /// The order's key as text, `psp/merchant/mode/reference`, with nothing encoded.
    #[cfg_attr(feature = "schema", schemars(extend("pattern" = crate::schema::ORDER)))]
    pub order: String,
    /// Your id of the capture, at most 255 bytes without control characters: the same id is the same capture.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = crate::limits::MAX_REFERENCE_BYTES)))]
    pub request: String,
    /// How much, in minor units; all that is authorised where it is absent.
    pub amount: Option<u64>,
    /// Of what.
    #[cfg_attr(feature = "schema", schemars(with = "crate::Currency"))]
    pub currency: String,
}

/// The order whose authorised money is to be given up.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CancellationBody {
    /// The order's key as text, `psp/merchant/mode/reference`, with nothing encoded.
    #[cfg_attr(feature = "schema", schemars(extend("pattern" = crate::schema::ORDER)))]
    pub order: String,
    /// Your id of the cancellation, at most 255 bytes without control characters: the same id is the same one.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = crate::limits::MAX_REFERENCE_BYTES)))]
    pub request: String,
}

/// A page of orders.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OrderList {
    /// The orders, without their notifications and the details of their shares.
    pub orders: Vec<OrderView>,
    /// The `cursor` of the next page; `null` at the end.
    pub next: Option<String>,
}

/// A payment that can be made.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Started<'a> {
    /// The order's key as text, as it was posted.
    #[cfg_attr(feature = "schema", schemars(extend("pattern" = crate::schema::ORDER)))]
    pub order: &'a str,
    /// What the order costs, in minor units.
    pub expected: u64,
    /// The session that is open.
    pub checkout: OpenSession<'a>,
}

/// A session in which the buyer can pay: what there is of a page, a form, a link into an app. It lets somebody pay: hand it
/// to the buyer alone.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OpenSession<'a> {
    /// The provider's id of it.
    pub id: &'a str,
    /// What the buyer gets.
    #[serde(flatten)]
    pub offer: &'a Offer,
}

/// The refunds of an order, oldest first.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RefundList {
    /// The refunds.
    pub refunds: Vec<RefundView>,
}

/// Why a request was not carried out.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Failure {
    /// One sentence.
    pub error: String,
}

/// Why a request was refused, beside how it stands.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "Refused{V}"))]
pub struct Explained<V> {
    /// One sentence.
    pub error: String,
    /// How it stands.
    #[serde(flatten)]
    pub view: V,
}

/// A capture or a cancellation that a rule forbids. Nothing was sent.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Unplanned<'a> {
    /// The reasons as one sentence.
    pub error: String,
    /// The merchant's id of it.
    pub request: &'a str,
    /// The reasons.
    pub refused: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Without the voucher's part a buyer whose balance is too low could not pay at all.
    #[test]
    fn a_buyer_may_pay_a_part_by_voucher_unless_the_shop_says_otherwise() {
        let posted = |more: &str| {
            let body = format!(
                r#"{{"order": "systempay/1/test/A", "amount": 100, "currency": "EUR", "method": "CVCO",
                "return_url": "https://shop.example/"{more}}}"#
            );
            serde_json::from_str::<CheckoutBody>(&body).unwrap()
        };
        assert!(posted("").adjustable && !posted("").approval);
        assert!(!posted(r#", "adjustable": false"#).adjustable);
    }
}
