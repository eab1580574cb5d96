//! Whether a file holds, and where it does not.

use std::collections::{BTreeMap, BTreeSet};

use quittance_core::{OrderKey, Providers, Reading, Timestamp};
use serde::Serialize;

use crate::file::{Absence, Decision, Evidence, Kind};
use crate::finding::{Finding, Problem};
use crate::reread::{self, Folded};
use crate::seal::SCHEMA;
use crate::{MAX_BYTES, RACE_SECONDS, layout, seal};

/// What the provider's own keys say of the notifications, by their places: somebody who has them looked.
pub type Proofs = BTreeMap<usize, Proof>;

/// What the keys say of one notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Which key verified it.
    pub key: String,
    /// What it says.
    pub readings: Vec<Reading>,
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Whether nothing is wrong.
    pub holds: bool,
    /// The order's key.
    pub order: Option<String>,
    /// The program that made the file.
    pub made_by: Option<String>,
    /// When.
    pub made_at: Option<Timestamp>,
    /// The head, as the file has it.
    pub head: Option<String>,
    /// How many notifications were verified with the provider's keys; `null` where nobody looked.
    pub signatures: Option<usize>,
    /// What is wrong, in the order of the file.
    pub findings: Vec<Finding>,
    /// The messages without their bytes.
    pub absent: Vec<Absent>,
    /// What came, in the order of arrival.
    pub events: Vec<Event>,
    /// What was decided, as the file says.
    pub decision: Option<Decision>,
}

/// A message without its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Absent {
    /// Its place.
    pub index: usize,
    /// Why.
    pub why: Absence,
}

/// What came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Event {
    /// When.
    pub at: String,
    /// What.
    pub kind: Kind,
    /// What it states, in words.
    pub states: Vec<String>,
    /// What was registered, in minor units.
    pub amount: Option<u64>,
    /// Its currency.
    pub currency: Option<String>,
}

/// Checks a file. With `proofs`, the signatures too.
pub fn check(bytes: &[u8], providers: Providers, proofs: Option<&Proofs>) -> Verdict {
    let evidence = match read(bytes) {
        Ok(evidence) => evidence,
        Err(finding) => return Verdict::nothing(finding),
    };
    let mut verdict = Verdict::about(&evidence);
    verdict.findings = structure(&evidence, bytes);
    // What is not what was sealed is not worth reading.
    if verdict.findings.is_empty() {
        verdict.findings = meaning(&evidence, providers, proofs, &mut verdict.signatures);
    }
    verdict.holds = verdict.findings.is_empty();
    verdict
}

impl Verdict {
    /// The same against a head that was noted elsewhere.
    #[must_use]
    pub fn against(mut self, noted: &str) -> Self {
        let noted = noted.trim().to_lowercase();
        if self.head.as_deref() != Some(noted.as_str()) {
            self.findings.push(Finding::of("head", Problem::OtherHead { noted }));
            self.holds = false;
        }
        self
    }

    fn nothing(finding: Finding) -> Self {
        Self {
            holds: false,
            order: None,
            made_by: None,
            made_at: None,
            head: None,
            signatures: None,
            findings: vec![finding],
            absent: Vec::new(),
            events: Vec::new(),
            decision: None,
        }
    }

    fn about(evidence: &Evidence) -> Self {
        let entries = evidence.entries.iter();
        Self {
            holds: false,
            order: Some(evidence.order.clone()),
            made_by: Some(evidence.made_by.clone()),
            made_at: Some(evidence.made_at),
            head: Some(evidence.head.clone()),
            signatures: None,
            findings: Vec::new(),
            absent: entries
                .clone()
                .filter_map(|entry| Some(Absent { index: entry.index, why: entry.absent? }))
                .collect(),
            events: entries
                .map(|entry| Event {
                    at: entry.at.clone(),
                    kind: entry.kind,
                    states: entry.states.clone(),
                    amount: entry.amount,
                    currency: entry.currency.clone(),
                })
                .collect(),
            decision: Some(evidence.decision.clone()),
        }
    }
}

fn read(bytes: &[u8]) -> Result<Evidence, Finding> {
    if bytes.len() > MAX_BYTES {
        return Err(Finding::of("file", Problem::TooLarge));
    }
    let evidence = Evidence::read(bytes).map_err(|error| {
        let place = format!("line {}", layout::broken(bytes).unwrap_or_else(|| error.line()));
        Finding::of(place, Problem::NotEvidence { why: error.to_string() })
    })?;
    if evidence.schema != SCHEMA {
        return Err(Finding::of("schema", Problem::OtherVersion));
    }
    Ok(evidence)
}

