//! `docs/status-tables.md` is what the code's own tables say. This test writes it when
//! `QUITTANCE_UPDATE_DOCS` is set, and otherwise fails when the file is stale.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::PathBuf;

use quittance_core::fact::{Facts, Payer, Rank, Total};
use quittance_core::fold::fold;
use quittance_core::{
    Currency, Fact, Flag, Kind, Meaning, Policy, Said, ShareFact, Standing, State, Status,
};
use quittance_psp::lyra::brands::{BRANDS, DEFAULT_BRAND};
use quittance_psp::lyra::results::{self, Code};
use quittance_psp::{lyra, worldline};

#[test]
fn the_status_tables_are_current() {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/status-tables.md");
    let current = page();
    if std::env::var_os("QUITTANCE_UPDATE_DOCS").is_some() {
        std::fs::write(&file, &current).unwrap();
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        committed == current,
        "docs/status-tables.md is stale: \
         QUITTANCE_UPDATE_DOCS=1 cargo test -p quittance-psp --test it docs"
    );
}

fn page() -> String {
    let mut page = String::from(
        "# Status tables\n\n\
         Generated from the code by `QUITTANCE_UPDATE_DOCS=1 cargo test -p quittance-psp --test it docs`; \
         CI compares.\n\n\
         Of several facts about one share the one with the highest rank holds; 100 is final. Words and \
         numbers that are not listed are kept as `unknown`, flagged, and never complete an order.\n\n",
    );
    worldline_table(&mut page);
    lyra_table(&mut page);
    lyra_results(&mut page);
    lyra_brands(&mut page);
    states(&mut page);
    flags(&mut page);
    page
}

fn worldline_table(page: &mut String) {
    page.push_str(
        "## Worldline Direct / CAWL\n\n\
         `statusOutput.statusCode` with the `status` words that agree with it. Where number and word \
         disagree, or where one is missing while money is taken, reserved or given back, the share is \
         `pending` and the order `ambiguous`. `any` is any word that does not say that money moved. \
         `CHARGEBACKED` stands for itself whatever the number.\n\n\
         | number | word | of | share | rank | meaning |\n|---|---|---|---|---|---|\n",
    );
    for row in worldline::ROWS {
        let side = match row.side {
            worldline::Side::Debit => "payment",
            worldline::Side::Credit => "refund",
        };
        let words = if row.words.is_empty() { "any".to_owned() } else { row.words.join(", ") };
        let _ = writeln!(
            page,
            "| {} | {words} | {side} | `{}` | {} | {} |",
            row.code,
            word(row.status),
            row.rank,
            row.meaning
        );
    }
    page.push_str(
        "\nMethods of payment products; vouchers, whose captured payment may be only a part, are marked.\n\n\
         | product | method | voucher |\n|---|---|---|\n",
    );
    for product in 0..10_000 {
        let Some(name) = worldline::product_name(product) else { continue };
        let voucher = if worldline::is_voucher_product(product) { "yes" } else { "" };
        let _ = writeln!(page, "| {product} | {name} | {voucher} |");
    }
}

fn lyra_table(page: &mut String) {
    page.push_str(
        "\n## Lyra: Systempay and its sister brands\n\n\
         `vads_trans_status` (form) and `detailedStatus` (REST) of a debit. A credit is `refunded` when \
         CAPTURED and `pending` while AUTHORISED; a verification is never more than `accepted`.\n\n\
         | word | share | rank | meaning |\n|---|---|---|---|\n",
    );
    for row in lyra::ROWS {
        let status = word(row.status);
        let _ = writeln!(page, "| {} | `{status}` | {} | {} |", row.word, row.rank, row.meaning);
    }
}

fn lyra_results(page: &mut String) {
    page.push_str(
        "\n### Why: result codes\n\n\
         They explain a status, in the line about a notification and in the order's `explanation`, and \
         decide nothing. One exception: a payment that is CAPTURED or AUTHORISED beside a `vads_result` \
         other than 00 contradicts itself and is held (not a cascade). All lists are open: a code that is not listed is shown as it is.\n",
    );
    let mut table = |title: &str, note: &str, codes: &[Code]| {
        let _ = write!(page, "\n**{title}**{note}\n\n| code | says |\n|---|---|\n");
        for row in codes {
            let _ = writeln!(page, "| {} | {} |", row.code, row.words);
        }
    };
    table("`vads_result`", "", results::RESULTS);
    let note =
        " beside a `vads_result` of 00 or 05, and in a share of a cascade: the shop's risk checks";
    table("`vads_extra_result`", note, results::RISKS);
    let note = " beside a `vads_result` of 30: the malformed field";
    table("`vads_extra_result`", note, results::FIELDS);
    for method in results::METHODS {
        let brands = method.brands.join(", ");
        let note = format!(" and REST `authorizationResult`: {} ({brands})", method.name);
        table("`vads_auth_result`", &note, method.codes);
    }
    table("REST `errorCode`", "", results::ERRORS);
    table("REST `errorCode`, any other", ": by what is before its `_`", results::LAYERS);
}

fn lyra_brands(page: &mut String) {
    let _ = write!(
        page,
        "\n### Brands and hosts\n\n\
         `quittance brands` prints them. A site of `QUITTANCE_SYSTEMPAY_KEYS` names its brand with \
         `\"brand\": \"<id>\"`, else it is `{DEFAULT_BRAND}`; \
         `\"brand\": {{\"name\": \"…\", \"back_office\": \"<host>\", \"rest\": \"<host>\"}}` says other hosts. \
         No host is derived from another, and an inferred one is used only where it is configured.\n\n\
         | id | name | form and Back Office | REST | source |\n|---|---|---|---|---|\n"
    );
    for brand in BRANDS {
        let inferred = if brand.rest_inferred { " (inferred)" } else { "" };
        let _ = writeln!(
            page,
            "| `{}` | {} | {} | {}{inferred} | {} |",
            brand.id,
            brand.name,
            brand.back_office.unwrap_or("not known"),
            brand.rest.unwrap_or("not known"),
            brand.source
        );
    }
}

