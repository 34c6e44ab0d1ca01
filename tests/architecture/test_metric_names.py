"""Every metric is explained, and nothing else is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from clayload.monitoring.metric_names import METRICS, Metric

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "metrics.md").read_text("utf-8")
ROW = re.compile(r"^\| `(\w+)` \| (\w+) \| (.*?) \| (.*?) \|$", re.MULTILINE)


def row(metric: Metric) -> tuple[str, str, str, str]:
    kind = "counter" if metric.is_counter else "gauge"
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    return metric.name, kind, labels or "none", metric.help


def test_the_page_has_every_metric_as_the_command_gives_it_in_this_order() -> None:
    assert ROW.findall(PAGE) == [row(metric) for metric in METRICS]


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_metric_is_named_as_prometheus_asks(metric: Metric) -> None:
    assert re.fullmatch(r"clayload(_[a-z]+)+", metric.name)
    assert metric.help.endswith(".")
    assert "_total" not in metric.name.removesuffix("_total")
