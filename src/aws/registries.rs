//! Registries as AWS and Docker let us in: ECR by a token of its own, all others by what Docker and its helpers keep.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::client::Aws;
use super::error::{AwsError, Call};
use crate::desired::registry;
use crate::registry::{Client, Credentials, Patience, Reference, RegistryError, Repository};

/// How registries are entered that are not the account's own.
#[derive(Clone, Debug, Default)]
pub struct Registries {
    /// Where Docker and the like keep credentials, in the order in which they are looked through.
    pub docker_configs: Vec<PathBuf>,
    /// The environment that images come from, where it is in another account or region.
    pub source: Option<Elsewhere>,
}

/// An account and region that is not the one at hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elsewhere {
    /// Its number.
    pub account: String,
    /// The region.
    pub region: String,
    /// The role in it that is taken on; without one, the credentials at hand must do.
    pub role: Option<String>,
}

const TOKEN: &str = "ecr:GetAuthorizationToken";

/// The repository that an image is in.
///
/// # Errors
/// When its registry does not let us in.
pub(super) async fn repository(aws: &Aws, image: &Reference) -> Result<Repository, AwsError> {
    Ok(client(aws, image.host()).await?.repository(&image.repository))
}

/// The account's own registry.
///
/// # Errors
/// As [`repository`].
pub(super) async fn own(aws: &Aws) -> Result<Client, AwsError> {
    client(aws, &registry(&aws.account, &aws.region)).await
}

async fn client(aws: &Aws, host: &str) -> Result<Client, AwsError> {
    let Some((account, region)) = of_ecr(host) else {
        let credentials = Credentials::from_docker(&aws.registries.docker_configs, host).await;
        let credentials = credentials.map_err(|error| refused(&error))?;
        return Client::new(host, credentials, Patience::default()).map_err(|error| refused(&error));
    };
    let there = aws.registries.source.as_ref().filter(|source| source.account == account && source.region == region);
    let other = match there {
        Some(Elsewhere { role: Some(role), .. }) => Some(Aws::by_role(role, account, region).await),
        _ if region != aws.region => Some(Aws::reader(account, region).await),
        _ => None,
    };
    let answer = other.as_ref().unwrap_or(aws).ecr.get_authorization_token().send().await.call(TOKEN)?;
    let data = answer.authorization_data().first().ok_or_else(|| AwsError::unexpected(TOKEN, "no token"))?;
    let decoded = data.authorization_token().and_then(|token| STANDARD.decode(token).ok());
    let decoded = decoded.and_then(|token| String::from_utf8(token).ok());
    let (user, password) = decoded
        .as_deref()
        .and_then(|token| token.split_once(':'))
        .ok_or_else(|| AwsError::unexpected(TOKEN, "a token of another form"))?;
    let credentials = Credentials::Basic { user: user.into(), password: password.into() };
    // What ECR names is the caller's own registry; a token is good for all registries that the caller may enter.
    let endpoint = data.proxy_endpoint().unwrap_or_default();
    let base =
        if endpoint.contains(".dkr.ecr.") || endpoint.is_empty() { format!("https://{host}") } else { endpoint.to_owned() };
    Client::at(&base, host, credentials, Patience::default()).map_err(|error| refused(&error))
}

/// The account and region of a registry of ECR's.
fn of_ecr(host: &str) -> Option<(&str, &str)> {
    let (account, rest) = host.split_once(".dkr.ecr.")?;
    let (region, _) = rest.split_once(".amazonaws.com")?;
    Some((account, region))
}

/// As AWS's own errors are told. No `From`: it would leave `?` in doubt elsewhere.
pub(super) fn refused(error: &RegistryError) -> AwsError {
    AwsError {
        operation: "registry".into(),
        code: error.code.as_deref().unwrap_or("RegistryError").into(),
        message: error.to_string(),
        request_id: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registries_of_ecr_are_known_by_their_names() {
        assert_eq!(of_ecr("123456789012.dkr.ecr.eu-west-1.amazonaws.com"), Some(("123456789012", "eu-west-1")));
        assert_eq!(of_ecr("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn"), Some(("123456789012", "cn-north-1")));
        assert_eq!(of_ecr("registry-1.docker.io"), None);
        assert_eq!(of_ecr("public.ecr.aws"), None);
    }
}
