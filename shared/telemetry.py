"""Traces and metrics by OpenTelemetry. They never slow or fail what they watch.

A trace runs from the browser's request to the sent e-mail: the traceparent (W3C Trace Context) of
the command travels in the log, and what an event causes is a child of it.
"""

import time
from collections import Counter as Tally
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry import metrics, trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.metrics import CallbackOptions, Counter, Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_PROPAGATOR = TraceContextTextMapPropagator()
_TRACER = trace.get_tracer("faktura")
_METER = metrics.get_meter("faktura")

_BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
APPEND_SECONDS = _METER.create_histogram(
    "faktura_append", unit="s", explicit_bucket_boundaries_advisory=_BUCKETS_S
)
POOL_WAIT_SECONDS = _METER.create_histogram(
    "faktura_pool_wait", unit="s", explicit_bucket_boundaries_advisory=_BUCKETS_S
)
"""How long those waited who found no free connection; its count is how many did."""
RELAYED = _METER.create_counter("faktura_relay_published")
RELAY_FAILURES = _METER.create_counter("faktura_relay_failures")
STREAM_CHANGES = _METER.create_counter("faktura_stream_changes")
CONSUMED = _METER.create_counter("faktura_consumed")
COMMANDS = _METER.create_counter("faktura_commands")
"""By `outcome`: accepted, replayed, or the kind of the refusal."""
LOOP_FAILURES = _METER.create_counter("faktura_loop_failures")
EXPORT_TIMEOUT_S = 2
REMEMBERED_TIMES = 1000


def counter(name: str) -> Counter:
    """A counter that a service adds to; its name begins with `faktura_`."""
    return _METER.create_counter(name)


def start_telemetry(service: str, *, otlp_endpoint: str | None) -> None:
    """Install the process's providers: metrics for Prometheus, spans for the collector if given."""
    resource = Resource.create({"service.name": service, "service.namespace": "faktura"})
    metrics.set_meter_provider(
        MeterProvider(resource=resource, metric_readers=[PrometheusMetricReader()])
    )
    provider = TracerProvider(resource=resource)
    if otlp_endpoint:
        exporter = OTLPSpanExporter(f"{otlp_endpoint}/v1/traces", timeout=EXPORT_TIMEOUT_S)
        provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=500))
    trace.set_tracer_provider(provider)


def current_traceparent() -> str:
    """The traceparent of the span that is open now, or an empty string."""
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return ""
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


@contextmanager
def span(
    name: str, *, traceparent: str = "", attributes: dict[str, str] | None = None
) -> Iterator[trace.Span]:
    """A span around a piece of work, a child of `traceparent` if given, else of the open one."""
    parent: Context | None = (
        _PROPAGATOR.extract({"traceparent": traceparent}) if traceparent else None
    )
    with _TRACER.start_as_current_span(name, context=parent, attributes=attributes) as opened:
        yield opened


@contextmanager
def timed_append() -> Iterator[None]:
    """Record how long an append took, for Prometheus and for the status."""
    begun = time.perf_counter()
    yield
    took_s = time.perf_counter() - begun
    APPEND_SECONDS.record(took_s)
    APPEND_TIMES.note(took_s)


class Retries:
    """Counts what was done again, by `what`: for Prometheus, and for the process's own status."""

    def __init__(self) -> None:
        self._counter = _METER.create_counter("faktura_retries")
        self.counts: Tally[str] = Tally()

    def note(self, what: str) -> None:
        """One more of `what`, a short word: it becomes a label."""
        self.counts[what] += 1
        self._counter.add(1, {"what": what})


RETRIES = Retries()


class RecentTimes:
    """The last thousand durations of one thing, in seconds, for its percentiles of just now."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=REMEMBERED_TIMES)

    def note(self, seconds: float) -> None:
        """One more duration."""
        self._times.append(seconds)

    def percentile(self, percent: int) -> float | None:
        """The duration that `percent` of the last ones did not exceed; None before the first."""
        if not self._times:
            return None
        ordered = sorted(self._times)
        return ordered[min(len(ordered) * percent // 100, len(ordered) - 1)]


APPEND_TIMES = RecentTimes()


class Gauges:
    """Figures of a process that are read when Prometheus asks: name -> {labels: value}."""

    def __init__(self) -> None:
        self._values: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}

    def set(self, name: str, value: float, **labels: str) -> None:
        """Keep the latest `value` of the gauge `name` with these labels."""
        if name not in self._values:
            self._values[name] = {}
            _METER.create_observable_gauge(name, callbacks=[self._observe(name)])
        self._values[name][tuple(sorted(labels.items()))] = value

    def values(self, name: str) -> dict[tuple[tuple[str, str], ...], float]:
        """The latest values of a gauge, by labels; empty for one that was never set."""
        return dict(self._values.get(name, {}))

    def _observe(self, name: str) -> Any:
        def observe(_: CallbackOptions) -> list[Observation]:
            return [
                Observation(value, dict(labels)) for labels, value in self._values[name].items()
            ]

        return observe


GAUGES = Gauges()
