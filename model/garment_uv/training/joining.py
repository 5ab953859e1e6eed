"""Processes of one machine that train together: how they find each other, without Ray."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
import torch.distributed as dist

from garment_uv.errors import UserError
from garment_uv.training.device import resolve_device
from garment_uv.training.parallel import ProcessGroup
from garment_uv.training.trial import TrialConfig


@contextmanager
def joined(rank: int, config: TrialConfig, meeting: Path) -> Iterator[ProcessGroup]:
    """This process as number `rank` of `config.training.processes` on this machine, while inside.

    On CUDA with nccl, process number n on device n; on the CPU with gloo, over the loopback interface. `meeting` is a
    file that does not exist yet, the same for all. UserError where there are fewer CUDA devices than processes.
    """
    processes = config.training.processes
    on_cuda = resolve_device(config.training.device).type == "cuda"
    if on_cuda:
        check_devices(processes)
        torch.cuda.set_device(rank)
    stay_on_loopback()
    dist.init_process_group(
        "nccl" if on_cuda else "gloo", init_method=f"file://{meeting}", rank=rank, world_size=processes
    )
    try:
        yield ProcessGroup()
    finally:
        dist.destroy_process_group()


def check_devices(processes: int) -> None:
    """UserError where this machine has fewer CUDA devices than that."""
    there = torch.cuda.device_count()
    if there < processes:
        raise UserError(
            f"training.processes is {processes}, but this machine has {there} CUDA devices, one for each process: "
            "lower it, or set training.device=cpu"
        )


def stay_on_loopback() -> None:
    """Have gloo, which else looks up the host's name, talk over the loopback interface; what the user set stays."""
    for _, name in socket.if_nameindex():
        if name.startswith("lo"):
            os.environ.setdefault("GLOO_SOCKET_IFNAME", name)
            return
