//! The real binary as a child process, and a client that speaks HTTP to it byte by byte: what a test
//! sends is what arrives.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::panic::Location;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use quittance_testing::{KEY_ID, SECRET, worldline_signature};
use serde_json::{Value, json};

/// How long anything may take that is waited for. Far beyond what is usual, so that a busy machine
/// does not fail a test.
pub(crate) const DEADLINE: Duration = Duration::from_secs(120);

/// How often a condition is looked at.
const POLL: Duration = Duration::from_millis(10);

/// `POST /webhooks/worldline`.
pub(crate) const WORLDLINE: &str = "/webhooks/worldline";

/// `POST /webhooks/systempay`.
pub(crate) const SYSTEMPAY: &str = "/webhooks/systempay";

/// The media type of a Lyra notification.
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// A running stack. It ends when this is dropped.
pub(crate) struct Stack {
    child: Child,
    port: u16,
    first_line: String,
    output: Arc<Mutex<String>>,
    errors: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
}

/// The demo's keys said by hand, by variable: they are not in force by themselves beside keys of one's own.
pub(crate) const WORLDLINE_DEMO: (&str, &str) =
    ("QUITTANCE_WORLDLINE_KEYS", r#"{"demo-key": "demo-secret"}"#);

/// The same of Lyra.
pub(crate) const SYSTEMPAY_DEMO: (&str, &str) = (
    "QUITTANCE_SYSTEMPAY_KEYS",
    r#"{"12345678": {"test": {"form": "demoformkey0000", "rest_password": "testpassword_demo"}}}"#,
);

/// A command of the binary in an empty environment, so that nobody's settings change a result.
pub(crate) fn quittance(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quittance"));
    command.args(args).env_clear().stdin(Stdio::null());
    command
}

impl Stack {
    /// A stack in memory.
    pub(crate) fn start() -> Self {
        Self::start_with(&[], &[])
    }

    /// A stack with more arguments and environment variables.
    pub(crate) fn start_with(args: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut command = quittance(&["--port", "0", "--no-play"]);
        command.args(args).envs(environment.iter().copied());
        Self::spawn(command)
    }

    /// A stack that keeps its state in a directory.
    pub(crate) fn start_in(directory: &std::path::Path) -> Self {
        let mut command = quittance(&["--port", "0", "--no-play", "--data"]);
        command.arg(AsRef::<OsStr>::as_ref(directory));
        Self::spawn(command)
    }

    /// A stack that plays every sample event, tells everything that it may, and stays up.
    pub(crate) fn start_and_play() -> Self {
        let stack = Self::spawn(quittance(&["--port", "0", "--verbose"]));
        wait_for("the samples are played", || stack.output().contains("staying up").then_some(()));
        stack
    }

    pub(crate) fn spawn(mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary starts");
        let errors = Arc::new(Mutex::new(String::new()));
        let mut readers = vec![collect(child.stderr.take().expect("piped"), Arc::clone(&errors))];
        let mut lines = BufReader::new(child.stdout.take().expect("piped"));
        let mut first_line = String::new();
        lines.read_line(&mut first_line).expect("standard output is text");
        let first_line = first_line.trim_end().to_owned();
        let port =
            first_line.strip_prefix("listening on http://127.0.0.1:").and_then(|p| p.parse().ok());
        let output = Arc::new(Mutex::new(String::new()));
        readers.push(collect(lines, Arc::clone(&output)));
        let mut stack =
            Self { child, port: port.unwrap_or(0), first_line, output, errors, readers };
        if stack.port == 0 {
            stack.end();
            panic!("no address in {:?}; {}", stack.first_line, stack.errors());
        }
        stack
    }

    /// The stack that the tests of one file share. It lives as long as one of them uses it: a stack
    /// in a static would never be dropped, and its process would outlive the tests.
    #[track_caller]
    pub(crate) fn shared() -> Arc<Self> {
        static SHARED: Mutex<BTreeMap<&str, Weak<Stack>>> = Mutex::new(BTreeMap::new());
        let file = Location::caller().file();
        let mut shared = lock(&SHARED);
        shared.get(file).and_then(Weak::upgrade).unwrap_or_else(|| {
            let stack = Arc::new(Self::start());
            shared.insert(file, Arc::downgrade(&stack));
            stack
        })
    }

    /// `http://127.0.0.1:<port>`.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Where it listens on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The id of its process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// The first line of standard output.
    pub(crate) fn first_line(&self) -> &str {
        &self.first_line
    }

    /// What standard output had after the first line so far.
    pub(crate) fn output(&self) -> String {
        lock(&self.output).clone()
    }

    /// What standard error had so far.
    pub(crate) fn errors(&self) -> String {
        lock(&self.errors).clone()
    }

    /// Ends the process as `kill -9` does and returns when it is gone.
    pub(crate) fn kill(mut self) {
        self.end();
    }

    fn end(&mut self) {
        // An error means that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        for reader in self.readers.drain(..) {
            let _ = reader.join();
        }
    }

    /// Sends a request; an error when the connection does not bring a whole answer.
    pub(crate) fn try_send(&self, request: &Request) -> io::Result<Reply> {
        exchange(self.port, request)
    }

    /// Sends a request that must be answered.
    pub(crate) fn send(&self, request: &Request) -> Reply {
        let what = format!("{} {}", request.method, request.path);
        self.try_send(request).unwrap_or_else(|error| panic!("{what}: {error}"))
    }

    /// `GET` of a path.
    pub(crate) fn get(&self, path: &str) -> Reply {
        self.send(&Request::get(path))
    }

    /// Posts a Worldline event signed with the demo key.
    pub(crate) fn worldline(&self, body: &str) -> Reply {
        self.send(&Request::worldline(body))
    }

    /// Posts a Lyra notification; the signature is in the body.
    pub(crate) fn systempay(&self, body: &str) -> Reply {
        self.send(&Request::systempay(body))
    }

    /// An order as JSON.
    pub(crate) fn order(&self, path: &str) -> Value {
        let reply = self.get(path);
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        reply.json()
    }

    /// Waits until the queue has taken everything that is decided about an order, and returns it.
    pub(crate) fn sent_order(&self, path: &str) -> Value {
        wait_for(&format!("{path} is sent"), || {
            let order = self.order(path);
            order["fulfilment"]["sent_at"].is_string().then_some(order)
        })
    }

    /// Every message released so far.
    pub(crate) fn queue(&self) -> Vec<Value> {
        list(&self.get("/local/queue"))
    }

    /// The messages about orders of these references.
    pub(crate) fn queue_of(&self, subjects: &[&str]) -> Vec<Value> {
        let about = |message: &Value| subjects.iter().any(|subject| message["subject"] == *subject);
        self.queue().into_iter().filter(about).collect()
    }

    /// How many items a table of the embedded engine has.
    pub(crate) fn rows(&self, table: &str) -> u64 {
        let reply = self.scan(&json!({"TableName": table, "Select": "COUNT"}));
        reply["Count"].as_u64().unwrap_or_else(|| panic!("{reply}"))
    }

    /// Every item of a table of the embedded engine, as the engine writes it.
    pub(crate) fn items(&self, table: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut request = json!({"TableName": table});
        loop {
            let mut page = self.scan(&request);
            items.append(page["Items"].as_array_mut().unwrap_or_else(|| panic!("no items")));
            match page.get("LastEvaluatedKey").filter(|key| !key.is_null()) {
                Some(key) => request["ExclusiveStartKey"] = key.clone(),
                None => return items,
            }
        }
    }

    fn scan(&self, request: &Value) -> Value {
        self.dynamodb("Scan", request)
    }

    /// Asks the embedded engine itself, which must do it.
    pub(crate) fn dynamodb(&self, operation: &str, input: &Value) -> Value {
        let reply = self.ask_engine(operation, input);
        assert_eq!(reply.status, 200, "{operation}: {}", reply.text());
        reply.json()
    }

    /// Asks the embedded engine itself.
    pub(crate) fn ask_engine(&self, operation: &str, input: &Value) -> Reply {
        let credential = "AWS4-HMAC-SHA256 Credential=local/20261122/eu-west-3/dynamodb/aws4_request, \
            SignedHeaders=host;x-amz-date, Signature=00";
        let request = Request::new("POST", "/")
            .header("Content-Type", "application/x-amz-json-1.0")
            .header("X-Amz-Target", &format!("DynamoDB_20120810.{operation}"))
            .header("X-Amz-Date", "20261122T100000Z")
            .header("Authorization", credential)
            .body(input.to_string().as_bytes());
        exchange(self.engine_port(), &request).expect("the engine answers")
    }

    /// Where the embedded engine listens on 127.0.0.1.
    pub(crate) fn engine_port(&self) -> u16 {
        wait_for("the engine's address", || {
            let output = self.output();
            let line = output.lines().find(|line| line.contains("DynamoDB"))?.to_owned();
            line.rsplit_once(':')?.1.parse::<u16>().ok()
        })
    }

    /// Why a body is in quarantine, if it is.
    pub(crate) fn quarantined(&self, body: &[u8]) -> Option<String> {
        let sha256 = quittance_core::crypto::sha256_hex(body);
        let entries = list(&self.get("/local/quarantine"));
        let entry = entries.iter().find(|entry| entry["sha256"] == sha256.as_str())?;
        entry["reason"].as_str().map(str::to_owned)
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        self.end();
    }
}

