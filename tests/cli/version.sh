weir --version
weir version
weir -V
weir version now
