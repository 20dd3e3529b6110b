//! Plans as people and programs read them: a folder of cases, each with its golden text and JSON. See `README.md` beside this
//! file for how to run one by hand, and how to accept what changed.

mod case;
mod world;

use std::fs;
use std::path::{Path, PathBuf};

use infra::aws::kinds::Registry;
use infra::graph::Address;
use infra::plan::{Options, Plan, plan};
use infra::render::{Header, Page, json, text};
use infra::spec::Environment;
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

pub fn planned(world: &World, environment: &Environment, images: &[(String, String)], adopt: &[String], destroy: bool) -> Plan {
    let desired = if destroy { Vec::new() } else { world.desired(environment, images).expect("zones enough") };
    let adopt = adopt.iter().map(|address| address.parse::<Address>().expect("an address")).collect();
    plan(&Registry, &scope(environment), &desired, &world.live, &Options { only: Vec::new(), adopt }).expect("a sound graph")
}

fn header(environment: &Environment) -> Header {
    Header {
        project: environment.project.clone(),
        environment: environment.environment.clone(),
        account: environment.aws.account.clone(),
        region: environment.aws.region.clone(),
        observed_at: "2026-11-21T14:04:05Z".into(),
        calls: 38,
        depth: 2,
    }
}

/// A case's plan, and where it was made.
fn made(folder: &Path) -> (World, Environment, Case, Plan) {
    let case = Case::read(folder);
    assert!(case.about.ends_with('.'), "{} says in a sentence what it is about", folder.display());
    let (world, environment) = (case.world(folder), case.environment(folder));
    let images: Vec<_> = case.images.clone().into_iter().collect();
    let plan = planned(&world, &environment, &images, &case.adopt, case.destroy);
    (world, environment, case, plan)
}

#[test]
fn plans_read_as_they_are_written_here() {
    // Compared all at once, so that one run shows every text that differs.
    let mut differing = Vec::new();
    for folder in cases() {
        let (_, environment, _, plan) = made(&folder);
        let header = header(&environment);
        let shown = text::plan(&header, &plan, &Registry, Page { width: WIDTH, colour: false });
        let mut value = json::plan(&header, &plan, &Registry);
        shorten(&mut value);
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

/// Goldens hold what changes; of what stays, the addresses. The script on instances may change without any plan's doing so.
fn shorten(value: &mut Value) {
    let text = value.to_string().replace(&infra::aws::ec2::user_data::version(), "SCRIPT");
    *value = serde_json::from_str(&text).expect("still JSON");
    let changes = value["resource_changes"].as_array_mut().expect("a list");
    for change in changes.iter_mut() {
        if change["change"]["actions"] == json!(["no-op"]) && change.get("blocked").is_none() && change.get("deferred").is_none()
        {
            *change = change["address"].clone();
        }
    }
}
