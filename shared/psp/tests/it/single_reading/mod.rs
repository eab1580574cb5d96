//! What one signed text can be made to say (docs/single-reading.md): a forger's search for a respelling
//! that is believed, and how many honest forms the check holds.
//!
//! `QUITTANCE_SEARCH_ROUNDS` makes the search longer, `QUITTANCE_HONEST_FORMS` the count.

#![allow(clippy::print_stdout, reason = "figures for the documentation")]

mod asked;
mod honest;

use quittance_core::{Fact, Kind, Standing, Status};
use quittance_testing::SITE;
use quittance_testing::adversary::{
    Dice, Fields, Speller, Story, TYPED_HASH, World, fields, mutate, respelt, said, said_with,
    same_text,
};
use quittance_testing::lyra::{Form, Share, uuid};

use honest::Looks;

fn rounds(otherwise: usize) -> usize {
    setting("QUITTANCE_SEARCH_ROUNDS").unwrap_or(otherwise)
}

fn setting(name: &str) -> Option<usize> {
    std::env::var(name).ok().map(|digits| digits.parse().expect("a number"))
}

/// The same values under other names, as a sorted form.
fn renamed(form: &Form, names: &[(&str, &str)]) -> Fields {
    let mut fields = fields(form);
    for (name, _) in &mut fields {
        if let Some((_, new)) = names.iter().find(|(old, _)| old == name) {
            (*new).clone_into(name);
        }
    }
    fields.sort();
    fields
}

/// `original` respelt must be worth nothing.
#[track_caller]
fn held(original: &Form, respelt: &Fields) {
    assert!(same_text(&fields(original), respelt), "not the same signed text");
    if let Some(said) = said(respelt) {
        assert_eq!(said.standing(), Standing::Respellable, "{respelt:?}");
    }
}

#[track_caller]
fn sound(form: &Form) {
    let said = said(&fields(form)).expect("a readable form");
    assert_eq!((said.standing(), said.doubt), (Standing::Sound, None), "{form:?}");
}

/// Typed behind the source, a word must not take its place.
#[test]
fn a_typed_source_makes_no_second_order() {
    let real =
        Form::single("CMD-1", "abc123", "CB", 10_000, "CAPTURED").with("vads_user_info", "REC");
    sound(&real);
    for behind in ["vads_url_aaa", "vads_url_check"] {
        let names = [("vads_url_check_src", behind), ("vads_user_info", "vads_url_check_src")];
        held(&real, &renamed(&real, &names));
    }
}

/// The browser may not be told the source: there a word stands in the very place of one. What it
/// names is the same share under the same name of its payment, by which the store knows it.
#[test]
fn a_typed_source_of_a_browser_return_states_nothing_but_its_payment() {
    let shown = Form::single("CMD-1", "abc123", "CB", 10_000, "CAPTURED")
        .with("vads_user_info", "REC")
        .with("vads_ext_info_gift", TYPED_HASH);
    let told = said(&fields(&shown)).expect("a readable form");
    let shown = shown.without("vads_url_check_src").without("vads_hash");
    let shown = shown.without("vads_extra_result");
    let names = [("vads_user_info", "vads_url_check_src"), ("vads_ext_info_gift", "vads_hash")];
    let forged = renamed(&shown, &names);
    assert!(same_text(&fields(&shown), &forged));
    let forged = said(&forged).expect("a readable form");
    assert_eq!((&forged.aliases, &forged.facts), (&told.aliases, &told.facts));
    assert_ne!(forged.key, told.key);

    for word in ["x+REC", "REC+x", "https://shop.example/+REC", "PAY+REC"] {
        let shown = shown.clone().with("vads_user_info", word);
        held(&shown, &renamed(&shown, &names));
    }
}

#[test]
fn an_occurrence_of_a_subscription_is_known_by_its_subscription() {
    let real = Form::single("CMD-1", "abc123", "CB", 10_000, "CAPTURED")
        .with("vads_url_check_src", "REC")
        .with("vads_identifier", "d3b07384d113edec49eaa6238ad5ff00")
        .with("vads_subscription", "20261001a7xk2p9ms4tq8w1e5r6t7y0u")
        .with("vads_recurrence_number", "3")
        .with("vads_occurrence_type", "RECURRENT_INTERMEDIAIRE");
    sound(&real);
    let bare = real.clone().without("vads_subscription").without("vads_recurrence_number");
    sound(&bare);
    sound(&bare.without("vads_identifier").without("vads_occurrence_type"));
    sound(&real.with("vads_subscription", "club"));
}

#[test]
fn a_typed_sequence_number_makes_no_second_share() {
    let real = Form::single("CMD-1", "abc123", "CB", 4_000, "CAPTURED")
        .without("vads_trans_uuid")
        .with("vads_ship_to_name", "7");
    sound(&real);
    for name in
        ["vads_risk_x", "vads_risk_control", "vads_return_mode", "vads_risk_analysis_result"]
    {
        let names = [("vads_sequence_number", name), ("vads_ship_to_name", "vads_sequence_number")];
        held(&real, &renamed(&real, &names));
    }
    let names = [
        ("vads_result", "vads_product_label0"),
        ("vads_sequence_number", "vads_proof_of_id_number"),
        ("vads_ship_to_name", "vads_sequence_number"),
    ];
    held(&real, &renamed(&real, &names));
}

