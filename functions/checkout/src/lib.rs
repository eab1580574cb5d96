//! Starts payments: `POST /checkouts`.

use lambda_http::{Body, Request, Response};
use quittance_aws::ask::AskError;
use quittance_aws::http::{Answer, JSON, posted};
use quittance_aws::posted::{currency, order, read};
use quittance_aws::start::{Checkout, StartError, Starter};
use quittance_core::OrderKey;
use quittance_core::api::CheckoutRefused;
use quittance_core::bodies::{CheckoutBody, Failure, MAX_URL_CHARACTERS, OpenSession, Started};
use quittance_core::checkout::{Conflict, Wish};
use serde_json::json;

/// What the body has to be.
const BODY: &str = "the body must be JSON with order, currency, method (CVCO, card or any), return_url (text), amount (a \
                    whole number), perhaps flow (hosted, server or link), approval, adjustable (true or false), \
                    beneficiary, locale (text), and nothing else";

/// What is said of an address to which no browser goes.
const RETURN_URL: &str = "return_url must be an https:// address of at most 2048 characters, without blanks (http:// for \
                          a shop under development)";

/// What is said of a price of nothing, or beyond what is taken.
const AMOUNT: &str = "amount must be in minor units, from 1 to 999999999999: 12000 for 120.00 EUR";

/// What a running function holds.
#[derive(Clone, Debug)]
pub struct Function {
    /// What starts payments.
    pub starter: Starter,
}

impl Function {
    /// Answers one request.
    pub async fn handle(&self, request: &Request) -> Response<Body> {
        self.answer(request).await.unwrap_or_else(|answer| answer).into_json_response()
    }

    async fn answer(&self, request: &Request) -> Result<Answer, Answer> {
        posted(request, "POST", JSON)?;
        let posted: CheckoutBody = read(request.body(), BODY)?;
        let key = order(&posted.order, self.starter.asker.receiver.table.providers())?;
        let wish = wish(&key, &posted)?;
        let Checkout { id, offer, is_new, .. } =
            self.starter.start(&key, &wish).await.map_err(refused)?;
        let checkout = OpenSession { id: &id, offer: &offer };
        let (order, expected) = (&*posted.order, wish.amount);
        let started = Started { order, expected, checkout };
        let text = serde_json::to_string(&started)?;
        Ok(if is_new { Answer::Created(text) } else { Answer::Json(text) })
    }
}

fn wish(key: &OrderKey, posted: &CheckoutBody) -> Result<Wish, Answer> {
    let url = &posted.return_url;
    let goes = ["https://", "http://"].iter().any(|scheme| {
        url.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
    });
    let is_plain = url.chars().all(|c| c.is_ascii_graphic()) && url.len() <= MAX_URL_CHARACTERS;
    if !goes || !is_plain {
        return Err(forbidden(RETURN_URL));
    }
    if posted.amount == 0 || posted.amount > quittance_core::limits::MAX_AMOUNT {
        return Err(Answer::Bad(AMOUNT));
    }
    Ok(Wish {
        reference: key.order.clone(),
        amount: posted.amount,
        currency: currency(&posted.currency)?,
        method: posted.method,
        flow: posted.flow,
        approval: posted.approval,
        adjustable: posted.adjustable,
        beneficiary: posted.beneficiary.clone(),
        locale: posted.locale.clone(),
        return_url: url.clone(),
        notification_url: None,
    })
}

fn refused(error: StartError) -> Answer {
    match error {
        StartError::Refused(CheckoutRefused::NoAccess(why)) => AskError::NoAccess(why).into(),
        StartError::Refused(CheckoutRefused::Rule(why)) => forbidden(&why),
        StartError::Conflict(conflict) => Answer::Contradicts(match conflict {
            Conflict::Open => {
                "a payment of the order is open with another amount, currency, method, flow or return address"
            }
            Conflict::Starting => {
                "a payment of the order is being started with other values: try again in a minute"
            }
            Conflict::Paid => "something was paid for the order",
        }),
        StartError::NotStarted(trouble) => Answer::Unanswered(trouble.to_string()),
        StartError::Store(error) => error.into(),
    }
}

fn forbidden(why: &str) -> Answer {
    Answer::Forbidden(json!(Failure { error: why.to_owned() }).to_string())
}
