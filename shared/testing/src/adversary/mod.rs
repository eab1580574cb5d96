//! A buyer who respells the signed forms that he holds (docs/single-reading.md): his stories, his spellings,
//! and a judge of what he gained by one. The test of the single reading draws decisions by lot, its fuzz
//! target takes them from the fuzzer.

mod dice;
mod respell;
mod story;
mod world;

pub use self::dice::Dice;
pub use self::respell::{Speller, mutate, respelt};
pub use self::story::Story;
pub use self::world::{World, said, said_with};

use crate::lyra::Form;

/// A word of 64 hex digits, as a buyer may type it where a name is asked for: a respelt browser return
/// needs one, because only the gateway's own calls have a hash.
pub const TYPED_HASH: &str = "00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff";

/// A form's `vads_` fields in the order of their names.
pub type Fields = Vec<(String, String)>;

/// A form's fields in the order of the signature.
pub fn fields(form: &Form) -> Fields {
    let mut fields: Fields =
        form.fields().into_iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
    fields.sort();
    fields
}

/// Whether two forms have one signature.
pub fn same_text(one: &Fields, other: &Fields) -> bool {
    let text = |fields: &Fields| {
        assert!(fields.is_sorted(), "not in the order of the signature: {fields:?}");
        fields.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>().join("+")
    };
    text(one) == text(other)
}
