//! A deployment by itself: whatever else the spec asks for and whatever has drifted, only the image moves.

use std::collections::BTreeSet;

use infra::aws::kinds::Registry;
use infra::desired::{images_alone, parts_alone};
use infra::plan::{Options, Reason, Schemas as _, plan};

use crate::world::scope;
use crate::{cases, made};

const IMAGE: &str = "sha256:7777777777777777777777777777777777777777777777777777777777777777";

#[test]
fn nothing_but_the_image_of_a_service_moves() {
    let mut moved = 0;
    for folder in cases() {
        let (mut world, environment, ..) = made(&folder);
        let runs = world.live.iter().any(|live| live.address().is_some_and(|address| address.as_str() == "service.web.group"));
        if environment.service.get("web").is_none() || !runs {
            continue;
        }
        // As AWS is read: what people did by hand stands in these cases as they wrote it.
        for live in &mut world.live {
            live.attrs = Registry.normalise(live.kind, live.attrs.clone());
        }
        let wanted = |world: &crate::World| {
            let desired = world.desired(&environment, &[("web".into(), IMAGE.into())]).unwrap();
            let services = BTreeSet::from(["web".to_owned()]);
            let desired = images_alone(desired, &world.live, &services);
            let options = Options { only: parts_alone(&services, &[]), ..Options::default() };
            plan(&Registry, &scope(&environment), &desired, &world.live, &options).unwrap()
        };
        let plan = wanted(&world);
        let mut fields = Vec::new();
        for change in plan.changes.iter().filter(|change| change.is_step() && change.reason != Reason::Busy) {
            assert!(change.address.as_str().starts_with("service.web."), "{}: {} moves", folder.display(), change.address);
            // A release command runs with every image that moves.
            assert!(change.live.is_some() || change.kind == "ec2.instance", "{}: {} is made", folder.display(), change.address);
            fields.extend(change.fields.iter().map(|field| format!("{} {}", change.address, field.name)));
            for field in change.fields.iter().filter(|field| field.name == "container") {
                let keys = |value: &serde_json::Value| value.as_object().unwrap().clone();
                let (before, after) = (keys(&field.before), keys(&field.after));
                let differ: Vec<&String> = after.keys().filter(|key| before.get(*key) != after.get(*key)).collect();
                assert!(differ.iter().all(|key| ["image", "script"].contains(&key.as_str())), "{differ:?}");
            }
        }
        if plan.blocked().next().is_some() || fields.is_empty() {
            continue;
        }
        assert_eq!(
            fields,
            ["service.web.group launch_template_version", "service.web.launch_template container"],
            "{}",
            folder.display()
        );
        moved += 1;
        world.apply(&scope(&environment), &plan);
        let again = wanted(&world);
        let left: Vec<_> = again.changes.iter().filter(|change| change.is_step() && change.reason != Reason::Busy).collect();
        assert!(left.is_empty(), "{}: {left:#?}", folder.display());
    }
    assert!(moved > 10, "only {moved} cases had something to move");
}
