//! Other spellings of a signed text: the same pieces in the same order, cut and named otherwise.
//!
//! The signature of a form covers its values in the order of their names, joined by `+`, and neither the
//! names nor the ends of the values; so every spelling here has the signature of the original. Names and
//! shapes are the documentation's and what a reader of forms insists on, not those of the check.

use super::{Dice, Fields};
use crate::SITE;

/// What a value must look like for the spelling to be worth posting.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Looks {
    /// One piece of anything.
    Any,
    /// Any number of pieces.
    Text,
    Number,
    Small,
    Currency,
    Moment,
    Id,
    Word,
    Mode,
    Site,
    Operation,
    Hash,
    Uuid,
    Page,
    Plan,
    List,
    Result,
    Verdict,
}

/// Names in the order of the signature; whether a form without one is not even read. Between any two
/// that decide there is a free one, if the documentation has one there.
const NAMES: [(&str, Looks, bool); 58] = [
    ("vads_acquirer_network", Looks::Word, false),
    ("vads_action_mode", Looks::Word, false),
    ("vads_amount", Looks::Number, true),
    ("vads_auth_number", Looks::Text, false),
    ("vads_bank_label", Looks::Text, false),
    ("vads_card_brand", Looks::Word, false),
    ("vads_card_holder_name", Looks::Text, false),
    ("vads_contract_used", Looks::Text, false),
    ("vads_ctx_mode", Looks::Mode, true),
    ("vads_currency", Looks::Currency, true),
    ("vads_cust_name", Looks::Text, false),
    ("vads_effective_amount", Looks::Number, false),
    ("vads_effective_currency", Looks::Currency, false),
    ("vads_ext_info_a", Looks::Text, false),
    ("vads_hash", Looks::Hash, true),
    ("vads_identifier", Looks::Text, false),
    ("vads_identifier_status", Looks::Word, false),
    ("vads_language", Looks::Any, false),
    ("vads_nb_products", Looks::Number, false),
    ("vads_occurrence_type", Looks::Word, false),
    ("vads_operation_type", Looks::Operation, false),
    ("vads_order_id", Looks::Any, false),
    ("vads_order_info", Looks::Text, false),
    ("vads_page_action", Looks::Page, false),
    ("vads_payment_certificate", Looks::Any, false),
    ("vads_payment_config", Looks::Plan, false),
    ("vads_payment_error", Looks::Number, false),
    ("vads_payment_option_code", Looks::Any, false),
    ("vads_payment_seq", Looks::List, false),
    ("vads_payment_src", Looks::Word, false),
    ("vads_pays_ip", Looks::Word, false),
    ("vads_presentation_date", Looks::Moment, false),
    ("vads_product_label0", Looks::Text, false),
    ("vads_proof_of_id_number", Looks::Text, false),
    ("vads_result", Looks::Result, false),
    ("vads_return_mode", Looks::Word, false),
    ("vads_risk_analysis_result", Looks::Verdict, false),
    ("vads_risk_control", Looks::Verdict, false),
    ("vads_sequence_number", Looks::Small, false),
    ("vads_ship_to_name", Looks::Text, false),
    ("vads_shop_name", Looks::Text, false),
    ("vads_site_id", Looks::Site, true),
    ("vads_subscription", Looks::Any, false),
    ("vads_threeds_cavv", Looks::Any, false),
    ("vads_threeds_eci", Looks::Any, false),
    ("vads_trans_date", Looks::Moment, true),
    ("vads_trans_id", Looks::Id, true),
    ("vads_trans_status", Looks::Word, true),
    ("vads_trans_uuid", Looks::Uuid, false),
    ("vads_url_check", Looks::Any, false),
    ("vads_url_check_src", Looks::Word, false),
    ("vads_url_success", Looks::Any, false),
    ("vads_user_info", Looks::Text, false),
    ("vads_validation_mode", Looks::Any, false),
    ("vads_version", Looks::Word, false),
    ("vads_wallet", Looks::Text, false),
    ("vads_warranty_details", Looks::Any, false),
    ("vads_warranty_result", Looks::Word, false),
];

/// Names that no documentation has.
const INVENTED: [&str; 12] = [
    "vads_aaa",
    "vads_authx",
    "vads_card_x",
    "vads_ext_x",
    "vads_hashx",
    "vads_order_ie",
    "vads_payment_x",
    "vads_risk_x",
    "vads_shop_x",
    "vads_trans_x",
    "vads_url_aaa",
    "vads_zzz",
];

