"""The relay at work on a real stream: batches, order, what it takes up, what it fills again."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import msgspec
import pytest
from nats.aio.client import Client

from shared import bus
from shared.envelope import from_message, header_lines, to_headers
from shared.feed import LocalFeed
from shared.ids import new_id
from shared.published import backlog
from shared.relay import Relay
from shared.store import EventStore
from shared.stream import SINGLE_BELOW, IdsRemembered, Outgoing, OwnStream, StreamMoved
from tests.conftest import OpenDatabase
from tests.faults.backbone import Backbone
from tests.servers import Bus, running_nats
from tests.shared.kernel import CAUSE, Counter, store_on
from tests.shared.test_bus import settings_for
