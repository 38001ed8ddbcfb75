# What a run would do, told without sending anything: neither the name nor the port exists.
cat >a.yaml <<'END'
url: http://no.such.host.invalid:1/v1/chat/completions
seed: 4
prompt: Hello
levels:
  - {name: even, rate: 4, num-requests: 2, warmup: 1, headers: {X-Secret: very-secret-indeed}}
  - {concurrency: 2, ramp-up: 1s, num-requests: 5, model: m}
  - {name: chats, concurrency: 12, duration: 10s, ramp-up: none, sessions: true}
  - {name: burst, rate: inf, num-requests: 3}
END
weir run -f a.yaml --dry-run --workers 1
weir run -f a.yaml --dry-run --output-dir .
weir run http://127.0.0.1:1 --dry-run --dataset missing.txt
weir run 127.0.0.1:1 --api anthropic-messages --model m --prompt Hello --max-tokens 5 -n 1 --dry-run --seed 4 --workers 1
# A plain target, with the method and the path that the list of targets gives.
printf 'GET /hello?a=1\n' >targets.txt
"$WEIR" run 127.0.0.1:1 --api http --dataset targets.txt --dataset-format targets -n 1 --dry-run | grep '^>' | grep -v Agent
# Bodies of the user's own go in every dialect, whatever it asks of messages.
echo '{"query": "q", "texts": ["a"]}' >own.jsonl
for api in anthropic-messages rerank openai-chat; do
    "$WEIR" run 127.0.0.1:1 --api $api --model m --dataset own.jsonl --dataset-format payload -n 1 --dry-run | grep '^> {'
done
