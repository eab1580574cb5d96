//! The stream of the embedded engine. Others are not asked to end theirs.

use quittance_aws::schema;
use quittance_testing::engine::Engine;

#[tokio::test(flavor = "multi_thread")]
async fn the_stream_of_a_table_is_ended_once() {
    let engine = Engine::start().await;
    let (client, orders) = (engine.client(), engine.table("stream"));
    let has_stream = async || {
        let table = client.describe_table().table_name(&orders).send().await.unwrap().table;
        table.unwrap().stream_specification.is_some_and(|stream| stream.stream_enabled)
    };
    schema::create_orders(&client, &orders).await.unwrap();
    assert!(has_stream().await);
    for _ in 0..2 {
        schema::end_stream(&client, &orders).await.unwrap();
        assert!(!has_stream().await);
    }
}
