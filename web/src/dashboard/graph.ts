import { Layout } from './forces';
import { formatBytes, formatMs, formatPeer } from './model';
import type { WorldReport } from './types';

const SVG = 'http://www.w3.org/2000/svg';
/** More nodes than this are laid out without names and latencies. */
const LABELLED_MAX = 60;
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

/** The mesh, live, as SVG: links coloured by kind and labelled with their latency; nodes can be dragged. */
export class MeshGraph {
  private readonly svg: SVGSVGElement;
  private readonly links = create('g');
  private readonly labels = create('g');
  private readonly nodes = create('g');
  private readonly layout = new Layout();
  private readonly drawn = new Map<string, { group: SVGGElement; name: SVGTextElement }>();
  private lines: { a: string; b: string; line: SVGLineElement; label: SVGTextElement | null }[] = [];
  private running = false;
  private box = { x: -200, y: -150, w: 400, h: 300 };
  private dragged: string | null = null;
  private readonly still = matchMedia('(prefers-reduced-motion: reduce)').matches;

  constructor(svg: SVGSVGElement) {
    this.svg = svg;
    svg.append(this.links, this.labels, this.nodes);
    svg.addEventListener('pointermove', (e) => this.drag(e));
    for (const name of ['pointerup', 'pointercancel'] as const) svg.addEventListener(name, () => this.drop());
  }

  show({ world, mesh, sessions }: WorldReport): void {
    const nodes = [{ id: TRUTH, label: world.name || 'server' }, ...mesh.nodes.slice(0, NODES_MAX).map((n) => ({ id: n.peer, label: formatPeer(n.peer, n.name) }))];
    const known = new Set(nodes.map((n) => n.id));
    const links: Link[] = [
      ...sessions.filter((s) => s.connected).map((s) => ({ a: TRUTH, b: s.peer, kind: 'session', rttMs: null, bytesPerSecond: 0 })),
      ...mesh.links,
    ].filter((l) => known.has(l.a) && known.has(l.b));
    this.layout.set(nodes.map((n) => n.id), links.map((l) => ({ a: l.a, b: l.b, length: l.kind === 'session' ? 130 : 105 })));
    const labelled = nodes.length <= LABELLED_MAX;

    for (const [id, { group }] of this.drawn) if (!known.has(id)) {
      group.remove();
      this.drawn.delete(id);
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
        title.textContent = truth ? 'The server' : node.id;
        group.append(circle, name, title);
        group.addEventListener('pointerdown', (e) => {
          this.svg.setPointerCapture(e.pointerId);
          this.dragged = node.id;
          e.preventDefault();
        });
        this.nodes.append(group);
        drawn = { group, name };
        this.drawn.set(node.id, drawn);
      }
      drawn.name.textContent = labelled ? node.label : '';
    }

    this.links.replaceChildren();
    this.labels.replaceChildren();
    this.lines = links.map((link) => {
      const line = create('line');
      line.setAttribute('class', `link ${['direct', 'relay', 'session'].includes(link.kind) ? link.kind : 'session'}`);
      line.style.strokeWidth = String(1 + Math.min(3, Math.log10(1 + link.bytesPerSecond / 100)));
      const title = create('title');
      title.textContent = link.rttMs === null ? link.kind : `${link.kind}: ${formatMs(link.rttMs)}, ${formatBytes(link.bytesPerSecond)}/s`;
      line.append(title);
      this.links.append(line);
      let label: SVGTextElement | null = null;
      if (labelled && link.rttMs !== null) {
        label = create('text');
        label.setAttribute('class', `latency ${link.kind}`);
        label.textContent = formatMs(link.rttMs);
        this.labels.append(label);
      }
      return { a: link.a, b: link.b, line, label };
    });
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
      this.running = this.layout.energy > 0.05 || this.dragged !== null;
      if (this.running) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }

  private place(atOnce: boolean): void {
    const { bodies } = this.layout;
    let [left, top, right, bottom] = [-330, -170, 330, 170];
    for (const body of bodies.values()) {
      left = Math.min(left, body.x - 50);
      right = Math.max(right, body.x + 50);
      top = Math.min(top, body.y - 30);
      bottom = Math.max(bottom, body.y + 42);
      this.drawn.get(body.id)?.group.setAttribute('transform', `translate(${body.x.toFixed(1)} ${body.y.toFixed(1)})`);
    }
    for (const { a, b, line, label } of this.lines) {
      const from = bodies.get(a)!;
      const to = bodies.get(b)!;
      line.setAttribute('x1', from.x.toFixed(1));
      line.setAttribute('y1', from.y.toFixed(1));
      line.setAttribute('x2', to.x.toFixed(1));
      line.setAttribute('y2', to.y.toFixed(1));
      label?.setAttribute('x', ((from.x + to.x) / 2).toFixed(1));
      label?.setAttribute('y', ((from.y + to.y) / 2 - 4).toFixed(1));
    }
    // The view follows gently, so that a new node does not make the picture jump.
    const ease = atOnce ? 1 : 0.12;
    this.box.x += (left - this.box.x) * ease;
    this.box.y += (top - this.box.y) * ease;
    this.box.w += (right - left - this.box.w) * ease;
    this.box.h += (bottom - top - this.box.h) * ease;
    this.svg.setAttribute('viewBox', `${this.box.x.toFixed(1)} ${this.box.y.toFixed(1)} ${this.box.w.toFixed(1)} ${this.box.h.toFixed(1)}`);
  }

  private drag(event: PointerEvent): void {
    const body = this.dragged === null ? undefined : this.layout.bodies.get(this.dragged);
    const matrix = this.svg.getScreenCTM();
    if (!body || !matrix) return;
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse());
    body.fixed = true;
    body.x = at.x;
    body.y = at.y;
    this.run();
  }

  private drop(): void {
    const body = this.dragged === null ? undefined : this.layout.bodies.get(this.dragged);
    if (body) body.fixed = false;
    this.dragged = null;
    this.run();
  }
}

function create<K extends keyof SVGElementTagNameMap>(name: K): SVGElementTagNameMap[K] {
  return document.createElementNS(SVG, name);
}
