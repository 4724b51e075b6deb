"""The commands that a RUN starts, as a shell takes its text apart (POSIX.1-2024, Shell Command Language).

Only as far as it can be seen without running anything: words lose their quotes and keep their variables, and
what stands in both branches of an `if` is listed. What is handed on by `sh -c`, `env`, `sudo` and their like,
and what stands in `$(…)` and in heredocs for a shell, is listed too.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from pinbot.formats.dockerfile.instructions import Heredoc, Instruction
from pinbot.formats.dockerfile.text import Line, Word

_BLANK = " \t\r"
_ENDS = "\n;&|()"
_PLAIN = re.compile(r"[^\s'\"\\`$;&|()<>]++")
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\+?=")
_RESERVED = frozenset(
    {"!", "{", "}", "if", "then", "elif", "else", "fi", "while", "until", "do", "done", "esac"}
)
_SHELLS = frozenset({"sh", "ash", "bash", "dash", "ksh", "zsh", "busybox"})
_MOST = 50
"""Shells inside of shells that are followed; no Dockerfile has three."""

# Commands that start the command after their own options, and the options that take a value.
_WRAPPERS = {
    "command": "",
    "doas": "uC",
    "env": "uCS",
    "exec": "a",
    "ionice": "cn",
    "nice": "n",
    "nohup": "",
    "stdbuf": "ioe",
    "sudo": "ughpCTRD",
    "time": "fo",
    "timeout": "ks",
}


class Command(NamedTuple):
    """A command: its words, and the assignments that hold for it alone (`NAME=value`, also through `env`)."""

    words: tuple[Word, ...]
    assignments: tuple[Word, ...] = ()

    @property
    def name(self) -> str:
        """The program without its folder; nothing where there are only assignments."""
        return self.words[0].text.rpartition("/")[2] if self.words else ""

    @property
    def arguments(self) -> tuple[str, ...]:
        """The words after the program, for comparing."""
        return tuple(word.text for word in self.words[1:])


def is_posix(shell: Instruction) -> bool:
    """Whether a SHELL names a shell that is read here, which PowerShell is not."""
    return Command(shell.arguments).name in _SHELLS


def commands(instruction: Instruction) -> Iterator[Command]:
    """What a RUN starts in a POSIX shell, or in its exec form, in the order of the text."""
    if instruction.json:
        yield from _started(Command(instruction.arguments), 0)
        return
    found = list(_Shell(instruction.rest, 0).all())
    yield from found
    if not instruction.heredocs:
        return
    if not found or (_is_shell(found[-1]) and not _script_of(found[-1])):
        for heredoc in instruction.heredocs:
            yield from _Shell(_content(instruction, heredoc), 0).all()


def _content(instruction: Instruction, heredoc: Heredoc) -> Word:
    """The text of a heredoc; none of one that says that it is for another program (`#!/usr/bin/python3`)."""
    span = heredoc.content
    text = instruction.source.text[span.start : span.end]
    first = text.partition("\n")[0]
    if first.startswith("#!") and not any(name in _SHELLS for name in re.split(r"[\s/]+", first[2:])):
        text = ""
    return Word.verbatim(Line(text, ((0, span.start),)), 0, len(text))


def _is_shell(command: Command) -> bool:
    return command.name in _SHELLS


def _script_of(command: Command) -> Word | None:
    """What a shell is told to run: the text after `-c`, or the file; None where it reads its input."""
    skip = False
    for word in command.words[1:]:
        if skip:
            skip = False
        elif word.text[:1] in ("-", "+") and len(word.text) > 1:
            skip = "o" in word.text and not word.text.startswith("--")
        elif word.text not in _SHELLS:  # busybox sh
            return word
    return None


def _runs_text(command: Command) -> bool:
    flags = (word.text for word in command.words[1:])
    return any(flag.startswith("-") and "c" in flag and not flag.startswith("--") for flag in flags)


def _started(command: Command, depth: int) -> Iterator[Command]:
    """The command itself without what it is wrapped in, and what it hands to a shell."""
    command = _unwrapped(command)
    if not command.words:
        return
    yield command
    if _is_shell(command) and _runs_text(command) and depth < _MOST:
        script = _script_of(command)
        if script is not None:
            yield from _Shell(script, depth + 1).all()


def _unwrapped(command: Command) -> Command:
    words, assignments = command.words, command.assignments
    while words and (name := words[0].text.rpartition("/")[2]) in _WRAPPERS:
        valued, words = _WRAPPERS[name], words[1:]
        while words and (words[0].text.startswith("-") or _ASSIGNMENT.match(words[0].text)):
            option, words = words[0], words[1:]
            if _ASSIGNMENT.match(option.text):
                assignments = (*assignments, option)
            elif not option.text.startswith("--") and option.text[-1] in valued:
                words = words[1:]
        if name == "timeout":
            words = words[1:]
    return Command(words, assignments)


class _Shell:
    """One pass over one text."""

    def __init__(self, word: Word, depth: int) -> None:
        self.word = word
        self.text = word.text
        self.size = len(word.text)
        self.depth = depth
        self.index = 0
        self.stop = ""
        self.inner: list[Command] = []
        self.heredocs: list[tuple[str, bool]] = []

    def all(self) -> Iterator[Command]:
        """Every command of the text."""
        while self.index < self.size:
            yield from self.until("")
            self.index += 1  # a bracket that closes nothing

    def until(self, stop: str) -> Iterator[Command]:
        """The commands up to a character that ends the list, which is left standing."""
        words: list[Word] = []
        assignments: list[Word] = []
        while True:
            self._skip_blanks()
            char = self.text[self.index : self.index + 1]
            if char == stop or char in _ENDS or not char:
                yield from self._take(words, assignments)
                words, assignments = [], []
                if char == stop or not char:
                    return
                yield from self._end_of_command(char)
            elif char == "#":
                end = self.text.find("\n", self.index)
                self.index = self.size if end < 0 else end
            elif char in "<>":
                self._redirection()
            else:
                word = self._word()
                if self.text[self.index : self.index + 1] in ("<", ">") and word.text.isdigit():
                    continue
                if not words and _ASSIGNMENT.match(word.text):
                    assignments.append(word)
                elif words or word.text not in _RESERVED:
                    words.append(word)

    def _take(self, words: list[Word], assignments: list[Word]) -> Iterator[Command]:
        """A command that has ended, and what its words started."""
        if words or assignments:
            command = Command(tuple(words), tuple(assignments))
            yield from _started(command, self.depth) if words else iter((command,))
        yield from self._rest()

    def _rest(self) -> Iterator[Command]:
        inner, self.inner = self.inner, []
        yield from inner

    def _end_of_command(self, char: str) -> Iterator[Command]:
        self.index += 1
        if char == "(":
            self._nest(")")
            yield from self._rest()
        elif char == "\n":
            self._skip_heredocs()

    def _nest(self, stop: str) -> None:
        """Keep the commands up to the bracket or backtick that closes the one before, which is read too."""
        outer = self.stop, self.inner
        self.stop, self.inner = stop, []
        self.depth += 1
        found = list(self.until(stop)) if self.depth < _MOST else []
        self.depth -= 1
        self.stop, self.inner = outer
        self.inner += found
        self.index += 1

    def _skip_blanks(self) -> None:
        while self.index < self.size:
            if self.text[self.index] in _BLANK:
                self.index += 1
            elif self.text.startswith("\\\n", self.index):
                self.index += 2
            else:
                return

    def _redirection(self) -> None:
        """`< file`, `2>&1`, `<<END` and the like: they name no argument."""
        begin = self.index
        while self.text[self.index : self.index + 1] in tuple("<>&|-") and self.index < begin + 3:
            self.index += 1
        operator = self.text[begin : self.index]
        self._skip_blanks()
        if self.text.startswith("(", self.index):
            self.index += 1
            self._nest(")")
            return
        target = self._word()
        if operator in ("<<", "<<-"):
            self.heredocs.append((target.text, operator == "<<-"))

    def _skip_heredocs(self) -> None:
        for name, chomp in self.heredocs:
            while self.index < self.size:
                end = self.text.find("\n", self.index)
                end = self.size if end < 0 else end
                line = self.text[self.index : end]
                self.index = end + 1
                if (line.lstrip("\t") if chomp else line) == name:
                    break
        self.heredocs.clear()

    def _word(self) -> Word:
        """A word; its quotes are taken away, its variables are not."""
        places: list[int] = []
        while self.index < self.size:
            here = self.index
            char = self.text[here]
            found = _PLAIN.match(self.text, here)
            if found is not None:
                self.index = found.end()
                places += range(here, self.index)
            elif char == "'":
                end = self.text.find("'", here + 1)
                end = self.size if end < 0 else end
                places += range(here + 1, end)
                self.index = end + 1
            elif char == '"':
                self.index += 1
                places += self._double_quoted()
            elif char == "\\":
                if not self.text.startswith("\\\n", here):
                    places += range(here + 1, min(here + 2, self.size))
                self.index += 2
            elif char in "$`" and char != self.stop:
                places += self._dollar_or_backtick()
            elif char == "(" and places and self.text[here - 1] == "=":
                self.index += 1
                self._nest(")")
                places += range(here, min(self.index, self.size))
            else:
                break
        return Word(
            self.word.line,
            "".join([self.text[place] for place in places]),
            tuple([self.word.places[place] for place in places]),
        )

    def _double_quoted(self) -> list[int]:
        places: list[int] = []
        while self.index < self.size and self.text[self.index] != '"':
            char = self.text[self.index]
            if char in "$`":
                places += self._dollar_or_backtick()
                continue
            if char == "\\" and self.text[self.index + 1 : self.index + 2] in tuple('"$`\\\n'):
                self.index += 1
                if self.text[self.index : self.index + 1] == "\n":
                    self.index += 1
                    continue
            places.append(self.index)
            self.index += 1
        self.index += 1
        return [place for place in places if place < self.size]

    def _dollar_or_backtick(self) -> list[int]:
        """`$(…)`, `` `…` ``, `${…}` or `$name`, as it stands; what runs in it is kept for later."""
        here = self.index
        self.index += 1
        if self.text[here] == "`":
            self._nest("`")
        elif self.text.startswith("(", self.index):
            self.index += 1
            self._nest(")")
        elif self.text.startswith("{", self.index):
            end = self.text.find("}", self.index)
            self.index = self.size if end < 0 else end + 1
        return list(range(here, min(self.index, self.size)))
