"""measure_gateway.py - what `weir gateway` adds to the time to the first token, beside other proxies, with 200 streams at once.

One simulator and one plan: the same client, seed, prompts and lengths go to the simulator directly, through nginx (which signs
and translates nothing: what any proxy costs that hands bytes on), through LiteLLM's proxy where it can be had, and through the
gateway, which signs and translates; in turn, round by round. TTFT is of each request, from its first byte sent until its first
token, as the client's records have it; added = a quantile through the proxy - the same quantile of the direct runs of the same
round. The gateway's upstream is the simulator's invocations-response-stream, so it is compared with direct runs of that route, which
weir signs ahead of the request's instant; the others with direct runs of chat completions.

Two loads: 200 users in a closed loop, and an open loop (Poisson) at the rate that keeps as many streams open on average.
"""
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

from harness import CACHE, Sim, free_ports, in_turn, measure, process_cpu, quantile, servers, spread

KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCY"
STREAMS, TTFT_MS, ITL_MS, TOKENS = 200, 190, 20, (10, 40)
LIFE_S = (TTFT_MS + ITL_MS * sum(TOKENS) / 2) / 1000  # of a stream, on average
LOADS = {"closed": ["--concurrency", str(STREAMS), "--ramp-up", "2s"], "open": ["--rate", f"{STREAMS / LIFE_S:.0f}"]}
ROUTE, INVOCATIONS = "direct, invocations", "/endpoints/demo/invocations-response-stream"
NGINX = """
daemon off; master_process off; worker_rlimit_nofile 20000; pid {folder}/pid; error_log stderr crit;
events {{ worker_connections 8000; }}
http {{
    access_log off; keepalive_requests 1000000000; keepalive_timeout 600s; client_body_buffer_size 64k;
    client_body_temp_path {folder}/t; proxy_temp_path {folder}/t; fastcgi_temp_path {folder}/t; uwsgi_temp_path {folder}/t;
    scgi_temp_path {folder}/t;
    upstream sim {{ server 127.0.0.1:{upstream}; keepalive 1000; keepalive_requests 1000000000; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{ proxy_pass http://sim; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; }}
    }}
}}
"""
LITELLM = """
model_list:
  - model_name: demo
    litellm_params: {{model: openai/demo, api_base: "{url}/v1", api_key: none}}
litellm_settings: {{telemetry: false}}
"""


