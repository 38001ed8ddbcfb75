"""OpenAI's Python client against the simulators that test_sim_clients.sh started."""
import asyncio
import os
import ssl

import openai

MESSAGES = [{"role": "system", "content": "be brief"}, {"role": "user", "content": "what is\na weir?"}]  # 6 words


def client(name, **more):
    return openai.OpenAI(base_url=os.environ[name] + "/v1", api_key="sesame", max_retries=0, timeout=20, **more)


def test_plain():
    c = client("WEIR_PLAIN")
    assert [m.id for m in c.models.list()] == ["weir-sim"]
    r = c.chat.completions.with_raw_response.create(
        model="any", messages=MESSAGES, max_tokens=50, extra_headers={"x-request-id": "py-1"})
    assert r.headers["x-request-id"] == "py-1"
    r = r.parse()
    assert r.model == "any" and r.object == "chat.completion" and "py-1" in r.id
    assert r.choices[0].message.role == "assistant" and r.choices[0].finish_reason == "length"
    assert len(r.choices[0].message.content.split()) == 50
    assert (r.usage.prompt_tokens, r.usage.completion_tokens, r.usage.total_tokens) == (6, 50, 56)
    r = c.chat.completions.create(model="any", messages=MESSAGES)
    assert r.choices[0].finish_reason == "stop" and r.usage.completion_tokens == 128
    r = c.completions.create(model="any", prompt="one two", max_tokens=3)
    assert len(r.choices[0].text.split()) == 3 and r.usage.prompt_tokens == 2


def read(stream, text_of):
    texts, finish, usage = [], None, None
    for chunk in stream:
        if chunk.usage is not None:
            usage = chunk.usage
        for choice in chunk.choices:
            text = text_of(choice)
            if text:
                texts.append(text)
            finish = choice.finish_reason or finish
    return texts, finish, usage


def test_streams():
    c = client("WEIR_PLAIN")
    texts, finish, usage = read(
        c.chat.completions.create(model="any", messages=MESSAGES, max_completion_tokens=500, stream=True,
                                  stream_options={"include_usage": True}), lambda x: x.delta.content)
    assert len(texts) == 500 and len("".join(texts).split()) == 500, "one token is one event is one word"
    assert finish == "length" and usage.completion_tokens == 500 and usage.prompt_tokens == 6
    first = next(iter(c.chat.completions.create(model="any", messages=MESSAGES, max_tokens=1, stream=True)))
    assert first.choices[0].delta.role == "assistant" and first.choices[0].delta.content == ""
    texts, finish, usage = read(c.completions.create(model="any", prompt="x", max_tokens=40, stream=True),
                                lambda x: x.text)
    assert len(texts) == 40 and finish == "length" and usage is None


def raises(kind, status, call):
    try:
        result = call()
        if isinstance(result, openai.Stream):
            list(result)
    except kind as e:
        if status is not None:
            assert e.status_code == status, e
        assert "weir" in str(e) or e.body is not None, e
        return e
    raise AssertionError(f"no {kind.__name__}")


def test_errors():
    c, tls = client("WEIR_PLAIN"), client("WEIR_TLS", http_client=trusting())
    ok = dict(model="only", messages=MESSAGES, max_tokens=3)
    assert tls.chat.completions.create(**ok).usage.completion_tokens == 3
    raises(openai.BadRequestError, 400, lambda: c.chat.completions.create(**{**ok, "n": 2}))
    raises(openai.BadRequestError, 400, lambda: c.chat.completions.create(**{**ok, "max_tokens": 0}))
    raises(openai.BadRequestError, 400, lambda: c.chat.completions.create(**{**ok, "messages": []}))
    e = raises(openai.NotFoundError, 404, lambda: tls.chat.completions.create(**{**ok, "model": "other"}))
    assert e.code == "model_not_found" and e.param == "model"
    wrong = tls.with_options(api_key="wrong")
    raises(openai.AuthenticationError, 401, lambda: wrong.chat.completions.create(**ok))
    bad = client("WEIR_ERROR")
    raises(openai.APIError, None, lambda: bad.chat.completions.create(**ok, stream=True))


def test_busy():
    for name, kind, status in (("WEIR_LIMIT", openai.RateLimitError, 429),
                               ("WEIR_QUEUE", openai.InternalServerError, 503)):
        c = client(name)
        ask = dict(model="m", messages=MESSAGES, max_tokens=2000)
        with c.chat.completions.create(**ok_stream(ask)) as stream:
            next(iter(stream))
            e = raises(kind, status, lambda: c.chat.completions.create(**ask))
            assert e.response.headers["retry-after"] == "1"
        # The stream above was left in the middle: its slot is free again at once.
        for _ in range(100):
            try:
                c.chat.completions.create(**{**ask, "max_tokens": 1})
                break
            except kind:
                pass
        else:
            raise AssertionError("the slot of a client that went away stays taken")


def ok_stream(ask):
    return {**ask, "stream": True}


def trusting():
    return openai.DefaultHttpxClient(verify=ssl.create_default_context(cafile=os.environ["WEIR_CERT"]))


async def many():
    async with openai.AsyncOpenAI(base_url=os.environ["WEIR_PLAIN"] + "/v1", api_key="x", max_retries=0,
                                  timeout=30) as c:
        async def one(n):
            words = []
            async for chunk in await c.chat.completions.create(model="m", messages=MESSAGES, max_tokens=n, stream=True):
                words += [x.delta.content for x in chunk.choices if x.delta.content]
            return len(words) == n
        assert all(await asyncio.gather(*(one(20 + i) for i in range(40))))


test_plain()
test_streams()
test_errors()
test_busy()
asyncio.run(many())
print(f"openai {openai.__version__} for Python: fine")
