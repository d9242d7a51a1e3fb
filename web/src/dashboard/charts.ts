import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { formatBytes, formatCount, formatMs, type History, type Series } from './model';

interface Line {
  series: Series;
  label: string;
  colour: string;
  /** Drawn as points, for values that stand alone. */
  points?: boolean;
}

const perSecond = (value: number) => (value === 0 || value >= 10 ? formatCount(value) : value.toFixed(1));

const CHARTS: readonly { host: string; format: (value: number) => string; binary?: boolean; lines: readonly Line[] }[] = [
  { host: 'chart-messages', format: formatCount, lines: [{ series: 'messagesIn', label: 'in', colour: '--one' }, { series: 'messagesOut', label: 'out', colour: '--two' }] },
  { host: 'chart-bytes', format: formatBytes, binary: true, lines: [{ series: 'bytesIn', label: 'in', colour: '--one' }, { series: 'bytesOut', label: 'out', colour: '--two' }] },
  { host: 'chart-tick', format: formatMs, lines: [{ series: 'tickMean', label: 'mean', colour: '--one' }, { series: 'tickMax', label: 'longest', colour: '--two' }] },
  { host: 'chart-commit', format: formatMs, lines: [{ series: 'commit', label: 'last group', colour: '--one', points: true }] },
  { host: 'chart-journal', format: perSecond, lines: [{ series: 'groups', label: 'groups', colour: '--one' }, { series: 'transactions', label: 'transactions', colour: '--two' }] },
];
const HEIGHT_PX = 150;
/** Powers of two, so that bytes get round labels. */
const BINARY_STEPS = Array.from({ length: 40 }, (_, i) => 2 ** i);
const clock = (seconds: number) => new Date(seconds * 1000).toLocaleTimeString('en-GB');

/** The time charts. uPlot draws on canvas, so colours are read from the page's theme and the charts are made anew when it changes. */
export class Charts {
  private plots: { plot: uPlot; lines: readonly Line[] }[] = [];
  private readonly history: History;

  constructor(history: History) {
    this.history = history;
    this.make();
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.make());
    new ResizeObserver(() => this.resize()).observe(document.body);
  }

  draw(): void {
    for (const { plot, lines } of this.plots) {
      plot.setData([this.history.times, ...lines.map((l) => this.history.values[l.series])] as uPlot.AlignedData);
      // Where nobody points, the legend has the last values.
      if (plot.cursor.idx == null && this.history.times.length > 0) plot.setLegend({ idx: this.history.times.length - 1 });
    }
  }

  private make(): void {
    for (const { plot } of this.plots) plot.destroy();
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    const axis = { stroke: colour('--soft'), grid: { stroke: colour('--line'), width: 1 }, ticks: { show: false }, font: '12px system-ui' };
    this.plots = CHARTS.map(({ host, format, binary, lines }) => {
      const target = document.getElementById(host)!;
      const plot = new uPlot(
        {
          width: Math.max(200, target.clientWidth),
          height: HEIGHT_PX,
          scales: { y: { range: (_, __, max) => [0, Math.max(max, 0.001) * 1.15] } },
          series: [{ label: 'at', value: (_: uPlot, v: number | null) => (v === null ? '–' : clock(v)) }, ...lines.map((l) => ({ label: l.label, stroke: colour(l.colour), width: l.points ? 0 : 1.8, points: { show: l.points === true, size: 5, fill: colour(l.colour) }, value: (_: uPlot, v: number | null) => (v === null ? '–' : format(v)) }))],
          axes: [{ ...axis, size: 28, space: 80, values: (_: uPlot, ticks: number[]) => ticks.map(clock) }, { ...axis, size: 62, ...(binary ? { incrs: BINARY_STEPS } : {}), values: (_: uPlot, ticks: number[]) => ticks.map((tick) => format(tick).replace(/\.0+(?= |$)/, '')) }],
          cursor: { drag: { x: false, y: false } },
        },
        [[], ...lines.map(() => [])] as unknown as uPlot.AlignedData,
        target,
      );
      return { plot, lines };
    });
    this.draw();
  }

  private resize(): void {
    this.plots.forEach(({ plot }, i) => {
      const width = Math.max(200, document.getElementById(CHARTS[i]!.host)!.clientWidth);
      if (Math.abs(width - plot.width) > 1) plot.setSize({ width, height: HEIGHT_PX });
    });
  }
}
