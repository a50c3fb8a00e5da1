/* The graph of the map, drawn as SVG; it is moved and zoomed here, without asking the server.
   Texts are set as text, never as markup. */

const SPACE = "http://www.w3.org/2000/svg";
const REACH = { phase: 30, challenge: 13, paper: 7 }; // of a node, in the drawing's units
const EDGE = 36; // pixels kept free around the whole drawing
const LINE = 15; // height of a line of a name, in pixels
const WIDEST = 170; // of a name
const MOST_NAMES = 90;
const SURELY_NAMED = 10; // of the best supported challenges, even over other nodes
const graphs = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  const graph = graphs.get(parentElement) ?? new Graph(parentElement);
  graphs.set(parentElement, graph);
  graph.tell = (id) => setTriggerValue("open", id);
  graph.show(data);
  return () => { graph.leave(); graphs.delete(parentElement); };
}

const made = (kind, attributes = {}) => {
  const one = document.createElementNS(SPACE, kind);
  for (const [name, value] of Object.entries(attributes)) one.setAttribute(name, value);
  return one;
};

const shape = (kind) => {
  const r = REACH[kind];
  if (kind === "phase") return made("rect", { x: -r, y: -r, width: 2 * r, height: 2 * r, rx: 10 });
  if (kind === "paper") return made("path", { d: `M0 ${-r} L${r} ${r} L${-r} ${r} Z` });
  return made("circle", { r });
};

class Graph {
  constructor(root) {
    this.box = document.createElement("div");
    this.box.className = "graph";
    this.svg = made("svg", { role: "group" });
    this.world = made("g");
    this.ties = made("path", { class: "ties" });
    this.near = made("path", { class: "ties near" });
    this.dots = made("g", { class: "dots" });
    this.names = made("g", { class: "names", "aria-hidden": "true" });
    this.world.append(this.ties, this.near, this.dots);
    this.svg.append(this.world, this.names);
    this.hint = document.createElement("div");
    this.hint.className = "hint";
    this.hint.setAttribute("aria-hidden", "true");
    this.buttons = document.createElement("div");
    this.buttons.className = "buttons";
    this.box.append(this.svg, this.hint, this.buttons);
    root.append(this.box);
    this.pen = document.createElement("canvas").getContext("2d");
    this.pointers = new Map();
    this.listen();
    this.sized = new ResizeObserver(() => (this.moved ? this.place() : this.fit()));
    this.sized.observe(this.box);
  }

  leave() {
    this.sized.disconnect();
    this.box.remove();
  }

  /* Draw what is new; where only the open node is another, move nothing. */
  show(data) {
    const told = JSON.stringify([data.nodes, data.ties, data.words]);
    if (told !== this.told) {
      this.told = told;
      this.draw(data);
    }
    this.mark(data.open);
  }

  draw({ nodes, ties, words, colours }) {
    for (const kind in colours) this.box.style.setProperty(`--${kind}`, colours[kind]);
    this.pen.font = `12px ${getComputedStyle(this.box).fontFamily}`;
    this.nodes = nodes.map((node) => {
      const parts = this.wrapped(node.short);
      const wide = 1.1 * Math.max(...parts.map((line) => this.pen.measureText(line).width));
      return { ...node, lines: parts, wide, ties: [] };
    });
    this.byId = new Map(this.nodes.map((node) => [node.id, node]));
    this.best = new Set(this.nodes.filter((node) => node.kind === "challenge").slice(0, SURELY_NAMED));
    for (const [a, b] of ties) {
      const pair = [this.byId.get(a), this.byId.get(b)];
      pair.forEach((node) => node.ties.push(pair));
    }
    const all = ties.map(([a, b]) => [this.byId.get(a), this.byId.get(b)]);
    this.ties.setAttribute("d", lines(all));
    this.dots.replaceChildren(...this.nodes.map((node) => this.dot(node)));
    this.svg.setAttribute("aria-label", words.label);
    const acts = [["+", words.nearer, 1.5], ["−", words.farther, 1 / 1.5], ["⤢", words.whole, 0]];
    this.buttons.replaceChildren(...acts.map(([sign, name, by]) => this.button(sign, name, by)));
    this.reach(this.nodes[0], false);
    this.held = undefined;
    this.moved = false;
    this.fit();
    this.tellOf();
  }

  dot(node) {
    const one = made("g", {
      class: node.kind, role: "button", "aria-label": node.name, "data-id": node.id,
      transform: `translate(${node.x} ${node.y})`, tabindex: "-1",
    });
    one.append(shape(node.kind));
    node.drawn = one;
    return one;
  }

  button(sign, name, by) {
    const one = document.createElement("button");
    one.textContent = sign;
    one.title = name;
    one.setAttribute("aria-label", name);
    one.onclick = () => (by ? this.zoom(by, ...this.middle()) : this.fit());
    return one;
  }

  /* Mark the node that is open below. */
  mark(id) {
    this.open?.drawn.classList.remove("open");
    this.open?.drawn.removeAttribute("aria-current");
    this.open = this.byId.get(id);
    this.open?.drawn.classList.add("open");
    this.open?.drawn.setAttribute("aria-current", "true");
    this.place();
  }

