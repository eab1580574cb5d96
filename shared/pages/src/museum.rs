//! What `quittance torture` found in a receiver, as a page to keep: it loads nothing and runs nothing.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::layout::STYLE;

/// What came of an exhibit.
#[derive(Clone, Copy, Debug)]
pub enum Found<'a> {
    /// The receiver does what is right.
    Right,
    /// What it does instead.
    Failed(&'a [String]),
    /// Why the exhibit was left out.
    LeftOut(&'a str),
}

/// One exhibit.
#[derive(Clone, Copy, Debug)]
pub struct MuseumRow<'a> {
    /// Its name.
    pub name: &'a str,
    /// What was sent.
    pub sent: &'a str,
    /// What a right receiver does.
    pub right: &'a str,
    /// Where the failure was published.
    pub known: &'a [&'a str],
    /// What came of it.
    pub found: Found<'a>,
}

/// The page.
#[derive(Clone, Copy, Debug)]
pub struct MuseumPage<'a> {
    /// The receiver's address.
    pub url: &'a str,
    /// Whose notifications were sent.
    pub scheme: &'a str,
    /// How many failures were found.
    pub head: &'a str,
    /// The exhibits in the order in which they were sent.
    pub rows: &'a [MuseumRow<'a>],
}

impl MuseumPage<'_> {
    /// The page as HTML: failures, then what is right, then what was left out.
    pub fn html(&self) -> String {
        let of =
            |wanted: fn(&Found<'_>) -> bool| self.rows.iter().filter(move |row| wanted(&row.found));
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:";
                    link rel="icon" href="data:,";
                    title { "Failures of a receiver · Quittance" }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    main #main {
                        h1 { "What was shown to " (self.url) }
                        p.lead { (self.head) }
                        p.soft { "Notifications as of " (self.scheme) "." }
                        @for row in of(|found| matches!(found, Found::Failed(_))) { (failure(row)) }
                        h2 { "Right" }
                        table {
                            tr { th { "Exhibit" } th { "Sent" } th { "What is right" } }
                            @for row in of(|found| matches!(found, Found::Right)) {
                                tr { td { span.tag.good { (row.name) } } td { (row.sent) } td { (row.right) } }
                            }
                        }
                        h2 { "Left out" }
                        ul.lines {
                            @for row in self.rows {
                                @if let Found::LeftOut(why) = row.found { li { span.tag { (row.name) } " " (why) } }
                            }
                        }
                    }
                }
            }
        };
        page.into_string()
    }
}

fn failure(row: &MuseumRow<'_>) -> Markup {
    let Found::Failed(wrong) = row.found else { return html! {} };
    html! {
        h2 { span.tag.bad { (row.name) } }
        p { b { "Sent: " } (row.sent) }
        p { b { "Right: " } (row.right) }
        @for wrong in wrong { p.no { (wrong) } }
        @if !row.known.is_empty() {
            p.soft { "Known from: " @for (at, source) in row.known.iter().enumerate() {
                @if at > 0 { ", " }
                @if source.starts_with("https://") { a href=(source) rel="noreferrer" { (source) } } @else { (source) }
            } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_come_first_and_nothing_becomes_markup() {
        let wrong = vec!["answered <script>alert(1)</script>".to_owned()];
        let row = |name, found| MuseumRow {
            name,
            sent: "s",
            right: "r",
            known: &["https://a.example/1"],
            found,
        };
        let rows = [
            row("fine", Found::Right),
            row("bad", Found::Failed(&wrong)),
            row("none", Found::LeftOut("<b>")),
        ];
        let page = MuseumPage {
            url: "http://127.0.0.1/?a=\"<x>",
            scheme: "lyra",
            head: "1 failure",
            rows: &rows,
        };
        let page = page.html();
        assert!(
            !page.contains("<script") && !page.contains("<x>") && !page.contains("<b>\""),
            "{page}"
        );
        assert!(page.contains("&lt;script&gt;"));
        let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text}"));
        assert!(at(">bad<") < at(">fine<") && at(">fine<") < at(">none<"));
    }
}
