//! `quittance keys check`: which keys are configured, and which of them can be used. Nobody is called but
//! the store of the secret; neither a secret nor a part of one is printed.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use quittance_aws::keys::{Parse, STAGES, client, documents};
use quittance_core::Versioned;
use quittance_psp::lyra::brands::Sites;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::keys::{DEMO_LYRA_KEYS, DEMO_WORLDLINE_KEYS, configured};
use crate::operate::context::{Common, Context};
use crate::operate::terminal::{self, clean, rows, table, verdict};
use crate::{Failure, say};

/// Say which keys are configured, without showing them
#[derive(Debug, Args)]
pub(crate) struct Keys {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check the keys of a stack, or a document before it is put into the secret
    ///
    /// Calls no provider. The status is 1 when something is unusable, or no provider has a key.
    Check(Check),
}

#[derive(Debug, Args)]
struct Check {
    /// Check this document: {"worldline": …, "systempay": …}
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

/// The keys of one PSP in one place.
#[derive(Debug, Serialize)]
struct Found {
    psp: &'static str,
    /// The variable, the secret with its version, or the file.
    from: String,
    /// Why it cannot be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    unusable: Option<String>,
    keys: Vec<Key>,
}

/// What is known of one key but itself.
#[derive(Debug, Serialize)]
struct Key {
    /// A Worldline key's id, or a Lyra site.
    id: String,
    mode: &'static str,
    /// What it can verify, and what is to be known of that.
    verifies: Vec<&'static str>,
    /// The merchant that it is bound to, or the brand that serves the site.
    of: Option<String>,
}

/// One document with its place.
struct Document {
    psp: &'static str,
    from: String,
    text: Result<String, String>,
}

/// What was found in all places.
#[derive(Serialize)]
struct Report {
    found: Vec<Found>,
    missing: Vec<&'static str>,
    remarks: Vec<String>,
}

/// The providers, as their documents are called.
const PSPS: [&str; 2] = [worldline_webhook::KEYS.member, systempay_ipn::KEYS.member];

/// Checks and prints.
pub(crate) async fn run(args: &Keys) -> Result<ExitCode, Failure> {
    let Command::Check(check) = &args.command;
    let (documents, remarks) = match &check.file {
        Some(file) => from_file(file)?,
        None => from_environment(&args.common).await?,
    };
    let found: Vec<Found> = documents.into_iter().map(Document::read).collect();
    let has = |psp: &&&str| found.iter().any(|keys| keys.psp == **psp);
    let missing: Vec<&str> = PSPS.iter().filter(|psp| !has(psp)).copied().collect();
    let unusable = found.iter().any(|found| found.unusable.is_some());
    let well =
        !unusable && missing.len() < PSPS.len() && (check.file.is_none() || remarks.is_empty());
    let report = Report { found, missing, remarks };
    if args.common.json {
        terminal::json(&report)?;
    } else {
        report.show();
    }
    Ok(verdict(well))
}

/// The documents in a file that is to become the secret.
fn from_file(file: &PathBuf) -> Result<(Vec<Document>, Vec<String>), Failure> {
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file).map_err(|error| format!("{name}: {error}"))?;
    let Ok(members) = serde_json::from_str::<BTreeMap<String, Box<RawValue>>>(&text) else {
        let why = "not a JSON object of key documents".to_owned();
        let nothing = PSPS.map(|psp| Document { psp, from: name.clone(), text: Err(why.clone()) });
        return Ok((nothing.into(), Vec::new()));
    };
    let (mut documents, mut remarks) = (Vec::new(), Vec::new());
    for (member, value) in members {
        match PSPS.iter().find(|psp| **psp == member) {
            Some(psp) => documents.push(Document {
                psp,
                from: name.clone(),
                text: Ok(value.get().to_owned()),
            }),
            // Its name is not repeated: it may be a secret in the wrong place.
            None => {
                let members = PSPS.join(", ");
                remarks.push(format!("a member is none of {members}: nobody reads it"));
            }
        }
    }
    Ok((documents, remarks))
}

/// The documents that a stack uses: of each provider the variable, else the secret, else on a local stack
/// the demo's.
async fn from_environment(common: &Common) -> Result<(Vec<Document>, Vec<String>), Failure> {
    let mut remarks = Vec::new();
    let mut documents = Vec::new();
    let secret = common.secret()?;
    for (place, demo) in
        [(worldline_webhook::KEYS, DEMO_WORLDLINE_KEYS), (systempay_ipn::KEYS, DEMO_LYRA_KEYS)]
    {
        let (psp, variable) = (place.member, place.variable);
        if let Some(text) = configured(variable) {
            if secret.is_some() {
                remarks.push(format!("{variable} is set, so the secret's {psp} is not used here"));
            }
            documents.push(Document { psp, from: variable.to_owned(), text: Ok(text) });
        } else if let Some(secret) = &secret {
            let versions = from_secret(common, secret, psp).await?;
            remarks.extend(not_in_force(&versions));
            documents.extend(versions);
        } else if common.is_local()? {
            let from = "the demo".to_owned();
            documents.push(Document { psp, from, text: Ok(demo.to_owned()) });
        }
    }
    Ok((documents, remarks))
}

