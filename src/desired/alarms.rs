//! Alarms: what AWS measures of a service, a database or a cache, held against the thresholds of the spec.
//!
//! Every figure is of one minute, the shortest period in which all of these services report. A missing one counts as good: who serves
//! nobody fails nobody, and what does not run is not busy.

mod figure;

use std::collections::BTreeSet;

use super::builder::Builder;
use crate::aws::cloudwatch::alarm::{Alarm, decimal};
use crate::aws::kind::Shape;
use crate::graph::{Address, Attrs, Wanted};
use crate::spec::{Cache, Database, Service};
use crate::values::duration::Duration;
use figure::{Figure, Measured, PERIOD};

const GIB: f64 = 1_073_741_824.0;

/// The names of the alarms that a deployment of a service watches, from what is wanted or planned: those of the service itself.
/// Those of a database or a cache may ring because of any service that connects to it, and of things that no other image mends,
/// such as a full disk; they are for people.
pub fn watched<'a>(resources: impl IntoIterator<Item = (&'a Address, &'a str, &'a Attrs)>, service: &str) -> Vec<String> {
    let service = Address::of(&["service", service]);
    let its = |(address, kind, _): &(&Address, &str, &Attrs)| *kind == Alarm::SCHEMA.kind && address.is_within(&service);
    let its = resources.into_iter().filter(its);
    its.filter_map(|(.., attrs)| attrs.get("name")?.as_str().map(str::to_owned)).collect()
}

/// Has the group of a service know the service's own alarms: by name, since an alarm may be about the group, and is made after it.
pub(super) fn heed(builder: &mut Builder<'_>, service: &str) {
    let names = watched(builder.resources().map(|it| (&it.address, it.kind, &it.attrs)), service);
    let group = builder.at(&Address::of(&["service", service, "group"]));
    if let Some(group) = group.filter(|_| !names.is_empty()) {
        group.attrs.insert("own_alarms".into(), names.into());
    }
}

pub(super) fn of_service(builder: &mut Builder<'_>, name: &str, service: &Service) {
    let Some(wanted) = &service.alarms else { return };
    let on = On { kind: "service", name, lasting: wanted.lasting, notify: wanted.notify.as_deref() };
    let measured = Measured::of(builder.environment, name, &service.runtime);
    if let Some(percent) = wanted.errors_5xx_percent {
        let what = format!("{percent}% or more of its requests are answered with 5xx");
        on.add(builder, "errors_5xx_percent", &what, measured.errors, Threshold::AtLeast(percent));
    }
    if let Some((count, unhealthy)) = wanted.unhealthy_targets.zip(measured.unhealthy) {
        let what = format!("{count} or more of its instances are unhealthy to the load balancer");
        on.add(builder, "unhealthy_targets", &what, unhealthy, Threshold::AtLeast(count.into()));
    }
    if let Some(seconds) = wanted.latency_p95_seconds {
        let what = format!("5% or more of its requests take {seconds}s or longer");
        let threshold = Threshold::AtLeast(measured.latency_unit.of_seconds(seconds));
        on.add(builder, "latency_p95_seconds", &what, measured.latency, threshold);
    }
    if let Some(percent) = wanted.cpu_percent {
        let what = format!("its instances use {percent}% or more of their CPU");
        on.add(builder, "cpu_percent", &what, measured.cpu, Threshold::AtLeast(percent.into()));
    }
}

pub(super) fn of_database(builder: &mut Builder<'_>, name: &str, database: &Database) {
    let Some(wanted) = &database.alarms else { return };
    let on = On { kind: "database", name, lasting: wanted.lasting, notify: wanted.notify.as_deref() };
    let metric = |metric: &str, statistic: &str| Figure::of_database(name, metric, statistic);
    if let Some(gib) = wanted.free_storage_gib {
        let what = format!("{gib} GiB of its storage are left, or less");
        let figure = metric("FreeStorageSpace", "Minimum"); // in bytes
        on.add(builder, "free_storage_gib", &what, figure, Threshold::AtMost(f64::from(gib) * GIB));
    }
    if let Some(percent) = wanted.cpu_percent {
        let what = format!("it uses {percent}% or more of its CPU");
        on.add(builder, "cpu_percent", &what, metric("CPUUtilization", "Average"), Threshold::AtLeast(percent.into()));
    }
    if let Some(count) = wanted.connections {
        let what = format!("{count} or more connections are open");
        on.add(builder, "connections", &what, metric("DatabaseConnections", "Maximum"), Threshold::AtLeast(count.into()));
    }
}

pub(super) fn of_cache(builder: &mut Builder<'_>, name: &str, cache: &Cache) {
    let Some(wanted) = &cache.alarms else { return };
    let on = On { kind: "cache", name, lasting: wanted.lasting, notify: wanted.notify.as_deref() };
    let nodes = |metric: &str, statistic: &str, together: &str| Figure::of_nodes(name, cache, metric, statistic, together);
    if let Some(count) = wanted.evictions_per_minute {
        let what = format!("it drops {count} or more keys a minute because its memory is full");
        on.add(builder, "evictions_per_minute", &what, nodes("Evictions", "Sum", "SUM"), Threshold::AtLeast(count.into()));
    }
    if let Some(percent) = wanted.cpu_percent {
        let what = format!("a node of it uses {percent}% or more of the CPU of its engine");
        let figure = nodes("EngineCPUUtilization", "Average", "MAX");
        on.add(builder, "cpu_percent", &what, figure, Threshold::AtLeast(percent.into()));
    }
    if let Some(percent) = wanted.memory_percent {
        let what = format!("a node of it uses {percent}% or more of its memory for data");
        let figure = nodes("DatabaseMemoryUsagePercentage", "Average", "MAX");
        on.add(builder, "memory_percent", &what, figure, Threshold::AtLeast(percent.into()));
    }
}

/// What an alarm is about, and whom it tells.
struct On<'a> {
    kind: &'a str,
    name: &'a str,
    lasting: Duration,
    notify: Option<&'a str>,
}

/// Reaching it is wrong.
#[derive(Clone, Copy)]
enum Threshold {
    AtLeast(f64),
    AtMost(f64),
}

impl On<'_> {
    fn add(&self, builder: &mut Builder<'_>, key: &str, what: &str, figure: Figure, threshold: Threshold) {
        let (kind, name) = (self.kind, self.name);
        let (comparison, threshold) = match threshold {
            Threshold::AtLeast(threshold) => ("GreaterThanOrEqualToThreshold", threshold),
            Threshold::AtMost(threshold) => ("LessThanOrEqualToThreshold", threshold),
        };
        let periods = u32::try_from(self.lasting.as_secs()).unwrap_or(u32::MAX) / PERIOD;
        let told: BTreeSet<String> = self.notify.map(str::to_owned).into_iter().collect();
        let alarm = Alarm::<Wanted> {
            name: builder.name(&[kind, name, &key.replace('_', "-")], 255),
            description: format!("{kind}.{name} of {}: {what}, for {}", builder.environment.prefix(), self.lasting),
            metrics: figure.metrics,
            expression: figure.expression,
            comparison: comparison.into(),
            threshold: decimal(threshold),
            evaluation_periods: periods,
            datapoints_to_alarm: periods,
            treat_missing_data: "notBreaching".into(),
            low_sample_count_percentile: "evaluate".into(),
            actions_enabled: true,
            alarm_actions: told.clone(),
            ok_actions: told,
            insufficient_data_actions: BTreeSet::new(),
        };
        builder.add::<Alarm>(Address::of(&[kind, name, "alarm", key]), &alarm);
    }
}
