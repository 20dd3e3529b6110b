//! What a request asks of AWS, read off the wire.

use bytes::Bytes;
use hyper::http::request::Parts;

use crate::{Answer, Protocol};

/// Actions that begin so change nothing.
const READS: [&str; 7] = ["Describe", "Get", "List", "BatchGet", "BatchCheck", "Lookup", "AssumeRole"];

/// One request to AWS.
#[derive(Clone, Debug)]
pub struct Call {
    /// Its place among the calls, in the order in which they arrived, from 1.
    pub number: usize,
    /// The access key, which LocalStack takes as the account; empty where none is named.
    pub account: String,
    /// As it is signed for, such as `ec2` or `elasticloadbalancing`; `registry` for the distribution protocol of images.
    pub service: String,
    /// Such as `CreateVpc`; of a registry the method and the path.
    pub action: String,
    /// Whether it may change something.
    pub writes: bool,
    /// How the service words its answers.
    pub protocol: Protocol,
    /// What was sent.
    pub body: Bytes,
}

impl Call {
    /// Reads a request.
    pub(crate) fn read(number: usize, request: &Parts, body: Bytes) -> Self {
        let header = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        // AWS4-HMAC-SHA256 Credential=<key>/<day>/<region>/<service>/aws4_request, …
        let mut scope = header("authorization").split_once("Credential=").unwrap_or_default().1.split('/');
        let (account, service) = (scope.next().unwrap_or_default().to_owned(), scope.nth(2).unwrap_or_default().to_owned());
        let path = request.uri.path();
        let (protocol, action) = if let Some((_, action)) = header("x-amz-target").rsplit_once('.') {
            (Protocol::Json, action.to_owned())
        } else if let Some((_, action)) = path.split_once("/operation/") {
            (Protocol::Cbor, action.to_owned())
        } else if let Some(action) = form_field(&body, "Action") {
            (if service == "ec2" { Protocol::Ec2 } else { Protocol::Query }, action)
        } else {
            (Protocol::Registry, format!("{} {path}", request.method))
        };
        let writes = match protocol {
            Protocol::Registry => !request.method.is_safe(),
            _ => !READS.iter().any(|read| action.starts_with(read)),
        };
        let service = if protocol == Protocol::Registry { "registry".to_owned() } else { service };
        Self { number, account, service, action, writes, protocol, body }
    }

    /// `service:action`, as policies name it: `CloudWatch` is signed for by another name than theirs.
    pub fn name(&self) -> String {
        let service = if self.service == "monitoring" { "cloudwatch" } else { &self.service };
        format!("{service}:{}", self.action)
    }

    /// Whether what was sent names this, such as an id.
    pub fn mentions(&self, what: &str) -> bool {
        String::from_utf8_lossy(&self.body).contains(what)
    }

    /// An error as this service words it.
    pub fn refusal(&self, status: u16, code: &str, message: &str) -> Answer {
        Answer::refusal(self.protocol, status, code, message)
    }
}

/// A field of a form that needs no decoding, as the names of actions.
fn form_field(body: &[u8], name: &str) -> Option<String> {
    let body = std::str::from_utf8(body).ok()?;
    let field = body.split('&').find_map(|field| field.strip_prefix(name)?.strip_prefix('='))?;
    Some(field.to_owned())
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::*;

    const AUTHORIZATION: &str =
        "AWS4-HMAC-SHA256 Credential=123456789012/20261121/eu-west-1/ec2/aws4_request, SignedHeaders=host, Signature=0";

    fn call(request: hyper::http::request::Builder, body: &'static str) -> Call {
        let (parts, ()) = request.header("authorization", AUTHORIZATION).body(()).unwrap().into_parts();
        Call::read(1, &parts, Bytes::from_static(body.as_bytes()))
    }

    #[test]
    fn every_protocol_names_its_action() {
        let form = call(Request::post("/"), "Action=CreateVpc&Version=2016-11-15");
        assert_eq!((form.name().as_str(), form.account.as_str(), form.writes), ("ec2:CreateVpc", "123456789012", true));
        let json = call(Request::post("/").header("x-amz-target", "AmazonEC2ContainerRegistry_V20150921.DescribeImages"), "{}");
        assert_eq!((json.action.as_str(), json.protocol, json.writes), ("DescribeImages", Protocol::Json, false));
        let cbor = call(Request::post("/service/GraniteServiceVersion20100801/operation/PutMetricAlarm"), "");
        assert_eq!((cbor.action.as_str(), cbor.protocol, cbor.writes), ("PutMetricAlarm", Protocol::Cbor, true));
        let registry = call(Request::put("/v2/shop/web/manifests/v1"), "{}");
        assert_eq!((registry.name().as_str(), registry.writes), ("registry:PUT /v2/shop/web/manifests/v1", true));
    }
}
