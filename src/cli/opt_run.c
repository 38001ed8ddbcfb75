/* opt_run.c - the options of `weir run`, into struct run_config. */
#include "campaign/campaign.h"
#include "cli/opts.h"

#define C struct run_config
#define FILES "The benchmark"
#define TARGET "Target"
#define AUTH "Authentication"
#define LOAD "Load"
#define BODY "What to send"
#define TIME "Timeouts and connections"
#define OUT "Judgement and output"

static const struct opt rows[] = {
    /* --- the benchmark itself --- */
    {"file", 'f', "config", "FILE", FILES, OPT_STRS(C, files), .flags = OPT_FILE | OPT_NO_FILE,
     .check = check_not_empty,
     .help = "Read options from this YAML file, by their long names, and levels that differ in more than their load; - "
             "is standard input. Repeated: the later file wins. The environment and the command line win over files."},
    {"show-config", 0, NULL, NULL, FILES, OPT_BOOL(C, show_config), .flags = OPT_NO_FILE,
     .help = "Print the options as they come together, as YAML with where each comes from, and end."},
    {"dry-run", 0, NULL, NULL, FILES, OPT_BOOL(C, dry_run), .flags = OPT_NO_FILE,
     .help = "Check everything, print the levels, their first instants and a request, and send nothing."},

    /* --- target --- */
    {"url", 0, "base-url", "URL", TARGET, OPT_STRS(C, urls), .check = check_not_empty,
     .help = "The same as a URL without an option, for the environment: an endpoint to measure, or several, separated "
             "by spaces."},
    {"balance", 0, NULL, "HOW", TARGET, OPT_CHOICE(C, balance), .def = "round-robin",
     .choices = "round-robin least-in-flight",
     .help =
         "How requests are spread over several URLs: in turn, or each to the one with the fewest requests in flight "
         "(counted by each of the --workers for itself)."},
    {"model", 'm', NULL, "NAME", TARGET, OPT_STR(C, model), .group = "model", .check = check_not_empty,
     .flags = OPT_LEVEL, .help = "Model to ask for. Default: the first that the server's /v1/models names."},
    {"model-mix", 0, "lora-mix", "'NAME=WEIGHT,...'", TARGET, OPT_STR(C, model_mix), .group = "model",
     .check = check_mix, .flags = OPT_LEVEL,
     .help = "Models, or LoRA adapters by the names under which the server has them, each asked for in proportion to "
             "its weight, drawn by the seed: 'a=3,b=1' asks for a three times out of four."},
    {"api", 0, "endpoint-type", "DIALECT", TARGET, OPT_CHOICE(C, api), .def = "auto",
     .choices =
         "auto openai-chat openai-completions openai-responses anthropic-messages ollama-chat ollama-generate tgi "
         "sglang tensorrt-llm openai-embeddings rerank llm-on-ray sagemaker-lmi bedrock-converse bedrock-invoke http "
         "payload custom",
     .help =
         "Dialect of the endpoint; auto looks at the URL's path and, where that does not tell, asks the server what it "
         "is."},
    {"header", 'H', "headers", "'NAME: VALUE'", TARGET, OPT_STRS(C, headers), .check = check_header,
     .flags = OPT_SECRET | OPT_LEVEL, .map = OPT_MAP_LINES, .help = "Add a header to each request; may be repeated."},
    {"unix-socket", 0, NULL, "PATH", TARGET, OPT_STR(C, unix_socket), .group = "route", .flags = OPT_FILE,
     .check = check_not_empty, .help = "Connect to this unix socket instead of the URL's host."},
    {"connect-to", 0, NULL, "HOST:PORT", TARGET, OPT_STR(C, connect_to), .group = "route", .check = check_not_empty,
     .help = "Connect there; the Host header and the name checked by TLS stay those of the URL."},
    {"proxy", 'x', NULL, "URL", TARGET, OPT_STR(C, proxy), .def = "auto", .group = "route", .flags = OPT_URL,
     .check = check_proxy,
     .help =
         "Reach the endpoint through this proxy, http://[user:password@]host:port: https by CONNECT, http by asking "
         "the proxy. auto: what http_proxy, https_proxy, all_proxy and no_proxy say, as for curl; none: no proxy. "
         "One that is in the way is announced, since what it adds is part of every figure."},
    {"insecure", 'k', NULL, NULL, TARGET, OPT_BOOL(C, insecure), .help = "Do not verify the server's certificate."},
    {"cacert", 0, "ca-cert", "FILE", TARGET, OPT_STR(C, cacert), .flags = OPT_FILE, .check = check_not_empty,
     .help = "Trust the authorities in this PEM file instead of the system's."},
    {"cert", 0, NULL, "FILE", TARGET, OPT_STR(C, cert), .flags = OPT_FILE, .check = check_not_empty,
     .help = "Client certificate (PEM), with its chain."},
    {"key", 0, NULL, "FILE", TARGET, OPT_STR(C, key), .flags = OPT_FILE, .check = check_not_empty,
     .help = "Private key of --cert (PEM)."},

    {"wait-ready", 0, NULL, "TIME", TARGET, OPT_NS(C, wait_ready), .def = "none", .word = "none", .flags = OPT_POSITIVE,
     .help = "First wait, at most so long, until the endpoint answers: a refused connection and the statuses 502, 503 "
             "and 504 are waited for, others (401, 404) are not."},
    {"check", 0, NULL, NULL, TARGET, OPT_BOOL(C, check), .flags = OPT_NEGATABLE | OPT_NO_FILE,
     .help = "Send one request and print everything about it: addresses, connection, request, answer, what weir makes "
             "of it. Nothing is written. Exit code 1 when the endpoint cannot be measured. The first thing to run when "
             "something does not work."},

    /* --- authentication --- */
    {"api-key-env", 0, NULL, "NAME", AUTH, OPT_STR(C, api_key_env), .group = "key", .check = check_not_empty,
     .help = "Take the API key from this environment variable. Default: OPENAI_API_KEY where it is set; "
             "ANTHROPIC_API_KEY and, of Bedrock, AWS_BEARER_TOKEN_BEDROCK for these dialects; none for http, payload "
             "and sagemaker-lmi."},
    {"api-key-file", 0, NULL, "FILE", AUTH, OPT_STR(C, api_key_file), .group = "key", .flags = OPT_FILE,
     .check = check_not_empty, .help = "Take the API key from this file."},
    {"api-key", 0, "token", "KEY", AUTH, OPT_STR(C, api_key), .group = "key", .flags = OPT_SECRET,
     .check = check_not_empty,
     .help = "The API key itself. Others on this machine can read a command line: prefer the two above."},
    {"auth-style", 0, NULL, "STYLE", AUTH, OPT_CHOICE(C, auth_style), .def = "auto",
     .choices = "auto bearer x-api-key api-key",
     .help = "How the key is sent: as Authorization: Bearer, or as the header x-api-key or api-key; auto is what the "
             "dialect's servers want, mostly bearer."},
    {"aws-sigv4", 0, NULL, "SERVICE", AUTH, OPT_STR(C, aws_sigv4), .check = check_aws_name,
     .help = "Sign each request by AWS Signature Version 4 for this service: sagemaker, bedrock, execute-api, ... The "
             "credentials are looked for where the AWS tools look, and renewed before they expire while a run goes on; "
             "none is ever written to a file."},
    {"aws-region", 0, NULL, "REGION", AUTH, OPT_STR(C, aws_region), .check = check_aws_name,
     .help = "Region to sign for. Default: the one in the URL's host, else what AWS_REGION, AWS_DEFAULT_REGION or the "
             "profile say."},
    {"aws-profile", 0, NULL, "NAME", AUTH, OPT_STR(C, aws_profile), .check = check_not_empty,
     .help = "Take the credentials of this profile and of nothing else."},

    /* --- load --- */
    {"rate", 'r', "request-rate qps", "RATES", LOAD, OPT_STR(C, rate), .group = "load", .check = check_rates,
     .flags = OPT_LEVEL, .list = ',',
     .help = "Open loop: requests per second, sent at their instants whatever the server does. A list (1,5,10) "
             "measures one level after another. inf: all --num-requests (or the whole dataset) at once."},
    {"profile", 0, NULL, "PIECES", LOAD, OPT_STR(C, profile), .group = "load", .check = check_profile,
     .flags = OPT_LEVEL, .list = ',',
     .help = "Open loop with a rate that changes: 30s@50,1m@200 (steps), 30s@10..200 (linear), 1m@exp:1..500, "
             "5m@sine:20..80/1m. The level is as long as its pieces; a longer --duration repeats them."},
    {"concurrency", 'c', "connections users", "COUNTS", LOAD, OPT_STR(C, concurrency), .def = "1", .group = "load",
     .given = offsetof(C, concurrency_given), .check = check_counts, .flags = OPT_LEVEL, .list = ',',
     .help = "Closed loop: so many requests in flight, each followed by the next. A list (8,32) measures one level "
             "after another."},
    {"concurrency-profile", 0, NULL, "PIECES", LOAD, OPT_STR(C, concurrency_profile), .group = "load",
     .check = check_users_profile, .flags = OPT_LEVEL, .list = ',',
     .help = "Closed loop with users that come and go: pieces as of --profile, of requests in flight instead of rates. "
             "A user who is to leave does so when his request has ended."},
    {"session-rate", 0, NULL, "RATES", LOAD, OPT_STR(C, session_rate), .group = "load", .check = check_rates,
     .flags = OPT_LEVEL, .list = ',',
     .help =
         "Partly open loop: so many sessions begin per second, at their instants whatever the server does; each turn "
         "after the first follows the answer before it and the think time. See --sessions."},
    {"sessions", 0, "multi-turn", NULL, LOAD, OPT_BOOL(C, sessions), .flags = OPT_NEGATABLE | OPT_LEVEL,
     .help =
         "Send each conversation of the dataset turn by turn, with the server's own answers for history. With "
         "--concurrency: so many users, each of whom takes the next conversation when the last one is over. "
         "--num-requests and --warmup count turns, rounded up to whole sessions. A turn that fails ends its session."},
    {"think-time", 0, NULL, "TIME", LOAD, OPT_STR(C, think_time), .def = "none", .word = "none",
     .check = check_think_time, .flags = OPT_LEVEL,
     .help = "Pause from an answer to the user's next turn, or, in a closed loop without sessions, to the slot's next "
             "request: 2s, uniform:1s,5s, exp:2s, normal:2s,500ms or lognormal:2s,0.8 (median and sigma)."},
    {"canned-history", 0, NULL, NULL, LOAD, OPT_BOOL(C, canned_history), .flags = OPT_NEGATABLE | OPT_LEVEL,
     .help = "Of sessions: send what the dataset has the assistant say for history, not the server's own answers."},
    {"history-limit", 0, NULL, "SIZE", LOAD, OPT_BYTES(C, history_limit), .def = "1G",
     .flags = OPT_POSITIVE | OPT_LEVEL,
     .help = "Memory for the answers that sessions keep for their next turns. A session whose answer does not fit ends "
             "there, which is counted and said."},
    {"replay", 0, NULL, "DIR", LOAD, OPT_STR(C, replay), .flags = OPT_DIR | OPT_NO_FILE, .check = check_not_empty,
     .help = "Repeat the plan of the run stored in DIR: the same requests at the same instants."},
    {"arrival", 0, NULL, "PROCESS", LOAD, OPT_CHOICE(C, arrival), .def = "constant",
     .choices = "constant poisson gamma uniform trace", .flags = OPT_LEVEL,
     .help = "Instants of the open loop: evenly spaced; a Poisson process, as many independent users make; gamma, with "
             "--burstiness; uniform, at any place within each even space; or those of the dataset's trace."},
    {"burstiness", 0, NULL, "X", LOAD, OPT_F64(C, burstiness), .def = "1", .min = 0.001, .max = 1e6, .flags = OPT_LEVEL,
     .help = "Shape of gamma arrivals: below 1 they come in bursts, 1 is Poisson, above 1 they are more even. The "
             "variance of the gaps is 1/X of Poisson's."},
    {"speed", 0, NULL, "FACTORS", LOAD, OPT_STR(C, speed), .check = check_speeds, .flags = OPT_LEVEL, .list = ',',
     .help = "With --arrival trace: so many times as fast as it was recorded. A list (1,2,4) measures one level after "
             "another."},
    {"rate-limit", 0, NULL, "N/TIME", LOAD, OPT_STR(C, rate_limit), .check = check_rate_limit, .flags = OPT_LEVEL,
     .help = "Start at most so many requests per s, min or h (60/min), each at least that share of it behind the one "
             "before. In an open loop what is due meanwhile waits, and the wait counts in its response latency."},
    {"duration", 'd', NULL, "TIME", LOAD, OPT_NS(C, duration), .def = "30s", .word = "none", .group = "end",
     .given = offsetof(C, duration_given), .flags = OPT_POSITIVE | OPT_TOGETHER | OPT_LEVEL,
     .help = "Length of each level, after its warm-up. With --num-requests there is none unless given; the first of "
             "both ends the level."},
    {"num-requests", 'n', "num-prompts requests", "N", LOAD, OPT_U64(C, num_requests), .def = "none", .word = "none",
     .group = "end", .flags = OPT_POSITIVE | OPT_TOGETHER | OPT_LEVEL,
     .help = "Measured requests of each level, warm-up not counted."},
    {"warmup", 0, "num-warmups", "N|TIME", LOAD, OPT_STR(C, warmup), .def = "none", .word = "none",
     .check = check_warmup, .flags = OPT_LEVEL,
     .help = "Warm-up of each level, sent but not measured: a number of requests (10) or a time (10s)."},
    {"cooldown", 0, NULL, "TIME", LOAD, OPT_NS(C, cooldown), .def = "0s", .flags = OPT_LEVEL,
     .help = "Pause between two levels."},
    {"grace", 0, NULL, "TIME", LOAD, OPT_NS(C, grace), .def = "timeout", .word = "timeout", .word_value = -1,
     .flags = OPT_LEVEL,
     .help = "How long a level waits at its end for the requests still open; then they are cancelled. Default: as "
             "--timeout."},
    {"ramp-up", 0, NULL, "TIME", LOAD, OPT_STR(C, ramp_up), .def = "auto", .check = check_ramp, .flags = OPT_LEVEL,
     .help =
         "Closed loop: spread the first requests evenly over this time, so that they do not go in lock-step; none: "
         "all at once. auto: 1 s per 10000 in flight, at most a tenth of the level. Or the wait of each user before "
         "his first request, drawn by the seed: fixed:100ms, uniform:1s,5s, exp:2s."},
    {"max-concurrency", 0, NULL, "N", LOAD, OPT_U64(C, max_concurrency), .def = "none", .word = "none",
     .flags = OPT_POSITIVE | OPT_LEVEL, .max = 1000000,
     .help = "Cap on the open loop's requests in flight. What is due meanwhile waits, and the wait counts in its "
             "response latency; nothing is skipped."},
    {"cancel-rate", 0, NULL, "SHARE", LOAD, OPT_STR(C, cancel_rate), .def = "none", .word = "none",
     .check = check_share, .flags = OPT_LEVEL,
     .help = "Clients that go away: cancel this seeded share of the requests (5%) before their end. They count neither "
             "as successes nor as failures."},
    {"cancel-after", 0, NULL, "WHEN", LOAD, OPT_STR(C, cancel_after), .def = "1s", .check = check_cancel_after,
     .given = offsetof(C, cancel_after_given), .flags = OPT_LEVEL,
     .help = "When they go: so long after the request's start (500ms, uniform:200ms,5s, exp:2s, lognormal:2s,0.8), or "
             "with so many token events (20tokens, uniform:1,50tokens)."},
    {"max-errors", 0, NULL, "N|SHARE", LOAD, OPT_STR(C, max_errors), .def = "none", .word = "none",
     .check = check_max_errors, .flags = OPT_LEVEL,
     .help = "Stop the run when more than N requests of a level have failed, or more than this share (5%) of the last "
             "100 (20 at least) that ended. Exit code 1."},
    {"stop-below", 0, NULL, "SHARE", LOAD, OPT_STR(C, stop_below), .def = "none", .word = "none", .check = check_share,
     .help =
         "Of several levels: run no further one behind a level of which fewer than this share (50%) of the requests "
         "succeeded."},
    {"workers", 0, "threads", "N", LOAD, OPT_U64(C, workers), .def = "auto", .word = "auto", .flags = OPT_POSITIVE,
     .max = 1024, .help = "Threads that send. Default: as few as the load needs, so that connections are reused."},
    {"pin", 0, "affinity", "CORES", LOAD, OPT_STR(C, pin), .def = "none", .check = check_pin, .list = ',',
     .help = "Keep each worker on a core of its own: auto chooses the cores, and others for the thread that writes and "
             "for the simulator; a list (1,4-7) names the workers'. none leaves it to the system."},
    {"seed", 0, NULL, "N", LOAD, OPT_U64(C, seed), .def = "random", .word = "random", .given = offsetof(C, seed_given),
     .help = "Seed of arrivals, order and nonces. The same seed gives the same instants and prompts, whatever "
             "--workers is. Default: a random one, printed and stored."},

    /* --- what to send --- */
    {"dataset", 0, "dataset-path", "FILE|URL", BODY, OPT_STR(C, dataset), .group = "text",
     .flags = OPT_FILE | OPT_LEVEL | OPT_URL, .check = check_not_empty,
     .help =
         "Prompts: conversations, ShareGPT, IPEX, CSV, JSONL, OpenAI messages, traces (Mooncake, Azure, BurstGPT) or "
         "text with a prompt per line; - is standard input. Default: a few built-in conversations."},
    {"dataset-format", 0, NULL, "FORMAT", BODY, OPT_CHOICE(C, dataset_format), .def = "auto",
     .choices = "auto conversations sharegpt ipex mooncake azure burstgpt csv messages jsonl targets payload text",
     .flags = OPT_LEVEL, .help = "Format of --dataset; auto looks at its head."},
    {"dataset-fields", 0, NULL, "MAP", BODY, OPT_STR(C, dataset_fields), .check = check_fields, .flags = OPT_LEVEL,
     .list = ',',
     .help =
         "Of CSV and JSONL: what the file calls its fields, as prompt=question,max_tokens=len. The fields are prompt, "
         "system, answer, max_tokens, input_tokens, class, model and at; in JSON dots go deeper (prompt=in.text)."},
    {"dataset-key", 0, NULL, "FAMILY/LENGTH", BODY, OPT_STR(C, dataset_key), .check = check_not_empty,
     .flags = OPT_LEVEL,
     .help = "Of IPEX: which prompts to send, as llama/1024, or llama for all of that family. Default: all."},
    {"dataset-lengths", 0, NULL, "RANGES", BODY, OPT_STR(C, dataset_lengths), .def = "auto", .check = check_lengths,
     .flags = OPT_LEVEL, .list = ',',
     .help = "Keep only entries of these lengths in tokens, where the dataset tells them or there is a "
             "--tokenizer, else in words: input:4..1024,output:4..,total:..2048, which is what auto does with "
             "ShareGPT; none: keep all."},
    {"answer-length", 0, NULL, NULL, BODY, OPT_BOOL(C, answer_length), .flags = OPT_NEGATABLE | OPT_LEVEL,
     .help = "Ask for as many output tokens as the dataset's own answer has, where it has one (ShareGPT, CSV, "
             "JSONL): by the --tokenizer, else its words."},
    {"skip-bad", 0, NULL, NULL, BODY, OPT_BOOL(C, skip_bad), .flags = OPT_NEGATABLE | OPT_LEVEL,
     .help = "Leave bad entries of the dataset out and count them, instead of refusing it."},
    {"prompt", 'p', NULL, "TEXT", BODY, OPT_STR(C, prompt), .group = "text", .check = check_not_empty,
     .flags = OPT_LEVEL, .help = "Send this one prompt each time."},
    {"mix", 0, NULL, "NAME=WEIGHT:FILE", BODY, OPT_STRS(C, mix), .group = "text", .check = check_class,
     .flags = OPT_LEVEL | OPT_URL,
     .help = "A request class of its own with its dataset; repeated, each sends in proportion to its weight, drawn by "
             "the seed: --mix chat=3:chat.json --mix code=1:code.jsonl. In place of FILE, synthetic:ISL or "
             "synthetic:ISL/OSL makes prompts as --isl and --osl do. Each request's record says its class."},
    {"tokenizer", 0, NULL, "PATH|MODEL", BODY, OPT_STR(C, tokenizer), .def = "none", .word = "none", .env = "TOKENIZER",
     .flags = OPT_FILE | OPT_LEVEL, .check = check_not_empty,
     .help =
         "Count tokens by this tokenizer where the server does not, and beside the server's counts where it does: a "
         "file (tokenizer.json, SentencePiece's .model, .tiktoken, tekken.json), a folder with one, or a model of "
         "the Hugging Face hub (org/name or org/name@revision), from its cache on this machine or downloaded."},
    {"text-limit", 0, NULL, "SIZE", BODY, OPT_BYTES(C, text_limit), .def = "1G", .flags = OPT_POSITIVE | OPT_LEVEL,
     .help =
         "Memory for answers that wait for the tokenizer. Of an answer that does not fit only the server's count is "
         "known, which is said."},
    {"isl", 0, "random-input-len synthetic-input-tokens-mean input-len", "DIST", BODY, OPT_STR(C, isl), .group = "text",
     .check = check_length, .flags = OPT_LEVEL,
     .help =
         "Synthetic prompts of random words, so long: 512, uniform:100,1000, normal:500,100, lognormal:500,0.8 "
         "(median, sigma), zipf:1.1,4000, exp:500, or a mixture (0.8*200+0.2*uniform:2000,4000). Lengths are words; "
         "with --tokenizer tokens, exactly. No two prompts begin alike."},
    {"osl", 0, "random-output-len output-len output-tokens-mean", "DIST", BODY, OPT_STR(C, osl), .group = "limit",
     .check = check_length, .flags = OPT_LEVEL,
     .help = "Output tokens to ask for at most, drawn for each entry of the dataset from a distribution as of --isl. "
             "With --ignore-eos the answers are that long."},
    {"prefix-tokens", 0, "random-prefix-len prefix-prompt-length", "N", BODY, OPT_U64(C, prefix_tokens), .def = "0",
     .max = 1 << 22, .flags = OPT_LEVEL,
     .help = "Put a system message of so many words, or tokens, in front of each synthetic prompt that all of its "
             "group share, so "
             "that a prefix cache can help. --isl does not count it."},
    {"prefix-groups", 0, "num-prefix-prompts", "N", BODY, OPT_U64(C, prefix_groups), .def = "1",
     .flags = OPT_POSITIVE | OPT_LEVEL, .max = 1 << 18,
     .help = "So many different shared prefixes; which one a prompt has is drawn by the seed."},
    {"prompt-pool", 0, NULL, "N", BODY, OPT_U64(C, prompt_pool), .def = "10000", .flags = OPT_POSITIVE | OPT_LEVEL,
     .max = 1 << 18,
     .help = "So many different synthetic prompts. Beyond, they repeat; levels begin at different ones."},
    {"image", 0, NULL, "FILE|WxH", BODY, OPT_STRS(C, images), .check = check_not_empty, .flags = OPT_LEVEL,
     .help =
         "Put pictures into the last user message of each chat request: files (.png, .jpg, .webp, .gif), or PNGs of "
         "noise of that size (512x384), each request's another one. May be repeated; requests take them in turn."},
    {"images-per-request", 0, NULL, "N", BODY, OPT_U64(C, images_per_request), .def = "1",
     .flags = OPT_POSITIVE | OPT_LEVEL, .max = 15, .help = "So many of them in each request."},
    {"audio", 0, NULL, "FILE|TIME", BODY, OPT_STR(C, audio), .check = check_not_empty, .flags = OPT_LEVEL,
     .help = "Likewise one sound: a file (.wav, .mp3, .flac), or noise of that length (5s) as 16 kHz WAV."},
    {"same-media", 0, NULL, NULL, BODY, OPT_BOOL(C, same_media), .flags = OPT_NEGATABLE | OPT_LEVEL,
     .help = "Generated pictures and sounds are the same in each request, so that a server may keep them."},
    {"body", 0, "data", "TEXT|@FILE", BODY, OPT_STR(C, body), .group = "text", .check = check_not_empty,
     .flags = OPT_LEVEL,
     .help = "With --api http or payload: send this body each time, or that of a file (@- is standard input)."},
    {"body-template", 0, NULL, "FILE|JSON", BODY, OPT_STR(C, body_template), .flags = OPT_FILE | OPT_LEVEL,
     .check = check_not_empty,
     .help =
         "With --api custom: the body of each request, JSON with {{prompt}}, {{messages}}, {{max_tokens}}, {{model}}, "
         "{{uuid}} and {{stream}} in it, or the file that holds it."},
    {"json-text", 0, NULL, "PATHS", BODY, OPT_STR(C, json_text), .check = check_not_empty, .flags = OPT_LEVEL,
     .help = "With --api custom or payload: where the text stands in an answer or event, as choices.0.delta.content, "
             "$.outputs[*].text, $.outputs[?(@.name=='text')].data[0] or choices/delta/content (of an array the first "
             "element that has it); several are separated by commas."},
    {"json-tokens", 0, NULL, "PATHS", BODY, OPT_STR(C, json_tokens), .check = check_not_empty, .flags = OPT_LEVEL,
     .help = "Likewise the number of output tokens; with --api http too, of answers in JSON."},
    {"json-input-tokens", 0, NULL, "PATHS", BODY, OPT_STR(C, json_input_tokens), .check = check_not_empty,
     .flags = OPT_LEVEL, .help = "Likewise the number of input tokens."},
    {"json-finish", 0, NULL, "PATHS", BODY, OPT_STR(C, json_finish), .check = check_not_empty, .flags = OPT_LEVEL,
     .help = "Likewise the reason why the answer ended; a stream without one has been cut."},
    {"stream-end", 0, NULL, "TEXT", BODY, OPT_STR(C, stream_end), .check = check_not_empty, .flags = OPT_LEVEL,
     .help = "With --api custom: the data of the event that ends a stream, which must come. Default: [DONE], if it "
             "comes."},
    {"method", 'X', NULL, "METHOD", BODY, OPT_STR(C, method), .check = check_method, .flags = OPT_LEVEL,
     .help = "With --api http or payload: the method of requests that name none. Default: GET, and POST where there is "
             "a body."},
    {"follow-pages", 0, NULL, NULL, BODY, OPT_BOOL(C, follow_pages), .flags = OPT_NEGATABLE | OPT_LEVEL,
     .help =
         "An answer whose header X-Amzn-SageMaker-Custom-Attributes says x-next-token=T is followed, 200 ms later, by "
         "the same request with x-starting-token=T there, up to 200 times. Each is a request in the figures."},
    {"order", 0, NULL, "ORDER", BODY, OPT_CHOICE(C, order), .def = "sequential", .choices = "sequential shuffle",
     .flags = OPT_LEVEL,
     .help = "Order of the dataset: as in the file, or shuffled by the seed anew each time through it."},
    {"unique-prompts", 0, NULL, NULL, BODY, OPT_BOOL(C, unique_prompts), .flags = OPT_NEGATABLE | OPT_LEVEL,
     .help = "Put a seeded nonce in front of each prompt, so that no prefix cache of the server can help."},
    {"max-tokens", 0, "output-tokens max-completion-tokens", "N", BODY, OPT_I64(C, max_tokens), .def = "none",
     .word = "none", .word_value = -1, .group = "limit", .flags = OPT_POSITIVE | OPT_LEVEL,
     .help = "Ask for at most so many output tokens. Default: what the dataset says, else not sent."},
    {"temperature", 0, NULL, "X", BODY, OPT_F64(C, temperature), .def = "none", .word = "none", .flags = OPT_LEVEL,
     .help = "Sampling temperature. Default: not sent."},
    {"ignore-eos", 0, NULL, NULL, BODY, OPT_BOOL(C, ignore_eos), .flags = OPT_NEGATABLE | OPT_LEVEL,
     .help = "Ask the server (vLLM, SGLang) to go on to --max-tokens whatever the model says."},
    {"no-stream", 0, NULL, NULL, BODY, OPT_BOOL(C, no_stream), .flags = OPT_NEGATABLE | OPT_LEVEL,
     .help = "Ask for one whole response instead of a stream; there is no TTFT and no ITL then."},
    {"continuous-usage", 0, NULL, NULL, BODY, OPT_BOOL(C, continuous_usage), .flags = OPT_NEGATABLE | OPT_LEVEL,
     .help = "Ask the server (vLLM, SGLang) for the count of tokens in each event of a stream "
             "(stream_options.continuous_usage_stats), so that ITL is per token."},
    {"extra-body", 0, NULL, "JSON", BODY, OPT_STR(C, extra_body), .check = check_json_object, .flags = OPT_LEVEL,
     .map = OPT_MAP_JSON, .help = "A JSON object whose members are merged into each request's body."},

    /* --- timeouts and connections --- */
    {"timeout", 0, "request-timeout", "TIME", TIME, OPT_NS(C, timeout), .def = "300s",
     .flags = OPT_POSITIVE | OPT_LEVEL, .help = "A request not complete by then has failed."},
    {"connect-timeout", 0, NULL, "TIME", TIME, OPT_NS(C, connect_timeout), .def = "10s",
     .flags = OPT_POSITIVE | OPT_LEVEL, .help = "Likewise for a connection, TLS included."},
    {"first-token-timeout", 0, NULL, "TIME", TIME, OPT_NS(C, first_token_timeout), .def = "none", .word = "none",
     .flags = OPT_POSITIVE | OPT_LEVEL, .help = "Likewise for the first token."},
    {"stall-timeout", 0, NULL, "TIME", TIME, OPT_NS(C, stall_timeout), .def = "none", .word = "none",
     .flags = OPT_POSITIVE | OPT_LEVEL,
     .help = "A request has failed when nothing came from the server for so long: no connection, no answer, or an "
             "answer that stands still."},
    {"idle-timeout", 0, NULL, "TIME", TIME, OPT_NS(C, idle_timeout), .def = "4s", .flags = OPT_POSITIVE | OPT_LEVEL,
     .help = "Close a connection that was idle so long; many servers close theirs after 5 s."},
    {"http", 0, NULL, "VERSION", TIME, OPT_CHOICE(C, http), .def = "auto", .choices = "auto 1.1 2 h2c",
     .flags = OPT_LEVEL,
     .help = "Version of HTTP. auto: over TLS what the server chooses (ALPN), else 1.1. 2: HTTP/2 over TLS and nothing "
             "else. h2c: HTTP/2 without TLS, which the server must be known to speak."},
    {"streams-per-conn", 0, "max-concurrent-streams", "N", TIME, OPT_U64(C, streams_per_conn), .def = "100",
     .flags = OPT_POSITIVE | OPT_LEVEL, .max = 1000000,
     .help = "HTTP/2: at most so many requests at once on a connection, or as many as the server allows if that is "
             "fewer; beyond, another connection is opened."},
    {"no-keepalive", 0, NULL, NULL, TIME, OPT_BOOL(C, no_keepalive), .flags = OPT_NEGATABLE | OPT_LEVEL,
     .help = "A new connection for each request."},
    {"connect-rate", 0, NULL, "N", TIME, OPT_STR(C, connect_rate), .def = "auto", .check = check_connect_rate,
     .flags = OPT_LEVEL,
     .help =
         "The closed loop opens its connections before a level begins, so many per second over all workers; max: as "
         "quickly as it goes. auto: 2000, and more where that would take longer than 3 s, since servers close idle "
         "connections. Those that a load needs while it runs are opened at once: users wait for them."},
    {"no-tls-resume", 0, NULL, NULL, TIME, OPT_BOOL(C, no_tls_resume), .flags = OPT_NEGATABLE,
     .help = "A whole TLS handshake for each new connection; otherwise it resumes the session of an earlier one where "
             "the server lets it."},
    {"bind", 0, "source-address", "ADDRESSES", TIME, OPT_STR(C, bind), .check = check_binds, .list = ',',
     .help = "Connect from these addresses of this machine, in turn (10.0.0.5,10.0.0.6). Each has ports of its own."},
    {"no-probe", 0, NULL, NULL, TIME, OPT_BOOL(C, no_probe), .flags = OPT_NEGATABLE,
     .help = "Skip the one unmeasured request that settles model, usage and authentication before a run."},
    {"spin", 0, NULL, "TIME", TIME, OPT_NS(C, spin), .def = "none", .word = "none", .max = 0.01,
     .help = "Wake so much before an instant and spin up to it: steadier sending for processor time."},
    {"busy-poll", 0, NULL, "TIME", TIME, OPT_NS(C, busy_poll), .def = "none", .word = "none", .max = 0.01,
     .help = "Look for arrivals so long before going to sleep, and let the kernel look into the network card's queue "
             "meanwhile (Linux 6.9): no wake-up in the client lag, for processor time."},
    {"no-kernel-stamps", 0, NULL, NULL, TIME, OPT_BOOL(C, no_kernel_stamps), .flags = OPT_HIDDEN,
     .help = "Stamp arrivals by the program's clock."},

    /* --- judgement and output --- */
    {"slo", 0, NULL, "TERMS", OUT, OPT_STR(C, slo), .check = check_slo, .list = ',', .map = OPT_MAP_LIMITS,
     .help = "Objectives that a level must meet, such as 'ttft:p95<500ms,itl:p99<50ms,error_rate<1%'. Exit code 3 "
             "when one is broken."},
    {"goodput", 0, NULL, "TERMS", OUT, OPT_STR(C, goodput), .check = check_goodput, .list = ',', .map = OPT_MAP_PAIRS,
     .help = "Objectives that each request must meet, such as ttft:500ms,e2e:5s. Printed: their share and their rate."},
    {"by", 0, NULL, "LIST", OUT, OPT_STR(C, by), .check = check_by,
     .help = "Tables of the requests by what they have in common: class, model, turn (of a session), input (tokens, in "
             "powers of "
             "two), endpoint; several with commas. summary.json has them all, but input only where asked for."},
    {"headers-metric", 0, "header-metric", "NAME", OUT, OPT_STRS(C, headers_metric), .check = check_header_metric,
     .help = "Make the numbers that the server puts into this response header (X-TTFT-MS), trailer or comment of its "
             "stream, or that Ollama (eval_duration), llama.cpp and SGLang tell so in the answer, a metric: in the "
             "records, the summary, the table. Up to 8 times. Its case does not matter."},
    {"metrics-url", 0, NULL, "URL", OUT, OPT_STRS(C, metrics_urls), .check = check_metrics_url, .flags = OPT_URL,
     .help =
         "Ask this Prometheus endpoint of the server (vLLM, SGLang, TGI, TensorRT-LLM, llama.cpp) while the load "
         "runs, and report what it says beside what the client sees: requests running and waiting, KV cache, prefix "
         "cache hits, preemptions; of a DCGM exporter power, and energy per token. auto: /metrics of the endpoint, if "
         "it has one. Repeated: several."},
    {"metrics-interval", 0, NULL, "TIME", OUT, OPT_NS(C, metrics_interval), .def = "1s", .min = 0.1, .max = 3600,
     .given = offsetof(C, metrics_interval_given), .help = "How often to ask --metrics-url."},
    {"cost-per-hour", 0, NULL, "USD", OUT, OPT_F64(C, cost_per_hour), .def = "none", .word = "none",
     .flags = OPT_POSITIVE, .group = "cost",
     .help =
         "What the whole deployment costs per hour. Printed: what a request and a million tokens cost at each level."},
    {"gpu-rate", 0, "gpu-hourly-rate", "USD", OUT, OPT_F64(C, gpu_rate), .def = "none", .word = "none",
     .flags = OPT_POSITIVE, .group = "cost", .help = "The same by what one GPU costs per hour, see --num-gpus."},
    {"num-gpus", 0, NULL, "N", OUT, OPT_U64(C, num_gpus), .def = "1", .flags = OPT_POSITIVE, .max = 1000000,
     .help = "How many GPUs of --gpu-rate serve the endpoint."},
    {"percentiles", 0, "metric-percentiles", "LIST", OUT, OPT_STR(C, percentiles), .def = "50,95,99",
     .check = check_percentiles, .list = ',', .help = "Percentiles shown in the table."},
    {"output-dir", 'o', "output", "DIR", OUT, OPT_STR(C, output_dir), .flags = OPT_DIR, .check = check_not_empty,
     .help = "Write the files there; the folder must be new or empty. Default: results/ and the time."},
    {"plot", 0, NULL, "FILE", OUT, OPT_STR(C, plot), .flags = OPT_FILE, .check = check_plot,
     .help =
         "Draw the result into FILE, which ends in .png, .svg or .pdf: throughput, success, latencies and tokens over "
         "the levels; of one level, over its seconds."},
    {"json", 0, NULL, NULL, OUT, OPT_BOOL(C, json), .flags = OPT_NEGATABLE,
     .help = "Print summary.json on standard output instead of the table."},
    {"quiet", 'q', NULL, NULL, OUT, OPT_BOOL(C, quiet), .flags = OPT_NEGATABLE,
     .help = "Nothing on standard error but errors."},
    {"no-live", 0, "no-progress", NULL, OUT, OPT_BOOL(C, no_live), .flags = OPT_NEGATABLE,
     .help = "No live line on a terminal."},
    {"no-records", 0, NULL, NULL, OUT, OPT_BOOL(C, no_records), .flags = OPT_NEGATABLE,
     .help = "Write no line per request: requests.jsonl keeps the frame of the run alone and weir report cannot repeat "
             "it. summary.json is the same. For runs whose records would be too many."},
    {"save-text", 0, NULL, NULL, OUT, OPT_BOOL(C, save_text), .flags = OPT_NEGATABLE,
     .help = "Keep prompts and responses in requests.jsonl."},
    {"save-http", 0, NULL, NULL, OUT, OPT_BOOL(C, save_http), .flags = OPT_NEGATABLE,
     .help = "Keep the head of each request, and the headers and the body of its answer, in requests.jsonl."},
};

const struct opt_table opt_run = {"run", "WEIR_", rows, ARRAY_LEN(rows), "URL", RUN_URLS_MAX};
