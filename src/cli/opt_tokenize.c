/* opt_tokenize.c - the options of `weir tokenize`, into struct tokenize_config. */
#include "cli/opts.h"

#define C struct tokenize_config
#define WHAT "What is printed"
#define TEXT "Text"

static const struct opt rows[] = {
    {"tokenizer", 0, NULL, "PATH|MODEL", TEXT, OPT_STR(C, tokenizer), .env = "TOKENIZER", .check = check_not_empty,
     .flags = OPT_FILE,
     .help = "The tokenizer: a tokenizer.json, a SentencePiece model, a .tiktoken file of ranks, a tekken.json, a "
             "model's folder with one of them, or a model of the Hugging Face hub, as of weir run. Without it, the "
             "environment variable TOKENIZER says."},
    {"specials", 0, "add-special-tokens", NULL, TEXT, OPT_BOOL(C, specials), .flags = OPT_NEGATABLE,
     .help =
         "With the tokens that the tokenizer puts round a text, such as <s> or [CLS]. With --decode: special tokens "
         "stay in the text."},
    {"lines", 0, NULL, NULL, TEXT, OPT_BOOL(C, lines), .flags = OPT_NEGATABLE,
     .help = "Every line is a text of its own, without its newline."},
    {"count", 'c', NULL, NULL, WHAT, OPT_BOOL(C, count), .group = "what",
     .help = "The number of tokens, one line for each text. This is the default."},
    {"ids", 0, NULL, NULL, WHAT, OPT_BOOL(C, ids), .group = "what",
     .help = "The token ids, separated by spaces, one line for each text."},
    {"pieces", 0, "tokens", NULL, WHAT, OPT_BOOL(C, pieces), .group = "what",
     .help = "The tokens as the vocabulary spells them, one a line, as JSON strings; with --lines an empty line stands "
             "behind each text."},
    {"decode", 'd', NULL, NULL, WHAT, OPT_BOOL(C, decode), .group = "what",
     .help = "The text of token ids: the input holds numbers, separated by white space or commas; brackets are fine."},
    {"compare-ids", 0, NULL, "FILE", WHAT, OPT_STR(C, compare), .group = "what", .flags = OPT_FILE,
     .check = check_not_empty,
     .help =
         "Compare with the ids of another tokenizer: each line of FILE (- is standard input) is a JSON object with "
         "\"text\" and \"ids\", and \"specials\": true where they hold special tokens. Exit code 3 when some differ."},
    {"json", 0, NULL, NULL, WHAT, OPT_BOOL(C, json), .flags = OPT_NEGATABLE,
     .help = "A JSON object for each text: its file, line, bytes, tokens, and what else was asked for."},
    {"quiet", 'q', NULL, NULL, WHAT, OPT_BOOL(C, quiet), .flags = OPT_NEGATABLE,
     .help = "Nothing on standard error but errors."},
};

const struct opt_table opt_tokenize = {"tokenize", "WEIR_TOKENIZE_", rows, ARRAY_LEN(rows), "FILE", 4096};
