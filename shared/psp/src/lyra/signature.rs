//! Who signed a Lyra notification, in both formats.
//!
//! Form (lyra.md 2): the values of all `vads_` fields in the byte order of their names,
//! joined by `+`, then `+` and the key; HMAC-SHA-256 of that text under the same key, in Base64.
//! Neither names nor the ends of values are signed: [`super::reading`] deals with that.
//!
//! REST (section 5): HMAC-SHA-256 of the `kr-answer` text under the REST password, in hex. The browser
//! return has the same envelope under another key, so the kind of key is fixed here and never taken
//! from the message.

use std::collections::BTreeMap;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::ID;
use super::form::Form;
use quittance_core::content::{Content, Cover, Signed};
use quittance_core::crypto::{Secret, ascii, hmac_base64, hmac_hex, same, sha1_hex};
use quittance_core::key::{Account, Mode};
use quittance_core::limits::MAX_REST_PASSWORDS;
use quittance_core::provider::Refused;

/// The keys of a stack, by site and mode.
#[derive(Clone, Debug, Default)]
pub struct Keys(BTreeMap<String, BTreeMap<Mode, SiteKeys>>);

/// What one site signs with in one mode.
#[derive(Clone, Debug, Default)]
pub struct SiteKeys {
    /// The key of the form format (the Back Office calls it test key or production key).
    pub form: Option<Secret>,
    /// The password of the REST format.
    pub rest_password: Option<Secret>,
    /// Whether forms may be signed with the legacy SHA-1 as well.
    pub allow_sha1: bool,
}

/// There are more REST passwords than are tried on one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("more than {MAX_REST_PASSWORDS} REST passwords")]
pub struct TooManyPasswords;

impl Keys {
    /// The keys by site and mode; blanks around a site id are dropped.
    ///
    /// # Errors
    ///
    /// [`TooManyPasswords`].
    pub fn new(
        keys: impl IntoIterator<Item = ((String, Mode), SiteKeys)>,
    ) -> Result<Self, TooManyPasswords> {
        let mut held = Self::default();
        for ((site, mode), keys) in keys {
            held.0.entry(site.trim().to_owned()).or_default().insert(mode, keys);
        }
        if held.held().filter(|(.., keys)| keys.rest_password.is_some()).count()
            > MAX_REST_PASSWORDS
        {
            return Err(TooManyPasswords);
        }
        Ok(held)
    }

    /// Whether no key is held.
    pub fn is_empty(&self) -> bool {
        self.held().all(|(.., keys)| keys.form.is_none() && keys.rest_password.is_none())
    }

    /// What is held, by site and mode. Secrets do not print themselves.
    pub fn held(&self) -> impl Iterator<Item = (&str, Mode, &SiteKeys)> {
        self.0.iter().flat_map(|(site, modes)| {
            modes.iter().map(move |(mode, keys)| (site.as_str(), *mode, keys))
        })
    }

    fn of(&self, site: &str, mode: Mode) -> Option<&SiteKeys> {
        self.0.get(site)?.get(&mode)
    }

    pub(super) fn of_mut(&mut self, (site, mode): (&str, Mode)) -> Option<&mut SiteKeys> {
        self.0.get_mut(site)?.get_mut(&mode)
    }

    /// A notification's body signed anew, for sending test messages: a form with the key of the site
    /// and mode it names, a REST message with the first password held. `None` when there is no such
    /// key.
    pub fn signed(&self, body: &[u8]) -> Option<Vec<u8>> {
        let form = Form::parse(body).ok()?;
        let (field, signature) = if let Some(answer) = form.bytes("kr-answer") {
            let password = self.held().find_map(|(.., held)| held.rest_password.as_ref())?;
            ("kr-hash", ascii(&hmac_hex(password, [answer])))
        } else {
            let mode = mode(form.text("vads_ctx_mode")?)?;
            let key = self.of(form.text("vads_site_id")?, mode)?.form.as_ref()?;
            ("signature", form_signature(key, &form, Algorithm::HmacSha256))
        };
        let named = |piece: &&[u8]| piece.split(|b| *b == b'=').next() != Some(field.as_bytes());
        let kept: Vec<&[u8]> = body.split(|b| *b == b'&').filter(named).collect();
        let mut signed = kept.join(&b'&');
        let value = utf8_percent_encode(&signature, NON_ALPHANUMERIC);
        signed.extend_from_slice(format!("&{field}={value}").as_bytes());
        Some(signed)
    }
}

/// A message whose signature holds. There is no other way to [`read`](super::read) one.
#[derive(Clone, Debug)]
pub struct Verified<'a> {
    pub(super) text: SignedText<'a>,
    pub(super) account: Account,
}

