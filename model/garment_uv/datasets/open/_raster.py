"""Warp kernels of the renderer: what a pixel looks like whose face is known.

They write without atomics and so are right only on the CPU, where warp runs one thread: always launch them there.
"""

import warp as wp


@wp.func
def lit_share(
    point: wp.vec3,
    light: int,
    light_position: wp.vec3,
    axes: wp.mat33,
    focal: float,
    maps: wp.array3d(dtype=wp.float32),
):
    """Share of a 2x2 neighbourhood of the light's depth map that does not shade `point`."""
    size = maps.shape[1]
    local = axes * (point - light_position)
    lit = float(0.0)  # noqa: UP018  warp needs a dynamic variable
    if local[2] < 0.05:
        return 1.0
    x = int(float(size) * 0.5 + focal * local[0] / local[2] - 0.5)
    y = int(float(size) * 0.5 - focal * local[1] / local[2] - 0.5)
    limit = 1.0 / (local[2] - 0.02)
    for dy in range(0, 2):
        for dx in range(0, 2):
            cx = wp.clamp(x + dx, 0, size - 1)
            cy = wp.clamp(y + dy, 0, size - 1)
            if maps[light, cy, cx] <= limit:
                lit += 0.25
    return lit


@wp.kernel(enable_backward=False)
def shade(
    pixels: wp.array(dtype=wp.vec2i),
    owner: wp.array2d(dtype=wp.int32),
    screen: wp.array(dtype=wp.vec3),
    positions: wp.array(dtype=wp.vec3),
    normals: wp.array(dtype=wp.vec3),
    colours: wp.array(dtype=wp.vec3),
    faces: wp.array(dtype=wp.vec3i),
    corner_uv: wp.array2d(dtype=wp.vec2),
    face_texture: wp.array(dtype=wp.vec3i),
    face_gloss: wp.array(dtype=wp.vec3),
    texels: wp.array(dtype=wp.vec3),
    eye: wp.vec3,
    view: wp.vec3,
    orthographic: int,
    light_positions: wp.array(dtype=wp.vec3),
    light_powers: wp.array(dtype=wp.vec3),
    light_axes: wp.array(dtype=wp.mat33),
    light_focal: float,
    shadow_maps: wp.array3d(dtype=wp.float32),
    sky: wp.vec3,
    ground: wp.vec3,
    out: wp.array(dtype=wp.vec3),
):
    """Linear colour of every listed pixel: hemisphere ambient, Lambert and a soft Blinn highlight per light."""
    i = wp.tid()
    pixel = pixels[i]
    t = owner[pixel[1], pixel[0]]
    f = faces[t]
    a = screen[f[0]]
    b = screen[f[1]]
    c = screen[f[2]]
    px = float(pixel[0]) + 0.5
    py = float(pixel[1]) + 0.5
    inverse = 1.0 / ((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]))
    wb = ((px - a[0]) * (c[1] - a[1]) - (py - a[1]) * (c[0] - a[0])) * inverse
    wc = ((b[0] - a[0]) * (py - a[1]) - (b[1] - a[1]) * (px - a[0])) * inverse
    wa = 1.0 - wb - wc
    if orthographic == 0:
        wa *= a[2]
        wb *= b[2]
        wc *= c[2]
        total = wa + wb + wc
        wa /= total
        wb /= total
        wc /= total
    point = wa * positions[f[0]] + wb * positions[f[1]] + wc * positions[f[2]]
    normal = wp.normalize(wa * normals[f[0]] + wb * normals[f[1]] + wc * normals[f[2]])
    flat = wp.cross(positions[f[1]] - positions[f[0]], positions[f[2]] - positions[f[0]])
    to_eye = -view
    if orthographic == 0:
        to_eye = wp.normalize(eye - point)
    if wp.dot(flat, to_eye) < 0.0:
        normal = -normal
    albedo = wa * colours[f[0]] + wb * colours[f[1]] + wc * colours[f[2]]
    texture = face_texture[t]
    if texture[1] > 0:
        uv = wa * corner_uv[t, 0] + wb * corner_uv[t, 1] + wc * corner_uv[t, 2]
        u = uv[0] - wp.floor(uv[0])
        v = uv[1] - wp.floor(uv[1])
        column = wp.min(int(u * float(texture[1])), texture[1] - 1)
        row = wp.min(int((1.0 - v) * float(texture[2])), texture[2] - 1)
        albedo = wp.cw_mul(albedo, texels[texture[0] + row * texture[1] + column])
    blend = 0.5 + 0.5 * normal[2]
    result = wp.cw_mul(albedo, sky * blend + ground * (1.0 - blend))
    shine = face_gloss[t]
    if shine[2] > 0.0:
        turned = 1.0 - wp.abs(wp.dot(normal, to_eye))
        result += (albedo * 0.7 + wp.vec3(0.3, 0.3, 0.3)) * (shine[2] * turned * turned * turned)
    for light in range(light_positions.shape[0]):
        arm = light_positions[light] - point
        to_light = wp.normalize(arm)
        facing = wp.dot(normal, to_light)
        if facing > 0.0:
            share = lit_share(
                point + normal * 0.004, light, light_positions[light], light_axes[light], light_focal, shadow_maps
            )
            power = light_powers[light] * (share / wp.max(wp.dot(arm, arm), 0.25))
            half = wp.normalize(to_light + to_eye)
            gloss = shine[0] * wp.pow(wp.max(wp.dot(normal, half), 0.0), shine[1])
            result += wp.cw_mul(power, albedo * facing + wp.vec3(gloss, gloss, gloss))
    out[i] = result
