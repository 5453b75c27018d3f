"""Accept the golden plans as they are now: ``make golden``. Read the difference before you commit it."""

from __future__ import annotations

from tests.golden.expected import CASES, golden, planned

if __name__ == "__main__":
    for case in sorted(path for path in CASES.iterdir() if path.is_dir()):
        for name, table in golden(planned(case)).items():
            table.write_csv(case / name)
