"""One measured process (計測): `python -m connector.bench 10000` prints its result as one JSON line."""

from __future__ import annotations

import json
import sys
from typing import Any

from connector.bench.orders import NIGHT, run, run_night
from connector.bench.results import RESULTS, run_results


def _measured(words: list[str]) -> dict[str, Any]:
    match words:
        case [what, *more] if what == RESULTS:
            return run_results(more)
        case [what, size] if what == NIGHT:
            return run_night(int(size))
        case [size]:
            return run(int(size))
    raise ValueError(words)


print(json.dumps(_measured(sys.argv[1:])))
