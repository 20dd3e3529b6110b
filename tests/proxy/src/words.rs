//! How each service words what can go wrong with any call ("Common errors" in each service's API reference).

use crate::{Answer, Call, Protocol};

/// What an id begins with, and the code by which EC2 says that it does not know it ("Error codes for the Amazon EC2 API").
pub const UNKNOWN: [(&str, &str); 10] = [
    ("vpc-", "InvalidVpcID.NotFound"),
    ("subnet-", "InvalidSubnetID.NotFound"),
    ("sg-", "InvalidGroup.NotFound"),
    ("rtb-", "InvalidRouteTableID.NotFound"),
    ("igw-", "InvalidInternetGatewayID.NotFound"),
    ("nat-", "NatGatewayNotFound"),
    ("eipalloc-", "InvalidAllocationID.NotFound"),
    ("lt-", "InvalidLaunchTemplateId.NotFound"),
    ("vpce-", "InvalidVpcEndpointId.NotFound"),
    ("i-", "InvalidInstanceID.NotFound"),
];

impl Call {
    /// Too many calls: not carried out, and to be tried again.
    pub fn throttled(&self) -> Answer {
        let (status, code) = match (self.protocol, self.service.as_str()) {
            (Protocol::Ec2, _) => (503, "RequestLimitExceeded"),
            (Protocol::Json, "logs" | "ssm") | (Protocol::Cbor, _) => (400, "ThrottlingException"),
            (Protocol::Json, _) => (429, "TooManyRequestsException"),
            (Protocol::Registry, _) => (429, "TOOMANYREQUESTS"),
            (Protocol::Query, _) => (400, "Throttling"),
        };
        self.refusal(status, code, "Rate exceeded")
    }

    /// The service is overloaded: not carried out, and to be tried again.
    pub fn unavailable(&self) -> Answer {
        let code = match self.protocol {
            Protocol::Ec2 => "Unavailable",
            Protocol::Registry => "UNAVAILABLE",
            Protocol::Query | Protocol::Json | Protocol::Cbor => "ServiceUnavailable",
        };
        self.refusal(503, code, "The service is temporarily unable to handle the request")
    }

    /// Something broke inside AWS. Whether the call was carried out, nobody knows.
    pub fn broken(&self) -> Answer {
        let code = match self.protocol {
            Protocol::Ec2 => "InternalError",
            Protocol::Query => "InternalFailure",
            Protocol::Json | Protocol::Cbor => "InternalServerException",
            Protocol::Registry => "UNKNOWN",
        };
        self.refusal(500, code, "An internal error has occurred")
    }

    /// The caller may not do this.
    pub fn denied(&self) -> Answer {
        let (status, code) = match self.protocol {
            Protocol::Ec2 => (403, "UnauthorizedOperation"),
            Protocol::Query => (403, "AccessDenied"),
            Protocol::Json | Protocol::Cbor => (400, "AccessDeniedException"),
            Protocol::Registry => (403, "DENIED"),
        };
        let why = "because no identity-based policy allows it";
        self.refusal(status, code, &format!("User: somebody is not authorized to perform: {} {why}", self.name()))
    }

    /// The caller's session is over.
    pub fn expired(&self) -> Answer {
        let (status, code) = match self.protocol {
            Protocol::Ec2 => (400, "RequestExpired"),
            Protocol::Query => (403, "ExpiredToken"),
            Protocol::Json | Protocol::Cbor => (400, "ExpiredTokenException"),
            Protocol::Registry => (403, "DENIED"),
        };
        self.refusal(status, code, "The security token included in the request is expired")
    }

    /// EC2 does not know an id that the call names: the code is that of the first kind of thing whose id it has.
    pub fn not_found(&self) -> Answer {
        let code = UNKNOWN.iter().find(|(begin, _)| self.mentions(begin)).map_or("InvalidID.NotFound", |(_, code)| code);
        self.refusal(400, code, "The ID does not exist")
    }

    /// There is nothing: a list without items.
    pub fn nothing(&self) -> Answer {
        Answer::empty(self.protocol, &self.action)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn call(service: &str, protocol: Protocol) -> Call {
        let action = "DescribeThings".to_owned();
        Call { number: 1, account: String::new(), service: service.into(), action, writes: false, protocol, body: Bytes::new() }
    }

    fn says(answer: &Answer) -> (u16, String) {
        (answer.status, String::from_utf8_lossy(&answer.body).into_owned())
    }

    #[test]
    fn each_service_has_its_own_words() {
        let cases = [
            (call("ec2", Protocol::Ec2).throttled(), 503, "<Code>RequestLimitExceeded</Code>"),
            (call("iam", Protocol::Query).throttled(), 400, "<Code>Throttling</Code>"),
            (call("ssm", Protocol::Json).throttled(), 400, r#""__type":"ThrottlingException""#),
            (call("apprunner", Protocol::Json).throttled(), 429, r#""__type":"TooManyRequestsException""#),
            (call("ec2", Protocol::Ec2).denied(), 403, "not authorized to perform: ec2:DescribeThings"),
            (call("rds", Protocol::Query).expired(), 403, "<Code>ExpiredToken</Code>"),
            (call("logs", Protocol::Json).broken(), 500, "InternalServerException"),
            (call("elasticache", Protocol::Query).unavailable(), 503, "ServiceUnavailable"),
            (call("rds", Protocol::Query).nothing(), 200, "<DescribeThingsResult/>"),
            (call("ec2", Protocol::Ec2).nothing(), 200, "<DescribeThingsResponse>"),
        ];
        for (answer, status, word) in cases {
            let (said, body) = says(&answer);
            assert!(said == status && body.contains(word), "{said} {body}, and not {status} {word}");
        }
    }
}
