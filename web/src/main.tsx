// The frame: navigation, and the page for the address.
import { render } from 'preact';
import { useEffect } from 'preact/hooks';
import { AlertsPage } from './pages/alerts';
import { DagsPage } from './pages/dags';
import { useConnection } from './api/live';
import { ModelsPage } from './pages/models';
import { Empty } from './parts/basics';
import { Link, navigate, useLocation } from './router';
import { RunPage } from './pages/run';
import { RunsPage } from './pages/runs';
import './style.css';

const tabs = [
  ['Runs', '/runs'],
  ['DAGs', '/dags'],
  ['Models', '/models'],
  ['Alerts', '/alerts'],
] as const;

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
  if (area === 'dags' && plain) return <DagsPage />;
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
  const title = tabs.find(([, to]) => to === area)?.[0];
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
        <div class="bar">
          <Link to="/runs" class="brand" aria-label="Millrace, to the runs">
            <svg viewBox="0 0 16 16" width="20" height="20" aria-hidden="true">
              <path d="M1 11c3-4 4-4 7 0s4 4 7 0M1 6c3-4 4-4 7 0s4 4 7 0" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" />
            </svg>
            <span>Millrace</span>
          </Link>
          <nav aria-label="Areas">
            {tabs.map(([name, to]) => (
              <Link key={to} to={to} aria-current={area === to ? 'page' : undefined}>
                {name}
              </Link>
            ))}
          </nav>
          <Connection />
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        <Page path={pathname === '/' ? '/runs' : pathname} />
      </main>
    </>
  );
}

render(<App />, document.getElementById('app')!);
