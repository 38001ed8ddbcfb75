"""The gateway as it is packed for Lambda (tools/package-lambda), under AWS's own runtime interface emulator (a Go module), in front of
the simulator's SageMaker route. The program must take nothing from this machine but its loader's kernel: each file that it has mapped
lies in the zip. The emulator gives a streamed answer in one piece; that it streams is shown by tests/e2e/test_gateway_lambda.py.

usage: test_lambda_emulator.py WEIR [ZIP]    with ZIP: that one, of another processor's where qemu-aarch64 is there
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile

from foreign import SLOW, answers, check, fetch, free_ports, kept, skip
from gateway_lib import environment, sagemaker
from lambda_lib import balancer, function_url, http_api, rest_api
from lib import Sim

WEIR = os.path.abspath(sys.argv[1])
PACKAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools", "package-lambda")
VERSION = "v0.0.0-20261030222936-bef5c4ba774d"
MODULE = "github.com/aws/aws-lambda-runtime-interface-emulator/cmd/aws-lambda-rie"
TOKENS = 7
BUNDLES = ("/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/certs/ca-certificates.crt")  # Amazon Linux's, Debian's


def emulator():
    go = shutil.which("go")
    if not go:
        skip("no go here to build AWS's runtime interface emulator with")

    def make(folder):
        os.makedirs(folder)
        fetch([go, "install", f"{MODULE}@{VERSION}"], "AWS's runtime interface emulator", env={**os.environ, "GOBIN": folder})
    return os.path.join(kept("lambda-rie-" + VERSION, make), "aws-lambda-rie")


def unpack(zip_file, folder):
    with zipfile.ZipFile(zip_file) as z:
        for info in z.infolist():
            path = z.extract(info, folder)
            os.chmod(path, info.external_attr >> 16 & 0o777)
    bootstrap = os.path.join(folder, "bootstrap")
    check(os.access(bootstrap, os.X_OK), "bootstrap cannot be executed")
    return bootstrap


class Emulator:
    def __init__(self, program, bootstrap, upstream, timeout=60, **env):
        folder = os.path.dirname(bootstrap)
        outer, inner = free_ports(2)
        self.url = f"http://127.0.0.1:{outer}/2015-03-31/functions/function/invocations"
        self.log = open(os.path.join(folder, "log"), "w+b")
        env = environment(WEIR_GATEWAY_UPSTREAM=upstream + "/endpoints/demo/invocations", INSTANCE_HOURLY_USD="1.21",
                          AWS_LAMBDA_FUNCTION_TIMEOUT=str(timeout), **env)
        for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "AWS_LAMBDA_MAX_CONCURRENCY"):
            env.pop(name, None)
        self.process = subprocess.Popen([program, "--runtime-interface-emulator-address", f"127.0.0.1:{outer}", "--runtime-api-address",
                                         f"127.0.0.1:{inner}", bootstrap], cwd=folder, env=env, stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=subprocess.STDOUT)
        end = time.monotonic() + 20 * SLOW
        while not answers(outer):
            check(self.process.poll() is None and time.monotonic() < end, f"the emulator did not start: {self.output()}")
            time.sleep(0.02)

    def output(self):
        with open(self.log.name, encoding="utf-8", errors="replace") as f:
            return f.read()

    def invoke(self, event):
        data = event if isinstance(event, bytes) else json.dumps(event).encode()
        try:
            with urllib.request.urlopen(urllib.request.Request(self.url, data), timeout=90 * SLOW) as r:
                return r.read()
        except urllib.error.HTTPError as e:
            return e.read()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


def asked(stream):
    return json.dumps({"model": "m", "messages": [{"role": "user", "content": "hello"}], "max_tokens": TOKENS, "stream": stream,
                       **({"stream_options": {"include_usage": True}} if stream else {})})


def whole(data):
    """Status, headers in lower case and body of an answer in one JSON document."""
    d = json.loads(data)
    headers = d.get("headers") or {k: v[0] for k, v in d["multiValueHeaders"].items()}
    check(not d["isBase64Encoded"], f"in base64: {d}")
    return d["statusCode"], {k.lower(): v for k, v in headers.items()}, d["body"]


def streamed(data):
    prelude, nul, rest = data.partition(b"\0" * 8)
    check(nul, f"no prelude: {data[:300]}")
    d = json.loads(prelude)
    return d["statusCode"], {k.lower(): v for k, v in d["headers"].items()}, rest.decode()


def holds_answer(name, answer, stream):
    status, headers, body = answer
    check(status == 200, f"{name}: {status} {body[:300]}")
    check(headers["x-endpoint"] == "demo", f"{name}: {headers}")
    if stream:
        check(headers["content-type"].startswith("text/event-stream"), f"{name}: {headers}")
        events = [line[6:] for line in body.splitlines() if line.startswith("data: ")]
        check(events[-1] == "[DONE]", f"{name}: {events[-3:]}")
        chunks = [json.loads(e) for e in events[:-1]]
        text = [c["delta"].get("content") for e in chunks for c in e["choices"]]
        check(sum(1 for t in text if t) == TOKENS, f"{name}: {text}")
        usage = [e["usage"] for e in chunks if e.get("usage")]
    else:
        d = json.loads(body)
        check(d["object"] == "chat.completion" and d["choices"][0]["message"]["content"], f"{name}: {body}")
        check(headers["x-completion-tokens"] == str(TOKENS), f"{name}: {headers}")
        usage = [d["usage"]]
    check([u["completion_tokens"] for u in usage] == [TOKENS], f"{name}: {usage}")


def look_into(folder):
    """What the packed program has mapped from files, and its environment."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                words = f.read().split(b"\0")
            if os.path.join(folder, "lib/weir").encode() in words and b"--lambda" in words:
                with open(f"/proc/{pid}/maps", encoding="utf-8") as f:
                    lines = [line.split(None, 5) for line in f]
                with open(f"/proc/{pid}/environ", encoding="utf-8") as f:
                    env = dict(word.split("=", 1) for word in f.read().split("\0") if "=" in word)
                return {words[5].strip() for words in lines if len(words) == 6 and words[5].startswith("/")}, env
        except OSError:
            continue
    return set(), {}


