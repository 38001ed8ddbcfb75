/* tok_cases.h - written by tok_cases.py from Hugging Face's tokenizers; not by hand. */
#ifndef WEIR_TESTS_TOK_CASES_H
#define WEIR_TESTS_TOK_CASES_H

/* Added tokens, text, "ID@FROM-TO …" in bytes; id 0: what lies between. */
static const char *const added_cases[][3] = {
    {"[{\"content\":\"<a>\"},{\"content\":\"<ab>\"},{\"content\":\"<ab\"},{\"content\":\"bc\"},{\"content\":\"<abcd\"},"
     "{\"content\":\"b\"}]",
     "<ab><a>", "5@0-4 4@4-7"},
    {"[{\"content\":\"<a>\"},{\"content\":\"<ab>\"},{\"content\":\"<ab\"},{\"content\":\"bc\"},{\"content\":\"<abcd\"},"
     "{\"content\":\"b\"}]",
     "<abcx", "6@0-3 0@3-5"},
    {"[{\"content\":\"<a>\"},{\"content\":\"<ab>\"},{\"content\":\"<ab\"},{\"content\":\"bc\"},{\"content\":\"<abcd\"},"
     "{\"content\":\"b\"}]",
     "<abcd<abc", "8@0-5 6@5-8 0@8-9"},
    {"[{\"content\":\"<a>\"},{\"content\":\"<ab>\"},{\"content\":\"<ab\"},{\"content\":\"bc\"},{\"content\":\"<abcd\"},"
     "{\"content\":\"b\"}]",
     "<a<b>bbc", "0@0-3 9@3-4 0@4-5 9@5-6 7@6-8"},
    {"[{\"content\":\"<a>\"},{\"content\":\"<ab>\"},{\"content\":\"[IN]\"},{\"content\":\"<a\"},{\"content\":\"ab\"}]",
     "", ""},
    {"[{\"content\":\"<a>\"},{\"content\":\"<ab>\"},{\"content\":\"[IN]\"},{\"content\":\"<a\"},{\"content\":\"ab\"}]",
     "<a>", "4@0-3"},
    {"[{\"content\":\"<a>\"},{\"content\":\"<ab>\"},{\"content\":\"[IN]\"},{\"content\":\"<a\"},{\"content\":\"ab\"}]",
     "<ab><a>x[IN]<ab", "6@0-2 0@2-4 4@4-7 1@7-8 5@8-12 6@12-14 0@14-15"},
    {"[{\"content\":\"<a>\"},{\"content\":\"<ab>\"},{\"content\":\"[IN]\"},{\"content\":\"<a\"},{\"content\":\"ab\"}]",
     "<<a><ab", "0@0-1 4@1-4 6@4-6 0@6-7"},
    {"[{\"content\":\"<a>\"},{\"content\":\"<ab>\"},{\"content\":\"[IN]\"},{\"content\":\"<a\"},{\"content\":\"ab\"}]",
     "nothing", "0@0-7"},
    {"[{\"content\":\"<a>\"},{\"content\":\"<ab>\"},{\"content\":\"[IN]\"},{\"content\":\"<a\"},{\"content\":\"ab\"}]",
     "ab<aab>", "7@0-2 6@2-4 7@4-6 0@6-7"},
    {"[{\"content\":\"<a>\"},{\"content\":\"<ab>\"},{\"content\":\"[IN]\"},{\"content\":\"<a\"},{\"content\":\"ab\"}]",
     "<a<ab>>", "6@0-2 6@2-4 0@4-7"},
    {"[{\"content\":\"<l>\",\"lstrip\":true},{\"content\":\"<r>\",\"rstrip\":true},{\"content\":\"<b>\",\"lstrip\":"
     "true,\"rstrip\":true},{\"content\":\"  \"}]",
     "x <l> y", "1@0-1 4@1-5 0@5-7"},
    {"[{\"content\":\"<l>\",\"lstrip\":true},{\"content\":\"<r>\",\"rstrip\":true},{\"content\":\"<b>\",\"lstrip\":"
     "true,\"rstrip\":true},{\"content\":\"  \"}]",
     " \x09\xE3\x80\x80<l>", "4@0-8"},
    {"[{\"content\":\"<l>\",\"lstrip\":true},{\"content\":\"<r>\",\"rstrip\":true},{\"content\":\"<b>\",\"lstrip\":"
     "true,\"rstrip\":true},{\"content\":\"  \"}]",
     "x <r> \x0A y<r>", "0@0-2 5@2-8 2@8-9 5@9-12"},
    {"[{\"content\":\"<l>\",\"lstrip\":true},{\"content\":\"<r>\",\"rstrip\":true},{\"content\":\"<b>\",\"lstrip\":"
     "true,\"rstrip\":true},{\"content\":\"  \"}]",
     "x<r>  <l>  <b>  x", "1@0-1 5@1-6 7@4-6 4@6-9 7@9-11 6@11-16 7@14-16 1@16-17"},
    {"[{\"content\":\"<l>\",\"lstrip\":true},{\"content\":\"<r>\",\"rstrip\":true},{\"content\":\"<b>\",\"lstrip\":"
     "true,\"rstrip\":true},{\"content\":\"  \"}]",
     "<r> <l>", "5@0-4 4@4-7"},
    {"[{\"content\":\"<l>\",\"lstrip\":true},{\"content\":\"<r>\",\"rstrip\":true},{\"content\":\"<b>\",\"lstrip\":"
     "true,\"rstrip\":true},{\"content\":\"  \"}]",
     "<r>    x", "5@0-7 7@3-5 7@5-7 1@7-8"},
    {"[{\"content\":\"<l>\",\"lstrip\":true},{\"content\":\"<r>\",\"rstrip\":true},{\"content\":\"<b>\",\"lstrip\":"
     "true,\"rstrip\":true},{\"content\":\"  \"}]",
     "  <l>", "7@0-2 4@2-5"},
    {"[{\"content\":\"<l>\",\"lstrip\":true},{\"content\":\"<r>\",\"rstrip\":true},{\"content\":\"<b>\",\"lstrip\":"
     "true,\"rstrip\":true},{\"content\":\"  \"}]",
     "<b> <b>", "6@0-4 6@4-7"},
    {"[{\"content\":\"  \",\"single_word\":true,\"lstrip\":true,\"rstrip\":true},{\"content\":\" x\",\"lstrip\":true}]",
     "     y", "4@0-5 2@5-6"},
    {"[{\"content\":\"  \",\"single_word\":true,\"lstrip\":true,\"rstrip\":true},{\"content\":\" x\",\"lstrip\":true}]",
     "y    ", "2@0-1 4@1-5"},
    {"[{\"content\":\"  \",\"single_word\":true,\"lstrip\":true,\"rstrip\":true},{\"content\":\" x\",\"lstrip\":true}]",
     "y   x  y", "2@0-1 5@1-5 0@5-8"},
    {"[{\"content\":\"  \",\"single_word\":true,\"lstrip\":true,\"rstrip\":true},{\"content\":\" x\",\"lstrip\":true}]",
     "     x", "4@0-5 5@5-6"},
    {"[{\"content\":\"to\",\"single_word\":true},{\"content\":\"torn\",\"single_word\":true},{\"content\":\"\xC3\xA9\","
     "\"single_word\":true}]",
     "to be", "4@0-2 0@2-5"},
    {"[{\"content\":\"to\",\"single_word\":true},{\"content\":\"torn\",\"single_word\":true},{\"content\":\"\xC3\xA9\","
     "\"single_word\":true}]",
     "torn to", "5@0-4 0@4-5 4@5-7"},
    {"[{\"content\":\"to\",\"single_word\":true},{\"content\":\"torn\",\"single_word\":true},{\"content\":\"\xC3\xA9\","
     "\"single_word\":true}]",
     "tor to_ to", "0@0-8 4@8-10"},
    {"[{\"content\":\"to\",\"single_word\":true},{\"content\":\"torn\",\"single_word\":true},{\"content\":\"\xC3\xA9\","
     "\"single_word\":true}]",
     "\xC3\xA9t\xC3\xA9 \xC3\xA9", "0@0-6 6@6-8"},
    {"[{\"content\":\"to\",\"single_word\":true},{\"content\":\"torn\",\"single_word\":true},{\"content\":\"\xC3\xA9\","
     "\"single_word\":true}]",
     "to\xCC\x81 to", "0@0-5 4@5-7"},
    {"[{\"content\":\"to\",\"single_word\":true},{\"content\":\"torn\",\"single_word\":true},{\"content\":\"\xC3\xA9\","
     "\"single_word\":true}]",
     "(to)", "0@0-1 4@1-3 0@3-4"},
    {"[{\"content\":\"to\",\"single_word\":true},{\"content\":\"torn\",\"single_word\":true},{\"content\":\"\xC3\xA9\","
     "\"single_word\":true}]",
     "torn\xE2\x92\xB6 to\xE2\x80\x8D to-", "0@0-14 4@14-16 0@16-17"},
    {"[{\"content\":\"to\",\"single_word\":true},{\"content\":\"torn\",\"single_word\":true},{\"content\":\"\xC3\xA9\","
     "\"single_word\":true}]",
     "to to1", "4@0-2 0@2-6"},
    {"[{\"content\":\"Day\",\"normalized\":true},{\"content\":\"[Day]\"},{\"content\":\"DAYS\",\"normalized\":true},{"
     "\"content\":\"day<\",\"lstrip\":true,\"normalized\":true}]",
     "a DAY [Day] [day] days", "0@0-2 4@2-5 0@5-6 5@6-11 0@11-13 4@13-16 0@16-18 6@18-22"},
    {"[{\"content\":\"Day\",\"normalized\":true},{\"content\":\"[Day]\"},{\"content\":\"DAYS\",\"normalized\":true},{"
     "\"content\":\"day<\",\"lstrip\":true,\"normalized\":true}]",
     "x day< y  DAY<", "1@0-1 7@1-6 0@6-8 7@8-14"},
    {"[{\"content\":\"Day\",\"normalized\":true},{\"content\":\"[Day]\"},{\"content\":\"DAYS\",\"normalized\":true},{"
     "\"content\":\"day<\",\"lstrip\":true,\"normalized\":true}]",
     "DAYSDAY", "6@0-4 4@4-7"},
    {"[{\"content\":\"Day\",\"normalized\":true},{\"content\":\"[Day]\"},{\"content\":\"DAYS\",\"normalized\":true},{"
     "\"content\":\"day<\",\"lstrip\":true,\"normalized\":true}]",
     "[Day]day", "5@0-5 4@5-8"},
    {"[{\"content\":\"<s>\",\"special\":true},{\"content\":\"\",\"special\":true},{\"content\":\"<s>\",\"rstrip\":true}"
     "]",
     "x<s> y", "1@0-1 4@1-5 2@5-6"},
    {"[{\"content\":\"<s>\",\"special\":true},{\"content\":\"\",\"special\":true},{\"content\":\"<s>\",\"rstrip\":true}"
     "]",
     "<s>", "4@0-3"},
};

