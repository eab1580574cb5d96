//! Examples at the end of each command's help, for a local stack with its samples unless a line names a deployed one. The
//! PSPs that are played know nothing of the samples' payments: what asks them is shown on the orders of `checkout`'s
//! examples. A line that begins with `#` says what comes before.

use clap::Command;

/// The commands of each example, by the command that they are of.
const EXAMPLES: &[(&[&str], &[&str])] = &[
    (
        &["orders", "list"],
        &[
            "quittance orders list --state partially_captured",
            "quittance orders list --unreleased --since 2h",
            "quittance orders list --limit 10 --json",
        ],
    ),
    (
        &["orders", "show"],
        &[
            "quittance orders show CMD-2027",
            "quittance orders show systempay/12345678/test/CMD-2027 --raw",
        ],
    ),
    (
        &["orders", "expect"],
        &["quittance orders expect systempay/12345678/test/CMD-2052 10000 --dry-run"],
    ),
    (
        &["orders", "forget-doubts"],
        &["quittance orders forget-doubts systempay/12345678/test/CMD-2054 --dry-run"],
    ),
    (&["orders", "erase"], &["quittance orders erase systempay/12345678/test/CMD-2023 --dry-run"]),
    (
        &["refund"],
        &[
            "# after the checkout of this order, once the buyer has paid on its page:",
            "quittance refund worldline/DemoMerchant/test/MINE-1 4000 --request R-1 --plan-only",
            "quittance refund worldline/DemoMerchant/test/MINE-1 4000 --request R-1",
        ],
    ),
    (
        &["capture"],
        &[
            "# after the checkout of this order with --approval, once the buyer has paid on its page:",
            "quittance capture worldline/DemoMerchant/test/MINE-2 --request T-1",
        ],
    ),
    (
        &["cancel"],
        &[
            "# after the checkout of this order with --approval, once the buyer has paid on its page:",
            "quittance cancel worldline/DemoMerchant/test/MINE-3 --request C-1",
        ],
    ),
    (
        &["settle"],
        &[
            "quittance settle worldline/DemoMerchant/test/MINE-1",
            "# where line 2 is uncertain, and the PSP's portal shows nothing of it:",
            "quittance settle worldline/DemoMerchant/test/MINE-1 2 --not-done",
        ],
    ),
    (&["quarantine", "list"], &["quittance quarantine list"]),
    (
        &["quarantine", "show"],
        &[
            "quittance quarantine show 69df6b6f002b",
            "quittance quarantine show 69df6b6f002b --body",
        ],
    ),
    (&["quarantine", "release"], &["quittance quarantine release --all --dry-run"]),
    (&["quarantine", "discard"], &["quittance quarantine discard 69df6b6f002b --dry-run"]),
    (
        &["replay"],
        &[
            "quittance replay systempay/12345678/test/CMD-2027",
            "quittance replay --from 2026-11-22T10:00:00Z --dry-run",
        ],
    ),
    (
        &["rebuild"],
        &[
            "quittance rebuild --verify systempay/12345678/test/CMD-2027",
            "quittance rebuild --verify --stack shop",
        ],
    ),
    (
        &["rehearse"],
        &[
            "quittance rehearse --release-on secured",
            "quittance rehearse --with ./quittance-of-the-new-version --stack shop",
        ],
    ),
    (
        &["evidence"],
        &[
            "quittance evidence systempay/12345678/test/CMD-2027",
            "quittance evidence systempay/12345678/test/CMD-2027 --to CMD-2027.json --stack shop",
        ],
    ),
    (
        &["verify"],
        &[
            "quittance verify CMD-2027.evidence.json",
            "quittance verify CMD-2027.evidence.json --keys --stack shop",
        ],
    ),
    (&["unsent", "list"], &["quittance unsent list"]),
    (&["unsent", "resend"], &["quittance unsent resend --dry-run"]),
    (&["dlq", "list"], &["quittance dlq list --stack shop"]),
    (&["dlq", "redrive"], &["quittance dlq redrive --dry-run --stack shop"]),
    (&["report"], &["quittance report", "quittance report --json --stack shop"]),
    (&["ui"], &["quittance ui", "quittance ui --stack shop"]),
    (
        &["listen"],
        &[
            "quittance listen",
            "quittance listen --forward-to http://localhost:3000/fulfilment",
            "quittance listen --stack shop --since 1h",
        ],
    ),
    (
        &["checkout"],
        &[
            "quittance checkout worldline/DemoMerchant/test/MINE-1 14000",
            "quittance checkout worldline/DemoMerchant/test/MINE-2 14000 --method card --approval",
            "quittance checkout worldline/DemoMerchant/test/MINE-3 14000 --method card --approval",
        ],
    ),
    (
        &["ask"],
        &[
            "# after the checkout of this order:",
            "quittance ask worldline/DemoMerchant/test/MINE-1",
        ],
    ),
    (&["keys", "check"], &["quittance keys check", "quittance keys check --file keys.json"]),
    (
        &["doctor"],
        &[
            "quittance doctor",
            "quittance doctor --stack shop",
            "quittance doctor --stack shop --no-send",
        ],
    ),
    (
        &["send"],
        &[
            "quittance send systempay/01-single-card-captured",
            "quittance send mine.json --to https://example.execute-api.eu-west-3.amazonaws.com",
        ],
    ),
    (
        &["play"],
        &[
            "quittance play worldline/01-single-card-captured orders/01-one-order",
            "quittance play --quiet",
        ],
    ),
    (
        &["trigger"],
        &[
            "quittance trigger --list",
            "quittance trigger cascade-half-paid --order MINE-4 --amount 9000",
            "quittance trigger partial-refund --psp worldline",
        ],
    ),
    (
        &["torture"],
        &[
            "quittance torture --list",
            "quittance torture http://127.0.0.1:3000/hook --scheme lyra --count-effects ./count",
        ],
    ),
    (&["simulate"], &["quittance simulate --seeds 20", "quittance simulate --seed 7 --trace"]),
    (&["brands"], &["quittance brands"]),
    (
        &["completions"],
        &[
            "# where the folder is there; else: mkdir -p ~/.local/share/bash-completion/completions",
            "quittance completions bash >~/.local/share/bash-completion/completions/quittance",
        ],
    ),
];

