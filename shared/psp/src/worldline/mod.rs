//! Worldline Direct, the platform behind CAWL. Facts: its SDKs, plugins and documentation, as the
//! status table and each rule cite them.

use quittance_core::fact::Payer;

pub mod api;
mod body;
mod event;
mod keys;
mod merchant;
mod operation;
mod payment_id;
mod portal;
mod profile;
mod rules;
mod signature;
mod status;
mod words;

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
    PRODUCTS.iter().find(|(number, _)| *number == product).map(|(_, name)| *name)
}

/// The products that have a name.
const PRODUCTS: &[(u64, &str)] = &[
    (1, "VISA"),
    (2, "AMEX"),
    (3, "MASTERCARD"),
    (117, "MAESTRO"),
    (130, "CB"),
    (302, "APPLE_PAY"),
    (320, "GOOGLE_PAY"),
    (809, "IDEAL"),
    (840, "PAYPAL"),
    (3012, "BANCONTACT"),
    (3112, "ILLICADO"),
    (5402, "MEAL_VOUCHER"),
    (5403, "CVCO"),
    (5412, "CVCO"),
    (5600, "ONEY_GIFT_CARD"),
    (5700, "INTERSOLVE"),
];

/// Whether a product is paid with a balance, so that a captured payment may be only a part of what it is to
/// reach and the acquired amount alone counts. (worldline.md 4, point 1; the plugins hold back 3112, 5402 and
/// 5403, and 5412 is the successor of 5403.)
pub fn is_voucher_product(product: u64) -> bool {
    product_name(product).is_some_and(is_voucher)
}

/// The same of a product's name.
fn is_voucher(name: &str) -> bool {
    matches!(name, "CVCO" | "ILLICADO" | "MEAL_VOUCHER")
}

/// What the product of this name is: a voucher, a gift card, or, where it has a name, what completes one.
fn payer(name: &str) -> Payer {
    match name {
        "ONEY_GIFT_CARD" | "INTERSOLVE" => Payer::Voucher,
        name if is_voucher(name) => Payer::Voucher,
        name if PRODUCTS.iter().any(|(_, known)| *known == name) => Payer::Complement,
        _ => Payer::Unknown,
    }
}
