//! What orders are made of beside notifications, taken once more: what providers answered when they were asked, and what
//! the merchant registered.

use std::collections::{BTreeMap, BTreeSet};

use quittance_aws::StoreError;
use quittance_aws::amend::{Amender, Price, Registration};
use quittance_aws::archive::supplement::{Supplement, SupplementContent};
use quittance_aws::archive::{Archive, ArchiveKey};
use quittance_aws::receive::{API, Receiver};
use quittance_aws::table::Table;
use quittance_core::claims::Items;
use quittance_core::registered::Registered;
use quittance_core::told::Told;
use quittance_core::{OrderKey, Policy, Receipt, Standing};
use quittance_psp::PROVIDERS;

/// One thing that was said and is no notification.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Word<'a> {
    /// What an order was said to cost, under this name.
    Price(&'a OrderKey, Registered),
    /// What a provider stated.
    Told(&'a Told),
}

/// What a supplement says.
pub(crate) fn words(supplement: &Supplement) -> Vec<Word<'_>> {
    match &supplement.content {
        SupplementContent::Answer { told, .. } => told.iter().map(Word::Told).collect(),
        SupplementContent::Registration { key, registered } => vec![Word::Price(key, *registered)],
    }
}

impl Word<'_> {
    /// Takes it once more, into orders in memory.
    pub(crate) fn again_in(self, items: &mut Items, policy: Policy) {
        match self {
            Self::Price(key, registered) => {
                items.register(key, registered, policy);
            }
            Self::Told(Told { statement, at, sha256 }) => {
                let receipt = Receipt { received_at: *at, source: API, sha256: sha256.clone() };
                items.take(statement, receipt, policy);
            }
        }
    }

    /// Takes it once more. Whether it was news.
    pub(crate) async fn again(self, receiver: &Receiver) -> Result<bool, StoreError> {
        match self {
            Self::Told(told) => receiver.learn(told).await,
            Self::Price(key, registered) => {
                let Registered { amount, currency, at } = registered;
                // What is no price was never registered.
                let Some(price) = Price::new(amount, currency) else { return Ok(false) };
                let amender = Amender::of(receiver);
                let amender = Amender { archive: amender.archive.without_retention(), ..amender };
                let became = amender.register(key, price, at, None).await?;
                Ok(matches!(became, Registration::Done { .. }))
            }
        }
    }

    /// Whether its order lacks it.
    pub(crate) async fn is_news(self, table: &Table) -> Result<bool, StoreError> {
        Ok(match self {
            // What is known was left out before.
            Self::Price(..) => true,
            Self::Told(Told { statement, .. }) => {
                let order = table.load_order(&statement.key).await?.order;
                let knows = |fact| order.facts().knows(fact, Standing::Confirmed);
                !statement.facts.iter().all(knows)
            }
        })
    }
}

/// Without prices that orders know: of an order that has a price those are left that were stored after it, which is what a replay
/// has to do that was broken off. A price of which the archive does not know is newer than what it has.
pub(crate) async fn without_known_prices(
    table: &Table,
    supplements: Vec<Supplement>,
) -> Result<Vec<Supplement>, StoreError> {
    let mut prices: BTreeMap<&OrderKey, Vec<(usize, Registered)>> = BTreeMap::new();
    for (at, supplement) in supplements.iter().enumerate() {
        if let SupplementContent::Registration { key, registered } = &supplement.content {
            prices.entry(key).or_default().push((at, *registered));
        }
    }
    let mut known = BTreeSet::new();
    for (key, prices) in prices {
        let Some(has) = table.load_order(key).await?.order.registered() else { continue };
        let last = prices.iter().rposition(|(_, price)| *price == has);
        let most = last.map_or(prices.len(), |last| last + 1);
        known.extend(prices.into_iter().take(most).map(|(at, _)| at));
    }
    let left = (0..).zip(supplements).filter(|(at, _)| !known.contains(at));
    Ok(left.map(|(_, supplement)| supplement).collect())
}

/// Reads what is kept at these places, without the answers as they came; the places of what cannot be read. What is gone
/// meanwhile is left out.
pub(crate) async fn read(
    archive: &Archive,
    places: &[ArchiveKey],
) -> Result<(Vec<Supplement>, Vec<ArchiveKey>), StoreError> {
    let (mut supplements, mut unreadable) = (Vec::with_capacity(places.len()), Vec::new());
    for place in places {
        match archive.supplement(place, PROVIDERS).await {
            Ok(found) => supplements.extend(found.map(Supplement::without_bytes)),
            Err(StoreError::Corrupt(_)) => unreadable.push(place.clone()),
            Err(error) => return Err(error),
        }
    }
    Ok((supplements, unreadable))
}
