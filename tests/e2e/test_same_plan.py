"""The same seed gives the same instants and prompts for 1, 2 and 8 workers; --replay repeats a stored run's plan."""
import sys

from lib import Sim, check, clean_env, run

WEIR = sys.argv[1]


def plan(r):
    begin = r.lines("level")[0]["begin"]
    rows = sorted(r.requests, key=lambda q: q["index"])
    return [(q["index"], q["intended"] - begin, q["sample"], q["prompt"]) for q in rows]


def main():
    common = ("--rate", "200", "--arrival", "poisson", "--num-requests", "300", "--duration", "none", "--order", "shuffle",
              "--unique-prompts", "--max-tokens", "2", "--save-text")
    with Sim(WEIR, "--ttft", "1ms", "--itl", "1ms", truth=False) as sim:
        runs = [run(WEIR, sim.url, *common, "--seed", "42", "--workers", str(w)) for w in (1, 2, 8)]
        other = run(WEIR, sim.url, *common, "--seed", "43")
        plans = [plan(r) for r in runs]
        check(len(plans[0]) == 300, f"{len(plans[0])} items")
        check(plans[0] == plans[1] == plans[2], "the plan depends on the number of workers")
        check(len({p[3] for p in plans[0]}) == 300, "--unique-prompts: all prompts differ")
        check({q["worker"] for q in runs[2].requests} == set(range(8)), "all workers took part")
        changed = plan(other)
        check(changed != plans[0] and changed[0][1] != plans[0][0][1], "another seed gives another plan")

        again = run(WEIR, sim.url, "--replay", runs[0].dir, env=clean_env())
        check(plan(again) == plans[0], "--replay differs from the stored run")


main()
