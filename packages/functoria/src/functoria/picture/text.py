"""Text in pictures: how wide it is at most, shortened to fit, and free of what XML forbids."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"

_REGULAR = (
    "318 401 460 838 636 950 780 275 390 390 500 838 318 361 318 337 636 636 636 636 636 636 636 "
    "636 636 636 337 337 838 838 838 531 1000 684 686 698 770 632 575 775 752 295 295 656 557 863 "
    "748 787 603 787 695 635 611 732 684 989 685 611 685 390 337 390 838 500 500 613 635 550 635 "
    "615 352 635 634 278 278 579 278 974 634 612 635 635 411 521 392 634 592 818 592 592 525 636 "
    "337 636 838"
)
_BOLD = (
    "348 456 521 838 696 1002 872 306 457 457 523 838 380 415 380 365 696 696 696 696 696 696 696 "
    "696 696 696 400 400 838 838 838 580 1000 774 762 734 830 683 683 821 837 372 372 775 637 995 "
    "837 850 733 850 770 720 682 812 774 1103 771 724 725 457 365 457 838 500 500 675 716 593 716 "
    "678 435 716 712 343 343 665 343 1042 712 687 716 716 493 595 478 712 652 924 645 652 582 712 "
    "365 712 838"
)


@dataclass(frozen=True, slots=True)
class Font:
    """`Font(size, advances, other)` is a font as wide as any that a reader may have.

    `size` is in pixels. `advances` are the widths of U+0020 to U+007E in thousandths of the size,
    of DejaVu Sans, which is wider than what other systems show instead; `other` is that of
    characters which are neither in the table nor full-width.
    """

    size: float
    advances: tuple[int, ...]
    other: int

    def width(self, text: str) -> float:
        """`font.width(text)` is how many pixels the text takes at most."""
        return sum(self._advance(character) for character in text) * self.size / 1000

    def _advance(self, character: str) -> int:
        index = ord(character) - 32
        if 0 <= index < len(self.advances):
            return self.advances[index]
        if unicodedata.combining(character):
            return 0
        return max(self.other, 1050 if unicodedata.east_asian_width(character) in "WF" else 0)

    def fit(self, text: str, room: float) -> str:
        """`font.fit(text, room)` is the text, or as much of its start as fits, and an ellipsis."""
        if self.width(text) <= room:
            return text
        left = room * 1000 / self.size - self._advance(ELLIPSIS)
        for index, character in enumerate(text):
            left -= self._advance(character)
            if left < 0:
                return text[:index] + ELLIPSIS
        return text

    def fit_end(self, text: str, room: float) -> str:
        """`font.fit_end(text, room)` is the text, or an ellipsis and as much of its end as fits."""
        if self.width(text) <= room:
            return text
        return self.fit(text[::-1], room)[::-1]


def _advances(table: str) -> tuple[int, ...]:
    return tuple(int(number) for number in table.split())


def sans(size: float) -> Font:
    """`sans(size)` is the font of most text."""
    return Font(size, _advances(_REGULAR), 1000)


def bold(size: float) -> Font:
    """`bold(size)` is the font of titles."""
    return Font(size, _advances(_BOLD), 1100)


def mono(size: float) -> Font:
    """`mono(size)` is the font of what is written in programs and on command lines."""
    return Font(size, (620,) * 95, 1000)


def clean(text: str) -> str:
    """`clean(text)` is the text on one line, of characters that XML allows and a reader sees.

    What is no character, or would reorder or hide its neighbours, becomes U+FFFD: controls,
    marks of direction, surrogates (XML 1.0, section 2.2; Unicode, section 23).
    """
    return "".join(" " if c in "\n\t\r" else _visible(c) for c in text)


def _visible(character: str) -> str:
    hidden = unicodedata.category(character) in ("Cc", "Cf", "Cs", "Cn", "Zl", "Zp")
    return "\N{REPLACEMENT CHARACTER}" if hidden else character
