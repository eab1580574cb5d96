//! `quittance trigger`: a story of a payment, told by a few signed notifications under ids of its own.
//!
//! A story is made of sample events. Their references, payment ids and amounts are rewritten, in the events and in what is
//! expected of them, so that each run is another order.

use std::process::ExitCode;

use serde_json::{Value, json};

use crate::event::Sender;
use crate::keys::Rings;
use crate::operate::context::{address, secret_of};
use crate::operate::terminal::{NOT_ALL, table, verdict};
use crate::output::{Failure, note, say};
use crate::play::{self, Case};
use crate::rewriting::{PRICE, Rewriting, reference, told};
use crate::send::sign;
use crate::story::{Psp, Trigger};

/// A story: its name, what it shows, and the samples that tell it, of each provider.
struct Story {
    name: &'static str,
    about: &'static str,
    systempay: &'static [&'static str],
    worldline: &'static [&'static str],
}

impl Story {
    fn samples(&self, psp: Psp) -> &'static [&'static str] {
        match psp {
            Psp::Systempay => self.systempay,
            Psp::Worldline => self.worldline,
        }
    }
}

macro_rules! stories {
    ($($name:literal $about:literal [$($systempay:literal)*] [$($worldline:literal)*];)*) => {
        &[$(Story { name: $name, about: $about, systempay: &[$($systempay),*], worldline: &[$($worldline),*] }),*]
    };
}

/// All of them.
#[rustfmt::skip]
static STORIES: &[Story] = stories! {
    "card-captured" "a card, taken at once: released" ["01-single-card-captured"] ["01-single-card-captured"];
    "card-authorised" "a card that is only authorised: not released before its capture is known" ["03-authorised"] ["03-authorised"];
    "authorised-then-captured" "a card that is authorised, and taken later" ["03-authorised" "04-then-captured"] ["03-authorised" "04-then-captured"];
    "voucher-only" "vouchers cover the whole order" ["02-voucher-only-captured"] ["02-voucher-only-captured"];
    "cascade-complete" "vouchers and a card together: released once" ["20-cascade-complete"] ["20-split-voucher-share" "21-split-card-complement"];
    "cascade-half-paid" "the voucher is taken and the complement does not come: held" ["27-cascade-complement-abandoned"] ["27-split-half-paid"];
    "half-paid-then-complete" "the first complement is refused, another card pays the rest" ["23-cascade-half-paid" "24-then-complement"] ["24-split-voucher-share" "25-split-complement-refused" "26-split-complement-second-attempt"];
    "cascade-card-authorised" "the voucher is taken, the card only authorised, and taken later" ["25-cascade-card-authorised" "26-card-share-captured"] [];
    "refused" "the card is refused: nothing is released" ["10-refused"] ["12-refused"];
    "refused-then-paid" "the first card is refused, the second pays" ["10-refused" "11-paid-on-second-attempt"] ["12-refused" "13-paid-on-second-attempt"];
    "cancelled" "the buyer or the merchant cancels" ["16-cancelled"] ["16-cancelled"];
    "abandoned" "the buyer leaves the payment page" ["17-abandoned"] [];
    "expired" "nobody validates the authorised payment in time" ["18-to-be-validated" "19-expired"] [];
    "full-refund" "paid, released, and all of it given back: a reversal" ["30-captured" "31-refund-full"] ["30-captured" "31-refund-full"];
    "partial-refund" "paid, released, and a part given back: a reversal over that part" ["32-captured" "33-refund-authorised" "34-refund-partial"] ["32-captured" "33-refund-requested" "34-refund-partial"];
    "split-then-refund" "vouchers and a card, released, and given back card first: two reversals" ["m11-cascade-complete" "m12-cascade-card-refunded" "m13-cascade-voucher-refunded"] ["m13-split-voucher-share" "m14-split-card-complement" "m15-split-card-refunded" "m16-split-voucher-refunded"];
    "refund-refused" "a refund that is refused leaves the order as it is" ["35-captured" "36-refund-refused"] ["35-captured" "36-refund-refused"];
    "chargeback" "the buyer's bank takes the money back after the release: a reversal" [] ["41-captured" "42-chargeback"];
    "duplicate" "the same payment is announced three times: released once" ["07-captured" "08-sent-again-automatically" "09-sent-again-by-hand"] ["09-captured" "10-retried" "11-sent-again"];
    "out-of-order" "the later status arrives first" ["05-captured-first" "06-authorised-late"] ["07-captured-first" "08-authorised-late"];
    "refund-first" "the refund overtakes the payment: nothing is released" ["37-refund-before-capture" "38-captured-after-refund"] ["37-refund-before-capture" "38-captured-after-refund"];
    "paid-twice" "the buyer pays once more: released once, and flagged" ["14-captured" "15-paid-twice"] ["17-captured" "18-paid-twice"];
    "paid-less" "less is paid than was announced: held" ["52-refused" "53-paid-less"] [];
    "another-currency" "the complement is in another currency: held" [] ["54-split-voucher-share" "55-complement-in-another-currency"];
    "unknown-status" "a status that no table knows: kept, and nothing released" ["51-unknown-status"] ["52-unknown-status"];
    "rest-cascade" "vouchers and a card in Lyra's REST format" ["61-rest-cascade"] [];
    "forged" "a status that was changed after signing: 401, and nothing stored" ["70-forged"] ["60-forged"];
};

