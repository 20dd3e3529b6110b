//! A saved plan is applied as it was reviewed, or not at all.

use aws_sdk_ec2::types::{AttributeBooleanValue, RequestLaunchTemplateData, Tag};

use super::drift::Ids;
use super::{Ended, Stage, images};

/// Changes of several sorts: in place, by a new one, and to what runs.
const REVIEWED: &str = r#"
    [service.web]
    log_days = 7
    [service.web.env]
    NEW = "1"
    [service.web.instances]
    max = 4
    [service.web.load_balancer]
    idle_timeout = "2m"
    [service.worker]
    connects = ["database.main"]
    [database.main]
    backup_days = 3
    [cache.main]
    replicas = 1
"#;

impl Stage {
    /// Saves the plan; gives its file and its id.
    async fn save(&self, choices: &[&str]) -> (String, String) {
        let file = self.home.path().join("reviewed.plan").display().to_string();
        let ended = self.run(&[&["plan", "--format", "json", "--out", &file], choices].concat()).await;
        assert_eq!(ended.code, 0, "{ended:#?}");
        (file, super::Plan::read(&ended, choices).id())
    }

    async fn apply_saved(&self, (file, id): &(String, String)) -> Ended {
        self.run(&["apply", file, "--approve", id]).await
    }

    /// The saved plan is refused: exit 4, these words, and not one call that writes.
    async fn is_stale(&self, saved: &(String, String), words: &[&str]) {
        self.count_anew().await;
        let ended = self.apply_saved(saved).await;
        assert_eq!(ended.code, 4, "{ended:#?}");
        for word in words {
            assert!(ended.err.contains(word), "nothing is said of {word}: {ended:#?}");
        }
        assert_eq!(self.writes().await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn it_is_applied_once() {
    let stage = Stage::running("dev").await;
    stage.specs.change("dev", REVIEWED);
    let saved = stage.save(&[]).await;
    assert_eq!(stage.save(&[]).await.1, saved.1, "the same plan has the same id");

    let ended = stage.apply_saved(&saved).await;
    assert_eq!(ended.code, 0, "{ended:#?}");
    stage.is_settled().await;
    stage.is_stale(&saved, &["database.main.instance: backup_days was 1, and is 3 now", "service.web.log_group"]).await;
}

#[tokio::test]
async fn one_that_creates_everything_is_applied_once() {
    let stage = Stage::new("dev").await;
    let saved = stage.save(&[]).await;
    let ended = stage.apply_saved(&saved).await;
    assert_eq!(ended.code, 0, "{ended:#?}");
    stage.is_stale(&saved, &["network.vpc: it was not there, and vpc-"]).await;

    stage.specs.change("dev", "");
    let file = stage.home.path().join("destroy.plan").display().to_string();
    let ended = stage.run(&["plan", "--destroy", "--out", &file]).await;
    assert_eq!(ended.code, 0, "{ended:#?}");
    let ended = stage.run(&["apply", &file, "--yes", "--allow", "data-loss"]).await;
    assert_eq!(ended.code, 0, "{ended:#?}");
    let ended = stage.run(&["apply", &file, "--yes", "--allow", "data-loss"]).await;
    assert_eq!((ended.code, ended.err.contains("gone")), (4, true), "{ended:#?}");
}

#[tokio::test]
async fn whatever_moves_in_aws_makes_it_stale() {
    let stage = Stage::running("dev").await;
    stage.specs.change("dev", REVIEWED);
    let (aws, ids) = (stage.aws(), Ids::of(&stage).await);
    let (ec2, off) = (&aws.ec2, AttributeBooleanValue::builder().value(false).build());

    // A value that the plan changes is another by now.
    let saved = stage.save(&[]).await;
    let group = ids.id("service.web.group");
    aws.autoscaling.update_auto_scaling_group().auto_scaling_group_name(group).max_size(9).send().await.unwrap();
    stage.is_stale(&saved, &["service.web.group: max was 2, and is 9 now"]).await;

    // A value that the plan left alone.
    let saved = stage.save(&[]).await;
    ec2.modify_vpc_attribute().vpc_id(ids.id("network.vpc")).enable_dns_hostnames(off).send().await.unwrap();
    stage.is_stale(&saved, &["network.vpc: dns_hostnames was true, and is false now"]).await;

    // A tag is edited, and another is gone.
    let saved = stage.save(&[]).await;
    let tag = |key: &str| Tag::builder().key(key);
    let edit = ec2.create_tags().resources(ids.id("network.internet_gateway"));
    edit.tags(tag("Name").value("mine").build()).send().await.unwrap();
    ec2.delete_tags().resources(ids.id("network.subnet.private-a")).tags(tag("owner").build()).send().await.unwrap();
    stage.is_stale(&saved, &["network.internet_gateway: tags.Name was", "network.subnet.private-a: tags.owner was"]).await;

    // A rule is added, and a route is gone.
    let saved = stage.save(&[]).await;
    let open = ec2.authorize_security_group_ingress().group_id(ids.id("database.main.security_group"));
    open.ip_protocol("tcp").from_port(5432).to_port(5432).cidr_ip("0.0.0.0/0").send().await.unwrap();
    stage.is_stale(&saved, &["database.main.security_group: ingress was"]).await;
    let saved = stage.save(&[]).await;
    let table = ids.id("network.route_table.private-a");
    ec2.delete_route().route_table_id(table).destination_cidr_block("0.0.0.0/0").send().await.unwrap();
    stage.is_stale(&saved, &["network.route_table.private-a: routes was"]).await;

    // A resource is gone.
    let saved = stage.save(&[]).await;
    ec2.delete_vpc_endpoints().vpc_endpoint_ids(ids.id("network.s3_endpoint")).send().await.unwrap();
    stage.at_rest().await;
    stage.is_stale(&saved, &["network.s3_endpoint", "gone"]).await;

    // One is there that the plan makes.
    let saved = stage.save(&[]).await;
    let ended = stage.run(&["apply", "--yes", "--only", "network.s3_endpoint"]).await;
    assert_eq!(ended.code, 0, "{ended:#?}");
    stage.is_stale(&saved, &["network.s3_endpoint: it was not there, and vpce-"]).await;

    // Another version of what instances are started from.
    let saved = stage.save(&[]).await;
    let version = ec2.create_launch_template_version().launch_template_id(ids.id("service.worker.launch_template"));
    let larger = RequestLaunchTemplateData::builder().instance_type("m5.large".into()).build();
    version.source_version("1").launch_template_data(larger).send().await.unwrap();
    stage.is_stale(&saved, &["service.worker.launch_template: instance_type was", "\"m5.large\" now"]).await;

    // Another may do more.
    let saved = stage.save(&[]).await;
    let everything = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
    let role = aws.iam.put_role_policy().role_name(ids.id("service.web.role")).policy_name("mine");
    role.policy_document(everything).send().await.unwrap();
    stage.is_stale(&saved, &["service.web.role"]).await;

    // Data is no longer protected, or kept for another while.
    let saved = stage.save(&[]).await;
    let database = aws.rds.modify_db_instance().db_instance_identifier(ids.id("database.main.instance"));
    database.backup_retention_period(5).apply_immediately(true).send().await.unwrap();
    stage.at_rest().await;
    stage.is_stale(&saved, &["database.main.instance: backup_days was 1, and is 5 now"]).await;

    // The address of one is gone: nobody knows what it is any more.
    let saved = stage.save(&[]).await;
    let unnamed = ec2.delete_tags().resources(ids.id("network.subnet.public-b"));
    unnamed.tags(tag("infra:address").build()).send().await.unwrap();
    stage.is_stale(&saved, &["network.subnet.public-b"]).await;
}

#[tokio::test]
async fn what_it_does_not_rest_on_may_move() {
    let stage = Stage::running("dev").await;
    stage.push("v2").await;
    stage.specs.change("dev", REVIEWED);
    let (aws, ids) = (stage.aws(), Ids::of(&stage).await);
    let saved = stage.save(&[]).await;

    // Somebody deploys, a group scales, and somebody's own tag is put on.
    stage.specs.change("dev", "");
    stage.apply(&stage.plan(&images("v2")).await).await;
    let group = ids.id("service.web.group");
    aws.autoscaling.set_desired_capacity().auto_scaling_group_name(group).desired_capacity(2).send().await.unwrap();
    let theirs = Tag::builder().key("cost-centre").value("42").build();
    aws.ec2.create_tags().resources(ids.id("network.vpc")).tags(theirs).send().await.unwrap();
    stage.specs.change("dev", REVIEWED);

    let ended = stage.apply_saved(&saved).await;
    assert_eq!(ended.code, 0, "{ended:#?}");
    stage.is_settled().await;
    let web = &stage.live().await["service.web.launch_template"];
    assert_eq!(web.attrs["container"]["environment"]["NEW"], "1");
    let deployed = stage.plan(&images("v2")).await;
    assert_eq!(deployed.says(), std::collections::BTreeSet::new(), "what was deployed since stays");
}

#[tokio::test]
async fn a_spec_that_changed_makes_it_stale() {
    let stage = Stage::running("dev").await;
    stage.specs.change("dev", REVIEWED);
    let saved = stage.save(&[]).await;
    stage.specs.change("dev", &REVIEWED.replace("max = 4", "max = 5"));
    stage.is_stale(&saved, &["service.web.group: other than planned, max was 4, and is 5 now"]).await;
    stage.specs.change("dev", "");
    stage.is_stale(&saved, &["service.web.group: it was to be updated, and is to be left as it is now"]).await;
}

#[tokio::test]
async fn what_was_left_out_or_taken_in_is_part_of_what_was_approved() {
    let stage = Stage::running("dev").await;
    stage.specs.change("dev", REVIEWED);
    let part = ["--only", "service.web.log_group"];
    let ((_, whole), (_, less)) = (stage.save(&[]).await, stage.save(&part).await);
    stage.refuses(&["apply", "--approve", &whole, part[0], part[1]], &["was approved", &less]).await;
    stage.refuses(&["apply", "--approve", &less], &["was approved", &whole]).await;
    let ended = stage.run(&["apply", "--approve", &less, part[0], part[1]]).await;
    assert_eq!(ended.code, 0, "{ended:#?}");
}

#[tokio::test]
async fn it_is_for_one_place_and_one_infra() {
    let stage = Stage::new("dev").await;
    let (file, id) = stage.save(&[]).await;
    let refuses = async |arguments: &[&str], words: &str| {
        let ended = stage.run(arguments).await;
        assert_eq!((ended.code, ended.err.contains(words)), (1, true), "{words}: {ended:#?}");
    };
    refuses(&["apply", &file, "--approve", &id, "--env", "staging"], "the plan is for environment dev, and this is staging")
        .await;
    refuses(&["apply", &file, "--only", "network"], "cannot be used with").await;

    let text = std::fs::read_to_string(&file).unwrap();
    let changed = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        let other = stage.home.path().join("other.plan");
        std::fs::write(&other, text.replace(from, to)).unwrap();
        other.display().to_string()
    };
    let edited = changed("\"reason\": \"new\"", "\"reason\": \"gone\"");
    refuses(&["apply", &edited, "--approve", &id], "it has been changed since").await;
    let newer = changed("\"format_version\": \"1.0\"", "\"format_version\": \"1.1\"");
    refuses(&["show", &newer], "it was written by a newer infra (format 1.1").await;
    refuses(&["show", "nowhere.plan"], "nowhere.plan").await;
    let other = changed("\"format\": \"infra plan\"", "\"format\": \"a tale\"");
    refuses(&["show", &other], "not a plan that `infra plan --out` has written").await;

    for (from, to, words) in [
        ("project = \"techhub\"", "project = \"other\"", "the plan is for project techhub, and this is other"),
        ("region = \"us-east-1\"", "region = \"eu-west-1\"", "the plan is for region us-east-1, and this is eu-west-1"),
    ] {
        let base = stage.specs.folder().join("base.toml");
        let first = std::fs::read_to_string(&base).unwrap();
        std::fs::write(&base, first.replace(from, to)).unwrap();
        refuses(&["apply", &file, "--approve", &id], words).await;
        std::fs::write(&base, first).unwrap();
    }
}

#[tokio::test]
async fn it_is_shown_without_aws() {
    let stage = Stage::made("dev").await;
    stage.specs.change("dev", REVIEWED);
    let file = stage.home.path().join("shown.plan").display().to_string();
    for format in ["text", "json", "markdown", "html"] {
        let made = stage.run(&["plan", "--format", format, "--out", &file]).await;
        let mut show = tokio::process::Command::new(env!("CARGO_BIN_EXE_infra"));
        let shown = show.args(["show", &file, "--format", format]).env_clear().output().await.unwrap();
        assert_eq!(String::from_utf8(shown.stdout).unwrap(), made.out);
    }
}

/// What is approved for one account is not approved for another.
#[tokio::test]
async fn an_approval_is_for_one_account() {
    let (here, there) = (Stage::new("dev").await, Stage::new("dev").await);
    let part = ["--only", "network"];
    let (_, id) = here.save(&part).await;
    there.refuses(&["apply", "--approve", &id, part[0], part[1]], &["was approved"]).await;
}

/// A reader that is gone changes neither what is done nor how it ends.
#[tokio::test]
async fn nobody_need_read_to_the_end() {
    let stage = Stage::new("dev").await;
    let unread = async |arguments: &[&str]| {
        let mut command = stage.infra(arguments).await;
        let mut child = command.spawn().unwrap();
        drop(child.stdout.take());
        Ended::from(child.wait_with_output().await.unwrap())
    };
    assert_eq!(unread(&["plan", "--detailed-exitcode"]).await.code, 2);
    // What nobody could read, nobody agreed to.
    stage.count_anew().await;
    let ended = unread(&["apply", "--yes"]).await;
    assert_eq!((ended.code, stage.writes().await), (1, Vec::new()), "{ended:#?}");
}
