"""prometheus_client, the library that vLLM, SGLang and others serve /metrics with: weir reads what it writes, in both of its text formats, and
it reads what the simulator writes."""
import json
import os
import subprocess
import sys
import urllib.request

import foreign
from lib import Sim, check, run

WEIR = os.path.abspath(sys.argv[1])
SERVER = r'''
import http.server, sys
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest as text
from prometheus_client.openmetrics.exposition import generate_latest as openmetrics

r = CollectorRegistry()
names = ["model_name", "engine"]
awkward = 'a "quoted" \\ name\nof two lines, {with="braces"} # and \u00fcml\u00e4uts'
running = Gauge("vllm:num_requests_running", "Requests in\nthe batch \\ \"now\".", names, registry=r)
for engine in range(3):
    running.labels(awkward, str(engine)).set(2.5 + engine)
Gauge("vllm:num_requests_waiting", "", names, registry=r).labels(awkward, "0").set(1e3)
Gauge("vllm:kv_cache_usage_perc", "", names, registry=r).labels(awkward, "0").set(0.123456789)
Gauge("never", "", registry=r).set(float("nan"))
Gauge("endless", "", registry=r).set(float("-inf"))
queries = Counter("vllm:prefix_cache_queries", "", names, registry=r).labels(awkward, "0")
hits = Counter("vllm:prefix_cache_hits", "", names, registry=r).labels(awkward, "0")
hits.inc(1e9)
latency = Histogram("vllm:e2e_request_latency_seconds", "", names, registry=r).labels(awkward, "0")

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        queries.inc(100, {"trace_id": "x"})
        hits.inc(25)
        latency.observe(0.3, {"trace_id": "KOO5S4vxi0o"})
        body = openmetrics(r) if self.path == "/openmetrics" else text(r)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass

http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
'''
PARSE = r'''
import json, sys
from prometheus_client.parser import text_string_to_metric_families as parse
print(json.dumps([[f.name, f.type, [[s.name, s.labels, s.value] for s in f.samples]] for f in parse(sys.stdin.read())]))
'''


def weir_reads(python, sim):
    port = foreign.free_ports(1)[0]
    with foreign.Server([python, "-c", SERVER, str(port)], [port], 30):
        for path in ("metrics", "openmetrics"):
            r = run(WEIR, sim.url, "--metrics-url", f"http://127.0.0.1:{port}/{path}", "--metrics-interval", "200ms", "--duration",
                    "1s", "--max-tokens", "4")
            with open(r.path("server_metrics.jsonl")) as f:
                rows = [json.loads(line) for line in f]
            rows = [s for s in rows if s["type"] == "scrape"]
            check(len(rows) >= 4, f"{path}: {len(rows)} scrapes")
            for i, s in enumerate(rows):
                want = {"running": 10.5, "waiting": 1000, "kv_cache_usage": 0.123456789, "prefix_cache_queries": 100 * i,
                        "prefix_cache_hits": 25 * i}
                got = {k: v for k, v in s.items() if k not in ("type", "source", "at", "took")}
                check(got == want, f"{path}: scrape {i}: {got}, not {want}")
            server = r.summary["levels"][0]["server"]
            check(abs(server["prefix_cache_hit_rate"] - 0.25) < 1e-6, f"{path}: {server}")


def it_reads_the_simulator(python, sim):
    text = urllib.request.urlopen(sim.url + "/metrics", timeout=30).read().decode()
    told = subprocess.run([python, "-c", PARSE], input=text, capture_output=True, text=True, timeout=60, check=False)
    check(told.returncode == 0, f"prometheus_client refuses the simulator's text: {told.stderr}")
    families = {name: (kind, samples) for name, kind, samples in json.loads(told.stdout)}
    for name, kind in (("vllm:num_requests_running", "gauge"), ("vllm:kv_cache_usage_perc", "gauge"),
                       ("vllm:prefix_cache_hits", "counter"), ("vllm:num_preemptions", "counter"),
                       ("vllm:time_to_first_token_seconds", "histogram"), ("DCGM_FI_DEV_POWER_USAGE", "gauge")):
        check(name in families and families[name][0] == kind, f"{name}: {families.get(name)}")
    labels = families["vllm:num_requests_running"][1][0][1]
    check(labels["model_name"] == 'a "b" \\', f"labels {labels}")
    check(families["DCGM_FI_DEV_POWER_USAGE"][1][0][2] == 70, "the idle GPU's power")


def main():
    python = os.path.join(foreign.venv("prometheus-client", "prometheus-client"), "python")
    with Sim(WEIR, "--ttft", "1ms", "--itl", "1ms", truth=False) as sim:
        weir_reads(python, sim)
    with Sim(WEIR, "--model", 'a "b" \\', "--prefix-cache", "--gpu-power", "70,400", truth=False) as sim:
        it_reads_the_simulator(python, sim)
    print("prometheus_client reads and is read")


main()
