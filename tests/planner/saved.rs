//! What a saved plan says of a world that went on without it.

use infra::graph::Desired;
use infra::plan::{Options, Plan};
use infra::render::Header;
use infra::saved::{Saved, moved, seal};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::memory::Memory;
use crate::schema::Invented;
use crate::world::{Spec, two_worlds};
use crate::{applied, lots, planned, run};

fn header() -> Header {
    let name = |name: &str| name.to_owned();
    Header {
        project: name("shop"),
        environment: name("dev"),
        account: name("123456789012"),
        region: name("eu-west-1"),
        observed_at: name("2026-11-21T14:04:05Z"),
        calls: 1,
        depth: 1,
        choices: infra::plan::Choices::default(),
        promotion: Vec::new(),
        approval_required: false,
    }
}

/// The plan as it comes back from a file.
fn saved(plan: &Plan) -> Plan {
    let text = Saved::new(header(), plan, &Invented).to_text();
    Saved::from_text(&text, &Invented).expect("what was just written").plan
}

fn now(cloud: &Memory, desired: &[Desired]) -> Plan {
    planned(cloud, desired, &Options::default())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, ..ProptestConfig::default() })]

    /// A plan holds until it is carried out, and never after; made again it is the same, and so is its id.
    #[test]
    fn it_holds_once((first, second) in two_worlds(), lot: u64, lots in lots()) {
        let mut cloud = applied(&first, lot, &lots);
        let desired = Spec { world: &second, lot }.desired();
        let plan = now(&cloud, &desired);
        let file = saved(&plan);
        let again = now(&cloud, &desired.iter().rev().cloned().collect::<Vec<_>>());
        prop_assert_eq!(file.id(), again.id());
        prop_assert_eq!(moved(&file, &seal(&again, &Invented)), []);

        if !plan.steps.is_empty() && plan.blocked().next().is_none() {
            run::apply(&mut cloud, &plan, &desired, &lots).unwrap();
            prop_assert_ne!(moved(&file, &seal(&now(&cloud, &desired), &Invented)), []);
        }
    }

    /// Whatever people do to AWS meanwhile: if the plan still holds, exactly the same is done now. If the same is not done now, it says what moved.
    #[test]
    fn it_holds_only_for_the_same_plan(
        (first, second) in two_worlds(), then in any::<bool>(), chosen in prop::collection::vec(any::<Index>(), 1..4), lot: u64, lots in lots(),
    ) {
        let mut cloud = applied(&first, lot, &lots);
        let desired = Spec { world: &second, lot }.desired();
        let file = saved(&now(&cloud, &desired));
        for index in chosen {
            let live = cloud.live();
            if let Some(live) = (!live.is_empty()).then(|| index.get(&live)) {
                if then { cloud.drift_any(&live.id) } else { cloud.vandalise(&live.id) }
            }
        }
        let today = now(&cloud, &desired);
        let moved = moved(&file, &seal(&today, &Invented));
        prop_assert_eq!(file.id() == today.id() || !moved.is_empty(), true);
        if moved.is_empty() {
            prop_assert_eq!(file.summary(), today.summary());
        }
        prop_assert!(moved.iter().all(|moved| !moved.what.is_empty()));
    }
}
