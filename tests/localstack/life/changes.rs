//! The spec changes, and changes back: in place where AWS can, by replacement where it cannot, and what stays is never missing.

use std::collections::BTreeSet;

use serde_json::json;

use super::{Stage, images};

impl Stage {
    /// Changes the spec, applies, and sees that nothing is left to do. Gives what the plan said.
    pub(super) async fn change(&self, change: &str) -> BTreeSet<String> {
        self.specs.change(&self.environment, change);
        self.converge(&[]).await.says()
    }
}

fn lines<const N: usize>(lines: [&str; N]) -> BTreeSet<String> {
    lines.map(str::to_owned).into()
}

const IN_PLACE: &str = r#"
    [repository.web]
    keep_images = 5
    scan_on_push = false
    immutable_tags = false

    [service.web]
    log_days = 7
    health_check = "/healthy"
    connects = ["database.main"]
    [service.web.env]
    NEW = "1"
    [service.web.instances]
    max = 4
    type = "t3.medium"
    [service.web.load_balancer]
    idle_timeout = "2m"

    [service.worker.instances]
    cpu_target_percent = 50
    [service.worker.secrets]
    TOKEN = "secretsmanager:token"

    [service.api]
    cpu = "2 vCPU"
    memory_gib = 4

    [database.main]
    class = "db.t4g.small"
    backup_days = 3
    multi_az = true

    [cache.main]
    node = "cache.t4g.small"
    replicas = 1
"#;

#[tokio::test]
async fn in_place() {
    let stage = Stage::running("dev").await;
    let both_ways = lines([
        "update cache.main.replication_group: failover multi_az node replicas (spec_changed)",
        "update cache.main.security_group: ingress (spec_changed)",
        "update database.main.instance: backup_days class multi_az (spec_changed)",
        "update repository.web: immutable_tags keep_images scan_on_push (spec_changed)",
        "update service.api.service: cpu memory_mib (spec_changed)",
        "update service.web.group: launch_template_version max (spec_changed)",
        "update service.web.launch_template: container instance_type (spec_changed)",
        "update service.web.load_balancer: idle_timeout_seconds (spec_changed)",
        "update service.web.log_group: retention_days (spec_changed)",
        "update service.web.target_group: health_check_path (spec_changed)",
        "update service.worker.group: cpu_target_percent launch_template_version (spec_changed)",
        "update service.worker.launch_template: container (spec_changed)",
        "update service.worker.role: policies (spec_changed)",
    ]);
    assert_eq!(stage.while_up(stage.change(IN_PLACE)).await, both_ways);
    assert_eq!(stage.while_up(stage.change("")).await, both_ways);
}

#[tokio::test]
async fn tags() {
    let stage = Stage::made("dev").await;
    let everything = stage.live().await.len();
    let said = stage.change("[tags]\nowner = \"web\"").await;
    assert_eq!(said.len(), everything);
    assert!(said.iter().all(|line| line.starts_with("update ") && line.ends_with(": tags (spec_changed)")), "{said:#?}");
}

/// What AWS cannot change is made anew beside the old one.
#[tokio::test]
async fn by_replacement() {
    let stage = Stage::running("dev").await;
    let change = r"
        [service.web]
        port = 9000
        [service.web.load_balancer]
        public = false
        [service.api.scaling]
        max = 7
    ";
    let both_ways = lines([
        "create+delete service.api.auto_scaling_configuration: max (spec_changed)",
        "create+delete service.web.listener.http: action load_balancer (reference_changed)",
        "create+delete service.web.load_balancer: name scheme subnets (spec_changed)",
        "create+delete service.web.target_group: load_balancer name port (spec_changed)",
        "update service.api.service: auto_scaling_configuration (reference_changed)",
        "update service.web.group: launch_template_version target_groups (reference_changed)",
        "update service.web.launch_template: container (spec_changed)",
        "update service.web.load_balancer_security_group: ingress (spec_changed)",
        "update service.web.security_group: ingress (spec_changed)",
    ]);
    assert_eq!(stage.while_up(stage.change(change)).await, both_ways);
    assert_eq!(stage.while_up(stage.change("")).await, both_ways);
}

