"""Fitted models, tensors, figures, charts and plain objects. Each maker fits anew, so equal digests mean equal fits."""

import warnings
from collections import Counter, OrderedDict, defaultdict, deque
from functools import partial

import altair
import lightgbm
import numpy as np
import pandas as pd
import scipy.sparse
import torch
import xgboost
from matplotlib.figure import Figure
from project_classes import Clipper, Forecaster, Linked, Settings, Slotted, double
from sklearn import (
    calibration,
    cluster,
    compose,
    decomposition,
    ensemble,
    feature_extraction,
    impute,
    linear_model,
    model_selection,
    naive_bayes,
    neighbors,
    neural_network,
    pipeline,
    preprocessing,
    svm,
    tree,
)
from sklearn.datasets import load_digits

from mainspring.testing.codecs import Sample

X, Y = (part[:300] for part in load_digits(return_X_y=True))
TEXTS = pd.DataFrame(
    {
        "n": [1.0, np.nan, 3, 4] * 5,
        "c": ["a", "b", None, "a"] * 5,
        "t": ["hello world", "x y", "q", "z"] * 5,
    }
)


def fitted(model):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(X, Y)


def predicts_the_same(one, other):
    return np.array_equal(one.predict(X), other.predict(X))


def forest():
    return fitted(ensemble.RandomForestClassifier(4, random_state=0))


def forest_with_another_seed():
    return fitted(ensemble.RandomForestClassifier(4, random_state=1))


def forest_that_was_asked():
    model = forest()
    model.predict_proba(X)
    return model


def histogram_boosting():
    return fitted(ensemble.HistGradientBoostingClassifier(max_iter=2, random_state=0))


def gradient_boosting():
    return fitted(ensemble.GradientBoostingClassifier(n_estimators=2, random_state=0))


def vote():
    parts = [("a", linear_model.LogisticRegression(max_iter=20)), ("b", tree.DecisionTreeClassifier(random_state=0))]
    return fitted(ensemble.VotingClassifier(parts))


def stack():
    parts = [("b", tree.DecisionTreeClassifier(random_state=0))]
    return fitted(ensemble.StackingClassifier(parts, final_estimator=linear_model.RidgeClassifier()))


def logistic():
    return fitted(linear_model.LogisticRegression(max_iter=20))


def logistic_with_more_rounds():
    return fitted(linear_model.LogisticRegression(max_iter=21))


def support_vectors():
    return fitted(svm.SVC())


def stochastic():
    return fitted(linear_model.SGDClassifier(random_state=0))


def neighbours():
    return fitted(neighbors.KNeighborsClassifier(algorithm="kd_tree"))


def neighbours_in_balls():
    return fitted(neighbors.KNeighborsClassifier(algorithm="ball_tree"))


def network():
    return fitted(neural_network.MLPClassifier((8,), max_iter=3, random_state=0))


def calibrated():
    return fitted(calibration.CalibratedClassifierCV(naive_bayes.GaussianNB(), cv=2))


def reduced():
    return fitted(
        pipeline.make_pipeline(preprocessing.StandardScaler(), decomposition.PCA(5, random_state=0), logistic())
    )


def grid_search():
    grid = {"max_depth": [2, 3]}
    return fitted(model_selection.GridSearchCV(tree.DecisionTreeClassifier(random_state=0), grid, cv=2))


def clusters():
    return fitted(cluster.KMeans(3, random_state=0, n_init=1))


def columns():
    numbers = pipeline.make_pipeline(impute.SimpleImputer(), preprocessing.FunctionTransformer(np.log1p))
    parts = [
        ("n", numbers, ["n"]),
        ("c", preprocessing.OneHotEncoder(handle_unknown="ignore"), ["c"]),
        ("t", feature_extraction.text.TfidfVectorizer(stop_words=["the"]), "t"),
        ("own", Clipper(0, 3), ["n"]),
    ]
    return compose.ColumnTransformer(parts).fit(TEXTS)


