//! The signed payment form: what a shop's page makes the browser post.

use std::collections::{BTreeMap, BTreeSet};

use quittance_core::{Mode, Timestamp};

use super::state::{Return, ReturnMode, Session, SessionKind, SessionState, letters};
use crate::clock::{of_digits, shifted};
use crate::config::{LyraShop, word};
use crate::context::Context;
use crate::settings::FormHash;
use crate::signature::{hmac_base64, sha1_hex};

/// The least for which vouchers are offered, in cents.
pub(super) const LEAST_BY_VOUCHER: u64 = 2_000;

/// How far behind the date of a form may be, in seconds.
const MAX_PAST: u64 = 30 * 60;

/// How far ahead it may be, in seconds.
const MAX_AHEAD: u64 = 90 * 60;

/// How long a page lives, in seconds.
const PAGE_SECONDS: i64 = 10 * 60;

/// The fields that each form has.
const MANDATORY: [&str; 10] = [
    "vads_action_mode",
    "vads_amount",
    "vads_ctx_mode",
    "vads_currency",
    "vads_page_action",
    "vads_payment_config",
    "vads_site_id",
    "vads_trans_date",
    "vads_trans_id",
    "vads_version",
];

/// Payment ids that were used: shop, mode, day, id without its case.
pub(super) type UsedIds = BTreeSet<(String, &'static str, String, String)>;

/// Signs fields: the values of those that begin with `vads_`, in the byte order of their names, and the key.
pub(super) fn signature(fields: &[(String, String)], key: &str, hash: FormHash) -> String {
    let by_name: BTreeMap<&[u8], &str> = fields
        .iter()
        .filter(|(name, _)| name.starts_with("vads_"))
        .map(|(name, value)| (name.as_bytes(), value.as_str()))
        .collect();
    let parts: Vec<&str> = by_name.into_values().chain([key]).collect();
    let text = parts.join("+");
    match hash {
        FormHash::HmacSha256 => hmac_base64(key, text.as_bytes()),
        FormHash::Sha1 => sha1_hex(text.as_bytes()),
    }
}

/// Opens a page for a form, or says what is wrong with it: the number of the field, and a sentence.
pub(super) fn open(
    fields: &[(String, String)],
    used: &mut UsedIds,
    id: String,
    context: Context<'_>,
) -> Result<Session, (&'static str, &'static str)> {
    let names: BTreeSet<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
    if names.len() < fields.len() {
        return Err(("99", "a field is there twice"));
    }
    let value = |name: &str| {
        let found = fields.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    };
    if MANDATORY.iter().any(|name| value(name).is_none()) {
        return Err(("99", "a mandatory field is missing"));
    }
    let mode = match value("vads_ctx_mode") {
        Some("TEST") => Mode::Test,
        Some("PRODUCTION") => Mode::Production,
        _ => return Err(("11", "vads_ctx_mode is neither TEST nor PRODUCTION")),
    };
    let site = value("vads_site_id").unwrap_or("");
    let is_shop = |shop: &&LyraShop| shop.site == site && shop.mode == mode;
    let shop = context.config.lyra.iter().find(is_shop);
    let shop = shop.ok_or(("02", "no shop has this vads_site_id in this mode"))?;
    let hash = context.settings.form_hash;
    if value("signature") != Some(&signature(fields, &shop.form_key, hash)) {
        return Err(("00", "the signature does not match"));
    }
    for (name, expected, number) in [
        ("vads_action_mode", "INTERACTIVE", "47"),
        ("vads_page_action", "PAYMENT", "46"),
        ("vads_payment_config", "SINGLE", "07"),
        ("vads_version", "V2", "01"),
    ] {
        if value(name) != Some(expected) {
            return Err((number, "a field has a value that these pages do not know"));
        }
    }
    let amount = value("vads_amount").unwrap_or("");
    let is_amount = (1..=12).contains(&amount.len())
        && !amount.starts_with('0')
        && amount.bytes().all(|byte| byte.is_ascii_digit());
    let amount: u64 = amount.parse().ok().filter(|_| is_amount).ok_or(("09", "vads_amount"))?;
    let currency = value("vads_currency").and_then(letters).ok_or(("10", "vads_currency"))?;
    let date = value("vads_trans_date").unwrap_or("");
    let moment = of_digits(date).filter(|moment| is_timely(*moment, context.wall));
    let moment = moment.ok_or(("04", "vads_trans_date is too far from now"))?;
    let trans_id = value("vads_trans_id").unwrap_or("");
    if trans_id.len() != 6 || !trans_id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(("03", "vads_trans_id"));
    }
    let order = value("vads_order_id").unwrap_or("");
    let is_of_order = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if order.len() > 64 || !order.bytes().all(is_of_order) {
        return Err(("13", "vads_order_id"));
    }
    let delay = value("vads_capture_delay").map_or(Ok(0), str::parse::<u32>);
    delay.ok().filter(|days| *days <= 365).ok_or(("06", "vads_capture_delay"))?;
    let validation = match value("vads_validation_mode") {
        None | Some("0") => false,
        Some("1") => true,
        _ => return Err(("05", "vads_validation_mode")),
    };
    let cards = value("vads_payment_cards");
    let brands: Vec<&str> = cards.into_iter().flat_map(|cards| cards.split(';')).collect();
    let vouchers = (cards.is_none() || brands.contains(&"CVCO"))
        && amount >= LEAST_BY_VOUCHER
        && currency == "EUR"
        && !validation;
    let card = match cards {
        None => Some("CB"),
        Some(_) => brands.iter().copied().find(|brand| *brand != "CVCO"),
    };
    if !vouchers && card.is_none() {
        return Err(("08", "no method is left to pay with"));
    }
    let back = Return {
        mode: match value("vads_return_mode") {
            None | Some("NONE") => ReturnMode::None,
            Some("GET") => ReturnMode::Get,
            Some("POST") => ReturnMode::Post,
            Some(_) => return Err(("48", "vads_return_mode")),
        },
        url: value("vads_url_return").unwrap_or("").to_owned(),
        success: value("vads_url_success").map(str::to_owned),
        refused: value("vads_url_refused").map(str::to_owned),
        cancel: value("vads_url_cancel").map(str::to_owned),
    };
    let day = date.get(..8).unwrap_or("").to_owned();
    let used_id = (site.to_owned(), word(mode), day, trans_id.to_ascii_lowercase());
    if !used.insert(used_id) {
        return Err(("03", "vads_trans_id was used before on this day"));
    }
    Ok(Session {
        id,
        kind: SessionKind::Form,
        site: site.to_owned(),
        mode,
        order: order.to_owned(),
        amount,
        currency: currency.to_owned(),
        trans_id: trans_id.to_owned(),
        trans_date: moment,
        card: card.map(str::to_owned),
        vouchers,
        validation,
        opened_at: context.now,
        ends_at: shifted(context.now, PAGE_SECONDS),
        state: SessionState::Open,
        refused: 0,
        back,
        notification_url: value("vads_url_check").map(str::to_owned),
        fields: fields.iter().filter(|(name, _)| name.starts_with("vads_")).cloned().collect(),
    })
}

fn is_timely(moment: Timestamp, wall: Timestamp) -> bool {
    wall.seconds_since(moment) <= MAX_PAST && moment.seconds_since(wall) <= MAX_AHEAD
}
