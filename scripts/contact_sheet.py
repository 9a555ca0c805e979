"""Puts the first photo of each shipped volunteer on one sheet: docs/contact-sheet.jpg."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

_ROOT = Path(__file__).parent.parent
_SET = _ROOT / "src/chiso/adapters/volunteers"
_SHEET = _ROOT / "docs/contact-sheet.jpg"
_COLUMNS = 8
_SIDE_PX = 200


def main() -> None:
    """Write the sheet, eight people to a row, in the order of their names."""
    first = {path.name.split("_")[0]: path for path in sorted(_SET.glob("*.jpg"), reverse=True)}
    photos = [first[subject] for subject in sorted(first)]
    rows = -(-len(photos) // _COLUMNS)
    sheet = Image.new("RGB", (_COLUMNS * _SIDE_PX, rows * _SIDE_PX))
    for place, path in enumerate(photos):
        with Image.open(path) as photo:
            small = photo.resize((_SIDE_PX, _SIDE_PX), Image.Resampling.LANCZOS)
        sheet.paste(small, (place % _COLUMNS * _SIDE_PX, place // _COLUMNS * _SIDE_PX))
    sheet.save(_SHEET, quality=85, optimize=True)
    print(f"{len(photos)} people are on {_SHEET.relative_to(_ROOT)}.")


if __name__ == "__main__":
    main()
