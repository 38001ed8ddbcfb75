#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

#include "base/file.h"
#include "base/xalloc.h"
#include "compat/serving_opts.h"

static int split(const char *line, const char *argv[32], char *room, size_t cap)
{
    struct str_split it = {.rest = str_of(line), .sep = ' '};
    struct str word;
    size_t used = 0;
    int n = 0;
    while (str_next(&it, &word)) {
        assert_true(used + word.n < cap && n < 31);
        memcpy(room + used, word.p, word.n);
        room[used + word.n] = 0;
        argv[n++] = room + used;
        used += word.n + 1;
    }
    argv[n] = NULL;
    return n;
}

static void plain(const char *given, const char *want)
{
    const char *argv[32], *out[33];
    char room[1024];
    struct buf got = BUF_INIT(1024);
    int n = serving_plain_flags(split(given, argv, room, sizeof room), argv, out);
    for (int i = 0; i < n; i++)
        buf_addf(&got, "%s%s", i > 0 ? " " : "", out[i]);
    assert_string_equal(got.p, want);
    buf_free(&got);
    assert_null(out[n]);
}

static void flags_with_and_without_a_value(void **state)
{
    (void)state;
    plain("p --track-token-latency", "p --track-token-latency");
    plain("p --track_token_latency True --seed 1", "p --track-token-latency --seed 1");
    plain("p --track-token-latency --seed 1", "p --track-token-latency --seed 1");
    plain("p --track_input_output yes", "p --track-input-output");
    plain("p --track-input-output=1 --x", "p --track-input-output --x");
    plain("p --track_token_latency False --seed 1", "p --seed 1");
    plain("p --track-input-output= --track-token-latency=no", "p");
    plain("p --dataset --track-token-latencyx", "p --dataset --track-token-latencyx");
    plain("--track-token-latency x", "--track-token-latency x"); /* the program's own name */
}

struct made {
    struct serving_opts o;
    struct opt_seen seen;
    struct compat_words w;
    struct err e;
    int rc;
    char room[2048], *all;
};

static void make(struct made *m, const char *line)
{
    const char *argv[32];
    int n = split(line, argv, m->room, sizeof m->room);
    memset(&m->o, 0, sizeof m->o);
    memset(&m->w, 0, sizeof m->w);
    m->e = (struct err){0};
    m->all = NULL;
    m->rc = opt_parse(&serving_table, n, argv, NULL, &m->o, &m->seen, &m->e);
    if (m->rc == 0)
        m->rc = serving_check(&m->o, &m->e);
    if (m->rc < 0)
        return;
    serving_words(&m->o, &m->w);
    struct buf b = BUF_INIT(1 << 16);
    for (size_t i = 0; i < m->w.n; i++)
        buf_addf(&b, "%s%s", i ? " " : "", m->w.v[i]);
    m->all = buf_take(&b);
}

static void drop(struct made *m)
{
    opt_free(&serving_table, &m->o, &m->seen);
    compat_words_free(&m->w);
    free(m->all);
}

static void gives(const char *line, const char *want)
{
    struct made m;
    make(&m, line);
    if (m.rc < 0)
        fail_msg("%s: %s", line, m.e.text);
    assert_string_equal(m.all, want);
    drop(&m);
}

static void refuses(const char *line, const char *says)
{
    struct made m;
    make(&m, line);
    assert_int_equal(m.rc, -1);
    if (!strstr(m.e.text, says))
        fail_msg("%s: \"%s\" is not in \"%s\"", line, says, m.e.text);
    assert_true(m.e.code == ERR_USAGE || m.e.code == ERR_DATA);
    drop(&m);
}

#define TAIL " --timeout=3h --header=User-Agent: Benchmark Client --proxy=none"

