"""awscurl's tokens: by TOKENIZER, or words without, of whole texts whatever the Content-Type; held against Python's own count of
the answers that -o wrote, and the simulator's truth."""
import json
import re
import sys

from awscurl import ENDPOINT, JSON, awscurl, folder
from lib import Sim, check

weir = sys.argv[1]
where = folder()
MODEL = ("--ttft", "1ms", "--itl", "50us", "--seed", "5", "--output-tokens", "uniform:20,60")


def tokenizer(name, pre):
    path = where + "/" + name
    with open(path, "w") as f:
        json.dump({"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
                   "pre_tokenizer": pre, "post_processor": None, "decoder": None,
                   "model": {"type": "WordLevel", "vocab": {"[UNK]": 0, "weir": 1}, "unk_token": "[UNK]"}}, f)
    return path


# Each vowel is a token of its own, and so is what stands between them.
VOWELS = tokenizer("vowels.json", {"type": "Sequence", "pretokenizers": [
    {"type": "WhitespaceSplit"}, {"type": "Split", "pattern": {"Regex": "[aeiou]"}, "behavior": "Isolated", "invert": False}]})


def vowels(text):
    return sum(len([piece for piece in re.split("([aeiou])", word) if piece]) for word in text.split())


def text_of(answer):
    pieces = [json.loads(line) for line in answer.splitlines()]
    return pieces[0]["generated_text"] if "token" not in pieces[0] else "".join(p["token"]["text"] for p in pieces)


def test_with_and_without():
    for stream in (False, True):
        body = json.dumps({"inputs": "one two three", "stream": stream})
        for path in ("/invocations", "/sse/invocations") if stream else ("/invocations",):
            with Sim(weir, *MODEL) as sim:
                args = ("-c", "3", "-N", "5", sim.url + path, "-d", body, *JSON, "-P", "-t", "-o", "out")
                by_words, by_tokens = awscurl(weir, *args), awscurl(weir, *args, TOKENIZER=VOWELS)
                runs = [by_words, by_tokens]
                if not stream:
                    runs += [awscurl(weir, *args, TOKENIZER=VOWELS, EXCLUDE_INPUT_TOKEN="1"),
                             awscurl(weir, *args, TOKENIZER=VOWELS, MAX_LENGTH="7")]
                truth = sum(t["output_tokens"] for t in sim.truth().values())
            texts = [[text_of(a) for *_, a in r.records("out")] for r in runs]
            check(sum(len(t.split()) for each in texts for t in each) == truth, "the answers are the server's")
            f = [r.figures for r in runs]
            check(f[0]["totalTokens"] == sum(len(t.split()) for t in texts[0]) and f[0]["tokenSource"] == "words", f"{f[0]}")
            check(f[1]["totalTokens"] == sum(vowels(t) for t in texts[1]) and f[1]["tokenizer"] == VOWELS, f"{f[1]}")
            check(f[1]["tokenSource"] == "tokenizer", f"{f[1]}")
            if stream:
                continue
            given = vowels("one two three")
            check(f[2]["totalTokens"] == sum(vowels(t) - given for t in texts[2]), f"EXCLUDE_INPUT_TOKEN: {f[2]}")
            check(f[3]["totalTokens"] == 7 * 15, f"MAX_LENGTH: {f[3]}")


def test_where_the_text_stands():
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hello"}], "stream": False})
    stream = body.replace("false", "true")
    for what, path in ((body, "choices/message/content"), (body, "$.choices[0].message.content"),
                       (stream, "choices/delta/content"), (stream, "$.choices[*].delta.content")):
        with Sim(weir, *MODEL) as sim:
            r = awscurl(weir, "-N", "6", sim.url + "/v1/chat/completions", "-d", what, *JSON, "-P", "-t", "-j", path)
            check(r.figures["totalTokens"] == sum(t["output_tokens"] for t in sim.truth().values()) > 0, f"{path}: {r.stdout}")
    with Sim(weir, *MODEL) as sim:
        r = awscurl(weir, "-N", "2", sim.url + "/v1/chat/completions", "-d", body, *JSON, "-P", "-t")
    check(r.figures["totalTokens"] == 0 and "Warning: No token found, did you forget specify -jq" in r.stderr, r.stderr)


def test_a_tokenizer_that_is_none():
    with Sim(weir) as sim:
        r = awscurl(weir, "-t", "-N", "2", sim.url + ENDPOINT, "-d", "{}", TOKENIZER=where + "/nowhere", expect=2)
        check("Invalid tokenizer: " in r.stderr and "please unset TOKENIZER" in r.stderr, r.stderr)
        check(not sim.truth(), "something was sent")


test_with_and_without()
test_where_the_text_stands()
test_a_tokenizer_that_is_none()
