"""`weir gateway` in front of the simulator's SageMaker routes, which take only what is signed: streams that truly stream, the figures
that are told with them and behind them, all three paths, both versions of HTTP, TLS, keys, and what is counted of it."""
import json
import os
import re
import subprocess
import sys
import tempfile
import time

from gateway_lib import (Gateway, ask, ask_raw, body, connect, environment, error_of, events, eventually, sagemaker,
                         text_of)
from lib import SANITIZED, SLOW, Sim, check, run

WEIR = sys.argv[1]
FIGURES = {"x-completion-tokens", "x-prompt-tokens", "x-tokens-per-second", "x-cost-per-1k-usd"}


def words_of(sim, n, **more):
    """The text that the simulator gives to whom it is asked by directly."""
    r = ask(sim.url, "POST", "/v1/chat/completions", body(tokens=n, **more))
    return json.loads(r.text)["choices"][0]["message"]["content"]


def test_stream():
    with sagemaker(WEIR, "--ttft", "20ms", "--itl", "30ms") as s:
        with Gateway(WEIR, s.url, "--instance-hourly-usd", "1.21") as g:
            began = time.monotonic()
            a = ask_raw(g.url, body(True, tokens=10, stream_options={"include_usage": True}))
            ended = time.monotonic()
            data, comments = events(a.text)
            check(a.status == 200 and a.whole, f"{a.status}")
            check(a.headers["content-type"].startswith("text/event-stream"), a.headers["content-type"])
            check(a.headers["cache-control"] == "no-cache" and a.headers["x-endpoint"] == "demo", f"{a.headers}")
            check(data[-1] == "[DONE]" and a.text.endswith("data: [DONE]\n\n"), f"the end: {a.text[-200:]!r}")
            chunks = data[:-1]
            check(all(c["object"] == "chat.completion.chunk" for c in chunks), "not all are chunks")
            check(chunks[0]["choices"][0]["delta"]["role"] == "assistant", f"{chunks[0]}")
            check(len(text_of(chunks).split()) == 10, f"not ten words: {text_of(chunks)!r}")
            check(chunks[-2]["choices"][0]["finish_reason"] == "length", f"{chunks[-2]}")
            check(chunks[-1]["usage"] == {"prompt_tokens": 2, "completion_tokens": 10, "total_tokens": 12}, f"{chunks[-1]}")
            # Ten words in steps of 30 ms came in pieces of their own, not all at the end.
            with_text = [t for t, p in a.pieces if '"content":"' in p and '"content":""}' not in p]
            check(len(with_text) >= (3 if SANITIZED else 8), f"{len(with_text)} pieces with text")
            if not SANITIZED:
                check(with_text[0] - began < 0.15 and with_text[-1] - with_text[0] > 0.2, "the text came at once")
            # With the first text the time to it, and nothing that is known only at the end.
            ttft = float(a.headers["x-ttft-ms"])
            check(20 <= ttft <= (a.head_at - began) * 1000, f"x-ttft-ms {ttft}, the head came after {a.head_at - began} s")
            check(not FIGURES & set(a.headers), f"{a.headers}")
            check({n.strip().lower() for n in a.headers["trailer"].split(",")} == FIGURES, a.headers["trailer"])
            # Behind it the rest, in trailers and comments alike.
            check(set(a.trailers) == FIGURES, f"trailers: {a.trailers}")
            check(comments == [f"{k}={v}" for k, v in a.trailers.items()], f"{comments} against {a.trailers}")
            check((a.trailers["x-completion-tokens"], a.trailers["x-prompt-tokens"]) == ("10", "2"), f"{a.trailers}")
            rate = float(a.trailers["x-tokens-per-second"])
            check(10 / (ended - began) <= rate <= 10 / 0.29, f"{rate} tokens/s")
            cost = float(a.trailers["x-cost-per-1k-usd"])
            check(abs(cost - 1.21 / (rate * 3600) * 1000) < 2e-5 * (1 + cost * 100), f"cost {cost} at {rate} tokens/s")


