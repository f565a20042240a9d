"""`/metrics` for all workers: each family once, its samples labelled with their worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from gameserver.ops.metrics import Metric, Sample, render

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gameserver.net.http.responses import Response
    from gameserver.workers.messages import AllDescribed


def workers_metrics_page(described: AllDescribed) -> Response:
    """Return the page with the metrics of all workers, and those of the director."""
    return render(workers_metrics(described))


def workers_metrics(described: AllDescribed) -> list[Metric]:
    """Return every worker's families and what the director counts."""
    states = described.workers
    parts = {
        index: msgspec.convert(state.description.metrics, list[Metric])
        for index, state in enumerate(states)
        if state.description is not None
    }
    of_director = {
        index: [
            Metric("worker_up", "gauge", "Whether the worker serves.", (Sample((), state.up),)),
            Metric("worker_restarts_total", "counter", "Restarts of the worker.", (Sample((), state.restarts),)),
        ]
        for index, state in enumerate(states)
    }
    handovers = Metric(
        "handovers_total", "counter", "Links handed from one worker to another.", (Sample((), described.handovers),)
    )
    return [*by_worker(parts), *by_worker(of_director), handovers]


def by_worker(parts: Mapping[int, Iterable[Metric]]) -> list[Metric]:
    """Merge the families of several workers and label every sample with its worker.

    Nothing is summed here; in a query, `sum without (worker) (…)` does that.
    """
    families: dict[str, Metric] = {}
    for worker, metrics in parts.items():
        for metric in metrics:
            samples = tuple(
                sample._replace(labels=(*sample.labels, ("worker", str(worker)))) for sample in metric.samples
            )
            known = families.get(metric.name)
            families[metric.name] = metric._replace(samples=(*(known.samples if known else ()), *samples))
    return list(families.values())
