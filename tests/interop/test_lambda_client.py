"""The runtime API of the gateway's Lambda tests, with AWS's own client for Python (awslambdaric): it must be content with that API, and
`weir gateway --lambda` must ask it for the same things in the same words. The client does not stream: that form is held against
the documentation alone, in tests/e2e/test_gateway_lambda.py."""
import json
import os
import subprocess
import sys
import tempfile

from foreign import SLOW, check, venv
from gateway_lib import Upstream, body, document, eventually
from lambda_lib import Function, Runtime, http_api

WEIR = sys.argv[1]
HANDLER = """
def fine(event, context):
    return {"statusCode": 200, "headers": {"Content-Type": "text/plain"}, "body": event["body"], "isBase64Encoded": False}

def bad(event, context):
    raise ValueError("not an event")
"""
OWN = {"user-agent", "content-length", "host", "accept", "accept-encoding", "connection", "expect"}


class Theirs(Function):
    def __init__(self, python, handler, folder):
        self.runtime = Runtime()
        env = {**os.environ, "AWS_LAMBDA_RUNTIME_API": self.runtime.api, "AWS_LAMBDA_FUNCTION_NAME": "f", "LAMBDA_TASK_ROOT": folder,
               "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128", "AWS_LAMBDA_FUNCTION_VERSION": "1", "AWS_EC2_METADATA_DISABLED": "true"}
        self.process = subprocess.Popen([python, "-m", "awslambdaric", handler], cwd=folder, env=env, text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def shape(call, made):
    """What is asked for, with the id of the invocation as ID, and the headers that are no business of one client."""
    method, path, headers = call
    for i in range(1, made + 1):
        path = path.replace(f"8476a536-e9f4-11e8-9739-{i:012x}", "ID")
    return method, path, {k for k in headers if k not in OWN and not k.startswith("lambda-runtime-function-xray")}


def talk(function, *invocations):
    """The calls of a function that gets these events, and its reports."""
    with function as f:
        reports = [f.runtime.invoke(e) for e in invocations]
        if invocations:
            eventually(lambda: f.runtime.nexts > f.runtime.made, "the next invocation was not asked for")
        else:
            reports = [f.runtime.reports.get(timeout=30 * SLOW)]
            f.process.wait(timeout=30 * SLOW)
        return [shape(c, f.runtime.made) for c in f.runtime.calls], reports


def ours(*options):
    answer = lambda s, head, data: s.sendall(document(200, '{"generated_text":"fine"}', Content_Type="application/json"))
    upstream = Upstream(answer)
    return Function(WEIR, upstream.url, *options)


def without_type(calls):
    """Their client says no type of its errors' JSON, and of whole answers."""
    return [(m, p, h - {"content-type"}) for m, p, h in calls]


python = os.path.join(venv("lambda-client", "awslambdaric"), "python")
with tempfile.TemporaryDirectory() as folder:
    with open(os.path.join(folder, "app.py"), "w") as f:
        f.write(HANDLER)
    theirs, their_reports = talk(Theirs(python, "app.fine", folder), http_api(body()), http_api(body()))
    mine, my_reports = talk(ours(), http_api(body()), http_api(body()))
    print("answers:", mine)
    check(without_type(mine) == without_type(theirs), f"answers: {mine} against {theirs}")
    for a, b in zip(their_reports, my_reports):
        a, b = json.loads(a.body), json.loads(b.body)
        check({k: type(v) for k, v in a.items()} == {k: type(v) for k, v in b.items()}, f"{a} {b}")

    theirs, their_reports = talk(Theirs(python, "app.bad", folder), http_api(body()))
    mine, my_reports = talk(ours(), {"hello": 1})
    print("errors:", mine)
    # The type in a header too is optional, and only ours gives it.
    check([(m, p, h - {"lambda-runtime-function-error-type"}) for m, p, h in without_type(mine)] == without_type(theirs),
          f"errors: {mine} against {theirs}")
    told = [json.loads(r[0].body) for r in (their_reports, my_reports)]
    check(all({"errorMessage", "errorType", "stackTrace"} <= set(t) for t in told), f"{told}")

    theirs, their_reports = talk(Theirs(python, "nothing.here", folder))
    mine, my_reports = talk(ours("--instance-hourly-usd", "much"))
    print("cannot start:", mine)
    check(without_type(mine) == without_type(theirs), f"cannot start: {mine} against {theirs}")
    told = [json.loads(r[0].body) for r in (their_reports, my_reports)]
    check(all({"errorMessage", "errorType", "stackTrace"} <= set(t) for t in told), f"{told}")
