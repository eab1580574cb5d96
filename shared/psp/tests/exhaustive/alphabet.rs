//! The letters: real messages through the real parsers, and beside each, by hand, what it truly says. Nothing here
//! asks the code what a message means.

use quittance_core::api::Answer;
use quittance_core::{Order, Standing, Statement};
use quittance_testing::lyra::{self, Form, Share};
use quittance_testing::read::{read_lyra, read_worldline, statement};
use quittance_testing::worldline::{Payment, chargeback, refund};
use quittance_testing::{REST_PASSWORD, rest_body};
use serde_json::{Value, json};

/// How many letters there are for each provider.
pub(crate) const LETTERS: usize = 25;

/// Most pots of an alphabet.
pub(crate) const POTS: usize = 6;

/// Where money lies: a real share of the order, by its place in [`World::pots`].
pub(crate) type Pot = usize;

/// What a letter does to an order.
pub(crate) enum Act {
    /// A message tells it something.
    Tell(Box<Statement>),
    /// The merchant registers what it costs, in cents.
    Register(u64),
}

/// Something that a letter truly says, in cents.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Says {
    /// The order costs that, by what the letter says of each payment that it names.
    Costs(&'static str, u64),
    /// The order is paid in instalments that come to 100.00 EUR; the first is that, and is paid from there.
    First(Pot, u64),
    /// There is such a payment, and no money in it yet.
    Is(Pot),
    /// The money was taken.
    Took(Pot, &'static str, u64),
    /// So much was taken there, and no name of it is given.
    Within(Pot, u64),
    /// That part of it was taken.
    Part(Pot, u8, u64),
    /// It is reserved.
    Reserved(Pot, u64),
    /// What was reserved is not any more.
    Lost(Pot),
    /// A credit by its place in [`World::credits`]: it is back with the buyer.
    Back(usize),
    /// Some of it went back, and nobody knows how much; that credit would tell.
    BackUnknown(usize),
}

impl Says {
    /// The pot that it speaks of, where that is not one of a credit.
    pub(crate) fn pot(&self) -> Option<Pot> {
        match *self {
            Self::First(pot, _)
            | Self::Is(pot)
            | Self::Took(pot, ..)
            | Self::Within(pot, _)
            | Self::Part(pot, ..)
            | Self::Reserved(pot, _)
            | Self::Lost(pot) => Some(pot),
            Self::Costs(..) | Self::Back(_) | Self::BackUnknown(_) => None,
        }
    }
}

/// By which names a letter calls the shares that have two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    Both,
    /// By payment and sequence number alone.
    Slot,
    /// By the id alone.
    Id,
}

/// One of the statements that the sequences are made of.
pub(crate) struct Letter {
    pub(crate) name: &'static str,
    pub(crate) act: Act,
    /// How far it can be trusted.
    pub(crate) standing: Standing,
    pub(crate) says: Vec<Says>,
    pub(crate) names: Names,
    /// Whether an order may wait although what it says is enough: because it could be read in another way.
    pub(crate) may_wait: bool,
}

/// Money given back.
pub(crate) struct Credit {
    /// Every name under which it is told.
    pub(crate) names: &'static [&'static str],
    /// What it gives back; `None` where no message says so.
    pub(crate) of: Option<Pot>,
    pub(crate) amount: u64,
    /// Whether it speaks of all that went back of its pot, and not of itself.
    pub(crate) is_all: bool,
}

/// The letters of one provider, about one order.
pub(crate) struct World {
    pub(crate) name: &'static str,
    pub(crate) letters: Vec<Letter>,
    /// The names of each pot, and all that ever is in it.
    pub(crate) pots: Vec<(&'static [&'static str], u64)>,
    /// The pots of each payment.
    pub(crate) payments: Vec<&'static [Pot]>,
    pub(crate) credits: Vec<Credit>,
    /// Whether a credit waits for its payment before anybody is told of it.
    pub(crate) credits_wait: bool,
}

impl World {
    /// The order before the first letter.
    pub(crate) fn blank(&self) -> Order {
        let mut told = self.letters.iter().filter_map(|letter| match &letter.act {
            Act::Tell(said) => Some(said.key.clone()),
            Act::Register(_) => None,
        });
        Order::new(told.next().unwrap())
    }

    /// Each letter stands where it was put by hand, and all are about one order.
    fn checked(self) -> Self {
        assert_eq!(self.letters.len(), LETTERS);
        assert!(self.pots.len() < POTS);
        let order = self.blank();
        for letter in &self.letters {
            if let Act::Tell(said) = &letter.act {
                assert_eq!(said.standing(), letter.standing, "{}", letter.name);
                assert_eq!(said.key, *order.key(), "{}", letter.name);
            }
        }
        self
    }
}

