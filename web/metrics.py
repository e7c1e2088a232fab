"""Figures for the operator's Prometheus, on an address of their own: counts and times, no text, no address of a visitor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram, Metric, ProcessCollector, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from web.service import Service

# Answers take some tenths of a second; a refusal some thousandths.
SECONDS = (0.005, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.5, 5.0, 10.0)


class Metrics:
    """All figures of one server. What they are counted by is what the request's log line says, so it is as harmless."""

    def __init__(self, service: Service) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._requests = Counter(
            "assistant_requests", "Requests that have ended.", ["route", "method", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "assistant_request_seconds",
            "From a request's arrival to the end of its response.",
            ["route"],
            buckets=SECONDS,
            registry=self._registry,
        )
        self._outcomes = Counter(
            "assistant_outcomes", "What came of questions and of errors.", ["outcome"], registry=self._registry
        )
        self._registry.register(_Now(service))

    def count(self, fields: Mapping[str, object]) -> None:
        """Count one request by the fields of its log line."""
        route = str(fields["route"] or "none")
        self._requests.labels(route, str(fields["method"]), str(fields["status"])).inc()
        self._seconds.labels(route).observe(float(str(fields["ms"])) / 1000)
        if fields["outcome"]:
            self._outcomes.labels(str(fields["outcome"])).inc()

    def serve(self, host: str, port: int) -> int:
        """Listen in a thread of its own; returns the port, which is another one where 0 was asked for.

        Raises:
            OSError: the port is taken or the address not this machine's.
        """
        server, _ = start_http_server(port, host, registry=self._registry)
        return int(server.server_port)


class _Now(Collector):
    """How the service stands at the moment of being asked."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def collect(self) -> Iterator[Metric]:
        """Return the figures."""
        service = self._service
        yield GaugeMetricFamily("assistant_queue", "Questions that run or wait.", service.queue_length)
        yield GaugeMetricFamily("assistant_ready", "1 where questions can be answered.", float(service.ready))
        yield CounterMetricFamily("assistant_index_failed_loads", "Renewals that failed.", service.failed_loads)
        index = GaugeMetricFamily("assistant_index", "The index that is loaded.", labels=["version"])
        if service.index_version:
            index.add_metric([service.index_version], 1)
        yield index
