"""Runs and unfinished answers as rows."""

from datetime import datetime
from typing import Final

from sqlalchemy import Boolean, Column, Index, Text, text
from sqlmodel import Field

from adapters.codec.errors import NotDecodable, NotEncodable
from adapters.codec.json_text import parse, render
from adapters.codec.runs import decode_partial, decode_run, encode_partial, encode_run
from adapters.sql.row import BYTEWISE, Row, Values, table_of
from adapters.sql.utc_time import UtcTime
from domain.errors import StorageFailed
from domain.run import PartialAnswer, Run


class RunRow(Row, table=True):
    """The record of a run, `body` as JSON; `owner` is the server that holds it.

    `partial_answer` is what a run at work has written of the answer that it is at, as JSON.
    """

    __tablename__ = "mochi_runs"
    __table_args__ = (
        Index("mochi_runs_by_age", "session_id", "created_at", "run_id"),
        Index("mochi_runs_open", "session_id", sqlite_where=text("is_open"), postgresql_where=text("is_open")),
    )

    run_id: str = Field(sa_column=Column(BYTEWISE, primary_key=True))
    session_id: str = Field(sa_column=Column(BYTEWISE, nullable=False))
    owner: str = Field(sa_column=Column(BYTEWISE, nullable=False))
    is_open: bool = Field(sa_column=Column(Boolean, nullable=False))
    created_at: datetime = Field(sa_column=Column(UtcTime, nullable=False))
    ended_at: datetime | None = Field(sa_column=Column(UtcTime))
    body: str = Field(sa_column=Column(Text, nullable=False))
    partial_answer: str | None = Field(sa_column=Column(Text))

    @staticmethod
    def of(run: Run, owner: str) -> Values:
        """The record, without a partial answer. Raises StorageFailed for what JSON cannot hold."""
        try:
            body = render(encode_run(run)).decode()
        except NotEncodable:
            raise StorageFailed("The run holds something that JSON cannot, such as very deep nesting.") from None
        return {
            "run_id": run.run_id,
            "session_id": run.session_id,
            "owner": owner,
            "is_open": not run.has_ended,
            "created_at": run.created_at,
            "ended_at": run.ended_at,
            "body": body,
        }

    @staticmethod
    def to_domain(body: str) -> Run | None:
        """None for what is no record of a run, which then says nothing."""
        try:
            return decode_run(parse(body.encode()))
        except NotDecodable:
            return None


def text_of(partial: PartialAnswer) -> str:
    """A partial answer as its column has it. Raises StorageFailed for what JSON cannot hold."""
    try:
        return render(encode_partial(partial)).decode()
    except NotEncodable:
        raise StorageFailed("The answer holds something that JSON cannot, such as very deep nesting.") from None


def answer_of(text: str | None) -> PartialAnswer | None:
    """The partial answer of a column; None where there is no text, or none that can be read."""
    try:
        partial = None if text is None else decode_partial(parse(text.encode()))
    except NotDecodable:
        return None
    return partial if partial and (partial.message.content or partial.message.thinking) else None


RUNS: Final = table_of(RunRow)
