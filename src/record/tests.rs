//! Records from their beginning to their being read again.

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::apply::{self, Event};
use crate::aws::kinds::Registry;
use crate::graph::{Attrs, Live, Owner, State};
use crate::plan::{self, Action, Change, Choices, Effect, FieldChange, Need, Plan, Reason, Since};
use crate::promote::{ImageFacts, Promotion, Source};
use crate::render::Header;

const SECRET: &str = "hunter2-hunter2";

fn digest(digit: char) -> String {
    format!("sha256:{}", digit.to_string().repeat(64))
}

fn template(image: &str) -> Attrs {
    let container = json!({ "image": format!("registry/web@{image}"), "environment": { "KEY": SECRET, "DEBUG": "true" } });
    Attrs::from([("name".into(), json!("shop-dev-web")), ("container".into(), container)])
}

/// A plan that deploys another image and drops a role; the one waits for the other.
fn plan() -> Plan {
    let live = |kind, id: &str, address: &Address, attrs| Live {
        kind,
        id: id.into(),
        owner: Owner::Ours { address: address.clone(), declared: None },
        state: State::Ready,
        attrs,
        outputs: BTreeMap::new(),
        neighbours: Vec::new(),
        tags: BTreeMap::new(),
    };
    let change = |address: Address, kind, id: &str, action, before: Attrs, after: Attrs| Change {
        live: Some(live(kind, id, &address, before)),
        address,
        kind,
        action,
        reason: Reason::Spec,
        blocked: None,
        deferred: None,
        after,
        tags: BTreeMap::new(),
        fields: Vec::new(),
        hazards: Vec::new(),
        waits_for: Vec::new(),
    };
    let (before, after) = (template(&digest('1')), template(&digest('2')));
    let field = FieldChange {
        name: "container".into(),
        before: before["container"].clone(),
        after: after["container"].clone(),
        effect: Effect::Update,
    };
    let web = Address::of(&["service", "web", "launch_template"]);
    let mut template = change(web, "ec2.launch_template", "lt-1", Action::Update, before, after);
    template.fields.push(field);
    let role = Address::of(&["service", "old", "role"]);
    let role = change(role, "iam.role", "shop-dev-old", Action::Delete, Attrs::new(), Attrs::new());
    let step = |change, verb, needs: &[usize]| plan::Step {
        change,
        verb,
        needs: needs.iter().map(|&step| Need { step, until: Since::Ready }).collect(),
    };
    Plan::new(vec![template, role], vec![step(0, Verb::Update, &[]), step(1, Verb::Delete, &[0])])
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_795_271_525 + seconds).unwrap()
}

fn header() -> Header {
    Header {
        project: "shop".into(),
        environment: "dev".into(),
        account: "123456789012".into(),
        region: "us-east-1".into(),
        observed_at: "2026-11-21T14:32:00Z".into(),
        calls: 1,
        depth: 1,
        choices: Choices::default(),
        promotion: Vec::new(),
        approval_required: false,
    }
}

fn run() -> Run {
    let origin = Origin { actor: "ana".into(), host: "runner-3".into(), commit: None, run_url: None };
    let agreement = Agreement {
        by: Consent::Yes,
        saved: false,
        allow: vec![],
        only: vec![],
        adopt: vec![],
        images: BTreeMap::from([("web".into(), "v2".into())]),
        overrides: BTreeMap::new(),
    };
    Run { origin, principal: Some("arn:aws:iam::123456789012:user/ana".into()), agreement, started: at(0) }
}

fn begun(plan: &Plan) -> Record {
    Record::begin(&header(), plan, &Registry, run())
}

#[test]
fn it_says_from_the_beginning_what_is_to_be_done() {
    let record = begun(&plan());
    assert_eq!((record.outcome, record.exit_code, record.ended), (Outcome::Running, None, None));
    assert!(record.steps.iter().all(|step| step.outcome == StepOutcome::Pending));
    assert_eq!(record.steps[1].id.as_deref(), Some("shop-dev-old"), "what goes is named as AWS does");
    let web = &record.images["web"];
    assert_eq!((web.from.as_ref().unwrap().as_str(), web.to.as_ref().unwrap().as_str()), (&*digest('1'), &*digest('2')));
    assert_eq!(record.images.len(), 1);
}

