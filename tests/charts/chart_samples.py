"""One chart of each kind, with what makes drawing hard: gaps, intervals, long names, infinities."""

import math

from mainspring.charts import Axis, BarChart, ForestChart, Heatmap, HistogramChart, LineChart, ScatterChart, Series

nan = math.nan

CHARTS = {
    "line": LineChart(
        "Loss",
        Axis("epoch"),
        Axis("loss", "nats", zero=True),
        [Series("this run", [1, 2, 3], [0.9, nan, 0.4]), Series("last <run>", [1, 2], [1.0, math.inf], quiet=True)],
    ),
    "band": LineChart(
        "Forecast",
        Axis("day", scale="time"),
        Axis("sales", "units"),
        [Series("", ["2026-01-01", "2026-01-02"], [5, 6], [4, 5], [6, 7])],
    ),
    "log": LineChart("Loss", Axis("examples", scale="log"), Axis("loss", scale="log"), [Series("", [1, 10], [1, 0.1])]),
    "categories": LineChart("Score", Axis("size"), Axis("score"), [Series("", ["S", "M", "L"], [1, 2, 3])]),
    "long": LineChart("Long", Axis("x"), Axis("y"), [Series("", range(100), [x * x for x in range(100)])]),
    "bar": BarChart("Errors", Axis("class"), Axis("error rate", "%"), [Series("", ["a", "b"], [3, nan])]),
    "bars": BarChart(
        "Errors",
        Axis("a class with a long name"),
        Axis("error rate", "%"),
        [Series("old", ["a" * 40, "b" * 40], [3, 4]), Series("new", ["a" * 40, "b" * 40], [2, 1])],
    ),
    "lying": BarChart("Gain", Axis("feature"), Axis("gain"), [Series("", ["x", "y"], [1, 2])], horizontal=True),
    "whiskers": BarChart("Gain", Axis("fold"), Axis("gain"), [Series("", ["x"], [1], [0.5], [1.5])]),
    "scatter": ScatterChart(
        "Predicted",
        Axis("actual", "€"),
        Axis("predicted", "€"),
        [Series("train", [1, 2], [1, 2]), Series("test", [1, 2], [2, nan])],
        diagonal=True,
    ),
    "histogram": HistogramChart("Residuals", Axis("residual", "€"), [-1, 0, 1], [("train", [3, 4]), ("test", [1, 2])]),
    "forest": ForestChart(
        "Gates", Axis("more loss", "%"), ["champion", "store = a"], [-2.0, 9.0], [-5.0, 1.0], [1.0, 17.0], [5.0, 10.0]
    ),
    "bins": HistogramChart("Residuals", Axis("residual", "€"), [0.1, 1, 10], [("", [3, 4])]),
    "heatmap": Heatmap(
        "Confusion", Axis("predicted"), Axis("actual"), ["no", "yes"], ["no", "yes"], [[9, 1], [0, nan]]
    ),
    "signed": Heatmap("Correlation", Axis("x"), Axis("y"), ["a", "b"], ["a"], [[1, -0.5]], Axis("Pearson r")),
    "many": Heatmap("Similarity", Axis("x"), Axis("y"), map(str, range(50)), ["a"], [[x / 50 for x in range(50)]]),
}
