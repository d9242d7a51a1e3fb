import { bootRuntime } from '../edge/boot';
import { startGame } from './game';

void startGame(bootRuntime);
