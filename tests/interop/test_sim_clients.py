"""The official `openai` clients (Python and Node) and curl against the simulator: it must look like the real thing to them."""
import json
import os
import shutil
import subprocess
import sys

from foreign import fetch, kept, last_line, venv
from lib import SLOW, Sim, check, skip

WEIR = sys.argv[1]
HERE = os.path.dirname(os.path.abspath(__file__))


def client(words, folder=None):
    """A client's script against three simulators; it says itself what is wrong."""
    env = {k: v for k, v in os.environ.items() if not k.upper().endswith("_PROXY") and not k.startswith("OPENAI_")}
    quick = ("--ttft", "5ms", "--itl", "2ms")
    with Sim(WEIR, "--model", "llama", "--api-key", "correct", *quick, truth=False) as sim, \
            Sim(WEIR, "--limit", "1", "--ttft", "5ms", "--itl", "40ms", truth=False) as limited, \
            Sim(WEIR, "--fault", "error_event:1", *quick, truth=False) as faulty:
        done = subprocess.run([*words, sim.url, limited.url, faulty.url], capture_output=True, text=True, cwd=folder, env=env,
                              timeout=60 * SLOW)
    check(done.returncode == 0, f"{words[-1]}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    print(last_line(done.stdout))


def curl(*args, stdin=None, code=0):
    done = subprocess.run(["curl", "-sS", "--noproxy", "*", "--max-time", str(20 * SLOW), *args], capture_output=True,
                          input=stdin, timeout=60 * SLOW)
    check(done.returncode == code, f"curl {' '.join(args)}: exit {done.returncode}: {done.stderr}")
    return done.stdout.decode()


def status(*args, **more):
    return curl("-o", os.devnull, "-w", "%{http_code}", *args, **more)


BODY = {"model": "m", "stream": True, "max_tokens": 3, "messages": [{"role": "user", "content": "How deep?"}]}


def post(url, body, *args):
    return url + "/v1/chat/completions", "-H", "Content-Type: application/json", "--data-binary", json.dumps(body), *args


def with_curl(sim):
    url = sim.url
    text = curl("-N", *post(url, BODY))
    events = text.split("\n\n")
    check(events[-1] == "" and events[-2] == "data: [DONE]", f"the stream's end: {text[-80:]!r}")
    check(all(e.startswith("data: {") for e in events[:-2]), "each event is one data line of JSON")
    content = [json.loads(e[6:])["choices"][0]["delta"].get("content") for e in events[:-2]]
    check(sum(1 for c in content if c) == 3, f"{content}")
    # Two requests on one connection, the second with a body that curl announces by Expect: 100-continue.
    two = curl("-w", "%{num_connects} ", "-o", os.devnull, "-o", os.devnull, url + "/health", url + "/version")
    check(two.split() == ["1", "0"], f"connections made: {two}")
    long = dict(BODY, messages=[{"role": "user", "content": "deep " * 400000}], stream=False)
    answer = json.loads(curl(url + "/v1/chat/completions", "-H", "Expect: 100-continue", "--data-binary", "@-",
                             stdin=json.dumps(long).encode()))
    check(answer["usage"]["prompt_tokens"] == 400000, f"{answer['usage']}")
    check(status(url + "/v1/chat/completions", "-H", "Transfer-Encoding: chunked", "--data-binary", "@-",
                 stdin=json.dumps(BODY).encode()) == "200", "a chunked request body")
    check(status(url + "/nothing") == "404", "an unknown path")
    check(status(url + "/v1/chat/completions") == "405", "GET where POST belongs")
    check(status(*post(url, BODY, "-X", "DELETE")) == "405", "DELETE")
    check(status(url + "/v1/chat/completions", "--data-binary", "{") == "400", "a body that is not JSON")
    check(status(url + "/v1/chat/completions", "--data-binary", "@-", stdin=b" " * (17 << 20)) == "413", "17 MiB")
    check("vllm:" in curl(url + "/metrics"), "Prometheus text")
    # --fail makes an error status an exit code of 22, as health checks want it.
    curl("--fail", url + "/nothing", code=22)
    check(status("--http1.0", url + "/health") == "200", "HTTP/1.0")
    truth = [t for t in sim.truth().values() if t["path"] == "/v1/chat/completions" and t["status"] == 200]
    check(len(truth) == 3 and [len(t["tokens"]) for t in truth if t["stream"]] == [3, 3], f"{len(truth)} in the truth")


def curl_elsewhere():
    with Sim(WEIR, "--tls", "--write-cert", "/dev/null", truth=False) as sim:
        curl(sim.url + "/health", code=60) # not verified
        check(status("-k", sim.url + "/health") == "200", "TLS")
    path = os.path.join(os.environ.get("TMPDIR", "/tmp"), f"weir-sim-{os.getpid()}.sock")
    with Sim(WEIR, "--listen", "unix:" + path, truth=False):
        check(status("--unix-socket", path, "http://localhost/health") == "200", "a unix socket")
    certificate = path + ".pem"
    with Sim(WEIR, "--tls", "--write-cert", certificate, "--listen", "127.0.0.1:0", truth=False) as sim:
        port = sim.url.rsplit(":", 1)[1]
        check(status("--cacert", certificate, f"https://127.0.0.1:{port}/health") == "200", "the certificate's address")
        check(status("--cacert", certificate, "--resolve", f"localhost:{port}:127.0.0.1", f"https://localhost:{port}/health")
              == "200", "the certificate's name")
    os.unlink(certificate)


def node_package():
    if not shutil.which("npm") or not shutil.which("node"):
        skip("curl and the Python client passed; no node or no npm for the other one")

    def make(folder):
        os.makedirs(folder)
        fetch(["npm", "install", "--prefix", folder, "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel", "error",
               "--fetch-retries", "1", "openai"], "curl and the Python client passed; npm's openai")
    return kept("openai-node", make)


def main():
    if not shutil.which("curl"):
        skip("no curl")
    with Sim(WEIR, "--ttft", "5ms", "--itl", "2ms") as sim:
        with_curl(sim)
    curl_elsewhere()
    print("curl")
    client([os.path.join(venv("openai", "openai"), "python"), os.path.join(HERE, "client_openai.py")])
    client(["node", os.path.join(HERE, "client_openai.mjs")], node_package())


main()
