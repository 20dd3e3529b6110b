//! One `ModifyDBInstance` for all that differs.
//!
//! It applies immediately: who runs `apply` means now, and its plan has said what that disrupts. RDS then carries out what else
//! was waiting for the maintenance window as well. What takes a reboot beyond that (static parameters, another parameter group)
//! stays pending until somebody reboots at a time of their choosing; nothing here does.

use aws_sdk_rds::operation::modify_db_instance::builders::ModifyDBInstanceFluentBuilder;
use aws_sdk_rds::types::DbInstance;

use super::super::client::Aws;
use super::super::kind::Changed;
use super::instance::{Instance, Storage};

/// The change from `live` to `want` in the attributes that are named; none where RDS itself has nothing to change.
pub(super) fn modification(
    aws: &Aws,
    live: &Instance,
    want: &Instance,
    changed: &Changed<'_>,
) -> Option<ModifyDBInstanceFluentBuilder> {
    let mut request = aws.rds.modify_db_instance().db_instance_identifier(&live.name).apply_immediately(true);
    let before = request.as_input().clone();
    if changed.any(&["version"]) {
        request = request.engine_version(&want.version).auto_minor_version_upgrade(want.takes_minor_upgrades());
        if major(&want.engine, &want.version) != major(&live.engine, &live.version) {
            request = request.allow_major_version_upgrade(true);
        }
    }
    if changed.any(&["class"]) {
        request = request.db_instance_class(&want.class);
    }
    if changed.any(&["storage"]) {
        request = storage(request, &live.storage, &want.storage);
    }
    if changed.any(&["multi_az"]) {
        request = request.multi_az(want.multi_az);
    }
    if changed.any(&["backup_days"]) {
        request = request.backup_retention_period(want.backup_days.cast_signed());
    }
    if changed.any(&["deletion_protection"]) {
        request = request.deletion_protection(want.deletion_protection);
    }
    if changed.any(&["public"]) {
        request = request.publicly_accessible(want.public);
    }
    if changed.any(&["security_groups"]) {
        request = request.set_vpc_security_group_ids(Some(want.security_groups.iter().cloned().collect()));
    }
    if changed.any(&["parameter_group"]) {
        request = request.set_db_parameter_group_name(want.parameter_group.clone());
    }
    if changed.any(&["performance_insights"]) {
        request = request.enable_performance_insights(want.performance_insights);
    }
    if changed.any(&["managed_password"]) {
        request = request.manage_master_user_password(want.managed_password);
    }
    (*request.as_input() != before).then_some(request)
}

/// Only what differs: storage that RDS let grow stays as large as it is, and RDS takes one change of storage in six hours.
fn storage(mut request: ModifyDBInstanceFluentBuilder, live: &Storage, want: &Storage) -> ModifyDBInstanceFluentBuilder {
    if want.kind != live.kind {
        request = request.storage_type(&want.kind);
    }
    if want.gib > live.gib {
        request = request.allocated_storage(want.gib.cast_signed());
    }
    if want.max_gib != live.max_gib {
        // No more than what is allocated means that it may not grow by itself.
        request = request.max_allocated_storage(want.max_gib.max(want.gib).max(live.gib).cast_signed());
    }
    request
}

/// From this size on, a gp3 volume has a higher baseline, and a request that enlarges it has to say its IOPS.
const STRIPED_GIB: i32 = 400;
/// The baseline from there on, in IOPS and MiB/s ("gp3 storage" in "Amazon RDS DB instance storage").
const BASELINE: (i32, i32) = (12_000, 500);

/// Adds what a request that changes storage has to say of its performance.
pub(super) fn with_performance(request: ModifyDBInstanceFluentBuilder, now: &DbInstance) -> ModifyDBInstanceFluentBuilder {
    let input = request.as_input();
    if input.get_allocated_storage().is_none() && input.get_storage_type().is_none() {
        return request;
    }
    let gib = input.get_allocated_storage().or(now.allocated_storage()).unwrap_or_default();
    let kind = input.get_storage_type().as_deref().or(now.storage_type());
    match performance(kind, gib, now) {
        Some((iops, throughput)) => request.allocated_storage(gib).iops(iops).storage_throughput(throughput),
        None => request,
    }
}

/// IOPS and MiB/s of a large gp3 volume: what it has now, and no less than its baseline. RDS refuses the figures of a smaller volume
/// there, and any figures for a smaller volume.
fn performance(kind: Option<&str>, gib: i32, now: &DbInstance) -> Option<(i32, i32)> {
    let at_least = |now: Option<i32>, baseline: i32| now.unwrap_or_default().max(baseline);
    let large = kind == Some("gp3") && gib >= STRIPED_GIB;
    large.then(|| (at_least(now.iops(), BASELINE.0), at_least(now.storage_throughput(), BASELINE.1)))
}

/// The part of a version that only a major upgrade changes: one number for Postgres, two for `MySQL` and `MariaDB`.
fn major<'a>(engine: &str, version: &'a str) -> Vec<&'a str> {
    version.split('.').take(if engine == "postgres" { 1 } else { 2 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engines_count_major_versions_differently() {
        assert_eq!(major("postgres", "16.4"), major("postgres", "16"));
        assert_ne!(major("postgres", "17"), major("postgres", "16.4"));
        assert_ne!(major("mysql", "8.4"), major("mysql", "8.0.39"));
        assert_eq!(major("mariadb", "10.11.8"), major("mariadb", "10.11"));
    }

    #[test]
    fn a_large_volume_says_its_performance_and_a_small_one_does_not() {
        let now = |iops, throughput| DbInstance::builder().iops(iops).storage_throughput(throughput).build();
        assert_eq!(performance(Some("gp3"), 399, &now(3_000, 125)), None);
        assert_eq!(performance(Some("gp3"), 400, &now(3_000, 125)), Some((12_000, 500)));
        assert_eq!(performance(Some("gp3"), 600, &now(20_000, 1_000)), Some((20_000, 1_000)), "somebody paid for that");
        assert_eq!(performance(Some("gp2"), 600, &now(3_000, 125)), None);
    }
}