  /* The one node that the Tab key reaches; arrows go on from it. */
  reach(node, focus = true) {
    this.reached?.drawn.setAttribute("tabindex", "-1");
    this.reached = node;
    node?.drawn.setAttribute("tabindex", "0");
    if (!node || !focus) return;
    this.held = node;
    const { width, height } = this.size(), [x, y] = this.spot(node);
    const into = (at, most) => Math.max(EDGE - at, 0) + Math.min(most - EDGE - at, 0);
    this.go(this.k, this.x + into(x, width), this.y + into(y, height));
    node.drawn.focus({ preventScroll: true });
  }

  size() { return { width: this.box.clientWidth, height: this.box.clientHeight }; }

  spot(node) { return [node.x * this.k + this.x, node.y * this.k + this.y]; }

  /* Where to zoom to: the node a person went to last, or opened, where one is in view. */
  middle() {
    const { width, height } = this.size();
    const spots = [this.held, this.open].filter(Boolean).map((node) => this.spot(node));
    return spots.find(([x, y]) => x >= 0 && x <= width && y >= 0 && y <= height) ?? [width / 2, height / 2];
  }

  /* All of it, in the middle. */
  fit() {
    const { width, height } = this.size();
    if (!width || !this.nodes?.length) return;
    const across = this.nodes.map((node) => node.x), down = this.nodes.map((node) => node.y);
    const [left, right] = [Math.min(...across), Math.max(...across)];
    const [top, bottom] = [Math.min(...down), Math.max(...down)];
    const k = Math.min(
      (width - 2 * EDGE) / Math.max(right - left, 1), (height - 2 * EDGE) / Math.max(bottom - top, 1), 1.5,
    );
    this.least = k / 2;
    this.go(k, (width - k * (left + right)) / 2, (height - k * (top + bottom)) / 2);
    this.moved = false;
  }

  zoom(by, x, y) {
    const k = Math.min(Math.max(this.k * by, this.least), 8), ratio = k / this.k;
    this.go(k, x - (x - this.x) * ratio, y - (y - this.y) * ratio);
  }

  go(k, x, y) {
    [this.k, this.x, this.y, this.moved] = [k, x, y, true];
    this.place();
  }

