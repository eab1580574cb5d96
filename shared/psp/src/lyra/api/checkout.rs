//! Starting a payment: the signed form, the payment link, the token of the embedded form. (lyra.md 13.6)
//!
//! Nothing here is sent. What the gateway would refuse in front of the buyer is refused before.

use quittance_core::Timestamp;
use quittance_core::api::{Call, Exchange, Trouble, TroubleKind};
use quittance_core::crypto::sha256_hex;
use quittance_core::key::Account;
use quittance_core::limits::MAX_AMOUNT;
use quittance_core::money::Currency;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::super::form::Form;
use super::super::signature::{Algorithm, form_signature};
use super::call::Prepared;
use super::credentials::{Credentials, Grant};
use super::envelope::{Heard, heard, trouble, word};
use super::errors::Sense;
use super::listed::is_uuid;
use crate::text::{Number, Text};

/// With what the buyer may pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// Chèque-Vacances Connect, and a card for what it leaves open.
    Vouchers,
    /// Cards.
    Cards,
    /// Either. The vouchers are left out where they cannot serve: under [`LEAST_BY_VOUCHER`], in another
    /// currency, or where the merchant wants to approve.
    Any,
}

/// A payment that is to be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start<'a> {
    /// The order's reference.
    pub order: &'a str,
    /// What it costs, in minor units.
    pub amount: u64,
    /// Of what.
    pub currency: Currency,
    /// With what it may be paid.
    pub means: Means,
    /// Whether the merchant takes the money by a call of his own later.
    pub approval: bool,
    /// The buyer's language and country (`fr_FR`).
    pub locale: Option<&'a str>,
    /// Where the browser goes afterwards.
    pub return_url: &'a str,
    /// Where notifications go instead of the address in the Back Office.
    pub notification_url: Option<&'a str>,
}

/// The least for which vouchers are offered, in cents. (lyra.md 4.4)
pub const LEAST_BY_VOUCHER: u64 = 2_000;

/// Longest address of a return or notification, in bytes. (lyra.md 13.6)
pub const MAX_URL_BYTES: usize = 1_024;

/// Longest reference of an order at the gateway, in bytes. (lyra.md 13.6)
pub const MAX_ORDER_BYTES: usize = 64;

/// Why a payment cannot be started. Nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// The merchant has no key or password for this, or the brand's host is not known.
    #[error("no credentials for this are configured for the merchant and mode")]
    NoAccess,
    /// The reference cannot be told to the gateway.
    #[error("the order's reference must have 1 to {MAX_ORDER_BYTES} letters, digits, - and _")]
    Order,
    /// Nothing is to be paid.
    #[error("the amount is zero")]
    Nothing,
    /// The amount has more than twelve digits.
    #[error("the amount has more than 12 digits")]
    Amount,
    /// Nobody can say what an amount in this currency is worth.
    #[error("the provider and the standard differ on the minor unit of this currency")]
    Currency,
    /// Vouchers are in euros.
    #[error("Chèque-Vacances Connect is paid in EUR only")]
    VoucherCurrency,
    /// The vouchers' platform does not offer them for so little.
    #[error("Chèque-Vacances Connect is offered from 20.00 EUR only")]
    VoucherAmount,
    /// Vouchers are taken at once.
    #[error("a payment by Chèque-Vacances Connect cannot be approved later")]
    VoucherApproval,
    /// The embedded form does not sell vouchers.
    #[error("the embedded form does not take Chèque-Vacances Connect: use the form or a link")]
    VoucherToken,
    /// Whether links can wait for an approval is not known.
    #[error("a payment link cannot wait for an approval")]
    LinkApproval,
    /// An address is too long, or none.
    #[error(
        "an address must begin with https:// or http:// and have at most {MAX_URL_BYTES} bytes"
    )]
    Url,
    /// The locale is none.
    #[error("the locale must be like fr_FR")]
    Locale,
    /// The token of a link is none.
    #[error("the payment link's id must be 32 hexadecimal digits")]
    Link,
}

