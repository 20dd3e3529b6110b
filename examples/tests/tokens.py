"""AWS's STS for jobs that bring a token of their CI system: it is exchanged for what the role may, if the role trusts it.

LocalStack believes every token; this does not. All other calls go on to LocalStack.
"""

import json
import urllib.request
from urllib.parse import parse_qs

from cloud import Cloud
from server import Handler, Server

ANSWER = """<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult>
<AssumedRoleUser><Arn>{role}</Arn><AssumedRoleId>A:{session}</AssumedRoleId></AssumedRoleUser><Credentials>
<AccessKeyId>{AWS_ACCESS_KEY_ID}</AccessKeyId><SecretAccessKey>{AWS_SECRET_ACCESS_KEY}</SecretAccessKey>
<SessionToken>{AWS_SESSION_TOKEN}</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>
</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"""


class TokenService(Server):
    """What refused tokens are told is kept."""

    def __init__(self, cloud: Cloud) -> None:
        self.refused: list[str] = []
        service = self

        class Exchanges(Handler):
            def do_POST(self) -> None:
                body = self.body()
                asked = {key: values[0] for key, values in parse_qs(body.decode()).items()}
                if asked.get("Action") != "AssumeRoleWithWebIdentity":
                    return self.pass_on(body)
                role, session = asked["RoleArn"], asked["RoleSessionName"]
                try:
                    # No token of a test is signed: it is its claims.
                    keys = cloud.assume(role, json.loads(asked["WebIdentityToken"]), session)
                except AssertionError as error:
                    service.refused.append(str(error))
                    return self.answer(403, "text/xml", b"<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>")
                return self.answer(200, "text/xml", ANSWER.format(role=role, session=session, **keys).encode())

            def pass_on(self, body: bytes) -> None:
                headers = {name: value for name, value in self.headers.items() if name.lower() not in ("content-length", "connection")}
                request = urllib.request.Request(f"{cloud.endpoint}{self.path}", body, headers, method="POST")
                with urllib.request.urlopen(request, timeout=30) as answer:
                    self.answer(answer.status, answer.headers["Content-Type"], answer.read())

        super().__init__(Exchanges)
