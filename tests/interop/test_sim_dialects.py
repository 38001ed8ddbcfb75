"""The official `anthropic` client, and the `openai` client's responses, against the simulator."""
import os
import subprocess
import sys

from foreign import last_line, venv
from lib import SLOW, Sim, check

WEIR = sys.argv[1]
HERE = os.path.dirname(os.path.abspath(__file__))


def client(script, package):
    python = os.path.join(venv(package, package), "python")
    env = {k: v for k, v in os.environ.items() if not k.upper().endswith("_PROXY") and not k.startswith(("OPENAI_", "ANTHROPIC_"))}
    quick = ("--ttft", "5ms", "--itl", "2ms")
    with Sim(WEIR, "--model", "llama", "--api-key", "correct", *quick, truth=False) as sim, \
            Sim(WEIR, "--fault", "error_event:1", *quick, truth=False) as faulty:
        done = subprocess.run([python, os.path.join(HERE, script), sim.url, faulty.url], capture_output=True, text=True, env=env,
                              timeout=60 * SLOW)
    check(done.returncode == 0, f"{script}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    print(last_line(done.stdout))


client("client_responses.py", "openai")
client("client_anthropic.py", "anthropic")
