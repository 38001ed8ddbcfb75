"""client_gateway.py - the official Python client through `weir gateway`. usage: client_gateway.py NAME=URL...

sim: the simulator behind it; keyed: the same, with the key "correct"; sick: one whose streams break by an error event; broken:
one whose event streams end with an exception; double: test_gateway_clients.py's own endpoint, which answers as the model's
name says.
"""
import json
import sys
import time
import urllib.request

import openai
from openai.types.chat import ChatCompletion, ChatCompletionChunk

URL = dict(word.split("=", 1) for word in sys.argv[1:])
ASK = {"model": "llama", "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "How deep is it?"}]}


def same(got, wanted, what):
    if got != wanted:
        sys.exit(f"{what}: {got!r}, not {wanted!r}")


def holds(condition, what):
    if not condition:
        sys.exit(what)


def client(name, path="/v1", key="correct", **more):
    return openai.OpenAI(base_url=URL[name] + path, api_key=key, **{"max_retries": 0, **more})


def ask(name, model, **more):
    return client(name, **more.pop("options", {})).chat.completions.create(**{**ASK, "model": model}, **more)


def raises(kind, status, code, what, call):
    try:
        got = call()
        if hasattr(got, "__iter__") and not hasattr(got, "choices"):
            list(got)
    except openai.APIError as e:
        same(type(e), kind, f"{what}: class ({e})")
        if status:
            same(e.status_code, status, f"{what}: status")
        same(e.code, code, f"{what}: code")
        holds(e.message and e.body["message"], f"{what}: a message")
        return e
    sys.exit(f"{what}: no {kind.__name__}")


def the_document(name):
    done = client(name).chat.completions.create(**ASK, max_tokens=7)
    same((done.object, done.model, done.choices[0].finish_reason), ("chat.completion", "llama", "length"), "completion")
    same((done.choices[0].message.role, len(done.choices[0].message.content.split())), ("assistant", 7), "message")
    same((done.usage.completion_tokens, done.usage.prompt_tokens, done.usage.total_tokens), (7, 6, 13), "usage")


def the_stream(name):
    for path in ("/v1", "", "/prod"): # the last is what the stage of a REST API is called
        chunks = list(client(name, path).chat.completions.create(**ASK, max_tokens=5, stream=True,
                                                                 stream_options={"include_usage": True}))
        same(chunks[0].choices[0].delta.role, "assistant", "the first chunk's role")
        texts = [c.choices[0].delta.content for c in chunks if c.choices and c.choices[0].delta.content]
        same((len(texts), len("".join(texts).split())), (5, 5), "chunks and words")
        same([c.choices[0].finish_reason for c in chunks if c.choices][-1], "length", "finish reason")
        same((chunks[-1].choices, chunks[-1].usage.completion_tokens), ([], 5), "the usage chunk")
        same([c.usage for c in chunks[:-1]], [None] * (len(chunks) - 1), "no usage before the last chunk")
        same(len({c.id for c in chunks}), 1, "one id")
    plain = list(client(name).chat.completions.create(**ASK, max_completion_tokens=4, stream=True))
    same([c.usage for c in plain], [None] * len(plain), "no usage unasked")
    same(sum(1 for c in plain if c.choices[0].delta.content), 4, "max_completion_tokens")


def the_headers(name):
    chat = client(name).chat.completions
    with chat.with_streaming_response.create(**ASK, max_tokens=3, stream=True, extra_headers={"x-request-id": "mine-1"}) as raw:
        same(raw.headers.get("x-request-id"), "mine-1", "the request id is kept")
        same(raw.headers.get("x-endpoint"), "twin", "X-Endpoint")
        holds(float(raw.headers["x-ttft-ms"]) > 0, "X-TTFT-MS")
        lines = raw.read().decode().split("\n\n")
        comments = dict(line[2:].split("=") for line in lines if line.startswith(": "))
        same(comments["x-completion-tokens"], "3", "the comment that tells tokens")
        holds(float(comments["x-cost-per-1k-usd"]) > 0, "the comment that tells the cost")
        same(lines[-2:], ["data: [DONE]", ""], "the end of the stream")
    whole = chat.with_raw_response.create(**ASK, max_tokens=3)
    same((whole.headers["x-completion-tokens"], whole.headers["x-prompt-tokens"]), ("3", "6"), "counts in headers")
    rate = float(whole.headers["x-tokens-per-second"])
    holds(abs(float(whole.headers["x-cost-per-1k-usd"]) - 1.21 / (rate * 3600) * 1000) < 1e-5, "cost of the rate")


def post(name, body):
    request = urllib.request.Request(URL[name] + "/v1/chat/completions", json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=30) as r:
        same(r.status, 200, f"{body['model']}: status")
        return r.read()


def strictly(name, model, **more):
    """Each event by OpenAI's own types, whose finish_reason is one of a list; the client itself lets anything pass."""
    events = []
    for line in post(name, {**ASK, "model": model, "stream": True, **more}).splitlines():
        if line.startswith(b"data: ") and line != b"data: [DONE]":
            events.append(ChatCompletionChunk.model_validate_json(line[6:]))
    return events


def the_double():
    """What containers give beside the plain case."""
    for model in ("lmi-lines", "lmi-sse", "chat-eos"):
        events = strictly("double", model)
        same("".join(c.choices[0].delta.content or "" for c in events), "Deep \u00fcber \"water\"\n", f"{model}: text")
        same(events[0].choices[0].delta.role, "assistant", f"{model}: role")
        same([c.choices[0].finish_reason for c in events][-1], "stop", f"{model}: finish reason")
    done = ask("double", "lmi-lines")
    same((done.choices[0].message.content, done.choices[0].finish_reason), ("Deep \u00fcber \"water\"\n", "stop"), "LMI's document")
    ChatCompletion.model_validate_json(post("double", {**ASK, "model": "lmi-lines"}))
    tools = [{"type": "function", "function": {"name": "depth", "parameters": {"type": "object", "properties": {}}}}]
    events = strictly("double", "tools", tools=tools)
    same(events[-1].choices[0].finish_reason, "tool_calls", "tools: finish reason")
    with client("double").chat.completions.stream(**{**ASK, "model": "tools"}, tools=tools) as stream: # puts them together
        call = stream.get_final_completion().choices[0].message.tool_calls[0]
    same((call.function.name, json.loads(call.function.arguments)), ("depth", {"of": "weir"}), "the tool call")
    whole = ask("double", "tools", tools=tools)
    same(whole.choices[0].message.tool_calls[0].function.arguments, '{"of":"weir"}', "the tool call, not streamed")
    # A container that does not stream, for all that it is asked to.
    events = strictly("double", "whole-tools", tools=tools)
    same(events[0].choices[0].delta.tool_calls[0].index, 0, "tools of a document: index")


def the_errors():
    server, bad = openai.InternalServerError, openai.BadRequestError
    key = client("keyed", key="wrong")
    raises(openai.AuthenticationError, 401, "invalid_api_key", "a wrong key", lambda: key.chat.completions.create(**ASK))
    client("keyed").chat.completions.create(**ASK, max_tokens=1)
    raises(openai.NotFoundError, 404, "unknown_url", "no such path", lambda: client("sim").completions.create(model="llama", prompt="a"))
    raises(bad, 400, "upstream_refused", "no messages",
           lambda: client("sim").chat.completions.create(model="llama", messages=[]))
    for stream in (False, True):
        e = raises(bad, 400, "upstream_refused", "the model's own 400", lambda: ask("double", "e-400", stream=stream))
        holds("too long" in e.message and "arn:" not in e.message, f"the container's words: {e.message}")
        raises(openai.UnprocessableEntityError, 422, "upstream_refused", "422", lambda: ask("double", "e-422", stream=stream))
        raises(openai.RateLimitError, 429, "upstream_throttled", "throttled", lambda: ask("double", "throttled", stream=stream))
        raises(server, 503, "model_not_ready", "not ready", lambda: ask("double", "loading", stream=stream))
        raises(server, 502, "model_error", "the model's 500", lambda: ask("double", "e-500", stream=stream))
        raises(server, 502, "upstream_error", "no endpoint", lambda: ask("double", "gone", stream=stream))
        raises(server, 504, "upstream_timeout", "late", lambda: ask("double", "late", stream=stream))
        e = raises(server, 502, "upstream_credentials", "denied", lambda: ask("double", "denied", stream=stream))
        holds("AWS4" not in str(e.body) and "SECRETTOKEN" not in str(e.body) and "arn:" not in str(e.body), f"{e.body}")
        raises(server, 502, "upstream_broken", "nonsense", lambda: ask("double", "nonsense", stream=stream))
    again = ask("double", "throttled-once", options={"max_retries": 2})
    same(again.choices[0].finish_reason, "stop", "after trying again")


def the_broken_streams():
    """An error event in the stream becomes the client's exception; the text before it has been seen."""
    for name, code in (("sick", "model_stream_error"), ("broken", "model_stream_error")):
        seen = []
        try:
            for c in client(name).chat.completions.create(**ASK, max_tokens=20, stream=True):
                seen.append(c)
            sys.exit(f"{name}: an error that the client does not see")
        except openai.APIError as e:
            same(e.code, code, f"{name}: code")
            holds(e.message, f"{name}: message")
    e = raises(openai.APIError, None, "upstream_broken", "cut short", lambda: ask("double", "cut", stream=True))
    holds("cut short" in e.message, e.message)


def the_time(name):
    """The text comes as it is generated: the first word long before the last."""
    began, at = time.monotonic(), []
    for c in client(name).chat.completions.create(**ASK, max_tokens=11, stream=True):
        if c.choices[0].delta.content:
            at.append(time.monotonic() - began)
    holds(at[-1] - at[0] > 0.04, f"a stream of 11 words, 5 ms each, came within {at[-1] - at[0]:.4f} s")


the_document("sim")
the_stream("sim")
the_headers("sim")
the_time("sim")
the_double()
the_errors()
the_broken_streams()
print("openai", openai.__version__)
