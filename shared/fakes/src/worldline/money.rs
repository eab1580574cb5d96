//! Refunds, captures and cancellations, and what the batch makes of them.

use super::state::{CVCO, Operation, Purchase, Role};
use crate::context::Context;
use crate::fault::FaultKind;
use crate::settings::{Cancellation, RefundStrategy, VoucherWindow};

/// How long vouchers can be given back, in seconds.
const VOUCHER_WINDOW: u64 = 4 * 60 * 60;

/// What is asked for does not go with what there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotAllowed;

/// Amounts of preprod that decide how a refund or capture goes, in minor units.
fn flavour(fault: Option<FaultKind>, role: Role, amount: u64) -> Option<FaultKind> {
    let by_amount = match (role, amount) {
        (Role::Refund, 1303) => Some(FaultKind::RefuseRefund),
        (Role::Refund, 1203) => Some(FaultKind::UncertainRefund),
        (Role::Capture, 1309) => Some(FaultKind::RefuseCapture),
        (Role::Capture, 1209) => Some(FaultKind::UncertainCapture),
        _ => None,
    };
    fault.or(by_amount)
}

impl Purchase {
    /// The place of the sale that an id names; of its payment's first one where the number is none's.
    fn sale(&self, inner: &str, number: u32) -> Option<usize> {
        let is_sale = |one: &Operation| one.role == Role::Sale && one.inner == inner;
        let exact = self.operations.iter().position(|one| is_sale(one) && one.number == number);
        exact.or_else(|| self.operations.iter().position(|one| is_sale(one) && one.code != 2))
    }

    fn add(
        &mut self,
        sale: usize,
        role: Role,
        amount: u64,
        codes: (u64, u64),
        context: Context<'_>,
    ) {
        let Some(of) = self.operations.get(sale).cloned() else { return };
        let number = self.next_number(&of.inner);
        let (code, later) = codes;
        let is_final = true;
        self.operations.push(Operation {
            number,
            role,
            sale,
            amount,
            code,
            later,
            is_final,
            at: context.now,
            ..of
        });
    }

    /// Gives back. The place of the first operation that was made.
    pub(super) fn refund(
        &mut self,
        (inner, number): (&str, u32),
        wanted: Option<u64>,
        fault: Option<FaultKind>,
        context: Context<'_>,
    ) -> Result<usize, NotAllowed> {
        let named = self.sale(inner, number).ok_or(NotAllowed)?;
        let mut sales: Vec<usize> = match context.settings.refund_strategy {
            RefundStrategy::PerOperation => vec![named],
            RefundStrategy::PerPayment => {
                let is_own =
                    |at: &usize| self.operations.get(*at).is_some_and(|o| o.inner == inner);
                (0..self.operations.len()).filter(is_own).collect()
            }
            RefundStrategy::PlatformSplits => (0..self.operations.len()).collect(),
        };
        let is_sale = |at: &usize| {
            self.operations.get(*at).is_some_and(|one| one.role == Role::Sale)
                && self.refundable(*at) > 0
        };
        sales.retain(is_sale);
        // The card gives first.
        let is_voucher =
            |at: &usize| self.operations.get(*at).is_some_and(|one| one.product == CVCO);
        sales.sort_by_key(is_voucher);
        let all: u64 = sales.iter().map(|at| self.refundable(*at)).sum();
        let wanted = wanted.unwrap_or(all);
        if wanted == 0 || wanted > all {
            return Err(NotAllowed);
        }
        let mut parts = Vec::new();
        let mut rest = wanted;
        for at in sales {
            let part = self.refundable(at).min(rest);
            rest -= part;
            if part == 0 {
                continue;
            }
            let paid_at = self.operations.get(at).map(|one| one.at);
            let is_late = paid_at.is_some_and(|at| context.now.seconds_since(at) > VOUCHER_WINDOW);
            if is_voucher(&at) && is_late {
                match context.settings.voucher_window {
                    VoucherWindow::CardOnly if !parts.is_empty() => continue,
                    VoucherWindow::CardOnly | VoucherWindow::RefusesAll => return Err(NotAllowed),
                }
            }
            parts.push((at, part));
        }
        let codes = match flavour(fault, Role::Refund, wanted) {
            Some(FaultKind::RefuseRefund) => (81, 83),
            Some(FaultKind::UncertainRefund) => (82, 8),
            _ => (81, 8),
        };
        let first = self.operations.len();
        for (at, part) in parts {
            self.add(at, Role::Refund, part, codes, context);
        }
        Ok(first)
    }

    /// Takes what is reserved. The place of the operation.
    pub(super) fn capture(
        &mut self,
        (inner, number): (&str, u32),
        wanted: Option<u64>,
        is_final: Option<bool>,
        fault: Option<FaultKind>,
        context: Context<'_>,
    ) -> Result<usize, NotAllowed> {
        let sale = self.sale(inner, number).ok_or(NotAllowed)?;
        let reserved = self.reserved(sale);
        let wanted = wanted.unwrap_or(reserved);
        if wanted == 0 || wanted > reserved {
            return Err(NotAllowed);
        }
        let codes = match flavour(fault, Role::Capture, wanted) {
            Some(FaultKind::RefuseCapture) => (91, 93),
            Some(FaultKind::UncertainCapture) => (92, 9),
            _ => (91, 9),
        };
        let at = self.operations.len();
        self.add(sale, Role::Capture, wanted, codes, context);
        if let Some(made) = self.operations.get_mut(at) {
            made.is_final = wanted == reserved || is_final == Some(true);
        }
        Ok(at)
    }

    /// Gives up what is reserved. The place of the operation.
    pub(super) fn cancel(
        &mut self,
        (inner, number): (&str, u32),
        wanted: Option<u64>,
        context: Context<'_>,
    ) -> Result<usize, NotAllowed> {
        let sale = self.sale(inner, number).ok_or(NotAllowed)?;
        let reserved = self.reserved(sale);
        let wanted = wanted.unwrap_or(reserved);
        if wanted == 0 || wanted > reserved {
            return Err(NotAllowed);
        }
        let codes = match context.settings.cancellation {
            Cancellation::Done => (6, 6),
            Cancellation::Waits => (61, 6),
            Cancellation::Refused => (63, 63),
        };
        let at = self.operations.len();
        self.add(sale, Role::Cancel, wanted, codes, context);
        Ok(at)
    }

    /// What waited becomes final. The places of the operations that changed.
    pub(super) fn batch(&mut self) -> Vec<usize> {
        let waiting = self.operations.iter_mut().enumerate();
        let waiting = waiting.filter(|(_, one)| one.code != one.later);
        waiting
            .map(|(at, one)| {
                one.code = one.later;
                at
            })
            .collect()
    }
}
