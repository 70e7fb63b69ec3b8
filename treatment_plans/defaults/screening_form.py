"""The screening form and its rules that a practice starts with, each rule with its source.

Configurable defaults for a medical director to review; not medical advice. They do nothing until a named
prescriber approved the form. docs/screening.md explains them.
"""

from __future__ import annotations

from typing import Any, Final

INTAKE: Final = "intake"

_LABEL = "Spravato US labelling"
_INJECTION = "ketamine injection US labelling"
_TRAINING = "list of one training body"
_NETWORK = "eligibility of one large provider network"
_KAP = "published practice of several clinics and one provider network"
_SERVICE = "published practice of one public ketamine service"
_CLINIC = "published practice of one clinic"
_CLINICS = "published practice of several clinics"
_REVIEW = "review of ketamine cystitis; published practice of one network and one clinic"
_CONVENTION = "clinic convention, to be confirmed"

_OR_UNSURE: Final = {"any_of": ["yes", "unsure"]}
_SPRAVATO: Final = ["spravato"]


def _q(key: str, kind: str, en: str, es: str, **more: Any) -> dict[str, Any]:
    return {"key": key, "kind": kind, "en": en, "es": es, **more}


def _options(*rows: tuple[str, str, str]) -> list[dict[str, str]]:
    return [{"code": code, "en": en, "es": es} for code, en, es in rows]


# How recently, for conditions of which the time matters.
_WHEN = _options(
    ("never", "Never", "Nunca"),
    ("past", "In the past, not now", "En el pasado, ahora no"),
    ("now", "Now, or in the last 6 months", "Ahora o en los últimos 6 meses"),
    ("unsure", "Not sure", "No lo sé con seguridad"),
)

