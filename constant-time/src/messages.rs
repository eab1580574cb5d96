//! Messages with right and wrong signatures, made independently of the core.

use quittance_psp::{lyra, worldline};
use quittance_testing::{form_body, form_body_sha1, rest_body, url_encode, worldline_signature};

use crate::ring::{LYRA, LyraKeys, Ring, WORLDLINE};

/// A Worldline event. Nothing of it is read here.
const EVENT: &[u8] = br#"{"apiVersion":"v1"}"#;

/// A `kr-answer`, with a slash: some senders escape it after signing, so such an answer is looked at twice.
const ANSWER: &str = r#"{"shopId":"12345678","url":"https://shop.example/return"}"#;

/// One message, up to its signature.
#[derive(Clone)]
pub struct Message {
    /// What it is called.
    pub name: String,
    /// The right signature.
    pub signature: String,
    /// What comes before the signature in a body, or the whole body where the signature is a header.
    body: Vec<u8>,
    /// The key id of a header.
    key_id: Option<&'static str>,
}

/// What becomes of a signature.
pub struct Forged {
    /// In which way it is wrong.
    pub name: &'static str,
    /// The signature.
    pub signature: String,
    /// Whether it is one all the same.
    pub is_right: bool,
    /// Whether it is as long as the right one: else it is refused for that, and nothing secret is looked at.
    pub is_as_long: bool,
}

impl Message {
    /// A message whose body is whole but for its signature.
    fn with(name: String, whole: &str, field: &str) -> Self {
        let (body, _) = whole.rsplit_once(field).unwrap_or((whole, ""));
        let value = whole.get(body.len() + field.len()..).unwrap_or("");
        let signature = value.replace("%2B", "+").replace("%2F", "/").replace("%3D", "=");
        Self { name, signature, body: [body, field].concat().into_bytes(), key_id: None }
    }

    /// What is sent with this signature: a header, or a body.
    pub fn sent(&self, signature: &str) -> Vec<u8> {
        if self.key_id.is_some() {
            return signature.as_bytes().to_vec();
        }
        [&self.body, url_encode(signature).as_bytes()].concat()
    }

    /// Whether a receiver believes what is [`sent`](Self::sent).
    pub fn is_believed(&self, ring: &Ring, sent: &[u8]) -> bool {
        match self.key_id {
            Some(id) => {
                worldline::verify(&ring.worldline, &[sent], &[id.as_bytes()], &self.body).is_ok()
            }
            None => lyra::verify(&ring.lyra, sent).is_ok(),
        }
    }

    /// The right signature, and wrong ones.
    pub fn forged(&self) -> Vec<Forged> {
        let right = &*self.signature;
        let last = self.last();
        let is_as_long = |text: &str| text.len() == right.len();
        let wrong = [
            ("right", right.to_owned()),
            ("wrong in its first byte", changed(right, 0..1)),
            ("wrong in its last byte", changed(right, last..last + 1)),
            // But for the padding, which is no secret.
            ("wrong in each byte", changed(right, 0..last + 1)),
            ("a byte short", right.get(1..).unwrap_or("").to_owned()),
            ("a byte long", format!("{right}0")),
            ("empty", String::new()),
        ];
        let forged = wrong.into_iter().map(|(name, signature)| Forged {
            name,
            is_right: signature == right,
            is_as_long: is_as_long(&signature),
            signature,
        });
        forged.collect()
    }

    /// Where the last byte is that is no padding.
    pub fn last(&self) -> usize {
        self.signature.trim_end_matches('=').len().saturating_sub(1)
    }
}

/// A text with other bytes in these places.
pub fn changed(text: &str, places: std::ops::Range<usize>) -> String {
    let other = |(at, char)| match char {
        _ if !places.contains(&at) => char,
        '0' => '1',
        _ => '0',
    };
    text.chars().enumerate().map(other).collect()
}

/// A message of each form under each key that signs it.
pub fn messages() -> Vec<Message> {
    let events = WORLDLINE.iter().map(|key| Message {
        name: format!("worldline event, key {}", key.id),
        signature: worldline_signature(key.secret, EVENT),
        body: EVENT.to_vec(),
        key_id: Some(key.id),
    });
    let of_lyra = LYRA.iter().flat_map(|keys| {
        let named = |form: &str| format!("lyra {form}, {} {}", keys.site, keys.word);
        let fields = fields(keys);
        let form = form_body(keys.form, &fields);
        let sha1 = keys.sha1.then(|| form_body_sha1(keys.form, &fields));
        let rest = rest_body(keys.password, ANSWER);
        let escaped = rest.replace("%2F", "%5C%2F");
        let all = [
            Some(Message::with(named("form"), &form, "&signature=")),
            sha1.map(|sha1| Message::with(named("form with SHA-1"), &sha1, "&signature=")),
            Some(Message::with(named("rest"), &rest, "&kr-hash=")),
            Some(Message::with(named("rest with escaped slashes"), &escaped, "&kr-hash=")),
        ];
        all.into_iter().flatten()
    });
    events.chain(of_lyra).collect()
}

fn fields(keys: &LyraKeys) -> [(&'static str, &'static str); 4] {
    [
        ("vads_site_id", keys.site),
        ("vads_ctx_mode", keys.word),
        ("vads_hash", "00ff"),
        ("vads_amount", "1000"),
    ]
}
