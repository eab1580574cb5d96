//! One signed text, many spellings: whoever holds a signed form can write others.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use quittance_core::crypto::Secret;
use quittance_core::{Fact, Mode, Reading, Standing, Statement};
use quittance_psp::lyra::{self, SiteKeys};
use quittance_testing::lyra::{Form, Share};
use quittance_testing::{FORM_KEY, SITE};

use super::config;
use super::stories::{UUIDS, word};
use quittance_testing::read::{read_lyra, statement};

/// Names under which a forger may put a value: the deciding ones, and free ones on all sides of them.
const NAMES: [&str; 38] = [
    "vads_acquirer_network",
    "vads_action_mode",
    "vads_amount",
    "vads_auth_number",
    "vads_bank_label",
    "vads_capture_delay",
    "vads_card_brand",
    "vads_card_holder_name",
    "vads_contract_used",
    "vads_ctx_mode",
    "vads_currency",
    "vads_cust_name",
    "vads_ext_info_a",
    "vads_hash",
    "vads_identifier",
    "vads_language",
    "vads_nb_products",
    "vads_operation_type",
    "vads_order_id",
    "vads_order_info",
    "vads_page_action",
    "vads_payment_certificate",
    "vads_payment_config",
    "vads_payment_option_code",
    "vads_payment_seq",
    "vads_payment_src",
    "vads_presentation_date",
    "vads_product_label0",
    "vads_result",
    "vads_sequence_number",
    "vads_ship_to_name",
    "vads_site_id",
    "vads_trans_date",
    "vads_trans_id",
    "vads_trans_status",
    "vads_trans_uuid",
    "vads_url_check_src",
    "vads_user_info",
];

/// What a buyer types where the merchant echoes free text.
fn typed() -> impl Strategy<Value = String> {
    let hash = "0".repeat(64);
    let words = [
        "CAPTURED", "DEBIT", "CMD-2", "12345678", "20261122100000", "abc123", "PAY", "TEST", "978",
        "MULTI", "SINGLE", "0", "1", "x", &hash,
        "{\"transactions\":[{\"amount\":1,\"card_brand\":\"CB\",\"sequence_number\":1,\"trans_status\":\"CAPTURED\"}]}",
    ]
    .map(str::to_owned);
    let whole = format!("x+{hash}+DEBIT+CMD-2+12345678+20261122100000+abc123+CAPTURED+PAY");
    prop_oneof![vec(select(words.to_vec()), 1..4).prop_map(|words| words.join("+")), Just(whole)]
}

/// The same signed text after one change of spelling: a field renamed, split or joined to the next.
fn respell(fields: &mut Vec<(String, String)>, kind: u8, at: &Index, name: &Index, plus: &Index) {
    let at = at.index(fields.len());
    let after = fields.get(at + 1).map_or("vads_zzz", |(name, _)| name).to_owned();
    let before = at.checked_sub(1).map_or("", |at| &fields[at].0).to_owned();
    let between = |low: &str| -> Option<String> {
        let free: Vec<_> = NAMES.iter().filter(|n| **n > low && **n < after.as_str()).collect();
        (!free.is_empty()).then(|| (**name.get(&free)).to_owned())
    };
    match kind {
        0 => {
            if let Some(name) = between(&before) {
                fields[at].0 = name;
            }
        }
        1 if at + 1 < fields.len() => {
            let (name, value) = fields.remove(at + 1);
            fields[at].1 = format!("{}+{value}", fields[at].1);
            if plus.index(2) == 0 {
                fields[at].0 = name;
            }
        }
        _ => {
            let pluses: Vec<usize> = fields[at].1.match_indices('+').map(|(at, _)| at).collect();
            if let (false, Some(name)) = (pluses.is_empty(), between(&fields[at].0.clone())) {
                let cut = *plus.get(&pluses);
                let rest = fields[at].1.split_off(cut)[1..].to_owned();
                fields.insert(at + 1, (name, rest));
            }
        }
    }
}

/// What a statement says that money or goods depend on.
fn gist(statement: &Statement) -> (String, Vec<String>) {
    let facts = statement.facts.iter().filter_map(|fact| match fact {
        Fact::Share(s) => Some(format!(
            "{} {:?} {} {} {:?}",
            s.share, s.kind, s.amount, s.currency, s.meaning.status
        )),
        Fact::Total(_) => None,
    });
    (statement.key.order.clone(), facts.collect())
}

/// The totals that a statement names. A spelling may leave one out, never name another.
fn totals(statement: &Statement) -> Vec<&Fact> {
    statement.facts.iter().filter(|fact| matches!(fact, Fact::Total(_))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..config() })]

    #[test]
    fn no_other_spelling_of_a_signed_form_is_trusted_with_another_meaning(
        status in word(), cascade in any::<bool>(), typed in typed(),
        place in select(vec!["vads_cust_name", "vads_order_info", "vads_ship_to_name", "vads_user_info"]),
        changes in vec((0..3_u8, any::<Index>(), any::<Index>(), any::<Index>()), 1..14),
    ) {
        let form = if cascade {
            let shares = [Share(UUIDS[0], "CVCO", 6_000, "CAPTURED"), Share(UUIDS[1], "CB", 4_000, status)];
            Form::cascade("CMD-1", "abc123", 10_000, status, &shares)
        } else {
            Form::single("CMD-1", "abc123", "CB", 10_000, status)
        };
        let form = form.with(place, &typed);
        let meant = statement(read_lyra(&form.clone().without(place).body()));
        let mut fields: Vec<(String, String)> =
            form.fields().into_iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
        fields.sort();
        for (kind, at, name, plus) in &changes {
            respell(&mut fields, *kind, at, name, plus);
            let fields: Vec<(&str, &str)> =
                fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            let site = SiteKeys { form: Secret::new(FORM_KEY), rest_password: None, allow_sha1: false };
            let keys = lyra::Keys::new([((SITE.to_owned(), Mode::Test), site)]).unwrap();
            let body = quittance_testing::form_body(FORM_KEY, &fields);
            let Ok(verified) = lyra::verify(&keys, body.as_bytes()) else { continue };
            let Reading::Order(said) = lyra::read(&verified, &[]) else { continue };
            if said.standing() == Standing::Sound {
                prop_assert_eq!(gist(&said), gist(&meant), "{:?}", fields);
                prop_assert!(totals(&said).iter().all(|t| totals(&meant).contains(t)), "{:?}", fields);
            }
        }
    }
}
