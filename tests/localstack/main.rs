//! Every kind of resource against LocalStack: `localstack/up`, then `AWS_ENDPOINT_URL=<what it printed> cargo test --test localstack`.
//!
//! Each test has an AWS account of its own, so they run side by side.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod around;
mod kit;

mod apprunner;
mod autoscaling;
mod cloudwatch;
mod deploying;
mod ecr;
mod elasticache;
mod elbv2;
mod iam;
mod images;
mod launch_template;
mod life;
mod logs;
mod network;
mod rds;
mod reads;
mod release;
mod security_group;
