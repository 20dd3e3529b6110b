//! Instance refreshes: how the instances of a group change to another version of its launch template, and back.
//!
//! The version is given to the refresh and never to the group: Auto Scaling writes it there when the refresh has succeeded. Were the
//! group changed first, a rollback would roll to the same version again. How many instances change at a time is the group's own
//! [maintenance policy](super::maintenance), which refreshes follow.

use std::time::Duration;

use aws_sdk_autoscaling::types::{
    DesiredConfiguration, Instance, InstanceRefresh, InstanceRefreshStatus, LaunchTemplateSpecification, RefreshPreferences,
};

use super::super::client::Aws;
use super::super::error::{AwsError, Call};
use super::group::Group;
use super::preferences::{ahead, behind, heeded, is_number};
use super::progress::{follow, under_way, verdict};

/// Rolls the group to the launch template version that is wanted, and waits until it has: an empty group at once, and one whose
/// instances all run it already without replacing any.
///
/// # Errors
/// Also when Auto Scaling found the new instances unhealthy and rolled back: with its reason.
pub(super) async fn roll(aws: &Aws, name: &str, live: &Group, want: &Group) -> Result<(), AwsError> {
    loop {
        // That of an earlier run, or of somebody else: it comes to its end first.
        if let Some(other) = under_way(aws, name).await? {
            let other = follow(aws, name, &other).await?;
            if leads_to(&other, want) {
                return verdict(&other);
            }
        }
        if runs(aws, name, want).await? {
            return Ok(());
        }
        let alarms = heeded(aws, want).await?;
        if let Some(refresh) = start(aws, want, ahead(live, want, alarms)).await? {
            return verdict(&follow(aws, name, &refresh).await?);
        }
    }
}

/// Takes the group back to the launch template version that it was at, and waits until all its instances run that; gives whether
/// anything had to be done for it. A refresh that leads elsewhere is turned round: what it has not replaced yet stays.
///
/// # Errors
/// When the instances of that version do not become healthy either: with Auto Scaling's reason.
pub(super) async fn back(aws: &Aws, name: &str, was: &Group) -> Result<bool, AwsError> {
    if !is_number(&was.launch_template_version) {
        let version = &was.launch_template_version;
        let message = format!("{name} was at {version}, which names no version that it could go back to");
        return Err(AwsError::unexpected("autoscaling:StartInstanceRefresh", message));
    }
    let mut turned = false;
    loop {
        if let Some(other) = under_way(aws, name).await? {
            turned |= !leads_to(&other, was) && turn(aws, name, &other).await?;
            follow(aws, name, &other).await?;
        }
        if runs(aws, name, was).await? {
            return Ok(turned);
        }
        if let Some(refresh) = start(aws, was, behind(was)).await? {
            return verdict(&follow(aws, name, &refresh).await?).map(|()| true);
        }
    }
}

/// Has a refresh go back to where it came from; gives whether it did not do so already.
async fn turn(aws: &Aws, name: &str, refresh: &InstanceRefresh) -> Result<bool, AwsError> {
    const OVER: &[&str] = &["ActiveInstanceRefreshNotFound"];
    if matches!(refresh.status(), Some(InstanceRefreshStatus::RollbackInProgress | InstanceRefreshStatus::Cancelling)) {
        return Ok(false);
    }
    let rollback = aws.autoscaling.rollback_instance_refresh().auto_scaling_group_name(name).send().await;
    match rollback.call("autoscaling:RollbackInstanceRefresh") {
        Err(error) if error.is(OVER) => return Ok(false),
        // Somebody started it without saying to where: it is cut short, and the way back is a refresh of its own.
        Err(error) if error.is(&["IrreversibleInstanceRefresh"]) => {}
        answer => return answer.map(|_| true),
    }
    let cancel = aws.autoscaling.cancel_instance_refresh().auto_scaling_group_name(name).send().await;
    match cancel.call("autoscaling:CancelInstanceRefresh") {
        Err(error) if error.is(OVER) => Ok(false),
        answer => answer.map(|_| true),
    }
}

/// Starts a refresh to the version of `want`; none where another one has begun in the meantime.
async fn start(aws: &Aws, want: &Group, preferences: RefreshPreferences) -> Result<Option<InstanceRefresh>, AwsError> {
    let template = LaunchTemplateSpecification::builder()
        .launch_template_id(&want.launch_template)
        .version(&want.launch_template_version)
        .build();
    let desired = DesiredConfiguration::builder().launch_template(template).build();
    let start = aws.autoscaling.start_instance_refresh().auto_scaling_group_name(&want.name);
    let start = start.desired_configuration(desired).preferences(preferences.clone()).send().await;
    match start.call("autoscaling:StartInstanceRefresh") {
        Err(error) if error.is(&["InstanceRefreshInProgress"]) => {
            tokio::time::sleep(MEANTIME).await;
            Ok(None)
        }
        Err(error) => Err(error),
        Ok(answer) => {
            let refresh = InstanceRefresh::builder().set_instance_refresh_id(answer.instance_refresh_id);
            Ok(Some(refresh.preferences(preferences).build()))
        }
    }
}

/// How long until a refresh that somebody else has just begun is looked for again.
const MEANTIME: Duration = Duration::from_secs(1);

/// Whether the group starts instances from the version of `want`, and has no others.
async fn runs(aws: &Aws, name: &str, want: &Group) -> Result<bool, AwsError> {
    let Some(group) = super::group(aws, name).await? else { return Ok(false) };
    let instances = group.instances().iter().filter(|instance| !super::leaves(instance)).map(Instance::launch_template);
    let mut all = instances.chain([group.launch_template()]);
    Ok(all.all(|template| template.is_some_and(|template| is(template, want))))
}

/// Whether a refresh was to bring what is wanted.
fn leads_to(refresh: &InstanceRefresh, want: &Group) -> bool {
    let template = refresh.desired_configuration().and_then(DesiredConfiguration::launch_template);
    template.is_some_and(|template| is(template, want))
}

fn is(template: &LaunchTemplateSpecification, want: &Group) -> bool {
    template.launch_template_id() == Some(&want.launch_template) && template.version() == Some(&want.launch_template_version)
}
