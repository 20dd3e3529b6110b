//! Plans as people and programs read them: a folder of cases, each with its golden text and JSON. See `README.md` beside this
//! file for how to run one by hand, and how to accept what changed.

mod alone;
mod case;
mod edited;
mod github;
mod markdown;
mod nasty;
mod pages;
mod topology;
mod world;

use std::fs;
use std::path::{Path, PathBuf};

use infra::aws::kinds::Registry;
use infra::desired::watched_alarms;
use infra::graph::Address;
use infra::plan::{Action, Blocked, Choices, Options, Plan, Reason, plan};
use infra::record::{Record, RejectedImage};
use infra::render::{self, Header, Page, json, text};
use infra::saved::{Saved, moved, seal};
use infra::spec::{Environment, Piece};
use serde_json::{Value, json};
use snapbox::data::DataFormat;
use snapbox::{Assert, Data};

use crate::case::Case;
use crate::world::{World, scope};

/// The width that golden texts have.
const WIDTH: usize = 100;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plans")
}

fn cases() -> Vec<PathBuf> {
    let entries = fs::read_dir(folder()).expect("a folder of cases");
    let mut cases: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    cases.retain(|path| path.join("case.toml").is_file());
    cases.sort();
    assert!(cases.len() > 20, "cases are missing");
    cases
}

fn planned(world: &World, environment: &Environment, images: &[(String, String)], adopt: &[String], destroy: bool) -> Plan {
    let desired = if destroy { Vec::new() } else { world.desired(environment, images).expect("zones enough") };
    let adopt = adopt.iter().map(|address| address.parse::<Address>().expect("an address")).collect();
    plan(&Registry, &scope(environment), &desired, &world.live, &Options { only: Vec::new(), adopt }).expect("a sound graph")
}

fn header(environment: &Environment, case: &Case) -> Header {
    Header {
        project: environment.project.clone(),
        environment: environment.environment.clone(),
        account: environment.aws.account.clone(),
        region: environment.aws.region.clone(),
        observed_at: "2026-11-21T14:04:05Z".into(),
        calls: 38,
        depth: 2,
        choices: Choices {
            destroy: case.destroy,
            only: Vec::new(),
            adopt: case.adopt.iter().map(|address| address.parse().expect("an address")).collect(),
            images: case.images.clone(),
            overrides: case.overrides.clone(),
            ..Choices::default()
        },
        promotion: case.promotion.clone(),
        approval_required: environment.approval.required,
    }
}

/// A case's plan, and where it was made.
fn made(folder: &Path) -> (World, Environment, Case, Plan) {
    let case = Case::read(folder);
    assert!(case.about.ends_with('.'), "{} says in a sentence what it is about", folder.display());
    let (world, environment) = (case.world(folder), case.environment(folder));
    let plan = planned(&world, &environment, &case.wanted(), &case.adopt, case.destroy);
    let plan = refused(plan, &case);
    (world, environment, case, plan)
}

/// The plan, in which what would deploy an image that a gate refuses is in the way.
fn refused(mut plan: Plan, case: &Case) -> Plan {
    for promotion in case.promotion.iter().filter(|promotion| promotion.refused().next().is_some()) {
        let deploys = ["launch_template", "service"].map(|part| format!("service.{}.{part}", promotion.service));
        let change = plan.changes.iter_mut().find(|change| deploys.iter().any(|address| change.address.as_str() == address));
        let gates: Vec<&str> = promotion.refused().map(|verdict| verdict.gate.name()).collect();
        let why = format!("its image is refused by {}", gates.join(", "));
        change.expect("what deploys it").blocked = Some(Blocked { why, help: "see the images above".into() });
    }
    Plan::new(plan.changes, plan.steps)
}

#[test]
fn a_deployment_watches_the_alarms_of_its_service_and_no_others() {
    let (.., plan) = made(&folder().join("alarms-added"));
    let planned = || plan.changes.iter().map(|change| (&change.address, change.kind, &change.after));
    let expected = ["shop-dev-service-api-errors-5xx-percent", "shop-dev-service-api-latency-p95-seconds"];
    assert_eq!(watched_alarms(planned(), "api"), expected);
    assert_eq!(watched_alarms(planned(), "web").len(), 4);
    assert_eq!(watched_alarms(planned(), "main"), Vec::<String>::new());
}

