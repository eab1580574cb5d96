//! What the gateway says of a share beyond what decides, in its three spellings. (lyra.md 3.4, 4.1 and 5)

use quittance_core::ShareFact;
use quittance_core::details::{Details, Member, ShareDetails};

use super::results::Codes;

/// The members, as a message gives them.
#[derive(Clone, Debug, Default)]
pub(super) struct Said<'a> {
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
        let mut details = Details::default();
        for (member, text) in [
            (Member::TransactionId, self.transaction_id),
            (Member::AuthorisationNumber, self.authorisation_number),
            (Member::AuthorisationResult, codes.auth),
            (Member::AuthorisationResultText, codes.authorisation_words(&fact.method)),
            (Member::RiskResult, codes.extra.or(self.risk_word.as_deref())),
            (Member::RiskResultText, codes.risk_words()),
            (Member::CaptureDate, self.capture_date),
            (Member::Contract, self.contract),
            (Member::Certificate, self.certificate),
            (Member::AcquirerReference, self.acquirer_reference),
            (Member::TokenStatus, self.token_status),
        ] {
            details.text(member, text);
        }
        details.number(Member::CaptureDelayDays, self.capture_delay_days);
        ShareDetails { kind: fact.kind, share: fact.share.clone(), rank: fact.rank, details }
    }
}
