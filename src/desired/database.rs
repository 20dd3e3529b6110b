//! Databases: a DB instance with its subnet group, security group and, where asked for, parameter group.

use std::collections::BTreeSet;

use super::builder::{Builder, vpc};
use super::connections;
use super::network::subnets;
use crate::aws::rds::instance::{Instance, Storage};
use crate::aws::rds::parameter_group::ParameterGroup;
use crate::aws::rds::subnet_group::SubnetGroup;
use crate::graph::{Address, Input, Wanted};
use crate::spec::{Connection, Database};

/// The master user; its password is AWS's to make and keep. RDS reserves `admin` in some engines.
const USERNAME: &str = "app";

pub(super) fn build(builder: &mut Builder<'_>, name: &str, database: &Database) {
    let part = |part: &str| Address::of(&["database", name, part]);
    let security_group = connections::guard(builder, &Connection::Database(name.into()), port(&database.engine));
    let subnet_group = SubnetGroup::<Wanted> {
        name: builder.name(&[name], 255),
        description: format!("database.{name}: where it may stand"),
        vpc: vpc(),
        subnets: subnets(builder, "private"),
    };
    let subnet_group = builder.add::<SubnetGroup>(part("subnet_group"), &subnet_group);
    let family = family(&database.engine, &database.version);
    let parameter_group = if database.parameters.is_empty() {
        // RDS's own, by name: an instance that had one of ours must let go of it.
        Input::Known(format!("default.{family}"))
    } else {
        let group = ParameterGroup {
            name: builder.name(&[name], 255),
            family,
            description: format!("database.{name}: its settings"),
            parameters: database.parameters.clone(),
        };
        Input::output(&builder.add::<ParameterGroup>(part("parameter_group"), &group), "name")
    };

    let instance = Instance::<Wanted> {
        name: builder.name(&[name], 63),
        engine: database.engine.clone(),
        version: database.version.clone(),
        class: database.class.clone(),
        storage: Storage { kind: "gp3".into(), gib: database.storage_gib, max_gib: database.max_storage_gib.unwrap_or_default() },
        encrypted: true,
        multi_az: database.multi_az,
        backup_days: database.backup_days.into(),
        deletion_protection: database.deletion_protection,
        final_snapshot: database.final_snapshot,
        public: false,
        subnet_group: Input::output(&subnet_group, "name"),
        security_groups: BTreeSet::from([security_group]),
        parameter_group: Some(parameter_group),
        performance_insights: has_performance_insights(&database.engine, &database.class),
        database: builder.environment.database_name(database),
        username: USERNAME.into(),
        managed_password: true,
    };
    builder.add::<Instance>(part("instance"), &instance);
}

/// The address of a database's instance.
pub(super) fn instance(name: &str) -> Address {
    Address::of(&["database", name, "instance"])
}

/// The port an engine listens on if it is told nothing else.
pub(super) fn port(engine: &str) -> u16 {
    if engine == "postgres" { 5432 } else { 3306 }
}

/// The family of parameter groups for a version: Postgres counts it by major versions, `MySQL` and `MariaDB` by two parts.
fn family(engine: &str, version: &str) -> String {
    let parts = if engine == "postgres" { 1 } else { 2 };
    let version: Vec<&str> = version.split('.').take(parts).collect();
    format!("{engine}{}", version.join("."))
}

/// "Amazon RDS DB engine, Region, and instance class support for Performance Insights": `MySQL` and `MariaDB` have it not on the
/// smallest burstable classes.
fn has_performance_insights(engine: &str, class: &str) -> bool {
    let (family, size) = class.rsplit_once('.').unwrap_or((class, ""));
    engine == "postgres" || !(family.starts_with("db.t") && ["micro", "small"].contains(&size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_as_rds_names_them() {
        assert_eq!(family("postgres", "16.4"), "postgres16");
        assert_eq!(family("mysql", "8.4"), "mysql8.4");
        assert_eq!(family("mariadb", "10.11.8"), "mariadb10.11");
    }
}