#[test]
fn plans_read_as_they_are_written_here() {
    // Compared all at once, so that one run shows every text that differs.
    let mut differing = Vec::new();
    for folder in cases() {
        let (_, environment, case, plan) = made(&folder);
        let header = header(&environment, &case);
        let shown = text::plan(&header, &plan, &Registry, Page { width: WIDTH, colour: false });
        let mut value = json::plan(&header, &plan, &Registry);
        shorten(&mut value);
        // It covers the script on instances, so it may change without any plan's doing so.
        let (shown, value) = (shown.replace(&plan.id(), "PLAN_ID"), value.to_string().replace(&plan.id(), "PLAN_ID"));
        let value: Value = serde_json::from_str(&value).expect("still JSON");
        let assert = Assert::new().action_env("SNAPSHOTS").normalize_paths(false);
        for (name, actual) in [("plan.txt", shown), ("plan.json", format!("{value:#}\n"))] {
            let path = folder.join(name);
            let expected = Data::read_from(&path, Some(DataFormat::Text));
            if let Err(error) = assert.try_eq(Some(&path.display()), Data::text(actual), expected.raw()) {
                differing.push(error.to_string());
            }
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

/// Goldens hold what changes; of what stays, the addresses, and of what changes in place, the attributes that do.
fn shorten(value: &mut Value) {
    // The script on instances may change without any plan's doing so.
    let text = value.to_string().replace(&infra::aws::ec2::user_data::version(), "SCRIPT");
    *value = serde_json::from_str(&text).expect("still JSON");
    for change in value["resource_changes"].as_array_mut().expect("a list") {
        let delta = &mut change["change"];
        if let (Some(before), Some(after)) = (delta["before"].as_object().cloned(), delta["after"].as_object().cloned()) {
            for (side, other) in [("before", &after), ("after", &before)] {
                let attrs = delta[side].as_object_mut().expect("seen above");
                attrs.retain(|name, value| other.get(name) != Some(value));
            }
        }
        if delta["actions"] == json!(["no-op"]) && change.get("blocked").is_none() && change.get("deferred").is_none() {
            *change = change["address"].clone();
        }
    }
}

#[test]
fn what_a_plan_says_is_so_once_it_is_applied() {
    for folder in cases() {
        let (mut world, environment, case, plan) = made(&folder);
        if plan.blocked().next().is_some() {
            continue;
        }
        world.apply(&scope(&environment), &plan);
        let again = planned(&world, &environment, &case.wanted(), &[], case.destroy);
        // What runs already does not move.
        let header = Header { promotion: Vec::new(), ..header(&environment, &case) };
        let shown = text::plan(&header, &again, &Registry, Page { width: WIDTH, colour: false });
        assert!(again.is_noop(), "{}: the second plan is not empty\n{shown}", folder.display());
        assert!(shown.contains("Nothing to do"), "{shown}");
    }
}

/// What comes and goes by itself is no sign of anything: not that somebody deleted it, and not that anything else is another.
#[test]
fn a_release_is_there_only_while_an_image_moves() {
    let folder = folder().join("image-released");
    let (mut world, environment, ..) = made(&folder);
    let image = |digit: &str| ["web", "worker"].map(|service| (service.to_owned(), format!("sha256:{}", digit.repeat(64))));
    for digit in ["3", "4"] {
        let plan = planned(&world, &environment, &image(digit), &[], false);
        let of = |address: &str| plan.changes.iter().find(|change| change.address.as_str() == address);
        let release = of("service.web.release").expect("the image moves");
        assert_eq!((release.action, release.reason), (Action::Create, Reason::New));
        for group in ["service.web.group", "service.worker.group"] {
            let group = of(group).expect("it is there");
            assert!(group.waits_for.contains(&release.address), "{group:#?}");
        }
        world.apply(&scope(&environment), &plan);
        let again = planned(&world, &environment, &image(digit), &[], false);
        assert!(again.is_noop() && !again.changes.iter().any(|change| change.kind == "ec2.instance"));
    }
}

/// A group that was not brought to the newest version may run any image.
#[test]
fn a_release_that_failed_is_due_again() {
    let folder = folder().join("image-released");
    let (mut world, environment, case, plan) = made(&folder);
    let group = "service.web.group".parse().expect("an address");
    let before = world.at(&group).clone();
    world.apply(&scope(&environment), &plan);
    *world.at(&group) = before;
    let images: Vec<_> = case.images.into_iter().collect();
    let again = planned(&world, &environment, &images, &[], false);
    let steps: Vec<&str> = again.changes.iter().filter(|change| change.is_step()).map(|change| change.address.as_str()).collect();
    assert_eq!(steps, ["service.web.group", "service.web.release"]);
}

#[test]
fn every_width_and_colour_shows_the_same() {
    for folder in cases() {
        let (_, environment, case, plan) = made(&folder);
        let header = header(&environment, &case);
        let drawn = |width, colour| text::plan(&header, &plan, &Registry, Page { width, colour });
        for width in [60, 100, 160] {
            let plain = drawn(width, false);
            for line in plain.lines() {
                assert!(line.chars().count() <= width, "{}: wider than {width}: {line}", folder.display());
                assert_eq!(line, line.trim_end());
            }
            assert_eq!(anstream::adapter::strip_str(&drawn(width, true)).to_string(), plain);
            assert!(plan.is_noop() || plain.contains(&plan.id()), "{}: no plan id", folder.display());
            for change in plan.changes.iter().filter(|change| change.is_step() || change.blocked.is_some()) {
                assert!(plain.contains(change.address.as_str()), "{} is not at {width}: {plain}", change.address);
            }
        }
    }
}

#[test]
fn values_of_the_environment_are_in_no_plan() {
    let mut seen = 0;
    for folder in cases() {
        let (world, environment, case, plan) = made(&folder);
        let header = header(&environment, &case);
        let text = text::plan(&header, &plan, &Registry, Page { width: WIDTH, colour: false });
        let json = json::plan(&header, &plan, &Registry).to_string();
        let markdown = render::markdown::plan(&header, &plan, &Registry);
        let saved = Saved::new(header, &plan, &Registry).to_text();
        // Those of the spec, and those that AWS holds; short ones such as `0.1` stand in addresses too.
        let of_spec = environment.service.iter().flat_map(|(_, service)| service.env.values());
        let of_spec = of_spec.filter_map(|text| match text.0.as_slice() {
            [Piece::Literal(text)] => Some(text.clone()),
            // Of others what AWS holds is looked for.
            _ => None,
        });
        let of_live = world.live.iter().filter_map(|live| match live.kind {
            "ec2.launch_template" => live.attrs["container"]["environment"].as_object(),
            "apprunner.service" => live.attrs["environment"].as_object(),
            _ => None,
        });
        let of_live = of_live.flatten().filter(|(name, _)| !name.starts_with("DATABASE_"));
        let of_live = of_live.filter_map(|(_, value)| value.as_str().map(str::to_owned));
        for value in of_spec.chain(of_live).filter(|value| value.len() > 3) {
            for shown in [&text, &json, &markdown, &saved] {
                assert!(!shown.contains(&value), "{}: {value}", folder.display());
            }
            seen += 1;
        }
    }
    assert!(seen > 50, "there was something to find");
}

#[test]
fn a_saved_plan_is_shown_as_it_was_made() {
    for folder in cases() {
        let (_, environment, case, plan) = made(&folder);
        let header = header(&environment, &case);
        let saved = Saved::new(header.clone(), &plan, &Registry);
        let restored = Saved::from_text(&saved.to_text(), &Registry).expect("what was just written");
        assert_eq!(restored, saved, "{}", folder.display());
        assert_eq!(restored.plan.id(), plan.id());
        let page = Page { width: WIDTH, colour: true };
        let shown = |header: &Header, plan: &Plan| {
            let json = format!("{:#}", json::plan(header, plan, &Registry));
            let text = text::plan(header, plan, &Registry, page);
            [text, json, render::markdown::plan(header, plan, &Registry), render::html::plan(header, plan, &Registry)]
        };
        for (then, now) in shown(&restored.header, &restored.plan).iter().zip(shown(&header, &plan)) {
            assert_eq!(*then, now, "{}", folder.display());
        }
        assert_eq!(moved(&restored.plan, &seal(&plan, &Registry)), []);
    }
}

/// What is done is the same; whom it hits is not.
#[test]
fn a_plan_is_stale_once_a_neighbour_has_moved_in() {
    let (mut world, environment, _, now) = made(&folder().join("neighbour-cut-off"));
    world.live.iter_mut().for_each(|live| live.neighbours.clear());
    let then = planned(&world, &environment, &[], &[], false);
    assert_ne!(then.id(), now.id());
    let [then, now] = [then, now].map(|plan| seal(&plan, &Registry));
    let told: Vec<String> = moved(&then, &now).iter().map(ToString::to_string).collect();
    let hazard = "it has come to have the hazard unmanaged-neighbour";
    assert_eq!(told, ["network.nat_gateway.a", "network.route_table.private-a"].map(|address| format!("{address}: {hazard}")));
    assert!(moved(&now, &then).iter().all(|moved| moved.what == ["it no longer has the hazard unmanaged-neighbour"]));
}

#[test]
fn the_schemas_are_those_in_docs() {
    for (file, schema) in [("plan", json::schema()), ("record", Record::schema()), ("rejection", RejectedImage::schema())] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/{file}.schema.json"));
        let expected = Data::read_from(&path, Some(DataFormat::Text));
        let assert = Assert::new().action_env("SNAPSHOTS").normalize_paths(false);
        assert.eq(Data::text(format!("{schema:#}\n")), expected.raw());
    }
}

#[test]
fn services_of_one_image_take_turns_in_the_order_of_the_spec() {
    const SERVICES: [(&str, &str); 5] =
        [("web", "group"), ("worker", "group"), ("mailer", "group"), ("api", "service"), ("alone", "group")];
    const OTHER: &str = "sha256:3333333333333333333333333333333333333333333333333333333333333333";
    let folder = folder().join("images-move-together");
    let case = Case::read(&folder);
    let (world, environment) = (case.world(&folder), case.environment(&folder));
    let address = |(service, part): (&str, &str)| Address::of(&["service", service, part]);
    // Every choice of services whose images move.
    for choice in 1_u32..1 << SERVICES.len() {
        let moving: Vec<_> = (0..SERVICES.len()).filter(|bit| choice >> bit & 1 == 1).map(|bit| SERVICES[bit]).collect();
        let images: Vec<_> = moving.iter().map(|(service, _)| ((*service).to_owned(), OTHER.to_owned())).collect();
        let plan = planned(&world, &environment, &images, &[], false);
        let together: Vec<_> = moving.iter().filter(|(service, _)| *service != "alone").collect();
        for change in plan.changes.iter().filter(|change| SERVICES.iter().any(|service| address(*service) == change.address)) {
            let before: Vec<Address> = SERVICES.iter().map(|service| address(*service)).collect();
            let waits: Vec<_> = change.waits_for.iter().filter(|other| before.contains(other)).collect();
            let place = together.iter().position(|service| address(**service) == change.address);
            let wanted = place.and_then(|place| place.checked_sub(1)).map(|place| address(*together[place]));
            assert_eq!(waits, wanted.iter().collect::<Vec<_>>(), "{} where {moving:?} move", change.address);
        }
    }
    // What does not run yet starts side by side.
    let plan = planned(&World::default(), &environment, &[], &[], false);
    let worker = plan.changes.iter().find(|change| change.address == address(SERVICES[1])).expect("it is wanted");
    assert!(!worker.waits_for.contains(&address(SERVICES[0])), "{:?}", worker.waits_for);
}
