//! What a parser does not know changes nothing: PSPs add fields without notice.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use quittance_core::Standing;
use quittance_testing::json::places_where;
use quittance_testing::lyra::{Form, Share, answer};
use quittance_testing::worldline::{Payment, refund};
use quittance_testing::{FORM_KEY, REST_PASSWORD, form_body, rest_body, url_encode};
use serde_json::{Map, Value};

use super::{UUIDS, config};
use quittance_testing::read::{read_lyra, read_worldline, statement};

/// Any JSON.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "(?s).{0,12}".prop_map(Value::from),
        select(vec!["CAPTURED", "DEBIT", "CMD-2", "EUR", "978"]).prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map("(?s).{0,8}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Names that nobody reads: invented ones, and such as differ from a known one only in writing.
fn name() -> impl Strategy<Value = String> {
    let nearly =
        ["Amount", "AMOUNT", "amount ", "Id", "ID", "Status", "orderid", "Transactions", ""];
    prop_oneof![
        "x-(?s).{0,8}",
        "[A-Z][A-Z_]{0,12}[0-9]",
        select(nearly.to_vec()).prop_map(str::to_owned)
    ]
}

/// Members to add, each to some object.
fn members() -> impl Strategy<Value = Vec<(Index, String, Value)>> {
    vec((any::<Index>(), name(), json()), 1..8)
}

/// Adds members to objects at any depth.
fn add(value: &mut Value, members: Vec<(Index, String, Value)>) {
    for (at, name, member) in members {
        let objects = places_where(value, Value::is_object);
        let object = value.pointer_mut(&objects[at.index(objects.len())]).unwrap();
        object.as_object_mut().unwrap().entry(name).or_insert(member);
    }
}

fn shares() -> [Share<'static>; 2] {
    [Share(UUIDS[0], "CVCO", 6_000, "CAPTURED"), Share(UUIDS[1], "CB", 4_000, "AUTHORISED")]
}

fn forms() -> impl Strategy<Value = Form> {
    select(vec![
        Form::single("CMD-1", "abc123", "CB", 10_000, "CAPTURED"),
        Form::cascade("CMD-1", "abc123", 10_000, "AUTHORISED", &shares()),
        Form::follow_up("CMD-1", "abc123", 2, "BATCH", shares()[1]),
        Form::refund("CMD-1", "abc123", UUIDS[2], "CB", 3_000, "CAPTURED"),
    ])
}

/// Names of form fields that the signature does not cover, as they are written.
fn unsigned_name() -> impl Strategy<Value = String> {
    let nearly = ["vads", "Vads_amount", "VADS_TRANS_STATUS", "kr", "Signature", "PHPSESSID", ""];
    prop_oneof![
        "(?s).{0,10}".prop_filter("not signed", |name| {
            !["vads_", "kr-", "signature"].iter().any(|signed| name.starts_with(signed))
        }),
        select(nearly.to_vec()).prop_map(str::to_owned)
    ]
    .prop_map(|name| url_encode(&name))
}

/// A body with more fields in some of its places.
fn with_fields(body: &str, more: &[(Index, String, String)]) -> String {
    let mut fields: Vec<String> = body.split('&').map(str::to_owned).collect();
    for (at, name, value) in more {
        let at = at.index(fields.len() + 1);
        fields.insert(at, format!("{name}={}", url_encode(value)));
    }
    fields.join("&")
}

/// Undocumented names, between the documented ones. Those of an open family (cards, buyers, risk) are
/// the merchant's to choose.
fn undocumented_name() -> impl Strategy<Value = String> {
    let beside = [
        "vads_amount",
        "vads_ctx_mode",
        "vads_currency",
        "vads_hash",
        "vads_operation_type",
        "vads_order_id",
        "vads_payment_seq",
        "vads_site_id",
        "vads_trans_date",
        "vads_trans_id",
        "vads_trans_status",
        "vads_trans_uuid",
        "vads_url_check_src",
    ];
    prop_oneof![
        (select(beside.to_vec()), "_[x-z]{1,4}").prop_map(|(name, more)| format!("{name}{more}")),
        "vads_[xyz][a-z0-9_]{0,12}",
        Just("vads_".to_owned()),
    ]
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn members_that_no_worldline_event_has_change_nothing(
        members in members(), event in select(vec![
            Payment::new("CMD-1", "3254564310_0", 5412, 9, 10_000).acquired(6_000).json(),
            Payment::new("", "3254564310_0", 130, 5, 10_000).surcharge(100).json(),
            refund("CMD-1", "3254564310_2", 8, 100),
        ]),
    ) {
        let mut more = event.clone();
        add(&mut more, members);
        prop_assert_ne!(&more, &event);
        prop_assert_eq!(read_worldline(&more.to_string()), read_worldline(&event.to_string()));
    }

    #[test]
    fn members_that_no_rest_answer_has_change_nothing(members in members()) {
        let answer = answer("CMD-1", "abc123", 10_000, ("PAID", "CLOSED"), &shares());
        let mut more = answer.clone();
        add(&mut more, members);
        prop_assert_ne!(&more, &answer);
        let read = |answer: &Value| read_lyra(&rest_body(REST_PASSWORD, &answer.to_string()));
        prop_assert_eq!(read(&more), read(&answer));
    }

    /// A `+` in it can be the end of a signed value, so it may lower the form's standing.
    #[test]
    fn members_that_no_share_list_has_change_nothing(members in members()) {
        let form = Form::cascade("CMD-1", "abc123", 10_000, "AUTHORISED", &shares());
        let mut list: Value = serde_json::from_str(form.get("vads_payment_seq").unwrap()).unwrap();
        add(&mut list, members);
        let more = statement(read_lyra(&form.clone().with("vads_payment_seq", &list.to_string()).body()));
        let plain = statement(read_lyra(&form.body()));
        prop_assert_eq!(plain.standing(), Standing::Sound);
        prop_assert_eq!((&more.key, &more.facts, &more.event), (&plain.key, &plain.facts, &plain.event));
        if !list.to_string().contains('+') {
            prop_assert_eq!(more, plain);
        }
    }

    #[test]
    fn fields_that_the_signature_does_not_cover_change_nothing(
        form in forms(), more in vec((any::<Index>(), unsigned_name(), "(?s).{0,20}"), 1..8),
    ) {
        let body = form.body();
        prop_assert_eq!(read_lyra(&with_fields(&body, &more)), read_lyra(&body));
        let answer = answer("CMD-1", "abc123", 10_000, ("PAID", "CLOSED"), &shares());
        let body = rest_body(REST_PASSWORD, &answer.to_string());
        prop_assert_eq!(read_lyra(&with_fields(&body, &more)), read_lyra(&body));
    }

    #[test]
    fn an_undocumented_signed_field_changes_no_fact_and_costs_the_trust(
        form in forms(), name in undocumented_name(),
        value in prop_oneof!["(?s).{0,20}", "CAPTURED", "DEBIT", "[0-9]{1,14}", "TEST\\+978"],
    ) {
        let plain = statement(read_lyra(&form.body()));
        prop_assert_eq!(plain.standing(), Standing::Sound);
        let mut fields = form.fields();
        fields.push((&name, &value));
        let more = statement(read_lyra(&form_body(FORM_KEY, &fields)));
        prop_assert_eq!((&more.key, &more.facts, &more.event), (&plain.key, &plain.facts, &plain.event));
        prop_assert_eq!(more.standing(), Standing::Respellable);
        prop_assert!(more.aliases.is_empty());
    }
}
