"""The typed DAG: steps, pipelines, tracing and the identity of code. Pure: no clock, and no file is read here."""

from mainspring.graph.dag import Arg, Dag, Many, Node, Ref, Value, refs_in
from mainspring.graph.steps import Pipeline, Step, StepOptions, pipeline, step
from mainspring.graph.trace import Reference, trace

__all__ = [
    "Arg",
    "Dag",
    "Many",
    "Node",
    "Pipeline",
    "Ref",
    "Reference",
    "Step",
    "StepOptions",
    "Value",
    "pipeline",
    "refs_in",
    "step",
    "trace",
]
