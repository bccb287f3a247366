"""The benchmarks run, with numbers too small to tell anything about speed."""

import pytest

from tests.benchmarks.__main__ import measure
from tests.benchmarks.sizes import SMALL

_SINGLE = (
    "reply_p50_ratio",
    "reply_p95_ratio",
    "burst_ratio",
    "cpu_ms_per_command",
    "fanout_ratio",
    "cold_start_s",
    "rss_mb",
    "max_loop_stall_ms",
    "encrypted_fanout_cold_ratio",
    "encrypted_fanout_warm_ratio",
    "encrypted_max_loop_stall_ms",
    "restart_1000_rooms_s",
    "rss_1000_rooms_mb",
)


@pytest.mark.whole
async def test_a_small_run_gives_every_figure() -> None:
    """Each figure of the specification is there and positive, and stands in the table."""
    found, shown = await measure(SMALL)
    for name in _SINGLE:
        value = found[name]
        assert isinstance(value, float)
        assert value > 0
        assert name in shown
    for name in ("compile_s", "pdf_s"):
        parts = found[name]
        assert isinstance(parts, dict)
        assert set(parts) == {*map(str, SMALL.units), "growth"}
        assert min(parts.values()) > 0
