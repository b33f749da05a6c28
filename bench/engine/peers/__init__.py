"""The tools, in the order of the tables."""

from peer import Peer

from peers.hamilton import PEER as HAMILTON
from peers.kedro import PEER as KEDRO
from peers.mainspring import PEER as MAINSPRING
from peers.metaflow import PEER as METAFLOW
from peers.python import PEER as PYTHON
from peers.redun import PEER as REDUN
from peers.zenml import PEER as ZENML

__all__ = ["PEERS"]

PEERS: tuple[Peer, ...] = (PYTHON, MAINSPRING, HAMILTON, KEDRO, REDUN, ZENML, METAFLOW)