/// What was signed. Nothing else of the message is kept.
#[derive(Clone, Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "there is one at a time, and boxed it would be one more allocation"
)]
pub(super) enum SignedText<'a> {
    /// A form, of which the `vads_` fields are signed.
    Form(Form<'a>),
    /// The `kr-answer` text, as it was signed.
    Answer(Vec<u8>),
}

impl Signed for Verified<'_> {
    fn content(&self) -> Content {
        let (cover, text) = match &self.text {
            SignedText::Form(form) => (Cover::Values, form.signed_text()),
            SignedText::Answer(answer) => (Cover::Whole, &**answer),
        };
        Content::new(self.account.clone(), cover, text)
    }
}

/// Proves that `body` was signed with one of `keys`.
///
/// # Errors
///
/// [`Refused`]: what of the signature is missing, repeated or wrong, or which key is not held.
pub fn verify<'a>(keys: &Keys, body: &'a [u8]) -> Result<Verified<'a>, Refused> {
    let form = Form::parse(body).map_err(|_| Refused::TooMany)?;
    let formats = (form.beginning("kr-").len() > 0, form.bytes("signature").is_some());
    match formats {
        (true, false) => verify_rest(keys, &form),
        (false, true) => verify_form(keys, form),
        _ => Err(Refused::Missing),
    }
}

/// How a shop's forms are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC-SHA-256 in Base64.
    HmacSha256,
    /// Plain SHA-1 in hex, only for sites whose configuration says so.
    Sha1,
}

/// The signature that the gateway gives a form, notification or not.
pub fn form_signature(key: &Secret, form: &Form<'_>, algorithm: Algorithm) -> String {
    match algorithm {
        Algorithm::HmacSha256 => ascii(&hmac_base64(key, covered(key, form))),
        Algorithm::Sha1 => ascii(&sha1_hex(covered(key, form))),
    }
}

/// What a form's signature is computed over.
fn covered<'f>(key: &'f Secret, form: &'f Form<'_>) -> [&'f [u8]; 3] {
    [form.signed_text(), b"+", key.bytes()]
}

fn verify_form<'a>(keys: &Keys, form: Form<'a>) -> Result<Verified<'a>, Refused> {
    if form.repeats("vads_") || form.repeats("signature") {
        return Err(Refused::Repeated);
    }
    // Read before verification, only to find the key: a lie here finds a key that does not fit.
    let site = form.text("vads_site_id").ok_or(Refused::UnknownKey)?;
    let mode = form.text("vads_ctx_mode").and_then(mode).ok_or(Refused::UnknownKey)?;
    let held = keys.of(site, mode).ok_or(Refused::UnknownKey)?;
    let key = held.form.as_ref().ok_or(Refused::UnknownKey)?;
    // Only the server's own call carries it; the browser return is signed with the same key.
    if form.text("vads_hash").is_none() {
        return Err(Refused::NotANotification);
    }
    let given = form.bytes("signature").ok_or(Refused::Missing)?;
    if !is_signed(key, held.allow_sha1, &form, given) {
        return Err(Refused::Mismatch);
    }
    let account = Account { psp: ID, merchant: site.to_owned(), mode };
    Ok(Verified { text: SignedText::Form(form), account })
}

fn verify_rest<'a>(keys: &Keys, form: &Form<'_>) -> Result<Verified<'a>, Refused> {
    if form.repeats("kr-") {
        return Err(Refused::Repeated);
    }
    let given = form.bytes("kr-hash").ok_or(Refused::Missing)?;
    let answer = form.bytes("kr-answer").ok_or(Refused::Missing)?;
    if form.bytes("kr-hash-key") != Some(b"password")
        || form.bytes("kr-hash-algorithm") != Some(b"sha256_hmac")
    {
        return Err(Refused::NotANotification);
    }
    let passwords = keys
        .held()
        .filter_map(|(site, mode, held)| Some(((site, mode), held.rest_password.as_ref()?)));
    let ((site, mode), answer) = signer(passwords, given, answer).ok_or(Refused::Mismatch)?;
    let account = Account { psp: ID, merchant: site.to_owned(), mode };
    Ok(Verified { text: SignedText::Answer(answer), account })
}

/// Whose key signed an answer, and the text that was signed: some senders escape slashes after signing.
/// (lyra.md 5, "Slash pitfall")
pub(super) fn signer<'k, T>(
    mut keys: impl Iterator<Item = (T, &'k Secret)>,
    given: &[u8],
    answer: &[u8],
) -> Option<(T, Vec<u8>)> {
    let escaped = answer.windows(2).any(|pair| pair == br"\/");
    let unescaped = escaped.then(|| unescape_slashes(answer));
    let texts = || [answer].into_iter().chain(unescaped.as_deref());
    keys.find_map(|(whose, key)| {
        let signed = |text: &&[u8]| same(&hmac_hex(key, [*text]), given);
        texts().find(signed).map(|text| (whose, text.to_vec()))
    })
}

