//! The operator's commands, against a running local stack.

mod doctor;
mod drill;
mod erase;
mod evidence;
mod examples;
mod expect;
mod keys;
mod listen;
mod orders;
mod quarantine;
mod rebuild;
mod refund;
mod rehearse;
mod replay;
mod send;
mod settle;
mod start;
mod unsent;

use crate::support::{Stack, quittance};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use quittance_core::{OrderKey, stored};
use serde_json::{Value, json};

/// The orders of a local stack.
const ORDERS: &str = "quittance-orders";

/// The archive of a local stack.
const ARCHIVE: &str = "quittance-archive";

/// What a command did.
struct Done {
    status: i32,
    output: String,
    errors: String,
}

impl Done {
    fn json(&self) -> Value {
        serde_json::from_str(&self.output)
            .unwrap_or_else(|e| panic!("{e}: {}{}", self.output, self.errors))
    }

    /// Fails unless the command ended with this status.
    fn with(self, status: i32) -> Self {
        assert_eq!(self.status, status, "{}{}", self.output, self.errors);
        self
    }
}

/// Runs a command in an environment of its own.
fn run(args: &[&str], environment: &[(&str, &str)]) -> Done {
    let output = quittance(args).envs(environment.iter().copied()).output().expect("it starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Done {
        status: output.status.code().unwrap_or(-1),
        output: text(&output.stdout),
        errors: text(&output.stderr),
    }
}

/// Runs a command on a local stack.
fn on(stack: &Stack, args: &[&str]) -> Done {
    on_with(stack, args, &[])
}

fn on_with(stack: &Stack, args: &[&str], environment: &[(&str, &str)]) -> Done {
    let url = stack.url();
    run(&[args, &["--local", &url]].concat(), environment)
}

