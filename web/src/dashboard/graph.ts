import { Layout } from './forces';
import { formatBytes, formatMs, formatPeer, roundTrip } from './model';
import type { WorldReport } from './types';

const SVG = 'http://www.w3.org/2000/svg';
/** More nodes than this are drawn without names, more links than that without latencies. */
const LABELLED_MAX = 60;
const LATENCIES_MAX = 250;
const NODES_MAX = 400;
/** The server's node; no peer has this id. */
const TRUTH = 'truth';

interface Link {
  a: string;
  b: string;
  kind: string;
  rttMs: number | null;
  bytesPerSecond: number;
}

/** Free to the sides of the outermost nodes, for their names. */
const MARGIN_PX = { side: 46, top: 22, bottom: 40 };
const SCALE_MAX = 3.2;
const LABEL_HEIGHT_PX = 12;
const LABEL_CHARACTER_PX = 5.6;
const NAME_CHARACTER_PX = 6.8;
/** Where along its link a latency may stand, the best first. */
const LABEL_PLACES = [0.5, 0.42, 0.58, 0.34, 0.66, 0.27, 0.73];

const SIDES = ['left', 'top', 'right', 'bottom'] as const;

interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** The mesh, live, as SVG in pixels: links coloured by kind and labelled with their latency where there is room; nodes can be dragged, and the one pointed at shows its links alone. */
export class MeshGraph {
  private readonly svg: SVGSVGElement;
  private readonly links = create('g');
  private readonly labels = create('g');
  private readonly nodes = create('g');
  private readonly layout = new Layout();
  private readonly drawn = new Map<string, { group: SVGGElement; name: SVGTextElement; title: SVGTitleElement }>();
  private lines: { a: string; b: string; line: SVGLineElement; label: SVGTextElement | null }[] = [];
  /** Where labels stand, so that they stay there while there is room. */
  private readonly labelPlaces = new Map<string, number>();
  private running = false;
  private moving = false;
  private bounds: Box = { left: -100, top: -100, right: 100, bottom: 100 };
  private view = { scaleX: 1, scaleY: 1, x: 0, y: 0 };
  private dragged: string | null = null;
  private pointed: string | null = null;
  private readonly still = matchMedia('(prefers-reduced-motion: reduce)').matches;

  constructor(svg: SVGSVGElement) {
    this.svg = svg;
    svg.append(this.links, this.labels, this.nodes);
    svg.addEventListener('pointermove', (e) => this.drag(e));
    for (const name of ['pointerup', 'pointercancel'] as const) svg.addEventListener(name, () => this.drop());
    new ResizeObserver(() => this.run()).observe(svg);
  }

