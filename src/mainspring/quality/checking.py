"""Properties of a model, checked: counterexamples that were kept first, then a search in batches, then shrinking."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypedDict, Unpack
from zlib import crc32

import numpy as np

from mainspring.errors import DefinitionError, InputError, PropertyError
from mainspring.quality.asking import Asker, Pool, Predict
from mainspring.quality.changes import World
from mainspring.quality.counterexamples import Counterexamples, plain_row, plain_value, replayable, rows_of
from mainspring.quality.domains import Domain
from mainspring.quality.judging import Found, judged
from mainspring.quality.kinds import AnyProperty, Cases, Consistent, NoWorse, Property, Source
from mainspring.quality.rows import Array, Rows, checked, count_of, joined, taken
from mainspring.quality.searching import (
    ALONE,
    Sample,
    Searching,
    search,
    search_cases,
    search_ways,
    sizes_of,
)
from mainspring.quality.shrinking import Shrunk, shrink
from mainspring.quality.slicing import judge_slices
from mainspring.quality.verdicts import WITHHELD, Counterexample, Verdict

__all__ = ["Options", "check", "require"]

_LEAST: Final = 2
_MOST: Final = 100_000


class Options(TypedDict, total=False):
    """What `check` may be told beside the model and its rows."""

    domain: Domain | None
    budget: int
    seed: int
    slices: Mapping[str, Any] | None
    kept: Counterexamples | None
    again: Predict | None
    outcomes: Mapping[str, Any] | None
    decision: Callable[[Rows], Any] | None
    batch: int
    level: float


@dataclass(frozen=True)
class _Told:
    domain: Domain | None = None
    budget: int = 10_000
    seed: int = 0
    slices: Mapping[str, Any] | None = None
    kept: Counterexamples | None = None
    again: Predict | None = None
    outcomes: Mapping[str, Any] | None = None
    decision: Callable[[Rows], Any] | None = None
    batch: int = 10_000
    level: float = 0.05


def check(
    properties: Sequence[AnyProperty], predict: Predict, rows: Mapping[str, Any], **options: Unpack[Options]
) -> tuple[Verdict, ...]:
    """Return a verdict on each property of a model.

    For each property, half of the budget goes to real rows, changed, and half to rows of the declared domain. What
    breaks it is shrunk towards a real row. A property holds when no row breaks it by more than is allowed, and what
    was seen shows, at the level, that no more than the allowed share does: by the exact binomial test, with Holm's
    correction over all properties of the call. A real row counts once, however often it is changed.

    Args:
        properties: What is said of the model.
        predict: The model: columns of rows in, outputs out, such as `Pipeline.predict`.
        rows: Real rows, as columns; one row of each thing that is independent of others.
        **options: `domain`: what rows may be, such as `Domain.of(signature)`; without one, columns are drawn from
            real rows, each apart. `budget`: how many rows are asked for a property, 10,000. `seed`: of what is drawn.
            `slices`: labels of the real rows, by name. `kept`: counterexamples to ask again first. `again`: the model
            after the round trip of its package. `outcomes`: what came true, by name, for `no_worse_on`. `decision`:
            what is decided of outputs; without one, outputs that are no floats. `batch`: the most rows at once, 10,000.
            `level`: the chance of passing what has to fail, 0.05.

    Raises:
        DefinitionError: Two properties have one name, or name columns or outputs that there are not.
        InputError: The rows or the answers are no columns of one length, or outcomes are missing.
    """
    told = _Told(**options)
    real = checked(rows)
    _check_told(properties, real, told)
    domain = told.domain or Domain()
    ask = Asker(predict, told.batch)
    random = np.random.default_rng(told.seed)
    half = max(1, told.budget // 2)
    count = count_of(real)
    pools: dict[Source, Pool] = {
        "real": Pool("real", real, random.permutation(count), ask),
        "domain": Pool("domain", domain.draw(random, half, real), np.arange(half), ask),
    }
    shared = Searching(ask, pools, World(random, real, domain), half, told.decision)
    found = [_found(one, _seeded(shared, told.seed, one.name), told) for one in properties]
    return judged(found, {name: np.asarray(values) for name, values in (told.slices or {}).items()}, told.level)


def require(verdicts: Sequence[Verdict]) -> None:
    """Stop where a property does not hold.

    Raises:
        PropertyError: Some are broken or inconclusive; the message has each.
    """
    failed = [one for one in verdicts if not one.passed]
    if failed:
        raise PropertyError(
            f"{len(failed)} of {len(verdicts)} properties do not hold",
            fix="Look at their counterexamples; correct the model, or what is said of it.",
            lines=tuple(f"'{one.name}' is {one.answer}: {one.says}" for one in failed),
        )


def _check_told(properties: Sequence[AnyProperty], real: Rows, told: _Told) -> None:
    names = [one.name for one in properties]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DefinitionError(f"Two properties have the name '{twice[0]}'", fix="Give each a name of its own.")
    if not count_of(real):
        raise InputError("There are no rows to check properties on", fix="Give real rows, such as those of a holdout.")
    if told.budget < _LEAST or not 1 <= told.batch <= _MOST:
        raise InputError(
            f"A check cannot ask {told.budget:,} rows in batches of {told.batch:,}",
            fix=f"Give a budget of at least {_LEAST}, and batches of 1 to {_MOST:,} rows.",
        )
    for name, labels in {**(told.slices or {}), **(told.outcomes or {})}.items():
        if len(labels) != count_of(real):
            raise InputError(
                f"'{name}' has {len(labels):,} values for {count_of(real):,} rows", fix="Give one for each row."
            )


def _seeded(shared: Searching, seed: int, name: str) -> Searching:
    """The same, with draws that depend on the property alone, not on what is checked beside it."""
    random = np.random.default_rng([seed, crc32(name.encode())])
    return replace(shared, world=shared.world._replace(random=random))


def _found(prop: AnyProperty, shared: Searching, told: _Told) -> Found:
    real = shared.world.real
    if isinstance(prop, NoWorse):
        at = shared.pools["real"].places(None, _MOST)
        at.sort()
        inputs, outputs = taken(real, at), shared.pools["real"].outputs(at)
        outcomes = None if told.outcomes is None else taken({n: np.asarray(v) for n, v in told.outcomes.items()}, at)
        slices = {name: np.asarray(values)[at] for name, values in (told.slices or {}).items()}
        verdict = judge_slices(prop, inputs, outputs, (outcomes, slices), told.level)
        return Found(prop.name, prop.kind, prop.allow, verdict=verdict)
    if isinstance(prop, Consistent):
        return _found_ways(prop, shared, told)
    replayed = _replayed(prop, shared, told.kept)
    if isinstance(prop, Cases):
        samples = tuple(search_cases(prop, source, shared, shared.budget) for source in prop.allow.sources)
    else:
        samples = tuple(search(prop, source, shared, shared.budget) for source in prop.allow.sources)
    return Found(prop.name, prop.kind, prop.allow, samples, replayed, _shrunk(samples, shared))


def _shrunk(samples: Sequence[Sample], shared: Searching) -> tuple[Counterexample, ...]:
    found = [
        _told_of(shrink(one, shared.ask, shared.world, 2 * shared.budget), shared.world.domain.sensitive)
        for sample in samples
        for one in sample.examples
    ]
    unique = {(one.source, str(one.changed), str(one.context), str(one.row)): one for one in found}
    return tuple(unique.values())


def _told_of(state: Shrunk, sensitive: frozenset[str]) -> Counterexample:
    """A shrunk counterexample as plain values."""
    prop = state.example.property
    said = state.ask(joined([state.before, state.after]))

    def pairs(names: Sequence[str], old: Rows, new: Rows) -> dict[str, tuple[Any, Any]]:
        return {
            name: (WITHHELD, WITHHELD) if name in sensitive else (plain_value(old[name]), plain_value(new[name]))
            for name in names
        }

    return Counterexample(
        property=prop.name,
        source=state.example.source,
        row=plain_row(state.anchor, sensitive),
        context=pairs(state.context(), state.anchor, state.before),
        changed=pairs(state.changed(), state.before, state.after),
        before=plain_row(taken(said, slice(1))),
        after=plain_row(taken(said, slice(1, 2))),
        size=state.size,
        amount=None if state.amount is None else float(state.amount[0]),
    )


def _replayed(prop: Property | Cases, shared: Searching, kept: Counterexamples | None) -> Array:
    """Sizes of the counterexamples of a property that were kept."""
    if kept is None:
        return np.zeros(0)
    members = [prop] if isinstance(prop, Property) else [one.as_property(prop.name, prop.allow) for one in prop.cases]
    sizes = []
    for member in members:
        for one in kept.of(member.name):
            if replayable(one, shared.world.real):
                before, after = rows_of(one, shared.world.real)
                amount = None if one.amount is None else np.array([one.amount])
                sizes.append(sizes_of(member, before, after, amount, shared.ask)[0])
    return np.concatenate(sizes) if sizes else np.zeros(0)


def _found_ways(prop: Consistent, shared: Searching, told: _Told) -> Found:
    real, replayed = shared.world.real, np.zeros(0)
    known = [] if told.kept is None else [one for one in told.kept.of(prop.name) if replayable(one, real)]
    if known:
        rows = joined([rows_of(one, real)[0] for one in known] + [taken(real, slice(8 * ALONE))])
        pool = Pool("real", rows, np.arange(count_of(rows)), shared.ask)
        again = replace(shared, pools={"real": pool, "domain": pool})
        sample = search_ways(prop, "real", again, count_of(rows) * len(prop.ways), told.again)
        replayed = sample.sizes[: len(known)]
    samples = tuple(search_ways(prop, source, shared, shared.budget, told.again) for source in prop.allow.sources)
    remark = "no model after the round trip was given" if "round trip" in prop.ways and told.again is None else ""
    examples = tuple(one for sample in samples if (one := _inconsistent(prop, sample, shared)) is not None)
    return Found(prop.name, prop.kind, prop.allow, samples, replayed, examples, remark)


def _inconsistent(prop: Consistent, sample: Sample, shared: Searching) -> Counterexample | None:
    """The row whose answers differ most: nothing of it is changed, so there is nothing to shrink."""
    if not len(sample.sizes) or not sample.sizes.max() > prop.allow.size:
        return None
    place = sample.places[[int(sample.sizes.argmax())]]
    pool = shared.pools["real" if sample.of == "real" else "domain"]
    row = plain_row(taken(pool.rows, place), shared.world.domain.sensitive)
    said = plain_row(pool.outputs(place))
    return Counterexample(prop.name, sample.of, row, {}, {}, said, said, float(sample.sizes.max()))
