//! An engine of its own for every test, the adapters on it, and messages as their PSP signs them.

use std::fmt::Debug;
use std::sync::{Mutex, mpsc};
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::types::AttributeValue;
use quittance_aws::amend::{Amender, Price, Registration};
use quittance_aws::archive::Archive;
use quittance_aws::clock::now;
use quittance_aws::names::{Due, Registry};
use quittance_aws::outbox::Outbox;
use quittance_aws::queue::{Queue, TableQueue};
use quittance_aws::receive::{Delivery, Disposition, Receiver, Unstored};
use quittance_aws::schema;
use quittance_aws::table::{Stored, Table};
use quittance_aws::unarchived::Unarchived;
use quittance_core::claims::Claims;
use quittance_core::crypto::{Secret, sha256_hex};
use quittance_core::{
    Content, Currency, Mode, Order, OrderKey, Policy, ProviderId, Reading, Receipt, Signed,
    Statement,
};
use quittance_psp::lyra::{self, SiteKeys};
use quittance_psp::worldline;
use quittance_testing::lyra::Form;
use quittance_testing::worldline::{MERCHANT, Payment};
use quittance_testing::{FORM_KEY, KEY_ID, REST_PASSWORD, SECRET, SITE, worldline_signature};
use serde_json::Value;
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard, oneshot};

use quittance_testing::engine::Engine;

/// How long anything may take that is waited for; only a failing test gets near it.
const DEADLINE: Duration = Duration::from_secs(10);

/// How long many writers of one order may take on an engine that is slow.
const SLOW: Duration = Duration::from_secs(60);

/// The tables of a test, whose names no other test has.
pub(crate) struct Tables {
    pub(crate) orders: String,
    pub(crate) archive: String,
    pub(crate) queue: String,
}

/// The adapters on an engine of their own.
pub(crate) struct Stack {
    pub(crate) table: Table,
    pub(crate) archive: Archive,
    pub(crate) receiver: Receiver,
    pub(crate) outbox: Outbox,
    pub(crate) log: TableQueue,
    pub(crate) client: Client,
    pub(crate) tables: Tables,
    engine: Engine,
    _machine: Machine,
}

