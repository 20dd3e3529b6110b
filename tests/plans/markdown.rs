//! Plans for pull requests: some as they are written here, all as GitHub must be able to read them.

use infra::aws::kinds::Registry;
use infra::plan::{Change, Plan};
use infra::render::markdown;
use infra::saved::Saved;
use snapbox::data::DataFormat;
use snapbox::{Assert, Data};

use crate::github::sound;
use crate::{cases, folder, header, made};

/// Cases whose markdown is written down beside their plan.
const WRITTEN: [&str; 13] = [
    "from-nothing",
    "nothing-to-do",
    "database-class",
    "database-engine",
    "network-cidr",
    "repository-removed",
    "rule-added",
    "route-added",
    "service-deferred",
    "destroy-protected",
    "images-promoted",
    "images-refused",
    "images-overridden",
];

#[test]
fn markdown_is_as_it_is_written_here() {
    let mut differing = Vec::new();
    for name in WRITTEN {
        let folder = folder().join(name);
        let (_, environment, case, plan) = made(&folder);
        let text = markdown::plan(&header(&environment, &case), &plan, &Registry);
        differing.extend(differs(&folder.join("plan.md"), &text, &plan));
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

#[test]
fn a_plan_of_thousands_is_cut_to_what_a_comment_holds() {
    let folder = folder();
    let (_, environment, case, plan) = made(&folder.join("network-cidr"));
    let copies = |change: &Change| {
        let change = change.clone();
        (0..100).map(move |number| {
            let address = format!("{}.copy-{number:03}", change.address).parse().expect("an address");
            Change { address, ..change.clone() }
        })
    };
    let large = Plan::new(plan.changes.iter().flat_map(copies).collect(), plan.steps.clone());
    assert!(large.changes.len() > 3_000);
    let text = markdown::plan(&header(&environment, &case), &large, &Registry);
    assert!(text.len() < 60_000 && text.len() > 50_000, "{}", text.len());
    sound(&text);
    let differs = differs(&folder.join("large.md"), &text, &large);
    assert!(differs.is_none(), "{}", differs.unwrap_or_default());
}

#[test]
fn every_plan_is_sound_and_says_everything() {
    for folder in cases() {
        let (_, environment, case, plan) = made(&folder);
        let header = header(&environment, &case);
        let text = markdown::plan(&header, &plan, &Registry);
        sound(&text);
        // A saved plan reads the same.
        let saved = Saved::new(header.clone(), &plan, &Registry);
        assert_eq!(markdown::plan(&saved.header, &saved.plan, &Registry), text);
        assert!(!text.contains("Cut to what a comment holds"), "{}", folder.display());
        let of = (&header.project, &header.environment);
        assert!(text.starts_with(&format!("<!-- infra plan: {0}/{1} -->\n## {0} {1}: ", of.0, of.1)), "{text}");
        let is_blocked = plan.blocked().next().is_some();
        assert_eq!(text.contains(&header.command(&plan)), !plan.is_noop() && !is_blocked);
        assert_eq!(text.contains(&plan.id()), !plan.is_noop());
        for change in plan.changes.iter().filter(|change| change.is_step() || change.blocked.is_some()) {
            assert!(text.contains(&format!("| `{}` |", change.address)), "{} is not in the table", change.address);
        }
    }
}

/// What `SNAPSHOTS=overwrite` would change.
fn differs(path: &std::path::Path, text: &str, plan: &Plan) -> Option<String> {
    // The id covers the script on instances, so it may change without any plan's doing so.
    let text = text.replace(&plan.id(), "PLAN_ID").replace(&infra::aws::ec2::user_data::version(), "SCRIPT");
    let expected = Data::read_from(path, Some(DataFormat::Text));
    let assert = Assert::new().action_env("SNAPSHOTS").normalize_paths(false);
    assert.try_eq(Some(&path.display()), Data::text(text), expected.raw()).err().map(|error| error.to_string())
}
