//! The names under which notifications of an order are kept.

use std::collections::BTreeSet;

use quittance_aws::StoreError;
use quittance_aws::archive::{Archive, Contents};
use quittance_core::{Order, OrderKey};

/// Every name under which notifications of an order may be kept.
pub(crate) fn names(order: &Order, asked: &OrderKey) -> BTreeSet<OrderKey> {
    let aliases = order.aliases().iter().filter_map(|alias| order.key().sibling(alias).ok());
    [order.key().clone(), asked.clone()].into_iter().chain(aliases).collect()
}

/// What is kept under any of these names.
pub(crate) async fn of_names(
    archive: &Archive,
    names: &BTreeSet<OrderKey>,
) -> Result<Contents, StoreError> {
    let mut all = Contents::default();
    for name in names {
        let contents = archive.of(name).await?;
        all.places.extend(contents.places);
        all.erased.extend(contents.erased);
        all.unreadable.extend(contents.unreadable);
    }
    all.places.sort();
    Ok(all)
}
