//! Texts of bounded length.

/// The beginning of a text, at most so many characters of it.
pub fn beginning(text: &str, most: usize) -> &str {
    let end = text.char_indices().nth(most).map(|(at, _)| at);
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}
