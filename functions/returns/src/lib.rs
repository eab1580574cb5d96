//! Where a provider sends the buyer's browser back: `GET` and `POST /returns/<psp>`. The return is verified, then the
//! provider is asked, and the buyer goes on to the shop. A return is never a fact by itself.

use lambda_http::http::Method;
use lambda_http::{Body, Request, Response};
use percent_encoding::utf8_percent_encode;
use quittance_aws::ask::Asker;
use quittance_aws::http::Answer;
use quittance_core::api::{Arrived, NoReturn, Returned};
use quittance_core::key::SEGMENT;
use quittance_core::limits::MAX_BODY_BYTES;
use quittance_core::{OrderKey, ProviderId};

/// What comes before the provider's word in the path.
const ROUTE: &str = "/returns/";

/// What is said of a return that is not the provider's.
const FORGED: &str = "this is no return from the payment page";

/// What a running function holds.
#[derive(Clone, Debug)]
pub struct Function {
    /// Asks, and has what proves returns.
    pub asker: Asker,
}

/// To whom a genuine return leads.
struct Return {
    key: OrderKey,
    /// Where the merchant wants the buyer.
    url: String,
}

impl Function {
    /// Answers one request.
    pub async fn handle(&self, request: &Request) -> Response<Body> {
        self.answer(request).await.unwrap_or_else(|answer| answer).into_json_response()
    }

    async fn answer(&self, request: &Request) -> Result<Answer, Answer> {
        if *request.method() != Method::GET && *request.method() != Method::POST {
            return Err(Answer::WrongMethod("GET, POST"));
        }
        if request.body().len() > MAX_BODY_BYTES {
            return Err(Answer::TooLarge);
        }
        let psp = request.uri().path().strip_prefix(ROUTE).and_then(|word| word.parse().ok());
        let psp: ProviderId = psp.ok_or(Answer::NotFound)?;
        let query = request.uri().query().unwrap_or("");
        let arrived = Arrived { query, body: request.body() };
        let Return { key, url } = self.verify(psp, &arrived).await?;
        let mut stored = self.asker.receiver.table.load_order(&key).await?;
        // Once the order is released there is nothing to wait for, and a return can be repeated at will.
        if stored.order.fulfilment().is_none() {
            match self.asker.ask(&key).await {
                Ok(asked) => stored = asked.stored,
                // What cannot be asked now is asked about later. The buyer is not kept.
                Err(error) => {
                    tracing::warn!(order = %key, why = error.word(), "not asked for a return");
                }
            }
        }
        let state = stored.order.summary(self.asker.receiver.policy).state;
        Ok(Answer::SeeOther(with_query(&url, &[("order", &key.order), ("state", state.as_str())])))
    }

    /// To whom a return leads that is the provider's.
    async fn verify(&self, psp: ProviderId, arrived: &Arrived<'_>) -> Result<Return, Answer> {
        let forged = |NoReturn(why): NoReturn| {
            tracing::warn!(%psp, why, outcome = "refused", "return refused");
            Answer::Bad(FORGED)
        };
        let unknown = || forged(NoReturn("no session was opened with it"));
        let api = self.asker.apis.of(psp).await.ok_or_else(unknown)?;
        let table = &self.asker.receiver.table;
        match api.returned(arrived).map_err(forged)? {
            Returned::Shown(proof) => {
                let key = table.returned_to(psp, &proof).await?;
                let key = key.ok_or_else(unknown)?;
                let held = table.sessions_of(&key).await?;
                let session = held.sessions.proven(&proof).ok_or_else(unknown)?;
                Ok(Return { url: session.return_url.clone(), key })
            }
            Returned::Order { account, order } => {
                let key = OrderKey::new(psp, &account.merchant, account.mode, &order);
                let key = key.map_err(|_| unknown())?;
                let held = table.sessions_of(&key).await?;
                let session = held.sessions.newest().ok_or_else(unknown)?;
                Ok(Return { url: session.return_url.clone(), key })
            }
        }
    }
}

/// An address with these fields added to its query.
fn with_query(url: &str, fields: &[(&str, &str)]) -> String {
    let (address, fragment) = url.split_at(url.find('#').unwrap_or(url.len()));
    let mut sign = if address.contains('?') { '&' } else { '?' };
    let mut whole = address.to_owned();
    for (name, value) in fields {
        whole.push(sign);
        whole.push_str(name);
        whole.push('=');
        whole.extend(utf8_percent_encode(value, SEGMENT));
        sign = '&';
    }
    whole.push_str(fragment);
    whole
}
