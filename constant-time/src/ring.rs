//! The keys in force. They are public constants: what makes secrets of them is memcheck.

use quittance_core::Mode;
use quittance_core::crypto::Secret;
use quittance_psp::lyra::{self, SiteKeys};
use quittance_psp::worldline;

/// One Worldline key.
pub struct WorldlineKey {
    /// Its id.
    pub id: &'static str,
    /// Its secret.
    pub secret: &'static str,
}

/// What one Lyra site signs with in one mode.
pub struct LyraKeys {
    /// The site.
    pub site: &'static str,
    /// The mode.
    pub mode: Mode,
    /// How a form names the mode.
    pub word: &'static str,
    /// The key of forms.
    pub form: &'static str,
    /// The password of REST messages.
    pub password: &'static str,
    /// Whether forms may be signed with SHA-1.
    pub sha1: bool,
}

/// Two, as during a rotation; the second is longer than a block of SHA-256, and is hashed before it is used.
pub const WORLDLINE: [WorldlineKey; 2] = [
    WorldlineKey { id: "old", secret: "qJ2rT7mW0bXz5KcYd8LhNs3GvPf6uEaR" },
    WorldlineKey {
        id: "new",
        secret: "b64NotDecoded+/Fm1ZyQ8sV3kD7xR2nJ5cH9wL4gT6pB0aXeUiOyMfKzCvQdSrWtGhPjNl==",
    },
];

/// Both modes of one site, and another site.
pub const LYRA: [LyraKeys; 3] = [
    LyraKeys {
        site: "12345678",
        mode: Mode::Test,
        word: "TEST",
        form: "x7Gq2LwZ9sKd4RtB",
        password: "testpassword_Vn3cH8yTq1Zb6WmK5rXp0JgS",
        sha1: false,
    },
    LyraKeys {
        site: "12345678",
        mode: Mode::Production,
        word: "PRODUCTION",
        form: "M5nYc8PfE1uJh6Xv",
        password: "prodpassword_Kd9wQ4sLz7Rf2GtB8mXyN1hV",
        sha1: true,
    },
    LyraKeys {
        site: "87654321",
        mode: Mode::Test,
        word: "TEST",
        form: "Ta0Wj3SbOi7CkUq9",
        password: "testpassword_Pf6uEaR3GvNs8LhYd5KcXz0b",
        sha1: true,
    },
];

/// A key of bytes that were shown to `look`, so that all that is made of them is watched, the key's own state included. What reads
/// the key document and trims its secrets is not.
pub fn secret(text: &str, look: fn(&[u8])) -> Option<Secret> {
    let bytes = text.as_bytes().to_vec();
    look(&bytes);
    Secret::of_bytes(&bytes)
}

/// The keys as a receiver holds them.
pub struct Ring {
    /// Worldline's.
    pub worldline: worldline::Keys,
    /// Lyra's.
    pub lyra: lyra::Keys,
}

impl Ring {
    /// All keys, made of bytes that were shown to `look`.
    pub fn new(look: fn(&[u8])) -> Self {
        let secret = |text| secret(text, look);
        let worldline = WORLDLINE.iter().filter_map(|key| {
            let key_held =
                worldline::Key { secret: secret(key.secret)?, mode: Mode::Test, merchant: None };
            Some((key.id.to_owned(), key_held))
        });
        let lyra = LYRA.iter().map(|keys| {
            let held = SiteKeys {
                form: secret(keys.form),
                rest_password: secret(keys.password),
                allow_sha1: keys.sha1,
            };
            ((keys.site.to_owned(), keys.mode), held)
        });
        Self {
            worldline: worldline::Keys::new(worldline),
            lyra: lyra::Keys::new(lyra).unwrap_or_default(),
        }
    }
}
