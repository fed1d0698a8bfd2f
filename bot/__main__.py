"""The `coach` command."""

import asyncio
import contextlib
import io
import logging
import os
import sys
import time
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Annotated, Any, NoReturn

os.environ.setdefault("LANGSMITH_TRACING", "false")  # langchain-core would look for an account
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import typer

from bot import figures
from bot.core.errors import CoachError, ConfigurationError
from bot.figures import JsonFlag
from bot.settings import ENV_FILE, Settings, SettingsError, load_settings
from knowledge.model import KnowledgeError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="A coach for backend engineers: exact answers, one practice prompt a day, honest feedback.",
)


def _fail(sentence: str) -> NoReturn:
    typer.echo(f"coach: {sentence}", err=True)
    raise SystemExit(2)


def _settings() -> Settings:
    settings = load_settings()
    if settings.model or settings.embeddings:  # a provider's own settings, such as OPENAI_API_KEY, may stand in .env
        from dotenv import load_dotenv

        load_dotenv(ENV_FILE, override=False)
    return settings


def _log_to(stream: Any, level: str) -> None:
    logging.basicConfig(
        stream=stream, level=level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True
    )
    logging.getLogger().handlers[0].setLevel(level.upper())  # bm25s gives its own logger the level DEBUG
    sdks = ("slack_bolt", "slack_sdk", "discord", "apscheduler")
    for name in (*sdks, "httpx", "chromadb", "aiohttp.access", "alembic.runtime.plugins"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _run(main: Coroutine[Any, Any, None]) -> None:
    with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
        asyncio.run(main)


# --- chat ------------------------------------------------------------------------------------


@app.command()
def chat() -> None:
    """Talk to the coach here, without an account. Reads a pipe, too."""
    settings = _settings()
    _log_to(sys.stderr, "ERROR")
    from bot.terminal import chat as chat_here

    _run(chat_here(settings))


# --- ask -------------------------------------------------------------------------------------


Workspace = Annotated[
    str, typer.Option(help="Whose documents: PLATFORM:ID, such as slack:T0123ABC; without it those for everybody.")
]
Channel = Annotated[str, typer.Option(help="Those of one channel alone, too; by its id.")]
SourceOption = Annotated[str, typer.Option(help="article, curriculum, documents or all.")]


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="In quotes.")],
    source: SourceOption = "article",
    workspace: Workspace = "",
    channel: Channel = "",
    as_json: JsonFlag = False,
) -> None:
    """Ask one question."""
    started = time.perf_counter()
    settings = _settings()
    _log_to(sys.stderr, "ERROR")
    from bot.scopes import scope_named
    from bot.terminal import ask as ask_here

    scope = scope_named(workspace, channel)
    _run(ask_here(settings, question, source, scope, as_json=as_json, started=started))


# --- documents -------------------------------------------------------------------------------


@app.command()
def ingest(
    locations: Annotated[list[str], typer.Argument(metavar="PATH|URL…", help="Files, folders, web pages.")],
    workspace: Workspace = "",
    channel: Channel = "",
    as_json: JsonFlag = False,
) -> None:
    """Take in a team's own documents: Markdown, text, HTML, PDF, DOCX; a folder or a URL."""
    settings = _settings()
    _log_to(sys.stderr, "ERROR")
    from bot.scopes import scope_named
    from bot.taking_in import ingest as ingest_here

    if not asyncio.run(ingest_here(settings, locations, scope_named(workspace, channel), as_json=as_json)):
        raise SystemExit(2)


@app.command()
def documents(workspace: Workspace = "", channel: Channel = "", as_json: JsonFlag = False) -> None:
    """What was taken in."""
    from bot.scopes import scope_named
    from bot.taking_in import documents as documents_here

    asyncio.run(documents_here(_settings(), scope_named(workspace, channel), as_json=as_json))


@app.command()
def forget_document(
    names: Annotated[list[str], typer.Argument(metavar="ID|PATH|URL…", help="As `coach documents` lists them.")],
    workspace: Workspace = "",
    channel: Channel = "",
) -> None:
    """Remove what was taken in; the coach no longer answers from it."""
    from bot.scopes import scope_named
    from bot.taking_in import forget_document as forget_here

    asyncio.run(forget_here(_settings(), names, scope_named(workspace, channel)))


