"""Both forms of a training step from the same weights, and the parts of them that are timed alone."""

from argparse import Namespace
from pathlib import Path

import torch
from published_form import published_generator
from published_loss import PublishedLoss, match_by_cdist

from garment_uv.errors import UserError
from garment_uv.losses.config import LossConfig
from garment_uv.losses.generator_loss import GeneratorLoss
from garment_uv.losses.surface import covered_normals, edge_term, laplacian_term, nearest_vertices
from garment_uv.networks.blocks import in_layout_of, recompute_residuals
from garment_uv.networks.discriminator import Discriminator
from garment_uv.networks.generator import GarmentGenerator
from garment_uv.samples.batch import Batch, collate
from garment_uv.samples.source import FolderSource, iterate_samples
from garment_uv.training.device import Precision, place
from garment_uv.training.steps import AdversarialSteps
from garment_uv.training.trial import published_architecture
from garment_uv.uv.atlas import Atlas
from garment_uv.uv.segments import class_masks, grow

FORMS = ("published", "ours_fp32", "ours")
"""The last in the precision that is fastest on the device, where that is another than fp32."""


def load_batch(folder: Path, size: int) -> tuple[Batch, Atlas]:
    """`size` samples of the validation split that between them wear as many classes as can be, and the atlas."""
    if not (folder / "manifest.json").exists():
        raise UserError(f"no dataset in {folder}: make it by 'garment data benchmark --out {folder.parent}'")
    source = FolderSource(folder)
    pool = list(iterate_samples(source, "val", 36))
    chosen, worn = [], set()
    while len(chosen) < size:
        best = max(pool, key=lambda sample: len(set(sample.vertex_classes.tolist()) - {0} - worn))
        pool = [sample for sample in pool if sample is not best]
        worn |= set(best.vertex_classes.tolist()) - {0}
        chosen.append(best)
    return collate(chosen), source.atlas()


class Form:
    """One form of the step: `step` trains once, the other methods run one part forward and backward."""

    def __init__(self, name: str, batch: Batch, atlas: Atlas, options: Namespace) -> None:
        seed, device = options.seed, torch.device(options.device)
        torch.manual_seed(seed)
        self.name, self.batch, self.device, self.layout = name, batch.to(device), device, options.layout
        features = {"base_features": options.features}
        published = published_architecture()
        generator = GarmentGenerator(published.generator.with_values(features))
        torch.manual_seed(seed + 1)
        discriminator = Discriminator(published.discriminator.with_values(features))
        kind = GeneratorLoss
        if name == "published":
            kind, self.generator = PublishedLoss, published_generator(generator).to(device)
            self.discriminator = discriminator.to(device)
        else:
            self.generator = place(generator, device, options.layout)
            self.discriminator = place(discriminator, device, options.layout)
            recompute_residuals(self.generator, options.save_memory)
        self.loss = kind(LossConfig(), atlas).to(device)
        optimisers = [
            torch.optim.Adam(network.parameters(), lr=rate, betas=(0.0, 0.9))
            for network, rate in ((self.generator, 1e-4), (self.discriminator, 4e-4))
        ]
        self.numbers = Precision(options.precision if name == "ours" else "fp32", device)
        self.step_once = AdversarialSteps(self.generator, self.discriminator, self.loss, *optimisers, self.numbers)
        self._inputs(seed)

    def _inputs(self, seed: int) -> None:
        batch, local = self.batch, self.generator.local_path
        randoms = torch.Generator().manual_seed(seed)
        size = (len(batch), self.generator.config.local.features, *batch.segments.shape[1:])
        features = in_layout_of(next(local.parameters()), torch.randn(size, generator=randoms).relu_().to(self.device))
        half = torch.bfloat16 if self.numbers.name == "bf16" else torch.float32
        self.features = features.to(half).requires_grad_()
        self.masks = class_masks(batch.segments)
        self.branch_masks = local.branches.branch_masks(grow(self.masks))
        noise = 0.005 * torch.randn(batch.displacement_uv.shape, generator=randoms).to(self.device)
        self.maps = (batch.displacement_uv + noise).requires_grad_()
        with torch.no_grad():
            read = self.loss.read_predicted(self.maps), self.loss.read_true(batch.displacement_uv)
        self.surfaces = self.loss._by_topology(*read, batch)

    def step(self) -> dict[str, torch.Tensor]:
        """One whole training step of both networks; its losses."""
        return self.step_once(self.batch)

    def branches(self) -> list[torch.Tensor]:
        """Class branches and class features, forward and backward."""
        local = self.generator.local_path
        self.features.grad = None
        with self.numbers.autocast():
            maps = local.branches(self.features, self.branch_masks)
            logits = local.class_head(self.features, self.masks)
        (maps.square().sum() + logits.square().sum()).backward()
        return [self.features.grad]

    def unwrapping(self) -> list[torch.Tensor]:
        """Vertices read from the maps, forward and backward."""
        self.maps.grad = None
        self.loss.read_predicted(self.maps).square().sum().backward()
        return [self.maps.grad]

    def matching(self) -> list[torch.Tensor]:
        """The nearest true vertex of each covered predicted vertex: where it lies."""
        found = []
        for part in self.surfaces:
            asked = (part.predicted, part.true, part.covered.vertices)
            match = match_by_cdist(*asked, self.loss.exact) if self.name == "published" else nearest_vertices(*asked)
            near = part.true.gather(0, match.unsqueeze(2).expand_as(part.true))
            found.append((near - part.predicted).norm(dim=2) * part.covered.vertices)
        return found

    def mesh_terms(self) -> list[torch.Tensor]:
        """Laplacian, edges and normals of the predicted surface, forward and backward."""
        found = []
        for part in self.surfaces:
            predicted = part.predicted.detach().requires_grad_()
            shares = [
                laplacian_term(part.operators, predicted, part.covered),
                edge_term(part.operators, predicted, part.true, part.covered),
            ]
            normals = covered_normals(part.operators, predicted, part.covered)
            (sum(share.total for share in shares) + normals[..., 0].sum()).backward()
            found.append(predicted.grad)
        return found
