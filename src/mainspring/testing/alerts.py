"""The part of the conformance of facts that is about alerts and their outbox."""

import json

from mainspring.errors import NotFoundError, TrackingError
from mainspring.testing.worlds import Case, Connect, refused, same, world
from mainspring.tracking import Alert, Alerts, Change, Origin, Raised

__all__ = ["CASES", "HOUR", "moved"]

HOUR = 3600
_RECORD = '{"findings": [{"p": 0.001}], "examples": [{"id": "x"}], "chart": {"starts": [1]}}'


def moved(*columns: str, check: str = "drift", segment: str = "", size: float = 0.3) -> Raised:
    """Return what a window raises whose columns have moved."""
    return Raised(check, columns, segment, size, f"{', '.join(columns)} moved by {size}", _RECORD)


def _look(alerts: Alerts, hour: int, *found: Raised, version: str = "v1", of: int = 6) -> list[Change]:
    return alerts.observe("shop", version, hour * HOUR, found, now=hour * HOUR + 60.0, source=Origin("windows", of))


def _kinds(changes: list[Change]) -> list[str]:
    return [one.kind for one in changes]


def a_window_is_observed_once(connect: Connect) -> None:
    """The same window twice, or one before it, changes nothing; another version, source or model is another window."""
    with world(connect) as w:
        alerts, other = w.facts.alerts, w.other.alerts
        [fired] = _look(alerts, 5, moved("price"))
        same(_look(other, 5, moved("price")), [])
        same(_look(other, 4, moved("units")), [])
        same(other.observed("shop", "v1"), 5 * HOUR)
        same([other.observed("shop", "v2"), other.observed("none", "v1")], [None, None])
        same(_kinds(_look(other, 5, moved("price"), version="v2")), ["firing"])
        skew = alerts.observe("shop", "v1", 5 * HOUR, [moved("price")], now=1.0, source=Origin("skew", 1))
        same(_kinds(skew), ["firing"])
        same(_kinds(alerts.observe("cafe", "v1", 5 * HOUR, [moved("price")], now=1.0)), ["firing"])
        same(len({one.id for one in other.list()}), 4)
        same((fired.id, fired.alert), (f"{fired.alert}-1", other.get(fired.alert).id))


def columns_of_a_check_are_one_alert(connect: Connect) -> None:
    """What one check raises in one segment is one alert, told again when a column joins; another segment is another."""
    with world(connect) as w:
        alerts = w.facts.alerts
        first = _look(alerts, 1, moved("price"), moved("units", size=-0.5), moved("price", check="nulls"))
        same(_kinds(first), ["firing", "firing"])
        drift = w.other.alerts.get(first[0].alert)
        same((drift.columns, drift.size, drift.windows), (("price", "units"), -0.5, (HOUR,)))
        same(len(json.loads(drift.record)["findings"]), 2)
        same(_look(alerts, 2, moved("price"), moved("price", check="nulls")), [])
        [joined] = _look(alerts, 3, moved("stock"), moved("price", check="nulls"))
        same((joined.kind, joined.alert), ("again", drift.id))
        same(alerts.get(drift.id).columns, ("price", "units", "stock"))
        fired = _look(alerts, 4, moved("price", segment="store=a"), moved("price"), moved("price", check="nulls"))
        same(_kinds(fired), ["firing"])
        same(len(alerts.open("shop")), 3)


def what_no_longer_shows_is_resolved(connect: Connect) -> None:
    """After so many windows without it an alert is resolved, and fires anew as another one; a gap begins again."""
    with world(connect) as w:
        alerts = w.facts.alerts
        [fired] = _look(alerts, 0, moved("price"), of=3)
        same([_look(alerts, hour, of=3) for hour in (1, 2)], [[], []])
        same(_look(alerts, 3, moved("price"), of=3), [])
        same([_look(alerts, hour, of=3) for hour in (4, 5)], [[], []])
        [resolved] = _look(alerts, 6, of=3)
        same((resolved.kind, resolved.alert), ("resolved", fired.alert))
        ended = w.other.alerts.get(fired.alert)
        same((ended.state, ended.resolved, ended.windows), ("resolved", 6 * HOUR + 60.0, (0, 3 * HOUR)))
        same(_look(alerts, 7, of=3), [])
        [anew] = _look(alerts, 8, moved("price"), of=3)
        same((anew.kind, anew.alert == fired.alert), ("firing", False))
        same(alerts.get(fired.alert), ended)


def alerts_of_a_version_that_is_gone_are_resolved(connect: Connect) -> None:
    """Windows of other versions count for them, those of one time once."""
    with world(connect) as w:
        alerts = w.facts.alerts
        [fired] = _look(alerts, 0, moved("price"), version="v1", of=2)
        for version in ("v2", "v3", "v4"):
            same(_look(alerts, 1, version=version, of=2), [])
        [resolved] = _look(alerts, 2, version="v2", of=2)
        same((resolved.kind, resolved.alert), ("resolved", fired.alert))
        [other] = _look(alerts, 3, moved("price"), version="v2", of=2)
        for hour in range(4, 9):
            same(_look(alerts, hour, moved("price"), version="v2", of=2), [])
            same(_look(alerts, hour, version="v3", of=2), [])
        same([one.id for one in alerts.open()], [other.alert])


