//! What a merchant can do with the money of a payment at Lyra. (lyra.md 8)

use quittance_core::rules::{
    Memory, MethodRule, Preference, Purse, Refundable, Rules, Stage, StageRule, Target, Terms,
};

const CARD: Terms = Terms {
    purse: Purse::Card,
    refund: Refundable::Parts,
    window_seconds: None,
    source: "SP playground/Transaction/CancelOrRefund",
};

/// No page says in how many parts gift cards are given back: whole is right in any case.
const VOUCHER: Terms = Terms {
    purse: Purse::Voucher,
    refund: Refundable::Whole,
    window_seconds: None,
    source: "PZ payment-method/cvconnect/technical-details: no partial refund",
};

const MEAL_VOUCHER: Terms = Terms {
    refund: Refundable::Never,
    source: "SP payment-method/conecs/canceling-a-transaction",
    ..VOUCHER
};

macro_rules! methods {
    ($($method:literal $terms:ident;)*) => {
        &[$(MethodRule { method: $method, is_family: false, terms: $terms }),*]
    };
}

macro_rules! stages {
    ($($word:literal $stage:ident;)*) => {
        &[$(StageRule {
            code: None, word: Some($word), stage: Stage::$stage,
            source: "SP playground/Transaction/Cancel, playground/Transaction/Validate",
        }),*]
    };
}

/// The rules.
pub(super) static RULES: Rules = Rules {
    methods: methods! {
        "CVCO" VOUCHER;
        "CONECS" MEAL_VOUCHER;
        "APETIZ" MEAL_VOUCHER;
        "CHQ_DEJ" MEAL_VOUCHER;
        "SODEXO" MEAL_VOUCHER;
        "EDENRED" MEAL_VOUCHER;
        "EDENRED_TR" MEAL_VOUCHER;
        "EDENRED_EC" MEAL_VOUCHER;
        "EDENRED_SC" MEAL_VOUCHER;
        "EDENRED_TC" MEAL_VOUCHER;
        "EDENRED_CC" MEAL_VOUCHER;
    },
    test_suffix: "_SB",
    vouchers: VOUCHER,
    others: CARD,
    stages: stages! {
        "AUTHORISED_TO_VALIDATE" Held;
        "WAITING_AUTHORISATION_TO_VALIDATE" Held;
        "WAITING_AUTHORISATION" Due;
        "AUTHORISED" Due;
        "PRE_AUTHORISED" Moving;
        "UNDER_VERIFICATION" Moving;
        "CAPTURE_PENDING" Moving;
        "SUSPENDED" Moving;
    },
    // The uuid of the transaction.
    target: Target { suffix: "", hex_digits: Some(32) },
    preference: Preference::FewestLines,
    cancels_uncaptured: true,
    captures_parts: false,
    capture_is_order: true,
    states_totals: false,
    waits_for_sight: false,
    memory: Memory::None,
};
