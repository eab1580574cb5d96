//! What the API says of an order's transactions, as facts of the same shares as notifications state.
//! (lyra.md 13.4)

use std::collections::{BTreeMap, BTreeSet};

use quittance_core::api::{Answer, Trouble, TroubleKind};
use quittance_core::fact::{Fact, Kind, ShareFact, Standing, Status, Total};
use quittance_core::key::{Account, OrderKey, PaymentName};
use quittance_core::limits::MAX_SHARES_PER_NOTIFICATION;
use quittance_core::money::Currency;
use quittance_core::statement::{Statement, Unreadable};
use quittance_core::transcript::Transcript;
use quittance_core::{Order, Remark};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::SESSION_SECONDS;
use super::super::payment_id::is_day_and_id;
use super::super::rest::{self, Answered, OrderDetails, bounded, known};
use super::super::transaction::{Beside, secured, secured_beside};
use super::super::words;
use super::envelope::{trouble, word};
use crate::text::List;

/// The order that is asked about, as far as an answer has to agree with it.
pub(super) struct About {
    pub(super) key: OrderKey,
    /// What the merchant calls it at the gateway; `None` where he gave no reference.
    pub(super) reference: Option<String>,
    account: Account,
    /// What it is paid in, where that is known: more than one where that is in dispute.
    currencies: BTreeSet<Currency>,
    /// The shares that the gateway itself named.
    confirmed: BTreeSet<String>,
    /// What the payments that were started for it are called, and the links.
    checkouts: Vec<String>,
}

/// A share that is known by its uuid.
pub(super) struct KnownShare {
    pub(super) uuid: String,
    /// Whether nothing can come after what is known of it.
    pub(super) is_final: bool,
    /// Whether all that is known of it is that it came to nothing.
    pub(super) is_dead: bool,
    /// Whether the gateway itself named it as one of the order's, and not only whoever has a key for notifications.
    pub(super) is_confirmed: bool,
}

/// Why what was answered about one transaction is not taken.
pub(super) enum NotTaken {
    /// It is another order's or another shop's.
    Foreign(Trouble),
    /// It is not understood, or contradicts itself.
    Fault(Trouble),
}

impl From<Trouble> for NotTaken {
    fn from(trouble: Trouble) -> Self {
        Self::Fault(trouble)
    }
}

impl KnownShare {
    fn new(uuid: &str) -> Self {
        Self { uuid: uuid.to_owned(), is_final: false, is_dead: true, is_confirmed: false }
    }
}

impl About {
    /// What is known of this order, and by which uuids. What a buyer can have written names nothing: it could
    /// make every question fail.
    pub(super) fn of(
        order: &Order,
        account: Account,
        checkouts: &[String],
    ) -> (Self, Vec<KnownShare>) {
        let key = order.key().clone();
        let believed = || order.facts().iter().filter(|(_, standing)| !standing.is_doubtful());
        let mut shares: BTreeMap<&str, KnownShare> = BTreeMap::new();
        let mut payments = BTreeSet::new();
        let mut currencies = BTreeSet::new();
        for (fact, standing) in believed() {
            match fact {
                Fact::Total(total) => {
                    currencies.insert(total.currency);
                }
                Fact::Share(share) => {
                    if share.kind == Kind::Debit {
                        currencies.insert(share.currency);
                    }
                    payments.extend(share.payment.as_deref());
                    if is_uuid(&share.share) {
                        let ended = matches!(
                            share.meaning.status,
                            Status::Captured | Status::Refunded | Status::ChargedBack
                        );
                        let known = shares.entry(&share.share);
                        let known = known.or_insert_with(|| KnownShare::new(&share.share));
                        known.is_final |= ended && standing.is_sound();
                        known.is_dead &= matches!(
                            share.meaning.status,
                            Status::Refused | Status::Cancelled | Status::Expired
                        );
                        known.is_confirmed |= standing == Standing::Confirmed;
                    }
                }
            }
        }
        if let Some(registered) = order.registered() {
            currencies = BTreeSet::from([registered.currency]);
        }
        // A payment of a subscription is an order of its own, and has the subscription's reference.
        let occurrence_of = || {
            let (reference, payment) = key.order.rsplit_once('~')?;
            payments.contains(payment).then_some(reference)
        };
        let reference = match (key.payment(), occurrence_of()) {
            (Some(_), _) => None,
            (None, Some(reference)) => Some(reference),
            (None, None) => Some(key.order.as_str()),
        };
        let reference = reference.map(str::to_owned);
        let own = key.payment().map(PaymentName::id).filter(|id| is_uuid(id));
        // What the order is called by is surely its own.
        let extra = own.filter(|id| !shares.contains_key(id));
        let extra = extra.map(|id| KnownShare {
            is_confirmed: true,
            is_dead: false,
            ..KnownShare::new(id)
        });
        let known: Vec<KnownShare> = shares.into_values().chain(extra).collect();
        let confirmed = known.iter().filter(|share| share.is_confirmed);
        let confirmed = confirmed.map(|share| share.uuid.clone()).collect();
        let checkouts = checkouts.to_vec();
        (Self { key, reference, account, currencies, confirmed, checkouts }, known)
    }

