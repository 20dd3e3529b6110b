//! What every test here needs: an AWS account of its own, and the life of a resource from nothing to nothing.
//!
//! Everything goes the way a plan goes: the planner decides, the kind carries out, the planner must then have nothing to say.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::hash::{BuildHasher, Hasher, RandomState};

use aws_sdk_sts::config::Credentials;
use infra::aws::Aws;
use infra::aws::kind::{Kind, Resource, Target, encode};
use infra::aws::kinds::Registry;
use infra::graph::{Address, Desired, Live, Outputs, Owner, Scope, State, Tags};
use infra::plan::{Action, Change, Effect, Options, Rule, plan};

/// The region of every test.
pub(crate) const REGION: &str = "eu-west-1";

/// An account with nothing in it.
pub(crate) struct Sandbox {
    /// Clients that may write.
    pub(crate) aws: Aws,
    /// Whose everything made here is.
    pub(crate) scope: Scope,
}

/// A resource that [`Sandbox::make`] made.
pub(crate) struct Made {
    /// What the kind needs to change or delete it.
    pub(crate) target: Target,
}

impl Made {
    /// What AWS calls it.
    pub(crate) fn id(&self) -> String {
        self.target.id.clone()
    }

    /// One of its outputs.
    pub(crate) fn output(&self, name: &str) -> String {
        self.target.outputs.get(name).unwrap_or_else(|| panic!("{} has no output {name}", self.target.id)).clone()
    }
}

impl Sandbox {
    /// A fresh account: LocalStack takes an access key of 12 digits as the account's id.
    pub(crate) async fn new() -> Self {
        assert!(
            std::env::var("AWS_ENDPOINT_URL").is_ok_and(|url| url.starts_with("http://127.0.0.1")),
            "these tests want LocalStack: run `localstack/up` and set AWS_ENDPOINT_URL to what it prints"
        );
        let account = (100_000_000_000 + RandomState::new().build_hasher().finish() % 900_000_000_000).to_string();
        let credentials = Credentials::new(&account, "test", None, None, "test");
        Self {
            aws: Aws::writer_as(credentials, &account, REGION).await,
            scope: Scope { project: "shop".into(), environment: "test".into() },
        }
    }

    /// Makes a resource that others in a test need, under its own address.
    pub(crate) async fn make<R: Resource>(&self, address: &str, want: R) -> Made {
        let kind = registered::<R>();
        let change = self.plan(&desired(address, &want)).await;
        assert_eq!(change.action, Action::Create, "{change:#?}");
        let created = kind.create(&self.aws, &change.after, &change.tags).await.unwrap();
        let mut outputs = created.outputs.clone();
        let id = created.id.clone();
        outputs.extend(kind.settle(&self.aws, created).await.unwrap());
        Made { target: Target { id, attrs: change.after, outputs } }
    }

    /// Deletes what [`make`](Self::make) made, and waits until it is gone.
    pub(crate) async fn discard<R: Resource>(&self, made: &Made) {
        let kind = registered::<R>();
        kind.delete(&self.aws, &made.target).await.unwrap();
        kind.gone(&self.aws, &made.target).await.unwrap();
    }

    /// All resources of a kind under our tags or names.
    pub(crate) async fn list<R: Resource>(&self) -> Vec<Live> {
        registered::<R>().list(&self.aws, &self.scope).await.unwrap()
    }

    /// What the planner would do to one resource, as AWS is now.
    pub(crate) async fn plan(&self, desired: &Desired) -> Change {
        let kind = Registry.kind(desired.kind).unwrap();
        let live = kind.list(&self.aws, &self.scope).await.unwrap();
        let plan = plan(&Registry, &self.scope, std::slice::from_ref(desired), &live, &Options::default()).unwrap();
        let of_it = |change: &&Change| change.address == desired.address;
        assert_eq!(plan.changes.iter().filter(of_it).count(), 1, "{:#?}", plan.changes);
        plan.changes.iter().find(of_it).unwrap().clone()
    }

    /// Plans a change in place of what is there, carries it out, and sees that nothing is left to do. Gives what differed.
    pub(crate) async fn put_right<R: Resource>(&self, address: &str, want: R) -> BTreeSet<String> {
        let desired = desired(address, &want);
        let change = self.plan(&desired).await;
        assert_eq!((change.action, &change.blocked), (Action::Update, &None), "{change:#?}");
        let names: Vec<String> = change.fields.iter().map(|field| field.name.clone()).collect();
        let live = target(change.live.as_ref().unwrap());
        let outputs = registered::<R>().update(&self.aws, &live, &change.after, &names, &change.tags).await.unwrap();
        let now = self.as_declared(&desired).await;
        let old: Vec<_> = outputs.iter().filter(|(name, value)| now.outputs.get(*name) != Some(value)).collect();
        assert!(old.is_empty(), "update answered {old:?}, AWS has {:?}", now.outputs);
        names.into_iter().collect()
    }