  /* Put everything where the view wants it, once before the next frame. */
  place() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      if (!this.k) return;
      this.world.setAttribute("transform", `translate(${this.x} ${this.y}) scale(${this.k})`);
      this.world.style.setProperty("--s", this.k ** -0.4); // nodes grow slower than distances
      this.names.replaceChildren(...this.named().map(([node, x, y]) => this.text(node, x, y)));
    });
  }

  /* The names that have room, none over another: the open node's, the phases', those of the best
     supported challenges wherever they hide least, and of the others what hides no node. */
  named() {
    const { width, height } = this.size(), taken = [], found = [];
    const rank = (node) => (node === this.open ? 0 : node.kind === "phase" ? 1 : this.best.has(node) ? 2 : 3);
    const seen = this.nodes.map((node) => [node, ...this.spot(node)])
      .filter(([, x, y]) => x >= 0 && x <= width && y >= 0 && y <= height);
    const dots = seen.map(([node, x, y]) => {
      const r = REACH[node.kind] * this.k ** 0.6;
      return { node, x, y, left: x - r, right: x + r, top: y - r, bottom: y + r };
    });
    const squares = dots.filter(({ node }) => node.kind === "phase"); // hidden by no challenge's name
    for (const dot of dots.sort((a, b) => rank(a.node) - rank(b.node))) {
      const under = (box) => (one) => one !== dot && meet(box, one);
      const sure = rank(dot.node) < 3, kept = rank(dot.node) < 2 ? taken : [...squares, ...taken];
      const free = spots(dot, width, height).filter((box) => !kept.some((one) => meet(box, one)));
      const box = sure
        ? least(free, (one) => dots.filter(under(one)).length)
        : free.find((one) => !one.aside && !dots.some(under(one)));
      if (!box) continue;
      taken.push(box);
      found.push([dot.node, (box.left + box.right) / 2, box.top]);
      if (found.length === MOST_NAMES) break;
    }
    return found;
  }

  text(node, x, y) {
    const one = made("text", { class: node.kind });
    node.lines.forEach((line, at) => {
      const part = made("tspan", { x, y: y + LINE * at + 11 });
      part.textContent = line;
      one.append(part);
    });
    return one;
  }

  /* A name in lines of `WIDEST` pixels. */
  wrapped(text) {
    const found = [""];
    for (const word of text.split(" ")) {
      const longer = found.at(-1) ? `${found.at(-1)} ${word}` : word;
      if (this.pen.measureText(longer).width <= WIDEST || !found.at(-1)) found[found.length - 1] = longer;
      else found.push(word);
    }
    return found;
  }

  /* Name a node under the mouse or the keyboard, and show what it is tied to. */
  tellOf(node) {
    this.near.setAttribute("d", node ? lines(node.ties) : "");
    this.hint.style.display = node ? "block" : "none";
    if (!node) return;
    this.hint.textContent = node.name;
    const { width } = this.size(), [x, y] = this.spot(node);
    const above = y - this.hint.offsetHeight - 18;
    this.hint.style.left = `${Math.max(4, Math.min(x + 10, width - this.hint.offsetWidth - 4))}px`;
    this.hint.style.top = `${above > 4 ? above : y + 24}px`;
  }

  at(event) {
    const one = event.target.closest?.("[data-id]");
    return one && this.byId.get(one.dataset.id);
  }

  choose(node) { this.tell(node === this.open ? "" : node.id); this.mark(node === this.open ? "" : node.id); }

  listen() {
    const { svg } = this, on = (name, act, how) => svg.addEventListener(name, act, how);
    on("click", (event) => {
      const node = !this.dragged && this.at(event);
      this.dragged = false;
      if (!node) return;
      this.reach(node);
      this.choose(node);
      if (event.pointerType === "touch") this.hint.style.display = "none"; // no finger points there now
    });
    on("pointerover", (event) => this.tellOf(this.at(event)));
    on("pointerleave", () => this.tellOf());
    on("focusin", (event) => this.tellOf(this.at(event)));
    on("focusout", () => this.tellOf());
    on("dblclick", (event) => { if (!this.at(event)) this.zoom(1.8, event.offsetX, event.offsetY); });
    // Without Ctrl the wheel scrolls the page, as everywhere.
    on("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const { left, top } = svg.getBoundingClientRect();
      this.zoom(Math.exp(-event.deltaY / 250), event.clientX - left, event.clientY - top);
    }, { passive: false });
    on("keydown", (event) => this.key(event));
    on("pointerdown", (event) => {
      this.dragged = false;
      if (event.button === 0) this.pointers.set(event.pointerId, event);
    });
    on("pointermove", (event) => this.drag(event));
    // One finger up or down scrolls the page; two are for the drawing alone.
    on("touchmove", (event) => { if (event.touches.length > 1) event.preventDefault(); }, { passive: false });
    for (const name of ["pointerup", "pointercancel"]) on(name, (event) => this.pointers.delete(event.pointerId));
  }

  /* One pointer moves the drawing, two zoom it as well. */
  drag(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    if (!event.buttons) { this.pointers.delete(event.pointerId); return; } // let go outside
    const other = [...this.pointers.values()].find((one) => one.pointerId !== event.pointerId);
    const scrolls = event.pointerType === "touch" && !other; // up and down is the page's
    const x = event.clientX - before.clientX, y = scrolls ? 0 : event.clientY - before.clientY;
    if (!this.dragged && Math.hypot(x, y) < 4) return;
    if (!this.dragged) this.svg.setPointerCapture(event.pointerId);
    this.dragged = true;
    this.tellOf();
    this.pointers.set(event.pointerId, event);
    if (!other) return this.go(this.k, this.x + x, this.y + y);
    const apart = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
    const { left, top } = this.svg.getBoundingClientRect();
    this.go(this.k, this.x + x / 2, this.y + y / 2);
    this.zoom(apart(event) / Math.max(apart(before), 1),
      (event.clientX + other.clientX) / 2 - left, (event.clientY + other.clientY) / 2 - top);
  }

  key(event) {
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const node = this.at(event), way = ways[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey || !node) return;
    if (event.key === "Enter" || event.key === " ") this.choose(node);
    else if (event.key === "+") this.zoom(1.5, ...this.spot(node));
    else if (event.key === "-") this.zoom(1 / 1.5, ...this.spot(node));
    else if (event.key === "0") this.fit();
    else if (way) this.reach(this.next(node, way) ?? node);
    else return;
    event.preventDefault();
  }

  /* The nearest node in a direction: what lies aside counts double. */
  next(from, [right, down]) {
    let best, least = Infinity;
    for (const node of this.nodes) {
      const x = node.x - from.x, y = node.y - from.y, along = x * right + y * down;
      const cost = along + 2 * Math.abs(x * down + y * right);
      if (along > 0 && cost < least) [best, least] = [node, cost];
    }
    return best;
  }
}

const meet = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

/* Where a name may stand: below its node, above, right and left of it, as far as it fits. */
const spots = ({ node, x, y, left, right, top, bottom }, width, height) => {
  const wide = node.wide + 8, tall = LINE * node.lines.length;
  const across = Math.max(0, Math.min(x - wide / 2, width - wide));
  const down = Math.max(0, Math.min(y - tall / 2, height - tall));
  return [[across, bottom + 4], [across, top - 4 - tall], [right + 2, down, true], [left - 2 - wide, down, true]]
    .map(([at, from, aside]) => ({ left: at, right: at + wide, top: from, bottom: from + tall, aside }))
    .filter((box) => box.left >= 0 && box.right <= Math.max(width, wide) && box.top >= 0 && box.bottom <= height);
};

/* The first of those that cost least. */
const least = (all, cost) => {
  const costs = all.map(cost);
  return all[costs.indexOf(Math.min(...costs))];
};

const lines = (pairs) => pairs.map(([a, b]) => `M${a.x} ${a.y}L${b.x} ${b.y}`).join("");
