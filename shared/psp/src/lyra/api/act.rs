//! Moving money: one call that is never repeated once anything of it may have been sent. The gateway makes two
//! refunds of one that is sent twice. (lyra.md 13.5)

use quittance_core::Timestamp;
use quittance_core::api::{Action, Dialogue, Effect, Exchange, Trouble, TroubleKind, Turn, Verb};
use quittance_core::fact::Kind;
use quittance_core::key::Account;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::super::rest::{Answered, OrderDetails};
use super::super::transaction::Beside;
use super::call::Prepared;
use super::credentials::Login;
use super::envelope::{Failure, Heard, heard, trouble, word};
use super::errors::Sense;
use super::listed::is_uuid;
use super::once::Once;
use super::refusal::declined;

#[derive(Serialize)]
struct Refund<'a> {
    uuid: &'a str,
    amount: u64,
    currency: &'static str,
    comment: &'a str,
}

#[derive(Serialize)]
struct Whole<'a> {
    uuid: &'a str,
    comment: &'a str,
}

/// The talk.
pub(super) struct Act {
    once: Once<Effect>,
    meant: Meant,
}

/// What is to be done, and the call for it.
struct Meant {
    account: Account,
    action: Action,
    prepared: Prepared,
}

impl Act {
    /// A talk that does this.
    pub(super) fn new(login: Login<'_>, action: &Action) -> Self {
        let Action { target: uuid, intent: comment, amount, currency, .. } = action;
        let prepared = match action.verb {
            Verb::Refund => {
                let currency = currency.code();
                let request = Refund { uuid, amount: *amount, currency, comment };
                Prepared::new(login, "Transaction/Refund", &request)
            }
            Verb::Cancel => Prepared::new(login, "Transaction/Cancel", &Whole { uuid, comment }),
            Verb::Capture => Prepared::new(login, "Transaction/Validate", &Whole { uuid, comment }),
        };
        let once = impossible(action)
            .map_or_else(Once::new, |why| Once::over(Effect::Refused { why: why.to_owned() }));
        let (account, action) = (login.account.clone(), action.clone());
        Self { once, meant: Meant { account, action, prepared } }
    }
}

impl Meant {
    fn effect(&self, exchange: &Exchange) -> Effect {
        match heard(exchange, self.prepared.service(), &self.account) {
            Heard::Success(answer) => self.done(answer),
            Heard::Failure(failure) => denied(&failure),
            Heard::Unsent => {
                Effect::Nothing(trouble(TroubleKind::Unreachable, "the provider cannot be reached"))
            }
            Heard::Lost => Effect::Uncertain(trouble(
                TroubleKind::Unreachable,
                "no answer of the provider came, and the call may have arrived",
            )),
            Heard::Garbled(trouble) => Effect::Uncertain(trouble),
        }
    }

    /// What was done, by the transaction that is answered. Whatever it is of another than the one meant, nobody
    /// knows what was done.
    fn done(&self, answer: &RawValue) -> Effect {
        let made = match Made::read(answer, &self.account, &self.action) {
            Ok(made) => made,
            Err(trouble) => return Effect::Uncertain(trouble),
        };
        let taken = Effect::Taken { psp_id: Some(made.uuid) };
        let expected: &[&str] = match self.action.verb {
            Verb::Cancel => &["CANCELLED"],
            Verb::Capture => &["AUTHORISED", "CAPTURED", "WAITING_AUTHORISATION"],
            Verb::Refund => {
                return match made.status.as_str() {
                    "REFUSED" | "CANCELLED" => Effect::Refused { why: made.declined },
                    _ => taken,
                };
            }
        };
        if expected.contains(&made.status.as_str()) {
            taken
        } else {
            Effect::Uncertain(contradiction(
                "the transaction is not in the state that was asked for",
            ))
        }
    }
}

/// Why this cannot be asked for, if so.
fn impossible(action: &Action) -> Option<&'static str> {
    if !is_uuid(&action.target) {
        return Some("the provider's uuid of the share is not known");
    }
    match action.verb {
        Verb::Refund => (action.amount == 0).then_some("a refund of nothing"),
        Verb::Cancel => (!action.whole).then_some("a share can only be cancelled whole"),
        Verb::Capture => (!action.whole).then_some("a share can only be captured whole"),
    }
}

/// What an error means for the money.
fn denied(failure: &Failure) -> Effect {
    let why = failure.why();
    match failure.sense {
        Sense::Credentials | Sense::NotOffered => {
            Effect::Nothing(trouble(TroubleKind::Credentials, why))
        }
        Sense::Busy => Effect::Nothing(trouble(TroubleKind::Unreachable, why)),
        Sense::Request | Sense::NotFound | Sense::State | Sense::Declined => {
            Effect::Refused { why }
        }
        Sense::Platform => Effect::Uncertain(trouble(TroubleKind::Unreachable, why)),
        Sense::TooMany | Sense::Unknown => Effect::Uncertain(trouble(TroubleKind::Garbled, why)),
    }
}

fn contradiction(why: &str) -> Trouble {
    trouble(TroubleKind::Contradiction, why)
}

/// The transaction that is answered: what was made, or what was changed.
struct Made {
    uuid: String,
    status: String,
    /// Why it was declined, if it was.
    declined: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Within<'a> {
    #[serde(borrow)]
    order_details: Option<OrderDetails<'a>>,
}

impl Made {
    fn read(answer: &RawValue, account: &Account, action: &Action) -> Result<Self, Trouble> {
        let text = answer.get();
        let shapeless =
            || trouble(TroubleKind::Garbled, "the answer is no transaction that can be read");
        let transaction: Answered<'_> = serde_json::from_str(text).map_err(|_| shapeless())?;
        let within: Within<'_> = serde_json::from_str(text).map_err(|_| shapeless())?;
        let read = transaction.read(action.currency, &mut Beside::default());
        let (share, _) = read.map_err(|_| shapeless())?;
        let of_order = within.order_details.as_ref();
        let mode = of_order.and_then(|details| details.mode.as_deref());
        if transaction.shop_id.as_deref() != Some(&account.merchant)
            || mode.is_some_and(|mode| mode != word(account.mode))
        {
            return Err(contradiction("the answer is about another shop or mode"));
        }
        let is_named = of_order
            .and_then(|details| details.order_id.as_deref())
            .is_some_and(|order| order == action.order);
        let fits = match action.verb {
            Verb::Refund => {
                // Where what it gives back is not said, the order has to be.
                let of = share.parent.as_deref().map_or(is_named, |of| of == action.target);
                let sum = (share.amount, share.currency) == (action.amount, action.currency);
                share.kind == Kind::Credit && share.share != action.target && of && sum
            }
            Verb::Cancel | Verb::Capture => {
                share.kind == Kind::Debit && share.share == action.target
            }
        };
        if !fits {
            return Err(contradiction("the answer is about another transaction"));
        }
        let status = share.said.shown().into_owned();
        Ok(Self { declined: declined(&status, &transaction), uuid: share.share, status })
    }
}

impl Dialogue<Effect> for Act {
    fn next(&mut self, _: Timestamp) -> Turn<Effect> {
        let Self { once, meant } = self;
        once.next(|| meant.prepared.call(), |exchange| meant.effect(exchange))
    }

    fn heard(&mut self, exchange: Exchange) {
        let Self { once, meant } = self;
        once.heard(&exchange, |exchange| meant.effect(exchange));
    }
}
