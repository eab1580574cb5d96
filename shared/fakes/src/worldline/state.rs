//! What the platform knows: purchases, each with its payments and their operations.

use quittance_core::Timestamp;

use crate::settings::{Settings, SplitLayout};

/// Chèque-Vacances Connect.
pub(super) const CVCO: u64 = 5412;

/// Cartes Bancaires.
pub(super) const CB: u64 = 130;

/// Whose a purchase is: a merchant, as far as one of his keys reaches.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Owner {
    pub(super) merchant: String,
    pub(super) key_id: String,
}

/// One order at the platform: a session and what was paid in it.
#[derive(Clone, Debug)]
pub(crate) struct Purchase {
    pub(super) owner: Owner,
    pub(super) reference: String,
    /// Minor units.
    pub(super) amount: u64,
    pub(super) currency: String,
    pub(super) session: Session,
    pub(super) webhooks: Vec<String>,
    pub(super) operations: Vec<Operation>,
}

/// Where the buyer pays.
#[derive(Clone, Debug)]
pub(super) struct Session {
    /// Also the id of the first payment in it.
    pub(super) id: String,
    pub(super) return_url: String,
    pub(super) mac: String,
    /// Whether it is a hosted checkout, and not a payment from server to server.
    pub(super) hosted: bool,
    pub(super) opened_at: Timestamp,
    pub(super) ends_at: Timestamp,
    /// Whether vouchers are offered.
    pub(super) vouchers: bool,
    /// Whether cards are offered for all of it.
    pub(super) cards: bool,
    /// Whether cards are offered for what vouchers leave.
    pub(super) complement: bool,
    pub(super) adjustable: bool,
    pub(super) approval: bool,
    pub(super) auto_refund: bool,
    pub(super) state: SessionState,
    /// How many cards were refused.
    pub(super) refused: u32,
    pub(super) attempts: u32,
}

/// How far a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SessionState {
    Open,
    Paid,
    Cancelled,
}

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Sale,
    Capture,
    Cancel,
    Refund,
}

/// One operation of a payment.
#[derive(Clone, Debug)]
pub(super) struct Operation {
    /// The id of its payment.
    pub(super) inner: String,
    pub(super) number: u32,
    pub(super) role: Role,
    /// The place of the sale that it is about.
    pub(super) sale: usize,
    pub(super) product: u64,
    pub(super) amount: u64,
    pub(super) code: u64,
    /// The code that the batch gives it.
    pub(super) later: u64,
    pub(super) is_final: bool,
    pub(super) at: Timestamp,
}

impl Operation {
    pub(super) fn family(&self) -> &'static str {
        if self.product == CVCO { "redirect" } else { "card" }
    }
}

/// What a payment says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Level {
    /// The place of the sale that it is told by.
    pub(super) sale: usize,
    pub(super) amount: u64,
    pub(super) acquired: u64,
    pub(super) code: u64,
}

impl Purchase {
    /// The sale by voucher that was taken.
    pub(super) fn voucher(&self) -> Option<&Operation> {
        let mut sales = self.operations.iter();
        sales.find(|one| one.role == Role::Sale && one.product == CVCO && one.code == 9)
    }

    /// What is still to be paid.
    pub(super) fn rest(&self) -> u64 {
        let is_paid = |one: &&Operation| one.role == Role::Sale && matches!(one.code, 5 | 9 | 91);
        let paid: u64 = self.operations.iter().filter(is_paid).map(|one| one.amount).sum();
        self.amount.saturating_sub(paid)
    }

    pub(super) fn has(&self, inner: &str) -> bool {
        self.operations.iter().any(|one| one.inner == inner)
    }

    pub(super) fn next_number(&self, inner: &str) -> u32 {
        let own = self.operations.iter().filter(|one| one.inner == inner);
        own.map(|one| one.number + 1).max().unwrap_or(0)
    }

    /// Whether an operation is told with a payment: its own are, and with the session's first one those of its
    /// complement.
    fn is_in(&self, inner: &str, one: &Operation) -> bool {
        one.inner == inner || inner == self.session.id && self.voucher().is_some()
    }

    /// The operations that are told with a payment.
    pub(super) fn scope<'p>(&'p self, inner: &'p str) -> impl Iterator<Item = &'p Operation> {
        self.operations.iter().filter(move |one| self.is_in(inner, one))
    }

    /// What is taken of a sale.
    pub(super) fn taken(&self, sale: usize) -> u64 {
        match self.operations.get(sale) {
            Some(one) if one.code == 9 => one.amount,
            _ => {
                let is_taken = |one: &&Operation| {
                    one.role == Role::Capture && one.sale == sale && one.code == 9
                };
                self.operations.iter().filter(is_taken).map(|one| one.amount).sum()
            }
        }
    }

