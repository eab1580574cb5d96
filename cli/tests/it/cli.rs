//! The command line: what it prints and how it exits.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::Output;

use crate::support::{
    Request, SYSTEMPAY_DEMO, Stack, WORLDLINE_DEMO, free_port, quittance, systempay_path, wait_for,
    worldline_path,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use quittance_testing::lyra::Form;
use quittance_testing::worldline::Payment;
use serde_json::{Value, json};

/// Runs to the end.
fn run(args: &[&str], environment: &[(&str, &str)]) -> Output {
    quittance(args).envs(environment.iter().copied()).output().expect("the binary starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A request as a Lambda Function URL event.
fn event(request: &Request, base64: bool) -> Value {
    let headers: serde_json::Map<String, Value> = request
        .headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), json!(value)))
        .collect();
    let body = if base64 { STANDARD.encode(&request.body) } else { text(&request.body) };
    json!({
        "version": "2.0", "rawPath": request.path, "rawQueryString": "", "headers": headers,
        "requestContext": {"http": {"method": request.method, "path": request.path}},
        "body": body, "isBase64Encoded": base64,
    })
}

fn write(file: &Path, value: &Value) {
    std::fs::create_dir_all(file.parent().expect("in a folder")).expect("a folder");
    std::fs::write(file, value.to_string()).expect("written");
}

/// A folder of events: one captured payment each, as many cents as said, and what is expected of it.
fn events(root: &Path, expected: u64) {
    for psp in ["worldline", "systempay"] {
        let (request, path) = match psp {
            "worldline" => {
                let event = Payment::new("EV-1", "3254770001_0", 130, 9, 500);
                (Request::worldline(event.body()), worldline_path("EV-1"))
            }
            _ => {
                let form = Form::single("EV-2", "ev0002", "CB", 500, "CAPTURED");
                (Request::systempay(form.body()), systempay_path("EV-2"))
            }
        };
        write(&root.join(psp).join("01-paid.json"), &event(&request, psp == "systempay"));
        write(
            &root.join(psp).join("01-paid.expected.json"),
            &json!({
                "answer": {"status": 200, "body_contains": "captured 5.00 EUR"},
                "order": {
                    "path": path, "state": "captured", "captured": expected, "released": true,
                    "reversals": 0, "notifications": 1
                }
            }),
        );
    }
}

#[test]
fn playing_exits_0_when_expectations_are_met_and_1_when_one_is_not() {
    let directory = tempfile::tempdir().expect("a directory");
    let folder = directory.path().to_str().expect("UTF-8");
    let args = ["--port", "0", "--exit", "--events", folder];
    events(directory.path(), 500);
    let right = run(&args, &[]);
    let printed = text(&right.stdout);
    assert_eq!(right.status.code(), Some(0), "{printed}{}", text(&right.stderr));
    assert!(printed.contains("2 events played, 0 expectations not met"), "{printed}");
    for part in ["EV-1", "EV-2", "CB 5.00 EUR CAPTURED", "captured", "sent "] {
        assert!(printed.contains(part), "{part} in {printed}");
    }

    events(directory.path(), 501);
    let wrong = run(&args, &[]);
    let printed = text(&wrong.stdout);
    assert_eq!(wrong.status.code(), Some(1), "{printed}");
    assert!(printed.contains("2 events played, 2 expectations not met"), "{printed}");
    assert!(printed.contains("worldline/01-paid: captured: expected 501, got 500"), "{printed}");
}

#[test]
fn each_kind_of_expectation_can_fail() {
    let directory = tempfile::tempdir().expect("a directory");
    let folder = directory.path().to_str().expect("UTF-8");
    events(directory.path(), 500);
    let file = directory.path().join("worldline/01-paid.expected.json");
    let right: Value = serde_json::from_slice(&std::fs::read(&file).expect("there")).expect("JSON");
    for (pointer, value) in [
        ("/answer/status", json!(401)),
        ("/answer/body_contains", json!("refused")),
        ("/order/state", json!("pending")),
        ("/order/released", json!(false)),
        ("/order/reversals", json!(1)),
        ("/order/notifications", json!(2)),
        ("/order/path", json!("/orders/worldline/DemoMerchant/test/OTHER")),
    ] {
        let mut wrong = right.clone();
        *wrong.pointer_mut(pointer).expect("there") = value;
        write(&file, &wrong);
        let output = run(&["--port", "0", "--exit", "--quiet", "--events", folder], &[]);
        assert_eq!(output.status.code(), Some(1), "{pointer}: {}", text(&output.stdout));
    }
}

