"""Renders templates: escapes all that is put in, and knows how numbers, times and states are written.

A page is made of parts, each a template of its own in an element with an id: a live stream renders the same part again
and sends it when it has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from forebay.config.written_amounts import age, duration, size
from forebay.web.page.lane_chart import HEIGHT, WIDTH, lane_chart
from forebay.web.page.static_files import StaticFiles
from forebay.web.page.tones import GLYPHS, OF_RUNS, look_of
from forebay.web.page.window_calendar import calendar_rows

TEMPLATES = Path(__file__).parent / "templates"


class Rendering:
    """The templates of one process."""

    def __init__(self, static: StaticFiles, now: Callable[[], datetime]) -> None:
        self._now = now
        self._environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters |= {
            "size": size,
            "duration": duration,
            "number": lambda count: f"{count:,}",
            "percent": _percent,
            "moment": _moment,
            "minute": partial(_moment, written="%Y-%m-%d %H:%M"),
            "ago": self._ago,
            "segment": lambda text: quote(str(text), safe=""),
            "query": lambda wanted: urlencode({name: value for name, value in wanted.items() if value}),
        }
        self._environment.globals |= {
            "part": self._part,
            "look": look_of,
            "of_runs": list(OF_RUNS.values()),
            "glyphs": GLYPHS,
            "calendar_rows": calendar_rows,
            "lane_chart": lambda samples: lane_chart(samples, self._now()),
            "chart_size": (WIDTH, HEIGHT),
            "static": static.path_of,
        }

    def page(self, template: str, context: Mapping[str, Any]) -> str:
        """Renders a page."""
        return self._environment.get_template(template).render(context)

    def part(self, name: str, context: Mapping[str, Any]) -> str:
        """Renders what is inside of a part."""
        return self._environment.get_template(f"parts/{name}.html").render(context)

    @pass_context
    def _part(self, context: Context, name: str) -> Markup:
        inside = self.part(name, context.get_all())
        return Markup('<div id="part-{}">{}</div>').format(name, Markup(inside))  # noqa: S704 - rendered, so escaped

    def _ago(self, moment: str) -> str:
        return age((self._now() - datetime.fromisoformat(moment)).total_seconds())


def _percent(part: float, whole: float) -> str:
    return f"{part / whole:.0%}" if whole else "–"


def _moment(moment: str, written: str = "%Y-%m-%d %H:%M:%S") -> Markup:
    at = datetime.fromisoformat(moment).astimezone(UTC)
    return Markup('<time datetime="{}">{}</time>').format(at.isoformat(timespec="seconds"), f"{at:{written}}")