impl Start<'_> {
    /// Refuses what the gateway would refuse in front of the buyer.
    ///
    /// # Errors
    ///
    /// [`Unfit`].
    pub fn check(&self) -> Result<(), Unfit> {
        let fits = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
        if !(1..=MAX_ORDER_BYTES).contains(&self.order.len()) || !self.order.bytes().all(fits) {
            return Err(Unfit::Order);
        }
        match self.amount {
            0 => return Err(Unfit::Nothing),
            1..=MAX_AMOUNT => {}
            _ => return Err(Unfit::Amount),
        }
        self.currency.exponent().ok_or(Unfit::Currency)?;
        for url in [self.return_url].into_iter().chain(self.notification_url) {
            let begins = url.starts_with("https://") || url.starts_with("http://");
            let odd = |c: char| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>' | '"');
            if !begins || url.len() > MAX_URL_BYTES || url.contains(odd) {
                return Err(Unfit::Url);
            }
        }
        if self.locale.is_some_and(|locale| language(locale).is_none()) {
            return Err(Unfit::Locale);
        }
        match self.vouchers() {
            Err(unfit) if self.means == Means::Vouchers => Err(unfit),
            _ => Ok(()),
        }
    }

    /// Whether vouchers can serve, or why not.
    fn vouchers(&self) -> Result<(), Unfit> {
        if self.currency.code() != "EUR" {
            Err(Unfit::VoucherCurrency)
        } else if self.amount < LEAST_BY_VOUCHER {
            Err(Unfit::VoucherAmount)
        } else if self.approval {
            Err(Unfit::VoucherApproval)
        } else {
            Ok(())
        }
    }

    /// The brands that are offered: never none, which would offer all.
    fn brands<'b>(&self, grant: &'b Grant) -> Vec<&'b str> {
        let voucher = (self.means != Means::Cards && self.vouchers().is_ok()).then_some("CVCO");
        let cards =
            grant.cards.iter().map(String::as_str).filter(|_| self.means != Means::Vouchers);
        voucher.into_iter().chain(cards).collect()
    }
}

/// The language of a locale: `fr` of `fr_FR`.
fn language(locale: &str) -> Option<&str> {
    let (language, country) = locale.split_once('_')?;
    let is_two = |text: &str, of: fn(&u8) -> bool| text.len() == 2 && text.bytes().all(|b| of(&b));
    let fits = is_two(language, u8::is_ascii_lowercase) && is_two(country, u8::is_ascii_uppercase);
    fits.then_some(language)
}

/// A form for the buyer's browser to post. It can be used once, and only for about half an hour: it is signed when
/// the buyer wants to pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentForm {
    /// Where to.
    pub action: String,
    /// All fields, `signature` first.
    pub fields: Vec<(&'static str, String)>,
    /// The payment's id, which no other of the shop's may have on this UTC day.
    pub trans_id: String,
    /// The day and second that it is signed for, as fourteen digits in UTC.
    pub trans_date: String,
}