/* Post-processor, ids without and with specials, of a text whose ids are 1 2. */
static const char *const post_cases[][3] = {
    {"{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":\"[C.L]\",\"type_id\":0}},{\"Sequence\":{"
     "\"id\":\"A\",\"type_id\":0}},{\"SpecialToken\":{\"id\":\"two\",\"type_id\":0}}],\"pair\":[{\"Sequence\":{\"id\":"
     "\"A\",\"type_id\":0}},{\"Sequence\":{\"id\":\"B\",\"type_id\":0}}],\"special_tokens\":{\"[C.L]\":{\"id\":\"[C.L]"
     "\",\"ids\":[10],\"tokens\":[\"c\"]},\"two\":{\"id\":\"two\",\"ids\":[11,12],\"tokens\":[\"d\",\"e\"]}}}",
     "1 2", "10 1 2 11 12"},
    {"{\"type\":\"TemplateProcessing\",\"single\":[{\"Sequence\":{\"id\":\"A\",\"type_id\":0}}],\"pair\":[{"
     "\"Sequence\":{\"id\":\"A\",\"type_id\":0}},{\"Sequence\":{\"id\":\"B\",\"type_id\":0}}],\"special_tokens\":{\"[C."
     "L]\":{\"id\":\"[C.L]\",\"ids\":[10],\"tokens\":[\"c\"]},\"two\":{\"id\":\"two\",\"ids\":[11,12],\"tokens\":["
     "\"d\",\"e\"]}}}",
     "1 2", "1 2"},
    {"{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":\"two\",\"type_id\":0}}],\"pair\":[{"
     "\"Sequence\":{\"id\":\"A\",\"type_id\":0}},{\"Sequence\":{\"id\":\"B\",\"type_id\":0}}],\"special_tokens\":{\"[C."
     "L]\":{\"id\":\"[C.L]\",\"ids\":[10],\"tokens\":[\"c\"]},\"two\":{\"id\":\"two\",\"ids\":[11,12],\"tokens\":["
     "\"d\",\"e\"]}}}",
     "", "11 12"},
    {"{\"type\":\"TemplateProcessing\",\"single\":[{\"Sequence\":{\"id\":\"A\",\"type_id\":0}},{\"SpecialToken\":{"
     "\"id\":\"[C.L]\",\"type_id\":0}},{\"Sequence\":{\"id\":\"A\",\"type_id\":0}}],\"pair\":[{\"Sequence\":{\"id\":"
     "\"A\",\"type_id\":0}},{\"Sequence\":{\"id\":\"B\",\"type_id\":0}}],\"special_tokens\":{\"[C.L]\":{\"id\":\"[C.L]"
     "\",\"ids\":[10],\"tokens\":[\"c\"]},\"two\":{\"id\":\"two\",\"ids\":[11,12],\"tokens\":[\"d\",\"e\"]}}}",
     "1 2 1 2", "1 2 10 1 2"},
    {"{\"type\":\"BertProcessing\",\"sep\":[\"s\",20],\"cls\":[\"c\",21]}", "1 2", "21 1 2 20"},
    {"{\"type\":\"RobertaProcessing\",\"sep\":[\"s\",20],\"cls\":[\"c\",21],\"trim_offsets\":true,\"add_prefix_space\":"
     "false}",
     "1 2", "21 1 2 20"},
    {"{\"type\":\"ByteLevel\",\"add_prefix_space\":true,\"trim_offsets\":false,\"use_regex\":true}", "1 2", "1 2"},
    {"{\"type\":\"Sequence\",\"processors\":[{\"type\":\"ByteLevel\",\"add_prefix_space\":true,\"trim_offsets\":false,"
     "\"use_regex\":true},{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":\"[C.L]\",\"type_id\":"
     "0}},{\"Sequence\":{\"id\":\"A\",\"type_id\":0}}],\"pair\":[{\"Sequence\":{\"id\":\"A\",\"type_id\":0}},{"
     "\"Sequence\":{\"id\":\"B\",\"type_id\":0}}],\"special_tokens\":{\"[C.L]\":{\"id\":\"[C.L]\",\"ids\":[10],"
     "\"tokens\":[\"c\"]},\"two\":{\"id\":\"two\",\"ids\":[11,12],\"tokens\":[\"d\",\"e\"]}}}]}",
     "1 2", "10 1 2"},
    {"{\"type\":\"Sequence\",\"processors\":[{\"type\":\"BertProcessing\",\"sep\":[\"s\",20],\"cls\":[\"c\",21]},{"
     "\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":\"two\",\"type_id\":0}},{\"Sequence\":{"
     "\"id\":\"A\",\"type_id\":0}}],\"pair\":[{\"Sequence\":{\"id\":\"A\",\"type_id\":0}},{\"Sequence\":{\"id\":\"B\","
     "\"type_id\":0}}],\"special_tokens\":{\"[C.L]\":{\"id\":\"[C.L]\",\"ids\":[10],\"tokens\":[\"c\"]},\"two\":{"
     "\"id\":\"two\",\"ids\":[11,12],\"tokens\":[\"d\",\"e\"]}}}]}",
     "1 2", "11 12 21 1 2 20"},
    {"{\"type\":\"Sequence\",\"processors\":[{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":"
     "\"two\",\"type_id\":0}},{\"Sequence\":{\"id\":\"A\",\"type_id\":0}}],\"pair\":[{\"Sequence\":{\"id\":\"A\","
     "\"type_id\":0}},{\"Sequence\":{\"id\":\"B\",\"type_id\":0}}],\"special_tokens\":{\"[C.L]\":{\"id\":\"[C.L]\","
     "\"ids\":[10],\"tokens\":[\"c\"]},\"two\":{\"id\":\"two\",\"ids\":[11,12],\"tokens\":[\"d\",\"e\"]}}},{\"type\":"
     "\"BertProcessing\",\"sep\":[\"s\",20],\"cls\":[\"c\",21]}]}",
     "1 2", "21 11 12 20 1 2 20"},
    {"{\"type\":\"Sequence\",\"processors\":[{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":"
     "\"two\",\"type_id\":0}},{\"Sequence\":{\"id\":\"A\",\"type_id\":0}}],\"pair\":[{\"Sequence\":{\"id\":\"A\","
     "\"type_id\":0}},{\"Sequence\":{\"id\":\"B\",\"type_id\":0}}],\"special_tokens\":{\"[C.L]\":{\"id\":\"[C.L]\","
     "\"ids\":[10],\"tokens\":[\"c\"]},\"two\":{\"id\":\"two\",\"ids\":[11,12],\"tokens\":[\"d\",\"e\"]}}},{\"type\":"
     "\"RobertaProcessing\",\"sep\":[\"s\",20],\"cls\":[\"c\",21],\"trim_offsets\":true,\"add_prefix_space\":false}]}",
     "1 2", "21 11 12 20 20 1 2 20"},
    {"{\"type\":\"Sequence\",\"processors\":[{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":"
     "\"two\",\"type_id\":0}},{\"Sequence\":{\"id\":\"A\",\"type_id\":0}}],\"pair\":[{\"Sequence\":{\"id\":\"A\","
     "\"type_id\":0}},{\"Sequence\":{\"id\":\"B\",\"type_id\":0}}],\"special_tokens\":{\"[C.L]\":{\"id\":\"[C.L]\","
     "\"ids\":[10],\"tokens\":[\"c\"]},\"two\":{\"id\":\"two\",\"ids\":[11,12],\"tokens\":[\"d\",\"e\"]}}},{\"type\":"
     "\"TemplateProcessing\",\"single\":[{\"Sequence\":{\"id\":\"A\",\"type_id\":0}}],\"pair\":[{\"Sequence\":{\"id\":"
     "\"B\",\"type_id\":0}},{\"SpecialToken\":{\"id\":\"[C.L]\",\"type_id\":0}},{\"Sequence\":{\"id\":\"A\",\"type_"
     "id\":0}}],\"special_tokens\":{\"[C.L]\":{\"id\":\"[C.L]\",\"ids\":[10],\"tokens\":[\"c\"]},\"two\":{\"id\":"
     "\"two\",\"ids\":[11,12],\"tokens\":[\"d\",\"e\"]}}}]}",
     "1 2", "1 2 10 11 12"},
    {"{\"type\":\"Sequence\",\"processors\":[]}", "1 2", "1 2"},
};

