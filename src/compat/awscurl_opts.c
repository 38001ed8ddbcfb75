#include "compat/awscurl_opts.h"

#include "base/xalloc.h"
#include "compat/aws_http.h"

enum id {
    O_HELP,
    O_SERVICE,
    O_REGION,
    O_PROFILE,
    O_CONNECT_TIMEOUT,
    O_DATASET,
    O_EXTRA,
    O_DATA,
    O_DATA_RAW,
    O_DATA_URLENCODE,
    O_FORM,
    O_FORM_STRING,
    O_GET,
    O_HEADER,
    O_INCLUDE,
    O_INSECURE,
    O_OUTPUT,
    O_REQUEST,
    O_UPLOAD,
    O_VERBOSE,
    O_REPEAT,
    O_CLIENTS,
    O_TOKENS,
    O_JQ,
    O_JSON,
    O_JSON_PATH,
    O_DELAY,
    O_SEED,
    O_DURATION,
    O_NO_KEEPALIVE,
    O_ORIGINAL,
};

struct row {
    char letter; /* 0: none */
    const char *name;
    const char *arg; /* NULL: a flag */
    const char *help;
};

static const struct row rows[] = {
    [O_HELP] = {'h', "help", NULL, "print this help"},
    [O_SERVICE] = {'n', "service", "SERVICE", "sign for this AWS service (sagemaker); without it nothing is signed"},
    [O_REGION] = {'r', "region", "REGION",
                  "AWS region to sign for; else that of the URL, of AWS_REGION or the profile"},
    [O_PROFILE] = {'p', "profile", "PROFILE", "profile of the AWS configuration whose credentials to use"},
    [O_CONNECT_TIMEOUT] = {0, "connect-timeout", "SECONDS",
                           "longest wait for a connection, and for an answer to begin (30)"},
    [O_DATASET] = {0, "dataset", "PATH", "bodies: a file with one per line, or a folder of files that are one each"},
    [O_EXTRA] = {0, "extra-parameters", "JSON", "object merged into the parameters of each body of --dataset"},
    [O_DATA] = {'d', "data", "DATA", "the body; @FILE is what FILE holds, @- standard input"},
    [O_DATA_RAW] = {0, "data-raw", "DATA", "the same, with nothing special about @"},
    [O_DATA_URLENCODE] = {0, "data-urlencode", "DATA",
                          "name=value pairs, or values, to be URL-encoded; @FILE as above"},
    [O_FORM] = {'F', "form", "NAME=CONTENT",
                "a part of multipart/form-data; NAME=@FILE;type=T;filename=N sends a file"},
    [O_FORM_STRING] = {0, "form-string", "NAME=TEXT", "a part whose text is taken as it is"},
    [O_GET] = {'G', "get", NULL, "send the -d data in the URL's query, by GET"},
    [O_HEADER] = {'H', "header", "LINE", "a header, 'Name: value'; may be repeated"},
    [O_INCLUDE] = {'i', "include", NULL, "print the headers of requests and answers"},
    [O_INSECURE] = {'k', "insecure", NULL, "do not verify the server's certificate"},
    [O_OUTPUT] = {'o', "output", "PREFIX", "write what client i was answered to PREFIX.i"},
    [O_REQUEST] = {'X', "request", "METHOD", "GET, POST, PUT, DELETE or HEAD"},
    [O_UPLOAD] = {'T', "upload-file", "FILE", "send this file, by PUT"},
    [O_VERBOSE] = {'v', "verbose", NULL, "as -i"},
    [O_REPEAT] = {'N', "repeat", "COUNT", "requests per client (1)"},
    [O_CLIENTS] = {'c', "clients", "COUNT", "concurrent clients (1)"},
    [O_TOKENS] = {'t', "tokens", NULL, "count the tokens of the answers, by TOKENIZER, else their words"},
    [O_JQ] = {'j', "jq", "PATH",
              "where the text stands in an answer: a/b/c, or $.a.b[0], $.a[*].b, $.a[?(@.k==\"v\")].b"},
    [O_JSON] = {'P', "json-output", NULL, "print the figures as JSON"},
    [O_JSON_PATH] = {0, "json-path", "FILE", "write them there"},
    [O_DELAY] = {0, "delay", "MS", "wait before each client's first request: N, rand(MAX) or rand(MIN, MAX) ms"},
    [O_SEED] = {0, "seed", "N", "seed of these delays"},
    [O_DURATION] = {0, "duration", "SECONDS", "begin no request after this time"},
    [O_NO_KEEPALIVE] = {0, "no-keepalive", NULL, "a new connection for each request, as the original has it"},
    [O_ORIGINAL] = {0, "original-formulas", NULL, "the original's formulas where ours differ"},
};

