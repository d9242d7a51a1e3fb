/**
 * What `/api/stream` sends once a second as a server-sent event named `report`: the JSON of `WorldReport` (src/Egregore.Server/Telemetry/WorldReport.cs, where
 * every field is explained). The server leaves a field out that is null. A test holds the names here against the server's.
 */
export interface WorldReport {
  world: WorldInfo;
  stats: WorldStats;
  sessions: SessionInfo[];
  mesh: MeshInfo;
}

export interface WorldInfo {
  name: string;
  game: string;
  authority: string;
  /** Decimal text. */
  seed: string;
  tickRateHz: number;
  tables: string[];
  reducers: string[];
}

/** Rates are over the last second, counts since start, times milliseconds. */
export interface WorldStats {
  /** Milliseconds since the Unix epoch. */
  timeMs: number;
  uptimeSeconds: number;
  tick: number;
  ticksPerSecond: number;
  ticksSkipped: number;
  tickMsMean: number;
  tickMsMax: number;
  sessions: number;
  connections: number;
  bodies: number;
  messagesInPerSecond: number;
  messagesOutPerSecond: number;
  bytesInPerSecond: number;
  bytesOutPerSecond: number;
  actionsPerSecond: number;
  statesAccepted: number;
  statesRejected: number;
  commandsWaiting: number;
  transaction: number;
  durableTransaction: number;
  journalGroups: number;
  journalTransactions: number;
  journalBytes: number;
  journalFailures: number;
  /** Of the last group, however long ago that was written. */
  journalCommitMs: number;
  memoryMb: number;
  refusals: RefusalCount[];
}

export interface RefusalCount {
  code: string;
  count: number;
}

export interface SessionInfo {
  /** 32 hex digits. */
  peer: string;
  name: string;
  connected: boolean;
  sinceMs: number;
  x: number | null;
  y: number | null;
  z: number | null;
  messagesIn: number;
  messagesOut: number;
  bytesIn: number;
  bytesOut: number;
  rejectedStates: number;
}

export interface MeshInfo {
  nodes: MeshNodeInfo[];
  links: MeshLinkInfo[];
}

export interface MeshNodeInfo {
  peer: string;
  name: string;
  x: number | null;
  z: number | null;
}

export interface MeshLinkInfo {
  a: string;
  b: string;
  kind: 'direct' | 'relay' | (string & {});
  /** 0: below one, or not measured yet. */
  rttMs: number;
  bytesPerSecond: number;
}
