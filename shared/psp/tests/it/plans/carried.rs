//! What is carried out, against a provider that loses answers, refuses, and is used by others: money never moves
//! twice, and every request comes to an end.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use quittance_core::api::{Action, Effect, Trouble, TroubleKind, Verb};
use quittance_core::desk::{
    Answer, Content, Decision, Desk, KEY_MARGIN_SECONDS, Line, LineState, MAX_REQUESTS, New,
    RefundView, RequestKind, RequestState, Round, Step,
};
use quittance_core::rules::{Memory, Purse, Rules};
use quittance_core::{Order, Provider, Remark, ShareFact};
use quittance_psp::lyra::Lyra;
use quittance_psp::worldline::Worldline;
use quittance_testing::read::words;

use super::purchase::{
    after, costs, credit, eur, operation, order, refund, tell, transaction, uuid,
};

/// Which provider, and how it takes the refund of a split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Lyra,
    /// Both shares under one id: the platform splits each call itself, the card first.
    WorldlineOneId,
    /// Each share under its own id, and each call for the share that it names.
    WorldlineEachId,
    /// Each share under its own id, and each call taken from the card first.
    WorldlineSplits,
}

/// How a call ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    /// Nothing was sent.
    Unsent,
    /// It was lost on its way there.
    LostBefore,
    /// Its answer was lost.
    LostAfter,
    /// The provider refuses it.
    Refuse,
}

#[derive(Clone, Debug)]
enum Event {
    /// A refund of this amount, under one of a few ids.
    Refund(u8, u64),
    Cancellation,
    Capture,
    /// A look, whose calls end like this; it dies before this step.
    Look(Fault, usize),
    /// The same, left standing before this step while the next events happen.
    Pause(Fault, usize),
    /// The paused look goes on.
    Resume,
    /// A person tells what became of an uncertain line, with the provider's id or without.
    Decide(bool),
    /// Somebody gives so much of a share back by hand.
    ByHand(usize, u64),
    /// What is asked for becomes final, or is refused.
    Settle(bool),
    Pass(i64),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let fault = || {
        prop_oneof![
            4 => Just(Fault::None),
            1 => Just(Fault::Unsent),
            2 => Just(Fault::LostBefore),
            2 => Just(Fault::LostAfter),
            1 => Just(Fault::Refuse),
        ]
    };
    let event = prop_oneof![
        3 => (0..4u8, 1..16u64).prop_map(|(id, amount)| Event::Refund(id, amount)),
        1 => Just(Event::Cancellation),
        1 => Just(Event::Capture),
        6 => (fault(), 1..20usize).prop_map(|(fault, dies)| Event::Look(fault, dies)),
        1 => (fault(), 1..8usize).prop_map(|(fault, at)| Event::Pause(fault, at)),
        1 => Just(Event::Resume),
        1 => any::<bool>().prop_map(Event::Decide),
        1 => (0..3usize, 1..6u64).prop_map(|(share, amount)| Event::ByHand(share, amount)),
        2 => any::<bool>().prop_map(Event::Settle),
        2 => prop_oneof![Just(10), Just(1_000), Just(90_000)].prop_map(Event::Pass),
    ];
    vec(event, 1..24)
}

/// A share at the provider.
#[derive(Clone, Debug)]
struct Share {
    id: &'static str,
    method: &'static str,
    amount: u64,
    status: &'static str,
}

#[derive(Clone, Debug)]
struct Credit {
    id: String,
    share: usize,
    amount: u64,
    /// Asked for, done, refused.
    state: u8,
}

/// The provider.
struct Bank {
    kind: Kind,
    shares: Vec<Share>,
    credits: Vec<Credit>,
    /// What each key came to, and when.
    keys: BTreeMap<String, (Effect, i64)>,
    /// How often each line moved money.
    moved: BTreeMap<String, u64>,
    times: BTreeMap<String, u32>,
    /// What each line that moved money made.
    done: BTreeMap<String, String>,
    /// Whether no credit is shown.
    hides: bool,
    now: i64,
}

impl Bank {
    fn new(kind: Kind) -> Self {
        let share = |id, method, amount, status| Share { id, method, amount, status };
        let shares = match kind {
            Kind::Lyra => vec![
                share("a", "CVCO", 6, "CAPTURED"),
                share("b", "CB", 8, "CAPTURED"),
                share("c", "CB", 4, "AUTHORISED_TO_VALIDATE"),
            ],
            Kind::WorldlineOneId => {
                vec![share("1_0", "CVCO", 6, "CAPTURED"), share("1_1", "VISA", 8, "CAPTURED")]
            }
            Kind::WorldlineEachId | Kind::WorldlineSplits => {
                vec![share("1_0", "CVCO", 6, "CAPTURED"), share("2_0", "VISA", 8, "CAPTURED")]
            }
        };
        let (credits, keys) = (Vec::new(), BTreeMap::new());
        let (moved, times, done) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { kind, shares, credits, keys, moved, times, done, hides: false, now: 60 }
    }

