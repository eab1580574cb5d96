//! Whether the webhooks of a stack are there, refuse what is forged, and verify what is signed with its keys.

use quittance_aws::StoreError;
use quittance_aws::archive::ArchivedNotification;
use quittance_aws::clock::now;
use quittance_aws::http::PROBE;
use quittance_aws::receive::WEBHOOK;
use quittance_core::fact::Standing;
use quittance_core::provider::{HeldKey, Outgoing, Probe, Provider};
use quittance_core::{Mode, Order, Outcome, Policy, Reading, Receipt};

use crate::event::{Reply, Sender};
use crate::keys::Rings;
use crate::operate::context::Context;
use crate::operate::finding::{Finding, Health};
use crate::operate::keys::Found;
use crate::operate::seen::Seen;
use crate::operate::terminal::clean;
use crate::output::Failure;

/// Most keys of one PSP that are tried, so that a stack with hundreds of sites is asked in seconds.
const MAX_KEYS: usize = 8;

/// Clocks of two machines that keep time are closer, an answer's way included.
const CLOCK_DOUBT_SECONDS: u64 = 30;

/// AWS refuses a request that is signed with a time that is further away, and so do the PSPs.
const CLOCK_LIMIT_SECONDS: u64 = 300;

/// What a webhook says of what is genuine and not tracked.
const UNTRACKED: &str = " is not tracked";

/// What it says of what it has already.
const KNOWN: &str = "(already known)";

/// A stack's webhooks, and what is known of the keys that they should have.
pub(crate) struct Webhooks<'a> {
    pub(crate) url: &'a str,
    /// Whether that is the address that the stack itself names.
    pub(crate) is_own: bool,
    pub(crate) sender: Sender,
    pub(crate) rings: Rings,
    pub(crate) keys: &'a [Found],
    pub(crate) seen: &'a [Seen],
    pub(crate) context: &'a Context,
}

