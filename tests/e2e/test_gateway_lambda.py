"""`weir gateway --lambda` against a runtime API that checks every call: events of the four fronts, whole and streamed answers,
failures, and that a stream's pieces come while the endpoint is still generating."""
import base64
import json
import signal
import sys
import threading
import time

from gateway_lib import (STREAM_HEAD, Upstream, body, chunk, document, events, eventually, frame, part, sagemaker, sse_chunk,
                         text_of)
from lambda_lib import Function, Runtime, balancer, function_url, http_api, rest_api
from lib import SANITIZED, SLOW, check

WEIR = sys.argv[1]
PRELUDE = "application/vnd.awslambda.http-integration-response"
FIGURES = {"X-Completion-Tokens", "X-Prompt-Tokens", "X-Tokens-Per-Second", "X-Cost-Per-1K-USD"}


def streamed(r):
    """(prelude, rest) of a streamed answer."""
    check(r.kind == "response", f"{r.kind}: {r.body!r}")
    check(r.headers.get("lambda-runtime-function-response-mode") == "streaming" and r.headers["content-type"] == PRELUDE
          and r.headers.get("transfer-encoding") == "chunked" and "content-length" not in r.headers, f"{r.headers}")
    head, rest = r.body.split(b"\0" * 8, 1)
    prelude = json.loads(head)
    check(set(prelude) == {"statusCode", "headers"} and isinstance(prelude["statusCode"], int), f"{prelude}")
    return prelude, rest.decode()


def whole(r):
    check(r.kind == "response" and "lambda-runtime-function-response-mode" not in r.headers
          and r.headers["content-type"] == "application/json", f"{r.kind} {r.headers}")
    return json.loads(r.body)


