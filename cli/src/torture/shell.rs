//! The commands of whoever runs the exhibits: they count, prepare and restart.

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::scheme::PRICE;
use crate::output::Failure;

/// How long one command may take.
const LIMIT: Duration = Duration::from_secs(30);

/// How often a command that runs is looked at.
const POLL: Duration = Duration::from_millis(5);

/// How much a command may say, in bytes; a number is shorter.
const MAX_SAID: u64 = 4_096;

/// How often the goods of an order have left, as the command says.
pub(crate) async fn count(command: &str, order: &str) -> Result<u64, Failure> {
    let said = said(command, order, true).await?;
    let number = said.trim().parse();
    Ok(number.map_err(|_| format!("--count-effects: {said:?} about {order} is no number"))?)
}

/// Does what a command does, before an exhibit or within one. What it says is not heard: it may leave a server behind, which
/// would keep its output open.
pub(crate) async fn run(command: &str, order: &str) -> Result<(), Failure> {
    said(command, order, false).await.map(drop)
}

/// Runs a command with `sh -c`, with the order in `$1` and `TORTURE_ORDER`, its amount in `$2` and `TORTURE_AMOUNT`, and
/// returns what it says. Its status does not count: `grep -c` ends with 1 where it finds nothing.
async fn said(command: &str, order: &str, is_heard: bool) -> Result<String, Failure> {
    let (command, order) = (command.to_owned(), order.to_owned());
    tokio::task::spawn_blocking(move || said_here(&command, &order, is_heard)).await?
}

fn said_here(command: &str, order: &str, is_heard: bool) -> Result<String, Failure> {
    let amount = PRICE.to_string();
    let mut child = Command::new("sh")
        .args(["-c", command, "sh", order, &amount, "EUR"])
        .envs([("TORTURE_ORDER", order), ("TORTURE_AMOUNT", &amount), ("TORTURE_CURRENCY", "EUR")])
        .stdin(Stdio::null())
        .stdout(if is_heard { Stdio::piped() } else { Stdio::null() })
        .spawn()
        .map_err(|error| format!("sh: {error}"))?;
    let start = Instant::now();
    while child.try_wait()?.is_none() {
        if start.elapsed() > LIMIT {
            child.kill()?;
            child.wait()?;
            return Err(
                format!("{command:?} does not end within {} seconds", LIMIT.as_secs()).into()
            );
        }
        std::thread::sleep(POLL);
    }
    let mut said = String::new();
    if let Some(output) = child.stdout.take() {
        output.take(MAX_SAID).read_to_string(&mut said)?;
    }
    Ok(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_command_hears_of_the_order_and_says_a_number() {
        let heard =
            said("echo $1 $2 $3 $TORTURE_ORDER $TORTURE_AMOUNT $TORTURE_CURRENCY", "A-1", true);
        assert_eq!(heard.await.unwrap(), "A-1 12000 EUR A-1 12000 EUR\n");
        assert_eq!(count("echo ' 2 '; exit 1", "A-1").await.unwrap(), 2);
        let error = count("echo some", "A-1").await.unwrap_err().to_string();
        assert!(error.contains("is no number"), "{error}");
    }
}
