"""What a run of the benchmarks measured, beside what was aimed at: printed line by line, and kept as JSON."""

import json
import os
import platform
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Report:
    """``measured`` are figures by name (seconds unless the name says otherwise), ``targets`` ratios and limits."""

    measured: dict = field(default_factory=dict)
    targets: list = field(default_factory=list)

    def add(self, name, **figures):
        """Note what was measured."""
        self.measured[name] = {key: round(value, 4) for key, value in figures.items()}
        print(f"\n{name}: " + ", ".join(f"{key} {value:.3g}" for key, value in figures.items()))

    def target(self, name, value, least=None, most=None):
        """Note a figure that has to be at ``least`` or at ``most`` so much; ``check`` fails where it is not."""
        met = (least is None or value >= least) and (most is None or value <= most)
        self.targets.append({"name": name, "value": round(value, 3), "least": least, "most": most, "met": met})
        aim = f"at least {least}" if most is None else f"at most {most}"
        print(f"\n{'met   ' if met else 'MISSED'} {name}: {value:.3g} ({aim})")

    def check(self, begins):
        """Fail if a target whose name begins so was missed."""
        missed = [each["name"] for each in self.targets if each["name"].startswith(begins) and not each["met"]]
        assert not missed, missed

    def save(self, path: Path):
        """Write everything with what is known of the machine."""
        machine = {"processor": platform.machine(), "cores": os.cpu_count(), "python": platform.python_version()}
        if hasattr(os, "getloadavg"):
            machine["load_average"] = os.getloadavg()
        path.write_text(
            json.dumps({"machine": machine, "targets": self.targets, "measured": self.measured}, indent=1)
        )
        print(f"\nreport: {path}")
