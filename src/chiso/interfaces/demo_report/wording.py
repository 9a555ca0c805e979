"""What the demo says differently by whose photos it shows."""

from __future__ import annotations

from dataclasses import dataclass, replace

from chiso.services.demo.cast import RULE, RULE_ON_GROUPS


@dataclass(frozen=True, slots=True)
class Wording:
    """Sentences about the people in the photos, and about the groups that errors are counted by.

    Attributes:
        notice: what must be known before anything else is read; "" if nothing must.
        volunteers: who they are, after their number.
        by_group: by which groups errors are counted.
        rule: who plays which part.
        photos_are: what these photos cannot show.
        impostors_are: whom the claims are made by.
        photos_credit: whose photos these are; "" where that is not known.
        keep: how to keep the page.
        errors_fail: whether an error of the recogniser is a fault of the demo.
    """

    notice: str
    volunteers: str
    by_group: str
    rule: str
    photos_are: str
    impostors_are: str
    photos_credit: str
    keep: str
    errors_fail: bool = True


OWN = Wording(
    notice="",
    volunteers="volunteers",
    by_group="by the group people report for themselves",
    rule=RULE,
    photos_are="These are studio photos; everyday ones are harder.",
    impostors_are="Impostors report the same group as the person they claim to be, where there is "
    "one.",
    photos_credit="",
    keep="This page holds photos of people: keep it as you would keep those.",
)
LONDON = replace(
    OWN,
    volunteers="volunteers of the London Set",
    photos_credit="Photos: DeBruine, L. & Jones, B. (2017). Face Research Lab London Set. "
    "figshare. https://doi.org/10.6084/m9.figshare.5047666.v5. CC BY 4.0. Part of the set, "
    "resized; boxes added; composed into one picture. Everyone pictured signed for their images "
    "to be “used in lab-based and web-based studies in their original or altered forms and to "
    "illustrate research”. Groups are their own words.",
)
RENDERED = Wording(
    notice="These people do not exist: their faces were rendered. They show how Chiso works; "
    "rendered faces prove nothing about real ones.",
    volunteers="volunteers who do not exist",
    by_group="by the skin tone that people were rendered at (Monk scale, 01 light to 10 dark)",
    rule=RULE_ON_GROUPS.format(group="skin tone"),
    photos_are="These are renders: how often errors come about in them says nothing about photos "
    "of real people.",
    impostors_are="Impostors have the skin tone of the person they claim to be, where there is "
    "one.",
    photos_credit="Pictures: rendered by “chiso volunteers render”. Nobody is in them.",
    keep="This page holds no photo of anybody.",
    errors_fail=False,
)
