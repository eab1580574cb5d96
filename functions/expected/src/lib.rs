//! Registers what an order costs, on the merchant's word: `POST /expected`.

use lambda_http::{Body, Request, Response};
use quittance_aws::amend::{Amender, Price, Registration};
use quittance_aws::clock::now;
use quittance_aws::http::{Answer, JSON, posted};
use quittance_aws::posted::{currency, order, read};
use quittance_aws::trace::Trace;
use quittance_core::bodies::ExpectedBody;

/// What the body has to be.
const BODY: &str = "the body must be JSON with order (text), amount (a whole number) and currency (text), \
                    and nothing else";

/// What is said of any other amount.
const AMOUNT: &str = "amount must be in minor units, from 1 to 999999999999: 12000 for 120.00 EUR";

/// What is said where the amount stays.
const PAID: &str = "another amount is registered for the order, and something was paid";

/// What is said while the buyer may be paying another amount.
const OPEN: &str = "a payment of another amount is open for the order";

/// What a running function holds.
#[derive(Clone, Debug)]
pub struct Function {
    /// What writes the orders.
    pub amender: Amender,
}

impl Function {
    /// Answers one request.
    pub async fn handle(&self, request: &Request) -> Response<Body> {
        self.answer(request).await.unwrap_or_else(|answer| answer).into_json_response()
    }

    async fn answer(&self, request: &Request) -> Result<Answer, Answer> {
        posted(request, "POST", JSON)?;
        let ExpectedBody { order: key, amount, currency: code } = read(request.body(), BODY)?;
        let key = order(&key, self.amender.table.providers())?;
        let price = Price::new(amount, currency(&code)?).ok_or(Answer::Bad(AMOUNT))?;
        let trace = Trace::of(request);
        let registration = self.amender.register(&key, price, now(), trace.as_ref()).await;
        let order = match registration? {
            Registration::Done { order, .. } | Registration::Known(order) => order,
            Registration::Refused(_) => return Err(Answer::Contradicts(PAID)),
            Registration::Busy => return Err(Answer::Contradicts(OPEN)),
        };
        let view = order.view(self.amender.policy, now(), self.amender.table.providers());
        Ok(Answer::Json(serde_json::to_string(&view)?))
    }
}
