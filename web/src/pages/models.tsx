// Models: champion and candidate, their current measurements, and the deployment history.
import { getServing, listDeploymentHistory, listModelVersions, listModels, rollbackModel, type DeploymentEvent, type Model, type ModelVersion, type ServingStats } from '../api/api.gen';
import { Verdict } from '../parts/evaluation';
import { When, fullName, number, percent, requester } from '../parts/format';
import { modelKinds, useData, useEvents, useInterval } from '../api/live';
import { Action, Digest, Empty, Pending, isEmpty } from '../parts/basics';
import { Link } from '../router';

const noRun = '00000000-0000-0000-0000-000000000000';
const actions: Record<string, string> = { canary: 'canary', promote: 'promoted', rollback: 'rolled back', release: 'released' };

function Version({ role, version }: { role: string; version: ModelVersion | null }) {
  return (
    <div class="version">
      <span class="role">{role}</span>
      {version ? (
        <>
          <strong>v{version.version}</strong> {version.algorithm} <Digest value={version.artifact} />
          {version.not_shipped && <span class="note bad">{version.not_shipped}</span>}
          <span class="note">
            trained <When at={version.created_at} relative /> by <Link to={`/runs/${version.run}?task=${encodeURIComponent(version.task)}`}>this run</Link>
          </span>
        </>
      ) : (
        <span class="faint">none</span>
      )}
    </div>
  );
}

function Canary({ model }: { model: Model }) {
  if (!model.candidate) return null;
  const weight = Math.min(100, Math.max(0, model.weight ?? 0));
  return (
    <div class="canary">
      <div class="canary-head">
        <strong>Canary under way</strong>
        <span>
          v{model.candidate.version} gets <strong>{number(weight)} %</strong> of the traffic
        </span>
      </div>
      <div class="split" role="meter" aria-valuenow={weight} aria-valuemin={0} aria-valuemax={100} aria-label="Share of the candidate">
        <span class="candidate-share" style={{ width: `${weight}%` }} />
      </div>
      <div class="split-legend">
        <span>
          <i class="dot candidate" aria-hidden="true" /> candidate v{model.candidate.version} · {number(weight)} %
        </span>
        <span>
          <i class="dot champion" aria-hidden="true" /> champion {model.champion ? `v${model.champion.version}` : ''} · {number(100 - weight)} %
        </span>
      </div>
    </div>
  );
}

/** The number of the deployed version; otherwise the number of the newest version with the artifact. */
function versionName(model: Model, versions: ModelVersion[], artifact: string): string {
  const known = [model.champion, model.candidate, model.last_good, ...versions].find((version) => version?.artifact === artifact);
  return known ? `v${known.version}` : artifact.slice(0, 8);
}

