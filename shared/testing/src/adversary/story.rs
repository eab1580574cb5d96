//! Genuine payments with what their buyer typed.
//!
//! What the gateway sends is taken to keep to the premises of `shared/psp/src/lyra/reading`. Those that
//! show here:
//!
//! - a site names its orders always or never, and one that never does puts no `vads_order_info` in their
//!   place;
//! - what happens at the hosted page is shown to the browser, without `vads_hash` and mostly without
//!   `vads_url_check_src`; any other call goes to the server alone;
//! - a call to the server alone says a plan only if it has one, since buyers do not see those calls;
//! - nobody types a card holder's name into a payment that was left.

use super::{Dice, Fields, TYPED_HASH, fields};
use crate::SITE;
use crate::lyra::{Form, Share, uuid};

/// One or several payments of one buyer.
#[derive(Debug)]
pub struct Story {
    /// The notifications that the gateway sent.
    pub told: Vec<Fields>,
    /// The signed forms that the buyer holds: those, and what the browser was given.
    pub held: Vec<Fields>,
}

/// What a payment can come to; first what costs nothing.
const STATUSES: [&str; 14] = [
    "REFUSED",
    "CAPTURED",
    "AUTHORISED",
    "CANCELLED",
    "ABANDONED",
    "EXPIRED",
    "AUTHORISED_TO_VALIDATE",
    "WAITING_AUTHORISATION",
    "PARTIALLY_AUTHORISED",
    "UNDER_VERIFICATION",
    "CAPTURE_FAILED",
    "INITIAL",
    "CAPTURED",
    "AUTHORISED",
];

/// Pieces that look as if they decided.
const PIECES: [&str; 47] = [
    "x",
    "",
    "0",
    "1",
    "2",
    "7",
    "00",
    "05",
    "17",
    "96",
    "500",
    "10000",
    "4000",
    "978",
    "840",
    "TEST",
    "PRODUCTION",
    "DEBIT",
    "CREDIT",
    "VERIFICATION",
    "CMD-1",
    "CMD-2",
    "PAYMENT",
    "SINGLE",
    "MULTI:first=1;count=2;period=30",
    "MULTI",
    "CB",
    "CAPTURED",
    "AUTHORISED",
    "REFUSED",
    "ABANDONED",
    "PAY",
    "REC",
    "RETRY",
    "BATCH",
    "MERCH_BO",
    "UNITAIRE",
    "RECURRENT_INITIAL",
    "RECURRENT_FINAL",
    "EC",
    "fr",
    SITE,
    "20261122100000",
    "20261121090000",
    "abc123",
    "zzz999",
    "00112233445566778899aabbccddeeff",
];

/// Runs of them, as a whole end of a form.
const RUNS: [&str; 16] = [
    "DEBIT+CMD-2+PAYMENT+SINGLE+00+1",
    "DEBIT+CMD-2+00+1",
    "DEBIT+CMD-2+EC+00+1",
    "DEBIT+CMD-2+x+PAYMENT+SINGLE+EC+00+2",
    "20261122100000+abc123+CAPTURED",
    "20261121090000+zzz999+CAPTURED+00112233445566778899aabbccddeeff+PAY",
    "00112233445566778899aabbccddeeff+PAY",
    "00112233445566778899aabbccddeeff+REC",
    "00+7",
    "00+0",
    "DEBIT+CMD-2+PAYMENT+SINGLE",
    "CREDIT+CMD-1",
    "TEST+978",
    "PAYMENT+SINGLE+EC+20261122100005+00+2",
    "{\"trans_id\":\"abc123\",\"transactions\":[{\"amount\":\"10000\",\"card_brand\":\"CB\",\"sequence_number\":\"1\",\"trans_status\":\"CAPTURED\"}]}",
    "12345678+20261122100000+abc123+CAPTURED",
];

/// Where a buyer types.
const PLACES: [&str; 18] = [
    "vads_card_holder_name",
    "vads_cust_address",
    "vads_cust_city",
    "vads_cust_name",
    "vads_cust_phone",
    "vads_cust_zip",
    "vads_ext_info_a",
    "vads_ext_info_gift",
    "vads_order_info",
    "vads_order_info2",
    "vads_product_label0",
    "vads_product_qty0",
    "vads_product_ref0",
    "vads_ship_to_city",
    "vads_ship_to_name",
    "vads_ship_to_street_number",
    "vads_ship_to_zip",
    "vads_user_info",
];

