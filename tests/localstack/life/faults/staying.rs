//! Faults that stay: what is said to be done, failed and left is exactly so; and once the fault is gone, the next run completes.

use std::collections::BTreeSet;

use aws_proxy::{Call, Entry, Fault, Nothing};
use futures::StreamExt;

use super::told::{End, Told};
use super::{Dice, Phase, all, before, finish, proxy, run, succeeded, writes};
use crate::life::Stage;
use crate::life::plan::Plan;

/// What the quota of a create is called where it is exceeded ("Error codes" in each service's reference).
const QUOTAS: [(&str, &str); 30] = [
    ("ec2:CreateVpc", "VpcLimitExceeded"),
    ("ec2:CreateSubnet", "SubnetLimitExceeded"),
    ("ec2:CreateInternetGateway", "InternetGatewayLimitExceeded"),
    ("ec2:AllocateAddress", "AddressLimitExceeded"),
    ("ec2:CreateNatGateway", "NatGatewayLimitExceeded"),
    ("ec2:CreateRouteTable", "RouteTableLimitExceeded"),
    ("ec2:CreateRoute", "RouteLimitExceeded"),
    ("ec2:CreateSecurityGroup", "SecurityGroupLimitExceeded"),
    ("ec2:AuthorizeSecurityGroupIngress", "RulesPerSecurityGroupLimitExceeded"),
    ("ec2:CreateVpcEndpoint", "VpcEndpointLimitExceeded"),
    ("iam:CreateRole", "LimitExceeded"),
    ("iam:CreateInstanceProfile", "LimitExceeded"),
    ("rds:CreateDBSubnetGroup", "DBSubnetGroupQuotaExceeded"),
    ("rds:CreateDBInstance", "InstanceQuotaExceeded"),
    ("rds:CreateDBParameterGroup", "DBParameterGroupQuotaExceeded"),
    ("elasticache:CreateCacheSubnetGroup", "CacheSubnetGroupQuotaExceeded"),
    ("elasticache:CreateReplicationGroup", "NodeQuotaForCustomerExceeded"),
    ("elasticloadbalancing:CreateLoadBalancer", "TooManyLoadBalancers"),
    ("elasticloadbalancing:CreateTargetGroup", "TooManyTargetGroups"),
    ("elasticloadbalancing:CreateListener", "TooManyListeners"),
    ("elasticloadbalancing:CreateRule", "TooManyRules"),
    ("cloudwatch:PutMetricAlarm", "LimitExceeded"),
    ("ecr:CreateRepository", "LimitExceededException"),
    ("logs:CreateLogGroup", "LimitExceededException"),
    ("apprunner:CreateAutoScalingConfiguration", "ServiceQuotaExceededException"),
    ("apprunner:CreateVpcConnector", "ServiceQuotaExceededException"),
    ("apprunner:CreateService", "ServiceQuotaExceededException"),
    ("ec2:CreateLaunchTemplate", "ResourceLimitExceeded"),
    ("autoscaling:CreateAutoScalingGroup", "LimitExceeded"),
    ("ec2:RunInstances", "VcpuLimitExceeded"),
];

/// Those of what only images bring, and of what only a change does.
const DEPLOYED: [&str; 4] =
    ["apprunner:CreateService", "ec2:CreateLaunchTemplate", "autoscaling:CreateAutoScalingGroup", "cloudwatch:PutMetricAlarm"];
const CHANGED: [&str; 1] = ["ec2:RunInstances"];

/// What makes a part of something that is there: a route of its table, a rule of its listener.
const PARTS: [&str; 2] = ["CreateRoute", "CreateRule"];

/// What stays wrong.
#[derive(Clone, Debug)]
enum Wrong {
    Denied(String),
    Quota(&'static str, &'static str),
}

impl Wrong {
    fn action(&self) -> &str {
        match self {
            Self::Denied(action) => action,
            Self::Quota(action, _) => action,
        }
    }

    fn decide(&self, call: &Call) -> Fault {
        match self {
            _ if call.name() != self.action() => Fault::None,
            Self::Denied(_) => Fault::Instead(call.denied()),
            Self::Quota(_, code) => Fault::Instead(call.refusal(400, code, "The maximum number has been reached")),
        }
    }

