//! What AWS measures, where it is to be found in CloudWatch, and how several metrics become one figure.

use std::collections::BTreeMap;

use crate::aws::cloudwatch::alarm::Metric;
use crate::desired::{apprunner, asg, cache, database, load_balancer};
use crate::graph::{Input, Wanted};
use crate::spec::{Cache, Environment, Runtime};

/// The length of a period in seconds.
pub(super) const PERIOD: u32 = 60;

/// One or more metrics by the ids that the expression calls them by, and what is made of them.
pub(super) struct Figure {
    pub(super) metrics: BTreeMap<String, Metric<Wanted>>,
    /// In CloudWatch's metric math; empty where there is one metric, which is the figure.
    pub(super) expression: String,
}

impl Figure {
    fn of(metric: Metric<Wanted>) -> Self {
        Self { metrics: [("metric".to_owned(), metric)].into(), expression: String::new() }
    }

    /// "Amazon CloudWatch metrics for Amazon RDS".
    pub(super) fn of_database(name: &str, named: &str, statistic: &str) -> Self {
        let instance = Input::output(&database::instance(name), "name");
        Self::of(metric("AWS/RDS", named, statistic, [("DBInstanceIdentifier", instance)]))
    }

    /// "Metrics for Valkey and Redis OSS": ElastiCache measures each node by itself, and which of them is the primary changes. `together`
    /// is the function of metric math that makes one figure of them. CloudWatch's users are warned of `MAX` and `SUM` in alarms for
    /// what they make of one metric over time; of several metrics they make one, period by period.
    pub(super) fn of_nodes(name: &str, cache: &Cache, named: &str, statistic: &str, together: &str) -> Self {
        let node = |number: u8| {
            let node = Input::output(&cache::replication_group(name), &format!("member_{number}"));
            metric("AWS/ElastiCache", named, statistic, [("CacheClusterId", node)])
        };
        if cache.replicas == 0 {
            return Self::of(node(1));
        }
        let ids = (1..=cache.replicas + 1).map(|number| (number, format!("node_{number}")));
        let metrics: BTreeMap<_, _> = ids.map(|(number, id)| (id, node(number))).collect();
        let all: Vec<&str> = metrics.keys().map(String::as_str).collect();
        Self { expression: format!("{together}([{}])", all.join(", ")), metrics }
    }
}

/// What is measured of a service.
pub(super) struct Measured {
    /// Answers with 5xx, in percent of all.
    pub(super) errors: Figure,
    /// Targets that are not healthy, where there is somebody to find that.
    pub(super) unhealthy: Option<Figure>,
    /// The 95th percentile of the time that an answer takes.
    pub(super) latency: Figure,
    pub(super) latency_unit: Unit,
    /// CPU use in percent.
    pub(super) cpu: Figure,
}

/// In what a time is measured.
pub(super) enum Unit {
    Seconds,
    Milliseconds,
}

impl Unit {
    /// Seconds in this unit, without what floating point adds: people write no more than microseconds.
    pub(super) fn of_seconds(&self, seconds: f64) -> f64 {
        match self {
            Self::Seconds => seconds,
            Self::Milliseconds => (seconds * 1e6).round() / 1e3,
        }
    }
}

impl Measured {
    pub(super) fn of(environment: &Environment, name: &str, runtime: &Runtime) -> Self {
        match runtime {
            Runtime::Asg { .. } => {
                let owner = environment.front(name).map_or(name, |(owner, _)| owner);
                Self::on_instances(name, owner, environment.behind(owner).next().is_some())
            }
            Runtime::AppRunner { .. } => Self::on_app_runner(name),
        }
    }

    /// "CloudWatch metrics for your Application Load Balancer", and "for your Auto Scaling group". Where several services share the load
    /// balancer, each is measured by its own targets, and what the load balancer answers itself is nobody's.
    fn on_instances(name: &str, owner: &str, is_shared: bool) -> Self {
        let full_name = Input::output(&load_balancer::address(owner), "full_name");
        let targets = Input::output(&load_balancer::target_group_address(name), "full_name");
        let balancer = |named: &str, statistic: &str| {
            let mut metric = metric("AWS/ApplicationELB", named, statistic, [("LoadBalancer", full_name.clone())]);
            metric.dimensions.extend(is_shared.then(|| ("TargetGroup".to_owned(), targets.clone())));
            metric
        };
        let sum = |id: &str, named: &str| (id.to_owned(), balancer(named, "Sum"));
        let of_targets = Figure {
            metrics: [sum("targets", "HTTPCode_Target_5XX_Count"), sum("requests", "RequestCount")].into(),
            expression: "100 * targets / requests".into(),
        };
        let of_all = Figure {
            metrics: [
                sum("targets", "HTTPCode_Target_5XX_Count"),
                sum("balancer", "HTTPCode_ELB_5XX_Count"),
                sum("requests", "RequestCount"),
                sum("turned_away", "HTTPCode_ELB_503_Count"),
            ]
            .into(),
            // A request counts only where a target was chosen for it; where there is none, the answer is 503. In metric math a
            // missing value is 0, and a share of nothing is missing.
            expression: "100 * (targets + balancer) / (requests + turned_away)".into(),
        };
        let mut unhealthy = balancer("UnHealthyHostCount", "Maximum");
        unhealthy.dimensions.insert("TargetGroup".into(), targets.clone());
        let group = Input::output(&asg::group_address(name), "name");
        Self {
            errors: if is_shared { of_targets } else { of_all },
            unhealthy: Some(Figure::of(unhealthy)),
            latency: Figure::of(balancer("TargetResponseTime", "p95")),
            latency_unit: Unit::Seconds,
            cpu: Figure::of(metric("AWS/EC2", "CPUUtilization", "Average", [("AutoScalingGroupName", group)])),
        }
    }

    /// "Viewing App Runner service metrics reported to CloudWatch".
    fn on_app_runner(name: &str) -> Self {
        let service = |named: &str, statistic: &str| {
            let [name, id] = ["name", "id"].map(|output| Input::output(&apprunner::address(name), output));
            metric("AWS/AppRunner", named, statistic, [("ServiceName", name), ("ServiceID", id)])
        };
        let sum = |id: &str, named: &str| (id.to_owned(), service(named, "Sum"));
        Self {
            errors: Figure {
                metrics: [sum("errors", "5xxStatusResponses"), sum("requests", "Requests")].into(),
                expression: "100 * errors / requests".into(),
            },
            unhealthy: None,
            latency: Figure::of(service("RequestLatency", "p95")),
            latency_unit: Unit::Milliseconds,
            cpu: Figure::of(service("CPUUtilization", "Average")),
        }
    }
}

fn metric<const N: usize>(namespace: &str, metric: &str, statistic: &str, dimensions: [(&str, Input); N]) -> Metric<Wanted> {
    Metric {
        namespace: namespace.into(),
        metric: metric.into(),
        dimensions: dimensions.map(|(name, value)| (name.to_owned(), value)).into(),
        statistic: statistic.into(),
        period_seconds: PERIOD,
        unit: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_are_what_was_written() {
        for (seconds, milliseconds) in [(0.3, 300.0), (1.001, 1001.0), (0.0015, 1.5), (2.0, 2000.0)] {
            assert_eq!(Unit::Milliseconds.of_seconds(seconds).to_string(), f64::to_string(&milliseconds));
        }
    }
}
