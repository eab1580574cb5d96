//! How the providers behave where no source says which of several ways is theirs.

use serde::{Deserialize, Serialize};

/// How the providers behave. Each member can be set alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How Worldline lists the shares of a split.
    pub split_layout: SplitLayout,
    /// How Worldline writes the ids of payments.
    pub payment_ids: PaymentIds,
    /// What Worldline makes of a refund of a split.
    pub refund_strategy: RefundStrategy,
    /// What Worldline says to a refund that would need vouchers after their four hours.
    pub voucher_window: VoucherWindow,
    /// Whether Worldline gives the voucher's share back by itself where the complement fails; `null` does as the
    /// session asked.
    pub auto_refund: Option<bool>,
    /// Whether that succeeds.
    pub auto_refund_succeeds: bool,
    /// Whether Worldline shows a refund's number as the payment's.
    pub refund_shows_on_payment: bool,
    /// Whether Worldline takes a sale by card at once, or by the batch.
    pub card_capture: CardCapture,
    /// Whether `acquiredAmount` at Worldline counts what is only reserved.
    pub reserved_is_acquired: bool,
    /// What Worldline answers to the start of a payment from server to server.
    pub server_flow: ServerFlow,
    /// How a cancellation at Worldline goes.
    pub cancellation: Cancellation,
    /// Whether Lyra takes vouchers at once, or by the batch.
    pub voucher_capture: VoucherCapture,
    /// What becomes of the voucher's share at Lyra when the complement fails.
    pub complement_failure: ComplementFailure,
    /// Whether Lyra answers bad credentials with HTTP 401 instead of 200.
    pub bad_credentials_as_401: bool,
    /// The error code of a partial refund of vouchers at Lyra: no source names it.
    pub partial_voucher_refund_code: String,
    /// What Lyra's `Transaction/Update` answers.
    pub update_answer: UpdateAnswer,
    /// How the shop's forms are signed.
    pub form_hash: FormHash,
    /// In which format Lyra notifies.
    pub notification_format: NotificationFormat,
    /// How often the buyer may try a card.
    pub attempts: u32,
    /// Whether notifications are sent at all.
    pub notify: bool,
    /// Whether Lyra notifies of abandoned payments: its rule for that is off by default.
    pub notify_abandoned: bool,
    /// Whether each notification is sent twice.
    pub notify_twice: bool,
    /// Whether notifications are sent in the reverse order.
    pub notify_reversed: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            split_layout: SplitLayout::OneId,
            payment_ids: PaymentIds::Short,
            refund_strategy: RefundStrategy::PlatformSplits,
            voucher_window: VoucherWindow::RefusesAll,
            auto_refund: None,
            auto_refund_succeeds: true,
            refund_shows_on_payment: true,
            card_capture: CardCapture::AtOnce,
            reserved_is_acquired: true,
            server_flow: ServerFlow::ShowForm,
            cancellation: Cancellation::Done,
            voucher_capture: VoucherCapture::AtOnce,
            complement_failure: ComplementFailure::Cancelled,
            bad_credentials_as_401: false,
            partial_voucher_refund_code: "PSP_510".to_owned(),
            update_answer: UpdateAnswer::Transaction,
            form_hash: FormHash::HmacSha256,
            notification_format: NotificationFormat::Form,
            attempts: 3,
            notify: true,
            notify_abandoned: false,
            notify_twice: false,
            notify_reversed: false,
        }
    }
}

macro_rules! choices {
    ($($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $choice:ident),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$of])* $choice),* }
    )*};
}

choices! {
    /// How the shares of a split are listed.
    SplitLayout {
        /// A: both under one id.
        #[serde(alias = "A")]
        OneId,
        /// B: each under an id of its own; the voucher's payment tells of both.
        #[serde(alias = "B")]
        TwoIds,
        /// C: both under one id, and the voucher's operation shows the whole order.
        #[serde(alias = "C")]
        WholeOrder,
    }

    /// How payments are named.
    PaymentIds {
        /// `3254564310_0`.
        Short,
        /// `9000003254564310000`.
        Long,
    }

    /// What becomes of a refund of a split.
    RefundStrategy {
        /// The card gives first and the vouchers what exceeds it, whichever operation is named.
        PlatformSplits,
        /// The payment that is named gives all, its card first.
        PerPayment,
        /// The operation that is named gives all.
        PerOperation,
    }

    /// What comes of a refund that would need vouchers too late.
    VoucherWindow {
        /// All of it is refused.
        RefusesAll,
        /// The card's part is given back.
        CardOnly,
    }

    /// When a sale by card is taken.
    CardCapture {
        /// At once.
        AtOnce,
        /// By the batch.
        AtBatch,
    }

    /// When vouchers are taken.
    VoucherCapture {
        /// At once.
        AtOnce,
        /// By the batch, as cards are.
        AtBatch,
    }

    /// What the start from server to server answers.
    ServerFlow {
        /// `SHOW_FORM` with the product's own data.
        ShowForm,
        /// `SHOW_FORM` with a pending authentication.
        PendingAuthentication,
        /// `REDIRECT`.
        Redirect,
    }

    /// How a cancellation goes.
    Cancellation {
        /// At once: 6.
        Done,
        /// 61, and 6 by the batch.
        Waits,
        /// 63.
        Refused,
    }

    /// What becomes of the voucher's share.
    ComplementFailure {
        /// It is cancelled by the next batch.
        Cancelled,
        /// It stays captured.
        Stays,
    }

    /// The type of an answer.
    UpdateAnswer {
        /// A transaction.
        Transaction,
        /// A response code.
        Code,
    }

    /// How forms are signed.
    FormHash {
        /// HMAC-SHA-256.
        HmacSha256,
        /// SHA-1.
        Sha1,
    }

    /// How the gateway notifies.
    NotificationFormat {
        /// `vads_` fields.
        Form,
        /// `kr-answer`.
        Rest,
        /// Both.
        Both,
    }
}

impl Settings {
    /// With the members that are given set. The error says what is not understood.
    pub(crate) fn with(&self, changes: &serde_json::Value) -> Result<Self, String> {
        let Some(changes) = changes.as_object() else {
            return Err("the settings must be a JSON object".to_owned());
        };
        let mut all = serde_json::to_value(self).map_err(|error| error.to_string())?;
        if let Some(members) = all.as_object_mut() {
            members.extend(changes.clone());
        }
        serde_json::from_value(all).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_member_can_be_set_alone() {
        let set = |changes| Settings::default().with(&changes);
        let changed = set(json!({"split_layout": "B", "attempts": 1})).unwrap();
        let expected =
            Settings { split_layout: SplitLayout::TwoIds, attempts: 1, ..Settings::default() };
        assert_eq!(changed, expected);
        assert_eq!(set(json!({})), Ok(Settings::default()));
        for bad in [json!([]), json!({"split_layout": "D"}), json!({"split_layuot": "A"})] {
            assert!(set(bad).is_err());
        }
    }
}
