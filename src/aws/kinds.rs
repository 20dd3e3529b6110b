//! The registry: one line a kind. Reading, planning, applying, the schema and the tests over all kinds follow from it.

use super::access::Access;
use super::kind::{Kind, Of};
use crate::graph::Attrs;
use crate::plan::{Schema, Schemas};

/// Every kind of resource, in the order in which an environment is usually built.
pub static KINDS: &[&dyn Kind] = &[
    &Of::<super::ec2::vpc::Vpc>::NEW,
    &Of::<super::ec2::internet_gateway::InternetGateway>::NEW,
    &Of::<super::ec2::subnet::Subnet>::NEW,
    &Of::<super::ec2::elastic_ip::ElasticIp>::NEW,
    &Of::<super::ec2::nat_gateway::NatGateway>::NEW,
    &Of::<super::ec2::route_table::RouteTable>::NEW,
    &Of::<super::ec2::vpc_endpoint::VpcEndpoint>::NEW,
    &Of::<super::ec2::security_group::SecurityGroup>::NEW,
    &Of::<super::iam::role::Role>::NEW,
    &Of::<super::iam::instance_profile::InstanceProfile>::NEW,
    &Of::<super::logs::log_group::LogGroup>::NEW,
    &Of::<super::ecr::repository::Repository>::NEW,
    &Of::<super::ecr::copy::Image>::NEW,
    &Of::<super::rds::subnet_group::SubnetGroup>::NEW,
    &Of::<super::rds::parameter_group::ParameterGroup>::NEW,
    &Of::<super::rds::instance::Instance>::NEW,
    &Of::<super::elasticache::subnet_group::SubnetGroup>::NEW,
    &Of::<super::elasticache::replication_group::ReplicationGroup>::NEW,
    &Of::<super::elbv2::load_balancer::LoadBalancer>::NEW,
    &Of::<super::elbv2::target_group::TargetGroup>::NEW,
    &Of::<super::elbv2::listener::Listener>::NEW,
    &Of::<super::ec2::launch_template::LaunchTemplate>::NEW,
    &Of::<super::ec2::instance::Instance>::NEW,
    &Of::<super::autoscaling::group::Group>::NEW,
    &Of::<super::apprunner::vpc_connector::VpcConnector>::NEW,
    &Of::<super::apprunner::auto_scaling_configuration::AutoScalingConfiguration>::NEW,
    &Of::<super::apprunner::service::Service>::NEW,
    &Of::<super::cloudwatch::alarm::Alarm>::NEW,
];

/// What calls need of IAM that are about no kind.
pub static OTHERS: &[&Access] = &[
    &super::observe::ACCESS,
    &super::neighbours::ACCESS,
    &super::running::ACCESS,
    &super::images::ACCESS,
    &super::images::SOURCE,
    &super::cloudwatch::states::ACCESS,
    &super::logs::tail::ACCESS,
    &super::lease::ACCESS,
];

/// What promoting from an environment takes there.
pub static SOURCE: &[&Access] = &[&super::running::ACCESS, &super::images::SOURCE];

/// The tables of [`KINDS`], as the planner takes them.
#[derive(Clone, Copy, Debug)]
pub struct Registry;

impl Registry {
    /// The kind of that name.
    pub fn kind(self, name: &str) -> Option<&'static dyn Kind> {
        KINDS.iter().copied().find(|kind| kind.schema().kind == name)
    }
}

impl Schemas for Registry {
    fn schema(&self, kind: &str) -> Option<&'static Schema> {
        self.kind(kind).map(Kind::schema)
    }

    fn normalise(&self, kind: &str, attrs: Attrs) -> Attrs {
        match self.kind(kind) {
            Some(kind) => kind.normalise(attrs),
            None => attrs,
        }
    }
}

#[cfg(test)]
mod replacement;
