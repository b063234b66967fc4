"""Alarms and dashboard: what they ask for is exported under that very name, and promtool agrees."""

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from shutil import which
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "prometheus"
RULES: dict[str, Any] = yaml.safe_load((FOLDER / "alarms.yaml").read_text())
ALARMS = [rule for group in RULES["groups"] for rule in group["rules"]]
DASHBOARD = json.loads((ROOT / "deploy" / "grafana" / "dashboards" / "faktura.json").read_text())
OF_OTHERS = {"up", "http_server_request_duration_seconds_bucket",
             "http_server_request_duration_seconds_count"}  # fmt: skip
"""Prometheus' own, and FastAPI's (OpenTelemetry's http.server.request.duration)."""
NAME = re.compile(r"\b(?:faktura|http|up)\w*\b(?!\s*=[^=])")
PROMTOOL = which("promtool", path=f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}")
SUFFIXES = {"create_counter": ("_total",), "counter": ("_total",),
            "create_histogram": ("_seconds_bucket", "_seconds_count", "_seconds_sum"),
            "set": ("",)}  # fmt: skip


def exported() -> set[str]:
    """The names of all figures that the code makes, as Prometheus sees them."""
    return {
        name + suffix
        for folder in ("shared", "services")
        for path in (ROOT / folder).rglob("*.py")
        for made, name in _instruments(ast.parse(path.read_text()))
        for suffix in SUFFIXES[made]
    }


def _instruments(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        made = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
        first = node.args[0]
        is_name = isinstance(first, ast.Constant) and str(first.value).startswith("faktura_")
        if made in SUFFIXES and is_name:
            assert isinstance(first, ast.Constant)
            yield made, str(first.value)


def asked_for(expression: str) -> set[str]:
    """The metrics that a PromQL expression names."""
    bare = re.sub(r"\{[^}]*\}|\bby \([^)]*\)", "", expression)
    return {name for name in NAME.findall(bare) if name.startswith(("faktura_", "http_", "up"))}


def test_the_names_in_an_expression_are_found() -> None:
    text = 'histogram_quantile(0.9, sum by (le) (rate(faktura_a_bucket{service="up"}[5m]))) > up'
    assert asked_for(text) == {"faktura_a_bucket", "up"}


@pytest.mark.parametrize("alarm", ALARMS, ids=lambda alarm: alarm["alert"])
def test_an_alarm_asks_for_what_is_exported(alarm: dict[str, Any]) -> None:
    names = asked_for(alarm["expr"])
    assert names
    assert names - exported() - OF_OTHERS == set()
    assert alarm["labels"]["severity"] in {"page", "warn"}


@pytest.mark.parametrize("panel", DASHBOARD["panels"], ids=lambda panel: panel["title"])
def test_a_panel_shows_what_is_exported(panel: dict[str, Any]) -> None:
    names = {name for target in panel["targets"] for name in asked_for(target["expr"])}
    assert names
    assert names - exported() - OF_OTHERS == set()


def test_every_figure_is_shown_or_watched() -> None:
    shown = {
        name
        for expression in (
            *(alarm["expr"] for alarm in ALARMS),
            *(target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]),
        )
        for name in asked_for(expression)
    }
    bases = {re.sub(r"_(bucket|count|sum)$", "", name) for name in exported()}
    assert bases - {re.sub(r"_(bucket|count|sum)$", "", name) for name in shown} == set()


def test_what_must_be_said_has_an_alarm() -> None:
    said = "\n".join(alarm["expr"] for alarm in ALARMS)
    for bound in (
        "faktura_consumer_lag_seconds) > 30",
        "faktura_parked) > 0",
        "faktura_effects_parked) > 0",
        'figure="oldest_unknown_payment_s"}) > 600',
        "faktura_disk_used_ratio) > 0.8",
        "changes(faktura_relay_epoch[1h])) > 0",
        "faktura_chain_breaks) > 0",
        'faktura_oldest_effect_seconds{service="notifications"}) > 900',
        "faktura_consumer_stopped) > 0",
        "faktura_oldest_unpublished_seconds) > 30",
    ):
        assert bound in said


@pytest.mark.skipif(PROMTOOL is None, reason="no promtool: `make promtool` fetches it")
def test_prometheus_understands_the_alarms_and_raises_them() -> None:
    for words in (["check", "rules", "alarms.yaml"], ["test", "rules", "alarms.test.yaml"]):
        done = subprocess.run(
            [str(PROMTOOL), *words], cwd=FOLDER, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_is_given_the_alarms() -> None:
    config = yaml.safe_load((ROOT / "deploy" / "compose" / "prometheus.yaml").read_text())
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    mounted = compose["services"]["prometheus"]["volumes"]
    (path,) = config["rule_files"]
    assert f"./deploy/prometheus/alarms.yaml:{path}:ro" in mounted
