"""aws_services.py - STS, IAM Identity Center, a container's credentials and the EC2 metadata service on loopback.

What they hand out is a function of what was asked and of who asked, so that two programs got the same only if they asked the
same. Signatures of AssumeRole are checked with botocore's own signer.
"""
import datetime
import hashlib
import http.server
import json
import ssl
import threading
import time
import urllib.parse

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


def made_of(*parts):
    """Keys that stand for these parts."""
    digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
    return {"AccessKeyId": "ASIA" + digest[:16].upper(), "SecretAccessKey": digest[16:56] + "/+", "Token": "T<&>=" + digest[40:]}


class Services:
    def __init__(self, certificate=None):
        self.secrets = {}       # access key: (secret, token) of everybody who may sign
        self.asked = []         # (what, detail)
        self.problems = []      # signatures that are not right, and the like
        self.imds = {}          # "token": 200 or another status; "role": name or None; "v1": answers without a token
        self.container_token = None
        self.refuse = set()     # role ARNs
        self.end = int(time.time()) + 4200  # the same for everybody
        self.ends_in = None     # seconds; None: in more than an hour
        self.lock = threading.Lock()
        services = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 65536  # an answer in one piece

            def do(self):
                n = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(n)
                with services.lock:
                    status, kind, text = services.answer(self, body)
                data = text.encode()
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PUT = do

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()
        self.host = f"127.0.0.1:{self.server.server_port}"
        self.url = f"http{'s' if certificate else ''}://{self.host}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def until(self):
        if self.ends_in is not None:
            return int(time.time()) + self.ends_in
        return self.end

    def iso(self, z="Z"):
        return datetime.datetime.fromtimestamp(self.until(), datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S") + z

    def new(self, *parts):
        keys = made_of(*parts)
        self.secrets[keys["AccessKeyId"]] = (keys["SecretAccessKey"], keys["Token"])
        return keys

    def answer(self, handler, body):
        path, _, query = handler.path.partition("?")
        if path == "/" and handler.command == "POST":
            return self.sts(handler, body)
        if path == "/token":
            return self.oidc(json.loads(body))
        if path == "/federation/credentials":
            return self.sso(handler, dict(urllib.parse.parse_qsl(query)))
        if path.startswith("/creds"):
            return self.container(handler)
        if path.startswith("/latest/"):
            return self.metadata(handler, path)
        self.problems.append(f"{handler.command} {handler.path}")
        return 404, "text/plain", "?"

    # STS

    def signer(self, handler, body):
        """Whose signature it is, None: nobody's."""
        given = handler.headers.get("Authorization", "")
        if not given.startswith("AWS4-HMAC-SHA256 Credential="):
            return None
        fields = dict(part.strip().split("=", 1) for part in given[len("AWS4-HMAC-SHA256 "):].split(","))
        key, date, region, service, _ = fields["Credential"].split("/")
        if key not in self.secrets or service != "sts":
            return None
        secret, token = self.secrets[key]
        signed = fields["SignedHeaders"].split(";")
        for must in ("host", "x-amz-date") + (("x-amz-security-token",) if token else ()):
            if must not in signed:
                self.problems.append(f"{must} is not signed")
        if token and handler.headers.get("X-Amz-Security-Token") != token:
            self.problems.append("the session token is not that of the key")
        auth = SigV4Auth(Credentials(key, secret, token), "sts", region)
        request = AWSRequest("POST", self.url + handler.path, data=body, headers={name: handler.headers[name] for name in signed})
        request.context["timestamp"] = handler.headers["X-Amz-Date"]
        if auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request) != fields["Signature"]:
            self.problems.append(f"the signature of {key} is not right")
            return None
        return key, region

    def sts(self, handler, body):
        form = dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True))
        session = form.get("RoleSessionName", "")
        if session.split("-")[0] in ("weir", "botocore"):
            session = "by default"
        facts = [form.get(k) for k in ("Action", "Version", "RoleArn", "ExternalId", "DurationSeconds", "WebIdentityToken")]
        if form.get("Action") == "AssumeRole":
            who = self.signer(handler, body)
            if not who:
                return self.sts_error(403, "SignatureDoesNotMatch", "who is that?")
            facts.append(who)
        elif form.get("Action") != "AssumeRoleWithWebIdentity" or handler.headers.get("Authorization"):
            return self.sts_error(400, "InvalidAction", "?")
        self.asked.append((form["Action"], form))
        if form["RoleArn"] in self.refuse:
            return self.sts_error(403, "AccessDenied", "not authorized to perform: sts:AssumeRole & more")
        keys = self.new("sts", session, *facts)
        escaped = {k: v.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") for k, v in keys.items()}
        action = form["Action"]
        return 200, "text/xml", f"""<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <{action}Result>
    <AssumedRoleUser><Arn>{form['RoleArn']}/{form['RoleSessionName']}</Arn><AssumedRoleId>AROA:x</AssumedRoleId></AssumedRoleUser>
    <Credentials>
      <AccessKeyId>{escaped['AccessKeyId']}</AccessKeyId><SecretAccessKey>{escaped['SecretAccessKey']}</SecretAccessKey>
      <SessionToken>{escaped['Token']}</SessionToken><Expiration>{self.iso()}</Expiration>
    </Credentials>
  </{action}Result><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></{action}Response>"""

    @staticmethod
    def sts_error(status, code, message):
        message = message.replace("&", "&amp;")
        return status, "text/xml", (f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message>"
                                    "</Error><RequestId>1</RequestId></ErrorResponse>")

    # The others

    def sso(self, handler, query):
        token = handler.headers.get("x-amz-sso_bearer_token", "")
        self.asked.append(("sso", query))
        if not token.startswith("good"):
            return 401, "application/json", json.dumps({"message": "Session token not found or invalid", "__type": "Unauthorized"})
        keys = self.new("sso", token, query["role_name"], query["account_id"])
        return 200, "application/json", json.dumps({"roleCredentials": {
            "accessKeyId": keys["AccessKeyId"], "secretAccessKey": keys["SecretAccessKey"], "sessionToken": keys["Token"],
            "expiration": self.until() * 1000}})

    def oidc(self, asked):
        self.asked.append(("oidc", asked))
        if asked.get("grantType") != "refresh_token" or asked.get("clientSecret") != "cs" or asked["refreshToken"] == "used":
            return 400, "application/json", json.dumps({"error": "invalid_grant"})
        fresh = "good" + made_of("oidc", asked)["AccessKeyId"]
        return 200, "application/json", json.dumps({"accessToken": fresh, "expiresIn": 3600, "tokenType": "Bearer",
                                                    "refreshToken": "next-" + asked["refreshToken"]})

    def container(self, handler):
        token = handler.headers.get("Authorization")
        self.asked.append(("container", handler.path))
        if self.container_token and token != self.container_token:
            return 403, "application/json", json.dumps({"code": "Forbidden", "message": f"not {token}"})
        if handler.path.endswith("broken"):
            return 200, "application/json", "{"
        return 200, "application/json", json.dumps({**self.new("container", handler.path, token), "Expiration": self.iso()})

    def metadata(self, handler, path):
        self.asked.append(("metadata", handler.command + " " + path))
        if path == "/latest/api/token":
            status = self.imds.get("token", 200)
            if handler.command != "PUT" or handler.headers.get("x-aws-ec2-metadata-token-ttl-seconds") != "21600":
                status = 400
            return status, "text/plain", "tok==" if status == 200 else ""
        with_token = handler.headers.get("x-aws-ec2-metadata-token") == "tok=="
        if not with_token and not self.imds.get("v1"):
            return 401, "text/plain", ""
        role, roles = self.imds.get("role"), "/latest/meta-data/iam/security-credentials/"
        if path == "/latest/meta-data/placement/region":
            return 200, "text/plain", "eu-north-1"
        if role and path == roles:
            return 200, "text/plain", role
        if role and path == roles + role:
            return 200, "application/json", json.dumps({"Code": "Success", "Type": "AWS-HMAC", "Expiration": self.iso(),
                                                        **self.new("imds", role, with_token)})
        return 404, "text/plain", "not found"