#[test]
fn playing_twice_on_the_same_data_meets_the_expectations_again() {
    let directory = tempfile::tempdir().expect("a directory");
    let (folder, data) = (directory.path().join("events"), directory.path().join("data"));
    events(&folder, 500);
    let (folder, data) = (folder.to_str().expect("UTF-8"), data.to_str().expect("UTF-8"));
    for _ in 0..2 {
        let output = run(&["--port", "0", "--exit", "--events", folder, "--data", data], &[]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    }
}

/// Such a stack would take notifications and tell nobody of them.
#[test]
fn tables_of_an_earlier_version_are_refused_at_the_start() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().to_str().expect("UTF-8");
    let stack = Stack::start_in(directory.path());
    let without = json!({
        "TableName": "quittance-orders",
        "GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "due"}}],
    });
    stack.dynamodb("UpdateTable", &without);
    let refused = |args: &[&str], environment: &[(&str, &str)], hint: &str| {
        let output = run(&[&["--port", "0", "--no-play", "--exit"], args].concat(), environment);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        for part in ["quittance-orders", "an earlier version", "no index due", hint] {
            assert!(said.contains(part), "{part}: {said}");
        }
    };
    let engine = format!("http://127.0.0.1:{}", stack.engine_port());
    refused(&[], &[("AWS_ENDPOINT_URL_DYNAMODB", &engine)], "another one in QUITTANCE_TABLE");
    stack.kill();
    refused(&["--data", data, "--dynamodb-port", "0"], &[], "begin another folder with --data");
}

