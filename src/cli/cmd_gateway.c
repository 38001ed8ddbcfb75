/* cmd_gateway.c - `weir gateway`: OpenAI's chat API in front of a SageMaker endpoint. */
#include "base/log.h"
#include "cli/cmd.h"
#include "cli/opts.h"
#include "gateway/gateway.h"

static int run(int argc, const char *const *argv)
{
    struct gateway_config c = {0};
    struct opt_seen seen = {0};
    struct err e = {0};
    int rc;
    if (opt_parse(&opt_gateway, argc, argv, getenv, &c, &seen, &e) != 0 || gateway_config_check(&c, &seen, &e) != 0) {
        rc = cli_fail("gateway", &e);
        gateway_lambda_failed(e.text);
    } else {
        if (c.quiet)
            log_set_level(LOG_ERROR);
        rc = c.lambda ? gateway_run_lambda(&c) : gateway_run(&c);
    }
    opt_free(&opt_gateway, &c, &seen);
    return rc;
}

const struct cmd cmd_gateway = {
    .name = "gateway",
    .args = "[options]",
    .summary = "serve OpenAI's chat API in front of a SageMaker endpoint",
    .prose =
        "Serves POST /v1/chat/completions (also at /chat/completions and /prod/chat/completions), GET /v1/models, "
        "GET /health and GET /metrics in Prometheus's text format, until SIGTERM or Ctrl-C. The address stands on "
        "standard output as soon "
        "as it listens. Each request is signed (AWS Signature Version 4) and sent to the endpoint's invocations route, "
        "a stream to invocations-response-stream; what comes back goes to the client as OpenAI's events, each as soon "
        "as it is there.\n"
        "\n"
        "Answers tell X-Endpoint, X-TTFT-MS, X-Prompt-Tokens, X-Completion-Tokens, X-Tokens-Per-Second and "
        "X-Cost-Per-1K-USD: in headers where they are known by then, else behind the stream in trailers and in "
        "comments such as ': x-tokens-per-second=41.27'. Per request a line of CloudWatch's embedded metric format, of "
        "namespace LLM/Serving, goes to standard output.\n"
        "\n"
        "With --lambda the same runs as a function on AWS Lambda's custom runtime. docs/GATEWAY.md tells more.",
    .examples = "weir gateway --upstream sagemaker:my-endpoint --region us-east-1 --instance-hourly-usd 1.21\n"
                "weir gateway --upstream http://127.0.0.1:8000/endpoints/demo/invocations --listen 127.0.0.1:8080\n"
                "weir gateway --upstream http://127.0.0.1:8080/invocations --no-sigv4 --listen 127.0.0.1:0\n"
                "weir gateway --upstream sagemaker:my-endpoint --listen :8443 --tls --cert tls.pem --key tls.key "
                "--api-key-file keys.txt --max-requests 200",
    .options = &opt_gateway,
    .run = run,
};
