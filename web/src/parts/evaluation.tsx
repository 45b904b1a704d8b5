// The verdict of champion against challenger, with its evidence. The `evaluate` operator writes the report.
import type { Evaluation } from '../api/api.gen';
import { When, measure, number } from './format';
import { Link } from '../router';

interface Gate {
  gate: string;
  passed: boolean;
  text: string;
}
interface Challenger {
  artifact: string;
  algorithm: string;
  passed: boolean;
  value: number;
  interval?: [number, number];
  improvement?: number;
  p_value?: number;
  p_adjusted?: number;
  metrics?: Record<string, number | null>;
  gates?: Gate[];
}
interface Report {
  metric?: string;
  rows?: number;
  champion_metrics?: Record<string, number | null>;
  reasons?: string[];
  challengers?: Challenger[];
}

/** 0 means a p-value that is too small for a double. */
const probability = (p: number | undefined) => (p === 0 ? '< 1e-300' : number(p));

const lowerIsBetter = (name: string) => /brier|ece|loss|latency|rmse|mae|error/.test(name);

function MetricRow({ name, champion, challenger }: { name: string; champion: unknown; challenger: unknown }) {
  const known = typeof champion === 'number' && typeof challenger === 'number';
  const difference = known ? challenger - champion : undefined;
  const better = difference === undefined || difference === 0 ? '' : difference < 0 === lowerIsBetter(name) ? 'good' : 'bad';
  return (
    <tr>
      <td>{name.replaceAll('_', ' ').replace(/ us$/, ', µs')}</td>
      <td class="number">{measure(champion)}</td>
      <td class="number">{measure(challenger)}</td>
      <td class={`number ${better}`}>{difference === undefined ? '–' : `${difference > 0 ? '+' : ''}${measure(difference)}`}</td>
    </tr>
  );
}

/** The value of the challenger, or its improvement, with the interval around it. */
function Interval({ challenger }: { challenger: Challenger }) {
  const { interval, improvement, value } = challenger;
  if (!interval) return null;
  const around = value >= interval[0] && value <= interval[1] ? value : improvement;
  return (
    <span>
      <strong class="number">{measure(around)}</strong>{' '}
      <span class="faint number">
        [{measure(interval[0])}, {measure(interval[1])}]
      </span>
    </span>
  );
}

export function Verdict({ evaluation }: { evaluation: Evaluation }) {
  const report = evaluation.report as Report;
  const challengers = report.challengers ?? [];
  const chosen = challengers.find((one) => one.artifact === evaluation.challenger) ?? challengers[0];
  const names = Object.keys(chosen?.metrics ?? report.champion_metrics ?? {});
  const promote = evaluation.decision === 'promote';
  const passed = new Set((chosen?.gates ?? []).filter((gate) => gate.passed).map((gate) => gate.text));
  const reasons = (report.reasons ?? []).filter((reason) => !passed.has(reason)); // the list of gates shows the passed ones
  return (
    <div class="verdict">
      <p class="verdict-head">
        <span class={`badge ${promote ? 'good' : 'bad'}`}>{evaluation.decision}</span>
        {chosen && <span>{chosen.algorithm}</span>}
        <span class="faint">
          {report.rows != null && <>{number(report.rows)} rows · </>}
          <When at={evaluation.at} relative /> ·{' '}
          <Link to={`/runs/${evaluation.run}?task=${encodeURIComponent(evaluation.task)}`}>run</Link>
        </span>
      </p>
      {reasons.length > 0 && (
        <ul class="reasons">
          {reasons.map((reason) => (
            <li>{reason}</li>
          ))}
        </ul>
      )}
      {names.length > 0 && (
        <table class="metrics">
          <thead>
            <tr>
              <th>Metric</th>
              <th class="number">Champion</th>
              <th class="number">Challenger</th>
              <th class="number">Difference</th>
            </tr>
          </thead>
          <tbody>
            {names.map((name) => (
              <MetricRow key={name} name={name} champion={report.champion_metrics?.[name]} challenger={chosen?.metrics?.[name]} />
            ))}
          </tbody>
        </table>
      )}
      {challengers.length > 0 && (
        <table class="metrics">
          <thead>
            <tr>
              <th>Challenger</th>
              <th>{report.metric ?? 'value'}, 95 % interval</th>
              <th class="number">Improvement</th>
              <th class="number">p (adjusted)</th>
            </tr>
          </thead>
          <tbody>
            {challengers.map((one) => (
              <tr key={one.artifact}>
                <td>
                  {one.algorithm} <span class={one.passed ? 'good' : 'bad'}>{one.passed ? 'passed' : 'refused'}</span>
                </td>
                <td>
                  <Interval challenger={one} />
                </td>
                <td class="number">{measure(one.improvement)}</td>
                <td class="number">{probability(one.p_adjusted ?? one.p_value)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {chosen?.gates && chosen.gates.length > 0 && (
        <details>
          <summary>
            Gates: {chosen.gates.filter((gate) => gate.passed).length} of {chosen.gates.length} passed
          </summary>
          <ul class="gates">
            {chosen.gates.map((gate) => (
              <li class={gate.passed ? 'passed' : 'failed'}>
                <span class={gate.passed ? 'good' : 'bad'}>{gate.passed ? 'passed' : 'failed'}</span> <strong>{gate.gate.replaceAll('_', ' ')}</strong>: {gate.text}
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}
