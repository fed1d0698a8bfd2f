"""A Slack that runs in the test process: Web API, Socket Mode, signed HTTP deliveries, interactions, faults."""

from tests.peers.slack.server import SlackPeer

__all__ = ["SlackPeer"]
