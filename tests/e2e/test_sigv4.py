"""Requests signed for AWS, against the simulator, which verifies each by code of its own: over both versions of HTTP, on connections that
are used again, to odd targets, with temporary credentials that are renewed, and against a clock that is not this machine's. What is
refused says why, and no secret is in any file."""
import json
import os
import sys
import tempfile

from lib import SANITIZED, Sim, check, clean_env, run

WEIR = sys.argv[1]
KEY, SECRET, TOKEN = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCY", "FwoGZXIvYXdzE/session+token=="
FAST = ("--ttft", "2ms", "--itl", "1ms")
LOAD = ("--prompt", "say two words", "--max-tokens", "4")


def environment(secret=SECRET, token=TOKEN, **more):
    env = {k: v for k, v in clean_env().items() if not k.startswith("AWS_")}
    env.update(AWS_EC2_METADATA_DISABLED="true", AWS_CONFIG_FILE="/nonexistent", AWS_SHARED_CREDENTIALS_FILE="/nonexistent",
               AWS_REGION="eu-west-1")
    if secret:
        env.update(AWS_ACCESS_KEY_ID=KEY, AWS_SECRET_ACCESS_KEY=secret)
    if secret and token:
        env["AWS_SESSION_TOKEN"] = token
    env.update(more)
    return env


def sim(*options, token=TOKEN):
    return Sim(WEIR, *FAST, "--sigv4", ":".join(filter(None, (KEY, SECRET, token))), *options)


def holds_no_secret(r, *secrets):
    for folder, _, names in os.walk(r.dir):
        for name in names:
            with open(os.path.join(folder, name), "rb") as f:
                text = f.read()
            for secret in secrets or (SECRET, TOKEN):
                check(secret.encode() not in text, f"{name} has a secret in it")
    for text in (r.stdout, r.stderr):
        check(not any(s in text for s in secrets or (SECRET, TOKEN)), "a secret was printed")


def outcomes(r):
    counts = {}
    for q in r.requests:
        counts[q["outcome"]] = counts.get(q["outcome"], 0) + 1
    return counts


def test_all_are_signed():
    for options, version in (((), ()), ((), ("--http", "h2c")), (("--tls",), ("-k", "--http", "2"))):
        with sim(*options) as s:
            r = run(WEIR, s.url, *LOAD, "--aws-sigv4", "sagemaker", "--concurrency", "8", "--num-requests", "200", "--workers", "2",
                    *version, env=environment())
            check(outcomes(r) == {"ok": 200}, f"{version}: {outcomes(r)}")
            opened = sum(c["conns_opened"] for c in r.lines("client"))
            check(opened <= 10, f"{version}: {opened} connections for 8 in flight")
            holds_no_secret(r)
            truth = s.truth().values()
            check({t["status"] for t in truth} == {200}, f"{version}: {sorted(t['status'] for t in truth)}")


def test_open_loop_and_sessions():
    """Rendered ahead of their instants; some wait longer than a signature made then would be fresh for the client."""
    with sim() as a, sim() as b:
        r = run(WEIR, a.url, b.url, "--balance", "least-in-flight", *LOAD, "--aws-sigv4", "sagemaker", "--rate", "100",
                "--num-requests", "100", env=environment())
        check(outcomes(r) == {"ok": 100}, f"{outcomes(r)}")
        check({q.get("endpoint", 0) for q in r.requests} == {0, 1}, "one endpoint got all")
        r = run(WEIR, a.url, b.url, *LOAD, "--aws-sigv4", "sagemaker", "--sessions", "--concurrency", "4", "--think-time", "20ms",
                "--num-requests", "30", env=environment())
        check(set(outcomes(r)) == {"ok"}, f"{outcomes(r)}")


TARGETS = ["/model/anthropic.claude-3-haiku-20240307-v1:0/converse-stream", "/model/anthropic.claude-v2%3A1/invoke", "/a//b/../c/./d/",
           "/%E1%88%B4%20x?b=2&a=1&a=0&B=%7e&c&d=e=f&g=a+b&%20=", "/x?X=a%2Fb&x=%zz", "/%", "/~user/(x)*'!,;@$&=?q=!'()*"]


def test_odd_targets():
    """Nothing is at these paths, or something that takes other requests: whatever is not 403 says that the signature was good."""
    folder = tempfile.mkdtemp(prefix="weir-sigv4-")
    path = os.path.join(folder, "targets")
    with open(path, "w") as f:
        f.write("".join(f"GET {t}\nPOST {t} {{\"prompt\": \"x\"}}\n" for t in TARGETS))
    with sim(token=None) as s:
        for service in ("bedrock", "s3", "execute-api"):
            r = run(WEIR, s.url, "--api", "http", "--dataset", path, "--dataset-format", "targets", "--num-requests",
                    str(2 * len(TARGETS)), "--aws-sigv4", service, "--header", "X-Odd:  a \t  b", "--header", "X-Amz-Target: t.T",
                    env=environment(token=None), expect=None)
            statuses = [q["status"] for q in r.requests]
            check(len(statuses) == 2 * len(TARGETS) and set(statuses) <= {400, 404, 405}, f"{service}: {statuses}")


