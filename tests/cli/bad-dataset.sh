# What is wrong with a dataset is said with its file and line, before anything is started.
weir run --dataset no-such-file.json
mkdir folder
weir run --dataset folder
: >empty.json
weir run --dataset empty.json
echo '[]' >none.json
weir run --dataset none.json
printf '\n  \n\n' >blank.txt
weir run --dataset blank.txt
cat >role.json <<'J'
[
  {"prompt_content": "Be brief.", "cut_chat_history": [{"role": "user", "content": "Hello"}]},
  {"prompt_content": "Be brief.", "cut_chat_history": [
    {"role": "user", "content": "Hello"},
    {"content": "Hi"}
  ]}
]
J
weir run --dataset role.json
sed 's/{"content": "Hi"}/{"role": "robot", "content": "Hi"}/' role.json >robot.json
weir run --dataset robot.json
sed 's/"content": "Hi"/"role": "user", "content": 5/' role.json >number.json
weir run --dataset number.json
sed 's/"Hi"}/"Hi}/' role.json >quote.json
weir run --dataset quote.json
sed 's/{"content": "Hi"}/{"role": "assistant", "content": "Hi"}/' role.json >good.json
sed '/^]/d' good.json >cut.json
weir run --dataset cut.json
sed 's/cut_chat_history/history/' role.json >history.json
weir run --dataset history.json
printf '{"messages": [{"role": "user", "content": "a"}]}\n\n{"messages": [{"role": "user"}]}\n' >content.jsonl
weir run --dataset content.jsonl
printf '{"messages": []}\n{"messages": []}\n' >none.jsonl
weir run --dataset none.jsonl
printf '{"messages": [{"role": "user", "content": "a"}]}\nhello\n' >mixed.jsonl
weir run --dataset mixed.jsonl
printf 'caf\351\n' >latin1.txt
weir run --dataset latin1.txt
printf '{"a": 1}' >object.json
weir run --dataset object.json --dataset-format conversations
weir run --dataset /dev/null
cat >share.json <<'J'
[
  {"id": 1, "conversations": [{"from": "human", "value": "What is a weir?"}, {"from": "gpt", "value": "A low dam across a river."}]},
  {"id": 2, "conversations": [{"from": "human"}]}
]
J
weir run --dataset share.json
printf '[{"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}]}]' >short.json
weir run --dataset short.json
printf '{"llama": {"32": "a b"}}' >prompt.json
weir run --dataset prompt.json --dataset-key llama/64
printf 'question,n\r\nwhat,7\r\n' >columns.csv
weir run --dataset columns.csv
weir run --dataset columns.csv --dataset-fields prompt=question,max_tokens=length
printf 'prompt,max_tokens\nwhat,few\n' >number.csv
weir run --dataset number.csv
printf 'prompt\n"what\n' >quote.csv
weir run --dataset quote.csv
weir run --dataset quote.csv --skip-bad
printf '{"prompt": "a"}\n{"text": "b"}\n' >fields.jsonl
weir run --dataset fields.jsonl
printf '{"timestamp": 1, "input_length": 5}\n' >trace.jsonl
weir run --dataset trace.jsonl --dataset-format mooncake
printf 'TIMESTAMP,ContextTokens,GeneratedTokens\nyesterday,5,5\n' >azure.csv
weir run --dataset azure.csv
weir run --skip-bad
weir run --answer-length --dataset f --max-tokens 5
weir run --dataset f --dataset-fields question=prompt
weir run --dataset f --dataset-lengths input:9..4
printf 'hello\n' | gzip >cut.gz && head -c 20 cut.gz >shorter.gz
weir run --dataset shorter.gz
printf '\037\213 no such thing' >junk.gz
weir run --dataset junk.gz
