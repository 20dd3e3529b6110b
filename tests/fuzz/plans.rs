//! Plan files that somebody has changed, as they are and sealed anew.

use std::sync::LazyLock;

use infra::aws::kinds::Registry;
use infra::saved::Saved;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::body::spoils;
use crate::{config, hold, texts};

/// Those that libFuzzer begins with.
static PLANS: LazyLock<Vec<String>> = LazyLock::new(|| texts("fuzz/seeds/plan", "plan"));

#[test]
fn nothing_is_spoiled_yet() {
    for plan in &*PLANS {
        let read = Saved::from_text(plan, &Registry).map(drop);
        assert!(read.is_ok(), "what is spoiled would always be refused: `infra plan --out` writes one anew ({read:?})");
        hold::plan(plan.as_bytes());
    }
}

proptest! {
    // One case takes ten times what a spec takes: these are long files, and each is shown in every format.
    #![proptest_config(config(300))]

    /// Told by its number: a file would be printed over many pages.
    #[test]
    fn spoiled(plan: Index, spoil in spoils()) {
        hold::plan(&spoil.of(plan.get(&PLANS).as_bytes()));
    }
}