def transforms_the_same(one, other):
    return repr(one.transform(TEXTS)) == repr(other.transform(TEXTS))


def lightgbm_wrapper():
    options = {"verbose": -1, "n_jobs": 1, "deterministic": True, "force_row_wise": True}
    return lightgbm.LGBMClassifier(n_estimators=2, **options).fit(X, Y)


def lightgbm_booster():
    data = lightgbm.Dataset(X, Y)
    options = {
        "objective": "regression",
        "verbose": -1,
        "num_threads": 1,
        "force_row_wise": True,
        "deterministic": True,
    }
    return lightgbm.train(options, data, 3, valid_sets=[data])


def xgboost_wrapper():
    model = xgboost.XGBRegressor(n_estimators=8, early_stopping_rounds=2, n_jobs=1)
    return model.fit(X, Y, eval_set=[(X, Y)], verbose=False)


def xgboost_booster():
    return xgboost_wrapper().get_booster()


def boosters_predict_the_same(one, other):
    rows = xgboost.DMatrix(X) if isinstance(one, xgboost.Booster) else X
    return np.array_equal(one.predict(rows), other.predict(rows))


def layers():
    torch.manual_seed(0)
    parts = [torch.nn.Linear(64, 8), torch.nn.BatchNorm1d(8), torch.nn.ReLU(), torch.nn.Linear(8, 10)]
    return torch.nn.Sequential(*parts).eval()


def layers_in_training():
    return layers().train()


def layers_with_another_weight():
    model = layers()
    with torch.no_grad():
        model[0].weight[0, 0] += 1
    return model


def layers_answer_the_same(one, other):
    rows = torch.from_numpy(X).float()
    return one.training == other.training and torch.equal(one(rows), other(rows))


def state_of_layers():
    return layers().state_dict()


def state_of_layers_copied():
    return OrderedDict((name, part.clone()) for name, part in layers().state_dict().items())


def states_equal(one, other):
    return list(one) == list(other) and all(torch.equal(one[name], other[name]) for name in one)


def tied():
    layer = torch.nn.Linear(4, 4)
    torch.nn.init.ones_(layer.weight)
    torch.nn.init.zeros_(layer.bias)
    return torch.nn.ModuleList([layer, layer])


def untied():
    layers = tied()
    return torch.nn.ModuleList([layers[0], torch.nn.Linear(4, 4)])


def still_tied(one, other):
    return other[0].weight is other[1].weight and torch.equal(one[0].weight, other[0].weight)


def tensor():
    return torch.arange(6.0).reshape(2, 3)


def tensor_seen_from_the_side():
    return torch.arange(6.0).reshape(2, 3).T.contiguous().T


def tensor_in_half():
    return tensor().half()


def tensor_that_learns():
    return tensor().requires_grad_()


def tensors_equal(one, other):
    return torch.equal(one, other) and one.requires_grad == other.requires_grad


def brain_floats():
    return torch.tensor([1.0, 2.5]).bfloat16()


def missing_tensor():
    return torch.tensor([1.0, float("nan")])


def missing_tensor_of_another_kind():
    return torch.from_numpy(np.array([0x3F800000, 0xFFC00001], "u4").view("f4"))


def tensors_look_the_same(one, other):
    return repr(one) == repr(other)


def torch_types():
    return [
        torch.float32,
        torch.device("cpu"),
        torch.Size([1, 2]),
        torch.tensor(5),
        torch.empty(0, 3),
        torch.tensor([True]),
    ]


def sparse():
    forms = [
        f"{form}_{kind}" for form in ("csr", "csc", "coo", "bsr", "dia", "dok", "lil") for kind in ("matrix", "array")
    ]
    return [getattr(scipy.sparse, form)(np.array([[1.0, 0], [0, 2]])) for form in forms]


def sparse_that_was_asked():
    made = sparse()
    assert made[0].has_canonical_format
    return made


def sparse_equal(one, other):
    return all(type(a) is type(b) and np.array_equal(a.toarray(), b.toarray()) for a, b in zip(one, other, strict=True))


