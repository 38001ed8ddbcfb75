"""awscurl, "Usage with multiple payloads": the documented folder, made by the documented commands, and a file of lines."""
import collections
import json
import subprocess
import sys

from awscurl import ENDPOINT, JSON, awscurl, folder, holds_together
from lib import Sim, check

weir = sys.argv[1]
MAKE = r"""mkdir prompts
echo '{"inputs":"The new movie that got Oscar this year","parameters":{"max_new_tokens":256, "do_sample":true}}' > prompts/prompt1.txt
echo '{"inputs":"\nwrite a program to add two numbers in python\n","parameters":{"max_new_tokens":256, "do_sample":true}}' > prompts/prompt2.txt
"""


def of_inputs(records):
    return collections.Counter(json.loads(request)["inputs"] for _, _, request, _ in records)


def test_a_folder():
    where = folder()
    subprocess.run(["bash", "-c", MAKE], cwd=where, check=True)
    with Sim(weir, "--ttft", "1ms", "--itl", "20us") as sim:
        r = awscurl(weir, "-c", "10", "-N", "3", "-X", "POST", sim.url + ENDPOINT, "--connect-timeout", "60", "--dataset",
                    "prompts", *JSON, "-P", "-t", "-o", "output.txt", where=where)
        truth = list(sim.truth().values())
    holds_together(r.figures, "folder")
    check(r.figures["totalTokens"] == sum(t["output_tokens"] for t in truth) == 30 * 256, r.stdout)
    records = r.records("output.txt")
    check(of_inputs(records) == {"The new movie that got Oscar this year": 15,
                                 "\nwrite a program to add two numbers in python\n": 15}, f"{of_inputs(records)}")
    with open(r.path("prompts/prompt1.txt")) as f:
        check(f.read() in [request for _, _, request, _ in records], "a file is sent as it is, its line end too")
    # The truth's counts of prompt words: 8 and 9.
    check(collections.Counter(t["prompt_tokens"] for t in truth) == {8: 15, 9: 15}, "what the server read")


def test_a_file():
    """In turn from the first line on, by any number of clients; blank lines are none. POST without being told to."""
    where = folder()
    with open(where + "/lines", "w") as f:
        f.write("".join('{"inputs":"%s"}\n%s' % ("x " * (k + 1), "\n" if k == 1 else "") for k in range(3)))
    with Sim(weir, "--ttft", "1ms", "--itl", "20us", "--output-tokens", "4") as sim:
        r = awscurl(weir, "-N", "4", sim.url + ENDPOINT, "--dataset", "lines", "-o", "out", "-P", "--extra-parameters",
                    '{"max_new_tokens":2,"top_k":25}', where=where)
        truth = list(sim.truth().values())
    sent = [json.loads(request) for _, _, request, _ in r.records("out")]
    check([len(s["inputs"].split()) for s in sent] == [1, 2, 3, 1], f"{sent}")
    check(all(s["parameters"] == {"max_new_tokens": 2, "top_k": 25} for s in sent), f"{sent}")
    check([t["output_tokens"] for t in truth] == [2] * 4 and all(t["method"] == "POST" for t in truth), "what the server made of it")


def test_nothing_is_sent_before_all_is_right():
    where = folder()
    with open(where + "/bad", "w") as f:
        f.write('{"inputs":"a"}\nplain text\n')
    with Sim(weir) as sim:
        url = sim.url + ENDPOINT
        for args, text in ((("--dataset", "nowhere"), "dataset directory not found: nowhere"),
                           (("--dataset", "bad", "--extra-parameters", '{"top_k":1}'), "bad:2: "),
                           (("--dataset", "bad", "--extra-parameters", "[]"), "extra-parameters must be a JsonObject"),
                           (("-d", "@nowhere"), "-d: "), (("-N", "0"), "Invalid number of requests: 0"),
                           (("-c", "x"), "Invalid concurrent clients: x"), (("-j", "a//b"), '-j: "/a//b" is not a path'),
                           (("-o", "nowhere/out"), "-o: cannot write nowhere/out.0"),
                           (("--json-path", "nowhere/f"), "--json-path: cannot write nowhere/f"),
                           (("-H", "X-Y"), "-H: header 1 is not"), (("-X", "PATCH"), "-X PATCH"), (("http://b",), "two URLs")):
            r = awscurl(weir, url, *args, where=where, expect=2)
            check(text in r.stderr and r.stderr.count("\n") == 1, f"{args}: {r.stderr}")
        check(awscurl(weir, "-t", expect=2).stderr == "weir as awscurl: Missing URL in command line.\n", "no URL")
        check(not sim.truth(), "something was sent")


test_a_folder()
test_a_file()
test_nothing_is_sent_before_all_is_right()