    fn code(&self) -> Option<&str> {
        match self {
            Self::Denied(_) => None,
            Self::Quota(_, code) => Some(code),
        }
    }
}

/// The actions by which a phase changes something, in the order of their first calls.
fn actions(log: &[Entry]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    writes(log).map(|entry| entry.call.name()).filter(|name| seen.insert(name.clone())).collect()
}

/// What an undisturbed run of a phase calls.
async fn undisturbed(phase: Phase) -> Vec<String> {
    let (stage, proxy) = (before(phase).await, proxy().await);
    proxy.follow(Nothing);
    let (ended, log) = run(&stage, &proxy, phase, &[]).await;
    assert_eq!(ended.code, 0, "{ended:#?}");
    actions(&log)
}

/// Goes through a phase with this wrong.
async fn stays(phase: Phase, wrong: Wrong) {
    let (stage, proxy) = (before(phase).await, proxy().await);
    let script = wrong.clone();
    proxy.follow(move |call: &Call| script.decide(call));
    let (ended, log) = run(&stage, &proxy, phase, &["--json"]).await;
    let case = format!("{phase:?} with {wrong:?}");
    let wrote = writes(&log).any(succeeded);
    // A deployment that fails is put back.
    let expected = if wrote { 3 } else { 1 };
    let deploys = matches!(phase, Phase::Deploy | Phase::Change);
    assert!(ended.code == expected || deploys && ended.code == 6, "{case}: {ended:#?}");

    let told = Told::read(&ended);
    assert!(!told.failed().is_empty(), "{case}: {told:#?}");
    for end in told.steps.values() {
        let End::Failed(operation, code) = end else { continue };
        let named = operation == wrong.action() && wrong.code().is_none_or(|expected| code == expected);
        assert!(named, "{case}: {told:#?}");
    }
    told.left_is_what_waits_for_failures();
    let left = left(&stage, phase).await;
    if ended.code == 6 {
        told.is_recorded(&stage, "rolled_back", 6);
    } else {
        let (_, verb) = wrong.action().split_once(':').unwrap();
        // What such a call makes is not there where it was refused, unless that is only a part of what was made before.
        let makes = (verb.starts_with("Create") || verb.starts_with("Allocate")) && !PARTS.contains(&verb);
        told.is_true(&stage, &left, deploys, wrong.action(), makes).await;
        told.is_recorded(&stage, if wrote { "partly" } else { "failed" }, ended.code);
    }
    completes(&stage, phase).await;
}

/// What a phase would do now.
async fn left(stage: &Stage, phase: Phase) -> Plan {
    match phase {
        Phase::Destroy => stage.plan(&["--destroy"]).await,
        _ => stage.plan(&phase.images()).await,
    }
}

/// With nothing wrong any more, the next run completes.
async fn completes(stage: &Stage, phase: Phase) {
    finish(stage, phase).await;
    phase.is_over(stage).await;
}

/// All of a table, or a sample of it and what ever failed; some side by side.
async fn each(phase: Phase, table: Vec<Wrong>, sample: usize, failed_once: &[&str]) {
    let (known, others): (Vec<_>, Vec<_>) = table.into_iter().partition(|wrong| failed_once.contains(&wrong.action()));
    let others = if all() { others } else { Dice(2026).some(others, sample) };
    let cases: Vec<_> = known.into_iter().chain(others).map(|wrong| tokio::spawn(case(phase, wrong))).collect();
    let ended: Vec<_> = futures::stream::iter(cases).buffer_unordered(3).collect().await;
    let failed = ended.iter().filter(|ended| ended.is_err()).count();
    assert_eq!(failed, 0, "of {} faults", ended.len());
}

/// One at a time of some.
async fn case(phase: Phase, wrong: Wrong) {
    static PLACES: tokio::sync::Semaphore = tokio::sync::Semaphore::const_new(3);
    let _place = PLACES.acquire().await.unwrap();
    stays(phase, wrong).await;
}

