//! Why money is not given back, in French. In English the core says it.

use quittance_core::plan::reasons as code;
use quittance_core::{Remark, Words};

use crate::lang::Lang;

/// The sentence of each code; `{0}` and the like stand for the arguments.
const FRENCH: &[(&str, &str)] = &[
    (code::ZERO, "le montant est zéro"),
    (code::OTHER_CURRENCY, "la commande a été payée en {1}, pas en {0}"),
    (code::NOTHING_CAPTURED, "rien de la commande n'est encaissé"),
    (code::MORE_THAN_LEFT, "il ne reste que {0} à rendre"),
    (code::NOTHING_LEFT, "il ne reste rien à rendre"),
    (code::NEVER, "la part {0} de {1} ne peut pas être rendue une fois encaissée"),
    (code::WINDOW_CLOSED, "la part {0} de {1} ne se remboursait à coup sûr que jusqu'à {2}"),
    (
        code::WHOLE_GONE,
        "la part {0} se rend entière ou pas du tout, et une partie en est déjà rendue",
    ),
    (code::BETWEEN, "les parts ne donnent pas ce montant ; les plus proches sont {0} et {1}"),
    (code::BELOW, "les parts ne donnent pas ce montant ; le plus proche est {0}"),
    (code::TOO_MANY, "la commande a trop de parts qui se rendent entières"),
    (code::CONTRADICTION, "un message sur la part {0} se contredit"),
    (code::UNKNOWN_STATUS, "la part {0}, ou ce qui en est rendu, a un statut inconnu"),
    (code::TWO_AMOUNTS, "deux montants sont annoncés pour la part {0}"),
    (code::FOREIGN, "de l'argent de la part {0} a circulé dans une autre devise"),
    (code::UNCONFIRMED, "le prestataire, interrogé sur la commande, n'a pas nommé la part {0}"),
    (code::DOUBTFUL, "la part {0} n'est connue que par un message douteux"),
    (code::UNDECIDED, "on ne sait pas au juste combien la part {0} a payé"),
    (code::ORPHAN, "de l'argent a été rendu, on ne sait pas de quelle part"),
    (code::NO_ID, "l'identifiant de la part {0} chez le prestataire n'est pas connu"),
    (code::TWO_IDS, "la part {0} a deux identifiants"),
    (code::CARD_IN_DOUBT, "le chèque se rend après la carte, et de la carte rien n'est certain"),
    (code::NOTHING_AUTHORISED, "rien de la commande n'est autorisé et en attente d'encaissement"),
    (code::MORE_THAN_AUTHORISED, "seuls {0} sont autorisés et en attente d'encaissement"),
    (code::CAPTURED, "c'est déjà encaissé : il faut rembourser"),
    (
        code::MORE_THAN_DUE,
        "{0} sont autorisés et il manque {1} à la commande : indiquez le montant",
    ),
    (
        code::CARD_MOVES,
        "le chèque se rend après la carte, dont l'argent est réservé ou en cours d'encaissement : \
        attendez, ou annulez-la",
    ),
    (code::MOVING, "une vérification, l'encaissement ou l'annulation est déjà en cours"),
    (code::CLOSED, "rien n'est possible avec une part {0}"),
    (code::ASKED_FOR, "c'est déjà demandé"),
    (code::STALE, "la commande a changé depuis le plan"),
    (code::REFUSED, "le prestataire a refusé : {0}"),
    (code::REFUSED_LATER, "le prestataire ne l'a pas exécuté"),
    (code::TROUBLE, "{0}"),
    (
        code::SEVERAL,
        "plusieurs remboursements de cette part peuvent être celui-ci : une personne doit décider",
    ),
    (
        code::NOT_SEEN,
        "l'appel a pu partir et le prestataire n'en montre rien : une personne doit décider",
    ),
    (
        code::NOT_SHOWN,
        "le prestataire l'a pris et n'en montre rien depuis un jour : une personne doit décider",
    ),
    (code::CARD_REFUSED, "le chèque se rend après la carte, et la part de la carte a été refusée"),
    (code::DECIDED, "une personne a décidé"),
];

/// The sentence, in lower case and without a final stop.
pub(crate) fn sentence(lang: Lang, remark: &Remark, words: Words) -> String {
    let french =
        FRENCH.iter().find(|(code, _)| *code == remark.code()).filter(|_| lang == Lang::Fr);
    let Some((_, sentence)) = french else { return words.say(remark) };
    let filled = |text: String, at: usize| text.replace(&format!("{{{at}}}"), remark.argument(at));
    (0..3).fold((*sentence).to_owned(), filled)
}

#[cfg(test)]
mod tests {
    use quittance_core::plan::reasons;

    use super::*;

    #[test]
    fn every_reason_has_its_sentence_in_french_with_the_same_arguments() {
        let codes: Vec<&str> = FRENCH.iter().map(|(code, _)| *code).collect();
        assert_eq!(codes, reasons::CODES);
        for (code, french) in FRENCH {
            let english = reasons::sentence(&Remark::new(*code, ["{0}", "{1}", "{2}"])).unwrap();
            for argument in ["{0}", "{1}", "{2}"] {
                assert_eq!(
                    french.contains(argument),
                    english.contains(argument),
                    "{code} {argument}"
                );
            }
        }
    }
}