/// Whether other tests may run at the same time. A test may have one stack at a time: a second one
/// would wait for whoever waits for the first.
enum Machine {
    Shared(#[allow(dead_code, reason = "held")] RwLockReadGuard<'static, ()>),
    Alone(#[allow(dead_code, reason = "held")] RwLockWriteGuard<'static, ()>),
}

/// Whether the order table has an index of states.
enum StateIndex {
    Kept,
    None,
}

static MACHINE: RwLock<()> = RwLock::const_new(());

impl Stack {
    pub(crate) async fn start() -> Self {
        Self::start_on(Machine::Shared(MACHINE.read().await), StateIndex::Kept).await
    }

    /// A stack whose order table has no index of states.
    pub(crate) async fn start_lean() -> Self {
        Self::start_on(Machine::Shared(MACHINE.read().await), StateIndex::None).await
    }

    /// A stack while no other is running: for a test that a busy machine would fail.
    pub(crate) async fn start_alone() -> Self {
        Self::start_on(Machine::Alone(MACHINE.write().await), StateIndex::Kept).await
    }

    async fn start_on(machine: Machine, states: StateIndex) -> Self {
        let engine = Engine::start().await;
        let [orders, archive, queue] =
            ["orders", "archive", "queue"].map(|name| engine.table(name));
        let tables = Tables { orders, archive, queue };
        let client = engine.client();
        let made = match states {
            StateIndex::Kept => schema::create_orders(&client, &tables.orders).await,
            StateIndex::None => schema::create_lean_orders(&client, &tables.orders).await,
        };
        made.unwrap();
        schema::create_archive(&client, &tables.archive).await.unwrap();
        schema::create_queue(&client, &tables.queue).await.unwrap();
        let receiver = tables.receiver(&client);
        let log = TableQueue::new(client.clone(), &tables.queue);
        Self {
            table: receiver.table.clone(),
            archive: receiver.archive.clone(),
            outbox: tables.outbox(&client),
            receiver,
            log,
            client,
            tables,
            engine,
            _machine: machine,
        }
    }

    /// The archive with another retention.
    pub(crate) fn archive_for(&self, days: Option<u32>) -> Archive {
        Archive::new(self.client.clone(), &self.tables.archive, days)
    }

    /// How many raw notifications the archive holds, quarantine included.
    pub(crate) async fn archived(&self) -> usize {
        let reply = self.client.scan().table_name(&self.tables.archive).send().await.unwrap();
        reply.items().iter().filter(|item| item.contains_key("body")).count()
    }

    /// How many bytes DynamoDB counts for an order's item: names and values of its attributes.
    pub(crate) async fn item_bytes(&self, key: &OrderKey) -> usize {
        let key = AttributeValue::S(key.to_string());
        let request = self.client.get_item().table_name(&self.tables.orders).key("pk", key);
        let item = request.send().await.unwrap().item.unwrap();
        let bytes = |value: &AttributeValue| match value {
            AttributeValue::S(text) => text.len(),
            AttributeValue::B(bytes) => bytes.as_ref().len(),
            // Two digits a byte, and one for the exponent.
            AttributeValue::N(digits) => digits.len().div_ceil(2) + 1,
            other => panic!("{other:?}"),
        };
        item.iter().map(|(name, value)| name.len() + bytes(value)).sum()
    }

    /// A receiver whose requests this sees.
    pub(crate) fn seen_by(&self, interceptor: impl Intercept + 'static) -> Receiver {
        self.tables
            .receiver(&Client::from_conf(self.engine.config().interceptor(interceptor).build()))
    }

    /// Whether the engine counts capacity as DynamoDB does.
    pub(crate) fn counts_capacity(&self) -> bool {
        self.engine.is_embedded()
    }

    /// An outbox whose requests to the table this sees.
    pub(crate) fn outbox_seen_by(&self, interceptor: impl Intercept + 'static) -> Outbox {
        self.outbox_to(self.outbox.queue.clone(), interceptor)
    }

    /// An outbox to this queue whose requests to the table this sees.
    pub(crate) fn outbox_to(&self, queue: Queue, seen_by: impl Intercept + 'static) -> Outbox {
        let client = Client::from_conf(self.engine.config().interceptor(seen_by).build());
        Outbox { queue, ..self.tables.outbox(&client) }
    }

    /// A receiver and an outbox of which the first write to a table is held.
    pub(crate) fn held(&self, table: &str) -> (Held, Receiver, Outbox) {
        let (reached, arrived) = oneshot::channel();
        let (go, wait) = mpsc::channel();
        let ends = Mutex::new(Some((reached, wait)));
        let hold = Hold { request: format!("\"TableName\":\"{table}\""), ends };
        let client = Client::from_conf(self.engine.config().interceptor(hold).build());
        let held = Held { arrived: Some(arrived), go };
        (held, self.tables.receiver(&client), self.tables.outbox(&client))
    }

    /// Takes a notification that must be answered with 200, and returns the text of the answer.
    pub(crate) async fn take(&self, message: &impl Message) -> String {
        positive(message.delivered_to(&self.receiver).await)
    }

    /// As [`Stack::take`], while many others write the same order. On a busy machine the receiver's patience may
    /// end before its turn comes: then the notification is sent again, as a PSP does, and has to be stored in the
    /// end.
    pub(crate) async fn take_among_many(&self, message: &impl Message) -> String {
        let began = Instant::now();
        loop {
            match message.delivered_to(&self.receiver).await {
                Err(Unstored) if began.elapsed() < SLOW => {}
                answer => return positive(answer),
            }
        }
    }

    /// As [`Stack::take`], but the process dies after the payment's name has been written and before
    /// the order: exactly the first half of what [`Receiver`] does.
    pub(crate) async fn die_after_naming(&self, message: &impl Message) {
        let statement = message.said();
        let receipt = Receipt { received_at: now(), source: "webhook", sha256: "0".repeat(64) };
        let mut claims = Claims::new(&statement, receipt, self.receiver.policy);
        let mut names = Registry::new(&self.table);
        let mut unarchived = Unarchived::nothing(&self.archive);
        let due = names.next(&mut claims, &mut unarchived).await.unwrap();
        assert!(matches!(due, Due::Take(_)), "{due:?}");
    }

    /// Registers what an order costs, in euros.
    pub(crate) async fn register(&self, key: &OrderKey, amount: u64) -> Registration {
        register(&amender(&self.receiver), key, amount).await
    }

    /// The order under one of its names.
    pub(crate) async fn order(&self, key: &OrderKey) -> Order {
        self.stored(key).await.order
    }

    pub(crate) async fn stored(&self, key: &OrderKey) -> Stored {
        self.table.load_order(key).await.unwrap()
    }

    /// Whether nothing is known under this name.
    pub(crate) async fn unknown(&self, key: &OrderKey) -> bool {
        let stored = self.stored(key).await;
        stored.version.is_none() && !stored.repaired
    }

    /// Ids and subjects of everything the queue was told, oldest first.
    pub(crate) async fn queue(&self) -> Vec<(String, String)> {
        let messages = self.log.messages().await.unwrap();
        let read = |message: &String| {
            let event: Value = serde_json::from_str(message).unwrap();
            let text = |name: &str| event[name].as_str().unwrap().to_owned();
            (text("id"), text("subject"))
        };
        messages.iter().map(read).collect()
    }

    /// Sends everything unsent. How many messages that were.
    pub(crate) async fn swept(&self) -> usize {
        let swept = self.outbox.sweep().await.unwrap();
        assert_eq!(swept.failed, 0);
        swept.sent
    }

    /// Keys of the orders of which the queue has to be told something.
    pub(crate) async fn unsent(&self) -> Vec<OrderKey> {
        self.table.unsent().await.unwrap().into_iter().map(|found| found.key).collect()
    }

    /// Sends everything unsent, and checks that it is then settled.
    pub(crate) async fn sweep(&self) {
        self.swept().await;
        self.swept().await;
        assert_eq!(self.unsent().await, [], "settled by two sweeps");
    }
}

/// What changes orders that a receiver writes.
pub(crate) fn amender(receiver: &Receiver) -> Amender {
    Amender { policy: Policy::default(), ..Amender::of(receiver) }
}

/// Registers what an order costs, in euros.
pub(crate) async fn register(amender: &Amender, key: &OrderKey, amount: u64) -> Registration {
    let price = Price::new(amount, Currency::from_alpha("EUR").unwrap()).unwrap();
    amender.register(key, price, now(), None).await.unwrap()
}

/// The sentences of a positive answer.
#[track_caller]
pub(crate) fn positive(answer: Result<Vec<Disposition>, Unstored>) -> String {
    let sentences: Vec<String> = answer.unwrap().iter().map(ToString::to_string).collect();
    sentences.join("; ")
}

impl Tables {
    fn receiver(&self, client: &Client) -> Receiver {
        Receiver {
            table: Table::new(client.clone(), &self.orders, quittance_psp::PROVIDERS),
            archive: Archive::new(client.clone(), &self.archive, Some(1)),
            policy: Policy::default(),
            arrived: None,
        }
    }

    fn outbox(&self, client: &Client) -> Outbox {
        Outbox {
            table: Table::new(client.clone(), &self.orders, quittance_psp::PROVIDERS),
            queue: Queue::Table(TableQueue::new(client.clone(), &self.queue)),
            policy: Policy::default(),
        }
    }
}

/// Holds the first write whose body contains a text, until told to let it go. So a test can let
/// another writer pass at exactly the moment that matters.
#[derive(Debug)]
struct Hold {
    request: String,
    ends: Mutex<Option<(oneshot::Sender<()>, mpsc::Receiver<()>)>>,
}

impl Intercept for Hold {
    fn name(&self) -> &'static str {
        "hold"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request();
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let is_write = target.ends_with("PutItem") || target.ends_with("UpdateItem");
        let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default());
        if !is_write || !body.contains(&self.request) {
            return Ok(());
        }
        let ends = self.ends.lock().unwrap().take();
        if let Some((reached, wait)) = ends {
            reached.send(()).unwrap();
            tokio::task::block_in_place(|| wait.recv_timeout(DEADLINE))?;
        }
        Ok(())
    }
}

