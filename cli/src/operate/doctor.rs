//! `quittance doctor`: whether a stack can do its work, check by check. No order is stored, and no money is moved.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use quittance_aws::apis::Apis;
use quittance_aws::caller::Caller;
use quittance_aws::clock::{Instant, now};
use quittance_aws::keys::client;
use quittance_aws::queue::bus_is_there;
use quittance_core::api::Trouble;
use quittance_core::fold::ReleaseOn;
use quittance_core::provider::Provider;
use quittance_psp::PROVIDERS;

use crate::event::{Sender, is_here};
use crate::keys::configured;
use crate::operate::context::{Common, Context};
use crate::operate::finding::{Finding, Health, show};
use crate::operate::keys::{Found, found};
use crate::operate::seen::{Seen, seen};
use crate::operate::terminal::{self, clean, count, verdict};
use crate::operate::tried::Webhooks;
use crate::output::Failure;
use crate::psp;

/// How long a PSP may take to answer a test call.
const CALL_BUDGET: Duration = Duration::from_secs(20);

/// How old something unsent may be, in seconds: `dispatch` sends within one, and `reconcile` looks each minute.
const LATE_SECONDS: u64 = 120;

/// Check whether a stack can do its work: keys, store, queue, APIs, webhooks
///
/// Stores no order and moves no money. The PSPs' test calls have no effect. Each webhook is sent what nobody signed, what is
/// forged, and what is signed with the keys in force and is about nothing that is tracked; the PSP and the shop see nothing
/// of it. The status is 1 where something is wrong.
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    #[command(flatten)]
    common: Common,
    /// The address at which a deployed stack's webhooks are, where CloudFormation does not say it (output `BaseUrl`)
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Post nothing to the webhooks: they are not tried
    #[arg(long)]
    no_send: bool,
}

impl Doctor {
    /// Checks and prints.
    pub(crate) async fn run(&self) -> Result<ExitCode, Failure> {
        let context = Context::open(&self.common).await?;
        let known = found(&self.common).await?;
        let mut findings = keys(&known);
        findings.extend(store(&context).await);
        findings.push(queue(&context).await);
        findings.extend(policy(&context));
        let seen = match seen(&context).await {
            Ok(seen) => {
                findings.extend(seen.iter().flat_map(Seen::findings));
                seen
            }
            Err(error) => {
                let what = format!("not looked at: {error}");
                let (check, of) = ("orders", String::new());
                findings.push(Finding { check, of, health: Health::Doubtful, what });
                Vec::new()
            }
        };
        findings.extend(mail(&context));
        findings.extend(bus(&context).await);
        findings.extend(apis(&self.common, &context).await?);
        findings.extend(self.webhooks(&context, &known, &seen).await?);
        if self.common.json {
            terminal::json(&findings)?;
        } else {
            show(&findings);
        }
        Ok(verdict(findings.iter().all(|finding| finding.health != Health::Wrong)))
    }

    /// Whether the webhooks do what they should.
    async fn webhooks(
        &self,
        context: &Context,
        keys: &[Found],
        seen: &[Seen],
    ) -> Result<Vec<Finding>, Failure> {
        let untried = |why: &str| {
            let what = format!("not tried: {why}");
            let (check, of) = ("webhooks", String::new());
            Ok(vec![Finding { check, of, health: Health::Doubtful, what }])
        };
        if self.no_send {
            return untried("--no-send");
        }
        let said = context.deployed.as_ref().and_then(|deployed| deployed.base_url.as_ref());
        let own = if self.common.is_local()? {
            Some(self.common.local_url()?)
        } else {
            said.map(String::as_str)
        };
        let Some(url) = self.url.as_deref().or(own) else {
            return untried("name the stack's address with --url");
        };
        if !url.starts_with("https://") && !is_here(url) {
            return Err(
                format!("{url}: what is posted is for nobody on the way: say https://").into()
            );
        }
        let is_own = own.is_some_and(|own| own.trim_end_matches('/') == url.trim_end_matches('/'));
        let (sender, rings) = (Sender::new(url)?, context.rings().await);
        Ok(Webhooks { url, is_own, sender, rings, keys, seen, context }.findings().await)
    }
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
fn keys(known: &[Found]) -> Vec<Finding> {
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
    findings
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
    // Whom a local stack plays itself, it does not call.
    let is_local = common.is_local()?;
    let mut apis = if is_local { psp::apis().await } else { Apis::default() };
    let mut findings = Vec::new();
    for provider in PROVIDERS {
        let Some(variable) = provider.profile().api_variable else { continue };
        match (configured(variable), &common.stack) {
            _ if is_local => {}
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
        let (health, what) = match (is_local, context.settings.policy.release_on) {
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
    for access in api.accesses().into_iter().filter(|access| access.origin != psp::NO_FAKES) {
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
