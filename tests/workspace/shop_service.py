"""The service of a shop: windows and samples of hours, in which requests may be slow or fail, and memory may leak."""

import numpy as np
from shop_log import DAY, HOUR, MODEL, START

from mainspring.monitoring import WINDOWS, Served, Shelf, Window, count_rows, layout_of_rows
from mainspring.serving import samples
from mainspring.serving.samples import SAMPLES

LAYOUT = layout_of_rows({"price": np.arange(100.0)})


def serve_hours(home, hours, *, slower=1.0, failing=0.001, leak=0.0, leaks=0):
    """Write windows and samples of hours; memory leaks so many MiB a day from an hour on."""
    shelf = Shelf(home / WINDOWS)
    shelf.put_layout("shop", MODEL.package, LAYOUT)
    (home / SAMPLES).mkdir(parents=True, exist_ok=True)
    for hour in hours:
        rng = np.random.default_rng(hour)
        micros = rng.lognormal(7 + np.log(slower), 0.3, 200).astype(int)
        window = Window(START + hour * HOUR, HOUR, "shop", MODEL.package)
        shelf.put(count_rows(LAYOUT, window, {"price": rng.uniform(0, 100, 50)}, Served(micros)))
        memory = (200 + leak * max(0, hour - leaks) / 24 + rng.normal()) * 2**20
        failed = int(rng.binomial(200, failing))
        made = samples.Sample(window.start + 60, 1, "shop", 200, 1, failed, 2, 100, int(memory))
        day = np.datetime64(window.start // DAY * DAY, "s").astype("M8[D]")
        with (home / SAMPLES / f"{day}.jsonl").open("ab") as file:
            file.write(samples.msgspec.json.encode(made) + b"\n")
