//! `quittance torture`: known failures of others, shown to any receiver on this machine.

pub(crate) mod args;
mod catalogue;
mod exhibit;
mod plain;
mod real;
mod report;
mod run;
mod scheme;
mod shell;
mod stories;
mod wire;

use std::process::ExitCode;

use serde_json::{Value, json};

use self::args::{SchemeName, Torture};
use self::catalogue::{EXHIBITS, FIRST, IN_TIME};
use self::exhibit::{Exhibit, Play};
use self::plain::{DEMO_SECRET, Kind, Plain};
use self::real::Real;
use self::report::Report;
use self::run::{Outcome, Receiver, Sent, Shown};
use self::scheme::Scheme;
use self::wire::Wire;
use crate::operate::terminal::{table, verdict};
use crate::output::{Failure, say};
use crate::rewriting::reference;
use crate::story::Psp;

/// Shows the exhibits, or lists them.
pub(crate) async fn run(args: &Torture) -> Result<ExitCode, Failure> {
    known(&args.only)?;
    known(&args.except)?;
    if args.list {
        list(args.json)?;
        return Ok(ExitCode::SUCCESS);
    }
    let (Some(url), Some(name)) = (&args.url, args.scheme) else {
        return Err("a receiver and its scheme are needed".into());
    };
    let wire = Wire::new(url)?;
    let keys = args.keys.as_ref().map(|file| {
        std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))
    });
    let scheme = scheme(name, keys.transpose()?, args.merchant.as_deref())?;
    let results = show(args, &*scheme, Receiver::new(wire, args)).await?;
    let report = Report { url, scheme: name, results };
    if let Some(file) = &args.page {
        std::fs::write(file, report.page())
            .map_err(|error| format!("{}: {error}", file.display()))?;
    }
    say(&if args.json { report.json().to_string() } else { report.text() });
    Ok(verdict(report.failed() == 0))
}

/// Sends every exhibit that is wanted, and counts when all are sent.
async fn show(
    args: &Torture,
    scheme: &dyn Scheme,
    mut receiver: Receiver<'_>,
) -> Result<Vec<Shown>, Failure> {
    let begins = reference("TORTURE");
    let mut sent: Vec<Sent> = Vec::new();
    let mut results = Vec::new();
    for (at, exhibit) in EXHIBITS.iter().enumerate() {
        let is_first = exhibit.name == FIRST;
        if !is_first && !is_wanted(args, exhibit) || exhibit.name == IN_TIME {
            continue;
        }
        let order = format!("{begins}-{at:02}");
        let Some(play) = scheme::play(scheme, exhibit.name, &order)? else { continue };
        match lacking(args, &play) {
            Some(why) => results.push(left_out(exhibit, why)),
            None => sent.push(receiver.send(exhibit, play).await?),
        }
        if is_first {
            receiver.await_first(&sent).await.map_err(|wrong| {
                format!(
                    "a genuine payment of the order {order} did not release it ({wrong}): the address, the keys or \
                     --count-effects may be wrong, and nothing else would say anything"
                )
            })?;
        }
    }
    let counts = receiver.count(&sent).await?;
    results.splice(0..0, sent.into_iter().map(|sent| sent.judged(&counts)));
    if let Some(exhibit) =
        EXHIBITS.iter().find(|exhibit| exhibit.name == IN_TIME && is_wanted(args, exhibit))
    {
        let late = std::mem::take(&mut receiver.late);
        let outcome = if late.is_empty() { Outcome::Right } else { Outcome::Failed(late) };
        results.push(Shown { exhibit, orders: Vec::new(), outcome });
    }
    Ok(results)
}

/// What is needed for an exhibit and was not given.
fn lacking(args: &Torture, play: &Play) -> Option<&'static str> {
    if play.restarts() && args.restart.is_none() {
        Some("it needs --restart")
    } else if play.needs_price && args.prepare.is_none() {
        Some("it needs --prepare: the message itself does not say what the order costs")
    } else {
        None
    }
}

