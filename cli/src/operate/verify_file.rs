//! `quittance verify`: checks a file of `quittance evidence`. Without keys it reads nothing but the file.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use quittance_aws::archive::ArchivedNotification;
use quittance_core::OrderKey;
use quittance_evidence::{Evidence, Kind, Language, MAX_BYTES, Proofs, Verdict};
use quittance_psp::PROVIDERS;
use serde_json::json;

use crate::keys::Rings;
use crate::operate::context::{Common, Context};
use crate::operate::terminal::{clean, count, json, verdict as status};
use crate::output::{Failure, note, say};

/// Check a file of `quittance evidence`
///
/// Without keys: that no byte was altered since the file was made, and that the messages in it come to the decision. With
/// --keys also that the PSP signed each of them. To compare the stored orders with the archive, see `rebuild --verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyFile {
    #[command(flatten)]
    common: Common,
    /// The file
    file: PathBuf,
    /// Verify each signature too, with the keys of the stack
    #[arg(long)]
    keys: bool,
    /// The head that was noted when the file was made: another one is another file
    #[arg(long, value_name = "DIGEST")]
    head: Option<String>,
}

impl VerifyFile {
    /// Checks. The status is 1 where the file does not hold.
    pub(crate) async fn run(&self) -> Result<ExitCode, Failure> {
        let named = |error| format!("{}: {error}", self.file.display());
        let size = std::fs::metadata(&self.file).map_err(named)?.len();
        // A larger one is not read, and the check says why.
        let bytes = if size > MAX_BYTES as u64 {
            vec![b' '; MAX_BYTES + 1]
        } else {
            std::fs::read(&self.file).map_err(named)?
        };
        let proofs = match (self.keys, Evidence::read(&bytes)) {
            (true, Ok(evidence)) => {
                let rings = Context::open(&self.common).await?.rings().await;
                Some(proofs(&evidence, &rings).await)
            }
            _ => None,
        };
        let verdict = quittance_evidence::check(&bytes, PROVIDERS, proofs.as_ref());
        let verdict = match &self.head {
            Some(noted) => verdict.against(noted),
            None => verdict,
        };
        print(&verdict, self.common.json, None)
    }
}

/// What the keys say of the notifications in a file.
pub(crate) async fn proofs(evidence: &Evidence, rings: &Rings) -> Proofs {
    let mut proofs = Proofs::new();
    let Ok(order) = evidence.order.parse::<OrderKey>() else { return proofs };
    for (place, entry) in evidence.entries.iter().enumerate() {
        let is_kept = entry.kind == Kind::Notification;
        let (Some(body), Some(received_at)) = (entry.bytes().filter(|_| is_kept), entry.arrived())
        else {
            continue;
        };
        let kept = ArchivedNotification {
            psp: order.psp,
            body,
            sha256: entry.sha256.clone().unwrap_or_default(),
            headers: entry.headers.clone(),
            received_at,
            reason: None,
        };
        if let Some(proof) = rings.prove(&kept).await {
            proofs.insert(place, proof);
        }
    }
    proofs
}

/// Prints a verdict. The status is 1 where the file does not hold.
pub(crate) fn print(
    verdict: &Verdict,
    as_json: bool,
    written: Option<&Path>,
) -> Result<ExitCode, Failure> {
    if as_json {
        let mut document = serde_json::to_value(verdict)?;
        if let (Some(path), Some(members)) = (written, document.as_object_mut()) {
            members.insert("file".to_owned(), json!(path.display().to_string()));
        }
        json(&document)?;
        return Ok(status(verdict.holds));
    }
    if let Some(path) = written {
        say(&format!("written to {}", clean(&path.display().to_string())));
    }
    for finding in &verdict.findings {
        let said = clean(&finding.say(Language::English));
        say(&format!("WRONG  {}: {said}", clean(&finding.place)));
    }
    for absent in &verdict.absent {
        say(&format!(
            "without its bytes  entries[{}]: {}",
            absent.index,
            absent.why.say(Language::English)
        ));
    }
    let order = verdict.order.as_deref().map_or_else(|| "no order".to_owned(), clean);
    let signatures = match verdict.signatures {
        Some(verified) => format!("{} verified", count(verified, "signature")),
        None => "signatures not looked at (--keys)".to_owned(),
    };
    let holds = if verdict.holds { "holds" } else { "DOES NOT HOLD" };
    let entries = if verdict.events.len() == 1 {
        "1 entry"
    } else {
        &format!("{} entries", verdict.events.len())
    };
    say(&format!("{holds}: {order}, {entries}, {signatures}"));
    if let (true, Some(decision)) = (verdict.holds, &verdict.decision) {
        say(&match (&decision.released, &decision.why) {
            (Some(release), _) => {
                format!("released {} under {}", release.decided_at, clean(&release.id))
            }
            (None, Some(why)) => clean(why),
            (None, None) => "not released".to_owned(),
        });
    }
    if let Some(head) = &verdict.head {
        say(&format!("head {}", clean(head)));
        if written.is_some() {
            note("note the head elsewhere: it shows later that nothing was changed");
        }
    }
    Ok(status(verdict.holds))
}
