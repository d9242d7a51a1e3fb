import { BackSide, Color, Mesh, ShaderMaterial, SphereGeometry, Vector3 } from 'three';

export const HORIZON = new Color(0xc4dcee);
export const SUN_DIRECTION = new Vector3(0.48, 0.72, 0.34).normalize();

const VERTEX = /* glsl */ `
varying vec3 vDirection;
void main() {
  vDirection = position;
  vec4 at = projectionMatrix * mat4(mat3(viewMatrix)) * vec4(position, 1.0);
  gl_Position = at.xyww;
}`;

const FRAGMENT = /* glsl */ `
uniform vec3 sun;
uniform vec3 horizon;
uniform float time;
uniform int octaves;
varying vec3 vDirection;

float dice(vec2 p) { return fract(sin(dot(p, vec2(127.1, 311.7))) * 43758.5453); }
float soft(vec2 p) {
  vec2 i = floor(p), f = fract(p);
  f = f * f * (3.0 - 2.0 * f);
  return mix(mix(dice(i), dice(i + vec2(1, 0)), f.x), mix(dice(i + vec2(0, 1)), dice(i + vec2(1, 1)), f.x), f.y);
}
float cloud(vec2 p) {
  float sum = 0.0, weight = 0.5;
  for (int i = 0; i < 4; i++) {
    if (i >= octaves) break;
    sum += weight * soft(p);
    p = p * 2.13 + 17.0;
    weight *= 0.5;
  }
  return sum / (1.0 - weight * 2.0 + 0.0001);
}

void main() {
  vec3 direction = normalize(vDirection);
  float up = max(direction.y, 0.0);
  vec3 colour = mix(horizon, vec3(0.20, 0.43, 0.78), 1.0 - pow(1.0 - up, 2.6));
  float toSun = max(dot(direction, sun), 0.0);
  colour += vec3(1.0, 0.78, 0.5) * (0.18 * pow(toSun, 12.0) + 0.35 * pow(toSun, 180.0));
  colour = mix(colour, vec3(1.0, 0.97, 0.86) * 1.6, smoothstep(0.9990, 0.9994, toSun));
  if (direction.y > 0.02) {
    vec2 p = direction.xz / (direction.y + 0.12) * 1.35 + time * vec2(0.006, 0.003);
    float density = cloud(p);
    float cover = smoothstep(0.5, 0.78, density);
    float lit = 0.86 + 0.14 * smoothstep(0.5, 0.9, cloud(p + sun.xz * 0.18) - density + 0.62);
    colour = mix(colour, vec3(1.0, 0.99, 0.97) * lit, cover * 0.88 * smoothstep(0.02, 0.22, direction.y));
  }
  gl_FragColor = vec4(colour, 1.0);
  #include <colorspace_fragment>
}`;

/** The dome: gradient, sun with its glow, drifting clouds. Follows the camera by ignoring its position. Colours are linear. */
export class Sky {
  readonly mesh: Mesh;
  private readonly material: ShaderMaterial;

  constructor() {
    this.material = new ShaderMaterial({
      vertexShader: VERTEX,
      fragmentShader: FRAGMENT,
      side: BackSide,
      depthWrite: false,
      uniforms: {
        sun: { value: SUN_DIRECTION },
        horizon: { value: HORIZON },
        time: { value: 0 },
        octaves: { value: 3 },
      },
    });
    this.mesh = new Mesh(new SphereGeometry(1, 32, 20), this.material);
    this.mesh.frustumCulled = false;
    // After what is opaque, so that only the visible sky is computed; before what is translucent.
    this.mesh.renderOrder = 1;
  }

  set octaves(count: number) {
    this.material.uniforms['octaves']!.value = count;
  }

  set time(seconds: number) {
    this.material.uniforms['time']!.value = seconds;
  }
}
