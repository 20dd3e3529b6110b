//! What people call things, and the little they want to know of each.

use serde_json::Value;

use super::Role;
use super::links::now;
use super::wholes::Whole;
use crate::aws::rds::instance::Storage;
use crate::plan::Change;
use crate::render::words::count;
use crate::values::image_digest::ImageDigest;

/// What people call it.
pub(super) fn label(whole: &Whole<'_>) -> String {
    let Some(change) = whole.main.or(whole.parts.first().map(|&(_, part)| part)) else { return String::new() };
    let address = change.address.as_str();
    let name = change.address.scope().rsplit('.').next().unwrap_or(address);
    let last = address.rsplit('.').next().unwrap_or(address);
    if let Some(live) = change.live.as_ref().filter(|_| whole.is_stray) {
        return format!("{} {}", change.kind, live.id);
    }
    match whole.role {
        Role::Vpc => "VPC".into(),
        Role::Subnet { .. } => last.into(),
        Role::InternetGateway => "internet gateway".into(),
        Role::NatGateway => format!("NAT gateway {last}"),
        Role::Endpoint => last.replace('_', " "),
        Role::LoadBalancer => format!("load balancer of {name}"),
        Role::Instances | Role::AppRunner => format!("service {name}"),
        Role::Database => format!("database {name}"),
        Role::Cache => format!("cache {name}"),
        Role::Repository => format!("repository {name}"),
        Role::Internet | Role::Peer | Role::Other => change.address.scope().replace('.', " "),
    }
}

/// What people want to know of it.
pub(super) fn details(whole: &Whole<'_>) -> Vec<String> {
    let all = whole.main.map(|main| of_role(whole, main)).unwrap_or_default();
    let stray = whole.is_stray.then(|| match whole.main.map(|main| &main.blocked) {
        Some(Some(_)) => "has lost its address".to_owned(),
        _ => "left over".to_owned(),
    });
    all.into_iter().flatten().chain(stray).collect()
}

fn of_role(whole: &Whole<'_>, main: &Change) -> Vec<Option<String>> {
    let part = |kind: &'static str| whole.parts_of(kind).map(|(_, part)| part);
    match whole.role {
        Role::Vpc | Role::Subnet { .. } => vec![told(main, &["cidr"], |[cidr]| text(cidr))],
        Role::LoadBalancer => {
            let listener =
                |part| told(part, &["protocol", "port"], |[protocol, port]| Some(format!("{} {port}", text(protocol)?)));
            let mut all = vec![told(main, &["scheme"], |[scheme]| text(scheme))];
            all.extend(part("elbv2.listener").map(listener));
            all
        }
        Role::Instances => {
            let template = part("ec2.launch_template").next();
            vec![
                template.and_then(|template| told(template, &["instance_type"], |[kind]| text(kind))),
                told(main, &["min", "max"], |[min, max]| Some(range(min, max))),
                template.and_then(|template| told(template, &["container"], |[container]| image(container.get("image")?))),
            ]
        }
        Role::AppRunner => {
            let scaling = part("apprunner.auto_scaling_configuration").next();
            let size = |[cpu, memory]: [&Value; 2]| {
                let of_1024 = |value: &Value| Some(value.as_f64()? / 1024.0);
                Some(format!("App Runner, {} vCPU, {} GiB", of_1024(cpu)?, of_1024(memory)?))
            };
            vec![
                told(main, &["cpu", "memory_mib"], size),
                scaling.and_then(|scaling| told(scaling, &["min", "max"], |[min, max]| Some(range(min, max)))),
                told(main, &["image"], |[image]| self::image(image)),
            ]
        }
        Role::Database => vec![
            told(main, &["engine", "version"], |[engine, version]| Some(format!("{} {}", text(engine)?, text(version)?))),
            told(main, &["class"], |[class]| text(class)),
            told(main, &["storage"], |[storage]| {
                Some(format!("{} GiB", serde_json::from_value::<Storage>(storage.clone()).ok()?.gib))
            }),
            told(main, &["multi_az"], |[multi_az]| Some(if multi_az.as_bool()? { "Multi-AZ" } else { "Single-AZ" }.into())),
        ],
        Role::Cache => vec![
            told(main, &["engine", "version"], |[engine, version]| Some(format!("{} {}", text(engine)?, text(version)?))),
            told(main, &["node"], |[node]| text(node)),
            told(main, &["replicas"], |[replicas]| Some(count(usize::try_from(replicas.as_u64()?).ok()?, "replica", "replicas"))),
        ],
        _ => Vec::new(),
    }
}

/// What attributes say, and where the plan changes that, what they said before.
fn told<const N: usize>(change: &Change, names: &[&str; N], say: impl Fn([&Value; N]) -> Option<String>) -> Option<String> {
    let after = say(names.map(|name| now(change, name)))?;
    let before = names.map(|name| match change.fields.iter().find(|field| field.name == name) {
        Some(field) => &field.before,
        None => now(change, name),
    });
    match say(before) {
        Some(before) if before != after => Some(format!("{before} → {after}")),
        _ => Some(after),
    }
}

fn text(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// How many instances there are.
fn range(least: &Value, most: &Value) -> String {
    let of = if most == 1 { "instance" } else { "instances" };
    if least == most { format!("{least} {of}") } else { format!("{least} to {most} {of}") }
}

fn image(value: &Value) -> Option<String> {
    let (_, digest) = value.as_str()?.split_once('@')?;
    Some(format!("image {}", digest.parse::<ImageDigest>().ok()?.short()))
}
