//! What all pages have in common: head, style, script, and the policy that lets nothing else run.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use crate::lang::Lang;

pub(crate) const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// The value of `Content-Security-Policy` with which a page is sent: its own style and script, forms and reads of the same
/// origin, nothing from anywhere else, and no page around it.
pub static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; connect-src 'self'; img-src data:; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        hash(STYLE),
        hash(SCRIPT),
    )
});

/// What a page stands in.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// The language.
    pub lang: Lang,
    /// The address of the list.
    pub home: &'a str,
    /// The page's own path, and its query without the language.
    pub path: &'a str,
    /// The query.
    pub query: &'a str,
    /// Whether the page is read again every few seconds.
    pub live: bool,
}

impl Frame<'_> {
    /// The same page in another language.
    fn in_lang(&self, lang: Lang) -> String {
        let kept =
            self.query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("lang="));
        let language = format!("lang={}", lang.code());
        let pairs: Vec<&str> = kept.chain([language.as_str()]).collect();
        format!("{}?{}", self.path, pairs.join("&"))
    }

    /// An address of another page in the same language.
    pub(crate) fn to(&self, address: &str) -> String {
        let sign = if address.contains('?') { '&' } else { '?' };
        format!("{address}{sign}lang={}", self.lang.code())
    }

    pub(crate) fn page(&self, title: &str, body: &Markup) -> String {
        let (lang, other) = (self.lang, self.lang.other());
        let page = html! {
            (DOCTYPE)
            html lang=(lang.code()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="robots" content="noindex";
                    link rel="icon" href="data:,";
                    title { (title) " · Quittance" }
                    style { (PreEscaped(STYLE)) }
                }
                body data-live[self.live] {
                    a.skip href="#main" { (lang.pick("To the content", "Au contenu")) }
                    header {
                        a.home href=(self.to(self.home)) { "Quittance" }
                        nav { a href=(self.in_lang(other)) hreflang=(other.code()) lang=(other.code()) { (other.pick("English", "Français")) } }
                    }
                    main #main { (body) }
                    script { (PreEscaped(SCRIPT)) }
                }
            }
        };
        page.into_string()
    }
}

/// A page with one sentence, as for an order that is not known.
pub fn plain(frame: &Frame<'_>, en: &str, fr: &str) -> String {
    let said = frame.lang.pick(en, fr);
    frame.page(said, &html! { h1 { (said) } p { a href=(frame.to(frame.home)) { (frame.lang.pick("All orders", "Toutes les commandes")) } } })
}
