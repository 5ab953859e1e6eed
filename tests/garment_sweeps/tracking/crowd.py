"""One of several processes that all want the same runs: `python -m ...crowd NAME NUMBER LAST`, begun by a line.

It starts the sweep NAME and opens the run of the same trial as attempt NUMBER; the attempt LAST then logs epochs.
"""

import sys

from garment_sweeps.tracking import SweepRun
from garment_sweeps.tracking.courier import Courier
from garment_sweeps.tracking.delivery import Delivery
from tests.garment_sweeps.tracking.made import record_of


def main() -> None:
    name, number, last = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    print("ready", flush=True)
    sys.stdin.readline()
    sweep = SweepRun.start("crowd", name, {"trials": 1})
    print(sweep.run_id, flush=True)
    sys.stdin.readline()
    record = record_of(sweep, "t00000", number)
    delivery = Delivery(lambda: sweep.client, record, live=True)
    courier = Courier("test", delivery)
    courier.poke()
    courier.settled(600.0)
    for epoch in (1, 2, 3) if number == last else ():
        record.add_epoch(epoch, {"loss/uv": 1.0 / epoch})
        courier.poke()
        courier.settled(600.0)
    print(delivery.run_id, flush=True)


if __name__ == "__main__":
    main()
