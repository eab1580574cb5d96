//! From a verified Lyra notification to facts.

use super::cascade;
use super::form::Form;
use super::head::Head;
use super::payment_id::TransId;
use super::reading;
use super::rest;
use super::signature::{SignedText, Verified};
use super::status::meaning;
use super::transaction::{Beside, secured};
use super::words;
use quittance_core::Remark;
use quittance_core::fact::{Fact, Kind, ShareFact, Standing, Status};
use quittance_core::key::Account;
use quittance_core::statement::{Reading, Statement, Unreadable};

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
    let mut doubt = pseudo.then_some(words::MULTI_ALONE);
    let mut beside = Beside::default();
    let shares = if let Some(list) = head.list {
        let elements = cascade::read(list)?;
        let stated = |element| head.share(element).stated(&mut beside);
        let shares: Vec<ShareFact> = elements.iter().map(stated).collect::<Result<_, _>>()?;
        doubt = doubt
            .or_else(|| (!cascade).then_some(words::LIST_ALONE))
            .or_else(|| cascade_contradiction(&head, &elements, &shares));
        shares
    } else if cascade {
        return Err(Unreadable::new("MULTI without vads_payment_seq"));
    } else {
        vec![head.transaction(form).stated(&mut beside)?]
    };
    let Beside { reasons, details } = beside;
    let event = Remark::new(words::FORM, [head.source.unwrap_or("notification"), head.status]);
    let mut facts = Vec::with_capacity(shares.len() + 1);
    facts.extend(shares.into_iter().map(Fact::share));
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
        event,
    };
    if let Some(doubt) = doubt {
        statement.lower(Standing::Contradictory, Remark::plain(doubt));
    }
    if let Err(why) = reading::single(form, extra_names) {
        statement.lower(Standing::Respellable, why);
        // Whoever respelt it chose the codes too: they must not explain a share that others state.
        statement.reasons.clear();
        statement.details.clear();
    }
    // A respelt form may name another order's payment: only a sound one may join names. The name of a
    // refund is its own and not that of the payment it gives back.
    if statement.standing().is_sound() && !statement.is_credit() {
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
        Some(words::LOST_BUT_COVERED)
    } else if elements.iter().any(foreign) {
        Some(words::FOREIGN_SHARE)
    } else if shares.iter().any(twice) {
        Some(words::SHARE_TWICE)
    } else {
        None
    }
}
