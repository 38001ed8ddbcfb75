"""client_responses.py - responses by OpenAI's Python client against the simulator. usage: client_responses.py URL FAULTY_URL

URL wants the key "correct" and serves only the model "llama"; FAULTY_URL breaks each answer off by an error.
"""
import sys

import openai

url, faulty = sys.argv[1:]
client = openai.OpenAI(base_url=url + "/v1", api_key="correct", max_retries=0, timeout=30)
ASK = {"model": "llama", "instructions": "Be brief.", "input": [{"role": "user", "content": "How deep is it?"}]}


def same(got, wanted, what):
    if got != wanted:
        sys.exit(f"{what}: {got!r}, not {wanted!r}")


done = client.responses.create(**ASK, max_output_tokens=7)
same((done.object, done.model, done.status, done.incomplete_details.reason), ("response", "llama", "incomplete", "max_output_tokens"),
     "response")
same(len(done.output_text.split()), 7, "words")
same((done.usage.input_tokens, done.usage.output_tokens, done.usage.total_tokens), (6, 7, 13), "usage")
same(client.responses.create(model="llama", input="How deep?").status, "completed", "a plain string, no limit")

events = list(client.responses.create(**ASK, max_output_tokens=5, stream=True))
same([e.sequence_number for e in events], list(range(len(events))), "sequence numbers")
deltas = [e.delta for e in events if e.type == "response.output_text.delta"]
same((len(deltas), events[0].type, events[-1].type), (5, "response.created", "response.incomplete"), "events")
same("".join(deltas), events[-1].response.output_text, "the deltas are the text")
same([e.text for e in events if e.type == "response.output_text.done"], ["".join(deltas)], "and so is what is done")
same(events[-1].response.usage.output_tokens, 5, "usage at the end")

with client.responses.stream(**ASK) as stream: # puts the response together itself
    for _ in stream:
        pass
    same(len(stream.get_final_response().output_text.split()), 128, "accumulated")

for kind, what, more in ((openai.AuthenticationError, "a wrong key", {}), (openai.NotFoundError, "another model", {"model": "other"}),
                         (openai.BadRequestError, "a bad limit", {"max_output_tokens": 0})):
    who = client.with_options(api_key="wrong") if not more else client
    try:
        who.responses.create(**{**ASK, **more})
        sys.exit(f"{what}: accepted")
    except kind as e:
        same(bool(e.body and e.body.get("message")), True, what)
broken = openai.OpenAI(base_url=faulty + "/v1", api_key="x", max_retries=0, timeout=30)
events = []
try:
    for e in broken.responses.create(**ASK, stream=True):
        events.append(e.type)
except openai.APIError:
    events.append("error")
same(events[-1], "error", "an error event")
print(f"openai {openai.__version__}, responses: fine")
