"""The inference pipeline and its portable form: what predicts in tests is what predicts in service."""

from mainspring.package.attesting import Attestation, attach, attestations
from mainspring.package.building import Built, Reference, Spec, build, convert_models
from mainspring.package.comparing import Change, compare, describe
from mainspring.package.content import Content, read_content
from mainspring.package.fields import Field, Policy, Signature
from mainspring.package.graphs import Graph
from mainspring.package.loading import Loaded, LoadedReference, load, open_content
from mainspring.package.manifest import Manifest, digest_of_files
from mainspring.package.parity import Decision, Measure, Parity, Rule, check_parity, parity
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
