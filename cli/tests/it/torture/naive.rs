//! Three receivers of our own writing, as they are found in shops: each believes what its author thought of.

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::routing::any;
use quittance_core::crypto::{Secret, ascii, hmac_base64, hmac_hex};
use quittance_testing::{FORM_KEY, SECRET, form_body, worldline_signature};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::shop::{Fault, Faults, Shop, Told, What};

/// The largest body that a receiver reads, in bytes.
const LARGEST: usize = 1024 * 1024;

/// How old or early a signature may be, in seconds.
const TOLERANCE: u64 = 300;

/// Whose messages a receiver takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    Worldline,
    Lyra,
    Standard,
    Stripe,
}

/// A receiver that runs until it is dropped.
pub(crate) struct Naive {
    pub(crate) url: String,
    _runtime: Runtime,
}

impl Naive {
    pub(crate) fn start(whose: Whose, faults: &Faults, folder: &Path) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)));
        let listener = listener.expect("a port");
        let url = format!("http://{}/hook", listener.local_addr().expect("bound"));
        let shop = Arc::new(Shop::new(faults, folder));
        let router = Router::new().route("/hook", any(receive)).with_state((whose, shop));
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { url, _runtime: runtime }
    }
}

async fn receive(
    State((whose, shop)): State<(Whose, Arc<Shop>)>,
    request: Request<Body>,
) -> StatusCode {
    let (parts, body) = request.into_parts();
    if parts.method != Method::POST {
        return StatusCode::METHOD_NOT_ALLOWED;
    }
    let Ok(body) = to_bytes(body, LARGEST).await else { return StatusCode::PAYLOAD_TOO_LARGE };
    let read = match whose {
        Whose::Worldline => worldline(&shop, &parts.headers, &body),
        Whose::Lyra => lyra(&shop, &body),
        Whose::Standard | Whose::Stripe => plain(whose, &shop, &parts.headers, &body),
    };
    match read {
        Ok(Some(told)) => shop.take(told).await,
        Ok(None) => {}
        Err(status) => return status,
    }
    StatusCode::OK
}

type Read = Result<Option<Told>, StatusCode>;

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Whether a signature is believed.
fn is_believed(shop: &Shop, came: Option<&str>, right: &str) -> bool {
    match came {
        None => shop.has(Fault::SignatureOptional),
        Some(came) if shop.has(Fault::ComparesWhatCame) => right.starts_with(came),
        Some(came) => came == right,
    }
}

/// The bytes over which a signature is checked.
fn signed_bytes(shop: &Shop, body: &[u8]) -> Vec<u8> {
    match serde_json::from_slice::<Value>(body) {
        Ok(value) if shop.has(Fault::WritesAgain) => value.to_string().into_bytes(),
        _ => body.to_vec(),
    }
}

fn worldline(shop: &Shop, headers: &HeaderMap, body: &[u8]) -> Read {
    let right = worldline_signature(SECRET, &signed_bytes(shop, body));
    let is_known = header(headers, "x-gcs-keyid") == Some("demo-key");
    if !is_known || !is_believed(shop, header(headers, "x-gcs-signature"), &right) {
        return Err(StatusCode::UNAUTHORIZED);
    }
    let event: Value = serde_json::from_slice(body).map_err(|_| StatusCode::BAD_REQUEST)?;
    let payment = &event["payment"];
    if payment.is_null() {
        let unknown = shop.has(Fault::RefusesUnknown);
        return if unknown { Err(StatusCode::BAD_REQUEST) } else { Ok(None) };
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let output = &payment["paymentOutput"];
    let code = payment["statusOutput"]["statusCode"].as_u64();
    let what = match payment["status"].as_str() {
        Some("CAPTURED") if code == Some(9) || shop.has(Fault::OneWord) => What::Paid,
        Some("PENDING_CAPTURE") => What::Reserved,
        Some("REJECTED" | "CANCELLED") => What::Refused,
        _ => What::Other,
    };
    let money = |name: &str| output[name]["amount"].as_u64().unwrap_or_default();
    let id = text(&payment["id"]);
    Ok(Some(Told {
        delivery: text(&event["id"]),
        payment: id.split('_').next().unwrap_or_default().to_owned(),
        order: text(&output["references"]["merchantReference"]),
        what,
        amount: money("acquiredAmount"),
        due: money("amountOfMoney"),
        currency: text(&output["amountOfMoney"]["currencyCode"]),
    }))
}

/// The fields of a form, as they came.
fn fields(body: &[u8]) -> Vec<(String, String)> {
    let decoded = |text: &str| {
        let mut bytes = Vec::new();
        let mut left = text.replace('+', " ").into_bytes().into_iter();
        while let Some(byte) = left.next() {
            let digits =
                (byte == b'%').then(|| [left.next(), left.next()].into_iter().flatten().collect());
            let digits =
                digits.map(|digits: Vec<u8>| String::from_utf8_lossy(&digits).into_owned());
            bytes.push(
                digits.and_then(|digits| u8::from_str_radix(&digits, 16).ok()).unwrap_or(byte),
            );
        }
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let text = String::from_utf8_lossy(body).into_owned();
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decoded(name), decoded(value))).collect()
}

