"""The image's contents and the bus's configuration, tried out without a container engine."""

import subprocess
import sys
from pathlib import Path

import pytest

from deploy.compose.new_env import new_settings

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "deploy" / "compose"


def test_the_bus_takes_its_configuration_whatever_the_passwords_look_like() -> None:
    settings = {name: f'"{text}"' for name, text in new_settings().items() if "NATS" in name}
    settings["PORTAL_NATS_PASSWORD"] = '"-8k_looks-like-a-number"'
    done = subprocess.run(
        [Path(sys.executable).parent / "nats-server", "--config", COMPOSE / "nats.conf", "-t"],
        env=settings,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_image_s_contents_build_and_every_container_s_program_loads(tmp_path: Path) -> None:
    done = subprocess.run(
        ["sh", COMPOSE / "build.sh", tmp_path / "faktura"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Every container's program loads." in done.stdout
