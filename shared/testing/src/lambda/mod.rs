//! Lambda's side of its Runtime API, so that a test runs a function's own binary: start, logging and all.

pub mod logs;

use std::collections::VecDeque;
use std::io::Read;
use std::net::Ipv4Addr;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Notify;

/// How long all events may take.
const DEADLINE: Duration = Duration::from_secs(120);

/// What a function said.
#[derive(Debug)]
pub struct Said {
    /// Its answers, in the order of the events.
    pub answers: Vec<Value>,
    /// Standard output and standard error.
    pub output: String,
}

struct Api {
    waiting: Mutex<VecDeque<(usize, String)>>,
    answers: Mutex<Vec<Value>>,
    expected: usize,
    answered: Notify,
}

/// Starts a function's binary in an environment of its own, gives it the events one by one, and ends it when it
/// has answered all of them.
pub async fn invoke(binary: &str, environment: &[(&str, &str)], events: Vec<String>) -> Said {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let api = Arc::new(Api {
        expected: events.len(),
        waiting: Mutex::new(events.into_iter().enumerate().collect()),
        answers: Mutex::default(),
        answered: Notify::new(),
    });
    let routes = Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/{outcome}", post(outcome))
        .with_state(Arc::clone(&api));
    let server = tokio::spawn(async move { axum::serve(listener, routes).await });

    let mut child = Command::new(binary)
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
    let out = collect(child.stdout.take().unwrap());
    let err = collect(child.stderr.take().unwrap());
    let all = tokio::time::timeout(DEADLINE, api.answered.notified()).await;
    child.kill().unwrap();
    child.wait().unwrap();
    server.abort();
    let output = out.join().unwrap() + &err.join().unwrap();
    let answers = std::mem::take(&mut *api.answers.lock().unwrap());
    assert!(all.is_ok(), "{} answers; {output}", answers.len());
    Said { answers, output }
}

async fn next(State(api): State<Arc<Api>>) -> Response {
    let event = api.waiting.lock().unwrap().pop_front();
    match event {
        Some((n, event)) => {
            let id = format!("00000000-0000-4000-8000-{n:012}");
            let headers = [
                ("lambda-runtime-aws-request-id", id.as_str()),
                ("lambda-runtime-deadline-ms", "32503680000000"),
                (
                    "lambda-runtime-invoked-function-arn",
                    "arn:aws:lambda:eu-west-3:0:function:function",
                ),
            ];
            (headers, event).into_response()
        }
        // As Lambda does: the answer comes with the next event.
        None => std::future::pending().await,
    }
}

async fn outcome(
    State(api): State<Arc<Api>>,
    Path((_, outcome)): Path<(String, String)>,
    body: String,
) -> StatusCode {
    let answer = serde_json::from_str(&body).unwrap_or(Value::String(body));
    let mut answers = api.answers.lock().unwrap();
    answers.push(if outcome == "response" {
        answer
    } else {
        Value::String(format!("{outcome}: {answer}"))
    });
    if answers.len() == api.expected {
        api.answered.notify_one();
    }
    StatusCode::ACCEPTED
}

fn collect(mut from: impl Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
