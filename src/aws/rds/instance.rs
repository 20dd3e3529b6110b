//! DB instances. They hold data: what cannot be changed in place stays as it is.

use std::collections::BTreeSet;

use aws_sdk_rds::types::{DbInstance, DbSubnetGroup, Endpoint, MasterUserSecret, PendingModifiedValues};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::access::{Access, linked_role, named, reads, uses};
use super::super::client::Aws;
use super::super::error::{AwsError, Call, IfThere};
use super::super::kind::{At, Changed, Created, Found, Resource, outputs};
use super::super::wait::{self, Look};
use super::modification::{modification, with_performance};
use super::status::{at_rest, describe, serves, state};
use super::{arn, from_aws, parameter_group, status, subnet_group, to_aws};
use crate::graph::{Outputs, Owner, Scope, State, Tags};
use crate::plan::rule::{disrupt, fixed, judge, name, update};
use crate::plan::{Output, Rule, Schema, turned_on};
use crate::resource;
use crate::values::instance_class::{DEARER, is_dearer};
use crate::values::version;

const ANOTHER: &str = "declare another database beside it, move the data, then remove this one";
/// The tag that remembers `final_snapshot`: when a database is deleted, the spec that said it may be gone.
const FINAL_SNAPSHOT: &str = "infra:final-snapshot";
const FAILS_OVER: &str = "the database restarts, or fails over where it is in several zones";

resource! {
    /// A database.
    Instance<P> = "rds.instance" {
        /// Unique in the account and region; at most 63 characters.
        name: String => name(),
        /// `postgres`, `mysql` or `mariadb`.
        engine: String => fixed(ANOTHER).headline(),
        /// The version, as exactly as the spec says it: `16` is content with any 16.x that AWS has upgraded to.
        version: String => judge(upgrade).same(version::satisfied_by).headline(),
        /// The instance class.
        class: String => disrupt(FAILS_OVER).costs(is_dearer, DEARER).headline(),
        /// Its storage.
        storage: Storage => judge(grow)
            .same(Storage::satisfied_by)
            .costs(Storage::is_dearer, "more, or of another kind")
            .headline(),
        /// Whether its storage is encrypted.
        encrypted: bool => fixed(ANOTHER),
        /// Whether a second instance in another zone stands by.
        multi_az: bool => update().costs(turned_on, "a second instance stands by").headline(),
        /// Days that automatic backups are kept: 0 to 35.
        backup_days: u32 => update().headline(),
        /// Whether AWS refuses to delete it.
        deletion_protection: bool => update().headline(),
        /// Whether a snapshot is taken when it is deleted. RDS does not know it; the tag `infra:final-snapshot` does.
        final_snapshot: bool => update().headline(),
        /// Whether it has a public address.
        public: bool => update().widens(turned_on, "it gets a public address"),
        /// The name of its subnet group.
        subnet_group: P::Text => fixed(ANOTHER).names("rds.subnet_group"),
        /// Its security groups.
        security_groups: BTreeSet<P::Text> => update(),
        /// The name of its parameter group.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        parameter_group: Option<P::Text> => disrupt("it takes effect at the next reboot").names("rds.parameter_group"),
        /// Whether Performance Insights is on.
        performance_insights: bool => update(),
        /// The name of the database in it.
        database: String => fixed(ANOTHER),
        /// The name of its master user, whose password AWS makes and keeps.
        username: String => fixed(ANOTHER),
        /// Whether AWS makes and keeps the master password in Secrets Manager.
        managed_password: bool => update(),
    }
    outputs: [
        Output::held("arn"),
        Output::plain("name"),
        Output::held("address").when_ready(),
        Output::plain("port").when_ready(),
        Output::held("secret_arn").when_ready(),
    ],
    hourly: true,
    Schema::STATEFUL.protected_by("deletion_protection")
}

/// Storage, in GiB.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Storage {
    /// The volume type, such as `gp3`.
    pub kind: String,
    /// Allocated now.
    pub gib: u32,
    /// How far RDS may let it grow by itself; 0 for not at all.
    pub max_gib: u32,
}

impl Storage {
    /// As large as it may have become by what is wanted: RDS lets it grow by itself, and makes a step of less than a tenth a full one
    /// ("Values that are not at least 10% greater than the existing value are rounded up").
    fn most(&self) -> u32 {
        self.max_gib.max(self.gib + self.gib.div_ceil(10))
    }

