"""Pages as HTML. Whatever a host or a guest says in them is text, and stays text."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from fata.dashboard import amounts, chart
from fata.deploy.agent.wire import plain
from fata.deploy.shown import ago, moment


def environment() -> Environment:
    """`environment()` renders the templates.

    Text is escaped, and what could reorder or hide it on the screen is left out.
    """
    made = Environment(
        loader=PackageLoader("fata.dashboard"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        ago=ago,
        moment=moment,
        clock=amounts.clock,
        iso=amounts.iso,
        binary=amounts.binary,
        figures=amounts.figures,
        svg=_svg,
        literals=literals,
    )
    return made


def picture(svg: str) -> Markup:
    """`picture(svg)` is what `chart` has made, all text in it escaped, for a template."""
    return Markup(svg)  # noqa: S704 - see above


def literals(text: str) -> Markup:
    """`literals("see `fata status`")` is a message whose literals look like such."""
    parts = plain(text).split("`")
    if len(parts) % 2 == 0:  # backticks that come in no pairs
        return escape(plain(text))
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else escape(part)
        for number, part in enumerate(parts)
    )


def _svg(found: chart.Chart) -> Markup:
    return picture(chart.svg(found))


def _shown(value: object) -> object:
    return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value