impl Looks {
    fn fits(self, piece: &str) -> bool {
        let digits = |most: usize| {
            !piece.is_empty() && piece.len() <= most && piece.bytes().all(|b| b.is_ascii_digit())
        };
        match self {
            Self::Any | Self::Text => true,
            Self::Number => digits(12),
            Self::Small => piece.is_empty() || digits(4),
            Self::Currency => digits(3) && piece.len() == 3,
            Self::Moment => digits(14) && piece.len() == 14,
            Self::Id => piece.len() == 6 && piece.bytes().all(|b| b.is_ascii_alphanumeric()),
            Self::Word => {
                piece.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
            }
            Self::Mode => piece == "TEST",
            Self::Site => piece == SITE,
            Self::Operation => matches!(piece, "DEBIT" | "CREDIT" | "VERIFICATION" | ""),
            Self::Hash => piece.len() >= 40 && piece.bytes().all(|b| b.is_ascii_alphanumeric()),
            Self::Uuid => piece.is_empty() || piece.len() == 32,
            Self::Page => matches!(piece, "PAYMENT" | "SUBSCRIBE" | "REGISTER_PAY" | ""),
            Self::Plan => piece.is_empty() || piece == "SINGLE" || piece.starts_with("MULTI"),
            Self::List => piece.is_empty() || piece.starts_with('{'),
            Self::Result => piece.is_empty() || digits(2),
            Self::Verdict => piece.bytes().all(|b| !b.is_ascii_digit()),
        }
    }
}

impl Looks {
    /// How many pieces it takes at most, if there is a most.
    fn most(self) -> Option<usize> {
        match self {
            Self::Text => None,
            Self::List => Some(4),
            _ => Some(1),
        }
    }
}

/// Names that add nothing to a short form: others of their looks stand beside them.
const SPARE: [&str; 26] = [
    "vads_acquirer_network",
    "vads_action_mode",
    "vads_bank_label",
    "vads_card_holder_name",
    "vads_contract_used",
    "vads_effective_amount",
    "vads_effective_currency",
    "vads_identifier_status",
    "vads_nb_products",
    "vads_payment_certificate",
    "vads_payment_error",
    "vads_payment_option_code",
    "vads_pays_ip",
    "vads_proof_of_id_number",
    "vads_return_mode",
    "vads_risk_analysis_result",
    "vads_shop_name",
    "vads_subscription",
    "vads_threeds_eci",
    "vads_url_success",
    "vads_validation_mode",
    "vads_version",
    "vads_wallet",
    "vads_warranty_details",
    "vads_warranty_result",
    "vads_payment_seq",
];

/// All readable spellings of one text.
#[derive(Debug)]
pub struct Speller {
    names: Vec<(&'static str, Looks, bool)>,
    pieces: Vec<String>,
    /// By name and place: in how many ways the names from here on take up the pieces from there on.
    ways: Vec<Vec<u64>>,
}

impl Speller {
    /// With every name that there is.
    pub fn new(original: &Fields) -> Self {
        Self::with(NAMES.to_vec(), original)
    }

    /// With so few names that all spellings of a short form can be tried.
    pub fn short(original: &Fields) -> Self {
        Self::with(NAMES.iter().copied().filter(|n| !SPARE.contains(&n.0)).collect(), original)
    }

