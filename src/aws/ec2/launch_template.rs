//! Launch templates: what an instance of a service is, down to the container it runs.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{LaunchTemplate as AwsLaunchTemplate, LaunchTemplateVersion, ResourceType};
use serde::{Deserialize, Serialize};

use super::super::access::{Access, makes, ours, reads};
use super::super::client::Aws;
use super::super::error::{AwsError, Call};
use super::super::kind::{At, Changed, Created, Found, Resource, outputs};
use super::super::read::both;
use super::launch_template_data::{attributes, request};
use super::{deleted, from_aws, launch_template_versions as versions, tagged};
use crate::graph::{Actual, Outputs, Phase, Scope, State, Tags};
use crate::plan::rule::{name, update};
use crate::plan::{Output, grows, turned_on};
use crate::resource;
use crate::values::instance_class::{DEARER, is_dearer};

resource! {
    /// What every instance of a service is started from. A change makes a new version; instances change when their group does.
    LaunchTemplate<P> = "ec2.launch_template" {
        /// Unique in the account and region; 3 to 128 characters.
        name: String => name(),
        /// The machine image.
        image_id: String => update(),
        /// The instance type.
        instance_type: String => update().costs(is_dearer, DEARER).headline(),
        /// The security groups.
        security_groups: BTreeSet<P::Text> => update(),
        /// The ARN of the instance profile.
        instance_profile: P::Text => update(),
        /// The root disk, encrypted, in GiB.
        disk_gib: u32 => update().costs(grows, "more storage for every instance").headline(),
        /// Whether instances get a public address.
        public_address: bool => update().widens(turned_on, "instances get public addresses"),
        /// Whether the metadata service wants session tokens (IMDSv2).
        imdsv2_required: bool => update(),
        /// Whether CloudWatch gets figures every minute.
        detailed_monitoring: bool => update(),
        /// Tags of the instances and their disks.
        instance_tags: Tags => update(),
        /// What instances run, as written into their user data.
        container: Container<P> => update().sensitive_under("environment").headline(),
    }
    outputs: [Output::held("id"), Output::plain("name"), Output::plain("version").moving()],
    hourly: false,
}

/// The container that an instance installs and runs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(bound = "", deny_unknown_fields)]
pub struct Container<P: Phase = Actual> {
    /// The image by digest: `<registry>/<repository>@sha256:…`.
    pub image: String,
    /// What it runs instead of the image's own command; empty for that.
    pub command: Vec<String>,
    /// The port it listens on, if any.
    pub port: Option<u16>,
    /// Its environment, by value.
    pub environment: BTreeMap<String, P::Text>,
    /// Its secrets: variable to where the instance fetches it, `ssm:/path`, or `secretsmanager:ARN-or-name` with `#key` for one
    /// key of a JSON secret.
    pub secrets: BTreeMap<String, P::Text>,
    /// The log group its output goes to.
    pub log_group: P::Text,
    /// The tag `Name` of the instances of which one at a time runs it, whatever group started them; empty where several may.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub alone_as: String,
    /// The version of the script around all this; `edited` and a fingerprint where somebody changed it.
    pub script: String,
}

impl Resource for LaunchTemplate {
    const ACCESS: Access = Access {
        read: &[reads(&["ec2:DescribeLaunchTemplates", "ec2:DescribeLaunchTemplateVersions"])],
        write: &[
            makes(&["ec2:CreateLaunchTemplate"]),
            ours(&["ec2:CreateLaunchTemplateVersion", "ec2:ModifyLaunchTemplate", "ec2:DeleteLaunchTemplateVersions"]),
            reads(&["autoscaling:DescribeAutoScalingGroups"]),
        ],
        delete: &[ours(&["ec2:DeleteLaunchTemplate"])],
    };

