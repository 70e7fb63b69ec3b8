"""What a text from a client means. Pure: words in, a meaning out; whatever is not plain is for a person."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

Meaning = Literal[
    "confirm", "no", "move", "ride", "call", "more", "stop", "start", "help", "unsafe", "unclear"
]

# A message counts only if it is nothing but one of these, whatever its case, accents and punctuation.
# STOP and its kin are those that carriers know; the law counts any clear wish, so the list is generous.
WORDS: dict[Meaning, frozenset[str]] = {
    "stop": frozenset(
        {
            *("stop", "stopall", "stop all", "unsubscribe", "cancel", "end", "quit", "revoke", "opt out"),
            *("optout", "stop texting", "stop texting me", "stop messages", "no more texts", "remove me"),
            *("alto", "parar", "pare", "para", "cancelar", "baja", "salir", "no mas", "no mas mensajes"),
            *(
                "no mas textos",
                "detener",
                "basta",
                "terminar",
                "stop por favor",
                "stop please",
                "please stop",
            ),
        }
    ),
    "start": frozenset({"start", "unstop", "empezar", "comenzar", "reanudar"}),
    "help": frozenset({"help", "info", "ayuda", "informacion"}),
    "confirm": frozenset(
        {"c", "y", "yes", "si", "ok", "okay", "confirm", "confirmo", "yes please", "si gracias"}
    ),
    "no": frozenset(
        {"n", "no", "nope", "not yet", "no gracias", "no thanks", "no thank you", "todavia no", "aun no"}
    ),
    "more": frozenset(
        {"more", "link", "new link", "more info", "mas", "enlace", "nuevo enlace", "mas informacion"}
    ),
    "move": frozenset({"r", "move", "reschedule", "change", "cambiar", "mover", "otro dia", "other day"}),
    "ride": frozenset({"ride", "i have a ride", "tengo quien me lleve", "transporte", "viaje"}),
    "call": frozenset({"call", "call me", "please call", "please call me", "llamar", "llamame", "llameme"}),
}
_BY_WORD: dict[str, Meaning] = {word: meaning for meaning, words in WORDS.items() for word in words}

# The same wish in a sentence: "please stop texting me", "don't send me any more messages".
STOP_SENTENCE = re.compile(
    r"(please |por favor )?(stop|quit|end|no more|don ?t|do not|dejen? de|ya no|no) "
    r"(me )?(send|sending|mande|manden|mandar|mandarme|envie|envien|enviar|enviarme)? ?(me )?"
    r"((any|these|the|your|los|mas|any more|estos) )*"
    r"(text|texts|texting|message|messages|messaging|sms|mensajes|textos|escriban|escribirme)"
    r"( me| any ?more| mas| please| por favor| thanks| gracias)*"
)

# Parts of words in a folded text. It errs to catch: a person reads each hit, and a miss can cost a life.
UNSAFE = re.compile(
    r"suicid|kill (my|him|her|them)|killing myself|kms\b|k m s\b|end (it all|my life|everything)|"
    r"take my (own )?life|(want|wanna|going|gonna|ready|better off|wish i (was|were)) (to )?(die|dead)\b|"
    r"wish i (was|were) (dead|never born|not here)|rather be dead|better (off )?without me|"
    r"(don ?t|do not|dont) want to (live|be here|be alive|wake up|exist|go on)|no reason to live|"
    r"(can ?t|cannot|can not) (go on|do this any ?more|take (it|this) any ?more|keep going)|not worth living|"
    r"(hurt|harm|cut|shoot|hang|burn)(ing)? (my ?self|someone|somebody|him|her|them)|self ?harm|"
    r"overdos|took (all|too many)|too many pills|swallowed|\bgun\b|"
    r"emergenc|911|988|ambulance|chest pain|(can ?t|cannot|can not|trouble|hard to) breath|"
    r"not breathing|passed out|faint(ed|ing)|seizure|unconscious|won ?t wake|"
    r"not safe|unsafe|in danger|he hit me|she hit me|hits me|abus(e|ed|ing) me|raped|assault|"
    r"hear(ing)? voices|goodbye (forever|everyone)|say goodbye|hopeless|can ?t cope|"
    r"matarme|matarlo|matarla|me (quiero|voy a|quisiera) (matar|morir)|quiero morir|quisiera morir|"
    r"quitarme la vida|acabar con (todo|mi vida)|no quiero (vivir|estar aqui|seguir|despertar)|"
    r"ya no (puedo|aguanto|quiero) mas|no puedo mas|sin ganas de vivir|mejor muert|estar(ia)? muert|"
    r"(hacerme|me hice|hacer) dano|lastimarme|cortarme|me corte|ahorcarme|dispararme|sobredosis|"
    r"tome (todas|muchas|demasiadas)|pistola|ambulancia|me duele el pecho|dolor de pecho|"
    r"no puedo respirar|me cuesta respirar|me desmay|convulsion|inconsciente|no despierta|"
    r"en peligro|no estoy a salvo|me (pega|golpea|golpeo)|violaron|oigo voces|escucho voces|"
    r"desesperad|sin esperanza|adios para siempre"
)


def meaning_of(text: str) -> Meaning:
    """Whatever else it says, a text that sounds unsafe is that. A question mark makes a word unclear."""
    folded = fold(text)
    if sounds_unsafe(text):
        return "unsafe"
    meaning = "stop" if STOP_SENTENCE.fullmatch(folded) else _BY_WORD.get(folded, "unclear")
    return "unclear" if "?" in text and meaning not in ("help", "stop") else meaning


def may_mean_the_visit(text: str) -> bool:
    """ "Cancel" ends the texts, by custom of the carriers, though some mean their visit: a person asks."""
    return fold(text) in ("cancel", "cancelar")


def sounds_unsafe(text: str) -> bool:
    return bool(UNSAFE.search(fold(text)))


def fold(text: str) -> str:
    """Lower case, without accents, punctuation, emoji and invisible characters; an apostrophe is a blank."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    kept = "".join(c for c in decomposed if unicodedata.category(c) not in ("Mn", "Cf"))
    return " ".join(re.sub(r"[^a-z0-9]+", " ", kept).split())
