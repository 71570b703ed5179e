"""An asker: has one member write a candidate, or vote, by whichever of its models and in whatever form it can."""

from __future__ import annotations

from dataclasses import dataclass, replace

from callwright.errors import APIError, BadRequestError, ContextLengthError, NotFoundError, ParameterError, StreamError
from callwright.query.asked import Query
from callwright.query.ballot import Ballot
from callwright.query.callclasses import call_classes
from callwright.query.candidates import Candidate, candidate_of
from callwright.query.config import QueryLLM
from callwright.query.ids import content_id
from callwright.query.members import Slot
from callwright.query.modelmap import Models
from callwright.query.requests import Form, again_request, ballot_request, forms_of, written_request
from callwright.query.till import Till
from callwright.query.trail import Lost, Said, Trail
from callwright.query.votes import Invalid, Reply, Vote, read_vote
from callwright.wire.chat import ChatRequest, Completion
from callwright.wire.messages import AssistantMessage

__all__ = ["Asker"]

_OTHER_FORM = (BadRequestError, NotFoundError, ParameterError)
"""Errors that another form of the same request may not meet."""
_FINAL = frozenset({"refused", "filtered", "cut"})
"""Replies after which asking once more would bring the same."""
_INVALID = 400


@dataclass(frozen=True, slots=True)
class _Asked:
    """A member that is asked for a vote."""

    llm: QueryLLM
    ballot: Ballot
    place: int
    key: str
    """Names the request."""


