"""Boosters of LightGBM and XGBoost, in the formats that these libraries keep readable.

The wrappers in the style of scikit-learn are objects like any other, with a booster as a leaf.
"""

from importlib import import_module
from typing import Any, BinaryIO, Final

from mainspring.digest import canonical, restore, tagged
from mainspring.store.blobs import Writer
from mainspring.store.codec import Dump, Load, Raw, Source, Structural

__all__ = ["LIGHTGBM", "XGBOOST"]


def _reduce_lightgbm(booster: Any, _: Dump) -> object:
    scores = {data: dict(metrics) for data, metrics in (booster.best_score or {}).items()}
    text = booster.model_to_string(num_iteration=-1)
    return (text, booster.best_iteration, scores, dict(booster.params or {}))


def _rebuild_lightgbm(parts: Any, _: Load) -> object:
    text, iteration, scores, params = parts
    booster = import_module("lightgbm").Booster(model_str=text)
    booster.best_iteration = iteration
    booster.best_score = scores
    booster.params = params
    return booster


def _encode_xgboost(booster: Any) -> tuple[str, Writer]:
    model = bytes(booster.save_raw("ubj"))

    # Threads, devices and the like: kept, but no part of what the model is.
    def write(out: BinaryIO) -> None:
        out.write(canonical((model, booster.save_config())))

    return tagged("xgboost/1", model), write


def _decode_xgboost(source: Source) -> object:
    parts: Any = restore(source.view)
    model, config = parts
    booster = import_module("xgboost").Booster()
    booster.load_model(bytearray(model))
    booster.load_config(config)
    return booster


LIGHTGBM: Final = Structural(
    "lightgbm/1", _reduce_lightgbm, _rebuild_lightgbm, lambda booster: f"{booster.num_trees():,} trees"
)
XGBOOST: Final = Raw(
    "xgboost/1", _encode_xgboost, _decode_xgboost, lambda booster: f"{booster.num_boosted_rounds():,} rounds"
)
