//! Mutations that know JSON and forms: bytes turned at random mostly break a message before anything is
//! read of it. Every second time libFuzzer mutates the bytes all the same.

use libfuzzer_sys::fuzzer_mutate;
use quittance_testing::adversary::Dice;
use serde_json::Value;

/// Words that decide something somewhere.
const WORDS: [&str; 87] = [
    "",
    "CAPTURED",
    "AUTHORISED",
    "REFUSED",
    "CANCELLED",
    "ABANDONED",
    "EXPIRED",
    "PARTIALLY_AUTHORISED",
    "WAITING_AUTHORISATION",
    "CAPTURE_FAILED",
    "SUSPENDED",
    "ACCEPTED",
    "FUTURE_STATUS",
    "PENDING_CAPTURE",
    "CAPTURE_REQUESTED",
    "REJECTED",
    "REJECTED_CAPTURE",
    "REFUND_REQUESTED",
    "REFUNDED",
    "CHARGEBACKED",
    "CHARGEBACK_NOTIFICATION",
    "REDIRECTED",
    "COMPLETED",
    "UNSUCCESSFUL",
    "DEBIT",
    "CREDIT",
    "VERIFICATION",
    "MULTI",
    "CB",
    "CVCO",
    "E_CV",
    "VISA_CDX",
    "redirect",
    "card",
    "PAY",
    "RETRY",
    "REC",
    "BO",
    "BATCH",
    "BATCH_AUTO",
    "MERCH_BO",
    "TEST",
    "PRODUCTION",
    "PAYMENT",
    "SINGLE",
    "MULTI:first=4000;count=3;period=30",
    "MULTI_EXT:20261122=4000;20261222=6000",
    "MULTI_EXT:=;=",
    "RECURRENT_INITIAL",
    "RECURRENT_INTERMEDIAIRE",
    "RECURRENT_FINAL",
    "PAID",
    "UNPAID",
    "RUNNING",
    "CLOSED",
    "V4/Payment",
    "v1",
    "v2",
    "payment.captured",
    "payment.refunded",
    "payment.test",
    "payment.chargebacked",
    "refund.refund_requested",
    "token.created",
    "EUR",
    "USD",
    "JPY",
    "TND",
    "XAU",
    "978",
    "840",
    "036",
    "CMD-1",
    "tx:20261122-abc123",
    "tx:3254564310",
    "DemoMerchant",
    "12345678",
    "abc123",
    "ABC123",
    "20261122100000",
    "2026-11-22T10:00:00+00:00",
    "2026-11-22T10:00:00Z",
    "3254564310_0",
    "3254564310_1",
    "9000003254564310000",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "é+ &=%",
];

/// Values other than words, as JSON.
const VALUES: [&str; 24] = [
    "null",
    "true",
    "[]",
    "{}",
    "0",
    "1",
    "2",
    "4",
    "5",
    "7",
    "8",
    "9",
    "83",
    "91",
    "93",
    "130",
    "5412",
    "4000",
    "6000",
    "10000",
    "999999999999",
    "1000000000000",
    "18446744073709551615",
    "-1.5e3",
];

/// Names of fields.
const NAMES: [&str; 24] = [
    "vads_amount",
    "vads_card_brand",
    "vads_ctx_mode",
    "vads_currency",
    "vads_cust_name",
    "vads_effective_amount",
    "vads_effective_currency",
    "vads_hash",
    "vads_identifier",
    "vads_occurrence_type",
    "vads_operation_type",
    "vads_order_id",
    "vads_page_action",
    "vads_payment_config",
    "vads_payment_seq",
    "vads_result",
    "vads_sequence_number",
    "vads_site_id",
    "vads_trans_date",
    "vads_trans_id",
    "vads_trans_status",
    "vads_trans_uuid",
    "vads_url_check_src",
    "vads_user_info",
];

/// Mutates JSON texts, one a line. Now and then it begins anew from a genuine one, because what a run keeps
/// is mostly odd.
pub fn json(data: &mut [u8], size: usize, max_size: usize, seed: u32, genuine: &[String]) -> usize {
    lines(data, size, max_size, seed, genuine, |line, dice| {
        let Ok(mut value) = serde_json::from_slice::<Value>(line) else { return false };
        for _ in 0..=dice.below(3) {
            change(&mut value, dice);
        }
        *line = value.to_string().into_bytes();
        true
    })
}

/// Mutates forms, one a line, in the same way.
pub fn form(data: &mut [u8], size: usize, max_size: usize, seed: u32, genuine: &[String]) -> usize {
    lines(data, size, max_size, seed, genuine, |line, dice| {
        let mut pieces: Vec<Vec<u8>> =
            line.split(|byte| *byte == b'&').map(<[u8]>::to_vec).collect();
        for _ in 0..=dice.below(3) {
            replace(&mut pieces, dice);
        }
        *line = pieces.join(&b'&');
        true
    })
}

