"""All terms of the generator's loss, weighted by config."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import torch
from torch import nn

from garment_uv.losses.adversarial import Features, PredictedMaps, adversarial_loss, feature_matching_loss
from garment_uv.losses.config import LossConfig
from garment_uv.losses.map_terms import classification_term, mesh_term, segments_loss, uv_outside_term, uv_term
from garment_uv.losses.means import MaskedMean, means_of_batch, pooled
from garment_uv.losses.picture_terms import outfit_term, parsing_term
from garment_uv.losses.surface import (
    Covered,
    SurfaceOperators,
    edge_term,
    laplacian_term,
    laplacian_true_term,
    normal_term,
)
from garment_uv.samples.batch import Batch
from garment_uv.uv.atlas import Atlas
from garment_uv.uv.sampling import MapSampler, Reading


@dataclass(frozen=True)
class _Surfaces:
    """Predicted and true surfaces of those samples of a batch that share a topology."""

    operators: SurfaceOperators
    predicted: torch.Tensor
    true: torch.Tensor
    covered: Covered


_SURFACE_TERMS: dict[str, Callable[[_Surfaces], MaskedMean]] = {
    "normal": lambda part: normal_term(part.operators, part.predicted, part.true, part.covered),
    "laplacian": lambda part: laplacian_term(part.operators, part.predicted, part.covered),
    "laplacian_true": lambda part: laplacian_true_term(part.operators, part.predicted, part.true, part.covered),
    "edge": lambda part: edge_term(part.operators, part.predicted, part.true, part.covered),
}


class GeneratorLoss(nn.Module):
    """Terms of `LossConfig` for one batch; a term of weight 0 is not computed.

    `means` makes means of what the terms add up and count; see `means_of_batch`. `reading` is how predicted maps are
    read, `true_reading` true ones where the batch brings no vertices.
    """

    def __init__(
        self,
        config: LossConfig,
        atlas: Atlas,
        means: Callable[..., dict[str, torch.Tensor]] = means_of_batch,
        reading: Reading = "bilinear",
        true_reading: Reading = "bilinear",
    ) -> None:
        super().__init__()
        self.config = config
        self.means = means
        self.read_predicted = MapSampler(atlas, reading)
        self.read_true = MapSampler(atlas, true_reading)
        self.surfaces = nn.ModuleDict(
            {name: SurfaceOperators(faces, atlas.num_vertices) for name, faces in atlas.faces.items()}
            if config.normal or config.laplacian or config.laplacian_true or config.edge
            else {}
        )

    @property
    def needs_discriminator(self) -> bool:
        """Whether a term reads the discriminator's features; without one it need not be trained."""
        return self.config.adversarial > 0 or self.config.feature_matching > 0

    def forward(
        self,
        output: PredictedMaps,
        batch: Batch,
        fake_features: Features | None = None,
        real_features: Features | None = None,
    ) -> dict[str, torch.Tensor]:
        """Unweighted terms by name, and 'total', their weighted sum; scalars, float32.

        Features are the discriminator's answers to `discriminator_maps`; they may be None when `needs_discriminator` is
        False. A generator without local branches has no term 'classification'.
        """
        with torch.autocast(device_type=output.displacement.device.type, enabled=False):
            shares = {
                **self._map_terms(output, batch),
                **self._picture_terms(output, batch),
                **self._surface_terms(output, batch),
                **self._adversarial_terms(fake_features, real_features),
            }
            terms = self.means(shares, batch)
            weighted = [getattr(self.config, name) * term for name, term in terms.items()]
            terms["total"] = torch.stack(weighted).sum() if weighted else output.displacement.sum() * 0
        return terms

    def _map_terms(self, output: PredictedMaps, batch: Batch) -> dict[str, MaskedMean | torch.Tensor]:
        terms: dict[str, MaskedMean | torch.Tensor] = {}
        maps = output.displacement, batch.displacement_uv, batch.segments
        if self.config.uv:
            terms["uv"] = uv_term(*maps)
        if self.config.uv_outside:
            terms["uv_outside"] = uv_outside_term(*maps)
        if self.config.classification and output.class_logits is not None and output.class_present is not None:
            terms["classification"] = classification_term(output.class_logits, output.class_present)
        if self.config.segments:
            terms["segments"] = segments_loss(output.segment_logits, batch.segments)
        return terms

    def _picture_terms(self, output: PredictedMaps, batch: Batch) -> dict[str, MaskedMean | torch.Tensor]:
        terms: dict[str, MaskedMean | torch.Tensor] = {}
        if self.config.outfit and output.outfit_logits is not None:
            terms["outfit"] = outfit_term(output.outfit_logits, batch.vertex_classes)
        seen = output.parsing_logits, output.square
        if self.config.parsing and batch.parsing is not None and seen[0] is not None and seen[1] is not None:
            terms["parsing"] = parsing_term(seen[0], seen[1], batch.parsing)
        return terms

    def _surface_terms(self, output: PredictedMaps, batch: Batch) -> dict[str, MaskedMean]:
        if not (self.config.mesh or len(self.surfaces)):
            return {}
        terms = {}
        predicted = self.read_predicted(output.displacement)
        with torch.no_grad():
            true = batch.displacement_vertices
            if true is None:
                true = self.read_true(batch.displacement_uv)
        if self.config.mesh:
            terms["mesh"] = mesh_term(predicted, true, batch.vertex_classes)
        parts = self._by_topology(predicted, true, batch) if len(self.surfaces) else []
        chosen = {name: term for name, term in _SURFACE_TERMS.items() if getattr(self.config, name)}
        return terms | {name: pooled([term(part) for part in parts]) for name, term in chosen.items()}

    def _by_topology(self, predicted: torch.Tensor, true: torch.Tensor, batch: Batch) -> list[_Surfaces]:
        """Surfaces [V, n, 3], body plus displacement (m), of the samples of each topology in the batch."""
        parts = []
        for name in sorted(set(batch.topology)):
            if name not in self.surfaces:
                known = ", ".join(sorted(self.surfaces))
                raise ValueError(f"the atlas has no topology {name!r}, only {known}")
            samples = [index for index, topology in enumerate(batch.topology) if topology == name]
            operators = cast(SurfaceOperators, self.surfaces[name])
            body = batch.body_vertices[samples]
            parts.append(
                _Surfaces(
                    operators,
                    predicted=(body + predicted[samples]).transpose(0, 1),
                    true=(body + true[samples]).transpose(0, 1),
                    covered=operators.covered(batch.vertex_classes[samples]),
                )
            )
        return parts

    def _adversarial_terms(self, fake: Features | None, real: Features | None) -> dict[str, torch.Tensor]:
        if not self.needs_discriminator:
            return {}
        if fake is None or (real is None and self.config.feature_matching):
            raise ValueError("the adversarial and feature-matching losses need the discriminator's features")
        terms = {}
        if self.config.adversarial:
            terms["adversarial"] = adversarial_loss(fake)
        if self.config.feature_matching and real is not None:
            terms["feature_matching"] = feature_matching_loss(fake, real)
        return terms
