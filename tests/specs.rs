//! Specs as files: those that load, those that do not and what is then said, and those no one would write.

use std::fs;
use std::path::{Path, PathBuf};

use infra::render::diagnostic;
use infra::spec::{self, Nat, Runtime};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn folders(path: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(path)).expect("a folder of cases");
    let mut folders: Vec<PathBuf> =
        entries.map(|entry| entry.expect("a readable folder").path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    assert!(!folders.is_empty(), "{path} has no cases");
    folders
}

/// What `infra validate` says of a folder: errors, or the warnings of a spec that can be used.
fn said(folder: &Path) -> (bool, String) {
    match spec::load(folder, None) {
        Ok(loaded) => (true, diagnostic::text(&loaded.warnings, &loaded.sources, false, folder)),
        Err(problems) => (false, diagnostic::text(&problems.list, &problems.sources, false, folder)),
    }
}

fn golden(folder: &Path, text: &str) {
    insta::with_settings!({
        snapshot_path => folder,
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        insta::assert_snapshot!("said", text);
    });
}

#[test]
fn invalid_specs_say_what_to_write_instead() {
    for folder in folders("tests/specs/invalid") {
        let (usable, text) = said(&folder);
        assert!(!usable, "{} loads", folder.display());
        golden(&folder, &text);
    }
}

#[test]
fn valid_specs_load() {
    for folder in folders("tests/specs/valid") {
        let (usable, text) = said(&folder);
        assert!(usable, "{}:\n{text}", folder.display());
        assert_eq!(text, "", "{}", folder.display());
    }
}

#[test]
fn doubtful_specs_load_with_a_warning() {
    for folder in folders("tests/specs/doubtful") {
        let (usable, text) = said(&folder);
        assert!(usable, "{}:\n{text}", folder.display());
        golden(&folder, &text);
    }
}

#[test]
fn the_environments_of_this_repository_load() {
    let loaded = spec::load(&root().join("environments"), None).unwrap();
    assert_eq!(loaded.warnings, []);
    let names: Vec<&str> = loaded.specs.iter().map(|spec| spec.environment.environment.as_str()).collect();
    assert_eq!(names, ["dev", "prod", "staging"]);

    let prod = loaded.environment("prod").unwrap();
    let network = prod.network.unwrap();
    assert_eq!((network.zones, network.nat), (3, Nat::PerZone));
    assert!(prod.approval.required);
    // From the base, in its order; the extending file changes some keys and keeps the others.
    assert_eq!(prod.service.names().collect::<Vec<_>>(), ["web", "worker", "api"]);
    let Runtime::Asg { instances, load_balancer, .. } = &prod.service.get("web").unwrap().runtime else { panic!("not on asg") };
    assert_eq!((instances.instance_type.as_str(), instances.min, instances.max), ("t3.medium", 3, 9));
    assert_eq!(instances.cpu_target_percent, Some(60));
    assert!(load_balancer.as_ref().unwrap().public);
    assert_eq!(prod.database["main"].engine, "postgres");
    assert_eq!(prod.database["main"].backup_days, 14);
    assert_eq!(prod.promotion.as_ref().unwrap().bake.unwrap().as_secs(), 300);
}

#[test]
fn a_value_is_known_by_the_file_that_wrote_it() {
    let loaded = spec::load(&root().join("environments"), Some(&["prod".to_owned()])).unwrap();
    let [prod] = loaded.specs.as_slice() else { panic!("more than was asked for") };
    let written = |path: &[&str]| {
        let place = prod.place(path).unwrap();
        let source = place.file.of(&loaded.sources).unwrap();
        (source.path.file_name().unwrap().to_str().unwrap(), &source.text[place.span.clone()])
    };
    assert_eq!(written(&["service", "web", "instances", "type"]), ("prod.toml", "\"t3.medium\""));
    assert_eq!(written(&["service", "web", "instances", "cpu_target_percent"]), ("base.toml", "60"));
    assert_eq!(written(&["service", "worker", "connects", "1"]), ("base.toml", "\"cache.main\""));
    assert_eq!(prod.place(&["service", "web", "image"]), None);
}

