"""Names in `[monitor]` and `[triggers]`: of columns that are in the log."""

from collections.abc import Iterator
from typing import Final

from mainspring.config.monitor import Monitor
from mainspring.config.triggers import Triggers
from mainspring.errors import MonitoringError, nearest
from mainspring.monitoring import OUTPUT, Layout

__all__ = ["check_names"]

_NOT_COLUMNS: Final = ("*", "errors")


def check_names(monitor: Monitor, policy: Triggers, layout: Layout) -> None:
    """See that segments, columns of drift and the series of a probation are in the log, and a probation can be judged.

    Args:
        monitor: The `[monitor]` table of a model.
        policy: Its `[triggers]` table.
        layout: The layout of its champion. Places of a vector, such as `sales[0]`, may be named by the vector.

    Raises:
        MonitoringError: Some are not, or it cannot.
    """
    columns = {part for name in layout.names for part in (name, name.partition("[")[0])}
    inputs = sorted(name for name in columns if not name.startswith(OUTPUT))
    said = [
        *_unknown("[monitor] segments", monitor.segments, inputs),
        *_unknown("[triggers] drift", policy.drift, [*sorted(columns), *_NOT_COLUMNS]),
        *_unknown("[triggers] probation_series", (policy.probation_series,), [*inputs, ""]),
    ]
    trains = policy.schedule or policy.data or policy.drift or policy.quality is not None
    if monitor.loss == "error" and policy.probation_labels and trains:
        said.append("[monitor] loss is 'error', of which smaller is not better: no champion on probation can be judged")
    if said:
        raise MonitoringError("; ".join(said), None, "What is sensitive is not in the log, and cannot be named.")


def _unknown(where: str, names: tuple[str, ...], known: list[str]) -> Iterator[str]:
    for name in names:
        if name not in known:
            near = nearest(name, [one for one in known if one])
            yield f"{where} names '{name}', which is no column of the log{f': is it {near!r}?' if near else ''}"
