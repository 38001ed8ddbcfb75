"""odd_server.py - OpenAI-shaped answers framed in the many ways that servers have, on servers that no one here wrote.

usage: odd_server.py uvicorn|aiohttp|http.server PORT [KEEP_ALIVE_SECONDS]

POST /NAME/v1/chat/completions answers in the manner of NAME, see ODD. Each answer is "max_tokens" words, one per chunk unless
NAME says otherwise. http.server (of Python's own library) ends each body by closing the connection.
"""
import asyncio
import json
import sys

WORDS = "Wehr weir barrage 堰 déversoir presa dique vado".split()
SSE = "text/event-stream; charset=utf-8"


def word(i):
    return (" " if i else "") + WORDS[i % len(WORDS)]


def chunk(delta, finish=None, **more):
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "odd",
            "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}], **more}


def usage_of(body, n, **more):
    prompt = sum(len(str(m["content"]).split()) for m in body["messages"])
    return {"prompt_tokens": prompt, "completion_tokens": n, "total_tokens": prompt + n, **more}


def usage_chunk(body, n, **more):
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "odd", "choices": [],
            "usage": usage_of(body, n, **more)}


def events(body, n, usage=True, done=True, finish="stop", role=True, every=1):
    """The usual answer as Python values; a str stands for itself."""
    if role:
        yield chunk({"role": "assistant", "content": ""})
    for i in range(0, n, every):
        yield chunk({"content": "".join(word(k) for k in range(i, min(i + every, n)))})
    if finish:
        yield chunk({}, finish)
    if usage and body.get("stream_options", {}).get("include_usage"):
        yield usage_chunk(body, n)
    if done:
        yield "[DONE]"


def text(event):
    return event if isinstance(event, str) else json.dumps(event, ensure_ascii=False)


def framed(evs, before="data: ", after="\n\n"):
    return [(before + text(e) + after).encode() for e in evs]


async def slowly(pieces, seconds=0.002):
    for p in pieces:
        yield p
        await asyncio.sleep(seconds)


def simple(**options):
    return lambda body, n: (200, SSE, slowly(framed(events(body, n, **options))))


def crlf(body, n):
    return 200, SSE, slowly(framed(events(body, n), after="\r\n\r\n"))


def cr(body, n):
    return 200, SSE, slowly(framed(events(body, n), after="\r\r"))


def tight(body, n):
    return 200, "Text/Event-Stream", slowly(framed(events(body, n), before="data:"))


def comments(body, n):
    parts = [b"\xef\xbb\xbf", b": hello\n\n", b"retry: 3000\n\n"]
    for i, p in enumerate(framed(events(body, n))):
        parts += [b":\n\n", b"event: message\nid: %d\n" % i + p, b": keep-alive\n\n", b"unknown: field\n\n"]
    return 200, SSE, slowly(parts, 0.0005)


def packed(body, n):
    return 200, SSE, slowly([b"".join(framed(events(body, n)))])


def torn(body, n):
    whole = b"".join(framed(events(body, n)))
    return 200, SSE, slowly([whole[i:i + 7] for i in range(0, len(whole), 7)], 0.0002)


def lines(body, n):
    """Indented JSON over several data lines, which count as one event."""
    parts = []
    for e in events(body, n):
        s = e if isinstance(e, str) else json.dumps(e, indent=1)
        parts.append("".join(f"data: {line}\n" for line in s.split("\n")).encode() + b"\n")
    return 200, SSE, slowly(parts)


def unended(body, n):
    """The last event lacks its empty line, so it is none; the finish reason has come all the same."""
    parts = framed(events(body, n, usage=False))
    return 200, SSE, slowly(parts[:-1] + [b"data: [DONE]"])


def nulls(body, n):
    parts = [chunk({"role": "assistant", "content": None, "tool_calls": None, "refusal": None}, usage=None)]
    for i in range(n):
        parts.append(chunk({"role": "assistant", "content": word(i), "tool_calls": [], "x": {"y": [1.5e3, True]}}, usage=None))
    parts += [chunk({"content": None}, "stop", usage=usage_of(body, n)), "[DONE]"]
    return 200, SSE, slowly(framed(parts))


def late(body, n):
    async def stream():
        parts = framed(events(body, n))
        yield parts[0]
        await asyncio.sleep(0.3)
        for p in parts[1:]:
            yield p
    return 200, SSE, stream()


def reasoning(body, n):
    async def stream():
        yield framed([chunk({"role": "assistant"})])[0]
        for i in range(n):
            yield framed([chunk({"reasoning_content": word(i)})])[0]
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
        for i in range(n):
            yield framed([chunk({"content": word(i)})])[0]
        for p in framed([chunk({}, "stop"), usage_chunk(body, 2 * n, completion_tokens_details={"reasoning_tokens": n}),
                         "[DONE]"]):
            yield p
    return 200, SSE, stream()


def tools(body, n):
    def call(**function):
        return chunk({"tool_calls": [{"index": 0, "function": function}]})
    parts = [chunk({"role": "assistant", "content": None}),
             chunk({"tool_calls": [{"index": 0, "id": "call_1", "type": "function",
                                    "function": {"name": "level", "arguments": ""}}]}),
             call(arguments='{"river":'), call(arguments=' "Isar"'), call(arguments="}"),
             chunk({}, "tool_calls"), usage_chunk(body, 4), "[DONE]"]
    return 200, SSE, slowly(framed(parts))