#[test]
fn a_name_of_a_closed_family_must_be_documented() {
    for name in
        ["vads_url_aaa", "vads_risk_x", "vads_card_x", "vads_threeds_x", "vads_shop_x", "vads_zzz"]
    {
        let form = Form::single("CMD-1", "abc123", "CB", 10_000, "CAPTURED").with(name, "x");
        held(&form, &fields(&form));
    }
    for name in [
        "vads_ext_info_x",
        "vads_ext_info",
        "vads_product_label12",
        "vads_cust_x",
        "vads_ship_to_x",
    ] {
        sound(&Form::single("CMD-1", "abc123", "CB", 10_000, "CAPTURED").with(name, "x + y"));
    }
}

/// All spellings of forms as short as a payment can be, with the names that decide and a free one
/// wherever there can be one; of those with very many, so many.
#[test]
fn no_spelling_of_a_short_form_is_believed_with_another_meaning() {
    let most = rounds(1_000);
    let mut dice = Dice::seeded(3);
    let (mut tried, mut believed, mut whole, mut forms) = (0_u64, 0, 0, 0);
    let typed = [
        "REC",
        "7",
        "00+7",
        "CMD-2",
        "MULTI",
        "CAPTURED",
        "PAYMENT+SINGLE",
        "DEBIT",
        "CREDIT",
        "abc123+CAPTURED",
        "17",
        "99",
        "",
    ];
    for (at, typed) in typed.iter().enumerate() {
        for place in ["vads_cust_name", "vads_order_info", "vads_ship_to_name", "vads_user_info"] {
            let status = ["CAPTURED", "REFUSED", "AUTHORISED"][at % 3];
            let story = Story::short(status, place, typed);
            let world = World::of(&story.told);
            for original in &story.held {
                let speller = Speller::short(original);
                forms += 1;
                let mut judge = |spelt: &Fields| {
                    assert!(same_text(original, spelt));
                    tried += 1;
                    believed += u64::from(World::judge(|| &world, original, spelt));
                };
                if speller.count() <= most as u64 {
                    whole += 1;
                    speller.all(&mut judge);
                } else {
                    judge(original);
                    (0..most / 4).filter_map(|_| speller.any(&mut dice)).for_each(|s| judge(&s));
                }
            }
        }
    }
    println!(
        "{forms} short forms ({whole} of them in every spelling): {tried} spellings, \
         {believed} believed with the same meaning"
    );
    assert!(believed > 0, "not even the originals are believed");
}

#[test]
fn no_respelling_of_any_form_is_believed_with_another_meaning() {
    let mut dice = Dice::seeded(1);
    let (mut tried, mut believed, mut originals) = (0, 0, 0);
    while tried < rounds(6_000) {
        let story = Story::roll(&mut dice);
        let world = World::of(&story.told);
        for original in &story.held {
            originals += 1;
            let speller = Speller::new(original);
            for round in 0..24 {
                let spelt = respelt(original, &speller, round, &mut dice);
                debug_assert!(same_text(original, &spelt));
                tried += 1;
                believed += usize::from(World::judge(|| &world, original, &spelt));
            }
        }
    }
    println!("{originals} forms, {tried} respellings, {believed} believed with the same meaning");
    assert!(believed > 0);
}

#[test]
fn honest_forms_are_not_held() {
    let number = setting("QUITTANCE_HONEST_FORMS").unwrap_or(2_000);
    let mut dice = Dice::seeded(7);
    let mut counts = [(Looks::Plain, 0), (Looks::LikeNumbers, 0), (Looks::LikeWords, 0)]
        .map(|(looks, none)| (looks, none, 0, 0));
    for _ in 0..number {
        let honest = honest::form(&mut dice);
        let said = said(&honest.fields).expect("an honest form is readable");
        let is_held = said.standing() == Standing::Respellable;
        assert!(!is_held || honest.looks != Looks::Plain, "{:?}: {:?}", said.doubt, honest.fields);
        for (looks, forms, held, held_paid) in &mut counts {
            if *looks == honest.looks {
                *forms += 1;
                *held += usize::from(is_held);
                *held_paid += usize::from(is_held && honest.paid);
            }
        }
    }
    for (looks, forms, held, paid) in counts {
        println!("{looks:?}: {forms} honest forms, {held} held, {paid} of them about money");
    }
}

/// The dearest forms that a body can hold: the check is bounded by fields, pieces and kinds of
/// original, and a form beyond the bound is held.
#[test]
fn hostile_forms_take_bounded_time() {
    let base = Form::single("CMD-1", "abc123", "CB", 10_000, "CAPTURED");
    let many = |piece: &str, times: usize| vec![piece; times].join("+");
    let mut forms = vec![
        base.clone().with("vads_cust_name", &many("", 250_000)),
        base.clone().with("vads_cust_name", &many("DEBIT", 1_900)),
        base.clone().with("vads_user_info", &many("20261122100000+abc123+CAPTURED", 600)),
        base.clone().with("vads_order_info", &many("PAYMENT+SINGLE+00+1", 450)),
        base.clone().with("vads_cust_name", &many("REGISTER_PAY_SUBSCRIBE+REFUSED+MULTI", 600)),
        base.clone().with("vads_ext_info_x", &"{\"trans}".repeat(30_000)),
    ];
    let mut wide = base;
    for n in 0..980 {
        wide = wide.with(&format!("vads_product_label{n}"), "1+2");
    }
    forms.push(wide);
    for form in forms {
        let body = form.body();
        let start = std::time::Instant::now();
        let _ = said(&fields(&form));
        let took = start.elapsed();
        println!("{} bytes: {took:?}", body.len());
        assert!(took.as_secs() < 2, "{took:?}");
    }
}

