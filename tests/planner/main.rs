//! Properties of the planner, over invented kinds and a cloud in memory that refuses what AWS refuses.

mod memory;
mod reasons;
mod run;
mod saved;
mod schema;
mod world;

use std::collections::BTreeSet;

use infra::graph::{ADDRESS, Address, Blocked, DECLARED, Desired, Live, Neighbour, Owner, State};
use infra::plan::{Action, Change, Effect, Hazard, Options, Plan, PlanError, Reason, Rule, Verb, plan};
use proptest::prelude::*;
use serde_json::json;

use crate::memory::{Memory, Stop};
use crate::reasons::{drifts, goes_missing, spec_changes};
use crate::schema::{Invented, schema};
use crate::world::{Spec, World, scope, two_worlds, world};

fn planned(cloud: &Memory, desired: &[Desired], options: &Options) -> Plan {
    plan(&Invented, &scope(), desired, &cloud.live(), options).expect("a graph that makes sense")
}

/// Plans and applies; nothing is done where anything is blocked. Says whether it was done.
fn converge(cloud: &mut Memory, desired: &[Desired], lots: &[usize]) -> Result<bool, Stop> {
    let plan = planned(cloud, desired, &Options::default());
    sound(&plan);
    if plan.blocked().next().is_some() {
        return Ok(false);
    }
    run::apply(cloud, &plan, desired, lots)?;
    settled(cloud, desired);
    Ok(true)
}

/// There is nothing left to do, and nothing left over.
fn settled(cloud: &Memory, desired: &[Desired]) {
    let again = planned(cloud, desired, &Options::default());
    assert!(
        again.is_noop(),
        "the second plan is not empty: {:#?}",
        again.changes.iter().filter(|c| c.is_step()).collect::<Vec<_>>()
    );
    let deferred: BTreeSet<&Address> =
        again.changes.iter().filter(|change| change.deferred.is_some()).map(|change| &change.address).collect();
    let mut wanted: Vec<_> = desired.iter().map(|d| (&d.address, d.kind)).filter(|(a, _)| !deferred.contains(a)).collect();
    let live = cloud.live();
    let there = live.iter().filter_map(|live| Some((live.address()?, live.kind)));
    let mut there: Vec<_> = there.filter(|(address, _)| !deferred.contains(address)).collect();
    wanted.sort_unstable();
    there.sort_unstable();
    assert_eq!(wanted, there);
}

/// Crews use nothing of each other, and each takes its time to go.
fn crews_go_at_once(plan: &Plan) {
    let crews = |step: &usize| plan.changes[plan.steps[*step].change].kind == "crew";
    for crew in (0..plan.steps.len()).filter(crews) {
        let (mut before, mut open) = (BTreeSet::new(), vec![crew]);
        while let Some(step) = open.pop() {
            open.extend(plan.steps[step].needs.iter().map(|need| need.step).filter(|&need| before.insert(need)));
        }
        assert!(!before.iter().any(crews), "a crew waits for another to go");
    }
}

/// What is true of every plan.
fn sound(plan: &Plan) {
    for (index, step) in plan.steps.iter().enumerate() {
        assert!(step.needs.iter().all(|need| need.step < index), "a step needs a later one");
        let change = &plan.changes[step.change];
        let waits = step.needs.iter().map(|need| &plan.changes[plan.steps[need.step].change].address);
        for address in waits.filter(|&address| *address != change.address) {
            assert!(change.waits_for.contains(address), "{} does not say that it waits for {address}", change.address);
        }
        let replaces = change.fields.iter().any(|field| field.effect == Effect::Replace);
        let failed = change.live.as_ref().is_some_and(|live| matches!(live.state, State::Failed(_)));
        if matches!(change.action, Action::Replace { .. }) {
            assert!(replaces || failed, "{} is replaced for nothing", change.address);
        }
        if step.verb == Verb::Delete && schema(change.kind).stateful {
            assert!(change.hazards.contains(&Hazard::DataLoss), "{} goes without a word", change.address);
            assert_eq!(change.action, Action::Delete);
        }
    }
    plan.changes.iter().for_each(warned);
    let leftovers = plan.changes.iter().filter(|change| change.reason == Reason::Leftover);
    for left in leftovers.filter(|change| change.live.as_ref().is_some_and(|live| live.state != State::Deleting)) {
        let made =
            |change: &&Change| change.address == left.address && change.kind == left.kind && change.action == Action::Create;
        assert!(!plan.changes.iter().any(|change| made(&change)), "{} is made though it is there", left.address);
    }
    for change in plan.blocked() {
        assert!(plan.steps.iter().all(|step| plan.changes[step.change] != *change), "a blocked change does something");
        let blocked = change.blocked.as_ref().expect("it is");
        assert!(!blocked.why.is_empty() && !blocked.help.is_empty());
    }
}