    /// RDS may have made it larger. It must not grow by itself where the most is no more than what it has.
    fn satisfied_by(want: &Value, live: &Value) -> bool {
        let read = |value: &Value| Self::deserialize(value).ok();
        let (Some(want), Some(live)) = (read(want), read(live)) else { return false };
        let enough = (want.gib..=want.most()).contains(&live.gib);
        let limited = want.max_gib == live.max_gib || want.max_gib == 0 && live.max_gib <= live.gib;
        want.kind == live.kind && limited && enough
    }

    /// Whether more of it is paid for, now or once it has grown, or it is of a kind with another price.
    fn is_dearer(before: &Value, after: &Value) -> bool {
        let read = |value: &Value| Self::deserialize(value).ok();
        let (Some(before), Some(after)) = (read(before), read(after)) else { return false };
        after.gib > before.gib || after.max_gib > before.max_gib || after.kind != before.kind
    }
}

/// RDS lets storage grow only ("You can't reduce the amount of storage for a DB instance after storage has been allocated").
/// Storage that has grown by itself, within what the spec allows, is not asked to shrink.
fn grow(live: &Value, want: &Value) -> Rule {
    let at_most = Storage::deserialize(want).map_or(u64::MAX, |want| want.most().into());
    if live["gib"].as_u64() > Some(at_most) {
        Rule::Fixed("storage cannot shrink; write what AWS has, or more")
    } else {
        Rule::Update
    }
}

/// RDS upgrades, and never goes back.
fn upgrade(live: &Value, want: &Value) -> Rule {
    if version::is_older(want, live) {
        Rule::Fixed("a database engine cannot go back to an older version; restore a snapshot beside it")
    } else {
        Rule::Disrupt("the database is down while its engine is upgraded")
    }
}

impl Instance {
    /// Whether AWS may upgrade it by itself: a version written to its last part is to stay that one.
    pub(super) fn takes_minor_upgrades(&self) -> bool {
        self.version.split('.').count() < if self.engine == "postgres" { 2 } else { 3 }
    }
}

/// The ARNs of the environment's own, as [`access`](super::super::access) writes them.
const ARN: &str = "rds:{here}:*:{prefix}*";

impl Resource for Instance {
    /// RDS makes the secret of a master password in the name of whoever makes the database ("Permissions required for Secrets Manager
    /// integration"), and looks up the key it is encrypted with; `AddTagsToResource` and `CreateDBSnapshot` are part of the other calls.
    const ACCESS: Access = Access {
        read: &[reads(&["rds:DescribeDBInstances"])],
        write: &[
            named(
                &["rds:CreateDBInstance", "rds:ModifyDBInstance", "rds:AddTagsToResource"],
                &[ARN, subnet_group::ARN, parameter_group::ARN],
            ),
            uses(&["rds:CreateDBInstance", "rds:ModifyDBInstance"], &["rds:{here}:og:default:*", "rds:{here}:pg:default.*"]),
            uses(&["secretsmanager:CreateSecret", "secretsmanager:TagResource"], &["secretsmanager:{here}:secret:rds!db-*"]),
            uses(&["kms:DescribeKey"], &["kms:{here}:key/*"]),
            linked_role("rds.amazonaws.com"),
        ],
        delete: &[named(&["rds:DeleteDBInstance", "rds:CreateDBSnapshot", "rds:AddTagsToResource"], &[ARN])],
    };

    /// One call, tags included.
    async fn list(aws: &Aws, scope: &Scope) -> Result<Vec<Found<Self>>, AwsError> {
        let prefix = scope.prefix();
        let mut pages = aws.rds.describe_db_instances().into_paginator().items().send();
        let mut ours = Vec::new();
        while let Some(instance) = pages.next().await {
            let instance = instance.call("rds:DescribeDBInstances")?;
            let tagged = !matches!(scope.owner(&from_aws(instance.tag_list())), Owner::Foreign(_));
            let named = instance.db_instance_identifier().is_some_and(|name| name.starts_with(&prefix));
            if tagged || named {
                ours.push(found(&instance));
            }
        }
        Ok(ours)
    }

