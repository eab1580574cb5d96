//! From what a notification says to durable facts: read, take, write on condition, answer.

use std::fmt;

use quittance_core::claims::{Cause, Claims, End, Place, Write};
use quittance_core::crypto::sha256_hex;
use quittance_core::fact::digest;
use quittance_core::told::Told;
use quittance_core::{
    Content, Policy, ProviderId, Reading, Receipt, Remark, Signed, Statement, Timestamp, Unreadable,
};

use crate::archive::supplement::HeardAnswer;
use crate::archive::{Archive, IncomingNotification};
use crate::clock::now;
use crate::error::StoreError;
use crate::measure::{self, Event};
use crate::names::{Due, Registry};
use crate::patience::Patience;
use crate::table::{PendingWrite, Saved, Table, UnsentMarker, too_far};
use crate::trace::Trace;
use crate::unarchived::Unarchived;

/// The source of what a provider sends, as an order lists it.
pub const WEBHOOK: &str = "webhook";

/// The source of what a provider says when it is asked.
pub const API: &str = "api";

/// Stores what providers say.
#[derive(Clone, Debug)]
pub struct Receiver {
    /// The orders.
    pub table: Table,
    /// The raw notifications.
    pub archive: Archive,
    /// When an order is released.
    pub policy: Policy,
    /// Overrides the arrival time during a replay: see [`Receiver::replaying`].
    pub arrived: Option<Timestamp>,
}

/// A verified notification as it came.
#[derive(Clone, Debug)]
pub struct Delivery<'a> {
    /// Who sent it.
    pub psp: ProviderId,
    /// What its signature covers.
    pub signed: &'a dyn Signed,
    /// The body, unmodified.
    pub body: &'a [u8],
    /// The headers that a later verification needs.
    pub headers: Vec<(String, String)>,
    /// When it arrived first.
    pub arrived: Timestamp,
    /// The trace that it belongs to.
    pub trace: Option<Trace>,
    /// Whether it only tries the webhook: what adds nothing is neither counted nor archived.
    pub is_probe: bool,
}

/// What became of one element of a notification. Prints as the sentence that the provider is answered, and
/// shows to the merchant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// It added facts, and they are stored.
    Stored {
        /// The order in one line.
        headline: String,
    },
    /// Everything in it was known.
    Known {
        /// The order in one line.
        headline: String,
    },
    /// Quittance does not track its subject.
    Untracked {
        /// What it is about.
        about: String,
    },
    /// It cannot be stored in an order. It is kept for a person.
    Quarantined {
        /// Why.
        reason: String,
    },
}

impl Disposition {
    /// Why it is in quarantine, if it is.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Quarantined { reason } => Some(reason),
            Self::Stored { .. } | Self::Known { .. } | Self::Untracked { .. } => None,
        }
    }
}

impl fmt::Display for Disposition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stored { headline } => write!(f, "OK {headline}"),
            Self::Known { headline } => write!(f, "OK {headline} (already known)"),
            Self::Untracked { about } => write!(f, "OK {about} is not tracked"),
            Self::Quarantined { reason } => write!(f, "KEPT in quarantine: {reason}"),
        }
    }
}

/// A part of a notification is not durable, so the provider has to send it again. The log has the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not stored")]
pub struct Unstored;

/// What became of a statement, whoever made it.
enum Entered {
    /// It was news, and is stored.
    Stored(Place),
    /// Everything in it was known, or decides nothing.
    Known(Place),
    /// The order has no room for it, as this sentence says.
    Full(String),
}

/// What became of a notification's statement.
enum StatementResult {
    Stored(String),
    Known(String),
    Quarantined(Content, String),
}

impl Receiver {
    /// A receiver for one archived notification. The notification keeps its arrival time, so that decisions get
    /// their old times, and is not archived again.
    pub fn replaying(&self, arrived: Timestamp) -> Self {
        let archive = self.archive.without_retention();
        Self { archive, arrived: Some(arrived), ..self.clone() }
    }