/// A change says what lies in its values, and whom it hits; one that does nothing has nothing to say.
fn warned(change: &Change) {
    let has = |hazard| change.hazards.contains(&hazard);
    let (made, changed) = (change.action == Action::Create, |name: &str| change.fields.iter().find(|field| field.name == name));
    let grew = changed("size").is_some_and(|size| size.after.as_u64() > size.before.as_u64());
    let opened = if made { change.after.get("open") } else { changed("open").map(|open| &open.after) } == Some(&json!(true));
    assert_eq!(has(Hazard::Cost), change.kind == "store" && (made || grew), "{change:#?}");
    assert_eq!(has(Hazard::WiderAccess), change.kind == "room" && opened, "{change:#?}");

    let neighbours = change.live.iter().flat_map(|live| &live.neighbours);
    let (held, used) = (neighbours.clone().any(|one| one.holds), neighbours.count() > 0);
    let goes = matches!(change.action, Action::Delete | Action::Replace { .. });
    let updated = change.action == Action::Update && change.fields.iter().any(|field| field.name != "tags");
    assert_eq!(has(Hazard::UnmanagedNeighbour), used && (goes || updated), "{change:#?}");
    let going = change.live.as_ref().is_some_and(|live| live.state == State::Deleting);
    assert!(!(goes && held) || change.blocked.is_some() || going, "{} goes though somebody stands on it", change.address);
    assert!(change.action != Action::NoOp || change.hazards.is_empty() || change.blocked.is_some(), "{change:#?}");
}

/// The cloud after a first apply of a world, where nothing can be in the way.
fn applied(world: &World, lot: u64, lots: &[usize]) -> Memory {
    let mut cloud = Memory::default();
    let desired = Spec { world, lot }.desired();
    assert_eq!(converge(&mut cloud, &desired, lots), Ok(true), "from nothing to anything");
    cloud
}

/// What runs have left is known to be ours.
fn undoubted(cloud: &Memory, desired: &[Desired]) {
    let plan = planned(cloud, desired, &Options::default());
    let doubted =
        plan.blocked().find(|change| change.blocked.as_ref().is_some_and(|blocked| blocked.why.contains("claim to be")));
    assert_eq!(doubted, None);
}

/// What works and stays in the environment is to be there all the time.
fn keep(cloud: &mut Memory, desired: &[Desired]) {
    let there = cloud.live();
    let works =
        |live: &Live, d: &Desired| live.address() == Some(&d.address) && live.kind == d.kind && live.state == State::Ready;
    let stays = desired.iter().filter(|d| there.iter().any(|live| works(live, d)));
    cloud.keep = stays.map(|d| d.address.clone()).collect();
}