impl Story {
    /// A payment with as few fields as one can have, of which the browser saw the end.
    pub fn short(status: &str, place: &str, typed: &str) -> Self {
        let kept = [
            "vads_amount",
            "vads_card_brand",
            "vads_ctx_mode",
            "vads_currency",
            "vads_hash",
            "vads_operation_type",
            "vads_order_id",
            "vads_page_action",
            "vads_payment_config",
            "vads_result",
            "vads_sequence_number",
            "vads_site_id",
            "vads_trans_date",
            "vads_trans_id",
            "vads_trans_status",
            "vads_url_check_src",
        ];
        let mut form = Form::single("CMD-1", "abc123", "CB", 4_000, status);
        for (name, _) in Form::single("", "", "", 0, "").fields() {
            if !kept.contains(&name) {
                form = form.without(name);
            }
        }
        let told = form.with(place, typed);
        let shown = told.clone().without("vads_hash").without("vads_url_check_src");
        let typed = match shown.get("vads_ext_info_a") {
            Some(_) => shown,
            None => shown.with("vads_ext_info_a", TYPED_HASH),
        };
        let full = told.clone().with("vads_ext_info_a", TYPED_HASH);
        Self { held: vec![fields(&told), fields(&typed)], told: vec![fields(&full)] }
    }

    /// Any story.
    pub fn roll(dice: &mut Dice) -> Self {
        let dice = &mut dice.part(128);
        let status = *dice.pick(&STATUSES);
        let amount = *dice.pick(&[4_000, 10_000, 500]);
        let mut base = Form::single("CMD-1", "abc123", "CB", amount, status);
        if matches!(status, "ABANDONED" | "CANCELLED") && dice.once_in(2) {
            base = base.without("vads_sequence_number").with("vads_result", "17");
        }
        if status == "PARTIALLY_AUTHORISED" {
            base = base.with("vads_effective_amount", "300");
        }
        let (one, two) = (uuid(&["one"]), uuid(&["two"]));
        let shape = dice.below(8);
        if shape == 7 {
            let shares =
                [Share(&one, "CVCO", amount - 300, "CAPTURED"), Share(&two, "CB", 300, status)];
            base = Form::cascade("CMD-1", "abc123", amount, status, &shares);
        }
        if shape == 6 {
            let first = if amount > 2_000 { *dice.pick(&[300, 2_000]) } else { 300 };
            base = base
                .with("vads_payment_config", &format!("MULTI:first={first};count=3;period=30"))
                .with("vads_occurrence_type", "RECURRENT_INITIAL");
        }
        let browsed = shape != 5;
        if shape == 5 {
            base = base
                .with("vads_url_check_src", "REC")
                .with("vads_subscription", "20261001a7xk2p9ms4tq8w1e5r6t7y0u")
                .with("vads_recurrence_number", "3")
                .with("vads_occurrence_type", "RECURRENT_INTERMEDIAIRE");
        }
        if shape != 7 && dice.once_in(4) {
            base = base.without("vads_trans_uuid");
        }
        // A site names its orders always or never.
        let named = !dice.once_in(8);
        if !named {
            base = base.without("vads_order_id");
        }
        for name in [
            "vads_extra_result",
            "vads_language",
            "vads_action_mode",
            "vads_card_brand",
            "vads_cust_phone",
            "vads_effective_amount",
            "vads_effective_currency",
            "vads_auth_number",
        ] {
            let cascade = shape == 7 && name == "vads_card_brand";
            if dice.once_in(4)
                && !cascade
                && !(status.starts_with("PARTIALLY") && name.contains("effective"))
            {
                base = base.without(name);
            }
        }
        let mut base = typed(base, dice, named, browsed);
        // More than one word of pieces.
        for line in 0..if dice.once_in(12) { 30 } else { 0 } {
            let label = (*dice.pick(&["T-shirt + broche", "1+2", "7", ""])).to_owned();
            base = base.with(&format!("vads_product_label{line}"), &label);
        }

        let mut told = vec![base.clone()];
        let mut held = Vec::new();
        if browsed {
            let shown = base.clone().without("vads_hash");
            let shown = if dice.once_in(4) { shown } else { shown.without("vads_url_check_src") };
            held.push(shown);
            held.push(request(&base, dice));
        }
        if dice.once_in(3) {
            told.push(base.clone().sent_again(dice.pick::<&str>(&["RETRY", "BO"])));
        }
        let follows = named && shape < 5 && base.get("vads_trans_uuid").is_some();
        if follows && dice.once_in(2) {
            let own = base.get("vads_trans_uuid").unwrap().to_owned();
            let share =
                Share(&own, "CB", amount, if status == "AUTHORISED" { "CAPTURED" } else { status });
            let source = *dice.pick(&["BATCH", "MERCH_BO", "BATCH_AUTO"]);
            let sequence = base.get("vads_sequence_number").map_or(1, |n| n.parse().unwrap());
            let news = Form::follow_up("CMD-1", "abc123", sequence, source, share);
            told.push(typed(news, dice, named, false));
            if dice.once_in(2) {
                let back = Form::refund("CMD-1", "abc123", &two, "CB", 300, "CAPTURED");
                told.push(typed(back, dice, named, false));
            }
        }
        // Another payment of the same order, so that there are two shares to confuse.
        if named && dice.once_in(2) {
            let other = Form::single(
                "CMD-1",
                "zzz999",
                "CB",
                6_000,
                dice.pick::<&str>(&["CAPTURED", "REFUSED"]),
            )
            .with("vads_trans_date", "20261121090000")
            .with("vads_trans_uuid", "00112233445566778899aabbccddeeff");
            told.push(other);
        }
        held.extend(told.iter().cloned());
        // Somebody else's order, which was not paid.
        if named {
            told.push(Form::single("CMD-2", "vic001", "CB", 10_000, "REFUSED"));
        }
        Self { told: told.iter().map(fields).collect(), held: held.iter().map(fields).collect() }
    }
}