#[test]
fn a_cart_of_many_lines_is_believed() {
    let mut form = Form::single("CMD-1", "abc123", "CB", 10_000, "CAPTURED");
    for n in 0..180 {
        form = form
            .with(&format!("vads_product_label{n}"), "T-shirt + broche")
            .with(&format!("vads_product_amount{n}"), "1250")
            .with(&format!("vads_product_qty{n}"), "2");
    }
    sound(&form);
}

#[test]
fn a_cascade_with_pluses_in_its_list_is_believed() {
    let shares = [
        Share(&uuid(&["a"]), "CVCO", 6_000, "CAPTURED"),
        Share(&uuid(&["b"]), "CB", 4_000, "AUTHORISED"),
    ];
    let form = Form::cascade("CMD-1", "abc123", 10_000, "AUTHORISED", &shares);
    let list = form
        .get("vads_payment_seq")
        .expect("a cascade lists its shares")
        .replace("Z\"", "+00:00\"");
    sound(&form.with("vads_payment_seq", &list).with("vads_site_id", SITE));
}

/// What a shop asks of the gateway is signed with the same key, and goes through the buyer's browser.
#[test]
fn a_notification_typed_into_a_request_is_held() {
    let end = format!("{SITE}+20261122100000+abc123");
    let typed = format!("{TYPED_HASH}+DEBIT+CMD-1+PAYMENT+SINGLE+EC+00+1+{end}+CAPTURED+PAY");
    let rest = format!("CMD-1+PAYMENT+SINGLE+{end}+https://shop.example+0+V2");
    let head = [
        ("vads_action_mode", "INTERACTIVE"),
        ("vads_amount", "10000"),
        ("vads_ctx_mode", "TEST"),
        ("vads_currency", "978"),
    ];
    let request = [
        ("vads_cust_name", typed.as_str()),
        ("vads_order_id", "CMD-1"),
        ("vads_page_action", "PAYMENT"),
        ("vads_payment_config", "SINGLE"),
        ("vads_site_id", SITE),
        ("vads_trans_date", "20261122100000"),
        ("vads_trans_id", "abc123"),
        ("vads_url_return", "https://shop.example"),
        ("vads_validation_mode", "0"),
        ("vads_version", "V2"),
    ];
    let forged = [
        ("vads_hash", TYPED_HASH),
        ("vads_operation_type", "DEBIT"),
        ("vads_order_id", "CMD-1"),
        ("vads_page_action", "PAYMENT"),
        ("vads_payment_config", "SINGLE"),
        ("vads_payment_src", "EC"),
        ("vads_result", "00"),
        ("vads_sequence_number", "1"),
        ("vads_site_id", SITE),
        ("vads_trans_date", "20261122100000"),
        ("vads_trans_id", "abc123"),
        ("vads_trans_status", "CAPTURED"),
        ("vads_url_check_src", "PAY"),
    ];
    let forged = [&head[..], &forged].concat();
    let whole = owned(&[&forged[..], &[("vads_user_info", &rest)]].concat());
    assert!(same_text(&owned(&[&head[..], &request].concat()), &whole));
    assert_eq!(said(&whole).expect("a readable form").standing, Standing::Respellable);
    // It is what stands behind that gives it away: the gateway could have written the rest.
    assert_eq!(said(&owned(&forged)).expect("a readable form").standing, Standing::Sound);
}

/// Requests and answers to registrations say nothing of a payment, so no spelling of them is believed,
/// whatever was typed into them and wherever.
#[test]
fn no_spelling_of_a_text_about_no_payment_is_believed() {
    let mut dice = Dice::seeded(11);
    let (mut texts, mut tried, mut read, mut money) = (0_u64, 0_usize, 0_u64, 0_u64);
    while tried < rounds(3_000) {
        let asks = !dice.once_in(4);
        let original =
            if asks { asked::request(&mut dice) } else { asked::registration(&mut dice) };
        texts += 1;
        let speller = Speller::new(&original);
        for round in 0..12 {
            let spelt = match (speller.any(&mut dice), round % 3) {
                (Some(spelt), 0 | 1) => spelt,
                (Some(spelt), _) => mutate(&spelt, &mut dice),
                (None, _) => break,
            };
            tried += 1;
            debug_assert!(same_text(&original, &spelt));
            let Some(said) = said(&spelt) else { continue };
            read += 1;
            let claims = said
                .facts
                .iter()
                .any(|fact| matches!(fact, Fact::Share(share) if share.meaning.status == Status::Captured));
            money += u64::from(claims);
            // An answer says truly that a card was checked; that is worth nothing.
            let worthless = !asks && said.facts.iter().all(is_worthless);
            assert!(
                said.standing() == Standing::Respellable || worthless,
                "\n{original:?}\nrespelt\n{spelt:?}\nsays\n{said:?}"
            );
        }
    }
    println!(
        "{texts} requests and registrations, {tried} spellings, {read} of them readable, {money} of a capture"
    );
    assert!(money > tried as u64 / 100, "the forger forges nothing: {money} of {tried}");
}

/// Whether it is about no money.
fn is_worthless(fact: &Fact) -> bool {
    matches!(fact, Fact::Share(share) if share.kind == Kind::Verification)
        || matches!(fact, Fact::Total(_))
}

/// The pieces of a signed text dealt out anew: so many to each name, the rest to the last.
fn dealt(original: &Fields, names: &[(&str, usize)]) -> Fields {
    let text: Vec<&str> = original.iter().flat_map(|(_, value)| value.split('+')).collect();
    let mut rest = text.as_slice();
    let mut spelt = Fields::new();
    for (at, (name, pieces)) in names.iter().enumerate() {
        let last = at + 1 == names.len();
        let (value, behind) = rest.split_at(if last { rest.len() } else { *pieces });
        spelt.push(((*name).to_owned(), value.join("+")));
        rest = behind;
    }
    assert!(same_text(original, &spelt), "not the same signed text");
    spelt
}

