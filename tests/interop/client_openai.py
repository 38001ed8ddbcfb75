"""client_openai.py - the official Python client against the simulator. usage: client_openai.py URL LIMITED_URL FAULTY_URL

URL wants the key "correct" and serves only the model "llama"; LIMITED_URL takes one request at a time; FAULTY_URL breaks each
stream off by an error event.
"""
import sys

import openai

url, limited, faulty = sys.argv[1:]
client = openai.OpenAI(base_url=url + "/v1", api_key="correct", max_retries=0)
ASK = {"model": "llama", "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "How deep is it?"}]}


def same(got, wanted, what):
    if got != wanted:
        sys.exit(f"{what}: {got!r}, not {wanted!r}")


def raises(kind, status, what, **request):
    try:
        request.pop("client", client).chat.completions.create(**request)
    except kind as e:
        same(e.status_code, status, what)
        same(bool(e.message and e.body and e.body.get("message")), True, f"{what}: the error's message ({e.body!r})")
        return e
    sys.exit(f"{what}: no {kind.__name__}")


same([m.id for m in client.models.list()], ["llama"], "models")

done = client.chat.completions.create(**ASK, max_tokens=7)
same((done.object, done.model, done.choices[0].finish_reason), ("chat.completion", "llama", "length"), "completion")
same((done.choices[0].message.role, len(done.choices[0].message.content.split())), ("assistant", 7), "message")
same((done.usage.completion_tokens, done.usage.prompt_tokens), (7, 6), "usage")
same(done.usage.total_tokens, 13, "total usage")

chunks = list(client.chat.completions.create(**ASK, max_tokens=5, stream=True, stream_options={"include_usage": True}))
same(chunks[0].choices[0].delta.role, "assistant", "the first chunk's role")
texts = [c.choices[0].delta.content for c in chunks if c.choices and c.choices[0].delta.content]
same((len(texts), len("".join(texts).split())), (5, 5), "chunks and words")
same([c.choices[0].finish_reason for c in chunks if c.choices][-1], "length", "finish reason")
same((chunks[-1].choices, chunks[-1].usage.completion_tokens), ([], 5), "the usage chunk")
same([c.usage for c in chunks[:-1]], [None] * (len(chunks) - 1), "no usage before the last chunk")
same({c.object for c in chunks}, {"chat.completion.chunk"}, "object")
same(len({c.id for c in chunks}), 1, "one id")

plain = list(client.chat.completions.create(**ASK, max_completion_tokens=4, stream=True))
same([c.usage for c in plain], [None] * len(plain), "no usage unasked")
same(sum(1 for c in plain if c.choices[0].delta.content), 4, "max_completion_tokens")

text = client.completions.create(model="llama", prompt="How deep is it?", max_tokens=6)
same((text.object, len(text.choices[0].text.split()), text.usage.prompt_tokens), ("text_completion", 6, 4), "text completion")
parts = list(client.completions.create(model="llama", prompt="Deep?", max_tokens=3, stream=True))
same(sum(1 for c in parts if c.choices and c.choices[0].text), 3, "streamed text")

with client.chat.completions.with_streaming_response.create(**ASK, max_tokens=1, extra_headers={"x-request-id": "mine-1"}) as raw:
    same(raw.headers.get("x-request-id"), "mine-1", "the request id is kept")
    raw.read()

wrong = openai.OpenAI(base_url=url + "/v1", api_key="wrong", max_retries=0)
raises(openai.AuthenticationError, 401, "a wrong key", client=wrong, **ASK)
raises(openai.NotFoundError, 404, "a wrong model", model="gpt", messages=ASK["messages"])
raises(openai.BadRequestError, 400, "no messages", model="llama", messages=[])

# One place: a second request is refused, and a client that tries again as Retry-After says gets through.
busy = openai.OpenAI(base_url=limited + "/v1", api_key="any", max_retries=0)
first = busy.chat.completions.create(**ASK, max_tokens=20, stream=True)
refused = raises(openai.RateLimitError, 429, "a second request at once", client=busy, **ASK)
same(int(refused.response.headers["retry-after"]) >= 1, True, "Retry-After")
same(len(busy.with_options(max_retries=5).chat.completions.create(**ASK, max_tokens=2).choices[0].message.content.split()), 2,
     "after trying again")
list(first)

broken = openai.OpenAI(base_url=faulty + "/v1", api_key="any", max_retries=0)
try:
    list(broken.chat.completions.create(**ASK, max_tokens=20, stream=True))
    sys.exit("an error event that the client does not see")
except openai.APIError as e:
    same(bool(e.message), True, "the error event's message")
print("openai", openai.__version__)