    async fn create(aws: &Aws, want: &Self, tags: &Tags) -> Result<Created, AwsError> {
        let answer = aws
            .rds
            .create_db_instance()
            .db_instance_identifier(&want.name)
            .engine(&want.engine)
            .engine_version(&want.version)
            .auto_minor_version_upgrade(want.takes_minor_upgrades())
            .db_instance_class(&want.class)
            .storage_type(&want.storage.kind)
            .allocated_storage(want.storage.gib.cast_signed())
            .set_max_allocated_storage((want.storage.max_gib > want.storage.gib).then(|| want.storage.max_gib.cast_signed()))
            .storage_encrypted(want.encrypted)
            .multi_az(want.multi_az)
            .backup_retention_period(want.backup_days.cast_signed())
            .copy_tags_to_snapshot(true)
            .deletion_protection(want.deletion_protection)
            .publicly_accessible(want.public)
            .db_subnet_group_name(&want.subnet_group)
            .set_vpc_security_group_ids(Some(want.security_groups.iter().cloned().collect()))
            .set_db_parameter_group_name(want.parameter_group.clone())
            .enable_performance_insights(want.performance_insights)
            .set_db_name((!want.database.is_empty()).then(|| want.database.clone()))
            .master_username(&want.username)
            .manage_master_user_password(want.managed_password)
            .set_tags(Some(to_aws(&with_final_snapshot(tags, want.final_snapshot))))
            .send()
            .await
            .call("rds:CreateDBInstance")?;
        let arn = answer.db_instance().and_then(DbInstance::db_instance_arn);
        Ok(Created { id: want.name.clone(), outputs: outputs([("arn", arn), ("name", Some(&want.name))]) })
    }

    async fn settle(aws: &Aws, created: Created) -> Result<Outputs, AwsError> {
        let reachable = |instance: &DbInstance| instance.endpoint().is_some();
        Ok(outputs_of(&serves(aws, &created.id, reachable).await?))
    }

    async fn update(aws: &Aws, live: &At<Self>, want: &Self, changed: &Changed<'_>) -> Result<Outputs, AwsError> {
        if changed.any(&["final_snapshot"]) {
            super::tag(aws, arn(&live.outputs), &with_final_snapshot(&Tags::new(), want.final_snapshot)).await?;
        }
        let Some(request) = modification(aws, &live.attrs, want, changed) else { return Ok(Outputs::new()) };
        let now = at_rest(aws, &live.id).await?;
        let request = now.map_or(request.clone(), |now| with_performance(request, &now));
        request.send().await.call("rds:ModifyDBInstance")?;
        // RDS goes on saying `available` for a moment, so the values themselves are what is waited for.
        let made = |instance: &DbInstance| changed.are_met(want, &attributes(instance, None));
        Ok(outputs_of(&serves(aws, &live.id, made).await?))
    }

    async fn tag(aws: &Aws, live: &At<Self>, tags: &Tags) -> Result<(), AwsError> {
        super::tag(aws, arn(&live.outputs), tags).await
    }

    /// With a final snapshot unless the instance itself says otherwise by now. Who gave that up gave up the automated backups as
    /// well; in all other cases they stay for as long as they were to be kept.
    async fn delete(aws: &Aws, live: &At<Self>) -> Result<(), AwsError> {
        let Some(instance) = at_rest(aws, &live.id).await? else { return Ok(()) };
        let now = found(&instance);
        if now.state == State::Deleting {
            return Ok(());
        }
        let keep = now.attrs.final_snapshot;
        let snapshot = keep.then(|| format!("{}-final-{}", live.id, jiff::Timestamp::now().strftime("%Y%m%d%H%M%S")));
        let delete = aws.rds.delete_db_instance().db_instance_identifier(&live.id).skip_final_snapshot(!keep);
        let delete = delete.set_final_db_snapshot_identifier(snapshot).delete_automated_backups(!keep);
        delete.send().await.call("rds:DeleteDBInstance").if_there().map(drop)
    }

    async fn gone(aws: &Aws, live: &At<Self>) -> Result<(), AwsError> {
        wait::until(&format!("waiting until the database {} is gone", live.id), status::LIMIT, || async {
            Ok(describe(aws, &live.id).await?.map_or(Look::Done(()), |_| Look::NotYet))
        })
        .await
    }
}

fn with_final_snapshot(tags: &Tags, taken: bool) -> Tags {
    let mut tags = tags.clone();
    tags.insert(FINAL_SNAPSHOT.into(), taken.to_string());
    tags
}

fn found(instance: &DbInstance) -> Found<Instance> {
    Found {
        id: instance.db_instance_identifier().unwrap_or_default().to_owned(),
        state: state(instance.db_instance_status().unwrap_or_default()),
        attrs: attributes(instance, instance.pending_modified_values()),
        outputs: outputs_of(instance),
        tags: from_aws(instance.tag_list()),
    }
}

