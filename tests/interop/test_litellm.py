"""`weir run` through a LiteLLM proxy in front of the simulator: every token, the server's usage, and its errors.

The proxy is asked to call nobody; whatever it tries all the same meets a port that refuses.
"""
import collections
import os
import secrets
import sys
import tempfile

from foreign import Server, free_ports, venv
from lib import Sim, check, clean_env, run

WEIR = sys.argv[1]
N, TOKENS = 60, 16

CONFIG = """
model_list:
  - model_name: through
    litellm_params: {{model: openai/weir-sim, api_base: "{good}/v1", api_key: none}}
  - model_name: faulty
    litellm_params: {{model: openai/weir-sim, api_base: "{bad}/v1", api_key: none}}
litellm_settings: {{telemetry: false, num_retries: 0, request_timeout: 60}}
router_settings: {{num_retries: 0, disable_cooldowns: true}}
"""


class LiteLLM(Server):
    def __init__(self, programs, good, bad):
        folder = tempfile.mkdtemp(prefix="weir-litellm-")
        port, nobody = free_ports(2)
        with open(os.path.join(folder, "config.yaml"), "w") as f:
            f.write(CONFIG.format(good=good.url, bad=bad.url))
        self.key = "sk-" + secrets.token_hex(24)
        self.url = f"http://127.0.0.1:{port}"
        refusing = f"http://127.0.0.1:{nobody}"
        env = clean_env(LITELLM_MASTER_KEY=self.key, LITELLM_LOCAL_MODEL_COST_MAP="True", LITELLM_TELEMETRY="False",
                        DISABLE_ADMIN_UI="True", LITELLM_LOG="ERROR", NO_PROXY="127.0.0.1,localhost", HOME=folder,
                        HTTP_PROXY=refusing, HTTPS_PROXY=refusing, ALL_PROXY=refusing)
        env = {k: v for k, v in env.items() if k not in ("http_proxy", "https_proxy", "all_proxy", "no_proxy")}
        super().__init__([os.path.join(programs, "litellm"), "--config", "config.yaml", "--host", "127.0.0.1", "--port",
                          str(port)], [port], 90, folder, env=env)

    def measure(self, *args, **more):
        return run(WEIR, self.url, *args, env=clean_env(OPENAI_API_KEY=self.key), **more)


def load(model):
    return ("--model", model, "--concurrency", "4", "--num-requests", str(N), "--duration", "none", "--max-tokens",
            str(TOKENS))


def counts(r, stream):
    rows = r.requests
    check(len(rows) == N and {q["outcome"] for q in rows} == {"ok"}, f"{collections.Counter(q['outcome'] for q in rows)}")
    for q in rows:
        check(q["token_source"] == "usage" and q["tokens_out"] == TOKENS, f"{q['token_source']} {q['tokens_out']}")
        if stream:
            check(len(q["dt"]) == TOKENS, f"{len(q['dt'])} token events; the role and the usage are none")
    level = r.summary["levels"][0]
    check(level["tokens"]["source"] == "usage" and level["tokens"]["output"] == N * TOKENS, f"{level['tokens']}")
    return rows


def against_truth(r, truth):
    """LiteLLM hands the simulator's request id on, so each request finds its own truth."""
    for q in r.requests:
        t = truth.get(q["request_id"])
        check(t, f"no truth of request {q['request_id']!r}")
        check((q["tokens_in"], q["tokens_out"]) == (t["prompt_tokens"], t["output_tokens"]), f"counts: {q}, {t}")
        if not q.get("streamed"):
            continue
        at = r.run["epoch_mono"] + q["first_token"]
        for gap, written in zip(q["dt"], t["tokens"]):
            at += gap
            check(at > written, "a token was seen before it was written")