    /// What is reserved of a sale and neither captured nor given up, nor about to be.
    pub(super) fn reserved(&self, sale: usize) -> u64 {
        let Some(own) = self.operations.get(sale).filter(|one| one.code == 5) else { return 0 };
        let about = || self.operations.iter().filter(|one| one.sale == sale);
        let is_over = |one: &Operation| one.role == Role::Capture && one.is_final && one.code != 93;
        if about().any(is_over) {
            return 0;
        }
        let is_used = |one: &&Operation| {
            matches!((one.role, one.code), (Role::Capture, 9 | 91 | 92) | (Role::Cancel, 6 | 61))
        };
        own.amount.saturating_sub(about().filter(is_used).map(|one| one.amount).sum())
    }

    /// What of a sale is given back, or asked to be.
    pub(super) fn refunded(&self, sale: usize) -> u64 {
        let is_back = |one: &&Operation| {
            one.role == Role::Refund && one.sale == sale && matches!(one.code, 8 | 81 | 82)
        };
        self.operations.iter().filter(is_back).map(|one| one.amount).sum()
    }

    /// What can still be given back of a sale.
    pub(super) fn refundable(&self, sale: usize) -> u64 {
        self.taken(sale).saturating_sub(self.refunded(sale))
    }

    /// What an operation shows as its amount.
    pub(super) fn shown(&self, one: &Operation, settings: &Settings) -> u64 {
        let shows_whole = settings.split_layout == SplitLayout::WholeOrder
            && one.role == Role::Sale
            && one.product == CVCO;
        if shows_whole { self.amount } else { one.amount }
    }

    /// The places of the sales that are told with a payment.
    fn sales<'p>(&'p self, inner: &'p str) -> impl Iterator<Item = (usize, &'p Operation)> {
        let all = self.operations.iter().enumerate();
        all.filter(move |(_, one)| one.role == Role::Sale && self.is_in(inner, one))
    }

    /// What a payment says of itself.
    pub(super) fn level(&self, inner: &str, settings: &Settings) -> Option<Level> {
        let own = || self.sales(inner).filter(|(_, one)| one.inner == inner);
        let (sale, base) = own().find(|(_, one)| one.code != 2).or_else(|| own().next())?;
        let is_complement = inner != self.session.id && self.voucher().is_some();
        let amount = if is_complement { base.amount } else { self.amount };
        let taken: u64 = self.sales(inner).map(|(at, _)| self.taken(at)).sum();
        let back: u64 = self.sales(inner).map(|(at, _)| self.refunded(at)).sum();
        let code = self.way_back(inner, back >= taken, settings);
        let code = code.unwrap_or_else(|| self.sale_code(inner, sale, base, taken));
        let is_reserved = base.code == 5 && matches!(code, 5 | 63 | 91 | 92);
        let acquired = if is_reserved && settings.reserved_is_acquired { amount } else { taken };
        Some(Level { sale, amount, acquired, code })
    }

    fn last<'p>(&'p self, inner: &'p str, role: Role) -> Option<&'p Operation> {
        self.scope(inner).filter(|one| one.role == role).last()
    }

    /// The number of a refund that is shown as the payment's.
    fn way_back(&self, inner: &str, is_whole: bool, settings: &Settings) -> Option<u64> {
        let code = self.last(inner, Role::Refund)?.code;
        let is_shown = settings.refund_shows_on_payment && code != 8;
        (is_shown || code == 8 && is_whole).then_some(code)
    }

    /// The number of a payment of which nothing is on its way back.
    fn sale_code(&self, inner: &str, sale: usize, base: &Operation, taken: u64) -> u64 {
        if base.code != 5 {
            return base.code;
        }
        let nothing_left = self.reserved(sale) == 0;
        match (self.last(inner, Role::Capture), self.last(inner, Role::Cancel)) {
            (_, Some(cancel)) if cancel.code == 63 => 63,
            (Some(capture), _) if matches!(capture.code, 91 | 92) => capture.code,
            (_, Some(cancel)) if nothing_left && taken == 0 => cancel.code,
            (Some(_), _) if nothing_left && taken > 0 => 9,
            _ => 5,
        }
    }
}

/// The status word and the category of a number.
pub(super) fn words(code: u64) -> (&'static str, &'static str) {
    match code {
        1 | 6 => ("CANCELLED", "UNSUCCESSFUL"),
        61 | 62 => ("CANCELLED", "PENDING_MERCHANT"),
        63 => ("CANCELLATION_REJECTED", "PENDING_MERCHANT"),
        2 | 83 => ("REJECTED", "UNSUCCESSFUL"),
        46 => ("REDIRECTED", "PENDING_CONNECT_OR_3RD_PARTY"),
        5 => ("PENDING_CAPTURE", "PENDING_MERCHANT"),
        8 => ("REFUNDED", "REFUNDED"),
        81 | 82 => ("REFUND_REQUESTED", "PENDING_CONNECT_OR_3RD_PARTY"),
        9 => ("CAPTURED", "COMPLETED"),
        91 | 92 => ("CAPTURE_REQUESTED", "PENDING_CONNECT_OR_3RD_PARTY"),
        93 => ("REJECTED_CAPTURE", "UNSUCCESSFUL"),
        _ => ("CREATED", "CREATED"),
    }
}
