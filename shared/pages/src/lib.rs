//! Orders as HTML, in English and French. A page is made of what is handed in: no I/O, no clock, no environment.
//!
//! The template macro escapes whatever is put into a page, so that a reference or a name cannot become markup. A page
//! loads nothing from anywhere: its style and its one small script stand in it, and [`POLICY`] lets no other run.

mod bar;
mod form;
mod lang;
mod layout;
mod list;
mod museum;
mod order;
mod raw;
mod reasons;
mod why;
mod words;

pub use self::form::{Fields, encoded};
pub use self::lang::Lang;
pub use self::layout::{Frame, POLICY, plain};
pub use self::list::{Attention, Filter, ListPage, Row};
pub use self::museum::{Found, MuseumPage, MuseumRow};
pub use self::order::{OrderPage, Refund};
pub use self::raw::masked;
