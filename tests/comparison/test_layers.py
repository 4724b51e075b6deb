from hypothesis import given
from hypothesis import strategies as st

from pinbot.comparison.layers import difference, stacks
from pinbot.model.manifest import Descriptor
from pinbot.model.reference import Digest

KIND = "application/vnd.oci.image.layer.v1.tar+gzip"


def layers(names: str) -> tuple[Descriptor, ...]:
    """A layer for each letter; its size is its place in the alphabet."""
    return tuple(
        Descriptor(media_type=KIND, digest=Digest("sha256", name * 64), size=ord(name) - ord("a") + 1)
        for name in names
    )


def told(old: str, new: str) -> tuple[str, str, str]:
    diff = difference(*stacks(layers(old), layers(new)))
    shared, gone, come = (
        "".join(layer.digest.hex[0] for layer in some) for some in (diff.shared, diff.gone, diff.new)
    )
    return shared, gone, come


def test_layers_are_shared_wherever_they_lie() -> None:
    assert told("abcde", "abfde") == ("abde", "c", "f")
    assert told("abc", "dabc") == ("abc", "", "d")
    assert told("abc", "abc") == ("abc", "", "")


def test_a_layer_that_is_there_twice_is_shared_as_often_as_both_have_it() -> None:
    assert told("aeae", "ae") == ("ae", "ae", "")


def test_layers_in_another_order_are_shared_below_the_first_difference_only() -> None:
    assert told("abcd", "abdc") == ("ab", "cd", "dc")


def test_sizes_are_those_of_both_images() -> None:
    size = difference(*stacks(layers("abc"), layers("abdd"))).size
    assert (size.old, size.new) == (6, 11)


@given(st.text("abcdef", max_size=8), st.text("abcdef", max_size=8))
def test_what_is_shared_lies_in_the_same_order_in_both(old: str, new: str) -> None:
    before, after = stacks(layers(old), layers(new))
    assert before.common == after.common
    for names, stack in ((old, before), (new, after)):
        assert stack.layers == layers(names)
        assert len(stack.common) + len(stack.own) == len(names)
