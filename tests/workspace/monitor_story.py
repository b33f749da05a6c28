"""A home with planted windows: a shop whose prices move, whose weights go missing, where a new store opens."""

import json

import numpy as np

from mainspring.monitoring import OUTPUT, WINDOWS, Labels, LabelShelf, Served, Shelf, Window, count_rows, layout_of_rows
from mainspring.serving.predlog import ColumnRow, ModelRow, PredictionLog
from mainspring.serving.predlog.writer import Entry
from mainspring.tracking import Origin, Raised, RunRow, open_facts, this_process
from mainspring.tracking.loops import Journal, LoopEvent
from mainspring.tracking.models import Models, VersionRow
from mainspring.tracking.promotions import GateAnswer, GateReport, Promotions

HOUR = 3600
DAY = 24 * HOUR
START = 1_760_313_600  # 2025-10-13, a Monday, 00:00 UTC
FIRST, SECOND = "a" * 64, "b" * 64
EVIL = "<script>alert('x')</script>"


class Shop:
    """Traffic of a shop, hour by hour.

    Args:
        rows: Rows in an hour by day.
        moved: From which hour on prices are higher, or None.
        gone: From which hour on weights are missing more often.
        opened: From which hour on there is a new store.
        more: How many columns there are besides.
    """

    def __init__(self, rows=300, *, moved=None, gone=None, opened=None, slow=None, more=0, seed=7):
        self.rows, self.moved, self.gone, self.opened, self.slow, self.more = rows, moved, gone, opened, slow, more
        self._rng = np.random.default_rng(seed)

    def hour(self, hour):
        """Columns of one hour, and how long requests took."""
        rng = self._rng
        rows = round(self.rows * (1.3 + np.sin(2 * np.pi * (hour - 8) / 24)) * rng.uniform(0.9, 1.1))
        price = rng.normal(2.5 + 0.15 * np.sin(2 * np.pi * hour / 24) + 0.4 * _since(self.moved, hour), 0.8, rows)
        weight = rng.gamma(2, 120, rows)
        weight[rng.random(rows) < 0.02 + 0.07 * _since(self.gone, hour)] = np.nan
        store = rng.choice(["north", "south", "east"], rows, p=[0.5, 0.3, 0.2]).astype(object)
        store[rng.random(rows) < 0.03 * _since(self.opened, hour)] = EVIL if self.opened else "north"
        columns = {"price": price, "weight": weight, "store": store, "promoted": rng.random(rows) < 0.2}
        columns |= {f"feature_{place:02d}": rng.normal(size=rows) for place in range(self.more)}
        columns[OUTPUT + "sales"] = 40 - 6 * price + rng.normal(0, 2, rows)
        slower = 1 + 0.5 * _since(self.slow, hour)
        micros = (slower * rng.lognormal(7.6, 0.4, max(1, rows // 3))).astype(np.int64)
        return columns, Served(micros, int(rng.random() < 0.05), {}, START + hour * HOUR + 3599.0)


def _since(begun, hour):
    return float(begun is not None and hour >= begun)


def plant(home, shop, hours, *, version=FIRST, model="shop", layout=None):
    """Write windows of these hours into a home; returns their layout."""
    shelf = Shelf(home / WINDOWS)
    made = [shop.hour(hour) for hour in hours]
    if layout is None:
        first = [columns for columns, _ in made[:48]]
        whole = {name: np.concatenate([one[name] for one in first]) for name in first[0]}
        layout = layout_of_rows(whole)
    shelf.put_layout(model, version, layout)
    for hour, (columns, served) in zip(hours, made, strict=True):
        window = Window(START + hour * HOUR, HOUR, model, version)
        shelf.put(count_rows(layout, window, columns, served))
    return layout


def happen(home, at, *, model="shop"):
    """Write down that a first version was promoted, a run failed, a run made a second one, which was promoted too.

    Args:
        home: The home.
        at: The hours of the two promotions; the runs are before them.
        model: The model.
    """
    home.mkdir(parents=True, exist_ok=True)
    with open_facts(home) as facts:
        database = facts.database
        for number, (digest, hour) in enumerate(zip((FIRST, SECOND), at, strict=True), 1):
            _run(facts, f"run-{number}", START + (hour - 3) * HOUR)
            if number == 2:
                _run(facts, "run-broken", START + (hour - 9) * HOUR, "failed", "Step 'train' ran out of memory")
            Models(database).add(VersionRow(model, 0, digest, f"run-{number}", 0.0, "", ""), None)
            report = _report(model, number, digest, "pass", hour)
            if number == 2:
                refused = _report(model, 2, digest, "fail", hour - 1)
                Promotions(database).record(refused)
                _set(database, "gate_reports", refused.digest, START + (hour - 1) * HOUR)
            decision = Promotions(database).promote(report, who="Ada", why=f"better by {number} %")
            database.write(
                "UPDATE decisions SET made = :made WHERE name = :name AND generation = :generation",
                [{"made": START + hour * HOUR, "name": model, "generation": decision.generation}],
            )


def _run(facts, name, at, status="succeeded", error=None):
    facts.runs.start(RunRow(name, "retail", "running", at, None, at, this_process()))
    facts.runs.finish(name, status, error)
    facts.database.write(
        "UPDATE runs SET started = :at, ended = :ended WHERE id = :id", [{"at": at, "ended": at + 95.0, "id": name}]
    )


def _report(model, number, digest, answer, hour):
    answers = (GateAnswer("baseline", answer, "2.1 % better than the simple baseline"),)
    against = None if number == 1 else number - 1
    return GateReport(model, number, digest, against, answers, f'{{"hour": {hour}, "answer": "{answer}"}}')


def _set(database, table, digest, made):
    database.write(f"UPDATE {table} SET made = :made WHERE digest = :digest", [{"made": made, "digest": digest}])


def alarm(home, hour, *, model="shop", version=FIRST):
    """Write alerts into a home: one that was resolved, one that was acknowledged, one that fires; returns the last."""
    rows = [{"id": "019c-1", "row": 0, "column": "price", "values": {"input.price": 4.25, "input.store": "north"}}]
    record = json.dumps({"findings": [], "examples": rows})
    with open_facts(home) as facts:
        raising = (("volume", ()), ("nulls", ("weight",)), ("drift", ("price", "output.sales")))
        for place, (check, columns) in enumerate(raising):
            at = START + (hour + place) * HOUR
            raised = Raised(check, columns, "", 0.4, f"what {check} says", record)
            facts.alerts.observe(model, version, at, [raised], now=at, source=Origin(check, 1))
            if check == "volume":
                facts.alerts.observe(model, version, at + HOUR, [], now=at + HOUR, source=Origin(check, 1))
            if check == "nulls":
                facts.alerts.acknowledge(facts.alerts.open(model)[0].id, who="Ada", note="the scale is broken", now=at)
        return facts.alerts.list("firing", model)[0]


def tell(home, *events, model="shop"):
    """Write into the journal of a home what a watch did: for each the hour, the kind, what is said, and links."""
    with open_facts(home) as facts:
        for place, (hour, kind, says, links) in enumerate(events):
            event = LoopEvent(START + hour * HOUR, kind, model, says, json.dumps(links))
            assert Journal(facts.database).add(event, f"event-{place}")


def serve(home, hours, *, worse=None, model="shop", version=FIRST, rows=8):
    """Write answers of these hours into the log of a home, and labels of most of them; the last two days have none."""
    rng = np.random.default_rng(3)
    columns = (ColumnRow("price", "float64"),), (ColumnRow("sales", "float64"),)
    row = ModelRow(0, version, model, "1", "champion", None, *columns, ())
    log = PredictionLog(home / "predictions", 1)
    names, values = [], []
    for number, hour in enumerate(hours):
        at = START + hour * HOUR + 60
        head = f"{at * 1000:012x}"
        name = f"{head[:8]}-{head[8:]}-7{number % 4096:03x}-8001-{number:012x}"
        price = rng.normal(2.5, 0.8, rows)
        sales = 40 - 6 * price
        log.add(Entry(name, row, rows, 900, {"price": price}, {"sales": sales}))
        if hour < hours[-1] - 48:
            off = rng.normal(0, 2 + 4 * _since(worse, hour), rows)
            names += [(name, place) for place in range(rows - 1)]
            values += (sales + off)[:-1].tolist()
    log.close()
    labels = Labels.of([name for name, _ in names], values, START + hours[-1] * HOUR, [place for _, place in names])
    LabelShelf(home / "labels").add(labels)