/// A request with an address and the account of a user, and others that a buyer can type into, posted as if
/// it had been paid.
#[test]
fn a_request_that_nobody_paid_is_no_payment() {
    let end = format!("{SITE}+20261123090000+zzz999+CAPTURED+PAY");
    let asked = |more: &[(&str, &str)]| {
        let mut form = owned(&[
            ("vads_action_mode", "INTERACTIVE"),
            ("vads_amount", "90000"),
            ("vads_ctx_mode", "TEST"),
            ("vads_currency", "978"),
            ("vads_cust_name", &format!("x+{TYPED_HASH}+DEBIT")),
            ("vads_order_id", "CMD-1"),
            ("vads_page_action", "PAYMENT"),
            ("vads_payment_config", "SINGLE"),
            ("vads_site_id", SITE),
            ("vads_trans_date", "20261122100000"),
            ("vads_trans_id", "abc123"),
            ("vads_version", "V2"),
        ]);
        form.extend(owned(more));
        form.sort();
        form
    };
    let head = |contrib: &'static [(&'static str, usize)]| {
        let start = [("vads_action_mode", 1), ("vads_amount", 1)];
        let rest = [
            ("vads_ctx_mode", 1),
            ("vads_currency", 1),
            ("vads_cust_name", 1),
            ("vads_hash", 1),
            ("vads_operation_type", 1),
            ("vads_order_id", 1),
            ("vads_page_action", 1),
            ("vads_payment_config", 1),
        ];
        [&start[..], contrib, &rest].concat()
    };
    // Behind what was the request's own end.
    let tail = [
        ("vads_site_id", 1),
        ("vads_trans_date", 1),
        ("vads_trans_id", 1),
        ("vads_trans_status", 1),
        ("vads_url_check_src", 1),
        ("vads_user_info", 0),
    ];
    let address = format!("https://shop.example/back?name=Ann+{end}");
    let bare = format!("www.shop.example/back?name=Ann+{end}+x");
    for (place, typed) in [
        ("vads_url_return", address.as_str()),
        ("vads_url_cancel", &address),
        ("vads_url_success", &bare),
        ("vads_user_info", &format!("Ann+{end}+00")),
        ("vads_theme_config", &format!("TITLE=Ann+{end}")),
    ] {
        let theme = place == "vads_theme_config";
        let own = if theme { 2 } else { 4 };
        let forged = dealt(
            &asked(&[(place, typed)]),
            &[&head(&[])[..], &[("vads_ship_to_name", own)], &tail].concat(),
        );
        let said = said(&forged).expect("a readable form");
        assert_eq!(said.standing(), Standing::Respellable, "{place}: {forged:?}");
    }
    // Without an address, what the user typed follows the request's own date and id.
    let forged =
        dealt(&asked(&[("vads_user_info", "CAPTURED+PAY")]), &[&head(&[])[..], &tail].concat());
    assert_eq!(said(&forged).expect("a readable form").standing, Standing::Respellable);
    // A module that calls itself by a card's name hides where a request begins, and not its date.
    let request = asked(&[("vads_contrib", "VISA"), ("vads_url_return", &address)]);
    let forged = dealt(
        &request,
        &[&head(&[("vads_card_brand", 1)])[..], &[("vads_ship_to_name", 4)], &tail].concat(),
    );
    assert_eq!(said(&forged).expect("a readable form").standing, Standing::Respellable);
}

/// An old answer to a registration may have no status, and so no word that a typed one would contradict.
#[test]
fn an_answer_to_a_registration_is_no_payment() {
    let answer = |action: &str| {
        owned(&[
            ("vads_amount", "90000"),
            ("vads_card_brand", "CB"),
            ("vads_card_number", "497010XXXXXX0014"),
            ("vads_ctx_mode", "TEST"),
            ("vads_currency", "978"),
            ("vads_cust_name", &format!("x+{TYPED_HASH}+DEBIT+CMD-1")),
            ("vads_page_action", action),
            ("vads_site_id", SITE),
            ("vads_trans_date", "20261122100000"),
            ("vads_trans_id", "abc123"),
            ("vads_user_info", "CAPTURED+PAY"),
            ("vads_version", "V2"),
        ])
    };
    let names = [
        ("vads_amount", 1),
        ("vads_card_brand", 1),
        ("vads_card_number", 1),
        ("vads_ctx_mode", 1),
        ("vads_currency", 1),
        ("vads_cust_name", 1),
        ("vads_hash", 1),
        ("vads_operation_type", 1),
        ("vads_order_id", 1),
        ("vads_page_action", 1),
        ("vads_site_id", 1),
        ("vads_trans_date", 1),
        ("vads_trans_id", 1),
        ("vads_trans_status", 1),
        ("vads_url_check_src", 1),
        ("vads_version", 0),
    ];
    for (action, standing) in [
        ("REGISTER", Standing::Respellable),
        ("SUBSCRIBE", Standing::Respellable),
        ("REGISTER_SUBSCRIBE", Standing::Respellable),
        ("REGISTER_UPDATE", Standing::Respellable),
        ("REGISTER_PAY", Standing::Sound),
    ] {
        let forged = dealt(&answer(action), &names);
        assert_eq!(said(&forged).expect("a readable form").standing, standing, "{action}");
    }
}

