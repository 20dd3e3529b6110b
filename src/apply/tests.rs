//! The executor over a world that only takes notes. Time is paused, so that waiting costs nothing.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use futures::future::BoxFuture;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::{Asker, Cause, Cloud, Event, Failure, OUTPUT, Outcome, Report, notice, run};
use crate::graph::{Address, Attrs, Created, Live, Outputs, Owner, State, Tags, Target};
use crate::plan::{Action, Change, FieldChange, Need, Plan, Reason, Since, Step, Verb};

/// Calls take a second, waits ten; what is named in `fails` fails when called.
struct World {
    notes: Mutex<Vec<String>>,
    fails: &'static str,
    began: Instant,
}

impl World {
    fn new(fails: &'static str) -> Self {
        Self { notes: Mutex::default(), fails, began: Instant::now() }
    }

    fn note(&self, what: &str) {
        let at = self.began.elapsed().as_secs();
        self.notes.lock().unwrap().push(format!("{at}s {what}"));
    }

    fn notes(&self) -> Vec<String> {
        self.notes.lock().unwrap().clone()
    }

    async fn call(&self, verb: &str, name: &str) -> Result<(), Failure> {
        self.note(&format!("{verb} {name}"));
        notice::tell("half of it");
        sleep(Duration::from_secs(1)).await;
        let failure = || Failure { operation: "x:Y".into(), code: "Denied".into(), message: "no".into(), request_id: None };
        if name == self.fails { Err(failure()) } else { Ok(()) }
    }
}

fn name(attrs: &Attrs) -> String {
    attrs["name"].as_str().unwrap().to_owned()
}

impl Cloud for World {
    fn create<'a>(&'a self, _: &'a str, want: &'a Attrs, _: &'a Tags) -> BoxFuture<'a, Result<Created, Failure>> {
        Box::pin(async move {
            let sees = want.get("sees").map(|value| format!(" seeing {value}")).unwrap_or_default();
            let name = name(want);
            self.call(&format!("create{sees}"), &name).await?;
            Ok(Created { outputs: BTreeMap::from([("id".into(), format!("id-{name}"))]), id: name })
        })
    }

    fn settle<'a>(&'a self, _: &'a str, created: Created) -> BoxFuture<'a, Result<Outputs, Failure>> {
        Box::pin(async move {
            self.note(&format!("wait for {}", created.id));
            notice::tell("half of it");
            notice::tell("nearly there");
            sleep(Duration::from_secs(10)).await;
            let mut outputs = BTreeMap::from([("host".into(), format!("host-{}", created.id))]);
            if created.id == "speaker" {
                outputs.insert(OUTPUT.into(), "one\ntwo".into());
            }
            Ok(outputs)
        })
    }

    fn update<'a>(
        &'a self,
        _: &'a str,
        live: &'a Target,
        _: &'a Attrs,
        changed: &'a [String],
        _: &'a Tags,
    ) -> BoxFuture<'a, Result<Outputs, Failure>> {
        Box::pin(async move {
            self.call(&format!("update {}", changed.join(",")), &live.id).await?;
            Ok(Outputs::new())
        })
    }

    fn restore<'a>(&'a self, change: &'a Change) -> BoxFuture<'a, Result<bool, Failure>> {
        Box::pin(async move { self.call("restore", change.address.as_str()).await.map(|()| true) })
    }

    fn delete<'a>(&'a self, _: &'a str, live: &'a Target) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move { self.call("delete", &live.id).await })
    }

    fn gone<'a>(&'a self, _: &'a str, _: &'a Target) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async { Ok(()) })
    }
}

fn change(name: &str, action: Action) -> Change {
    Change {
        address: Address::of(&[name]),
        kind: "thing",
        action,
        reason: Reason::New,
        blocked: None,
        deferred: None,
        live: None,
        after: BTreeMap::from([("name".into(), json!(name))]),
        tags: Tags::new(),
        fields: Vec::new(),
        hazards: Vec::new(),
        waits_for: Vec::new(),
    }
}

fn live(name: &str, state: State) -> Live {
    Live {
        kind: "thing",
        id: name.into(),
        owner: Owner::Ours { address: Address::of(&[name]), declared: None },
        state,
        attrs: Attrs::new(),
        outputs: Outputs::new(),
        tags: Tags::new(),
        neighbours: Vec::new(),
    }
}

