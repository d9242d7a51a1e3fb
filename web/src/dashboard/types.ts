/**
 * What `/api/stream` sends once a second as a server-sent event named `report`: the JSON of `WorldReport` (src/Egregore.Server/Telemetry/WorldReport.cs, where
 * every field is explained). The server leaves a field out that is null. A test holds the names here against the server's.
 */
export interface WorldReport {
  world: WorldInfo;
  stats: WorldStats;
  sessions: SessionInfo[];
  mesh: MeshInfo;
  work: WorkReport;
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

/** Helpers and their work: src/Egregore.Server/Work/WorkReport.cs. */
export interface WorkReport {
  enabled: boolean;
  stats: WorkStats;
  kernels: KernelInfo[];
  helpers: HelperInfo[];
  refused: WorkRefusal[];
  physics: PhysicsInfo;
}

export interface WorkStats {
  helpers: number;
  parked: number;
  tasks: number;
  submitted: number;
  submittedPerSecond: number;
  byPeers: number;
  byOtherPeers: number;
  byCloud: number;
  byTruth: number;
  /** 0 to 1. */
  deadlinesKept: number;
  hedges: number;
  audits: number;
  /** 0 to 1. */
  redundant: number;
  late: number;
  wrong: number;
  forged: number;
  bans: number;
  rolledBack: number;
  failed: number;
  /** Credits. */
  paidPerHour: number;
  truthPerHour: number;
  costPerPlayerHour: number;
}

export interface KernelInfo {
  name: string;
  hash: string;
  class: string;
  /** First peer, another peer, cloud, truth. */
  byLevel: number[];
  failed: number;
  meanMs: number;
}

export interface HelperInfo {
  peer: string;
  name: string;
  tier: string;
  slots: number;
  sinceMs: number;
  /** 0 to 1. */
  trust: number;
  fuelPerUs: number;
  latencyMs: number;
  jitterMs: number;
  accepted: number;
  late: number;
  wrong: number;
  credits: number;
  bannedSeconds: number;
  reason: string;
}

export interface WorkRefusal {
  timeMs: number;
  peer: string;
  name: string;
  kernel: string;
  verdict: string;
  reason: string;
}

export interface PhysicsInfo {
  awake: number;
  islands: number;
  frames: number;
  framesLate: number;
  lateMsMax: number;
  lateMs: number;
  tasks: number;
  tasksDiscarded: number;
  byHelpers: number;
  byTruth: number;
  corrections: number;
}
