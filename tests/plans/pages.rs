//! Pages for `tests/browser`: every case, and the reference environments from nothing, each beside its text.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use infra::aws::kinds::Registry;
use infra::plan::Plan;
use infra::render::{Header, Page, html, text};
use infra::spec;

use crate::case::Case;
use crate::world::World;
use crate::{cases, header, made, planned};

#[test]
fn pages_are_drawn() {
    let folder = folder();
    for case in cases() {
        let (_, environment, made_of, plan) = made(&case);
        let name = case.file_name().expect("a case has a name").to_string_lossy();
        write(&folder, &name, &header(&environment, &made_of), &plan);
    }
    let specs = Path::new(env!("CARGO_MANIFEST_DIR")).join("environments");
    let loaded = spec::load(&specs, None).unwrap_or_else(|_| panic!("the specs are sound"));
    let from_nothing = Case::read(&crate::folder().join("from-nothing"));
    for name in ["staging", "prod"] {
        let environment = loaded.environment(name).expect("it is there");
        let plan = planned(&World::default(), environment, &[], &[], false);
        write(&folder, name, &header(environment, &from_nothing), &plan);
    }
}

/// An empty folder, which the browser's tests know.
fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages");
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("a folder of our own");
    }
    fs::create_dir_all(&folder).expect("a folder for the pages");
    folder
}

/// A plan as a page, and as text of a width that no line reaches, so that none is broken.
fn write(folder: &Path, name: &str, header: &Header, plan: &Plan) {
    let page = html::plan(header, plan, &Registry);
    assert!(ids(&page).values().all(|&count| count == 1), "{name}: an id that is there twice");
    fs::write(folder.join(format!("{name}.html")), page).expect("written");
    let text = text::plan(header, plan, &Registry, Page { width: 100_000, colour: false });
    fs::write(folder.join(format!("{name}.txt")), text).expect("written");
}

/// How often each id is given.
fn ids(page: &str) -> BTreeMap<&str, usize> {
    let mut ids = BTreeMap::new();
    for id in page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        *ids.entry(id).or_default() += 1;
    }
    ids
}
