"""What is compared: mel-frequency cepstra of sound, alike at any sample rate and loudness.

The cepstra leave out the 0th (loudness), as aeneas' do, are normalised to mean 0 and variance 1
over the frames with speech, which takes out much of the difference between voices, rooms and
microphones, and have their slopes in time beside them.
"""

import numpy as np
from numpy.typing import NDArray

Frames = NDArray[np.float32]
"""Shape (frames, values of a frame)."""

_WINDOW_SECONDS = 0.032
_BANDS = 32
_LOWEST_HZ = 100.0
_HIGHEST_HZ = 7_600.0
_CEPSTRA = 12
_SLOPE_FRAMES = 2
_BLOCK_FRAMES = 4_096
_FLOOR = 1e-3
"""A band's energy below this share of the mean is not told from silence (-30 dB)."""

_AUDIBLE = 1e-10
"""A frame's energy below this is silence, whatever else is in the recording (-100 dBFS)."""


def mel_energies(
    samples: NDArray[np.float32], sample_rate: int, hop_seconds: float, raised: float = 1.0
) -> Frames:
    """Measure the energy in mel bands, in frames that follow one another by `hop_seconds`.

    Every frequency is taken to be `raised` times what it is, as if a voice came from a vocal tract
    that much shorter. Frame i is centred on (i + 0.5) hops; there is at least one. Shape (frames,
    bands).
    """
    count = max(1, round(len(samples) / sample_rate / hop_seconds))
    window = round(_WINDOW_SECONDS * sample_rate)
    size = 1 << (window - 1).bit_length()
    shape = np.hanning(window).astype(np.float32)
    shape /= shape.sum()
    bank = _mel_bank(size, sample_rate * raised)
    # Half a window before and after, and what rounding the number of frames up may add.
    tail = window + round(hop_seconds * sample_rate)
    padded = np.pad(samples, (window // 2, tail))
    windows = np.lib.stride_tricks.sliding_window_view(padded, window)
    firsts = np.rint((np.arange(count) + 0.5) * hop_seconds * sample_rate).astype(int)
    energies = np.empty((count, _BANDS), np.float32)
    for first in range(0, count, _BLOCK_FRAMES):
        block = slice(first, first + _BLOCK_FRAMES)
        spectrum = np.fft.rfft(windows[firsts[block]] * shape, size)
        energies[block] = (spectrum.real**2 + spectrum.imag**2) @ bank
    return energies


def find_speech(energies: Frames) -> NDArray[np.bool_]:
    """Tell the frames that may hold speech from silence, by their loudness. Shape (frames,).

    Silence is 35 dB below the loudest parts, or within 6 dB of the quietest where those are
    20 dB below the loudest: a recording's own noise is taken for silence, music is not.
    """
    total = energies.sum(axis=1)
    loudness = 10 * np.log10(total + _AUDIBLE / 100)
    audible: NDArray[np.bool_] = np.greater(total, _AUDIBLE)
    if not audible.any():
        return audible
    loudest = np.percentile(loudness[loudness > loudness.max() - 60], 95)
    quietest = np.percentile(loudness, 5)
    audible &= loudness > max(loudest - 35, min(quietest + 6, loudest - 20))
    return audible


def cepstra(energies: Frames, speech: NDArray[np.bool_]) -> Frames:
    """Turn energies into what is compared: vectors of length 1, alike where the sound is alike.

    `speech` tells the frames over which values are normalised; with none, all are.
    Shape (frames, values).
    """
    if not speech.any():
        speech = np.ones(len(energies), bool)
    logs = np.log(energies + energies[speech].mean() * _FLOOR + _AUDIBLE / 100)
    bands = np.arange(_BANDS) + 0.5
    cosines = np.cos(np.pi / _BANDS * np.outer(bands, np.arange(1, _CEPSTRA + 1)))
    static = logs @ cosines.astype(np.float32)
    values = np.concatenate([static, _slopes(static)], axis=1)
    values -= values[speech].mean(axis=0)
    values /= values[speech].std(axis=0) + 1e-6
    values /= np.linalg.norm(values, axis=1, keepdims=True) + 1e-6
    return values.astype(np.float32, copy=False)


def backwards(values: Frames) -> Frames:
    """Give the cepstra of the same sound played backwards. Shape (frames, values)."""
    turned = values[::-1].copy()
    turned[:, _CEPSTRA:] *= -1  # what rose now falls
    return turned


def _mel_bank(size: int, sample_rate: float) -> Frames:
    """Make triangular filters, evenly spaced in mel. Shape (frequencies, bands)."""
    mels = np.linspace(_mel(_LOWEST_HZ), _mel(_HIGHEST_HZ), _BANDS + 2)
    edges = 700 * (10 ** (mels / 2_595) - 1)
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    frequencies = np.fft.rfftfreq(size, 1 / sample_rate)[:, None]
    rising = (frequencies - low) / (centre - low)
    falling = (high - frequencies) / (high - centre)
    bank = np.maximum(0, np.minimum(rising, falling))
    return np.asarray(bank / bank.sum(axis=0), np.float32)


def _mel(hertz: float) -> float:
    """O'Shaughnessy's mel scale."""
    return float(2_595 * np.log10(1 + hertz / 700))


def _slopes(values: Frames) -> Frames:
    """Fit a line through each frame and its neighbours, and take its slope."""
    padded = np.pad(values, ((_SLOPE_FRAMES, _SLOPE_FRAMES), (0, 0)), mode="edge")
    count = len(values)
    slopes = np.zeros_like(values)
    for distance in range(1, _SLOPE_FRAMES + 1):
        later = padded[_SLOPE_FRAMES + distance :][:count]
        earlier = padded[_SLOPE_FRAMES - distance :][:count]
        slopes += distance * (later - earlier)
    return slopes
