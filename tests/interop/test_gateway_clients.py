"""OpenAI's Python client and LiteLLM through `weir gateway`, in front of the simulator and of an endpoint made here, which gives
what the simulator does not: tool calls, LMI's own words for an end, refusals of SageMaker and of its containers.
"""
import contextlib
import http.server
import json
import os
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import zlib

from foreign import last_line, venv
from gateway_lib import Gateway, environment, sagemaker
from lib import SANITIZED, SLOW, check

WEIR = os.path.abspath(sys.argv[1])
HERE = os.path.dirname(os.path.abspath(__file__))
PARSE = r'''
import json, sys
from prometheus_client.parser import text_string_to_metric_families as parse
print(json.dumps([[f.name, f.type, [[s.name, s.labels, s.value] for s in f.samples]] for f in parse(sys.stdin.read())]))
'''

# ---- the endpoint


def header(name, value):
    return struct.pack(">B", len(name)) + name.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()


def frame(payload):
    heads = header(":message-type", "event") + header(":event-type", "PayloadPart")
    text = struct.pack(">II", 16 + len(heads) + len(payload), len(heads))
    text += struct.pack(">I", zlib.crc32(text)) + heads + payload
    return text + struct.pack(">I", zlib.crc32(text))


def chunk(delta, finish=None):
    return {"id": "chatcmpl-7", "object": "chat.completion.chunk", "created": 1712792433, "model": "m",
            "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]}


def lmi(n, text, end=False):
    token = {"token": {"id": n, "text": text, "log_prob": -0.5}}
    return {**token, "generated_text": "Deep über \"water\"\n",
            "details": {"finish_reason": "eos_token", "generated_tokens": 4, "inputs": None}} if end else token


LMI = [lmi(1, "Deep "), lmi(2, "über"), lmi(3, " \"water\"\n"), lmi(4, "", end=True)]
CALL = {"id": "call_1", "type": "function", "function": {"name": "depth", "arguments": '{"of":"weir"}'}}
TOOLS = [chunk({"role": "assistant", "content": None}),
         chunk({"tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": {"name": "depth", "arguments": ""}}]}),
         chunk({"tool_calls": [{"index": 0, "function": {"arguments": '{"of"'}}]}),
         chunk({"tool_calls": [{"index": 0, "function": {"arguments": ':"weir"}'}}]}), chunk({}, "tool_calls")]
