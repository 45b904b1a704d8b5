// Resources: what files declare, by kind, with their versions and with the files that cannot be loaded.
import { getResourceVersion, listDagErrors, listResourceVersions, listResources, type Resource } from '../api/api.gen';
import { dagKinds, useData, useEvents } from '../api/live';
import { Digest, Empty, JsonBlock, Pending, Problem } from '../parts/basics';
import { FileErrors, dagAddress } from '../parts/dag';
import { When, fullName } from '../parts/format';
import { Link, useQuery } from '../router';

const keyOf = (one: Resource) => `${one.kind}:${fullName(one.namespace, one.name)}`;
const addressOf = (one: Resource, version?: string) =>
  `/resources?kind=${encodeURIComponent(one.kind)}&of=${encodeURIComponent(keyOf(one))}${version ? `&version=${version}` : ''}`;

function Row({ one, chosen }: { one: Resource; chosen: boolean }) {
  return (
    <tr class={chosen ? 'chosen' : ''}>
      <td class="wide">
        <Link to={addressOf(one)} class="row-link" aria-current={chosen ? 'true' : undefined}>
          {fullName(one.namespace, one.name)}
        </Link>
        {one.retired && <span class="note">{one.retired}</span>}
      </td>
      <td data-label="Kind">{one.kind}</td>
      <td data-label="State">{one.retired ? <span class="badge warn">retired</span> : <span class="good">active</span>}</td>
      <td data-label="Version">
        <Digest value={one.version} />
      </td>
      <td data-label="Changed">
        <When at={one.updated_at} relative />
      </td>
      <td data-label="File">
        <code>{one.source}</code>
      </td>
    </tr>
  );
}

function Versions({ one }: { one: Resource }) {
  const [wanted] = useQuery('version');
  const version = wanted || one.version;
  const versions = useData(`versions ${keyOf(one)} ${one.version}`, () => listResourceVersions(one.kind, one.namespace, one.name));
  const form = useData(`form ${keyOf(one)} ${version}`, () => getResourceVersion(one.kind, one.namespace, one.name, version));
  return (
    <div class="columns">
      <section class="card" aria-label="Canonical form">
        <div class="card-head">
          <h2>{fullName(one.namespace, one.name)}</h2>
          <span class="fact">
            {one.kind}, version <Digest value={version} />
          </span>
          <span class="spring" />
          {one.kind === 'dag' && <Link to={dagAddress(one.namespace, one.name)}>Open the DAG</Link>}
        </div>
        {form.value ? <JsonBlock value={form.value} /> : <Pending error={form.error} retry={form.reload} />}
      </section>
      <section class="card" aria-label="Versions">
        <div class="card-head">
          <h2>Versions</h2>
          <span class="fact">newest first</span>
        </div>
        {!versions.value && <Pending error={versions.error} retry={versions.reload} />}
        <ul class="rows">
          {(versions.value ?? []).map((row) => (
            <li key={row.version}>
              <Link to={addressOf(one, row.version)} aria-current={row.version === version ? 'true' : undefined}>
                <Digest value={row.version} />
              </Link>
              <span class="faint">
                {row.version === one.version && <span class="tag">current</span>} <When at={row.registered_at} relative />
              </span>
            </li>
          ))}
        </ul>
      </section>
    </div>
  );
}

export function ResourcesPage() {
  const [kind, setKind] = useQuery('kind');
  const [of] = useQuery('of');
  const resources = useData('resources', () => listResources());
  const errors = useData('errors', () => listDagErrors());
  useEvents(dagKinds, undefined, () => {
    resources.reload();
    errors.reload();
  });
  const kinds = [...new Set((resources.value ?? []).map((one) => one.kind))];
  const shown = (resources.value ?? []).filter((one) => !kind || one.kind === kind);
  const chosen = shown.find((one) => keyOf(one) === of);
  return (
    <>
      <div class="title">
        <h1>Resources</h1>
        {kinds.length > 1 && (
          <div class="filters">
            <div class="segments" role="group" aria-label="Kind">
              {['', ...kinds].map((name) => (
                <button key={name} aria-pressed={kind === name} onClick={() => setKind(name)}>
                  {name || 'all'}
                </button>
              ))}
            </div>
          </div>
        )}
      </div>
      <FileErrors errors={errors.value ?? []} />
      {!resources.value && <Pending error={resources.error} retry={resources.reload} />}
      {resources.value && resources.error && <Problem error={resources.error} />}
      {resources.value && shown.length === 0 && (
        <Empty title="No file declares anything yet.">
          Put a YAML file into <code>dags/</code>; Millrace reads it as soon as it is saved.
        </Empty>
      )}
      {shown.length > 0 && (
        <table class="list">
          <thead>
            <tr>
              <th>Name</th>
              <th>Kind</th>
              <th>State</th>
              <th>Version</th>
              <th>Changed</th>
              <th>File</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((one) => (
              <Row key={keyOf(one)} one={one} chosen={one === chosen} />
            ))}
          </tbody>
        </table>
      )}
      {chosen && <Versions one={chosen} />}
    </>
  );
}
