"""Warp kernels of the solver: XPBD by small steps (Macklin et al. 2019), Gauss-Seidel by colours.

Within one launch no two threads write the same vertex, so the numbers do not depend on the order of threads. The same
kernels run on the CPU and on CUDA.
"""

import warp as wp

AIR = wp.constant(0.72)
"""kg/m3: half the air's density times the drag coefficient of a plate, 1.2."""
AIR_SLOW = wp.constant(0.8)
"""kg/(m2 s): what swings by less than its size stirs the air that it comes back into, and is slowed more: a plate's
coefficient is then 5 to 15 (Graham 1980)."""


@wp.struct
class Particles:
    """All vertices of all sheets: arrays [N]."""

    at: wp.array(dtype=wp.vec3)
    before: wp.array(dtype=wp.vec3)
    """Where they were when the substep began."""
    velocity: wp.array(dtype=wp.vec3)
    light: wp.array(dtype=wp.float32)
    """Inverse mass, 1/kg; 0: moved by its goal alone."""
    friction: wp.array(dtype=wp.float32)
    keeps: wp.array(dtype=wp.float32)
    """Share of its velocity that is left after a substep in still air."""
    thin: wp.array(dtype=wp.float32)
    """Area by mass, m2/kg."""
    facing: wp.array(dtype=wp.vec3)
    """Unit normal."""
    subject: wp.array(dtype=wp.int32)


@wp.struct
class Path:
    """Points that go straight from `start` to `end` within a frame: arrays [N]."""

    start: wp.array(dtype=wp.vec3)
    end: wp.array(dtype=wp.vec3)


@wp.struct
class Settling:
    """Whom each subject's cloth comes to rest on before what counts begins: arrays [subjects]."""

    along: wp.array(dtype=wp.vec3)
    """Velocity that it comes to, m/s."""
    keeps: wp.array(dtype=wp.float32)
    """Share of the velocity past that which is left after a substep."""


@wp.struct
class Links:
    """Edges and diagonals that keep their length: arrays [L], grouped by colour."""

    pair: wp.array(dtype=wp.vec2i)
    length: wp.array(dtype=wp.float32)
    compliance: wp.array(dtype=wp.float32)
    squash: wp.array(dtype=wp.float32)


@wp.struct
class Hinges:
    """Pairs of triangles that keep their angle: arrays [H], grouped by colour."""

    corners: wp.array(dtype=wp.vec4i)
    """The two opposite vertices, then the two of the edge between."""
    angle: wp.array(dtype=wp.float32)
    compliance: wp.array(dtype=wp.float32)


@wp.struct
class Contacts:
    """Vertices that a surface keeps off, and the nearest point of it: arrays [C]."""

    vertex: wp.array(dtype=wp.int32)
    nearby: wp.array(dtype=wp.float32)
    """From how far the surface is seen, metres."""
    face: wp.array(dtype=wp.int32)
    """-1: nothing near."""
    u: wp.array(dtype=wp.float32)
    v: wp.array(dtype=wp.float32)


@wp.struct
class Fans:
    """The triangles around each vertex."""

    first: wp.array(dtype=wp.int32)
    """Where each vertex' triangles begin, [N + 1]."""
    others: wp.array(dtype=wp.vec2i)
    """The triangle's two other vertices, counter-clockwise seen from outside."""


@wp.struct
class Grids:
    """Who is near whom among the vertices of each subject."""

    ids: wp.array(dtype=wp.uint64)
    first: wp.array(dtype=wp.int32)
    """Each subject's first vertex."""
    rest: wp.array(dtype=wp.vec3)
    """Where all vertices are at rest."""


@wp.kernel(enable_backward=False)
def move_surface(
    path: Path, share: float, per_second: float, points: wp.array(dtype=wp.vec3), velocities: wp.array(dtype=wp.vec3)
):
    """Put a surface at `share` of its way through the frame; `per_second` frames make its velocity."""
    i = wp.tid()
    way = path.end[i] - path.start[i]
    points[i] = path.start[i] + way * share
    velocities[i] = way * per_second


@wp.kernel(enable_backward=False)
def follow(
    p: Particles,
    vertex: wp.array(dtype=wp.int32),
    per_second: float,
    points: wp.array(dtype=wp.vec3),
    velocities: wp.array(dtype=wp.vec3),
):
    """Make some vertices of the cloth a surface for the cloth over it."""
    i = wp.tid()
    j = vertex[i]
    points[i] = p.at[j]
    velocities[i] = (p.at[j] - p.before[j]) * per_second


@wp.kernel(enable_backward=False)
def face(p: Particles, fans: Fans):
    """Which way each vertex looks."""
    i = wp.tid()
    way = wp.vec3(0.0, 0.0, 0.0)
    for k in range(fans.first[i], fans.first[i + 1]):
        pair = fans.others[k]
        way += wp.cross(p.at[pair[0]] - p.at[i], p.at[pair[1]] - p.at[i])
    p.facing[i] = wp.normalize(way)


