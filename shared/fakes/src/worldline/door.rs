//! Who may come in: v1HMAC, read once more from what was sent.

use quittance_core::crypto::same;

use super::errors::{foreign_merchant, unauthorised};
use super::state::Owner;
use crate::clock::of_rfc1123;
use crate::config::WorldlineMerchant;
use crate::context::Context;
use crate::http::{HttpRequest, Reply};
use crate::signature::hmac_base64;

/// How far a `Date` may be off, in seconds.
const SKEW: u64 = 5 * 60;

/// Whose request it is and the path behind his own, or why it is not let in.
pub(super) fn admitted<'r>(
    request: &'r HttpRequest,
    context: Context<'_>,
) -> Result<(Owner, &'r str), Reply> {
    let rest = request.path().strip_prefix("/v2/").unwrap_or("");
    let (merchant, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let key = request.header("authorization").and_then(|text| text.strip_prefix("GCS v1HMAC:"));
    let (key_id, signature) = key.and_then(|key| key.split_once(':')).ok_or_else(unauthorised)?;
    let of_key = |held: &&WorldlineMerchant| held.key_id == key_id;
    let held = || context.config.worldline.iter().filter(of_key);
    let date = request.header("date").ok_or_else(unauthorised)?;
    let moment = of_rfc1123(date).ok_or_else(unauthorised)?;
    let skew = moment.seconds_since(context.wall).max(context.wall.seconds_since(moment));
    let text = signed(request, date);
    let is_signer = |held: &&WorldlineMerchant| {
        same(hmac_base64(&held.secret, text.as_bytes()).as_bytes(), signature.as_bytes())
    };
    if skew > SKEW || held().find(is_signer).is_none() {
        return Err(unauthorised());
    }
    let own = context.config.worldline_of(merchant, key_id).filter(is_signer);
    if merchant.is_empty() || own.is_none() {
        return Err(foreign_merchant());
    }
    Ok((Owner { merchant: merchant.to_owned(), key_id: key_id.to_owned() }, path))
}

/// The text that is signed.
fn signed(request: &HttpRequest, date: &str) -> String {
    let mut own: Vec<(String, &str)> = request
        .headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim()))
        .filter(|(name, _)| name.starts_with("x-gcs"))
        .collect();
    own.sort_unstable();
    let mut lines = vec![
        request.method.clone(),
        request.header("content-type").unwrap_or("").to_owned(),
        date.to_owned(),
    ];
    lines.extend(own.into_iter().map(|(name, value)| format!("{name}:{value}")));
    lines.push(request.target.clone());
    lines.join("\n") + "\n"
}
