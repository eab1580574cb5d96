//! Somebody without keys, who has seen a notification.

use quittance_core::provider::Outgoing;

use crate::keys::forged;
use crate::mail::Mail;

/// Signs a notification anew, with a key of his own.
pub(crate) fn forge(mail: &mut Mail) {
    let (headers, body) = (mail.sent.headers.clone(), mail.sent.body.clone());
    let mut outgoing = Outgoing { headers, body };
    if forged(mail.psp).sign(&mut outgoing).is_err() {
        // Even he has no key for this: then the signature is another message's.
        outgoing.body.push(b' ');
    }
    mail.sent.headers = outgoing.headers;
    mail.sent.body = outgoing.body;
    mail.is_forged = true;
}
