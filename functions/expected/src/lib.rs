//! Registers what an order costs, on the merchant's word: `POST /expected`.

use lambda_http::{Body, Request, Response};
use quittance_aws::StoreError;
use quittance_aws::amend::{Amender, Price, Registration};
use quittance_aws::clock::now;
use quittance_aws::http::Answer;
use quittance_aws::http::{JSON, posted};
use quittance_aws::trace::Trace;
use quittance_core::{Currency, OrderKey};
use quittance_psp::provider;
use serde::Deserialize;

/// What the body has to be.
const BODY: &str = "the body must be JSON with order (text), amount (a whole number) and currency (text), \
                    and nothing else";

/// What is said of an order that is named in another way.
const ORDER: &str =
    "order must be psp/merchant/mode/reference (worldline or systempay; test or production)";

/// What is said of any other currency.
const CURRENCY: &str = "currency must be the code of a currency with a known minor unit, as in EUR";

/// What is said of any other amount.
const AMOUNT: &str = "amount must be in minor units, from 1 to 999999999999: 12000 for 120.00 EUR";

/// What is said where the amount stays.
const PAID: &str = "another amount is registered for the order, and something was paid";

/// What a running function holds.
#[derive(Clone, Debug)]
pub struct Function {
    /// What writes the orders.
    pub amender: Amender,
}

/// What is posted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    order: String,
    amount: u64,
    currency: String,
}

impl Function {
    /// Answers one request.
    pub async fn handle(&self, request: &Request) -> Response<Body> {
        self.answer(request).await.unwrap_or_else(|answer| answer).into_json_response()
    }

    async fn answer(&self, request: &Request) -> Result<Answer, Answer> {
        posted(request, "POST", JSON)?;
        let (key, price) = read(request.body())?;
        let trace = Trace::of(request);
        let registration = self.amender.register(&key, price, now(), trace.as_ref()).await;
        let order = match registration.map_err(unavailable)? {
            Registration::Done { order, .. } | Registration::Known(order) => order,
            Registration::Refused(_) => return Err(Answer::Contradicts(PAID)),
        };
        let view = order.view(self.amender.policy, now(), self.amender.table.providers());
        Ok(Answer::Json(serde_json::to_string(&view).map_err(|error| unavailable(error.into()))?))
    }
}

fn read(body: &[u8]) -> Result<(OrderKey, Price), Answer> {
    // Members have names: a list of the right values is something else.
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(Answer::Bad(BODY));
    }
    let Expected { order, amount, currency } =
        serde_json::from_slice(body).map_err(|_| Answer::Bad(BODY))?;
    let key = OrderKey::from_text(&order).ok().filter(|key| provider(key.psp).is_some());
    let key = key.ok_or(Answer::Bad(ORDER))?;
    let currency = Currency::from_alpha(&currency).ok_or(Answer::Bad(CURRENCY))?;
    let price = Price::new(amount, currency).ok_or(Answer::Bad(AMOUNT))?;
    Ok((key, price))
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err asks for")]
fn unavailable(error: StoreError) -> Answer {
    tracing::error!(%error, "not registered");
    Answer::TryAgain
}
