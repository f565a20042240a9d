"""What waits for a busy link."""

from gameserver.client.outbox import MAX_WAITING_INPUTS, Outbox


def test_messages_leave_in_order_and_once() -> None:
    outbox = Outbox()
    outbox.put(b"join")
    outbox.put_input(b"1")
    outbox.put(b"chat")
    assert outbox.take() == [b"join", b"1", b"chat"]
    assert outbox.take() == []


def test_while_the_link_is_busy_the_oldest_inputs_go_and_nothing_else() -> None:
    outbox = Outbox()
    outbox.put(b"chat 1")
    for number in range(MAX_WAITING_INPUTS + 10):
        outbox.put_input(b"%d" % number)
    outbox.put(b"chat 2")
    waiting = outbox.take()
    assert waiting[0] == b"chat 1"
    assert waiting[-1] == b"chat 2"
    assert waiting[1:-1] == [b"%d" % number for number in range(10, MAX_WAITING_INPUTS + 10)]
    assert outbox.shed == 10


def test_a_lost_link_takes_its_messages_along() -> None:
    outbox = Outbox()
    outbox.put_input(b"1")
    outbox.clear()
    assert len(outbox) == 0
    for number in range(MAX_WAITING_INPUTS):
        outbox.put_input(b"%d" % number)
    assert outbox.shed == 0
