// Views of meshes on a page's canvases, under one camera: nothing fetched, nothing stored. Needs surface.js.
//
// `showMeshes(data)` shows panel i of `data` (see viewer.py) on the canvas with data-panel="i". It binds what the page has
// of: buttons with data-view, #wire, #colour, the scale in #legend, and a list of meshes beside a canvas. Panels are decoded
// when they first come into sight and drawn while they are; where drawing is slow, the one that is held comes first.
"use strict";
function showMeshes(data) {
  const get = id => document.getElementById(id), root = document.documentElement;
  const FRAME_MS = 60; // of drawing at a time
  const surface = meshSurface(data);
  if (!surface) {
    const box = document.createElement("p");
    box.className = "problem";
    box.textContent = "This browser offers no WebGL 2, so the meshes cannot be drawn. The .glb files of the trial's gallery open in any 3D program.";
    get("panels").replaceWith(box);
    root.dataset.state = "no-webgl";
    return;
  }
  function drawLegend() {
    const canvas = document.createElement("canvas"), context = canvas.getContext("2d"), ticks = document.createElement("span");
    canvas.width = 200; canvas.height = 12;
    for (let x = 0; x < 200; x++) {
      context.fillStyle = `rgb(${surface.ramp(x / 199).map(Math.round).join(",")})`;
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
    const view = { canvas, panel, context: canvas.getContext("2d"), seen: false, loading: null, loaded: false, stale: false, drawn: 0 };
    view.items = panel.meshes.map(mesh => ({ mesh, visible: mesh.visible, loaded: null }));
    const list = canvas.parentElement.querySelector(".meshes");
    if (list) for (const item of view.items) list.append(toggle(item));
    control(view);
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
  function fitted({ canvas, context, items, panel }) {
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    const width = Math.max(1, Math.round(canvas.clientWidth * ratio)), height = Math.max(1, Math.round(canvas.clientHeight * ratio));
    if (canvas.width !== width || canvas.height !== height) { canvas.width = width; canvas.height = height; }
    return { canvas, context, items, ...matrices(width / height, panel) };
  }
  let held = null, waiting = false, pace = 5; // pace: ms that a panel takes
  function redraw() {
    for (const view of views) view.stale = true;
    schedule();
  }
  function schedule() {
    if (!waiting) { waiting = true; requestAnimationFrame(frame); }
  }
  function frame() { // as many panels as time allows: the one that is held, then those that waited longest
    waiting = false;
    const due = views.filter(view => view.stale && view.seen && view.loaded);
    if (!due.length) return;
    due.sort((a, b) => (b === held) - (a === held) || a.drawn - b.drawn);
    const part = due.slice(0, Math.max(1, Math.round(FRAME_MS / pace))), began = performance.now();
    surface.draw(part.map(fitted), state);
    for (const view of part) { view.stale = false; view.drawn = began; }
    pace = (performance.now() - began) / part.length;
    if (due.length > part.length) schedule(); else told();
  }
  async function show(view) {
    if (view.seen) return;
    view.seen = true;
    await (view.loading ||= Promise.all(view.items.map(surface.load)));
    view.loaded = view.stale = true;
    schedule();
  }
  function inSight({ canvas }) { // asked before the browser has told of any sight, which it can do late inside a frame
    const box = canvas.getBoundingClientRect();
    return box.top < window.innerHeight && box.bottom > 0 && box.left < window.innerWidth && box.right > 0;
  }
  const sight = new IntersectionObserver(entries => {
    for (const entry of entries) {
      const view = views.find(one => one.canvas === entry.target);
      if (entry.isIntersecting) show(view); else view.seen = false;
    }
  });
  const first = views.filter(inSight);
  function told() { // once all that was in sight at the beginning is drawn
    if (root.dataset.state || first.some(view => view.seen && !view.drawn)) return;
    root.dataset.state = "ready";
    root.dataset.readyMs = Math.round(performance.now());
  }

  // ---- orbit, move, zoom: mouse, pen and touch --------------------------------------------------------
  function control(view) {
    const canvas = view.canvas, pointers = new Map();
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
    canvas.addEventListener("pointerdown", event => { held = view; canvas.setPointerCapture(event.pointerId); pointers.set(event.pointerId, event); spread = 0; });
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, event => { pointers.delete(event.pointerId); spread = 0; });
    canvas.addEventListener("pointermove", event => {
      const before = pointers.get(event.pointerId);
      if (!before) return;
      const dx = event.clientX - before.clientX, dy = event.clientY - before.clientY;
      pointers.set(event.pointerId, event);
      if (pointers.size === 2) {
        const [a, b] = [...pointers.values()], now = Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
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
  for (const view of first) show(view);
  for (const view of views) sight.observe(view.canvas);
  if (!first.length) told();
}