def people_look_after_alerts(connect: Connect) -> None:
    """Who acknowledges is on record; it stays so until it spreads; what is resolved cannot be acknowledged."""
    with world(connect) as w:
        alerts = w.facts.alerts
        [fired] = _look(alerts, 0, moved("price"), of=1)
        taken = w.other.alerts.acknowledge(fired.alert[:5], who="ada", note="a sale", now=100.0)
        same((taken.state, taken.who, taken.note, taken.told), ("acknowledged", "ada", "a sale", 100.0))
        same(alerts.acknowledge(fired.alert, who="bob", note="mine", now=200.0), taken)
        same(_look(alerts, 1, moved("price"), of=1), [])
        same([one.kind for one in alerts.changes(fired.alert)], ["firing", "acknowledged"])
        same(_kinds(_look(alerts, 2, moved("price", "units"), of=1)), ["again"])
        same(alerts.get(fired.alert).state, "firing")
        same(_kinds(_look(alerts, 3, of=1)), ["resolved"])
        refused(TrackingError, "is resolved", lambda: alerts.acknowledge(fired.alert, who="a", note="b", now=1.0))
        refused(
            NotFoundError, "There is no alert 'nope'", lambda: alerts.acknowledge("nope", who="a", note="", now=1.0)
        )
        refused(NotFoundError, "There is no alert ''", lambda: alerts.get(""))


def what_still_fires_is_told_again(connect: Connect) -> None:
    """A reminder comes after the given time, not of what is acknowledged, nor while the last change still waits."""
    with world(connect) as w:
        alerts = w.facts.alerts
        _look(alerts, 0, moved("price"), moved("price", check="nulls"))
        later = 60.0 + 24 * HOUR
        same(alerts.remind(later, 24 * HOUR, "shop"), [])
        for change in alerts.waiting(later):
            alerts.delivered(change, 61.0)
        nulls = next(one for one in alerts.open() if one.check == "nulls")
        alerts.acknowledge(nulls.id, who="ada", note="known", now=62.0)
        same(w.other.alerts.remind(later - 1, 24 * HOUR, "shop"), [])
        [again] = w.other.alerts.remind(later, 24 * HOUR, "shop")
        same((again.kind, json.loads(again.body)["alert"]["check"]), ("again", "drift"))
        same(alerts.remind(later + HOUR, 24 * HOUR, "shop"), [])
        same(alerts.remind(later, 0.0, "cafe"), [])


def changes_wait_in_their_order(connect: Connect) -> None:
    """What failed waits twice as long each time, and what comes after it waits with it."""
    with world(connect) as w:
        alerts, other = w.facts.alerts, w.other.alerts
        [first] = _look(alerts, 0, moved("price"))
        [second] = _look(alerts, 1, moved("price"), moved("price", check="nulls"))
        same(other.waiting(10_000.0), [first, second])
        same([one.id for one in other.waiting(10_000.0, ("shop", "cafe"))], [first.id, second.id])
        same(other.waiting(10_000.0, ("cafe",)), [])
        same(alerts.failed(first, "refused \x00", 10_000.0), 10_015.0)
        same([other.waiting(10_014.0), len(other.undelivered())], [[], 2])
        [again, _] = other.waiting(10_015.0)
        same(
            (again.id, again.body, again.attempts, again.error),
            (first.id, first.body, 1, "refused \N{REPLACEMENT CHARACTER}"),
        )
        same(other.failed(again, "refused", 10_015.0), 10_045.0)
        alerts.delivered(again, 10_050.0)
        alerts.delivered(again, 10_060.0)
        same([one.id for one in other.waiting(10_050.0)], [second.id])
        [done] = other.changes(first.alert)
        same((done.delivered, done.attempts, done.error), (10_050.0, 3, ""))
        same([alerts.spare("shop"), alerts.spare("shop"), other.undelivered()], [1, 0, []])


def what_is_sent_has_no_rows(connect: Connect) -> None:
    """The body has figures and chart; rows of the log stay beside the alert, and are kept when there are no others."""
    with world(connect) as w:
        [fired] = _look(w.facts.alerts, 0, moved("price"))
        body = json.loads(fired.body)
        same((body["format"], body["id"], body["kind"], body["at"]), ("mainspring-alert/1", fired.id, "firing", 60.0))
        same(("findings" in body["alert"], "chart" in body["alert"], "examples" in body["alert"]), (True, True, False))
        _look(w.facts.alerts, 1, Raised("drift", ("price",), "", float("nan"), "more", '{"findings": [], "chart": {}}'))
        found: Alert = w.other.alerts.get(fired.alert)
        same((found.size, found.says, json.loads(found.record)["examples"]), (0.0, "more", [{"id": "x"}]))
        strange = Raised("drift", ("a\x00\ud800",), "x=\x00", 1.0, "\ud800", "{}")
        [change] = _look(w.facts.alerts, 2, strange, moved("price"))
        same(w.other.alerts.get(change.alert).columns, ("a\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}",))


CASES: tuple[Case, ...] = (
    a_window_is_observed_once,
    columns_of_a_check_are_one_alert,
    what_no_longer_shows_is_resolved,
    alerts_of_a_version_that_is_gone_are_resolved,
    people_look_after_alerts,
    what_still_fires_is_told_again,
    changes_wait_in_their_order,
    what_is_sent_has_no_rows,
)
