import { startGame } from '../src/game/game';
import { developmentRuntime } from './source';

void startGame(() => Promise.resolve(developmentRuntime()));
