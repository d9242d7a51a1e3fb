import { startGame } from '../src/game/game';
import { developmentRuntime } from './source';

void startGame(
  () => Promise.resolve(developmentRuntime()),
  () => Promise.resolve({ name: 'development', game: 'development/1', authority: 'hybrid', seed: '1', tickRateHz: 20 }),
);
