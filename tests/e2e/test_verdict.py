"""The verdict speaks up when something is wrong with the client, names it, and holds its tongue when the server is at fault.

Provoked here with whole runs: programs that burn the worker's processor, too few files, and a rate beyond any client. A
healthy run and one that overloads the server are VALID; those two need a machine that is left alone, so the best of several
attempts counts. Thresholds one by one: tests/unit/test_verdict.c.
"""
import json
import os
import resource
import subprocess
import sys
import tempfile

from lib import SANITIZED, SLOW, Sim, check, clean_env, run

WEIR = sys.argv[1]
CORES = sorted(os.sched_getaffinity(0))


def verdict(r):
    level = r.summary["levels"][0]
    print(level["verdict"]["status"], *level["verdict"]["reasons"], sep="\n  - ")
    return level


def says(level, text):
    return any(text in reason for reason in level["verdict"]["reasons"])


class Burners:
    """Programs that never sleep, on one processor. The run there has the least share of it that a user may give."""

    def __init__(self, core, n):
        self.all = [subprocess.Popen([sys.executable, "-c", "while True: pass"], preexec_fn=lambda: os.sched_setaffinity(0, {core}))
                    for _ in range(n)]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for p in self.all:
            p.kill()
            p.wait()


def burnt(core):
    """Three burners and a run of nice 19 on one core; the simulator has the others."""
    with Sim(WEIR, "--ttft", "20ms", "--itl", "5ms", truth=False) as sim, Burners(core, 3):
        words = [WEIR, "run", sim.url, "--rate", "100", "--duration", "3s", "--max-tokens", "8", "--no-probe", "--model", "m", "--quiet",
                 "--json"]

        def lower():
            os.sched_setaffinity(0, {core})
            os.nice(19)

        return run_words(words, lower)


def run_words(words, before):
    """A run whose process is prepared by `before`; its summary's only level."""
    with tempfile.TemporaryDirectory(prefix="weir-run-") as folder:
        done = subprocess.run([os.path.abspath(words[0]), *words[1:], "--output-dir", os.path.join(folder, "out")], preexec_fn=before,
                              capture_output=True, text=True, cwd=folder, env=clean_env(), timeout=120 * SLOW)
        check(done.stdout, f"no summary: exit {done.returncode}, {done.stderr}")
        level = json.loads(done.stdout)["levels"][0]
    print(f"exit {done.returncode}", level["verdict"]["status"], *level["verdict"]["reasons"], sep="\n  - ")
    return done.returncode, level


def main():
    # Something else has the processor.
    code, level = burnt(CORES[-1])
    check(level["verdict"]["status"] != "VALID", "three burners on the worker's core must not pass")
    check(says(level, "send lag p99"), "requests left late")
    check(says(level, "other programs use its cores"), "and the reason is the burners")
    check((code == 4) == (level["verdict"]["status"] == "INVALID"), "exit 4 says INVALID, and nothing else does")

    # Too few files: an open loop without a cap passes the checks beforehand, and 300 streams of 2 s do not fit into 160 files.
    with Sim(WEIR, "--ttft", "2s", "--itl", "1ms", "--max-seqs", "1000", truth=False) as sim:
        words = [WEIR, "run", sim.url, "--rate", "150", "--duration", "2s", "--max-tokens", "2", "--no-probe", "--model", "m", "--quiet",
                 "--workers", "1", "--json"]
        code, level = run_words(words, lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (160, 160)))
    check(level["outcomes"].get("no_files", 0) > 0, f"no files ran out: {level['outcomes']}")
    check(level["client"]["exhausted"] == level["outcomes"]["no_files"], "each is counted")
    check(says(level, f"files ran out {level['outcomes']['no_files']} times: raise `ulimit -n`"), "the reason says how often")
    check(level["verdict"]["status"] == "INVALID" and code == 4, "more than a tenth of the requests")

    # A rate that no single thread carries.
    with Sim(WEIR, "--ttft", "0ms", "--itl", "0ms", "--prefill", "0us", "--max-seqs", "100000", truth=False) as sim:
        r = run(WEIR, sim.url, "--rate", "400000", "--num-requests", "8000", "--duration", "none", "--max-tokens", "1", "--no-stream",
                "--no-probe", "--model", "m", "--workers", "1", "--grace", "5s", expect=None)
    level = verdict(r)
    check(level["verdict"]["status"] == "INVALID" and r.code in (1, 4), f"400,000 requests a second: exit {r.code}")
    check(says(level, "of the asked rate was sent in time"), "the rate was not reached")
    check(says(level, "send lag p99"), "and requests left late")

    if SANITIZED:
        return
    # Healthy, and a server that is overloaded: 4 places, 50 ms + 15 x 10 ms each, give 20 answers a second.
    for kind, sim_options, options, note in (
            ("healthy", [], ["--rate", "40", "--max-tokens", "16"], None),
            ("closed", [], ["--concurrency", "16", "--max-tokens", "16"], "a closed loop"),
            ("overloaded server", ["--max-seqs", "4"], ["--rate", "60", "--max-tokens", "16"], "it was overloaded")):
        for attempt in range(6):
            with Sim(WEIR, *sim_options, truth=False) as sim:
                r = run(WEIR, sim.url, "--duration", "5s", *options, expect=0)
            print(kind, end=": ")
            level = verdict(r)
            if note:
                check(any(note in n for n in level["notes"]), f"{kind}: {level['notes']}")
            check(not any("ran out" in reason or "lost" in reason for reason in level["verdict"]["reasons"]), "nothing was lacking")
            if level["verdict"]["status"] == "VALID":
                break
            busy = [reason for reason in level["verdict"]["reasons"] if "other programs" in reason or "steal" in reason]
            print("another attempt:", "the machine was not left alone" if busy else "no outside cause was seen")
        else:
            check(busy, f"{kind}: never VALID in {attempt + 1} attempts, though nobody took the processor")
            print("the machine is never left alone: not judged")


main()
