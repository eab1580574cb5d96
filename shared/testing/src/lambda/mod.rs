//! Lambda's side of its Runtime API, so that a function's own binary runs: start, logging and all.

pub mod logs;

use std::io::Read;
use std::net::Ipv4Addr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};
use tokio::time::timeout;

/// How long a start, or an event, may take.
const DEADLINE: Duration = Duration::from_secs(120);

/// What a function said.
#[derive(Debug)]
pub struct Said {
    /// Its answers, in the order of the events.
    pub answers: Vec<Value>,
    /// Standard output and standard error.
    pub output: String,
}

/// What passes between Lambda and a function.
struct Api {
    events: Mutex<mpsc::UnboundedReceiver<(usize, String)>>,
    /// `None` where the function asks for an event.
    heard: mpsc::UnboundedSender<Option<Value>>,
}

/// A function's process in an environment of its own, which takes one event at a time.
pub struct Sandbox {
    child: Child,
    events: mpsc::UnboundedSender<(usize, String)>,
    heard: mpsc::UnboundedReceiver<Option<Value>>,
    given: usize,
    collected: [JoinHandle<String>; 2],
    server: tokio::task::JoinHandle<()>,
    /// How long the function took from its process's start until it asked for its first event.
    pub ready_after: Duration,
}

impl Sandbox {
    /// Starts a command as Lambda starts a function, and waits until it asks for its first event.
    pub async fn start(command: &[&str], environment: &[(&str, &str)]) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (events, waiting) = mpsc::unbounded_channel();
        let (heard, hears) = mpsc::unbounded_channel();
        let api = Arc::new(Api { events: Mutex::new(waiting), heard });
        let routes = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/{outcome}", post(outcome))
            .with_state(api);
        let server = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        let (program, arguments) = command.split_first().unwrap();
        let began = Instant::now();
        let mut child = Command::new(program)
            .args(arguments)
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", address)
            .env("AWS_LAMBDA_FUNCTION_NAME", "function")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "group")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "stream")
            .env("AWS_REGION", "eu-west-3")
            .env("AWS_ACCESS_KEY_ID", "local")
            .env("AWS_SECRET_ACCESS_KEY", "local")
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let collected =
            [collect(child.stdout.take().unwrap()), collect(child.stderr.take().unwrap())];
        let mut sandbox = Self {
            child,
            events,
            heard: hears,
            given: 0,
            collected,
            server,
            ready_after: Duration::ZERO,
        };
        match timeout(DEADLINE, sandbox.heard.recv()).await {
            Ok(Some(None)) => sandbox.ready_after = began.elapsed(),
            other => panic!("{command:?} does not ask for an event: {other:?}; {}", sandbox.end()),
        }
        sandbox
    }

    /// Gives an event to the function, and waits for its answer.
    pub async fn invoke(&mut self, event: String) -> Value {
        self.events.send((self.given, event)).unwrap();
        self.given += 1;
        loop {
            match timeout(DEADLINE, self.heard.recv()).await {
                Ok(Some(Some(answer))) => return answer,
                // It asked for the event.
                Ok(Some(None)) => {}
                other => panic!("no answer: {other:?}"),
            }
        }
    }

    /// Gives all events at once, and waits for their answers, which come in any order. The function takes as many side by
    /// side as `AWS_LAMBDA_MAX_CONCURRENCY` in its environment says.
    pub async fn invoke_at_once(&mut self, events: Vec<String>) -> Vec<Value> {
        let wanted = events.len();
        for event in events {
            self.events.send((self.given, event)).unwrap();
            self.given += 1;
        }
        let mut answers = Vec::with_capacity(wanted);
        while answers.len() < wanted {
            match timeout(DEADLINE, self.heard.recv()).await {
                Ok(Some(answer)) => answers.extend(answer),
                other => panic!("{} answers of {wanted}: {other:?}", answers.len()),
            }
        }
        answers
    }

    /// The number of the process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends the process as Lambda does, by SIGTERM: standard output and standard error.
    pub fn end(mut self) -> String {
        let asked = Command::new("kill").arg(self.child.id().to_string()).status();
        if !asked.is_ok_and(|status| status.success()) {
            self.child.kill().unwrap();
        }
        self.child.wait().unwrap();
        self.server.abort();
        self.collected.map(|output| output.join().unwrap()).concat()
    }
}

/// Starts a function's binary, gives it the events one by one, and ends it when it has answered all of them.
pub async fn invoke(binary: &str, environment: &[(&str, &str)], events: Vec<String>) -> Said {
    let mut sandbox = Sandbox::start(&[binary], environment).await;
    let mut answers = Vec::with_capacity(events.len());
    for event in events {
        answers.push(sandbox.invoke(event).await);
    }
    Said { answers, output: sandbox.end() }
}

async fn next(State(api): State<Arc<Api>>) -> Response {
    let _ = api.heard.send(None);
    let Some((n, event)) = api.events.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let id = format!("00000000-0000-4000-8000-{n:012}");
    let headers = [
        ("lambda-runtime-aws-request-id", id.as_str()),
        ("lambda-runtime-deadline-ms", "32503680000000"),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-west-3:0:function:function"),
    ];
    (headers, event).into_response()
}

async fn outcome(
    State(api): State<Arc<Api>>,
    Path((_, outcome)): Path<(String, String)>,
    body: String,
) -> StatusCode {
    let answer = serde_json::from_str(&body).unwrap_or(Value::String(body));
    let answer = match outcome.as_str() {
        "response" => answer,
        _ => Value::String(format!("{outcome}: {answer}")),
    };
    let _ = api.heard.send(Some(answer));
    StatusCode::ACCEPTED
}

fn collect(mut from: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