impl Letter {
    fn of(name: &'static str, mut said: Statement, says: &[Says]) -> Self {
        // They decide nothing, and take half of the time.
        said.details.clear();
        let (act, says) = (Act::Tell(Box::new(said)), says.to_vec());
        Self { name, act, standing: Standing::Sound, says, names: Names::Both, may_wait: false }
    }

    /// As the provider says it when it is asked.
    fn confirmed(self) -> Self {
        let Act::Tell(said) = self.act else { unreachable!() };
        let answer = Answer { statements: vec![*said], ..Answer::default() };
        let act = Act::Tell(Box::new(answer.confirmed().remove(0)));
        Self { act, standing: Standing::Confirmed, ..self }
    }

    fn doubtful(self, standing: Standing) -> Self {
        Self { standing, ..self }
    }

    fn by(self, names: Names) -> Self {
        Self { names, ..self }
    }

    fn may_wait(self) -> Self {
        Self { may_wait: true, ..self }
    }

    /// What the merchant registers with it.
    pub(crate) fn registered(&self) -> Option<u64> {
        match self.act {
            Act::Tell(_) => None,
            Act::Register(amount) => Some(amount),
        }
    }

    fn registers(name: &'static str, amount: u64) -> Self {
        let (act, says) = (Act::Register(amount), vec![Says::Costs("EUR", amount)]);
        Self { name, act, standing: Standing::Confirmed, says, names: Names::Both, may_wait: false }
    }
}

