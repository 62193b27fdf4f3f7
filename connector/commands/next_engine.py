"""Next Engine (ネクストエンジンの認証): `connector next-engine login` and `connector next-engine status`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector.commands.doctor import doctor
from connector.commands.options import DEFAULT, Config, Json, Lang, ShopKey
from connector.console import Exit, fail, in_world, show

if TYPE_CHECKING:
    from connector.ledger.views import NextEngineAccount
    from connector.wiring import ShopWorld, World

STATE_LIFE = 300.0  # seconds: so long NE's `state` is good (spec/next_engine.md §1.2)

app = typer.Typer(no_args_is_help=True, help="Next Engine's sign-in and how it stands.")
app.command()(doctor)


@app.command()
def login(
    config: Config = DEFAULT,
    shop: ShopKey = "",
    pair_file: Annotated[
        Path | None, typer.Option(help="A JSON file with a pair that another program holds.")
    ] = None,
    uid: Annotated[str, typer.Option(help="What Next Engine sent back, with --state.")] = "",
    state: Annotated[str, typer.Option(help="What Next Engine sent back, with --uid.")] = "",
    listen: Annotated[
        bool, typer.Option("--listen", help="Take the answer here, five minutes at most; without a daemon.")
    ] = False,
    json: Json = False,
    lang: Lang = "",
) -> None:
    """Sign in to Next Engine: says where a person does it, takes the answer, and stores the token pair.

    Exit code 1 where nobody came back in time, 75 where the running daemon takes the answer itself.
    Example: connector next-engine login --listen
    """
    if bool(uid) != bool(state):
        fail(Exit.USAGE, "--uid and --state belong together")

    async def work(world: World) -> dict[str, str]:
        one, language = world.shop(shop), lang or world.settings.language
        if pair_file is not None or uid:
            said = await world.sign_in(one, pair_file=pair_file, uid=uid, state=state)
            return {"account": one.account, "said": said}
        if listen:
            return {"account": one.account, "said": await _listen(one, language)}
        return {
            "account": one.account,
            "said": _address(world, one, language),
            "url": one.session.sign_in_url(),
        }

    model = in_world(config, work)
    show(model, json, model["said"])


@app.command()
def status(config: Config = DEFAULT, shop: ShopKey = "", json: Json = False, lang: Lang = "") -> None:
    """For each account: who is signed in, until when, and how much of the month's contract is used.

    Asks Next Engine nothing. Exit code 4 where a person must sign in.
    Example: connector next-engine status --json
    """
    from connector.ledger import views

    async def work(world: World) -> tuple[list[NextEngineAccount], str]:
        shops = [world.shop(shop).shop] if shop else [one.shop for one in world.shops.values()]
        now, language = world.clock.now(), lang or world.settings.language
        found = await world.database.read(lambda c: views.next_engine_accounts(c, shops, now))
        return found, "\n\n".join(_told(one, language) for one in found)

    model, text = in_world(config, work)
    show(model, json, text)
    raise typer.Exit(Exit.FINDINGS if any(one.needs_sign_in for one in model) else Exit.OK)


async def _listen(one: ShopWorld, lang: str) -> str:
    """The address goes to stderr at once: stdout is for the result."""
    import secrets

    from connector.web.receiver import one_return
    from connector.words.next_engine import PAGE, who

    async def exchange(uid: str, state: str) -> str:
        found = await one.session.exchange(uid, state)
        return who(found.uid, found.company_name, lang)

    nonce = secrets.token_urlsafe(32)
    typer.echo(f"{PAGE['listening'].say(lang)}\n{one.session.sign_in_url(nonce)}", err=True)
    try:
        found = await one_return(one.session.redirect_uri, nonce, exchange, seconds=STATE_LIFE, lang=lang)
    except TimeoutError:
        fail(Exit.FAILED, "nobody came back from Next Engine within five minutes; nothing was changed")
    return f"{one.account}: {PAGE['done'].say(lang)}: {found}"


def _address(world: World, one: ShopWorld, lang: str) -> str:
    from connector.words.next_engine import PAGE

    page = f"http://127.0.0.1:{world.settings.web.port}/next-engine"
    back = one.session.redirect_uri
    taken = PAGE["page_takes_it"].say(lang).format(page=page)
    lines = [PAGE["open"].say(lang), one.session.sign_in_url()]
    lines.append(
        taken if _answers(world.settings.web.port) else PAGE["nobody_takes_it"].say(lang).format(back=back)
    )
    return "\n".join(lines)


def _answers(port: int) -> bool:
    """Whether the daemon's pages run here."""
    import urllib.request

    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2):
            return True
    except OSError:
        return False


def _told(one: NextEngineAccount, lang: str) -> str:
    from connector.words import moment
    from connector.words.next_engine import PAGE, SIGN_IN_STATES, budget_sentence, who

    state = SIGN_IN_STATES[one.state]
    lines = [f"{one.account} ({', '.join(one.shops)}): {state.name.say(lang)}", state.means.say(lang)]
    if one.rotated_at is not None:
        facts: list[tuple[str, Any]] = [("signed_in_as", who(one.uid, one.company_name, lang))]
        times = ("signed_in_at", "rotated_at", "access_until", "refresh_until")
        facts += [(name, moment(getattr(one, name), lang)) for name in times]
        lines += [f"{PAGE[name].say(lang)}: {value}" for name, value in facts]
    return "\n".join([*lines, budget_sentence(one.budget.facts, lang)])
