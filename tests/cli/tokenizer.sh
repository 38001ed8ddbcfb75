# Tokenizers by their names; what is counted with them.
cat >words.json <<'END'
{"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"normalizer":null,
 "pre_tokenizer":{"type":"WhitespaceSplit"},"post_processor":null,"decoder":null,
 "model":{"type":"WordLevel","vocab":{"[UNK]":0,"weir":1},"unk_token":"[UNK]"}}
END
printf '{"prompt":"how deep is the weir"}\n{"prompt":"a \\"b\\"\\nc"}\n' >d.jsonl
export HF_HUB_CACHE=hub HF_HUB_OFFLINE=1
weir run --dry-run --tokenizer none.json
weir run --dry-run --tokenizer ./none
weir run --dry-run --tokenizer https://example.com/tokenizer.json
weir run --dry-run --tokenizer org/name
weir run --dry-run --tokenizer name
weir run --dry-run --tokenizer d.jsonl
weir run --dry-run --text-limit 0
weir dataset inspect d.jsonl --tokenizer words.json
mkdir -p hub/models--org--name/refs hub/models--org--name/snapshots/abc
echo abc >hub/models--org--name/refs/main
cp words.json hub/models--org--name/snapshots/abc/tokenizer.json
export TOKENIZER=org/name
weir run --dry-run -n 1 --seed 1 --prompt hi | sed -n '/Tokenizer/p'
weir run --show-config | sed -n '/tokenizer/p'
WEIR_TOKENIZER=none weir run --show-config | sed -n '/tokenizer/p'
weir dataset sample d.jsonl -n 1 --quiet
weir dataset sample d.jsonl -n 1 --tokenizer none.json --quiet