/// An empty order table beside that of a stack, whose stream nobody follows, and its environment: the
/// stack's archive and queue, its policy and keys.
fn beside(stack: &Stack, name: &str) -> Vec<(&'static str, String)> {
    let environment = vec![
        ("AWS_ENDPOINT_URL_DYNAMODB", format!("http://127.0.0.1:{}", stack.engine_port())),
        ("QUITTANCE_TABLE", name.to_owned()),
        ("QUITTANCE_ARCHIVE_TABLE", ARCHIVE.to_owned()),
        ("QUITTANCE_QUEUE_URL", "table:quittance-local-queue".to_owned()),
        ("QUITTANCE_RELEASE_ON", "captured".to_owned()),
        ("QUITTANCE_INSTALMENTS", "first".to_owned()),
        ("QUITTANCE_WORLDLINE_KEYS", r#"{"demo-key": "demo-secret"}"#.to_owned()),
        (
            "QUITTANCE_SYSTEMPAY_KEYS",
            r#"{"12345678": {"test": {"form": "demoformkey0000"}}}"#.to_owned(),
        ),
    ];
    let args = ["--port", "0", "--no-play", "--exit", "--quiet"];
    run(&args, &borrowed(&environment)).with(0);
    environment
}

fn borrowed<'a>(environment: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
    environment.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

/// Every item of a table.
fn items(stack: &Stack, table: &str) -> Vec<Value> {
    let reply = stack.dynamodb("Scan", &json!({"TableName": table}));
    reply["Items"].as_array().expect("a list").clone()
}

/// The items of a partition.
fn items_of(stack: &Stack, table: &str, partition: &str) -> Vec<Value> {
    let mut items = items(stack, table);
    items.retain(|item| item["pk"]["S"] == partition);
    items
}

fn put(stack: &Stack, table: &str, item: &Value) {
    stack.dynamodb("PutItem", &json!({"TableName": table, "Item": item}));
}

fn delete(stack: &Stack, table: &str, item: &Value) {
    let mut key = json!({"pk": item["pk"]});
    if !item["sk"].is_null() {
        key["sk"] = item["sk"].clone();
    }
    stack.dynamodb("DeleteItem", &json!({"TableName": table, "Key": key}));
}

/// The stored order as a document that can be tampered with. What is no order afterwards is stored all the same.
fn tamper(stack: &Stack, key: &str, change: impl FnOnce(&mut Value)) {
    let mut item = items_of(stack, ORDERS, key).remove(0);
    let bytes = BASE64.decode(item["order"]["B"].as_str().expect("bytes")).expect("base64");
    let mut order = serde_json::to_value(stored::unpack(&bytes).expect("an order")).expect("JSON");
    change(&mut order);
    let packed = serde_json::from_value(order.clone()).map(|order| stored::pack(&order));
    let bytes =
        packed.map_or_else(|_| order.to_string().into_bytes(), |packed| packed.expect("bytes"));
    item["order"]["B"] = json!(BASE64.encode(bytes));
    put(stack, ORDERS, &item);
}

/// Adds a text to a stored order, and gives what points to it.
fn text(order: &mut Value, text: &str) -> usize {
    let texts = order["texts"].as_array_mut().expect("a list");
    texts.push(json!({"Plain": text}));
    texts.len()
}

/// The key in the path of an order's resource.
fn key(path: &str) -> String {
    let key: OrderKey = path.trim_start_matches("/orders/").parse().expect("a key");
    key.to_string()
}

#[test]
fn without_a_local_stack_the_commands_say_how_to_name_one() {
    let nobody = format!("http://127.0.0.1:{}", crate::support::free_port());
    for args in
        [&["orders", "list"][..], &["quarantine", "list"], &["rebuild", "--verify"], &["ui"]]
    {
        let done = run(&[args, &["--local", &nobody]].concat(), &[]).with(2);
        for word in ["--local", "--stack", &nobody] {
            assert!(done.errors.contains(word), "{word} in {}", done.errors);
        }
    }
}

/// The policy of a deployed stack is in its functions: to guess it would be to guess with money. So it
/// would be where variables name the stack.
#[test]
fn what_decides_about_orders_wants_the_policy_said_unless_a_local_stack_tells_its_own() {
    let aws = [
        ("AWS_REGION", "eu-west-3"),
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
        ("AWS_MAX_ATTEMPTS", "1"),
    ];
    let policy = [("QUITTANCE_RELEASE_ON", "captured"), ("QUITTANCE_INSTALMENTS", "first")];
    for (said, missing) in [(policy[0], policy[1].0), (policy[1], policy[0].0)] {
        let environment = [&aws[..], &[said]].concat();
        let done = run(&["rebuild", "--verify"], &environment).with(2);
        for part in [missing, "needs the release policy"] {
            assert!(done.errors.contains(part), "{part} in {}", done.errors);
        }
    }
    // A deployed stack's is asked for: `.ci/operator`. Here nobody answers.
    let done = run(&["rebuild", "--verify", "--stack", "shop"], &aws).with(2);
    assert!(done.errors.contains("AWS is not reached in eu-west-3"), "{}", done.errors);
    let done = run(&["orders", "list", "--stack", "shop"], &aws[1..]).with(2);
    assert!(done.errors.contains("AWS_REGION"), "{}", done.errors);
}

/// Everybody knows them: whoever can write into an archive could sign with them.
#[test]
fn the_keys_of_the_demo_verify_nothing_but_on_a_local_stack() {
    let stack = Stack::start();
    let form = quittance_testing::lyra::Form::single("DEMO-KEYS", "demok1", "CB", 500, "CAPTURED");
    stack.systempay(&form.body());
    let key = key(&crate::support::systempay_path("DEMO-KEYS"));
    on(&stack, &["replay", &key]).with(0);
    let mut environment = beside(&stack, "demo-keys");
    run(&["replay", &key], &borrowed(&environment)).with(0);
    environment.retain(|(name, _)| !name.ends_with("_KEYS"));
    let done = run(&["replay", &key], &borrowed(&environment)).with(1);
    assert!(done.output.contains("no usable keys"), "{}", done.output);
}

/// A variable that was exported for another stack and forgotten.
#[test]
fn a_command_never_acts_on_another_stack_than_the_one_that_is_named() {
    let url = |name: &str| format!("https://sqs.eu-west-3.amazonaws.com/123456789012/{name}.fifo");
    let (ours, others) = (url("shop-fulfilment"), url("other-fulfilment"));
    let stack = Stack::start();
    let local = stack.url();
    for (variable, value, expected) in [
        ("QUITTANCE_TABLE", "other-orders", "shop-orders"),
        ("QUITTANCE_ARCHIVE_TABLE", "other-archive", "shop-archive"),
        ("QUITTANCE_KEYS_SECRET", "other/keys", "shop/keys"),
        ("QUITTANCE_QUEUE_URL", &others, "shop-fulfilment.fifo"),
    ] {
        let last = value.rsplit('/').next().expect("text");
        let named = |done: Done, words: &[&str]| {
            for word in words {
                assert!(done.errors.contains(word), "{word} in {}", done.errors);
            }
        };
        for command in [&["orders", "list"][..], &["dlq", "redrive"], &["keys", "check"]] {
            let done = run(&[command, &["--stack", "shop"]].concat(), &[(variable, value)]);
            let shown = if variable == "QUITTANCE_KEYS_SECRET" { value } else { last };
            named(done.with(2), &[variable, shown, "--stack shop", expected]);
        }
        // A local stack that was named wins, or the command does nothing.
        if variable != "QUITTANCE_KEYS_SECRET" {
            let done = on_with(&stack, &["orders", "list"], &[(variable, value)]).with(2);
            named(done, &[variable, value, &local]);
        }
    }
    let engine = [("AWS_ENDPOINT_URL", "http://127.0.0.1:1")];
    on_with(&stack, &["orders", "list"], &engine).with(0);
    let both = ["orders", "list", "--stack", "shop", "--local", &local];
    let done = run(&both, &[]).with(2);
    assert!(done.errors.contains("two stacks"), "{}", done.errors);
    // What names the same is no other: the error is about something else.
    let same = [
        ("QUITTANCE_TABLE", "shop-orders"),
        ("QUITTANCE_KEYS_SECRET", "shop/keys"),
        ("QUITTANCE_QUEUE_URL", &ours),
    ];
    let done = run(&["orders", "list", "--stack", "shop"], &same).with(2);
    assert!(done.errors.contains("AWS_REGION"), "{}", done.errors);
}

#[test]
fn completions_know_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = run(&["completions", shell], &[]).with(0).output;
        for word in ["quarantine", "redrive", "rebuild"] {
            assert!(script.contains(word), "{word} for {shell}");
        }
    }
    run(&["completions", "tcsh"], &[]).with(2);
}

/// A file on a full disk ends early; a reader that has seen enough ends early on purpose.
#[test]
fn what_cannot_be_written_is_2_and_a_reader_that_goes_away_is_nothing() {
    let status = |out: std::process::Stdio| {
        let mut command = quittance(&["completions", "bash"]);
        command.stdout(out).stderr(std::process::Stdio::null()).status().expect("it starts").code()
    };
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("a full device");
    assert_eq!(status(full.into()), Some(2));
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    assert_eq!(status(writer.into()), Some(0));
}

#[test]
fn a_queue_without_dead_letters_is_named() {
    let done = on(&Stack::shared(), &["dlq", "list"]).with(2);
    assert!(done.errors.contains("quittance-local-queue"), "{}", done.errors);
}
