"""What becomes of the records: all of them reach the file while the terminal stands still, and --no-records keeps none but
the same figures."""
import json
import os
import pty
import subprocess
import sys
import termios

from lib import SLOW, Sim, check, report, run, start

WEIR = sys.argv[1]
QUICK = ("--ttft", "0ms", "--itl", "1ms", "--prefill", "0us")


def lines(directory):
    with open(directory + "/requests.jsonl") as f:
        return [json.loads(line) for line in f]


def stopped_terminal(sim):
    """Ctrl-S on the terminal that shows the live line: the run goes on to its end and writes everything."""
    n = 4000
    master, slave = pty.openpty()
    process, directory = start(WEIR, sim.url, "--concurrency", "16", "--num-requests", str(n), "--duration", "none",
                               "--max-tokens", "3", "--json", stderr=slave)
    seen = os.read(master, 4096)
    while b"TTFT p50" not in seen:  # the live line, behind the banner
        seen += os.read(master, 4096)
    termios.tcflow(slave, termios.TCOOFF)
    # Nobody reads, nothing can be written: if the run waited for its terminal, it would never end.
    try:
        stdout, _ = process.communicate(timeout=60 * SLOW)
    except subprocess.TimeoutExpired:
        process.kill()
        check(False, "a stopped terminal stops the run")
    check(process.returncode in (0, 4), f"exit {process.returncode}")
    os.close(slave)
    os.close(master)
    summary = json.loads(stdout)
    check(summary["levels"][0]["requests"]["successful"] == n, f"{summary['levels'][0]['requests']}")
    check(summary["levels"][0]["client"]["lost_records"] == 0, "records were lost")
    written = sum(1 for line in lines(directory) if line["type"] == "request")
    check(written == n, f"{written} records of {n} requests")


def none_kept(sim, total):
    """The same seed with and without: the same plan, figures for all of it, but no line per request."""
    load = ("--rate", "300", "--num-requests", str(total), "--duration", "none", "--max-tokens", "4", "--seed", "5")
    kept = run(WEIR, sim.url, *load)
    bare = run(WEIR, sim.url, *load, "--no-records")
    requests = kept.summary["levels"][0]["requests"]
    check(bare.summary["levels"][0]["requests"]["attempted"] == requests["attempted"] == total, f"{requests}")
    check(bare.summary["levels"][0]["requests"]["failed"] > 0, "the simulator's faults must show")
    for metric in ("ttft", "itl", "e2e", "e2e_response", "queue_wait"):
        d = bare.summary["levels"][0]["latency_ms"][metric]
        check(d and d["n"] > 0 and d["p99"] is not None, f"{metric}: {d}")
    types = [line["type"] for line in lines(bare.dir)]
    check("request" not in types, "a line per request although --no-records")
    check(types[0] == "run" and types[-1] == "level" and "client" in types, f"{types}")
    check(lines(bare.dir)[0]["no_requests"] is True and "no_requests" not in lines(kept.dir)[0], "the first line must tell")
    with open(bare.dir + "/metadata.json") as f:
        check(json.load(f)["records"] is False, "metadata.json must tell")
    with open(bare.dir + "/errors.jsonl") as f:
        errors = [json.loads(line) for line in f]
    check(errors and errors[0]["kind"] == "http_500", "failures are logged all the same")
    done = report(WEIR, bare.dir)
    check(done.returncode == 2 and "--no-records" in done.stderr and "summary.json" in done.stderr, f"{done}")


def main():
    with Sim(WEIR, *QUICK, truth=False) as sim:
        stopped_terminal(sim)
    with Sim(WEIR, *QUICK, "--fault", "http500:0.2", truth=False) as sim:
        none_kept(sim, 300)


main()
