"""The threads that read and reduce chunks: one pool for the whole process, made when first needed."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor

from ckptgui.engine.courtesy import give_way

_lock = threading.Lock()
_pool: ThreadPoolExecutor | None = None


def worker_count() -> int:
    """Threads that chunks are spread over; more than eight only fight for memory."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(8, cores))


def chunk_executor() -> ThreadPoolExecutor:
    """The shared pool. Tasks on it never wait for other tasks on it."""
    global _pool
    with _lock:
        if _pool is None:
            _pool = ThreadPoolExecutor(worker_count(), thread_name_prefix="ckptgui-chunk", initializer=give_way)
        return _pool


def shutdown_executors() -> None:
    """End the threads, once what they are doing is done; the next use makes new ones."""
    global _pool
    with _lock:
        pool, _pool = _pool, None
    if pool is not None:
        pool.shutdown(wait=True, cancel_futures=True)