/// Creations; each with the steps it needs.
fn creations(steps: &[(&str, &[(usize, Since)])]) -> Plan {
    Plan::new(
        steps.iter().map(|(name, _)| change(name, Action::Create)).collect(),
        steps
            .iter()
            .enumerate()
            .map(|(index, (_, needs))| Step {
                change: index,
                verb: Verb::Create,
                needs: needs.iter().map(|&(step, until)| Need { step, until }).collect(),
            })
            .collect(),
    )
}

async fn carry_out(plan: &Plan, world: &World) -> Report {
    run(plan, world, Asker::default().stop(), &mut |_| {}).await
}

#[tokio::test(start_paused = true)]
async fn what_needs_an_id_does_not_wait_until_it_is_ready() {
    let plan = creations(&[
        ("network", &[]),
        ("subnet", &[(0, Since::Created)]),
        ("database", &[(1, Since::Created)]),
        ("cache", &[(1, Since::Created)]),
        ("app", &[(2, Since::Ready), (3, Since::Ready)]),
    ]);
    let world = World::new("");
    assert!(carry_out(&plan, &world).await.is_complete());
    let creates: Vec<String> = world.notes().into_iter().filter(|note| note.contains("create")).collect();
    assert_eq!(creates, ["0s create network", "1s create subnet", "2s create database", "2s create cache", "13s create app"]);
}

