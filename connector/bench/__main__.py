"""One measured process (計測): `python -m connector.bench 10000` prints its result as one JSON line."""

from __future__ import annotations

import json
import sys

from connector.bench.orders import NIGHT, run, run_night

print(json.dumps(run_night(int(sys.argv[2])) if sys.argv[1] == NIGHT else run(int(sys.argv[1]))))