impl Webhooks<'_> {
    /// Tries each of them. No order comes of it, and no message.
    pub(crate) async fn findings(&self) -> Vec<Finding> {
        let (mut findings, mut clock) = (Vec::new(), None);
        for (provider, _) in self.rings.each() {
            let of = format!("{}{}", self.url, provider.profile().route);
            let unsigned = Outgoing { headers: Vec::new(), body: b"{}".to_vec() };
            let reply = self.post(provider, unsigned).await;
            clock = reply.as_ref().ok().and_then(|reply| reply.at).or(clock);
            let (health, what) = refused(reply, "refuses what is not signed", "what is not signed");
            findings.push(Finding { check: "webhook", of: of.clone(), health, what });
            // Where it is not even there, or has no keys, the rest is no news.
            if health != Health::Well {
                continue;
            }
            let signed = self.signed(provider).await.into_iter();
            let of = of.clone();
            findings.extend(signed.map(|(check, health, what)| Finding {
                check,
                of: of.clone(),
                health,
                what,
            }));
        }
        findings.extend(clock.map(|theirs| clocks(self.url, now().unix().abs_diff(theirs))));
        findings
    }

    /// Something forged under the first of the keys, and something genuine under each.
    async fn signed(&self, provider: &'static dyn Provider) -> Vec<(&'static str, Health, String)> {
        let id = provider.profile().id;
        // The first is the current version: of an older one not all need be in force.
        let found = self.keys.iter().find(|found| found.psp == id.as_str());
        let mut held: Vec<&HeldKey> = found.iter().flat_map(|found| &found.keys).collect();
        held.sort_by_key(|key| key.mode != Mode::Test);
        let probes = held.into_iter().filter_map(|key| Some((key, provider.probe(key)?)));
        let (mut findings, mut is_untried) = (Vec::new(), false);
        for (at, (key, Probe { forged, harmless })) in probes.take(MAX_KEYS).enumerate() {
            if at == 0 {
                let reply = self.post(provider, forged).await;
                let (health, what) = refused(reply, "refuses what is forged", "what is forged");
                findings.push(("forged", health, what));
            }
            let Some(message) = harmless else {
                is_untried = true;
                continue;
            };
            let whose = format!("{} ({})", clean(&key.id), key.mode.as_str());
            let (health, what) = match self.sign(provider, message).await {
                Some(message) => {
                    let reply = self.post(provider, message).await;
                    taken(reply, UNTRACKED, &format!("what is signed with {whose}"))
                }
                None => {
                    (Health::Doubtful, format!("not tried: nothing can be signed with {whose}"))
                }
            };
            findings.push(("signed", health, what));
        }
        if is_untried {
            let (health, what) = self.repeated(provider).await;
            findings.push(("signed", health, what));
        }
        findings
    }

    /// The newest notification once more, as the PSP itself may send it again: all that it says is known, so nothing
    /// is stored and nothing decided.
    async fn repeated(&self, provider: &'static dyn Provider) -> (Health, String) {
        let untried = |why: &str| {
            let what = format!(
                "not tried, since every genuine message of this PSP is about a payment, and {why}"
            );
            (Health::Doubtful, what)
        };
        // Another stack with these keys need not know the payment, and would release its order.
        if !self.is_own {
            return untried("this is not the address that the stack itself names");
        }
        let seen =
            self.seen.iter().find(|seen| seen.provider.profile().id == provider.profile().id);
        let Some(seen) = seen else { return untried("the orders could not be read") };
        for order in &seen.orders {
            let kept = match self.newest(order).await {
                Ok(Some(kept)) => kept,
                Ok(None) => continue,
                Err(error) => return untried(&error.to_string()),
            };
            let headers = kept.headers.iter();
            let message = Outgoing {
                headers: headers.map(|(name, value)| (name.clone(), value.clone())).collect(),
                body: kept.body,
            };
            let what = format!(
                "the newest notification, of {}, once more",
                clean(&kept.received_at.to_string())
            );
            return taken(self.post(provider, message).await, KNOWN, &what);
        }
        untried("none is in the archive of which all is known: make a test payment")
    }

    /// The newest notification of an order in the archive, if the order has all that this program reads in it.
    async fn newest(&self, order: &Order) -> Result<Option<ArchivedNotification>, StoreError> {
        let archive = self.context.archive();
        let contents = archive.of(order.key()).await?;
        let mut places = contents.places.iter().rev();
        let Some(place) = places.find(|place| is_listed(order, &place.sha256)) else {
            return Ok(None);
        };
        let Some(kept) = archive.read(place).await? else { return Ok(None) };
        let readings = self.rings.read(&kept).await;
        let policy = self.context.settings.policy;
        let is_known = readings.is_some_and(|readings| {
            !readings.is_empty()
                && readings.iter().all(|reading| adds_nothing(order, reading, policy, &kept))
        });
        Ok(is_known.then_some(kept))
    }

    async fn sign(&self, provider: &'static dyn Provider, message: Outgoing) -> Option<Outgoing> {
        let (_, ring) = self.rings.of(provider.profile().id)?;
        let sign = |keys: &quittance_aws::webhook::AnyKeys| {
            let mut message = message.clone();
            keys.sign(&mut message).map(|()| message)
        };
        ring.verify(sign, |_| false).await.ok()
    }

    async fn post(&self, provider: &dyn Provider, message: Outgoing) -> Result<Reply, Failure> {
        let profile = provider.profile();
        let mut message = message;
        message.set_header("content-type", profile.media_type.to_owned());
        message.set_header("user-agent", PROBE.to_owned());
        self.sender.deliver(profile.route, &message.headers, message.body).await
    }
}

/// Whether an order lists a sound notification of this body.
fn is_listed(order: &Order, sha256: &str) -> bool {
    let mut entries = order.notifications().iter();
    entries.any(|entry| entry.sha256 == sha256 && entry.standing == Standing::Sound)
}

/// Whether the order has all of it, as this version reads it: an earlier one may have read less in the same body.
fn adds_nothing(
    order: &Order,
    reading: &Reading,
    policy: Policy,
    kept: &ArchivedNotification,
) -> bool {
    let Reading::Order(statement) = reading else { return false };
    let (received_at, sha256) = (kept.received_at, kept.sha256.clone());
    let receipt = Receipt { received_at, source: WEBHOOK, sha256 };
    statement.key == *order.key()
        && order.clone().take(statement, &receipt, policy) == Ok(Outcome::Known)
}

