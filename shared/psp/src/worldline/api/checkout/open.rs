//! The talks that start a payment. (worldline.md 9)

use quittance_core::Timestamp;
use quittance_core::api::{
    CheckoutRefused, Dialogue, Exchange, NotStarted, Opening, Started, Trouble, TroubleKind, Turn,
};
use quittance_core::checkout::{Flow, Method, Offer, Opened, Proof, Wish};

use super::super::super::SESSION_SECONDS;
use super::super::call::{Endpoint, Request};
use super::super::failure::{Class, Failure};
use super::super::write::{Next, Write, Written};
use super::answer::{self, Step, opened, started};
use super::request::{Means, Wanted, hosted, server};

/// Largest picture for an app that is handed on, in bytes of Base64: one has some five thousand.
const MAX_QR_CODE_BYTES: usize = 64 * 1024;

/// How often a session that was surely not opened is asked for again: the pauses, in milliseconds.
const PAUSES: [u64; 2] = [500, 2_000];

/// The talk that starts what is wished.
///
/// # Errors
///
/// The platform would refuse it.
pub(in super::super) fn open(
    endpoint: Endpoint,
    wish: &Wish,
    attempt: u32,
) -> Result<Opening, CheckoutRefused> {
    let webhooks: Vec<String> = wish.notification_url.iter().cloned().collect();
    let wanted = Wanted {
        reference: &wish.reference,
        amount: wish.amount,
        currency: wish.currency,
        means: match wish.method {
            Method::Cvco => Means::Cvco,
            Method::Card => Means::Card,
            Method::Any => Means::Any,
        },
        approval: wish.approval,
        adjustable: wish.adjustable,
        beneficiary: wish.beneficiary.as_deref(),
        locale: wish.locale.as_deref(),
        return_url: &wish.return_url,
        webhooks: &webhooks,
        session_minutes: None,
    };
    let rule = |invalid: super::Invalid| CheckoutRefused::Rule(invalid.to_string());
    let reference = wish.reference.clone();
    match wish.flow {
        Flow::Hosted => {
            let request = hosted(&wanted).map_err(rule)?;
            let step = State::Due;
            Ok(Opening::Talk(Box::new(Hosted { endpoint, request, reference, failed: 0, step })))
        }
        Flow::Server => {
            let merchant = endpoint.account().merchant.clone();
            let request = server(&wanted, &merchant, &format!("checkout-{attempt}"));
            let write = Write::new(endpoint, request.map_err(rule)?);
            Ok(Opening::Talk(Box::new(Server { write, reference, end: None })))
        }
        Flow::Link => {
            let why = "payments by link are started at Lyra alone";
            Err(CheckoutRefused::Rule(why.to_owned()))
        }
    }
}

/// `CreateHostedCheckout`. No key makes a second one the same, so it is sent again only where surely nothing was
/// done. A session whose answer is lost ends unpaid: nobody has its address.
struct Hosted {
    endpoint: Endpoint,
    request: Request,
    reference: String,
    failed: usize,
    step: State,
}

enum State {
    Due,
    Sent,
    Pausing(u64),
    Ended(Started),
}

impl Dialogue<Started> for Hosted {
    fn next(&mut self, now: Timestamp) -> Turn<Started> {
        match &self.step {
            State::Due => {
                self.step = State::Sent;
                Turn::Send(self.endpoint.call(&self.request, now))
            }
            State::Sent => Turn::End(lost()),
            State::Pausing(milliseconds) => {
                let pause = Turn::Pause(*milliseconds);
                self.step = State::Due;
                pause
            }
            State::Ended(end) => Turn::End(end.clone()),
        }
    }

