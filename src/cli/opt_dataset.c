/* opt_dataset.c - the options of `weir dataset`, into struct dataset_config. Each category says which verbs have it. */
#include "cli/cmd_dataset.h"
#include "load/dsx_ipex.h"

#define C struct dataset_config
#define READ "What is read (inspect, convert, sample)"
#define LOOK "What is shown (inspect)"
#define WRITE "What is written (convert, sample, generate)"
#define COUNT "How much (sample, generate)"
#define PICK "Which entries (sample)"
#define MAKE "What is made (generate)"
#define ALL "And always"

static const struct opt rows[] = {
    {"from", 0, "dataset-format", "FORMAT", READ, OPT_STR(C, from), .def = "auto", .check = check_not_empty,
     .help = "Format of FILE, as weir run --dataset-format has them; auto looks at its head."},
    {"dataset-fields", 0, NULL, "MAP", READ, OPT_STR(C, fields), .check = check_fields,
     .help = "As of weir run: what CSV and JSONL call their fields."},
    {"dataset-key", 0, NULL, "FAMILY/LENGTH", READ, OPT_STR(C, key), .check = check_not_empty,
     .help = "As of weir run: which prompts of IPEX."},
    {"dataset-lengths", 0, NULL, "RANGES", READ, OPT_STR(C, lengths), .def = "none", .check = check_lengths,
     .help = "As of weir run: entries of these lengths only; auto: as the format's own benchmark filters them."},
    {"answer-length", 0, NULL, NULL, READ, OPT_BOOL(C, answer_length), .flags = OPT_NEGATABLE,
     .help = "As of weir run: the limit of an entry is the length of the dataset's own answer."},
    {"skip-bad", 0, NULL, NULL, READ, OPT_BOOL(C, skip_bad), .flags = OPT_NEGATABLE,
     .help = "Leave bad entries out and count them."},

    {"json", 0, NULL, NULL, LOOK, OPT_BOOL(C, json), .flags = OPT_NEGATABLE, .help = "Print JSON instead of text."},
    {"block-words", 0, "block-size", "N", LOOK, OPT_U64(C, block_words), .def = "16", .flags = OPT_POSITIVE,
     .max = 1 << 20,
     .help = "Words in a block of the prefix cache that is reckoned with; servers have blocks of 16 to 512 tokens."},

    {"format", 0, "to", "FORMAT", WRITE, OPT_CHOICE(C, to), .choices = "conversations messages text csv mooncake ipex",
     .help = "Format to write; mooncake, a trace, and ipex, prompts by length, are for generate. Default: "
             "conversations for generate, that of FILE for "
             "sample."},
    {"output", 'o', NULL, "FILE", WRITE, OPT_STR(C, output), .flags = OPT_FILE, .check = check_not_empty,
     .help = "Write there, as a whole or not at all. Default: standard output."},

    {"num-samples", 'n', "samples num-prompts", "N", COUNT, OPT_U64(C, n), .flags = OPT_POSITIVE, .max = 1e9,
     .help = "So many entries. Default: 100 for generate, all for sample."},
    {"seed", 0, NULL, "N", COUNT, OPT_U64(C, seed), .def = "0",
     .help = "Seed of what is drawn, made and replaced; the same gives the same."},

    {"share", 0, NULL, "X", PICK, OPT_F64(C, share), .def = "0", .max = 1,
     .help = "This share of the entries, 0 to 1."},
    {"min-words", 0, NULL, "N", PICK, OPT_U64(C, min_words), .def = "0", .help = "Entries of at least so many words."},
    {"max-words", 0, NULL, "N", PICK, OPT_U64(C, max_words), .def = "0", .help = "And of at most so many; 0: any."},
    {"anonymize", 0, "anonymise", NULL, PICK, OPT_BOOL(C, anonymize), .flags = OPT_NEGATABLE,
     .help =
         "Replace e-mail addresses, telephone, card and account numbers, IP addresses, secrets in URLs, keys and "
         "tokens, and names behind a salutation by others of their kind; the same by the same. A help, no guarantee."},

    {"isl", 0, NULL, "DIST", MAKE, OPT_STR(C, isl), .check = check_length,
     .help = "Prompts of random words, so long (in tokens with --tokenizer), as of weir run --isl, instead of "
             "conversations; of a trace, tokens "
             "[lognormal:1000,1]."},
    {"osl", 0, NULL, "DIST", MAKE, OPT_STR(C, osl), .check = check_length,
     .help = "Output tokens of each entry, where the format has a place for them; of a trace [lognormal:150,0.8]."},
    {"prefix-tokens", 0, NULL, "N", MAKE, OPT_U64(C, prefix_tokens), .def = "0", .max = 1 << 22,
     .help = "Words that the prompts of a group have in front in common; of a trace in whole blocks of 512."},
    {"prefix-groups", 0, NULL, "N", MAKE, OPT_U64(C, prefix_groups), .def = "1", .flags = OPT_POSITIVE, .max = 1 << 18,
     .help = "So many groups."},
    {"rate", 0, NULL, "X", MAKE, OPT_F64(C, rate), .def = "1", .flags = OPT_POSITIVE,
     .help = "Requests per second of a trace, a Poisson process."},

    {"families", 0, NULL, "LIST", MAKE, OPT_STR(C, families), .check = check_not_empty,
     .help = "Names of families of models in a file of IPEX, as llama,gpt-j. Default: the 18 that benchmarks name."},
    {"lengths", 0, NULL, "LIST", MAKE, OPT_STR(C, prompt_lengths), .def = DSX_IPEX_LENGTHS, .check = check_not_empty,
     .help = "Lengths of its prompts, each exactly: in tokens with --tokenizer, else in words."},

    {"tokenizer", 0, NULL, "PATH|MODEL", ALL, OPT_STR(C, tokenizer), .def = "none", .word = "none", .env = "TOKENIZER",
     .flags = OPT_FILE, .check = check_not_empty,
     .help = "As of weir run: lengths are its tokens, those that are told, chosen by (--dataset-lengths) and made."},
    {"quiet", 'q', NULL, NULL, ALL, OPT_BOOL(C, quiet), .flags = OPT_NEGATABLE,
     .help = "Nothing on standard error but errors."},
};

const struct opt_table opt_dataset = {"dataset", "WEIR_DATA_", rows, ARRAY_LEN(rows), "VERB", 2};

unsigned dataset_verbs_of(const struct opt *o)
{
    static const struct {
        const char *category;
        unsigned verbs;
    } map[] = {
        {READ, VERB_INSPECT | VERB_CONVERT | VERB_SAMPLE},
        {LOOK, VERB_INSPECT},
        {WRITE, VERB_CONVERT | VERB_SAMPLE | VERB_GENERATE},
        {COUNT, VERB_SAMPLE | VERB_GENERATE},
        {PICK, VERB_SAMPLE},
        {MAKE, VERB_GENERATE},
    };
    for (size_t i = 0; i < ARRAY_LEN(map); i++)
        if (strcmp(o->category, map[i].category) == 0)
            return map[i].verbs;
    return VERB_INSPECT | VERB_CONVERT | VERB_SAMPLE | VERB_GENERATE;
}
