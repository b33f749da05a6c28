"""`mainspring packages`."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from mainspring.charts.numbers import count, short, size
from mainspring.cli.failing import Exit, show_error
from mainspring.cli.models import register
from mainspring.cli.options import AsJson
from mainspring.cli.printing import mark, put, put_json, put_pairs, put_table
from mainspring.errors import PackageError, ParityError, UntrustedStageError
from mainspring.package.attesting import attestations
from mainspring.package.comparing import Change, compare, describe
from mainspring.package.content import Content, read_content
from mainspring.package.fields import Signature
from mainspring.package.loading import Loaded, open_content
from mainspring.package.manifest import CONFIG, SIGNATURE, read_json, read_signature

__all__ = ["COMMANDS"]

PackagePath = Annotated[Path, typer.Argument(metavar="PACKAGE", help="The folder or zip of a package.")]


def inspect(path: PackagePath, *, as_json: AsJson = False) -> None:
    """Show what a package takes, gives and holds, after its bytes were verified. Nothing of it runs."""
    content = read_content(path)
    signature = read_signature(content.files[SIGNATURE], SIGNATURE)
    config = read_json(content.files[CONFIG], dict[str, Any], CONFIG)
    if as_json:
        put_json(_record(content, signature, config))
        return
    manifest = content.manifest
    total = sum(len(data) for data in content.files.values())
    put_pairs(
        [
            ("package", manifest.name),
            ("digest", content.digest),
            ("format", str(manifest.format)),
            ("size", f"{size(total)} in {count(len(content.files), 'file')}"),
            ("rule", _rule(manifest.rule.quantiles, manifest.rule.maximum)),
            ("config", ", ".join(f"{name} = {value!r}" for name, value in config.items()) or "none"),
            (
                "attest",
                ", ".join(Path(name).name for name in content.attest if not name.endswith("/index.json")) or "none",
            ),
        ]
    )
    put()
    fields = [("input", one) for one in signature.fields] + [("output", one) for one in signature.outputs]
    put_table(("field", "name", "what"), [(kind, one.name, describe(one)) for kind, one in fields])
    put()
    rows = [
        (row.name, row.kind, size(manifest.files[row.file].size), _trusted_by(content, row.file) if row.state else "")
        for row in manifest.stages
    ]
    put_table(("stage", "kind", "size", "source"), rows, right=("size",))


def verify(
    path: PackagePath,
    *,
    trust: Annotated[
        list[str] | None,
        typer.Option("--trust", metavar="DIGEST", help="A source stage, or package, that may run; may be repeated."),
    ] = None,
    digest: Annotated[
        str | None, typer.Option("--digest", metavar="DIGEST", help="The digest that the package must have.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Verify every byte of a package, load it, and replay its golden samples. Exits with 1 when something is wrong.

    Source in it runs when it is approved with --trust, and not otherwise.
    """
    try:
        content = read_content(path, digest)
        beside = attestations(path)
        loaded = open_content(content, trust=trust or ())
    except PackageError as error:
        if as_json:
            put_json({"ok": False, "error": type(error).__name__, **_problem(error)})
        else:
            show_error(error)
        raise typer.Exit(Exit.FAILED) from None
    if as_json:
        put_json({"ok": True, "name": loaded.package.name, "digest": loaded.package.digest, "parity": _parity(loaded)})
        return
    ok = mark("ok")
    put(f"{ok} digest   {content.digest}")
    put(f"{ok} bytes    {count(len(content.files), 'file')}, as the manifest says")
    put(f"{ok} attest   {count(len(beside), 'attestation')} about this package")
    put(f"{ok} stages   {count(len(content.manifest.stages), 'stage')}, {len(content.manifest.sources)} of source")
    rows = loaded.parity.outputs[0].rows
    worst = max(one.maximum for one in loaded.parity.outputs)
    put(f"{ok} golden   {count(rows, 'sample')} predicted as they were, the greatest difference {worst:.3g}")


def diff(
    before: Annotated[Path, typer.Argument(metavar="BEFORE", help="The folder or zip of one package.")],
    after: Annotated[Path, typer.Argument(metavar="AFTER", help="The folder or zip of the other.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show how two packages differ: fields, stages, configuration, rule and files. Nothing of them runs."""
    one, two = read_content(before), read_content(after)
    changes = compare(one, two)
    if as_json:
        put_json({"before": one.digest, "after": two.digest, "changes": [asdict(change) for change in changes]})
        return
    put_pairs([("before", f"{one.manifest.name} {one.digest}"), ("after", f"{two.manifest.name} {two.digest}")])
    put()
    if not changes:
        put("the same package")
        return
    put_table(("about", "name", "before", "after"), [_row(change) for change in changes])


def _row(change: Change) -> tuple[str, str, str, str]:
    shown = [
        "-" if value is None else short(value) if change.about == "file" else value
        for value in (change.before, change.after)
    ]
    return (change.about, change.name, shown[0], shown[1])


def _rule(quantiles: tuple[tuple[float, float], ...], maximum: float) -> str:
    limits = [f"{limit:g} at {share:g} of the rows" for share, limit in quantiles]
    return ", ".join([*limits, f"{maximum:g} at most"])


def _trusted_by(content: Content, file: str) -> str:
    return content.manifest.files[file].blob


def _record(content: Content, signature: Signature, config: dict[str, Any]) -> dict[str, Any]:
    manifest = content.manifest
    return {
        "name": manifest.name,
        "digest": content.digest,
        "format": manifest.format,
        "signature": asdict(signature),
        "stages": [asdict(row) for row in manifest.stages],
        "sources": list(manifest.sources),
        "config": config,
        "rule": asdict(manifest.rule),
        "files": {name: asdict(row) for name, row in manifest.files.items()},
        "attest": list(content.attest),
    }


def _parity(loaded: Loaded) -> list[dict[str, Any]]:
    return [asdict(one) for one in loaded.parity.outputs]


def _problem(error: PackageError) -> dict[str, Any]:
    problem: dict[str, Any] = {"what": error.what, "where": error.where, "fix": error.fix}
    if isinstance(error, UntrustedStageError):
        problem["sources"] = list(error.sources)
    if isinstance(error, ParityError):
        problem["lines"] = list(error.lines)
    return problem


COMMANDS = {"inspect": inspect, "verify": verify, "diff": diff, "register": register}
