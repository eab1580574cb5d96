//! The functions as they are deployed, with the SDK's own clients, on a line to a simulated AWS.

use std::collections::BTreeSet;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::retry::{RetryConfig, RetryPartition};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use example_fulfilment::memory::Memory;
use example_fulfilment::{Refused, Warehouse};
use quittance_aws::apis::Apis;
use quittance_aws::ask::Asker;
use quittance_aws::caller::Caller;
use quittance_aws::config::Settings;
use quittance_aws::keys::KeyRing;
use quittance_aws::notices::Notifier;
use quittance_aws::outbox::Outbox;
use quittance_aws::pay::Payer;
use quittance_aws::queue::Queue;
use quittance_aws::receive::Receiver;
use quittance_aws::start::Starter;
use quittance_aws::webhook::{Webhook, parse};
use quittance_aws::{clients, schema, simulated};
use quittance_core::provider::Options;
use quittance_core::release::Reversal;
use quittance_core::{OrderView, Policy};
use quittance_psp::PROVIDERS;

use crate::keys::{API_SECRET, KEYS_SECRET, provider};
use crate::plan::Psp;
use crate::sdk::engine::{ARCHIVE, MEMORY, ORDERS};
use crate::sdk::line::Line;

/// A merchant's warehouse that takes everything.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shelf;

impl Warehouse for Shelf {
    async fn ship(&self, _: &str, _: &OrderView) -> Result<(), Refused> {
        Ok(())
    }

    async fn take_back(&self, _: &str, _: &Reversal, _: &OrderView) -> Result<(), Refused> {
        Ok(())
    }
}

/// The functions as they are deployed.
pub(crate) struct Stack {
    secrets: aws_sdk_secretsmanager::Client,
    receiver: Receiver,
    pub(crate) dispatch: dispatch::Function,
    pub(crate) reconcile: reconcile::Function,
    pub(crate) refund: refund::Function,
    pub(crate) checkout: checkout::Function,
    pub(crate) consumer: example_fulfilment::Function<Shelf>,
}

impl Stack {
    /// Makes the tables, and what the functions hold once they have started.
    pub(crate) async fn start(line: &Line, providers: simulated::Line, policy: Policy) -> Self {
        let sdk = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-3"))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
                "simulated",
                "simulated",
                None,
                None,
                "simulated",
            )))
            .retry_config(RetryConfig::standard())
            .timeout_config(clients::timeouts())
            .http_client(line.clone())
            .build();
        // What the SDK remembers of failures must not go from one run to the next.
        let partition = || RetryPartition::custom("simulated").build();
        let dynamodb = aws_sdk_dynamodb::config::Builder::from(&sdk).retry_partition(partition());
        let dynamodb = aws_sdk_dynamodb::Client::from_conf(dynamodb.build());
        let sqs = aws_sdk_sqs::config::Builder::from(&sdk).retry_partition(partition());
        let sqs = aws_sdk_sqs::Client::from_conf(sqs.build());
        let secrets = quittance_aws::keys::client(&sdk).config().to_builder();
        let secrets = secrets.retry_partition(partition());
        let secrets = aws_sdk_secretsmanager::Client::from_conf(secrets.build());

        let made = "an empty DynamoDB takes tables";
        schema::create_orders(&dynamodb, ORDERS).await.expect(made);
        schema::create_archive(&dynamodb, ARCHIVE).await.expect(made);
        schema::create_queue(&dynamodb, MEMORY).await.expect(made);

        let mut settings = Settings::read(|_| None).expect("settings have defaults");
        (settings.table, settings.archive_table) = (ORDERS.to_owned(), ARCHIVE.to_owned());
        settings.policy = policy;
        let receiver = Receiver::new(&dynamodb, &settings, PROVIDERS);
        let url = "https://sqs.eu-west-3.amazonaws.com/000000000000/fulfilment.fifo".to_owned();
        let queue = Queue::Sqs { client: sqs, url };
        let outbox = Outbox { table: receiver.table.clone(), queue, policy };
        let mut apis = Apis::default();
        for psp in [Psp::Worldline, Psp::Lyra] {
            apis.add_secret(provider(psp), secrets.clone(), API_SECRET).await;
        }
        let caller = Caller::simulated(providers);
        let payer = Payer { asker: Asker { receiver: receiver.clone(), apis, caller } };
        let starter = Starter { asker: payer.asker.clone(), public_url: None };
        let notifier = Notifier { outbox: outbox.clone(), wanted: BTreeSet::new() };
        let memory = Memory::new(dynamodb, MEMORY);
        Self {
            secrets,
            receiver,
            dispatch: dispatch::Function { outbox },
            reconcile: reconcile::Function {
                payer: payer.clone(),
                stranded_refund_minutes: None,
                notifier,
            },
            refund: refund::Function { payer },
            checkout: checkout::Function { starter },
            consumer: example_fulfilment::Function { memory, warehouse: Shelf },
        }
    }

    /// A webhook that starts, and reads its keys.
    pub(crate) async fn webhook(&self, psp: Psp) -> Webhook {
        let provider = provider(psp);
        let member = provider.profile().id.as_str();
        let keys =
            KeyRing::from_secret(self.secrets.clone(), KEYS_SECRET, member, parse(provider)).await;
        Webhook {
            provider,
            keys,
            sources: quittance_aws::sources::Sources::default(),
            options: Options::default(),
            receiver: self.receiver.clone(),
        }
    }
}
