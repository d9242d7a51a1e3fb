import { describe, expect, it } from 'vitest';
import { writePhoto } from '../dev/photo';
import { PhotoEnd, readPhoto } from '../src/edge/photo';
import { develop, photoText } from '../src/game/photo';

const tile = (left: number) => ({ left, top: 3, width: 2, height: 1, pixels: Uint8Array.from([1, 2, 3, 128, 4, 5, 6, 129]) });

describe('photo records', () => {
  it('reads tiles and the state behind them', () => {
    const state = { end: PhotoEnd.Unfinished, tiles: 96, done: 37, helpers: 3, text: 'è finita' };
    expect(readPhoto(writePhoto([tile(0), tile(640)], state))).toEqual({ tiles: [tile(0), tile(640)], state });
    expect(readPhoto(new Uint8Array(0))).toEqual({ tiles: [], state: null });
  });

  it('leaves out what is cut short or does not add up', () => {
    const bytes = writePhoto([tile(0), tile(2)], null);
    expect(readPhoto(bytes.subarray(0, bytes.length - 1)).tiles).toEqual([tile(0)]);
    const wrong = bytes.slice();
    wrong[6] = 9;
    expect(readPhoto(wrong).tiles).toEqual([tile(2)]);
  });
});

describe('a photo on a screen', () => {
  it('keeps dark and middle light and bends what is bright towards white', () => {
    const shown = (red: number, exponent: number) => {
      const into = new Uint8ClampedArray(4);
      develop(Uint8Array.from([red, 0, 0, exponent]), 0, into, 0);
      return into[0]!;
    };
    expect(shown(0, 0)).toBe(0);
    // A fifth of the light is half of the way to white.
    expect(shown(55, 128)).toBeGreaterThan(120);
    expect(shown(55, 128)).toBeLessThan(133);
    const brighter = [128, 129, 130, 131].map((exponent) => shown(200, exponent));
    expect(brighter).toEqual([...brighter].sort((a, b) => a - b));
    expect(shown(255, 128)).toBeLessThan(255);
    expect(shown(255, 140)).toBe(255);
  });

  it('says how far it is, who helps, and why it ended', () => {
    const state = { end: PhotoEnd.None, tiles: 96, done: 37, helpers: 3, text: '' };
    expect(photoText(state, 37, 0)).toBe('37 of 96 tiles, 3 helpers');
    expect(photoText({ ...state, helpers: 0 }, 0, 0)).toContain('No helper is here');
    expect(photoText({ ...state, end: PhotoEnd.Whole, helpers: 1 }, 96, 12.4)).toBe('96 tiles, traced by 1 helper in 12 s.');
    expect(photoText({ ...state, end: PhotoEnd.Refused, text: 'one picture at a time' }, 0, 0)).toBe('No picture: one picture at a time.');
    expect(photoText({ ...state, end: PhotoEnd.Unfinished, text: 'there is no helper' }, 0, 0)).toContain('there is no helper');
  });
});
