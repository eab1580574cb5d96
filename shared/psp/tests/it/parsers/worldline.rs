//! A Worldline event says what the builder put into it. What that is, is worked out here, without the
//! core's tables.

use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use quittance_core::fact::{Payer, Rank, Total};
use quittance_core::{Currency, Kind, Meaning, Mode, Said, ShareFact, Standing, Statement, Status};
use quittance_psp::worldline::PaymentId;
use quittance_testing::worldline::{MERCHANT, Payment, refund};
use serde_json::Value;

use super::{amount, config, reference, shares, total_of, totals};
use quittance_testing::read::{read_worldline, statement};

/// A payment's id.
#[derive(Clone, Debug)]
struct Id {
    inner: String,
    operation: u16,
}

impl Id {
    /// (worldline.md 4, "Identifiers")
    fn spellings(&self) -> [String; 3] {
        let Self { inner, operation } = self;
        let prefix = if inner.len() == 10 { "900000" } else { "90000" };
        [format!("{inner}_{operation}"), format!("{prefix}{inner}{operation:03}"), inner.clone()]
    }
}

fn payment_id() -> impl Strategy<Value = Id> {
    ("[1-9][0-9]{9,10}", 0..1_000_u16).prop_map(|(inner, operation)| Id { inner, operation })
}

fn currency() -> impl Strategy<Value = &'static str> {
    select(vec!["EUR", "EUR", "USD", "JPY", "TND", "XPF"])
}

/// What a number of the builder means (worldline.md 3).
fn status(code: u64) -> Status {
    match code {
        0 | 46 | 51 | 52 => Status::Pending,
        1 | 6 => Status::Cancelled,
        2 => Status::Refused,
        4 | 5 | 91 | 92 | 93 | 99 => Status::Authorised,
        9 => Status::Captured,
        _ => Status::Unknown,
    }
}

/// The names of products (worldline.md 4, points 5 and 8).
const PRODUCTS: [(u64, &str, bool); 6] = [
    (1, "VISA", false),
    (130, "CB", false),
    (5402, "MEAL_VOUCHER", true),
    (5403, "CVCO", true),
    (5412, "CVCO", true),
    (987_654, "product 987654", false),
];

fn only_worldline(event: &Value) -> Statement {
    statement(read_worldline(&event.to_string()).remove(0))
}