#[test]
fn it_says_why_that_image_and_what_ran_at_the_end() {
    let promoted = |service: &str, to: char| Promotion {
        service: service.into(),
        from: None,
        to: digest(to).parse().unwrap(),
        source: Source::Environment("staging".into()),
        copied_from: None,
        image: ImageFacts::default(),
        verdicts: Vec::new(),
    };
    let sources = |promotion| {
        let record = Record::begin(&Header { promotion, ..header() }, &plan(), &Registry, run());
        record.images["web"].source.clone()
    };
    assert_eq!(sources(vec![promoted("api", '2'), promoted("web", '2')]).as_deref(), Some("runs in staging"));
    assert_eq!(sources(vec![promoted("web", '3')]), None, "that is not what the plan deploys");

    let mut record = begun(&plan());
    let old = serde_json::to_value(&record).unwrap();
    assert_eq!(old["images"]["web"].as_object().unwrap().len(), 2, "what nobody knows is not there");
    assert!(old["agreement"].get("overrides").is_none());
    assert_eq!(serde_json::from_value::<Record>(old).unwrap(), record, "as records were before");
    record.images.get_mut("web").unwrap().running = Some(digest('1').parse().unwrap());
    record.agreement.overrides.insert("scan".into(), "no time".into());
    assert_eq!(serde_json::from_value::<Record>(serde_json::to_value(&record).unwrap()).unwrap(), record);
}

#[test]
fn it_follows_the_run_to_its_end() {
    let plan = plan();
    let (template, role) = (&plan.changes[0], &plan.changes[1]);
    let mut record = begun(&plan);
    let secrets = Secrets::of(&plan, &Registry);
    let failure = Failure {
        operation: "ec2:CreateLaunchTemplateVersion".into(),
        code: "InvalidParameter".into(),
        message: format!("the value {SECRET} of shop-dev-web is too long"),
        request_id: Some("r-1".into()),
    };
    let begin = Event::Started { change: template, verb: Verb::Update };
    secrets.struck_out(begin, &mut |event| record.tell(event, at(1)));
    assert_eq!(record.steps[0].outcome, StepOutcome::Running);
    let mut tell = |event, now| secrets.struck_out(event, &mut |event| record.tell(event, now));
    let said = format!("KEY={SECRET}\nmigrated");
    tell(Event::Said { change: template, verb: Verb::Update, text: &said }, at(1));
    let failed = apply::Outcome::Failed(failure);
    let took = Duration::from_micros(1_234_567);
    tell(Event::Ended { change: template, verb: Verb::Update, outcome: &failed, took }, at(2));
    let left = apply::Outcome::Left(template.address.clone());
    tell(Event::Ended { change: role, verb: Verb::Delete, outcome: &left, took: Duration::ZERO }, at(2));
    record.end(Outcome::Partly, 3, at(3));

    let [first, second] = &record.steps[..] else { panic!("{:?}", record.steps) };
    assert_eq!((first.outcome, first.started, first.seconds), (StepOutcome::Failed, Some(at(1)), Some(1.235)));
    assert_eq!(first.failure.as_ref().unwrap().message, "the value (concealed) of shop-dev-web is too long");
    assert_eq!(first.output.as_deref(), Some("KEY=(concealed)\nmigrated"));
    assert_eq!((second.outcome, second.started, second.seconds), (StepOutcome::Left, None, None));
    assert_eq!(second.waited_for.as_ref(), Some(&template.address));
    assert_eq!((record.outcome, record.exit_code, record.took()), (Outcome::Partly, Some(3), Some(Duration::from_secs(3))));
    let text = serde_json::to_string(&record).unwrap();
    assert!(!text.contains(SECRET), "{text}");
    assert!(text.contains("KEY"), "names are no secrets");
}

/// Two copies of a resource, one of which was left over, have steps of their own.
#[test]
fn copies_are_told_apart() {
    let mut plan = plan();
    let mut copy = plan.changes[1].clone();
    copy.live.as_mut().unwrap().id = "shop-dev-old-2".into();
    plan.changes.push(copy);
    plan.steps.push(plan::Step { change: 2, verb: Verb::Delete, needs: Vec::new() });
    let mut record = begun(&plan);
    let done =
        Event::Ended { change: &plan.changes[2], verb: Verb::Delete, outcome: &apply::Outcome::Done, took: Duration::ZERO };
    record.tell(&done, at(1));
    let outcomes: Vec<_> = record.steps.iter().map(|step| step.outcome).collect();
    assert_eq!(outcomes, [StepOutcome::Pending, StepOutcome::Pending, StepOutcome::Done]);
}

#[test]
fn what_is_written_is_read_and_lives_as_long_as_its_writer() {
    let folder = TempDir::new().unwrap();
    let mut record = begun(&plan());
    let mut file = RecordFile::create(folder.path(), &record).unwrap();
    let found = || read(&folder.path().join("dev")).unwrap().entries;
    assert_eq!(found()[0].record, record);
    assert!(found()[0].lives && !found()[0].was_cut_short());
    record.steps[0].outcome = StepOutcome::Done;
    file.replace(&record).unwrap();
    assert_eq!(found()[0].record, record);
    assert!(found()[0].lives, "the file that took its place is held like the first");
    drop(file);
    assert!(found()[0].was_cut_short());
    assert_eq!(fs::read_dir(folder.path().join("dev")).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn no_record_takes_the_place_of_another() {
    let folder = TempDir::new().unwrap();
    let record = begun(&plan());
    let files: Vec<RecordFile> = (0..3).map(|_| RecordFile::create(folder.path(), &record).unwrap()).collect();
    let names: Vec<&str> = files.iter().map(|file| file.path().file_name().unwrap().to_str().unwrap()).collect();
    let stem = format!("20261121T143205Z-apply-{}", record.plan_id);
    assert_eq!(names, [format!("{stem}.json"), format!("{stem}-2.json"), format!("{stem}-3.json")]);
}

#[test]
fn a_folder_that_cannot_be_is_an_error() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("dev"), "a file in the way").unwrap();
    assert!(RecordFile::create(folder.path(), &begun(&plan())).is_err());
}