  show({ world, mesh, sessions }: WorldReport): void {
    const nodes = [{ id: TRUTH, label: world.name || 'server' }, ...mesh.nodes.slice(0, NODES_MAX).map((n) => ({ id: n.peer, label: formatPeer(n.peer, n.name) }))];
    const known = new Set(nodes.map((n) => n.id));
    const connected = new Set(sessions.filter((s) => s.connected).map((s) => s.peer));
    const measured = mesh.links.map((l) => ({ ...l, rttMs: roundTrip(l) }));
    const links: Link[] = [
      ...[...connected].map((peer) => ({ a: TRUTH, b: peer, kind: 'session', rttMs: null, bytesPerSecond: 0 })),
      ...measured.filter((l) => l.kind !== 'direct'),
      // Last: drawn over the others, and the first to get a place for the label.
      ...measured.filter((l) => l.kind === 'direct'),
    ].filter((l) => known.has(l.a) && known.has(l.b));
    this.layout.set(nodes.map((n) => n.id), links.map((l) => ({ a: l.a, b: l.b, length: 110 })));
    const labelled = nodes.length <= LABELLED_MAX;
    const latencies = links.length <= LATENCIES_MAX;

    for (const [id, { group }] of this.drawn) if (!known.has(id)) {
      group.remove();
      this.drawn.delete(id);
      if (this.pointed === id) this.pointed = null;
    }
    for (const node of nodes) {
      let drawn = this.drawn.get(node.id);
      if (!drawn) {
        const truth = node.id === TRUTH;
        const group = create('g');
        group.setAttribute('class', `node ${truth ? 'truth' : 'peer'}`);
        const circle = create('circle');
        circle.setAttribute('r', truth ? '13' : '9');
        const name = create('text');
        name.setAttribute('y', truth ? '28' : '23');
        const title = create('title');
        group.append(circle, name, title);
        group.addEventListener('pointerdown', (e) => {
          this.svg.setPointerCapture(e.pointerId);
          this.dragged = node.id;
          e.preventDefault();
        });
        group.addEventListener('pointerenter', () => this.point(node.id));
        group.addEventListener('pointerleave', () => this.point(null));
        this.nodes.append(group);
        drawn = { group, name, title };
        this.drawn.set(node.id, drawn);
      }
      const gone = node.id !== TRUTH && !connected.has(node.id);
      drawn.group.classList.toggle('gone', gone);
      drawn.title.textContent = node.id === TRUTH ? 'The server' : `${node.id}${gone ? ': not connected to the server' : ''}`;
      drawn.name.textContent = labelled ? node.label : '';
    }

    this.links.replaceChildren();
    this.labels.replaceChildren();
    this.lines = links.map((link) => {
      const line = create('line');
      line.setAttribute('class', `link ${['direct', 'relay', 'session'].includes(link.kind) ? link.kind : 'session'}`);
      line.style.strokeWidth = String(1 + Math.min(3, Math.log10(1 + link.bytesPerSecond / 100)));
      const title = create('title');
      title.textContent = link.kind === 'session' ? link.kind : `${link.kind}: ${latency(link.rttMs)}, ${formatBytes(link.bytesPerSecond)}/s`;
      line.append(title);
      this.links.append(line);
      let label: SVGTextElement | null = null;
      if (latencies && link.rttMs !== null) {
        label = create('text');
        label.setAttribute('class', `latency ${link.kind}`);
        label.textContent = latency(link.rttMs);
        this.labels.append(label);
      }
      return { a: link.a, b: link.b, line, label };
    });
    for (const pair of this.labelPlaces.keys()) if (!links.some((l) => `${l.a} ${l.b}` === pair)) this.labelPlaces.delete(pair);
    this.dim();
    if (this.still) for (let i = 0; i < 300 && this.layout.energy > 0.05; i++) this.layout.step();
    this.place(this.still);
    this.run();
  }