/// The signed form that starts a payment. `attempt` tells the forms of one order apart, also where the id of the
/// one before was taken.
///
/// # Errors
///
/// [`Unfit`].
pub fn form(
    held: &Credentials,
    account: &Account,
    start: &Start<'_>,
    attempt: u32,
    now: Timestamp,
) -> Result<PaymentForm, Unfit> {
    start.check()?;
    let grant = held.of(account).ok_or(Unfit::NoAccess)?;
    let (key, action) = grant.form.as_ref().zip(grant.form_url.clone()).ok_or(Unfit::NoAccess)?;
    let trans_date: String = now.to_string().chars().filter(char::is_ascii_digit).collect();
    let trans_id = trans_id(&account.merchant, &trans_date, start.order, attempt);
    let mut fields = vec![
        ("vads_action_mode", "INTERACTIVE".to_owned()),
        ("vads_amount", start.amount.to_string()),
        ("vads_capture_delay", "0".to_owned()),
        ("vads_ctx_mode", word(account.mode).to_owned()),
        ("vads_currency", start.currency.numeric()),
        ("vads_order_id", start.order.to_owned()),
        ("vads_page_action", "PAYMENT".to_owned()),
        ("vads_payment_cards", start.brands(grant).join(";")),
        ("vads_payment_config", "SINGLE".to_owned()),
        ("vads_redirect_error_timeout", "5".to_owned()),
        ("vads_redirect_success_timeout", "0".to_owned()),
        ("vads_return_mode", "POST".to_owned()),
        ("vads_site_id", account.merchant.clone()),
        ("vads_trans_date", trans_date.clone()),
        ("vads_trans_id", trans_id.clone()),
        ("vads_url_return", start.return_url.to_owned()),
        ("vads_validation_mode", if start.approval { "1" } else { "0" }.to_owned()),
        ("vads_version", "V2".to_owned()),
    ];
    let language = start.locale.and_then(language);
    fields.extend(language.map(|language| ("vads_language", language.to_owned())));
    fields.extend(start.notification_url.map(|url| ("vads_url_check", url.to_owned())));
    fields.sort_unstable();
    let body = encoded(&fields);
    let form = Form::parse(body.as_bytes()).map_err(|_| Unfit::NoAccess)?;
    let signature = form_signature(key, &form, Algorithm::HmacSha256);
    fields.insert(0, ("signature", signature));
    Ok(PaymentForm { action, fields, trans_id, trans_date })
}

/// The fields as a browser posts them.
fn encoded(fields: &[(&'static str, String)]) -> String {
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    let pair = |(name, value): &(&str, String)| {
        format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC))
    };
    fields.iter().map(pair).collect::<Vec<_>>().join("&")
}

/// How many ids there are: six digits in base 36.
const TRANS_IDS: u64 = 36_u64.pow(6);

/// The id of an order's attempt on a day: six lower-case letters and digits, as if drawn by lot, so that two hardly
/// ever meet. Case tells nothing at the gateway. (lyra.md 13.6)
pub fn trans_id(site: &str, trans_date: &str, order: &str, attempt: u32) -> String {
    let day = trans_date.get(..8).unwrap_or(trans_date);
    let digest = sha256_hex(format!("{site}\n{day}\n{order}\n{attempt}").as_bytes());
    let number = digest.get(..15).and_then(|digits| u64::from_str_radix(digits, 16).ok());
    let mut number = number.unwrap_or_default() % TRANS_IDS;
    let mut digits = [b'0'; 6];
    for slot in digits.iter_mut().rev() {
        let digit = u8::try_from(number % 36).unwrap_or_default();
        *slot = if digit < 10 { b'0' + digit } else { b'a' + (digit - 10) };
        number /= 36;
    }
    digits.iter().map(|digit| char::from(*digit)).collect()
}

/// Why a call that starts a payment came to nothing. No money moved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failed {
    /// The gateway refused it, for good.
    #[error("{0}")]
    Refused(String),
    /// It may be tried again.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

/// A payment link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The gateway's id.
    pub id: String,
    /// Where the buyer pays.
    pub url: String,
    /// What has become of it.
    pub state: LinkState,
}

/// What has become of a payment link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// It can be paid.
    Running,
    /// It was paid. What came in is for the order's transactions to say.
    Paid,
    /// The payment was refused.
    Refused,
    /// Its time has passed.
    Expired,
    /// The merchant ended it.
    Cancelled,
    /// A word that is not documented.
    Unknown,
}

impl LinkState {
    /// Whether nobody can pay it any more.
    pub fn is_over(self) -> bool {
        !matches!(self, Self::Running | Self::Unknown)
    }

    fn of(word: &str) -> Self {
        match word {
            "RUNNING" => Self::Running,
            "PAID" => Self::Paid,
            "REFUSED" => Self::Refused,
            "EXPIRED" => Self::Expired,
            "CANCELED" | "CANCELLED" => Self::Cancelled,
            _ => Self::Unknown,
        }
    }
}

