//! What every test here needs: an AWS account of its own, and the life of a resource from nothing to nothing.
//!
//! Everything goes the way a plan goes: the planner decides, the kind carries out, the planner must then have nothing to say.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{Duration, Instant};

use aws_sdk_sts::config::Credentials;
use infra::apply::notice::Notices;
use infra::apply::{Cloud, Failure};
use infra::aws::cloud::Writer;
use infra::aws::kind::{Created, Kind, Resource, Target, encode};
use infra::aws::kinds::Registry;
use infra::aws::{Aws, AwsError};
use infra::graph::{Address, Desired, Live, Outputs, Owner, Scope, State, Tags};
use infra::plan::{Action, Change, Effect, Options, Reason, Rule, plan};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

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
        Self::of(Scope { project: "shop".into(), environment: "test".into() }, REGION).await
    }

    /// A fresh account for this environment.
    pub(crate) async fn of(scope: Scope, region: &str) -> Self {
        host();
        let account = (100_000_000_000 + RandomState::new().build_hasher().finish() % 900_000_000_000).to_string();
        let credentials = Credentials::new(&account, "test", None, None, "test");
        Self { aws: Aws::writer_as(credentials, &account, region).await, scope }
    }

    /// For tests that look at what is not final yet: long enough that a busy machine does not miss it.
    pub(crate) async fn settle_slowly(&self, service: &str) {
        self.settle_seconds(service, 10.0).await;
    }

    /// Waits until this call was made so often since counting began.
    pub(crate) async fn called(&self, call: &str, times: usize) {
        let began = Instant::now();
        while self.calls().await.iter().filter(|made| *made == call).count() < times {
            assert!(began.elapsed() < Duration::from_mins(3), "it is not called {times} times: {call}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// How long creating, modifying and deleting last in a service of this account from now on.
    pub(crate) async fn settle_seconds(&self, service: &str, seconds: f64) {
        self.control("settle", &json!({ "service": service, "seconds": seconds })).await;
    }

    /// What AWS is at work on in this account is over.
    pub(crate) async fn hurry(&self) {
        self.control("hurry", &json!({})).await;
    }

    /// Tells LocalStack's extension how to behave in this account: see `localstack/infra_localstack/control.py`.
    pub(crate) async fn control(&self, what: &str, body: &Value) {
        let mut body = body.clone();
        body["account"] = json!(self.aws.account);
        let (status, answer) = http("POST", &format!("/_infra/{what}"), &[], &body.to_string()).await.unwrap();
        assert_eq!(status, 200, "/_infra/{what}: {answer}");
    }

    /// Every call of this account since the last time it was asked to count anew, as `service:Operation`; without those that a policy
    /// did not allow.
    pub(crate) async fn calls(&self) -> Vec<String> {
        let (status, answer) = http("GET", &format!("/_infra/calls?account={}", self.aws.account), &[], "").await.unwrap();
        assert_eq!(status, 200, "{answer}");
        let calls: Vec<Value> = serde_json::from_str(&answer).unwrap();
        let text = |call: &Value, key: &str| call[key].as_str().unwrap().to_owned();
        let allowed = calls.iter().filter(|call| call["refused"] != true);
        allowed.map(|call| format!("{}:{}", text(call, "service"), text(call, "operation"))).collect()
    }

    /// Makes a resource that others in a test need, under its own address, and waits until it is ready.
    pub(crate) async fn make<R: Resource>(&self, address: &str, want: R) -> Made {
        let created = self.create(address, &want).await;
        let (id, mut outputs) = (created.id.clone(), created.outputs.clone());
        outputs.extend(self.settle::<R>(created).await.unwrap());
        Made { target: Target { id, attrs: desired(address, &want).attrs, outputs } }
    }

    /// Plans a resource that must not be there yet, and makes the call that makes it.
    pub(crate) async fn create<R: Resource>(&self, address: &str, want: &R) -> Created {
        let change = self.plan(&desired(address, want)).await;
        assert_eq!((change.action, &change.blocked), (Action::Create, &None), "{change:#?}");
        registered::<R>().create(&self.aws, &change.after, &change.tags).await.unwrap()
    }

    /// Waits until it is ready.
    pub(crate) async fn settle<R: Resource>(&self, created: Created) -> Result<Outputs, AwsError> {
        registered::<R>().settle(&self.aws, created).await
    }

    /// Deletes it without waiting until it is gone.
    pub(crate) async fn delete<R: Resource>(&self, target: &Target) {
        registered::<R>().delete(&self.aws, target).await.unwrap();
    }

    /// Deletes what [`make`](Self::make) made, and waits until it is gone.
    pub(crate) async fn discard<R: Resource>(&self, made: &Made) {
        self.delete::<R>(&made.target).await;
        registered::<R>().gone(&self.aws, &made.target).await.unwrap();
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
        let of_it = |change: &&Change| change.address == desired.address && change.reason != Reason::Leftover;
        assert_eq!(plan.changes.iter().filter(of_it).count(), 1, "{:#?}", plan.changes);
        plan.changes.iter().find(of_it).unwrap().clone()
    }

    /// Plans a change in place of what is there, carries it out, and sees that nothing is left to do. Gives what differed.
    pub(crate) async fn put_right<R: Resource>(&self, address: &str, want: R) -> BTreeSet<String> {
        self.carry_out(address, want).await.fields.into_iter().map(|field| field.name).collect()
    }

    /// The same; gives the change, as it was planned.
    pub(crate) async fn carry_out<R: Resource>(&self, address: &str, want: R) -> Change {
        let desired = desired(address, &want);
        let change = self.plan(&desired).await;
        assert_eq!((change.action, &change.blocked), (Action::Update, &None), "{change:#?}");
        let outputs = self.update(&change).await.unwrap();
        let now = self.as_declared(&desired).await;
        let old: Vec<_> = outputs.iter().filter(|(name, value)| now.outputs.get(*name) != Some(value)).collect();
        assert!(old.is_empty(), "update answered {old:?}, AWS has {:?}", now.outputs);
        change
    }

    /// Carries out a change in place as the executor does.
    pub(crate) async fn update(&self, change: &Change) -> Result<Outputs, Failure> {
        let names: Vec<String> = change.fields.iter().map(|field| field.name.clone()).collect();
        let live = target(change.live.as_ref().unwrap());
        Writer::from(self.aws.clone()).update(change.kind, &live, &change.after, &names, &change.tags).await
    }

    /// Puts back what a change has made; gives whether there was anything to put back.
    pub(crate) async fn restore(&self, change: &Change) -> Result<bool, Failure> {
        Writer::from(self.aws.clone()).restore(change).await
    }

    /// Sees that there is nothing to put back, and that finding out writes nothing.
    pub(crate) async fn is_restored(&self, change: &Change) {
        self.control("calls/reset", &json!({})).await;
        assert_eq!(self.restore(change).await, Ok(false));
        let calls = self.calls().await;
        let reads = |call: &&String| ["Describe", "List", "Get"].iter().any(|read| call.contains(&format!(":{read}")));
        assert_eq!(calls.iter().find(|call| !reads(call)), None);
    }

    /// Does work as a step does; gives what it told of itself meanwhile, too.
    pub(crate) async fn listen<T>(&self, work: impl Future<Output = T>) -> (T, Vec<String>) {
        let (notices, mut heard) = Notices::new();
        let done = notices.of(0, work).await;
        drop(notices);
        let mut told = Vec::new();
        while let Some((_, text)) = heard.recv().await {
            told.push(text);
        }
        (done, told)
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
        let address: Address = ADDRESS.parse().unwrap();
        let mut left = self.list::<R>().await;
        left.retain(|live| live.address() == Some(&address));
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
        blocked: None,
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
        // A cache has outputs for as many nodes as it may have.
        let node_that_is_not_there = name.starts_with("member_") && *name != "member_1";
        let there = live.outputs.contains_key(*name) || node_that_is_not_there;
        assert!(there, "{} was read without its output {name}", schema.kind);
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

/// Host and port of LocalStack.
fn host() -> String {
    let url = std::env::var("AWS_ENDPOINT_URL").unwrap_or_default();
    let host = url.strip_prefix("http://127.0.0.1:").map(|port| format!("127.0.0.1:{}", port.trim_end_matches('/')));
    host.expect("these tests want LocalStack: run `localstack/up` and set AWS_ENDPOINT_URL to what it prints")
}

/// One HTTP request of the plainest kind; gives the status and body of its answer.
pub(crate) async fn http(method: &str, path: &str, headers: &[(&str, String)], body: &str) -> std::io::Result<(u16, String)> {
    let host = host();
    let headers: Vec<String> = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let headers = headers.concat();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(host).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    Ok((status, body.to_owned()))
}
