//! Whom the fakes serve, and where they are.

use std::fmt;

use quittance_core::Mode;

/// Whom the fakes serve, and where they are.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The origin of the pages and controls, without a slash at the end: the local stack's own.
    pub pages_origin: String,
    /// The origin of the APIs and of `/vads-payment/`, without a slash at the end.
    pub api_origin: String,
    /// From what number on ids are counted. Where a table outlives the fakes, each start needs another one, such as
    /// its time.
    pub seed: u64,
    /// The merchants of Worldline.
    pub worldline: Vec<WorldlineMerchant>,
    /// The shops of Lyra, one for each mode.
    pub lyra: Vec<LyraShop>,
}

/// One merchant of Worldline.
#[derive(Clone)]
pub struct WorldlineMerchant {
    /// The PSPID; `None` serves everybody whom no other entry with the same key names.
    pub merchant: Option<String>,
    /// The id of its API key. Each key is an account of its own: what is paid under one, another does not see.
    pub key_id: String,
    /// The secret of its API key.
    pub secret: String,
    /// The id of its webhook key.
    pub webhook_key_id: String,
    /// The secret of its webhook key.
    pub webhook_secret: String,
    /// Where events go unless a payment says otherwise.
    pub webhook_url: String,
}

/// Without secrets.
impl fmt::Debug for WorldlineMerchant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorldlineMerchant")
            .field("merchant", &self.merchant)
            .finish_non_exhaustive()
    }
}

impl Config {
    /// Who calls under this name with this key: the entry that names him, else that for everybody.
    pub(crate) fn worldline_of(&self, merchant: &str, key_id: &str) -> Option<&WorldlineMerchant> {
        let of = |name: Option<&str>| {
            let mut all = self.worldline.iter().filter(|one| one.key_id == key_id);
            all.find(|one| one.merchant.as_deref() == name)
        };
        of(Some(merchant)).or_else(|| of(None))
    }
}

/// One shop of Lyra in one mode.
#[derive(Clone)]
pub struct LyraShop {
    /// `vads_site_id`.
    pub site: String,
    /// In which mode.
    pub mode: Mode,
    /// The key of forms.
    pub form_key: String,
    /// The password of the web services, which also signs REST notifications.
    pub rest_password: String,
    /// Where notifications go unless a payment says otherwise.
    pub notification_url: String,
}

/// Without secrets.
impl fmt::Debug for LyraShop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LyraShop")
            .field("site", &self.site)
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

/// The gateway's word for a mode.
pub(crate) fn word(mode: Mode) -> &'static str {
    match mode {
        Mode::Test => "TEST",
        Mode::Production => "PRODUCTION",
    }
}
