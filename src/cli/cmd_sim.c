/* cmd_sim.c - `weir sim`: an LLM server with a known model and a recorded truth. */
#include "base/log.h"
#include "cli/cmd.h"
#include "cli/opts.h"
#include "sim/sim.h"

static int run(int argc, const char *const *argv)
{
    struct sim_config c = {0};
    struct opt_seen seen = {0};
    struct err e = {0};
    int rc;
    if (opt_parse(&opt_sim, argc, argv, getenv, &c, &seen, &e) != 0 || sim_config_check(&c, &e) != 0) {
        rc = cli_fail("sim", &e);
    } else {
        sim_config_preset(&c, &seen);
        if (c.quiet)
            log_set_level(LOG_ERROR);
        rc = sim_run(&c);
    }
    opt_free(&opt_sim, &c, &seen);
    return rc;
}

const struct cmd cmd_sim = {
    .name = "sim",
    .args = "[options]",
    .summary = "serve as an LLM server with a known model and a recorded truth",
    .prose =
        "Serves OpenAI's chat, completions and responses, Anthropic's messages, Ollama's chat and generate, Text "
        "Generation Inference's generate and generate_stream, /v1/models, /health, /version, Prometheus metrics on "
        "/metrics, "
        "and /tokenizer?output_tokens=N, until SIGTERM or Ctrl-C. The address stands on standard output as soon as it "
        "listens.\n"
        "\n"
        "Its timing follows a model of continuous batching: a request waits for one of --max-seqs places, has its "
        "first "
        "token after --ttft and --prefill for each prompt token, and then one token with each step; a step lasts --itl "
        "and "
        "--itl-per-seq for each running request. A token is one word of fixed, seeded text, so counts are exact. "
        "--truth "
        "records when everything truly happened: the reference that a client's figures can be held against.",
    .examples = "weir sim --listen 127.0.0.1:8000\n"
                "weir sim --ttft 200ms --itl 20ms --jitter lognormal:0.2 --max-seqs 64\n"
                "weir sim --tls --write-cert sim.pem --api-key secret\n"
                "weir sim --preset flask-mock --max-concurrent-requests 10 --time-scale 0.1\n"
                "weir sim --fault reset:0.01,stall:0.05:2s --pause 2s@5s --truth truth.jsonl",
    .options = &opt_sim,
    .run = run,
};
