"""Documents that JSON can hold, whatever was measured."""

from __future__ import annotations

import json
from math import inf, nan

from chiso.interfaces.json_numbers import with_nulls


def test_what_is_no_number_is_null_however_deep_and_everything_else_is_kept() -> None:
    document = {
        "rate": nan,
        "interval": (0.0, inf),
        "groups": [{"ratio": -inf, "people": 7, "name": "a"}, None],
        "by": {3: (True, "nan", 0.5)},
    }
    before = repr(document)
    plain = with_nulls(document)
    assert plain == {
        "rate": None,
        "interval": [0.0, None],
        "groups": [{"ratio": None, "people": 7, "name": "a"}, None],
        "by": {"3": [True, "nan", 0.5]},
    }
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert repr(document) == before
