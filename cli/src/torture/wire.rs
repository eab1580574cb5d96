//! HTTP to the receiver: whole requests, and requests that end too early.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use lambda_http::http::{Request, Uri};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::exhibit::Message;
use crate::event::is_here;
use crate::output::Failure;

/// How long an answer is waited for: longer than any sender would.
const PATIENCE: Duration = Duration::from_secs(30);

/// The way to a receiver on this machine.
pub(crate) struct Wire {
    client: Client<HttpConnector, Full<Bytes>>,
    uri: Uri,
    /// Host and port.
    authority: String,
}

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// The status, or why there is none.
    pub(crate) status: Result<u16, String>,
    pub(crate) took: Duration,
}

impl Wire {
    /// To this address.
    ///
    /// # Errors
    ///
    /// Where it is not of this machine, or not plain HTTP.
    pub(crate) fn new(url: &str) -> Result<Self, Failure> {
        if !is_here(url) {
            return Err(format!(
                "{url} is not on this machine: forged and broken messages are sent by the hundred, which is for one's own \
                 receiver on 127.0.0.1 or localhost alone"
            )
            .into());
        }
        if !url.starts_with("http:") {
            return Err(format!("{url}: only http, since connections are cut in the middle").into());
        }
        let uri: Uri = url.parse()?;
        let host = uri.host().unwrap_or_default();
        let authority = format!("{host}:{}", uri.port_u16().unwrap_or(80));
        // A connection is not used twice: how a receiver ends one is none of the exhibits.
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build_http();
        Ok(Self { client, uri, authority })
    }

    /// Sends a request, and waits for its answer.
    pub(crate) async fn send(&self, message: &Message) -> Answer {
        let start = Instant::now();
        let status = match tokio::time::timeout(PATIENCE, self.exchange(message)).await {
            Ok(Ok(status)) => Ok(status),
            Ok(Err(error)) => Err(format!("no answer: {error}")),
            Err(_) => Err(format!("no answer within {} seconds", PATIENCE.as_secs())),
        };
        Answer { status, took: start.elapsed() }
    }

    async fn exchange(&self, message: &Message) -> Result<u16, Failure> {
        let mut request = Request::builder().method(message.method).uri(self.uri.clone());
        for (name, value) in &message.headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::from(message.body.clone()))?;
        let reply = self.client.request(request).await?;
        let status = reply.status().as_u16();
        // Whoever closes the connection before its answer is whole has answered.
        let _ = reply.into_body().collect().await;
        Ok(status)
    }

    /// Sends the head of a request and so much of its body, stays for a while, and closes the connection.
    pub(crate) async fn send_part(
        &self,
        message: &Message,
        bytes: usize,
        stays: Duration,
    ) -> Result<(), Failure> {
        let mut stream = TcpStream::connect(&self.authority).await?;
        let target = self.uri.path_and_query().map_or("/", |target| target.as_str());
        let mut text =
            format!("{} {target} HTTP/1.1\r\nhost: {}\r\n", message.method, self.authority);
        for (name, value) in &message.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str(&format!("content-length: {}\r\n\r\n", message.body.len()));
        let mut sent = text.into_bytes();
        sent.extend(message.body.iter().take(bytes));
        stream.write_all(&sent).await?;
        tokio::time::sleep(stays).await;
        stream.shutdown().await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_tried() {
        assert!(Wire::new("http://127.0.0.1:3000/hooks").is_ok());
        assert!(Wire::new("http://localhost/").is_ok());
        for (url, why) in [
            ("http://shop.example/hooks", "not on this machine"),
            ("http://10.0.0.1:3000/", "not on this machine"),
            ("http://127.0.0.1.shop.example/", "not on this machine"),
            ("https://127.0.0.1/", "only http"),
        ] {
            let error = Wire::new(url).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(why), "{url}: {error}");
        }
    }
}
