"""peers_tokenizer.py - other people's tokenizers, from PyPI, in one environment; what each is asked is in token_client.py."""
import os

import peers

CLIENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "token_client.py")


class Tokenizer(peers.Peer):
    kind = ""  # the function of token_client.py

    def __init__(self):
        self.source = f"PyPI {self.name}"

    def install(self):
        return peers.python(f"tokens-{self.name}", "python", self.name)

    def version(self):
        return peers.dist_version(self.program, self.name)

    def command(self):
        return [self.program, CLIENT, self.kind]


def tokenizer(name, kind=None):
    return type(name, (Tokenizer,), {"name": name, "kind": kind or name.replace("-", "_")})


REGISTRY = [tokenizer(n) for n in ("tokenizers", "tiktoken", "tokie", "kitoken", "fastokens", "bpe-openai", "rs-bpe")]
