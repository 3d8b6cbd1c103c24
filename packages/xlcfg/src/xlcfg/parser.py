"""From text to tree.

Source: the grammar of libxlutil 4.17. Settings end in a newline or a semicolon, the last one may
end with the text. Newlines and comments are layout inside a list and nowhere else in a setting.
As in `xl`, reading goes on at the next line after an error, so that all of them are told.
"""

from __future__ import annotations

from xlcfg.diagnostic import Diagnostic
from xlcfg.error import ParseError
from xlcfg.evaluate import sums
from xlcfg.lexer import Kind, Token, tokens
from xlcfg.position import START, Position
from xlcfg.quoting import odd_escapes
from xlcfg.rules import COMMENT, ESCAPE, LAST, NESTING, NUL, SIZE, STRING, SYNTAX, Rule
from xlcfg.text import decode, visible
from xlcfg.tree import Document, Item, List, Operator, Setting, String, Value

MAX_DEPTH = 64
"""How deep lists may be nested; `xl` itself gives up at some thousands."""

MAX_LENGTH = 16 << 20
"""How many characters a configuration may have."""

MAX_PROBLEMS = 100
"""How many errors are told of one text."""

SECTION = "xl.cfg(5), SYNTAX"
"""The page that says what the language is."""

_LAYOUT = (Kind.BLANK, Kind.NEWLINE, Kind.COMMENT)
_STRAY = (Kind.STRANGE, Kind.OPEN_STRING, Kind.OPEN_COMMENT)
_BREAKS = (Kind.NEWLINE, Kind.COMMENT, Kind.END)


class _TroubleError(Exception):
    """What keeps one setting from being read."""

    def __init__(self, problem: Diagnostic) -> None:
        super().__init__(problem.what)
        self.problem = problem


def parse(data: str | bytes, file: str = "<text>") -> Document:
    """`parse(data)` is the configuration that a text holds; raises `ParseError`."""
    document, problems = parse_all(data)
    if problems:
        raise ParseError(problems, file)
    return document


def parse_all(data: str | bytes) -> tuple[Document, list[Diagnostic]]:
    """What could be read of a text, and every error that kept the rest from it."""
    text = decode(data) if isinstance(data, bytes) else data
    if len(text) > MAX_LENGTH:
        what = f"the text has {len(text)} characters, more than {MAX_LENGTH}"
        return Document(()), [Diagnostic(SIZE, what, START, SECTION, "split or shorten it")]
    reader = _Reader(text)
    document = reader.document()
    problems = reader.problems
    if "\0" in text:
        problems.insert(0, _nul(text))
    problems = sorted(problems + sums(document)[1], key=lambda problem: problem.at)
    if _overlooked(text, problems):
        do = "remove it: `xl` overlooks it today"
        problems = [Diagnostic(LAST, problems[0].what, problems[0].at, SECTION, do)]
    return document, problems[:MAX_PROBLEMS]


def _overlooked(text: str, problems: list[Diagnostic]) -> bool:
    """Whether all that is wrong is one last character that starts no token of `xl`."""
    if len(problems) != 1:
        return False
    words = list(tokens(text[text.rfind("\n") + 1 :]))
    if len(words) < 2 or words[-2].kind not in _STRAY or len(words[-2].text) > 1:
        return False
    return problems[0].at.column == words[-2].column and not parse_all(text[:-1])[1]