  private run(): void {
    if (this.running) return;
    this.running = true;
    const frame = () => {
      this.layout.step();
      this.place(false);
      this.running = this.layout.energy > 0.05 || this.moving || this.dragged !== null;
      if (this.running) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }

  private place(atOnce: boolean): void {
    const { bodies } = this.layout;
    const [width, height] = [this.svg.clientWidth, this.svg.clientHeight];
    if (bodies.size === 0 || width === 0) return;
    const wanted: Box = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
    for (const { x, y } of bodies.values()) {
      wanted.left = Math.min(wanted.left, x);
      wanted.right = Math.max(wanted.right, x);
      wanted.top = Math.min(wanted.top, y);
      wanted.bottom = Math.max(wanted.bottom, y);
    }
    // The view follows gently, so that a new node does not make the picture jump, and not at all while a node is dragged.
    this.moving = !atOnce && SIDES.some((side) => Math.abs(wanted[side] - this.bounds[side]) > 0.5);
    const ease = this.dragged !== null ? 0 : atOnce ? 1 : 0.15;
    for (const side of SIDES) this.bounds[side] += (wanted[side] - this.bounds[side]) * ease;
    const { left, top, right, bottom } = this.bounds;
    const scaleX = Math.min(SCALE_MAX, (width - 2 * MARGIN_PX.side) / Math.max(1, right - left));
    const scaleY = Math.min(SCALE_MAX, (height - MARGIN_PX.top - MARGIN_PX.bottom) / Math.max(1, bottom - top));
    this.view = {
      scaleX: Math.min(scaleX, 2.5 * scaleY), scaleY: Math.min(scaleY, 2.5 * scaleX),
      x: width / 2, y: MARGIN_PX.top + (height - MARGIN_PX.top - MARGIN_PX.bottom) / 2,
    };
    const at = new Map<string, { x: number; y: number }>();
    const taken: Box[] = [];
    for (const { id, x, y } of bodies.values()) {
      const point = { x: this.view.x + (x - (left + right) / 2) * this.view.scaleX, y: this.view.y + (y - (top + bottom) / 2) * this.view.scaleY };
      at.set(id, point);
      const { group, name } = this.drawn.get(id)!;
      group.setAttribute('transform', `translate(${point.x.toFixed(1)} ${point.y.toFixed(1)})`);
      const half = (name.textContent.length * NAME_CHARACTER_PX) / 2;
      taken.push({ left: point.x - 12, right: point.x + 12, top: point.y - 12, bottom: point.y + 12 });
      if (half > 0) taken.push({ left: point.x - half, right: point.x + half, top: point.y + 12, bottom: point.y + 28 });
    }
    for (const { a, b, line } of this.lines) {
      const [from, to] = [at.get(a)!, at.get(b)!];
      line.setAttribute('x1', from.x.toFixed(1));
      line.setAttribute('y1', from.y.toFixed(1));
      line.setAttribute('x2', to.x.toFixed(1));
      line.setAttribute('y2', to.y.toFixed(1));
    }
    for (let i = this.lines.length - 1; i >= 0; i--) this.placeLabel(this.lines[i]!, at, taken);
  }

  /** A latency stands where it covers no name and no other latency, or not at all. */
  private placeLabel({ a, b, label }: (typeof this.lines)[number], at: Map<string, { x: number; y: number }>, taken: Box[]): void {
    if (!label) return;
    const [from, to] = [at.get(a)!, at.get(b)!];
    const half = (label.textContent.length * LABEL_CHARACTER_PX) / 2;
    const pair = `${a} ${b}`;
    const shown = this.pointed === null || this.pointed === a || this.pointed === b;
    const before = this.labelPlaces.get(pair);
    const place = !shown ? undefined : [...(before === undefined ? [] : [before]), ...LABEL_PLACES].find((part) => {
      const [x, y] = [from.x + (to.x - from.x) * part, from.y + (to.y - from.y) * part];
      const box = { left: x - half, right: x + half, top: y - LABEL_HEIGHT_PX / 2, bottom: y + LABEL_HEIGHT_PX / 2 };
      if (taken.some((t) => t.left < box.right && t.right > box.left && t.top < box.bottom && t.bottom > box.top)) return false;
      taken.push(box);
      label.setAttribute('x', x.toFixed(1));
      label.setAttribute('y', (y + 3.5).toFixed(1));
      return true;
    });
    if (place !== undefined) this.labelPlaces.set(pair, place);
    label.setAttribute('visibility', place === undefined ? 'hidden' : 'visible');
  }

  private point(id: string | null): void {
    if (this.dragged !== null) return;
    this.pointed = id;
    this.dim();
    this.run();
  }

  private dim(): void {
    for (const { a, b, line } of this.lines) line.classList.toggle('dim', this.pointed !== null && this.pointed !== a && this.pointed !== b);
  }

  private drag(event: PointerEvent): void {
    const body = this.dragged === null ? undefined : this.layout.bodies.get(this.dragged);
    if (!body) return;
    const frame = this.svg.getBoundingClientRect();
    body.fixed = true;
    body.x = (event.clientX - frame.left - this.view.x) / this.view.scaleX + (this.bounds.left + this.bounds.right) / 2;
    body.y = (event.clientY - frame.top - this.view.y) / this.view.scaleY + (this.bounds.top + this.bounds.bottom) / 2;
    this.run();
  }

  private drop(): void {
    const body = this.dragged === null ? undefined : this.layout.bodies.get(this.dragged);
    if (body) body.fixed = false;
    this.dragged = null;
    this.run();
  }
}

/** Peers measure whole milliseconds. */
const latency = (rttMs: number | null) => (rttMs === 0 ? '< 1 ms' : formatMs(rttMs));

function create<K extends keyof SVGElementTagNameMap>(name: K): SVGElementTagNameMap[K] {
  return document.createElementNS(SVG, name);
}
