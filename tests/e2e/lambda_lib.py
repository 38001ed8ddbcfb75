"""lambda_lib.py - Lambda's runtime API, as AWS documents it, which checks every call; a function that speaks to it; and the events
of the fronts that a function can have. For the tests of `weir gateway --lambda`."""
import base64
import json
import queue
import socket
import subprocess
import threading
import time

from gateway_lib import environment, eventually, read_fields
from lib import SLOW, check

API = "/2018-06-01/runtime/"


class Report:
    """kind: "response", "error" or "init"; headers, trailers, pieces [(instant, bytes)], body."""


class Runtime:
    """The runtime API, as Lambda documents it. Whatever does not fit into the order of an invocation is a failure."""

    def __init__(self, refuse=None, hold=None, drop=None):
        self.refuse = refuse  # status for the next answer
        self.hold = hold      # an event before which a streamed answer is not read
        self.drop = drop      # what happens within a streamed answer: "close", or a status that is said in between
        self.events, self.reports, self.wrong, self.nexts = queue.Queue(), queue.Queue(), [], 0
        self.calls = []  # (method, path behind API, headers)
        self.current = None  # id of the invocation under way
        self.made = 0
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen(16)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        self.api = "127.0.0.1:%d" % self.socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                s, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(s,), daemon=True).start()

    def _serve(self, s):
        try:
            with s, s.makefile("rb") as f:
                while True:
                    line = f.readline().decode()
                    if not line:
                        return
                    method, path, version = line.split()
                    headers = read_fields(f)
                    if version != "HTTP/1.1" or headers.get("host") != self.api or not path.startswith(API):
                        self.wrong.append(f"{line!r} {headers}")
                    self.calls.append((method, path[len(API):], headers))
                    self._answer(s, f, method, path[len(API):], headers)
        except (OSError, ValueError) as e:
            self.wrong.append(f"a request broke off: {e}")

    def _answer(self, s, f, method, path, headers):
        if (method, path) == ("GET", "invocation/next"):
            self.nexts += 1
            if self.current:
                self.wrong.append(f"the next invocation was asked for while {self.current} was not answered")
            event, deadline = self.events.get()
            if event is None:
                return
            self.made += 1
            self.current = f"8476a536-e9f4-11e8-9739-{self.made:012x}"
            data = event if isinstance(event, bytes) else json.dumps(event).encode()
            s.sendall((f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                       f"Lambda-Runtime-Aws-Request-Id: {self.current}\r\nLambda-Runtime-Deadline-Ms: "
                       f"{int((time.time() + deadline) * 1000)}\r\nLambda-Runtime-Trace-Id: Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700\r\n"
                       f"Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-2:123456789012:function:f\r\n"
                       f"Content-Length: {len(data)}\r\n\r\n").encode() + data)
            return
        r = Report()
        r.kind = {f"invocation/{self.current}/response": "response", f"invocation/{self.current}/error": "error",
                  "init/error": "init"}.get(path)
        if method != "POST" or not r.kind:
            self.wrong.append(f"{method} {path}")
        r.headers, r.trailers, r.pieces = headers, {}, []
        if headers.get("transfer-encoding") == "chunked":
            if self.hold:
                self.hold.wait(60 * SLOW)
            if self.drop:
                f.read(100)
                if self.drop != "close":
                    s.sendall(f"{self.drop}\r\nContent-Length: 0\r\n\r\n".encode())
                    time.sleep(0.2)
                raise OSError("dropped")
            while True:
                n = int(f.readline(), 16)
                if n == 0:
                    r.trailers = read_fields(f)
                    break
                r.pieces.append((time.monotonic(), f.read(n)))
                f.readline()
        else:
            r.pieces.append((time.monotonic(), f.read(int(headers["content-length"]))))
        r.body = b"".join(p for _, p in r.pieces)
        status = "202 Accepted"
        if self.refuse and r.kind == "response":
            status, self.refuse = self.refuse, None
        else:
            self.current = None
            self.reports.put(r)
        text = b'{"status":"OK"}' if status.startswith("202") else b'{"errorMessage":"no","errorType":"RequestEntityTooLarge"}'
        s.sendall(f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n".encode() + text)

    def invoke(self, event, deadline=20):
        self.events.put((event, deadline))
        return self.reports.get(timeout=30 * SLOW)


class Function:
    """`weir gateway --lambda` with the environment that a function has."""

    def __init__(self, weir, upstream, *options, runtime=None, **env):
        self.runtime = runtime or Runtime()
        env = environment(AWS_LAMBDA_RUNTIME_API=self.runtime.api, INSTANCE_HOURLY_USD="1.21", **env)
        upstream = ("--upstream", upstream) if upstream else ()
        self.process = subprocess.Popen([weir, "gateway", "--lambda", *upstream, *options], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, env=env)

    def close(self):
        if self.process.poll() is None:  # Lambda ends a function between two invocations
            eventually(lambda: self.runtime.nexts > self.runtime.made, "the next invocation was not asked for")
            self.process.kill()
        self.out, self.errors = self.process.communicate()
        check(not self.runtime.wrong, f"calls that Lambda does not have: {self.runtime.wrong}")
        self.runtime.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def function_url(data, path="/v1/chat/completions", method="POST", packed=False, **headers):
    return {"version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "",
            "headers": {"content-type": "application/json", **headers},
            "requestContext": {"accountId": "anonymous", "apiId": "id", "domainName": "id.lambda-url.us-west-2.on.aws",
                               "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1",
                                        "userAgent": "x"}, "requestId": "id", "routeKey": "$default", "stage": "$default"},
            "body": base64.b64encode(data.encode()).decode() if packed else data, "isBase64Encoded": packed}


def http_api(data, path="/prod/chat/completions", stage="$default", **more):
    e = function_url(data, path, **more)
    e["routeKey"] = e["requestContext"]["routeKey"] = "POST " + path
    e["requestContext"].update(domainName="abc.execute-api.us-east-1.amazonaws.com", stage=stage)
    return e


def rest_api(data, path="/chat/completions"):
    return {"resource": path, "path": path, "httpMethod": "POST", "headers": {"Content-Type": "application/json", "X-Request-Id": "r-1"},
            "multiValueHeaders": {"Content-Type": ["application/json"]}, "queryStringParameters": None, "pathParameters": None,
            "requestContext": {"resourcePath": path, "httpMethod": "POST", "path": "/prod" + path, "stage": "prod",
                               "identity": {"sourceIp": "127.0.0.1"}}, "body": data, "isBase64Encoded": False}


def balancer(data, multi=False):
    e = {"requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/t/1"}},
         "httpMethod": "POST", "path": "/v1/chat/completions", "body": data, "isBase64Encoded": False}
    headers = {"content-type": "application/json", "host": "x"}
    if multi:
        return {**e, "multiValueHeaders": {k: [v] for k, v in headers.items()}, "multiValueQueryStringParameters": {}}
    return {**e, "headers": headers, "queryStringParameters": {}}
