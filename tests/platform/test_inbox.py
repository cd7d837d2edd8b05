"""Inboxes: what is told to a project reaches its members, each once, and nobody else."""

from __future__ import annotations

import pytest

import mlplat as mp
from mlplat.errors import AccessDenied, OptionError, UnknownNameError
from mlplat.platform.automation.inbox import Inbox, Message


class World:
    """Ada owns `shop`; bob is in a group that belongs to it; carl has nothing."""

    def __init__(self) -> None:
        self.platform = mp.Platform()
        identity, admin = self.platform.identity, self.platform.admin
        self.ada, self.bob, self.carl = (identity.create_user(name, actor=admin) for name in ("ada", "bob", "carl"))
        identity.create_project("shop", owner=self.ada, actor=admin)
        self.team = identity.create_group("team", [self.bob, self.ada], actor=admin)
        identity.add_member("shop", self.team, "viewer", actor=self.ada)
        self.robot = identity.create_service_account("shop", "robot", actor=self.ada)
        identity.add_member("shop", self.robot, "contributor", actor=self.ada)
        self.inbox = self.platform.inbox


def test_each_member_is_told_once_in_a_group_or_not() -> None:
    world = World()
    assert world.inbox.post("shop", "first", actor=world.robot) == 2
    expected = (Message(0.0, "shop", "project:shop", "first", world.robot.id),)
    assert world.inbox.messages(actor=world.ada) == world.inbox.messages(project="shop", actor=world.bob) == expected
    assert world.inbox.messages(actor=world.carl) == world.inbox.messages(actor=world.robot) == ()
    assert world.inbox.messages(project="lab", actor=world.ada) == ()


def test_who_leaves_keeps_what_was_told_and_hears_no_more_and_who_comes_hears_what_is_new() -> None:
    world = World()
    world.inbox.post("shop", "first", actor=world.ada)
    world.platform.identity.remove_from_group(world.team, world.bob, actor=world.platform.admin)
    world.platform.identity.add_member("shop", world.carl, "viewer", actor=world.ada)
    world.inbox.post("shop", "second", actor=world.ada)
    texts = [[message.text for message in world.inbox.messages(actor=who)] for who in (world.ada, world.bob, world.carl)]
    assert texts == [["first", "second"], ["first"], ["second"]]


def test_who_was_deleted_is_told_nothing_and_another_of_the_same_name_sees_nothing() -> None:
    world = World()
    world.inbox.post("shop", "first", actor=world.ada)
    world.platform.identity.delete(world.bob, actor=world.platform.admin)
    another = world.platform.identity.create_user("bob", actor=world.platform.admin)
    assert world.inbox.post("shop", "second", actor=world.ada) == 1
    assert world.inbox.messages(actor=another) == ()
    with pytest.raises(AccessDenied):
        world.inbox.messages(actor=world.bob)


def test_only_who_may_write_in_a_project_tells_it_something() -> None:
    world = World()
    for who in (world.bob, world.carl):
        with pytest.raises(AccessDenied):
            world.inbox.post("shop", "psst", actor=who)
    with pytest.raises(UnknownNameError):
        world.inbox.post("lab", "psst", actor=world.platform.admin)
    for text in ("", "\x1b[2J", "x" * 10_001, 3):
        with pytest.raises(OptionError):
            world.inbox.post("shop", text, actor=world.ada)  # type: ignore[arg-type]
    assert world.inbox.messages(actor=world.ada) == ()


def test_it_is_there_when_it_is_opened_again() -> None:
    world = World()
    world.inbox.post("shop", "first", actor=world.ada)
    again = Inbox(world.platform.sim, world.platform.identity, world.platform.store)
    assert again.messages(actor=world.ada) == world.inbox.messages(actor=world.ada) != ()
