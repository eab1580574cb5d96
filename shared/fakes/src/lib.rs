//! For local stacks and tests only: the providers' APIs, their payment pages and what they send by themselves, with
//! state and without I/O. Nothing here is part of a deployed stack.
//!
//! [`Fakes`] takes requests as values and answers them; whoever mounts it brings sockets, the clock, and delivers its
//! [outbox](Fakes::outbox). Signatures and bodies are made here without the code that is tested with them. Where no
//! source says which of several ways is a provider's, [`Settings`] chooses; what can go wrong is a [`FaultKind`].
#![warn(clippy::missing_errors_doc)]

mod books;
mod clock;
mod config;
mod context;
mod fault;
mod http;
mod lyra;
mod outbox;
mod page;
mod settings;
mod signature;
mod stack;
mod worldline;

pub use self::books::Entry;
pub use self::config::{Config, LyraShop, WorldlineMerchant};
pub use self::fault::{Fault, FaultKind};
pub use self::http::{Delivery, HttpRequest, Reply};
pub use self::outbox::Notification;
pub use self::settings::{
    Cancellation, CardCapture, ComplementFailure, FormHash, NotificationFormat, PaymentIds,
    RefundStrategy, ServerFlow, Settings, SplitLayout, UpdateAnswer, VoucherCapture, VoucherWindow,
};
pub use self::stack::{CONTROLS, Fakes};
