//! What the gateway says of a share beyond what decides, in its three spellings. (lyra.md 3.4, 4.1 and 5)

use quittance_core::ShareFact;
use quittance_core::details::{Details, Member, ShareDetails};

use super::results::Codes;

/// The members, as a message gives them.
#[derive(Clone, Debug, Default)]
pub(super) struct Said<'a> {
    /// Whether the names of the members are signed too: in JSON they are, and in a form they are not.
    pub(super) named: bool,
    /// `vads_trans_id`; REST `legacyTransId`.
    pub(super) transaction_id: Option<&'a str>,
    /// `vads_auth_number`; REST `authorizationResponse.authorizationNumber`.
    pub(super) authorisation_number: Option<&'a str>,
    /// `vads_auth_result`, `vads_extra_result` and their like.
    pub(super) codes: Codes<'a>,
    /// REST `fraudManagement`: the word of its result.
    pub(super) risk_word: Option<String>,
    /// `vads_capture_delay`.
    pub(super) capture_delay_days: Option<u64>,
    /// `vads_presentation_date`; REST `expectedCaptureDate`.
    pub(super) capture_date: Option<&'a str>,
    /// `vads_contract_used`; REST `mid`.
    pub(super) contract: Option<&'a str>,
    /// `vads_payment_certificate`.
    pub(super) certificate: Option<&'a str>,
    /// `vads_ext_trans_id`; REST `externalTransactionId`.
    pub(super) acquirer_reference: Option<&'a str>,
    /// `vads_identifier_status`.
    pub(super) token_status: Option<&'a str>,
}

impl Said<'_> {
    /// What is said of this share.
    pub(super) fn of(&self, fact: &ShareFact) -> ShareDetails {
        let codes = &self.codes;
        let believed = |text: &str| self.named || is_reference(text);
        let mut details = Details::default();
        for (member, text) in [
            (Member::TransactionId, self.transaction_id),
            (Member::AuthorisationNumber, self.authorisation_number),
            (Member::CaptureDate, self.capture_date),
            (Member::Contract, self.contract),
            (Member::Certificate, self.certificate),
            (Member::AcquirerReference, self.acquirer_reference),
            (Member::TokenStatus, self.token_status.filter(|word| TOKEN_STATUSES.contains(word))),
        ] {
            details.text(member, text.filter(|text| believed(text)));
        }
        let risk = codes.risk_said().or_else(|| self.risk_word.as_deref().map(Codes::risk_word));
        for (member, said) in [
            (Member::AuthorisationResult, codes.authorisation_said(&fact.method)),
            (Member::RiskResult, risk),
        ] {
            details.coded(member, said.filter(|said| believed(said.argument(0))));
        }
        details.number(Member::CaptureDelayDays, self.capture_delay_days);
        ShareDetails {
            kind: fact.kind,
            share: fact.share.clone(),
            rank: fact.meaning.rank,
            details,
        }
    }
}

/// What `vads_identifier_status` says. (lyra.md 4.1)
const TOKEN_STATUSES: [&str; 5] = ["CREATED", "NOT_CREATED", "UPDATED", "NOT_UPDATED", "ABANDONED"];

/// Whether it can be a number, a date or a reference, and is none of what a buyer types: the names of a form's
/// fields are not signed, so a name, an address or a masked card could be told as a contract.
fn is_reference(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"-_.:/".contains(&b);
    text.bytes().all(fits) && !text.as_bytes().windows(4).any(|part| part == b"XXXX")
}