/// The other end of a [`Hold`].
pub(crate) struct Held {
    arrived: Option<oneshot::Receiver<()>>,
    go: mpsc::Sender<()>,
}

impl Held {
    /// Waits until the request is about to be sent.
    pub(crate) async fn reached(&mut self) {
        let arrived = self.arrived.take().unwrap();
        tokio::time::timeout(DEADLINE, arrived).await.expect("the request is made").unwrap();
    }

    /// Lets it be sent.
    pub(crate) fn release(self) {
        self.go.send(()).unwrap();
    }
}

/// Something that a PSP sends.
pub(crate) trait Message {
    fn psp(&self) -> ProviderId;

    fn bytes(&self) -> String;

    fn readings(&self) -> Vec<Reading> {
        if self.psp() == worldline::ID {
            read_worldline(&self.bytes())
        } else {
            vec![read_lyra(&self.bytes())]
        }
    }

    /// What its signature covers.
    fn content(&self) -> Content {
        if self.psp() == worldline::ID {
            verified_worldline(&self.bytes(), |verified| verified.content())
        } else {
            verified_lyra(&self.bytes(), |verified| verified.content())
        }
    }

    /// The only order it speaks of.
    fn said(&self) -> Statement {
        match <[Reading; 1]>::try_from(self.readings()) {
            Ok([Reading::Order(statement)]) => *statement,
            other => panic!("{other:?}"),
        }
    }

