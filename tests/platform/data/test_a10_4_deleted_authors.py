"""What becomes of datasets whose author is no more. Who may call what is in the matrix of the platform (`test_matrix.py`)."""

from __future__ import annotations

import pytest

from mlplat.errors import AccessDenied

from .stores import CLICKS, FRAME, Shop


def test_a10_4_what_a_deleted_user_made_stays_with_the_project() -> None:
    shop = Shop()
    carl = shop.identity.create_user("carl", actor=shop.identity.admin)
    shop.identity.add_member("shop", carl, actor=shop.ada)
    version = shop.data.publish(CLICKS, FRAME, actor=carl)
    shop.identity.delete(carl, actor=shop.identity.admin)
    assert shop.data.read(CLICKS, actor=shop.ada).height == 4
    again = shop.identity.create_user("carl", actor=shop.identity.admin)
    assert version.creator == carl.id != again.id
    with pytest.raises(AccessDenied):
        shop.data.read(CLICKS, actor=again)
