"""The run report: one page that stands alone, rendered from facts after each run."""

from importlib import import_module
from pathlib import Path
from typing import Final

from mainspring.charts import Html, draw_page, el, join
from mainspring.store import BlobStore
from mainspring.tracking import Facts
from mainspring.workspace.page_files import write_page
from mainspring.workspace.report_changes import draw_changes
from mainspring.workspace.report_facts import Account, account_of
from mainspring.workspace.report_kept import Kept, kept_of
from mainspring.workspace.report_record import draw_configuration, draw_environment, draw_flow, draw_record
from mainspring.workspace.report_steps import draw_failures, draw_head, draw_steps

__all__ = ["render_report", "report_path", "write_report"]

_MEASURES: Final = "mainspring.workspace.report_measures"
_CHARTS: Final = "charts"
_CONTENTS: Final = (
    ("steps", "Steps"),
    ("changes", "What changed"),
    ("metrics", "Metrics"),
    ("figures", "Figures and tables"),
    ("configuration", "Configuration"),
    ("flow", "Inputs and outputs"),
    ("environment", "Environment"),
    ("record", "Record"),
)


def render_report(facts: Facts, blobs: BlobStore, run_id: str, home: Path) -> str:
    """Return the report of a run as an HTML document.

    It depends on the facts, the stored values, the logs and the time zone alone: rendered again it is the same.

    Args:
        facts: Where the run is recorded.
        blobs: Where figures, tables and the environment lie.
        run_id: The run.
        home: The home, for logs; the script that draws charts is kept in its folder `cache`.

    Raises:
        NotFoundError: There is no such run.
    """
    return _drawn(account_of(facts, run_id), blobs, home, Kept())


def _drawn(account: Account, blobs: BlobStore, home: Path, kept: Kept) -> str:
    metrics, logged, bundle = _measured(account, blobs, home / "cache", kept)
    contents = [el("a", name, href=f"#{place}") for place, name in _CONTENTS if place != "figures" or logged]
    main = el(
        "main",
        draw_failures(account, home),
        kept.part("steps", lambda: draw_steps(account)),
        draw_changes(account, blobs),
        metrics,
        logged,
        draw_configuration(account),
        kept.part("flow", lambda: draw_flow(account)),
        kept.part("environment", lambda: draw_environment(account, blobs)),
        draw_record(account),
    )
    run = account.run
    nav = el("nav", contents, class_="contents", aria_label="Sections")
    foot = el("footer", "Rendered by Mainspring from the facts of this run.")
    state = {"succeeded": "hit", "lost": "failed"}.get(run.status, run.status)
    title = f"{run.pipeline}: {run.status} ({run.id})"
    return draw_page(title, Html(draw_head(account) + nav + main + foot), state=state, bundle=bundle)


def _measured(account: Account, blobs: BlobStore, cache: Path, kept: Kept) -> tuple[Html, Html | None, str | None]:
    """Return the metrics, the figures and tables if there are some, and the script if there are charts."""
    heading = el("h2", "Metrics", id="metrics")
    said = "No metrics: no step called ", el("code", 'log("accuracy", 0.93)'), "."
    none = join(heading, el("p", said, class_="note"))
    if not account.metrics and not account.logged:
        return none, None, None
    drawn = import_module(_MEASURES)  # charts and tables, which a run without any need not load
    drawing = drawn.Drawing(cache)
    logged = None
    if account.logged:
        logged = kept.part("figures", lambda: drawn.draw_logged(account, blobs, drawing))
        if kept.part("charts", lambda: Html(_CHARTS if drawing.bundle else "")):
            drawing.fetch()
    metrics = join(heading, drawn.draw_metrics(account, drawing)) if account.metrics else none
    return metrics, logged, drawing.bundle


def report_path(home: Path, run_id: str) -> Path:
    """Return where the report of a run is written."""
    return home / "reports" / f"report-{run_id}.html"


def write_report(facts: Facts, blobs: BlobStore, run_id: str, home: Path, *, account: Account | None = None) -> Path:
    """Write the report of a run to `reports/report-RUN.html` of the home and return its path.

    Args:
        facts: Where the run is recorded.
        blobs: Where figures, tables and the environment lie.
        run_id: The run.
        home: The home.
        account: The account of the run, where it has been read already.

    Raises:
        NotFoundError: There is no such run.
        StorageFullError: The disk is full; an earlier report of the run is left as it was.
        ReadOnlyError: The home cannot be written to.
    """
    account = account or account_of(facts, run_id)
    page = _drawn(account, blobs, home, kept_of(account, facts.memo, home / "cache"))
    return write_page(page, report_path(home, run_id), home)
