//! Any bytes as forms, one a line, signed by a second signer: verified, read, folded, and held to the
//! invariants.
//!
//! What leads to the key is added where it is missing, so that the reader gets to see it.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use quittance_core::{Fact, Kind, Reading, Standing, Statement, Status};
use quittance_fuzz::gateway::{Field, KEYS};
use quittance_fuzz::{gateway, invariants, mutate, seeds, thorough};
use quittance_testing::SITE;

/// Most forms in one story.
const MOST: usize = 8;

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate::form(data, size, max_size, seed, &seeds::FORMS)
});

fuzz_target!(|lines: &[u8]| {
    let forms = lines.split(|byte| *byte == b'\n').take(MOST);
    let readings: Vec<Reading> = forms.filter_map(reading).collect();
    invariants::hold(lines, &readings);
});

fn reading(form: &[u8]) -> Option<Reading> {
    let mut fields = gateway::fields(form)?;
    let mut body = form.to_vec();
    let hash = "0".repeat(64);
    for (name, value) in [("vads_site_id", SITE), ("vads_ctx_mode", "TEST"), ("vads_hash", &hash)] {
        if !fields.iter().any(|(known, _)| known == name.as_bytes()) {
            fields.push((name.into(), value.into()));
            body.extend_from_slice(format!("&{name}={value}").as_bytes());
        }
    }
    let mode = text(&fields, "vads_ctx_mode");
    let key = KEYS.iter().find(|key| Some(key.word) == mode)?;
    let signature = gateway::encode(gateway::signature(key.form, &fields).as_bytes());
    body.extend_from_slice(format!("&signature={signature}").as_bytes());

    let reading = gateway::read(&body).ok();
    if thorough(form) {
        assert_eq!(gateway::judge(&body).is_ok(), reading.is_some());
        assert_eq!(gateway::read(&body).ok(), reading, "read twice");
    }
    let reading = reading?;
    if let Reading::Order(statement) = &reading {
        says(&fields, statement);
    }
    Some(reading)
}

/// The field's value, if it is text and not empty. No name is there twice.
fn text<'a>(fields: &'a [Field], name: &str) -> Option<&'a str> {
    let (_, value) = fields.iter().find(|(known, _)| known == name.as_bytes())?;
    std::str::from_utf8(value).ok().filter(|text| !text.is_empty())
}

/// A statement names the site, the order and the amounts of its form, and none of its own.
fn says(fields: &[Field], statement: &Statement) {
    let text = |name| text(fields, name);
    let key = &statement.key;
    assert_eq!(key.merchant, SITE);
    assert_eq!(KEYS.iter().find(|k| k.mode == key.mode).map(|k| k.word), text("vads_ctx_mode"));
    let payment = format!(
        "{}-{}",
        &text("vads_trans_date").expect("a date")[..8],
        text("vads_trans_id").expect("an id").to_ascii_lowercase()
    );
    let by_payment = format!("tx:{payment}");
    let order = text("vads_order_id");
    let occurrence = order.map(|order| format!("{order}~{payment}"));
    assert!(
        key.order == by_payment
            || Some(key.order.as_str()) == order
            || Some(&key.order) == occurrence.as_ref(),
        "{key:?}"
    );
    assert!(statement.aliases.iter().all(|alias| alias.order == by_payment));

    let amount = text("vads_amount").and_then(|digits| digits.parse().ok());
    let listed = text("vads_payment_seq").is_some();
    let shares: Vec<_> = statement
        .facts
        .iter()
        .filter_map(|fact| match fact {
            Fact::Share(share) => Some(share),
            Fact::Total(_) => None,
        })
        .collect();
    assert!(!shares.is_empty());
    for share in &shares {
        assert!(share.operation.is_none() && share.target.is_none() && share.parent.is_none());
        if !listed {
            assert_eq!(shares.len(), 1);
            assert_eq!(
                Some(share.said.word.as_deref().unwrap_or_default()),
                text("vads_trans_status")
            );
            // What takes no money, a refund or a check, is worth its effective amount, whichever is larger.
            let effective = text("vads_effective_amount").and_then(|digits| digits.parse().ok());
            let takes_nothing = share.kind != Kind::Debit && Some(share.amount) == effective;
            assert!(takes_nothing || Some(share.amount) <= amount);
        }
        if share.meaning.status == Status::Captured {
            assert_eq!(
                (share.said.word.as_deref().unwrap_or_default(), share.kind),
                ("CAPTURED", Kind::Debit)
            );
        }
    }
    for fact in &statement.facts {
        if let Fact::Total(total) = fact {
            assert_eq!(text("vads_operation_type").unwrap_or("DEBIT"), "DEBIT");
            let plan = text("vads_payment_config").is_some_and(|plan| plan.contains(':'));
            assert!(plan || total.amount == amount && total.first_instalment.is_none());
        }
    }
    if statement.standing == Standing::Sound {
        // Only a cascade has several shares, and it says so twice.
        let cascade = text("vads_card_brand") == Some("MULTI")
            && text("vads_sequence_number").and_then(|n| n.parse().ok()) == Some(0_u32);
        assert_eq!(listed, cascade);
    }
}
