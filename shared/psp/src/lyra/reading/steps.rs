//! The names of a parse in their order.

use std::sync::LazyLock;

use super::names::{NAMES, Shape};
use super::piece::bit;

/// One name that decides, or the names between two of them taken together.
#[derive(Clone, Copy)]
pub(super) struct Step {
    /// The name, or the first of several.
    pub(super) name: &'static str,
    pub(super) takes: Takes,
    /// Whether it stands between the operation and the end of what is said of the payment's origin: what
    /// follows the operation tells a form with an order's reference from one without.
    pub(super) of_order: bool,
}

/// What a step takes up of the text.
#[derive(Clone, Copy)]
pub(super) enum Takes {
    /// The value of a name that decides.
    Value(Shape),
    /// Any number of pieces, of which each is one of these kinds or empty. Each name among them takes up
    /// only one value, so this allows for more than there can be.
    Run(u64),
    /// Addresses, into which a buyer may have typed.
    Addresses,
    /// Any text: a free name is among them, which could take up what the others do.
    Free,
}

/// [`NAMES`] as steps.
pub(super) static STEPS: LazyLock<Vec<Step>> = LazyLock::new(|| {
    let runs = NAMES.chunk_by(|(_, a), (_, b)| !a.decides() && !b.decides());
    runs.filter_map(|run| {
        let (name, first) = *run.first()?;
        let free = run.iter().any(|(_, shape)| *shape == Shape::Free);
        let addresses = run.iter().all(|(_, shape)| *shape == Shape::Url);
        let kinds = run.iter().fold(0, |kinds, (_, shape)| kinds | bit(*shape as u8));
        Some(Step {
            name,
            takes: match first.decides() {
                true => Takes::Value(first),
                false if free => Takes::Free,
                false if addresses => Takes::Addresses,
                false => Takes::Run(kinds),
            },
            of_order: name > "vads_operation_type" && name < "vads_pays",
        })
    })
    .take(MAX_STEPS)
    .collect()
});

/// More than there are.
pub(super) const MAX_STEPS: usize = 48;

/// Before which step a name beyond the documented ones stands.
pub(super) fn place_among(steps: &[Step], name: &str) -> usize {
    steps.partition_point(|step| step.name < name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_has_its_place_and_free_text_none_where_it_would_hide_something() {
        assert!(STEPS.len() < MAX_STEPS, "{}", STEPS.len());
        let free_between = |low: &str, high: &str| {
            let inside = |name: &str| name > low && name < high;
            STEPS.iter().any(|step| matches!(step.takes, Takes::Free) && inside(step.name))
        };
        for (low, high) in [
            ("vads_a", "vads_amount"),
            ("vads_ctx_mode", "vads_currency"),
            ("vads_operation_type", "vads_order_id"),
            ("vads_page_action", "vads_payment_seq"),
            ("vads_result", "vads_sequence_number"),
            ("vads_site_id", "vads_trans_date"),
            ("vads_trans_date", "vads_url_check_src"),
        ] {
            assert!(!free_between(low, high), "{low} .. {high}");
        }
    }
}