    fn with(names: Vec<(&'static str, Looks, bool)>, original: &Fields) -> Self {
        let pieces: Vec<String> =
            original.iter().flat_map(|(_, value)| value.split('+').map(str::to_owned)).collect();
        let end = pieces.len();
        let mut ways = vec![vec![0; end + 1]; names.len() + 1];
        ways[names.len()][end] = 1;
        let mut speller = Self { names, pieces, ways };
        for name in (0..speller.names.len()).rev() {
            let (_, looks, required) = speller.names[name];
            // Of what takes any number of pieces, those behind each place are summed up on the way.
            let mut behind = 0_u64;
            for place in (0..=end).rev() {
                let rest = &speller.ways[name + 1];
                let mut sum = if required { 0 } else { rest[place] };
                if place < end && looks.fits(&speller.pieces[place]) {
                    sum = match looks.most() {
                        None => sum.saturating_add(behind),
                        Some(most) => rest[place + 1..]
                            .iter()
                            .take(most)
                            .fold(sum, |sum, ways| sum.saturating_add(*ways)),
                    };
                }
                behind = behind.saturating_add(rest[place]);
                speller.ways[name][place] = sum;
            }
        }
        speller
    }

    /// How many spellings there are.
    pub fn count(&self) -> u64 {
        self.ways[0][0]
    }

    /// How many pieces the name at `name` can take at `place` so that the rest still works out.
    fn takes(&self, name: usize, place: usize) -> Vec<usize> {
        let (_, looks, required) = self.names[name];
        let rest = &self.ways[name + 1];
        let mut takes = Vec::new();
        if !required && rest[place] > 0 {
            takes.push(0);
        }
        let left = self.pieces.len() - place;
        let most = looks.most().map_or(left, |most| left.min(most));
        if most > 0 && looks.fits(&self.pieces[place]) {
            takes.extend((1..=most).filter(|taken| rest[place + taken] > 0));
        }
        takes
    }

    /// A random one.
    pub fn any(&self, dice: &mut Dice) -> Option<Fields> {
        if self.count() == 0 {
            return None;
        }
        // So much for each name, whatever becomes of it.
        let mut dice = dice.part(1 + 3 * NAMES.len());
        let mut spelt = Fields::new();
        let mut place = 0;
        // Every other spelling gives each name that decides what it can have, so that whole forms
        // come out of what was typed.
        let whole = dice.once_in(2);
        for name in 0..self.names.len() {
            let mut dice = dice.part(3);
            let takes = self.takes(name, place);
            // Free text mostly takes little or nothing, so that the deciding names get their turn.
            let most = if dice.once_in(3) { takes.len() } else { takes.len().min(2) };
            let open = [Looks::Any, Looks::Text, Looks::Word].contains(&self.names[name].1);
            let taken = match takes[..] {
                [.., last] if whole && !open && !dice.once_in(12) => last,
                [first, ..] if whole && open && !dice.once_in(4) => first,
                _ => takes[dice.below(most)],
            };
            self.push(&mut spelt, name, place, taken);
            place += taken;
        }
        Some(spelt)
    }

    fn push(&self, spelt: &mut Fields, name: usize, place: usize, taken: usize) {
        if taken > 0 {
            let value = self.pieces[place..place + taken].join("+");
            spelt.push((self.names[name].0.to_owned(), value));
        }
    }

    /// Hands all of them out.
    pub fn all(&self, each: &mut dyn FnMut(&Fields)) {
        if self.count() > 0 {
            self.extend(0, 0, &mut Fields::new(), each);
        }
    }

    fn extend(
        &self,
        name: usize,
        place: usize,
        so_far: &mut Fields,
        each: &mut dyn FnMut(&Fields),
    ) {
        if name == self.names.len() {
            return each(so_far);
        }
        for taken in self.takes(name, place) {
            let before = so_far.len();
            self.push(so_far, name, place, taken);
            self.extend(name + 1, place + taken, so_far, each);
            so_far.truncate(before);
        }
    }
}

/// One respelling of a form, in one of three ways: a few changes, whole, or a few changes to that.
pub fn respelt(original: &Fields, speller: &Speller, way: usize, dice: &mut Dice) -> Fields {
    let whole = match way % 3 {
        0 => None,
        _ => speller.any(dice),
    };
    match whole {
        Some(spelt) if way % 3 == 1 => spelt,
        Some(spelt) => mutate(&spelt, dice),
        None => mutate(original, dice),
    }
}

/// How many changes [`mutate`] makes at most.
const CHANGES: usize = 6;

/// A few changes to a form: a field renamed, split at a `+`, or joined to the next.
pub fn mutate(original: &Fields, dice: &mut Dice) -> Fields {
    let mut spelt = original.clone();
    let mut dice = dice.part(1 + CHANGES * 5);
    for _ in 0..=dice.below(CHANGES) {
        let dice = &mut dice.part(5);
        let at = dice.below(spelt.len());
        let before = at.checked_sub(1).map_or(String::new(), |before| spelt[before].0.clone());
        let after = spelt.get(at + 1).map_or("vads_zzzz", |(name, _)| name).to_owned();
        match dice.below(4) {
            0 | 1 => {
                if let Some(name) = between(&before, &after, dice) {
                    spelt[at].0 = name;
                }
            }
            2 if at + 1 < spelt.len() => {
                let (name, value) = spelt.remove(at + 1);
                spelt[at].1 = format!("{}+{value}", spelt[at].1);
                if dice.once_in(2) {
                    spelt[at].0 = name;
                }
            }
            _ => {
                let pluses: Vec<usize> = spelt[at].1.match_indices('+').map(|(at, _)| at).collect();
                let new = between(&spelt[at].0, &after, dice);
                if let (false, Some(name)) = (pluses.is_empty(), new) {
                    let cut = *dice.pick(&pluses);
                    let rest = spelt[at].1.split_off(cut)[1..].to_owned();
                    spelt.insert(at + 1, (name, rest));
                }
            }
        }
    }
    spelt
}

/// A name strictly between two, mostly a documented one.
fn between(low: &str, high: &str, dice: &mut Dice) -> Option<String> {
    let invented = dice.once_in(16);
    let all: Vec<&str> =
        if invented { INVENTED.to_vec() } else { NAMES.iter().map(|n| n.0).collect() };
    let free: Vec<&str> = all.into_iter().filter(|name| *name > low && *name < high).collect();
    (!free.is_empty()).then(|| (*dice.pick(&free)).to_owned())
}