/// One provider's documents in both versions of the secret; one that is not there is left out.
async fn from_secret(
    common: &Common,
    id: &str,
    psp: &'static str,
) -> Result<Vec<Document>, Failure> {
    let sdk = Context::account(common).await?;
    let client = client(&sdk);
    let mut found = Vec::new();
    for (stage, version) in STAGES.into_iter().zip(["current", "previous"]) {
        let from = format!("secret {id}, {version} version");
        let text = match documents(&client, id, stage).await {
            Ok(documents) => documents.get(psp).map(|document| Ok(document.get().to_owned())),
            Err(error) => Some(Err(error.to_string())),
        };
        found.extend(text.map(|text| Document { psp, from, text }));
    }
    Ok(found)
}

/// What of the previous version is not in force beside the current one.
fn not_in_force(versions: &[Document]) -> Vec<String> {
    let [current, previous] = versions else {
        return Vec::new();
    };
    let (Ok(newer), Ok(older)) = (&current.text, &previous.text) else {
        return Vec::new();
    };
    let sentences = if current.psp == worldline_webhook::KEYS.member {
        beside(newer, older, worldline_webhook::parse_keys)
    } else {
        beside(newer, older, systempay_ipn::parse_keys)
    };
    let from = &previous.from;
    sentences.iter().map(|why| format!("not in force of {}, {from}: {why}", previous.psp)).collect()
}

fn beside<K: Versioned>(newer: &str, older: &str, parse: Parse<K>) -> Vec<String> {
    match (parse(newer), parse(older)) {
        (Ok(newer), Ok(older)) => older.beside(&newer).1,
        _ => Vec::new(),
    }
}

impl Document {
    fn read(self) -> Found {
        let Self { psp, from, text } = self;
        let read = if psp == worldline_webhook::KEYS.member { worldline } else { lyra };
        match text.and_then(|text| read(&text)) {
            Ok(keys) => Found { psp, from, unusable: None, keys },
            Err(why) => Found { psp, from, unusable: Some(why), keys: Vec::new() },
        }
    }
}

fn worldline(text: &str) -> Result<Vec<Key>, String> {
    let keys = worldline_webhook::parse_keys(text)?;
    let keys = keys.held().map(|(id, mode, merchant)| Key {
        id: id.to_owned(),
        mode: mode.as_str(),
        verifies: vec!["events"],
        of: merchant.map(|merchant| format!("only of merchant {merchant}")),
    });
    Ok(keys.collect())
}

fn lyra(text: &str) -> Result<Vec<Key>, String> {
    let keys = systempay_ipn::parse_keys(text)?;
    let sites = Sites::from_json(text).map_err(|error| error.to_string())?;
    let brand =
        |id: &str| sites.iter().find(|(site, _)| *site == id).map(|(_, brand)| brand.name.clone());
    let keys = keys.held().map(|(site, mode, held)| {
        let formats = [
            (held.form.is_some(), "form"),
            (held.form.is_some() && held.allow_sha1, "form with SHA-1"),
            (held.rest_password.is_some(), "REST"),
        ];
        Key {
            id: site.to_owned(),
            mode: mode.as_str(),
            verifies: formats.into_iter().filter(|(held, _)| *held).map(|(_, name)| name).collect(),
            of: brand(site).map(|brand| brand.into_owned()),
        }
    });
    Ok(keys.collect())
}

impl Report {
    fn show(&self) {
        let mut listed = table(["psp", "key or site", "mode", "verifies", "of", "from"]);
        for Found { psp, from, keys, .. } in &self.found {
            for key in keys {
                let nothing = if key.verifies.is_empty() { "NOTHING" } else { "" };
                let verifies = format!("{}{nothing}", key.verifies.join(", "));
                let of = key.of.as_deref().map_or_else(String::new, clean);
                listed.add_row([*psp, &clean(&key.id), key.mode, &verifies, &of, from]);
            }
        }
        rows(&listed, "no usable keys");
        for Found { psp, from, unusable, .. } in &self.found {
            if let Some(why) = unusable {
                say(&format!("UNUSABLE  {psp}, {from}: {why}"));
            }
        }
        for psp in &self.missing {
            say(&format!("no keys of {psp}: its notifications are not taken"));
        }
        for remark in &self.remarks {
            say(remark);
        }
    }
}
