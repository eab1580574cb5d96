//! Refunds as their merchant sees them: asked for until they are answered, and what a person does about the rest.

use serde_json::{Value, json};

use crate::psps::{Key, Psps, assert_each_once, refund_request};
use crate::support::{Request, Stack, exchange, quittance, wait_for};

/// The orders of a local stack, and what is asked for of them.
const ORDERS: &str = "quittance-orders";

/// Longer ago than a call whose outcome is not known is waited for.
const LONG_AGO: &str = "2026-11-22T10:00:00Z";

/// The first refund of an order.
const FIRST: &str = "R-1";

/// What is asked for where the first one came to less, because a person found that a line was not carried out.
const REST: &str = "R-2";

/// A refund that is to be made.
pub(crate) struct Refund {
    pub(crate) key: Key,
    amount: u64,
    /// Whether it was answered that it is known.
    is_acknowledged: bool,
}

impl Refund {
    pub(crate) fn new(key: Key, amount: u64) -> Self {
        Self { key, amount, is_acknowledged: false }
    }

    fn request(&self) -> Request {
        refund_request(&self.key, FIRST, self.amount)
    }

    /// What was answered is there.
    pub(crate) fn assert_known(&self, stack: &Stack) {
        if self.is_acknowledged {
            let refunds = self.refunds(stack);
            assert_eq!(refunds[0]["request"], FIRST, "{:?}: {refunds:?}", self.key);
            assert_eq!(refunds[0]["amount"], self.amount, "{:?}: {refunds:?}", self.key);
        }
    }

    fn refunds(&self, stack: &Stack) -> Vec<Value> {
        let list = stack.get(&format!("/refunds?order={}", self.key.text())).json();
        list["refunds"].as_array().expect("a list").clone()
    }

    /// Exactly what was asked for went back, each share once, and we know it.
    pub(crate) fn assert_given_back(&self, stack: &Stack, psps: &Psps) {
        let ledger = psps.given_back(&self.key);
        assert_each_once(&ledger, &self.key);
        let sum: u64 = ledger.iter().map(|(_, amount)| amount).sum();
        assert_eq!(sum, self.amount, "{:?}: {ledger:?}", self.key);
        let refunds = self.refunds(stack);
        let lines = refunds.iter().flat_map(|one| one["lines"].as_array().expect("a list"));
        let mut done: Vec<u64> = lines
            .filter(|line| line["state"] == "done")
            .map(|line| line["amount"].as_u64().expect("an amount"))
            .collect();
        let mut given: Vec<u64> = ledger.iter().map(|(_, amount)| *amount).collect();
        done.sort_unstable();
        given.sort_unstable();
        assert_eq!(done, given, "{:?}: {refunds:?}", self.key);
        let order = wait_for("the order shows it and tells of it", || {
            let order = stack.order(&self.key.path());
            let mut reversals = order["reversals"].as_array().expect("a list").iter();
            let is_told = reversals.all(|one| one["sent_at"].is_string());
            (order["refunded"] == self.amount && is_told).then_some(order)
        });
        let told = stack.queue_of(&[&self.key.reference]);
        let reversals = order["reversals"].as_array().expect("a list").len();
        assert_eq!(told.len(), 1 + reversals, "{:?}: released once, each reversal once", self.key);
    }
}

/// Asks for all of them at once. What does not come back was killed.
pub(crate) fn post_all(stack: &Stack, refunds: &mut [Refund]) {
    let port = stack.port();
    std::thread::scope(|scope| {
        for refund in refunds {
            scope.spawn(move || {
                if let Ok(reply) = exchange(port, &refund.request()) {
                    assert!(matches!(reply.status, 200 | 202), "{}", reply.text());
                    refund.is_acknowledged = true;
                }
            });
        }
    });
}

/// Asks for one until it is answered that it is known. What was answered before says to try again.
pub(crate) fn post_until_known(stack: &Stack, refund: &mut Refund) {
    wait_for("the refund is known", || {
        let reply = stack.send(&refund.request());
        assert!(matches!(reply.status, 200 | 202 | 502 | 503), "{}", reply.text());
        refund.is_acknowledged = reply.status < 300;
        refund.is_acknowledged.then_some(())
    });
}

