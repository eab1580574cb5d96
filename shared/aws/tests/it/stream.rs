//! Which order tables have a stream.

use quittance_aws::schema;
use quittance_testing::engine::Engine;

#[tokio::test(flavor = "multi_thread")]
async fn a_table_has_the_stream_that_it_was_made_with() {
    let engine = Engine::start().await;
    let (client, with, without) = (engine.client(), engine.table("with"), engine.table("without"));
    let has_stream = async |name: &str| {
        let table = client.describe_table().table_name(name).send().await.unwrap().table;
        table.unwrap().stream_specification.is_some_and(|stream| stream.stream_enabled)
    };
    // A second start finds the table, and leaves it as it is.
    for _ in 0..2 {
        schema::create_orders(&client, &with).await.unwrap();
        schema::create_orders_without_stream(&client, &without).await.unwrap();
        assert!(has_stream(&with).await);
        assert!(!has_stream(&without).await);
    }
}
