"""The part of the conformance of facts that is about what is kept beside runs: memos, and proofs."""

from mainspring.testing.worlds import Case, Connect, run_row, same, world

__all__ = ["CASES"]


def memos_are_kept(connect: Connect) -> None:
    """Texts by name: the last writer wins."""
    with world(connect) as w:
        w.facts.memo.set("code/a", "1")
        w.other.memo.update({"code/a": "2", "code/b": "3", "requires/c": "4"})
        same(w.facts.memo.find(["code/a", "code/b", "x"]), {"code/a": "2", "code/b": "3"})
        same([w.facts.memo.get("requires/c"), w.facts.memo.get("none")], ["4", None])
        same([w.facts.memo.forget("code/"), w.facts.memo.find(["code/a", "requires/c"])], [2, {"requires/c": "4"}])


def proofs_are_added_and_go_with_their_run(connect: Connect) -> None:
    """Proofs of a run are listed newest first, and its verdict is the newest; they go when the run is deleted."""
    with world(connect) as w:
        for name in ("a", "b"):
            w.facts.runs.start(run_row(name))
            w.facts.runs.finish(name, "succeeded")
        first = w.facts.proofs.add("a", "bytes equal", '{"format": 1}')
        w.clock.time += 1
        second = w.facts.proofs.add("a", "different", "{}")
        other = w.facts.proofs.add("b", "within tolerance", "{}")
        same((first.made, second.verdict), (w.clock.time - 1, "different"))
        same(w.other.proofs.of_run("a"), [second, first])
        same(w.other.proofs.newest(2), [other, second])
        same(w.other.proofs.verdicts(["a", "b", "c"]), {"a": "different", "b": "within tolerance"})
        w.facts.runs.delete(["a"])
        same((w.other.proofs.of_run("a"), w.other.proofs.of_run("b")), ([], [other]))


CASES: tuple[Case, ...] = (memos_are_kept, proofs_are_added_and_go_with_their_run)
