# What is wrong with a synthetic prompt or a mix is said before anything is started.
weir run --isl 0
weir run --isl gauss:1
weir run --isl 100+
weir run --isl uniform:9,3
weir run --osl zipf:1
weir run --isl 10 --prompt hello
weir run --isl 10 --max-tokens 5 --osl 3
weir run --prefix-tokens 100
weir run --isl 10 --prefix-groups 4
weir run --isl 10 --prefix-tokens 5 --unique-prompts
weir run --isl 10 --prefix-tokens 4000000 --prefix-groups 1000
weir run --isl 10 --prompt-pool 300000
weir run --model-mix a=3,a=1
weir run --model-mix a=3,b=none
weir run --model a --model-mix a=3,b=1
weir run --mix chat.json
weir run --mix chat=x:chat.json
weir run --mix chat=1:no-such-file.json
weir run --mix chat=1:synthetic:0/ten
echo hello >a.txt
weir run --mix chat=1:a.txt --mix chat=2:a.txt
weir run --mix chat=1:a.txt --dataset a.txt
weir run --mix chat=1:a.txt --arrival trace
# What would be sent: the prefix, the prompt, and the model that the draw gives item 0.
weir run --dry-run --model-mix 'a:8b=1,b=2' --isl 5 --osl 9 --prefix-tokens 3 --seed 3 -n 10
weir run --dry-run --mix chat=1:a.txt --mix long=0.0001:synthetic:4 --seed 3 -n 10 --model m
