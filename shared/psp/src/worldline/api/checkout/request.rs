//! The requests that start a payment. What the platform would refuse is refused before it is sent.

use quittance_core::limits::MAX_AMOUNT;
use quittance_core::money::Currency;
use serde_json::{Value, json};

use super::super::call::{Request, idempotence_key, put};

/// Longest merchant's reference, in characters.
pub const MAX_REFERENCE_CHARACTERS: usize = 40;

/// Longest return address, in characters.
pub const MAX_RETURN_URL_CHARACTERS: usize = 200;

/// Most addresses that may be notified of one payment.
const MAX_WEBHOOKS: usize = 5;

/// Longest of them, in characters.
const MAX_WEBHOOK_CHARACTERS: usize = 325;

/// Longest life of a session, in minutes.
const MAX_SESSION_MINUTES: u16 = 1440;

/// Chèque-Vacances Connect.
const CVCO: u64 = 5412;

/// The cards that can complete a voucher: Cartes Bancaires, Visa, Mastercard.
const CARDS: [u64; 3] = [130, 1, 3];

/// Products that may be split, and are not offered where money is only to be reserved: a split is taken at once.
const VOUCHERS: [u64; 4] = [5412, 5403, 5402, 3112];

/// With what the buyer may pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// By Chèque-Vacances Connect, and by card what that leaves.
    Cvco,
    /// By card.
    Card,
    /// By whatever the merchant's contract has.
    Any,
}

/// The payment that is wanted.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    /// The order, as the merchant calls it.
    pub reference: &'a str,
    /// What it costs, in minor units.
    pub amount: u64,
    /// Of what.
    pub currency: Currency,
    /// With what.
    pub means: Means,
    /// Whether the money is reserved only, to be taken later.
    pub approval: bool,
    /// Whether the buyer may pay a part by voucher.
    pub adjustable: bool,
    /// Who has the vouchers: the 11 digits of his ANCV account, or its e-mail address.
    pub beneficiary: Option<&'a str>,
    /// In which language, as `fr_FR`.
    pub locale: Option<&'a str>,
    /// Where the buyer goes afterwards.
    pub return_url: &'a str,
    /// Who is notified instead of those whom the portal names; nobody else where this is empty.
    pub webhooks: &'a [String],
    /// How long the session lives, in minutes; as long as the platform lets it where not said.
    pub session_minutes: Option<u16>,
}

/// Why a payment cannot be started so. Nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// An amount that is nothing, or beyond the platform's bound.
    #[error("the amount must be between 1 and {MAX_AMOUNT} minor units")]
    Amount,
    /// Vouchers are in euros.
    #[error("Chèque-Vacances Connect pays in EUR only")]
    Currency,
    /// No reference, or one beyond the platform's bound.
    #[error("the order's reference must have 1 to {MAX_REFERENCE_CHARACTERS} characters")]
    Reference,
    /// A reference that is the name of a payment.
    #[error(
        "the order's reference begins as the name of a payment does, or has control characters"
    )]
    ReferenceForm,
    /// Beyond the platform's bound.
    #[error("the return address must have at most {MAX_RETURN_URL_CHARACTERS} characters")]
    ReturnUrlLength,
    /// Without a scheme, or not an address.
    #[error("the return address must be absolute, as https://…, and without blanks")]
    ReturnUrl,
    /// Nobody to ask for vouchers.
    #[error("a payment from server to server needs a beneficiary")]
    BeneficiaryMissing,
    /// Neither an ANCV account nor an e-mail address.
    #[error("the beneficiary must be 11 digits or an e-mail address")]
    Beneficiary,
    /// A split is taken at once.
    #[error(
        "a payment by Chèque-Vacances Connect is taken at once: it cannot wait for an approval"
    )]
    Approval,
    /// Another method than the one that can be started so.
    #[error("only Chèque-Vacances Connect is paid from server to server")]
    Means,
    /// Not a language.
    #[error("the locale must be as fr or fr_FR")]
    Locale,
    /// Too many, too long, or no addresses.
    #[error(
        "there may be {MAX_WEBHOOKS} notification addresses over https, each of {MAX_WEBHOOK_CHARACTERS} characters at most"
    )]
    Webhooks,
    /// Not a session's life.
    #[error("a session lives 1 to {MAX_SESSION_MINUTES} minutes")]
    Session,
}