/// Goes on with all of them until they are done, as a merchant with patience and a person at the PSP's portal do. How
/// many lines that person had to settle.
pub(crate) fn finish(stack: &Stack, psps: &Psps, refunds: &mut [Refund]) -> usize {
    let mut by_hand = 0;
    for refund in refunds {
        by_hand += wait_for_end(stack, psps, refund, FIRST, refund.amount);
        let sum: u64 = psps.given_back(&refund.key).iter().map(|(_, amount)| amount).sum();
        if sum < refund.amount {
            by_hand += wait_for_end(stack, psps, refund, REST, refund.amount - sum);
        }
    }
    by_hand
}

fn wait_for_end(
    stack: &Stack,
    psps: &Psps,
    refund: &mut Refund,
    request: &str,
    amount: u64,
) -> usize {
    let mut by_hand = 0;
    wait_for("the refund has an end", || {
        psps.batch();
        stack.hears(psps);
        let reply = stack.send(&refund_request(&refund.key, request, amount));
        assert!(matches!(reply.status, 200 | 202), "{:?}: {}", refund.key, reply.text());
        refund.is_acknowledged = true;
        let lines = reply.json()["lines"].as_array().expect("a list").clone();
        for line in &lines {
            match line["state"].as_str().expect("a word") {
                "running" => let_time_pass(stack, &refund.key),
                "uncertain" => by_hand += settle(stack, psps, &refund.key),
                _ => {}
            }
        }
        lines
            .iter()
            .all(|line| matches!(line["state"].as_str(), Some("done" | "refused" | "skipped")))
            .then_some(())
    });
    by_hand
}

/// Moves a call of which nobody knows the outcome into the past. Where somebody writes meanwhile, the next one does.
fn let_time_pass(stack: &Stack, key: &Key) {
    let pk = json!({"S": format!("refunds:{}", key.text())});
    let held = stack.dynamodb(
        "GetItem",
        &json!({"TableName": ORDERS, "Key": {"pk": pk}, "ConsistentRead": true}),
    );
    let mut item = held["Item"].clone();
    let mut desk: Value =
        serde_json::from_str(item["desk"]["S"].as_str().expect("a desk")).expect("JSON");
    let requests = desk["requests"].as_array_mut().expect("a list").iter_mut();
    for line in requests.flat_map(|one| one["lines"].as_array_mut().expect("a list")) {
        if line["state"] == "in_flight" {
            line["called_at"] = json!(LONG_AGO);
        }
    }
    let version: u64 = item["version"]["N"].as_str().expect("a number").parse().expect("digits");
    item["desk"] = json!({"S": desk.to_string()});
    item["version"] = json!({"N": (version + 1).to_string()});
    let put = json!({
        "TableName": ORDERS, "Item": item, "ConditionExpression": "version = :version",
        "ExpressionAttributeValues": {":version": {"N": version.to_string()}},
    });
    let reply = stack.ask_engine("PutItem", &put);
    let is_overtaken = reply.text().contains("ConditionalCheckFailed");
    assert!(reply.status == 200 || is_overtaken, "{}", reply.text());
}

/// A person looks at the PSP what became of each line that is uncertain, and says so. How many there were.
fn settle(stack: &Stack, psps: &Psps, key: &Key) -> usize {
    let (url, name) = (stack.url(), key.text());
    let run = |args: &[&str]| {
        let args = [&["settle", name.as_str()], args, &["--local", url.as_str()]].concat();
        quittance(&args).output().expect("it starts")
    };
    let listed: Value = serde_json::from_slice(&run(&["--json"]).stdout).expect("JSON");
    let lines = listed.as_array().expect("a list").iter();
    let uncertain: Vec<&Value> = lines.filter(|line| line["state"] == "uncertain").collect();
    assert_eq!(key.psp, "systempay", "calls with a key can be made again: {listed}");
    for line in &uncertain {
        let share = line["share"].as_str().expect("a share");
        let was_done = psps.given_back(key).iter().any(|(of, _)| of.contains(share));
        let word = if was_done { "--done" } else { "--not-done" };
        let done = run(&[&line["number"].to_string(), word, "--yes"]);
        assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    }
    uncertain.len()
}
