// Alerts, newest first.
import { listAlerts, type Alert } from '../api/api.gen';
import { When } from '../parts/format';
import { modelKinds, useData, useEvents } from '../api/live';
import { Empty, Pending } from '../parts/basics';
import { Link } from '../router';

const noRun = '00000000-0000-0000-0000-000000000000';

function Row({ alert }: { alert: Alert }) {
  return (
    <li class={`alert ${alert.severity}`}>
      <span class="severity">{alert.severity}</span>
      <div>
        <strong>{alert.title}</strong>
        {alert.text && <p>{alert.text}</p>}
        <p class="note">
          <When at={alert.at} relative />
          {alert.owner && <> · for {alert.owner}</>}
          {alert.run !== noRun && (
            <>
              {' · '}
              <Link to={`/runs/${alert.run}?task=${encodeURIComponent(alert.task)}`}>{alert.task || 'run'}</Link>
            </>
          )}
        </p>
      </div>
    </li>
  );
}

export function AlertsPage() {
  const alerts = useData('alerts', () => listAlerts());
  useEvents(modelKinds, undefined, alerts.reload);
  return (
    <>
      <div class="title">
        <h1>Alerts</h1>
      </div>
      {!alerts.value && <Pending error={alerts.error} retry={alerts.reload} />}
      {alerts.value?.length === 0 && (
        <Empty title="There are no alerts.">This page lists halted validations, rolled-back canaries and alerts of operators.</Empty>
      )}
      {alerts.value && alerts.value.length > 0 && (
        <ul class="alerts">
          {alerts.value.map((alert) => (
            <Row key={alert.seq + alert.title} alert={alert} />
          ))}
        </ul>
      )}
    </>
  );
}
