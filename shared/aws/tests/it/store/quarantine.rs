//! The quarantine: one item for each signed content, in rooms that are bounded, and nothing answered
//! positively that is not kept.

use aws_sdk_dynamodb::types::AttributeValue;
use quittance_aws::archive::{IncomingNotification, Quarantined};
use quittance_aws::receive::{Disposition, Receiver, Unstored};
use quittance_aws::room::Bound;
use quittance_aws::table::Stored;
use quittance_core::crypto::sha256_hex;
use quittance_core::key::Account;
use quittance_core::{Content, Cover, Mode, Timestamp};
use quittance_testing::lyra::Form;
use quittance_testing::worldline::Payment;
use quittance_testing::{FORM_KEY, REST_PASSWORD, SITE, rest_body};
use serde_json::json;

use super::support::{Message, Stack, lyra, positive, wl};

/// No test comes near so many bytes.
const MANY: u64 = 1 << 30;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix(1_795_341_600 + seconds).unwrap()
}

/// A form that nobody can read, and what else tells it from others.
fn unreadable(trans_id: &str) -> Form {
    Form::single("Q-1", trans_id, "CB", 900, "CAPTURED").with("vads_currency", "000")
}

/// An answer that nobody can read.
fn unreadable_answer(number: u32) -> String {
    rest_body(REST_PASSWORD, &format!("{{\"number\": {number}"))
}

/// An event that nobody can read.
fn unreadable_event(id: &str) -> serde_json::Value {
    let mut event = Payment::new("Q-2", id, 130, 9, 500).json();
    event["apiVersion"] = json!("v2");
    event
}

impl Stack {
    /// The receiver with rooms for so many messages each.
    fn with_rooms_for(&self, messages: u64) -> Receiver {
        let archive = self.archive.clone().bounded(Bound { messages, bytes: MANY });
        Receiver { archive, ..self.receiver.clone() }
    }

    async fn quarantined(&self) -> Vec<Quarantined> {
        let mut all = self.archive.quarantined(quittance_psp::lyra::ID).await.unwrap();
        all.extend(self.archive.quarantined(quittance_psp::worldline::ID).await.unwrap());
        all
    }

    /// Deletes an item of the archive by hand.
    async fn lose(&self, pk: &str, sk: &str) {
        let delete = self.client.delete_item().table_name(&self.tables.archive);
        let text = |text: &str| AttributeValue::S(text.to_owned());
        delete.key("pk", text(pk)).key("sk", text(sk)).send().await.unwrap();
    }

    async fn lose_room(&self, message: &impl Message) {
        let room = message.content().room();
        let psp = message.psp();
        self.lose(&format!("quarantine/rooms/{psp}"), &room).await;
    }
}

