//! The spec changes, and changes back: in place where AWS can, by replacement where it cannot, and what stays is never missing.

use std::collections::BTreeSet;

use super::Stage;

impl Stage {
    /// Changes the spec, applies, sees that nothing is left to do; then the same for the spec as it was. Gives what the plan said
    /// each time.
    async fn there_and_back(&self, change: &str) -> [BTreeSet<String>; 2] {
        self.specs.change(&self.environment, change);
        let there = self.converge(&[]).await;
        self.specs.change(&self.environment, "");
        let back = self.converge(&[]).await;
        [there.says(), back.says()]
    }
}

/// The same, whichever way the spec changed.
fn both_ways<const N: usize>(lines: [&str; N]) -> [BTreeSet<String>; 2] {
    let lines = BTreeSet::from(lines.map(str::to_owned));
    [lines.clone(), lines]
}

#[tokio::test]
async fn in_place() {
    let stage = Stage::running("dev").await;
    let said = stage
        .there_and_back(
            r#"
            [tags]
            team = "web"

            [repository.web]
            keep_images = 5
            scan_on_push = false
            immutable_tags = false

            [service.web]
            log_days = 7
            health_check = "/healthy"
            env = { NEW = "1" }
            connects = ["database.main"]
            [service.web.instances]
            max = 4
            type = "t3.medium"
            [service.web.load_balancer]
            idle_timeout = "2m"

            [service.worker.instances]
            cpu_target_percent = 50

            [service.api]
            cpu = "2 vCPU"
            memory_gib = 4

            [database.main]
            class = "db.t4g.small"
            backup_days = 3
            multi_az = true

            [cache.main]
            node = "cache.t4g.small"
            replicas = 1
            "#,
        )
        .await;
    assert_eq!(said, both_ways([]));
}
