//! What an order is made of beside notifications: what a provider answered when it was asked, and what the merchant
//! registered. An answer is archived before the order is written; a price when it is stored, and before anybody is told so.
//!
//! | attribute | an answer | an amount that was registered |
//! |---|---|---|
//! | `kind` | `answer` | `registration` |
//! | `sha256` | that of the transcript | empty |
//! | `body` | the transcript, compressed; absent where it is too large | absent |
//! | `told` | what was read of it: an entry for each statement; none where that is too large | absent |
//! | `amount`, `currency` | absent | in minor units |

use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use quittance_core::api::Answer;
use quittance_core::crypto::sha256_hex;
use quittance_core::registered::Registered;
use quittance_core::told::Told;
use quittance_core::{Currency, OrderKey, Providers, Timestamp};

use super::{Archive, ArchiveKey, ArchivePage, KIND, deflated, inflate, is_supplement};
use crate::clock::sortable_nanos;
use crate::error::StoreError;
use crate::item::{Item, text};

const ANSWER: &str = "answer";
const REGISTRATION: &str = "registration";

/// Most bytes of an answer that are kept, of the compressed transcript and what was read of it: an item may have 400 KiB.
const MAX_KEPT_BYTES: usize = 384 * 1024;

/// Most bytes of a transcript: those of all answers of one talk, of which JSON may make twice as many.
const MAX_INFLATED_BYTES: usize = 32 * 1024 * 1024;

/// What a provider answered when it was asked, and what that states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeardAnswer {
    /// When it came.
    pub at: Timestamp,
    /// SHA-256 of the transcript, lowercase hex.
    pub sha256: String,
    /// The answers as they came: they hold personal data.
    pub transcript: String,
    /// What was read of them.
    pub told: Vec<Told>,
}

impl HeardAnswer {
    /// An answer that came then, believed as the provider's own word.
    pub fn new(answer: Answer, at: Timestamp) -> Self {
        let transcript = answer.transcript.to_json();
        let sha256 = sha256_hex(transcript.as_bytes());
        let statements = answer.confirmed().into_iter();
        let told = statements.map(|statement| Told { statement, at, sha256: sha256.clone() });
        Self { at, told: told.collect(), sha256, transcript }
    }
}

/// A supplement out of the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Supplement {
    /// Where it is kept.
    pub place: ArchiveKey,
    /// What it is.
    pub content: SupplementContent,
}

/// What a supplement is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SupplementContent {
    /// What a provider answered.
    Answer {
        /// The answers as they came; `None` where they were too large to be kept. They hold personal data.
        transcript: Option<Vec<u8>>,
        /// What was read of them.
        told: Vec<Told>,
    },
    /// What an order was said to cost.
    Registration {
        /// Under which name.
        key: OrderKey,
        /// How much, and when.
        registered: Registered,
    },
}

impl Archive {
    /// Keeps what was answered about an order.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] where the engine refuses or does not answer; [`StoreError::Corrupt`] where what was read
    /// cannot be stored.
    pub async fn keep_answer(
        &self,
        key: &OrderKey,
        answer: &HeardAnswer,
    ) -> Result<(), StoreError> {
        let began = sortable_nanos();
        let Some(put) = self.put_supplement(key, (ANSWER, &began), &answer.sha256, answer.at)
        else {
            return Ok(());
        };
        let told = answer.told.iter().map(Told::encode).collect::<Result<Vec<_>, _>>();
        let told = told.map_err(|error| StoreError::Corrupt(error.to_string()))?;
        let body = deflated(answer.transcript.as_bytes())?;
        let read = told.iter().map(Vec::len).sum::<usize>();
        let bytes = body.len() + read;
        let told = told.into_iter().filter(|_| read <= MAX_KEPT_BYTES);
        let told = told.map(|bytes| AttributeValue::B(Blob::new(bytes)));
        let put = put.item("told", AttributeValue::L(told.collect()));
        if bytes > MAX_KEPT_BYTES {
            tracing::warn!(order = %key, bytes, "the answer is too large to be kept as it came");
            return send(put).await;
        }
        send(put.item("body", AttributeValue::B(Blob::new(body)))).await
    }

