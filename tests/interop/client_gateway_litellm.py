"""client_gateway_litellm.py - LiteLLM's SDK through `weir gateway`, and its metric lines by the rules of their specification.
usage: client_gateway_litellm.py URL DOUBLE_URL EMF_FILE
"""
import json
import sys

import jsonschema
import litellm

url, double, emf = sys.argv[1:]
ASK = {"messages": [{"role": "user", "content": "How deep is it?"}], "api_key": "none", "num_retries": 0}

# CloudWatch, "Specification: Embedded metric format": what it says of each member. Objects of its own have no others.
UNITS = ["Seconds", "Microseconds", "Milliseconds", "Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes", "Bits", "Kilobits",
         "Megabits", "Gigabits", "Terabits", "Percent", "Count", "Bytes/Second", "Kilobytes/Second", "Megabytes/Second",
         "Gigabytes/Second", "Terabytes/Second", "Bits/Second", "Kilobits/Second", "Megabits/Second", "Gigabits/Second",
         "Terabits/Second", "Count/Second", "None"]


def closed(required, **properties):
    return {"type": "object", "required": required, "properties": properties, "additionalProperties": False}


def text(longest):
    return {"type": "string", "minLength": 1, "maxLength": longest}


def several(items, least, most):
    return {"type": "array", "items": items, "minItems": least, "maxItems": most}


METRIC = closed(["Name"], Name=text(1024), Unit={"enum": UNITS}, StorageResolution={"enum": [1, 60]})
DIRECTIVE = closed(["Namespace", "Dimensions", "Metrics"], Namespace=text(1024), Metrics=several(METRIC, 1, 100),
                   Dimensions=several(several(text(250), 0, 30), 1, 100))
SCHEMA = {"type": "object", "required": ["_aws"], "properties": {
    "_aws": closed(["CloudWatchMetrics", "Timestamp"], Timestamp={"type": "integer", "minimum": 0},
                   CloudWatchMetrics=several(DIRECTIVE, 1, 100))}}


def same(got, wanted, what):
    if got != wanted:
        sys.exit(f"{what}: {got!r}, not {wanted!r}")


def lines():
    with open(emf) as f:
        rows = [json.loads(line) for line in f if line.startswith("{")]
    for row in rows:
        jsonschema.validate(row, SCHEMA)
        for d in row["_aws"]["CloudWatchMetrics"]:
            same(d["Namespace"], "LLM/Serving", "namespace")
            for name in (n for group in d["Dimensions"] for n in group):
                same(isinstance(row[name], str) and 0 < len(row[name]) <= 1024, True, f"the dimension {name}")
            for m in d["Metrics"]: # each target member is there, and a number
                same(type(row[m["Name"]]) in (int, float), True, f"the metric {m['Name']}")
    return rows


rows = lines()
same(len(rows) > 20, True, f"{len(rows)} metric lines")
streamed = [r for r in rows if r["Stream"] and r["Status"] == 200 and "ErrorCode" not in r]
same(all(r["TTFT"] > 0 and r["CompletionTokens"] > 0 and r["CostPer1kTokensUSD"] > 0 for r in streamed) and bool(streamed), True,
     "streams tell their first token's time, their tokens and their cost")

done = litellm.completion(model="openai/m", api_base=url + "/v1", max_tokens=5, **ASK)
same((len(done.choices[0].message.content.split()), done.usage.completion_tokens, done.choices[0].finish_reason), (5, 5, "length"),
     "a document")
chunks = list(litellm.completion(model="openai/m", api_base=url + "/v1", max_tokens=5, stream=True,
                                 stream_options={"include_usage": True}, **ASK))
same(len("".join(c.choices[0].delta.content or "" for c in chunks if c.choices).split()), 5, "a stream")
same([c.usage.completion_tokens for c in chunks if getattr(c, "usage", None)], [5], "its usage")
lmi = list(litellm.completion(model="openai/lmi-lines", api_base=double + "/v1", stream=True, **ASK))
same("".join(c.choices[0].delta.content or "" for c in lmi if c.choices), "Deep \u00fcber \"water\"\n", "LMI's stream")
same([c.choices[0].finish_reason for c in lmi if c.choices][-1], "stop", "LMI's end")
for model, kind in (("throttled", litellm.RateLimitError), ("e-400", litellm.BadRequestError), ("late", litellm.Timeout),
                    ("e-500", litellm.BadGatewayError)):
    try:
        litellm.completion(model="openai/" + model, api_base=double + "/v1", **ASK)
        sys.exit(f"{model}: no exception")
    except Exception as e:  # noqa: BLE001  LiteLLM's classes have no base of their own
        same(type(e), kind, f"{model}: class ({e})")
print(f"LiteLLM; {len(rows)} metric lines by their schema")
