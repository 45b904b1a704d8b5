// DAGs: first the files that cannot be loaded, then each DAG with its schedule, last runs and switches.
import { useState } from 'preact/hooks';
import { listDagErrors, listDags, type Dag } from '../api/api.gen';
import { dagKinds, useData, useEvents } from '../api/live';
import { Empty, Pending, Problem, Squares, Words } from '../parts/basics';
import { FileErrors, NextRun, OutState, PauseSwitch, dagAddress, isOut } from '../parts/dag';
import { fullName } from '../parts/format';
import { startsInWords } from '../parts/schedule';
import { Link } from '../router';
import { TriggerDialog } from '../parts/trigger';

function Row({ dag, onTrigger, onChange }: { dag: Dag; onTrigger: () => void; onChange: () => void }) {
  return (
    <tr>
      <td class="tight">
        {!isOut(dag) && <PauseSwitch dag={dag} onChange={onChange} />}
      </td>
      <td class="wide">
        <Link to={dagAddress(dag.namespace, dag.dag)} class="row-link">
          {fullName(dag.namespace, dag.dag)}
        </Link>
        {dag.tags.map((tag) => (
          <span class="tag">{tag}</span>
        ))}{' '}
        <OutState dag={dag} />
        {dag.doc && (
          <span class="note">
            <Words text={dag.doc} />
          </span>
        )}
      </td>
      <td data-label="Schedule">
        {startsInWords(dag)}
        {dag.cron && (
          <span class="note">
            <code>{dag.cron}</code> {dag.time_zone !== 'UTC' && dag.time_zone}
          </span>
        )}
      </td>
      <td data-label="Next run">
        <NextRun dag={dag} />
      </td>
      <td data-label="Last runs">
        <Squares runs={dag.recent_runs} />
      </td>
      <td data-label="Owner" class="nowrap">{dag.owner || <span class="faint">–</span>}</td>
      <td class="right">
        <button onClick={onTrigger} disabled={isOut(dag)}>
          Trigger
        </button>
      </td>
    </tr>
  );
}

export function DagsPage() {
  const dags = useData('dags', () => listDags({ recent: 12 }));
  const errors = useData('errors', () => listDagErrors());
  const [triggered, setTriggered] = useState<Dag>();
  const reload = () => {
    dags.reload();
    errors.reload();
  };
  useEvents(dagKinds, undefined, reload);
  return (
    <>
      <div class="title">
        <h1>DAGs</h1>
      </div>
      <FileErrors errors={errors.value ?? []} />
      {!dags.value && <Pending error={dags.error} retry={dags.reload} />}
      {dags.value && dags.error && <Problem error={dags.error} />}
      {dags.value?.length === 0 && (
        <Empty title="There are no DAGs yet.">
          Put a YAML file into <code>dags/</code>; Millrace reads it as soon as it is saved.
        </Empty>
      )}
      {dags.value && dags.value.length > 0 && (
        <table class="list">
          <thead>
            <tr>
              <th class="tight">
                <span class="sr">Active</span>
              </th>
              <th>DAG</th>
              <th>Schedule</th>
              <th>Next run</th>
              <th>Last runs</th>
              <th>Owner</th>
              <th />
            </tr>
          </thead>
          <tbody>
            {dags.value.map((dag) => (
              <Row key={fullName(dag.namespace, dag.dag)} dag={dag} onTrigger={() => setTriggered(dag)} onChange={reload} />
            ))}
          </tbody>
        </table>
      )}
      {triggered && <TriggerDialog dag={triggered} onClose={() => setTriggered(undefined)} />}
    </>
  );
}
