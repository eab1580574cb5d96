//! What the web services answer, as JSON.

use serde_json::{Value, json};

use super::state::{Session, SessionKind, SessionState, Transaction, class};
use crate::clock::offset;
use crate::config::{LyraShop, word};
use crate::context::Context;
use crate::http::Reply;

/// An order as the gateway tells it.
pub(super) struct OrderView<'v> {
    pub(super) id: &'v str,
    pub(super) total: u64,
    pub(super) currency: &'v str,
    pub(super) transactions: Vec<&'v Transaction>,
    /// Whether the buyer may still try.
    pub(super) open: bool,
}

impl OrderView<'_> {
    /// What is reserved or taken.
    fn effective(&self) -> u64 {
        self.transactions.iter().filter(|one| one.secures()).map(|one| one.amount).sum()
    }

    fn status(&self) -> &'static str {
        let held: u64 =
            self.transactions.iter().filter(|one| one.holds()).map(|one| one.amount).sum();
        match (self.effective(), held) {
            (effective, _) if effective >= self.total => "PAID",
            (_, held) if held >= self.total => "RUNNING",
            (0, 0) => "UNPAID",
            _ => "PARTIALLY_PAID",
        }
    }

    fn details(&self, shop: &LyraShop) -> Value {
        json!({
            "orderTotalAmount": self.total, "orderEffectiveAmount": self.effective(),
            "orderCurrency": self.currency, "mode": word(shop.mode), "orderId": self.id,
            "metadata": null, "_type": "V4/OrderDetails",
        })
    }

    /// The answer of `Order/Get`, and the `kr-answer` of a notification.
    pub(super) fn order(
        &self,
        all: &[Transaction],
        shop: &LyraShop,
        context: Context<'_>,
    ) -> Value {
        let transactions = self.transactions.iter();
        let told = transactions.map(|one| transaction(one, all, shop)).collect::<Value>();
        json!({
            "shopId": shop.site,
            "orderCycle": if self.open { "OPEN" } else { "CLOSED" },
            "orderStatus": self.status(),
            "serverDate": offset(context.now),
            "orderDetails": self.details(shop),
            "customer": null,
            "transactions": told,
            "_type": "V4/OrderTransactions",
        })
    }

    /// The answer of `Transaction/Get` and of what changes a transaction.
    pub(super) fn one(&self, one: &Transaction, all: &[Transaction], shop: &LyraShop) -> Value {
        let mut told = transaction(one, all, shop);
        told["orderDetails"] = self.details(shop);
        told
    }
}

/// What is given back of a transaction.
pub(super) fn refunded(of: &Transaction, all: &[Transaction]) -> u64 {
    let is_back = |one: &&Transaction| {
        one.is_credit
            && one.parent.as_ref() == Some(&of.uuid)
            && !matches!(one.status, "REFUSED" | "CANCELLED")
    };
    all.iter().filter(is_back).map(|one| one.amount).sum()
}

