"""The figures of encrypted rooms with their aims, and the numbers behind them."""

from statistics import median

from tests.benchmarks.chat import ratio
from tests.benchmarks.encrypted import EncryptedTimes
from tests.benchmarks.figures import Figure, stalled


def encrypted_figures(times: EncryptedTimes) -> list[Figure]:
    """Turn times into figures."""
    fan_outs = times.fan_outs
    worst = max(max(stalls) for name, stalls in times.stalls.items() if name.startswith("bot"))
    return [
        *(
            Figure(
                name=f"encrypted_fanout_{state}_ratio",
                value=ratio(fan_outs[f"bot_{state}"], fan_outs[f"bare_{state}"]),
                most=1.2,
            )
            for state in ("cold", "warm")
        ),
        Figure(name="encrypted_max_loop_stall_ms", value=worst.ms, most=50.0),
        Figure(name="restart_1000_rooms_s", value=median(times.restarts), most=3.0),
        Figure(name="rss_1000_rooms_mb", value=times.rss_mb, most=140.0),
    ]


def encrypted_explanations(times: EncryptedTimes) -> list[Figure]:
    """Give the numbers behind them, for whoever asks why."""
    found = []
    for name, seconds in times.fan_outs.items():
        found += [
            Figure(name=f"encrypted_fan_out_s.{name}", value=median(seconds)),
            Figure(name=f"encrypted_cpu_ms.{name}", value=median(times.cpu_ms[name])),
            *stalled(f"encrypted_{name}", max(times.stalls[name])),
        ]
    found += [
        Figure(name="encrypted_prepared_s", value=times.prepared_s),
        Figure(name="encrypted_whole_s", value=times.whole_s),
    ]
    return found
