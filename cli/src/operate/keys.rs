//! `quittance keys check`: which keys are configured, and which of them can be used. Nobody is called but
//! the store of the secret; neither a secret nor a part of one is printed.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use quittance_aws::keys::{STAGES, client, documents};
use quittance_core::Provider;
use quittance_core::members::Members;
use quittance_core::provider::HeldKey;
use quittance_psp::PROVIDERS;
use quittance_psp::spot::Spot;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::keys::Source;
use crate::operate::context::{Common, Context};
use crate::operate::terminal::{self, clean, rows, table, verdict};
use crate::output::{Failure, say};

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
pub(crate) struct Found {
    pub(crate) psp: &'static str,
    /// The variable, the secret with its version, or the file.
    pub(crate) from: String,
    /// Why it cannot be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) unusable: Option<String>,
    pub(crate) keys: Vec<HeldKey>,
}

/// One document with its place.
struct Document {
    provider: &'static dyn Provider,
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

/// What the documents of a provider are called in the secret.
fn member(provider: &'static dyn Provider) -> &'static str {
    provider.profile().id.as_str()
}

/// All of these names.
fn members() -> Vec<&'static str> {
    PROVIDERS.iter().map(|provider| member(*provider)).collect()
}

/// Checks and prints.
pub(crate) async fn run(args: &Keys) -> Result<ExitCode, Failure> {
    let Command::Check(check) = &args.command;
    let (documents, remarks) = match &check.file {
        Some(file) => from_file(file)?,
        None => from_environment(&args.common).await?,
    };
    let found: Vec<Found> = documents.into_iter().map(Document::read).collect();
    let has = |psp: &&&str| found.iter().any(|keys| keys.psp == **psp);
    let missing: Vec<&str> = members().into_iter().filter(|psp| !has(&psp)).collect();
    let unusable = found.iter().any(|found| found.unusable.is_some());
    let well = !unusable
        && missing.len() < PROVIDERS.len()
        && (check.file.is_none() || remarks.is_empty());
    let report = Report { found, missing, remarks };
    if args.common.json {
        terminal::json(&report)?;
    } else {
        report.show();
    }
    Ok(verdict(well))
}

/// The keys that a stack uses, place by place.
pub(crate) async fn found(common: &Common) -> Result<Vec<Found>, Failure> {
    let (documents, _) = from_environment(common).await?;
    Ok(documents.into_iter().map(Document::read).collect())
}

/// The documents in a file that is to become the secret.
fn from_file(file: &PathBuf) -> Result<(Vec<Document>, Vec<String>), Failure> {
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file).map_err(|error| format!("{name}: {error}"))?;
    let read = serde_json::from_str::<Members<Box<RawValue>>>(&text)
        .map_err(|error| format!("not a JSON object of key documents ({})", Spot::of(&error)))
        .and_then(|members| members.by_name().map_err(|doubled| doubled.to_string()));
    let members_of_file = match read {
        Ok(members) => members,
        Err(why) => {
            let nothing = PROVIDERS.iter().map(|provider| Document {
                provider: *provider,
                from: name.clone(),
                text: Err(why.clone()),
            });
            return Ok((nothing.collect(), Vec::new()));
        }
    };
    let (mut documents, mut remarks) = (Vec::new(), Vec::new());
    for (name_of, value) in members_of_file {
        match PROVIDERS.iter().find(|provider| member(**provider) == name_of) {
            Some(provider) => documents.push(Document {
                provider: *provider,
                from: name.clone(),
                text: Ok(value.get().to_owned()),
            }),
            // Its name is not repeated: it may be a secret in the wrong place.
            None => {
                let members = members().join(", ");
                remarks
                    .push(format!("an unknown member is ignored; the known members are {members}"));
            }
        }
    }
    Ok((documents, remarks))
}

/// The documents that a stack uses: of each provider the variable, else the secret, else on a local stack
/// the demo's, as long as no provider has keys of its own.
async fn from_environment(common: &Common) -> Result<(Vec<Document>, Vec<String>), Failure> {
    let mut remarks = Vec::new();
    let mut documents = Vec::new();
    let secret = common.secret()?;
    for provider in PROVIDERS.iter().copied() {
        let profile = provider.profile();
        let (psp, variable) = (member(provider), profile.keys_variable);
        match (Source::of(provider, secret.is_some()), &secret) {
            (Source::Variable(text), _) => {
                if secret.is_some() {
                    remarks.push(format!(
                        "{variable} is set, so the keys of {psp} in the secret are not used"
                    ));
                }
                documents.push(Document { provider, from: variable.to_owned(), text: Ok(text) });
            }
            (Source::Secret, Some(secret)) => {
                let versions = from_secret(common, secret, provider).await?;
                remarks.extend(not_in_force(&versions));
                documents.extend(versions);
            }
            (Source::Demo, _) if common.is_local()? => {
                let from = "the demo".to_owned();
                documents.push(Document { provider, from, text: Ok(profile.demo_keys.to_owned()) });
            }
            (Source::Secret | Source::Demo | Source::Nowhere, _) => {}
        }
    }
    Ok((documents, remarks))
}

/// One provider's documents in both versions of the secret; one that is not there is left out.
async fn from_secret(
    common: &Common,
    id: &str,
    provider: &'static dyn Provider,
) -> Result<Vec<Document>, Failure> {
    let sdk = Context::account(common).await?;
    let client = client(&sdk);
    let mut found = Vec::new();
    for (stage, version) in STAGES.into_iter().zip(["current", "previous"]) {
        let from = format!("secret {id}, {version} version");
        let text = match documents(&client, id, stage).await {
            Ok(documents) => {
                documents.get(member(provider)).map(|document| Ok(document.get().to_owned()))
            }
            Err(error) => Some(Err(error.to_string())),
        };
        found.extend(text.map(|text| Document { provider, from, text }));
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
    let (Ok(newer), Ok(older)) = (current.provider.keys(newer), current.provider.keys(older))
    else {
        return Vec::new();
    };
    let (_, sentences) = older.beside(&*newer);
    let (psp, from) = (member(previous.provider), &previous.from);
    sentences.iter().map(|why| format!("not in force for {psp}, {from}: {why}")).collect()
}

impl Document {
    fn read(self) -> Found {
        let Self { provider, from, text } = self;
        let psp = member(provider);
        let keys =
            text.and_then(|text| provider.describe(&text).map_err(|error| error.to_string()));
        match keys {
            Ok(keys) => Found { psp, from, unusable: None, keys },
            Err(why) => Found { psp, from, unusable: Some(why), keys: Vec::new() },
        }
    }
}

impl Report {
    fn show(&self) {
        let mut listed = table(["psp", "key or site", "mode", "verifies", "of", "from"]);
        for Found { psp, from, keys, .. } in &self.found {
            for key in keys {
                let nothing = if key.verifies.is_empty() { "NOTHING" } else { "" };
                let verifies = format!("{}{nothing}", key.verifies.join(", "));
                let of = key.of.as_deref().map_or_else(String::new, clean);
                listed.add_row([*psp, &clean(&key.id), key.mode.as_str(), &verifies, &of, from]);
            }
        }
        rows(&listed, "no usable keys");
        for Found { psp, from, unusable, .. } in &self.found {
            if let Some(why) = unusable {
                say(&format!("UNUSABLE  {psp}, {from}: {why}"));
            }
        }
        for psp in &self.missing {
            say(&format!("no keys of {psp}: its notifications are refused"));
        }
        for remark in &self.remarks {
            say(remark);
        }
    }
}
