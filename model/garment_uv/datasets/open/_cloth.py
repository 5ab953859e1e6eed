"""Warp kernels of the cloth: position-based dynamics by Jacobi sweeps (Mueller et al. 2007), each vertex its own.

Every kernel reads one array and writes another, so the answer does not depend on the order of vertices.
"""

import warp as wp


@wp.kernel(enable_backward=False)
def predict(
    position: wp.array(dtype=wp.vec3),
    previous: wp.array(dtype=wp.vec3),
    hang: wp.array(dtype=wp.float32),
    carried: wp.array(dtype=wp.vec3),
    gravity: float,
    damping: float,
    out: wp.array(dtype=wp.vec3),
):
    """Inertia and gravity for what hangs; what sits on the body is `carried` along with it."""
    i = wp.tid()
    h = hang[i]
    inertia = (position[i] - previous[i]) * damping + wp.vec3(0.0, 0.0, gravity)
    out[i] = position[i] + inertia * h + carried[i] * (1.0 - h)


@wp.kernel(enable_backward=False)
def relax(
    position: wp.array(dtype=wp.vec3),
    target: wp.array(dtype=wp.vec3),
    pull: wp.array(dtype=wp.float32),
    leash: wp.array(dtype=wp.float32),
    anchor: wp.array(dtype=wp.int32),
    reach: wp.array(dtype=wp.float32),
    first: wp.array(dtype=wp.int32),
    neighbour: wp.array(dtype=wp.int32),
    length: wp.array(dtype=wp.float32),
    squash: float,
    bending: float,
    out: wp.array(dtype=wp.vec3),
):
    """One sweep: edges keep their length (weakly against squashing), displacements stay smooth and near the target.

    `anchor` and `reach` keep a vertex within its own length of where its strand hangs from (Kim et al. 2012).
    """
    i = wp.tid()
    p = position[i]
    move = wp.vec3(0.0, 0.0, 0.0)
    mean = wp.vec3(0.0, 0.0, 0.0)
    start = first[i]
    end = first[i + 1]
    for k in range(start, end):
        j = neighbour[k]
        edge = position[j] - p
        size = wp.length(edge)
        excess = size - length[k]
        share = 0.5
        if excess < 0.0:
            share = 0.5 * squash
        if size > 1.0e-6:
            move += edge * (share * excess / size)
        mean += position[j] - target[j]
    count = float(wp.max(end - start, 1))
    p = p + move * (1.5 / count) + (mean / count - (position[i] - target[i])) * bending
    p = p + (target[i] - p) * pull[i]
    away = p - target[i]
    distance = wp.length(away)
    if distance > leash[i]:
        p = target[i] + away * (leash[i] / distance)
    a = anchor[i]
    if a >= 0:
        strand = p - position[a]
        taut = wp.length(strand)
        if taut > reach[i]:
            p = position[a] + strand * (reach[i] / taut)
    out[i] = p


@wp.kernel(enable_backward=False)
def collide(
    mesh: wp.uint64,
    position: wp.array(dtype=wp.vec3),
    margin: wp.array(dtype=wp.float32),
    nearby: wp.array(dtype=wp.float32),
    steep: float,
    out: wp.array(dtype=wp.vec3),
):
    """Push vertices that are inside `mesh`, or closer to it than `margin`, out along its surface normal.

    Only surface within `nearby` of a vertex is seen: the less, the quicker.
    `steep` is the least cosine between that normal and the way to the surface: it leaves alone points that lie
    beyond an open mesh's border.
    """
    i = wp.tid()
    p = position[i]
    out[i] = p
    hit = wp.mesh_query_point_no_sign(mesh, p, nearby[i])
    if hit.result:
        surface = wp.mesh_eval_position(mesh, hit.face, hit.u, hit.v)
        normal = wp.mesh_eval_face_normal(mesh, hit.face)
        away = p - surface
        height = wp.dot(away, normal)
        if height < margin[i] and wp.abs(height) >= steep * wp.length(away):
            out[i] = p + normal * (margin[i] - height)
