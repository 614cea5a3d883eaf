"""The six tones are told apart by everybody: in both schemes, also with deuteranopia, and by a glyph beside."""

import re
from itertools import combinations
from math import atan2, cos, degrees, exp, hypot, radians, sin, sqrt

import pytest

from forebay.governor.states import RunState
from forebay.web.page.static_files import FOLDER
from forebay.web.page.tones import GLYPHS, OF_RUNS, Tone, look_of

#: Smaller differences (CIEDE2000) are taken for the same at a glance.
APART = 10.0
#: Machado, Oliveira and Fernandes, 2009: deuteranopia, severity 1, of linear RGB.
DEUTERANOPIA = ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881))
SAME = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
Triple = tuple[float, float, float]


def colours(scheme: int) -> dict[str, str]:
    """The colours of the style sheet: 0 light, 1 dark."""
    text = (FOLDER / "page.css").read_text("utf-8")
    found = re.findall(r"--(\w+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", text)
    return {name: pair[scheme] for name, *pair in found}


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("sight", [SAME, DEUTERANOPIA], ids=["trichromat", "deuteranopia"])
@pytest.mark.parametrize("pair", list(combinations(Tone, 2)), ids="-".join)
def test_tones_are_told_apart(scheme: int, sight: tuple[Triple, ...], pair: tuple[Tone, Tone]) -> None:
    one, other = (lab(seen(colours(scheme)[tone], sight)) for tone in pair)

    assert difference(one, other) >= APART


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_is_read_on_its_ground(scheme: int) -> None:
    of = colours(scheme)

    for ink in ("ink", "dim", "link"):
        for ground in ("ground", "raised"):
            assert contrast(of[ink], of[ground]) >= 4.5, (ink, ground)


def test_each_tone_has_a_glyph_of_its_own() -> None:
    assert len({GLYPHS[tone] for tone in Tone}) == len(Tone) == 6


def test_each_state_of_a_run_has_a_tone_and_each_tone_a_state() -> None:
    assert list(OF_RUNS) == list(RunState), "the grid reads half bytes in this order"
    assert {look.tone for look in OF_RUNS.values()} == set(Tone)


@pytest.mark.parametrize(
    ("state", "tone"),
    [
        ("checks_failed", Tone.FAILED),
        ("late", Tone.FAILED),
        ("queued", Tone.WAITING),
        ("skipped", Tone.CANCELED),
        ("running", Tone.STRIPE),
        ("a word of a newer release", Tone.WAITING),
    ],
)
def test_other_states_have_a_tone_too(state: str, tone: Tone) -> None:
    assert look_of(state).tone is tone
    assert "_" not in look_of(state).words


def seen(colour: str, sight: tuple[Triple, ...]) -> Triple:
    straight = [linear(int(colour[at : at + 2], 16)) for at in (1, 3, 5)]
    red, green, blue = (min(1.0, max(0.0, sum(map(float.__mul__, row, straight)))) for row in sight)
    return red, green, blue


def linear(channel: int) -> float:
    part = channel / 255
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def contrast(one: str, other: str) -> float:
    """The ratio of WCAG 2."""
    light = [sum(map(float.__mul__, (0.2126, 0.7152, 0.0722), seen(each, SAME))) for each in (one, other)]
    return (max(light) + 0.05) / (min(light) + 0.05)


def lab(rgb: Triple) -> Triple:
    rows = ((0.4124564, 0.3575761, 0.1804375), (0.2126729, 0.7151522, 0.0721750), (0.0193339, 0.1191920, 0.9503041))
    white = (0.95047, 1.0, 1.08883)
    xyz = [sum(map(float.__mul__, row, rgb)) / most for row, most in zip(rows, white, strict=True)]
    x, y, z = (each ** (1 / 3) if each > 216 / 24389 else (24389 / 27 * each + 16) / 116 for each in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def difference(one: Triple, other: Triple) -> float:
    """CIEDE2000 (Sharma, Wu, Dalal, 2005)."""
    (l1, a1, b1), (l2, a2, b2) = one, other
    mean = (hypot(a1, b1) + hypot(a2, b2)) / 2
    grow = 1.5 - 0.5 * sqrt(mean**7 / (mean**7 + 25**7))
    a1, a2 = a1 * grow, a2 * grow
    c1, c2 = hypot(a1, b1), hypot(a2, b2)
    h1, h2 = degrees(atan2(b1, a1)) % 360, degrees(atan2(b2, a2)) % 360
    turn = (h2 - h1 + 180) % 360 - 180 if c1 * c2 else 0.0
    hue = 2 * sqrt(c1 * c2) * sin(radians(turn / 2))
    l_mean, c_mean = (l1 + l2) / 2, (c1 + c2) / 2
    h_mean = h1 + h2 if not c1 * c2 else (h1 + h2) / 2 if abs(h1 - h2) <= 180 else ((h1 + h2 + 360) / 2) % 360
    t = 1 - 0.17 * cos(radians(h_mean - 30)) + 0.24 * cos(radians(2 * h_mean))
    t += 0.32 * cos(radians(3 * h_mean + 6)) - 0.2 * cos(radians(4 * h_mean - 63))
    s_l = 1 + 0.015 * (l_mean - 50) ** 2 / sqrt(20 + (l_mean - 50) ** 2)
    s_c, s_h = 1 + 0.045 * c_mean, 1 + 0.015 * c_mean * t
    bend = -sin(radians(60 * exp(-(((h_mean - 275) / 25) ** 2)))) * 2 * sqrt(c_mean**7 / (c_mean**7 + 25**7))
    parts = ((l2 - l1) / s_l, (c2 - c1) / s_c, hue / s_h)
    return sqrt(sum(part**2 for part in parts) + bend * parts[1] * parts[2])
