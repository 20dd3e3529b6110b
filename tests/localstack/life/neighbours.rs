//! Others in our network: nothing of theirs is touched, and what they stand on stays until they have gone.

use aws_sdk_ec2::types::{InstanceType, NetworkInterface, ResourceType, Tag, TagSpecification};

use super::Stage;

impl Stage {
    /// An instance in one of our subnets that is none of ours; its id.
    async fn stranger(&self, subnet: &str) -> String {
        let ec2 = &self.aws().ec2;
        let images = ec2.describe_images().owners("amazon").send().await.unwrap();
        let image = images.images().first().and_then(|image| image.image_id()).unwrap();
        let name = TagSpecification::builder().resource_type(ResourceType::Instance);
        let name = name.tags(Tag::builder().key("Name").value("bastion").build()).build();
        let run = ec2.run_instances().image_id(image).instance_type(InstanceType::T3Micro).min_count(1).max_count(1);
        let made = run.subnet_id(&self.live().await[subnet].id).tag_specifications(name).send().await.unwrap();
        made.instances()[0].instance_id().unwrap().to_owned()
    }
}

#[tokio::test]
async fn a_stranger_in_a_subnet_keeps_it_there() {
    let stage = Stage::running("dev").await;
    let stranger = stage.stranger("network.subnet.private-a").await;

    // It is in nobody's way as long as nothing of it is to go.
    stage.is_settled().await;
    let plan = stage.plan(&["--destroy"]).await;
    assert!(plan.hazards().contains("unmanaged-neighbour"), "{plan:#?}");
    for address in ["network.subnet.private-a", "network.vpc"] {
        let why = plan.at(address)["blocked"]["why"].as_str().unwrap_or_default();
        assert!(why.contains(&format!("instance {stranger} (bastion)")), "{address}: {why}");
    }
    assert_eq!(plan.count("blocked"), 2, "{plan:#?}");
    for cut_off in ["network.nat_gateway.a", "network.route_table.private-a", "network.s3_endpoint"] {
        assert_eq!(plan.at(cut_off)["hazards"], serde_json::json!(["unmanaged-neighbour"]), "{cut_off}");
    }
    let words = ["network.subnet.private-a", stranger.as_str(), "not ours"];
    stage.refuses(&["destroy", "--yes", "--allow", "data-loss", "--allow", "unmanaged-neighbour"], &words).await;
    // What it does not stand on can go.
    let ended = stage.run(&["destroy", "--yes", "--only", "service.worker"]).await;
    assert_eq!(ended.code, 0, "{ended:#?}");

    stage.aws().ec2.terminate_instances().instance_ids(&stranger).send().await.unwrap();
    stage.at_rest().await;
    for _ in 0..100 {
        if stage.plan(&["--destroy"]).await.count("blocked") == 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    let ended = stage.run(&["destroy", "--yes", "--allow", "data-loss"]).await;
    assert_eq!(ended.code, 0, "{ended:#?}");
    stage.nothing_is_left().await;
}

/// What is ours is never taken for somebody else's, even where people gave it security groups of their own.
#[tokio::test]
async fn what_is_ours_is_no_stranger() {
    let stage = Stage::running("dev").await;
    let live = stage.live().await;
    let (ec2, network) = (&stage.aws().ec2, &live["network.vpc"].id);
    let made = ec2.create_security_group().group_name("theirs").description("theirs").vpc_id(network).send().await.unwrap();
    let theirs = made.group_id().unwrap();
    let database = stage.aws().rds.modify_db_instance().db_instance_identifier(&live["database.main.instance"].id);
    database.vpc_security_group_ids(theirs).apply_immediately(true).send().await.unwrap();
    let groups = ec2.describe_network_interfaces().send().await.unwrap();
    let instance =
        |interface: &&NetworkInterface| interface.attachment().and_then(|attachment| attachment.instance_id()).is_some();
    let of_instance = groups.network_interfaces().iter().find(instance).unwrap().network_interface_id().unwrap();
    ec2.modify_network_interface_attribute().network_interface_id(of_instance).groups(theirs).send().await.unwrap();
    stage.at_rest().await;
    let given = ec2.describe_network_interfaces().send().await.unwrap();
    let have = |interface: &&NetworkInterface| interface.groups().iter().any(|group| group.group_id() == Some(theirs));
    assert!(given.network_interfaces().iter().filter(have).count() > 1, "the database and an instance have their group");

    // Their group stands in our network; what carries it is ours.
    let plan = stage.plan(&["--destroy"]).await;
    let why = plan.at("network.vpc")["blocked"]["why"].as_str().unwrap_or_default();
    assert!(why.contains(&format!("is used by security group {theirs} (theirs), which is not ours")), "{plan:#?}");
    assert_eq!(plan.count("blocked"), 1, "{plan:#?}");
}
