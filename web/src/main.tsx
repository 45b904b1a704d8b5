// The frame: navigation, and the page for the address.
import { render } from 'preact';
import { useEffect } from 'preact/hooks';
import { AlertsPage } from './pages/alerts';
import { BackfillPage } from './pages/backfill';
import { DagPage } from './pages/dag';
import { DagsPage } from './pages/dags';
import { DatasetsPage } from './pages/datasets';
import { useConnection } from './api/live';
import { ModelsPage } from './pages/models';
import { ResourcesPage } from './pages/resources';
import { Empty } from './parts/basics';
import { Link, navigate, useLocation } from './router';
import { RunPage } from './pages/run';
import { RunsPage } from './pages/runs';
import './style.css';

/** The areas by group; each icon is a path in a box of 18 by 18. */
const groups = [
  {
    title: '',
    areas: [
      ['Runs', '/runs', 'M5.5 3.5l9 5.5-9 5.5z'],
      ['DAGs', '/dags', 'M2 7h4v4H2zM12 2.5h4v4h-4zM12 11.5h4v4h-4zM6 9h3M12 4.5H9v9h3'],
    ],
  },
  {
    title: 'Machine learning',
    areas: [
      ['Models', '/models', 'M9 1.800l6.200 3.500v7.400L9 16.200l-6.200-3.500V5.300zM2.800 5.300L9 8.800l6.200-3.500M9 8.800v7.400'],
      ['Datasets', '/datasets', 'M3 4.500c0-3 12-3 12 0s-12 3-12 0v9c0 3 12 3 12 0v-9M3 9c0 3 12 3 12 0'],
    ],
  },
  {
    title: 'Operations',
    areas: [
      ['Alerts', '/alerts', 'M4.500 12.500V8a4.500 4.500 0 019 0v4.500l1.500 1.500H3zM7.500 16h3'],
      ['Resources', '/resources', 'M4 2h7l3.500 3.500V16H4zM10.500 2v4h4M6.500 9.500h5M6.500 12.500h5'],
    ],
  },
] as const;
const areas = groups.flatMap((group) => [...group.areas]);

/** A broken escape such as %zz stays as it is. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function Page({ path }: { path: string }) {
  const [, area, id] = path.split('/');
  const plain = id === undefined || id === '';
  if (area === 'runs') return plain ? <RunsPage /> : <RunPage key={id} run={decoded(id)} />;
  if (area === 'dags') return plain ? <DagsPage /> : <DagPage key={id} dag={decoded(id)} />;
  if (area === 'backfills' && !plain) return <BackfillPage key={id} backfill={decoded(id)} />;
  if (area === 'datasets' && plain) return <DatasetsPage />;
  if (area === 'resources' && plain) return <ResourcesPage />;
  if (area === 'models' && plain) return <ModelsPage />;
  if (area === 'alerts' && plain) return <AlertsPage />;
  return (
    <Empty title="This page does not exist.">
      <Link to="/runs">Go to the runs</Link>
    </Empty>
  );
}

function Connection() {
  const state = useConnection();
  if (state === 'none') return null;
  const text = { live: 'live', connecting: 'reconnecting', paused: 'paused' }[state];
  return (
    <span class={`connection ${state}`} role="status" title="Events of the journal">
      <i aria-hidden="true" />
      {text}
    </span>
  );
}

function App() {
  const { pathname } = useLocation();
  const area = '/' + (pathname.split('/')[1] ?? '');
  const title = areas.find(([, to]) => to === area)?.[0];
  useEffect(() => {
    if (pathname === '/') navigate('/runs', true);
    document.title = title ? `${title} · Millrace` : 'Millrace';
  }, [pathname]);
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header>
        <Link to="/runs" class="brand" aria-label="Millrace, to the runs">
          <svg viewBox="0 0 16 16" width="20" height="20" aria-hidden="true">
            <path d="M1 11c3-4 4-4 7 0s4 4 7 0M1 6c3-4 4-4 7 0s4 4 7 0" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" />
          </svg>
          <span>Millrace</span>
        </Link>
        <nav aria-label="Areas">
          {groups.map((group) => (
            <div key={group.title} class="areas">
              {group.title && <span class="areas-title">{group.title}</span>}
              {group.areas.map(([name, to, icon]) => (
                <Link key={to} to={to} title={name} aria-current={area === to ? 'page' : undefined}>
                  <svg viewBox="0 0 18 18" width="18" height="18" aria-hidden="true">
                    <path d={icon} fill="none" stroke="currentColor" stroke-width="1.4" stroke-linejoin="round" stroke-linecap="round" />
                  </svg>
                  <span>{name}</span>
                </Link>
              ))}
            </div>
          ))}
        </nav>
        <Connection />
      </header>
      <main id="main" tabIndex={-1}>
        <Page path={pathname === '/' ? '/runs' : pathname} />
      </main>
    </>
  );
}

render(<App />, document.getElementById('app')!);
