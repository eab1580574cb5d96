//! The buyer's page, for a person with a browser of any width and without scripts.

use std::fmt::Write;

use crate::context::{Back, PageView};

/// How the page looks. It needs nothing from elsewhere.
const STYLE: &str = "*{box-sizing:border-box}body{margin:0;font:16px/1.5 system-ui,sans-serif;background:#f2f3f5;\
color:#1c2024}main{max-width:26rem;margin:0 auto;padding:1.25rem}section{background:#fff;border-radius:.75rem;\
padding:1.25rem;margin:1rem 0}h1{font-size:1.1rem;margin:.5rem 0}.sum{font-size:1.75rem;font-weight:600}\
label{display:block}input[type=range]{width:100%;margin:.75rem 0}button{width:100%;padding:.75rem;margin:.35rem 0;\
border:0;border-radius:.5rem;font:inherit;background:#0b5cad;color:#fff;cursor:pointer}\
button.no{background:#fff;color:#1c2024;border:1px solid #c3c8cf}output{font-weight:600;white-space:nowrap}p{margin:.25rem 0 .75rem}small{color:#5b6470}\
button:focus-visible,input:focus-visible{outline:3px solid #f0a020;outline-offset:2px}";

/// A page with this body.
fn document(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width,initial-scale=1\"><title>{}</title><style>{STYLE}</style></head>\
         <body><main>{body}</main></body></html>\n",
        escaped(title)
    )
}

/// Text as it may stand in a page.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// An amount with its currency. Amounts of currencies without hundredths are shown as they are counted.
fn money(amount: u64, currency: &str) -> String {
    match currency {
        "EUR" | "USD" | "GBP" | "CHF" => {
            format!("{}.{:02} {}", amount / 100, amount % 100, escaped(currency))
        }
        other => format!("{amount} {}", escaped(other)),
    }
}

/// The page on which a buyer pays.
pub(crate) fn payment(page: &PageView, problem: Option<&str>) -> String {
    let action = format!("/local/psp/pay/{}", escaped(&page.id));
    let mut body = format!(
        "<small>{} · test page of the local stack</small><section><h1>Order {}</h1><div class=\"sum\">{}</div>",
        page.provider,
        escaped(&page.order),
        money(page.rest, &page.currency)
    );
    // A String takes everything.
    if page.rest < page.amount {
        let paid = money(page.amount - page.rest, &page.currency);
        let _ = write!(body, "<p>{paid} are paid already.</p>");
    }
    if let Some(problem) = problem {
        let _ = write!(body, "<p role=\"alert\"><strong>{}.</strong></p>", escaped(problem));
    }
    body.push_str("</section>");
    if let Some((least, most)) = page.voucher {
        // Whole hundreds where they lead to all of it, and half to begin with: a split is what is looked at most.
        let (least, step) = if least < most && most % 100 == 0 { (100, 100) } else { (least, 1) };
        let start = if least >= most { most } else { (most / 2).next_multiple_of(step).max(least) };
        let _ = write!(
            body,
            "<section><form method=\"post\" action=\"{action}\"><label for=\"voucher\">Pay by Chèque-Vacances \
             Connect: <output id=\"told\" for=\"voucher\" data-currency=\"{currency}\">{}</output></label><input type=\"range\" id=\"voucher\" \
             name=\"voucher\" min=\"{least}\" max=\"{most}\" step=\"{step}\" value=\"{start}\" \
             oninput=\"told.value=(value/100).toFixed(2)+' '+told.dataset.currency\"><button>Pay by voucher</button>\
             <small>The rest can be paid by card afterwards.</small></form></section>",
            money(start, &page.currency),
            currency = escaped(&page.currency),
        );
    }
    if page.card {
        let _ = write!(
            body,
            "<section><form method=\"post\" action=\"{action}\"><p>Pay {} by card.</p>\
             <button name=\"card\" value=\"accept\">Card accepted</button>\
             <button class=\"no\" name=\"card\" value=\"refuse\">Card refused</button></form></section>",
            money(page.rest, &page.currency)
        );
    }
    let _ = write!(
        body,
        "<section><form method=\"post\" action=\"{action}\"><button class=\"no\" name=\"card\" \
         value=\"abandon\">Leave without paying</button></form></section>"
    );
    document(&format!("Pay {}", page.order), &body)
}

/// The page that takes the browser back where it has to post.
pub(crate) fn back(page: &PageView) -> String {
    let mut body =
        format!("<section><h1>Order {}</h1><p>That is all here.</p>", escaped(&page.order));
    match &page.back {
        // A payment link may have no shop behind it.
        Back::Get(url) if url.is_empty() => {}
        Back::Get(url) => {
            let _ = write!(body, "<p><a href=\"{}\">Back to the shop</a></p>", escaped(url));
        }
        Back::Post(url, fields) => {
            let _ = write!(body, "<form method=\"post\" action=\"{}\">", escaped(url));
            for (name, value) in fields {
                let (name, value) = (escaped(name), escaped(value));
                let _ = write!(body, "<input type=\"hidden\" name=\"{name}\" value=\"{value}\">");
            }
            body.push_str("<button>Back to the shop</button></form>");
        }
    }
    body.push_str("</section>");
    document("Back to the shop", &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> PageView {
        PageView {
            provider: "Lyra",
            id: "a1".to_owned(),
            order: "<script>\"'&".to_owned(),
            amount: 14_000,
            currency: "EUR".to_owned(),
            rest: 14_000,
            voucher: Some((1, 14_000)),
            card: true,
            ended: false,
            back: Back::Post(
                "https://s/?a\"b".to_owned(),
                vec![("n".to_owned(), "<v>".to_owned())],
            ),
        }
    }

    #[test]
    fn nothing_of_others_is_markup() {
        for text in [payment(&page(), Some("<b>")), back(&page())] {
            assert!(!text.contains("<script"), "{text}");
            assert!(!text.contains("<v>") && !text.contains("a\"b") && !text.contains("<b>"));
        }
        assert!(payment(&page(), None).contains("140.00 EUR"));
    }

    #[test]
    fn the_slider_reaches_all_of_the_order() {
        for (voucher, expected) in [
            ((1, 14_000), r#"min="100" max="14000" step="100" value="7000""#),
            ((1, 14_050), r#"min="1" max="14050" step="1" value="7025""#),
            ((14_000, 14_000), r#"min="14000" max="14000" step="1" value="14000""#),
        ] {
            let text = payment(&PageView { voucher: Some(voucher), ..page() }, None);
            assert!(text.contains(expected), "{text}");
        }
    }

    #[test]
    fn who_came_from_nowhere_is_sent_nowhere() {
        let nowhere = PageView { back: Back::Get(String::new()), ended: true, ..page() };
        assert!(!back(&nowhere).contains("href"));
        assert!(
            back(&PageView { back: Back::Get("https://s".to_owned()), ..page() }).contains("href")
        );
    }

    #[test]
    fn only_what_can_be_done_is_offered() {
        let bare = PageView { voucher: None, card: false, rest: 8_000, ..page() };
        let text = payment(&bare, None);
        assert!(!text.contains("type=\"range\"") && !text.contains("value=\"accept\""));
        assert!(text.contains("value=\"abandon\"") && text.contains("60.00 EUR are paid already"));
    }
}
