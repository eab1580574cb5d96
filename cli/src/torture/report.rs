//! What was found: as text, as JSON, and as a page.

use quittance_pages::{Found, MuseumPage, MuseumRow};
use serde_json::{Value, json};

use super::args::SchemeName;
use super::run::{Outcome, Shown};
use crate::operate::terminal::{clean, count};

/// Everything that was found in one receiver.
pub(crate) struct Report<'a> {
    pub(crate) url: &'a str,
    pub(crate) scheme: SchemeName,
    pub(crate) results: Vec<Shown>,
}

impl Report<'_> {
    /// How many exhibits found a failure.
    pub(crate) fn failed(&self) -> usize {
        self.number(|outcome| matches!(outcome, Outcome::Failed(_)))
    }

    fn number(&self, of: impl Fn(&Outcome) -> bool) -> usize {
        self.results.iter().filter(|result| of(&result.outcome)).count()
    }

    fn head(&self) -> String {
        let right = self.number(|outcome| *outcome == Outcome::Right);
        let left = self.number(|outcome| matches!(outcome, Outcome::LeftOut(_)));
        format!(
            "{} of {} found, {right} right, {left} left out",
            count(self.failed(), "failure"),
            count(self.results.len() - left, "exhibit"),
        )
    }

    /// In lines: failures first.
    pub(crate) fn text(&self) -> String {
        let mut lines = vec![self.head()];
        for result in &self.results {
            let exhibit = result.exhibit;
            if let Outcome::Failed(wrong) = &result.outcome {
                lines.push(format!("\n{}  {}", exhibit.name, result.orders.join(" ")));
                lines.push(format!("  sent   {}", exhibit.sent));
                lines.push(format!("  right  {}", exhibit.right));
                lines.extend(wrong.iter().map(|wrong| format!("  seen   {}", clean(wrong))));
                lines.extend(exhibit.seen.iter().map(|source| format!("  known  {source}")));
            }
        }
        let names = |of: &dyn Fn(&Outcome) -> bool| {
            let of = self.results.iter().filter(|result| of(&result.outcome));
            of.map(|result| result.exhibit.name).collect::<Vec<_>>().join(" ")
        };
        lines.push(format!("\nright     {}", names(&|outcome| *outcome == Outcome::Right)));
        for result in &self.results {
            if let Outcome::LeftOut(why) = &result.outcome {
                lines.push(format!("left out  {}: {why}", result.exhibit.name));
            }
        }
        lines.join("\n")
    }

    /// The same for programs.
    pub(crate) fn json(&self) -> Value {
        let result = |result: &Shown| {
            let (outcome, seen) = match &result.outcome {
                Outcome::Right => ("right", Vec::new()),
                Outcome::Failed(wrong) => ("failed", wrong.clone()),
                Outcome::LeftOut(why) => ("left_out", vec![why.clone()]),
            };
            let exhibit = result.exhibit;
            json!({
                "name": exhibit.name, "outcome": outcome, "sent": exhibit.sent, "right": exhibit.right,
                "seen": seen, "known": exhibit.seen, "orders": result.orders,
            })
        };
        let results: Vec<Value> = self.results.iter().map(result).collect();
        json!({
            "url": self.url, "scheme": self.scheme.as_str(), "failed": self.failed(),
            "exhibits": results,
        })
    }

    /// The same as a page.
    pub(crate) fn page(&self) -> String {
        let rows = self.results.iter().map(|result| {
            let exhibit = result.exhibit;
            let found = match &result.outcome {
                Outcome::Right => Found::Right,
                Outcome::Failed(wrong) => Found::Failed(wrong),
                Outcome::LeftOut(why) => Found::LeftOut(why),
            };
            let (name, sent, right, known) =
                (exhibit.name, exhibit.sent, exhibit.right, exhibit.seen);
            MuseumRow { name, sent, right, known, found }
        });
        let rows: Vec<_> = rows.collect();
        MuseumPage { url: self.url, scheme: self.scheme.as_str(), head: &self.head(), rows: &rows }
            .html()
    }
}
