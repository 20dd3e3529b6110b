//! What a service is told, and what it reads back: the parts of App Runner's configuration, to and from attributes.

use aws_sdk_apprunner::types::{
    AuthenticationConfiguration, EgressConfiguration, EgressType, HealthCheckConfiguration, HealthCheckProtocol,
    ImageConfiguration, ImageRepository, ImageRepositoryType, IngressConfiguration, InstanceConfiguration, NetworkConfiguration,
    Service as AwsService, SourceConfiguration,
};

use super::super::error::AwsError;
use super::service::Service;

/// The port that App Runner assumes where none was said.
const PORT: u16 = 8080;

/// Attributes that AWS keeps in the source configuration, which an update gives as a whole.
pub(super) const SOURCE: [&str; 7] =
    ["image", "port", "command", "environment", "secrets", "access_role", "automatic_deployments"];
/// Attributes that AWS keeps in the instance configuration.
pub(super) const INSTANCE: [&str; 3] = ["cpu", "memory_mib", "instance_role"];

pub(super) fn source(want: &Service) -> Result<SourceConfiguration, AwsError> {
    let configuration = ImageConfiguration::builder()
        .port(want.port.to_string())
        .set_start_command((!want.command.is_empty()).then(|| want.command.clone()))
        .set_runtime_environment_variables(Some(want.environment.clone().into_iter().collect()))
        .set_runtime_environment_secrets(Some(want.secrets.clone().into_iter().collect()))
        .build();
    let image = ImageRepository::builder()
        .image_identifier(&want.image)
        .image_repository_type(ImageRepositoryType::Ecr)
        .image_configuration(configuration)
        .build()
        .map_err(|error| AwsError::unexpected("apprunner:CreateService", error.to_string()))?;
    Ok(SourceConfiguration::builder()
        .image_repository(image)
        .auto_deployments_enabled(want.automatic_deployments)
        .authentication_configuration(AuthenticationConfiguration::builder().access_role_arn(&want.access_role).build())
        .build())
}

pub(super) fn instance(want: &Service) -> InstanceConfiguration {
    InstanceConfiguration::builder()
        .cpu(want.cpu.to_string())
        .memory(want.memory_mib.to_string())
        .instance_role_arn(&want.instance_role)
        .build()
}

pub(super) fn network(want: &Service) -> NetworkConfiguration {
    let egress = match want.vpc_connector.first() {
        Some(arn) => EgressConfiguration::builder().egress_type(EgressType::Vpc).vpc_connector_arn(arn),
        None => EgressConfiguration::builder().egress_type(EgressType::Default),
    };
    NetworkConfiguration::builder()
        .egress_configuration(egress.build())
        .ingress_configuration(IngressConfiguration::builder().is_publicly_accessible(true).build())
        .build()
}

pub(super) fn health_check(want: &Service) -> HealthCheckConfiguration {
    let check = HealthCheckConfiguration::builder();
    match want.health_check_path.as_str() {
        "" => check.protocol(HealthCheckProtocol::Tcp).build(),
        path => check.protocol(HealthCheckProtocol::Http).path(path).build(),
    }
}

/// The attributes of a service that AWS has.
pub(in crate::aws) fn attributes(service: &AwsService) -> Service {
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    let source = service.source_configuration();
    let image = source.and_then(SourceConfiguration::image_repository);
    let container = image.and_then(ImageRepository::image_configuration);
    let instance = service.instance_configuration();
    let egress = service.network_configuration().and_then(NetworkConfiguration::egress_configuration);
    let scaling = service.auto_scaling_configuration_summary();
    let health = service.health_check_configuration();
    let health = health.filter(|health| health.protocol() == Some(&HealthCheckProtocol::Http));
    Service {
        name: service.service_name().to_owned(),
        image: text(image.map(ImageRepository::image_identifier)),
        port: container.and_then(ImageConfiguration::port).and_then(|port| port.parse().ok()).unwrap_or(PORT),
        command: text(container.and_then(ImageConfiguration::start_command)),
        environment: pairs(container.and_then(ImageConfiguration::runtime_environment_variables)),
        secrets: pairs(container.and_then(ImageConfiguration::runtime_environment_secrets)),
        cpu: units(instance.and_then(InstanceConfiguration::cpu), " vCPU"),
        memory_mib: units(instance.and_then(InstanceConfiguration::memory), " GB"),
        access_role: text(
            source
                .and_then(SourceConfiguration::authentication_configuration)
                .and_then(AuthenticationConfiguration::access_role_arn),
        ),
        instance_role: text(instance.and_then(InstanceConfiguration::instance_role_arn)),
        vpc_connector: egress.and_then(EgressConfiguration::vpc_connector_arn).map(str::to_owned).into_iter().collect(),
        auto_scaling_configuration: text(scaling.and_then(|scaling| scaling.auto_scaling_configuration_arn())),
        health_check_path: text(health.map(|health| health.path().unwrap_or("/"))),
        automatic_deployments: source.and_then(SourceConfiguration::auto_deployments_enabled).unwrap_or(false),
    }
}

fn pairs<K: Clone + Ord, V: Clone>(map: Option<&std::collections::HashMap<K, V>>) -> std::collections::BTreeMap<K, V> {
    map.into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// AWS takes `1024` and `1 vCPU`, `2048` and `2 GB` for the same, and may answer in either way.
fn units(text: Option<&str>, unit: &str) -> u32 {
    let text = text.unwrap_or_default();
    let whole = |text: &str| text.parse().unwrap_or_default();
    match text.strip_suffix(unit) {
        Some("0.25") => 256,
        Some("0.5") => 512,
        Some(number) => whole(number) * 1024,
        None => whole(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_of_writing_an_amount_are_the_same() {
        assert_eq!((units(Some("0.25 vCPU"), " vCPU"), units(Some("256"), " vCPU")), (256, 256));
        assert_eq!((units(Some("2 vCPU"), " vCPU"), units(Some("2048"), " vCPU")), (2048, 2048));
        assert_eq!((units(Some("12 GB"), " GB"), units(Some("12288"), " GB")), (12288, 12288));
    }
}