fn lots() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0..1000usize, 1..30)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, ..ProptestConfig::default() })]

    /// Applying a plan leaves nothing to do, whatever order the needs allow; what stays is never missing in between.
    #[test]
    fn any_environment_becomes_any_other((first, second) in two_worlds(), lot: u64, lots in lots()) {
        let mut cloud = applied(&first, lot, &lots);
        let desired = Spec { world: &second, lot }.desired();
        keep(&mut cloud, &desired);
        converge(&mut cloud, &desired, &lots).unwrap();
    }

    /// A run that is killed after any call is finished by the next, also when the spec changed meanwhile.
    #[test]
    fn a_killed_run_is_finished_by_the_next(
        (first, second) in two_worlds(), other in world(), then in 0..3usize, lot: u64, lots in lots(),
        calls in prop::collection::vec(0..60usize, 1..3), ages: u64,
    ) {
        let mut cloud = applied(&first, lot, &lots);
        let desired = Spec { world: &second, lot }.desired();
        for calls in calls {
            cloud.calls_left = Some(calls);
            match converge(&mut cloud, &desired, &lots) {
                Ok(_) | Err(Stop::Killed) => {}
                Err(refused) => panic!("{refused:?}"),
            }
            cloud.age(ages);
            undoubted(&cloud, &desired);
        }
        cloud.calls_left = None;
        let desired = Spec { world: [&first, &second, &other][then], lot }.desired();
        undoubted(&cloud, &desired);
        keep(&mut cloud, &desired);
        converge(&mut cloud, &desired, &lots).unwrap();
    }

    /// What somebody did behind our back is put right.
    #[test]
    fn what_others_did_is_put_right(
        (first, second) in two_worlds(), lot: u64, lots in lots(),
        deeds in prop::collection::vec((any::<prop::sample::Index>(), 0..4u8), 1..4),
    ) {
        let mut cloud = applied(&first, lot, &lots);
        for (chosen, deed) in deeds {
            let live = cloud.live();
            prop_assume!(!live.is_empty());
            let id = &live[chosen.index(live.len())].id;
            match deed {
                0 => cloud.vandalise(id),
                1 => cloud.retag(id, |tags| drop(tags.remove(ADDRESS))),
                2 => cloud.retag(id, |tags| drop(tags.insert("Name".into(), "other".into()))),
                _ => cloud.drift_any(id),
            }
        }
        let desired = Spec { world: &second, lot }.desired();
        let nameless = cloud.live().iter().any(|live| live.owner == Owner::Nameless);
        if !converge(&mut cloud, &desired, &lots).unwrap() || nameless {
            return Ok(());
        }
        settled(&cloud, &desired);
    }

    /// Where somebody copies our tags from one thing to another, neither is touched; nor does anything go that merely says it is ours.
    #[test]
    fn what_was_tagged_by_hand_stays(world in world(), lot: u64, lots in lots(), pick: prop::sample::Index, gone: bool) {
        let mut cloud = applied(&world, lot, &lots);
        let desired = if gone { Vec::new() } else { Spec { world: &world, lot }.desired() };
        let live = cloud.live();
        prop_assume!(!live.is_empty());
        let ours = &live[pick.index(live.len())];
        let mut theirs = ours.attrs.clone();
        // No two things have one name; and what differs in nothing may be a twin that we made ourselves.
        let fixed = schema(ours.kind).attributes.iter().find(|row| matches!(row.rule, Rule::Replace | Rule::Name));
        prop_assume!(fixed.is_some());
        theirs.insert(fixed.unwrap().name.into(), json!("theirs"));
        let copy = cloud.plant(ours.kind, &theirs, &ours.tags);
        prop_assume!(copy.is_ok()); // The cloud may want what it refers to.
        let copy = copy.unwrap();
        let plan = planned(&cloud, &desired, &Options::default());
        sound(&plan);
        let of = |id: &str| plan.changes.iter().find(|change| change.live.as_ref().is_some_and(|live| live.id == id));
        let untouched = |id: &str| of(id).is_none_or(|change| !change.is_step());
        prop_assert!(untouched(&copy) && untouched(&ours.id), "{:#?}", plan.blocked().collect::<Vec<_>>());
        prop_assert!(plan.blocked().any(|change| change.blocked.as_ref().unwrap().why.contains(&copy)));

        cloud.retag(&copy, |tags| {
            tags.remove(DECLARED);
            tags.insert(ADDRESS.into(), "nobody.wants-this".into());
        });
        let plan = planned(&cloud, &desired, &Options::default());
        let change = plan.changes.iter().find(|change| change.live.as_ref().is_some_and(|live| live.id == copy)).unwrap();
        prop_assert!(!change.is_step() && change.blocked.is_some(), "{change:#?}");
    }

    /// What may not be touched is blocked where something would be done to it, stays as it is, and keeps nothing else from its plan.
    #[test]
    fn what_may_not_be_touched_is_left_alone(
        (first, second) in two_worlds(), lot: u64, lots in lots(), chosen in any::<prop::sample::Index>(),
    ) {
        let cloud = applied(&first, lot, &lots);
        let mut desired = Spec { world: &second, lot }.desired();
        prop_assume!(!desired.is_empty());
        let free = planned(&cloud, &desired, &Options::default());
        let chosen = chosen.index(desired.len());
        let address = desired[chosen].address.clone();
        desired[chosen].blocked = Some(Blocked { why: "a gate says no".into(), help: "override it".into() });
        let held = planned(&cloud, &desired, &Options::default());
        sound(&held);
        let of = |plan: &Plan| plan.changes.iter().find(|change| change.address == address && change.action != Action::Delete).cloned();
        let (free, held) = (of(&free).expect("it is wanted"), of(&held).expect("it is wanted"));
        // What would wait for something deferred says the one or the other.
        prop_assume!(free.deferred.is_none());
        prop_assert_eq!(held.blocked.is_some(), free.is_step() && free.reason != Reason::Busy || free.blocked.is_some());
        prop_assert_eq!(held.action, free.action);
    }

    /// Plans do not depend on the order in which a spec or AWS lists things.
    #[test]
    fn the_order_of_inputs_is_irrelevant((first, second) in two_worlds(), lot: u64, calls in 0..60usize, turn in 0..20usize) {
        let mut cloud = applied(&first, lot, &[0]);
        let mut desired = Spec { world: &second, lot }.desired();
        cloud.calls_left = Some(calls);
        let _ = converge(&mut cloud, &desired, &[0]);
        let mut live = cloud.live();
        let one = plan(&Invented, &scope(), &desired, &live, &Options::default());
        desired.reverse();
        let middle = turn.min(live.len());
        live.rotate_left(middle);
        let two = plan(&Invented, &scope(), &desired, &live, &Options::default());
        prop_assert_eq!(&one, &two);
        let (one, two) = (one.unwrap(), two.unwrap());
        prop_assert_eq!(one.id(), two.id());
        let other = planned(&cloud, &Spec { world: &first, lot }.desired(), &Options::default());
        let done = |plan: &Plan| plan.steps.iter().map(|step| (step.verb, plan.changes[step.change].address.clone())).collect::<BTreeSet<_>>();
        prop_assert!(done(&one) == done(&other) || one.id() != other.id());
    }

    /// A changed spec, a change behind our back and a deletion behind our back each read as what they are.
    #[test]
    fn reasons_are_right(world in world(), other in world(), lot: u64, lots in lots(), chosen: prop::sample::Index) {
        let cloud = applied(&world, lot, &lots);
        let desired = Spec { world: &world, lot }.desired();
        spec_changes(&cloud, &desired, &Spec { world: &world.with_one_of(&other, chosen.index(100)), lot }.desired());
        drifts(&cloud, &desired, chosen);
        goes_missing(&cloud, &desired, chosen);
    }

    /// Somebody else's resource of our name stops the plan, and is taken over where that is asked for.
    #[test]
    fn namesakes_block_until_adopted(world in world(), lot: u64, lots in lots(), chosen: prop::sample::Index) {
        let desired = Spec { world: &world, lot }.desired();
        let named: Vec<&Desired> = desired.iter().filter(|d| schema(d.kind).name().is_some() && d.deferred.is_none()).collect();
        prop_assume!(!named.is_empty());
        let mine = named[chosen.index(named.len())];
        let mut cloud = Memory::default();
        let attrs = mine.attrs.iter().filter(|(name, value)| *name == "name" || value.is_number());
        let blank = schema(mine.kind).attributes.iter().map(|row| (row.name.to_owned(), json!(false)));
        let attrs = blank.chain(attrs.map(|(name, value)| (name.clone(), value.clone()))).collect();
        let id = cloud.plant(mine.kind, &attrs, &[("owner".into(), "the other team".into())].into()).unwrap();

        let stopped = planned(&cloud, &desired, &Options::default());
        sound(&stopped);
        let blocked: Vec<_> = stopped.blocked().collect();
        prop_assert!(blocked.iter().any(|change| change.address == mine.address));
        prop_assert!(blocked.iter().all(|change| change.blocked.as_ref().unwrap().why.contains("the other team")));

        let options = Options { adopt: [mine.address.clone()].into(), ..Options::default() };
        let taken = planned(&cloud, &desired, &options);
        sound(&taken);
        let change = taken.changes.iter().find(|change| change.address == mine.address).unwrap();
        prop_assert_eq!((change.reason, &change.live.as_ref().unwrap().id), (Reason::Adopted, &id));
        if taken.blocked().next().is_none() {
            run::apply(&mut cloud, &taken, &desired, &lots).unwrap();
            settled(&cloud, &desired);
        }
    }

    /// Two that somebody made hold each other let go before they go, whenever the run is killed.
    #[test]
    fn what_goes_in_a_circle_lets_go_first(world in world(), lot: u64, lots in lots(), calls in prop::option::of(0..60usize)) {
        let mut cloud = applied(&world, lot, &lots);
        let guards: Vec<Live> = cloud.live().into_iter().filter(|live| live.kind == "guard").collect();
        prop_assume!(guards.len() == 2);
        for (guard, other) in [(&guards[0], &guards[1]), (&guards[1], &guards[0])] {
            let mut rules = guard.attrs["rules"].clone();
            rules.as_array_mut().expect("a set").push(json!({ "port": 9, "peer": { "guard": other.outputs["id"] } }));
            cloud.update(&guard.id, &[("rules".to_owned(), rules)].into()).unwrap();
        }
        cloud.calls_left = calls;
        let done = converge(&mut cloud, &[], &lots);
        cloud.calls_left = None;
        match done {
            Ok(true) => prop_assert!(cloud.live().is_empty()),
            Ok(false) => prop_assert!(planned(&cloud, &[], &Options::default()).blocked().next().is_some()),
            Err(Stop::Killed) => {
                converge(&mut cloud, &[], &lots).unwrap();
                prop_assert!(cloud.live().is_empty());
            }
            Err(Stop::Refused(why)) => panic!("{why}"),
        }
    }

    /// What somebody else uses never goes, and whoever is in the way of nothing is in nobody's way.
    #[test]
    fn neighbours_are_left_alone((first, second) in two_worlds(), lot: u64, lots in lots(), chosen: prop::sample::Index, holds: bool) {
        let cloud = applied(&first, lot, &lots);
        let desired = Spec { world: &second, lot }.desired();
        let mut live = cloud.live();
        prop_assume!(!live.is_empty());
        let used = chosen.index(live.len());
        live[used].neighbours.push(Neighbour { what: "a stranger".into(), holds });
        let [alone, together] = [cloud.live(), live.clone()]
            .map(|live| plan(&Invented, &scope(), &desired, &live, &Options::default()).expect("a graph that makes sense"));
        sound(&together);
        let blocked = |plan: &Plan| plan.blocked().map(|change| change.address.clone()).collect::<BTreeSet<_>>();
        let mut more = blocked(&together);
        more.retain(|address| !blocked(&alone).contains(address));
        prop_assert!(more.is_empty() || holds && more.iter().eq(live[used].address()));
    }

    /// A part of a plan stands on its own, and the rest can follow.
    #[test]
    fn only_leaves_nothing_dangling((first, second) in two_worlds(), lot: u64, lots in lots(), chosen: prop::sample::Index) {
        let mut cloud = applied(&first, lot, &lots);
        let desired = Spec { world: &second, lot }.desired();
        prop_assume!(!desired.is_empty());
        let scope = desired[chosen.index(desired.len())].address.clone();
        let part = planned(&cloud, &desired, &Options { only: vec![scope.clone()], ..Options::default() });
        sound(&part);
        prop_assert!(part.changes.iter().any(|change| change.address == scope));
        if part.blocked().next().is_none() {
            run::apply(&mut cloud, &part, &desired, &lots).unwrap();
            let rest = planned(&cloud, &desired, &Options { only: vec![scope], ..Options::default() });
            prop_assert!(rest.is_noop());
        }
        converge(&mut cloud, &desired, &lots).unwrap();
    }

    /// Destroying ends with nothing of ours, or does nothing and says why.
    #[test]
    fn destroying_leaves_nothing(world in world(), lot: u64, lots in lots(), ages: u64, calls in prop::option::of(0..40usize)) {
        let mut cloud = applied(&world, lot, &lots);
        let before = cloud.live();
        crews_go_at_once(&planned(&cloud, &[], &Options::default()));
        cloud.calls_left = calls;
        let done = converge(&mut cloud, &[], &lots);
        cloud.calls_left = None;
        match done {
            Ok(true) => prop_assert!(cloud.live().is_empty()),
            Ok(false) => prop_assert_eq!(cloud.live(), before),
            Err(Stop::Refused(why)) => panic!("{why}"),
            Err(Stop::Killed) => {
                cloud.age(ages);
                prop_assert_eq!(converge(&mut cloud, &[], &lots), Ok(true));
                prop_assert!(cloud.live().is_empty());
            }
        }
    }
}

/// A slip in an address must not pass for consent to nothing.
#[test]
fn what_is_taken_over_must_be_wanted() {
    let nowhere = Address::of(&["nowhere"]);
    let options = Options { adopt: [nowhere.clone()].into(), ..Options::default() };
    assert_eq!(plan(&Invented, &scope(), &[], &[], &options), Err(PlanError::NoSuchAddress(nowhere)));
}
