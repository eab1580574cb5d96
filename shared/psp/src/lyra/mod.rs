//! The Lyra gateway (Systempay, PayZen, Sogecommerce, Scellius, Clic&Pay, OSB ...):
//! one gateway under many brands, two notification formats on one route.

pub mod api;
pub mod brands;
mod cascade;
mod details;
mod event;
mod form;
mod head;
mod key_document;
mod keys;
mod methods;
mod payment_id;
mod portal;
mod profile;
mod reading;
mod rest;
pub mod results;
mod rules;
mod signature;
mod status;
mod transaction;
mod words;

pub use self::event::read;
pub use self::key_document::BadKeys;
pub use self::profile::{ID, Lyra, SESSION_SECONDS};
pub use self::signature::{Keys, SiteKeys, TooManyPasswords, Verified, verify};
pub use self::status::{ROWS, Row};

// Not for use: what the fuzz targets and the vectors' tests hold against a reader of their own.
#[doc(hidden)]
pub use self::form::{Form, TooManyFields};
#[doc(hidden)]
pub use self::signature::{Algorithm, form_signature};
