//! One registry, as one user: requests that are answered, authorised and tried again.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, HOST, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Response, Url};

use super::auth::{Auth, Scope};
use super::credentials::Credentials;
use super::error::{ANSWER_MAX, Doing, Problem, RegistryError};
use super::http;
use super::reference::is_loopback;
use super::repository::Repository;
use super::retry::{self, Attempts, Patience};

/// Shorter values in a signed address are no signature.
const SIGNATURE: usize = 16;

/// A registry, as a user. Cheap to clone.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    base: Url,
    host: String,
    /// What to tell the registry its name is, where it is reached under another.
    told: Option<HeaderValue>,
    http: reqwest::Client,
    auth: Auth,
    patience: Patience,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base", &self.0.base.as_str()).field("host", &self.0.host).finish_non_exhaustive()
    }
}

/// A request, which may be sent several times.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) scope: Scope,
    pub(super) doing: Doing,
}

impl Request {
    /// With a header whose value is known to be one.
    pub(super) fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }
}

impl Client {
    /// The registry at a host, with its port where it has one, such as [`super::Reference::host`]: over TLS, except on this machine.
    ///
    /// # Errors
    /// Where the host is none.
    pub fn new(host: &str, credentials: Credentials, patience: Patience) -> Result<Self, RegistryError> {
        let scheme = if is_loopback(host) { "http" } else { "https" };
        Self::at(&format!("{scheme}://{host}"), host, credentials, patience)
    }

    /// A registry that is reached at another address than its name says, such as `http://127.0.0.1:4566` for one of LocalStack's. It is
    /// told its name in each request.
    ///
    /// # Errors
    /// Where the address is none.
    pub fn at(base: &str, host: &str, credentials: Credentials, patience: Patience) -> Result<Self, RegistryError> {
        let doing = Doing { host: host.to_owned(), repository: None, what: "preparing the connection".into() };
        let not_one = || doing.failed(Problem::NotReached, "its address is not one of a registry");
        let base: Url = base.parse().map_err(|_| not_one())?;
        let name = HeaderValue::from_str(host).map_err(|_| not_one())?;
        if !["http", "https"].contains(&base.scheme()) || !base.has_host() || !base.username().is_empty() {
            return Err(not_one());
        }
        let told = (base.authority() != host).then_some(name);
        let http = http::client(&base).map_err(|error| doing.not_reached(error))?;
        let auth = Auth::new(credentials, patience);
        Ok(Self(Arc::new(Inner { base, host: host.to_owned(), told, http, auth, patience })))
    }

    /// A repository in it.
    pub fn repository(&self, name: &str) -> Repository {
        Repository { client: self.clone(), name: name.to_owned() }
    }

    /// The registry's name.
    pub fn host(&self) -> &str {
        &self.0.host
    }