def environment(**more):
    """No credentials but the simulator's, and nothing that could leave this machine."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    return env | {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
                  "AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET} | more


class Proxy:
    """A process between client and simulator; .url, .pid."""

    def __init__(self, words, url=None, **more):
        self.folder = more.pop("folder", None)
        self.process = subprocess.Popen(words, text=True, start_new_session=True, env=environment(), stdin=subprocess.DEVNULL, **more)
        self.pid, self.url = self.process.pid, url
        servers.add(self.pid)

    def await_port(self, port, seconds):
        for _ in range(int(seconds * 20)):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.05)
        self.close()
        raise RuntimeError(f"{self.process.args[0]} does not listen")

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        servers.discard(self.pid)
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)


def gateway(weir, sim):
    (port,) = free_ports(1)
    p = Proxy([weir, "gateway", "--upstream", f"{sim.url}/endpoints/demo/invocations", "--listen", f"127.0.0.1:{port}"], f"http://127.0.0.1:{port}",
              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # its metric lines are made and written all the same
    p.await_port(port, 5)
    return p


def nginx(sim):
    folder, (port,) = tempfile.mkdtemp(prefix="weir-bench-"), free_ports(1)
    os.mkdir(f"{folder}/t")
    with open(f"{folder}/conf", "w") as f:
        f.write(NGINX.format(folder=folder, upstream=sim.port, port=port))
    os.chmod(folder, 0o755)
    p = Proxy([shutil.which("nginx"), "-p", folder, "-c", f"{folder}/conf", "-e", "stderr"], f"http://127.0.0.1:{port}", folder=folder,
              stderr=subprocess.DEVNULL)
    p.await_port(port, 5)
    return p


def litellm_program():
    """Installed by the tests of foreign clients, or by hand; never here."""
    tests = os.environ.get("WEIR_SCRATCH") or os.path.join(os.path.dirname(CACHE), "weir-tests")
    at = os.path.join(tests, f"litellm-py{sys.version_info.major}.{sys.version_info.minor}", "bin", "litellm")
    return at if os.path.exists(at) else None


def litellm(sim):
    folder, (port,) = tempfile.mkdtemp(prefix="weir-bench-"), free_ports(1)
    with open(f"{folder}/conf.yaml", "w") as f:
        f.write(LITELLM.format(url=sim.url))
    p = Proxy([litellm_program(), "--config", f"{folder}/conf.yaml", "--host", "127.0.0.1", "--port", str(port)], f"http://127.0.0.1:{port}",
              folder=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder)
    p.await_port(port, 60)
    return p


def once(weir, url, load, seconds, proxy, more=()):
    folder = tempfile.mkdtemp(prefix="weir-bench-")
    command = [weir, "run", url, "--quiet", "--no-probe", "--seed", "7", "--isl", "200", "--osl", f"uniform:{TOKENS[0]},{TOKENS[1]}", "--ignore-eos",
               "--model", "demo", "--warmup", "2s", "--duration", f"{seconds}s", "--output-dir", f"{folder}/out", *LOADS[load], *more]
    try:
        before = process_cpu(proxy.pid) if proxy else 0
        child = measure(command, seconds + 60, env=environment())
        ttft, failed, asked = [], 0, 0
        with open(f"{folder}/out/requests.jsonl") as f:
            for q in map(json.loads, f):
                asked += q["type"] == "request"
                if q["type"] == "request" and not q.get("warmup"):
                    failed += q["outcome"] != "ok"
                    if q["outcome"] == "ok":
                        ttft.append((q["first_token"] - q["sent_first"]) / 1000)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if not ttft:
        raise RuntimeError(f"no answer from {url}: {child.stderr[-300:]}")
    out = {"steal": child.steal, "others": child.others, "n": len(ttft), "failed": failed, "command": " ".join(command)}
    out["proxy_us"] = (process_cpu(proxy.pid) - before) * 1e6 / asked if proxy else None
    return out | {label: quantile(ttft, q) for label, q in (("p50", .5), ("p90", .9), ("p99", .99))}


def compare(weir, rounds, log, seconds=8, with_litellm=True):
    """[{load, through, added p50/p90/p99 of each round as spreads, ...}]"""
    table = []
    with Sim(weir, "--ttft", f"{TTFT_MS}ms", "--itl", f"{ITL_MS}ms", "--prefill", "0us", "--max-seqs", "100000") as sim:
        proxies = {"weir gateway": gateway(weir, sim)}
        try:
            if shutil.which("nginx"):
                proxies["nginx"] = nginx(sim)
            if with_litellm and litellm_program():
                proxies["LiteLLM"] = litellm(sim)
            for load in LOADS:
                def run(name, load=load):
                    p = proxies.get(name)
                    signed = ("--aws-sigv4", "sagemaker") if name == ROUTE else ()
                    r = once(weir, p.url if p else sim.url + (INVOCATIONS if signed else ""), load, seconds, p, signed)
                    log(f"  {load}, {name}: TTFT p50 {r['p50'] / 1000:.3f}, p99 {r['p99'] / 1000:.3f} ms of {r['n']}, {r['failed']} failed; steal {r['steal']:.3f}, "
                        f"others {r['others']:.2f}")
                    return r

                kept, meta = in_turn(rounds, {name: (lambda n=name: run(n)) for name in ("direct", ROUTE, *proxies)})
                table += [row(load, name, kept, meta) for name in kept]
        finally:
            for p in proxies.values():
                p.close()
    return table


def row(load, name, kept, meta):
    results = kept[name]
    out = {"load": load, "through": name, "n": sum(r["n"] for r in results), "failed": sum(r["failed"] for r in results),
           "steal": max(r["steal"] for r in results), "others": max(r["others"] for r in results), "command": results[0]["command"], **meta}
    for q in ("p50", "p90", "p99"):
        out[q] = spread([r[q] for r in results])
        if name not in ("direct", ROUTE):
            out[f"added_{q}"] = spread([r[q] - d[q] for r, d in zip(results, kept[ROUTE if name == "weir gateway" else "direct"])])
    out["proxy_us"] = spread([r["proxy_us"] for r in results])
    return out