static int numbers(struct str s, struct str *first, struct str *second)
{
    ptrdiff_t comma = str_chr(s, ',');
    *first = str_trim(comma < 0 ? s : str_sub(s, 0, (size_t)comma));
    *second = comma < 0 ? (struct str){0} : str_trim(str_sub(s, (size_t)comma + 1, s.n));
    return comma < 0 ? 1 : 2;
}

/* "N", "rand(a)": from a to twice that, "rand(a,b)". */
static int parse_delay(const char *v, int64_t delay[2], struct err *e)
{
    enum { MOST = 24 * 3600 * 1000 };
    struct str s = str_trim(str_of(v)), first, second;
    int n = 1;
    bool random = str_starts(s, STR("rand(")) && str_ends(s, STR(")"));
    uint64_t a, b;
    if (random)
        n = numbers(str_sub(s, 5, s.n - 6), &first, &second);
    else
        first = s;
    if (parse_u64(first, &a) != 0 || a > MOST || (n == 2 && (parse_u64(second, &b) != 0 || b > MOST)))
        return err_set(e, ERR_USAGE,
                       "--delay: \"%.100s\" is no delay; write milliseconds (100), rand(100) or rand(100, 500)", v);
    b = !random ? a : n == 2 ? b : 2 * a;
    if (b < a)
        return err_set(e, ERR_USAGE, "--delay: of \"%.100s\" the second number is below the first", v);
    delay[0] = (int64_t)a;
    delay[1] = (int64_t)b;
    return 0;
}

static int parse_count(const char *v, const char *what, uint64_t max, uint64_t *out, struct err *e)
{
    if (parse_u64(str_of(v), out) != 0 || *out == 0 || *out > max)
        return err_set(e, ERR_USAGE, "Invalid %s: %.100s; write a whole number from 1 to %llu", what, v,
                       (unsigned long long)max);
    return 0;
}

static int parse_method(struct awscurl_opts *o, const char *v, struct err *e)
{
    static const char *const methods[] = {"GET", "POST", "PUT", "DELETE", "HEAD"};
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        if (str_ieq(str_of(v), str_of(methods[i]))) {
            o->method = methods[i];
            return 0;
        }
    }
    return err_set(e, ERR_USAGE, "-X %.100s: the methods are GET, POST, PUT, DELETE and HEAD", v);
}

static bool token_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("!#$%&'*+-.^_`|~", c));
}

