/** The map: pan, zoom, hover, choose. */
function map(gallery) {
  const SIDE = 64, MOST = 60;
  const canvas = one(".map canvas"), context = canvas.getContext("2d"), tip = one(".map .tip");
  const colours = labelColours(gallery.labels.length), total = gallery.label.length;
  const sheet = discs(gallery, SIDE, () => redraw());
  const zeros = new Array(total).fill(0);
  const pairs = gallery.points.length > 2 ? [[0, 1], [0, 2], [1, 2]] : [[0, 1]];
  let pair = pairs[0], x = coordinate(0), y = coordinate(1), width = 0, height = 0;
  let zoom = 1, centreX = 0, centreY = 0, fit = 1, middle = [0, 0], over = -1, frame = 0;
  const labels = legend(gallery, colours, filtered);
  const finder = find(gallery, words => { labels.offer(words); filtered(); }, index => panel.choose(index));
  const filter = { shows: index => labels.shows(index) && finder.shows(index), clear: () => { labels.clear(); finder.clear(); } };
  const panel = neighbourPanel(gallery, () => { reveal(panel.chosen()); redraw(); });

  function coordinate(component) { return [...(gallery.points[component] || zeros)]; }
  const screenX = index => width / 2 + (x[index] - centreX) * fit * zoom;
  const screenY = index => height / 2 - (y[index] - centreY) * fit * zoom;
  const size = () => Math.min(88, Math.max(16, Math.min(34, Math.sqrt(width * height / gallery.pictures))) * zoom ** .6);
  const dot = () => Math.min(9, 2.5 * zoom ** .4 * (total > 20000 ? .8 : 1.2));
  const redraw = () => { frame ||= requestAnimationFrame(draw); };

  function frameAll(targetX, targetY) {
    const [left, right] = extent(targetX), [low, high] = extent(targetY);
    middle = [(left + right) / 2, (low + high) / 2];
    fit = Math.min((width - 48) / (right - left || 1), (height - 64) / (high - low || 1));
  }
  function extent(values) { return values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]); }
  function reset() { zoom = 1; [centreX, centreY] = middle; moved(); }
  function moved() { canvas.classList.toggle("zoomed", zoom > 1); hideTip(); redraw(); }
  function zoomBy(factor, atX = width / 2, atY = height / 2) {
    const next = Math.min(MOST, Math.max(1, zoom * factor)), change = 1 / zoom - 1 / next;
    centreX += (atX - width / 2) / fit * change;
    centreY -= (atY - height / 2) / fit * change;
    zoom = next;
    if (zoom === 1) reset(); else moved();
  }
  function panBy(right, down) { centreX -= right / fit / zoom; centreY += down / fit / zoom; moved(); }
  const inView = index => { const atX = screenX(index), atY = screenY(index); return atX > 0 && atX < width && atY > 0 && atY < height; };
  /** Photographs that a filter leaves are of no use outside of the window. */
  function filtered() {
    let seen = false;
    for (let index = 0; index < total && !seen; index += 1) seen = filter.shows(index) && inView(index);
    if (!seen) reset();
    redraw();
  }
  function reveal(index) {
    const margin = 40, atX = screenX(index), atY = screenY(index);
    if (atX < margin || atX > width - margin || atY < margin || atY > height - margin) { centreX = x[index]; centreY = y[index]; }
  }

  function point(index, side, colour) {
    context.fillStyle = colour;
    context.fillRect(screenX(index) - side / 2, screenY(index) - side / 2, side, side);
  }
  function disc(index, diameter, ring, colour) {
    const atX = screenX(index), atY = screenY(index);
    if (atX < -diameter || atX > width + diameter || atY < -diameter || atY > height + diameter) return;
    const column = index % gallery.columns, row = Math.floor(index / gallery.columns);
    if (sheet.width && index < gallery.pictures) context.drawImage(sheet, column * SIDE, row * SIDE, SIDE, SIDE, atX - diameter / 2, atY - diameter / 2, diameter, diameter);
    context.beginPath();
    context.arc(atX, atY, diameter / 2, 0, 2 * Math.PI);
    context.lineWidth = ring;
    context.strokeStyle = colour;
    context.stroke();
  }
  function axes(style) {
    const zeroX = width / 2 - centreX * fit * zoom, zeroY = height / 2 + centreY * fit * zoom;
    context.strokeStyle = style.getPropertyValue("--line");
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(0, zeroY); context.lineTo(width, zeroY);
    context.moveTo(zeroX, 0); context.lineTo(zeroX, height);
    context.stroke();
  }
  function axisNames(style) {
    const name = component => `component ${component + 1}: ${(100 * (page.explained[component] || 0)).toFixed(1)}% of the variance`;
    context.fillStyle = style.getPropertyValue("--soft");
    context.font = "12px system-ui, sans-serif";
    context.textAlign = "right";
    context.strokeStyle = style.getPropertyValue("--card");
    context.lineWidth = 4;
    context.lineJoin = "round";
    const write = (text, atX, atY) => { context.strokeText(text, atX, atY); context.fillText(text, atX, atY); };
    write(`${name(pair[0])} →`, width - 10, height - 10);
    context.save();
    context.translate(16, 10);
    context.rotate(-Math.PI / 2);
    if (gallery.points[pair[1]]) write(`${name(pair[1])} →`, 0, 0);
    context.restore();
  }
  function drawChoice(style, diameter) {
    const chosen = panel.chosen(), near = panel.neighbours();
    const same = style.getPropertyValue("--same"), other = style.getPropertyValue("--other");
    const isSame = index => gallery.label[index] === gallery.label[chosen];
    context.lineWidth = 2.5;
    for (const index of near) {
      context.setLineDash(isSame(index) ? [] : [6, 4]);
      context.strokeStyle = isSame(index) ? same : other;
      context.beginPath();
      context.moveTo(screenX(chosen), screenY(chosen));
      context.lineTo(screenX(index), screenY(index));
      context.stroke();
    }
    context.setLineDash([]);
    for (const index of [...near].reverse()) disc(index, Math.max(diameter * 1.25, 30), 3.5, isSame(index) ? same : other);
    disc(chosen, Math.max(diameter * 1.4, 36), 4.5, style.getPropertyValue("--ink"));
  }
  function draw() {
    frame = 0;
    const style = getComputedStyle(canvas), ratio = window.devicePixelRatio || 1, diameter = size();
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    axes(style);
    const hidden = style.getPropertyValue("--line"), shown = Array.from({ length: total }, (_, index) => filter.shows(index));
    for (let index = 0; index < total; index += 1) if (!shown[index]) point(index, dot(), hidden);
    for (let index = gallery.pictures; index < total; index += 1) if (shown[index]) point(index, dot(), colours[gallery.label[index]]);
    for (let index = 0; index < gallery.pictures; index += 1) {
      if (shown[index]) disc(index, diameter, Math.max(2, diameter / 14), colours[gallery.label[index]]);
    }
    if (filter.shows(panel.chosen())) drawChoice(style, diameter);
    if (over >= 0) disc(over, Math.max(diameter * 1.3, 34), 4, colours[gallery.label[over]]);
    axisNames(style);
  }

  function nearest(from, end, atX, atY, reach) {
    let best = null, least = reach * reach;
    for (let index = from; index < end; index += 1) {
      if (!filter.shows(index)) continue;
      const distance = (screenX(index) - atX) ** 2 + (screenY(index) - atY) ** 2;
      if (distance <= least) { least = distance; best = index; }
    }
    return best;
  }
  function at(clientX, clientY) {
    const box = canvas.getBoundingClientRect(), reach = Math.max(size() / 2, 12);
    // Pictures lie on top of points: those are asked first.
    return nearest(0, gallery.pictures, clientX - box.left, clientY - box.top, reach)
      ?? nearest(gallery.pictures, total, clientX - box.left, clientY - box.top, 12) ?? -1;
  }
  function hideTip() { tip.hidden = true; over = -1; canvas.classList.remove("over"); }
  function hover(index) {
    if (index === over) return;
    if (index < 0) { hideTip(); redraw(); return; }
    over = index;
    showPhotograph(gallery, tip, index);
    tip.hidden = false;
    canvas.classList.add("over");
    const gap = size() / 2 + 14, atX = screenX(index), atY = screenY(index);
    const left = atX + gap + tip.offsetWidth < width ? atX + gap : atX - gap - tip.offsetWidth;
    tip.style.transform = `translate(${Math.max(4, left)}px, ${Math.max(4, Math.min(height - tip.offsetHeight - 4, atY - tip.offsetHeight / 2))}px)`;
    redraw();
  }

  const pointers = new Map();
  let travelled = 0;
  const spread = () => { const [a, b] = [...pointers.values()]; return Math.hypot(a[0] - b[0], a[1] - b[1]); };
  const between = axis => { const points = [...pointers.values()]; return points.reduce((sum, point) => sum + point[axis], 0) / points.length; };
  canvas.addEventListener("pointerdown", event => {
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, [event.clientX, event.clientY]);
    if (pointers.size === 1) travelled = 0;
  });
  canvas.addEventListener("pointermove", event => {
    if (!pointers.has(event.pointerId)) { if (event.pointerType === "mouse") hover(at(event.clientX, event.clientY)); return; }
    const before = [between(0), between(1)], wide = pointers.size > 1 ? spread() : 0;
    pointers.set(event.pointerId, [event.clientX, event.clientY]);
    const right = between(0) - before[0], down = between(1) - before[1], box = canvas.getBoundingClientRect();
    travelled += Math.abs(right) + Math.abs(down) + Math.abs(wide ? spread() - wide : 0);
    if (travelled < 5) return;
    canvas.classList.add("dragged");
    panBy(right, down);
    if (wide) zoomBy(spread() / wide, between(0) - box.left, between(1) - box.top);
  });
  const release = event => {
    if (!pointers.delete(event.pointerId) || pointers.size) return;
    canvas.classList.remove("dragged");
    if (event.type !== "pointerup" || travelled >= 5) return;
    const index = at(event.clientX, event.clientY);
    if (index >= 0) panel.choose(index);
    hover(index);
  };
  canvas.addEventListener("pointerup", release);
  canvas.addEventListener("pointercancel", release);
  canvas.addEventListener("pointerleave", event => { if (event.pointerType === "mouse") hover(-1); });

  // A wheel that was scrolling the page goes on scrolling it when the map passes under the pointer.
  let scrolled = -1000;
  window.addEventListener("wheel", event => {
    const outwards = event.deltaY > 0 && zoom === 1;
    if (event.target !== canvas || outwards || event.timeStamp - scrolled < 250) { scrolled = event.timeStamp; return; }
    event.preventDefault();
    const box = canvas.getBoundingClientRect(), lines = event.deltaMode ? 16 : 1;
    zoomBy(Math.exp(-event.deltaY * lines * .0018), event.clientX - box.left, event.clientY - box.top);
  }, { passive: false });

  function step(right, up) {
    const from = panel.chosen();
    let best = -1, least = Infinity;
    for (let index = 0; index < total; index += 1) {
      if (index === from || !filter.shows(index)) continue;
      const dx = screenX(index) - screenX(from), dy = screenY(from) - screenY(index);
      const along = dx * right + dy * up, across = Math.abs(dx * up) + Math.abs(dy * right);
      if (along > .5 && across <= along && along + across < least) { least = along + across; best = index; }
    }
    if (best >= 0) panel.choose(best);
  }
  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  canvas.addEventListener("keydown", event => {
    const arrow = ARROWS[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (arrow && event.shiftKey) panBy(-60 * arrow[0], 60 * arrow[1]);
    else if (arrow) step(...arrow);
    else if (event.key === "+" || event.key === "=") zoomBy(1.5);
    else if (event.key === "-") zoomBy(1 / 1.5);
    else if (event.key === "0") reset();
    else return;
    event.preventDefault();
  });
  one("#atlas .toolbar").addEventListener("click", event => {
    const button = event.target.closest("[data-zoom]");
    if (!button) return;
    if (Number(button.dataset.zoom)) zoomBy(Number(button.dataset.zoom));
    else { filter.clear(); reset(); }
  });

  /** Move the photographs to their places in another pair of components. */
  function turn(next) {
    const fromX = x, fromY = y, toX = coordinate(next[0]), toY = coordinate(next[1]), begin = performance.now();
    const duration = matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 700;
    pair = next;
    frameAll(toX, toY);
    reset();
    const advance = () => {
      if (pair !== next) return;
      const elapsed = Math.min(1, (performance.now() - begin) / (duration || 1)), eased = elapsed * elapsed * (3 - 2 * elapsed);
      x = fromX.map((value, index) => value + (toX[index] - value) * eased);
      y = fromY.map((value, index) => value + (toY[index] - value) * eased);
      draw();
      if (elapsed < 1) requestAnimationFrame(advance);
    };
    advance();
  }
  pairs.forEach((choice, rank) => {
    const label = document.createElement("label"), input = document.createElement("input");
    input.type = "radio";
    input.name = "axes";
    input.checked = rank === 0;
    input.addEventListener("change", () => turn(choice));
    label.append(input, `${choice[0] + 1} – ${choice[1] + 1}`);
    one("#axes").append(label);
  });
  one("#axes").hidden = pairs.length < 2;

  one("#atlas").hidden = false;
  new ResizeObserver(() => {
    const box = canvas.getBoundingClientRect(), ratio = window.devicePixelRatio || 1;
    width = box.width;
    height = box.height;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    frameAll(x, y);
    if (zoom === 1) [centreX, centreY] = middle;
    draw();
  }).observe(canvas);
  // Not for print: what is drawn then is kept as ten thousand drawings, and takes minutes; the picture of the screen is printed.
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
}

