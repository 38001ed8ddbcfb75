"""Many streams: every one complete, opened before its level, begun one after another, and cheap in memory.

The numbers of streams are those that a loaded machine of two processors bears; sanitizer builds take a tenth of them. What a
verdict says of such a machine is not held here (exit 4 passes).
"""
import resource
import sys
import threading
import time

from lib import SANITIZED, SLOW, Sim, check, run, start

WEIR = sys.argv[1]


def complete(r, streams, tokens):
    q = r.requests
    check(len(q) == streams, f"{len(q)} requests, not {streams}")
    bad = [x["outcome"] for x in q if x["outcome"] != "ok" or len(x["dt"]) != tokens or x["tokens_out"] != tokens]
    check(not bad, f"{len(bad)} of {streams} are not complete: {bad[:5]}")
    return q


def paced_and_spread():
    streams, tokens = (200, 5) if SANITIZED else (2000, 20)
    with Sim(WEIR, "--ttft", "500ms", "--itl", "100ms", "--max-seqs", "100000") as sim:
        r = run(WEIR, sim.url, "--concurrency", str(streams), "--num-requests", str(streams), "--max-tokens", str(tokens),
                "--duration", "none", "--ramp-up", "1s", "--bind", "127.0.0.2,127.0.0.3", "--connect-rate", "2000")
        q = complete(r, streams, tokens)
        truth = sim.truth()
    check(all(len(truth[x["request_id"]]["tokens"]) == tokens for x in q), "the truth differs")
    late = sum(bool(x.get("new_conn")) for x in q)
    check(late == 0, f"{late} connections were opened by requests, not ahead")
    starts = sorted(x["start"] for x in q)
    spread = (starts[-1] - starts[0]) / 1e9
    check(spread > 0.8, f"the first requests began within {spread:.2f} s, not over a second")
    if streams >= 1000:
        check("2 source addresses" in r.stderr, "no plan of ports was told")
    print(f"{streams} streams over two source addresses: complete, begun within {spread:.2f} s")


def tls_sessions():
    n = 40 if SANITIZED else 200
    args = ("--concurrency", "8", "--num-requests", str(n), "--max-tokens", "2", "--duration", "none", "--no-keepalive",
            "--insecure", "--http", "1.1")
    for options, more, wanted in (((), (), True), (("--no-tls-tickets",), (), False), ((), ("--no-tls-resume",), False)):
        with Sim(WEIR, "--tls", "--ttft", "1ms", "--itl", "1ms", "--threads", "2", *options, truth=False) as sim:
            r = run(WEIR, sim.url, *args, *more)
        resumed = sum(bool(x.get("tls_resumed")) for x in complete(r, n, 2))
        counted = r.summary["levels"][0]["client"]["connections_resumed"]
        check(resumed == counted, f"{resumed} requests on resumed sessions, the summary says {counted}")
        check(resumed > n // 2 if wanted else resumed == 0, f"{resumed} of {n} sessions resumed with {options} {more}")
    print("TLS sessions are resumed, and are not where either side does not want it")


def peak(streams, tls):
    """VmHWM of a client with so many streams waiting for their tokens, KiB."""
    with Sim(WEIR, "--ttft", "2s", "--itl", "100ms", "--max-seqs", "100000", *(["--tls"] if tls else []), truth=False) as sim:
        process, _ = start(WEIR, sim.url, "--concurrency", str(streams), "--num-requests", str(streams), "--max-tokens", "10",
                           "--duration", "none", "--quiet", "--http", "1.1", *(["--insecure"] if tls else []))
        seen = [0]

        def watch():
            while process.poll() is None:
                try:
                    with open(f"/proc/{process.pid}/status") as f:
                        seen[0] = max([seen[0]] + [int(line.split()[1]) for line in f if line.startswith("VmHWM")])
                except (FileNotFoundError, ProcessLookupError):
                    pass
                time.sleep(0.05)

        watcher = threading.Thread(target=watch)
        watcher.start()
        _, stderr = process.communicate(timeout=120 * SLOW)
        watcher.join()
        check(process.returncode in (0, 4), f"exit {process.returncode}: {stderr}")
    return seen[0]


def memory():
    for tls, few, many, budget in ((False, 500, 2500, 10), (True, 500, 2000, 40)):
        each = (peak(many, tls) - peak(few, tls)) / (many - few)
        print(f"{'TLS' if tls else 'plain'}: {each:.1f} KiB per stream, budget {budget}")
        check(each <= budget, f"{each:.1f} KiB per stream, budget {budget}")


def ten_thousand():
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 10500:
        print("10,000 streams: not tried, this process may not have 10,500 files")
        return
    with Sim(WEIR, "--ttft", "500ms", "--itl", "100ms", "--prefill", "0us", "--max-seqs", "100000", truth=False) as sim:
        r = run(WEIR, sim.url, "--concurrency", "10000", "--num-requests", "10000", "--max-tokens", "50", "--duration", "none",
                "--prompt", "hi", timeout=200)
    complete(r, 10000, 50)
    level = r.summary["levels"][0]
    print(f"10,000 streams x 50 tokens: complete; busy {level['client']['busy']:.2f}, {level['verdict']['status']} {level['verdict']['reasons']}")


paced_and_spread()
tls_sessions()
if SANITIZED:
    print("sanitizer build: no bounds on memory, and not 10,000 streams")
else:
    memory()
    ten_thousand()
