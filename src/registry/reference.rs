//! How people write an image: `[registry/]repository[:tag][@sha256:…]`.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use crate::values::image_digest::ImageDigest;
use crate::values::strike::STRUCK;

/// The name that people and Docker use for Docker Hub, which is reached under another.
const DOCKER_HUB: &str = "docker.io";
const DOCKER_HUB_HOST: &str = "registry-1.docker.io";

const PASSWORD: &str = "a password has no place in it, and is taken from where `docker login` keeps it";

/// An image by name. Docker's defaults are filled in: `nginx` is `docker.io/library/nginx`, and its tag is `latest`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    /// The registry as it is written, such as `docker.io` or `localhost:5000`.
    pub registry: String,
    /// The repository in it, such as `library/nginx`.
    pub repository: String,
    /// The tag, where there is one.
    pub tag: Option<String>,
    /// The digest, where there is one. It says which image is meant; a tag beside it says nothing more.
    pub digest: Option<ImageDigest>,
}

impl Reference {
    /// The host that answers for the registry, with its port where it has one.
    pub fn host(&self) -> &str {
        if self.registry == DOCKER_HUB { DOCKER_HUB_HOST } else { &self.registry }
    }

    /// What to ask the repository for: the digest, or the tag, or `latest`.
    pub fn tag_or_digest(&self) -> &str {
        match &self.digest {
            Some(digest) => digest.as_str(),
            None => self.tag.as_deref().unwrap_or("latest"),
        }
    }

    /// The same repository and this digest, without a tag: the name that can never come to mean other bytes.
    pub fn at(&self, digest: ImageDigest) -> Self {
        Self { tag: None, digest: Some(digest), ..self.clone() }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        match &self.digest {
            Some(digest) => write!(f, "@{digest}"),
            None => Ok(()),
        }
    }
}

/// What was written is not the name of an image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an image: {why}; write `[registry/]repository[:tag][@sha256:…]`")]
pub struct NotAReference {
    /// What was written, without a password.
    pub text: String,
    /// What is wrong with it.
    pub why: &'static str,
}

impl FromStr for Reference {
    type Err = NotAReference;

    fn from_str(text: &str) -> Result<Self, NotAReference> {
        let written = |text: &str| text.chars().take(300).collect();
        match after_password(text) {
            Some(rest) => Err(NotAReference { text: written(&format!("{STRUCK}{rest}")), why: PASSWORD }),
            None => parse(text).map_err(|why| NotAReference { text: written(text), why }),
        }
    }
}

/// What follows user and password where somebody wrote them before the registry, as git takes them.
fn after_password(text: &str) -> Option<&str> {
    let (user, rest) = text.split_at(text.rfind('@')?);
    (user.contains(':') && !rest.starts_with("@sha256:")).then_some(rest)
}

fn parse(text: &str) -> Result<Reference, &'static str> {
    let (name, digest) = match text.split_once('@') {
        Some((name, digest)) => {
            (name, Some(digest.parse().map_err(|_| "its digest is not `sha256:` and 64 hexadecimal digits")?))
        }
        None => (text, None),
    };
    let (registry, rest) = match name.split_once('/') {
        Some((first, rest)) if is_registry(first) => (first, rest),
        _ => (DOCKER_HUB, name),
    };
    let (path, tag) = match rest.split_once(':') {
        Some((path, tag)) => (path, Some(tag)),
        None => (rest, None),
    };
    if !is_host(registry) {
        return Err("its registry is not a host, or a host and a port");
    }
    // Docker Hub goes by several names, all of which mean one registry.
    let registry = if ["index.docker.io", DOCKER_HUB_HOST].contains(&registry) { DOCKER_HUB } else { registry };
    let repository = if registry == DOCKER_HUB && !path.contains('/') { format!("library/{path}") } else { path.to_owned() };
    if path.is_empty() || repository.len() > 255 || !repository.split('/').all(is_component) {
        return Err("its repository is not lower case letters and digits, with single `.`, `_` or `-` and `/` between them");
    }
    if tag.is_some_and(|tag| !is_tag(tag)) {
        return Err("its tag is not up to 128 letters, digits, `_`, `.` and `-`");
    }
    Ok(Reference { registry: registry.to_owned(), repository, tag: tag.map(str::to_owned), digest })
}

/// Docker's rule for telling `host/repository` from `user/repository`.
fn is_registry(first: &str) -> bool {
    first.contains(['.', ':']) || first == "localhost" || first.chars().any(|c| c.is_ascii_uppercase())
}

