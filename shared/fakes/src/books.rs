//! The providers' books: what each operation did with the money of an order, as the truth by which others are judged.

/// One operation, as far as money goes. An operation may be none of these: it was refused, say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'f> {
    /// The order, as the merchant calls it.
    pub order: &'f str,
    /// Minor units.
    pub amount: u64,
    /// Whether it took money.
    pub is_taken: bool,
    /// Whether it took money or reserved some, a capture of what was reserved aside.
    pub is_secured: bool,
    /// Whether it gave money back, or is about to.
    pub is_back: bool,
}
