//! Sentences for people, made from codes.

use crate::fact::{Fact, ShareFact};
use crate::key::ProviderId;
use crate::plan::reasons;
use crate::provider::{Provider, Providers, find};
use crate::remark::{Remark, SECOND_REFERENCE};
use crate::statement::Statement;

/// The sentences of one provider: its own, and those of the core.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    provider: Option<&'static dyn Provider>,
}

impl Words {
    /// The words of the provider of an order.
    pub fn of(providers: Providers, psp: ProviderId) -> Self {
        Self { provider: find(providers, psp) }
    }

    /// The sentence, in lower case and without a final stop. A code that nobody has a sentence for is shown as
    /// it is: a newer version may have written it.
    pub fn say(&self, remark: &Remark) -> String {
        self.find(remark).unwrap_or_else(|| remark.to_string())
    }

    /// The sentence, where somebody has one for the code.
    pub fn find(&self, remark: &Remark) -> Option<String> {
        match remark.code() {
            SECOND_REFERENCE => {
                Some("the payment is known under another order's reference".to_owned())
            }
            _ => reasons::sentence(remark)
                .or_else(|| self.provider.and_then(|provider| provider.sentence(remark))),
        }
    }

    /// One line about a message that says `event` of these shares. `reason` says why a share is so.
    pub fn line(
        &self,
        event: &Remark,
        shares: &[&ShareFact],
        reason: &dyn Fn(&ShareFact) -> Option<String>,
    ) -> String {
        match self.provider {
            Some(provider) => provider.line(event, shares, reason),
            None => self.say(event),
        }
    }

    /// One line about a statement: kind of message, shares, statuses. No personal data.
    pub fn line_of(&self, statement: &Statement) -> String {
        let shares: Vec<&ShareFact> = statement.facts.iter().filter_map(Fact::as_share).collect();
        let why = |share: &ShareFact| {
            let reason = statement.reasons.iter().find(|reason| reason.explains(share));
            reason.map(|reason| self.say(&reason.why))
        };
        self.line(&statement.event, &shares, &why)
    }
}
