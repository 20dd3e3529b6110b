//! How many calls reading takes: one for all of a kind, and what AWS tells of each alone.

use infra::aws::apprunner::auto_scaling_configuration::AutoScalingConfiguration;
use infra::aws::apprunner::service::Service;
use infra::aws::cloudwatch::alarm::Alarm;
use infra::aws::ecr::repository::Repository;
use infra::aws::elasticache::replication_group::ReplicationGroup;
use infra::aws::elasticache::subnet_group::SubnetGroup as CacheSubnetGroup;
use infra::aws::kind::Resource;
use infra::aws::rds::instance::Instance;
use infra::aws::rds::parameter_group::ParameterGroup;
use infra::aws::rds::subnet_group::SubnetGroup;

use crate::kit::Sandbox;
use crate::{apprunner, cloudwatch, ecr, elasticache, rds};

/// The calls that one look at a kind takes, and how many there are of it.
async fn reads<R: Resource>(sandbox: &Sandbox) -> (usize, usize) {
    let before = sandbox.aws.reads().calls();
    let found = sandbox.list::<R>().await.len();
    (sandbox.aws.reads().calls() - before, found)
}

#[tokio::test]
async fn repositories_have_tags_and_a_policy_each() {
    let sandbox = Sandbox::new().await;
    assert_eq!(reads::<Repository>(&sandbox).await, (1, 0));
    sandbox.make("repository.web", ecr::repository()).await;
    sandbox.make("repository.api", Repository { name: "shop-test/api".into(), ..ecr::repository() }).await;
    assert_eq!(reads::<Repository>(&sandbox).await, (1 + 2 * 2, 2));
}

#[tokio::test]
async fn databases_are_told_at_once_and_their_groups_without_tags() {
    let (sandbox, want, _) = rds::instance().await;
    sandbox.make("database.main.instance", want.clone()).await;
    sandbox.make("database.other.instance", Instance { name: "shop-test-other".into(), ..want }).await;
    sandbox.make("database.main.parameter_group", rds::parameter_group(&[])).await;
    assert_eq!(reads::<Instance>(&sandbox).await, (1, 2));
    assert_eq!(reads::<SubnetGroup>(&sandbox).await, (2, 1));
    assert_eq!(reads::<ParameterGroup>(&sandbox).await, (1 + 2, 1));
}

#[tokio::test]
async fn caches_are_told_in_two_parts_and_without_tags() {
    let (sandbox, want, _) = elasticache::cache().await;
    sandbox.make("cache.main.replication_group", want).await;
    assert_eq!(reads::<ReplicationGroup>(&sandbox).await, (2 + 1, 1));
    assert_eq!(reads::<CacheSubnetGroup>(&sandbox).await, (2, 1));
}

#[tokio::test]
async fn app_runner_tells_each_service_alone() {
    let (sandbox, want) = apprunner::service().await;
    sandbox.make("service.api.service", want).await;
    assert_eq!(reads::<Service>(&sandbox).await, (1 + 2, 1));
    assert_eq!(reads::<AutoScalingConfiguration>(&sandbox).await, (1 + 2, 1));
}

#[tokio::test]
async fn alarms_are_told_at_once_and_without_tags() {
    let sandbox = Sandbox::new().await;
    assert_eq!(reads::<Alarm>(&sandbox).await, (1, 0));
    sandbox.make("service.web.alarm.cpu_percent", cloudwatch::alarm()).await;
    sandbox.make("service.web.alarm.other", Alarm { name: "shop-test-other".into(), ..cloudwatch::alarm() }).await;
    assert_eq!(reads::<Alarm>(&sandbox).await, (1 + 2, 2));
}
