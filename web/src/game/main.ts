import { bootRuntime } from '../edge/boot';
import { sessionWorld } from '../edge/session';
import { startGame } from './game';

void startGame(bootRuntime, sessionWorld);