    /// Stores every reading of one notification. What became of each, when all are durable.
    ///
    /// # Errors
    ///
    /// [`Unstored`] where something of it is not durable. Why is in the log.
    pub async fn take(
        &self,
        delivery: Delivery<'_>,
        readings: Vec<Reading>,
    ) -> Result<Vec<Disposition>, Unstored> {
        let Delivery { psp, signed, body, headers, arrived, trace, is_probe } = delivery;
        let sha256 = sha256_hex(body);
        let raw = IncomingNotification {
            psp,
            signed,
            body,
            sha256: &sha256,
            headers,
            received_at: arrived,
        };
        let mut dispositions = Vec::with_capacity(readings.len());
        let mut refused = false;
        for reading in readings {
            match self.take_one(&raw, trace.as_ref(), reading, is_probe).await {
                Ok(disposition) => dispositions.push(disposition),
                Err(error) => {
                    tracing::error!(psp = psp.as_str(), sha256, %error, "not stored");
                    refused = true;
                    // A full quarantine is in the way of what nobody can read alone, and a hint in the way of
                    // itself: what else the message says is stored, although all of it has to be sent again.
                    if !matches!(error, StoreError::Full { .. } | StoreError::Unasked { .. }) {
                        break;
                    }
                }
            }
        }
        if refused { Err(Unstored) } else { Ok(dispositions) }
    }

    async fn take_one(
        &self,
        raw: &IncomingNotification<'_>,
        trace: Option<&Trace>,
        reading: Reading,
        is_probe: bool,
    ) -> Result<Disposition, StoreError> {
        let psp = raw.psp.as_str();
        let sha256 = raw.sha256;
        match reading {
            Reading::Order(statement) => {
                let taken = self.take_statement(raw, trace, &statement).await?;
                let order = &statement.key;
                let fact = digest(&statement.facts);
                let doubt = statement.doubt();
                let doubt = doubt.as_ref().map_or("", Remark::code);
                Ok(match taken {
                    StatementResult::Stored(headline) => {
                        measure::count(Event::Stored);
                        tracing::info!(psp, %order, fact, sha256, doubt, outcome = "stored", "stored");
                        Disposition::Stored { headline }
                    }
                    StatementResult::Known(headline) => {
                        if !is_probe {
                            measure::count(Event::Duplicate);
                        }
                        let outcome = "duplicate";
                        tracing::info!(psp, %order, fact, sha256, outcome, "already known");
                        Disposition::Known { headline }
                    }
                    StatementResult::Quarantined(content, reason) => {
                        quarantined(raw, &content, reason)
                    }
                })
            }
            // Nobody signed it, and there is nobody to ask yet: the provider is to come back.
            Reading::Hint(hint) => Err(StoreError::Unasked { order: hint.order.to_string() }),
            Reading::Untracked { about } => {
                if !is_probe {
                    self.archive.keep_untracked(raw).await?;
                    measure::count(Event::Untracked);
                }
                tracing::info!(psp, ?about, sha256, outcome = "untracked", "not tracked");
                Ok(Disposition::Untracked { about })
            }
            Reading::Unreadable(Unreadable { reason }) => {
                let content = self.archive.quarantine(raw, &reason).await?;
                Ok(quarantined(raw, &content, reason))
            }
        }
    }

    async fn take_statement(
        &self,
        raw: &IncomingNotification<'_>,
        trace: Option<&Trace>,
        statement: &Statement,
    ) -> Result<StatementResult, StoreError> {
        let receipt = Receipt {
            received_at: raw.received_at,
            source: WEBHOOK,
            sha256: raw.sha256.to_owned(),
        };
        let mut unarchived = Unarchived::notification(&self.archive, raw);
        Ok(match self.enter(statement, receipt, trace, &mut unarchived).await? {
            Entered::Stored(place) => StatementResult::Stored(self.say(&place)),
            Entered::Known(place) => StatementResult::Known(self.say(&place)),
            Entered::Full(reason) => {
                let content = self.archive.quarantine(raw, &reason).await?;
                StatementResult::Quarantined(content, reason)
            }
        })
    }