fn left_out(exhibit: &'static Exhibit, why: &str) -> Shown {
    Shown { exhibit, orders: Vec::new(), outcome: Outcome::LeftOut(why.to_owned()) }
}

fn is_wanted(args: &Torture, exhibit: &Exhibit) -> bool {
    let is_named = |names: &[String]| names.iter().any(|name| name == exhibit.name);
    (args.only.is_empty() || is_named(&args.only)) && !is_named(&args.except)
}

fn known(names: &[String]) -> Result<(), Failure> {
    match names.iter().find(|name| !EXHIBITS.iter().any(|exhibit| exhibit.name == name.as_str())) {
        Some(name) => {
            Err(format!("no exhibit is called {name}: see quittance torture --list").into())
        }
        None => Ok(()),
    }
}

fn scheme(
    name: SchemeName,
    keys: Option<String>,
    merchant: Option<&str>,
) -> Result<Box<dyn Scheme>, Failure> {
    let plain = |kind| Plain::new(kind, keys.as_deref().unwrap_or(DEMO_SECRET));
    Ok(match name {
        SchemeName::Worldline => Box::new(Real::new(Psp::Worldline, keys, merchant)?),
        SchemeName::Lyra => Box::new(Real::new(Psp::Systempay, keys, merchant)?),
        SchemeName::StandardWebhooks => Box::new(plain(Kind::Standard)?),
        SchemeName::Stripe => Box::new(plain(Kind::Stripe)?),
    })
}

/// The schemes that have an exhibit, with the demo's keys.
fn schemes_of(exhibit: &Exhibit) -> Result<Vec<&'static str>, Failure> {
    let mut names = Vec::new();
    for name in SchemeName::ALL {
        let demo = scheme(name, Some(demo_keys(name)), None)?;
        if exhibit.name == IN_TIME || scheme::play(&*demo, exhibit.name, "LIST")?.is_some() {
            names.push(name.as_str());
        }
    }
    Ok(names)
}

fn demo_keys(name: SchemeName) -> String {
    let provider: &dyn quittance_core::Provider = match name {
        SchemeName::Worldline => &quittance_psp::worldline::Worldline,
        SchemeName::Lyra => &quittance_psp::lyra::Lyra,
        SchemeName::StandardWebhooks | SchemeName::Stripe => return DEMO_SECRET.to_owned(),
    };
    provider.profile().demo_keys.to_owned()
}

fn list(as_json: bool) -> Result<(), Failure> {
    if as_json {
        let mut all = Vec::new();
        for exhibit in EXHIBITS {
            let Exhibit { name, sent, right, seen } = exhibit;
            let schemes = schemes_of(exhibit)?;
            all.push(json!({"name": name, "schemes": schemes, "sent": sent, "right": right, "seen": seen}));
        }
        say(&Value::Array(all).to_string());
        return Ok(());
    }
    let mut listed = table(["exhibit", "schemes", "sent"]);
    for exhibit in EXHIBITS {
        let schemes = schemes_of(exhibit)?;
        let schemes = if schemes.len() == SchemeName::ALL.len() {
            "all".to_owned()
        } else {
            schemes.join(", ")
        };
        listed.add_row([exhibit.name, &schemes, exhibit.sent]);
    }
    say(&listed.trim_fmt());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_exhibit_is_of_some_scheme_and_every_scheme_has_many() {
        let all: Vec<_> = EXHIBITS.iter().map(|exhibit| schemes_of(exhibit).unwrap()).collect();
        for (exhibit, schemes) in EXHIBITS.iter().zip(&all) {
            assert!(!schemes.is_empty(), "{}", exhibit.name);
        }
        let has = |name: &str| all.iter().filter(|schemes| schemes.contains(&name)).count();
        for (name, least) in
            [("worldline", 20), ("lyra", 20), ("standard-webhooks", 12), ("stripe", 12)]
        {
            assert!(has(name) >= least, "{name}: {}", has(name));
        }
    }
}
