"""The courier: nobody waits for it, it tries again, and it can be let go of."""

import threading

from garment_sweeps.tracking.courier import Courier

SECONDS = 300.0
"""More than any delivery takes; of a destination that refused before, the courier takes a fifth."""


class Post:
    """A destination that is away for the first `failures` tries, and can be made to hang."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.tries = 0
        self.answers = threading.Event()
        self.answers.set()

    def deliver(self) -> None:
        self.tries += 1
        self.answers.wait()
        if self.tries <= self.failures:
            raise ConnectionError("postgresql://me:secret@db refused")


def test_what_is_poked_is_delivered():
    post = Post()
    courier = Courier("test", post.deliver)
    assert courier.settled(0.0)  # nothing was poked
    courier.poke()
    assert courier.settled(SECONDS) and post.tries == 1
    courier.close()


def test_it_tries_again_and_says_why_without_the_password():
    post = Post(failures=3)
    courier = Courier("test", post.deliver)
    courier.poke()
    while not courier.trouble:
        pass
    assert courier.trouble == "postgresql://***@db refused"
    assert courier.settled(SECONDS)
    assert post.tries == 4 and courier.trouble == ""
    courier.close()


def test_a_destination_that_hangs_holds_nobody_and_gets_nothing_more_after_closing():
    post = Post()
    post.answers.clear()
    courier = Courier("test", post.deliver)
    for _ in range(100):
        courier.poke()
    assert not courier.settled(0.1)
    courier.close()
    post.answers.set()
    courier._thread.join(SECONDS)
    assert not courier._thread.is_alive() and post.tries == 1


def test_progress_is_waited_for_but_not_for_ever():
    post = Post()
    post.answers.clear()
    courier = Courier("test", post.deliver)
    courier.poke()
    stop = threading.Event()

    def move() -> None:
        while not stop.wait(0.02):
            courier.progress()

    mover = threading.Thread(target=move)
    mover.start()
    assert not courier.settled(0.2)  # ends although there is progress all the time
    stop.set()
    mover.join()
    post.answers.set()
    assert courier.settled(SECONDS)
    courier.close()


def test_an_error_of_our_own_ends_the_thread_and_is_not_hidden(monkeypatch):
    raised = []
    monkeypatch.setattr(threading, "excepthook", lambda args: raised.append(args.exc_value))

    def deliver() -> None:
        raise KeyError("a mistake")

    courier = Courier("test", deliver)
    courier.poke()
    assert not courier.settled(SECONDS)
    assert [type(error) for error in raised] == [KeyError]


def test_it_also_looks_by_itself():
    post = Post()
    courier = Courier("test", post.deliver, every_s=0.01)
    courier.poke()
    while post.tries < 3:
        pass
    courier.close()
