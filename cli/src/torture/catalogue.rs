//! All exhibits, in the order in which they are sent.

use super::exhibit::Exhibit;

/// The first, without which nothing else says anything.
pub(super) const FIRST: &str = "genuine-payment";

/// What is measured over all genuine messages.
pub(super) const IN_TIME: &str = "answers-in-time";

macro_rules! exhibits {
    ($($name:literal: $sent:literal; $right:literal; [$($seen:literal)*])*) => {
        &[$(Exhibit { name: $name, sent: $sent, right: $right, seen: &[$($seen),*] }),*]
    };
}

#[rustfmt::skip]
pub(super) static EXHIBITS: &[Exhibit] = exhibits! {
    "genuine-payment": "one genuine message: the order is paid"; "takes it, and releases the goods once"; []
    "missing-signature": "a payment without any signature"; "releases nothing"; ["https://github.com/corsairdev/corsair/issues/595" "https://github.com/flexprice/flexprice/pull/2251"]
    "empty-signature": "a payment with an empty signature"; "releases nothing"; ["https://github.com/Azuriom/Plugin-Shop/issues/284"]
    "shortened-signature": "a payment with the first character of its signature"; "releases nothing"; ["https://github.com/Azuriom/Plugin-Shop/issues/284"]
    "signed-with-another-key": "a payment signed with a key of somebody else"; "releases nothing"; ["https://github.com/Azuriom/Plugin-Shop/issues/284"]
    "digest-for-signature": "a payment with a digest of its body, which anybody can make, for its signature"; "releases nothing"; ["https://github.com/hadianr/nawaetu/pull/14"]
    "unknown-key": "a payment under a key id that does not exist, signed with an empty key"; "releases nothing"; ["https://github.com/1bit-MONSTER/1bit-MONSTER/issues/1279"]
    "changed-after-signing": "a genuine message in which the order was replaced by another"; "releases nothing"; ["https://github.com/flexprice/flexprice/pull/2251"]
    "old-signature": "a genuine message whose signature is one hour old"; "releases nothing: whoever caught it may send it for ever"; ["https://github.com/own-pay/OwnPay/issues/296" "https://github.com/yc-software/qm/issues/783"]
    "early-signature": "a message whose signature is of the next hour"; "releases nothing"; ["https://github.com/nammayatri/shared-kernel/pull/1287"]
    "time-changed-after-signing": "an old message with the time of its signature set to now"; "releases nothing: the time is signed, too"; ["https://github.com/HearthSim/HSReplay.net/issues/322"]
    "unknown-version": "a signature under the name of another version"; "releases nothing"; ["https://docs.stripe.com/webhooks"]
    "two-signatures": "a signature by another key, and the right one behind it, as while a key is replaced"; "takes it, and releases once"; ["https://docs.stripe.com/webhooks" "https://www.standardwebhooks.com"]
    "browser-return": "a form that the provider signed for the buyer's browser, posted as a notification"; "releases nothing"; ["docs/providers/lyra.md"]
    "repeated-field": "a refusal with an unsigned second status, before the signed one and behind it"; "releases nothing"; ["docs/providers/lyra.md"]
    "odd-bytes": "a genuine message in unusual bytes: order, blanks, escapes, numbers"; "takes it, and releases once: the bytes are signed as they came"; ["https://github.com/octokit/webhooks.js/issues/71" "https://github.com/gabrielkoerich/orch/issues/134"]
    "delivered-twice": "the same message, one after the other"; "takes both, and releases once"; ["https://github.com/mollie/laravel-cashier-mollie/pull/321"]
    "delivered-at-once": "the same message twenty times at once"; "releases once"; ["https://github.com/mollie/laravel-cashier-mollie/pull/321" "https://github.com/stellarBank/StellarBank/issues/39"]
    "delivered-after-restart": "the same message before and after a restart"; "takes both, and releases once"; ["https://github.com/webrenew/unicon/issues/42"]
    "new-delivery-id": "the same payment under another id of delivery"; "takes both, and releases once"; ["https://github.com/front-commerce/developers.front-commerce.com/pull/561"]
    "new-delivery-ids-at-once": "the same payment under twenty ids of delivery at once"; "releases once"; ["https://github.com/mollie/WooCommerce/pull/1063"]
    "cut-then-sent-again": "half a message before the connection closes, then the whole"; "takes it, and releases once"; ["https://github.com/tutur3u/platform/pull/4603"]
    "no-patience": "a message whose sender does not wait for the answer, then the same again"; "takes it, and releases once"; ["https://github.com/tutur3u/platform/pull/4603" "https://github.com/AI-Shipping-Labs/website/issues/285"]
    "authorised-alone": "money that is reserved, and not taken"; "takes it, and releases nothing"; ["https://github.com/Automattic/woocommerce-payments/issues/3783"]
    "authorised-then-captured": "money that is reserved, then taken"; "takes both, and releases once"; ["https://github.com/Automattic/woocommerce-payments/issues/3783"]
    "reversed-order": "money that is taken, then the late word that it is reserved or on its way"; "takes both, and releases once"; ["https://github.com/checkout/checkout-sdk-php/issues/369"]
    "late-pending": "taken, then the late word that it is on its way, then taken once more under another id"; "takes all, and releases once"; ["https://github.com/AlexsanderVargas/vendas-bot/issues/80"]
    "late-refusal": "the second attempt succeeds, then the refusal of the first arrives"; "takes both; the release stays"; ["https://github.com/Adyen/adyen-shopware6/issues/311" "https://github.com/woocommerce/woocommerce-gateway-stripe/issues/902"]
    "refused-then-paid": "a refusal, then a second attempt that succeeds"; "takes both, and releases once"; ["https://github.com/mollie/WooCommerce/issues/1159"]
    "refused": "a refusal"; "takes it, and releases nothing"; ["https://github.com/nursit/bank/issues/109"]
    "cancelled": "a cancellation"; "takes it, and releases nothing"; ["https://github.com/nursit/bank/issues/109"]
    "abandoned": "a payment page that the buyer left"; "takes it, and releases nothing"; ["https://github.com/nursit/bank/issues/109"]
    "voucher-alone": "the voucher's share of a split payment, and nothing else"; "takes it, and releases nothing"; ["https://github.com/Adyen/adyen-salesforce-commerce-cloud/issues/441" "https://github.com/buckaroo-it/Magento2/pull/1492"]
    "voucher-twice": "the voucher's share, told twice under two ids of delivery"; "takes both, and releases nothing: half and the same half are not the whole"; ["https://github.com/smartstore/Smartstore/issues/1544"]
    "card-share-alone": "the card's share of a split payment, and nothing else"; "takes it, and releases nothing"; ["https://github.com/Adyen/adyen-salesforce-commerce-cloud/issues/441"]
    "voucher-and-refused-card": "the voucher's share is taken, the card's refused"; "takes all, and releases nothing"; ["https://github.com/Adyen/adyen-salesforce-commerce-cloud/issues/441"]
    "voucher-and-reserved-card": "the voucher's share is taken, the card's only reserved"; "takes it, and releases nothing"; ["https://github.com/buckaroo-it/Magento2/pull/1343"]
    "voucher-then-card": "the voucher's share, then the card's"; "takes both, and releases once"; ["https://github.com/buckaroo-it/Magento2/pull/1492"]
    "halves-at-once": "both shares at once, then again"; "releases once"; ["https://github.com/mollie/WooCommerce/pull/1063"]
    "refusal-between-shares": "the voucher's share, a card that is refused, a card that pays"; "takes all, and releases once"; ["https://github.com/mollie/WooCommerce/issues/1159"]
    "paid-twice": "two payments of one order"; "takes both, and releases once"; ["https://github.com/getlago/lago-api/pull/5536"]
    "paid-less": "a payment that says that less came than was to be paid"; "takes it, and releases nothing"; ["https://github.com/Azuriom/Plugin-Shop/issues/284" "https://github.com/juspay/hyperswitch/pull/5873"]
    "another-price": "a whole payment of 1.00 EUR for an order of 120.00 EUR"; "takes it, and releases nothing"; ["https://github.com/Azuriom/Plugin-Shop/issues/284"]
    "another-currency": "the same number in another currency"; "takes all, and releases nothing"; ["https://github.com/juanarrietabusiness-pixel/tommalopty/issues/7"]
    "nothing-paid": "a message in which no money moved, such as the check of a card"; "takes it, and releases nothing"; ["https://github.com/profullstack/coinpayportal/pull/205"]
    "two-references": "one payment under two references"; "releases the first order alone"; ["https://github.com/front-commerce/developers.front-commerce.com/pull/561"]
    "unknown-event": "a genuine event of a type that nobody expects"; "takes it: senders stop where they are refused"; ["https://github.com/freelawproject/courtlistener/issues/2208"]
    "unknown-status": "a genuine payment in a status that is in no table"; "takes it, and releases nothing"; ["https://github.com/koala73/worldmonitor/issues/4436"]
    "contradiction": "a message of which one part says paid and another does not"; "takes it, and releases nothing"; ["https://github.com/nursit/bank/issues/109"]
    "several-events-in-one": "two events in one message, of which the second is the payment"; "takes it, and releases once"; ["docs/providers/worldline.md"]
    "refund-first": "the refund of the whole, then the late word of the payment"; "takes both, and releases nothing"; ["https://github.com/AlexsanderVargas/vendas-bot/issues/80"]
    "refund-of-a-part": "a payment, then a refund of a third of it"; "takes all, and releases once"; ["https://github.com/antiwork/gumroad/pull/5695"]
    "refund-of-all": "a payment, then a refund of all of it"; "takes all, and releases at most once"; ["https://github.com/mollie/magento2/issues/1047"]
    "chargeback": "a payment, then a chargeback"; "takes both, and releases at most once"; ["https://github.com/mollie/laravel-cashier-mollie/pull/321"]
    "large-body": "twelve megabytes that nobody signed"; "releases nothing, and lives on"; []
    "other-methods": "GET, HEAD, DELETE and PUT, then a genuine message"; "releases once"; []
    "answers-in-time": "every genuine message above"; "answers each within ten seconds, before its sender gives up"; ["https://github.com/nozzlegear/ShopifySharp/issues/919"]
    "alive-afterwards": "one more genuine payment, after everything else"; "takes it, and releases once"; ["https://github.com/interledger/rafiki/issues/2664"]
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unlike_and_sentences_have_no_ends() {
        for (at, exhibit) in EXHIBITS.iter().enumerate() {
            assert!(EXHIBITS[at + 1..].iter().all(|other| other.name != exhibit.name));
            for sentence in [exhibit.sent, exhibit.right] {
                assert!(!sentence.ends_with('.') && !sentence.is_empty(), "{}", exhibit.name);
            }
        }
        assert_eq!(EXHIBITS.first().map(|exhibit| exhibit.name), Some(FIRST));
        assert_eq!(EXHIBITS.last().map(|exhibit| exhibit.name), Some("alive-afterwards"));
    }
}
