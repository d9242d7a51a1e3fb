import { BoxGeometry, Color, DirectionalLight, EdgesGeometry, Fog, HemisphereLight, LineBasicMaterial, LineSegments, PerspectiveCamera, PCFShadowMap, Scene, Vector3, WebGLRenderer } from 'three';
import { EYE_HEIGHT, FrameFlag, type BlockKind, type FrameOutput } from '../edge/frame';
import { AIM_BLOCKS, aimedBody, wayToBlock, type Ray } from './aim';
import { LOOKS } from './blocks';
import type { BodyTrack } from './bodies';
import { BodyMesh } from './bodyMesh';
import { ChunkField, type ChunkSource } from './chunks';
import { probeGraphics } from './graphics';
import { terrainMaterial, tileTexture } from './material';
import { People } from './people';
import type { QualityLevel } from './quality';
import { HORIZON, Sky, SUN_DIRECTION } from './sky';

const FIELD_OF_VIEW = 72;
/** Half the side of the square around the player in which the sun casts shadows, in blocks. */
const SHADOW_BLOCKS = 44;
/** A blast shakes the view of who stands this near, in blocks; next to it by so much of a block, for so long. */
const SHAKE_BLOCKS_MAX = 28;
const SHAKE_BLOCKS = 0.16;
const SHAKE_FADE_S = 0.14;
const SHAKE_MIN = 0.002;
/** The mark on a block, and on a body, whose textures have dark edges; it stands so far off a body's sides, in blocks. */
const MARK_BLOCK = new Color(0x0b0f14);
const MARK_BODY = new Color(0xfff3cf);
const MARK_OFF = 0.015;
const WATER_FOG = new Color(0x1d4f78);

/** The whole picture: terrain, sky, sun, people, the mark on what is aimed at; drawn from a frame. */
export class WorldScene {
  readonly camera = new PerspectiveCamera(FIELD_OF_VIEW, 1, 0.08, 400);
  readonly people = new People();
  readonly chunks: ChunkField;
  readonly bodies: BodyMesh;
  /** What the bodies cost in the last frames, ms. */
  bodiesMs = 0;
  /** The body under the crosshair, as it was drawn last; null where a block is nearer, or none is in reach. */
  aimed: BodyTrack | null = null;
  readonly software: boolean;
  private readonly renderer: WebGLRenderer;
  private readonly scene = new Scene();
  private readonly sky = new Sky();
  private readonly sun = new DirectionalLight(0xfff1d6, 2.5);
  private readonly fog = new Fog(HORIZON.clone(), 40, 100);
  private readonly mark: LineSegments<EdgesGeometry, LineBasicMaterial>;
  private readonly time = { value: 0 };
  private readonly still: boolean;
  private readonly drawn: boolean;
  private viewDistance = 4;
  private stepUp = 0;
  private shake = 0;
  private lastY = NaN;
  private readonly eye = new Vector3();
  private readonly ray: Ray = { x: 0, y: 0, z: 0, dx: 0, dy: 0, dz: 0 };
  /** Kinds that tint the view of an eye inside them. */
  private readonly liquids: ReadonlySet<number>;