/// No form is worth more than any of its originals: the effective amount may be neither left out, nor moved
/// away from its currency, nor replaced by a larger number. A smaller one that could be the gateway's own
/// holds a form too, but digits elsewhere do not.
#[test]
fn an_effective_amount_cannot_be_spelt_away() {
    for status in ["CAPTURED", "AUTHORISED", "WAITING_AUTHORISATION"] {
        let real = Form::single("CMD-1", "abc123", "CB", 12_000, status)
            .with("vads_result", "00")
            .with("vads_effective_amount", "9000")
            .without("vads_expiry_month")
            .without("vads_expiry_year");
        sound(&real);
        sound(&real.clone().with("vads_cust_zip", "75001").with("vads_ext_info_a", "1"));
        sound(&real.clone().with("vads_cust_zip", "12000"));
        let away = [
            ("vads_effective_amount", "vads_cust_zip"),
            ("vads_effective_currency", "vads_ext_info_a"),
        ];
        held(&real, &renamed(&real, &away));
        held(&real, &renamed(&real, &away[..1]));
        held(&real, &renamed(&real, &away[1..]));
    }
    // What was converted is told in another currency as well; what came before both were told, in none.
    let real = Form::single("CMD-1", "abc123", "CB", 12_000, "CAPTURED");
    sound(
        &real.clone().with("vads_effective_amount", "9000").with("vads_effective_currency", "826"),
    );
    sound(&real.clone().with("vads_dcc_amount", "10100").with("vads_dcc_currency", "826"));
    sound(&real.clone().with("vads_effective_amount", "").without("vads_effective_currency"));
    let plain = real.without("vads_effective_amount").without("vads_effective_currency");
    sound(&plain.clone().with("vads_cust_zip", "75001").with("vads_cust_address_number", "12"));
    let typed = plain.with("vads_cust_zip", "100+978");
    held(&typed, &fields(&typed));
}

/// A card that is saved with a payment, whatever became of either.
#[test]
fn a_payment_that_saves_its_card_is_believed() {
    for status in ["CAPTURED", "AUTHORISED", "REFUSED", "ABANDONED", "CANCELLED"] {
        for token in ["CREATED", "NOT_CREATED", "UPDATED", "NOT_UPDATED", "ABANDONED"] {
            let form = Form::single("CMD-1", "abc123", "CB", 12_000, status)
                .with("vads_page_action", "REGISTER_PAY")
                .with("vads_identifier_status", token);
            sound(&form);
            sound(&form.with("vads_identifier", &"a".repeat(32)));
        }
    }
}

/// What a buyer typed behind the order's reference is not taken for a token, a language and another reference.
#[test]
fn a_typed_token_does_not_lead_to_another_order() {
    for status in ["REFUSED", "ABANDONED", "CANCELLED"] {
        for token in ["CREATED", "NOT_CREATED", "UPDATED", "NOT_UPDATED", "ABANDONED"] {
            for typed in ["fr+VICTIM", "DEBIT+VICTIM", "UNITAIRE+VICTIM", "1+DEBIT+VICTIM"] {
                let real = Form::single("MINE-1", "abc123", "CB", 12_000, status)
                    .with("vads_order_info", &format!("{token}+{typed}"))
                    .without("vads_operation_type")
                    .without("vads_language");
                let genuine = fields(&real);
                let told: Vec<&str> = typed.split('+').collect();
                let mut spelt: Fields = Vec::new();
                for (name, value) in &genuine {
                    let mut put =
                        |name: &str, value: &str| spelt.push((name.to_owned(), value.to_owned()));
                    match name.as_str() {
                        "vads_order_id" => put("vads_identifier", value),
                        "vads_order_info" => {
                            put("vads_identifier_status", token);
                            let names: &[&str] = match told.len() {
                                3 => &["vads_nb_products", "vads_operation_type", "vads_order_id"],
                                _ if told[0] == "fr" => &["vads_language", "vads_order_id"],
                                _ if told[0] == "UNITAIRE" => {
                                    &["vads_occurrence_type", "vads_order_id"]
                                }
                                _ => &["vads_operation_type", "vads_order_id"],
                            };
                            names.iter().zip(&told).for_each(|(name, value)| put(name, value));
                        }
                        name => put(name, value),
                    }
                }
                held(&real, &spelt);
            }
        }
    }
}

/// What failed need not say that it was to take money; but it must still be of one order.
#[test]
fn a_failure_without_an_operation_is_believed_of_its_own_order() {
    let old = |status: &str| {
        Form::single("CMD-1", "000012", "", 300, status)
            .with("vads_result", "17")
            .with("vads_effective_amount", "")
            .without("vads_effective_currency")
            .without("vads_operation_type")
            .without("vads_sequence_number")
            .without("vads_trans_uuid")
    };
    for status in ["ABANDONED", "CANCELLED", "NOT_CREATED", "REFUSED"] {
        let form = match status {
            "REFUSED" => old(status).with("vads_result", "05"),
            _ => old(status),
        };
        sound(&form);
        sound(&form.clone().with("vads_order_info", "Table 7 + terrasse"));
        sound(&form.clone().without("vads_language"));
        sound(&form.clone().without("vads_order_id"));
        // With its number and its uuid, as well.
        sound(&Form::single("CMD-1", "000012", "CB", 300, status).without("vads_operation_type"));
        // Another order in the place of the first.
        let typed = form.clone().with("vads_order_info", "CMD-2");
        let names = [("vads_order_id", "vads_nb_products"), ("vads_order_info", "vads_order_id")];
        held(&typed, &renamed(&typed, &names));
        let names = [("vads_language", "vads_order_id"), ("vads_order_id", "vads_order_info")];
        held(&form, &renamed(&form, &names));
        let typed = form.with("vads_order_info", "en+CMD-2");
        held(&typed, &fields(&typed));
    }
    for status in ["CAPTURED", "AUTHORISED", "EXPIRED", "ACCEPTED", "WAITING_AUTHORISATION"] {
        let form = old(status).with("vads_result", "00");
        held(&form, &fields(&form));
    }
    // A success is not made a failure, and not the other way round.
    for (real, forged) in [("CAPTURED", "REFUSED"), ("REFUSED", "CAPTURED")] {
        let paid = Form::single("CMD-1", "abc123", "CB", 300, real).without("vads_trans_uuid");
        let paid = paid.with("vads_user_info", forged).without("vads_url_check_src");
        let names = [("vads_operation_type", "vads_nb_products")];
        held(&paid, &renamed(&paid, &names));
    }
}

