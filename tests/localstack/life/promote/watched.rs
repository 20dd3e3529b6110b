//! What happens while a deployment is watched.

use std::time::Duration;

use aws_sdk_cloudwatch::types::StateValue;

use crate::life::interrupt::{end, interrupt, made};
use crate::life::{Ended, Stage, images};

/// Staging with an alarm and a long watch, and dev running what is to come.
async fn watched() -> (Stage, Stage) {
    let dev = Stage::running("dev").await;
    let staging = dev.beside("staging");
    let spec = "[promotion]\nfrom = \"dev\"\nbake = \"5m\"\n[service.web.alarms]\ncpu_percent = 90";
    staging.specs.change("staging", &spec.replace("5m", "1s"));
    staging.converge(&[]).await;
    staging.specs.change("staging", spec);
    dev.push("v2").await;
    dev.converge(&images("v2")).await;
    (dev, staging)
}

impl Stage {
    /// What the group of the site starts instances from.
    async fn version(&self) -> String {
        let name = format!("techhub-{}-web", self.environment);
        let answer = self.aws().autoscaling.describe_auto_scaling_groups().auto_scaling_group_names(name).send().await.unwrap();
        answer.auto_scaling_groups()[0].launch_template().unwrap().version().unwrap().to_owned()
    }

    /// Waits until the new image runs in every service.
    async fn all_run(&self, digest: &[String]) {
        for _ in 0..300 {
            let mut run = 0;
            for service in ["web", "worker", "api"] {
                run += usize::from(self.digests(service).await == digest);
            }
            if run == 3 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("it does not come");
    }
}

#[tokio::test]
async fn an_alarm_while_it_is_watched() {
    let (dev, staging) = watched().await;
    let (before, version) = (staging.digests("web").await, staging.version().await);
    let child = staging.start(&["apply", "--yes"], made("autoscaling:StartInstanceRefresh")).await;
    staging.all_run(&dev.digests("web").await).await;
    let alarm = "techhub-staging-web-cpu-percent";
    let alarms = staging.aws().cloudwatch.describe_alarms().send().await.unwrap();
    let name = alarms.metric_alarms().iter().filter_map(|alarm| alarm.alarm_name()).find(|name| name.contains("web"));
    let ring = staging.aws().cloudwatch.set_alarm_state().alarm_name(name.unwrap_or(alarm)).state_value(StateValue::Alarm);
    ring.state_reason("it is on fire").send().await.unwrap();
    let ended = end(child, Duration::from_mins(3)).await;
    assert_eq!(ended.code, 6, "{ended:#?}");
    assert!(ended.out.contains("Rolled back") && ended.out.contains("it is on fire"), "{ended:#?}");
    for service in ["web", "worker", "api"] {
        assert_eq!(staging.digests(service).await, before);
        assert_eq!(staging.ran(service).await, before.last().cloned(), "{ended:#?}");
    }
    assert_eq!(staging.version().await, version, "the version, too, is the one it was");
}

#[tokio::test]
async fn an_address_that_does_not_answer() {
    let dev = Stage::running("dev").await;
    let before = dev.digests("web").await;
    dev.specs.change("dev", "[service.web]\nprobe = \"/health/\"");
    dev.push("v2").await;
    let mut apply = dev.infra(&[&["apply", "--yes"], images("v2").as_slice()].concat()).await;
    let ended: Ended = apply.env("INFRA_PATIENCE_SECONDS", "2").output().await.unwrap().into();
    assert_eq!(ended.code, 3, "nobody answers there for the old image either: {ended:#?}");
    assert!(ended.out.contains("does not answer") && ended.out.contains("infra rollback --env dev"), "{ended:#?}");
    assert_eq!(dev.digests("web").await, before);
}

/// Killed at any moment of a deployment, the next run ends with what the record says.
#[tokio::test]
async fn killed_in_the_middle_the_next_run_ends_it() {
    let (dev, staging) = watched().await;
    let wanted = dev.digests("web").await;
    for call in ["ec2:CreateLaunchTemplateVersion", "autoscaling:StartInstanceRefresh"] {
        let mut child = staging.start(&["apply", "--yes"], made(call)).await;
        child.kill().await.unwrap();
        assert_eq!(staging.run(&["unlock", "--yes"]).await.code, 0);
    }
    // And while it is watched.
    let mut child = staging.start(&["apply", "--yes"], |_| true).await;
    staging.all_run(&wanted).await;
    child.kill().await.unwrap();
    assert_eq!(staging.run(&["unlock", "--yes"]).await.code, 0);

    staging.specs.change("staging", "[promotion]\nfrom = \"dev\"\n[service.web.alarms]\ncpu_percent = 90");
    let ended = staging.run(&["apply", "--yes"]).await;
    assert_eq!(ended.code, 0, "{ended:#?}");
    staging.is_settled().await;
    for service in ["web", "worker", "api"] {
        assert_eq!(staging.digests(service).await, wanted, "{service}");
    }
}

/// Told to stop while it is watched, it says that nobody has seen how it does, and leaves what runs.
#[tokio::test]
async fn interrupted_while_it_is_watched() {
    let (dev, staging) = watched().await;
    let child = staging.start(&["apply", "--yes"], made("autoscaling:StartInstanceRefresh")).await;
    staging.all_run(&dev.digests("web").await).await;
    interrupt(&child).await;
    let ended = end(child, Duration::from_secs(30)).await;
    assert_eq!(ended.code, 130, "{ended:#?}");
    assert!(ended.out.contains("Not watched"), "{ended:#?}");
    assert_eq!(staging.ran("web").await, dev.digests("web").await.pop());
}
