/** A small force-directed layout: nodes repel, links pull to a length, all drift to the middle. Deterministic: new nodes start on a spiral. */
export interface Body {
  id: string;
  x: number;
  y: number;
  vx: number;
  vy: number;
  /** Held where the pointer has it. */
  fixed: boolean;
}

export interface Spring {
  a: string;
  b: string;
  length: number;
}

const REPULSION = 9000;
/** Shared among the links of the end that has fewer, so that a mesh of all with all does not shrink to a knot. */
const PULL = 0.1;
const GRAVITY = 0.01;
const DAMPING = 0.82;
const SPEED_MAX = 24;

export class Layout {
  readonly bodies = new Map<string, Body>();
  private springs: Spring[] = [];
  private readonly degrees = new Map<string, number>();
  private made = 0;
  /** Mean speed in the last step; below 0.05 there is nothing to see moving. */
  energy = Infinity;

  /** Keeps the bodies that remain where they are. */
  set(ids: readonly string[], springs: readonly Spring[]): void {
    const wanted = new Set(ids);
    for (const id of this.bodies.keys()) if (!wanted.has(id)) this.remove(id);
    for (const id of ids) {
      if (this.bodies.has(id)) continue;
      const angle = this.made * 2.399963;
      const radius = 30 * Math.sqrt(this.made++);
      this.bodies.set(id, { id, x: Math.cos(angle) * radius, y: Math.sin(angle) * radius, vx: 0, vy: 0, fixed: false });
      this.energy = Infinity;
    }
    const usable = springs.filter((s) => s.a !== s.b && this.bodies.has(s.a) && this.bodies.has(s.b));
    if (usable.length !== this.springs.length) this.energy = Infinity;
    this.springs = usable;
    this.degrees.clear();
    for (const { a, b } of usable) for (const id of [a, b]) this.degrees.set(id, (this.degrees.get(id) ?? 0) + 1);
  }

  step(): void {
    const all = [...this.bodies.values()];
    for (let i = 0; i < all.length; i++) {
      const a = all[i]!;
      a.vx -= a.x * GRAVITY;
      a.vy -= a.y * GRAVITY;
      for (let j = i + 1; j < all.length; j++) {
        const b = all[j]!;
        let dx = a.x - b.x;
        let dy = a.y - b.y;
        if (dx === 0 && dy === 0) [dx, dy] = [0.1 * (i + 1), 0.1];
        const squared = Math.max(dx * dx + dy * dy, 100);
        const push = REPULSION / (squared * Math.sqrt(squared));
        a.vx += dx * push;
        a.vy += dy * push;
        b.vx -= dx * push;
        b.vy -= dy * push;
      }
    }
    for (const { a, b, length } of this.springs) {
      const from = this.bodies.get(a)!;
      const to = this.bodies.get(b)!;
      const dx = to.x - from.x;
      const dy = to.y - from.y;
      const distance = Math.hypot(dx, dy) || 1;
      const pull = ((distance - length) / distance) * (PULL / Math.min(this.degrees.get(a)!, this.degrees.get(b)!));
      from.vx += dx * pull;
      from.vy += dy * pull;
      to.vx -= dx * pull;
      to.vy -= dy * pull;
    }
    let moved = 0;
    for (const body of all) {
      body.vx *= DAMPING;
      body.vy *= DAMPING;
      const speed = Math.hypot(body.vx, body.vy);
      const limit = speed > SPEED_MAX ? SPEED_MAX / speed : 1;
      if (body.fixed) {
        body.vx = body.vy = 0;
        continue;
      }
      body.x += body.vx * limit;
      body.y += body.vy * limit;
      moved += Math.min(speed, SPEED_MAX);
    }
    this.energy = all.length === 0 ? 0 : moved / all.length;
  }

  private remove(id: string): void {
    this.bodies.delete(id);
    this.energy = Infinity;
  }
}