static int add_header(struct awscurl_opts *o, const char *line, struct err *e)
{
    struct str s = str_of(line);
    ptrdiff_t colon = str_chr(s, ':');
    struct str name = str_trim(str_sub(s, 0, colon < 0 ? 0 : (size_t)colon));
    struct str value = str_trim(str_sub(s, (size_t)(colon + 1), s.n));
    bool ok = name.n > 0;
    for (size_t i = 0; i < name.n; i++)
        ok &= token_char(name.p[i]);
    if (!ok) /* not quoted: what stands there may be a secret */
        return err_set(e, ERR_USAGE, "-H: header %zu is not of the form 'Name: value'", o->n_headers + 1);
    if (value.n == 0)
        return err_set(e, ERR_USAGE, "-H \"" STR_FMT ":\": the header has no value", STR_ARG(name));
    for (size_t i = 0; i < value.n; i++) {
        if (((unsigned char)value.p[i] < 0x20 && value.p[i] != '\t') || value.p[i] == 0x7f)
            return err_set(e, ERR_USAGE, "-H \"" STR_FMT "\": the value has a control character", STR_ARG(name));
    }
    if (str_ieq(name, STR("transfer-encoding")))
        return err_set(e, ERR_USAGE, "-H \"" STR_FMT "\": bodies are sent whole, with their length", STR_ARG(name));
    if (str_ieq(name, STR("content-length"))) /* follows from the body */
        return 0;
    if (str_ieq(name, STR("connection"))) {
        o->no_keepalive |= str_ieq(value, STR("close"));
        return 0;
    }
    bool type = str_ieq(name, STR("content-type"));
    if (type)
        name = STR("Content-Type");
    o->headers = xreallocarray(o->headers, o->n_headers + 2, sizeof *o->headers);
    char *text = xasprintf(STR_FMT ": " STR_FMT, STR_ARG(name), STR_ARG(value));
    if (type)
        o->content_type = text + sizeof "Content-Type: " - 1;
    o->headers[o->n_headers++] = text;
    o->headers[o->n_headers] = NULL;
    return 0;
}

static void add_piece(struct awscurl_opts *o, enum awscurl_data kind, const char *text)
{
    o->pieces = xreallocarray(o->pieces, o->n_pieces + 1, sizeof *o->pieces);
    o->pieces[o->n_pieces++] = (struct awscurl_piece){kind, text};
    o->n_forms += kind == AWSCURL_FORM || kind == AWSCURL_FORM_STRING;
}

/* Values that are more than text. */
static int take_value(struct awscurl_opts *o, enum id id, const char *v, struct err *e)
{
    int64_t seed, seconds;
    uint64_t n;
    switch (id) {
    case O_REQUEST:
        return parse_method(o, v, e);
    case O_HEADER:
        return add_header(o, v, e);
    case O_DELAY:
        o->delay_given = true;
        return parse_delay(v, o->delay, e);
    case O_REPEAT:
        return parse_count(v, "number of requests", 1000000000, &o->repeat, e);
    case O_CLIENTS:
        return parse_count(v, "concurrent clients", 1000000, &o->clients, e);
    case O_CONNECT_TIMEOUT:
        if (parse_count(v, "connect-timeout", 86400, &n, e) < 0)
            return -1;
        o->connect_timeout = (int64_t)n;
        return 0;
    case O_SEED:
        if (parse_i64(str_of(v), &seed) != 0)
            return err_set(e, ERR_USAGE, "Invalid seed: %.100s; write a whole number", v);
        o->seed = (uint64_t)seed;
        o->seed_given = true;
        return 0;
    case O_DURATION:
        if (parse_duration(str_of(v), &seconds) != 0 || seconds == 0)
            return err_set(e, ERR_USAGE, "Invalid duration: %.100s; write seconds, above 0", v);
        o->duration = seconds;
        return 0;
    default:
        add_piece(o, (enum awscurl_data)(id - O_DATA), v); /* in the order of enum awscurl_data */
        return 0;
    }
}

/* Where plain text goes; NULL: the value is more than that. */
static const char **place(struct awscurl_opts *o, enum id id)
{
    switch (id) {
    case O_SERVICE:
        return &o->service;
    case O_REGION:
        return &o->region;
    case O_PROFILE:
        return &o->profile;
    case O_DATASET:
        return &o->dataset;
    case O_EXTRA:
        return &o->extra_parameters;
    case O_OUTPUT:
        return &o->output;
    case O_UPLOAD:
        return &o->upload;
    case O_JQ:
        return &o->jq;
    case O_JSON_PATH:
        return &o->json_path;
    default:
        return NULL;
    }
}

static void take_flag(struct awscurl_opts *o, enum id id)
{
    bool *const places[ARRAY_LEN(rows)] = {
        [O_HELP] = &o->help,         [O_GET] = &o->get,
        [O_INCLUDE] = &o->include,   [O_INSECURE] = &o->insecure,
        [O_VERBOSE] = &o->verbose,   [O_TOKENS] = &o->tokens,
        [O_JSON] = &o->json,         [O_NO_KEEPALIVE] = &o->no_keepalive,
        [O_ORIGINAL] = &o->original,
    };
    *places[id] = true;
}

