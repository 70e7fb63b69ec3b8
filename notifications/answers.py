"""What a reply is answered with: fixed texts of one segment that say nothing about anybody."""

from __future__ import annotations

from typing import Literal

from notifications.wording import in_gsm7
from practice import phones
from practice.models import Location

Answer = Literal["noted", "call", "move", "read", "help", "stopped", "started", "crisis"]

# Spanish without á, í, ó and ú, which the alphabet of an SMS does not have.
TEXTS: dict[str, dict[Answer, str]] = {
    "en": {
        "noted": "Thank you. We have noted it. Questions? Call {phone}.",
        "call": "Thank you. We will call you within one work day. If it can not wait, call {phone}.",
        "move": "Thank you. We will call you to find a new time. Until then you keep the time you have.",
        "read": "Thank you. A person will read this. If it can not wait, call {phone}.",
        "help": "For help call {phone}. Reply STOP to end texts.",
        "stopped": "You will get no more texts from us. To get them again, reply START. Call {phone}.",
        "started": "You will get our texts again. Reply STOP to end them. For help call {phone}.",
        "crisis": "In an emergency call 911. In a crisis call or text 988. We have told a person here. "
        "Our number: {phone}",
    },
    "es": {
        "noted": "Gracias. Queda anotado. ¿Preguntas? Llame al {phone}.",
        "call": "Gracias. Le llamaremos pronto. Si no puede esperar, llame al {phone}.",
        "move": "Gracias. Le llamaremos para buscar otra hora. Hasta entonces conserva la que tiene.",
        "read": "Gracias. Una persona va a leer esto. Si no puede esperar, llame al {phone}.",
        "help": "Si necesita ayuda, llame al {phone}. Responda STOP para salir.",
        "stopped": "Ya no le enviaremos textos. Para recibirlos otra vez responda START. Tel {phone}",
        "started": "Va a recibir nuestros textos otra vez. Responda STOP para salir. Tel {phone}",
        "crisis": "En una emergencia llame al 911. En una crisis llame o mande un texto al 988. "
        "Avisamos a una persona. Tel {phone}",
    },
}


def text_of(answer: Answer, *, language: str, location: Location) -> str:
    words = TEXTS[language][answer].format(phone=phones.display(location.phone))
    return f"{in_gsm7(location.display_name)}: {words}"
