"""Extraction in bulk: one kind of value out of many texts, side by side."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Iterable, Iterator, Sized
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Generic, Self, cast, overload

import anyio
from typing_extensions import TypeForm, TypeVar, Unpack

from callwright._bulk import Bulk, Finished
from callwright._json import encode
from callwright._sync import enter_sync, iterate_sync
from callwright.errors import CallwrightError, ParameterError
from callwright.extraction import ExtractOptions
from callwright.meter import Meter
from callwright.model import Ledger
from callwright.options import AgentOptions, AnyRunOptions
from callwright.output.base import Output
from callwright.output.options import OutputOptions
from callwright.output.output import output_of
from callwright.run.limits import Limits
from callwright.run.result import RunResult
from callwright.run.state import RunState
from callwright.run.store import Store
from callwright.setting import Setting
from callwright.tools.tool import Tool
from callwright.wire.chat import NO_USAGE, Usage
from callwright.wire.messages import Prompt, prompt_messages

__all__ = ["ExtractManyOptions", "Extraction", "extract_many", "extract_many_sync"]

R = TypeVar("R")
T = TypeVar("T")


class ExtractManyOptions(ExtractOptions, total=False):
    """What can be said of many extractions, beside the request parameters."""

    concurrency: int
    """How many run at the same time, >= 1. Default: 16."""
    ordered: bool
    """Whether values come in the order of the prompts, rather than as they finish. Default: False."""
    budget: Ledger | None
    """Shared by all of them, and with whoever else is given it."""
    limits: Limits
    """How far each of them may go. Default: as for an agent."""
    store: Store | None
    """Where they are recorded. Default: nowhere."""
    job: str | None
    """With a store: a name for all of it. Started again under that name, values that were paid for are read, what was
    cut short goes on, and nothing is paid for twice. Default: every start begins anew."""
    progress: bool
    """Whether a bar is shown on standard error, if that is a terminal; needs the package `rich`. Default: False."""


_OF_ALL = frozenset({"concurrency", "ordered", "job", "progress"})
_OF_AGENT = frozenset({"budget", "client", "instructions", "limits", "store"})
_OF_OUTPUT = frozenset(OutputOptions.__annotations__)

_Prompts = Iterable[Prompt] | AsyncIterable[Prompt]


class Extraction(Bulk[Prompt, T]):
    """Extractions that run side by side, to be iterated over inside of `async with`; see `extract_many`.

    Args:
        extractor: Does each of them.
        prompts: What they are made from.
        concurrency: See `Bulk`.
        ordered: See `Bulk`.
    """

    __slots__ = ("_extractor", "_meter")

    def __init__(self, extractor: _Extractor[T], prompts: _Prompts, *, concurrency: int, ordered: bool) -> None:
        super().__init__(extractor.value, prompts, concurrency=concurrency, ordered=ordered)
        self._extractor = extractor
        self._meter = extractor.meter

    @property
    def usage(self) -> Usage:
        """What all that have finished used, the failed ones included; of those that were read from a store, too."""
        return self._extractor.usage

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        if self._meter is not None:
            self._meter.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        try:
            return await super().__aexit__(kind, error, trace)
        finally:
            if self._meter is not None:
                self._meter.stop()


class _Extractor(Generic[T]):
    """Extracts one value after the other, the same text once."""

    __slots__ = ("_each", "_job", "_locks", "_setting", "meter", "usage")

    def __init__(self, setting: Setting[T], each: AnyRunOptions, job: str | None, meter: Meter | None) -> None:
        self._setting = setting
        self._each = each
        self._job = job
        self._locks: dict[bytes, tuple[anyio.Lock, list[None]]] = {}
        self.meter = meter
        self.usage = NO_USAGE

    async def value(self, prompt: Prompt) -> T:
        """Return what a prompt says.

        Raises:
            CallwrightError: It could not be extracted.
        """
        try:
            result = await self._result(prompt)
            output = result.output
        except Exception as error:
            state = error.state if isinstance(error, CallwrightError) else None
            self._count(state.usage if isinstance(state, RunState) else NO_USAGE, is_failed=True)
            raise
        self._count(result.usage)
        return output

    def _count(self, usage: Usage, *, is_failed: bool = False) -> None:
        self.usage += usage
        if self.meter is not None:
            self.meter.count(self.usage.cost, is_failed=is_failed)

    async def _result(self, prompt: Prompt) -> RunResult[T]:
        if self._job is None:
            return await self._setting.start(prompt, self._each, None)
        async with self._alone(prompt):
            return await self._setting.once(prompt, self._each, job=self._job)

    @asynccontextmanager
    async def _alone(self, prompt: Prompt) -> AsyncGenerator[None]:
        """Let a text that stands twice among the prompts wait for itself, and then read what it gave."""
        key = encode([message.raw for message in prompt_messages(prompt)])
        lock, waiting = self._locks.setdefault(key, (anyio.Lock(), []))
        waiting.append(None)
        try:
            async with lock:
                yield
        finally:
            waiting.pop()
            if not waiting:
                self._locks.pop(key, None)


@overload
def extract_many(kind: type[T], prompts: _Prompts, **options: Unpack[ExtractManyOptions]) -> Extraction[T]: ...
@overload
def extract_many(kind: TypeForm[T], prompts: _Prompts, **options: Unpack[ExtractManyOptions]) -> Extraction[T]: ...
@overload
def extract_many(kind: Output[T], prompts: _Prompts, **options: Unpack[ExtractManyOptions]) -> Extraction[T]: ...
@overload
def extract_many(
    kind: Callable[..., Awaitable[R]] | Tool[..., Awaitable[R]],
    prompts: _Prompts,
    **options: Unpack[ExtractManyOptions],
) -> Extraction[R]: ...
@overload
def extract_many(
    kind: Callable[..., R] | Tool[..., R], prompts: _Prompts, **options: Unpack[ExtractManyOptions]
) -> Extraction[R]: ...
def extract_many(kind: Any, prompts: _Prompts, **options: Unpack[ExtractManyOptions]) -> Extraction[Any]:
    """Return what many prompts say, as values of type `kind`.

    To be entered by `async with` and iterated over. Each `Finished` holds the prompt, its place, and the value or the
    error that it came to. Prompts are taken when there is room for them, so that any number can be given; leaving the
    block cancels the rest.

    Args:
        kind: See `extract`.
        prompts: As for `extract`; a list, a generator or an async generator.
        options: See `ExtractManyOptions`, `ExtractOptions` and `ChatParams`.

    Raises:
        ParameterError: An option or parameter is wrong, a job has no store, progress cannot be shown, or there is one
            text in place of many; nothing was sent.
    """
    if isinstance(prompts, str | bytes):
        raise ParameterError("prompts: expected many; got one text, whose letters would be taken for them")
    concurrency, job = options.get("concurrency", 16), options.get("job")
    if concurrency < 1:
        raise ParameterError(f"concurrency: expected >= 1; got {concurrency!r}")
    if job is not None and options.get("store") is None:
        raise ParameterError(f"job {job!r}: only a store can remember what was done; give store=")
    output = output_of(kind, **cast("OutputOptions[Any]", _chosen(options, _OF_OUTPUT)))
    params = _chosen(options, options.keys() - _OF_ALL - _OF_AGENT - _OF_OUTPUT - {"model", "deps"})
    of_agent = cast("AgentOptions[Any]", {**_chosen(options, _OF_AGENT), "params": params})
    setting: Setting[Any] = Setting(options.get("model"), output, of_agent)
    meter = Meter(len(prompts) if isinstance(prompts, Sized) else None) if options.get("progress") else None
    extractor = _Extractor(setting, cast("AnyRunOptions", _chosen(options, {"deps"})), job, meter)
    return Extraction(extractor, prompts, concurrency=concurrency, ordered=options.get("ordered", False))


@overload
def extract_many_sync(
    kind: type[T], prompts: Iterable[Prompt], **options: Unpack[ExtractManyOptions]
) -> Iterator[Finished[Prompt, T]]: ...
@overload
def extract_many_sync(
    kind: TypeForm[T], prompts: Iterable[Prompt], **options: Unpack[ExtractManyOptions]
) -> Iterator[Finished[Prompt, T]]: ...
@overload
def extract_many_sync(
    kind: Output[T], prompts: Iterable[Prompt], **options: Unpack[ExtractManyOptions]
) -> Iterator[Finished[Prompt, T]]: ...
@overload
def extract_many_sync(
    kind: Callable[..., Awaitable[R]] | Tool[..., Awaitable[R]],
    prompts: Iterable[Prompt],
    **options: Unpack[ExtractManyOptions],
) -> Iterator[Finished[Prompt, R]]: ...
@overload
def extract_many_sync(
    kind: Callable[..., R] | Tool[..., R], prompts: Iterable[Prompt], **options: Unpack[ExtractManyOptions]
) -> Iterator[Finished[Prompt, R]]: ...
def extract_many_sync(
    kind: Any, prompts: Iterable[Prompt], **options: Unpack[ExtractManyOptions]
) -> Iterator[Finished[Prompt, Any]]:
    """See `extract_many`; gives what each prompt comes to."""
    # Not within the generator, or what is wrong would be told only when it is first read.
    return _given(extract_many(kind, prompts, **options))


def _given(extraction: Extraction[T]) -> Iterator[Finished[Prompt, T]]:
    with enter_sync(extraction) as found:
        yield from iterate_sync(found)


def _chosen(options: ExtractManyOptions, keys: Iterable[str]) -> dict[str, object]:
    return {key: value for key, value in options.items() if key in set(keys)}
