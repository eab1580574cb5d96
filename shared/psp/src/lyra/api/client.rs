//! How the gateway fills the seam to the providers' APIs.

use quittance_core::Timestamp;
use quittance_core::api::{
    Access, Action, Api, Arrived, Asked, CheckoutRefused, Dialogue, Effect, NoAccess, NoReturn,
    Opening, Returned, Subject, Tested,
};
use quittance_core::checkout::Wish;
use quittance_core::key::Account;

use super::act::Act;
use super::ask::Ask;
use super::credentials::{Credentials, Grant, Login};
use super::open::open;
use super::returns;
use super::tested::Test;

impl Api for Credentials {
    fn accesses(&self) -> Vec<Access> {
        self.iter().filter_map(Grant::access).collect()
    }

    fn ask(&self, subject: &Subject<'_>) -> Result<Box<dyn Dialogue<Asked>>, NoAccess> {
        let key = subject.order.key();
        let account = Account { psp: key.psp, merchant: key.merchant.clone(), mode: key.mode };
        let grant = self.of(&account).ok_or(NoAccess::Missing)?;
        let login = grant.login().ok_or(NoAccess::Missing)?;
        if !grant.asks {
            return Err(NoAccess::Forbidden);
        }
        Ok(Box::new(Ask::new(login, subject)))
    }

    fn act(
        &self,
        account: &Account,
        action: &Action,
    ) -> Result<Box<dyn Dialogue<Effect>>, NoAccess> {
        Ok(Box::new(Act::new(login(self, account)?, action)))
    }

    fn test(&self, account: &Account) -> Result<Box<dyn Dialogue<Tested>>, NoAccess> {
        Ok(Box::new(Test::new(login(self, account)?)))
    }

    fn checkout(
        &self,
        account: &Account,
        wish: &Wish,
        attempt: u32,
        now: Timestamp,
    ) -> Result<Opening, CheckoutRefused> {
        open(self, account, wish, attempt, now)
    }

    /// A form is posted; a link's return may have the same in the address.
    fn returned(&self, arrived: &Arrived<'_>) -> Result<Returned, NoReturn> {
        let query = arrived.query.as_bytes();
        let fields = if arrived.body.is_empty() { query } else { arrived.body };
        let returns::Returned { account, order, payment } =
            returns::verify(self, fields).map_err(|why| NoReturn(why.reason()))?;
        let order = order.or(payment).ok_or(NoReturn("the return is not to be read"))?;
        Ok(Returned::Order { account, order })
    }
}

fn login<'c>(held: &'c Credentials, account: &Account) -> Result<Login<'c>, NoAccess> {
    held.of(account).and_then(Grant::login).ok_or(NoAccess::Missing)
}