/// Documented shapes that are wider than they look.
#[test]
fn documented_shapes_are_believed() {
    let paid = Form::single("CMD-1", "abc123", "CB", 10_000, "CAPTURED");
    let theme = "SUCCESS_FOOTER_MSG_RETURN=Retour à la boutique;CANCEL_FOOTER_MSG_RETURN=Quitter";
    for (name, value) in [
        ("vads_theme_config", theme),
        ("vads_theme_config", "SIMPLIFIED_DISPLAY=true;TITLE=Vélo+TEXT=x"),
        ("vads_payment_option_code", "COUNT=3;RATE=0.00;DESC=3 fois sans frais"),
        ("vads_payment_option_code", "0"),
        ("vads_shop_url", "www.shop.example/x"),
        ("vads_shop_url", "https://shop.example/?q=a+b"),
        ("vads_url_return", "www.shop.example/x?name=Jean + Marie"),
        ("vads_url_success", "https://shop.example/ok?name=Jean+Marie"),
        ("vads_url_cancel", "www.shop.example/x"),
        ("vads_url_check", "https://shop.example/ipn?name=Jean+Marie"),
        ("vads_order_description", "Séjour à la mer"),
        ("vads_order_description", "2 nuits + petit-déjeuner"),
    ] {
        sound(&paid.clone().with(name, value));
        sound(&paid.clone().with(name, value).with("vads_order_info", "Table 7 + terrasse"));
    }
    // What would leave two readings. (docs/single-reading.md)
    for (name, value) in [
        ("vads_order_id", "CMD+1"),
        ("vads_theme_config", "TITLE=Vélo + VTT"),
        ("vads_order_description", "Hotel"),
    ] {
        let form = paid.clone().with(name, value);
        held(&form, &fields(&form));
    }
}

/// A description is no reference, and a reference no description.
#[test]
fn a_described_order_is_one_order() {
    let paid = Form::single("CMD-1", "abc123", "CB", 10_000, "CAPTURED");
    let typed = paid.clone().with("vads_order_info", "CMD-2");
    let names = [("vads_order_id", "vads_order_description"), ("vads_order_info", "vads_order_id")];
    held(&typed, &renamed(&typed, &names));
    let described = paid.with("vads_order_description", "Séjour à la mer");
    let names = [("vads_order_description", "vads_order_id"), ("vads_order_id", "vads_order_info")];
    held(&described, &renamed(&described, &names));
    sound(&Form::single("CMD 1 é", "abc123", "CB", 10_000, "CAPTURED"));
}

/// The number of an occurrence and the subscription make another order of what did not come from the page,
/// so they must not come out of what a buyer typed, nor be lost.
#[test]
fn an_occurrence_is_neither_made_up_nor_lost() {
    let shown = Form::single("CMD-1", "abc123", "CB", 10_000, "CAPTURED")
        .with("vads_page_action", "REGISTER_PAY_SUBSCRIBE")
        .with("vads_subscription", "20261001a7xk2p9ms4tq8w1e5r6t7y0u")
        .with("vads_product_ref0", "3")
        .with("vads_ext_info_gift", TYPED_HASH);
    sound(&shown);
    let shown = shown.without("vads_hash").without("vads_extra_result");
    let hash = ("vads_ext_info_gift", "vads_hash");
    let number = ("vads_product_ref0", "vads_recurrence_number");
    // The source left out, as some returns do; or moved behind where it stands.
    for shown in [shown.clone().without("vads_url_check_src"), shown.clone()] {
        let away = ("vads_url_check_src", "vads_user_info");
        held(&shown, &renamed(&shown, &[hash, away]));
        held(&shown, &renamed(&shown, &[hash, away, number]));
        held(
            &shown,
            &renamed(&shown, &[hash, away, number, ("vads_subscription", "vads_tax_rate")]),
        );
    }
    sound_as(&renamed(&shown, &[hash, number]), "the source is that of the page");
    // A call about an occurrence without what makes it one.
    let called = Form::single("CMD-1", "abc123", "CB", 10_000, "CAPTURED")
        .with("vads_url_check_src", "REC")
        .with("vads_recurrence_number", "3");
    sound(&called);
    held(&called, &renamed(&called, &[("vads_recurrence_number", "vads_pretax_amount")]));
    held(&called, &renamed(&called, &[("vads_recurrence_number", "vads_proof_of_id_number")]));
    let called = called.without("vads_recurrence_number").with("vads_subscription", "club");
    sound(&called);
    held(&called, &renamed(&called, &[("vads_subscription", "vads_tax_rate")]));
}

#[track_caller]
fn sound_as(fields: &Fields, why: &str) {
    assert_eq!(said(fields).expect("a readable form").standing, Standing::Sound, "{why}");
}

