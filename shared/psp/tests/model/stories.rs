//! What is told: real messages through the real verification, and beside each, by hand, what money it tells of.

use quittance_core::{Order, OrderKey, Statement};
use quittance_testing::lyra::{Form, Share};
use quittance_testing::read::{read_lyra, read_worldline, statement};
use quittance_testing::worldline::{Payment, refund};
use serde_json::{Value, json};

/// A place where money lies, and how much of it a message says was taken, in cents.
type Took = (&'static str, u64);

/// A notification.
#[derive(Clone)]
pub(crate) struct Message {
    pub(crate) statement: Statement,
    took: Vec<Took>,
    /// What it says went back.
    back: u64,
}

/// What the merchant's program says an order costs.
pub(crate) struct Registration {
    pub(crate) key: OrderKey,
    pub(crate) amount: u64,
}

/// What a story comes to, where nothing moves any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ends {
    /// What its messages come to one after the other, in some order.
    AsToldInTurn,
    /// That, as soon as its messages are told once more: of two deliveries of one message one may be answered, and the
    /// other die where it has led a name away. The name leads back with the next message of its payment.
    AsToldOnceMore,
    /// Something else, too: a failure that is named and not stored yet holds the payment that has its id, which is then
    /// in doubt for a person.
    Anyhow,
}

/// Notifications of one purchase, or of what looks like one.
pub(crate) struct Story {
    pub(crate) name: &'static str,
    pub(crate) messages: Vec<Message>,
    pub(crate) registration: Option<Registration>,
    /// What each order costs.
    cost: u64,
    pub(crate) ends: Ends,
    /// How many releases the money is enough for.
    pub(crate) releases: usize,
}

impl Message {
    fn of(mut statement: Statement, took: &[Took], back: u64) -> Self {
        // They decide nothing.
        statement.details.clear();
        Self { statement, took: took.to_vec(), back }
    }
}

impl Story {
    fn new(name: &'static str, messages: Vec<Message>) -> Self {
        Self {
            name,
            messages,
            registration: None,
            ends: Ends::AsToldInTurn,
            cost: AMOUNT,
            releases: 1,
        }
    }

    fn registers(self, message: usize) -> Self {
        let key = self.messages[message].statement.key.clone();
        Self { registration: Some(Registration { key, amount: AMOUNT }), ..self }
    }

    /// The bits of all that is answered in the end.
    pub(crate) fn all(&self) -> u8 {
        let messages = (0..self.messages.len()).map(|at| 1 << at).sum::<u8>();
        messages | u8::from(self.registration.is_some()) << 7
    }

    pub(crate) fn cost_of(&self, _order: &Order) -> u64 {
        self.cost
    }

    /// All that lies in all places, as some messages tell of it.
    pub(crate) fn money(&self, told: &[&Message]) -> u64 {
        let took = || told.iter().flat_map(|message| &message.took);
        let places: std::collections::BTreeSet<&str> = took().map(|(place, _)| *place).collect();
        let most = |place| took().filter(|(at, _)| *at == place).map(|(_, amount)| amount).max();
        places.into_iter().filter_map(most).sum()
    }

    /// All that went back.
    pub(crate) fn back(&self, told: &[&Message]) -> u64 {
        told.iter().map(|message| message.back).sum()
    }
}

const AMOUNT: u64 = 1_000;
const CAPTURED: u64 = 9;
const AUTHORISED: u64 = 5;
const REFUNDED: u64 = 8;
const REFUSED: u64 = 2;
const CARD: u64 = 130;
const VOUCHER: u64 = 5412;

/// The inner ids of two payments at Worldline.
const FIRST: &str = "3254715000";
const SECOND: &str = "3254716000";

fn event(event: &Value, took: &[Took], back: u64) -> Message {
    Message::of(statement(read_worldline(&event.to_string()).remove(0)), took, back)
}

fn operation(reference: &str, inner: &str, number: u64, code: u64) -> Message {
    let payment = Payment::new(reference, &format!("{inner}_{number}"), CARD, code, AMOUNT);
    let place = if inner == FIRST { "first" } else { "second" };
    let took: &[Took] = if code == CAPTURED { &[(place, AMOUNT)] } else { &[] };
    event(&payment.json(), took, 0)
}

fn back(reference: &str, inner: &str, number: u64, amount: u64) -> Message {
    event(&refund(reference, &format!("{inner}_{number}"), REFUNDED, amount), &[], amount)
}