def test_texts_are_the_simulators():
    """The same seed and the same number of the request give the same words, whoever stands between."""
    with Sim(WEIR, "--ttft", "2ms", "--itl", "1ms", "--seed", "7") as direct:
        wanted = [words_of(direct, 30) for _ in range(4)]
    with Sim(WEIR, "--ttft", "2ms", "--itl", "1ms", "--seed", "7") as s:
        with Gateway(WEIR, s.url, "--no-sigv4") as g:
            for i, path in enumerate(("/v1/chat/completions", "/chat/completions", "/prod/chat/completions")):
                data, _ = events(ask_raw(g.url, body(True, tokens=30), path).text)
                check(text_of(data) == wanted[i], f"{path}: {text_of(data)!r}, not {wanted[i]!r}")
            whole = json.loads(ask(g.url, data=body(tokens=30)).text)
            check(whole["choices"][0]["message"]["content"] == wanted[3], "not streamed: another text")


def test_whole():
    with sagemaker(WEIR) as s:
        with Gateway(WEIR, s.url, "--instance-hourly-usd", "1.21") as g:
            c = connect(g.url)
            for i in range(3):  # on one connection
                a = ask(g.url, data=body(tokens=8), connection=c, x_request_id=f"my-{i}")
                check(a.status == 200 and a.headers["content-type"] == "application/json", f"{a.status} {a.headers}")
                check(FIGURES <= set(a.headers) and a.headers["x-endpoint"] == "demo", f"{a.headers}")
                check("x-ttft-ms" not in a.headers, "a time to the first token of what is no stream")
                check(a.headers["x-request-id"] == f"my-{i}", f"{a.headers}")
                whole = json.loads(a.text)
                check(whole["object"] == "chat.completion" and whole["usage"]["completion_tokens"] == 8, a.text)
                check((a.headers["x-completion-tokens"], a.headers["x-prompt-tokens"]) == ("8", "2"), f"{a.headers}")
            check(re.fullmatch(r"req-[0-9a-f]{16}", ask(g.url, data=body(), x_request_id="a b").headers["x-request-id"]),
                  "an id with a blank is not taken over")
            c.close()
        truth = s.truth().values()
        check(len(truth) == 4 and all(t["path"] == "/endpoints/*/invocations" for t in truth), f"{list(truth)[:1]}")


def test_without_a_price():
    with sagemaker(WEIR) as s, Gateway(WEIR, s.url) as g:
        a = ask(g.url, data=body())
        check("x-cost-per-1k-usd" not in a.headers and "x-tokens-per-second" in a.headers, f"{a.headers}")


def test_schemas_of_lmi():
    """A container itself, at its own route, with LMI's schema: JSON lines, and Server-Sent Events."""
    with Sim(WEIR, "--ttft", "2ms", "--itl", "1ms") as s:
        for path in ("/invocations", "/sse/invocations"):
            with Gateway(WEIR, s.url + path, "--no-sigv4") as g:
                a = ask_raw(g.url, json.dumps({"inputs": "say something", "parameters": {"max_new_tokens": 6}, "stream": True}))
                data, _ = events(a.text)
                check(a.status == 200 and data[-1] == "[DONE]", f"{path}: {a.status} {a.text[:300]}")
                check(len(text_of(data).split()) == 6, f"{path}: {text_of(data)!r}")
                check(a.trailers["x-completion-tokens"] == "6", f"{path}: {a.trailers}")
                a = ask(g.url, data=json.dumps({"inputs": "say something", "parameters": {"max_new_tokens": 6}}))
                whole = json.loads(a.text)
                check(whole["object"] == "chat.completion", a.text)
                check(len(whole["choices"][0]["message"]["content"].split()) == 6, f"{path}: {a.text}")