EOS = [chunk({"role": "assistant", "content": "Deep "}), chunk({"content": "über"}), chunk({"content": " \"water\"\n"}, "eos_token")]
TOOLS_WHOLE = {"id": "chatcmpl-7", "object": "chat.completion", "created": 1712792433, "model": "m", "choices": [
    {"index": 0, "message": {"role": "assistant", "content": None, "tool_calls": [CALL]}, "logprobs": None,
     "finish_reason": "tool_calls"}], "usage": {"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14}}


def as_lines(events):
    return "application/jsonlines", "".join(json.dumps(e) + "\n" for e in events).encode()


def as_sse(events, done="data: [DONE]\n\n"):
    return "text/event-stream", ("".join(f"data: {json.dumps(e)}\n\n" for e in events) + done).encode()


STREAMS = {"lmi-lines": as_lines(LMI), "lmi-sse": as_sse(LMI, ""), "chat-eos": as_lines(EOS), "tools": as_sse(TOOLS),
           "cut": as_sse(TOOLS[:1] + EOS[:2], ""), "nonsense": ("text/event-stream", b"data: <html>\n\n"),
           "whole-tools": ("application/json", json.dumps(TOOLS_WHOLE).encode()), "throttled-once": as_lines(LMI)}
DOCUMENTS = {"tools": TOOLS_WHOLE, "lmi-lines": [{"generated_text": "Deep über \"water\"\n", "details": LMI[-1]["details"]}],
             "throttled-once": {"generated_text": "Deep", "details": LMI[-1]["details"]}}


def model_error(status, text):
    return 424, "ModelError", {"ErrorCode": "CLIENT_ERROR_FROM_MODEL", "LogStreamArn": "arn:aws:logs:us-east-1:111122223333:x",
                               "Message": f"Received client error ({status}) from primary. See arn:aws:x for more.",
                               "OriginalMessage": text, "OriginalStatusCode": status}


DENIED = ("The request signature we calculated does not match the signature you provided.\n\nThe Canonical String for this request "
          "should have been\n'POST\n/x\n\nx-amz-security-token:SECRETTOKEN\n\nAWS4-HMAC-SHA256'")
REFUSALS = {
    "e-400": model_error(400, json.dumps({"error": "the prompt is too long", "code": 424})),
    "e-422": model_error(422, json.dumps({"object": "error", "message": "no", "type": "x", "param": None, "code": 422})),
    "e-500": model_error(500, "CUDA out of memory"),
    "throttled": (400, "ThrottlingException", {"message": "Rate exceeded"}),
    "throttled-once": (429, "ThrottlingException", {"message": "Rate exceeded"}),
    "loading": (429, "ModelNotReadyException", {"Message": "Model is loading"}),
    "gone": (400, "ValidationError", {"Message": "Endpoint x of account 111122223333 not found."}),
    "denied": (403, "", {"message": DENIED}),
}


class Double(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    throttled = set()

    def answer(self, status, kind, body, **more):
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **more}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        model, stream = body["model"], self.path.endswith("-response-stream")
        once = model == "throttled-once" and model not in self.throttled
        self.throttled.add(model)
        if model in REFUSALS and (model != "throttled-once" or once):
            status, kind, text = REFUSALS[model]
            self.answer(status, "application/json", json.dumps(text).encode(), x_amzn_errortype=kind + ":http://internal/")
        elif model == "late":
            time.sleep(0.8 * SLOW)
            with contextlib.suppress(OSError): # the gateway has gone
                self.answer(200, "application/json", b"{}")
        elif stream:
            kind, text = STREAMS[model]
            parts = b"".join(frame(text[i:i + 33]) for i in range(0, len(text), 33))
            self.answer(200, "application/vnd.amazon.eventstream", parts, X_Amzn_SageMaker_Content_Type=kind)
        else:
            text = DOCUMENTS.get(model)
            self.answer(200, "application/json", json.dumps(text).encode() if text else b"<html>")

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def endpoint():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Double)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


def metrics(gateway):
    text = urllib.request.urlopen(gateway.url + "/metrics", timeout=30).read().decode()
    python = os.path.join(venv("prometheus-client", "prometheus-client"), "python")
    told = subprocess.run([python, "-c", PARSE], input=text, capture_output=True, text=True, timeout=60, check=False)
    check(told.returncode == 0, f"prometheus_client refuses the gateway's text: {told.stderr}")
    families = {name: (kind, samples) for name, kind, samples in json.loads(told.stdout)}
    for name, kind in (("requests", "counter"), ("errors", "counter"), ("requests_in_flight", "gauge"),
                       ("prompt_tokens", "counter"), ("completion_tokens", "counter"), ("emf_dropped", "counter"),
                       ("time_to_first_token_seconds", "histogram"), ("request_duration_seconds", "histogram"),
                       ("overhead_seconds", "histogram"), ("instance_hourly_usd", "gauge")):
        check(families.get("weir_gateway_" + name, ("",))[0] == kind, f"{name}: {families.get('weir_gateway_' + name)}")
    samples = families["weir_gateway_requests"][1]
    check(all(s[1]["endpoint"] == "double" for s in samples), f"labels: {samples}")
    got = sum(s[2] for s in samples)
    end = time.monotonic() + 5 * SLOW
    while len(gateway.lines) < got and time.monotonic() < end: # their thread may be behind
        time.sleep(0.01)
    check(got == len(gateway.lines), f"{got} requests counted, {len(gateway.lines)} metric lines")
    errors = {s[1]["code"]: s[2] for s in families["weir_gateway_errors"][1]}
    check(errors["upstream_throttled"] == 3 and errors["upstream_timeout"] == 2 and errors["upstream_credentials"] == 2, f"{errors}")
    check(families["weir_gateway_requests_in_flight"][1][0][2] == 0, "in flight, at rest")


def main():
    openai = os.path.join(venv("openai", "openai"), "python")
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="weir-gateway-"))
        keys = os.path.join(folder, "keys")
        with open(keys, "w") as f:
            f.write("# of the test\ncorrect\n")

        def sim(*options):
            return stack.enter_context(sagemaker(WEIR, "--itl", "5ms", *options, truth=False)).url

        def gateway(url, name, *options):
            own = environment(AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME=url)
            return stack.enter_context(Gateway(WEIR, "sagemaker:" + name, "--instance-hourly-usd", "1.21", *options, env=own))
        good = sim()
        away = stack.enter_context(endpoint())
        at = {"sim": gateway(good, "twin"), "keyed": gateway(good, "twin", "--api-key-file", keys),
              "sick": gateway(sim("--fault", "error_event:1"), "twin"), "broken": gateway(sim("--fault", "exception:1"), "twin"),
              "double": gateway(away, "double", "--first-timeout", f"{0.4 * SLOW}s")}
        env = {k: v for k, v in os.environ.items() if not k.upper().endswith("_PROXY")}

        def client(python, script, *words):
            done = subprocess.run([python, os.path.join(HERE, script), *words], capture_output=True, text=True,
                                  env={**env, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}, timeout=90 * SLOW, check=False)
            check(done.returncode == 0, f"{script}: exit {done.returncode}\n{done.stdout}{done.stderr}")
            print(last_line(done.stdout))
        client(openai, "client_gateway.py", *(f"{k}={g.url}" for k, g in at.items()))
        metrics(at["double"])
        if not SANITIZED: # a program of several seconds, for what does not depend on how weir was compiled
            emf = os.path.join(folder, "emf")
            with open(emf, "w") as f:
                f.writelines(at["sim"].lines + at["double"].lines)
            litellm = os.path.join(venv("litellm", "litellm[proxy]"), "python")
            client(litellm, "client_gateway_litellm.py", at["sim"].url, at["double"].url, emf)


main()
