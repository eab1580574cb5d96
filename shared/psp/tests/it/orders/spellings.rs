//! What one signed form can be made to say.

use quittance_core::{Standing, Statement};
use quittance_testing::lyra::{Form, Share};

use super::story::{CARD, Message, VOUCHER, cascade, given, now, pay};
use quittance_testing::read::{read_lyra, statement};

/// `form` with its signed text read in another way: the same values in the same order, under other
/// names. Proves that the signature is the same before it asks what the form says.
#[track_caller]
fn respelt(original: &Form, fields: &[(&str, &str)]) -> Statement {
    let joined = |fields: &[(&str, &str)]| {
        let mut fields: Vec<_> = fields.iter().filter(|(n, _)| n.starts_with("vads_")).collect();
        fields.sort_unstable();
        fields.iter().map(|(_, value)| *value).collect::<Vec<_>>().join("+")
    };
    assert_eq!(joined(fields), joined(&original.fields()), "not the same signed text");
    let body = quittance_testing::form_body(quittance_testing::FORM_KEY, fields);
    statement(read_lyra(&body))
}

/// A typed word behind the source cannot become the source.
#[test]
fn a_typed_source_cannot_take_the_place_of_the_real_one() {
    let real =
        Form::single("CMD-1", "src001", "CB", 10_000, "CAPTURED").with("vads_user_info", "REC");
    assert_eq!(real.said().standing, Standing::Sound);
    for hidden in ["vads_url_aaa", "vads_url_check"] {
        let mut fields = real.fields();
        for (name, _) in &mut fields {
            match *name {
                "vads_url_check_src" => *name = hidden,
                "vads_user_info" => *name = "vads_url_check_src",
                _ => {}
            }
        }
        let forged = respelt(&real, &fields);
        assert_eq!(forged.standing, Standing::Respellable, "{hidden}");
        assert!(forged.aliases.is_empty());
    }
}

/// Without a uuid the sequence number names the share: a typed number must not make a second one.
#[test]
fn a_typed_number_cannot_become_the_sequence_of_a_share_without_uuid() {
    let real = Form::single("CMD-1", "seq001", "CB", 10_000, "CAPTURED").without("vads_trans_uuid");
    assert_eq!(real.said().standing, Standing::Sound);
    let typed = real.with("vads_ship_to_name", "7");
    assert_eq!(typed.said().standing, Standing::Sound);
    let mut fields = typed.fields();
    for (name, _) in &mut fields {
        match *name {
            "vads_sequence_number" => *name = "vads_risk_control",
            "vads_ship_to_name" => *name = "vads_sequence_number",
            _ => {}
        }
    }
    assert_eq!(respelt(&typed, &fields).standing, Standing::Respellable);
}

/// A cascade has no uuid of its own, and an address to ship to must not hold it.
#[test]
fn a_cascade_that_is_shipped_is_believed() {
    let shares = [
        Share("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "CVCO", 6_000, "CAPTURED"),
        Share("bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "CB", 4_000, "CAPTURED"),
    ];
    let form = Form::cascade("CMD-1", "ship01", 10_000, "CAPTURED", &shares)
        .with("vads_ship_to_name", "Élodie Démo")
        .with("vads_ship_to_street_number", "7")
        .with("vads_ship_to_phone_num", "+33 1 23 45 67 89");
    assert_eq!(form.said().standing, Standing::Sound);
}

/// A form as short as a notification can be, so that the tests can spell it out.
fn short(status: &str, more: &[(&str, &str)]) -> Form {
    let kept = [
        "vads_amount",
        "vads_card_brand",
        "vads_ctx_mode",
        "vads_currency",
        "vads_hash",
        "vads_operation_type",
        "vads_order_id",
        "vads_site_id",
        "vads_trans_date",
        "vads_trans_id",
        "vads_trans_status",
        "vads_trans_uuid",
        "vads_url_check_src",
    ];
    let mut form = pay(status);
    for (name, _) in pay(status).fields() {
        if !kept.contains(&name) {
            form = form.without(name);
        }
    }
    more.iter().fold(form, |form, (name, value)| form.with(name, value))
}

fn value<'a>(form: &'a Form, name: &str) -> &'a str {
    form.get(name).unwrap()
}

