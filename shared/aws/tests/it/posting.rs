//! Messages that are posted to the shop: signed, taken once the shop says so, never to another address.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use quittance_aws::batch::{Attributes, Batch, Record};
use quittance_aws::caller::Caller;
use quittance_aws::keys::KeyRing;
use quittance_aws::postbox::Postbox;
use quittance_aws::shop::{Address, Shop, ShopKey, headers};
use quittance_core::Timestamp;
use quittance_core::crypto::{Secret, ascii, hmac_base64};
use serde_json::json;

/// 24 bytes.
const KEY: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";

/// A shop that answers each message with what stands for its id, and remembers what came.
#[derive(Clone, Default)]
struct Warehouse {
    came: Arc<Mutex<Vec<Post>>>,
}

/// Path, headers, body.
type Post = (String, HeaderMap, Vec<u8>);

impl Warehouse {
    async fn open(&self) -> SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(take).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        address
    }

    fn ids(&self) -> Vec<String> {
        let came = self.came.lock().unwrap();
        came.iter().map(|(_, headers, _)| text(headers, "webhook-id")).collect()
    }
}

async fn take(State(shop): State<Warehouse>, request: Request) -> impl IntoResponse {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap().to_vec();
    let id = text(&parts.headers, "webhook-id");
    shop.came.lock().unwrap().push((parts.uri.path().to_owned(), parts.headers, body));
    let status = id.rsplit('-').next().and_then(|status| status.parse().ok());
    let status = status.and_then(|status| StatusCode::from_u16(status).ok()).unwrap();
    (status, [(header::LOCATION, "/elsewhere")])
}

fn text(headers: &HeaderMap, name: &str) -> String {
    headers[name].to_str().unwrap().to_owned()
}

fn postbox(address: SocketAddr, key: Option<&str>) -> Postbox {
    // No queue is there: what was not taken comes again after the queue's own time.
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-3"))
        .credentials_provider(Credentials::new("a", "b", None, None, "test"))
        .endpoint_url("http://127.0.0.1:9")
        .retry_config(aws_sdk_sqs::config::retry::RetryConfig::disabled())
        .build();
    Postbox {
        shop: Shop {
            address: Address::parse(&format!("http://{address}/quittance")).unwrap(),
            keys: KeyRing::fixed(key.map(|key| ShopKey::read(key).unwrap())),
            caller: Caller::new(),
        },
        client: aws_sdk_sqs::Client::from_conf(config),
        queue: "http://127.0.0.1:9/queue".to_owned(),
    }
}

fn record(id: &str, group: &str) -> Record {
    Record {
        message_id: id.to_owned(),
        receipt_handle: "receipt".to_owned(),
        body: json!({"id": id, "type": "any", "data": {}}).to_string(),
        attributes: Attributes {
            message_group_id: Some(group.to_owned()),
            approximate_receive_count: Some("1".to_owned()),
        },
    }
}

async fn failed(postbox: &Postbox, records: Vec<Record>) -> Vec<String> {
    let response = postbox.post(&Batch { records }).await;
    response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_taken_by_2xx_alone_and_goes_to_no_other_address() {
    let shop = Warehouse::default();
    let postbox = postbox(shop.open().await, Some(KEY));
    let statuses = [
        "200", "201", "204", "299", "300", "301", "302", "307", "308", "400", "404", "410", "429",
        "500", "503",
    ];
    for status in statuses {
        let id = format!("message-{status}");
        let expected = if status.starts_with('2') { vec![] } else { vec![id.clone()] };
        assert_eq!(failed(&postbox, vec![record(&id, &id)]).await, expected, "{status}");
    }
    let came = shop.came.lock().unwrap();
    assert_eq!(came.len(), statuses.len());
    assert!(came.iter().all(|(path, ..)| path == "/quittance"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_posted_as_it_is_and_its_signature_covers_all_of_it() {
    let shop = Warehouse::default();
    let postbox = postbox(shop.open().await, Some(KEY));
    let sent = record("message-200", "CMD-1");
    assert_eq!(failed(&postbox, vec![sent.clone()]).await, [""; 0]);
    let came = shop.came.lock().unwrap();
    let (_, headers, body) = &came[0];
    assert_eq!(body, sent.body.as_bytes());
    assert_eq!(text(headers, "content-type"), "application/json");
    let at = text(headers, "webhook-timestamp");
    let key =
        Secret::of_bytes(&STANDARD.decode(KEY.trim_start_matches("whsec_")).unwrap()).unwrap();
    let signed = [b"message-200.", at.as_bytes(), b".", body.as_slice()].concat();
    let expected = format!("v1,{}", ascii(&hmac_base64(&key, [signed.as_slice()])));
    assert_eq!(text(headers, "webhook-signature"), expected);
}

/// While a key is changed the shop may know either.
#[test]
fn each_key_signs() {
    let other = ShopKey::read(&STANDARD.encode([9; 32])).unwrap();
    let keys = [ShopKey::read(KEY).unwrap(), other];
    let at = Timestamp::from_unix(1_795_341_600).unwrap();
    let signature = |keys: &[ShopKey]| {
        let headers = headers("id", at, b"body", keys);
        headers.into_iter().find(|(name, _)| *name == "webhook-signature").unwrap().1
    };
    let [one, two] = [signature(&keys[..1]), signature(&keys[1..])];
    assert_ne!(one, two);
    assert_eq!(signature(&keys), format!("{one} {two}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_follows_in_the_group_of_one_that_failed_waits() {
    let shop = Warehouse::default();
    let postbox = postbox(shop.open().await, Some(KEY));
    let records = vec![
        record("a-500", "CMD-1"),
        record("b-200", "CMD-1"),
        record("c-200", "CMD-2"),
        record("d-200", "CMD-1"),
    ];
    assert_eq!(failed(&postbox, records).await, ["a-500", "b-200", "d-200"]);
    assert_eq!(shop.ids(), ["a-500", "c-200"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_posted_that_cannot_be_signed_or_is_no_message() {
    let shop = Warehouse::default();
    let address = shop.open().await;
    assert_eq!(failed(&postbox(address, None), vec![record("a-200", "A")]).await, ["a-200"]);
    let strange = Record { body: "no message".to_owned(), ..record("b-200", "B") };
    assert_eq!(failed(&postbox(address, Some(KEY)), vec![strange]).await, ["b-200"]);
    assert_eq!(shop.ids(), [""; 0]);
    // Nobody listens there any more.
    let nobody = postbox("127.0.0.1:9".parse().unwrap(), Some(KEY));
    assert_eq!(failed(&nobody, vec![record("c-200", "C")]).await, ["c-200"]);
}