def chart():
    return altair.Chart(TEXTS).mark_point().encode(x="n:Q", y="c:N") | altair.Chart(TEXTS).mark_bar().encode(x="n:Q")


def chart_of_other_rows():
    return altair.Chart(TEXTS.head(3)).mark_point().encode(x="n:Q", y="c:N")


def generators():
    random = np.random.RandomState(3)
    random.normal()
    return [np.random.default_rng(3), random, np.random.PCG64(4)]


def generators_draw_the_same(one, other):
    draws = [[parts[0].normal(), parts[1].normal(), parts[2].random_raw()] for parts in (one, other)]
    return draws[0] == draws[1]


def collections():
    grouped = defaultdict(list)
    grouped["a"].append(1)
    return [
        Counter("aab"),
        OrderedDict(a=1),
        grouped,
        deque([1, 2], 3),
        partial(double, 2),
        double,
        np.log1p,
        len,
        Forecaster,
    ]


def collections_equal(one, other):
    return (
        one[:4] == other[:4]
        and [type(a) for a in one] == [type(b) for b in other]
        and other[4]() == 4
        and one[5:] == other[5:]
    )


def own_objects():
    return {
        "forecaster": Forecaster({"b": 2, "a": 1}),
        "slotted": Slotted([1]),
        "linked": Linked(3),
        "settings": Settings(2),
    }


def own_objects_set_in_another_order():
    made = own_objects()
    state = dict(reversed(vars(made["forecaster"]).items()))
    vars(made["forecaster"]).clear()
    vars(made["forecaster"]).update(state)
    return made


def own_objects_changed():
    made = own_objects()
    made["linked"].next.next.value = 5
    return made


def own_objects_equal(one, other):
    ring = other["linked"]
    return (
        vars(one["forecaster"]) == vars(other["forecaster"])
        and one["slotted"].items == other["slotted"].items
        and ring.next.next.next is ring
        and one["settings"] == other["settings"]
        and other["settings"].opened == 0
    )


SAMPLES = [
    Sample(forest, predicts_the_same, (forest_that_was_asked,), (forest_with_another_seed,), "object/1"),
    Sample(logistic, predicts_the_same, (), (logistic_with_more_rounds,)),
    *(
        Sample(make, predicts_the_same)
        for make in (
            histogram_boosting,
            gradient_boosting,
            vote,
            stack,
            support_vectors,
            stochastic,
            neighbours,
            neighbours_in_balls,
            network,
            calibrated,
            reduced,
            grid_search,
            clusters,
            lightgbm_wrapper,
            xgboost_wrapper,
        )
    ),
    Sample(columns, transforms_the_same),
    Sample(lightgbm_booster, boosters_predict_the_same, (), (), "lightgbm/1"),
    Sample(xgboost_booster, boosters_predict_the_same, (), (), "xgboost/1"),
    Sample(layers, layers_answer_the_same, (), (layers_in_training, layers_with_another_weight)),
    Sample(state_of_layers_copied, states_equal),
    Sample(tied, still_tied, (), (untied,)),
    Sample(tensor, tensors_equal, (tensor_seen_from_the_side,), (tensor_in_half, tensor_that_learns), "torch-tensor/1"),
    Sample(brain_floats, tensors_equal),
    Sample(missing_tensor, tensors_look_the_same, (missing_tensor_of_another_kind,)),
    Sample(torch_types, tensors_look_the_same),
    Sample(sparse, sparse_equal, (sparse_that_was_asked,)),
    Sample(chart, lambda a, b: a.to_dict() == b.to_dict(), (), (chart_of_other_rows,), "altair/1"),
    Sample(generators, lambda a, b: True),
    Sample(collections, collections_equal),
    Sample(own_objects, own_objects_equal, (own_objects_set_in_another_order,), (own_objects_changed,)),
]


def figure():
    made = Figure()
    axes = made.subplots()
    axes.plot([1, 2, 3], [0.1, 0.2, 0.4], label="a")
    axes.hist([1, 2, 2])
    axes.legend()
    return made