async fn is_kept(receiver: &Receiver, message: &impl Message) -> bool {
    match message.delivered_to(receiver).await {
        Ok(all) => {
            let kept = |one: &Disposition| matches!(one, Disposition::Quarantined { .. });
            assert!(all.iter().all(kept), "{all:?}");
            true
        }
        Err(Unstored) => false,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_quarantine_stays_as_it_first_was() {
    let stack = Stack::start().await;
    let account =
        Account { psp: quittance_psp::lyra::ID, merchant: SITE.to_owned(), mode: Mode::Test };
    let content = Content::new(account, Cover::Values, b"signed");
    for (seconds, body) in [(0, &b"first"[..]), (60, b"second"), (90, b"first")] {
        let raw = IncomingNotification {
            psp: quittance_psp::lyra::ID,
            signed: &content,
            body,
            sha256: &sha256_hex(body),
            headers: Vec::new(),
            received_at: at(seconds),
        };
        assert_eq!(stack.archive.quarantine(&raw, "no one knows").await.unwrap(), content);
    }
    let expected = Quarantined {
        psp: quittance_psp::lyra::ID,
        sha256: sha256_hex(b"first"),
        content: content.digest,
        room: "systempay/12345678/test/forms".to_owned(),
        reason: "no one knows".to_owned(),
        received_at: at(0).to_string(),
    };
    assert_eq!(stack.quarantined().await, std::slice::from_ref(&expected));
    let kept = stack.archive.read(&expected.place().unwrap()).await.unwrap().unwrap();
    assert_eq!(
        (&*kept.body, kept.sha256, kept.received_at),
        (&b"first"[..], expected.sha256, at(0))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_signed_text_takes_one_place_however_it_is_written() {
    let stack = Stack::start().await;
    let receiver = stack.with_rooms_for(1);
    let form = unreadable("pad001").body();
    for padding in ["", "&x=1", "&x=2", "&utm=long"] {
        assert!(is_kept(&receiver, &format!("{form}{padding}")).await, "{padding}");
    }
    let renamed = form.replace("vads_cust_email", "vads_cust_emails");
    assert!(is_kept(&receiver, &renamed).await, "other names for the same values");
    assert_eq!(stack.quarantined().await.len(), 1);

    let answer = unreadable_answer(1);
    for padding in ["", "&kr-more=x", "&x=1"] {
        assert!(is_kept(&receiver, &format!("{answer}{padding}")).await, "{padding}");
    }
    assert_eq!(stack.quarantined().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_room_takes_nothing_new_and_repeats_what_it_has() {
    let stack = Stack::start().await;
    let receiver = stack.with_rooms_for(2);
    assert!(is_kept(&receiver, &unreadable("one001")).await);
    assert!(is_kept(&receiver, &unreadable("two002")).await);
    assert!(!is_kept(&receiver, &unreadable("three3")).await);
    assert_eq!(stack.quarantined().await.len(), 2, "and nothing of it is kept");
    assert!(is_kept(&receiver, &unreadable("one001")).await);
    assert!(is_kept(&receiver, &format!("{}&x=1", unreadable("two002").body())).await);

    let sound = Form::single("SOUND", "sound1", "CB", 900, "CAPTURED");
    let answer = positive(sound.delivered_to(&receiver).await);
    assert!(answer.starts_with("OK SOUND captured"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_that_a_buyer_can_respell_take_no_room_of_what_is_signed_whole() {
    let stack = Stack::start().await;
    let receiver = stack.with_rooms_for(1);
    assert!(is_kept(&receiver, &unreadable("one001")).await);
    assert!(!is_kept(&receiver, &unreadable("two002")).await);
    assert!(is_kept(&receiver, &unreadable_answer(1)).await);
    assert!(!is_kept(&receiver, &unreadable_answer(2)).await);
    assert!(is_kept(&receiver, &unreadable_event("3254930001_0")).await);
    assert!(!is_kept(&receiver, &unreadable_event("3254930002_0")).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merchant_and_a_mode_have_a_room_of_their_own() {
    let stack = Stack::start().await;
    let mut other = unreadable_event("3254930002_0");
    other["merchantId"] = json!("SomebodyElse");
    let receiver = stack.with_rooms_for(1);
    assert!(is_kept(&receiver, &unreadable_event("3254930001_0")).await);
    assert!(is_kept(&receiver, &other).await);
    // What names nobody has one as well.
    assert!(is_kept(&receiver, &json!({"apiVersion": "v2"})).await);
    assert!(!is_kept(&receiver, &json!({"apiVersion": "v3"})).await);

    let archive = stack.archive.clone().bounded(Bound { messages: 1, bytes: MANY });
    for (merchant, mode) in [("1", Mode::Test), ("1", Mode::Production), ("2", Mode::Test)] {
        for (text, fits) in [("one", true), ("two", false)] {
            let merchant = merchant.to_owned();
            let account =
                Account { psp: quittance_psp::lyra::ID, merchant: merchant.clone(), mode };
            let body = format!("{merchant} {text}");
            let raw = IncomingNotification {
                psp: quittance_psp::lyra::ID,
                signed: &Content::new(account, Cover::Values, body.as_bytes()),
                body: body.as_bytes(),
                sha256: &sha256_hex(body.as_bytes()),
                headers: Vec::new(),
                received_at: at(0),
            };
            assert_eq!(archive.quarantine(&raw, "").await.is_ok(), fits, "{body} {mode:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_is_bounded_in_bytes_as_they_are_stored() {
    let stack = Stack::start().await;
    let archive = stack.archive.clone().bounded(Bound { messages: 100, bytes: 4096 });
    let receiver = Receiver { archive, ..stack.receiver.clone() };
    // Digests do not compress to less than half.
    let noise: String = (0..64).map(|n: u32| sha256_hex(&n.to_be_bytes())).collect();
    let large = unreadable("large1").with("vads_cust_address", &noise).body_signed_with(FORM_KEY);
    assert!(is_kept(&receiver, &large).await);
    let large = unreadable("large2").with("vads_cust_address", &noise).body_signed_with(FORM_KEY);
    assert!(!is_kept(&receiver, &large).await);
    assert!(is_kept(&receiver, &unreadable("small1")).await, "what is small still fits");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_leaves_makes_its_place_free() {
    let stack = Stack::start().await;
    let receiver = stack.with_rooms_for(1);
    assert!(is_kept(&receiver, &unreadable("one001")).await);
    assert!(!is_kept(&receiver, &unreadable("two002")).await);
    let entry = stack.quarantined().await.remove(0);
    assert!(stack.archive.discard(&entry).await.unwrap());
    assert_eq!(stack.quarantined().await, []);
    assert!(is_kept(&receiver, &unreadable("two002")).await);
    assert!(!is_kept(&receiver, &unreadable("one001")).await);
    // Somebody else was quicker: nothing is counted twice.
    assert!(!stack.archive.discard(&entry).await.unwrap());
    assert!(!is_kept(&receiver, &unreadable("one001")).await);
}

/// We died between the item and its count: the room is one larger until the PSP sends it again, which it
/// does, as it has not been answered.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_counted_is_counted_when_it_comes_again() {
    let stack = Stack::start().await;
    let receiver = stack.with_rooms_for(1);
    assert!(is_kept(&receiver, &unreadable("one001")).await);
    stack.lose_room(&unreadable("one001")).await;
    assert!(is_kept(&receiver, &unreadable("one001")).await);
    assert!(!is_kept(&receiver, &unreadable("two002")).await);
    assert_eq!(stack.quarantined().await.len(), 1);
}

/// A count is no proof: it is the item that is asked before the answer.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_counted_and_was_deleted_by_hand_is_kept_when_it_comes_again() {
    let stack = Stack::start().await;
    let receiver = stack.with_rooms_for(1);
    assert!(is_kept(&receiver, &unreadable("one001")).await);
    let content = unreadable("one001").content().digest;
    stack.lose("quarantine/systempay", &content).await;
    assert!(is_kept(&receiver, &unreadable("one001")).await);
    assert_eq!(stack.quarantined().await.len(), 1);
}

/// An array with an event that nobody can read comes again, and again. What it says beside that is stored.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_understood_is_stored_behind_what_has_no_room() {
    let stack = Stack::start().await;
    let receiver = stack.with_rooms_for(0);
    let sound = Payment::new("BEHIND", "3254930003_0", 130, 9, 500).json();
    let events = json!([unreadable_event("3254930004_0"), sound]);
    for _ in 0..2 {
        assert!(!is_kept(&receiver, &events).await);
        let Stored { order, version, .. } = stack.stored(&wl("BEHIND")).await;
        assert_eq!((order.facts().trusted(), version), (1, Some(1)));
    }
    // As what there is room for.
    let answer = positive(events.delivered_to(&stack.receiver).await);
    assert!(answer.ends_with("(already known)"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_lose_nothing_that_was_answered_positively() {
    let stack = Stack::start().await;
    let receiver = stack.with_rooms_for(4);
    // So the room's item is there. Where it is not, moto lets two updates make it, and loses what one counted.
    assert!(is_kept(&receiver, &unreadable("before")).await);
    let forms: Vec<Form> = (0..12).map(|n| unreadable(&format!("many{n:02}"))).collect();
    let sent = forms.iter().map(|form| {
        let (receiver, form) = (receiver.clone(), form.clone());
        tokio::spawn(async move { is_kept(&receiver, &form).await })
    });
    let mut kept = 0;
    for sent in sent.collect::<Vec<_>>() {
        kept += usize::from(sent.await.unwrap());
    }
    assert!(kept >= 3, "{kept}");
    assert_eq!(stack.quarantined().await.len(), 1 + kept);
    assert!(!is_kept(&receiver, &unreadable("after1")).await);
    for form in forms {
        let known = stack.quarantined().await.iter().any(|q| q.content == form.content().digest);
        assert_eq!(is_kept(&receiver, &form).await, known);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rooms_are_no_part_of_what_is_replayed() {
    let stack = Stack::start().await;
    assert!(is_kept(&stack.receiver, &unreadable("one001")).await);
    let sound = Form::single("SOUND", "sound1", "CB", 900, "CAPTURED");
    positive(sound.delivered_to(&stack.receiver).await);
    let contents = stack.archive.scan(&Default::default(), |_| {}).await.unwrap();
    assert_eq!(contents.unreadable, [""; 0]);
    let orders: Vec<_> = contents.places.iter().map(|place| place.order()).collect();
    assert_eq!(orders, [Some(lyra("SOUND"))]);
}