@wp.kernel(enable_backward=False)
def predict(p: Particles, goal: Path, settling: Settling, share: float, seconds: float):
    """Go on as before, fall and be slowed by the air; fixed vertices go with their goal.

    Air resists what moves through it broadside, by `AIR` and `AIR_SLOW`, the more the thinner the cloth.
    """
    i = wp.tid()
    p.before[i] = p.at[i]
    if p.light[i] > 0.0:
        v = (p.velocity[i] + wp.vec3(0.0, 0.0, -9.81 * seconds)) * p.keeps[i]
        through = wp.dot(v, p.facing[i])
        resists = (AIR_SLOW + AIR * wp.abs(through)) * p.thin[i] * seconds
        v = v - p.facing[i] * (through * resists / (1.0 + resists))
        along = settling.along[p.subject[i]]
        v = along + (v - along) * settling.keeps[p.subject[i]]
        p.at[i] = p.at[i] + v * seconds
    else:
        p.at[i] = goal.start[i] + (goal.end[i] - goal.start[i]) * share


@wp.kernel(enable_backward=False)
def stretch(p: Particles, links: Links, first: int, per_step2: float):
    """Links go back to their length; `per_step2` is 1 / seconds^2."""
    k = first + wp.tid()
    i = links.pair[k][0]
    j = links.pair[k][1]
    d = p.at[i] - p.at[j]
    size = wp.length(d)
    light = p.light[i] + p.light[j]
    if size > 1.0e-9 and light > 0.0:
        excess = size - links.length[k]
        yielding = links.compliance[k] * per_step2
        if excess < 0.0:
            yielding = yielding * links.squash[k]
        step = d * (-excess / ((light + yielding) * size))
        p.at[i] = p.at[i] + step * p.light[i]
        p.at[j] = p.at[j] - step * p.light[j]


@wp.func
def angle_of(y: float, x: float):
    """The angle of (x, y), to 1e-5 rad; a third of the time of `atan2` (polynomial of Hastings 1955)."""
    across = wp.abs(x)
    along = wp.abs(y)
    t = wp.min(across, along) / wp.max(wp.max(across, along), 1.0e-30)
    z = t * t
    angle = t * (0.9998660 + z * (-0.3302995 + z * (0.1801410 + z * (-0.0851330 + z * 0.0208351))))
    if along > across:
        angle = 1.57079633 - angle
    if x < 0.0:
        angle = 3.14159265 - angle
    if y < 0.0:
        angle = -angle
    return angle


@wp.kernel(enable_backward=False)
def bend(p: Particles, hinges: Hinges, first: int, per_step2: float):
    """Hinges go back to their angle (gradients of Bridson et al. 2003)."""
    k = first + wp.tid()
    q = hinges.corners[k]
    a = p.at[q[0]]
    b = p.at[q[1]]
    c = p.at[q[2]]
    d = p.at[q[3]]
    n = wp.cross(c - a, d - a)
    m = wp.cross(d - b, c - b)
    n2 = wp.length_sq(n)
    m2 = wp.length_sq(m)
    size = wp.length(d - c)
    if n2 < 1.0e-14 or m2 < 1.0e-14 or size < 1.0e-6:
        return
    edge = (d - c) * (1.0 / size)
    up = n * (1.0 / n2)
    down = m * (1.0 / m2)
    ga = up * (-size)
    gb = down * (-size)
    gc = up * wp.dot(d - a, edge) + down * wp.dot(d - b, edge)
    gd = up * wp.dot(a - c, edge) + down * wp.dot(b - c, edge)
    # Both arguments carry |n||m|, so the normals need not be of unit length.
    off = angle_of(wp.dot(wp.cross(n, m), edge), wp.dot(n, m)) - hinges.angle[k]
    if off > 3.14159265:
        off = off - 6.2831853
    if off < -3.14159265:
        off = off + 6.2831853
    wa = p.light[q[0]]
    wb = p.light[q[1]]
    wc = p.light[q[2]]
    wd = p.light[q[3]]
    s = wa * wp.length_sq(ga) + wb * wp.length_sq(gb) + wc * wp.length_sq(gc) + wd * wp.length_sq(gd)
    if s > 0.0:
        step = -off / (s + hinges.compliance[k] * per_step2)
        p.at[q[0]] = a + ga * (step * wa)
        p.at[q[1]] = b + gb * (step * wb)
        p.at[q[2]] = c + gc * (step * wc)
        p.at[q[3]] = d + gd * (step * wd)


@wp.kernel(enable_backward=False)
def tether(p: Particles, anchor: wp.array(dtype=wp.int32), reach: wp.array(dtype=wp.float32)):
    """Keep a vertex within its length of where its strand hangs from (Kim et al. 2012); anchors have no tether."""
    i = wp.tid()
    j = anchor[i]
    if j >= 0 and p.light[i] > 0.0:
        d = p.at[i] - p.at[j]
        size = wp.length(d)
        if size > reach[i]:
            p.at[i] = p.at[j] + d * (reach[i] / size)


