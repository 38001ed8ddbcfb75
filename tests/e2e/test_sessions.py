"""Conversations turn by turn, against what the simulator saw: the order of turns, what their prompts held, and who thought how long.
The simulator counts a prompt's words and answers with one word a token: so the size of each prompt is a sum of known numbers."""
import json
import os
import signal
import sys
import tempfile
import time

from lib import SANITIZED, Sim, check, clean_env, folders, report, run, start

WEIR = sys.argv[1]

# System prompt, and what the user says; the dataset's own answers must be seen nowhere but with --canned-history.
TALKS = [("be brief please", ["one two three", "four five", "six"]),
         ("", ["a single turn here"]),
         ("you are a poet", ["a b", "c d e f"]),
         ("", ["hello", "what \"is\" that\nand that", "u", "v w", "goodbye now"])]
CANNED = "this answer was canned long ago"


def words(text):
    return len(text.split())


def dataset():
    folder = tempfile.mkdtemp(prefix="weir-talks-")
    folders.append(folder)
    path = os.path.join(folder, "talks.json")
    rows = []
    for system, said in TALKS:
        turns = []
        for text in said:
            turns += [{"role": "user", "content": text}, {"role": "assistant", "content": CANNED}]
        rows.append({"prompt_content": system, "cut_chat_history": turns[:-1]})
    with open(path, "w") as f:
        json.dump(rows, f)
    return path


def sessions(r):
    """Its requests by session, each in the order of its turns, and whether all begin with the first and leave none out."""
    out = {}
    for q in sorted(r.requests, key=lambda q: q["index"]):
        out.setdefault(q.get("session", 0), []).append(q)
    for s, rows in out.items():
        check([q.get("turn", 0) for q in rows] == list(range(len(rows))), f"session {s}: turns out of order")
        check({q["sample"] for q in rows} == {s % len(TALKS)}, f"session {s} is of sample {rows[0]['sample']}")
        check({q["turns"] for q in rows} == {len(TALKS[s % len(TALKS)][1])}, f"session {s}: turns {rows[0]['turns']}")
    return out


def prompts_hold_the_answers(by_session, truth, canned=None):
    for s, rows in by_session.items():
        system, said = TALKS[s % len(TALKS)]
        want = words(system)
        for k, q in enumerate(rows):
            want += words(said[k])
            t = truth[q["request_id"]]
            check(t["prompt_tokens"] == want, f"session {s}, turn {k}: {t['prompt_tokens']} words, not {want}")
            want += words(CANNED) if canned else t["output_tokens"]
            if k:
                last = truth[rows[k - 1]["request_id"]]
                check(t["recv"] >= last["tokens"][-1], f"session {s}: turn {k} came before the answer to the one before")


def report_equals_the_run(r):
    again = report(WEIR, r.dir)
    check(again.stdout == r.stdout, f"weir report differs from the run:\n{again.stdout}\n---\n{r.stdout}")
    check(json.loads(report(WEIR, r.dir, "--json").stdout) == r.summary, "weir report --json differs from summary.json")


def users(path):
    """Closed: two users, a pause of 30 ms; 28 turns are four rounds less one, so the last session is whole."""
    with Sim(WEIR, "--ttft", "5ms", "--itl", "2ms", "--output-tokens", "uniform:3,9") as sim:
        r = run(WEIR, sim.url, "--sessions", "-c", "2", "-n", "21", "-d", "none", "--dataset", path, "--think-time", "30ms",
                "--save-text", "--seed", "4", "--no-probe", "--model", "m", "--workers", "2")
        truth = sim.truth()
    by_session = sessions(r)
    check(len(by_session) == 8 and len(r.requests) == 22, f"{len(by_session)} sessions, {len(r.requests)} requests")
    check(r.summary["levels"][0]["sessions"] == {"begun": 8, "completed": 8, "broken": 0, "left": 0}, "sessions")
    prompts_hold_the_answers(by_session, truth)
    between = 0
    for rows in by_session.values():
        for last, now in zip(rows, rows[1:]):
            check(now["start"] - last["end"] >= 30e6, "a user did not think")
            check(last["answer"] in now["prompt"] and CANNED not in now["prompt"], "the history is not the answer")
            between += any(last["end"] < q["start"] < now["start"] for q in r.requests
                           if q.get("session", 0) != now.get("session", 0))
    check(between > 0, "no session spoke while another one thought")
    at_once = max(sum(q["start"] <= p["start"] < q["end"] for q in r.requests) for p in r.requests)
    check(at_once <= 2, f"{at_once} requests of two users at once")
    report_equals_the_run(r)


