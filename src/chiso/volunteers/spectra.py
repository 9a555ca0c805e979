"""Spectra of light, of the eye, and of what colours skin, each 10 nm from 400 to 700 nm."""

from __future__ import annotations

import numpy as np

from chiso.volunteers.colour import SRGB_FROM_XYZ, Floats

WAVELENGTHS_NM: Floats = np.arange(400.0, 701.0, 10.0)
"""(31,) float64: where every spectrum here is sampled."""

# fmt: off
D65: Floats = np.array([
    82.7549, 91.4860, 93.4318, 86.6823, 104.865, 117.008, 117.812, 114.861, 115.923, 108.811,
    109.354, 107.802, 104.790, 107.689, 104.405, 104.046, 100.000, 96.3342, 95.7880, 88.6856,
    90.0062, 89.5991, 87.6987, 83.2886, 83.6992, 80.0268, 80.2146, 82.2778, 78.2842, 69.7213,
    71.6091,
])
"""(31,) float64: relative power of CIE standard illuminant D65 (ISO 11664-2), 100 at 560 nm."""

OBSERVER: Floats = np.array([
    [0.014310, 0.000396, 0.067850], [0.043510, 0.001210, 0.207400], [0.134380, 0.004000, 0.645600],
    [0.283900, 0.011600, 1.385600], [0.348280, 0.023000, 1.747060], [0.336200, 0.038000, 1.772110],
    [0.290800, 0.060000, 1.669200], [0.195360, 0.090980, 1.287640], [0.095640, 0.139020, 0.812950],
    [0.032010, 0.208020, 0.465180], [0.004900, 0.323000, 0.272000], [0.009300, 0.503000, 0.158200],
    [0.063270, 0.710000, 0.078250], [0.165500, 0.862000, 0.042160], [0.290400, 0.954000, 0.020300],
    [0.433450, 0.994950, 0.008750], [0.594500, 0.995000, 0.003900], [0.762100, 0.952000, 0.002100],
    [0.916300, 0.870000, 0.001650], [1.026300, 0.757000, 0.001100], [1.062200, 0.631000, 0.000800],
    [1.002600, 0.503000, 0.000340], [0.854450, 0.381000, 0.000190], [0.642400, 0.265000, 0.000050],
    [0.447900, 0.175000, 0.000020], [0.283500, 0.107000, 0.000000], [0.164900, 0.061000, 0.000000],
    [0.087400, 0.032000, 0.000000], [0.046770, 0.017000, 0.000000], [0.022700, 0.008210, 0.000000],
    [0.011359, 0.004102, 0.000000],
])
"""(31, 3) float64: colour matching functions of the CIE 1931 2-degree observer (ISO 11664-1)."""

_MOLAR_EXTINCTION: Floats = np.array([
    [266232.0, 223296.0], [466840.0, 303956.0], [480360.0, 407560.0], [246072.0, 528600.0],
    [102580.0, 413280.0], [62816.0, 103292.0], [44480.0, 23388.8], [33209.2, 16156.4],
    [26629.2, 14550.0], [23684.4, 16684.0], [20932.8, 20862.0], [20035.2, 25773.6],
    [24202.4, 31589.6], [39956.8, 39036.4], [53236.0, 46592.0], [43016.0, 53412.0],
    [32613.2, 53788.0], [44496.0, 45072.0], [50104.0, 37020.0], [14400.8, 28324.4],
    [3200.0, 14677.2], [1506.0, 9443.6], [942.0, 6509.6], [610.0, 5148.8], [442.0, 4345.2],
    [368.0, 3750.12], [319.6, 3226.56], [294.0, 2795.12], [277.6, 2407.92], [276.0, 2051.96],
    [290.0, 1794.28],
])
# fmt: on

_HAEMOGLOBIN_G_PER_L = 150.0
_HAEMOGLOBIN_G_PER_MOL = 64500.0
_PER_CM_IN_MM = 0.1

EUMELANIN_PER_MM: Floats = _PER_CM_IN_MM * 6.6e11 * WAVELENGTHS_NM**-3.33
"""(31,) float64, mm⁻¹: absorption of a melanosome of eumelanin alone (C. Donner, H. W. Jensen,
"A Spectral BSSRDF for Shading Human Skin", EGSR 2006, after S. L. Jacques 1998)."""

PHEOMELANIN_PER_MM: Floats = _PER_CM_IN_MM * 2.9e15 * WAVELENGTHS_NM**-4.75
"""(31,) float64, mm⁻¹: the same for pheomelanin (Donner and Jensen 2006)."""

BASELINE_PER_MM: Floats = _PER_CM_IN_MM * (0.244 + 85.3 * np.exp(-(WAVELENGTHS_NM - 154.0) / 66.2))
"""(31,) float64, mm⁻¹: absorption of skin without melanin and blood (S. L. Jacques, "Skin Optics",
Oregon Medical Laser Center News, 1998; used so by Donner and Jensen 2006)."""

REDUCED_SCATTERING_PER_MM: Floats = _PER_CM_IN_MM * 46.0 * (WAVELENGTHS_NM / 500.0) ** -1.421
"""(31,) float64, mm⁻¹: reduced scattering of skin, the mean of the published measurements
(S. L. Jacques, "Optical properties of biological tissues: a review", Phys. Med. Biol. 58, 2013,
equation 1 and table 2). He gives no separate mean for the epidermis; here both layers share it."""


def blood_per_mm(oxygenation: Floats) -> Floats:
    """Absorption of whole blood with 150 g of haemoglobin a litre.

    Molar extinction as tabulated by S. Prahl from W. B. Gratzer and N. Kollias ("Optical
    Absorption of Hemoglobin", Oregon Medical Laser Center, 1999), 64 500 g/mol.

    Args:
        oxygenation: (...) share of the haemoglobin that carries oxygen, 0 to 1.

    Returns:
        (..., 31) float64, mm⁻¹.
    """
    molar = _HAEMOGLOBIN_G_PER_L / _HAEMOGLOBIN_G_PER_MOL
    oxy, deoxy = (_PER_CM_IN_MM * np.log(10.0) * molar * _MOLAR_EXTINCTION).T
    share = oxygenation[..., None]
    mixed: Floats = share * oxy + (1 - share) * deoxy
    return mixed


def _srgb_weights() -> Floats:
    weights = (D65[:, None] * OBSERVER) @ SRGB_FROM_XYZ.T
    balanced: Floats = weights / weights.sum(axis=0)
    return balanced


SRGB_WEIGHTS: Floats = _srgb_weights()
"""(31, 3) float64: a reflectance spectrum times this is its linear sRGB under D65. Each column
adds up to 1, so that a perfect white is exactly (1, 1, 1) in spite of the sampling."""