    /// Whether all transactions of the order can be asked for at once: those of a subscription's payment
    /// cannot be told from those of its other payments.
    pub(super) fn is_listed(&self) -> bool {
        self.reference.as_deref() == Some(&self.key.order)
    }

    /// The account whose order it is.
    pub(super) fn account(&self) -> &Account {
        &self.account
    }

    /// The sessions in which nobody can pay any more, once the order is said to be closed: a newer form may be open. A
    /// payment that no form started was started by the link, where there is but one.
    fn over(&self, payments: &BTreeSet<&str>) -> Vec<String> {
        let has_form = |payment: &&str| self.checkouts.iter().any(|id| id == payment);
        let links = self.checkouts.iter().filter(|id| !is_day_and_id(id)).count();
        let by_link = links == 1 && !payments.iter().all(has_form);
        let is_over = |id: &&String| {
            if is_day_and_id(id) { payments.contains(id.as_str()) } else { by_link }
        };
        self.checkouts.iter().filter(is_over).cloned().collect()
    }

    fn takes_shop(&self, shop: &str) -> Result<(), Trouble> {
        if shop == self.account.merchant { Ok(()) } else { Err(contradiction("another shop")) }
    }

    /// What is said of the whole agrees with what was asked.
    fn takes(&self, details: &OrderDetails<'_>, is_named_otherwise: bool) -> Result<(), Trouble> {
        if details.mode.as_deref().is_some_and(|mode| mode != word(self.account.mode)) {
            return Err(contradiction("the other mode"));
        }
        let named = details.order_id.as_deref().filter(|id| !id.is_empty());
        let is_own_name = |id: &str| self.key.payment().is_some_and(|name| name.is(id));
        let fits = match (&self.reference, named) {
            (Some(reference), Some(named)) => reference == named,
            (None, Some(named)) => is_own_name(named),
            (Some(_), None) => false,
            (None, None) => true,
        };
        if !fits && !is_named_otherwise {
            return Err(contradiction("another order"));
        }
        Ok(())
    }

    fn currency(&self, details: &OrderDetails<'_>) -> Result<Currency, Trouble> {
        let currency = known(details.order_currency.as_deref(), "orderCurrency");
        let currency = currency.map_err(|why| garbled(&why))?;
        if !self.currencies.is_empty() && !self.currencies.contains(&currency) {
            return Err(contradiction("another currency"));
        }
        Ok(currency)
    }
}

/// A transaction's uuid: 32 hexadecimal digits.
pub(super) fn is_uuid(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// The transactions that were told.
#[derive(Default)]
pub(super) struct Listed {
    told: Vec<Told>,
    wholes: Vec<Whole>,
    /// What was said with all transactions of the order.
    order: Option<Said>,
}

/// One transaction as told.
struct Told {
    share: ShareFact,
    /// What names its payment.
    payment: Option<String>,
    sequence: Sequence,
    recurs: bool,
    /// Why its amount is not to be relied on.
    doubt: Option<&'static str>,
    beside: Beside,
}

/// `sequenceType`: in what a transaction stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sequence {
    /// It pays alone.
    Single,
    /// It is one of a cascade's shares.
    Cascade,
    /// In something else, as a plan.
    Other,
    /// That is not told.
    Untold,
}

/// What an answer says that the order costs.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Whole {
    amount: u64,
    currency: Currency,
}

