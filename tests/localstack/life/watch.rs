//! What must be there all the time while something else changes.

use std::future::Future;
use std::time::Duration;

use aws_sdk_autoscaling::types::{AutoScalingGroup, Instance, LifecycleState};

use super::Stage;

impl Stage {
    async fn site_is_up(&self) -> Result<(), String> {
        let site = format!("techhub-{}-web", self.environment);
        let groups = self.aws().autoscaling.describe_auto_scaling_groups().send().await.unwrap();
        let of_site =
            groups.auto_scaling_groups().iter().filter(|group| group.auto_scaling_group_name().unwrap().starts_with(&site));
        let works = |instance: &&Instance| {
            instance.lifecycle_state() == Some(&LifecycleState::InService) && instance.health_status() == Some("Healthy")
        };
        let instances = of_site.flat_map(AutoScalingGroup::instances).filter(works).count();
        let load_balancers = self.aws().elbv2.describe_load_balancers().send().await.unwrap();
        let load_balancers = load_balancers.load_balancers();
        let mut listeners = 0;
        for load_balancer in load_balancers {
            let arn = load_balancer.load_balancer_arn().unwrap();
            let answer = self.aws().elbv2.describe_listeners().load_balancer_arn(arn).send().await;
            // One that is on its way out has none.
            listeners += answer.map_or(0, |answer| answer.listeners().len());
        }
        match instances {
            1.. if listeners > 0 => Ok(()),
            _ => Err(format!("{instances} instances, {} load balancers, {listeners} listeners", load_balancers.len())),
        }
    }

    /// Runs `change`, and looks again and again that the site is up: an instance in service, a load balancer that listens.
    pub(super) async fn while_up<T>(&self, change: impl Future<Output = T>) -> T {
        let mut change = std::pin::pin!(change);
        let mut looks = 0;
        loop {
            tokio::select! {
                done = &mut change => {
                    assert!(looks > 2, "nobody looked");
                    return done;
                }
                () = tokio::time::sleep(Duration::from_millis(50)) => {
                    self.site_is_up().await.unwrap();
                    looks += 1;
                }
            }
        }
    }
}
