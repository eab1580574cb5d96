//! From a verified Lyra notification to facts.

use super::cascade;
use super::form::Form;
use super::head::Head;
use super::payment_id::TransId;
use super::reading;
use super::rest;
use super::signature::{SignedText, Verified};
use super::status::meaning;
use super::transaction::{Beside, list, secured};
use quittance_core::fact::{Fact, Kind, ShareFact, Standing, Status};
use quittance_core::key::Account;
use quittance_core::limits::MAX_WORD_BYTES;
use quittance_core::statement::{Reading, Reason, Statement, Unreadable};
use quittance_core::text::beginning;

/// Reads a verified notification of either format. `extra_names` are `vads_` fields beyond the
/// documented ones that this merchant's forms carry.
pub fn read(verified: &Verified<'_>, extra_names: &[String]) -> Reading {
    let Verified { text, account } = verified;
    match text {
        SignedText::Form(form) => read_form(form, account, extra_names).into(),
        SignedText::Answer(answer) => rest::read(answer, account).into(),
    }
}

fn read_form(
    form: &Form<'_>,
    account: &Account,
    extra_names: &[String],
) -> Result<Statement, Unreadable> {
    let head = Head::of(form)?;
    let cascade = head.is_cascade();
    let pseudo = !cascade && head.is_multi();
    let mut doubt = pseudo.then_some("MULTI without sequence number 0");
    let mut beside = Beside::default();
    let mut shares = Vec::new();
    if let Some(list) = head.list {
        let elements = cascade::read(list)?;
        for element in &elements {
            shares.push(head.share(element).stated(&mut beside)?);
        }
        let alone = "vads_payment_seq without MULTI and sequence number 0";
        doubt = doubt
            .or_else(|| (!cascade).then_some(alone))
            .or_else(|| cascade_contradiction(&head, &elements, &shares));
    } else if cascade {
        return Err(Unreadable::new("MULTI without vads_payment_seq"));
    } else {
        doubt = doubt.or_else(|| head.result_contradiction(form));
        shares.push(head.transaction(form).stated(&mut beside)?);
    }
    let Beside { reasons, details } = beside;
    let about = about(&head, &shares, &reasons);
    let mut facts = Vec::with_capacity(shares.len() + 1);
    facts.extend(shares.into_iter().map(|share| Fact::Share(Box::new(share))));
    facts.extend(head.total().map(Fact::Total));
    let mut statement = Statement {
        key: head.key(account)?,
        aliases: Vec::new(),
        follows: head.is_follow_up(),
        facts,
        standing: Standing::Sound,
        doubt: None,
        reasons,
        details,
        session_seconds: super::SESSION_SECONDS,
        about,
    };
    if let Some(doubt) = doubt {
        statement.doubt(Standing::Contradictory, doubt);
    }
    if let Err(why) = reading::single(form, extra_names) {
        statement.doubt(Standing::Respellable, why);
        // Whoever respelt it chose the codes too: they must not explain a share that others state.
        statement.reasons.clear();
        statement.details.clear();
    }
    // A respelt form may name another order's payment: only a sound one may join names. The name of a
    // refund is its own and not that of the payment it gives back.
    if statement.standing == Standing::Sound && !statement.is_credit() {
        let alias = head.by_payment(account)?;
        statement.aliases.extend((alias != statement.key).then_some(alias));
    }
    Ok(statement)
}

/// Why a cascade contradicts itself, if it does. The shares decide; the top level is a cross-check,
/// and when it says that all is lost while the shares say that all is paid, nobody knows.
/// (lyra.md 4.4)
fn cascade_contradiction(
    head: &Head<'_>,
    elements: &[cascade::Element<'_>],
    shares: &[ShareFact],
) -> Option<&'static str> {
    let lost = matches!(
        meaning(head.status, Kind::Debit).0,
        Status::Refused | Status::Cancelled | Status::Expired
    );
    let foreign = |element: &cascade::Element<'_>| {
        element.trans_id.as_deref().and_then(TransId::parse).is_some_and(|id| id != head.trans_id)
    };
    let twice =
        |share: &ShareFact| shares.iter().any(|other| other.share == share.share && other != share);
    if lost && secured(shares) >= head.amount {
        Some("the cascade ended without success although its shares cover it")
    } else if elements.iter().any(foreign) {
        Some("a share of the cascade has another trans_id")
    } else if shares.iter().any(twice) {
        Some("a share of the cascade is listed twice with different contents")
    } else {
        None
    }
}

/// One line about a form, for people.
fn about(head: &Head<'_>, shares: &[ShareFact], reasons: &[Reason]) -> String {
    let source = head.source.unwrap_or("notification");
    let source = beginning(source, MAX_WORD_BYTES);
    let mut line = String::with_capacity(USUAL_LINE_BYTES);
    line.extend([source, ": "]);
    if shares.len() != 1 {
        line.extend([beginning(head.status, MAX_WORD_BYTES), ", "]);
        line.push_str(&shares.len().to_string());
        line.push_str(" shares: ");
    }
    list(&mut line, shares, reasons);
    line
}

/// Room for most lines.
const USUAL_LINE_BYTES: usize = 128;
