"""client_anthropic.py - Anthropic's Python client against the simulator. usage: client_anthropic.py URL FAULTY_URL

URL wants the key "correct" and serves only the model "llama"; FAULTY_URL breaks each answer off by an error.
"""
import sys

import anthropic

url, faulty = sys.argv[1:]
client = anthropic.Anthropic(base_url=url, api_key="correct", max_retries=0, timeout=30)
ASK = {"model": "llama", "system": "Be brief.", "messages": [{"role": "user", "content": "How deep is it?"}]}


def same(got, wanted, what):
    if got != wanted:
        sys.exit(f"{what}: {got!r}, not {wanted!r}")


def raises(kind, status, what, who=client, **request):
    try:
        done = who.messages.create(**request)
        if request.get("stream"):
            list(done)
    except kind as e:
        if status is not None:
            same(e.status_code, status, what)
        return e
    sys.exit(f"{what}: no {kind.__name__}")


done = client.messages.create(**ASK, max_tokens=7)
same((done.type, done.role, done.model, done.stop_reason), ("message", "assistant", "llama", "max_tokens"), "message")
same([b.type for b in done.content], ["text"], "blocks")
same(len(done.content[0].text.split()), 7, "words")
usage = done.usage
same((usage.input_tokens + usage.cache_read_input_tokens, usage.output_tokens), (6, 7), "usage")

events = list(client.messages.create(**ASK, max_tokens=5, stream=True))
same([e.type for e in events if e.type != "ping"],
     ["message_start", "content_block_start"] + ["content_block_delta"] * 5 + ["content_block_stop", "message_delta", "message_stop"],
     "events")
same((events[-2].delta.stop_reason, events[-2].usage.output_tokens), ("max_tokens", 5), "the end")

with client.messages.stream(**ASK, max_tokens=9) as stream: # puts the message together itself
    pieces = list(stream.text_stream)
    whole = stream.get_final_message()
same((len(pieces), "".join(pieces)), (9, whole.content[0].text), "the pieces are the text")
same((whole.usage.output_tokens, whole.stop_reason), (9, "max_tokens"), "accumulated")

wrong = client.with_options(api_key="wrong")
e = raises(anthropic.AuthenticationError, 401, "a wrong key", wrong, **ASK, max_tokens=1)
same(e.body["error"]["type"], "authentication_error", "the error's type")
raises(anthropic.NotFoundError, 404, "another model", **{**ASK, "model": "other"}, max_tokens=1)
raises(anthropic.BadRequestError, 400, "no messages", **{**ASK, "messages": []}, max_tokens=1)
broken = anthropic.Anthropic(base_url=faulty, api_key="x", max_retries=0, timeout=30)
raises(anthropic.APIStatusError, None, "an error event", broken, **ASK, max_tokens=3, stream=True)
print(f"anthropic {anthropic.__version__}: fine")
