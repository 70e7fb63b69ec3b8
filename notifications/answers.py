"""What a reply is answered with: fixed texts of one segment that say nothing about anybody."""

from __future__ import annotations

from typing import Literal

from notifications.wording import in_gsm7
from practice import phones
from practice.models import Location

Answer = Literal[
    "noted",
    "not_ready",
    "call",
    "move",
    "read",
    "more",
    "yours",
    "gone",
    "kept",
    "help",
    "stopped",
    "started",
    "crisis",
]

# Spanish without á, í, ó and ú, which the alphabet of an SMS does not have.
TEXTS: dict[str, dict[Answer, str]] = {
    "en": {
        "noted": "Thank you. We have noted it. Questions? Call {phone}.",
        "not_ready": "Thank you for telling us. We will call you and help. If it can not wait, call {phone}.",
        "more": "Here is your page again: {link} Call {phone}.",
        "yours": "Thank you. The time is yours. You will get a message with it soon.",
        "gone": "Sorry, that time is gone. You keep your place, and the time you have if you have one.",
        "kept": "Thank you. You keep your place, and the time you have if you have one.",
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
        "not_ready": "Gracias por avisar. Le llamaremos y ayudaremos. Si no puede esperar, llame al {phone}.",
        "more": "Su enlace: {link} Tel {phone}",
        "yours": "Gracias. La hora es suya. Pronto le llega un mensaje con ella.",
        "gone": "Esa hora ya no queda libre. Conserva su lugar en la lista, y su cita si ya tiene una.",
        "kept": "Gracias. Conserva su lugar en la lista, y su cita si ya tiene una.",
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


def text_of(answer: Answer, *, language: str, location: Location, link: str = "") -> str:
    words = TEXTS[language][answer].format(phone=phones.display(location.phone), link=link)
    return f"{in_gsm7(location.display_name)}: {words}"
