# weir tokenize: counts, ids, tokens and texts; comparing with another program's ids; and files that are refused.
cat >words.json <<'END'
{"version": "1.0", "truncation": {"max_length": 3, "strategy": "LongestFirst", "direction": "Right", "stride": 0}, "padding": null,
 "added_tokens": [{"id": 3, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}],
 "normalizer": {"type": "Lowercase"}, "pre_tokenizer": {"type": "WhitespaceSplit"},
 "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
  "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
  "special_tokens": {"<s>": {"id": "<s>", "ids": [3], "tokens": ["<s>"]}}},
 "decoder": null,
 "model": {"type": "WordLevel", "vocab": {"<unk>": 0, "weir": 1, "across": 2, "<s>": 3, "river\"": 4}, "unk_token": "<unk>"}}
END
printf 'A WEIR across a river"\nweir<s>weir\n' >text
printf 'weir \377 weir' >bad

# The truncation that the file asks for is left out.
weir tokenize --tokenizer words.json -q text
weir tokenize --tokenizer words.json -q text bad --specials
weir tokenize --tokenizer words.json -q --lines text
weir tokenize --tokenizer words.json -q --ids text
weir tokenize --tokenizer words.json -q --ids --lines --specials text
weir tokenize --tokenizer words.json -q --pieces text
weir tokenize --tokenizer words.json -q --pieces --lines text
weir tokenize --tokenizer words.json -q --json --ids --lines text bad
weir tokenize --tokenizer words.json -q --json text
echo '1, 2 [3]
4' | weir tokenize --tokenizer words.json -q --decode
echo '1 2 3' | weir tokenize --tokenizer words.json -q --decode --specials --lines
echo 'weir' | TOKENIZER=words.json weir tokenize -q -
weir tokenize --tokenizer words.json text bad

# A folder, and what the configuration beside the file adds.
mkdir folder
cp words.json folder/tokenizer.json
weir tokenize --tokenizer folder -q --ids text
echo '{"added_tokens_decoder": {"5": {"content": "ei", "special": false}}, "pad_token": "across"}' >folder/tokenizer_config.json
weir tokenize --tokenizer folder -q --pieces text

# Another program's ids.
cat >same.jsonl <<'END'
{"text": "weir across", "ids": [1, 2]}
{"ids": [3, 1], "text": "weir", "specials": true, "why": "other members are passed over"}

{"text": "", "ids": []}
END
weir tokenize --tokenizer words.json -q --compare-ids same.jsonl
cat >other.jsonl <<'END'
{"text": "weir across", "ids": [1, 2]}
{"text": "weir weir weir weir weir weir weir weir weir weir weir", "ids": [1, 1, 1, 1, 1, 2, 1, 1, 1, 1, 1]}
{"text": "weir", "ids": [1, 1]}
{"text": "weir", "ids": []}
END
weir tokenize --tokenizer words.json -q --compare-ids other.jsonl
echo '{"text": "weir", "ids": [-1]}' | weir tokenize --tokenizer words.json -q --compare-ids -
echo '{"text": "weir"}' | weir tokenize --tokenizer words.json -q --compare-ids -

# What is refused.
weir tokenize text
weir tokenize --tokenizer ./nowhere text
weir tokenize --tokenizer words.json nowhere
weir tokenize --tokenizer words.json --ids --count text
weir tokenize --tokenizer words.json --compare-ids same.jsonl text
weir tokenize --tokenizer words.json --json --decode text
echo '1 x' | weir tokenize --tokenizer words.json -q --decode
weir tokenize --tokenizer text text
mkdir empty
weir tokenize --tokenizer empty text
refuse() {
    sed "$1" words.json >refused.json
    weir tokenize --tokenizer refused.json text
}
refuse 's/Lowercase/Foo/'
refuse 's/WhitespaceSplit/Foo/'
refuse 's/TemplateProcessing/Foo/'
refuse 's/"decoder": null/"decoder": {"type": "Sequence", "decoders": [{"type": "Fuse"}, {"type": "Foo"}]}/'
refuse 's/"WordLevel"/"Foo"/'
refuse 's/"padding": null/"filling": null/'
refuse 's/"lstrip": false, //'
refuse 's/"weir": 1/"weir": -1/'
refuse 's/"1.0"/"2.0"/'
refuse '$d'
echo '{"a": 1}' >refused.json
weir tokenize --tokenizer refused.json text
printf 'version https://git-lfs.github.com/spec/v1\noid sha256:00\n' >refused.json
weir tokenize --tokenizer refused.json text
