#!/usr/bin/env python3
"""The alert rules as Prometheus' operator takes them: writes k8s/components/alerts/rules.yaml of monitoring/rules.

    python3 monitoring/kubernetes.py [FILE]

A PrometheusRule holds what a file of rules holds, so each file becomes one, word for word. kustomize cannot do it: it
puts files into ConfigMaps only.
"""

import pathlib
import sys
import textwrap

HERE = pathlib.Path(__file__).parent
THERE = HERE.parent / "k8s" / "components" / "alerts" / "rules.yaml"


def rule(file: pathlib.Path) -> str:
    head = f"apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata:\n  name: touchstone-{file.stem}\nspec:\n"
    return head + textwrap.indent(file.read_text(), "  ")


def written() -> str:
    rules = [rule(file) for file in sorted((HERE / "rules").glob("*.yml"))]
    return "# Written by monitoring/kubernetes.py; change monitoring/rules, and run it.\n" + "---\n".join(rules)


if __name__ == "__main__":
    (pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else THERE).write_text(written())
