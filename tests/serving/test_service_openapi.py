"""Requests drawn from the OpenAPI document, right and wrong: no fault of the service, nothing undocumented."""

import json
import urllib.request

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    unsupported_method,
]


@pytest.mark.parametrize("examples", [8, pytest.param(200, marks=pytest.mark.prove)])
def test_what_the_document_says_is_what_the_service_does(examples, live):
    with urllib.request.urlopen(f"{live}/openapi.json", timeout=10) as reply:
        document = json.loads(reply.read())
    schema = schemathesis.openapi.from_dict(document)
    seen: dict[str, set[int]] = {}
    for result in schema.get_all_operations():
        operation = result.ok()
        modes = list(schemathesis.GenerationMode)
        for mode in modes if operation.definition.raw.get("requestBody") else modes[:1]:

            @settings(
                max_examples=examples if operation.method == "post" else 3,
                deadline=None,
                database=None,
                phases=[Phase.explicit, Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given_case(operation, mode)
            def ask(case):
                reply = case.call(base_url=live)
                seen.setdefault(case.operation.path, set()).add(reply.status_code)
                case.validate_response(reply, checks=CHECKS)

            ask()
    assert {200, 422} <= seen["/predict"]
    assert seen["/v2/models/shop/infer"] >= {422}
    assert set(seen) == set(document["paths"])


def given_case(operation, mode):
    from hypothesis import given

    return given(case=operation.as_strategy(generation_mode=mode))