/// The states with the transitions that adding one fact can make, found by trying: an order of 100.00
/// in two shares, every subset of what can be stated about them.
fn states(page: &mut String) {
    page.push_str("\n## States of an order\n\n| state | when (the first that fits) |\n|---|---|\n");
    let rules: BTreeMap<State, &str> = BTreeMap::from([
        (State::ChargedBack, "a chargeback is final"),
        (State::Refunded, "refunded ≥ captured > 0"),
        (State::PartiallyRefunded, "refunded > 0"),
        (State::Captured, "captured ≥ expected > 0"),
        (State::PartiallyCaptured, "captured > 0"),
        (State::Authorised, "authorised ≥ expected > 0"),
        (State::Pending, "a share is open, or what the order costs is not known"),
        (State::Refused, "the last attempt was refused"),
        (State::Cancelled, "the last attempt was cancelled or abandoned"),
        (State::Expired, "the last attempt expired"),
    ]);
    let order = [
        State::ChargedBack,
        State::Refunded,
        State::PartiallyRefunded,
        State::Captured,
        State::PartiallyCaptured,
        State::Authorised,
        State::Pending,
        State::Refused,
        State::Cancelled,
        State::Expired,
    ];
    assert_eq!(order.len(), State::ALL.len());
    for state in order {
        let _ = writeln!(page, "| `{}` | {} |", state.as_str(), rules[&state]);
    }
    page.push_str(
        "\nWhat one more fact can do to an order of two shares:\n\n```mermaid\nstateDiagram-v2\n",
    );
    let _ = writeln!(page, "    [*] --> {}", State::Pending.as_str());
    for (from, to) in transitions() {
        let _ = writeln!(page, "    {} --> {}", from.as_str(), to.as_str());
    }
    page.push_str("```\n");
}

fn transitions() -> BTreeSet<(State, State)> {
    let share = |name: &str, kind, amount, status, rank: u8| {
        let meaning = Meaning {
            status,
            rank: Rank(rank),
            worth: amount,
            payer: Payer::Complement,
            doubt: None,
        };
        let fact = ShareFact::new(name.to_owned(), kind, amount, euro(), Said::default());
        Fact::share(ShareFact { meaning, ..fact })
    };
    let mut universe = Vec::new();
    for (name, amount) in [("a", 6_000), ("b", 4_000)] {
        for (status, rank) in [
            (Status::Authorised, 30),
            (Status::Expired, 48),
            (Status::Cancelled, 50),
            (Status::Refused, 51),
            (Status::Captured, 100),
        ] {
            universe.push(share(name, Kind::Debit, amount, status, rank));
        }
    }
    universe.push(share("r", Kind::Credit, 6_000, Status::Refunded, 100));
    universe.push(share("s", Kind::Credit, 4_000, Status::Refunded, 100));
    universe.push(share("c", Kind::Credit, 6_000, Status::ChargedBack, 100));
    let total = Fact::Total(Total {
        amount: Some(10_000),
        first_instalment: None,
        largest_instalment: None,
        of: None,
        currency: euro(),
    });
    let state = |subset: u32| {
        let mut facts = Facts::default();
        facts.add(total.clone(), Standing::Sound);
        for (at, fact) in universe.iter().enumerate() {
            if subset & (1 << at) != 0 {
                facts.add(fact.clone(), Standing::Sound);
            }
        }
        fold(&facts, None, Policy::default()).state
    };
    let states: Vec<State> = (0..1 << universe.len()).map(state).collect();
    let mut found = BTreeSet::new();
    for (subset, from) in states.iter().enumerate() {
        for at in 0..universe.len() {
            let to = states[subset | (1 << at)];
            if *from != to {
                found.insert((*from, to));
            }
        }
    }
    found
}

fn flags(page: &mut String) {
    page.push_str("\n## Flags\n\n| flag | means |\n|---|---|\n");
    for flag in Flag::ALL {
        let means = match flag {
            Flag::Ambiguous => "the evidence does not decide: held until the provider is asked",
            Flag::AmountMismatch => {
                "different amounts are stated for the order, and the largest is not covered"
            }
            Flag::CurrencyMismatch => "amounts in more than one currency: held",
            Flag::Overpaid => "more was captured than the order costs",
            Flag::StrandedVoucher => {
                "a voucher was taken, and its complement was neither taken nor reserved within the session"
            }
            Flag::UnknownStatus => "a share has a status that no table knows",
            Flag::OverRefunded => {
                "more was given back than was taken, of the order or of one of its shares"
            }
            Flag::Unconfirmed => {
                "notifications cover the order, and the provider itself has not said so yet (`QUITTANCE_CONFIRM=ask`)"
            }
            Flag::GivenUp => {
                "nothing was settled within 35 days: the provider is not asked any more"
            }
        };
        let _ = writeln!(page, "| `{}` | {means} |", flag.as_str());
    }
}

fn word(status: Status) -> String {
    serde_json::to_value(status).unwrap().as_str().unwrap().to_owned()
}

fn euro() -> Currency {
    Currency::from_alpha("EUR").unwrap()
}
