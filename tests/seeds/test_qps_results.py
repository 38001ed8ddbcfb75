#!/usr/bin/env python3
"""Seed document 2, the results directory: its files and keys, and the commands that the document runs on them."""
import datetime
import glob
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time

from lib import Sim, check
from qps_lib import LEVEL_KEYS, METADATA_KEYS, PERCENTILES, Run, make_dataset

weir = os.path.abspath(sys.argv[1])


def shell(folder, command, expect=0):
    done = subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, text=True, timeout=60)
    check(done.returncode == expect, f"{command}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def check_files(r, folder):
    check(re.fullmatch(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d(_\d+)?", os.path.basename(r.dir)), r.dir)
    check(sorted(os.listdir(r.dir)) == ["benchmark_qps_results.json", "metadata.json", "weir"], f"{os.listdir(r.dir)}")
    m = r.metadata
    check(list(m)[:len(METADATA_KEYS)] == METADATA_KEYS, f"{list(m)}")
    check(m["model"] == "meta-llama/Llama-3.1-8B-Instruct" and m["dataset"] == "conversations.json", f"{m}")
    check(m["qps_levels"] == [10.0, 20.0] and isinstance(m["qps_levels"][0], float) and m["duration"] == 0.4, f"{m}")
    check(m["max_tokens"] == 512 and m["temperature"] == 0.7 and m["percentiles"] == [50, 95, 99] and m["show_tokens"], f"{m}")
    at = datetime.datetime.strptime(m["timestamp"], "%Y-%m-%dT%H:%M:%S.%f")
    check(abs((datetime.datetime.now() - at).total_seconds()) < 600, f"{m['timestamp']} is no local time of now")
    check(at.strftime("%Y-%m-%d_%H-%M-%S") in r.dir, f"{m['timestamp']} and {r.dir}")
    check(isinstance(r.results, list) and len(r.results) == 2, "an array with a level each")
    for figures in r.results:
        check(list(figures)[:len(LEVEL_KEYS)] == LEVEL_KEYS, f"{list(figures)}")
        for name in ("ttft", "e2e_latency", "tokens_per_sec"):
            check(list(figures[name]) == PERCENTILES, f"{figures[name]}")
        for name in ("qps_target", "actual_qps", "success_rate"):
            check(isinstance(figures[name], float), f"{name} is {figures[name]!r}")
        check(figures["errors"] == {} and figures["cost_analysis"] is None, f"{figures}")
    with open(r.path("benchmark_qps_results.json")) as f:
        text = f.read()
    check(text.startswith('[\n  {\n    "qps_target": 10.0,\n    "actual_qps": '), text[:80])
    for name in ("metadata.json", "benchmark_qps_results.json", "weir/metadata.json", "weir/requests.jsonl"):
        with open(r.path(name)) as f:
            check("sk-xxxx" not in f.read(), f"the key stands in {name}")
    check(f"✅ Results saved to results/{os.path.basename(r.dir)}/benchmark_qps_results.json" in r.stdout, r.stdout)


def check_commands(folder, a, b):
    names = [os.path.relpath(x.dir, folder) for x in (a, b)]
    check(all(os.path.basename(n) in shell(folder, "ls -lt results/") for n in names), "ls")
    check(json.loads(shell(folder, f"cat {names[0]}/metadata.json")) == a.metadata, "cat")
    out = shell(folder, f"diff {names[0]}/benchmark_qps_results.json \\\n     {names[1]}/benchmark_qps_results.json", expect=1)
    changed = [line[1:].strip().rstrip(",") for line in out.split("\n") if line[:1] in "<>" and line]
    keys = {line.split(":")[0].strip('"') for line in changed}
    check(keys <= {"p50", "p90", "p95", "p99", "actual_qps", "completed_qps", "duration", "actual_duration", "verdict"}, f"{keys}")
    check(shell(folder, f"jq -r '.[] | \"\\(.qps_target) \\(.errors | length)\"' {names[0]}/benchmark_qps_results.json") in
          ("10 0\n20 0\n", "10.0 0\n20.0 0\n") if os.path.exists("/usr/bin/jq") else True, "jq")
    shell(folder, f"touch -d '10 days ago' {names[0]}")
    shell(folder, "find results/ -type d -mtime +7 -exec rm -rf {} +")
    check(not os.path.exists(a.dir) and os.path.exists(b.dir), "find removed what is old, and nothing else")
    check("verdict" in subprocess.run([weir, "report", os.path.join(b.dir, "weir")], capture_output=True, text=True).stdout, "weir report")
    shell(folder, f"rm -rf {names[1]}/")
    check(os.listdir(os.path.join(folder, "results")) == [], "rm")


def test_two_at_once(folder, url):
    """Two runs that begin in the same second do not share a folder, nor do names with folders in them leave it."""
    words = [os.path.abspath(weir), "as", "benchmark", "--endpoint", url + "/v1/chat/completions", "--api_key", "k", "--model", "m",
             "--dataset", "conversations.json", "--qps", " 5 , 10", "--duration", "0.4", "--output", "/elsewhere/mine.json"]
    runs = [subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(3)]
    for p in runs:
        out, err = p.communicate(timeout=120)
        check(p.returncode == 0, f"{out}{err}")
    made = os.listdir(os.path.join(folder, "results"))
    check(len(made) == 3, f"{made}")
    for name in made:
        check(os.path.exists(os.path.join(folder, "results", name, "mine.json")), f"{name}: {shlex.join(words)}")


def test_interrupted(folder, url):
    """Ctrl-C in the second level: what was measured until then is written, and marked."""
    words = [weir, "as", "benchmark", "--endpoint", url + "/v1/chat/completions", "--api-key", "k", "--model", "m", "--dataset",
             "conversations.json", "--qps", "50,60,70", "--duration", "1", "--output", "cut.json"]
    p = subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for line in p.stdout:
        if "Running QPS test: 60.0" in line:
            break
    time.sleep(0.3)
    p.send_signal(signal.SIGINT)
    out, err = p.communicate(timeout=120)
    check(p.returncode == 130, f"exit {p.returncode}: {out}{err}")
    dirs = glob.glob(os.path.join(folder, "results", "*", "cut.json"))
    check(len(dirs) == 1, f"{dirs}")
    with open(dirs[0]) as f:
        levels = json.load(f)
    with open(os.path.join(os.path.dirname(dirs[0]), "metadata.json")) as f:
        check(json.load(f)["interrupted"], "not marked")
    check([v["complete"] for v in levels] == [True, False], f"{[v['complete'] for v in levels]}")
    check(levels[0]["total_requests"] == 50 and levels[1]["total_requests"] < 60, f"{levels}")
    check("QPS BENCHMARK RESULTS" in out and "Running QPS test: 70.0" not in out, out)


def main():
    with tempfile.TemporaryDirectory(prefix="weir-qps-") as folder:
        make_dataset(folder)
        with Sim(weir, "--ttft", "5ms", "--itl", "100us", "--jitter", "lognormal:0.1", truth=False) as sim:
            a = Run(weir, folder, sim.url, "--qps", "10,20", "--duration", "0.4")
            b = Run(weir, folder, sim.url, "--qps", "10,20", "--duration", "0.4", "--show-tokens")
            check_files(a, folder)
            check_commands(folder, a, b)
            test_two_at_once(folder, sim.url)
            test_interrupted(folder, sim.url)


main()