/// A request as it goes over the wire.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn new(method: &str, path: &str) -> Self {
        let (method, path) = (method.to_owned(), path.to_owned());
        Self { method, path, headers: Vec::new(), body: Vec::new() }
    }

    pub(crate) fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    /// A signed Worldline event.
    pub(crate) fn worldline(body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        Self::new("POST", WORLDLINE)
            .header("Content-Type", "application/json")
            .header("X-GCS-KeyId", KEY_ID)
            .header("X-GCS-Signature", &worldline_signature(SECRET, body))
            .body(body)
    }

    /// A Lyra notification.
    pub(crate) fn systempay(body: impl AsRef<[u8]>) -> Self {
        Self::new("POST", SYSTEMPAY).header("Content-Type", FORM).body(body.as_ref())
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Without the headers of this name.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self
    }

    /// With the only header of this name set.
    pub(crate) fn with(self, name: &str, value: &str) -> Self {
        self.without(name).header(name, value)
    }

    pub(crate) fn body(mut self, body: &[u8]) -> Self {
        body.clone_into(&mut self.body);
        self
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// By name in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// One request on a connection of its own.
pub(crate) fn exchange(port: u16, request: &Request) -> io::Result<Reply> {
    let mut connection = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    connection.set_read_timeout(Some(DEADLINE))?;
    connection.set_write_timeout(Some(DEADLINE))?;
    let Request { method, path, headers, body } = request;
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
    connection.write_all(&[head.as_bytes(), body].concat())?;
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer)?;
    let cut_short = || io::Error::new(io::ErrorKind::UnexpectedEof, "no whole answer");
    let reply = parse(&answer).ok_or_else(cut_short)?;
    let length = reply.headers.get("content-length").and_then(|length| length.parse().ok());
    let whole = method == "HEAD" || length.is_none_or(|length: usize| length == reply.body.len());
    if whole { Ok(reply) } else { Err(cut_short()) }
}

