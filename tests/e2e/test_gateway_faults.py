"""What goes wrong around `weir gateway`: requests that it refuses, upstreams that refuse, break off, stand still or lie, clients that go
away or do not read, and the way down. Each error is of OpenAI's shape, within a stream an event of it."""
import json
import os
import signal
import socket
import sys
import threading
import time
from urllib.parse import urlsplit

from gateway_lib import (STREAM_HEAD, Gateway, Upstream, ask, ask_raw, body, chunk, connect, document, environment, error_of, events,
                         eventually, frame, part, read_fields, sagemaker, sse_chunk, text_of)
from lib import SANITIZED, SLOW, Sim, check, free_port

WEIR = sys.argv[1]


def error_event(a, code=None):
    """A stream that broke off: framing that ends as it should, an error event, no [DONE]. Returns the error and the text before."""
    check(a.status == 200 and a.whole, f"{a.status}, whole: {a.whole}")
    data, _ = events(a.text)
    e = data[-1]
    check(isinstance(e, dict) and set(e) == {"error"} and "[DONE]" not in data, f"the last event: {e}")
    check(set(e["error"]) == {"message", "type", "param", "code"}, f"{e}")
    check(code is None or e["error"]["code"] == code, f"code {e['error']['code']}, not {code}: {e}")
    return e["error"], text_of(data)


def raw(url, data):
    """What comes back for these bytes, until the end of the connection."""
    u = urlsplit(url)
    with socket.create_connection((u.hostname, u.port), timeout=20 * SLOW) as s:
        s.sendall(data)
        f = s.makefile("rb")
        status = int(f.readline().split()[1])
        fields = read_fields(f)
        return status, fields, f.read(int(fields["content-length"])).decode()