/* Decoder, tokens, text. */
static const char *const decode_cases[][3] = {
    {"{\"type\":\"ByteLevel\",\"add_prefix_space\":true,\"trim_offsets\":true,\"use_regex\":true}",
     "[\"\xC4\xA0the\",\"\xC4\xA0"
     "caf\xC3\x83\",\"\xC2\xA9\",\"<|end of text|>\",\"\xC4\x8A\"]",
     " the caf\xC3\xA9<|end of text|>\x0A"},
    {"{\"type\":\"ByteLevel\",\"add_prefix_space\":true,\"trim_offsets\":true,\"use_regex\":true}",
     "[\"\xC3\x83\",\"x\",\"\xC3\xA2\xC4\xA4\",\"\xE2\x82\xAC\"]", "\xEF\xBF\xBDx\xEF\xBF\xBD\xE2\x82\xAC"},
    {"{\"type\":\"ByteLevel\",\"add_prefix_space\":true,\"trim_offsets\":true,\"use_regex\":true}", "[]", ""},
    {"{\"type\":\"Sequence\",\"decoders\":[{\"type\":\"Replace\",\"pattern\":{\"String\":\"\xE2\x96\x81\"},\"content\":"
     "\" \"},{\"type\":\"ByteFallback\"},{\"type\":\"Fuse\"},{\"type\":\"Strip\",\"content\":\" "
     "\",\"start\":1,\"stop\":0}]}",
     "[\"\xE2\x96\x81Hello\",\"\xE2\x96\x81\xE2\x96\x81\",\"<0xE2>\",\"<0x82>\",\"<0xAC>\",\"!\",\"<0xE2>\",\"<0x82>\","
     "\"y\"]",
     "Hello  \xE2\x82\xAC!\xEF\xBF\xBD\xEF\xBF\xBDy"},
    {"{\"type\":\"Sequence\",\"decoders\":[{\"type\":\"Replace\",\"pattern\":{\"String\":\"\xE2\x96\x81\"},\"content\":"
     "\" \"},{\"type\":\"ByteFallback\"},{\"type\":\"Fuse\"},{\"type\":\"Strip\",\"content\":\" "
     "\",\"start\":1,\"stop\":0}]}",
     "[\"\xE2\x96\x81\",\"\xE2\x96\x81x\"]", " x"},
    {"{\"type\":\"ByteFallback\"}",
     "[\"<0x61>\",\"<0xG1>\",\"<0x6>\",\"<0x+A>\",\"<0xff>\",\"<0xFF>\",\"z\",\"<0xC3>\"]",
     "a<0xG1><0x6>\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz\xEF\xBF\xBD"},
    {"{\"type\":\"Fuse\"}", "[]", ""},
    {"{\"type\":\"Strip\",\"content\":\"H\",\"start\":2,\"stop\":1}", "[\"HHHey\",\"HeyHH\",\"xHx\",\"yHH\"]",
     "HeyeyHxHxyH"},
    {"{\"type\":\"Strip\",\"content\":\"\xC3\xA9\",\"start\":1,\"stop\":1}",
     "[\"\xC3\xA9t\xC3\xA9\",\"\xC3\xA9\xC3\xA9x\"]", "t\xC3\xA9x"},
    {"{\"type\":\"Metaspace\",\"replacement\":\"\xE2\x96\x81\",\"prepend_scheme\":\"always\",\"split\":true}",
     "[\"\xE2\x96\x81"
     "a\xE2\x96\x81"
     "b\",\"\xE2\x96\x81"
     "c\",\"d\"]",
     "ab cd"},
    {"{\"type\":\"Metaspace\",\"replacement\":\"\xE2\x96\x81\",\"prepend_scheme\":\"never\",\"split\":true}",
     "[\"\xE2\x96\x81"
     "a\xE2\x96\x81"
     "b\",\"\xE2\x96\x81"
     "c\",\"d\"]",
     " a b cd"},
    {"{\"type\":\"Metaspace\",\"replacement\":\"\xE2\x96\x81\",\"prepend_scheme\":\"first\",\"split\":true}",
     "[\"\xE2\x96\x81"
     "a\",\"\xE2\x96\x81"
     "c\"]",
     "a c"},
    {"{\"type\":\"WordPiece\",\"prefix\":\"##\",\"cleanup\":true}",
     "[\"##un\",\"##able\",\"I\",\"'\",\"m\",\"do not\",\".\",\"I 'm\",\"!\",\"a n't\"]",
     "##unable I ' m don't. I'm! an't"},
    {"{\"type\":\"WordPiece\",\"prefix\":\"##\",\"cleanup\":false}", "[\"un\",\"##able\",\".\",\"##\",\"x\"]",
     "unable . x"},
    {"{\"type\":\"BPEDecoder\",\"suffix\":\"</w>\"}", "[\"Hello</w>\",\"wor\",\"ld</w>\"]", "Hello world"},
    {"{\"type\":\"CTC\",\"pad_token\":\"<pad>\",\"word_delimiter_token\":\"|\",\"cleanup\":true}",
     "[\"<pad>\",\"h\",\"h\",\"<pad>\",\"h\",\"e\",\"|\",\"l\",\"<pad>\",\"l\",\"o\",\"o\",\"|\"]", "hhe llo "},
    {"{\"type\":\"CTC\",\"pad_token\":\"<pad>\",\"word_delimiter_token\":\"|\",\"cleanup\":false}",
     "[\"h\",\"h\",\"<pad>x\",\"|\"]", "hx|"},
    {"null", "[\"a\",\"b\",\"c\"]", "a b c"},
    {"{\"type\":\"Replace\",\"pattern\":{\"String\":\"ab\"},\"content\":\"-\"}", "[\"xabab\",\"aab\",\"a\",\"b\"]",
     "x--a-ab"},
};

#endif
