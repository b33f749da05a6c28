"""The page of results, from raw figures alone."""

from statistics import median

from servers import SERVERS

__all__ = ["render"]

LINES = {
    "one": ("CPU ms a request", "{:.2f}"),
    "rate": ("requests/s", "{:,.0f}"),
    "row": ("CPU µs a row", "{:.1f}"),
    "ready": ("CPU s to ready", "{:.2f}"),
    "seconds": ("s to ready", "{:.2f}"),
    "small": ("MB, ready", "{:.0f}"),
    "after": ("MB, after", "{:.0f}"),
}
BUDGETS = {"one": (0.5, "CPU ms a request"), "row": (18, "CPU µs a row"), "ready": (1.5, "CPU s to ready")}
MEMORY = 120
INSIDE = {"1": 1.5, "1000": 1.1}
WHY = {
    "mlserver": "its rows are one tensor without names: nothing is looked up or checked",
    "constant": "it reads no body and predicts nothing: what it costs is the part of every answer that is HTTP",
    "fastapi": "it keeps no log of predictions, which took 6 MB here: 96 with it, 90 with `--no-log`",
    "asgi": "it takes whatever comes: no field is checked, nothing is logged, no request has an identity or a limit",
}


def render(report: dict) -> str:
    """Return the page."""
    figures = {
        name: {key: median(run[key] for run in runs) for key in LINES}
        for name, runs in report["figures"].items()
        if runs
    }
    machine = report["machine"]
    versions = ", ".join(
        dict.fromkeys(f"{SERVERS[name].distribution} {version}" for name, version in report["versions"].items())
    )
    lines = [
        "# The service beside others",
        "",
        f"Measured {report['date']} by `python bench/serving/run.py` on {machine['cores']} cores of {machine['cpu']}, "
        f"{machine['system']}, Python {machine['python']}: {versions}.",
        "",
        "One ONNX graph of 100 LightGBM trees and 13 columns; each server in an environment of its own, on one core, "
        f"the clients on the other. Medians of {report['runs']} runs, in which all take turns; {report['requests']:,} "
        "requests of one row at concurrency 32 (fewer where one takes long), then requests of 1,000 rows, two at a "
        "time. CPU is user and system of the server with all its processes; memory is what is resident, of several "
        "processes their proportional shares. Every server had to give the same predictions first.",
        "",
        f"| server | {' | '.join(head for head, _ in LINES.values())} | |",
        f"| --- |{' ---: |' * len(LINES)} --- |",
    ]
    for name, one in figures.items():
        cells = " | ".join(form.format(one[key]) for key, (_, form) in LINES.items())
        lines.append(f"| {SERVERS[name].title} | {cells} | {SERVERS[name].remark} |")
    lines += [f"| {SERVERS[name].title} | {'|' * len(LINES)} {why} |" for name, why in report["absent"].items()]
    if "mainspring" in figures:
        lines += ["", *_verdicts(figures)]
    if report["inside"]:
        lines += ["", *_inside(report["inside"])]
    return "\n".join(lines) + "\n"


def _verdicts(figures: dict) -> list[str]:
    ours = figures["mainspring"]
    made = [
        f"- At most {most} {what}: {ours[key]:.2f}, {_met(met=ours[key] <= most)}."
        for key, (most, what) in BUDGETS.items()
    ]
    made.append(f"- At most {MEMORY} MB: {ours['after']:.0f} after the load, {_met(met=ours['after'] <= MEMORY)}.")
    for name, one in figures.items():
        if name.startswith("mainspring"):
            continue
        ahead = [
            head
            for key, (head, _) in LINES.items()
            if (one[key] > ours[key] if key == "rate" else one[key] < ours[key])
        ]
        if ahead:
            why = WHY.get(name, "**no reason is known**")
            made.append(f"- {SERVERS[name].title} is ahead in {', '.join(ahead)}: {why}.")
    return made


def _inside(inside: dict) -> list[str]:
    made = [
        "## In process",
        "",
        "100 trees and 20 features, prepared arrays, one thread: CPU µs a call. Mainspring validates the ranges of all "
        "values; the vector is one column of 20 numbers, the columns are 20 arrays of float64.",
        "",
        "| rows | bare onnxruntime | Mainspring, a vector | over bare | Mainspring, columns | over bare | asked for |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for rows, most in INSIDE.items():
        one = inside[rows]
        base = one["bare"]
        vector, columns = one["vector"] / base, one["columns"] / base
        made.append(
            f"| {int(rows):,} | {base:,.1f} | {one['vector']:,.1f} | {vector:.2f} | {one['columns']:,.1f} "
            f"| {columns:.2f} "
            f"| at most {most}: {_met(met=vector <= most)} with a vector, {_met(met=columns <= most)} with columns |"
        )
    return [*made, "", _retail(inside.get("retail"))]


def _retail(one: dict | None) -> str:
    if one is None:
        return "The package of `examples/retail` was not measured: `make demo` had not made it."
    rows, base, whole = int(one["rows"]), one["bare"], one["package"]
    return (
        f"The package of `examples/retail`, whose features are made of raw history, on {rows:,} rows: "
        f"{whole / rows:,.1f} CPU µs a row, of which {base / rows:,.1f} are its graphs in bare onnxruntime "
        f"({whole / base:.2f} times)."
    )


def _met(*, met: bool) -> str:
    return "met" if met else "**not met**"