const CREATE_LINK: &str = "Charge/CreatePaymentOrder";
const GET_LINK: &str = "Charge/PaymentOrder/Get";
const CREATE_TOKEN: &str = "Charge/CreatePayment";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CreatePaymentOrder<'a> {
    amount: u64,
    currency: &'static str,
    order_id: &'a str,
    channel_options: ChannelOptions,
    payment_methods: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    locale: Option<&'a str>,
    return_mode: &'static str,
    return_url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ipn_target_url: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChannelOptions {
    channel_type: &'static str,
}

/// The call that makes a payment link, which can be paid until `expires`. Sent twice it makes two, and both can be
/// paid.
///
/// # Errors
///
/// [`Unfit`].
pub fn link(
    held: &Credentials,
    account: &Account,
    start: &Start<'_>,
    expires: Option<Timestamp>,
) -> Result<Call, Unfit> {
    start.check()?;
    if start.approval {
        return Err(Unfit::LinkApproval);
    }
    let grant = held.of(account).ok_or(Unfit::NoAccess)?;
    let login = grant.login().ok_or(Unfit::NoAccess)?;
    let request = CreatePaymentOrder {
        amount: start.amount,
        currency: start.currency.code(),
        order_id: start.order,
        channel_options: ChannelOptions { channel_type: "URL" },
        payment_methods: start.brands(grant),
        expiration_date: expires.map(|at| at.to_string().replace('Z', "+00:00")),
        locale: start.locale,
        return_mode: "GET",
        return_url: start.return_url,
        ipn_target_url: start.notification_url,
    };
    Ok(Prepared::new(login, CREATE_LINK, &request).call())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GetPaymentOrder<'a> {
    payment_order_id: &'a str,
}

/// The call that asks what has become of a payment link.
///
/// # Errors
///
/// [`Unfit`].
pub fn link_state(held: &Credentials, account: &Account, id: &str) -> Result<Call, Unfit> {
    if !is_uuid(id) {
        return Err(Unfit::Link);
    }
    let login = held.of(account).and_then(Grant::login).ok_or(Unfit::NoAccess)?;
    Ok(Prepared::new(login, GET_LINK, &GetPaymentOrder { payment_order_id: id }).call())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PaymentOrder<'a> {
    #[serde(borrow)]
    payment_order_id: Option<Text<'a>>,
    payment_order_status: Option<Text<'a>>,
    #[serde(rename = "paymentURL")]
    payment_url: Option<Text<'a>>,
    amount: Option<Number>,
    currency: Option<Text<'a>>,
    order_id: Option<Text<'a>>,
}

/// The link of an answer to [`link`].
///
/// # Errors
///
/// [`Failed`]: also where the answer is about another order or amount.
pub fn read_link(
    account: &Account,
    start: &Start<'_>,
    exchange: &Exchange,
) -> Result<Link, Failed> {
    let answer = answer(exchange, CREATE_LINK, account)?;
    let (link, said) = read_payment_order(answer)?;
    let sum = said.amount.map(|amount| amount.0).zip(said.currency.as_deref());
    let order = said.order_id.as_deref().is_none_or(|order| order == start.order);
    if sum != Some((start.amount, start.currency.code())) || !order {
        return Err(contradiction("the link is for another order or amount"));
    }
    Ok(link)
}

/// What has become of the link, out of an answer to [`link_state`].
///
/// # Errors
///
/// [`Failed`]: also where the answer is about another link.
pub fn read_link_state(account: &Account, id: &str, exchange: &Exchange) -> Result<Link, Failed> {
    let answer = answer(exchange, GET_LINK, account)?;
    let (link, _) = read_payment_order(answer)?;
    if link.id != id {
        return Err(contradiction("the answer is about another link"));
    }
    Ok(link)
}

