//! Starting a payment: the requests, what is answered, and the buyer's return. (worldline.md 9)

mod answer;
mod open;
mod request;
mod returned;

pub use self::answer::{Form, Opened, Polling, Started, Step, opened, started};
pub(super) use self::open::open;
pub use self::request::{
    Invalid, MAX_REFERENCE_CHARACTERS, MAX_RETURN_URL_CHARACTERS, Means, Wanted, hosted, server,
};
pub use self::returned::Returned;
