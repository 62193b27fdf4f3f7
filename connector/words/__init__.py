"""Words (文言): what operators read about every reason, place, stage, effect and finding, in both languages.

Literal tables only; a test fails where a reason, a state or a stage has no words. The first place to look
when a text on a page should change.
"""

from __future__ import annotations

from connector.order import PaymentState
from connector.outcome import EffectState, Reason
from connector.slip import Result
from connector.words.alarms import ALARMS, AlarmWord, alarm_facts
from connector.words.cases import CASE_STATES, CASE_STEPS, LINK_RULES, LINKS, SITUATIONS
from connector.words.figures import UNKNOWN, age, clock_time, count, day, moment, until_cut_off, yen
from connector.words.findings import FINDINGS, STRAYS, VERDICTS, FindingWord
from connector.words.intake import INTAKE
from connector.words.labels import LABELS, label
from connector.words.mails import MAIL_KINDS, MAIL_VERDICTS
from connector.words.money import MONEY
from connector.words.places import (
    EFFECT_STATES,
    EFFECTS,
    EVENTS,
    LEFT_OUT,
    ORDER_STATES,
    PAYMENT_STATES,
    RESULTS,
    SLIP_STATES,
    SOURCES,
    STAGES,
    STOP_VERDICTS,
    SYSTEMS,
)
from connector.words.reasons import REASONS
from connector.words.renewals import ORIGINS, RENEWAL_ENDS, RENEWALS, UNJUDGED
from connector.words.seven_figures import FIGURES
from connector.words.text import LANGUAGES, Term, Text, Word
from connector.words.waits import CONFIRM_REASONS, NE_SCREENS, WAITS, checked, wait, what_moves

__all__ = [
    "ALARMS",
    "CASE_STATES",
    "CASE_STEPS",
    "CONFIRM_REASONS",
    "EFFECTS",
    "EFFECT_STATES",
    "EVENTS",
    "FIGURES",
    "FINDINGS",
    "INTAKE",
    "LABELS",
    "LANGUAGES",
    "LEFT_OUT",
    "LINKS",
    "LINK_RULES",
    "MAIL_KINDS",
    "MAIL_VERDICTS",
    "MONEY",
    "NE_SCREENS",
    "ORDER_STATES",
    "ORIGINS",
    "PAYMENT_STATES",
    "REASONS",
    "REASON_NAMES",
    "RENEWALS",
    "RENEWAL_ENDS",
    "RESULTS",
    "SITUATIONS",
    "SLIP_STATES",
    "STAGES",
    "STOP_VERDICTS",
    "STRAYS",
    "SYSTEMS",
    "UNJUDGED",
    "UNKNOWN",
    "VERDICTS",
    "WAITS",
    "AlarmWord",
    "FindingWord",
    "Reason",
    "Term",
    "Text",
    "Word",
    "age",
    "alarm_facts",
    "checked",
    "clock_time",
    "count",
    "day",
    "effect",
    "effect_state",
    "label",
    "moment",
    "payment_state",
    "place",
    "reason",
    "result",
    "stage",
    "state",
    "system",
    "until_cut_off",
    "wait",
    "what_moves",
    "yen",
]


REASON_NAMES = {str(key): word.name for key, word in REASONS.items()}

_PLACES: dict[str, dict[str, Term]] = {
    "order": {str(key): term for key, term in ORDER_STATES.items()},
    "slip": {str(key): term for key, term in SLIP_STATES.items()},
}


def state(item: str, value: str, lang: str = "ja") -> str:
    """The name of a state of an order or a slip; what no table knows is shown as it stands."""
    return place(item, value).name.say(lang)


def place(item: str, value: str) -> Term:
    return _PLACES[item].get(value, Term(Text(value, value), Text("", "")))


def stage(name: str, lang: str = "ja") -> str:
    """A stage's name, or that of what else is read; the acts of people carry no stage."""
    known = STAGES[name].name if name in STAGES else SOURCES.get(name)
    return known.say(lang) if known else name


def reason(value: str, lang: str = "ja") -> str:
    return REASON_NAMES[value].say(lang)


def system(name: str, lang: str = "ja") -> str:
    known = SYSTEMS.get(name) or EFFECTS.get(name)
    return known.say(lang) if known else name


def effect(kind: str, lang: str = "ja") -> str:
    """An act's name; a kind that no table knows is shown as it stands."""
    known = EFFECTS.get(kind)
    return known.say(lang) if known else kind


def effect_state(value: str, lang: str = "ja") -> str:
    return EFFECT_STATES[EffectState(value)].name.say(lang)


def payment_state(value: str, lang: str = "ja") -> str:
    return PAYMENT_STATES[PaymentState(value)].say(lang)


def result(value: str, lang: str = "ja") -> str:
    return RESULTS[Result(value)].say(lang)
