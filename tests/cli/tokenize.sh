# weir tokenize: what is refused.
cat >words.json <<'END'
{"version": "1.0", "truncation": {"max_length": 3, "strategy": "LongestFirst", "direction": "Right", "stride": 0}, "padding": null,
 "added_tokens": [{"id": 3, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}],
 "normalizer": null, "pre_tokenizer": null,
 "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
  "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
  "special_tokens": {"<s>": {"id": "<s>", "ids": [3], "tokens": ["<s>"]}}},
 "decoder": null,
 "model": {"type": "WordLevel", "vocab": {"<unk>": 0, "weir": 1, "across": 2, "<s>": 3, "river\"": 4}, "unk_token": "<unk>"}}
END
echo weir >text
echo >same.jsonl
weir tokenize text
weir tokenize --tokenizer ./nowhere text
weir tokenize --tokenizer words.json --ids --count text
weir tokenize --tokenizer words.json --compare-ids same.jsonl text
weir tokenize --tokenizer words.json --json --decode text
weir tokenize --tokenizer text text
mkdir empty
weir tokenize --tokenizer empty text
refuse() {
    sed "$1" words.json >refused.json
    weir tokenize --tokenizer refused.json text
}
refuse 's/"padding": null/"filling": null/'
refuse 's/"1.0"/"2.0"/'
refuse '$d'
echo '{"a": 1}' >refused.json
weir tokenize --tokenizer refused.json text
printf 'version https://git-lfs.github.com/spec/v1\noid sha256:00\n' >refused.json
weir tokenize --tokenizer refused.json text
