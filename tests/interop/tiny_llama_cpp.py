"""tiny_llama_cpp.py MODEL PORT - llama.cpp's own HTTP server (as the package xllamacpp builds it in) with a model of random
weights, which is written to MODEL when it is not there: two layers, a vocabulary of words and bytes. Bytes, the end of the text
and unknown tokens have no weight in the output, so answers are words and end by their limit. Serves until SIGTERM.
"""
import os
import signal
import sys

import gguf
import numpy

WIDTH, LAYERS, HEADS, FEED, CONTEXT, WORDS = 64, 2, 4, 128, 4096, 253


def vocabulary():
    kinds = gguf.TokenType
    tokens = [("<unk>", kinds.UNKNOWN), ("<s>", kinds.CONTROL), ("</s>", kinds.CONTROL)]
    tokens += [(f"<0x{i:02X}>", kinds.BYTE) for i in range(256)]
    tokens += [("\u2581" + "".join(chr(97 + i // 26 ** k % 26) for k in range(3)), kinds.NORMAL) for i in range(WORDS)]
    return tokens


def write(path):
    rng = numpy.random.default_rng(1)
    tokens = vocabulary()
    out = gguf.GGUFWriter(path, "llama")
    out.add_context_length(CONTEXT)
    out.add_embedding_length(WIDTH)
    out.add_block_count(LAYERS)
    out.add_feed_forward_length(FEED)
    out.add_head_count(HEADS)
    out.add_head_count_kv(HEADS)
    out.add_layer_norm_rms_eps(1e-5)
    out.add_rope_dimension_count(WIDTH // HEADS)
    out.add_vocab_size(len(tokens))
    out.add_tokenizer_model("llama")
    out.add_token_list([t for t, _ in tokens])
    out.add_token_scores([float(-i) for i in range(len(tokens))])
    out.add_token_types([int(k) for _, k in tokens])
    out.add_bos_token_id(1)
    out.add_eos_token_id(2)
    out.add_unk_token_id(0)

    def tensor(name, *shape):
        out.add_tensor(name, rng.normal(0, 0.5, shape).astype(numpy.float32))

    def ones(name):
        out.add_tensor(name, numpy.ones(WIDTH, dtype=numpy.float32))

    tensor("token_embd.weight", len(tokens), WIDTH)
    head = rng.normal(0, 0.5, (len(tokens), WIDTH)).astype(numpy.float32)
    head[:259] = 0
    out.add_tensor("output.weight", head)
    ones("output_norm.weight")
    for i in range(LAYERS):
        ones(f"blk.{i}.attn_norm.weight")
        ones(f"blk.{i}.ffn_norm.weight")
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            tensor(f"blk.{i}.{name}.weight", WIDTH, WIDTH)
        tensor(f"blk.{i}.ffn_gate.weight", FEED, WIDTH)
        tensor(f"blk.{i}.ffn_up.weight", FEED, WIDTH)
        tensor(f"blk.{i}.ffn_down.weight", WIDTH, FEED)
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


def main(path, port):
    import xllamacpp
    if not os.path.exists(path):
        write(path)
    params = xllamacpp.CommonParams()
    params.model.path = path
    params.hostnames, params.port = ["127.0.0.1"], int(port)
    params.n_ctx, params.n_parallel, params.warmup = 2048, 2, False
    params.endpoint_metrics = True
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    if "--embedding" in sys.argv:
        params.embedding, params.pooling_type = True, xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    server = xllamacpp.Server(params)
    print("listening on", server.listening_address, flush=True)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    while True:
        signal.pause()


if __name__ == "__main__":
    main(*sys.argv[1:3])