def test_other_clock():
    for ahead in ("7200", "-7200"):
        with sim("--clock-ahead", ahead) as s:
            words = (s.url, *LOAD, "--aws-sigv4", "sagemaker", "--num-requests", "20")
            r = run(WEIR, *words, "--concurrency", "2", env=environment())
            check(outcomes(r) == {"ok": 20}, f"the probe has told the clock: {outcomes(r)}")
            check("clock is 2h00m " + ("behind" if ahead[0] != "-" else "ahead of") in r.stdout, r.stdout)
            r = run(WEIR, *words, "--concurrency", "1", "--no-probe", "--model", "m", env=environment())
            first, *others = [(q["outcome"], q["status"]) for q in sorted(r.requests, key=lambda q: q["index"])]
            check(first == ("http_403", 403) and set(others) == {("ok", 200)}, f"{first}, {others}")
            holds_no_secret(r)
    with sim("--clock-ahead", "7200") as s:  # the second was rendered, and signed, before the first was refused
        r = run(WEIR, s.url, *LOAD, "--aws-sigv4", "sagemaker", "--rate", "4", "--arrival", "constant", "--num-requests", "4", "--no-probe",
                "--model", "m", env=environment())
        check([q["outcome"] for q in sorted(r.requests, key=lambda q: q["index"])] == ["http_403", "ok", "ok", "ok"], f"{outcomes(r)}")


def test_refusals():
    for env, says in ((environment(secret="another-secret-key"), "does not match"), (environment(token=None), "security token"),
                      (environment(secret=None), "AWS_ACCESS_KEY_ID")):
        with sim() as s:
            r = run(WEIR, s.url, *LOAD, "--aws-sigv4", "sagemaker", "--num-requests", "5", env=env, expect=2)
            check(says in r.stderr, r.stderr)
            check("AWS_ACCESS_KEY_ID" in says or "signed for sagemaker in eu-west-1" in r.stderr, r.stderr)
            holds_no_secret(r, "another-secret-key", TOKEN)
    with sim() as s:
        r = run(WEIR, s.url, *LOAD, "--aws-sigv4", "sagemaker", "--no-probe", "--model", "m", "--num-requests", "5",
                env=environment(secret="another-secret-key"), expect=1)
        check(outcomes(r) == {"http_403": 5}, f"{outcomes(r)}")
        holds_no_secret(r, "another-secret-key", TOKEN)
        r = run(WEIR, s.url, *LOAD, "--num-requests", "5", env=environment(), expect=2)
        check("Missing Authentication Token" in r.stderr, r.stderr)


PROCESS = """import datetime, json, os
path = os.path.join(os.path.dirname(__file__), "count")
n = int(open(path).read()) if os.path.exists(path) else 0
open(path, "w").write(str(n + 1))
until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=%d)
print(json.dumps({"Version": 1, "AccessKeyId": "AKID" + "AB"[n %% 2], "SecretAccessKey": "secret-of-" + "AB"[n %% 2],
                  "SessionToken": "token-of-" + "AB"[n %% 2], "Expiration": until.strftime("%%Y-%%m-%%dT%%H:%%M:%%SZ")}))
"""


def test_renewal():
    """Credentials that live a few seconds, from a profile's program: two takes turns, and none is refused."""
    life = 8 if SANITIZED else 4
    folder = tempfile.mkdtemp(prefix="weir-sigv4-")
    program, config = os.path.join(folder, "program.py"), os.path.join(folder, "config")
    with open(program, "w") as f:
        f.write(PROCESS % life)
    with open(config, "w") as f:
        f.write(f"[profile lab]\nregion = us-west-2\ncredential_process = {sys.executable} {program}\n")
    with Sim(WEIR, *FAST, "--sigv4", "AKIDA:secret-of-A:token-of-A", "--sigv4", "AKIDB:secret-of-B:token-of-B") as s:
        r = run(WEIR, s.url, *LOAD, "--aws-sigv4", "sagemaker", "--aws-profile", "lab", "--concurrency", "2", "--think-time", "20ms",
                "--duration", f"{life + life // 4}s", env=environment(secret=None, AWS_CONFIG_FILE=config, AWS_REGION=""))
        check(set(outcomes(r)) == {"ok"}, f"{outcomes(r)}")
        with open(os.path.join(folder, "count")) as f:
            check(int(f.read()) >= 2, "the credentials were never renewed")
        check("credentials were renewed" in r.stdout, r.stdout)
        holds_no_secret(r, "secret-of-A", "secret-of-B", "token-of-A", "token-of-B")
    with open(config, "a") as f:
        f.write("[profile empty]\n")
    r = run(WEIR, "http://127.0.0.1:1", *LOAD, "--aws-sigv4", "sagemaker", "--aws-profile", "nobody", "--num-requests", "5", expect=2,
            env=environment(AWS_CONFIG_FILE=config))
    check("nobody" in r.stderr, r.stderr)
    holds_no_secret(r)


def test_check_shows_the_signature_but_no_secret():
    with sim() as s:
        r = run(WEIR, s.url, "--check", *LOAD, "--aws-sigv4", "sagemaker", env=environment())
        check("AWS Signature Version 4 for sagemaker in eu-west-1, by the credentials of the environment" in r.stdout, r.stdout)
        check("> Authorization: [redacted]" in r.stdout and "> X-Amz-Security-Token: [redacted]" in r.stdout, r.stdout)
        holds_no_secret(r)


def main():
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            test()


if __name__ == "__main__":
    main()
