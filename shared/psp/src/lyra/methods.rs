//! Which brands are vouchers. (lyra.md 3.5)

use quittance_core::fact::Payer;

/// Vouchers and gift cards: paid with a balance, so that a complement by another method is usual.
const VOUCHERS: [&str; 14] = [
    "CVCO",
    "E_CV",
    "CONECS",
    "APETIZ",
    "CHQ_DEJ",
    "SODEXO",
    "EDENRED",
    "EDENRED_TR",
    "EDENRED_EC",
    "EDENRED_SC",
    "EDENRED_TC",
    "EDENRED_CC",
    "ILLICADO",
    "CA_DO_CARTE",
];

/// What a brand is. The sandbox adds `_SB` to a brand; gift cards are named by two families.
pub(super) fn payer(brand: &str) -> Payer {
    let brand = brand.strip_suffix("_SB").unwrap_or(brand);
    let is_gift_card = brand.starts_with("KADEOS_") || brand.ends_with("_CDX");
    if VOUCHERS.contains(&brand) || is_gift_card {
        Payer::Voucher
    } else if brand.starts_with(|first: char| first.is_ascii_uppercase()) {
        Payer::Complement
    } else {
        Payer::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vouchers_and_gift_cards_are_known_by_their_brands() {
        for brand in ["CVCO", "CVCO_SB", "KADEOS_CULTURE", "TRUFFAUT_CDX", "ILLICADO"] {
            assert_eq!(payer(brand), Payer::Voucher, "{brand}");
        }
        for brand in ["CB", "VISA", "KADEOS", "CDX", "SOON_KNOWN"] {
            assert_eq!(payer(brand), Payer::Complement, "{brand}");
        }
        for brand in ["", "unknown", "3X"] {
            assert_eq!(payer(brand), Payer::Unknown, "{brand}");
        }
    }
}