#[test]
fn a_file_that_is_no_database_is_named_with_what_to_do() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("quittance.db");
    std::fs::write(&file, "this is no database").expect("written");
    let data = directory.path().to_str().expect("UTF-8");
    let output = run(&["--port", "0", "--no-play", "--exit", "--data", data], &[]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    for part in [file.to_str().expect("UTF-8"), "move it away", "--data"] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

/// Such a stack would look healthy, and answer every notification with 503.
#[test]
fn a_database_that_cannot_be_written_is_refused_at_the_start() {
    let directory = tempfile::tempdir().expect("a directory");
    Stack::start_in(directory.path()).kill();
    let data = directory.path().to_str().expect("UTF-8");
    let args = ["--port", "0", "--no-play", "--exit", "--data", data];
    assert_eq!(run(&args, &[]).status.code(), Some(0));
    // What is written by a later version of SQLite may be read and not written. That binds root, too.
    let file = directory.path().join("quittance.db");
    let mut bytes = std::fs::read(&file).expect("there");
    bytes[18] = 3;
    std::fs::write(&file, bytes).expect("written");
    let output = run(&args, &[]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}{}", text(&output.stdout));
    for part in [file.to_str().expect("UTF-8"), "cannot be written", "readonly", "--data"] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn an_address_without_a_scheme_is_named_and_no_request_is_shown() {
    let engine = [("AWS_ENDPOINT_URL_DYNAMODB", "foo")];
    for args in [&["--port", "0", "--no-play", "--exit"][..], &["orders", "list"]] {
        let output = run(args, &engine);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        let why =
            "AWS_ENDPOINT_URL_DYNAMODB is foo: that is no address as in http://127.0.0.1:8000";
        assert_eq!(said, format!("error: {why}\n"));
    }
}

#[test]
fn keys_that_cannot_be_used_are_1_whether_samples_are_played_or_not() {
    let directory = tempfile::tempdir().expect("a directory");
    let folder = directory.path().to_str().expect("UTF-8");
    events(directory.path(), 500);
    let keys = [("QUITTANCE_SYSTEMPAY_KEYS", "{}")];
    for play in [&["--no-play"][..], &["--events", folder]] {
        let output = run(&[&["--port", "0", "--exit"], play].concat(), &keys);
        let said = text(&output.stdout);
        assert_eq!(output.status.code(), Some(1), "{said}{}", text(&output.stderr));
        assert!(said.contains("takes no notifications"), "{said}");
    }
    // Whoever gave none of the other PSP's wants none.
    let keys = [("QUITTANCE_WORLDLINE_KEYS", r#"{"mine": "a-secret"}"#)];
    let output = run(&["--port", "0", "--exit", "--no-play"], &keys);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

#[test]
fn a_stack_elsewhere_is_played_to_and_compared_with() {
    let stack = Stack::start();
    let url = stack.url();
    let play = |more: &[&str]| {
        let output = run(&[&["play", "--quiet", "--against", &url], more].concat(), &[]);
        (output.status.code(), text(&output.stdout) + &text(&output.stderr))
    };
    // The second time all of it is known.
    for _ in 0..2 {
        let (status, printed) = play(&[]);
        assert_eq!(status, Some(0), "{printed}");
        assert!(printed.contains(" events played, 0 expectations not met"), "{printed}");
    }
    let (status, printed) = play(&["worldline/60-forged", "orders/03-unknown-order"]);
    assert_eq!((status, printed.as_str()), (Some(0), "2 events played, 0 expectations not met\n"));

    let directory = tempfile::tempdir().expect("a directory");
    events(directory.path(), 501);
    let file = directory.path().join("systempay/01-paid.json");
    let (status, printed) = play(&[file.to_str().expect("UTF-8")]);
    assert_eq!(status, Some(1), "{printed}");
    let unmet = "1 expectations not met\nsystempay/01-paid: captured: expected 501, got 500\n";
    assert!(printed.ends_with(unmet), "{printed}");

    assert_eq!(play(&["worldline/no-such-sample"]).0, Some(2));
    stack.kill();
    let (status, printed) = play(&[]);
    assert_eq!(status, Some(2), "{printed}");
    assert!(printed.contains("does not answer"), "{printed}");
}

#[test]
fn an_events_folder_that_cannot_be_read_is_named() {
    let directory = tempfile::tempdir().expect("a directory");
    let folder = directory.path().join("nothing");
    let args = ["--port", "0", "--exit", "--events", folder.to_str().expect("UTF-8")];
    let output = run(&args, &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("nothing/worldline"), "{}", text(&output.stderr));

    events(&folder, 500);
    std::fs::write(folder.join("systempay/01-paid.json"), "no JSON").expect("written");
    let output = run(&args, &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("01-paid.json"), "{}", text(&output.stderr));
}

#[test]
fn send_signs_anew_and_prints_the_answer() {
    let directory = tempfile::tempdir().expect("a directory");
    let stack = Stack::shared();
    let worldline = Request::worldline(Payment::new("SEND-1", "3254780001_0", 130, 9, 500).body());
    let form = Form::single("SEND-2", "send02", "CB", 500, "CAPTURED");
    let share =
        quittance_testing::lyra::Share("0123456789abcdef0123456789abcde0", "CB", 500, "CAPTURED");
    let answer =
        quittance_testing::lyra::answer("SEND-3", "send03", 500, ("PAID", "CLOSED"), &[share]);
    let rest = quittance_testing::rest_body("an old password", &answer.to_string());
    for (name, request) in [
        ("SEND-1", worldline.with("X-GCS-Signature", "out of date")),
        ("SEND-2", Request::systempay(form.body_signed_with("an old key"))),
        ("SEND-3", Request::systempay(rest)),
    ] {
        let file = directory.path().join(format!("{name}.json"));
        write(&file, &event(&request, name == "SEND-3"));
        let file = file.to_str().expect("UTF-8");
        let as_is = run(&["send", file, "--to", &stack.url(), "--as-is"], &[]);
        assert_eq!(as_is.status.code(), Some(1), "{name}");
        assert!(text(&as_is.stdout).starts_with("401 refused"), "{}", text(&as_is.stdout));

        let signed = run(&["send", file, "--to", &stack.url()], &[]);
        assert_eq!(signed.status.code(), Some(0), "{name}: {}", text(&signed.stderr));
        assert_eq!(text(&signed.stdout), format!("200 OK {name} captured 5.00 EUR\n"));
    }
}

#[test]
fn send_uses_the_configured_keys_and_says_what_is_wrong() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("event.json");
    let stack = Stack::shared();
    let request = Request::worldline(Payment::new("SEND-4", "3254780004_0", 130, 9, 500).body());
    write(&file, &event(&request, false));
    let name = file.to_str().expect("UTF-8");
    let keys = [("QUITTANCE_WORLDLINE_KEYS", r#"{"demo-key": "another secret"}"#)];
    let output = run(&["send", name, "--to", &stack.url()], &keys);
    assert_eq!((output.status.code(), text(&output.stdout).starts_with("401 ")), (Some(1), true));

    let keys = [("QUITTANCE_WORLDLINE_KEYS", r#"{"other-key": "another secret"}"#)];
    let output = run(&["send", name, "--to", &stack.url()], &keys);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("no key"), "{}", text(&output.stderr));

    let nobody = format!("http://127.0.0.1:{}", free_port());
    let output = run(&["send", name, "--to", &nobody], &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("does not answer"), "{}", text(&output.stderr));

    std::fs::write(&file, "[]").expect("written");
    let output = run(&["send", name, "--to", &stack.url()], &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("event.json"), "{}", text(&output.stderr));
}

#[test]
fn a_port_in_use_is_2_with_advice() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = taken.local_addr().expect("bound").port().to_string();
    for flag in ["--port", "--dynamodb-port"] {
        let mut args = vec!["--no-play", flag, &port];
        if flag != "--port" {
            args.extend(["--port", "0"]);
        }
        let output = run(&args, &[]);
        let errors = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{errors}");
        for part in [format!("127.0.0.1:{port}"), format!("{flag} 0")] {
            assert!(errors.contains(&part), "{part} in {errors}");
        }
        assert!(output.stdout.is_empty(), "nothing listens: {}", text(&output.stdout));
    }
}

#[test]
fn unusable_settings_are_2() {
    for (variable, value) in
        [("QUITTANCE_RELEASE_ON", "always"), ("QUITTANCE_RAW_RETENTION_DAYS", "a year")]
    {
        let output = run(&["--port", "0", "--no-play"], &[(variable, value)]);
        assert_eq!(output.status.code(), Some(2), "{variable}={value}");
        assert!(text(&output.stderr).contains(variable), "{}", text(&output.stderr));
    }
}

/// As under Lambda: the route whose keys cannot be used answers 500, the other works, and what is
/// wrong is said without the secret.
#[test]
fn unusable_keys_are_500_and_no_secret_is_printed() {
    const SECRET: &str = "hunter2-hunter2";
    let paid = || Request::worldline(Payment::new("KEYS-1", "3254780101_0", 130, 9, 500).body());
    let form =
        || Request::systempay(Form::single("KEYS-2", "keys02", "CB", 500, "CAPTURED").body());
    for (variable, value) in [
        ("QUITTANCE_WORLDLINE_KEYS", r#"{"id": "SECRET""#),
        ("QUITTANCE_WORLDLINE_KEYS", r#"{"id": {"secret": "SECRET", "mode": "TEST"}}"#),
        ("QUITTANCE_WORLDLINE_KEYS", r#"{"id": "SECRET", "empty": ""}"#),
        ("QUITTANCE_WORLDLINE_KEYS", "{}"),
        ("QUITTANCE_SYSTEMPAY_KEYS", r#"{"1": {"test": {"key": "SECRET"}}}"#),
        ("QUITTANCE_SYSTEMPAY_KEYS", r#"{"1": "SECRET"}"#),
        ("QUITTANCE_SYSTEMPAY_KEYS", r#"{"1": {"brand": "SECRET", "test": {"form": "SECRET"}}}"#),
    ] {
        let (broken, works, other) = match variable {
            "QUITTANCE_WORLDLINE_KEYS" => (paid(), form(), SYSTEMPAY_DEMO),
            _ => (form(), paid(), WORLDLINE_DEMO),
        };
        let value = value.replace("SECRET", SECRET);
        let stack = Stack::start_with(&[], &[(variable, &value), other]);
        wait_for("it is said", || stack.output().contains("cannot be used").then_some(()));
        assert_eq!(stack.send(&broken).status, 500, "{variable}={value}");
        assert_eq!(stack.send(&works).status, 200, "{variable}={value}");
        assert!(stack.errors().contains(variable), "{}", stack.errors());
        assert!(!stack.errors().contains(SECRET) && !stack.output().contains(SECRET));
    }
}

#[test]
fn a_list_of_addresses_that_cannot_be_read_is_said_at_the_start() {
    let stack = Stack::start_with(&[], &[("QUITTANCE_SYSTEMPAY_SOURCES", "192.0.2.1/99")]);
    let said =
        "/webhooks/systempay takes no notifications: the addresses in QUITTANCE_SYSTEMPAY_SOURCES";
    wait_for("it is said", || stack.output().contains(said).then_some(()));
    let form = Form::single("SOURCES-1", "sour01", "CB", 500, "CAPTURED").body();
    assert_eq!(stack.send(&Request::systempay(form)).status, 500);
}

/// They are public: whoever knows them could release orders beside real keys.
#[test]
fn the_demo_keys_end_where_somebody_has_keys_of_his_own() {
    let own = r#"{"12345678": {"test": {"form": "a key of one's own"}}}"#;
    let played = |keys: &[(&str, &str)]| {
        let mut command = quittance(&["--port", "0"]);
        command.envs(keys.iter().copied());
        let stack = Stack::spawn(command);
        wait_for("it is up", || stack.output().contains("staying up").then_some(()));
        stack
    };
    let paid = Request::worldline(Payment::new("DEMO-1", "3254780201_0", 130, 9, 500).body());
    let form = Form::single("DEMO-2", "demo02", "CB", 500, "CAPTURED");

    let stack = played(&[("QUITTANCE_SYSTEMPAY_KEYS", own), ("QUITTANCE_WORLDLINE_KEYS", "")]);
    assert_eq!(stack.send(&paid).status, 401, "signed with the demo's key");
    assert_eq!(stack.systempay(&form.body()).status, 401, "signed with the demo's key");
    assert_eq!(stack.rows("quittance-orders"), 0);
    let signed = Request::systempay(form.body_signed_with("a key of one's own"));
    assert_eq!(stack.send(&signed).status, 200);
    let said = stack.output();
    for part in [
        "/webhooks/worldline refuses notifications: there are no keys in QUITTANCE_WORLDLINE_KEYS",
        "/webhooks/systempay takes notifications under the keys of QUITTANCE_SYSTEMPAY_KEYS",
        "samples of Worldline Direct left out",
        "samples of Systempay (Lyra) left out",
        "0 events played, 0 expectations not met",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }

    // An empty variable is none.
    let stack = Stack::start_with(&[], &[("QUITTANCE_WORLDLINE_KEYS", "")]);
    assert_eq!(stack.send(&paid).status, 200);
    // Those who say the demo's keys by hand play the samples that they signed.
    let stack = played(&[WORLDLINE_DEMO]);
    let said = stack.output();
    assert!(said.contains("samples of Systempay (Lyra) left out"), "{said}");
    assert!(said.contains(" 0 expectations not met") && !said.contains("\n0 events"), "{said}");

    let unusable = run(&["--port", "0", "--exit", "--quiet"], &[("QUITTANCE_SYSTEMPAY_KEYS", "{")]);
    assert_eq!(unusable.status.code(), Some(1), "{}", text(&unusable.stdout));
}

#[test]
fn brands_lists_every_brand_and_the_hosts_of_the_configured_sites() {
    let keys = r#"{
        "1": {"brand": "scellius", "test": {"form": "hunter2-hunter2"}},
        "2": {"brand": {"name": "Ma Banque", "rest": "api.ma-banque.example"}}
    }"#;
    let keys = [("QUITTANCE_SYSTEMPAY_KEYS", keys)];
    let (table, json) = (run(&["brands"], &keys), run(&["brands", "--json"], &keys));
    assert_eq!((table.status.code(), json.status.code()), (Some(0), Some(0)));
    let table = text(&table.stdout);
    let json: Value = serde_json::from_slice(&json.stdout).expect("JSON");
    for brand in quittance_psp::lyra::brands::BRANDS {
        let row = table.split_once(&format!("{:<13} {}\n", brand.id, brand.name));
        let (_, row) = row.unwrap_or_else(|| panic!("{} in {table}", brand.id));
        let row: String = row.lines().take(3).collect();
        let listed = json["brands"].as_array().expect("a list");
        let listed = listed.iter().find(|listed| listed["id"] == brand.id).expect("listed");
        for (name, host) in [("back_office", brand.back_office), ("rest", brand.rest)] {
            assert!(row.contains(host.unwrap_or("not known")), "{row}");
            assert_eq!(listed[name], json!(host));
        }
        assert_eq!(row.contains("(inferred)"), brand.rest_inferred, "{row}");
    }
    for part in ["https://scelliuspaiement.labanquepostale.fr/vads-merchant/", "Ma Banque"] {
        assert!(table.contains(part), "{part} in {table}");
    }
    assert_eq!(json["sites"]["2"]["rest"], "api.ma-banque.example");
    assert_eq!(json["sites"]["2"]["back_office"], Value::Null);
    assert!(!format!("{table}{json}").contains("hunter2"));
    assert!(table.lines().all(|line| line.chars().count() <= 100), "{table}");
    let demo = text(&run(&["brands"], &[]).stdout);
    assert!(demo.contains("https://api.systempay.fr/api-payment/V4/"), "{demo}");
}

#[test]
fn an_unknown_brand_is_2_with_those_that_there_are() {
    let keys = r#"{"1": {"brand": "scelius", "test": {"form": "hunter2-hunter2"}}}"#;
    for args in [&["brands"][..], &["brands", "--json"]] {
        let output = run(args, &[("QUITTANCE_SYSTEMPAY_KEYS", keys)]);
        let errors = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{errors}");
        assert!(errors.contains("QUITTANCE_SYSTEMPAY_KEYS") && errors.contains("scellius"));
        assert!(!errors.contains("hunter2") && !errors.contains("scelius\""), "{errors}");
        assert_eq!(text(&output.stdout).contains("clicandpay"), args.len() == 1);
    }
}

#[test]
fn unknown_arguments_are_2() {
    for args in [&["--unknown"][..], &["--data", "x", "--memory"], &["--port", "65536"], &["send"]]
    {
        assert_eq!(run(args, &[]).status.code(), Some(2), "{args:?}");
    }
}

#[test]
fn the_first_line_is_the_address_and_with_quiet_the_only_one() {
    let stack = Stack::start_with(&["--quiet"], &[]);
    assert_eq!(stack.first_line(), format!("listening on {}", stack.url()));
    assert_eq!(stack.get("/healthz").status, 200);
    assert_eq!(stack.output(), "");
    let output = run(&["--port", "0", "--no-play", "--exit", "--quiet"], &[]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(&output.stdout).lines().count(), 1);
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
}

#[test]
fn release_on_secured_releases_on_authorisation() {
    let stack = Stack::start_with(&[], &[("QUITTANCE_RELEASE_ON", "secured")]);
    stack.worldline(&Payment::new("SEC-1", "3254790001_0", 130, 5, 500).body());
    let order = stack.sent_order(&worldline_path("SEC-1"));
    assert_eq!((&order["state"], &order["authorised"]), (&json!("authorised"), &json!(500)));
}

/// `cargo install` leaves nothing but the program.
#[test]
fn the_program_works_where_nothing_else_of_ours_is() {
    let away = tempfile::tempdir().expect("a directory");
    let program = away.path().join("quittance");
    std::fs::copy(env!("CARGO_BIN_EXE_quittance"), &program).expect("a copy");
    let mut command = std::process::Command::new(&program);
    command.args(["--port", "0", "--exit", "--quiet"]).current_dir(away.path()).env_clear();
    let done = command.env("HOME", away.path()).output().expect("it starts");
    let told = String::from_utf8_lossy(&done.stdout);
    assert_eq!(done.status.code(), Some(0), "{told}{}", String::from_utf8_lossy(&done.stderr));
    assert!(told.contains("events played, 0 expectations not met"), "{told}");
}