async fn denied(phase: Phase, sample: usize, failed_once: &[&str]) {
    let table = undisturbed(phase).await.into_iter().map(Wrong::Denied).collect();
    each(phase, table, sample, failed_once).await;
}

#[tokio::test]
async fn what_is_denied_while_applying() {
    denied(Phase::Apply, 3, &["ec2:CreateRoute"]).await;
}

#[tokio::test]
async fn what_is_denied_while_deploying() {
    denied(Phase::Deploy, 1, &[]).await;
}

#[tokio::test]
async fn what_is_denied_while_changing() {
    denied(Phase::Change, 2, &[]).await;
}

#[tokio::test]
async fn what_is_denied_while_destroying() {
    denied(Phase::Destroy, 2, &[]).await;
}

#[tokio::test]
async fn quotas() {
    let of = |phase: Phase| {
        let belongs = move |action: &str| match phase {
            Phase::Deploy => DEPLOYED.contains(&action),
            Phase::Change => CHANGED.contains(&action),
            _ => !DEPLOYED.contains(&action) && !CHANGED.contains(&action),
        };
        let some = QUOTAS.iter().filter(move |(action, _)| belongs(action));
        some.map(|(action, code)| Wrong::Quota(action, code)).collect()
    };
    each(Phase::Apply, of(Phase::Apply), 3, &["ec2:CreateRoute", "elasticloadbalancing:CreateRule"]).await;
    if all() {
        each(Phase::Deploy, of(Phase::Deploy), 1, &[]).await;
        each(Phase::Change, of(Phase::Change), 1, &[]).await;
    }
}

/// Who may not take the environment does nothing else.
#[tokio::test]
async fn the_environment_cannot_be_taken() {
    let (stage, proxy) = (before(Phase::Apply).await, proxy().await);
    proxy.follow(|call: &Call| if call.name() == "ssm:PutParameter" { Fault::Instead(call.denied()) } else { Fault::None });
    let (ended, log) = run(&stage, &proxy, Phase::Apply, &[]).await;
    assert_eq!(ended.code, 1, "{ended:#?}");
    assert!(ended.err.contains("ssm:PutParameter") && ended.err.contains("AccessDenied"), "{ended:#?}");
    assert_eq!(writes(&log).map(|entry| entry.call.name()).collect::<Vec<_>>(), Vec::<String>::new());
    assert!(stage.everything().await.is_empty());
    completes(&stage, Phase::Apply).await;
}

/// From some call on, nothing is answered but that the session is over.
async fn expires(phase: Phase, after: usize) {
    let (stage, proxy) = (before(phase).await, proxy().await);
    let mut seen = 0;
    proxy.follow(move |call: &Call| {
        seen += usize::from(call.writes && call.service != "ssm");
        if seen > after { Fault::Instead(call.expired()) } else { Fault::None }
    });
    let (ended, log) = run(&stage, &proxy, phase, &["--json"]).await;
    let wrote = writes(&log).any(succeeded);
    assert!(ended.code == 3 && wrote, "{phase:?} after {after}: {ended:#?}");
    assert!(ended.err.contains("ends by itself"), "nothing is said of the lease: {ended:#?}");
    assert!(ended.out.contains("xpired"), "{ended:#?}");
    let told = Told::read(&ended);
    for end in told.steps.values() {
        assert!(!matches!(end, End::Failed(_, code) if !code.contains("xpired")), "{told:#?}");
    }
    told.left_is_what_waits_for_failures();
    told.is_recorded(&stage, "partly", 3);
    let ended = stage.run(&["unlock", "--yes"]).await;
    assert_eq!(ended.code, 0, "{ended:#?}");
    told.is_true(&stage, &left(&stage, phase).await, false, "", false).await;
    completes(&stage, phase).await;
}

#[tokio::test]
async fn a_token_that_expires_halfway() {
    let moments: &[usize] = if all() { &[1, 5, 10, 20, 30, 40, 50] } else { &[20] };
    for after in moments {
        expires(Phase::Apply, *after).await;
    }
    let moments: &[usize] = if all() { &[1, 4, 8, 16, 24] } else { &[8] };
    for after in moments {
        expires(Phase::Destroy, *after).await;
    }
}
