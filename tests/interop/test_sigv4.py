"""AWS Signature Version 4: what weir signs is what botocore signs, for random requests, byte for byte; and the simulator takes what botocore
has signed. Where weir differs on purpose the requests keep away from it: "+" in a query (a space to weir, as to the SDKs that write it),
percent-encoding that is not the canonical one (weir writes it anew for S3 and in queries), and headers that something on the way may
rewrite, which weir does not sign. WEIR_SIGV4_CASES=N tries N requests, WEIR_SIGV4_SEED=N others.
"""
import datetime
import http.client
import json
import os
import random
import subprocess
import sys
from urllib.parse import quote, urlsplit

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from foreign import check, venv  # noqa: E402

if os.environ.get("WEIR_SIGV4_INSIDE") != "1":
    python = os.path.join(venv("botocore", "botocore==1.44.8"), "python")
    os.execve(python, [python, os.path.abspath(__file__), *sys.argv[1:]], {**os.environ, "WEIR_SIGV4_INSIDE": "1"})

import botocore.auth  # noqa: E402
from botocore.awsrequest import AWSRequest  # noqa: E402
from botocore.credentials import Credentials  # noqa: E402

from lib import Sim  # noqa: E402

WEIR, SHOW = os.path.abspath(sys.argv[1]), sys.argv[2]
CASES = int(os.environ.get("WEIR_SIGV4_CASES") or 3000)
rng = random.Random(int(os.environ.get("WEIR_SIGV4_SEED") or 1))

SIGNERS = {("s3", False): botocore.auth.S3SigV4Auth, ("s3", True): botocore.auth.S3SigV4QueryAuth}
CHARS = "aZ09-._~!$'()*,;:@ %&=/?#[]{}|\\^`\"<>é漢🙂\u00a0\u1234"
MODELS = ["anthropic.claude-3-haiku-20240307-v1:0", "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.a:1"]


def some(most):
    return "".join(rng.choice(CHARS) for _ in range(rng.randrange(most)))


def a_path(s3):
    if s3:  # names as boto3 writes them
        return "/" + "/".join(quote(some(8), safe="/~") for _ in range(rng.randrange(5)))
    parts = []
    for _ in range(rng.randrange(6)):
        kind = rng.random()
        parts.append("" if kind < .1 else "." if kind < .2 else ".." if kind < .3 else quote(rng.choice(MODELS), safe=rng.choice(["", ":"]))
                     if kind < .5 else quote(some(8), safe="~" + rng.choice(["", ":", "!$'()*,;@&="])))
    return "/" + "/".join(parts) + ("/" if rng.random() < .2 else "")


def a_query():
    names = [quote(some(5), safe="-_.~") or "k" for _ in range(1 + rng.randrange(4))]
    pairs = []
    for _ in range(rng.randrange(6)):
        name, value = rng.choice(names), quote(some(6), safe="-_.~")
        pairs.append(name if rng.random() < .15 else f"{name}={value}")
    return "&".join(pairs)


def some_headers():
    headers = []
    if rng.random() < .5:
        headers.append(["Content-Type", rng.choice(["application/json", "text/plain;  charset=utf-8", ""])])
    for _ in range(rng.randrange(5)):
        name = rng.choice(["X-Custom", "x-custom", "X-Amz-Target", "X-Amzn-SageMaker-Target-Model", "Range", "zeta", "A-b_c"])
        value = "".join(rng.choice(["a", "B", " ", "  ", "\t", '"', ",", "=", "é"]) for _ in range(rng.randrange(8)))
        headers.append([name, value])
    return headers


def a_case():
    service = rng.choice(["sagemaker", "bedrock", "execute-api", "iam", "s3"])
    query = a_query()
    case = {"service": service, "region": rng.choice(["us-east-1", "eu-central-1", "us-gov-west-1"]), "key": "AKID" + str(rng.randrange(9)),
            "secret": "".join(rng.choice("abcXYZ019+/") for _ in range(40)), "token": rng.choice(["", "FwoGZX/+token=="]),
            "at": rng.randrange(10 ** 9, 2 * 10 ** 9), "method": rng.choice(["GET", "POST", "PUT", "DELETE"]),
            "target": a_path(service == "s3") + ("?" + query if query else ""), "headers": [["Host", "h.example.com:8443"], *some_headers()],
            "body": some(60)}
    if rng.random() < .25:
        case.update(expires=rng.randrange(1, 604800), body="", method="GET")
        case["headers"] = [h for h in case["headers"] if h[0] != "Content-Type"]
        unique = {pair.partition("=")[0]: pair for pair in query.split("&") if "=" in pair}  # its signer forgets others
        case["target"] = case["target"].partition("?")[0] + ("?" + "&".join(unique.values()) if unique else "")
    return case