#[test]
fn newest_first_and_nothing_hides_the_others() {
    let folder = TempDir::new().unwrap();
    let mut record = begun(&plan());
    for second in [0, 9, 5] {
        record.started = at(second);
        RecordFile::create(folder.path(), &record).unwrap();
    }
    let dev = folder.path().join("dev");
    fs::write(dev.join("README.md"), "not ours to judge").unwrap();
    fs::write(dev.join("a.json"), "").unwrap();
    fs::write(dev.join("b.json"), b"\xff").unwrap();
    fs::create_dir(dev.join("c.json")).unwrap();
    let found = read(&dev).unwrap();
    assert_eq!(found.entries.iter().map(|entry| entry.record.started).collect::<Vec<_>>(), [at(9), at(5), at(0)]);
    assert_eq!(found.unreadable.len(), 3, "{:?}", found.unreadable);
    assert!(read(&folder.path().join("prod")).unwrap().entries.is_empty(), "nothing was recorded there");
}

/// What `change` makes of a record, read again.
fn reread(change: impl Fn(&mut Value)) -> Result<Record, String> {
    let folder = TempDir::new().unwrap();
    let mut value = serde_json::to_value(begun(&plan())).unwrap();
    change(&mut value);
    fs::write(folder.path().join("record.json"), value.to_string()).unwrap();
    let mut found = read(folder.path()).unwrap();
    found.entries.pop().map(|entry| entry.record).ok_or_else(|| found.unreadable[0].why.clone())
}

#[test]
fn newer_versions_may_add_and_this_one_may_not() {
    let record = begun(&plan());
    assert_eq!(reread(|_| ()), Ok(record.clone()));
    let added = reread(|value| value["steps"][1]["colour"] = json!("red"));
    assert_eq!(added.unwrap_err(), "is no record: it has the unknown field `steps.colour`");
    let newer = |value: &mut Value| {
        value["format_version"] = json!("1.7");
        value["origin"]["colour"] = json!("red");
        value["steps"][1]["failure"] = json!({ "operation": "a:B", "code": "c", "message": "m", "colour": "red" });
    };
    assert_eq!(reread(newer).unwrap().origin, record.origin);
    let other = reread(|value| value["format_version"] = json!("2.0")).unwrap_err();
    assert_eq!(other, "has the format 2.0, and this version of infra reads 1.x");
    assert!(reread(|value| value["outcome"] = json!("splendid")).unwrap_err().starts_with("is no record: "));
    assert!(reread(|value| *value = json!([1])).unwrap_err().contains("no `format_version`"));
}

#[test]
fn people_have_a_plan_id_a_name_or_the_beginning_of_either() {
    let folder = TempDir::new().unwrap();
    let mut record = begun(&plan());
    for (second, id) in [(0, "aabb"), (0, "aabb"), (9, "aacc")] {
        (record.started, record.plan_id) = (at(second), id.into());
        RecordFile::create(folder.path(), &record).unwrap();
    }
    let entries = read(&folder.path().join("dev")).unwrap().entries;
    let found = |id: &str| find(&entries, id).iter().map(|entry| entry.stem()).collect::<Vec<_>>();
    assert_eq!(found("aac"), ["20261121T143214Z-apply-aacc"]);
    assert_eq!(found("aa").len(), 3);
    assert_eq!(found("20261121T143205").len(), 2);
    let whole = "20261121T143205Z-apply-aabb";
    assert_eq!(found(whole), [whole], "though another name begins with it");
    assert_eq!(found(&format!("plans/dev/{whole}-2.json")), [format!("{whole}-2")]);
    assert!(found("bb").is_empty());
}

#[test]
fn short_words_and_names_of_resources_stay_in_messages() {
    let mut plan = plan();
    plan.changes[1].live.as_mut().unwrap().outputs = BTreeMap::from([("address".into(), "main.example.com".into())]);
    plan.changes[0].after.get_mut("container").unwrap()["environment"]["HOST"] = json!("main.example.com");
    let secrets = Secrets::of(&plan, &Registry);
    let text = "true: main.example.com refused shop-dev-web";
    assert_eq!(secrets.strike_out(text), text);
    assert!(!format!("{secrets:?}").contains(SECRET));
}