def running(body, n):
    """Usage so far in each chunk, two words a chunk."""
    parts = [chunk({"role": "assistant", "content": ""}, usage=usage_of(body, 0))]
    for i in range(0, n, 2):
        parts.append(chunk({"content": word(i) + word(i + 1)}, usage=usage_of(body, i + 2)))
    parts += [chunk({}, "length", usage=usage_of(body, n)), "[DONE]"]
    return 200, SSE, slowly(framed(parts))


def large(body, n):
    """Each chunk longer than a read."""
    parts = [chunk({"content": word(i)}, padding="x" * 150000) for i in range(n)]
    return 200, SSE, slowly(framed(parts + [chunk({}, "stop"), usage_chunk(body, n), "[DONE]"]))


def inner_error(body, n):
    parts = list(events(body, 2, done=False, finish=None, usage=False))
    return 200, SSE, slowly(framed(parts + [{"error": {"message": "out of memory", "type": "server_error", "code": 500}}]))


def error_type(body, n):
    parts = framed(events(body, 2, done=False, finish=None, usage=False))
    return 200, SSE, slowly(parts + [b'event: error\ndata: {"detail": "out of memory"}\n\n'])


def whole_json(body, n):
    message = {"role": "assistant", "content": "".join(word(i) for i in range(n))}
    doc = {"id": "c", "object": "chat.completion", "created": 1, "model": "odd", "usage": usage_of(body, n),
           "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    return 200, "application/json", slowly([json.dumps(doc).encode()])


def html(body, n):
    return 200, "text/html", slowly([b"<html><head><title>Welcome</title></head></html>"])


def broken(body, n):
    return 200, SSE, slowly(framed(["{\"choices\": [", "[DONE]"]))


def strict(status, said):
    """A server that does not know stream_options."""
    def answer(body, n):
        if "stream_options" in body:
            return status, "application/json", slowly([json.dumps(said).encode()])
        return 200, SSE, slowly(framed(events(body, n)))
    return answer


ODD = {
    "plain": simple(), "crlf": crlf, "cr": cr, "tight": tight, "comments": comments, "packed": packed, "torn": torn,
    "lines": lines, "unended": unended, "nulls": nulls, "late": late, "reasoning": reasoning, "tools": tools,
    "running": running, "large": large, "inner-error": inner_error, "error-type": error_type, "json": whole_json,
    "html": html, "broken": broken,
    "no-usage": simple(usage=False, every=3), "no-done": simple(done=False), "no-role": simple(role=False),
    "cut": simple(done=False, finish=None, usage=False),
    "strict-400": strict(400, {"error": {"message": "Unrecognized request argument supplied: stream_options"}}),
    "strict-422": strict(422, {"detail": [{"type": "extra_forbidden", "loc": ["body", "stream_options"],
                                           "msg": "Extra inputs are not permitted"}]}),
    "busy": lambda body, n: (429, "application/json", slowly([b'{"detail": "slow down"}'])),
}


def answer_to(path, raw):
    """(status, content type, chunks) of a POST."""
    name = path.strip("/").split("/")[0]
    if name not in ODD or not path.endswith("/chat/completions"):
        return 404, "application/json", slowly([b'{"detail": "Not Found"}'])
    body = json.loads(raw)
    return ODD[name](body, body.get("max_tokens", 6))


def run_uvicorn(port, keep_alive):
    import uvicorn

    async def app(scope, receive, send):
        if scope["type"] != "http":
            return
        raw, more = b"", True
        while more:
            message = await receive()
            raw, more = raw + message.get("body", b""), message.get("more_body", False)
        status, kind, chunks = answer_to(scope["path"], raw) if scope["method"] == "POST" else answer_to("", b"")
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", kind.encode())]})
        async for c in chunks:
            await send({"type": "http.response.body", "body": c, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", timeout_keep_alive=keep_alive, lifespan="off")


def run_aiohttp(port, keep_alive):
    from aiohttp import web

    async def handle(request):
        raw = await request.read()
        status, kind, chunks = answer_to(request.path, raw) if request.method == "POST" else answer_to("", b"")
        response = web.StreamResponse(status=status, headers={"Content-Type": kind})
        await response.prepare(request)
        async for c in chunks:
            await response.write(c)
        await response.write_eof()
        return response
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    web.run_app(app, host="127.0.0.1", port=port, keepalive_timeout=keep_alive, print=None)


def run_http_server(port, keep_alive):
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    class Handler(BaseHTTPRequestHandler):
        def reply(self, status, kind, chunks):
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.end_headers()

            async def copy():
                async for c in chunks:
                    self.wfile.write(c)
                    self.wfile.flush()
            asyncio.run(copy())

        def do_POST(self):
            self.reply(*answer_to(self.path, self.rfile.read(int(self.headers["Content-Length"]))))

        def do_GET(self):
            self.reply(*answer_to("", b""))

        def log_message(self, *_):
            pass
    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    runners = {"uvicorn": run_uvicorn, "aiohttp": run_aiohttp, "http.server": run_http_server}
    runners[sys.argv[1]](int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 5)
