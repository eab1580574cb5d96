//! What a merchant can do with the money of a payment at Worldline. (worldline.md 5)

use quittance_core::rules::{
    Memory, MethodRule, Preference, Purse, Refundable, Rules, Stage, StageRule, Target, Terms,
};
use quittance_core::view::VOUCHER_REFUND_SECONDS;

/// For how long a call's idempotence key is kept at least, in seconds.
const KEY_SECONDS: u64 = 24 * 60 * 60;

const CARD: Terms = Terms {
    purse: Purse::Card,
    refund: Refundable::Parts,
    window_seconds: None,
    source: "contract of the API: any part, one after the other",
};

const VOUCHER: Terms = Terms {
    purse: Purse::Voucher,
    refund: Refundable::Parts,
    window_seconds: None,
    source: "plugin-magento-core: one call for each share; no limit in time is known",
};

const CVCO: Terms = Terms {
    window_seconds: Some(VOUCHER_REFUND_SECONDS),
    source: "CAWL's page of product 5412",
    ..VOUCHER
};

const MEAL_VOUCHER: Terms = Terms {
    refund: Refundable::Never,
    source: "the contract of this project: cancelled before capture, never refunded",
    ..VOUCHER
};

/// A redirect product without its number may be the voucher: right whichever it is.
const REDIRECT: Terms = Terms { source: "may be product 5412", ..CVCO };

macro_rules! stages {
    ($($code:literal $stage:ident $source:literal;)*) => {
        &[$(StageRule { code: Some($code), word: None, stage: Stage::$stage, source: $source }),*]
    };
}

/// The rules.
pub(super) static RULES: Rules = Rules {
    methods: &[
        MethodRule { method: "CVCO", is_family: false, terms: CVCO },
        MethodRule { method: "MEAL_VOUCHER", is_family: false, terms: MEAL_VOUCHER },
        MethodRule { method: "card", is_family: true, terms: CARD },
        MethodRule { method: "mobile", is_family: true, terms: CARD },
        MethodRule { method: "redirect", is_family: true, terms: REDIRECT },
    ],
    test_suffix: "",
    vouchers: VOUCHER,
    others: CARD,
    stages: stages! {
         5 Held      "status table: authorised";
        63 HeldAgain "status table: cancellation refused, stays authorised";
        93 HeldAgain "status table: capture refused, stays authorised";
        50 Moving    "status table: waiting for an external or fraud check";
        51 Moving    "status table: authorisation waiting";
        52 Moving    "status table: authorisation uncertain";
         4 Moving    "status table: capture asked for";
        91 Moving    "status table: capture processing";
        92 Moving    "status table: capture uncertain";
        99 Moving    "status table: capture being processed";
        61 Moving    "status table: cancellation waiting";
        62 Moving    "status table: cancellation uncertain";
    },
    // Operations keep taking the id of the first one.
    target: Target { suffix: "_0", hex_digits: None },
    preference: Preference::CardFirst,
    cancels_uncaptured: false,
    captures_parts: true,
    capture_is_order: false,
    states_totals: true,
    waits_for_sight: true,
    memory: Memory::Keys { seconds: KEY_SECONDS },
};
