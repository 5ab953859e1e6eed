// Meshes drawn by WebGL 2: one hidden context for all panels of a page, since a browser gives a page only about 16.
"use strict";
function meshSurface(data) { // null where there is no WebGL 2
  const LARGEST = 4096; // px of the hidden canvas, which any WebGL 2 can have

  // ---- colour scale: viridis's anchor colours, 0 to data.scale.maximum -------------------------------
  const ANCHORS = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]];
  function ramp(t) {
    const x = Math.min(Math.max(t, 0), 1) * (ANCHORS.length - 1);
    const i = Math.min(Math.floor(x), ANCHORS.length - 2);
    return ANCHORS[i].map((a, k) => a + (ANCHORS[i + 1][k] - a) * (x - i));
  }
  // ---- meshes ----------------------------------------------------------------------------------------
  function bytes(index) { // a promise of an ArrayBuffer
    const raw = atob(data.arrays[index]), packed = new Uint8Array(raw.length);
    for (let i = 0; i < raw.length; i++) packed[i] = raw.charCodeAt(i);
    return new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"))).arrayBuffer();
  }
  async function decode(mesh, faces) {
    const codes = new Uint16Array(await bytes(mesh.positions));
    const positions = new Float32Array(codes.length);
    for (let i = 0; i < codes.length; i++) positions[i] = mesh.low[i % 3] + codes[i] * mesh.step[i % 3];
    const plain = new Uint8Array(codes.length), coloured = new Uint8Array(codes.length);
    const values = mesh.values === undefined ? null : new Uint16Array(await bytes(mesh.values));
    for (let v = 0; v < codes.length / 3; v++) {
      const rgb = values ? ramp(values[v] / 65535) : mesh.colour;
      for (let k = 0; k < 3; k++) { plain[3 * v + k] = mesh.colour[k]; coloured[3 * v + k] = rgb[k]; }
    }
    return { positions, normals: vertexNormals(positions, faces), plain, coloured };
  }
  function vertexNormals(p, faces) {
    const n = new Float32Array(p.length);
    for (let f = 0; f < faces.length; f += 3) {
      const a = 3 * faces[f], b = 3 * faces[f + 1], c = 3 * faces[f + 2];
      const ux = p[b] - p[a], uy = p[b + 1] - p[a + 1], uz = p[b + 2] - p[a + 2];
      const vx = p[c] - p[a], vy = p[c + 1] - p[a + 1], vz = p[c + 2] - p[a + 2];
      const nx = uy * vz - uz * vy, ny = uz * vx - ux * vz, nz = ux * vy - uy * vx;
      for (const i of [a, b, c]) { n[i] += nx; n[i + 1] += ny; n[i + 2] += nz; }
    }
    return n;
  }
  function edgesOf(faces) {
    const lines = new faces.constructor(faces.length * 2);
    for (let f = 0, e = 0; f < faces.length; f += 3)
      for (let k = 0; k < 3; k++) { lines[e++] = faces[f + k]; lines[e++] = faces[f + (k + 1) % 3]; }
    return lines;
  }

  // ---- WebGL -----------------------------------------------------------------------------------------
  const surface = document.createElement("canvas");
  const gl = surface.getContext("webgl2", { antialias: true, failIfMajorPerformanceCaveat: true })
    || surface.getContext("webgl2", { antialias: false }); // without a GPU smooth edges would take too long
  if (!gl) return null;
  const VERTEX = `#version 300 es
    in vec3 position; in vec3 normal; in vec3 colour;
    uniform mat4 toClip; uniform mat3 toView; out vec3 n; out vec3 c;
    void main() { gl_Position = toClip * vec4(position, 1.0); n = toView * normal; c = colour; }`;
  const FRAGMENT = `#version 300 es
    precision highp float; in vec3 n; in vec3 c; uniform float flatness; out vec4 pixel;
    void main() {
      vec3 m = normalize(n); float facing = m.z < 0.0 ? 0.82 : 1.0; if (m.z < 0.0) m = -m;
      float light = 0.38 + 0.50 * max(dot(m, normalize(vec3(0.35, 0.55, 0.75))), 0.0) + 0.17 * m.z;
      pixel = vec4(c * mix(light * facing, 0.45, flatness), 1.0);
    }`;
  function shader(kind, source) {
    const s = gl.createShader(kind);
    gl.shaderSource(s, source); gl.compileShader(s);
    if (!gl.getShaderParameter(s, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(s));
    return s;
  }
  const program = gl.createProgram();
  gl.attachShader(program, shader(gl.VERTEX_SHADER, VERTEX));
  gl.attachShader(program, shader(gl.FRAGMENT_SHADER, FRAGMENT));
  gl.linkProgram(program);
  gl.useProgram(program);
  const at = name => gl.getUniformLocation(program, name);
  const uniforms = { toClip: at("toClip"), toView: at("toView"), flatness: at("flatness") };
  function buffer(target, array) {
    const b = gl.createBuffer();
    gl.bindBuffer(target, b); gl.bufferData(target, array, gl.STATIC_DRAW);
    return b;
  }
  function attribute(name, b, type, normalised) {
    const location = gl.getAttribLocation(program, name);
    gl.bindBuffer(gl.ARRAY_BUFFER, b);
    gl.enableVertexAttribArray(location);
    gl.vertexAttribPointer(location, 3, type, normalised, 0, 0);
  }
  const shapes = new Map(); // of faces that several meshes have in common, once
  function shapeOf(mesh) {
    if (!shapes.has(mesh.faces)) shapes.set(mesh.faces, bytes(mesh.faces).then(list => {
      const faces = mesh.wide ? new Uint32Array(list) : new Uint16Array(list);
      gl.bindVertexArray(null);
      return { array: faces, faces: buffer(gl.ELEMENT_ARRAY_BUFFER, faces), count: faces.length };
    }));
    return shapes.get(mesh.faces);
  }
  function edges(shape) {
    gl.bindVertexArray(null);
    return shape.edges ||= buffer(gl.ELEMENT_ARRAY_BUFFER, edgesOf(shape.array));
  }
  async function load(item) { // what a mesh needs to be drawn; once
    const shape = await shapeOf(item.mesh), m = await decode(item.mesh, shape.array);
    const positions = buffer(gl.ARRAY_BUFFER, m.positions), normals = buffer(gl.ARRAY_BUFFER, m.normals);
    const arrays = {};
    for (const kind of ["plain", "coloured"]) {
      gl.bindVertexArray(arrays[kind] = gl.createVertexArray());
      attribute("position", positions, gl.FLOAT, false);
      attribute("normal", normals, gl.FLOAT, false);
      attribute("colour", buffer(gl.ARRAY_BUFFER, m[kind]), gl.UNSIGNED_BYTE, true);
      gl.bindVertexArray(null);
    }
    item.loaded = { arrays, shape, type: item.mesh.wide ? gl.UNSIGNED_INT : gl.UNSIGNED_SHORT };
  }

  // ---- drawing: { canvas, context, items, toClip, toView } each, side by side, since what takes long is to read back ----
  function draw(panels, state) {
    const width = Math.max(...panels.map(panel => panel.canvas.width)), height = Math.max(...panels.map(panel => panel.canvas.height));
    const columns = Math.max(1, Math.floor(LARGEST / width)), rows = Math.max(1, Math.floor(LARGEST / height));
    for (let first = 0; first < panels.length; first += columns * rows) {
      const part = panels.slice(first, first + columns * rows);
      const across = Math.min(columns, part.length) * width, down = Math.ceil(part.length / columns) * height;
      if (surface.width < across || surface.height < down) { surface.width = across; surface.height = down; }
      gl.clearColor(0.97, 0.97, 0.965, 1);
      gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
      const corners = part.map((_, place) => [(place % columns) * width, Math.floor(place / columns) * height]);
      part.forEach((panel, place) => drawPanel(panel, corners[place][0], surface.height - corners[place][1] - panel.canvas.height, state));
      part.forEach(({ canvas: { width: w, height: h }, context }, place) => context.drawImage(surface, ...corners[place], w, h, 0, 0, w, h));
    }
  }
  function drawPanel({ canvas, items, toClip, toView }, left, bottom, state) {
    gl.viewport(left, bottom, canvas.width, canvas.height);
    gl.uniformMatrix4fv(uniforms.toClip, false, toClip);
    gl.uniformMatrix3fv(uniforms.toView, false, toView);
    gl.enable(gl.DEPTH_TEST);
    gl.enable(gl.POLYGON_OFFSET_FILL);
    for (const item of items) {
      if (!item.visible) continue;
      const { arrays, shape, type } = item.loaded, lines = state.wire ? edges(shape) : null;
      const behind = (item.mesh.name === "body" ? 4 : 1) + (state.wire ? 2 : 0); // cloth shows over skin, lines over both
      gl.polygonOffset(behind, 2 * behind);
      gl.uniform1f(uniforms.flatness, 0);
      gl.bindVertexArray(arrays[state.colour ? "coloured" : "plain"]);
      gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, shape.faces);
      gl.drawElements(gl.TRIANGLES, shape.count, type, 0);
      if (!lines) continue;
      gl.uniform1f(uniforms.flatness, 1);
      gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, lines);
      gl.drawElements(gl.LINES, shape.count * 2, type, 0);
    }
  }
  return { load, draw, ramp };
}