fn lyra(shop: &Shop, body: &[u8]) -> Read {
    let all = fields(body);
    // Signed is what came first of each name, as a map would keep it that is filled from the end.
    let mut signed: Vec<(&str, &str)> = Vec::new();
    for (name, value) in &all {
        if name != "signature" && !signed.iter().any(|(known, _)| known == name) {
            signed.push((name, value));
        }
    }
    let is_repeated = signed.len() + 1 < all.len();
    let made = form_body(FORM_KEY, &signed);
    let right = fields(made.as_bytes()).pop().map(|(_, value)| value).unwrap_or_default();
    let came = all.iter().find(|(name, _)| name == "signature").map(|(_, value)| value.as_str());
    if !is_believed(shop, came, &right) || is_repeated && !shop.has(Fault::LastField) {
        return Err(StatusCode::UNAUTHORIZED);
    }
    let get = |name: &str| {
        let found = all.iter().rev().find(|(known, _)| known == name);
        found.map_or(String::new(), |(_, value)| value.clone())
    };
    if get("vads_hash").is_empty() && !shop.has(Fault::BrowserReturn) {
        return Err(StatusCode::UNAUTHORIZED);
    }
    let is_refund = get("vads_operation_type") == "CREDIT" && !shop.has(Fault::RefundPays);
    let what = match get("vads_trans_status").as_str() {
        _ if is_refund => What::GivenBack,
        "CAPTURED" => What::Paid,
        "AUTHORISED" => What::Reserved,
        "REFUSED" | "CANCELLED" | "ABANDONED" => What::Refused,
        _ => What::Other,
    };
    let number = |name: &str| get(name).parse().unwrap_or_default();
    Ok(Some(Told {
        delivery: get("vads_hash"),
        payment: format!("{}-{}", get("vads_trans_id"), get("vads_trans_uuid")),
        order: get("vads_order_id"),
        what,
        amount: number("vads_effective_amount"),
        due: number("vads_amount"),
        currency: get("vads_currency"),
    }))
}

fn plain(whose: Whose, shop: &Shop, headers: &HeaderMap, body: &[u8]) -> Read {
    let bytes = signed_bytes(shop, body);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let secret = super::DEMO_SECRET;
    let (at, came, right) = if whose == Whose::Stripe {
        let text = header(headers, "stripe-signature").unwrap_or_default();
        let parts: Vec<(&str, &str)> =
            text.split(',').filter_map(|part| part.split_once('=')).collect();
        let at = parts.iter().find(|(name, _)| *name == "t").map_or("", |(_, at)| at).to_owned();
        let came: Vec<&str> =
            parts.iter().filter(|(name, _)| *name == "v1").map(|(_, v)| *v).collect();
        let key = Secret::new(secret).expect("a key");
        let right = ascii(&hmac_hex(&key, [at.as_bytes(), b".", &bytes]));
        (at, came, right)
    } else {
        let text = header(headers, "webhook-signature").unwrap_or_default();
        let came = text.split(' ').filter_map(|part| part.strip_prefix("v1,")).collect();
        let at = header(headers, "webhook-timestamp").unwrap_or_default().to_owned();
        let id = header(headers, "webhook-id").unwrap_or_default();
        let key = quittance_testing::url_encode(secret);
        let key = key.strip_prefix("whsec_").unwrap_or_default().replace("%3D", "=");
        let key = Secret::of_bytes(
            &base64::Engine::decode(&base64::engine::general_purpose::STANDARD, key)
                .expect("Base64"),
        );
        let parts = [id.as_bytes(), b".", at.as_bytes(), b".", &bytes];
        (at.clone(), came, ascii(&hmac_base64(&key.expect("a key"), parts)))
    };
    let looked_at = if shop.has(Fault::FirstSignature) { 1 } else { came.len().max(1) };
    let mut tried = came.iter().take(looked_at).map(|came| Some(*came)).collect::<Vec<_>>();
    if tried.is_empty() {
        tried.push(None);
    }
    let is_timely = at.parse::<u64>().is_ok_and(|at| at.abs_diff(now) <= TOLERANCE);
    let is_timely = is_timely || shop.has(Fault::AnyTime);
    if !is_timely || !tried.iter().any(|came| is_believed(shop, *came, &right)) {
        return Err(StatusCode::UNAUTHORIZED);
    }
    let event: Value = serde_json::from_slice(body).map_err(|_| StatusCode::BAD_REQUEST)?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (object, id, order) = if whose == Whose::Stripe {
        let object = &event["data"]["object"];
        (object, &object["id"], &object["metadata"]["order_id"])
    } else {
        (&event["data"], &event["data"]["payment_id"], &event["data"]["order_id"])
    };
    let is_succeeded = object["status"] == "succeeded" || shop.has(Fault::OneWord);
    let what = match text(&event["type"]).split_once('.') {
        Some((_, "succeeded")) if is_succeeded => What::Paid,
        Some((_, "succeeded" | "processing" | "refunded")) => What::Other,
        Some((_, "amount_capturable_updated" | "authorized")) => What::Reserved,
        Some((_, "payment_failed" | "failed" | "canceled")) => What::Refused,
        _ if shop.has(Fault::RefusesUnknown) => return Err(StatusCode::BAD_REQUEST),
        _ => What::Other,
    };
    let delivery = match whose {
        Whose::Stripe => text(&event["id"]),
        _ => header(headers, "webhook-id").unwrap_or_default().to_owned(),
    };
    Ok(Some(Told {
        delivery,
        payment: text(id),
        order: text(order),
        what,
        amount: object["amount_received"].as_u64().unwrap_or_default(),
        due: object["amount"].as_u64().unwrap_or_default(),
        currency: text(&object["currency"]),
    }))
}
