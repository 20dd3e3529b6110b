//! What AWS answers, and how each protocol words an error.

use bytes::Bytes;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue, TRANSFER_ENCODING};

/// The id of every request that AWS has not seen.
const ID: &str = "00000000-0000-4000-8000-000000000000";

/// How a service words its answers: <https://smithy.io/2.0/aws/protocols/index.html>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// A form, answered in EC2's XML.
    Ec2,
    /// A form, answered in XML.
    Query,
    /// JSON both ways.
    Json,
    /// CBOR both ways.
    Cbor,
    /// The OCI distribution protocol.
    Registry,
}

/// One answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Without those of the connection.
    pub headers: HeaderMap,
    /// What was sent.
    pub body: Bytes,
}

impl Answer {
    pub(crate) fn new(status: u16, mut headers: HeaderMap, body: Bytes) -> Self {
        headers.remove(TRANSFER_ENCODING);
        headers.remove(CONTENT_LENGTH);
        Self { status, headers, body }
    }

    /// Whether the call was carried out.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// An error in the words of a protocol.
    pub fn refusal(protocol: Protocol, status: u16, code: &str, message: &str) -> Self {
        let (media_type, body) = match protocol {
            Protocol::Ec2 => (
                "text/xml",
                format!("<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors><RequestID>{ID}</RequestID></Response>")
                    .into_bytes(),
            ),
            Protocol::Query => (
                "text/xml",
                format!("<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>{ID}</RequestId></ErrorResponse>")
                    .into_bytes(),
            ),
            Protocol::Json => ("application/x-amz-json-1.1", format!(r#"{{"__type":"{code}","message":"{message}"}}"#).into_bytes()),
            Protocol::Cbor => ("application/cbor", cbor(&[("__type", code), ("message", message)])),
            Protocol::Registry => {
                ("application/json", format!(r#"{{"errors":[{{"code":"{code}","message":"{message}"}}]}}"#).into_bytes())
            }
        };
        Self::of(protocol, status, media_type, body)
    }

    /// A success that tells of nothing.
    pub fn empty(protocol: Protocol, action: &str) -> Self {
        let (media_type, body) = match protocol {
            Protocol::Ec2 => {
                ("text/xml", format!("<{action}Response><requestId>{ID}</requestId></{action}Response>").into_bytes())
            }
            Protocol::Query => ("text/xml", format!("<{action}Response><{action}Result/></{action}Response>").into_bytes()),
            Protocol::Json => ("application/x-amz-json-1.1", b"{}".to_vec()),
            Protocol::Cbor => ("application/cbor", cbor(&[])),
            Protocol::Registry => ("application/json", b"{}".to_vec()),
        };
        Self::of(protocol, 200, media_type, body)
    }

    fn of(protocol: Protocol, status: u16, media_type: &'static str, body: Vec<u8>) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        headers.insert("x-amzn-requestid", HeaderValue::from_static(ID));
        if protocol == Protocol::Cbor {
            headers.insert("smithy-protocol", HeaderValue::from_static("rpc-v2-cbor"));
        }
        Self { status, headers, body: body.into() }
    }
}

/// A map of texts: <https://www.rfc-editor.org/rfc/rfc8949#section-3>.
fn cbor(fields: &[(&str, &str)]) -> Vec<u8> {
    const MAP: u8 = 0xa0;
    const TEXT_OF_16_BITS: u8 = 0x79;
    let mut body = vec![MAP + u8::try_from(fields.len()).expect("a few fields")];
    for text in fields.iter().flat_map(|(name, value)| [name, value]) {
        body.push(TEXT_OF_16_BITS);
        body.extend(u16::try_from(text.len()).expect("a short text").to_be_bytes());
        body.extend(text.as_bytes());
    }
    body
}