#[tokio::test]
async fn what_leaves_the_spec_goes_and_what_comes_back_is_made() {
    let stage = Stage::running("dev").await;
    let change = r#"
        [service]
        worker = "absent"
        [service.api]
        connects = []
        [service.web]
        connects = ["database.main"]
        [cache]
        main = "absent"
    "#;
    let said = stage.while_up(stage.change(change)).await;
    let gone = [
        "delete cache.main.replication_group (not_in_spec)",
        "delete cache.main.security_group (not_in_spec)",
        "delete cache.main.subnet_group (not_in_spec)",
        "delete service.api.security_group (not_in_spec)",
        "delete service.api.vpc_connector (not_in_spec)",
        "delete service.worker.group (not_in_spec)",
        "delete service.worker.instance_profile (not_in_spec)",
        "delete service.worker.launch_template (not_in_spec)",
        "delete service.worker.log_group (not_in_spec)",
        "delete service.worker.role (not_in_spec)",
        "delete service.worker.security_group (not_in_spec)",
    ];
    let expected = lines(gone);
    assert_eq!(said.iter().filter(|line| line.starts_with("delete")).cloned().collect::<BTreeSet<_>>(), expected);

    // The worker has no image that runs by now: it is made as far as it goes, and then with one.
    stage.specs.change("dev", "");
    let plan = stage.converge(&[]).await;
    assert_eq!(plan.count("deferred"), 2, "{plan:?}");
    let plan = stage.converge(&images("v1")).await;
    assert_eq!(plan.with("create").into_iter().collect::<Vec<_>>(), ["service.worker.group", "service.worker.launch_template"]);
}

/// A database's settings, and an upgrade, from which there is no way back.
#[tokio::test]
async fn a_database() {
    let stage = Stage::made("dev").await;
    let said = stage.change("[database.main.parameters]\nmax_connections = \"100\"").await;
    let expected =
        lines(["create database.main.parameter_group (new)", "update database.main.instance: parameter_group (spec_changed)"]);
    assert_eq!(said, expected);
    let said = stage.change("[database.main.parameters]\nmax_connections = \"200\"").await;
    assert_eq!(said, lines(["update database.main.parameter_group: parameters (spec_changed)"]));
    let said = stage.change("[database.main]\nversion = \"17\"\nparameters = { max_connections = \"200\" }").await;
    let expected = lines([
        "create+delete database.main.parameter_group: family name (spec_changed)",
        "update database.main.instance: parameter_group version (spec_changed)",
    ]);
    assert_eq!(said, expected);
    let said = stage.change("[database.main]\nversion = \"17\"\nstorage_gib = 30\nmax_storage_gib = 100").await;
    let expected = lines([
        "delete database.main.parameter_group (not_in_spec)",
        "update database.main.instance: parameter_group storage (spec_changed)",
    ]);
    assert_eq!(said, expected);
}

/// An environment without data, so that its network can be another one.
const WITHOUT_DATA: &str = r#"
    database = "absent"
    cache = "absent"
    [service.web]
    connects = []
    [service.worker]
    connects = []
    [service.api]
    connects = []
"#;

async fn without_data() -> Stage {
    let stage = Stage::new("dev").await;
    stage.specs.change("dev", WITHOUT_DATA);
    stage.converge(&[]).await;
    stage.push("v1").await;
    stage.converge(&images("v1")).await;
    stage
}

#[tokio::test]
async fn another_network() {
    let stage = without_data().await;
    for cidr in ["10.40.0.0/16", "10.10.0.0/16"] {
        let said = stage.while_up(stage.change(&format!("{WITHOUT_DATA}\n[network]\ncidr = \"{cidr}\""))).await;
        let replaced = said.iter().filter_map(|line| line.strip_prefix("create+delete ")?.split([':', ' ']).next());
        let expected = [
            "network.elastic_ip.a",
            "network.internet_gateway",
            "network.nat_gateway.a",
            "network.route_table.private-a",
            "network.route_table.private-b",
            "network.route_table.public",
            "network.s3_endpoint",
            "network.subnet.private-a",
            "network.subnet.private-b",
            "network.subnet.public-a",
            "network.subnet.public-b",
            "network.vpc",
            "service.web.group",
            "service.web.listener.http",
            "service.web.load_balancer",
            "service.web.load_balancer_security_group",
            "service.web.security_group",
            "service.web.target_group",
            "service.worker.group",
            "service.worker.security_group",
        ];
        assert_eq!(replaced.collect::<Vec<_>>(), expected, "{said:#?}");
    }
}

