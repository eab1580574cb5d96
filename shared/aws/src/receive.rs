//! From what a notification says to durable facts: read, take, write on condition, answer.

use std::time::{Duration, Instant};

use quittance_core::crypto::sha256_hex;
use quittance_core::{Outcome, Policy, Psp, Reading, Receipt, Statement, Timestamp, Unreadable};

use crate::archive::{Archive, Raw};
use crate::clock::now;
use crate::error::StoreError;
use crate::http::Answer;
use crate::names::{Names, claim, confirm, open};
use crate::table::{Draft, Saved, Table};

/// The longest pause before the second attempt; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(10);

/// The longest pause before any attempt.
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// Stores what notifications say.
#[derive(Clone, Debug)]
pub struct Receiver {
    /// The orders.
    pub table: Table,
    /// The raw notifications.
    pub archive: Archive,
    /// When an order is released.
    pub policy: Policy,
    /// When what comes in now arrived, if that was at another time: see [`Receiver::replaying`].
    pub arrived: Option<Timestamp>,
}

/// What became of a statement.
enum Taken {
    Stored(String),
    Known(String),
    Quarantined(String),
}

impl Receiver {
    /// The same for a notification out of the archive: it counts as arrived when it did arrive, so that
    /// times of decisions come out as they were, and is not archived again.
    pub fn replaying(&self, arrived: Timestamp) -> Self {
        let archive = self.archive.without_retention();
        Self { archive, arrived: Some(arrived), ..self.clone() }
    }

    /// Stores every reading of one notification; the answer is positive only when all are durable.
    pub async fn take(
        &self,
        psp: Psp,
        body: &[u8],
        headers: Vec<(String, String)>,
        readings: Vec<Reading>,
    ) -> Answer {
        let sha256 = sha256_hex(body);
        let raw = Raw {
            psp,
            body,
            sha256: &sha256,
            headers,
            received_at: self.arrived.unwrap_or_else(now),
        };
        let mut lines = Vec::new();
        for reading in readings {
            match self.take_one(&raw, reading).await {
                Ok(line) => lines.push(line),
                Err(error) => {
                    tracing::error!(psp = psp.as_str(), sha256, %error, "not stored");
                    return Answer::TryAgain;
                }
            }
        }
        Answer::Taken(lines.join("; "))
    }

    async fn take_one(&self, raw: &Raw<'_>, reading: Reading) -> Result<String, StoreError> {
        let psp = raw.psp.as_str();
        let sha256 = raw.sha256;
        match reading {
            Reading::Order(statement) => {
                let taken = self.take_statement(raw, &statement).await?;
                let order = &statement.key;
                let doubt = statement.doubt.as_deref().unwrap_or("");
                Ok(match taken {
                    Taken::Stored(headline) => {
                        tracing::info!(psp, %order, sha256, doubt, outcome = "stored", "stored");
                        format!("OK {headline}")
                    }
                    Taken::Known(headline) => {
                        tracing::info!(psp, %order, sha256, outcome = "duplicate", "already known");
                        format!("OK {headline} (already known)")
                    }
                    Taken::Quarantined(reason) => Self::quarantined(raw, &reason),
                })
            }
            Reading::Untracked { about } => {
                self.archive.keep_untracked(raw).await?;
                tracing::info!(psp, ?about, sha256, outcome = "untracked", "not tracked");
                Ok(format!("OK {about} is not tracked"))
            }
            Reading::Unreadable(Unreadable { reason }) => {
                self.archive.quarantine(raw, &reason).await?;
                Ok(Self::quarantined(raw, &reason))
            }
        }
    }

    fn quarantined(raw: &Raw<'_>, reason: &str) -> String {
        let (psp, sha256) = (raw.psp.as_str(), raw.sha256);
        tracing::warn!(psp, sha256, reason, outcome = "quarantined", "quarantined");
        format!("KEPT in quarantine: {reason}")
    }

    /// Read, take, write on condition that nobody wrote in between; else again.
    async fn take_statement(
        &self,
        raw: &Raw<'_>,
        statement: &Statement,
    ) -> Result<Taken, StoreError> {
        let receipt = Receipt {
            received_at: raw.received_at,
            source: "webhook",
            sha256: raw.sha256.to_owned(),
        };
        let mut archived = false;
        let mut key = statement.key.clone();
        let mut patience = Patience::new();
        while patience.again().await {
            let stored = open(&self.table, statement, &key).await?;
            let mut order = stored.order;
            let joined = match claim(&self.table, statement, &mut order).await? {
                Names::Settled(changed) => changed || stored.repaired,
                Names::Raced => continue,
                Names::Elsewhere(home) => {
                    key = home;
                    continue;
                }
            };
            let summary = match order.take(statement, &receipt, self.policy) {
                Ok(Outcome::Changed(summary)) => summary,
                // What a name held may complete the order although the statement itself is no news.
                Ok(Outcome::Known) if joined => order.decide(receipt.received_at, self.policy),
                Ok(Outcome::Known) => return Ok(Taken::Known(order.headline(self.policy))),
                Err(full) => return self.quarantine(raw, full.to_string()).await,
            };
            let headline = order.headline_of(&summary, self.policy);
            let draft = Draft::new(&order, summary, self.policy, now())?;
            if !draft.fits() {
                let reason = "the order is as large as it may be";
                return self.quarantine(raw, reason.to_owned()).await;
            }
            if !archived {
                self.archive.keep(&order.key, raw).await?;
                archived = true;
            }
            match self.table.save(draft, stored.version).await? {
                Saved::Done if confirm(&self.table, statement, &order).await? => {
                    return Ok(Taken::Stored(headline));
                }
                Saved::Done | Saved::Conflict => {}
            }
        }
        Err(StoreError::Contended)
    }

    async fn quarantine(&self, raw: &Raw<'_>, reason: String) -> Result<Taken, StoreError> {
        self.archive.quarantine(raw, &reason).await?;
        Ok(Taken::Quarantined(reason))
    }
}

/// How long other writers of the same order are waited out: the PSP hears of a failure before it gives
/// up by itself (10 seconds), even when the last attempt's calls are slow.
const PATIENCE: Duration = Duration::from_secs(5);

/// Attempts at a write that others may win, each after a random pause.
pub(crate) struct Patience {
    began: Instant,
    attempt: u32,
}

impl Patience {
    pub(crate) fn new() -> Self {
        Self { began: Instant::now(), attempt: 0 }
    }

    /// Whether to try (again); waits before every attempt but the first.
    pub(crate) async fn again(&mut self) -> bool {
        pause(self.attempt).await;
        self.attempt += 1;
        self.attempt == 1 || self.began.elapsed() < PATIENCE
    }
}

/// Waits before an attempt other than the first: a random time, so that writers of one order spread.
async fn pause(attempt: u32) {
    if let Some(doublings) = attempt.checked_sub(1) {
        let longest = FIRST_PAUSE.saturating_mul(1 << doublings.min(8)).min(LONGEST_PAUSE);
        let micros = u64::try_from(longest.as_micros()).unwrap_or(u64::MAX);
        tokio::time::sleep(Duration::from_micros(fastrand::u64(0..=micros))).await;
    }
}
