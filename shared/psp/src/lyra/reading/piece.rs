//! What a piece of a signed text can be: the documented shapes, and narrower readings that matter for
//! some originals. One word of bits a piece.

use super::names::Shape;
use quittance_core::money::Currency;

const FIRST: u8 = Shape::Json as u8 + 1;
/// No text at all, which any documented field may have.
pub(super) const EMPTY: u8 = FIRST;
/// Results that a status goes with. (lyra.md 3.2)
pub(super) const DONE: u8 = FIRST + 1;
pub(super) const DONE_OR_NOT: u8 = FIRST + 2;
pub(super) const DECLINED: u8 = FIRST + 3;
/// The sequence number of an attempt, and that of a cascade.
pub(super) const ATTEMPT: u8 = FIRST + 4;
pub(super) const CASCADE: u8 = FIRST + 5;
/// Statuses; see [`End`](super::original::End).
pub(super) const TAKEN: u8 = FIRST + 6;
pub(super) const PARTLY: u8 = FIRST + 7;
pub(super) const REFUSED: u8 = FIRST + 8;
pub(super) const ENDED: u8 = FIRST + 9;
pub(super) const OPEN: u8 = FIRST + 10;
/// Sources of a call: that of the hosted page, any other, and those that are documented.
pub(super) const PAY: u8 = FIRST + 11;
pub(super) const OTHER_SOURCE: u8 = FIRST + 12;
pub(super) const KNOWN_SOURCE: u8 = FIRST + 13;
/// A payment configuration other than `SINGLE`.
pub(super) const INSTALMENTS: u8 = FIRST + 14;
/// The end of a list of shares.
pub(super) const JSON_END: u8 = FIRST + 15;
/// The brand of a cascade.
pub(super) const MULTI: u8 = FIRST + 16;
/// What stands behind the operation when the order has no reference: a certificate, or where a payment
/// comes from (besides the page action and the configuration).
pub(super) const CERTIFICATE: u8 = FIRST + 17;
pub(super) const PAYMENT_SRC: u8 = FIRST + 18;
/// A word of capitals and digits with a capital in it: what a notification has before its mode, and a
/// request does not; see [`super::request`].
pub(super) const CAPITALS: u8 = FIRST + 19;
/// `V` and a number, the version of the protocol, with which a request ends.
pub(super) const VERSION: u8 = FIRST + 20;
/// A page action that takes no money.
pub(super) const REGISTRATION: u8 = FIRST + 21;
/// The code of a language.
pub(super) const LANGUAGE: u8 = FIRST + 22;
/// What the documentation lets an order's reference be.
pub(super) const REFERENCE: u8 = FIRST + 23;
/// What became of a token for later payments: the word behind an identifier.
pub(super) const TOKEN_STATUS: u8 = FIRST + 24;
pub(super) const ALL: usize = FIRST as usize + 25;
const _: () = assert!(ALL <= u64::BITS as usize, "a piece's kinds fit a word");

pub(super) const fn bit(kind: u8) -> u64 {
    1 << kind
}

const DIGITS: u16 = 1;
const LETTERS: u16 = 1 << 1;
const WORD: u16 = 1 << 2;
const ALNUM: u16 = 1 << 3;
const URL_SAFE: u16 = 1 << 4;
const BASE64: u16 = 1 << 5;
const VERDICT: u16 = 1 << 6;
const VISIBLE: u16 = 1 << 7;
const EQUALS: u16 = 1 << 8;
const DASH: u16 = 1 << 9;
const UNDERSCORE: u16 = 1 << 10;
const CAPITAL: u16 = 1 << 11;
const DOT: u16 = 1 << 12;
const PLUS: u16 = 1 << 13;

/// Of which alphabets a byte is.
#[allow(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const ALPHABETS: [u16; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        let (digit, upper) = (b.is_ascii_digit(), b.is_ascii_uppercase());
        let alnum = b.is_ascii_alphanumeric();
        let mark = b == b'_' || b == b'-';
        let sign = matches!(b, b'=' | b';' | b'.' | b':');
        let sets = [
            (DIGITS, digit),
            (LETTERS, upper || b == b'_'),
            (WORD, upper || digit || mark),
            (ALNUM, alnum),
            (URL_SAFE, alnum || mark),
            (BASE64, alnum || b == b'/' || b == b'='),
            (VERDICT, upper || digit || mark || sign),
            (VISIBLE, b.is_ascii_graphic() && b != b'+'),
            (EQUALS, b == b'='),
            (DASH, b == b'-'),
            (UNDERSCORE, b == b'_'),
            (CAPITAL, upper),
            (DOT, b == b'.'),
            (PLUS, b == b'+'),
        ];
        let mut at = 0;
        while at < sets.len() {
            let (alphabet, of) = sets[at];
            table[byte] |= alphabet * of as u16;
            at += 1;
        }
        byte += 1;
    }
    table
};

