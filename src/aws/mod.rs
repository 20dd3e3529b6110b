//! AWS: the only folder that names the SDK. One file per kind of resource, one line each in [`kinds`].

pub mod access;
mod bounded;
pub mod client;
pub mod cloud;
pub mod error;
mod health;
pub mod images;
pub mod kind;
pub mod kinds;
pub mod lease;
mod neighbours;
pub mod observe;
mod read;
pub mod registries;
pub mod running;
pub mod secrets;
mod shared;
mod stranger;
mod unanswered;
mod unreachable;
pub mod wait;

pub mod apprunner;
pub mod autoscaling;
pub mod cloudwatch;
pub mod ec2;
pub mod ecr;
pub mod elasticache;
pub mod elbv2;
pub mod iam;
pub mod logs;
pub mod rds;

pub use client::Aws;
pub use error::{AwsError, Call, IfThere};
pub use read::chain;
