//! A talk has an end in time, and says itself what that end is.

use std::time::Duration;

use quittance_aws::caller::Caller;
use quittance_aws::clock::Instant;
use quittance_core::Timestamp;
use quittance_core::api::{Call, Dialogue, Exchange, Method, Turn};

/// Waits for a minute before each call, of which the first was lost.
struct Slow {
    heard: Vec<Exchange>,
    has_waited: bool,
    ends: bool,
}

impl Dialogue<Vec<Exchange>> for Slow {
    fn next(&mut self, _: Timestamp) -> Turn<Vec<Exchange>> {
        if self.ends && self.heard.len() > 1 {
            return Turn::End(self.heard.clone());
        }
        self.has_waited = !self.has_waited;
        if self.has_waited {
            return Turn::Pause(60_000);
        }
        // Nobody listens on port 1.
        let (url, headers) = ("http://127.0.0.1:1/".to_owned(), Vec::new());
        Turn::Send(Call { name: "slow", method: Method::Post, url, headers, body: Vec::new() })
    }

    fn heard(&mut self, exchange: Exchange) {
        self.heard.push(exchange);
    }
}

/// Money may have moved by the call that was lost: that is for the talk to say, and no pause is worth waiting for.
#[tokio::test]
async fn a_talk_that_is_late_hears_that_nothing_more_is_sent() {
    let began = Instant::now();
    let lead = async |ends: bool| {
        let talk = Slow { heard: vec![Exchange::Lost], has_waited: false, ends };
        let until = began + Duration::from_secs(10);
        Caller::new().lead(Box::new(talk), until, |_| Vec::new()).await
    };
    assert_eq!(lead(true).await, [Exchange::Lost, Exchange::Unsent]);
    assert_eq!(lead(false).await, [], "a talk without an end");
    assert!(began.elapsed() < Duration::from_secs(5));
}
