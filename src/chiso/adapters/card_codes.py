"""Finds QR codes in pixels, with zxing-cpp."""

from __future__ import annotations

import zxingcpp

from chiso.core.samples import Pixels

_QR = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)


def qr_texts(pixels: Pixels) -> list[str]:
    """The text of every QR code that can be read in an image, at any angle."""
    found = zxingcpp.read_barcodes(pixels, formats=_QR)
    return [each.text for each in found if each.valid]