fn read_payment_order(answer: &RawValue) -> Result<(Link, PaymentOrder<'_>), Failed> {
    let garbled = || garbled("the answer is no payment link that can be read");
    let said: PaymentOrder<'_> = serde_json::from_str(answer.get()).map_err(|_| garbled())?;
    let id = said.payment_order_id.as_deref().filter(|id| is_uuid(id)).ok_or_else(garbled)?;
    let begins = |url: &&str| url.starts_with("https://") || url.starts_with("http://");
    let fits = |url: &&str| url.len() <= MAX_URL_BYTES && !url.contains(char::is_control);
    let url = said.payment_url.as_deref().filter(begins).filter(fits).ok_or_else(garbled)?;
    let state = LinkState::of(said.payment_order_status.as_deref().ok_or_else(garbled)?);
    Ok((Link { id: id.to_owned(), url: url.to_owned(), state }, said))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CreatePayment<'a> {
    amount: u64,
    currency: &'static str,
    order_id: &'a str,
    transaction_options: TransactionOptions,
    #[serde(skip_serializing_if = "Option::is_none")]
    ipn_target_url: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TransactionOptions {
    card_options: CardOptions,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CardOptions {
    capture_delay: u32,
    manual_validation: &'static str,
}

/// The call that makes a token for the embedded form. It serves cards alone, for fifteen minutes.
///
/// # Errors
///
/// [`Unfit`].
pub fn token(held: &Credentials, account: &Account, start: &Start<'_>) -> Result<Call, Unfit> {
    start.check()?;
    if start.means == Means::Vouchers {
        return Err(Unfit::VoucherToken);
    }
    let login = held.of(account).and_then(Grant::login).ok_or(Unfit::NoAccess)?;
    let manual_validation = if start.approval { "YES" } else { "NO" };
    let request = CreatePayment {
        amount: start.amount,
        currency: start.currency.code(),
        order_id: start.order,
        transaction_options: TransactionOptions {
            card_options: CardOptions { capture_delay: 0, manual_validation },
        },
        ipn_target_url: start.notification_url,
    };
    Ok(Prepared::new(login, CREATE_TOKEN, &request).call())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PaymentToken<'a> {
    #[serde(borrow)]
    form_token: Option<Text<'a>>,
}

/// The token of an answer to [`token`].
///
/// # Errors
///
/// [`Failed`].
pub fn read_token(account: &Account, exchange: &Exchange) -> Result<String, Failed> {
    let answer = answer(exchange, CREATE_TOKEN, account)?;
    let said: Option<PaymentToken<'_>> = serde_json::from_str(answer.get()).ok();
    let token = said.and_then(|said| said.form_token).filter(|token| !token.is_empty());
    token
        .map(|token| token.0.into_owned())
        .ok_or_else(|| garbled("the answer is no token that can be read"))
}

fn answer<'e>(
    exchange: &'e Exchange,
    service: &str,
    account: &Account,
) -> Result<&'e RawValue, Failed> {
    let unreachable = |why: String| Failed::from(trouble(TroubleKind::Unreachable, why));
    match heard(exchange, service, account) {
        Heard::Success(answer) => Ok(answer),
        Heard::Unsent => Err(unreachable("the provider cannot be reached".to_owned())),
        Heard::Lost => Err(unreachable("no answer of the provider came".to_owned())),
        Heard::Garbled(trouble) => Err(trouble.into()),
        Heard::Failure(failure) => Err(match failure.sense {
            Sense::Credentials | Sense::NotOffered => {
                trouble(TroubleKind::Credentials, failure.why()).into()
            }
            Sense::Busy | Sense::Platform => unreachable(failure.why()),
            _ => Failed::Refused(failure.why()),
        }),
    }
}

fn garbled(why: &str) -> Failed {
    trouble(TroubleKind::Garbled, why).into()
}

fn contradiction(why: &str) -> Failed {
    trouble(TroubleKind::Contradiction, why).into()
}
