//! Why something is not planned, or not carried out: codes, and their sentences.

use crate::remark::Remark;

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident $code:literal $sentence:literal;)*) => {
        $($(#[$doc])* pub const $name: &str = $code;)*

        /// Every code.
        pub const CODES: &[&str] = &[$($name),*];

        /// The sentence of each code; `{0}` and `{1}` stand for the arguments.
        const SENTENCES: &[(&str, &str)] = &[$(($code, $sentence)),*];
    };
}

reasons! {
    /// The amount is zero.
    ZERO "plan_zero" "the amount is zero";
    /// The currency is another: asked for, paid in.
    OTHER_CURRENCY "plan_currency" "the order was paid in {1}, not in {0}";
    /// There is no captured money.
    NOTHING_CAPTURED "plan_nothing_captured" "nothing of the order is captured";
    /// Only so much is left.
    MORE_THAN_LEFT "plan_more_than_left" "no more than {0} is left to be given back";
    /// All was given back or asked for.
    NOTHING_LEFT "plan_nothing_left" "nothing is left to be given back";
    /// A method that gives nothing back: method, amount.
    NEVER "plan_never" "the {0} share of {1} cannot be given back once it is captured";
    /// The time is over: method, amount, until when.
    WINDOW_CLOSED "plan_window_closed" "the {0} share of {1} could surely be given back until {2} only";
    /// A part went back of what is given back whole: method.
    WHOLE_GONE "plan_whole_gone" "the {0} share is given back whole or not at all, and a part of it is gone";
    /// Between these two there is no other amount.
    BETWEEN "plan_between" "the shares cannot come to this amount; the nearest are {0} and {1}";
    /// Nothing above can be reached.
    BELOW "plan_below" "the shares cannot come to this amount; the nearest is {0}";
    /// No way can be found.
    TOO_MANY "plan_too_many" "the order has too many shares that count whole";
    /// A message contradicts itself: share.
    CONTRADICTION "plan_contradiction" "a message about share {0} contradicts itself";
    /// An unknown status: share.
    UNKNOWN_STATUS "plan_unknown_status" "share {0}, or money that goes back of it, has an unknown status";
    /// Two amounts: share.
    TWO_AMOUNTS "plan_two_amounts" "two amounts are stated for share {0}";
    /// Another currency: share.
    FOREIGN "plan_foreign" "money of share {0} moved in another currency";
    /// Known from notifications alone: share.
    UNCONFIRMED "plan_unconfirmed" "the provider does not name share {0} when it is asked about the order";
    /// Known from a doubtful message alone: share.
    DOUBTFUL "plan_doubtful" "share {0} is known from a doubtful message alone";
    /// The statements of several payments can be read in two ways: share.
    UNDECIDED "plan_undecided" "it is not certain how much was paid with share {0}";
    /// A credit without its debit.
    ORPHAN "plan_orphan" "money was given back, and it is not known of which share";
    /// The provider would not know the share: share.
    NO_ID "plan_no_id" "the provider's own id of share {0} is not known";
    /// Two ids: share.
    TWO_IDS "plan_two_ids" "share {0} has two ids";
    /// Vouchers wait for the card's share.
    CARD_IN_DOUBT "plan_card_in_doubt" "the voucher is given back after the card, and of the card nothing is certain";
    /// Nothing is reserved.
    NOTHING_AUTHORISED "plan_nothing_authorised" "nothing of the order is authorised and waits to be captured";
    /// Only so much is reserved.
    MORE_THAN_AUTHORISED "plan_more_than_authorised" "no more than {0} is authorised and waits to be captured";
    /// Taken already.
    CAPTURED "plan_captured" "it is captured already: give it back with a refund";
    /// More is reserved than the order lacks: reserved, lacking.
    MORE_THAN_DUE "plan_more_than_due" "{0} is authorised, and the order lacks {1}: name the amount";
    /// The card's money is on its way.
    CARD_MOVES "plan_card_moves" "the voucher is given back after the card, whose money is reserved or being taken: wait, or cancel it";
    /// Under way already.
    MOVING "plan_moving" "it is being checked, captured or cancelled already";
    /// Nothing can be done in this status: the provider's word.
    CLOSED "plan_closed" "nothing can be done with a share that is {0}";
    /// Asked for by an earlier request.
    ASKED_FOR "plan_asked_for" "it is asked for already";
    /// What was planned cannot be done any more.
    STALE "line_stale" "the order has changed since this was planned";
    /// The provider refused it: its words.
    REFUSED "line_refused" "the provider refused it: {0}";
    /// The provider refused what it had taken, or the share ended in another way.
    REFUSED_LATER "line_refused_later" "the provider did not carry it out";
    /// A call came to nothing: why.
    TROUBLE "line_trouble" "{0}";
    /// Several things may be what a call did.
    SEVERAL "line_several" "several refunds of this share may be it: a person has to decide";
    /// Nothing shows what a call did.
    NOT_SEEN "line_not_seen" "the call may have been made and the provider shows nothing of it: a person has to decide";
    /// What a call did is never shown.
    NOT_SHOWN "line_not_shown" "the provider took it and shows nothing of it for a day: a person has to decide";
    /// The card's line was refused.
    CARD_REFUSED "line_card_refused" "the voucher is given back after the card, and the card's part was refused";
    /// A person decided.
    DECIDED "line_decided" "a person decided";
}

/// The sentence of a remark about a plan, in lower case and without a final stop. `None` for any other.
pub fn sentence(remark: &Remark) -> Option<String> {
    let (_, sentence) = SENTENCES.iter().find(|(code, _)| *code == remark.code())?;
    let filled = |text: String, at: usize| text.replace(&format!("{{{at}}}"), remark.argument(at));
    Some((0..3).fold((*sentence).to_owned(), filled))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_sentences_have_neither_capitals_nor_a_final_stop() {
        for (at, (code, sentence)) in SENTENCES.iter().enumerate() {
            assert!(SENTENCES[at + 1..].iter().all(|(other, _)| other != code), "{code}");
            assert!(sentence.starts_with(|c: char| c.is_lowercase() || c == '{'), "{sentence}");
            assert!(!sentence.ends_with('.'), "{sentence}");
        }
    }

    #[test]
    fn arguments_stand_in_their_places() {
        let remark = Remark::new(OTHER_CURRENCY, ["USD", "EUR"]);
        assert_eq!(sentence(&remark).unwrap(), "the order was paid in EUR, not in USD");
        assert_eq!(sentence(&Remark::plain("another")), None);
    }
}