def test_stream():
    with sagemaker(WEIR, "--ttft", "30ms", "--itl", "30ms") as s:
        with Function(WEIR, f"{s.url}/endpoints/demo/invocations") as f:
            data = body(True, tokens=10, stream_options={"include_usage": True})
            for event in (function_url(data), rest_api(data), function_url(data, packed=True)):
                r = f.runtime.invoke(event)
                prelude, text = streamed(r)
                check(prelude["statusCode"] == 200 and prelude["headers"]["Content-Type"].startswith("text/event-stream"),
                      f"{prelude}")
                check(prelude["headers"]["X-Endpoint"] == "demo" and float(prelude["headers"]["X-TTFT-MS"]) >= 30, f"{prelude}")
                check(not FIGURES & set(prelude["headers"]), "what is known at the end stands in the head")
                data, comments = events(text)
                check(data[-1] == "[DONE]" and len(text_of(data).split()) == 10, f"{text_of(data)!r}")
                check({c.split("=")[0] for c in comments} == {n.lower() for n in FIGURES}, f"{comments}")
                check(not r.trailers, f"a whole answer has trailers: {r.trailers}")
                # The pieces came one by one: the first when most of the text was not yet generated.
                with_text = [t for t, p in r.pieces if b'"content":"' in p and b'"content":""' not in p]
                check(len(with_text) >= (3 if SANITIZED else 8), f"{len(with_text)} pieces with text")
                if not SANITIZED:
                    check(with_text[-1] - with_text[0] > 0.2, "the text came at once")
        lines = [json.loads(line) for line in f.out.splitlines()]
        check(len(lines) == 3 and all(line["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "LLM/Serving" for line in lines),
              f"metric lines: {f.out}")
        check(all(line["CompletionTokens"] == 10 for line in lines), f.out)


def test_whole():
    with sagemaker(WEIR) as s:
        with Function(WEIR, f"{s.url}/endpoints/demo/invocations") as f:
            # Who did not ask for a stream gets JSON; through a front that streams it goes in the same form.
            prelude, text = streamed(f.runtime.invoke(rest_api(body())))
            check(json.loads(text)["usage"]["completion_tokens"] == 8 and FIGURES <= set(prelude["headers"]), f"{prelude} {text}")
            check(prelude["headers"]["x-request-id"] == "r-1", f"{prelude}")
            for event in (http_api(body()), http_api(body(), "/dev/v1/chat/completions", "dev"), balancer(body())):
                a = whole(f.runtime.invoke(event))
                check(a["statusCode"] == 200 and a["isBase64Encoded"] is False, f"{a}")
                check(a["headers"]["Content-Type"] == "application/json" and FIGURES <= set(a["headers"]), f"{a}")
                check(json.loads(a["body"])["usage"]["completion_tokens"] == 8, a["body"])
            a = whole(f.runtime.invoke(balancer(body(), multi=True)))
            check("headers" not in a and a["multiValueHeaders"]["X-Completion-Tokens"] == ["8"], f"{a}")
            # A stream that the front cannot pass on: its events in one piece, with all figures in the headers.
            usage = body(True, stream_options={"include_usage": True})
            for event in (http_api(usage), balancer(usage)):
                a = whole(f.runtime.invoke(event))
                data, comments = events(a["body"])
                check(data[-1] == "[DONE]" and FIGURES | {"X-TTFT-MS"} <= set(a["headers"]), f"{a['headers']}")
        with Function(WEIR, f"{s.url}/endpoints/demo/invocations", "--lambda-mode", "buffered") as f:
            for event in (function_url(body(True)), rest_api(body(True)), rest_api(body())):
                check(whole(f.runtime.invoke(event))["statusCode"] == 200, "buffered")


def test_refusals():
    with sagemaker(WEIR) as s:
        with Function(WEIR, f"{s.url}/endpoints/demo/invocations", "--lambda-mode", "buffered") as f:
            for event, status, code in ((rest_api(""), 400, "missing_body"), (rest_api("{"), 400, "invalid_json"),
                                        (rest_api(body(), "/nothing"), 404, "unknown_url"),
                                        (function_url("", method="GET"), 405, "method_not_allowed")):
                a = whole(f.runtime.invoke(event))
                check(a["statusCode"] == status and json.loads(a["body"])["error"]["code"] == code, f"{a}")
            check(whole(f.runtime.invoke(function_url("", "/health", "GET")))["statusCode"] == 200, "health")
            # What is no event of a front is the invocation's failure.
            for event in ({"hello": 1}, b"[1, 2", {**rest_api("%%%"), "isBase64Encoded": True}):
                r = f.runtime.invoke(event)
                error = json.loads(r.body)
                check(r.kind == "error" and r.headers["lambda-runtime-function-error-type"] == "Gateway.BadEvent", f"{r.headers}")
                check(error["errorType"] == "Gateway.BadEvent" and error["errorMessage"] and error["stackTrace"] == [], f"{error}")


def test_broken_stream():
    def answer(s, head, data):
        s.sendall(STREAM_HEAD + chunk(part(sse_chunk("one"))) + chunk(part(sse_chunk(" two"))))
        time.sleep(0.1)
        s.sendall(chunk(frame(b'{"Message":"out of memory"}', message_type="exception", exception_type="ModelStreamError")))

    with Upstream(answer) as u, Function(WEIR, u.url) as f:
        r = f.runtime.invoke(function_url(body(True, tokens=20)))
        prelude, text = streamed(r)
        data, _ = events(text)
        check(prelude["statusCode"] == 200 and text_of(data) == "one two", f"{prelude} {text}")
        check("out of memory" in data[-1]["error"]["message"] and "[DONE]" not in data, f"{data[-1]}")
        check({n.strip().lower() for n in r.headers["trailer"].split(",")} == set(r.trailers), f"{r.headers} {r.trailers}")
        check(r.trailers["lambda-runtime-function-error-type"] == "Gateway.StreamBroken", f"{r.trailers}")
        told = json.loads(base64.b64decode(r.trailers["lambda-runtime-function-error-body"], validate=True))
        check(told["errorType"] == "Gateway.StreamBroken" and told["errorMessage"], f"{told}")


def test_deadline():
    with sagemaker(WEIR, "--ttft", "8s") as s:
        with Function(WEIR, f"{s.url}/endpoints/demo/invocations") as f:
            began = time.monotonic()
            prelude, text = streamed(f.runtime.invoke(function_url(body(True)), deadline=1.5))
            check(prelude["statusCode"] == 504 and json.loads(text)["error"]["code"] == "upstream_timeout", f"{prelude} {text}")
            check(time.monotonic() - began < (1.5 if not SANITIZED else 30), "after the function's own deadline")


def test_refused_answer():
    with sagemaker(WEIR) as s:
        with Function(WEIR, f"{s.url}/endpoints/demo/invocations", runtime=Runtime("413 Request Entity Too Large")) as f:
            r = f.runtime.invoke(http_api(body()))
            check(r.kind == "error" and "413" in json.loads(r.body)["errorMessage"], f"{r.kind} {r.body}")
            check(whole(f.runtime.invoke(http_api(body())))["statusCode"] == 200, "the invocation after it")


def test_cannot_start():
    for options, env, word, status in (
            ((), {}, "upstream", 2), ((), {"ENDPOINT_NAME": "no name!"}, "upstream", 1),
            (("--upstream", "sagemaker:e", "--lambda-mode", "both"), {}, "streaming", 2),
            (("--upstream", "sagemaker:e"), {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "credentials", 1)):
        f = Function(WEIR, None, *options, **env)
        r = f.runtime.reports.get(timeout=30 * SLOW)
        code = f.process.wait(timeout=20 * SLOW)
        f.close()
        error = json.loads(r.body)
        check(r.kind == "init" and r.headers["lambda-runtime-function-error-type"] == "Gateway.Configuration", f"{r.headers}")
        check(word in error["errorMessage"] and code == status and f.runtime.nexts == 0, f"{error} {code}")


def test_standing_still():
    """Between two invocations the function stands still; its connections to the endpoint die meanwhile. After a long sleep
    the deadline is the new invocation's, and neither costs it an answer."""
    stopped, gone = threading.Event(), threading.Event()

    def answer(s, head, data):
        s.sendall(document(200, '{"generated_text":"fine"}', Content_Type="application/json"))
        stopped.wait(20 * SLOW)
        s.close()
        gone.set()

    with Upstream(answer) as u, Function(WEIR, u.url) as f:
        for i in range(3):
            stopped.clear(), gone.clear()
            a = whole(f.runtime.invoke(http_api(body()), deadline=2 * SLOW))
            check(a["statusCode"] == 200 and "fine" in a["body"], f"{i}: {a}")
            eventually(lambda: f.runtime.nexts > f.runtime.made, "the next invocation was not asked for")
            f.process.send_signal(signal.SIGSTOP)
            stopped.set()
            check(gone.wait(10 * SLOW), "the endpoint was not asked")
            threading.Timer(0.1, f.process.send_signal, (signal.SIGCONT,)).start()
        check(len(u.requests) == 3, f"{len(u.requests)} requests")


def test_api_that_does_not_read():
    """What Lambda does not take waits in the endpoint, not in the function's memory."""
    sent = [0]

    def answer(s, head, data):
        s.sendall(STREAM_HEAD)
        piece = chunk(part(sse_chunk("x" * 8000)))
        for _ in range(4000):
            s.sendall(piece)
            sent[0] += 1
        s.sendall(chunk(part(sse_chunk("", '"stop"'))) + b"0\r\n\r\n")

    held = threading.Event()
    with Upstream(answer) as u, Function(WEIR, u.url, runtime=Runtime(hold=held)) as f:
        f.runtime.events.put((function_url(body(True)), 60))
        last = -1
        while sent[0] == 0 or sent[0] != last:  # until it stands still
            last = sent[0]
            time.sleep(0.5 * SLOW)
        print(sent[0], "of 4000 pieces before it is read")
        check(0 < sent[0] < 2000, f"{sent[0]} of 4000 pieces went to one who does not read")
        with open(f"/proc/{f.process.pid}/status") as status:
            peak = int(next(line.split()[1] for line in status if line.startswith("VmHWM")))
        check(SANITIZED or peak < 40000, f"{peak} KiB")
        held.set()
        r = f.runtime.reports.get(timeout=30 * SLOW)
        _, text = streamed(r)
        check(text.count("x" * 8000) == 4000 and text.endswith("data: [DONE]\n\n"), "the answer is not whole")


def test_api_that_fails():
    """Then the function ends, and says why; the endpoint is not asked any longer."""
    cut = threading.Event()

    def answer(s, head, data):
        s.sendall(STREAM_HEAD)
        try:
            while True:
                s.sendall(chunk(part(sse_chunk("more"))))
                time.sleep(0.005)
        except OSError:
            cut.set()

    for how in ("close", "HTTP/1.1 500 Internal Server Error"):
        with Upstream(answer) as u:
            f = Function(WEIR, u.url, runtime=Runtime(drop=how))
            f.runtime.events.put((function_url(body(True)), 60))
            code = f.process.wait(timeout=20 * SLOW)
            out, errors = f.process.communicate()
            check(code == 1 and "runtime API" in errors, f"{how}: {code} {errors}")
            check(cut.wait(10 * SLOW), "the endpoint was still asked")
            check(json.loads(out)["ErrorCode"] == "client_gone", out)
            f.runtime.socket.close()
            cut.clear()


def test_environment_of_the_original():
    """ENDPOINT_NAME, REGION and INSTANCE_HOURLY_USD alone, the endpoint's address by the SDKs' own variable."""
    with sagemaker(WEIR) as s:
        with Function(WEIR, None, ENDPOINT_NAME="demo", REGION="us-west-2", AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME=s.url) as f:
            a = whole(f.runtime.invoke(http_api(body())))
            check(a["headers"]["X-Endpoint"] == "demo" and "X-Cost-Per-1K-USD" in a["headers"], f"{a}")


for name, test in list(globals().items()):
    if name.startswith("test_"):
        at = time.monotonic()
        test()
        print(f"{name}: {time.monotonic() - at:.2f} s")