def theirs(case):
    """What botocore adds: header lines, or the target."""
    now = datetime.datetime.fromtimestamp(case["at"], datetime.timezone.utc)
    botocore.auth.get_current_datetime = lambda *_, **__: now.replace(tzinfo=None)
    request = AWSRequest(method=case["method"], url="https://h.example.com:8443" + case["target"], data=case["body"].encode())
    for name, value in case["headers"]:
        request.headers.add_header(name, value)
    credentials = Credentials(case["key"], case["secret"], case["token"] or None)
    query = "expires" in case
    signer = SIGNERS.get((case["service"], query)) or (botocore.auth.SigV4QueryAuth if query else botocore.auth.SigV4Auth)
    request.context["payload_signing_enabled"] = True
    request.context["client_config"] = None
    more = {"expires": case["expires"]} if query else {}
    signer(credentials, case["service"], case["region"], **more).add_auth(request)
    if query:
        url = urlsplit(request.url)
        return (url.path or "/") + "?" + url.query
    names = ["X-Amz-Date", *(["X-Amz-Security-Token"] if case["token"] else []),
             *(["X-Amz-Content-SHA256"] if case["service"] == "s3" else []), "Authorization"]
    return {n.lower(): request.headers[n] for n in names}


def ours(cases):
    text = "".join(json.dumps(c) + "\n" for c in cases)
    done = subprocess.run([SHOW], input=text, capture_output=True, text=True, timeout=120)
    check(done.returncode == 0, f"sigv4_show: {done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def parameters(target):
    path, _, query = target.partition("?")
    return path, sorted(query.split("&"))


def random_requests():
    cases = [a_case() for _ in range(CASES)]
    for case, got in zip(cases, ours(cases), strict=True):
        want = theirs(case)
        if "expires" in case:  # in whatever order
            same = parameters(got["target"]) == parameters(want)
            check(same, f"{case}\nbotocore: {want}\nweir:     {got['target']}\n{got['canonical']}")
            continue
        lines = dict(line.split(": ", 1) for line in got["lines"].splitlines())
        check({k.lower(): v for k, v in lines.items()} == want, f"{case}\nbotocore: {want}\nweir:     {lines}\n{got['canonical']}")
    print(f"{CASES} requests are signed alike")


def sent(sim, case, headers, target):
    """The status that the simulator gives."""
    host = sim.url.removeprefix("http://")
    link = http.client.HTTPConnection(host, timeout=20)
    link.putrequest(case["method"], target, skip_host=True, skip_accept_encoding=True)
    for name, value in headers:
        link.putheader(name, value.encode())
    link.putheader("Content-Length", str(len(case["body"].encode())))
    link.endheaders(case["body"].encode())
    status = link.getresponse().status
    link.close()
    return status


def simulator_takes_botocores():
    """Nothing is at the paths, so 404 says that the signature is good. The second user is not one that it knows."""
    now = int(datetime.datetime.now(datetime.timezone.utc).timestamp())
    good, bad = 0, 0
    with Sim(WEIR, "--quiet", "--sigv4", "AKID:correct-horse", "--sigv4", "AKID:correct-horse:token/+=", truth=False) as sim:
        for _ in range(200):
            case = a_case()
            wrong = rng.random() < .2
            case.update(key="AKID", secret="battery" if wrong else "correct-horse", token=rng.choice(["", "token/+="]), at=now)
            want = theirs(case)
            if "expires" in case:
                status = sent(sim, case, case["headers"], want)
            else:
                status = sent(sim, case, case["headers"] + list(want.items()), case["target"])
            expected = 403 if wrong else 404
            check(status == expected, f"{case} as {want}: status {status}, not {expected}")
            good, bad = good + (not wrong), bad + wrong
    check(good > 100 and bad > 20, f"{good} good and {bad} bad ones")
    print(f"{good} requests of botocore are taken, {bad} with a wrong secret refused")


if __name__ == "__main__":
    random_requests()
    simulator_takes_botocores()