class _Reader:
    """Reads tokens one ahead."""

    def __init__(self, text: str) -> None:
        self._tokens = tokens(text)
        self._token = next(self._tokens)
        self.problems: list[Diagnostic] = []

    def document(self) -> Document:
        settings: list[Setting] = []
        while True:
            lead = self._layout(";")
            if self._token.kind is Kind.END:
                return Document(tuple(settings), lead)
            try:
                settings.append(self._setting(lead))
            except _TroubleError as trouble:
                if len(self.problems) < MAX_PROBLEMS:
                    self.problems.append(trouble.problem)
                while self._token.kind not in _BREAKS:
                    self._advance()

    def _advance(self) -> Token:
        token = self._token
        self._token = next(self._tokens, token)
        return token

    def _is(self, mark: str) -> bool:
        return self._token.kind is Kind.MARK and self._token.text == mark

    def _layout(self, also: str = "") -> str:
        """Blanks, newlines and comments from here on, and marks that mean nothing here."""
        if self._token.kind not in _LAYOUT and not (also and self._is(also)):
            return ""
        parts = []
        while self._token.kind in _LAYOUT or (also and self._is(also)):
            parts.append(self._advance().text)
        return "".join(parts)

    def _blanks(self) -> str:
        return self._advance().text if self._token.kind is Kind.BLANK else ""

    def _setting(self, lead: str) -> Setting:
        name = self._token
        if name.kind is not Kind.NAME:
            raise self._unexpected("the name of an option")
        self._advance()
        before = self._blanks()
        if not (self._is("=") or self._is("+=")):
            raise self._unexpected("`=` or `+=`")
        operator = Operator(self._advance().text)
        after = self._blanks()
        value = self._value(0)
        end = self._blanks()
        if self._token.kind in (Kind.NEWLINE, Kind.COMMENT) or self._is(";"):
            end += self._advance().text
        elif self._token.kind is not Kind.END:
            raise self._unexpected("a newline or `;`")
        return Setting(lead, name.text, before, operator, after, value, end, name.at)

    def _value(self, depth: int) -> Value:
        token = self._token
        match token.kind:
            case Kind.NUMBER:
                self._advance()
                return String(token.text, token.at)
            case Kind.STRING:
                self._escapes(token)
                self._advance()
                return String(token.text, token.at)
            case Kind.MARK if token.text == "[":
                return self._list(depth + 1)
            case _:
                raise self._unexpected("a string in quotes, a number or `[`")

    def _list(self, depth: int) -> List:
        at = self._token.at
        if depth > MAX_DEPTH:
            what = f"lists are nested more than {MAX_DEPTH} deep"
            raise _problem(NESTING, what, at, "use fewer brackets: no option needs more than two")
        self._advance()
        items: list[Item] = []
        tail = self._layout()
        while not self._is("]"):
            lead, value = tail, self._value(depth)
            trail = self._layout()
            comma = self._is(",")
            if comma:
                self._advance()
            elif not self._is("]"):
                raise self._unexpected("`,` or `]`")
            tail = self._layout() if comma else ""
            items.append(Item(lead, value, trail, comma))
        self._advance()
        return List(tuple(items), tail, at)

    def _escapes(self, token: Token) -> None:
        for escape in odd_escapes(token.text):
            if not escape.good:
                at = Position(token.line, token.column + escape.offset)
                what = f"`{escape.text}` is no escape"
                do = "write `\\\\` for a backslash, and other characters as they are"
                raise _problem(ESCAPE, what, at, do)

    def _unexpected(self, due: str) -> _TroubleError:
        """The error that another token stands where something was due."""
        token = self._token
        match token.kind:
            case Kind.OPEN_STRING:
                what = f"the string {_shown(token.text)} does not end on its line"
                return _problem(STRING, what, token.at, f"close it with `{token.text[0]}`")
            case Kind.OPEN_COMMENT:
                what = "the comment at the end has no newline after it"
                return _problem(COMMENT, what, token.at, "end the file with a newline")
            case Kind.STRANGE:
                what = f"{_shown(token.text)} cannot stand here: {due} is due"
                return _problem(SYNTAX, what, token.at, _advice(token.text))
            case Kind.END:
                return _problem(SYNTAX, f"the text ends where {due} is due", token.at, "add it")
            case Kind.NEWLINE | Kind.COMMENT:
                what = f"the line ends where {due} is due"
                return _problem(SYNTAX, what, token.at, "only a list can span lines")
            case _:
                what = f"{_shown(token.text)} stands where {due} is due"
                return _problem(SYNTAX, what, token.at, "put values in quotes and brackets")


def _problem(rule: Rule, what: str, at: Position, do: str) -> _TroubleError:
    return _TroubleError(Diagnostic(rule, what, at, SECTION, do))


def _shown(text: str) -> str:
    """A word as a message shows it: short, and without bytes that a terminal would act on."""
    short = text if len(text) <= 40 else f"{text[:40]}..."
    return f"`{visible(short)}`"


def _advice(text: str) -> str:
    if text == "\r":
        return "save the file with Unix line ends"
    if text.isalpha() and text.isascii():
        return "write names in lower case and put strings in quotes"
    if text in "+-.()":
        return "put the value in quotes; Python in configurations is a thing of the past"
    return "put strings in quotes"


def _nul(text: str) -> Diagnostic:
    place = text.index("\0")
    line = text.count("\n", 0, place) + 1
    at = Position(line, place - (text.rfind("\n", 0, place) + 1) + 1)
    do = "remove it: `xl` may abort when it meets one"
    return Diagnostic(NUL, "the text holds a NUL byte", at, SECTION, do)
