"""Each file in examples/ is sound as it stands (--dry-run), and does what it says against the simulator when it is cut short."""
import glob
import os
import subprocess
import sys

from lib import SANITIZED, Sim, check, clean_env, run

WEIR = os.path.abspath(sys.argv[1])
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SHORT = ("--num-requests", "4", "--warmup", "none", "--cooldown", "0s", "--seed", "3", "--max-errors", "none")


def main():
    files = sorted(glob.glob(os.path.join(ROOT, "examples", "*.yaml")))
    check(len(files) > 9, f"{len(files)} examples")
    data = {name: os.path.join(ROOT, "examples", name) for name in ("trace.jsonl", "questions.jsonl")}
    env = clean_env(TRACE=data["trace.jsonl"], PROMPTS=data["questions.jsonl"])
    env.pop("CI", None)
    with Sim(WEIR, "--ttft", "1ms", "--itl", "1ms", truth=False) as a, Sim(WEIR, "--ttft", "1ms", truth=False) as b:
        for path in files:
            name = os.path.basename(path)
            told = subprocess.run([WEIR, "run", "-f", path, "--dry-run"], capture_output=True, text=True, cwd=ROOT,
                                  env={k: v for k, v in env.items() if k not in ("TRACE", "PROMPTS")}, timeout=60, check=False)
            check(told.returncode == 0 and told.stderr == "", f"{name}: --dry-run: {told.stderr}")
            levels = told.stdout.count("\nLevel ")
            with open(path, encoding="utf-8") as f:  # a burst has no duration, and a ramp begins slowly
                text = f.read()
                cut = SHORT if "rate: inf" in text or "profile:" in text else SHORT + ("--duration", "1s")
            if not any(word in text for word in ("embeddings", "rerank", "api: http")):
                cut += ("--max-tokens", "4")
            r = run(WEIR, "-f", path, *cut, env={**env, "ENDPOINT": a.url, "ENDPOINT_B": b.url}, expect=None)
            check(r.code in (0, 3, 4), f"{name}: exit {r.code}: {r.stderr}")
            s = r.summary
            check(len(s["levels"]) == levels > 0, f"{name}: {len(s['levels'])} levels, told of {levels}")
            ok = sum(x["requests"]["successful"] + x["requests"]["cancelled"] for x in s["levels"])
            failed = sum(x["requests"]["failed"] for x in s["levels"])
            check(ok > 0 and (failed == 0 or SANITIZED), f"{name}: {ok} successful, {failed} failed")
    print(f"{len(files)} examples")


main()