    /// Keeps what an order was said to cost, in its place among what came since `began`
    /// ([`sortable_nanos`]).
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] where the engine refuses or does not answer.
    pub async fn keep_registration(
        &self,
        key: &OrderKey,
        registered: Registered,
        began: &str,
    ) -> Result<(), StoreError> {
        let Some(put) = self.put_supplement(key, (REGISTRATION, began), "", registered.at) else {
            return Ok(());
        };
        let currency = registered.currency.code().to_owned();
        send(
            put.item("amount", AttributeValue::N(registered.amount.to_string()))
                .item("currency", AttributeValue::S(currency)),
        )
        .await
    }

    /// `None` where nothing is kept.
    fn put_supplement(
        &self,
        key: &OrderKey,
        (kind, began): (&str, &str),
        sha256: &str,
        at: Timestamp,
    ) -> Option<PutItemFluentBuilder> {
        let expires_at = self.expires_at(at)?;
        let name = if sha256.is_empty() { kind } else { sha256 };
        Some(
            self.client
                .put_item()
                .table_name(&self.name)
                .item("pk", AttributeValue::S(key.to_string()))
                .item("sk", AttributeValue::S(format!("{began}/{name}")))
                .item(KIND, AttributeValue::S(kind.to_owned()))
                .item("sha256", AttributeValue::S(sha256.to_owned()))
                .item("received_at", AttributeValue::S(at.to_string()))
                .item("expires_at", expires_at),
        )
    }

    /// Reads a supplement; `None` where it is no longer kept.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] where the item is not as it was written; [`StoreError::Unavailable`] where the
    /// engine refuses or does not answer.
    pub async fn supplement(
        &self,
        place: &ArchiveKey,
        providers: Providers,
    ) -> Result<Option<Supplement>, StoreError> {
        let item = self.item(place).await?;
        item.map(|item| Supplement::of(place.clone(), &item, providers)).transpose()
    }
}

impl ArchivePage {
    /// The supplements in it. An item that is not as it was written is its error.
    pub fn supplements(
        &self,
        providers: Providers,
    ) -> impl Iterator<Item = Result<Supplement, StoreError>> {
        let supplements = self.0.iter().filter(|item| is_supplement(item));
        supplements.map(move |item| Supplement::of(ArchiveKey::of(item)?, item, providers))
    }
}

async fn send(put: PutItemFluentBuilder) -> Result<(), StoreError> {
    put.send().await.map_err(|e| StoreError::unavailable("put into archive", &e))?;
    Ok(())
}

impl Supplement {
    /// The same without the answers as they came: those of a whole archive take much room.
    pub fn without_bytes(mut self) -> Self {
        if let SupplementContent::Answer { transcript, .. } = &mut self.content {
            *transcript = None;
        }
        self
    }

    /// The answers as they came; `None` where they were too large to be kept, and of what was registered.
    pub fn transcript(self) -> Option<Vec<u8>> {
        match self.content {
            SupplementContent::Answer { transcript, .. } => transcript,
            SupplementContent::Registration { .. } => None,
        }
    }

    fn of(place: ArchiveKey, item: &Item, providers: Providers) -> Result<Self, StoreError> {
        let corrupt = |what: &str| {
            StoreError::Corrupt(format!("{} of {}: {what}", place.sort, place.partition))
        };
        let key = place.order().ok_or_else(|| corrupt("no order"))?;
        let content = match text(item, KIND)? {
            ANSWER => {
                let told = item.get("told").and_then(|told| told.as_l().ok());
                let told = told.ok_or_else(|| corrupt("nothing that was read"))?.iter();
                let told = told.map(|said| {
                    let bytes = said.as_b().map_err(|_| corrupt("not what was read"))?;
                    Told::decode(bytes.as_ref(), key.clone(), providers)
                        .map_err(|error| corrupt(&error.to_string()))
                });
                let transcript = item.get("body").and_then(|body| body.as_b().ok());
                let transcript = transcript.map(|body| {
                    inflate(body.as_ref(), MAX_INFLATED_BYTES)
                        .map_err(|_| corrupt("its body is not compressed"))
                });
                SupplementContent::Answer {
                    told: told.collect::<Result<_, _>>()?,
                    transcript: transcript.transpose()?,
                }
            }
            REGISTRATION => {
                let amount = item.get("amount").and_then(|amount| amount.as_n().ok());
                let amount = amount.and_then(|amount| amount.parse().ok());
                let currency = Currency::from_alpha(text(item, "currency")?);
                let (amount, currency) =
                    amount.zip(currency).ok_or_else(|| corrupt("no amount"))?;
                let registered = Registered { amount, currency, at: place.received_at };
                SupplementContent::Registration { key, registered }
            }
            other => return Err(corrupt(&format!("of an unknown kind, {other}"))),
        };
        Ok(Self { place, content })
    }
}