    /// Stores what a provider answered when it was asked. Whether something of it was news: then the answer is archived.
    ///
    /// # Errors
    ///
    /// Those of [`Table::load`], [`Table::save`] and [`Archive::keep_answer`]; [`StoreError::Contended`] where other
    /// writers were faster each time; [`StoreError::Corrupt`] where the order has no room for it.
    pub async fn hear(&self, answer: &HeardAnswer) -> Result<bool, StoreError> {
        let (mut unarchived, mut is_news) = (Unarchived::answer(&self.archive, answer), false);
        for told in &answer.told {
            is_news |= self.learn_and_archive(told, &mut unarchived).await?;
        }
        Ok(is_news)
    }

    /// Stores once more what was read of an answer that is archived, or of which nobody has the bytes. Whether it was news.
    ///
    /// # Errors
    ///
    /// Those of [`Receiver::hear`].
    pub async fn learn(&self, told: &Told) -> Result<bool, StoreError> {
        self.learn_and_archive(told, &mut Unarchived::nothing(&self.archive)).await
    }

    async fn learn_and_archive(
        &self,
        told: &Told,
        unarchived: &mut Unarchived<'_>,
    ) -> Result<bool, StoreError> {
        let Told { statement, at, sha256 } = told;
        let receipt = Receipt { received_at: *at, source: API, sha256: sha256.clone() };
        let order = &statement.key;
        Ok(match self.enter(statement, receipt, None, unarchived).await? {
            Entered::Stored(_) => {
                measure::count(Event::Stored);
                tracing::info!(%order, sha256, outcome = "stored", "learnt by asking");
                true
            }
            Entered::Known(_) => false,
            // Whoever plans upon it must not do so without it.
            Entered::Full(why) => return Err(StoreError::Corrupt(format!("{order}: {why}"))),
        })
    }

    /// Read, take, write on condition that nobody wrote in between; else again. The core says what, and to
    /// which order the statement goes. What it was read from is archived before.
    async fn enter(
        &self,
        statement: &Statement,
        receipt: Receipt,
        trace: Option<&Trace>,
        unarchived: &mut Unarchived<'_>,
    ) -> Result<Entered, StoreError> {
        let mut claims = Claims::new(statement, receipt, self.policy);
        let mut names = Registry::new(&self.table);
        let mut patience = Patience::new();
        patience.again().await;
        loop {
            match names.next(&mut claims, unarchived).await? {
                Due::Take(write) => {
                    let mark =
                        names.mark(&write).unwrap_or_else(|| UnsentMarker::now(trace.cloned()));
                    let entry = names.entry(&write);
                    let Write { item, summary, decisions, .. } = *write;
                    let draft = PendingWrite::new(&item.order, &summary, now())?;
                    let draft =
                        draft.after(item.former.as_ref()).marked(Some(mark)).standing(entry);
                    if !draft.fits() {
                        let reason = "the order is full: it has the largest size that is allowed";
                        return Ok(Entered::Full(reason.to_owned()));
                    }
                    unarchived.keep(item.order.key()).await?;
                    match self.table.save(draft, item.version).await? {
                        Saved::Done => {
                            measure::count_decisions(decisions);
                            claims.taken();
                            continue;
                        }
                        Saved::Conflict => {
                            measure::count(Event::Conflict);
                            claims.refused();
                        }
                    }
                }
                Due::Again(Cause::Raced) => measure::count(Event::Conflict),
                Due::Again(Cause::Elsewhere) => {}
                Due::End(End::Stored(place)) => return Ok(Entered::Stored(place)),
                Due::End(End::Known(place)) => return Ok(Entered::Known(place)),
                Due::End(End::Full(full)) => return Ok(Entered::Full(full.to_string())),
                Due::End(End::Astray(name)) => return Err(too_far(&name)),
            }
            if !patience.again().await {
                return Err(StoreError::Contended);
            }
        }
    }

    fn say(&self, place: &Place) -> String {
        place.headline.say(self.table.providers())
    }
}

fn quarantined(raw: &IncomingNotification<'_>, content: &Content, reason: String) -> Disposition {
    let (psp, sha256, content) = (raw.psp.as_str(), raw.sha256, &*content.digest);
    measure::count(Event::Quarantined);
    tracing::warn!(psp, sha256, content, reason, outcome = "quarantined", "quarantined");
    Disposition::Quarantined { reason }
}