#[tokio::test]
async fn zones_and_ways_out() {
    let stage = without_data().await;
    let network = |network: &str| format!("{WITHOUT_DATA}\n[network]\n{network}");
    let said = stage.while_up(stage.change(&network("zones = 3\nnat = \"per-zone\""))).await;
    for line in
        ["create network.subnet.private-c (new)", "create network.nat_gateway.c (new)", "create network.nat_gateway.b (new)"]
    {
        assert!(said.contains(line), "{said:#?}");
    }
    let destructive = |said: &BTreeSet<String>| said.iter().filter(|line| line.contains("delete")).count();
    assert_eq!(destructive(&said), 0, "{said:#?}");
    let said = stage.while_up(stage.change(&network("zones = 2\nnat = \"none\""))).await;
    assert!(said.contains("delete network.elastic_ip.a (not_in_spec)"), "{said:#?}");
    stage.while_up(stage.change(&network(""))).await;
}

/// Where there are databases and connectors, too.
#[tokio::test]
async fn another_zone() {
    let stage = Stage::running("dev").await;
    let said = stage.while_up(stage.change("[network]\nzones = 3")).await;
    let expected = [
        "create network.route_table.private-c (new)",
        "create network.subnet.private-c (new)",
        "create network.subnet.public-c (new)",
        "create+delete service.api.vpc_connector: name subnets (spec_changed)",
        "update cache.main.subnet_group: subnets (spec_changed)",
        "update database.main.subnet_group: subnets (spec_changed)",
        "update network.route_table.public: subnets (spec_changed)",
        "update network.s3_endpoint: route_tables (spec_changed)",
        "update service.api.service: vpc_connector (reference_changed)",
        "update service.web.group: subnets (spec_changed)",
        "update service.web.load_balancer: subnets (spec_changed)",
        "update service.worker.group: subnets (spec_changed)",
    ];
    assert_eq!(said, lines(expected));
    let said = stage.while_up(stage.change("")).await;
    let gone = said.iter().filter(|line| line.starts_with("delete ")).cloned();
    let expected = [
        "delete network.route_table.private-c (not_in_spec)",
        "delete network.subnet.private-c (not_in_spec)",
        "delete network.subnet.public-c (not_in_spec)",
    ];
    assert_eq!(gone.collect::<BTreeSet<_>>(), lines(expected));
}

/// A certificate brings a second listener, and the first one then sends people there.
#[tokio::test]
async fn encryption() {
    let stage = Stage::running("dev").await;
    let behind = async |domain: &str| {
        let asked = json!({ "DomainName": domain });
        let answer = stage.by_hand("acm", "CertificateManager.RequestCertificate", &asked).await;
        format!("[service.web.load_balancer]\ncertificate = {}", answer["CertificateArn"])
    };
    let said = stage.while_up(stage.change(&behind("one.example.com").await)).await;
    let expected = [
        "create service.web.listener.https (new)",
        "update service.web.listener.http: action (spec_changed)",
        "update service.web.load_balancer_security_group: ingress (spec_changed)",
    ];
    assert_eq!(said, lines(expected));
    let said = stage.while_up(stage.change(&behind("two.example.com").await)).await;
    assert_eq!(said, lines(["update service.web.listener.https: certificate (spec_changed)"]));
    let said = stage.while_up(stage.change("")).await;
    assert!(said.contains("delete service.web.listener.https (not_in_spec)"), "{said:#?}");

    // People are not sent where nobody listens.
    stage.specs.change("dev", &behind("three.example.com").await);
    stage.fail("elbv2", "CreateListener", 1).await;
    let ended = stage.run(&["apply", "--yes"]).await;
    assert_eq!(ended.code, 3, "{ended:#?}");
    assert!(stage.plan(&[]).await.says().iter().any(|line| line.contains("listener.http: action")), "{ended:#?}");
    stage.converge(&[]).await;
}
