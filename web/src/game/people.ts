import { BoxGeometry, BufferGeometry, CanvasTexture, Color, Group, Mesh, MeshLambertMaterial, Sprite, SpriteMaterial, SRGBColorSpace } from 'three';
import { OtherFlag, type FrameOutput, type Person } from '../edge/frame';
import { PoseBuffer, type Pose } from './interpolation';

/** Name tags are legible to here, in blocks. */
const NAME_BLOCKS_MAX = 48;

const part = (width: number, height: number, depth: number, x: number, y: number, z: number) => new BoxGeometry(width, height, depth).translate(x, y, z);
// Limbs hang from their joint, so that turning the mesh swings them.
const SHAPES = {
  head: part(0.46, 0.46, 0.46, 0, 0.23, 0),
  hair: part(0.5, 0.16, 0.5, 0, 0.43, 0.01),
  eye: part(0.07, 0.09, 0.02, 0, 0.22, -0.235),
  body: part(0.5, 0.62, 0.28, 0, 0.31, 0),
  arm: part(0.17, 0.6, 0.2, 0, -0.26, 0),
  hand: part(0.171, 0.14, 0.201, 0, -0.5, 0),
  leg: part(0.21, 0.66, 0.24, 0, -0.33, 0),
  shoe: part(0.22, 0.14, 0.28, 0, -0.6, -0.02),
} satisfies Record<string, BufferGeometry>;
const SKINS = [0xf1c7a0, 0xd9a074, 0xa9714b, 0x7a4c30];
const HAIRS = [0x2b2118, 0x5a3a1e, 0xb98a45, 0x8b2f1c, 0x3b3b44];

/** A colour that stays with a player: from the peer id, or the handle while that is unknown. */
export function colourOf(id: string): Color {
  const hash = hashOf(id);
  return new Color().setHSL((hash % 360) / 360, 0.62, 0.48 + ((hash >>> 9) % 10) / 100);
}

function hashOf(id: string): number {
  let hash = 2166136261;
  for (const c of id) hash = Math.imul(hash ^ c.charCodeAt(0), 16777619);
  return hash >>> 0;
}

class Figure {
  readonly group = new Group();
  readonly pose: Pose = { x: 0, y: 0, z: 0, yaw: 0, pitch: 0, speed: 0 };
  readonly buffer = new PoseBuffer();
  private readonly body = new Group();
  private readonly head = new Group();
  private readonly arms: Mesh[];
  private readonly legs: Mesh[];
  private readonly materials: MeshLambertMaterial[];
  private tag: Sprite | null = null;
  private walked = 0;
  private swing = 0;
  private bodyYaw = 0;
  label = '';

  constructor(id: string) {
    const hash = hashOf(id);
    const cloth = new MeshLambertMaterial({ color: colourOf(id) });
    const trousers = new MeshLambertMaterial({ color: colourOf(id).offsetHSL(0.08, -0.25, -0.2) });
    const skin = new MeshLambertMaterial({ color: SKINS[hash % SKINS.length] });
    const hair = new MeshLambertMaterial({ color: HAIRS[(hash >>> 4) % HAIRS.length] });
    const dark = new MeshLambertMaterial({ color: 0x1c1c22 });
    this.materials = [cloth, trousers, skin, hair, dark];

    const torso = shadowed(SHAPES.body, cloth, 0, 0.66, 0);
    this.head.position.y = 1.3;
    this.head.add(shadowed(SHAPES.head, skin), shadowed(SHAPES.hair, hair), shadowed(SHAPES.eye, dark, -0.11), shadowed(SHAPES.eye, dark, 0.11));
    this.arms = [-1, 1].map((side) => {
      const arm = shadowed(SHAPES.arm, cloth, side * 0.34, 1.24, 0);
      arm.add(shadowed(SHAPES.hand, skin));
      return arm;
    });
    this.legs = [-1, 1].map((side) => {
      const leg = shadowed(SHAPES.leg, trousers, side * 0.13, 0.67, 0);
      leg.add(shadowed(SHAPES.shoe, dark));
      return leg;
    });
    this.body.add(torso, ...this.arms, ...this.legs, this.head);
    this.group.add(this.body);
  }

  setName(label: string): void {
    if (label === this.label) return;
    this.label = label;
    this.removeTag();
    if (!label) return;
    this.tag = nameTag(label);
    this.tag.position.y = 2.16;
    this.group.add(this.tag);
  }

