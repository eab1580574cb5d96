//! `quittance doctor`: whether a stack can do its work, check by check. Nothing is stored, and no money is moved.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use quittance_aws::apis::Apis;
use quittance_aws::caller::Caller;
use quittance_aws::clock::now;
use quittance_aws::keys::client;
use quittance_aws::lists::MAX_PAGE;
use quittance_aws::queue::bus_is_there;
use quittance_core::api::Trouble;
use quittance_core::fold::ReleaseOn;
use quittance_core::provider::Provider;
use quittance_core::{ProviderId, State, Timestamp};
use quittance_psp::PROVIDERS;
use serde::Serialize;

use crate::event::Sender;
use crate::keys::configured;
use crate::operate::context::{Common, Context};
use crate::operate::keys::found;
use crate::operate::terminal::{self, clean, count, rows, table, verdict};
use crate::output::Failure;

/// How long a PSP may take to answer a test call.
const CALL_BUDGET: Duration = Duration::from_secs(20);

/// How old something unsent may be, in seconds: `dispatch` sends within one, and `reconcile` looks each minute.
const LATE_SECONDS: u64 = 120;

/// Clocks of two machines that keep time are closer, an answer's way included.
const CLOCK_DOUBT_SECONDS: u64 = 30;

/// AWS refuses a request that is signed with a time that is further away, and so do the PSPs.
const CLOCK_LIMIT_SECONDS: u64 = 300;

/// Check whether a stack can do its work: keys, store, queue, APIs, webhooks
///
/// Stores nothing and moves no money. The PSPs' test calls have no effect. The status is 1 where something is wrong.
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    #[command(flatten)]
    common: Common,
    /// The address at which a deployed stack's webhooks are, where CloudFormation does not say it (output `BaseUrl`)
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Health {
    Well,
    /// It works, and somebody should look.
    Doubtful,
    Wrong,
}

/// One check.
#[derive(Debug, Serialize)]
struct Finding {
    check: &'static str,
    of: String,
    health: Health,
    /// In words.
    what: String,
}

impl Doctor {
    /// Checks and prints.
    pub(crate) async fn run(&self) -> Result<ExitCode, Failure> {
        let context = Context::open(&self.common).await?;
        let mut findings = keys(&self.common).await?;
        findings.extend(store(&context).await);
        findings.push(queue(&context).await);
        findings.extend(policy(&context));
        findings.extend(came(&context).await);
        findings.extend(mail(&context));
        findings.extend(bus(&context).await);
        findings.extend(apis(&self.common, &context).await?);
        findings.extend(self.webhooks(&context).await?);
        if self.common.json {
            terminal::json(&findings)?;
        } else {
            show(&findings);
        }
        Ok(verdict(findings.iter().all(|finding| finding.health != Health::Wrong)))
    }

