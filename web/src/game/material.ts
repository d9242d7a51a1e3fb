import { DataArrayTexture, LinearMipmapLinearFilter, MeshLambertMaterial, NearestFilter, RepeatWrapping, SRGBColorSpace } from 'three';
import { paintTiles, TILE, TILE_NAMES, tileNumber } from './tiles';

/** All tiles as one array texture: repeats without seams, and mipmaps do not bleed from tile to tile. */
export function tileTexture(): DataArrayTexture {
  const texture = new DataArrayTexture(paintTiles(), TILE, TILE, TILE_NAMES.length);
  texture.colorSpace = SRGBColorSpace;
  texture.wrapS = texture.wrapT = RepeatWrapping;
  texture.magFilter = NearestFilter;
  texture.minFilter = LinearMipmapLinearFilter;
  texture.generateMipmaps = true;
  texture.needsUpdate = true;
  return texture;
}

const VERTEX_HEAD = /* glsl */ `
attribute float face;
attribute vec4 shade;
uniform float time;
varying vec3 vTile;
varying vec3 vLight;
varying vec3 vTint;
varying vec3 vBlock;
flat varying vec3 vFace;
const vec3 FACES[6] = vec3[6](vec3(1., 0., 0.), vec3(-1., 0., 0.), vec3(0., 1., 0.), vec3(0., -1., 0.), vec3(0., 0., 1.), vec3(0., 0., -1.));
`;

const VERTEX_NORMAL = /* glsl */ `
int faceBits = int(face + 0.5);
int side = faceBits & 7;
vec3 objectNormal = FACES[side];
`;

const VERTEX_BODY = /* glsl */ `
vec3 transformed = position;
vec3 place = (modelMatrix * vec4(position, 1.0)).xyz;
if ((faceBits & 8) != 0) transformed.y -= 0.14 + 0.03 * sin(place.x * 0.9 + time * 1.3) + 0.03 * sin(place.z * 1.1 + time * 1.7);
vTile = vec3(side < 2 ? position.zy : side < 4 ? position.xz : position.xy, floor(shade.x * 255.0 + 0.5));
vLight = shade.yzw;
vFace = objectNormal;
vBlock = position - objectNormal * 0.5;
float broad = sin(place.x * 0.071 + 1.3 * sin(place.z * 0.043)) * sin(place.z * 0.063 + 1.1 * sin(place.x * 0.037));
vTint = vec3(1.04 + 0.12 * broad, 1.0 + 0.03 * broad, 0.96 - 0.12 * broad);
`;

const FRAGMENT_HEAD = /* glsl */ `
uniform sampler2DArray tiles;
uniform vec3 tinted;
varying vec3 vTile;
varying vec3 vLight;
varying vec3 vTint;
varying vec3 vBlock;
flat varying vec3 vFace;
`;

// Every block a little different, and plants tinted in broad patches.
const FRAGMENT_COLOUR = /* glsl */ `
vec4 texel = texture(tiles, vTile);
vec3 block = floor(vBlock + abs(vFace) * 0.001);
texel.rgb *= 0.94 + 0.12 * fract(sin(dot(block, vec3(12.9898, 78.233, 37.719))) * 43758.5453);
if (any(equal(vec3(vTile.z), tinted))) texel.rgb *= vTint;
diffuseColor *= texel;
`;

// Sky light dims ambient light indoors; the sun is dimmed by the shadow map and never reaches where no sky light does.
const FRAGMENT_LIGHT = /* glsl */ `
float occlusion = 0.38 + 0.62 * vLight.x;
reflectedLight.indirectDiffuse *= occlusion * (0.06 + 0.94 * vLight.y * vLight.y);
reflectedLight.directDiffuse *= (0.45 + 0.55 * occlusion) * smoothstep(0.5, 0.95, vLight.y);
totalEmissiveRadiance += diffuseColor.rgb * vec3(1.0, 0.72, 0.4) * (vLight.z * vLight.z * 1.3) * occlusion;
`;

/**
 * The terrain's material: three's Lambert with its fog and shadows, textures from the array, normals from the face number, light from the mesher.
 * Attributes: `position` (in blocks), `face` (with the surface bit), `shade` (tile / 255, occlusion, sky light, lamp light). `time` is in seconds.
 */
export function terrainMaterial(texture: DataArrayTexture, time: { value: number }, translucent: boolean): MeshLambertMaterial {
  const material = new MeshLambertMaterial({ transparent: translucent });
  material.onBeforeCompile = (shader) => {
    Object.assign(shader.uniforms, {
      tiles: { value: texture },
      tinted: { value: ['grass', 'grassSide', 'leaves'].map(tileNumber) },
      time,
    });
    shader.vertexShader = VERTEX_HEAD + shader.vertexShader
      .replace('#include <beginnormal_vertex>', VERTEX_NORMAL)
      .replace('#include <begin_vertex>', VERTEX_BODY);
    shader.fragmentShader = FRAGMENT_HEAD + shader.fragmentShader
      .replace('#include <map_fragment>', FRAGMENT_COLOUR)
      .replace('#include <lights_fragment_end>', `#include <lights_fragment_end>${FRAGMENT_LIGHT}`);
  };
  material.customProgramCacheKey = () => 'terrain';
  return material;
}

const BODY_VERTEX_HEAD = /* glsl */ `
attribute vec3 faceTiles;
attribute vec2 bodyLight;
varying vec3 vTile;
varying vec2 vLight;
`;

const BODY_VERTEX = /* glsl */ `
#include <begin_vertex>
vTile = vec3(uv, normal.y > 0.5 ? faceTiles.x : normal.y < -0.5 ? faceTiles.z : faceTiles.y);
vLight = bodyLight;
`;

const BODY_FRAGMENT_HEAD = /* glsl */ `
uniform sampler2DArray tiles;
varying vec3 vTile;
varying vec2 vLight;
`;

const BODY_FRAGMENT_COLOUR = /* glsl */ `
vec4 texel = texture(tiles, vTile);
if (texel.a < 0.3) discard;
diffuseColor.rgb *= texel.rgb;
`;

// As the terrain's, without occlusion; never quite dark, as no light of lamps is known here.
const BODY_FRAGMENT_LIGHT = /* glsl */ `
reflectedLight.indirectDiffuse *= 0.16 + 0.84 * vLight.x * vLight.x;
reflectedLight.directDiffuse *= smoothstep(0.5, 0.95, vLight.x);
totalEmissiveRadiance += diffuseColor.rgb * vec3(1.0, 0.72, 0.4) * (vLight.y * vLight.y * 1.3);
`;

/** The material of bodies, an instanced box. Instanced attributes: `faceTiles` (top, sides, bottom), `bodyLight` (sky light and own glow, 0 to 1). */
export function bodyMaterial(texture: DataArrayTexture): MeshLambertMaterial {
  const material = new MeshLambertMaterial();
  material.onBeforeCompile = (shader) => {
    shader.uniforms['tiles'] = { value: texture };
    shader.vertexShader = BODY_VERTEX_HEAD + shader.vertexShader.replace('#include <begin_vertex>', BODY_VERTEX);
    shader.fragmentShader = BODY_FRAGMENT_HEAD + shader.fragmentShader
      .replace('#include <map_fragment>', BODY_FRAGMENT_COLOUR)
      .replace('#include <lights_fragment_end>', `#include <lights_fragment_end>${BODY_FRAGMENT_LIGHT}`);
  };
  material.customProgramCacheKey = () => 'body';
  return material;
}
