//! From what a notification says to durable facts: read, take, write on condition, answer.

use std::time::Duration;

use quittance_core::crypto::sha256_hex;
use quittance_core::order::Full;
use quittance_core::{
    Order, OrderKey, Outcome, Policy, Psp, Reading, Receipt, Statement, Unreadable,
};

use crate::archive::{Archive, Raw};
use crate::clock::now;
use crate::error::StoreError;
use crate::http::Answer;
use crate::table::{Saved, Table};

/// How often a write is tried against other writers of the same order. With the pauses below the last
/// attempt begins within about 2 seconds, well before the PSP gives up (10 seconds).
pub const MAX_ATTEMPTS: u32 = 20;

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
}

/// What became of a statement.
enum Taken {
    Stored(String),
    Known(String),
    Quarantined(String),
}

impl Receiver {
    /// Stores every reading of one notification; the answer is positive only when all are durable.
    pub async fn take(
        &self,
        psp: Psp,
        body: &[u8],
        headers: Vec<(String, String)>,
        readings: Vec<Reading>,
    ) -> Answer {
        let sha256 = sha256_hex(body);
        let raw = Raw { psp, body, sha256: &sha256, headers, received_at: now() };
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
                        tracing::info!(psp, %order, sha256, doubt, outcome = "stored", "{headline}");
                        format!("OK {headline}")
                    }
                    Taken::Known(headline) => {
                        tracing::info!(psp, %order, sha256, outcome = "duplicate", "{headline}");
                        format!("OK {headline} (already known)")
                    }
                    Taken::Quarantined(reason) => {
                        tracing::warn!(psp, %order, sha256, reason, outcome = "quarantined", "quarantined");
                        format!("KEPT in quarantine: {reason}")
                    }
                })
            }
            Reading::Untracked { about } => {
                self.archive.keep_untracked(raw).await?;
                tracing::info!(psp, about, sha256, outcome = "untracked", "not tracked");
                Ok(format!("OK {about} is not tracked"))
            }
            Reading::Unreadable(Unreadable { reason }) => {
                self.archive.quarantine(raw, &reason).await?;
                tracing::warn!(psp, sha256, reason, outcome = "quarantined", "quarantined");
                Ok(format!("KEPT in quarantine: {reason}"))
            }
        }
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
        for attempt in 0..MAX_ATTEMPTS {
            pause(attempt).await;
            let stored = self.table.load_order(&key).await?;
            let mut order = stored.order;
            let joined = match self.join_names(statement, &mut order).await? {
                Names::Known => false,
                Names::Joined => true,
                Names::Raced => continue,
                Names::Elsewhere(home) => {
                    key = home;
                    continue;
                }
            };
            let outcome = match order.take(statement, &receipt, self.policy) {
                Ok(outcome) => outcome,
                Err(Full) => {
                    let reason = Full.to_string();
                    self.archive.quarantine(raw, &reason).await?;
                    return Ok(Taken::Quarantined(reason));
                }
            };
            if outcome == Outcome::Known && !joined {
                return Ok(Taken::Known(order.headline(self.policy)));
            }
            order.decide(receipt.received_at, self.policy);
            if !Table::fits(&order, self.policy, receipt.received_at)? {
                let reason = "the order is as large as it may be";
                self.archive.quarantine(raw, reason).await?;
                return Ok(Taken::Quarantined(reason.to_owned()));
            }
            if !archived {
                self.archive.keep(&order.key, raw).await?;
                archived = true;
            }
            match self.table.save(&order, stored.version, self.policy, now()).await? {
                Saved::Done => return Ok(Taken::Stored(order.headline(self.policy))),
                Saved::Conflict => {}
            }
        }
        Err(StoreError::Contended)
    }

    /// Makes the statement's other names point to the order and takes over what was known under them.
    ///
    /// The names are written before the order: if we die in between, the PSP sends again, finds the
    /// names, and what they hold is taken over then.
    async fn join_names(
        &self,
        statement: &Statement,
        order: &mut Order,
    ) -> Result<Names, StoreError> {
        let mut names = Names::Known;
        for alias in &statement.aliases {
            if *alias == order.key || order.aliases.contains(&alias.order) {
                continue;
            }
            let named = self.table.load(alias).await?;
            match &named.joined {
                Some(home) if *home != order.key => {
                    if statement.is_follow_up() {
                        return Ok(Names::Elsewhere(home.clone()));
                    }
                    tracing::warn!(%alias, %home, order = %order.key, "payment has two references");
                    continue;
                }
                Some(_) => {}
                None => {
                    if self.table.join(&named, &order.key).await? == Saved::Conflict {
                        return Ok(Names::Raced);
                    }
                }
            }
            order.absorb(named.order);
            order.aliases.insert(alias.order.clone());
            names = Names::Joined;
        }
        Ok(names)
    }
}

/// What became of a statement's other names.
enum Names {
    /// They point to the order already, or there are none.
    Known,
    /// They point to it now, and what was known under them is part of it.
    Joined,
    /// Someone else wrote one of them at the same time.
    Raced,
    /// The payment belongs to this other order: an occurrence of a subscription is an order of its own,
    /// and what follows on it names the subscription.
    Elsewhere(OrderKey),
}

/// Waits before an attempt other than the first: a random time, so that writers of one order spread.
pub(crate) async fn pause(attempt: u32) {
    if let Some(doublings) = attempt.checked_sub(1) {
        let longest = FIRST_PAUSE.saturating_mul(1 << doublings.min(8)).min(LONGEST_PAUSE);
        let micros = u64::try_from(longest.as_micros()).unwrap_or(u64::MAX);
        tokio::time::sleep(Duration::from_micros(fastrand::u64(0..=micros))).await;
    }
}