    /// Whether both are the same registry, whoever asks.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.0.base == other.0.base && self.0.host == other.0.host
    }

    pub(super) fn attempts(&self) -> Attempts {
        Attempts::new(self.0.patience)
    }

    /// The address of a path such as `/v2/team/web/blobs/uploads/`.
    pub(super) fn url(&self, path: &str) -> Url {
        let mut url = self.0.base.clone();
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        url.set_path(&format!("{}{path}", self.0.base.path().trim_end_matches('/')));
        url.set_query((!query.is_empty()).then_some(query));
        url
    }

    /// Where an answer sends us. Registries that do not know their own address write their name, or `http` behind a proxy that does TLS;
    /// both mean the place where they were reached.
    pub(super) fn locate(&self, location: &str, doing: &Doing) -> Result<Url, RegistryError> {
        let mut url =
            self.0.base.join(location).map_err(|_| doing.failed(Problem::Refused, "the Location in its answer is none"))?;
        if self.is_own(&url) {
            let base = &self.0.base;
            // None of these can fail: what is set comes from an address of the same kind.
            let _ = url.set_scheme(base.scheme());
            let _ = url.set_host(base.host_str());
            let _ = url.set_port(base.port());
        } else if url.scheme() != "https" && !url.host_str().is_some_and(is_loopback) {
            return Err(doing.failed(Problem::Refused, "the registry sends us to another host without TLS"));
        }
        Ok(url)
    }

    fn is_own(&self, url: &Url) -> bool {
        let place = |url: &Url| (url.host_str().map(str::to_owned), url.port());
        let name = format!("{}://{}", url.scheme(), self.0.host).parse::<Url>();
        place(url) == place(&self.0.base) || name.is_ok_and(|name| place(url) == place(&name))
    }

    /// Sends a request once, or twice where the registry wants to know who we are. Any answer will do, except that it does not know us.
    pub(super) async fn send_once(&self, request: &Request) -> Result<Response, RegistryError> {
        let own = self.is_own(&request.url);
        let mut authorization = if own { self.0.auth.header(&request.scope).await } else { None };
        for last in [false, true] {
            let mut sent = self.0.http.request(request.method.clone(), request.url.clone()).headers(request.headers.clone());
            if let Some(name) = self.0.told.as_ref().filter(|_| own) {
                sent = sent.header(HOST, name.clone());
            }
            if let Some(value) = &authorization {
                sent = sent.header(AUTHORIZATION, value.clone());
            }
            if request.method != Method::GET && request.method != Method::HEAD {
                sent = sent.body(request.body.clone());
            }
            let answer = sent.send().await.map_err(|error| request.doing.not_reached(error))?;
            if answer.status().as_u16() != 401 {
                return Ok(answer);
            }
            if own && !last {
                let (auth, headers) = (&self.0.auth, answer.headers().clone());
                let other =
                    auth.after_refusal(&self.0.http, &headers, &request.scope, authorization.as_ref(), &request.doing).await;
                if let Some(other) = other? {
                    authorization = Some(other);
                    continue;
                }
            }
            return Err(self.refusal(answer, &request.doing).await);
        }
        Err(request.doing.failed(Problem::Denied, "the registry goes on asking who we are"))
    }

    /// Sends a request that may be repeated, until the registry does it or refuses.
    pub(super) async fn send(&self, request: &Request) -> Result<Response, RegistryError> {
        let mut attempts = self.attempts();
        loop {
            let (error, asked) = match self.send_once(request).await {
                Ok(answer) if answer.status().is_success() => return Ok(answer),
                Ok(answer) => {
                    let asked = retry::asked_for(answer.headers());
                    (self.refusal(answer, &request.doing).await, asked)
                }
                Err(error) => (error, None),
            };
            if !error.may_pass() || !attempts.again(asked).await {
                return Err(error);
            }
            tracing::debug!(%error, "asking the registry again");
        }
    }

    /// Sends a request whose answer is read whole.
    pub(super) async fn read(&self, request: &Request, max: usize) -> Result<(HeaderMap, Bytes), RegistryError> {
        let mut attempts = self.attempts();
        loop {
            let answer = self.send(request).await?;
            let headers = answer.headers().clone();
            match http::read(answer, max, &request.doing).await {
                Ok(body) => return Ok((headers, body)),
                Err(error) if error.may_pass() && attempts.again(None).await => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Why the registry refuses, in its words.
    pub(super) async fn refusal(&self, answer: Response, doing: &Doing) -> RegistryError {
        let status = answer.status();
        // Where a registry sends us for a blob, the address is signed: whoever has it may read there.
        let signed = Some(answer.url()).filter(|url| !self.is_own(url)).into_iter().flat_map(Url::query_pairs);
        let signed = signed.map(|(_, value)| value.into_owned()).filter(|value| value.len() >= SIGNATURE).collect();
        let body = http::read_beginning(answer, ANSWER_MAX).await;
        doing.refused(status, &body, &self.0.auth.strike(signed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doing() -> Doing {
        Doing { host: "h".into(), repository: None, what: "trying".into() }
    }

    #[test]
    fn only_this_machine_is_spoken_to_in_the_clear() {
        let client = |host| Client::new(host, Credentials::Anonymous, Patience::default()).unwrap();
        assert_eq!(client("ghcr.io").url("/v2/a?b=c").as_str(), "https://ghcr.io/v2/a?b=c");
        assert_eq!(client("localhost:5000").url("/v2/a").as_str(), "http://localhost:5000/v2/a");
        for base in ["ftp://ghcr.io", "ghcr.io", "https://user:password@ghcr.io"] {
            assert!(Client::at(base, "ghcr.io", Credentials::Anonymous, Patience::default()).is_err(), "{base}");
        }
    }

    #[test]
    fn a_location_is_read_as_registries_write_it() {
        let client =
            Client::at("https://127.0.0.1:4566", "1.dkr.ecr.example.com:4510", Credentials::Anonymous, Patience::default());
        let locate = |location| client.as_ref().unwrap().locate(location, &doing()).map(|url| url.to_string());
        for (location, expected) in [
            ("/v2/a/blobs/uploads/1?_state=x", "https://127.0.0.1:4566/v2/a/blobs/uploads/1?_state=x"),
            ("http://127.0.0.1:4566/v2/a", "https://127.0.0.1:4566/v2/a"),
            ("http://1.dkr.ecr.example.com:4510/v2/a", "https://127.0.0.1:4566/v2/a"),
            ("https://bucket.example.com/v2/a", "https://bucket.example.com/v2/a"),
        ] {
            assert_eq!(locate(location).unwrap(), expected);
        }
        assert!(locate("http://bucket.example.com/v2/a").is_err());
    }
}
