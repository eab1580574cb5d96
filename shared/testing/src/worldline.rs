//! Worldline Direct events.

use serde_json::{Value, json};

/// The demo merchant.
pub const MERCHANT: &str = "DemoMerchant";

/// A `payment.*` event about to be written as JSON. Amounts in minor units of EUR.
#[derive(Clone, Debug)]
pub struct Payment {
    /// `type`.
    pub kind: String,
    /// `payment.id`, such as `3254564310_0`.
    pub id: String,
    /// `merchantReference`; none when empty.
    pub reference: String,
    /// `status`, `statusCode`, `statusCategory`.
    pub status: (String, u64, String),
    /// `amountOfMoney`.
    pub amount: u64,
    /// `acquiredAmount`; absent when `None`.
    pub acquired: Option<u64>,
    /// Payment product; 5412 and other vouchers are written as `redirect`, the rest as `card`.
    pub product: u64,
    /// ISO code of every amount.
    pub currency: String,
    /// ISO code of `acquiredAmount`, where it is another.
    pub acquired_currency: Option<String>,
    /// `surchargeAmount`; absent when 0.
    pub surcharge: u64,
}

impl Payment {
    /// A payment of `amount` by `product` in the status named by its number: 0, 1, 2, 46, 5, 6, 9, 91,
    /// 93 and others of the status table.
    pub fn new(reference: &str, id: &str, product: u64, code: u64, amount: u64) -> Self {
        let (kind, word, category) = match code {
            0 => ("payment.created", "CREATED", "CREATED"),
            1 | 6 => ("payment.cancelled", "CANCELLED", "UNSUCCESSFUL"),
            2 => ("payment.rejected", "REJECTED", "UNSUCCESSFUL"),
            46 => ("payment.redirected", "REDIRECTED", "PENDING_CONNECT_OR_3RD_PARTY"),
            5 => ("payment.pending_capture", "PENDING_CAPTURE", "PENDING_MERCHANT"),
            51 | 52 => (
                "payment.authorization_requested",
                "AUTHORIZATION_REQUESTED",
                "PENDING_CONNECT_OR_3RD_PARTY",
            ),
            73 | 83 => ("payment.rejected", "REJECTED", "UNSUCCESSFUL"),
            4 | 91 | 92 | 99 => {
                ("payment.capture_requested", "CAPTURE_REQUESTED", "PENDING_CONNECT_OR_3RD_PARTY")
            }
            93 => ("payment.rejected_capture", "REJECTED_CAPTURE", "UNSUCCESSFUL"),
            9 => ("payment.captured", "CAPTURED", "COMPLETED"),
            _ => ("payment.created", "FUTURE_STATUS", "FUTURE_CATEGORY"),
        };
        Self {
            kind: kind.to_owned(),
            id: id.to_owned(),
            reference: reference.to_owned(),
            status: (word.to_owned(), code, category.to_owned()),
            amount,
            acquired: matches!(code, 5 | 9 | 91 | 92 | 93 | 99).then_some(amount),
            product,
            currency: "EUR".to_owned(),
            acquired_currency: None,
            surcharge: 0,
        }
    }

    /// With what was really obtained, or without the field.
    #[must_use]
    pub fn acquired(mut self, acquired: impl Into<Option<u64>>) -> Self {
        self.acquired = acquired.into();
        self
    }

    /// With all amounts in another currency.
    #[must_use]
    pub fn currency(mut self, code: &str) -> Self {
        code.clone_into(&mut self.currency);
        self
    }

    /// With what was obtained in another currency than what was asked for.
    #[must_use]
    pub fn acquired_currency(mut self, code: &str) -> Self {
        self.acquired_currency = Some(code.to_owned());
        self
    }

    /// With another `status` word beside the same number.
    #[must_use]
    pub fn word(mut self, word: &str) -> Self {
        word.clone_into(&mut self.status.0);
        self
    }

    /// With another event type.
    #[must_use]
    pub fn kind(mut self, kind: &str) -> Self {
        kind.clone_into(&mut self.kind);
        self
    }

    /// With another event type, `status`, `statusCode` and `statusCategory`.
    #[must_use]
    pub fn stating(self, kind: &str, word: &str, code: u64, category: &str) -> Self {
        Self { status: (word.to_owned(), code, category.to_owned()), ..self.kind(kind) }
    }

    /// With a surcharge on top of `amountOfMoney`.
    #[must_use]
    pub fn surcharge(mut self, amount: u64) -> Self {
        self.surcharge = amount;
        self
    }