    async fn list(aws: &Aws, scope: &Scope) -> Result<Vec<Found<Self>>, AwsError> {
        // Without filters: EC2 can look for tags or for names, and both are wanted. Asked without a template, `$Latest` is that of all.
        let mut newest = aws.ec2.describe_launch_template_versions().versions("$Latest").into_paginator().items().send();
        let mut templates = aws.ec2.describe_launch_templates().into_paginator().items().send();
        let (templates, mut latest) = both(
            async {
                let mut found: Vec<AwsLaunchTemplate> = Vec::new();
                while let Some(template) = templates.next().await {
                    found.push(template.call("ec2:DescribeLaunchTemplates")?);
                }
                Ok(found)
            },
            async {
                let mut found: BTreeMap<String, LaunchTemplateVersion> = BTreeMap::new();
                while let Some(version) = newest.next().await {
                    let version = version.call("ec2:DescribeLaunchTemplateVersions")?;
                    found.insert(version.launch_template_id().unwrap_or_default().to_owned(), version);
                }
                Ok::<_, AwsError>(found)
            },
        )
        .await?;
        let found = templates.into_iter().filter_map(|template| {
            let tags = from_aws(template.tags());
            let name = template.launch_template_name().unwrap_or_default();
            if !scope.concerns(name, &tags) {
                return None;
            }
            let id = template.launch_template_id().unwrap_or_default().to_owned();
            let version = latest.remove(&id)?;
            Some(Found {
                state: State::Ready,
                attrs: attributes(name, version.launch_template_data()?, &aws.region),
                outputs: its_outputs(&id, name, version.version_number()),
                tags,
                id,
            })
        });
        Ok(found.collect())
    }

    async fn create(aws: &Aws, want: &Self, tags: &Tags) -> Result<Created, AwsError> {
        let answer = aws
            .ec2
            .create_launch_template()
            .launch_template_name(&want.name)
            .launch_template_data(request(want, &aws.region)?)
            .tag_specifications(tagged(ResourceType::LaunchTemplate, tags))
            .send()
            .await
            .call("ec2:CreateLaunchTemplate")?;
        let template = answer.launch_template();
        let id = template.and_then(AwsLaunchTemplate::launch_template_id).unwrap_or_default().to_owned();
        let version = template.and_then(AwsLaunchTemplate::latest_version_number);
        Ok(Created { outputs: its_outputs(&id, &want.name, version), id })
    }

    /// Versions never change: every update is a new one, with all it holds. Groups learn of it by the output `version`.
    async fn update(aws: &Aws, live: &At<Self>, want: &Self, _changed: &Changed<'_>) -> Result<Outputs, AwsError> {
        let answer = aws
            .ec2
            .create_launch_template_version()
            .launch_template_id(&live.id)
            .launch_template_data(request(want, &aws.region)?)
            .send()
            .await
            .call("ec2:CreateLaunchTemplateVersion")?;
        let number = answer.launch_template_version().and_then(LaunchTemplateVersion::version_number).unwrap_or_default();
        versions::set_default(aws, &live.id, number).await?;
        versions::prune(aws, &live.id).await?;
        Ok(outputs([("version", Some(&number.to_string()))]))
    }

    /// The versions that were made since go, so that the one there was is the newest again.
    async fn restore(aws: &Aws, was: &At<Self>, _now: Found<Self>, _changed: &Changed<'_>) -> Result<bool, AwsError> {
        let number = was.outputs.get("version").and_then(|version| version.parse().ok());
        let unknown = || AwsError::unexpected("ec2:DescribeLaunchTemplateVersions", format!("{} had no version", was.id));
        versions::back_to(aws, &was.id, number.ok_or_else(unknown)?).await
    }

    async fn tag(aws: &Aws, live: &At<Self>, tags: &Tags) -> Result<(), AwsError> {
        super::tag(aws, &live.id, tags).await
    }

    async fn delete(aws: &Aws, live: &At<Self>) -> Result<(), AwsError> {
        deleted(aws.ec2.delete_launch_template().launch_template_id(&live.id).send().await.call("ec2:DeleteLaunchTemplate"))
    }
}

fn its_outputs(id: &str, name: &str, version: Option<i64>) -> Outputs {
    outputs([("id", Some(id)), ("name", Some(name)), ("version", version.map(|number| number.to_string()).as_deref())])
}
