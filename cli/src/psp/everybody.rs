//! Worldline's API for every merchant: Worldline itself for whoever has credentials, its fake for the others.
//!
//! Keys of events need not name a merchant, and credentials do: those of the fake are made as somebody is called for.

use std::sync::Arc;

use quittance_core::api::{
    Access, Action, Api, Arrived, Asked, CheckoutRefused, Dialogue, Effect, NoAccess, NoReturn,
    Opening, Returned, Subject, Tested,
};
use quittance_core::checkout::Wish;
use quittance_core::key::Account;
use quittance_core::{Mode, Timestamp};
use quittance_psp::worldline::ID;
use quittance_psp::worldline::api::Merchants;
use serde_json::json;

/// The secret of every API key of the fake. It opens nothing but this process.
pub(super) const KEY_SECRET: &str = "local-secret";

/// The id of the API key of a mode: nothing else tells the fake which mode is meant.
pub(super) fn key_id(mode: Mode) -> &'static str {
    match mode {
        Mode::Test => "local-key",
        Mode::Production => "local-production-key",
    }
}

/// Calls Worldline for whoever has credentials, and the fake for the others.
#[derive(Debug)]
pub(super) struct Everybody {
    /// The credentials that are configured, if there are any.
    pub(super) real: Option<Arc<dyn Api>>,
    /// The origin of the fake.
    pub(super) fake: String,
    /// Whom the fake serves in which mode; `None` is everybody.
    pub(super) served: Vec<(Option<String>, Mode)>,
}

impl Everybody {
    /// What calls for this account.
    fn of(&self, account: &Account) -> Result<Arc<dyn Api>, NoAccess> {
        if let Some(real) = &self.real
            && has(&**real, account)
        {
            return Ok(Arc::clone(real));
        }
        let is_he = |merchant: &Option<String>| match merchant {
            Some(merchant) => *merchant == account.merchant,
            None => true,
        };
        let is_served = self.served.iter().any(|(who, mode)| *mode == account.mode && is_he(who));
        if !is_served {
            return Err(NoAccess::Missing);
        }
        Ok(Arc::new(self.made(&account.merchant, account.mode)?))
    }

    /// Credentials for the fake; none for a name that cannot stand in an address.
    fn made(&self, merchant: &str, mode: Mode) -> Result<Merchants, NoAccess> {
        let own = json!({"key_id": key_id(mode), "secret": KEY_SECRET, "url": self.fake});
        let document = json!({merchant: { mode.as_str(): own }}).to_string();
        Merchants::from_json(&document).map_err(|_| NoAccess::Missing)
    }
}

/// Whether these are credentials of this account.
pub(super) fn has(api: &dyn Api, account: &Account) -> bool {
    api.accesses().iter().any(|access| access.account == *account)
}

impl Api for Everybody {
    fn accesses(&self) -> Vec<Access> {
        let mut all = self.real.as_ref().map(|real| real.accesses()).unwrap_or_default();
        let named = self.served.iter().filter_map(|(who, mode)| Some((who.clone()?, *mode)));
        all.extend(named.map(|(merchant, mode)| {
            let account = Account { psp: ID, merchant, mode };
            Access { account, origin: self.fake.clone(), asks: true }
        }));
        all
    }

    fn ask(&self, subject: &Subject<'_>) -> Result<Box<dyn Dialogue<Asked>>, NoAccess> {
        self.of(&subject.order.key().account())?.ask(subject)
    }

    fn act(
        &self,
        account: &Account,
        action: &Action,
    ) -> Result<Box<dyn Dialogue<Effect>>, NoAccess> {
        self.of(account)?.act(account, action)
    }

    fn test(&self, account: &Account) -> Result<Box<dyn Dialogue<Tested>>, NoAccess> {
        self.of(account)?.test(account)
    }

    fn checkout(
        &self,
        account: &Account,
        wish: &Wish,
        attempt: u32,
        now: Timestamp,
    ) -> Result<Opening, CheckoutRefused> {
        let api = self.of(account).map_err(CheckoutRefused::NoAccess)?;
        api.checkout(account, wish, attempt, now)
    }

    /// What a browser brings back from Worldline names no merchant: it is read alike for all.
    fn returned(&self, arrived: &Arrived<'_>) -> Result<Returned, NoReturn> {
        let anybody = self.made("anybody", Mode::Test);
        anybody.map_err(|_| NoReturn("no credentials"))?.returned(arrived)
    }
}

#[cfg(test)]
mod tests {
    use quittance_core::Order;

    use super::*;

    fn account(merchant: &str, mode: Mode) -> Account {
        Account { psp: ID, merchant: merchant.to_owned(), mode }
    }

    #[test]
    fn whoever_has_credentials_is_called_for_and_the_fake_for_the_others() {
        let (real, fake) = ("http://127.0.0.1:1", "http://127.0.0.1:2");
        let own = json!({"key_id": "key-1", "secret": "secret-1", "url": real});
        let real_one = Merchants::from_json(&json!({"Real": {"test": own}}).to_string()).unwrap();
        let all = Everybody {
            real: Some(Arc::new(real_one)),
            fake: fake.to_owned(),
            served: vec![(None, Mode::Test), (Some("Bound".to_owned()), Mode::Production)],
        };
        for (merchant, mode, origin) in [
            ("Real", Mode::Test, Some(real)),
            ("Real", Mode::Production, None),
            ("Bound", Mode::Test, Some(fake)),
            ("Bound", Mode::Production, Some(fake)),
            ("Anybody", Mode::Test, Some(fake)),
            ("Anybody", Mode::Production, None),
            ("a name/..", Mode::Test, None),
        ] {
            let account = account(merchant, mode);
            let called = all.of(&account).ok().map(|api| {
                let mine = api.accesses().into_iter().find(|access| access.account == account);
                mine.unwrap().origin
            });
            assert_eq!(called.as_deref(), origin, "{merchant} {mode:?}");
            let order = account.order("CMD-1").ok().map(Order::new);
            let Some(order) = order else { continue };
            let asked = all.ask(&Subject { order: &order, checkouts: &[] });
            assert_eq!(asked.is_ok(), origin.is_some(), "{merchant} {mode:?}");
            assert_eq!(all.test(&account).is_ok(), origin.is_some());
        }
    }
}