    async fn delivered_to(&self, receiver: &Receiver) -> Result<Vec<Disposition>, Unstored> {
        let body = self.bytes();
        let (psp, body, signed) = (self.psp(), body.as_bytes(), &self.content());
        let arrived = receiver.arrived.unwrap_or_else(now);
        let delivery = Delivery {
            psp,
            signed,
            body,
            headers: Vec::new(),
            arrived,
            trace: None,
            is_probe: false,
        };
        receiver.take(delivery, self.readings()).await
    }
}

impl Message for Form {
    fn psp(&self) -> ProviderId {
        lyra::ID
    }

    fn bytes(&self) -> String {
        self.body()
    }
}

/// A signed Lyra REST body.
impl Message for String {
    fn psp(&self) -> ProviderId {
        lyra::ID
    }

    fn bytes(&self) -> String {
        self.clone()
    }
}

impl Message for Payment {
    fn psp(&self) -> ProviderId {
        worldline::ID
    }

    fn bytes(&self) -> String {
        self.body()
    }
}

impl Message for Value {
    fn psp(&self) -> ProviderId {
        worldline::ID
    }

    fn bytes(&self) -> String {
        self.to_string()
    }
}

fn read_lyra(body: &str) -> Reading {
    verified_lyra(body, |verified| lyra::read(verified, &[]))
}

fn verified_lyra<T>(body: &str, look: impl FnOnce(&lyra::Verified<'_>) -> T) -> T {
    let site = SiteKeys {
        form: Secret::new(FORM_KEY),
        rest_password: Secret::new(REST_PASSWORD),
        allow_sha1: false,
    };
    let keys = lyra::Keys::new([((SITE.to_owned(), Mode::Test), site)]).unwrap();
    look(&lyra::verify(&keys, body.as_bytes()).unwrap())
}

fn read_worldline(body: &str) -> Vec<Reading> {
    verified_worldline(body, worldline::read)
}

fn verified_worldline<T>(body: &str, look: impl FnOnce(&worldline::Verified<'_>) -> T) -> T {
    let key =
        worldline::Key { secret: Secret::new(SECRET).unwrap(), mode: Mode::Test, merchant: None };
    let keys = worldline::Keys::new([(KEY_ID.to_owned(), key)]);
    let (body, signature) = (body.as_bytes(), worldline_signature(SECRET, body.as_bytes()));
    let verified = worldline::verify(&keys, &[signature.as_bytes()], &[KEY_ID.as_bytes()], body);
    look(&verified.unwrap())
}

/// An order of the demo site.
pub(crate) fn lyra(order: &str) -> OrderKey {
    OrderKey::new(lyra::ID, SITE, Mode::Test, order).unwrap()
}

/// An order of the demo merchant.
pub(crate) fn wl(order: &str) -> OrderKey {
    OrderKey::new(worldline::ID, MERCHANT, Mode::Test, order).unwrap()
}

/// Every order in which the elements may come.
pub(crate) fn permutations<T: Clone>(elements: &[T]) -> Vec<Vec<T>> {
    if elements.len() < 2 {
        return vec![elements.to_vec()];
    }
    let mut all = Vec::new();
    for at in 0..elements.len() {
        let mut rest = elements.to_vec();
        let first = rest.remove(at);
        all.extend(permutations(&rest).into_iter().map(|mut rest| {
            rest.insert(0, first.clone());
            rest
        }));
    }
    all
}

/// What names a body in the archive.
pub(crate) fn sha256(message: &impl Message) -> String {
    sha256_hex(message.bytes().as_bytes())
}
