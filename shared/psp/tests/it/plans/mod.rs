//! What is planned with the money of an order: refunds, captures and cancellations. `purchase` makes the orders.

mod again;
mod carried;
mod holdings;
mod properties;
mod purchase;
mod refunds;
mod reserves;
mod shown;