    fn provider(&self) -> &'static dyn Provider {
        if self.kind == Kind::Lyra { &Lyra } else { &Worldline }
    }

    fn facts(&self) -> Vec<ShareFact> {
        let total: u64 = self.shares.iter().map(|share| share.amount).sum();
        let debit = |share: &Share| match self.kind {
            Kind::Lyra => transaction(share.id, share.method, share.amount, share.status),
            _ if share.method == "CVCO" => operation(share.id, "CVCO", 9, total, share.amount),
            _ => operation(share.id, share.method, 9, share.amount, share.amount),
        };
        let back = |back: &Credit| match self.kind {
            Kind::Lyra => {
                let words = ["AUTHORISED", "CAPTURED", "REFUSED"];
                credit(
                    &back.id,
                    self.shares[back.share].id,
                    back.amount,
                    words[usize::from(back.state)],
                )
            }
            _ => {
                let codes = [81, 8, 83];
                let method = self.shares[back.share].method;
                refund(&back.id, method, codes[usize::from(back.state)], back.amount)
            }
        };
        let shown = self.credits.iter().filter(|_| !self.hides);
        self.shares.iter().map(debit).chain(shown.map(back)).collect()
    }

    fn left(&self, share: usize) -> u64 {
        let own = self.credits.iter().filter(|credit| credit.share == share && credit.state < 2);
        let captured =
            if self.shares[share].status == "CAPTURED" { self.shares[share].amount } else { 0 };
        captured - own.map(|credit| credit.amount).sum::<u64>()
    }

    /// Gives back, of these shares in their order. The id of the first credit.
    fn give(&mut self, shares: &[usize], amount: u64) -> Option<String> {
        if amount == 0 || shares.iter().map(|at| self.left(*at)).sum::<u64>() < amount {
            return None;
        }
        let (mut rest, mut first) = (amount, None);
        for share in shares {
            let part = self.left(*share).min(rest);
            if part == 0 {
                continue;
            }
            rest -= part;
            let number = self.credits.len();
            let id = match self.kind {
                Kind::Lyra => format!("d{number}"),
                _ => {
                    let inner = self.shares[*share].id.split('_').next().unwrap();
                    format!("{inner}_{}", 5 + number)
                }
            };
            first.get_or_insert_with(|| id.clone());
            self.credits.push(Credit { id, share: *share, amount: part, state: 0 });
        }
        first
    }

    /// What really comes of a call.
    fn act(&mut self, action: &Action, refuse: bool) -> Effect {
        let is_kept = |at: &i64| self.now - at < 24 * 60 * 60;
        let known = self.keys.get(&action.intent).filter(|_| self.kind != Kind::Lyra);
        if let Some((effect, _)) = known.filter(|(_, at)| is_kept(at)) {
            return effect.clone();
        }
        let effect = if refuse { None } else { self.carry_out(action) };
        let effect = match effect {
            Some(psp_id) => {
                *self.moved.entry(action.intent.clone()).or_default() += action.amount;
                *self.times.entry(action.intent.clone()).or_default() += 1;
                self.done.insert(action.intent.clone(), psp_id.clone());
                Effect::Taken { psp_id: Some(psp_id) }
            }
            None => Effect::Refused { why: "not allowed".to_owned() },
        };
        self.keys.insert(action.intent.clone(), (effect.clone(), self.now));
        effect
    }

    fn carry_out(&mut self, action: &Action) -> Option<String> {
        let named = |share: &Share| match self.kind {
            Kind::Lyra => uuid(share.id) == action.target,
            _ => share.id == action.target,
        };
        let share = self.shares.iter().position(named)?;
        match action.verb {
            Verb::Refund => {
                let order: Vec<usize> = match self.kind {
                    Kind::Lyra | Kind::WorldlineEachId => vec![share],
                    Kind::WorldlineOneId | Kind::WorldlineSplits => vec![1, 0],
                };
                if self.kind == Kind::Lyra && share == 0 && action.amount != 6 {
                    return None;
                }
                let id = self.give(&order, action.amount)?;
                Some(if self.kind == Kind::Lyra { uuid(&id) } else { id })
            }
            Verb::Cancel => {
                let own = &mut self.shares[share];
                if !own.status.starts_with("AUTHORISED") {
                    return None;
                }
                own.status = "CANCELLED";
                Some(action.target.clone())
            }
            Verb::Capture => {
                let own = &mut self.shares[share];
                if own.status != "AUTHORISED_TO_VALIDATE" {
                    return None;
                }
                own.status = "AUTHORISED";
                Some(action.target.clone())
            }
        }
    }

    fn call(&mut self, action: &Action, fault: Fault) -> Effect {
        let trouble = || Trouble { kind: TroubleKind::Unreachable, why: "no answer".to_owned() };
        match fault {
            Fault::None => self.act(action, false),
            Fault::Refuse => self.act(action, true),
            Fault::Unsent => Effect::Nothing(trouble()),
            Fault::LostBefore => Effect::Uncertain(trouble()),
            Fault::LostAfter => {
                self.act(action, false);
                Effect::Uncertain(trouble())
            }
        }
    }
}

