//! Networks.

use infra::aws::ec2::vpc::Vpc;

use crate::kit::Sandbox;

pub(crate) fn vpc() -> Vpc {
    Vpc { cidr: "10.1.0.0/16".parse().unwrap(), dns_support: true, dns_hostnames: true }
}

#[tokio::test]
async fn vpc_round_trip() {
    let no_names = Vpc { dns_hostnames: false, ..vpc() };
    let no_resolver = Vpc { dns_support: false, ..no_names.clone() };
    Sandbox::new().await.round_trip(vpc(), [no_names, no_resolver, vpc()]).await;
}
