//! What a resource under test needs around it and is not under test itself, made by the SDK.

use aws_sdk_ecr::primitives::Blob;
use infra::aws::Aws;
use infra::values::name::fingerprint;
use serde_json::json;

/// A network with a subnet in each of two zones, and a security group.
pub(crate) struct Network {
    pub(crate) vpc: String,
    pub(crate) subnets: [String; 2],
    pub(crate) security_groups: [String; 2],
}

pub(crate) async fn network(aws: &Aws) -> Network {
    let answer = aws.ec2.create_vpc().cidr_block("10.1.0.0/16").send().await.unwrap();
    let vpc = answer.vpc().unwrap().vpc_id().unwrap().to_owned();
    Network {
        subnets: [subnet(aws, &vpc, "10.1.1.0/24", "a").await, subnet(aws, &vpc, "10.1.2.0/24", "b").await],
        security_groups: [security_group(aws, &vpc, "one").await, security_group(aws, &vpc, "two").await],
        vpc,
    }
}

async fn subnet(aws: &Aws, vpc: &str, cidr: &str, zone: &str) -> String {
    let create = aws.ec2.create_subnet().vpc_id(vpc).cidr_block(cidr).availability_zone(format!("{}{zone}", aws.region));
    create.send().await.unwrap().subnet().unwrap().subnet_id().unwrap().to_owned()
}

async fn security_group(aws: &Aws, vpc: &str, name: &str) -> String {
    let create = aws.ec2.create_security_group().vpc_id(vpc).group_name(name).description(name);
    create.send().await.unwrap().group_id().unwrap().to_owned()
}

/// A role that a service may assume.
pub(crate) async fn role(aws: &Aws, name: &str, service: &str) -> String {
    let trust = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { "Service": service }, "Action": "sts:AssumeRole" }
    ] });
    let create = aws.iam.create_role().role_name(name).assume_role_policy_document(trust.to_string());
    create.send().await.unwrap().role().unwrap().arn().to_owned()
}

/// Pushes an image that is its tag and nothing else; gives its digest.
pub(crate) async fn image(aws: &Aws, repository: &str, tag: &str) -> String {
    let layer = b"{}";
    let digest = blob(aws, repository, layer).await;
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": { "mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest, "size": layer.len() },
        "layers": [{ "mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": digest, "size": layer.len() }],
        "annotations": { "tag": tag },
    });
    let put = aws.ecr.put_image().repository_name(repository).image_tag(tag).image_manifest(manifest.to_string());
    let answer = put.send().await.unwrap();
    answer.image().unwrap().image_id().unwrap().image_digest().unwrap().to_owned()
}

/// Uploads a layer or a configuration, where it is not there already; gives its digest.
pub(crate) async fn blob(aws: &Aws, repository: &str, content: &[u8]) -> String {
    let digest = format!("sha256:{}", fingerprint(content));
    let upload = aws.ecr.initiate_layer_upload().repository_name(repository).send().await.unwrap();
    let upload = upload.upload_id().unwrap();
    let part = aws.ecr.upload_layer_part().repository_name(repository).upload_id(upload).part_first_byte(0);
    let last = i64::try_from(content.len()).unwrap() - 1;
    part.part_last_byte(last).layer_part_blob(Blob::new(content)).send().await.unwrap();
    let complete = aws.ecr.complete_layer_upload().repository_name(repository).upload_id(upload).layer_digests(&digest);
    if let Err(error) = complete.send().await {
        assert!(error.into_service_error().is_layer_already_exists_exception());
    }
    digest
}

/// An instance profile with a role in it; gives its ARN.
pub(crate) async fn instance_profile(aws: &Aws, name: &str) -> String {
    role(aws, name, "ec2.amazonaws.com").await;
    let answer = aws.iam.create_instance_profile().instance_profile_name(name).send().await.unwrap();
    aws.iam.add_role_to_instance_profile().instance_profile_name(name).role_name(name).send().await.unwrap();
    answer.instance_profile().unwrap().arn().to_owned()
}

/// The newest Amazon Linux 2023.
pub(crate) async fn machine_image(aws: &Aws) -> String {
    let name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64";
    let answer = aws.ssm.get_parameter().name(name).send().await.unwrap();
    answer.parameter().unwrap().value().unwrap().to_owned()
}

/// A certificate that a listener takes; gives its ARN.
pub(crate) async fn certificate(aws: &Aws) -> String {
    let upload = aws.iam.upload_server_certificate().server_certificate_name("shop.example.org");
    let pem = |what: &str| format!("-----BEGIN {what}-----\nMIIB\n-----END {what}-----");
    let answer = upload.certificate_body(pem("CERTIFICATE")).private_key(pem("PRIVATE KEY")).send().await.unwrap();
    answer.server_certificate_metadata().unwrap().arn().to_owned()
}
