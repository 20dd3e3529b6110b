//! Launch templates: their versions, and what is read back of user data.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{LaunchTemplateVersion, RequestLaunchTemplateData};
use infra::aws::Aws;
use infra::aws::ec2::launch_template::{Container, LaunchTemplate};
use infra::aws::ec2::user_data;
use infra::graph::Tags;

use crate::around::{Network, instance_profile, machine_image, network};
use crate::kit::{Sandbox, desired};

pub(crate) async fn launch_template(aws: &Aws, network: &Network) -> LaunchTemplate {
    LaunchTemplate {
        name: "shop-test-web".into(),
        image_id: machine_image(aws).await,
        instance_type: "t3.small".into(),
        security_groups: BTreeSet::from([network.security_groups[0].clone()]),
        instance_profile: instance_profile(aws, "shop-test-web-instance").await,
        disk_gib: 30,
        public_address: false,
        imdsv2_required: true,
        detailed_monitoring: true,
        instance_tags: [("Name".to_owned(), "shop-test-web".to_owned()), ("owner".to_owned(), "platform".to_owned())].into(),
        container: Container {
            alone_as: String::new(),
            image: "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop-test/web@sha256:ab".into(),
            command: Vec::new(),
            port: Some(8000),
            environment: [("GREETING".to_owned(), "it's \"$HOME\"\n".to_owned())].into(),
            secrets: [("SECRET_KEY".to_owned(), "ssm:/shop/secret-key".to_owned())].into(),
            log_group: "/shop/test/web".into(),
            script: user_data::version(),
        },
    }
}

#[tokio::test]
async fn launch_template_round_trip() {
    let sandbox = Sandbox::new().await;
    let network = network(&sandbox.aws).await;
    let want = launch_template(&sandbox.aws, &network).await;
    let larger = LaunchTemplate { instance_type: "t3.medium".into(), disk_gib: 50, ..want.clone() };
    let open = LaunchTemplate {
        security_groups: network.security_groups.clone().into(),
        public_address: true,
        imdsv2_required: false,
        detailed_monitoring: false,
        instance_tags: Tags::new(),
        ..want.clone()
    };
    let mut worker = want.clone();
    worker.container.port = None;
    worker.container.command = ["celery", "-A", "config", "worker"].map(str::to_owned).into();
    sandbox.round_trip(want, [larger, open, worker]).await;
}

/// Numbers of the versions there are.
pub(crate) async fn versions(aws: &Aws, id: &str) -> Vec<i64> {
    let answer = aws.ec2.describe_launch_template_versions().launch_template_id(id).send().await.unwrap();
    let mut numbers: Vec<i64> =
        answer.launch_template_versions().iter().filter_map(LaunchTemplateVersion::version_number).collect();
    numbers.sort_unstable();
    numbers
}

#[tokio::test]
async fn of_old_versions_the_last_ones_stay_and_those_in_use() {
    let sandbox = Sandbox::new().await;
    let network = network(&sandbox.aws).await;
    let mut want = launch_template(&sandbox.aws, &network).await;
    let made = sandbox.make("service.web.launch_template", want.clone()).await;
    let group = sandbox.aws.autoscaling.create_auto_scaling_group().auto_scaling_group_name("somebody");
    let template = aws_sdk_autoscaling::types::LaunchTemplateSpecification::builder().launch_template_id(made.id());
    let group = group.launch_template(template.version("1").build()).min_size(0).max_size(0);
    group.vpc_zone_identifier(&network.subnets[0]).send().await.unwrap();
    for disk_gib in 31..40 {
        want.disk_gib = disk_gib;
        sandbox.put_right("service.web.launch_template", want.clone()).await;
    }
    assert_eq!(versions(&sandbox.aws, &made.id()).await, [1, 6, 7, 8, 9, 10]);
}

#[tokio::test]
async fn another_latest_version_is_seen_and_followed_by_ours() {
    let sandbox = Sandbox::new().await;
    let network = network(&sandbox.aws).await;
    let want = launch_template(&sandbox.aws, &network).await;
    let made = sandbox.make("service.web.launch_template", want.clone()).await;
    let theirs = RequestLaunchTemplateData::builder().image_id(&want.image_id).instance_type("t3.small".into()).build();
    let create = sandbox.aws.ec2.create_launch_template_version().launch_template_id(made.id()).launch_template_data(theirs);
    create.send().await.unwrap();

    let change = sandbox.plan(&desired("service.web.launch_template", &want)).await;
    let script = change.fields.iter().find(|field| field.name == "container").unwrap().before["script"].clone();
    assert!(script.as_str().unwrap().starts_with("foreign "), "{script}");
    let changed = sandbox.put_right("service.web.launch_template", want).await;
    assert!(changed.contains("imdsv2_required") && changed.contains("disk_gib"), "{changed:?}");
}
