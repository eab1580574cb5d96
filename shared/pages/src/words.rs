//! Words for states, flags and the like.

use quittance_core::concern::Concern;
use quittance_core::desk::{LineState, RequestKind};
use quittance_core::fact::{Flag, Kind, State, Status};
use quittance_core::release::Cause;

use crate::lang::Lang;

pub(crate) fn state(lang: Lang, state: State) -> &'static str {
    match state {
        State::Pending => lang.pick("pending", "en attente"),
        State::Authorised => lang.pick("authorised", "autorisée"),
        State::PartiallyCaptured => lang.pick("partly captured", "encaissée en partie"),
        State::Captured => lang.pick("captured", "encaissée"),
        State::Refused => lang.pick("refused", "refusée"),
        State::Cancelled => lang.pick("cancelled", "annulée"),
        State::Expired => lang.pick("expired", "expirée"),
        State::PartiallyRefunded => lang.pick("partly refunded", "remboursée en partie"),
        State::Refunded => lang.pick("refunded", "remboursée"),
        State::ChargedBack => lang.pick("charged back", "contestée par la banque"),
    }
}

pub(crate) fn status(lang: Lang, status: Status) -> &'static str {
    match status {
        Status::Unknown => lang.pick("unknown status", "statut inconnu"),
        Status::Pending => lang.pick("not decided", "pas encore décidé"),
        Status::Authorised => lang.pick("authorised", "autorisé"),
        Status::Refused => lang.pick("refused", "refusé"),
        Status::Cancelled => lang.pick("cancelled", "annulé"),
        Status::Expired => lang.pick("expired", "expiré"),
        Status::Accepted => lang.pick("method checked", "moyen vérifié"),
        Status::Captured => lang.pick("captured", "encaissé"),
        Status::Refunded => lang.pick("refunded", "remboursé"),
        Status::ChargedBack => lang.pick("charged back", "contesté"),
        Status::Ambiguous => lang.pick("ambiguous", "ambigu"),
    }
}

/// What a flag is called, and what it means for the merchant.
pub(crate) fn flag(lang: Lang, flag: Flag) -> (&'static str, &'static str) {
    match flag {
        Flag::Ambiguous => (
            lang.pick("ambiguous", "ambigu"),
            lang.pick(
                "The messages can be read in more than one way. The order waits until the PSP is asked.",
                "Les messages peuvent se lire de plusieurs façons. La commande attend la réponse du prestataire.",
            ),
        ),
        Flag::AmountMismatch => (
            lang.pick("amounts differ", "montants différents"),
            lang.pick(
                "Different amounts are stated for the order, and the largest is not covered.",
                "Des montants différents sont annoncés, et le plus grand n'est pas couvert.",
            ),
        ),
        Flag::CurrencyMismatch => (
            lang.pick("currencies differ", "devises différentes"),
            lang.pick(
                "Money moved in another currency than the order's. It does not count.",
                "De l'argent a été pris dans une autre devise. Il ne compte pas.",
            ),
        ),
        Flag::Overpaid => (
            lang.pick("overpaid", "trop-perçu"),
            lang.pick("More was captured than the order costs.", "Plus que le prix a été encaissé."),
        ),
        Flag::StrandedVoucher => (
            lang.pick("stranded voucher", "chèque bloqué"),
            lang.pick(
                "A voucher was taken and the rest did not come. It can be given back for four hours only.",
                "Un chèque a été pris et le complément n'est pas venu. Il se rembourse pendant quatre heures seulement.",
            ),
        ),
        Flag::UnknownStatus => (
            lang.pick("unknown status", "statut inconnu"),
            lang.pick(
                "The PSP uses a status that Quittance does not know.",
                "Le prestataire emploie un statut que Quittance ne connaît pas.",
            ),
        ),
        Flag::OverRefunded => (
            lang.pick("refunded too much", "trop remboursé"),
            lang.pick("More was given back than was taken.", "Plus a été rendu que pris."),
        ),
        Flag::Unconfirmed => (
            lang.pick("unconfirmed", "non confirmé"),
            lang.pick(
                "Notifications cover the order; the PSP itself has not said so yet.",
                "Les notifications couvrent la commande ; le prestataire lui-même ne l'a pas encore dit.",
            ),
        ),
        Flag::GivenUp => (
            lang.pick("given up", "abandonné"),
            lang.pick(
                "Nothing was settled for so long that the PSP is not asked any more.",
                "Rien ne s'est décidé pendant si longtemps que le prestataire n'est plus interrogé.",
            ),
        ),
    }
}

pub(crate) fn concern(lang: Lang, concern: Concern) -> &'static str {
    match concern {
        Concern::PaidNotReleased => lang.pick("paid, not released", "payées, non libérées"),
        Concern::ReleasedNotPaid => lang.pick("released, not paid", "libérées, non payées"),
        Concern::Stranded => lang.pick("stranded vouchers", "chèques bloqués"),
        Concern::Uncertain => lang.pick("uncertain refunds", "remboursements incertains"),
        Concern::GivenUp => lang.pick("given up", "abandonnées"),
    }
}

pub(crate) fn cause(lang: Lang, cause: Cause) -> &'static str {
    match cause {
        Cause::Refund => lang.pick("refund", "remboursement"),
        Cause::Chargeback => lang.pick("chargeback", "contestation"),
        Cause::Lost => lang.pick("reserved money was lost", "argent réservé perdu"),
    }
}

pub(crate) fn kind(lang: Lang, kind: Kind) -> &'static str {
    match kind {
        Kind::Debit => lang.pick("payment", "paiement"),
        Kind::Credit => lang.pick("given back", "rendu"),
        Kind::Verification => lang.pick("check", "vérification"),
    }
}

pub(crate) fn request(lang: Lang, kind: RequestKind) -> &'static str {
    match kind {
        RequestKind::Refund => lang.pick("refund", "remboursement"),
        RequestKind::Capture => lang.pick("capture", "encaissement"),
        RequestKind::Cancellation => lang.pick("cancellation", "annulation"),
    }
}

pub(crate) fn line(lang: Lang, state: LineState) -> &'static str {
    match state {
        LineState::Planned => lang.pick("planned", "prévu"),
        LineState::InFlight => lang.pick("under way", "en cours"),
        LineState::Sent => lang.pick("taken by the PSP", "pris par le prestataire"),
        LineState::Done => lang.pick("done", "fait"),
        LineState::Refused => lang.pick("refused", "refusé"),
        LineState::Uncertain => lang.pick("uncertain", "incertain"),
        LineState::Skipped => lang.pick("skipped", "laissé"),
    }
}
