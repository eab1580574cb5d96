//! What a verdict says to people, in English and French.

use crate::file::{Absence, Kind};
use crate::finding::{Finding, Problem};

/// The languages of a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English.
    English,
    /// French, with no-break spaces where its typography has them.
    French,
}

impl Finding {
    /// The sentence, without its place and a final stop.
    pub fn say(&self, language: Language) -> String {
        match language {
            Language::English => self.problem.english(),
            Language::French => self.problem.french(),
        }
    }
}

impl Problem {
    fn english(&self) -> String {
        match self {
            Self::TooLarge => "larger than any evidence".to_owned(),
            Self::NotEvidence { why } => format!("not the JSON of an evidence file: {why}"),
            Self::OtherVersion => {
                "a version of evidence that this program does not know".to_owned()
            }
            Self::OtherSpelling => {
                "from here on the bytes are not those that were written, though they mean the same"
                    .to_owned()
            }
            Self::Altered => "altered since the file was made".to_owned(),
            Self::Removed => "removed since the file was made".to_owned(),
            Self::Added => "added since the file was made".to_owned(),
            Self::SealAltered => "this seal was altered; what it seals was not".to_owned(),
            Self::Moved { index } => {
                format!(
                    "the entry number {index} stands here: an entry was removed, repeated or moved"
                )
            }
            Self::Count { stated, found } => format!("{found} entries, and there were {stated}"),
            Self::Unlinked => "does not follow from what comes before it".to_owned(),
            Self::OtherBytes => "the message has another digest".to_owned(),
            Self::Unread { why } => format!("cannot be read: {why}"),
            Self::SaysOtherwise => "the message says something else".to_owned(),
            Self::ComesToOtherwise { stated, found } => {
                format!("the file says {stated}, and its messages come to {found}")
            }
            Self::NotSigned => "no key verifies this message".to_owned(),
            Self::OtherKey { found } => format!("another key verifies it: {found}"),
            Self::OtherHead { noted } => format!("the head that was noted is {noted}"),
        }
    }

    fn french(&self) -> String {
        match self {
            Self::TooLarge => "plus grand que toute preuve".to_owned(),
            Self::NotEvidence { why } => {
                format!("ce n’est pas le JSON d’un fichier de preuve\u{a0}: {why}")
            }
            Self::OtherVersion => {
                "une version de preuve que ce programme ne connaît pas".to_owned()
            }
            Self::OtherSpelling => {
                "à partir d’ici, les octets ne sont pas ceux qui ont été écrits, bien que le sens soit le même"
                    .to_owned()
            }
            Self::Altered => "modifié depuis la création du fichier".to_owned(),
            Self::Removed => "supprimé depuis la création du fichier".to_owned(),
            Self::Added => "ajouté depuis la création du fichier".to_owned(),
            Self::SealAltered => "ce sceau a été modifié\u{a0}; ce qu’il scelle ne l’a pas été".to_owned(),
            Self::Moved { index } => format!(
                "l’entrée numéro {index} se trouve ici\u{a0}: une entrée a été supprimée, répétée ou déplacée"
            ),
            Self::Count { stated, found } => format!("{found} entrées, et il y en avait {stated}"),
            Self::Unlinked => "ne découle pas de ce qui précède".to_owned(),
            Self::OtherBytes => "le message a une autre empreinte".to_owned(),
            Self::Unread { why } => format!("illisible\u{a0}: {why}"),
            Self::SaysOtherwise => "le message dit autre chose".to_owned(),
            Self::ComesToOtherwise { stated, found } => {
                format!("le fichier dit {stated}, et ses messages donnent {found}")
            }
            Self::NotSigned => "aucune clé ne vérifie ce message".to_owned(),
            Self::OtherKey { found } => format!("une autre clé le vérifie\u{a0}: {found}"),
            Self::OtherHead { noted } => format!("l’empreinte notée est {noted}"),
        }
    }
}

impl Absence {
    /// Why the bytes are not there.
    pub fn say(self, language: Language) -> &'static str {
        match (language, self) {
            (Language::English, Self::TooLarge) => "too large to be kept as it came",
            (Language::English, Self::Erased) => "deleted on request",
            (Language::English, Self::Expired) => "older than notifications are kept",
            (Language::English, Self::Lost) => "not in the archive, for no known reason",
            (Language::French, Self::TooLarge) => "trop grand pour être conservé tel quel",
            (Language::French, Self::Erased) => "supprimé à la demande",
            (Language::French, Self::Expired) => {
                "plus ancien que la durée de conservation des notifications"
            }
            (Language::French, Self::Lost) => "absent de l’archive, sans raison connue",
        }
    }
}

impl Kind {
    /// What it is.
    pub fn say(self, language: Language) -> &'static str {
        match (language, self) {
            (_, Self::Notification) => "notification",
            (Language::English, Self::Answer) => "answer",
            (Language::French, Self::Answer) => "réponse",
            (Language::English, Self::Registered) => "registered amount",
            (Language::French, Self::Registered) => "montant enregistré",
        }
    }
}
