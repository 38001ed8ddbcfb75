#!/usr/bin/env python3
"""How long the gateway's Lambda zip takes to start here: from the start of `bootstrap` until the first `next` call and, with an event
that waits for it and an endpoint that answers at once, until the first answer. What Lambda itself does before (machine, unpacking)
is not in it.

usage: bench/lambda_start.py ZIP [TIMES]
"""
import os
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "e2e"))
from gateway_lib import Upstream, body, document, environment  # noqa: E402
from lambda_lib import Runtime, http_api  # noqa: E402

ANSWER = '{"generated_text":"fine"}'


class Timed(Runtime):
    asked = answered = None

    def _answer(self, s, f, method, path, headers):
        if path == "invocation/next":
            self.asked = self.asked or time.monotonic()
        else:
            self.answered = self.answered or time.monotonic()
        super()._answer(s, f, method, path, headers)


def once(bootstrap, url):
    runtime = Timed()
    env = environment(AWS_LAMBDA_RUNTIME_API=runtime.api, WEIR_GATEWAY_UPSTREAM=url)
    begun = time.monotonic()
    with subprocess.Popen([bootstrap], env=env, stdout=subprocess.DEVNULL) as p:
        try:
            runtime.invoke(http_api(body()))
        finally:
            p.kill()
    return (runtime.asked - begun) * 1e3, (runtime.answered - begun) * 1e3


def main():
    times = int(sys.argv[2]) if len(sys.argv) > 2 else 21
    upstream = Upstream(lambda s, head, data: s.sendall(document(200, ANSWER, Content_Type="application/json")))
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(sys.argv[1]) as z:
        for info in z.infolist():
            os.chmod(z.extract(info, folder), info.external_attr >> 16 & 0o777)
        both = [once(os.path.join(folder, "bootstrap"), upstream.url) for _ in range(times)]
    for name, values in zip(("first next call", "first answer"), zip(*both)):
        print(f"{name}: median {statistics.median(values):.1f} ms, {min(values):.1f} to {max(values):.1f}, of {times}")


main()