#[test]
fn only_the_problems_of_what_was_asked_for_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let head = "project = \"shop\"\naws = { account = \"123456789012\", region = \"us-east-1\" }\n";
    let network = |cidr: &str| format!("[network]\ncidr = \"{cidr}\"\nzones = 2\nnat = \"single\"\n");
    for (name, cidr) in [("one", "10.1.0.0/16"), ("two", "10.2.0.0/16"), ("three", "10.2.0.0/20"), ("four", "10.4.0.0/40")] {
        let text = format!("{head}environment = \"{name}\"\n{}", network(cidr));
        fs::write(folder.path().join(name).with_extension("toml"), text).unwrap();
    }
    let problems = |name: &str| match spec::load(folder.path(), Some(&[name.to_owned()])) {
        Ok(loaded) => {
            assert_eq!(loaded.specs.len(), 1);
            Vec::new()
        }
        Err(problems) => problems.list.into_iter().map(|problem| problem.message).collect(),
    };
    assert_eq!(problems("one"), Vec::<String>::new());
    // The neighbour is seen although nobody asked for it.
    let overlap = "the network of `two` overlaps that of `three` in the same account and region";
    assert_eq!(problems("two"), [overlap]);
    assert_eq!(problems("three"), [overlap]);
    assert_eq!(problems("four"), ["not a CIDR block"]);
    let unknown = spec::load(folder.path(), Some(&["tow".to_owned()])).unwrap_err();
    assert_eq!(unknown.list[0].help.as_deref(), Some("did you mean `two`?"));
}

#[test]
fn a_folder_that_is_not_there_or_empty_is_said_to_be() {
    let folder = tempfile::tempdir().unwrap();
    for path in [folder.path().to_owned(), folder.path().join("nowhere")] {
        let problems = spec::load(&path, None).unwrap_err();
        assert!(problems.list[0].message.contains(path.to_str().unwrap()), "{:?}", problems.list);
    }
}

#[test]
fn the_published_schema_is_the_one_of_the_code() {
    let path = root().join("environments/schema.json");
    let written = fs::read_to_string(&path).unwrap_or_default();
    let current = format!("{:#}\n", spec::schema());
    if written != current {
        if std::env::var_os("INSTA_UPDATE").is_some_and(|update| update == "always") {
            return fs::write(path, current).unwrap();
        }
        panic!("environments/schema.json is out of date: run `infra schema > environments/schema.json`");
    }
}

/// What people do to text files, and what merges and editors do.
fn mutate(text: &str, edits: &[(u8, usize, usize, String)]) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for (kind, a, b, insert) in edits {
        if lines.is_empty() {
            break;
        }
        let (a, b) = (a % lines.len(), b % lines.len());
        match kind % 6 {
            0 => drop(lines.remove(a)),
            1 => lines.insert(b, lines[a].clone()),
            2 => lines.swap(a, b),
            3 => lines[a].push_str(insert),
            4 => {
                let key = lines[a].split('=').next().unwrap_or_default().to_owned();
                lines[a] = format!("{key}= {insert}");
            }
            _ => lines[a] = lines[a].chars().take(b).collect(),
        }
    }
    lines.join("\n")
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct("tests/specs.proptest-regressions"))),
        ..ProptestConfig::default()
    })]

    /// No edit makes it panic; what it says can always be drawn, and never shows a value written in the place of a reference.
    #[test]
    fn no_spec_makes_it_panic(
        base in edits(), prod in edits(), dev in edits(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        for (name, edits) in [("base", base), ("dev", dev), ("staging", Vec::new()), ("prod", prod)] {
            let text = fs::read_to_string(root().join("environments").join(name).with_extension("toml")).unwrap();
            let text = text.replace("ssm:/techhub/secret-key", "hunter2");
            fs::write(folder.path().join(name).with_extension("toml"), mutate(&text, &edits)).unwrap();
        }
        let (problems, sources) = match spec::load(folder.path(), None) {
            Ok(loaded) => (loaded.warnings, loaded.sources),
            Err(problems) => {
                prop_assert!(!problems.list.is_empty());
                (problems.list, problems.sources)
            }
        };
        for (index, problem) in problems.iter().enumerate() {
            prop_assert!(!problems[..index].contains(problem), "said twice: {}", problem.message);
        }
        for colour in [false, true] {
            let text = diagnostic::text(&problems, &sources, colour, folder.path());
            prop_assert!(!text.contains("hunter2"), "{text}");
        }
    }
}

fn edits() -> impl Strategy<Value = Vec<(u8, usize, usize, String)>> {
    let insert = prop_oneof![
        Just("\"text\"".to_owned()),
        Just("-1".to_owned()),
        Just("99999999999999999999".to_owned()),
        Just("[[\"a\"], 1]".to_owned()),
        Just("{ a = { b = true } }".to_owned()),
        Just("nan".to_owned()),
        Just("1979-05-27".to_owned()),
        Just("\"base.toml\"".to_owned()),
        Just("\"prod.toml\"".to_owned()),
        "\\PC{0,12}",
    ];
    prop::collection::vec((any::<u8>(), any::<usize>(), any::<usize>(), insert), 0..6)
}
