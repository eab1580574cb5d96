//! Worldline Direct, the platform behind CAWL. Facts: its SDKs, plugins and documentation, as the
//! status table and each rule cite them.

use quittance_core::fact::Payer;

mod event;
mod keys;
mod merchant;
mod payment_id;
mod profile;
mod signature;
mod status;

pub use self::event::read;
pub use self::keys::BadKeys;
pub use self::profile::{
    ENDPOINT_VERIFICATION_HEADER, ID, KEY_ID_HEADER, SESSION_SECONDS, SIGNATURE_HEADER, Worldline,
};
pub use self::signature::{Key, Keys, Verified, verify};
pub use self::status::{ROWS, Row, Side};

// Not for use: what the fuzz targets and tests hold against a reader of their own.
#[doc(hidden)]
pub use self::payment_id::PaymentId;

/// Name of a Worldline payment product as Quittance's `method`, where it has one.
/// (worldline.md 4, points 5 and 8: 5412 is Chèque-Vacances Connect of ANCV, 5403 the
/// older one of Thunes.)
pub fn product_name(product: u64) -> Option<&'static str> {
    Some(match product {
        1 => "VISA",
        2 => "AMEX",
        3 => "MASTERCARD",
        117 => "MAESTRO",
        130 => "CB",
        302 => "APPLE_PAY",
        320 => "GOOGLE_PAY",
        809 => "IDEAL",
        840 => "PAYPAL",
        3012 => "BANCONTACT",
        3112 => "ILLICADO",
        5402 => "MEAL_VOUCHER",
        5403 | 5412 => "CVCO",
        5600 => "ONEY_GIFT_CARD",
        5700 => "INTERSOLVE",
        _ => return None,
    })
}

/// Products paid with a balance, so that a captured payment may be only a part of what it is to reach
/// and the acquired amount alone counts. (worldline.md 4, point 1; the plugins hold
/// back 3112, 5402 and 5403, and 5412 is the successor of 5403.)
pub fn is_voucher_product(product: u64) -> bool {
    matches!(product, 3112 | 5402 | 5403 | 5412)
}

/// What a product is: [`is_voucher_product`], or a gift card; anything else that has a name completes one.
pub fn payer(product: Option<u64>) -> Payer {
    match product {
        Some(5600 | 5700) => Payer::Voucher,
        Some(product) if is_voucher_product(product) => Payer::Voucher,
        Some(product) if product_name(product).is_some() => Payer::Complement,
        _ => Payer::Unknown,
    }
}
