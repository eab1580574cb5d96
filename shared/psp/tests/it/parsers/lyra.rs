//! A Lyra notification says what the builder put into it, in both formats. What that is, is worked out
//! here, without the core's tables.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use quittance_core::fact::{Payer, Rank};
use quittance_core::{Currency, Kind, Meaning, Mode, Said, ShareFact, Standing, Statement, Status};
use quittance_testing::SITE;
use quittance_testing::lyra::{Form, Share, rest};
use serde_json::{Value, json};

use super::{UUIDS, amount, config, reference, shares, total_of, totals};
use quittance_testing::read::{read_lyra, statement};

/// Words of the gateway, and what each means for a debit (lyra.md 3.1).
const WORDS: [(&str, Status); 11] = [
    ("CAPTURED", Status::Captured),
    ("CAPTURED", Status::Captured),
    ("AUTHORISED", Status::Authorised),
    ("AUTHORISED_TO_VALIDATE", Status::Pending),
    ("WAITING_AUTHORISATION", Status::Pending),
    ("UNDER_VERIFICATION", Status::Pending),
    ("CAPTURE_FAILED", Status::Pending),
    ("REFUSED", Status::Refused),
    ("CANCELLED", Status::Cancelled),
    ("EXPIRED", Status::Expired),
    ("FUTURE_STATUS", Status::Unknown),
];

/// A credit is final when it is captured; a verification moves nothing.
fn meant(status: Status, kind: Kind) -> Status {
    match (kind, status) {
        (Kind::Credit, Status::Captured) => Status::Refunded,
        (Kind::Credit, Status::Authorised) => Status::Pending,
        (Kind::Verification, Status::Captured | Status::Authorised) => Status::Accepted,
        _ => status,
    }
}

const KINDS: [(&str, Kind); 3] =
    [("DEBIT", Kind::Debit), ("CREDIT", Kind::Credit), ("VERIFICATION", Kind::Verification)];

/// Three-letter code and number.
const CURRENCIES: [(&str, &str); 4] =
    [("EUR", "978"), ("AUD", "036"), ("JPY", "392"), ("TND", "788")];

fn brand() -> impl Strategy<Value = &'static str> {
    select(vec!["CB", "VISA", "CVCO", "CONECS", "E-CARTEBLEUE"])
}

/// One share of a cascade, and what it is for the core.
#[derive(Clone, Debug)]
struct Part {
    uuid: Option<&'static str>,
    brand: &'static str,
    amount: u64,
    word: &'static str,
    status: Status,
}

/// The name of a payment; all forms are of one day.
fn payment(trans_id: &str) -> String {
    format!("20261122-{}", trans_id.to_ascii_lowercase())
}

impl Part {
    /// As it must be read; all forms are of one day.
    fn fact(&self, trans_id: &str, sequence: usize, currency: &str) -> ShareFact {
        let payment = payment(trans_id);
        let slot = format!("{payment}-{sequence}");
        let name = self.uuid.unwrap_or(&slot).to_owned();
        let currency = Currency::from_alpha(currency).unwrap();
        ShareFact {
            other_name: self.uuid.map(|_| slot.clone()),
            payment: Some(payment),
            series: Some(trans_id.to_ascii_lowercase()),
            method: self.brand.to_owned(),
            sequence: Some(u32::try_from(sequence).unwrap()),
            attempted: "20261122100000".to_owned(),
            meaning: Meaning {
                status: self.status,
                rank: Rank::UNKNOWN,
                worth: self.amount,
                payer: if matches!(self.brand, "CVCO" | "CONECS") {
                    Payer::Voucher
                } else {
                    Payer::Complement
                },
                doubt: None,
            },
            ..ShareFact::new(name, Kind::Debit, self.amount, currency, Said::word(self.word))
        }
    }

    fn share(&self) -> Share<'static> {
        Share(self.uuid.unwrap_or(""), self.brand, self.amount, self.word)
    }
}

/// One to four shares with uuids of their own; without, where `bare` allows it.
fn parts(bare: bool) -> impl Strategy<Value = Vec<Part>> {
    let part = (brand(), amount(), select(WORDS.to_vec()), any::<bool>());
    (subsequence(UUIDS.to_vec(), 1..=UUIDS.len()), vec(part, UUIDS.len())).prop_map(
        move |(uuids, parts)| {
            let parts = uuids.into_iter().zip(parts);
            let part = |(uuid, (brand, amount, (word, status), named))| {
                let uuid = Some(uuid).filter(|_| named || !bare);
                Part { uuid, brand, amount, word, status }
            };
            parts.map(part).collect()
        },
    )
}

