"""A real llama.cpp server with a small model, as a program of its own: it can be killed.

Usage: python llama_server.py MODEL.gguf KEY. Prints its address, then serves until it ends.
"""

from __future__ import annotations

import signal
import sys

import xllamacpp


def main() -> None:
    """Serve the model on a free port of this machine."""
    options = xllamacpp.CommonParams()
    options.model.path = sys.argv[1]
    options.model_alias = {"small"}
    options.api_keys = [sys.argv[2]]
    options.chat_template = "chatml"
    options.n_ctx = 4096
    options.n_parallel = 1
    options.warmup = False
    options.cpuparams.n_threads = 2
    options.port = 0
    server = xllamacpp.Server(options)
    print(server.listening_address, flush=True)  # noqa: T201 - the test reads it
    signal.pause()


if __name__ == "__main__":
    main()
