//! Release commands: an instance that runs one, and whatever it comes to.

use std::time::{Duration, Instant};

use aws_sdk_ec2::types::InstanceStateName;
use infra::aws::AwsError;
use infra::aws::ec2::instance::Instance;
use infra::aws::ec2::launch_template::Container;
use infra::graph::{Created, Outputs, State};
use infra::plan::{Action, Change, Reason};
use serde_json::json;

use crate::around::network;
use crate::kit::{Sandbox, desired, replaced_by, target};
use crate::launch_template::launch_template;

const RELEASE: &str = "service.web.release";
const GROUP: &str = "/shop/test/web";

/// A release in an account of its own.
struct Stage {
    sandbox: Sandbox,
    want: Instance,
}

impl Stage {
    async fn new() -> Self {
        let sandbox = Sandbox::new().await;
        let network = network(&sandbox.aws).await;
        let template = launch_template(&sandbox.aws, &network).await;
        let made = sandbox.make("service.web.launch_template", template.clone()).await;
        sandbox.aws.logs.create_log_group().log_group_name(GROUP).send().await.unwrap();
        let command = ["python", "manage.py", "migrate"].map(str::to_owned).into();
        let want = Instance {
            launch_template: made.id(),
            launch_template_version: "1".into(),
            subnets: network.subnets.clone().into(),
            security_groups: template.security_groups,
            public_address: false,
            container: Container { command, port: None, ..template.container },
            timeout_seconds: 900,
        };
        Self { sandbox, want }
    }

    /// How the next one ends.
    async fn ends(&self, outcome: &str) {
        self.sandbox.control("outcome", &json!({ "service": "ec2", "resource": RELEASE, "outcome": outcome })).await;
    }

    async fn create(&self) -> Created {
        self.sandbox.create(RELEASE, &self.want).await
    }

    async fn settle(&self, created: Created) -> Result<Outputs, AwsError> {
        self.sandbox.settle::<Instance>(created).await
    }

    /// What the planner would do by now.
    async fn planned(&self) -> Change {
        self.sandbox.plan(&desired(RELEASE, &self.want)).await
    }

    /// The state of each instance there has been.
    async fn states(&self) -> Vec<InstanceStateName> {
        let answer = self.sandbox.aws.ec2.describe_instances().send().await.unwrap();
        let instances = answer.reservations().iter().flat_map(aws_sdk_ec2::types::Reservation::instances);
        instances.map(|instance| instance.state().unwrap().name().unwrap().clone()).collect()
    }

    /// Nothing is left, and the next run makes it anew.
    async fn nothing_stays(&self) {
        assert!(self.sandbox.list::<Instance>().await.is_empty());
        let gone = [InstanceStateName::ShuttingDown, InstanceStateName::Terminated];
        assert!(self.states().await.iter().all(|state| gone.contains(state)));
        assert_eq!(self.planned().await.action, Action::Create);
    }
}

#[tokio::test]
async fn one_that_succeeds_leaves_its_output_and_nothing_else() {
    let stage = Stage::new().await;
    let created = stage.create().await;
    let id = created.id.clone();
    let outputs = stage.settle(created).await.unwrap();
    let lines: Vec<&str> = outputs["output"].lines().collect();
    assert_eq!(lines.len(), 21, "the last 20, and where the rest is: {lines:#?}");
    assert!(lines[0].starts_with("step ") && lines.contains(&"step 30 of 30"), "{lines:#?}");
    assert_eq!(lines[20], format!("(log group {GROUP}, stream release/ab/{id})"));
    stage.nothing_stays().await;
}

#[tokio::test]
async fn it_is_an_instance_of_the_template_with_user_data_of_its_own() {
    let stage = Stage::new().await;
    stage.sandbox.settle_slowly("ec2").await;
    let created = stage.create().await;
    let found = stage.sandbox.list::<Instance>().await;
    assert_eq!((found.len(), &found[0].id, &found[0].outputs), (1, &created.id, &created.outputs));
    assert_eq!(found[0].state, State::Busy("pending".into()));
    let answer = stage.sandbox.aws.ec2.describe_instances().instance_ids(&created.id).send().await.unwrap();
    let instance = &answer.reservations()[0].instances()[0];
    assert_eq!(instance.instance_type().unwrap().as_str(), "t3.small");
    assert!(instance.iam_instance_profile().unwrap().arn().unwrap().ends_with("shop-test-web-instance"));
    stage.sandbox.delete::<Instance>(&target(&found[0])).await;
    assert!(stage.sandbox.list::<Instance>().await.is_empty());
}