/// Runs one story, or lists them.
pub(crate) async fn run(args: &Trigger) -> Result<ExitCode, Failure> {
    if args.list {
        list(args.json);
        return Ok(ExitCode::SUCCESS);
    }
    let name = args.scenario.as_deref().unwrap_or_default();
    let Some(story) = STORIES.iter().find(|story| story.name == name) else {
        return Err(format!("no story is called {name}; there are {}", names(|_| true)).into());
    };
    let rings = Rings::with_secret(secret_of(args.stack.as_deref())?, args.stack.is_none()).await;
    let has = |psp: &Psp| !story.samples(*psp).is_empty();
    let psp = match args.psp {
        Some(psp) if !has(&psp) => {
            let others = names(|story| !story.samples(psp).is_empty());
            return Err(
                format!("{name} is no story of {}; there are {others}", psp.as_str()).into()
            );
        }
        Some(psp) => psp,
        None => {
            let has_keys = |psp: &Psp| {
                let mut own =
                    rings.each().filter(|(own, _)| own.profile().id.as_str() == psp.as_str());
                own.any(|(_, ring)| ring.versions() > 0)
            };
            let told = Psp::ALL.into_iter().find(|psp| has(psp) && has_keys(psp));
            told.or_else(|| Psp::ALL.into_iter().find(has)).ok_or("a story without events")?
        }
    };
    let cases = cases(args, story, psp, &rings).await?;
    let sender = Sender::new(&address(args.to.as_deref(), args.stack.as_deref()).await?)?;
    // What is no stack of ours, or shows its orders to nobody, is only sent to.
    let is_seen = sender.get("/orders?limit=1").await?.status == 200;
    if is_seen && !args.json {
        return Ok(verdict(play::tell(&sender, &cases).await?));
    }
    let mut well = true;
    for case in &cases {
        let reply = sender.send(&case.event).await?;
        well &= reply.status == case.status();
        let told = json!({"event": case.name, "status": reply.status, "answer": reply.body});
        say(&if args.json {
            told.to_string()
        } else {
            format!("{} {} {}", case.name, reply.status, reply.body)
        });
    }
    if is_seen {
        let unmet = play::unmet(&sender, &cases).await?;
        unmet.iter().for_each(|line| note(line));
        well &= unmet.is_empty();
    }
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::from(NOT_ALL) })
}

fn names(wanted: impl Fn(&Story) -> bool) -> String {
    let names: Vec<&str> =
        STORIES.iter().filter(|story| wanted(story)).map(|story| story.name).collect();
    names.join(", ")
}

fn list(as_json: bool) {
    let psps = |story: &Story| -> Vec<&str> {
        Psp::ALL
            .into_iter()
            .filter(|psp| !story.samples(*psp).is_empty())
            .map(Psp::as_str)
            .collect()
    };
    if as_json {
        let all = STORIES
            .iter()
            .map(|story| json!({"name": story.name, "about": story.about, "psps": psps(story)}));
        say(&Value::Array(all.collect()).to_string());
        return;
    }
    let mut listed = table(["story", "of", "shows"]);
    for story in STORIES {
        listed.add_row([story.name, &psps(story).join(", "), story.about]);
    }
    say(&listed.trim_fmt());
}

/// The events of a story under ids of their own, signed.
async fn cases(
    args: &Trigger,
    story: &Story,
    psp: Psp,
    rings: &Rings,
) -> Result<Vec<Case>, Failure> {
    let texts = told(psp, story.samples(psp))?;
    let order = args.order.clone().unwrap_or_else(|| reference("TRIGGER"));
    let merchant = args.merchant.as_deref();
    let mut rewriting = Rewriting::of(psp, &texts, &order, merchant, args.amount)?;
    let mut cases = Vec::new();
    for (name, event, expected) in texts {
        let body = rewriting.body(&event.body()?);
        let mut event = event.with_body(body.as_bytes());
        if let Some(key) = &args.key {
            let of_key = event
                .headers
                .iter_mut()
                .filter(|(name, _)| name.eq_ignore_ascii_case("x-gcs-keyid"));
            of_key.for_each(|(_, value)| value.clone_from(key));
        }
        // A forgery keeps the signature that it has.
        let event = if story.name == "forged" { event } else { sign(event, rings).await? };
        cases.push(Case::new(
            name,
            event,
            &rewriting.text(&expected),
            rewriting.scale != (PRICE, PRICE),
        )?);
    }
    Ok(cases)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::samples;

    #[test]
    fn stories_have_names_of_their_own_and_samples_that_are_there() {
        let folder = samples(None).unwrap();
        for (at, story) in STORIES.iter().enumerate() {
            assert!(
                STORIES[at + 1..].iter().all(|other| other.name != story.name),
                "{}",
                story.name
            );
            assert!(!story.about.ends_with('.'), "{}", story.about);
            for psp in Psp::ALL {
                for name in story.samples(psp) {
                    assert!(
                        folder.join(psp.as_str()).join(name).with_extension("json").is_file(),
                        "{name}"
                    );
                }
            }
        }
    }
}
