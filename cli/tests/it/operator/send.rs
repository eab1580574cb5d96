//! `send`: samples by name, and over TLS.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::json;

use super::run;
use crate::support::{Stack, quittance as command};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

#[test]
fn a_sample_is_sent_by_its_name() {
    let stack = Stack::shared();
    let url = stack.url();
    let mut send = command(&["send", "systempay/01-single-card-captured", "--to", &url, "--json"]);
    let output = send.current_dir(ROOT).output().expect("it starts");
    let reply: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(reply, json!({"status": 200, "body": "OK CMD-2001 captured 120.00 EUR"}));
    let unknown = run(&["send", "systempay/no-such-sample", "--to", &url], &[]).with(2);
    assert!(unknown.errors.contains("no-such-sample"), "{}", unknown.errors);
}

/// A server with a certificate that it has signed itself: answers one request with 200.
struct Server {
    port: u16,
    certificate: CertificateDer<'static>,
    thread: std::thread::JoinHandle<Option<String>>,
}

impl Server {
    fn start() -> Self {
        let names = vec!["localhost".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).expect("a certificate");
        let certificate = made.cert.der().clone();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key)
            .expect("they belong together");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let thread = std::thread::spawn(move || answer(&listener, Arc::new(config)));
        Self { port, certificate, thread }
    }

    fn url(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// As a file of trusted authorities.
    fn trusted(&self, directory: &Path) -> String {
        let base64 = STANDARD.encode(&self.certificate);
        let lines: Vec<&str> = base64
            .as_bytes()
            .chunks(64)
            .map(|line| std::str::from_utf8(line).expect("ASCII"))
            .collect();
        let pem = format!(
            "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
            lines.join("\n")
        );
        let file = directory.join("authority.pem");
        std::fs::write(&file, pem).expect("written");
        file.to_str().expect("UTF-8").to_owned()
    }
}

/// The first line of the request; `None` when there was no handshake.
fn answer(listener: &TcpListener, config: Arc<ServerConfig>) -> Option<String> {
    let (connection, _) = listener.accept().ok()?;
    let mut stream = StreamOwned::new(ServerConnection::new(config).ok()?, connection);
    let mut request = [0; 64];
    let read = stream.read(&mut request).ok()?;
    let line = String::from_utf8_lossy(request.get(..read)?).lines().next()?.to_owned();
    stream
        .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nOK")
        .ok()?;
    stream.conn.send_close_notify();
    stream.flush().ok()?;
    Some(line)
}

#[test]
fn over_tls_only_a_trusted_server_is_told_anything() {
    let directory = tempfile::tempdir().expect("a directory");
    let sample = format!("{ROOT}/events/systempay/01-single-card-captured.json");
    for trusts in [true, false] {
        let (server, other) = (Server::start(), Server::start());
        let authority = if trusts { &server } else { &other }.trusted(directory.path());
        let mut send = command(&["send", &sample, "--to", &server.url()]);
        let output = send.env("SSL_CERT_FILE", &authority).output().expect("it starts");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        let request = server.thread.join().expect("it answers");
        if trusts {
            assert_eq!((output.status.code(), said.as_str()), (Some(0), "200 OK\n"), "{errors}");
            assert_eq!(request.as_deref(), Some("POST /webhooks/systempay HTTP/1.1"));
        } else {
            assert_eq!((output.status.code(), request), (Some(2), None), "{said}");
            assert!(errors.contains("certificate"), "{errors}");
        }
    }
}