/// The command with its examples.
pub(crate) fn with_examples(command: Command) -> Command {
    EXAMPLES.iter().fold(command, |command, (path, lines)| beneath(command, path, lines))
}

fn beneath(command: Command, path: &[&str], lines: &[&str]) -> Command {
    match path.split_first() {
        None => command.after_help(format!("Examples:\n  {}", lines.join("\n  "))),
        Some((first, rest)) => {
            command.mut_subcommand(*first, |command| beneath(command, rest, lines))
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::*;
    use crate::args::Args;

    /// The commands that do something, by their words.
    fn leaves(command: &Command, words: &[String]) -> Vec<Vec<String>> {
        let below = command.get_subcommands().filter(|below| below.get_name() != "help");
        let deeper = below
            .flat_map(|below| leaves(below, &[words, &[below.get_name().to_owned()]].concat()));
        let deeper: Vec<_> = deeper.collect();
        if deeper.is_empty() { vec![words.to_vec()] } else { deeper }
    }

    #[test]
    fn every_command_has_examples_that_it_understands() {
        let known: Vec<Vec<String>> = EXAMPLES
            .iter()
            .map(|(path, _)| path.iter().map(|word| (*word).to_owned()).collect())
            .collect();
        for leaf in leaves(&Args::command(), &[]) {
            assert!(known.contains(&leaf), "{leaf:?} has no examples");
        }
        for (path, lines) in EXAMPLES {
            for line in *lines {
                assert!(line.len() <= 98, "{line} is wider than a terminal");
                if line.starts_with('#') {
                    continue;
                }
                let words = line.split(" >").next().unwrap_or(line).split(' ');
                let words: Vec<&str> = words.collect();
                assert_eq!(&words[1..=path.len()], *path, "{line}");
                assert!(Args::try_parse_from(&words).is_ok(), "{line}");
            }
        }
    }

    #[test]
    fn help_ends_with_the_examples() {
        let mut command = with_examples(Args::command());
        let list = command.find_subcommand_mut("orders").unwrap().find_subcommand_mut("list");
        let help = list.unwrap().render_help().to_string();
        assert!(help.ends_with("quittance orders list --limit 10 --json\n"), "{help}");
    }
}
