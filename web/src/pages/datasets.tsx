// Datasets: how far each has been read or written, what made it, and which DAGs it starts.
import { listDatasets, listWatermarks, type Dataset } from '../api/api.gen';
import { dagKinds, modelKinds, useData, useEvents } from '../api/live';
import { Digest, Empty, Pending, Problem } from '../parts/basics';
import { DagLink } from '../parts/dag';
import { When, fullName, number, splitName } from '../parts/format';
import { Link, useQuery } from '../router';

const taskAddress = (run: string, task: string) => `/runs/${run}${task ? `?task=${encodeURIComponent(task)}` : ''}`;

function Row({ one, chosen }: { one: Dataset; chosen: boolean }) {
  const name = fullName(one.namespace, one.dataset);
  return (
    <tr class={chosen ? 'chosen' : ''}>
      <td class="wide">
        <Link to={`/datasets?dataset=${encodeURIComponent(name)}`} class="row-link" aria-current={chosen ? 'true' : undefined}>
          {name}
        </Link>
      </td>
      <td data-label="Watermark">{one.watermark ? <code>{String(one.watermark.value)}</code> : <span class="faint">–</span>}</td>
      <td data-label="Last update">
        {one.updated_at ? <When at={one.updated_at} relative /> : <span class="faint">never</span>}
      </td>
      <td data-label="Rows" class="number">
        {one.rows < 0 ? <span class="faint">–</span> : number(one.rows)}
      </td>
      <td data-label="Made by">
        {one.run ? (
          <>
            {one.dag && <DagLink namespace={one.namespace} dag={one.dag} />}
            <span class="note">
              <Link to={taskAddress(one.run, one.task)}>{one.task || 'its run'}</Link>
            </span>
          </>
        ) : (
          <span class="faint">no task yet</span>
        )}
      </td>
      <td data-label="Starts">
        {one.starts.length === 0 && <span class="faint">–</span>}
        {one.starts.map((dag) => (
          <div key={dag}>
            <DagLink namespace={one.namespace} dag={dag} />
          </div>
        ))}
      </td>
    </tr>
  );
}

const most = 50;

function Watermarks({ one }: { one: Dataset }) {
  const name = fullName(one.namespace, one.dataset);
  const rows = useData(`watermarks ${name} ${one.watermark?.seq}`, () => listWatermarks(one.dataset, { namespace: one.namespace, limit: most }));
  return (
    <section class="card" aria-label={`Watermarks of ${name}`}>
      <div class="card-head">
        <h2>Watermarks of {name}</h2>
        <span class="fact">{rows.value?.length === most ? `the newest ${most}` : 'newest first'}</span>
        <span class="spring" />
        {one.artifact && (
          <span class="faint">
            content <a href={`/api/v1/artifacts/${one.artifact}/content`} download={one.dataset}><Digest value={one.artifact} /></a>
          </span>
        )}
      </div>
      {!rows.value && one.watermark && <Pending error={rows.error} retry={rows.reload} />}
      {!one.watermark && <p class="faint">No task has set one. The parameter <code>watermark</code> of an operator that reads a source does.</p>}
      {rows.value && rows.value.length > 0 && (
        <table class="metrics">
          <thead>
            <tr>
              <th>Value</th>
              <th>Set by</th>
              <th class="number">When</th>
            </tr>
          </thead>
          <tbody>
            {rows.value.map((row) => (
              <tr key={`${row.seq} ${String(row.value)}`}>
                <td>
                  <code>{String(row.value)}</code>
                </td>
                <td>
                  <Link to={taskAddress(row.run, row.map_index >= 0 ? `${row.task}~${row.map_index}` : row.task)}>
                    {row.task}
                    {row.map_index >= 0 && ` [${row.map_index}]`}
                  </Link>
                </td>
                <td class="number">
                  <When at={row.at} relative />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

export function DatasetsPage() {
  const [wanted] = useQuery('dataset');
  const datasets = useData('datasets', () => listDatasets());
  useEvents([...new Set([...modelKinds, ...dagKinds])], undefined, datasets.reload);
  const { namespace = 'default', name } = splitName(wanted);
  const chosen = datasets.value?.find((one) => one.namespace === namespace && one.dataset === name);
  return (
    <>
      <div class="title">
        <h1>Datasets</h1>
      </div>
      {!datasets.value && <Pending error={datasets.error} retry={datasets.reload} />}
      {datasets.value && datasets.error && <Problem error={datasets.error} />}
      {datasets.value?.length === 0 && (
        <Empty title="There are no datasets yet.">
          A task makes one with <code>dataset: NAME</code>; a DAG with <code>on: {'{dataset: NAME}'}</code> starts at each update of it.
        </Empty>
      )}
      {wanted && datasets.value && !chosen && <p class="warn">There is no dataset ‘{wanted}’.</p>}
      {datasets.value && datasets.value.length > 0 && (
        <table class="list">
          <thead>
            <tr>
              <th>Dataset</th>
              <th>Watermark</th>
              <th>Last update</th>
              <th class="number">Rows</th>
              <th>Made by</th>
              <th>Starts</th>
            </tr>
          </thead>
          <tbody>
            {datasets.value.map((one) => (
              <Row key={fullName(one.namespace, one.dataset)} one={one} chosen={one === chosen} />
            ))}
          </tbody>
        </table>
      )}
      {chosen && <Watermarks one={chosen} />}
    </>
  );
}
