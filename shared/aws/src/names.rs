//! Carries out in the table what the core says of a payment's names: see [`quittance_core::claims`].

use std::collections::HashMap;

use quittance_core::claims::{Cause, Claims, End, Item, Step, TwoReferences, Write};
use quittance_core::{OrderKey, Policy};

use crate::clock::now;
use crate::error::StoreError;
use crate::index::{Entry, Task};
use crate::measure;
use crate::table::{PendingWrite, Saved, Stored, Table, UnsentMarker, next_ask, too_far};
use crate::unarchived::Unarchived;

/// Makes aliases point to orders.
#[derive(Debug)]
pub struct Registry<'a> {
    table: &'a Table,
    /// The markers of the items that were read.
    marks: HashMap<OrderKey, UnsentMarker>,
    /// Where the items stand in the index of what is due.
    entries: HashMap<OrderKey, Entry>,
}

/// What the receiver has to do once the aliases of a statement point to its order.
#[derive(Debug)]
pub enum Due {
    /// The order is to be written, and [`Claims`] to be told.
    Take(Box<Write>),
    /// It is to be tried once more.
    Again(Cause),
    /// Nothing.
    End(End),
}

impl<'a> Registry<'a> {
    /// The names in a table.
    pub fn new(table: &'a Table) -> Self {
        Self { table, marks: HashMap::new(), entries: HashMap::new() }
    }

    /// Carries steps out until the order itself is to be written, or there is nothing to do. The notification is archived
    /// beside the first name that is written: both come before the order, and neither needs the other.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] where an item cannot be read, or more names lead on than are ever written;
    /// [`StoreError::Unavailable`] where the engine refuses or does not answer.
    pub async fn next(
        &mut self,
        claims: &mut Claims<'_>,
        unarchived: &mut Unarchived<'_>,
    ) -> Result<Due, StoreError> {
        loop {
            let (item, saved) = match claims.step() {
                Step::Load(keys) => {
                    self.load_each(&keys).await?.into_iter().for_each(|item| claims.loaded(item));
                    continue;
                }
                Step::Name(item) => {
                    let archived = async {
                        match claims.home(&item) {
                            Some(home) => unarchived.keep(home).await,
                            None => Ok(()),
                        }
                    };
                    let (saved, ()) = tokio::try_join!(self.rename(*item.clone()), archived)?;
                    (*item, saved)
                }
                Step::Settle(write) => {
                    let saved = self.settle(&write).await?;
                    (write.item, saved)
                }
                Step::Take(write) => {
                    note(write.item.order.key(), write.two_references.as_ref());
                    return Ok(Due::Take(write));
                }
                Step::Again(cause) => return Ok(Due::Again(cause)),
                Step::End(End::Astray(name)) => return Err(too_far(&name)),
                Step::End(end) => return Ok(Due::End(end)),
            };
            match saved {
                Saved::Done => claims.written(item),
                Saved::Conflict => {
                    claims.refused();
                    return Ok(Due::Again(Cause::Raced));
                }
            }
        }
    }

    /// What stands beside the mark of an order that is to be written: its own, else that of a name which
    /// brought a decision along.
    pub fn mark(&self, write: &Write) -> Option<UnsentMarker> {
        self.mark_of(write.item.order.key(), &write.names)
    }

    /// The same of an order by its key and the names by which it was found, the nearest last.
    pub(crate) fn mark_of(&self, order: &OrderKey, names: &[OrderKey]) -> Option<UnsentMarker> {
        let mut keys = [order].into_iter().chain(names.iter().rev());
        keys.find_map(|key| self.marks.get(key)).cloned()
    }

    /// Reads an item, and notes its marker.
    pub(crate) async fn load(&mut self, key: &OrderKey) -> Result<Item, StoreError> {
        Ok(self.noted(self.table.load(key).await?))
    }

    /// Reads items, and notes their markers.
    async fn load_each(&mut self, keys: &[OrderKey]) -> Result<Vec<Item>, StoreError> {
        let read = self.table.load_each(keys).await?;
        Ok(read.into_iter().map(|stored| self.noted(stored)).collect())
    }

    /// Where the order that is to be written stands in the index of what is due.
    pub(crate) fn entry(&self, write: &Write) -> Option<Entry> {
        self.entries.get(write.item.order.key()).copied()
    }

    /// The item, whose marker and entry are noted.
    fn noted(&mut self, stored: Stored) -> Item {
        let entry = stored.entry;
        let (item, mark) = stored.split();
        let key = item.order.key();
        match entry {
            Some(entry) => self.entries.insert(key.clone(), entry),
            None => self.entries.remove(key),
        };
        match mark {
            Some(mark) => self.marks.insert(key.clone(), mark),
            None => self.marks.remove(key),
        };
        item
    }

    /// Writes an item that is a name.
    pub(crate) async fn rename(&self, item: Item) -> Result<Saved, StoreError> {
        let mark = self.marks.get(item.order.key()).cloned();
        let named = Stored::of(item, mark);
        match &named.joined {
            Some(join) => self.table.join(&named, join).await,
            None => Ok(Saved::Conflict),
        }
    }

    /// Writes that the queue was told all of an order. What the order took over from its names is written with it.
    pub(crate) async fn mark_told(&self, write: &Write) -> Result<Saved, StoreError> {
        let Item { order, version, .. } = &write.item;
        match version {
            Some(version) if write.names.is_empty() && !order.has_unsent() => {
                let next = next_ask(order, &write.summary, now());
                self.table.mark_told(order, *version, next).await
            }
            _ => self.settle(write).await,
        }
    }

    /// Takes an item that has nothing to tell from what is to be told, where it stands there: only an earlier version has
    /// left such. Whoever wrote it meanwhile has said where it stands.
    pub(crate) async fn unmark(&self, item: &Item, policy: Policy) -> Result<(), StoreError> {
        let Item { order, version: Some(version), join, .. } = item else { return Ok(()) };
        let key = order.key();
        let is_entered = self.entries.get(key).is_some_and(|entry| entry.task == Task::Tell);
        if !is_entered && !self.marks.contains_key(key) {
            return Ok(());
        }
        // A provider is asked about orders, and never about a name.
        let next = match join {
            None => next_ask(order, &order.summary(policy), now()),
            Some(_) => None,
        };
        let saved = self.table.mark_told(order, *version, next).await?;
        tracing::warn!(order = %key, ?saved, "it had nothing to tell");
        Ok(())
    }

    /// Writes an order.
    pub(crate) async fn settle(&self, write: &Write) -> Result<Saved, StoreError> {
        let Item { order, version, former, .. } = &write.item;
        let mark = self.mark(write).unwrap_or_else(|| UnsentMarker::now(None));
        let draft = PendingWrite::new(order, &write.summary, now())?;
        let draft = draft.after(former.as_ref()).marked(Some(mark)).standing(self.entry(write));
        let saved = self.table.save(draft, *version).await?;
        if saved == Saved::Done {
            measure::count_decisions(write.decisions);
        }
        Ok(saved)
    }
}

fn note(order: &OrderKey, found: Option<&TwoReferences>) {
    if let Some(TwoReferences { name, home }) = found {
        tracing::warn!(alias = %name, %home, %order, "one payment under two references");
    }
}
