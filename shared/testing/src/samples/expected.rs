//! What must come of a delivery, as written beside it.

use serde::Serialize;
use serde_json::Value;

use crate::SITE;
use crate::worldline::MERCHANT;

/// The contents of `<case>.expected.json`.
#[derive(Serialize)]
pub(super) struct Expected {
    pub(super) about: &'static str,
    pub(super) answer: Answer,
    /// The order after the delivery; `None` when none may be created or touched.
    pub(super) order: Option<Order>,
}

/// The HTTP answer.
#[derive(Serialize)]
pub(super) struct Answer {
    status: u16,
    body_contains: String,
}

/// The answer and the order together.
pub(super) struct Outcome {
    pub(super) answer: Answer,
    pub(super) order: Option<Order>,
}

/// Stored: the answer tells how the order stands.
pub(super) fn stored(headline: &str, order: Order) -> Outcome {
    Outcome { answer: Answer::new(200, headline), order: Some(order) }
}

/// Nothing new: the order stays as it is.
pub(super) fn known(order: Order) -> Outcome {
    Outcome { answer: Answer::new(200, "already known"), order: Some(order) }
}

/// Genuine and not to be understood.
pub(super) fn quarantined() -> Outcome {
    answered(200, "quarantine")
}

/// Genuine and about something else than orders.
pub(super) fn untracked() -> Outcome {
    answered(200, "not tracked")
}

/// Not believed.
pub(super) fn refused() -> Outcome {
    answered(401, "refused")
}

/// An answer that touches no order.
pub(super) fn answered(status: u16, body_contains: &str) -> Outcome {
    Outcome { answer: Answer::new(status, body_contains), order: None }
}

impl Answer {
    fn new(status: u16, body_contains: &str) -> Self {
        Self { status, body_contains: body_contains.to_owned() }
    }
}

/// An order as `GET /orders/…` shows it, with the release and the lists of later decisions counted.
#[derive(Serialize)]
pub(super) struct Order {
    path: String,
    state: &'static str,
    flags: Vec<&'static str>,
    currency: Option<&'static str>,
    expected: Option<u64>,
    authorised: u64,
    captured: u64,
    refunded: u64,
    shares: Vec<Share>,
    released: bool,
    reversals: usize,
    notifications: usize,
}

#[derive(Serialize)]
struct Share {
    share: String,
    method: &'static str,
    kind: &'static str,
    amount: u64,
    /// Where it is not the order's.
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<&'static str>,
    status: &'static str,
    psp_status: &'static str,
    sequence: Option<u32>,
    /// What is said beyond that; absent where the sample is about something else.
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<Value>,
}

impl Order {
    /// An order of the demo Worldline merchant in EUR, known from one notification.
    pub(super) fn worldline(reference: &str, state: &'static str) -> Self {
        Self::new(format!("/orders/worldline/{MERCHANT}/test/{reference}"), state)
    }

    /// An order of the demo Lyra site in EUR, known from one notification.
    pub(super) fn systempay(reference: &str, state: &'static str) -> Self {
        Self::new(format!("/orders/systempay/{SITE}/test/{reference}"), state)
    }

    /// With what it costs; unknown otherwise.
    pub(super) fn expected(mut self, amount: u64) -> Self {
        self.expected = Some(amount);
        self
    }

    /// With an amount reserved.
    pub(super) fn authorised(mut self, amount: u64) -> Self {
        self.authorised = amount;
        self
    }

    /// With an amount taken.
    pub(super) fn captured(mut self, amount: u64) -> Self {
        self.captured = amount;
        self
    }

    /// With an amount given back.
    pub(super) fn refunded(mut self, amount: u64) -> Self {
        self.refunded = amount;
        self
    }

    /// In another currency.
    pub(super) fn currency(mut self, code: &'static str) -> Self {
        self.currency = Some(code);
        self
    }

    /// Without any amount that is trusted, and so without a currency.
    pub(super) fn without_currency(mut self) -> Self {
        self.currency = None;
        self
    }

    /// With a flag.
    pub(super) fn flag(mut self, flag: &'static str) -> Self {
        self.flags.push(flag);
        self
    }

    /// With a share that takes money: its id, method, amount, status and the PSP's word for that.
    pub(super) fn debit(
        self,
        share: &str,
        method: &'static str,
        amount: u64,
        status: &'static str,
        psp_status: &'static str,
    ) -> Self {
        self.share("debit", share, method, amount, (status, psp_status))
    }

    /// With a share that gives money back.
    pub(super) fn credit(
        self,
        share: &str,
        method: &'static str,
        amount: u64,
        status: &'static str,
        psp_status: &'static str,
    ) -> Self {
        self.share("credit", share, method, amount, (status, psp_status))
    }

    /// With a check of the payment method, which moves no money.
    pub(super) fn verification(
        self,
        share: &str,
        method: &'static str,
        amount: u64,
        status: &'static str,
        psp_status: &'static str,
    ) -> Self {
        self.share("verification", share, method, amount, (status, psp_status))
    }

    /// With this sequence number on the share named last.
    pub(super) fn sequence(mut self, sequence: u32) -> Self {
        if let Some(share) = self.shares.last_mut() {
            share.sequence = Some(sequence);
        }
        self
    }

    /// With everything that is said beyond that of the share named last.
    pub(super) fn details(mut self, details: Value) -> Self {
        if let Some(share) = self.shares.last_mut() {
            share.details = Some(details);
        }
        self
    }

    /// Handed to fulfilment.
    pub(super) fn released(mut self) -> Self {
        self.released = true;
        self
    }

    /// With so many reversal messages decided.
    pub(super) fn reversals(mut self, count: usize) -> Self {
        self.reversals = count;
        self
    }

    /// Known from so many distinct notifications.
    pub(super) fn notifications(mut self, count: usize) -> Self {
        self.notifications = count;
        self
    }

    fn new(path: String, state: &'static str) -> Self {
        Self {
            path,
            state,
            flags: Vec::new(),
            currency: Some("EUR"),
            expected: None,
            authorised: 0,
            captured: 0,
            refunded: 0,
            shares: Vec::new(),
            released: false,
            reversals: 0,
            notifications: 1,
        }
    }

    /// With the last share in another currency than the order's.
    pub(super) fn share_in(mut self, code: &'static str) -> Self {
        if let Some(share) = self.shares.last_mut() {
            share.currency = Some(code);
        }
        self
    }

    fn share(
        mut self,
        kind: &'static str,
        share: &str,
        method: &'static str,
        amount: u64,
        (status, psp_status): (&'static str, &'static str),
    ) -> Self {
        let share = share.to_owned();
        let (currency, sequence, details) = (None, None, None);
        self.shares.push(Share {
            share,
            method,
            kind,
            amount,
            currency,
            status,
            psp_status,
            sequence,
            details,
        });
        self
    }
}