/// An order of 100.00 EUR at Lyra: a voucher of 60.00 and a card for the rest, a second attempt by card alone, one in
/// another currency, and a plan of two instalments.
pub(crate) fn lyra() -> World {
    use Says::{Back, Costs, First, Is, Lost, Reserved, Took};
    const V: Pot = 0;
    const C: Pot = 1;
    const S: Pot = 2;
    const U: Pot = 3;
    const I: Pot = 4;
    const VOUCHER: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const CARD: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
    const ASKED_BACK: &str = "cccccccccccccccccccccccccccccccc";
    const CARD_BACK: &str = "dddddddddddddddddddddddddddddddd";
    // By day, transaction and sequence number.
    const FIRST_SLOT: &str = "20261122-abc123-1";
    const SECOND_SLOT: &str = "20261122-abc123-2";
    let voucher = |status| Share(VOUCHER, "CVCO", 6_000, status);
    let card = |status| Share(CARD, "CB", 4_000, status);
    let cascade =
        |status, shares: &[Share<'_>]| Form::cascade("CMD-1", "abc123", 10_000, status, shares);
    let single = |id, amount, status| Form::single("CMD-1", id, "CB", amount, status);
    let batch = |n, share| Form::follow_up("CMD-1", "abc123", n, "BATCH", share);
    let back = |status| Form::refund("CMD-1", "abc123", ASKED_BACK, "CVCO", 6_000, status);
    let dollars = |form: Form| form.with("vads_currency", "840");
    let respelt = |form: Form| form.with("vads_invented", "x");
    let told = |name, form: Form, says: &[Says]| {
        Letter::of(name, statement(read_lyra(&form.body())), says)
    };
    let asked = |name, answer: Value, says: &[Says]| {
        let body = rest_body(REST_PASSWORD, &answer.to_string());
        Letter::of(name, statement(read_lyra(&body)), says).confirmed()
    };
    let answer = |amount, shares: &[Share<'_>]| {
        lyra::answer("CMD-1", "abc123", amount, ("PAID", "CLOSED"), shares)
    };
    // Of a share by its uuid alone.
    let nameless = |mut answer: Value| {
        for transaction in answer["transactions"].as_array_mut().unwrap() {
            transaction["transactionDetails"]["sequenceNumber"] = Value::Null;
        }
        answer
    };
    let card_back = {
        let share = Share(CARD_BACK, "CB", 4_000, "CAPTURED");
        let mut answer = answer(4_000, &[share]);
        answer["transactions"][0]["operationType"] = json!("CREDIT");
        answer["transactions"][0]["transactionDetails"]["parentTransactionUuid"] = json!(CARD);
        answer["transactions"][0]["transactionDetails"]["sequenceNumber"] = json!(3);
        answer
    };
    let plan = single("ins001", 10_000, "CAPTURED")
        .with("vads_payment_config", "MULTI:first=5000;count=2;period=30")
        .with("vads_occurrence_type", "RECURRENT_INITIAL");
    let failed = [voucher("CAPTURED"), card("REFUSED")];
    let paid = [voucher("CAPTURED"), card("CAPTURED")];
    let reserved = [voucher("CAPTURED"), card("AUTHORISED")];
    let by_slots = [Share("", "CVCO", 6_000, "CAPTURED"), Share("", "CB", 4_000, "AUTHORISED")];
    let costs = Costs("EUR", 10_000);
    let (v, c) = (Took(V, "EUR", 6_000), Took(C, "EUR", 4_000));
    let (half, both) = ([v, Reserved(C, 4_000), costs], [v, c, costs]);
    let second = [Took(S, "EUR", 10_000), costs];
    let letters = vec![
        told("cascade: voucher, card refused", cascade("REFUSED", &failed), &[v, Lost(C), costs]),
        told("cascade: voucher, card authorised", cascade("AUTHORISED", &reserved), &half),
        told("cascade: both", cascade("CAPTURED", &paid), &both),
        told("cascade by slots alone", cascade("AUTHORISED", &by_slots), &half).by(Names::Slot),
        told("batch: card captured", batch(2, card("CAPTURED")), &[c]),
        told("batch: card cancelled", batch(2, card("CANCELLED")), &[Lost(C)]),
        told("batch: voucher pending", batch(1, voucher("WAITING_AUTHORISATION")), &[Is(V)]),
        told("batch: card in USD", dollars(batch(2, card("CAPTURED"))), &[Took(C, "USD", 4_000)])
            .may_wait(),
        asked("API: both", answer(10_000, &paid), &both),
        asked("API: both by uuids", nameless(answer(10_000, &reserved)), &half).by(Names::Id),
        asked("API: card by uuid", nameless(answer(10_000, &[card("CAPTURED")])), &[c, costs])
            .by(Names::Id),
        told("respelt: both", respelt(cascade("CAPTURED", &paid)), &both)
            .doubtful(Standing::Respellable),
        told("respelt: second attempt", respelt(single("def456", 10_000, "CAPTURED")), &second)
            .doubtful(Standing::Respellable),
        told("contradictory: lost, and both captured", cascade("REFUSED", &paid), &both)
            .doubtful(Standing::Contradictory),
        told("second attempt", single("def456", 10_000, "CAPTURED"), &second),
        told(
            "dead attempt of a larger cart",
            single("dead01", 12_000, "REFUSED"),
            &[Costs("EUR", 12_000)],
        ),
        told(
            "dead attempt of a smaller cart",
            single("dead02", 4_000, "REFUSED"),
            &[Costs("EUR", 4_000)],
        ),
        told(
            "attempt in USD",
            dollars(single("usd001", 10_000, "CAPTURED")),
            &[Took(U, "USD", 10_000), Costs("USD", 10_000)],
        ),
        told("refund of who knows what", back("CAPTURED"), &[Back(0)]),
        told("the same by its slot", back("CAPTURED").without("vads_trans_uuid"), &[Back(0)]),
        told("the same, pending", back("AUTHORISED"), &[]),
        asked("API: refund of the card", card_back, &[Back(1)]),
        told("first of two instalments", plan, &[Took(I, "EUR", 5_000), First(I, 5_000), costs]),
        Letter::registers("registered: 100.00", 10_000),
        Letter::registers("registered: 60.00", 6_000),
    ];
    let pots: Vec<(&[&str], u64)> = vec![
        (&[VOUCHER, FIRST_SLOT], 6_000),
        (&[CARD, SECOND_SLOT], 4_000),
        (&["20261122-def456-1"], 10_000),
        (&["20261122-usd001-1"], 10_000),
        (&["20261122-ins001-1"], 5_000),
    ];
    let credit = |names, of, amount| Credit { names, of, amount, is_all: false };
    let credits = vec![
        credit(&[ASKED_BACK, FIRST_SLOT], None, 6_000),
        credit(&[CARD_BACK, "20261122-abc123-3"], Some(C), 4_000),
    ];
    let payments: Vec<&[Pot]> = vec![&[V, C], &[S], &[U], &[I]];
    World { name: "lyra", letters, pots, payments, credits, credits_wait: false }.checked()
}

/// An order of 100.00 EUR at Worldline: a voucher's payment of 60.00, a card's for the rest, and a payment of the whole
/// that is captured in parts.
pub(crate) fn worldline() -> World {
    use Says::{Back, BackUnknown, Costs, Is, Lost, Part, Reserved, Took, Within};
    const V: Pot = 0;
    const C: Pot = 1;
    const W: Pot = 2;
    const CVCO: u64 = 5412;
    const CB: u64 = 130;
    let payment = |id, product, code| Payment::new("CMD-1", id, product, code, 10_000);
    let part = |id, amount| Payment::new("CMD-1", id, CB, 9, amount);
    let back = |id, code, amount| refund("CMD-1", id, code, amount);
    let event = |name, event: Value, says: &[Says]| {
        Letter::of(name, statement(read_worldline(&event.to_string()).remove(0)), says)
    };
    let told = |name, payment: Payment, says: &[Says]| event(name, payment.json(), says);
    let unmeasured = |code| payment("3254564310_0", CVCO, code).acquired(None);
    let whole = |code| payment("3254564400_0", CB, code);
    let worded = payment("3254564400_3", CB, 9).kind("payment.refunded");
    let less = Took(C, "EUR", 2_000);
    let voucher = |id| payment(id, CVCO, 9).acquired(6_000);
    let card = |acquired| payment("3254564399_0", CB, 9).acquired(acquired);
    let costs = Costs("EUR", 10_000);
    let (v, c, w) = (Took(V, "EUR", 6_000), Took(C, "EUR", 4_000), Took(W, "EUR", 10_000));
    let letters = vec![
        told("voucher", voucher("3254564310_0"), &[v, costs]),
        told("voucher by its bare id", voucher("3254564310"), &[v, costs]),
        told("voucher authorised for who knows what", unmeasured(5), &[Is(V), costs]),
        told("contradictory: voucher captured, nothing acquired", unmeasured(9), &[v, costs])
            .doubtful(Standing::Contradictory),
        told("card's own share", card(4_000), &[c, costs]),
        // Less than the whole: 60.00 by the voucher and 20.00 by the card.
        told("card, and what both came to", card(8_000), &[Within(V, 6_000), less, costs])
            .may_wait(),
        told("whole authorised", whole(5), &[Reserved(W, 10_000), costs]),
        told("40.00 of the whole", part("3254564400_1", 4_000), &[Part(W, 1, 4_000)]),
        told(
            "dead payment of a smaller cart",
            Payment::new("CMD-1", "3254564500_0", CB, 2, 4_000),
            &[Costs("EUR", 4_000)],
        ),
        told("60.00 of the whole", part("3254564400_2", 6_000), &[Part(W, 2, 6_000)]),
        told("whole", whole(9), &[w, costs]),
        told("whole cancelled", whole(6), &[Lost(W), costs]),
        told(
            "whole, acquired in USD",
            whole(9).acquired_currency("USD"),
            &[Took(W, "USD", 10_000), costs],
        )
        .may_wait(),
        event("refund of 40.00", back("3254564400_3", 8, 4_000), &[Back(0)]),
        event("40.00 back in all", back("3254564400_0", 8, 4_000), &[Back(1)]),
        event("refund pending", back("3254564400_3", 81, 4_000), &[]),
        event("chargeback of 60.00", chargeback("CMD-1", "3254564400_4", 6_000), &[Back(2)]),
        told("contradictory: refund in a payment's words", worded, &[BackUnknown(0)])
            .doubtful(Standing::Contradictory),
        event("voucher back", back("3254564310_1", 8, 6_000), &[Back(3)]),
        told("API: voucher", voucher("3254564310_0"), &[v, costs]).confirmed(),
        told("API: card's own share", card(4_000), &[c, costs]).confirmed(),
        told("API: whole", whole(9), &[w, costs]).confirmed(),
        event("API: refund of 40.00", back("3254564400_3", 8, 4_000), &[Back(0)]).confirmed(),
        Letter::registers("registered: 100.00", 10_000),
        Letter::registers("registered: 60.00", 6_000),
    ];
    let pots: Vec<(&[&str], u64)> =
        vec![(&["3254564310"], 6_000), (&["3254564399"], 4_000), (&["3254564400"], 10_000)];
    let credit = |names, of, amount| Credit { names, of: Some(of), amount, is_all: false };
    let credits = vec![
        credit(&["3254564400_3"], W, 4_000),
        Credit { is_all: true, ..credit(&["3254564400_0"], W, 4_000) },
        credit(&["3254564400_4"], W, 6_000),
        credit(&["3254564310_1"], V, 6_000),
    ];
    let payments: Vec<&[Pot]> = vec![&[V], &[C], &[W]];
    World { name: "worldline", letters, pots, payments, credits, credits_wait: true }.checked()
}
