//! What `connects` does: it opens exactly the path needed, and tells the service where the other side is.

use std::collections::BTreeSet;

use super::builder::{Builder, Variables, vpc};
use super::{apprunner, cache, database, load_balancer};
use crate::aws::ec2::security_group::{Peer, Rule, SecurityGroup};
use crate::graph::{Address, Input, Wanted};
use crate::spec::{Connection, Part, Piece, Service, Text};

/// Adds the security group of a database or cache: it lets in every service that connects to it, and nothing out.
pub(super) fn guard(builder: &mut Builder<'_>, target: &Connection, port: u16) -> Input {
    let (kind, name) = match target {
        Connection::Database(name) => ("database", name),
        Connection::Cache(name) => ("cache", name),
    };
    let services = builder.environment.service.iter().filter(|(_, service)| service.connects.contains(target));
    let ingress = services.map(|(service, _)| Rule {
        protocol: "tcp".into(),
        from_port: port.into(),
        to_port: port.into(),
        peer: Peer::Group(Input::output(&security_group(service), "id")),
        description: format!("from service.{service}"),
    });
    let group = SecurityGroup::<Wanted> {
        name: builder.name(&[name, kind], 255),
        description: format!("{kind}.{name}: who may reach it"),
        vpc: vpc(),
        ingress: ingress.collect(),
        egress: BTreeSet::new(),
    };
    let address = builder.add::<SecurityGroup>(Address::of(&[kind, name, "security_group"]), &group);
    Input::output(&address, "id")
}

/// A rule that lets everything out.
pub(super) fn everything_out() -> BTreeSet<Rule<Wanted>> {
    let peer = Peer::Cidr("0.0.0.0/0".into());
    let rule = Rule { protocol: "-1".into(), from_port: -1, to_port: -1, peer, description: "to anywhere".into() };
    BTreeSet::from([rule])
}

/// The security group that a service's traffic comes from.
pub(super) fn security_group(service: &str) -> Address {
    Address::of(&["service", service, "security_group"])
}

/// The variables of a service: its own, and where its databases and caches are.
pub(super) fn variables(builder: &Builder<'_>, service: &Service) -> Variables {
    let mut variables: Variables = service.env.iter().map(|(name, value)| (name.clone(), text(builder, value))).collect();
    for connection in &service.connects {
        variables.extend(connection.variables().into_iter().zip(values(builder, connection)));
    }
    variables
}

/// A value with what stands in it.
fn text(builder: &Builder<'_>, text: &Text) -> Input {
    Input::joined(text.0.iter().map(|piece| match piece {
        Piece::Literal(text) => text.as_str().into(),
        Piece::Of(Part::Connection(connection, part)) => values(builder, connection).swap_remove(*part),
        Piece::Of(Part::Service(name)) => match builder.environment.front(name) {
            Some((owner, _)) => Input::output(&load_balancer::address(owner), "dns_name"),
            None => Input::output(&apprunner::address(name), "url"),
        },
    }))
}

/// The values of [`Connection::parts`], in their order.
fn values(builder: &Builder<'_>, connection: &Connection) -> Vec<Input> {
    match connection {
        Connection::Database(name) => {
            let instance = database::instance(name);
            let database = builder.environment.database.get(name).map(|database| builder.environment.database_name(database));
            let [host, port, secret] = ["address", "port", "secret_arn"].map(|output| Input::output(&instance, output));
            vec![host, port, Input::Known(database.unwrap_or_default()), secret]
        }
        Connection::Cache(name) => {
            let group = cache::replication_group(name);
            ["address", "port"].map(|output| Input::output(&group, output)).into()
        }
    }
}

/// The ARNs of the secrets that RDS keeps for the databases a service connects to.
pub(super) fn database_secrets(service: &Service) -> Vec<Input> {
    let databases = service.connects.iter().filter_map(|connection| match connection {
        Connection::Database(name) => Some(Input::output(&database::instance(name), "secret_arn")),
        Connection::Cache(_) => None,
    });
    databases.collect()
}