def test_other_versions_of_http():
    with sagemaker(WEIR) as s:
        with Gateway(WEIR, s.url) as g:
            a = ask_raw(g.url, body(True), version="1.0")
            data, comments = events(a.text)
            check("transfer-encoding" not in a.headers and a.headers["connection"] == "close", f"HTTP/1.0: {a.headers}")
            check(data[-1] == "[DONE]" and any(c.startswith("x-completion-tokens=8") for c in comments), "HTTP/1.0: its end")
            check(ask_raw(g.url, body(), version="1.0").headers["content-length"], "HTTP/1.0: no length")
            a = ask(g.url, "HEAD", "/health", None)
            check((a.status, a.text, a.headers["content-length"]) == (200, "", "15"), f"HEAD: {a.status} {a.headers}")
            # weir itself, over HTTP/2 by prior knowledge: many streams on few connections
            r = run(WEIR, g.url, "--prompt", "say", "--max-tokens", "6", "--concurrency", "16", "--num-requests", "200", "--http",
                    "h2c")
            check(all(q["outcome"] == "ok" and q["tokens_out"] == 6 for q in r.requests), "HTTP/2: not all went well")
            check(all(q.get("http2") for q in r.requests), "not HTTP/2")
        for http in ("1.1", "2"):
            with Gateway(WEIR, s.url, "--tls", "--threads", "2") as g:
                r = run(WEIR, g.url, "-k", "--prompt", "say", "--max-tokens", "6", "--concurrency", "8", "--num-requests", "60",
                        "--http", http)
                check(all(q["outcome"] == "ok" and q["tokens_out"] == 6 for q in r.requests), f"TLS, {http}: not all well")


def test_unix_socket_and_upstream_tls():
    directory = tempfile.mkdtemp(prefix="weir-gw-")
    path, pem = os.path.join(directory, "gw.sock"), os.path.join(directory, "sim.pem")
    with sagemaker(WEIR, "--tls", "--write-cert", pem) as s:
        with Gateway(WEIR, s.url, "--cacert", pem, "--listen", f"unix:{path}") as g:
            check(g.url == f"unix:{path}", g.url)
            r = run(WEIR, "http://gateway/", "--unix-socket", path, "--prompt", "say", "--max-tokens", "4", "--num-requests", "20",
                    "--concurrency", "2")
            check(all(q["outcome"] == "ok" for q in r.requests), "by the unix socket: not all went well")
        check(not os.path.exists(path), "the socket's file is left")
        with Gateway(WEIR, s.url) as g:  # whose certificate nobody has signed
            error_of(ask(g.url, data=body()), 502)
    os.rmdir(directory) if not os.listdir(directory) else subprocess.run(["rm", "-r", directory])


def test_keys():
    with sagemaker(WEIR) as s, tempfile.NamedTemporaryFile("w", suffix=".txt") as f:
        f.write("# two of them\nfirst-key\nsecond-key\n")
        f.flush()
        with Gateway(WEIR, s.url, "--api-key-file", f.name) as g:
            check(ask(g.url, data=body(), Authorization="Bearer first-key").status == 200, "the first key")
            check(ask(g.url, data=body(), X_Api_Key="second-key").status == 200, "the second key")
            check(ask(g.url, "GET", "/health", None).status == 200, "/health asks for a key")
            for headers in ({}, {"Authorization": "Bearer first-ke"}, {"X_Api_Key": "first-key2"}, {"Authorization": "first-key"}):
                a = ask(g.url, data=body(), **headers)
                error_of(a, 401)
                check(a.headers["www-authenticate"] == "Bearer", f"{a.headers}")
            error_of(ask(g.url, "GET", "/metrics", None), 401)
            m = g.metrics(Authorization="Bearer first-key")
            check(sum(v for k, v in m.items() if 'status="401"' in k) == 5, f"{m}")
        check(len(s.truth()) == 2, "who has no key was let through")
        check(len(g.emf()) == 2, "who has no key is in the metrics")


# CloudWatch's "Embedded metric format specification": its JSON schema, by hand.
UNITS = {"Seconds", "Microseconds", "Milliseconds", "Bytes", "Kilobytes", "Percent", "Count", "Count/Second", "None"}


def check_emf(line):
    check(set(line["_aws"]) <= {"Timestamp", "CloudWatchMetrics", "LogGroupName"}, f"{line['_aws']}")
    stamp = line["_aws"]["Timestamp"]
    check(isinstance(stamp, int) and abs(stamp / 1000 - time.time()) < 600, f"the timestamp: {stamp}")
    for directive in line["_aws"]["CloudWatchMetrics"]:
        check(set(directive) == {"Namespace", "Dimensions", "Metrics"}, f"{directive}")
        check(directive["Namespace"] == "LLM/Serving" and directive["Dimensions"] == [["EndpointName"]], f"{directive}")
        check(1 <= len(directive["Metrics"]) <= 100, "the number of metrics")
        for m in directive["Metrics"]:
            check(set(m) <= {"Name", "Unit", "StorageResolution"} and 1 <= len(m["Name"]) <= 1024, f"{m}")
            check(m["Unit"] in UNITS, f"{m}")
            check(isinstance(line[m["Name"]], (int, float)) and not isinstance(line[m["Name"]], bool), f"{m}: its value")
    check(isinstance(line["EndpointName"], str) and 1 <= len(line["EndpointName"]) <= 1024, "the dimension")
    return {m["Name"]: line[m["Name"]] for d in line["_aws"]["CloudWatchMetrics"] for m in d["Metrics"]}