/// What is said of the order beside its transactions.
struct Said {
    status: String,
    cycle: String,
    /// What of the whole was reached, in minor units.
    effective: Option<u64>,
}

impl Listed {
    /// Reads all transactions of the order.
    pub(super) fn read_order(&mut self, answer: &RawValue, about: &About) -> Result<(), Trouble> {
        let text = answer.get();
        let read: rest::Answer<'_> =
            serde_json::from_str(text).map_err(|_| shapeless("of Order/Get"))?;
        let beyond: Beyond = serde_json::from_str(text).map_err(|_| shapeless("of Order/Get"))?;
        let details = read.order_details.as_ref().ok_or_else(|| lacks("orderDetails"))?;
        if details.mode.is_none() {
            return Err(lacks("orderDetails.mode"));
        }
        let shop = read.shop_id.as_deref().ok_or_else(|| lacks("shopId"))?;
        about.takes_shop(shop)?;
        about.takes(details, false)?;
        let currency = about.currency(details)?;
        let amount = bounded(details.order_total_amount, "orderTotalAmount");
        let amount = amount.map_err(|why| garbled(&why))?;
        if read.transactions.count > MAX_SHARES_PER_NOTIFICATION {
            return Err(trouble(TroubleKind::Garbled, "more transactions than can be read"));
        }
        each_is_of(text, about)?;
        self.wholes.push(Whole { amount, currency });
        for transaction in &read.transactions.kept {
            // What a subscription has paid is another order.
            if !transaction.is_of_subscription() {
                self.take(transaction, currency, about)?;
            }
        }
        let word = |word: Option<&str>| word.unwrap_or_default().to_owned();
        self.order = Some(Said {
            status: word(read.order_status.as_deref()),
            cycle: word(read.order_cycle.as_deref()),
            effective: beyond
                .order_details
                .and_then(|details| details.order_effective_amount?.as_u64()),
        });
        Ok(())
    }

    /// Reads the transaction of this uuid.
    pub(super) fn read_transaction(
        &mut self,
        answer: &RawValue,
        uuid: &str,
        about: &About,
    ) -> Result<(), NotTaken> {
        let text = answer.get();
        let transaction: Answered<'_> =
            serde_json::from_str(text).map_err(|_| shapeless("of Transaction/Get"))?;
        let within: Within<'_> =
            serde_json::from_str(text).map_err(|_| shapeless("of Transaction/Get"))?;
        let details = within.order_details.ok_or_else(|| lacks("orderDetails"))?;
        if details.mode.is_none() {
            return Err(lacks("orderDetails.mode").into());
        }
        let shop = transaction.shop_id.as_deref().ok_or_else(|| lacks("shopId"))?;
        // A refund may carry a reference of its own, where what it gives back is surely the order's.
        let is_own = |uuid: &str| about.confirmed.contains(uuid) || self.has(uuid);
        let is_own_refund = transaction.gives_back().is_some_and(is_own);
        let is_own = about.takes_shop(shop).and_then(|()| about.takes(&details, is_own_refund));
        is_own.map_err(NotTaken::Foreign)?;
        let currency = about.currency(&details)?;
        self.take(&transaction, currency, about)?;
        let told = self.told.last().ok_or_else(|| lacks("transaction"))?;
        if told.share.share != uuid {
            return Err(contradiction("another transaction").into());
        }
        if told.share.kind == Kind::Debit {
            let name = about.key.payment().map(PaymentName::id).filter(|id| !is_uuid(id));
            let payment = told.share.payment.as_deref();
            if name.zip(payment).is_some_and(|(name, payment)| name != payment) {
                return Err(contradiction("another payment").into());
            }
            let amount = bounded(details.order_total_amount, "orderTotalAmount");
            let amount = amount.map_err(|why| garbled(&why))?;
            self.wholes.push(Whole { amount, currency });
        }
        Ok(())
    }

    /// Whether nothing was told.
    pub(super) fn is_empty(&self) -> bool {
        self.told.is_empty()
    }

    /// Whether a payment was told.
    pub(super) fn has_debit(&self) -> bool {
        self.debits().next().is_some()
    }

    /// Whether all transactions of the order were asked for, and answered.
    pub(super) fn is_complete(&self) -> bool {
        self.order.is_some()
    }