/// Whether this is the form's signature under this key.
pub(super) fn is_signed(key: &Secret, allow_sha1: bool, form: &Form<'_>, given: &[u8]) -> bool {
    let hmac = same(&hmac_base64(key, covered(key, form)), given);
    let sha1 = || same(&sha1_hex(covered(key, form)), given);
    hmac || allow_sha1 && sha1()
}

/// `vads_ctx_mode`.
pub(super) fn mode(word: &str) -> Option<Mode> {
    match word {
        "TEST" => Some(Mode::Test),
        "PRODUCTION" => Some(Mode::Production),
        _ => None,
    }
}

fn unescape_slashes(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        let escaped = *first == b'\\' && tail.first() == Some(&b'/');
        if !escaped {
            plain.push(*first);
        }
        rest = tail;
    }
    plain
}

#[cfg(test)]
mod tests {
    use quittance_testing::{FORM_KEY, REST_PASSWORD, SITE, form_body, rest_body};

    use super::*;

    fn keys() -> Keys {
        let site = |form: &str, password: &str| SiteKeys {
            form: Secret::new(form),
            rest_password: Secret::new(password),
            allow_sha1: false,
        };
        Keys::new([
            ((SITE.to_owned(), Mode::Test), site(&format!(" {FORM_KEY}\n"), REST_PASSWORD)),
            ((SITE.to_owned(), Mode::Production), site("other", "prodpassword_other")),
        ])
        .unwrap()
    }

