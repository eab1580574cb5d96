//! The names under which notifications of an order are kept.

use std::collections::BTreeSet;

use quittance_aws::StoreError;
use quittance_aws::archive::{Archive, Contents};
use quittance_aws::table::Table;
use quittance_core::{Order, OrderKey, PaymentName};

/// Every name under which notifications of an order may be kept.
pub(crate) fn names(order: &Order, asked: &OrderKey) -> BTreeSet<OrderKey> {
    let aliases = order.aliases().iter().filter_map(|alias| order.key().sibling(alias).ok());
    [order.key().clone(), asked.clone()].into_iter().chain(aliases).collect()
}

/// The same, with the names of its payments under which news came before its reference was known. Such a name may by
/// now be another order's, whose notifications are none of this one's.
pub(crate) async fn all_names(
    table: &Table,
    order: &Order,
    asked: &OrderKey,
) -> Result<BTreeSet<OrderKey>, StoreError> {
    let mut names = names(order, asked);
    let account = order.key().account();
    let shares = order.facts().iter().filter_map(|(fact, _)| fact.as_share());
    let payments: BTreeSet<&str> = shares
        .flat_map(|share| share.payment.as_deref().into_iter().chain([share.share.as_str()]))
        .collect();
    for payment in payments {
        let Ok(name) = account.payment(PaymentName::new(payment)) else { continue };
        if !names.contains(&name) && table.load_order(&name).await?.order.key() == order.key() {
            names.insert(name);
        }
    }
    Ok(names)
}

/// What is kept under any of these names.
pub(crate) async fn of_names(
    archive: &Archive,
    names: &BTreeSet<OrderKey>,
) -> Result<Contents, StoreError> {
    let mut all = Contents::default();
    for name in names {
        all.extend(archive.of(name).await?);
    }
    Ok(all)
}
