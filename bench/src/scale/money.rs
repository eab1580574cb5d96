//! What a million costs, by the prices of eu-west-3.

/// What a million notifications, or orders, cost.
pub struct Bill {
    /// Items, with their amount for each order, what it is counted in, and their cost in USD for a million.
    pub items: Vec<(&'static str, f64, &'static str, f64)>,
}

impl Bill {
    /// All of it.
    pub fn sum(&self) -> f64 {
        self.items.iter().map(|(.., cost)| cost).sum()
    }
}

/// Seconds of an invocation that are paid for. An assumption, as in docs/deploy.md.
const SECONDS: f64 = 0.05;

/// Kilobytes of log of an invocation, and of the access log of a request.
const LOG: (f64, f64) = (1.5, 0.4);

/// A million orders of so many notifications each, at this memory in MB.
pub fn bill(notifications: f64, memory: f64) -> Bill {
    let invocations = notifications + 1.0;
    // Counted by `whole-function`: 6 write units of an order of one notification, 12 of one of three.
    let writes = 3.0 + 3.0 * notifications;
    let reads = 2.0 * notifications + 1.0;
    let gigabyte_seconds = invocations * SECONDS * memory / 1_024.0;
    let log = invocations * LOG.0 + notifications * LOG.1;
    let items = vec![
        ("HTTP API", notifications, "requests", 1.17),
        ("Lambda, calls", invocations, "calls", 0.20),
        ("Lambda, time on arm64", gigabyte_seconds, "GB-seconds", 13.333_4),
        ("DynamoDB, writes", writes, "units", 0.742_3),
        ("DynamoDB, reads", reads, "units", 0.148_5),
        ("SQS FIFO: send, receive, delete", 3.0, "calls", 0.50),
        ("CloudWatch Logs", log, "kB", 0.598_5),
    ];
    let cost = |(name, amount, of, price)| (name, amount, of, amount * price);
    Bill { items: items.into_iter().map(cost).collect() }
}

/// What the traces of a million orders cost where so many notifications come a second: Lambda takes one a second of each
/// function, and 5 % of what is beyond.
pub fn traces(notifications: f64, rate: f64) -> f64 {
    let part = |rate: f64| if rate <= 1.0 { 1.0 } else { (1.0 + 0.05 * (rate - 1.0)) / rate };
    5.00 * (notifications * part(rate) + part(rate / notifications))
}