/// Whether each byte is the one that was sealed.
fn structure(evidence: &Evidence, bytes: &[u8]) -> Vec<Finding> {
    let mut findings = Vec::new();
    match evidence.to_bytes() {
        Ok(spelt) if spelt == bytes => {}
        Ok(spelt) => {
            let same = spelt.iter().zip(bytes).take_while(|(one, other)| one == other).count();
            let before = bytes.iter().take(same).filter(|byte| **byte == b'\n').count();
            let place = format!("line {}", before + 1);
            findings.push(Finding::of(place, Problem::OtherSpelling));
        }
        Err(error) => findings.push(unwritable(&error)),
    }
    // The link before as the file has it, and as it should be: an altered link alone is not told of what follows, too.
    let first = seal::first(&evidence.order);
    let (mut before, mut should_be) = (first.clone(), first);
    for (place, entry) in evidence.entries.iter().enumerate() {
        if entry.index != place {
            let problem = Problem::Moved { index: entry.index };
            findings.push(Finding::of(format!("entries[{place}]"), problem));
        }
        match seal::members(entry, seal::OF_ENTRY) {
            Ok(members) => {
                if seal::link(&should_be, entry.index, &entry.seals) == entry.chain {
                    before.clone_from(&should_be);
                }
                should_be = seal::link(&before, entry.index, &entry.seals);
                let link = |seals: &_| seal::link(&before, entry.index, seals);
                let found = Sealed { members, seals: &entry.seals, stated: &entry.chain };
                findings.extend(found.findings(&format!("entries[{place}]."), "chain", link));
            }
            Err(error) => findings.push(unwritable(&error)),
        }
        before.clone_from(&entry.chain);
    }
    if evidence.entries.len() != evidence.count {
        let (stated, found) = (evidence.count, evidence.entries.len());
        findings.push(Finding::of("entries", Problem::Count { stated, found }));
    }
    if seal::head(&should_be, &evidence.seals) == evidence.head {
        before = should_be;
    }
    match seal::members(evidence, seal::OF_FILE) {
        Ok(members) => {
            let head = |seals: &_| seal::head(&before, seals);
            let found = Sealed { members, seals: &evidence.seals, stated: &evidence.head };
            findings.extend(found.findings("", "head", head));
        }
        Err(error) => findings.push(unwritable(&error)),
    }
    findings
}

fn unwritable(error: &impl std::fmt::Display) -> Finding {
    Finding::of("file", Problem::NotEvidence { why: error.to_string() })
}

/// The members of an entry or of the file, and what was sealed.
struct Sealed<'a> {
    /// The digests of the members that are there.
    members: BTreeMap<String, String>,
    /// Those that were sealed.
    seals: &'a BTreeMap<String, String>,
    /// The digest over the seals.
    stated: &'a str,
}

impl Sealed<'_> {
    /// What is not what was sealed. `link` makes the digest over seals.
    fn findings(
        &self,
        within: &str,
        name_of_link: &str,
        link: impl Fn(&BTreeMap<String, String>) -> String,
    ) -> Vec<Finding> {
        let names: BTreeSet<&String> = self.members.keys().chain(self.seals.keys()).collect();
        let differs = |name: &&String| self.members.get(*name) != self.seals.get(*name);
        let different: Vec<&String> = names.into_iter().filter(differs).collect();
        let seals_hold = link(self.seals) == self.stated;
        // The members are as they were, and their seals are not.
        let members_hold = !seals_hold && link(&self.members) == self.stated;
        let mut findings: Vec<Finding> = different
            .iter()
            .map(|name| {
                let is_there = self.members.contains_key(*name);
                let (place, problem) = match self.seals.contains_key(*name) {
                    _ if members_hold => (format!("seals.{name}"), Problem::SealAltered),
                    true if is_there => ((*name).clone(), Problem::Altered),
                    true => ((*name).clone(), Problem::Removed),
                    false => ((*name).clone(), Problem::Added),
                };
                Finding::of(format!("{within}{place}"), problem)
            })
            .collect();
        if !seals_hold && !members_hold {
            findings.push(Finding::of(format!("{within}{name_of_link}"), Problem::Unlinked));
        }
        findings
    }
}