    /// Whether a share was told.
    pub(super) fn has(&self, uuid: &str) -> bool {
        self.told.iter().any(|told| told.share.share == uuid)
    }

    fn take(
        &mut self,
        transaction: &Answered<'_>,
        currency: Currency,
        about: &About,
    ) -> Result<(), Trouble> {
        about.takes_shop(transaction.shop_id.as_deref().ok_or_else(|| lacks("shopId"))?)?;
        // Under a name that is none a known share would be counted as another.
        transaction.uuid().filter(|uuid| is_uuid(uuid)).ok_or_else(|| lacks("uuid"))?;
        let mut beside = Beside::default();
        let (share, doubt) =
            transaction.read(currency, &mut beside).map_err(|why| garbled(&why))?;
        // Of other words that say money is reserved, the class beside them is not documented: those hold
        // themselves alone.
        let is_plain = matches!(share.said.word.as_deref(), Some("AUTHORISED" | "CAPTURED"));
        if let Some(code) = share.meaning.doubt.filter(|_| is_plain) {
            let why = words::sentence(&Remark::plain(code));
            return Err(trouble(TroubleKind::Contradiction, why.unwrap_or_default()));
        }
        let doubt = share.meaning.doubt.or(doubt);
        if share.currency != currency {
            return Err(contradiction("another currency"));
        }
        let sequence = match transaction.sequence_type() {
            Some("SINGLE_PAYMENT") => Sequence::Single,
            Some("MULTI_PAYMENT_MEAN") => Sequence::Cascade,
            Some(_) => Sequence::Other,
            None => Sequence::Untold,
        };
        let told = Told {
            payment: transaction.day_and_id(),
            recurs: transaction.recurs(),
            share,
            sequence,
            doubt,
            beside,
        };
        match self.told.iter().find(|known| known.share.share == told.share.share) {
            Some(known) if known.share == told.share => {}
            Some(_) => {
                let why = "one transaction is told twice with different contents";
                return Err(trouble(TroubleKind::Contradiction, why));
            }
            None => self.told.push(told),
        }
        Ok(())
    }

    /// What it all states.
    pub(super) fn answer(
        mut self,
        about: &About,
        transcript: Transcript,
    ) -> Result<Answer, Trouble> {
        self.forget_shared_slots();
        if self.is_lost_although_covered() {
            let why = words::sentence(&Remark::plain(words::UNPAID_BUT_COVERED));
            return Err(trouble(TroubleKind::Contradiction, why.unwrap_or_default()));
        }
        let whole = self.certain_whole();
        let said = self.order.as_ref().map(|said| [said.status.as_str(), &said.cycle]);
        let event = Remark::new(words::API, said.into_iter().flatten());
        let ended = self.order.as_ref().is_some_and(|said| said.cycle == "CLOSED");
        let payments = self.told.iter().filter_map(|told| told.payment.as_deref()).collect();
        let over = if ended { about.over(&payments) } else { Vec::new() };
        let statement = |told: Vec<Told>, aliases: Vec<OrderKey>, whole: Option<Whole>| {
            let mut of_all = Beside::default();
            let mut shares = Vec::with_capacity(told.len());
            for Told { share, beside, .. } in told {
                shares.push(share);
                of_all.reasons.extend(beside.reasons);
                of_all.details.extend(beside.details);
            }
            let totals = whole.map(|w| Total::of_each(w.amount, w.currency, &shares));
            let totals: Vec<Total> = totals.into_iter().flatten().collect();
            let mut facts = Vec::with_capacity(shares.len() + totals.len());
            facts.extend(shares.into_iter().map(Fact::share));
            facts.extend(totals.into_iter().map(Fact::Total));
            Statement {
                key: about.key.clone(),
                aliases,
                follows: false,
                facts,
                standing: Standing::Sound,
                doubt: None,
                reasons: of_all.reasons,
                details: of_all.details,
                session_seconds: SESSION_SECONDS,
                event: event.clone(),
            }
        };
        let mut statements = Vec::new();
        // What is not to be relied on is told apart, so that it holds nothing else.
        let (doubted, certain): (Vec<Told>, Vec<Told>) =
            std::mem::take(&mut self.told).into_iter().partition(|told| told.doubt.is_some());
        for (payment, told) in by_payment(certain) {
            // The name of a refund is its own and not that of the payment it gives back.
            let is_credit = told.iter().all(|told| told.share.kind == Kind::Credit);
            let name = payment.as_deref().filter(|_| !is_credit).map(PaymentName::new);
            let alias = name.and_then(|name| about.account.payment(name).ok());
            let aliases = alias.filter(|alias| *alias != about.key).into_iter().collect();
            statements.push(statement(told, aliases, whole));
        }
        for told in doubted {
            let doubt = told.doubt;
            let mut alone = statement(vec![told], Vec::new(), None);
            if let Some(code) = doubt {
                alone.lower(Standing::Contradictory, Remark::plain(code));
            }
            statements.push(alone);
        }
        Ok(Answer { statements, transcript, ended, over, missed: None })
    }

