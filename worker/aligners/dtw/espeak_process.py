"""Speaks with espeak-ng's library and says where each word begins: run as a script.

It is a program of its own, run by `speech.py`, so that whatever espeak-ng does with a strange
text (hang, crash, leak) ends with this process. The command `espeak-ng` would speak the same, but
does not tell where the words are, and reads `[[…]]` as phonemes; here the text is only text.

On stdin: JSON `{"library": path, "rate": words a minute, "utterances": [[voice, text], …]}`.
On stdout: a line of JSON `{"version": text, "sample_rate": Hz, "utterances": [{"samples": count,
"words": [[character, sample], …]}, …]}`, where `character` and `sample` are where a word begins
in the utterance's text and sound, and then the sound of all utterances, 16 bit, native order.

The constants and structures are those of espeak-ng's `speak_lib.h`.
"""

import ctypes
import json
import sys

AUDIO_OUTPUT_SYNCHRONOUS = 2
INITIALIZE_DONT_EXIT = 0x8000
CHARS_UTF8 = 1
POS_CHARACTER = 1
PARAMETER_RATE = 1
EVENT_LIST_TERMINATED = 0
EVENT_WORD = 1


class _Id(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),  # characters from 1
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),  # milliseconds
        ("sample", ctypes.c_int),  # from the start of this utterance
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    )


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.POINTER(_Event))


def main() -> None:
    """Speak what stdin asks for."""
    request = json.load(sys.stdin.buffer)
    espeak = ctypes.CDLL(request["library"])
    espeak.espeak_Info.restype = ctypes.c_char_p
    sample_rate = espeak.espeak_Initialize(AUDIO_OUTPUT_SYNCHRONOUS, 0, None, INITIALIZE_DONT_EXIT)
    if sample_rate <= 0:
        sys.exit("it does not find its data")
    espeak.espeak_SetParameter(PARAMETER_RATE, int(request["rate"]), 0)

    sound = bytearray()
    words: list[tuple[int, int]] = []

    def receive(samples: int | None, count: int, events: "ctypes._Pointer[_Event]") -> int:
        if samples and count > 0:
            sound.extend(ctypes.string_at(samples, 2 * count))
        index = 0
        while events[index].type != EVENT_LIST_TERMINATED:
            if events[index].type == EVENT_WORD:
                words.append((events[index].text_position - 1, events[index].sample))
            index += 1
        return 0

    callback = _Callback(receive)
    espeak.espeak_SetSynthCallback(callback)
    spoken = []
    current_voice = None
    for voice, text in request["utterances"]:
        if voice != current_voice and espeak.espeak_SetVoiceByName(voice.encode()):
            sys.exit(f"it has no voice {voice}")
        current_voice = voice
        words.clear()
        before = len(sound)
        encoded = text.encode() + b"\0"
        espeak.espeak_Synth(
            encoded, ctypes.c_size_t(len(encoded)), 0, POS_CHARACTER, 0, CHARS_UTF8, None, None
        )
        spoken.append({"samples": (len(sound) - before) // 2, "words": list(words)})
    version = espeak.espeak_Info(None).decode()
    header = {"version": version, "sample_rate": sample_rate, "utterances": spoken}
    sys.stdout.buffer.write(json.dumps(header).encode() + b"\n" + sound)


if __name__ == "__main__":
    main()
