//! What became of a line, as the facts show it after its call: each case a story of one line.

use quittance_core::api::{Effect, Trouble, TroubleKind};
use quittance_core::desk::{Answer, Content, Desk, Line, LineState, New};
use quittance_core::{Provider, ShareFact};
use quittance_psp::lyra::Lyra;
use quittance_psp::worldline::Worldline;

use super::purchase::{after, credit, eur, operation, order, tell, transaction, uuid};

fn capture() -> Content {
    Content::Capture { amount: None, currency: eur() }
}

/// One line whose call was made when the facts were these, and came to this.
struct Called {
    provider: &'static dyn Provider,
    before: Vec<ShareFact>,
    content: Content,
    effect: Effect,
}

fn lost() -> Effect {
    Effect::Uncertain(Trouble { kind: TroubleKind::Unreachable, why: "no answer".to_owned() })
}

fn taken(psp_id: Option<&str>) -> Effect {
    Effect::Taken { psp_id: psp_id.map(str::to_owned) }
}

impl Called {
    /// The line once these facts came, too.
    #[track_caller]
    fn then(&self, facts: &[ShareFact]) -> Line {
        let Self { provider, before, content, effect } = self;
        let mut order = order(*provider, before);
        let (rules, mut desk) = (provider.rules(), Desk::default());
        let new = New { request: "R", content: *content };
        assert_eq!(desk.request(&order, rules, new, after(60)), Answer::Planned);
        let intent = desk.intend(&order, rules, after(60)).unwrap();
        desk.effect(&intent, effect, true, rules);
        tell(&mut order, *provider, facts, 61);
        desk.look(&order, rules, after(62));
        let mut lines = desk.requests()[0].lines.iter();
        lines.find(|line| line.intent == intent).unwrap().clone()
    }

    /// What the facts show: how it ended, or nothing.
    #[track_caller]
    fn shows(&self, facts: &[ShareFact]) -> Option<LineState> {
        let line = self.then(facts);
        line.seen.then_some(line.state)
    }
}

fn at_lyra(status: &str) -> Vec<ShareFact> {
    vec![transaction("a", "CB", 8, status)]
}

fn lyra(content: Content, effect: Effect) -> Called {
    Called { provider: &Lyra, before: at_lyra("AUTHORISED_TO_VALIDATE"), content, effect }
}

fn payment(code: u64) -> ShareFact {
    operation("1_0", "VISA", code, 8, 8)
}

fn part(number: u64, code: u64, amount: u64) -> ShareFact {
    operation(&format!("1_{number}"), "VISA", code, amount, amount)
}

fn worldline(content: Content, before: &[ShareFact], psp_id: Option<&str>) -> Called {
    Called { provider: &Worldline, before: before.to_vec(), content, effect: taken(psp_id) }
}

#[test]
fn a_cancellation_is_shown_by_what_the_share_became() {
    use LineState::{Done, Refused};
    let cancelled = lyra(Content::Cancellation, lost());
    for (status, shown) in [
        ("AUTHORISED_TO_VALIDATE", None),
        ("CANCELLED", Some(Done)),
        ("EXPIRED", Some(Done)),
        ("REFUSED", Some(Refused)),
        // The capture came first.
        ("CAPTURED", Some(Refused)),
    ] {
        assert_eq!(cancelled.shows(&at_lyra(status)), shown, "{status}");
    }
    let whole = worldline(Content::Cancellation, &[payment(5)], Some("1_0"));
    let again = worldline(Content::Cancellation, &[payment(5), payment(63)], Some("1_0"));
    for (code, shown) in [(5, None), (61, None), (6, Some(Done)), (63, Some(Refused))] {
        assert_eq!(whole.shows(&[payment(code)]), shown, "{code}");
    }
    // A failure from before tells nothing of this call.
    assert_eq!(again.shows(&[]), None);
    // The rest, after a part was captured.
    let before = [payment(5), part(1, 9, 3)];
    let rest = worldline(Content::Cancellation, &before, Some("1_0"));
    assert_eq!(rest.shows(&[]), None);
    assert_eq!(rest.shows(&[part(2, 9, 2)]), Some(Refused));
    assert_eq!(rest.shows(&[part(2, 6, 5)]), Some(Done));
}

/// A part that was to be captured before may be taken after the rest was to be given up: it tells nothing of the rest.
#[test]
fn a_capture_of_another_part_does_not_defeat_a_cancellation() {
    use LineState::{Done, Refused};
    let before = [payment(5), part(1, 91, 3)];
    let rest = worldline(Content::Cancellation, &before, Some("1_2"));
    assert_eq!(rest.then(&[]).amount, 5);
    assert_eq!(rest.shows(&[part(1, 9, 3)]), None);
    assert_eq!(rest.shows(&[part(1, 9, 3), part(2, 6, 5)]), Some(Done));
    assert_eq!(rest.shows(&[part(1, 9, 3), part(2, 63, 5)]), Some(Refused));
    // More was taken than that part.
    assert_eq!(rest.shows(&[part(1, 9, 3), part(3, 9, 5)]), Some(Refused));
}

#[test]
fn a_capture_is_shown_by_what_the_share_became() {
    use LineState::{Done, Refused};
    let captured = lyra(capture(), lost());
    for (status, shown) in [
        ("AUTHORISED_TO_VALIDATE", None),
        // The provider takes it by itself from here on.
        ("AUTHORISED", Some(Done)),
        ("CAPTURED", Some(Done)),
        ("CANCELLED", Some(Refused)),
        ("REFUSED", Some(Refused)),
        ("EXPIRED", Some(Refused)),
    ] {
        assert_eq!(captured.shows(&at_lyra(status)), shown, "{status}");
    }
    // What is accepted there is over.
    let accepted = lyra(capture(), taken(Some(&uuid("a"))));
    assert_eq!(accepted.shows(&[]), Some(Done));
    for psp_id in [None, Some("1_0")] {
        let whole = worldline(capture(), &[payment(5)], psp_id);
        for (code, shown) in
            [(5, None), (91, None), (9, Some(Done)), (93, Some(Refused)), (6, Some(Refused))]
        {
            assert_eq!(whole.shows(&[payment(code)]), shown, "{psp_id:?} {code}");
        }
        let again = worldline(capture(), &[payment(5), payment(93)], psp_id);
        assert_eq!(again.shows(&[]), None);
    }
    // Another capture of the same payment is none of it.
    let second = worldline(capture(), &[payment(5), part(1, 9, 3)], Some("1_2"));
    assert_eq!(second.shows(&[]), None);
    assert_eq!(second.shows(&[part(2, 91, 5)]), Some(LineState::Sent));
    assert_eq!(second.shows(&[part(2, 9, 5)]), Some(Done));
}

/// Where the provider's id is not known, a refund is the only new credit of its amount that no other line made.
#[test]
fn a_refund_is_shown_by_a_new_credit_of_its_amount() {
    let back = |id: &str, amount| credit(id, "a", amount, "CAPTURED");
    let content = Content::Refund { amount: 2, currency: eur() };
    let mut before = at_lyra("CAPTURED");
    before.push(back("d1", 2));
    let refund = Called { provider: &Lyra, before, content, effect: lost() };
    assert_eq!(refund.shows(&[]), None);
    assert_eq!(refund.shows(&[back("d2", 3)]), None);
    let line = refund.then(&[back("d2", 3), back("d3", 2)]);
    assert_eq!((line.state, line.psp_id), (LineState::Done, Some(uuid("d3"))));
    let line = refund.then(&[back("d2", 2), back("d3", 2)]);
    assert_eq!((line.state, line.psp_id), (LineState::Uncertain, None));
}