def other_dialects(proxy, chat):
    """LiteLLM speaks these itself, whatever stands behind it: to the client it is a foreign server of each."""
    words = {q["sample"]: q["tokens_in"] for q in chat.requests}
    for api in ("anthropic-messages", "openai-responses"):
        for how in ((), ("--no-stream",)):
            r = run(WEIR, proxy.url, "--api", api, *load("through"), *how, "--num-requests", "16",
                    env=clean_env(OPENAI_API_KEY=proxy.key, ANTHROPIC_API_KEY=proxy.key))
            for q in r.requests:
                check(q["outcome"] == "ok" and q["finish"] == "length", f"{api}: {q['outcome']} {q.get('detail')}")
                check((q["token_source"], q["tokens_out"]) == ("usage", TOKENS), f"{api}: {q['token_source']} {q['tokens_out']}")
                check(q["tokens_in"] == words[q["sample"]], f"{api}: {q['tokens_in']} in, {words[q['sample']]} by chat")
                check(how or (len(q["dt"]) == TOKENS and q["terminal"]), f"{api}: {q}")
            no_secret(r, proxy.key)
        print(f"{api}: streamed and whole")


def no_secret(r, key):
    for name in os.listdir(r.dir):
        with open(r.path(name), "rb") as f:
            check(key.encode() not in f.read(), f"the key stands in {name}")
    check(key not in r.stdout + r.stderr, "the key was printed")


def faults(proxy, bad):
    """What the simulator does wrong arrives as LiteLLM's own errors, and never as an answer."""
    r = proxy.measure(*load("faulty"), "--no-probe", expect=None)
    truth = bad.truth()
    got = collections.Counter(q["outcome"] for q in r.requests)
    struck = collections.Counter(t["fault"] for t in truth.values() if t["path"] == "/v1/chat/completions")
    print("faults behind the proxy:", dict(struck), "outcomes:", dict(got))
    check(got["ok"] == struck[None], f"{got['ok']} ok, {struck[None]} without fault")
    check(got["http_500"] + got["http_503"] == struck["http503"], "the status of a refused request")
    check(got["in_stream_error"] == struck["error_event"], "errors inside a stream")
    check(sum(got.values()) == N, f"{sum(got.values())} requests")


def main():
    programs = venv("litellm", "litellm[proxy]")
    with Sim(WEIR, "--ttft", "20ms", "--itl", "5ms") as good, \
            Sim(WEIR, "--ttft", "10ms", "--itl", "2ms", "--fault", "error_event:0.3,http503:0.2", "--seed", "3") as bad, \
            LiteLLM(programs, good, bad) as proxy:
        r = proxy.measure(*load("through"))
        counts(r, True)
        no_secret(r, proxy.key)
        server = r.json("metadata.json")["server"]
        check(server["stream_options"] and server["usage"], "LiteLLM takes stream_options and reports usage")
        whole = proxy.measure(*load("through"), "--no-stream")
        counts(whole, False)
        other_dialects(proxy, r)
        faults(proxy, bad)

        # The first model that the proxy lists is taken where none is named.
        named = proxy.measure("--num-requests", "1", "--max-tokens", "2")
        check(named.json("metadata.json")["model"] == "through", "the model that /v1/models names first")
        wrong = proxy.measure("--model", "nobody", "--num-requests", "1", expect=2)
        check("Invalid model name" in wrong.stderr, f"a wrong model: {wrong.stderr}")
        key = run(WEIR, proxy.url, "--model", "through", "--num-requests", "1", expect=None,
                  env=clean_env(OPENAI_API_KEY="sk-wrong-and-long-enough"))
        check(key.code in (1, 2) and "status 4" in key.stderr and "sk-wrong" not in key.stderr, f"a wrong key: {key.stderr}")
        truth = good.truth()
        against_truth(r, truth)
        against_truth(whole, truth)
        gone = proxy.measure("--model", "through", "--num-requests", "1", expect=1)
        check("status 500" in gone.stderr or "status 503" in gone.stderr, f"behind the proxy nobody: {gone.stderr}")


main()
