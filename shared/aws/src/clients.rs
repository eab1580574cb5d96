//! SDK clients with our time limits.

use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};

use quittance_core::Providers;

use crate::apis::Apis;
use crate::archive::Archive;
use crate::ask::Asker;
use crate::caller::Caller;
use crate::config::{BadSetting, Settings};
use crate::notices::Notifier;
use crate::outbox::Outbox;
use crate::queue::Queue;
use crate::receive::Receiver;
use crate::table::Table;

/// How long one attempt of a call may take. DynamoDB answers in milliseconds.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(2);

/// How long a call with all its attempts may take: the PSP waits ten seconds, and a notification
/// needs two calls.
const CALL_TIMEOUT: Duration = Duration::from_secs(4);

/// The SDK's configuration from the environment: credentials, region, `AWS_ENDPOINT_URL_*`.
pub async fn sdk_config() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest()).timeout_config(timeouts()).load().await
}

/// The time limits of every call: an engine that hangs is answered with 503 before the PSP gives up.
pub fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(ATTEMPT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(CALL_TIMEOUT)
        .build()
}

/// A DynamoDB client.
pub fn dynamodb(sdk: &SdkConfig) -> aws_sdk_dynamodb::Client {
    aws_sdk_dynamodb::Client::new(sdk)
}

/// An SQS client.
pub fn sqs(sdk: &SdkConfig) -> aws_sdk_sqs::Client {
    aws_sdk_sqs::Client::new(sdk)
}

impl Receiver {
    /// The receiver that the environment describes.
    ///
    /// # Errors
    ///
    /// The errors of [`Settings::from_env`].
    pub fn from_env(sdk: &SdkConfig, providers: Providers) -> Result<Self, BadSetting> {
        Ok(Self::new(&dynamodb(sdk), &Settings::from_env()?, providers))
    }

    /// The receiver with these settings.
    pub fn new(
        client: &aws_sdk_dynamodb::Client,
        settings: &Settings,
        providers: Providers,
    ) -> Self {
        let retention = settings.raw_retention_days;
        Self {
            table: Table::new(client.clone(), &settings.table, providers),
            archive: Archive::new(client.clone(), &settings.archive_table, retention),
            policy: settings.policy,
            arrived: None,
        }
    }
}

impl Asker {
    /// What asks with the credentials that the environment gives.
    ///
    /// # Errors
    ///
    /// The errors of [`Settings::from_env`]. Unusable credentials are in the log and no error here.
    pub async fn from_env(sdk: &SdkConfig, providers: Providers) -> Result<Self, BadSetting> {
        Ok(Self {
            receiver: Receiver::from_env(sdk, providers)?,
            apis: Apis::from_env(sdk, providers).await,
            caller: Caller::new(),
        })
    }
}

impl Settings {
    /// What else is to have the messages of the fulfilment queue.
    pub fn beside(&self, sdk: &SdkConfig) -> Option<Queue> {
        let shop = self.shop_queue_url.clone().map(|url| Queue::Sqs { client: sqs(sdk), url });
        let bus = self.event_bus.clone();
        let bus =
            bus.map(|name| Queue::Bus { client: aws_sdk_eventbridge::Client::new(sdk), name });
        match shop {
            Some(shop) => Some(shop.and(bus)),
            None => bus,
        }
    }
}

impl Notifier {
    /// What the environment wants told through an outbox.
    ///
    /// # Errors
    ///
    /// Those of [`Outbox::from_env`].
    pub fn from_env(sdk: &SdkConfig, providers: Providers) -> Result<Self, BadSetting> {
        let wanted = Settings::from_env()?.notices;
        Ok(Self { outbox: Outbox::from_env(sdk, providers)?, wanted })
    }
}

impl Outbox {
    /// The outbox that the environment describes; without `QUITTANCE_QUEUE_URL` there is none.
    ///
    /// # Errors
    ///
    /// The errors of [`Settings::from_env`]; also where `QUITTANCE_QUEUE_URL` is not set.
    pub fn from_env(sdk: &SdkConfig, providers: Providers) -> Result<Self, BadSetting> {
        let settings = Settings::from_env()?;
        let url = settings.queue_url.as_deref().ok_or(BadSetting {
            variable: "QUITTANCE_QUEUE_URL",
            expected: "the URL of an SQS FIFO queue",
        })?;
        let client = dynamodb(sdk);
        let table = Table::new(client.clone(), &settings.table, providers);
        let queue = Queue::from_url(url, sqs(sdk), client).and(settings.beside(sdk));
        Ok(Self { table, queue, policy: settings.policy })
    }
}