/// A name or address, and a port where there is one.
fn is_host(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (text, None),
    };
    let is_name = !host.is_empty()
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
        && !host.starts_with(['-', '.'])
        && !host.ends_with(['-', '.']);
    let is_address =
        host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).is_some_and(|ip| ip.parse::<IpAddr>().is_ok());
    (is_name || is_address) && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

/// One part of a repository's name: `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`, as the distribution specification has it.
fn is_component(text: &str) -> bool {
    let alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let separators = text.split(alphanumeric).filter(|between| !between.is_empty());
    text.starts_with(alphanumeric)
        && text.ends_with(alphanumeric)
        && separators.into_iter().all(|between| [".", "_", "__"].contains(&between) || between.bytes().all(|b| b == b'-'))
}

/// `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`.
pub(super) fn is_tag(text: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    (1..=128).contains(&text.len())
        && text.bytes().next().is_some_and(word)
        && text.bytes().all(|b| word(b) || b == b'.' || b == b'-')
}

/// Whether a host, with or without a port, is this machine: the only one that is spoken to without TLS.
pub(super) fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => name,
        _ => host,
    };
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    name == "localhost" || address.is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn dockers_defaults_are_filled_in() {
        for (text, whole, host) in [
            ("nginx", "docker.io/library/nginx", "registry-1.docker.io"),
            ("nginx:1.27", "docker.io/library/nginx:1.27", "registry-1.docker.io"),
            ("index.docker.io/nginx", "docker.io/library/nginx", "registry-1.docker.io"),
            ("bitnami/redis", "docker.io/bitnami/redis", "registry-1.docker.io"),
            ("localhost/web", "localhost/web", "localhost"),
            ("localhost:5000/team/web:a", "localhost:5000/team/web:a", "localhost:5000"),
            ("[::1]:5000/web", "[::1]:5000/web", "[::1]:5000"),
            (
                "1.dkr.ecr.eu-west-1.amazonaws.com/a-b__c/d.e:_x-1.y",
                "1.dkr.ecr.eu-west-1.amazonaws.com/a-b__c/d.e:_x-1.y",
                "1.dkr.ecr.eu-west-1.amazonaws.com",
            ),
        ] {
            let reference: Reference = text.parse().unwrap();
            assert_eq!((reference.to_string().as_str(), reference.host()), (whole, host), "{text}");
            assert_eq!(whole.parse::<Reference>().unwrap(), reference, "what is printed reads as it was");
        }
    }

    #[test]
    fn a_digest_counts_more_than_a_tag() {
        let both: Reference = format!("ghcr.io/team/web:v1@{DIGEST}").parse().unwrap();
        assert_eq!((both.tag.as_deref(), both.tag_or_digest()), (Some("v1"), DIGEST));
        assert_eq!(both.at(DIGEST.parse().unwrap()).to_string(), format!("ghcr.io/team/web@{DIGEST}"));
        let neither: Reference = "ghcr.io/team/web".parse().unwrap();
        assert_eq!(neither.tag_or_digest(), "latest");
    }

    #[test]
    fn what_is_no_image_is_said_to_be_none() {
        for text in [
            "",
            ":tag",
            "upper/Case",
            "a b",
            "team//web",
            "/web",
            "web/",
            "we..b",
            "web-",
            "web:",
            "web:ü",
            "web@sha256:12",
            "ghcr.io/",
            "ghcr.io:port/web",
            "-x.io/web",
            "ghcr.io/web:a:b",
            "https://ghcr.io/web",
            "ghcr.io/../web",
            "a___b",
        ] {
            assert!(text.parse::<Reference>().is_err(), "{text}");
        }
        let long = format!("web:{}", "t".repeat(129));
        assert!(long.parse::<Reference>().is_err());
    }

    #[test]
    fn a_password_is_not_repeated() {
        for text in ["ana:hunter2@ghcr.io/team/web:v1", "https://ana:hunter2@ghcr.io/team/web:v1"] {
            let error = text.parse::<Reference>().unwrap_err().to_string();
            assert!(error.starts_with("`(concealed)@ghcr.io/team/web:v1` is not an image: a password has no place"), "{error}");
        }
        let error = "web:v1@sha256:12".parse::<Reference>().unwrap_err().to_string();
        assert!(error.contains("web:v1@sha256:12"), "{error}");
    }

    #[test]
    fn only_this_machine_is_spoken_to_in_the_clear() {
        for host in ["localhost", "localhost:5000", "127.0.0.1:1", "127.8.9.1", "[::1]:5000"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["ghcr.io", "localhost.example.com", "10.0.0.1:5000", "x.localhost", "[fe80::1]:5000", "128.0.0.1"] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