  /** Throws where WebGL 2 is missing. Not `drawn`: everything but the drawing itself is done, for measuring where the processor draws. */
  constructor(canvas: HTMLCanvasElement, source: ChunkSource, kinds: readonly BlockKind[], drawn = true) {
    this.drawn = drawn;
    this.software = probeGraphics().software;
    this.renderer = new WebGLRenderer({ canvas, antialias: !this.software, powerPreference: 'high-performance' });
    this.still = matchMedia('(prefers-reduced-motion: reduce)').matches;
    this.renderer.shadowMap.type = PCFShadowMap;
    const texture = tileTexture();
    texture.anisotropy = this.software ? 1 : 4;
    this.chunks = new ChunkField(
      source,
      kinds,
      { opaque: terrainMaterial(texture, this.time, false), translucent: terrainMaterial(texture, this.time, true) },
      Math.max(1, Math.min(3, (navigator.hardwareConcurrency || 2) - 1)),
    );
    this.bodies = new BodyMesh(texture, kinds, this.chunks);
    this.mark = new LineSegments(new EdgesGeometry(new BoxGeometry(1.004, 1.004, 1.004)), new LineBasicMaterial({ color: MARK_BLOCK, transparent: true, opacity: 0.7 }));
    this.mark.visible = false;
    this.sun.shadow.bias = -0.0006;
    this.sun.shadow.normalBias = 0.05;
    const box = this.sun.shadow.camera;
    box.left = box.bottom = -SHADOW_BLOCKS;
    box.right = box.top = SHADOW_BLOCKS;
    box.near = 1;
    box.far = 220;
    this.scene.fog = this.fog;
    this.scene.add(new HemisphereLight(0xcfe4ff, 0xa3937b, 1.75), this.sun, this.sun.target, this.sky.mesh, this.chunks.group, this.people.group, this.bodies.mesh, this.mark);
    this.liquids = new Set(kinds.filter((k) => LOOKS[k.texture]?.liquid).map((k) => k.id));
    this.camera.rotation.order = 'YXZ';
  }

  /** Takes what a frame says of people and bodies; also while the tab is hidden, so that nothing jumps when it is seen again. */
  receive(frame: FrameOutput, nowMs: number): void {
    this.people.receive(frame, nowMs);
    const blast = this.bodies.receive(frame, nowMs);
    if (!blast || this.still) return;
    const near = 1 - Math.hypot(blast.x - this.eye.x, blast.y - this.eye.y, blast.z - this.eye.z) / SHAKE_BLOCKS_MAX;
    if (near > 0) this.shake = Math.max(this.shake, SHAKE_BLOCKS * near * Math.min(1, blast.count / 20));
  }

  setQuality(level: QualityLevel, viewDistance: number): void {
    this.viewDistance = viewDistance;
    this.sky.octaves = level.cloudOctaves;
    const shadows = level.shadowMap > 0;
    if (this.sun.castShadow !== shadows || this.sun.shadow.mapSize.x !== level.shadowMap) {
      this.renderer.shadowMap.enabled = shadows;
      this.sun.castShadow = shadows;
      this.sun.shadow.mapSize.set(level.shadowMap || 1, level.shadowMap || 1);
      this.sun.shadow.map?.dispose();
      this.sun.shadow.map = null;
    }
    this.renderer.setPixelRatio(Math.min(devicePixelRatio, level.pixelRatioMax));
    this.resize();
  }

  resize(): void {
    const { clientWidth, clientHeight } = this.renderer.domElement;
    this.renderer.setSize(clientWidth, clientHeight, false);
    this.camera.aspect = clientWidth / Math.max(1, clientHeight);
    // A tall, narrow screen sees sideways what a wide one sees.
    this.camera.fov = this.camera.aspect < 1 ? Math.min(90, FIELD_OF_VIEW + (1 - this.camera.aspect) * 24) : FIELD_OF_VIEW;
    this.camera.updateProjectionMatrix();
  }