    /// The whole life of a resource: made, found as wanted, changed in place to each of `changes`, a tag put back, deleted.
    pub(crate) async fn round_trip<R: Resource + Debug>(&self, want: R, changes: impl IntoIterator<Item = R>) {
        const ADDRESS: &str = "round.trip";
        let kind = registered::<R>();

        let made = self.make(ADDRESS, want.clone()).await;
        let live = self.as_declared(&desired(ADDRESS, &want)).await;
        assert_eq!(live.id, made.id(), "what create says and what list says must be the same");
        assert_outputs(kind, &live, &made.target.outputs);
        let others = Scope { environment: "other".into(), ..self.scope.clone() };
        for other in kind.list(&self.aws, &others).await.unwrap() {
            assert!(matches!(other.owner, Owner::Foreign(_)), "another environment takes this for its own: {other:#?}");
        }

        let mut last = want;
        for want in changes {
            let changed = self.put_right(ADDRESS, want.clone()).await;
            assert!(changed.iter().any(|name| name != "tags"), "{want:?} is no change");
            last = want;
        }

        // A tag that somebody changed is seen, and put back.
        let live = target(&self.as_declared(&desired(ADDRESS, &last)).await);
        let edited = Tags::from([("Name".to_owned(), "edited".to_owned())]);
        kind.update(&self.aws, &live, &encode(&last), &["tags".to_owned()], &edited).await.unwrap();
        assert_eq!(self.put_right(ADDRESS, last).await, BTreeSet::from(["tags".to_owned()]));

        kind.delete(&self.aws, &live).await.unwrap();
        kind.gone(&self.aws, &live).await.unwrap();
        let left = self.list::<R>().await;
        assert!(left.is_empty(), "left after its deletion: {left:#?}");
        kind.delete(&self.aws, &live).await.unwrap();
        kind.gone(&self.aws, &live).await.unwrap();
    }

    /// The live resource, of which the planner must have nothing to say.
    async fn as_declared(&self, desired: &Desired) -> Live {
        let change = self.plan(desired).await;
        assert_eq!(change.action, Action::NoOp, "the second plan is not empty: {change:#?}");
        let live = change.live.unwrap();
        assert_eq!(live.state, State::Ready);
        live
    }
}

/// A resource as a spec would ask for it.
pub(crate) fn desired<R: Resource>(address: &str, want: &R) -> Desired {
    let address: Address = address.parse().unwrap();
    let mut attrs = encode(want);
    attrs.retain(|_, value| !value.is_null()); // not managed
    Desired {
        tags: Tags::from([("Name".to_owned(), format!("shop-test-{}", address.as_str().replace('.', "-")))]),
        address,
        kind: R::SCHEMA.kind,
        attrs,
        after: Vec::new(),
        deferred: None,
    }
}

/// What a kind needs to change or delete a live resource.
pub(crate) fn target(live: &Live) -> Target {
    Target { id: live.id.clone(), attrs: live.attrs.clone(), outputs: live.outputs.clone() }
}

/// A change that takes another resource, because of these attributes.
pub(crate) fn replaced_by(change: &Change) -> Vec<&str> {
    assert!(matches!(change.action, Action::Replace { .. }), "{change:#?}");
    change.fields.iter().filter(|field| field.effect == Effect::Replace).map(|field| field.name.as_str()).collect()
}

fn registered<R: Resource>() -> &'static dyn Kind {
    Registry.kind(R::SCHEMA.kind).unwrap_or_else(|| panic!("{} is missing in aws/kinds.rs", R::SCHEMA.kind))
}

/// Every output of the table is there, and what create and settle said is what AWS has.
fn assert_outputs(kind: &dyn Kind, live: &Live, said: &Outputs) {
    let schema = kind.schema();
    let table: Vec<&str> = schema.outputs.iter().map(|output| output.name).collect();
    for name in &table {
        assert!(live.outputs.contains_key(*name), "{} was read without its output {name}", schema.kind);
        assert_eq!(said.get(*name), live.outputs.get(*name), "{}: the output {name}, as made and as read", schema.kind);
    }
    for name in said.keys().chain(live.outputs.keys()) {
        assert!(table.contains(&name.as_str()), "{}: {name} is not in the table of outputs", schema.kind);
    }
    let name = schema.attributes.iter().find(|attribute| matches!(attribute.rule, Rule::Name));
    if let Some(name) = name.filter(|_| table.contains(&"name")) {
        assert_eq!(live.attrs[name.name].as_str(), live.outputs.get("name").map(String::as_str));
    }
}
