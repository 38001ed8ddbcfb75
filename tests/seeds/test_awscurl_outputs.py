"""awscurl's outputs: text and -P, --json-path, the files of -o, and what plain curl prints."""
import json
import re
import sys

from awscurl import JSON, awscurl
from lib import Sim, check

weir = sys.argv[1]
BODY = '{"inputs":"a b","parameters":{"max_new_tokens":8}}'
FIRST = ["Total time: #.## ms.", "Non 200 responses: #, error rate: #.##", "Concurrent clients: #", "Total requests: #",
         "TPS: #.##/s", "Average Latency: #.## ms.", "P50: #.## ms.", "P90: #.## ms.", "P99: #.## ms."]
WORDS = ["Total word: #", "Average Word Latency: #.## ms.", "word/req: #", "word/s: #.##/s"]
LAST = ["Time to first byte: #.## ms.", "TTFB_P50: #.## ms.", "TTFB_P90: #.## ms.", "TTFB_P99: #.## ms."]


def form(text):
    return [re.sub(r"(?<![A-Z_\d])\d+(?=\b)", "#", line).replace(".#", ".##") for line in text.splitlines()]


def test_text(url):
    args = ("-c", "2", "-N", "3", url, "-d", BODY, *JSON)
    r = awscurl(weir, *args)
    got = form(r.stdout.replace("Non 200", "Non_"))
    check(got == [line.replace("Non 200", "Non_") for line in FIRST + LAST], r.stdout)
    r = awscurl(weir, *args, "-t")
    got = form(r.stdout.replace("Non 200", "Non_"))
    check(got == [line.replace("Non 200", "Non_") for line in FIRST + WORDS + LAST], r.stdout)
    check("Total word: 48\n" in r.stdout and "word/req: 8\n" in r.stdout, r.stdout)


def test_json(url):
    r = awscurl(weir, "-c", "2", "-N", "3", url, "-d", BODY, *JSON, "-t", "--json-path", "figures.json")
    check(r.stdout == "", r.stdout)
    with open(r.path("figures.json")) as f:
        text = f.read()
    check(json.loads(text)["totalTokens"] == 48 and text.startswith('{\n  "totalTimeMills": '), text)
    printed = awscurl(weir, "-c", "2", "-N", "3", url, "-d", BODY, *JSON, "-P").stdout
    check(list(json.loads(printed))[:4] == ["totalTimeMills", "totalRequests", "failedRequests", "errorRate"], printed)


def test_files(url):
    r = awscurl(weir, "-c", "3", "-N", "4", url, "-d", BODY, *JSON, "-o", "out")
    first = len(r.records("out"))
    again = awscurl(weir, "-c", "3", "-N", "4", url, "-d", BODY, *JSON, "-o", "out", where=r.folder)
    check(first == len(again.records("out")) == 12, "files are begun anew")
    r = awscurl(weir, "-N", "2", url.replace("/invocations", "/nothing"), "-d", BODY, *JSON, "-o", "out", expect=1)
    check(all('"code":"not_found"' in answer for *_, answer in r.records("out")), "what failed is written too")


def test_plain_curl(url):
    r = awscurl(weir, url, "-d", BODY, *JSON)
    check(list(json.loads(r.stdout)) == ["generated_text", "details"] and r.stderr == "", r.stdout)
    r = awscurl(weir, "-i", url, "-d", BODY, "-H", "X-Mine: yes", *JSON)
    lines = r.stdout.splitlines()
    check(lines[0] == "> POST /invocations HTTP/1.1" and "> User-Agent: awscurl/1.0.0" in lines and "> Accept: */*" in lines, r.stdout)
    check("> X-Mine: yes" in lines and "< HTTP/1.1 200 OK" in lines and "< Content-Type: application/json" in lines, r.stdout)
    check(json.loads(lines[-1])["details"]["generated_tokens"] == 8, r.stdout)
    check(awscurl(weir, "-v", url, "-d", BODY, *JSON).stdout.startswith("> POST"), "-v")
    r = awscurl(weir, url.replace("/invocations", "/nothing"), expect=1)
    check(json.loads(r.stdout)["error"]["code"] == "not_found", r.stdout)
    r = awscurl(weir, "-k", "http://127.0.0.1:1/x", expect=1)
    check(r.stdout == "" and r.stderr.startswith("refused"), r.stderr)
    r = awscurl(weir, url, "-d", BODY, *JSON, "-P", "-t")
    body, figures = r.stdout.split("}{", 1) if "}{" in r.stdout else r.stdout.split("\n{", 1)
    check(json.loads("{" + figures)["totalRequests"] == 1, r.stdout)


with Sim(weir, "--ttft", "2ms", "--itl", "100us", truth=False) as simulator:
    target = simulator.url + "/invocations"
    test_text(target)
    test_json(target)
    test_files(target)
    test_plain_curl(target)