/// What an answer means that should be a refusal.
fn refused(reply: Result<Reply, Failure>, well: &str, to_what: &str) -> (Health, String) {
    match reply {
        Ok(reply) if reply.status == 401 => (Health::Well, well.to_owned()),
        Ok(reply) if reply.status == 200 => (Health::Wrong, format!("takes {to_what}")),
        reply => trouble(reply, to_what),
    }
}

/// What an answer means that should take the message, with these words.
fn taken(reply: Result<Reply, Failure>, words: &str, what: &str) -> (Health, String) {
    match reply {
        Ok(reply) if reply.status == 200 && reply.body.contains(words) => {
            (Health::Well, format!("verifies {what}"))
        }
        Ok(reply) if reply.status == 401 => (
            Health::Wrong,
            format!(
                "refuses {what} (401): the stack has another key than this machine, or has not read the new one yet"
            ),
        ),
        reply => trouble(reply, what),
    }
}

/// Which step failed.
fn trouble(reply: Result<Reply, Failure>, to_what: &str) -> (Health, String) {
    let Reply { status, body, .. } = match reply {
        Ok(reply) => reply,
        Err(error) => return (Health::Wrong, error.to_string()),
    };
    match status {
        403 => (Health::Doubtful, "is closed to this machine's address (403)".to_owned()),
        404 => (Health::Wrong, "is not there (404): the address has no such route".to_owned()),
        429 => (Health::Wrong, "is throttled (429)".to_owned()),
        500 => (
            Health::Wrong,
            "has no usable keys, or a list of addresses that cannot be read (500)".to_owned(),
        ),
        503 => (Health::Wrong, "cannot store, or is throttled (503)".to_owned()),
        _ => (Health::Wrong, format!("answers {status} to {to_what}: {}", clean(&body))),
    }
}

/// Whether this machine and the stack have the same time.
fn clocks(url: &str, apart: u64) -> Finding {
    let what = || format!("is {apart} s away from this machine's: one of the two clocks is wrong");
    let (health, what) = match apart {
        0..CLOCK_DOUBT_SECONDS => (Health::Well, "is this machine's".to_owned()),
        CLOCK_DOUBT_SECONDS..CLOCK_LIMIT_SECONDS => (Health::Doubtful, what()),
        _ => (
            Health::Wrong,
            format!("{}, and AWS and the PSPs refuse calls that are signed so", what()),
        ),
    };
    Finding { check: "clock", of: url.to_owned(), health, what }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, body: &str) -> Result<Reply, Failure> {
        Ok(Reply { status, body: body.to_owned(), at: None })
    }

    #[test]
    fn the_step_that_failed_is_said() {
        for (status, body, health, said) in [
            (200, "OK payment.test is not tracked", Health::Well, "verifies it"),
            (200, "KEPT in quarantine: x", Health::Wrong, "answers 200 to it"),
            (401, "refused", Health::Wrong, "another key"),
            (403, "", Health::Doubtful, "closed"),
            (404, "", Health::Wrong, "no such route"),
            (429, "", Health::Wrong, "throttled"),
            (500, "", Health::Wrong, "no usable keys"),
            (503, "", Health::Wrong, "throttled"),
        ] {
            let (found, what) = taken(reply(status, body), UNTRACKED, "it");
            assert!(found == health && what.contains(said), "{status}: {found:?} {what}");
        }
        for (status, health) in [
            (401, Health::Well),
            (200, Health::Wrong),
            (500, Health::Wrong),
            (403, Health::Doubtful),
        ] {
            assert_eq!(refused(reply(status, ""), "well", "it").0, health, "{status}");
        }
    }

    #[test]
    fn a_clock_is_wrong_where_signed_calls_are_refused() {
        for (apart, expected) in [
            (0, Health::Well),
            (29, Health::Well),
            (30, Health::Doubtful),
            (299, Health::Doubtful),
            (300, Health::Wrong),
        ] {
            assert_eq!(clocks("url", apart).health, expected, "{apart}");
        }
    }
}
