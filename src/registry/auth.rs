//! Showing who we are: a password with each request, or a token fetched for what is to be done, as the registry asks.

use std::collections::HashMap;
use std::sync::PoisonError;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use reqwest::{StatusCode, Url};
use serde::Deserialize;
use tokio::sync::Mutex;

use super::credentials::Credentials;
use super::error::{ANSWER_MAX, Doing, Problem, RegistryError};
use super::http;
use super::reference::is_loopback;
use super::retry::{self, Attempts, Patience};
use crate::values::strike::Strike;

/// What a request needs to be allowed, in the words of token servers: `repository:team/web:pull`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Scope(Vec<String>);

impl Scope {
    pub(super) fn pull(repository: &str) -> Self {
        Self(vec![format!("repository:{repository}:pull")])
    }

    pub(super) fn push(repository: &str) -> Self {
        Self(vec![format!("repository:{repository}:pull,push")])
    }

    /// Pushing into one repository what another one has.
    pub(super) fn mount(repository: &str, from: &str) -> Self {
        Self([Self::push(repository).0, Self::pull(from).0].concat())
    }
}

/// How the registry wants to be shown who we are.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Challenge {
    Basic,
    Bearer { realm: Url, service: Option<String> },
}

/// What we know of a registry's ways, and the tokens that we hold.
pub(super) struct Auth {
    credentials: Credentials,
    patience: Patience,
    state: Mutex<State>,
    /// Every token there was; beside the state, which is held while one is fetched, so that refusals need not wait for that.
    given: std::sync::Mutex<Vec<String>>,
}

#[derive(Default)]
struct State {
    challenge: Option<Challenge>,
    tokens: HashMap<Scope, HeaderValue>,
}

impl Auth {
    pub(super) fn new(credentials: Credentials, patience: Patience) -> Self {
        Self { credentials, patience, state: Mutex::default(), given: std::sync::Mutex::default() }
    }

    /// What to send along, as far as it is known. The first request goes without, and learns what is wanted.
    pub(super) async fn header(&self, scope: &Scope) -> Option<HeaderValue> {
        let state = self.state.lock().await;
        match state.challenge.as_ref()? {
            Challenge::Basic => self.password(),
            Challenge::Bearer { .. } => state.tokens.get(scope).cloned(),
        }
    }

    /// What to send instead of `sent`, which the registry did not accept; nothing where there is nothing else.
    ///
    /// # Errors
    /// Where the token server refuses, or is none that may be trusted with a password.
    pub(super) async fn after_refusal(
        &self,
        client: &reqwest::Client,
        answer: &HeaderMap,
        scope: &Scope,
        sent: Option<&HeaderValue>,
        doing: &Doing,
    ) -> Result<Option<HeaderValue>, RegistryError> {
        let Some(challenge) = answer.get_all(WWW_AUTHENTICATE).iter().find_map(|header| parse(header.to_str().ok()?)) else {
            return Ok(None);
        };
        // Held while the token is fetched, so that of many requests at once one fetches it.
        let mut state = self.state.lock().await;
        state.challenge = Some(challenge.clone());
        let Challenge::Bearer { realm, service } = challenge else {
            return Ok(self.password().filter(|password| Some(password) != sent));
        };
        if let Some(newer) = state.tokens.get(scope).filter(|token| Some(*token) != sent) {
            return Ok(Some(newer.clone()));
        }
        let token = self.token(client, &realm, service.as_deref(), scope, doing).await?;
        state.tokens.insert(scope.clone(), token.clone());
        Ok(Some(token))
    }

    /// What is secret of us in what a registry says, and these.
    pub(super) fn strike(&self, others: Vec<String>) -> Strike {
        let given = self.given.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Strike::of(self.credentials.secrets().into_iter().chain(given).chain(others))
    }

    fn password(&self) -> Option<HeaderValue> {
        match &self.credentials {
            Credentials::Basic { user, password } => {
                secret(&format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}"))))
            }
            Credentials::Anonymous | Credentials::IdentityToken(_) => None,
        }
    }

