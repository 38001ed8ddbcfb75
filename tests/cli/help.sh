weir
weir --help
weir help
weir help help
weir help sim run
weir version --help