fn transaction(one: &Transaction, all: &[Transaction], shop: &LyraShop) -> Value {
    let refused = one.status == "REFUSED";
    let error = |text: &'static str| refused.then_some(text);
    let back = Some(refunded(one, all)).filter(|back| *back > 0);
    let captured = (one.status == "CAPTURED").then(|| offset(one.at));
    let sequence = if one.cascade { "MULTI_PAYMENT_MEAN" } else { "SINGLE_PAYMENT" };
    let card = json!({
        "paymentSource": "EC",
        "manualValidation": "NO",
        "expectedCaptureDate": offset(one.at),
        "effectiveBrand": one.brand,
        "pan": if one.is_voucher() { "buyerXXXX" } else { "497010XXXXXX0055" },
        "expiryMonth": null,
        "expiryYear": null,
        "country": "FR",
        "legacyTransId": one.trans_id,
        "legacyTransDate": offset(one.trans_date),
        "paymentMethodSource": "NEW",
        "sequenceType": sequence,
        "authorizationResponse": {
            "amount": one.amount, "currency": one.currency, "authorizationDate": offset(one.at),
            "authorizationNumber": "3fe205",
            "authorizationResult": if refused { "51" } else { "0" },
            "authorizationMode": "FULL",
        },
        "captureResponse": {
            "refundAmount": back, "effectiveRefundAmount": back,
            "refundCurrency": back.map(|_| &one.currency), "captureDate": captured,
            "captureFileNumber": null,
        },
        "_type": "V4/PaymentMethod/Details/CardDetails",
    });
    let details = json!({
        "liabilityShift": "NO",
        "effectiveAmount": one.amount,
        "effectiveCurrency": one.currency,
        "creationContext": if one.is_credit { "REFUND" } else { "CHARGE" },
        "cardDetails": card,
        "parentTransactionUuid": one.parent,
        "mid": "6969696",
        "externalTransactionId": null,
        "sequenceNumber": one.sequence,
        "_type": "V4/TransactionDetails",
    });
    json!({
        "shopId": shop.site,
        "uuid": one.uuid,
        "amount": one.amount,
        "currency": one.currency,
        "paymentMethodType": if one.is_voucher() { "CVCO" } else { "CARD" },
        "paymentMethodToken": null,
        "status": class(one.status),
        "detailedStatus": one.status,
        "operationType": if one.is_credit { "CREDIT" } else { "DEBIT" },
        "effectiveStrongAuthentication": "DISABLED",
        "creationDate": offset(one.at),
        "errorCode": error("ACQ_001"),
        "errorMessage": error("payment refused"),
        "detailedErrorCode": error("51"),
        "detailedErrorMessage": error("Insufficient funds"),
        "metadata": null,
        "transactionDetails": details,
        "_type": "V4/PaymentTransaction",
    })
}

/// A link.
pub(super) fn link(session: &Session, context: Context<'_>) -> Value {
    debug_assert_eq!(session.kind, SessionKind::Link);
    let status = match session.state {
        SessionState::Open => "RUNNING",
        SessionState::Paid => "PAID",
        SessionState::Failed => "REFUSED",
        SessionState::Expired => "EXPIRED",
        SessionState::Abandoned => "CANCELED",
    };
    json!({
        "paymentOrderId": session.id,
        "paymentOrderStatus": status,
        "paymentURL": format!("{}/local/psp/pay/{}", context.config.pages_origin, session.id),
        "amount": session.amount,
        "currency": session.currency,
        "orderId": session.order,
        "creationDate": offset(session.opened_at),
        "updateDate": null,
        "expirationDate": offset(session.ends_at),
        "channelDetails": {"channelType": "URL", "_type": "V4/PaymentOrderChannel"},
        "_type": "V4/PaymentOrder",
    })
}

/// A success of a service.
pub(super) fn success(
    service: &str,
    answer: &Value,
    shop: &LyraShop,
    context: Context<'_>,
) -> Reply {
    Reply::json(200, &envelope(service, "SUCCESS", answer, shop, context))
}

/// An error of a service: HTTP knows nothing of it.
pub(super) fn error(service: &str, code: &str, shop: &LyraShop, context: Context<'_>) -> Reply {
    let answer = json!({
        "errorCode": code, "errorMessage": "see the error code", "detailedErrorCode": null,
        "detailedErrorMessage": null, "ticket": "null", "shopId": shop.site,
        "_type": "V4/WebService/WebServiceError",
    });
    Reply::json(200, &envelope(service, "ERROR", &answer, shop, context))
}

fn envelope(
    service: &str,
    status: &str,
    answer: &Value,
    shop: &LyraShop,
    context: Context<'_>,
) -> Value {
    json!({
        "webService": service, "version": "V4", "applicationVersion": "7.2.2", "status": status,
        "answer": answer, "ticket": null, "serverDate": offset(context.now),
        "applicationProvider": "SYSTEMPAY", "metadata": null, "mode": word(shop.mode),
        "serverUrl": context.config.api_origin, "_type": "V4/WebService/Response",
    })
}