/// How it is, or with what is pending, how it will be.
fn attributes(instance: &DbInstance, pending: Option<&PendingModifiedValues>) -> Instance {
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    let number = |value: Option<i32>| value.unwrap_or_default().cast_unsigned();
    let pending_text = |value: fn(&PendingModifiedValues) -> Option<&str>| pending.and_then(value);
    let pending_number = |value: fn(&PendingModifiedValues) -> Option<i32>| pending.and_then(value);
    let groups = instance.vpc_security_groups().iter().filter(|group| group.status() != Some("removing"));
    Instance {
        name: text(instance.db_instance_identifier()),
        engine: text(instance.engine()),
        version: text(pending_text(PendingModifiedValues::engine_version).or(instance.engine_version())),
        class: text(pending_text(PendingModifiedValues::db_instance_class).or(instance.db_instance_class())),
        storage: Storage {
            kind: text(pending_text(PendingModifiedValues::storage_type).or(instance.storage_type())),
            gib: number(pending_number(PendingModifiedValues::allocated_storage).or(instance.allocated_storage())),
            max_gib: number(instance.max_allocated_storage()),
        },
        encrypted: instance.storage_encrypted().unwrap_or(false),
        multi_az: pending.and_then(PendingModifiedValues::multi_az).or(instance.multi_az()).unwrap_or(false),
        backup_days: number(
            pending_number(PendingModifiedValues::backup_retention_period).or(instance.backup_retention_period()),
        ),
        deletion_protection: instance.deletion_protection().unwrap_or(false),
        // A database that does not say is not thrown away without one.
        final_snapshot: from_aws(instance.tag_list()).get(FINAL_SNAPSHOT).is_none_or(|taken| taken != "false"),
        public: instance.publicly_accessible().unwrap_or(false),
        subnet_group: text(instance.db_subnet_group().and_then(DbSubnetGroup::db_subnet_group_name)),
        security_groups: groups.filter_map(|group| group.vpc_security_group_id()).map(str::to_owned).collect(),
        parameter_group: instance
            .db_parameter_groups()
            .first()
            .and_then(|group| group.db_parameter_group_name())
            .map(str::to_owned),
        performance_insights: instance.performance_insights_enabled().unwrap_or(false),
        database: text(instance.db_name()),
        username: text(instance.master_username()),
        managed_password: instance.master_user_secret().is_some(),
    }
}

/// The secret is named before its password is set; both that and the address are there once the database was reachable.
fn outputs_of(instance: &DbInstance) -> Outputs {
    let endpoint = instance.endpoint();
    let address = endpoint.and_then(Endpoint::address);
    let port = endpoint.and_then(Endpoint::port).map(|port| port.to_string());
    let secret = instance.master_user_secret().filter(|_| address.is_some()).and_then(MasterUserSecret::secret_arn);
    outputs([
        ("arn", instance.db_instance_arn()),
        ("name", instance.db_instance_identifier()),
        ("address", address),
        ("port", port.as_deref()),
        ("secret_arn", secret),
    ])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn storage(gib: u32, max_gib: u32) -> Value {
        json!({ "kind": "gp3", "gib": gib, "max_gib": max_gib })
    }

    #[test]
    fn storage_that_grew_by_itself_is_as_wanted() {
        assert!(Storage::satisfied_by(&storage(20, 100), &storage(60, 100)));
        assert!(Storage::satisfied_by(&storage(20, 100), &storage(100, 100)));
        assert!(!Storage::satisfied_by(&storage(20, 100), &storage(20, 0)));
        assert!(Storage::satisfied_by(&storage(20, 0), &storage(20, 20)), "that is how growing is switched off");
    }

    #[test]
    fn storage_that_rds_rounded_up_is_as_wanted() {
        assert!(Storage::satisfied_by(&storage(105, 0), &storage(110, 0)), "from 100 to 105 is less than a tenth");
        assert!(!Storage::satisfied_by(&storage(105, 0), &storage(100, 0)));
        assert!(!Storage::satisfied_by(&storage(105, 0), &storage(120, 0)));
    }

    #[test]
    fn storage_is_never_asked_to_shrink() {
        let fixed = |live, want| matches!(grow(&live, &want), Rule::Fixed(_));
        assert!(fixed(storage(60, 100), storage(20, 0)));
        assert!(!fixed(storage(60, 100), storage(20, 200)), "it grew, and only the most it may have is to change");
        assert!(!fixed(storage(20, 0), storage(40, 0)));
    }
}