/// At a shop with a field of its own between the date and the id.
#[test]
fn what_is_typed_between_the_date_and_the_id_is_neither_id_nor_status() {
    let extra = ["vads_trans_heard_of_us".to_owned()];
    let real = Form::single("CMD-1", "abc123", "CB", 10_000, "REFUSED")
        .with("vads_result", "00")
        .without("vads_trans_uuid");
    let plain = fields(&real.clone().with(&extra[0], "+ by a friend"));
    assert_eq!(said_with(&plain, &extra).expect("a readable form").standing, Standing::Sound);
    let typed = fields(&real.with(&extra[0], "zzz999+CAPTURED+PAY"));
    let mut respelt: Fields = typed.clone();
    let at = respelt.iter().position(|(name, _)| *name == extra[0]).expect("there");
    let rest: Vec<String> = respelt.drain(at..).skip(1).map(|(_, value)| value).collect();
    respelt.extend(owned(&[
        ("vads_trans_id", "zzz999"),
        ("vads_trans_status", "CAPTURED"),
        ("vads_url_check_src", "PAY"),
        ("vads_user_info", &rest.join("+")),
    ]));
    assert!(same_text(&typed, &respelt));
    let said = said_with(&respelt, &extra).expect("a readable form");
    assert_eq!(said.standing(), Standing::Respellable);
}

fn owned(fields: &[(&str, &str)]) -> Fields {
    fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// The effective amount that such a form has is its own, whatever numbers stand in an address; where numbers
/// could be one, it is held.
#[test]
fn a_partial_authorisation_has_one_effective_amount() {
    let real = Form::single("CMD-1", "abc123", "CB", 10_000, "PARTIALLY_AUTHORISED")
        .with("vads_result", "00")
        .with("vads_effective_amount", "4000");
    sound(&real);
    sound(&real.clone().with("vads_cust_zip", "75001"));
    let typed = real.with("vads_cust_zip", "10000+978");
    held(&typed, &fields(&typed));
}

/// Fourteen digits behind the date make a form look like a request only when they can be a date.
#[test]
fn a_number_of_the_merchant_s_user_is_no_date() {
    let paid = Form::single("CMD-1", "abc123", "CB", 10_000, "CAPTURED");
    sound(&paid.clone().with("vads_user_info", "11222333000181"));
    sound(&paid.clone().with("vads_user_info", "20999999999999"));
    let dated = paid.with("vads_user_info", "20261122100000");
    held(&dated, &fields(&dated));
}

/// Whoever guesses site, date and id may type the end of a form before it comes.
#[test]
fn a_typed_end_does_not_take_the_place_of_the_form_s_own() {
    for (status, source) in [("CAPTURED", "REC"), ("CAPTURED", "PAY"), ("REFUSED", "PAY")] {
        let typed = format!("x+{SITE}+20261122100000+abc123+CAPTURED+{source}");
        let real = Form::single("CMD-1", "abc123", "CB", 10_000, status)
            .without("vads_trans_uuid")
            .with("vads_ship_to_name", &typed);
        let mut respelt = fields(&real);
        let at = respelt.iter().position(|(name, _)| name == "vads_ship_to_name").expect("there");
        let rest: Vec<String> = respelt.drain(at..).skip(1).map(|(_, value)| value).collect();
        respelt.extend(owned(&[
            ("vads_ship_to_name", "x"),
            ("vads_site_id", SITE),
            ("vads_trans_date", "20261122100000"),
            ("vads_trans_id", "abc123"),
            ("vads_trans_status", "CAPTURED"),
            ("vads_url_check_src", source),
            ("vads_user_info", &rest.join("+")),
        ]));
        held(&real, &respelt);
    }
}

/// As published in other people's tests (values are ours): a re-send by hand without reference, page
/// action and configuration; a plan of card data kept by the network; an old form without uuid.
#[test]
fn published_forms_are_believed() {
    let hand = Form::single("", "abc123", "CB", 4_300, "AUTHORISED")
        .with("vads_url_check_src", "BO")
        .with("vads_payment_certificate", "d6fdfcb76d0e23f0d8a2e205c5570348c1a9478e")
        .without("vads_order_id")
        .without("vads_page_action")
        .without("vads_payment_config")
        .without("vads_action_mode");
    sound(&hand);
    let kept = Form::single("CMD-1", "xneDZL", "VISA", 1_800, "AUTHORISED")
        .with("vads_acquirer_network", "PROCESOS_ISO")
        .with("vads_archival_reference_id", "PV1220908700")
        .with("vads_card_nature", "CONSUMER_CARD")
        .with("vads_card_product_category", "DEBIT")
        .with("vads_cardholder_card_expiry_month", "6")
        .with("vads_cardholder_card_expiry_year", "2028")
        .with("vads_cardholder_card_number", "497010XXXXXX0014")
        .with("vads_ext_info_cybersource_mdd_24", "BAJO")
        .with("vads_payment_option_code", "0")
        .with("vads_risk_analysis_result", "ACCEPT")
        .with("vads_threeds_user_interaction", "")
        .with("vads_threeds_exit_status", "15");
    sound(&kept);
    sound(&kept.with("vads_threeds_user_interaction", "CHALLENGE"));
    let old = Form::single("100368", "550758", "CB", 1_904, "AUTHORISED")
        .with("vads_hash", "rcI8uquHGoTJ69krXVkmBDSydSIoFJs2ZE8S26Xt4DQ-")
        .with("vads_subscription", "")
        .with("vads_theme_config", "")
        .with("vads_threeds_cavv", "Q2F2dkNhdnZDYXZ2Q2F2dkNhdnY=")
        .with("vads_user_info", "")
        .without("vads_trans_uuid")
        .without("vads_effective_currency");
    sound(&old);
}

/// What a buyer typed before the language of a form that he left can be spelt as its operation and another
/// order's reference; the genuine reference follows the language.
#[test]
fn a_left_form_without_an_operation_speaks_of_no_other_order() {
    let hash = "ab".repeat(32);
    for status in ["ABANDONED", "CANCELLED", "REFUSED", "NOT_CREATED"] {
        let result = if status == "REFUSED" { "05" } else { "17" };
        let left = Form::single("OWN-1", "abc123", "", 90_000, status)
            .with("vads_result", result)
            .with("vads_auth_mode", "MARK")
            .without("vads_operation_type")
            .without("vads_hash")
            .without("vads_trans_uuid")
            .without("vads_sequence_number")
            .without("vads_effective_amount")
            .without("vads_effective_currency")
            .with("vads_extra_result", "")
            .with("vads_cust_address", &format!("1+{hash}+DEBIT+CMD-7"));
        let mut respelt = fields(&left);
        let value = |fields: &Fields, name: &str| {
            fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone()).unwrap_or_default()
        };
        // Everything between the typed text and the page action becomes one text about the order.
        let first =
            respelt.iter().position(|(name, _)| name == "vads_cust_address").expect("there");
        let last = respelt.iter().position(|(name, _)| name == "vads_page_action").expect("there");
        let moved: Vec<String> =
            respelt.drain(first..last).skip(1).map(|(_, value)| value).collect();
        respelt.extend(owned(&[
            ("vads_cust_address", "1"),
            ("vads_hash", &hash),
            ("vads_operation_type", "DEBIT"),
            ("vads_order_id", "CMD-7"),
            ("vads_order_info", &moved.join("+")),
        ]));
        respelt.sort();
        assert_eq!(value(&respelt, "vads_order_id"), "CMD-7");
        held(&left, &respelt);
    }
}