  animate(deltaS: number, distance: number, stale: boolean): void {
    const { pose } = this;
    this.group.position.set(pose.x, pose.y, pose.z);
    this.walked += pose.speed * deltaS;
    this.swing += (Math.min(pose.speed / 4.5, 1) - this.swing) * Math.min(1, deltaS * 10);
    // The body turns after the head, as people do.
    const difference = Math.atan2(Math.sin(pose.yaw - this.bodyYaw), Math.cos(pose.yaw - this.bodyYaw));
    this.bodyYaw += difference * Math.min(1, deltaS * (pose.speed > 0.3 ? 10 : Math.abs(difference) > 0.7 ? 6 : 0));
    this.body.rotation.y = this.bodyYaw;
    this.head.rotation.set(pose.pitch * 0.8, Math.atan2(Math.sin(pose.yaw - this.bodyYaw), Math.cos(pose.yaw - this.bodyYaw)), 0, 'YXZ');
    const phase = this.walked * 2.4;
    const idle = Math.sin(performance.now() / 900) * 0.03;
    this.legs.forEach((leg, i) => (leg.rotation.x = Math.sin(phase + i * Math.PI) * 0.75 * this.swing));
    this.arms.forEach((arm, i) => {
      arm.rotation.x = -Math.sin(phase + i * Math.PI) * 0.65 * this.swing;
      arm.rotation.z = (i === 0 ? -1 : 1) * (0.05 + idle);
    });
    this.body.position.y = Math.abs(Math.sin(phase)) * 0.05 * this.swing;
    for (const material of this.materials) {
      material.transparent = stale;
      material.opacity = stale ? 0.45 : 1;
    }
    if (this.tag) {
      this.tag.visible = distance < NAME_BLOCKS_MAX;
      // The same size on the screen from 2 to 24 blocks: readable without filling it.
      const scale = 0.05 * Math.max(2, Math.min(distance, 24));
      const { width, height } = this.tag.material.map!.image as HTMLCanvasElement;
      this.tag.scale.set((scale * width) / height, scale, 1);
    }
  }

  dispose(): void {
    for (const material of this.materials) material.dispose();
    this.removeTag();
  }

  private removeTag(): void {
    if (!this.tag) return;
    this.group.remove(this.tag);
    this.tag.material.map?.dispose();
    this.tag.material.dispose();
    this.tag = null;
  }
}

/** The other players in the picture. */
export class People {
  readonly group = new Group();
  private readonly figures = new Map<number, Figure>();
  private names = new Map<number, Person>();

  setPeople(people: readonly Person[]): void {
    this.names = new Map(people.map((p) => [p.handle, p]));
    // A figure that was made before its peer id was known gets its true colours.
    for (const [handle, figure] of this.figures) {
      const person = this.names.get(handle);
      if (person && !figure.label) this.drop(handle, figure);
    }
  }

  nameOf(handle: number): string {
    return this.names.get(handle)?.name ?? '';
  }

  peerOf(handle: number): string {
    return this.names.get(handle)?.peer ?? '';
  }

  /** Takes the others of a frame; also while the tab is hidden, so that the buffers stay fresh. */
  receive(frame: FrameOutput, nowMs: number): void {
    const tickMs = 1000 / (frame.tickRateHz || 20);
    const seen = new Set<number>();
    for (let i = 0; i < frame.otherCount; i++) {
      const other = frame.others[i]!;
      seen.add(other.handle);
      let figure = this.figures.get(other.handle);
      if (!figure) {
        figure = new Figure(this.names.get(other.handle)?.peer ?? String(other.handle));
        this.figures.set(other.handle, figure);
        this.group.add(figure.group);
      }
      figure.setName(this.nameOf(other.handle));
      if (other.flags & OtherFlag.Played) Object.assign(figure.pose, { x: other.x, y: other.y, z: other.z, yaw: other.yaw, pitch: other.pitch, speed: other.speed });
      else figure.buffer.add(other.tick, tickMs, other, nowMs);
    }
    for (const [handle, figure] of this.figures) if (!seen.has(handle)) this.drop(handle, figure);
  }

  draw(frame: FrameOutput, nowMs: number, deltaS: number, eye: { x: number; y: number; z: number }): void {
    for (let i = 0; i < frame.otherCount; i++) {
      const other = frame.others[i]!;
      const figure = this.figures.get(other.handle);
      if (!figure) continue;
      if (!(other.flags & OtherFlag.Played)) figure.buffer.sample(nowMs, figure.pose);
      const distance = Math.hypot(figure.pose.x - eye.x, figure.pose.y - eye.y, figure.pose.z - eye.z);
      figure.animate(deltaS, distance, (other.flags & OtherFlag.Stale) !== 0);
    }
  }

  private drop(handle: number, figure: Figure): void {
    this.group.remove(figure.group);
    figure.dispose();
    this.figures.delete(handle);
  }
}

function shadowed(geometry: BufferGeometry, material: MeshLambertMaterial, x = 0, y = 0, z = 0): Mesh {
  const mesh = new Mesh(geometry, material);
  mesh.position.set(x, y, z);
  mesh.castShadow = mesh.receiveShadow = true;
  return mesh;
}

function nameTag(label: string): Sprite {
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d')!;
  const font = '600 34px system-ui, sans-serif';
  context.font = font;
  canvas.width = Math.ceil(Math.min(context.measureText(label).width, 400)) + 36;
  canvas.height = 52;
  context.font = font;
  context.textBaseline = 'middle';
  context.textAlign = 'center';
  context.fillStyle = 'rgba(12, 18, 26, 0.62)';
  context.beginPath();
  context.roundRect(0, 0, canvas.width, canvas.height, 16);
  context.fill();
  context.fillStyle = '#fff';
  context.fillText(label, canvas.width / 2, canvas.height / 2 + 1, 400);
  const texture = new CanvasTexture(canvas);
  texture.colorSpace = SRGBColorSpace;
  return new Sprite(new SpriteMaterial({ map: texture, transparent: true, depthWrite: false, fog: false }));
}
