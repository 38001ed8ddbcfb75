# Nothing is there: each error says where it looked and what to check.
weir run http://127.9.8.7:1/ -n 1
weir run http://127.9.8.7:1/ -n 1 --model m
weir run '[::1]:1' -n 1 --model m
weir run http://no-such-host.invalid/ -n 1
weir run http://a/ --unix-socket no-such.sock -n 1 --model m
: >plain-file
weir run http://a/ --unix-socket plain-file -n 1 --model m
weir run http://a/ --connect-to 127.9.8.7:1 -n 1 --model m
weir run http://a/ --connect-to nowhere -n 1
weir run http://127.0.0.1:99999/ -n 1
weir run htp://127.0.0.1/ -n 1
# Without a probe every request meets it; that is a result, and an exit of 1.
"$WEIR" run http://127.9.8.7:1/ -n 3 --model m --no-probe --output-dir out --quiet >/dev/null
echo "[$?]"
grep -o '"refused": [0-9]*' out/summary.json
