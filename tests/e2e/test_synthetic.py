"""Synthetic prompts, shared prefixes, mixes of request classes and of models, against what the simulator received."""
import os
import sys

from lib import Sim, check, clean_env, run

WEIR = sys.argv[1]


def rows(r):
    return sorted(r.requests, key=lambda q: q["index"])


def said(q):
    """The words of a kept prompt, without the roles in front of its lines."""
    return [w for line in q["prompt"].splitlines() for w in line.split(": ", 1)[1].split()]


def binomial(count, n, share):
    return abs(count - n * share) < 5 * (n * share * (1 - share)) ** 0.5


def lengths_and_prefixes():
    common = ("-c", "8", "--num-requests", "120", "--isl", "0.5*uniform:10,40+0.5*fixed:200", "--osl", "uniform:1,3",
              "--prefix-tokens", "50", "--prefix-groups", "3", "--seed", "7", "--save-text")
    with Sim(WEIR, "--ttft", "1ms", "--itl", "1ms") as sim:
        runs = [run(WEIR, sim.url, *common, "--workers", str(w)) for w in (1, 2, 8)]
        again = run(WEIR, sim.url, "--replay", runs[0].dir, env=clean_env())
        truth = sim.truth()
    plans = [[(q["index"], q["sample"], q["prompt"]) for q in rows(r)] for r in runs + [again]]
    check(len(plans[0]) == 120, f"{len(plans[0])} requests")
    check(plans[0] == plans[1] == plans[2], "the prompts depend on the number of workers")
    check(plans[0] == plans[3], "--replay sent other prompts")
    prefixes, rest = set(), set()
    for q in rows(runs[0]):
        t, words = truth[q["request_id"]], said(q)
        check(t["prompt_tokens"] == len(words), f"the simulator got {t['prompt_tokens']} words of {len(words)}")
        check(1 <= t["output_tokens"] <= 3, f"{t['output_tokens']} tokens of --osl uniform:1,3")
        check(len(words) == 250 or 60 <= len(words) <= 90, f"a prompt of {len(words)} words")
        prefixes.add(" ".join(words[:50]))
        rest.add(" ".join(words[50:58]))
    check(len(prefixes) == 3, f"{len(prefixes)} prefixes in 3 groups")
    check(len(rest) == 120, "two prompts begin alike behind their prefix")
    check(binomial(sum(len(said(q)) == 250 for q in rows(runs[0])), 120, 0.5), "shares of the mixture")
    notes = " ".join(runs[0].summary["notes"])
    check("words" in notes, f"no note says that lengths are words: {notes}")
    dataset = runs[0].json("metadata.json")["dataset"]
    check(dataset["format"] == "synthetic" and dataset["samples"] == 10000, str(dataset))


def classes_and_models():
    with Sim(WEIR, "--ttft", "1ms", "--itl", "1ms", "--model", "llama3:8b") as sim:
        files = {"chat": "\n".join(f"chat prompt number {i}" for i in range(5)), "code": "write code\n"}
        for name, text in files.items():
            with open(os.path.join(sim.dir, name + ".txt"), "w") as f:
                f.write(text)
        r = run(WEIR, sim.url, "-c", "8", "--num-requests", "400", "--mix", f"chat=3:{sim.dir}/chat.txt", "--mix",
                f"code=1:{sim.dir}/code.txt", "--mix", "long=1:synthetic:30/2", "--max-tokens", "2", "--seed", "5",
                "--model-mix", "llama3:8b=3,other=1", "--save-text", "--no-probe", expect=None)
        truth = sim.truth()
    got = rows(r)
    check(len(got) == 400, f"{len(got)} requests")
    for q in got:
        # The simulator serves one model and answers 404 to all others: so it tells what was asked for.
        served = truth[q["request_id"]]["status"] == 200
        check(served == (q["model"] == "llama3:8b"), f"{q['model']} had status {truth[q['request_id']]['status']}")
        words = said(q)
        check(q["class"] == ("chat" if words[0] == "chat" else "code" if words == ["write", "code"] else "long"),
              f"{q['class']}: {q['prompt']}")
        check(q["class"] != "long" or len(words) == 30, f"{len(words)} words of synthetic:30")
    for key, name, share in (("class", "chat", 0.6), ("class", "code", 0.2), ("model", "other", 0.25)):
        n = sum(q[key] == name for q in got)
        check(binomial(n, 400, share), f"{n} of 400 have {key} {name}, share {share}")
    meta = r.json("metadata.json")
    check(meta["models"] == ["llama3:8b", "other"] and meta["dataset"]["classes"] == 3, str(meta["dataset"]))


def one_of_each_is_not_stored():
    with Sim(WEIR, "--ttft", "1ms", "--itl", "1ms", truth=False) as sim:
        r = run(WEIR, sim.url, "-n", "4", "--isl", "5", "--max-tokens", "2", "--model", "m")
    check(all("class" not in q and "model" not in q for q in r.requests), "the one class or model of a run is stored")


def main():
    lengths_and_prefixes()
    classes_and_models()
    one_of_each_is_not_stored()


main()
