/* word_tokenizer.h - a tokenizer.json whose tokens are words: a known one is itself, any other [UNK]; [BOS] in front.
 */
#ifndef WEIR_TESTS_UNIT_WORD_TOKENIZER_H
#define WEIR_TESTS_UNIT_WORD_TOKENIZER_H

#define WORD_TOKENIZER                                                                                                 \
    "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[{\"id\":0,\"content\":\"[UNK]\","     \
    "\"single_word\":false,\"lstrip\":false,\"rstrip\":false,\"normalized\":false,\"special\":true},{\"id\":1,"        \
    "\"content\":\"[BOS]\",\"single_word\":false,\"lstrip\":false,\"rstrip\":false,\"normalized\":false,"              \
    "\"special\":true}],\"normalizer\":null,\"pre_tokenizer\":{\"type\":\"WhitespaceSplit\"},\"post_processor\":{"     \
    "\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":\"[BOS]\",\"type_id\":0}},{\"Sequence\":{"  \
    "\"id\":\"A\",\"type_id\":0}}],\"pair\":[{\"Sequence\":{\"id\":\"A\",\"type_id\":0}},{\"Sequence\":{\"id\":"       \
    "\"B\",\"type_id\":1}}],\"special_tokens\":{\"[BOS]\":{\"id\":\"[BOS]\",\"ids\":[1],\"tokens\":[\"[BOS]\"]}}},"    \
    "\"decoder\":null,\"model\":{\"type\":\"WordLevel\",\"vocab\":{\"[UNK]\":0,\"[BOS]\":1,\"weir\":2},"               \
    "\"unk_token\":\"[UNK]\"}}"

#endif