    /// The event.
    pub fn json(&self) -> Value {
        let money = |amount: u64| json!({"amount": amount, "currencyCode": self.currency});
        let voucher = matches!(self.product, 3112 | 5402 | 5403 | 5412);
        let (family, method) = if voucher {
            ("redirect", "redirectPaymentMethodSpecificOutput")
        } else {
            ("card", "cardPaymentMethodSpecificOutput")
        };
        let mut output = json!({
            "amountOfMoney": money(self.amount),
            "references": {"merchantReference": self.reference},
            "paymentMethod": family,
        });
        output[method] = json!({"paymentProductId": self.product, "authorisationCode": "test123"});
        if !voucher {
            output[method]["card"] = json!({
                "cardNumber": "************4675", "expiryDate": "1230", "bin": "433026",
                "countryCode": "FR"
            });
        }
        if let Some(acquired) = self.acquired {
            output["acquiredAmount"] = money(acquired);
            if let Some(currency) = &self.acquired_currency {
                output["acquiredAmount"]["currencyCode"] = json!(currency);
            }
        }
        if self.surcharge > 0 {
            output["surchargeSpecificOutput"] =
                json!({"mode": "on-top", "surchargeAmount": money(self.surcharge)});
        }
        if self.reference.is_empty() {
            output["references"] = json!({});
        }
        let (word, code, category) = &self.status;
        let inner = self.id.split('_').next().unwrap_or(&self.id);
        envelope(
            &self.kind,
            "payment",
            json!({
                "hostedCheckoutSpecificOutput": {"hostedCheckoutId": inner},
                "paymentOutput": output,
                "status": word,
                "statusOutput": {
                    "isAuthorized": *code == 5, "isCancellable": *code == 5, "isRefundable": *code == 9,
                    "statusCategory": category, "statusCode": code
                },
                "id": self.id,
            }),
        )
    }

    /// The event as a body.
    pub fn body(&self) -> String {
        self.json().to_string()
    }
}

/// A refund's event: 81 and 82 pending, 8 done, 83 refused. Amount in minor units of EUR.
pub fn refund(reference: &str, id: &str, code: u64, amount: u64) -> Value {
    let (kind, word, category) = match code {
        8 => ("payment.refunded", "REFUNDED", "REFUNDED"),
        83 => ("refund.rejected", "REJECTED", "UNSUCCESSFUL"),
        _ => ("refund.refund_requested", "REFUND_REQUESTED", "PENDING_CONNECT_OR_3RD_PARTY"),
    };
    let references =
        if reference.is_empty() { json!({}) } else { json!({"merchantReference": reference}) };
    envelope(
        kind,
        "refund",
        json!({
            "refundOutput": {
                "amountOfMoney": {"amount": amount, "currencyCode": "EUR"},
                "references": references,
                "paymentMethod": "card",
            },
            "status": word,
            "statusOutput": {"isCancellable": false, "statusCategory": category, "statusCode": code},
            "id": id,
        }),
    )
}

/// A chargeback's event. No `statusCode` is documented for one, so there is none. Amount in minor units
/// of EUR.
pub fn chargeback(reference: &str, id: &str, amount: u64) -> Value {
    envelope(
        "payment.chargebacked",
        "payment",
        json!({
            "paymentOutput": {
                "amountOfMoney": {"amount": amount, "currencyCode": "EUR"},
                "references": {"merchantReference": reference},
                "paymentMethod": "card",
                "cardPaymentMethodSpecificOutput": {"paymentProductId": 130},
            },
            "status": "CHARGEBACKED",
            "statusOutput": {"isAuthorized": false, "isCancellable": false, "isRefundable": false},
            "id": id,
        }),
    )
}

/// The same event with another `statusCode` in its object (`payment` or `refund`).
#[must_use]
pub fn with_number(mut event: Value, object: &str, code: u64) -> Value {
    event[object]["statusOutput"]["statusCode"] = json!(code);
    event
}

/// The same event as sent again: another envelope id and time, the same payment.
#[must_use]
pub fn sent_again(mut event: Value) -> Value {
    let id = event["id"].as_str().unwrap_or_default();
    event["id"] = json!(id.chars().rev().collect::<String>());
    event["created"] = json!("2026-11-22T10:10:00.0000000+01:00");
    event
}

/// An event of any type around an object of any name. Its `id` is a function of its contents, so that
/// generated files stay the same.
pub fn envelope(kind: &str, object: &str, value: Value) -> Value {
    let mut event = json!({
        "apiVersion": "v1",
        "created": "2026-11-22T10:00:00.0000000+01:00",
        "merchantId": MERCHANT,
        "type": kind,
    });
    event[object] = value;
    let id = crate::worldline_signature("event id", event.to_string().as_bytes());
    let id: String = id.chars().filter(char::is_ascii_alphanumeric).take(24).collect();
    event["id"] = Value::String(id);
    event
}