/// Hands over each piece of a value with everything that it can be.
pub(super) fn each<'a>(value: &'a [u8], mut take: impl FnMut(&'a [u8], u64)) {
    let (common, any) = alphabets(value);
    // Most values have no `+`, and are looked at once.
    if any & PLUS == 0 {
        take(value, all_of(value, common, any));
    } else {
        for piece in value.split(|byte| *byte == b'+') {
            let (common, any) = alphabets(piece);
            take(piece, all_of(piece, common, any));
        }
    }
}

/// The alphabets that all bytes, and that some bytes, are of.
#[inline]
fn alphabets(text: &[u8]) -> (u16, u16) {
    let of = |byte: &u8| ALPHABETS.get(usize::from(*byte)).copied().unwrap_or(0);
    text.iter().map(of).fold((u16::MAX, 0), |(common, any), of| (common & of, any | of))
}

/// Everything that a piece can be, of whose bytes these are the alphabets that all and that some of them are of.
fn all_of(piece: &[u8], common: u16, any: u16) -> u64 {
    let [first, ..] = piece else {
        return bit(EMPTY);
    };
    let of = |alphabet: u16| common & alphabet != 0;
    let has = |alphabet: u16| any & alphabet != 0;
    let mut kinds = bit(Shape::Order as u8);
    let mut set = |kind: u8, on: bool| kinds |= u64::from(on) << kind;
    let len = piece.len();
    if of(VISIBLE) {
        set(Shape::Token as u8, true);
        set(Shape::Short as u8, len <= 16);
        set(Shape::Rule as u8, piece.starts_with(b"RRULE:"));
        let proof = len <= 28 && of(BASE64) || len == 40 && of(ALNUM);
        set(Shape::Proof as u8, proof || len == 36 && of(URL_SAFE) && has(DASH));
    }
    let scheme = *first == b'h' && piece.starts_with(b"http");
    set(Shape::Url as u8, scheme || of(VISIBLE) && has(DOT));
    set(Shape::Settings as u8, has(EQUALS));
    set(Shape::Choice as u8, has(EQUALS) || of(VISIBLE) && len <= 16);
    set(Shape::Description as u8, !of(URL_SAFE));
    set(REFERENCE, of(URL_SAFE));
    set(LANGUAGE, len == 2 && common & ALNUM != 0 && piece.iter().all(u8::is_ascii_lowercase));
    if of(WORD) {
        set(CAPITALS, has(CAPITAL));
        set(VERSION, matches!(piece, [b'V', b'0'..=b'9', ..]));
        set(Shape::Word as u8, true);
        set(Shape::Brand as u8, true);
        set(Shape::Name as u8, first.is_ascii_uppercase());
    }
    set(Shape::Verdict as u8, of(VERDICT) && first.is_ascii_uppercase());
    if of(DIGITS) {
        kinds |= number(piece);
    }
    if of(LETTERS) {
        kinds |= word(piece, has(UNDERSCORE));
        let next = bit(Shape::Page as u8) | bit(Shape::Plan as u8) | bit(PAYMENT_SRC);
        if kinds & next != 0 {
            kinds &= !bit(Shape::Order as u8);
        }
    } else if of(URL_SAFE) {
        kinds |= u64::from(len == 6 && of(ALNUM)) << Shape::TransId as u8;
        // Documented as 32 letters and digits; others are kept apart all the same.
        kinds |= u64::from(matches!(len, 20..=64) && !has(UNDERSCORE)) << Shape::Uuid as u8;
        kinds |= u64::from(len >= 40) << Shape::Hash as u8;
        if len == 40 && piece.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            kinds = kinds & !bit(Shape::Order as u8) | bit(CERTIFICATE);
        }
    } else if piece.starts_with(b"MULTI:") || piece.starts_with(b"MULTI_EXT:") {
        kinds = kinds & !bit(Shape::Order as u8) | bit(INSTALMENTS) | bit(Shape::Plan as u8);
    } else {
        let ends = piece.ends_with(b"}");
        if *first == b'{' {
            let list = b"\"trans";
            let shares = piece.windows(list.len()).any(|part| part == list);
            kinds |= u64::from(shares) << Shape::Shares as u8;
            kinds |= u64::from(ends) << Shape::Json as u8;
        }
        kinds |= u64::from(ends) << JSON_END;
    }
    kinds
}

