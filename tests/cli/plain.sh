# Plain HTTP: what does not go together, and lists that name other hosts.
weir run http://127.0.0.1:1 --method PUT
weir run http://127.0.0.1:1 --api http --method put
weir run http://127.0.0.1:1 --api openai-chat --body x
weir run http://127.0.0.1:1 --api http --body x --prompt y
weir run http://127.0.0.1:1 --api http --prompt y
weir run http://127.0.0.1:1 --api http --body @nothing
printf 'GET /a\nhttp://127.0.0.1:2/b\n' >list
weir run http://127.0.0.1:1 --api http --dataset list
weir run http://127.0.0.1:1 http://127.0.0.1:3 --api http --dataset list
weir run http://127.0.0.1:2 --dataset list
printf '/a\nb\n' >list
weir run http://127.0.0.1:1 --api http --dataset list --dataset-format targets
mkdir folder
weir run http://127.0.0.1:1 --api http --dataset folder
weir run http://127.0.0.1:1 --api http --dataset folder --dataset-format text
weir run http://127.0.0.1:1/x --api http
