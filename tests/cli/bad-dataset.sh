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