/// Whether the messages say what the file says of them, and come to what was decided.
fn meaning(
    evidence: &Evidence,
    providers: Providers,
    proofs: Option<&Proofs>,
    signatures: &mut Option<usize>,
) -> Vec<Finding> {
    let unread = |why: &str| Problem::Unread { why: why.to_owned() };
    let Ok(key) = evidence.order.parse::<OrderKey>() else {
        return vec![Finding::of("order", unread("it is no key of an order"))];
    };
    let Some(policy) = evidence.policy() else {
        return vec![Finding::of("policy", unread("a word of it is not known"))];
    };
    let mut findings = Vec::new();
    for (place, entry) in evidence.entries.iter().enumerate() {
        if let Some(body) = entry.bytes()
            && entry.sha256 != Some(quittance_core::crypto::sha256_hex(&body))
        {
            findings.push(Finding::at(place, "sha256", Problem::OtherBytes));
        }
    }
    let Folded { order, readings, findings: unread } =
        reread::fold(evidence, policy, &key, providers);
    findings.extend(unread);
    if let Some(proofs) = proofs {
        let mut verified = 0;
        for (place, said) in &readings {
            match proofs.get(place) {
                Some(proof) if proof.readings == *said => {
                    let stated = evidence.entries.get(*place);
                    let stated = stated.and_then(|entry| entry.verified_by.as_ref());
                    if stated.is_some_and(|stated| *stated != proof.key) {
                        let problem = Problem::OtherKey { found: proof.key.clone() };
                        findings.push(Finding::at(*place, "verified_by", problem));
                    }
                    verified += 1;
                }
                Some(_) => {
                    findings.push(Finding::at(*place, "body", Problem::SaysOtherwise));
                }
                None => findings.push(Finding::at(*place, "body", Problem::NotSigned)),
            }
        }
        *signatures = Some(verified);
    }
    if let Some(order) = order {
        findings.extend(differences(&evidence.decision, &Decision::of(&order, policy, providers)));
    }
    findings
}

/// In what a decision is not the one that the messages come to.
fn differences(stated: &Decision, found: &Decision) -> Vec<Finding> {
    let mut all = Differences(Vec::new());
    all.compare("state", &stated.state, &found.state);
    all.compare("currency", &stated.currency, &found.currency);
    all.compare("expected", &stated.expected, &found.expected);
    all.compare("authorised", &stated.authorised, &found.authorised);
    all.compare("captured", &stated.captured, &found.captured);
    all.compare("refunded", &stated.refunded, &found.refunded);
    all.compare("flags", &stated.flags, &found.flags);
    all.compare("why", &stated.why, &found.why);
    let id = |decision: &Decision| decision.released.as_ref().map(|release| release.id.clone());
    all.compare("released.id", &id(stated), &id(found));
    if let (Some(stated), Some(found)) = (&stated.released, &found.released) {
        all.times("released.decided_at", stated.decided_at, found.decided_at);
    }
    let amounts = |decision: &Decision| -> BTreeMap<String, (String, u64, String)> {
        let each = decision.reversals.iter();
        each.map(|r| (r.id.clone(), (r.share.clone(), r.amount, format!("{:?}", r.reason))))
            .collect()
    };
    all.compare("reversals", &amounts(stated), &amounts(found));
    for reversal in &stated.reversals {
        if let Some(other) = found.reversals.iter().find(|other| other.id == reversal.id) {
            all.times("reversals", reversal.decided_at, other.decided_at);
        }
    }
    // Of two bodies that say the same, the one that was stored first is listed.
    let says = |decision: &Decision| -> BTreeSet<String> {
        decision.listed.iter().map(|told| told.says.clone()).collect()
    };
    all.compare("listed", &says(stated), &says(found));
    all.0
}

struct Differences(Vec<Finding>);

impl Differences {
    fn compare<T: PartialEq + Serialize>(&mut self, member: &str, stated: &T, found: &T) {
        if stated != found {
            let text = |value: &T| serde_json::to_string(value).unwrap_or_default();
            let problem = Problem::ComesToOtherwise { stated: text(stated), found: text(found) };
            self.0.push(Finding::of(format!("decision.{member}"), problem));
        }
    }

    fn times(&mut self, member: &str, stated: Timestamp, found: Timestamp) {
        let apart = stated.seconds_since(found).max(found.seconds_since(stated));
        if apart > RACE_SECONDS {
            self.compare(member, &stated, &found);
        }
    }
}
