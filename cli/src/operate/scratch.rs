//! Empty tables in memory, into which notifications can be played without touching a stack.

use quittance_aws::config::{DEFAULT_ARCHIVE_TABLE, DEFAULT_TABLE, Settings};
use quittance_aws::receive::Receiver;
use quittance_aws::{clients, schema};
use quittance_psp::PROVIDERS;

use crate::engine::Engine;
use crate::output::Failure;

/// Tables that live as long as this does.
pub(crate) struct ScratchTables {
    /// What takes notifications here.
    pub(crate) receiver: Receiver,
    _engine: Engine,
}

impl ScratchTables {
    /// Empty tables, under the policy of `settings`.
    pub(crate) async fn start(settings: &Settings) -> Result<Self, Failure> {
        let engine = Engine::embedded(None, 0).await?;
        let client = clients::dynamodb(&engine.config);
        let settings = Settings {
            table: DEFAULT_TABLE.to_owned(),
            archive_table: DEFAULT_ARCHIVE_TABLE.to_owned(),
            queue_url: None,
            ..settings.clone()
        };
        schema::create_orders_without_stream(&client, &settings.table).await?;
        schema::create_archive(&client, &settings.archive_table).await?;
        Ok(Self { receiver: Receiver::new(&client, &settings, PROVIDERS), _engine: engine })
    }
}
