//! Other spellings of a signed text: the same pieces in the same order, cut and named otherwise.
//!
//! The signature of a form covers its values in the order of their names, joined by `+`, and neither the
//! names nor the ends of the values; so every spelling here has the signature of the original. Names and
//! shapes are the documentation's and what a reader of forms insists on, not those of the check.

use quittance_testing::SITE;

/// A form's `vads_` fields in the order of their names.
pub type Fields = Vec<(String, String)>;

/// Decisions out of a fuzzer's bytes, one byte each; 0 where none are left.
pub struct Dice<'a>(&'a [u8]);

impl<'a> Dice<'a> {
    /// Decisions out of these bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next so many decisions by themselves, so that what uses more or fewer of them leaves those
    /// behind it alone.
    pub fn part(&mut self, length: usize) -> Self {
        let (part, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        Self(part)
    }

    /// A number below `most`, which is at most 256.
    pub fn below(&mut self, most: usize) -> usize {
        let (byte, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        usize::from(*byte) % most.max(1)
    }

    /// Once in so many times; not without bytes.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) + 1 == times
    }

    /// One of these.
    pub fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

/// What was signed, without the key.
pub fn signed_text(fields: &Fields) -> String {
    fields.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>().join("+")
}

/// What a value must look like for the spelling to be worth posting.
#[derive(Clone, Copy, PartialEq)]
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

/// Whether a form without the field is not even read.
#[derive(Clone, Copy, PartialEq)]
enum Need {
    Must,
    May,
}

use Need::{May, Must};

/// Names in the order of the signature. Between any two that decide there is one of free text, where the
/// documentation has one.
const NAMES: [(&str, Looks, Need); 58] = [
    ("vads_acquirer_network", Looks::Word, May),
    ("vads_action_mode", Looks::Word, May),
    ("vads_amount", Looks::Number, Must),
    ("vads_auth_number", Looks::Text, May),
    ("vads_bank_label", Looks::Text, May),
    ("vads_card_brand", Looks::Word, May),
    ("vads_card_holder_name", Looks::Text, May),
    ("vads_contract_used", Looks::Text, May),
    ("vads_ctx_mode", Looks::Mode, Must),
    ("vads_currency", Looks::Currency, Must),
    ("vads_cust_name", Looks::Text, May),
    ("vads_effective_amount", Looks::Number, May),
    ("vads_effective_currency", Looks::Currency, May),
    ("vads_ext_info_a", Looks::Text, May),
    ("vads_hash", Looks::Hash, Must),
    ("vads_identifier", Looks::Text, May),
    ("vads_identifier_status", Looks::Word, May),
    ("vads_language", Looks::Any, May),
    ("vads_nb_products", Looks::Number, May),
    ("vads_occurrence_type", Looks::Word, May),
    ("vads_operation_type", Looks::Operation, May),
    ("vads_order_id", Looks::Any, May),
    ("vads_order_info", Looks::Text, May),
    ("vads_page_action", Looks::Page, May),
    ("vads_payment_certificate", Looks::Any, May),
    ("vads_payment_config", Looks::Plan, May),
    ("vads_payment_error", Looks::Number, May),
    ("vads_payment_option_code", Looks::Any, May),
    ("vads_payment_seq", Looks::List, May),
    ("vads_payment_src", Looks::Word, May),
    ("vads_pays_ip", Looks::Word, May),
    ("vads_presentation_date", Looks::Moment, May),
    ("vads_product_label0", Looks::Text, May),
    ("vads_proof_of_id_number", Looks::Text, May),
    ("vads_result", Looks::Result, May),
    ("vads_return_mode", Looks::Word, May),
    ("vads_risk_analysis_result", Looks::Verdict, May),
    ("vads_risk_control", Looks::Verdict, May),
    ("vads_sequence_number", Looks::Small, May),
    ("vads_ship_to_name", Looks::Text, May),
    ("vads_shop_name", Looks::Text, May),
    ("vads_site_id", Looks::Site, Must),
    ("vads_subscription", Looks::Any, May),
    ("vads_threeds_cavv", Looks::Any, May),
    ("vads_threeds_eci", Looks::Any, May),
    ("vads_trans_date", Looks::Moment, Must),
    ("vads_trans_id", Looks::Id, Must),
    ("vads_trans_status", Looks::Word, Must),
    ("vads_trans_uuid", Looks::Uuid, May),
    ("vads_url_check", Looks::Any, May),
    ("vads_url_check_src", Looks::Word, May),
    ("vads_url_success", Looks::Any, May),
    ("vads_user_info", Looks::Text, May),
    ("vads_validation_mode", Looks::Any, May),
    ("vads_version", Looks::Word, May),
    ("vads_wallet", Looks::Text, May),
    ("vads_warranty_details", Looks::Any, May),
    ("vads_warranty_result", Looks::Word, May),
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

/// A set of places in a text.
type Places = u128;

/// All spellings of one text that are worth posting.
pub struct Speller {
    pieces: Vec<String>,
    /// By name: the places from which it and the names behind it can take up the rest.
    reach: Vec<Places>,
}

impl Speller {
    /// `None` when there is no such spelling, or too long a text.
    pub fn new(original: &Fields) -> Option<Self> {
        let pieces: Vec<String> =
            original.iter().flat_map(|(_, value)| value.split('+').map(str::to_owned)).collect();
        let end = pieces.len();
        let bits = usize::try_from(Places::BITS).unwrap_or_default();
        if end >= bits {
            return None;
        }
        let mut reach = vec![1 << end];
        for (_, looks, need) in NAMES.iter().rev() {
            let rest: Places = reach[reach.len() - 1];
            let mut places = if *need == May { rest } else { 0 };
            for (place, _) in pieces.iter().enumerate().filter(|(_, piece)| looks.fits(piece)) {
                let behind = rest >> (place + 1);
                let window = Places::MAX >> (bits - looks.most().min(bits));
                if behind & window != 0 {
                    places |= 1 << place;
                }
            }
            reach.push(places);
        }
        reach.reverse();
        let possible = reach[0] & 1 == 1;
        possible.then_some(Self { pieces, reach })
    }

    /// One of them.
    pub fn any(&self, dice: &mut Dice<'_>) -> Fields {
        // One decision a name, whatever becomes of it.
        let mut dice = dice.part(NAMES.len());
        let mut spelt = Fields::new();
        let mut place = 0;
        for (at, (name, looks, need)) in NAMES.iter().enumerate() {
            let rest = self.reach[at + 1];
            let can = |taken: &usize| rest >> (place + taken) & 1 == 1;
            let least = usize::from(*need == Must);
            let fits = self.pieces.get(place).is_some_and(|piece| looks.fits(piece));
            let most = if fits { looks.most().min(self.pieces.len() - place) } else { 0 };
            let takes: Vec<usize> = (least..=most).filter(can).collect();
            let roll = dice.below(256);
            // Free text mostly takes little or nothing, so that the deciding names get their turn.
            let few = if roll % 4 == 3 { takes.len() } else { takes.len().min(2) };
            let taken = takes[roll / 4 % few];
            if taken > 0 {
                let value = self.pieces[place..place + taken].join("+");
                spelt.push(((*name).to_owned(), value));
            }
            place += taken;
        }
        spelt
    }
}

impl Looks {
    /// How many pieces it takes at most.
    fn most(self) -> usize {
        match self {
            Self::Text => usize::MAX,
            Self::List => 4,
            _ => 1,
        }
    }
}

/// How many changes [`mutate`] makes at most.
const CHANGES: usize = 6;

/// A few changes to a form: a field renamed, split at a `+`, or joined to the next.
pub fn mutate(original: &Fields, dice: &mut Dice<'_>) -> Fields {
    let mut spelt = original.clone();
    let mut dice = dice.part(1 + CHANGES * 5);
    for _ in 0..=dice.below(CHANGES) {
        let mut dice = dice.part(5);
        let at = dice.below(spelt.len());
        let before = at.checked_sub(1).map_or(String::new(), |before| spelt[before].0.clone());
        let after = spelt.get(at + 1).map_or("vads_zzzz", |(name, _)| name).to_owned();
        match dice.below(4) {
            0 | 1 => {
                if let Some(name) = between(&before, &after, &mut dice) {
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
                let new = between(&spelt[at].0, &after, &mut dice);
                if let (false, Some(name)) = (pluses.is_empty(), new) {
                    let cut = dice.pick(&pluses);
                    let rest = spelt[at].1.split_off(cut)[1..].to_owned();
                    spelt.insert(at + 1, (name, rest));
                }
            }
        }
    }
    spelt
}

/// A name strictly between two, mostly a documented one.
fn between(low: &str, high: &str, dice: &mut Dice<'_>) -> Option<String> {
    let between = |name: &&str| *name > low && *name < high;
    let free: Vec<&str> = if dice.once_in(16) {
        INVENTED.into_iter().filter(between).collect()
    } else {
        NAMES.iter().map(|(name, ..)| *name).filter(between).collect()
    };
    (!free.is_empty()).then(|| dice.pick(&free).to_owned())
}