    /// A number that several shares have names none of them: their uuids do.
    fn forget_shared_slots(&mut self) {
        let mut slots: BTreeMap<(Kind, String), usize> = BTreeMap::new();
        for share in self.told.iter().map(|told| &told.share) {
            if let Some(slot) = &share.other_name {
                *slots.entry((share.kind, slot.clone())).or_default() += 1;
            }
        }
        for share in self.told.iter_mut().map(|told| &mut told.share) {
            let slot = share.other_name.clone().map(|slot| (share.kind, slot));
            if slot.and_then(|slot| slots.get(&slot)).is_some_and(|count| *count > 1) {
                share.other_name = None;
            }
        }
    }

    fn debits(&self) -> impl Iterator<Item = &Told> {
        self.told.iter().filter(|told| told.share.kind == Kind::Debit)
    }

    /// The debits by what names their payment; those that say no day and id stand together.
    fn payments(&self) -> Vec<Vec<&Told>> {
        let mut payments: BTreeMap<Option<&str>, Vec<&Told>> = BTreeMap::new();
        for told in self.debits() {
            payments.entry(told.share.payment.as_deref()).or_default().push(told);
        }
        payments.into_values().collect()
    }

    /// What the answers agree that the order costs.
    fn whole(&self) -> Option<Whole> {
        let first = *self.wholes.first()?;
        self.wholes.iter().all(|whole| *whole == first).then_some(first)
    }

    /// The order is said to be lost while its one payment covers it. Of several payments that may be said of
    /// the last, and once something went back nobody knows what is said.
    fn is_lost_although_covered(&self) -> bool {
        let lost = |said: &Said| matches!(said.status.as_str(), "UNPAID" | "ABANDONED");
        let is_refunded = self.told.iter().any(|told| told.share.kind == Kind::Credit);
        let payments = self.payments();
        let [payment] = payments.as_slice() else { return false };
        self.order.as_ref().is_some_and(lost)
            && !is_refunded
            && self.whole().is_some_and(|whole| secured(shares_of(payment)) >= whole.amount)
    }

    /// What the order costs, where that is certain. Too little would release too early, so the amount that is
    /// said of the order has to fit each of its payments, and to be more than one share's own where there may
    /// be others.
    fn certain_whole(&self) -> Option<Whole> {
        let whole = self.whole().filter(|whole| whole.amount > 0)?;
        let payments = self.payments();
        let least: Vec<u64> =
            payments.iter().map(|payment| least(payment)).collect::<Option<_>>()?;
        let most = least.into_iter().max()?;
        let beside = |told: &&Told| payments.len() == 1 || told.sequence != Sequence::Single;
        let largest = self.debits().filter(beside).map(|told| told.share.meaning.worth).max();
        let is_paid =
            self.order.as_ref().is_some_and(|said| said.status == "PAID" && said.cycle == "CLOSED");
        let shares = || self.debits().map(|told| &told.share);
        let is_instalment = self
            .debits()
            .any(|told| told.recurs && secured_beside(&told.share, shares()) < whole.amount);
        let is_alone = match &self.order {
            None => self.debits().all(|told| told.sequence == Sequence::Single),
            Some(_) => self.debits().all(|told| match told.sequence {
                Sequence::Single | Sequence::Untold => true,
                // Of several payments nobody knows which the amount of the order is of.
                Sequence::Cascade => payments.len() == 1 && is_paid,
                Sequence::Other => false,
            }),
        };
        // More than one share's own; of several payments it may be that of an earlier one, unless it is paid.
        let is_more = largest.is_some_and(|largest| whole.amount > largest);
        // What was reached of the whole is never more than the whole, unless several payments reached it.
        let effective = self.order.as_ref().and_then(|said| said.effective);
        // What pays alone was for the whole; what may be one of several leaves the rest open.
        let is_paid_alone = self.debits().all(|told| told.sequence == Sequence::Single)
            && payments.iter().any(|payment| secured(shares_of(payment)) > 0);
        let is_exact = payments.len() > 1 || is_paid_alone;
        let fits = whole.amount >= most
            && (!is_exact || whole.amount == most)
            && (payments.len() > 1 || effective.is_none_or(|reached| reached <= whole.amount))
            && (is_alone || is_more && (payments.len() == 1 || is_paid))
            && !is_instalment;
        fits.then_some(whole)
    }
}