def test_requests_that_are_refused():
    with sagemaker(WEIR) as s:
        with Gateway(WEIR, s.url, "--max-body", "10k", "--max-head", "4k") as g:
            error_of(ask(g.url, data=""), 400, "missing_body", "missing body")
            error_of(ask(g.url, data=" \r\n"), 400, "missing_body", "missing body")
            for bad in ("{", '{"stream":1}', "[1,", "nothing", '{"stream":"yes"}', '{"a":1}}'):
                error_of(ask(g.url, data=bad), 400, "invalid_json", "invalid JSON")
            error_of(ask(g.url, "POST", "/v1/completions", body()), 404)
            error_of(ask(g.url, "POST", "/", body()), 404)
            check(error_of(ask(g.url, "GET", data=None), 405) and ask(g.url, "GET", data=None).headers["allow"] == "POST", "Allow")
            error_of(ask(g.url, "POST", "/health", "{}"), 405)
            error_of(ask(g.url, data=body(content="x" * 20000)), 413)
            error_of(ask(g.url, data=body(), X_Long="y" * 5000), 431)
            status, _, text = raw(g.url, b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 2\r\n\r\n")
            check(status == 400 and json.loads(text)["error"]["type"] == "invalid_request_error", f"{status} {text}")
            status, _, text = raw(g.url, b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\n" + b"a: b\r\n" * 300 + b"\r\n")
            check(status == 431 and "error" in json.loads(text), f"{status} {text}")
            # The same, whole again, from the same client: nothing of it stays.
            check(ask(g.url, data=body()).status == 200, "a good one")
            status, fields, text = raw(g.url, b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" +
                                       chunk(body().encode()) + b"0\r\n\r\n")
            check(status == 200, f"a chunked request: {status} {text}")
        check(len(s.truth()) == 2, "something that was refused went upstream")


def test_too_many():
    with sagemaker(WEIR, "--ttft", "300ms", "--itl", "1ms") as s:
        with Gateway(WEIR, s.url, "--max-requests", "2", "--threads", "2") as g:
            answers = []
            threads = [threading.Thread(target=lambda: answers.append(ask(g.url, data=body(True)))) for _ in range(6)]
            for t in threads:
                t.start()
            for t in threads:
                t.join()
            counted = {k: v for k, v in g.metrics().items() if "requests_total" in k and v > 0}
            name = 'weir_gateway_requests_total{endpoint="demo",status="%d",stream="true"}'
            check(counted == {name % 200: 2, name % 429: 4}, f"{counted}")
            check(sorted(a.status for a in answers) == [200] * 2 + [429] * 4, f"{[a.status for a in answers]}")
            for a in answers:
                if a.status == 429:
                    check(error_of(a, 429)["type"] == "rate_limit_error" and int(a.headers["retry-after"]) >= 1, f"{a.headers}")
            check(ask(g.url, data=body()).status == 200, "there is room again")
            check(ask(g.url, "GET", "/health", None).status == 200, "/health")


# What an endpoint says (API_runtime_InvokeEndpoint), and what the client is to see.
REFUSALS = [
    (document(400, '{"Message":"Input validation failed"}', x_amzn_errortype="ValidationError"), 400, "Input validation failed"),
    (document(429, '{"message":"Rate exceeded"}', x_amzn_errortype="ThrottlingException"), 429, ""),
    (document(503, '{"message":"busy"}', x_amzn_errortype="ServiceUnavailable"), 503, ""),
    (document(500, '{"message":"oops"}', x_amzn_errortype="InternalFailure"), 502, ""),
    (document(424, json.dumps({"ErrorCode": "CLIENT_ERROR_FROM_MODEL", "Message": "Received client error (400)",
                               "OriginalMessage": '{"error":{"message":"max_tokens is too large"}}', "OriginalStatusCode": 400}),
              x_amzn_errortype="ModelError"), 400, "max_tokens is too large"),
    (document(424, json.dumps({"Message": "Received server error (500)", "OriginalMessage": "out of memory",
                               "OriginalStatusCode": 500}), x_amzn_errortype="ModelError"), 502, "out of memory"),
    (document(301, "", Location="http://127.0.0.1:1/"), 502, ""),
    (b"SSH-2.0-OpenSSH_9.2\r\n", 502, ""),
    (b"", 502, ""),
    (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"id\":", 502, ""),
    (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\nnot JSON!", 502, ""),
    (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 400 + b"\r\n", 502, ""),
]


def test_upstream_refuses():
    at = iter(REFUSALS)
    with Upstream(lambda s, head, body: s.sendall(next(at)[0])) as u, Gateway(WEIR, u.url) as g:
        for answer, status, message in REFUSALS:
            a = ask(g.url, data=body())
            error_of(a, status, None, message)
            check(("retry-after" in a.headers) == (status in (429, 503)), f"{status}: {a.headers}")
        check(len(u.requests) == len(REFUSALS), f"{len(u.requests)} requests for {len(REFUSALS)}: something was sent twice")
        head, sent = u.requests[0]
        check(sent.decode() == body() and "Authorization: AWS4-HMAC-SHA256 Credential=" in head, f"{head} {sent}")


def test_body_goes_through_unchanged():
    odd = '{ "messages" : [ {"role":"user","content":"\\u00e9\\ud83d\\ude00 \u00e9"} ],\n\t"stream":false,"x":1e400, "stream" : null }'
    with Upstream(lambda s, head, body: s.sendall(document(200, "{}", Content_Type="application/json"))) as u, Gateway(WEIR, u.url) as g:
        c = connect(g.url)
        c.request("POST", "/v1/chat/completions", odd.encode())
        c.getresponse().read()
        c.close()
        check(u.requests[0][1] == odd.encode(), f"{u.requests[0][1]}")


def test_streams_that_fail():
    begun = STREAM_HEAD + chunk(part(sse_chunk(None))) + chunk(part(sse_chunk("so far")))
    exception = frame(b'{"Message":"the model broke","ErrorCode":"ModelStreamError"}', message_type="exception",
                      exception_type="ModelStreamError", content_type="application/json")
    bad = bytearray(part(sse_chunk("next")))
    bad[-1] ^= 1
    ends = {  # after the first text -> the event's code; before it -> status 502
        "exception": (chunk(exception) + b"0\r\n\r\n", "model_stream_error"),
        "error event": (chunk(part('data: {"error":{"message":"the model broke","code":400}}\n\n')) + b"0\r\n\r\n",
                        "model_stream_error"),
        "bad checksum": (chunk(bytes(bad)) + b"0\r\n\r\n", None),
        "cut in a frame": (chunk(part(sse_chunk("next"))[:-5]) + b"0\r\n\r\n", None),
        "cut between chunks": (b"", None),
    }
    def in_two(s, end, head_out):
        s.sendall(begun)
        eventually(head_out.is_set, "the text does not arrive")  # else both could come in one read, and the answer be a 502
        s.sendall(end)

    for name, (end, code) in ends.items():
        head_out = threading.Event()
        with Upstream(lambda s, head, b, end=end: in_two(s, end, head_out)) as u, Gateway(WEIR, u.url) as g:
            e, text = error_event(ask_raw(g.url, body(True), head_out=head_out), code)
            check(text == "so far", f"{name}: {text!r}")
            check(code is None or "the model broke" in e["message"], f"{name}: {e}")
            check(g.metrics()['weir_gateway_requests_in_flight{endpoint="demo"}'] == 0, name)
        check([line["Errors"] for line in g.emf()] == [1], f"{name}: {g.lines}")
        early = STREAM_HEAD + chunk(part(sse_chunk(None))) + end
        with Upstream(lambda s, head, b, early=early: s.sendall(early)) as u, Gateway(WEIR, u.url) as g:
            error_of(ask_raw(g.url, body(True)), 502, code)


def test_the_simulators_faults():
    for fault in ("exception:1", "error_frame:1", "bad_crc:1", "truncate:1", "reset:1"):
        with sagemaker(WEIR, "--fault", fault) as s, Gateway(WEIR, s.url) as g:
            a = ask_raw(g.url, body(True, tokens=20))
            if a.status == 200:
                error_event(a)
            else:
                error_of(a, 502)
    with sagemaker(WEIR, "--fault", "slices:0.5,split:0.5") as s, Gateway(WEIR, s.url) as g:
        for _ in range(4):
            data, _ = events(ask_raw(g.url, body(True, tokens=20)).text)
            check(data[-1] == "[DONE]" and len(text_of(data).split()) == 20, f"torn: {data}")


def test_killed_upstream():
    s = Sim(WEIR, "--ttft", "5ms", "--itl", "20ms")
    with Gateway(WEIR, s.url, "--no-sigv4") as g:
        threading.Timer(0.4 * SLOW, s.process.kill).start()
        e, text = error_event(ask_raw(g.url, body(True, tokens=500)))
        check(1 <= len(text.split()) < 500, f"{text!r}")
        error_of(ask(g.url, data=body()), 502)  # nobody listens there any more
    s.process.wait()


def test_signatures():
    with sagemaker(WEIR, "--clock-ahead", "3600") as s:
        with Gateway(WEIR, s.url) as g:  # refused for its clock, signed again by the server's
            for _ in range(3):
                check(ask(g.url, data=body()).status == 200, "the clock")
        check(sorted(t["status"] for t in s.truth().values()) == [200] * 3 + [403], "it was signed by the wrong clock more than once")
    with sagemaker(WEIR) as s:
        with Gateway(WEIR, s.url, env=environment(AWS_SECRET_ACCESS_KEY="another-secret")) as g:
            a = ask(g.url, data=body())
            error_of(a, 502)
            check("another-secret" not in a.text, "the secret is told")


def test_timeouts():
    silent = threading.Event()
    with Upstream(lambda s, head, body: silent.wait(30 * SLOW)) as u:
        with Gateway(WEIR, u.url, "--first-timeout", "200ms") as g:
            began = time.monotonic()
            error_of(ask(g.url, data=body(True)), 504, "upstream_timeout")
            check(SANITIZED or time.monotonic() - began < 2, "it took too long")
        with Gateway(WEIR, u.url, "--timeout", "200ms") as g:
            error_of(ask(g.url, data=body()), 504, "upstream_timeout")
        silent.set()
    with sagemaker(WEIR, "--fault", "stall:1:30s", "--itl", "5ms") as s:
        with Gateway(WEIR, s.url, "--idle-timeout", "300ms") as g:
            a = ask_raw(g.url, body(True, tokens=50))
            if a.status == 200:
                error_event(a, "upstream_timeout")
            else:
                error_of(a, 504, "upstream_timeout")
    with sagemaker(WEIR, "--itl", "50ms") as s:
        with Gateway(WEIR, s.url, "--timeout", "500ms") as g:
            error_event(ask_raw(g.url, body(True, tokens=200)), "upstream_timeout")
    with Gateway(WEIR, f"http://127.0.0.1:{free_port()}") as g:
        error_of(ask(g.url, data=body()), 502)


def test_client_that_goes_away():
    with sagemaker(WEIR, "--itl", "10ms") as s:
        with Gateway(WEIR, s.url) as g:
            u = urlsplit(g.url)
            for _ in range(3):
                c = socket.create_connection((u.hostname, u.port))
                b = body(True, tokens=3000).encode()
                c.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(b) + b)
                check(b"200 OK" in c.recv(4096), "no stream")
                c.close()
            eventually(lambda: g.metrics()['weir_gateway_requests_in_flight{endpoint="demo"}'] == 0, "calls stay under way")
            m = g.metrics()
            check(sum(v for k, v in m.items() if 'status="499"' in k) == 3, f"{m}")
            # Their connections upstream were closed, so the endpoint generates no more: the slots are free at once.
            def running():
                r = ask(s.url, "GET", "/metrics", None)
                return sum(float(line.rsplit(" ", 1)[1]) for line in r.text.splitlines() if line.startswith("vllm:num_requests_running"))
            eventually(lambda: running() == 0, "the endpoint still generates")
        truth = [t for t in s.truth().values() if t["n"] > 0]
        check(len(truth) == 3 and all(not t["complete"] and t["output_tokens"] < 3000 for t in truth), f"{truth}")


def test_clients_that_say_nothing():
    with sagemaker(WEIR, "--itl", "30ms") as s, Gateway(WEIR, s.url, "--client-timeout", "300ms") as g:
        u = urlsplit(g.url)
        mute = [socket.create_connection((u.hostname, u.port), timeout=20 * SLOW) for _ in range(3)]
        mute[1].sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{")
        mute[2].sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        a = ask_raw(g.url, body(True, tokens=30))  # longer than that, but at work
        check(events(a.text)[0][-1] == "[DONE]", f"what was at work was broken off: {a.text[-300:]}")
        for c in mute:
            while c.recv(4096):
                pass
            c.close()


def test_client_that_does_not_read():
    """60 MB of answer for a client that reads nothing for a while: the upstream is not read either, and nothing is lost."""
    n, text = 1000, "z" * 60000
    sent = []

    def answer(s, head, body):
        s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        s.sendall(STREAM_HEAD)
        for i in range(n):
            s.sendall(chunk(part(sse_chunk(f"{i}:{text};"))))
            sent.append(i)
        s.sendall(chunk(part("data: [DONE]\n\n")) + b"0\r\n\r\n")

    with Upstream(answer) as up, Gateway(WEIR, up.url) as g:
        u = urlsplit(g.url)
        c = socket.socket()
        c.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        c.connect((u.hostname, u.port))
        b = body(True).encode()
        c.sendall(b"POST /v1/chat/completions HTTP/1.0\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(b) + b)
        before = -1
        while len(sent) != before:  # until the upstream can send no more
            before = len(sent)
            time.sleep(0.5 * SLOW)
        check(0 < before < n * 0.6, f"the upstream could send {before} of {n} events to a client that does not read")
        check(ask(g.url, "GET", "/health", None).status == 200, "others are not served meanwhile")
        with open(f"/proc/{g.process.pid}/status") as f:
            rss = next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))
        check(SANITIZED or rss < 40000, f"{rss} KiB are kept for it")
        got = bytearray()
        while True:
            piece = c.recv(1 << 20)
            if not piece:
                break
            got += piece
        c.close()
        data, _ = events(bytes(got).decode().split("\r\n\r\n", 1)[1])
        parts = text_of(data).split(";")
        check(len(parts) == n + 1 and all(p == f"{i}:{text}" for i, p in enumerate(parts[:-1])), "something is lost or out of order")
        check(data[-1] == "[DONE]", "its end")


def test_large_answers_for_a_slow_client():
    """One piece of 24 MB, more than sockets hold, and its end behind it, for clients that read late: nothing is lost. A model's name
    of 5 MB is not repeated in each chunk."""
    whole = json.dumps({"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "z" * 24000000}, "finish_reason": "stop"}]})

    def late(g, data):
        u = urlsplit(g.url)
        with socket.create_connection((u.hostname, u.port), timeout=20 * SLOW) as c:
            c.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
                      % len(data) + data.encode())
            time.sleep(0.5 * SLOW)
            got = bytearray()
            while True:
                piece = c.recv(1 << 20)
                if not piece:
                    return bytes(got)
                got += piece

    with Upstream(lambda s, head, b: s.sendall(document(200, whole, Content_Type="application/json"))) as up, \
            Gateway(WEIR, up.url) as g:
        for stream in (True, False):
            got = late(g, body(stream))
            check(got.count(b"z") >= 24000000, f"stream {stream}: {got.count(b'z')} bytes of 24000000")
            check(not stream or b"data: [DONE]" in got[-400:] and got.endswith(b"\r\n\r\n"), f"its end: {got[-100:]}")
    tokens = part('{"token":{"text":"a"}}\n' * 24 + '{"token":{"text":"b"},"generated_text":"","details":{"finish_reason":"length"}}\n')
    lines = STREAM_HEAD.replace(b"text/event-stream", b"application/jsonlines")
    with Upstream(lambda s, head, b: s.sendall(lines + chunk(tokens) + b"0\r\n\r\n")) as up, Gateway(WEIR, up.url) as g:
        a = ask_raw(g.url, json.dumps({"model": "m" * 5000000, "messages": [], "stream": True}))
        data, _ = events(a.text)
        check(text_of(data) == "a" * 24 + "b" and len(a.text) < 20000, f"{len(a.text)} bytes: {a.text[:200]}")
        check(data[0]["model"] == "demo", "such a model is called by its endpoint")


def test_first_text_behind_much_else():
    """64 KiB without a word of text are let through, without X-TTFT-MS: then it is told at the end."""
    def answer(s, head, b):
        s.sendall(STREAM_HEAD + 3 * chunk(part(sse_chunk(None).replace('"m"', '"%s"' % ("m" * 30000)))))
        time.sleep(0.2)
        s.sendall(chunk(part(sse_chunk("word", '"stop"'))) + chunk(part("data: [DONE]\n\n")) + b"0\r\n\r\n")

    with Upstream(answer) as up, Gateway(WEIR, up.url) as g:
        a = ask_raw(g.url, body(True))
        check("x-ttft-ms" not in a.headers and float(a.trailers["x-ttft-ms"]) >= 200, f"{a.headers} {a.trailers}")
        check(f"x-ttft-ms={a.trailers['x-ttft-ms']}" in events(a.text)[1], a.text[-300:])


def in_background(fn):
    got = []
    t = threading.Thread(target=lambda: got.append(fn()))
    t.start()
    return t, got


def test_the_way_down():
    with sagemaker(WEIR, "--itl", "20ms") as s:
        g = Gateway(WEIR, s.url, "--threads", "2")
        idle = connect(g.url)
        check(ask(g.url, "GET", "/health", None, connection=idle).status == 200, "/health")
        t, got = in_background(lambda: ask_raw(g.url, body(True, tokens=40)))
        eventually(lambda: any(v == 1 for k, v in g.metrics().items() if "in_flight" in k), "the stream does not begin")
        time.sleep(0.1)
        g.process.send_signal(signal.SIGTERM)
        u = urlsplit(g.url)

        def refused():
            try:
                socket.create_connection((u.hostname, u.port), timeout=5).close()
                return False
            except OSError:
                return True
        eventually(refused, "new connections are taken")
        t.join()
        data, _ = events(got[0].text)
        check(data[-1] == "[DONE]" and len(text_of(data).split()) == 40, f"what was under way was broken off: {got[0].text[-300:]}")
        check(g.close() == 0, f"exit code {g.process.returncode}")
        idle.close()
        # Whoever is not done in time is told.
        g = Gateway(WEIR, s.url, "--drain", "200ms")
        t, got = in_background(lambda: ask_raw(g.url, body(True, tokens=1000)))
        eventually(lambda: any(v == 1 for k, v in g.metrics().items() if "in_flight" in k), "the stream does not begin")
        time.sleep(0.2)
        began = time.monotonic()
        check(g.close() == 0, f"exit code {g.process.returncode}")
        check(SANITIZED or time.monotonic() - began < 2, "the way down took too long")
        t.join()
        error_event(got[0])
        # A second signal waits for nobody.
        g = Gateway(WEIR, s.url)
        t, got = in_background(lambda: ask_raw(g.url, body(True, tokens=1000)))
        eventually(lambda: any(v == 1 for k, v in g.metrics().items() if "in_flight" in k), "the stream does not begin")
        time.sleep(0.2)
        g.process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        began = time.monotonic()
        check(g.close(signal.SIGINT) == 0, f"exit code {g.process.returncode}")
        check(SANITIZED or time.monotonic() - began < 2, "the second signal waits")
        t.join()


for name, test in list(globals().items()):
    if name.startswith("test_"):
        at = time.monotonic()
        test()
        print(f"{name}: {time.monotonic() - at:.2f} s", flush=True)
