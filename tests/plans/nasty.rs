//! Plans of any size with any text in them: what people get is sound and fits all the same.

use std::sync::LazyLock;

use infra::aws::kinds::Registry;
use infra::graph::{Attrs, Owner, State};
use infra::plan::{Action, Blocked, Change, Hazard, Plan, Reason};
use infra::promote::{Finding, Gate, ImageFacts, Promotion, Scan, Source, Verdict};
use infra::render::{Header, Page, html, json, markdown, text};
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::Value;

use crate::github::sound;
use crate::{cases, header, made};

/// The plans of all cases.
static PLANS: LazyLock<Vec<(Header, Plan)>> = LazyLock::new(|| {
    let plan = |folder: std::path::PathBuf| {
        let (_, environment, case, plan) = made(&folder);
        (header(&environment, &case), plan)
    };
    cases().into_iter().map(plan).collect()
});

const NASTY: [&str; 16] = [
    "</details></summary><script>alert(1)</script>",
    "<!-- --> <img src=x onerror=alert(1)> &lt;",
    "```\n~~~~~\n````````",
    "a | b \\| c \\\\| d",
    "`a` ``b`` \\`",
    "@octocat @org/team",
    "fixes #1, octo/repo#2 and GH-3",
    "https://github.com/o/r/issues/1 www.example.com a@example.com",
    "*bold* _slanted_ ~~gone~~ [x](javascript:alert(1)) ![y](z)",
    "\n\n# heading\n\n- item\n\n---\n",
    "\"] --> x; end\n%%{init: {}}%% click n1 \"javascript:alert(1)\"",
    "\u{202e}turned\u{2066} around\u{0} \u{1b}[31m",
    "$(rm -rf /); 'quoted' \"twice\"",
    "日本語 🙈 e\u{301}",
    " leading and trailing ",
    "",
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => prop::sample::select(NASTY.as_slice()).prop_map(str::to_owned),
        3 => "\\PC{0,40}",
        1 => (prop::sample::select(NASTY.as_slice()), 1..400usize).prop_map(|(text, times)| text.repeat(times)),
    ]
}

/// What is done to one change.
#[derive(Clone, Debug)]
enum Deed {
    Id(String),
    Owner(String),
    State(String),
    Values(String),
    Fields(String),
    Block(String, String),
    Defer(String),
    Endanger(Hazard),
    Delete,
    Rename(String),
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        1 => text().prop_map(Deed::Id),
        1 => text().prop_map(Deed::Owner),
        1 => text().prop_map(Deed::State),
        1 => text().prop_map(Deed::Values),
        4 => text().prop_map(Deed::Fields),
        1 => (text(), text()).prop_map(|(why, help)| Deed::Block(why, help)),
        1 => text().prop_map(Deed::Defer),
        2 => prop::sample::select(Hazard::ALL).prop_map(Deed::Endanger),
        2 => Just(Deed::Delete),
        1 => "[a-z0-9_-]{1,60}(\\.[a-z0-9_-]{1,60}){0,3}".prop_map(Deed::Rename),
    ]
}

impl Deed {
    fn is_done_to(&self, change: &mut Change) {
        match (self, &mut change.live) {
            (Self::Id(id), Some(live)) => live.id.clone_from(id),
            (Self::Owner(owner), Some(live)) => {
                (live.owner, change.reason) = (Owner::Foreign(owner.clone()), Reason::Adopted);
            }
            (Self::State(word), Some(live)) => (live.state, change.reason) = (State::Busy(word.clone()), Reason::Busy),
            (Self::Values(text), live) => {
                replace(&mut change.after, text);
                if let Some(live) = live {
                    replace(&mut live.attrs, text);
                }
            }
            (Self::Fields(text), _) => {
                for field in &mut change.fields {
                    field.after = Value::String(text.clone());
                }
            }
            (Self::Block(why, help), _) => change.blocked = Some(Blocked { why: why.clone(), help: help.clone() }),
            (Self::Defer(until), _) => change.deferred = Some(until.clone()),
            (Self::Endanger(hazard), _) => change.hazards.push(*hazard),
            (Self::Delete, Some(_)) => change.action = Action::Delete,
            (Self::Rename(address), _) => change.address = address.parse().expect("an address"),
            (Self::Id(_) | Self::Owner(_) | Self::State(_) | Self::Delete, None) => {}
        }
    }
}

/// All texts of some attributes become another, but for references.
fn replace(attrs: &mut Attrs, text: &str) {
    for value in attrs.values_mut().filter(|value| value.is_string()) {
        *value = Value::String(text.to_owned());
    }
}

fn finding() -> impl Strategy<Value = Finding> {
    let some = || prop::option::of(text());
    (text(), text(), some(), some(), some()).prop_map(|(name, severity, package, version, fixed_in)| Finding {
        name,
        severity,
        package,
        version,
        fixed_in,
    })
}

fn verdict() -> impl Strategy<Value = Verdict> {
    let findings = prop::collection::vec(finding(), 0..14);
    (prop::sample::select(&Gate::ALL[..]), any::<bool>(), text(), findings, prop::option::of(text()))
        .prop_map(|(gate, passed, why, findings, overridden)| Verdict { gate, passed, why, findings, overridden })
}