/// `CreateHostedCheckout`: the buyer pays on the platform's page. No key makes a second one the same: two sessions of
/// one order can both be paid.
///
/// # Errors
///
/// [`Invalid`]: the platform would refuse it.
pub fn hosted(wanted: &Wanted<'_>) -> Result<Request, Invalid> {
    wanted.check()?;
    let is_split = wanted.means == Means::Cvco && wanted.adjustable;
    let mut page = json!({"returnUrl": wanted.return_url, "showResultPage": false});
    if let Some(locale) = wanted.locale {
        put(&mut page, "locale", locale);
    }
    if let Some(minutes) = wanted.session_minutes {
        put(&mut page, "sessionTimeout", minutes);
    }
    let restricted = |products: &[u64]| json!({"restrictTo": {"products": products}});
    match wanted.means {
        // The second filter cannot widen the first, so the cards are in both.
        Means::Cvco if is_split => {
            let all: Vec<u64> = [CVCO].into_iter().chain(CARDS).collect();
            put(&mut page, "paymentProductFilters", restricted(&all));
            put(&mut page, "splitPaymentProductFilters", restricted(&CARDS));
        }
        Means::Cvco => put(&mut page, "paymentProductFilters", restricted(&[CVCO])),
        Means::Card => {
            put(&mut page, "paymentProductFilters", json!({"restrictTo": {"groups": ["cards"]}}));
        }
        Means::Any if wanted.approval => {
            put(&mut page, "paymentProductFilters", json!({"exclude": {"products": VOUCHERS}}));
        }
        Means::Any => put(&mut page, "splitPaymentProductFilters", restricted(&CARDS)),
    }
    let mut body = json!({"order": wanted.order(), "hostedCheckoutSpecificInput": page});
    if wanted.means != Means::Card {
        put(&mut body, "redirectPaymentMethodSpecificInput", wanted.redirect());
    }
    if wanted.means != Means::Cvco || is_split {
        let mode = if wanted.approval { "FINAL_AUTHORIZATION" } else { "SALE" };
        put(&mut body, "cardPaymentMethodSpecificInput", json!({"authorizationMode": mode}));
    }
    wanted.notify(&mut body);
    let (name, path) = ("CreateHostedCheckout", "/hostedcheckouts".to_owned());
    Ok(Request::post(name, path, None, &body))
}

/// `CreatePayment` by Chèque-Vacances Connect, from server to server. The `intent` names this start among all of the
/// order: the same one again starts no second payment.
///
/// # Errors
///
/// [`Invalid`]: the platform would refuse it.
pub fn server(wanted: &Wanted<'_>, merchant: &str, intent: &str) -> Result<Request, Invalid> {
    if wanted.means != Means::Cvco {
        return Err(Invalid::Means);
    }
    wanted.check()?;
    if wanted.beneficiary.is_none() {
        return Err(Invalid::BeneficiaryMissing);
    }
    let mut redirect = wanted.redirect();
    put(&mut redirect, "redirectionData", json!({"returnUrl": wanted.return_url}));
    let mut body = json!({"order": wanted.order(), "redirectPaymentMethodSpecificInput": redirect});
    wanted.notify(&mut body);
    let key = idempotence_key(merchant, wanted.reference, intent, "create");
    Ok(Request::post("CreatePayment", "/payments".to_owned(), Some(key), &body))
}

impl Wanted<'_> {
    fn check(&self) -> Result<(), Invalid> {
        let fine = |holds: bool, invalid| if holds { Ok(()) } else { Err(invalid) };
        fine((1..=MAX_AMOUNT).contains(&self.amount), Invalid::Amount)?;
        let characters = self.reference.chars().count();
        fine((1..=MAX_REFERENCE_CHARACTERS).contains(&characters), Invalid::Reference)?;
        let is_plain = !self.reference.chars().any(char::is_control);
        fine(is_plain && !self.reference.starts_with("tx:"), Invalid::ReferenceForm)?;
        if self.means == Means::Cvco {
            fine(self.currency.code() == "EUR", Invalid::Currency)?;
            fine(!self.approval, Invalid::Approval)?;
        }
        let length = self.return_url.chars().count();
        fine(length <= MAX_RETURN_URL_CHARACTERS, Invalid::ReturnUrlLength)?;
        fine(is_absolute(self.return_url), Invalid::ReturnUrl)?;
        fine(self.beneficiary.is_none_or(is_beneficiary), Invalid::Beneficiary)?;
        fine(self.locale.is_none_or(is_locale), Invalid::Locale)?;
        let is_address = |url: &String| {
            let short = url.chars().count() <= MAX_WEBHOOK_CHARACTERS;
            short && is_secure(url) && is_absolute(url)
        };
        let few = self.webhooks.len() <= MAX_WEBHOOKS;
        fine(few && self.webhooks.iter().all(is_address), Invalid::Webhooks)?;
        let lives = |minutes: u16| (1..=MAX_SESSION_MINUTES).contains(&minutes);
        fine(self.session_minutes.is_none_or(lives), Invalid::Session)
    }

    fn order(&self) -> Value {
        json!({
            "amountOfMoney": {"amount": self.amount, "currencyCode": self.currency.code()},
            "references": {"merchantReference": self.reference},
        })
    }

    fn redirect(&self) -> Value {
        let mut redirect = json!({"requiresApproval": self.approval});
        if self.means == Means::Cvco {
            put(&mut redirect, "paymentProductId", CVCO);
        }
        if self.currency.code() == "EUR" && !self.approval {
            let mut input = json!({"adjustableAmount": self.adjustable});
            if let Some(beneficiary) = self.beneficiary {
                put(&mut input, "beneficiaryId", beneficiary);
            }
            put(&mut redirect, "paymentProduct5412SpecificInput", input);
        }
        redirect
    }

    fn notify(&self, body: &mut Value) {
        if !self.webhooks.is_empty() {
            put(body, "feedbacks", json!({"webhooksUrls": self.webhooks}));
        }
    }
}