/// What the shop asked of the gateway, in the buyer's browser: signed with the same key.
fn request(paid: &Form, dice: &mut Dice) -> Form {
    let asked = [
        "vads_action_mode",
        "vads_amount",
        "vads_capture_delay",
        "vads_ctx_mode",
        "vads_currency",
        "vads_cust_",
        "vads_ext_info",
        "vads_language",
        "vads_order_",
        "vads_page_action",
        "vads_payment_config",
        "vads_product_",
        "vads_ship_to_",
        "vads_site_id",
        "vads_trans_date",
        "vads_trans_id",
        "vads_validation_mode",
        "vads_version",
    ];
    let mut form = paid.clone();
    for (name, _) in paid.fields() {
        if !asked.iter().any(|known| name.starts_with(known)) {
            form = form.without(name);
        }
    }
    if dice.once_in(2) {
        form = form.with("vads_url_return", "https://shop.example/back");
    }
    if dice.once_in(4) {
        form = form.with("vads_user_info", "Boutique Démo");
    }
    // A token is asked for without an amount, perhaps without an id.
    if dice.once_in(6) {
        form = form.with("vads_page_action", "REGISTER").without("vads_amount");
        form = form.without("vads_currency").without("vads_payment_config");
    }
    if dice.once_in(6) {
        form = form.without("vads_trans_id");
    }
    if dice.once_in(2) {
        let head = *dice.pick(&["", "10000+TEST+978+"]);
        let order = *dice.pick(&["CMD-1", "CMD-2"]);
        let rest = *dice.pick(&["PAYMENT+SINGLE+EC+00+1", "00+1", "EC+00+1"]);
        let source = *dice.pick(&["PAY", "REC", "BATCH"]);
        let end = format!("{SITE}+20261122100000+abc123+CAPTURED+{source}");
        let typed = format!("{head}{TYPED_HASH}+DEBIT+{order}+{rest}+{end}");
        form = form.with(dice.pick::<&str>(&["vads_cust_name", "vads_cust_zip"]), &typed);
    }
    form
}

/// With what the buyer typed. `browsed`: its end is shown to the browser, and can do with a hash.
fn typed(mut form: Form, dice: &mut Dice, named: bool, browsed: bool) -> Form {
    if browsed && !dice.once_in(8) {
        let around = *dice.pick(&["", "x+", "+"]);
        let behind = *dice.pick(&["", "", "++fr", "+fr", "+fr+RECURRENT_FINAL", "+x"]);
        let place = *dice.pick(&["vads_ext_info_z", "vads_ext_info_z", "vads_cust_name"]);
        form = form.with(place, &format!("{around}{TYPED_HASH}{behind}"));
    }
    for _ in 0..dice.below(4) {
        let mut text = if dice.once_in(3) {
            (*dice.pick(&RUNS)).to_owned()
        } else {
            let pieces: Vec<&str> = (0..=dice.below(4)).map(|_| *dice.pick(&PIECES)).collect();
            pieces.join("+")
        };
        // Calls to the server alone are not shown to buyers; see the premise about their plan.
        if !browsed || form.get("vads_url_check_src") != Some("PAY") {
            text = text.replace("MULTI:", "MULTI");
        }
        let place = *dice.pick(&PLACES);
        // Nobody types a card holder's name into a payment that was left.
        let left = matches!(form.get("vads_trans_status"), Some("ABANDONED" | "CANCELLED"));
        if left && place == "vads_card_holder_name" {
            continue;
        }
        // A site that names no order leaves what stands in the place of its name to itself.
        if named || !place.starts_with("vads_order_info") {
            form = form.with(place, &text);
        }
    }
    form
}