    fn fields<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let base = [
            ("vads_site_id", SITE),
            ("vads_ctx_mode", "TEST"),
            ("vads_amount", "1000"),
            ("vads_hash", "00ff"),
            ("vads_threeds_cavv", ""),
            ("vads_cust_name", "Élodie + Cie & fils"),
        ];
        base.into_iter().chain(more.iter().copied()).collect()
    }

    fn check(body: &str) -> Result<Mode, Refused> {
        verify(&keys(), body.as_bytes()).map(|verified| verified.account.mode)
    }

    #[test]
    fn a_signed_form_verifies_whatever_else_it_carries() {
        assert_eq!(check(&form_body(FORM_KEY, &fields(&[]))), Ok(Mode::Test));
        assert_eq!(
            check(&form_body(FORM_KEY, &fields(&[("utm", "x"), ("VADS_x", "y")]))),
            Ok(Mode::Test)
        );
    }

    #[test]
    fn the_key_is_that_of_the_site_and_mode_named() {
        let production = fields(&[]).into_iter().map(|(name, value)| match name {
            "vads_ctx_mode" => (name, "PRODUCTION"),
            _ => (name, value),
        });
        let production: Vec<_> = production.collect();
        assert_eq!(check(&form_body("other", &production)), Ok(Mode::Production));
        assert_eq!(check(&form_body(FORM_KEY, &production)), Err(Refused::Mismatch));
        let elsewhere =
            [("vads_site_id", "99999999"), ("vads_ctx_mode", "TEST"), ("vads_hash", "1")];
        assert_eq!(check(&form_body(FORM_KEY, &elsewhere)), Err(Refused::UnknownKey));
        assert_eq!(check(&form_body(FORM_KEY, &[("vads_hash", "1")])), Err(Refused::UnknownKey));
    }

    #[test]
    fn a_changed_added_or_dropped_field_breaks_the_signature() {
        let body = form_body(FORM_KEY, &fields(&[]));
        assert_eq!(check(&body.replace("=1000", "=10")), Err(Refused::Mismatch));
        assert_eq!(check(&format!("{body}&vads_result=00")), Err(Refused::Mismatch));
        assert_eq!(check(&body.replace("vads_amount=1000&", "")), Err(Refused::Mismatch));
    }

    #[test]
    fn repeated_fields_are_refused_before_any_is_believed() {
        let body = form_body(FORM_KEY, &fields(&[]));
        assert_eq!(check(&format!("{body}&vads_amount=1000")), Err(Refused::Repeated));
        assert_eq!(check(&format!("{body}&signature=x")), Err(Refused::Repeated));
        let rest = rest_body(REST_PASSWORD, "{}");
        assert_eq!(check(&format!("{rest}&kr-answer=x")), Err(Refused::Repeated));
        assert_eq!(check(&format!("{rest}&kr-hash-key=password")), Err(Refused::Repeated));
    }

    #[test]
    fn a_browser_return_is_no_notification() {
        let without: Vec<_> =
            fields(&[]).into_iter().filter(|(name, _)| *name != "vads_hash").collect();
        assert_eq!(check(&form_body(FORM_KEY, &without)), Err(Refused::NotANotification));
        let rest = rest_body(FORM_KEY, "{}").replace("=password", "=sha256_hmac");
        assert_eq!(check(&rest), Err(Refused::NotANotification));
    }

    #[test]
    fn rest_passwords_are_tried_and_the_one_that_fits_names_the_mode() {
        assert_eq!(check(&rest_body(REST_PASSWORD, "{\"a\":\"V4/x\"}")), Ok(Mode::Test));
        assert_eq!(check(&rest_body("prodpassword_other", "{}")), Ok(Mode::Production));
        assert_eq!(check(&rest_body("wrong", "{}")), Err(Refused::Mismatch));
    }

    #[test]
    fn slashes_escaped_after_signing_are_forgiven() {
        let body = rest_body(REST_PASSWORD, "{\"a\":\"V4/x\"}").replace("V4%2F", "V4%5C%2F");
        assert_eq!(check(&body), Ok(Mode::Test));
    }

    #[test]
    fn what_is_read_of_an_answer_is_what_was_signed() {
        // The last two mean another text than the one that was signed, unless the escape is undone.
        for (signed, sent) in [
            (r#"{"a":"V4/x"}"#, r#"{"a":"V4/x"}"#),
            (r#"{"a":"V4/x"}"#, r#"{"a":"V4\/x"}"#),
            (r#"{"a":"V4\/x"}"#, r#"{"a":"V4\\/x"}"#),
            (r#"{"a":/}"#, r#"{"a":\/}"#),
        ] {
            let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
            let body = rest_body(REST_PASSWORD, signed);
            let body = body.replace(&encoded(signed), &encoded(sent));
            assert!(body.contains(&encoded(sent)));
            let verified = verify(&keys(), body.as_bytes()).unwrap();
            let SignedText::Answer(answer) = verified.text else { panic!("no answer: {sent}") };
            assert_eq!(String::from_utf8(answer).unwrap(), signed, "{sent}");
        }
    }

    #[test]
    fn sha1_needs_the_sites_consent() {
        let body = quittance_testing::form_body_sha1(FORM_KEY, &fields(&[]));
        assert_eq!(check(&body), Err(Refused::Mismatch));
        let mut lenient = keys();
        for site in lenient.0.values_mut().flat_map(BTreeMap::values_mut) {
            site.allow_sha1 = true;
        }
        assert!(verify(&lenient, body.as_bytes()).is_ok());
    }

    fn content(body: &str) -> Content {
        verify(&keys(), body.as_bytes()).unwrap().content()
    }

    #[test]
    fn one_signed_text_is_one_content_however_the_form_is_written() {
        let body = form_body(FORM_KEY, &fields(&[]));
        let one = content(&body);
        assert_eq!(one.room(), format!("systempay/{SITE}/test/forms"));
        for other in [
            format!("{body}&padding={}", "x".repeat(1000)),
            format!("&&{body}&"),
            body.replace("vads_threeds_cavv", "vads_threeds"),
            // The text is the values joined: this one is empty, and its place is between two others.
            body.replace("vads_amount=1000&", "vads_0=1000&"),
        ] {
            assert_ne!(other, body);
            assert_eq!(content(&other), one, "{other}");
        }
        let news = form_body(FORM_KEY, &fields(&[("vads_result", "00")]));
        assert_ne!(content(&news).digest, one.digest);
    }

    #[test]
    fn the_content_of_an_answer_is_the_answer_as_it_was_signed() {
        let body = rest_body(REST_PASSWORD, "{\"a\":\"V4/x\"}");
        let one = content(&body);
        assert_eq!(one.room(), format!("systempay/{SITE}/test/signed-whole"));
        assert_eq!(content(&format!("{body}&kr-more=x&padding=y")), one);
        assert_eq!(content(&body.replace("V4%2F", "V4%5C%2F")), one, "escaped after signing");
        assert_ne!(content(&rest_body(REST_PASSWORD, "{\"a\":\"V4/y\"}")).digest, one.digest);
    }

    #[test]
    fn neither_format_or_both_is_refused() {
        assert_eq!(check(""), Err(Refused::Missing));
        assert_eq!(check("vads_amount=1"), Err(Refused::Missing));
        let both =
            format!("{}&{}", form_body(FORM_KEY, &fields(&[])), rest_body(REST_PASSWORD, "{}"));
        assert_eq!(check(&both), Err(Refused::Missing));
    }
}
