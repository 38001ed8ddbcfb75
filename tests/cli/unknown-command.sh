weir rnu
weir verison
weir benchmark
weir --rate 5
weir http://localhost:8000/
weir help simm
weir help nothing
weir ''
