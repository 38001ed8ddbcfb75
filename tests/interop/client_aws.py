"""client_aws.py - botocore's clients of sagemaker-runtime and bedrock-runtime against the simulator.
usage: client_aws.py NAME=URL ...

NAME says what the simulator at URL does: fine, slices (LMI's lines torn over frames), split, exception, error_frame, bad_crc,
error_event, throttled. botocore decodes the frames with its own code and checks both of their checksums.
"""
import json
import sys

import botocore
from botocore.config import Config
from botocore.eventstream import ChecksumMismatch
from botocore.exceptions import ClientError, EventStreamError
from botocore.session import Session

urls = dict(a.split("=", 1) for a in sys.argv[1:])
session = Session()
session.set_credentials("AKIDEXAMPLE", "secret")
CLAUDE, LLAMA, TITAN = "anthropic.claude-3-haiku-20240307-v1:0", "us.meta.llama3-1-8b-instruct-v1:0", "amazon.titan-text-lite-v1"
ARN = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/" + CLAUDE


def same(got, wanted, what):
    if got != wanted:
        sys.exit(f"{what}: {got!r}, not {wanted!r}")


def client(service, name):
    return session.create_client(service, region_name="us-east-1", endpoint_url=urls[name],
                                 config=Config(retries={"total_max_attempts": 1}, proxies={}))


def raises(kind, what, call):
    try:
        call()
    except kind as e:
        return e
    sys.exit(f"{what}: no {kind.__name__}")


# ---- SageMaker

def lmi(n, stream=True):
    return json.dumps({"inputs": "a b c", "parameters": {"max_new_tokens": n}, "stream": stream})


def stream(name, body, **more):
    return client("sagemaker-runtime", name).invoke_endpoint_with_response_stream(
        EndpointName="e", Body=body, ContentType="application/json", **more)


def parts(answer):
    return [e["PayloadPart"]["Bytes"] for e in answer["Body"]]


def lines(name, n):
    answer = stream(name, lmi(n))
    same((answer["ContentType"], answer["InvokedProductionVariant"]), ("application/jsonlines", "AllTraffic"), "heads")
    got = parts(answer)
    return got, [json.loads(line) for line in b"".join(got).splitlines()]


def tokens(got, n, what):
    same([t["token"]["id"] for t in got], list(range(1, n + 1)), f"{what}: tokens")
    same("".join(t["token"]["text"] for t in got), got[-1]["generated_text"], f"{what}: the tokens are the text")
    same(got[-1]["details"]["generated_tokens"], n, f"{what}: details")


whole, rows = lines("fine", 6)
tokens(rows, 6, "lines")
same([len(p.splitlines()) for p in whole], [1] * 6, "a line is a part")
torn, rows = lines("slices", 40)
tokens(rows, 40, "slices")
same(len(torn), 120, "three parts for each line")
same(any(p.endswith(b"\n") for p in torn[0::3] + torn[1::3]), False, "lines end with the third")
tokens(lines("split", 5)[1], 5, "split")

answer = stream("fine", lmi(4), Accept="text/event-stream")
same(answer["ContentType"], "text/event-stream", "SSE: type")
events = b"".join(parts(answer)).decode().split("\n\n")
same(events.pop(), "", "SSE: its end")
tokens([json.loads(e[5:]) for e in events if e.startswith("data:{")], 4, "SSE")

chat = {"messages": [{"role": "user", "content": "How deep is it?"}], "max_tokens": 5, "stream": True,
        "stream_options": {"include_usage": True}}
events = b"".join(parts(stream("fine", json.dumps(chat)))).decode().split("\n\n")
same(events[-2:], ["data: [DONE]", ""], "chat: its end")
chunks = [json.loads(e[6:]) for e in events[:-2]]
same([c["object"] for c in chunks], ["chat.completion.chunk"] * len(chunks), "chat: chunks")
same(sum(bool(c["choices"] and c["choices"][0]["delta"].get("content")) for c in chunks), 5, "chat: tokens")
same(chunks[-1]["usage"]["completion_tokens"], 5, "chat: usage")

same("".join(p.decode() for p in parts(stream("fine", lmi(3, stream=False)))).count("generated_text"), 1, "a body that is none")
answer = client("sagemaker-runtime", "fine").invoke_endpoint(EndpointName="e", Body=lmi(7), ContentType="application/json")
same(json.loads(answer["Body"].read())["details"]["generated_tokens"], 7, "InvokeEndpoint")

e = raises(EventStreamError, "SageMaker's exception", lambda: parts(stream("exception", lmi(9))))
same((e.response["Error"]["Code"], e.response["Error"]["Message"]), ("ModelStreamError", "The simulated engine failed."), "exception")
e = raises(EventStreamError, "an error frame", lambda: parts(stream("error_frame", lmi(9))))
same((e.response["Error"]["Code"], e.response["Error"]["Message"]), ("InternalError", "The simulated engine failed."), "error frame")
raises(ChecksumMismatch, "a wrong checksum", lambda: parts(stream("bad_crc", lmi(9))))
last = lines("error_event", 9)[1][-1]
same((last["details"]["finish_reason"], last["token"]["id"]), ("error", -1), "LMI's own error")
e = raises(ClientError, "no inputs", lambda: stream("fine", "{}"))
same(e.response["Error"]["Message"], "'inputs' is missing.", "no inputs")