/* `shown`: the option as it was written. */
static int take(struct awscurl_opts *o, enum id id, const char *shown, const char *v, struct err *e)
{
    const char **text = place(o, id);
    bool may_be_empty = id >= O_DATA && id <= O_DATA_URLENCODE;
    if (!v)
        return err_set(e, ERR_USAGE, "%.100s needs an argument: %s", shown, rows[id].arg);
    if (!*v && !may_be_empty)
        return err_set(e, ERR_USAGE, "%.100s: its argument is empty", shown);
    if (!text)
        return take_value(o, id, v, e);
    *text = v;
    return 0;
}

static int long_option(struct awscurl_opts *o, const char *const *argv, int *i, struct err *e)
{
    struct str word = str_of(argv[*i] + 2);
    ptrdiff_t eq = str_chr(word, '=');
    struct str name = eq < 0 ? word : str_sub(word, 0, (size_t)eq);
    for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
        if (!str_eqz(name, rows[k].name))
            continue;
        char shown[64];
        snprintf(shown, sizeof shown, "--%s", rows[k].name);
        if (!rows[k].arg) {
            if (eq >= 0)
                return err_set(e, ERR_USAGE, "%s takes no argument", shown);
            take_flag(o, (enum id)k);
            return 0;
        }
        return take(o, (enum id)k, shown, eq >= 0 ? name.p + eq + 1 : argv[++*i], e);
    }
    return err_set(e, ERR_USAGE, "unknown option --%.*s (see -h)", (int)MIN(name.n, 60u), name.p);
}

/* "-Pt", "-c10", "-XPOST": flags may stand together, and the last may bring its argument. */
static int short_options(struct awscurl_opts *o, const char *const *argv, int *i, struct err *e)
{
    for (const char *p = argv[*i] + 1; *p; p++) {
        size_t k = 0;
        while (k < ARRAY_LEN(rows) && rows[k].letter != *p)
            k++;
        if (k == ARRAY_LEN(rows))
            return err_set(e, ERR_USAGE, "unknown option -%c (see -h)", *p);
        if (!rows[k].arg) {
            take_flag(o, (enum id)k);
            continue;
        }
        const char shown[] = {'-', *p, 0};
        return take(o, (enum id)k, shown, p[1] ? p + 1 : argv[++*i], e);
    }
    return 0;
}

static int take_url(struct awscurl_opts *o, const char *word, struct err *e)
{
    bool http = str_istarts(str_of(word), STR("http://")) || str_istarts(str_of(word), STR("https://"));
    if (!o->url && http) {
        o->url = word;
        return 0;
    }
    char *first = o->url ? aws_shown_url(o->url) : NULL, *shown = aws_shown_url(word);
    if (first)
        err_set(e, ERR_USAGE, "two URLs: %.200s and %.200s; an option takes one argument, quote what has blanks", first,
                shown);
    else
        err_set(e, ERR_USAGE, "Only HTTP url is supported: %.300s", shown);
    free(first);
    free(shown);
    return -1;
}

static int read_env(struct awscurl_opts *o, awscurl_env_fn *env, struct err *e)
{
    const char *tokenizer = env("TOKENIZER"), *type = env("DEFAULT_CONTENT_TYPE"), *length = env("MAX_LENGTH");
    o->tokenizer = tokenizer && *tokenizer ? tokenizer : NULL;
    o->default_type = type && *type ? type : NULL;
    o->exclude_input = env("EXCLUDE_INPUT_TOKEN") != NULL;
    if (length && *length && (parse_u64(str_of(length), &o->max_length) != 0 || o->max_length == 0))
        return err_set(e, ERR_USAGE, "MAX_LENGTH=%.100s: must be a whole number of tokens, from 1", length);
    return 0;
}

