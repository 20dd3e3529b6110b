//! Who we are to a registry, and finding it where Docker keeps it.

use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use docker_credential::{CredentialRetrievalError, DockerCredential, get_credential_from_reader};
use tokio::time::timeout;

use super::error::{Doing, Problem, RegistryError};
use crate::bounded;

/// Helpers ask keychains, which may ask people; nobody may be there.
const HELPER: Duration = Duration::from_secs(30);

/// The host of Docker Hub, and the names under which its credentials are kept; the first is the one that Docker itself writes.
const DOCKER_HUB: [&str; 4] = ["https://index.docker.io/v1/", "docker.io", "index.docker.io", "registry-1.docker.io"];

/// Who we are to a registry.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// Nobody in particular.
    Anonymous,
    /// A user. For ECR it is `AWS`, and the password is the token that ECR gives out.
    Basic {
        /// The user's name.
        user: String,
        /// The password, or an access token in its place.
        password: String,
    },
    /// A token that the registry's token server takes for a short-lived one; what `docker login` keeps for some registries.
    IdentityToken(String),
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Anonymous => "Anonymous",
            Self::Basic { .. } => "Basic(…)",
            Self::IdentityToken(_) => "IdentityToken(…)",
        })
    }
}

impl Credentials {
    /// What Docker keeps for a registry, in the first of these files that has something: in the file itself, or with the helper that
    /// it names (`credsStore`, `credHelpers`), which is looked for in the process's path. `host` is a [`super::Reference::host`].
    /// Nobody in particular where there is nothing; files that are not there are passed over.
    ///
    /// # Errors
    /// Where a file cannot be read or a helper fails, rather than to go on as nobody and be refused for reasons hard to find.
    pub async fn from_docker(configs: &[PathBuf], host: &str) -> Result<Self, RegistryError> {
        for config in configs {
            let doing = Doing {
                host: host.to_owned(),
                repository: None,
                what: format!("looking for credentials in {}", config.display()),
            };
            let (config, names) = (config.clone(), names(host));
            let look =
                tokio::task::spawn_blocking(move || names.iter().find_map(|name| kept(&config, name).transpose()).transpose());
            let found = match timeout(HELPER, look).await {
                Ok(Ok(found)) => found,
                Ok(Err(panic)) => Err(panic.to_string()),
                Err(_) => Err(format!("no answer from the credential helper within {} s", HELPER.as_secs())),
            };
            if let Some(found) = found.map_err(|why| doing.failed(Problem::Denied, why))? {
                return Ok(found);
            }
        }
        Ok(Self::Anonymous)
    }

    /// What is secret of us, and may be quoted by somebody else.
    pub(super) fn secrets(&self) -> Vec<String> {
        match self {
            // Together they are what is sent, in base64.
            Self::Basic { user, password } if !password.is_empty() => vec![password.clone(), format!("{user}:{password}")],
            Self::Anonymous | Self::Basic { .. } => Vec::new(),
            Self::IdentityToken(token) => vec![token.clone()],
        }
    }
}

/// The names under which the credentials of a host may be kept.
fn names(host: &str) -> Vec<String> {
    if DOCKER_HUB.contains(&host) { DOCKER_HUB.map(str::to_owned).to_vec() } else { vec![host.to_owned()] }
}

/// What a file, or the helper that it names, has under one name.
fn kept(config: &Path, name: &str) -> Result<Option<Credentials>, String> {
    let text = match bounded::read(config, bounded::DOCKER_CONFIG) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    match get_credential_from_reader(text.as_bytes(), name) {
        // What `docker logout` leaves behind in some versions.
        Ok(DockerCredential::UsernamePassword(user, password)) if user.is_empty() && password.is_empty() => Ok(None),
        Ok(DockerCredential::UsernamePassword(user, password)) => Ok(Some(Credentials::Basic { user, password })),
        Ok(DockerCredential::IdentityToken(token)) => Ok(Some(Credentials::IdentityToken(token))),
        Err(CredentialRetrievalError::NoCredentialConfigured) => Ok(None),
        // Helpers say what went wrong on stdout, and this where they have nothing (docker/docker-credential-helpers, `credentials/error.go`).
        Err(CredentialRetrievalError::HelperFailure { stdout, .. }) if stdout.contains("credentials not found") => Ok(None),
        Err(CredentialRetrievalError::HelperFailure { helper, stdout, stderr }) => {
            let said = [&stdout, &stderr].into_iter().find_map(|text| text.lines().find(|line| !line.trim().is_empty()));
            Err(format!("`{helper}` failed: {}", said.unwrap_or("it says nothing")))
        }
        Err(CredentialRetrievalError::HelperCommunicationError) => {
            Err("the credential helper that it names cannot be run, or ends before it is asked; is it installed?".to_owned())
        }
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::strike::Strike;

    fn config(text: &str) -> (tempfile::TempDir, Vec<PathBuf>) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.json");
        std::fs::write(&file, text).unwrap();
        let configs = vec![folder.path().join("missing.json"), file];
        (folder, configs)
    }

    #[tokio::test]
    async fn what_docker_login_keeps_is_found() {
        let (_folder, configs) = config(
            r#"{"auths": {"ghcr.io": {"auth": "dXNlcjpodW50ZXIy"}, "https://index.docker.io/v1/": {"auth": "aHViOmh1YnB3"},
                "azure.io": {"auth": "MDAwOg==", "identitytoken": "refresh"}, "gone.io": {}}}"#,
        );
        let basic = |user: &str, password: &str| Credentials::Basic { user: user.into(), password: password.into() };
        for (host, expected) in [
            ("ghcr.io", basic("user", "hunter2")),
            ("registry-1.docker.io", basic("hub", "hubpw")),
            ("azure.io", Credentials::IdentityToken("refresh".into())),
            ("gone.io", Credentials::Anonymous),
            ("quay.io", Credentials::Anonymous),
        ] {
            assert!(Credentials::from_docker(&configs, host).await.unwrap() == expected, "{host}");
        }
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_said_rather_than_passed_over() {
        let (_folder, configs) = config("{");
        let error = Credentials::from_docker(&configs, "ghcr.io").await.unwrap_err();
        assert!(error.to_string().contains("config.json: Unable to read config"), "{error}");

        let (_folder, configs) = config(r#"{"credHelpers": {"ghcr.io": "that-nobody-has"}}"#);
        let error = Credentials::from_docker(&configs, "ghcr.io").await.unwrap_err();
        assert!(error.to_string().contains("cannot be run, or ends before it is asked; is it installed?"), "{error}");
    }

    #[test]
    fn nothing_secret_is_shown() {
        let credentials = Credentials::Basic { user: "user".into(), password: "hunter2".into() };
        assert_eq!(format!("{credentials:?}"), "Basic(…)");
        let strike = Strike::of(credentials.secrets());
        assert_eq!(strike.out_of("no hunter2, no dXNlcjpodW50ZXIy"), "no (concealed), no (concealed)");
    }
}
