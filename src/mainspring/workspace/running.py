"""`run`: from a pipeline and a configuration to a finished run with its report."""

import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from mainspring.config import Config, config_of, load_config, to_record
from mainspring.digest import Artifact
from mainspring.digest.texts import from_json, to_json
from mainspring.engine.coordinator import Coordinator, Options, Outcome, Workshop
from mainspring.engine.environment import Environment
from mainspring.engine.files import InputFiles
from mainspring.engine.keys import Keys
from mainspring.engine.ledger import Ledger
from mainspring.engine.messages import Setup
from mainspring.engine.sources import ProjectSources
from mainspring.engine.tasks import address_of
from mainspring.errors import ConfigError, NotFoundError, SourceError, StoreError, nearest
from mainspring.events import Listener
from mainspring.graph import Dag, Pipeline, Step, trace
from mainspring.graph.code import Code, CodeIndex
from mainspring.graph.code import to_record as code_record
from mainspring.graph.modules import ModuleText
from mainspring.store import save
from mainspring.tracking import RunRow, StepRow, this_process
from mainspring.workspace.git import GitQuestion
from mainspring.workspace.homes import Home, open_home
from mainspring.workspace.past import Past
from mainspring.workspace.project import Project, project_of
from mainspring.workspace.report import write_report
from mainspring.workspace.report_facts import Account, account_of
from mainspring.workspace.substituting import substituted
from mainspring.workspace.views import Named, Run, StepRun, StoredValue

__all__ = ["Request", "configure", "execute", "new_run_id", "run"]


class Request(Struct, frozen=True):
    """What is asked of a run, beside the pipeline and its configuration.

    Attributes:
        workers: Slots; None: as the settings say, otherwise one a CPU.
        force: Steps that run although they are hits.
        only: Steps that may run.
        profile: The profile that the configuration was read with, for the record.
        listener: Who hears the events.
        substitutes: Steps that take the place of those of these names.
        setup: Returns what workers are to know, from what they would know otherwise.
        report: Whether a report is written.
        id: The id of the run; None: a new one.
    """

    workers: int | None = None
    force: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    profile: str | None = None
    listener: Listener = lambda _: None
    substitutes: dict[str, Step[..., Any]] = {}
    setup: Callable[[Setup], Setup] = lambda setup: setup
    report: bool = True
    id: str | None = None


def run(
    pipeline: Pipeline[..., Any],
    config: object | None = None,
    *,
    home: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    force: Sequence[str] = (),
    only: Sequence[str] = (),
) -> Run:
    """Run a pipeline and return how it went. What is stored already is not computed again.

    Args:
        pipeline: A function decorated with `@pipeline`.
        config: Its configuration; None reads `config.toml` beside the pipeline's file.
        home: The folder for runs and results; by default `.mainspring` beside the pipeline's file.
        workers: Number of step runs at the same time; by default one a CPU.
        force: Steps that run although their result is stored.
        only: Steps that may run; what they need must be stored.

    Returns:
        The run. A step that fails does not raise here: look at `status`; `result` raises.

    Raises:
        DefinitionError: Steps or pipeline cannot work as they are written.
        ConfigError: The configuration does not fit.
        TrackingError: The home cannot be used.
    """
    project = project_of(pipeline)
    read = configure(project, config)
    folder = Path(home) if home is not None else home_of(project, read)
    request = Request(workers, tuple(force), tuple(only))
    opened = open_home(folder.absolute(), read.settings)
    try:
        return execute(project, read, opened, request)
    finally:
        opened.facts.close()


def configure(
    project: Project,
    config: object | None = None,
    *,
    file: Path | None = None,
    profile: str | None = None,
    sets: Sequence[str] = (),
) -> Config:
    """Return the configuration of a project: a value that is given, or what its file says."""
    schema = project.pipeline.config_type
    path = file or project.config_file
    if config is None:
        return load_config(schema, path, profile=profile, sets=sets, base=path.parent)
    if schema is None or not isinstance(config, schema):
        wanted = "takes no configuration" if schema is None else f"takes a {schema.__qualname__}"
        raise ConfigError(
            f"Pipeline '{project.pipeline.name}' {wanted}, but was given {type(config).__qualname__}",
            project.pipeline.where,
            "Give what it takes, or leave it out to read config.toml.",
        )
    return config_of(config, path)


def home_of(project: Project, config: Config) -> Path:
    """Return the home that a configuration asks for, by default `.mainspring` beside the pipeline's file."""
    chosen = config.settings.home
    return project.folder / ".mainspring" if chosen is None else project.folder / chosen


class Preparation:
    """Everything that a plan or a run of one pipeline needs, made once.

    Args:
        project: The project of the pipeline.
        config: Its configuration.
        home: Where its facts and values are.
        run_id: The run that is to come; None for a plan, whose past is every run that there was.
    """

    def __init__(self, project: Project, config: Config, home: Home, run_id: str | None = None) -> None:
        self.project = project
        self.config = config
        self.home = home
        self.dag: Dag = trace(self.project.pipeline, self.config.value)
        for node in self.dag.nodes.values():
            address_of(node.step)
        self.sources = ProjectSources(self.project.root)
        self.files = InputFiles(self.home.facts, str(self.project.folder))
        self.environment = Environment(self.home.facts.memo)
        self.index = CodeIndex(self.sources, self.home.facts.memo)
        self.keys = Keys(self.index, self.environment, self.files, self.home.blobs, self.dag.seed)
        self.past = Past(self.home, self.dag.pipeline, run_id)

    @cached_property
    def setup(self) -> Setup:
        """What workers have to know."""
        settings = self.home.settings
        return Setup(tuple(sys.path), str(self.home.path), str(self.project.root), settings.allow_pickle)

    def snapshot(self, codes: dict[str, Code]) -> Artifact:
        """Store the source of everything that the steps reach, and of what is loaded with it; return the artifact.

        What no step reaches is in it as well, where importing the pipeline takes it: the run can be run again from it.
        """
        reached = {name for code in codes.values() for name in code.modules}
        modules = [self.sources.module(name) for name in sorted(reached)]
        modules += [self._loaded(name) for name in sorted(set(self.sources.loaded()) - reached)]
        texts = {text.path: text.text for text in modules if text is not None}
        document = {"format": 1, "sources": texts, "codes": {name: code_record(code) for name, code in codes.items()}}
        return save("sources", to_json(document), self.home.blobs, pickle=False)

    def _loaded(self, name: str) -> ModuleText | None:
        """Return the source of a module that no step reaches; None when it cannot be read, which is no fault then."""
        try:
            return self.sources.module(name)
        except SourceError:
            return None


