import subprocess
import sys

COUNT_THREADS = """
import numpy
from threadpoolctl import threadpool_info
from shared.settings import Settings
from worker.aligners.load import load_aligner
from worker.device import threads_per_process

for processes in (1, 1000):
    load_aligner(Settings(aligner="dtw", max_concurrent=processes))
    threads = {pool["num_threads"] for pool in threadpool_info()}
    print(threads == {threads_per_process(processes)})
"""


def test_dtw_computes_with_its_process_share_of_the_cores() -> None:
    # in a process of its own: the limit is the whole process's
    done = subprocess.run(
        [sys.executable, "-c", COUNT_THREADS], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True", "True"]