    fn heard(&mut self, exchange: Exchange) {
        if !matches!(self.step, State::Sent) {
            return;
        }
        let name = self.request.name;
        let failure = match exchange {
            Exchange::Answered { status: 200..=299, body } => {
                let read = opened(&body, &self.reference).map(|answer| {
                    let offer =
                        Offer { redirect_url: Some(answer.redirect_url), ..Offer::default() };
                    Box::new(Opened {
                        proof: Proof::new(&answer.return_mac, Some(&answer.checkout)),
                        id: answer.checkout,
                        offer,
                        seconds: SESSION_SECONDS,
                        unique: None,
                    })
                });
                self.step =
                    State::Ended(read.map_err(|trouble| NotStarted { trouble, uncertain: true }));
                return;
            }
            Exchange::Answered { status, body } => Failure::of(name, status, &body),
            Exchange::Unsent => {
                let why = format!("{name} was not sent: the host is not reached");
                Failure { class: Class::Busy, why }
            }
            Exchange::Lost => {
                self.step = State::Ended(lost());
                return;
            }
        };
        self.step = match PAUSES.get(self.failed) {
            Some(pause) if failure.class == Class::Busy => {
                self.failed += 1;
                State::Pausing(*pause)
            }
            _ => {
                let uncertain = matches!(failure.class, Class::Broken | Class::Garbled);
                State::Ended(Err(NotStarted { trouble: failure.trouble(), uncertain }))
            }
        };
    }
}

fn lost() -> Started {
    let why = "CreateHostedCheckout got no whole answer".to_owned();
    let trouble = Trouble { kind: TroubleKind::Unreachable, why };
    Err(NotStarted { trouble, uncertain: true })
}

/// `CreatePayment`, under one key in each attempt. (worldline.md 13)
struct Server {
    write: Write,
    reference: String,
    end: Option<Started>,
}

impl Dialogue<Started> for Server {
    fn next(&mut self, now: Timestamp) -> Turn<Started> {
        if let Some(end) = &self.end {
            return Turn::End(end.clone());
        }
        match self.write.next(now) {
            Next::Pause(pause) => Turn::Pause(pause),
            Next::Send(call) => Turn::Send(*call),
        }
    }

    fn heard(&mut self, exchange: Exchange) {
        self.end = match self.write.heard(exchange) {
            Ok(body) => match started(&body, &self.reference) {
                Ok(answer) => Some(offered(answer)),
                Err(trouble) if trouble.kind == TroubleKind::Garbled => {
                    self.write.garbled(&trouble.why).map(failed)
                }
                Err(trouble) => Some(Err(NotStarted { trouble, uncertain: true })),
            },
            Err(written) => written.map(failed),
        };
    }
}

fn failed(written: Written) -> Started {
    Err(match written {
        Written::Refused(why) => {
            let trouble = Trouble { kind: TroubleKind::Garbled, why };
            NotStarted { trouble, uncertain: false }
        }
        Written::Nothing(trouble) | Written::Failed(trouble) => {
            NotStarted { trouble, uncertain: false }
        }
        Written::Uncertain(trouble) => NotStarted { trouble, uncertain: true },
    })
}

/// What the buyer does next.
fn offered(answer: answer::Started) -> Started {
    if answer.refused {
        let why = "the payment was declined at once".to_owned();
        let trouble = Trouble { kind: TroubleKind::Garbled, why };
        return Err(NotStarted { trouble, uncertain: false });
    }
    let (mut offer, mut proof) = (Offer::default(), None);
    match answer.step {
        Some(Step::Form(form)) => {
            let fits = |picture: &String| picture.len() <= MAX_QR_CODE_BYTES;
            offer.app_url = form.app_url;
            offer.qr_code = form.qr_code.filter(fits);
            offer.polling_url = form.polling_url;
        }
        Some(Step::Redirect { url, return_mac }) => {
            offer.redirect_url = Some(url);
            proof = return_mac.and_then(|mac| Proof::new(&mac, None));
        }
        None => {}
    }
    let id = answer.payment;
    Ok(Box::new(Opened { id, offer, proof, seconds: SESSION_SECONDS, unique: None }))
}