fn form(form: &Form, took: &[Took], back: u64) -> Message {
    Message::of(statement(read_lyra(&form.body())), took, back)
}

/// A voucher and a card at Worldline. The first tells the reference, the second its payment and its checkout alone, and
/// the third follows on the second.
pub(crate) fn split() -> Story {
    let voucher = Payment::new("CMD", &format!("{FIRST}_0"), VOUCHER, CAPTURED, AMOUNT);
    let payment = Payment::new("", &format!("{SECOND}_0"), CARD, AUTHORISED, AMOUNT);
    let mut complement = payment.acquired(400).json();
    complement["payment"]["hostedCheckoutSpecificOutput"] = json!({"hostedCheckoutId": FIRST});
    let capture = Payment::new("CMD", &format!("{SECOND}_1"), CARD, CAPTURED, 400);
    let messages = vec![
        event(&voucher.acquired(600).json(), &[("voucher", 600)], 0),
        event(&complement, &[], 0),
        event(&capture.json(), &[("card", 400)], 0),
    ];
    Story::new("a split at Worldline", messages)
}

/// A voucher, a card that is captured by the night's batch, and the card's refund.
pub(crate) fn cascade() -> Story {
    const V: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const C: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
    const R: &str = "cccccccccccccccccccccccccccccccc";
    let shares = [Share(V, "CVCO", 600, "CAPTURED"), Share(C, "CB", 400, "AUTHORISED")];
    let end = Form::cascade("CMD", "abc123", AMOUNT, "AUTHORISED", &shares);
    let batch = Form::follow_up("CMD", "abc123", 2, "BATCH", Share(C, "CB", 400, "CAPTURED"));
    let back =
        Form::refund("CMD", "abc123", R, "CB", 400, "CAPTURED").with("vads_sequence_number", "2");
    let messages = vec![
        form(&end, &[("voucher", 600)], 0),
        form(&batch, &[("card", 400)], 0),
        form(&back, &[], 400),
    ];
    Story::new("a cascade at Lyra", messages)
}

/// One payment under two references, and its capture under a third.
pub(crate) fn two_references() -> Story {
    let messages = vec![
        operation("CMD", FIRST, 0, CAPTURED),
        operation("CMD-2", FIRST, 0, CAPTURED),
        operation("CAP", FIRST, 1, CAPTURED),
    ];
    Story::new("one payment under two references", messages)
}

/// A capture under another order's reference, before the payment itself.
pub(crate) fn led_away() -> Story {
    let messages = vec![
        operation("OTHER", SECOND, 1, CAPTURED),
        operation("CMD", SECOND, 0, AUTHORISED),
        operation("OTHER", FIRST, 0, REFUSED),
    ];
    Story {
        ends: Ends::AsToldOnceMore,
        ..Story::new("a capture before its payment, under another order", messages)
    }
}

/// A payment that is given back in two parts, under references of their own.
pub(crate) fn given_back() -> Story {
    let messages = vec![
        operation("CMD", FIRST, 0, CAPTURED),
        back("RFND", FIRST, 1, 300),
        back("RFND", FIRST, 2, 700),
    ];
    Story::new("a payment given back in parts", messages)
}

/// A payment that is told without a reference first.
pub(crate) fn nameless() -> Story {
    let messages = vec![
        operation("", FIRST, 0, CAPTURED),
        operation("CMD", FIRST, 0, CAPTURED),
        back("RFND", FIRST, 1, 300),
    ];
    Story::new("a payment without a reference", messages)
}

/// A transaction id that is used again after it failed, at Lyra.
pub(crate) fn used_again() -> Story {
    let say = |order, status| Form::single(order, "same01", "CB", AMOUNT, status);
    let messages = vec![
        form(&say("DEAD", "REFUSED"), &[], 0),
        form(&say("LIVE", "AUTHORISED"), &[], 0),
        form(&say("LIVE", "CAPTURED").sent_again("BATCH"), &[("card", AMOUNT)], 0),
    ];
    Story { ends: Ends::Anyhow, ..Story::new("a transaction id used again", messages) }
}

/// A capture under another order's reference, the payment itself, and what that other order costs.
pub(crate) fn beside_an_amount() -> Story {
    let messages = led_away().messages.drain(..2).collect();
    let story = Story::new("an amount registered beside a payment", messages).registers(0);
    Story { ends: Ends::AsToldOnceMore, ..story }
}

/// One payment under two references.
pub(crate) fn two_messages() -> Story {
    let messages = two_references().messages.drain(..2).collect();
    Story::new("one payment told twice", messages)
}