def test_shapes(program, bootstrap, native):
    folder = os.path.dirname(bootstrap)
    with sagemaker(WEIR) as sim:
        # By name, so that the resolver has to work with what the zip has.
        with Emulator(program, bootstrap, sim.url.replace("127.0.0.1", "localhost")) as e:
            for stream in (False, True):
                for name, event, read in (
                        ("REST API", rest_api(asked(stream)), streamed), ("HTTP API", http_api(asked(stream)), whole),
                        ("function URL", function_url(asked(stream)), streamed),
                        ("function URL in base64", function_url(asked(stream), packed=True), streamed),
                        ("load balancer", balancer(asked(stream)), whole),
                        ("load balancer, multi-value", balancer(asked(stream), multi=True), whole)):
                    holds_answer(name, read(e.invoke(event)), stream)
            if native:
                files, env = look_into(folder)
                print("mapped:", *sorted(os.path.relpath(f, folder) for f in files))
                check(any(f.endswith("/libc.so.6") for f in files), f"no libc among {files}: was it looked at?")
                check(all(f.startswith(folder + "/") for f in files), f"not from the zip: {[f for f in files if not f.startswith(folder)]}")
                bundle = [f for f in BUNDLES if os.path.exists(f)]
                check(not bundle or env.get("SSL_CERT_FILE") == bundle[0], f"authorities: {env.get('SSL_CERT_FILE')}, not {bundle}")
            told = json.loads(e.invoke({"hello": 1}))
            check(told["errorType"] == "Gateway.BadEvent", f"a bad event: {told}")
            status, _, body = whole(e.invoke(http_api("{")))
            check(status == 400 and json.loads(body)["error"]["code"] == "invalid_json", f"{status} {body}")
            status, _, body = streamed(e.invoke(rest_api("")))
            check(status == 400 and json.loads(body)["error"]["code"] == "missing_body", f"{status} {body}")
            holds_answer("after errors", whole(e.invoke(http_api(asked(False)))), False)
            log = e.output()
            check(log.count("LLM/Serving") >= 13, f"{log.count('LLM/Serving')} lines of metrics in {log[-3000:]}")
        sim.close()
        check(len(sim.truth()) == 13, f"the endpoint had {len(sim.truth())} requests")
        with Sim(WEIR, "--ttft", "5ms", "--sigv4", "AKIDOTHER:other", truth=False) as strict, Emulator(program, bootstrap, strict.url) as e:
            status, _, body = whole(e.invoke(http_api(asked(False))))
            check(status == 502, f"a signature that is not taken: {status} {body}")


def test_deadline(program, bootstrap):
    """The function's time ends before the model's: the client is told, and the function goes on."""
    with Sim(WEIR, "--ttft", "60s", truth=False) as sim, Emulator(program, bootstrap, sim.url, timeout=2) as e:
        for _ in range(2):
            begun = time.monotonic()
            status, _, body = whole(e.invoke(http_api(asked(False))))
            took = time.monotonic() - begun
            check(status == 504, f"{status} {body}")
            check(took < 2.2, f"told after {took:.1f} s of 2")
        check("timed out" not in e.output(), e.output()[-2000:])


def test_cannot_start(program, bootstrap):
    with Emulator(program, bootstrap, "nonsense:", timeout=10) as e:
        told = e.invoke(http_api(asked(False)))
        check(json.loads(told)["errorType"] == "Gateway.Configuration", f"{told[:500]}")


def main():
    given = os.path.abspath(sys.argv[2]) if len(sys.argv) > 2 else None
    if given and not os.path.exists(given):
        skip(f"no {os.path.basename(given)} here; tools/test-lambda-arm64 makes it")
    program = emulator()
    with tempfile.TemporaryDirectory(prefix="weir-lambda-") as folder:
        zip_file = given or os.path.join(folder, "one.zip")
        if not given:
            for name in ("one.zip", "two.zip"):
                made = subprocess.run([PACKAGE, "--weir", WEIR, "--output", os.path.join(folder, name)], capture_output=True, text=True, check=False)
                check(made.returncode == 0, made.stderr)
                print(made.stdout.strip())
            with open(zip_file, "rb") as one, open(os.path.join(folder, "two.zip"), "rb") as two:
                check(one.read() == two.read(), "the same program makes two different zips")
        task = os.path.join(folder, "task")
        bootstrap = unpack(zip_file, task)
        loader = "ld-linux-x86-64.so.2" if os.uname().machine == "x86_64" else "ld-linux-aarch64.so.1"
        native = os.path.exists(os.path.join(task, "lib", loader))
        if not native:
            if not shutil.which("qemu-aarch64"):
                skip("no qemu-aarch64 here to run it with (tools/setup --arm64)")
            with open(bootstrap, "r+", encoding="utf-8") as f:
                text = f.read()
                check(text.count('\nexec "') == 1, text)
                f.seek(0)
                f.write(text.replace('\nexec "', '\nexec qemu-aarch64 "'))
        test_shapes(program, bootstrap, native)
        test_deadline(program, bootstrap)
        test_cannot_start(program, bootstrap)


main()
