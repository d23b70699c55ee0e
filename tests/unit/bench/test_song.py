import itertools

from bench.song import WORDS_A_MINUTE, make_lyrics


def test_a_song_has_as_many_words_as_songs_of_its_length_have() -> None:
    assert len(make_lyrics(180).split()) == 3 * WORDS_A_MINUTE


def test_verses_are_apart_by_one_blank_line() -> None:
    lines = make_lyrics(120).split("\n")
    assert "" in lines
    assert all(one or other for one, other in itertools.pairwise(lines))
    assert lines[0]
    assert lines[-1]
