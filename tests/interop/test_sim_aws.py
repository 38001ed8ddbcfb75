"""botocore's clients of SageMaker and of Bedrock against the simulator: it decodes and checks each frame with its own code."""
import contextlib
import os
import subprocess
import sys

from foreign import last_line, venv
from lib import SLOW, Sim, check

WEIR = sys.argv[1]
HERE = os.path.dirname(os.path.abspath(__file__))
FAULTS = ("slices", "split", "exception", "error_frame", "bad_crc", "error_event")

python = os.path.join(venv("botocore", "botocore"), "python")
env = {k: v for k, v in os.environ.items() if not k.upper().endswith("_PROXY") and not k.startswith("AWS_")}
env.update(AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull, AWS_EC2_METADATA_DISABLED="true")
with contextlib.ExitStack() as stack:
    def sim(*options):
        return stack.enter_context(Sim(WEIR, "--ttft", "2ms", "--itl", "1ms", *options, truth=False)).url
    urls = {"fine": sim(), "throttled": sim("--fault", "http429:1"), **{f: sim("--fault", f + ":1") for f in FAULTS}}
    done = subprocess.run([python, os.path.join(HERE, "client_aws.py"), *(f"{k}={v}" for k, v in urls.items())],
                          capture_output=True, text=True, env=env, timeout=60 * SLOW)
check(done.returncode == 0, f"client_aws.py: exit {done.returncode}\n{done.stdout}{done.stderr}")
print(last_line(done.stdout))
