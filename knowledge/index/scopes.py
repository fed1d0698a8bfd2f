"""The segments of all workspaces, brought up to date when the database's generation says that something changed."""

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from knowledge.index.segments import ScopeSegment
from knowledge.index.synonyms import Synonyms
from knowledge.index.words import Words
from knowledge.model import Scope
from knowledge.ports import Corpus

log = logging.getLogger(__name__)

_PATIENCE = 1.5
"""Seconds that a question waits for a change to be loaded; then it is answered from the state before."""


@dataclass(slots=True)
class _Workspace:
    generation: int = 0
    segments: dict[Scope, list[ScopeSegment]] = field(default_factory=dict)
    loading: asyncio.Task[None] | None = None

    def lacks(self, scopes: Sequence[Scope], generation: int) -> bool:
        return generation != self.generation or any(scope not in self.segments for scope in scopes)


class Scopes:
    """What teams have taken in, searchable."""

    def __init__(
        self,
        corpus: Corpus | None,
        *,
        embedding: str,
        words: Words,
        synonyms: Sequence[Sequence[str]],
    ) -> None:
        self._corpus = corpus
        self._embedding = embedding
        self._words = words
        self._base = synonyms
        self._workspaces: dict[str, _Workspace] = {}
        self._synonyms: dict[tuple[str, ...], Synonyms] = {}

    async def segments(self, scope: Scope) -> tuple[list[ScopeSegment], Synonyms | None]:
        """The segments to search for a question asked in `scope`, and the synonyms there if teams have added any.

        Loads what changed since the last question; waits for that only a moment.
        """
        if self._corpus is None:
            return [], None
        by_workspace: dict[str, list[Scope]] = {}
        for one in scope.visible:
            by_workspace.setdefault(one.workspace, []).append(one)
        generations = await self._corpus.generations(list(by_workspace))
        waiting: set[asyncio.Task[None]] = set()
        for workspace, scopes in by_workspace.items():
            generation = generations.get(workspace, 0)
            known = self._workspaces.setdefault(workspace, _Workspace())
            if (generation or known.generation) and known.lacks(scopes, generation):
                if known.loading is None or known.loading.done():
                    known.loading = asyncio.create_task(self._load(known, scopes, generation))
                waiting.add(known.loading)
        if waiting:
            done, _ = await asyncio.wait(waiting, timeout=_PATIENCE)
            for task in done:
                if error := task.exception():
                    log.error("documents of %s are not searched", scope.workspace, exc_info=error)
        found = [
            segment
            for workspace, scopes in by_workspace.items()
            for one in scopes
            for segment in self._workspaces[workspace].segments.get(one, ())
        ]
        return [segment for segment in found if len(segment)], self._joined(found)

    def _joined(self, segments: Sequence[ScopeSegment]) -> Synonyms | None:
        lines = tuple(line for segment in segments for line in segment.synonyms)
        if not lines:
            return None
        if lines not in self._synonyms:
            groups = [tuple(word.strip() for word in line.split(",")) for line in lines]
            self._synonyms = {lines: Synonyms((*self._base, *groups), self._words)}
        return self._synonyms[lines]

    async def _load(self, known: _Workspace, scopes: Sequence[Scope], generation: int) -> None:
        began = time.monotonic()
        assert self._corpus is not None
        for one in {*known.segments, *scopes}:
            parts = await self._corpus.parts(one)
            segments = known.segments.get(one) or [
                ScopeSegment(one, lot, self._embedding) for lot in ("documents", "notes")
            ]
            for segment in reversed(segments):  # the notes first: they are what somebody waits for
                await segment.sync(self._corpus, parts, self._words)
            known.segments[one] = segments
        known.generation = generation
        log.info("loaded what %s has taken in, in %.1f s", scopes[0].workspace, time.monotonic() - began)
