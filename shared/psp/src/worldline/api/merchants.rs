//! The merchants whose credentials are held: how Worldline fills the seam to the APIs.

use super::act::Act;
use super::ask::Ask;
use super::call::Endpoint;
use super::checkout::{self, open};
use super::connection::Test;
use super::credentials;
use quittance_core::Timestamp;
use quittance_core::api::{
    Access, Action, Api, Arrived, Asked, CheckoutRefused, Dialogue, Effect, NoAccess, NoReturn,
    Opening, Returned, Subject, Tested,
};
use quittance_core::checkout::Wish;
use quittance_core::key::Account;
use quittance_core::provider::BadKeys;

/// The credentials of `QUITTANCE_WORLDLINE_API`.
#[derive(Clone, Debug)]
pub struct Merchants(Vec<Endpoint>);

impl Merchants {
    /// Reads `{"<PSPID>": {"brand": "cawl" | "worldline", "test": {"key_id", "secret", "url"}, "production": {…}}}`.
    ///
    /// # Errors
    ///
    /// A sentence that names the place, and quotes no value of the document.
    pub fn from_json(document: &str) -> Result<Self, BadKeys> {
        let all = credentials::read(document)?;
        Ok(Self(all.into_iter().map(Endpoint::new).collect()))
    }

    /// Where the calls of an account go, and what signs them.
    ///
    /// # Errors
    ///
    /// [`NoAccess::Missing`]: no credentials are held for it.
    pub fn endpoint(&self, account: &Account) -> Result<&Endpoint, NoAccess> {
        self.0.iter().find(|one| one.account() == account).ok_or(NoAccess::Missing)
    }
}

impl Api for Merchants {
    fn accesses(&self) -> Vec<Access> {
        self.0.iter().map(Endpoint::access).collect()
    }

    fn ask(&self, subject: &Subject<'_>) -> Result<Box<dyn Dialogue<Asked>>, NoAccess> {
        let key = subject.order.key();
        let endpoint = self.0.iter().find(|one| one.is_of(key)).ok_or(NoAccess::Missing)?;
        Ok(Box::new(Ask::new(endpoint.clone(), subject)))
    }

    fn act(
        &self,
        account: &Account,
        action: &Action,
    ) -> Result<Box<dyn Dialogue<Effect>>, NoAccess> {
        Ok(Box::new(Act::new(self.endpoint(account)?.clone(), action)))
    }

    fn test(&self, account: &Account) -> Result<Box<dyn Dialogue<Tested>>, NoAccess> {
        Ok(Box::new(Test::new(self.endpoint(account)?.clone())))
    }

    fn checkout(
        &self,
        account: &Account,
        wish: &Wish,
        attempt: u32,
        _: Timestamp,
    ) -> Result<Opening, CheckoutRefused> {
        open(self.endpoint(account)?.clone(), wish, attempt)
    }

    /// The parameters stand in the address. Where a page posts them instead, they are the body.
    fn returned(&self, arrived: &Arrived<'_>) -> Result<Returned, NoReturn> {
        let body = std::str::from_utf8(arrived.body).map_err(|_| NoReturn("not a form"))?;
        let read = |query| checkout::Returned::read(query).and_then(|returned| returned.proof());
        let proof = read(arrived.query).or_else(|| read(body));
        proof.map(Returned::Shown).ok_or(NoReturn("RETURNMAC missing"))
    }
}