class Asker:
    """Asks the members of one query.

    Args:
        query: What is asked.
        models: Gives models by slug.
        till: Pays.
    """

    __slots__ = ("_forms", "_models", "_query", "_till")

    def __init__(self, query: Query, models: Models, till: Till) -> None:
        self._query = query
        self._models = models
        self._till = till
        self._forms: dict[tuple[str, bool], int] = {}

    async def write(self, slot: Slot, llm: QueryLLM, draw: int, *, place: int) -> Said | Lost:
        """Have a member write a candidate.

        Args:
            slot: The member's.
            llm: The member.
            draw: Which of its candidates, from 0.
            place: Which among all candidates of the query; decides the seed.

        Raises:
            BudgetError: It cannot be paid for.
            StoreError: The answer could not be remembered.
        """
        trail, key = Trail(), self._key("write", slot, draw)
        request = written_request(self._query, llm, place)
        for slug in llm.slugs:
            completion = await self._tried(slug, request, key, trail)
            if completion is not None:
                return self._said(completion, trail)
        return trail.lost()

    async def vote(self, slot: Slot, llm: QueryLLM, ballot: Ballot, *, place: int) -> Said | Lost:
        """Have a member vote.

        Args:
            slot: The member's.
            llm: The member.
            ballot: What it is shown.
            place: Which among all ballots of the query; decides the seed.

        Raises:
            BudgetError: It cannot be paid for.
            StoreError: The reply could not be remembered.
        """
        trail, asked = Trail(), _Asked(llm, ballot, place, self._key("vote", slot, place, ballot.id))
        for slug in llm.slugs:
            said = await self._voted(slug, asked, trail)
            if said is not None:
                return said
        return trail.lost()

    def _said(self, completion: Completion, trail: Trail) -> Said | Lost:
        """Return the candidate that an answer is, unless it cannot be one."""
        message = completion.message
        problem = f"the answer was cut ({completion.finish_reason})" if completion.is_cut else None
        problem = problem or (call_classes(self._query.tools).problem(message) if message.tool_calls else None)
        candidate = None
        try:
            candidate = None if problem else self._candidate(message)
        except ValueError as error:
            problem = str(error)
        if candidate is not None:
            return Said(completion, candidate=candidate, note=trail.note)
        return Lost(problem or "the answer is empty", _INVALID, None, (*trail.completions, completion))

    def _candidate(self, message: AssistantMessage) -> Candidate | None:
        query = self._query
        if message.tool_calls:
            return call_classes(query.tools).candidate(message, query.meaning)
        return candidate_of(message, query.meaning)

    async def _voted(self, slug: str, asked: _Asked, trail: Trail) -> Said | Lost | None:
        """Return the vote of one model, asked in the first form that it takes; None if another one is to be asked."""
        llm, known = asked.llm, (slug, asked.llm.wants_logprobs)
        forms = forms_of(self._query, llm, has_schema=self._models[slug].profile.json_schema)
        at, begun, is_again = self._forms.get(known, 0), len(trail.notes), False
        while at < len(forms):
            request = ballot_request(self._query, llm, asked.ballot, forms[at], place=asked.place)
            completion = await self._tried(slug, request, asked.key, trail)
            if completion is not None:
                # What other forms met says nothing of this vote.
                del trail.notes[begun:]
                self._forms[known] = max(at, self._forms.get(known, 0))
                return await self._read(slug, asked, forms[at], completion, request=request, trail=trail)
            if (salvaged := self._salvaged(asked, forms[at], trail)) is not None:
                return salvaged
            if _is_broken(trail.error) and not is_again:
                is_again = True
            elif isinstance(trail.error, _OTHER_FORM) and not isinstance(trail.error, ContextLengthError):
                at += 1
            else:
                return None
        return None

    async def _read(
        self, slug: str, asked: _Asked, form: Form, completion: Completion, *, request: ChatRequest, trail: Trail
    ) -> Said | Lost:
        """Return the vote that a reply is; one that is none may be said once more."""
        trail.completions.append(completion)
        vote = self._vote_in(Reply.of(completion), asked, form)
        if isinstance(vote, Invalid) and vote.reason not in _FINAL:
            again = again_request(request, completion, asked.ballot, form)
            repaired = await self._tried(slug, again, f"{asked.key}:repair", trail)
            if repaired is not None:
                trail.completions.append(repaired)
                trail.notes.append(f"the first reply was no vote ({vote.reason})")
                completion, vote = repaired, self._vote_in(Reply.of(repaired), asked, form)
        if isinstance(vote, Vote):
            note = "; ".join(filter(None, [trail.note, vote.note])) or None
            return Said(completion, vote=vote, note=note)
        reason = "; ".join(filter(None, [f"{vote.reason}: {vote.detail[:200]!r}", trail.note]))
        return Lost(reason, _INVALID, None, tuple(trail.completions))

    def _salvaged(self, asked: _Asked, form: Form, trail: Trail) -> Said | None:
        """Return the vote that a broken reply was already, if it was one."""
        if trail.partial is None:
            return None
        vote = self._vote_in(Reply.of(trail.partial, is_broken=True), asked, form)
        return Said(trail.partial, vote=vote, note=f"broken off; {trail.note}") if isinstance(vote, Vote) else None

    def _vote_in(self, reply: Reply, asked: _Asked, form: Form) -> Vote | Invalid:
        ambiguous, tree = self._query.policy.ambiguous, asked.ballot.tree
        vote = read_vote(reply, tree, wants_logprobs=form.logprobs, ambiguous=ambiguous)
        if isinstance(vote, Vote) and asked.llm.wants_logprobs and not form.logprobs:
            return replace(vote, note="no provider gives log probabilities of this model")
        return vote

    async def _tried(self, slug: str, request: ChatRequest, key: str, trail: Trail) -> Completion | None:
        """Return the answer of one model; None if it failed."""
        trail.error = None
        try:
            return await self._till.complete(self._models[slug], request, key)
        except (APIError, ParameterError) as error:
            trail.failed(slug, error)
            return None

    def _key(self, *parts: object) -> str:
        return content_id(self._query.root, *(f"/{part}" for part in parts))


def _is_broken(error: Exception | None) -> bool:
    return isinstance(error, StreamError) and error.partial is not None and error.retryable
