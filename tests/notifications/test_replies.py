"""What texts mean: the words, and everything near them that must be left to a person."""

from __future__ import annotations

import pytest

from notifications.replies import may_mean_the_visit, meaning_of

MEANINGS = {
    "confirm": [
        "C",
        "c.",
        "Yes",
        "YES!!!",
        "sí",
        "Si",
        "SÍ 👍",
        "ok",
        "Okay",
        "  yes\n",
        "Y",
        "“Yes”",
        "ｙｅｓ",
    ],
    "no": ["N", "No", "no.", "Not yet", "No gracias", "todavía no", "Aún no"],
    "more": ["MORE", "more!", "Más", "enlace", "new link"],
    "move": ["R", "move", "MOVE!", "Cambiar", "reschedule", "Otro día"],
    "ride": ["RIDE", "ride 🚗", "I have a ride"],
    "call": ["call", "Call me", "LLAMAR", "llámame", "please call me!"],
    "stop": [
        *("STOP", "stop.", "StopAll", "Stop all", "unsubscribe", "CANCEL", "end", "Quit", "ALTO", "parar"),
        *(
            "STOP 🛑",
            "opt-out",
            "Please stop",
            "stop texting me",
            "Don't text me",
            "stop sending me messages",
        ),
        *("no más mensajes", "s\u200btop", "STOP?", "do not send me any more texts please"),
    ],
    "help": ["HELP", "help?", "info", "Ayuda", "información"],
    "start": ["START", "Unstop", "empezar"],
    "unsafe": [
        *("I want to kill myself", "i dont want to live anymore", "thinking about suicide", "KMS"),
        *("c I want to die", "I can't go on", "I took all my pills", "this is an emergency", "call 911"),
        *("I hurt myself", "better off without me", "I wanna die", "he hit me", "can't breathe"),
        *("quiero morir", "No quiero vivir", "me quiero matar", "quitarme la vida", "ya no puedo más"),
        *(
            "quiero hacerme daño",
            "me duele el pecho",
            "estoy en peligro",
            "Tomé muchas pastillas",
            "suicidio",
        ),
        *("I want to end it all", "I have no reason to live", "I’m not safe", "self-harm"),
    ],
    "unclear": [
        *("", "👍", "no?", "No ride", "ok but I am late", "yes?", "ride?", "Can I come at 10?", "C or R?"),
        *("who is this", "stop by at 5?", "I will stop at the pharmacy", "cancel my Tuesday visit", "¿sí?"),
        *("help me move the visit", "yes no", "thanks", "gracias", "1", "12", "call you later", "\u202e"),
    ],
}
CASES = [(text, meaning) for meaning, texts in MEANINGS.items() for text in texts]


@pytest.mark.parametrize(("text", "meaning"), CASES, ids=[f"{meaning}: {text}" for text, meaning in CASES])
def test_it_means(text: str, meaning: str) -> None:
    assert meaning_of(text) == meaning


def test_cancel_may_mean_the_visit() -> None:
    assert may_mean_the_visit("Cancel!")
    assert may_mean_the_visit("cancelar")
    assert not may_mean_the_visit("STOP")


def test_a_text_of_any_length_is_read_quickly() -> None:
    assert meaning_of("don t send me any more the the the " * 2_000) == "unclear"