  /** Draws the frame as seen with this yaw and pitch (the player's own view turns at once, whatever the tick). */
  draw(frame: FrameOutput, yaw: number, pitch: number, nowMs: number, deltaS: number): void {
    const t = frame.has(FrameFlag.Snap) ? 1 : frame.fraction;
    const at = (axis: 'x' | 'y' | 'z') => frame.previous[axis] + (frame.current[axis] - frame.previous[axis]) * t;
    const feetY = at('y');
    // A step up is climbed in a moment, not in an instant.
    if (frame.has(FrameFlag.OnGround) && feetY - this.lastY > 0.2 && feetY - this.lastY < 1.1) this.stepUp += feetY - this.lastY;
    this.lastY = feetY;
    this.stepUp *= Math.exp(-deltaS * 14);
    this.eye.set(at('x'), feetY + EYE_HEIGHT - this.stepUp, at('z'));
    this.camera.position.copy(this.eye);
    this.camera.rotation.set(pitch, yaw, 0);
    if (this.shake > SHAKE_MIN) {
      this.shake *= Math.exp(-deltaS / SHAKE_FADE_S);
      this.camera.position.x += Math.sin(nowMs * 0.071) * this.shake;
      this.camera.position.y += Math.sin(nowMs * 0.093 + 1) * this.shake;
      this.camera.rotation.z = Math.sin(nowMs * 0.083 + 2) * this.shake * 0.12;
    }

    if (!this.still) {
      this.time.value += deltaS;
      this.sky.time = this.time.value;
    }

    const far = this.viewDistance * 16;
    const under = frame.has(FrameFlag.InWater) && this.liquids.has(this.chunks.block(this.eye.x, this.eye.y, this.eye.z));
    this.fog.color.copy(under ? WATER_FOG : HORIZON);
    this.fog.near = under ? 1 : far * 0.5;
    this.fog.far = under ? 18 : far * 0.98;
    this.followSun();
    this.chunks.update(this.eye.x, this.eye.z, this.viewDistance);
    this.people.draw(frame, nowMs, deltaS, this.eye);
    const before = performance.now();
    this.bodies.draw(nowMs);
    this.markAimed(frame, yaw, pitch);
    this.bodiesMs += (performance.now() - before - this.bodiesMs) * 0.05;
    if (this.drawn) this.renderer.render(this.scene, this.camera);
  }

  /** The eye as it was drawn last, and the tangent of half the angle that the picture is high. */
  get view(): { x: number; y: number; z: number; halfHeight: number } {
    return { x: this.eye.x, y: this.eye.y, z: this.eye.z, halfHeight: Math.tan((this.camera.fov * Math.PI) / 360) };
  }

  get triangles(): number {
    return this.renderer.info.render.triangles;
  }

  // After the bodies have moved: the mark stays on what is drawn.
  private markAimed(frame: FrameOutput, yaw: number, pitch: number): void {
    const { ray, mark } = this;
    ({ x: ray.x, y: ray.y, z: ray.z } = this.eye);
    ray.dx = -Math.sin(yaw) * Math.cos(pitch);
    ray.dy = Math.sin(pitch);
    ray.dz = -Math.cos(yaw) * Math.cos(pitch);
    const onBlock = frame.has(FrameFlag.Target);
    const body = (this.aimed = aimedBody(ray, this.bodies.tracks.tracks.values(), onBlock ? wayToBlock(ray, frame.target) : AIM_BLOCKS));
    mark.visible = onBlock || body !== null;
    mark.material.color.copy(body ? MARK_BODY : MARK_BLOCK);
    if (body) {
      mark.position.set(body.x, body.y, body.z);
      mark.quaternion.set(body.qx, body.qy, body.qz, body.qw);
      mark.scale.set(2 * (body.body.hx + MARK_OFF), 2 * (body.body.hy + MARK_OFF), 2 * (body.body.hz + MARK_OFF));
    } else {
      mark.position.set(frame.target.x + 0.5, frame.target.y + 0.5, frame.target.z + 0.5);
      mark.quaternion.identity();
      mark.scale.setScalar(1);
    }
  }

  // The shadow's square moves in whole texels, or its edges would crawl as the player walks.
  private followSun(): void {
    if (!this.sun.castShadow) {
      this.sun.target.position.set(0, 0, 0);
      this.sun.position.copy(SUN_DIRECTION);
      return;
    }
    const step = ((2 * SHADOW_BLOCKS) / this.sun.shadow.mapSize.x) * 8;
    const snap = (value: number) => Math.round(value / step) * step;
    this.sun.target.position.set(snap(this.eye.x), snap(this.eye.y), snap(this.eye.z));
    this.sun.position.copy(this.sun.target.position).addScaledVector(SUN_DIRECTION, 110);
  }
}
