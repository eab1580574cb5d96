//! On which line a file stops looking like one: where it is no JSON any more, a reader of JSON complains at the next place
//! that surprises it, which may be many lines later.

use serde_json::Value;

/// The blanks by which each level is indented.
const INDENT: usize = 2;

/// The first line, from 1, that no file has at its place: each has a member or an element of its own, indented by its
/// depth, with a comma if another one follows. `None` where every line may be there.
pub(crate) fn broken(text: &[u8]) -> Option<usize> {
    let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
    let mut open: Vec<u8> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let is_last = at + 1 == lines.len();
        if is_last && at > 0 && line.is_empty() && open.is_empty() {
            return None;
        }
        let content = trimmed(line);
        let closes = content.first().filter(|byte| matches!(byte, b'}' | b']')).copied();
        if let Some(closing) = closes
            && open.pop() != Some(closing)
        {
            return Some(at + 1);
        }
        let (content, has_comma) = match content.strip_suffix(b",") {
            Some(content) => (content, true),
            None => (content, false),
        };
        let opens = match content.last() {
            Some(b'{') => Some(b'}'),
            Some(b'[') => Some(b']'),
            _ => None,
        };
        let next = lines.get(at + 1).map_or(&b""[..], |next| trimmed(next));
        let ends = matches!(next.first(), Some(b'}' | b']')) || open.is_empty();
        let is_fine = match (closes, opens) {
            (Some(_), _) => content.len() == 1 && has_comma != ends,
            (None, Some(_)) => !has_comma && is_item(content, &open, true),
            (None, None) => has_comma != ends && is_item(content, &open, false),
        };
        let indent = line.len() - trimmed(line).len();
        if !is_fine || indent != INDENT * open.len() {
            return Some(at + 1);
        }
        open.extend(opens);
    }
    Some(lines.len())
}

fn trimmed(line: &[u8]) -> &[u8] {
    let blanks = line.iter().take_while(|byte| **byte == b' ').count();
    line.get(blanks..).unwrap_or_default()
}

/// Whether this is a member of an object, or an element of a list, as what is open wants it.
fn is_item(content: &[u8], open: &[u8], opens: bool) -> bool {
    if open.last() != Some(&b'}') {
        return (opens && content.len() == 1) || is_value(content);
    }
    let Some(colon) = content.windows(3).position(|three| three == b"\": ") else { return false };
    let (name, value) = (content.get(..=colon), content.get(colon + 3..));
    let is_name = name.is_some_and(|name| serde_json::from_slice::<String>(name).is_ok());
    is_name && value.is_some_and(|value| (opens && value.len() == 1) || is_value(value))
}

fn is_value(text: &[u8]) -> bool {
    serde_json::from_slice::<Value>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_fine_and_the_line_that_is_not_is_named() {
        let value = serde_json::json!({"a": [1, {"b": "x\": y"}, []], "c": {}, "d": null});
        let text = format!("{value:#}\n");
        assert_eq!(broken(text.as_bytes()), None, "{text}");
        let lines: Vec<&str> = text.lines().collect();
        for at in 0..lines.len() {
            let with = |line: &str| {
                let mut lines = lines.clone();
                lines[at] = line;
                format!("{}\n", lines.join("\n"))
            };
            for other in [format!(" {}", lines[at]), format!("{}.", lines[at])] {
                assert_eq!(broken(with(&other).as_bytes()), Some(at + 1), "{other}");
            }
        }
        assert_eq!(broken(b""), Some(1));
    }
}