/// The statement names the order of this reference, or of the payment where there is none, and leads
/// from the payment's name to it.
fn names_its_order(said: &Statement, reference: &str, payment: &str) {
    let order = if reference.is_empty() { payment } else { reference };
    assert_eq!((said.key.psp, said.key.mode), (quittance_psp::worldline::ID, Mode::Test));
    assert_eq!((&*said.key.merchant, &*said.key.order), (MERCHANT, order));
    let aliases: Vec<&str> = said.aliases.iter().map(|alias| alias.order.as_str()).collect();
    assert_eq!(aliases, if order == payment { vec![] } else { vec![payment] });
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn three_spellings_name_one_payment(id in payment_id()) {
        let [short, long, bare] = id.spellings();
        let read = PaymentId::parse(&short).unwrap();
        prop_assert_eq!(read.operation(), &*short);
        let operation = id.operation.to_string();
        prop_assert_eq!((read.inner, read.operation), (&*id.inner, Some(&*operation)));
        prop_assert_eq!(PaymentId::parse(&long), Some(read), "{}", long);
        let read = PaymentId::parse(&bare).unwrap();
        prop_assert_eq!((read.operation(), read.operation), (id.inner, None));
    }

    #[test]
    fn a_worldline_payment_says_what_was_put_in(
        id in payment_id(), spelling in 0..3_usize, reference in reference(),
        (product, method, voucher) in select(PRODUCTS.to_vec()),
        code in select(vec![0_u64, 1, 2, 4, 5, 6, 9, 9, 46, 51, 52, 91, 92, 93, 99, 1000]),
        (stated, surcharge) in (amount(), prop_oneof![Just(0), amount()]), acquired in option::of(amount()),
        currency in currency(), foreign in option::weighted(0.2, currency()),
    ) {
        let text = &id.spellings()[spelling];
        let mut payment = Payment::new(&reference, text, product, code, stated)
            .acquired(acquired).currency(currency).surcharge(surcharge);
        payment.acquired_currency = foreign.map(str::to_owned);
        let said = only_worldline(&payment.json());
        names_its_order(&said, &reference, &format!("tx:{}", id.inner));

        // Nothing acquired is the same as no word of it.
        let acquired = acquired.filter(|acquired| *acquired > 0);
        let moved = matches!(status(code), Status::Captured | Status::Authorised);
        let (status, amount) = match (status(code), acquired) {
            (Status::Captured | Status::Authorised, Some(acquired)) => (status(code), acquired),
            (Status::Captured, None) => (Status::Pending, stated + surcharge),
            (Status::Authorised, None) if voucher => (Status::Pending, stated + surcharge),
            (status, _) => (status, stated + surcharge),
        };
        // What was acquired in another currency is stated apart from what was to be paid.
        let paid_in = foreign.filter(|_| moved && acquired.is_some()).unwrap_or(currency);
        let apart = paid_in != currency;
        let due = stated + surcharge;
        let operation = if spelling == 2 { id.inner.clone() } else { format!("{}_{}", id.inner, id.operation) };
        let doubt = (code == 9 && acquired.is_none()).then_some("no_acquired_amount");
        let (word, code, category) = payment.status;
        let said_status = Said { word: Some(word), code: Some(code), category: Some(category) };
        let share = ShareFact {
            operation: Some(operation),
            number: (spelling != 2).then(|| id.operation.to_string()),
            method: method.to_owned(),
            target: (!apart).then_some(due),
            // In another currency than the target's it is told where money moved, and dropped otherwise.
            reached: acquired.filter(|_| apart || foreign.is_none_or(|foreign| foreign == currency)),
            meaning: Meaning {
                status,
                rank: Rank::UNKNOWN,
                worth: amount,
                payer: match method {
                    _ if voucher => Payer::Voucher,
                    unnamed if unnamed.starts_with("product") => Payer::Unknown,
                    _ => Payer::Complement,
                },
                doubt,
            },
            ..ShareFact::new(
                id.inner,
                Kind::Debit,
                if apart { amount } else { due },
                Currency::from_alpha(paid_in).unwrap(),
                said_status,
            )
        };
        let inner = share.share.clone();
        prop_assert_eq!(shares(&said), [share]);
        let total = total_of(due, currency, &inner);
        prop_assert_eq!(totals(&said), if apart { vec![&total] } else { vec![] });
        let sound = code != 9 || acquired.is_some();
        prop_assert_eq!(said.standing() == Standing::Sound, sound);
    }

    #[test]
    fn a_worldline_refund_says_what_was_put_in(
        id in payment_id(), long in any::<bool>(), reference in reference(), amount in amount(),
        (code, status, word) in select(vec![
            (8, Status::Refunded, "REFUNDED"),
            (81, Status::Pending, "REFUND_REQUESTED"),
            (82, Status::Pending, "REFUND_REQUESTED"),
            (83, Status::Refused, "REJECTED"),
        ]),
    ) {
        let [short, spelt_long, _] = id.spellings();
        let text = if long { &spelt_long } else { &short };
        let said = only_worldline(&refund(&reference, text, code, amount));
        names_its_order(&said, &reference, &format!("tx:{}", id.inner));
        let euro = Currency::from_alpha("EUR").unwrap();
        let category = match code {
            8 => "REFUNDED",
            83 => "UNSUCCESSFUL",
            _ => "PENDING_CONNECT_OR_3RD_PARTY",
        };
        let category = Some(category.to_owned());
        let said_status = Said { code: Some(code), category, ..Said::word(word) };
        let share = ShareFact {
            operation: Some(short.clone()),
            number: Some(id.operation.to_string()),
            method: "card".to_owned(),
            parent: Some(id.inner),
            meaning: Meaning {
                status,
                rank: Rank::UNKNOWN,
                worth: amount,
                payer: Payer::Unknown,
                doubt: None,
            },
            ..ShareFact::new(short.clone(), Kind::Credit, amount, euro, said_status)
        };
        prop_assert_eq!(shares(&said), [share]);
        prop_assert_eq!(totals(&said), Vec::<&Total>::new());
        prop_assert_eq!(said.standing(), Standing::Sound);
    }
}
