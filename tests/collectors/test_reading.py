"""What a lenient reader makes of an answer that is not as described."""

import msgspec
import pytest

from collectors.errors import Malformed
from collectors.reading import Reader


class Leaf(msgspec.Struct):
    name: str = ""


class Tree(msgspec.Struct):
    id: int
    leaf: Leaf | None = None
    leaves: list[Leaf] = []


@pytest.mark.parametrize("broken", [b'{"name": "a"}', b'{"a": 1}', b'"x"', b'[{"name": 5}]', b"null"])
def test_one_thing_in_place_of_many_is_none_of_them(broken: bytes) -> None:
    assert Reader(Tree).one(b'{"id": 1, "leaves": ' + broken + b"}") == Tree(1)


def test_a_struct_that_may_be_absent_is_read_as_far_as_it_can_be() -> None:
    assert Reader(Tree).one(b'{"id": 1, "leaf": {"name": 5}, "leaves": [{"name": "a"}]}') == Tree(
        1, Leaf(), [Leaf("a")]
    )
    with pytest.raises(Malformed, match="id"):
        Reader(Tree).one(b'{"id": "1"}')