/// What digits can be beside a word.
fn number(piece: &[u8]) -> u64 {
    let short = match piece {
        b"0" => bit(CASCADE) | bit(Shape::Sequence as u8),
        [b'1'..=b'9'] | [b'1'..=b'9', _] => bit(ATTEMPT) | bit(Shape::Sequence as u8),
        [first, _, _] => {
            let known = std::str::from_utf8(piece).ok().and_then(Currency::from_numeric);
            let currency = bit(Shape::Currency as u8) | bit(Shape::EffectiveCurrency as u8);
            let attempt = bit(ATTEMPT) | bit(Shape::Sequence as u8);
            known.map_or(0, |_| currency) | if *first == b'0' { 0 } else { attempt }
        }
        _ => 0,
    };
    let result = match piece {
        b"00" => bit(DONE) | bit(DONE_OR_NOT),
        b"05" => bit(DONE_OR_NOT) | bit(DECLINED),
        b"02" | b"96" => bit(DECLINED),
        _ => 0,
    } | u64::from(piece.len() <= 2) << Shape::Result as u8;
    let amount =
        bit(Shape::Digits as u8) | bit(Shape::Amount as u8) | bit(Shape::EffectiveAmount as u8);
    let long = match piece.len() {
        ..=12 => amount,
        14 => bit(Shape::Moment as u8) | u64::from(is_date(piece)) << Shape::Date as u8,
        _ => 0,
    };
    short | result | long
}

/// Whether 14 digits can be the date of a transaction: a buyer's number seldom is.
fn is_date(piece: &[u8]) -> bool {
    let [b'2', b'0', _, _, rest @ ..] = piece else {
        return false;
    };
    let limits = [(1, 12), (1, 31), (0, 23), (0, 59), (0, 59)];
    rest.chunks_exact(2).zip(limits).all(|(pair, (least, most))| {
        let number = pair.iter().fold(0, |number, digit| number * 10 + (digit - b'0'));
        (least..=most).contains(&number)
    })
}

/// What upper-case letters can be beside a word.
fn word(piece: &[u8], underscore: bool) -> u64 {
    let own = match piece {
        b"CAPTURED" | b"AUTHORISED" => bit(TAKEN),
        b"CANCELLED" => bit(ENDED),
        b"ABANDONED" | b"NOT_CREATED" => bit(ENDED) | bit(TOKEN_STATUS),
        b"CREATED" | b"UPDATED" | b"NOT_UPDATED" => bit(TOKEN_STATUS),
        b"PARTIALLY_AUTHORISED" => bit(PARTLY),
        b"REFUSED" => bit(REFUSED),
        b"DEBIT" | b"CREDIT" | b"VERIFICATION" => bit(Shape::Operation as u8),
        b"UNITAIRE" | b"RECURRENT_INITIAL" | b"RECURRENT_INTERMEDIAIRE" | b"RECURRENT_FINAL" => {
            bit(Shape::Occurrence as u8)
        }
        b"SINGLE" => bit(Shape::Plan as u8),
        b"EC" | b"MOTO" | b"CC" | b"OTHER" | b"IVR" => bit(PAYMENT_SRC),
        b"MULTI" => bit(MULTI),
        b"PAYMENT"
        | b"REGISTER_PAY"
        | b"REGISTER_PAY_SUBSCRIBE"
        | b"REGISTER_UPDATE_PAY"
        | b"ASK_REGISTER_PAY" => bit(Shape::Page as u8),
        b"REGISTER" | b"REGISTER_SUBSCRIBE" | b"REGISTER_UPDATE" | b"SUBSCRIBE" => {
            bit(Shape::Page as u8) | bit(REGISTRATION)
        }
        b"PAY" => bit(PAY) | bit(KNOWN_SOURCE),
        // (lyra.md 1.5; an open list)
        b"BO" | b"BATCH_AUTO" | b"BATCH" | b"REC" | b"MERCH_BO" | b"RETRY" | b"DCF"
        | b"VOICE_ORDER" => bit(KNOWN_SOURCE),
        _ => 0,
    };
    const CLOSED: u64 = bit(TAKEN) | bit(ENDED) | bit(PARTLY) | bit(REFUSED);
    let status = bit(Shape::Status as u8) | u64::from(own & CLOSED == 0) << OPEN;
    let source = match piece.len() {
        ..=16 => bit(Shape::Source as u8) | u64::from(own & bit(PAY) == 0) << OTHER_SOURCE,
        _ => 0,
    };
    let id = u64::from(piece.len() == 6 && !underscore) << Shape::TransId as u8;
    let uuid = u64::from(piece.len() == 32 && !underscore) << Shape::Uuid as u8;
    own | status | source | id | uuid
}