/// Whether what is sent there stays between the platform and us: over TLS, or on this machine.
fn is_secure(url: &str) -> bool {
    let hosts = ["https://", "http://127.0.0.1:", "http://localhost:", "http://[::1]:"];
    hosts.iter().any(|host| url.starts_with(host))
}

/// Whether an address has a scheme and something behind it. An app may have a scheme of its own.
fn is_absolute(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    let is_of_scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    let begins = scheme.starts_with(|c: char| c.is_ascii_alphabetic());
    let begins = begins && scheme.chars().all(is_of_scheme);
    begins && !rest.is_empty() && url.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Whether a text is an ANCV account: 11 digits, or an e-mail address as the platform reads one.
fn is_beneficiary(text: &str) -> bool {
    if text.len() == 11 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return true;
    }
    let Some((name, host)) = text.split_once('@') else { return false };
    let Some((domain, top)) = host.rsplit_once('.') else { return false };
    let is_of = |text: &str, more: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
    };
    is_of(name, "._%+-")
        && is_of(domain, ".-")
        && top.len() >= 2
        && top.bytes().all(|byte| byte.is_ascii_alphabetic())
}

fn is_locale(text: &str) -> bool {
    let is_letters = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_alphabetic());
    text.split_once('_').map_or_else(
        || is_letters(text),
        |(language, country)| is_letters(language) && is_letters(country),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted() -> Wanted<'static> {
        Wanted {
            reference: "CMD-1",
            amount: 14_000,
            currency: Currency::from_alpha("EUR").unwrap(),
            means: Means::Cvco,
            approval: false,
            adjustable: true,
            beneficiary: Some("12345678901"),
            locale: Some("fr_FR"),
            return_url: "https://shop.example/return",
            webhooks: &[],
            session_minutes: None,
        }
    }

    fn body(request: &Request) -> Value {
        serde_json::from_slice(&request.body).unwrap()
    }

    /// Each rule of [`Invalid`], and that what keeps to it just so is taken.
    #[test]
    fn what_the_platform_would_refuse_is_not_sent() {
        let urls = |count: usize| vec!["https://a.example/w".to_owned(); count];
        let (five, six) = (urls(5), urls(6));
        let plain = ["http://a.example/w".to_owned()];
        let long = format!("https://a.example/{}", "a".repeat(200));
        let just = format!("https://a.example/{}", "a".repeat(182));
        let reference = "é".repeat(40);
        let longer = "é".repeat(41);
        let usd = Currency::from_alpha("USD").unwrap();
        let base = wanted();
        for (case, expected) in [
            (Wanted { amount: 0, ..base.clone() }, Some(Invalid::Amount)),
            (Wanted { amount: MAX_AMOUNT + 1, ..base.clone() }, Some(Invalid::Amount)),
            (Wanted { amount: MAX_AMOUNT, ..base.clone() }, None),
            (Wanted { currency: usd, ..base.clone() }, Some(Invalid::Currency)),
            (Wanted { currency: usd, means: Means::Card, ..base.clone() }, None),
            (Wanted { reference: "", ..base.clone() }, Some(Invalid::Reference)),
            (Wanted { reference: &longer, ..base.clone() }, Some(Invalid::Reference)),
            (Wanted { reference: &reference, ..base.clone() }, None),
            (Wanted { reference: "tx:1", ..base.clone() }, Some(Invalid::ReferenceForm)),
            (Wanted { reference: "a\nb", ..base.clone() }, Some(Invalid::ReferenceForm)),
            (Wanted { return_url: &long, ..base.clone() }, Some(Invalid::ReturnUrlLength)),
            (Wanted { return_url: &just, ..base.clone() }, None),
            (Wanted { return_url: "shop://return", ..base.clone() }, None),
            (Wanted { return_url: "/return", ..base.clone() }, Some(Invalid::ReturnUrl)),
            (Wanted { return_url: "shop.example", ..base.clone() }, Some(Invalid::ReturnUrl)),
            (Wanted { return_url: "https://", ..base.clone() }, Some(Invalid::ReturnUrl)),
            (Wanted { return_url: "https://a b", ..base.clone() }, Some(Invalid::ReturnUrl)),
            (Wanted { return_url: "1a://b", ..base.clone() }, Some(Invalid::ReturnUrl)),
            (
                Wanted { beneficiary: Some("1234567890"), ..base.clone() },
                Some(Invalid::Beneficiary),
            ),
            (Wanted { beneficiary: Some("a@b"), ..base.clone() }, Some(Invalid::Beneficiary)),
            (Wanted { beneficiary: Some("@b.fr"), ..base.clone() }, Some(Invalid::Beneficiary)),
            (Wanted { beneficiary: Some("a@b@c.fr"), ..base.clone() }, Some(Invalid::Beneficiary)),
            (Wanted { beneficiary: Some("a.b+c@d-e.fr"), ..base.clone() }, None),
            (Wanted { beneficiary: None, ..base.clone() }, None),
            (Wanted { approval: true, ..base.clone() }, Some(Invalid::Approval)),
            (Wanted { approval: true, means: Means::Any, ..base.clone() }, None),
            (Wanted { locale: Some("french"), ..base.clone() }, Some(Invalid::Locale)),
            (Wanted { locale: Some("fr"), ..base.clone() }, None),
            (Wanted { webhooks: &six, ..base.clone() }, Some(Invalid::Webhooks)),
            (Wanted { webhooks: &plain, ..base.clone() }, Some(Invalid::Webhooks)),
            (Wanted { webhooks: &five, ..base.clone() }, None),
            (Wanted { session_minutes: Some(0), ..base.clone() }, Some(Invalid::Session)),
            (Wanted { session_minutes: Some(1441), ..base.clone() }, Some(Invalid::Session)),
            (Wanted { session_minutes: Some(1440), ..base.clone() }, None),
        ] {
            assert_eq!(hosted(&case).err(), expected, "{case:?}");
        }
        let nobody = Wanted { beneficiary: None, ..base.clone() };
        assert_eq!(server(&nobody, "M", "c-1").err(), Some(Invalid::BeneficiaryMissing));
        let card = Wanted { means: Means::Card, ..base.clone() };
        assert_eq!(server(&card, "M", "c-1").err(), Some(Invalid::Means));
        assert!(server(&base, "M", "c-1").is_ok());
    }

    #[test]
    fn a_split_is_never_reserved_and_leaves_no_capture_open() {
        for means in [Means::Cvco, Means::Any] {
            let body = body(&hosted(&Wanted { means, ..wanted() }).unwrap());
            assert_eq!(body["redirectPaymentMethodSpecificInput"]["requiresApproval"], false);
            assert_eq!(body["cardPaymentMethodSpecificInput"]["authorizationMode"], "SALE");
        }
    }

    #[test]
    fn what_is_reserved_is_offered_no_voucher() {
        let reserved = Wanted { means: Means::Any, approval: true, ..wanted() };
        let body = body(&hosted(&reserved).unwrap());
        let filters = &body["hostedCheckoutSpecificInput"]["paymentProductFilters"];
        assert_eq!(filters["exclude"]["products"], json!(VOUCHERS));
        assert_eq!(body["redirectPaymentMethodSpecificInput"], json!({"requiresApproval": true}));
        assert_eq!(
            body["cardPaymentMethodSpecificInput"]["authorizationMode"],
            "FINAL_AUTHORIZATION"
        );
    }

    #[test]
    fn a_blocked_amount_has_no_complement() {
        let body = body(&hosted(&Wanted { adjustable: false, ..wanted() }).unwrap());
        let page = &body["hostedCheckoutSpecificInput"];
        assert_eq!(page["paymentProductFilters"]["restrictTo"]["products"], json!([CVCO]));
        assert!(page.get("splitPaymentProductFilters").is_none());
        assert!(body.get("cardPaymentMethodSpecificInput").is_none());
    }

    #[test]
    fn the_same_intent_has_the_same_key() {
        let key = |intent| server(&wanted(), "M", intent).unwrap().key.unwrap();
        assert_eq!(key("c-1"), key("c-1"));
        assert_ne!(key("c-1"), key("c-2"));
        assert_eq!(hosted(&wanted()).unwrap().key, None);
    }
}
