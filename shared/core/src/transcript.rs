//! What a provider answered in one talk, as it came.

use serde::{Deserialize, Serialize};

/// The answers of one talk from which statements were read, in their order. An order lists the digest of its JSON, and the
/// archive keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transcript {
    replies: Vec<Reply>,
    bytes: usize,
}

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Reply {
    /// The call, and what it asked for. No secret.
    asked: String,
    /// The body as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    /// A body that is not UTF-8: each character is the byte of its number.
    #[serde(skip_serializing_if = "Option::is_none")]
    body_latin1: Option<String>,
}

impl Transcript {
    /// Adds an answer.
    pub fn add(&mut self, asked: String, body: Vec<u8>) {
        self.bytes += body.len();
        self.replies.push(match String::from_utf8(body) {
            Ok(text) => Reply { asked, body: Some(text), body_latin1: None },
            Err(other) => {
                let text = other.as_bytes().iter().copied().map(char::from).collect();
                Reply { asked, body: None, body_latin1: Some(text) }
            }
        });
    }

    /// How long all bodies are together, in bytes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// As JSON: a list of objects with `asked` and `body`.
    pub fn to_json(&self) -> String {
        // Texts alone cannot fail to become JSON.
        serde_json::to_string(&self.replies).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_of_an_answer_can_be_read_again() {
        let bodies = [b"{\"a\":\"\xc3\xa9\"}".to_vec(), b"{\"a\":\"\xe9\"}".to_vec()];
        let mut transcript = Transcript::default();
        for body in &bodies {
            transcript.add("GetPaymentDetails".to_owned(), body.clone());
        }
        assert_eq!(transcript.bytes(), bodies.iter().map(Vec::len).sum::<usize>());
        let replies: Vec<Reply> = serde_json::from_str(&transcript.to_json()).unwrap();
        let read = replies.into_iter().map(|reply| match (reply.body, reply.body_latin1) {
            (Some(text), None) => text.into_bytes(),
            (None, Some(text)) => text.chars().map(|c| u8::try_from(c).unwrap()).collect(),
            other => panic!("{other:?}"),
        });
        assert_eq!(read.collect::<Vec<_>>(), bodies);
    }
}