/* What does not go together. */
static int check(const struct awscurl_opts *o, struct err *e)
{
    if (!o->url)
        return err_set(e, ERR_USAGE, "Missing URL in command line.");
    if (o->extra_parameters && !o->dataset)
        return err_set(e, ERR_USAGE, "--extra-parameters are merged into the bodies of --dataset, which is not given");
    if ((o->region || o->profile) && !o->service)
        return err_set(e, ERR_USAGE, "%s is for signed requests; name the service with -n (sagemaker)",
                       o->region ? "-r" : "-p");
    if (o->get && o->n_forms > 0)
        return err_set(e, ERR_USAGE, "-G sends the data of -d in the query; a form (-F) cannot stand there");
    if (o->get && o->dataset)
        return err_set(e, ERR_USAGE, "-G and --dataset do not go together: a GET has no body");
    return 0;
}

int awscurl_opts_parse(struct awscurl_opts *o, int argc, const char *const *argv, awscurl_env_fn *env, struct err *e)
{
    bool only_words = false;
    *o = (struct awscurl_opts){.clients = 1, .repeat = 1, .connect_timeout = 30, .help = argc < 2};
    for (int i = 1; i < argc && !o->help; i++) {
        const char *word = argv[i];
        int rc;
        if (!only_words && strcmp(word, "--") == 0) {
            only_words = true;
            continue;
        }
        if (only_words || word[0] != '-' || !word[1])
            rc = take_url(o, word, e);
        else
            rc = word[1] == '-' ? long_option(o, argv, &i, e) : short_options(o, argv, &i, e);
        if (rc < 0)
            return -1;
    }
    if (o->help)
        return 0;
    if (env && read_env(o, env, e) < 0)
        return -1;
    return check(o, e);
}

void awscurl_opts_free(struct awscurl_opts *o)
{
    for (size_t i = 0; i < o->n_headers; i++)
        free(o->headers[i]);
    free(o->headers);
    free(o->pieces);
    *o = (struct awscurl_opts){0};
}

void awscurl_opts_help(struct buf *out, const char *program)
{
    buf_addf(out, "usage: %s [options] URL\n\n", program);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char left[64];
        const struct row *r = &rows[i];
        int n = snprintf(left, sizeof left, "  %c%c%s --%s%s%s", r->letter ? '-' : ' ', r->letter ? r->letter : ' ',
                         r->letter ? "," : " ", r->name, r->arg ? " " : "", r->arg ? r->arg : "");
        buf_addf(out, "%s%*s%s\n", left, MAX(36 - n, 2), "", r->help);
    }
    buf_addz(out, "\nEnvironment: TOKENIZER (file, folder or model of the Hugging Face hub), MAX_LENGTH, "
                  "EXCLUDE_INPUT_TOKEN,\nDEFAULT_CONTENT_TYPE, AWS_REGION and the AWS credentials' variables.\n");
}

const char *awscurl_method(const struct awscurl_opts *o)
{
    if (o->get)
        return "GET";
    if (o->method)
        return o->method;
    return o->n_pieces > 0 || o->dataset ? "POST" : o->upload ? "PUT" : "GET";
}

void awscurl_url(const struct awscurl_opts *o, struct str query, struct buf *out)
{
    struct str url = str_of(o->url);
    size_t begin = (size_t)(strstr(o->url, "://") - o->url) + 3, path = begin, end = begin;
    while (path < url.n && !strchr("/?#", url.p[path]))
        path++;
    for (end = path; end < url.n && url.p[end] != '?' && url.p[end] != '#';)
        end++;
    buf_adds(out, str_sub(url, 0, path));
    for (size_t i = path; i < end; i++) {
        if (url.p[i] == ':')
            buf_addz(out, "%3A");
        else
            buf_addc(out, url.p[i]);
    }
    if (path == end)
        buf_addc(out, '/');
    struct str own = str_sub(url, end, url.n);
    ptrdiff_t fragment = str_chr(own, '#');
    if (fragment >= 0)
        own.n = (size_t)fragment;
    buf_adds(out, own);
    if (query.n > 0 && own.n != 1) /* not behind a bare '?' */
        buf_addc(out, own.n == 0 ? '?' : '&');
    buf_adds(out, query);
}