static void what_is_run(void **state)
{
    (void)state;
    gives("p --model_endpoint_base http://h:8000/ --model_name gpt-j-6b --dataset d.json --dataset_format ShareGPT "
          "--num_prompts 5 --request_rate 1",
          "http://h:8000/gpt-j-6b --api=llm-on-ray --no-probe --dataset=d.json --dataset-format=sharegpt "
          "--dataset-lengths=input:4..1024,output:4..,total:..2048 --order=shuffle --answer-length "
          "--extra-body={\"config\":{}} --no-stream --rate=1 --arrival=poisson --num-requests=5 --seed=0" TAIL);
    gives("p --model-name m --dataset d.json --dataset-format ShareGPT --max-new-tokens 7 --max-output-tokens-len 9 "
          "--track-token-latency --top_k 3 --do-sample --top-p 0.5 --temperature 0 --vllm_engine --seed 4",
          "http://127.0.0.1:8000/m --api=llm-on-ray --no-probe --dataset=d.json --dataset-format=sharegpt "
          "--dataset-lengths=input:4..1024,output:4..9,total:..2048 --order=shuffle --max-tokens=7 "
          "--extra-body={\"config\":{\"top_p\":0.5,\"top_k\":3,\"do_sample\":true}} --temperature=0 --ignore-eos "
          "--rate=inf --num-requests=1000 --seed=4" TAIL);
    gives("p --model-name m --dataset-format Synthesis --openai --top_p 0.5 --top_k 3 --results-dir d --num-prompts 2 "
          "--input-len-mean 10",
          "http://127.0.0.1:8000/v1/chat/completions --api=openai-chat --model=m --isl=normal:10,8 --osl=normal:128,32 "
          "--prompt-pool=2 --extra-body={\"top_p\":0.5} --rate=inf --num-requests=2 --seed=0" TAIL);
    gives("p --model-name m --simple --dataset-format Synthesis --max-new-tokens 3 --num-prompts 1",
          "http://127.0.0.1:8000/m --api=llm-on-ray --no-probe --isl=normal:32,8 --prompt-pool=1 --max-tokens=3 "
          "--extra-body={\"config\":{}} --no-stream --rate=inf --num-requests=1 --seed=0" TAIL);
}

static void which_prompt_of_an_ipex_file(void **state)
{
    (void)state;
    static const char text[] = "{\"gpt-j\": {\"32\": \"a\", \"64\": \"b\"}, \"falcon\": {\"32\": \"c\"},\n"
                               "\"falcon-rw-1b\": {\"32\": \"d\"}, \"llama\": {\"x\": \"e\", \"32\": \"f\"}}";
    static const struct {
        const char *model, *more, *key, *limit;
    } cases[] = {
        {"gpt-j-6b", "", "gpt-j/32", "32"},
        {"gpt-j-6b", " --input-tokens 64", "gpt-j/64", "64"},
        {"falcon-7b", "", "falcon/32", "32"},
        {"falcon-rw-1b-x", "", "falcon-rw-1b/32", "32"},
        {"Llama-2-7b", " --max-new-tokens 5", "llama/32", "5"},
        {"mystery", "", "llama/32", "32"},
        {"gpt-j-6b", " --model-type falcon", "falcon/32", "32"},
    };
    char path[] = "/tmp/weir-test-ipex-XXXXXX", line[256], want[512];
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(fd_write_all(fd, text, sizeof text - 1), 0);
    close(fd);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        snprintf(line, sizeof line, "p --model-name %s --dataset %s --dataset-format IPEX%s", cases[i].model, path,
                 cases[i].more);
        snprintf(want, sizeof want,
                 "http://127.0.0.1:8000/%s --api=llm-on-ray --no-probe --dataset=%s --dataset-format=ipex "
                 "--dataset-key=%s --max-tokens=%s --extra-body={\"config\":{}} --no-stream --rate=inf "
                 "--num-requests=1000 --seed=0" TAIL,
                 cases[i].model, path, cases[i].key, cases[i].limit);
        gives(line, want);
    }
    snprintf(line, sizeof line, "p --model-name gpt-j --dataset %s --dataset-format IPEX --input-tokens 33", path);
    refuses(line, "Invalid input_tokens to index from dataset");
    snprintf(line, sizeof line, "p --model-name gpt-j --dataset %s --dataset-format IPEX --model-type opt", path);
    refuses(line, "--model-type can be one of gpt-j, falcon, falcon-rw-1b, llama");
    unlink(path);
    refuses(line, "--dataset: ");
}

static void what_does_not_go_together(void **state)
{
    (void)state;
    refuses("p --dataset-format Synthesis", "--model-name is needed");
    refuses("p --model-name m", "--dataset-format is needed");
    refuses("p --model-name m --dataset-format IPEX", "--dataset is needed");
    refuses("p --model-name m --dataset-format ipex", "ShareGPT");
    refuses("p --model-name a?b --dataset-format Synthesis", "--model-name");
    refuses("p --model-name m --dataset-format Synthesis --request-rate -1", "--request-rate");
    refuses("p --model-name m --dataset-format Synthesis --openai --simple", "two protocols");
    refuses("p --model-name m --dataset-format Synthesis --input-len-stddev -1", "--input-len-stddev");
    refuses("p --model-name m --dataset d --dataset-format ShareGPT --max-input-tokens-len 3",
            "--min-input-tokens-len");
    refuses("p --model-name m --dataset d --dataset-format ShareGPT --max-output-tokens-len 3",
            "--min-output-tokens-len");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(flags_with_and_without_a_value), cmocka_unit_test(what_is_run),
                                       cmocka_unit_test(which_prompt_of_an_ipex_file),
                                       cmocka_unit_test(what_does_not_go_together)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