def execute(project: Project, config: Config, home: Home, request: Request) -> Run:
    """Run a project's pipeline in an open home.

    Raises:
        KeyboardInterrupt: Ctrl-C; the run is on record, with a report of what it had done.
    """
    git = GitQuestion(project.folder).ask()
    run_id = request.id or new_run_id()
    ready = Preparation(project, config, home, run_id)
    dag = substituted(_restricted(ready.dag, request), request.substitutes)
    ready.dag = dag
    owner = this_process()
    environment, description = ready.environment.snapshot()
    record = _record(ready, request, environment)
    row = RunRow(run_id, dag.pipeline, "running", time.time(), None, time.time(), owner, dag.seed, None, record)
    ledger = Ledger(home.facts, row, request.listener, list(dag.nodes), config.settings.cost_per_hour)
    options = Options(
        workers=request.workers or config.settings.workers or os.cpu_count() or 1,
        force=frozenset(request.force),
        only=frozenset(request.only),
        keep_bytes=int(config.settings.keep_inputs * 2**20),
    )

    def belongings(codes: dict[str, Code]) -> list[Artifact]:
        text = to_json({"git": git.answer(), **from_json(record)})
        ledger.run = replace(ledger.run, record=text)
        ready.index.keep()
        return [ready.snapshot(codes), save("environment", description, home.blobs, pickle=False)]

    workshop = Workshop(
        dag=dag,
        ledger=ledger,
        keys=ready.keys,
        files=ready.files,
        blobs=home.blobs,
        setup=request.setup(ready.setup),
        options=options,
        why=ready.past.why,
        belongings=belongings,
    )
    try:
        outcome = Coordinator(workshop).execute()
    except KeyboardInterrupt:
        with suppress(NotFoundError):  # it came before the run was on record
            _report(home, account_of(home.facts, run_id))
        raise
    account = account_of(home.facts, run_id)
    return _view(home, account, outcome, _report(home, account) if request.report else None)


def _report(home: Home, account: Account) -> Path | None:
    """Write the report of a run that has ended; when that fails, the run stands as it is recorded."""
    try:
        return write_report(home.facts, home.blobs, account.run.id, home.path, account=account)
    except StoreError as error:
        import_module("logging").getLogger(__name__).warning("Run %s has no report: %s", account.run.id, error)
        return None


def new_run_id() -> str:
    """Return a run id: the time in UTC, then six random hex digits; ids sort by time."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{os.urandom(3).hex()}"


def _record(ready: Preparation, request: Request, environment: str) -> str:
    document = {
        "format": 1,
        "config": to_record(ready.config),
        "profile": request.profile,
        "environment": environment,
        "dag": {name: node.needs for name, node in ready.dag.nodes.items()},
        "file": ready.project.file.name,
        "folder": str(ready.project.folder),
        "argv": sys.argv,
        "force": request.force,
        "only": request.only,
    }
    return to_json(document)


def _restricted(dag: Dag, request: Request) -> Dag:
    """Return the part of a DAG that `only` needs, after checking that the named steps exist."""
    names = {node.step.name for node in dag.nodes.values()}
    for name in (*request.only, *request.force):
        if name not in names:
            near = nearest(name, names)
            advice = f"Did you mean '{near}'?" if near else f"There are: {', '.join(sorted(names))}."
            raise NotFoundError(f"There is no step '{name}' in pipeline '{dag.pipeline}'", None, advice)
    if not request.only:
        return dag
    wanted: set[str] = set()
    front = [name for name, node in dag.nodes.items() if node.step.name in request.only]
    while front:
        name = front.pop()
        if name not in wanted:
            wanted.add(name)
            front += dag.nodes[name].needs
    return Dag(dag.pipeline, {name: node for name, node in dag.nodes.items() if name in wanted}, dag.result, dag.seed)


def _view(home: Home, account: Account, outcome: Outcome, report: Path | None) -> Run:
    steps = [_step_view(step, account.results, home) for step in account.steps]
    return Run(
        account.run.id,
        account.run.pipeline,
        outcome.status,
        Named(steps, "step"),
        outcome.error,
        outcome.seconds,
        report,
        outcome.result,
        home.blobs,
    )


def _step_view(row: StepRow, results: dict[str, Any], home: Home) -> StepRun:
    result = results.get(row.name)
    artifacts = () if result is None else result.artifacts
    values = [StoredValue.of(artifact, home.blobs) for artifact in artifacts]
    log = home.path / row.log if row.log else None
    return StepRun(
        row.name,
        row.status,
        row.reason,
        row.seconds,
        Named(values, "artifact"),
        row.error,
        row.cpu_seconds,
        row.peak_rss,
        log,
    )
