//! Lyra forms and REST answers.

use serde_json::{Value, json};

use crate::{FORM_KEY, REST_PASSWORD, SITE, form_body, rest_body};

/// A form about to be signed.
#[derive(Clone, Debug)]
pub struct Form(Vec<(String, String)>);

/// One share of a cascade: uuid, brand, amount in minor units, status. The sequence number is its
/// place in the list.
#[derive(Clone, Copy, Debug)]
pub struct Share<'a>(pub &'a str, pub &'a str, pub u64, pub &'a str);

impl Form {
    /// The end of a single payment: `PAY`, brand, amount in minor units of EUR, status.
    pub fn single(order: &str, trans_id: &str, brand: &str, amount: u64, status: &str) -> Self {
        let uuid = uuid(&[order, trans_id, "1"]);
        let amount = amount.to_string();
        let paid = matches!(status, "CAPTURED" | "AUTHORISED");
        let (result, auth) = if paid { ("00", "00") } else { ("05", "51") };
        Self::from([
            ("vads_action_mode", "INTERACTIVE"),
            ("vads_amount", &amount),
            ("vads_auth_mode", "FULL"),
            ("vads_auth_number", "3fe85c"),
            ("vads_auth_result", auth),
            ("vads_bank_label", "Banque de démonstration"),
            ("vads_capture_delay", "0"),
            ("vads_card_brand", brand),
            ("vads_card_country", "FR"),
            ("vads_card_number", "497010XXXXXX0014"),
            ("vads_contract_used", "5249685"),
            ("vads_ctx_mode", "TEST"),
            ("vads_currency", "978"),
            ("vads_cust_email", "client@example.com"),
            ("vads_cust_name", "Élodie Démo & Fils"),
            ("vads_cust_phone", "+33 1 23 45 67 89"),
            ("vads_effective_amount", &amount),
            ("vads_effective_currency", "978"),
            ("vads_expiry_month", "6"),
            ("vads_expiry_year", "2028"),
            ("vads_extra_result", ""),
            ("vads_hash", &hash(&[order, trans_id, brand, status])),
            ("vads_language", "fr"),
            ("vads_operation_type", "DEBIT"),
            ("vads_order_id", order),
            ("vads_page_action", "PAYMENT"),
            ("vads_payment_config", "SINGLE"),
            ("vads_payment_src", "EC"),
            ("vads_presentation_date", "20261122100005"),
            ("vads_result", result),
            ("vads_sequence_number", "1"),
            ("vads_site_id", SITE),
            ("vads_threeds_cavv", ""),
            ("vads_trans_date", "20261122100000"),
            ("vads_trans_id", trans_id),
            ("vads_trans_status", status),
            ("vads_trans_uuid", &uuid),
            ("vads_url_check_src", "PAY"),
            ("vads_validation_mode", "0"),
            ("vads_version", "V2"),
            ("vads_warranty_result", "YES"),
        ])
    }

