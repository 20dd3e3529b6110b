//! What a version of a launch template holds: built from our attributes, and read back into them.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{
    LaunchTemplateBlockDeviceMappingRequest, LaunchTemplateEbsBlockDevice, LaunchTemplateEbsBlockDeviceRequest,
    LaunchTemplateHttpTokensState, LaunchTemplateIamInstanceProfileSpecificationRequest,
    LaunchTemplateInstanceMetadataEndpointState, LaunchTemplateInstanceMetadataOptionsRequest,
    LaunchTemplateInstanceNetworkInterfaceSpecification as Network, LaunchTemplateInstanceNetworkInterfaceSpecificationRequest,
    LaunchTemplateTagSpecificationRequest, LaunchTemplatesMonitoring, LaunchTemplatesMonitoringRequest,
    RequestLaunchTemplateData, ResourceType, ResponseLaunchTemplateData, VolumeType,
};

use super::super::error::AwsError;
use super::launch_template::LaunchTemplate;
use super::{from_aws, to_aws, user_data};

/// The root device of Amazon Linux.
const ROOT: &str = "/dev/xvda";

/// How far an answer of the metadata service may travel: one hop further than the instance, to its container.
const METADATA_HOPS: i32 = 2;

/// What is tagged with an instance.
pub(super) const TAGGED: [ResourceType; 3] = [ResourceType::Instance, ResourceType::Volume, ResourceType::NetworkInterface];

/// The complete data of a version.
pub(super) fn request(want: &LaunchTemplate, region: &str) -> Result<RequestLaunchTemplateData, AwsError> {
    let disk = LaunchTemplateEbsBlockDeviceRequest::builder()
        .volume_type(VolumeType::Gp3)
        .volume_size(i32::try_from(want.disk_gib).unwrap_or(i32::MAX))
        .encrypted(true)
        .delete_on_termination(true)
        .build();
    // Whether there is a public address can only be said of a network interface, and then the security groups belong there too.
    let network = LaunchTemplateInstanceNetworkInterfaceSpecificationRequest::builder()
        .device_index(0)
        .associate_public_ip_address(want.public_address)
        .delete_on_termination(true)
        .set_groups(Some(want.security_groups.iter().cloned().collect()))
        .build();
    let tokens =
        if want.imdsv2_required { LaunchTemplateHttpTokensState::Required } else { LaunchTemplateHttpTokensState::Optional };
    let metadata = LaunchTemplateInstanceMetadataOptionsRequest::builder()
        .http_endpoint(LaunchTemplateInstanceMetadataEndpointState::Enabled)
        .http_tokens(tokens)
        .http_put_response_hop_limit(METADATA_HOPS)
        .build();
    let tagged = |kind| {
        let tags = to_aws(&want.instance_tags);
        LaunchTemplateTagSpecificationRequest::builder().resource_type(kind).set_tags(Some(tags)).build()
    };
    let profile = LaunchTemplateIamInstanceProfileSpecificationRequest::builder().arn(&want.instance_profile).build();
    Ok(RequestLaunchTemplateData::builder()
        .image_id(&want.image_id)
        .instance_type(want.instance_type.as_str().into())
        .iam_instance_profile(profile)
        .block_device_mappings(LaunchTemplateBlockDeviceMappingRequest::builder().device_name(ROOT).ebs(disk).build())
        .network_interfaces(network)
        .metadata_options(metadata)
        .monitoring(LaunchTemplatesMonitoringRequest::builder().enabled(want.detailed_monitoring).build())
        .set_tag_specifications((!want.instance_tags.is_empty()).then(|| TAGGED.map(tagged).into()))
        .user_data(user_data::encode(&want.container, None, region)?)
        .build())
}

/// The attributes that a version holds.
pub(super) fn attributes(name: &str, data: &ResponseLaunchTemplateData, region: &str) -> LaunchTemplate {
    let network = data.network_interfaces().first();
    let tags = data.tag_specifications().iter().find(|tags| tags.resource_type() == Some(&ResourceType::Instance));
    let metadata = data.metadata_options();
    LaunchTemplate {
        name: name.to_owned(),
        image_id: data.image_id().unwrap_or_default().to_owned(),
        instance_type: data.instance_type().map_or("", |kind| kind.as_str()).to_owned(),
        security_groups: network
            .map_or(data.security_group_ids(), |network| network.groups())
            .iter()
            .cloned()
            .collect::<BTreeSet<_>>(),
        instance_profile: data.iam_instance_profile().and_then(|profile| profile.arn()).unwrap_or_default().to_owned(),
        disk_gib: disk_gib(data),
        public_address: network.and_then(Network::associate_public_ip_address).unwrap_or(false),
        imdsv2_required: metadata.and_then(|options| options.http_tokens()) == Some(&LaunchTemplateHttpTokensState::Required),
        detailed_monitoring: data.monitoring().and_then(LaunchTemplatesMonitoring::enabled).unwrap_or(false),
        instance_tags: tags.map(|tags| from_aws(tags.tags())).unwrap_or_default(),
        container: user_data::decode(data.user_data().unwrap_or_default(), region),
    }
}

/// The size of the encrypted root disk; 0 where somebody took the encryption away, so that it is put back.
fn disk_gib(data: &ResponseLaunchTemplateData) -> u32 {
    let root = data.block_device_mappings().iter().find(|mapping| mapping.device_name() == Some(ROOT));
    let disk = root.and_then(|mapping| mapping.ebs()).filter(|disk| disk.encrypted() == Some(true));
    disk.and_then(LaunchTemplateEbsBlockDevice::volume_size).and_then(|size| size.try_into().ok()).unwrap_or(0)
}
