"""Does a person's Ctrl-C reach the event loop that sends, while chunks are being read?"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import polars as pl

N_CTRL_CS = 40
_READ_BESIDE_CTRL_CS = """
import os, signal, sys, threading, time
import polars as pl
from clayload.loading.deliver import read_on

path, n_ctrl_cs = sys.argv[1], int(sys.argv[2])
is_over, n_read, n_interrupted = threading.Event(), [0] * 4, 0


def read(place):
    while not is_over.is_set():
        read_on(lambda: pl.read_parquet(path))
        n_read[place] += 1


readers = [threading.Thread(target=read, args=(place,)) for place in range(4)]
for reader in readers:
    reader.start()
for _ in range(n_ctrl_cs):
    try:
        time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.02)
    except KeyboardInterrupt:
        n_interrupted += 1
n_alive = sum(reader.is_alive() for reader in readers)
while min(n_read) == 0:
    time.sleep(0.02)
is_over.set()
print(n_interrupted, n_alive)
"""


def test_chunks_that_are_read_at_the_same_time_are_read_to_the_end_whatever_ctrl_cs_come(
    tmp_path: Path,
) -> None:
    path = tmp_path / "chunk.parquet"
    pl.DataFrame(
        {f"field_{n}": [f"{n} {row}" for row in range(400)] for n in range(30)}
    ).write_parquet(path)
    command = [sys.executable, "-c", _READ_BESIDE_CTRL_CS, str(path), str(N_CTRL_CS)]
    told = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert told.stdout == f"{N_CTRL_CS} 4\n", told.stderr