#[tokio::test(start_paused = true)]
async fn references_are_resolved_from_what_earlier_steps_gave() {
    let mut plan = creations(&[("database", &[]), ("app", &[(0, Since::Ready)])]);
    plan.changes[1].after.insert("sees".into(), json!([{ "$ref": "database#host" }]));
    let world = World::new("");
    assert!(carry_out(&plan, &world).await.is_complete());
    assert!(world.notes().contains(&r#"11s create seeing ["host-database"] app"#.to_owned()), "{:?}", world.notes());
}

#[tokio::test(start_paused = true)]
async fn a_reference_that_nothing_answers_is_a_failure_and_not_a_call() {
    let mut plan = creations(&[("app", &[])]);
    plan.changes[0].after.insert("sees".into(), json!({ "$ref": "database#host" }));
    let world = World::new("");
    let report = carry_out(&plan, &world).await;
    assert_eq!(report.failed().next().unwrap().1.code, "BrokenPlan");
    assert!(world.notes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn one_failure_stops_what_depends_on_it_and_nothing_else() {
    let plan = creations(&[
        ("a", &[]),
        ("b", &[]),
        ("on-a", &[(0, Since::Ready)]),
        ("on-b", &[(1, Since::Ready)]),
        ("on-on-a", &[(2, Since::Created)]),
    ]);
    let report = carry_out(&plan, &World::new("a")).await;
    let outcomes: Vec<&Outcome> = report.steps.iter().map(|step| &step.outcome).collect();
    let on_a = Outcome::Left(Address::of(&["a"]));
    assert!(matches!(outcomes[0], Outcome::Failed(_)));
    assert_eq!(outcomes[1..], [&Outcome::Done, &on_a, &Outcome::Done, &on_a]);
    assert!(!report.is_complete());
}

#[tokio::test(start_paused = true)]
async fn stopping_finishes_calls_leaves_waits_and_starts_nothing() {
    let plan = creations(&[("a", &[]), ("b", &[(0, Since::Created)]), ("c", &[(1, Since::Created)])]);
    let world = World::new("");
    let asker = Asker::default();
    let stop = asker.stop();
    let asked = tokio::spawn(async move {
        sleep(Duration::from_millis(1500)).await;
        asker.ask(Cause::Interrupt);
        sleep(Duration::from_secs(100)).await;
    });
    let mut told = Vec::new();
    let report = run(&plan, &world, stop, &mut |event| told.push(matches!(event, Event::Stopping(_)))).await;
    asked.abort();
    let outcomes: Vec<&Outcome> = report.steps.iter().map(|step| &step.outcome).collect();
    assert_eq!(outcomes, [&Outcome::Begun, &Outcome::Begun, &Outcome::Stopped]);
    assert_eq!(world.began.elapsed().as_secs(), 2, "the call under way was finished, and nothing was waited for");
    assert_eq!(report.stopped, Some(Cause::Interrupt));
    assert!(told.contains(&true));
}

#[tokio::test(start_paused = true)]
async fn asked_before_it_began_it_starts_nothing() {
    let plan = creations(&[("a", &[]), ("b", &[])]);
    let world = World::new("");
    let asker = Asker::default();
    asker.ask(Cause::LeaseLost);
    let report = run(&plan, &world, asker.stop(), &mut |_| ()).await;
    assert_eq!((report.stopped, world.notes().len()), (Some(Cause::LeaseLost), 0));
    assert!(report.steps.iter().all(|step| step.outcome == Outcome::Stopped));
}

#[tokio::test(start_paused = true)]
async fn what_aws_is_at_work_on_is_waited_for_before_it_is_changed() {
    let mut updated = change("a", Action::Update);
    updated.live = Some(live("a", State::Busy("creating".into())));
    updated.fields =
        vec![FieldChange { name: "size".into(), before: json!(1), after: json!(2), effect: crate::plan::Effect::Update }];
    let plan = Plan::new(vec![updated], vec![Step { change: 0, verb: Verb::Update, needs: Vec::new() }]);
    let world = World::new("");
    assert!(carry_out(&plan, &world).await.is_complete());
    assert_eq!(world.notes(), ["0s wait for a", "10s update size a"]);
}

#[tokio::test(start_paused = true)]
async fn deletions_wait_for_their_holders() {
    let gone = |name: &str| Change { live: Some(live(name, State::Ready)), ..change(name, Action::Delete) };
    let plan = Plan::new(
        vec![gone("holder"), gone("held")],
        vec![
            Step { change: 0, verb: Verb::Delete, needs: Vec::new() },
            Step { change: 1, verb: Verb::Delete, needs: vec![Need { step: 0, until: Since::Ready }] },
        ],
    );
    let world = World::new("");
    assert!(carry_out(&plan, &world).await.is_complete());
    assert_eq!(world.notes(), ["0s delete holder", "1s delete held"]);
}

#[tokio::test(start_paused = true)]
async fn what_a_step_says_of_itself_is_told_while_it_runs() {
    let plan = creations(&[("a", &[]), ("b", &[(0, Since::Ready)])]);
    let mut told = Vec::new();
    let mut tell = |event: Event<'_>| match event {
        Event::Started { change, .. } => told.push(format!("{} starts", change.address)),
        Event::Notice { change, text, .. } => told.push(format!("{}: {text}", change.address)),
        Event::Ended { change, .. } => told.push(format!("{} ends", change.address)),
        Event::Waiting { .. } | Event::Said { .. } | Event::Stopping(_) => {}
    };
    assert!(run(&plan, &World::new(""), Asker::default().stop(), &mut tell).await.is_complete());
    let of = |name: &str| {
        ["starts", ": half of it", ": half of it", ": nearly there", "ends"].map(|what| match what.strip_prefix(':') {
            Some(_) => format!("{name}{what}"),
            None => format!("{name} {what}"),
        })
    };
    assert_eq!(told, [of("a"), of("b")].concat());
}

/// It is for people: no reference can be to it.
#[tokio::test(start_paused = true)]
async fn what_a_step_has_said_is_told_before_its_end() {
    let mut plan = creations(&[("speaker", &[]), ("app", &[(0, Since::Ready)])]);
    plan.changes[1].after.insert("sees".into(), json!({ "$ref": "speaker#output" }));
    let mut told = Vec::new();
    let mut tell = |event: Event<'_>| match event {
        Event::Said { change, text, .. } => told.push(format!("{} said {text:?}", change.address)),
        Event::Ended { change, .. } => told.push(format!("{} ends", change.address)),
        _ => {}
    };
    let report = run(&plan, &World::new(""), Asker::default().stop(), &mut tell).await;
    assert_eq!(told, [r#"speaker said "one\ntwo""#, "speaker ends", "app ends"]);
    assert_eq!(report.failed().next().unwrap().1.code, "BrokenPlan");
}
