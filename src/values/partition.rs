//! Partitions: AWS, AWS in China and AWS for the government of the USA share no accounts.

/// The partition of a region: what ARNs begin with.
pub fn partition(region: &str) -> &'static str {
    match region.split('-').next() {
        Some("cn") => "aws-cn",
        Some("us") if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}