/// The share facts, without what denies a word that no table has: the builders deny those that they do not know.
fn undenied(said: &Statement) -> Vec<ShareFact> {
    let but_denial = |share: ShareFact| match share.meaning.status {
        Status::Unknown => {
            ShareFact { said: Said { category: None, ..share.said.clone() }, ..share }
        }
        _ => share,
    };
    shares(said).into_iter().map(but_denial).collect()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_form_says_what_was_put_in(
        reference in "[A-Z]{3}-[A-Za-z0-9_.-]{1,40}", trans_id in "[0-9a-zA-Z]{6}", uuid in "[0-9a-f]{32}",
        brand in brand(), amount in amount(), (word, status) in select(WORDS.to_vec()),
        (alpha, numeric) in select(CURRENCIES.to_vec()), (operation, kind) in select(KINDS.to_vec()),
        sequence in 1..=99_usize, whole in any::<bool>(),
    ) {
        let form = Form::single(&reference, &trans_id, brand, amount, word)
            .with("vads_currency", numeric)
            .with("vads_effective_currency", numeric)
            .with("vads_operation_type", operation)
            .with("vads_sequence_number", &sequence.to_string())
            .with("vads_trans_uuid", &uuid)
            .with("vads_url_check_src", if whole { "PAY" } else { "BATCH" });
        let said = statement(read_lyra(&form.body()));
        prop_assert_eq!((said.key.psp, said.key.mode), (quittance_psp::lyra::ID, Mode::Test));
        prop_assert_eq!((&*said.key.merchant, &*said.key.order), (SITE, &*reference));
        let part = Part { uuid: Some(UUIDS[0]), brand, amount, word, status: meant(status, kind) };
        let share = ShareFact { share: uuid, kind, ..part.fact(&trans_id, sequence, alpha) };
        prop_assert_eq!(undenied(&said), [share]);
        let total = total_of(amount, alpha, &payment(&trans_id));
        prop_assert_eq!(totals(&said), if whole && kind == Kind::Debit { vec![&total] } else { vec![] });
        if kind == Kind::Debit && matches!(word, "CAPTURED" | "AUTHORISED" | "REFUSED") {
            prop_assert_eq!((said.standing(), said.doubt), (Standing::Sound, None));
            let name = format!("tx:{}", payment(&trans_id));
            prop_assert_eq!(said.aliases.iter().map(|a| &*a.order).collect::<Vec<_>>(), [name]);
        }
    }

    /// The list may have numbers or strings, either name, and leave out what does not apply
    /// (lyra.md 4.1).
    #[test]
    fn a_cascade_says_what_was_put_in(
        trans_id in "[0-9a-zA-Z]{6}", total in amount(), parts in parts(true), list in select(vec!["transactions", "transaction"]),
        (as_text, sparse) in (any::<bool>(), any::<bool>()), (alpha, numeric) in select(CURRENCIES.to_vec()),
    ) {
        let number = |n: u64| if as_text { json!(n.to_string()) } else { json!(n) };
        let elements: Vec<Value> = parts.iter().zip(1..).map(|(part, sequence)| {
            let mut element = json!({
                "amount": number(part.amount), "card_brand": part.brand,
                "sequence_number": number(sequence), "trans_status": part.word,
            });
            if let Some(uuid) = part.uuid {
                element["trans_uuid"] = json!(uuid);
            }
            if !sparse {
                element["operation_type"] = json!("DEBIT");
                element["trans_id"] = json!(trans_id);
            }
            element
        }).collect();
        let form = Form::cascade("CMD-1", &trans_id, total, "CAPTURED", &[])
            .with("vads_currency", numeric)
            .with("vads_effective_currency", numeric)
            .with("vads_payment_seq", &json!({"trans_id": trans_id, list: elements}).to_string());
        let said = statement(read_lyra(&form.body()));
        let expected: Vec<ShareFact> =
            parts.iter().zip(1..).map(|(part, sequence)| part.fact(&trans_id, sequence, alpha)).collect();
        prop_assert_eq!(undenied(&said), expected);
        let total = total_of(total, alpha, &payment(&trans_id));
        prop_assert_eq!(totals(&said), [&total]);
        prop_assert_eq!((said.standing(), said.doubt), (Standing::Sound, None));
    }

    #[test]
    fn a_rest_answer_says_what_was_put_in_and_what_the_form_says(
        reference in reference().prop_filter("a reference", |r| !r.is_empty()), trans_id in "[0-9a-zA-Z]{6}",
        total in amount(), parts in parts(false),
    ) {
        let list: Vec<Share<'_>> = parts.iter().map(Part::share).collect();
        let said = statement(read_lyra(&rest(&reference, &trans_id, total, ("PAID", "CLOSED"), &list)));
        prop_assert_eq!((said.key.psp, said.key.mode), (quittance_psp::lyra::ID, Mode::Test));
        prop_assert_eq!((&*said.key.merchant, &*said.key.order), (SITE, &*reference));
        let expected: Vec<ShareFact> =
            parts.iter().zip(1..).map(|(part, sequence)| part.fact(&trans_id, sequence, "EUR")).collect();
        prop_assert_eq!(undenied(&said), expected);
        let whole = total_of(total, "EUR", &payment(&trans_id));
        prop_assert_eq!(totals(&said), [&whole]);
        let form = Form::cascade(&reference, &trans_id, total, "CAPTURED", &list);
        let form = statement(read_lyra(&form.body()));
        prop_assert_eq!((undenied(&form), totals(&form)), (undenied(&said), totals(&said)));
    }
}
