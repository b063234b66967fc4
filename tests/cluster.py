"""A NATS cluster of three nodes on loopback, whose nodes a test may kill, pause and start."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nats.aio.client import Client

from deploy.local import nats as nats_server
from tests.servers import BUS_USERS, PASSWORD, Bus, free_port, started_nats

NODES = ("one", "two", "three")


@dataclass(frozen=True)
class BusCluster:
    """Its nodes by name."""

    nodes: dict[str, Bus]

    @property
    def url(self) -> str:
        """All nodes, as FAKTURA_NATS_URL lists them."""
        return ",".join(node.url for node in self.nodes.values())

    async def leader_of(self, stream: str, client: Client) -> Bus:
        """The node that leads the stream; waits for nothing, fails when there is none."""
        info = await client.jetstream().stream_info(stream)
        assert info.cluster is not None, "a stream of a cluster says who leads it"
        assert info.cluster.leader is not None, f"nobody leads {stream}"
        return self.nodes[info.cluster.leader]


@contextmanager
def running_bus_cluster(folder: Path) -> Iterator[BusCluster]:
    """Three nodes that know each other, for the time of the block."""
    nodes = [nats_server.Node(name, free_port(), free_port()) for name in NODES]
    cluster = BusCluster({})
    try:
        for node in nodes:
            config = folder / f"{node.name}.conf"
            nats_server.write_cluster_config(
                config,
                node,
                nodes=nodes,
                store=folder / node.name,
                passwords=dict.fromkeys(BUS_USERS, PASSWORD),
            )
            cluster.nodes[node.name] = started_nats(config, port=node.port)
        yield cluster
    finally:
        for bus in cluster.nodes.values():
            bus.kill()
