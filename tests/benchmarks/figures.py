"""The figures, their aims, and how they are shown."""

from dataclasses import dataclass
from statistics import median, quantiles

from tests.benchmarks.chat import ChatTimes, ratio
from tests.benchmarks.sizes import Sizes
from tests.benchmarks.stall import Stall

_MILLISECONDS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured number; `most` is its aim, None where it only explains another."""

    name: str
    value: float
    most: float | None = None

    @property
    def met(self) -> bool:
        """Tell whether the aim is reached; a figure without one always is."""
        return self.most is None or self.value <= self.most


def figures(
    times: ChatTimes, reports: dict[int, tuple[float, float]], sizes: Sizes
) -> list[Figure]:
    """Turn times into figures."""
    small, middle, large = sizes.units
    found = [
        Figure(
            name="reply_p50_ratio",
            value=_at(times.bot_replies, 50) / _at(times.bare_replies, 50),
            most=1.10,
        ),
        Figure(
            name="reply_p95_ratio",
            value=_at(times.bot_replies, 95) / _at(times.bare_replies, 95),
            most=1.10,
        ),
        Figure(name="burst_ratio", value=ratio(times.bot_bursts, times.bare_bursts), most=1.10),
        Figure(name="cpu_ms_per_command", value=median(times.cpu_ms_per_command), most=4.0),
        Figure(name="fanout_ratio", value=ratio(times.bot_fan_outs, times.bare_fan_outs), most=1.1),
    ]
    for number, part in enumerate(("compile_s", "pdf_s")):
        aims = {middle: (1.0, 2.0)[number]}
        found += [
            Figure(name=f"{part}.{n}", value=reports[n][number], most=aims.get(n))
            for n in (small, middle, large)
        ]
        per_unit = [reports[n][number] / n for n in (middle, large)]
        # A tenth is what two runs of the same thing differ by on a shared machine.
        found.append(Figure(name=f"{part}.growth", value=per_unit[1] / per_unit[0], most=1.1))
    worst = max(stall for name, stall in times.stalls.items() if not name.startswith("bare"))
    found += [
        Figure(name="cold_start_s", value=median(times.starts), most=2.0),
        Figure(name="rss_mb", value=times.rss_mb, most=110.0),
        Figure(name="max_loop_stall_ms", value=worst.ms, most=50.0),
    ]
    return found


def explanations(times: ChatTimes) -> list[Figure]:
    """Give the numbers behind the ratios, for whoever asks why."""
    found = []
    for name in ("replies", "bursts", "fan_outs"):
        for who in ("bot", "bare"):
            measured: list[float] = getattr(times, f"{who}_{name}")
            found.append(
                Figure(name=f"{who}_{name}_median_ms", value=median(measured) * _MILLISECONDS)
            )
    for name, stall in times.stalls.items():
        found += stalled(name, stall)
    found.append(Figure(name="rss_after_fan_out_mb", value=times.rss_after_mb))
    return found


def stalled(name: str, stall: Stall) -> list[Figure]:
    """Tell of a stall, and how much of it was the machine's."""
    return [
        Figure(name=f"stall_ms.{name}", value=stall.ms),
        Figure(name=f"stall_unserved_ms.{name}", value=stall.unserved_ms),
    ]


def table(found: list[Figure]) -> str:
    """Write the figures with aim and verdict, one a line."""
    lines = [f"{'figure':<28} {'value':>10} {'aim':>10}"]
    for figure in found:
        aim = "" if figure.most is None else f"≤ {figure.most:g}"
        verdict = "" if figure.most is None else "met" if figure.met else "MISSED"
        lines.append(f"{figure.name:<28} {figure.value:>10.3f} {aim:>10}  {verdict}".rstrip())
    return "\n".join(lines)


def as_json(found: list[Figure], behind: list[Figure]) -> dict[str, object]:
    """Nest what has a dot in its name; the explanations stand apart."""
    return {**_nested(found), "behind": _nested(behind)}


def _nested(found: list[Figure]) -> dict[str, object]:
    nested: dict[str, object] = {}
    for figure in found:
        name, _, part = figure.name.partition(".")
        if not part:
            nested[name] = round(figure.value, 4)
            continue
        group = nested.setdefault(name, {})
        assert isinstance(group, dict)
        group[part] = round(figure.value, 4)
    return nested


def _at(measured: list[float], percent: int) -> float:
    return quantiles(measured, n=100, method="inclusive")[percent - 1]
