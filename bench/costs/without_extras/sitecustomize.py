"""Hides OpenTelemetry from the commands that `first_second_row.py` measures.

redis-py loads it where it is installed, as it is for those who develop this; an installation has it with the extra
`otel` alone.
"""

import sys
from typing import Any, cast

cast("dict[str, Any]", sys.modules)["opentelemetry"] = None