/// Lets `change` change a line, or changes the lines themselves.
fn lines(
    data: &mut [u8],
    size: usize,
    max_size: usize,
    seed: u32,
    genuine: &[String],
    change: impl FnOnce(&mut Vec<u8>, &mut Dice) -> bool,
) -> usize {
    let chance = chance(seed, 64);
    let mut dice = Dice::of_bytes(&chance);
    if dice.once_in(2) {
        return fuzzer_mutate(data, size, max_size);
    }
    let mut lines: Vec<Vec<u8>> =
        data[..size].split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    let mut at = dice.below(lines.len().min(256));
    let begin = genuine.get(dice.below(genuine.len().min(256))).map(String::as_bytes);
    let kind = dice.below(16);
    match kind {
        0 => lines.push(lines[at].clone()),
        1 if lines.len() > 1 => drop(lines.remove(at)),
        2 => lines.rotate_left(at),
        3..6 => {
            lines = begin.into_iter().map(<[u8]>::to_vec).collect();
            at = 0;
        }
        6 => lines.extend(begin.map(<[u8]>::to_vec)),
        _ => {}
    }
    let known = lines.get_mut(at).is_some_and(|line| change(line, &mut dice));
    if !known && kind > 2 {
        return fuzzer_mutate(data, size, max_size);
    }
    let text = lines.join(&b'\n');
    if text.len() > max_size {
        return fuzzer_mutate(data, size, max_size);
    }
    data[..text.len()].copy_from_slice(&text);
    text.len()
}

/// So many bytes that are a function of the seed: `SplitMix64`.
pub fn chance(seed: u32, length: usize) -> Vec<u8> {
    let mut state = u64::from(seed);
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    };
    let bytes = (0..length.div_ceil(8)).flat_map(|_| next().to_le_bytes());
    bytes.take(length).collect()
}

/// One change somewhere in a value.
fn change(root: &mut Value, dice: &mut Dice) {
    let many = count(root);
    let place = (dice.below(256) * 256 + dice.below(256)) % many;
    let other = (dice.below(256) * 256 + dice.below(256)) % many;
    let other = nth(root, &mut { other }).cloned().unwrap_or_default();
    let Some(value) = nth(root, &mut { place }) else { return };
    match dice.below(8) {
        0 | 1 => *value = Value::from(*dice.pick(&WORDS)),
        2 => *value = serde_json::from_str(dice.pick::<&str>(&VALUES)).unwrap_or_default(),
        3 => *value = other,
        4 => match value {
            Value::Number(number) => *value = Value::from(number.to_string()),
            Value::String(text) => {
                if let Ok(number) = text.parse::<u64>() {
                    *value = Value::from(number);
                } else {
                    text.push(char::from(b' ' + u8::try_from(dice.below(95)).unwrap_or_default()));
                }
            }
            _ => *value = Value::Array(vec![value.take()]),
        },
        5 => match value {
            Value::Number(number) => {
                let number = number.as_u64().unwrap_or_default();
                let step = [1, 2, 10, 1_000][dice.below(4)];
                let changed = if dice.once_in(2) {
                    number.saturating_sub(step)
                } else {
                    number.saturating_add(step)
                };
                *value = Value::from(changed);
            }
            Value::Array(elements) => {
                let copy = elements.get(dice.below(elements.len().min(256))).cloned();
                elements.extend(copy);
            }
            _ => *value = other,
        },
        6 => match value {
            Value::Array(elements) if !elements.is_empty() => {
                elements.remove(dice.below(elements.len().min(256)));
            }
            Value::Object(members) => {
                let at = dice.below(members.len().min(256));
                if let Some(name) = members.keys().nth(at).cloned() {
                    members.remove(&name);
                }
            }
            Value::String(text) => {
                text.pop();
            }
            value => *value = Value::Null,
        },
        _ => match value {
            // Under the name of a sibling.
            Value::Object(members) => {
                let at = dice.below(members.len().min(256));
                if let Some(name) = members.keys().nth(at).cloned() {
                    members.insert(name, other);
                }
            }
            Value::Array(elements) => elements.push(other),
            _ => *value = other,
        },
    }
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(elements) => elements.iter().map(count).sum(),
        Value::Object(members) => members.values().map(count).sum(),
        _ => 0,
    }
}

/// The value at this place, counted from the root.
fn nth<'a>(value: &'a mut Value, place: &mut usize) -> Option<&'a mut Value> {
    if *place == 0 {
        return Some(value);
    }
    *place -= 1;
    match value {
        Value::Array(elements) => elements.iter_mut().find_map(|value| nth(value, place)),
        Value::Object(members) => members.values_mut().find_map(|value| nth(value, place)),
        _ => None,
    }
}

/// One change to the pieces of a form.
fn replace(pieces: &mut Vec<Vec<u8>>, dice: &mut Dice) {
    let at = dice.below(pieces.len().min(256));
    let other = dice.below(pieces.len().min(256));
    let name = |piece: &[u8]| piece.split(|byte| *byte == b'=').next().unwrap_or_default().to_vec();
    let set = |piece: &mut Vec<u8>, value: &[u8]| *piece = [&name(piece)[..], b"=", value].concat();
    let word = |dice: &mut Dice| crate::gateway::encode(dice.pick(&WORDS).as_bytes());
    match dice.below(8) {
        0 | 1 => set(&mut pieces[at], word(dice).as_bytes()),
        2 => {
            let number = dice.pick(&VALUES).trim_matches(['"', '-']);
            set(&mut pieces[at], crate::gateway::encode(number.as_bytes()).as_bytes());
        }
        3 => {
            let piece = [*dice.pick(&NAMES), "=", &word(dice)].concat();
            pieces.push(piece.into_bytes());
        }
        4 => {
            // The same name again would be refused.
            let new = dice.pick(&NAMES).as_bytes();
            pieces.retain(|piece| name(piece) != new);
            pieces.push([new, b"=", word(dice).as_bytes()].concat());
        }
        5 if pieces.len() > 1 => drop(pieces.remove(at)),
        6 => {
            let value =
                pieces[other].splitn(2, |byte| *byte == b'=').nth(1).unwrap_or_default().to_vec();
            set(&mut pieces[at], &value);
        }
        _ => {
            let more = [b"%2B", word(dice).as_bytes()].concat();
            pieces[at].extend(more);
        }
    }
}