fn parse(answer: &[u8]) -> Option<Reply> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()));
    Some(Reply { status, headers: headers.collect(), body: answer[end + 4..].to_vec() })
}

/// The path of an order's resource.
pub(crate) fn order_path(psp: &str, merchant: &str, reference: &str) -> String {
    format!("/orders/{psp}/{}/test/{}", percent_encode(merchant), percent_encode(reference))
}

/// The path of a Worldline order of the demo merchant.
pub(crate) fn worldline_path(reference: &str) -> String {
    order_path("worldline", quittance_testing::worldline::MERCHANT, reference)
}

/// The path of a Lyra order of the demo site.
pub(crate) fn systempay_path(reference: &str) -> String {
    order_path("systempay", quittance_testing::SITE, reference)
}

/// Text as one segment of a path.
pub(crate) fn percent_encode(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
            char::from(byte).to_string()
        }
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

/// Looks at a condition until it holds.
pub(crate) fn wait_for<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(start.elapsed() < DEADLINE, "not in time: {what}");
        std::thread::sleep(POLL);
    }
}

/// How many of something: what this variable asks for, else as many as any test run has time for.
pub(crate) fn asked(variable: &str, otherwise: usize) -> usize {
    let asked = std::env::var(variable).ok();
    asked.map_or(otherwise, |digits| digits.parse().expect("a number"))
}

/// Choices that can be made again: the seed is that of this variable, else a new one, and is printed.
#[expect(clippy::print_stdout, reason = "who wants the same again needs it")]
pub(crate) fn seed(variable: &str) -> fastrand::Rng {
    let asked = std::env::var(variable).ok().map(|digits| digits.parse().expect("a number"));
    let seed = asked.unwrap_or_else(|| fastrand::u64(..));
    println!("{variable}={seed}");
    fastrand::Rng::with_seed(seed)
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    listener.local_addr().expect("bound").port()
}

/// The elements of a JSON array.
fn list(reply: &Reply) -> Vec<Value> {
    assert_eq!(reply.status, 200, "{}", reply.text());
    match reply.json() {
        Value::Array(elements) => elements,
        other => panic!("not an array: {other}"),
    }
}

/// Reads to the end in the background: a full pipe would stop the child.
fn collect(mut from: impl Read + Send + 'static, into: Arc<Mutex<String>>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            lock(&into).push_str(&String::from_utf8_lossy(&buffer[..read]));
        }
    })
}

/// A failed test must not hide the others behind a poisoned lock.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
