"""What tests of the bots steer."""

from gameserver.state.entity import Entity
from gameserver.state.fields import Angle, Flag, Float


class Ship(Entity):
    x = Float(step=1 / 64)
    y = Float(step=1 / 64)
    angle = Angle(steps=1024)
    dead = Flag()
