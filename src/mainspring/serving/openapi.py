"""The OpenAPI document of a service, from the signature of what it serves."""

from typing import Any, Final

import numpy as np

from mainspring.package.dtypes import DTYPES
from mainspring.package.fields import Field, Policy, Signature
from mainspring.serving.models import Served
from mainspring.serving.settings import RELEASE, Limits

__all__ = ["document"]

_JSON: Final = "application/json"
_BINARY: Final = "application/octet-stream"
_TEXT: Final = {"type": "string"}
_DAY: Final = r"[1-9][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_MOMENT: Final = rf"^{_DAY}T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{{1,6}})?)?$"
_REFUSALS: Final = {
    "400": "The body is no JSON, or nested too deep.",
    "401": "A key is needed, or this one is unknown.",
    "403": "The request comes from a page of another site.",
    "408": "The body was not sent in time.",
    "413": "The body is too long, or has too many rows.",
    "415": "The body is of another media type, or compressed.",
    "422": "The body does not fit the signature; every field that is wrong is told.",
    "429": "Too many requests are under way; Retry-After says when to come again.",
    "500": "The model failed; the request id is in the log.",
    "503": "The service stops, or its log does not keep up; Retry-After says when to come again.",
}


def document(served: Served, limits: Limits, *, keys: bool) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of a service.

    Args:
        served: What it serves.
        limits: What requests may use.
        keys: Whether it needs API keys.
    """
    described: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": served.name,
            "version": served.version,
            "description": f"Predictions of the package {served.digest}, served by Mainspring {RELEASE}.",
        },
        "paths": {**_own_paths(), **_protocol_paths(served)},
        "components": {"schemas": _schemas(served.signature, limits)},
    }
    if keys:
        described["components"]["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer"},
            "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        }
        described["security"] = [{"bearer": []}, {"key": []}]
    return described


def _own_paths() -> dict[str, Any]:
    return {
        "/predict": {
            "post": _operation(
                "predict", "Predict rows.", "Prediction", request={_JSON: _ref("Rows")}, codes=tuple(_REFUSALS)
            )
        },
        "/openapi.json": {"get": _operation("openapi", "This document.", {"type": "object"})},
        "/docs": {"get": _page("docs", "This document, to read.")},
        "/": {"get": _page("page", "What is served, to look at and to try.")},
        "/metrics": {"get": _plain("metrics", "Figures for Prometheus.")},
    }


def _protocol_paths(served: Served) -> dict[str, Any]:
    model = f"/v2/models/{served.name}"
    infer = _operation(
        "infer",
        "Predict tensors.",
        "InferAnswer",
        request={_JSON: _ref("InferRequest"), _BINARY: {"type": "string", "format": "binary"}},
        codes=("400", "401", "403", "404", "408", "413", "415", "422", "429", "500", "503"),
        error="ProtocolError",
    )
    infer["parameters"] = [
        {
            "name": "Inference-Header-Content-Length",
            "in": "header",
            "required": False,
            "schema": {"type": "integer", "minimum": 0},
            "description": "The length of the JSON, where binary tensors follow it.",
        }
    ]
    infer["responses"]["200"]["content"][_BINARY] = {"schema": {"type": "string", "format": "binary"}}
    found: dict[str, Any] = {
        "/v2": {"get": _operation("server", "What the server is.", {"type": "object"})},
        "/v2/health/live": {"get": _open(_operation("live", "Whether the process lives.", {"type": "object"}))},
        "/v2/health/ready": {
            "get": _open(_operation("ready", "Whether it answers.", {"type": "object"}, codes=("503",)))
        },
        "/v2/repository/index": {
            "post": _operation("index", "All models.", {"type": "array"}, request={_JSON: {"type": "object"}})
        },
        model: {"get": _operation("model", "What the model takes and gives.", {"type": "object"})},
        f"{model}/ready": {"get": _operation("model_ready", "Whether the model answers.", {"type": "object"})},
        f"{model}/infer": {"post": infer},
    }
    index = found["/v2/repository/index"]["post"]
    index["requestBody"]["required"] = False
    index["responses"]["403"] = _refusal("403", "Error")
    return found


def _operation(
    name: str,
    summary: str,
    answer: str | dict[str, Any],
    *,
    request: dict[str, Any] | None = None,
    codes: tuple[str, ...] = (),
    error: str = "Error",
) -> dict[str, Any]:
    schema = _ref(answer) if isinstance(answer, str) else answer
    wanted = dict.fromkeys([*codes, "401"])
    made: dict[str, Any] = {
        "operationId": name,
        "summary": summary,
        "responses": {
            "200": {"description": "The answer.", "content": {_JSON: {"schema": schema}}},
            **{code: _refusal(code, error) for code in wanted},
        },
    }
    if request is not None:
        made["requestBody"] = {
            "required": True,
            "content": {kind: {"schema": one} for kind, one in request.items()},
        }
    return made


def _open(operation: dict[str, Any]) -> dict[str, Any]:
    """An operation for which no key is needed."""
    operation["security"] = []
    del operation["responses"]["401"]
    return operation


def _refusal(code: str, error: str) -> dict[str, Any]:
    said = _REFUSALS.get(code, "There is no such model or version.")
    return {"description": said, "content": {_JSON: {"schema": _ref(error)}}}


def _page(name: str, summary: str) -> dict[str, Any]:
    made = _plain(name, summary)
    made["responses"]["200"]["content"] = {"text/html": {"schema": _TEXT}}
    return made


def _plain(name: str, summary: str) -> dict[str, Any]:
    made = _operation(name, summary, _TEXT)
    made["responses"]["200"]["content"] = {"text/plain": {"schema": _TEXT}}
    return made


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _schemas(signature: Signature, limits: Limits) -> dict[str, Any]:
    rows = {"type": "array", "minItems": 1, "maxItems": limits.rows, "items": _ref("Row")}
    differing = {**rows, "items": _ref("Difference")}
    problem = _object({"path": _TEXT, "rule": _TEXT, "message": _TEXT}, ("path", "rule", "message"))
    model = _object({"name": _TEXT, "version": _TEXT, "package": _TEXT}, ("name", "version", "package"))
    fallback = _object({"level": {"type": "integer"}, "reason": _TEXT}, ("level", "reason"))
    error = _object(
        {
            "status": {"type": "integer"},
            "what": _TEXT,
            "problems": {"type": "array", "items": problem},
            "total": {"type": "integer"},
            "request": _TEXT,
        },
        ("status", "what", "request"),
    )
    listed = {"type": "array", "items": {"type": "object"}}
    answer = {
        "id": _TEXT,
        "model": model,
        "predictions": {"type": "array", "items": _ref("Output")},
        "marks": {"type": "array", "items": problem},
        "fallback": fallback,
        "overridden": listed,
    }
    tensor = _object({"name": _TEXT, "shape": {"type": "array", "items": {"type": "integer"}}, "datatype": _TEXT})
    tensors = {"type": "array", "items": tensor, "minItems": 1}
    return {
        "Rows": {"anyOf": [_object({"rows": rows}, ("rows",), closed=True), _ref("SharedRows")]},
        "SharedRows": _object({"shared": _ref("Row"), "rows": differing}, ("shared", "rows"), closed=True),
        "Row": _row(signature),
        "Difference": {**_row(signature), "required": [], "description": "What differs from 'shared'."},
        "Output": _object({one.name: _output(one) for one in signature.outputs}),
        "Prediction": _object(answer, ("id", "model", "predictions")),
        "Error": _object({"error": error}, ("error",)),
        "InferRequest": _object({"id": _TEXT, "inputs": tensors, "parameters": {"type": "object"}}, ("inputs",)),
        "InferAnswer": _object({"model_name": _TEXT, "outputs": {"type": "array"}}, ("model_name", "outputs")),
        "ProtocolError": _object({"error": _TEXT}, ("error",)),
    }


def _object(properties: dict[str, Any], required: tuple[str, ...] = (), *, closed: bool = False) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        made["required"] = list(required)
    if closed:
        made["additionalProperties"] = False
    return made


def _row(signature: Signature) -> dict[str, Any]:
    policies = {one.name: signature.policy_of(one) for one in signature.fields}
    required = [name for name, policy in policies.items() if policy.missing == "refuse" or policy.null == "refuse"]
    made = _object({one.name: _input(one, policies[one.name]) for one in signature.fields}, tuple(required))
    made["additionalProperties"] = signature.policy.extra != "refuse"
    return made


def _input(field: Field, policy: Policy) -> dict[str, Any]:
    made = _value(field)
    inner = made
    for _ in field.shape:
        inner = inner["items"]
    if policy.range == "refuse":
        if field.minimum is not None:
            inner["minimum"] = max(field.minimum, inner.get("minimum", field.minimum))
        if field.maximum is not None:
            inner["maximum"] = min(field.maximum, inner.get("maximum", field.maximum))
    if field.shape and field.type in ("float32", "float64") and policy.nan != "refuse":
        inner["type"] = [inner["type"], "null"]
    if field.categories and policy.unknown == "refuse":
        made["enum"] = list(field.categories)
    if policy.null != "refuse" and (policy.null == "impute" or field.type not in ("bool", "int32", "int64")):
        made["type"] = [made["type"], "null"]
        if "enum" in made:
            made["enum"].append(None)
    if field.unit:
        made["description"] = f"In {field.unit}."
    return made


def _output(field: Field) -> dict[str, Any]:
    made = _value(field)
    made["type"] = [made["type"], "null"]
    return made


def _value(field: Field) -> dict[str, Any]:
    plain: dict[str, dict[str, Any]] = {
        "bool": {"type": "boolean"},
        "string": {"type": "string"},
        "date": {"type": "string", "format": "date"},
        "datetime": {"type": "string", "pattern": _MOMENT, "description": "ISO 8601, in UTC, without a time zone."},
    }
    if field.type in plain:
        return plain[field.type]
    made: dict[str, Any] = {"type": "number"}
    if field.type in ("int32", "int64"):
        limits = np.iinfo(DTYPES[field.type])
        made = {"type": "integer", "minimum": int(limits.min), "maximum": int(limits.max)}
    for size in reversed(field.shape):
        made = {"type": "array", "items": made, "minItems": size, "maxItems": size}
    return made
