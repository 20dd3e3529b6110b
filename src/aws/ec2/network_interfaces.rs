//! Network interfaces that other services hold in our subnets: they let go of them some time after they were told to.

use std::time::Duration;

use aws_sdk_ec2::types::Filter;

use super::super::client::Aws;
use super::super::error::{AwsError, Call};
use super::super::wait::{self, Look};

/// Waits until there is no network interface left that all of these filters of `DescribeNetworkInterfaces` describe.
pub(in crate::aws) async fn released(aws: &Aws, filters: &[(&str, Vec<String>)], limit: Duration) -> Result<(), AwsError> {
    let filters: Vec<Filter> =
        filters.iter().map(|(name, values)| Filter::builder().name(*name).set_values(Some(values.clone())).build()).collect();
    wait::until("waiting until network interfaces are released", limit, || async {
        let ask = aws.ec2.describe_network_interfaces().set_filters(Some(filters.clone()));
        let answer = ask.send().await.call("ec2:DescribeNetworkInterfaces")?;
        Ok(if answer.network_interfaces().is_empty() { Look::Done(()) } else { Look::NotYet })
    })
    .await
}