QUESTIONS: Final[list[dict[str, Any]]] = [
    _q("age", "number", "How old are you?", "¿Cuántos años tiene?", unit="years", lowest=0, highest=120),
    _q(
        "conditions",
        "text",
        "Which illnesses do you have or have you had?",
        "¿Qué enfermedades tiene o ha tenido?",
        is_required=False,
    ),
    _q(
        "medicines",
        "text",
        "Which medicines, herbs and supplements do you take, and how much?",
        "¿Qué medicamentos, hierbas y suplementos toma, y en qué cantidad?",
        is_required=False,
    ),
    _q("allergies", "text", "What are you allergic to?", "¿A qué es alérgico o alérgica?", is_required=False),
    _q(
        "ketamine_allergy",
        "yes_no",
        "Have you ever had an allergic reaction to ketamine or esketamine?",
        "¿Ha tenido alguna vez una reacción alérgica a la ketamina o la esketamina?",
    ),
    _q(
        "ketamine_misuse",
        "yes_no",
        "Have you ever used ketamine in a way that harmed you or that you could not control?",
        "¿Ha consumido ketamina de una manera que le hizo daño o que no podía controlar?",
    ),
    _q(
        "pregnancy",
        "choice",
        "Are you pregnant, could you be, or are you planning to be?",
        "¿Está embarazada, podría estarlo o piensa estarlo?",
        options=_options(
            ("no", "No", "No"),
            ("not_applicable", "Does not apply to me", "No es mi caso"),
            ("possible", "I could be, or I am planning to be", "Podría estarlo o pienso estarlo"),
            ("yes", "Yes", "Sí"),
        ),
    ),
    _q("breastfeeding", "yes_no", "Are you breastfeeding?", "¿Está amamantando?"),
    _q(
        "blood_pressure",
        "blood_pressure",
        "What was your last blood pressure reading at rest?",
        "¿Cuál fue su última medición de la presión arterial en reposo?",
        unit="mmHg",
        is_required=False,
    ),
    _q(
        "hypertension",
        "choice",
        "Do you have high blood pressure?",
        "¿Tiene la presión arterial alta?",
        options=_options(
            ("no", "No", "No"),
            ("controlled", "Yes, and it is under control", "Sí, y está controlada"),
            ("uncontrolled", "Yes, and it is often too high", "Sí, y a menudo está demasiado alta"),
            ("unsure", "Not sure", "No lo sé con seguridad"),
        ),
    ),
    _q(
        "aneurysm",
        "yes_no",
        "Have you ever been told that you have an aneurysm?",
        "¿Le han dicho alguna vez que tiene un aneurisma?",
    ),
    _q(
        "avm",
        "yes_no",
        "Have you ever been told that you have an arteriovenous malformation?",
        "¿Le han dicho alguna vez que tiene una malformación arteriovenosa?",
    ),
    _q(
        "brain_bleed",
        "yes_no",
        "Have you ever had bleeding in the brain?",
        "¿Ha tenido alguna vez una hemorragia cerebral?",
    ),
    _q("stroke", "yes_no", "Have you ever had a stroke?", "¿Ha tenido alguna vez un derrame cerebral?"),
    _q(
        "heart",
        "yes_no",
        "Have you had a heart attack, chest pain, heart failure or an irregular heartbeat?",
        "¿Ha tenido un infarto, dolor de pecho, insuficiencia cardíaca o latidos irregulares?",
    ),
    _q(
        "thyroid",
        "choice",
        "Do you have an overactive thyroid?",
        "¿Tiene la tiroides demasiado activa (hipertiroidismo)?",
        options=_options(
            ("no", "No", "No"),
            ("controlled", "Yes, and it is treated", "Sí, y está tratada"),
            ("uncontrolled", "Yes, and it is not under control", "Sí, y no está controlada"),
            ("unsure", "Not sure", "No lo sé con seguridad"),
        ),
    ),
    _q(
        "mania",
        "choice",
        "Have you had a manic or mixed episode, or been told that you have bipolar disorder?",
        "¿Ha tenido un episodio maníaco o mixto, o le han dicho que tiene trastorno bipolar?",
        options=_WHEN,
    ),
    _q(
        "psychosis",
        "choice",
        "Have you seen or heard things that others do not, or been told that you have a psychosis?",
        "¿Ha visto u oído cosas que otras personas no perciben, o le han dicho que tiene una psicosis?",
        options=_WHEN,
    ),
    _q(
        "dissociative",
        "yes_no",
        "Have you been told that you have a dissociative or a personality disorder?",
        "¿Le han dicho que tiene un trastorno disociativo o de la personalidad?",
    ),
    _q(
        "suicidality",
        "choice",
        "Have you had thoughts of ending your life?",
        "¿Ha tenido pensamientos de quitarse la vida?",
        options=_options(
            ("never", "No", "No"),
            ("past", "In the past, not now", "En el pasado, ahora no"),
            ("thoughts", "Thoughts in the last month", "Pensamientos en el último mes"),
            ("intent", "I intend to act on them or have a plan", "Tengo la intención o un plan"),
        ),
    ),
    _q(
        "substance_use",
        "choice",
        "Has alcohol or a drug been a problem for you?",
        "¿El alcohol o alguna droga ha sido un problema para usted?",
        options=_WHEN,
    ),
    _q(
        "can_abstain",
        "yes_no",
        "Can you go without alcohol, cannabis and other drugs around each session?",
        "¿Puede estar sin alcohol, cannabis ni otras drogas alrededor de cada sesión?",
    ),
    _q(
        "bladder",
        "yes_no",
        "Do you have to pass water often or urgently, with pain, or with blood in it?",
        "¿Orina con mucha frecuencia o urgencia, con dolor o con sangre?",
    ),
    _q(
        "eyes",
        "yes_no",
        "Do you have glaucoma or raised pressure in the eye, or had eye surgery recently?",
        "¿Tiene glaucoma o presión alta en el ojo, o le han operado de los ojos hace poco?",
    ),
    _q(
        "head",
        "yes_no",
        "Have you had a serious head injury, or raised pressure in the head?",
        "¿Ha tenido una lesión grave en la cabeza o presión alta dentro de ella?",
    ),
    _q(
        "seizures",
        "yes_no",
        "Do you have epilepsy, or have you had a seizure?",
        "¿Tiene epilepsia o ha tenido una convulsión?",
    ),
    _q(
        "liver",
        "yes_no",
        "Do you have or have you had a liver disease?",
        "¿Tiene o ha tenido una enfermedad del hígado?",
    ),
    _q(
        "lungs",
        "yes_no",
        "Do you have a severe lung disease?",
        "¿Tiene una enfermedad pulmonar grave?",
    ),
    _q(
        "sleep_apnoea",
        "yes_no",
        "Do you have sleep apnoea?",
        "¿Tiene apnea del sueño?",
    ),
]


def _rule(
    code: str, question: str, condition: dict[str, Any], effect: str, fact: str, source: str, **more: Any
) -> dict[str, Any]:
    return {
        "code": code,
        "question": question,
        "condition": condition,
        "effect": effect,
        "fact": fact,
        "source": source,
        **more,
    }


