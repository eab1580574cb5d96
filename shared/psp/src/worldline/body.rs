//! The JSON of one payment or refund, which events and answers of the API have alike.
//! (worldline.md 4, "Fields")

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::text::{Hint, Number, Text};
use quittance_core::Unreadable;
use quittance_core::limits::MAX_AMOUNT;
use quittance_core::money::Currency;

/// `payment` of an event, or what is answered about one.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Payment<'a> {
    #[serde(borrow)]
    pub(super) id: Option<Text<'a>>,
    pub(super) status: Option<Text<'a>>,
    pub(super) status_output: Option<StatusOutput<'a>>,
    pub(super) payment_output: Option<Box<Output<'a>>>,
    pub(super) hosted_checkout_specific_output: Option<Checkout<'a>>,
}

impl Payment<'_> {
    /// The hosted checkout in which the buyer paid.
    pub(super) fn checkout(&self) -> Option<&str> {
        self.hosted_checkout_specific_output.as_ref()?.hosted_checkout_id.as_ref()?.as_str()
    }
}

/// `hostedCheckoutSpecificOutput`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Checkout<'a> {
    #[serde(borrow)]
    pub(super) hosted_checkout_id: Option<Hint<'a>>,
}

/// `refund` of an event, or one of those that are answered.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Refund<'a> {
    #[serde(borrow)]
    pub(super) id: Option<Text<'a>>,
    pub(super) status: Option<Text<'a>>,
    pub(super) status_output: Option<StatusOutput<'a>>,
    pub(super) refund_output: Option<Box<Output<'a>>>,
}

impl Refund<'_> {
    /// Whether its number, or its word, is that of a refund or deletion that was refused.
    pub(super) fn is_refused(&self) -> bool {
        let code = self.status_output.as_ref().and_then(|output| output.status_code);
        matches!(code, Some(Number(73 | 83))) || self.status.as_deref() == Some("REJECTED")
    }
}

/// `statusOutput`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StatusOutput<'a> {
    pub(super) status_code: Option<Number>,
    #[serde(borrow)]
    pub(super) status_category: Option<Text<'a>>,
}

/// `paymentOutput` or `refundOutput`: the most of an event, and boxed, so that it is moved once.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Output<'a> {
    #[serde(borrow)]
    pub(super) amount_of_money: Option<Money<'a>>,
    pub(super) acquired_amount: Option<Money<'a>>,
    pub(super) references: Option<References<'a>>,
    pub(super) payment_method: Option<Text<'a>>,
    pub(super) surcharge_specific_output: Option<Surcharge<'a>>,
    pub(super) card_payment_method_specific_output: Option<Method<'a>>,
    pub(super) redirect_payment_method_specific_output: Option<Method<'a>>,
    pub(super) mobile_payment_method_specific_output: Option<Method<'a>>,
    pub(super) sepa_direct_debit_payment_method_specific_output: Option<Method<'a>>,
    #[serde(rename = "customer")]
    pub(super) _customer: Option<IgnoredAny>,
}

impl<'a> Output<'a> {
    /// What is told of the method, of whatever kind.
    pub(super) fn methods(&self) -> impl Iterator<Item = &Method<'a>> {
        [
            &self.card_payment_method_specific_output,
            &self.redirect_payment_method_specific_output,
            &self.mobile_payment_method_specific_output,
            &self.sepa_direct_debit_payment_method_specific_output,
        ]
        .into_iter()
        .flatten()
    }

    /// The number of the product.
    pub(super) fn product(&self) -> Option<u64> {
        self.methods().find_map(|method| method.payment_product_id).map(|product| product.0)
    }
}

/// An amount with its currency.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Money<'a> {
    pub(super) amount: Option<Number>,
    #[serde(borrow)]
    pub(super) currency_code: Option<Text<'a>>,
}

impl Money<'_> {
    /// The amount in minor units, within its bound, and the currency.
    pub(super) fn read(&self, what: &str) -> Result<(u64, Currency), Unreadable> {
        let amount = self.amount.map(|amount| amount.0).filter(|amount| *amount <= MAX_AMOUNT);
        let amount =
            amount.ok_or_else(|| Unreadable::new(format!("{what} missing or too large")))?;
        let currency = self.currency_code.as_deref().and_then(Currency::from_alpha);
        let currency =
            currency.ok_or_else(|| Unreadable::new(format!("{what} in no known currency")))?;
        Ok((amount, currency))
    }
}

/// `references`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct References<'a> {
    #[serde(borrow)]
    pub(super) merchant_reference: Option<Text<'a>>,
}

/// `surchargeSpecificOutput`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Surcharge<'a> {
    #[serde(borrow)]
    pub(super) surcharge_amount: Option<Money<'a>>,
}

/// What one kind of method adds, such as `cardPaymentMethodSpecificOutput`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Method<'a> {
    pub(super) payment_product_id: Option<Number>,
    #[serde(borrow)]
    pub(super) authorisation_code: Option<Hint<'a>>,
    pub(super) fraud_results: Option<&'a RawValue>,
}

impl Method<'_> {
    /// What the risk checks found; nothing where they are told in another shape.
    pub(super) fn risk(&self) -> Option<String> {
        let results: FraudResults<'_> = serde_json::from_str(self.fraud_results?.get()).ok()?;
        results.fraud_service_result?.as_str().map(str::to_owned)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FraudResults<'a> {
    #[serde(borrow)]
    pub(super) fraud_service_result: Option<Hint<'a>>,
}