@wp.kernel(enable_backward=False)
def leash(p: Particles, goal: Path, reach: wp.array(dtype=wp.float32), share: float):
    """Keep a vertex within its `reach` of its goal; 0: it has none."""
    i = wp.tid()
    if reach[i] > 0.0:
        place = goal.start[i] + (goal.end[i] - goal.start[i]) * share
        d = p.at[i] - place
        size = wp.length(d)
        if size > reach[i]:
            p.at[i] = place + d * (reach[i] / size)


@wp.kernel(enable_backward=False)
def find_contacts(p: Particles, meshes: wp.array(dtype=wp.uint64), contacts: Contacts):
    """The point nearest to each vertex of its subject's mesh. It serves several substeps: the query is dear.

    No farther is looked than where the last point found is now, which is quicker and finds the same.
    """
    k = wp.tid()
    i = contacts.vertex[k]
    at = p.at[i]
    mesh = meshes[p.subject[i]]
    reach = contacts.nearby[k]
    last = contacts.face[k]
    if last >= 0:
        known = wp.length(at - wp.mesh_eval_position(mesh, last, contacts.u[k], contacts.v[k]))
        reach = wp.min(reach, known * 1.001 + 1.0e-6)
    contacts.face[k] = -1
    hit = wp.mesh_query_point_no_sign(mesh, at, reach)
    if hit.result:
        contacts.face[k] = hit.face
        contacts.u[k] = hit.u
        contacts.v[k] = hit.v


@wp.kernel(enable_backward=False)
def resolve_contacts(
    p: Particles, meshes: wp.array(dtype=wp.uint64), contacts: Contacts, margin: float, steep: float, seconds: float
):
    """Push vertices out to `margin` of the surface and slow what slips along it (Coulomb).

    `steep` is the least cosine between the normal and the way to the surface: points beyond an open mesh's border are
    left alone.
    """
    k = wp.tid()
    i = contacts.vertex[k]
    f = contacts.face[k]
    if p.light[i] == 0.0 or f < 0:
        return
    at = p.at[i]
    mesh = meshes[p.subject[i]]
    away = at - wp.mesh_eval_position(mesh, f, contacts.u[k], contacts.v[k])
    normal = wp.mesh_eval_face_normal(mesh, f)
    height = wp.dot(away, normal)
    if height < margin and wp.abs(height) >= steep * wp.length(away):
        depth = margin - height
        at = at + normal * depth
        slip = at - p.before[i] - wp.mesh_eval_velocity(mesh, f, contacts.u[k], contacts.v[k]) * seconds
        slip = slip - normal * wp.dot(slip, normal)
        size = wp.length(slip)
        if size > 1.0e-9:
            at = at - slip * wp.min(p.friction[i] * depth / size, 1.0)
        p.at[i] = at
        # What was inside and is put out does not fly off: cloth has no spring in it.
        rise = wp.dot(at - p.before[i] - wp.mesh_eval_velocity(mesh, f, contacts.u[k], contacts.v[k]) * seconds, normal)
        if rise > 0.0:
            p.before[i] = p.before[i] + normal * rise


@wp.kernel(enable_backward=False)
def keep_apart(
    p: Particles, grids: Grids, thickness: float, at_out: wp.array(dtype=wp.vec3), before_out: wp.array(dtype=wp.vec3)
):
    """Vertices of one subject's cloth keep `thickness` apart unless they are near at rest; a Jacobi sweep.

    They are put apart without becoming faster for it; what comes nearer is stopped, and rubs (Coulomb).
    """
    i = wp.tid()
    at = p.at[i]
    subject = p.subject[i]
    way = at - p.before[i]
    far = 4.0 * thickness * thickness
    move = wp.vec3(0.0, 0.0, 0.0)
    slower = wp.vec3(0.0, 0.0, 0.0)
    count = float(0.0)  # noqa: UP018  warp needs a dynamic variable
    if p.light[i] > 0.0:
        for own in wp.hash_grid_query(grids.ids[subject], at, thickness):
            j = grids.first[subject] + own
            if j != i:
                d = at - p.at[j]
                size = wp.length(d)
                if size < thickness and size > 1.0e-7 and wp.length_sq(grids.rest[i] - grids.rest[j]) > far:
                    share = p.light[i] / (p.light[i] + p.light[j])
                    apart = d / size
                    move += apart * ((thickness - size) * share)
                    count += 1.0
                    slip = way - (p.at[j] - p.before[j])
                    nearing = -wp.dot(slip, apart)
                    if nearing > 0.0:
                        slip = slip + apart * nearing
                        rub = wp.min(p.friction[i] * nearing / wp.max(wp.length(slip), 1.0e-9), 1.0)
                        slower += (apart * nearing - slip * rub) * share
    move = move / wp.max(count, 1.0)
    at_out[i] = at + move
    before_out[i] = p.before[i] + move - slower / wp.max(count, 1.0)


@wp.kernel(enable_backward=False)
def update_velocity(p: Particles, per_second: float, fastest: float):
    """Velocity from the way made in the substep; nothing goes faster than `fastest` m/s."""
    i = wp.tid()
    v = (p.at[i] - p.before[i]) * per_second
    size = wp.length(v)
    if size > fastest:
        v = v * (fastest / size)
        p.at[i] = p.before[i] + v / per_second
    p.velocity[i] = v