function Serving({ model, versions, stats }: { model: Model; versions: ModelVersion[]; stats: ServingStats[] }) {
  if (stats.length === 0) return <p class="faint">There were no requests in the last five minutes.</p>;
  return (
    <table class="metrics cards">
      <thead>
        <tr>
          <th>Version</th>
          <th class="number">Requests</th>
          <th class="number">Errors</th>
          <th class="number">p50</th>
          <th class="number">p95</th>
          <th class="number">p99</th>
          <th class="number">Business metric</th>
        </tr>
      </thead>
      <tbody>
        {stats.map((row) => (
          <tr key={row.artifact + row.role}>
            <td class="wide">
              {versionName(model, versions, row.artifact)} <span class="faint">{row.role}</span> {row.tripped && <span class="bad">breaker open</span>}
            </td>
            <td data-label="Requests" class="number">
              {number(row.requests)}
            </td>
            <td data-label="Errors" class={`number ${row.errors > 0 ? 'bad' : ''}`}>
              {percent(row.error_rate, 2)}
            </td>
            <td data-label="p50" class="number">
              {row.latency_ms_p50 == null ? '–' : `≤ ${row.latency_ms_p50} ms`}
            </td>
            <td data-label="p95" class="number">
              {row.latency_ms_p95 == null ? '–' : `≤ ${row.latency_ms_p95} ms`}
            </td>
            <td data-label="p99" class="number">
              {row.latency_ms_p99 == null ? '–' : `≤ ${row.latency_ms_p99} ms`}
            </td>
            <td data-label="Business metric" class="number">
              {number(row.business_mean)} <span class="faint">({number(row.outcomes)})</span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function History({ events }: { events: DeploymentEvent[] }) {
  if (events.length === 0) return null;
  return (
    <details open={events.length <= 12}>
      <summary>Deployment history ({events.length})</summary>
      <ol class="history">
        {events.map((event) => (
          <li key={event.revision}>
            <span class={`badge ${event.action === 'promote' ? 'good' : event.action === 'rollback' ? 'bad' : 'info'}`}>
              {actions[event.action] ?? event.action}
              {event.action === 'canary' && ` ${number(event.weight)} %`}
            </span>
            <div>
              <strong title={event.artifact}>{event.version > 0 ? `v${event.version}` : event.artifact.slice(0, 8)}</strong> {event.reason}
              <span class="note">
                <When at={event.at} relative /> · {requester(event.actor || 'engine', event.on_behalf_of)}
                {event.run !== noRun && (
                  <>
                    {' · '}
                    <Link to={`/runs/${event.run}`}>run</Link>
                  </>
                )}
              </span>
              {!isEmpty(event.evidence) && (
                <details>
                  <summary>Evidence</summary>
                  <pre class="json">{JSON.stringify(event.evidence, null, 2)}</pre>
                </details>
              )}
            </div>
          </li>
        ))}
      </ol>
    </details>
  );
}

function ModelCard({ model, onChange }: { model: Model; onChange: () => void }) {
  const inNamespace = { namespace: model.namespace };
  const name = fullName(model.namespace, model.model);
  const serving = useData(`serving ${name}`, () => getServing(model.model, inNamespace));
  const history = useData(`history ${name} ${model.revision}`, () => listDeploymentHistory(model.model, inNamespace));
  const versions = useData(`versions ${name} ${model.versions}`, () => listModelVersions(model.model, inNamespace));
  useInterval(5000, serving.reload);
  const target = model.candidate ? `The canary ends, and v${model.champion?.version ?? '–'} receives all traffic again.` : `v${model.last_good?.version} becomes the champion again.`;
  return (
    <article class="card" aria-label={`Model ${name}`}>
      <div class="card-head">
        <h2>{name}</h2>
        <span class="faint">
          {model.versions} {model.versions === 1 ? 'version' : 'versions'}
        </span>
        <span class="spring" />
        <Action
          label="Roll back"
          title={`Roll ${name} back?`}
          text={target}
          danger
          disabled={!model.candidate && !model.last_good}
          // The version that the reader saw, not what may have come in its place meanwhile.
          act={async (reason) => (
            await rollbackModel(model.model, {
              reason: reason || 'requested on the dashboard',
              artifact: (model.candidate ?? model.champion)?.artifact,
            }, inNamespace),
            onChange(),
            history.reload()
          )}
        />
      </div>
      <div class="versions">
        <Version role="Champion" version={model.champion} />
        <Version role="Candidate" version={model.candidate} />
        <Version role="Last known good" version={model.last_good} />
      </div>
      <Canary model={model} />
      <h3>Serving, last five minutes</h3>
      <Serving model={model} versions={versions.value ?? []} stats={serving.value ?? []} />
      <h3>Last evaluation</h3>
      {model.evaluation ? <Verdict evaluation={model.evaluation} /> : <p class="faint">None yet.</p>}
      <History events={history.value ?? []} />
    </article>
  );
}

export function ModelsPage() {
  const models = useData('models', () => listModels());
  useEvents(modelKinds, undefined, models.reload);
  return (
    <>
      <div class="title">
        <h1>Models</h1>
      </div>
      {!models.value && <Pending error={models.error} retry={models.reload} />}
      {models.value?.length === 0 && (
        <Empty title="No model has been trained yet.">
          The operator <code>train</code> registers a model; <code>deploy.canary</code> ships it.
        </Empty>
      )}
      {models.value?.map((model) => <ModelCard key={fullName(model.namespace, model.model)} model={model} onChange={models.reload} />)}
    </>
  );
}
