"""Run by Swift's own Python: writes the account, container and object rings, one device each.

Usage: python swift_rings.py FOLDER ACCOUNT_PORT CONTAINER_PORT OBJECT_PORT
"""

import os
import sys

from swift.common.ring import RingBuilder


def main() -> None:
    folder, *ports = sys.argv[1:]
    for name, port in zip(("account", "container", "object"), ports, strict=True):
        builder = RingBuilder(6, 1, 1)
        builder.add_dev(
            {
                "id": 0, "region": 1, "zone": 1, "weight": 1.0, "device": "d1",
                "ip": "127.0.0.1", "port": int(port),
            }
        )  # fmt: skip
        builder.rebalance()
        builder.get_ring().save(os.path.join(folder, f"{name}.ring.gz"))


if __name__ == "__main__":
    main()