fn shares_of<'t>(payment: &'t [&Told]) -> impl Iterator<Item = &'t ShareFact> {
    payment.iter().map(|told| &told.share)
}

/// The least that an order costs of which this is a payment: each attempt of a cascade was for what the
/// shares before it left open. `None` where nobody knows which came before.
fn least(payment: &[&Told]) -> Option<u64> {
    if payment.len() > 1 && payment.iter().any(|told| told.share.sequence.is_none()) {
        return None;
    }
    let before = |attempt: &Told| {
        let earlier = payment.iter().filter(|told| told.share.sequence < attempt.share.sequence);
        secured(earlier.map(|told| &told.share))
    };
    let each = payment.iter().map(|told| before(told).saturating_add(told.share.meaning.worth));
    Some(each.max()?.max(secured(shares_of(payment))))
}

/// The transactions by payment; a refund stands with what it gives back.
fn by_payment(told: Vec<Told>) -> Vec<(Option<String>, Vec<Told>)> {
    let (credits, others): (Vec<Told>, Vec<Told>) =
        told.into_iter().partition(|told| told.share.kind == Kind::Credit);
    let mut payments: Vec<(Option<String>, Vec<Told>)> = Vec::new();
    for told in others {
        match payments.iter_mut().find(|(name, _)| *name == told.payment) {
            Some((_, payment)) => payment.push(told),
            None => payments.push((told.payment.clone(), vec![told])),
        }
    }
    let mut lone = Vec::new();
    for credit in credits {
        let gives_back = |payment: &Vec<Told>| {
            payment.iter().any(|told| Some(&told.share.share) == credit.share.parent.as_ref())
        };
        match payments.iter_mut().find(|(_, payment)| gives_back(payment)) {
            Some((_, payment)) => payment.push(credit),
            None => lone.push(credit),
        }
    }
    // Before what it may give back: an answer that has both must not release what the one takes from the other.
    if !lone.is_empty() {
        payments.insert(0, (None, lone));
    }
    payments
}

/// What of an answer notifications are not read for.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Beyond {
    order_details: Option<Effective>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Effective {
    order_effective_amount: Option<serde_json::Value>,
}

/// A transaction's own word on the order that it is of.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Within<'a> {
    #[serde(borrow)]
    order_details: Option<OrderDetails<'a>>,
}

#[derive(Deserialize)]
struct Withins<'a> {
    #[serde(borrow, default)]
    transactions: List<Within<'a>, MAX_SHARES_PER_NOTIFICATION>,
}

/// Where transactions say which order they are of, they say this one.
fn each_is_of(text: &str, about: &About) -> Result<(), Trouble> {
    let read: Withins<'_> = serde_json::from_str(text).map_err(|_| shapeless("of Order/Get"))?;
    let named = read.transactions.kept.iter().filter_map(|within| within.order_details.as_ref());
    for details in named.filter(|details| details.order_id.is_some()) {
        about.takes(details, false)?;
    }
    Ok(())
}

fn shapeless(what: &str) -> Trouble {
    trouble(TroubleKind::Garbled, format!("the answer {what} has another shape than documented"))
}

fn lacks(what: &str) -> Trouble {
    trouble(TroubleKind::Garbled, format!("the answer lacks its {what}"))
}

fn garbled(why: &Unreadable) -> Trouble {
    trouble(TroubleKind::Garbled, why.reason.clone())
}

fn contradiction(what: &str) -> Trouble {
    trouble(TroubleKind::Contradiction, format!("the answer is about {what}"))
}