/// The stack: what is stored, and the provider.
struct World {
    bank: Bank,
    rules: &'static Rules,
    order: Order,
    stored: (String, u64),
    /// What was asked for, and accepted.
    accepted: BTreeMap<String, u64>,
    paused: Option<(Round<'static>, u64, Fault)>,
}

impl World {
    fn new(kind: Kind) -> Self {
        let bank = Bank::new(kind);
        let mut order = order(bank.provider(), &bank.facts());
        costs(&mut order, bank.provider(), bank.shares.iter().map(|share| share.amount).sum());
        let stored = (Desk::default().to_json(), 0);
        let rules = bank.provider().rules();
        Self { bank, rules, order, stored, accepted: BTreeMap::new(), paused: None }
    }

    fn desk(&self) -> Desk {
        let desk = Desk::from_json(&self.stored.0).unwrap();
        assert_eq!(Desk::from_json(&desk.to_json()).as_ref(), Ok(&desk));
        desk
    }

    fn ask(&mut self) {
        let facts = self.bank.facts();
        tell(&mut self.order, self.bank.provider(), &facts, self.bank.now);
    }

    fn store(&mut self, desk: &Desk, version: &mut u64) -> bool {
        if *version != self.stored.1 {
            return false;
        }
        *version += 1;
        self.stored = (desk.to_json(), *version);
        true
    }

    fn request(&mut self, id: &str, content: Content) -> Answer {
        self.ask();
        let (mut desk, mut version) = (self.desk(), self.stored.1);
        let new = New { request: id, content };
        let answer = desk.request(&self.order, self.rules, new, after(self.bank.now));
        let same = desk == self.desk();
        assert_eq!(same, answer != Answer::Planned);
        if answer == Answer::Planned {
            self.store(&desk, &mut version);
            if let Content::Refund { amount, .. } = content {
                self.accepted.insert(id.to_owned(), amount);
                let lines = &desk.find(RequestKind::Refund, id).unwrap().lines;
                assert_eq!(lines.iter().map(|line| line.amount).sum::<u64>(), amount);
            }
        }
        answer
    }

    /// Goes on with a round until it ends or so many steps are done; whether it ended.
    fn go(
        &mut self,
        round: &mut Round<'static>,
        version: &mut u64,
        fault: Fault,
        most: usize,
    ) -> bool {
        for _ in 0..most {
            match round.next(&self.order, after(self.bank.now)) {
                Step::End => return true,
                Step::Ask => {
                    self.ask();
                    round.asked(true);
                }
                Step::Store => {
                    if self.store(&round.desk().clone(), version) {
                        round.stored(true);
                    } else if round.rebase(self.desk()) {
                        *version = self.stored.1;
                    }
                }
                Step::Call(action) => {
                    let effect = self.bank.call(&action, fault);
                    round.called(&effect);
                }
            }
        }
        false
    }

    fn look(&mut self, fault: Fault, dies: usize) {
        let mut version = self.stored.1;
        let mut round = Round::new(self.desk(), self.rules, false);
        self.go(&mut round, &mut version, fault, dies);
    }

    fn happen(&mut self, event: &Event) {
        match *event {
            Event::Refund(id, amount) => {
                let content = Content::Refund { amount, currency: eur() };
                self.request(&format!("R-{id}"), content);
            }
            Event::Cancellation => {
                self.request("C-1", Content::Cancellation);
            }
            Event::Capture => {
                self.request("T-1", Content::Capture { amount: None, currency: eur() });
            }
            Event::Look(fault, dies) => self.look(fault, dies),
            Event::Pause(fault, at) => {
                let mut version = self.stored.1;
                let mut round = Round::new(self.desk(), self.rules, false);
                if !self.go(&mut round, &mut version, fault, at) {
                    self.paused = Some((round, version, fault));
                }
            }
            Event::Resume => {
                if let Some((mut round, mut version, fault)) = self.paused.take() {
                    self.go(&mut round, &mut version, fault, 20);
                }
            }
            Event::Decide(is_named) => {
                let (mut desk, mut version) = (self.desk(), self.stored.1);
                let lines = desk.requests().iter().flat_map(|request| &request.lines);
                let open = lines.clone().find(|line| line.state == LineState::Uncertain);
                let Some(intent) = open.map(|line| line.intent.clone()) else { return };
                let decision = match self.bank.done.get(&intent) {
                    Some(psp_id) => Decision::Done(Some(psp_id.clone()).filter(|_| is_named)),
                    None => Decision::NotDone,
                };
                assert!(desk.decide(&intent, decision));
                self.store(&desk, &mut version);
            }
            Event::ByHand(share, amount) => {
                if share < self.bank.shares.len() {
                    self.bank.give(&[share], amount);
                }
            }
            Event::Settle(well) => {
                for credit in self.bank.credits.iter_mut().filter(|credit| credit.state == 0) {
                    credit.state = if well { 1 } else { 2 };
                }
            }
            Event::Pass(seconds) => {
                // No process lives that long.
                self.paused = None;
                self.bank.now += seconds;
            }
        }
    }

