//! Looks through all orders for those that a person has to look at: paid and held, released and not paid, stranded,
//! uncertain, given up. Nothing is changed.

use std::collections::{BTreeMap, BTreeSet};

use quittance_aws::StoreError;
use quittance_aws::clock::now;
use quittance_aws::measure;
use quittance_aws::table::Table;
use quittance_core::concern::Concern;
use quittance_core::{OrderKey, Policy};
use serde::{Serialize, Serializer};

/// Most orders that are named for each concern; all are counted.
const MAX_NAMED: usize = 100;

/// Most desks that are looked through for what is uncertain. What is not final is there, and no more.
const MAX_DESKS: u32 = 1_000;

/// What a running function holds.
#[derive(Clone, Debug)]
pub struct Function {
    /// The orders.
    pub table: Table,
    /// When an order is released.
    pub policy: Policy,
}

/// What a person has to look at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// How many orders were looked at.
    pub orders: usize,
    /// Items that could not be read.
    pub unreadable: usize,
    /// The orders of each concern.
    #[serde(flatten)]
    pub concerns: BTreeMap<Concern, Concerned>,
}

/// The orders of one concern.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Concerned {
    /// How many there are.
    pub count: usize,
    /// The first of them, by their keys.
    #[serde(serialize_with = "as_texts")]
    pub orders: BTreeSet<OrderKey>,
}

fn as_texts<S: Serializer>(orders: &BTreeSet<OrderKey>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(orders.iter().map(ToString::to_string))
}

impl Report {
    fn note(&mut self, concern: Concern, order: &OrderKey) {
        let concerned = self.concerns.entry(concern).or_default();
        concerned.count += 1;
        concerned.orders.insert(order.clone());
        if concerned.orders.len() > MAX_NAMED {
            concerned.orders.pop_last();
        }
    }

    /// How many orders have a concern, each counted for each of its concerns.
    pub fn unsettled(&self) -> usize {
        self.concerns.values().map(|concerned| concerned.count).sum()
    }
}

impl Function {
    /// Looks at every order.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the table cannot be read. An item that cannot be read is counted and is no error.
    pub async fn handle(&self) -> Result<Report, StoreError> {
        let (at, mut report) = (now(), Report::default());
        for concern in Concern::ALL {
            report.concerns.insert(concern, Concerned::default());
        }
        self.table
            .each(async |page| {
                for (key, stored) in page {
                    match stored {
                        // What a name holds stands in the order that it leads to.
                        Ok(stored) if stored.joined.is_some() => {}
                        Ok(stored) => {
                            report.orders += 1;
                            for concern in stored.order.concerns(self.policy, at) {
                                report.note(concern, stored.order.key());
                            }
                        }
                        Err(error) => {
                            tracing::error!(order = key, %error, "order not read");
                            report.unreadable += 1;
                        }
                    }
                }
                Ok(())
            })
            .await?;
        for place in self.table.due_desks(None, MAX_DESKS).await? {
            match self.table.desk_at(&place).await {
                Ok(held) if held.desk.is_uncertain() => report.note(Concern::Uncertain, &place),
                Ok(_) => {}
                Err(error) => {
                    tracing::error!(order = %place, %error, "refunds not read");
                    report.unreadable += 1;
                }
            }
        }
        measure::unsettled(report.unsettled());
        Ok(report)
    }
}