    /// Asks the token server, as Docker does: with the password, or with the identity token by way of OAuth 2.
    async fn token(
        &self,
        client: &reqwest::Client,
        realm: &Url,
        service: Option<&str>,
        scope: &Scope,
        doing: &Doing,
    ) -> Result<HeaderValue, RegistryError> {
        let server = realm.host_str().unwrap_or_default();
        let doing = Doing { what: format!("{}: getting a token from {server}", doing.what), ..doing.clone() };
        if realm.scheme() != "https" && !is_loopback(server) {
            return Err(
                doing.failed(Problem::Denied, "the registry names a token server without TLS, which is not told who we are")
            );
        }
        let mut attempts = Attempts::new(self.patience);
        loop {
            let (error, asked) = match self.token_request(client, realm, service, scope).send().await {
                Err(error) => (doing.not_reached(error), None),
                Ok(answer) if answer.status().is_success() => {
                    let body = http::read(answer, ANSWER_MAX, &doing).await?;
                    let token =
                        serde_json::from_slice::<Token>(&body).ok().and_then(|answer| answer.token.or(answer.access_token));
                    let token = token.filter(|token| !token.is_empty());
                    let header = token.as_ref().and_then(|token| secret(&format!("Bearer {token}")));
                    self.given.lock().unwrap_or_else(PoisonError::into_inner).extend(token);
                    return header.ok_or_else(|| doing.failed(Problem::Refused, "there is no token in its answer"));
                }
                Ok(answer) => {
                    let (status, asked) = (answer.status(), retry::asked_for(answer.headers()));
                    let mut error =
                        doing.refused(status, &http::read_beginning(answer, ANSWER_MAX).await, &self.strike(Vec::new()));
                    if status == StatusCode::BAD_REQUEST {
                        error.problem = Problem::Denied; // How OAuth 2 refuses.
                    }
                    (error, asked)
                }
            };
            if !error.may_pass() || !attempts.again(asked).await {
                return Err(error);
            }
        }
    }

    fn token_request(
        &self,
        client: &reqwest::Client,
        realm: &Url,
        service: Option<&str>,
        scope: &Scope,
    ) -> reqwest::RequestBuilder {
        let service = service.map(|service| ("service", service));
        let mut url = realm.clone();
        if let Credentials::IdentityToken(token) = &self.credentials {
            let scopes = scope.0.join(" ");
            let fixed = [("grant_type", "refresh_token"), ("client_id", "infra"), ("scope", &scopes), ("refresh_token", token)];
            return client.post(url).form(&fixed.into_iter().chain(service).collect::<Vec<_>>());
        }
        url.query_pairs_mut().extend_pairs(service).extend_pairs(scope.0.iter().map(|scope| ("scope", scope)));
        let request = client.get(url);
        match self.password() {
            Some(password) => request.header(AUTHORIZATION, password),
            None => request,
        }
    }
}

/// The answer of a token server, which may spell it in either way.
#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

/// A header that is never printed.
fn secret(text: &str) -> Option<HeaderValue> {
    let mut header = HeaderValue::from_str(text).ok()?;
    header.set_sensitive(true);
    Some(header)
}

/// What a registry asks for. How long tokens hold is not counted: one that is refused is fetched anew.
fn parse(header: &str) -> Option<Challenge> {
    let (scheme, rest) = header.split_once(' ').unwrap_or((header, ""));
    if scheme.eq_ignore_ascii_case("basic") {
        return Some(Challenge::Basic);
    }
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let parameters = parameters(rest);
    let realm = parameters.get("realm")?.parse().ok()?;
    Some(Challenge::Bearer { realm, service: parameters.get("service").cloned() })
}

/// `name="value",name=value`: commas may stand in quotes, as they do in scopes.
fn parameters(text: &str) -> HashMap<String, String> {
    let mut found = HashMap::new();
    let mut rest = text;
    while let Some((name, after)) = rest.split_once('=') {
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => after.split_at(after.find(',').unwrap_or(after.len())),
        };
        found.insert(name.trim_matches([' ', ',']).to_ascii_lowercase(), value.to_owned());
        rest = after;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_read_as_registries_write_them() {
        let bearer = |realm: &str, service: Option<&str>| {
            Some(Challenge::Bearer { realm: realm.parse().unwrap(), service: service.map(str::to_owned) })
        };
        for (header, expected) in [
            (r#"Basic realm="https://1.dkr.ecr.eu-west-1.amazonaws.com/",service="ecr.amazonaws.com""#, Some(Challenge::Basic)),
            ("basic", Some(Challenge::Basic)),
            (
                r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/nginx:pull,push""#,
                bearer("https://auth.docker.io/token", Some("registry.docker.io")),
            ),
            ("bearer Realm=https://ghcr.io/token, service=ghcr.io", bearer("https://ghcr.io/token", Some("ghcr.io"))),
            (r#"Bearer service="x""#, None),
            ("Negotiate", None),
        ] {
            assert_eq!(parse(header), expected, "{header}");
        }
    }

    #[test]
    fn mounting_asks_for_both_repositories() {
        assert_eq!(Scope::mount("b", "a").0, ["repository:b:pull,push", "repository:a:pull"]);
    }
}
