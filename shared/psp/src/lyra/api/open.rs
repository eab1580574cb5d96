//! Starting what is wished: the signed form, which nothing is sent for, and the payment link. (lyra.md 13.6)

use quittance_core::Timestamp;
use quittance_core::api::{
    Call, CheckoutRefused, Dialogue, Exchange, NoAccess, NotStarted, Opening, Started, Trouble,
    TroubleKind, Turn,
};
use quittance_core::checkout::{Flow, Form, Method, Offer, Opened, Wish};
use quittance_core::key::Account;

use super::super::SESSION_SECONDS;
use super::checkout::{Failed, Means, Start, Unfit, form, link, read_link};
use super::credentials::Credentials;
use super::once::Once;

/// How long a form can be paid, in seconds: it may be posted until half an hour after it was signed, and the page that it
/// opens lives for a session.
const FORM_SECONDS: u64 = 30 * 60 + SESSION_SECONDS;

/// How long a payment link can be paid, in seconds: a buyer answers a letter within a week.
const LINK_SECONDS: u64 = 7 * 24 * 3_600;

/// How much longer it counts as open: whether the gateway ends links at the second or with the day is not known.
const LINK_MARGIN_SECONDS: u64 = 24 * 3_600;

/// What starts it.
///
/// # Errors
///
/// The gateway would refuse it, or there are no credentials.
pub(super) fn open(
    held: &Credentials,
    account: &Account,
    wish: &Wish,
    attempt: u32,
    now: Timestamp,
) -> Result<Opening, CheckoutRefused> {
    let start = start(wish);
    match wish.flow {
        Flow::Hosted => {
            let made = form(held, account, &start, attempt, now).map_err(refused)?;
            let day = made.trans_date.get(..8).unwrap_or(&made.trans_date);
            let name = [day, "-", &made.trans_id].concat();
            let fields = made.fields.into_iter().map(|(name, value)| (name.to_owned(), value));
            let form = Form { action: made.action, fields: fields.collect() };
            Ok(Opening::Ready(Box::new(Opened {
                id: name.clone(),
                offer: Offer { form: Some(form), ..Offer::default() },
                proof: None,
                seconds: FORM_SECONDS,
                unique: Some(name),
            })))
        }
        Flow::Link => {
            let call = link(held, account, &start, now.later(LINK_SECONDS)).map_err(refused)?;
            let asked = AskedFor { account: account.clone(), wish: wish.clone(), call };
            Ok(Opening::Talk(Box::new(Link { once: Once::new(), asked })))
        }
        Flow::Server => {
            let why = "payments from server to server are started at Worldline alone";
            Err(CheckoutRefused::Rule(why.to_owned()))
        }
    }
}

fn start(wish: &Wish) -> Start<'_> {
    Start {
        order: &wish.reference,
        amount: wish.amount,
        currency: wish.currency,
        means: match wish.method {
            Method::Cvco => Means::Vouchers,
            Method::Card => Means::Cards,
            Method::Any => Means::Any,
        },
        approval: wish.approval,
        locale: wish.locale.as_deref(),
        return_url: &wish.return_url,
        notification_url: wish.notification_url.as_deref(),
    }
}

fn refused(unfit: Unfit) -> CheckoutRefused {
    match unfit {
        Unfit::NoAccess => NoAccess::Missing.into(),
        rule => CheckoutRefused::Rule(rule.to_string()),
    }
}

/// `Charge/CreatePaymentOrder`. Two links can both be paid, so it is sent again only where nothing was sent. A link
/// whose answer is lost is known to nobody.
struct Link {
    once: Once<Started>,
    asked: AskedFor,
}

/// For what a link is asked, and the call for it.
struct AskedFor {
    account: Account,
    wish: Wish,
    call: Call,
}

impl Dialogue<Started> for Link {
    fn next(&mut self, _: Timestamp) -> Turn<Started> {
        let Self { once, asked } = self;
        once.next(|| asked.call.clone(), |exchange| asked.read(exchange))
    }

    fn heard(&mut self, exchange: Exchange) {
        let Self { once, asked } = self;
        once.heard(&exchange, |exchange| asked.read(exchange));
    }
}

impl AskedFor {
    fn read(&self, exchange: &Exchange) -> Started {
        let uncertain = !matches!(exchange, Exchange::Unsent);
        match read_link(&self.account, &start(&self.wish), exchange) {
            Ok(link) => Ok(Box::new(Opened {
                id: link.id,
                offer: Offer { redirect_url: Some(link.url), ..Offer::default() },
                proof: None,
                seconds: LINK_SECONDS + LINK_MARGIN_SECONDS,
                unique: None,
            })),
            Err(Failed::Refused(why)) => {
                let trouble = Trouble { kind: TroubleKind::Garbled, why };
                Err(NotStarted { trouble, uncertain: false })
            }
            Err(Failed::Trouble(trouble)) => Err(NotStarted { trouble, uncertain }),
        }
    }
}
