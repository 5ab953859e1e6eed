"""Which face of a triangle mesh each pixel shows: a z-buffer on warp, without atomics and so on the CPU alone."""

import numpy as np
import warp as wp


@wp.kernel(enable_backward=False)
def _rasterise(
    screen: wp.array(dtype=wp.vec3),
    faces: wp.array(dtype=wp.vec3i),
    bias: wp.array(dtype=wp.float32),
    nearness: wp.array2d(dtype=wp.float32),
    owner: wp.array2d(dtype=wp.int32),
):
    """Keep, per pixel, the nearest face: screen is (x px, y px, nearness); bias scales a face's nearness."""
    t = wp.tid()
    f = faces[t]
    a = screen[f[0]]
    b = screen[f[1]]
    c = screen[f[2]]
    if a[2] <= 0.0 or b[2] <= 0.0 or c[2] <= 0.0:
        return
    area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    if wp.abs(area) < 1.0e-9:
        return
    height = nearness.shape[0]
    width = nearness.shape[1]
    x_first = wp.max(int(wp.ceil(wp.min(a[0], wp.min(b[0], c[0])) - 0.5)), 0)
    x_last = wp.min(int(wp.floor(wp.max(a[0], wp.max(b[0], c[0])) - 0.5)), width - 1)
    y_first = wp.max(int(wp.ceil(wp.min(a[1], wp.min(b[1], c[1])) - 0.5)), 0)
    y_last = wp.min(int(wp.floor(wp.max(a[1], wp.max(b[1], c[1])) - 0.5)), height - 1)
    inverse = 1.0 / area
    scale = 1.0 + bias[t]
    for y in range(y_first, y_last + 1):
        py = float(y) + 0.5
        for x in range(x_first, x_last + 1):
            px = float(x) + 0.5
            wb = ((px - a[0]) * (c[1] - a[1]) - (py - a[1]) * (c[0] - a[0])) * inverse
            wc = ((b[0] - a[0]) * (py - a[1]) - (b[1] - a[1]) * (px - a[0])) * inverse
            wa = 1.0 - wb - wc
            if wa >= 0.0 and wb >= 0.0 and wc >= 0.0:
                near = (wa * a[2] + wb * b[2] + wc * c[2]) * scale
                if near > nearness[y, x]:
                    nearness[y, x] = near
                    owner[y, x] = t


def z_buffer(
    screen: np.ndarray, faces: wp.array, bias: wp.array, width: int, height: int
) -> tuple[np.ndarray, np.ndarray]:
    """Nearness float32 [height, width] and the index of the face seen, -1 for none, int32 [height, width]."""
    nearness = np.zeros((height, width), dtype=np.float32)
    owner = np.full((height, width), -1, dtype=np.int32)
    wp.launch(
        _rasterise,
        dim=len(faces),
        device="cpu",
        inputs=[warp_array(screen, wp.vec3), faces, bias],
        outputs=[warp_array(nearness, wp.float32), warp_array(owner, wp.int32)],
    )
    return nearness, owner


def warp_array(values: np.ndarray, dtype: type) -> wp.array:
    """A warp view of `values` on the CPU, without a copy."""
    return (
        wp.from_numpy(values, dtype=dtype, device="cpu")
        if values.size == 0
        else wp.array(values, dtype=dtype, device="cpu", copy=False)
    )
