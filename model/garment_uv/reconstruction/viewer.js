// Meshes on a page's canvases, under one camera: plain WebGL 2, nothing fetched, nothing stored.
//
// `showMeshes(data)` draws panel i of `data` (see viewer.py) on the canvas with data-panel="i". It binds what the page
// has of: buttons with data-view, #wire, #colour, the scale in #legend, and a list of meshes beside a canvas.
// A browser gives a page only about 16 WebGL contexts, so one hidden context draws every panel, and only the panels that
// are in sight; what a panel needs is decoded when it first comes into sight.
"use strict";
function showMeshes(data) {
  const get = id => document.getElementById(id), root = document.documentElement;

  // ---- colour scale: viridis's anchor colours, 0 to data.scale.maximum -------------------------------
  const ANCHORS = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]];
  function ramp(t) {
    const x = Math.min(Math.max(t, 0), 1) * (ANCHORS.length - 1);
    const i = Math.min(Math.floor(x), ANCHORS.length - 2);
    return ANCHORS[i].map((a, k) => a + (ANCHORS[i + 1][k] - a) * (x - i));
  }
  function drawLegend() {
    const canvas = document.createElement("canvas"), context = canvas.getContext("2d"), ticks = document.createElement("span");
    canvas.width = 200; canvas.height = 12;
    for (let x = 0; x < 200; x++) {
      context.fillStyle = `rgb(${ramp(x / 199).map(Math.round).join(",")})`;
      context.fillRect(x, 0, 1, 12);
    }
    for (const share of [0, 0.25, 0.5, 0.75, 1]) {
      const tick = document.createElement("span");
      tick.textContent = (share === 1 ? "≥ " : "") + Number((share * data.scale.maximum).toPrecision(3));
      ticks.append(tick);
    }
    const scale = document.createElement("span"), label = document.createElement("span");
    scale.className = "scale"; ticks.className = "ticks";
    scale.append(canvas, ticks);
    label.textContent = data.scale.label;
    get("legend").append(label, scale);
    get("legend").style.display = "flex";
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
  const gl = surface.getContext("webgl2", { antialias: true, preserveDrawingBuffer: true });
  if (!gl) {
    const box = document.createElement("p");
    box.className = "problem";
    box.textContent = "This browser offers no WebGL 2, so the meshes cannot be drawn. The .glb files of the trial's gallery open in any 3D program.";
    get("panels").replaceWith(box);
    root.dataset.state = "no-webgl";
    return;
  }
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
  async function upload(item) {
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

  // ---- one camera for all panels; z is up, the picture's camera looks along -x. Lengths in radii of what is seen ------
  const VIEWS = { front: 0, left: Math.PI / 2, back: Math.PI, right: -Math.PI / 2 };
  const start = { turn: 0, tilt: 0.08, distance: 2.65, shift: [0, 0] };
  let camera = { ...start };
  function axes() {
    const ct = Math.cos(camera.turn), st = Math.sin(camera.turn), ce = Math.cos(camera.tilt), se = Math.sin(camera.tilt);
    return { right: [-st, ct, 0], up: [-se * ct, -se * st, ce], back: [ce * ct, ce * st, se] };
  }
  function matrices(aspect, { centre: c, radius }) {
    const { right, up, back } = axes(), d = camera.distance * radius;
    const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
    const near = Math.max(d - 2.5 * radius, d * 0.02), far = d + 2.5 * radius;
    const f = 1 / Math.tan(0.36), fx = aspect < 1 ? f : f / aspect, fy = aspect < 1 ? f * aspect : f;
    const A = -(far + near) / (far - near), B = -2 * far * near / (far - near);
    const tx = -dot(right, c) + camera.shift[0] * radius, ty = -dot(up, c) + camera.shift[1] * radius, tz = -dot(back, c) - d;
    const m = new Float32Array(16), r = new Float32Array(9);
    for (let k = 0; k < 3; k++) {
      m[4 * k] = fx * right[k]; m[4 * k + 1] = fy * up[k]; m[4 * k + 2] = A * back[k]; m[4 * k + 3] = -back[k];
      r[3 * k] = right[k]; r[3 * k + 1] = up[k]; r[3 * k + 2] = back[k];
    }
    m[12] = fx * tx; m[13] = fy * ty; m[14] = A * tz + B; m[15] = -tz;
    return { toClip: m, toView: r };
  }

  // ---- panels ----------------------------------------------------------------------------------------
  const state = { wire: false, colour: true };
  const views = [...document.querySelectorAll("canvas[data-panel]")].map(canvas => {
    const panel = data.panels[canvas.dataset.panel];
    const view = { canvas, panel, context: canvas.getContext("2d"), seen: false, loading: null };
    view.items = panel.meshes.map(mesh => ({ mesh, visible: mesh.visible, loaded: null }));
    const list = canvas.parentElement.querySelector(".meshes");
    if (list) for (const item of view.items) list.append(toggle(item));
    control(canvas);
    return view;
  });
  function toggle(item) {
    const label = document.createElement("label"), box = document.createElement("input"), swatch = document.createElement("span");
    box.type = "checkbox"; box.checked = item.visible;
    box.addEventListener("change", () => { item.visible = box.checked; redraw(); });
    swatch.className = "swatch"; swatch.style.background = `rgb(${item.mesh.colour.join(",")})`;
    label.append(box, swatch, `${item.mesh.name} (${item.mesh.vertices.toLocaleString("en")} vertices)`);
    return label;
  }
  function drawPanel({ canvas, context, panel, items }) {
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    const width = Math.max(1, Math.round(canvas.clientWidth * ratio)), height = Math.max(1, Math.round(canvas.clientHeight * ratio));
    if (canvas.width !== width || canvas.height !== height) { canvas.width = width; canvas.height = height; }
    if (surface.width !== width || surface.height !== height) { surface.width = width; surface.height = height; }
    gl.viewport(0, 0, width, height);
    gl.clearColor(0.97, 0.97, 0.965, 1);
    gl.enable(gl.DEPTH_TEST);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    const { toClip, toView } = matrices(width / height, panel);
    gl.uniformMatrix4fv(uniforms.toClip, false, toClip);
    gl.uniformMatrix3fv(uniforms.toView, false, toView);
    gl.enable(gl.POLYGON_OFFSET_FILL);
    for (const item of items) {
      if (!item.visible || !item.loaded) continue;
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
    context.drawImage(surface, 0, 0);
  }
  let waiting = false;
  function redraw() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; views.filter(view => view.seen).forEach(drawPanel); });
  }
  function inSight(canvas) { // asked before the browser has told of any sight, which it can do late inside a frame
    const box = canvas.getBoundingClientRect();
    return box.top < window.innerHeight && box.bottom > 0 && box.left < window.innerWidth && box.right > 0;
  }
  async function show(view) {
    view.seen = true;
    await (view.loading ||= Promise.all(view.items.map(upload)));
    if (view.seen) drawPanel(view);
  }
  const sight = new IntersectionObserver(entries => {
    for (const entry of entries) {
      const view = views.find(one => one.canvas === entry.target);
      if (entry.isIntersecting) show(view); else view.seen = false;
    }
  });

  // ---- orbit, move, zoom: mouse, pen and touch --------------------------------------------------------
  function control(canvas) {
    const held = new Map();
    let spread = 0;
    const zoom = factor => { camera.distance = Math.min(Math.max(camera.distance * factor, 0.15), 30); };
    const move = (dx, dy) => {
      const scale = 2 * Math.tan(0.36) * camera.distance / Math.min(canvas.clientHeight, canvas.clientWidth);
      camera.shift = [camera.shift[0] + dx * scale, camera.shift[1] - dy * scale];
    };
    canvas.addEventListener("contextmenu", event => event.preventDefault());
    canvas.addEventListener("dblclick", () => { camera = { ...start }; redraw(); });
    canvas.addEventListener("wheel", event => {
      if (canvas.dataset.wheel === "ctrl" && !event.ctrlKey) return; // among many panels the wheel scrolls the page
      event.preventDefault(); zoom(Math.exp(event.deltaY * 0.001)); redraw();
    }, { passive: false });
    canvas.addEventListener("pointerdown", event => { canvas.setPointerCapture(event.pointerId); held.set(event.pointerId, event); spread = 0; });
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, event => { held.delete(event.pointerId); spread = 0; });
    canvas.addEventListener("pointermove", event => {
      const before = held.get(event.pointerId);
      if (!before) return;
      const dx = event.clientX - before.clientX, dy = event.clientY - before.clientY;
      held.set(event.pointerId, event);
      if (held.size === 2) {
        const [a, b] = [...held.values()], now = Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
        if (spread > 0 && now > 0) zoom(spread / now);
        spread = now;
        move(dx / 2, dy / 2);
      } else if (event.shiftKey || event.buttons === 2 || event.buttons === 4) {
        move(dx, dy);
      } else {
        camera.turn -= dx * 0.01;
        camera.tilt = Math.min(Math.max(camera.tilt + dy * 0.01, -1.55), 1.55);
      }
      redraw();
    });
  }
  for (const button of document.querySelectorAll("[data-view]"))
    button.addEventListener("click", () => { camera = { ...start, turn: VIEWS[button.dataset.view] }; redraw(); });
  for (const name of ["wire", "colour"])
    get(name).addEventListener("click", () => { state[name] = !state[name]; get(name).setAttribute("aria-pressed", state[name]); redraw(); });
  if (data.scale) drawLegend(); else get("colour").style.display = "none";
  new ResizeObserver(redraw).observe(get("panels"));
  views.forEach(view => sight.observe(view.canvas));
  Promise.all(views.filter(view => inSight(view.canvas)).map(show)).then(() => {
    root.dataset.state = "ready";
    root.dataset.readyMs = Math.round(performance.now());
  });
}
