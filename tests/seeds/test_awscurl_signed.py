"""awscurl -n SERVICE: requests are signed with the credentials of the environment or of -p, for the region of -r or the
environment; the simulator checks each signature by code of its own."""
import os
import subprocess
import sys

from awscurl import ENDPOINT, JSON, OSCAR, awscurl, folder
from lib import Sim, check

weir = sys.argv[1]
KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
KEYS = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
NOWHERE = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent", "AWS_CONFIG_FILE": "/nonexistent"}


def command(sim, *more):
    return ("-c", "3", "-N", "4", "-X", "POST", "-n", "sagemaker", sim.url + ENDPOINT, "--connect-timeout", "60", "-d", OSCAR,
            *JSON, "-P", "-t", *more)


def test_the_environments_keys():
    with Sim(weir, "--ttft", "1ms", "--itl", "10us", "--sigv4", f"{KEY}:{SECRET}") as sim:
        r = awscurl(weir, *command(sim, "-r", "eu-west-1"), **KEYS, **NOWHERE)
        check((r.figures["totalRequests"], r.figures["failedRequests"]) == (12, 0), r.stdout + r.stderr)
        r = awscurl(weir, *command(sim), **KEYS, **NOWHERE, AWS_REGION="us-east-1")
        check(r.figures["failedRequests"] == 0, r.stdout + r.stderr)
        r = awscurl(weir, *command(sim, "-r", "eu-west-1"), **NOWHERE, AWS_ACCESS_KEY_ID=KEY, AWS_SECRET_ACCESS_KEY="wrong", expect=1)
        check(r.figures["failedRequests"] == 12 and "HTTP error (HTTP/1.1 403 Forbidden)" in r.stderr, r.stderr)
        r = awscurl(weir, "-i", "-n", "sagemaker", "-r", "eu-west-1", sim.url + ENDPOINT, "-d", OSCAR, *JSON, **KEYS, **NOWHERE)
        check("< HTTP/1.1 200 OK" in r.stdout and "> Authorization: " in r.stdout, r.stdout)
        check(SECRET not in r.stdout and "Signature=" not in r.stdout, "a signature is shown")
        truth = len(sim.truth())
    check(truth == 37, f"{truth} requests")


def test_a_profile():
    where = folder()
    with open(os.path.join(where, "credentials"), "w") as f:
        f.write(f"[bench]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n")
    files = {"AWS_SHARED_CREDENTIALS_FILE": os.path.join(where, "credentials"), "AWS_CONFIG_FILE": "/nonexistent",
             "AWS_EC2_METADATA_DISABLED": "true", "AWS_ACCESS_KEY_ID": "OTHER", "AWS_SECRET_ACCESS_KEY": "other"}
    with Sim(weir, "--ttft", "1ms", "--itl", "10us", "--sigv4", f"{KEY}:{SECRET}") as sim:
        r = awscurl(weir, *command(sim, "-r", "eu-west-1", "-p", "bench"), **files)
        check(r.figures["failedRequests"] == 0, r.stdout + r.stderr)


def test_what_is_missing_is_named():
    with Sim(weir, "--sigv4", f"{KEY}:{SECRET}") as sim:
        r = awscurl(weir, *command(sim, "-r", "eu-west-1"), **NOWHERE, expect=None)
        check(r.code in (1, 2) and "credentials" in r.stderr.lower(), r.stderr)
        r = awscurl(weir, *command(sim), **KEYS, **NOWHERE, expect=None)
        check(r.code in (1, 2) and "region" in r.stderr.lower(), r.stderr)
        check(not sim.truth(), "something was sent")


test_the_environments_keys()
test_a_profile()
test_what_is_missing_is_named()