fn source() -> impl Strategy<Value = Source> {
    prop_oneof![
        text().prop_map(Source::Environment),
        Just(Source::Spec),
        text().prop_map(Source::Asked),
        text().prop_map(Source::Record)
    ]
}

fn facts() -> impl Strategy<Value = ImageFacts> {
    let texts = || prop::collection::vec(text(), 0..8);
    let time = || prop::option::of(0..4_000_000_000i64).prop_map(|at| at.map(|at| Timestamp::from_second(at).expect("a time")));
    let counts = prop::collection::btree_map(text(), any::<u32>(), 0..4);
    let scan = (text(), prop::option::of(text()), counts).prop_map(|(status, description, counts)| Scan {
        status,
        description,
        counts,
        findings: Vec::new(),
    });
    (texts(), time(), prop::option::of(any::<u64>()), prop::option::of(scan), prop::option::of(text()), texts(), time()).prop_map(
        |(tags, pushed_at, size, scan, commit, platforms, runs_since)| ImageFacts {
            tags,
            pushed_at,
            size,
            scan,
            commit,
            platforms,
            runs_since,
            ..ImageFacts::default()
        },
    )
}

/// An image of which anything may be said. A service bears a name that a spec can have.
fn promotion() -> impl Strategy<Value = Promotion> {
    let digest = || "[0-9a-f]{64}".prop_map(|hex| format!("sha256:{hex}").parse().expect("a digest"));
    let verdicts = prop::collection::vec(verdict(), 0..5);
    ("[a-z0-9_-]{1,40}", prop::option::of(digest()), digest(), source(), prop::option::of(text()), facts(), verdicts).prop_map(
        |(service, from, to, source, copied_from, image, verdicts)| Promotion {
            service,
            from,
            to,
            source,
            copied_from,
            image,
            verdicts,
        },
    )
}

/// A plan of a case, of which some changes are not there, others are there many times, and anything may be said of each.
fn plan() -> impl Strategy<Value = (Header, Plan)> {
    let deeds = prop::collection::vec((any::<prop::sample::Index>(), deed()), 0..30);
    let copies = prop_oneof![12 => Just(1..2usize), 3 => Just(2..8), 1 => Just(30..60)].prop_flat_map(|range| range);
    let promotion = prop::collection::vec(promotion(), 0..6);
    (any::<prop::sample::Index>(), deeds, copies, 0..4usize, promotion).prop_map(|(case, deeds, copies, skip, promotion)| {
        let (header, plan) = case.get(&PLANS);
        let header = Header { promotion, ..header.clone() };
        let mut changes: Vec<Change> = plan.changes.iter().skip(skip).cloned().collect();
        for (chosen, deed) in deeds {
            deed.is_done_to(chosen.get_mut(&mut changes));
        }
        let copies = (0..copies).flat_map(|copy| {
            changes.iter().cloned().map(move |mut change| {
                if copy > 0 {
                    change.address = format!("{}.copy-{copy}", change.address).parse().expect("an address");
                }
                change
            })
        });
        (header, Plan::new(copies.collect(), plan.steps.clone()))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_plan_fits_into_a_comment((header, plan) in plan()) {
        let text = markdown::plan(&header, &plan, &Registry);
        prop_assert!(text.len() < 60_000, "{} bytes", text.len());
        sound(&text);
        for promotion in header.promotion.iter().filter(|promotion| promotion.refused().next().is_some()) {
            prop_assert!(text.contains(&promotion.to.short().to_owned()), "{} is refused in silence", promotion.to);
        }

        let is_blocked = plan.blocked().next().is_some();
        let id = format!("Plan id: `{}`", plan.id());
        prop_assert!(plan.is_noop() || text.contains(&id), "no id");
        prop_assert!(plan.is_noop() || is_blocked || text.contains(&header.command(&plan)), "no command");
        let destroyed = plan.changes.iter().filter(|change| {
            change.blocked.is_some() || change.deferred.is_none() && matches!(change.action, Action::Delete | Action::Replace { .. })
        });
        let destroyed: Vec<String> = destroyed.map(|change| format!("`{}`", change.address)).collect();
        // Each needs a line with its sign, and what is not about them needs some room too.
        let needed: usize = destroyed.iter().map(|address| address.len() + 10).sum();
        for address in destroyed.iter().filter(|_| needed < 30_000) {
            prop_assert!(text.contains(address), "{} is not in {}", address, text);
        }
    }
    #[test]
    fn any_plan_is_harmless_to_look_at((header, plan) in plan()) {
        for width in [40, 100] {
            let shown = text::plan(&header, &plan, &Registry, Page { width, colour: false });
            // What a terminal obeys, and what turns text around.
            let obeyed = |c: char| c != '\n' && c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c);
            prop_assert!(!shown.contains(obeyed), "{shown:?}");
            for promotion in &header.promotion {
                prop_assert!(shown.contains(&format!("sha256:{}", promotion.to.short())), "{shown}");
            }
        }
        let page = html::plan(&header, &plan, &Registry);
        prop_assert_eq!(page.matches("<script").count(), 1);
        prop_assert_eq!(page.matches("<img").count(), 0);
        prop_assert!(!page.contains(|c: char| c != '\n' && c.is_control()), "{page:?}");
        let value = json::plan(&header, &plan, &Registry);
        prop_assert_eq!(value["promotion"].as_array().map(Vec::len), Some(header.promotion.len()));
    }
}
