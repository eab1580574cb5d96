//! The least that a function of the SDK can cost: it answers each event without looking at it, after the calls that a first
//! notification takes (`BARE_CALLS=first`) or after none.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use lambda_http::{Error, Request, run, service_fn};
use quittance_aws::clients;
use quittance_bench::cloud::{ARCHIVE, ORDERS};

/// Bytes of an order of one notification as it is stored, and of an archived notification.
const ORDER_BYTES: usize = 250;
const ARCHIVED_BYTES: usize = 800;

fn item(names: &[(&str, &str)], bytes: usize) -> HashMap<String, AttributeValue> {
    let text =
        |(name, value): &(&str, &str)| ((*name).to_owned(), AttributeValue::S((*value).to_owned()));
    let mut item: HashMap<_, _> = names.iter().map(text).collect();
    item.insert("bytes".to_owned(), AttributeValue::B(Blob::new(vec![7; bytes])));
    item
}

fn keys(n: u32) -> Result<KeysAndAttributes, BuildError> {
    let key = |name: &str| {
        HashMap::from([(
            "pk".to_owned(),
            AttributeValue::S(format!("worldline/Bare/test/{name}-{n}")),
        )])
    };
    KeysAndAttributes::builder().keys(key("order")).keys(key("name")).consistent_read(true).build()
}

/// The order and the payment's name in one read; the name beside the archive; the order.
async fn first(client: &Client, n: u32) -> Result<(), Error> {
    let put = |table: &str, names: &[(&str, &str)], bytes: usize| {
        client.put_item().table_name(table).set_item(Some(item(names, bytes)))
    };
    client.batch_get_item().request_items(ORDERS, keys(n)?).send().await?;
    let (order, name) =
        (format!("worldline/Bare/test/order-{n}"), format!("worldline/Bare/test/name-{n}"));
    let new = "attribute_not_exists(pk)";
    let named = put(ORDERS, &[("pk", &name), ("joined", &order)], 20).condition_expression(new);
    let archived = put(ARCHIVE, &[("pk", &order), ("sk", "1")], ARCHIVED_BYTES);
    tokio::try_join!(async { named.send().await.map_err(Error::from) }, async {
        archived.send().await.map_err(Error::from)
    })?;
    let due =
        [("pk", order.as_str()), ("due", "1"), ("due_at", "tell#2026-11-28T10:00:00Z#00000000")];
    put(ORDERS, &due, ORDER_BYTES).condition_expression(new).send().await?;
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let client = &clients::dynamodb(&clients::sdk_config().await);
    let calls = std::env::var("BARE_CALLS").is_ok_and(|calls| calls == "first");
    let count = &AtomicU32::new(0);
    run(service_fn(async |_: Request| {
        if calls {
            first(client, count.fetch_add(1, Ordering::Relaxed)).await?;
        }
        Ok::<_, Error>("")
    }))
    .await
}
