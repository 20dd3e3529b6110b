//! The only builder of AWS clients: credentials, region and endpoint from the standard chain; retries; the guard that keeps
//! planning from writing; the count of calls.

use std::sync::Arc;

use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_sdk_sts::config::Credentials;
use aws_smithy_http_client::tls;

use super::bounded::Bounded;
use super::read::{Guard, Reads};
use super::registries::Registries;
use super::shared::Shared;

/// Attempts per call: the SDK waits longer before each, and only for errors that pass.
const ATTEMPTS: u32 = 8;

/// Clients of every service that `infra` talks to, all from one configuration.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "one client per service, named after it")]
pub struct Aws {
    pub apprunner: aws_sdk_apprunner::Client,
    pub autoscaling: aws_sdk_autoscaling::Client,
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    pub ec2: aws_sdk_ec2::Client,
    pub ecr: aws_sdk_ecr::Client,
    pub elasticache: aws_sdk_elasticache::Client,
    pub elbv2: aws_sdk_elasticloadbalancingv2::Client,
    pub iam: aws_sdk_iam::Client,
    pub logs: aws_sdk_cloudwatchlogs::Client,
    pub rds: aws_sdk_rds::Client,
    pub secretsmanager: aws_sdk_secretsmanager::Client,
    pub ssm: aws_sdk_ssm::Client,
    pub sts: aws_sdk_sts::Client,
    /// The region all of them talk to.
    pub region: String,
    /// The account of the spec, which the credentials are held against before anything is written.
    pub account: String,
    /// How registries are entered that are not the account's own.
    pub registries: Arc<Registries>,
    /// What is asked once for everybody, as long as one look at an environment lasts.
    pub(super) shared: Option<Arc<Shared>>,
    reads: Arc<Reads>,
}

impl Aws {
    /// Clients that only read: every other call is refused before it is sent.
    pub async fn reader(account: &str, region: &str) -> Self {
        Self::connect(standard(), account, region, true).await
    }

    /// Clients that may write.
    pub async fn writer(account: &str, region: &str) -> Self {
        Self::connect(standard(), account, region, false).await
    }

    /// Clients that may write, as somebody else than the environment variables and profiles say.
    pub async fn writer_as(credentials: Credentials, account: &str, region: &str) -> Self {
        Self::connect(standard().credentials_provider(credentials), account, region, false).await
    }

    /// Clients that only read, as a role that the credentials at hand may take on.
    pub async fn by_role(role: &str, account: &str, region: &str) -> Self {
        let role = AssumeRoleProvider::builder(role).session_name("infra").region(Region::new(region.to_owned()));
        let role = role.configure(&standard().load().await).build().await;
        Self::connect(standard().credentials_provider(role), account, region, true).await
    }

    /// The same clients for one look at an environment, in which nothing is asked twice that more than one kind wants to know.
    pub(super) fn for_one_look(&self) -> Self {
        Self { shared: Some(self.shared.clone().unwrap_or_default()), ..self.clone() }
    }

    /// What has been read so far.
    pub fn reads(&self) -> &Reads {
        &self.reads
    }

    async fn connect(chain: ConfigLoader, account: &str, region: &str, read_only: bool) -> Self {
        let config = chain
            .region(Region::new(region.to_owned()))
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(std::time::Duration::from_secs(5))
                    .operation_attempt_timeout(std::time::Duration::from_mins(1))
                    .build(),
            )
            .load()
            .await;
        Self::from_config(&config, account, region, read_only)
    }

    fn from_config(config: &SdkConfig, account: &str, region: &str, read_only: bool) -> Self {
        let reads = Arc::new(Reads::default());
        let guard = Guard::new(Arc::clone(&reads), read_only);
        macro_rules! client {
            ($service:ident) => {
                $service::Client::from_conf(
                    $service::config::Builder::from(config)
                        .interceptor(guard.clone())
                        .interceptor(Bounded)
                        .retry_classifier(Bounded)
                        .build(),
                )
            };
        }
        Self {
            apprunner: client!(aws_sdk_apprunner),
            autoscaling: client!(aws_sdk_autoscaling),
            cloudwatch: client!(aws_sdk_cloudwatch),
            ec2: client!(aws_sdk_ec2),
            ecr: client!(aws_sdk_ecr),
            elasticache: client!(aws_sdk_elasticache),
            elbv2: client!(aws_sdk_elasticloadbalancingv2),
            iam: client!(aws_sdk_iam),
            logs: client!(aws_sdk_cloudwatchlogs),
            rds: client!(aws_sdk_rds),
            secretsmanager: client!(aws_sdk_secretsmanager),
            ssm: client!(aws_sdk_ssm),
            sts: client!(aws_sdk_sts),
            region: region.to_owned(),
            account: account.to_owned(),
            registries: Arc::default(),
            shared: None,
            reads,
        }
    }
}

/// The standard chain: environment variables, profiles, single sign-on, and the roles of machines and CI.
fn standard() -> ConfigLoader {
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
        .build_https();
    aws_config::defaults(BehaviorVersion::v2026_01_12()).http_client(http)
}