    /// Whether each webhook is there and refuses what nobody signed: then it has keys.
    async fn webhooks(&self, context: &Context) -> Result<Vec<Finding>, Failure> {
        let said = context.deployed.as_ref().and_then(|deployed| deployed.base_url.as_ref());
        let url = match (self.url.as_ref().or(said), self.common.is_local()?) {
            (Some(url), _) => url.clone(),
            (None, true) => self.common.local_url()?.to_owned(),
            (None, false) => {
                return Ok(vec![Finding {
                    check: "webhooks",
                    of: String::new(),
                    health: Health::Doubtful,
                    what: "not tried: name the stack's address with --url".to_owned(),
                }]);
            }
        };
        let sender = Sender::new(&url)?;
        let (mut findings, mut clock) = (Vec::new(), None);
        for provider in PROVIDERS {
            let profile = provider.profile();
            let headers = [("content-type".to_owned(), profile.media_type.to_owned())];
            let reply = sender.deliver(profile.route, &headers, b"{}".to_vec()).await;
            clock = reply.as_ref().ok().and_then(|reply| reply.at).or(clock);
            let (health, what) = match reply {
                Ok(reply) if reply.status == 401 => {
                    (Health::Well, "refuses what is not signed".to_owned())
                }
                Ok(reply) if reply.status == 500 => {
                    (Health::Wrong, "has no usable keys".to_owned())
                }
                Ok(reply) if reply.status == 403 => {
                    (Health::Doubtful, "is closed to this machine's address".to_owned())
                }
                Ok(reply) => {
                    (Health::Wrong, format!("answers {} to what is not signed", reply.status))
                }
                Err(error) => (Health::Wrong, error.to_string()),
            };
            findings.push(Finding {
                check: "webhook",
                of: format!("{url}{}", profile.route),
                health,
                what,
            });
        }
        findings.extend(clock.map(|theirs| clocks(&url, now().unix().abs_diff(theirs))));
        Ok(findings)
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

/// Whether notifications of each PSP have come at all: an address that was never entered, or a rule that is off, is
/// silent.
async fn came(context: &Context) -> Vec<Finding> {
    let mut seen: BTreeMap<ProviderId, Timestamp> = BTreeMap::new();
    for state in State::ALL {
        // The store's own check says why not.
        let Ok(page) = context.table().updated(state, MAX_PAGE, None).await else {
            return Vec::new();
        };
        for found in page.orders {
            let last = seen.entry(found.key.psp).or_insert(found.updated_at);
            *last = found.updated_at.max(*last);
        }
    }
    let finding = |provider: &&'static dyn Provider| {
        let (health, what) = match seen.get(&provider.profile().id) {
            Some(at) => (Health::Well, format!("the newest order changed at {at}")),
            None => (
                Health::Doubtful,
                "no order yet: is the address entered at the PSP, and are its rules on? See docs/portals.md"
                    .to_owned(),
            ),
        };
        Finding { check: "orders", of: of(*provider), health, what }
    };
    PROVIDERS.iter().map(finding).collect()
}

/// Whether the bus is there that is to have each message.
async fn bus(context: &Context) -> Option<Finding> {
    let of = context.settings.event_bus.clone()?;
    let (health, what) = match bus_is_there(context.sdk(), &of).await {
        Ok(true) => (Health::Well, "is there".to_owned()),
        Ok(false) => (
            Health::Wrong,
            "there is no such bus: events are taken, and nobody gets them".to_owned(),
        ),
        Err(error) => (Health::Doubtful, error.to_string()),
    };
    Some(Finding { check: "bus", of, health, what })
}

/// Whether somebody is told of alarms.
fn mail(context: &Context) -> Option<Finding> {
    let (health, what) = match context.deployed.as_ref()?.alarm_mail.as_deref()? {
        "" => (Health::Doubtful, "nobody is told of alarms: AlarmMail is empty".to_owned()),
        mail => {
            (Health::Well, format!("{} is told, once the subscription is confirmed", clean(mail)))
        }
    };
    Some(Finding { check: "alarms", of: String::new(), health, what })
}

fn of(provider: &dyn Provider) -> String {
    provider.profile().id.as_str().to_owned()
}

/// Which keys verify notifications.
async fn keys(common: &Common) -> Result<Vec<Finding>, Failure> {
    let known = found(common).await?;
    let mut findings = Vec::new();
    for provider in PROVIDERS {
        let mut own =
            known.iter().filter(|keys| keys.psp == provider.profile().id.as_str()).peekable();
        let (mut health, mut said) = (Health::Well, Vec::new());
        if own.peek().is_none() {
            (health, said) =
                (Health::Doubtful, vec!["none: its notifications are refused".to_owned()]);
        }
        for keys in own {
            match &keys.unusable {
                Some(why) => {
                    health = Health::Wrong;
                    said.push(format!("{}: {why}", keys.from));
                }
                None => {
                    let named: Vec<String> = keys
                        .keys
                        .iter()
                        .map(|key| format!("{} ({})", clean(&key.id), key.mode.as_str()))
                        .collect();
                    said.push(format!("{}: {}", keys.from, named.join(", ")));
                }
            }
        }
        findings.push(Finding { check: "keys", of: of(*provider), health, what: said.join("; ") });
    }
    Ok(findings)
}

/// Whether the tables are reached, and what waits in them.
async fn store(context: &Context) -> Vec<Finding> {
    let (at, settings) = (now(), &context.settings);
    let orders = match context.table().unsent().await {
        Ok(unsent) => {
            let oldest = unsent.iter().map(|found| at.seconds_since(found.updated_at)).max();
            match oldest {
                Some(seconds) if seconds > LATE_SECONDS => {
                    let what = format!(
                        "{} to the queue, the oldest for {seconds} s: see `quittance unsent`",
                        count(unsent.len(), "order unsent")
                    );
                    (Health::Wrong, what)
                }
                _ => (Health::Well, "is reached, and nothing waits for the queue".to_owned()),
            }
        }
        Err(error) => (Health::Wrong, error.to_string()),
    };
    let mut quarantined = Ok(0);
    for provider in PROVIDERS {
        let found = context.archive().quarantined(provider.profile().id).await;
        quarantined = match (quarantined, found) {
            (Ok(known), Ok(found)) => Ok(known + found.len()),
            (Err(error), _) | (Ok(_), Err(error)) => Err(error),
        };
    }
    let archive = match quarantined {
        Ok(0) => (Health::Well, "is reached, and nothing is in quarantine".to_owned()),
        Ok(some) => (
            Health::Doubtful,
            format!("{} in quarantine: see `quittance quarantine`", count(some, "notification")),
        ),
        Err(error) => (Health::Wrong, error.to_string()),
    };
    let finding =
        |of: &String, (health, what)| Finding { check: "store", of: of.clone(), health, what };
    vec![finding(&settings.table, orders), finding(&settings.archive_table, archive)]
}

async fn queue(context: &Context) -> Finding {
    let (of, health, what) = match context.queue_url().await {
        Ok(url) => (url, Health::Well, "is there".to_owned()),
        Err(error) => (String::new(), Health::Wrong, error.to_string()),
    };
    Finding { check: "queue", of, health, what }
}

/// Whether it is known what decides about a release.
fn policy(context: &Context) -> Option<Finding> {
    let missing = context.guessed()?;
    let what = format!("{missing} is not set: commands that decide about orders need it");
    Some(Finding { check: "policy", of: String::new(), health: Health::Doubtful, what })
}

/// Whether the PSPs take the credentials of their APIs.
async fn apis(common: &Common, context: &Context) -> Result<Vec<Finding>, Failure> {
    let mut apis = Apis::default();
    let mut findings = Vec::new();
    for provider in PROVIDERS {
        let Some(variable) = provider.profile().api_variable else { continue };
        match (configured(variable), &common.stack) {
            (Some(document), _) => apis.add(*provider, &document),
            (None, Some(stack)) => {
                let sdk = Context::account(common).await?;
                apis.add_secret(*provider, client(&sdk), &format!("{stack}/api")).await;
            }
            (None, None) => {}
        }
        let tested = tested(*provider, &apis).await;
        if !tested.is_empty() {
            findings.extend(tested);
            continue;
        }
        let (health, what) = match (common.is_local()?, context.settings.policy.release_on) {
            (true, _) => (Health::Well, "no credentials: this stack plays the PSP's API itself".to_owned()),
            (false, ReleaseOn::Captured) => (
                Health::Doubtful,
                "no credentials: what is captured without a notification is not released, and nothing is given back".to_owned(),
            ),
            (false, ReleaseOn::Secured) => (Health::Doubtful, "no credentials: nobody is asked, and nothing is given back".to_owned()),
        };
        findings.push(Finding { check: "api", of: of(*provider), health, what });
    }
    Ok(findings)
}

/// A test call for each merchant and mode.
async fn tested(provider: &'static dyn Provider, apis: &Apis) -> Vec<Finding> {
    let Some(api) = apis.of(provider.profile().id).await else { return Vec::new() };
    let caller = Caller::new();
    let mut findings = Vec::new();
    for access in api.accesses() {
        let account = &access.account;
        let of = format!(
            "{}/{}/{} at {}",
            account.psp,
            clean(&account.merchant),
            account.mode.as_str(),
            access.origin
        );
        let outcome = match api.test(account) {
            Ok(talk) => {
                let late = |trouble: Trouble| Err(trouble);
                caller
                    .lead(talk, Instant::now() + CALL_BUDGET, late)
                    .await
                    .map_err(|trouble| trouble.to_string())
            }
            Err(why) => Err(why.to_string()),
        };
        let (health, what) = match (outcome, access.asks) {
            (Ok(()), true) => (Health::Well, "takes the credentials".to_owned()),
            (Ok(()), false) => (
                Health::Doubtful,
                "takes the credentials, which may not be used for asking".to_owned(),
            ),
            (Err(why), _) => (Health::Wrong, why),
        };
        findings.push(Finding { check: "api", of, health, what });
    }
    findings
}

fn show(findings: &[Finding]) {
    let mut shown = table(["", "check", "of", "finding"]);
    for Finding { check, of, health, what } in findings {
        let sign = match health {
            Health::Well => "ok",
            Health::Doubtful => "?",
            Health::Wrong => "WRONG",
        };
        shown.add_row([sign, *check, of, what]);
    }
    rows(&shown, "nothing was checked");
}

#[cfg(test)]
mod tests {
    use super::*;

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