def test_what_is_counted():
    with sagemaker(WEIR) as s:
        with Gateway(WEIR, s.url, "--hourly-usd", "1.21") as g:
            for i in range(3):
                a = ask_raw(g.url, body(True, tokens=5, stream_options={"include_usage": True}))
            ask(g.url, data=body(tokens=7))
            error_of(ask(g.url, data=""), 400, "missing_body", "missing body")
            ask(g.url, "GET", "/nothing", None)
            m = g.metrics()
            named = lambda name, *labels: sum(v for k, v in m.items() if re.match(name + r"({|$)", k) and all(x in k for x in labels))
            check(named("weir_gateway_requests_total", 'status="200"') == 4, f"{m}")
            check(named("weir_gateway_requests_total", 'status="400"') == 1, f"{m}")
            check(named("weir_gateway_requests_total", 'status="404"') == 1, f"{m}")
            check(named("weir_gateway_requests_in_flight") == 0, f"{m}")
            check(named("weir_gateway_completion_tokens_total") == 22 and named("weir_gateway_prompt_tokens_total") == 8, f"{m}")
            check(named("weir_gateway_time_to_first_token_seconds_count") == 3, f"{m}")
            r = ask(g.url, "GET", "/metrics", None)
            check(r.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8", f"{r.headers}")
        lines = [check_emf(line) for line in g.emf()]
        check(len(lines) == 5, f"{len(lines)} metric lines, not 5")
        check(sum(line["RequestCount"] for line in lines) == 5 and sum(line["Errors"] for line in lines) == 1, f"{lines}")
        check(sum(line.get("CompletionTokens", 0) for line in lines) == 22, f"{lines}")
        streams = [line for line in lines if "TTFT" in line]
        check(len(streams) == 3 and all(5 <= line["TTFT"] < 5000 for line in streams), f"{streams}")
        check(abs(streams[-1]["TTFT"] - float(a.headers["x-ttft-ms"])) < 0.01, "TTFT is not what the header told")
        with Gateway(WEIR, s.url, "--no-emf") as g:
            ask(g.url, data=body())
        check(g.emf() == [], "--no-emf wrote some")


def test_quick_start_names():
    """sagemaker:NAME and the original's variables, at an address that the environment names in place of AWS's."""
    with sagemaker(WEIR) as s:
        env = environment(AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME=s.url)
        with Gateway(WEIR, "sagemaker:samllm-endpoint", env=env) as g:
            check(ask(g.url, data=body()).headers["x-endpoint"] == "samllm-endpoint", "X-Endpoint")
        env.update(ENDPOINT_NAME="samllm", REGION="us-west-2", INSTANCE_HOURLY_USD="2.5", WEIR_GATEWAY_LISTEN="127.0.0.1:0")
        p = subprocess.Popen([WEIR, "gateway"], env=env, stdout=subprocess.PIPE, text=True)
        url = p.stdout.readline().split()[-1]
        a = ask(url, "POST", "/prod/chat/completions", body())
        p.terminate()
        check(p.wait(20 * SLOW) == 0, "exit code")
        p.stdout.close()
        check(a.headers["x-endpoint"] == "samllm" and "x-cost-per-1k-usd" in a.headers, f"{a.headers}")
        paths = [t["path"] for t in s.truth().values()]
        check(paths == ["/endpoints/*/invocations"] * 2, f"{paths}")


for name, test in list(globals().items()):
    if name.startswith("test_"):
        at = time.monotonic()
        test()
        print(f"{name}: {time.monotonic() - at:.2f} s")