# --- eval ------------------------------------------------------------------------------------


@app.command("eval")
def evaluate(
    file: Annotated[Path, typer.Argument(metavar="FILE.jsonl", help="One question a line; see docs/evaluation.md.")],
    source: SourceOption = "article",
    workspace: Workspace = "",
    channel: Channel = "",
    as_json: JsonFlag = False,
) -> None:
    """How good the answers are, on questions with known answers."""
    settings = _settings()
    _log_to(sys.stderr, "ERROR")
    from bot.evaluation import evaluate as evaluate_here
    from bot.scopes import scope_named

    asyncio.run(evaluate_here(settings, file, source, scope_named(workspace, channel), as_json=as_json))


# --- gaps ------------------------------------------------------------------------------------


@app.command()
def gaps(
    *,
    workspace: Annotated[str, typer.Option(help="PLATFORM:ID, such as slack:T0123ABC; all without it.")] = "",
    answer: Annotated[str, typer.Option(metavar="ID", help="Answer a question, with --topic and --text.")] = "",
    topic: Annotated[str, typer.Option(help="The heading of the answer.")] = "",
    text: Annotated[str, typer.Option(help="The answer, in whole sentences.")] = "",
    alias: Annotated[str, typer.Option(metavar="ID", help="Lead a question to a section, with --section.")] = "",
    section: Annotated[str, typer.Option(help="A heading of the article.")] = "",
    synonyms: Annotated[str, typer.Option(metavar="WORDS", help='Words that mean the same: "k8s, kubernetes".')] = "",
    dismiss: Annotated[str, typer.Option(metavar="ID", help="Take a question off the list.")] = "",
    cases: Annotated[bool, typer.Option("--cases", help="What was answered, as cases for `coach eval`.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Questions without an answer, grouped by meaning; and giving them one."""
    settings = _settings()
    _log_to(sys.stderr, "ERROR")
    from bot.gap_list import Wanted
    from bot.gap_list import gaps as gaps_here

    wanted = Wanted(
        answer=answer,
        alias=alias,
        synonyms=synonyms,
        dismiss=dismiss,
        cases=cases,
        topic=topic,
        text=text,
        section=section,
    )
    asyncio.run(gaps_here(settings, workspace, wanted, as_json=as_json))


# --- items, grade, check ---------------------------------------------------------------------


@app.command()
def items(
    node: Annotated[str, typer.Option(help="A topic by its id or title, with all below it: B.DB, B.DB.LOCK.")] = "",
    kind: Annotated[str, typer.Option("--type", help="flash, incident, tradeoff, …")] = "",
    level: Annotated[int | None, typer.Option(help="1 (easy) to 5 (hard).")] = None,
    counts: Annotated[bool, typer.Option("--counts", help="How many there are a topic, beside the target.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """The practice items."""
    from bot.item_list import items as items_here

    items_here(node=node, kind=kind, level=level, counted=counts, as_json=as_json)


@app.command()
def grade(
    item: Annotated[str, typer.Argument(help="As `coach items` lists it.")],
    *,
    answer: Annotated[str, typer.Option(metavar="FILE|-", help="A text file, or - for standard input.")],
    part: Annotated[str, typer.Option(help="Only this part: a, b, …; else those that the answer attempts.")] = "",
    variant: Annotated[int, typer.Option(help="The answer is to this variant of the item, from 1.")] = 0,
    seed: Annotated[int | None, typer.Option(help="What a variant's numbers are drawn from.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Grade an answer to a practice item, point by point."""
    settings = _settings()
    _log_to(sys.stderr, "ERROR")
    from bot import grade_report

    wanted = grade_report.Wanted(item=item, answer=answer, part=part, variant=variant, seed=seed)
    asyncio.run(grade_report.grade(settings, wanted, as_json=as_json))


@app.command()
def check(
    paths: Annotated[list[Path] | None, typer.Argument(metavar="PATH…", help="Else the whole curriculum.")] = None,
    complete: Annotated[bool, typer.Option("--complete", help="A topic below its target is an error.")] = False,
    fast: Annotated[bool, typer.Option("--fast", help="Do not grade anything.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Check practice items and quizzes; exit code 1 where one falls short."""
    _log_to(sys.stderr, "ERROR")
    from bot.curriculum_check import check as check_here

    if not asyncio.run(check_here(paths or [], complete=complete, fast=fast, as_json=as_json)):
        raise SystemExit(1)


# --- run -------------------------------------------------------------------------------------


@app.command()
def run(
    simulated_clock: Annotated[str, typer.Option(hidden=True, help="ISO instant; loopback peers only.")] = "",
    days: Annotated[int, typer.Option(hidden=True, help="With --simulated-clock: end after so many days.")] = 0,
) -> None:
    """Serve every configured platform and send the daily prompts."""
    settings = _settings()
    _log_to(sys.stderr, settings.log_level)
    from bot.service import rehearse, serve

    if simulated_clock:
        _run(rehearse(settings, simulated_clock, days))
    else:
        _run(serve(settings))


# --- connect, doctor -------------------------------------------------------------------------


@app.command()
def connect(platform: Annotated[str, typer.Argument(help="slack or discord")]) -> None:
    """Connect a Slack workspace or a Discord server, step by step."""
    from bot.app import ADAPTERS

    if platform not in ADAPTERS:
        raise ConfigurationError(
            f"There is no platform “{platform[:40]}”.", next_step=f"Use one of: {', '.join(ADAPTERS)}."
        )
    settings = _settings()
    _log_to(sys.stderr, "ERROR")
    from bot.connecting import connect as connect_here

    _run(connect_here(platform, settings))


@app.command()
def doctor(as_json: JsonFlag = False) -> None:
    """What is configured, what is missing, and the next step."""
    from bot.examination import examine, print_findings

    settings = _settings()
    _log_to(sys.stderr, "CRITICAL")
    findings = asyncio.run(examine(settings))
    print_findings(findings, as_json=as_json)
    if any(one.level == "error" for one in findings):
        raise SystemExit(2)


# --- plan, simulate, progress, report --------------------------------------------------------

for _command in (figures.plan, figures.simulate, figures.progress, figures.report):
    app.command()(_command)


# --- export, forget --------------------------------------------------------------------------

Person = Annotated[str, typer.Argument(help="PLATFORM:WORKSPACE:USER; you at this terminal without it.")]


@app.command()
def export(
    user: Person = "", output: Annotated[Path | None, typer.Option(help="A file; else standard output.")] = None
) -> None:
    """Everything stored about a person, as JSON."""
    from bot.terminal import export as export_here

    asyncio.run(export_here(_settings(), user, output))


@app.command()
def forget(user: Person = "", yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Delete everything stored about a person. This cannot be undone."""
    from bot.terminal import forget as forget_here

    if not yes and not typer.confirm("Delete everything stored about this person for good?"):
        raise SystemExit(1)
    asyncio.run(forget_here(_settings(), user))


@contextlib.contextmanager
def _sentences() -> Iterator[None]:
    """Turn what a person can put right into one sentence and exit code 2."""
    try:
        yield
    except (CoachError, SettingsError, KnowledgeError) as error:
        _fail(str(error))
    except ExceptionGroup as group:
        first: BaseException = group
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        if isinstance(first, CoachError | KnowledgeError):
            _fail(str(first))
        raise
    except BrokenPipeError:  # the reader of our output has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None


def _exit_code(arguments: list[str] | None) -> int:
    try:
        with _sentences():
            app(args=arguments, prog_name="coach")
    except SystemExit as stop:
        if isinstance(stop.code, str):
            typer.echo(stop.code, err=True)
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    return 0


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line; exit code 2 with one sentence for whatever the person can put right.

    Leaves at once: everything is stored by then, and an index that is still opening in native code would abort the
    interpreter on its way out.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that knows only ASCII, an argument that is no text
    try:
        code = _exit_code(arguments)
    except Exception:
        logging.getLogger(__name__).critical("this is a fault of the coach; please report it", exc_info=True)
        code = 1
    logging.shutdown()
    with contextlib.suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
