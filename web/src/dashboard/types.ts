/**
 * What `/api/stream` sends: server-sent events (event name `message`), one JSON object a second, of this shape. Rates are over the last second; times are
 * milliseconds; `null` is "not known". A field that is missing reads as 0, null or empty; unknown fields are ignored.
 */
export interface DashboardSample {
  /** Milliseconds since the Unix epoch. */
  time: number;
  world: {
    name: string;
    authority: 'server' | 'hybrid' | 'mesh';
    tick: number;
    tickRateHz: number;
    /** Time one tick takes. */
    tickMs: Percentiles;
  };
  sessions: Session[];
  mesh: {
    nodes: MeshNode[];
    links: MeshLink[];
  };
  journal: {
    /** The last durable transaction. */
    transaction: number;
    bytes: number;
    groupsPerS: number;
    commitMs: Percentiles;
  };
  totals: {
    messagesInPerS: number;
    messagesOutPerS: number;
    bytesInPerS: number;
    bytesOutPerS: number;
    /** Refusals since the start, by code. */
    refusals: Record<string, number>;
  };
}

export interface Percentiles {
  p50: number;
  p99: number;
}

export interface Session {
  id: string;
  /** 32 hex digits. */
  peer: string;
  name: string;
  x: number;
  z: number;
  connectedS: number;
  bytesInPerS: number;
  bytesOutPerS: number;
  rttMs: number | null;
  state: 'active' | 'idle' | 'lost' | (string & {});
}

export interface MeshNode {
  /** Peer id; `truth` is the server. */
  id: string;
  name: string;
  kind: 'truth' | 'peer' | (string & {});
}

/** One entry for each pair. */
export interface MeshLink {
  a: string;
  b: string;
  /** `session` is a peer's socket to truth. */
  kind: 'direct' | 'relay' | 'session' | (string & {});
  rttMs: number | null;
  bytesPerS: number;
}