/// A field that is there and empty takes no room in the parse: a reference that is empty is none.
#[test]
fn a_paid_form_with_an_empty_reference_pays_for_no_named_order() {
    for empty in ["vads_order_id", "vads_order_info", "vads_page_action"] {
        let paid = Form::single("", "abc123", "CB", 100, "CAPTURED");
        let paid = if empty == "vads_order_id" { paid } else { paid.without("vads_order_id") };
        let paid =
            paid.with(empty, "").with("vads_ship_to_name", "Ann+DEBIT+CMD-7+PAYMENT+SINGLE+x+00+1");
        let mut respelt = fields(&paid);
        let at = |fields: &Fields, name: &str| fields.iter().position(|(n, _)| n == name);
        let first = at(&respelt, "vads_language").expect("there");
        let last = at(&respelt, "vads_site_id").expect("there");
        let before = respelt.drain(first..last).map(|(_, value)| value).collect::<Vec<_>>();
        let text = before.join("+");
        let Some((between, _)) = text.split_once("+DEBIT+CMD-7+") else { panic!("{text}") };
        respelt.extend(owned(&[
            ("vads_identifier", between),
            ("vads_operation_type", "DEBIT"),
            ("vads_order_id", "CMD-7"),
            ("vads_page_action", "PAYMENT"),
            ("vads_payment_config", "SINGLE"),
            ("vads_requestor", "x"),
            ("vads_result", "00"),
            ("vads_sequence_number", "1"),
        ]));
        respelt.sort();
        held(&paid, &respelt);
    }
}

/// A left form may have no word in capitals but the kind of its authorisation.
#[test]
fn the_kind_of_an_authorisation_is_no_modules_name() {
    for kind in ["FULL", "MARK"] {
        let mut left = Form::single("CMD-1", "abc123", "", 300, "ABANDONED")
            .with("vads_result", "17")
            .with("vads_auth_mode", kind)
            .without("vads_sequence_number")
            .without("vads_warranty_result")
            .without("vads_trans_uuid");
        for (name, _) in fields(&left) {
            if name.as_str() > "vads_auth_mode" && name.as_str() < "vads_ctx_mode" {
                left = left.without(&name);
            }
        }
        sound(&left);
    }
}

/// A request whose transaction id or address is there and empty goes on behind its date all the same.
#[test]
fn a_request_with_an_empty_address_is_no_payment() {
    let typed = "12345678+20260401101010+abc123+CAPTURED+PAY";
    for between in ["", "+"] {
        let asked = owned(&[
            ("vads_action_mode", "INTERACTIVE"),
            ("vads_amount", "90000"),
            ("vads_contrib", "SHOPMODULE+V1"),
            ("vads_ctx_mode", "TEST"),
            ("vads_currency", "978"),
            ("vads_cust_address", "x"),
            ("vads_hash", &"ab".repeat(32)),
            ("vads_operation_type", "DEBIT"),
            ("vads_order_id", "CMD-7"),
            ("vads_page_action", "PAYMENT"),
            ("vads_payment_config", "SINGLE"),
            (
                "vads_ship_to_name",
                &format!("12345678+20260331080000+{between}+https://shop.example/?n=x"),
            ),
        ]);
        let mut posted = asked;
        let names = [
            "vads_site_id",
            "vads_trans_date",
            "vads_trans_id",
            "vads_trans_status",
            "vads_url_check_src",
        ];
        posted.extend(
            names.iter().zip(typed.split('+')).map(|(n, v)| ((*n).to_owned(), v.to_owned())),
        );
        posted.push(("vads_version".to_owned(), "V2".to_owned()));
        let said = said(&posted).expect("a readable form");
        assert_eq!(said.standing(), Standing::Respellable, "{posted:?}");
    }
}
