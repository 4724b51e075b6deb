"""Which layers two images share. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from pinbot.model.comparison import Layer, LayerDiff
from pinbot.model.manifest import Descriptor
from pinbot.model.reference import Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """The layers of one image, lowest first, and which of them the other one has too."""

    layers: tuple[Descriptor, ...]
    shared: tuple[bool, ...]

    @property
    def own(self) -> tuple[Layer, ...]:
        """Those that only this image has."""
        return _some(self, shared=False)

    @property
    def common(self) -> tuple[Layer, ...]:
        """Those that both images have."""
        return _some(self, shared=True)


def stacks(old: Sequence[Descriptor], new: Sequence[Descriptor]) -> tuple[Stack, Stack]:
    """Hold the layers of two images against each other, wherever they lie in each.

    A layer that an image has several times, as empty ones often are, is shared as often as both have it.
    Where both have the same layers in another order, only those below the first difference are shared: what
    a layer does depends on those below it.
    """
    common = Counter(layer.digest for layer in old) & Counter(layer.digest for layer in new)
    before, after = _stack(old, common), _stack(new, common)
    if [layer.digest for layer in before.common] != [layer.digest for layer in after.common]:
        pairs = zip(old, new, strict=False)
        same = len(list(takewhile(lambda pair: pair[0].digest == pair[1].digest, pairs)))
        common = Counter(layer.digest for layer in old[:same])
        before, after = _stack(old, common), _stack(new, common)
    return before, after


def difference(old: Stack, new: Stack) -> LayerDiff:
    """The layers that are shared, gone and new."""
    return LayerDiff(shared=old.common, gone=old.own, new=new.own)


def _stack(layers: Sequence[Descriptor], common: Counter[Digest]) -> Stack:
    left = Counter(common)
    shared = []
    for layer in layers:
        shared.append(left[layer.digest] > 0)
        left[layer.digest] -= 1
    return Stack(layers=tuple(layers), shared=tuple(shared))


def _some(stack: Stack, *, shared: bool) -> tuple[Layer, ...]:
    return tuple(
        Layer(digest=layer.digest, size=layer.size)
        for layer, is_shared in zip(stack.layers, stack.shared, strict=True)
        if is_shared is shared
    )
