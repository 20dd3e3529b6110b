//! Plans for pull requests: some as they are written here, all as GitHub must be able to read them.

use infra::aws::kinds::Registry;
use infra::plan::{Change, Plan};
use infra::render::markdown;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use snapbox::data::DataFormat;
use snapbox::{Assert, Data};

use crate::{cases, folder, header, made};

/// Cases whose markdown is written down beside their plan.
const WRITTEN: [&str; 9] = [
    "from-nothing",
    "nothing-to-do",
    "database-class",
    "database-engine",
    "network-cidr",
    "repository-removed",
    "rule-added",
    "service-deferred",
    "destroy-protected",
];

#[test]
fn markdown_is_as_it_is_written_here() {
    let mut differing = Vec::new();
    for case in WRITTEN {
        let folder = folder().join(case);
        let (_, environment, _, plan) = made(&folder);
        let text = markdown::plan(&header(&environment), &plan, &Registry);
        differing.extend(differs(&folder.join("plan.md"), &text, &plan));
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

#[test]
fn a_plan_of_thousands_is_cut_to_what_a_comment_holds() {
    let folder = folder();
    let (_, environment, _, plan) = made(&folder.join("network-cidr"));
    let copies = |change: &Change| {
        let change = change.clone();
        (0..100).map(move |number| {
            let address = format!("{}.copy-{number:03}", change.address).parse().expect("an address");
            Change { address, ..change.clone() }
        })
    };
    let mut large = plan.clone();
    large.changes = plan.changes.iter().flat_map(copies).collect();
    assert!(large.changes.len() > 3_000);
    let text = markdown::plan(&header(&environment), &large, &Registry);
    assert!(text.len() < 60_000 && text.len() > 50_000, "{}", text.len());
    sound(&text);
    let differs = differs(&folder.join("large.md"), &text, &large);
    assert!(differs.is_none(), "{}", differs.unwrap_or_default());
}

#[test]
fn every_plan_is_sound_and_says_everything() {
    for folder in cases() {
        let (_, environment, _, plan) = made(&folder);
        let header = header(&environment);
        let text = markdown::plan(&header, &plan, &Registry);
        sound(&text);
        assert!(!text.contains("Cut to what a comment holds"), "{}", folder.display());
        assert!(text.starts_with("<!-- infra plan: shop/dev -->\n## shop dev: "), "{text}");
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

/// What is folded is closed again, fences are fences, and every row of a table has as many cells as its head.
fn sound(text: &str) {
    let mut open = 0_i32;
    let (mut head, mut cells) = (0, 0);
    let mut fences = Vec::new();
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        match event {
            Event::Html(html) if html.trim_start().starts_with("<details>") => open += 1,
            Event::Html(html) if html.trim() == "</details>" => open -= 1,
            Event::Start(Tag::CodeBlock(pulldown_cmark::CodeBlockKind::Fenced(language))) => fences.push(language.to_string()),
            Event::Start(Tag::TableRow | Tag::TableHead) => cells = 0,
            Event::Start(Tag::TableCell) => cells += 1,
            Event::End(TagEnd::TableHead) => head = cells,
            Event::End(TagEnd::TableRow) => assert_eq!(cells, head),
            _ => {}
        }
        assert!((0..=1).contains(&open), "{text}");
    }
    assert_eq!(open, 0);
    assert!(fences.iter().all(|language| ["diff", "mermaid", "sh"].contains(&language.as_str())), "{fences:?}");
    assert_eq!(text.lines().filter(|line| line.trim_start().starts_with("```")).count(), 2 * fences.len());
}
