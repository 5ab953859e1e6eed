"""One training by several processes, each with its portion of every batch, that gives what one process would.

Most terms of the loss are means over what a batch's garments cover, which differs from portion to portion. So the
processes add up what each term counts, each divides its own sum by the count of the whole batch, and gradients and
losses are sums over the processes. DistributedDataParallel expects one backward pass for each forward pass of a
network, while here the discriminator also judges in the generator's step; and a branch that no process needs must keep
no gradient at all, or Adam would move it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

import torch
import torch.distributed as dist

from garment_uv.errors import Infeasible, UserError
from garment_uv.losses.means import MaskedMean, means_of_batch
from garment_uv.samples.batch import Batch
from garment_uv.samples.batch_plan import Division

Answer = TypeVar("Answer")

BUCKET_NUMBERS = 8 * 2**20
"""Numbers of gradients that are added up at a time, 32 MiB in fp32: what this takes beside the gradients themselves."""


class Processes:
    """The processes of one training: here one that trains alone, so that nothing is to be added up."""

    division = Division()

    def device(self, chosen: torch.device) -> torch.device:
        """Where this process computes, the config's device being `chosen`."""
        return chosen

    def sum(self, tensor: torch.Tensor) -> torch.Tensor:
        """The tensor added up over all processes, in place."""
        return tensor

    def sum_gradients(self, parameters: Iterable[torch.nn.Parameter]) -> None:
        """Add up every parameter's gradient over all processes; one that has none anywhere gets none."""

    def means(self, terms: Mapping[str, MaskedMean | torch.Tensor], batch: Batch) -> dict[str, torch.Tensor]:
        """This process's parts of `means_of_batch`: they, and their gradients, add up to those of the whole batch."""
        return means_of_batch(terms, batch)

    def together(self, answer: Callable[[], Answer]) -> list[Answer]:
        """What `answer` gives in each process, by rank; where one raises Infeasible or UserError, all of them do."""
        return [answer()]


class ProcessGroup(Processes):
    """The processes of torch's default process group, which this one has joined.

    Every method but `device` waits for the others, which must call it too. On CUDA each has a device of its own, the
    current one. A process that ends makes the others fail with gloo and wait with nccl: whoever started them ends them.
    """

    def __init__(self) -> None:
        self.division = Division(dist.get_rank(), dist.get_world_size())

    def device(self, chosen: torch.device) -> torch.device:
        return torch.device("cuda", torch.cuda.current_device()) if chosen.type == "cuda" else chosen

    def sum(self, tensor: torch.Tensor) -> torch.Tensor:
        dist.all_reduce(tensor)
        return tensor

    def sum_gradients(self, parameters: Iterable[torch.nn.Parameter]) -> None:
        asked = list(parameters)
        has_one = torch.tensor([each.grad is not None for each in asked], dtype=torch.int32, device=asked[0].device)
        trained = [each for each, some in zip(asked, self.sum(has_one).tolist(), strict=True) if some]
        for parameter in trained:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        for bucket in _buckets([parameter.grad for parameter in trained if parameter.grad is not None]):
            summed = self.sum(torch.cat([gradient.flatten() for gradient in bucket]))
            parts = summed.split([gradient.numel() for gradient in bucket])
            for gradient, part in zip(bucket, parts, strict=True):
                gradient.copy_(part.view_as(gradient))

    def means(self, terms: Mapping[str, MaskedMean | torch.Tensor], batch: Batch) -> dict[str, torch.Tensor]:
        portion = batch.portion
        assert portion is not None, "each of several processes trains on a portion"
        own = float(portion.counts)
        counts = [term.count for term in terms.values() if isinstance(term, MaskedMean)]
        whole = iter(self.sum(torch.stack(counts) * portion.counts) if counts else ())
        return {
            name: own * term.total / next(whole).clamp(min=1)
            if isinstance(term, MaskedMean)
            else own * term * (portion.size / portion.whole)
            for name, term in terms.items()
        }

    def together(self, answer: Callable[[], Answer]) -> list[Answer]:
        given: Answer | None = None
        refused: Exception | None = None
        try:
            given = answer()
        except (Infeasible, UserError) as error:
            refused = error
        answers: list[tuple] = [(None, None)] * self.division.processes
        dist.all_gather_object(answers, (given, refused))
        for _, refusal in answers:
            if refusal is not None:
                raise refusal
        return [given for given, _ in answers]


ALONE = Processes()


def _buckets(gradients: list[torch.Tensor]) -> Iterator[list[torch.Tensor]]:
    """The gradients in their order, in lists of one type and of at most `BUCKET_NUMBERS`, a larger one by itself."""
    bucket: list[torch.Tensor] = []
    for gradient in gradients:
        held = sum(each.numel() for each in bucket)
        if bucket and (held + gradient.numel() > BUCKET_NUMBERS or gradient.dtype != bucket[0].dtype):
            yield bucket
            bucket = []
        bucket.append(gradient)
    if bucket:
        yield bucket