#[tokio::test]
async fn one_that_fails_says_how_and_its_last_lines() {
    let stage = Stage::new().await;
    stage.ends("3").await;
    let error = stage.settle(stage.create().await).await.unwrap_err();
    assert_eq!((error.operation.as_str(), error.code.as_str()), ("release command", "ExitCode3"));
    let lines: Vec<&str> = error.message.lines().collect();
    assert_eq!((lines[0], lines[20], lines.len()), ("it ended with exit code 3", "told to end like this: 3", 22), "{lines:#?}");
    stage.nothing_stays().await;
}

#[tokio::test]
async fn one_that_cannot_be_run_says_why() {
    let stage = Stage::new().await;
    stage.ends("docker pull … failed with exit code 1").await;
    let error = stage.settle(stage.create().await).await.unwrap_err();
    assert_eq!(error.code, "NotRun");
    assert!(error.message.starts_with("it could not be run: docker pull … failed with exit code 1\n(log group"), "{error}");
    stage.nothing_stays().await;
}

#[tokio::test]
async fn one_that_does_not_end_is_ended() {
    let mut stage = Stage::new().await;
    stage.want.timeout_seconds = 3;
    stage.ends("stuck").await;
    let started = Instant::now();
    let error = stage.settle(stage.create().await).await.unwrap_err();
    assert_eq!(error.code, "TimedOut");
    // What it has written may hold secrets, and the instance has not come to strike them out.
    let (where_it_is, written) = (error.message.contains("stream release/"), error.message.contains("step 30 of 30"));
    assert!(error.message.contains("not ended after 3 s") && where_it_is && !written, "{error}");
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
    stage.nothing_stays().await;
}

#[tokio::test]
async fn one_that_vanishes_has_failed() {
    let stage = Stage::new().await;
    stage.ends("vanishes").await;
    let created = stage.create().await;
    let id = created.id.clone();
    let error = stage.settle(created).await.unwrap_err();
    assert_eq!(error.code, "Vanished");
    let (where_it_is, written) = (error.message.contains("stream release/"), error.message.contains("step 30 of 30"));
    assert!(error.message.contains(&id) && where_it_is && !written, "{error}");
    stage.nothing_stays().await;
}

/// A run was cut short while it waited.
#[tokio::test]
async fn one_that_a_run_left_is_followed_to_its_end() {
    let stage = Stage::new().await;
    stage.sandbox.settle_slowly("ec2").await;
    let created = stage.create().await;
    let change = stage.planned().await;
    assert_eq!((change.action, change.reason, change.fields.len()), (Action::Update, Reason::Busy, 0), "{change:#?}");
    let live = change.live.unwrap();
    assert_eq!(live.id, created.id);
    let outputs = stage.settle(Created { id: live.id, outputs: live.outputs }).await.unwrap();
    assert!(outputs["output"].contains("step 30 of 30"), "{outputs:?}");
    stage.nothing_stays().await;
}

/// Both would work on the same data.
#[tokio::test]
async fn one_that_a_run_left_makes_way_for_another() {
    let mut stage = Stage::new().await;
    stage.ends("stuck").await;
    let left = stage.create().await;
    stage.want.container.image = stage.want.container.image.replace(":ab", ":cd");
    let change = stage.planned().await;
    assert_eq!(replaced_by(&change), ["container"]);
    let created = infra::aws::kinds::Registry.kind("ec2.instance").unwrap();
    let created = created.create(&stage.sandbox.aws, &change.after, &change.tags).await.unwrap();
    let found = stage.sandbox.list::<Instance>().await;
    assert_eq!(
        found.iter().map(|live| &live.id).collect::<Vec<_>>(),
        [&created.id],
        "{} is gone before the other comes",
        left.id
    );
    let outputs = stage.settle(created).await.unwrap();
    assert!(outputs["log_stream"].starts_with("release/cd/"), "{outputs:?}");
    stage.nothing_stays().await;
}

#[tokio::test]
async fn where_one_zone_has_no_room_it_starts_in_another() {
    let stage = Stage::new().await;
    let full = json!({ "service": "ec2", "operation": "RunInstances", "code": "InsufficientInstanceCapacity", "times": 1 });
    stage.sandbox.control("fail", &full).await;
    let created = stage.create().await;
    let found = stage.sandbox.list::<Instance>().await;
    let last = stage.want.subnets.iter().next_back().unwrap();
    assert_eq!(found[0].attrs["subnets"], json!([last]));
    stage.settle(created).await.unwrap();
}
