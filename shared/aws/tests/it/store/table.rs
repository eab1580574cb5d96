//! What the table and the archive promise to those who build on them.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use quittance_aws::StoreError;
use quittance_aws::archive::IncomingNotification;
use quittance_aws::clock::now;
use quittance_aws::lists::Cursor;
use quittance_aws::outbox::Outbox;
use quittance_aws::schema;
use quittance_aws::table::{PendingWrite, Saved, Table};
use quittance_core::claims::Alias;
use quittance_core::{Order, OrderKey, Policy, Receipt, ReleaseOn, State, Timestamp};
use quittance_testing::lyra::{Form, Share};

use super::support::{Message, Stack, lyra, sha256};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix(1_795_341_600 + seconds).unwrap()
}

fn order(reference: &str, status: &str) -> Order {
    order_under(lyra(reference), status)
}

fn order_under(key: OrderKey, status: &str) -> Order {
    let said = Form::single("CMD-1", "abc123", "CB", 900, status).said();
    let receipt = Receipt { received_at: at(0), source: "webhook", sha256: "0".repeat(64) };
    let mut order = Order::new(key);
    order.take(&said, &receipt, Policy::default()).unwrap();
    order
}

async fn save(stack: &Stack, order: &Order, version: Option<u64>, seconds: i64) -> Saved {
    let policy = Policy::default();
    let draft = PendingWrite::new(order, &order.summary(policy), at(seconds)).unwrap();
    stack.table.save(draft, version).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_nobody_wrote_is_empty_and_has_no_version() {
    let stack = Stack::start().await;
    let stored = stack.table.load(&lyra("NEW-1")).await.unwrap();
    assert_eq!(stored.order, Order::new(lyra("NEW-1")));
    assert_eq!((stored.version, stored.joined, stored.repaired), (None, None, false));
    assert_eq!(stack.archived().await, 0, "reading writes nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_reads_back_as_it_was_written() {
    let stack = Stack::start().await;
    let order = order("NEW-1", "CAPTURED");
    assert_eq!(save(&stack, &order, None, 0).await, Saved::Done);
    let stored = stack.table.load(order.key()).await.unwrap();
    assert_eq!((stored.order, stored.version), (order, Some(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_comes_second_changes_nothing_and_is_no_error() {
    let stack = Stack::start().await;
    let (first, second) = (order("NEW-1", "AUTHORISED"), order("NEW-1", "CAPTURED"));
    assert_eq!(save(&stack, &first, None, 0).await, Saved::Done);
    for stale in [None, Some(0), Some(2)] {
        assert_eq!(save(&stack, &second, stale, 0).await, Saved::Conflict, "{stale:?}");
    }
    assert_eq!(stack.order(first.key()).await, first);
    assert_eq!(save(&stack, &second, Some(1), 0).await, Saved::Done);
    assert_eq!(save(&stack, &first, Some(1), 0).await, Saved::Conflict);
    assert_eq!(stack.order(first.key()).await, second);

    // The same holds when an item is turned into a name.
    let mut stale = stack.table.load(first.key()).await.unwrap();
    stale.version = Some(1);
    let join = Alias { home: lyra("OTHER"), weak: false };
    assert_eq!(stack.table.join(&stale, &join).await.unwrap(), Saved::Conflict);
    assert_eq!(stack.table.load(first.key()).await.unwrap().joined, None);
}

/// The orders of a list, page by page.
async fn listed(stack: &Stack, state: Option<State>, limit: u32) -> Vec<String> {
    let mut found = Vec::new();
    let mut cursor = None;
    loop {
        let page = stack.table.list(state, limit, cursor).await.unwrap();
        assert!(page.orders.len() <= limit as usize);
        found.extend(page.orders.into_iter().map(|order| order.key().order.clone()));
        let Some(next) = page.next else { return found };
        cursor = Some(Cursor::parse(&next.text(), state).unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_comes_page_by_page_and_newest_first() {
    let stack = Stack::start().await;
    for n in 0..5 {
        save(&stack, &order(&format!("LIST-{n}"), "CAPTURED"), None, n).await;
    }
    save(&stack, &order("LIST-5", "REFUSED"), None, 5).await;
    for (state, expected) in [
        (Some(State::Captured), vec!["LIST-4", "LIST-3", "LIST-2", "LIST-1", "LIST-0"]),
        (Some(State::Refused), vec!["LIST-5"]),
        (Some(State::Expired), vec![]),
        (None, vec!["LIST-0", "LIST-1", "LIST-2", "LIST-3", "LIST-4", "LIST-5"]),
    ] {
        let mut found = listed(&stack, state, 2).await;
        if state.is_none() {
            found.sort();
        }
        assert_eq!(found, expected, "{state:?}");
    }
}

/// Each state has its orders all the same, page by page; the newest of each are those of the whole table, newest first.
#[tokio::test(flavor = "multi_thread")]
async fn a_table_without_an_index_of_states_lists_them() {
    let stack = Stack::start_lean().await;
    let statuses = ["CAPTURED", "REFUSED", "CAPTURED"];
    for n in 0..30 {
        let reference = format!("LEAN-{n:02}");
        let status = statuses[usize::try_from(n).unwrap() % 3];
        save(&stack, &order(&reference, status), None, n).await;
    }
    for limit in [1, 7, 20, 100] {
        for (state, number) in [(State::Captured, 20), (State::Refused, 10), (State::Expired, 0)] {
            let found = listed(&stack, Some(state), limit).await;
            let differing: BTreeSet<_> = found.iter().collect();
            assert_eq!((found.len(), differing.len()), (number, number), "{state:?} by {limit}");
        }
    }
    let newest = stack.table.newest().await.unwrap();
    let captured = newest.iter().find(|of| of.state == State::Captured).unwrap();
    assert!(captured.orders.windows(2).all(|two| two[0].updated_at > two[1].updated_at));
    let counts = newest.iter().map(|of| (of.orders.len(), of.has_more));
    let expected = State::ALL.map(|state| match state {
        State::Captured => (20, false),
        State::Refused => (10, false),
        _ => (0, false),
    });
    assert!(counts.eq(expected));

    let page = stack.table.list(Some(State::Captured), 1, None).await.unwrap();
    let cursor = page.next.unwrap().text();
    for other in [None, Some(State::Refused)] {
        assert!(Cursor::parse(&cursor, other).is_err(), "{other:?}");
    }
}

/// An index whose hash keys are few would take a thousand writes a second, whatever the table takes.
#[tokio::test(flavor = "multi_thread")]
async fn no_hash_key_of_an_index_is_shared_by_many_orders() {
    let stack = Stack::start().await;
    for n in 0..256 {
        save(&stack, &order(&format!("SPREAD-{n}"), "CAPTURED"), None, n).await;
    }
    let table = stack.client.describe_table().table_name(&stack.tables.orders);
    let table = table.send().await.unwrap().table.unwrap();
    let indexes = table.global_secondary_indexes();
    assert_eq!(indexes.len(), 2);
    for index in indexes {
        let name = index.index_name().unwrap();
        let hash = index.key_schema()[0].attribute_name();
        let scan = stack.client.scan().table_name(&stack.tables.orders).index_name(name);
        let items = scan.send().await.unwrap().items.unwrap();
        let mut keys = BTreeMap::new();
        for item in &items {
            *keys.entry(item[hash].as_s().unwrap()).or_insert(0) += 1;
        }
        assert_eq!(items.len(), 256, "{name}");
        assert!(keys.len() == 32 && keys.values().all(|&n| n <= 24), "{name}: {keys:?}");
    }
}

/// Sessions of checkouts, notices and refunds lie beside the orders, and a page may end at one of them.
#[tokio::test(flavor = "multi_thread")]
async fn a_list_goes_on_from_what_is_no_order() {
    let stack = Stack::start().await;
    let account = lyra("LIST-1").account();
    for n in 0..40 {
        assert!(stack.table.claim_name(&account, &format!("name-{n}"), "owner").await.unwrap());
    }
    for n in 0..4 {
        save(&stack, &order(&format!("LIST-{n}"), "CAPTURED"), None, n).await;
    }
    let (mut found, mut cursor) = (0, None);
    loop {
        let page = stack.table.list(None, 1, cursor).await.unwrap();
        found += page.orders.len();
        let Some(next) = page.next else { break };
        cursor = Some(Cursor::parse(&next.text(), None).unwrap());
    }
    assert_eq!(found, 4);
}

/// What an accountant asks for of a payment.
fn detailed(form: Form) -> Form {
    form.with("vads_auth_number", "3fe85c")
        .with("vads_auth_result", "00")
        .with("vads_extra_result", "00")
        .with("vads_capture_delay", "2")
        .with("vads_presentation_date", "20261124100005")
        .with("vads_contract_used", "5249685")
        .with("vads_payment_certificate", "d6fdfcb76d0e23f0d8a2e205c5570348c1a9478e")
}

/// A write costs a unit for each KiB begun, and a read one for each four.
#[tokio::test(flavor = "multi_thread")]
async fn an_order_with_its_release_is_small() {
    let stack = Stack::start().await;
    let uuid = "b5d3e0a9c9f34e4f8a4b5f1c2d3e4f50";
    for status in ["WAITING_AUTHORISATION", "AUTHORISED", "CAPTURED"] {
        let form = Form::single("CMD-2026-11-27-0001", "abc123", "CB", 12_000, status);
        stack.take(&detailed(form.with("vads_trans_uuid", uuid))).await;
    }
    stack.sweep().await;
    let key = lyra("CMD-2026-11-27-0001");
    let order = stack.order(&key).await;
    assert_eq!((order.notifications().len(), order.fulfilment().is_some()), (3, true));
    let single = stack.item_bytes(&key).await;

    let shares = |card: &'static str| {
        [
            Share("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa01", "CVCO", 6_000, "CAPTURED"),
            Share("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa02", "CB", 6_000, "REFUSED"),
            Share("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa03", "VISA", 6_000, card),
        ]
    };
    for status in ["AUTHORISED", "CAPTURED"] {
        let form = Form::cascade("CMD-2026-11-27-0002", "abc124", 12_000, status, &shares(status));
        stack.take(&form).await;
    }
    stack.sweep().await;
    let key = lyra("CMD-2026-11-27-0002");
    let order = stack.order(&key).await;
    assert_eq!((order.notifications().len(), order.fulfilment().is_some()), (2, true));
    let cascade = stack.item_bytes(&key).await;
    assert!(single < 1_024 && cascade < 1_536, "{single} and {cascade} bytes");
}

/// Orders of one state are in as many partitions of the index as there are shards.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_list_is_whole_and_in_order_on_every_page() {
    let stack = Stack::start().await;
    for n in 0..40 {
        save(&stack, &order(&format!("MANY-{n:02}"), "CAPTURED"), None, n / 3).await;
    }
    for limit in [1, 7, 40, 100] {
        let mut found = Vec::new();
        let mut cursor = None;
        loop {
            let page = stack.table.updated(State::Captured, limit, cursor).await.unwrap();
            found.extend(page.orders);
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        assert!(found.windows(2).all(|two| two[0].updated_at >= two[1].updated_at), "{limit}");
        let keys: BTreeSet<_> = found.iter().map(|found| &found.key).collect();
        assert_eq!((found.len(), keys.len()), (40, 40), "{limit}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_is_good_for_its_own_list_only() {
    let stack = Stack::start().await;
    for n in 0..3 {
        save(&stack, &order(&format!("LIST-{n}"), "CAPTURED"), None, n).await;
    }
    let captured = stack.table.list(Some(State::Captured), 1, None).await.unwrap().next;
    let all = stack.table.list(None, 1, None).await.unwrap().next;
    let [captured, all] = [captured, all].map(|next| next.unwrap().text());
    assert!(Cursor::parse(&captured, Some(State::Captured)).is_ok());
    assert!(Cursor::parse(&all, None).is_ok());
    for (cursor, state) in [
        (&*captured, Some(State::Refused)),
        (&captured, None),
        (&all, Some(State::Captured)),
        ("", None),
        ("e30", None),
        ("not a cursor", Some(State::Captured)),
        (&captured[1..], Some(State::Captured)),
    ] {
        assert!(Cursor::parse(cursor, state).is_err(), "{cursor} for {state:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_the_queue_has_to_be_told_is_found_as_unsent() {
    let stack = Stack::start().await;
    save(&stack, &order("HELD-1", "AUTHORISED"), None, 0).await;
    save(&stack, &order("LATER-1", "CAPTURED"), None, 2).await;
    let mut first = order("FIRST-1", "CAPTURED");
    save(&stack, &first, None, 1).await;
    assert_eq!(stack.unsent().await, [lyra("FIRST-1"), lyra("LATER-1")]);

    let release = first.fulfilment().unwrap().id.clone();
    assert!(first.mark_sent(&release, at(3)));
    save(&stack, &first, Some(1), 3).await;
    assert_eq!(stack.unsent().await, [lyra("LATER-1")]);

    // A name keeps the mark until its order has taken the release over.
    let named = stack.table.load(&lyra("LATER-1")).await.unwrap();
    let join = Alias { home: lyra("HELD-1"), weak: false };
    assert_eq!(stack.table.join(&named, &join).await.unwrap(), Saved::Done);
    assert_eq!(stack.unsent().await, [lyra("LATER-1")]);

    // And while another order has to give something up: the order does not show the release, so nobody is told of it.
    let mut named = stack.table.load(&lyra("LATER-1")).await.unwrap();
    named.former = Some(lyra("FIRST-1"));
    assert_eq!(stack.table.join(&named, &join).await.unwrap(), Saved::Done);
    assert_eq!(stack.outbox.deliver(&lyra("LATER-1")).await.unwrap(), 0);
    assert_eq!(stack.unsent().await, [lyra("LATER-1")]);
}

/// Where an order stands in the index of what is due.
async fn due_at(stack: &Stack, key: &OrderKey) -> Option<String> {
    let key = AttributeValue::S(key.to_string());
    let request = stack.client.get_item().table_name(&stack.tables.orders).key("pk", key);
    let item = request.send().await.unwrap().item.unwrap();
    assert_eq!(item.contains_key("due"), item.contains_key("due_at"));
    item.get("due_at").map(|at| at.as_s().unwrap().split('#').next().unwrap().to_owned())
}

/// One thing at a time is due of an order: the queue is told first, then the provider is asked, and then nothing is left.
#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_asked_about_once_the_queue_knows_what_was_decided() {
    let stack = Stack::start().await;
    let secured = Policy { release_on: ReleaseOn::Secured, ..Policy::default() };
    for (policy, status, after) in
        [(secured, "AUTHORISED", Some("ask")), (Policy::default(), "CAPTURED", None)]
    {
        let key = lyra(status);
        let said = Form::single("CMD-1", "abc123", "CB", 900, status).said();
        let receipt = Receipt { received_at: now(), source: "webhook", sha256: "0".repeat(64) };
        let mut order = Order::new(key.clone());
        order.take(&said, &receipt, policy).unwrap();
        let draft = PendingWrite::new(&order, &order.summary(policy), now()).unwrap();
        assert_eq!(stack.table.save(draft, None).await.unwrap(), Saved::Done);
        assert_eq!(due_at(&stack, &key).await.as_deref(), Some("tell"));
        assert_eq!(stack.table.due(None, 10).await.unwrap(), []);

        // Neither whoever asked about the order meanwhile nor whoever puts it off takes it from the queue.
        let soon = now().later(60);
        let asked = stack.table.reschedule(&key, 1, None, 1, None).await.unwrap();
        let put_off = stack.table.postpone(&key, soon.unwrap()).await.unwrap();
        assert_eq!((asked, put_off), (Saved::Conflict, Saved::Conflict));
        assert_eq!(stack.unsent().await, std::slice::from_ref(&key));

        let outbox = Outbox { policy, ..stack.outbox.clone() };
        assert_eq!(outbox.deliver(&key).await.unwrap(), 1);
        assert_eq!(due_at(&stack, &key).await.as_deref(), after);
        assert_eq!(stack.unsent().await, []);
        assert_eq!(stack.table.due(None, 10).await.unwrap().len(), usize::from(after.is_some()));
        if after.is_some() {
            let version = stack.table.load(&key).await.unwrap().version.unwrap();
            stack.table.reschedule(&key, version, None, 1, None).await.unwrap();
            assert_eq!(due_at(&stack, &key).await, None);
        }
    }
}

/// Makes an item stand among what is to be told, as an earlier version may have left it.
async fn mark_in_vain(stack: &Stack, key: &OrderKey) {
    let key = AttributeValue::S(key.to_string());
    let update = stack.client.update_item().table_name(&stack.tables.orders).key("pk", key);
    let entry = AttributeValue::S(format!("tell#{}#00000000", at(0)));
    let update = update
        .update_expression("SET due = :due, due_at = :at, unsent_since = :since")
        .expression_attribute_values(":due", AttributeValue::S("0".to_owned()))
        .expression_attribute_values(":at", entry)
        .expression_attribute_values(":since", AttributeValue::N("1795341600000".to_owned()));
    update.send().await.unwrap();
}

/// What stands there in vain goes, and the provider is asked about what is open.
#[tokio::test(flavor = "multi_thread")]
async fn what_has_nothing_to_tell_is_taken_from_what_is_to_be_told() {
    let stack = Stack::start().await;
    for (reference, status, after) in
        [("OPEN-1", "AUTHORISED", Some("ask")), ("SETTLED-1", "CAPTURED", None)]
    {
        let mut order = order(reference, status);
        let release = order.fulfilment().map(|release| release.id.clone());
        release.iter().for_each(|id| assert!(order.mark_sent(id, at(1))));
        save(&stack, &order, None, 1).await;
        mark_in_vain(&stack, order.key()).await;
        assert_eq!(stack.unsent().await, [lyra(reference)]);
        assert_eq!(stack.outbox.deliver(order.key()).await.unwrap(), 0);
        assert_eq!(stack.unsent().await, []);
        assert_eq!(due_at(&stack, order.key()).await.as_deref(), after);
        let stored = stack.table.load(order.key()).await.unwrap();
        assert_eq!((stored.order, stored.version, stored.mark), (order, Some(2), None));
    }
    // A name is in no index of what is asked about.
    let named = stack.table.load(&lyra("SETTLED-1")).await.unwrap();
    let join = Alias { home: lyra("OPEN-1"), weak: false };
    assert_eq!(stack.table.join(&named, &join).await.unwrap(), Saved::Done);
    mark_in_vain(&stack, &lyra("SETTLED-1")).await;
    stack.sweep().await;
    assert_eq!(due_at(&stack, &lyra("SETTLED-1")).await, None);
    let named = stack.table.load(&lyra("SETTLED-1")).await.unwrap();
    assert_eq!((named.joined, named.mark), (Some(join), None));
    // What is not marked is not written.
    assert_eq!(stack.outbox.deliver(&lyra("OPEN-1")).await.unwrap(), 0);
    assert_eq!(stack.table.load(&lyra("OPEN-1")).await.unwrap().version, Some(2));
}

/// A queue that refuses a message for long keeps nobody from asking about the order, once an hour.
#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_stays_unsent_is_asked_about_each_hour() {
    let stack = Stack::start().await;
    save(&stack, &order("UNSENT-1", "CAPTURED"), None, 0).await;
    save(&stack, &order("OPEN-1", "AUTHORISED"), None, 0).await;
    for (seconds, is_asked) in [
        (0, false),
        (60, false),
        (3_599, false),
        (3_600, true),
        (3_719, true),
        (3_720, false),
        (7_199, false),
        (7_200, true),
        (30 * 24 * 3_600, true),
    ] {
        let expected = if is_asked { vec![lyra("UNSENT-1")] } else { Vec::new() };
        assert_eq!(stack.table.untold(at(seconds), 10).await.unwrap(), expected, "{seconds}");
    }
    assert_eq!(stack.unsent().await, [lyra("UNSENT-1")]);
}

/// A table keeps the indexes that it was made with. That of states may be left out, and that of what is due may not.
#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_cannot_tell_what_is_due_is_known_by_its_indexes() {
    let stack = Stack::start_lean().await;
    let missing = async |name: &str| schema::missing_index(&stack.client, name).await.unwrap();
    assert_eq!(missing(&stack.tables.orders).await, None);
    assert_eq!(missing(&stack.tables.queue).await, Some("due"));
}

/// An index of one page is read whole, and a larger one shard by shard: both find the same.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_due_is_found_in_a_large_index_as_in_a_small_one() {
    let stack = Stack::start().await;
    for n in 0..20 {
        save(&stack, &order(&format!("TOLD-{n}"), "CAPTURED"), None, n).await;
        save(&stack, &order(&format!("ASKED-{n}"), "AUTHORISED"), None, n).await;
    }
    let found = async || {
        let (table, soon) = (&stack.table, Some(at(310)));
        let due = [table.due(None, 100).await.unwrap(), table.due(soon, 100).await.unwrap()];
        (stack.unsent().await, due, table.due_desks(None, 10).await.unwrap())
    };
    let small = found().await;
    assert_eq!((small.0.len(), small.1[0].len(), small.1[1].len()), (20, 20, 11), "{small:?}");

    let desk = |n: usize| {
        let put = PutRequest::builder()
            .item("pk", AttributeValue::S(format!("refunds:systempay/1/test/CMD-{n}")))
            .item(
                "due",
                AttributeValue::S("0123456789abcdefghijklmnopqrstuv"[n % 32..][..1].into()),
            )
            .item("due_at", AttributeValue::S(format!("pay#{}#{n:08x}", at(1_000))));
        WriteRequest::builder().put_request(put.build().unwrap()).build()
    };
    for batch in (0..1_001).map(desk).collect::<Vec<_>>().chunks(25) {
        let write = stack.client.batch_write_item();
        write.request_items(&stack.tables.orders, batch.to_vec()).send().await.unwrap();
    }
    let large = found().await;
    assert_eq!((&large.0, &large.1, large.2.len()), (&small.0, &small.1, 10));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_leads_to_its_order_and_is_in_no_list() {
    let stack = Stack::start().await;
    let home = order("HOME-1", "AUTHORISED");
    save(&stack, &home, None, 0).await;
    let name = order_under(lyra("tx:1"), "CAPTURED");
    save(&stack, &name, None, 0).await;
    let named = stack.table.load(name.key()).await.unwrap();
    stack.table.join(&named, &Alias { home: home.key().clone(), weak: false }).await.unwrap();

    let stored = stack.table.load_order(name.key()).await.unwrap();
    assert_eq!((stored.order.key(), stored.version, stored.repaired), (home.key(), Some(1), true));
    assert!(stored.order.aliases().contains("tx:1"));
    for state in [None, Some(State::Captured)] {
        let page = stack.table.list(state, 10, None).await.unwrap();
        assert!(page.orders.iter().all(|order| order.key().order == "HOME-1"), "{page:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_lead_in_circles_are_an_error_and_no_endless_loop() {
    let stack = Stack::start().await;
    for (from, to) in [("tx:1", "tx:2"), ("tx:2", "tx:1")] {
        let named = stack.table.load(&lyra(from)).await.unwrap();
        stack.table.join(&named, &Alias { home: lyra(to), weak: false }).await.unwrap();
    }
    assert!(stack.table.load_order(&lyra("tx:1")).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_retention_only_the_quarantine_is_kept() {
    let stack = Stack::start().await;
    let form = Form::single("KEPT-1", "abc123", "CB", 900, "CAPTURED");
    let (body, digest) = (form.body(), sha256(&form));
    let raw = IncomingNotification {
        psp: quittance_psp::lyra::ID,
        signed: &form.content(),
        body: body.as_bytes(),
        sha256: &digest,
        headers: Vec::new(),
        received_at: at(0),
    };
    let none = stack.archive_for(None);
    none.keep(&lyra("KEPT-1"), &raw).await.unwrap();
    none.keep_untracked(&raw).await.unwrap();
    assert_eq!(stack.archived().await, 0);
    none.quarantine(&raw, "unreadable").await.unwrap();
    assert_eq!(stack.archived().await, 1);
    stack.archive_for(Some(1)).keep(&lyra("KEPT-1"), &raw).await.unwrap();
    assert_eq!(stack.archived().await, 2);
}

/// How many pages the embedded engine needs tells whether it is asked for a number of items: it reads all that is left for
/// each page that is not.
#[tokio::test(flavor = "multi_thread")]
async fn a_whole_table_is_asked_for_a_thousand_items_at_a_time() {
    let stack = Stack::start().await;
    let item = |n: usize| {
        let put = PutRequest::builder()
            .item("pk", AttributeValue::S(format!("systempay/1/test/CMD-{n}")))
            .item("sk", AttributeValue::S("0".to_owned()));
        WriteRequest::builder().put_request(put.build().unwrap()).build()
    };
    let items: Vec<_> = (0..1_001).map(item).collect();
    for batch in items.chunks(25) {
        let write = stack.client.batch_write_item();
        write.request_items(&stack.tables.archive, batch.to_vec()).send().await.unwrap();
    }
    let mut pages = Vec::new();
    stack.archive.scan(&Default::default(), |seen| pages.push(seen)).await.unwrap();
    assert_eq!(pages, [1_000, 1_001]);
}

/// Whoever looks for what is due is told of an item that nobody can read, and finds the others.
#[tokio::test(flavor = "multi_thread")]
async fn an_unreadable_entry_hides_nothing_that_is_due() {
    let stack = Stack::start().await;
    save(&stack, &order("TOLD-1", "CAPTURED"), None, 0).await;
    save(&stack, &order("OPEN-1", "AUTHORISED"), None, 0).await;
    let entry = [
        ("systempay/1/test/OLD", "2026-11-22T10:00:00Z#1f3a9c02"),
        ("no key", "tell#2026-11-22T10:00:00Z#1f3a9c02"),
        ("no key either", "ask#2026-11-22T10:00:00Z#1f3a9c02"),
        ("refunds:no key", "pay#2026-11-22T10:00:00Z#1f3a9c02"),
        ("refunds:systempay/1/test/CMD-1", "pay#2026-11-22T10:00:00Z#1f3a9c02"),
    ];
    for (pk, due_at) in entry {
        put(&stack, &[("pk", pk), ("due", "3"), ("due_at", due_at)]).await;
    }
    assert_eq!(stack.unsent().await, [lyra("TOLD-1")]);
    assert_eq!(stack.table.untold(at(3_600), 10).await.unwrap(), [lyra("TOLD-1")]);
    assert_eq!(stack.table.due(None, 10).await.unwrap(), [lyra("OPEN-1")]);
    let desk: OrderKey = "systempay/1/test/CMD-1".parse().unwrap();
    assert_eq!(stack.table.due_desks(None, 1).await.unwrap(), [desk]);
}

async fn put(stack: &Stack, item: &[(&str, &str)]) {
    let attribute =
        |(name, value): &(&str, &str)| ((*name).to_owned(), AttributeValue::S((*value).to_owned()));
    let put = stack.client.put_item().table_name(&stack.tables.orders);
    put.set_item(Some(item.iter().map(attribute).collect())).send().await.unwrap();
}

/// Whoever lists orders is told of an item that nobody can read, and sees the others, with an index of states and without.
#[tokio::test(flavor = "multi_thread")]
async fn an_unreadable_item_hides_no_order_of_a_list() {
    for is_lean in [false, true] {
        let stack = if is_lean { Stack::start_lean().await } else { Stack::start().await };
        save(&stack, &order("LIST-1", "CAPTURED"), None, 0).await;
        for (pk, state, updated_at) in [
            ("systempay/1/test/STATE", "nonsense#0", "2026-11-22T10:00:00Z#1f3a9c02"),
            ("systempay/1/test/TIME", "captured#0", "yesterday"),
            ("no key", "captured#0", "2026-11-22T10:00:00Z#1f3a9c02"),
        ] {
            put(&stack, &[("pk", pk), ("state", state), ("updated_at", updated_at)]).await;
        }
        let newest = stack.table.newest().await.unwrap();
        assert_eq!(newest.iter().map(|of| of.orders.len()).sum::<usize>(), 1, "{is_lean}");
        // This one stands well in every list, and is no order.
        let places = [("state", "captured#0"), ("updated_at", "2026-11-22T10:00:00Z#1f3a9c02")];
        let order = [("pk", "systempay/1/test/ORDER"), ("order", "no bytes"), ("version", "1")];
        put(&stack, &[&order[..], &places].concat()).await;
        for limit in [1, 10] {
            assert_eq!(listed(&stack, Some(State::Captured), limit).await, ["LIST-1"], "{is_lean}");
            assert_eq!(listed(&stack, None, limit).await, ["LIST-1"], "{is_lean}");
        }
    }
}

/// The index that gave it is gone: beginning anew would never come to an end.
#[tokio::test(flavor = "multi_thread")]
async fn a_list_does_not_go_on_without_the_index_in_which_it_began() {
    let mut next = None;
    for is_lean in [false, true] {
        let stack = if is_lean { Stack::start_lean().await } else { Stack::start().await };
        for n in 0..2 {
            save(&stack, &order(&format!("LIST-{n}"), "CAPTURED"), None, n).await;
        }
        let page = stack.table.list(Some(State::Captured), 1, next.take()).await;
        match page {
            Ok(page) if !is_lean => next = page.next,
            Err(StoreError::StaleCursor) if is_lean => {}
            other => panic!("{other:?}"),
        }
    }
    let stack = Stack::start().await;
    let nowhere = Table::new(stack.client.clone(), "nowhere", quittance_psp::PROVIDERS);
    let list = nowhere.list(Some(State::Captured), 1, None).await;
    assert!(matches!(list, Err(StoreError::Unavailable { .. })), "{list:?}");
}
