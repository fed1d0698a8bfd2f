"""A language model that runs in the test process: an OpenAI-compatible API that behaves, or not, as it is told."""

from tests.peers.model.server import KEY, MODEL, Behaviour, ModelPeer, Recorded

__all__ = ["KEY", "MODEL", "Behaviour", "ModelPeer", "Recorded"]