    /// The end of a cascade: top-level status and the shares.
    pub fn cascade(
        order: &str,
        trans_id: &str,
        amount: u64,
        status: &str,
        shares: &[Share<'_>],
    ) -> Self {
        let list: Vec<Value> = shares
            .iter()
            .enumerate()
            .map(|(at, Share(uuid, brand, amount, status))| {
                json!({
                    "amount": amount.to_string(), "operation_type": "DEBIT", "auth_result": "0",
                    "capture_delay": "0", "card_brand": brand, "card_number": "497010XXXXXX0000",
                    "presentation_date": "2026-11-22T10:00:05Z", "trans_id": trans_id,
                    "trans_uuid": uuid, "sequence_number": (at + 1).to_string(),
                    "trans_status": status,
                })
            })
            .collect();
        let list = json!({"trans_id": trans_id, "transactions": list}).to_string();
        Self::single(order, trans_id, "MULTI", amount, status)
            .with("vads_sequence_number", "0")
            .with("vads_payment_seq", &list)
            .without("vads_trans_uuid")
            .without("vads_card_number")
    }

    /// What the Back Office or a batch says of one share: `source` is `BATCH`, `MERCH_BO`, ...
    pub fn follow_up(
        order: &str,
        trans_id: &str,
        sequence: u32,
        source: &str,
        share: Share<'_>,
    ) -> Self {
        let Share(uuid, brand, amount, status) = share;
        Self::single(order, trans_id, brand, amount, status)
            .with("vads_trans_uuid", uuid)
            .with("vads_sequence_number", &sequence.to_string())
            .with("vads_url_check_src", source)
            .with("vads_hash", &hash(&[order, trans_id, uuid, status, source]))
            .without("vads_page_action")
            .without("vads_payment_config")
            .without("vads_action_mode")
    }

    /// A refund made in the Back Office.
    pub fn refund(
        order: &str,
        trans_id: &str,
        uuid: &str,
        brand: &str,
        amount: u64,
        status: &str,
    ) -> Self {
        Self::follow_up(order, trans_id, 1, "MERCH_BO", Share(uuid, brand, amount, status))
            .with("vads_operation_type", "CREDIT")
    }

    /// The same event as sent again: another source and hash, three fields missing.
    #[must_use]
    pub fn sent_again(self, source: &str) -> Self {
        let hash = hash(&[source, self.get("vads_hash").unwrap_or_default()]);
        self.with("vads_url_check_src", source)
            .with("vads_hash", &hash)
            .without("vads_page_action")
            .without("vads_payment_config")
            .without("vads_action_mode")
    }

    /// With a field set or added.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => value.clone_into(old),
            None => self.0.push((name.to_owned(), value.to_owned())),
        }
        self
    }

    /// Without a field.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.0.retain(|(known, _)| known != name);
        self
    }

    /// A field's value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The fields in the order in which they are written.
    pub fn fields(&self) -> Vec<(&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    /// Signed with the demo key.
    pub fn body(&self) -> String {
        self.body_signed_with(FORM_KEY)
    }

    /// Signed with some key.
    pub fn body_signed_with(&self, key: &str) -> String {
        form_body(key, &self.fields())
    }

    fn from<const N: usize>(fields: [(&str, &str); N]) -> Self {
        Self(fields.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }
}

/// A REST answer about an order, signed with the demo password. Amounts in minor units of EUR.
pub fn rest(
    order: &str,
    trans_id: &str,
    total: u64,
    paid: (&str, &str),
    shares: &[Share<'_>],
) -> String {
    rest_body(REST_PASSWORD, &answer(order, trans_id, total, paid, shares).to_string())
}

/// The `kr-answer` of [`rest`]: `paid` is `orderStatus` and `orderCycle`.
pub fn answer(
    order: &str,
    trans_id: &str,
    total: u64,
    (status, cycle): (&str, &str),
    shares: &[Share<'_>],
) -> Value {
    let transactions: Vec<Value> = shares
        .iter()
        .enumerate()
        .map(|(at, Share(uuid, brand, amount, status))| {
            let class = match *status {
                "AUTHORISED" | "CAPTURED" | "ACCEPTED" => "PAID",
                "REFUSED" | "EXPIRED" | "CANCELLED" => "UNPAID",
                "ABANDONED" => "ABANDONED",
                _ => "RUNNING",
            };
            json!({
                "shopId": SITE, "uuid": uuid, "amount": amount, "currency": "EUR",
                "paymentMethodType": "CARD", "status": class, "detailedStatus": status,
                "operationType": "DEBIT", "errorCode": null,
                "transactionDetails": {
                    "sequenceNumber": at + 1, "effectiveAmount": amount, "effectiveCurrency": "EUR",
                    "cardDetails": {
                        "effectiveBrand": brand, "legacyTransId": trans_id,
                        "legacyTransDate": "2026-11-22T10:00:00+00:00", "pan": "497010XXXXXX0014",
                    },
                },
                "_type": "V4/PaymentTransaction",
            })
        })
        .collect();
    json!({
        "shopId": SITE, "orderCycle": cycle, "orderStatus": status,
        "serverDate": "2026-11-22T10:00:10+00:00",
        "orderDetails": {
            "orderTotalAmount": total, "orderEffectiveAmount": total, "orderCurrency": "EUR",
            "mode": "TEST", "orderId": order, "_type": "V4/OrderDetails",
        },
        "customer": {"billingDetails": {"firstName": "Élodie"}},
        "transactions": transactions, "_type": "V4/Payment",
    })
}

/// 32 hex digits that are a function of the parts.
pub fn uuid(parts: &[&str]) -> String {
    hash(parts).chars().take(32).collect()
}

fn hash(parts: &[&str]) -> String {
    use sha2::Digest;
    let digest = sha2::Sha256::digest(parts.join("/").as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