def arrivals(path):
    """Partly open: the same sessions at the same instants whatever --workers is, and each turn as long after the answer."""
    plans = []
    for workers in ("1", "2", "8"):
        with Sim(WEIR, "--ttft", "5ms", "--itl", "2ms") as sim:
            r = run(WEIR, sim.url, "--session-rate", "60", "--arrival", "poisson", "-n", "110", "-d", "none", "--dataset", path,
                    "--max-tokens", "4", "--think-time", "lognormal:20ms,0.5", "--seed", "11", "--workers", workers)
            truth = sim.truth()
        by_session = sessions(r)
        check(len(r.requests) == 110 and len(by_session) == 40, f"{len(r.requests)} requests, {len(by_session)} sessions")
        prompts_hold_the_answers(by_session, truth)
        begin = r.lines("level")[0]["begin"]
        pauses = [[b["intended"] - a["end"] for a, b in zip(rows, rows[1:])] for rows in by_session.values()]
        plans.append(([rows[0]["intended"] - begin for rows in by_session.values()], pauses))
        flat = sorted(p for ps in pauses for p in ps)
        check(flat[0] > 0 and 14e6 < flat[len(flat) // 2] < 28e6, f"think times {flat}")  # a median of 20 ms
        check(all(q["start"] >= q["intended"] for q in r.requests), "one began before it was due")
        level = r.summary["levels"][0]
        check(level["load"]["mode"] == "open" and level["load"]["sessions"] and level["load"]["rate"] == 60, f"{level['load']}")
        check(level["latency_ms"]["ttft_response"]["n"] == 110, "later turns have an intended instant too")
        check(level["requests"]["attempted"] == 110 and level["requests"]["unsent"] == 0, f"{level['requests']}")
        report_equals_the_run(r)
    check(plans[0] == plans[1] == plans[2], "instants or think times depend on the number of workers")
    with Sim(WEIR, "--ttft", "5ms", "--itl", "2ms") as sim:
        again = run(WEIR, sim.url, "--replay", r.dir, env=clean_env())
    begin = again.lines("level")[0]["begin"]
    check([rows[0]["intended"] - begin for rows in sessions(again).values()] == plans[0][0], "--replay differs")


def canned(path):
    with Sim(WEIR, "--ttft", "1ms", "--itl", "1ms") as sim:
        r = run(WEIR, sim.url, "--sessions", "--canned-history", "-c", "3", "-n", "22", "-d", "none", "--dataset", path,
                "--max-tokens", "2")
        prompts_hold_the_answers(sessions(r), sim.truth(), canned=True)


def dialects(path):
    """Whatever the body looks like, the words in it are the same."""
    for api in ("openai-responses", "anthropic-messages", "ollama-chat", "sglang"):
        with Sim(WEIR, "--ttft", "1ms", "--itl", "1ms") as sim:
            r = run(WEIR, sim.url, "--api", api, "--model", "m", "--no-probe", "--sessions", "-c", "2", "-n", "11", "-d", "none",
                    "--dataset", path, "--max-tokens", "3")
            check(all(q["outcome"] == "ok" for q in r.requests) and len(r.requests) == 11, f"{api}: {r.stdout}")
            prompts_hold_the_answers(sessions(r), sim.truth())


def broken(path):
    """A turn that fails ends its session; one who goes away too."""
    with Sim(WEIR, "--ttft", "2ms", "--itl", "1ms", "--fault", "http500:0.1", "--seed", "5") as sim:
        r = run(WEIR, sim.url, "--session-rate", "200", "-n", "220", "-d", "none", "--dataset", path, "--max-tokens", "5",
                "--cancel-rate", "10%", "--cancel-after", "2tokens", "--seed", "6", "--no-probe", "--model", "m")
        truth = sim.truth()
    by_session = sessions(r)
    prompts_hold_the_answers(by_session, truth)
    failed = left = whole = 0
    for rows in by_session.values():
        check(all(q["outcome"] == "ok" for q in rows[:-1]), "a session went on after a failure")
        last = rows[-1]
        failed += last["outcome"] == "http_500"
        left += bool(last.get("left"))
        whole += last["outcome"] == "ok"
        check(last["outcome"] != "ok" or len(rows) == last["turns"], "a session ended without a reason")
    check(failed > 2 and left > 2 and whole > 20, f"{failed} {left} {whole}")
    want = {"begun": len(by_session), "completed": whole, "broken": failed, "left": left}
    check(r.summary["levels"][0]["sessions"] == want, f"{r.summary['levels'][0]['sessions']}, by the records {want}")
    report_equals_the_run(r)


def the_end(path):
    """By time: who thinks says nothing more, and the run does not wait for it."""
    for load in (("--session-rate", "50"), ("--sessions", "-c", "8")):
        with Sim(WEIR, "--ttft", "2ms", "--itl", "1ms", truth=False) as sim:
            r = run(WEIR, sim.url, *load, "-d", "1s", "--warmup", "300ms", "--dataset", path, "--max-tokens", "3",
                    "--think-time", "exp:200ms", "--grace", "60s")
        level = r.summary["levels"][0]
        last, = [f for f in r.lines("level") if f["final"]]
        check(abs(last["w1"] - last["w0"] - 1e9) < 1, f"the window is {last['w1'] - last['w0']} ns")
        check(last["w0"] - last["begin"] == 300e6 and level["requests"]["warmup"] > 0, "the warm-up")
        key = "intended" if last["open"] else "start"
        for q in r.requests:
            check(q[key] < last["w1"], "one was due when the level was over")
            check(bool(q.get("warmup")) == (q[key] < last["w0"]), f"warm-up by its instant: {q}")
        cut = sum(rows[-1].get("turn", 0) + 1 < rows[-1]["turns"] for rows in sessions(r).values())
        check(cut > 0 and level["sessions"]["completed"] > 0, f"{cut} were cut by the end, {level['sessions']}")
        check(level["requests"]["failed"] == level["requests"]["unsent"] == 0, f"{level['requests']}")
        if not SANITIZED:
            check(max(q["end"] for q in r.requests) < last["w1"] + 1e9, "it went on")
        report_equals_the_run(r)


def overdue(path):
    """What was due by the end and could not leave in time begins all the same, and is counted."""
    with Sim(WEIR, "--ttft", "0ms", "--prefill", "0us", "--itl", "1us", "--max-seqs", "100000", truth=False) as sim:
        r = run(WEIR, sim.url, "--session-rate", "10000", "--arrival", "constant", "-d", "300ms", "--workers", "1", "--dataset", path,
                "--max-tokens", "1", "--think-time", "10s", "--model", "m", "--no-probe", expect=None)
    begun = sum(q.get("turn", 0) == 0 for q in r.requests)
    check(begun == 3000, f"{begun} sessions of 3000 are in the records")


def stopped(path):
    """Who thinks when the run is stopped says nothing more."""
    with Sim(WEIR, "--ttft", "100ms", "--itl", "1ms", truth=False) as sim:
        process, folder = start(WEIR, sim.url, "--session-rate", "100", "--think-time", "300ms", "-d", "30s", "--dataset", path,
                                "--max-tokens", "2", "--model", "m", "--no-probe")
        time.sleep(1.5)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    with open(os.path.join(folder, "requests.jsonl")) as f:
        rows = [json.loads(line) for line in f]
    end = [q for q in rows if q["type"] == "level"][-1]["w1"]
    late = [q for q in rows if q["type"] == "request" and q.get("start", 0) > end]
    check(end > 0 and len(rows) > 50 and not late, f"{len(late)} of {len(rows)} began after the end")


def pauses_without_sessions():
    for _ in range(5):
        with Sim(WEIR, "--ttft", "2ms", "--itl", "1ms", truth=False) as sim:
            r = run(WEIR, sim.url, "-c", "1", "-n", "20", "-d", "none", "--max-tokens", "2", "--think-time", "uniform:5ms,25ms")
        rows = sorted(r.requests, key=lambda q: q["start"])
        gaps = sorted(b["start"] - a["end"] for a, b in zip(rows, rows[1:]))
        check(gaps[0] >= 5e6 and len({round(g / 1e6) for g in gaps}) > 5, f"think times {gaps}")
        check(r.summary["levels"][0]["load"]["think_time"] == "uniform:5ms,25ms", "not said")
        if SANITIZED or gaps[16] <= 27e6:  # the last two may lie behind a pause of the machine
            return
    check(False, f"think times {gaps}")


talks = dataset()
users(talks)
arrivals(talks)
canned(talks)
dialects(talks)
broken(talks)
the_end(talks)
overdue(talks)
stopped(talks)
pauses_without_sessions()
