# `weir dataset`: what is in one, others made of it, and what is wrong with the words.
cat >chat.json <<'J'
[
  {"prompt_content": "Be brief.", "cut_chat_history": [{"role": "user", "content": "What is a weir?"}]},
  {"prompt_content": "Be brief.", "cut_chat_history": [
    {"role": "user", "content": "I am joe@acme.io, call +49 30 901820."},
    {"role": "assistant", "content": "Hello Joe, is 4111 1111 1111 1111 your card?"},
    {"role": "user", "content": "Yes, and joe@acme.io is my address.\nThanks"}
  ]},
  {"prompt_content": "Be brief.", "cut_chat_history": [{"role": "user", "content": "What is a weir?"}]}
]
J
weir dataset inspect chat.json --block-words 2
weir dataset inspect chat.json --json
weir dataset convert chat.json --format messages -o messages.jsonl
weir dataset convert messages.jsonl --to conversations
weir dataset convert chat.json --format text
weir dataset convert chat.json --format csv
weir dataset sample chat.json -n 1 --seed 1
weir dataset sample chat.json --min-words 10 --anonymize --format messages
weir dataset sample chat.json --share 0.34 --quiet --to text
weir dataset generate -n 2 --format text --isl 6
weir dataset generate -n 3 --format mooncake --isl 600 --osl 20 --prefix-tokens 512 --seed 4
weir dataset generate -n 5 --seed 2 -o made.json
weir dataset inspect made.json --json --quiet
cat >trace.csv <<'J'
prompt,class,model,at
hello,a,m,0
hello again,b,m,1.5
hello,a,n,3
J
weir dataset inspect trace.csv
weir dataset generate --format ipex --families a,b --lengths 1,3 --seed 1
# a name may be a URL with secrets
cp trace.csv 'me:SECRET@trace.csv?token=SECRET'
weir dataset inspect 'me:SECRET@trace.csv?token=SECRET' --from csv | sed -n '/SECRET\|redacted/p'
weir dataset inspect 'me:SECRET@trace.csv?token=SECRET' --from csv --json | sed -n '/SECRET\|redacted/p'
# what is wrong
weir dataset
weir dataset insepct chat.json
weir dataset inspect
weir dataset inspect no-such-file.json
weir dataset generate chat.json
weir dataset convert chat.json
weir dataset convert chat.json --format yaml
weir dataset convert chat.json --format mooncake
weir dataset inspect chat.json --anonymize
weir dataset generate --share 0.5
weir dataset sample chat.json -n 1 --share 0.5
weir dataset sample chat.json --min-words 5 --max-words 3
weir dataset sample chat.json --min-words 1000
weir dataset generate --isl 0
weir dataset generate --prefix-tokens 10
weir dataset generate --format ipex -n 5
weir dataset generate --format ipex --isl 100
weir dataset generate --format text --families llama
weir dataset generate --lengths 32
weir dataset generate -o no-such-folder/x
