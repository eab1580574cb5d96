//! What a buyer does on the page.

use super::money::NotAllowed;
use super::state::{CB, CVCO, Operation, Purchase, Role, SessionState};
use crate::context::{Back, Buyer, CardMove, Context, PageView};
use crate::fault::FaultKind;
use crate::http::with_query;
use crate::settings::{CardCapture, SplitLayout};

/// A sale of this amount is refused, as in preprod.
const REFUSED_SALE: u64 = 1302;

impl Purchase {
    /// What the page shows.
    pub(super) fn page(&self) -> PageView {
        let own = &self.session;
        let is_open = own.state == SessionState::Open;
        let is_fresh = self.voucher().is_none();
        let least = if own.adjustable { 1 } else { self.amount };
        let mut back = vec![("RETURNMAC".to_owned(), own.mac.clone())];
        if own.hosted {
            back.push(("hostedCheckoutId".to_owned(), own.id.clone()));
        }
        PageView {
            provider: "Worldline",
            id: own.id.clone(),
            order: self.reference.clone(),
            amount: self.amount,
            currency: self.currency.clone(),
            rest: self.rest(),
            voucher: (is_open && is_fresh && own.vouchers).then_some((least, self.amount)),
            card: is_open && if is_fresh { own.cards } else { own.complement },
            ended: !is_open,
            back: Back::Get(with_query(&own.return_url, &back)),
        }
    }

    /// Carries a move out. The places of the operations that are to be told, or a sentence why it cannot be.
    pub(super) fn pay(
        &mut self,
        buyer: Buyer,
        fresh: &mut impl FnMut() -> String,
        context: Context<'_>,
    ) -> Result<Vec<usize>, &'static str> {
        let page = self.page();
        if page.ended {
            return Err("the payment has ended");
        }
        if let Some(amount) = buyer.voucher {
            let (least, most) = page.voucher.ok_or("vouchers are not offered")?;
            if !(least..=most).contains(&amount) {
                return Err("vouchers cannot pay this amount");
            }
            if amount < most && !self.session.complement && buyer.card != Some(CardMove::Abandon) {
                return Err("vouchers have to pay all: no card may complete them");
            }
        }
        let mut told = Vec::new();
        if let Some(amount) = buyer.voucher {
            told.push(self.by_voucher(amount, context));
        }
        if self.rest() == 0 {
            self.session.state = SessionState::Paid;
            return Ok(told);
        }
        let is_offered = self.page().card;
        match buyer.card {
            Some(CardMove::Accept | CardMove::Refuse) if !is_offered => {
                return Err("cards are not offered");
            }
            Some(CardMove::Accept) => told.push(self.by_card(true, fresh, context)),
            Some(CardMove::Refuse) => told.push(self.by_card(false, fresh, context)),
            Some(CardMove::Abandon) => told.extend(self.fail(context)),
            None => {}
        }
        if self.session.state == SessionState::Open && self.session.refused >= self.session.attempts
        {
            told.extend(self.fail(context));
        }
        Ok(told)
    }

    fn by_voucher(&mut self, amount: u64, context: Context<'_>) -> usize {
        let is_started = |one: &Operation| one.code == 46;
        let (now, inner) = (context.now, self.session.id.clone());
        match self.operations.iter().position(is_started) {
            Some(at) => {
                if let Some(one) = self.operations.get_mut(at) {
                    (one.amount, one.code, one.later, one.at) = (amount, 9, 9, now);
                }
                at
            }
            // A session whose first try was refused goes on under its next number.
            None => self.sale_of(inner, CVCO, amount, (9, 9), context),
        }
    }

    fn by_card(
        &mut self,
        succeeds: bool,
        fresh: &mut impl FnMut() -> String,
        context: Context<'_>,
    ) -> usize {
        let amount = self.rest();
        let is_refused = !succeeds || amount == REFUSED_SALE;
        let is_split = self.voucher().is_some();
        let shares_id = context.settings.split_layout != SplitLayout::TwoIds;
        let inner = match (is_split, shares_id, self.has(&self.session.id)) {
            (true, true, _) | (false, _, false) => self.session.id.clone(),
            (true, false, _) | (false, _, true) => fresh(),
        };
        let codes = match context.settings.card_capture {
            _ if is_refused => (2, 2),
            _ if self.session.approval && !is_split => (5, 5),
            CardCapture::AtOnce => (9, 9),
            CardCapture::AtBatch => (91, 9),
        };
        if is_refused {
            self.session.refused += 1;
        } else {
            self.session.state = SessionState::Paid;
        }
        self.sale_of(inner, CB, amount, codes, context)
    }

    fn sale_of(
        &mut self,
        inner: String,
        product: u64,
        amount: u64,
        (code, later): (u64, u64),
        context: Context<'_>,
    ) -> usize {
        let (at, number) = (self.operations.len(), self.next_number(&inner));
        let (role, sale, is_final) = (Role::Sale, at, true);
        let own = Operation {
            inner,
            number,
            role,
            sale,
            product,
            amount,
            code,
            later,
            is_final,
            at: context.now,
        };
        self.operations.push(own);
        at
    }

    /// The session ends unpaid. What the vouchers paid is given back where that was asked for.
    fn fail(&mut self, context: Context<'_>) -> Option<usize> {
        self.session.state = SessionState::Cancelled;
        if let Some(started) = self.operations.iter_mut().find(|one| one.code == 46) {
            (started.code, started.later) = (1, 1);
        }
        let wanted = context.settings.auto_refund.unwrap_or(self.session.auto_refund);
        let voucher = self.voucher().filter(|_| wanted)?;
        let (inner, number, amount) = (voucher.inner.clone(), voucher.number, voucher.amount);
        let refused = !context.settings.auto_refund_succeeds;
        let fault = refused.then_some(FaultKind::RefuseRefund);
        let made: Result<usize, NotAllowed> =
            self.refund((&inner, number), Some(amount), fault, context);
        made.ok()
    }

    /// Ends the session where its time is over.
    pub(super) fn expire(&mut self, context: Context<'_>) -> Option<usize> {
        let is_over = self.session.state == SessionState::Open
            && context.now.unix() >= self.session.ends_at.unix();
        if is_over { self.fail(context) } else { None }
    }
}
