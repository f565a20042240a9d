"""Rooms as environments for programs that learn: a PettingZoo `ParallelEnv` of several players, a Gymnasium `Env` of
one.

    from gameserver.gym import ParallelRoomEnv, RoomEnv

    env = RoomEnv(Tag, max_steps=500)
    observation, info = env.reset(seed=1)
    observation, reward, terminated, truncated, info = env.step(env.action_space.sample())

The room runs in this process, without sockets and without a clock, so the same seed and actions give the same
observations, bit by bit. Each player gets what its client would have: the states of the room's snapshots, narrowed by
its `interest`, encoded and decoded. The extra `gym` installs what this needs.
"""

from gameserver.extras import needs_extra

with needs_extra("gym", "environments"):
    from gameserver.gym.parallel_env import ParallelRoomEnv
    from gameserver.gym.room_env import RoomEnv

from gameserver.gym.rewards import RewardingRoom

__all__ = ["ParallelRoomEnv", "RewardingRoom", "RoomEnv"]