#[test]
fn a_status_typed_by_the_buyer_is_not_believed() {
    let hash = "0".repeat(64);
    let typed = format!("x+{hash}+DEBIT+CMD-2+12345678+20261122100000+abc123+CAPTURED+PAY");
    let real = short("REFUSED", &[("vads_cust_name", &typed)]);
    let rest = [
        "vads_hash",
        "vads_operation_type",
        "vads_order_id",
        "vads_site_id",
        "vads_trans_date",
        "vads_trans_id",
        "vads_trans_status",
        "vads_trans_uuid",
        "vads_url_check_src",
    ]
    .map(|name| value(&real, name))
    .join("+");
    let forged = respelt(
        &real,
        &[
            ("vads_amount", "10000"),
            ("vads_card_brand", "CB"),
            ("vads_ctx_mode", "TEST"),
            ("vads_currency", "978"),
            ("vads_cust_name", "x"),
            ("vads_hash", &hash),
            ("vads_operation_type", "DEBIT"),
            ("vads_order_id", "CMD-2"),
            ("vads_site_id", "12345678"),
            ("vads_trans_date", "20261122100000"),
            ("vads_trans_id", "abc123"),
            ("vads_trans_status", "CAPTURED"),
            ("vads_url_check_src", "PAY"),
            ("vads_user_info", &rest),
        ],
    );
    assert_eq!(forged.standing, Standing::Respellable);
}

#[test]
fn an_order_reference_typed_by_the_buyer_is_not_believed() {
    let real = short("CAPTURED", &[("vads_order_info", "CMD-2")]);
    let hash = value(&real, "vads_hash");
    let common = |more: &[(&str, &str)]| {
        let mut fields = real.fields();
        fields.retain(|(name, _)| {
            !["vads_operation_type", "vads_order_id", "vads_order_info", "vads_hash"].contains(name)
        });
        let mut fields: Vec<(String, String)> =
            fields.into_iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
        fields.extend(more.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())));
        fields
    };
    let split = common(&[
        ("vads_hash", hash),
        ("vads_nb_products", "DEBIT+CMD-1"),
        ("vads_order_id", "CMD-2"),
    ]);
    let joined = common(&[
        ("vads_hash", hash),
        ("vads_operation_type", "DEBIT"),
        ("vads_order_id", "CMD-1+CMD-2"),
    ]);
    let shifted = common(&[
        ("vads_hash", hash),
        ("vads_identifier", "DEBIT"),
        ("vads_language", "CMD-1"),
        ("vads_order_id", "CMD-2"),
    ]);
    for fields in [split, joined, shifted] {
        let fields: Vec<(&str, &str)> =
            fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let forged = respelt(&real, &fields);
        assert_ne!(forged.key.order, "CMD-1");
        assert_eq!(forged.standing, Standing::Respellable, "{}", forged.key.order);
        assert!(forged.aliases.is_empty());
    }
}

#[test]
fn a_cascade_cannot_be_read_as_a_single_payment() {
    let real = cascade("CAPTURED", &[VOUCHER, now(CARD, "REFUSED")]);
    let mut fields = real.fields();
    for (name, _) in &mut fields {
        match *name {
            "vads_payment_seq" => *name = "vads_payment_option_code",
            "vads_sequence_number" => *name = "vads_risk_assessment",
            _ => {}
        }
    }
    assert_ne!(respelt(&real, &fields).standing, Standing::Sound);
    for (name, _) in &mut fields {
        if *name == "vads_card_brand" {
            *name = "vads_card_bin";
        }
    }
    assert_ne!(respelt(&real, &fields).standing, Standing::Sound);
}

#[test]
fn one_payment_cannot_be_read_as_two() {
    let real = pay("CAPTURED");
    let mut fields = real.fields();
    for (name, _) in &mut fields {
        match *name {
            "vads_trans_uuid" => *name = "vads_url_a",
            "vads_sequence_number" => *name = "vads_risk_assessment",
            _ => {}
        }
    }
    assert_eq!(respelt(&real, &fields).standing, Standing::Respellable);
}

#[test]
fn a_plus_or_a_word_that_a_person_may_type_holds_no_order() {
    for (name, typed) in [
        ("vads_cust_phone", "+33 1 23 45 67 89"),
        ("vads_cust_phone", "00491512345678"),
        ("vads_cust_name", "Jean + Jeanne & fils"),
        ("vads_cust_last_name", "TEST"),
        ("vads_cust_address", "12+14 rue de l'Été"),
        ("vads_order_info", "50 % + 10 %"),
        ("vads_ext_info_gift", "a+b=c&d"),
        ("vads_ext_info_cart", "{\"lines\":[1,2]}"),
        ("vads_ship_to_city", ""),
        ("vads_product_label0", "1+1 gratuit"),
    ] {
        given(&pay("CAPTURED").with(name, typed)).flagged([]).released();
    }
}