def _clears(who: str, needs: str, result_kind: str = "", **more: Any) -> dict[str, Any]:
    return {"cleared_by": who, "needs": needs, "result_kind": result_kind, **more}


_TOO_HIGH = {"systolic": 140, "diastolic": 90}

RULES: Final[list[dict[str, Any]]] = [
    _rule("under_18", "age", {"below": 18}, "exclude", "Younger than 18.", _LABEL),
    _rule(
        "ketamine_allergy",
        "ketamine_allergy",
        _OR_UNSURE,
        "exclude",
        "Allergic to ketamine or esketamine, or not sure.",
        _LABEL,
    ),
    _rule(
        "ketamine_misuse",
        "ketamine_misuse",
        _OR_UNSURE,
        "exclude",
        "Has misused ketamine, or is not sure.",
        _TRAINING,
    ),
    _rule("pregnant", "pregnancy", {"equals": "yes"}, "exclude", "Pregnant.", f"{_LABEL}; {_SERVICE}"),
    _rule(
        "pregnancy_possible",
        "pregnancy",
        {"equals": "possible"},
        "needs_clearance",
        "Could be pregnant, or is planning to be.",
        f"{_SERVICE}; {_CLINIC}",
        **_clears("prescriber", "A pregnancy test.", "pregnancy_test"),
    ),
    _rule("breastfeeding", "breastfeeding", _OR_UNSURE, "exclude", "Breastfeeding.", _LABEL),
    _rule(
        "bp_reading",
        "blood_pressure",
        {"above": _TOO_HIGH},
        "needs_clearance",
        "Blood pressure above 140/90.",
        f"{_LABEL}; other routes by analogy",
        **_clears("prescriber", "Blood pressure readings at rest.", "blood_pressure"),
    ),
    _rule(
        "hypertension_uncontrolled",
        "hypertension",
        {"equals": "uncontrolled"},
        "exclude",
        "High blood pressure that is not under control.",
        f"{_INJECTION}; {_TRAINING}",
    ),
    _rule(
        "hypertension",
        "hypertension",
        {"any_of": ["controlled", "unsure"]},
        "needs_clearance",
        "High blood pressure, or not sure.",
        _INJECTION,
        **_clears("primary_care", "Blood pressure readings at rest.", "blood_pressure"),
    ),
    _rule("aneurysm", "aneurysm", _OR_UNSURE, "exclude", "Aneurysm, or not sure.", f"{_LABEL}; {_INJECTION}"),
    _rule("avm", "avm", _OR_UNSURE, "exclude", "Arteriovenous malformation, or not sure.", _LABEL),
    _rule("brain_bleed", "brain_bleed", _OR_UNSURE, "exclude", "Bleeding in the brain, or not sure.", _LABEL),
    _rule("stroke", "stroke", _OR_UNSURE, "exclude", "Stroke, or not sure.", f"{_INJECTION}; {_TRAINING}"),
    _rule(
        "heart",
        "heart",
        _OR_UNSURE,
        "needs_clearance",
        "Heart disease, or not sure.",
        _CLINICS,
        **_clears("cardiology", "A letter from cardiology and an ECG.", "ecg"),
    ),
    _rule(
        "thyroid_uncontrolled",
        "thyroid",
        {"equals": "uncontrolled"},
        "exclude",
        "Overactive thyroid that is not under control.",
        f"{_INJECTION}; {_TRAINING}",
    ),
    _rule(
        "thyroid",
        "thyroid",
        {"any_of": ["controlled", "unsure"]},
        "needs_clearance",
        "Overactive thyroid, or not sure.",
        _INJECTION,
        **_clears("endocrinology", "Thyroid values and a letter."),
    ),
    _rule(
        "mania_now",
        "mania",
        {"equals": "now"},
        "exclude",
        "Manic or mixed episode now or in the last 6 months.",
        f"{_NETWORK}; {_CLINIC}",
    ),
    _rule(
        "mania_past",
        "mania",
        {"any_of": ["past", "unsure"]},
        "needs_clearance",
        "History of mania or bipolar disorder, or not sure.",
        "clinics differ: not excluded at one network when stable, a mood stabiliser wanted at another, "
        "excluded by one training body",
        **_clears("prescriber", "The prescriber's assessment."),
    ),
    _rule(
        "psychosis_now",
        "psychosis",
        {"equals": "now"},
        "exclude",
        "Psychosis now or in the last 6 months.",
        f"{_KAP}; {_TRAINING}",
    ),
    _rule(
        "psychosis_past",
        "psychosis",
        {"any_of": ["past", "unsure"]},
        "exclude",
        "History of psychosis, or not sure.",
        f"{_KAP}; {_TRAINING}",
        routes=["iv", "im", "compounded_nasal", "sublingual", "oral"],
    ),
    _rule(
        "psychosis_past_spravato",
        "psychosis",
        {"any_of": ["past", "unsure"]},
        "needs_clearance",
        "History of psychosis, or not sure.",
        f"{_LABEL}: assess, and treat only if the benefit outweighs the risk",
        routes=_SPRAVATO,
        **_clears("prescriber", "The prescriber's assessment."),
    ),
    _rule(
        "dissociative",
        "dissociative",
        _OR_UNSURE,
        "needs_clearance",
        "Dissociative or personality disorder, or not sure.",
        _CLINICS,
        **_clears("prescriber", "The prescriber's assessment."),
    ),
    _rule(
        "suicidal_intent",
        "suicidality",
        {"equals": "intent"},
        "exclude",
        "Suicidal intent or plan.",
        f"{_NETWORK}; {_CLINIC}: stabilise first",
        alert="high",
    ),
    _rule(
        "suicidal_thoughts",
        "suicidality",
        {"equals": "thoughts"},
        "needs_clearance",
        "Suicidal thoughts in the last month.",
        f"{_NETWORK}; {_CLINIC}",
        alert="low",
        **_clears("prescriber", "The prescriber's assessment and a safety plan."),
    ),
    _rule(
        "suicidality_past",
        "suicidality",
        {"equals": "past"},
        "note",
        "Suicidal thoughts in the past.",
        _CONVENTION,
    ),
    _rule(
        "substance_use_now",
        "substance_use",
        {"equals": "now"},
        "exclude",
        "A problem with alcohol or a drug now.",
        f"{_NETWORK}; {_TRAINING}; {_CLINIC}",
    ),
    _rule(
        "substance_use_past",
        "substance_use",
        {"any_of": ["past", "unsure"]},
        "needs_clearance",
        "A problem with alcohol or a drug in the past, or not sure.",
        f"{_NETWORK}; {_CLINIC} wants a year without",
        **_clears("prescriber", "The prescriber's assessment and a urine drug test.", "urine_drug_test"),
    ),
    _rule(
        "cannot_abstain",
        "can_abstain",
        {"any_of": ["no", "unsure"]},
        "needs_clearance",
        "May not be able to go without alcohol or drugs around a session.",
        _SERVICE,
        **_clears("prescriber", "The prescriber's assessment."),
    ),
    _rule(
        "bladder",
        "bladder",
        _OR_UNSURE,
        "needs_clearance",
        "Bladder symptoms, or not sure.",
        _REVIEW,
        **_clears("urology", "The cause of the symptoms."),
    ),
    _rule(
        "eyes",
        "eyes",
        _OR_UNSURE,
        "needs_clearance",
        "Glaucoma, eye pressure or eye surgery, or not sure.",
        f"{_INJECTION}; {_SERVICE}; acute angle glaucoma excluded by one training body",
        **_clears("ophthalmology", "Eye pressure and a letter."),
    ),
    _rule(
        "head",
        "head",
        _OR_UNSURE,
        "needs_clearance",
        "Head injury or raised pressure in the head, or not sure.",
        f"{_INJECTION}; {_SERVICE}",
        **_clears("neurology", "A letter from neurology."),
    ),
    _rule(
        "seizures",
        "seizures",
        _OR_UNSURE,
        "needs_clearance",
        "Seizures, or not sure.",
        _SERVICE,
        **_clears("neurology", "A letter from neurology."),
    ),
    _rule(
        "liver",
        "liver",
        _OR_UNSURE,
        "needs_clearance",
        "Liver disease, or not sure.",
        f"{_INJECTION}; {_CLINIC}",
        **_clears("hepatology", "Liver tests.", "liver_tests"),
    ),
    _rule(
        "lungs",
        "lungs",
        _OR_UNSURE,
        "needs_clearance",
        "Severe lung disease, or not sure.",
        _NETWORK,
        **_clears("pulmonology", "A letter from pulmonology."),
    ),
    _rule(
        "sleep_apnoea",
        "sleep_apnoea",
        _OR_UNSURE,
        "note",
        "Sleep apnoea, or not sure: whoever uses a device brings it.",
        f"{_NETWORK}; {_CLINIC}",
    ),
]
