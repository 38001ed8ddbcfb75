"""Prompts of 10 MB: ten times the cost of 1 MB, not a hundred times, and the streams beside them go on as before."""
import json
import os
import resource
import sys
import tempfile

from lib import SANITIZED, Sim, attempts, check, folders, run

WEIR = sys.argv[1]
WORDS = 'the weir\'s "flow" is even\n'  # some of it needs escapes


def dataset(*lengths):
    folder = tempfile.mkdtemp(prefix="weir-run-")
    folders.append(folder)
    path = os.path.join(folder, "prompts.jsonl")
    with open(path, "w") as f:
        for n in lengths:
            text = (WORDS * (n // len(WORDS) + 1))[:n]
            f.write(json.dumps({"messages": [{"role": "user", "content": text}]}) + "\n")
    return path


def cost(sim, path, n, size):
    """Processor time of the client for n such requests."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    r = run(WEIR, sim.url, "--dataset", path, "--concurrency", "1", "--num-requests", str(n), "--duration", "none",
            "--max-tokens", "3", "--no-probe", "--model", "weir-sim")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    check(all(q["outcome"] == "ok" and q["bytes_out"] > size for q in r.requests), "every prompt must arrive whole")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def linear(sim):
    small, large = dataset(1_000_000), dataset(10_000_000)
    for _ in attempts(wanted=1):
        one, ten = cost(sim, small, 20, 1_000_000), cost(sim, large, 20, 10_000_000)
        print(f"20 prompts of 1 MB {one:.2f} s, of 10 MB {ten:.2f} s")
        if SANITIZED or ten < 30 * max(one, 0.03):
            return
    check(False, "the cost of a prompt grows faster than its length")


def beside(sim):
    """Every tenth prompt is large; how late the client was for the tokens of the others is its own doing."""
    path = dataset(5_000_000, *[40] * 9)
    late = []
    for _ in attempts(wanted=3):
        r = run(WEIR, sim.url, "--dataset", path, "--concurrency", "10", "--num-requests", "200", "--duration", "none",
                "--max-tokens", "20")
        check(all(q["outcome"] == "ok" for q in r.requests), "all must succeed")
        check(all(len(q["dt"]) == 20 for q in r.requests), "20 tokens each")
        late.append(r.summary["levels"][0]["client"]["lag_us"]["p99"])
        print(f"client lag p99 {late[-1]:.0f} us beside prompts of 5 MB")
        if SANITIZED or late[-1] < 20_000:
            return
    check(False, f"the client was late: {late}")


def main():
    with Sim(WEIR, "--ttft", "2ms", "--itl", "5ms", "--prefill", "0us", "--max-body", "64M", truth=False) as sim:
        linear(sim)
        beside(sim)


main()
