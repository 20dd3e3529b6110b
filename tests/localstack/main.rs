//! Every kind of resource against LocalStack: `localstack/up`, then `AWS_ENDPOINT_URL=<what it printed> cargo test --test localstack`.
//!
//! Each test has an AWS account of its own, so they run side by side.

mod around;
mod kit;

mod apprunner;
mod ecr;
mod vpc;
