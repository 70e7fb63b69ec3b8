"""Invented people: names as different as real ones are, 555 numbers, addresses at example.org."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


ENGLISH_FIRST = _words(
    "Amara Aaron Beatriz Caleb Chloé Dante Deepa Elliott Esme Farid Grace Hana Ingrid Isaiah Jamal Josephine "
    "Kai Leilani Lucía Marcus Mina Naomi Noor Oscar Priya Quinn Renée Rohan Sadie Samir Siobhán Søren Tess "
    "Theo Uma Victor Wren Xiomara Yusuf Zoë"
)
ENGLISH_LAST = _words(
    "Abbott Adébáyọ̀ Bergström Bianchi Chen Choudhury Dubois Eriksen Fitzgerald Gallagher Gupta Haddad Hughes "
    "Ishikawa Jansen Johnson Kaplan Kowalski Lefèvre Lindgren MacDonald Mbeki Müller Nakamura Nguyễn O’Brien "
    "Okafor Patel Petrov Quist Rahman Rossi Schneider Silva Tanaka Thompson Underwood Vasquez Walsh Yamada"
)
SPANISH_FIRST = _words(
    "Alejandra Ángel Beatriz Camila César Elena Fernando Guadalupe Inés Javier Joaquín Luz Mateo Nuria Óscar "
    "Paloma Raúl Rocío Sofía Tomás"
)
SPANISH_LAST = _words(
    "Álvarez Castillo Domínguez Espinoza Fuentes Gutiérrez Hernández Ibáñez Jiménez López Márquez Núñez "
    "Ortiz Peña Quiñones Ramírez Sáenz Torres Vázquez Zúñiga"
)
LONG_NAMES = (
    "María del Carmen Hernández-Villaseñor de la Torre",
    "Oluwaseun Adékúnlé Babátúndé-Featherstonehaugh",
    "Wilhelmina Alexandra van der Westhuizen-Oosterhout",
    "Nguyễn Thị Minh Châu",
)
NICKNAMES = ("Alex", "Ari", "Jo", "Kit", "Lou", "Max", "Nico", "Robin", "Sam", "Teddy")
PRONOUNS = ("she/her", "he/him", "they/them", "she/her", "he/him", "")
SPANISH_PRONOUNS = ("ella", "él", "elle", "ella", "él", "")
RELATIONSHIPS = ("partner", "sister", "brother", "friend", "mother", "father", "roommate", "neighbour")


@dataclass(frozen=True)
class Helper:
    """A support person to be."""

    name: str
    relationship: str
    phone: str


@dataclass(frozen=True)
class Person:
    legal_name: str
    preferred_name: str
    pronouns: str
    birth_date: date
    language: str
    time_zone: str
    state: str
    is_discreet: bool
    phone: str
    email: str
    channels: tuple[str, ...]
    helper: Helper


def invent(number: int, rng: Random, *, today: date) -> Person:
    """The client of that number, counted from 0. Numbers repeat after ten thousand."""
    is_spanish = number % 5 == 2
    first = rng.choice(SPANISH_FIRST if is_spanish else ENGLISH_FIRST)
    last = rng.choice(SPANISH_LAST if is_spanish else ENGLISH_LAST)
    if is_spanish:
        last = f"{last} {rng.choice(SPANISH_LAST)}"
    legal_name = f"{first} {last}"
    if number % 16 == 7:
        legal_name = LONG_NAMES[number // 16 % len(LONG_NAMES)]
    lives_in_arizona = number % 9 == 4
    return Person(
        legal_name=legal_name,
        preferred_name=f"{rng.choice(NICKNAMES)} {last}" if number % 4 == 1 else "",
        pronouns=rng.choice(SPANISH_PRONOUNS if is_spanish else PRONOUNS),
        birth_date=today - timedelta(days=rng.randint(22 * 365, 71 * 365)),
        language="es" if is_spanish else "en",
        time_zone="America/Phoenix" if lives_in_arizona else "America/Los_Angeles",
        state="AZ" if lives_in_arizona else "CA",
        is_discreet=number % 6 == 3,
        phone=client_phone(number),
        email=f"{plain(legal_name.split()[0])}.{plain(legal_name.split()[-1])}{number}@example.org",
        channels=channels_of(number),
        helper=Helper(
            name=f"{rng.choice(ENGLISH_FIRST)} {last}",
            relationship=rng.choice(RELATIONSHIPS),
            phone=helper_phone(number),
        ),
    )


def channels_of(number: int) -> tuple[str, ...]:
    """Most want both; some one; a few want to be called only."""
    if number % 20 == 13:
        return ()
    if number % 10 == 6:
        return ("email",)
    return ("sms",) if number % 10 == 9 else ("sms", "email")


def client_phone(number: int) -> str:
    """Numbers of the first 99 end in 01xx, which is kept for fiction."""
    return f"+1415555{101 + number:04d}" if number < 99 else f"+1555{2_000_000 + number}"


def helper_phone(number: int) -> str:
    return f"+1628555{101 + number:04d}" if number < 99 else f"+1555{3_000_000 + number}"


def plain(word: str) -> str:
    """For an email address: lower-case letters without accents."""
    letters = unicodedata.normalize("NFD", word.lower()).replace("ø", "o")
    return "".join(each for each in letters if each.isascii() and each.isalpha())
