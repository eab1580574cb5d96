//! What is kept of started payments, in items beside the orders.
//!
//! | `pk` | holds |
//! |---|---|
//! | `checkout:sessions/<order's key>` | the sessions of an order ([`Sessions::to_json`]), with a `version` |
//! | `checkout:return/<psp>/<name of a proof>` | `place`: the order to which a browser's return with that proof belongs |
//! | `checkout:unique/<psp>/<merchant>/<mode>/<name>` | `owner`: the start that has the name |
//!
//! No order's key begins so. Nothing of these is an order: lists, the outbox and `rebuild` do not see them.

use aws_sdk_dynamodb::types::AttributeValue;
use quittance_core::checkout::{Proof, Sessions};
use quittance_core::key::Account;
use quittance_core::{OrderKey, ProviderId};

use crate::error::{StoreError, written};
use crate::table::{Item, Saved, Table, read_key, text};

/// What the keys begin with.
const PREFIX: &str = "checkout:";

/// The sessions of an order, with what the next write must find unchanged.
#[derive(Clone, Debug)]
pub struct StoredSessions {
    /// The sessions; none where nothing is stored.
    pub sessions: Sessions,
    /// `None` where nothing is stored.
    pub version: Option<u64>,
}

impl Table {
    /// Reads the sessions of an order, strongly consistent.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] where they cannot be read; [`StoreError::Unavailable`] where the engine refuses or does
    /// not answer.
    pub async fn sessions_of(&self, order: &OrderKey) -> Result<StoredSessions, StoreError> {
        let Some(item) = self.beside(sessions_key(order)).await? else {
            return Ok(StoredSessions { sessions: Sessions::default(), version: None });
        };
        let sessions = Sessions::from_json(text(&item, "sessions")?)
            .map_err(|error| StoreError::Corrupt(error.to_string()))?;
        let version = item.get("version").and_then(|v| v.as_n().ok()).and_then(|n| n.parse().ok());
        let version = version.ok_or_else(|| StoreError::Corrupt("version missing".to_owned()))?;
        Ok(StoredSessions { sessions, version: Some(version) })
    }

    /// Writes the sessions of an order if nobody wrote them since. They are at the next version then.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] where the engine refuses or does not answer. A lost race is [`Saved::Conflict`].
    pub async fn save_sessions(
        &self,
        order: &OrderKey,
        stored: &mut StoredSessions,
    ) -> Result<Saved, StoreError> {
        let next = stored.version.map_or(1, |version| version + 1);
        let item = Item::from([
            ("pk".to_owned(), AttributeValue::S(sessions_key(order))),
            ("version".to_owned(), AttributeValue::N(next.to_string())),
            ("sessions".to_owned(), AttributeValue::S(stored.sessions.to_json())),
        ]);
        let saved = self.put(item, stored.version).await?;
        if saved == Saved::Done {
            stored.version = Some(next);
        }
        Ok(saved)
    }

    /// Claims a name that no other payment of the merchant's may have, for a start. Whether it has the name now.
    ///
    /// # Errors
    ///
    /// Those of [`Table::sessions_of`].
    pub async fn claim_name(
        &self,
        account: &Account,
        name: &str,
        owner: &str,
    ) -> Result<bool, StoreError> {
        let Account { psp, merchant, mode } = account;
        let pk = format!("{PREFIX}unique/{psp}/{merchant}/{}/{name}", mode.as_str());
        let put = self
            .client
            .put_item()
            .table_name(&self.name)
            .item("pk", AttributeValue::S(pk))
            .item("owner", AttributeValue::S(owner.to_owned()))
            .condition_expression("attribute_not_exists(pk) OR #owner = :owner")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":owner", AttributeValue::S(owner.to_owned()));
        written("claim a payment's name", put.send().await)
    }

    /// Notes to which order a return with this proof belongs.
    ///
    /// # Errors
    ///
    /// Those of [`Table::sessions_of`].
    pub async fn note_return(&self, order: &OrderKey, proof: &Proof) -> Result<(), StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.name)
            .item("pk", AttributeValue::S(return_key(order.psp, proof)))
            .item("place", AttributeValue::S(order.to_string()));
        put.send().await.map_err(|e| StoreError::unavailable("note a return", &e))?;
        Ok(())
    }

    /// The order to which a return with this proof belongs. The proof is to be compared with that of the session: see
    /// [`Sessions::proven`].
    ///
    /// # Errors
    ///
    /// Those of [`Table::sessions_of`].
    pub async fn returned_to(
        &self,
        psp: ProviderId,
        proof: &Proof,
    ) -> Result<Option<OrderKey>, StoreError> {
        let item = self.beside(return_key(psp, proof)).await?;
        item.map(|item| read_key(text(&item, "place")?)).transpose()
    }

    /// Reads what lies beside the orders under this key, strongly consistent.
    pub(crate) async fn beside(&self, pk: String) -> Result<Option<Item>, StoreError> {
        let get = self
            .client
            .get_item()
            .table_name(&self.name)
            .key("pk", AttributeValue::S(pk))
            .consistent_read(true);
        let reply =
            get.send().await.map_err(|e| StoreError::unavailable("get beside the orders", &e))?;
        Ok(reply.item)
    }
}

fn sessions_key(order: &OrderKey) -> String {
    format!("{PREFIX}sessions/{order}")
}

fn return_key(psp: ProviderId, proof: &Proof) -> String {
    format!("{PREFIX}return/{psp}/{}", proof.name())
}
