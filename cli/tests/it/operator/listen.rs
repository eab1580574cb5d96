//! `listen`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::thread;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use quittance_testing::lyra::Form;
use serde_json::Value;

use super::on;
use crate::support::{Request, Stack, quittance, systempay_path};

/// A secret of the shop's.
const SECRET: &str = "a shop's own 24 bytes...";

/// A listener that has begun, and the lines that it prints.
struct Listener {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl Listener {
    fn start(stack: &Stack, args: &[&str]) -> Self {
        let url = stack.url();
        let mut command = quittance(&[&["listen", "--local", &url], args].concat());
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let mut said = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        // From then on nothing is missed.
        assert!(said.any(|line| line.expect("text").starts_with("listening to ")));
        let (sender, lines) = mpsc::channel();
        let out = BufReader::new(child.stdout.take().expect("a pipe"));
        thread::spawn(move || {
            out.lines().map_while(Result::ok).all(|line| sender.send(line).is_ok())
        });
        Self { child, lines }
    }

    /// The next line that has all of these parts. Those before it are passed over.
    fn line(&self, parts: &[&str]) -> String {
        loop {
            let line = self
                .lines
                .recv_timeout(crate::support::DEADLINE)
                .unwrap_or_else(|_| panic!("no line with {parts:?}"));
            if parts.iter().all(|part| line.contains(part)) {
                return line;
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A shop that answers its calls so, one after the other: head and body of each.
fn shop(answers: &'static [u16]) -> (String, mpsc::Receiver<(String, String)>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let url = format!("http://{}/fulfilment", listener.local_addr().expect("an address"));
    let (sender, calls) = mpsc::channel();
    thread::spawn(move || {
        for status in answers {
            let (mut stream, _) = listener.accept().expect("a call");
            let mut reader = BufReader::new(stream.try_clone().expect("a socket"));
            let (mut head, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).expect("a line");
                if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().expect("a length");
                }
                if line.trim().is_empty() {
                    break;
                }
                head.push_str(&line);
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).expect("a body");
            let answer =
                format!("HTTP/1.1 {status} x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).expect("an answer");
            let _ = sender.send((head, String::from_utf8(body).expect("text")));
        }
    });
    (url, calls)
}

#[test]
fn what_happens_is_told_in_a_line_each() {
    let stack = Stack::start();
    stack.systempay(&Form::single("LISTEN-0", "liste0", "CB", 500, "CAPTURED").body());
    let listener = Listener::start(&stack, &[]);
    stack.systempay(&Form::single("LISTEN-1", "liste1", "CB", 500, "CAPTURED").body());
    let line = listener.line(&["answered", "systempay"]);
    assert!(
        line.contains("OK LISTEN-1 captured 5.00 EUR") && line.contains("status=200"),
        "{line}"
    );
    let id = stack.sent_order(&systempay_path("LISTEN-1"))["fulfilment"]["id"].clone();
    listener.line(&[
        "message sent",
        "LISTEN-1",
        id.as_str().expect("an id"),
        "fulfilment_requested",
    ]);
    let forged =
        Form::single("LISTEN-2", "liste2", "CB", 500, "CAPTURED").body().replace("500", "501");
    assert_eq!(stack.systempay(&forged).status, 401);
    let line = listener.line(&["refused"]);
    assert!(line.contains("why=") && !line.contains("LISTEN-2"), "{line}");
    // Nothing of a message is told twice, and nothing of what was before.
    let more: Vec<String> = listener.lines.try_iter().collect();
    assert!(more.iter().all(|line| !line.contains("LISTEN")), "{more:?}");
}

#[test]
fn messages_are_given_to_a_shop_that_can_verify_them() {
    let stack = Stack::start();
    stack.systempay(&Form::single("FORWARD-0", "forwa0", "CB", 500, "CAPTURED").body());
    stack.sent_order(&systempay_path("FORWARD-0"));
    // Once it is in trouble.
    let (url, calls) = shop(&[500, 204]);
    let secret = format!("whsec_{}", BASE64.encode(SECRET));
    let listener = Listener::start(&stack, &["--forward-to", &url, "--secret", &secret]);
    stack.systempay(&Form::single("FORWARD-1", "forwa1", "CB", 500, "CAPTURED").body());
    listener.line(&["forwarded", "fulfilment_requested FORWARD-1: 204"]);
    let calls: Vec<(String, String)> = calls.iter().collect();
    assert_eq!((calls.len(), &calls[0].1), (2, &calls[1].1), "the same once more");
    for (head, body) in &calls {
        let header = |name: &str| {
            let line =
                head.lines().find(|line| line.to_lowercase().starts_with(&format!("{name}:")));
            line.and_then(|line| line.split_once(':'))
                .map(|(_, value)| value.trim().to_owned())
                .expect("a header")
        };
        let message: Value = serde_json::from_str(body).expect("JSON");
        assert_eq!(
            (&message["subject"], &message["id"]),
            (&"FORWARD-1".into(), &header("webhook-id").into())
        );
        let signed = [header("webhook-id"), header("webhook-timestamp"), body.clone()].join(".");
        let signature = quittance_testing::worldline_signature(SECRET, signed.as_bytes());
        assert_eq!(header("webhook-signature"), format!("v1,{signature}"));
    }
}

#[test]
fn what_cannot_be_followed_is_told() {
    let stack = Stack::shared();
    for (args, why) in [
        (&["--forward-to", "localhost:3000"][..], "http:// or https://"),
        (&["--forward-to", "http://127.0.0.1:1/", "--secret", "x"], "whsec_"),
        (&["--forward-to", "http://127.0.0.1:1/", "--secret", "whsec_"], "whsec_"),
        (&["--secret", "whsec_AAAA"], "--forward-to"),
        (&["--since", "1w"], "7d"),
        (&["--count", "0"], "0 is not in 1.."),
        (&["--since", "1h"], "for a deployed stack"),
    ] {
        let done = on(&stack, &[&["listen"][..], args].concat()).with(2);
        assert!(done.errors.contains(why), "{why} in {}", done.errors);
    }
    assert_eq!(stack.get("/local/events?after=x").status, 400);
    assert!(stack.send(&Request::get("/local/events")).json()["last"].is_u64());
}
