// The grid of a DAG: a column for each run, a row for each task. It is one control: the arrow keys move, Enter opens the run at the
// task. Only the rows in sight are drawn, so that a DAG may have thousands of tasks.
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { DagGrid, GridRun, TaskState } from '../api/api.gen';
import { navigate } from '../router';
import { duration, logicalDate } from './format';

const rowHeight = 23;
const mostRows = 24; // in sight; more of them scroll

/** The shape that tells states apart without colour. */
type Shown = TaskState | 'tolerated';
const glyphs: Partial<Record<Shown, string>> = {
  queued: '⋯',
  deferred: '◷',
  up_for_retry: '↻',
  held: '‖',
  failed: '✕',
  tolerated: '✕',
  upstream_failed: '–',
  skipped: '›',
  cancelled: '■',
};

const words = (state: string) => (state === 'tolerated' ? 'failed, tolerated' : state.replaceAll('_', ' '));
const dateOf = ({ run }: GridRun) => (run.logical_date ? logicalDate(run.logical_date) : run.created_at.slice(0, 16).replace('T', ' '));
const stateIn = (grid: DagGrid, run: GridRun, row: number) => (run.cells[row] < 0 ? undefined : (grid.states[run.cells[row]] as TaskState));

/** Whether the failure of a task counts as a success in a run. */
type Tolerates = (run: GridRun, task: string) => boolean;
const shownIn = (grid: DagGrid, run: GridRun, row: number, tolerates: Tolerates) => {
  const state = stateIn(grid, run, row);
  return state === 'failed' && tolerates(run, grid.tasks[row]) ? 'tolerated' : state;
};

function Legend({ grid, tolerates }: { grid: DagGrid; tolerates: Tolerates }) {
  const seen = new Set(grid.runs.flatMap((run) => run.cells.map((_, row) => shownIn(grid, run, row, tolerates))));
  const retried = grid.runs.some((run) => run.retried.length > 0);
  return (
    <ul class="legend" aria-label="Legend">
      {[...(grid.states as Shown[]), 'tolerated' as const].map((state) =>
        seen.has(state) ? (
          <li key={state}>
            <span class={`cell s-${state}`}>{glyphs[state]}</span> {words(state)}
          </li>
        ) : null,
      )}
      {retried && (
        <li>
          <span class="cell s-success">↻</span> more than one attempt
        </li>
      )}
    </ul>
  );
}

function Bars({ runs }: { runs: GridRun[] }) {
  const longest = Math.max(...runs.map(({ run }) => run.duration_s ?? 0));
  return (
    <div class="grid-row bars" aria-hidden="true">
      <span class="grid-name">
        duration <span class="faint">up to {duration(longest)}</span>
      </span>
      {runs.map(({ run }) => (
        <span key={run.run} class="bar-place" data-run={run.run} title={`${run.status}, ${duration(run.duration_s)}`}>
          <span class={`bar s-${run.status}`} style={{ height: `${run.duration_s == null || longest === 0 ? 100 : Math.max(4, (100 * run.duration_s) / longest)}%` }} />
        </span>
      ))}
    </div>
  );
}

/** The date of every fifth run, counted from the newest. */
function Dates({ runs }: { runs: GridRun[] }) {
  return (
    <div class="grid-row dates" aria-hidden="true">
      <span class="grid-name" />
      {runs.map((run, column) => (
        <span key={run.run.run} class="date-place">
          {(runs.length - 1 - column) % 8 === 0 && column > 2 && <span>{dateOf(run).slice(0, 10)}</span>}
        </span>
      ))}
    </div>
  );
}

export function Grid({ grid, tolerates }: { grid: DagGrid; tolerates: Tolerates }) {
  const runs = [...grid.runs].reverse(); // the newest at the right
  const [at, setAt] = useState({ column: runs.length - 1, row: 0 });
  const [top, setTop] = useState(0);
  const [focused, setFocused] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (box.current) box.current.scrollLeft = box.current.scrollWidth;
  }, [runs.length]);

  const rows = grid.tasks.length;
  const first = Math.max(0, Math.floor(top / rowHeight) - 4);
  const last = Math.min(rows, first + mostRows + 8);
  const column = Math.min(at.column, runs.length - 1);
  const current = runs[column];
  const state = current && shownIn(grid, current, at.row, tolerates);
  const open = (run: string, task?: string) => navigate(`/runs/${run}${task ? `?task=${encodeURIComponent(task)}` : ''}`);

  const move = (dx: number, dy: number) => {
    const row = Math.max(0, Math.min(rows - 1, at.row + dy));
    setAt({ column: Math.max(0, Math.min(runs.length - 1, column + dx)), row });
    if (row < top / rowHeight || row >= top / rowHeight + mostRows - 1) box.current!.scrollTop = Math.max(0, (row - mostRows / 2) * rowHeight);
  };
  const keys: Record<string, () => void> = {
    ArrowLeft: () => move(-1, 0),
    ArrowRight: () => move(1, 0),
    ArrowUp: () => move(0, -1),
    ArrowDown: () => move(0, 1),
    Home: () => move(-runs.length, 0),
    End: () => move(runs.length, 0),
    Enter: () => open(current.run.run, grid.tasks[at.row]),
  };
  const click = (event: MouseEvent) => {
    const place = (event.target as Element).closest<HTMLElement>('[data-run]');
    if (place) open(place.dataset.run!, place.dataset.task);
  };
  return (
    <>
      <Legend grid={grid} tolerates={tolerates} />
      <div
        class="grid"
        ref={box}
        role="grid"
        tabIndex={0}
        aria-label={`States of ${rows} tasks in ${runs.length} runs`}
        aria-describedby="grid-at"
        aria-rowcount={rows}
        aria-colcount={runs.length}
        style={{ maxHeight: `${mostRows * rowHeight + 130}px` }}
        onScroll={(event) => setTop(event.currentTarget.scrollTop)}
        onFocus={() => setFocused(true)}
        onBlur={() => setFocused(false)}
        onClick={click}
        onKeyDown={(event) => {
          if (!keys[event.key]) return;
          event.preventDefault();
          keys[event.key]();
        }}
      >
        <Bars runs={runs} />
        <div style={{ height: `${first * rowHeight}px` }} />
        {grid.tasks.slice(first, last).map((task, i) => {
          const row = first + i;
          return (
            <div key={task} class="grid-row" role="row" aria-rowindex={row + 1}>
              <span class="grid-name" role="rowheader" title={task}>
                {task}
              </span>
              {runs.map((run, place) => {
                const here = shownIn(grid, run, row, tolerates);
                const retried = here === 'success' && run.retried.includes(row);
                const chosen = focused && place === column && row === at.row;
                return (
                  <span key={run.run.run} role="gridcell" class={`cell-place${chosen ? ' chosen-cell' : ''}`} data-run={run.run.run} data-task={task}>
                    {here && (
                      <span class={`cell s-${here}`} title={`${task}, ${dateOf(run)}: ${words(here)}${retried ? ', more than one attempt' : ''}`}>
                        {retried ? '↻' : glyphs[here]}
                      </span>
                    )}
                  </span>
                );
              })}
            </div>
          );
        })}
        <div style={{ height: `${(rows - last) * rowHeight}px` }} />
        <Dates runs={runs} />
      </div>
      <p id="grid-at" class="sr" role="status">
        {focused && current ? `${grid.tasks[at.row]}, ${dateOf(current)}: ${state ? words(state) : 'no such task'}` : ''}
      </p>
    </>
  );
}
