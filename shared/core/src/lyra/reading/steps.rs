//! The names of a parse in their order.

use std::sync::LazyLock;

use super::names::{NAMES, Shape};

/// One name of a parse, or a run of names that together take up any text.
pub(super) struct Step {
    /// The first name of the run.
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    /// Whether it stands between the operation and the end of what is said of the payment's origin: what
    /// follows the operation tells a form with an order's reference from one without.
    pub(super) of_order: bool,
}

pub(super) const MAX_STEPS: usize = 96;

/// [`NAMES`], with each run of names that do not decide and of which one is free as a single step: what
/// the others could take up, the free one can.
pub(super) static STEPS: LazyLock<Vec<Step>> = LazyLock::new(|| {
    let runs = NAMES.chunk_by(|(_, a), (_, b)| !a.decides() && !b.decides());
    let steps = runs.flat_map(|run| {
        let free = run.iter().any(|(_, shape)| *shape == Shape::Free);
        let kept = if free { run.get(..1).unwrap_or_default() } else { run };
        kept.iter().map(move |(name, shape)| Step {
            name,
            shape: if free { Shape::Free } else { *shape },
            of_order: *name > "vads_operation_type"
                && *name < "vads_pays"
                && *name != "vads_payment_seq",
        })
    });
    steps.take(MAX_STEPS).collect()
});

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
            STEPS.iter().any(|step| step.shape == Shape::Free && inside(step.name))
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
