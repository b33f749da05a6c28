"""The inference pipeline and its portable form: what predicts in tests is what predicts in service."""

from typing import TYPE_CHECKING

from mainspring.lazy import offer

if TYPE_CHECKING:
    from mainspring.package.agreement import Measure, Parity, check_parity, parity
    from mainspring.package.attesting import Attestation, attach, attestations
    from mainspring.package.building import Built, Reference, Spec, build, convert_models
    from mainspring.package.comparing import Change, compare, describe
    from mainspring.package.content import Content, read_content
    from mainspring.package.fields import Field, Policy, Signature
    from mainspring.package.graphs import Graph
    from mainspring.package.loading import Loaded, LoadedReference, load, open_content
    from mainspring.package.manifest import Manifest, digest_of_files
    from mainspring.package.rules import Decision, Rule
    from mainspring.package.stages import Columns, Models, Pipeline, SourceStage, Stage
    from mainspring.package.training import Training, attest_training, training_of
    from mainspring.package.validating import read_input
    from mainspring.package.value import Package

__all__ = [
    "Attestation",
    "Built",
    "Change",
    "Columns",
    "Content",
    "Decision",
    "Field",
    "Graph",
    "Loaded",
    "LoadedReference",
    "Manifest",
    "Measure",
    "Models",
    "Package",
    "Parity",
    "Pipeline",
    "Policy",
    "Reference",
    "Rule",
    "Signature",
    "SourceStage",
    "Spec",
    "Stage",
    "Training",
    "attach",
    "attest_training",
    "attestations",
    "build",
    "check_parity",
    "compare",
    "convert_models",
    "describe",
    "digest_of_files",
    "load",
    "open_content",
    "parity",
    "read_content",
    "read_input",
    "training_of",
]

# Where each name lives. It is imported when it is first asked for: what keeps packages need not predict.
_PLACES = {
    "Attestation": "mainspring.package.attesting",
    "Built": "mainspring.package.building",
    "Change": "mainspring.package.comparing",
    "Columns": "mainspring.package.stages",
    "Content": "mainspring.package.content",
    "Decision": "mainspring.package.rules",
    "Field": "mainspring.package.fields",
    "Graph": "mainspring.package.graphs",
    "Loaded": "mainspring.package.loading",
    "LoadedReference": "mainspring.package.loading",
    "Manifest": "mainspring.package.manifest",
    "Measure": "mainspring.package.agreement",
    "Models": "mainspring.package.stages",
    "Package": "mainspring.package.value",
    "Parity": "mainspring.package.agreement",
    "Pipeline": "mainspring.package.stages",
    "Policy": "mainspring.package.fields",
    "Reference": "mainspring.package.building",
    "Rule": "mainspring.package.rules",
    "Signature": "mainspring.package.fields",
    "SourceStage": "mainspring.package.stages",
    "Spec": "mainspring.package.building",
    "Stage": "mainspring.package.stages",
    "Training": "mainspring.package.training",
    "attach": "mainspring.package.attesting",
    "attest_training": "mainspring.package.training",
    "attestations": "mainspring.package.attesting",
    "build": "mainspring.package.building",
    "check_parity": "mainspring.package.agreement",
    "compare": "mainspring.package.comparing",
    "convert_models": "mainspring.package.building",
    "describe": "mainspring.package.comparing",
    "digest_of_files": "mainspring.package.manifest",
    "load": "mainspring.package.loading",
    "open_content": "mainspring.package.loading",
    "parity": "mainspring.package.agreement",
    "read_content": "mainspring.package.content",
    "read_input": "mainspring.package.validating",
    "training_of": "mainspring.package.training",
}

__getattr__, __dir__ = offer(__name__, _PLACES)