# ---- Bedrock

MESSAGES = [{"role": "user", "content": [{"text": "How deep is it?"}]}]


def converse(name, n, model=CLAUDE):
    answer = client("bedrock-runtime", name).converse_stream(modelId=model, messages=MESSAGES, system=[{"text": "Be brief."}],
                                                             inferenceConfig={"maxTokens": n})
    return list(answer["stream"])


for model in (CLAUDE, ARN):
    got = converse("fine", 6, model)
    same([next(iter(e)) for e in got], ["messageStart"] + ["contentBlockDelta"] * 6 + ["contentBlockStop", "messageStop", "metadata"],
         "converse: events")
    same((got[0]["messageStart"]["role"], got[-2]["messageStop"]["stopReason"]), ("assistant", "max_tokens"), "converse: ends")
    same(got[-1]["metadata"]["usage"], {"inputTokens": 6, "outputTokens": 6, "totalTokens": 12}, "converse: usage")
    same(len("".join(e["contentBlockDelta"]["delta"]["text"] for e in got[1:7]).split()), 6, "converse: words")
same(len(converse("split", 4)), 8, "converse: split")
answer = client("bedrock-runtime", "fine").converse(modelId=CLAUDE, messages=MESSAGES, inferenceConfig={"maxTokens": 5})
same((answer["usage"]["outputTokens"], answer["stopReason"], len(answer["output"]["message"]["content"][0]["text"].split())),
     (5, "max_tokens", 5), "converse, whole")


def invoke(name, model, body):
    answer = client("bedrock-runtime", name).invoke_model_with_response_stream(modelId=model, body=json.dumps(body))
    same(answer["contentType"], "application/json", "content type")
    return [json.loads(e["chunk"]["bytes"]) for e in answer["body"]]


def invoke_whole(model, body):
    answer = client("bedrock-runtime", "fine").invoke_model(modelId=model, body=json.dumps(body))
    same(answer["ResponseMetadata"]["HTTPHeaders"]["x-amzn-bedrock-output-token-count"], "5", "header")
    return json.loads(answer["body"].read())


ANTHROPIC = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 5, "messages": [{"role": "user", "content": "How deep is it?"}]}
got = invoke("fine", CLAUDE, ANTHROPIC)
same([e["type"] for e in got if e["type"] != "ping"],
     ["message_start", "content_block_start"] + ["content_block_delta"] * 5 + ["content_block_stop", "message_delta", "message_stop"],
     "Anthropic's events")
same((got[0]["message"]["model"], got[-1]["amazon-bedrock-invocationMetrics"]["outputTokenCount"]), (CLAUDE, 5), "model, metrics")
same(invoke_whole(CLAUDE, ANTHROPIC)["usage"]["output_tokens"], 5, "Anthropic, whole")
got = invoke("fine", LLAMA, {"prompt": "a b", "max_gen_len": 5})
same([e["generation_token_count"] for e in got], [1, 2, 3, 4, 5, 5], "Llama's counts")
same((got[0]["prompt_token_count"], got[-1]["stop_reason"]), (2, "length"), "Llama's ends")
same(len(invoke_whole(LLAMA, {"prompt": "a b", "max_gen_len": 5})["generation"].split()), 5, "Llama, whole")
TEXT = {"inputText": "a b c", "textGenerationConfig": {"maxTokenCount": 5}}
got = invoke("fine", TITAN, TEXT)
same((len(got), got[0]["inputTextTokenCount"], got[-1]["totalOutputTextTokenCount"], got[-1]["completionReason"]), (5, 3, 5, "LENGTH"),
     "Titan's events")
same(invoke_whole(TITAN, TEXT)["results"][0]["tokenCount"], 5, "Titan, whole")

for kind in ("exception", "error_event"):
    e = raises(EventStreamError, kind, lambda: converse(kind, 9))
    same(e.response["Error"]["Code"], "modelStreamErrorException", f"converse: {kind}")
    raises(EventStreamError, kind, lambda: invoke(kind, CLAUDE, ANTHROPIC))
raises(ChecksumMismatch, "a wrong checksum", lambda: converse("bad_crc", 9))
for call in (lambda: converse("throttled", 9), lambda: stream("throttled", lmi(9))):
    e = raises(ClientError, "429", call)
    same((e.response["Error"]["Code"], e.response["ResponseMetadata"]["HTTPStatusCode"]), ("ThrottlingException", 429), "429")
print(f"botocore {botocore.__version__}: fine")