    /// No line moved money twice, and no request more than was asked for.
    fn check(&self) -> Result<(), TestCaseError> {
        for (intent, times) in &self.bank.times {
            prop_assert_eq!(*times, 1, "{}", intent);
        }
        let desk = self.desk();
        let mut known = 0;
        for request in desk.requests() {
            let of_line = |line: &Line| self.bank.moved.get(&line.intent).copied().unwrap_or(0);
            let moved: u64 = request.lines.iter().map(of_line).sum();
            known += moved;
            if let Some(amount) = self.accepted.get(&request.request) {
                prop_assert!(moved <= *amount, "{:?}", request);
            }
            for line in request.lines.iter().filter(|line| line.state == LineState::Done) {
                // What was given back by hand meanwhile, as much and of the same share, cannot be told from a call of
                // which no answer came, unless the provider still remembers the call.
                let is_ours = |id: &String| self.bank.done.values().any(|made| made == id);
                let by_hand = line.psp_id.as_ref().is_some_and(|id| !is_ours(id));
                let remembers = match self.rules.memory {
                    Memory::Keys { seconds } => line.called_at.is_some_and(|called| {
                        let since = after(self.bank.now).seconds_since(called);
                        since < seconds - KEY_MARGIN_SECONDS
                    }),
                    Memory::None => false,
                };
                prop_assert!(of_line(line) > 0 || by_hand && !remembers, "{:?}", line);
            }
        }
        prop_assert_eq!(known, self.bank.moved.values().sum::<u64>());
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn money_never_moves_twice_and_every_request_comes_to_an_end(
        kind in prop_oneof![
            2 => Just(Kind::Lyra),
            1 => Just(Kind::WorldlineOneId),
            1 => Just(Kind::WorldlineEachId),
            1 => Just(Kind::WorldlineSplits),
        ],
        events in events(),
    ) {
        let mut world = World::new(kind);
        for event in &events {
            world.happen(event);
            world.check()?;
        }
        // The faults cease.
        for _ in 0..8 {
            world.look(Fault::None, 100);
            world.happen(&Event::Settle(true));
            world.happen(&Event::Pass(10));
        }
        world.happen(&Event::Pass(1_000));
        for _ in 0..2 {
            world.look(Fault::None, 100);
        }
        world.check()?;
        for request in world.desk().requests() {
            let ended = matches!(
                request.state(),
                RequestState::Done | RequestState::Partial | RequestState::Refused | RequestState::Uncertain
            );
            let is_barred = world.desk().requests().iter().any(|r| r.state() == RequestState::Uncertain);
            prop_assert!(ended || is_barred, "{:?}", request);
        }
    }
}

#[test]
fn the_same_request_again_is_the_same_and_another_content_is_a_conflict() {
    let mut world = World::new(Kind::Lyra);
    let refund = |amount| Content::Refund { amount, currency: eur() };
    assert_eq!(world.request("R", refund(5)), Answer::Planned);
    assert_eq!(world.desk().requests()[0].state(), RequestState::Planned);
    assert_eq!(world.request("R", refund(5)), Answer::Known);
    assert_eq!(world.request("R", refund(6)), Answer::Conflict);
    assert_eq!(world.request("S", refund(1)), Answer::Busy);
    world.look(Fault::None, 100);
    // What is only sent bars nothing, and counts.
    assert_eq!(world.desk().requests()[0].state(), RequestState::Running);
    assert!(matches!(world.request("S", refund(14)), Answer::Refused(_)));
    assert_eq!(world.request("S", refund(3)), Answer::Planned);
    // Another kind of request has ids of its own.
    assert_eq!(world.request("R", Content::Cancellation), Answer::Busy);
    world.look(Fault::None, 100);
    assert_eq!(world.request("R", Content::Cancellation), Answer::Planned);
    let desk = world.desk();
    let lines = desk.requests().iter().flat_map(|request| &request.lines);
    let mut intents: Vec<&str> = lines.map(|line| line.intent.as_str()).collect();
    let all = intents.len();
    intents.sort_unstable();
    intents.dedup();
    assert_eq!(intents.len(), all);
}

/// What is asked for and not shown yet is not there for another request.
#[test]
fn what_is_not_shown_yet_counts_as_given_back() {
    let refund = |amount| Content::Refund { amount, currency: eur() };
    let mut world = World::new(Kind::Lyra);
    world.bank.hides = true;
    assert_eq!(world.request("R", refund(5)), Answer::Planned);
    assert_eq!(world.desk().pledges().len(), 1);
    world.look(Fault::None, 100);
    assert!(matches!(world.request("S", refund(14)), Answer::Refused(_)));
    // What is refused counts no more.
    assert_eq!(world.request("T", refund(3)), Answer::Planned);
    world.look(Fault::Refuse, 100);
    assert_eq!(world.desk().pledges().len(), 1);
}

/// A credit is of one line: what another line is known to have made is not what a lost answer is about.
#[test]
fn a_credit_of_another_line_is_not_taken_for_a_lost_answer() {
    let mut world = World::new(Kind::Lyra);
    world.bank.hides = true;
    for (id, fault) in [("R", Fault::None), ("S", Fault::LostBefore)] {
        world.request(id, Content::Refund { amount: 2, currency: eur() });
        world.look(fault, 100);
    }
    world.bank.hides = false;
    world.look(Fault::None, 100);
    let desk = world.desk();
    let states: Vec<LineState> = desk.requests().iter().map(|r| r.lines[0].state).collect();
    assert_eq!(states, [LineState::Sent, LineState::InFlight]);
    assert!(!desk.is_uncertain());
    // The provider has a quarter of an hour to show it.
    for (passed, is_uncertain) in [(899, false), (1, true)] {
        world.happen(&Event::Pass(passed));
        world.look(Fault::None, 100);
        assert_eq!(world.desk().is_uncertain(), is_uncertain);
    }
}

/// Two lines of one amount are told apart by what was there before, and by what the other did.
#[test]
fn a_lost_answer_is_found_again_among_equal_refunds() {
    let mut world = World::new(Kind::Lyra);
    let refund = |amount| Content::Refund { amount, currency: eur() };
    world.request("R", refund(2));
    world.look(Fault::None, 100);
    world.request("S", refund(2));
    world.look(Fault::LostAfter, 100);
    world.check().unwrap();
    let ids = |world: &World| -> Vec<Option<String>> {
        world.desk().requests().iter().map(|r| r.lines[0].psp_id.clone()).collect()
    };
    assert_eq!(ids(&world), [Some(uuid("d0")), Some(uuid("d1"))]);
    // A call that never arrived is looked for, and then a person decides.
    world.request("T", refund(2));
    world.look(Fault::LostBefore, 100);
    let state = |world: &World| world.desk().requests()[2].state();
    assert_eq!(state(&world), RequestState::Running);
    world.happen(&Event::Pass(1_000));
    world.look(Fault::None, 100);
    assert_eq!(state(&world), RequestState::Uncertain);
    assert_eq!(world.bank.credits.len(), 2);
    let mut desk = world.desk();
    let intent = desk.requests()[2].lines[0].intent.clone();
    assert!(desk.decide(&intent, Decision::NotDone));
    // What a person said can be corrected while the provider shows nothing.
    assert!(desk.decide(&intent, Decision::Done(None)) && desk.decide(&intent, Decision::NotDone));
    let settled = desk.requests()[0].lines[0].intent.clone();
    assert!(!desk.decide(&settled, Decision::NotDone));
    assert_eq!(desk.requests()[2].state(), RequestState::Refused);
    // What a person says is done counts as given back, until the provider shows it and once it does.
    // He may have typed an id that is another.
    for psp_id in [None, Some(uuid("d2")), Some(uuid("e9"))] {
        let (mut desk, now) = (world.desk(), after(world.bank.now));
        assert!(desk.decide(&intent, Decision::Done(psp_id)));
        let left = |desk: &Desk, world: &World, amount| {
            let new = New { request: "U", content: refund(amount) };
            desk.plan(&world.order, world.rules, new, now).is_ok()
        };
        assert!(left(&desk, &world, 8) && !left(&desk, &world, 9));
        let mut shown = World::new(Kind::Lyra);
        shown.bank.credits = world.bank.credits.clone();
        shown.bank.give(&[1], 2);
        shown.ask();
        assert!(left(&desk, &shown, 8) && !left(&desk, &shown, 9));
        assert!(desk.look(&shown.order, world.rules, now));
        assert!(!desk.look(&shown.order, world.rules, now));
        assert_eq!(desk.requests()[2].state(), RequestState::Done);
    }
    // Shown beside another of the same amount, it is one of the two: it is shown, and counts once.
    let (mut desk, now) = (world.desk(), after(world.bank.now));
    assert!(desk.decide(&intent, Decision::Done(None)));
    world.bank.give(&[1], 2);
    world.bank.give(&[1], 2);
    world.ask();
    assert!(desk.look(&world.order, world.rules, now));
    assert!(desk.requests()[2].lines[0].seen && desk.pledges().is_empty());
    // A person has nothing more to say of it.
    assert!(!desk.decide(&intent, Decision::NotDone));
    // Where somebody gave the same amount back by hand at that moment, nobody can tell.
    let mut world = World::new(Kind::Lyra);
    world.request("R", refund(2));
    world.bank.give(&[1], 2);
    world.look(Fault::LostAfter, 3);
    world.bank.give(&[1], 2);
    world.look(Fault::None, 100);
    assert_eq!(world.desk().requests()[0].state(), RequestState::Uncertain);
}

/// What is taken and never shown bars what follows for a day at most without anybody's being told.
#[test]
fn a_refund_that_is_never_shown_is_for_a_person_to_decide() {
    for kind in [Kind::Lyra, Kind::WorldlineEachId] {
        let mut world = World::new(kind);
        world.bank.hides = true;
        world.request("R", Content::Refund { amount: 2, currency: eur() });
        let after_look = |world: &mut World, seconds| {
            world.happen(&Event::Pass(seconds));
            world.look(Fault::None, 100);
            world.desk().requests()[0].lines[0].state
        };
        assert_eq!(after_look(&mut world, 0), LineState::Sent);
        let mut desk = world.desk();
        let intent = desk.requests()[0].lines[0].intent.clone();
        assert!(!desk.decide(&intent, Decision::NotDone), "the provider took it");
        assert_eq!(after_look(&mut world, 86_399), LineState::Sent, "{kind:?}");
        assert_eq!(after_look(&mut world, 1), LineState::Uncertain, "{kind:?}");
        // It may be shown yet.
        world.bank.hides = false;
        assert_eq!(after_look(&mut world, 1), LineState::Sent, "{kind:?}");
    }
}

/// What nobody asked for by hand is asked for again under another id once it was refused, some times and not at once.
#[test]
fn a_refused_request_has_a_next_try() {
    let mut world = World::new(Kind::Lyra);
    let next = |world: &World, later| {
        let now = after(world.bank.now + later);
        world.desk().next_try(RequestKind::Refund, "S", 3, 60, now)
    };
    for id in ["S", "S-2", "S-3"] {
        assert_eq!(next(&world, 0).as_deref(), Some(id));
        assert_eq!(
            world.request(id, Content::Refund { amount: 2, currency: eur() }),
            Answer::Planned
        );
        assert_eq!(next(&world, 0).as_deref(), Some(id), "it goes on");
        world.look(Fault::Refuse, 100);
        assert_eq!(next(&world, 59), None);
        world.happen(&Event::Pass(60));
    }
    assert_eq!(next(&world, 600), None);
}

#[test]
fn a_key_repeats_a_call_while_the_provider_surely_remembers_it() {
    for (passed, moved) in [(10, 4), (23 * 60 * 60 - 1, 4), (23 * 60 * 60, 0)] {
        let mut world = World::new(Kind::WorldlineEachId);
        world.request("R", Content::Refund { amount: 4, currency: eur() });
        world.look(Fault::LostBefore, 100);
        world.happen(&Event::Pass(passed));
        world.look(Fault::None, 100);
        assert_eq!(world.bank.moved.values().sum::<u64>(), moved, "{passed}");
    }
}

/// The voucher's line waits until the provider shows the card's, and is skipped where that was refused.
#[test]
fn the_voucher_waits_for_the_card() {
    let states = |world: &World| -> Vec<LineState> {
        world.desk().requests()[0].lines.iter().map(|line| line.state).collect()
    };
    let content = Content::Refund { amount: 10, currency: eur() };
    let mut world = World::new(Kind::WorldlineOneId);
    world.request("R", content);
    // Store, call, store: the ask that would show it is not reached.
    world.look(Fault::None, 5);
    assert_eq!(states(&world), [LineState::Sent, LineState::Planned]);
    world.look(Fault::None, 100);
    assert_eq!(states(&world), [LineState::Sent, LineState::Sent]);
    world.happen(&Event::Settle(true));
    world.look(Fault::None, 100);
    assert_eq!(states(&world), [LineState::Done, LineState::Done]);
    let mut world = World::new(Kind::WorldlineOneId);
    world.request("R", content);
    world.look(Fault::Refuse, 100);
    assert_eq!(states(&world), [LineState::Refused, LineState::Skipped]);
    assert_eq!(world.desk().requests()[0].state(), RequestState::Refused);
    // What is taken and not shown bars what follows.
    let mut world = World::new(Kind::WorldlineOneId);
    world.bank.hides = true;
    world.request("R", content);
    world.look(Fault::None, 100);
    world.look(Fault::None, 100);
    assert_eq!(states(&world), [LineState::Sent, LineState::Planned]);
    // A person who said that the card's line failed was wrong: what was skipped for that is not done.
    let mut world = World::new(Kind::WorldlineOneId);
    world.request("R", content);
    world.bank.hides = true;
    world.look(Fault::LostAfter, 5);
    world.happen(&Event::Pass(90_000));
    world.look(Fault::None, 100);
    let mut desk = world.desk();
    let intent = desk.requests()[0].lines[0].intent.clone();
    assert!(desk.decide(&intent, Decision::NotDone));
    assert_eq!(desk.intend(&world.order, world.rules, after(world.bank.now)), None);
    assert!(desk.decide(&intent, Decision::Done(None)));
    let lines = desk.requests()[0].lines.iter().map(|line| line.state);
    assert_eq!(lines.collect::<Vec<_>>(), [LineState::Done, LineState::Skipped]);
    assert_eq!(desk.requests()[0].state(), RequestState::Partial);
    // Too late for the voucher, whose window closed meanwhile.
    let mut world = World::new(Kind::WorldlineOneId);
    world.request("R", content);
    world.look(Fault::None, 5);
    world.happen(&Event::Pass(90_000));
    world.happen(&Event::Settle(true));
    world.look(Fault::None, 100);
    assert_eq!(states(&world), [LineState::Done, LineState::Refused]);
    assert_eq!(world.desk().requests()[0].state(), RequestState::Partial);
}

/// A refused line ends the request's vouchers where the card is to go first, and nothing else.
#[test]
fn what_does_not_wait_for_the_card_goes_on_without_it() {
    let refund = |amount| Content::Refund { amount, currency: eur() };
    let ended = |world: &mut World| -> Vec<(Purse, LineState)> {
        world.look(Fault::Refuse, 4);
        world.look(Fault::None, 100);
        let desk = world.desk();
        desk.requests()[0].lines.iter().map(|line| (line.purse, line.state)).collect()
    };
    let mut lyra = World::new(Kind::Lyra);
    lyra.request("R", refund(14));
    let first = (Purse::Card, LineState::Refused);
    assert_eq!(ended(&mut lyra), [first, (Purse::Voucher, LineState::Sent)]);
    let mut cards = World::new(Kind::WorldlineEachId);
    cards.bank.shares[0].method = "MASTERCARD";
    cards.order = order(&Worldline, &cards.bank.facts());
    costs(&mut cards.order, &Worldline, 14);
    cards.request("R", refund(14));
    assert_eq!(ended(&mut cards), [first, (Purse::Card, LineState::Sent)]);
}

/// What one of two calls of a line is refused the other may have done, unless the provider knows both by their key.
#[test]
fn a_refusal_of_a_second_call_is_final_only_where_the_provider_knows_the_first() {
    for (kind, state) in
        [(Kind::Lyra, LineState::InFlight), (Kind::WorldlineEachId, LineState::Refused)]
    {
        let mut world = World::new(kind);
        world.request("R", Content::Refund { amount: 2, currency: eur() });
        let mut desk = world.desk();
        let intent = desk.intend(&world.order, world.rules, after(60)).unwrap();
        desk.effect(&intent, &Effect::Refused { why: "done".to_owned() }, false, world.rules);
        let line = &desk.requests()[0].lines[0];
        assert_eq!((line.state, line.reason.is_some()), (state, true));
    }
}

/// Somebody else looks while a call is made: what the call came to is noted on what he stored.
#[test]
fn what_a_call_came_to_is_noted_on_a_newer_desk() {
    let refund = |amount| Content::Refund { amount, currency: eur() };
    for (fault, state) in [
        (Fault::None, RequestState::Running),
        (Fault::Refuse, RequestState::Refused),
        // Whoever looked meanwhile may have called, too.
        (Fault::Unsent, RequestState::Running),
    ] {
        let mut world = World::new(Kind::Lyra);
        world.request("R", refund(2));
        world.look(Fault::None, 100);
        world.request("S", refund(3));
        // Look, store the intent; the call is next.
        world.happen(&Event::Pause(fault, 2));
        world.happen(&Event::Settle(true));
        world.look(Fault::None, 100);
        assert_eq!(world.desk().requests()[0].state(), RequestState::Done, "the desk is newer");
        world.happen(&Event::Resume);
        let request = world.desk().requests()[1].clone();
        assert_eq!(request.state(), state, "{fault:?} {request:#?}");
        let is_known = request.lines[0].psp_id.is_some() || request.lines[0].reason.is_some();
        assert!(is_known, "{request:#?}");
        world.check().unwrap();
    }
    // There is nothing to note before a call, and nothing on a desk where it is noted.
    let mut round = Round::of_new_request(Desk::default(), Provider::rules(&Lyra));
    assert!(!round.rebase(Desk::default()));
    let world = World::new(Kind::Lyra);
    assert_eq!(round.next(&world.order, after(60)), Step::End);
}

#[test]
fn a_desk_is_looked_at_after_growing_pauses_while_something_is_open() {
    let mut world = World::new(Kind::Lyra);
    let next = |world: &World, passed: i64| {
        let now = after(60 + passed);
        world.desk().next_look(now).map(|due| due.seconds_since(now))
    };
    assert_eq!(next(&world, 0), None);
    world.request("R", Content::Refund { amount: 2, currency: eur() });
    assert_eq!(next(&world, 0), Some(60));
    world.happen(&Event::Pass(10));
    world.look(Fault::None, 100);
    // From the call on.
    for (passed, pause) in [(0, 60), (60, 60), (70, 60), (200, 190), (200_000, 86_400)] {
        assert_eq!(next(&world, passed), Some(pause), "{passed}");
    }
    world.happen(&Event::Settle(true));
    world.look(Fault::None, 100);
    assert_eq!(next(&world, 0), None);
}

#[test]
fn captures_and_cancellations_end() {
    let states = |world: &World, at: usize| -> Vec<LineState> {
        world.desk().requests()[at].lines.iter().map(|line| line.state).collect()
    };
    let mut world = World::new(Kind::Lyra);
    assert_eq!(
        world.request("T", Content::Capture { amount: None, currency: eur() }),
        Answer::Planned
    );
    world.look(Fault::None, 100);
    assert_eq!(world.desk().requests()[0].state(), RequestState::Done);
    // A lost answer is found in what the share became.
    let mut lost = World::new(Kind::Lyra);
    lost.request("T", Content::Capture { amount: None, currency: eur() });
    lost.look(Fault::LostAfter, 100);
    assert_eq!(lost.desk().requests()[0].state(), RequestState::Done);
    assert_eq!(world.request("C", Content::Cancellation), Answer::Planned);
    world.look(Fault::None, 100);
    assert_eq!(states(&world, 1), [LineState::Done, LineState::Skipped, LineState::Skipped]);
    let desk = world.desk();
    let lines = desk.requests()[1].lines.iter();
    let reasons: Vec<_> = lines.map(|line| line.reason.as_ref().map(Remark::code)).collect();
    assert_eq!(reasons, [None, Some("plan_captured"), Some("plan_captured")]);
    assert_eq!(world.desk().requests()[1].state(), RequestState::Done);
    assert_eq!(world.request("D", Content::Cancellation), Answer::Planned);
    assert_eq!(world.desk().requests()[2].state(), RequestState::Done);
}

#[test]
fn a_refund_is_shown_as_the_interface_says() {
    let mut world = World::new(Kind::Lyra);
    world.request("R", Content::Refund { amount: 10, currency: eur() });
    world.look(Fault::None, 100);
    let request = world.desk().requests()[0].clone();
    let view = RefundView::of(&world.order, &request, 10, words(world.order.key().psp));
    let shown = serde_json::to_value(view).unwrap();
    assert_eq!(
        shown,
        serde_json::json!({
            "order": "systempay/SHOP-1/test/CMD-1",
            "request": "R",
            "amount": 10,
            "currency": "EUR",
            "state": "running",
            "lines": [
                {"share": uuid("b"), "method": "CB", "action": "refund", "amount": 6, "state": "sent",
                 "reason": null, "psp_id": uuid("d0")},
                {"share": uuid("c"), "method": "CB", "action": "cancel", "amount": 4, "state": "done",
                 "reason": null, "psp_id": uuid("c")},
            ],
            "refused": [],
            "voucher_deadline": null,
        })
    );
}

#[test]
fn a_desk_of_another_version_is_not_read() {
    let text = Desk::default().to_json();
    assert_eq!(text, r#"{"version":1,"requests":[]}"#);
    assert!(Desk::from_json(&text.replace('1', "2")).is_err());
    assert!(Desk::from_json("{}").is_err());
}

/// What the property looks for is found: a line that is called again where no key is kept moves money twice, and so
/// does one that is called again after its key is forgotten.
#[test]
fn money_that_moves_twice_is_noticed() {
    let mistaken = |memory| -> &'static Rules {
        let rules = Provider::rules(&Lyra).clone();
        Box::leak(Box::new(Rules { memory, ..rules }))
    };
    let moved = |kind, rules: Option<&'static Rules>, seconds| {
        let mut world = World::new(kind);
        world.rules = rules.unwrap_or(world.rules);
        world.request("R", Content::Refund { amount: 3, currency: eur() });
        world.look(Fault::LostAfter, 100);
        world.happen(&Event::Pass(seconds));
        world.look(Fault::None, 100);
        world.check().is_err()
    };
    assert!(moved(Kind::Lyra, Some(mistaken(Memory::Keys { seconds: 86_400 })), 10));
    assert!(!moved(Kind::Lyra, None, 10));
    assert!(!moved(Kind::WorldlineEachId, None, 10));
    assert!(!moved(Kind::WorldlineEachId, None, 90_000));
    let forever: &'static Rules = {
        let rules = Provider::rules(&Worldline).clone();
        Box::leak(Box::new(Rules { memory: Memory::Keys { seconds: 1_000_000 }, ..rules }))
    };
    assert!(moved(Kind::WorldlineEachId, Some(forever), 90_000));
}

/// What was asked for is never forgotten, so its number is bounded: by refusals, of which there can be any number.
#[test]
fn a_desk_takes_so_many_requests_and_knows_them_all_afterwards() {
    let mut world = World::new(Kind::WorldlineEachId);
    let refund = Content::Refund { amount: 1, currency: eur() };
    for number in 0..MAX_REQUESTS {
        assert_eq!(world.request(&format!("R-{number}"), refund), Answer::Planned);
        world.look(Fault::Refuse, 20);
    }
    assert_eq!(world.request("R-more", refund), Answer::Full);
    assert_eq!(world.request("R-0", refund), Answer::Known);
    assert_eq!(world.bank.moved.values().sum::<u64>(), 0);
}
